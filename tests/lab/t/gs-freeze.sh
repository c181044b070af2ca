#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: a guest's call to flush ends the host's buffers at that very hypercall, in every scope, by snapshot and by traceoff; the guest's own buffers carry the same incident
# lab: --guests 1
# limit: 240
dir=$(dirname "$(realpath "$0")")
. "$dir/../t-lib.sh"
command -v xtrace-run >/dev/null || fail "no xtrace-run here"
share=/run/guests/vm5/share
instances=/sys/kernel/tracing/instances

until_true() {
	local tries

	for tries in $(seq 300); do
		eval "$1" && return
		sleep 0.1
	done
	fail "waited in vain: $1 ($tries looks)"
}

lab-guest start vm5 --net --append "kvmrt_gs_hc_guest_enabled=1 kvmrt_gs_syscall_enabled=1"
lab-guest wait-ready vm5 || fail "vm5 did not start"

# vCPUs to CPUs of their own: "the VM's CPUs" are then two of four
cpu=2
for task in /proc/"$(lab-guest pid vm5)"/task/*; do
	case $(cat "$task/comm") in
	CPU*) taskset -cp $cpu "${task##*/}" >/dev/null && cpu=$((cpu + 1)) ;;
	esac
done

# one_call SCOPE KEEP-OR-STOP NAME
one_call() {
	local saved cpu cpus own all id word owner

	xtrace-run -n h -m overwrite -b 512k -e kvm:kvm_entry -e kvm:kvm_exit -e kvm:kvm_hypercall -e sched_switch --on-flush "$2" -o "$3" 2>"$3.err" &
	owner=$!
	until_true "[ \"\$(cat $instances/xtrace-h/tracing_on 2>/dev/null)\" = 1 ]"
	# a deadline of 1 ms is missed, and the program says so
	ssh vm5 "sleep 0.005; kvmrt-gs --unanswered-ok xtrace_flush $1" || fail "the guest's call failed"
	until_true "grep -q '^incident = ' $3/session"
	[ "$2" = stop ] || xtrace-ctl -s h stop >/dev/null
	wait $owner || fail "xtrace-run: $(cat "$3.err")"
	saved=$("$dir/../flush-ends.py" "$3")
	echo "$3: $saved"
	read -r id word cpu cpus own all <<<"$saved"
	[ -n "$all" ] || fail "no incident in $3: $(grep incident "$3/session")"
	[ "$own" -le 3 ] || fail "$own events behind the call on its CPU"
	[ "$all" -le 40 ] || fail "$all events behind the call on all CPUs"
	case $word in
	cpu) same "CPUs of scope cpu" "$cpu" "$cpus" ;;
	vm) same "CPUs of scope vm" "2,3" "$cpus" ;;
	all) [ "$(tr , '\n' <<<"$cpus" | wc -l)" -gt 2 ] || fail "scope all saved CPUs $cpus only" ;;
	*) fail "scope $word" ;;
	esac
	ids="$ids $id"
}

# all_calls NAME EVENT...: with what the guest has now; its own session runs meanwhile
all_calls() {
	local scope way

	ids=
	ssh vm5 "xtrace-run -n g -m overwrite -e sched_switch ${*:2} -o /run/lab/g-$1 >/run/lab/g-$1.log 2>&1 </dev/null &
		for n in \$(seq 100); do [ -e /run/lab/g-$1/session ] && break; sleep 0.1; done; sleep 1"
	[ -e "$share/g-$1/session" ] || fail "no session in the guest: $(cat "$share/g-$1.log")"
	for way in keep stop; do
		for scope in 0 1 2; do
			one_call $scope $way "$1-$way-$scope"
		done
	done
	ssh vm5 "xtrace-ctl -s g stop" >/dev/null
	for id in $ids; do
		grep -q "^incident = $id flush [1-9]" "$share/g-$1/session" ||
			fail "the guest has no incident $id: $(grep ^incident "$share/g-$1/session")"
	done
	echo "$1: $(wc -w <<<"$ids") incidents stand in both traces"
}

all_calls marks
ends=$("$dir/../flush-ends.py" "$share/g-marks") || fail "the guest's trace cannot be judged"
echo "$ends"
while read -r id _ _ _ own _; do
	[ "$own" -le 3 ] || fail "guest: $own events behind its call $id"
done <<<"$ends"

modules=$dir/../../../build/modules/$(uname -r)
[ -e "$modules/gs/host/module/kvmrt_gs_host.ko" ] || exit 0
insmod "$modules/gs/host/module/kvmrt_gs_host.ko" kvmrt_gs_hc_host_enabled=1
ssh vm5 insmod "$modules/guest/module/kvmrt_gs_guest.ko" \
	kvmrt_gs_hc_guest_enabled=1 kvmrt_gs_syscall_enabled=1
all_calls modules -e kvmrt_gs:*
ssh vm5 rmmod kvmrt_gs_guest
rmmod kvmrt_gs_host
