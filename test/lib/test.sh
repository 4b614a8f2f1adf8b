# SPDX-License-Identifier: BSD-3-Clause
#
# For shell tests: each case prints `ok NAME`, `not ok NAME` behind lines that
# say why, or `skip NAME: why`; test_done prints the plan, without which the
# file counts as ended early. The testbed comes along.
#
# The environment says what is tested: DPVS_BIN (programs), DPVS_OBJ (objects),
# SANITIZED=1 (slow programs: longer waits, less traffic).

. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/testbed.sh"

SANITIZED=${SANITIZED:-}
TRAFFIC=$DPVS_BIN/test/system/traffic
TESTS=0
FAILED=0
# How many workers the long matrices of modes and families have: slow programs, and the runs with
# the flow stage off and checked, are spared those with one, which packet tests have as well.
WORKERS="1 3"
case $SANITIZED${FLOW:-on} in on) ;; *) WORKERS=3 ;; esac
PYTHON=/usr/bin/python3

pass() {
	TESTS=$((TESTS + 1))
	say "ok $*"
}

failed() {
	TESTS=$((TESTS + 1))
	FAILED=$((FAILED + 1))
	say "not ok $*"
}

skip() {
	TESTS=$((TESTS + 1))
	say "skip $*"
}

why() {
	sed 's/^/# /'
}

test_done() {
	say "1..$TESTS"
	[ "$FAILED" = 0 ]
	exit
}

# needs_root WHO: ends the test where that does not run
needs_root() {
	grep -q 4294967295 /proc/self/uid_map && return
	skip "$1: root outside of a user namespace is needed"
	test_done
}

# needs PROGRAM…: ends the test when one of them is missing
needs() {
	local program

	for program in "$@"; do
		type -P "$program" >/dev/null && continue
		skip "$program is not installed, see scripts/install-deps"
		test_done
	done
}

# ok NAME COMMAND…: the command succeeds
ok() {
	local name=$1 output
	shift

	if output=$("$@" 2>&1); then
		pass "$name"
	else
		printf '%s\n' "command: $*" "exit code $?, output:" "$output" | why
		failed "$name"
		return 1
	fi
}

# refused NAME CODE TEXT COMMAND…: exit code CODE, nothing on standard output, TEXT in what it says
refused() {
	local name=$1 want=$2 text=$3 code
	shift 3

	"$@" >"$BED/refused.out" 2>"$BED/refused.err"
	code=$?
	if [ "$code" = "$want" ] && [ ! -s "$BED/refused.out" ] && grep -qF -- "$text" "$BED/refused.err"; then
		pass "$name"
	else
		{
			echo "command: $*"
			echo "exit code $code, wanted $want and '$text' on standard error; got:"
			cat "$BED/refused.out" "$BED/refused.err"
		} | why
		failed "$name"
	fi
}

# prints NAME COMMAND…: exit code 0 and exactly standard input, blanks at line ends aside
prints() {
	local name=$1 code
	shift

	sed 's/[[:blank:]]*$//' >"$BED/want"
	"$@" >"$BED/raw" 2>"$BED/err"
	code=$?
	sed 's/[[:blank:]]*$//' "$BED/raw" >"$BED/got"
	if [ "$code" = 0 ] && cmp -s "$BED/want" "$BED/got" && [ ! -s "$BED/err" ]; then
		pass "$name"
	else
		{
			echo "command: $*"
			echo "exit code $code; wanted (-) and got (+):"
			diff -u "$BED/want" "$BED/got" | tail -n +3
			cat "$BED/err"
		} | why
		failed "$name"
	fi
}

# json NAME EXPRESSION COMMAND…: the output is JSON `j` for which the Python expression is true
json() {
	local name=$1 expression=$2 code
	shift 2

	"$@" >"$BED/got" 2>"$BED/err"
	code=$?
	if [ "$code" = 0 ] && $PYTHON -c '
import json, sys
j = json.load(open(sys.argv[1]))
sys.exit(0 if eval(" ".join(sys.argv[2].split())) else 1)' "$BED/got" "$expression" 2>>"$BED/err"; then
		pass "$name"
	else
		{
			echo "command: $*"
			echo "exit code $code; wanted: $expression"
			head -c 2000 "$BED/got"
			tail -n 5 "$BED/err"
		} | why
		failed "$name"
	fi
}

# equal NAME WANT GOT
equal() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		printf 'wanted: %s\ngot:    %s\n' "$2" "$3" | why
		failed "$1"
	fi
}

# The daemon's log and output, when something was wrong.
show_daemon() {
	tail -n 30 "$BED/dpvs-output.log" "$BED/dpvs.log" 2>/dev/null | why
}

# Ends the test file when the bed does not come up: nothing below could mean anything.
must() {
	local name=$1
	shift

	"$@" && return
	show_daemon
	failed "$name"
	test_done
}

# --- after traffic ------------------------------------------------------------

# NAME of `dpip stats worker`, summed over workers
worker_sum() {
	dpip -j stats worker | $PYTHON -c '
import json, sys
print(sum(x["value"] for x in json.load(sys.stdin) if x["name"] == sys.argv[1]))' "$1"
}

balance_holds() {
	dpip -j stats worker >"$BED/balance" && $PYTHON -c '
import json, sys
n = {}
for x in json.load(open(sys.argv[1])):
    n[x["name"]] = n.get(x["name"], 0) + x["value"]
sys.exit(0 if n["received"] + n["made"] == n["sent"] + n["dropped"] + n["to_kernel"] + n["held"]
         and n["received"] > 0 else 1)' "$BED/balance"
}

connections_gone() {
	[ "$(ipvsadm -lnc | grep -c '^\[')" = 0 ]
}

# mbufs out of their pools; the tap driver always holds some in its receive queues
mbufs_inuse() {
	dpip -j stats memory | $PYTHON -c '
import json, sys
n = {"mbufs_total": 0, "mbufs_free": 0}
for x in json.load(sys.stdin):
    if x["name"] in n:
        n[x["name"]] += x["value"]
assert n["mbufs_total"] > 0
print(n["mbufs_total"] - n["mbufs_free"])'
}

mbufs_back() {
	[ "$(mbufs_inuse)" -le "$MBUFS_BEFORE" ]
}

# accounted NAME: nothing was lost; the daemon must have short timeouts (bed_short_timeouts)
accounted() {
	local name=$1

	if bed_wait_for 20 connections_gone; then
		pass "$name: all connections are gone"
	else
		ipvsadm -lnc | head -n 8 | why
		failed "$name: all connections are gone"
	fi
	if bed_wait_for 10 balance_holds; then
		pass "$name: every packet is accounted for"
	else
		dpip stats worker | why
		failed "$name: every packet is accounted for"
	fi
	if bed_wait_for 10 mbufs_back; then
		pass "$name: all mbufs are back"
	else
		echo "before $MBUFS_BEFORE, now $(mbufs_inuse)" | why
		failed "$name: all mbufs are back"
	fi
}

# drops REASON: how many packets were dropped for it
drops() {
	dpip -j stats drop | $PYTHON -c '
import json, sys
print(sum(x["value"] for x in json.load(sys.stdin) if x["name"] == sys.argv[1]))' "$1"
}

# served WORKERS: starts the daemon for traffic; standard input (no pipe: it sets variables) has the startup lines behind the addresses
served() {
	must "dpvs starts with $1 workers" served_start "$1"
	MBUFS_BEFORE=$(mbufs_inuse)
}

served_start() {
	{
		bed_addresses
		cat
	} | bed_conf "$1" && bed_start && bed_wait_for 15 in_client ping -c 1 -W 1 -q "$VIP" >/dev/null
}

# service_lines PROTO-LETTER PORT SERVER-PORT SCHEDULER WEIGHT…: a service with FNAT servers 1 …
service_lines() {
	local letter=$1 port=$2 server_port=$3 scheduler=$4 n=0 weight
	shift 4

	echo "ipvsadm -A -$letter $VIP:$port -s $scheduler"
	for weight in "$@"; do
		n=$((n + 1))
		echo "ipvsadm -a -$letter $VIP:$port -r 10.2.0.$n:$server_port -b -w $weight"
	done
	echo "ipvsadm -P -z $LADDR -$letter $VIP:$port -F dpdk1"
}

# traffic NAME WORDS…: the client sends, every request is answered right; the report is in $BED/traffic
traffic() {
	local name=$1
	shift

	if in_client "$TRAFFIC" "$@" >"$BED/traffic" 2>"$BED/traffic.err"; then
		pass "$name"
	else
		{ cat "$BED/traffic" "$BED/traffic.err"; echo "dropped:"; dpip stats drop | grep -v " 0$"; } | why
		failed "$name"
	fi
}

# fetched NODE COUNT URL: curl gets URL?token=1 … COUNT, a connection each; each is answered once, with its token, by
# a web server of the bed. The answers are in $BED/http, or $HTTP.
fetched() {
	local node=$1 count=$2 url=$3 out=${HTTP:-$BED/http}

	bed_in "$node" curl -sS --max-time 120 -H 'Connection: close' "$url?token=[1-$count]" >"$out" &&
		[ "$(awk 'NF == 2 && $1 ~ /^server[0-9]+$/ { print $2 }' "$out" | sort -n | uniq | tr '\n' ' ')" = \
			"$(seq -s ' ' 1 "$count") " ]
}

# fetched_share N: of what was fetched last, by server N
fetched_share() {
	grep -c "^server$1 " "$BED/http"
}

# share N: of the last traffic
share() {
	awk -v name="server$1" '$1 == "share" && $2 == name { n = $3 } END { print n + 0 }' "$BED/traffic"
}

# near NAME WANT GOT TOLERANCE
near() {
	local off=$(($2 > $3 ? $2 - $3 : $3 - $2))

	if [ "$off" -le "$4" ]; then
		pass "$1"
	else
		echo "wanted $2 ± $4, got $3" | why
		failed "$1"
	fi
}

# scaled N: less traffic for slow programs
scaled() {
	if [ -n "$SANITIZED" ]; then
		echo $(($1 / 10))
	else
		echo "$1"
	fi
}

# Stops the daemon; it must end by itself, with exit code 0 (also: no leak, under a sanitizer).
stopped() {
	local code

	bed_stop
	code=$?
	[ "$code" = 0 ] || show_daemon
	equal "$1: dpvs stops with exit code 0" 0 "$code"
}
