#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# cpustat.sh: CPUs and columns, as a table and as JSON, of a made-up host and of this one;
# and that it leaves the CPUs that are set aside
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"
need python3
python3 tests/tools/make-host.py --cpus 8 --irqs 12 --tasks 60 "$tmp/root" || fail 'no tree'
# taken twice at once, loads and rates are those of nothing
stat() { run cpustat --root "$tmp/root" -i 10ms -n 1 "$@"; }

it 'refuses what makes no sense'
expect_wrong_usage cpustat 'no column "laod"; there is "load"' -o cpu,laod
expect_wrong_usage cpustat 'no column "zzzzzz"; --list names them' -o zzzzzz
expect_wrong_usage cpustat 'at least 10ms' -i 1ms
expect_wrong_usage cpustat 'at least 10ms' -i 0
expect_wrong_usage cpustat '--columns: "load" stands there twice' --json -o load,cpu,load
stat -c 8
expect_status 1
expect_stderr_like 'no CPU 8'
stat -c n7
expect_status 1
stat -c ''
expect_status 1
expect_stderr 'cpustat: expected CPUs, found none in ""'
run cpustat --root "$tmp/none"
expect_status 1

it 'shows place, state, what runs and what is bound'
stat -o cpu,package,node,core,siblings,state,task,policy,waiting,irqs,tasks,pinned
expect_status 0
expect_stdout 'CPU  PACKAGE  NODE  CORE  SIBLINGS  STATE               TASK       POLICY  WAITING  IRQS   #TASKS  PINNED
  0        0     0     0  2         on                  worker-48  other         0  24,32      32  -
  1        0     0     1  3         on                  -          -             0  31         32  -
  2        0     0     0  0         on                  -          -             0  30         32  -
  3        0     0     1  1         on                  -          -             0  29         32  -
  4        1     1     2  6         on                  -          -             0  28         32  -
  5        1     1     3  7         on                  -          -             0  27,35      32  -
  6        1     1     2  4         isolated,nohz_full  CPU 0/KVM  fifo:1        0  26,34       5  CPU 0/KVM:63
  7        1     1     3  5         isolated,nohz_full  CPU 1/KVM  fifo:1        0  25,33       5  CPU 1/KVM:64'

it 'chooses CPUs as the other commands do'
stat -c '~n0' -o cpu
expect_stdout 'CPU
  4
  5
  6
  7'
stat -c c0 -o cpu,node
expect_stdout 'CPU  NODE
  0     0
  2     0'

it 'tells the devices that are near'
python3 tests/tools/make-machine.py "$tmp/two" packages=2 nodes=2 cores=2 threads=1 pci=2 ||
	fail 'no tree'
for file in stat interrupts softirqs; do
	cp "$tmp/root/proc/$file" "$tmp/two/proc/"
done
run cpustat --root "$tmp/two" -i 10ms -n 1 -o cpu,node,devices
expect_status 0
expect_stdout 'CPU  NODE  DEVICES
  0     0  nvme0,enp1s0f0,enp1s0f1
  1     0  nvme0,enp1s0f0,enp1s0f1
  2     1  nvme1,enp17s0f0,enp17s0f1
  3     1  nvme1,enp17s0f0,enp17s0f1'

it 'lists its columns'
run cpustat --list
expect_status 0
expect_stdout_like '^load +time that was not idle$' '^pinned '

it 'goes on as JSON, an object in a line, until it is ended'
run cpustat --root "$tmp/root" --json -i 20ms -n 3
expect_status 0
python3 - "$tmp/stdout" >"$tmp/found" <<'PY' || fail 'no JSON'
import json, sys
for line in open(sys.argv[1]):
    d = json.loads(line)
    print(len(d['cpus']), d['seconds'] > 0, d['cpus'][7]['task'], d['cpus'][7]['state'])
PY
expect_same "$tmp/found" '8 True CPU 1/KVM isolated,nohz_full
8 True CPU 1/KVM isolated,nohz_full
8 True CPU 1/KVM isolated,nohz_full'
cpustat --json -i 50ms >"$tmp/json" &
pid=$!
at_exit "kill $pid 2>/dev/null"
for _ in {1..100}; do
	[ -s "$tmp/json" ] && break
	sleep 0.05
done
kill $pid
wait $pid || fail "status $?"

it 'says of this machine what its files say'
run cpustat --json
expect_status 0
python3 - "$tmp/stdout" <<'PY' || fail 'not as in /sys'
import json, sys
def cpus(path):
    out = set()
    for part in open('/sys/devices/system/cpu/' + path).read().strip().split(','):
        if part and part[0].isdigit():
            a, _, b = part.partition('-')
            out |= set(range(int(a), int(b or a) + 1))
    return out
online, isolated = cpus('online'), cpus('isolated')
for c in json.load(open(sys.argv[1]))['cpus']:
    states = c['state'].split(',')
    assert ('down' in states) == (c['cpu'] not in online), c
    assert ('isolated' in states) == (c['cpu'] in isolated), c
    assert c['load'] is None or 0 <= c['load'] <= 100, c
PY

it 'sees what runs on the CPU where it was put'
if command -v taskset >/dev/null; then
	cpu=$(sed 's/[-,].*//' /sys/devices/system/cpu/online)
	taskset -c "$cpu" bash -c 'exec -a spinner bash -c "while :; do :; done"' &
	spinner=$!
	at_exit "kill $spinner 2>/dev/null"
	for _ in {1..40}; do
		run cpustat -c "$cpu" --json -o task,tid,waiting,pinned
		grep -q "\"pinned\":\"[^\"]*:${spinner}[\",]" "$tmp/stdout" && break
	done
	expect_stdout_like "\"pinned\":\"[^\"]*:${spinner}[\",]" '"tid":[0-9]+'
fi

it 'reads no file for which the kernel asks other CPUs'
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
	strace -f -o "$tmp/calls" -e trace=openat cpustat --json -i 20ms -n 3 >/dev/null
	grep -oE '"[^"]*(cpufreq|/dev/cpu|sched/debug)[^"]*"' "$tmp/calls" >"$tmp/bad"
	# older kernels ask CPUs that are no nohz_full ones; the model's name comes from there
	grep -oE '"[^"]*cpuinfo[^"]*"' "$tmp/calls" | sort | uniq -d >>"$tmp/bad"
	[ ! -s "$tmp/bad" ] || fail "opens: $(cat "$tmp/bad")"
fi
