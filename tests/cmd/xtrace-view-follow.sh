#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# xtrace-view-follow.sh: a recording is shown as it grows, whenever the view begins
#
# The recorder is played: a directory that was recorded, into which the files of its CPUs
# come later, and a lock on it until it is complete.
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

need flock

recorded=tests/fixtures/demo/xtrace-host
r=$tmp/r

# recording_begins: nothing is on disk but what describes it
recording_begins() {
	rm -rf "$r" "$tmp/later"
	cp -r $recorded "$r"
	mkdir "$tmp/later"
	mv "$r"/cpu*.xt "$tmp/later"
	sed -i 's/^complete = yes$/complete = no/' "$r/session"
	exec 9<"$r"
	flock 9
}
events_come() { mv "$tmp/later"/cpu*.xt "$r"; }
recording_ends() {
	sed -i 's/^complete = no$/complete = yes/' "$r/session"
	flock -u 9
}

# follow OPTION...: in the background
follow() {
	last_command="xtrace-view -F $*"
	timeout 60 xtrace-view -F "$@" "$r" >"$tmp/stdout" 2>"$tmp/stderr" 9<&- &
	view=$!
}
followed() {
	wait $view
	status=$?
}

it 'counts times from the first event, when it began before that'
for options in '--time rel -n 3' '--to +1s' '--json --from +2s -c 1' '--where time>+7s'; do
	recording_begins
	# shellcheck disable=SC2086
	follow $options
	sleep 0.5
	events_come
	recording_ends
	followed
	expect_status 0
	expect_stderr ''
	# shellcheck disable=SC2086
	xtrace-view $options $recorded >"$tmp/whole"
	[ -s "$tmp/whole" ] || fail 'nothing to compare with'
	cmp -s "$tmp/whole" "$tmp/stdout" || fail 'it shows something else than the whole trace'
done

it 'ends with a recording in which nothing happened'
recording_begins
follow --time rel
sleep 0.3
recording_ends
followed
expect_status 0
expect_stdout ''
expect_stderr ''

it 'shows what a recorder that is gone has left, says so, and ends'
recording_begins
events_come
flock -u 9
follow
followed
expect_status 0
expect_stderr "xtrace-view: $r: the recording was cut: its recorder is gone and did not finish it"
xtrace-view --no-pager $recorded >"$tmp/whole"
cmp -s "$tmp/whole" "$tmp/stdout" || fail 'it shows something else than the whole trace'

it 'goes on while there is a recorder, and shows what it wrote last'
recording_begins
follow
sleep 1
kill -0 $view 2>/dev/null || fail 'it did not wait for the recorder'
expect_stderr ''
events_come
flock -u 9
followed
expect_status 0
expect_stderr_like 'the recording was cut'
[ "$(grep -c . "$tmp/stderr")" = 1 ] || fail 'it is said more than once'
cmp -s "$tmp/whole" "$tmp/stdout" || fail 'it shows something else than the whole trace'

it 'ends with a recorder that is killed before the first event'
recording_begins
follow --time rel
sleep 0.3
flock -u 9
followed
expect_status 0
expect_stdout ''
expect_stderr_like 'the recording was cut'
