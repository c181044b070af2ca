#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# xtrace-multi-merge.sh: a host and its guest on one clock, and the directory that holds them
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

need flock
host=tests/fixtures/pair/host.dat
guest=tests/fixtures/pair/guest.dat
w=$tmp/work
mkdir "$w"
merge() { run xtrace-multi-merge "$@"; }
# value KEY: of the last member in the JSON on stdout
value() { grep -oE "\"$1\":[^,}]*" "$tmp/stdout" | tail -n 1 | cut -d: -f2; }
# holds FOLDER NAME...: these and nothing else
holds() {
	run ls -A "$1"
	shift
	expect_stdout "$(printf '%s\n' "$@")"
}
between() { [ "$1" -ge "$2" ] && [ "$1" -le "$3" ] || fail "expected $2 to $3, found $1"; }

it 'finds the offset of a guest whose clock nobody set, and says how sure it is'
merge -o "$w/m" $host $guest
expect_status 0
expect_stderr ''
expect_stdout_like '^host: reference, clock tai$' \
	'^guest: windows, offset -136\.9[0-9]+ ms \+- [0-9.]+ us .*; 3849 events checked, 0 outside'

it 'takes a file that was cut for what is left of it, and says so'
cut_off() { head -c $(($(stat -c %s "$1") * $2 / 100)) "$1" >"$w/cut.dat"; }
cut_off $guest 75
merge --check $host "$w/cut.dat"
expect_status 0
expect_stderr_like "$w/cut.dat: its table of rings is not there: 1 CPUs"
expect_stdout_like '^cut: windows, offset -136\.9.* 0 outside'
cut_off $host 90
merge --check "$w/cut.dat" $guest
expect_status 0
expect_stdout_like '^cut: reference, clock not named$' '^guest: windows, offset -136\.9.* 0 outside'
cut_off $host 50
merge -o "$w/half" "$w/cut.dat" $guest
expect_status 0
expect_stderr_like 'guest: its events fit into no vCPU.s windows: merged .* by the time of day'
rm -r "$w/half" "$w/cut.dat"

it 'makes a directory of the members and a file that a person can read'
holds "$w/m" guest.dat host.dat merge
cmp -s $guest "$w/m/guest.dat" || fail 'the member is not its original'
[ "$(sed -n 1p "$w/m/merge")" = 'xtrace-merge 1' ] || fail 'no version in the first line'

it 'leaves nothing else behind'
holds "$w" m

it 'looks at all events for --check, and refuses slices then'
expect_wrong_usage xtrace-multi-merge '--check looks at all events: it does not go with --sample 5' \
	--check --sample 5 $host $guest
run xtrace-multi-merge --help
expect_stdout_like 'replace DIR when it is a merged directory or empty$'

it 'reports as JSON with the figures of the proof'
merge --check --json $host $guest
expect_status 0
between "$(value offset_ns)" -136926889 -136891127
between "$(value error_ns)" 1 40000
[ "$(value violations)" = 0 ] && [ "$(value checked)" = 3849 ] || fail 'not all events checked'
[ "$(value method)" = '"windows"' ] || fail 'not by the windows'

it 'finds the same without the order of the arguments'
merge --check --json $guest $host
expect_status 0
expect_stdout_like '"label":"guest","method":"windows"' '"label":"host","method":"reference"'

it 'refuses a directory that exists, and replaces it with -f'
merge -o "$w/m" $host $guest
expect_status 1
expect_stderr_like "$w/m: exists \(-f replaces a merged directory\)"
merge -f -o "$w/m" $host $guest
expect_status 0

it 'never replaces what is no merged directory'
mkdir "$w/mine" && touch "$w/mine/thesis"
merge -f -o "$w/mine" $host $guest
expect_status 1
expect_stderr_like 'no merged directory: not replaced'
[ -e "$w/mine/thesis" ] || fail 'the file is gone'

it 'takes a merged directory as it takes traces'
merge -o "$w/again" "$w/m"
expect_status 0
expect_stdout_like '^guest: windows, .* 0 outside'

it 'counts anew when it merges again'
[ "$(grep -o 'check [0-9]*' "$w/again/merge")" = 'check 3849' ] || fail 'counted twice'

it 'makes no directory inside of what it merges'
merge -o "$w/m/inner" "$w/m"
expect_status 1
expect_stderr_like "$w/m/inner: lies inside of a merged directory"
mkdir "$w/dir" && cp $host "$w/dir/host.dat"
merge -o "$w/dir/host.dat/x" "$w/dir/host.dat"
expect_status 1
holds "$w/m" guest.dat host.dat merge

it 'copies to another file system'
other=$(mktemp -d /dev/shm/xtrace-multi-merge.XXXXXX)
at_exit "rm -rf $other"
merge -o "$other/m" $host $guest
expect_status 0
cmp -s $host "$other/m/host.dat" || fail 'the copy is not its original'
cp $host "$w/h.dat" && cp $guest "$w/g.dat"
merge --move -o "$other/moved" "$w/h.dat" "$w/g.dat"
expect_status 0
[ ! -e "$w/h.dat" ] && cmp -s $host "$other/moved/h.dat" || fail "not moved"
holds "$other" m moved


it 'knows two sessions of one kernel by their boot, and that their clock is one'
cp -r tests/fixtures/demo/xtrace-host "$w/boot2"
merge -o "$w/one" tests/fixtures/demo/xtrace-host "$w/boot2"
expect_status 0
expect_stderr ''
expect_stdout_like '^host-2: same machine and clock as the reference: exact$'
merge --json tests/fixtures/demo/xtrace-host "$w/boot2"
expect_stdout_like '"label":"host-2","method":"same".*"error_ns":0,'
merge -o "$w/x" --sync same $host $guest
expect_status 1
expect_stderr_like 'is not the same machine since its boot'

it 'knows two sessions of one guest by their boot, and that their threads are the same'
for pair in demo/xtrace-host:demo/xtrace-vm migration/host:migration/vm1; do
	rm -rf "$w/again" && cp -r "tests/fixtures/${pair#*:}" "$w/again"
	for sync in windows tod; do
		merge --json --sync $sync tests/fixtures/${pair%:*} tests/fixtures/${pair#*:} \
			"$w/again"
		expect_status 0
		facts=$(sed 's/{"name"/\n&/g' "$tmp/stdout" |
			sed -n 's/.*"host":"host",\(.*"thread":[0-9]*}\]\).*/\1/p')
		[ "$(wc -l <<<"$facts")" = 2 ] && [ "$(sort -u <<<"$facts" | wc -l)" = 1 ] ||
			fail "not the same for both: $pair $sync"
	done
done

it 'takes two trace.dat for those of one guest where both name it, and no free thread will do'
# name_it NAME TO: the guest's trace with an option more, the name of its machine and kernel
name_it() {
	python3 - $guest "$1" "$2" <<'PY'
import struct, sys
data = bytearray(open(sys.argv[1], 'rb').read())
at = data.index(b'\0', data.index(b'zstd\0') + 5) + 1   # behind the compression's name and version
uname = b'Linux %s 6.1.0-51-amd64 #1 SMP x86_64\0' % sys.argv[2].encode()
section = struct.pack('<HI', 5, len(uname)) + uname + struct.pack('<HI', 0, 8) + data[at:at + 8]
data[at:at + 8] = struct.pack('<Q', len(data))
open(sys.argv[3], 'wb').write(data + struct.pack('<HHIQ', 0, 0, 0, len(section)) + section)
PY
}
name_it vm1 "$w/first.dat" && name_it vm1 "$w/second.dat" && name_it vm2 "$w/other.dat"
for sync in auto windows tod; do
	merge --json --sync $sync $host "$w/first.dat" "$w/second.dat"
	expect_status 0
	facts=$(sed 's/{"name"/\n&/g' "$tmp/stdout" |
		sed -n 's/.*"host":"host",\(.*"thread":[0-9]*}\]\).*/\1/p')
	[ "$(wc -l <<<"$facts")" = 2 ] && [ "$(sort -u <<<"$facts" | wc -l)" = 1 ] ||
		fail "not the same for both: $sync"
done
merge --json $host "$w/first.dat" "$w/other.dat"
expect_stdout_like '"label":"vm1","method":"windows".*"label":"vm2","method":"tod"'
rm "$w/first.dat" "$w/second.dat" "$w/other.dat"

it 'reads no event where there is nothing to compare, however large the traces are'
# all of the blocks' payloads are spoiled: only who reads them may notice
python3 - "$w"/boot2/cpu*.xt <<'PY'
import struct, sys
for path in sys.argv[1:]:
    data = bytearray(open(path, 'rb').read())
    at = 0
    while at + 72 <= len(data):
        size, = struct.unpack_from('<H', data, at + 6)
        disk, = struct.unpack_from('<I', data, at + 68)
        if data[at + 5] == 1:
            data[at + size:at + size + disk] = bytes(disk)
        at += size + disk
    open(path, 'wb').write(data)
PY
merge -o "$w/unread" tests/fixtures/demo/xtrace-host "$w/boot2"
expect_status 0
expect_stderr ''
merge -o "$w/alone" "$w/boot2"
expect_status 0
expect_stderr ''
expect_stdout_like '^host: reference'
it 'and is told of damage where it reads'
merge --check --sync tod tests/fixtures/demo/xtrace-host "$w/boot2"
expect_stderr_like 'damaged blocks were passed over'

it 'takes slices of large traces, says which part that is, and keeps that with the result'
deal=$KVMRT_BIN/../tests/tools/deal-trace
for x in host guest; do
	"$deal" -c 0 -r 30 -s 20000000000 tests/fixtures/pair/$x.dat "$w/long-$x" 2>/dev/null ||
		fail 'deal-trace failed'
done
merge -o "$w/sampled" --sample 8 "$w/long-host" "$w/long-guest"
expect_status 0
expect_stderr ''
expect_stdout_like 'windows, offset -136\.9.* 0 outside .*; in 8 slices, [0-9.]+ % of the time: --check looks at all$'
grep -qE '^  slices 8 ppm [0-9]+$' "$w/sampled/merge" || fail 'not kept'
run xtrace-view --stat "$w/sampled"
expect_stdout_like 'SLICES  % OF TIME$' ' 8 +[0-9.]+$'
merge --json --sample 8 "$w/long-host" "$w/long-guest"
between "$(value offset_ns)" -136926889 -136891127
[ "$(value slices)" = 8 ] && [ "$(value violations)" = 0 ] || fail 'not by 8 slices'
between "$(value checked)" 1000 100000
between "$(value slices_ppm)" 1000 500000

it 'looks at all with --check, with --sample none, and at small traces'
merge --check --json "$w/long-host" "$w/long-guest"
[ "$(value slices)" = 0 ] && [ "$(value checked)" = 115470 ] || fail 'not all checked'
merge --sample none --json "$w/long-host" "$w/long-guest"
[ "$(value slices)" = 0 ] && [ "$(value checked)" = 115470 ] || fail 'not all checked'
merge --json "$w/long-host" "$w/long-guest"
[ "$(value slices_ppm)" = 1000000 ] || fail 'not all checked'

it 'looks at all, and says so, when slices do not do'
merge --json --sample 8 --sync tod "$w/long-host" "$w/long-guest"
expect_status 0
[ "$(value slices)" = 0 ] || fail 'the time of day in slices'
merge --json --sample 8 "$w/long-host" "$guest"
expect_status 0
[ "$(value slices)" = 0 ] || fail 'a trace.dat in slices'
rm -r "$w"/long-* "$w/sampled"

it 'says on a terminal how far it is, and nowhere else'
if command -v script >/dev/null; then
	script -qec "xtrace-multi-merge --check $host $guest" /dev/null >"$tmp/stdout" </dev/null
	expect_stdout_like 'reading host: 100 %' 'reading guest: 100 %'
	merge --check $host $guest
	expect_stderr ''
fi

it 'names members as it is told'
merge -o "$w/named" --label "left=$host" --label "right=$guest"
expect_status 0
expect_stdout_like '^left: reference' '^right: windows'
holds "$w/named" left.dat merge right.dat
merge -o "$w/x" --label "one=$host" --label "one=$guest"
expect_status 1
expect_stderr_like 'would both be called one'

it 'says by how much a guest is off that is merged by its time of day'
merge --sync tod --check $host $guest
expect_status 1
expect_stdout_like '^guest: tod, offset 0\.000000 ms \+- 1369[0-9][0-9]\.[0-9]+ us; [0-9]+ events checked, [0-9]+ outside'
expect_stderr_like 'its time of day is off by 136\.9[0-9]+ ms .*--sync windows'

it 'moves the traces when asked to, and not before all is well'
cp $host "$w/h.dat" && cp $guest "$w/g.dat"
merge --move -o "$w/no/such/folder" "$w/h.dat" "$w/g.dat"
expect_status 1
[ -e "$w/h.dat" ] && [ -e "$w/g.dat" ] || fail 'a trace was moved all the same'
merge --move -o "$w/moved" "$w/h.dat" "$w/g.dat"
expect_status 0
[ ! -e "$w/h.dat" ] && [ -e "$w/moved/h.dat" ] || fail 'a trace was not moved'

it 'moves nothing into which somebody records'
cp -r tests/fixtures/stepped/host tests/fixtures/stepped/vm1 "$w/"
sed -i 's/^complete = yes$/complete = no/' "$w/vm1/session"
exec 9<"$w/vm1"
flock 9
merge --move -o "$w/taken" "$w/host" "$w/vm1"
expect_status 1
expect_stderr_like "^xtrace-multi-merge: $w/vm1: a session records into it: end it first"
[ -e "$w/host/session" ] && [ -e "$w/vm1/session" ] && [ ! -e "$w/taken" ] || fail 'one was moved'
merge -o "$w/live" "$w/host" "$w/vm1"
expect_status 0
expect_stderr "xtrace-multi-merge: $w/vm1: a session still records into it: end it first to merge all of it"
exec 9<&-
merge --move -o "$w/taken" "$w/host" "$w/vm1"
expect_status 0
expect_stderr "xtrace-multi-merge: $w/vm1: its recorder did not end in order: the trace is as far as it came"
[ ! -e "$w/vm1" ] && [ -e "$w/taken/vm1/session" ] || fail 'not moved'
rm -r "$w/taken"

it 'refuses a guest of another host, with the reason'
cp $host "$w/other.dat"
merge --sync windows -o "$w/x" $host "$w/other.dat"
expect_status 1
expect_stderr_like 'cannot be compared .*windows'
[ ! -e "$w/x" ] || fail 'something half made was left'

it 'merges another machine by its time of day, and says so'
merge --check $host "$w/other.dat"
expect_status 0
expect_stdout_like '^other: tod, offset 0\.000000 ms, error unknown; not checked'
expect_stderr_like '^xtrace-multi-merge: other: its events fit into no vCPU.s windows: merged as another'

it 'does not take a guest of which it knows too little for one of another host'
"$deal" -c 0 -n 40 $guest "$w/few" 2>/dev/null || fail 'deal-trace failed'
merge --sync windows -o "$w/x" $host "$w/few"
expect_status 1
expect_stderr_like 'its events are too few to tell at which offset they fit into the windows'
merge --check $host "$w/few"
expect_status 0
expect_stderr_like 'its events are too few to tell where they fit .*: merged as another machine'
merge --check --sync tod $host "$w/few"
expect_status 1
expect_stderr_like 'lie outside .* its events are too few to tell which offset puts them inside$'

it 'refuses what is no trace, and what is no merge file'
echo nothing >"$w/nothing"
merge -o "$w/x" $host "$w/nothing"
expect_status 1
expect_stderr_like "$w/nothing"
sed -i 's/^  label guest$/  label host/' "$w/m/merge"
merge --check "$w/m"
expect_status 1
expect_stderr_like 'm/merge: member .*: its name or label is there twice'

it "labels a guest's trace that lies in its host's"
cp -r tests/fixtures/demo/xtrace-host "$w/holder"
cp -r tests/fixtures/demo/xtrace-vm "$w/holder/vm1"
merge --json --label "it=$w/holder/vm1" "$w/holder"
expect_status 0
expect_stdout_like '"label":"it",'
[ "$(grep -o '"label"' "$tmp/stdout" | wc -l)" = 2 ] || fail 'not both'

it 'labels a member of a merged directory'
rm -rf "$w/m"
merge -o "$w/m" $host $guest
merge --json --label "it=$w/m/guest.dat" "$w/m/"
expect_status 0
expect_stdout_like '"label":"it","method":"windows"'
[ "$(grep -o '"label"' "$tmp/stdout" | wc -l)" = 2 ] || fail 'not the two members'
expect_wrong_usage xtrace-multi-merge "give the members' own names" --json --label "it=$w/m" "$w/m"

it 'says what it needs'
expect_wrong_usage xtrace-multi-merge 'expected -o DIR' $host
expect_wrong_usage xtrace-multi-merge 'are the same trace' -o "$w/x" $host $guest ./$host
expect_wrong_usage xtrace-multi-merge 'expected the traces' -o "$w/x"

it 'takes no trace a second time that a merged directory has already'
cp -r $host tests/fixtures/demo/xtrace-host "$w/" && rm -rf "$w/m"
merge -o "$w/m" "$w/host.dat" "$w/xtrace-host"
expect_status 0
if [ "$w/host.dat" -ef "$w/m/host.dat" ]; then	# else it was cloned, which nothing shows
	for twice in host.dat xtrace-host; do
		expect_wrong_usage xtrace-multi-merge "m/[^/]+ and .*/$twice are the same trace" \
			-o "$w/x" "$w/m" "$w/$twice"
	done
fi
expect_wrong_usage xtrace-multi-merge 'expected a NAME of 1 to 63 printable' -o "$w/x" --label "x y=$guest" $host
expect_wrong_usage xtrace-multi-merge 'expected auto, none or a number from 2' --json --sample 1 $host $guest
expect_wrong_usage xtrace-multi-merge 'looks at all events' --check --sample 8 $host $guest
expect_wrong_usage xtrace-multi-merge 'expected NAME=DIR' -o "$w/x" --label guest $host
# A name for one of the traces is no further trace.
# shellcheck disable=SC2046
merge -o "$w/x" --label "a=$host" $host $(seq -f "$w/none%g" 1023)
expect_status 1
expect_stderr "xtrace-multi-merge: $w/none1: cannot open the trace: No such file or directory"
# shellcheck disable=SC2046
expect_wrong_usage xtrace-multi-merge 'more than 1024 traces' -o "$w/x" --label "a=$guest" \
	$host $(seq -f "$w/none%g" 1023)
expect_wrong_usage xtrace-multi-merge 'has a label already' -o "$w/x" --label "a=$guest" --label "b=./$guest" $host

it 'finds -136.909 ms +- 18 us in the recorded pair with all of its events'
data=../shared/data
if [ -e $data/lab-host.dat ] && [ -e $data/lab-guest.dat ]; then
	merge --check --json $data/lab-host.dat $data/lab-guest.dat
	expect_status 0
	between "$(value offset_ns)" -136926889 -136891127
	between "$(value error_ns)" 17000 18499
	[ "$(value checked)" = 48071 ] && [ "$(value violations)" = 0 ] || fail 'not 0 of 48071'
fi
