#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: real-time VMs boot and move with every thread in its place and nobody else on their CPUs, where no hog reaches them; shutdown, a killed boot and a killed QEMU leave the host as it was
# lab: --kernel 6.12-rt --cpus 8 --nodes 2 --mem 2048
# limit: 600
# shellcheck source=tests/lab/vm-lib.sh
. "$(dirname "$0")/../vm-lib.sh"

# late_wakeups N: how many in N of the guest's rounds, from the next one on
late_wakeups() {
	local from i

	from=$(grep -c late /run/console2)
	for ((i = 0; i < 900; i++)); do
		[ "$(grep -c late /run/console2)" -lt $((from + 1 + $1)) ] || break
		nap 0.2
	done
	grep late /run/console2 | tail -n +$((from + 2)) | awk -v rounds="$1" '{ late += $1; all += $4; n++ }
		END { if (n < rounds) exit 1; print late, "of", all }'
}

# 0.4 s: half of what the hog takes, and more than an emulated CPU is made to wait elsewhere
make_guest 'echo up >/dev/console
	while :; do
		cyclictest -v -p 80 -i 20000 -D 4 2>/dev/null | awk "/^ / { all++; late += \$3 > 400000 }
			END { printf \"%d late of %d\n\", late, all }" >/dev/console
	done' cyclictest
start_libvirtd
define_vm 1 2
define_vm 2 1
step "libvirtd and two VMs"
kvmrt-import -f $cfg || fail "import"

# Cgroups of libvirt's own that stay and threads that come with a VM come with this one.
# Hogs where it runs, and nowhere else: eight of them would be the two CPUs of a machine.
set_in vm2 rt_memory true
set_in vm2 cpuset 4-5
kvmrt-boot -f $cfg vm2 || fail "vm2"
late_wakeups 1 >/dev/null || fail "cyclictest: $(cat /run/console2)"
step "a plain VM is up"
"${BASH_SOURCE%/*}/../fifo-hog" 4 5 &
hog=$!
trap 'kill $hog 2>/dev/null' EXIT
plain=$(late_wakeups 4) || fail "cyclictest: $(cat /run/console2)"
step "beside a hog on each of its CPUs: $plain wake-ups late"
set_in vm2 rt true
set_in vm2 cpuset n1
kvmrt-boot -f $cfg vm2 || fail "vm2 made real-time"
all_placed vm2 vcpu emulator iothread vhost kvm-pit nx-recovery
tuned=$(late_wakeups 4) || fail "cyclictest: $(cat /run/console2)"
step "the same VM, made real-time as it ran: $tuned wake-ups late"
[ "${plain%% *}" -ge 3 ] || fail "the hog did not hold the plain VM up"
[ $((2 * ${tuned%% *})) -lt "${plain%% *}" ] || fail "not even half as few"
kill $hog
wait $hog
off vm2
snapshot before
step "snapshot"

for n in 1 2; do
	set_in vm$n rt "true\nemulator_cpuset = 0-1"
	set_in vm$n autostart true
done
set_in vm1 cpuset n1
set_in vm2 cpuset 2-3
kvmrt-boot -f $cfg || fail "boot"
step "booted"
all_placed vm1 vcpu emulator iothread vhost kvm-pit nx-recovery
vcpu_alone_on vm1 0 4
vcpu_alone_on vm1 1 6
vcpu_alone_on vm2 0 2
same "CPUs online" 0-2,4,6 "$(cat /sys/devices/system/cpu/online)"
same "isolated CPUs" 2,4,6 "$(cat /sys/fs/cgroup/cpuset.cpus.isolated)"
memory_on 1 vm1
nobody_else_on 2-7 vm1 vm2
step "all in place"
kvmrt-boot -f $cfg >/run/again || fail "boot again"
! grep -vE '^vm[12]: (runs as it should|re-tuned)$' /run/again || fail "boot again"

set_in vm1 cpuset 2-5
set_in vm2 cpuset 6-7
kvmrt-boot -f $cfg || fail "move"
all_placed vm1
all_placed vm2
vcpu_alone_on vm1 0 2
vcpu_alone_on vm1 1 4
vcpu_alone_on vm2 0 6
nobody_else_on 2-7 vm1 vm2
step "moved while they run, one to where the other was"
off "both"
as_before before "shutdown"
step "shut down, and the host as it was"

# Killed in the middle; VM_BOOT_STEPS=all takes each of its steps.
set_in vm1 cpuset n1
set_in vm2 cpuset 2-3
steps=(taking isolating)
[ "${VM_BOOT_STEPS:-}" != all ] ||
	steps=(clearing taking raising starting placing isolating reading resuming "placing late" "done")
for at in "${steps[@]}"; do
	kvmrt-boot -f $cfg -v vm1 >/run/steps 2>&1 &
	boot=$!
	for ((i = 0; i < 1200; i++)); do
		grep -q "^vm1: $at" /run/steps && break
		kill -0 $boot 2>/dev/null || fail "no step '$at': $(cat /run/steps)"
		nap 0.05
	done
	kill -9 $boot
	wait $boot 2>/dev/null
	off "vm1, boot killed at '$at'"
	as_before before "killed at '$at'"
	step "killed at '$at', and the host as it was"
done

kvmrt-boot -f $cfg vm1 || fail "boot"
kill -9 "$(cat /run/libvirt/qemu/vm1.pid)"
off "vm1, its QEMU killed"
as_before before "QEMU killed"
step "QEMU killed, and the host as it was"

virsh -q dumpxml --inactive vm1 |
	sed 's|<devices>|&<disk type="file"><source file="/none"/><target dev="sda" bus="sata"/></disk>|' \
		>/run/none.xml
virsh -q define /run/none.xml || fail "a disk that is not there"
kvmrt-boot -f $cfg -v --clean vm1 vm2 >/run/clean 2>&1 && fail "boot: $(cat /run/clean)"
grep -q '^kvmrt-boot: vm1: .*/none' /run/clean || fail "$(cat /run/clean)"
grep -q '^kvmrt-boot: vm2: not booted, since another failed$' /run/clean || fail "$(cat /run/clean)"
as_before before "one that cannot start"
step "one that cannot start, and the host as it was, also for the other"
