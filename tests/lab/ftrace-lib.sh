# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# ftrace-lib.sh: xtrace-view --format ftrace against trace-cmd report on a kernel's own
# events, as tests/cmd/ftrace-text.sh does it on this machine; sourced by t/ftrace-*.sh.

tracing=/sys/kernel/tracing
tools=$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../tools

# What is recorded here is read outside, in this folder, by the same programs.
there=/run/out/ftrace
rm -rf $there
mkdir $there || exit
outside() { (cd $there && lab-outside "$@"); }

# same [-t] [-R] FILE of there
same() {
	outside "$tools/same-report" "$@" >same.out || {
		tail -n 12 same.out
		fail "$*"
	}
	cat same.out
}

# record NAME OPTION...
record() {
	local name=$1

	shift
	timeout 200 trace-cmd record -q -o "$name" "$@" >record.log 2>&1 || fail "$*: $(cat record.log)"
	mv "$name" $there/ || fail "no place for $name"
}

# record_functions NAME OPTION...: trace-cmd would first take the filter away, which writes a
# call into each of 50,000 functions, and then the tracer, which takes them out again
record_functions() {
	record "$1" -k -b 300 "${@:2}"
	echo nop >$tracing/current_tracer
	echo >$tracing/set_ftrace_filter
	echo >$tracing/set_graph_function
	echo 0 >$tracing/events/enable
}

# as it was: trace-cmd reset leaves tracing off and a ring of a page or two, and the next test
# wants neither
trap 'trace-cmd reset >/dev/null 2>&1
	echo 1408 >$tracing/buffer_size_kb
	echo 1 >$tracing/tracing_on' EXIT

# Kinds of events that modules bring; those that cannot be loaded are left out.  With all their
# formats and symbols a recording takes twice the time: they go again at once.
modules=(ext4 f2fs nilfs2 sunrpc auth_rpcgss mac80211 cfg80211 rxrpc sctp openvswitch tipc smc
	l2tp_core nvmet nvme-core null_blk nbd bcache mei netfs cachefiles erofs)
load_modules() {
	local name

	for name in "${modules[@]}"; do
		modprobe -q "$name"
	done
	true
}
# those that others need come behind these
unload_modules() {
	local i

	for ((i = ${#modules[@]} - 1; i >= 0; i--)); do
		modprobe -rq "${modules[i]}" 2>/dev/null
	done
	true
}

every_kind_is_the_same() {
	local form event crashes=()

	while read -r form event _; do
		[ "$form" != crash ] || crashes+=(--skip "$event")
	done <"$tools/../ftrace-known.txt"
	load_modules
	awk 'FNR == 1 { n = split(FILENAME, a, "/"); print "== " a[n - 2] } { print }' \
		$tracing/events/*/*/format >$there/formats
	unload_modules
	echo "$(grep -c '^== ' $there/formats) kinds"
	outside python3 "$tools/make-trace.py" "${crashes[@]}" -n 3 formats kinds.dat || fail "no trace made"
	same kinds.dat
	same -R kinds.dat
}

recorded_traces_are_the_same() {
	record all.dat -e all -b 300 ls -l /etc
	same all.dat
	same -R all.dat
	record_functions graph.dat -e sched -p function_graph -g vfs_read -l '*read*' ls /
	same -t graph.dat
	record_functions function.dat --file-version 6 -p function -l 'vfs_*' ls /
	same function.dat
}

large_sub_buffers_are_the_same() {
	[ -e $tracing/buffer_subbuf_size_kb ] || fail "no sizes of sub-buffers"
	echo 64 >$tracing/buffer_subbuf_size_kb
	record large.dat -b 512 -e sched -e kmem ls -l /etc
	echo 4 >$tracing/buffer_subbuf_size_kb
	same large.dat
}
