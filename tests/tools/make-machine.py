#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make-machine.py - a tree of /proc and /sys as the kernel shows a machine, from a line
#
# usage: make-machine.py DIR [WORD=VALUE]...
#
#   packages=1 dies=1 l3=1 cores=4   dies, L3 caches and cores of each package
#   ecores=0      cores of a second kind behind them: one thread, an L2 for four
#   threads=2     of a core
#   nodes=1       of the machine; 0: a kernel without NUMA
#   memory=1      nodes more that have memory and no CPU
#   order=last    second threads come behind all first ones; near: beside theirs;
#                 round: as last, CPUs dealt out to the packages in turn
#   stride=1      from one core_id to the next
#   smt=on        off: second threads are offline, as smt/control does it
#   offline=LIST  CPUs that are offline
#   possible=0    CPUs more that could be plugged in
#   pci=0         nodes, from 0 on, with a port that has a network card of two
#                 functions, an NVMe disk and an empty slot
#
# What the kernel removes for a CPU that goes offline is not there: its topology
# and its caches, but its node keeps a link to it.
import os
import struct
import sys

DEFAULTS = dict(packages=1, dies=1, l3=1, cores=4, ecores=0, threads=2, nodes=1, memory=0,
                order='last', stride=1, smt='on', offline='', possible=0, pci=0)
GIB = 1 << 20   # in KiB


def read_list(text):
    numbers = set()
    for part in filter(None, text.split(',')):
        first, _, last = part.partition('-')
        numbers.update(range(int(first), int(last or first) + 1))
    return numbers


def cpu_list(cpus):
    parts, cpus = [], sorted(cpus)
    while cpus:
        first = last = cpus.pop(0)
        while cpus and cpus[0] == last + 1:
            last = cpus.pop(0)
        parts.append(str(first) if first == last else f'{first}-{last}')
    return ','.join(parts)


class Cpu:
    def __init__(self, package, core, thread, want):
        per_package = want['cores'] + want['ecores']
        whole = package * per_package + core
        self.package, self.core, self.thread = package, core, thread
        self.efficient = core >= want['cores']
        self.die = core * want['dies'] // per_package
        self.l3 = (package, core * want['l3'] // per_package)
        self.l2 = (package, 'e', core // 4) if self.efficient else (package, core)
        self.node = whole * want['nodes'] // (want['packages'] * per_package) \
            if want['nodes'] else None
        self.core_id = core * want['stride']


def number(cpus, want):
    keys = {'last': lambda c: (c.thread, c.package, c.core),
            'near': lambda c: (c.package, c.core, c.thread),
            'round': lambda c: (c.thread, c.core, c.package)}
    cpus.sort(key=keys[want['order']])
    for i, cpu in enumerate(cpus):
        cpu.number = i


class Tree:
    def __init__(self, top, want):
        self.top, self.want = top, want
        cores = want['cores'] + want['ecores']
        self.cpus = [Cpu(p, c, t, want) for p in range(want['packages']) for c in range(cores)
                     for t in range(1 if c >= want['cores'] else want['threads'])]
        number(self.cpus, want)
        off = read_list(want['offline'])
        if want['smt'] == 'off':
            off |= {c.number for c in self.cpus if c.thread}
        self.offline = off
        self.online = [c for c in self.cpus if c.number not in off]
        self.possible = len(self.cpus) + want['possible']

    def put(self, path, text):
        path = os.path.join(self.top, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as file:
            file.write(text if isinstance(text, bytes) else (text + '\n').encode())

    def link(self, path, target):
        path = os.path.join(self.top, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.symlink(target, path)

    # as %*pb: words of 32 bits for all CPUs that are possible
    def mask(self, cpus):
        value, words, width = sum(1 << c for c in cpus), [], self.possible
        while width > 0:
            bits = min(width, 32)
            words.insert(0, f'{value & 0xffffffff:0{(bits + 3) // 4}x}')
            value >>= 32
            width -= 32
        return ','.join(words)

    def put_set(self, path, mask_name, list_name, cpus):
        self.put(f'{path}/{mask_name}', self.mask(cpus))
        self.put(f'{path}/{list_name}', cpu_list(cpus))

    # numbers of the online CPUs that are alike in what the key says
    def like(self, cpu, key):
        return [c.number for c in self.online if key(c) == key(cpu)]

    def put_topology(self, cpu):
        path = f'sys/devices/system/cpu/cpu{cpu.number}/topology'
        core = self.like(cpu, lambda c: (c.package, c.core))
        die = self.like(cpu, lambda c: (c.package, c.die))
        package = self.like(cpu, lambda c: c.package)
        self.put(f'{path}/physical_package_id', str(cpu.package))
        self.put(f'{path}/die_id', str(cpu.die))
        self.put(f'{path}/core_id', str(cpu.core_id))
        for mask, cpus in (('core_cpus', core), ('thread_siblings', core), ('die_cpus', die),
                           ('package_cpus', package), ('core_siblings', package)):
            self.put_set(path, mask, mask + '_list', cpus)

    def put_caches(self, cpu):
        path = f'sys/devices/system/cpu/cpu{cpu.number}/cache'
        rows = [('1', 'Data', 32, lambda c: (c.package, c.core)),
                ('1', 'Instruction', 32, lambda c: (c.package, c.core)),
                ('2', 'Unified', 1024, lambda c: c.l2)]
        if self.want['l3']:
            rows.append(('3', 'Unified', 32768, lambda c: c.l3))
        for i, (level, kind, size, key) in enumerate(rows):
            index, shared = f'{path}/index{i}', self.like(cpu, key)
            self.put(f'{index}/level', level)
            self.put(f'{index}/type', kind)
            self.put(f'{index}/size', f'{size}K')
            self.put(f'{index}/coherency_line_size', '64')
            self.put(f'{index}/physical_line_partition', '1')
            self.put(f'{index}/ways_of_associativity', '16')
            self.put(f'{index}/number_of_sets', str(size))
            self.put(f'{index}/id', str(min(shared)))
            self.put_set(index, 'shared_cpu_map', 'shared_cpu_list', shared)

    def put_cpus(self):
        path = 'sys/devices/system/cpu'
        self.put(f'{path}/kernel_max', '8191')
        self.put(f'{path}/possible', cpu_list(range(self.possible)))
        self.put(f'{path}/present', cpu_list(c.number for c in self.cpus))
        self.put(f'{path}/online', cpu_list(c.number for c in self.online))
        self.put(f'{path}/offline',
                 cpu_list(self.offline | set(range(len(self.cpus), self.possible))))
        threads = any(c.thread for c in self.online)
        self.put(f'{path}/smt/active', str(int(threads)))
        self.put(f'{path}/smt/control', 'notsupported' if self.want['threads'] == 1
                 else self.want['smt'])
        for cpu in self.cpus:
            up = cpu.number not in self.offline
            if cpu.number:
                self.put(f'{path}/cpu{cpu.number}/online', str(int(up)))
            if cpu.node is not None:
                self.link(f'{path}/cpu{cpu.number}/node{cpu.node}', f'../../node/node{cpu.node}')
            if up:
                self.put_topology(cpu)
                self.put_caches(cpu)
        if self.want['ecores']:
            for name, kind in (('cpu_core', False), ('cpu_atom', True)):
                self.put(f'sys/devices/{name}/cpus',
                         cpu_list(c.number for c in self.online if c.efficient == kind))

    def put_node(self, node, nodes):
        path, cpus = f'sys/devices/system/node/node{node}', [c for c in self.cpus
                                                             if c.node == node]
        self.put_set(path, 'cpumap', 'cpulist', [c.number for c in cpus
                                                 if c.number not in self.offline])
        self.put(f'{path}/distance', ' '.join(str(10 if n == node else 20 + abs(n - node))
                                              for n in range(nodes)))
        total = 16 * GIB + node * GIB
        self.put(f'{path}/meminfo', f'Node {node} MemTotal:       {total} kB\n'
                 f'Node {node} MemFree:        {total // 2} kB\n'
                 f'Node {node} MemUsed:        {total // 2} kB')
        for cpu in cpus:
            self.link(f'{path}/cpu{cpu.number}', f'../../cpu/cpu{cpu.number}')

    def put_nodes(self):
        path, nodes = 'sys/devices/system/node', self.want['nodes'] + self.want['memory']
        if not self.want['nodes']:
            return
        for name in ('online', 'possible', 'has_memory', 'has_normal_memory'):
            self.put(f'{path}/{name}', cpu_list(range(nodes)))
        self.put(f'{path}/has_cpu', cpu_list({c.node for c in self.online}))
        for node in range(nodes):
            self.put_node(node, nodes)

    def put_proc(self):
        text = []
        for cpu in self.online:
            package = self.like(cpu, lambda c: c.package)
            text.append(f'processor\t: {cpu.number}\nvendor_id\t: GenuineIntel\n'
                        f'cpu family\t: 6\nmodel\t\t: 143\nmodel name\t: Sample CPU\n'
                        f'stepping\t: 8\nphysical id\t: {cpu.package}\n'
                        f'siblings\t: {len(package)}\ncore id\t\t: {cpu.core_id}\n'
                        f'flags\t\t: fpu sse2 ht lm constant_tsc nonstop_tsc\n')
        self.put('proc/cpuinfo', '\n'.join(text))
        total = 16 * GIB * max(self.want['nodes'], 1)
        self.put('proc/meminfo', f'MemTotal:       {total} kB\nMemFree:        {total // 2} kB')
        self.put('proc/sys/kernel/hostname', 'sample')
        self.put('proc/mounts', 'sysfs /sys sysfs rw 0 0')
        self.put('sys/class/dmi/id/board_vendor', 'Sample')
        self.put('sys/class/dmi/id/board_name', 'Board 1')

    # a device below @above, itself a path below sys/devices
    def put_device(self, above, address, kind, node, driver, group):
        path, name = f'{above}/{address}', f'sys/bus/pci/devices/{address}'
        near = [c.number for c in self.online if c.node == node]
        for file, text in (('class', f'0x{kind:06x}'), ('vendor', '0x8086'), ('device', '0x1521'),
                           ('numa_node', str(node)),
                           ('local_cpulist', cpu_list(near)), ('local_cpus', self.mask(near)),
                           ('config', config_space(kind, address))):
            self.put(f'sys/devices/{path}/{file}', text)
        os.makedirs(os.path.join(self.top, 'sys/bus/pci/devices'), exist_ok=True)
        self.link(name, f'../../../devices/{path}')
        up = '../' * (path.count('/') + 2)
        self.link(f'sys/devices/{path}/driver', f'{up}bus/pci/drivers/{driver}')
        self.link(f'sys/devices/{path}/iommu_group', f'{up}kernel/iommu_groups/{group}')
        return path

    def put_class(self, device, kind, name):
        os.makedirs(os.path.join(self.top, f'sys/devices/{device}/{kind}/{name}'))
        self.link(f'sys/class/{kind}/{name}', f'../../devices/{device}/{kind}/{name}')

    def put_pci(self):
        slots = b''
        for node in range(self.want['pci']):
            bus, root = 16 * node, f'pci0000:{16 * node:02x}'
            port = self.put_device(root, f'0000:{bus:02x}:01.0', 0x060400, node, 'pcieport',
                                   10 * node)
            for function in range(2):
                card = self.put_device(port, f'0000:{bus + 1:02x}:00.{function}', 0x020000, node,
                                       'igb', 10 * node + 1)
                self.put_class(card, 'net', f'enp{bus + 1}s0f{function}')
            disk = self.put_device(root, f'0000:{bus:02x}:02.0', 0x010802, node, 'nvme',
                                   10 * node + 2)
            self.put_class(disk, 'nvme', f'nvme{node}')
            self.put_class(f'{disk}/nvme/nvme{node}', 'block', f'nvme{node}n1')
            self.put_device(root, f'0000:{bus:02x}:03.0', 0x060400, node, 'pcieport', 10 * node + 3)
            slots += dmi_slot(f'PCIE{node}', True, bus, 1) + dmi_slot(f'FREE{node}', False, bus, 3)
        if slots:
            self.put('sys/firmware/dmi/tables/DMI', slots + bytes([127, 4, 0, 0, 0, 0]))


# the first 64 bytes; behind the bridges 01 and 03 are the next two buses
def config_space(kind, address):
    bus, device = int(address[5:7], 16), int(address[8:10], 16)
    behind = bus + (device + 1) // 2
    return struct.pack('<HHIIBBBBIIBBB', 0x8086, 0x1521, 0, kind << 8 | 1, 0, 0,
                       int(kind >> 8 == 0x0604), 0, 0, 0, bus, behind, behind).ljust(64, b'\0')


def dmi_slot(name, used, bus, device):
    fixed = struct.pack('<BBHBBBBBHBBHBB', 9, 17, 0, 1, 0xa5, 0xd, 4 if used else 3, 4, 0, 0, 0,
                        0, bus, device << 3)
    return fixed + name.encode() + b'\0\0'


def main():
    want = dict(DEFAULTS)
    for word in sys.argv[2:]:
        key, _, value = word.partition('=')
        if key not in want:
            sys.exit(f'make-machine.py: expected one of {", ".join(want)}, found "{key}"')
        want[key] = value if isinstance(want[key], str) else int(value)
    tree = Tree(sys.argv[1], want)
    tree.put_cpus()
    tree.put_nodes()
    tree.put_proc()
    tree.put_pci()


main()
