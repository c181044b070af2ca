#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# install.sh: what is installed works where it is put, and can be taken away whole
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

make_here() {
	MAKEFLAGS='' make -s O="${O:-build}" SAN="${SAN:-}" DESTDIR="$tmp/root" PREFIX=/usr "$@"
}

it 'installs every program with its page and its completion'
run make_here install
expect_status 0
for program in "$KVMRT_BIN"/*; do
	[ -e "$program" ] || continue
	name=$(basename "$program")
	[ -x "$tmp/root/usr/bin/$name" ] || fail "$name is not installed"
	[ -e "$tmp/root/usr/share/man/man1/$name.1" ] || [ -e "$tmp/root/usr/share/man/man8/$name.8" ] ||
		fail "$name.1 is not installed"
	[ -e "$tmp/root/usr/share/bash-completion/completions/$name" ] ||
		fail "the completion of $name is not installed"
	run "$tmp/root/usr/bin/$name" --version
	expect_status 0
done

it 'has the names of the guide where they are wanted'
[ ! -e "$tmp/root/usr/bin/run" ] || fail 'run is there without COMPAT=1'
run make_here install COMPAT=1
expect_status 0
run "$tmp/root/usr/bin/run" --version
expect_status 0
grep -q '^.Nm kvmrt-cpu$' "$tmp/root/usr/share/man/man8/cpu.8" || fail 'cpu has no page'
[ -e "$tmp/root/usr/share/man/man1/run.1" ] || fail 'run has no page'
for name in cpu run; do
	run bash -c '. "$1" && complete -p "$2"' bash \
		"$tmp/root/usr/share/bash-completion/completions/$name" "$name"
	expect_status 0
	expect_stdout "complete -o filenames -F _kvmrt_$name $name"
done
run make_here uninstall COMPAT=1
[ ! -e "$tmp/root/usr/bin/run" ] || fail 'run is left'
[ ! -L "$tmp/root/usr/share/man/man1/run.1" ] || fail "run's page is left"
[ ! -L "$tmp/root/usr/share/bash-completion/completions/run" ] || fail "run's completion is left"
run make_here install
expect_status 0

it 'leads a compiler to each library by pkg-config'
export PKG_CONFIG_PATH=$tmp/root/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$tmp/root
for pc in "$tmp"/root/usr/lib/pkgconfig/*.pc; do
	# a program of our own flags cannot be linked with a library that is watched
	[ -e "$pc" ] && [ -z "${SAN:-}" ] || continue
	library=$(basename "$pc" .pc)
	header=$(sed -n 's/^# header: //p' "$pc")
	printf '#include <%s>\nint main(void) { return 0; }\n' "$header" >"$tmp/use.c"
	# the words of pkg-config are options, one a word
	# shellcheck disable=SC2046
	run cc -Wall -Werror -o "$tmp/use" "$tmp/use.c" $(pkg-config --cflags --libs "$library")
	expect_status 0
done

it 'has the guest services under the name and the pages of the guide'
for function in {,ping_,log_msg_,xtrace_flush_,xtrace_log_data_}available ping log_msg xtrace_flush \
	xtrace_log_data last_incident set_unanswered_ok; do
	page=$tmp/root/usr/share/man/man3/kvmrt_gs_$function.3
	[ "$(readlink -f "$page")" = "$(readlink -f "$tmp/root/usr/share/man/man3/libccur_kvmrt_gs.3")" ] ||
		fail "no page kvmrt_gs_$function(3)"
	grep -q "^\.Fn kvmrt_gs_$function" "$page" || fail "the page says nothing of kvmrt_gs_$function"
done
if [ -z "${SAN:-}" ]; then
	cat >"$tmp/use.c" <<-'END'
		#include <kvmrt_gs.h>
		bool (*const available[])(void) = {
			kvmrt_gs_available, kvmrt_gs_ping_available, kvmrt_gs_log_msg_available,
			kvmrt_gs_xtrace_flush_available, kvmrt_gs_xtrace_log_data_available,
		};
		long (*const ping)(unsigned long cookie) = kvmrt_gs_ping;
		long (*const log_msg)(char *msg) = kvmrt_gs_log_msg;
		long (*const flush)(unsigned long scope) = kvmrt_gs_xtrace_flush;
		long (*const log_data)(void *data, long size) = kvmrt_gs_xtrace_log_data;
		const unsigned long scopes[] = {
			KVMRT_GS_XTRACE_CPU_CURRENT, KVMRT_GS_XTRACE_CPU_VM, KVMRT_GS_XTRACE_CPU_ALL,
		};
		int main(void) { return log_msg("") != -1 || !available[4] || !ping || !flush || !log_data; }
	END
	run cc -std=c99 -Wall -Wextra -Werror -o "$tmp/use" "$tmp/use.c" -I"$tmp/root/usr/include" -L"$tmp/root/usr/lib" \
		-lccur_kvmrt_gs
	expect_status 0
	run env LD_LIBRARY_PATH="$tmp/root/usr/lib" "$tmp/use"
	expect_status 0
	run cc -static -o "$tmp/use" "$tmp/use.c" -I"$tmp/root/usr/include" \
		"$tmp/root/usr/lib/libccur_kvmrt_gs.a"
	expect_status 0
	run "$tmp/use"
	expect_status 0
fi

# with a /usr/local, an /etc and a loader's cache that nobody else sees
installed_here() {
	mkdir "$tmp/etc"
	unshare -m bash -e -c '
		mount -t tmpfs none /usr/local
		mount -t tmpfs none /var/cache/ldconfig
		cp -a /etc/. "$1"
		mount --bind "$1" /etc
		MAKEFLAGS= make -s O="$2" DESTDIR= PREFIX=/usr/local install >/dev/null
		printf "#include <kvmrt_gs.h>\nint main(void) { return kvmrt_gs_ping(1) > 0; }\n" >"$1/use.c"
		cc -o "$1/use" "$1/use.c" $(env -i PATH="$PATH" pkg-config --cflags --libs libkvmrt_gs)
		"$1/use"' bash "$tmp/etc" "${O:-build}"
}

if [ -z "${SAN:-}" ] && [ "$(id -u)" = 0 ] && [ -d /var/cache/ldconfig ] && unshare -m true 2>/dev/null; then
	it 'installs libraries that a program finds when it is started'
	run installed_here
	expect_status 0
	expect_stderr ''
fi

it 'takes away every file that it installed'
run make_here uninstall
expect_status 0
left=$(find "$tmp/root" ! -type d)
[ -z "$left" ] || fail "left behind: $left"
