#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kvmrt-undo.sh: journals are listed, shown and undone; half done ones without being named
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

tree=$tmp/host
mkdir -p "$tree/run/kvmrt" "$tree/sys"

# journal NAME LINE...: fields are parted by blanks
journal() {
	local name=$1

	shift
	printf 'kvmrt-journal\t1\t\n' >"$tree/run/kvmrt/$name.journal"
	printf '%s\n' "$@" | tr ' ' '\t' >>"$tree/run/kvmrt/$name.journal"
}
undo() { run kvmrt-undo --root "$tree" "$@"; }

it 'refuses what does not go together'
expect_wrong_usage kvmrt-undo '--list goes with no other' --list --all
expect_wrong_usage kvmrt-undo 'found both' --all shield

it 'says so when a journal is not there'
undo shield
expect_status 1
expect_stderr "kvmrt-undo: no journal \"shield\" in $tree/run/kvmrt"

it 'has nothing to do without a journal'
rmdir "$tree/run/kvmrt"
undo
expect_status 0
mkdir "$tree/run/kvmrt"

it 'lists the journals, and which were stopped half-way'
echo 0-3 >"$tree/sys/a"
echo f >"$tree/sys/b"
journal cpu '1 cpulist sys/a 0-7 0-3' complete
touch -d '1 hour ago' "$tree/run/kvmrt/cpu.journal"
journal shield '2 cpumask sys/b ff f'
undo --list
expect_status 0
expect_stdout 'JOURNAL  CHANGES  STATE       NOTE
shield         1  incomplete  -
cpu            1  complete    -'
undo --list --json
expect_stdout_like '"journal": ?"shield"' '"changes": ?1'

it 'shows what it would put back, and does nothing'
undo --dry-run cpu
expect_status 0
expect_stdout 'JOURNAL  KNOB    FROM  TO   RESULT   WHY
cpu      /sys/a  0-3   0-7  planned  -'
expect_same "$tree/sys/a" 0-3

it 'undoes what was left half done, and leaves the rest'
undo
expect_status 0
expect_stdout_like '^shield +/sys/b +f +ff +restored'
expect_same "$tree/sys/b" ff
expect_same "$tree/sys/a" 0-3
[ ! -e "$tree/run/kvmrt/shield.journal" ] || fail 'the journal is still there'

it 'undoes the named one'
undo cpu
expect_status 0
expect_same "$tree/sys/a" 0-7
undo --list
expect_stdout 'JOURNAL  CHANGES  STATE  NOTE'

it 'undoes all, and tells what cannot be put back'
mkdir "$tree/sys/c"
journal cpu '1 cpulist sys/a 0-1 0-7' '2 text sys/c x y' '3 text sys/gone x y' complete
undo --all --json
expect_status 1
expect_stdout_like '"result": ?"failed"' '"result": ?"gone"' '"result": ?"restored"'
expect_stderr_like '^kvmrt-undo: cpu: cannot read .*sys/c: Is a directory'
expect_same "$tree/sys/a" 0-1
undo --list
expect_stdout_like '^cpu +1 +incomplete'

it 'refuses a journal that is none'
echo 'something else' >"$tree/run/kvmrt/cpu.journal"
undo --all
expect_status 1
expect_stderr_like 'cpu.journal: line 1: expected "kvmrt-journal", version 1 and a boot.s id, found "something else"'

it 'names one that cannot be read, and undoes the others'
echo 0-1 >"$tree/sys/a"
echo 3 >"$tree/sys/b"
journal shield '1 cpulist sys/a 0-7 0-1' '2 cpumask sys/b ff f' complete
journal vm-1 '3 cpulist sys/x 0-1' '4 cpulist sys/d 0-3 0-1'
printf 'kvmrt-journal\t2\t\n\e[2J\n' >"$tree/run/kvmrt/cpu.journal"
bad_line="$tree/run/kvmrt/vm-1.journal: line 2: expected a change, found \"3.cpulist.sys/x.0-1\""
undo --list
expect_status 1
expect_stdout_like '^shield +2 +complete +-$' '^vm-1 +- +unreadable +-$' '^cpu +- +unreadable'
expect_stderr_like "^kvmrt-undo: $bad_line\$" \
	'^kvmrt-undo: .*/cpu.journal: line 1: expected "kvmrt-journal", version 1 .*found "kvmrt-journal.2."$'
undo --list --json
expect_stdout_like '"journal": ?"vm-1","changes": ?null,"state": ?"unreadable"'
undo --dry-run shield
expect_status 1
expect_stdout_like '^shield +/sys/a +0-1 +0-7 +planned' '^shield +/sys/b +- +ff +failed +/sys/b is left as it is'
expect_same "$tree/sys/a" 0-1
undo --all
expect_status 1
expect_stdout_like '^shield +/sys/a +0-1 +0-7 +restored'
expect_stderr_like "^kvmrt-undo: $bad_line\$" '^kvmrt-undo: .*/cpu.journal: line 1: ' \
	'^kvmrt-undo: shield: /sys/b is left as it is, which "(vm-1|cpu)" may hold: .*journal: line '
expect_same "$tree/sys/a" 0-7
expect_same "$tree/sys/b" 3
rm "$tree"/run/kvmrt/{vm-1,cpu}.journal
undo
expect_status 0
expect_same "$tree/sys/b" ff

it 'needs root'
[ "$(id -u)" = 0 ] && ! command -v setpriv >/dev/null && exit 0
journal cpu '1 cpulist sys/a 0-7 0-3'
chmod -R a+rX "$tmp"
as_nobody=()
[ "$(id -u)" != 0 ] || as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
[ "$(id -u)" != 0 ] || "${as_nobody[@]}" test -x "$(command -v kvmrt-undo)" || exit 0
[ "$(id -u)" = 0 ] || chmod a-w "$tree/run/kvmrt"
run "${as_nobody[@]}" kvmrt-undo --root "$tree"
[ "$(id -u)" = 0 ] || chmod u+w "$tree/run/kvmrt"
expect_status 3
expect_stderr_like 'changing this host needs root'
run "${as_nobody[@]}" kvmrt-undo --root "$tree" --list
expect_status 0
