#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage.sh: every program answers --help and --version on stdout, wrong use on
# stderr, and has a sound option table.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# try NAME STATUS OPTION: leaves what came in $work/out and $work/err
try() {
	"$KVMRT_BIN/$1" "$3" >"$work/out" 2>"$work/err" </dev/null
	local status=$?

	[ $status = "$2" ] || finding "$1 $3: expected status $2, found $status"
}

check_help() {
	try "$1" 0 --help
	[ -s "$work/out" ] && [ ! -s "$work/err" ] || finding "$1 --help: not on stdout"
	grep -q "^Usage: $1 " "$work/out" || finding "$1 --help: no line \"Usage: $1 ...\""
	grep -qE '.{81}' "$work/out" && finding "$1 --help: a line of more than 80 columns"
	try "$1" 0 --version
	grep -qxE "$1 [0-9][0-9.]*" "$work/out" || finding "$1 --version: no \"$1 NUMBER\""
}

check_wrong_use() {
	local usage_status

	usage_status=$("$KVMRT_BIN/$1" --dump-options | awk -F '\t' '$1 == "command" { print $5 }')
	try "$1" "$usage_status" --no-such-option
	[ -s "$work/out" ] && finding "$1 --no-such-option: words on stdout"
	grep -q "^$1: .*--no-such-option" "$work/err" ||
		finding "$1 --no-such-option: the sentence does not name it"
	grep -q -e "--help" "$work/err" || finding "$1 --no-such-option: no pointer to --help"
}

check_table() {
	try "$1" 0 --dump-options
	awk -F '\t' -v name="$1" '
		$1 != "option" { next }
		$2 != "-" && letters[$2]++ { print name ": -" $2 " stands twice in the table" }
		names[$3]++ { print name ": --" $3 " stands twice in the table" }
		$3 !~ /^[a-z][a-z0-9-]*$/ { print name ": --" $3 ": lower-case words and dashes" }
		$6 == "" { print name ": --" $3 " has no help" }
		$6 ~ /\.$/ { print name ": --" $3 ": the help ends with a full stop" }
	' "$work/out"
}

for name in $(programs); do
	check_help "$name"
	check_wrong_use "$name"
	each_finding < <(check_table "$name")
done
finish
