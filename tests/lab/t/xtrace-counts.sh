#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: what a directory holds and calls lost is what the kernel counted, of CPUs too that come online in a session; trace-cmd sees the same events
# lab: --guests 1
# shellcheck source=tests/lab/xtrace-lib.sh
. "$(dirname "$0")/../xtrace-lib.sh"

# system calls and switches on two CPUs, until the file "end" is there
load() {
	for cpu in 1 2; do
		taskset -c $cpu sh -c 'while [ ! -e end ]; do
			dd if=/dev/zero of=/dev/null bs=64 count=20000 2>/dev/null; done' &
	done
}

for size in 4m 64k; do
	rm -f end
	load
	xtrace-run -m stream -b $size -e sched -e irq -e 'raw_syscalls:*' -o s$size \
		sh -c 'while [ ! -e end ]; do sleep 0.1; done' 2>/dev/null &
	await_session default
	sleep 3
	xtrace-ctl pause || fail "pause"
	kernel=$(kernel_count xtrace-default)
	xtrace-ctl stop || fail "stop"
	touch end
	wait
	same "-b $size: events and gaps" "$kernel" $(($(events_in s$size) + $(lost_in s$size)))
	same "-b $size: as the recorder noted" "$kernel" "$(sum s$size written)"
	echo "-b $size: $kernel events, $(sum s$size lost) lost"
done
same "lost with 4m" 0 "$(sum s4m lost)"

# One CPU comes and stays, the other has gone before anybody looks.
cpus=/sys/devices/system/cpu
on_for() { echo 1 >"$cpus/cpu$1/online" && taskset -c "$1" true; }
echo 0 >$cpus/cpu2/online
echo 0 >$cpus/cpu3/online
xtrace-run -m stream -e sched -o late sh -c 'while [ ! -e late.end ]; do sleep 0.1; done' 2>/dev/null &
await_session default
on_for 2
on_for 3
echo 0 >$cpus/cpu3/online
xtrace-ctl pause || fail "pause"
kernel=$(kernel_count xtrace-default)
xtrace-ctl stop || fail "stop"
touch late.end
wait
echo 1 >$cpus/cpu3/online
same "CPUs" 0-3 "$(sed -n 's/^cpus = //p' late/session)"
[ -s late/cpu2.xt ] && [ -s late/cpu3.xt ] || fail "the CPUs that came are not recorded"
same "events with those" "$kernel" $(($(events_in late) + $(lost_in late)))
same "lost of those" 0 "$(sum late lost)"

# The same events at the same moment, by their arguments and in their order.  On a slow
# machine trace-cmd sometimes leaves the end in the kernel's buffers (its --stat has
# "entries" then), and is asked again.
cp "$(type -P true)" probe
of_probe() {
	grep -oE '(sched_process_exec: +filename=\./probe|sched_process_exit: +comm=probe) .*'
}
for _ in 1 2 3 4 5 6 7 8; do
	xtrace-run -f -o both -e sched_process_exec -e sched_process_exit \
		trace-cmd record -q -o both.dat -e sched_process_exec -e sched_process_exit \
		sh -c 'for i in $(seq 100); do ./probe; done' >record.log 2>&1 || fail "$(cat record.log)"
	xtrace-view --format ftrace both | of_probe >ours
	same "events of the probe" 200 "$(wc -l <ours)"
	trace-cmd report both.dat 2>/dev/null | of_probe >theirs
	[ "$(wc -l <theirs)" -lt 200 ] || break
	echo "trace-cmd has left $((200 - $(wc -l <theirs))) of 200 events in the kernel"
	trace-cmd reset
	echo 1408 >/sys/kernel/tracing/buffer_size_kb
	echo 1 >/sys/kernel/tracing/tracing_on
done
cmp ours theirs || fail "not the same events: $(diff ours theirs | head)"
nothing_left
