#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# crash.sh: xtrace-run is killed at 200 random moments under load.  Each directory
# opens and is read to its last whole block.  The kernel counts what its reader took
# out of the ring: what is missing in the directory was in flight, one batch a CPU.
# Some sessions at once: most of the time the kernel makes and removes instances.
# Each has a /run of its own, so that it sweeps what its own forerunner has left, and no
# other's that is being looked at.
# shares: tracing
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lab/nap.sh
. "$(dirname "$0")/../lab/nap.sh"

[ -z "${SAN:-}" ] || skip 'the build that is not watched is killed often enough'
need_root
[ -d /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null ||
	skip 'tracefs cannot be mounted here'
[ -d /sys/kernel/tracing/events/raw_syscalls ] || skip 'this kernel has no raw_syscalls events'

sessions=8
kills=200
seconds=200		# and no longer: a busy machine makes fewer kills
batch=$((1 << 20))	# bytes that one append takes at most
least=16		# bytes of the shortest event in the ring
instances=/sys/kernel/tracing/instances
prefix=crash$$-
pids=()
at_exit sweep

sweep() {
	[ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null
	wait
	# a file of one may be open a moment longer than the process that is waited for
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ -n "$(compgen -G "$instances/xtrace-$prefix*")" ] || break
		rmdir $instances/xtrace-$prefix* 2>/dev/null || nap 0.1
	done
}

# check_cpu SESSION CPU READ: what is in the directory, against what the kernel says was read
check_cpu() {
	local kept missing

	kept=$(sed -nE "s/.*\"cpu\":$2,\"events\":([0-9]+),.*/\1/p" "$tmp/$1.stat")
	kept=${kept:-0}
	missing=$(($3 - kept))
	[ $missing -ge 0 ] || echo "CPU $2: $kept events of $3 that were read"
	[ $missing -le $((batch / least)) ] ||
		echo "CPU $2: $missing of $3 events are missing, more than a batch"
	echo "$kept $missing" >>"$tmp/$1.counts"
}

# check SESSION: words on stdout about what is wrong with what its kill left
check() {
	local file cpu read

	xtrace-view --stat --format json "$tmp/$1" >"$tmp/$1.stat" 2>"$tmp/$1.words" ||
		echo "cannot be read: $(cat "$tmp/$1.words")"
	grep 'last block torn, [0-9]* bytes not read$' "$tmp/$1.words" >>"$tmp/$1.torn"
	# where it was killed before it wrote any format, it had no event either
	grep -vE -e 'last block torn, [0-9]+ bytes not read$' -e 'has no formats' "$tmp/$1.words"
	for file in "$instances/xtrace-$prefix$1"/per_cpu/cpu*/stats; do
		cpu=${file%/stats}
		read=$(sed -n 's/^read events: //p' "$file")
		# another session of this machine may have swept it
		[ -z "$read" ] || check_cpu "$1" "${cpu##*/cpu}" "$read"
	done
}

# written FILE...: whether one of them has something in it
written() {
	local file

	for file in "$@"; do
		[ ! -s "$file" ] || return 0
	done
	return 1
}

# kill_one SESSION FILES: it starts, is killed at a moment of its own after one of the
# files has something in it, and looked at
kill_one() {
	local i pid

	rm -rf "${tmp:?}/$1"
	xtrace-run --root "$tmp/root$1" -o "$tmp/$1" -n "$prefix$1" -b 256k \
		-e raw_syscalls:sys_enter -e sched >"$tmp/$1.log" 2>&1 &
	pid=$!
	for ((i = 0; i < 1000; i++)); do
		! written "$tmp/$1"/$2 || break
		kill -0 $pid 2>/dev/null || break
		nap 0.01
	done
	nap "0.0$((RANDOM % 60))"
	kill -9 $pid 2>/dev/null || cat "$tmp/$1.log"
	wait $pid
	check "$1"
	echo >>"$tmp/$1.kills"
}

# kill_some SESSION: its share of the kills
kill_some() {
	local i

	mkdir -p "$tmp/root$1/run"
	ln -s /proc /sys /etc "$tmp/root$1"
	trap 'kill -9 $(jobs -p); wait; exit' TERM	# their instances can be removed then
	for ((i = $1; i < kills; i += sessions)); do
		[ $SECONDS -lt $seconds ] || break
		# every fourth as soon as there is a directory to be left behind; the shell
		# says who was killed
		kill_one "$1" "$( ((i / sessions % 4)) && echo 'cpu*.xt' || echo session)" \
			>>"$tmp/$1.wrong" 2>"$tmp/$1.said"
		[ ! -s "$tmp/$1.wrong" ] || break
	done
}

# load: bursts of short system calls, at low priority; one that never ends would take what
# the sessions need to start and end
load() {
	renice -n 10 $BASHPID >/dev/null
	trap 'kill $(jobs -p) 2>/dev/null; exit' TERM
	while :; do
		dd if=/dev/zero of=/dev/null bs=1 count=20000 2>/dev/null &
		wait
		nap 0.02
	done
}

load &
load=$!
pids=("$load")
for ((s = 0; s < sessions; s++)); do
	kill_some $s &
	pids+=($!)
done
wait "${pids[@]:1}"
kill $load
cat "$tmp"/*.wrong >"$tmp/wrong"
done_kills=$(cat "$tmp"/*.kills | wc -l)

it 'leaves directories that are read to the last whole block, and lack no more than a batch'
[ ! -s "$tmp/wrong" ] || fail "$(head -n 20 "$tmp/wrong")"

it 'was killed often enough to mean something'
[ "$done_kills" -ge 40 ] || fail "only $done_kills kills in $seconds s"
read -r total worst < <(cat "$tmp"/*.counts |
	awk '{ total += $1; if ($2 > worst) worst = $2 } END { print total, worst + 0 }')
[ "$total" -gt 0 ] || fail 'no events that could be compared in any directory'

it 'is swept by the next session, whatever its name'
for ((s = 0; s < sessions; s++)); do
	run xtrace-run --root "$tmp/root$s" -o "$tmp/last$s" -n "${prefix}last" -e sched -d 0.1
	expect_status 0
done
left=$(ls -d $instances/xtrace-$prefix* 2>/dev/null)
[ -z "$left" ] || fail "still there: $left"
echo "$done_kills kills, $total events kept, at most $worst of a CPU missing," \
	"$(cat "$tmp"/*.torn | wc -l) torn blocks"
