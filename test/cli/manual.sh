#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# dpip's manual page and bash completion: both tell of every object, command and
# option that help tells of, and the shell and roff take them.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"

ok "the manual page is made" eval 'dpip help man >"$BED/dpip.8"'
ok "the completion is made" eval 'dpip help completion >"$BED/dpip.bash"'
ok "make made the same" eval 'cmp "$BED/dpip.8" "$DPVS_BIN/dpip.8" && cmp "$BED/dpip.bash" "$DPVS_BIN/dpip.bash"'

objects=$(dpip help | awk '/^Options/ { exit } NR > 3 && $1 != "help" { print $1 }')
ok "help names objects" test "$(echo "$objects" | wc -w)" -ge 5
for object in $objects; do
	ok "$object: help" dpip "$object" help
	ok "$object: the manual page has its commands" eval 'dpip "$object" help | while read -r line; do
		grep -qF -- "$(printf %s "$line" | sed "s/\\\\/\\\\e/g; s/-/\\\\-/g")" "$BED/dpip.8" || { echo "missing: $line"; exit 1; }
	done'
done
for option in $(dpip help | grep -oE -- ' --[a-z]+'); do
	ok "the manual page has $option" grep -qF -- "\\-\\-${option#--}" "$BED/dpip.8"
done

if command -v groff >/dev/null; then
	ok "roff takes the page" eval 'warnings=$(groff -man -Tascii -P-cbou -ww "$BED/dpip.8" 2>&1 >"$BED/dpip.txt") && [ -z "$warnings" ] || { echo "$warnings"; false; }'
	ok "the page reads well" grep -q "EXIT STATUS" "$BED/dpip.txt"
else
	skip "roff takes the page: there is no groff"
fi

# completes WORDS… : what bash would offer for the last of them
completes() {
	bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dpip; echo "${COMPREPLY[@]}"' _ "$BED/dpip.bash" "$@"
}
equal "objects complete" "$(echo $objects help)" "$(completes dpip '')"
equal "an object's beginning completes" "stats" "$(completes dpip st)"
equal "options complete" "--json" "$(completes dpip --js)"
equal "an option's value is no object" "$(echo $objects help)" "$(completes dpip --cpu 2 '')"
test_done
