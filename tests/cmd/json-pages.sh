#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# json-pages.sh: each member of the JSON that a command prints is named on its page
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"
need python3

host=tests/fixtures/pair/host.dat
guest=tests/fixtures/pair/guest.dat

# The members of stdout that no page names as a literal.  What is inside of args and raw has
# the names of the trace, and inside of distances those of the nodes.
cat >"$tmp/unnamed.py" <<'END'
import json, re, sys

def members(value):
    if isinstance(value, list):
        for one in value:
            yield from members(one)
    elif isinstance(value, dict):
        for name, one in value.items():
            yield name
            if name not in ("args", "raw", "distances"):
                yield from members(one)

def named(page):
    for line in open(page):
        for words in re.findall(r"\b(?:Li|Ql|Cm|Ic) (.*)", line):
            yield from (word.strip('"') for word in words.split())

text, at, found = open(sys.argv[1]).read(), 0, set()
while at < len(text):
    value, at = json.JSONDecoder().raw_decode(text, at)
    found |= set(members(value))
    while at < len(text) and text[at].isspace():
        at += 1
if not found:
    print("there is no member at all")
for page in sys.argv[2:]:
    found -= set(named(page))
print("".join("not named: %s\n" % name for name in sorted(found)), end="")
END

# names PAGE...: the pages that a command's JSON, on stdout, is described by
names() {
	[ "$status" -le 1 ] || fail 'it failed'
	python3 "$tmp/unnamed.py" "$tmp/stdout" "${@/#/doc/}" >"$tmp/unnamed" || fail 'not JSON'
	[ ! -s "$tmp/unnamed" ] || fail "$1: $(tr '\n' ' ' <"$tmp/unnamed")"
}

it 'names what is printed of traces'
run xtrace-view --json -f time,host,buffer,cpu,pid,comm,delta,event,raw $host
names man/xtrace-view.1
run xtrace-view --json tests/fixtures/stepped/host
names man/xtrace-view.1
run xtrace-view --json --stat $host
names man/xtrace-view.1
run xtrace-latency --json $host
names man/xtrace-latency.1
run xtrace-multi-merge --json $host $guest
names man/xtrace-multi-merge.1

it 'names what is printed of rules: broken, missing, and why'
run xtrace-latency --compare --json --fail-if 'exit(HLT).max > 1ms' --fail-if 'exit.count > 1' \
	--fail-if 'late(no).max > 1s' --fail-if 'preempt.share > +0ms' $guest $host
names man/xtrace-latency.1
# saved FILE HOGS: a run of 2 s with one that preempts, and another or not
saved() {
	local metric='{"kind":"preempt","host":"h","vm":"vm1","vcpu":1,"name":"%s","sum":%d,"min":%d,"max":%d,"buckets":[%d,%d]}'

	# shellcheck disable=SC2059
	printf "{\"xtrace-latency\":1,\"sub_buckets\":128,\"events\":99,\"duration_ns\":2000000000,\"metrics\":[$metric${2:+,$metric}]}" \
		backup $(($3 << 20)) 1048576 1048576 1792 "$3" \
		${2:+hog $(($2 << 21)) 2097152 2097152 1920 "$2"} >"$tmp/$1"
}
saved old1 '' 6
saved old2 '' 24
saved old3 '' 30
saved new1 10 9
saved new2 10 27
saved new3 9 18
run xtrace-latency --compare --json --base "$tmp/old1" --base "$tmp/old2" --base "$tmp/old3" \
	--fail-if 'preempt.share > +2ms' "$tmp"/new[123]
expect_stdout_like '"by":' '"cap_ns":'
names man/xtrace-latency.1

it 'names what is printed of a machine'
python3 tests/tools/unpack-machine.py tests/tuning/recorded/lab-6.12-rt "$tmp/lab" || fail 'not unpacked'
for root in / "$tmp/lab"; do
	run hwtopo --root "$root" --json
	names man/hwtopo.1
done
run hwtopo --synthetic 'pack:2 numa:1 l3:1(size=1048576) core:4 pu:2' --json
names man/hwtopo.1
run cpustat --json -o "$(cpustat --list --json | grep -oE '"column":"[^"]*' | cut -d'"' -f4 | paste -sd,)"
names man/cpustat.8
run interview --json -n 1 -i 100ms
names man/interview.8
run irq-affinity --json -o irq,cpus,effective,move,count,device,name,node,netdev,chip,trigger
names man/irq-affinity.8
run task-affinity --json -o tid,pid,cpus,cpu,policy,prio,move,name,kind,nice,state,cgroup
names man/task-affinity.8
run kvmrt-cpu --caches --json
names man/kvmrt-cpu.8
run kvmrt-validate-host --json
names man/kvmrt-validate-host.8

# A machine of files with two cores of two threads, so that there is something to change.
tree=$tmp/host
for cpu in 0 1 2 3; do
	dir=$tree/sys/devices/system/cpu/cpu$cpu/topology
	mkdir -p "$dir"
	echo 0 >"$dir/physical_package_id"
	echo $((cpu / 2)) >"$dir/core_id"
	echo $((cpu / 2 * 2))-$((cpu / 2 * 2 + 1)) | tee "$dir/thread_siblings_list" >"$dir/core_cpus_list"
	[ $cpu = 0 ] || echo 1 >"${dir%/*}/online"
done
mkdir -p "$tree/proc/irq/24" "$tree/proc/sys/vm" "$tree/run/kvmrt" "$tree/run/libvirt/qemu"
for file in possible present online; do
	echo 0-3 >"$tree/sys/devices/system/cpu/$file"
done
printf '%s\n' '           CPU0       CPU1       CPU2       CPU3' \
	' 24:          1          2          3          4   PCI-MSI 1-edge      eth0' >"$tree/proc/interrupts"
echo 0-3 >"$tree/proc/irq/24/smp_affinity_list"
echo quiet >"$tree/proc/cmdline"

it 'names the changes of a plan, where it is shown and where it is described'
run shield --root "$tree" --irq 2-3 --dry-run --json
names man/shield.8
run kvmrt-cpu --root "$tree" --down 3 --dry-run --json
names man/kvmrt-cpu.8 man/shield.8

it 'names what is printed of changes and of what takes them back'
run irq-affinity --root "$tree" --set 2-3=0-1 --json
names man/irq-affinity.8
run irq-affinity --root "$tree" --undo --dry-run --json
names man/irq-affinity.8
run kvmrt-undo --root "$tree" --list --json
names man/kvmrt-undo.8
run kvmrt-undo --root "$tree" --all --dry-run --json
names man/kvmrt-undo.8
run kvmrt-undo --root "$tree" --all
run shield --root "$tree" --all 2-3 --name a
echo 2 >"$tree/proc/irq/24/smp_affinity_list"
run shield --root "$tree" --json
expect_stdout_like '"name":"a"' '"what":"interrupt"'
names man/shield.8

it 'names what is printed of a configuration'
cat >"$tmp/kvmrt.cfg" <<-'END'
	[aeec46cc-0638-4949-ac04-146b233194a9]
	name = RT
	nr_vcpus = 2
	cpuset = 2-5
	rt = yes
END
on_cfg() { run "$1" -f "$tmp/kvmrt.cfg" --topology 'numa:2(memory=1073741824) core:4 pu:2' --json "${@:2}"; }
on_cfg kvmrt-show-config
names man/kvmrt-show-config.8 formats/kvmrt.cfg.5
on_cfg kvmrt-validate-config --no-libvirt
names man/kvmrt-validate-config.8
run kvmrt-validate-config --explain all --json
names man/kvmrt-validate-config.8
on_cfg kvmrt-stat --root "$tree"
names man/kvmrt-stat.8

it 'names what is printed of a guest'
run kvmrt-gs --root "$tree" --json status
names man/kvmrt-gs.1
run kvmrt-guest-setup --root "$tree" --check --json
names man/kvmrt-guest-setup.1
