#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shield.sh: on a host of files: what is shielded, shown, changed and taken back; on cpusets of
# version 1, where this machine has them, in a small machine of its own
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

tree=$tmp/host
mkdir -p "$tree"/sys/devices/system/cpu "$tree"/sys/devices/virtual/workqueue \
	"$tree"/proc/irq/{24,25} "$tree"/proc/sys/vm "$tree"/etc/default
for i in 0 1 2 3; do
	mkdir -p "$tree/sys/devices/system/cpu/cpu$i/topology"
	echo 0 >"$tree/sys/devices/system/cpu/cpu$i/topology/physical_package_id"
	echo "$i" >"$tree/sys/devices/system/cpu/cpu$i/topology/core_id"
	printf '%x\n' $((1 << i)) >"$tree/sys/devices/system/cpu/cpu$i/topology/core_cpus"
	printf '%x\n' $((1 << i)) >"$tree/sys/devices/system/cpu/cpu$i/topology/thread_siblings"
done
for file in possible present online; do
	echo 0-3 >"$tree/sys/devices/system/cpu/$file"
done
echo quiet >"$tree/proc/cmdline"
echo 1 >"$tree/proc/sys/vm/stat_interval"
echo f >"$tree/proc/irq/default_smp_affinity"
echo f >"$tree/sys/devices/virtual/workqueue/cpumask"
cat >"$tree/proc/interrupts" <<'END'
           CPU0       CPU1       CPU2       CPU3
 24:          1          2          3          4   PCI-MSI 1-edge      eth0
 25:          1          2          3          4   PCI-MSI 2-edge      nvme0q1
END
echo 0-3 >"$tree/proc/irq/24/smp_affinity_list"
echo 3 >"$tree/proc/irq/25/smp_affinity_list"
picture() { (cd "$tree" && grep -r . sys proc | sort); }
picture >"$tmp/before"
on_tree() { run shield --root "$tree" "$@"; }

it 'refuses what does not go together'
expect_wrong_usage shield '--current goes with no change' --current --all 2
expect_wrong_usage shield '--file goes with --service' --file x
expect_wrong_usage shield '--file: expected the path of a file, found ""' --service --file ''
expect_wrong_usage shield '--dry-run goes not with --watch' --all 2 --dry-run --watch
expect_wrong_usage shield '--dry-run goes with' --dry-run
expect_wrong_usage shield '--json goes with showing' --json --all 2
expect_wrong_usage shield 'one of' --tier best

it 'names a file that is not there as it was typed'
on_tree --service --file /nope --dry-run
expect_status 1
expect_stderr 'shield: cannot open /nope: No such file or directory'

it 'names a CPU that is not there, an empty set, and that none is left'
on_tree --all 2,9
expect_status 1
expect_stderr_like '^shield: .*9'
on_tree --all ''
expect_status 1
expect_stderr_like '^shield: --all: expected a set of CPUs, found none in ""'
on_tree --loc 2-x
expect_status 1
expect_stderr_like '^shield: --loc: CPU set "2-x", column 3: '
on_tree --irq 0-3
expect_status 1
expect_stderr 'shield: no CPU would be left for all the rest (irq)'
expect_same "$tmp/before" "$(picture)"

it 'names the partition that has a CPU'
mkdir -p "$tree/sys/fs/cgroup/vm"
echo cpuset >"$tree/sys/fs/cgroup/cgroup.controllers"
echo isolated >"$tree/sys/fs/cgroup/vm/cpuset.cpus.partition"
echo 3 >"$tree/sys/fs/cgroup/vm/cpuset.cpus.effective"
on_tree --proc 2-3
expect_status 1
expect_stderr 'shield: CPUs 3 are held by the partition "/vm"'
rm -r "$tree/sys/fs"

it 'shows the changes and what they disturb, and makes none'
on_tree --all 2-3 --dry-run
expect_status 0
expect_stdout_like '^/proc/irq/24/smp_affinity_list +0-3 +0-1 +interrupt of eth0 +this interrupt moves$' \
	'^/sys/devices/virtual/workqueue/cpumask +f +3 '
on_tree --all 2-3 --dry-run --json
expect_stdout_like '"target":"proc/irq/25/smp_affinity_list","from":"3","to":"0-1"'
expect_same "$tmp/before" "$(picture)"

it 'shields, and shows what is shielded and what remains'
on_tree --all 2-3
expect_status 0
expect_stderr_like 'by means of "affinity".*no cpuset' 'booted with "nohz_full=2-3 rcu_nocbs=2-3"'
expect_same "$tree/proc/irq/25/smp_affinity_list" 0-1
on_tree
expect_status 0
expect_stdout_like '^ +1 +up +no +no +no +no$' '^ +2 +up +yes +yes +yes +no$' '^what remains on them: nothing$'
echo 0-2 >"$tree/proc/irq/24/smp_affinity_list"
on_tree --current
expect_stdout_like '^2 +interrupt +24 +eth0 +'
on_tree --json
expect_stdout_like '"tier":"affinity"' '"cpu": ?2,"state": ?"up","irq": ?true' '"name": ?"eth0"'

it 'adds CPUs and takes them away, kind by kind'
on_tree --irq -2 --loc none
expect_status 0
on_tree
expect_stdout_like '^ +2 +up +no +no +yes +no$' '^ +3 +up +yes +no +yes +no$'
on_tree --irq +1
on_tree
expect_stdout_like '^ +1 +up +yes +no +no +no$' '^ +3 +up +yes +no +yes +no$'
expect_same "$tree/proc/sys/vm/stat_interval" 1
expect_same "$tree/proc/irq/24/smp_affinity_list" 0,2

it 'takes all back'
on_tree --reset
expect_status 0
expect_stdout ''
expect_same "$tmp/before" "$(picture)"
on_tree
expect_stdout_like '^ +3 +up +no +no +no +no$'

it 'does what the service says, assigned interrupts included'
cat >"$tree/etc/default/shield" <<'END'
# two CPUs for real time
SHIELD_ALL="2-3"
SHIELD_TIER=affinity
IRQ_ASSIGN+="0:eth0;" IRQ_ASSIGN+="1-2:25; "
END
on_tree --service
expect_status 0
expect_same "$tree/proc/irq/24/smp_affinity_list" 0
expect_same "$tree/proc/irq/25/smp_affinity_list" 1-2
on_tree --service
expect_status 0
on_tree --reset
expect_same "$tmp/before" "$(picture)"

it 'plans nothing for an interrupt that the kernel holds, and says when one is assigned'
chmod 444 "$tree/proc/irq/25/smp_affinity_list"
on_tree --irq 3 --dry-run
expect_status 0
expect_stdout_like '^/proc/irq/24/smp_affinity_list '
grep -q '/proc/irq/25/' "$tmp/stdout" && fail 'the plan has what will not be'
on_tree --service
expect_status 0
expect_stderr_like '^shield: interrupt 25 "nvme0q1" is not where it is assigned, but on CPUs 3: managed: only'
expect_same "$tree/proc/irq/25/smp_affinity_list" 3
expect_same "$tree/proc/irq/24/smp_affinity_list" 0
on_tree
expect_stdout_like '^3 +interrupt +25 +nvme0q1 +managed: '
on_tree --reset
chmod 644 "$tree/proc/irq/25/smp_affinity_list"
expect_same "$tmp/before" "$(picture)"

it 'says what is wrong in the file'
echo 'SHIELD_SOME=2' >"$tmp/file"
on_tree --service --file "$tmp/file"
expect_status 1
expect_stderr_like "^shield: $tmp/file: line 1: expected SHIELD_ALL, .*found \"SHIELD_SOME\""
echo 'SHIELD_ALL=2 IRQ_ASSIGN="0:eth7;"' >"$tmp/file"
on_tree --service --file "$tmp/file" --dry-run
expect_status 1
expect_stderr 'shield: no interrupt is "eth7"'
expect_same "$tmp/before" "$(picture)"
while IFS='|' read -r text words; do
	printf '%b' "$text" >"$tmp/file"
	on_tree --service --file "$tmp/file"
	expect_status 1
	expect_stderr_like "^shield: $tmp/file: $words"
done <<'END'
\nSHIELD_ALL=3x\r\n|line 2: CPU set "3x", column 2:
SHIELD_TIER=auto\nSHIELD_TIER=best\n|line 2: SHIELD_TIER: expected auto, .*found "best"
\nIRQ_ASSIGN=0:eth0;\nIRQ_ASSIGN+=0,z:25|line 3: IRQ_ASSIGN "0,z:25": CPU set
END
expect_same "$tmp/before" "$(picture)"
on_tree --service --file "$tmp/none"
expect_status 1
expect_stderr_like 'none'

it 'shields also when an interrupt that the file assigns is not there, and says so once'
echo 'SHIELD_IRQ=2-3 IRQ_ASSIGN="1:eth7; 0:eth0; 1:eth7;"' >"$tree/etc/default/shield"
on_tree --service
expect_status 0
expect_stderr "shield: $tree/etc/default/shield: no interrupt is \"eth7\" yet"
expect_same "$tree/proc/irq/24/smp_affinity_list" 0
expect_same "$tree/proc/irq/25/smp_affinity_list" 0-1
on_tree --irq +1
expect_status 1
expect_stderr 'shield: no interrupt is "eth7"'
expect_same "$tree/proc/irq/25/smp_affinity_list" 0-1
on_tree --reset
expect_same "$tmp/before" "$(picture)"

# two drivers that ask for their interrupts when an interface of the watch's network comes up
cat >"$tmp/come-up" <<'END'
shield --root "$1" --service --watch 2>"$2" &
watch=$!
# it listens a moment after it has shielded
until [ "$(cat "$1/proc/irq/25/smp_affinity_list")" = 0-1 ]; do sleep 0.05; done
sleep 0.3
for line in '26: 1 2 3 4 PCI-MSI 3-edge eth8' '27: 1 2 3 4 PCI-MSI 4-edge eth7'; do
	irq=${line%%:*}
	mkdir -p "$1/proc/irq/$irq"
	echo 2-3 >"$1/proc/irq/$irq/smp_affinity_list"
	echo " $line" >>"$1/proc/interrupts"
	ip link set lo down
	ip link set lo up
	for ((i = 0; i < 60; i++)); do
		[ "$(cat "$1/proc/irq/$irq/smp_affinity_list")" = 2-3 ] || break
		sleep 0.05
	done
done
kill $watch
wait $watch
END
if [ "$(id -u)" = 0 ] && command -v ip >/dev/null && unshare -n true 2>/dev/null; then
	it 'watches on without it, and places it when it comes'
	cp "$tree/proc/interrupts" "$tmp/interrupts"
	run unshare -n bash "$tmp/come-up" "$tree" "$tmp/watch"
	expect_status 0
	expect_same "$tmp/watch" "shield: $tree/etc/default/shield: no interrupt is \"eth7\" yet"
	expect_same "$tree/proc/irq/26/smp_affinity_list" 0-1
	expect_same "$tree/proc/irq/27/smp_affinity_list" 1
	on_tree --reset
	cp "$tmp/interrupts" "$tree/proc/interrupts"
	rm -r "$tree"/proc/irq/{26,27}
	expect_same "$tmp/before" "$(picture)"
fi

it 'needs the means that is asked for'
on_tree --proc 3 --tier partition
expect_status 3
expect_stderr_like 'no cpuset controller of cgroup version 2'
on_tree --proc 3 --tier cpuset
expect_status 3
expect_stderr_like 'no cpusets of version 1'
expect_same "$tmp/before" "$(picture)"

it 'takes back what a call that was stopped half-way has done'
on_tree --all 3
sed -i '/^complete$/d' "$tree/run/kvmrt/shield.journal"
on_tree --irq 2
expect_status 0
expect_stderr_like 'stopped half-way'
expect_same "$tree/proc/irq/25/smp_affinity_list" 3
expect_same "$tree/proc/irq/24/smp_affinity_list" 0-1,3
on_tree --reset
expect_same "$tmp/before" "$(picture)"

it 'makes several shields, each with a name, shows each, and takes each back'
expect_wrong_usage shield '--name: expected a name of letters' --name a/b --all 2
expect_wrong_usage shield '--service is about the shield without a name' --name a --service
on_tree --name one --all 2
on_tree --name two --irq 3 --loc 3
expect_status 0
expect_same "$tree/proc/irq/24/smp_affinity_list" 0-1
on_tree
expect_stdout_like '^ +2 +up +yes +yes +yes +no$' '^ +3 +up +yes +yes +no +no$' \
	'^one +2 +2 +2 +- +affinity$' '^two +3 +3 +- +- +-$'
on_tree --json
expect_stdout_like '^"shields":' '"name": ?"two","irq": ?"3"' '"name": ?"one","irq": ?"2"'
on_tree --name two
expect_stdout_like '^ +2 +up +no +no +no +no$' '^two +3 '
on_tree --name three
expect_status 1
expect_stderr 'shield: no shield is called "three"; without --name all are shown'
# the others' CPUs are no place for what has to leave
on_tree --name three --irq 0-1
expect_status 1
expect_stderr 'shield: no CPU would be left for all the rest (irq)'
on_tree --name three --irq 0
expect_same "$tree/proc/irq/25/smp_affinity_list" 1
on_tree --name three --reset
expect_same "$tree/proc/irq/25/smp_affinity_list" 0-1
# the earlier one ends first: what the later one set stays until its own end
on_tree --name one --reset
expect_same "$tree/proc/sys/vm/stat_interval" 120
on_tree
expect_stdout_like '^ +2 +up +no +no +no +no$' '^ +3 +up +yes +yes +no +no$'
on_tree --reset
expect_same "$tree/proc/irq/24/smp_affinity_list" 0-1
on_tree --name two --reset
expect_same "$tmp/before" "$(picture)"

it 'keeps memory of nodes by the cpusets of others, and names what keeps the rest'
on_tree --mem 2-3
expect_status 1
expect_stderr 'shield: no node with memory has one of the CPUs 2-3'
for node in 0 1; do
	mkdir -p "$tree/sys/devices/system/node/node$node"
	echo "Node $node MemTotal:     1048576 kB" >"$tree/sys/devices/system/node/node$node/meminfo"
done
echo 0-1 >"$tree/sys/devices/system/node/online"
echo 3 >"$tree/sys/devices/system/node/node0/cpumap"
echo c >"$tree/sys/devices/system/node/node1/cpumap"
on_tree --mem 0-3
expect_status 1
expect_stderr_like 'no memory would be left for all the rest \(mem\)'
on_tree --mem 2-3
expect_status 3
expect_stderr 'shield: memory is kept by cpusets, which this host has not'
groups=$tree/sys/fs/cgroup
mkdir -p "$groups"/{user.slice,machine.slice,bound/below,only}
touch "$groups"/{user.slice,machine.slice,bound,bound/below,only}/{cgroup.procs,cpuset.mems}
echo 1 >"$groups/bound/below/cpuset.mems"
echo 'cpu cpuset' >"$groups/cgroup.controllers"
echo cpuset >"$groups/cgroup.subtree_control"
echo 1 >"$groups/only/cpuset.mems"
on_tree --mem 2 --dry-run
expect_stdout_like '^/sys/fs/cgroup/user.slice/cpuset.mems +"" +0 +memory for all .*moves to other nodes$'
on_tree --mem 2
expect_status 0
expect_same "$groups/user.slice/cpuset.mems" 0
expect_same "$groups/machine.slice/cpuset.mems" ''
expect_same "$groups/bound/cpuset.mems" ''
expect_same "$groups/only/cpuset.mems" 1
on_tree
expect_stdout_like '^ +2 +up +no +no +no +yes$' '^what remains on them: nothing$'
on_tree --reset
[ -z "$(cat "$groups/user.slice/cpuset.mems")" ] || fail 'nodes are left'
[ ! -e "$groups/kvmrt-shield" ] || fail 'the group is there yet'
rm -r "$groups" "$tree/sys/devices/system/node"
expect_same "$tmp/before" "$(picture)"

it 'leaves nothing behind, wherever it was killed'
kill_at=$KVMRT_BIN/../tests/tools/kill-at
[ -x "$kill_at" ] || skip "$kill_at is not built; the rest passed"
# killed HOW: at each change in turn; undone, and compared; a count of changes in $n
killed() {
	for ((n = 1; ; n++)); do
		[ "$1" = --all ] || shield --root "$tree" --all 2-3 2>/dev/null
		"$kill_at" $n shield --root "$tree" "$@" >/dev/null 2>&1 || break
		run kvmrt-undo --root "$tree" --all
		expect_status 0
		expect_same "$tmp/before" "$(picture)"
	done
	run shield --root "$tree" --reset
	expect_same "$tmp/before" "$(picture)"
}
killed --all 2-3
[ "$n" -gt 50 ] || fail "only $n changes were seen while shielding"
killed --reset
[ "$n" -gt 20 ] || fail "only $n changes were seen while undoing"

it 'keeps tasks off by cpusets of version 1, with their affinities, and lets them back'
top=/sys/fs/cgroup/cpuset
[ "$(id -u)" = 0 ] || skip 'cpusets of version 1 need root; the rest passed'
[ -e $top/cpuset.cpus ] || skip 'no cpusets of version 1 here; the rest passed'
[ "$(nproc)" -ge 2 ] || skip 'cpusets need two CPUs; the rest passed'
small=$tmp/small
own=$top/kvmrt-test-$$
mkdir -p "$small/sys/fs/cgroup/cpuset" "$small/sys/devices/system" "$small/proc" "$own"
at_exit "rmdir $own"
ln -s /sys/devices/system/cpu "$small/sys/devices/system/cpu"
cat $top/cpuset.mems >"$own/cpuset.mems"
cat $top/cpuset.cpus >"$own/cpuset.cpus"
cat >"$tmp/inside" <<'END'
# A machine that has these tasks alone, and whose hierarchy's top is the test's cpuset
set -eu
mount -t cgroup -o cpuset none "$1/sys/fs/cgroup/cpuset"
mount --rbind /proc "$1/proc"
first=$2 second=$3
sleep 60 & free=$!
taskset -c "$second" sleep 60 & bound=$!
state() {
	local pid

	for pid in $free $bound; do
		echo "$(awk '/^Cpus_allowed_list/ { print $2 }' /proc/$pid/status)" \
			"$(sed -n 's/.*:cpuset://p' /proc/$pid/cgroup)"
	done
}
sleep 0.2
state >"$4/v1-before"
shield --root "$1" --proc "$second" 2>/dev/null
state >"$4/v1-during"
shield --root "$1" >"$4/v1-shown"
sleep 60 & born=$!
shield --root "$1" --reset
state >"$4/v1-after"
find "$1/sys/fs/cgroup/cpuset" -mindepth 1 -type d >>"$4/v1-after"
kill $free $bound $born
END
read -r first second < <(taskset -cp $$ | sed 's/.*: //; s/[,-]/ /g')
(
	echo $BASHPID >"$own/tasks"
	run unshare -C -m -p -f --mount-proc bash "$tmp/inside" "$small" "$first" "$second" "$tmp"
	[ "$status" = 0 ] || fail 'the small machine'
) || exit
expect_same "$tmp/v1-during" "$first /kvmrt-host
$first /kvmrt-host"
expect_like "$tmp/v1-shown" '^tasks are kept off by means of: cpuset$' \
	'^what remains on them: nothing$'
expect_same "$tmp/v1-after" "$(cat "$tmp/v1-before")"
