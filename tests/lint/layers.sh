#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# layers.sh: a folder includes only what stands below it, of another folder only
# the public header, and a foreign library only where it belongs.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

# folder: the folders, or single headers, that it may include beside its own
layers='
lib:
gs: lib
kvm-events: lib gs/protocol.h
xtrace: lib kvm-events gs/protocol.h
merge: lib kvm-events xtrace
gs/host: lib gs kvm-events xtrace
guest: lib gs
tuning: lib
config: lib tuning
'

# what other folders may include of a folder; lib is open as a whole
public='
gs: gs/protocol.h gs/gs.h
kvm-events: kvm-events/kvm-events.h
xtrace: xtrace/xtrace.h xtrace/xtrec.h
merge: merge/merge.h
tuning: tuning/tuning.h
config: config/config.h
'

# headers of foreign libraries: the folders that may include them
foreign='
tracefs.h tracefs/: xtrace
event-parse.h traceevent/ kbuffer.h trace-seq.h: xtrace
zstd.h zdict.h: xtrace
zlib.h: xtrace tuning
histedit.h editline/ readline/: xtrace
hdr/: merge
hwloc.h hwloc/ numa.h numaif.h microhttpd.h ncurses.h: tuning
libvirt/ libxml/: config
json-c/ json.h: lib
cmocka.h: tests
'

folder_of() {
	case $1 in
	gs/host/*) echo gs/host ;;
	*/*) echo "${1%%/*}" ;;
	*) echo . ;;
	esac
}

row() { sed -n "s|^$2:||p" <<<"$1"; }

# own FILE HEADER FOLDER: an include of ours
own() {
	local file=$1 header=$2 who=$3 of sees

	of=$(folder_of "$header")
	[ "$of" = "$who" ] && return
	sees=" $(row "$layers" "$who") "
	if [[ $sees == *" $header "* ]]; then
		return
	elif [[ $sees != *" $of "* ]]; then
		finding "$file: $who may not include $header"
	elif [ "$of" != lib ] && [[ " $(row "$public" "$of") " != *" $header "* ]]; then
		finding "$file: $header is $of's own; others include $(row "$public" "$of")"
	fi
}

foreign_home=()
while IFS=: read -r names home; do
	for name in $names; do
		foreign_home["${#foreign_home[@]}"]="$name ${home# }"
	done
done < <(grep : <<<"$foreign")

# theirs FILE HEADER FOLDER: an include of somebody else's
theirs() {
	local file=$1 header=$2 who=$3 entry name home

	for entry in "${foreign_home[@]}"; do
		read -r name home <<<"$entry"
		[[ $header == "$name" || ($name == */ && $header == "$name"*) ]] || continue
		if [[ " $home tests " != *" $who "* ]]; then
			finding "$file: only $home may include <$header>"
		elif [[ " $(row "$public" "$who") " == *" $file "* ]]; then
			finding "$file: a public header may not include <$header>"
		fi
	done
}

while read -r file; do
	who=$(folder_of "$file")
	while read -r kind header; do
		if [ "$kind" = own ]; then
			[ "$who" = tests ] || own "$file" "$header" "$who"
		else
			theirs "$file" "$header" "$who"
		fi
	done < <(sed -nE 's|^ *# *include +"([^"]+)".*|own \1|p; s|^ *# *include +<([^>]+)>.*|foreign \1|p' \
		"$file")
done < <(tree '*.c' '*.h')
finish
