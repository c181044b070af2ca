#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# interview.sh: rates against /proc/interrupts, of this machine and of a tree that changes;
# lines, JSON, the screen with its keys
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/tools/page-lib.sh
. tests/tools/page-lib.sh
need python3

root=$tmp/root
mkdir -p "$root/proc" "$root"/sys/devices/system/cpu/cpu{0,1,2,3}
for file in possible present online; do
	echo 0-3 >"$root/sys/devices/system/cpu/$file"
done

# counts HEAD LINE...: the tree's /proc/interrupts from now on, as one write
counts() {
	printf '%s\n' "$@" >"$root/proc/new"
	mv "$root/proc/new" "$root/proc/interrupts"
}
printf '                    CPU0       CPU1       CPU2       CPU3\n      NET_RX: 5 6 7 8\n' \
	>"$root/proc/softirqs"
counts '           CPU0       CPU1       CPU2       CPU3' \
	'  5:  10  20  30  40  PCI-MSIX-0000:00:02.0  0-edge  nic-rx-0' \
	'  6:   1   1   1   1  PCI-MSIX-0000:00:02.0  1-edge  nic-tx-0' \
	'LOC:   1   1   1   4294967290   Local timer interrupts'

it 'refuses what makes no sense'
expect_wrong_usage interview 'at least 10ms' -i 1ms
expect_wrong_usage interview 'at least 10ms' -i 0
expect_wrong_usage interview '-k: expected one of all\|irqs\|softirqs' -k hard
run interview --root "$root" -c 9
expect_status 1
expect_stderr_like '--cpus: .*9'
expect_wrong_usage interview 'no interrupt or softirq is "nic-rx-O"; is "nic-rx-0" meant' \
	--root "$root" nic-rx-O
expect_wrong_usage interview 'is "NET_RX" meant' --root "$root" -n 1 NET_TX
expect_wrong_usage interview '"NONSENSE"; without a name all are shown' --root "$root" LOC NONSENSE
run interview --root "$tmp/none"
expect_status 1
expect_stderr_like 'none'
mkdir -p "$tmp/bad/proc"
echo nonsense >"$tmp/bad/proc/interrupts"
run interview --root "$tmp/bad"
expect_status 1
expect_stderr_like 'nonsense'

it 'prints one comparison where that is what is asked for'
run interview --root "$root" -n 1 -i 10ms
expect_status 0
expect_stdout '     IRQ WHAT                   TOTAL/s    CPU0    CPU1    CPU2    CPU3
       5 nic-rx-0                     .       .       .       .       .
       6 nic-tx-0                     .       .       .       .       .
     LOC Local timer interrupts       .       .       .       .       .
  NET_RX                              .       .       .       .       .'
run interview --root "$root" -n 1 -i 10ms -c 1-2 -k irqs 'nic-r*'
expect_stdout '     IRQ WHAT         TOTAL/s    CPU1    CPU2
       5 nic-rx-0           .       .       .'
run interview --root "$root" -n 2 -i 10ms --changing
expect_stdout '     IRQ WHAT                   TOTAL/s    CPU0    CPU1    CPU2    CPU3

     IRQ WHAT                   TOTAL/s    CPU0    CPU1    CPU2    CPU3'

it 'follows counts, wraps, lines and CPUs that change'
interview --root "$root" --json -i 300ms -n 4 >"$tmp/json" &
pid=$!
at_exit "kill $pid 2>/dev/null"
# after NUMBER: until so many comparisons are there
after() {
	local tries

	for tries in {1..100}; do
		[ "$(wc -l <"$tmp/json")" -ge "$1" ] && return
		sleep 0.05
	done
	fail "no comparison number $1 after $tries tries"
}
after 1
counts '           CPU0       CPU1       CPU2       CPU3' \
	'  5:  17  20  30  45  PCI-MSIX-0000:00:02.0  0-edge  nic-rx-0' \
	'  6:   1   1   1   1  PCI-MSIX-0000:00:02.0  1-edge  nic-tx-0' \
	'LOC:   3   1   1   5   Local timer interrupts'
after 2
counts '           CPU0       CPU1       CPU3' \
	'  4:   9   9   9  PCI-MSIX-0000:00:03.0  0-edge  disk' \
	'  5:  18  20  46  PCI-MSIX-0000:00:02.0  0-edge  nic-rx-0' \
	'LOC:   3   2   5   Local timer interrupts'
after 3
counts '           CPU0       CPU1       CPU2       CPU3' \
	'  4:   9  10   9   9  PCI-MSIX-0000:00:03.0  0-edge  disk' \
	'  5:   2  20  99  46  PCI-MSIX-0000:00:02.0  0-edge  nic-rx-0' \
	'LOC:   3   2   1   5   Local timer interrupts'
wait $pid
python3 - "$tmp/json" >"$tmp/stdout" <<'PY' || fail 'no JSON'
import json, sys
for line in open(sys.argv[1]):
    d = json.loads(line)
    n = lambda v: '-' if v is None else str(round(v * d['seconds']))
    print(*d['cpus'])
    for l in d['lines']:
        if l['kind'] != 'softirq':
            print(' ', l['irq'], n(l['total']), *[n(r) for r in l['rates']])
PY
expect_stdout '0 1 2 3
  5 0 0 0 0 0
  6 0 0 0 0 0
  LOC 0 0 0 0 0
0 1 2 3
  5 12 7 0 0 5
  6 0 0 0 0 0
  LOC 13 2 0 0 11
0 1 3
  4 - - - -
  5 2 1 0 1
  LOC 1 0 1 0
0 1 2 3
  4 1 0 1 - 0
  5 2 2 0 - 0
  LOC 0 0 0 - 0'

it 'counts no more than this machine does, and what it does'
sums() { awk 'NR > 1 { s = 0; for (i = 2; $i ~ /^[0-9]+$/; i++) s += $i; print $1, s }' /proc/interrupts; }
sums >"$tmp/before"
run interview --json -n 1 -i 500ms
sums >"$tmp/after"
expect_status 0
python3 - "$tmp" >"$tmp/wrong" <<'PY' || fail "rates and /proc/interrupts: $(cat "$tmp/wrong")"
import json, sys
counts = [dict(l.split() for l in open(sys.argv[1] + '/' + name)) for name in ('before', 'after')]
d = json.load(open(sys.argv[1] + '/stdout'))
wrong = 0
for l in d['lines']:
    if l['kind'] == 'softirq' or l['total'] is None or l['irq'] + ':' not in counts[0]:
        continue
    by = (int(counts[1][l['irq'] + ':']) - int(counts[0][l['irq'] + ':']))
    if round(l['total'] * d['seconds']) > by:
        print(l['irq'], l['total'] * d['seconds'], 'of', by)
        wrong = 1
busy = {l['irq']: l['total'] for l in d['lines']}
sys.exit(wrong or not busy['LOC'] or abs(d['seconds'] - 0.5) > 0.4)
PY

it 'ends at SIGINT and SIGTERM'
for signal in INT TERM; do
	: >"$tmp/json"
	interview --root "$root" --json -i 50ms >>"$tmp/json" &
	pid=$!
	after 1
	kill -s "$signal" $pid
	wait $pid || fail "status $? after SIG$signal"
done

it 'shows it on a terminal, and obeys the keys'
run tests/tools/terminal.py 60 9 's,c,c,k,k,k,right,left,?,?,space' interview --root "$root" -i 200ms
expect_status 0
screen() { sed -n "/^== $1\$/,/^== /p" "$tmp/stdout" | sed "/^== /d"; }
screen start >"$tmp/start"
expect_like "$tmp/start" '  3 of 4 CPUs  4 irqs and softirqs, as listed$' \
	'IRQ WHAT +TOTAL/s +CPU0 +CPU1 +CPU2$' '^ +4 disk +\. +\. +\. +\.$' '^  NET_RX ' '^q quit'
screen s >"$tmp/s"
expect_like "$tmp/s" 'by total'
screen right >"$tmp/right"
expect_like "$tmp/right" '^     IRQ WHAT +TOTAL/s +CPU1 +CPU2 +CPU3$'
screen left >"$tmp/left"
expect_like "$tmp/left" '^     IRQ WHAT +TOTAL/s +CPU0 '
expect_stdout_like '  0 changing irqs and softirqs, by ' '  3 irqs, ' '  1 softirqs, ' \
	'^  space +pause, and go on$' '^PAUSED '
run tests/tools/terminal.py 20 4 'down,up,pgdn,right,c,?' interview --root "$root" -i 100ms
expect_status 0
run tests/tools/terminal.py 60 9 'ctrl-c' interview --root "$root"
expect_status 0

it 'serves a page, to this machine and to who has the token'
expect_wrong_usage interview 'goes with none of' --gui --json
expect_wrong_usage interview 'go with --gui' --port 8080
serve interview --gui --root "$root" -i 500ms
expect_private
kill "$server"
wait "$server" || fail "status $?"

it 'shows it in a browser'
need_browser
cat >"$tmp/mover.py" <<'PY'
import os, sys, time
for n in range(1000):
    with open(sys.argv[1] + '.new', 'w') as f:
        f.write(f'  CPU0 CPU1\n 5: {n * 40} {n} A 5-edge nic-rx-0\nLOC: {n * 9} 7 Local timer interrupts\n')
    os.rename(sys.argv[1] + '.new', sys.argv[1])
    time.sleep(0.1)
PY
python3 "$tmp/mover.py" "$root/proc/interrupts" &
at_exit "kill $! 2>/dev/null"
serve interview --gui --root "$root" -i 500ms
expect_page interview 'nic-rx-0[^]*Local timer interrupts'
