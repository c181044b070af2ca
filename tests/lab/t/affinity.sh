#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: irq-affinity and task-affinity show what /proc says, move all that may leave a set of CPUs, name what stays, and put it back, with CPUs down too; kvmrt-run's memory policy over two nodes
# lab: --cpus 8 --threads 2 --nodes 2 --disk
# limit: 120
# shellcheck source=tests/lab/t-lib.sh
. "$(dirname "$0")/../t-lib.sh"

irqs() { for d in /proc/irq/[0-9]*; do echo "${d##*/} $(cat "$d/smp_affinity_list")"; done | sort -n; }
# of all threads but those of this test: TID and CPUs
threads() { grep -H '^Cpus_allowed_list' /proc/[0-9]*/task/[0-9]*/status 2>/dev/null |
	sed -E 's|/proc/[0-9]+/task/([0-9]+)/status:Cpus_allowed_list:\t|\1 |' | sort -n; }
overlaps() { taskset -c "$1" true 2>/dev/null && [ -n "$(comm -12 <(expand "$1") <(expand "$2"))" ]; }
expand() { tr , '\n' <<<"$1" | while IFS=- read -r a b; do seq "$a" "${b:-$a}"; done | sort; }

# a disk with a managed interrupt for each CPU
modprobe virtio_blk || fail "no virtio_blk"
for ((i = 0; i < 100; i++)); do
	grep -Eq 'virtio[0-9]+-req\.7' /proc/interrupts && break
	nap 0.1
done
spread=$(awk -F: '/virtio[0-9]+-req\./ { print $1 + 0 }' /proc/interrupts)
same "interrupts of the disk" 8 "$(wc -w <<<"$spread")"

# shown as it is
shown=$(irq-affinity -o irq,cpus | awk 'NR > 1 && $2 != "-" { print $1, $2 }')
same "interrupts" "$(irqs | grep -F -x -f <(echo "$shown"))" "$shown"
[ "$(wc -l <<<"$shown")" -ge 5 ] || fail "only $(wc -l <<<"$shown") interrupts are shown"
task-affinity -o tid,cpus | awk 'NR > 1 { print $1, $2 }' | sort -n >shown
threads >real
missing=$(comm -13 <(sort real) <(sort shown) | wc -l)
[ "$missing" -le 3 ] || fail "$missing threads are shown that are not so in /proc"

# interrupts leave node 1, but for the managed ones
irqs >before
irq-affinity --set n1=n0 >moved
status=$?
cat moved
grep -q ' moved ' moved || fail "no interrupt was moved"
irqs | while read -r irq cpus; do
	overlaps "$cpus" 4-7 || continue
	grep -Eq "^ *$irq .*(managed|fixed): " moved || [ ! -d "/sys/kernel/irq/$irq" ] ||
		! grep -q "^ *$irq:" /proc/interrupts || fail "IRQ $irq is still on $cpus, and not named"
done || exit 1
same "status with managed ones" 1 "$status"
# those of the disk are managed, and the kernel refuses them: EIO, EPERM from 6.11 on
same "the disk's" "$spread" "$(irq-affinity -o irq,move 'virtio*-req.*' | awk '$2 == "managed" { print $1 }')"
for irq in $spread; do
	grep -Eq "^ *$irq +[4-7] .*managed: only the kernel moves it" moved ||
		[[ $(cat "/proc/irq/$irq/smp_affinity_list") = [0-3] ]] || fail "IRQ $irq is not named"
	echo 0 2>refusal >"/proc/irq/$irq/smp_affinity_list" && fail "IRQ $irq can be moved"
done
grep -Eq 'Input/output error|Operation not permitted' refusal || fail "$(cat refusal)"
irq-affinity -o irq,move | grep -q unknown && fail "an interrupt is unknown to root"
irq-affinity --undo >/dev/null || fail "undo of interrupts: status $?"
same "interrupts after undo" "$(cat before)" "$(irqs)"

# shield leaves them, and says so; all others are off
shield --irq 4-7 2>said || fail "shield: $(cat said)"
shield >shown || fail "shield: status $?"
same "shield names the disk's" 4 "$(grep -Ec '^[4-7] +interrupt +[0-9]+ +virtio[0-9]+-req\.[0-9] +managed: ' shown)"
grep ' interrupt ' shown | grep -Ev 'managed: |the kernel does not let|comes elsewhere' >left
[ ! -s left ] || fail "left without need: $(cat left)"
shield --reset || fail "reset"
same "interrupts after the shield" "$(cat before)" "$(irqs)"

# threads leave node 1, but for those of its CPUs
sleep 300 &
sleeper=$!
taskset -cp 5 $sleeper >/dev/null
task-affinity --set n1=n0 >moved || fail "moving threads: status $?"
task-affinity --cpus n1 -o move,name | awk 'NR > 1 && $1 == "free"' >left
[ ! -s left ] || fail "may be moved, and is left: $(head -3 left)"
grep -Eq ' bound: it belongs to its CPU +ksoftirqd/5$' moved || fail "ksoftirqd/5 is not named"
same "the sleeper" 0-3 "$(taskset -cp $sleeper | sed 's/.*: //')"
task-affinity --undo >undone || fail "undo of threads: status $?"
same "the sleeper after undo" 5 "$(taskset -cp $sleeper | sed 's/.*: //')"
same "kthreadd after undo" 0-7 "$(taskset -cp 2 | sed 's/.*: //')"
kill $sleeper

# with CPUs down, which 6.1 gives to no thread, threads leave as well, and children come back
kvmrt-cpu --down 6-7 || fail "CPUs down"
sleep 300 &
sleeper=$!
task-affinity --set 4-5=0-3 $sleeper || fail "moving with CPUs down: status $?"
same "the sleeper with CPUs down" 0-3 "$(taskset -cp $sleeper | sed 's/.*: //')"
task-affinity --undo || fail "undo with CPUs down: status $?"
shield --proc 4-5 --tier affinity || fail "shield with CPUs down"
same "this shell" 0-3 "$(taskset -cp $$ | sed 's/.*: //')"
sleep 300 &
child=$!
shield --reset || fail "reset with CPUs down"
same "CPUs after the reset" "0-5 0-5 0-5" \
	"$(for pid in $$ $sleeper $child; do taskset -cp "$pid"; done | sed 's/.*: //' | xargs)"
kvmrt-cpu --undo || fail "CPUs up"
# which cores they were of is remembered to the end of a boot, in which other tests follow
rm /run/kvmrt/topology
kill $sleeper $child

# a command's memory comes from the node that it is told
kvmrt-run --bias n1 --memory bind:1 --lock sh -c 'grep -c bind:1 /proc/$$/numa_maps; grep VmLck /proc/$$/status
	grep -o "N[0-9]*=" /proc/self/numa_maps | sort | uniq -c; taskset -cp $$' >placed || fail "kvmrt-run: status $?"
cat placed
grep -Eq 'VmLck:\s+[1-9]' placed || fail "not locked"
grep -q 'list: 4-7$' placed || fail "not on node 1's CPUs"
