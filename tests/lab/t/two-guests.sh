#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: two guests run at once, each with its name and CPUs, one with a script
# lab: --guests 1
# limit: 180
. "$(dirname "$0")/../t-lib.sh"

cat >script <<'END'
#!/bin/bash
hostname
nproc
exit 5
END
chmod +x script
lab-guest start vm2 --cpus 3 --mem 256 --script "$PWD/script" || fail "vm2 was not started"
out=$(lab-guest wait vm2)
same "status of vm2's script" 5 $?
same "output of vm2's script" $'vm2\n3' "$out"
same "vm1 meanwhile" vm1 "$(ssh vm1 hostname)"

# one that powered off said so; one whose machine just ends counts as lost
same "lost guests" '' "$(lab-guest lost)"
lab-guest start vm3 --mem 256 || fail "vm3 was not started"
for ((i = 0; i < 100; i++)); do
	[ ! -S /run/guests/vm3/qmp ] || break
	nap 0.2
done
printf '/run/guests/vm3/qmp\tquit\t{}\n' | "$(dirname "$0")/../qmp-ask"
lab-guest wait vm3 60
# its status is written a moment behind its end
for ((i = 0; i < 50; i++)); do
	[ -z "$(lab-guest lost)" ] || break
	nap 0.2
done
same "lost guests" vm3 "$(lab-guest lost)"
lab-guest state vm3 | grep '^QEMU has ended with status 0' || fail "$(lab-guest state vm3)"
lab-guest start vm3 --mem 256 || fail "vm3 was not started again"
lab-guest stop vm3
nap 1
same "lost guests" '' "$(lab-guest lost)"
