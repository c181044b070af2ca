#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: a VM paused, saved to a file and gone on from it, or ended in the middle of a message, the module loaded and unloaded there: no hang, nothing stale, daemon and trace say what is missing
# lab: --guests 1
# limit: 300
. "$(dirname "$0")/../t-lib.sh"
# shellcheck source=/dev/null
. /run/lab/env

tree=$(realpath "$(dirname "$0")/../../..")
storm=$tree/build/tests/tools/gs-storm
host_module=$tree/build/modules/$(uname -r)/gs/host/module/kvmrt_gs_host.ko
[ -x "$storm" ] || fail "no $storm: make check-lab builds it"

# A guest whose root is its initramfs, since one with a share over 9p cannot be moved.
make_initramfs() {
	mkdir -p root/bin root/proc root/dev
	cp /bin/busybox "$storm" root/bin/
	ldd "$storm" | grep -o '/[^ ]*' | xargs -I{} cp --parents -L {} root
	printf '%s\n' '#!/bin/busybox sh' '/bin/busybox mount -t proc proc /proc' \
		'/bin/busybox mount -t devtmpfs dev /dev' 'exec /bin/gs-storm slow' >root/init
	chmod +x root/init
	(cd root && find . | cpio -o -H newc --quiet) >initramfs
}

# start [QEMU-ARGUMENT...]: the guest "mover"
start() {
	qemu-system-x86_64 -name mover,debug-threads=on -accel kvm -cpu host -smp 1 -m 128 \
		-nodefaults -no-user-config -display none -no-reboot -serial file:console \
		-kernel "$LAB_CACHE/kernels/$(uname -r)/vmlinux" -initrd initramfs \
		-append "console=ttyS0 panic=-1 quiet mitigations=off cryptomgr.notests" \
		-qmp unix:qmp,server=on,wait=off "$@" >qemu.log 2>&1 </dev/null &
	guest=$!
}

# qmp COMMAND [ARGUMENTS]: asks the guest's QEMU, prints the answer
qmp() {
	python3 - "$@" <<-'END'
		import json, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.connect("qmp")
		f = s.makefile("rw")
		f.readline()
		def ask(command, arguments):
		    f.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
		    f.flush()
		    while True:
		        answer = json.loads(f.readline())
		        if "event" not in answer:
		            return answer
		ask("qmp_capabilities", {})
		print(json.dumps(ask(sys.argv[1], json.loads(sys.argv[2]) if len(sys.argv) > 2 else {})))
	END
}

lines() { sed -nE 's/^[^;]*;kvmrt-gsd: [0-9TZ:.-]+ //p' log; }
# count COLUMN: of the guest, in the daemon's table; of its present process
count() {
	kvmrt-gsd --status | awk -v pid=$guest -v name="$1" '
		$1 == "VM" { for (i = 1; i <= NF; i++) if ($i == name) column = i }
		$2 == pid { print $column }'
}
# until_more COLUMN N: until the guest has N more there than now
until_more() {
	local from tries

	from=$(count "$1")
	for tries in $(seq 400); do
		[ "$(($(count "$1") - ${from:-0}))" -ge "$2" ] && return
		sleep 0.1
	done
	fail "$1 stays at $(count "$1") after $tries looks: $(lines | tail -n 3; tail -n 3 console qemu.log)"
}
# in_mid_message: behind the third of a message's ten fragments
in_mid_message() {
	local messages

	until_more MESSAGES 1
	messages=$(count CALLS)
	while [ $(($(count CALLS) - messages)) -lt 3 ]; do sleep 0.05; done
}
incomplete() { lines | grep -c 'mover.*bytes missing\]'; }
# expect_more_incomplete WHAT FROM N: a slow machine may cut others as well
expect_more_incomplete() {
	for _ in $(seq 200); do
		[ $(($(incomplete) - $2)) -ge "$3" ] && return
		sleep 0.1
	done
	fail "$1: expected $3 incomplete messages more than $2, found $(incomplete)"
}

make_initramfs
cat /dev/kmsg >log &
reader=$!
trap 'kill $reader $guest $session 2>/dev/null; kill "$(cat /run/kvmrt-gsd/lock)" 2>/dev/null
	rmmod kvmrt_gs_host 2>/dev/null' EXIT
session=
kvmrt-gsd --log kmsg || fail "the daemon does not start"
xtrace-run -n life -e kvm:kvm_hypercall -e kvm:kvm_entry -o life 2>life.err &
session=$!
start
until_more MESSAGES 1

echo '--- paused in mid-message'
before=$(incomplete)
in_mid_message
qmp stop >/dev/null
expect_more_incomplete 'told while it stands still' "$before" 1
qmp cont >/dev/null
until_more MESSAGES 3
expect_more_incomplete 'its rest, told apart' "$before" 2

echo '--- saved to a file in mid-message, and gone on from there'
before=$(incomplete)
in_mid_message
qmp migrate '{"uri": "exec:cat >state"}' >/dev/null
for _ in $(seq 300); do
	qmp query-migrate | grep -q '"status": "completed"' && break
	sleep 0.2
done
qmp query-migrate | grep -q '"status": "completed"' || fail "it was not saved: $(qmp query-migrate)"
kill $guest
wait $guest
start -incoming 'exec:cat state'
until_more MESSAGES 3
expect_more_incomplete 'both parts' "$before" 2

if [ -e "$host_module" ]; then
	echo '--- the module comes, and goes, in mid-message'
	in_mid_message
	insmod "$host_module" kvmrt_gs_hc_host_enabled=1 from_user_mode=1
	until_more MESSAGES 2
	kvmrt-gsd --status | grep -q 'which answers' || fail 'the module is not used'
	in_mid_message
	rmmod kvmrt_gs_host
	until_more MESSAGES 2
	kvmrt-gsd --status | grep -q 'nobody answers' || fail 'the module is still believed'
fi

echo '--- ended in mid-message'
before=$(incomplete)
in_mid_message
kill -KILL $guest
wait $guest
expect_more_incomplete 'told at its end' "$before" 1
sleep 3
! kvmrt-gsd --status | grep -q '^mover' || fail 'the VM stays in the table'

xtrace-ctl -s life stop >/dev/null
wait $session || fail "$(cat life.err)"
# each message stands there, whole or with its hole; none has gone silently
lines | sed -nE 's/^mover[^ ]*: slow ([0-9]+) .*/\1/p' | sort -n | uniq |
	awk '$1 != NR { print "message " NR " is missing"; exit 1 } END { print NR " messages" }' ||
	fail "$(lines | grep mover)"
echo "in the trace: $(xtrace-view life | grep -c 'LOG_MSG_HOST.* missing ') incomplete, $(xtrace-view life | grep -c 'LOG_MSG_HOST') in all"
# what a pause cut is whole there, since nothing else was recorded meanwhile
[ "$(xtrace-view life | grep -c 'LOG_MSG_HOST.* missing ')" -ge 3 ] || fail 'the trace does not say it'
