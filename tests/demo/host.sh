#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# host.sh: the guide's example of multi-merge tracing, word for word, run on the
# lab's host.  What the guide leaves open is added around its six steps: a
# userapp that fails (tests/demo/userapp.c), and the reason why it fails, a
# real-time process that takes the vCPU's CPU away.

set -u
cd /run/out || exit 1

step() { printf '\n\033[1m%s\033[0m\n' "$*"; }

# The threads of the guest's vCPUs, by the names that QEMU gives them.
vcpu_threads() {
	grep -lsE '^CPU [0-9]+/KVM' /proc/[0-9]*/task/[0-9]*/comm | sed 's|.*/task/||; s|/comm||'
}

# Gives each vCPU one host CPU, and takes all of these away at once, now and then.
disturb() {
	local cpu=2 tid

	for tid in $(vcpu_threads); do
		taskset -pc $cpu "$tid" >/dev/null
		cpu=$((cpu + 1))
	done
	# timeout is outside: at the hog's own priority and CPU it would not run to end it
	for _ in 1 2 3 4 5 6; do
		sleep 4
		[ -e /run/userapp-failed ] && return
		timeout 0.9 taskset -c 2 chrt -f 10 sh -c 'while :; do :; done' &
		timeout 0.9 taskset -c 3 chrt -f 10 sh -c 'while :; do :; done' &
		wait $!
	done
}

echo "host: $(uname -r), $(nproc) CPUs; guest: $(ssh guest_vm 'uname -r; nproc' | paste -sd' ' -) vCPUs"
disturb &
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
exit 0
