#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: both kernel modules on 6.1: 400 of 400 answers, policy, limits, order of events, unloaded under load
# lab: --guests 1
# limit: 240
# shellcheck source=tests/lab/gs-modules.sh
. "$(dirname "$0")/../gs-modules.sh"
all_of_it
unload_both
