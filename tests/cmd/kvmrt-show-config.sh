#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kvmrt-show-config.sh: what a configuration means on a machine described in words
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

cfg=$tmp/kvmrt.cfg
host='numa:2(memory=1073741824) core:4 pu:2'	# core n has CPUs 2n and 2n+1; node 1 has CPUs 8-15
show() { run kvmrt-show-config -f "$cfg" --topology "$host" "$@"; }

cat >"$cfg" <<-'END'
	[aeec46cc-0638-4949-ac04-146b233194a9]
	name = desktop
	nr vcpus = 2
	cpuset = 2-5
	numatune = 0
	autostart = yes
	comments = tends to run out of memory;
	    remember to clean up

	[fde74e84-0e1b-404e-90e7-72101e79c48a]
	name = RT
	nr_vcpus = 2
	cpuset = n1
	rt = True
	vcpu_priority = 3

	[00000000-0000-4000-8000-000000000001]
	name = build
	cpuset = 4-6

	[00000000-0000-4000-8000-000000000002]
	name = roams
	disabled = yes
END

it 'refuses what does not go together, and a VM that is not there'
expect_wrong_usage kvmrt-show-config 'one of --json, --threads, --map and --long' --json --map
show RTT
expect_status 1
expect_stderr_like "has no VM \"RTT\"; near to it is \"RT\"$"

it 'shows a line a VM'
show
expect_status 0
expect_stdout 'VM       RT   VCPUS  ON CPUS  OTHERS ON  DOWN        NODES  MEMORY  LOCKED  START
desktop  no       2  2-5      2-5        -           0      0       no      auto
RT       yes      2  8,10     12,14      9,11,13,15  1      1       yes     by name
build    no       1  4-6      4-6        -           0      0       no      by name'

it 'shows disabled VMs when asked, and those that are named'
show --all
expect_stdout_like '^roams +no +1  any +any +- +- +any +no +disabled$'
show roams
expect_stdout_like '^roams '
grep -q desktop "$tmp/stdout" && fail 'a VM that was not named'

it 'shows each thread'
show --threads RT desktop
expect_stdout 'VM       THREAD                               CPUS   POLICY  PRIORITY
desktop  vcpu 0                               2-5    other          -
desktop  vcpu 1                               2-5    other          -
desktop  emulator, iothreads, workers, vhost  2-5    other          -
RT       vcpu 0                               8      fifo           3
RT       vcpu 1                               10     fifo           3
RT       emulator, iothreads, workers, vhost  12,14  other          -'

it 'draws the host'
show --map --all
expect_stdout 'node 0 (1 GiB)
  core     0     1     2     3
  CPU      0     2     4     6
           .     a   a+1     b
  CPU      1     3     5     7
           .     a   a+1     .
node 1 (1 GiB)
  core     4     5     6     7
  CPU      8    10    12    14
          A0    A1    A*    A*
  CPU      9    11    13    15
          A-    A-    A-    A-
   a  desktop: 2 vCPUs
   A  RT: 2 vCPUs, real-time
   b  build: 1 vCPU
   c  roams: 1 vCPU, on any CPU that is not taken
  A0  virtual CPU 0 of A;  A*  its other threads;  A-  goes down
   .  the host'\''s'

show --map RT
expect_stdout_like '^   A  RT: 2 vCPUs, real-time$' "^   \\.  the host's$" \
	'^      or of a VM that was not named$'

it 'draws in colour on a terminal alone'
if command -v script >/dev/null; then
	NO_COLOR='' TERM=xterm script -qec "kvmrt-show-config -m -f '$cfg' --topology '$host'" \
		/dev/null </dev/null >"$tmp/drawn"
	grep -q $'\033\\[1;33m' "$tmp/drawn" || fail 'no colour on a terminal'
	script -qec "kvmrt-show-config -m -f '$cfg' --topology '$host'" /dev/null </dev/null >"$tmp/drawn"
	grep -q $'\033' "$tmp/drawn" && fail 'colour in spite of NO_COLOR'
fi

it 'shows every attribute, and the file reads as it says'
show --long
expect_stdout_like '^nr_vcpus = 2$' '^comments = tends to run out of memory;$' \
	'^    remember to clean up$' '^vcpu_priority = 3$'
cp "$tmp/stdout" "$tmp/long"
run kvmrt-show-config -f "$tmp/long" --topology "$host" --long
expect_same "$tmp/stdout" "$(cat "$tmp/long")"

it 'writes JSON'
show --json
expect_status 0
expect_stdout_like '"cpuset":"n1".*"used":"8,10,12,14","down":"9,11,13,15","nodes":"1"' \
	'\{"thread":"vcpu","number":1,"cpus":"10","policy":"fifo","priority":3\}' \
	'"comments":"tends to run out of memory;\\nremember to clean up"'

it 'shows what can be shown, and says what cannot'
sed -i 's/= n1/= n7/' "$cfg"
show
expect_status 0
expect_stdout_like '^RT +yes +2  \? +\? '
expect_stderr "$cfg:13: RT: cpuset: CPU set \"n7\", column 1: no node 7 in this machine, which has nodes 0-1"

it 'tells every bad line, and unknown attributes as none'
printf 'colour = red\nx\ny\n' >>"$cfg"
show
expect_status 1
expect_stdout ''
what='expected "attribute = value", a section or an indented line of a value, found'
expect_stderr "kvmrt-show-config: $cfg:25: $what \"x\"
kvmrt-show-config: $cfg:26: $what \"y\""

it 'takes no second thread for a core where SMT is off, switched off or by hand'
cat >"$cfg" <<-'END'
	[fde74e84-0e1b-404e-90e7-72101e79c48a]
	name = RT
	nr_vcpus = 3
	cpuset = n1
	rt = True
	[00000000-0000-4000-8000-000000000001]
	name = build
	nr_vcpus = 3
	cpuset = 0-7
END
for words in smt=off offline=1,3,5,7,9,11,13,15; do
	python3 tests/tools/make-machine.py "$tmp/$words" packages=2 nodes=2 cores=4 order=near "$words" ||
		fail "no machine made of $words"
	run kvmrt-show-config -f "$cfg" --root "$tmp/$words"
	expect_status 0
	expect_stdout_like '^RT +yes +3  8,10,12 +14 +- +1 ' '^build +no +3  0,2,4,6 +0,2,4,6 +- +0 '
	run kvmrt-validate-config -f "$cfg" --no-libvirt --root "$tmp/$words"
	expect_status 0
	expect_stdout "$cfg: 2 VMs, 1 real-time: 0 errors, 0 warnings"
	run kvmrt-show-config -f "$cfg" --map --root "$tmp/$words"
	expect_status 0
done

it 'has too few cores for one more virtual CPU there'
sed -i 's/^nr_vcpus = 3/nr_vcpus = 4/' "$cfg"
run kvmrt-validate-config -f "$cfg" --no-libvirt --root "$tmp/smt=off"
expect_status 1
expect_stdout_like \
	'error: RT: cpuset: expected CPUs of at least 5 cores \(nr_vcpus \+ 1\), found 4 \[rt-too-few-cpus\]$' \
	'warning: build: cpuset: expected at least 5 CPUs \(nr_vcpus \+ 1\), found 4 \[cpuset-small\]$'
