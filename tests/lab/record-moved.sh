#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# record-moved.sh: records tests/fixtures/migration and tests/fixtures/hotplug anew, by
# our own tools: small real traces of a host and of guests whose vCPUs do not stay what
# they were.  No test; by hand, after make programs; the results are the fixture:
#
#     tests/lab/lab --out results tests/lab/record-moved.sh migration
#     tests/lab/lab --out results tests/lab/record-moved.sh hotplug
#
# migration: vm1 (2 vCPUs) goes on in another QEMU of the same host in mid-trace.
# hotplug: vm1 gets a second vCPU in mid-trace, and loses it again before the end.
# vm2 (1 vCPU) stays as it is in both.  A 9p share would forbid the migration, so the
# guests have all they need in their initramfs; the traces come out on a disk each.
#
# shellcheck disable=SC2016 # for the guest's shell
set -u
# shellcheck source=tests/lab/vm-lib.sh
. "${BASH_SOURCE%/*}/vm-lib.sh"
self=$(realpath "$0")
out=/run/out

# --- guests ----------------------------------------------------------------------------

# Says on its console how far it is; a line on the other serial port lets it go on.
guest_init='
mount -t tracefs tracefs /sys/kernel/tracing
for module in /modules/*; do
	insmod $module
done
mkdir /tmp /run
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
for word in $(cat /proc/cmdline); do
	case $word in
	name=*) hostname ${word#name=} ;;
	esac
done
stty 115200 raw -echo </dev/ttyS1
exec 3</dev/ttyS1
echo up
read -r line <&3
xtrace-run -b 1m -n $(hostname) -t $line -e sched:sched_switch -e sched:sched_wakeup \
	-o /tmp/$(hostname) sh /work 2>&1
echo recorded
rm -f /tmp/*/kallsyms.zst /tmp/*/printk_formats
tar -C /tmp -cf /dev/vda $(hostname)
poweroff -f
'

# Something to see on each CPU that there is; one that is plugged in comes and goes.  What
# comes before the first line lies before what the host records.
guest_work='
on_cpu() {
	while [ -e /tmp/on$1 ]; do
		taskset -c $1 usleep $pause
	done
}
come() {
	>/tmp/on$1
	on_cpu $1 &
	echo cpu$1 came
}
dir=/sys/devices/system/cpu/cpu1
pause=60000
[ $(hostname) = vm1 ] || pause=250000
echo recording
read -r line <&3
come 0
! grep -q 1 $dir/online 2>/dev/null || come 1
while read -r line <&3; do
	case $line in
	come)
		until [ -e $dir/online ]; do
			usleep 20000
		done
		echo 1 >$dir/online
		come 1
		;;
	go)
		rm /tmp/on1
		echo 0 >$dir/online
		echo cpu1 went
		;;
	end) break ;;
	esac
done
rm -f /tmp/on*
wait
echo over
'

declare -A pid

# guest NAME SMP [QEMU-ARGUMENT...]: its files are /run/NAME.*; NAME-b is NAME, elsewhere
guest() {
	mkfifo "/run/$1.in" "/run/$1.out"
	truncate -s 8M "/run/${1%-*}.disk"
	qemu-system-x86_64 -name "${1%-*},debug-threads=on" -accel kvm -cpu host -smp "$2" -m 192 \
		-nodefaults -no-user-config -display none -no-reboot -qmp "unix:/run/$1.qmp,server=on,wait=off" \
		-kernel "$LAB_CACHE/kernels/${LAB_RELEASE[$LAB_GUEST_KERNEL]}/vmlinux" -initrd /run/guest.cpio \
		-append "console=ttyS0 panic=-1 quiet $LAB_QUICK name=${1%-*}" \
		-drive "if=virtio,format=raw,file=/run/${1%-*}.disk,file.locking=off" \
		-serial "file:/run/$1.console" -serial "pipe:/run/$1" "${@:3}" 2>&1 &
	pid[$1]=$!
	cat "/run/$1.out" >/dev/null &
}

tell() { echo "$2" >"/run/$1.in"; }

# await NAME TEXT: on its console
await() {
	until grep -q "$2" "/run/$1.console" 2>/dev/null; do
		[ $SECONDS -lt 400 ] || fail "$1 does not say '$2': $(cat "/run/$1.console")"
		nap 0.1
	done
	step "$1: $2"
}

# qmp NAME PROGRAM: of Python, beside us; q(COMMAND, ARGUMENT=...) asks the guest's QEMU, asked()
# waits until it is let by a line in /run/ask: Python takes its time to start
qmp() {
	mkfifo /run/ask
	exec 7<>/run/ask
	python3 - "/run/$1.qmp" "$2" <<-'PY' &
		import json, os, socket, sys, time
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		f = s.makefile("rw")
		f.readline()
		def q(command, **arguments):
		    arguments = {k.replace("_", "-"): v for k, v in arguments.items()}
		    f.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
		    f.flush()
		    while True:
		        answer = json.loads(f.readline())
		        if "error" in answer:
		            sys.exit(answer["error"]["desc"])
		        if "return" in answer:
		            return answer["return"]
		def until(test):
		    while not test():
		        time.sleep(0.1)
		def asked():
		    os.read(7, 1)
		q("qmp_capabilities")
		print("ready", file=open("/run/ready", "w"))
		exec(sys.argv[2])
		print("done", file=open("/run/done", "w"))
	PY
	there /run/ready
}

# there FILE: waits for it
there() {
	until [ -e "$1" ]; do
		[ $SECONDS -lt 400 ] || fail "no $1"
		nap 0.1
	done
	step "$1"
}

# --- what the host records ---------------------------------------------------------------

begin() {
	tell vm1 "$clock"
	tell vm2 "$clock"
	await vm1 recording
	await vm2 recording
}

# what the host records begins
work() {
	tell vm1 work
	tell vm2 work
	sleep 1
}

# finish NAME: as which vm1 ends
finish() {
	sleep 1
	tell "$1" end
	tell vm2 end
	await "$1" over
	await vm2 over
}

story_migration() {
	work
	echo >/run/ask
	there /run/done
	finish vm1-b
}

story_hotplug() {
	work
	echo >/run/ask
	tell vm1 come
	await vm1 'cpu1 came'
	sleep 1
	tell vm1 go
	await vm1 'cpu1 went'
	echo >/run/ask
	there /run/done
	finish vm1
}

# --- before and behind it ----------------------------------------------------------------

prepare_migration() {
	guest vm1 2
	guest vm1-b 2 -incoming unix:/run/move
	guest vm2 1
	await vm1 up
	there /run/move
	qmp vm1 'asked()
q("migrate-set-parameters", downtime_limit=5000, max_bandwidth=1 << 30)
q("migrate", uri="unix:/run/move")
until(lambda: q("query-migrate")["status"] == "completed")'
}

prepare_hotplug() {
	guest vm1 1,maxcpus=2,sockets=2
	guest vm2 1
	await vm1 up
	qmp vm1 'asked()
q("device_add", driver="host-x86_64-cpu", id="more", socket_id=1, core_id=0, thread_id=0)
asked()
q("device_del", id="more")
until(lambda: len(q("query-cpus-fast")) == 1)'
}

record() {
	local what=$1 last=vm1 release=${LAB_RELEASE[$LAB_GUEST_KERNEL]} nr=10 module

	make_guest "$guest_init" xtrace-run
	mkdir -p /run/guest-root/modules
	while read -r _ module _; do
		cp "$module" "/run/guest-root/modules/$((nr++))-${module##*/}"
	done < <(modprobe -d "$LAB_CACHE/kernels/$release" -S "$release" -a --show-depends \
		virtio_pci virtio_blk)
	echo "$guest_work" >/run/guest-root/work
	(cd /run/guest-root && find . | cpio -o -H newc --quiet) >/run/guest.cpio
	"prepare_$what"
	await vm2 up
	begin
	xtrace-run -n host -z 9 -t "$host_clock" -e kvm:kvm_entry -e kvm:kvm_exit -o "$out/host" \
		"$self" "story_$what" || fail "the host's trace: $?"
	[ "$what" = hotplug ] || last=vm1-b
	for vm in $last vm2; do
		wait "${pid[$vm]}"
		tar -C "$out" -xf "/run/${vm%-*}.disk" || fail "the trace of $vm is not whole"
	done
	[ "$last" = vm1 ] || kill "${pid[vm1]}"
	rm -f "$out"/host/{kallsyms.zst,printk_formats}
	sed -i -e 's/^machine-id = .*/machine-id = 00000000000000000000000000000000/' \
		-e 's|^command = /.*/|command = |' "$out"/*/session
	du -sb "$out"/*
}

host_clock=${2:-tod}
clock=${3:-mono}
case ${1-} in
migration | hotplug) record "$1" ;;
story_*) "$1" ;;
*) fail "expected migration or hotplug [HOST'S CLOCK [GUESTS' CLOCK]], found '${1-}'" ;;
esac
