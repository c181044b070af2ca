#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# runner.sh: the test runner and make check count what happened, all of it
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"
unset MAKEFLAGS MAKELEVEL

for status in 0 1 77; do
	printf '#!/bin/sh\necho "this is %s"\nexit %s\n' $status $status >"$tmp/exit-$status"
done
printf '#!/bin/sh\nsleep 60\n' >"$tmp/sleeps"
chmod +x "$tmp"/exit-* "$tmp/sleeps"

it 'counts passes and skips, and gives the reason of a skip'
run tests/run "$tmp/exit-0" "$tmp/exit-77" "$tmp/exit-0"
expect_status 0
expect_stdout "skip: $tmp/exit-77: this is 77
2 passed, 0 failed, 1 skipped"

it 'shows a failing test whole and goes on'
run tests/run "$tmp/exit-1" "$tmp/exit-0"
expect_status 1
expect_stdout "this is 1
not ok: $tmp/exit-1
1 passed, 1 failed, 0 skipped"

it 'ends a test that does not end'
TEST_TIME_LIMIT=1 run tests/run "$tmp/sleeps"
expect_status 1
expect_stdout_like '^not done within 1 s$' '^0 passed, 1 failed, 0 skipped$'

it 'runs some at a time, but not those that share something'
cat >"$tmp/shares" <<END
#!/bin/bash
# shares: this that
mkdir "$tmp/held" || exit
until [ -e "$tmp/beside-ran" ]; do sleep 0.02; done
rmdir "$tmp/held"
END
sed 's/^# shares: .*/# shares: that/' "$tmp/shares" >"$tmp/shares-too"
printf '#!/bin/bash\n# shares: all\nmkdir "%s/held" && rmdir "%s/held"\n' "$tmp" "$tmp" >"$tmp/shares-all"
printf '#!/bin/bash\n: >"%s/beside-ran"\n' "$tmp" >"$tmp/beside"
chmod +x "$tmp"/shares* "$tmp/beside"
TEST_TIME_LIMIT=60 run tests/run -j 3 "$tmp/shares" "$tmp/shares-too" "$tmp/shares-all" "$tmp/beside"
expect_status 0
expect_stdout '4 passed, 0 failed, 0 skipped'

it 'calls no test at all a failure'
run tests/run
expect_status 1

# a make whose targets are the stages
cat >"$tmp/make" <<'END'
#!/bin/bash
case "$*" in
*check-unit*) echo "3 passed, 0 failed, 1 skipped" ;;
*check-cmd*) echo "2 passed, 1 failed, 0 skipped"; exit 2 ;;
*check-lint*) echo "9 passed, 0 failed, 0 skipped"; exit 2 ;;
*check-fuzz*) exit 2 ;;
*) echo building ;;
esac
END
chmod +x "$tmp/make"

it 'goes through all stages and sums them up in its last line'
MAKE=$tmp/make O=o CHECK_STAGES='build unit commands lints fuzz' run tests/check
expect_status 1
expect_stdout_like '^== unit tests$' '^failed: whole-command tests$' '^failed: lints$'
[ "$(tail -n 1 "$tmp/stdout")" = '15 passed, 3 failed, 1 skipped' ] || fail 'a wrong sum'

it 'is 0 when all stages are'
MAKE=$tmp/make O=o CHECK_STAGES='build unit' run tests/check
expect_status 0
[ "$(tail -n 1 "$tmp/stdout")" = '4 passed, 0 failed, 1 skipped' ] || fail 'a wrong sum'

it 'runs what needs no lab beside it, and loses no result'
MAKE=$tmp/make O=o CHECK_STAGES='unit clang sanitizers fuzz lab' run tests/check
expect_status 1
expect_stdout_like '^== tests in the lab$' '^== build with clang$' '^failed: fuzzing, a short run$' \
	'^failed: whole-command tests with ASan and UBSan$'
[ "$(tail -n 1 "$tmp/stdout")" = '10 passed, 2 failed, 2 skipped' ] || fail 'a wrong sum'

it 'ends a stage that hangs, and says that it did'
printf '#!/bin/sh\ncase "$*" in *check-unit*) echo begun; exec sleep 60 ;; esac\n' >"$tmp/make-hangs"
chmod +x "$tmp/make-hangs"
MAKE=$tmp/make-hangs O=o CHECK_STAGES='build unit lints' CHECK_LIMIT=3 run tests/check
expect_status 1
expect_stdout_like '^begun$' '^ended: make check has a limit of 3 s in all$' '^failed: unit tests$' '^-- lints: ok, '
[ "$(tail -n 1 "$tmp/stdout")" = '2 passed, 1 failed, 0 skipped' ] || fail 'a wrong sum'

it 'knows its stages'
MAKE=$tmp/make CHECK_STAGES='unti' run tests/check
expect_status 2
expect_stderr 'check: unknown stage "unti"'
