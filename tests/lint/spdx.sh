#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# spdx.sh: the licence stands in the first lines of every source, and is the one
# of its place: kernel modules GPL-2.0-only, what an installed library is made of
# LGPL-2.1-or-later, everything else GPL-2.0-or-later.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

files=$(tree '*.c' '*.h' '*.S' '*.def' '*.mk' '*Makefile' '*.awk' '*.py'; scripts)

# the licence in the first three lines of each
declare -A licence_of=()
while IFS=: read -r file licence; do
	licence_of[$file]=$licence
done < <(xargs -d '\n' awk 'FNR <= 3 && sub(/.*SPDX-License-Identifier: /, "") {
	sub(/ *(\*\/)?$/, "")
	print FILENAME ":" $0
}' <<<"$files")

for file in $files; do
	licence=${licence_of[$file]-}
	case $file in
	*/module/*) want='GPL-2.0-only' ;;
	gs/protocol.h) want='GPL-2.0-only OR LGPL-2.1-or-later' ;;	# kernel and library share it
	*) want='GPL-2.0-or-later or LGPL-2.1-or-later' ;;
	esac
	[[ $licence == "$want" || (-n $licence && $want == *" or "* && " $want " == *" $licence "*) ]] ||
		finding "$file: expected SPDX-License-Identifier: $want, found \"$licence\""
done

# A library's own objects; of an archive that it links, what the library took from it.
for library in $(make_list SHARED); do
	for object in $(make_list "$library-objs"); do
		source=${object%.o}.c
		[ -e "$source" ] || continue
		[ "${licence_of[$source]-}" = LGPL-2.1-or-later ] ||
			finding "$source: is part of $library; expected LGPL-2.1-or-later"
	done
done
for header in $(make_list HEADERS) $(make_list API_HEADERS); do
	[[ ${licence_of[$header]-} == *LGPL-2.1-or-later ]] ||
		finding "$header: is installed; expected LGPL-2.1-or-later"
done
finish
