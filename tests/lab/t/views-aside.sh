#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: cpustat, interview, hwtopo and their pages send no IPI to a CPU that is set aside, and never run there
# lab: --kernel 6.12 --append 'isolcpus=domain,managed_irq,2-3 nohz_full=2-3'
# limit: 120
# shellcheck source=tests/lab/t-lib.sh
. "$(dirname "$0")/../t-lib.sh"

same "isolated CPUs" 2-3 "$(cat /sys/devices/system/cpu/isolated)"
same "state of CPU 2" isolated,nohz_full "$(cpustat -c 2 -o state | tail -n 1)"
same "state of CPU 1" on "$(cpustat -c 1 -o state | tail -n 1)"

# Who interrupts whom, in an instance of the test's own, while both CPUs are at work.
seen=/sys/kernel/tracing/instances/views
mkdir $seen
for cpu in 2 3; do
	taskset -c $cpu bash -c 'while :; do :; done' &
	work+=($!)
done
partition=
at_end() {
	kill "${work[@]}"
	rmdir $seen
	[ -z "$partition" ] || { echo member >$partition/cpuset.cpus.partition; rmdir $partition; }
}
trap at_end EXIT
ours='cpustat|interview|hwtopo'
echo 'next_comm ~ "cpustat*" || next_comm ~ "interview*" || next_comm ~ "hwtopo*"' \
	>$seen/events/sched/sched_switch/filter
for event in ipi/ipi_send_cpu ipi/ipi_send_cpumask sched/sched_switch; do
	echo 1 >$seen/events/$event/enable
done

# look_at COMMAND...: the page's events for two seconds
look_at() {
	"$@" --no-browser >url &
	local server=$! rest

	for _ in {1..100}; do [ -s url ] && break || nap 0.1; done
	rest=$(sed 's|http://127.0.0.1:||' url)
	exec 9<>"/dev/tcp/127.0.0.1/${rest%%/*}"
	printf 'GET /%sevents HTTP/1.1\r\nHost: localhost\r\n\r\n' "${rest#*/}" >&9
	timeout 2 cat <&9 >events
	exec 9<&-
	kill $server
	wait $server || fail "$1: status $?"
	[ "$(grep -c '^data: {\|^event: same' events)" -ge 2 ] || fail "$1: no readings in $(head -c 300 events)"
	rm url
}
cpustat -i 0.3 -n 5 >/dev/null || fail cpustat
interview --json -i 0.3 -n 5 '*' >/dev/null || fail interview
hwtopo >/dev/null || fail hwtopo
look_at cpustat-gui -i 0.5
look_at interview --gui -i 0.5
look_at hwtopo-gui --interval 0.5
cat $seen/trace >trace
[ "$(grep -cE "sched_switch: .*next_comm=($ours)" trace)" -ge 20 ] || fail "the trace has nothing of ours"
grep -E '\[00[23]\].* sched_switch:' trace >found
[ ! -s found ] || fail "ran there: $(head -n 3 found)"
grep -E "^ *($ours)[^]]*\] ..\..* ipi_send_cpu(: cpu=[23] |mask: cpumask=[^ ]*[23])" trace >found
[ ! -s found ] || fail "sent $(wc -l <found) IPIs, as $(head -n 3 found)"
echo "switches to ours: $(grep -c sched_switch: trace), IPIs from ours to CPUs 0-1:" \
	"$(grep -cE "^ *($ours).* ipi_send" trace)"

# Wherever it is begun, it leaves them; and where it may not, it says so.
allowed() {
	rm -f readings
	"$@" --json -i 0.1 >readings &
	local pid=$!

	for _ in {1..100}; do [ -s readings ] && break || nap 0.1; done
	sed -n 's/^Cpus_allowed_list:\t//p' /proc/$pid/status
	kill $pid
	wait $pid
}
same "begun on 1-3" 1 "$(allowed taskset -c 1-3 cpustat)"
taskset -c 2-3 cpustat 2>said
same "status on 2-3" 3 $?
grep -q 'set aside' said || fail "$(cat said)"

# A partition of cgroup v2 sets its CPUs aside too.
if echo +cpuset >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null; then
	partition=/sys/fs/cgroup/views-test
	mkdir $partition
	echo 1 >$partition/cpuset.cpus
	echo isolated >$partition/cpuset.cpus.partition
	same "the partition" isolated "$(cat $partition/cpuset.cpus.partition)"
	same "state of CPU 1" partition "$(cpustat -c 1 -o state | tail -n 1)"
	same "beside a partition" 0 "$(allowed cpustat)"
fi
