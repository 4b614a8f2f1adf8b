#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Services of IPv6, each mode with real programs: FNAT, NAT, direct routing and
# tunnels, those of one family in the other's included. curl and UDP, every way
# to end a connection, requests longer than the way, nothing lost afterwards.

. "$(dirname "$0")/../lib/direct.sh"
bed_enter "$@"

NET=2001:db8
VIP6=$NET:1::100
LADDR6=$NET:2::200

# lines6 PROTO-LETTER SERVICE SERVER-PORT HOW-1 HOW-2 HOW-3: servers 1 to 3, by IPv6; server 2 has half
lines6() {
	local letter=$1 service=$2 port=$3 n=0 how
	shift 3

	echo "ipvsadm -A -$letter $service -s wrr"
	for how in "$@"; do
		n=$((n + 1))
		echo "ipvsadm -a -$letter $service -r [$NET:2::$n]:$port $how -w $((n == 2 ? 2 : 1))"
	done
}

# mode6 PORT HOW: TCP and UDP services at that port and, for curl, at that behind it
mode6() {
	local port=$1 how=$2

	lines6 t "[$VIP6]:$port" 7000 "$how" "$how" "$how"
	lines6 u "[$VIP6]:$port" 7000 "$how" "$how" "$how"
	lines6 t "[$VIP6]:$((port + 1))" 80 "$how" "$how" "$how"
}

local_addresses() {
	local service

	for service in "-t [$VIP6]:7100" "-u [$VIP6]:7100" "-t [$VIP6]:7101"; do
		echo "ipvsadm -P -z $LADDR6 $service -F dpdk1"
	done
}

# A server of direct routing serves the port that the client asked for.
direct_lines() {
	lines6 t "[$VIP6]:7000" 7000 -g -g -g
	lines6 u "[$VIP6]:7000" 7000 -g -g -g
	lines6 t "[$VIP6]:80" 80 -g -g -g
}

# mixed_lines PROTO-LETTER SERVICE PORT KIND ADDRESS KIND ADDRESS KIND ADDRESS: tunnels, of servers by any family
mixed_lines() {
	local letter=$1 service=$2:$3 port=$3 n=0
	shift 3

	echo "ipvsadm -A -$letter $service -s wrr"
	while [ $# -gt 0 ]; do
		n=$((n + 1))
		echo "ipvsadm -a -$letter $service -r $2:$port -i --tun-type $1 -w $((n == 2 ? 2 : 1))"
		shift 2
	done
}

tunnel_lines() {
	local S1="[$NET:2::1]" S2="[$NET:2::2]" S3="[$NET:2::3]"

	mixed_lines t "[$VIP6]" 80 ipip $S1 ipip $S2 ipip $S3
	mixed_lines t "[$VIP6]" 7000 ipip $S1 gre $S2 "$GUE" $S3
	mixed_lines u "[$VIP6]" 7000 ipip 10.2.0.1 "gre --tun-csum" $S2 "$GUE --tun-csum" 10.2.0.3
	mixed_lines t $VIP 80 ipip $S1 gre $S2 "$GUE" $S3
	mixed_lines t $VIP 7000 gre $S1 ipip $S2 ipip 10.2.0.3
	mixed_lines u $VIP 7000 "$GUE --tun-csum" $S1 ipip 10.2.0.2 "gre --tun-csum" $S3
}

# served6 WORKERS: as served, with IPv6
served6() {
	served "$1" < <(
		echo "dpip addr add $NET:1::fe/64 dev dpdk0 nodad"
		echo "dpip addr add $VIP6/128 dev dpdk0 nodad"
		echo "dpip addr add $NET:2::fe/64 dev dpdk1 nodad"
		cat
	)
}

# answered NAME VIP PORT HTTP-PORT: all kinds of requests; servers have their shares
answered() {
	local name=$1 vip=$2 port=$3 url=http://$2:$4 how n
	[[ $vip != *:* ]] || url="http://[$vip]:$4"

	ok "$name: curl, 400 connections" fetched client 400 "$url/"
	for n in 1 2 3; do
		near "$name: server $n has its share" $((n == 2 ? 200 : 100)) "$(fetched_share $n)" 12
	done
	traffic "$name: UDP" udp "$vip" "$port" --count 1000 --parallel 8
	near "$name: UDP, server 2 has half" 500 "$(share 2)" 12
	for how in server client reset half; do
		traffic "$name: connections that end by the $how" tcp "$vip" "$port" --count 200 --parallel 8 --close "$how"
	done
}

# Requests as long as the client's MTU; in a tunnel there is no room for it: the client has to be told.
long_requests() {
	[ "$(in_client curl -sS --max-time 120 -H 'Connection: close' -H 'Expect:' --data-binary "@$BED/long" \
		"http://$1/?token=[1-12]" | awk '/^server[123] / { print $2 }' | sort -n | tr '\n' ' ')" = "$(seq -s ' ' 1 12) " ]
}

# A connection that is open is listed with both its sides: listed6 PORT TEXT
listed6() {
	in_client bash -c "exec 3<>/dev/tcp/$VIP6/$1; '$DPVS_BIN/ipvsadm' -lnc -t [$VIP6]:$1" | grep -Eq "$2"
}

# The way back to the client: ways6 GATEWAY, of every server
ways6() {
	local n

	for n in 1 2 3; do
		in_server "$n" ip -6 route replace default via "$1" || return 1
	done
}

BED_BLOCKS="$(bed_short_timeouts)
ipv6_defs { addr_gen_mode eui64 }"
bed_net 3
direct_router
must "the client's IPv6" bed_ip6 client $NET:1::1/64 $NET:1::fe
must "the router's IPv6" bed_ip6 router $NET:2::fd/64 $NET:2::fe
must "the router forwards" bed_in router bash -c "
	echo 0 >/proc/sys/net/ipv6/conf/eth1/disable_ipv6; ip link set eth1 down; ip link set eth1 up
	ip address add 10.1.0.253/24 dev eth1 2>/dev/null; ip -6 address add $NET:1::fd/64 dev eth1 nodad
	echo 1 >/proc/sys/net/ipv6/conf/all/forwarding"
head -c 300000 /dev/urandom >"$BED/long"
for n in 1 2 3; do
	must "server $n: IPv6" bed_ip6 "server$n" "$NET:2::$n/64" $NET:2::fe
	direct_server "$n"
	must "server $n: the virtual address" in_server "$n" ip -6 address add $VIP6/128 dev lo nodad
	must "nginx of server $n" bed_nginx "$n"
	must "traffic server $n" bed_traffic_server "$n"
done

for workers in $WORKERS; do
	w="workers $workers"
	must "$w: answers go by the balancer" ways6 $NET:2::fe
	served6 "$workers" < <(mode6 7100 -b; local_addresses; mode6 7200 -m; direct_lines)
	answered "$w, FNAT" $VIP6 7100 7101
	ok "$w, FNAT: requests of 300 kB" long_requests "[$VIP6]:7101"
	ok "$w, FNAT: a connection is listed" listed6 7100 \
		"tcp .*$NET:1::1.*:[0-9]+ +.*$VIP6.*:7100 .*$LADDR6.*:[0-9]+ +.*$NET:2::[123].*:7000 "
	answered "$w, NAT" $VIP6 7200 7201
	ok "$w, NAT: requests of 300 kB" long_requests "[$VIP6]:7201"
	ok "$w, NAT: the server sees the client" listed6 7200 \
		"tcp .*$NET:1::1.*:[0-9]+ +.*$VIP6.*:7200 .*$NET:1::1.*:[0-9]+ +.*$NET:2::[123].*:7000 "
	must "$w: answers go past the balancer" ways6 $NET:2::fd
	answered "$w, DR" $VIP6 7000 80
	ok "$w, DR: requests of 300 kB" long_requests "[$VIP6]:80"
	accounted "$w"
	stopped "$w"

	for n in 1 2 3; do
		must "$w: server $n takes tunnels' packets out" decap_server "$n"
	done
	served6 "$workers" < <(tunnel_lines)
	answered "$w, tunnels" $VIP6 7000 80
	ok "$w, tunnels: requests of 300 kB" long_requests "[$VIP6]"
	answered "$w, tunnels of the other family" $VIP 7000 80
	ok "$w, tunnels of the other family: requests of 300 kB" long_requests "$VIP"
	accounted "$w, tunnels"
	stopped "$w, tunnels"
	for n in 1 2 3; do
		decapped $n >"$BED/counts$n"
		ok "$w: server $n knew all it got" eval '! cat "$BED/decap$n.log" | grep .'
	done
	ok "$w: server 1 got all kinds" grep -Eq '^ipip [1-9][0-9]* gre [1-9][0-9]* gue [1-9]' "$BED/counts1"
	ok "$w: server 2 got ipip and gre" grep -Eq '^ipip [1-9][0-9]* gre [1-9][0-9]* gue 0' "$BED/counts2"
	ok "$w: server 3 got all kinds" grep -Eq '^ipip [1-9][0-9]* gre [1-9][0-9]* gue [1-9]' "$BED/counts3"
done
test_done
