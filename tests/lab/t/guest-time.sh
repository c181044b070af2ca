#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shows: kvmrt-guest-setup synchronises a guest by real chrony; its tod trace fits the host's windows
# lab: --guests 1
# limit: 150
. "$(dirname "$0")/../t-lib.sh"

# shellcheck source=/dev/null
. /run/lab/env
[ -n "${LAB_CHRONY:-}" ] || { echo 'no chrony to be had here'; exit 77; }

cat >in-guest <<END
#!/bin/bash
PATH=$LAB_CHRONY:\$PATH
mkdir -p /etc/chrony/conf.d /var/lib/chrony
grep -q ID /etc/os-release || echo ID=debian >/etc/os-release
cat >/etc/chrony/chrony.conf <<CONF
pool 2.debian.pool.ntp.org iburst
sourcedir /etc/chrony/sources.d
driftfile /var/lib/chrony/chrony.drift
bindcmdaddress /run/chrony/chronyd.sock
cmdport 0
CONF
echo '9 1' >/var/lib/chrony/chrony.drift
cp /etc/chrony/chrony.conf /root/before
kvmrt-guest-setup --check && echo 'the check found nothing before the setup'
kvmrt-guest-setup || exit
grep -q '^refclock PHC /dev/ptp[0-9]' /etc/chrony/chrony.conf || exit
date -s '+2 seconds' >/dev/null
mkdir -p -m 750 /run/chrony
chronyd -u root -f /etc/chrony/chrony.conf || exit
chronyc waitsync 240 0.00001 0 0.5 >/dev/null || exit
kvmrt-guest-setup --check || exit
kvmrt-guest-setup --check --json
END
cat >afterwards <<END
#!/bin/bash
PATH=$LAB_CHRONY:\$PATH
kvmrt-guest-setup --check || exit
kvmrt-guest-setup --undo || exit
cmp /etc/chrony/chrony.conf /root/before
END
chmod +x in-guest afterwards
lab-guest start vm4 --net
lab-guest wait-ready vm4 || fail 'vm4 does not start'
ssh vm4 "$PWD/in-guest" || fail 'not synchronised'

echo '--- tod traces of both agree'
rm -rf host-trace guest-trace
# the host's begins before the guest's and ends behind it, however slow the guest is
xtrace-run -n h -t tod -e kvm -o host-trace &
host=$!
until xtrace-ctl -s h status 2>/dev/null | grep -q ': recording'; do nap 0.1; done
ssh vm4 'rm -rf /root/guest-trace; xtrace-run -t tod -e sched -e irq -o /root/guest-trace -d 3' ||
	fail 'the guest was not traced'
xtrace-ctl -s h stop >/dev/null
wait $host || fail 'the host was not traced'
scp -qr vm4:guest-trace . || fail 'scp'
xtrace-multi-merge --check --sync tod host-trace guest-trace || fail 'the clocks do not agree'
ssh vm4 "$PWD/afterwards" || fail 'not undone'
