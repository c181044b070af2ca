#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: a guest's call to flush ends the host's buffers at that very hypercall, in every scope, by snapshot and by traceoff; the guest's own buffers carry the same incident
# lab: --guests 1
# guests: vm5
# limit: 240
# shellcheck source=tests/lab/gs-freeze.sh
. "$(dirname "$0")/../gs-freeze.sh"
all_calls marks "0 1 2"
