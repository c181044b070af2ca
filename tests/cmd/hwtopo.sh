#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# hwtopo.sh: machines of all kinds as lscpu and lstopo see them; text, JSON, bad input
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"
need python3 lscpu lstopo

# Thousands of small files: in memory where they may be.
if [ -w /dev/shm ]; then
	machines=$(mktemp -d /dev/shm/kvmrt-test.XXXXXX) || exit
	at_exit 'rm -rf "$machines"'
else
	machines=$tmp
fi
make_machine() { python3 tests/tools/make-machine.py "$@" || fail "no machine made of $*"; }

it 'refuses what does not go together'
expect_wrong_usage hwtopo 'is enough' --synthetic pu:2 --root /
expect_wrong_usage hwtopo 'do not go together' --json --svg "$tmp/x"
expect_wrong_usage hwtopo '--save packs this machine' --synthetic pu:2 --save "$tmp/x"
expect_wrong_usage hwtopo 'argument' now

it 'says what lscpu and lstopo say of this machine'
run tests/tools/same-topology
expect_status 0

it 'says what they say of machines of all kinds'
while read -r name words; do
	# shellcheck disable=SC2086 # the words of a line
	make_machine "$machines/$name" $words
	run tests/tools/same-topology "$machines/$name"
	[ "$status" = 0 ] || fail "$name is not the same"
done < <(grep -v '^#' tests/tuning/machines.txt)

it 'says what they say of machines that were recorded'
for recorded in tests/tuning/recorded/*; do
	name=$(basename "$recorded")
	python3 tests/tools/unpack-machine.py "$recorded" "$machines/$name" || fail "$name: not unpacked"
	run tests/tools/same-topology "$machines/$name"
	[ "$status" = 0 ] || fail "$name is not the same"
	hwtopo --root "$machines/$name" -v >"$tmp/expected"
	run hwtopo -i "$recorded" -v
	cmp -s "$tmp/stdout" "$tmp/expected" || fail "$name: packed and unpacked are not shown alike"
done

it 'prints boxes within boxes, memory first'
make_machine "$machines/mine" packages=2 l3=2 nodes=4 cores=2 offline=5 pci=1
run hwtopo --root "$machines/mine" -v
expect_status 0
expect_same "$tmp/stdout" 'Machine 0 (Sample Board 1, "sample"):
   Package 0 (Sample CPU):
      L3 Cache (32MiB):
         NUMA Node 0 (16GiB)
         Core 0:
            CPU 0
            CPU 4
         PCI bridge 0000:00:01.0 (8086:1521, driver pcieport, IOMMU group 0):
            Ethernet controller 0000:01:00.0 (8086:1521, driver igb, IOMMU group 1) [PCIE0] enp1s0f0
            Ethernet controller 0000:01:00.1 (8086:1521, driver igb, IOMMU group 1) [PCIE0] enp1s0f1
         NVMe controller 0000:00:02.0 (8086:1521, driver nvme, IOMMU group 2) nvme0 nvme0n1
         PCI bridge 0000:00:03.0 (8086:1521, driver pcieport, IOMMU group 3)
         Slot FREE0 (empty)
      L3 Cache (32MiB):
         NUMA Node 1 (17GiB)
         Core 1:
            CPU 1
         CPU 5 (offline)
   Package 1 (Sample CPU):
      L3 Cache (32MiB):
         NUMA Node 2 (18GiB)
         Core 2:
            CPU 2
            CPU 6
      L3 Cache (32MiB):
         NUMA Node 3 (19GiB)
         Core 3:
            CPU 3
            CPU 7'
run hwtopo --root "$machines/mine"
expect_stdout_like '^Machine 0:$' '^            Core 3:$|^         Core 3:$' \
	'^         NVMe controller 0000:00:02.0 nvme0 nvme0n1$'
! grep -q '0000:00:03.0' "$tmp/stdout" || fail 'an empty bridge is shown without -v'
run hwtopo --root "$machines/mine" --no-io
! grep -qE '0000:|Slot' "$tmp/stdout" || fail 'devices are shown with --no-io'

it 'tells two kinds of cores apart'
run hwtopo --root "$machines/hybrid" -v --caches
expect_stdout_like '^         Core 0|Core 0 \(performance\):$' 'Core 8 \(efficiency\):$' \
	'^ *L2 Cache \(1MiB\):$'

it 'keeps memory without CPUs and CPUs without a known core'
run hwtopo --root "$machines/memory-node" -v
expect_stdout_like '^   NUMA Node 3 \(19GiB\)$'
run hwtopo --root "$machines/package-offline"
expect_stdout_like '^   NUMA Node 1:$' '^      CPU 7 \(offline\)$'

it 'knows the core of a CPU that was written down before it went'
make_machine "$machines/recalled" cores=2 offline=1,3
mkdir -p "$machines/recalled/run/kvmrt"
printf '%s\n' '0 0 0 0 0 0 0 0' '1 0 0 0 0 1 1 1' '2 0 0 0 0 0 0 0' '3 0 0 0 0 1 1 1' \
	>"$machines/recalled/run/kvmrt/topology"
run hwtopo --root "$machines/recalled"
expect_same "$tmp/stdout" 'Machine 0:
   Package 0:
      NUMA Node 0
      L3 Cache:
         Core 0:
            CPU 0
            CPU 2
         Core 1:
            CPU 1 (offline)
            CPU 3 (offline)'

it 'gives everything as JSON'
run hwtopo --root "$machines/mine" --json
python3 - "$tmp/stdout" <<'PY' || fail 'JSON is not what was expected'
import json, sys
m = json.load(open(sys.argv[1]))
assert [m['present'], m['online']] == ['0-7', '0-4,6-7']
assert m['cpus'][5] == {'cpu': 5, 'online': False, 'package': None, 'die': None, 'node': 1,
                        'l3': None, 'l2': None, 'l1': None, 'core': None, 'kind': None}
assert m['nodes'][1]['distances'] == {'0': 21, '1': 10, '2': 21, '3': 22}
assert m['nodes'][0]['bytes'] == 16 << 30 and m['nodes'][0]['free'] == 8 << 30
card = next(d for d in m['pci'] if d['names'] == 'enp1s0f1')
assert (card['parent'], card['slot'], card['node'], card['local_cpus'], card['iommu_group'],
        card['driver'], card['id']) == ('0000:00:01.0', 'PCIE0', 0, '0,4', 1, 'igb', '8086:1521')
assert m['slots'][0] == {'name': 'FREE0', 'address': '0000:00:03', 'used': False, 'node': 0}
PY

it 'reads a description in words'
run hwtopo --synthetic 'pack:1 core:2 pu:2'
expect_same "$tmp/stdout" 'Machine 0:
   Package 0:
      NUMA Node 0
      Core 0:
         CPU 0
         CPU 1
      Core 1:
         CPU 2
         CPU 3'

it 'says what it cannot understand'
run hwtopo --synthetic 'pack:x'
expect_status 1
expect_stderr_like 'expected a description such as .*, found "pack:x"$'
mkdir "$tmp/empty"
run hwtopo --root "$tmp/empty"
expect_status 3
expect_stderr_like 'this is not the root of a Linux machine$'
run hwtopo --root "$tmp/none"
expect_status 1
echo '<topology>' >"$tmp/bad.xml"
run hwtopo -i "$tmp/bad.xml"
expect_status 1
expect_stderr_like "expected hwloc's XML, found something else$"

it 'reads the XML of lstopo'
HWLOC_COMPONENTS=-x86 HWLOC_FSROOT=$machines/four-sockets lstopo --of xml --whole-io --whole-system "$tmp/four.xml"
# of slots in DMI and of the class nvme the XML knows nothing
hwtopo --root "$machines/four-sockets" |
	sed '/^ *Slot /d; s/ \[PCIE.\]//; s/ nvme[0-9] / /' >"$tmp/expected"
run hwtopo -i "$tmp/four.xml"
expect_status 0
cmp -s "$tmp/stdout" "$tmp/expected" || fail 'XML and tree are not shown alike'

it 'packs a machine, and shows it as it was'
for machine in "$machines/mine" "$machines/hybrid" "$machines/no-numa" /; do
	hwtopo --root "$machine" -v >"$tmp/expected"
	run hwtopo --root "$machine" --save "$tmp/packed"
	expect_status 0
	run hwtopo -i "$tmp/packed" -v
	expect_status 0
	cmp -s "$tmp/stdout" "$tmp/expected" || fail "$machine is not shown as it was"
done
TMPDIR=$tmp/none run hwtopo -i "$tmp/packed"
expect_status 1
expect_stderr_like 'cannot make ".*/none/hwtopo'
run hwtopo --save "$tmp/none/packed"
expect_status 1
head -n 5 "$tmp/packed" >"$tmp/cut"
run hwtopo -i "$tmp/cut"
expect_status 1
expect_stderr_like "^hwtopo: $tmp/cut: line [0-9]*: expected "

it 'draws boxes that are within each other and do not overlap'
cat >"$tmp/check.py" <<'PY'
import sys, xml.etree.ElementTree as xml
NS = '{http://www.w3.org/2000/svg}'
def rect(g):
    r = g.find(NS + 'rect')
    x, y, w, h = (int(r.get(k)) for k in ('x', 'y', 'width', 'height'))
    return x, y, x + w, y + h
def walk(g):
    mine, inner = rect(g), g.findall(NS + 'g')
    rects = [rect(i) for i in inner]
    for i, r in enumerate(rects):
        assert mine[0] < r[0] and mine[1] < r[1] and r[2] < mine[2] and r[3] < mine[3], (mine, r)
        for o in rects[:i]:
            assert r[0] >= o[2] or o[0] >= r[2] or r[1] >= o[3] or o[1] >= r[3], (r, o)
    cpus = [(int(g.get('data-cpu')), g.get('class'))] if g.get('data-cpu') else []
    return cpus + [cpu for i in inner for cpu in walk(i)]
svg = xml.parse(sys.argv[1]).getroot()
cpus = walk(svg.find(NS + 'g'))
assert sorted(n for n, _ in cpus) == list(range(int(sys.argv[2]))), cpus
assert sum(c == 'cpu offline' for _, c in cpus) == int(sys.argv[3]), cpus
PY
while read -r name cpus offline; do
	run hwtopo --root "$machines/$name" --caches --svg "$tmp/$name.svg"
	expect_status 0
	run python3 "$tmp/check.py" "$tmp/$name.svg" "$cpus" "$offline"
	expect_status 0
done <<'END'
mine 8 1
hybrid 32 0
cpus-offline 16 3
package-offline 8 4
four-sockets 80 0
memory-node 16 0
no-numa 8 0
cpus-256 256 0
END

it 'writes to a pipe or device, and behind a link, and leaves those what they are'
hwtopo --synthetic 'pack:1 pu:2' --svg /dev/stdout | cat >"$tmp/piped"
run python3 "$tmp/check.py" "$tmp/piped" 2 0
expect_status 0
mkfifo "$tmp/fifo"
cat "$tmp/fifo" >"$tmp/through" &
reader=$!
run hwtopo --synthetic 'pack:1 pu:2' --svg "$tmp/fifo"
expect_status 0
wait $reader
cmp "$tmp/piped" "$tmp/through" || fail 'not what went into the pipe'
[ -p "$tmp/fifo" ] || fail 'the pipe is gone'
echo old >"$tmp/old"
ln -s old "$tmp/link"
run hwtopo --synthetic 'pack:1 pu:2' --svg "$tmp/link"
expect_status 0
[ -L "$tmp/link" ] || fail 'the link is gone'
cmp "$tmp/piped" "$tmp/old" || fail 'not the file behind the link'
run hwtopo --synthetic 'pack:1 pu:2' --svg "$tmp"
expect_status 1
expect_stderr_like 'cannot write ".*": Is a directory'
run hwtopo --synthetic 'pack:1 pu:2' --svg "$tmp/none/x"
expect_status 1
expect_stderr_like 'cannot write ".*/none/x": No such file'
