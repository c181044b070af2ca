#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# man.sh: every program has a page, whose OPTIONS are those of its table, no more
# and no fewer; every page is clean mdoc or man.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

# The long options that head an entry of the page's OPTIONS: "--name", a line each.
page_options() {
	awk '
		/^\.S[hH]/ { inside = ($2 ~ /^"?OPTIONS/) }
		!inside { next }
		/^\.It / { print }
		after_tp { print }
		{ after_tp = /^\.T[PQ]/ }
	' "$1" | sed -E 's/\\-/-/g; s/\\f[A-Z]//g; s/Fl Fl /--/g; s/Fl -/--/g' |
		grep -oE -e '--[a-z][a-z0-9-]*' | sort -u
}

table_options() {
	"$KVMRT_BIN/$1" --dump-options | awk -F '\t' '$1 == "option" { print "--" $3 }' | sort -u
}

# compare NAME PAGE: --help and --version need no words of a page's own
compare() {
	comm -23 <(table_options "$1") <(page_options "$2") | grep -vxE -e '--(help|version)' |
		sed "s|.*|$2: OPTIONS lacks &|"
	comm -13 <(table_options "$1") <(page_options "$2") |
		sed "s|.*|$2: OPTIONS has &, which $1 does not know|"
}

# Options that the page's SYNOPSIS does not name, by letter or by word; "options" names all.
missing_in_synopsis() {
	awk -F '\t' '
		FNR == NR { if ($1 == "option") letter[$3] = $2; next }
		/^\.S[hH]/ { inside = /SYNOPSIS/; next }
		inside {
			nr = split($0, words, " ")
			for (i = 1; i <= nr; i++) {
				if (words[i - 1] != "Ar" || words[i] == "options")
					named[words[i]] = 1
				for (k = 1; words[i - 1] == "Fl" && words[i] !~ /^-/ && k <= length(words[i]); k++)
					named[substr(words[i], k, 1)] = 1
			}
		}
		END {
			for (option in letter)
				if (option !~ /^(help|version)$/ && !("options" in named) &&
				    !("-" option in named) &&
				    (letter[option] == "-" || !(letter[option] in named)))
					print "--" option
		}' <("$KVMRT_BIN/$1" --dump-options) "$2" | sort | sed "s|.*|$2: SYNOPSIS lacks &|"
}

for name in $(programs); do
	page=doc/man/$name.1
	[ -e "$page" ] || page=doc/man/$name.8	# daemons
	if [ -e "$page" ]; then
		each_finding < <(compare "$name" "$page"; missing_in_synopsis "$name" "$page")
	else
		finding "$name: no man page doc/man/$name.1"
	fi
done

# What groff shows in another way than mandoc, or no reader can copy.
for page in $(tree 'doc/*.[1-9]'); do
	each_finding < <(awk -v page="$page" '
		/^\..*[^A-Za-z]Ql .*[^A-Za-z]Ql / {
			print page ":" NR ": two Ql on a line, which groff puts into one another"
		}
		/^\.[SQ][lq] [^ ]+ , [^ ]/ {
			print page ":" NR ": one pair of quotes around several words; use Li"
		}
		/^\..* Ns [ABDPQS]q .* Ns / {
			print page ":" NR ": brackets that end with the line, not in front of Ns"
		}
		/^\.Dl / {
			line = substr($0, 5)
			gsub(/\\\(../, "\"", line); gsub(/\\./, " ", line)
			if (length(line) > 66)
				print page ":" NR ": an example line of " length(line) \
					" columns wraps; expected at most 66"
		}' "$page")
done

if command -v mandoc >/dev/null; then
	for page in $(tree 'doc/*.[1-9]'); do
		each_finding < <(mandoc -T lint -W warning "$page")
	done
else
	echo 'man.sh: mandoc is not installed; the pages were not checked with it'
fi
finish
