#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: flushes by snapshot lose nothing; a guest's call freezes the buffers at that very event
# lab: --guests 1
# shellcheck source=tests/lab/xtrace-lib.sh
. "$(dirname "$0")/../xtrace-lib.sh"

# ---- flushes ----
xtrace-run -m overwrite -b 8m -e sched_switch -o flushed \
	sh -c 'while [ ! -e end ]; do sleep 0.1; done' 2>run.log &
await_session default
grep -q 'no snapshots' run.log && fail "this kernel has snapshots"
# Numbers from one writer, while the buffers are exchanged.
(for ((i = 1; ; i++)); do
	[ -e end ] && break
	echo "number $i"
done >$instances/xtrace-default/trace_marker) &
writer=$!
for _ in 1 2 3 4 5; do
	xtrace-ctl flush || fail "flush"
done
nap 0.3
touch end
wait $writer
wait
xtrace-view --fields event -e CUSTOM flushed | grep -oE 'number [0-9]+' | cut -d' ' -f2 >numbers
[ "$(wc -l <numbers)" -gt 500 ] || fail "only $(wc -l <numbers) numbers"
sort -n numbers | awk '$1 != NR { print "failed: number " NR " is missing or twice"; exit 1 }' || exit
same "flushes" 5 "$(grep -c '^flush = .* by request' flushed/session)"
same "overwritten" 0 "$(sum flushed overwritten)"
same "events" "$(sum flushed written)" "$(events_in flushed)"
echo "$(wc -l <numbers) numbers over 5 flushes"

# ---- a flush of one CPU stops the others not at all ----
rm -f end
xtrace-run -m overwrite -b 8m -e sched_switch -o one -- sh -c 'while [ ! -e end ]; do sleep 0.1; done' \
	2>/dev/null &
await_session default
xtrace-ctl -c 1 flush || fail "flush of CPU 1"
touch end
wait
xtrace-view --stat one >stat
awk '/^HOST +BUFFER/ { on = 1; next } !NF { on = 0 } on && $7 != ($3 == 1) { print; bad = 1 } END { exit bad }' \
	stat || fail "gaps: expected one, on CPU 1"

# ---- the guest's call ----
cat >hc.c <<'END'
int main(void)
{
	long nr = 0x4b475303;

	__asm__ volatile("vmmcall" : "+a"(nr) : "b"(2l), "c"(77l), "d"(0l), "S"(0l) : "memory");
	return 0;
}
END
gcc -O1 -static -o hc hc.c || fail "gcc"
scp -q hc vm1:/tmp/hc || fail "scp"
rm -f end
xtrace-run -m overwrite -b 8m -e kvm -e sched_switch -o frozen \
	sh -c 'while [ ! -e end ]; do sleep 0.1; done' 2>run.log &
await_session default
for call in 1 2; do
	ssh vm1 /tmp/hc
	for ((i = 0; i < 50; i++)); do
		[ "$(grep -c "saved at a call to flush, incident 0x4d" run.log)" = $call ] && break
		nap 0.2
	done
	same "calls noticed" $call "$(grep -c "saved at a call to flush, incident 0x4d" run.log)"
done
touch end
wait
same "flushes by the guest" 2 "$(grep -c '^flush = .* by guest' frozen/session)"
xtrace-view --format ftrace -e kvm:kvm_hypercall frozen | grep -c 'nr 0x4b475303' >count
same "calls in the trace" 2 "$(cat count)"
same "events and lost ones" "$(($(sum frozen written) - $(sum frozen overwritten)))" "$(events_in frozen)"
nothing_left
