#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# xtrace-ctl.sh: what it asks of sessions, one by one and several in a call, and at its prompt
# shares: tracing
# shellcheck source=tests/xtrace/lib.sh
. "$(dirname "$0")/../xtrace/lib.sh"

it 'answers help without a session'
run xtrace-ctl help
expect_status 0
expect_stderr ''
expect_stdout_like '^flush ' '^mark ' '^list '

it 'has no session to talk to'
ctl status
expect_status 1
expect_stdout ''
expect_stderr 'xtrace-ctl: no session is running'
ctl -s nobody flush
expect_status 1
expect_stderr 'xtrace-ctl: no session named "nobody" is running'
ctl list
expect_status 0
ctl --json list
expect_stdout_like '^\[' '\]$'

it 'understands all words before it does the first'
session "$me" -o "$w/t" -m overwrite -e sched_process_exit \
	sh -c "while [ ! -e $w/end ]; do sleep 0.05; done; exit 9"
first=$owner
run xtrace-ctl --root "$root" pause flsh
expect_status 2
expect_stderr_like 'unknown command "flsh"; near it: flush'
run xtrace-ctl --root "$root" mark
expect_status 2
expect_stderr_like 'mark: expected a TEXT'
ctl status
expect_stdout_like ': recording for'

it 'shows the state, as text and as JSON'
expect_stdout_like "^session    $me \(PID $owner\): recording for [0-9]+ s, mode overwrite" \
	"^directory  $w/t$" '^command    sh -c ' '^CPU +WRITTEN +LOST +OVERWRITTEN +RAW +DISK$' '^  0 '
ctl --json status
expect_status 0
expect_stdout_like "\"name\":\"$me\",\"pid\":$owner,\"state\":\"recording\",\"mode\":\"overwrite\"" \
	'"cpus":\[\{"cpu":0,"written":[0-9]+,'
ctl list
expect_stdout_like "^$me +$owner +recording +overwrite"
ctl --json LIST
expect_stdout_like "\"name\":\"$me\""

it 'does several in a call, in their order, in any case'
ctl pause STATUS Resume status mark 'first mark' flush mark 'second mark'
expect_status 0
expect_stderr ''
states=$(grep -oE ': (paused|recording) for' "$tmp/stdout" | tr '\n' ' ')
[ "$states" = ': paused for : recording for ' ] ||
	fail 'not paused and then recording'

it 'pauses and resumes some CPUs, and refuses others'
ctl -c 0 pause resume
expect_status 0
ctl -c 0 pause mark 'on another CPU' flush resume
expect_status 0
ctl -c 5000 pause
expect_status 1
expect_stderr_like 'the session records the CPUs .* only'
ctl -c x pause
expect_status 1
expect_stderr_like '^xtrace-ctl: -c: '
ctl -c 0 stop
expect_status 1
expect_stderr_like 'stop ends the whole session'

it 'refuses a mark while nothing records, and one that is too long'
ctl pause mark lost
expect_status 1
expect_stderr_like 'does not record now'
ctl resume
ctl mark "$(printf '%5000s' x)"
expect_status 1
expect_stderr_like 'at most 4000 bytes'
ctl mark "$(printf 'two\nlines')"
expect_status 1
expect_stderr_like 'must be one line'

it 'asks which one when there are two'
session "$me-b" -o "$w/b" -e sched_switch
ctl flush
expect_status 1
expect_stderr_like "^xtrace-ctl: 2 sessions are running \($me, $me-b\): choose one with -s$"
ctl -s "$me-b" flush stop
expect_status 0
ended 0
complete "$w/b"

it 'has the directory final when stop returns, and the command goes on'
ctl flush stop
expect_status 0
complete "$w/t"
for mark in 'first mark' 'second mark' 'on another CPU'; do
	run xtrace-view -e CUSTOM "$w/t"
	expect_stdout_like "$mark"
done
no_traces_left
ctl status
expect_status 1
expect_stderr 'xtrace-ctl: no session is running'
touch "$w/end"
owner=$first
ended 9

it 'answers who came before the end and asks behind it, and the command goes on'
rm "$w/end"
for mode in stream overwrite; do
	session "$me" -m $mode -o "$w/late-$mode" sh -c "while [ ! -e $w/end ]; do sleep 0.05; done"
	python3 - "$root/run/xtrace/$me/control" "$me" "$root" >"$tmp/answers" <<-'END'
		import socket, subprocess, sys, time
		asked = []
		for verb in "flush - ", "pause - ", "resume - ", "mark - late", "stop - ":
		    asked.append((verb, socket.socket(socket.AF_UNIX)))
		    asked[-1][1].connect(sys.argv[1])
		subprocess.run(["xtrace-ctl", "--root", sys.argv[3], "-s", sys.argv[2], "stop"], check=True)
		for verb, conn in asked:
		    conn.send(f"xtrace/1 {verb}\n".encode())
		    print(verb.split()[0], conn.makefile().read().strip())
	END
	expect_same "$tmp/answers" 'flush error 3 the session has ended
pause error 3 the session has ended
resume error 3 the session has ended
mark error 3 the session has ended
stop ok'
	complete "$w/late-$mode"
	touch "$w/end"
	ended 0
	rm "$w/end"
done

it 'says at a stop what could not be saved'
mkdir "$w/small"
if mount -t tmpfs -o size=3m none "$w/small" 2>/dev/null; then
	at_exit "umount $w/small"
	session "$me" -m overwrite -o "$w/small/t" -e 'raw_syscalls:*' sleep 60
	ls -lR /usr/share/doc >/dev/null
	cat /dev/zero >"$w/small/fill" 2>/dev/null
	ctl stop
	expect_status 1
	expect_stderr_like '^xtrace-ctl: the session has ended, but .*: No space left on device$'
	no_traces_left
	pkill -P "$owner" sleep
	ended 125
fi

it 'stops a session that clients without a request keep busy'
session "$me" -o "$w/busy" -e sched_process_exit
python3 - "$root/run/xtrace/$me/control" "$me" "$root" >"$tmp/answers" 2>&1 <<-'END'
	import socket, subprocess, sys
	silent = [socket.socket(socket.AF_UNIX) for _ in range(16)]
	for conn in silent:
	    conn.connect(sys.argv[1])
	subprocess.run(["xtrace-ctl", "--root", sys.argv[3], "-s", sys.argv[2], "stop"], check=True)
END
expect_same "$tmp/answers" ''
ended 0
complete "$w/busy"

it 'does not say that a session is final whose owner was killed'
session "$me" -o "$w/killed" -e sched_process_exit
kill -STOP "$owner"
ask stop
kill -KILL "$owner"
answered
expect_status 1
expect_stderr "xtrace-ctl: the owner of session \"$me\" was killed, or has not answered"
ended 137

it 'may start a session of the name while the command of the last one goes on'
session "$me" -o "$w/t1" sh -c "while [ ! -e $w/end ]; do sleep 0.05; done"
first=$owner
ctl stop
expect_status 0
session "$me" -o "$w/t2"
ctl stop
expect_status 0
ended 0
touch "$w/end"
owner=$first
ended 0
complete "$w/t1"
complete "$w/t2"

it 'keeps what was recorded before a pause, and notes the gap'
session "$me" -o "$w/gap" -e sched_switch
ctl mark before pause resume mark behind stop
expect_status 0
ended 0
run xtrace-view -e CUSTOM "$w/gap"
expect_stdout_like before behind
run xtrace-view "$w/gap"
expect_stdout_like LOST
run xtrace-view -e LOST "$w/gap"
expect_stdout_like LOST
grep -qv LOST "$tmp/stdout" && fail '-e LOST shows events'
read -r lost _ <"$tmp/stdout"
gap=$(grep -c " LOST " "$tmp/stdout")
run xtrace-view --from "$lost" -e LOST "$w/gap"
[ "$(grep -c "^$lost .* LOST " "$tmp/stdout")" = "$gap" ] || fail 'a gap is lost that --from begins with'

it 'has the gap of each CPU begin with its own pause'
if [ "$(nproc)" -ge 2 ]; then
	session "$me" -c 0-1 -o "$w/pauses" -e sched_switch
	ctl -c 0 pause
	sleep 0.3
	ctl pause
	ctl -c 1 pause
	ctl resume stop
	ended 0
	# kind, first_ts and last_ts of the heads of blocks: xtrace-dir(5)
	python3 - "$w/pauses" >"$tmp/longer" <<-'END'
		import struct, sys
		def gaps(cpu):
		    data, at = open(f"{sys.argv[1]}/cpu{cpu}.xt", "rb").read(), 0
		    while at < len(data):
		        kind, head, first, last = struct.unpack_from("<5xBH16xQQ", data, at)
		        disk, = struct.unpack_from("<I", data, at + 68)
		        if kind == 2:
		            yield last - first
		        at += head + disk
		[one], [other] = list(gaps(0)), list(gaps(1))
		print(one - other > 250_000_000)
	END
	expect_same "$tmp/longer" True
fi

it 'takes lines at its prompt, and goes on behind a wrong one'
session "$me" -o "$w/prompt"
printf 'status\nnonsense\nmark all that follows  it\n\nSTOP\nquit\nhelp\n' >"$w/lines"
xtrace-ctl --root "$root" <"$w/lines" >"$tmp/stdout" 2>"$tmp/stderr"
status=$?
expect_status 0
expect_stdout_like "^session    $me "
! grep -q '^flush ' "$tmp/stdout" || fail 'a line behind quit was taken'
expect_stderr_like 'unknown command "nonsense"'
ended 0
run xtrace-view -e CUSTOM "$w/prompt"
expect_stdout_like 'all that follows  it'

it 'says that permission is missing'
session "$me" -o "$w/perm"
run setpriv --reuid=65534 --regid=65534 --clear-groups xtrace-ctl --root "$root" status
expect_status 3
expect_stderr_like 'no permission to look into .*/run/xtrace: be root or in the group xtrace'
run setpriv --reuid=65534 --regid=65534 --clear-groups xtrace-ctl --root "$root" -s "$me" stop
expect_status 3
expect_stderr_like "no permission to control session \"$me\""
ctl stop
ended 0

it 'says how it is used'
expect_wrong_usage xtrace-ctl 'unknown option --xyzzy' --xyzzy
