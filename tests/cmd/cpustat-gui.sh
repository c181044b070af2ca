#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# cpustat-gui.sh: the page of cpustat: who may see it, and how it does in a browser
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/tools/page-lib.sh
. tests/tools/page-lib.sh
need python3
python3 tests/tools/make-host.py --cpus 16 --irqs 40 --tasks 120 "$tmp/root" || fail 'no tree'

it 'refuses what makes no sense'
expect_wrong_usage cpustat-gui 'at least 100ms' -i 1ms
expect_wrong_usage cpustat-gui 'argument' page
run cpustat-gui --root "$tmp/root" -c 99 --no-browser
expect_status 1
expect_stdout ''
expect_stderr_like 'no CPU 99'

it 'is for this machine, and for who has the token'
serve cpustat-gui --root "$tmp/root" -i 500ms
expect_private
grep -q "${url#http://}" "/proc/$server/cmdline" && fail 'the token is in its arguments'

it 'says that a port is taken'
port=${url#http://127.0.0.1:}
run cpustat-gui --port "${port%%/*}" --no-browser
expect_status 1
expect_stderr_like "port ${port%%/*} of 127.0.0.1: Address already in use"

it 'ends at SIGTERM'
kill "$server"
wait "$server" || fail "status $?"

it 'leads the browser of a desktop there by a file that only its owner reads'
mkdir "$tmp/bin" "$tmp/runtime"
cat >"$tmp/bin/xdg-open" <<END
#!/bin/sh
stat -c %a "\$1" >"$tmp/mode"
cp "\$1" "$tmp/ticket"
echo "\$1" >"$tmp/opened"
END
chmod +x "$tmp/bin/xdg-open"
PATH=$tmp/bin:$PATH DISPLAY=:9 XDG_RUNTIME_DIR=$tmp/runtime cpustat-gui --root "$tmp/root" \
	>"$tmp/url" 2>"$tmp/said" &
server=$!
at_exit "kill $server 2>/dev/null"
for _ in {1..100}; do
	[ -s "$tmp/opened" ] && break
	sleep 0.05
done
expect_same "$tmp/mode" 600
grep -qF "$(cat "$tmp/url")" "$tmp/ticket" || fail "not the URL: $(cat "$tmp/ticket")"
kill "$server"
wait "$server" || fail "status $?"
[ -z "$(ls "$tmp/runtime")" ] || fail 'the file is left'

it 'shows the CPUs in a browser'
need_browser
serve cpustat-gui --root "$tmp/root" -i 500ms
expect_page cpustat-gui 'NUMA node 1[^]*CPU 0/KVM[^]*16 of 16 CPUs'
