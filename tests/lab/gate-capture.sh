#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# gate-capture.sh: traces for tests/bench/latency-gate.sh, in the lab:
#
#   tests/lab/lab --guests 1 --outside --out DIR tests/lab/gate-capture.sh [ROUNDS]
#
# A round is three runs of the system as it is and one of each disturbance, so that
# whatever else the machine does meets all of them.  DIR/base-N, DIR/hog-N, ...
# shellcheck source=tests/lab/gate-lib.sh
. "$(dirname "$0")/gate-lib.sh"
rounds=${1:-6}

budget >/run/out/latency.budget
start_system
for ((i = 0; i < 3 * rounds; i++)); do
	run_of "/run/out/base-$((i + 1))"
	[ $((i % 3)) = 2 ] || continue
	for what in hog irq exit; do
		disturb_$what
		run_of "/run/out/$what-$((i / 3 + 1))"
		undisturbed
	done
done
stop_system
nothing_left
