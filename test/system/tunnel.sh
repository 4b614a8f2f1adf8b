#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Tunnels: servers get the client's packets inside others, IPIP, GRE and GUE,
# take them out and answer past the balancer. curl and UDP, every way to end a
# connection, requests longer than the way, servers that change their kind.

. "$(dirname "$0")/../lib/direct.sh"
bed_enter "$@"

# tunnel_lines PROTO-LETTER PORT KIND-1 KIND-2 KIND-3: a service; server 2 has half of it
tunnel_lines() {
	local letter=$1 port=$2 n=0 kind
	shift 2

	echo "ipvsadm -A -$letter $VIP:$port -s wrr"
	for kind in "$@"; do
		n=$((n + 1))
		echo "ipvsadm -a -$letter $VIP:$port -r 10.2.0.$n -i -w $((n == 2 ? 2 : 1)) --tun-type $kind"
	done
}

# Packets as long as the client's MTU have no room in a tunnel: it has to be told.
long_requests() {
	[ "$(in_client curl -sS --max-time 120 -H 'Connection: close' -H 'Expect:' --data-binary "@$BED/long" \
		"http://$VIP/?token=[1-12]" | awk '/^server[123] / { print $2 }' | sort -n | tr '\n' ' ')" = "$(seq -s ' ' 1 12) " ]
}

# change KIND: server 1 of every service gets its packets by another tunnel
change() {
	local service

	for service in "-t $VIP:80" "-t $VIP:7000" "-u $VIP:7000"; do
		ipvsadm -e $service -r 10.2.0.1 -i -w 1 --tun-type $1 || return 1
	done
}

BED_BLOCKS=$(bed_short_timeouts)
bed_net 3
direct_router
head -c 300000 /dev/urandom >"$BED/long"
for n in 1 2 3; do
	direct_server "$n"
	must "nginx of server $n" bed_nginx "$n"
	must "traffic server $n" bed_traffic_server "$n"
done

for workers in $WORKERS; do
	w="workers $workers"
	for n in 1 2 3; do
		must "$w: server $n takes tunnels' packets out" decap_server "$n"
	done
	served "$workers" < <(
		tunnel_lines t 80 ipip ipip ipip
		tunnel_lines t 7000 ipip gre "$GUE"
		tunnel_lines u 7000 ipip "gre --tun-csum" "$GUE --tun-csum"
	)
	ok "$w: curl, 400 connections, ipip" fetched client 400 "http://$VIP/"
	for n in 1 2 3; do
		near "$w: server $n has its share" $((n == 2 ? 200 : 100)) "$(fetched_share $n)" 12
	done
	traffic "$w: UDP, each server another tunnel" udp "$VIP" 7000 --count 1000 --parallel 8
	near "$w: UDP, server 2 has half" 500 "$(share 2)" 12
	traffic "$w: UDP in pieces, each server another tunnel" udp "$VIP" 7000 --count 100 --parallel 4 --size 5000
	for how in server client reset half; do
		traffic "$w: connections that end by the $how" tcp "$VIP" 7000 --count 200 --parallel 8 --close "$how"
	done
	ok "$w: requests of 300 kB" long_requests
	ok "$w: listed as Tunnel" eval 'ipvsadm -ln | grep -Eq "10.2.0.2:80 +Tunnel +2 "'
	ok "$w: server 1 by gue" change "$GUE"
	ok "$w: curl, 400 connections, two tunnels" fetched client 400 "http://$VIP/"
	near "$w: server 1 still has its share" 100 "$(fetched_share 1)" 12
	accounted "$w"
	stopped "$w"
	for n in 1 2 3; do
		decapped $n >"$BED/counts$n"
		ok "$w: server $n knew all it got" eval '! cat "$BED/decap$n.log" | grep .'
	done
	ok "$w: server 1 got ipip, then gue" grep -Eq '^ipip [1-9][0-9]* gre 0 gue [1-9]' "$BED/counts1"
	ok "$w: server 2 got ipip and gre" grep -Eq '^ipip [1-9][0-9]* gre [1-9][0-9]* gue 0' "$BED/counts2"
	ok "$w: server 3 got ipip and gue" grep -Eq '^ipip [1-9][0-9]* gre 0 gue [1-9]' "$BED/counts3"
done
test_done
