#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kvmrt-boot.sh: real QEMU by a real libvirtd; what needs CPUs of its own is in the lab
[ -n "${KVMRT_WITH_LIBVIRTD:-}" ] || exec "$(dirname "$0")/../tools/with-libvirtd" "$0"
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

cfg=$tmp/kvmrt.cfg
boot() { run kvmrt-boot -f "$cfg" "$@"; }
set_in() { sed -i "/^name = $1\$/,/^\[/s|^$2 =.*|$2 = $3|" "$cfg"; }
for n in 1 2 3; do
	define_vm vm$n 5a1c0005-0000-4000-8000-00000000000$n
done
run kvmrt-import -f "$cfg"
expect_status 0

it 'boots nothing without autostart, and shows with --dry-run what it would boot'
boot
expect_status 0
expect_stdout ''
set_in vm1 autostart true
set_in vm2 autostart true
boot --dry-run
expect_status 0
expect_stdout_like '^vm1: would be started$' '^vm2: would be started$'
[ "$(vm_state vm1)" = 'shut off' ] || fail 'vm1 runs'

it 'boots those with autostart'
boot
expect_status 0
expect_stdout 'vm1: booted
vm2: booted'
[ "$(vm_state vm1)/$(vm_state vm3)" = 'running/shut off' ] || fail 'not vm1 alone runs'

it 'leaves those that run as they should, and refuses them with --clean'
boot
expect_status 0
expect_stdout_like '^vm1: runs as it should$'
boot --clean
expect_status 1
expect_stderr_like '^kvmrt-boot: --clean: "vm1" is running$'

it 'waits for a start that is under way, and judges the VM then'
define_slow_vm slow 5a1c0005-0000-4000-8000-000000000004
run kvmrt-import -f "$cfg" slow
begin_start slow
boot --clean slow
expect_status 1
expect_stderr 'kvmrt-boot: --clean: "slow" is starting'
boot slow
expect_status 0
expect_stdout 'slow: runs as it should'
wait
virsh -q destroy slow

it 're-tunes what runs'
cpu=$(sed 's/[-,].*//' /sys/devices/system/cpu/online)
set_in vm1 cpuset "$cpu"
boot -v vm1
expect_status 0
expect_stdout_like '^  cpuset: none -> '"$cpu"'$'
run kvmrt-stat -f "$cfg" -t vm1
expect_status 0
expect_stdout_like "vcpu +0 +CPU 0/TCG +$cpu " "emulator +- +qemu-system-x86 +$cpu "

it 'gives what runs the CPUs that its cpuset has gained'
all=$(cat /sys/devices/system/cpu/online)
set_in vm1 cpuset "$all"
boot vm1
expect_status 0
[ "$all" = "$cpu" ] || expect_stdout 'vm1: re-tuned'
run kvmrt-stat -f "$cfg" -t vm1
expect_stdout_like "vcpu +0 +CPU 0/TCG +$all " "emulator +- +qemu-system-x86 +$all " "worker +- .* +$all "
boot vm1
expect_stdout 'vm1: runs as it should'
set_in vm1 cpuset "$cpu"
boot vm1
[ "$all" = "$cpu" ] || expect_stdout 'vm1: re-tuned'
set_in vm1 cpuset ''
boot vm1
[ "$all" = "$cpu" ] || expect_stdout 'vm1: re-tuned'
run kvmrt-stat -f "$cfg" -t vm1
expect_stdout_like "vcpu +0 +CPU 0/TCG +$all "
boot vm1
expect_stdout 'vm1: runs as it should'

it 'gives what runs none of the CPUs that are shielded, without a cpuset'
last=$(sed 's/.*[-,]//' /sys/devices/system/cpu/online)
if [ "$last" != "$cpu" ]; then
	set_in vm1 cpuset "$last"
	boot vm1
	expect_stdout 'vm1: re-tuned'
	mkdir -p /run/kvmrt	# of this test's namespace
	printf 'kvmrt-journal\t1\t%s\nnote\tshield irq= loc= proc=%s tier=affinity\ncomplete\n' \
		"$(cat /proc/sys/kernel/random/boot_id)" "$((cpu + 1))-$last" >/run/kvmrt/shield.journal
	set_in vm1 cpuset ''
	boot vm1
	expect_stdout 'vm1: re-tuned'
	run kvmrt-stat -f "$cfg" -t vm1
	expect_stdout_like "vcpu +0 +CPU 0/TCG +$cpu " "emulator +- +qemu-system-x86 +$cpu "
	boot vm1
	expect_stdout 'vm1: runs as it should'
	rm /run/kvmrt/shield.journal
	boot vm1
	expect_stdout 'vm1: re-tuned'
	run kvmrt-stat -f "$cfg" -t vm1
	expect_stdout_like "vcpu +0 +CPU 0/TCG +$all "
fi

it 'starts one that is not real-time with its emulator where emulator_cpuset says'
set_in vm2 cpuset "$cpu"
sed -i "/^name = vm2\$/a emulator_cpuset = $last" "$cfg"
virsh -q destroy vm2
boot vm2
expect_status 0
run kvmrt-stat -f "$cfg" -t vm2
expect_status 0
expect_stdout_like "vcpu +0 +CPU 0/TCG +$cpu .* ok$" "emulator +- +qemu-system-x86 +$last .* ok$"
sed -i '/^emulator_cpuset/d' "$cfg"
set_in vm2 cpuset ''

it 'places what comes back from where it was saved as the file says by now'
virsh -q managedsave vm1
set_in vm1 cpuset "$cpu"
boot vm1
expect_status 0
expect_stdout 'vm1: booted'
run kvmrt-stat -f "$cfg" -t vm1
expect_status 0
expect_stdout_like "vcpu +0 +CPU 0/TCG +$cpu .* ok$" "emulator +- +qemu-system-x86 +$cpu .* ok$"

it 'boots no real-time VM onto the CPUs of a disabled one that runs'
set_in vm1 disabled true
set_in vm2 cpuset "$cpu"
set_in vm2 rt true
boot vm2
expect_status 1
expect_stderr_like "^kvmrt-boot: error: vm2: cpuset: CPU $cpu is used by VM \"vm1\" .* \[rt-overlap\]$"
set_in vm2 rt false
set_in vm2 cpuset ''

it 'minds nothing else of a disabled one that runs'
set_in vm1 nr_vcpus 2
set_in vm1 cpu_topology 1,1,1
boot vm2
expect_status 0
expect_stderr ''
boot vm1
expect_status 1
expect_stderr_like '^kvmrt-boot: error: vm1: .* \[topology-product\]$'
set_in vm1 nr_vcpus 1
set_in vm1 cpu_topology auto
set_in vm1 disabled false

it 'boots nothing while a rule is broken'
set_in vm3 rt true
boot vm3
expect_status 1
expect_stderr_like '^kvmrt-boot: error: vm3: .* \[rt-' "^kvmrt-boot: $cfg is not valid: nothing is booted$"

it 'checks a disabled one when it is to be booted, and else not'
set_in vm3 disabled true
boot vm1
expect_status 0
boot vm3
expect_status 1
expect_stderr_like '^kvmrt-boot: error: vm3: .* \[rt-no-cpuset\]$'
boot --all
expect_status 1
expect_stderr_like "^kvmrt-boot: $cfg is not valid: nothing is booted$"
set_in vm3 disabled false
set_in vm3 rt false

it 'goes on behind one that does not start, and passes on why'
virsh -q dumpxml --inactive vm3 | sed 's|<devices>|&<disk type="file"><source file="/nonexistent"/><target dev="hda"/></disk>|' \
	>"$tmp/vm3.xml"
virsh -q define "$tmp/vm3.xml" || fail 'vm3 with a disk'
virsh -q destroy vm2
boot vm3 vm2
expect_status 1
expect_stdout 'vm2: booted'
expect_stderr_like "^kvmrt-boot: vm3: cannot start the VM: .*/nonexistent"
[ "$(vm_state vm3)" = 'shut off' ] || fail 'vm3 runs'

it 'tells a program what became of each, and nothing else on stdout'
virsh -q destroy vm2
boot --json -v vm1 vm2 vm3
expect_status 1
why=$(sed -n 's/^kvmrt-boot: \(vm3: cannot start the VM: .*\)/\1/p' "$tmp/stderr")
expect_stdout '[
 {"vm":"vm1","uuid":"5a1c0005-0000-4000-8000-000000000001","result":"as-it-was","error":null},
 {"vm":"vm2","uuid":"5a1c0005-0000-4000-8000-000000000002","result":"booted","error":null},
 {"vm":"vm3","uuid":"5a1c0005-0000-4000-8000-000000000003","result":"failed","error":"'"${why//\"/\\\"}"'"}
]'
virsh -q destroy vm2
boot --json -n vm2
expect_status 0
expect_stdout '[
 {"vm":"vm2","uuid":"5a1c0005-0000-4000-8000-000000000002","result":"booted","error":null}
]'
expect_stderr_like '^vm2: would be started$'
boot --json vm2
expect_status 0
expect_stderr ''
boot --json vm9
expect_status 1
expect_stdout ''

it 'says that an emulator is missing'
virsh -q dumpxml --inactive vm3 | sed "s|<emulator>.*</emulator>|<emulator>$tmp/qemu</emulator>|; /<disk /,/<.disk>/d" \
	>"$tmp/vm3b.xml"
printf '#!/bin/sh\nexec /usr/bin/qemu-system-x86_64 "$@"\n' >"$tmp/qemu"
chmod +x "$tmp/qemu"
virsh -q define "$tmp/vm3b.xml" || fail 'vm3 with an emulator'
rm "$tmp/qemu"
boot vm3
expect_status 1
expect_stderr_like "^kvmrt-boot: vm3: .*$tmp/qemu"

it 'does not start what there is no memory to lock for, and says how much is needed'
virsh -q dumpxml --inactive vm3 | sed "/<emulator>/d; s|<memory .*|<memory unit='TiB'>64</memory>|; /<currentMemory/d" \
	>"$tmp/vm3c.xml"
virsh -q define "$tmp/vm3c.xml" || fail 'vm3 with much memory'
set_in vm3 rt_memory true
boot vm3
expect_status 1
expect_stderr_like "^kvmrt-boot: vm3: expected at least 64 TiB to lock \\(64 TiB of the guest and 88 MiB of QEMU\\), found .* free in the host$"
virsh -q dumpxml --inactive vm3 | sed "s|<memory .*|<memory unit='MiB'>64</memory><memtune><hard_limit unit='MiB'>64</hard_limit></memtune>|; /<currentMemory/d" \
	>"$tmp/vm3d.xml"
virsh -q define "$tmp/vm3d.xml" || fail 'vm3 with a limit'
boot vm3
expect_status 1
expect_stderr "kvmrt-boot: vm3: expected at least 152 MiB to lock (64 MiB of the guest and 88 MiB of QEMU), found 64 MiB as hard_limit in memtune of its XML"
[ "$(vm_state vm3)" = 'shut off' ] || fail 'vm3 runs'

it 'with --clean boots none behind one that fails, and says of none that it was'
virsh -q destroy vm1
virsh -q destroy vm2
virsh -q dumpxml --inactive vm2 | sed "/<memory /i <memtune><hard_limit unit='MiB'>64</hard_limit></memtune>" \
	>"$tmp/vm2.xml"
virsh -q define "$tmp/vm2.xml" || fail 'vm2 with a limit'
set_in vm2 rt_memory true
boot -v --clean vm1 vm2 vm3
expect_status 1
expect_stdout_like '^vm1: booted$'
expect_stderr_like '^kvmrt-boot: vm2: expected at least' \
	'^kvmrt-boot: vm3: not booted, since another failed$'
! grep '^vm[23]: booted' "$tmp/stdout" || fail 'one was booted'
virsh -q destroy vm1
boot -v --json --clean vm1 vm2 vm3
expect_status 1
expect_stdout_like '"vm":"vm1",.*"result":"booted"' '"vm":"vm2",.*"result":"failed"' \
	'"vm":"vm3",.*"result":"left-out","error":null}$'

it 'lets those guests call the host that have gs, where its module has a list'
allow=/sys/module/kvmrt_gs_host/parameters/allow
mount -t tmpfs none /sys/module && mkdir -p "${allow%/*}" || fail 'cannot mount'
# expect_allowed WORDS
expect_allowed() { [ "$(cat $allow)" = "$1" ] || fail "expected \"$1\", found \"$(cat $allow)\""; }
echo 4194304 >$allow	# no process has that number
sed -i '/^name = vm1$/a gs = true' "$cfg"
boot vm1
expect_status 0
expect_allowed "$(cat /run/libvirt/qemu/vm1.pid)"
run kvmrt-shutdown -f "$cfg" --force -t 1 vm1
expect_allowed ''
boot -v vm1
expect_stdout_like '^vm1: its guest may call the host$'
expect_allowed "$(cat /run/libvirt/qemu/vm1.pid)"
set_in vm1 gs false
boot -n vm1
expect_allowed "$(cat /run/libvirt/qemu/vm1.pid)"
boot vm1
expect_status 0
expect_allowed ''
echo '*' >$allow
boot vm1
expect_allowed '*'
umount /sys/module

it 'names a VM that the file does not have'
boot vm9
expect_status 1
expect_stderr_like 'has no VM "vm9"; near to it is "vm1"'

it 'says that libvirtd does not run'
end_libvirtd
boot
expect_status 3
expect_stderr_like 'is libvirtd running\?'
