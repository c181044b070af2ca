#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# view.sh: xtrace-view side by side with trace-cmd report, and with itself
#
# Records two traces with trace-cmd (or takes SYSCALLS= and MIXED=), deals them to
# more CPUs and members, prints a table and puts it into doc/benchmarks.md.  Each
# time is the least of ROUNDS=; trace-cmd, which takes minutes, runs once.
#
# WORK is the ratio of the CPU time that both spend, ours divided by the number of
# CPUs it ran on: what TIME would be on a machine that has nothing else to do.
set -u
cd "$(dirname "$0")/../.." || exit
PATH=${KVMRT_BIN:=$PWD/build/bin}:$PATH
rounds=${ROUNDS:-3}
deal=$KVMRT_BIN/../tests/tools/deal-trace

cannot() {
	echo "view.sh: $*" >&2
	exit 77
}
for command in trace-cmd hackbench strace valgrind python3; do
	command -v $command >/dev/null || cannot "$command is not installed (make deps)"
done
tmp=$(mktemp -d "${TMPDIR:-/var/tmp}/kvmrt-bench.XXXXXX") || exit
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

# ---- the traces ----

preload=
if ! echo 1 2>/dev/null >/proc/sys/kernel/ftrace_enabled; then
	preload=$KVMRT_BIN/../tests/bench/no-ftrace.so
fi
record() {
	local to=$1

	shift
	[ "$(id -u)" = 0 ] || cannot 'recording a kernel needs root; SYSCALLS= and MIXED= name traces'
	LD_PRELOAD=$preload trace-cmd record -b 350000 -o "$to" "$@" >/dev/null 2>&1 ||
		cannot "trace-cmd cannot record"
}

# shellcheck disable=SC2016
mixed_load='
	end=$((SECONDS + 12))
	while [ $SECONDS -lt $end ]; do hackbench -g 2 -l 200 >/dev/null; done &
	while [ $SECONDS -lt $end ]; do find /usr/include /etc -exec true {} + 2>/dev/null; done &
	while [ $SECONDS -lt $end ]; do
		dd if=/dev/zero of='$tmp'/blob bs=64k count=400 conv=fsync 2>/dev/null
		sleep 1 & kill $!
	done &
	wait'
syscalls=${SYSCALLS:-$tmp/syscalls.dat} mixed=${MIXED:-$tmp/mixed.dat}
[ -e "$syscalls" ] || record "$syscalls" -e raw_syscalls -e sched -e irq \
	sh -c 'for i in 1 2; do dd if=/dev/zero of=/dev/null bs=1 count=2900000 & done 2>/dev/null; wait'
[ -e "$mixed" ] || record "$mixed" -e kmem -e sched -e irq -e workqueue -e signal -e timer -e task \
	bash -c "$mixed_load"

# ---- measuring ----

# timed FILE COMMAND...: seconds elapsed, seconds of CPU and peak KiB, best of the rounds
cpus=$(nproc)
timed() {
	python3 - "$@" <<'PY'
import os, sys, time
to, rounds, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
best = None
for _ in range(rounds):
    out = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    begin = time.monotonic()
    child = os.posix_spawnp(command[0], command, os.environ,
                            file_actions=[(os.POSIX_SPAWN_DUP2, out, 1)])
    _, _, use = os.wait4(child, 0)
    this = [time.monotonic() - begin, use.ru_utime + use.ru_stime, use.ru_maxrss]
    os.close(out)
    best = [min(a, b) for a, b in zip(this[:2], best[:2])] + [max(this[2], best[2])] if best else this
print('%.3f %.3f %d' % tuple(best))
PY
}

rows=()
row() {
	rows+=("$(printf '| %s | %s | %s | %s | %s | %s |' "$@")")
	printf '%-46s %16s %16s %8s %8s  %s\n' "$@"
}
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.1f", a / b }'; }
div() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
rate() { awk -v n="$1" -v s="$2" 'BEGIN { printf "%.2f M/s", n / s / 1e6 }'; }
mib() { awk -v k="$1" 'BEGIN { printf "%.0f MiB", k / 1024 }'; }

# against_trace_cmd NAME FILE REQUIRED
against_trace_cmd() {
	local name=$1 file=$2 required=$3 events time cpu peak their_time their_cpu their_peak same

	read -r their_time their_cpu their_peak < <(timed "$tmp/theirs" 1 trace-cmd report "$file")
	same=$(xtrace-view --format ftrace "$file" | cmp - "$tmp/theirs" && echo same)
	[ "$same" ] || { echo "view.sh: $file: the texts differ" >&2; exit 1; }
	events=$(wc -l <"$tmp/theirs")
	rm "$tmp/theirs"
	read -r time cpu peak < <(timed /dev/null "$rounds" xtrace-view --format ftrace "$file")
	row "$name, $events events" "$(rate "$events" "$time")" "$(rate "$events" "$their_time")" \
		"$(ratio "$their_time" "$time")" "$(ratio "$their_cpu" "$(div "$cpu" "$cpus")")" "$required"
	row "peak memory of it" "$(mib "$peak")" "$(mib "$their_peak")" - - "64 MiB"
}

# against_text FORMAT NAME FILE REQUIRED OPTION...: times the speed of that text
against_text() {
	local format=$1 name=$2 file=$3 required=$4 time cpu text_time text_cpu _

	shift 4
	read -r text_time text_cpu _ < <(timed /dev/null "$rounds" xtrace-view --format "$format" "$file")
	read -r time cpu _ < <(timed /dev/null "$rounds" xtrace-view "$@" "$file")
	row "$name" "$time s" "$text_time s" "$(ratio "$text_time" "$time")" \
		"$(ratio "$text_cpu" "$cpu")" "$required"
}

printf '%-46s %16s %16s %8s %8s  %s\n' WHAT OURS PEER TIME WORK REQUIRED
against_trace_cmd 'syscalls' "$syscalls" '50'
against_trace_cmd 'mixed' "$mixed" '35'
"$deal" -d -n 600000 "$mixed" "$tmp/small.dat" 2>/dev/null
against_trace_cmd 'mixed, short' "$tmp/small.dat" '12'
against_text text 'ftrace against the default text, syscalls' "$syscalls" 'at most 1' --format ftrace
against_text text 'ftrace against the default text, mixed' "$mixed" 'at most 1' --format ftrace
for option in --stat '-e signal_deliver' '-p 1'; do
	# shellcheck disable=SC2086
	against_text ftrace "${option% *} against the ftrace text, mixed" "$mixed" 3 $option
	# shellcheck disable=SC2086
	against_text text "${option% *} against the default text, mixed" "$mixed" - $option
done
against_text ftrace '--stat against the ftrace text, syscalls' "$syscalls" 3 --stat

# ---- many CPUs, many members ----

"$deal" -n 10000000 -c 64 "$mixed" "$tmp/c64" 2>/dev/null
for format in text ftrace; do
	read -r time cpu peak < <(timed /dev/null "$rounds" xtrace-view --format "$format" "$tmp/c64")
	row "64 CPUs, 10 M events, $format: peak memory" "$(mib "$peak")" - - - '64 MiB'
done
against_text text '-c 1 of 64 CPUs against the default text' "$tmp/c64" 3 -c 1
rm -r "$tmp/c64"
"$deal" -n 10000000 -m 8 -c 2 "$mixed" "$tmp/two" 2>/dev/null
"$deal" -n 10000000 -m 8 -c 64 "$mixed" "$tmp/many" 2>/dev/null
read -r few_time few_cpu _ < <(timed /dev/null "$rounds" xtrace-view "$tmp"/two.?)
read -r time cpu peak < <(timed /dev/null "$rounds" xtrace-view "$tmp"/many.?)
row '8 members: 64 CPUs each against 2' "$time s" "$few_time s" "$(div "$time" "$few_time")" \
	"$(div "$cpu" "$few_cpu")" 'at most 1.5'
rm -r "$tmp"/two.? "$tmp"/many.?

# ---- large and long ----

"$deal" -n 10000000 -r 20 -c 0 "$mixed" "$tmp/large" 2>/dev/null
raw=$(python3 - "$tmp"/large/cpu*.xt <<'PY'
import os, struct, sys
total = 0
for path in sys.argv[1:]:
    with open(path, 'rb') as file:
        while len(head := file.read(96)) == 96:
            if head[5] == 1:
                total += struct.unpack_from('<I', head, 64)[0]
            file.seek(struct.unpack_from('<H', head, 6)[0] - 96 + struct.unpack_from('<I', head, 68)[0], 1)
print('%.1f GB' % (total / 1e9))
PY
)
read -r time cpu peak < <(timed "$tmp/screen" "$rounds" xtrace-view -n 50 "$tmp/large")
row "first screen of $raw of sub-buffers" "$time s" - - - '0.1 s'
read -r time cpu peak < <(timed "$tmp/screen" "$rounds" xtrace-view --tail 50 "$tmp/large")
row "last screen of it" "$time s" - - - -
rm -r "$tmp/large"
"$deal" -n 50000 -r 3600 -s 1000000000 -c 0 "$mixed" "$tmp/hour" 2>/dev/null
strace -f -o "$tmp/log" -e trace=read,pread64 xtrace-view --from +1800s --to +1801s "$tmp/hour" >/dev/null
row '--from/--to of 1 s out of 1 h: bytes read' \
	"$(mib "$(awk '/ = [0-9]+$/ { n += $NF } END { print n / 1024 }' "$tmp/log")")" \
	"$(mib "$(du -sk "$tmp/hour" | cut -f 1)")" - - 'its blocks'
rm -r "$tmp/hour"

# ---- clocks ----

# The pair of the repository, over and over: what is done for each event is the same.
for one in host guest; do
	"$deal" -c 0 -r 400 -s 10000000000 "tests/fixtures/pair/$one.dat" "$tmp/$one" 2>"$tmp/$one.events"
done
read -r time cpu peak < <(timed "$tmp/said" 1 xtrace-multi-merge --sync windows -o "$tmp/merged" \
	"$tmp/host" "$tmp/guest")
row "--sync windows, $(sed 's/ .*//' "$tmp/host.events") and $(sed 's/ .*//' "$tmp/guest.events") events" \
	"$time s, $cpu s of CPU" - - - '3 s'
rm -r "$tmp/host" "$tmp/guest" "$tmp/merged"

# ---- what limits it ----

# instructions OPTION...: per event, without the start
instructions() {
	local n=300000 one many

	one=$(valgrind --tool=none xtrace-view --version >/dev/null 2>&1 && count 1000 "$@")
	many=$(count $((n + 1000)) "$@")
	echo $(((many - one) / n))
}
count() {
	local n=$1

	shift
	valgrind --tool=callgrind --callgrind-out-file=/dev/null xtrace-view -j 1 -n "$n" "$@" \
		2>&1 >/dev/null | awk '/Collected/ { print $NF }'
}
for format in ftrace text; do
	row "instructions an event, mixed, $format" "$(instructions --format $format "$mixed")" - - - -
	read -r time cpu peak < <(timed /dev/null "$rounds" xtrace-view --format $format "$mixed")
	bytes=$(xtrace-view --format $format "$mixed" | wc -c)
	row "text written, mixed, $format" \
		"$(awk -v b="$bytes" -v s="$time" 'BEGIN { printf "%.2f GB/s", b / s / 1e9 }')" \
		"$(python3 -c '
import time
a = bytearray(64 << 20); b = bytearray(64 << 20); best = 9
for _ in range(9):
    t = time.monotonic(); a[:] = b; best = min(best, time.monotonic() - t)
print("%.2f GB/s" % ((64 << 20) / best / 1e9))') copied" - - -
done

# ---- the page ----

{
	echo "$(nproc) CPUs, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)," \
		"Linux $(uname -r), $(trace-cmd --version 2>&1 | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1)" \
		"of trace-cmd, $(date +%F)"
	echo
	echo '| what | ours | peer | ratio of times | of work | required |'
	echo '|---|---|---|---|---|---|'
	printf '%s\n' "${rows[@]}"
} >"$tmp/table"
sed -i -e "/^<!-- view.sh -->/,/^<!-- end -->/{//!d}" -e "/^<!-- view.sh -->/r $tmp/table" doc/benchmarks.md
