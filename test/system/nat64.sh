#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# FNAT between families with real programs: a client that has only IPv6 and
# servers that have only IPv4 (NAT64), and the reverse (NAT46). curl and UDP,
# every way to end a connection, ICMP errors, downloads and requests over ways
# that take less, nothing lost afterwards.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"

NET=2001:db8
VIP6=$NET:1::100
LADDR6=$NET:2::200
FOURS="1 2"  # servers with IPv4 only
SIXES="3 4"  # with IPv6 only

# across_lines PROTO-LETTER SERVICE SERVER-PORT LADDR SERVER…: a service with FNAT servers
across_lines() {
	local service="-$1 $2" port=$3 laddr=$4 server
	shift 4

	echo "ipvsadm -A $service -s wrr"
	echo "ipvsadm -P -z $laddr $service -F dpdk1"
	for server in "$@"; do
		echo "ipvsadm -a $service -r $server:$port -b"
	done
}

# all_lines VIP LADDR SERVER…
all_lines() {
	local vip=$1
	shift

	across_lines t "$vip:80" 80 "$@"
	across_lines t "$vip:7000" 7000 "$@"
	across_lines u "$vip:7000" 7000 "$@"
	across_lines u "$vip:7001" 7001 "$@" # nobody listens there
}

startup_lines() {
	echo "dpip addr add $NET:1::fe/64 dev dpdk0 nodad"
	echo "dpip addr add $VIP6/128 dev dpdk0 nodad"
	echo "dpip addr add $NET:2::fe/64 dev dpdk1 nodad"
	all_lines "[$VIP6]" $LADDR 10.2.0.1 10.2.0.2
	all_lines $VIP $LADDR6 "[$NET:2::3]" "[$NET:2::4]"
}

# only6 NODE ADDRESS GATEWAY: it has IPv6, and no IPv4 but lo's
only6() {
	bed_ip6 "$1" "$2" "$3" && bed_in "$1" ip -4 address flush dev eth0
}

# sent NAME NODE WORDS…: traffic from that node
sent() {
	local name=$1 node=$2
	shift 2

	if bed_in "$node" "$TRAFFIC" "$@" >"$BED/traffic" 2>"$BED/traffic.err"; then
		pass "$name"
	else
		{ cat "$BED/traffic" "$BED/traffic.err"; echo "dropped:"; dpip stats drop | grep -v " 0$"; } | why
		failed "$name"
	fi
}

# downloaded NODE URL
downloaded() {
	[ "$(bed_in "$1" curl -sS --max-time 120 "$2/files/large" | sha256sum)" = "$SUM" ]
}

# uploaded NODE URL: requests longer than the way
uploaded() {
	[ "$(bed_in "$1" curl -sS --max-time 120 -H 'Connection: close' -H 'Expect:' --data-binary "@$BED/long" \
		"$2/?token=[1-12]" | awk '/^server[1234] / { print $2 }' | sort -n | tr '\n' ' ')" = "$(seq -s ' ' 1 12) " ]
}

# port_closed NODE VIP: the server's "port unreachable" arrives as one of the client's family
port_closed() {
	bed_in "$1" $PYTHON -c '
import errno, socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(10)
s.connect((sys.argv[1], 7001))
s.send(b"anybody?")
try:
    s.recv(10)
except ConnectionRefusedError:
    sys.exit(0)
sys.exit(1)' "$2"
}

# listed NODE VIP TEXT: an open connection, both its sides; asked for by its service, and by its client's side
listed() {
	local name=$2 family=ipv4
	[[ $name != *:* ]] || { name="[$name]"; family=ipv6; }

	bed_in "$1" bash -c "exec 3<>/dev/tcp/$2/7000
		set -- \$('$DPVS_BIN/ipvsadm' -lnc -t $name:7000 | grep -E '$3' | grep -m 1 TCP_EST)
		'$DPVS_BIN/ipvsadm' -lnc --sockpair $family:\$4:\$5" | grep -E "$3"
}

# across NAME NODE VIP SERVERS TEXT: all of it, from that node
across() {
	local name=$1 node=$2 vip=$3 servers=$4 text=$5 url=http://$3 how n
	[[ $vip != *:* ]] || url="http://[$vip]"

	ok "$name: curl, 400 connections" fetched "$node" 400 "$url/"
	for n in $servers; do
		near "$name: server $n has its half" 200 "$(fetched_share "$n")" 12
	done
	sent "$name: UDP" "$node" udp "$vip" 7000 --count 1000 --parallel 8
	for how in server client reset half; do
		sent "$name: connections that end by the $how" "$node" tcp "$vip" 7000 --count 200 --parallel 8 --close "$how"
	done
	ok "$name: 20 MB downloaded, checksum matches" downloaded "$node" "$url"
	ok "$name: requests of 300 kB" uploaded "$node" "$url"
	ok "$name: nobody listens there, and the client is told" port_closed "$node" "$vip"
	ok "$name: a connection is listed with both its sides" bed_wait_for 10 listed "$node" "$vip" "$text"
}

# mtu SIZE NODE…
mtu() {
	local size=$1 node
	shift

	for node in "$@"; do
		bed_in "$node" ip link set eth0 mtu "$size" || return 1
	done
}

# transfers NAME: long ones, of both families
transfers() {
	ok "$1: IPv6 to IPv4, 20 MB downloaded" downloaded client "http://[$VIP6]"
	ok "$1: IPv6 to IPv4, requests of 300 kB" uploaded client "http://[$VIP6]"
	ok "$1: IPv4 to IPv6, 20 MB downloaded" downloaded client4 "http://$VIP"
	ok "$1: IPv4 to IPv6, requests of 300 kB" uploaded client4 "http://$VIP"
}

# Nobody's link says so: packets that are too long reach the balancer, which tells their senders.
small_ways() {
	local n

	for n in $FOURS; do
		dpip route add "10.2.0.$n/32" dev dpdk1 mtu 1350 || return 1
	done
	for n in $SIXES; do
		dpip -6 route add "$NET:2::$n/128" dev dpdk1 mtu 1350 || return 1
	done
	dpip route add 10.1.0.2/32 dev dpdk0 mtu 1350 && dpip -6 route add $NET:1::1/128 dev dpdk0 mtu 1350
}

# The path MTU that a sender has learnt is its own family's.
told() {
	path_mtu 1370 $VIP6 client && path_mtu 1330 $VIP client4 &&
		path_mtu 1330 $LADDR server1 server2 && path_mtu 1370 $LADDR6 server3 server4
}

# path_mtu MTU ADDRESS NODE…: one of them has learnt it
path_mtu() {
	local want=$1 address=$2 node
	shift 2

	for node in "$@"; do
		bed_in "$node" ip route get "$address" | grep "mtu $want" && return
	done
	for node in "$@"; do
		bed_in "$node" ip route get "$address"
	done
	return 1
}

forget_mtus() {
	local node

	for node in client client4 server1 server2 server3 server4; do
		bed_in "$node" ip route flush cache && bed_in "$node" ip -6 route flush cache || return 1
	done
}

# What the tools save is what they take, and what the conf file had.
round_trip() {
	ipvsadm -S -n >"$BED/saved" && [ "$(grep -c '^-a ' "$BED/saved")" = 16 ] && ipvsadm -C && [ -z "$(ipvsadm -S -n)" ] &&
		ipvsadm -R <"$BED/saved" && ipvsadm -S -n | cmp - "$BED/saved"
}

BED_BLOCKS="$(bed_short_timeouts)
ipv6_defs { addr_gen_mode eui64 }"
bed_net 4
bed_node client4 0 10.1.0.2/24
head -c 300000 /dev/urandom >"$BED/long"
head -c 20000000 /dev/urandom >"$BED/large"
SUM=$(sha256sum <"$BED/large")
for n in $SIXES; do
	must "server $n has IPv6 only" only6 "server$n" "$NET:2::$n/64" $NET:2::fe
done
for n in $FOURS $SIXES; do
	must "nginx of server $n" bed_nginx "$n"
	must "traffic server $n" bed_traffic_server "$n"
	mkdir "$BED/nginx$n/root/files"
	ln "$BED/large" "$BED/nginx$n/root/files/large"
done

for workers in $WORKERS; do
	w="workers $workers"
	must "$w: the client's IPv4, for the start" bed_in client ip address replace 10.1.0.1/24 dev eth0
	served "$workers" < <(startup_lines)
	must "$w: the client has IPv6 only" only6 client $NET:1::1/64 $NET:1::fe
	across "$w, IPv6 to IPv4" client $VIP6 "$FOURS" \
		"tcp .*$NET:1::1.*:[0-9]+ +.*$VIP6.*:7000 +$LADDR:[0-9]+ +10.2.0.[12]:7000 "
	across "$w, IPv4 to IPv6" client4 $VIP "$SIXES" \
		"tcp .*10.1.0.2:[0-9]+ +$VIP:7000 +.*$LADDR6.*:[0-9]+ +.*$NET:2::[34].*:7000 "
	must "$w: clients' links take less" mtu 1400 client client4
	transfers "$w, small links of clients"
	must "$w: clients' links take all" mtu 1500 client client4
	must "$w: no sender knows of small ways" forget_mtus
	must "$w: ways to servers and clients take less" small_ways
	transfers "$w, small ways"
	ok "$w: senders were told by the balancer" told
	equal "$w: nothing had no word in the other family" 0 "$(drops ipvs_cross_icmp)"
	accounted "$w"
	ok "$w: -S and -R restore the same table" round_trip
	ok "$w: a saved configuration does, too" eval 'dpip config save "$BED/state" && ipvsadm -C &&
		dpip config load "$BED/state" && dpip config diff "$BED/state" && ipvsadm -S -n | cmp - "$BED/saved"'
	ok "$w: --check takes the conf file" "$DPVS_BIN/dpvs" --check --conf "$BED/dpvs.conf"
	stopped "$w"
done
test_done
