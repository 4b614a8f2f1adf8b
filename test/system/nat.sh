#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# NAT: servers see their clients, and answer through the balancer, which is
# their router. curl, UDP, every way to end a connection, shares as weights.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"

# nat_lines PROTO-LETTER PORT SERVER-PORT WEIGHT…
nat_lines() {
	local letter=$1 port=$2 to=$3 n=0 weight
	shift 3

	echo "ipvsadm -A -$letter $VIP:$port -s wrr"
	for weight in "$@"; do
		n=$((n + 1))
		echo "ipvsadm -a -$letter $VIP:$port -r 10.2.0.$n:$to -m -w $weight"
	done
}

BED_BLOCKS=$(bed_short_timeouts)
bed_net 3
for n in 1 2 3; do
	in_server "$n" ip route add 10.1.0.0/24 via 10.2.0.254
	must "nginx of server $n" bed_nginx "$n"
	must "traffic server $n" bed_traffic_server "$n"
done

for workers in $WORKERS; do
	w="workers $workers"
	served "$workers" < <(
		nat_lines t 8000 80 1 2 1
		nat_lines t 7777 7000 1 1 1
		nat_lines u 7777 7000 2 1 1
	)
	ok "$w: curl, 1000 connections" fetched client 1000 "http://$VIP:8000/"
	for n in 1 2 3; do
		near "$w: server $n has its share" $((n == 2 ? 500 : 250)) "$(fetched_share $n)" 12
	done
	traffic "$w: UDP" udp "$VIP" 7777 --count 1000 --parallel 8
	near "$w: UDP, server 1 has half" 500 "$(share 1)" 12
	for how in server client reset half; do
		traffic "$w: connections that end by the $how" tcp "$VIP" 7777 --count 200 --parallel 8 --close "$how"
	done
	ok "$w: listed as Masq" eval 'ipvsadm -ln | grep -Eq "10.2.0.2:80 +Masq +2 "'
	ok "$w: the server sees the client" eval \
		'in_client bash -c "exec 3<>/dev/tcp/$VIP/7777; \"$DPVS_BIN/ipvsadm\" -lnc -t $VIP:7777" |
			grep -Eq "tcp .* 10.1.0.1:([0-9]+) +$VIP:7777 +10.1.0.1:\\1 +10.2.0.[123]:7000 +[0-9]+s\$"'
	accounted "$w"
	stopped "$w"
done
test_done
