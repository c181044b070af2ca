#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# gs-cost.sh: what a call to the host costs, as ratios in one run, in the lab:
#
#   tests/lab/lab --guests 1 tests/lab/gs-cost.sh
#
# PING from the guest's kernel and from a program against the cheapest hypercall of a
# stock KVM (host's module not loaded), and against what else a program could use: 64
# bytes to a virtio-serial port, and a logger over ssh.  Each figure is the cheapest
# batch; kernel figures are cycles, those of programs nanoseconds.
# shellcheck source=tests/lab/gs-modules.sh
. "$(dirname "$0")/gs-modules.sh"
try=$modules/tests/lab/module/gs_try.ko

lab-guest start vm2 --net -- -device virtio-serial-pci,id=serial \
	-chardev null,id=sink -device virtserialport,chardev=sink,name=sink || fail "no guest"
lab-guest wait-ready vm2 || fail "no guest"

# kernel NR: cycles of a call from the guest's kernel
kernel() {
	ssh vm2 "insmod $try nr=$1 count=2000" 2>/dev/null
	ssh vm2 dmesg | sed -n 's/.*gs_try: .* cycles=//p' | tail -n 1
}
# program WHAT: ns of a call of a program
program() { ssh vm2 "$caller cost $1 ${2:-100} 2>&1 >/dev/null" | sed -n 's/.* ns //p'; }

min() { if [ -z "$1" ] || [ "$2" -lt "$1" ]; then echo "$2"; else echo "$1"; fi; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f\n", a / b }'; }

ssh vm2 "modprobe virtio_console; insmod $guest_module kvmrt_gs_hc_guest_enabled=1 kvmrt_gs_syscall_enabled=1"
# rounds by turns, so that whatever else the machine does meets all of them
for _ in 1 2 3; do
	stock=$(min "$stock" "$(kernel 1)")
	stock_user=$(min "$stock_user" "$(program user)")
	insmod "$host_module" kvmrt_gs_hc_host_enabled=1 from_user_mode=1 calls_per_second=0
	with=$(min "$with" "$(kernel $((ping)))")
	with_user=$(min "$with_user" "$(program user)")
	with_device=$(min "$with_device" "$(program device)")
	rmmod kvmrt_gs_host
	serial=$(min "$serial" "$(program /dev/vport*p1)")
done
begin=$(date +%s%N)
for _ in 1 2 3; do
	ssh vm2 true
done
logger=$((($(date +%s%N) - begin) / 3))

echo "PING from the guest's kernel, cheapest stock hypercall = 1: $(ratio "$with" "$stock")"
echo "PING from a program by hypercall, a refused stock hypercall = 1: $(ratio "$with_user" "$stock_user")"
echo "PING from a program by the device, the same = 1: $(ratio "$with_device" "$stock_user")"
echo "64 bytes to virtio-serial, PING by the device = 1: $(ratio "$serial" "$with_device")"
echo "a command over ssh, PING by the device = 1: $(ratio "$logger" "$with_device")"
