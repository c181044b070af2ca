#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: the time limit ends the lab with status 124 and a sentence; SIGINT leaves nothing
# lab: outside
. "$(dirname "$0")/../t-lib.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '#!/bin/bash\nsleep 1000\n' >"$work/script"
chmod +x "$work/script"
export TMPDIR=$work/tmp
mkdir "$TMPDIR"
lab --time-limit 3 "$work/script" 2>"$work/stderr"
same "status" 124 $?
same "sentence" "lab: the time limit of 3 s was reached" "$(cat "$work/stderr")"

# a background job ignores SIGINT unless it is given it back
env --default-signal=INT "$(type -P lab)" "$work/script" &
lab=$!
sleep 4
machine=$(pgrep -P $lab timeout)
[ -n "$machine" ] || fail "no machine runs after 4 s"
kill -INT $lab
wait $lab
same "status after SIGINT" 130 $?
kill -0 "$machine" 2>/dev/null && fail "the machine outlived lab"
same "left in TMPDIR" kvmrt-lab.lock "$(ls "$TMPDIR")"
