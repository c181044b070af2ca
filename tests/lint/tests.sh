#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tests.sh: a module has a test of its name (or of the one it is a part of), a program a test of its command
# line, and every test that is there is run.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

# module: why it has no test of its own
declare -A without=(
)

# tested FOLDER MODULE: by a test of its name, or of the module that it is a part of:
# print-expr.c is a part of print
tested() {
	local name=$2

	until [ -e "tests/$1/test-$name.c" ]; do
		[[ $name == *-* ]] || return
		name=${name%-*}
	done
}

for source in $(tree 'lib/*.c' 'kvm-events/*.c' 'xtrace/*.c' 'merge/*.c' 'gs/*.c' 'gs/host/*.c' 'guest/*.c' 'tuning/*.c' \
	'config/*.c'); do
	folder=$(dirname "$source")
	module=$(basename "$source" .c)
	case $source in
	*/module/*) continue ;;
	lib/*) ;;
	*/cmd-*.c) continue ;;	# whole-command tests prove it
	esac
	tested "$folder" "$module" || [ -n "${without[$source]:-}" ] ||
		finding "$source: no test tests/$folder/test-$module.c"
done
for source in "${!without[@]}"; do
	[ -e "$source" ] || finding "tests.sh: $source has a reason to be without a test, but is not there"
done

listed=" $(make_list UNIT_TESTS | tr '\n' ' ') "
for test in $(tree 'tests/*/test-*.c' 'tests/*/*/test-*.c'); do
	[[ $listed == *" ${test%.c} "* ]] || finding "$test: not in UNIT_TESTS, so never run"
done

listed=" $(make_list CMD_TESTS | tr '\n' ' ') "
for test in $(tree 'tests/cmd/*.sh' ':!tests/cmd/lib.sh'); do
	[[ $listed == *" $test "* ]] || finding "$test: not in CMD_TESTS, so never run"
done
for name in $(programs); do
	[[ $listed == *" tests/cmd/$name.sh "* ]] || finding "$name: no whole-command test tests/cmd/$name.sh"
done

listed=" $(make_list FUZZERS | tr '\n' ' ') "
for target in $(tree 'tests/fuzz/fuzz-*.c'); do
	[[ $listed == *" ${target%.c} "* ]] || finding "$target: not in FUZZERS, so never run"
	name=$(basename "$target" .c)
	[ -n "$(tree "tests/fuzz/corpus/${name#fuzz-}/*")" ] ||
		finding "$target: no input in tests/fuzz/corpus/${name#fuzz-}"
done

listed=" $(make_list LINTS | tr '\n' ' ') "
for lint in $(tree 'tests/lint/*.sh' ':!tests/lint/lib.sh'); do
	[[ $listed == *" $lint "* ]] || finding "$lint: not in LINTS, so never run"
done
finish
