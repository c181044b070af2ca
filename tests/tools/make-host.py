#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
make-host.py [--cpus N] [--irqs N] [--tasks N] DIR: /proc and /sys of a made-up host

Two packages, a node each, two threads a core, the last quarter of the CPUs isolated.
Each CPU has its kernel threads, one task runs on every fourth; interrupts are spread.
The same arguments make the same tree.
"""
import argparse
import os


def main():
    options = argparse.ArgumentParser()
    options.add_argument('--cpus', type=int, default=256)
    options.add_argument('--irqs', type=int, default=1000)
    options.add_argument('--tasks', type=int, default=2000)
    options.add_argument('dir')
    args = options.parse_args()
    cpus, half = args.cpus, args.cpus // 2

    def put(path, text):
        path = os.path.join(args.dir, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w') as file:
            file.write(text + '\n')

    def mask(members):
        bits = sum(1 << cpu for cpu in members)
        words = [f'{bits >> shift & 0xffffffff:08x}' for shift in range(0, max(cpus, 32), 32)]
        return ','.join(reversed(words))

    def listed(members):
        return ','.join(map(str, members))

    # a core's threads are half of a package apart, as they most often are
    def place(cpu):
        node, within = cpu * 2 // cpus, cpu % half
        core = within % max(half // 2, 1)
        return node, core, [node * half + core] + ([node * half + core + half // 2] if half > 1 else [])

    everything, isolated = f'0-{cpus - 1}', f'{cpus - cpus // 4}-{cpus - 1}'
    cpu_dir = 'sys/devices/system/cpu'
    for name in ('possible', 'present', 'online'):
        put(f'{cpu_dir}/{name}', everything)
    put(f'{cpu_dir}/isolated', isolated)
    put(f'{cpu_dir}/nohz_full', isolated)
    put(f'{cpu_dir}/offline', '')
    for cpu in range(cpus):
        node, core, threads = place(cpu)
        base, local = f'{cpu_dir}/cpu{cpu}', range(node * half, (node + 1) * half)
        put(f'{base}/topology/physical_package_id', str(node))
        put(f'{base}/topology/core_id', str(core))
        for name in ('thread_siblings', 'core_cpus'):
            put(f'{base}/topology/{name}', mask(threads))
            put(f'{base}/topology/{name}_list', listed(threads))
        for name in ('core_siblings', 'package_cpus'):
            put(f'{base}/topology/{name}', mask(local))
        for index, level, kind, size, members in ((0, 1, 'Data', '48K', threads),
                                                  (1, 2, 'Unified', '2048K', threads),
                                                  (2, 3, 'Unified', '65536K', local)):
            cache = f'{base}/cache/index{index}'
            put(f'{cache}/level', str(level))
            put(f'{cache}/type', kind)
            put(f'{cache}/size', size)
            put(f'{cache}/coherency_line_size', '64')
            put(f'{cache}/shared_cpu_map', mask(members))
    for node in range(2):
        base = f'sys/devices/system/node/node{node}'
        put(f'{base}/cpumap', mask(range(node * half, (node + 1) * half)))
        put(f'{base}/cpulist', f'{node * half}-{(node + 1) * half - 1}')
        put(f'{base}/distance', '10 21' if node == 0 else '21 10')
        put(f'{base}/meminfo', f'Node {node} MemTotal:  134217728 kB\nNode {node} MemFree:  67108864 kB')
    put('sys/devices/system/node/online', '0-1')
    put('sys/devices/system/node/possible', '0-1')
    put('proc/meminfo', 'MemTotal: 268435456 kB\nMemFree: 134217728 kB')
    put('proc/sys/kernel/hostname', 'made-up')
    put('proc/cmdline', f'quiet isolcpus={isolated} nohz_full={isolated}')

    # counts: most of an interrupt's are on its own CPU
    head = '            ' + ''.join(f'CPU{cpu:<8}' for cpu in range(cpus))
    lines = [head]
    for irq in range(args.irqs):
        own = irq * 7 % cpus
        counts = ''.join(f' {(irq * 1000003 + 17) % 4000000 if cpu == own else (cpu * irq) % 97 if irq % 5 == 0 else 0:10}'
                         for cpu in range(cpus))
        lines.append(f'{irq + 24:4}:{counts}  PCI-MSIX-0000:{irq // 64:02x}:00.0  {irq % 64}-edge      nic{irq // 64}-rx-{irq % 64}')
        base = f'proc/irq/{irq + 24}'
        put(f'{base}/smp_affinity_list', str(own) if irq % 3 else everything)
        put(f'{base}/effective_affinity_list', str(own))
        put(f'{base}/node', str(own * 2 // cpus))
    for name, words in (('LOC', 'Local timer interrupts'), ('RES', 'Rescheduling interrupts'),
                        ('CAL', 'Function call interrupts'), ('TLB', 'TLB shootdowns')):
        lines.append(f'{name:>4}:' + ''.join(f' {(cpu * 7919 + 5) * 31 % 90000000:10}' for cpu in range(cpus)) + '   ' + words)
    lines += [' ERR:          0', ' MIS:          0']
    put('proc/interrupts', '\n'.join(lines))
    softirqs = ['                    ' + ''.join(f'CPU{cpu:<8}' for cpu in range(cpus))]
    for name in ('HI', 'TIMER', 'NET_TX', 'NET_RX', 'BLOCK', 'IRQ_POLL', 'TASKLET', 'SCHED', 'HRTIMER', 'RCU'):
        softirqs.append(f'{name:>12}:' + ''.join(f' {cpu * 37 % 1000003:10}' for cpu in range(cpus)))
    put('proc/softirqs', '\n'.join(softirqs))
    put('proc/stat', '\n'.join(['cpu  0 0 0 0 0 0 0 0 0 0'] + [
        f'cpu{cpu} {1000 + cpu} 0 {500 + cpu} {900000 - cpu} 10 0 5 0 0 0' for cpu in range(cpus)]
        + ['intr 1 2 3', 'ctxt 5', 'btime 1700000000']))

    # tasks: kernel threads of each CPU, then processes that run anywhere outside
    def task(pid, name, state, cpu, flags, policy, priority, allowed, ppid):
        nr = 20 if policy == 0 else -1 - priority
        put(f'proc/{pid}/stat', f'{pid} ({name}) {state} {ppid} 0 0 0 -1 {flags} 0 0 0 0 7 9 0 0 {nr} 0 1 0 '
            f'{pid} 0 0 18446744073709551615 0 0 0 0 0 0 0 2147483647 0 0 0 0 17 {cpu} {priority} {policy} '
            '0 0 0 0 0 0 0 0 0 0 0')
        put(f'proc/{pid}/status', f'Name:\t{name}\nState:\t{state}\nCpus_allowed:\tff\n'
            f'Cpus_allowed_list:\t{allowed}\nMems_allowed_list:\t0-1')
        put(f'proc/{pid}/cgroup', '0::/' if ppid == 2 else '0::/system.slice/made-up.service')

    pid = 3
    for cpu in range(cpus):
        for name, policy, priority in ((f'migration/{cpu}', 1, 99), (f'ksoftirqd/{cpu}', 0, 0),
                                       (f'cpuhp/{cpu}', 0, 0), (f'kworker/{cpu}:0-events', 0, 0)):
            if pid - 3 < args.tasks:
                task(pid, name, 'S', cpu, 0x04208040, policy, priority, str(cpu), 2)
                pid += 1
    others = f'0-{cpus - cpus // 4 - 1}'
    while pid - 3 < args.tasks:
        cpu = pid * 13 % (cpus - cpus // 4)
        task(pid, f'worker-{pid}', 'R' if pid % 16 == 0 else 'S', cpu, 0x400040, 0, 0, others, 1)
        pid += 1
    for vcpu in range(cpus // 4):
        cpu = cpus - cpus // 4 + vcpu
        task(pid, f'CPU {vcpu}/KVM', 'R', cpu, 0x400040, 1, 1, str(cpu), 1)
        pid += 1


main()
