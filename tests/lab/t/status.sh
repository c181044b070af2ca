#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: lab returns the script's status and output, its folder, and leaves nothing behind
# lab: outside
. "$(dirname "$0")/../t-lib.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/script" <<'END'
#!/bin/bash
echo "out $1"
echo "err $2" >/dev/stderr
echo kept >/run/out/file
sleep 100 &
exit 9
END
chmod +x "$work/script"
unset KVMRT_LAB_LOCK
export TMPDIR=$work/tmp
mkdir "$TMPDIR"
run() {
	lab --out "$work/out" --log "$work/log" "$work/script" 'a  b' "c'd" \
		>"$work/stdout" 2>"$work/stderr"
}
# the emulator's own crash: booted again, here as for the tests that run-tests boots
for _ in 1 2 3; do
	run
	status=$?
	[ $status = 126 ] || break
	cat "$work/stderr"
done
[ $status = 9 ] || cat "$work/stderr"
same "status" 9 $status
same "stdout" "out a  b" "$(cat "$work/stdout")"
same "stderr" "err c'd" "$(cat "$work/stderr")"
same "file of /run/out" kept "$(cat "$work/out/file")"
grep -q "status 9" "$work/log" || fail "the log does not tell the status"
same "left in TMPDIR" kvmrt-lab.lock "$(ls "$TMPDIR")"
