#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# modules.sh: both kernel modules build for every kernel of the lab, and as DKMS builds them
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"
[ -z "${SAN:-}" ] || skip 'modules are the same whatever the programs are built with'
need apt-get dpkg pahole sparse dkms modinfo

make_here() { MAKEFLAGS='' make -s "$@"; }

declare -A kdirs
for kernel in 6.1 6.1-rt 6.12 6.12-rt; do
	kdirs[$kernel]=$(tests/lab/kdir "$kernel" 2>/dev/null) ||
		skip "headers of kernel $kernel are not in the lab's cache and cannot be fetched"
done
release() { basename "${kdirs[$1]}" | sed 's/^linux-headers-//'; }

it 'builds both modules without a warning, from gcc with W=1 or from sparse'
built=${O:-build}/modules
run make_here lab-modules O="${O:-build}"
expect_status 0
for kernel in "${!kdirs[@]}"; do
	# of others' headers we are no judge
	grep -v -e "${kdirs[$kernel]%/usr/src/*}/" -e '^  KBUILD ' -e '^$' \
		-e '^Skipping BTF generation' "$built/$(release "$kernel").said" >"$tmp/said"
	[ ! -s "$tmp/said" ] || fail "the build said: $(cat "$tmp/said")"
	for module in gs/host/module/kvmrt_gs_host guest/module/kvmrt_gs_guest; do
		[ -e "$built/$(release "$kernel")/$module.ko" ] || fail "no $module for $kernel"
	done
done

it 'builds modules that use no symbol of KVM'
for kernel in "${!kdirs[@]}"; do
	same=$(modinfo -F depends "$built/$(release "$kernel")/gs/host/module/kvmrt_gs_host.ko")
	[ -z "$same" ] || fail "that for $kernel depends on $same"
done

it 'says which folder has no headers'
run make_here modules O="$tmp/build" KDIR="$tmp"
expect_status 2
expect_stderr_like "^make modules: no headers of a kernel in KDIR=$tmp$"

it 'builds with DKMS from what is installed'
run make_here install O="${O:-build}" SAN="${SAN:-}" DESTDIR="$tmp/root" PREFIX=/usr
expect_status 0
release=$(release 6.12)
dkms_here() {
	dkms "$1" kvmrt-gs/0.1 -k "$release" --dkmstree "$tmp/dkms" --sourcetree "$tmp/root/usr/src" \
		--kernelsourcedir "${kdirs[6.12]}" --no-depmod
}
mkdir "$tmp/dkms"
run dkms_here add
expect_status 0
run dkms_here build
expect_status 0
[ "$(find "$tmp/dkms" -name '*.ko*' | wc -l)" -ge 2 ] || fail 'DKMS has built no modules'
