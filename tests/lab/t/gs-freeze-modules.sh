#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: the same with the modules, with the guest's alone, and with a module that comes after the session
# lab: --guests 1
# guests: vm5
# limit: 300
# shellcheck source=tests/lab/gs-freeze.sh
. "$(dirname "$0")/../gs-freeze.sh"
modules=$dir/../../build/modules/$(uname -r)
[ -e "$modules/gs/host/module/kvmrt_gs_host.ko" ] || {
	echo "no kernel modules for $(uname -r): make lab-modules"
	exit 77
}

insmod "$modules/gs/host/module/kvmrt_gs_host.ko" kvmrt_gs_hc_host_enabled=1
ssh vm5 insmod "$modules/guest/module/kvmrt_gs_guest.ko" \
	kvmrt_gs_hc_guest_enabled=1 kvmrt_gs_syscall_enabled=1
all_calls modules "0 1 2" -e kvmrt_gs:*
rmmod kvmrt_gs_host
all_calls guest "0 1 2" -e kvmrt_gs:*
ssh vm5 rmmod kvmrt_gs_guest

echo '--- a session is there before the module that makes the calls'
ssh vm5 "xtrace-run -n late -m overwrite -e sched_switch -o /run/lab/late >/run/lab/late.log 2>&1 </dev/null &
	until xtrace-ctl -s late status 2>/dev/null | grep -q ': recording'; do sleep 0.1; done
	insmod $modules/guest/module/kvmrt_gs_guest.ko kvmrt_gs_hc_guest_enabled=1 kvmrt_gs_syscall_enabled=1
	sleep 3; kvmrt-gs -u xtrace_flush all" >late.out || fail "$(cat late.out "$share/late.log")"
id=$(sed -n 's/^incident //p' late.out)
until_true "grep -q '^incident = $id flush 1 ' $share/late/session"
ssh vm5 "xtrace-ctl -s late stop; rmmod kvmrt_gs_guest" >/dev/null
