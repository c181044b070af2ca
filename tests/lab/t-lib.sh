# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# t-lib.sh: what the tests of t/ have in common.

. "${BASH_SOURCE[0]%/*}/nap.sh"

fail() {
	echo "failed: $*"
	exit 1
}

# same WHAT EXPECTED FOUND
same() { [ "$2" = "$3" ] || fail "$1: expected '$2', found '$3'"; }

# guest NAME OPTION...: starts it, unless it is there already: from the lab, or from the test
# before (see in-host)
guest() { lab-guest pid "$1" >/dev/null 2>&1 || lab-guest start "$@"; }

# outside_with FOLDER DIR COMMAND [ARG...]: a copy of DIR comes into FOLDER, one of /run/out, and
# the command runs in that folder outside.  The copy goes as one file: over 9p each of a trace's
# hundred small ones takes 10 ms.
outside_with() {
	local name=${2##*/}

	tar -C "$(dirname "$2")" -b 512 -cf "$1/$name.tar" "$name" && (
		# by the shell outside
		# shellcheck disable=SC2016
		cd "$1" && lab-outside sh -c 'tar -xf "$0.tar" && rm "$0.tar" && exec "$@"' "$name" "${@:3}"
	)
}

# boots_as_host_and_guest KERNEL: it is that kernel in both, and has what it is chosen for;
# vm1 is started where the lab has not done it
boots_as_host_and_guest() {
	local pattern

	guest vm1 --net
	lab-guest wait-ready vm1 || fail "vm1 does not start"

	case $1 in
	*-rt) pattern="^${1%-rt}\..*-rt-amd64$" ;;
	*) pattern="^$1\..*-amd64$" ;;
	esac
	uname -r | grep -q "$pattern" || fail "the host's kernel is $(uname -r)"
	ssh vm1 uname -r | grep -q "$pattern" || fail "the guest's kernel is $(ssh vm1 uname -r)"
	case $1 in
	*-rt) same "real time" 1 "$(cat /sys/kernel/realtime)" ;;
	esac
	[ -e /sys/kernel/tracing/events/kvm/kvm_exit/format ] || fail "no event kvm_exit"
	ssh vm1 test -e /sys/kernel/tracing/events/sched || fail "no tracefs in the guest"
	modprobe -n -q dummy || fail "modprobe finds no modules"
}
