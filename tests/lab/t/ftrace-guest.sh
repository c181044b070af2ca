#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: a guest recorded by trace-cmd's agent is printed on its host's clock as by trace-cmd report
# lab: --guests 1
# limit: 300
. "$(dirname "$0")/../t-lib.sh"
# shellcheck source=tests/lab/ftrace-lib.sh
. "$(dirname "$0")/../ftrace-lib.sh"

host_and_guest_are_the_same
