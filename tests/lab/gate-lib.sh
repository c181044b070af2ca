# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# gate-lib.sh: runs of a guest for the latency gate, as it is and disturbed: vm1 with
# cyclictest on its second CPU, its vCPUs on host CPUs 2 and 3, all else on 0 and 1.
# shellcheck source=tests/lab/xtrace-lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/xtrace-lib.sh"

gate_events=(-e kvm_entry -e kvm_exit -e kvm_userspace_exit -e sched_switch -e sched_waking
	-e sched_process_exit -e irq -e irq_vectors)
debug=/sys/kernel/tracing

# budget: what a guest of real time must not lose; limits that are above the lab's noise
budget() {
	cat <<-'RULES'
		exit(MSR).p50 > +50%
		wakeup(CPU 1/KVM).p90 > +50%
		exit(INTR).rate > +100%
		preempt.share > +2ms		# a second
		irq.share > +50ms
		irq(*-requests).rate > +50	# devices
	RULES
}

# await WHAT CONDITION
await() {
	local i

	for ((i = 0; i < 300; i++)); do
		eval "$2" && return
		nap 0.1
	done
	fail "$1 does not run"
}

# pin VCPU0 VCPU1 OTHERS: CPUs of the threads of vm1's QEMU
pin() {
	local task cpus

	for task in /proc/"$(lab-guest pid vm1)"/task/*; do
		case $(cat "$task/comm" 2>/dev/null) in
		'CPU 0/KVM') cpus=$1 ;;
		'CPU 1/KVM') cpus=$2 ;;
		*) cpus=$3 ;;
		esac
		taskset -pc "$cpus" "${task##*/}" >/dev/null 2>&1
	done
}

# place FILE CPU: the interrupts of virtio devices on that CPU; FILE remembers where they were
place() {
	local irq

	for irq in /proc/irq/*/virtio*-requests; do
		irq=${irq%/*}
		echo "$irq $(cat "$irq/smp_affinity_list")" >>"$1"
		echo "$2" >"$irq/smp_affinity_list"
	done
}
place_back() {
	while read -r irq cpus; do
		echo "$cpus" >"$irq/smp_affinity_list"
	done <"$1"
	rm "$1"
}

start_system() {
	judged_apart
	pin 2 3 0-1
	ssh vm1 'exec cyclictest -q -m -a1 -t1 -p80 -i2000 >/dev/null' &
	system=$!
	place irqs.before 0-1
	await 'cyclictest in the guest' 'ssh vm1 pidof cyclictest >/dev/null'
}

stop_system() {
	undisturbed
	place_back irqs.before
	ssh vm1 'kill $(pidof cyclictest)'
	wait "$system"
	pin 0-3 0-3 0-3
}

# ---- disturbances: one at a time ----

disturber=
# A task of real time takes the CPU of vCPU 1 for 1 % of the time.
disturb_hog() {
	ln -sf "$(readlink -f "$(command -v python3)")" hog
	cat >hog.py <<-'PY'
		import time
		while True:
		    end = time.monotonic() + 0.002
		    while time.monotonic() < end:
		        pass
		    time.sleep(0.198)
	PY
	chrt -f 50 taskset -c 3 ./hog hog.py &
	disturber=$!
	await 'the hog' "grep -qs hog /proc/$disturber/comm"
}

# A device's interrupts come to the CPU of vCPU 1, one for each read of its uncached share.
disturb_irq() {
	head -c 1000000 /dev/zero >/run/out/storm
	place irqs.calm 3
	(while :; do
		dd if=/run/out/storm of=/dev/null bs=64 2>/dev/null &
		wait $!
	done) &
	disturber=$!
	await 'the interrupt storm' "[ \$(device_interrupts) -gt $(($(device_interrupts) + 100)) ]"
}
# device_interrupts: so far, of virtio devices, on CPU 3
device_interrupts() { awk '/-requests$/ { n += $5 } END { print n + 0 }' /proc/interrupts; }

# Each function of KVM on the way of an exit costs more.
disturb_exit() {
	echo '*:mod:kvm' '*:mod:kvm_amd' >$debug/set_ftrace_filter
	echo function_graph >$debug/current_tracer
}

undisturbed() {
	if [ -n "$disturber" ]; then
		# shellcheck disable=SC2046 # numbers
		kill "$disturber" $(pgrep -P "$disturber")
		wait "$disturber" 2>/dev/null
		disturber=
	fi
	[ ! -e irqs.calm ] || place_back irqs.calm
	if ! grep -qx nop $debug/current_tracer; then
		echo nop >$debug/current_tracer
		echo >$debug/set_ftrace_filter
		echo >$debug/trace
	fi
	rm -f hog hog.py /run/out/storm
}

# stormy BEFORE SECONDS: a busy machine delivers the storm's interrupts late, or hardly any
stormy() { [ ! -e irqs.calm ] || [ $(($(device_interrupts) - $1)) -ge $((${2%.*} * 600)) ]; }

# run_of DIR [SECONDS]: what the host does meanwhile; again where the storm was none
run_of() {
	local before i

	for i in 1 2 3 4; do
		before=$(device_interrupts)
		xtrace-run -d "${2:-2}" --drain-cpus 0-1 "${gate_events[@]}" -o "$1" 2>run.log ||
			fail "$1: $(cat run.log)"
		if [ $i = 4 ] || stormy "$before" "${2:-2}"; then
			return
		fi
		rm -r "$1"
	done
}
