#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# build.sh: what make and make deps say on a machine that lacks something
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"
unset MAKEFLAGS MAKELEVEL

it 'names the libraries that are missing, and what installs them'
run make -s O="$tmp/o" PKG_CONFIG=false
expect_status 2
expect_stderr_like 'not installed: .*cmocka.*; "make deps" installs what is needed'

it 'says when pkg-config itself is missing'
run make -s O="$tmp/o" PKG_CONFIG=no-such-program
expect_status 2
expect_stderr_like 'no-such-program is not installed; "make deps"'

# A machine made of a few commands: fake NAME LINE puts one in $tmp/machine.  Two
# folders, so that a fake is never written through a link to the real command.
mkdir "$tmp/machine" "$tmp/real"
fake() { printf '#!/bin/bash\n%s\n' "$2" >"$tmp/machine/$1" && chmod +x "$tmp/machine/$1"; }
for command in bash env grep; do
	ln -s "$(command -v $command)" "$tmp/real/$command"
done
deps() { PATH=$tmp/machine:$tmp/real .ci/deps "$@"; }

it 'prints the list where there is no apt'
run deps gcc libzstd-dev
expect_status 3
expect_stderr_like 'no Debian-like system' 'gcc libzstd-dev'
for library in $(sed -n 's/^PKGS *+= *//p' ./*/rules.mk); do
	expect_stderr_like "libraries: .*\b$library\b"
done

it 'installs nothing when all is there'
fake apt-get 'echo "unexpected: apt-get $*"; exit 1'
fake dpkg-query 'echo "install ok installed"'
run deps gcc make
expect_status 0
expect_stdout 'deps: all 2 packages are installed'

it 'says what it installs, and installs that only'
fake dpkg-query '[ "${!#}" = gcc ] && echo "install ok installed"; exit 0'
# the variable is the fake's own
# shellcheck disable=SC2016
fake apt-get 'echo "$*" >>"${0%/*}/asked"'
fake id 'echo 0'
run deps gcc libzstd-dev make
expect_status 0
expect_stdout 'deps: installing libzstd-dev make'
grep -q 'install -y --no-install-recommends libzstd-dev make$' "$tmp/machine/asked" ||
	fail "apt-get was asked: $(cat "$tmp/machine/asked")"

it 'fetches the lists once when the first attempt fails, and tells of a second failure'
fake apt-get 'echo "$*" >>"${0%/*}/asked"; [[ $* == *update* ]]'
rm "$tmp/machine/asked"
run deps libzstd-dev
expect_status 1
expect_stderr_like 'apt-get could not install libzstd-dev'
[ "$(grep -c update "$tmp/machine/asked")" = 1 ] || fail 'the lists were not fetched once'

it 'needs root or sudo, and says so'
fake id 'echo 1000'
run deps libzstd-dev
expect_status 3
expect_stderr_like 'not installed: libzstd-dev' 'needs root, or sudo'
