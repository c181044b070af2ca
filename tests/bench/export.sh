#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# export.sh: xtrace-export side by side with trace-cmd convert, which writes the same file anew
#
# Some ten million events of the pair of the repository, dealt out as xtrace-run records
# them.  Times are CPU time, the least of three.
set -u
cd "$(dirname "$0")/../.." || exit
PATH=${KVMRT_BIN:=$PWD/build/bin}:$PATH
deal=$KVMRT_BIN/../tests/tools/deal-trace

for command in trace-cmd python3; do
	command -v $command >/dev/null || { echo "export.sh: $command is not installed (make deps)" >&2; exit 77; }
done
tmp=$(mktemp -d "${TMPDIR:-/var/tmp}/kvmrt-bench.XXXXXX") || exit
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

events=$("$deal" -c 0 -r 500 tests/fixtures/pair/host.dat "$tmp/large" 2>&1 | sed 's/ .*//')

# cost COMMAND...: seconds of CPU, peak KiB
cost() {
	python3 - "$@" <<'PY'
import os, sys
best, peak = None, 0
out = os.open('/dev/null', os.O_WRONLY)
for _ in range(3):
    child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ,
                            file_actions=[(os.POSIX_SPAWN_DUP2, out, 1), (os.POSIX_SPAWN_DUP2, out, 2)])
    _, status, use = os.wait4(child, 0)
    if status:
        sys.exit('export.sh: %s failed' % sys.argv[1])
    cpu = use.ru_utime + use.ru_stime
    best = cpu if best is None else min(best, cpu)
    peak = max(peak, use.ru_maxrss)
print('%.3f %d' % (best, peak))
PY
}

ours=$(cost xtrace-export -f -o "$tmp/large.dat" "$tmp/large") || exit
peer=$(cost trace-cmd convert --file-version 7 --compression zstd -i "$tmp/large.dat" \
	-o "$tmp/converted.dat") || exit
over=0
{
	echo "$(nproc) CPUs, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), Linux $(uname -r)," \
		"$(trace-cmd --version 2>&1 | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1) of trace-cmd, $(date +%F)"
	echo
	echo '| what | ours | peer | ratio | required |'
	echo '|---|---|---|---|---|'
	awk -v n="$events" -v ours="$ours" -v peer="$peer" 'BEGIN {
		split(ours, o); split(peer, p)
		printf "| export, %d events | %.1f M/s | %.1f M/s | %.1f | 2 |\n", n, n / o[1] / 1e6,
			n / p[1] / 1e6, p[1] / o[1]
		printf "| peak memory of it | %.0f MiB | %.0f MiB | - | 32 MiB |\n", o[2] / 1024, p[2] / 1024
		exit p[1] < 2 * o[1] || o[2] > 32 * 1024
	}' || over=1
} >"$tmp/table"
cat "$tmp/table"
sed -i -e "/^<!-- export.sh -->/,/^<!-- end -->/{//!d}" -e "/^<!-- export.sh -->/r $tmp/table" doc/benchmarks.md
exit $over
