#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# latency-gate.sh: how often the latency gate is right, on captures of the lab
#
# Three runs against three of the same guest, drawn DRAWS times (50) out of all, must
# pass; all draws of three disturbed runs should fail, and name the cause first.
# DIR=DIR takes traces that tests/lab/gate-capture.sh made before, of several boots if
# they have other names (base-d1); without it the lab is booted for them (ROUNDS, 6).
# Not part of make bench: it takes a quarter of an hour.
# Puts its table into doc/ci.md.
set -u
cd "$(dirname "$0")/../.." || exit
PATH=${KVMRT_BIN:=$PWD/build/bin}:$PATH
dir=${DIR:-}

tmp=$(mktemp -d "${TMPDIR:-/var/tmp}/kvmrt-bench.XXXXXX") || exit
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

if [ -z "$dir" ]; then
	dir=$tmp/captures
	tests/lab/lab --guests 1 --path "$KVMRT_BIN" --outside --out "$dir" --time-limit 3600 \
		tests/lab/gate-capture.sh "${ROUNDS:-6}" || exit
fi
for trace in "$dir"/{base,hog,irq,exit}-*; do
	xtrace-latency --save "$tmp/$(basename "$trace").json" "$trace" || exit
done

# draws WHAT: of each three runs, whether the gate fails and what it names first
python3 - "$tmp" "$dir/latency.budget" "${DRAWS:-50}" >"$tmp/table" <<'PY'
import glob, itertools, json, random, subprocess, sys

where, budget, draws = sys.argv[1], sys.argv[2], int(sys.argv[3])
causes = dict(hog='preempt(hog)', irq='-requests)', exit='KVM itself')
words = dict(hog='a real-time task takes the CPU of a vCPU, 1 % of the time',
             irq="a device's interrupts come to the CPU of a vCPU",
             exit='function_graph traces all of KVM: each exit costs more')

def runs(name):
    return sorted(glob.glob('%s/%s-*.json' % (where, name)))

def judge(base, now):
    command = ['xtrace-latency', '--compare', '--budget', budget, '--format', 'json']
    for run in base:
        command += ['--base', run]
    out = subprocess.run(command + list(now), stdout=subprocess.PIPE).stdout
    return json.loads(out)

def row(what, found, nr, named):
    print('| %s | %s of %d | %s |' % (what, found, nr, named))

random.seed(1)
base = runs('base')
print('%d runs of 2 s as it is, %s of each disturbance; host and guest in emulation\n'
      % (len(base), ' to '.join(str(n) for n in sorted({len(runs(c)) for c in causes}))))
print('| three runs against three | fails | names the cause first |\n|---|---|---|')
failed = 0
for _ in range(draws):
    drawn = random.sample(base, 6)
    failed += judge(drawn[:3], drawn[3:])['fails']
row('the same system twice', failed, draws, '-')
for name in causes:
    found = named = nr = 0
    for now in itertools.combinations(runs(name), 3):
        verdict = judge(random.sample(base, 3), now)
        nr += 1
        found += verdict['fails']
        named += bool(verdict['changes']) and causes[name] in verdict['changes'][0]['what']
    row(words[name], found, nr, '%d of %d' % (named, found))
PY
[ -s "$tmp/table" ] || exit
cat "$tmp/table"
sed -i -e "/^<!-- latency-gate.sh -->/,/^<!-- end -->/{//!d}" -e "/^<!-- latency-gate.sh -->/r $tmp/table" doc/ci.md
