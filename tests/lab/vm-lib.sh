# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vm-lib.sh: what tests of t/ about virtual machines have in common: a libvirtd in
# the lab's host, small domains under KVM, what must be true while one is real-time.

# shellcheck source=tests/lab/t-lib.sh
. "${BASH_SOURCE%/*}/t-lib.sh"
# shellcheck source=/dev/null
. /run/lab/env
lab_folder=${BASH_SOURCE%/*}
cfg=/run/kvmrt.cfg

start_libvirtd() {
	local i

	mkdir -p /etc/libvirt/qemu /run/lock /var/log/libvirt/qemu
	cat >/etc/libvirt/qemu.conf <<-END
		stdio_handler = "file"
		user = "root"
		group = "root"
		dynamic_ownership = 0
		security_driver = "none"
		namespaces = []
	END
	printf 'auth_unix_rw = "none"\nauth_unix_ro = "none"\n' >/etc/libvirt/libvirtd.conf
	libvirtd -d >/run/libvirtd.log 2>&1
	for ((i = 0; i < 300; i++)); do
		virsh -q list >/dev/null 2>&1 && return
		nap 0.2
	done
	fail "libvirtd does not answer"
}

# make_guest SCRIPT PROGRAM...: an initramfs of busybox and these programs whose init is SCRIPT
make_guest() {
	local root=/run/guest-root program file

	mkdir -p $root/bin $root/proc $root/sys $root/dev
	cp "$(command -v busybox)" $root/bin/
	for program in "${@:2}"; do
		cp "$(command -v "$program")" $root/bin/
		for file in $(ldd "$root/bin/$program" | grep -o '/[^ ]*'); do
			mkdir -p "$root${file%/*}" && cp -L "$file" "$root$file"
		done
	done
	cat >$root/init <<-END
		#!/bin/busybox sh
		/bin/busybox --install -s /bin
		mount -t proc proc /proc
		mount -t sysfs sysfs /sys
		mount -t devtmpfs dev /dev
		$1
	END
	chmod +x $root/init
	(cd $root && find . | cpio -o -H newc --quiet) >/run/guest.cpio
}

# uuid_of NUMBER
uuid_of() { printf '5a1c0004-0000-4000-8000-%012d' "$1"; }

# define_vm NUMBER VCPUS [XML]: vmNUMBER, with an iothread and a network by vhost
define_vm() {
	ip tuntap add "tap$1" mode tap vnet_hdr
	cat >/run/vm.xml <<-END
		<domain type='kvm'>
		  <name>vm$1</name>
		  <uuid>$(uuid_of "$1")</uuid>
		  <memory unit='MiB'>128</memory>
		  <vcpu>$2</vcpu>
		  ${3-}
		  <iothreads>1</iothreads>
		  <os>
		    <type arch='x86_64' machine='pc'>hvm</type>
		    <kernel>$LAB_CACHE/kernels/${LAB_RELEASE[$LAB_GUEST_KERNEL]}/vmlinux</kernel>
		    <initrd>/run/guest.cpio</initrd>
		    <cmdline>console=ttyS0 panic=-1 quiet mitigations=off acpi=off</cmdline>
		  </os>
		  <features><acpi/><apic/></features>
		  <cpu mode='host-passthrough'/>
		  <devices>
		    <emulator>/usr/bin/qemu-system-x86_64</emulator>
		    <controller type='usb' model='none'/>
		    <interface type='ethernet'>
		      <target dev='tap$1' managed='no'/>
		      <model type='virtio'/>
		      <driver name='vhost'/>
		      <rom enabled='no'/>
		    </interface>
		    <serial type='file'><source path='/run/console$1'/></serial>
		    <memballoon model='none'/>
		  </devices>
		</domain>
	END
	virsh -q define --validate /run/vm.xml || fail "vm$1 is refused"
}

# set_in NAME ATTRIBUTE VALUE: in the configuration
set_in() { sed -i "/^name = $1\$/,/^\[/s|^$2 =.*|$2 = $3|" $cfg; }

# snapshot NAME, then as_before NAME: the host is to the byte what it was
snapshot() { "$lab_folder/host-snapshot" "/run/$1.json"; }
as_before() {
	"$lab_folder/host-snapshot" /run/after.json
	"$lab_folder/host-snapshot" --compare "/run/$1.json" /run/after.json || fail "not as before ($2)"
}

# nobody_else_on CPULIST NAME...: no task, movable interrupt or work queue may use the CPUs but the
# VMs' own, the kernel's threads that are bound to them, and the emulated timer's interrupt
nobody_else_on() {
	local pids

	pids=$(for vm in "${@:2}"; do cat "/run/libvirt/qemu/$vm.pid" && echo; done)
	# shellcheck disable=SC2086 # numbers
	python3 - "$1" $pids <<-'END' || fail "somebody else may use CPUs $1"
		import glob, os, re, sys, time

		def cpus(text):
		    out = set()
		    for item in filter(None, text.strip().split(",")):
		        a, _, b = item.partition("-")
		        out |= set(range(int(a), int(b or a) + 1))
		    return out

		def mask(path):
		    m = int(open(path).read().replace(",", ""), 16)
		    return {i for i in range(1024) if m >> i & 1}

		own, qemu = cpus(sys.argv[1]), sys.argv[2:]
		bound = re.compile(r".*/\d+(H|:.*)?$")

		def tasks():
		    for path in glob.glob("/proc/[0-9]*/task/[0-9]*"):
		        try:
		            status = open(path + "/status").read()
		            comm = open(path + "/comm").read().strip()
		            kernel = not open(path + "/cmdline").read()
		        except OSError:
		            continue
		        allowed = cpus(re.search(r"Cpus_allowed_list:\s*(.*)", status).group(1))
		        if not allowed & own or path.split("/")[2] in qemu or \
		           re.split("[-/]", comm)[-1] in qemu:
		            continue
		        # Rescuers work when memory is short, and are bound to all CPUs by the kernel.  Unbound
		        # workers follow the work queues' masks, which are below, when they work the next time.
		        if kernel and (len(allowed) == 1 and bound.match(comm) or
		                       comm.startswith(("kworker/R-", "kworker/u"))):
		            continue
		        yield "%s %s: %s" % (path, comm, sorted(allowed))

		bad = list(tasks())
		# an interrupt's thread follows its mask, which is below too, at the next interrupt
		for _ in range(10):
		    if not bad or not all(" irq/" in task for task in bad):
		        break
		    print("waiting for", "; ".join(bad))
		    time.sleep(1)
		    bad = list(tasks())
		for path in glob.glob("/proc/irq/*/smp_affinity_list"):
		    if cpus(open(path).read()) & own and path != "/proc/irq/0/smp_affinity_list" and \
		       os.listdir(os.path.dirname(path)) and glob.glob(os.path.dirname(path) + "/*/"):
		        bad.append(path)
		queues = "/sys/devices/virtual/workqueue/"
		for path in ["/proc/irq/default_smp_affinity", queues + "cpumask"] + \
		        glob.glob(queues + "*/cpumask"):
		    if mask(path) & own:
		        bad.append(path)
		print("\n".join(bad))
		sys.exit(bool(bad))
	END
}

step() { echo "$(cut -d' ' -f1 /proc/uptime) s: $*"; }
off() { kvmrt-shutdown -f $cfg --force -t 1 || fail "shutdown of $1"; }

# all_placed NAME ROLE...
all_placed() {
	local role

	kvmrt-stat -f $cfg -t "$1" >/run/stat
	cat /run/stat
	for role in "${@:2}"; do
		grep -q "^$1 .* $role .* ok$" /run/stat || fail "no $role in its place"
	done
	! grep -q 'expected' /run/stat || fail "a thread is not in its place"
}

# vcpu_on NAME NUMBER CPU: as /proc shows it, not as it was asked for; its group is in $group
vcpu_on() {
	local tid name

	tid=$(grep -l "^CPU $2/" "/proc/$(cat "/run/libvirt/qemu/$1.pid")"/task/*/comm | cut -d/ -f5)
	same "CPUs of $1's vCPU $2" "$3" "$(awk '/^Cpus_allowed_list/ { print $2 }' "/proc/$tid/status")"
	same "policy of $1's vCPU $2" "SCHED_FIFO 1" "$(chrt -p "$tid" | sed 's/.*: //' | xargs)"
	group=/sys/fs/cgroup$(cut -d: -f3 "/proc/$tid/cgroup")
	same "group" "vcpu$2" "${group##*/}"
	same "its CPUs" "$3" "$(cat "$group/cpuset.cpus.effective")"
	for name in rcuc/$3 ktimers/$3 ksoftirqd/$3; do
		tid=$(grep -lx "$name" /proc/[0-9]*/comm | cut -d/ -f3)
		[ -z "$tid" ] || [ "$(chrt -p "$tid" | sed -n 's/.*priority: //p')" -gt 1 ] ||
			fail "$name comes behind the vCPU"
	done
}

# vcpu_alone_on NAME NUMBER CPU: and in an isolated partition of its own
vcpu_alone_on() {
	vcpu_on "$@"
	same "partition" isolated "$(cat "$group/cpuset.cpus.partition")"
}

# memory_on NODE NAME: locked, and the guest's, the largest mapping, there and nowhere else
memory_on() {
	local pid

	pid=$(cat "/run/libvirt/qemu/$2.pid")
	[ "$(awk '/^VmLck/ { print $2 }' "/proc/$pid/status")" -gt 131072 ] ||
		fail "memory is not locked"
	grep -E 'anon=[0-9]{4,}' "/proc/$pid/numa_maps" | sort -t= -k2 -n | tail -n 1 >/run/numa
	grep -q " N$1=" /run/numa && ! grep -q " N$((1 - $1))=" /run/numa ||
		fail "memory: $(cat /run/numa)"
}
