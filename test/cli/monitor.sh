#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# dpip monitor: each change of each object, as text and as JSON, while several
# look; who does not read; and how it ends.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"
bed_net 1
bed_conf 2 <<-END
	dpip addr add 10.1.0.254/24 dev dpdk0
	dpip addr add 10.2.0.254/24 dev dpdk1
END
must "dpvs starts" bed_start

MONITORS=

# monitor FILE WORDS…: begins to look, and is known to
monitor() {
	local file=$BED/$1
	shift

	: >"$file"
	"$DPVS_BIN/dpip" "$@" >"$file" 2>"$file.err" &
	MONITORS="$MONITORS $!"
}

# All of them see a change of their object; it is no test's.
looking() {
	local file

	dpip addr add 10.1.0.9/24 dev dpdk0
	dpip addr del 10.1.0.9/24 dev dpdk0
	dpip neigh add 10.1.0.8 lladdr 02:00:00:00:00:08 dev dpdk0
	dpip neigh del 10.1.0.8 dev dpdk0
	dpip link set dpdk1 mtu 1490
	dpip link set dpdk1 mtu 1500
	dpip route add 2001:db8:99::/48 dev dpdk0
	dpip route del 2001:db8:99::/48 dev dpdk0
	for file in "$@"; do
		[ -s "$BED/$file" ] || return 1
	done
}

# says FILE LINE: sees the line, in a while
says() {
	bed_wait_for 20 grep -qxF -- "$2" "$BED/$1" || { tail -n 20 "$BED/$1"; return 1; }
}

# tells EXPRESSION: among the JSON lines is one `x` for which it is true
tells() {
	bed_wait_for 20 $PYTHON -c '
import json, sys
want = " ".join(sys.argv[2].split())
def true(x):
    try: return eval(want)
    except KeyError: return False
sys.exit(0 if any(true(json.loads(l)) for l in open(sys.argv[1]) if l.endswith("\n")) else 1)' "$BED/json" "$1" ||
		{ tail -n 5 "$BED/json"; return 1; }
}

monitor all monitor
monitor json -j monitor
monitor routes monitor route
monitor six -6 -o monitor route addr
monitor links -o monitor link
monitor timed -t monitor neigh
must "six look" bed_wait_for 30 looking all json routes six links timed

dpip route add 30.0.0.0/8 via 10.2.0.1
line=$(dpip route show | grep '^inet 30\.')
ok "route add" says routes "$line"
ok "route add, of several objects" says all "[ROUTE]$line"
ok "route add, JSON" tells 'x["event"] == "add" and x["object"] == "route" and x["dst"] == "30.0.0.0/8" and
	{k: v for k, v in x.items() if k not in ("event", "object")} == '"$(dpip -j route show | $PYTHON -c '
import json, sys
print(repr([x for x in json.load(sys.stdin) if x["dst"] == "30.0.0.0/8"][0]))')"
dpip route set 30.0.0.0/8 via 10.2.0.2
ok "route set" says routes "$(dpip route show | grep '^inet 30\.')"
ok "route set, JSON" tells 'x["event"] == "change" and x["gateway"] == "10.2.0.2"'
line=$(dpip route show | grep '^inet 30\.')
dpip route del 30.0.0.0/8
ok "route del" says routes "Deleted $line"
ok "route del, JSON" tells 'x["event"] == "del" and x["dst"] == "30.0.0.0/8"'
dpip route add 31.0.0.0/8 nexthop via 10.2.0.1 weight 3 nexthop via 10.1.0.7
line=$(dpip route show | grep '^inet 31\.')
ok "several gateways" says routes "$line"
ok "several gateways, JSON" tells '[h["gateway"] for h in x["nexthops"]] == ["10.2.0.1", "10.1.0.7"]'
dpip route flush
ok "flush" says routes "Deleted $line"
dpip route replace 32.0.0.0/8 via 10.2.0.1
ok "replace of none" tells 'x["event"] == "add" and x["dst"] == "32.0.0.0/8"'
dpip addr add 10.2.0.77/32 dev dpdk1
dpip route add 36.0.0.0/8 via 10.2.0.1 src 10.2.0.77
dpip addr del 10.2.0.77/32 dev dpdk1
ok "a route loses its src with the address" says routes "$(dpip route show | grep '^inet 36.*src 0.0.0.0 ')"
ok "a route loses its src, JSON" tells 'x["event"] == "change" and x["dst"] == "36.0.0.0/8" and "prefsrc" not in x'

dpip addr add 2001:db8::1/64 dev dpdk1 nodad
ok "an IPv6 address" says six "[ADDR]$(dpip -o addr show dev dpdk1 | grep 2001:db8::1/64)"
ok "its routes" says six "[ROUTE]$(dpip -6 route show | grep '2001:db8::/64')"
ok "an address, JSON" tells 'x["event"] == "add" and x["object"] == "addr" and x["local"] == "2001:db8::1" and
	x["family"] == "inet6" and x["ifname"] == "dpdk1" and x["prefixlen"] == 64'
dpip addr set 10.1.0.254/24 dev dpdk0 scope link
ok "addr set" tells 'x["event"] == "change" and x["local"] == "10.1.0.254" and x["scope"] == "link"'
dpip addr del 2001:db8::1/64 dev dpdk1
ok "addr del" tells 'x["event"] == "del" and x["local"] == "2001:db8::1"'
dpip addr add 2001:db8::2/64 dev dpdk0
ok "an address that is tentative" tells 'x["event"] == "add" and x["local"] == "2001:db8::2" and x.get("tentative")'
ok "and then is not" tells 'x["event"] == "change" and x["local"] == "2001:db8::2" and not x.get("tentative")'
ok "-6 has no IPv4" eval '! grep -q "inet " "$BED/six"'

dpip neigh add 10.1.0.77 lladdr 02:00:00:00:00:77 dev dpdk0
ok "neigh add" says all "[NEIGH]$(dpip neigh show | grep -F '10.1.0.77 ')"
ok "neigh add, JSON" tells 'x["object"] == "neigh" and x["dst"] == "10.1.0.77" and x["lladdr"] == "02:00:00:00:00:77"'
ok "-t: the time" eval 'bed_wait_for 20 grep -qE "^\[2[0-9-]+T[0-9:.]+Z\] ip: 10.1.0.77 " "$BED/timed"'
dpip neigh set 10.1.0.77 lladdr 02:00:00:00:00:78 dev dpdk0
ok "neigh set" tells 'x["event"] == "change" and x["dst"] == "10.1.0.77" and x["lladdr"] == "02:00:00:00:00:78"'
dpip neigh del 10.1.0.77 dev dpdk0
ok "neigh del" tells 'x["event"] == "del" and x["dst"] == "10.1.0.77"'
in_client ping -c 1 -W 5 10.1.0.254 >/dev/null
ok "a neighbour that was learnt" tells 'x["object"] == "neigh" and x["dst"] == "10.1.0.1" and "REACHABLE" in x["state"]'

dpip link set dpdk1 mtu 1400
ok "link set" says links "$(dpip -o link show dpdk1)"
dpip link set dpdk1 promisc on
ok "link set, JSON" tells 'x["event"] == "change" and x["object"] == "link" and x["ifname"] == "dpdk1" and "PROMISC" in x["flags"]'
dpip vlan add v7 link dpdk1 id 7
ok "vlan add" tells 'x["event"] == "add" and x["object"] == "link" and x["ifname"] == "v7" and x["linkinfo"]["info_data"]["id"] == 7'
dpip link set dpdk1 down
ok "down" tells 'x["ifname"] == "dpdk1" and x["operstate"] == "DOWN"'
ok "what stands on it, too" tells 'x["ifname"] == "v7" and x["operstate"] == "DOWN"'
dpip link set dpdk1 up
dpip link add null vdev net_null0
ok "link add" tells 'x["event"] == "add" and x["ifname"] == "null"'
dpip addr add 10.9.0.1/24 dev null
dpip link del null
ok "link del" tells 'x["event"] == "del" and x["ifname"] == "null"'
ok "its address before it" tells 'x["event"] == "del" and x.get("local") == "10.9.0.1"'
line=$(dpip -o link show v7)
dpip link del v7
ok "vlan del" eval 'bed_wait_for 20 grep -q "^Deleted .*: v7: " "$BED/links"'
ok "no counter is a change" eval '[ "$(grep -c " dpdk0: " "$BED/links")" -le 2 ]'

dpip tunnel add t mode gre local 10.1.0.254 remote 10.1.0.1 key 7
ok "tunnel add" says all "[TUNNEL]$(dpip tunnel show t)"
ok "tunnel add, JSON" tells 'x["event"] == "add" and x["object"] == "tunnel" and {k: v for k, v in x.items()
	if k not in ("event", "object")} == '"$(dpip -j tunnel show t | $PYTHON -c 'import json, sys; print(json.load(sys.stdin)[0])')"
dpip tunnel change t ttl 9
ok "tunnel change" says all "[TUNNEL]$(dpip tunnel show t)"
ok "tunnel change, JSON" tells 'x["event"] == "change" and x["object"] == "tunnel" and x["ttl"] == 9'
line=$(dpip tunnel show t)
dpip link del t
ok "tunnel del, as a link" says all "[TUNNEL]Deleted $line"
dpip mark add from 30.0.0.0/8 proto udp dport 80 mark 5
line=$(dpip mark show)
ok "mark add" says all "[MARK]$line"
ok "mark add, JSON" tells 'x["event"] == "add" and x["object"] == "mark" and {k: v for k, v in x.items()
	if k not in ("event", "object")} == '"$(dpip -j mark show | $PYTHON -c 'import json, sys; print(json.load(sys.stdin)[0])')"
dpip mark add proto tcp mark 6
dpip mark del mark 5
ok "mark del" says all "[MARK]Deleted $line"
line=$(dpip mark show)
dpip mark flush
ok "mark flush" says all "[MARK]Deleted $line"
equal "each rule was told of once as added, once as gone" "2 2" \
	"$(grep -c '^\[MARK\][0-9]' "$BED/all") $(grep -c '^\[MARK\]Deleted' "$BED/all")"

# One that does not read: the daemon goes on, others see all, and it is told what it has not seen.
mkfifo "$BED/fifo"
"$DPVS_BIN/dpip" -j monitor route >"$BED/fifo" 2>/dev/null &
slow=$!
exec 7<"$BED/fifo"
slow_looks() {
	dpip route replace 50.0.0.0/8 via 10.2.0.1
	dpip route del 50.0.0.0/8
	read -r -t 0 <&7
}
ok "a slow reader looks" bed_wait_for 30 slow_looks
dpip route add 53.0.0.0/8 via 10.2.0.1
first=
until [[ "$first" == *53.0.0.0/8* ]] || ! read -r -t 30 first <&7; do :; done
ok "it sees the first changes" test -n "$(echo "$first" | grep 53.0.0.0/8)"
for i in $(seq 0 29999); do echo "route add 60.$((i / 250)).$((i % 250)).0/24 via 10.2.0.1"; done >"$BED/many"
ok "30,000 routes while it does not read" dpip -b "$BED/many"
ok "others have seen the last" eval 'bed_wait_for 60 grep -q "^inet 60.119.249.0/24" "$BED/routes"'
cat <&7 >"$BED/slow" &
reader=$!
exec 7<&-
dpip route add 51.0.0.0/8 via 10.2.0.1
ok "then it sees the newest" bed_wait_for 60 grep -q 51.0.0.0 "$BED/slow"
kill "$slow"
wait "$slow" 2>/dev/null
equal "SIGTERM ends it" 0 $?
wait "$reader" 2>/dev/null
equal "what it saw and missed is all there was" 30001 "$($PYTHON -c '
import json, sys
print(sum(x.get("missed", 1) for x in map(json.loads, open(sys.argv[1]))))' "$BED/slow")"
ok "it was told that it missed some" grep -q '^{"event":"missed","missed":[0-9]*}$' "$BED/slow"

# Many at once, that go in the midst of it.
many=
for i in $(seq 30); do
	"$DPVS_BIN/dpip" monitor >"$BED/many.$i" 2>/dev/null &
	many="$many $!"
done
all_see() {
	dpip route replace 52.0.0.0/8 via 10.2.0.1
	dpip route del 52.0.0.0/8
	for i in $(seq 30); do
		[ -s "$BED/many.$i" ] || return 1
	done
}
ok "thirty more" bed_wait_for 60 all_see
kill -INT $many
codes=
for one in $many; do
	wait "$one"
	codes="$codes$?"
done
equal "SIGINT ends each" "$(printf '0%.0s' $(seq 30))" "$codes"
ok "and the daemon is as before" dpip route show dev dpdk0

refused "an unknown object" 2 '"frob": all, addr, route, neigh, link, tunnel, mark or help is expected' dpip monitor frob
refused "an unknown second object" 2 'monitor: "frob": all, addr, route, neigh, link, tunnel or mark is expected' dpip monitor route frob
refused "-i is show's" 2 "-i goes with show only" dpip -i 1 monitor
"$DPVS_BIN/dpip" monitor addr >"$BED/last" 2>"$BED/last.err" &
last=$!
last_looks() {
	dpip addr add 10.1.0.9/24 dev dpdk0
	dpip addr del 10.1.0.9/24 dev dpdk0
	[ -s "$BED/last" ]
}
ok "one for the end" bed_wait_for 30 last_looks
stopped "while seven look"
wait "$last"
equal "the daemon's end is an error" 1 $?
equal "one sentence" 1 "$(wc -l <"$BED/last.err")"
ok "that says so" grep -q "the connection was closed" "$BED/last.err"
wait $MONITORS
test_done
