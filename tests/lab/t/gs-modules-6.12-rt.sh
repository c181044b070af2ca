#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: both kernel modules on 6.12-rt, and KVM unloaded and loaded again below the host's
# lab: --kernel 6.12-rt --guests 1
# limit: 300
# shellcheck source=tests/lab/gs-modules.sh
. "$(dirname "$0")/../gs-modules.sh"
all_of_it
lab-guest stop vm1
modprobe -r kvm_amd || fail "KVM cannot be unloaded"
grep -qx 'attached 0' /sys/kernel/debug/kvmrt_gs_host/status || fail "it is attached to nothing"
modprobe kvm_amd
grep -qx 'attached 1' /sys/kernel/debug/kvmrt_gs_host/status || fail "it is not attached again"
lab-guest start vm1 --net
lab-guest wait-ready vm1
same "with KVM loaded anew" "0 20" "$(answers user 20 $ping)"
no_complaints
rmmod kvmrt_gs_host
