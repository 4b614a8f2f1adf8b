#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Debian's BIRD, unmodified, over a kernel interface: see routing_proof in
# test/lib/routing.sh.

. "$(dirname "$0")/../lib/routing.sh"
bed_enter "$@"
routing_needs bird birdc

cat >"$BED/ours.conf" <<-END
	log "$BED/ours.log" all;
	debug protocols { states };
	router id $KERNEL;
	protocol device { }
	protocol kernel { ipv4 { export where source != RTS_STATIC; }; }
	protocol static vip_bgp { ipv4; route $VIP_BGP/32 via "dpdk0.kni"; }
	protocol static vip_ospf { ipv4; route $VIP_OSPF/32 via "dpdk0.kni"; }
	protocol bgp bgp1 {
		local $KERNEL as 65002;
		neighbor $ROUTER as 65001;
		hold time 6;
		connect delay time 1;
		connect retry time 1;
		error wait time 1, 2;
		ipv4 { import all; export where proto = "vip_bgp"; next hop self; };
	}
	protocol ospf v2 ospf1 {
		ipv4 { import all; export where proto = "vip_ospf"; };
		area 0 { interface "dpdk0.kni" { hello 1; dead 4; wait 2; }; };
	}
END

daemon_start() {
	bird_start ours
}

daemon_stop() {
	bird_kill ours TERM
}

bgp_is_up() {
	birdc ours show protocols bgp1 | grep -q Established
}

ospf_is_up() {
	birdc ours show ospf neighbors | grep -Eq "^$ROUTER .*Full/"
}

routing_proof BIRD 3 bird bird
test_done
