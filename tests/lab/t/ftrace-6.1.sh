#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: every event kind of 6.1 is printed as by trace-cmd report
# lab: --guests 1
# limit: 300
. "$(dirname "$0")/../t-lib.sh"
# shellcheck source=tests/lab/ftrace-lib.sh
. "$(dirname "$0")/../ftrace-lib.sh"

recorded_traces_are_the_same
every_kind_is_the_same
