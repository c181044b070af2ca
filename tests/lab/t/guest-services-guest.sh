#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: what two guests call stands whole and in order in the host's log, with the guests' module alone
# lab: --guests 1
# guests: vm2 vm3
# limit: 300
WAY=guest
# shellcheck source=tests/lab/gs-services.sh
. "$(dirname "$0")/../gs-services.sh"
