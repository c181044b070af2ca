#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kvm-capture.sh: the same exits as perf and as xtrace-run record them, for
# tests/bench/latency.sh, in the lab:
#
#   tests/lab/lab --guests 1 --out DIR tests/lab/kvm-capture.sh [SECONDS]
#
# A program of the guest does nothing but exits.  DIR/kvm.data, DIR/t.
# shellcheck source=tests/lab/xtrace-lib.sh
. "$(dirname "$0")/xtrace-lib.sh"
seconds=${1:-20}

mkdir -p /tmp/exits && cd /tmp/exits || exit
cat >exits.c <<'END_C'
#include <cpuid.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 1);
	unsigned int a, b, c, d;

	while (time(NULL) < end)
		__get_cpuid(0, &a, &b, &c, &d);
}
END_C
gcc -O1 -static -o exits exits.c || fail "gcc"
perf kvm --host -o /run/kvm.data stat record -a >/run/kvm.log 2>&1 &
perf=$!
xtrace-run -b 16m -e kvm_entry -e kvm_exit -o /run/out/t 2>/run/run.log &
run=$!
await_session default
# perf records once its events are open on all CPUs
for ((i = 0; i < 300; i++)); do
	[ "$(find "/proc/$perf/fd" -lname '*perf_event*' 2>/dev/null | wc -l)" -ge 8 ] && break
	nap 0.2
done
# shellcheck disable=SC2029 # of this side
ssh vm1 "$PWD/exits $seconds & exec $PWD/exits $seconds"
kill -INT $perf
kill $run
wait $perf $run
cp /run/kvm.data /run/out/ || fail "$(cat /run/kvm.log)"
nothing_left
