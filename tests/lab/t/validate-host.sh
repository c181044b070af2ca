#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: kvmrt-validate-host says of a host what it was booted with, and its lines mend what they are for
# lab: --kernel 6.12 --append 'isolcpus=domain,managed_irq,2-3 nohz_full=2-3'
. "$(dirname "$0")/../t-lib.sh"

# verdict ROW [OPTION...]
verdict() {
	kvmrt-validate-host --json "${@:2}" "$1" |
		python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["verdict"])'
}

# is VERDICT ROW...
is() {
	local row

	for row in "${@:2}"; do
		same "$row" "$1" "$(verdict "$row")"
	done
}

# The CPUs isolated at boot are taken without --for.
is pass isolated nohz-full rcu-nocbs managed-irq housekeeping clocksource tsc-flags tsc-reliable \
	kvm cgroup partitions user-tasks watchdog stalld
is fail preempt-rt skew-tick irqaffinity smt rt-throttling timer-migration bare-metal iommu
is moot preemption-timer unsafe-interrupts priorities
same "CPUs 1-3 isolated" fail "$(verdict isolated --for 1-3)"
same "CPU 0 real-time" fail "$(verdict housekeeping --for 0)"

# Each line is run as it is printed.
mended=(rt-throttling fair-server timer-migration swappiness stat-interval compaction mce-poll
	numa-balancing thp nmi-watchdog)
kvmrt-validate-host --json "${mended[@]}" | python3 -c 'import json, sys
for row in json.load(sys.stdin):
    if row["verdict"] == "fail":
        print(row["fix"])' >/tmp/lines
[ "$(wc -l </tmp/lines)" -ge 6 ] || fail "expected 6 lines or more, found $(cat /tmp/lines)"
bash -eu /tmp/lines || fail "a line failed: $(cat /tmp/lines)"
is pass "${mended[@]}"

# What nobody may read is not passed.
fair=$(setpriv --reuid 65534 --clear-groups --inh-caps=-all "$(command -v kvmrt-validate-host)" \
	--json --for 2 fair-server)
[[ $fair == *'"verdict":"unknown"'* ]] || fail "without root: $fair"
