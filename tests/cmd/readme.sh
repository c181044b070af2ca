#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# readme.sh: the five minutes of README.md, word for word, and the view it shows.
# shares: tracing
# shellcheck source=tests/xtrace/lib.sh
. "$(dirname "$0")/../xtrace/lib.sh"

tree=$PWD

# block WORD: the lines of README.md that are indented, of the block that has WORD
block() {
	awk -v word="$1" '
		/^    / { lines = lines substr($0, 5) "\n"; if (index($0, word)) found = 1; next }
		found { exit }
		{ lines = "" }
		END { printf "%s", found ? lines : "" }' "$tree/README.md"
}

# tour WORD: runs that block in the work folder, sessions below a /run of the test's own.
# xtrace-ctl waits for its session, as it must for who types slower than a script.
tour() {
	cat >"$tmp/tour" <<-END
		cd '$w' || exit
		xtrace-run() { command xtrace-run --root '$root' "\$@"; }
		xtrace-ctl() {
			until command xtrace-ctl --root '$root' status; do sleep 0.1; done >status 2>&1
			command xtrace-ctl --root '$root' "\$@"
		}
		pager() { cat; }
		$(block "$1" | sed "s|tests/fixtures|$tree/&|; s/| less/| pager/")
		wait
	END
	run bash -e "$tmp/tour"
	expect_status 0
}

it 'records while a command runs, and looks at it'
tour '-o t sleep 1'
expect_stdout_like 'SCHED_SWITCH' '^\{"time":'
expect_stderr_like '^t: [0-9]+ events in .* 0 lost'

it 'keeps the newest moments, and stops'
tour '-o flight'
[ "$(wc -l <"$tmp/stdout")" -ge 20 ] || fail "not the last 20 events"
expect_stdout_like ' CUSTOM \[the cycle was late\]$'
complete=$(sed -n 's/^complete = //p' "$w/flight/session")
[ "$complete" = yes ] || fail 'flight is not final'

it 'puts the recorded pair on one time line'
tour 'pair='
expect_stdout_like '^vm1: windows, offset ' '^wakeup: task woken until it runs' \
	'^  3\.  .* late on CPU '

it 'looks at the host, and changes nothing'
tour 'shield --all 1'
expect_stdout_like '^Machine 0:' '^CPU +' '^[0-9]+ rows: ' '^KNOB +FROM +TO +WHY +DISTURBS'

it 'shows a merged view as it is, but for what the clocks are known better by now'
block 'KVM_EXIT_VM_PID' | sed -E 's/^[0-9.]+ //' >"$tmp/shown"
[ "$(wc -l <"$tmp/shown")" -gt 8 ] || fail 'README.md has no such block'
xtrace-view -f host,cpu,event "$w/both" >"$tmp/view"
tr '\n' '~' <"$tmp/shown" >"$tmp/needle"
tr '\n' '~' <"$tmp/view" | grep -qF -f "$tmp/needle" || fail 'xtrace-view shows no such lines'

no_traces_left
