# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# nap.sh: a sleep that is no process.  The emulation pays some 40 ms of processor time for
# each process that a loop starts to wait with.

exec {nap_pipe}<> <(:)
# nap SECONDS
nap() { read -rt "$1" -u "$nap_pipe" || return 0; }
