#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kvmrt-import.sh: a real libvirt's VMs become sections, once, and -u brings them up to date
[ -n "${KVMRT_WITH_LIBVIRTD:-}" ] || exec "$(dirname "$0")/../tools/with-libvirtd" "$0"
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

cfg=$tmp/kvmrt.cfg
host='pack:2 numa:1 core:2 pu:2'
import() { run kvmrt-import -f "$cfg" --topology "$host" "$@"; }
# the corpus, as domains that need no KVM
define() { sed "s/type='kvm'/type='qemu'/" "$1" >"$tmp/d.xml" && virsh -q define --validate "$tmp/d.xml"; }
# section UUID-END: its lines
section() { sed -n "/^\[.*$1\]/,/^\[/p" "$cfg" | grep ' = '; }

it 'imports what libvirt has, with the values that it has'
for name in plain windows hostdev numa tuned hotplug commandline texts ours nasty; do
	define "tests/fuzz/corpus/xml/$name.xml" || fail "libvirt refuses $name.xml"
done
import
expect_status 0
expect_stdout_like '^plain: imported$' '^win11 office: imported$' \
	'^10 imported, 0 updated, 0 the same, 0 skipped$'
expect_stderr ''
section 0005 >"$tmp/tuned"
expect_like "$tmp/tuned" '^name = tuned-by-hand$' '^nr_vcpus = 3$' '^cpuset = 0-1$'
section 0008 >"$tmp/texts"
expect_like "$tmp/texts" '^title = Größe & ✓$' '^description = first <line>$'
section 0009 >"$tmp/ours"
expect_like "$tmp/ours" '^rt = true$' '^cpuset = 0-1$'

it 'leaves a file that is valid, with room for vCPUs that are plugged in later'
section 0006 >"$tmp/hotplug"
expect_like "$tmp/hotplug" '^nr_vcpus = 2$' '^cpu_topology = 4,1,1$'
section 000b >"$tmp/nasty"
expect_like "$tmp/nasty" $'^title = a\x7fb$' '^nr_vcpus = 2$' '^cpu_topology = 2,2,1$' '^cpuset = 0,2-3$'
sed -i '/0009]/,/^disabled/s/^disabled = .*/disabled = true/' "$cfg"	# it is on the CPUs of others
run kvmrt-validate-config -f "$cfg" --topology "$host"
expect_status 0
expect_stdout_like '^.*: hotplug: .* \[topology-room\]$' ': 0 errors, [0-9]+ warnings$'

it 'skips those that are there, and changes nothing'
cp "$cfg" "$tmp/before"
import
expect_status 0
expect_stdout '0 imported, 0 updated, 0 the same, 10 skipped (in the file already: -u updates them)'
cmp -s "$cfg" "$tmp/before" || fail 'the file changed'

it 'updates what changed in libvirt, and keeps an expression that means the same'
sed -i '/0003\]/,/^\[/s/^cpuset = .*/cpuset = c1/' "$cfg"
virsh -q desc plain 'Three now' --config
virsh -q setvcpus plain 3 --maximum --config
virsh -q setvcpus plain 3 --config
import -u -v
expect_status 0
expect_stdout_like '^plain: updated$' '^  nr_vcpus: 2 -> 3$' '^  description: .* -> Three now$' \
	'^0 imported, 1 updated, 9 the same, 0 skipped$'
grep -q '^cpuset = c1$' "$cfg" || fail 'the expression c1 was lost'

it 'takes out what was removed from libvirt, with -u alone, and says so'
for n in 1 2; do
	define_vm gone$n 5a1c0006-0000-4000-8000-00000000000$n
done
import
virsh -q undefine gone1
virsh -q undefine gone2
cp "$cfg" "$tmp/with"
import
expect_status 0
import -u plain
expect_status 0
import -u -n
expect_stdout_like '^gone1: would be removed: libvirt has no VM of UUID .*1$' '10 the same, 0 skipped, 2 removed$'
cmp -s "$cfg" "$tmp/with" || fail 'the file changed'
import -u -n --json
expect_status 0
expect_stdout_like '"vm":"plain","uuid":".*","result":"same","error":null}' \
	'"vm":"gone1","uuid":"5a1c0006-.*1","result":"removed","error":null}'
expect_stderr ''
import -u
expect_status 0
expect_stdout_like '^gone2: removed: ' '^0 imported, 0 updated, 10 the same, 0 skipped, 2 removed$'
grep gone "$cfg" && fail 'a section is left'
run kvmrt-validate-config -f "$cfg" --topology "$host"
expect_status 0

it 'takes nothing out for a libvirt that knows none of the VMs'
cp "$cfg" "$tmp/with"
import -u -c test:///default
expect_status 1
expect_stderr_like '^kvmrt-import: -u would remove all VMs of .*, found none at "test:///default"$'
cmp -s "$cfg" "$tmp/with" || fail 'the file changed'

it 'says how the last VM of a file leaves it'
define_vm last 5a1c0006-0000-4000-8000-00000000000f
run kvmrt-import -f "$tmp/one.cfg" --topology "$host" last
virsh -q undefine last
run kvmrt-import -f "$tmp/one.cfg" --topology "$host" -u
expect_status 1
expect_stderr_like ': -u would remove all VMs of .*, which kvmrt-sync-config -r does for those that are named: '
run kvmrt-sync-config -f "$tmp/one.cfg" --topology "$host" -r last
expect_status 0
grep last "$tmp/one.cfg" && fail 'it is there'

it 'takes named VMs alone, and names what libvirt has not'
rm "$cfg"
import plain texts
expect_status 0
expect_stdout_like '^2 imported'
import hotplug nonesuch
expect_status 1
expect_stdout ''
expect_stderr 'kvmrt-import: libvirt has no VM "nonesuch"'

it 'keeps a cpuset that names siblings, and takes it into a new file'
define_vm set 5a1c0006-0000-4000-8000-00000000000a
import set
expect_status 0
sed -i '/^name = set/,/^\[/{s/^rt = .*/rt = true/; s/^cpuset =.*/cpuset = n1/}' "$cfg"
run kvmrt-sync-config -f "$cfg" --topology "$host" set
expect_status 0
import -u set
expect_stdout_like ' 0 updated, 1 the same'
cp "$cfg" "$tmp/before"
run kvmrt-sync-config -r -f "$cfg" --topology "$host" set
expect_stdout '1 alike, 0 synchronised'
cmp -s "$cfg" "$tmp/before" || fail 'the file changed'
rm "$cfg"
import set
section 000a >"$tmp/set"
expect_like "$tmp/set" '^rt = true$' '^cpuset = n1$' '^numatune = auto$'
virsh -q undefine set

it 'changes nothing of a VM that cannot be taken over as a whole'
rm "$cfg"
pins='<vcpu>1</vcpu><cputune><vcpupin vcpu="0" cpuset="0"/><emulatorpin cpuset="1"/>'
define_vm urgent 5a1c0006-0000-4000-8000-00000000000b "$pins</cputune>"
import urgent texts
expect_status 0
sed 's/^title = Größe.*/title = newer/' "$cfg" >"$tmp/after"
define_vm urgent 5a1c0006-0000-4000-8000-00000000000b \
	"<title>new</title>$pins<vcpusched vcpus='0' scheduler='fifo' priority='99'/></cputune>"
virsh -q desc texts --title newer --config
import -u urgent texts
expect_status 1
expect_stdout_like '^texts: updated$'
expect_stderr_like '^kvmrt-import: urgent: vcpu_priority: expected a number from 1 to 98, found "99"$'
cmp -s "$tmp/after" "$cfg" || fail "$(diff "$tmp/after" "$cfg")"

it 'tells a program what became of each, and nothing else on stdout'
uuid=$(virsh -q domuuid texts)
virsh -q desc texts --title newest --config
import --json -u -v urgent texts
expect_status 1
grep -q '"vm":"texts","uuid":"'"$uuid"'","result":"updated","error":null}' "$tmp/stdout" ||
	fail 'texts was not updated'
expect_stdout_like '^\[$' '"vm":"urgent",.*"result":"failed","error":"urgent: vcpu_priority: expected .*"}' '^\]$'
[ "$(wc -l <"$tmp/stdout")" = 4 ] || fail 'more than the results'
expect_stderr_like '^  title: newer -> newest$' '^kvmrt-import: urgent: vcpu_priority: '
import --json texts
expect_status 0
expect_stdout '[
 {"vm":"texts","uuid":"'"$uuid"'","result":"skipped","error":null}
]'
virsh -q undefine urgent
virsh -q desc texts --title 'Größe & ✓' --config

it 'takes a name without the blanks around it, and finds no difference in them'
rm "$cfg"
virsh -q domrename texts ' texts'
import texts
expect_status 1
import ' texts'
expect_status 0
run kvmrt-validate-config -f "$cfg" --topology "$host"
expect_status 0
grep name-differs "$tmp/stdout" && fail 'a difference'
virsh -q domrename ' texts' texts

it 'writes nothing with --dry-run'
rm "$cfg"
import --dry-run
expect_status 0
expect_stdout_like '^would be: 10 imported'
[ ! -e "$cfg" ] || fail 'the file is there'

it 'warns of what libvirt would start by itself'
virsh -q autostart plain
import plain
expect_status 0
expect_stderr_like 'plain: libvirt starts it too'
grep -q '^autostart = true$' "$cfg" || fail 'autostart was lost'

it 'says where a bad line is, and leaves the file alone'
sed -i 's/^nr_vcpus = .*/nr_vcpus = many/' "$cfg"
cp "$cfg" "$tmp/before"
import
expect_status 1
expect_stderr_like "^kvmrt-import: $cfg:[0-9]+: .*\"many\""
cmp -s "$cfg" "$tmp/before" || fail 'the file changed'

it 'says that the disk is full, and keeps the old file'
mkdir "$tmp/full"
mount -t tmpfs -o size=8k none "$tmp/full"
head -c 4096 /dev/zero >"$tmp/full/ballast"
run kvmrt-import -f "$tmp/full/kvmrt.cfg" --topology "$host"
expect_status 1
expect_stderr_like 'No space left'
[ ! -e "$tmp/full/kvmrt.cfg" ] || fail 'a part of the file is there'
umount "$tmp/full"

it 'works with a libvirtd that was restarted'
rm "$cfg"
end_libvirtd
libvirtd -d
import plain
expect_status 0

it 'says that libvirtd does not run'
end_libvirtd
import
expect_status 3
expect_stderr_like 'no libvirt at "qemu:///system": .*; is libvirtd running\?'

it 'refuses a URI that is none'
import -c nonsense
expect_status 1
expect_stderr_like 'expected a URI of libvirt such as "qemu:///system", found "nonsense"'
