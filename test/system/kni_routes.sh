#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# kni_routes: the kernel's routes of several next hops, by ip as a routing
# daemon would make them; what becomes of them when devices, addresses and
# nexthop objects go; and more changes than anybody can listen to.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"

MANY=25000 # changes, whose messages are more than a socket holds
BED_BLOCKS="global_defs { kni_routes on }"
bed_net 1
served 2 </dev/null

# kernel_up N…: these interfaces, with addresses of both families
kernel_up() {
	local n

	for n in "$@"; do
		echo 0 >"/proc/sys/net/ipv6/conf/dpdk$n.kni/disable_ipv6"
		ip link set "dpdk$n.kni" up && ip address replace "10.$((n + 1)).0.5/24" dev "dpdk$n.kni" &&
			ip address replace "fd00:$((n + 1))::5/64" dev "dpdk$n.kni" nodad || return 1
	done
}

# followed PREFIX [HOP…]: this is what dpvs has of it; a HOP is GATEWAY@DEVICE*WEIGHT
followed() {
	dpip -j route show >"$BED/routes" && $PYTHON -c '
import json, sys
got = []
for x in json.load(open(sys.argv[1])):
    if x["dst"] == sys.argv[2] and x.get("metric", 0) >= 1 << 31:
        got += ["%s@%s*%d" % (h["gateway"], h["dev"], h.get("weight", 1)) for h in x.get("nexthops", [x])]
sys.exit(0 if sorted(got) == sorted(sys.argv[3:]) else "has " + " ".join(got))' "$BED/routes" "$@" 2>"$BED/followed"
}

# follows NAME PREFIX [HOP…]
follows() {
	local name=$1

	shift
	if bed_wait_for 15 followed "$@"; then
		pass "$name"
	else
		cat "$BED/followed" | why
		failed "$name"
	fi
}

# bird_add PREFIX WORDS for ip
bird_add() {
	ip route replace "$1" proto bird metric 32 "${@:2}"
}

ok "both interfaces" kernel_up 0 1
ok "a route with two gateways" bird_add 10.9.0.0/24 nexthop via 10.1.0.1 weight 3 nexthop via 10.2.0.1
follows "it is followed whole" 10.9.0.0/24 "10.1.0.1@dpdk0*3" "10.2.0.1@dpdk1*1"
ok "the same for IPv6" bird_add fd09::/64 nexthop via fd00:1::2 weight 3 nexthop via fd00:2::3
follows "followed whole" fd09::/64 "fd00:1::2@dpdk0*3" "fd00:2::3@dpdk1*1"
json "flows take both" '{h["gateway"] for x in j for h in x.get("nexthops", [])} >= {"10.1.0.1", "10.2.0.1"}' \
	dpip -j route show
ok "other gateways in its place" bird_add 10.9.0.0/24 nexthop via 10.1.0.7 nexthop via 10.2.0.7 nexthop via 10.2.0.8
follows "replaced" 10.9.0.0/24 "10.1.0.7@dpdk0*1" "10.2.0.7@dpdk1*1" "10.2.0.8@dpdk1*1"
ok "one in the place of several" bird_add 10.9.0.0/24 via 10.1.0.7
follows "one is left" 10.9.0.0/24 "10.1.0.7@dpdk0*1"
ok "a hop more, by IPv6's way" ip -6 route append fd09::/64 proto bird metric 32 nexthop via fd00:2::4 dev dpdk1.kni
follows "three" fd09::/64 "fd00:1::2@dpdk0*3" "fd00:2::3@dpdk1*1" "fd00:2::4@dpdk1*1"
ok "a hop less" ip -6 route del fd09::/64 proto bird metric 32 via fd00:2::3
follows "two" fd09::/64 "fd00:1::2@dpdk0*3" "fd00:2::4@dpdk1*1"
ok "an administrator's takes its place" ip route replace 10.9.0.0/24 proto static metric 32 via 10.1.0.7
follows "which is not followed" 10.9.0.0/24

ok "two gateways again" bird_add 10.9.0.0/24 nexthop via 10.1.0.1 nexthop via 10.2.0.1
follows "followed again" 10.9.0.0/24 "10.1.0.1@dpdk0*1" "10.2.0.1@dpdk1*1"
ok "flushed" dpip route flush
follows "it comes back" 10.9.0.0/24 "10.1.0.1@dpdk0*1" "10.2.0.1@dpdk1*1"
ok "and so does the kernel's address" bed_wait_for 10 eval 'in_client ping -c 1 -W 1 -q 10.1.0.5 >/dev/null'
ok "one of the devices goes down" ip link set dpdk1.kni down
follows "the other is left" 10.9.0.0/24 "10.1.0.1@dpdk0*1"
follows "for IPv6, too" fd09::/64 "fd00:1::2@dpdk0*1"
ok "and up" kernel_up 1
ok "two gateways again" bird_add 10.9.0.0/24 nexthop via 10.1.0.1 nexthop via 10.2.0.1
follows "followed again" 10.9.0.0/24 "10.1.0.1@dpdk0*1" "10.2.0.1@dpdk1*1"
ok "the address goes that one of them was reached from" ip address del 10.2.0.5/24 dev dpdk1.kni
follows "the other is left" 10.9.0.0/24 "10.1.0.1@dpdk0*1"
ok "one of the devices is deleted" ip link del dpdk0.kni
follows "nothing is left" 10.9.0.0/24
follows "and for IPv6 what had come back with the other device" fd09::/64 "fd00:2::4@dpdk1*1"
ok "it comes back" eval 'bed_wait_for 10 ip link show dpdk0.kni && kernel_up 0 1'

# what zebra does
ok "nexthop objects, and routes by them" eval 'ip nexthop add id 11 via 10.1.0.1 dev dpdk0.kni &&
	ip nexthop add id 12 via 10.2.0.1 dev dpdk1.kni && ip nexthop add id 20 group 11,2/12 &&
	ip route add 10.9.0.0/24 nhid 20 proto bgp metric 20 && ip route add 10.10.0.0/24 nhid 12 proto bgp metric 20'
follows "a group" 10.9.0.0/24 "10.1.0.1@dpdk0*2" "10.2.0.1@dpdk1*1"
follows "one alone" 10.10.0.0/24 "10.2.0.1@dpdk1*1"
ok "one changes" ip nexthop replace id 12 via 10.2.0.9 dev dpdk1.kni
follows "the group with it" 10.9.0.0/24 "10.1.0.1@dpdk0*2" "10.2.0.9@dpdk1*1"
ok "it goes" ip nexthop del id 12
follows "its own route too, of which the kernel says nothing" 10.10.0.0/24
follows "and the group has one less" 10.9.0.0/24 "10.1.0.1@dpdk0*1"
ok "the group goes" ip nexthop del id 20
follows "and its route" 10.9.0.0/24

# More than the socket's buffer takes while nobody reads it.
many_routes() {
	seq "$MANY" | awk -v verb="$1" '{
		printf "route %s 11.%d.%d.0/24 via 10.1.0.1 proto bird metric 32\n", verb, $1 / 256, $1 % 256 }' >"$BED/batch"
	ip -batch "$BED/batch"
}
follows_many() {
	[ "$(dpip route show | grep -c '^inet 11\..* proto bird$')" = "$1" ]
}
ok "two gateways again" bird_add 10.9.0.0/24 nexthop via 10.1.0.1 nexthop via 10.2.0.1
follows "followed again" 10.9.0.0/24 "10.1.0.1@dpdk0*1" "10.2.0.1@dpdk1*1"
kill -STOP "$DPVS_PID"
ok "$MANY routes come while dpvs is stopped" many_routes add
ok "and an old one goes" ip route del 10.9.0.0/24
kill -CONT "$DPVS_PID"
ok "all are followed" bed_wait_for 60 follows_many "$MANY"
follows "the old one is not" 10.9.0.0/24
ok "messages were lost, and all was read again" grep -q "rtnetlink: .*everything is read again" "$BED/dpvs.log"
kill -STOP "$DPVS_PID"
ok "they go, unheard" many_routes del
kill -CONT "$DPVS_PID"
ok "none is followed" bed_wait_for 60 follows_many 0
stopped "with routes"
test_done
