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
zstd.h zdict.h xxhash.h: xtrace
zlib.h: xtrace tuning
histedit.h editline/ readline/: xtrace
hdr/: merge
hwloc.h hwloc/ numa.h numaif.h microhttpd.h ncurses.h: tuning
libvirt/ libxml/: config
json-c/ json.h: lib
cmocka.h: tests
'

# folder_of FILE: in $folder
folder_of() {
	case $1 in
	gs/host/*) folder=gs/host ;;
	*/*) folder=${1%%/*} ;;
	*) folder=. ;;
	esac
}

declare -A sees_of=() public_of=()
while IFS=: read -r folder others; do
	sees_of[$folder]="$others "
done < <(grep : <<<"$layers")
while IFS=: read -r folder headers; do
	public_of[$folder]="$headers "
done < <(grep : <<<"$public")

# own FILE HEADER FOLDER: an include of ours
own() {
	local file=$1 header=$2 who=$3 sees=${sees_of[$3]-} folder

	folder_of "$header"
	[ "$folder" = "$who" ] && return
	if [[ $sees == *" $header "* ]]; then
		return
	elif [[ $sees != *" $folder "* ]]; then
		finding "$file: $who may not include $header"
	elif [ "$folder" != lib ] && [[ ${public_of[$folder]-} != *" $header "* ]]; then
		finding "$file: $header is $folder's own; others include${public_of[$folder]-}"
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
		name=${entry%% *} home=${entry#* }
		[[ $header == "$name" || ($name == */ && $header == "$name"*) ]] || continue
		if [[ " $home tests " != *" $who "* ]]; then
			finding "$file: only $home may include <$header>"
		elif [[ ${public_of[$who]-} == *" $file "* ]]; then
			finding "$file: a public header may not include <$header>"
		fi
	done
}

# includes: "own|foreign FILE HEADER" of each
includes() {
	tree '*.c' '*.h' | xargs -d '\n' awk '
		/^ *# *include +"[^"]+"/ { split($0, part, "\""); print "own", FILENAME, part[2] }
		/^ *# *include +<[^>]+>/ { split($0, part, "[<>]"); print "foreign", FILENAME, part[2] }'
}

while read -r kind file header; do
	folder_of "$file"
	who=$folder
	if [ "$kind" = foreign ]; then
		theirs "$file" "$header" "$who"
	elif [ "$who" != tests ]; then
		own "$file" "$header" "$who"
	fi
done < <(includes)
finish
