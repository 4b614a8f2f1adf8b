#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Tunnel devices between the client and dpvs, of every mode: ping, long packets,
# and a service whose clients come and are answered through the tunnel. The
# client's ends are a program's, since few kernels have all modes.
#
#	client 10.1.0.1, fd00:1::1 --br0-- 10.1.0.254, fd00:1::254 dpvs -- server N
#	       └ tN 10.1N.0.1, fd1N::1 ═══════ 10.1N.0.254, fd1N::254 tN ┘

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"

# number mode families-inside
MODES="1 ipip 4
2 gre 46
3 sit 6
4 ipip6 4
5 ip6ip6 6
6 ip6gre 46"

ends() { # MODE OURS THEIRS: the last numbers of its outer addresses
	case $1 in
	*6ip6 | ipip6 | ip6gre) echo "fd00:1::$2 fd00:1::$3" ;;
	*) echo "10.1.0.$2 10.1.0.$3" ;;
	esac
}

# The client's end of each.
client_ends() {
	local n mode inside local remote

	while read -r n mode inside; do
		read -r local remote < <(ends "$mode" 1 254)
		in_client "$DPVS_BIN/test/system/tunnel_end" "t$n" "$mode" "$local" "$remote" \
			>>"$BED/ends.log" 2>&1 </dev/null &
		bed_wait_for 10 in_client ip link show "t$n" >/dev/null 2>&1 || return 1
		in_client ip link set "t$n" mtu 1448 up
		[ "${inside#4}" = "$inside" ] || in_client ip addr add "10.1$n.0.1/24" dev "t$n" || return 1
		[ "${inside%6}" = "$inside" ] || in_client bash -c "
			echo 0 >/proc/sys/net/ipv6/conf/t$n/disable_ipv6
			ip -6 addr add fd1$n::1/64 dev t$n nodad" || return 1
	done <<<"$MODES"
}

# Pieces that have come to the client.
reassembled() {
	in_client awk '/^Ip:/ { for (i = 2; i <= NF; i++) if (!n) name[i] = $i; else if (name[i] == "ReasmReqds") print $i
		n++ }' /proc/net/snmp
}

tunnel_lines() {
	local n mode inside local remote

	echo "dpip addr add fd00:1::254/64 dev dpdk0"
	while read -r n mode inside; do
		read -r local remote < <(ends "$mode" 254 1)
		echo "dpip tunnel add t$n mode $mode local $local remote $remote"
		if [ "${inside#4}" != "$inside" ]; then
			echo "dpip addr add 10.1$n.0.254/24 dev t$n"
			echo "dpip addr add 10.1$n.0.100/32 dev t$n"
			service "10.1$n.0.100"
		fi
		[ "${inside%6}" = "$inside" ] || echo "dpip addr add fd1$n::254/64 dev t$n"
	done <<<"$MODES"
}

service() { # VIP
	local letter

	for letter in t u; do
		echo "ipvsadm -A -$letter $1:7000 -s rr"
		echo "ipvsadm -a -$letter $1:7000 -r 10.2.0.1:7000 -b"
		echo "ipvsadm -P -z $LADDR -$letter $1:7000 -F dpdk1"
	done
}

pings() {
	in_client ping -c 1 -W 10 -q "$@" >/dev/null
}

counted() {
	dpip -j -s link show "$1" | $PYTHON -c '
import json, sys
s = json.load(sys.stdin)[0]["stats64"]
sys.exit(0 if s["rx"]["packets"] > 0 and s["tx"]["packets"] > 0 else 1)'
}

# A router between the ends of t1 says that a packet of 1400 bytes was longer than 1200.
told_too_big() {
	in_client $PYTHON -c '
import socket, struct
def csum(b):
    s = sum(struct.unpack("!%dH" % (len(b) // 2), b))
    while s >> 16: s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff
quoted = struct.pack("!BBHHHBBH4s4sQ", 0x45, 0, 1400, 0, 0x4000, 64, 4, 0,
                     socket.inet_aton("10.1.0.254"), socket.inet_aton("10.1.0.1"), 0x45 << 56)
icmp = struct.pack("!BBHHH", 3, 4, 0, 0, 1200) + quoted
icmp = icmp[:2] + struct.pack("!H", csum(icmp)) + icmp[4:]
socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).sendto(icmp, ("10.1.0.254", 0))'
}

BED_BLOCKS="$(bed_short_timeouts)
ipv4_defs { forwarding on }"
bed_net 1
must "the client speaks IPv6" in_client bash -c '
	for f in all default eth0; do echo 0 >/proc/sys/net/ipv6/conf/$f/disable_ipv6; done
	ip link set eth0 down; ip link set eth0 up
	ip -6 addr add fd00:1::1/64 dev eth0 nodad; ip route replace default via 10.1.0.254'
must "the tunnels' other ends" client_ends
must "traffic server" bed_traffic_server 1

for workers in $WORKERS; do
	w="workers $workers"
	served "$workers" < <(tunnel_lines)
	while read -r n mode inside; do
		if [ "${inside#4}" != "$inside" ]; then
			ok "$w: $mode: ping" bed_wait_for 20 pings "10.1$n.0.254"
			ok "$w: $mode: as long as the other end's MTU" pings -M do -s 1420 "10.1$n.0.254"
			ok "$w: $mode: longer, in fragments" pings -s 3000 "10.1$n.0.254"
			traffic "$w: $mode: TCP" tcp "10.1$n.0.100" 7000 --count "$(scaled 200)" --parallel 4
			traffic "$w: $mode: UDP" udp "10.1$n.0.100" 7000 --count "$(scaled 200)" --parallel 4
		fi
		if [ "${inside%6}" != "$inside" ]; then
			ok "$w: $mode: IPv6 inside" bed_wait_for 20 pings -6 "fd1$n::254"
			ok "$w: $mode: and long" pings -6 -s 3000 "fd1$n::254"
		fi
		ok "$w: $mode: counts both ways" counted "t$n"
	done <<<"$MODES"
	ok "$w: a router says that the path is narrower" told_too_big
	ok "$w: which route get shows" bed_wait_for 10 eval "dpip route get 10.1.0.1 | grep -q 'told that the path takes 1200 bytes'"
	ok "$w: and what it leaves inside" eval "dpip route get 10.11.0.1 | grep -q 'leaves room for 1180 bytes'"
	before=$(reassembled)
	ok "$w: longer answers come" pings -s 1400 10.11.0.254
	ok "$w: and are cut to it" [ "$(reassembled)" -gt "$before" ]
	ok "$w: one goes while it is used" dpip tunnel del t2
	ok "$w: and the others stay" pings 10.11.0.254
	accounted "$w"
	stopped "$w"
done
ok "the other ends knew all they got" eval '! grep . "$BED/ends.log"'
test_done
