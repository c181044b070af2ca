#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# xtrace-export.sh: trace-cmd reads what it writes, and prints what xtrace-view prints
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

need trace-cmd python3
fixtures=tests/fixtures
w=$tmp/work
mkdir "$w"

# same_text TRACE FILE: both programs, both traces
same_text() {
	xtrace-view --format ftrace "$1" >"$w/ours" 2>/dev/null
	[ "$(wc -l <"$w/ours")" -gt 1000 ] || fail "$1 is hardly shown"
	trace-cmd report "$2" >"$w/theirs" 2>"$w/said" || fail "trace-cmd: $(cat "$w/said")"
	cmp "$w/ours" "$w/theirs" || fail "$2 is not what $1 is"
	xtrace-view --format ftrace "$2" | cmp - "$w/ours" || fail "$2 reads in another way here"
}

it 'writes a directory of xtrace-run as trace-cmd reads it'
for trace in "$fixtures"/{demo/freeze-host,demo/xtrace-vm,hotplug/host,stepped/vm1}; do
	run xtrace-export -f -o "$w/one.dat" "$trace"
	expect_status 0
	expect_stdout ''
	expect_stderr ''
	same_text "$trace" "$w/one.dat"
done

it 'writes a trace.dat anew, also from what it wrote itself'
run xtrace-export -o "$w/host.dat" $fixtures/pair/host.dat
expect_status 0
same_text $fixtures/pair/host.dat "$w/host.dat"
run xtrace-export -o "$w/again.dat" "$w/host.dat"
expect_status 0
same_text "$w/host.dat" "$w/again.dat"

it 'writes options that trace-cmd dump shows'
run trace-cmd dump --options "$w/one.dat"
expect_status 0
expect_stdout_like 'Option TRACECLOCK' '"mono" .clock.|"tai" .clock.'

it 'writes the names of tasks as they were saved, also behind one with a newline'
cp -r $fixtures/demo/freeze-host "$w/names"
sed -i '3s/.*/&\nof two lines/' "$w/names/saved_cmdlines"
run xtrace-export -o "$w/names.dat" "$w/names"
expect_status 0
same_text "$w/names" "$w/names.dat"
grep -q '<\.\.\.>-' "$w/ours" || fail 'all names are known'

it 'writes each clock so that it is shown alike, as seconds or as a number'
for clock in mono boot local x86-tsc 'x86-tsc in ns'; do
	cp -r $fixtures/demo/freeze-host "$w/$clock"
	sed -i "s/^clock = .*/clock = ${clock% in ns}/" "$w/$clock/session"
	case $clock in
	*' in ns') sed -i 's/^is-ns = .*/convert = mult 1000 shift 10/' "$w/$clock/session" ;;
	esac
	run xtrace-export -o "$w/$clock.dat" "$w/$clock"
	expect_status 0
	same_text "$w/$clock" "$w/$clock.dat"
done

it 'and in seconds where trace-cmd forgets the clock, as in what it splits'
trace-cmd split -i "$w/boot.dat" -o "$w/split.dat" >"$w/said" 2>&1 || fail "$(cat "$w/said")"
same_text "$w/split.dat.1" "$w/split.dat.1"
grep -q '\] [0-9]*\.[0-9]*: ' "$w/ours" || fail 'no seconds'
run xtrace-export -o "$w/unsplit.dat" "$w/split.dat.1"
expect_status 0
same_text "$w/split.dat.1" "$w/unsplit.dat"

# on_one_clock FOLDER MERGED: trace-cmd has host and vm1 of a folder at the times of a merge
on_one_clock() {
	trace-cmd report -t -i "$1/host.dat" -i "$1/vm1.dat" 2>"$w/said" |
		sed -nE 's/^ *(host|vm1)\.dat:.* ([0-9]+)\.([0-9]{9}): .*/\2\3 \1/p' >"$w/theirs"
	xtrace-view --time raw -f time,host --format csv "$2" |
		sed -nE 's/^([0-9]+),(host|vm1)$/\1 \2/p' >"$w/ours"
	[ "$(grep -c vm1 "$w/theirs")" -gt 1000 ] || fail 'hardly a guest there'
	# Ours has lines more, at the same times; the rates of clocks are written by their ends,
	# so a few nanoseconds are rounding.
	run python3 -c '
import sys
a, b = ([l.split() for l in open(p)] for p in sys.argv[1:3])
for host in "host", "vm1":
    x, y = (sorted({int(t) for t, h in z if h == host}) for z in (a, b))
    assert len(x) == len(y), (host, len(x), len(y))
    worst = max(abs(s - t) for s, t in zip(x, y))
    assert worst <= (0 if host == "host" else 5), (host, worst)
' "$w/ours" "$w/theirs"
	expect_status 0
}

it 'writes host and guest so that trace-cmd has them on one clock'
xtrace-multi-merge -o "$w/both" --label vm1=$fixtures/demo/xtrace-vm $fixtures/demo/xtrace-host \
	>/dev/null || fail 'no merge'
run xtrace-export -o "$w/dats" "$w/both"
expect_status 0
run ls "$w/dats"
expect_stdout $'host.dat\nvm1.dat'
on_one_clock "$w/dats" "$w/both"

it 'and two trace.dat that were merged as well'
xtrace-multi-merge -o "$w/pair" --label vm1=$fixtures/pair/guest.dat $fixtures/pair/host.dat \
	>/dev/null || fail 'no merge'
run xtrace-export -o "$w/pair-dats" "$w/pair"
expect_status 0
expect_stderr ''
on_one_clock "$w/pair-dats" "$w/pair"

it 'says of a guest whose clock was set back that it keeps its own time'
xtrace-multi-merge -o "$w/stepped" $fixtures/stepped/{host,vm1} >/dev/null || fail 'no merge'
run xtrace-export -o "$w/stepped-dats" "$w/stepped"
expect_status 0
expect_stderr "xtrace-export: $w/stepped/vm1: is written with its own time, not its host's: its clock was set back"

it 'makes no file outside of its folder, whatever a trace calls its host'
cp -r $fixtures/demo/freeze-vm "$w/up"
cp -r $fixtures/demo/freeze-vm "$w/down"
sed -i 's|^host = .*|host = ../escaped|' "$w/up/session"
sed -i 's|^host = .*|host = .._escaped|' "$w/down/session"
run xtrace-export -o "$w/kept" "$w/up" "$w/down"
expect_status 0
run ls "$w/kept"
expect_stdout $'_._escaped-2.dat\n_._escaped.dat'
[ ! -e "$w/escaped.dat" ] || fail 'a file beside the folder'

it 'has the guests by their threads, for who is given its files instead of the traces'
run xtrace-multi-merge --check --json "$w/dats/host.dat" "$w/dats/vm1.dat"
expect_status 0
expect_stdout_like '"label":"vm1"'

it 'keeps the guests and the clock of what it wrote, whatever is written anew'
for one in host vm1; do
	run xtrace-export -o "$w/$one-anew.dat" "$w/dats/$one.dat"
	expect_status 0
done
run trace-cmd dump --options "$w/host-anew.dat"
expect_status 0
expect_stdout_like 'Option TRACECLOCK' 'Option GUEST' 'vm1'
trace-cmd report -i "$w/dats/host.dat" -i "$w/dats/vm1.dat" 2>/dev/null | sed 's/^.*\.dat://' >"$w/theirs"
trace-cmd report -i "$w/host-anew.dat" -i "$w/vm1-anew.dat" 2>/dev/null | sed 's/^.*\.dat://' | cmp - "$w/theirs" ||
	fail 'the times differ'

it 'writes one of them alone'
run xtrace-export -H vm1 -o "$w/vm1.dat" "$w/both"
expect_status 0
run xtrace-export -H vm2 -o "$w/none.dat" "$w/both"
expect_status 1
expect_stderr 'xtrace-export: no host "vm2" in these traces'
[ ! -e "$w/none.dat" ] || fail 'a file was made'

it 'replaces nothing unasked, and never what is no file'
run xtrace-export -o "$w/host.dat" $fixtures/pair/guest.dat
expect_status 1
expect_stderr "xtrace-export: $w/host.dat is there already (-f replaces it)"
run xtrace-export -f -o /dev/null $fixtures/pair/guest.dat
expect_status 1
expect_stderr 'xtrace-export: /dev/null is no file, and is not replaced'
run xtrace-export -o "$w/dats" "$w/both"
expect_status 1
expect_stderr_like 'cannot make the folder .*: File exists'

it 'replaces with -f what a link leads to, and its own input'
ln -s again.dat "$w/link.dat"
run xtrace-export -o "$w/link.dat" $fixtures/pair/host.dat
expect_status 1
expect_stderr "xtrace-export: $w/link.dat is there already (-f replaces it)"
run xtrace-export -f -o "$w/link.dat" $fixtures/pair/guest.dat
expect_status 0
[ -L "$w/link.dat" ] || fail 'the link is gone'
same_text $fixtures/pair/guest.dat "$w/again.dat"
run xtrace-export -f -o "$w/again.dat" "$w/again.dat"
expect_status 0
same_text $fixtures/pair/guest.dat "$w/again.dat"
ln -s nowhere "$w/dangling.dat"
run xtrace-export -f -o "$w/dangling.dat" $fixtures/pair/guest.dat
expect_status 1
expect_stderr "xtrace-export: $w/dangling.dat is no file, and is not replaced"
run sh -c "xtrace-export -f -o /dev/stdout $fixtures/pair/guest.dat | cat"
expect_stderr 'xtrace-export: /dev/stdout is no file, and is not replaced'
ln -s /proc/self/fd/1 "$w/stdout.dat"
run sh -c "xtrace-export -f -o '$w/stdout.dat' $fixtures/pair/guest.dat >'$w/again.dat'"
expect_status 0
[ -L "$w/stdout.dat" ] || fail 'the link is gone'
same_text $fixtures/pair/guest.dat "$w/again.dat"
xtrace-export -o "$w/again.dat" -f "$w/host.dat" || fail 'cannot be made again'

it 'makes nothing among the files of what it exports'
cp -r $fixtures/demo/freeze-host "$w/inside"
for out in "$w/inside" "$w/inside/x.dat" "$w/inside/formats/x.dat" "$w/inside/cpu0.xt"; do
	run xtrace-export -f -o "$out" "$w/inside"
	expect_status 1
	expect_stderr "xtrace-export: $out: lies inside of $w/inside, which is to be exported"
done
diff -r $fixtures/demo/freeze-host "$w/inside" || fail 'the trace has changed'
run xtrace-export -f -o "$w/pair" "$w/pair"
expect_status 1
expect_stderr "xtrace-export: $w/pair: lies inside of $w/pair, which is to be exported"

it 'passes over what is damaged, with a word'
python3 -c '
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[len(data) // 2] ^= 0xff
open(sys.argv[2], "wb").write(data)
' "$w/again.dat" "$w/bad.dat"
run xtrace-export -o "$w/mended.dat" "$w/bad.dat"
expect_status 0
expect_stderr_like "^xtrace-export: $w/bad.dat: "
trace-cmd report "$w/mended.dat" >"$w/theirs" 2>/dev/null || fail 'trace-cmd does not read it'
grep -q 'EVENTS DROPPED' "$w/theirs" || fail 'nothing tells that events are missing'

it 'ends what it does where nobody reads what it has to say'
run python3 -c '
import os, subprocess, sys
r, w = os.pipe()
os.close(r)
sys.exit(subprocess.call(sys.argv[1:], stderr=w))
' xtrace-export -o "$w/unread.dat" "$w/bad.dat"
expect_status 0
run sh -c "ls '$w' | grep unread"
expect_stdout 'unread.dat'

it 'goes on without the symbols where they are damaged, with a word'
cp -r $fixtures/demo/freeze-host "$w/nosyms"
echo rubbish >"$w/nosyms/kallsyms.zst"
run xtrace-export -o "$w/nosyms.dat" "$w/nosyms"
expect_status 0
expect_stderr "xtrace-export: $w/nosyms: the kernel's symbols cannot be read: Bad message"
same_text "$w/nosyms" "$w/nosyms.dat"

it 'says so on a line of its own where a terminal shows how far it is'
run tests/tools/terminal.py 200 5 wait xtrace-export -f -o "$w/mended.dat" "$w/bad.dat"
expect_stdout_like '^xtrace-export: '
run grep -cE 'writing .*xtrace-export:' "$tmp/stdout"
expect_stdout 0

it 'leaves nothing of a file that cannot be written'
run xtrace-export -o "$w/nowhere/x.dat" $fixtures/pair/guest.dat
expect_status 1
expect_stderr_like "cannot make $w/nowhere/x.dat: No such file"
run sh -c "ulimit -f 16; exec xtrace-export -o '$w/full.dat' $fixtures/pair/host.dat"
[ "$status" != 0 ] || fail 'a file that is too large was made'
if ls "$w"/full.dat* >/dev/null 2>&1; then
	fail "left: $(ls "$w"/full.dat*)"
fi

# in_the_middle SIGNAL default|ignored FILE TRACE: the status of an export that got it half way
in_the_middle() {
	python3 - "$@" <<'PY'
import os, signal, subprocess, sys, time
number, kind, out, trace = getattr(signal, sys.argv[1]), *sys.argv[2:]
for _ in range(20):
    signal.signal(number, signal.SIG_IGN if kind == 'ignored' else signal.SIG_DFL)
    child = subprocess.Popen(['xtrace-export', '-f', '-o', out, trace], stderr=subprocess.DEVNULL)
    part = '%s.%d' % (out, child.pid)
    while child.poll() is None and not os.path.exists(part):
        time.sleep(0.001)
    child.send_signal(signal.SIGSTOP)
    time.sleep(0.05)
    half = child.poll() is None and os.path.exists(part)
    child.send_signal(number)
    child.send_signal(signal.SIGCONT)
    child.wait()
    if half:
        print(child.returncode)
        break
PY
}

it 'leaves nothing half way, and heeds no signal that is to be ignored'
"$KVMRT_BIN/../tests/tools/deal-trace" -c 0 -r 100 $fixtures/pair/host.dat "$w/long" 2>/dev/null || fail 'deal-trace failed'
for signal in SIGINT SIGTERM SIGHUP; do
	[ "$(in_the_middle $signal default "$w/half.dat" "$w/long")" = 1 ] || fail "$signal: not ended"
	if ls "$w"/half.dat* >/dev/null 2>&1; then
		fail "left: $(ls "$w"/half.dat*)"
	fi
done
[ "$(in_the_middle SIGHUP ignored "$w/half.dat" "$w/long")" = 0 ] || fail 'SIGHUP was heeded'
[ -e "$w/half.dat" ] || fail 'no file'

it 'leaves nothing of a folder where one of its files cannot be written'
run sh -c "ulimit -f 100; exec xtrace-export -o '$w/full' $fixtures/pair/guest.dat $fixtures/pair/host.dat"
[ "$status" != 0 ] || fail 'a file that is too large was made'
[ ! -e "$w/full" ] || fail "left: $(ls "$w/full")"

it 'wants a file to make, and a trace'
expect_wrong_usage xtrace-export 'expected -o FILE' $fixtures/pair/guest.dat
expect_wrong_usage xtrace-export 'expected -o FILE' -o '' $fixtures/pair/guest.dat
run xtrace-export -o "$w/x.dat" "$w"
expect_status 1
