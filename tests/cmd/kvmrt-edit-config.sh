#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kvmrt-edit-config.sh: the editor's copy, errors, who edits, what is left when it goes wrong, libvirt
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

cfg=$tmp/kvmrt.cfg
host='numa:2 core:4 pu:2'	# core n has CPUs 2n and 2n+1; node 1 has CPUs 8-15
unset VISUAL
export TMPDIR=$tmp/tmp
mkdir "$TMPDIR"
# edit EDITOR [OPTION...]
edit() { EDITOR=$1 run kvmrt-edit-config -f "$cfg" --topology "$host" "${@:2}"; }
# libvirt is left out
alone() { edit "$1" --no-libvirt "${@:2}"; }
unchanged() { expect_same "$cfg" "$before"; }

# with_libvirtd: the second half of this test, beside a daemon of its own
with_libvirtd() {
	it 'lets libvirt have what was edited'
	sed "s/type='kvm'/type='qemu'/" tests/fuzz/corpus/xml/plain.xml >"$tmp/d.xml"
	virsh -q define "$tmp/d.xml" || fail 'libvirt refuses the VM'
	run kvmrt-import -f "$cfg" --topology "$host"
	expect_status 0
	name=$(virsh -q list --all --name | head -n 1)
	edit "sed -i 's/^rt = .*/rt = true/; s/^cpuset =.*/cpuset = n1/'"
	expect_status 0
	expect_stdout_like "^$name: rt: \"false\" becomes \"true\"\$" "^$name: cpuset: \"\" becomes \"n1\"\$"
	virsh -q dumpxml --inactive "$name" >"$tmp/xml"
	expect_like "$tmp/xml" "<vcpupin vcpu='0' cpuset='8'/>" '<locked/>'

	it 'refuses a VM that libvirt does not have'
	before=$(cat "$cfg")
	edit "sed -i '1s/^/[00000000-0000-4000-8000-00000000000b]\nname = b\n/'"
	expect_status 1
	expect_stderr_like ':1: error: b: libvirt has no VM of UUID .* \[uuid-unknown\]$'
	unchanged

	it 'takes one that libvirt has when the editor ends'
	sed "s/<uuid>.*/<uuid>00000000-0000-4000-8000-00000000000b<\/uuid>/; s/<name>.*/<name>b<\/name>/" \
		"$tmp/d.xml" >"$tmp/b.xml"
	edit "virsh -q define '$tmp/b.xml'; sed -i '1s/^/[00000000-0000-4000-8000-00000000000b]\nname = b\n/'" --no-sync
	expect_status 0
	expect_stdout 'b: new'
	virsh -q undefine b
	cp "$cfg.1~" "$cfg"

	it 'leaves libvirt as it is when told so'
	edit "sed -i 's/^rt = true/rt = no/'" --no-sync
	expect_status 0
	virsh -q dumpxml --inactive "$name" | cmp -s - "$tmp/xml" || fail 'libvirt was changed'

	it 'leaves the file, and keeps what was edited, when the disk is full'
	mkdir "$tmp/small"
	mount -t tmpfs -o size=8k none "$tmp/small" || fail 'cannot mount'
	cp "$cfg" "$tmp/small/kvmrt.cfg"
	EDITOR="sed -i 's/^comments.*/comments = $(printf '%5000s' x | tr ' ' x)/'" \
		run kvmrt-edit-config -f "$tmp/small/kvmrt.cfg" --topology "$host" --no-sync
	expect_status 1
	expect_stderr_like ': cannot write .*/small/kvmrt.cfg; it is as it was: No space left on device$'
	cmp "$cfg" "$tmp/small/kvmrt.cfg" || fail 'the file has changed'
	umount "$tmp/small"
	rm -r "$TMPDIR"/kvmrt-edit.*

	it 'goes on with the libvirtd that was started while the editor ran'
	cat >"$tmp/restart" <<-'END'
		#!/bin/sh
		sed -i 's/^title.*/title = new/' "$1"
		kill "$(cat /run/libvirtd.pid)"
		while [ -e /run/libvirtd.pid ]; do sleep 0.1; done
		libvirtd -d
	END
	chmod +x "$tmp/restart"
	edit "$tmp/restart"
	expect_status 0
	virsh -q dumpxml --inactive "$name" >"$tmp/xml"
	expect_like "$tmp/xml" '<title>new</title>'

	if command -v script >/dev/null; then
		it 'goes on with a libvirtd that was gone for longer than it waits, and came back'
		cat >"$tmp/gone" <<-'END'
			#!/bin/sh
			if [ -e "$0.before" ]; then
				sed 's/^title.*/title = back/' "$0.before" >"$1"
				exec libvirtd -d
			fi
			cp "$1" "$0.before"
			sed -i 's/^nr_vcpus.*/nr_vcpus = x/' "$1"
			kill "$(cat /run/libvirtd.pid)"
			while [ -e /run/libvirtd.pid ]; do sleep 0.1; done
		END
		chmod +x "$tmp/gone"
		last_command='kvmrt-edit-config on a terminal'
		echo e | EDITOR="$tmp/gone" script -qec "kvmrt-edit-config -f '$cfg' --topology '$host'" \
			/dev/null >"$tmp/stdout"
		status=$?
		expect_status 0
		virsh -q dumpxml --inactive "$name" >"$tmp/xml"
		expect_like "$tmp/xml" '<title>back</title>'
	fi

	it 'saves without libvirt, and says what is left to do'
	end_libvirtd
	edit "sed -i 's/^title.*/title = newer/'"
	expect_status 1
	expect_like "$cfg" '^title = newer$'
	expect_stderr_like '^kvmrt-edit-config: note: not compared with what libvirt has: ' \
		'^kvmrt-edit-config: saved, but not synchronised: .* run kvmrt-sync-config when it can$'
}

if [ "${1:-}" = libvirtd ]; then
	with_libvirtd
	exit
fi

it 'refuses what does not go together'
expect_wrong_usage kvmrt-edit-config 'argument' vm1
expect_wrong_usage kvmrt-edit-config '--connect does not go with --no-libvirt' -c x:///y --no-libvirt

it 'begins a new file with a template, and writes nothing when it is left as it is'
alone "cp -t '$tmp'" --yes
expect_status 0
expect_stdout "$cfg is unchanged"
mv "$tmp/kvmrt.cfg" "$tmp/template"
[ ! -e "$cfg" ] || fail 'a file was made'

it 'has every attribute in the template, as kvmrt.cfg(5) has it'
awk '/^# / { sub(/^# /, ""); sub(/: .*/, ""); form = $0 }
	/^#[a-z_]+ =/ { print substr($1, 2), form (NF > 2 ? ", default " $3 : "") }' "$tmp/template" |
	sort >"$tmp/table"
sed -nE 's/^\.It Ic ([a-z_]+) Pq (.*)/\1 \2/p' doc/formats/kvmrt.cfg.5 | sort >"$tmp/page"
expect_same "$tmp/page" "$(cat "$tmp/table")"

it 'saves what was edited, and shows what differs'
before='# mine
[aeec46cc-0638-4949-ac04-146b233194a9]
name = a
nr vcpus = 1
# for later
colour = red'
printf '%s\n' "$before" >"$tmp/first"
alone "cp '$tmp/first'"
expect_status 0
expect_stdout 'a: new'
expect_stderr "$cfg:6: warning: a: unknown attribute \"colour\" [unknown-attribute]"
unchanged
alone "sed -i 's/vcpus = 1/vcpus = 2/'"
expect_status 0
expect_stdout 'a: nr_vcpus: "1" becomes "2"'
expect_same "$cfg" "${before/vcpus = 1/vcpus = 2}"
expect_same "$cfg.1~" "$before"
cp "$cfg.1~" "$cfg"

it 'takes $VISUAL before $EDITOR, and a symbolic link for what it leads to'
ln -s kvmrt.cfg "$tmp/link.cfg"
VISUAL="sed -i 's/# mine/# ours/'" EDITOR=false \
	run kvmrt-edit-config -f "$tmp/link.cfg" --no-libvirt --topology "$host"
expect_status 0
expect_stdout 'no value differs, only the text'
expect_like "$cfg" '^# ours$'
[ -L "$tmp/link.cfg" ] || fail 'the link is no more'
cp "$cfg.1~" "$cfg"

it 'changes nothing when the editor fails, leaves no file, or changes nothing'
alone false
expect_status 1
expect_stderr 'kvmrt-edit-config: the editor "false" ended with status 1'
unchanged
alone rm
expect_status 1
expect_stderr 'kvmrt-edit-config: the editor left no file'
unchanged
alone true
expect_status 0
expect_stdout "$cfg is unchanged"
unchanged

it 'writes nothing in a dry run'
alone "sed -i 's/vcpus = 1/vcpus = 2/'" --dry-run
expect_status 0
expect_stdout 'a: nr_vcpus: "1" becomes "2"'
unchanged

it 'abandons errors where there is nobody to ask'
alone "sed -i 's/vcpus = 1/vcpus = x/'"
expect_status 1
expect_stdout ''
expect_stderr_like ":4: error: a: nr_vcpus: expected a number from 1 to 4096, found \"x\" \[bad-value\]$" \
	'^1 error, 1 warning$' '^kvmrt-edit-config: abandoned, nothing was changed$'
unchanged

it 'checks against the machine below another root'
mkdir -p "$tmp/root/sys/devices/system/cpu/cpu0/topology" "$tmp/root/proc"
for file in present possible online; do echo 0 >"$tmp/root/sys/devices/system/cpu/$file"; done
EDITOR="sed -i '3s/^/cpuset = 1\n/'" run kvmrt-edit-config -f "$cfg" --no-libvirt --root "$tmp/root"
expect_status 1
expect_stderr_like ':3: error: a: cpuset: .*no CPU 1 in this machine, which has CPUs 0 \[cpus-unknown\]$'
unchanged

it 'checks against what the machine is when the editor ends'
mkdir -p "$tmp/root/sys/devices/system/cpu/cpu1/topology"
for file in present possible; do echo 0-1 >"$tmp/root/sys/devices/system/cpu/$file"; done
up="echo 0-1 >'$tmp/root/sys/devices/system/cpu/online'"
EDITOR="$up; sed -i '3s/^/cpuset = 1\n/'" run kvmrt-edit-config -f "$cfg" --no-libvirt --root "$tmp/root"
expect_status 0
expect_stdout 'a: cpuset: "" becomes "1"'
cp "$cfg.1~" "$cfg"

# talk ANSWERS EDITOR: on a terminal
talk() {
	last_command="kvmrt-edit-config <<<'$1'"
	: >"$tmp/stderr"
	printf '%b' "$1" | EDITOR=$2 script -qec \
		"kvmrt-edit-config -f '$cfg' --topology '$host' --no-libvirt" /dev/null >"$tmp/stdout"
	status=$?
}

if command -v script >/dev/null; then
	# In its first round an error; in the second it finds that in a comment, and mends it.
	cat >"$tmp/editor" <<-'END'
		#!/bin/sh
		if grep -q '^#! error: nr_vcpus: expected a number' "$1"; then
			grep -A 1 '^#! error' "$1" >"${0%/*}/around"
			sed -i 's/vcpus = x/vcpus = 3/' "$1"
		else
			sed -i 's/vcpus = 1/vcpus = x/' "$1"
		fi
	END
	chmod +x "$tmp/editor"
	it 'goes back to the editor with the errors at their lines'
	talk 'e\n' "$tmp/editor"
	expect_status 0
	expect_stdout_like 'Edit again, or abandon the changes\? \[e/a\]' '^a: nr_vcpus: "1" becomes "3"'
	expect_same "$tmp/around" '#! error: nr_vcpus: expected a number from 1 to 4096, found "x" [bad-value]
nr vcpus = x'
	expect_same "$cfg" "${before/vcpus = 1/vcpus = 3}"
	cp "$cfg.1~" "$cfg"

	it 'abandons the changes at an interrupt, which does not wait for an answer'
	# keys: the interrupt at the question; the end of input comes when nothing came of it
	keys() {
		until grep -q '\[e/a\]' "$tmp/stdout"; do sleep 0.05; done
		printf '\003'
		for ((n = 0; n < 400; n++)); do
			grep -q abandoned "$tmp/stdout" && return
			sleep 0.05
		done
		: >"$tmp/late"
	}
	: >"$tmp/stdout"
	last_command='kvmrt-edit-config on a terminal, interrupted'
	keys | EDITOR=$tmp/editor script -qefc \
		"kvmrt-edit-config -f '$cfg' --topology '$host' --no-libvirt" /dev/null >"$tmp/stdout"
	[ ! -e "$tmp/late" ] || fail 'it waited for an answer'
	expect_stdout_like 'kvmrt-edit-config: abandoned, nothing was changed'
	unchanged

	it 'abandons the changes when told so'
	talk 'what?\na\n' "$tmp/editor"
	expect_status 1
	expect_stdout_like 'kvmrt-edit-config: abandoned, nothing was changed'
	unchanged
fi

it 'refuses a second edit, and tells who has the first'
mkfifo "$tmp/go"
SUDO_USER=alice EDITOR="sh -c 'echo >\"$tmp/in\"; cat \"$tmp/go\"' sh" kvmrt-edit-config -f "$cfg" \
	--no-libvirt --topology "$host" >/dev/null 2>&1 &
first=$!
until [ -e "$tmp/in" ]; do sleep 0.05; done
SUDO_USER=bob alone true
expect_status 1
expect_stderr_like "^kvmrt-edit-config: $cfg is being changed by kvmrt-edit-config \(process $first of alice\) since 20"
echo >"$tmp/go"
wait "$first" || fail 'the first edit did not end well'
alone true
expect_status 0

it 'abandons, and leaves nothing, when it is to end while the editor runs'
rm "$tmp/in"
EDITOR="sh -c 'sed -i s/=.a/=\ b/ \"\$1\"; echo >\"$tmp/in\"; cat \"$tmp/go\"' sh" kvmrt-edit-config \
	-f "$cfg" --no-libvirt --topology "$host" >/dev/null 2>"$tmp/ended" &
first=$!
until [ -e "$tmp/in" ]; do sleep 0.05; done
kill "$first"
echo >"$tmp/go"
wait "$first" && fail 'it went on'
expect_same "$tmp/ended" 'kvmrt-edit-config: abandoned at signal 15, nothing was changed'
unchanged

it 'keeps what was edited when another program has changed the file meanwhile'
alone "sh -c 'echo \"# theirs\" >>\"$cfg\"; sed -i s/=.a/=\ b/ \"\$1\"' sh"
expect_status 1
kept=$(sed -nE 's/.* kept in ([^:]*): .* was changed by another program meanwhile$/\1/p' "$tmp/stderr")
expect_like "$kept" '^name = b$'
expect_same "$cfg" "$before
# theirs"
rm -r "$(dirname "$kept")"

it 'leaves nothing behind'
rm -f "$cfg" "$cfg".[1-5]~
[ -z "$(ls "$TMPDIR")" ] || fail "$(ls "$TMPDIR")"
for left in "$tmp"/kvmrt.cfg* "$tmp"/.kvmrt.cfg*; do
	[ ! -e "$left" ] || fail "$left"
done

tests/tools/with-libvirtd "$0" libvirtd
status=$?
[ $status = 0 ] || [ $status = 77 ] || fail 'beside a libvirtd'
