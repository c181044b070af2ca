#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# libxtrace.sh: a program of somebody else reads traces with what is installed
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

# a program of our own flags cannot be linked with a library that is watched
[ -z "${SAN:-}" ] || skip 'the library of this build needs the sanitizers in every program'
need cc pkg-config

host=tests/fixtures/pair/host.dat
MAKEFLAGS='' make -s O="${O:-build}" DESTDIR="$tmp/root" PREFIX=/usr install >"$tmp/log" 2>&1 ||
	fail "$(cat "$tmp/log")"
export PKG_CONFIG_PATH=$tmp/root/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$tmp/root
export LD_LIBRARY_PATH=$tmp/root/usr/lib

it 'compiles the example of the page without a word, by pkg-config alone'
example=$(sed -n 's/^\.Pa \(.*\.c\)$/\1/p' doc/man/libxtrace.3)
cp "$tmp/root/usr/$example" "$tmp" || fail "no $example is installed"
cd "$tmp" || exit
# the words of pkg-config are options, one a word
# shellcheck disable=SC2046
run cc -std=c11 -Wall -Wextra -Werror -o count count-events.c \
	$(pkg-config --cflags --libs libxtrace)
expect_status 0
expect_stderr ''
cd "$OLDPWD" || exit

it 'has headers of which each can be included first'
for header in xtrace/xtrace.h kvm-events/kvm-events.h lib/err.h lib/buf.h; do
	printf '#include <%s>\nint main(void) { return 0; }\n' "$header" >"$tmp/use.c"
	# shellcheck disable=SC2046
	run cc -std=c11 -Wall -Wextra -Werror -fsyntax-only "$tmp/use.c" \
		$(pkg-config --cflags libxtrace)
	expect_status 0
done

it 'counts what xtrace-view counts'
run "$tmp/count" "$host"
expect_status 0
expect_stderr ''
sort "$tmp/stdout" | grep -v ' lost$' >"$tmp/counted"
xtrace-view --stat --format json "$host" | tr '{' '\n' |
	sed -nE 's/.*"tracepoint":"([^"]*)","count":([0-9]+).*/\2 \1/p' | sort >"$tmp/shown"
[ -s "$tmp/shown" ] || fail 'xtrace-view counts nothing'
cmp -s "$tmp/shown" "$tmp/counted" || fail "$(diff "$tmp/shown" "$tmp/counted" | head)"

it 'seeks a time'
all=$(awk '!/lost/ { n += $1 } END { print n }' "$tmp/counted")
from=$(xtrace-view --time raw -n 9000 "$host" | tail -n 1 | cut -d' ' -f1 | tr -d .)
run "$tmp/count" "$host" "$from"
expect_status 0
later=$(awk '!/lost/ { n += $1 } END { print n }' "$tmp/stdout")
[ "$later" -gt $((all - 9100)) ] && [ "$later" -le $((all - 8900)) ] ||
	fail "expected some $((all - 9000)) of $all events, found $later"

it 'says what is wrong'
run "$tmp/count" "$tmp"
expect_status 1
expect_stderr_like 'is no xtrace directory: it has no file "session"'

it 'has its page under the names of its functions'
page=$tmp/root/usr/share/man/man3/libxtrace.3
# all that the header declares, but for what stands behind an inline function
functions=$(grep -oE '^(static inline |const |unsigned )?[a-z].*[ *]xt_[a-z0-9_]+\(' xtrace/xtrace.h |
	grep -oE 'xt_[a-z0-9_]+\($' | tr -d '(' | grep -vx xt_cursor_next_slow)
[ "$(wc -l <<<"$functions")" -gt 30 ] || fail 'not the functions of the header'
for name in $functions; do
	[ "$(readlink -f "$tmp/root/usr/share/man/man3/$name.3")" = "$(readlink -f "$page")" ] ||
		fail "no page $name.3"
	grep -qE "^\.F[no] $name( |\$)" "$page" || fail "the page does not declare $name"
done
