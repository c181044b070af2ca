#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: the time limit, SIGINT and a host that hangs end the lab with a status and a sentence
# lab: outside
# limit: 300
. "$(dirname "$0")/../t-lib.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '#!/bin/bash\nsleep 1000\n' >"$work/script"
chmod +x "$work/script"
unset KVMRT_LAB_LOCK
export TMPDIR=$work/tmp
mkdir "$TMPDIR"
lab --time-limit 3 "$work/script" 2>"$work/stderr"
same "status" 124 $?
same "sentence" "lab: the time limit of 3 s was reached" "$(cat "$work/stderr")"

# await SECONDS COMMAND...: until it succeeds
await() {
	local end=$((SECONDS + $1))

	until "${@:2}"; do
		[ $SECONDS -lt $end ] || return
		nap 0.2
	done
}

# machine_runs: sets machine to the process that keeps lab's time limit
machine_runs() { machine=$(pgrep -P "$lab" timeout); }

# a background job ignores SIGINT unless it is given it back
env --default-signal=INT "$(type -P lab)" "$work/script" &
lab=$!
await 60 machine_runs || fail "no machine runs after 60 s"
kill -INT $lab
wait $lab
same "status after SIGINT" 130 $?
kill -0 "$machine" 2>/dev/null && fail "the machine outlived lab"

begun_or_ended() { [ -e "$work/out/begun" ] || ! kill -0 $lab 2>/dev/null; }

# begin VARIABLE=VALUE: lab in the background, until the script has begun; where the emulation
# fails before that it boots again, as run-tests does
begin() {
	local status=126 boot

	for ((boot = 1; status == 126 && boot <= 3; boot++)); do
		rm -rf "$work/out"
		env "$1" lab --out "$work/out" "$work/script" 2>"$work/stderr" &
		lab=$!
		await 240 begun_or_ended || kill $lab
		[ ! -e "$work/out/begun" ] || return 0
		wait $lab
		status=$?
		cat "$work/stderr"
	done
	fail "the host does not come up: status $status"
}

# the whole emulator is stopped in place of a deadlock in it
printf '#!/bin/bash\n: >/run/out/begun\nsleep 1000\n' >"$work/script"
begin KVMRT_LAB_SILENCE=8
machine_runs
kill -STOP "$(pgrep -P "$machine")"
wait $lab
same "status of a host that hangs" 126 $?
grep -qx 'lab: the host has given no sign of life for 8 s' "$work/stderr" ||
	fail "no word of a host that hangs: $(cat "$work/stderr")"

# in the words of the kernel, on the console as it would write them; once is not always
printf '#!/bin/bash\nsay() { echo "<3>rcu: rcu_preempt kthread starved for $1 jiffies! g1" >/dev/kmsg; }
: >/run/out/begun; say 5253; sleep 5; : >/run/out/alive; say 5252; sleep 1000\n' >"$work/script"
begin KVMRT_LAB_SILENCE=180
wait $lab
same "status of a host whose RCU is starved" 126 $?
grep -qx "lab: the host's RCU gets no processor time any more" "$work/stderr" ||
	fail "no word of a starved RCU: $(cat "$work/stderr")"
[ -e "$work/out/alive" ] || fail "a single wait ended the host"
same "left in TMPDIR" kvmrt-lab.lock "$(ls "$TMPDIR")"
