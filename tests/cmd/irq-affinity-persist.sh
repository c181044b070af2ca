#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# irq-affinity-persist.sh: what --persist writes, and what the shield's service makes of it
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

# machine DIR: five interrupts; the first has the name of the interface, two the same name
machine() {
	local irq cpu name device=$1/sys/bus/pci/devices/0000:02:00.0

	python3 tests/tools/make-machine.py "$1" packages=1 nodes=1 cores=4 threads=1 || fail 'no machine'
	mkdir -p "$1/etc/default" "$1"/proc/irq/{40,41,42,43,44} "$device/msi_irqs" "$device/net/eth0"
	touch "$device"/msi_irqs/{40,41,42}
	echo '           CPU0       CPU1       CPU2       CPU3' >"$1/proc/interrupts"
	while read -r irq cpu name; do
		printf ' %s: 1 1 1 1 PCI-MSI %s-edge %s\n' "$irq" "$irq" "$name" >>"$1/proc/interrupts"
		echo "$cpu" >"$1/proc/irq/$irq/smp_affinity_list"
	done <<-'END'
		40 3 eth0
		41 1 eth0-TxRx-0
		42 2 eth0-TxRx-1
		43 3 xhci_hcd
		44 1 xhci_hcd
	END
}
where() { cat "$1"/proc/irq/*/smp_affinity_list | tr '\n' ' '; }

t=$tmp/t
machine "$t"

it 'keeps an interrupt by a name that means no other, and says which has none'
run irq-affinity --root "$t" --set 3=0 --persist 40 43
expect_status 1
expect_stderr 'irq-affinity: interrupt 43 is not kept: the name means others too: "xhci_hcd"'
expect_stdout_like '^kept in '
expect_same "$t/etc/default/shield" '# irq-affinity --persist: begin
IRQ_ASSIGN+="0:0000:02:00.0/eth0;"
# irq-affinity --persist: end'

it 'moves what was moved, and nothing else, at the next boot'
echo 3 >"$t/proc/irq/40/smp_affinity_list"
run shield --root "$t" --service
expect_status 0
[ "$(where "$t")" = '0 1 2 0 1 ' ] || fail "they are on $(where "$t")"

it 'keeps two of one name each by its device'
for irq in 43 44; do
	mkdir -p "$t/sys/bus/pci/devices/0000:00:$irq.0/msi_irqs"
	touch "$t/sys/bus/pci/devices/0000:00:$irq.0/msi_irqs/$irq"
done
run irq-affinity --root "$t" --set 0=2 --persist 43
expect_status 0
run irq-affinity --root "$t" --set 1=3 --persist 0000:00:44.0/xhci_hcd
expect_status 0
expect_same "$t/etc/default/shield" '# irq-affinity --persist: begin
IRQ_ASSIGN+="0:0000:02:00.0/eth0;"
IRQ_ASSIGN+="2:0000:00:43.0/xhci_hcd;"
IRQ_ASSIGN+="3:0000:00:44.0/xhci_hcd;"
# irq-affinity --persist: end'

it 'keeps by the name alone where all that it means are moved'
run irq-affinity --root "$t" --set 0-3=1 --persist eth0 'xhci*'
expect_status 0
tail -n 5 "$t/etc/default/shield" >"$tmp/end"
expect_same "$tmp/end" 'IRQ_ASSIGN+="1:eth0;"
IRQ_ASSIGN+="1:eth0-TxRx-0;"
IRQ_ASSIGN+="1:eth0-TxRx-1;"
IRQ_ASSIGN+="1:xhci_hcd;"
# irq-affinity --persist: end'

it 'keeps nothing in a file that the service could not read, and says so'
echo 'SHIELD_SOME=2' >"$t/etc/default/shield"
run irq-affinity --root "$t" --set 1=2 --persist
expect_status 1
expect_stderr_like 'nothing is kept, .*/etc/default/shield then: line 1: expected SHIELD_ALL, '
expect_same "$t/etc/default/shield" 'SHIELD_SOME=2'

it 'keeps what each of several at once says'
machine "$tmp/many"
rm -r "$tmp/many/sys/bus"
sed -i -E 's/^( ([0-9]+): .*edge ).*/\1of-\2/' "$tmp/many/proc/interrupts"
for ((i = 0; i < 8; i++)); do
	rm -f "$tmp/many/etc/default/shield"
	irqs=()
	for irq in 40 41 42 43 44; do
		irq-affinity --root "$tmp/many" --set 0-3=3 --persist $irq >/dev/null 2>&1 &
		irqs+=($!)
	done
	wait "${irqs[@]}"
	kept=$(grep -c '"3:of-4' "$tmp/many/etc/default/shield")
	[ "$kept" = 5 ] || fail "round $i: of 5 interrupts $kept are kept"
done

it 'keeps what the service can read on a large host'
python3 tests/tools/make-host.py --cpus 64 --irqs 1000 --tasks 60 "$tmp/large" || fail 'no tree'
awk '/^ *[0-9]+:/ { $NF = "mlx5_comp" ++n "@pci:0000:41:00.0" } 1' "$tmp/large/proc/interrupts" >"$tmp/table"
mv "$tmp/table" "$tmp/large/proc/interrupts"
mkdir -p "$tmp/large/etc/default"
echo 'SHIELD_ALL="48-63"' >"$tmp/large/etc/default/shield"
run irq-affinity --root "$tmp/large" --set 0-63=0-47 --persist
expect_status 0
[ "$(grep -c mlx5 "$tmp/large/etc/default/shield")" -ge 1000 ] || fail 'not all are kept'
run shield --root "$tmp/large" --service
expect_status 0

it 'keeps also what it cannot show, as when a pager was left'
rm "$tmp/large/etc/default/shield"
irq-affinity --root "$tmp/large" --set 0-63=0-3 --persist >/dev/full 2>&1 && fail 'status 0'
[ "$(grep -c '"0-3:' "$tmp/large/etc/default/shield")" -ge 1000 ] || fail 'they are moved, and not kept'

it 'leaves mode and link of the file, and the file alone where nothing is to be kept'
printf '' >"$t/etc/mine"
chmod 600 "$t/etc/mine"
ln -sf ../mine "$t/etc/default/shield"
run irq-affinity --root "$t" --set 0=2 --persist
expect_status 0
expect_stdout_like '^nothing to keep: no file is written$'
expect_same "$t/etc/mine" ''
run irq-affinity --root "$t" --set 2=1 --persist eth0-TxRx-0
expect_status 0
[ -L "$t/etc/default/shield" ] || fail 'the link is gone'
[ "$(stat -c %a "$t/etc/mine")" = 600 ] || fail "mode $(stat -c %a "$t/etc/mine")"
grep -q '"1:eth0-TxRx-0;"' "$t/etc/mine" || fail 'it is not kept behind the link'
