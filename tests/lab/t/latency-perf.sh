#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: exits equal perf kvm stat's, wake-ups perf sched's, of the same seconds on the same host
# lab: --guests 1
# limit: 240
# shellcheck source=tests/lab/xtrace-lib.sh
. "$(dirname "$0")/../xtrace-lib.sh"
command -v perf >/dev/null || { echo 'perf is not installed' && exit 77; }
judged_apart

qemu=$(cat /run/guests/vm1/pid)
# recording PID: its events are open on all CPUs
recording() { [ "$(find "/proc/$1/fd" -lname '*perf_event*' 2>/dev/null | wc -l)" -ge 8 ]; }

# What both see is between two times at which nothing of it runs.
record() {
	local cyclictest kvm sched run i

	rm -rf t
	taskset -c 1 cyclictest -q -t1 -p50 -i 2000 -l 100000 >/dev/null &
	cyclictest=$!
	ssh vm1 'rm -f /tmp/end; while [ ! -e /tmp/end ]; do sleep 0.05; done' &
	sleep 1
	kill -STOP "$qemu" $cyclictest
	perf kvm --host -o kvm.data stat record -a >kvm.log 2>&1 &
	kvm=$!
	perf sched record -a -o sched.data >sched.log 2>&1 &
	sched=$!
	xtrace-run -o t -b 16m -e kvm -e sched 2>run.log &
	run=$!
	await_session default
	for ((i = 0; i < 150; i++)); do
		recording $kvm && recording $sched && break
		nap 0.2
	done
	sleep 2
	kill -CONT $cyclictest "$qemu"
	sleep 3
	kill -STOP "$qemu" $cyclictest
	nap 0.5
	kill -INT $kvm $sched
	kill $run
	wait $kvm $sched $run
	kill -CONT "$qemu" $cyclictest
	kill $cyclictest
	ssh vm1 touch /tmp/end
	wait
}

# Each recorder has its own time of an event, and the other's work between two of them:
# single intervals differ when the emulator stops there, the sum of thousands hardly does.

# exits_agree: name, count, total in us; perf's names are its own for the same reasons
exits_agree() {
	xtrace-latency -m exit --format json t | python3 -c '
import json, sys
names = dict(INTR="interrupt", IOIO="io", VMMCALL="hypercall")
sums = {}
for m in json.load(sys.stdin)["metrics"]:
    name = names.get(m["name"], m["name"].lower())
    count, total = sums.get(name, (0, 0))
    sums[name] = (count + m["count"], total + m["total_ns"] / 1000)
for name in sorted(sums):
    print(name, *sums[name])' >ours || fail "xtrace-latency"
	perf kvm --host -i kvm.data stat report >kvm.txt 2>&1
	awk '/^ +[a-z0-9_]+ +[0-9]+ +[0-9.]+%/ { sub(/us/, "", $7); print $1, $2, $2 * $7 }' kvm.txt | sort >theirs
	[ "$(wc -l <theirs)" -ge 4 ] || fail "perf kvm stat: $(cat kvm.txt kvm.log)"
	diff <(cut -d' ' -f1,2 ours) <(cut -d' ' -f1,2 theirs) || fail "counts of exits differ from perf's"
	awk 'NR == FNR { a += $3; next } { b += $3 } END { d = a > b ? a - b : b - a
		if (d > 0.05 * b) { print a " us outside the guest, perf has " b; exit 1 } }' ours theirs ||
		return
	echo "$(awk '{ n += $2 } END { print n }' ours) exits of $(wc -l <ours) reasons as perf kvm stat"
}

# wakeups_agree: perf sched latency of 6.1 leaves out what sched_waking began; timehist has
# each of them, with three decimals of a millisecond: nothing is less than 1 us here
wakeups_agree() {
	local count total max perf_count perf_total perf_max

	perf sched -i sched.data timehist 2>/dev/null | awk '/ cyclictest/ { d = $(NF - 1)
		if (d > 0) { n++; sum += d; if (d > max) max = d } } END { print n, sum * 1000, max * 1000 }' >theirs
	xtrace-latency -m 'wakeup(cyclictest)' --format json t | python3 -c '
import json, sys
m = json.load(sys.stdin)["metrics"][0]
print(m["count"], m["total_ns"] / 1000, m["max_ns"] / 1000)' >ours
	read -r count total max <ours
	read -r perf_count perf_total perf_max <theirs
	[ "${count:-0}" -gt 100 ] || fail "only ${count:-no} wake-ups"
	same "wake-ups of cyclictest" "$perf_count" "$count"
	echo "$count wake-ups, $total us in all, $max us the longest; perf sched has $perf_total and $perf_max"
	awk -v a="$total" -v b="$perf_total" -v c="$max" -v d="$perf_max" 'function off(x, y) {
		return x > y ? x - y : y - x } BEGIN { exit off(a, b) > 0.1 * b + 1000 || off(c, d) > 0.05 * d + 500 }'
}

# Where the emulator stops between two recorders' times of the same event, times differ: again.
for try in 1 2 3; do
	record
	exits_agree && wakeups_agree && break
	[ $try -lt 3 ] || fail "the times differ in $try of $try recordings"
done
nothing_left
