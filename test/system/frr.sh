#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Debian's FRR, unmodified, over a kernel interface: see routing_proof in
# test/lib/routing.sh. Its daemons have a user of their own, and sockets in
# /var/run/frr, which is the bed's own here.

. "$(dirname "$0")/../lib/routing.sh"
bed_enter "$@"
FRR=/usr/lib/frr
DAEMONS="zebra staticd bgpd ospfd"
routing_needs bird birdc vtysh $(for daemon in $DAEMONS; do echo "$FRR/$daemon"; done)

cat >"$BED/zebra.conf" <<-END
	log file $BED/frr-zebra.log
END
cat >"$BED/staticd.conf" <<-END
	ip route $VIP_OSPF/32 blackhole
	ip route $VIP_BGP/32 blackhole
END
cat >"$BED/bgpd.conf" <<-END
	router bgp 65002
	 bgp router-id $KERNEL
	 no bgp ebgp-requires-policy
	 timers bgp 2 6
	 neighbor $ROUTER remote-as 65001
	 neighbor $ROUTER timers connect 1
	 neighbor $ROUTER advertisement-interval 0
	 address-family ipv4 unicast
	  network $VIP_BGP/32
END
cat >"$BED/ospfd.conf" <<-END
	interface dpdk0.kni
	 ip ospf hello-interval 1
	 ip ospf dead-interval 4
	router ospf
	 ospf router-id $KERNEL
	 timers throttle spf 0 50 1000
	 redistribute static route-map vip
	 network ${KERNEL%.*}.0/24 area 0
	access-list vip seq 5 permit $VIP_OSPF/32
	route-map vip permit 10
	 match ip address vip
END

frr_dirs() {
	mkdir -p /var/run/frr && mount -t tmpfs none /var/run/frr && mkdir /var/run/frr/dpvs &&
		chown -R frr:frr /var/run/frr && chmod 755 "$BED" &&
		for daemon in $DAEMONS; do
			: >"$BED/frr-$daemon.log"
		done && chown frr:frr "$BED"/{zebra,staticd,bgpd,ospfd}.conf "$BED"/frr-*.log
}

daemon_start() {
	local daemon

	for daemon in $DAEMONS; do
		"$FRR/$daemon" -d -N dpvs -f "$BED/$daemon.conf" -i "/var/run/frr/dpvs/$daemon.pid" \
			--log "file:$BED/frr-$daemon.log" >>"$BED/frr.out" 2>&1 || return 1
	done
}

# zebra last, which takes what is left out of the kernel.
daemon_stop() {
	local daemon

	for daemon in ospfd bgpd staticd zebra; do
		process_ends TERM "$(cat "/var/run/frr/dpvs/$daemon.pid")" || return 1
	done
}

frr_says() {
	vtysh -N dpvs -c "$1" 2>>"$BED/frr.out" >"$BED/frr-says" && cat "$BED/frr-says"
}

bgp_is_up() {
	frr_says "show bgp neighbors $ROUTER" | grep -q "BGP state = Established"
}

ospf_is_up() {
	frr_says "show ip ospf neighbor" | grep -Eq "^$ROUTER .*Full/"
}

must "FRR's directories" frr_dirs
routing_proof FRR 1 bgp ospf
test_done
