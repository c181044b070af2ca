#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kvmrt-validate-host.sh: text, JSON, fixes of each distribution, and what is refused;
# the rows themselves are tests/tuning/test-validate.c
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"
need python3

validate() { run kvmrt-validate-host --root "$tmp/r" "$@"; }

# put PATH: stdin becomes that file of the tree
put() { mkdir -p "$tmp/r/$(dirname "$1")" && cat >"$tmp/r/$1"; }

it 'refuses what does not go together, and names a near miss'
expect_wrong_usage kvmrt-validate-host 'do not go together' --list --explain preempt-rt
expect_wrong_usage kvmrt-validate-host 'prints nothing' --quiet --json
expect_wrong_usage kvmrt-validate-host 'has no JSON' --json --explain preempt-rt
expect_wrong_usage kvmrt-validate-host 'unexpected argument "x"' --list x
expect_wrong_usage kvmrt-validate-host 'no row "premept-rt"; is "preempt-rt" meant\?' premept-rt
expect_wrong_usage kvmrt-validate-host 'no row "zzzz"; --list shows them' --explain zzzz
expect_wrong_usage kvmrt-validate-host 'expected one of info\|warning\|error, found "bad"' -s bad
run kvmrt-validate-host --root "$tmp/none"
expect_status 1
expect_stderr_like 'cannot use ".*/none" as the root: No such file'
run kvmrt-validate-host --for 0-
expect_status 1
expect_stderr_like '--for: .*column 3: expected a'
run kvmrt-validate-host --for ''
expect_status 1
expect_stderr_like '--for: no CPU is named'
run kvmrt-validate-host --for 8191
expect_status 1
expect_stderr_like '--for: .*8191'

it 'shows a failure with all that one needs, and passes when it is mended'
put etc/os-release <<<'ID=debian'
put etc/default/grub </dev/null
put proc/cmdline <<<'quiet'
validate skew-tick
expect_status 0
expect_stdout 'info     skew-tick: "skew_tick" is not on the kernel'\''s command line
  expected: skew_tick=1 on the kernel'\''s command line
  why:      the ticks of all CPUs else fall together, and meet at the same locks
  fix:      mkdir -p /etc/default/grub.d && echo '\''GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX skew_tick=1"'\'' >>/etc/default/grub.d/kvmrt.cfg && update-grub
All boot words at once, for the next boot:
  mkdir -p /etc/default/grub.d && echo '\''GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX skew_tick=1"'\'' >>/etc/default/grub.d/kvmrt.cfg && update-grub
1 rows: 0 errors, 0 warnings, 1 infos, 0 unknown, 0 passed, 0 moot'
put proc/cmdline <<<'quiet skew_tick=1'
validate --all skew-tick
expect_status 0
expect_stdout 'pass     skew-tick: "skew_tick=1" is on the kernel'\''s command line
1 rows: 0 errors, 0 warnings, 0 infos, 0 unknown, 1 passed, 0 moot'

it 'gives the line of each distribution'
put proc/cmdline <<<'quiet'
fix_is() {
	validate --json skew-tick
	expect_stdout_like "\"fix\":\"$1\""
}
put etc/os-release <<<'ID="rocky"'
fix_is 'grubby --update-kernel=ALL --args=."skew_tick=1.'
put etc/os-release <<<$'ID=mint\nID_LIKE="ubuntu debian"'
fix_is 'mkdir -p .*GRUB_CMDLINE_LINUX skew_tick=1.* && update-grub'
put etc/os-release <<<'ID=opensuse'
fix_is 'sed -i .*skew_tick=1 .*grub2-mkconfig -o /boot/grub2/grub.cfg'
put etc/os-release <<<'ID=plan9'
fix_is "add to the kernel's command line: skew_tick=1"
put etc/os-release <<<'ID=fedora'
put run/ostree-booted </dev/null
fix_is 'rpm-ostree kargs --append=skew_tick=1'

it 'fails by errors and warnings, and can leave out what weighs less'
put sys/devices/system/clocksource/clocksource0/current_clocksource <<<hpet
validate clocksource skew-tick
expect_status 1
expect_stdout_like '^error +clocksource: .* is "hpet"$' '^info +skew-tick'
validate --severity error clocksource skew-tick
expect_status 1
grep -q skew "$tmp/stdout" && fail 'an info is shown'
validate --quiet clocksource
expect_status 1
expect_stdout ''

it 'says what it could not read, and does not pass it'
validate --all preempt-rt rcu-nocbs
expect_status 0
expect_stdout_like '^unknown +preempt-rt: proc/version is not in this tree$' \
	'^unknown +rcu-nocbs: no CPU is isolated, and none was named'
validate --all halt-poll
expect_stdout_like '^unknown +halt-poll: sys/module is not in this tree$'
mkdir -p "$tmp/r/sys/module"
validate --all halt-poll
expect_stdout_like '^unknown +halt-poll: the module kvm is not loaded$'

it 'takes the settings that an sosreport has'
mkdir -p "$tmp/r/sos_commands/kernel"
printf 'kernel.nmi_watchdogs = 0\nkernel.nmi_watchdog = 1\n' >"$tmp/r/sos_commands/kernel/sysctl_-a"
validate nmi-watchdog
expect_status 1
expect_stdout_like '^warning +nmi-watchdog: kernel.nmi_watchdog is 1$'

it 'explains a row'
validate --explain clocksource
expect_status 0
expect_stdout_like '^clocksource \(error\)$' '^  expected: tsc$' '^  why: ' \
	'^  reads: +/sys/devices/system/clocksource/' '^  fix: +rpm-ostree kargs'
validate --explain governor
expect_stdout_like '^  reads: +/sys/devices/system/cpu/cpu\*/cpufreq/scaling_governor$'

it 'names the programs that it found by their whole path'
put usr/bin/qemu-system-x86_64 </dev/null
validate libvirt
expect_stdout_like '^error    libvirt: QEMU: /usr/bin/qemu-system-x86_64, libvirt: neither '

it 'has a line to paste for each row, but where a person must choose'
for f in debian fedora; do
	mkdir -p "$tmp/$f/etc/default" "$tmp/$f/run/systemd/system"
	echo "ID=$f" >"$tmp/$f/etc/os-release"
	touch "$tmp/$f/etc/default/grub"
done
chosen='housekeeping|tsc-flags|smi|thermal|hybrid|bare-metal|firmware|dedicated|partitions'
chosen+='|memlock|rt-domains|pt-group|pt-in-use|pt-place'
# the line of these is made of what the machine has
made='pt-driver|pt-graphics'
# no package of Fedora is such a kernel
declare -A unpackaged=([debian]=none [fedora]='preempt-rt|kernel-isolation|kernel-debug')
tool='mkdir|echo|sed|for|mount|modprobe|chrt|ethtool|systemctl|tuned-adm|apt-get|dnf|grubby'
tool+='|shield|irq-affinity|kvmrt-cpu'
for id in $(kvmrt-validate-host --list | awk 'NR > 1 { print $1 }'); do
	for f in debian fedora; do
		[[ $id =~ ^($chosen|$made|${unpackaged[$f]})$ ]] && continue
		line=$(kvmrt-validate-host --root "$tmp/$f" --explain "$id" | sed -n 's/^  fix: *//p')
		[[ $line =~ ^($tool)\  ]] && bash -n <<<"$line" || fail "$f: $id: \"$line\""
	done
done

it 'adds cpuset to the controllers as that line says'
put etc/libvirt/qemu.conf <<<'cgroup_controllers = [ "cpu", "devices" ]'
validate qemu-conf
expect_status 1
line=$(sed -n "s/^  fix: *\(sed .*\) && .*/\1/p" "$tmp/stdout")
bash -c "${line//\/etc/$tmp\/r\/etc}" || fail "not run: $line"
expect_same "$tmp/r/etc/libvirt/qemu.conf" 'cgroup_controllers = [ "cpuset", "cpu", "devices" ]'
validate qemu-conf
expect_status 0
rm -r "$tmp/r/etc/libvirt"

it 'changes nothing'
(cd "$tmp/r" && find . -newermt '@0' -printf '%p %T@ %C@\n' | sort) >"$tmp/times"
validate --all --for 1 >/dev/null
(cd "$tmp/r" && find . -newermt '@0' -printf '%p %T@ %C@\n' | sort) >"$tmp/after"
expect_same "$tmp/after" "$(cat "$tmp/times")"

it 'takes the CPUs of the real-time VMs in kvmrt.cfg'
python3 tests/tools/make-machine.py "$tmp/two" packages=2 nodes=2 cores=2 threads=2 ||
	fail 'no machine'
# vm NAME LINE...: a section
vm() { echo "[$(cat /proc/sys/kernel/random/uuid)]" && echo "name = $1" && printf '%s\n' "${@:2}"; }
on_two() { run kvmrt-validate-host --root "$tmp/two" "$@"; }
cfg=$tmp/two/etc/kvmrt.cfg
mkdir -p "$tmp/two/etc"
echo isolcpus=managed_irq,2-3 >"$tmp/two/proc/cmdline"
{ vm any 'cpuset = 1' && vm off 'rt = true' 'cpuset = 0-1' 'disabled = true'; } >"$cfg"
on_two --all managed-irq
expect_stdout_like '^unknown +managed-irq: no CPU is isolated, and none was named'
vm rt 'rt = true' 'cpuset = n1' >>"$cfg"
# the siblings of CPUs 2 and 3, which are on node 1 as well, go down
on_two managed-irq
expect_status 0
expect_stdout 'Real-time CPUs: 2-3, of the VMs in /etc/kvmrt.cfg
1 rows: 0 errors, 0 warnings, 0 infos, 0 unknown, 1 passed, 0 moot'
on_two --json managed-irq
expect_status 0
expect_stdout_like '^\[\{"id":"managed-irq".*"verdict":"pass"'
on_two --for 2-4 managed-irq
expect_status 1

it 'takes another file, and goes on with none that has bad lines'
vm rt 'rt = true' 'cpuset = c0-1' >"$tmp/other"
on_two -f "$tmp/other" managed-irq
expect_status 1
expect_stdout_like "^Real-time CPUs: 0-1, of the VMs in $tmp/other\$"
on_two -f "$tmp/none" managed-irq
expect_status 1
expect_stderr_like '--for names them.*: cannot open .*/none: there is no such file'
vm rt 'rt = true' 'cpuset = 99' >"$cfg"
on_two managed-irq
expect_status 1
expect_stderr_like '--for names them.*: /etc/kvmrt.cfg:4: .*99'
echo 'nr_vcpus = maybe' >>"$cfg"
on_two managed-irq
expect_status 1
expect_stderr_like '--for names them.*: /etc/kvmrt.cfg:5: .*maybe'
on_two --for 2-3 managed-irq
expect_status 0
expect_wrong_usage kvmrt-validate-host '--for and --file do not go together' --for 1 -f x

it 'judges a device by its address, whole or short, and by its interface'
pci=$tmp/r/sys/bus/pci/devices
for f in possible present online; do
	put sys/devices/system/cpu/$f <<<0-3
done
mkdir -p "$pci/0000:01:00.0" "$pci/0000:01:00.1" "$tmp/r/sys/class/net"
for f in 0 1; do
	echo 0x020000 >"$pci/0000:01:00.$f/class"
	echo 0x8086 >"$pci/0000:01:00.$f/vendor"
	echo 0x1521 >"$pci/0000:01:00.$f/device"
	ln -s ../../../../bus/pci/drivers/igb "$pci/0000:01:00.$f/driver"
	ln -s ../../../../kernel/iommu_groups/7 "$pci/0000:01:00.$f/iommu_group"
done
ln -s ../../devices/pci0000:00/0000:01:00.0/net/eth7 "$tmp/r/sys/class/net/eth7"
for device in 0000:01:00.0 01:00.0 eth7; do
	validate --passthrough $device
	expect_status 1
	expect_stdout_like '^error +pt-group: 0000:01:00.1 \(driver igb\) in the same group 7$' \
		'^info +pt-driver: 0000:01:00.0 \[8086:1521, as another device\] has driver igb$' \
		'KERNEL=="0000:01:00.0", ATTR.driver_override.="vfio-pci"'
done
rm -r "$pci/0000:01:00.1"
validate --passthrough eth7 pt-driver pt-group
expect_status 0
expect_stdout_like 'fix: .*vfio-pci.ids=8086:1521'
validate --passthrough eth8
expect_status 1
expect_stderr_like 'expected the address of a PCI device, .*; found "eth8"'
expect_wrong_usage kvmrt-validate-host 'pt-\* go with --passthrough' pt-mode
expect_wrong_usage kvmrt-validate-host 'no row named is about a device' \
	--root "$tmp/r" -p eth7 kvm

it 'has every row in its page, and no other'
kvmrt-validate-host --list | awk 'NR > 1 { print $1, "(" $2 ")" }' >"$tmp/rows"
expect_same "$tmp/rows" "$(sed -nE 's/^\.It Cm ([a-z0-9-]+) Pq ([a-z]+)$/\1 (\2)/p' \
	doc/man/kvmrt-validate-host.8)"

it 'looks at this machine, as whoever runs it'
run kvmrt-validate-host --json
[ "$status" -le 1 ] || fail "status $status"
expect_stderr ''
python3 -c 'import json, sys
for row in json.load(sys.stdin):
    assert row["verdict"] in ("pass", "fail", "unknown", "moot"), row
    assert (row["fix"] is not None) == (row["verdict"] == "fail"), row' <"$tmp/stdout" ||
	fail 'not the JSON that was expected'
