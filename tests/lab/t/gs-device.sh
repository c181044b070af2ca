#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: all of it with both modules: kvmrt-gs through /dev/kvmrt_gs, the daemon on the events of the host's module, data of 1 and of 4080 bytes joined whole from the recorded traces of host and guest
# lab: --guests 1
# limit: 180
# shellcheck source=tests/lab/gs-modules.sh
. "$(dirname "$0")/../gs-modules.sh"

cat /dev/kmsg >log &
reader=$!
trap 'kill $reader 2>/dev/null; kill "$(cat /run/kvmrt-gsd/lock)" 2>/dev/null; unload_both 2>/dev/null' EXIT
# await TEXT: until the daemon has written such a line
await() {
	for _ in $(seq 100); do
		grep -qE "kvmrt-gsd: .*$1" log && return
		sleep 0.1
	done
	fail "no line like '$1': $(grep kvmrt-gsd log | tail -n 3)"
}
# joined TRACE NAME: what the view has of the data, joined, without what stands in front
joined() { xtrace-view "$1" | sed -nE "s/.* $2 \[.*id 0x[0-9a-f]+ (.*)\]$/\1/p"; }

kvmrt-gsd --log kmsg || fail "the daemon does not start"
load_both
param kvmrt_gs_hc_host_enabled 1
for _ in $(seq 50); do
	kvmrt-gsd --status | grep -q '^events *of kvmrt_gs_host, which answers' && break
	sleep 0.1
done
kvmrt-gsd --status | grep -q '^events *of kvmrt_gs_host, which answers' || fail "$(kvmrt-gsd --status)"

echo '--- the library through the device'
ssh vm1 kvmrt-gs available ping_available log_msg_available xtrace_flush_available \
	xtrace_log_data_available || fail 'something is not available'
ssh vm1 kvmrt-gs status
ssh vm1 kvmrt-gs status | grep -qi '/dev/kvmrt_gs' || fail 'it is not the device that is used'

echo '--- data, in both traces'
xtrace-run -n h -e kvm:kvm_hypercall -e 'kvmrt_gs:*' -e kvm:kvm_entry -e kvm:kvm_exit -o host 2>host.err &
session=$!
# 4080 printable bytes, none like its neighbours
data=$(seq -w 100000 100900 | tr -d '\n' | head -c 4080)
until xtrace-ctl -s h status 2>/dev/null | grep -q ': recording'; do sleep 0.1; done
ssh vm1 "cd /run/lab && xtrace-run -n g -e 'kvmrt_gs:*' -e sched_switch -o guest \
	kvmrt-gs ping 0x51 log_msg 'through the device' xtrace_log_data 0xa5 \
	xtrace_log_data $data xtrace_flush all" >answers 2>&1 || fail "$(cat answers)"
await 'vm1/[01]: through the device'
incident=$(sed -n 's/^incident //p' answers)
await "vm1/[01]: flush of the trace, all CPUs, incident $incident"
xtrace-ctl -s h stop >/dev/null
wait $session || fail "$(cat host.err)"
mv "$(lab-guest dir vm1)/share/guest" guest
kvmrt-gsd --status
for trace in host guest; do
	name=KVMRT_GS_LOG_DATA_${trace^^}
	same "1 byte in the $trace's trace" '\xa5' "$(joined $trace "$name" | head -n 1)"
	same "4080 bytes in the $trace's trace" "$data" "$(joined $trace "$name" | tail -n 1)"
	grep -q "^incident = $incident " $trace/session || fail "no incident in the $trace's trace"
done
same 'bytes that the daemon counts' 4081 "$(kvmrt-gsd --status --json |
	sed -nE 's/.*"data_bytes": ?([0-9]+).*/\1/p' | tail -n 1)"

echo '--- each call is a pair in the merged trace'
xtrace-multi-merge -o merged host guest || fail 'the traces do not merge'
xtrace-view merged >view
for event in PING FLUSH LOG_MSG LOG_DATA; do
	guests=$(grep -c "vm1 [01] KVMRT_GS_${event}_GUEST " view)
	hosts=$(grep -c "host [0-9]* KVMRT_GS_${event}_HOST " view)
	echo "$event: $guests by the guest, $hosts by the host"
	[ "$guests" -ge 1 ] && [ "$guests" = "$hosts" ] || fail "$event: no pairs"
done
no_complaints
