# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# xtrace-lib.sh: what the lab's tests of recording have in common.
# shellcheck source=tests/lab/t-lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/t-lib.sh"

instances=/sys/kernel/tracing/instances

# await_session NAME: until it records
await_session() {
	local i

	for ((i = 0; i < 300; i++)); do
		xtrace-ctl -s "$1" status 2>/dev/null | grep -q ': recording' && return
		nap 0.2
	done
	fail "session $1 does not record"
}

# kernel_count INSTANCE: events that its buffers got, those no longer there included
kernel_count() {
	awk -F ': *' '/^(entries|overrun|commit overrun|dropped events|read events):/ { n += $2 }
		END { print n + 0 }' "$instances/$1"/per_cpu/cpu*/stats
}
# column DIR N: the sum of a column of xtrace-view --stat's table of CPUs
column() {
	xtrace-view --stat "$1" | awk -v n="$2" '/^HOST +BUFFER/ { on = 1; next } !NF { on = 0 }
		on { sum += $n } END { print sum + 0 }'
}
events_in() { column "$1" 4; }
lost_in() { column "$1" 6; }
# sum DIR KEY: of all CPUs, as noted in its session file
sum() {
	awk -v key="$2" '/^\[cpus\]/ { on = 1; next } /^\[/ { on = 0 }
		on { for (i = 1; i < NF; i++) if ($i == key) n += $(i + 1) } END { print n + 0 }' "$1/session"
}

nothing_left() { same "instances left" "" "$(find $instances -maxdepth 1 -name 'xtrace-*')"; }

# niceness N: of the whole emulation towards what else runs on the machine outside, so that
# this does not become a part of what is judged
niceness() {
	(cd /run/out && lab-outside sh -c "renice -n $1 -p \$(ls /proc/\$(pgrep -P \$LAB_MACHINE)/task)") >/dev/null ||
		fail "the emulation has its niceness still"
}

# judged_apart: what is measured here is compared, so this goes before all else to its end
judged_apart() {
	niceness -10
	trap 'niceness 0' EXIT
}
