# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# gs-services.sh: what two guests call, from the message to the hostile guest; sourced by
# t/guest-services*.sh, for which all of it must be true in each way: WAY is "none" (no
# module), "guest" (the guests' module alone) or "modules".
. "$(dirname "${BASH_SOURCE[0]}")/t-lib.sh"

way=${WAY:?}
# messages of each guest in the storm, seconds of the hostile one
case $way in
none) messages=5000 hostile=10 ;;
*) messages=1000 hostile=5 ;;
esac
modules=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")/build/modules/$(uname -r)
if [ "$way" != none ] && [ ! -e "$modules/gs/host/module/kvmrt_gs_host.ko" ]; then
	echo "no kernel modules for $(uname -r): make lab-modules"
	exit 77
fi
words='kvmrt_gs_hc_guest_enabled=1 kvmrt_gs_syscall_enabled=1'
storm=$(dirname "$(readlink -f "$(command -v kvmrt-gs)")")/../tests/tools/gs-storm
[ -x "$storm" ] || fail "no $storm: make check-lab builds it"
# ready VM: it is up, with its module where that is the way
ready() {
	lab-guest wait-ready "$1" || fail "$1 does not start"
	[ "$way" = none ] || ssh "$1" insmod "$modules/guest/module/kvmrt_gs_guest.ko" "$words" ||
		fail "the module of $1 does not load"
}

guest vm2 --net --append "$words"
guest vm3 --net --append "$words"
# of this test: others of the same boot have written there before
mark="kvmrt-test $$ begins"
echo "$mark" >/dev/kmsg
cat /dev/kmsg >log &
reader=$!
trap 'kill $reader 2>/dev/null; kill "$(cat /run/kvmrt-gsd/lock)" 2>/dev/null
	rmmod kvmrt_gs_host 2>/dev/null' EXIT
[ "$way" != modules ] || insmod "$modules/gs/host/module/kvmrt_gs_host.ko" kvmrt_gs_hc_host_enabled=1 ||
	fail "the host's module does not load"
# shellcheck source=/dev/null
. /run/lab/env
# a machine that does other things as well stops a guest's CPU for that long
patience=(--patience $((2 * ${LAB_PATIENCE:-1})))
kvmrt-gsd "${patience[@]}" --log kmsg || fail "the daemon does not start"

# lines: what the daemon wrote, "VM/VCPU: TEXT"
lines() { sed -nE "1,/;$mark\$/d; s/^[^;]*;kvmrt-gsd: [0-9TZ:.-]+ //p" log; }
# await TEXT: until such a line is there
await() {
	for _ in $(seq 100); do
		lines | grep -qE "$1" && return
		nap 0.3
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
		nap 0.3
	done
	fail "$2 of $1: expected $3, found $(count "$1" "$2")"
}

echo '--- a guest without the words may not; one with them gets an answer where the host has the module'
out=$(ssh vm1 kvmrt-gs ping 1 2>&1)
same 'status of a ping in vm1' 3 $?
grep -q 'boot it with kvmrt_gs_hc_guest_enabled=1' <<<"$out" || fail "$out"
ready vm2
ready vm3
expected=1
[ "$way" != modules ] || expected=0
ssh vm2 kvmrt-gs ping 1 2>/dev/null
same 'status of a ping in vm2' $expected $?
ssh vm2 kvmrt-gs available 2>/dev/null
same 'status of available in vm2' $expected $?
ssh vm2 kvmrt-gs status
kvmrt-gsd --status | head -n 1
case $way in
modules)
	kvmrt-gsd --status | grep -q '^events *of kvmrt_gs_host, which answers' || fail 'the module is not used'
	ssh vm2 kvmrt-gs ping_available log_msg_available xtrace_flush_available \
		xtrace_log_data_available || fail 'something is not available'
	echo 1 >/sys/module/kvmrt_gs_host/parameters/allow
	ssh vm2 kvmrt-gs status | grep '^host  *refuses  ' || fail 'a refusal is not told'
	echo '*' >/sys/module/kvmrt_gs_host/parameters/allow
	;;
*) kvmrt-gsd --status | grep -q '^events *of KVM; nobody answers' || fail 'there is a module' ;;
esac

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

echo '--- data of 1 and of 4080 bytes arrives whole, in the traces of host and guest'
# joined TRACE NAME: what the view has of the data, joined, without what stands in front
joined() { xtrace-view "$1" | sed -nE "s/.* $2 \[.*id 0x[0-9a-f]+ (.*)\]$/\1/p"; }
host_events=() guest_events=(-e sched_switch)
[ "$way" = none ] || guest_events+=(-e 'kvmrt_gs:*')
[ "$way" != modules ] || host_events=(-e 'kvmrt_gs:*')
xtrace-run -n h -e kvm:kvm_hypercall -e kvm:kvm_entry -e kvm:kvm_exit "${host_events[@]}" -o host 2>host.err &
session=$!
until xtrace-ctl -s h status 2>/dev/null | grep -q ': recording'; do nap 0.1; done
# printable bytes, no place like another
data=$(seq -w 100000 100900 | tr -d '\n' | head -c 4080)
ssh vm2 "cd /run/lab && xtrace-run -n g ${guest_events[*]@Q} -o guest \
	kvmrt-gs -u ping 0x51 log_msg 'in pairs' xtrace_log_data 0xa5 \
	xtrace_log_data $data xtrace_flush all" >answers 2>&1 || fail "$(cat answers)"
incident=$(sed -n 's/^incident //p' answers)
await "vm2/[01]: flush of the trace, all CPUs, incident $incident"
xtrace-ctl -s h stop >/dev/null
wait $session || fail "$(cat host.err)"
mv "$(lab-guest dir vm2)/share/guest" guest
await_count vm2 BYTES 4081
same 'incomplete' 0 "$(count vm2 INCOMPLETE)"
for trace in host guest; do
	name=KVMRT_GS_LOG_DATA_${trace^^}
	same "1 byte in the $trace's trace" '\xa5' "$(joined $trace "$name" | head -n 1)"
	same "4080 bytes in the $trace's trace" "$data" "$(joined $trace "$name" | tail -n 1)"
	grep -q "^incident = $incident " $trace/session || fail "no incident in the $trace's trace"
done

echo '--- each call is a pair in the merged trace'
xtrace-multi-merge -o merged host guest || fail 'the traces do not merge'
xtrace-view merged >view
for event in PING FLUSH LOG_MSG LOG_DATA; do
	guests=$(grep -c "vm2 [01] KVMRT_GS_${event}_GUEST " view)
	hosts=$(grep -c "host [0-9]* KVMRT_GS_${event}_HOST " view)
	echo "$event: $guests by the guest, $hosts by the host"
	[ "$guests" -ge 1 ] && [ "$guests" = "$hosts" ] || fail "$event: no pairs"
done

echo '--- a flush reaches the sessions of xtrace-run, with its scope and number'
xtrace-run -n flight -e sched_switch -o flight -d 60 2>session.err &
session=$!
until xtrace-ctl -s flight status >/dev/null 2>&1; do nap 0.2; done
incident=$(ssh vm2 kvmrt-gs -u xtrace_flush vm) || fail 'flush'
await "vm2/[01]: flush of the trace, CPUs of the VM, $incident"
# that of the trace with the data, and this one
for _ in $(seq 100); do
	kvmrt-gsd --status | grep -q '^sessions   2 asked to flush, 0 not answered yet, 0 failed' && break
	nap 0.3
done
kvmrt-gsd --status | grep '^sessions   2 asked to flush, 0 not answered yet, 0 failed' ||
	fail "$(kvmrt-gsd --status | grep ^sessions)"
xtrace-ctl -s flight stop
wait $session || fail "$(cat session.err)"
grep -q '^flush = 1 ' flight/session || fail 'the session was not flushed'
grep -q "^$incident flush 0 scope vm by guest " <(sed -n 's/^incident = /incident /p' flight/session) ||
	fail "the stream has no $incident: $(grep ^incident flight/session)"

[ "$way" != modules ] || echo 1 >/sys/module/kvmrt_gs_host/parameters/from_user_mode

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
kvmrt-gsd "${patience[@]}" --log kmsg --lines 0 || fail 'the daemon does not start again'
await 'vm2/[01]: meanwhile'

echo "--- 8 threads of two guests, $((2 * messages)) messages: nothing lost, nothing mixed"
ready vm3
ssh vm2 "$storm" say 8 $messages & one=$!
ssh vm3 "$storm" say 8 $messages & two=$!
wait $one || fail "vm2 has not sent all: status $?; $(lab-guest state vm2)"
wait $two || fail "vm3 has not sent all: status $?; $(lab-guest state vm3)"
await_count vm2 MESSAGES $((messages + 1))
await_count vm3 MESSAGES $messages
kvmrt-gsd --status
same 'incomplete' '0 0' "$(count vm2 INCOMPLETE) $(count vm3 INCOMPLETE)"
nap 0.5
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
same 'messages, wrong ones' "$((2 * messages)) 0" "$(cat found)"

echo '--- a hostile guest: the host stays up, its log gets no more than the limit, vm2 is served'
daemon=$(cat /run/kvmrt-gsd/lock)
kill -TERM "$daemon"
for ((i = 0; i < 200; i++)); do
	[ -e /run/kvmrt-gsd/control ] || break
	nap 0.3
done
[ $i -lt 200 ] || fail "the daemon does not end: $(grep -E '^(State|Sig)' "/proc/$daemon/status"; cat "/proc/$daemon/stack")"
for instance in kvmrt-gsd kvmrt-gsd-module; do
	[ ! -d /sys/kernel/tracing/instances/$instance ] || fail "the instance $instance stays"
done
kvmrt-gsd "${patience[@]}" --log kmsg --lines 10 || fail 'the daemon does not start'
before=$(lines | wc -l)
start=$SECONDS
ssh vm3 "timeout $hostile $storm hostile 100000000 1"
status=$?
[ $status = 124 ] || fail "the hostile calls ended with status $status; $(lab-guest state vm3 2>&1)"
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

# the next way finds them as they were
if [ "$way" != none ]; then
	for vm in vm2 vm3; do
		ssh $vm rmmod kvmrt_gs_guest || fail "the module of $vm does not go"
	done
fi
