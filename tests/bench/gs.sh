#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# gs.sh: what a call of guest services costs, in the lab (tests/lab/gs-cost.sh)
#
# Prints the ratios as a table and puts it into doc/benchmarks.md.  ROUNDS= and
# KERNEL= (of the lab) may be set.
set -u
cd "$(dirname "$0")/../.." || exit
kernel=${KERNEL:-6.1}

cannot() {
	echo "gs.sh: $*" >&2
	exit 77
}
why=$(tests/lab/lab --check 2>&1) || cannot "$why"
tmp=$(mktemp -d "${TMPDIR:-/var/tmp}/kvmrt-bench.XXXXXX") || exit
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

make --no-print-directory LAB_KERNELS="$kernel" lab-modules || exit
tests/lab/lab --kernel "$kernel" tests/lab/gs-cost.sh "${ROUNDS:-3}" >"$tmp/rows"
status=$?
cat "$tmp/rows"
[ $status = 0 ] || exit $status
{
	echo "Host and guest $kernel in the lab's emulation, $(date +%F)"
	echo
	echo '| what | compared with | ratio |'
	echo '|---|---|---|'
	sed 's/^/| /; s/|\([^|]*\)|\([^|]*\)$/ | \1 | \2 |/' "$tmp/rows"
} >"$tmp/table"
sed -i -e "/^<!-- gs.sh -->/,/^<!-- end -->/{//!d}" -e "/^<!-- gs.sh -->/r $tmp/table" doc/benchmarks.md
