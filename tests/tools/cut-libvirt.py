#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
cut-libvirt.py NUMBER HOW FOLDER COMMAND [ARG...]: a libvirtd that goes away in the
middle of a command

Runs COMMAND with each word URI replaced by the address of a proxy in FOLDER, which hands
on to the libvirtd that runs.  At the command's message NUMBER, counted over all of its
connections, all of them are closed:

  asked      libvirtd never sees the message
  answered   it does what it was asked, and the command never hears of it
  down       as "asked", and nobody listens any more

Behind the cut of "asked" and "answered" new connections are served, as by a libvirtd
that was restarted.  The status is COMMAND's; FOLDER/messages has how many there were.
"""
import os
import socket
import subprocess
import sys
import threading

UPSTREAM = '/run/libvirt/libvirt-sock'
KEEPALIVE = 0x6b656570


def message(sock):
    """One whole message: its first four bytes have its length.  None at the end."""
    data = b''
    while len(data) < 4 or len(data) < int.from_bytes(data[:4], 'big'):
        want = (int.from_bytes(data[:4], 'big') if len(data) >= 4 else 4) - len(data)
        try:
            more = sock.recv(want)
        except OSError:
            return None
        if not more:
            return None
        data += more
    return data


def close(sock):
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class Proxy:
    def __init__(self, number, how, path):
        self.number, self.how, self.path = number, how, path
        self.lock = threading.Lock()
        self.count = 0
        self.pairs = []
        self.serial = None        # of the message whose answer is kept back
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(UPSTREAM)
            except OSError:
                return
            self.pairs.append((client, server))
            threading.Thread(target=self.hand_on, args=(client, server), daemon=True).start()
            threading.Thread(target=self.hand_back, args=(server, client), daemon=True).start()

    def cut(self):
        if self.how == 'down':
            os.unlink(self.path)
            close(self.listener)
        pairs, self.pairs = self.pairs, []
        for client, server in pairs:
            close(client)
            close(server)

    def hand_on(self, client, server):
        while (data := message(client)) is not None:
            if int.from_bytes(data[4:8], 'big') != KEEPALIVE:
                with self.lock:
                    self.count += 1
                    if self.count == self.number and self.how == 'answered':
                        self.serial = (server, data[20:24])
                    elif self.count == self.number:
                        self.cut()
                        return
            try:
                server.sendall(data)
            except OSError:
                break
        close(server)

    def hand_back(self, server, client):
        while (data := message(server)) is not None:
            if self.serial == (server, data[20:24]):
                self.cut()
                return
            try:
                client.sendall(data)
            except OSError:
                break
        close(client)


def main():
    number, how, folder, *command = sys.argv[1:]
    path = os.path.join(folder, 'cut-libvirt-sock')
    proxy = Proxy(int(number), how, path)
    uri = 'qemu+unix:///system?socket=' + path
    status = subprocess.call([uri if word == 'URI' else word for word in command])
    with open(os.path.join(folder, 'messages'), 'w') as file:
        print(proxy.count, file=file)
    if os.path.exists(path):
        os.unlink(path)
    return status


sys.exit(main())
