#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# unpack-machine.py - the tree of /proc and /sys that hwtopo --save packed, by its page
#
# usage: unpack-machine.py FILE DIR
import os
import sys


def main():
    with open(sys.argv[1], 'rb') as file:
        text = file.read()
    head, _, text = text.partition(b'\n')
    assert head == b'hwtopo-tree 1', head
    while not text.startswith(b'end\n'):
        line, _, text = text.partition(b'\n')
        word, path, rest = line.decode().split(' ')
        path = os.path.join(sys.argv[2], path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if word == 'link':
            os.symlink(rest, path)
            continue
        size = int(rest)
        used = size if word == 'file' else 2 * size + max(size - 1, 0) // 32
        data, text = text[:used], text[used + 1:]
        with open(path, 'wb') as file:
            file.write(data if word == 'file' else bytes.fromhex(data.decode()))


main()
