#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# dpvs as a router between two nets, for both families, as hosts see it: who
# traces the way meets it, who sends too much for the next link is told the MTU
# and gets his data through, who asks for nowhere is told.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"

A4=10.1.0.254 A6=2001:db8:1::fe # ours on the client's side
S4=10.2.0.1 S6=2001:db8:2::1    # the server

BED_BLOCKS="ipv4_defs { forwarding on }
ipv6_defs { forwarding on }"
bed_net 1
must "the client's IPv6" bed_ip6 client 2001:db8:1::1/64 $A6
must "the server's IPv6" bed_ip6 server1 $S6/64 2001:db8:2::fe
in_client ip route replace default via $A4
in_server 1 ip route replace default via 10.2.0.254
in_server 1 iperf3 -s >"$BED/iperf-server.log" 2>&1 </dev/null &
must "iperf3" bed_wait_for 10 bed_listens 1 5201

# says NAME TEXT WORDS…: the client's ping says so
says() {
	local name=$1 text=$2

	shift 2
	in_client ping -c 1 -W 10 "$@" >"$BED/ping" 2>&1
	if grep -qF -- "$text" "$BED/ping"; then
		pass "$name"
	else
		why <"$BED/ping"
		failed "$name"
	fi
}

reaches() {
	in_client ping -c 1 -W 10 -q "$@" >/dev/null
}

knows_mtu() {
	in_client ip route get "$1" | grep -q "mtu $2"
}

sends() {
	in_client timeout 60 iperf3 -c "$1" -n 2M
}

served 3 < <(
	echo "dpip addr add $A6/64 dev dpdk0 nodad"
	echo "dpip addr add 2001:db8:2::fe/64 dev dpdk1 nodad"
	echo "dpip route add unreachable 10.77.0.0/16"
	echo "dpip route add prohibit 10.78.0.0/16"
	echo "dpip route add unreachable 2001:db8:77::/48"
	echo "dpip route add prohibit 2001:db8:78::/48"
)
ok "the server is there" bed_wait_for 10 reaches $S4
ok "by IPv6, too" bed_wait_for 10 reaches $S6
says "the first hop is ours" "From $A4 icmp_seq=1 Time to live exceeded" -t 1 $S4
says "by IPv6, too" "From $A6 icmp_seq=1 Time exceeded: Hop limit" -t 1 $S6
ok "the second is the server" reaches -t 2 $S4
ok "by IPv6, too" reaches -t 2 $S6

ok "the server's side takes 1300 bytes" dpip link set dpdk1 mtu 1300
says "a longer one is refused, with the MTU" "From $A4 icmp_seq=1 Frag needed and DF set (mtu = 1300)" -M do -s 1400 $S4
says "by IPv6, too" "From $A6 icmp_seq=1 Packet too big: mtu=1300" -M do -s 1400 $S6
ok "the client knows it now" knows_mtu $S4 1300
ok "by IPv6, too" knows_mtu $S6 1300
ok "one as long as that passes" reaches -M do -s 1272 $S4
ok "by IPv6, too" reaches -M do -s 1252 $S6
in_client bash -c 'ip route flush cache; ip -6 route flush cache'
ok "one without DF goes in pieces" reaches -M dont -s 1400 $S4
ok "TCP finds the MTU and passes" sends $S4
ok "by IPv6, too" sends $S6

says "nowhere" "From $A4 icmp_seq=1 Destination Net Unreachable" 10.99.0.1
says "a route that is unreachable" "From $A4 icmp_seq=1 Destination Host Unreachable" 10.77.0.1
says "one that is prohibited" "From $A4 icmp_seq=1 Packet filtered" 10.78.0.1
says "by IPv6: nowhere" "From $A6 icmp_seq=1 Destination unreachable: No route" 2001:db8:99::1
says "unreachable" "From $A6 icmp_seq=1 Destination unreachable:" 2001:db8:77::1
says "prohibited" "From $A6 icmp_seq=1 Destination unreachable: Administratively prohibited" 2001:db8:78::1
ok "every packet is accounted for" bed_wait_for 10 balance_holds
stopped "forwarding"
test_done
