#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# readme.sh: each folder says on one screen what it is; links between the pages hold.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

for folder in $(tree . | sed -n 's|^\([a-z][^/]*\)/.*|\1|p' | sort -u) gs/host tests/lab; do
	[ -d "$folder" ] && [ -n "$(tree "$folder")" ] || continue
	if [ ! -e "$folder/README.md" ]; then
		finding "$folder: no README.md"
	elif [ "$(wc -l <"$folder/README.md")" -gt 60 ]; then
		finding "$folder/README.md: more than a screen (60 lines)"
	fi
done

# links: those of the form [text](file) that lead nowhere
links() {
	grep -oE '\]\([^)#: ]+\)' "$1" | sed 's/^](//; s/)$//' | while read -r target; do
		[ -e "$(dirname "$1")/$target" ] || echo "$1: leads to $target, which is not there"
	done
}

for page in $(tree '*.md'); do
	each_finding < <(links "$page")
done
finish
