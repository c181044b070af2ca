#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# demo.sh: where the lab cannot run, make demo says why and shows the recorded pair.
# The demo in the lab is tests/lab's.
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir "$tmp/build"
ln -s "$KVMRT_BIN" "$tmp/build/bin"

it 'says why the lab cannot run'
# no place for the kernels' cache, even for root
KVMRT_LAB_CACHE=/proc/none run tests/demo/demo "$tmp/build"
expect_status 0
expect_stdout_like "^lab: .*cannot be made" '^Using the traces .* recorded earlier$'

it 'shows guest events between KVM_ENTER and KVM_EXIT of their vCPU'
expect_stdout_like ' host 1 KVM_ENTER_VM_PID \[180 vcpu 1\]' ' vm1 1 FILE_WRITE \[28\]' \
	' host 1 KVM_EXIT_VM_PID \[180 vcpu 1 MSR\]'

it 'shows the call that froze both traces at the end of them, and why the cycle was late'
expect_stdout_like ' vm1 [01] KVMRT_GS_FLUSH_GUEST \[scope all incident 0x[0-9a-f]+\]' \
	' host [0-9] KVMRT_GS_FLUSH_HOST \[[0-9]+ vcpu [01] scope all incident 0x[0-9a-f]+\]' \
	'^The buffers of the host have [0-3] events behind the call on its CPU, ' \
	'task CPU 0/KVM .* woke [0-9]+ms late .*: sh .* ran on its CPU'

it 'says how sure the one clock is, where the traces are, and what to try next'
expect_stdout_like '^vm1 +vm1 +windows ' \
	"^The traces are in $tmp/build/demo.*: xtrace-host xtrace-merged xtrace-vm freeze-host freeze-vm freeze-merged" \
	'^Try next' '^  make lab '
run xtrace-view -n 1 "$tmp/build/demo/xtrace-merged"
expect_status 0
