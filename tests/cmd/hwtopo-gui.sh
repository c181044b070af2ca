#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# hwtopo-gui.sh: the page of hwtopo: who may see it, and how it does in a browser
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/tools/page-lib.sh
. tests/tools/page-lib.sh

it 'refuses what makes no sense'
expect_wrong_usage hwtopo-gui 'is enough' --root / --synthetic 'pu:2'
run hwtopo-gui --synthetic nonsense --no-browser
expect_status 1
expect_stdout ''
expect_stderr_like 'nonsense'

it 'is for this machine, and for who has the token'
serve hwtopo-gui --synthetic 'pack:2 numa:1 core:4 pu:2' --interval 500ms
expect_private
kill "$server"
wait "$server" || fail "status $?"

it 'shows another machine that was packed'
run hwtopo --save "$tmp/packed"
expect_status 0
serve hwtopo-gui --input "$tmp/packed" --interval 500ms
expect_private
kill "$server"
wait "$server" || fail "status $?"

it 'shows the machine in a browser'
need_browser
serve hwtopo-gui --synthetic 'pack:2 numa:1 core:4 pu:2' --interval 500ms
expect_page hwtopo-gui '2 packages · 2 NUMA nodes · 8 cores · 16 CPUs[^]*Package 1[^]*Core 7'
