#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: the kernel ends a recording at an event or at a latency, as its last event; cyclictest's break mode
# lab: --guests 1
# shellcheck source=tests/lab/xtrace-lib.sh
. "$(dirname "$0")/../xtrace-lib.sh"

# stopped DIR EVENT OPTION RULE COMMAND...: records until the rule ends it at an event like
# EVENT, which is the last one of its CPU (others go on until they see it); it is in $last
stopped() {
	local dir=$1 event=$2 option=$3 rule=$4 cpu

	shift 4
	xtrace-run -m overwrite -b 1m -o "$dir" "$option" "$rule" "$@" >"$dir.out" 2>&1
	grep -q '^xtrace-run: the recording ended at ' "$dir.out" || {
		cat "$dir.out"
		fail "$rule did not end the recording"
	}
	grep -q '^stopped-by = ' "$dir/session" || fail "$rule: not noted in the trace"
	read -r cpu last < <(xtrace-view --fields cpu,event "$dir" | grep -E "^[0-9]+ $event" | tail -n 1)
	[ -n "$cpu" ] || fail "$rule: no event like $event"
	same "the last event of CPU $cpu" "$last" "$(xtrace-view -c "$cpu" --fields event --tail 1 "$dir")"
	nothing_left
	same "synthetic events left" "" "$(grep xtrace_ /sys/kernel/tracing/synthetic_events)"
}

# late DIR RULE LIMIT_NS COMMAND...: the event tells of a latency beyond the limit
late() {
	local dir=$1 rule=$2 limit=$3 ns

	shift 3
	stopped "$dir" SYNTHETIC_XTRACE_LATE_ --stop-on-latency "$rule" "$@"
	ns=${last#*ns=}
	[ "${ns%% *}" -gt "$limit" ] || fail "$rule: $last"
}

cyclic=(cyclictest -q -t1 -p50 -i 1000 -l 2000)

late wakeup 'wakeup(cyclictest)>20us' 20000 "${cyclic[@]}"
# what the kernel measured is what the trace says
xtrace-latency -m 'wakeup(cyclictest)' --format json wakeup >wakeup.json || fail "xtrace-latency"
late syscall 'syscall(clock_nanosleep)>500us' 500000 "${cyclic[@]}"
late softirq 'softirq(timer)>1us' 1000 "${cyclic[@]}"
late 'exit' 'exit>2us' 2000 ssh vm1 true

stopped event 'SCHED_SWITCH .*-> cyclictest ' --stop-on 'sched_switch if next_comm == "cyclictest"' \
	"${cyclic[@]}"

# Break mode ends cyclictest, and with it the recording.
xtrace-run -m overwrite -b 1m -o 'break' cyclictest -q -t1 -p50 -i 1000 -b 20 -l 20000 >break.out 2>&1 ||
	fail "cyclictest -b: status $?"
grep -q '^# Break value: ' break.out || fail "cyclictest did not break: $(cat break.out)"
[ -n "$(xtrace-view -e SCHED_SWITCH --tail 200 'break' | grep cyclictest)" ] ||
	fail "cyclictest's last moments are not in the trace"

# What a killed session leaves goes with the next one.
xtrace-run -o killed --stop-on-latency 'wakeup(nobody)>1s' sleep 100 2>/dev/null &
await_session default
kill -9 $!
wait 2>/dev/null
xtrace-run -o next --stop-on-latency 'wakeup(nobody)>1s' true 2>/dev/null || fail "the next session"
nothing_left
same "synthetic events left" "" "$(grep xtrace_ /sys/kernel/tracing/synthetic_events)"

xtrace-run -o bad --stop-on-latency 'exit(NONSENSE)>1ms' true 2>bad.out
same "status" 125 $?
grep -q 'expected a reason in exit(...), found "NONSENSE"' bad.out || fail "$(cat bad.out)"
nothing_left
