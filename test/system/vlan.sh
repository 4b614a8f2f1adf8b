#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# VLANs as hosts see them: 802.1Q, 802.1ad and one in the other, each with
# addresses, long packets and services of every mode on it; tags that are the
# kernel's; a VLAN's own MAC address.

. "$(dirname "$0")/../lib/direct.sh"
bed_enter "$@"

TAGGER=$DPVS_BIN/test/system/tagger

# tagged NODE NAME ADDRESS/PLEN TAG…: the node's interface of a VLAN; NODE "here": the balancer's own namespace
tagged() {
	local node=$1 name=$2 address=$3 run=() on=dpdk0.kni
	shift 3

	[ "$node" = here ] || { run=(bed_in "$node"); on=eth0; }
	"${run[@]}" "$TAGGER" "$on" "$name" "$@" >>"$BED/tagger.log" 2>&1 </dev/null &
	TAGGED=$!
	bed_wait_for 10 "${run[@]}" ip link show "$name" >/dev/null 2>&1 &&
		"${run[@]}" ip address add "$address" dev "$name" &&
		"${run[@]}" ip link set "$name" mtu 1500 up
}

# the VLANs of both sides: the client's, and what server 1 is on
vlan_lines() {
	echo "dpip vlan add link dpdk0 id 10"
	echo "dpip addr add 10.11.0.254/24 dev dpdk0.10"
	echo "dpip vlan add outer link dpdk0 proto 802.1ad id 7"
	echo "dpip vlan add qinq link outer id 100"
	echo "dpip addr add 10.12.0.254/24 dev qinq"
	echo "dpip vlan add ad link dpdk1 proto 802.1ad id 20"
	echo "dpip addr add 10.21.0.254/24 dev ad"
}

# fnat_lines VIP DEV: TCP and UDP to server 1
fnat_lines() {
	local letter

	echo "dpip addr add $1/32 dev $2"
	for letter in t u; do
		echo "ipvsadm -A -$letter $1:7000 -s rr"
		echo "ipvsadm -a -$letter $1:7000 -r 10.21.0.1:7000 -b"
		echo "ipvsadm -P -z 10.21.0.200 -$letter $1:7000 -F ad"
	done
}

# server 2 is a host of the client's VLAN, and answers it itself
dr_lines() {
	echo "dpip addr add 10.11.0.101/32 dev dpdk0.10"
	for letter in t u; do
		echo "ipvsadm -A -$letter 10.11.0.101:7000 -s rr"
		echo "ipvsadm -a -$letter 10.11.0.101:7000 -r 10.11.0.2 -g"
	done
}

# server 1 sees its clients, and answers through the balancer
nat_lines() {
	local letter

	echo "dpip addr add 10.11.0.102/32 dev dpdk0.10"
	for letter in t u; do
		echo "ipvsadm -A -$letter 10.11.0.102:7000 -s rr"
		echo "ipvsadm -a -$letter 10.11.0.102:7000 -r 10.21.0.1:7000 -m"
	done
}

# server 2 takes the packets out, and answers itself
tunnel_lines() {
	local letter

	echo "dpip addr add 10.11.0.103/32 dev dpdk0.10"
	for letter in t u; do
		echo "ipvsadm -A -$letter 10.11.0.103:7000 -s rr"
		echo "ipvsadm -a -$letter 10.11.0.103:7000 -r 10.11.0.2 -i"
	done
}

# server 1's net reaches the client's VLAN by a public address, where nobody knows a way to it
snat_lines() {
	local proto match=src-range=10.21.0.1-10.21.0.100,oif=dpdk0.10

	for proto in tcp udp; do
		echo "ipvsadm -A -H proto=$proto,$match -s rr"
		echo "ipvsadm -a -H proto=$proto,$match -r 10.11.0.201 -J"
	done
}

# What the VLANs' hosts know of a dpvs that ran here before.
vlan_forget() {
	bed_in client ip neighbour flush all
	bed_in server1 ip neighbour flush all
	bed_in server2 ip neighbour flush all
}

# The kernel lets frames pass that are longer than the MTU by one tag, not by two.
room_for_tags() {
	local node

	for node in client server1 server2; do
		ip link set "$node" mtu 1508 && bed_in "$node" ip link set eth0 mtu 1508 || return 1
	done
}

pings() {
	in_client ping -c 1 -W 10 -q "$@" >/dev/null
}

# through NAME VIP: TCP and UDP
through() {
	traffic "$1: TCP" tcp "$2" 7000 --count "$(scaled 500)" --parallel 4
	traffic "$1: UDP" udp "$2" 7000 --count "$(scaled 500)" --parallel 4
}

# asks NAME PROTO: server 1 of server 2
asks() {
	ok "$1" in_server 1 "$TRAFFIC" "$2" 10.11.0.2 7000 --count "$(scaled 500)" --parallel 4
}

# Most packets did, tags and all.
by_flow_stage() {
	[ "$(($(worker_sum flow) * 3))" -gt "$(($(worker_sum received) * 2))" ]
}

counted() {
	dpip -j -s link show "$1" | $PYTHON -c '
import json, sys
s = json.load(sys.stdin)[0]["stats64"]
sys.exit(0 if s["rx"]["packets"] > 0 and s["tx"]["packets"] > 0 else 1)'
}

BED_BLOCKS=$(bed_short_timeouts)
bed_net 1
bed_node server2 0 10.1.0.2/24
must "room for two tags" room_for_tags
must "802.1Q" tagged client v10 10.11.0.1/24 q:10
must "802.1Q in 802.1ad" tagged client qinq 10.12.0.1/24 ad:7 q:100
must "a VLAN of the kernel's" tagged client v30 10.13.0.1/24 q:30
must "802.1ad" tagged server1 v20 10.21.0.1/24 ad:20
must "a server on the client's VLAN" tagged server2 v10 10.11.0.2/24 q:10
in_server 2 bash -c "echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore; echo 2 >/proc/sys/net/ipv4/conf/all/arp_announce
	ip address add 10.11.0.101/32 dev lo; ip address add 10.11.0.103/32 dev lo"
must "server 2 takes tunnels' packets out" decap_server 2
in_server 1 ip route replace default via 10.21.0.254
in_client ip route add 10.21.0.0/24 via 10.11.0.254
for n in 1 2; do
	must "traffic server $n" bed_traffic_server $n
done

for workers in $WORKERS; do
	w="workers $workers"
	served "$workers" < <(
		vlan_lines
		fnat_lines 10.11.0.100 dpdk0.10
		fnat_lines 10.12.0.100 qinq
		dr_lines
		nat_lines
		tunnel_lines
		snat_lines
	)
	ip link set tap0 mtu 1508
	ip link set tap1 mtu 1508
	vlan_forget
	ok "$w: 802.1Q answers" bed_wait_for 10 pings 10.11.0.254
	ok "$w: 802.1Q in 802.1ad" bed_wait_for 10 pings 10.12.0.254
	ok "$w: 802.1ad" bed_wait_for 20 in_server 1 ping -c 1 -W 2 -q 10.21.0.254
	ok "$w: without a tag" pings 10.1.0.254
	ok "$w: what is on a VLAN is not there without its tag" eval '! in_client ping -c 1 -W 1 -q -I eth0 10.11.0.254'
	ok "$w: as long as the MTU" pings -M do -s 1472 10.12.0.254
	ok "$w: longer, in fragments" pings -s 3000 10.12.0.254
	through "$w: FNAT between VLANs" 10.11.0.100
	through "$w: FNAT between two tags and one" 10.12.0.100
	through "$w: DR on a VLAN" 10.11.0.101
	through "$w: NAT between VLANs" 10.11.0.102
	through "$w: a tunnel on a VLAN" 10.11.0.103
	asks "$w: SNAT between VLANs, TCP" tcp
	asks "$w: SNAT between VLANs, UDP" udp
	# of several workers many packets change hands first
	[ "$workers${FLOW:-on}" != 1on ] || ok "$w: most packets by the flow stage" by_flow_stage
	for vlan in dpdk0.10 outer qinq ad; do
		ok "$w: $vlan counts both ways" counted "$vlan"
	done

	if ip link show dpdk0.kni >/dev/null 2>&1; then
		ip link set dpdk0.kni up
		must "$w: the kernel's own VLAN above the port" tagged here v30 10.13.0.254/24 q:30
		ok "$w: it is let out, and a tag that is nobody's is the kernel's" \
			bed_wait_for 20 ping -c 1 -W 2 -q 10.13.0.1
		kill "$TAGGED"
		wait "$TAGGED" 2>/dev/null
		ok "$w: an address of the kernel's on a VLAN" eval 'ip link set dpdk0.10.kni up &&
			ip address add 10.11.0.5/24 dev dpdk0.10.kni && dpip kni add 10.11.0.5 dev dpdk0.10 &&
			bed_wait_for 20 in_client ping -c 1 -W 2 -q 10.11.0.5'
		ok "$w: what it sends leaves with the tag" ping -c 2 -i 0.2 -W 10 -q 10.11.0.1
		ip link set dpdk0.10.kni down
	else
		skip "$w: the kernel's own VLAN: there is no kernel interface here"
	fi

	# not the port's own, so the port has to be told to let it in
	ok "$w: its own MAC address" dpip link set dpdk0.10 addr 02:00:00:00:77:10
	in_client ip neighbour flush dev v10
	ok "$w: it answers by that" bed_wait_for 10 pings 10.11.0.254
	ok "$w: which the client has learnt" eval 'in_client ip neighbour show 10.11.0.254 | grep -q 02:00:00:00:77:10'
	through "$w: and serves" 10.11.0.100
	accounted "$w"
	stopped "$w"
done
decapped 2 >"$BED/counts"
ok "server 2 got tunnels' packets" grep -q '^ipip [1-9][0-9]* gre 0 gue 0$' "$BED/counts"
test_done
