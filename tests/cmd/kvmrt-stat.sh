#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kvmrt-stat.sh: real QEMU's threads with their roles and verdicts; 200 VMs in no time
[ -n "${KVMRT_WITH_LIBVIRTD:-}" ] || exec "$(dirname "$0")/../tools/with-libvirtd" "$0"
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

cfg=$tmp/kvmrt.cfg
stat() { run kvmrt-stat -f "$cfg" "$@"; }
first=$(tr , '\n' </sys/devices/system/cpu/online | head -n 1)
first=${first%%-*}

for n in 1 2; do
	define_vm vm$n 5a1c0002-0000-4000-8000-00000000000$n \
		"<vcpu cpuset='$first'>2</vcpu><iothreads>1</iothreads>"
done
run kvmrt-import -f "$cfg"
expect_status 0
sed -i '/^name = vm2/,/^\[/s/^disabled = .*/disabled = true/' "$cfg"

it 'shows what is off, and leaves disabled VMs out'
stat
expect_status 0
expect_stdout_like '^NAME +STATE +RT +CPUS +PID +THREADS +MISPLACED$' "^vm1 +off +no +$first +- +- +-$"
grep -q vm2 "$tmp/stdout" && fail 'vm2 is shown'
stat --all
expect_stdout_like '^vm2 +disabled'

it 'shows what runs'
virsh -q start --paused vm1 || fail 'vm1 does not start'
stat vm1
expect_status 0
expect_stdout_like "^vm1 +paused +no +$first +[0-9]+ +[0-9]+ +0$"

it 'does not call paused what is being started'
define_slow_vm slow 5a1c0002-0000-4000-8000-000000000003
run kvmrt-import -f "$cfg" slow
begin_start slow
stat slow
expect_stdout_like '^slow +starting +no '
wait
stat slow
expect_stdout_like '^slow +running +no '
virsh -q destroy slow

it 'shows every thread of it, with its role'
stat -t
expect_status 0
expect_stdout_like '^vm1 +[0-9]+ +vcpu +0 +CPU 0/TCG +'"$first +[0-9]+ +other +- +ok$" \
	'^vm1 +[0-9]+ +vcpu +1 ' '^vm1 +[0-9]+ +emulator +- +qemu-system-x86' '^vm1 +[0-9]+ +iothread +1 '
pid=$(cat /run/libvirt/qemu/vm1.pid)
[ "$(wc -l <"$tmp/stdout")" = $(($(ls "/proc/$pid/task" | wc -l) + 1)) ] || fail 'not every thread is there'

it 'finds a thread that somebody moved or gave a policy'
if [ "$(nproc --all)" -gt 1 ]; then
	taskset -acp 0-$(($(nproc --all) - 1)) "$pid" >/dev/null
	stat -t vm1
	expect_status 1
	expect_stdout_like "expected CPUs $first, found "
	taskset -acp "$first" "$pid" >/dev/null
fi
if chrt -f -p 2 "$pid" 2>/dev/null; then
	tid=$(grep -l '^CPU 0' /proc/"$pid"/task/*/comm | cut -d/ -f5)
	chrt -f -p 2 "$tid"
	stat -t vm1
	expect_status 1
	expect_stdout_like 'expected no real-time policy, found fifo 2'
	chrt -o -p 0 "$tid"
fi

it 'prints JSON'
stat --json vm1
expect_status 0
python3 -c 'import json,sys; d=json.load(sys.stdin)[0]; assert d["name"]=="vm1" and d["state"]=="paused" and d["misplaced"]==0, d' \
	<"$tmp/stdout" || fail 'not the JSON that was expected'

it 'knows that QEMU is gone although its file is there'
cp /run/libvirt/qemu/vm1.xml "$tmp/vm1.xml"
virsh -q destroy vm1
cp "$tmp/vm1.xml" /run/libvirt/qemu/vm1.xml
stat vm1
expect_status 0
expect_stdout_like '^vm1 +off'
rm /run/libvirt/qemu/vm1.xml

it 'works while libvirtd does not run'
end_libvirtd
stat vm1
expect_status 0

it 'shows 200 VMs within 0.3 s'
# A recorded host: 200 QEMUs of six threads each.
root=$tmp/root
mkdir -p "$root/run/libvirt/qemu" "$root/sys/devices/system"
cp -r --no-preserve=all /sys/devices/system/cpu/online "$root/sys/devices/system/" 2>/dev/null
python3 - "$root" "$tmp/many.cfg" <<'END'
import os, sys
root, cfg = sys.argv[1:]
out = open(cfg, 'w')
stat = '{tid} ({name}) S 1 1 1 0 -1 0 0 0 0 0 1 1 0 0 20 0 6 0 100 0 0 ' + '0 ' * 14 + '0 0 0 0 0 0 0 0 0 0 0 0 0 0\n'
for n in range(200):
	uuid = '5a1c0003-0000-4000-8000-%012d' % n
	pid = 10000 + n * 10
	out.write('[%s]\nname = m%d\nnr_vcpus = 2\n\n' % (uuid, n))
	with open('%s/run/libvirt/qemu/m%d.xml' % (root, n), 'w') as f:
		f.write("<domstatus state='running' reason='booted' pid='%d'><qemuCaps>%s</qemuCaps>"
			"<domain type='kvm' id='%d'><name>m%d</name><uuid>%s</uuid></domain></domstatus>" %
			(pid, "<flag name='some-capability'/>" * 500, n, n, uuid))
	names = ['qemu-system-x86', 'IO iothread1', 'IO mon_iothread', 'CPU 0/KVM', 'CPU 1/KVM', 'worker']
	os.makedirs('%s/proc/%d/task' % (root, pid))
	with open('%s/proc/%d/cmdline' % (root, pid), 'w') as f:
		f.write('qemu-system-x86_64\0-uuid\0%s\0' % uuid)
	for i, name in enumerate(names):
		for d in ['%s/proc/%d/task/%d' % (root, pid, pid + i)] + (['%s/proc/%d' % (root, pid)] if i == 0 else []):
			os.makedirs(d, exist_ok=True)
			open(d + '/stat', 'w').write(stat.format(tid=pid + i, name=name))
			open(d + '/status', 'w').write('Name:\t%s\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\n' % name)
			open(d + '/cgroup', 'w').write('0::/machine/qemu-%d/emulator\n' % n)
END
# Its own time: what else the machine does is not its.
TIMEFORMAT='%U %S'
took=$({ time kvmrt-stat -f "$tmp/many.cfg" --root "$root" --topology 'core:2 pu:2' >"$tmp/stdout"; } 2>&1 |
	awk '{ print int(($1 + $2) * 1000) }')
[ "$(grep -c ' running .* 6 ' "$tmp/stdout")" = 200 ] || fail 'not 200 VMs of 6 threads'
[ -n "${SAN:-}" ] || [ "$took" -lt 300 ] || fail "$took ms"
