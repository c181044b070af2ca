#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: a guest runs under KVM, and its entries and exits are events of the host
# lab: --guests 1
. "$(dirname "$0")/../t-lib.sh"

t=/sys/kernel/tracing
[ -c /dev/kvm ] || fail "no /dev/kvm in the host"
# both begin at once, however long it takes to enable them
echo 0 >$t/tracing_on
echo 1 >$t/events/kvm/kvm_entry/enable
echo 1 >$t/events/kvm/kvm_exit/enable
echo 1 >$t/tracing_on
ssh vm1 true
echo 0 >$t/tracing_on
entries=$(grep -c kvm_entry: $t/trace)
exits=$(grep -c kvm_exit: $t/trace)
echo 0 >$t/events/enable
echo >$t/trace
echo 1 >$t/tracing_on
echo "$entries entries, $exits exits"
[ "$entries" -gt 100 ] || fail "$entries kvm_entry events, expected hundreds"
difference=$((entries - exits))
[ ${difference#-} -lt 10 ] || fail "entries and exits do not pair"
