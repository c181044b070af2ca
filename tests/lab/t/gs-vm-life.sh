#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: a VM paused, saved to a file and gone on from it, migrated to a second QEMU, or ended in the middle of a message, the module loaded and unloaded there: no hang, nothing stale, daemon and trace say what is missing
# lab: --guests 1
# limit: 400
. "$(dirname "$0")/../t-lib.sh"
# shellcheck source=/dev/null
. /run/lab/env

tree=$(realpath "$(dirname "$0")/../../..")
storm=$tree/build/tests/tools/gs-storm
host_module=$tree/build/modules/$(uname -r)/gs/host/module/kvmrt_gs_host.ko
[ -x "$storm" ] || fail "no $storm: make check-lab builds it"

# A guest whose root is its initramfs, since one with a share over 9p cannot be moved.
make_initramfs() {
	mkdir -p root/bin root/proc root/dev
	cp /bin/busybox "$storm" root/bin/
	ldd "$storm" | grep -o '/[^ ]*' | xargs -I{} cp --parents -L {} root
	printf '%s\n' '#!/bin/busybox sh' '/bin/busybox mount -t proc proc /proc' \
		'/bin/busybox mount -t devtmpfs dev /dev' 'exec /bin/gs-storm slow' >root/init
	chmod +x root/init
	(cd root && find . | cpio -o -H newc --quiet) >initramfs
}

# start [QEMU-ARGUMENT...]: the guest "mover"
start() {
	socket=qmp.$((starts += 1))
	qemu-system-x86_64 -name mover,debug-threads=on -accel kvm -cpu host -smp 1 -m 128 \
		-nodefaults -no-user-config -display none -no-reboot -serial file:console \
		-bios qboot.rom -kernel "$LAB_CACHE/kernels/$(uname -r)/vmlinux" -initrd initramfs \
		-append "console=ttyS0 panic=-1 quiet $LAB_QUICK acpi=off" \
		-qmp unix:"$socket",server=on,wait=off "$@" >qemu.log 2>&1 </dev/null &
	guest=$!
}

# One process for all questions, since starting one costs the emulation a second and more.
coproc ASKER { exec "$LAB_DIR/qmp-ask"; }
asker=$ASKER_PID
exec {asker_in}>&"${ASKER[1]}" {asker_out}<&"${ASKER[0]}"
# qmp COMMAND [ARGUMENTS]: asks the QEMU at $socket, prints the answer
qmp() {
	local answer

	printf '%s\t%s\t%s\n' "$socket" "$1" "${2:-}" >&"$asker_in"
	read -r answer <&"$asker_out" && echo "$answer"
}
# until_qmp QUERY TEXT: until the answer has it
until_qmp() {
	for _ in $(seq 300); do
		qmp "$1" | grep -q "$2" && return
		nap 0.2
	done
	fail "$1: expected $2, found $(qmp "$1")"
}
migrate_to() {
	qmp migrate "{\"uri\": \"$1\"}" >/dev/null
	until_qmp query-migrate '"status": "completed"'
}
# migrated: moves it while it runs; fails where the move was between two messages.  The
# old QEMU stands still then, and is looked at before it is ended.
migrated() {
	local old=$guest from=$socket moved

	in_mid_message
	before=$(incomplete)
	start -incoming unix:move
	until_qmp query-status '"inmigrate"'
	socket=$from migrate_to unix:move
	guest=$old cut
	moved=$?
	said=$((said + calls))
	kill "$old"
	wait "$old"
	return $moved
}

lines() { sed -nE 's/^[^;]*;kvmrt-gsd: [0-9TZ:.-]+ //p' log; }
# count COLUMN: of the guest, in the daemon's table; of its present process
count() {
	local row column='' i

	while read -ra row; do
		for i in "${!row[@]}"; do
			[ "${row[0]}/${row[i]}" != "VM/$1" ] || column=$i
		done
		[ -z "$column" ] || [ "${row[1]:-}" != "$guest" ] || echo "${row[column]}"
	done < <(kvmrt-gsd --status)
}
# until_more COLUMN N: until the guest has N more there than now
until_more() {
	local from tries

	from=$(count "$1")
	for tries in $(seq 400); do
		[ "$(($(count "$1") - ${from:-0}))" -ge "$2" ] && return
		nap 0.3
	done
	fail "$1 stays at $(count "$1") after $tries looks: $(lines | tail -n 3; tail -n 3 console qemu.log)"
}
# in_mid_message: behind the third of a message's ten fragments, and maybe further
in_mid_message() {
	local messages

	until_more MESSAGES 1
	messages=$(count CALLS)
	while [ $(($(count CALLS) - messages)) -lt 3 ]; do nap 0.05; done
}
# settled: the guest's calls once it stands still and the daemon has read all of them
settled() {
	local calls=-1 now same=0

	while [ $same -lt 3 ]; do
		now=$(count CALLS)
		[ "$now" = "$calls" ] && same=$((same + 1)) || same=0
		calls=$now
		nap 0.3
	done
	echo "$calls"
}
# cut: whether the guest, which stands still, has said a part of a message; by its
# processes before this one it had said $said fragments
cut() {
	calls=$(settled)
	echo "it stands behind $((said + calls)) fragments"
	[ $(((said + calls) % 10)) != 0 ]
}
# stop_in_mid_message: on a slow machine the guest goes on while one looks; so look
# again when it stands
stop_in_mid_message() {
	for _ in $(seq 20); do
		in_mid_message
		before=$(incomplete)
		qmp stop >/dev/null
		cut && return
		qmp cont >/dev/null
	done
	fail 'it never stands in mid-message'
}
incomplete() { lines | grep -c 'mover.*bytes missing\]'; }
# expect_more_incomplete WHAT FROM N: a slow machine may cut others as well
expect_more_incomplete() {
	for _ in $(seq 200); do
		[ $(($(incomplete) - $2)) -ge "$3" ] && return
		nap 0.3
	done
	fail "$1: expected $3 incomplete messages more than $2, found $(incomplete): $(lines | tail -n 12 | cut -c1-60,240-; kvmrt-gsd --status)"
}

make_initramfs
cat /dev/kmsg >log &
reader=$!
trap 'kill $reader $guest $session $asker 2>/dev/null; kill "$(cat /run/kvmrt-gsd/lock)" 2>/dev/null
	rmmod kvmrt_gs_host 2>/dev/null' EXIT
session=
said=-1	# its first call only looks which instruction there is
starts=0
tries=0
kvmrt-gsd --log kmsg || fail "the daemon does not start"
xtrace-run -n life -e kvm:kvm_hypercall -e kvm:kvm_entry -o life 2>life.err &
session=$!
start
until_more MESSAGES 1

echo '--- paused in mid-message'
stop_in_mid_message
expect_more_incomplete 'told while it stands still' "$before" 1
qmp cont >/dev/null
until_more MESSAGES 3
expect_more_incomplete 'its rest, told apart' "$before" 2

echo '--- saved to a file in mid-message, and gone on from there'
stop_in_mid_message
migrate_to exec:'cat >state'
said=$((said + calls))
kill $guest
wait $guest
start -incoming 'exec:cat state'
until_qmp query-status '"paused"'
qmp cont >/dev/null
until_more MESSAGES 3
expect_more_incomplete 'both parts' "$before" 2

echo '--- migrated to a second QEMU while it speaks'
until migrated; do
	[ $((tries += 1)) -lt 8 ] || fail 'no move was in mid-message'
done
until_more MESSAGES 3
expect_more_incomplete 'what either QEMU has heard' "$before" 2

if [ -e "$host_module" ]; then
	echo '--- the module comes, and goes, in mid-message'
	in_mid_message
	insmod "$host_module" kvmrt_gs_hc_host_enabled=1 from_user_mode=1
	until_more MESSAGES 2
	kvmrt-gsd --status | grep -q 'which answers' || fail 'the module is not used'
	in_mid_message
	rmmod kvmrt_gs_host
	until_more MESSAGES 2
	kvmrt-gsd --status | grep -q 'nobody answers' || fail 'the module is still believed'
fi

echo '--- ended in mid-message'
stop_in_mid_message
kill -KILL $guest
wait $guest
expect_more_incomplete 'told at its end' "$before" 1
sleep 3
! kvmrt-gsd --status | grep -q '^mover' || fail 'the VM stays in the table'

xtrace-ctl -s life stop >/dev/null
wait $session || fail "$(cat life.err)"
# each message stands there, whole or with its hole; none has gone silently
lines | sed -nE 's/^mover[^ ]*: slow ([0-9]+) .*/\1/p' | sort -n | uniq |
	awk '$1 != NR { print "message " NR " is missing"; exit 1 } END { print NR " messages" }' ||
	fail "$(lines | grep mover)"
echo "in the trace: $(xtrace-view life | grep -c 'LOG_MSG_HOST.* missing ') incomplete, $(xtrace-view life | grep -c 'LOG_MSG_HOST') in all"
# what a pause cut is whole there, since nothing else was recorded meanwhile
[ "$(xtrace-view life | grep -c 'LOG_MSG_HOST.* missing ')" -ge 3 ] || fail 'the trace does not say it'
