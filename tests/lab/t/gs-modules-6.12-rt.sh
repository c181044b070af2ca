#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: both kernel modules on 6.12-rt, and KVM unloaded and loaded again below the host's, and below a session of xtrace-run that freezes at its calls
# lab: --kernel 6.12-rt --guests 1
# limit: 300
# shellcheck source=tests/lab/gs-modules.sh
. "$(dirname "$0")/../gs-modules.sh"
all_of_it
lab-guest stop vm1
modprobe -r kvm_amd || fail "KVM cannot be unloaded"
grep -qx 'attached 0' /sys/kernel/debug/kvmrt_gs_host/status || fail "it is attached to nothing"
xtrace-run -n late -m overwrite -e sched_switch -o late 2>late.err &
session=$!
until xtrace-ctl -s late status 2>/dev/null | grep -q ': recording'; do nap 0.1; done
modprobe kvm_amd
grep -qx 'attached 1' /sys/kernel/debug/kvmrt_gs_host/status || fail "it is not attached again"
lab-guest start vm1 --net
lab-guest wait-ready vm1
same "with KVM loaded anew" "0 20" "$(answers user 20 $ping)"
answers user 1 $flush 2 0x1a7e
for _ in $(seq 100); do
	grep -q '^incident = 0x1a7e flush 1 ' late/session && break
	nap 0.1
done
grep '^incident = 0x1a7e flush 1 scope all by guest ' late/session ||
	fail "the session did not freeze: $(grep ^incident late/session; cat late.err)"
xtrace-ctl -s late stop
wait $session || fail "$(cat late.err)"
no_complaints
rmmod kvmrt_gs_host
