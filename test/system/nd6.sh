#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Neighbours of both families as other hosts see them: ping and link-local
# addresses, an address that somebody else has, a neighbour that does not
# answer, and one that says by itself that it has moved.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"

BED_BLOCKS="ipv4_defs { forwarding on }
ipv6_defs { forwarding on }"
bed_net 1
in_client bash -c 'echo 0 >/proc/sys/net/ipv6/conf/all/disable_ipv6; echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6
	ip link set eth0 down; ip link set eth0 up
	ip -6 addr add 2001:db8:1::1/64 dev eth0 nodad; ip -6 addr add 2001:db8:1::dd/64 dev eth0 nodad
	ip -6 route add default via 2001:db8:1::fe; ip route replace default via 10.1.0.254'
in_server 1 bash -c 'echo 0 >/proc/sys/net/ipv6/conf/all/disable_ipv6; echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6
	ip link set eth0 down; ip link set eth0 up
	ip -6 addr add 2001:db8:2::1/64 dev eth0 nodad; ip -6 route add default via 2001:db8:2::fe
	ip route replace default via 10.2.0.254
	echo 1 >/proc/sys/net/ipv6/conf/eth0/ndisc_notify; echo 1 >/proc/sys/net/ipv4/conf/eth0/arp_notify'
bed_conf 2 < <(
	bed_addresses
	echo "dpip addr add 2001:db8:1::fe/64 dev dpdk0"
	echo "dpip addr add 2001:db8:2::fe/64 dev dpdk1"
)
must "dpvs starts" bed_start

settled() {
	! dpip -6 addr show | grep -q tentative
}
shows() {
	dpip -6 addr show | grep -q "$1"
}
link_local() {
	dpip -6 -o addr show dev dpdk0 | sed -n 's|^inet6 \(fe80[^/]*\)/64 scope link.*|\1|p'
}
mac_of() { # SERVER's address: its MAC address as dpvs knows it
	dpip neigh show dev dpdk1 | awk -v ip="$1" '$2 == ip { print $4 }'
}
pings() { # COMMAND of ping: one answer within its time
	in_client ping -c 1 -W 10 "$@" >/dev/null 2>&1
}

ok "new addresses are nobody else's" bed_wait_for 10 settled
ok "ping -6 to us" bed_wait_for 10 pings -6 2001:db8:1::fe
ok "ping -6 to our link-local address" bed_wait_for 10 pings -6 "$(link_local)%eth0"
ok "ping -6 to all nodes" bed_wait_for 10 pings -6 ff02::1%eth0
ok "ping -6 through us" bed_wait_for 10 pings -6 2001:db8:2::1

# A switch that snoops, and asks, knows which groups our port is in.
snooped() {
	bridge mdb show dev br0 | grep -q "port tap0 grp ff02::1:ff00:fe "
}
snoops() { # on or off, 1 or 0; it asks every second, and wants its answer within one
	# a bridge asks from its link-local address, or not at all
	echo 0 >/proc/sys/net/ipv6/conf/br0/disable_ipv6
	ip -6 addr replace fe80::b/64 dev br0 nodad &&
		ip link set br0 type bridge mcast_startup_query_interval 100 mcast_startup_query_count 60 \
			mcast_query_response_interval 100 &&
		ip link set br0 type bridge mcast_snooping "$1" mcast_querier "$1"
}
if command -v bridge >/dev/null && snoops 1 2>/dev/null; then
	ok "a switch learns our groups by MLD" bed_wait_for 20 snooped
	ok "and lets through who asks for us" bed_wait_for 10 eval 'in_client ip -6 neigh flush dev eth0; pings -6 2001:db8:1::fe'
	snoops 0
else
	skip "MLD: there is no bridge that snoops here"
fi
ok "ping through us" bed_wait_for 10 pings 10.2.0.1
ok "the neighbour is known" eval 'dpip -6 neigh show dev dpdk0 | grep -Eq "^ip: 2001:db8:1::(1|dd) "'
ok "maddr show" eval 'dpip maddr show dev dpdk0 | grep -q "^inet6 ff02::1:ff00:fe link 33:33:ff:00:00:fe users 1 dev dpdk0"'

ok "an address that the client has" dpip addr add 2001:db8:1::dd/64 dev dpdk0
ok "is a duplicate" bed_wait_for 10 shows "2001:db8:1::dd/64 scope global dadfailed tentative dpdk0"
ok "and goes" dpip addr del 2001:db8:1::dd/64 dev dpdk0

ok "a silent neighbour: the client is told, IPv6" eval \
	'in_client ping -6 -c 2 -W 6 2001:db8:2::99 | grep -q "From 2001:db8:1::fe.*Address unreachable"'
ok "a silent neighbour: the client is told, IPv4" eval \
	'in_client ping -c 2 -W 6 10.2.0.99 | grep -q "From 10.1.0.254.*Destination Host Unreachable"'

moved() {
	[ "$(mac_of 2001:db8:2::1)" = 06:00:00:00:00:77 ] && [ "$(mac_of 10.2.0.1)" = 06:00:00:00:00:77 ]
}
must "the server's MAC address changes" in_server 1 ip link set eth0 address 06:00:00:00:00:77
ok "a neighbour that has moved says so" bed_wait_for 10 moved
ok "and is reached, IPv6" bed_wait_for 10 pings -6 2001:db8:2::1
ok "and is reached, IPv4" bed_wait_for 10 pings 10.2.0.1
bed_stop
equal "dpvs stops" 0 $?
test_done
