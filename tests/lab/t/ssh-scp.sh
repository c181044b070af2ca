#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: ssh runs a command in a guest by each of its names, scp brings a folder back
# lab: --guests 1
. "$(dirname "$0")/../t-lib.sh"

for name in vm1 guest_vm guest-vm; do
	same "hostname of $name" vm1 "$(ssh $name hostname)"
done
ssh guest_vm "exit 42"
same "status over ssh" 42 $?
same "input over ssh" "a b" "$(echo "a b" | ssh vm1 cat)"
ssh vm1 'rm -rf copied && mkdir copied && echo data >copied/file'
scp -qr guest-vm:copied . || fail "scp failed"
same "what scp brought" data "$(cat copied/file)"
same "PATH over ssh" /usr/local/sbin "$(ssh vm1 'echo ${PATH%%:*}')"
