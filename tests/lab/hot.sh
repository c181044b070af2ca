# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# hot.sh: the files that every script opens again and again, packed for the initramfs.
#
# Each open() of a file of the root's 9p is four requests to the machine outside, some 10 ms
# of processor time in the emulation, and a process opens four and more.  So these
# files lie in the memory of host and guests, as the first lower layer of their root.

# what scripts start in each
declare -A hot_commands=(
	[host]="bash sh sleep cat grep sed awk ls rm mkdir cp mv cut head tail tr sort uniq wc date
		touch ln seq timeout taskset chrt pgrep ps ssh ip modprobe mount umount find stat dirname
		basename realpath readlink setsid env tee mkfifo chmod comm cmp diff id uname nproc mktemp
		xargs true tar qemu-system-x86_64 virsh libvirtd /usr/bin/python3 xtrace-run xtrace-ctl
		xtrace-view kvmrt-gs kvmrt-gsd shield kvmrt-boot kvmrt-stat"
	[guest]="bash sh dropbear sleep cat grep rm mkdir sed insmod true timeout xtrace-run xtrace-ctl
		kvmrt-gs"
)

# Larger ones stay where they are: of those it is the reading that costs, and once.
hot_largest=8192k

# hot_pack ROLE CPIO DIR: its commands, and all that running them opens; DIR is for what is
# in the making
hot_pack() {
	local cpio=$2 dir=$3 files

	# names are words
	# shellcheck disable=SC2086
	mapfile -t files < <(hot_files ${hot_commands[$1]} | sort -u | tr '\n' '\0' |
		find -files0-from - -maxdepth 0 -size -$hot_largest)
	mkdir -p "$dir/hot" &&
		(cd / && cp -a --parents "${files[@]#/}" "$dir/hot/") &&
		(cd "$dir" && find hot | cpio -o -H newc --quiet) >"$cpio"
	rm -rf "${dir:?}/hot"
}

# hot_files COMMAND...: the commands that there are, their libraries, and the symbolic links
# that they are opened by
hot_files() {
	local command file files=()
	local -A real=()

	for command in "$@"; do
		command=$(type -P "$command") && files+=("$command")
	done
	mapfile -t -O ${#files[@]} files < <(ldd "${files[@]}" 2>/dev/null |
		grep -oE '/[^ ]+\.so[^ ]*' | sort -u)
	realpath "${files[@]}"
	for file in "${files[@]}"; do
		# a link itself, below real folders
		[ -n "${real[${file%/*}]:-}" ] || real[${file%/*}]=$(realpath "${file%/*}")
		echo "${real[${file%/*}]}/${file##*/}"
	done
	find /bin /sbin /lib /lib64 -maxdepth 0 -type l
	find /etc/ld.so.cache /etc/passwd /etc/group /etc/shadow -maxdepth 0 2>/dev/null
	[[ ${files[*]} != *python3* ]] || hot_python
}

# hot_python: the modules that a script loads before it does anything
hot_python() {
	/usr/bin/python3 -c '
import json, os, re, signal, socket, struct, subprocess, sys, time
for module in list(sys.modules.values()):
    for name in getattr(module, "__file__", None), getattr(module, "__cached__", None):
        if name and os.path.exists(name):
            print(os.path.realpath(name))'
}
