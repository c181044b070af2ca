#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: a session, streaming or flushed, causes no irq_work, IPI or thread of ours on shielded CPUs
# lab: --kernel 6.12 --append 'isolcpus=domain,managed_irq,2-3 nohz_full=2-3'
# limit: 180
# shellcheck source=tests/lab/xtrace-lib.sh
. "$(dirname "$0")/../xtrace-lib.sh"

same "isolated CPUs" 2-3 "$(cat /sys/devices/system/cpu/isolated)"

# Who interrupts whom, and what for, in an instance of the test's own.
seen=$instances/seen
mkdir $seen
echo 'next_comm ~ "xtrace-*"' >$seen/events/sched/sched_switch/filter
for event in ipi/ipi_send_cpu ipi/ipi_send_cpumask sched/sched_switch; do
	echo 1 >$seen/events/$event/enable
done

# Work as it is on shielded CPUs, in user space, that makes events: system calls now and then.
cat >work.c <<'END'
#include <unistd.h>

int main(void)
{
	for (;;) {
		for (volatile int i = 0; i < 50000; i++)
			;
		getppid();
	}
}
END
gcc -O1 -static -o work work.c || fail "gcc"
for cpu in 2 3; do
	taskset -c $cpu ./work &
	work+=($!)
done
trap 'kill "${work[@]}"' EXIT
sleep 1

cat >watch <<'END'
# runs as the session's command: what is armed is armed, and nothing has ended yet
sleep 1
cat /proc/interrupts >before
echo >"$1/trace"
for i in 1 2 3 4 5; do
	sleep 1
	ps -eLo psr=,comm= | grep xtrace-run >>threads
	[ -z "$2" ] || xtrace-ctl $2
done
cat /proc/interrupts >after
cat "$1/trace" >trace
END
# interrupts WHEN: on CPUs 2 and 3 between "before" and "after", for people
interrupts() {
	awk -v when="$1" '{ n = $4 + $5 } FNR == NR { old[$1] = n; next }
		$1 ~ /^(IWI|CAL|RES|TLB):$/ { text = text " " $1 n - old[$1] }
		END { print when ", interrupts of CPUs 2 and 3:" text }' before after
}

# none WHAT FILE: nothing was found
none() {
	[ ! -s "$2" ] || fail "$1: $(wc -l <"$2"), as $(head -n 3 "$2")"
}
undisturbed() {
	interrupts "$1"
	grep -E 'ipi_send_cpu: cpu=[23] |ipi_send_cpumask: cpumask=[^ ]*[23]' trace >sent
	# Not what a timer does that happens to interrupt one of ours.
	grep -E '^ *xtrace-[^]]*\] ..\.' sent >found
	none "$1: IPIs that we sent" found
	# RCU asks CPUs that it finds in the kernel, with or without a session, by its thread too.
	grep -E '\[00[23]\]' sent | grep -vE '^ *rcu_[a-z]+-[0-9]+ |callback=(rcu_|nohz_full_kick)' >found
	none "$1: irq_works" found
	grep -E '\[00[23]\].* sched_switch:' trace >found
	none "$1: threads of ours that ran there" found
	grep -vE '^ *[01] ' threads >found
	none "$1: threads of ours that wait there" found
	[ "$(grep -c . threads)" -ge 5 ] || fail "$1: no threads seen"
	rm -f threads
}

bash watch $seen ''
interrupts "without a session"
rm -f threads

events=(-e sched -e irq -e timer -e irq_vectors -e 'raw_syscalls:*')
xtrace-run -m stream -b 256k "${events[@]}" -o streamed bash watch $seen '' 2>run.log ||
	fail "$(cat run.log)"
undisturbed stream
for cpu in 2 3; do
	[ "$(xtrace-view -c $cpu -e SYSCALL_ENTER streamed | wc -l)" -gt 1000 ] ||
		fail "CPU $cpu was not recorded"
done
grep -qx 'drain-cpus = 0-1' streamed/session || fail "$(grep drain-cpus streamed/session)"
echo "stream: $(sum streamed written) events, $(sum streamed lost) lost"

xtrace-run -m overwrite -b 256k "${events[@]}" -o kept bash watch $seen flush 2>run.log ||
	fail "$(cat run.log)"
undisturbed overwrite
same "flushes" 5 "$(grep -c '^flush = .* by request' kept/session)"
rmdir $seen || fail "the test's own instance"
nothing_left
