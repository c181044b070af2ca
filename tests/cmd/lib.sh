# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# lib.sh: what a whole-command test starts with; sourced by tests/cmd/*.sh.
#
#   . tests/cmd/lib.sh
#   it 'names an option that it does not know'
#   run xtrace-view --xyzzy
#   expect_status 2
#   expect_stderr_like 'unknown option --xyzzy'
#
# A test runs in the tree's top folder with the built programs first in PATH.
# $tmp is a folder of its own that is removed at the end.  The first expectation
# that is not met ends the test.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
PATH=${KVMRT_BIN:=$PWD/build/bin}:$PATH
export LC_ALL=C NO_COLOR=1
tmp=$(mktemp -d "${TMPDIR:-/tmp}/kvmrt-test.XXXXXX") || exit
status=0
sentence=
last_command=
cleanups=()

finish() {
	local cleanup

	# a group that is ended is told so more than once
	trap '' INT TERM
	for cleanup in "${cleanups[@]}"; do
		eval "$cleanup"
	done
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM

# at_exit COMMAND: runs when the test ends, however it does; the newest first
at_exit() { cleanups=("$1" ${cleanups[@]+"${cleanups[@]}"}); }

# journals_go: a command on this machine itself makes /run/kvmrt; where it was not there, it goes
journals_go() {
	[ -e /run/kvmrt ] || at_exit 'rm -f /run/kvmrt/lock; rmdir /run/kvmrt 2>/dev/null'
}

# it SENTENCE: what the lines that follow prove; shown when they fail
it() { sentence=$*; }

skip() {
	echo "$*"
	exit 77
}

fail() {
	echo "${BASH_SOURCE[-1]}:${BASH_LINENO[-2]}: ${sentence:+$sentence: }$*"
	if [ -n "$last_command" ]; then
		echo "  command: $last_command"
		echo "  status:  $status"
		sed 's/^/  stdout:  /' "$tmp/stdout" | head -n 40
		sed 's/^/  stderr:  /' "$tmp/stderr" | head -n 40
	fi
	exit 1
}

# run COMMAND [ARG...]: keeps its status, $tmp/stdout and $tmp/stderr
run() {
	last_command=$*
	"$@" >"$tmp/stdout" 2>"$tmp/stderr" </dev/null
	status=$?
}

# need COMMAND...: skips the test where one is missing
need() {
	local command

	for command in "$@"; do
		command -v "$command" >/dev/null || skip "$command is not installed"
	done
}

need_root() { [ "$(id -u)" = 0 ] || skip 'needs root'; }

expect_status() { [ "$status" = "$1" ] || fail "expected status $1, found $status"; }

# expect_same FILE TEXT: the whole text; a last newline is not needed in TEXT
expect_same() {
	local found expected="$2${2:+$'\n'}"

	# by the shell alone, which starts nothing for it
	IFS= read -r -d '' found <"$1"
	[ $? = 1 ] && [ "$found" = "$expected" ] && return
	printf '%s' "$expected" >"$tmp/expected"
	cmp -s "$tmp/expected" "$1" || {
		diff -u --label expected "$tmp/expected" --label found "$1" | head -n 60
		fail "not the text that was expected"
	}
}
expect_stdout() { expect_same "$tmp/stdout" "$1"; }
expect_stderr() { expect_same "$tmp/stderr" "$1"; }

# expect_stdout_like REGEX...: a line for each (extended expressions)
expect_like() {
	local file=$1 regex line printed

	shift
	# by the shell alone where they are few: what that does not find, grep(1) may
	mapfile -t -n 50 printed <"$file"
	for regex in "$@"; do
		for line in "${printed[@]}"; do
			[[ $line =~ $regex ]] && continue 2
		done
		grep -Eq -e "$regex" "$file" || fail "expected a line like \"$regex\" on ${file##*/}"
	done
}
expect_stdout_like() { expect_like "$tmp/stdout" "$@"; }
expect_stderr_like() { expect_like "$tmp/stderr" "$@"; }

# expect_wrong_usage COMMAND REGEX [ARG...]: status 2, one sentence, and the way to the help
expect_wrong_usage() {
	local command=$1 regex=$2

	shift 2
	run "$command" "$@"
	expect_status 2
	expect_stdout ''
	expect_stderr_like "^$command: .*$regex" "^Try '$command --help'\.$"
}

# define_vm NAME UUID [VCPU-ELEMENTS]: a domain of libvirt that starts nothing from anywhere
define_vm() {
	cat >"$tmp/vm.xml" <<-END
	<domain type='qemu'>
	  <name>$1</name>
	  <uuid>$2</uuid>
	  <memory unit='MiB'>16</memory>
	  ${3:-<vcpu>1</vcpu>}
	  <os><type arch='x86_64' machine='pc'>hvm</type></os>
	  <devices><controller type='usb' model='none'/><memballoon model='none'/></devices>
	</domain>
	END
	virsh -q define "$tmp/vm.xml" || fail "$1"
}
# define_slow_vm NAME UUID: the same, whose start takes seconds
define_slow_vm() {
	printf '#!/bin/sh\ncase $* in *guest=*) sleep 3 ;; esac\nexec qemu-system-x86_64 "$@"\n' >"$tmp/slow-qemu"
	chmod +x "$tmp/slow-qemu"
	define_vm "$1" "$2"
	virsh -q dumpxml --inactive "$1" | sed "s|<emulator>.*<|<emulator>$tmp/slow-qemu<|" >"$tmp/vm.xml"
	virsh -q define "$tmp/vm.xml" || fail "$1"
}

# begin_start NAME: returns while it is under way; "wait" is for its end
begin_start() {
	virsh -q start "$1" &
	until [ "$(virsh -q domstate --reason "$1" | head -n 1)" = 'paused (starting up)' ]; do sleep 0.05; done
}
vm_state() { virsh -q domstate "$1" | head -n 1; }

# end_libvirtd [SIGNAL]: that of tests/tools/with-libvirtd; returns when it is gone, as its
# successor cannot begin before
end_libvirtd() {
	local pid

	pid=$(cat /run/libvirtd.pid)
	kill "${1:--TERM}" "$pid"
	while grep -qs '^State:[^Z]*$' "/proc/$pid/status"; do sleep 0.05; done
}
