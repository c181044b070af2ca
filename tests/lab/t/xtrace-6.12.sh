#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: the same with large sub-buffers, which 6.12 has
# lab: --kernel 6.12 --guests 1
"$(dirname "$0")/xtrace-counts.sh" || exit
rm -rf ./*
"$(dirname "$0")/xtrace-overwrite.sh" || exit
grep -q '^subbuf-size = 65536$' flushed/session || {
	echo "failed: $(grep '^subbuf-size' flushed/session)"
	exit 1
}
