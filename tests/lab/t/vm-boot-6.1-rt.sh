#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: on 6.1-rt a real-time VM has a partition as a whole; its end leaves the host as it was, with what was born meanwhile and what only the kernel places
# lab: --kernel 6.1-rt --cpus 8 --threads 2 --nodes 2
# limit: 240
# shellcheck source=tests/lab/vm-lib.sh
. "$(dirname "$0")/../vm-lib.sh"

top=/sys/fs/cgroup
cpus_of() { sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$1/status"; }

make_guest 'while :; do sleep 100; done'
born=
start_libvirtd
trap 'kill $born $(cat /run/libvirtd.pid) 2>/dev/null; rmdir $top/rt1.partition' EXIT
echo +cpuset >$top/cgroup.subtree_control
mkdir $top/rt1.partition
define_vm 1 1 '<resource><partition>/rt1</partition></resource>'
kvmrt-import -f $cfg || fail "import"
set_in vm1 rt true
set_in vm1 cpuset n1
rescuer=$(pgrep -x kblockd)
snapshot before
kvmrt-boot -f $cfg -v vm1 || fail "boot"
all_placed vm1 vcpu emulator iothread vhost kvm-pit nx-recovery
vcpu_on vm1 0 4
same "partition" isolated "$(cat $top/rt1.partition/cpuset.cpus.partition)"
same "CPUs online" 0-4,6 "$(cat /sys/devices/system/cpu/online)"
same "a rescuer's CPUs" 0-3 "$(cpus_of "$rescuer")"
sleep 300 &
born=$!
off vm1
as_before before "shutdown"
same "CPUs of a task that was born meanwhile" 0-7 "$(cpus_of $born)"
same "a rescuer's CPUs" 0-7 "$(cpus_of "$rescuer")"
step "shut down, and the host as it was"
