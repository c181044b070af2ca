# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# results.sh: what a test says in its head, and how run-tests tells its result: a line for
# each test, the output of one that failed, the closing line.

# heading FILE KEY: the value of a '# KEY: value' line in a test's head
heading() { sed -n "1,20s/^# $2:[[:space:]]*//p" "$1" | head -n 1; }

passed=0
failed=0
skipped=0

# report NAME STATUS OUTPUT-FILE LIMIT SECONDS: those that it may take, and took
report() {
	case $2 in
	0)
		passed=$((passed + 1))
		echo "ok $1, $5 s"
		;;
	77)
		skipped=$((skipped + 1))
		echo "skip $1: $(tail -n 1 "$3")"
		;;
	*)
		failed=$((failed + 1))
		if [ "$2" = 124 ]; then
			echo "not ok $1: not done within $4 s"
		else
			echo "not ok $1: status $2"
		fi
		sed 's/^/    /' "$3" | tail -n 60
		;;
	esac
}

# closing_line: fails if a test has failed
closing_line() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ]
}
