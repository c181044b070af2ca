#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kvmrt-service.sh: the unit "kvmrt" as systemd reads it
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

need systemd-analyze systemctl
units=$tmp/root/usr/lib/systemd/system
mkdir -p "$units" "$tmp/root/etc/systemd/system"
sed "s|@PREFIX@/bin|$KVMRT_BIN|" config/kvmrt.service.in >"$units/kvmrt.service"

it 'has commands and options that there are'
run systemd-analyze --man=no verify "$units/kvmrt.service"
grep -F kvmrt.service "$tmp/stderr" && fail 'systemd complains'
sed -nE 's/^Exec[A-Za-z]+=//p' "$units/kvmrt.service" >"$tmp/commands"
while read -r command; do
	# Its options are known: the help is shown, and not wrong use told.
	# shellcheck disable=SC2086
	run $command --help
	expect_status 0
done <"$tmp/commands"

it 'is enabled by whoever wants it'
run systemctl --root="$tmp/root" is-enabled kvmrt
expect_stdout disabled
run systemctl --root="$tmp/root" enable kvmrt
expect_status 0
[ -L "$tmp/root/etc/systemd/system/multi-user.target.wants/kvmrt.service" ] || fail 'not enabled'
