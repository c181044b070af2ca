#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# irq-affinity.sh: shows, moves, keeps and takes back, on a tree of files and on this machine
# shares: journals
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"
journals_go

t=$tmp/t
mkdir -p "$t"/proc/irq/{16,36,38} "$t/sys/devices/system/cpu" "$t/etc/default" \
	"$t/sys/bus/pci/devices/0000:00:02.0/msi_irqs" "$t/sys/bus/pci/devices/0000:00:03.0/msi_irqs" \
	"$t/sys/bus/pci/devices/0000:00:03.0/net/eth0"
cat >"$t/proc/interrupts" <<'END'
           CPU0       CPU1       CPU2       CPU3
 16:          0          7          1          2 IR-IO-APIC  16-fasteoi   ehci_hcd:usb1, uhci
 36:          5          0          0          0 PCI-MSIX-0000:00:02.0   1-edge      nvme0q1
 38:          0          0          0         90 PCI-MSIX-0000:00:03.0   0-edge      eth0-rx-0
LOC:         10         11         12         13   Local timer interrupts
END
for file in online present possible; do
	echo 0-3 >"$t/sys/devices/system/cpu/$file"
done
echo 0-3 >"$t/proc/irq/16/smp_affinity_list"
echo 3 >"$t/proc/irq/36/smp_affinity_list"
echo 2-3 >"$t/proc/irq/38/smp_affinity_list"
echo 3 >"$t/proc/irq/38/effective_affinity_list"
touch "$t/sys/bus/pci/devices/0000:00:02.0/msi_irqs/36" "$t/sys/bus/pci/devices/0000:00:03.0/msi_irqs/38"
chmod 444 "$t/proc/irq/36/smp_affinity_list"
affinity() { run irq-affinity --root "$t" "$@"; }

it 'shows each interrupt of a device'
affinity
expect_status 0
expect_stdout 'IRQ  CPUS  EFFECTIVE  MOVE     COUNT  DEVICE        NAME
 16  0-3   -          unknown     10  -             ehci_hcd:usb1, uhci
 36  3     -          managed      5  0000:00:02.0  nvme0q1
 38  2-3   3          unknown     90  0000:00:03.0  eth0-rx-0'

it 'shows them again and again until it is ended, as they are then'
(sleep 0.5; echo 1 >"$t/proc/irq/38/smp_affinity_list") &
run timeout --preserve-status 1.5 irq-affinity --root "$t" -i 100ms -o irq,cpus eth0
wait
echo 2-3 >"$t/proc/irq/38/smp_affinity_list"
expect_status 0
expect_stdout_like '^ 38  2-3$' '^$' '^ 38  1$'
cp "$t/proc/interrupts" "$tmp/interrupts"
(sleep 0.5; sed -i '/eth0/d' "$t/proc/interrupts") &
run timeout --preserve-status 1.5 irq-affinity --root "$t" -i 100ms -o irq,cpus eth0-rx-0
wait
cp "$tmp/interrupts" "$t/proc/interrupts"
expect_status 0
expect_wrong_usage irq-affinity '--interval: expected at least 100ms' -i 0
expect_wrong_usage irq-affinity '--interval goes with neither' -i 1 --set 0=1
expect_wrong_usage irq-affinity '--interval: expected at least 100ms' -i 1ms

it 'chooses by number, name, interface and CPUs, and columns by name'
affinity -o irq,netdev eth0 'nvme*'
expect_stdout 'IRQ  NETDEV
 36  -
 38  eth0'
affinity --json -o irq,cpus --cpus 0-1
expect_stdout '[
 {"irq":16,"cpus":"0-3"}
]'

it 'tells first what it would do, with the status of doing it, and changes nothing'
affinity --set 2-3=0-1 --dry-run eth0
expect_status 0
affinity --set 3=0-1 --dry-run
expect_status 1
expect_stdout 'IRQ  FROM  TO   RESULT                             NAME
 16  0-3   0-2  planned                            ehci_hcd:usb1, uhci
 36  3     0-1  managed: only the kernel moves it  nvme0q1
 38  2-3   0-2  planned                            eth0-rx-0'
expect_same "$t/proc/irq/38/smp_affinity_list" 2-3
[ ! -e "$t/run" ] || fail 'something is written'

it 'moves, and says what stays and why'
affinity --set 2-3=0-1 --persist
expect_status 1
expect_stdout_like '^ 36 .*managed: only the kernel moves it' '^ 38 +2-3 +0-1 +moved ' \
	'^kept in .*/etc/default/shield: the service "shield" does it after each boot$'
expect_same "$t/proc/irq/16/smp_affinity_list" 0-1
expect_same "$t/proc/irq/36/smp_affinity_list" 3
expect_same "$t/etc/default/shield" '# irq-affinity --persist: begin
IRQ_ASSIGN+="0-1:ehci_hcd:usb1;"
IRQ_ASSIGN+="0-1:eth0-rx-0;"
# irq-affinity --persist: end'

it 'is done where all is done'
affinity --set 0-1=0-1 eth0
expect_status 0
expect_stdout_like '^ 38 +0-1 +0-1 +is there already '

it 'takes back what it has moved'
affinity --undo --dry-run
expect_status 0
expect_stdout_like '/proc/irq/38/smp_affinity_list +0-1 +2-3 +planned$'
affinity --undo
expect_status 0
expect_same "$t/proc/irq/16/smp_affinity_list" 0-3
expect_same "$t/proc/irq/38/smp_affinity_list" 2-3
affinity --undo
expect_status 0
expect_stderr 'irq-affinity: nothing to undo'
affinity --undo --json --dry-run
expect_status 0
expect_stdout '[]'

it 'leaves an interrupt alone whose number is another one by now'
mkdir -p "$t"/sys/kernel/irq/{16,38}
echo ehci_hcd:usb1,uhci >"$t/sys/kernel/irq/16/actions"
echo eth0-rx-0 >"$t/sys/kernel/irq/38/actions"
affinity --set 2-3=0-1 16 38
expect_status 0
echo uhci,ehci_hcd:usb1 >"$t/sys/kernel/irq/16/actions"
echo nvme1q3 >"$t/sys/kernel/irq/38/actions"
run kvmrt-undo --root "$t" --dry-run irq-affinity
expect_stdout_like '/38/smp_affinity_list +- +2-3 +gone +has ended: number 38 is by now that of "nvme1q3"$'
affinity --undo
expect_status 0
expect_stdout_like '/38/smp_affinity_list +- +2-3 +has ended: number 38 is by now that of "nvme1q3"$' \
	'/16/smp_affinity_list +0-1 +0-3 +restored$'
expect_same "$t/proc/irq/38/smp_affinity_list" 0-1
expect_same "$t/proc/irq/16/smp_affinity_list" 0-3
rm -r "$t/sys/kernel"
echo 2-3 >"$t/proc/irq/38/smp_affinity_list"

it 'says what it cannot use'
expect_wrong_usage irq-affinity '--set: .*no CPU 9 in this machine' --root "$t" --set 0=9
expect_wrong_usage irq-affinity '--set: expected FROM=TO, found "3"' --root "$t" --set 3
expect_wrong_usage irq-affinity '--set: expected CPUs, found the empty set ""' --root "$t" --set =3
expect_wrong_usage irq-affinity '--cpus: ' --root "$t" --cpus x
expect_wrong_usage irq-affinity 'no column is named "irqs"' --root "$t" -o irqs
expect_wrong_usage irq-affinity '--undo takes back all' --undo 16
expect_wrong_usage irq-affinity '--persist goes with --set' --persist
affinity nosuch
expect_status 1
expect_stderr 'irq-affinity: no interrupt has the number, name, device or interface "nosuch"'
affinity eth0-rx-1
expect_status 1
expect_stderr_like 'interface "eth0-rx-1"; is "eth0-rx-0" meant?'
echo 0-2 >"$t/sys/devices/system/cpu/online"
expect_wrong_usage irq-affinity 'no CPU of "3" is online' --root "$t" --set 0=3
echo 'no table' >"$t/proc/interrupts"
affinity
expect_status 1
expect_stderr_like 'proc/interrupts: line 1: expected "CPU0 CPU1 ..."'

it 'shows what the files of this machine say'
[ -r /proc/interrupts ] || skip 'no /proc/interrupts here'
run irq-affinity -o irq,cpus
expect_status 0
tail -n +2 "$tmp/stdout" | while read -r irq cpus; do
	[ "$cpus" = - ] || [ "$(cat "/proc/irq/$irq/smp_affinity_list")" = "$cpus" ] ||
		fail "IRQ $irq: shown $cpus"
done || exit

it 'needs root to move'
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chmod 755 "$tmp"
	first=$(irq-affinity -o irq,move | awk '$2 == "free" { print $1; exit }')
	if [ -n "$first" ] && [ "$(nproc)" -gt 1 ]; then
		run setpriv --reuid 65534 --clear-groups irq-affinity --set 0=1 "$first"
		expect_status 3
		expect_stderr_like 'moving interrupts needs root; --dry-run shows'
	fi
fi

it 'says that a container may not'
if [ "$(id -u)" = 0 ] && [ -n "${first:-}" ] && [ "$(nproc)" -gt 1 ] &&
	unshare -m sh -c 'mount --bind /proc /proc && mount -o remount,bind,ro /proc' 2>/dev/null; then
	run unshare -m sh -c 'mount --bind /proc /proc && mount -o remount,bind,ro /proc &&
		irq-affinity --set "~0=0" "$1"' sh "$first"
	expect_status 3
	expect_stderr_like '/proc/irq is read-only here: is this a container\?'
fi

it 'moves a real one, and takes it back'
first=$(irq-affinity -o irq,move,count | awk '$2 == "free" && $3 == 0 { print $1; exit }')
if [ "$(id -u)" != 0 ] || [ "$(nproc)" -lt 2 ] || [ -z "$first" ] ||
	[ ! -w "/proc/irq/$first/smp_affinity_list" ] || [ -e /run/kvmrt/irq-affinity.journal ]; then
	skip 'the rest needs root, two CPUs, an idle interrupt that may be moved'
fi
before=$(cat "/proc/irq/$first/smp_affinity_list")
at_exit "irq-affinity --undo >/dev/null 2>&1"
run irq-affinity --set '~0=0' "$first"
expect_status 0
[ "$(cat "/proc/irq/$first/smp_affinity_list")" = 0 ] || fail 'not moved'
run irq-affinity --undo
expect_status 0
[ "$(cat "/proc/irq/$first/smp_affinity_list")" = "$before" ] || fail 'not as before'
