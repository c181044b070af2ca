#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
terminal.py COLUMNS LINES KEYS COMMAND [ARG...]: runs a command on a terminal and
prints what its screen shows, at the start and behind each of the keys.

KEYS are words with commas between them: characters, left right up down pgdn pgup, or
wait for another second.  Knows as much of a VT100 as ncurses uses.
"""
import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time

NAMES = {'left': '\x1bOD', 'right': '\x1bOC', 'up': '\x1bOA', 'down': '\x1bOB',
         'pgdn': '\x1b[6~', 'pgup': '\x1b[5~', 'space': ' ', 'wait': '', 'ctrl-c': '\x03'}
SEQUENCE = re.compile(r'\x1b\[[?]?([0-9;]*)([A-Za-z])|\x1b[()][A-Z0-9]|\x1b[=>78MD]')


class Screen:
    def __init__(self, columns, lines):
        self.columns, self.lines = columns, lines
        self.row = self.column = 0
        self.clear()

    def clear(self):
        self.cells = [[' '] * self.columns for _ in range(self.lines)]

    def control(self, letter, numbers):
        first = numbers[0] if numbers else 0
        if letter == 'H':
            self.row = max(first, 1) - 1
            self.column = max(numbers[1] if len(numbers) > 1 else 1, 1) - 1
        elif letter in 'ABCD':
            by = max(first, 1)
            self.row += {'A': -by, 'B': by}.get(letter, 0)
            self.column += {'C': by, 'D': -by}.get(letter, 0)
        elif letter in 'JK':
            row = self.cells[self.row]
            begin, end = (0, self.column + 1) if first == 1 else (self.column, self.columns)
            row[begin:end] = [' '] * (end - begin)
            if letter == 'J':
                for line in range(self.row + 1, self.lines):
                    self.cells[line] = [' '] * self.columns

    def feed(self, text):
        at = 0
        while at < len(text):
            found = SEQUENCE.match(text, at)
            if found:
                if found[2]:
                    self.control(found[2], [int(n or 0) for n in found[1].split(';')])
                at = found.end()
                continue
            letter = text[at]
            at += 1
            if letter == '\r':
                self.column = 0
            elif letter == '\n':
                self.row = min(self.row + 1, self.lines - 1)
            elif letter == '\b':
                self.column = max(self.column - 1, 0)
            elif letter == '\t':
                self.column = min((self.column // 8 + 1) * 8, self.columns - 1)
            elif letter >= ' ':
                if self.column < self.columns:
                    self.cells[self.row][self.column] = letter
                self.column += 1

    def show(self, title):
        print('== ' + title)
        for row in self.cells:
            print(''.join(row).rstrip())


def pump(fd, screen, seconds):
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if not select.select([fd], [], [], left)[0]:
            continue
        try:
            data = os.read(fd, 65536)
        except OSError:
            data = b''
        if not data:
            return False
        screen.feed(data.decode('utf-8', 'replace'))
    return True


def main():
    columns, lines, keys, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:]
    pid, fd = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', lines, columns, 0, 0))
        os.environ['TERM'] = 'vt100'
        os.execvp(command[0], command)
    screen = Screen(columns, lines)
    alive = pump(fd, screen, 0.7)
    screen.show('start')
    for key in [k for k in keys.split(',') if k]:
        if not alive:
            break
        os.write(fd, NAMES.get(key, key).encode())
        alive = pump(fd, screen, 1 if key == 'wait' else 0.2)
        screen.show(key)
    if alive:
        os.write(fd, b'q')
        pump(fd, screen, 2)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 255)


main()
