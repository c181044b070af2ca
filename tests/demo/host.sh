#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# host.sh: the guide's example of multi-merge tracing, word for word, run on the
# lab's host.  What the guide leaves open is added around its six steps: a
# userapp that fails (tests/demo/userapp.c), and the reason why it fails, a
# real-time process that takes the vCPU's CPU away.  Then the same failure again,
# and the application itself has both traces saved, by one call.

set -u
cd /run/out || exit 1

step() { printf '\n\033[1m%s\033[0m\n' "$*"; }

# The threads of the guest's vCPUs, by the names that QEMU gives them.
vcpu_threads() {
	grep -lsE '^CPU [0-9]+/KVM' /proc/[0-9]*/task/[0-9]*/comm | sed 's|.*/task/||; s|/comm||'
}

# disturb FILE: gives each vCPU one host CPU, and takes all of these away at once, now
# and then, until FILE is there.
disturb() {
	local cpu=2 tid

	for tid in $(vcpu_threads); do
		taskset -pc $cpu "$tid" >/dev/null
		cpu=$((cpu + 1))
	done
	# timeout is outside: at the hog's own priority and CPU it would not run to end it
	for _ in 1 2 3 4 5 6; do
		sleep 4
		[ -e "$1" ] && return
		timeout 0.9 taskset -c 2 chrt -f 10 sh -c 'while :; do :; done' &
		timeout 0.9 taskset -c 3 chrt -f 10 sh -c 'while :; do :; done' &
		wait $!
	done
}

echo "host: $(uname -r), $(nproc) CPUs; guest: $(ssh guest_vm 'uname -r; nproc' | paste -sd' ' -) vCPUs"
disturb /run/userapp-failed &
disturber=$!

step "1. rm -rf xtrace-host; xtrace-run -m overwrite -t tod -o xtrace-host sleep 600 &"
rm -rf xtrace-host
xtrace-run -m overwrite -t tod -o xtrace-host \
sleep 600 &
tracer=$!

step "2. ssh guest_vm \"... xtrace-run ... (userapp || xtrace-ctl flush)\""
ssh guest_vm "rm -rf xtrace-vm;
xtrace-run -m overwrite -t tod -o xtrace-vm \
bash -c '(userapp || xtrace-ctl flush)'" || exit 1
touch /run/userapp-failed

step "3. xtrace-ctl flush stop"
xtrace-ctl flush stop || exit 1

step "4. scp -r guest-vm:xtrace-vm ."
scp -r guest-vm:xtrace-vm . >/dev/null || exit 1

step "5. xtrace-multi-merge -o xtrace-merged xtrace-host xtrace-vm"
xtrace-multi-merge -o xtrace-merged xtrace-host xtrace-vm || exit 1

step "6. xtrace-view xtrace-merged"
xtrace-view xtrace-merged >view.txt || exit 1
echo "$(wc -l <view.txt) lines"

wait "$disturber"
pkill -P "$tracer" sleep
wait "$tracer"

# ---- the same, frozen at the very call ----

step "Again, and userapp itself calls kvmrt_gs_xtrace_flush() when it is late"
disturb /run/userapp-froze &
disturber=$!
echo "+ xtrace-run -m overwrite -o freeze-host &"
xtrace-run -m overwrite -o freeze-host 2>freeze-host.log &
tracer=$!
until xtrace-ctl status 2>/dev/null | grep -q ': recording'; do sleep 0.2; done
echo "+ ssh guest_vm xtrace-run -m overwrite -o freeze-vm userapp --freeze"
ssh guest_vm xtrace-run -m overwrite -o freeze-vm userapp --freeze 2>freeze-vm.log | tee userapp.txt
touch /run/userapp-froze
incident=$(sed -n 's/.* was incident //p' userapp.txt)
[ -n "$incident" ] || exit 1
# the buffers were saved long ago, whatever the host has recorded since
xtrace-ctl stop || exit 1
wait "$tracer"
grep 'saved at a call to flush' freeze-host.log
scp -r guest-vm:freeze-vm . >/dev/null || exit 1
for trace in freeze-host freeze-vm; do
	grep -H "^incident = $incident " $trace/session || exit 1
done

step "xtrace-multi-merge --incident $incident -o freeze-merged freeze-host freeze-vm"
xtrace-multi-merge --incident "$incident" -o freeze-merged freeze-host freeze-vm || exit 1
wait "$disturber"
exit 0
