#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# shell.sh: every shell script passes shellcheck.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

if ! command -v shellcheck >/dev/null; then
	echo 'shellcheck is not installed'
	exit 77
fi
each_finding < <(scripts | sort -u | xargs -d '\n' shellcheck -x -S warning -f gcc)
for script in $(scripts | grep -v '/lib\.sh$'); do
	[ -x "$script" ] || ! grep -q '^#!' "$script" || finding "$script: not executable"
done
finish
