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
