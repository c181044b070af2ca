#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: 6.12 boots as host and as guest, with KVM, tracing and ssh
# lab: --kernel 6.12 --guests 1
. "$(dirname "$0")/../t-lib.sh"

boots_as_host_and_guest 6.12
