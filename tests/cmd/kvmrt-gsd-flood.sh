#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kvmrt-gsd-flood.sh: a guest that makes 100,000 calls a second, on a tree of plain files
#
# The lab's emulation reaches some thousands; here the daemon reads what KVM would have
# traced.  FLOOD_SECONDS= says for how long.
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

seconds=${FLOOD_SECONDS:-4} rate=100000 lines=100 at=0
root=$tmp/root
tracing=$root/sys/kernel/tracing
instance=$tracing/instances/kvmrt-gsd
event=$instance/events/kvm/kvm_hypercall

field() { printf '\tfield:%s;\toffset:%s;\tsize:%s;\tsigned:%s;\n' "$@"; }
mkdir -p "$instance/per_cpu/cpu0" "$event" "$tracing/events/kvm/kvm_hypercall" "$root"/{run,dev,proc} \
	"$root/sys/devices/system/cpu"
echo 0-1 >"$root/sys/devices/system/cpu/online"
echo '[mono] local' >"$instance/trace_clock"
echo 512 >"$instance/buffer_size_kb"
echo 0 >"$instance/tracing_on"
{
	field 'u64 timestamp' 0 8 0
	field 'local_t commit' 8 8 1
	field 'int overwrite' 8 1 1
	field 'char data' 16 4080 1
} >"$instance/events/header_page"
{
	printf 'name: kvm_hypercall\nID: 11\nformat:\n'
	field 'unsigned short common_type' 0 2 0
	field 'unsigned char common_flags' 2 1 0
	field 'unsigned char common_preempt_count' 3 1 0
	field 'int common_pid' 4 4 1
	for n in nr a0 a1 a2 a3; do
		field "unsigned long $n" $((8 + 8 * at++)) 8 0
	done
	printf '\nprint fmt: ""\n'
} >"$event/format"
echo 11 | tee "$event/id" >"$tracing/events/kvm/kvm_hypercall/id"
touch "$event/enable" "$event/filter" "$event/trigger" "$root/dev/kmsg"
mkfifo "$instance/per_cpu/cpu0/trace_pipe_raw"

# a syslog that takes nothing
python3 -c 'import socket, sys, time
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind(sys.argv[1])
time.sleep(600)' "$root/dev/log" &
stuck=$!
at_exit "kill $stuck 2>/dev/null"
until [ -S "$root/dev/log" ]; do
	sleep 0.05
done
kvmrt-gsd --root "$root" -f --lines $lines 2>"$tmp/daemon.err" &
daemon=$!
at_exit "kill $daemon 2>/dev/null"
for _ in $(seq 100); do
	kvmrt-gsd --root "$root" --status >/dev/null 2>&1 && break
	sleep 0.05
done
memory() { awk '/VmRSS/ { print $2 }' "/proc/$daemon/status"; }
cpu_ms() { awk -v hz="$(getconf CLK_TCK)" '{ print int(($14 + $15) * 1000 / hz) }' "/proc/$daemon/stat"; }
count() {
	awk -v name="$1" '$1 == "VM" { for (i = 1; i <= NF; i++) if ($i == name) column = i }
		$1 == "pid4711" { print $column }' "$tmp/stdout"
}

it 'takes in every call'
begin=$SECONDS
"$KVMRT_BIN/../tests/tools/gs-flood" $rate "$seconds" "$instance/per_cpu/cpu0/trace_pipe_raw" >"$tmp/flood" &
flood=$!
sleep 2
early=$(memory)
wait $flood || fail 'the flood broke off'
sleep 0.5
late=$(memory)
took=$(cpu_ms)
run kvmrt-gsd --root "$root" --status
expect_status 0
expect_stdout_like '^lost +0 calls$'
[ "$(count CALLS)" = $((rate * seconds)) ] || fail "$(count CALLS) calls counted, $(cat "$tmp/flood")"

it 'waits for no syslog that is stuck'
expect_stdout_like '^lines +[0-9]+ written, 0 failed, [1-9][0-9]* wait for syslog$'

it 'writes no more lines than the limit says, and how many it dropped'
written=$(grep -c 'pid4711' "$root/dev/kmsg")
elapsed=$((SECONDS - begin + 1))
limit=$((lines * (elapsed + 10) + elapsed))
[ "$written" -le $limit ] || fail "$written lines, expected at most $limit"
[ "$(count DROPPED)" -gt 0 ] || fail 'nothing was dropped'
[ "$seconds" -lt 6 ] || grep -q 'pid4711: [0-9]* messages dropped (limit 100 a second)' "$root/dev/kmsg" ||
	fail 'the log does not say what was dropped'

it 'serves others meanwhile, and lets nobody forge a line'
for ((n = 1; n <= seconds; n++)); do
	grep -qE "^<30>kvmrt-gsd: [0-9TZ:.-]+ pid4712: honest $n\$" "$root/dev/kmsg" ||
		fail "message $n of the other VM is missing"
done
grep -qvE '^<30>kvmrt-gsd: [0-9TZ:.-]+ (pid471[12]: [ -~]*)$' "$root/dev/kmsg" && fail 'a line that is none'
[ "$(grep -c pid4712 "$root/dev/kmsg")" = "$seconds" ] || fail 'something was attributed to the other VM'

it 'does not grow'
[ "$late" -lt 16384 ] || fail "$late KiB of memory"
[ $((late - early)) -lt 512 ] || fail "memory grew from $early to $late KiB"
echo "$(cat "$tmp/flood"); $written lines, $(count DROPPED) messages dropped; $late KiB; $took ms of CPU"
kill -TERM $daemon
wait $daemon || fail "$(cat "$tmp/daemon.err")"

it 'tells at its end how many lines syslog never took'
expect_like "$tmp/daemon.err" '^kvmrt-gsd: [1-9][0-9]* lines are missing in syslog: it took nothing$'
expect_like "$root/dev/kmsg" '^<30>kvmrt-gsd: [1-9][0-9]* lines are missing in syslog: it took nothing$'
