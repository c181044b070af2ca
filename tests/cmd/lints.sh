#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lints.sh: each lint finds the mistake that it is there for, and nothing in a clean tree
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"
need git

# A project of one module and one command, with the lints of this one.
tree=$tmp/tree
mkdir -p "$tree"/{lib,xtrace,merge,doc/man,bin} "$tree"/tests/{lint,lib,cmd}
cp tests/lint/*.sh "$tree/tests/lint/"
git -C "$tree" init -q
put() { printf '%s\n' "${@:2}" >"$tree/$1"; }
gpl='/* SPDX-License-Identifier: GPL-2.0-or-later */'
put Makefile '# SPDX-License-Identifier: GPL-2.0-or-later' \
	'PROGRAMS := hello' 'UNIT_TESTS := tests/lib/test-a' 'CMD_TESTS := tests/cmd/hello.sh' \
	'LINTS := $(filter-out %/lib.sh,$(wildcard tests/lint/*.sh))' 'print-%:; @printf "%s\n" $($*)'
put lib/a.h "$gpl"
put lib/a.c "$gpl" '#include "lib/a.h"'
put tests/lib/test-a.c "$gpl" '#include "lib/a.h"'
put tests/cmd/hello.sh '#!/bin/bash' '# SPDX-License-Identifier: GPL-2.0-or-later' 'true'
put bin/hello '#!/bin/bash' '# SPDX-License-Identifier: GPL-2.0-or-later' 'case $1 in' \
	'--help) echo "Usage: hello [options]" ;;' \
	'--version) echo "hello 1.0" ;;' \
	'--dump-options) printf "command\thello\tnone\t-\t2\tgreet\noption\ta\tall\tbool\t-\ttake all\n" ;;' \
	'*) printf "hello: unknown option $1\nTry --help.\n" >&2; exit 2 ;;' 'esac'
put doc/man/hello.1 '.Dd January 1, 2026' '.Dt HELLO 1' '.Os' '.Sh NAME' '.Nm hello' '.Nd greet' \
	'.Sh SYNOPSIS' '.Nm' '.Op Fl a' '.Sh OPTIONS' '.Bl -tag -width Ds' '.It Fl a , Fl -all' 'Take all.' '.El'
for folder in lib xtrace merge doc tests bin; do
	put $folder/README.md "# $folder"
done
chmod +x "$tree/bin/hello" "$tree/tests/cmd/hello.sh"

lint() { KVMRT_BIN=$tree/bin run "$tree/tests/lint/$1.sh"; }

it 'a clean tree has no findings'
for name in layers man no-todo readme shell size spdx style tests usage; do
	lint $name
	[ "$status" = 0 ] || [ "$status" = 77 ] || fail "$name found something"
done

# finds LINT REGEX FILE LINE...: the file, written so, is a finding; it is put back after
finds() {
	local name=$1 regex=$2 file=$3 kept=

	it "$name.sh finds: $regex"
	[ -e "$tree/$file" ] && kept=$(cat "$tree/$file")
	put "$file" "${@:4}"
	lint "$name"
	expect_status 1
	expect_stdout_like "$regex"
	if [ -n "$kept" ]; then
		put "$file" "$kept"
	else
		rm "$tree/$file"
	fi
}

long=$(printf 'x%.0s' {1..101})
finds layers 'lib/a.c: lib may not include xtrace/xtrace.h' lib/a.c "$gpl" '#include "xtrace/xtrace.h"'
finds layers "merge/b.c: xtrace/page.h is xtrace's own" merge/b.c "$gpl" '#include "xtrace/page.h"'
finds layers 'merge/b.c: only xtrace may include <zstd.h>' merge/b.c "$gpl" '#include <zstd.h>'
finds layers 'a public header may not include <zstd.h>' xtrace/xtrace.h "$gpl" '#include <zstd.h>'
finds man 'OPTIONS has --none' doc/man/hello.1 '.Sh OPTIONS' '.It Fl a , Fl -all' '.It Fl -none'
finds man 'OPTIONS lacks --all' doc/man/hello.1 '.Sh OPTIONS' 'With --all, nothing.'
finds man 'SYNOPSIS lacks --all' doc/man/hello.1 '.Sh SYNOPSIS' '.Nm' '.Sh OPTIONS' '.It Fl a , Fl -all'
finds man 'two Ql on a line' doc/man/hello.1 '.Sh OPTIONS' '.Fl -all' '.Pq Ql a , Ql b'
finds man 'brackets that end with the line' doc/man/hello.1 '.Sh OPTIONS' '.It Fl -all Ar A Ns Pq Ar B Ns > Ns Ar C'
finds man 'one pair of quotes' doc/man/hello.1 '.Sh OPTIONS' '.Fl -all' '.Ql a , b'
finds man 'an example line of 67 columns' doc/man/hello.1 '.Sh OPTIONS' '.Fl -all' \
	".Dl $(printf 'x%.0s' {1..67})"
finds no-todo 'lib/a.c:2:' lib/a.c "$gpl" "/* TO""DO: more */"
finds readme 'README.md: leads to nowhere.md' README.md 'see [there](nowhere.md)'
finds size 'lib/a.c: 801 lines' lib/a.c "$(seq 801)"
finds size 'a function of 101 lines' lib/a.c 'int f(void)' '{' "$(printf ';\n%.0s' {1..101})" '}'
finds spdx 'lib/a.c: expected SPDX' lib/a.c '/* no licence */'
mkdir "$tree/xtrace/module"
finds spdx 'module/k.c: expected .*GPL-2.0-only, found' xtrace/module/k.c "$gpl"
finds style 'lib/a.c:2: indented with blanks' lib/a.c "$gpl" '    int x;'
finds style 'lib/a.c:2: 101 columns' lib/a.c "$gpl" "$long"
finds style 'lib/a.c:2: blanks at the end' lib/a.c "$gpl" 'int x; '
finds style 'lib/a.c:2: expected a comment' lib/a.c "$gpl" '// no'
finds style 'expected its own header first, found $' lib/a.c "$gpl" 'int x;'
finds style 'expected its own header first' lib/a.c "$gpl" '#include <stdio.h>' '#include "lib/a.h"'
it 'style.sh finds: a file without a newline at its end'
printf '%s\nint x;' "$gpl" >"$tree/lib/b.c"
lint style
expect_status 1
expect_stdout 'lib/b.c: no newline at its end'
rm "$tree/lib/b.c"
it 'scripts without .sh are scripts, below a folder with a dot too'
mkdir "$tree/.ci"
finds size '.ci/run: 801 lines' .ci/run '#!/bin/sh' "$(seq 800)"
finds tests 'lib/b.c: no test tests/lib/test-b.c' lib/b.c "$gpl"
finds tests 'test-c.c: not in UNIT_TESTS' tests/lib/test-c.c "$gpl"
finds tests 'other.sh: not in CMD_TESTS' tests/cmd/other.sh '#!/bin/bash'
finds usage 'hello --help: expected status 0' bin/hello '#!/bin/bash' 'exit 1'
