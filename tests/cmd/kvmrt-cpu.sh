#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kvmrt-cpu.sh: each CPU in its place; down, up and back on a host of files
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

tree=$tmp/host
cpus=$tree/sys/devices/system/cpu

# cpu N CORE SIBLINGS: of a machine with one chip and two threads a core
cpu() {
	local dir=$cpus/cpu$1/topology

	mkdir -p "$dir"
	echo 0 >"$dir/physical_package_id"
	echo "$2" >"$dir/core_id"
	echo "$3" >"$dir/thread_siblings_list"
	echo "$3" >"$dir/core_cpus_list"
	printf '%x\n' $((3 << (2 * $2))) | tee "$dir/thread_siblings" "$dir/core_cpus" >/dev/null
	echo f | tee "$dir/core_siblings" "$dir/package_cpus" >/dev/null
	echo 0-3 | tee "$dir/core_siblings_list" "$dir/package_cpus_list" >/dev/null
	[ "$1" = 0 ] || echo 1 >"$cpus/cpu$1/online"
}

mkdir -p "$cpus" "$tree/proc"
cpu 0 0 0-1
cpu 1 0 0-1
cpu 2 1 2-3
cpu 3 1 2-3
for file in possible present online; do
	echo 0-3 >"$cpus/$file"
done
echo '           CPU0' >"$tree/proc/interrupts"
on_tree() { run kvmrt-cpu --root "$tree" "$@"; }

it 'refuses what does not go together'
expect_wrong_usage kvmrt-cpu '--undo goes with no other' --undo --down 1
expect_wrong_usage kvmrt-cpu '--dry-run goes with CPUs' --dry-run
expect_wrong_usage kvmrt-cpu '--force goes with CPUs' --force --up 1
expect_wrong_usage kvmrt-cpu 'argument' 1
expect_wrong_usage kvmrt-cpu '--caches goes with no change' --caches --undo
expect_wrong_usage kvmrt-cpu '--json goes with showing' --json --up 1

it 'shows each CPU with its core, its siblings and its state'
on_tree
expect_status 0
expect_stdout_like '^CPU +CHIP +CORE +THREAD +SIBLINGS +STATE +SHIELD$' \
	'^ +0 +0 +0 +0 +1 +up +-$' '^ +3 +0 +1 +1 +2 +up +-$'
on_tree --json
expect_stdout_like '"cpu": ?3,.*"siblings": ?"2","state": ?"up","shield": ?null'

it 'names a CPU that is not there, an empty set, and what is no set'
on_tree --down 9
expect_status 1
expect_stderr_like '^kvmrt-cpu: .*9'
on_tree --down ''
expect_status 1
expect_stderr 'kvmrt-cpu: --down: expected a set of CPUs, found none in ""'
on_tree --up 1-x
expect_status 1
expect_stderr_like '^kvmrt-cpu: --up: CPU set "1-x", column 3: '
on_tree --siblings-up ''
expect_status 1
expect_stderr_like '^kvmrt-cpu: --siblings-up: expected a set of CPUs'

it 'keeps the last CPU, and one without a switch'
on_tree --down 0-3
expect_status 1
expect_stderr 'kvmrt-cpu: the last CPU stays up; found all that are up'
on_tree --down 0
expect_status 3
expect_stderr_like 'CPU 0 cannot be taken down: this kernel has no switch for it'

it 'does not take down and bring up at once'
on_tree --down 1-2 --up 2-3
expect_status 1
expect_stderr 'kvmrt-cpu: CPUs 2 are to go down and to come up'

it 'leaves what a partition holds'
mkdir -p "$tree/sys/fs/cgroup/vm"
echo cpuset >"$tree/sys/fs/cgroup/cgroup.controllers"
echo isolated >"$tree/sys/fs/cgroup/vm/cpuset.cpus.partition"
echo 3 >"$tree/sys/fs/cgroup/vm/cpuset.cpus.effective"
on_tree --down 3
expect_status 1
expect_stderr_like 'CPUs 3 are held by the partition "/vm"'
rm -r "$tree/sys/fs"

it 'shows what it would do, and what that disturbs'
on_tree --siblings-down 0,2 --dry-run
expect_status 0
expect_stdout_like '^/sys/devices/system/cpu/cpu1/online +1 +0 +goes down +all CPUs stop' \
	'^/sys/devices/system/cpu/cpu3/online +1 +0 '
expect_same "$cpus/cpu1/online" 1

it 'takes siblings down, brings one up, and takes all back'
on_tree --siblings-down 0,2
expect_status 0
expect_same "$cpus/cpu1/online" 0
expect_same "$cpus/cpu3/online" 0
echo 0,2 >"$cpus/online"
on_tree --up 3
expect_status 0
expect_same "$cpus/cpu3/online" 1
echo 0,2-3 >"$cpus/online"
[ -e "$tree/run/kvmrt/topology" ] || fail 'where the CPUs belong is not written down'
on_tree --undo
expect_status 0
expect_same "$cpus/cpu1/online" 1
expect_same "$cpus/cpu3/online" 1
[ ! -e "$tree/run/kvmrt/cpu.journal" ] || fail 'the journal is still there'

it 'is done where there is nothing to undo'
on_tree --undo
expect_status 0
[ ! -e "$tree/run/kvmrt/cpu.journal" ] || fail 'a journal of nothing'

it 'says when siblings went down before it could write them down'
python3 tests/tools/make-machine.py "$tmp/nosmt" cores=2 threads=2 smt=off || fail 'no machine'
run kvmrt-cpu --root "$tmp/nosmt" --siblings-up 0-1
expect_status 1
expect_stderr_like 'shares the core of CPU 0 is not known: CPUs 2-3 are down, .*--up brings'
run kvmrt-cpu --root "$tmp/nosmt" --siblings-down 0-1
expect_status 0

it 'brings up the siblings that it knows, and tells of which it does not know'
python3 tests/tools/make-machine.py "$tmp/known" cores=4 threads=2 || fail 'no machine'
echo '           CPU0' >"$tmp/known/proc/interrupts"
run kvmrt-cpu --root "$tmp/known" --siblings-down 0-3
expect_status 0
python3 tests/tools/make-machine.py "$tmp/some" cores=4 threads=2 smt=off || fail 'no machine'
mkdir -p "$tmp/some/run/kvmrt"
grep -v '^7 ' "$tmp/known/run/kvmrt/topology" >"$tmp/some/run/kvmrt/topology"
run kvmrt-cpu --root "$tmp/some" --siblings-up 0-3 --dry-run
expect_status 0
expect_stdout_like '/cpu4/online +0 +1 ' '/cpu5/online +0 +1 ' '/cpu6/online +0 +1 '
expect_stderr 'kvmrt-cpu: note: which thread shares the core of CPU 3 is not known: CPUs 7 are down, and the kernel does not tell their cores; --up brings them up'
run kvmrt-cpu --root "$tmp/some" --siblings-up 3
expect_status 1
expect_stdout ''
expect_stderr_like '^kvmrt-cpu: which thread shares the core of CPU 3 is not known: '
run kvmrt-cpu --root "$tmp/some" --siblings-up 0
expect_status 0
expect_stderr ''
expect_same "$tmp/some/sys/devices/system/cpu/cpu4/online" 1

it 'says the same again when those that it knows are up'
python3 tests/tools/make-machine.py "$tmp/up" cores=4 threads=2 offline=7 || fail 'no machine'
run kvmrt-cpu --root "$tmp/up" --siblings-up 0-3
expect_status 0
expect_stderr_like '^kvmrt-cpu: note: which thread shares the core of CPU 3 is not known: CPUs 7 '

it 'shows this machine as lscpu does'
command -v lscpu >/dev/null || exit 0
run kvmrt-cpu
expect_status 0
awk 'NR > 1 { print $1, $6 }' "$tmp/stdout" >"$tmp/ours"
lscpu -a -p=CPU,ONLINE | grep -v '^#' | sed 's/,Y/ up/; s/,N/ down/; s/,$/ up/' >"$tmp/theirs"
expect_same "$tmp/ours" "$(cat "$tmp/theirs")"
