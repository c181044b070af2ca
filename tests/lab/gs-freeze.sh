# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# gs-freeze.sh: a guest that calls to flush, and where the buffers of both sides end;
# sourced by t/gs-freeze*.sh.
dir=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
. "$dir/t-lib.sh"
command -v xtrace-run >/dev/null || fail "no xtrace-run here"
share=/run/guests/vm5/share

# The tests that follow in this host find no module, however this one ends.
trap 'rmmod kvmrt_gs_host 2>/dev/null' EXIT

until_true() {
	local tries

	for tries in $(seq 300); do
		eval "$1" && return
		nap 0.3
	done
	fail "waited in vain: $1 ($tries looks)"
}

# Traces are judged outside, in this folder: reading one here costs seconds.
there=/run/out/freeze
rm -rf $there
mkdir $there || exit
# flush_ends DIR
flush_ends() { outside_with $there "$1" "$dir/flush-ends.py" "${1##*/}"; }

guest vm5 --net --append "kvmrt_gs_hc_guest_enabled=1 kvmrt_gs_syscall_enabled=1"
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
	until_true "xtrace-ctl -s h status 2>/dev/null | grep -q ': recording'"
	# a deadline of 1 ms is missed, and the program says so
	ssh vm5 "sleep 0.005; kvmrt-gs --unanswered-ok xtrace_flush $1" || fail "the guest's call failed"
	until_true "grep -q '^incident = ' $3/session"
	[ "$2" = stop ] || xtrace-ctl -s h stop >/dev/null
	wait $owner || fail "xtrace-run: $(cat "$3.err")"
	saved=$(flush_ends "$3")
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

# all_calls NAME SCOPES EVENT...: with what the guest has now; its own session runs meanwhile
all_calls() {
	local scope way

	ids=
	ssh vm5 "xtrace-run -n g -m overwrite -e sched_switch ${*:3} -o /run/lab/g-$1 >/run/lab/g-$1.log 2>&1 </dev/null &
		for n in \$(seq 100); do xtrace-ctl -s g status 2>/dev/null | grep -q ': recording' && exit; sleep 0.1; done
		exit 1" || fail "no session in the guest: $(cat "$share/g-$1.log")"
	for way in keep stop; do
		for scope in $2; do
			one_call $scope $way "$1-$way-$scope"
		done
	done
	ssh vm5 "xtrace-ctl -s g stop" >/dev/null
	for id in $ids; do
		grep -q "^incident = $id flush [1-9]" "$share/g-$1/session" ||
			fail "the guest has no incident $id: $(grep ^incident "$share/g-$1/session")"
	done
	echo "$1: $(wc -w <<<"$ids") incidents stand in both traces"
	judge_guest "$1"
}

# judge_guest NAME: its own buffers end at its calls
judge_guest() {
	local ends id own

	ends=$(flush_ends "$share/g-$1") || fail "the guest's trace cannot be judged"
	echo "$ends"
	same "flushes of the guest" "$(wc -w <<<"$ids")" "$(wc -l <<<"$ends")"
	while read -r id _ _ _ own _; do
		[ "$own" -le 3 ] || fail "guest: $own events behind its call $id"
	done <<<"$ends"
}
