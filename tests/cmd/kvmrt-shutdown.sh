#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kvmrt-shutdown.sh: real guests that do not listen; parallel, serial, by force
[ -n "${KVMRT_WITH_LIBVIRTD:-}" ] || exec "$(dirname "$0")/../tools/with-libvirtd" "$0"
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

cfg=$tmp/kvmrt.cfg
shut() { run kvmrt-shutdown -f "$cfg" "$@"; }
for n in 1 2 3 4; do
	define_vm vm$n 5a1c0006-0000-4000-8000-00000000000$n
done
run kvmrt-import -f "$cfg"
expect_status 0
run kvmrt-boot -f "$cfg" --all
expect_status 0
expect_stdout_like '^vm4: booted$'

it 'says what it would do'
shut --dry-run vm1
expect_status 0
expect_stdout 'vm1: would be shut down'
[ "$(vm_state vm1)" = running ] || fail 'vm1 does not run'

it 'lets a guest run on that does not power off, and says so'
shut -t 1 vm1
expect_status 1
expect_stderr 'kvmrt-shutdown: vm1: its guest does not power off: it is running still after 1 s'

it 'asks a guest that is being started as soon as it runs'
define_slow_vm slow 5a1c0006-0000-4000-8000-000000000005
cp "$cfg" "$tmp/without"
run kvmrt-import -f "$cfg" slow
begin_start slow
shut -t 1 slow
expect_status 1
expect_stderr 'kvmrt-shutdown: slow: its guest does not power off: it is running still after 1 s'
wait
virsh -q destroy slow
cp "$tmp/without" "$cfg"

it 'ends a start that does not end by force when its time is over'
# the shell goes with it, and not a sleep of its own
sed -i 's/sleep 3/exec sleep 60/' "$tmp/slow-qemu"
run kvmrt-import -f "$cfg" slow
begin_start slow 2>/dev/null
began=$(date +%s)
shut --force -t 1 --dry-run slow
expect_stdout 'slow: would be ended'
shut --force -t 1 slow
expect_status 0
expect_stdout 'slow: ended'
[ $(($(date +%s) - began)) -lt 10 ] || fail "after $(($(date +%s) - began)) s"
wait
[ "$(vm_state slow)" = 'shut off' ] || fail 'slow runs'
cp "$tmp/without" "$cfg"

it 'ends them by force, all at the same time'
began=$(date +%s%N)
shut --force -t 2
took=$((($(date +%s%N) - began) / 1000000))
expect_status 0
expect_stdout 'vm1: ended
vm2: ended
vm3: ended
vm4: ended'
[ "$(vm_state vm1)/$(vm_state vm4)" = 'shut off/shut off' ] || fail 'some run'
# One after the other takes four times 2 s.
[ $took -lt 7000 ] || fail "not at the same time: $took ms"

it 'has nothing to say of VMs that are off'
shut
expect_status 0
expect_stdout ''

it 'ends one that was never resumed at once'
virsh -q start --paused vm2
shut --dry-run vm2
expect_status 0
expect_stdout 'vm2: would be ended'
shut vm2
expect_status 0
expect_stdout 'vm2: ended'

it 'speaks of each in its turn with -v'
virsh -q start --paused vm2
shut -v vm1 vm2
expect_status 0
expect_stdout 'vm1: off, and the host as it was
vm2: ended, and the host as it was'

it 'tells a program what became of each, and nothing else on stdout'
virsh -q start --paused vm2
for options in --dry-run -v; do
	shut --json $options vm1 vm2
	expect_status 0
	expect_stdout '[
 {"vm":"vm1","uuid":"5a1c0006-0000-4000-8000-000000000001","result":"off","error":null},
 {"vm":"vm2","uuid":"5a1c0006-0000-4000-8000-000000000002","result":"ended","error":null}
]'
done
expect_stderr 'vm1: off, and the host as it was
vm2: ended, and the host as it was'

it 'restores the host behind VMs that the file does not have, one after the other, and says so'
journal() { printf 'kvmrt-journal\t1\t%s\n' "$(cat /proc/sys/kernel/random/boot_id)" >"/run/kvmrt/vm-$1.journal"; }
mkdir -p /run/kvmrt
strange=5a1c0006-0000-4000-8000-00000000000
journal nonsense
journal ${strange}b
virsh -q start vm1
virsh -q undefine vm1
sed '/0001\]/,/^$/d' "$cfg" >"$tmp/fewer.cfg"
journal ${strange}1
run kvmrt-shutdown -f "$tmp/fewer.cfg" --json
expect_status 1
expect_stdout_like "\"vm\":\"vm2\",\"uuid\":\"${strange}2\",\"result\":\"off\",\"error\":null}" \
	'"vm":null,"uuid":"nonsense","result":"failed","error":"VM nonsense: ' \
	"\"vm\":null,\"uuid\":\"${strange}b\",\"result\":\"restored\",\"error\":null}" \
	"\"vm\":null,\"uuid\":\"${strange}1\",\"result\":\"left-alone\",\"error\":null}"
[ ! -e "/run/kvmrt/vm-${strange}b.journal" ] || fail 'the journal is there'
virsh -q destroy vm1
rm /run/kvmrt/*.journal
define_vm vm1 ${strange}1

it 'leaves one alone that was paused later, and ends it by force'
virsh -q start vm2
for ((i = 0; i < 100; i++)); do
	grep -q 'time=[0-9]\{9,\}$' <(virsh -q domstats --vcpu vm2) && break
	sleep 0.1
done
virsh -q suspend vm2
for options in --dry-run '' -v; do
	# shellcheck disable=SC2086
	shut $options vm1 vm2
	expect_status 1
	expect_stderr 'kvmrt-shutdown: vm2: is paused, so its guest cannot power off: virsh resume it, or --force'
	[ "$(vm_state vm2)" = paused ] || fail "vm2 is $(vm_state vm2)"
done
shut --force --dry-run vm2
expect_stdout 'vm2: would be ended'
shut --force vm2
expect_status 0
expect_stdout 'vm2: ended'

it 'leaves one alone that has the memory of a guest that was saved'
virsh -q start vm2
virsh -q managedsave vm2
virsh -q start --paused vm2
shut vm2
expect_status 1
expect_stderr_like '^kvmrt-shutdown: vm2: is paused, '
shut --force vm2
expect_status 0

it 'is content with one that libvirt forgets when it ends'
virsh -q start --paused vm4
virsh -q undefine vm4
shut vm4
expect_status 0
expect_stdout 'vm4: ended'
expect_stderr ''

it 'names a VM that libvirt does not have'
virsh -q undefine vm3
shut vm3
expect_status 1
expect_stderr_like '^kvmrt-shutdown: vm3: cannot ask for the VM.s state: '
sed 's/^disabled = .*/disabled = true/' "$cfg" >"$tmp/kept.cfg"
run kvmrt-shutdown -f "$tmp/kept.cfg" vm3
expect_status 0
expect_stderr ''
virsh -q start --paused vm2
shut --dry-run vm3 vm4 vm2
expect_status 1
expect_stdout 'vm2: would be ended'
expect_stderr_like '^kvmrt-shutdown: vm3: ' '^kvmrt-shutdown: vm4: '
shut --force vm2
