# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # lab_* are shared with lab
#
# cache.sh: what the lab downloads once and keeps outside the tree: Debian's
# kernels, a QEMU that is new enough, chrony, rtla.  Sourced by lab.  Everything
# appears by one rename, under one lock, so two labs may fetch at once.

lab_cache=${KVMRT_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kvmrt-lab}

# the kernels' short names, and the Debian 12 package that leads to the newest
declare -A lab_kernel_package=(
	[6.1]=linux-image-amd64
	[6.1-rt]=linux-image-rt-amd64
	[6.12]=linux-image-6.12-amd64
	[6.12-rt]=linux-image-6.12-rt-amd64
)
# the same of Debian 13's backports, which have the newest kernels of all
declare -A lab_backport_package=(
	[backports]=linux-image-amd64
	[backports-rt]=linux-image-rt-amd64
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
	local security

	[ -n "${lab_apt_own:+set}" ] && return
	security=$(lab_apt_mirror bookworm-security) || security=http://deb.debian.org/debian-security/
	lab_apt_make apt "$(lab_apt_main)" bookworm bookworm-updates bookworm-backports \
		"$security" bookworm-security || return
	lab_apt_own=("${lab_apt_made[@]}")
}

# lab_apt_make NAME MIRROR SUITE... [MIRROR SUITE...]: sets lab_apt_made, the options for an
# apt that knows just these
lab_apt_make() {
	local area=$lab_cache/$1 word mirror='' key=

	shift
	lab_apt_made=(
		-o Dir::Etc::SourceList="$area/sources.list" -o Dir::Etc::SourceParts=/dev/null
		-o Dir::State::Lists="$area/lists" -o Dir::Cache="$area/cache"
		-o APT::Sandbox::User=root -o APT::Architecture=amd64
	)
	[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] &&
		key="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
	mkdir -p "$area"/lists/partial "$area"/cache/archives/partial || return
	for word in "$@"; do
		case $word in
		*://*) mirror=$word ;;
		*) echo "deb $key $mirror $word main" ;;
		esac
	done >"$area/sources.list"
	apt-get "${lab_apt_made[@]}" -qq update >&2
}

# lab_apt_trixie: sets lab_apt_made, the options for an apt that knows Debian 13 and prefers its
# backports
lab_apt_trixie() {
	lab_apt_make apt-trixie "$(lab_apt_main)" trixie trixie-backports &&
		lab_apt_made+=(-o APT::Default-Release=trixie-backports)
}

lab_apt_main() { lab_apt_mirror bookworm || echo http://deb.debian.org/debian/; }

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
	local release

	if [ -z "${lab_kernel_package[$1]:-}${lab_backport_package[$1]:-}" ]; then
		echo "$1"
		return
	fi
	if [ -e "$lab_cache/current/$1" ]; then
		cat "$lab_cache/current/$1"
		return
	fi
	release=$(lab_kernel_ask "$1") || {
		lab_say "apt knows no kernel $1"
		return 1
	}
	lab_remember "$1" "$release"
	echo "$release"
}

# lab_kernel_ask NAME: the same, by apt
lab_kernel_ask() {
	local package=${lab_kernel_package[$1]:-} start=linux-image-${1%-rt}.

	if [ -z "$package" ]; then
		lab_apt_trixie &&
			lab_kernel_newest "${lab_backport_package[$1]}" linux-image- "${lab_apt_made[@]}"
		return
	fi
	lab_kernel_newest "$package" "$start" && return
	lab_apt_area && lab_kernel_newest "$package" "$start" "${lab_apt_own[@]}"
}

# lab_kernel_newest PACKAGE START [APT-OPTION...]: what the meta-package depends on
lab_kernel_newest() {
	local package=$1 start=$2

	shift 2
	apt-cache "$@" depends "$package" 2>/dev/null |
		awk -v start="$start" '
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
	if lab_kernel_download "$1" "$part" && lab_kernel_unpack "$1" "$part"; then
		rm -f "$part"/*.deb
		mkdir -p "$lab_cache/kernels" && mv -T "$part" "$dir" && return
	fi
	rm -rf "$part"
	lab_say "kernel '$1' could not be fetched"
	return 1
}

# lab_kernel_download RELEASE DIR: from the machine's own sources, from Debian 12's or 13's
lab_kernel_download() {
	lab_kernel_take "$@" 2>/dev/null && return
	lab_apt_area && lab_kernel_take "$@" "${lab_apt_own[@]}" && return
	lab_apt_trixie && lab_kernel_take "$@" "${lab_apt_made[@]}"
}

# lab_kernel_take RELEASE DIR [APT-OPTION...]: its package, and those of the same release on which
# that depends: newer kernels come in parts
lab_kernel_take() {
	local image=linux-image-$1 end=-$1 dir=$2 parts

	shift 2
	parts=$(apt-cache "$@" depends "$image" 2>/dev/null) || return
	parts=$(awk -v end="$end" '$1 == "Depends:" && index($2 ".", end ".") { print $2 }' <<<"$parts")
	# names are words
	# shellcheck disable=SC2086
	(cd "$dir" && apt-get -qq -o APT::Sandbox::User=root "$@" download "$image" $parts >&2)
}

# lab_kernel_unpack RELEASE DIR: the packages in DIR become a tree and a vmlinux
lab_kernel_unpack() {
	local release=$1 dir=$2 deb image

	for deb in "$dir"/linux-*.deb; do
		dpkg --fsys-tarfile "$deb" |
			tar -x -C "$dir" "${lab_kernel_leave_out[@]/#/--exclude=lib/modules/$release/kernel/}" \
				--exclude=./usr/share || return
	done
	[ ! -d "$dir/usr/lib/modules" ] || mv -T "$dir/usr/lib" "$dir/lib" || return
	image=$dir/boot/vmlinuz-$release
	[ -e "$image" ] || image=$dir/lib/modules/$release/vmlinuz
	depmod -b "$dir" "$release" && lab_kernel_extract "$image" "$dir/vmlinux"
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
# Kernels from 6.12 on patch their code in a way that needs 8.1 or later.  Before 10.2 the
# emulation of SVM changed a CPU's pending interrupts without a lock (helper_vmrun() in
# target/i386/tcg/system/svm_helper.c), so that now and then one was lost, and what waited for
# it; hence a newer one is taken where it can be had.
lab_qemu_get() {
	local release=$1 dir=$lab_cache/qemu-trixie installed

	installed=$(command -v qemu-system-x86_64)
	lab_qemu=("$installed")
	lab_qemu_is 10 2 && return
	if [ -d "$dir" ] || lab_qemu_fetch "$dir"; then
		lab_qemu_of "$dir"
		return
	fi
	lab_qemu=("$installed")
	lab_say "no newer QEMU to be had; the installed one may lose interrupts"
	case $release in
	6.1.*) return ;;
	esac
	lab_qemu_is 8 1 && return
	lab_say "kernel $release needs QEMU 8.1 or later, and none can be fetched"
	return 1
}

# lab_qemu_of DIR: sets lab_qemu to the one there, with the libraries that it was made for,
# which are newer than this machine's
lab_qemu_of() {
	lab_qemu=(
		"$1/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" --argv0 qemu-system-x86_64
		--library-path "$1/usr/lib/x86_64-linux-gnu" "$1/usr/bin/qemu-system-x86_64"
		-L "$1/usr/share/qemu" -L "$1/usr/share/seabios"
	)
}

# lab_qemu_is MAJOR MINOR: whether lab_qemu runs, and is that version or later
lab_qemu_is() {
	local version

	version=$("${lab_qemu[@]}" --version 2>/dev/null |
		sed -n 's/.*version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
	[ -n "$version" ] && [ $((${version% *} * 100 + ${version#* })) -ge $(($1 * 100 + $2)) ]
}

# lab_qemu_fetch DIR: Debian 13's of its backports
lab_qemu_fetch() {
	lab_trixie_fetch "$1" lab_qemu_is_newer qemu-system-x86 bin/qemu-system-x86_64 \
		share/qemu share/seabios
}

# lab_qemu_is_newer DIR
lab_qemu_is_newer() { lab_qemu_of "$1" && lab_qemu_is 10 2; }

# lab_trixie_fetch DIR CHECK PACKAGE PATH...: what stands at these PATHs of /usr in a package of
# Debian 13's backports, with all libraries that it needs: for an apt that takes nothing for
# installed they are part of it.  CHECK FOLDER says whether it runs.
lab_trixie_fetch() {
	local dir=$1 check=$2 package=$3 part

	shift 3
	part=$(mktemp -d "$lab_cache/.trixie.XXXXXX") || return
	lab_say "fetching $package of trixie-backports into $lab_cache"
	if mkdir -p "$part/debs/partial" && : >"$part/status" &&
		lab_apt_trixie &&
		apt-get "${lab_apt_made[@]}" -o Dir::State::status="$part/status" \
			-o Dir::Cache::Archives="$part/debs/" -qq -y \
			--no-install-recommends --download-only install "$package" >&2 &&
		lab_trixie_unpack "$part" "$@" lib/x86_64-linux-gnu && "$check" "$part/kept"; then
		mv -T "$part/kept" "$dir"
	fi
	rm -rf "$part"
	[ -d "$dir" ]
}

# lab_trixie_unpack DIR PATH...: DIR/debs; DIR/kept is what it needs to run
lab_trixie_unpack() {
	local dir=$1 deb path

	shift
	for deb in "$dir"/debs/*.deb; do
		dpkg -x "$deb" "$dir/all" || return
	done
	for path in "$@"; do
		mkdir -p "$dir/kept/usr/${path%/*}" &&
			mv "$dir/all/usr/$path" "$dir/kept/usr/$path" || return
	done
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
