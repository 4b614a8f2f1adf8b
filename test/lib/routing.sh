# SPDX-License-Identifier: BSD-3-Clause
#
# For system tests of routing daemons: behind the bed's usual network stands a
# router, a neighbour of dpvs on the client's side, with nets and a host of its
# own behind it, which dpvs can only know by a routing protocol:
#
#	far 10.9.0.1, 10.10.0.1 --veth-- router 10.1.0.2 --br0-- dpdk0 dpvs dpdk1 --br1-- server N
#	                                          the kernel's 10.1.0.5 on dpdk0.kni
#
# The daemon under test runs in the bed's own network namespace, where dpvs's
# kernel interfaces are; its peer, BIRD, runs in the router's. VIP_OSPF and
# VIP_BGP lie in none of dpvs's nets: nobody reaches them who was not told. The
# same for IPv6: fd00:1::2 and ::5, 2001:db8::1 and ::2, fd09::1 and fd0a::1.

. "$(dirname "${BASH_SOURCE[0]}")/test.sh"

ROUTER=10.1.0.2
KERNEL=10.1.0.5   # the kernel's address behind dpdk0
VIP_OSPF=192.0.2.1 # announced by OSPF, which brings the net of FAR_OSPF
VIP_BGP=192.0.2.2  # announced by BGP, which brings a default route
ROUTING_HOLD=6     # seconds after which BGP gives a silent neighbour up,
ROUTING_DEAD=4     # and OSPF
IP6_ROUTES="default fd09::/64"
FAR_OSPF=10.9.0.1
FAR_BGP=10.10.0.1

# Ends the test where daemons cannot run, or one of these programs is missing.
routing_needs() {
	needs_root "routing daemons"
	needs "$@"
}

# The router, and the host behind it.
routing_net() {
	bed_node router 0 "$ROUTER/24"
	touch "$BED/ns/far"
	unshare --net="$BED/ns/far" true
	bed_in router ip link add eth1 type veth peer name eth0 netns "$BED/ns/far"
	bed_in router bash -c "
		for f in all default eth0 eth1; do echo 0 >/proc/sys/net/ipv6/conf/\$f/disable_ipv6; done
		echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
		ip address add 10.9.0.254/24 dev eth1; ip address add 10.10.0.254/24 dev eth1; ip link set eth1 up
		ip address add fd00:1::2/64 dev eth0 nodad
		ip address add fd09::254/64 dev eth1 nodad; ip address add fd0a::254/64 dev eth1 nodad"
	bed_in far bash -c "
		for f in all default eth0; do echo 0 >/proc/sys/net/ipv6/conf/\$f/disable_ipv6; done
		ip link set lo up; ip address add $FAR_OSPF/24 dev eth0; ip address add $FAR_BGP/24 dev eth0
		ip address add fd09::1/64 dev eth0 nodad; ip address add fd0a::1/64 dev eth0 nodad
		ip link set eth0 up; ip route add default via 10.9.0.254; ip -6 route add default via fd09::254"
}

# dpvs with an HTTP service on both VIPs, and the kernel's interface up; standard input as for served
routing_serve() {
	local vip

	served "$1" < <(
		for vip in $VIP_OSPF $VIP_BGP; do
			echo "dpip addr add $vip/32 dev dpdk0"
			echo "ipvsadm -A -t $vip:80 -s rr"
			echo "ipvsadm -a -t $vip:80 -r 10.2.0.1:80 -b"
			echo "ipvsadm -P -z $LADDR -t $vip:80 -F dpdk1"
		done
		for vip in fd00:1::254/64 2001:db8::1/128 2001:db8::2/128; do
			echo "dpip addr add $vip dev dpdk0 nodad"
		done
		cat
	)
	must "the kernel's addresses" eval "echo 0 >/proc/sys/net/ipv6/conf/dpdk0.kni/disable_ipv6
		ip link set dpdk0.kni up && ip address add $KERNEL/24 dev dpdk0.kni &&
		ip address add fd00:1::5/64 dev dpdk0.kni nodad"
}

# router_speaks FAMILY LOCAL NEIGHBOUR BGP OSPF NET: BIRD's words for one family
router_speaks() {
	cat <<-END
		protocol bgp $4 {
			local $2 as 65001;
			neighbor $3 as 65002;
			hold time $ROUTING_HOLD;
			connect delay time 1;
			connect retry time 1;
			error wait time 1, 2;
			$1 { import all; export where source = RTS_STATIC; };
		}
		protocol ospf $5 {
			$1 { import all; export none; };
			area 0 {
				interface "eth0" { hello 1; dead $ROUTING_DEAD; wait 2; };
				stubnet $6;
			};
		}
	END
}

# A router's own words for BIRD: quick timers, and what its peer shall learn.
routing_bird_router() {
	cat <<-END
		log "$BED/router.log" all;
		debug protocols { states, events };
		router id $ROUTER;
		protocol device { }
		protocol kernel { ipv4 { export all; }; }
		protocol static nets { ipv4; route 0.0.0.0/0 unreachable; }
		$(router_speaks ipv4 $ROUTER $KERNEL bgp1 "v2 ospf1" 10.9.0.0/24)
		protocol kernel { ipv6 { export all; }; }
		protocol static nets6 { ipv6; route ::/0 unreachable; }
		$(router_speaks ipv6 fd00:1::2 fd00:1::5 bgp6 "v3 ospf6" fd09::/64)
	END
}

# The sample for BIRD beside dpvs, as it is but for its log and the timers.
routing_bird_ours() {
	sed "s,^log .*,log \"$BED/ours.log\" all; debug protocols { states\, events };,
		s/hold time 6/hold time $ROUTING_HOLD/; s/dead 4/dead $ROUTING_DEAD/" "$ROOT/conf/bird.conf.sample"
}

# bird_start NAME [NAMESPACE]: with the conf file $BED/NAME.conf
bird_start() {
	local name=$1

	${2:+bed_in $2} bird -f -c "$BED/$name.conf" -s "$BED/$name.ctl" -P "$BED/$name.pid" \
		>>"$BED/$name.out" 2>&1 </dev/null &
	bed_wait_for 10 eval "birdc $name show status >/dev/null"
}

# bird_kill NAME SIGNAL: and waits for its end
bird_kill() {
	process_ends "$2" "$(cat "$BED/$1.pid")"
}

# process_ends SIGNAL PID
process_ends() {
	kill "-$1" "$2" && bed_wait_for 10 eval "! kill -0 $2 2>/dev/null"
}

# birdc NAME WORDS…
birdc() {
	local name=$1

	shift
	command birdc -s "$BED/$name.ctl" "$@" >"$BED/birdc" 2>&1 && cat "$BED/birdc"
}

router_has() {
	bed_in router ip route show "$1" | grep -q "via $KERNEL dev eth0"
}

router_has_not() {
	! router_has "$1"
}

# dpvs_has PREFIX PROTO: followed, by way of the router
dpvs_has() {
	dpip route show | grep -Eq "^inet $1 via $ROUTER .* dev dpdk0 .*proto $2( |$)"
}

# dpvs_has_not PREFIX PROTO
dpvs_has_not() {
	! dpip route show | grep -Eq "^inet $1 .*proto $2( |$)"
}

# dpvs_has6 PREFIX…: these of IPv6 are followed, and no other than the link's own
dpvs_has6() {
	[ "$(dpip -j route show | $PYTHON -c '
import json, sys
print(" ".join(sorted(x["dst"] for x in json.load(sys.stdin)
    if x["family"] == "inet6" and x.get("metric", 0) >= 1 << 31 and x["dst"] != "fd00:1::/64")))')" = "$*" ]
}

# far_reaches6: both VIPs, each from the address whose net came with it
far_reaches6() {
	bed_in far ping -6 -c 1 -W 1 -q -I fd09::1 2001:db8::1 >/dev/null &&
		bed_in far ping -6 -c 1 -W 1 -q -I fd0a::1 2001:db8::2 >/dev/null
}

# far_served FROM VIP: a request from that address of the far host
far_served() {
	[ "$(bed_in far curl -s -m 3 --interface "$1" "http://$2/")" = "server1 " ]
}

# For BIRD: the caller may have words of its own for other daemons.
bgp_is_up() {
	birdc ours show protocols bgp1 | grep -q Established
}

ospf_is_up() {
	birdc ours show ospf neighbors ospf1 | grep -Eq "^$ROUTER .*Full/"
}

bgp_is_down() {
	! bgp_is_up
}

ospf_is_down() {
	! ospf_is_up
}

# chosen ADDRESS GATEWAY: dpvs sends to it by that gateway
chosen() {
	dpip route get "$1" | grep -q "via $2 "
}

# routing_proof NAME WORKERS PROTO-BGP PROTO-OSPF: the whole test. The caller has daemon_start, daemon_stop,
# bgp_is_up and ospf_is_up; PROTO are dpip's words for where the daemon's routes are from.
routing_proof() {
	local name=$1 bgp=$3 ospf=$4

	BED_BLOCKS="$(bed_short_timeouts)
	global_defs { kni_routes on }"
	bed_net 1
	must "the router" routing_net
	must "nginx" bed_nginx 1
	routing_bird_router >"$BED/router.conf"
	routing_serve "$2" </dev/null
	must "the router's BIRD" bird_start router router
	must "$name" daemon_start

	ok "$name: a BGP session" bed_wait_for 30 bgp_is_up
	ok "$name: an OSPF neighbour" bed_wait_for 30 ospf_is_up
	ok "$name: BGP announces a VIP" bed_wait_for 20 router_has $VIP_BGP
	ok "$name: OSPF announces a VIP" bed_wait_for 20 router_has $VIP_OSPF
	ok "$name: BGP brings dpvs a default route" bed_wait_for 20 dpvs_has 0.0.0.0/0 "$bgp"
	ok "$name: OSPF brings dpvs a net" bed_wait_for 20 dpvs_has 10.9.0.0/24 "$ospf"
	ok "$name: a client is served by what BGP says" bed_wait_for 10 far_served $FAR_BGP $VIP_BGP
	ok "$name: and by what OSPF says" bed_wait_for 10 far_served $FAR_OSPF $VIP_OSPF
	ok "$name: both bring IPv6 routes, too" bed_wait_for 30 dpvs_has6 $IP6_ROUTES
	ok "$name: and announce IPv6 addresses" bed_wait_for 30 far_reaches6

	ok "$name: the neighbour ends BGP" birdc router disable bgp1
	ok "$name: the route has gone with it" bed_wait_for 20 dpvs_has_not 0.0.0.0/0 "$bgp"
	ok "$name: and the VIP there" bed_wait_for 20 router_has_not $VIP_BGP
	ok "$name: OSPF's net is still there" dpvs_has 10.9.0.0/24 "$ospf"
	must "killed" bird_kill router KILL
	ok "$name: the neighbour dies: OSPF notices" bed_wait_for 20 ospf_is_down
	ok "$name: what BGP over IPv6 brought has gone, too, and OSPF's" bed_wait_for 20 dpvs_has6
	ok "$name: its net has gone" bed_wait_for 20 dpvs_has_not 10.9.0.0/24 "$ospf"

	ok "$name: a static route to the same net" dpip route add 10.9.0.0/24 via 10.1.0.1 proto static
	must "the router's BIRD" bird_start router router
	ok "$name: both sessions come again" eval 'bed_wait_for 30 bgp_is_up && bed_wait_for 30 ospf_is_up'
	ok "$name: both routes are followed" eval 'bed_wait_for 20 dpvs_has 0.0.0.0/0 "$bgp" &&
		bed_wait_for 20 dpvs_has 10.9.0.0/24 "$ospf"'
	ok "$name: the static one goes first" chosen $FAR_OSPF 10.1.0.1
	ok "$name: deleted, the learned one serves" eval 'dpip route del 10.9.0.0/24 via 10.1.0.1 && chosen $FAR_OSPF $ROUTER'
	ok "$name: both VIPs are announced again" eval 'bed_wait_for 30 router_has $VIP_BGP && bed_wait_for 30 router_has $VIP_OSPF'
	ok "$name: both clients are served again" eval 'bed_wait_for 10 far_served $FAR_BGP $VIP_BGP &&
		bed_wait_for 10 far_served $FAR_OSPF $VIP_OSPF'
	ok "$name: and by IPv6" eval 'bed_wait_for 30 dpvs_has6 $IP6_ROUTES && bed_wait_for 30 far_reaches6'
	ok "$name: the daemon ends" daemon_stop
	ok "$name: with it all its routes" eval 'bed_wait_for 20 dpvs_has_not 0.0.0.0/0 "$bgp" &&
		bed_wait_for 20 dpvs_has_not 10.9.0.0/24 "$ospf"'
	ok "$name: of IPv6, too" bed_wait_for 20 dpvs_has6
	accounted "$name"
	stopped "$name"
}
