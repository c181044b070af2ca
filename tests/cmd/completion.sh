#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# completion.sh: the completion files are bash, and offer what the tables have
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

completions=$KVMRT_BIN/../completions

# offers COMMAND WORD...: what bash offers for the last word
offers() {
	local name=$1

	# shellcheck disable=SC1090 # made by the build
	. "$completions/$name"
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	"_${name//-/_}"
	printf '%s\n' ${COMPREPLY[@]+"${COMPREPLY[@]}"}
}

for program in "$KVMRT_BIN"/*; do
	[ -x "$program" ] || continue
	name=$(basename "$program")

	it "$name: every option of the table is offered"
	run offers "$name" --
	expect_status 0
	"$program" --dump-options | awk -F '\t' '$1 == "option" { print "--" $3 }' | sort \
		>"$tmp/options"
	sort "$tmp/stdout" | cmp -s - "$tmp/options" || fail 'not the options of the table'

	it "$name: the words of a choice are offered behind it"
	while IFS=$'\t' read -r option words; do
		run offers "$name" "--$option" ''
		expect_stdout "${words//|/$'\n'}"
	done < <("$program" --dump-options | awk -F '\t' '$4 == "choice" { print $3 "\t" $5 }')
done

it 'kvmrt-gs: its commands are offered, and not those of the machine'
run offers kvmrt-gs --unanswered-ok ping_
expect_stdout ping_available
