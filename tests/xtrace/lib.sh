# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# lib.sh: what the tests of xtrace-run and xtrace-ctl share; sourced by them.
#
# The sessions of a test stand below a /run of its own, so that others which this
# machine may run are neither seen nor met.
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../cmd/lib.sh"

need_root
instances=/sys/kernel/tracing/instances
mkdir "$instances/kvmrt-test-$$" 2>"$tmp/why" ||
	skip "cannot make trace instances here: $(sed 's/^mkdir: //' "$tmp/why")"
rmdir "$instances/kvmrt-test-$$"

root=$tmp/root
mkdir "$root" "$root/run"
ln -s /proc /sys /etc "$root"
me=t$$
chmod 755 "$tmp"
w=$tmp/work
mkdir "$w"

record() { run xtrace-run --root "$root" -n "$me" "$@"; }
ctl() { run xtrace-ctl --root "$root" "$@"; }

# session NAME [OPTION...]: starts one in the background, waits until it records
session() {
	local name=$1

	shift
	xtrace-run --root "$root" -n "$name" "$@" >"$tmp/$name.out" 2>"$tmp/$name.err" &
	owner=$!
	at_exit "kill -KILL $owner 2>/dev/null; rmdir $instances/xtrace-$name* 2>/dev/null"
	until [ "$(xtrace-ctl --root "$root" -s "$name" --json status 2>/dev/null |
		grep -oE '"state":"(recording|full)"')" ]; do
		kill -0 "$owner" 2>/dev/null || fail "session $name ended: $(cat "$tmp/$name.err")"
		sleep 0.05
	done
}

# ended STATUS: the session's own status
ended() {
	local status_now

	wait "$owner" 2>/dev/null
	status_now=$?
	[ "$status_now" = "$1" ] ||
		fail "expected the session to end with $1, found $status_now"
}

# ask VERB...: by xtrace-ctl in the background; returns when the request is with the owner, which
# stands still
ask() {
	last_command="xtrace-ctl $*"
	xtrace-ctl --root "$root" "$@" >"$tmp/stdout" 2>"$tmp/stderr" &
	asker=$!
	until grep -q '^45 ' "/proc/$asker/syscall"; do	# recvfrom(2)
		kill -0 $asker || fail 'it does not wait for the owner'
		sleep 0.05
	done
}

# answered: its status is then that of a command that was run
answered() {
	wait "$asker" 2>/dev/null
	status=$?
}

# no_traces_left: neither an instance nor files of a session
no_traces_left() {
	local left

	left=$(find "$instances" -maxdepth 1 -name "xtrace-$me*")
	[ -z "$left" ] || fail "an instance is left: $left"
	[ -z "$(ls "$root/run/xtrace")" ] || fail "left in /run/xtrace: $(ls "$root/run/xtrace")"
}

# complete DIR: the recording is final, and can be read to its end
complete() {
	grep -qx 'complete = yes' "$1/session" || fail "$1 is not complete"
	run xtrace-view --stat "$1"
	expect_status 0
	expect_stderr ''
}
