#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: on 6.1 a shielded CPU runs what is listed and no more, and all comes back
# lab: --cpus 8 --threads 2 --nodes 2 --disk
# limit: 300
# shellcheck source=tests/lab/shield-lib.sh
. "$(dirname "$0")/../shield-lib.sh"

refuses
several
born_between
shields 5 "${SHIELD_STEPS:-181}"
