#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# xtrace-run.sh: sessions of each kind, the ways they end, and what is refused
# shares: tracing
# shellcheck source=tests/xtrace/lib.sh
. "$(dirname "$0")/../xtrace/lib.sh"

# value FILE KEY: of a session file
value() { sed -n "s/^$2 = //p" "$1/session" | head -n 1; }
# nothing_left DIR: no directory, no instance, no session
nothing_left() {
	[ ! -e "$1" ] || fail "$1 was made"
	no_traces_left
}
# counts DIR: events, as the reader finds them and as the recorder noted them
in_directory() {
	xtrace-view --stat "$1" | awk '/^HOST +BUFFER/ { on = 1; next } !NF { on = 0 } on { n += $4 } END { print n + 0 }'
}
noted() {
	awk '/^\[cpus\]/ { on = 1; next } /^\[/ { on = 0 }
		on && NF { n += $4 - $6 - $8 } END { print n + 0 }' "$1/session"
}

it 'records while a command runs, and passes its status and its output on'
record -o "$w/t" sh -c 'echo out; echo err >&2; exit 7'
expect_status 7
expect_stdout out
expect_stderr_like '^err$' '^CPU +EVENTS +LOST +OVERWRITTEN +RAW +DISK$' '^all ' \
	"^$w/t: [0-9]+ events in [0-9.]+ s, [0-9]+ lost, .* on disk$"
complete "$w/t"
no_traces_left
[ "$(in_directory "$w/t")" = "$(noted "$w/t")" ] ||
	fail "the directory has $(in_directory "$w/t") events, $(noted "$w/t") were counted"

it 'has the command from its first to its last event, after recording is on'
run xtrace-view --fields event,comm "$w/t"
expect_stdout_like '^PROCESS_EXEC.* sh$' '^PROCESS_EXIT.* sh$'

it 'notes what was asked for, on which machine'
[ "$(value "$w/t" command)" = 'sh -c echo out; echo err >&2; exit 7' ] || fail 'not the command'
[ "$(value "$w/t" name)" = "$me" ] && [ "$(value "$w/t" mode)" = stream ] ||
	fail 'not the name and the mode'
[ "$(value "$w/t" release)" = "$(uname -r)" ] || fail 'not the release'

it 'refuses a directory that is there, and replaces it with -f'
record -o "$w/t" true
expect_status 125
expect_stderr_like "^xtrace-run: $w/t exists: choose another directory with -o, or replace it with -f$"
record -f -o "$w/t" true
expect_status 0
complete "$w/t"

it 'never replaces what is no trace'
mkdir "$w/mine" && touch "$w/mine/thesis"
record -f -o "$w/mine" true
expect_status 125
[ -e "$w/mine/thesis" ] || fail 'it is gone'
no_traces_left

it 'refuses what belongs to another mode'
record -o "$w/no" --on-flush stop true
expect_status 125
expect_stderr_like '^xtrace-run: --on-flush and --incidents belong to --mode overwrite'
nothing_left "$w/no"

it 'ends after -d, without a command'
record -o "$w/d" -d 200ms
expect_status 0
expect_stdout ''
complete "$w/d"

it 'refuses a session of no time, which would have no end'
for none in 0 0s 0ms; do
	run timeout 5 xtrace-run --root "$root" -n "$me" -o "$w/no" -d $none
	expect_status 125
	expect_stderr_like '^xtrace-run: --duration: expected more than 0, found 0$'
done
nothing_left "$w/no"

it 'ends the session after -d, and waits for the command'
record -o "$w/dc" -d 100ms sh -c 'sleep 0.5; exit 4'
expect_status 4
complete "$w/dc"

it 'records the events that -e and -F name, without those of -x'
record -o "$w/e" -e 'sched:sched_process_*' -x sched_process_free \
	-F 'sched_process_exit:comm == "sh"' sh -c 'true | true'
expect_status 0
run xtrace-view --fields event,comm "$w/e"
expect_stdout_like '^PROCESS_FORK' '^PROCESS_EXIT.* sh$'
! grep -q PROCESS_FREE "$tmp/stdout" || fail 'an event of -x'
! grep '^PROCESS_EXIT' "$tmp/stdout" | grep -qv ' sh$' || fail 'an event against its filter'

it 'records an event that has several filters where any of them holds, and names a bad one'
record -o "$w/any" -F 'sched_process_exit:comm == "sh"' -F 'sched_process_exit:comm == "sleep"' \
	sh -c 'true; (sleep 0; :); true'
expect_status 0
run xtrace-view --fields event "$w/any"
expect_stdout_like '^PROCESS_EXIT \[[0-9]+ sh\]$' '^PROCESS_EXIT \[[0-9]+ sleep\]$'
! grep -qv -e ' sh\]$' -e ' sleep\]$' "$tmp/stdout" || fail 'an event against both filters'
record -o "$w/no" -F 'sched_switch:bogus == 3' -F 'sched_switch:prev_pid == 1' true
expect_status 125
expect_stderr_like '^xtrace-run: filter "bogus == 3" for sched:sched_switch: the kernel says: '
nothing_left "$w/no"

it 'takes groups, and names of ours in any case'
record -o "$w/g" -e irq -e Sched_Switch true
expect_status 0
[ -e "$w/g/formats/irq" ] && [ -e "$w/g/formats/sched/sched_switch" ] ||
	fail "formats: $(ls "$w/g/formats")"

it 'names what is near an unknown event'
record -o "$w/no" -e sched_swich true
expect_status 125
expect_stdout ''
expect_stderr_like '^xtrace-run: -e: unknown event "sched_swich"; near it: sched_switch'
nothing_left "$w/no"

it "shows the kernel's own words about a filter"
record -o "$w/no" -F 'sched_switch:bogus == 3' true
expect_status 125
expect_stderr_like '^xtrace-run: filter "bogus == 3" for sched:sched_switch: the kernel says: '
record -o "$w/no" -F 'sched_switch:prev_pid == 1 && (' true
expect_status 125
expect_stderr_like '^xtrace-run: filter .* for sched:sched_switch: the kernel says: '
nothing_left "$w/no"

it 'ends with the event of --stop-on, whose kernel stopped the buffers, and lets the command go on'
rm -rf "$w/t"
record -o "$w/t" -m overwrite -e sched --stop-on 'sched_process_exec if filename ~ "*/true"' \
	sh -c '/bin/true; sleep 0.5; exit 3'
expect_status 3
expect_stderr_like '^xtrace-run: the recording ended at sched:sched_process_exec if filename ~ "[*]/true"$'
[ "$(value "$w/t" stopped-by)" = 'sched:sched_process_exec if filename ~ "*/true"' ] ||
	fail 'what stopped it is not noted'
# other CPUs go on until they see it
cpu=$(xtrace-view --fields cpu,event "$w/t" | sed -n 's/^\([0-9]*\) PROCESS_EXEC .*true.*/\1/p' | tail -n 1)
[[ $(xtrace-view -c "$cpu" --fields event --tail 1 "$w/t") == 'PROCESS_EXEC ['*true* ]] ||
	fail "the last event of CPU $cpu is another one"
no_traces_left

it 'names what is wrong with a stop'
rm -rf "$w/t"
record -o "$w/t" --stop-on 'sched_switch if bogus == 3' true
expect_status 125
expect_stderr_like 'trigger "traceoff:1 if bogus == 3" for sched:sched_switch: the kernel says: '
record -o "$w/t" --stop-on 'sched_swich' true
expect_status 125
expect_stderr_like '^xtrace-run: --stop-on: unknown event "sched_swich"; near it: sched_switch'
record -o "$w/t" --stop-on-latency 'wakeup(true)>soon' true
expect_status 125
expect_stderr_like '^xtrace-run: --stop-on-latency: expected a time behind "wakeup.true.", such as 100us, found "soon"$'
nothing_left "$w/t"

it 'records the CPUs of -c alone'
record -o "$w/c" -c 0 sh -c 'i=0; while [ $i -lt 300 ]; do i=$((i + 1)); done'
expect_status 0
complete "$w/c"
[ ! -e "$w/c/cpu1.xt" ] || fail 'CPU 1 is there'
record -o "$w/no" -c 4000 true
expect_status 125
expect_stderr_like '-c 4000: CPU 4000 is not online'
record -o "$w/no" --drain-cpus x true
expect_status 125
expect_stderr_like '^xtrace-run: --drain-cpus: CPU list "x"'
nothing_left "$w/no"

it 'records a process and what it forks with -p'
sh -c 'echo $$ >"$1"; while [ ! -e "$2" ]; do sleep 0.05; done; true & wait' sh "$w/pid" "$w/go" &
at_exit "touch $w/go"
until [ -s "$w/pid" ]; do sleep 0.02; done
record -o "$w/p" -e sched_process_fork -p "$(cat "$w/pid")" sh -c "touch $w/go; sleep 0.4"
expect_status 0
run xtrace-view --fields event,pid "$w/p"
expect_stdout_like "^PROCESS_FORK.* $(cat "$w/pid")$"
record -o "$w/no" -p 4194305 true
expect_status 125
expect_stderr_like '-p 4194305: there is no such process'
nothing_left "$w/no"

it 'uses the clock of -t'
for clock in mono boot tsc local tod; do
	record -o "$w/t-$clock" -t $clock -e sched_switch true
	expect_status 0
	complete "$w/t-$clock"
done
grep -qx 'clock = x86-tsc' "$w/t-tsc/session" || fail 'not the TSC'
grep -qx 'clock = boot' "$w/t-boot/session" || fail 'not the boot clock'

it 'keeps the newest events in mode overwrite, and the oldest in mode stop'
busy='i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); echo; done >/dev/null'
only_sh='raw_syscalls:*:comm == "sh"'
record -o "$w/ow" -m overwrite -b 64k -F "$only_sh" -e sched_process_exit sh -c "$busy"
expect_status 0
complete "$w/ow"
grep -Eq ' overwritten [1-9]' "$w/ow/session" || fail 'nothing was overwritten'
run xtrace-view -e PROCESS_EXIT --fields event,comm "$w/ow"
expect_stdout_like 'PROCESS_EXIT.* sh$'
record -o "$w/st" -m stop -b 64k -F "$only_sh" -e sched_process_exec sh -c "$busy"
expect_status 0
grep -q '^complete = yes$' "$w/st/session" || fail 'the session did not end in order'
grep -Eq ' lost [1-9]' "$w/st/session" || fail 'nothing was lost'
run xtrace-view -e PROCESS_EXEC --fields event,comm "$w/st"
expect_stdout_like 'PROCESS_EXEC.* sh$'
expect_stderr_like '^xtrace-view: .*/st: cpu[0-9]+: its buffer was full: [1-9][0-9]* later events were lost$'
for mode in ow st; do
	[ "$(in_directory "$w/$mode")" = "$(noted "$w/$mode")" ] ||
		fail "mode $mode: $(in_directory "$w/$mode") events, $(noted "$w/$mode") counted"
done

it 'compresses at the level of -z'
record -o "$w/z" -z 9 -e sched_switch true
expect_status 0
complete "$w/z"

it 'drains a full buffer in which an event is as large as a sub-buffer'
session "$me" -b 16k -c 0 -o "$w/large" -e sched_process_exec
python3 - "$instances/xtrace-$me/trace_marker" <<-'END'
	import os, sys
	os.sched_setaffinity(0, {0})
	marker = os.open(sys.argv[1], os.O_WRONLY)
	for _ in range(400):
	    os.write(marker, b"x" * 4090)
END
ctl mark 'what comes behind it' stop
expect_status 0
ended 0
complete "$w/large"
run xtrace-view -e CUSTOM "$w/large"
expect_stdout_like 'what comes behind it'

it 'ends at SIGINT, SIGTERM and SIGHUP of another process, and the command with it'
for signal in INT TERM HUP; do
	session "$me" -o "$w/$signal" sleep 60
	kill -$signal $owner
	case $signal in
	INT) ended 143 ;;	# a job in the background ignores interrupts
	TERM) ended 143 ;;
	HUP) ended 129 ;;
	esac
	complete "$w/$signal"
	no_traces_left
done

it 'ends at SIGINT without a command, and says that all is well'
session "$me" -o "$w/int"
kill -INT $owner
ended 0
complete "$w/int"

it 'says by its status that SIGTERM or SIGHUP ended it, without a command too'
for signal in TERM HUP; do
	session "$me" -o "$w/alone-$signal"
	kill -$signal $owner
	ended $((128 + $(kill -l $signal)))
	complete "$w/alone-$signal"
done

it 'shows the counts at SIGUSR1, and goes on'
session "$me" -o "$w/usr1"
kill -USR1 $owner
until grep -q 'still running' "$tmp/$me.err"; do sleep 0.05; done
kill -INT $owner
ended 0

it 'notes the clocks each time that the time of day is set, and does not wait for the second'
if command -v python3 >/dev/null; then
	session "$me" -o "$w/set" -e sched_process_exit
	# by a nanosecond to and fro; a size that grows is a line more
	run python3 - "$w/set/clocks" <<'PY'
import ctypes, os, struct, sys, time
ADJ_SETOFFSET, ADJ_NANO = 0x100, 0x2000
libc = ctypes.CDLL(None)

def step(ns):
    timex = bytearray(256)
    struct.pack_into('i', timex, 0, ADJ_SETOFFSET | ADJ_NANO)
    struct.pack_into('qq', timex, 72, -1 if ns < 0 else 0, ns % 1000000000)
    return libc.adjtimex((ctypes.c_char * 256).from_buffer(timex))

began = time.monotonic()
for i in range(20):
    before = os.stat(sys.argv[1]).st_size
    if step(1 - i % 2 * 2) < 0:
        sys.exit(77)
    while os.stat(sys.argv[1]).st_size == before and time.monotonic() < began + 60:
        time.sleep(0.001)
took = time.monotonic() - began
sys.exit('20 settings took %.1f s' % took if took > 12 else 0)
PY
	[ $status = 77 ] || expect_status 0
	ctl stop
	ended 0
fi

it 'keeps a line of the counts on a terminal, no longer than it is wide'
if command -v script >/dev/null; then
	script -qefc "stty cols 30; exec xtrace-run --root $root -n $me -o $w/live -e sched_switch" \
		"$tmp/live" >/dev/null </dev/null &
	owner=$!
	until grep -q recording "$tmp/live"; do
		kill -0 $owner 2>/dev/null || fail "it ended: $(cat "$tmp/live")"
		sleep 0.1
	done
	ctl stop
	expect_status 0
	ended 0
	longest=$(grep -ao '[0-9]* s  recording[^[:cntrl:]]*' "$tmp/live" | awk '{ print length }' |
		sort -n | tail -n 1)
	[ "$longest" = 29 ] || fail "$longest columns of 30"
	it 'and none where the command writes to the terminal'
	script -qec "xtrace-run --root $root -n $me -o $w/quiet -e sched_switch sleep 1" /dev/null \
		>"$tmp/stdout" </dev/null
	expect_stdout_like 'quiet: [0-9]+ events in'
	! grep -q recording "$tmp/stdout" || fail 'a line among what the command writes'
	no_traces_left
fi

it 'tells the signal that ended the command'
# shellcheck disable=SC2016
record -o "$w/k" sh -c 'kill -KILL $$'
expect_status 137
complete "$w/k"

it 'leaves what can be read when it is killed, and the next session sweeps'
session "$me" -o "$w/killed"
sleep 1.2
kill -KILL $owner
ended 137
[ -d "$instances/xtrace-$me" ] || fail 'the kernel removed the instance by itself'
run xtrace-view --stat "$w/killed"
expect_status 0
expect_stdout_like 'SCHED_SWITCH'
run timeout 60 xtrace-view -F "$w/killed"
expect_status 0
expect_stderr_like 'killed: the recording was cut: its recorder is gone'
xtrace-run --root "$root" -n "$me-next" -o "$w/next" true 2>/dev/null ||
	fail 'the next session failed'
no_traces_left

it 'refuses a second session of the same name, and runs two of different ones'
session "$me" -o "$w/one"
record -o "$w/no" true
expect_status 125
expect_stderr_like "a session named \"$me\" is running \(PID $owner\): stop it, or name this one with -n"
[ ! -e "$w/no" ] || fail 'a directory was made'
run xtrace-run --root "$root" -n "$me-b" -o "$w/two" true
expect_status 0
complete "$w/two"
kill -INT $owner
ended 0
complete "$w/one"
record -n 'a/b' -o "$w/no" true
expect_status 125
expect_stderr_like 'session name "a/b": expected 1 to 31 letters, digits, - or _'

it 'leaves a directory alone into which a session records, also with -f'
session "$me" -e sched_switch -o "$w/held"
run xtrace-run --root "$root" -n "$me-b" -f -o "$w/held" true
expect_status 125
expect_stderr "xtrace-run: $w/held: a session records into it"
kill -INT $owner
ended 0
complete "$w/held"
[ "$(xtrace-view "$w/held" | wc -l)" -gt 10 ] || fail 'what it held is gone'
record -f -o "$w/held" true
expect_status 0

it 'says when there is no such command, or it cannot be executed'
record -o "$w/no" no-such-command-$$
expect_status 127
expect_stderr_like "^xtrace-run: cannot run \"no-such-command-$$\": No such file or directory$"
nothing_left "$w/no"
touch "$w/not-executable"
record -o "$w/no" "$w/not-executable"
expect_status 126
expect_stderr_like 'Permission denied'
nothing_left "$w/no"
printf 'no interpreter' >"$w/nonsense" && chmod +x "$w/nonsense"
printf '#!/no/such/interpreter\n' >"$w/nobody" && chmod +x "$w/nobody"
record -o "$w/nobody.d" "$w/nobody"
expect_status 127
no_traces_left

it 'says that it needs root'
run setpriv --reuid=65534 --regid=65534 --clear-groups xtrace-run -n "$me" -o "$w/no" true
expect_status 125
expect_stderr_like '^xtrace-run: no permission to use .*: recording a kernel needs root$'
nothing_left "$w/no"

it 'says that there is no tracefs'
mkdir "$tmp/bare" "$tmp/bare/run" "$tmp/bare/sys" && ln -s /proc "$tmp/bare/proc"
run xtrace-run --root "$tmp/bare" -o "$w/no" true
expect_status 125
expect_stderr_like '^xtrace-run: no tracefs at .*: mount it with "mount -t tracefs '
nothing_left "$w/no"

it 'needs a place to write to'
record -o "$w/no/such/place" true
expect_status 125
expect_stderr_like "$w/no/such/place"
no_traces_left
mkdir "$w/ro" "$w/small"
if mount -t tmpfs -o ro none "$w/ro" 2>/dev/null; then
	at_exit "umount $w/ro"
	record -o "$w/ro/t" true
	expect_status 125
	expect_stderr_like "$w/ro/t.*Read-only file system"
	no_traces_left
fi

# what the run before has counted as lost, the trace at $1 shows
tells_all_losses() {
	local lost shown

	lost=$(sed -nE 's/.* events in .*, ([0-9]+) lost, .*/\1/p' "$tmp/stderr")
	run xtrace-view --stat "$1"
	expect_status 0
	shown=$(awk '/^HOST +BUFFER/ { on = 1; next } !NF { on = 0 } on { n += $6 } END { print n }' \
		"$tmp/stdout")
	[ "${lost:-0}" -gt 0 ] && [ "$shown" = "$lost" ] ||
		fail "$lost events were lost, the trace tells of $shown"
}

it 'ends when the disk is full, keeps what was written, and lets the command go on'
if mount -t tmpfs -o size=3m none "$w/small" 2>/dev/null; then
	at_exit "umount $w/small"
	record -o "$w/small/t" -e 'raw_syscalls:*' \
		sh -c 'while [ -e "$1/t/reserve" ]; do echo; done >/dev/null; echo alive' sh "$w/small"
	expect_status 125
	expect_stdout alive
	expect_stderr_like 'No space left on device' \
		'the session ends here; what has been written is kept'
	no_traces_left
	tells_all_losses "$w/small/t"
	expect_stdout_like 'SYSCALL_ENTER'
fi

it 'ends so as well where ulimit lets no file grow, and the command has its own way with that'
run bash -c 'ulimit -f 2048; exec xtrace-run "$@"' - --root "$root" -n "$me" -o "$w/limit" \
	-e 'raw_syscalls:*' sh -c 'while [ -e "$1/reserve" ]; do
		dd if=/dev/zero of=/dev/null bs=1 count=50000 2>/dev/null
	done; echo alive' sh "$w/limit"
expect_status 125
expect_stdout alive
expect_stderr_like 'File too large' 'the session ends here; what has been written is kept'
no_traces_left
run xtrace-view --stat "$w/limit"
expect_stdout_like 'SYSCALL_ENTER'
record -f -o "$w/limit" sh -c 'kill -XFSZ $$'
expect_status 153

it 'tells of what a flight recorder could not save, on CPUs of which it has nothing, too'
if mountpoint -q "$w/small" && rm -rf "$w/small/t"; then
	record -m overwrite -o "$w/small/t" -e 'raw_syscalls:*' sh -c '
		for i in 0 1; do taskset -c $i ls / >/dev/null; done
		cat /dev/zero >"$1/fill"; echo alive' sh "$w/small"
	expect_status 125
	expect_stdout alive
	expect_stderr_like 'No space left on device'
	no_traces_left
	tells_all_losses "$w/small/t"
fi

it 'has wrong use answered with its own failure status'
run xtrace-run -m tape true
expect_status 125
expect_stderr_like "stream"
