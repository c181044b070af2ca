#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ftrace-text.sh: xtrace-view --format ftrace prints what trace-cmd report prints, byte for byte
#
# Every event kind of this machine's kernel, with made-up records and recorded ones.
# What may differ, and why, stands in tests/ftrace-known.txt.
# shares: tracing
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

need trace-cmd python3
tracing=/sys/kernel/tracing
w=$tmp/work
mkdir "$w"

make_trace() {
	python3 tests/tools/make-trace.py "${crashes[@]}" "$@" 2>>"$tmp/made" ||
		fail "no trace was made: $(tail -n 1 "$tmp/made")"
}
same() {
	run tests/tools/same-report "$@"
	expect_status 0
}
same_in_all_forms() {
	same "$@"
	same -t "$@"
	same -R "$@"
}

it 'has a reason for each difference that is let pass'
grep -v '^#' tests/ftrace-known.txt >"$w/known"
if grep -vqE '^(text|raw|crash) [^ ]+ [^ ]+ .{20,}' "$w/known"; then
	fail "expected form, event and reason in $(cat "$w/known")"
fi
crashes=()
while read -r form event _; do
	[ "$form" != crash ] || crashes+=(--skip "$event")
done <"$w/known"

it 'sees a difference where there is one'
mkdir "$w/bin"
cat >"$w/bin/xtrace-view" <<-'END'
	#!/bin/sh
	trace-cmd report "$3" | sed 's/ ==> / --> /'
END
chmod +x "$w/bin/xtrace-view"
PATH=$w/bin:$PATH run tests/tools/same-report tests/fixtures/pair/host.dat
expect_status 1
expect_stdout_like '^> .* sched_switch: .* --> ' '^differs: .* 0 known differences, [1-9][0-9]* others$'

it 'prints a recorded trace of a KVM host the same'
same_in_all_forms tests/fixtures/pair/host.dat

it 'prints print fmts that no kernel has the same'
make_trace --fmts -n 30 tests/xtrace/odd-print-fmts.txt "$w/odd.dat"
same_in_all_forms "$w/odd.dat"

if [ ! -r $tracing/events/sched/sched_switch/format ]; then
	it 'prints the events of a kernel the same (those of a file: tracefs cannot be read here)'
	events=tests/kvm-events/formats-6.1.txt
else
	it 'prints every event kind of this kernel the same'
	events=$tracing/events
fi
make_trace -n 8 -s 1 $events "$w/all.dat"
same_in_all_forms "$w/all.dat"
make_trace -n 8 -s 2 -c 3 $events "$w/more.dat"
same "$w/more.dat"
same -R "$w/more.dat"

# What reads a trace begins with all formats that it has; what follows needs few.
few=$events
if [ -d "$events" ]; then
	few=$w/few
	mkdir "$few"
	(shopt -s nullglob && cd "$events" &&
		cp --parents header_* {sched,irq,ftrace,kvm}/*/format "$few") || fail 'no formats'
fi

it 'prints events without a format the same'
make_trace --only sched --only irq --hide irq -n 40 -s 6 "$few" "$w/hidden.dat"
trace-cmd report "$w/hidden.dat" | grep -q 'UNKNOWN EVENT' || fail 'all were known'
same_in_all_forms "$w/hidden.dat"
same "$w/hidden.dat" "$w/more.dat"

it 'prints several files the same, in any order, with the functions of both'
same "$w/all.dat" "$w/more.dat"
same -R "$w/more.dat" "$w/all.dat"
for seed in 3 4; do
	make_trace --only ftrace --only kvm -n 200 -s $seed "$few" "$w/ftrace$seed.dat"
done
same_in_all_forms "$w/ftrace3.dat"
same_in_all_forms "$w/ftrace4.dat" "$w/ftrace3.dat"

it 'prints a guest on its host'\''s clock, and cycles as nanoseconds'
for clock in --tsc '--shift 0' '--shift 1' '--shift 2' '--shift 3' '--shift 1 --tsc'; do
	# words
	# shellcheck disable=SC2086
	make_trace $clock --only sched -n 40 -c 3 -s 5 "$few" "$w/clock.dat"
	same "$w/clock.dat"
	same -t "$w/clock.dat"
done

# record NAME OPTION...: by trace-cmd, also where the kernel refuses function tracing
shim=${O:-build}/tests/bench/no-ftrace.so
record() {
	local name=$1 try

	shift
	# its file is spoilt where a task's name is saved while it reads those that are
	for ((try = 1; try <= 5; try++)); do
		LD_PRELOAD=$PWD/$shim timeout 200 trace-cmd record -q -o "$w/$name.dat" "$@" \
			>"$tmp/record" 2>&1 || return
		grep -q 'error in size of file' "$tmp/record" || return 0
	done
	return 1
}
# trace-cmd reset leaves tracing off; a ring that has never been used says "7 (expanded: 1408)"
as_found() {
	trace-cmd reset >/dev/null 2>&1
	echo "$ring" >$tracing/buffer_size_kb
	echo "$on" >$tracing/tracing_on
}
if on=$(cat $tracing/tracing_on 2>/dev/null); then
	ring=$(sed 's/.*expanded: \([0-9]*\).*/\1/' $tracing/buffer_size_kb)
	at_exit as_found
fi
if [ ! -e "$shim" ] || ! record first -e sched:sched_switch true; then
	echo "not recorded here: $(tail -n 1 "$tmp/record" 2>/dev/null)"
	exit 0
fi
cat >"$w/busy" <<-'END'
	#!/bin/sh
	ls -lR /etc/ssl >/dev/null
	(sleep 0.02; echo "a mark" >/sys/kernel/tracing/trace_marker) &
	dd if=/dev/zero of="$1" bs=64k count=20 conv=fsync 2>/dev/null
	wait
END
chmod +x "$w/busy"

it 'prints what every event system recorded the same, lost events too'
record first -e all -b 400 "$w/busy" "$w/file" || fail "$(cat "$tmp/record")"
same_in_all_forms "$w/first.dat"
# on a busy machine what is recorded may be as slow as who reads it
for ((try = 1; ; try++)); do
	record lost -b 8 -s 400000 -e all "$w/busy" "$w/file" || fail "$(cat "$tmp/record")"
	! trace-cmd report "$w/lost.dat" | grep -q 'EVENTS DROPPED' || break
	[ $try -lt 5 ] || fail 'nothing was lost'
done
same_in_all_forms "$w/lost.dat"

it 'prints each version, compression, clock and size of sub-buffers the same'
kinds=('--file-version 6' '--compression none' '--compression zstd' '-C mono' '-C counter'
	'-C x86-tsc' '--file-version 6 -C boot' '--date' '--ts-offset 123456789' '-T')
for kind in "${kinds[@]}"; do
	# words
	# shellcheck disable=SC2086
	record kind -b 200 $kind -e sched -e irq -e kmem "$w/busy" "$w/file" ||
		fail "$kind: $(cat "$tmp/record")"
	same "$w/kind.dat"
done
if [ -e $tracing/buffer_subbuf_size_kb ]; then
	size=$(cat $tracing/buffer_subbuf_size_kb)
	at_exit "echo $size >$tracing/buffer_subbuf_size_kb"
	for version in 6 7; do
		echo 64 >$tracing/buffer_subbuf_size_kb
		record sub -b 512 --file-version $version -e sched -e kmem "$w/busy" "$w/file" ||
			fail "$(cat "$tmp/record")"
		same "$w/sub.dat"
	done
	echo "$size" >$tracing/buffer_subbuf_size_kb
fi

it 'prints several buffers the same, also with another file, and one that is empty'
for version in 6 7; do
	record buffers --file-version $version -b 200 -e sched -B one -e irq -B another -e kmem \
		-B nothing -e sched:sched_move_numa "$w/busy" "$w/file" || fail "$(cat "$tmp/record")"
	same "$w/buffers.dat"
	same "$w/buffers.dat" "$w/lost.dat"
	same "$w/lost.dat" "$w/buffers.dat"
done

it 'prints the same where nothing was recorded'
record none -e sched:sched_move_numa true || fail "$(cat "$tmp/record")"
same_in_all_forms "$w/none.dat"
