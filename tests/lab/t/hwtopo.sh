#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: hwtopo says what lscpu and lstopo say, also while CPUs of a real kernel are offline
# lab: --cpus 8 --threads 2 --nodes 2 --disk
. "$(dirname "$0")/../t-lib.sh"
cd "$(dirname "$0")/../../.." || exit
out=$(mktemp -d)

up() {
	for cpu in 5 2 3; do
		echo 1 >/sys/devices/system/cpu/cpu$cpu/online
	done
}
trap 'up; rm -rf "$out"' EXIT

tests/tools/same-topology || fail 'all online: not the same'
hwtopo --json >"$out/whole" || fail 'no JSON'

# a sibling, and a core as a whole: the kernel forgets where they belong
for cpu in 5 2 3; do
	echo 0 >/sys/devices/system/cpu/cpu$cpu/online || fail "CPU $cpu stays online"
done
tests/tools/same-topology || fail 'CPUs 2, 3 and 5 offline: not the same'
[ "$(hwtopo --no-io | grep -c '(offline)$')" = 3 ] || fail 'CPUs that are offline are not shown'
hwtopo --no-io | sed -n '/NUMA Node 1/,$p' | grep -q 'CPU 5 (offline)' ||
	fail 'the node of CPU 5 is not known'
hwtopo --save "$out/offline" && hwtopo -i "$out/offline" -v >"$out/packed" || fail 'not packed'
hwtopo -v | diff "$out/packed" - || fail 'a packed machine is not shown as it was'
up
hwtopo --json | sed 's/"free":[0-9]*//g' >"$out/again"
sed 's/"free":[0-9]*//g' "$out/whole" | cmp -s - "$out/again" || fail 'not as before'
