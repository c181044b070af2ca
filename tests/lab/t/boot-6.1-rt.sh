#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: 6.1-rt boots as host and as guest, with KVM, tracing and ssh
# lab: --kernel 6.1-rt --cpus 8 --threads 2 --nodes 2
. "$(dirname "$0")/../t-lib.sh"

boots_as_host_and_guest 6.1-rt
