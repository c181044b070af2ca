#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kvmrt-validate-config.sh: the text and the status of every rule, on a machine described in words
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

cfg=$tmp/kvmrt.cfg
host='numa:2 core:4 pu:2'	# core n has CPUs 2n and 2n+1; node 1 has CPUs 8-15
A='[6695eb01-f6a4-8304-79aa-97f2502e193f]'	# the VM of libvirt's test driver
B='[00000000-0000-4000-8000-00000000000b]'
rt="$A
name = test
rt = yes
nr_vcpus = 3
cpuset = n1"
validate() { run kvmrt-validate-config -f "$cfg" ${host:+--topology "$host"} "$@"; }

seen=' '
# rule ID STATUS LINE TEXT CONFIGURATION [OPTION...]: found, alone or with others
rule() {
	local id=$1 status=$2 line=$3 text=$4 severity=warning

	it "$id is found"
	[ "$status" = 0 ] || severity=error
	printf '%s\n' "$5" >"$cfg"
	shift 5
	validate "${@:---no-libvirt}"
	expect_status "$status"
	grep -qxF "$cfg:$line: $severity: $text [$id]" "$tmp/stdout" ||
		fail "expected $cfg:$line: $severity: $text [$id]"
	run kvmrt-validate-config --explain "$id"
	expect_status 0
	expect_stdout_like "^$id \\($severity\\): "
	seen+="$id "
}

if [ "${1:-}" = libvirtd ]; then
	cat >"$tmp/d.xml" <<-END
		<domain type='qemu'>
		  <name>test</name>
		  <uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid>
		  <memory unit='TiB'>64</memory>
		  <vcpu>1</vcpu>
		  <os><type arch='x86_64'>hvm</type></os>
		</domain>
	END
	virsh -q define "$tmp/d.xml" && virsh -q autostart test || fail 'libvirt refuses the VM'
	host=
	rule autostart-twice 0 3 'test: libvirt starts the VM by itself, before its CPUs are free' "$A
name = test
autostart = yes" -c qemu:///system
	expect_status 0
	validate
	expect_stdout_like \
		"^$cfg:1: warning: test: memory of 64 TiB, but .* free in the host \[memory-large\]\$"

	sed -i "s|<memory .*|<memory unit='MiB'>64</memory><memtune><hard_limit unit='MiB'>151</hard_limit></memtune>|" \
		"$tmp/d.xml"
	virsh -q define "$tmp/d.xml" || fail 'libvirt refuses the limit'
	rule memory-limit 1 3 'test: memory is locked: expected a hard_limit of at least 152 MiB (64 MiB of the guest and 88 MiB of QEMU) in memtune of its XML, found 151 MiB' \
		"$A
name = test
rt_memory = true" -c qemu:///system
	exit
fi

it 'refuses what does not go together'
expect_wrong_usage kvmrt-validate-config 'argument' test
expect_wrong_usage kvmrt-validate-config 'no rule "rt-overlaps"; did you mean "rt-overlap"\?' \
	--explain rt-overlaps
expect_wrong_usage kvmrt-validate-config '--connect does not go with --no-libvirt' \
	--no-libvirt -c test:///default

it 'names a file or a description that is not there'
validate
expect_status 1
expect_stdout ''
expect_stderr "kvmrt-validate-config: cannot open $cfg: there is no such file; kvmrt-import makes it of libvirt's VMs"
: >"$cfg"
run kvmrt-validate-config -f "$cfg" --no-libvirt --topology 'numa:two'
expect_status 1
expect_stderr_like '^kvmrt-validate-config: .*"numa:two"'

it 'says what a right file has'
validate --no-libvirt
expect_status 0
expect_stdout "$cfg: 0 VMs, 0 real-time: 0 errors, 0 warnings"
printf '%s\n' "$rt" "$B" 'name = b' 'disabled = yes' 'cpuset = 99' >"$cfg"
validate --no-libvirt
expect_status 0
expect_stdout "$cfg: 1 VM, 1 real-time, 1 disabled and not looked at: 0 errors, 0 warnings"
expect_stderr ''
validate --no-libvirt --all
expect_status 1
expect_stdout_like '\[cpus-unknown\]$' ': 2 VMs, 1 real-time: 1 error, 0 warnings$'

rule bad-line 1 2 'expected "attribute = value", a section or an indented line of a value, found "cpuset"' \
	"$A
cpuset"
rule bad-value 1 2 'rt: expected true or false (or yes, no, on, off, 1, 0), found "perhaps"' "$A
rt = perhaps"
rule duplicate-attribute 1 3 '"rt" is set a second time; the first is in line 2' "$A
rt = no
rt = no"
rule bad-line 1 3 \
	"expected a VM's UUID as \"[aeec46cc-0638-4949-ac04-146b233194a9]\", found \"[x]\"" "$A
name = test
[x]
rt = perhaps"
run kvmrt-validate-config -f "$cfg" --no-libvirt --json
expect_stdout_like '"line":4,.*"vm":null,"uuid":null,'
rule duplicate-section 1 3 \
	"a second section of 6695eb01-f6a4-8304-79aa-97f2502e193f; the first is in line 1" \
	"$A
name = test
$A"
rule unknown-attribute 0 3 'test: unknown attribute "rt memory_"; did you mean "rt_memory"?' "$A
name = test
rt memory_ = yes"
rule name-missing 1 1 'expected a name, found none' "$A"
rule name-not-unique 1 4 'x: name "x" is that of line 2 as well' "$A
name = x
$B
name = x"
rule topology-product 1 3 'test: cpu_topology: expected a product of 4 (nr_vcpus), found 1 x 2 x 1 = 2' "$A
name = test
cpu_topology = 1,2,1
nr_vcpus = 4"
rule topology-room 0 3 'test: cpu_topology: expected a product of 1 (nr_vcpus), found 1 x 2 x 1 = 2' "$A
name = test
cpu_topology = 1,2,1"
rule cpus-unknown 1 3 \
	'test: cpuset: CPU set "p7", column 1: no package 7 in this machine, which has packages 0' "$A
name = test
cpuset = p7"
rule numatune-unknown 1 3 'test: numatune: no node 9 in this machine, which has nodes 0-1' "$A
name = test
numatune = 9"
rule cpuset-small 0 4 'test: cpuset: expected at least 3 CPUs (nr_vcpus + 1), found 2' "$A
name = test
nr_vcpus = 2
cpuset = 4-5"
rule rt-no-cpuset 1 1 'test: real-time, but cpuset is empty; expected at least 2 CPUs' "$A
name = test
rt = yes"
rule rt-no-memory 1 6 'test: real-time, but rt_memory is off; expected auto or true' "$rt
rt_memory = no"
rule rt-too-few-cpus 1 5 'test: cpuset: expected CPUs of at least 4 cores (nr_vcpus + 1), found 3' \
	"${rt/n1/8-13}"
rule rt-emulator-down 1 6 \
	"test: emulator_cpuset: CPU 9 will be taken down, as siblings of the VM's own" "$rt
emulator_cpuset = 0,9"
rule rt-cpu0 0 5 'test: cpuset: has CPU 0, on which the kernel does work of its own' "${rt/n1/n0}"
rule rt-cpu0-down 1 5 'test: cpuset: CPU 1 has CPU 0 as a sibling, which cannot be taken down' \
	"${rt/n1/1-7}"
rule rt-many-nodes 0 5 'test: cpuset: spans nodes 0-1' "${rt/n1/4-11}"
rule rt-numatune 0 6 'test: numatune: expected nodes of the cpuset (node 1), found node 0' "$rt
numatune = 0"
rule rt-overlap 1 5 'test: cpuset: CPU 10 is used by VM "b" (line 8) as well' "$rt
$B
name = b
cpuset = 2,10"
rule rt-overlap 1 5 'test: cpuset: CPU 9 is used by VM "b" (line 8) as well' "$rt
$B
name = b
cpuset = 2,9"
rule rt-siblings 0 5 'test: cpuset: CPU 9 will be taken down, but is used by VM "b"' \
	"${rt/n1/8,10,12,14}
$B
name = b
cpuset = 2,9"
rule rt-node-shared 0 6 'test: cpuset: node 1 is also used by CPUs of VM "b"' "$A
name = test
rt = yes
nr_vcpus = 1
# and one more
cpuset = 8,10
$B
name = b
cpuset = 2,12"
rule rt-node-memory 0 5 'test: cpuset: node 1 is also used by the memory of VM "b"' "$rt
$B
name = b
numatune = 1"
rule no-cpu-for-host 1 5 'test: real-time VMs have all of CPUs 0-15; expected one left for the host' \
	"${rt/n1/n0-1}"

# A kernel tells nothing of the core of a CPU that is offline.
mkdir -p "$tmp/root/sys/devices/system/cpu/cpu0/topology" "$tmp/root/proc"
echo 0-1 >"$tmp/root/sys/devices/system/cpu/present"
echo 0-1 >"$tmp/root/sys/devices/system/cpu/possible"
echo 0 >"$tmp/root/sys/devices/system/cpu/online"
host=
rule cpus-partly-offline 0 3 'test: cpuset: CPU 1 offline; bring it up, or choose others' "$A
name = test
cpuset = 0-1" --no-libvirt --root "$tmp/root"
rule cpus-offline 1 3 'test: cpuset: CPU 1 offline; bring it up, or choose others' "$A
name = test
cpuset = 1" --no-libvirt --root "$tmp/root"
host='numa:2 core:4 pu:2'

rule uuid-unknown 1 1 'b: libvirt has no VM of UUID 00000000-0000-4000-8000-00000000000b' "$B
name = b" -c test:///default
rule name-differs 0 2 'mine: name "mine": libvirt calls the VM "test"' "$A
name = mine" -c test:///default
rule name-taken 1 2 \
	'test: name "test" is that of another VM in libvirt, 6695eb01-f6a4-8304-79aa-97f2502e193f' "$B
name = test" -c test:///default

it 'has a case here for every rule; some need a libvirt that was told something, and are below'
run kvmrt-validate-config --explain all
expect_status 0
while read -r id _; do
	[[ $seen == *" $id "* || " RULE autostart-twice memory-large memory-limit " == *" $id "* ]] ||
		fail "no case for $id"
done <"$tmp/stdout"

it 'tells all errors at once, by line'
printf '%s\n' 'x' "$A" 'rt = perhaps' "$B" 'cpuset = 99' >"$cfg"
validate --no-libvirt
expect_status 1
cut -d: -f2 "$tmp/stdout" | head -n 5 >"$tmp/lines"
expect_same "$tmp/lines" '1
2
3
4
5'

it 'writes JSON'
printf '%s\n' "$rt" 'numatune = 0' >"$cfg"
validate --no-libvirt --json
expect_status 0
expect_stdout_like '"line":6,"severity":"warning","rule":"rt-numatune","vm":"test"' \
	'"uuid":"6695eb01-f6a4-8304-79aa-97f2502e193f"'
run kvmrt-validate-config --explain all --json
expect_status 0
expect_stdout_like '"rule":"rt-overlap","severity":"error"'

it 'does without a libvirt that cannot be reached, and says so'
LIBVIRT_DEFAULT_URI='' validate
if [ -s "$tmp/stderr" ]; then
	expect_status 0
	expect_stderr_like '^kvmrt-validate-config: note: not compared with what libvirt has: '
fi

it 'insists on a libvirt that was asked for'
validate -c 'qemu+unix:///system?socket=/nonexistent'
expect_status 3
expect_stderr_like '^kvmrt-validate-config: .*/nonexistent'

it 'judges two hundred VMs'
for ((i = 0; i < 200; i++)); do
	printf '[00000000-0000-4000-8000-%012x]\nname = vm%d\nnr_vcpus = 2\ncpuset = %d-%d\n' \
		"$i" "$i" $((i * 4 + 4)) $((i * 4 + 7))
	((i % 10)) || echo 'rt = yes'
done >"$cfg"
host='numa:8 core:64 pu:2' validate --no-libvirt
expect_status 1
expect_stdout_like ': 200 VMs, 20 real-time: 20 errors, 20 warnings$'

it 'compares with what a real libvirt has'
tests/tools/with-libvirtd "$0" libvirtd
status=$?
[ $status = 0 ] || [ $status = 77 ] || fail 'beside a libvirtd'
