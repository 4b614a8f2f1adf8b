# SPDX-License-Identifier: BSD-3-Clause
#
# For system tests whose servers answer the client past the balancer (direct
# routing, tunnels): they have the virtual address on lo, and their way back is
# a router of its own between the bridges of both sides:
#
#	client 10.1.0.1 --br0-- 10.1.0.253 router 10.2.0.253 --br1-- server N

. "$(dirname "${BASH_SOURCE[0]}")/test.sh"

GUE_PORT=6080
GUE="gue --tun-port $GUE_PORT"

# A router between both sides, which is not the balancer.
direct_router() {
	bed_node router 1 10.2.0.253/24
	ip link add router0 type veth peer name eth1 netns "$BED/ns/router"
	ip link set router0 master br0 up
	bed_in router bash -c "
		ip address add 10.1.0.253/24 dev eth1; ip link set eth1 up
		echo 1 >/proc/sys/net/ipv4/ip_forward
		for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >\$f; done"
}

# direct_server N: knows that router, and has the virtual address, of which it says nothing on the link
direct_server() {
	in_server "$1" bash -c "
		echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore
		echo 2 >/proc/sys/net/ipv4/conf/all/arp_announce
		ip address add $VIP/32 dev lo
		ip route add 10.1.0.0/24 via 10.2.0.253"
}

# Server N takes tunnels' packets out.
decap_server() {
	in_server "$1" bash -c 'for f in all default; do echo 0 >/proc/sys/net/ipv4/conf/$f/rp_filter; done'
	nsenter --net="$BED/ns/server$1" "$DPVS_BIN/test/system/decap" decap $GUE_PORT \
		>"$BED/decap$1" 2>"$BED/decap$1.log" </dev/null &
	DECAP[$1]=$!
	bed_wait_for 10 in_server "$1" ip link show decap >/dev/null 2>&1 &&
		in_server "$1" bash -c 'echo 0 >/proc/sys/net/ipv4/conf/decap/rp_filter; ip link set decap up'
}

# decapped N: ends it; what it has counted is printed
decapped() {
	kill "${DECAP[$1]}"
	wait "${DECAP[$1]}"
	cat "$BED/decap$1"
}
