# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # lab_* are shared with lab
#
# cache.sh: what the lab downloads once and keeps outside the tree: Debian's
# kernels, a QEMU that is new enough, chrony.  Sourced by lab.  Everything
# appears by one rename, under one lock, so two labs may fetch at once.

lab_cache=${KVMRT_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kvmrt-lab}

# the kernels' short names, and the Debian 12 package that leads to the newest
declare -A lab_kernel_package=(
	[6.1]=linux-image-amd64
	[6.1-rt]=linux-image-rt-amd64
	[6.12]=linux-image-6.12-amd64
	[6.12-rt]=linux-image-6.12-rt-amd64
)

# of a kernel package no lab will ever load these; they are nine tenths of it
lab_kernel_leave_out=(
	sound drivers/{accel,ata,bluetooth,comedi,gpu,hid,iio,infiniband,input,isdn,leds,media,memstick}
	drivers/{message,mmc,mtd,net/ethernet,net/wireless,net/usb,net/can,nfc,parport,pcmcia,platform}
	drivers/{power,scsi,soundwire,staging,target,usb,video} fs/{ocfs2,gfs2,ceph,xfs,btrfs,nfs,nfsd,smb}
)

# --- apt ------------------------------------------------------------------

# lab_apt_area: lists of every Debian 12 suite, apart from the machine's own
lab_apt_area() {
	local area=$lab_cache/apt mirror security key=

	lab_apt_own=(
		-o Dir::Etc::SourceList="$area/sources.list" -o Dir::Etc::SourceParts=/dev/null
		-o Dir::State::Lists="$area/lists" -o Dir::Cache="$area/cache"
		-o APT::Sandbox::User=root -o APT::Architecture=amd64
	)
	[ -n "${lab_apt_area_ready:-}" ] && return
	mirror=$(lab_apt_mirror bookworm) || mirror=http://deb.debian.org/debian/
	security=$(lab_apt_mirror bookworm-security) || security=http://deb.debian.org/debian-security/
	[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] &&
		key="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
	mkdir -p "$area"/lists/partial "$area"/cache/archives/partial || return
	cat >"$area/sources.list" <<-END
		deb $key $mirror bookworm main
		deb $key $mirror bookworm-updates main
		deb $key $mirror bookworm-backports main
		deb $key $security bookworm-security main
	END
	apt-get "${lab_apt_own[@]}" -qq update >&2 || return
	lab_apt_area_ready=1
}

# lab_apt_mirror CODENAME: where this machine's own sources take that suite from
lab_apt_mirror() {
	# apt expands the names, not the shell
	# shellcheck disable=SC2016
	apt-get indextargets 'Created-By: Packages' --format '$(CODENAME) $(REPO_URI)' 2>/dev/null |
		awk -v suite="$1" '$1 == suite { print $2; found = 1; exit } END { exit !found }'
}

# lab_apt_download DIR PACKAGE...: from the machine's own sources, or from the area
lab_apt_download() {
	local dir=$1

	shift
	(cd "$dir" && apt-get -qq -o APT::Sandbox::User=root download "$@" 2>/dev/null) && return
	lab_apt_area && (cd "$dir" && apt-get -qq "${lab_apt_own[@]}" download "$@" >&2)
}

# --- kernels ----------------------------------------------------------------

# lab_kernel_resolve NAME: the release that a short name stands for today
lab_kernel_resolve() {
	local package=${lab_kernel_package[$1]:-} release

	if [ -z "$package" ]; then
		echo "$1"
		return
	fi
	if [ -e "$lab_cache/current/$1" ]; then
		cat "$lab_cache/current/$1"
		return
	fi
	release=$(lab_kernel_newest "$package" "$1") || {
		lab_apt_area || return
		release=$(lab_kernel_newest "$package" "$1" "${lab_apt_own[@]}")
	} || {
		lab_say "apt knows no kernel $1 (package '$package')"
		return 1
	}
	lab_remember "$1" "$release"
	echo "$release"
}

# lab_kernel_newest PACKAGE NAME [APT-OPTION...]: what the meta-package depends on
lab_kernel_newest() {
	local package=$1 version=${2%-rt}

	shift 2
	apt-cache "$@" depends "$package" 2>/dev/null |
		awk -v start="linux-image-$version." '
			$1 == "Depends:" && index($2, start) == 1 {
				sub("linux-image-", "", $2); print $2; found = 1; exit
			}
			END { exit !found }'
}

# lab_remember NAME VALUE: so that the next lab need not ask apt
lab_remember() {
	mkdir -p "$lab_cache/current" &&
		echo "$2" >"$lab_cache/current/.$1.$$" &&
		mv "$lab_cache/current/.$1.$$" "$lab_cache/current/$1"
}

# lab_kernel_get RELEASE: see that $lab_cache/kernels/RELEASE is there
lab_kernel_get() {
	local dir=$lab_cache/kernels/$1 part

	[ -e "$dir/vmlinux" ] && return
	part=$(mktemp -d "$lab_cache/.kernel.XXXXXX") || return
	lab_say "fetching kernel $1 into $lab_cache"
	if lab_apt_download "$part" "linux-image-$1" && lab_kernel_unpack "$1" "$part"; then
		rm -f "$part"/*.deb
		mkdir -p "$lab_cache/kernels" && mv -T "$part" "$dir" && return
	fi
	rm -rf "$part"
	lab_say "kernel '$1' could not be fetched"
	return 1
}

# lab_kernel_unpack RELEASE DIR: the package in DIR becomes a tree and a vmlinux
lab_kernel_unpack() {
	local release=$1 dir=$2

	dpkg --fsys-tarfile "$dir"/linux-image-*.deb |
		tar -x -C "$dir" "${lab_kernel_leave_out[@]/#/--exclude=./lib/modules/$release/kernel/}" \
			--exclude=./usr/share || return
	depmod -b "$dir" "$release" &&
		lab_kernel_extract "$dir/boot/vmlinuz-$release" "$dir/vmlinux"
}

# lab_kernel_extract BZIMAGE VMLINUX: the ELF file inside.  QEMU starts it directly
# (PVH); unpacking it under emulation would cost four seconds a boot.
lab_kernel_extract() {
	local sectors offset length start

	sectors=$(od -An -tu1 -j $((0x1f1)) -N 1 "$1")
	offset=$(od -An -tu4 -j $((0x248)) -N 4 "$1")
	length=$(od -An -tu4 -j $((0x24c)) -N 4 "$1")
	start=$(((sectors + 1) * 512 + offset))
	# the last four bytes are the size, not part of the xz or zstd stream
	tail -c +$((start + 1)) "$1" | head -c $((length - 4)) | lab_unpack_stream >"$2" &&
		[ "$(head -c 4 "$2" | tr -d '\177')" = ELF ] && return
	lab_say "$1: no ELF kernel inside"
	return 1
}

lab_unpack_stream() {
	local magic file status

	file=$(mktemp) && cat >"$file"
	magic=$(head -c 4 "$file" | od -An -tx1 | tr -d ' ')
	case $magic in
	fd377a58) xz -dc "$file" ;;
	28b52ffd) zstd -qdc "$file" ;;
	*) false ;;
	esac
	status=$?
	rm -f "$file"
	return $status
}

# --- QEMU -------------------------------------------------------------------

# lab_qemu_get: sets lab_qemu, the command and options of the outer machine's QEMU.
# Kernels from 6.12 on patch their code in a way that needs 8.1 or later; it is also
# a fifth faster, so it is taken for all where it can be had.
lab_qemu_get() {
	local release=$1 dir=$lab_cache/qemu

	if lab_qemu_is_new "$(command -v qemu-system-x86_64)"; then
		lab_qemu=(qemu-system-x86_64)
		return
	fi
	if [ -x "$dir/usr/bin/qemu-system-x86_64" ] || lab_qemu_fetch "$dir"; then
		lab_qemu=("$dir/usr/bin/qemu-system-x86_64" -L "$dir/usr/share/qemu" -L /usr/share/seabios)
		return
	fi
	lab_qemu=(qemu-system-x86_64)
	case $release in
	6.1.*) lab_say "no newer QEMU to be had; kernel $release runs with the installed one" ;;
	*)
		lab_say "kernel $release needs QEMU 8.1 or later, and none can be fetched"
		return 1
		;;
	esac
}

# lab_qemu_is_new QEMU: whether it is 8.1 or later
lab_qemu_is_new() {
	local version

	version=$("$1" --version 2>/dev/null | sed -n 's/.*version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
	[ -n "$version" ] && [ $((${version% *} * 100 + ${version#* })) -ge 801 ]
}

lab_qemu_fetch() {
	local dir=$1 part deb package ok=

	part=$(mktemp -d "$lab_cache/.qemu.XXXXXX") || return
	lab_say "fetching QEMU of bookworm-backports into $lab_cache"
	if lab_apt_area && (
		cd "$part" || exit
		for package in qemu-system-x86 qemu-system-common qemu-system-data; do
			apt-get -qq "${lab_apt_own[@]}" download $package/bookworm-backports >&2 || exit
		done
		for deb in *.deb; do
			dpkg -x "$deb" . && rm -f "$deb" || exit
		done
	); then
		lab_qemu_is_new "$part/usr/bin/qemu-system-x86_64" && mv -T "$part" "$dir" && ok=1
	fi
	rm -rf "$part"
	[ -n "$ok" ]
}

# --- chrony -----------------------------------------------------------------

# lab_chrony_get: sets lab_chrony, the folder that holds chronyd and chronyc.  Installing
# the package would take the machine's own clock over.
lab_chrony_get() {
	local dir=$lab_cache/chrony part

	if command -v chronyd >/dev/null; then
		lab_chrony=$(dirname "$(command -v chronyd)")
		return
	fi
	lab_chrony=$dir
	[ -x "$dir/chronyd" ] && return
	part=$(mktemp -d "$lab_cache/.chrony.XXXXXX") || return
	lab_say "fetching chrony into $lab_cache"
	if lab_apt_download "$part" chrony && dpkg -x "$part"/chrony_*.deb "$part" &&
		mkdir "$part/bin" && mv "$part/usr/sbin/chronyd" "$part/usr/bin/chronyc" "$part/bin"; then
		mv -T "$part/bin" "$dir"
	fi
	rm -rf "$part"
	[ -x "$dir/chronyd" ]
}

# --- initramfs ----------------------------------------------------------------

# lab_initramfs_get RELEASE: sets lab_initramfs; one for both roles, stored by its content
lab_initramfs_get() {
	local release=$1 tree=$lab_cache/kernels/$1 key part

	key=$({
		cat "$lab_dir"/{init,init-guest,modules,cache.sh} "$(command -v busybox)"
		stat -c %Y "$tree/lib/modules/$release/modules.dep"
	} | sha256sum | cut -c1-16)
	lab_initramfs=$lab_cache/initramfs/$release-$key.cpio
	[ -e "$lab_initramfs" ] && return
	mkdir -p "$lab_cache/initramfs"
	find "$lab_cache/initramfs" -name "$release-*" -mtime +7 -delete
	part=$(mktemp -d "$lab_cache/.initramfs.XXXXXX") || return
	lab_initramfs_fill "$release" "$tree" "$part" &&
		(cd "$part" && find . | cpio -o -H newc --quiet) >"$part.cpio" &&
		mv "$part.cpio" "$lab_initramfs"
	rm -rf "$part" "$part.cpio"
	[ -e "$lab_initramfs" ]
}

# lab_initramfs_fill RELEASE TREE DIR: busybox, init, the modules unpacked and in order.
# Not compressed, and the modules without their signatures, which strip drops: the emulated
# machine would be slow to unpack the one and to verify the others.
lab_initramfs_fill() {
	local release=$1 tree=$2 dir=$3 role names name file

	mkdir -p "$dir"/{bin,modules} && cp "$(command -v busybox)" "$dir/bin/busybox" || return
	install -m 755 "$lab_dir/init" "$lab_dir/init-guest" "$dir/" || return
	while read -r role names; do
		for name in $names; do
			modprobe -d "$tree" -S "$release" --show-depends "$name" || return
		done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
			name=$(basename "$file" .xz)
			grep -qsx "$name" "$dir/modules/both.list" && [ "$role" != both ] && continue
			case $file in
			*.xz) xz -dc "$file" >"$dir/modules/$name" || return ;;
			*) cp "$file" "$dir/modules/$name" || return ;;
			esac
			strip --strip-debug "$dir/modules/$name" || return
			echo "$name"
		done >"$dir/modules/$role.list" || return
	done < <(grep -v '^#' "$lab_dir/modules")
}
