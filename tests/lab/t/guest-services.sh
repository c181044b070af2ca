#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: what two guests call stands whole and in order in the host's log, without any module
# lab: --guests 1
# limit: 300
. "$(dirname "$0")/../t-lib.sh"

words='kvmrt_gs_hc_guest_enabled=1 kvmrt_gs_syscall_enabled=1'
storm=$(dirname "$(readlink -f "$(command -v kvmrt-gs)")")/../tests/tools/gs-storm
[ -x "$storm" ] || fail "no $storm: make check-lab builds it"
lab-guest start vm2 --net --append "$words"
lab-guest start vm3 --net --append "$words"
cat /dev/kmsg >log &
reader=$!
trap 'kill $reader 2>/dev/null; kill "$(cat /run/kvmrt-gsd/lock)" 2>/dev/null' EXIT
kvmrt-gsd --log kmsg || fail "the daemon does not start"

# lines: what the daemon wrote, "VM/VCPU: TEXT"
lines() { sed -nE 's/^[^;]*;kvmrt-gsd: [0-9TZ:.-]+ //p' log; }
# await TEXT: until such a line is there
await() {
	for _ in $(seq 100); do
		lines | grep -qE "$1" && return
		sleep 0.1
	done
	fail "no line like '$1'; the last ones: $(lines | tail -n 5)"
}
# count VM COLUMN: of the daemon's table
count() {
	kvmrt-gsd --status | awk -v vm="$1" -v name="$2" '
		$1 == "VM" { for (i = 1; i <= NF; i++) if ($i == name) column = i }
		$1 == vm { print $column }'
}
await_count() {
	for _ in $(seq 600); do
		[ "$(count "$1" "$2")" = "$3" ] && return
		sleep 0.1
	done
	fail "$2 of $1: expected $3, found $(count "$1" "$2")"
}

echo '--- a guest without the words may not, one with them gets no answer'
out=$(ssh vm1 kvmrt-gs ping 1 2>&1)
same 'status of a ping in vm1' 3 $?
grep -q 'boot it with kvmrt_gs_hc_guest_enabled=1' <<<"$out" || fail "$out"
lab-guest wait-ready vm2 || fail 'vm2 does not start'
lab-guest wait-ready vm3 || fail 'vm3 does not start'
ssh vm2 kvmrt-gs ping 1 2>/dev/null
same 'status of a ping in vm2' 1 $?
ssh vm2 kvmrt-gs available 2>/dev/null
same 'status of available in vm2' 1 $?
ssh vm2 kvmrt-gs status

echo '--- four messages of two VMs stand in the order of the host'
ssh vm2 kvmrt-gs -u log_msg "'VM2 is about to start A'" || fail 'log_msg'
ssh vm3 kvmrt-gs -u log_msg "'VM3 is about to start B'" || fail 'log_msg'
ssh vm3 kvmrt-gs -u log_msg "'VM3 just finished B'" || fail 'log_msg'
ssh vm2 kvmrt-gs -u log_msg "'VM2 just finished A'" || fail 'log_msg'
await 'VM2 just finished A'
same 'the order' "vm2: VM2 is about to start A
vm3: VM3 is about to start B
vm3: VM3 just finished B
vm2: VM2 just finished A" "$(lines | grep -E 'VM[23] ' | sed 's|/[01]||')"

echo '--- data of 1 and of 4080 bytes arrives whole'
ssh vm2 "$storm" data || fail 'data was not sent'
await_count vm2 BYTES 4081
same 'incomplete' 0 "$(count vm2 INCOMPLETE)"

echo '--- a flush reaches the sessions of xtrace-run, with its scope and number'
xtrace-run -n flight -e sched_switch -o flight -d 60 2>session.err &
session=$!
until xtrace-ctl -s flight status >/dev/null 2>&1; do sleep 0.2; done
incident=$(ssh vm2 kvmrt-gs -u xtrace_flush vm) || fail 'flush'
await "vm2/[01]: flush of the trace, CPUs of the VM, $incident"
until kvmrt-gsd --status | grep -q '^sessions   1 asked to flush, 0 not answered yet, 0 failed'; do
	sleep 0.1
done
xtrace-ctl -s flight stop
wait $session || fail "$(cat session.err)"
grep -q '^flush = 1 ' flight/session || fail 'the session was not flushed'

echo '--- a VM that is killed in mid-message; the other goes on'
ssh vm3 "$storm" half
lab-guest stop vm3
await '^vm3: this is the first half, \[36 bytes missing\]$'
ssh vm2 kvmrt-gs -u log_msg "'still here'"
await 'vm2/[01]: still here'
lab-guest start vm3 --net --append "$words"

echo '--- killed and begun again, the daemon writes what came meanwhile'
kill -KILL "$(cat /run/kvmrt-gsd/lock)"
ssh vm2 kvmrt-gs -u log_msg meanwhile
kvmrt-gsd --log kmsg --lines 0 || fail 'the daemon does not start again'
await 'vm2/[01]: meanwhile'

echo '--- 8 threads of two guests, 10000 messages: nothing lost, nothing mixed'
lab-guest wait-ready vm3 || fail 'vm3 does not start again'
ssh vm2 "$storm" say 8 5000 & one=$!
ssh vm3 "$storm" say 8 5000 & two=$!
wait $one && wait $two || fail 'not all was sent'
await_count vm2 MESSAGES 5001
await_count vm3 MESSAGES 5000
kvmrt-gsd --status
same 'incomplete' '0 0' "$(count vm2 INCOMPLETE) $(count vm3 INCOMPLETE)"
sleep 0.5
lines | awk '
	$2 == "storm" {
		letters = $5
		c = substr("abcdefghijklmnopqrstuvwxyz", $4 % 26 + 1, 1)
		gsub(c, "", letters)
		bad += letters != "" || length($5) != 1 + ($4 * 7 + $3) % 100 || NF != 5
		sub("/[01]:", "", $1)
		if (!seen[$1, $3, $4]++)
			nr++
	}
	END { print nr + 0, bad + 0 }' >found
same 'messages, wrong ones' '10000 0' "$(cat found)"

echo '--- a hostile guest: the host stays up, its log gets no more than the limit, vm2 is served'
kill -TERM "$(cat /run/kvmrt-gsd/lock)"
while [ -e /run/kvmrt-gsd/control ]; do sleep 0.1; done
[ ! -d /sys/kernel/tracing/instances/kvmrt-gsd ] || fail 'the instance stays'
kvmrt-gsd --log kmsg --lines 10 || fail 'the daemon does not start'
before=$(lines | wc -l)
start=$SECONDS
ssh vm3 "timeout 10 $storm hostile 100000000 1"
ssh vm2 kvmrt-gs -u log_msg "'served all the same'"
await 'vm2/[01]: served all the same'
took=$((SECONDS - start))
written=$(($(lines | wc -l) - before))
kvmrt-gsd --status
echo "$(count vm3 CALLS) calls, $written lines in $took s"
limit=$((100 + 10 * took + 10 + took))
[ $written -le $limit ] || fail "$written lines, expected at most $limit"
[ "$(count vm3 DROPPED)" -gt 0 ] || fail 'nothing was dropped'
await 'vm3: [0-9]+ messages dropped \(limit 10 a second\)'
lines | grep -vE '^(vm[23](/[01])?|host): ' && fail 'a line that no VM may write'
cat /proc/sys/kernel/tainted
rss=$(awk '/VmRSS/ { print $2 }' "/proc/$(cat /run/kvmrt-gsd/lock)/status")
[ "$rss" -lt 32768 ] || fail "the daemon has $rss KiB"
