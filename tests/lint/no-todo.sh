#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# no-todo.sh: what is not done is not promised in the source.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

each_finding < <(tree ':!tests/lint/no-todo.sh' ':!*/corpus/*' ':!*/fixtures/*' |
	xargs -d '\n' grep -nIwE 'TODO|FIXME|XXX|HACK|TBD')
finish
