#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# capture.sh: xtrace-run and trace-cmd record under the same load, one after the other
#
# Every CPU is kept at 100 % by dd and hackbench, which make system calls and
# switches as fast as they can.  SECONDS_EACH= and ROUNDS= change how long.
set -u
cd "$(dirname "$0")/../.." || exit
PATH=${KVMRT_BIN:=$PWD/build/bin}:$PATH
seconds=${SECONDS_EACH:-10} rounds=${ROUNDS:-3}

cannot() {
	echo "capture.sh: $*" >&2
	exit 77
}
[ "$(id -u)" = 0 ] || cannot 'recording a kernel needs root'
[ -e /sys/kernel/tracing/instances ] || cannot 'there is no tracefs'
for command in trace-cmd hackbench; do
	command -v $command >/dev/null || cannot "$command is not installed (make deps)"
done

tmp=$(mktemp -d "${TMPDIR:-/var/tmp}/kvmrt-bench.XXXXXX") || exit
load=
trap '[ -z "$load" ] || kill -TERM -- "-$load" 2>/dev/null; rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

# Function tracing, which is not asked for, is refused by some kernels.
preload=
if ! echo 1 2>/dev/null >/proc/sys/kernel/ftrace_enabled; then
	preload=$KVMRT_BIN/../tests/bench/no-ftrace.so
fi

# shellcheck disable=SC2016
start_load() {
	setsid bash -c '
		for ((i = 0; i < $(nproc); i++)); do
			while :; do dd if=/dev/zero of=/dev/null bs=512 count=500000 2>/dev/null; done &
		done
		while :; do hackbench -s 512 -l 500 -g 2 >/dev/null 2>&1; done' &
	load=$!
	sleep 1
}
stop_load() {
	kill -TERM -- "-$load" 2>/dev/null
	wait "$load" 2>/dev/null
	load=
}

# timed COMMAND...: its CPU time in ms into $tmp/cpu
timed() {
	local TIMEFORMAT='%U %S'

	{ time "$@" >"$tmp/out" 2>&1; } 2>"$tmp/time"
	awk '{ printf "%d", ($1 + $2) * 1000 }' "$tmp/time" >"$tmp/cpu"
}

events='sched irq timer raw_syscalls irq_vectors'
record_xtrace() {
	# shellcheck disable=SC2046
	timed xtrace-run -n "bench-$$" -m stream -b 40000k $(printf ' -e %s:*' $events) \
		-o "$tmp/t" -d "$seconds"
	awk '/^\[cpus\]/ { on = 1; next } /^\[/ { on = 0 }
		on && NF { seen += $4; lost += $6 } END { print seen, lost }' "$tmp/t/session"
}
record_trace_cmd() {
	# shellcheck disable=SC2046
	LD_PRELOAD=$preload timed trace-cmd record -b 40000 $(printf ' -e %s' $events) \
		-o "$tmp/t" sleep "$seconds"
	trace-cmd report --stat "$tmp/t" 2>/dev/null | awk -F ': *' '
		/entries|read events/ { seen += $2 } /overrun|dropped/ { seen += $2; lost += $2 }
		END { print seen, lost }'
}

# one RECORDER: a line of the table; its figures are added up for the ratios
declare -A sum_cpu sum_disk sum_events
one() {
	local seen lost cpu disk

	start_load
	read -r seen lost < <("record_$1")
	cpu=$(cat "$tmp/cpu")
	stop_load
	disk=$(du -sk --apparent-size "$tmp/t" | cut -f 1)
	rm -rf "$tmp/t"
	printf '%-10s %12d %10d %10d %10d %12.1f %12.2f\n' "$1" "$seen" "$lost" "$cpu" "$disk" \
		"$((cpu * 10000000 / (seen - lost)))e-1" "$((disk * 102400 / (seen - lost)))e-2"
	sum_cpu[$1]=$((${sum_cpu[$1]:-0} + cpu))
	sum_disk[$1]=$((${sum_disk[$1]:-0} + disk))
	sum_events[$1]=$((${sum_events[$1]:-0} + seen - lost))
}

echo "# $(nproc) CPUs at 100 %, $seconds s each, buffers of 40000 KiB a CPU"
printf '%-10s %12s %10s %10s %10s %12s %12s\n' RECORDER EVENTS LOST CPU-MS DISK-KB NS/EVENT BYTES/EVENT
for ((round = 0; round < rounds; round++)); do
	one xtrace
	one trace_cmd
done
awk -v xc="${sum_cpu[xtrace]}" -v xd="${sum_disk[xtrace]}" -v xe="${sum_events[xtrace]}" \
	-v tc="${sum_cpu[trace_cmd]}" -v td="${sum_disk[trace_cmd]}" -v te="${sum_events[trace_cmd]}" \
	'BEGIN { printf "xtrace / trace_cmd, an event kept: CPU time %.2f, disk %.2f\n",
		(xc / xe) / (tc / te), (xd / xe) / (td / te)
		printf "xtrace / trace_cmd, in all:        CPU time %.2f, disk %.2f\n", xc / tc, xd / td }'
