#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kvmrt-sync-config.sh: file and libvirt made alike, and nothing else of the XML touched
[ -n "${KVMRT_WITH_LIBVIRTD:-}" ] || exec "$(dirname "$0")/../tools/with-libvirtd" "$0"
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

cfg=$tmp/kvmrt.cfg
host='pack:2 numa:1 core:2 pu:2'
sync_config() { run kvmrt-sync-config -f "$cfg" --topology "$host" "$@"; }
define() { sed "s/type='kvm'/type='qemu'/" "$1" >"$tmp/d.xml" && virsh -q define --validate "$tmp/d.xml"; }
xml() { virsh -q dumpxml --inactive "$1"; }
# set NAME ATTRIBUTE VALUE
set_in() { sed -i "/^name = $1\$/,/^\[/s|^$2 =.*|$2 = $3|" "$cfg"; }
# What no attribute governs, in one order.
ungoverned() {
	xml "$1" | sed '/<metadata>/,/<\/metadata>/{/kvmrt/d}; s|\(<cpu mode.*\)/>|\1>|' | grep -Ev \
		'<(/?metadata|title|description|vcpu |/?cputune|vcpupin|emulatorpin|iothreadpin|vcpusched|locked|nosharepages|/?numatune|/?memoryBacking|hidden|topology|/?cpu>|/?features>)|<memory mode|</?kvm>' | sort
}

it 'finds nothing to do behind an import, over all of the corpus'
for name in plain windows hostdev numa tuned hotplug commandline texts; do
	define "tests/fuzz/corpus/xml/$name.xml" || fail "libvirt refuses $name.xml"
done
mkdir "$tmp/before" "$tmp/after"
virsh -q list --all --name | while read -r name; do
	[ -z "$name" ] || { ungoverned "$name" >"$tmp/before/$name"; xml "$name" >"$tmp/before/$name.xml"; }
done
run kvmrt-import -f "$cfg" --topology "$host"
expect_status 0
sync_config --query
expect_status 1
# Pins of single threads are more than an attribute can say; a real-time policy is, without rt.
expect_stdout 'tuned-by-hand:
  cpuset: none -> 0-1
  vcpupin: 0=0 1=1 2=1 -> none
  emulatorpin: 0-1 -> none
  iothreadpin: 2=1 -> none
  vcpusched: 0=fifo:5 1=fifo:5 2=batch:0 -> none
7 alike, 1 different'

it 'synchronises, and is content'
sync_config
expect_status 0
expect_stdout_like '^7 alike, 1 synchronised$'
sync_config --query -v
expect_status 0
expect_stdout_like '^tuned-by-hand: alike$' '^8 alike, 0 different$'

it 'leaves what it does not govern'
for name in plain 'win11 office' passthrough cells hotplug commandline texts; do
	xml "$name" | cmp -s - "$tmp/before/$name.xml" || fail "the XML of $name changed"
done
ungoverned tuned-by-hand | diff "$tmp/before/tuned-by-hand" - || fail 'more than was governed changed'

it 'tells a program what became of each, and nothing else on stdout'
result() { printf '{"vm":"plain","uuid":"%s","result":"%s","error":%s}' "$(virsh -q domuuid plain)" "$1" "${2-null}"; }
set_in plain title x
sync_config --json -q plain
expect_status 1
expect_stdout "[
 $(result different)
]"
expect_stderr_like '^plain:' '^  title: .* -> x$'
sync_config --json plain
expect_status 0
expect_stdout "[
 $(result synchronised)
]"
set_in plain title ''
sync_config --json -r -v plain
expect_status 0
expect_stdout "[
 $(result synchronised)
]"
set_in plain title ''
sync_config --json plain
set_in plain cpuset 99
sync_config --json plain
expect_status 1
expect_stdout_like '"result":"failed","error":"plain: cpuset: '
set_in plain cpuset ''
sync_config --json -v plain
expect_stdout "[
 $(result alike)
]"
expect_stderr 'plain: alike'
define_vm gone 5a1c0001-0000-4000-8000-0000000000a1
run kvmrt-import -f "$cfg" --topology "$host" gone
virsh -q undefine gone
sync_config --json -r gone
expect_status 0
expect_stdout '[
 {"vm":"gone","uuid":"5a1c0001-0000-4000-8000-0000000000a1","result":"removed","error":null}
]'
grep gone "$cfg" && fail 'the section is there'

it 'takes disabled VMs as any other'
set_in plain disabled true
set_in plain title x
sync_config --query
expect_status 1
expect_stdout_like '^plain:$' '^  title: .* -> x$' '^7 alike, 1 different$'
set_in plain disabled false

it 'makes every VM of the corpus real-time, and libvirt takes it'
# vCPUs on one CPU of each core, the rest for the other threads; the set is too large for one host,
# but each alone fits.
while read -r name; do
	[ -n "$name" ] || continue
	set_in "$name" rt true
	set_in "$name" cpuset 0-7
	set_in "$name" nr_vcpus 2
	set_in "$name" cpu_topology auto
	set_in "$name" rt_memory auto
	set_in "$name" numatune auto
	set_in "$name" hide_kvm true
	set_in "$name" title 'made <real-time>'
	sync_config "$name"
	if [ "$name" = cells ]; then
		# Its cells are for four vCPUs: what libvirt says is passed on.
		expect_status 1
		expect_stderr_like '^kvmrt-sync-config: cells: libvirt refuses the XML: '
		continue
	fi
	expect_status 0
	xml "$name" >"$tmp/after/$name.xml"
	expect_like "$tmp/after/$name.xml" "<vcpupin vcpu='0' cpuset='0'/>" \
		"<vcpupin vcpu='1' cpuset='2'/>" "<emulatorpin cpuset='4,6'/>" '<locked/>' \
		"<vcpusched vcpus='(0|0-1)' scheduler='fifo' priority='1'/>" '<nosharepages/>' \
		"<memory mode='(strict|preferred)' nodeset='0-1'/>" "<hidden state='on'/>" \
		'<title>made &lt;real-time&gt;</title>' 'kvmrt:vm.* rt="on"' 'kvmrt:vm.* cpuset="0-7"'
	ungoverned "$name" | diff "$tmp/before/$name" - || fail "more than was governed changed in $name"
	sync_config --query "$name"
	expect_status 0
done < <(virsh -q list --all --name)

it 'takes the policy away again'
set_in plain rt false
set_in plain cpuset ''
set_in plain numatune auto
sync_config plain
expect_status 0
xml plain >"$tmp/after/plain.xml"
grep -E 'vcpupin|emulatorpin|vcpusched|locked|nosharepages|numatune' "$tmp/after/plain.xml" &&
	fail 'some of it is left'

it 'says who changed what, and takes it into the file with -r'
virsh -q numatune texts --nodeset 1 --config
sync_config -q texts
expect_status 1
expect_stdout_like '^texts: changed in libvirt since it was synchronised$' '^  numatune: 1 -> 0-1$'
mkdir "$tmp/ro"
mount -t tmpfs none "$tmp/ro" && cp "$cfg" "$tmp/ro/kvmrt.cfg" && mount -o remount,ro "$tmp/ro" ||
	fail 'cannot mount'
run kvmrt-sync-config -r -q -f "$tmp/ro/kvmrt.cfg" --topology "$host" texts
expect_status 1
expect_stdout_like '^  numatune: auto -> 1$'
run kvmrt-sync-config -r -f "$tmp/ro/kvmrt.cfg" --topology "$host" texts
expect_status 1
expect_stderr "kvmrt-sync-config: cannot lock $tmp/ro/kvmrt.cfg: Read-only file system"
umount "$tmp/ro"
sync_config -r texts
expect_status 0
expect_stdout_like '^  numatune: auto -> 1$'
sync_config -q texts
expect_status 0

it 'renames a VM that is off, and follows one that was renamed'
set_in texts name words
sync_config words
expect_status 0
expect_stdout_like '^  name: texts -> words$'
virsh -q domstate words >"$tmp/state" || fail 'not renamed'
virsh -q domrename words phrases
sync_config -r words
expect_status 0
expect_stdout_like '^  name: words -> phrases$'
grep -q '^name = phrases$' "$cfg" || fail 'the name was not taken'

it 'does not rename one that runs, but says so'
define_vm tiny 5a1c0001-0000-4000-8000-00000000000a
virsh -q start --paused tiny || fail 'tiny does not start'
run kvmrt-import -f "$cfg" --topology "$host" tiny
expect_status 0
set_in tiny name large
sync_config large
expect_status 1
expect_stderr_like 'large: libvirt has it under another name, and renames only what is off; it is paused'
virsh -q destroy tiny

it 'keeps comments, CDATA and what belongs to others, and tells libvirt of each number of vCPUs'
define tests/fuzz/corpus/xml/nasty.xml || fail 'libvirt refuses nasty.xml'
xml nasty >"$tmp/nasty"
run kvmrt-import -f "$cfg" --topology "$host" nasty
expect_status 0
sync_config nasty
expect_status 0
xml nasty | diff "$tmp/nasty" - | sed -n 's/^[<>] *//p' | sed 's/hash="[^"]*"/hash=""/' >"$tmp/changed"
expect_same "$tmp/changed" "<kvmrt:vm xmlns:kvmrt=\"urn:kvmrt:domain:1\" cpuset=\"0,2-3\" hash=\"\"/>
<vcpu placement='static' current='2'>4</vcpu>
<vcpu placement='static' cpuset='0,2-3' current='2'>4</vcpu>
<emulatorpin cpuset='0,2-3'/>
<iothreadpin iothread='7' cpuset='0'/>"
for n in 3 1 4; do
	set_in nasty nr_vcpus $n
	sync_config nasty
	expect_status 0
	[ "$(virsh -q vcpucount nasty --config --current)/$(virsh -q vcpucount nasty --config --maximum)" = $n/4 ] ||
		fail "$n: $(xml nasty | grep vcpu)"
done

it 'names a VM that libvirt does not know'
virsh -q undefine tiny
sync_config large
expect_status 1
expect_stderr_like '^kvmrt-sync-config: large: cannot read the VM.s XML: .*5a1c0001'

it 'takes a VM that was removed from libvirt out of the file with -r, unless it is disabled'
cp "$cfg" "$tmp/cfg"
sync_config -r -q large
expect_status 1
expect_stdout_like '^large: would be removed: libvirt has no VM of UUID 5a1c0001-.*a$' '^0 alike, 1 different$'
cmp -s "$cfg" "$tmp/cfg" || fail 'a query changed the file'
set_in large disabled true
sync_config -r large
expect_status 0
grep -q '^name = large$' "$cfg" || fail 'what is disabled was taken out'
sync_config large
expect_status 0
expect_stdout '1 alike, 0 synchronised'
set_in large disabled false
sync_config -r large
expect_status 0
expect_stdout_like '^large: removed: ' '^0 alike, 1 synchronised$'
sed '/^\[5a1c0001-.*a]$/,$d' "$tmp/cfg" >"$tmp/want"
sed -n '/^name = large$/,$p' "$tmp/cfg" | sed -n '/^\[/,$p' >>"$tmp/want"
diff "$tmp/want" "$cfg" || fail 'more than its section changed'
grep -q '^name = large$' "$cfg.1~" || fail 'the version of before is lost'

it 'takes nothing out for a libvirt that knows none of the VMs'
cp "$cfg" "$tmp/with"
for options in '' --query; do
	# shellcheck disable=SC2086
	sync_config -r $options -c test:///default
	expect_status 1
	expect_stdout ''
	expect_stderr_like '^kvmrt-sync-config: -r would remove all VMs of .*, found none at "test:///default"$'
done
cmp -s "$cfg" "$tmp/with" || fail 'the file changed'

it 'names a VM that the file does not have, and one near to it'
sync_config plane
expect_status 1
expect_stderr_like '^kvmrt-sync-config: .* has no VM "plane"; near to it is "plain"$'

it 'does not write while CPUs are lacking'
set_in plain rt true
set_in plain cpuset 0
sync_config plain
expect_status 1
expect_stderr_like 'plain: cpuset "0" has too few CPUs: [0-9]+ more needed'
xml plain >"$tmp/plain.xml"
set_in plain nr_vcpus 1
set_in plain cpu_topology auto
sync_config plain
expect_status 1
expect_stderr_like 'plain: cpuset "0" has too few CPUs: 1 more needed$'
xml plain | cmp -s - "$tmp/plain.xml" || fail 'the XML changed'
set_in plain cpuset 0-99
sync_config plain
expect_status 1
expect_stderr_like 'plain: cpuset: '
