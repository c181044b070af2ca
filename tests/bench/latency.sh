#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# latency.sh: xtrace-latency's full report side by side with perf sched latency
#
# perf and xtrace-run record the same load, one after the other, with the same events of
# sched; perf reads those alone, xtrace-latency also a trace with irq, timer and system
# calls, from which it makes all of its metrics.  Exits of a guest are recorded by both at
# once in the lab (tests/lab/kvm-capture.sh), where one can run; KVM=DIR takes what was
# recorded before.  Times are CPU time, the least of three.
set -u
cd "$(dirname "$0")/../.." || exit
PATH=${KVMRT_BIN:=$PWD/build/bin}:$PATH

cannot() {
	echo "latency.sh: $*" >&2
	exit 77
}
for command in perf hackbench python3; do
	command -v $command >/dev/null || cannot "$command is not installed (make deps)"
done
[ "$(id -u)" = 0 ] || cannot 'recording a kernel needs root'
tmp=$(mktemp -d "${TMPDIR:-/var/tmp}/kvmrt-bench.XXXXXX") || exit
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

load=(hackbench -g 4 -l "${LOOPS:-4000}")
perf sched record -o "$tmp/sched.data" -- "${load[@]}" >/dev/null 2>&1 || cannot 'perf cannot record'
xtrace-run -o "$tmp/sched" -e sched -- "${load[@]}" >/dev/null 2>&1 || cannot 'xtrace-run cannot record'
xtrace-run -o "$tmp/all" -e sched -e irq -e timer -e syscall -- "${load[@]}" >/dev/null 2>&1

if [ -z "${KVM:-}" ] && tests/lab/lab --check 2>/dev/null; then
	KVM=$tmp/kvm
	tests/lab/lab --guests 1 --path "$KVMRT_BIN" --out "$KVM" tests/lab/kvm-capture.sh ||
		cannot 'the lab recorded no exits'
fi

# cost COMMAND...: seconds of CPU
cost() {
	python3 - "$@" <<'PY'
import os, subprocess, sys
best = None
for _ in range(3):
    before = os.times()
    subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    cpu = after[2] + after[3] - before[2] - before[3]
    best = cpu if best is None else min(best, cpu)
print('%.3f' % best)
PY
}
ours() { xtrace-latency "$1" | awk '/ events in / { print $1; exit }'; }
theirs() { perf script -i "$1" -F event 2>/dev/null | wc -l; }

# row WHAT EVENTS SECONDS PEER-EVENTS PEER-SECONDS
row() {
	awk -v what="$1" -v n="$2" -v s="$3" -v pn="$4" -v ps="$5" 'BEGIN {
		mine = n / s / 1e6; peer = ps > 0 ? pn / ps / 1e6 : 0
		printf "| %s, %d events | %.2f M/s | %s | %s | %s |\n", what, n, mine,
			peer ? sprintf("%.2f M/s", peer) : "-", peer ? sprintf("%.1f", mine / peer) : "-",
			what ~ /full/ ? "5 M/s" : "-" }'
}

{
	echo "$(nproc) CPUs, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), Linux $(uname -r), $(perf --version), $(date +%F)"
	echo
	echo '| what | ours | peer | ratio | required |'
	echo '|---|---|---|---|---|'
	row 'wake-ups and run queues; peer perf sched latency' "$(ours "$tmp/sched")" \
		"$(cost xtrace-latency -m wakeup -m runq "$tmp/sched")" "$(theirs "$tmp/sched.data")" \
		"$(cost perf sched -i "$tmp/sched.data" latency)"
	row 'full report of sched, irq, timer and system calls' "$(ours "$tmp/all")" \
		"$(cost xtrace-latency "$tmp/all")" 0 0
	[ -z "${KVM:-}" ] || row 'exits; peer perf kvm stat report' "$(ours "$KVM/t")" \
		"$(cost xtrace-latency -m exit "$KVM/t")" "$(theirs "$KVM/kvm.data")" \
		"$(cost perf kvm --host -i "$KVM/kvm.data" stat report)"
} >"$tmp/table"
cat "$tmp/table"
sed -i -e "/^<!-- latency.sh -->/,/^<!-- end -->/{//!d}" -e "/^<!-- latency.sh -->/r $tmp/table" doc/benchmarks.md
