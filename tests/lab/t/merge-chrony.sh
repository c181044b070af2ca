#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: of a guest that keeps the host's time, the time of day and the windows agree; a TSC offset of 0 is one
# lab: --guests 1
# limit: 240
. "$(dirname "$0")/../t-lib.sh"

value() { grep -oE '"label":"vm2".*' "$1" | grep -oE "\"$2\":[^,}]*" | cut -d: -f2; }

lab-guest start vm2 --net --cpus 1 --chrony --tsc-offset 0 || fail 'vm2 was not started'
lab-guest wait-ready vm2 || fail "vm2 is not ready"
lab-guest wait-synced vm2 || fail "vm2 has not the time"
same 'offset of the TSC' 0 "$(cat /sys/kernel/debug/kvm/"$(lab-guest pid vm2)"-*/vcpu0/tsc-offset)"

# record CLOCK: host/ and vm2/ of here
record() {
	rm -rf host vm2
	xtrace-run -t "$1" -e kvm -o host ssh vm2 "xtrace-run -t $1 -e sched -e irq -e timer -o /tmp/vm2 \
		sleep 2 2>/dev/null" 2>host.err || fail "$(cat host.err)"
	scp -qr vm2:/tmp/vm2 . && ssh vm2 rm -r /tmp/vm2
}

record tod
xtrace-multi-merge --check --json --sync tod host vm2 >tod.json || fail "tod: $(cat tod.json)"
xtrace-multi-merge --check --json --sync windows host vm2 >win.json || fail "windows: $(cat win.json)"
apart=$(($(value tod.json offset_ns) - $(value win.json offset_ns)))
[ ${apart#-} -le "$(value win.json bound_ns)" ] || fail "$apart ns apart, +- $(value win.json bound_ns)"

record tsc
xtrace-multi-merge --check --json host vm2 >tsc.json || fail "$(cat tsc.json)"
same method '"tsc"' "$(value tsc.json method)"
same 'events outside' 0 "$(value tsc.json violations)"
