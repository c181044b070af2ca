#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# no-machine.sh: a root without a machine below it is status 3 everywhere, as each page says
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir "$tmp/empty"
cp doc/examples/kvmrt.cfg "$tmp/vms.cfg"
export EDITOR=true

# status_3 PAGE: what its EXIT STATUS says of 3
status_3() { awk '/^\.Sh/ { inside = /EXIT STATUS/ } /^\.It|^\.El/ { three = inside && $2 == 3 } three' "$1"; }

while read -r name words; do
	page=$(echo doc/man/"$name".[18])
	it "$name: no machine below the root"
	# the words of a command line, one a word
	# shellcheck disable=SC2086
	run "$name" --root "$tmp/empty" $words
	expect_status 3
	expect_stdout ''
	expect_stderr_like "^$name: no .*: this is not the root of a Linux machine"
	status_3 "$page" | grep -q '^\.Ar DIR' || fail "$page: EXIT STATUS does not say it of 3"
done <<-END
	cpustat
	cpustat-gui --no-browser
	hwtopo
	hwtopo-gui --no-browser
	interview
	irq-affinity
	kvmrt-cpu
	kvmrt-edit-config -y --no-libvirt -f $tmp/vms.cfg
	kvmrt-show-config -f $tmp/vms.cfg
	kvmrt-stat -f $tmp/vms.cfg
	kvmrt-validate-config --no-libvirt -f $tmp/vms.cfg
	kvmrt-validate-host
	shield
	task-affinity
END
