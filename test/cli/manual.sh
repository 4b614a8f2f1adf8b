#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# dpip's manual page and bash completion: both tell of every object, command and
# option that help tells of, and the shell and roff take them.
#
# Plain only: texts, and what the shell makes of them.

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
equal "stats' kinds complete" "drop" "$(completes dpip stats d)"

# Every keyword that completion offers is in help and the manual page, and some command takes it:
# what it then says, if anything, is not that the word is unknown.
no_daemon="$BED/no.sock"
ways=(
	"addr add ::1" "addr show" "neigh add 10.0.0.1" "neigh show" "route add 10.0.0.0/8" "route get 10.0.0.1"
	"link show" "link show d" "link set d" "link add d" "link add d vdev x" "vlan add v" "tunnel add t" "kni show" "maddr show" "mark add" "stats" "monitor all"
)
takes() { # OBJECT WORD
	local way says

	[ "$1 $2" = "link cpu" ] && return 0 # stands where a name may: the parser's own test has it
	for way in "${ways[@]}"; do
		[ "${way%% *}" = "$1" ] || continue
		# shellcheck disable=SC2086
		says=$(DPVS_IPC_FILE=$no_daemon "$DPVS_BIN/dpip" $way "$2" 2>&1)
		[[ "$says" == *"behind \"$2\"" ]] && return 0
		[[ "$way" == *show || "$says" == *"\"$2\": "* || "$says" == *"unexpected \"$2\""* ]] || return 0
	done
	echo "$1 $2: $says"
	return 1
}
keywords() { completes dpip "$1" x ''; }
all_taken() {
	local word

	for word in $(keywords "$1"); do
		takes "$1" "$word" || return 1
		dpip "$1" help | grep -qw -- "$word" || { echo "help: $word"; return 1; }
		grep -qF -- ".B ${word//-/\\-}" "$BED/dpip.8" || { echo "manual page: $word"; return 1; }
	done
}
for object in $objects; do
	ok "$object: keywords are offered, taken and told of" all_taken "$object"
done
ok "a word that is none is found out" eval '! takes addr frob >/dev/null'

# And the other way round: what a parser says that it expects is offered.
all_offered() { # WAY…
	local says word

	says=$(DPVS_IPC_FILE=$no_daemon "$DPVS_BIN/dpip" "$@" frob 2>&1)
	says=${says#*\": }
	[[ "$says" == *" is expected"* ]] || { echo "$says"; return 1; }
	says=${says%% is expected*}
	for word in ${says//,/ }; do
		[[ "$word" == @(or|help) ]] || [[ " $(keywords "$1") " == *" $word "* ]] || { echo "$word"; return 1; }
	done
}
for way in "${ways[@]}"; do
	case $way in *show | "link show d") continue ;; esac
	# shellcheck disable=SC2086
	ok "$way: what is expected is offered" all_offered $way
done
equal "another name is taken" "" "$(takes addr brd; takes addr prefered_lft; takes link address)"
equal "and is not offered" "broadcast" "$(completes dpip addr x br)"
test_done
