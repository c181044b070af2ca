# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# lib.sh: what a lint starts with; sourced by tests/lint/*.sh.  A lint prints a
# line a finding, "FILE: what is wrong", and ends with finish.
#
# There are more than a thousand files, and starting a program for each takes a minute:
# one program reads them all.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
export LC_ALL=C KVMRT_BIN=${KVMRT_BIN:-$PWD/build/bin}
findings=0

# tree [PATTERN...]: the files of the project that match, those not yet committed too
tree() {
	if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
		git ls-files -co --exclude-standard -- "$@" | while read -r file; do
			[ -f "$file" ] && echo "$file"
		done
	else
		echo 'lint: needs a git work tree to know which files are the project' >&2
		exit 1
	fi
}

# scripts: every shell script, by its name or its first line
scripts() {
	tree . | grep -E '\.sh$|(^|/)[^./]+$' | xargs -d '\n' awk '
		FILENAME ~ /\.sh$/ || /^#!.*\/(ba)?sh( |$)/ { print FILENAME }
		{ nextfile }'
}

# the values of a list of the Makefile
make_list() { MAKEFLAGS='' make -s "print-$1"; }

# the built programs
programs() { make_list PROGRAMS; }

finding() {
	echo "$*"
	findings=$((findings + 1))
}

finish() {
	[ $findings = 0 ]
	exit
}

# each_finding: takes lines and makes each a finding
each_finding() {
	local line

	while IFS= read -r line; do
		[ -n "$line" ] && finding "$line"
	done
}
