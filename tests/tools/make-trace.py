#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make-trace.py - a trace.dat (version 6) with made-up records of every event
#
# usage: make-trace.py [-n RECORDS] [-s SEED] [-c CPUS] [--fmts] [--skip SYS:EVENT]...
#                      [--only SYS[:EVENT]]... [--hide SYS[:EVENT]]... [--symbols FILE]
#                      [--shift 0-3] [--tsc] EVENTS OUT
#
# EVENTS is a tracefs events/ folder, or one text with all format files, each
# behind a line "== SYSTEM"; with --fmts it is a list of print fmts, one a line,
# each of which becomes an event with the fields of FMT_FIELDS.  Fields get values of the kind that their print fmt
# can show: listed numbers, flags, addresses of symbols, small counts where a
# count is used as a length, terminated strings.  The same seed makes the same file.
import argparse
import os
import random
import re
import struct
import sys

SYMBOLS = """ffffffff81000000 T _stext
ffffffff81000000 T _text
ffffffff81000100 T do_one_initcall
ffffffff81002000 t match_dev_by_label
ffffffff81002040 T schedule
ffffffff81002040 t schedule_alias
ffffffff81002400 T tick_nohz_handler
ffffffff81003000 T hrtimer_wakeup
ffffffff81004000 T kmem_cache_alloc_noprof
ffffffff82000000 D vmemmap_base
ffffffff82000010 D page_offset_base
ffffffff82100000 T __end_of_kernel
0000000000000000 A fixed_percpu_data
ffffffffc0000000 t mod_b\t[fake]
ffffffffc0000000 t mod_a\t[fake]
ffffffffc0000100 t mod_last\t[fake]
"""
ADDRESSES = [0xffffffff81000000, 0xffffffff81000123, 0xffffffff81002040, 0xffffffff81002041,
             0xffffffff81002400, 0xffffffff81003000, 0xffffffff81004abc, 0xffffffffc0000005,
             0xffffffffc0000000, 0xffffffffc0000100, 0xffffffffc0000200, 0xdeadbeef, 0]
PRINTK = ('0xffffffff81e00000 : "plain text\\n"\n'
          '0xffffffff81e00020 : "number %d and %lu, %llx\\n"\n'
          '0xffffffff81e00040 : "string %s then %5d %#x %c %%\\n"\n'
          '0xffffffff81e00060 : "symbol %pS %ps %p\\tend"\n')
PRINTK_ADDRESSES = [0xffffffff81e00000, 0xffffffff81e00020, 0xffffffff81e00040,
                    0xffffffff81e00060, 0xffffffff81e00080]


def read_formats(path):
    if os.path.isfile(path):
        system = None
        for part in re.split(r'^== ', open(path).read(), flags=re.M)[1:]:
            system, text = part.split('\n', 1)
            yield system.strip(), text
        return
    for system in sorted(os.listdir(path)):
        folder = os.path.join(path, system)
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            file = os.path.join(folder, name, 'format')
            if os.path.isfile(file):
                yield system, open(file).read()


FMT_FIELDS = [
    ('u8 u8', 1, 0), ('s8 s8', 1, 1), ('u16 u16', 2, 0), ('s16 s16', 2, 1), ('u32 u32', 4, 0),
    ('s32 s32', 4, 1), ('u64 u64', 8, 0), ('s64 s64', 8, 1), ('const char * ptr', 8, 0),
    ('unsigned int len', 4, 0), ('char str[12]', 12, 0), ('__data_loc char[] dstr', 4, 0),
    ('__rel_loc char[] rstr', 4, 0), ('u8 mac[6]', 6, 0), ('__be32 ip4', 4, 0),
    ('u8 ip6[16]', 16, 0), ('u8 ip6b[16]', 16, 0), ('u8 sock[28]', 28, 0),
    ('__data_loc __u8[] dsock', 4, 0), ('__data_loc cpumask_t dmask', 4, 0),
    ('__data_loc u8[] dbuf', 4, 0), ('__data_loc unsigned char[] dcdb', 4, 0),
    ('unsigned long larr[4]', 32, 0), ('u32 iarr[4]', 16, 0)]
COMMON = """format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

"""


def formats_of_fmts(path):
    fields, at = '', 8
    for decl, size, signed in FMT_FIELDS:
        at = -(-at // min(size, 8)) * min(size, 8) if size in (1, 2, 4, 8) else -(-at // 4) * 4
        fields += '\tfield:%s;\toffset:%d;\tsize:%d;\tsigned:%d;\n' % (decl, at, size, signed)
        at += size
    for nr, fmt in enumerate(open(path).read().splitlines(), 1):
        yield 'odd', 'name: odd_%d\nID: %d\n%s%s\nprint fmt: %s\n' % (
            nr, 100 + nr, COMMON, fields, fmt)


class Field:
    def __init__(self, decl, offset, size, signed):
        self.decl, self.offset, self.size, self.signed = decl, offset, size, signed
        match = re.search(r'([A-Za-z_]\w*)(\[\d*\w*\])?$', decl)
        self.name = match.group(1) if match else decl
        self.array = bool(re.search(r'\[', decl.split(self.name)[-1])) or '[' in decl
        self.located = decl.startswith(('__data_loc', '__rel_loc'))
        self.relative = decl.startswith('__rel_loc')
        self.chars = bool(re.search(r'\bchar\b', decl)) and self.array


# As C writes it.
def number(text):
    return int(text, 8 if re.fullmatch('0[0-7]+', text) else 0)


class Event:
    def __init__(self, system, text):
        self.system, self.text = system, text
        self.name = re.search(r'^name: (\S+)', text, re.M).group(1)
        self.id = int(re.search(r'^ID: (\d+)', text, re.M).group(1))
        self.fields = [Field(m.group(1), int(m.group(2)), int(m.group(3)), m.group(4) == '1')
                       for m in re.finditer(r'field:([^;]+);\s*offset:(\d+);\s*size:(\d+);\s*'
                                            r'signed:(\d)', text)]
        match = re.search(r'^print fmt: (.*)', text, re.M | re.S)
        self.fmt = match.group(1) if match else ''
        self.size = max([f.offset + f.size for f in self.fields] + [8])
        self.values = [number(v) for v in re.findall(r'\{ *(0x[0-9a-fA-F]+|\d+)', self.fmt)]
        self.values += [1 << int(v) for v in re.findall(r'1U?L?L? *<< *(\d+)', self.fmt)]
        self.lengths = self.length_fields()
        self.no_zero = set(re.findall(r'[/%] *\(*(?:\([\w ]+\))?\(*REC->(\w+)', self.fmt))

    # What stands between the parentheses that are open at @start.
    def call(self, start):
        depth, end = 1, start
        while depth and end < len(self.fmt):
            depth += {'(': 1, ')': -1}.get(self.fmt[end], 0)
            end += 1
        return self.fmt[start:end]

    # Fields that say how much of another is shown.
    def length_fields(self):
        found = set()
        for match in re.finditer(r'__print_(?:hex|hex_str|array)\(', self.fmt):
            found.update(re.findall(r'REC->(\w+)', self.call(match.end())))
        if re.search(r'%[-.0-9]*\*', self.fmt):
            found.update(n for n in re.findall(r'REC->(\w+)', self.fmt)
                         if re.search('len|size|count|nr|num', n))
        found.update(re.findall(r'\[ *REC->(\w+)', self.fmt))
        found.update(f.name for f in self.fields
                     if f.name in ('len', 'depth') and self.system in ('kvm', 'ftrace', 'scsi'))
        return found


SCSI = [0x08, 0x0a, 0x28, 0x2a, 0x2f, 0x41, 0xa8, 0xaa, 0x88, 0x8a, 0x93, 0x42, 0x9e, 0x7f, 0x00]


class Maker:
    def __init__(self, seed):
        self.rng = random.Random(seed)

    def number(self, event, field):
        value = self.any_number(event, field) & ((1 << 8 * field.size) - 1)
        return value or 1 if field.name in event.no_zero else value

    def any_number(self, event, field):
        rng = self.rng
        if field.name in event.lengths:
            return rng.randrange(1, 4)
        kind = rng.randrange(10)
        if field.size == 8 and kind < 4:
            if event.system == 'ftrace' and field.name in ('fmt', 'str'):
                return rng.choice(PRINTK_ADDRESSES)
            return rng.choice(ADDRESSES)
        if kind < 5 and event.values:
            value = rng.choice(event.values)
            if rng.random() < .3:
                value |= rng.choice(event.values)
            return value
        if kind < 7:
            return rng.randrange(0, 20)
        if kind == 7:
            return 1 << rng.randrange(8 * field.size)
        if kind == 8:
            return -rng.randrange(1, 5)
        return rng.getrandbits(rng.choice([8, 16, 32, 64]))

    def text(self, most):
        rng = self.rng
        letters = 'abcdefghijklmnopqrstuvwxyzABC0123456789-_/.: '
        return ''.join(rng.choice(letters) for _ in range(rng.randrange(0, most))).encode()

    def dynamic(self, event, field):
        rng = self.rng
        if field.chars and field.name != 'dcdb':
            return self.text(40) + b'\0'
        if 'long' in field.decl or 'mask' in field.decl:
            return struct.pack('<%dQ' % (words := rng.choice([1, 2, 4])),
                               *[rng.getrandbits(64) & rng.getrandbits(64) for _ in range(words)])
        if field.name == 'dcdb':
            return bytes([rng.choice(SCSI)]) + rng.randbytes(31) + b'\0\0\0\0'
        if ('sockaddr' in event.fmt or field.name == 'dsock') and rng.random() < .9:
            if rng.random() < .5:
                return struct.pack('<H', 2) + rng.randbytes(14)
            zeros = bytearray(rng.randbytes(26))
            for i in range(6, 22):
                if rng.random() < .6:
                    zeros[i] = 0
            return struct.pack('<H', 10) + bytes(zeros)
        return rng.randbytes(4 * rng.randrange(6 if event.lengths else 0, 9))

    def record(self, event):
        rng, data, tail = self.rng, bytearray(event.size), b''
        for field in event.fields:
            if field.name == 'common_type':
                value = struct.pack('<H', event.id)
            elif field.name == 'common_pid':
                value = struct.pack('<i', rng.choice([0, 1, 77, 4321]))
            elif field.located:
                body = self.dynamic(event, field)
                pad = -(event.size + len(tail)) % 4
                tail += b'\0' * pad
                start = event.size + len(tail)
                if field.relative:
                    start -= field.offset + field.size
                value = struct.pack('<I', start | len(body) << 16)
                tail += body
            elif field.size == 0:
                tail += self.rest(event, field)
                continue
            elif field.chars:
                value = self.text(field.size).ljust(field.size, b'\0')
            elif field.array or field.size not in (1, 2, 4, 8):
                value = self.block(event, field)
            else:
                value = self.number(event, field).to_bytes(field.size, 'little')
            data[field.offset:field.offset + field.size] = value
        # trace-cmd reads strings without an end, and what stands in empty arrays, out
        # of the record; with zeros behind them it stays within
        return bytes(data) + tail + b'\0' * (0 if event.system == 'ftrace' else 8)

    # An array of the record: often with runs of zeros, sometimes of addresses.
    def block(self, event, field):
        rng = self.rng
        if field.size % 8 == 0 and 'long' in field.decl and rng.random() < .6:
            return b''.join(struct.pack('<Q', rng.choice(ADDRESSES))
                            for _ in range(field.size // 8))
        return bytes(rng.choice([0, 0, 1, 0xff, rng.randrange(256)]) for _ in range(field.size))

    def rest(self, event, field):
        rng = self.rng
        if event.name == 'bprint':
            return (struct.pack('<I', rng.getrandbits(32)) + b'word\0\0\0\0' +
                    struct.pack('<QQQ', *[rng.choice(ADDRESSES) for _ in range(3)]))
        if event.name == 'kernel_stack':
            return b''.join(struct.pack('<Q', rng.choice(ADDRESSES[:-2]))
                            for _ in range(rng.randrange(0, 6)))
        if field.chars or 'char' in field.decl:
            return self.text(60) + rng.choice([b'\n\0', b'\0'])
        return rng.randbytes(4 * rng.randrange(0, 10))


PAGE = 4096


class Lane:
    def __init__(self):
        self.pages, self.body, self.start, self.last = [], b'', 0, 0

    def add(self, ts, record):
        record += b'\0' * (-len(record) % 4)
        if not self.body:
            self.start = self.last = ts
        delta = ts - self.last
        if len(record) > 112:
            entry = struct.pack('<II', delta << 5, len(record) + 4) + record
        else:
            entry = struct.pack('<I', delta << 5 | len(record) // 4) + record
        if len(self.body) + len(entry) > PAGE - 16:
            self.flush()
            self.add(ts, record)
            return
        self.body += entry
        self.last = ts

    def flush(self):
        if self.body:
            page = struct.pack('<QQ', self.start, len(self.body)) + self.body
            self.pages.append(page.ljust(PAGE, b'\0'))
        self.body = b''


HEADER_PAGE = """\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;
\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;
\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;
\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;
"""
HEADER_EVENT = """# compressed entry header
\ttype_len    :    5 bits
\ttime_delta  :   27 bits
\tarray       :   32 bits

\tpadding     : type == 29
\ttime_extend : type == 30
\ttime_stamp : type == 31
\tdata max type_len  == 28
"""


def sized(text, form):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack(form, len(data)) + data


TIME_SHIFT, TSC2NSEC = 12, 14


# A guest's file: its host's clock by some samples on each CPU, the last CPU has one;
# and a clock that counts cycles.
def options(args):
    out, rng = b'', random.Random(args.s)
    if args.shift is not None:
        data, fractions = struct.pack('<QII', 99, args.shift & 1, args.c), b''
        for cpu in range(args.c):
            nr = 1 if cpu == args.c - 1 else rng.choice([2, 3, 7])
            times = sorted(rng.sample(range(1000000000, 1003000000), nr))
            scalings = [rng.choice([1, 3, 5]) << 20 if args.shift & 2 else 1 for _ in times]
            data += struct.pack('<I', nr) + struct.pack('<%dQ' % nr, *times)
            data += struct.pack('<%dq' % nr, *[rng.randrange(-900000, 900000) for _ in times])
            data += struct.pack('<%dQ' % nr, *scalings)
            fractions += struct.pack('<%dQ' % nr, *[22 if args.shift & 2 else 0] * nr)
        out += struct.pack('<HI', TIME_SHIFT, len(data + fractions)) + data + fractions
    if args.tsc:
        out += struct.pack('<HIIIQ', TSC2NSEC, 16, 1431655765, 31, 77)
    return out + struct.pack('<H', 0)


def head(events, symbols, lanes, args):
    out = b'\x17\x08\x44tracing6\0' + struct.pack('<BBI', 0, 8, PAGE)
    out += b'header_page\0' + sized(HEADER_PAGE, '<Q')
    out += b'header_event\0' + sized(HEADER_EVENT, '<Q')
    ftrace = [e for e in events if e.system == 'ftrace']
    out += struct.pack('<I', len(ftrace)) + b''.join(sized(e.text, '<Q') for e in ftrace)
    systems = {}
    for event in events:
        if event.system != 'ftrace':
            systems.setdefault(event.system, []).append(event)
    out += struct.pack('<I', len(systems))
    for system, members in systems.items():
        out += system.encode() + b'\0' + struct.pack('<I', len(members))
        out += b''.join(sized(e.text, '<Q') for e in members)
    out += sized(symbols, '<I') + sized(PRINTK, '<I')
    out += sized('1 init\n77 kworker/0:1\n', '<Q')
    out += struct.pack('<I', len(lanes)) + b'options  \0' + options(args)
    return out + b'flyrecord\0'


def write(path, events, symbols, lanes, args):
    out = head(events, symbols, lanes, args)
    at = -(-(len(out) + 16 * len(lanes)) // PAGE) * PAGE
    bodies = [b''.join(lane.pages) for lane in lanes]
    for body in bodies:
        out += struct.pack('<QQ', at, len(body))
        at += len(body)
    out += b'\0' * (-len(out) % PAGE)
    with open(path, 'wb') as file:
        file.write(out)
        for body in bodies:
            file.write(body)


def is_wanted(event, args):
    names = {event.system, '%s:%s' % (event.system, event.name)}
    if args.only and not names & set(args.only):
        return False
    return not names & set(args.skip)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('-n', type=int, default=20, help='records of each event')
    parser.add_argument('-s', type=int, default=1, help='seed')
    parser.add_argument('-c', type=int, default=2, help='CPUs')
    parser.add_argument('--skip', action='append', default=[])
    parser.add_argument('--only', action='append', default=[])
    parser.add_argument('--hide', action='append', help='leave out the format, not the records')
    parser.add_argument('--symbols')
    parser.add_argument('--fmts', action='store_true', help='EVENTS is a list of print fmts')
    parser.add_argument('--shift', type=int, help='times by a host: +1 interpolated, +2 scaled')
    parser.add_argument('--tsc', action='store_true', help='the clock counts cycles')
    parser.add_argument('events')
    parser.add_argument('out')
    args = parser.parse_args()
    formats = formats_of_fmts if args.fmts else read_formats
    events = [Event(system, text) for system, text in formats(args.events)]
    wanted = [e for e in events if is_wanted(e, args)]
    if args.hide:
        events = [e for e in events if not {e.system, e.system + ':' + e.name} & set(args.hide)]
    maker, lanes, ts = Maker(args.s), [Lane() for _ in range(args.c)], 1000000000
    for _ in range(args.n):
        for event in wanted:
            ts += maker.rng.randrange(1, 3000)
            record, lane = maker.record(event), maker.rng.randrange(args.c)
            if event.name.startswith('funcgraph'):
                # trace-cmd keeps pointing at the memory of a return that it took from
                # another CPU than the call's
                lane = int.from_bytes(record[4:8], 'little') % args.c
            lanes[lane].add(ts, record)
    for lane in lanes:
        lane.flush()
    symbols = open(args.symbols).read() if args.symbols else SYMBOLS
    write(args.out, events, symbols, lanes, args)
    print('%d records of %d events' % (args.n * len(wanted), len(wanted)), file=sys.stderr)


main()
