#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: rtla's --on-threshold has a flight recorder saved and ended, and what was late stands in it
# lab: --kernel 6.12-rt --guests 1
# shellcheck source=tests/lab/xtrace-lib.sh
. "$(dirname "$0")/../xtrace-lib.sh"

rtla=$(realpath "$(dirname "$0")/../rtla")
if ! (cd /run/out && lab-outside "$rtla" --fetch) >fetch 2>&1; then
	tail -n 1 fetch
	echo "no rtla that knows --on-threshold is to be had here"
	exit 77
fi

xtrace-run -m overwrite -b 4m -e sched -e irq -e timer -o flight >flight.out 2>&1 &
session=$!
await_session default
"$rtla" timerlat hist -c 1 -d 60s -T 20 --on-threshold "shell,command=xtrace-ctl flush stop" \
	>rtla.out 2>&1
grep -q 'timerlat hit stop tracing' rtla.out || fail "nothing was late: $(cat rtla.out)"
# what was late may stand there once the session has saved it, which rtla does not wait for
wait $session || fail "xtrace-run: status $?: $(cat flight.out)"
grep -q '^flush = .* by request' flight/session || fail "no flush: $(cat flight/session)"

xtrace-latency --fail-if 'wakeup(timerlat*).max > 20us' flight >verdict 2>&1
same "status of the rule that rtla's threshold is" 1 $?
nothing_left
