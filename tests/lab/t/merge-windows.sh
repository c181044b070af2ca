#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: guests with other clocks are merged by their windows, migrating or set back in mid-trace
# lab: --guests 1
# limit: 240
. "$(dirname "$0")/../t-lib.sh"

# merged FILE KEY: of the guest's member in the report
merged() { grep -oE '"label":"vm1".*' "$1" | grep -oE "\"$2\":[^,}]*" | cut -d: -f2; }

# proven FILE METHOD MICROSECONDS: nothing outside, by that method, with at most that error
proven() {
	same "method of $1" "\"$2\"" "$(merged "$1" method)"
	same "events outside in $1" 0 "$(merged "$1" violations)"
	[ "$(merged "$1" checked)" -gt 1000 ] || fail "$1: $(merged "$1" checked) events checked"
	[ "$(merged "$1" error_ns)" -le $(($3 * 1000)) ] || fail "$1: +- $(merged "$1" error_ns) ns"
}

cat >work <<'END'
#!/bin/bash
# in the guest: something to see, and in mid-trace what was asked for
for i in $(seq 40); do
	sleep 0.05
	[ "$i" != 20 ] || eval "$1"
done
END
chmod +x work

# record HOST-CLOCK GUEST-CLOCK WHAT: host/ and vm1/ of here
record() {
	rm -rf host vm1
	xtrace-run -t "$1" -e kvm -o host ssh vm1 "cd $PWD && xtrace-run -t $2 -e sched -e irq -e timer \
		-o /tmp/vm1 ./work '$3' 2>/dev/null" 2>host.err || fail "$(cat host.err)"
	scp -qr vm1:/tmp/vm1 . && ssh vm1 rm -r /tmp/vm1
}

# the guest's own clock, while its CPUs are moved about
touch moving
vcpus=$(grep -l 'CPU .*/KVM' /proc/"$(lab-guest pid vm1)"/task/*/comm | cut -d/ -f5)
while [ -e moving ]; do
	for thread in $vcpus; do
		taskset -pc $((RANDOM % 4)) "$thread" >/dev/null
	done
	nap 0.1
done &
mover=$!
record tod local :
rm moving
wait $mover
for thread in $vcpus; do
	taskset -pc 0-3 "$thread" >/dev/null
done
xtrace-multi-merge --check --json host vm1 >moved.json || fail "$(cat moved.json)"
proven moved.json windows 1000

# the time of day, set forward and back
record mono tod 'date -s "+2 seconds" >/dev/null; sleep 1; date -s "-2 seconds" >/dev/null'
xtrace-multi-merge --check --json host vm1 >stepped.json || fail "$(cat stepped.json)"
proven stepped.json windows 100000
same 'status of a check by the time of day' 1 \
	"$(xtrace-multi-merge --check --sync tod host vm1 >tod.txt 2>&1; echo $?)"
grep -q 'its time of day is off by .*--sync windows' tod.txt || fail "$(cat tod.txt)"

# cycles on both sides
record tsc tsc :
xtrace-multi-merge --check --json host vm1 >tsc.json || fail "$(cat tsc.json)"
proven tsc.json tsc 1
