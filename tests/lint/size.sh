#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# size.sh: no source has 800 lines, no function more than 100.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

each_finding < <({ tree '*.c' '*.h'; scripts; } | xargs -d '\n' wc -l |
	awk '$2 != "total" && $1 >= 800 { print $2 ": " $1 " lines; expected fewer than 800" }')

# A function is what stands from "{" in the first column to "}" there.
each_finding < <(tree '*.c' '*.h' | xargs -d '\n' awk '
	/^\{/ { start = FNR }
	/^\}/ && start {
		if (FNR - start - 1 > 100)
			print FILENAME ":" start ": a function of " FNR - start - 1 " lines; " \
				"expected at most 100"
		start = 0
	}')
finish
