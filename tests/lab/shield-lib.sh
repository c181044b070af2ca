# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# shield-lib.sh: the shield on a loaded host of 8 CPUs, for each kernel's test.
# shellcheck source=tests/lab/t-lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/t-lib.sh"

lab=$(dirname "${BASH_SOURCE[0]}")
snapshot=$lab/host-snapshot
group=/sys/fs/cgroup/kvmrt-shield
tree=$(realpath "$lab/../..")
load=()

# hogs, one of them bound to a CPU that will be shielded; disk interrupts.  Few: what the lab
# emulates is slow, and all its CPUs share those of this machine.
load_host() {
	sh -c 'while :; do :; done' &
	load+=($!)
	taskset -c 4 sh -c 'while :; do :; done' &
	load+=($!)
	sh -c 'while :; do cat /bin/[a-c]* >/dev/null; sleep 0.1; done' &
	load+=($!)
}
end_load() {
	[ ${#load[@]} = 0 ] || kill "${load[@]}" 2>/dev/null
	wait "${load[@]}" 2>/dev/null
	load=()
}
trap end_load EXIT

# restored WHEN: the host is as in the file "before"
restored() {
	$snapshot after
	$snapshot --compare before after >differences || fail "$1: $(head -n 20 differences)"
}

# only_explained SECONDS: what ran on CPUs 4 and 5 is the test's, idle, or in shield's list
only_explained() {
	local i

	kvmrt-run --bias 4 sh -c 'while :; do :; done' &
	work=$!
	load+=("$work")
	for ((i = 0; i < 150; i++)); do
		grep -q kvmrt-shield "/proc/$work/cgroup" && break
		nap 0.1
	done
	same "the group of the test's task" 0::/kvmrt-shield "$(cat /proc/$work/cgroup)"
	xtrace-run -o t -b 1m -c 4-5 -e sched -e irq -e timer -e workqueue -- sleep "$1" 2>run.log ||
		fail "$(cat run.log)"
	xtrace-view --stat -c 4-5 t
	xtrace-view -c 4-5 -f pid,comm t | sort | uniq -c | sort -rn >ran
	shield --json | tr '{' '\n' | sed -n 's/.*"what": *"task".*"name": *"\([^"]*\)".*/\1/p' >explained
	awk -v work="$work" '
		FNR == NR { split($0, part, /[-+]/); names[part[1]]; next }
		{ name = $3; sub(/[-+].*/, "", name) }
		$2 == 0 || $2 == work || name in names || name ~ /^kworker\/[45]:/ { next }
		{ print }' explained ran >others
	echo "ran on CPUs 4 and 5: $(tr -s ' ' <ran | tr '\n' ';')"
	[ ! -s others ] || fail "not explained: $(head -n 10 others)"
	grep -q " $work " ran || fail "the test's own task was not seen"
	rm -rf t
}

# watches: an interrupt that a driver has placed anew is moved off again
watches() {
	local irq i watcher

	irq=$(awk -F: '/virtio.*-req/ { print $1 + 0; exit }' /proc/interrupts)
	shield --watch 2>watched &
	watcher=$!
	load+=("$watcher")
	sleep 1
	echo 0-7 >"/proc/irq/$irq/smp_affinity_list" || return
	ip link set lo down && ip link set lo up || fail "lo"
	for ((i = 0; i < 100; i++)); do
		[ "$(cat "/proc/irq/$irq/smp_affinity_list")" = 0-7 ] || break
		nap 0.1
	done
	same "interrupt $irq" 0-3,6-7 "$(cat "/proc/irq/$irq/smp_affinity_list")"
	kill "$watcher"
	wait "$watcher" || fail "shield --watch: $(cat watched)"
	echo "interrupt $irq was moved off again after $((i / 10)) s"
}

# killed_anywhere STEP: all comes back when it is killed before and behind each change, or,
# quicker, at each STEPth of all stops, those of the journal too; and so with undoing
killed_anywhere() {
	local n

	[ "$1" != every ] || set -- 1 -w
	for ((n = 1; ; n += $1)); do
		"$tree/build/tests/tools/kill-at" $2 $n shield --all 4-5 >/dev/null 2>&1 || break
		# behind the journal's last word the shield is whole, and stays until its reset
		! kvmrt-undo --list | grep -qw complete || shield --reset
		kvmrt-undo >/dev/null || fail "kvmrt-undo after kill $n"
		restored "killed at change $n"
	done
	[ $n -gt 50 ] || fail "only $n changes were seen"
	echo "killed while shielding: $n stops in steps of $1 $2"
	shield --reset
	for ((n = 1; ; n += $1)); do
		shield --all 4-5 2>/dev/null || fail "shield"
		"$tree/build/tests/tools/kill-at" $2 $n shield --reset >/dev/null 2>&1 || break
		kvmrt-undo --all >/dev/null || fail "kvmrt-undo after kill $n of reset"
		restored "killed at change $n of reset"
	done
	echo "killed while undoing: $n stops in steps of $1 $2"
	restored "at the end"
}

# shields SECONDS STEP
shields() {
	# which CPUs a thread of the kernel may use changes while it starts
	sleep 1
	shield --reset
	$snapshot before
	load_host
	sleep 1
	shield --all 4-5 2>said || fail "$(cat said)"
	cat said
	same "tier" isolated "$(cat $group/cpuset.cpus.partition)"
	only_explained "$1"
	watches
	kill "$work"
	shield --reset || fail "reset"
	end_load
	restored "reset"
	echo "all is as it was before the shield"

	shield --proc 4-5 --irq 4-5 --tier affinity || fail "affinity"
	same "the affinity of this shell" 0-3,6-7 \
		"$(awk '/^Cpus_allowed_list/ { print $2 }' /proc/$$/status)"
	sleep 60 &
	load+=($!)
	shield --reset
	same "the affinity of a child" 0-7 \
		"$(awk '/^Cpus_allowed_list/ { print $2 }' /proc/${load[0]}/status)"
	end_load
	restored "affinity"
	echo "all is as before, affinities as well"
	killed_anywhere "$2"
}

# on_node_1 PID: pages of its memory there
on_node_1() { grep -o 'N1=[0-9]*' "/proc/$1/numa_maps" | awk -F= '{ n += $2 } END { print n + 0 }'; }
cpus_of() { sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$1/status"; }

# several: two shields with names; one ends, the other stays, and so do the affinities of tasks,
# those that came meanwhile too, which 6.1 forgets with a partition's end; memory of a node
several() {
	local work=/sys/fs/cgroup/shield-test other=/sys/fs/cgroup/other early late rich pages i

	taskset -c 1 sleep 300 &
	early=$!
	mkdir $work
	kvmrt-run --memory preferred:1 sh -c 'x=$(head -c 8000000 /dev/zero | tr "\0" x); sleep 300 & wait' &
	rich=$!
	load+=("$early" "$rich")
	for ((i = 0; i < 100; i++)); do
		pages=$(on_node_1 $rich)
		[ "$pages" -lt 1500 ] || break
		nap 0.1
	done
	[ "$pages" -ge 1500 ] || fail "only $pages pages on node 1"
	echo $rich >$work/cgroup.procs
	sleep 1
	$snapshot before
	shield --name one --all 2-3 2>said || fail "$(cat said)"
	shield --name two --all 4-5 --mem 4-5 2>said || fail "$(cat said)"
	same "partitions" "isolated isolated" "$(cat $group-{one,two}/cpuset.cpus.partition | xargs)"
	same "shielded, as cpustat shows it" "2 3 4 5" \
		"$(cpustat -o cpu,state | awk '$2 ~ /shielded,.*partition|partition,.*shielded/ { print $1 }' | xargs)"
	shield >shown || fail "shield"
	grep -Eq '^one +2-3 +2-3 +2-3 +- +partition$' shown || fail "$(cat shown)"
	grep -Eq '^two +4-5 +4-5 +4-5 +4-5 +partition$' shown || fail "$(cat shown)"
	same "nodes of the test's group" 0 "$(cat $work/cpuset.mems)"
	[ "$(on_node_1 $rich)" -lt $((pages / 4)) ] || fail "$(on_node_1 $rich) pages stayed on node 1"
	kvmrt-run --bias 5 sh -c 'cat /proc/self/cgroup' >cgroup
	same "the group of a task on CPU 5" 0::/kvmrt-shield-two "$(cat cgroup)"
	taskset -c 0 sleep 300 &
	late=$!
	load+=("$late")
	nap 0.5
	shield --name one --reset || fail "reset of one"
	same "the partition that stays" isolated "$(cat $group-two/cpuset.cpus.partition)"
	same "affinities" "1 0" "$(cpus_of $early) $(cpus_of $late)"
	same "an affinity of no task's own" 0-3,6-7 "$(cpus_of $$)"
	# somebody else's groups need the controller by now
	mkdir -p $other/below && echo +cpuset >$other/cgroup.subtree_control || fail "$other"
	shield --name two --reset 2>said || fail "$(cat said)"
	same "nodes of the test's group" 0-1 "$(cat $work/cpuset.mems.effective)"
	rmdir $other/below $other
	echo -cpuset >/sys/fs/cgroup/cgroup.subtree_control
	same "affinities" "1 0 0-7" "$(cpus_of $early) $(cpus_of $late) $(cpus_of $$)"
	end_load	# they were born with the affinities that the test gave them
	restored "two shields"
	rmdir $work
	echo "two shields came and went; of $pages pages on node 1 few stayed"
}

# born_between: what was born under one shield and had by another keeps nothing of either
born_between() {
	$snapshot before
	shield --name one --proc 2-3 --tier affinity || fail "one"
	sleep 300 &
	load+=($!)
	shield --name two --proc 4-5 --tier affinity || fail "two"
	same "CPUs of a task under both" 0-1,6-7 "$(cpus_of "${load[0]}")"
	shield --name one --reset || fail "reset of one"
	shield --name two --reset || fail "reset of two"
	same "CPUs of a task born under one of two" 0-7 "$(cpus_of "${load[0]}")"
	end_load
	restored "born between"
}

# refuses: what is wrong is said, and nothing is changed
refuses() {
	local dir=/sys/fs/cgroup/other

	# a partition that is not ours: kernel threads forget their affinities for its sake
	echo +cpuset >/sys/fs/cgroup/cgroup.subtree_control
	mkdir $dir && echo 4-5 >$dir/cpuset.cpus && echo isolated >$dir/cpuset.cpus.partition
	echo member >$dir/cpuset.cpus.partition
	rmdir $dir
	echo -cpuset >/sys/fs/cgroup/cgroup.subtree_control
	$snapshot before
	shield --all 4-9 2>said && fail "CPU 9"
	shield --all 0-7 2>said && fail "all CPUs"
	echo +cpuset >/sys/fs/cgroup/cgroup.subtree_control
	mkdir $dir && echo 4-5 >$dir/cpuset.cpus && echo isolated >$dir/cpuset.cpus.partition
	same "the other partition" isolated "$(cat $dir/cpuset.cpus.partition)"
	shield --proc 5-6 2>said && fail "CPU of a partition"
	grep -q 'CPUs 5 are held by the partition "/other"' said || fail "$(cat said)"
	kvmrt-cpu --down 5 2>said && fail "CPU of a partition down"
	grep -q 'held by the partition' said || fail "$(cat said)"
	echo member >$dir/cpuset.cpus.partition
	# an overlap makes a kernel before 7.0 call the partition invalid: its words are shown
	shield --proc 5-6 --tier partition 2>said && fail "an invalid partition"
	grep -q 'the kernel shows "isolated invalid (.*)"' said || fail "$(cat said)"
	shield --proc 5-6 2>said || fail "$(cat said)"
	grep -q 'by means of "affinity"; a better one .*isolated invalid' said || fail "$(cat said)"
	shield --reset
	rmdir $dir
	echo -cpuset >/sys/fs/cgroup/cgroup.subtree_control
	restored "refused"

	kvmrt-cpu --down 0 2>said
	same "CPU 0" 3 $?
	kvmrt-cpu --siblings-down 4,6 || fail "siblings"
	same "CPUs up" 0-4,6 "$(cat /sys/devices/system/cpu/online)"
	shield --all 4 2>said || fail "$(cat said)"
	shield --reset
	same "CPUs up" 0-4,6 "$(cat /sys/devices/system/cpu/online)"
	kvmrt-cpu --up 5 && kvmrt-cpu --undo || fail "undo"
	restored "siblings"
	# as in a container
	mount --bind /sys /sys && mount -o remount,bind,ro /sys || fail "mount"
	kvmrt-cpu --down 5 2>said
	same "read-only" 3 $?
	grep -q 'may not be changed: .*Read-only file system' said || fail "$(cat said)"
	shield --proc 4-5 2>said || fail "$(cat said)"
	grep -q 'workqueue/cpumask is as it was: .*Read-only file system' said || fail "$(cat said)"
	shield --reset
	umount /sys
	restored "read-only"
}
