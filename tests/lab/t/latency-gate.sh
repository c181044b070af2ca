#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: the latency gate passes the same guest twice, and fails and names a hog, an interrupt storm and a slow exit
# lab: --guests 1
# limit: 500
# shellcheck source=tests/lab/gate-lib.sh
. "$(dirname "$0")/../gate-lib.sh"

# Runs are read outside, in this folder.
there=/run/out/gate
rm -rf $there
mkdir $there || exit
outside() { (cd $there && lab-outside "$@"); }

budget >$there/latency.budget
base=()

# saved NAME: a run, its figures in NAME.json
saved() {
	run_of "$1" 1.5
	# by the shell outside
	# shellcheck disable=SC2016
	outside_with $there "$1" sh -c 'xtrace-latency --save "$0.json" -w 1 --budget latency.budget "$0" &&
		rm -r "$0"' "$1" || fail "$1"
	rm -r "$1"
}

# compare OUT BASE... -- NOW...: status 1 is a broken rule, or one that a run has no figure for
compare() {
	local out=$1 words=()

	shift
	while [ "$1" != -- ]; do
		words+=(--base "$1.json")
		shift
	done
	shift
	outside xtrace-latency --compare "${words[@]}" --budget latency.budget --guilty "$out.guilty" \
		"${@/%/.json}" >"$out" 2>&1
}

# A round has all of them, so that whatever else the machine does meets them alike; those
# that three rounds do not tell from noise have more.
declare -A runs
missing='hog irq exit'
for ((round = 1; round <= 7; round++)); do
	[ $round = 1 ] && start_system
	for i in 1 2; do
		saved base$round$i
		base+=("base$round$i")
	done
	for what in $missing; do
		disturb_"$what"
		saved "$what$round"
		undisturbed
		runs[$what]+=" $what$round"
	done
	[ $round -ge 3 ] || continue
	for what in $missing; do
		# names are words
		# shellcheck disable=SC2086
		compare "$what.out" "${base[@]}" -- ${runs[$what]} ||
			! grep -q '^BROKEN ' "$what.out" || missing=${missing/$what/}
	done
	[ -n "${missing// /}" ] || break
done
stop_system
[ -z "${missing// /}" ] || fail "not found: $missing: $(cat ./*.out)"

# named WHAT NAME: the cause stands first
named() {
	grep -A 2 '^what takes more time' "$1.out" | grep -E "^$2" || fail "$1 is not named first: $(cat "$1.out")"
	grep -q '^==== ' $there/"$1.out.guilty" || fail "no interval is told: $(cat $there/"$1.out.guilty")"
}
echo "found with $round runs of each:"
named hog 'preempt\(hog\)'
grep -q 'ran hog (PID [0-9]*, real-time priority 50' $there/hog.out.guilty || fail "$(cat $there/hog.out.guilty)"
named irq 'irq\([0-9]+ virtio[0-9]-requests\)'
named exit 'exit\([A-Z]+\), KVM itself'
grep -qE '^exit\(MSR\), KVM itself' exit.out || fail "exit(MSR) is not named: $(cat exit.out)"

# ---- the same system, each half of six runs against the other ----
for ((i = 1; i < 6; i++)); do
	for ((j = i + 1; j < 6; j++)); do
		now=()
		for k in 1 2 3 4 5; do
			[ $k = $i ] || [ $k = $j ] || now+=("${base[k]}")
		done
		compare same.out "${base[0]}" "${base[i]}" "${base[j]}" -- "${now[@]}" ||
			fail "the same system: $(cat same.out)"
	done
done
echo 'the same system passes in 10 of 10'
nothing_left
