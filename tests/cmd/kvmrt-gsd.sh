#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kvmrt-gsd.sh: the daemon's life: one a host, killed and begun again, ended without a trace
# shares: tracing
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

it 'refuses what it does not understand'
expect_wrong_usage kvmrt-gsd 'goes with --status' --json
expect_wrong_usage kvmrt-gsd '--log.*kmsg\|syslog\|both' --log mail
expect_wrong_usage kvmrt-gsd 'argument' start

it 'says that none runs'
mkdir -p "$tmp/root/run"
run kvmrt-gsd --root "$tmp/root" --status
expect_status 1
expect_stderr_like '^kvmrt-gsd: no kvmrt-gsd is running'

it 'cannot without tracefs'
run kvmrt-gsd --root "$tmp/root"
expect_status 3
expect_stderr_like '^kvmrt-gsd: no tracefs at '

it 'has a unit that systemd finds nothing wrong with'
sed "s|@PREFIX@/bin|$KVMRT_BIN|" gs/host/kvmrt-gsd.service.in >"$tmp/kvmrt-gsd.service"
if command -v systemd-analyze >/dev/null; then
	run systemd-analyze --man=no verify "$tmp/kvmrt-gsd.service"
	grep -F kvmrt-gsd.service "$tmp/stderr" && fail 'systemd complains'
fi

it 'ends in order also when it is told to while it sets up'
tracing=$tmp/root/sys/kernel/tracing
mkdir -p "$tracing/instances/kvmrt-gsd/events/kvm" "$tracing/events/kvm"
mkfifo "$tracing/instances/kvmrt-gsd/trace_clock"
kvmrt-gsd --root "$tmp/root" -f --log kmsg 2>"$tmp/stderr" &
job=$!
at_exit "kill -KILL $job 2>/dev/null"
until [ -e "$tmp/root/run/kvmrt-gsd/control" ]; do
	sleep 0.05
done
kill -TERM $job
echo '[mono]' >"$tracing/instances/kvmrt-gsd/trace_clock" &
writer=$!
wait $job
kill $writer 2>/dev/null
[ ! -e "$tmp/root/run/kvmrt-gsd/control" ] || fail 'it died and left its socket'

need_root
instances=/sys/kernel/tracing/instances
[ -d $instances ] && [ -d /sys/kernel/tracing/events/kvm ] || skip 'no tracefs with the events of KVM'
[ -e /run/kvmrt-gsd/control ] && skip 'a daemon is running on this machine'

pid() { cat /run/kvmrt-gsd/lock; }
end() {
	local pid

	pid=$(pid)
	kill "$1" "$pid"
	# its parent may be one that does not wait for it
	while grep -qs '^State:[^Z]*$' "/proc/$pid/status"; do
		sleep 0.05
	done
}

it 'goes into the background when it is ready, and has an instance of its own'
run kvmrt-gsd --log kmsg -b 64k
expect_status 0
at_exit 'kill "$(pid)" 2>/dev/null; sleep 0.3; rm -r /run/kvmrt-gsd'
[ "$(cat $instances/kvmrt-gsd/events/kvm/kvm_hypercall/filter)" = \
	'nr >= 0x4b475300 && nr <= 0x4b475304' ] || fail 'no filter in the kernel'
[ "$(cat $instances/kvmrt-gsd/events/kvm/kvm_hypercall/enable)" = 1 ] || fail 'not enabled'

it 'tells what it has seen, in words and as JSON'
run kvmrt-gsd --status
expect_status 0
expect_stdout_like '^events +of KVM; nobody answers the guests$' '^lost +0 calls$' '^VM +PID +CALLS'
run kvmrt-gsd --status --json
expect_stdout_like '"module": false' '"vms": \[\]'

it 'is the only one of its host'
run kvmrt-gsd
expect_status 1
expect_stderr_like "another one is running on this host \(PID $(pid)\)"

it 'leaves its instance when it is killed, and the next one takes it over'
end -KILL
[ -d $instances/kvmrt-gsd ] || fail 'the instance is gone'
run kvmrt-gsd --log kmsg
expect_status 0
expect_stderr ''

it 'leaves nothing when it is ended'
end -TERM
[ ! -d $instances/kvmrt-gsd ] || fail 'the instance stays'
[ ! -e /run/kvmrt-gsd/control ] || fail 'the socket stays'

it 'leaves nothing when its terminal goes'
run kvmrt-gsd --log kmsg
expect_status 0
end -HUP
[ ! -d $instances/kvmrt-gsd ] || fail 'the instance stays'
[ ! -e /run/kvmrt-gsd/control ] || fail 'the socket stays'

it 'lets go of its terminal, so that nobody who reads its output waits for its end'
kvmrt-gsd --log kmsg 2>&1 | timeout 60 cat >"$tmp/said"
[ "${PIPESTATUS[*]}" = '0 0' ] || fail "the output stays open: $(cat "$tmp/said")"
[ "$(readlink "/proc/$(pid)/cwd")" = / ] || fail 'it keeps the folder it was begun in'
[ "$(readlink "/proc/$(pid)/fd/2")" = /dev/null ] || fail 'it keeps stderr'
end -TERM

it 'stays in the foreground where told so, and ends with status 0'
kvmrt-gsd -f --log kmsg &
job=$!
until kvmrt-gsd --status >/dev/null 2>&1; do
	sleep 0.05
done
kill -TERM $job
wait $job
status=$?
expect_status 0
