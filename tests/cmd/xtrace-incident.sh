#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# xtrace-incident.sh: the kernel freezes a flight recorder at a call to flush (here a
# program's own call, told by its marks), and the incident is found again
# shares: tracing
# shellcheck source=tests/xtrace/lib.sh
. "$(dirname "$0")/../xtrace/lib.sh"
[ -e /sys/kernel/tracing/events/ftrace/print/trigger ] || skip 'this kernel has no trigger for marks'

# call_to_flush NAME INCIDENT: what libkvmrt_gs writes in a guest without the module
call_to_flush() {
	local t=$instances/xtrace-$1

	printf 'kvmrt_gs: flush scope=0x0 incident=%s' "$2" >"$t/trace_marker"
	printf 'kvmrt_gs: flush scope=0x0 incident=%s' "$2" >"$t.gs/trace_marker"
	printf 'kvmrt_gs: hc_end nr=0x4b475303 ret=0' >"$t/trace_marker"
}

# call_of_guest NAME: as kvmrt-gsd passes one on
call_of_guest() {
	python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.connect(sys.argv[1])
s.send(b"xtrace/1 flush - guest incident=0x1\n")
s.recv(1)' "$root/run/xtrace/$1/control"
}

# incidents DIR: ID and flush of each
incidents() { sed -nE 's/^incident = (0x[0-9a-f]+) flush ([0-9]+) scope .*/\1 \2/p' "$1/session"; }

# until_saved DIR N: and recording goes on
until_saved() {
	local tries

	for tries in $(seq 200); do
		[ "$(incidents "$1" | wc -l)" = "$2" ] && [ "$(cat "$instances/xtrace-$me/tracing_on")" = 1 ] &&
			return
		kill -0 "$owner" || fail "the session ended: $(cat "$tmp/$me.err")"
		sleep 0.05
	done
	fail "$(incidents "$1" | wc -l) incidents after $tries looks, expected $2"
}

# behind_call DIR INCIDENT: how many events of the call's CPU stand behind it, up to the gap
behind_call() {
	xtrace-view "$1" | awk -v id="incident $2]" '
		/LOST/ { on = cpu = "" }
		cpu != "" && $2 == cpu { n++ }
		index($0, id) { on = 1 }
		on && /HC_END/ { cpu = $2 }
		END { print n + 0 }'
}

it 'saves each call as a flush of its own, and goes on'
session "$me" -m overwrite -e sched_switch -o "$w/keep"
call_to_flush "$me" 0xabc1
until_saved "$w/keep" 1
call_to_flush "$me" 0xabc3
until_saved "$w/keep" 2
kill "$owner"
ended 143
complete "$w/keep"
run incidents "$w/keep"
expect_stdout $'0xabc1 1\n0xabc3 2'
grep -q 'flush 2 saved at a call to flush, incident 0xabc3' "$tmp/$me.err" || fail 'nothing was said'
no_traces_left

it 'saves a call that is the last thing the command does'
export instances
export -f call_to_flush
for i in 1 2 3 4 5; do
	run xtrace-run -f -n "$me" -m overwrite -e sched_switch -o "$w/end" \
		bash -c "call_to_flush $me 0xabd$i"
	expect_status 0
	expect_stderr_like "flush 1 saved at a call to flush, incident 0xabd$i"
	run incidents "$w/end"
	expect_stdout "0xabd$i 1"
	[ "$(behind_call "$w/end" 0xabd$i)" = 0 ] || fail 'the buffers do not end there'
done
no_traces_left

it 'has the buffers end at the very call'
for id in 0xabc1 0xabc3; do
	behind=$(behind_call "$w/keep" $id)
	[ "$behind" = 0 ] || fail "$behind events of the CPU behind the call"
done

it 'ends the session at the first call with --on-flush stop, and has nothing behind it'
session "$me" -m overwrite -e sched_switch --on-flush stop -o "$w/stop"
call_to_flush "$me" 0xabc5
ended 0
complete "$w/stop"
run incidents "$w/stop"
expect_stdout '0xabc5 1'
[ "$(behind_call "$w/stop" 0xabc5)" = 0 ] || fail 'the trace goes on behind the call'
[ "$(grep -c '^flush = ' "$w/stop/session")" = 1 ] || fail 'it was saved more than once'
! grep 'incident 0x0' "$tmp/$me.err" || fail 'a flush was said that nobody called for'
no_traces_left

it 'has a flush that is asked for leave a call alone that nobody has looked at yet'
session "$me" -m overwrite -e sched_switch -o "$w/ask"
printf 'kvmrt_gs: hc_end nr=0x4b475303 ret=0' >"$instances/xtrace-$me/trace_marker"
ctl flush
expect_status 0
call_to_flush "$me" 0xabc6
until_saved "$w/ask" 1
kill "$owner"
ended 143
run sed -nE 's/^flush = ([0-9]+) at [0-9]+ by /\1 /p' "$w/ask/session"
expect_stdout $'1 guest\n2 request\n3 guest'

it 'has a resume leave a call alone that nobody has looked at yet'
session "$me" -m overwrite -b 16k -e sched_switch -o "$w/resume"
python3 -c '
import os, socket, sys
marker = os.open(sys.argv[1], os.O_WRONLY)
os.write(marker, b"kvmrt_gs: flush scope=0x0 incident=0xabcb")
os.write(marker, b"kvmrt_gs: hc_end nr=0x4b475303 ret=0")
for verb in b"pause", b"resume":
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.connect(sys.argv[2])
    s.send(b"xtrace/1 " + verb + b" - \n")
    s.recv(1)
for i in range(5000):
    os.write(marker, b"what would take its place")
' "$instances/xtrace-$me/trace_marker" "$root/run/xtrace/$me/control"
kill "$owner"
ended 143
xtrace-view "$w/resume" | grep -q 'incident 0xabcb' || fail 'recording went on before it was saved'

it 'has nothing behind such a call with --on-flush stop'
session "$me" -m overwrite -e sched_switch --on-flush stop -o "$w/asked"
kill -STOP "$owner"
printf 'kvmrt_gs: flush scope=0x0 incident=0xabc8' >"$instances/xtrace-$me/trace_marker"
printf 'kvmrt_gs: hc_end nr=0x4b475303 ret=0' >"$instances/xtrace-$me/trace_marker"
ask flush
kill -CONT "$owner"
answered
expect_status 1
expect_stderr_like 'the session has ended'
ended 0
complete "$w/asked"
[ "$(behind_call "$w/asked" 0xabc8)" = 0 ] || fail 'the trace goes on behind the call'

# while_saved NAME: notes of calls for as long as recording stands still, from a little later on
while_saved() {
	local n=0

	sleep 0.2
	while [ "$(cat "$instances/xtrace-$1/tracing_on")" = 0 ]; do
		printf 'kvmrt_gs: flush scope=0x0 incident=0xb%02x' $((n++)) \
			>"$instances/xtrace-$1.gs/trace_marker"
		sleep 0.05
	done
}

it 'notes calls that come while another is saved as ones without a flush'
session "$me" -m overwrite -b 4m -z 19 -e sched_switch -o "$w/busy"
base64 -w 900 /dev/urandom | head -c 3M | dd obs=1000 of="$instances/xtrace-$me/trace_marker" 2>/dev/null
call_to_flush "$me" 0xabc2
while_saved "$me"
call_to_flush "$me" 0xabc4
for _ in $(seq 200); do
	[ "$(cat "$instances/xtrace-$me/tracing_on")" = 1 ] && break
	sleep 0.05
done
kill "$owner"
ended 143
run incidents "$w/busy"
expect_stdout_like '^0xabc2 1$' '^0xb[0-9a-f][0-9a-f] 0$' '^0xabc4 2$'

it 'saves no more than --incidents, and notes the others'
session "$me" -m overwrite -e sched_switch --incidents 1 -o "$w/one"
call_to_flush "$me" 0xabc7
until_saved "$w/one" 1
call_to_flush "$me" 0xabc9
sleep 0.5
call_of_guest "$me"
ctl flush
expect_status 0
kill "$owner"
ended 143
run incidents "$w/one"
expect_stdout $'0xabc7 1\n0xabc9 0'
run sed -nE 's/^flush = ([0-9]+) at [0-9]+ by /\1 /p' "$w/one/session"
expect_stdout $'1 guest\n2 request'

it 'notes a call in a stream, which needs no freeze'
session "$me" -e sched_switch -o "$w/stream"
call_to_flush "$me" 0xabcb
until_saved "$w/stream" 1
kill "$owner"
ended 143
run incidents "$w/stream"
expect_stdout '0xabcb 0'

it 'brings in of a trace only what the incident saved'
run xtrace-multi-merge -o "$w/merged" --incident 0xabc3 "$w/keep"
expect_status 0
run xtrace-view "$w/merged"
expect_stdout_like 'FLUSH_GUEST.*incident 0xabc3\]'
grep -q 'incident 0xabc1' "$tmp/stdout" && fail 'another incident was brought in'
grep -v LOST "$tmp/stdout" | tail -n 8 | grep -q 'KVM_GUEST_HC_END' ||
	fail 'it does not end at the call'

it 'takes a stream whole, and says so'
run xtrace-multi-merge -o "$w/whole" --incident 0xabcb "$w/stream"
expect_status 0
expect_stderr_like ': no flush of its own for incident 0xabcb: taken whole$'
run xtrace-view "$w/whole"
expect_stdout_like 'FLUSH_GUEST.*incident 0xabcb\]'

it 'refuses an incident that no trace has, and wrong use of the option'
run xtrace-multi-merge -o "$w/no" --incident 0x1 "$w/keep"
expect_status 1
expect_stderr_like '^xtrace-multi-merge: no trace has an incident 0x1: '
[ ! -e "$w/no" ] || fail 'a directory was made'
expect_wrong_usage xtrace-multi-merge 'expected a number' -o "$w/no" --incident x "$w/keep"
expect_wrong_usage xtrace-multi-merge 'does not go with --move' -o "$w/no" --incident 1 --move "$w/keep"
