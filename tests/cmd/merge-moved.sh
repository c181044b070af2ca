#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# merge-moved.sh: guests that do not stay where they are, as recorded by tests/lab/record-moved.sh
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

need python3
w=$tmp/work
mkdir "$w"

# merged NAME: that fixture as $w/NAME, with the report in $w/json and the notes in $w/notes
merged() {
	run xtrace-multi-merge --check --json -o "$w/$1" tests/fixtures/"$1"/{host,vm1,vm2}
	expect_status 0
	cp "$tmp/stdout" "$w/json"
	cp "$tmp/stderr" "$w/notes"
	xtrace-view --format csv "$w/$1" >"$w/csv"
}

cat >"$w/facts.py" <<'PY'
import bisect, csv, json, re, sys
recorded, merged, w, program = sys.argv[1:]
text = lambda path: open(path).read()
members = {m["name"]: m for m in json.loads(text(w + "/json"))["members"]}
rows = [(int(r["time"].replace(".", "")), r) for r in csv.DictReader(open(w + "/csv"))]
host_rows = [(t, r) for t, r in rows if r["host"] == "host"]

# the threads of each vCPU as the recorder saw them: (thread, process, vCPU, TSC offset)
def threads(vm, vcpu=None):
    found = re.findall(r"^(\d+) = vm-pid (\d+) vcpu (\d+) tsc-offset (-?\d+) .* name " + vm + "$",
                       text(recorded + "/host/session"), re.M)
    found = [tuple(int(x) for x in f) for f in found]
    return sorted(f for f in found if vcpu in (None, f[2]))

# of a guest's events while the host recorded: how many in all, and by which thread's windows:
# worked out here from the merged lines, by nothing of the program's own check
def inside(vm, cpu):
    tids = [str(t[0]) for t in threads(vm, cpu)]
    turns = [(t, r) for t, r in host_rows if r["pid"] in tids]
    times = [t for t, _ in turns]
    events = [t for t, r in rows if r["host"] == vm and r["cpu"] == str(cpu) and
              times[0] <= t <= times[-1]]
    by = {}
    for t in events:
        r = turns[bisect.bisect_right(times, t) - 1][1]
        if "ENTER" in r["event"]:
            by[int(r["pid"])] = by.get(int(r["pid"]), 0) + 1
    return len(events), by

# Samples of both clocks that the recorders took: when, and how far the merged time is from
# what the TSCs say: the offset of the guest's is known, and the merge did not use it.
def far(vm, tsc_offset_at):
    clocks = lambda n: [[int(x) for x in line.split()]
                        for line in open(recorded + "/" + n + "/clocks") if line[0] != "#"]
    host, (_, lane) = clocks("host"), text(merged + "/merge").split("member " + vm + "\n")[1] \
        .split("\nmember ")[0].split("  lane ")[:2]
    maps = [[int(x) for x in m] for m in re.findall(r"map (\d+) (\d+) (\d+)", lane)]
    tscs = [h[4] for h in host]
    out = []
    for mono, _, _, _, tsc, _ in clocks(vm):
        m = ([m for m in maps if m[0] <= mono] or maps[:1])[-1]
        got = m[1] + ((mono - m[0]) * m[2] >> 48)
        tsc -= tsc_offset_at(got)
        i = bisect.bisect(tscs, tsc)
        if 0 < i < len(host):
            a, b = host[i - 1], host[i]
            out.append((got, abs(got - a[2] - (tsc - a[4]) * (b[2] - a[2]) // (b[4] - a[4]))))
    return out

def close(vm, off):
    return all(ns < members[vm]["bound_ns"] for _, ns in off)

# what holds of every guest here
for vm in "vm1", "vm2":
    m = members[vm]
    during = sum(1 for t, r in rows if r["host"] == vm and host_rows[0][0] <= t <= host_rows[-1][0])
    assert m["method"] == "windows" and m["violations"] == 0 and m["worst_ns"] == 0, m
    assert m["checked"] > during * 0.9 > 1000, (vm, m["checked"], during)
    assert 0 < m["error_ns"] < 100000 and m["error_ns"] <= m["bound_ns"] < 1000000, m
    for cpu in {v["cpu"] for v in m["vcpus"]}:
        n, by = inside(vm, cpu)
        assert n > 100 and sum(by.values()) == n, (vm, cpu, n, by)
exec(program)
PY
# facts NAME PROGRAM: of Python, behind that; what does not hold is a failed assertion
facts() {
	run python3 "$w/facts.py" "tests/fixtures/$1" "$w/$1" "$w" "$2"
	expect_status 0
}

it 'follows a guest into another QEMU: the threads of its vCPUs before and behind the migration'
merged migration
facts migration '
expected = []
for cpu in 0, 1:
    (before, _, _, first), (behind, _, _, then) = sorted(threads("vm1", cpu), key=lambda t: t[1])
    expected.append("xtrace-multi-merge: vm1: CPU %d went from thread %d of host to thread %d: "
                    "it migrated, or was plugged in again\n" % (cpu, before, behind))
    assert {"cpu": cpu, "thread": before} in members["vm1"]["vcpus"]
    n, by = inside("vm1", cpu)
    assert min(by[before], by[behind]) > 100, by
assert text(w + "/notes") == "".join(expected)

# its clock stood still on the way: what was found is what its TSC says, on both sides
moved = min(t for t, r in host_rows if int(r["pid"]) in (behind,) and "ENTER" in r["event"])
off = far("vm1", lambda t: first if t < moved else then)
assert off[0][0] < moved < off[-1][0] and close("vm1", off), off
off = far("vm2", lambda t: threads("vm2")[0][3])
assert off[0][0] < moved < off[-1][0] and close("vm2", off), off
'

it 'takes a vCPU that was plugged in and out for the thread that it had'
merged hotplug
facts hotplug '
assert text(w + "/notes") == ""
first, plugged = threads("vm1", 0), threads("vm1", 1)
assert len(first) == len(plugged) == 1
assert members["vm1"]["vcpus"] == [{"cpu": 0, "thread": first[0][0]},
                                   {"cpu": 1, "thread": plugged[0][0]}], members["vm1"]
assert members["vm2"]["vcpus"] == [{"cpu": 0, "thread": threads("vm2")[0][0]}]
# it came in the middle and has gone before the end
seen = [t for t, r in rows if r["host"] == "vm1" and r["cpu"] == "1"]
assert host_rows[0][0] < seen[0] and seen[-1] < host_rows[-1][0]
for vm in "vm1", "vm2":
    off = far(vm, lambda t: threads(vm)[0][3])
    assert len(off) > 2 and close(vm, off), off
'

it 'loses nothing of a guest when the other one is left out'
for name in migration hotplug; do
	run xtrace-multi-merge --check --json tests/fixtures/$name/{host,vm1}
	expect_status 0
	expect_stdout_like '"name":"vm1",.*"method":"windows".*"violations":0,'
done

it 'follows a clock that is set back within a sub-buffer, which the kernel may tell or not'
run xtrace-multi-merge --check -o "$w/stepped" tests/fixtures/stepped/{host,vm1}
expect_status 0
expect_stdout_like 'vm1: windows, .* 26834 events checked, 0 outside of their vCPU.s windows'
for cpu in 0 1; do
	xtrace-view --time rel -f time -H vm1 -c $cpu "$w/stepped" >"$w/times"
	sort -c -n "$w/times" || fail "CPU $cpu: its events stand in another order than they came"
	[ "$(wc -l <"$w/times")" -gt 13000 ] || fail "CPU $cpu: not all is there"
done
