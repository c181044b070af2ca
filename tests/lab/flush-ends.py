#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""flush-ends.py DIR: where the buffers that each incident has saved end

A line an incident: ID, scope, CPU of the call, the CPUs saved, and how many events
stand behind the call on its own CPU and on all: "0xabc vm 2 2,3 0 5".  A kernel's own
program that calls may go to another CPU between the lines it writes for each instance;
what a guest calls is one event for all.
"""
import collections, glob, re, struct, subprocess, sys

HEAD = struct.Struct('<4sBBHIIQQQQIIIIIIQBBHIII')


def blocks(folder):
    """(cpu, flush, last_ts) of each block with data"""
    for name in glob.glob(folder + '/cpu*.xt'):
        data = open(name, 'rb').read()
        at = 0
        while at + HEAD.size <= len(data):
            head = HEAD.unpack_from(data, at)
            if head[0] != b'XTB\n':
                break
            if head[2] == 1:
                yield head[4], head[5], head[8]
            at += head[3] + head[15]


def ns(text):
    seconds, rest = text.split('.')
    return int(seconds) * 10**9 + int(rest.ljust(9, '0'))


def events(folder):
    """(time, cpu, text) as xtrace-view shows them"""
    text = subprocess.run(['xtrace-view', folder], capture_output=True, text=True, check=True)
    for line in text.stdout.splitlines():
        words = line.split(None, 2)
        yield ns(words[0]), int(words[1]), words[2]


def main(folder):
    ends = collections.defaultdict(dict)
    for cpu, flush, last in blocks(folder):
        ends[flush][cpu] = max(last, ends[flush].get(cpu, 0))
    shown = list(events(folder))
    for line in open(folder + '/session'):
        m = re.match(r'incident = (0x[0-9a-f]+) flush (\d+) scope (\w+) by (\w+) thread \d+ cpu (\d+)',
                     line)
        if not m or m[2] == '0':
            continue
        end = ends[int(m[2])]
        calls = [(t, c) for t, c, text in shown if 'FLUSH' in text and t <= end.get(c, 0) and
                 (m[4] == 'own' or c == int(m[5]))]
        if not calls:
            sys.exit('%s: no call to flush before the end of flush %s' % (m[1], m[2]))
        call, cpu = max(calls)
        behind = [c for t, c, text in shown if t > call and t <= end.get(c, 0) and
                  not text.startswith('LOST')]
        print(m[1], m[3], cpu, ','.join(str(c) for c in sorted(end)), behind.count(cpu),
              len(behind))


main(sys.argv[1])
