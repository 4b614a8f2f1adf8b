#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Direct routing: servers have the virtual address on lo and answer the client
# by a router of their own, past the balancer. curl and UDP, shares as weights.

. "$(dirname "$0")/../lib/direct.sh"
bed_enter "$@"

# dr_lines PROTO-LETTER PORT WEIGHT…: a service with DR servers 1 …
dr_lines() {
	local letter=$1 port=$2 n=0 weight
	shift 2

	echo "ipvsadm -A -$letter $VIP:$port -s wrr"
	for weight in "$@"; do
		n=$((n + 1))
		echo "ipvsadm -a -$letter $VIP:$port -r 10.2.0.$n -g -w $weight"
	done
}

BED_BLOCKS=$(bed_short_timeouts)
bed_net 3
direct_router
for n in 1 2 3; do
	direct_server "$n"
	must "nginx of server $n" bed_nginx "$n"
	must "traffic server $n" bed_traffic_server "$n"
done

# What the servers of all services have got and given: "INPKTS OUTPKTS"
dr_packets() {
	ipvsadm -ln --stats -j | $PYTHON -c '
import json, sys
servers = [d for s in json.load(sys.stdin) for d in s["servers"]]
print(sum(d["inpkts"] for d in servers), sum(d["outpkts"] for d in servers))'
}

# A connection that is open, in the list: client, virtual address, client, server.
dr_listed() {
	in_client bash -c "exec 3<>/dev/tcp/$VIP/7000; '$DPVS_BIN/ipvsadm' -lnc -t $VIP:7000" |
		grep -Eq "tcp .* 10.1.0.1:([0-9]+) +$VIP:7000 +10.1.0.1:\\1 +10.2.0.[123]:7000 +[0-9]+s\$"
}

# One is found by its ends, which are those of its answers, too, and listed once.
dr_found() {
	in_client bash -c "exec 3<>/dev/tcp/$VIP/7000
		set -- \$('$DPVS_BIN/ipvsadm' -lnc -t $VIP:7000 | grep -m 1 TCP_EST)
		[ \"\$('$DPVS_BIN/ipvsadm' -lnc --sockpair ipv4:\$4:\$5 | grep -c \" \$4 *\$5 \")\" = 1 ]"
}

for workers in $WORKERS; do
	w="workers $workers"
	served "$workers" < <(
		dr_lines t 80 1 2 1
		dr_lines t 7000 1 1 1
		dr_lines u 7000 2 1 1
	)
	ok "$w: curl, 1000 connections" fetched client 1000 "http://$VIP/"
	near "$w: server 1 has a quarter" 250 "$(fetched_share 1)" 12
	near "$w: server 2 has half" 500 "$(fetched_share 2)" 12
	near "$w: server 3 has a quarter" 250 "$(fetched_share 3)" 12
	traffic "$w: UDP" udp "$VIP" 7000 --count 1000 --parallel 8
	near "$w: UDP, server 1 has half" 500 "$(share 1)" 12
	near "$w: UDP, server 2 has a quarter" 250 "$(share 2)" 12
	traffic "$w: UDP in pieces" udp "$VIP" 7000 --count 100 --parallel 4 --size 5000
	for how in server client reset half; do
		traffic "$w: connections that end by the $how" tcp "$VIP" 7000 --count 200 --parallel 8 \
			--close "$how"
	done
	ok "$w: listed as Route" eval 'ipvsadm -ln | grep -Eq "10.2.0.2:80 +Route +2 "'
	ok "$w: a connection is listed with its server" dr_listed
	ok "$w: and found by its ends, once" bed_wait_for 10 dr_found
	read -r in_packets out_packets < <(dr_packets)
	ok "$w: all requests came by the balancer" [ "$in_packets" -gt 4000 ]
	equal "$w: no answer did" 0 "$out_packets"
	accounted "$w"
	stopped "$w"
done
test_done
