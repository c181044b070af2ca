# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# gs-modules.sh: what the tests of the kernel modules do, on each kernel; sourced by
# t/gs-modules*.sh, which start guest vm1.
. "$(dirname "${BASH_SOURCE[0]}")/t-lib.sh"

tree=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
modules=$tree/build/modules/$(uname -r)
host_module=$modules/gs/host/module/kvmrt_gs_host.ko
guest_module=$modules/guest/module/kvmrt_gs_guest.ko
caller=$tree/build/tests/lab/gs-caller
parameters=/sys/module/kvmrt_gs_host/parameters
t=/sys/kernel/tracing
query=0x4b475300 ping=0x4b475301 flush=0x4b475303 log_data=0x4b475304

[ -e "$host_module" ] && [ -x "$caller" ] || {
	echo "no kernel modules for $(uname -r): make lab-modules"
	exit 77
}

# answers COUNT-OR-SECONDS... : of a call in vm1, as "ANSWER TIMES" joined by blanks
answers() { ssh vm1 "$caller" "$@" | grep -v '^calls' | sort -n | paste -sd' '; }
param() { echo "$2" >"$parameters/$1"; }
# vms COLUMN: of vm1 in the module's table
vms() {
	awk -v column="$1" -v pid="$(lab-guest pid vm1)" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
		$1 == pid { print $at[column] }' /sys/kernel/debug/kvmrt_gs_host/vms
}

load_both() {
	insmod "$host_module" || fail "the host's module does not load"
	ssh vm1 insmod "$guest_module" kvmrt_gs_hc_guest_enabled=1 kvmrt_gs_syscall_enabled=1 ||
		fail "the guest's module does not load"
}

unload_both() {
	ssh vm1 rmmod kvmrt_gs_guest
	rmmod kvmrt_gs_host
}

# The tests that follow in this host find no module, however this one ends.
trap 'unload_both 2>/dev/null' EXIT

is_off_by_default() {
	same "disabled, from the kernel" "-1000 3" "$(answers device 3 $query 1)"
	same "disabled, from a program" "-1 3" "$(answers user 3 $query 1)"
	param kvmrt_gs_hc_host_enabled 1
	same "enabled" "15 3" "$(answers device 3 $query 1)"
	same "another protocol" "-22 1" "$(answers device 1 $query 2)"
}

answers_all_and_tells_callers_apart() {
	same "from the kernel" "0 200" "$(answers device 200 $ping 7)"
	same "from a program, not allowed" "-13 200" "$(answers user 200 $ping 7)"
	param from_user_mode 1
	same "from a program, allowed" "0 200" "$(answers user 200 $ping 7)"
	same "pings" 400 "$(vms ping)"
	same "denied" 200 "$(vms denied)"
	same "calls from user mode" 400 "$(($(vms user)))"
}

checks_arguments() {
	local head=$((5 << 32 | 30))

	same "first fragment" "24 1" "$(answers device 1 $log_data $head 1 2 3)"
	same "last fragment" "30 1" "$(answers device 1 $log_data $((head | 24 << 16)) 1 2 3)"
	same "crooked fragment" "-22 1" "$(answers device 1 $log_data $((head | 23 << 16)) 1 2 3)"
	same "scope" "-22 1" "$(answers device 1 $flush 3)"
	same "number" "100022 1" "$(answers device 1 0x4b475305)"
}

obeys_its_policy() {
	local served limited

	param allow 99999,abc
	same "not in the list" "-13 3" "$(answers device 3 $ping)"
	param allow "$(lab-guest pid vm1)"
	same "in the list by PID" "0 3" "$(answers device 3 $ping)"
	param allow '*'
	param calls_per_second 50
	read -r _ limited _ served <<<"$(answers device 300 $ping)"
	[ "$limited" -gt 100 ] && [ "$served" -ge 50 ] || fail "limit 50: $served served, $limited not"
	param calls_per_second 0
	param flushes_per_second 2
	read -r _ limited _ served <<<"$(answers device 20 $flush 0 1)"
	[ "$limited" -ge 10 ] || fail "limit 2: $served flushes served"
	param flushes_per_second 10
}

# the order of the events of one call, on the vCPU's thread
traces_in_order() {
	local found thread

	echo 1408 >$t/buffer_size_kb
	echo 1 >$t/tracing_on
	echo 1 >$t/events/kvmrt_gs/enable
	echo 1 >$t/events/kvm/kvm_hypercall/enable
	echo 1 >$t/events/kvm/kvm_entry/enable
	ssh vm1 "echo 1 >$t/events/kvmrt_gs/enable"
	answers device 1 $ping 0x77 >/dev/null
	ssh vm1 "echo 0 >$t/events/kvmrt_gs/enable; grep -E 'cookie=0x77|nr=0x4b475301' $t/trace; echo >$t/trace" >guest
	echo 0 >$t/tracing_on
	echo 0 >$t/events/enable
	# other vCPUs go on meanwhile
	thread=$(sed -nE 's/.*-([0-9]+) +\[[0-9]+\] .*: kvm_hypercall: nr 0x4b475301 a0 0x77 .*/\1/p' $t/trace | head -n 1)
	found=$(grep -E -e "-$thread +\[" $t/trace |
		sed -nE '/nr 0x4b475301 a0 0x77 /,$ s/.*: (kvm_[a-z]+|[a-z_]+_host): .*/\1/p' | head -n 4 | paste -sd' ')
	echo >$t/trace
	echo 1 >$t/tracing_on
	same "the host's events" "kvm_hypercall ping_host hc_exit_host kvm_entry" "$found"
	same "the guest's events" "ping_guest hc_start_guest hc_end_guest" \
		"$(sed -nE 's/.*: ([a-z_]+_guest): .*/\1/p' guest | paste -sd' ')"
}

# what the guest's kernel calls by itself, while somebody looks
shows_hypercalls_of_the_kernel() {
	local starts ends probes

	ssh vm1 "echo 1 >$t/events/kvmrt_gs/enable; sleep 0.5; wc -l </sys/kernel/debug/kprobes/list
		for n in 1 2 3 4 5 6 7 8; do taskset 1 true; taskset 2 true; done; sleep 2
		echo 0 >$t/events/kvmrt_gs/enable; sleep 0.5
		wc -l </sys/kernel/debug/kprobes/list
		grep -c 'hc_start_guest: nr=0x[59abAB]' $t/trace; grep -c 'hc_end_guest: nr=0x[59abAB]' $t/trace
		echo >$t/trace" | paste -sd' ' >counts
	read -r probes left starts ends <counts
	echo "$probes probes, then $left; $starts starts, $ends ends"
	[ "$probes" -ge 2 ] || fail "no hypercall of the kernel is probed"
	same "probes that stay" 0 "$left"
	[ $((starts - ends)) -le 1 ] && [ $((ends - starts)) -le 1 ] || fail "starts and ends differ"
}

goes_and_comes_under_load() {
	local n

	ssh vm1 "$caller user 12 flood & $caller device 12 flood; wait" >flood &
	for n in 1 2 3 4 5 6 7 8; do
		nap 0.4
		rmmod kvmrt_gs_host || fail "it cannot be unloaded, round $n"
		nap 0.2
		insmod "$host_module" kvmrt_gs_hc_host_enabled=1 from_user_mode=1
	done
	ssh vm1 true || fail "the guest does not live"
	wait
	echo "flood: $(grep ^calls flood | paste -sd' ')"
	same "floods that ended" 2 "$(grep -c ^calls flood)"
	same "after it" "0 20" "$(answers user 20 $ping)"
}

# neither kernel has complained
no_complaints() {
	local words='BUG:|WARNING:|Oops|general protection|scheduling while atomic|suspicious RCU'

	! dmesg | grep -E "$words" || fail "the host's kernel complains"
	! ssh vm1 dmesg | grep -E "$words" || fail "the guest's kernel complains"
}

all_of_it() {
	load_both
	is_off_by_default
	answers_all_and_tells_callers_apart
	checks_arguments
	obeys_its_policy
	traces_in_order
	shows_hypercalls_of_the_kernel
	goes_and_comes_under_load
	no_complaints
}
