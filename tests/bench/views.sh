#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# views.sh: what cpustat and interview cost of one CPU, once a second, on a made-up host
# of 256 CPUs, 1,000 interrupts and 2,000 threads; SECONDS_EACH= is how long each is watched
#
# Start-up is left out: the time of a run is what it took beyond one of a tenth as long.
set -u
cd "$(dirname "$0")/../.." || exit
PATH=${KVMRT_BIN:=$PWD/build/bin}:$PATH
seconds=${SECONDS_EACH:-40}
tmp=$(mktemp -d "${TMPDIR:-/dev/shm}/kvmrt-bench.XXXXXX") || exit
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
python3 tests/tools/make-host.py "$tmp/host" || exit
expected=1 over=0

# cpu N COMMAND...: its CPU time in milliseconds for N readings
cpu() {
	python3 - "$@" <<'PY'
import os, subprocess, sys
subprocess.run(sys.argv[2:] + ['-n', sys.argv[1]], stdout=subprocess.DEVNULL, check=True)
t = os.times()
print(round((t.children_user + t.children_system) * 1000))
PY
}

printf '%-34s %10s %10s\n' WHAT '% OF CPU' REQUIRED
watch() {
	local few=$((seconds / 10)) long short

	long=$(cpu $((seconds + few)) "$@" --root "$tmp/host" -i 1) || exit
	short=$(cpu $few "$@" --root "$tmp/host" -i 1) || exit
	printf '%-34s %10s %10s\n' "$*" \
		"$(awk -v ms=$((long - short)) -v s="$seconds" 'BEGIN { printf "%.2f", ms / s / 10 }')" \
		"under $expected"
	[ $((long - short)) -lt $((seconds * 10 * expected)) ] || over=1
}
watch cpustat
watch cpustat --json
watch interview --text
watch interview --json
exit $over
