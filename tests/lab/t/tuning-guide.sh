#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: the lines of doc/tuning.md, one after the other, do what the guide says on a host of two nodes
# lab: --kernel 6.12-rt --cpus 8 --nodes 2 --mem 2048
# shellcheck source=tests/lab/vm-lib.sh
. "$(dirname "$0")/../vm-lib.sh"

make_guest 'echo up >/dev/console; while :; do sleep 1; done'
start_libvirtd
define_vm 1 1

# What a person does in the editor.
cat >/run/editor <<'END'
#!/bin/sh
sed -i -e 's/^rt = .*/rt = true/' -e 's/^cpuset =.*/cpuset = n1/' "$1"
END
chmod +x /run/editor
export EDITOR=/run/editor

sed -n 's/^    //p' "$lab_folder/../../doc/tuning.md" | grep -vE '^(rt|cpuset) =' >/run/lines
[ "$(wc -l </run/lines)" -gt 20 ] || fail "found few lines: $(cat /run/lines)"
# A finding is no failure of the guide's; an editor and a view are to end by themselves.
while IFS= read -r line; do
	case $line in
	kvmrt-edit-config*) line='kvmrt-edit-config -y' most=0 ;;
	kvmrt-shutdown*) line='kvmrt-shutdown --force -t 1 vm1' most=0 ;;	# it never listens
	'interview -t'*) line='interview -t -n 1' most=0 ;;
	kvmrt-validate-host* | 'irq-affinity --set'* | 'task-affinity --set'*) most=1 ;;
	*) most=0 ;;
	esac
	eval "$line" </dev/null >/run/said 2>&1
	status=$?
	[ $status -le $most ] || fail "$line: status $status: $(cat /run/said)"
	case $line in
	'kvmrt-boot vm1')
		same "isolated CPUs" 4 "$(cat /sys/fs/cgroup/cpuset.cpus.isolated)"
		kvmrt-validate-host -q -s warning --for 4 smt user-tasks interrupts priorities ||
			fail "findings on the VM's CPU: $(kvmrt-validate-host --for 4 smt \
				user-tasks interrupts priorities)"
		;;
	'kvmrt-undo --list'*)
		same "journals" 1 "$(wc -l </run/said)"
		same "CPUs online" 0-7 "$(cat /sys/devices/system/cpu/online)"
		;;
	esac
done </run/lines
