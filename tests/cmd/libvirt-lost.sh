#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# libvirt-lost.sh: libvirtd restarted, killed or gone in the middle of a command, and two commands
# at once.  LIBVIRT_LOST="$(seq 60)" tries each message of each command, not only a few.
[ -n "${KVMRT_WITH_LIBVIRTD:-}" ] || exec "$(dirname "$0")/../tools/with-libvirtd" "$0"
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

need python3
journals_go
cfg=$tmp/kvmrt.cfg
for n in 1 2; do
	define_vm vm$n 5a1c0007-0000-4000-8000-00000000000$n
done
off() { virsh -q destroy vm1; virsh -q destroy vm2; } 2>/dev/null
# cut NUMBER HOW COMMAND...: libvirtd goes away at the command's message NUMBER
cut() {
	local number=$1 how=$2

	shift 2
	run tests/tools/cut-libvirt.py "$number" "$how" "$tmp" "$@" -c URI -f "$cfg"
}
# messages LAST DEFAULT...: those to cut at, of as many as an uncut command had
messages() {
	local last=$1 n

	shift
	for n in ${LIBVIRT_LOST:-$*}; do
		[ "$n" -gt "$last" ] || echo "$n"
	done
}

it 'says that there is no libvirt when the first answers do not come, and has done nothing'
for how in asked answered; do
	cut 1 $how kvmrt-import
	expect_status 3
	expect_stderr_like '^kvmrt-import: no libvirt at "qemu\+unix:.*; is libvirtd running\?$'
	[ ! -e "$cfg" ] || fail 'a file is there'
done

it 'imports all the same when libvirtd is restarted meanwhile'
cut 0 asked kvmrt-import
expect_status 0
all=$(cat "$tmp/messages")
cp "$cfg" "$tmp/whole"
for how in asked answered; do
	for n in $(messages "$all" 12); do
		[ "$n" -gt 2 ] || continue
		rm "$cfg"
		cut "$n" $how kvmrt-import
		expect_status 0
		cmp -s "$cfg" "$tmp/whole" || fail "$how $n: not the same file"
	done
done

it 'renames and defines once, whatever libvirtd heard and answered'
sed -i 's/^name = vm1/name = first/; s/^title =.*/title = 0/' "$cfg"
cut 0 asked kvmrt-sync-config
expect_status 0
expect_stdout_like '^  name: vm1 -> first$'
all=$(cat "$tmp/messages")
was=first
for how in asked answered; do
	for n in $(messages "$all" 10 13); do
		[ "$n" -gt 2 ] || continue
		now=$how-$n
		sed -i "s/^name = $was/name = $now/; s/^title =.*/title = $how $n/" "$cfg"
		was=$now
		cut "$n" $how kvmrt-sync-config
		expect_status 0
		run kvmrt-sync-config -q -f "$cfg"
		expect_status 0
	done
done
sed -i "s/^name = $was/name = vm1/" "$cfg"
run kvmrt-sync-config -f "$cfg"
expect_status 0

it 'starts each VM once, whatever libvirtd heard and answered'
cut 0 asked kvmrt-boot -v vm1
expect_status 0
all=$(cat "$tmp/messages")
off
for how in asked answered; do
	for n in $(messages "$all" 17 $((all - 2))); do
		[ "$n" -gt 2 ] || continue
		cut "$n" $how kvmrt-boot vm1
		expect_status 0
		expect_stdout 'vm1: booted'
		[ "$(vm_state vm1)" = running ] || fail "$how $n: vm1 does not run"
		off
	done
done

it 'ends each VM, whatever libvirtd heard and answered'
virsh -q start vm1
cut 0 asked kvmrt-shutdown --force -t 0 vm1
expect_status 0
all=$(cat "$tmp/messages")
for how in asked answered; do
	for n in $(messages "$all" $((all - 4))); do
		[ "$n" -gt 2 ] || continue
		virsh -q start vm1
		cut "$n" $how kvmrt-shutdown --force -t 0 vm1
		expect_status 0
		[ "$(vm_state vm1)" = 'shut off' ] || fail "$how $n: vm1 runs"
	done
done

it 'says what was not done when libvirtd does not come back, and the next run does it'
cut 17 down kvmrt-boot vm1 vm2
expect_status 1
expect_stderr_like '^kvmrt-boot: vm[12]: .*lost libvirt, and waited 15 s: no libvirt at '
run kvmrt-boot -f "$cfg" vm1 vm2
expect_status 0
[ "$(vm_state vm1)/$(vm_state vm2)" = running/running ] || fail 'not both run'

# cut_start BEFORE: vm1's emulator begins with these lines of shell, and libvirtd is killed and
# begins again once they have made the file "begun"
cut_start() {
	off
	rm -f "$tmp/begun"
	printf '#!/bin/sh\n%s\nexec %s "$@"\n' "$1" "$(command -v qemu-system-x86_64)" >"$tmp/qemu"
	chmod +x "$tmp/qemu"
	virsh -q dumpxml --inactive vm1 |
		sed "s|<emulator>.*</emulator>|<emulator>$tmp/qemu</emulator>|" >"$tmp/vm.xml"
	virsh -q define "$tmp/vm.xml" || fail 'vm1 with an emulator'
	kvmrt-boot -f "$cfg" vm1 vm2 >"$tmp/out" 2>&1 &
	boot=$!
	until [ -e "$tmp/begun" ]; do sleep 0.1; done
	end_libvirtd -KILL
	# its first thread may be dead while another still holds the lock of the pid file
	for ((try = 1; ; try++)); do
		! libvirtd -d 2>"$tmp/said" || break
		[ $try -lt 50 ] || fail "libvirtd does not begin again: $(cat "$tmp/said")"
		sleep 0.1
	done
}
expect_both_booted() {
	wait $boot || fail "$(cat "$tmp/out")"
	expect_same "$tmp/out" 'vm1: booted
vm2: booted'
	[ "$(vm_state vm1)/$(vm_state vm2)" = running/running ] || fail 'not both run'
}

it 'does not take a start for done that a new libvirtd takes back'
cut_start "case \$* in *guest=vm1*)
	: >'$tmp/begun'
	until [ -e '$tmp/go' ]; do sleep 0.1; done
esac"
: >"$tmp/go"
expect_both_booted

it 'starts a VM anew whose emulator never answers the new libvirtd'
cut_start "case \$* in *guest=vm1*)
	[ -e '$tmp/begun' ] || { : >'$tmp/begun' && exec sleep 600; }
esac"
expect_both_booted

it 'lets two commands boot the same VMs: one does, the other finds it done'
off
kvmrt-boot -f "$cfg" vm1 vm2 >"$tmp/out" 2>&1 &
boot=$!
run kvmrt-boot -f "$cfg" vm1 vm2
wait $boot || fail "$(cat "$tmp/out")"
expect_status 0
sort "$tmp/out" "$tmp/stdout" >"$tmp/both"
expect_same "$tmp/both" 'vm1: booted
vm1: runs as it should
vm2: booted
vm2: runs as it should'
[ "$(vm_state vm1)/$(vm_state vm2)" = running/running ] || fail 'not both run'

it 'leaves a VM paused that somebody paused, and says so'
virsh -q suspend vm1
run kvmrt-boot -f "$cfg" vm1
expect_status 0
expect_stdout 'vm1: is as it should be, but paused: virsh resume lets it go on'
[ "$(vm_state vm1)" = paused ] || fail 'vm1 is not paused'

it 'leaves what runs alone, and is not in the file, where libvirt cannot be asked of it'
virsh -q destroy vm2
run kvmrt-shutdown -f "$cfg" --force -t 1
virsh -q start vm1
echo new >"$tmp/knob"
: >"$cfg"
# a host that the boot of vm1 has changed
mkdir -p /run/kvmrt
printf 'kvmrt-journal\t1\t%s\n1\ttext\t%s\told\tnew\ncomplete\n' "$(cat /proc/sys/kernel/random/boot_id)" \
	"${tmp#/}/knob" >/run/kvmrt/vm-5a1c0007-0000-4000-8000-000000000001.journal
cut 0 asked kvmrt-shutdown
expect_status 0
expect_stderr_like 'VM 5a1c0007-0000-4000-8000-000000000001 runs, and is not in '
all=$(cat "$tmp/messages")
cut $((all - 1)) down kvmrt-shutdown
expect_status 3
expect_stderr_like '^kvmrt-shutdown: VM 5a1c0007-0000-4000-8000-000000000001: cannot ask .*lost libvirt'
expect_same "$tmp/knob" new
