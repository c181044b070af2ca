#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kvmrt-gs.sh: commands and their words, what is missing and how that is told
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir -p "$tmp/off/proc" "$tmp/on/proc" "$tmp/on/sys/kernel/tracing"
echo quiet >"$tmp/off/proc/cmdline"
echo quiet kvmrt_gs_hc_guest_enabled=1 kvmrt_gs_syscall_enabled=1 >"$tmp/on/proc/cmdline"
: >"$tmp/on/sys/kernel/tracing/trace_marker"
off() { run kvmrt-gs --root "$tmp/off" "$@"; }
on() { run kvmrt-gs --root "$tmp/on" "$@"; }
wrong() { expect_wrong_usage kvmrt-gs "$@"; }

it 'refuses what it does not understand before it calls anything'
wrong 'unknown command "pong"; near it: ping' ping 1 pong
wrong 'ping: expected COOKIE behind it' ping
wrong 'expected a number as COOKIE, found "x"' ping x
wrong 'expected a number as COOKIE' ping 18446744073709551616
wrong 'expected 0 .* 1 .* or 2 .* as SCOPE, found "3"' xtrace_flush 3
wrong 'log_msg: nothing to send' log_msg ''
wrong 'xtrace_log_data: expected pairs of hexadecimal digits, found "0xabc"' xtrace_log_data 0xabc
wrong 'expected pairs of hexadecimal digits, found "hello"' -x xtrace_log_data hello
wrong 'log_msg: a message cannot hold a zero byte' log_msg 0x410041
wrong 'at most 4080 bytes can be sent, these are 4081' xtrace_log_data "$(printf '%4081s' x)"
wrong 'at most 4080 bytes can be sent, these are 4081' xtrace_log_data "0x$(printf '%8162s' a | tr ' ' a)"
wrong 'expected a command, found "--json"; options stand in front' status --json
wrong '--hex and --text cannot both be' --hex --text status
wrong 'expected.*COMMAND|argument' --json

it 'is not available without the boot words, which a script sees by the status'
off available
expect_status 1
expect_stdout ''
expect_stderr_like 'not available: (not permitted in this guest: boot it with kvmrt_gs_hc_guest_enabled=1 kvmrt_gs_syscall_enabled=1|this machine is no guest of KVM)'
for function in ping log_msg xtrace_flush xtrace_log_data; do
	off ${function}_available
	expect_status 1
	expect_stderr_like "$function is not available: "
done

it 'says that this machine cannot when a call is not permitted'
off ping 1
expect_status 3
expect_stderr_like '^kvmrt-gs: ping: (not permitted|this machine)'

it 'ends at the first command that fails'
off available ping 1
expect_status 1
off ping 1 available
expect_status 3

it 'tells each fact with what helps, as text and as JSON'
off status
expect_status 0
expect_stdout_like '^FACT +STATE +MEANS$' '^path +none +' \
	'^kvmrt_gs_hc_guest_enabled +0 +not permitted; boot with kvmrt_gs_hc_guest_enabled=1$' \
	'^module +no +' '^guest events +no +' '^host +- +was not asked$' '^xtrace_log_data +no '
on --json status
expect_status 0
expect_stdout_like '"fact": ?"kvmrt_gs_syscall_enabled", ?"state": ?"1"' \
	'"fact": ?"guest events", ?"state": ?"marks"'

# handed MODULE: what modprobe hands to a module out of the command line in $tmp/cmdline; the
# file as modprobe itself reads it, which is not always what stands there
handed() {
	local words

	words=$(PATH=$PATH:/sbin modprobe -C gs/dkms/kvmrt-gs-modprobe.conf -c | sed -nE "s/^install $1 .*--ignore-install $1 (.*) \\\$CMDLINE_OPTS\$/\\1/p")
	[ -n "$words" ] || fail "modprobe is told nothing for $1"
	eval "echo ${words//\/proc\/cmdline/$tmp/cmdline}"
}
# guest_words TEXT EXPECTED: the modules' words, and that programs without the module read the same
guest_words() {
	local word last found

	echo "$1" | tee "$tmp/cmdline" >"$tmp/off/proc/cmdline"
	found=$(handed kvmrt_gs_guest)
	[ "$found" = "$2" ] || fail "\"$1\" is handed as \"$found\""
	off --json status
	for word in kvmrt_gs_hc_guest_enabled kvmrt_gs_syscall_enabled; do
		last=$(tr ' ' '\n' <<<"$2" | sed -n "s/^$word=//p" | tail -n 1)
		expect_stdout_like "\"$word\", ?\"state\": ?\"${last:-0}\""
	done
}

it 'reads the boot words as modprobe hands them to the modules'
guest_words 'quiet kvmrt_gs_hc_guest_enabled=1 xkvmrt_gs_syscall_enabled=1 kvmrt_gs_syscall_enabled;id' \
	'kvmrt_gs_hc_guest_enabled=1'
guest_words 'kvmrt-gs-hc-guest-enabled kvmrt_gs_syscall_enabled=on' \
	'kvmrt_gs_hc_guest_enabled=1 kvmrt_gs_syscall_enabled=1'
guest_words 'kvmrt_gs_hc_guest_enabled=Y  kvmrt_gs_hc_guest_enabled=off kvmrt_gs_syscall_enabled=n' \
	'kvmrt_gs_hc_guest_enabled=1 kvmrt_gs_hc_guest_enabled=0 kvmrt_gs_syscall_enabled=0'
guest_words 'quiet kvmrt_gs_syscall_enabled=2 -- kvmrt_gs_hc_guest_enabled=1' ''
guest_words 'kvmrt_gs_hc_guest_enabled=true -- x' 'kvmrt_gs_hc_guest_enabled=1'
guest_words 'dyndbg="file a.c kvmrt_gs_syscall_enabled=1 +p" "kvmrt_gs_hc_guest_enabled=1" x="-- y"' \
	'kvmrt_gs_hc_guest_enabled=1'
guest_words 'kvmrt_gs_hc_guest_enabled="1" x="no end kvmrt_gs_syscall_enabled=1' 'kvmrt_gs_hc_guest_enabled=1'
echo 'kvmrt_gs_hc_host_enabled=0 kvm.kvmrt_gs_hc_host_enabled=yes `id` kvm.kvmrt-gs-hc-host-enabled=0 -- kvm.kvmrt_gs_hc_host_enabled' \
	>"$tmp/cmdline"
found=$(handed kvmrt_gs_host)
[ "$found" = 'kvmrt_gs_hc_host_enabled=1 kvmrt_gs_hc_host_enabled=0' ] || fail "the host's are \"$found\""
echo quiet >"$tmp/off/proc/cmdline"

# From here on the host is called, where there is one: a stock KVM does not answer.
on ping 1
[ $status = 1 ] && grep -q 'does not answer' "$tmp/stderr" ||
	skip "the rest needs a machine below a KVM that does not answer: $(cat "$tmp/stderr")"
marks=$tmp/on/sys/kernel/tracing/trace_marker
# mark REGEX: the guest's own trace has such a line
mark() {
	sed 's/kvmrt_gs: /\n&/g' "$marks" | grep -Eqx -e "$1" || fail "no mark like \"$1\""
	: >"$marks"
}

it 'says that a host does not answer, and takes that as done where told so'
on -u ping 0x2a
expect_status 0
expect_stdout ''
mark 'kvmrt_gs: ping cookie=0x2a'
on -u ping 18446744073709551615
mark 'kvmrt_gs: hc_start nr=0x4b475301 a0=0xffffffffffffffff a1=0x0 a2=0x0 a3=0x0'

it 'sends text as text and hexadecimal as bytes, and the other way where told so'
on -u log_msg 'VM1: 100%'
mark 'kvmrt_gs: log_msg id=0x[0-9a-f]+ offset=0x0 length=0x9 data=564d313a2031303025'
on -u xtrace_log_data 0x00ff
mark 'kvmrt_gs: log_data id=0x[0-9a-f]+ offset=0x0 length=0x2 data=00ff'
on -u -t xtrace_log_data 0x00ff
mark 'kvmrt_gs: log_data .* length=0x6 data=307830306666'
on -u -x xtrace_log_data 00FF
mark 'kvmrt_gs: log_data .* length=0x2 data=00ff'
on -u log_msg -x
mark 'kvmrt_gs: log_msg .* length=0x2 data=2d78'
on -u log_msg '0xdeadbeef was seen'
mark 'kvmrt_gs: log_msg .* data=30786465616462656566.*'

it 'does several commands in their order and prints the number of the incident'
on -u xtrace_flush vm xtrace_flush 2
expect_status 0
expect_stdout_like '^incident 0x[0-9a-f]+$'
incident=$(sed -n '2s/incident //p' "$tmp/stdout")
mark "kvmrt_gs: flush scope=0x2 incident=$incident"

it 'tells when a message was cut'
on -u log_msg "$(printf '%300s' x)"
expect_status 0
expect_stderr 'kvmrt-gs: log_msg: the first 240 of 300 bytes were taken'
on -u log_msg "$(printf '%5000s' x)"
expect_status 0
expect_stderr 'kvmrt-gs: log_msg: the first 240 of 5000 bytes were taken'

it 'sends the longest data'
on -u xtrace_log_data "0x$(printf '%8160s' b | tr ' ' b)"
expect_status 0
mark 'kvmrt_gs: log_data .* offset=0xf00 length=0xff0 data=b{480}'
