#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bad-trace.sh: cut, flipped and lying traces give words and what can still be read, in bounds
# shares: tracing
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

host=tests/fixtures/pair/host.dat
bad=$tmp/bad.dat
size=$(stat -c %s $host)
RANDOM=7

# bounded COMMAND...: it ends by itself, soon, and in little memory
bounded() {
	last_command=$*
	(
		# the address space of a watched program has no bound that one could set
		[ -n "${SAN:-}" ] || ulimit -v 2000000
		exec timeout 60 "$@"
	) >"$tmp/stdout" 2>"$tmp/stderr" </dev/null
	status=$?
	[ $status -le 1 ] || [ $status = 3 ] || fail "ended with status $status"
	[ $status = 0 ] || grep -q "^$1: " "$tmp/stderr" || fail 'failed without a word'
}

views() {
	bounded xtrace-view --stat "$1"
	bounded xtrace-view --format ftrace "$1"
	bounded xtrace-view "$1"
}

# poke OFFSET BYTES: writes over what stands there
poke() { printf "$2" | dd of="$bad" bs=1 seek="$1" conv=notrunc status=none; }

it 'reads what is left of a file that is cut'
for percent in 1 3 10 25 50 75 90 99; do
	head -c $((size * percent / 100)) $host >"$bad"
	views "$bad"
	[ $percent -lt 25 ] || [ $status = 0 ] || fail "nothing of $percent % is read"
	[ -s "$tmp/stderr" ] || fail "$percent % without a word"
done
expect_stderr_like "$bad: section 0 at [0-9]+ lies beyond the file's [0-9]+ bytes"

it 'says of a head that is cut that the file ends, and fails as with any damage'
for cut in 10 11 12 13; do
	head -c $cut $host >"$bad"
	for command in xtrace-view xtrace-latency 'xtrace-multi-merge --check'; do
		bounded $command "$bad"
		expect_status 1
		expect_stderr_like "$bad: the file ends within its head$"
	done
done

it 'survives a byte that is changed, wherever it stands'
for ((i = 0; i < 40; i++)); do
	cp $host "$bad"
	poke $((RANDOM * 32768 % size + RANDOM % 100)) "\\x$(printf %02x $((RANDOM % 256)))"
	bounded xtrace-view --stat "$bad"
	bounded xtrace-view --format ftrace "$bad"
done

it 'names chunk and place of damage, and reads the chunks behind it'
cp $host "$bad"
dd if=/dev/zero of="$bad" bs=1 seek=$((size / 2)) count=20000 conv=notrunc status=none
bounded xtrace-view --stat "$bad"
expect_status 0
expect_stderr_like "^xtrace-view: $bad: cpu[0-9]+: chunk [0-9]+ at [0-9]+: "

it 'says what it could not open'
mkdir "$tmp/loop" && ln -s merge "$tmp/loop/merge"
bounded xtrace-view "$tmp/loop"
expect_status 1
expect_stderr_like "^xtrace-view: $tmp/loop/merge: cannot be opened: Too many levels"

it 'takes no directory for one that has no session'
mkdir "$tmp/empty"
bounded xtrace-view "$tmp/empty"
expect_status 1
expect_stderr_like 'is no xtrace directory: it has no file "session"'

it 'refuses versions that it does not know'
mkdir "$tmp/next"
printf 'xtrace = 2\n' >"$tmp/next/session"
bounded xtrace-view "$tmp/next"
expect_status 3
expect_stderr_like 'expected format version 1, found "2"'
mkdir "$tmp/next-merge"
printf 'xtrace-merge 2\nend\n' >"$tmp/next-merge/merge"
bounded xtrace-view "$tmp/next-merge"
expect_status 3
expect_stderr_like 'next-merge/merge: expected format version 1, found "2"'

it 'says of which CPU the events are missing in a copy that was cut short'
copy=$tmp/copy
cp -r tests/fixtures/demo/xtrace-vm "$copy" && rm "$copy/cpu1.xt"
run xtrace-view -n 1 "$copy"
expect_status 0
expect_stderr 'xtrace-view: '"$copy"': cpu1.xt: is missing, with 17917 bytes of events: was all of the trace copied?'
run xtrace-multi-merge --check "$copy" tests/fixtures/demo/xtrace-host
expect_stderr_like 'cpu1.xt: is missing'
run xtrace-latency "$copy"
expect_stderr_like 'cpu1.xt: is missing'
run xtrace-export -o "$tmp/copy.dat" "$copy"
expect_stderr_like 'cpu1.xt: is missing'
sed -i 's/^complete = yes/complete = no/' "$copy/session"	# of one that was killed, who knows
run xtrace-view -n 1 "$copy"
! grep -q missing "$tmp/stderr" || fail 'nothing is known to be missing'
run xtrace-multi-merge -o "$tmp/one-flush" --incident 0x2a585a7ead49d2a9 \
	tests/fixtures/demo/freeze-host tests/fixtures/demo/freeze-vm
run xtrace-view -n 1 "$tmp/one-flush"
expect_stderr ''

[ "$(id -u)" = 0 ] && [ -d /sys/kernel/tracing/events ] || exit 0
it 'reads what is left of a directory that is cut or flipped'
run xtrace-run -o "$tmp/whole" -n "bad$$" -e sched -e raw_syscalls:sys_enter -- \
	sh -c 'for i in 1 2 3 4 5 6 7 8; do ls -R /usr/include >/dev/null; done'
expect_status 0
for ((i = 0; i < 20; i++)); do
	rm -rf "$tmp/t" && cp -r "$tmp/whole" "$tmp/t"
	for file in "$tmp"/t/cpu*.xt; do
		bad=$file
		bytes=$(stat -c %s "$file")
		if ((i % 2)); then
			truncate -s $((RANDOM * 32768 % bytes)) "$file"
		else
			poke $((RANDOM * 32768 % bytes)) '\xa5'
		fi
	done
	bounded xtrace-view --stat "$tmp/t"
	expect_status 0
	bounded xtrace-view --format ftrace "$tmp/t"
	expect_status 0
done
