# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# page-lib.sh: what the tests of commands with a page share; sourced behind tests/cmd/lib.sh.

: "${tmp:?}"

# serve COMMAND [ARG...]: sets $url and $server
serve() {
	local tries

	rm -f "$tmp/url"
	"$@" --no-browser >"$tmp/url" 2>"$tmp/said" </dev/null &
	server=$!
	at_exit "kill $server 2>/dev/null"
	for tries in {1..100}; do
		[ -s "$tmp/url" ] && break
		kill -0 "$server" 2>/dev/null || fail "$1 has ended: $(cat "$tmp/said")"
		sleep 0.05
	done
	url=$(head -n 1 "$tmp/url")
	[[ $url =~ ^http://127\.0\.0\.1:[0-9]+/[0-9a-f]{32}/$ ]] ||
		fail "expected a URL with a token after $tries tries, found \"$url\""
}

# Only this machine can ask, and only who has the token is answered.
expect_private() {
	local port=${url#http://127.0.0.1:} host status

	port=${port%%/*}
	grep -q " 0100007F:$(printf %04X "$port") 00000000:0000 0A " /proc/net/tcp ||
		fail "port $port: expected to be bound to 127.0.0.1"
	awk -v port="$(printf %04X "$port")" '$4 == "0A" && $2 ~ ":" port "$" && $2 !~ /^0100007F:/' \
		/proc/net/tcp /proc/net/tcp6 | grep -q . && fail "port $port: listens elsewhere too"
	for host in "http://127.0.0.1:$port/" "http://127.0.0.1:$port/events" "${url%?????????/}/"; do
		status=$(answer "$host")
		[ "$status" = 404 ] || fail "$host: expected 404, found $status"
	done
	status=$(answer "$url")
	[ "$status" = 200 ] || fail "$url: expected 200, found $status"
}

# answer URL: the HTTP status, by the shell alone
answer() {
	local rest=${1#http://127.0.0.1:} line

	exec 9<>"/dev/tcp/127.0.0.1/${rest%%/*}"
	printf 'GET /%s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' "${rest#*/}" >&9
	read -r line <&9
	exec 9<&-
	line=${line#* }
	echo "${line%% *}"
}

# Skips what needs a browser where there is none, once the rest has been proven.
need_browser() {
	need chromium node npm
	modules=${XDG_CACHE_HOME:-$HOME/.cache}/kvmrt-npm
	if [ ! -d "$modules/node_modules/playwright-core" ]; then
		mkdir -p "$modules" || skip "cannot make $modules"
		(flock 8; timeout 200 npm install --prefix "$modules" --no-audit --no-fund \
			--ignore-scripts playwright-core@1.48.2) 8>"$modules/lock" >"$tmp/npm" 2>&1 ||
			skip "npm cannot fetch playwright-core"
	fi
}

# expect_page NAME REGEX: the page in Chromium; ends $server.  KEEP_SHOTS= is a folder to look at
expect_page() {
	local shots=${KEEP_SHOTS:-$tmp}

	timeout 120 node tests/tools/page.mjs "$modules" "$shots" "$url" "$1" "$server" "$2" \
		>"$tmp/findings" 2>&1 || fail "$(cat "$tmp/findings")"
	wait "$server" || fail "the server's status is $?"
}
