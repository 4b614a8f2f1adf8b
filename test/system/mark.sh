#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A service of a firewall mark: a shop's two ports as one, so that each client
# has one server for both; pings go to servers where a rule says so.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"

CLIENTS="1 2 3 4 5 6 7 8"

# Both ports answer from one nginx.
two_ports() {
	sed -i 's/listen 80 .*/& listen 443 backlog=4096;/' "$BED/nginx$1/nginx.conf" &&
		in_server "$1" nginx -c "$BED/nginx$1/nginx.conf" -p "$BED/nginx$1" -s reload &&
		bed_wait_for 20 bed_listens "$1" 443
}

BED_BLOCKS=$(bed_short_timeouts)
bed_net 2
for n in 1 2; do
	must "nginx of server $n" bed_nginx "$n"
	must "... on two ports" two_ports "$n"
done
for n in $CLIENTS; do
	in_client ip addr add "10.1.0.2$n/24" dev eth0
done

# pairs: each client asks 20 times, on both ports in turn; "client server" of each answer
pairs() {
	local n port

	for n in $CLIENTS; do
		for port in 80 443; do
			in_client curl -sS --max-time 60 -H 'Connection: close' --interface "10.1.0.2$n" \
				"http://$VIP:$port/?token=[1-10]" | sed "s/^/$n /" || return 1
		done
	done >"$BED/pairs"
}

for workers in $WORKERS; do
	w="workers $workers"
	served "$workers" < <(
		echo "dpip mark add to $VIP proto tcp dport 80-443 mark 7"
		echo "ipvsadm -A -f 7 -s rr -p 4"
		echo "ipvsadm -P -f 7 -z $LADDR -F dpdk1"
		echo "ipvsadm -a -f 7 -r 10.2.0.1 -b"
		echo "ipvsadm -a -f 7 -r 10.2.0.2 -b"
	)
	ok "$w: every client is served on both ports" pairs
	equal "$w: each request is answered" 160 "$(wc -l <"$BED/pairs")"
	equal "$w: a client has one server" 8 "$(cut -d' ' -f1,2 "$BED/pairs" | sort -u | wc -l)"
	equal "$w: clients have two" 2 "$(cut -d' ' -f2 "$BED/pairs" | sort -u | wc -l)"
	ok "$w: listed" eval 'ipvsadm -ln | grep -q "^FWM  7 rr persistent 4"'
	ok "$w: a rule for pings" dpip mark add to "$VIP" proto icmp mark 8
	ok "$w: their service" eval 'ipvsadm -A -f 8 -s rr --conn-timeout 3 &&
		ipvsadm -P -f 8 -z $LADDR -F dpdk1 && ipvsadm -a -f 8 -r 10.2.0.1 -b'
	ok "$w: a server answers pings" in_client ping -q -c 3 -i 0.2 -W 20 "$VIP"
	json "$w: they went through the service" 'j[0]["conns"] == 1 and j[0]["inpkts"] == 3 and j[0]["outpkts"] == 3' \
		ipvsadm -L -n -j -f 8
	ok "$w: ping as a connection" eval 'ipvsadm -lnc -f 8 | grep -q "icmp.*ICMP_NORMAL.*10.2.0.1:0"'
	ok "$w: without the rule" dpip mark del mark 8
	ok "$w: the address answers by itself" in_client ping -q -c 1 -W 20 "$VIP"
	json "$w: not through the service" 'j[0]["conns"] == 1 and j[0]["inpkts"] == 3' ipvsadm -L -n -j -f 8
	accounted "$w"
	stopped "$w"
done
test_done
