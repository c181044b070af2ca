#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# style.sh: what a reader's eye should not have to check: tabs, width, blanks.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

each_finding < <(tree '*.c' '*.h' | xargs -d '\n' awk '
	function width(line,   columns, i) {
		for (i = 1; i <= length(line); i++)
			columns += substr(line, i, 1) == "\t" ? 8 - columns % 8 : 1
		return columns
	}
	{ at = FILENAME ":" FNR ": " }
	FNR == 1 && !/^\/\* SPDX/ { print at "expected the SPDX comment as the first line" }
	/^  +[^ *]/ { print at "indented with blanks; expected tabs" }
	/^ +\t/ { print at "blanks in front of a tab" }
	/^[\t ]*\/\// { print at "expected a comment of the form /* */" }
	/\r$/ { print at "ends with a carriage return" }
	length($0) > 60 && width($0) > 100 { print at width($0) " columns; expected at most 100" }')

texts=$(tree '*.c' '*.h' '*.mk' '*.md' '*.def' '*Makefile' 'doc/*.[1-9]'; scripts)
each_finding < <(xargs -d '\n' grep -nHE '[ 	]+$' <<<"$texts" |
	sed 's|^\([^:]*:[0-9]*\):.*|\1: blanks at the end|')
# with -z the whole file is one line
each_finding < <(xargs -d '\n' grep -LzP '\n\z' <<<"$texts" | while read -r file; do
	[ ! -s "$file" ] || echo "$file: no newline at its end"
done)

# A .c file includes its own header before all others, so every header stands alone
# (or what its parts share: record-internal.h).
declare -A first_of=()
while read -r file header; do
	first_of[$file]=$header
done < <(tree '*.c' | xargs -d '\n' awk '
	/^#include ["<]/ { split($0, part, "[\"<>]"); print FILENAME, part[2]; nextfile }')
for file in $(tree '*.c'); do
	header=${file%.c}.h first=${first_of[$file]-}
	[ ! -e "$header" ] || [ "$first" = "$header" ] || [[ $first == "${file%.c}"-* ]] ||
		finding "$file: expected its own header first, found $first"
done
finish
