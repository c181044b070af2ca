#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kvmrt-guest-setup.sh: the plan on trees of both families, done, found done, and undone exactly
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

# What is in a tree, with modes and times: it must come back.
picture() { (cd "$1" && find . -type f -printf '%p %m %T@ ' -exec sha256sum {} \; | sort); }
setup() { run kvmrt-guest-setup "$@"; }

# debian DIR: as Debian 12 installs chrony
debian() {
	mkdir -p "$1"/etc/chrony/{conf.d,sources.d} "$1"/etc/{default,modules-load.d} \
		"$1"/{proc,var/lib/chrony} "$1"/sys/class/ptp/ptp{0,1}
	printf 'ID=debian\nVERSION_ID="12"\n' >"$1/etc/os-release"
	cat >"$1/etc/chrony/chrony.conf" <<-'END'
		confdir /etc/chrony/conf.d
		pool 2.debian.pool.ntp.org iburst
		sourcedir /run/chrony-dhcp
		sourcedir /etc/chrony/sources.d
		keyfile /etc/chrony/chrony.keys
		driftfile /var/lib/chrony/chrony.drift
		makestep 1 3
	END
	printf '# ours\nserver ntp.example iburst\n' >"$1/etc/chrony/conf.d/site.conf"
	echo '1.5 0.1' >"$1/var/lib/chrony/chrony.drift"
	echo quiet >"$1/proc/cmdline"
	echo 'Some NIC' >"$1/sys/class/ptp/ptp0/clock_name"
	echo 'KVM virtual PTP' >"$1/sys/class/ptp/ptp1/clock_name"
	chmod 640 "$1/etc/chrony/chrony.conf"
	touch -d '2020-01-02 03:04:05.678' "$1/etc/chrony/chrony.conf"
}

redhat() {
	mkdir -p "$1"/etc/sysconfig "$1"/{proc,var/lib/chrony}
	printf 'ID="rocky"\nID_LIKE="rhel centos fedora"\n' >"$1/etc/os-release"
	printf 'pool 2.rocky.pool.ntp.org iburst\nsourcedir /run/chrony-dhcp\ndriftfile /var/lib/chrony/drift\n' \
		>"$1/etc/chrony.conf"
	printf 'NETWORKING=yes\nPEERNTP=yes\n' >"$1/etc/sysconfig/network"
	echo '1.5 0.1' >"$1/var/lib/chrony/drift"
	echo quiet >"$1/proc/cmdline"
}

it 'refuses what does not go together'
expect_wrong_usage kvmrt-guest-setup 'goes with neither' --check --undo
expect_wrong_usage kvmrt-guest-setup '--json goes with --check' --json
expect_wrong_usage kvmrt-guest-setup 'argument' now

it 'prints the plan with the lines that change, and changes nothing'
debian "$tmp/d"
picture "$tmp/d" >"$tmp/before"
setup --root "$tmp/d" --dry-run --services
expect_status 0
expect_stdout_like '^create /etc/modules-load.d/ptp_kvm.conf$' '^change /etc/chrony/chrony.conf$' \
	'^    - pool 2.debian.pool.ntp.org iburst$' '^    \+ #pool 2.debian.pool.ntp.org iburst$' \
	'^    \+ #sourcedir /run/chrony-dhcp$' \
	'^    \+ refclock PHC /dev/ptp_kvm poll 0 dpoll -2 offset 0 refid KVM$' \
	'^change /etc/chrony/conf.d/site.conf$' '^remove /var/lib/chrony/chrony.drift$' \
	'^create /etc/default/grub.d/kvmrt-gs.cfg$'
expect_same "$tmp/before" "$(picture "$tmp/d")"

it 'does it on a Debian'
setup --root "$tmp/d" --services
expect_status 0
expect_stderr ''
conf=$tmp/d/etc/chrony/chrony.conf
expect_like "$conf" '^#pool ' '^#sourcedir /etc/chrony/sources.d$' '^keyfile ' '^refclock PHC /dev/ptp_kvm '
expect_like "$tmp/d/etc/chrony/conf.d/site.conf" '^#server '
grep -E '^(server|pool|peer|sourcedir)' "$conf" "$tmp/d/etc/chrony/conf.d/site.conf" && fail 'a source is left'
[ "$(stat -c %a "$conf")" = 640 ] || fail 'the mode has changed'
[ ! -e "$tmp/d/var/lib/chrony/chrony.drift" ] || fail 'the drift file is left'
expect_same "$tmp/d/etc/modules-load.d/ptp_kvm.conf" ptp_kvm
expect_like "$tmp/d/etc/udev/rules.d/60-kvmrt-ptp.rules" 'KVM virtual PTP.*SYMLINK\+="ptp_kvm"'
expect_like "$tmp/d/etc/default/grub.d/kvmrt-gs.cfg" \
	'LINUX_DEFAULT kvmrt_gs_hc_guest_enabled=1 kvmrt_gs_syscall_enabled=1"$'

expect_stdout_like '^the words count from the next boot on, once update-grub was run there$'

it 'finds nothing to do when it is done'
setup --root "$tmp/d" --services
expect_status 0
expect_stdout_like '^nothing to do: all is set up$'

it 'says what undoing would put back'
setup --root "$tmp/d" --undo --dry-run
expect_status 0
expect_stdout_like '^restore /etc/chrony/chrony.conf$' '^remove /etc/default/grub.d/kvmrt-gs.cfg$'
expect_like "$conf" '^refclock '

it 'undoes it exactly: contents, modes and times'
setup --root "$tmp/d" --undo
expect_status 0
expect_same "$tmp/before" "$(picture "$tmp/d")"
[ ! -e "$tmp/d/var/lib/kvmrt-guest-setup" ] || fail 'the copies are left'
setup --root "$tmp/d" --undo
expect_status 0
expect_stderr "kvmrt-guest-setup: nothing to undo: no $tmp/d/var/lib/kvmrt-guest-setup/journal"

it 'undoes what a crash left half done'
setup --root "$tmp/d"
state=$tmp/d/var/lib/kvmrt-guest-setup
lines=$(wc -l <"$state/journal")
head -n $((lines - 1)) "$state/journal" >"$state/torn"
printf 'file 9 etc/chr' >>"$state/torn"
mv "$state/torn" "$state/journal"
echo '1.5 0.1' >"$tmp/d/var/lib/chrony/chrony.drift"	# that last step was not done
setup --root "$tmp/d" --undo
expect_status 0
grep -v chrony.drift "$tmp/before" >"$tmp/expected-files"
expect_same "$tmp/expected-files" "$(picture "$tmp/d" | grep -v chrony.drift)"

it 'does it on a relative of Red Hat'
redhat "$tmp/r"
picture "$tmp/r" >"$tmp/before"
setup --root "$tmp/r" --services
expect_status 0
expect_like "$tmp/r/etc/chrony.conf" '^#pool ' '^#sourcedir ' '^refclock PHC /dev/ptp_kvm '
expect_same "$tmp/r/etc/sysconfig/network" 'NETWORKING=yes
#PEERNTP=yes
PEERNTP=no'
[ ! -e "$tmp/r/var/lib/chrony/drift" ] || fail 'the drift file is left'
expect_stdout_like '^add these words .*: kvmrt_gs_hc_guest_enabled=1 kvmrt_gs_syscall_enabled=1$'
setup --root "$tmp/r" --undo
expect_status 0
expect_same "$tmp/before" "$(picture "$tmp/r")"

it 'leaves the clock alone where only the words are wanted'
setup --root "$tmp/d" --no-time --services --dry-run
expect_status 0
expect_stdout_like '^create /etc/default/grub.d/kvmrt-gs.cfg$'
grep -q chrony "$tmp/stdout" && fail 'chrony is touched'

it 'prints the words where they are missing and not asked for'
setup --root "$tmp/d" --dry-run
expect_stdout_like '^  kvmrt_gs_hc_guest_enabled=1 kvmrt_gs_syscall_enabled=1$'

it 'cannot without chrony, and not on what it does not know'
rm "$tmp/d/etc/chrony/chrony.conf"
setup --root "$tmp/d"
expect_status 3
expect_stderr_like 'chrony/chrony.conf is not there: install chrony \(apt-get install chrony\)'
mkdir -p "$tmp/u/etc"
echo 'ID=plan9' >"$tmp/u/etc/os-release"
setup --root "$tmp/u"
expect_status 3
expect_stderr_like 'expected a relative of Debian or of Red Hat, found "plan9"'

it 'finds the KVM clock by its name, whatever its number'
setup --root "$tmp/d" --check
expect_status 1
expect_stdout_like '^KVM clock +/dev/ptp1 +the host'
echo 'Other' >"$tmp/d/sys/class/ptp/ptp1/clock_name"
setup --root "$tmp/d" --check --json
expect_status 1
expect_stdout_like '"fact": ?"KVM clock", ?"state": ?"none"'

it 'comments out the sources of many files, and takes the folders away that it made'
debian "$tmp/many"
rm -r "$tmp/many/etc/modules-load.d"
mkdir "$tmp/many/etc/udev"
for n in {1..70}; do
	echo "server ntp$n.example" >"$tmp/many/etc/chrony/conf.d/$n.conf"
done
(cd "$tmp/many" && find . | sort) >"$tmp/before"
setup --root "$tmp/many" --services
expect_status 0
[ "$(grep -l '^#server' "$tmp/many"/etc/chrony/conf.d/*.conf | wc -l)" = 71 ] || fail 'a source is left'
echo theirs >"$tmp/many/etc/default/grub.d/theirs.cfg"
setup --root "$tmp/many" --undo --dry-run
expect_stdout_like '^remove /etc/default/grub.d if it is empty then$'
setup --root "$tmp/many" --undo
expect_status 0
expect_stdout_like '^remove /etc/modules-load.d$' '^remove /etc/udev/rules.d$'
rm -r "$tmp/many/etc/default/grub.d"	# which stays, as it is not empty
expect_same "$tmp/before" "$(cd "$tmp/many" && find . | sort)"

it 'leaves links alone, which undoing could not bring back'
debian "$tmp/l"
mv "$tmp/l/etc/chrony/chrony.conf" "$tmp/l/etc/chrony/theirs"
ln -s theirs "$tmp/l/etc/chrony/chrony.conf"
setup --root "$tmp/l"
expect_status 3
expect_stderr_like '/etc/chrony/chrony.conf: expected a file, found a symbolic link'
[ ! -e "$tmp/l/var/lib/kvmrt-guest-setup" ] || fail 'something was done'

it 'undoes exactly what was killed anywhere, also an undoing'
kill_at=$KVMRT_BIN/../tests/tools/kill-at
[ -x "$kill_at" ] || skip "$kill_at is not built"
tree() {
	rm -rf "$tmp/k"
	debian "$tmp/k"
	rm -r "$tmp/k/etc/modules-load.d"
}
all_of() { (cd "$1" && find . -printf '%p %m\n' && cat etc/chrony/chrony.conf etc/chrony/*/*) | sort; }
tree
all_of "$tmp/k" >"$tmp/before"
# killed N [--undo]: at each second change from N on; a number of changes in $n
killed() {
	for ((n = $1; ; n += 2)); do
		tree
		[ -z "${2:-}" ] || kvmrt-guest-setup --root "$tmp/k" --services >/dev/null
		"$kill_at" $n kvmrt-guest-setup --root "$tmp/k" "${2:---services}" >/dev/null 2>&1 || break
		setup --root "$tmp/k" --undo
		[ "$status" = 0 ] || expect_stderr_like 'nothing to undo'
		expect_same "$tmp/before" "$(all_of "$tmp/k")"
	done
}
killed 1
[ "$n" -gt 100 ] || fail "only $n changes were seen"
killed 2 --undo
[ "$n" -gt 30 ] || fail "only $n changes of the undoing were seen"

# From here on as on the machine itself, in a view of the files that is ours alone.
need_root
unshare -m true 2>/dev/null || skip 'the rest needs a mount namespace'
mkdir -p "$tmp/bin" "$tmp/run/systemd/system" "$tmp/ptp"
cat >"$tmp/bin/say" <<-'END'
	#!/bin/bash
	echo "${0##*/} $*" >>"$COMMANDS"
	case "$1" in is-*) exit "${SERVICE_STATUS:-0}" ;; esac
	if [ "${0##*/} $1" = 'systemctl stop' ]; then # as chronyd does at its end
		echo '9.9 9.9' | tee $DRIFT >/dev/null
	elif [ "${0##*/}" = modprobe ]; then
		exit "${MODPROBE_STATUS:-0}"
	fi
END
chmod 755 "$tmp/bin/say"
for command in systemctl modprobe udevadm update-grub grubby chronyc; do
	ln -s say "$tmp/bin/$command"
done
export COMMANDS=$tmp/commands DRIFT
# here DIR ARGUMENT...: with the files of DIR in the places of the machine's
here() {
	local dir=$1

	shift
	: >"$COMMANDS"
	# shellcheck disable=SC2016 # its own shell expands it
	run unshare -m bash -c 'mount --bind "$1/etc" /etc && mount --bind "$1/var/lib" /var/lib &&
		mount --bind "$2/run" /run && mount --bind "$2/ptp" /sys/class/ptp &&
		PATH=$2/bin:$PATH && shift 2 && exec "$@"' - "$dir" "$tmp" \
		"$KVMRT_BIN/kvmrt-guest-setup" "$@"
}
changed() { grep -v ' is-' "$COMMANDS" | paste -sd';'; }

it 'waits for another one that is at work, and has nothing to do behind it'
debian "$tmp/turn"
picture "$tmp/turn" >"$tmp/before"
mkfifo "$tmp/hold"
flock "$tmp/turn" cat "$tmp/hold" >"$tmp/held" &
holder=$!
exec 7>"$tmp/hold"
until ! flock -n "$tmp/turn" true; do sleep 0.05; done
"$KVMRT_BIN/kvmrt-guest-setup" --root "$tmp/turn" >"$tmp/first" 7>&- &
first=$!
sleep 1
expect_same "$tmp/before" "$(picture "$tmp/turn")"
setup --root "$tmp/turn" --dry-run
expect_status 0
exec 7>&-
wait "$holder" "$first" || fail 'the one that waited has failed'
setup --root "$tmp/turn"
expect_stdout_like '^nothing to do: all is set up$'

it 'stops the service before the drift file goes, and starts it with the new configuration'
for family in debian redhat; do
	$family "$tmp/m-$family"
	service=chrony DRIFT=/var/lib/chrony/chrony.drift
	[ $family = debian ] || service=chronyd DRIFT=/var/lib/chrony/drift
	SERVICE_STATUS=0 here "$tmp/m-$family" --services
	expect_status 0
	[ ! -e "$tmp/m-$family$DRIFT" ] || fail 'the drift file is left'
	case $(changed) in
	"modprobe ptp_kvm;systemctl stop $service;modprobe ptp_kvm;udevadm control --reload;udevadm trigger --settle --subsystem-match=ptp;systemctl enable $service;systemctl start $service;"*) ;;
	*) fail "it ran $(changed)" ;;
	esac
	grep -Eq '^update-grub|^grubby --update-kernel=ALL --args=kvmrt_gs_syscall_enabled=1' "$COMMANDS" ||
		fail 'the boot words are prepared nowhere'
	here "$tmp/m-$family" --undo
	expect_status 0
	grep -qx "systemctl enable $service" "$COMMANDS" && grep -qx "systemctl restart $service" "$COMMANDS" ||
		fail "undoing ran $(changed)"
done

it 'tells what of the way back has failed, and goes on'
here "$tmp/m-debian"
ln -sf "$(command -v false)" "$tmp/bin/systemctl"
here "$tmp/m-debian" --undo
ln -sf say "$tmp/bin/systemctl"
expect_status 1
expect_stdout_like '^failed systemctl enable chrony$' '^failed systemctl restart chrony$'
[ ! -e "$tmp/m-debian/var/lib/kvmrt-guest-setup" ] || fail 'the copies are left'

it 'leaves a service off that was off'
DRIFT=/var/lib/chrony/chrony.drift
export SERVICE_STATUS=1
here "$tmp/m-debian"
expect_status 0
here "$tmp/m-debian" --undo
[ "$(changed)" = 'systemctl disable chrony;systemctl stop chrony' ] || fail "undoing ran $(changed)"

it 'says why there is no KVM clock as far as it can know'
rmdir "$tmp/ptp" && mkdir "$tmp/ptp"
export MODPROBE_STATUS=1
here "$tmp/m-debian" --check
expect_status 1
expect_stdout_like '^KVM clock +none +this kernel has no module ptp_kvm$'
