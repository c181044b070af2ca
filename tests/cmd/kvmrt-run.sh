#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kvmrt-run.sh: what a command and running threads are given is what the kernel then shows
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

# wrong REGEX [ARG...]: as wrong use, but with the status of a runner
wrong() {
	local regex=$1

	shift
	run kvmrt-run "$@"
	expect_status 125
	expect_stderr_like "^kvmrt-run: .*$regex" "^Try 'kvmrt-run --help'\.$"
}

it 'ends as its command does'
run kvmrt-run sh -c 'exit 7'
expect_status 7
run kvmrt-run "$tmp/nosuch"
expect_status 127
expect_stderr "kvmrt-run: cannot run \"$tmp/nosuch\": No such file or directory"
run kvmrt-run "$tmp"
expect_status 126
run kvmrt-run --copies 2 sh -c 'kill -TERM $$'
expect_status 143

it 'leaves its own options where the command begins'
run kvmrt-run echo --bias x
expect_status 0
expect_stdout '--bias x'

it 'says what it cannot use'
wrong 'expected a command, or --pid, --tid or --name'
wrong 'a command goes not with --pid' --pid 1 true
wrong '--copies goes with a command' --pid 1 --copies 2
wrong '--memory goes with a command: a memory policy only a thread itself can set' -p 1 -m local
wrong '--policy: expected fifo' --policy rt true
wrong '--priority goes with --policy fifo or rr' --priority 3 true
wrong '--policy deadline and --deadline go together' --policy deadline true
wrong '--policy deadline and --deadline go together' --deadline 1ms/2ms/2ms true
wrong '--deadline: expected RUNTIME <= DEADLINE' -s deadline -D 3ms/2ms/2ms true
wrong '--nice: expected -20 to 19, found "20"' --nice 20 true
wrong '--quantum goes with --policy other or batch' -s rr -q 1ms true
wrong '--bias: .*no CPU 8191 in this machine' --bias 8191 true
wrong '--bias: "" names no CPU' --bias '' true
wrong '--bias: "~boot" names no CPU' --bias '~boot' true
wrong '--memory: this machine has no node 1000' --memory bind:1000 true
wrong '--pid: expected a number, found "x"' --pid x
run kvmrt-run --tid 2147483647 --nice 1
expect_status 125
expect_stderr_like 'there is no "2147483647"'

need taskset chrt
cpus=$(taskset -cp $$ | sed 's/.*: //')
first=${cpus%%[-,]*} last=${cpus##*[-,]}

it 'gives a command its CPUs, niceness and memory policy'
run kvmrt-run --bias "$last" --nice 5 sh -c 'taskset -cp $$; nice'
expect_status 0
expect_stdout_like "list: $last$" '^5$'
run kvmrt-run --policy idle --nice 7 nice
expect_status 0
expect_stdout 7
run kvmrt-run --bias active sh -c 'grep Cpus_allowed_list /proc/self/status'
expect_status 0
if [ -r /proc/self/numa_maps ]; then
	run kvmrt-run --memory bind:0 grep -m1 -c bind:0 /proc/self/numa_maps
	expect_status 0
fi

it 'starts copies, and ends as the first that failed'
run kvmrt-run --copies 3 sh -c 'echo one; exit 3'
expect_status 3
expect_stdout 'one
one
one'

it 'passes signals on'
kvmrt-run --copies 2 sleep 60 &
runner=$!
at_exit "kill $runner 2>/dev/null"
for _ in {1..50}; do
	[ "$(pgrep -c -P $runner)" = 2 ] && break
	sleep 0.1
done
kill -TERM "$runner"
wait "$runner"
[ $? = 143 ] || fail 'expected that the copies end by SIGTERM'

it 'changes a thread that runs'
sleep 60 &
sleeper=$!
at_exit "kill $sleeper"
run kvmrt-run --pid $sleeper --dry-run
expect_stdout "$sleeper sleep"
run kvmrt-run --pid $sleeper --bias "$first" --policy batch --nice 3
expect_status 0
expect_stderr ''
run taskset -cp $sleeper
expect_stdout_like "list: $first$"
run chrt -p $sleeper
expect_stdout_like 'SCHED_BATCH$'

it 'says what one who is not root lacks'
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && [ "$(ulimit -r)" = 0 ]; then
	as_nobody() { run setpriv --reuid 65534 --clear-groups kvmrt-run "$@"; expect_status 125; }
	as_nobody --policy rr true
	expect_stderr 'kvmrt-run: cannot set the policy: needs root (CAP_SYS_NICE), or a limit as of "ulimit -r"'
	as_nobody --policy deadline --deadline 1ms/5ms/5ms true
	expect_stderr 'kvmrt-run: cannot set the policy: needs root (CAP_SYS_NICE)'
	as_nobody --bias "$first" --pid $$
	expect_stderr_like "^kvmrt-run: thread $$ .*: CPUs $first: it is not yours: needs root"
fi

[ "$(id -u)" = 0 ] || skip 'the rest needs root'
kvmrt-run --policy fifo true 2>/dev/null || skip 'real-time policies are not allowed here'

it 'gives real-time policies, and reset on fork'
run kvmrt-run --policy fifo --priority 3 sh -c 'chrt -p $$'
expect_stdout_like 'SCHED_FIFO$' 'priority: 3$'
run kvmrt-run -R -s SCHED_RR sh -c 'chrt -p $$; sh -c "chrt -p \$\$; :"'
expect_stdout_like 'SCHED_RR\|SCHED_RESET_ON_FORK$' 'SCHED_OTHER$'
run kvmrt-run -R -s deadline -D 2ms/10ms/20ms sh -c 'chrt -p $$'
if [ "$status" = 0 ]; then
	expect_stdout_like 'SCHED_DEADLINE' 'parameters: 2000000/10000000/20000000$'
fi
run kvmrt-run --tid $sleeper --policy rr --priority 9
expect_status 0
run chrt -p $sleeper
expect_stdout_like 'SCHED_RR$' 'priority: 9$'

it 'gives a time in its turn where the kernel has that'
run kvmrt-run --quantum 3ms true
[ "$status" = 0 ] || { expect_status 125; expect_stderr_like 'that needs Linux 6.12'; }

it 'locks the memory of a command, and of what it starts'
locked() { sed -n 's/^VmLck:[[:space:]]*\([0-9]*\) kB/\1/p' "$1"; }
run kvmrt-run --lock sh -c 'cat /proc/$$/status; echo --; grep VmLck /proc/self/status; true'
if [ "$status" = 125 ]; then
	expect_stderr_like 'cannot lock|seccomp|traced'
	skip 'memory cannot be locked here'
fi
sed '/^--/,$d' "$tmp/stdout" >"$tmp/own"
[ "$(locked "$tmp/own")" -gt 0 ] || fail 'the command is not locked'
[ "$(sed '1,/^--/d' "$tmp/stdout" | locked /dev/stdin)" -gt 0 ] ||
	fail 'what it starts is not locked'
run kvmrt-run --lock "$tmp/nosuch"
expect_status 127
run kvmrt-run --lock sh -c 'exit 9'
expect_status 9

it 'locks the memory of a process that runs, which goes on'
run kvmrt-run --lock --pid $sleeper
expect_status 0
[ "$(locked /proc/$sleeper/status)" -gt 0 ] || fail 'not locked'
kill -0 $sleeper || fail 'it has ended'
