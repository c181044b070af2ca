#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: what cyclictest in a guest calls its max is found in the merged trace, and explained from both kernels
# lab: --guests 1
# limit: 240
# shellcheck source=tests/lab/xtrace-lib.sh
. "$(dirname "$0")/../xtrace-lib.sh"
judged_apart

# record: host/ and vm1/, merged as both/; what cyclictest said is in $tid and $max (us)
record() {
	rm -rf host vm1
	xtrace-run -e kvm -e sched -e irq -o host ssh vm1 "cd /tmp && rm -rf vm1 &&
		xtrace-run -e sched -e irq -e timer --drain-cpus 0 -o vm1 \
		cyclictest -q -m -a1 -t1 -p80 -i3000 -l400 2>/dev/null; tar cf - vm1 >vm1.tar" \
		>said 2>host.err || fail "$(cat said host.err)"
	ssh vm1 'cat /tmp/vm1.tar; rm -r /tmp/vm1 /tmp/vm1.tar' | tar xf - || fail "the guest's trace"
	xtrace-multi-merge -f -o both host vm1 >merge.log 2>&1 || fail "$(cat merge.log)"
	read -r tid max < <(sed -nE 's/^T: *0 \( *([0-9]+)\).* Max: *([0-9]+).*/\1 \2/p' said)
	[ "${max:-0}" -gt 0 ] || fail "cyclictest: $(cat said)"
}

# found: the longest interval of cyclictest's thread is as long as cyclictest says, but for the
# way back to user space, in which the emulator may stop too; it is in $line, in us in $ours
found() {
	line=$(xtrace-latency --worst 400 --excerpt 0 -m 'late(cyclictest)@vm1' both |
		grep -m 1 -F "cyclictest (PID $tid) of vm1 ran ")
	ours=$(sed -E 's/.* ran ([0-9.]+)(us|ms|s) after its timer was due.*/\1 \2/' <<<"$line" |
		awk '{ print int($1 * ($2 == "us" ? 1 : $2 == "ms" ? 1000 : 1000000)) }')
	[ "$ours" -gt 0 ] || fail "no interval of it: $line"
	awk -v a="$ours" -v b="$max" 'BEGIN { d = a > b ? a - b : b - a; exit d > b / 20 + 300 }'
}

for ((i = 1; i <= 3; i++)); do
	record
	! found || break
	echo "cyclictest's max is $max us, the longest interval $ours us"
done
[ $i -le 3 ] || fail "another interval than cyclictest's in each of three runs"
echo "cyclictest: $max us; $line"
grep -qE 'was due, on CPU 1: (its vCPU was not running for|.* (ran on its CPU|handled .*) for|its CPU was idle for)' \
	<<<"$line" || fail "no cause: $line"
nothing_left
