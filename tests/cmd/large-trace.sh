#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# large-trace.sh: what a large trace costs, as far as it can be told without a clock:
# memory, and what is read of it.  How fast it goes is for "make bench".
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

deal=$KVMRT_BIN/../tests/tools/deal-trace
pair=tests/fixtures/pair
command -v python3 >/dev/null || skip 'python3, which tells how much memory a command took, is not installed'
[ -z "${SAN:-}" ] || skip 'memory is not what it is without a sanitizer'

# peak COMMAND...: its peak resident memory in MiB, in $peak
peak() {
	peak=$(python3 - "$@" 2>"$tmp/stderr" <<'PY'
import os, sys
out = os.open('/dev/null', os.O_WRONLY)
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ,
                        file_actions=[(os.POSIX_SPAWN_DUP2, out, 1)])
_, status, use = os.wait4(child, 0)
print(use.ru_maxrss // 1024 if status == 0 else 'failed')
PY
	)
	last_command=$*
}
# expect_peak MIB
expect_peak() {
	[ "$peak" != failed ] || fail 'the command failed'
	[ "$peak" -lt "$1" ] || fail "a peak of $peak MiB, expected less than $1"
}

"$deal" -c 64 -r 60 "$pair/host.dat" "$tmp/large" 2>/dev/null || fail 'deal-trace failed'
"$deal" -c 64 -r 2 "$pair/host.dat" "$tmp/short" 2>/dev/null || fail 'deal-trace failed'

it 'takes less than 64 MiB for 64 CPUs, with any number of threads'
for threads in 1 2 8; do
	for format in text ftrace; do
		peak xtrace-view -j $threads --format $format "$tmp/large"
		expect_peak 64
	done
done
peak xtrace-view --stat "$tmp/large"
expect_peak 64

it 'shows equal times in the order of CPUs, and nothing twice, whatever the number of CPUs'
xtrace-view --format text -f time,pid,raw "$pair/host.dat" | grep -v LOST | sort >"$tmp/want"
"$deal" -c 64 "$pair/host.dat" "$tmp/once" 2>/dev/null
xtrace-view -f time,pid,raw "$tmp/once" >"$tmp/seen"
sort "$tmp/seen" | cmp - "$tmp/want" || fail 'not the same events'
cut -d ' ' -f 1 "$tmp/seen" >"$tmp/times"
sort -s -n -t . -k 1,1 -k 2,2 "$tmp/times" | cmp - "$tmp/times" || fail 'not in the order of time'

it 'reads of a long trace what --from and --to ask for, and no other block'
"$deal" -c 0 -r 100 -s 20000000000 "$pair/host.dat" "$tmp/long" 2>/dev/null
run xtrace-view --from +400s --to +420s "$tmp/long"
expect_status 0
[ -s "$tmp/stdout" ] || fail 'nothing is shown'
mv "$tmp/stdout" "$tmp/want"
# All payloads of the first third are spoiled: nobody may notice.
python3 - "$tmp"/long/cpu*.xt <<'PY'
import struct, sys
for path in sys.argv[1:]:
    data = bytearray(open(path, 'rb').read())
    at = 0
    while at < len(data) // 6:
        size, = struct.unpack_from('<H', data, at + 6)
        kind = data[at + 5]
        disk, = struct.unpack_from('<I', data, at + 68)
        if kind == 1:
            data[at + size:at + size + disk] = bytes(disk)
        at += size + disk
    open(path, 'wb').write(data)
PY
run xtrace-view --from +400s --to +420s "$tmp/long"
expect_status 0
expect_stderr ''
cmp "$tmp/stdout" "$tmp/want" || fail 'not the same events'
it 'and would have noticed'
run xtrace-view --from +20s --to +40s "$tmp/long"
expect_stderr_like 'checksum'
