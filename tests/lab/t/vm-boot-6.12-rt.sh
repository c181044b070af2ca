#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: a real-time VM boots with every thread in its place and nobody else on its CPUs; shutdown, a killed boot and a killed QEMU leave the host as it was
# lab: --kernel 6.12-rt --cpus 8 --nodes 2 --mem 2048
# limit: 400
# shellcheck source=tests/lab/vm-lib.sh
. "$(dirname "$0")/../vm-lib.sh"

step() { echo "$(cut -d' ' -f1 /proc/uptime) s: $*"; }
off() { kvmrt-shutdown -f $cfg --force -t 1 || fail "shutdown of $1"; }

make_guest 'echo up >/dev/console; while :; do sleep 1; done'
start_libvirtd
define_vm 1 1
define_vm 2 1
step "libvirtd and two VMs"
kvmrt-import -f $cfg || fail "import"
set_in vm1 rt true
set_in vm1 cpuset n1
set_in vm1 autostart true
set_in vm2 cpuset 0-3
# cgroups of libvirt's own that stay, threads that come with the first VM
kvmrt-boot -f $cfg vm2 && off vm2 || fail "vm2"
snapshot before
step "snapshot"

kvmrt-boot -f $cfg vm1 vm2 || fail "boot"
step "booted"
kvmrt-stat -f $cfg -t vm1 >/run/stat
cat /run/stat
for role in vcpu emulator iothread vhost kvm-pit nx-recovery; do
	grep -q "^vm1 .* $role .* ok$" /run/stat || fail "no $role in its place"
done
kvmrt-stat -f $cfg >/run/stat || fail "a thread is not in its place: $(cat /run/stat)"
# Read back from where it counts, not from what was asked for: CPU 4 is vCPU 0's, 6 all others'.
pid=$(cat /run/libvirt/qemu/vm1.pid)
vcpu=$(grep -l '^CPU 0' /proc/"$pid"/task/*/comm | cut -d/ -f5)
same "vCPU's CPUs" 4 "$(awk '/^Cpus_allowed_list/ { print $2 }' "/proc/$vcpu/status")"
same "vCPU's policy" "SCHED_FIFO 1" "$(chrt -p "$vcpu" | sed 's/.*: //' | xargs)"
for name in rcuc/4 ktimers/4 ksoftirqd/4; do
	tid=$(grep -lx "$name" /proc/[0-9]*/comm | cut -d/ -f3)
	[ "$(chrt -p "$tid" | sed -n 's/.*priority: //p')" -gt 1 ] || fail "$name comes behind the vCPU"
done
same "CPUs online" 0-4,6 "$(cat /sys/devices/system/cpu/online)"
same "isolated CPUs" 4 "$(cat /sys/fs/cgroup/cpuset.cpus.isolated)"
same "partition" isolated "$(cat /sys/fs/cgroup/machine/qemu-*vm1*/vcpu0/cpuset.cpus.partition)"
[ "$(awk '/^VmLck/ { print $2 }' "/proc/$pid/status")" -gt 131072 ] || fail "memory is not locked"
# The guest's memory is the largest mapping: all of its pages on node 1.
grep -E 'anon=[0-9]{4,}' "/proc/$pid/numa_maps" | sort -t= -k2 -n | tail -n 1 >/run/numa
grep -q ' N1=' /run/numa && ! grep -q ' N0=' /run/numa || fail "memory: $(cat /run/numa)"
nobody_else_on 4-7 vm1
step "all in place"

kvmrt-boot -f $cfg >/run/again || fail "boot again"
grep -qE '^vm1: (runs as it should|re-tuned)$' /run/again || fail "boot again: $(cat /run/again)"
off "both"
as_before before "shutdown"
step "shut down, and the host as it was"

# Killed in the middle; VM_BOOT_STEPS="clearing taking starting isolating resuming" takes more of its steps.
for at in ${VM_BOOT_STEPS:-isolating}; do
	kvmrt-boot -f $cfg -v vm1 >/run/steps 2>&1 &
	boot=$!
	for ((i = 0; i < 600; i++)); do
		grep -q "^vm1: $at" /run/steps && break
		kill -0 $boot 2>/dev/null || fail "no step '$at': $(cat /run/steps)"
		sleep 0.05
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
