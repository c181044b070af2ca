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

# the runner of the lab's tests, with a lab that boots nothing: it keeps the words it is called with
mkdir -p "$tmp/lab/t"
cp tests/lab/run-tests tests/lab/results.sh "$tmp/lab"
cat >"$tmp/lab/lab" <<'END'
#!/bin/bash
[ "$1" != --check ] || exit 0
[[ $* =~ --out\ ([^ ]+) ]] || exit 125
out=${BASH_REMATCH[1]}
printf '%s|' "${@:8}" $(cut -d' ' -f1 "$out/list") >>"${0%/*}/calls"
echo >>"${0%/*}/calls"
while read -r name _; do
	echo '0 9 1' >"$out/$name.status"
done <"$out/list"
END
chmod +x "$tmp/lab/lab"
# lab_test NAME OPTIONS: one whose head says so
lab_test() {
	printf '#!/bin/sh\n# shows: that %s is right\n# lab: %s\n' "$1" "$2" >"$tmp/lab/t/$1.sh"
	chmod +x "$tmp/lab/t/$1.sh"
}
lab_test a '--guests 1'
lab_test b '--kernel 6.12 --guests 1'
lab_test c "--append 'x y' --kernel 6.12"
lab_test d '--kernel 6.12-rt'
lab_test e outside
# lab_calls: how the lab was called, from the options of the heads on
lab_calls() { sed "s@^.*/lab\.log|@@; s@$tmp/lab/in-host@:@" "$tmp/lab/calls" | sort; }
unset KVMRT_BIN

it "boots for a test of the lab as its head says"
run "$tmp/lab/run-tests" -j 1 a b c d e
expect_status 0
expect_stdout_like '^5 passed, 0 failed, 0 skipped$'
lab_calls >"$tmp/found"
expect_same "$tmp/found" "--append|x y|--kernel|6.12|:|c|
--guests|1|:|a|
--kernel|6.12-rt|:|d|
--kernel|6.12|--guests|1|:|b|"

it "boots another kernel for all of them where it is given, those that then want the same at once"
rm "$tmp/lab/calls"
run "$tmp/lab/run-tests" -j 1 --kernel backports-rt a b c d e
expect_status 0
expect_stdout_like '^5 passed, 0 failed, 0 skipped$'
lab_calls >"$tmp/found"
expect_same "$tmp/found" "--kernel|backports-rt|--append|x y|:|c|
--kernel|backports-rt|--guests|1|:|a|b|
--kernel|backports-rt|:|d|"

it "lists how it would boot"
run "$tmp/lab/run-tests" --list --kernel backports c d e
expect_status 0
expect_stdout "c [--kernel backports --append 'x y'] that c is right
d [--kernel backports] that d is right
e [outside] that e is right"

it "wants a name of a kernel"
for kernel in '' '-x' 'a b'; do
	run "$tmp/lab/run-tests" --kernel "$kernel" a
	expect_status 2
	expect_stderr 'run-tests: --kernel needs a kernel'
done
