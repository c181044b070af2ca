#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# gs-cost.sh: what a call to the host costs, as ratios in one run, in the lab:
#
#   tests/lab/lab tests/lab/gs-cost.sh [ROUNDS]
#
# PING from the guest's kernel and from a program against the cheapest hypercall of a
# stock KVM (host's module not loaded), and against what else a program could use: 64
# bytes to a virtio-serial port, to a vsock, and a command over an ssh connection that
# stands.  Each figure is the least of all rounds: of the kernel the cheapest batch, of
# programs the median of single calls.  A line each: "what|against what|ratio".
# shellcheck source=tests/lab/gs-modules.sh
. "$(dirname "$0")/gs-modules.sh"
try=$modules/tests/lab/module/gs_try.ko
rounds=${1:-3}

modprobe vhost_vsock || fail "no vsock on the host"
python3 -c '
import socket
s = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
s.bind((socket.VMADDR_CID_ANY, 5000))
s.listen()
while True:
    c = s.accept()[0]
    while c.recv(65536):
        pass' &
reader=$!
dropbear -r /run/lab/hostkey -P /run/dropbear.pid 2>/dev/null
trap 'kill $reader "$(cat /run/dropbear.pid)" 2>/dev/null; unload_both 2>/dev/null' EXIT
lab-guest start vm2 --net -- -device vhost-vsock-pci,guest-cid=3 \
	-device virtio-serial-pci,id=serial -chardev file,id=sink,path=/dev/null \
	-device virtserialport,chardev=sink,name=sink || fail "no guest"
lab-guest wait-ready vm2 || fail "no guest"
cp /run/ssh/key /run/ssh/known_hosts "$(lab-guest dir vm2)/share/"

declare -A least
# least NAME VALUE: keeps the least in least[NAME]
least() {
	[ -n "$2" ] && [ "$2" -gt 0 ] || fail "no figure for $1"
	[ -n "${least[$1]:-}" ] && [ "${least[$1]}" -le "$2" ] || least[$1]=$2
}
# kernel NAME NR: cycles of a call from the guest's kernel
kernel() {
	least "$1" "$(ssh vm2 "insmod $try nr=$2 count=2000 2>/dev/null; dmesg" |
		sed -n 's/.*gs_try: .* cycles=//p' | tail -n 1)"
}
# programs WHAT...: ns of a call, or of a write, of a program
programs() {
	local name ns

	while read -r name ns; do
		least "$name" "$ns"
	done < <(ssh vm2 "$caller cost $*")
}

ssh vm2 "modprobe virtio_console && modprobe vmw_vsock_virtio_transport &&
	insmod $guest_module kvmrt_gs_hc_guest_enabled=1 kvmrt_gs_syscall_enabled=1 &&
	mkdir -p /run/ssh && cp /run/lab/key /run/lab/known_hosts /run/ssh/ &&
	chmod 600 /run/ssh/key && ssh 192.168.77.1 true" || fail "the guest is not prepared"
# by turns, so that whatever else the machine does meets all of them
for ((round = 0; round < rounds; round++)); do
	kernel stock 1
	kernel unanswered $((ping))
	programs user "/dev/vport*p1" vsock:5000
	insmod "$host_module" kvmrt_gs_hc_host_enabled=1 from_user_mode=1 calls_per_second=0
	kernel answered $((ping))
	programs user:answered device library
	rmmod kvmrt_gs_host
	least ssh "$(ssh vm2 'begin=$(date +%s%N); ssh 192.168.77.1 true; echo $(($(date +%s%N) - begin))')"
done

# row WHAT AGAINST NAME BASE
row() { awk -v a="${least[$3]}" -v b="${least[$4]}" -v t="$1|$2" 'BEGIN { printf "%s|%.2f\n", t, a / b }'; }

kernels="cheapest hypercall of a stock KVM, from the guest's kernel"
programs="hypercall of a program that a stock KVM refuses"
row "PING from the guest's kernel, nobody answers" "$kernels" unanswered stock
row "PING from the guest's kernel, the host's module answers" "$kernels" answered stock
row "PING from a program by the instruction, answered" "$programs" user:answered user
row "PING from a program by /dev/kvmrt_gs, answered" "$programs" device user
row "kvmrt_gs_ping(), answered" "PING by /dev/kvmrt_gs" library device
row "64 bytes to a virtio-serial port" "kvmrt_gs_ping()" "$(printf '%s\n' "${!least[@]}" | grep vport)" library
row "64 bytes to a vsock" "kvmrt_gs_ping()" vsock:5000 library
row "a command over a standing ssh connection" "kvmrt_gs_ping()" ssh library
