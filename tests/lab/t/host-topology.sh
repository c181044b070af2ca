#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: the host has the CPUs, threads and NUMA nodes that lab was asked for
# lab: --cpus 8 --threads 2 --nodes 2 --disk
. "$(dirname "$0")/../t-lib.sh"

same "CPUs" 8 "$(nproc)"
same "siblings of CPU 0" 0-1 "$(cat /sys/devices/system/cpu/cpu0/topology/thread_siblings_list)"
same "nodes" 0-1 "$(cat /sys/devices/system/node/online)"
same "CPUs of node 1" 4-7 "$(cat /sys/devices/system/node/node1/cpulist)"
same "package of CPU 7" 1 "$(cat /sys/devices/system/cpu/cpu7/topology/physical_package_id)"
same "clocksource" tsc "$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
same "hostname" host "$(hostname)"
