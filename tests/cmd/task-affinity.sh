#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# task-affinity.sh: shows a recorded machine's threads; moves its own, and takes that back
# shares: journals
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"
journals_go

t=$tmp/t
mkdir -p "$t/sys/devices/system/cpu"
for file in online present possible; do
	echo 0-3 >"$t/sys/devices/system/cpu/$file"
done
# task TID NAME FLAGS CPUS CPU PRIO POLICY CGROUP
task() {
	mkdir -p "$t/proc/$1"
	echo "$1 ($2) S 1 7 7 0 -1 $3 101 0 0 0 0 0 0 0 20 0 1 0 124955 0 0 1 1 1 0 0 0 0 0 0 0 0 0 0 17 $5 $6 $7 0" \
		>"$t/proc/$1/stat"
	printf 'Name:\t%s\nCpus_allowed_list:\t%s\nMems\n' "$2" "$4" >"$t/proc/$1/status"
	echo "0::$8" >"$t/proc/$1/cgroup"
}
task 2 kthreadd 2129984 0-3 0 0 0 /
task 30 ksoftirqd/3 69238848 3 3 0 0 /
task 31 kworker/u8:2 69238880 0-3 1 0 0 /
task 40 'CPU 0/KVM' 4194304 2 2 1 1 /machine.slice/vm
task 41 'a) R 1 (b' 4194304 0-1 1 0 0 /user.slice
affinity() { run task-affinity --root "$t" "$@"; }

it 'shows every thread, and whether it may be moved'
affinity
expect_status 0
expect_stdout 'TID  PID  CPUS  CPU  POLICY  PRIO  MOVE       NAME
  2    2  0-3     0  other      -  free       kthreadd
 30   30  3       3  other      -  bound      ksoftirqd/3
 31   31  0-3     1  other      -  workqueue  kworker/u8:2
 40   40  2       2  fifo       1  free       CPU 0/KVM
 41   41  0-1     1  other      -  free       a) R 1 (b'

it 'shows them again and again until it is ended, as they are then'
(sleep 0.5; task 41 'a) R 1 (b' 4194304 2 1 0 0 /user.slice) &
run timeout --preserve-status 1.5 task-affinity --root "$t" -i 100ms -o tid,cpus 41
wait
task 41 'a) R 1 (b' 4194304 0-1 1 0 0 /user.slice
expect_status 0
expect_stdout_like '^ 41  0-1$' '^$' '^ 41  2$'
(sleep 0.5; mv "$t/proc/41" "$tmp/41") &
run timeout --preserve-status 1.5 task-affinity --root "$t" -i 100ms -o tid,cpus 41
wait
mv "$tmp/41" "$t/proc/41"
expect_status 0
expect_wrong_usage task-affinity '--interval: expected at least 100ms' -i 0
expect_wrong_usage task-affinity '--interval goes with neither' -i 1 --undo

it 'chooses by number, name, cgroup, kind and CPUs'
affinity -o tid 40 'k*d'
expect_stdout 'TID
  2
 40'
affinity -o tid,cgroup --cgroup '/machine.slice/*'
expect_stdout 'TID  CGROUP
 40  /machine.slice/vm'
affinity -o tid --kernel --cpus 3
expect_stdout 'TID
  2
 30
 31'
affinity --json -o tid,kind,name --user
expect_stdout '[
 {"tid":40,"kind":"user","name":"CPU 0/KVM"},
 {"tid":41,"kind":"user","name":"a) R 1 (b"}
]'

it 'says so where /proc has no thread at all'
mkdir -p "$tmp/bare/proc"
cp -r "$t/sys" "$tmp/bare"
run task-affinity --root "$tmp/bare"
expect_status 3
expect_stderr "task-affinity: no thread in $tmp/bare/proc: nothing is mounted there, or recorded"

it 'is done where there is nothing to undo'
affinity --undo
expect_status 0
expect_stderr 'task-affinity: nothing to undo'

it 'shows what a /proc that hides others lets it see, and says so'
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null &&
	unshare -m mount -t proc -o hidepid=1 proc /proc 2>/dev/null; then
	for hidepid in 1 2; do
		run unshare -m sh -c 'mount -t proc -o hidepid="$1" proc /proc &&
			exec setpriv --reuid 65534 --regid 65534 --clear-groups task-affinity -o name' sh $hidepid
		expect_status 0
		expect_stdout_like '^task-affinity$'
		expect_stderr 'task-affinity: /proc hides threads of others (hidepid): they are left out'
	done
fi

it 'says what it cannot use'
expect_wrong_usage task-affinity '--set moves threads of this machine' --root "$t" --set 0=1
expect_wrong_usage task-affinity '--persist goes with --set' --persist
expect_wrong_usage task-affinity '--kernel goes not with --user' -k -u
expect_wrong_usage task-affinity '--undo takes back all' --undo -k
expect_wrong_usage task-affinity '--cpus: .*no CPU 4 in this machine' --root "$t" --cpus 4
expect_wrong_usage task-affinity '--set: expected CPUs, found the empty set' --set '=0'
affinity nosuch
expect_status 1
expect_stderr 'task-affinity: no thread has the number or name "nosuch"'
echo '41 (torn' >"$t/proc/41/stat"
affinity
expect_status 1
expect_stderr_like 'proc/41/stat: expected "PID \(NAME\) STATE ...", found "41 \(torn'

need taskset
[ "$(id -u)" = 0 ] || skip 'the rest needs root'
[ -e /run/kvmrt/task-affinity.journal ] && skip 'task-affinity has moved something on this machine'
cpus=$(taskset -cp $$ | sed 's/.*: //')
first=${cpus%%[-,]*} last=${cpus##*[-,]}
[ "$first" != "$last" ] || skip 'the rest needs two CPUs'
sleep 60 &
sleeper=$!
at_exit "kill $sleeper; task-affinity --undo >/dev/null 2>&1"
cpus_of() { taskset -cp "$1" | sed 's/.*: //'; }

it 'moves a thread of this machine, and takes it back'
run taskset -cp "$last" "$sleeper"
run task-affinity --set "$last=$first" --dry-run --persist "$sleeper"
expect_status 0
expect_stdout_like '^(would be kept in .*\.service\.d/|1 threads belong to no service)'
expect_stdout_like "^ *$sleeper +$sleeper +$last +$first +planned +sleep$"
run task-affinity --set "$last=$first" "$sleeper"
expect_status 0
expect_stdout_like "^ *$sleeper +$sleeper +$last +$first +moved +sleep$"
[ "$(cpus_of $sleeper)" = "$first" ] || fail "found $(cpus_of $sleeper)"
run task-affinity --undo
expect_status 0
expect_stdout_like "\"sleep\" +$first +$last +restored$"
[ "$(cpus_of $sleeper)" = "$last" ] || fail "found $(cpus_of $sleeper)"

it 'keeps for a service the CPUs that its threads have, those of refused ones as well'
v1=/sys/fs/cgroup service=kvmrt-test-$$.service
# keep [ARG]...: with a folder of units of its own, whose files it prints behind all
# shellcheck disable=SC2016 # for the inner shell
keep() {
	run unshare -m sh -c 'mount -t tmpfs none /etc/systemd/system || exit 99
		"$@"; status=$?; cat /etc/systemd/system/*/* 2>/dev/null; exit $status' sh \
		task-affinity --persist "$@"
}
if [ -w $v1/cpuset/tasks ] && [ -w $v1/systemd/tasks ] && [ -d /etc/systemd/system ] &&
	unshare -m true 2>/dev/null; then
	sleep 60 &
	held=$!
	at_exit "echo $sleeper >$v1/systemd/tasks; kill $held; sleep 0.2; rmdir $v1/{cpuset,systemd}/$service"
	mkdir $v1/{cpuset,systemd}/"$service"
	cat $v1/cpuset/cpuset.mems >"$v1/cpuset/$service/cpuset.mems"
	echo "$first" >"$v1/cpuset/$service/cpuset.cpus"
	echo $held >"$v1/cpuset/$service/tasks"
	echo $held >"$v1/systemd/$service/tasks"
	keep --set "$first=$last" $held
	expect_status 1
	expect_stdout_like "^ *$held .*Invalid argument"
	! grep -q CPUAffinity "$tmp/stdout" || fail "a refused thread's CPUs are kept"
	[ ! -e /run/kvmrt/task-affinity.journal ] || fail 'a journal of nothing stays'
	echo $sleeper >"$v1/systemd/$service/tasks"
	taskset -cp "$first" $sleeper >/dev/null
	keep --set "$first=$last" $held $sleeper
	expect_status 1
	expect_stdout_like "^CPUAffinity=${first}[,-]$last$"
	run task-affinity --undo
	expect_status 0
	taskset -cp "$last" $sleeper >/dev/null
	keep --set "$last=$first" $sleeper
	expect_status 0
	expect_stdout_like "^CPUAffinity=$first$"
	run task-affinity --undo
	echo $sleeper >"$v1/systemd/tasks"
fi

it 'says that a thread of a CPU stays, with status 1 where it was named'
if pid=$(pgrep -x "ksoftirqd/$last"); then
	run task-affinity --set "$last=$first" "$pid"
	expect_status 1
	expect_stdout_like "^ *$pid .* bound: it belongs to its CPU +ksoftirqd/$last$"
fi

it 'also moves the threads that start meanwhile'
cat >"$tmp/kvmrt-forker" <<-'END'
	#!/bin/bash
	while [ ! -e "$1/stop" ]; do
		(sleep 0.3; :) &
		sleep 0.005
	done
	wait
END
chmod +x "$tmp/kvmrt-forker"
taskset -c "$last" "$tmp/kvmrt-forker" "$tmp" &
forker=$!
at_exit "touch '$tmp/stop'; wait $forker"
sleep 0.3
run task-affinity --set "$last=$first" kvmrt-forker
expect_status 0
for pid in $forker $(pgrep -P $forker); do
	where=$(cpus_of "$pid" 2>/dev/null)
	[ "${where:-$first}" = "$first" ] || fail "$pid is on $where"
done
touch "$tmp/stop"
run task-affinity --undo
expect_status 0
