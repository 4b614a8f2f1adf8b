#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# BIRD's sessions, of both families, while the data path has all the connections that the machine
# can make, and an address of the kernel's gets more junk than the kernel
# interface carries: for longer than BGP and OSPF wait for a silent neighbour,
# and none of them changes its state.
# Plain only: it judges what gets through a crowd; bird.sh and kni.sh have the same packets.

. "$(dirname "$0")/../lib/routing.sh"
bed_enter "$@"
routing_needs bird birdc

ROUTING_HOLD=9
ROUTING_DEAD=8
SECONDS_LONG=20
RATE=20000 # junk a second, all to one worker: of three, each carries 8,000

BED_BLOCKS="$(bed_short_timeouts)
global_defs { kni_routes on }"
bed_net 1
must "the router" routing_net
must "traffic server" bed_traffic_server 1
routing_bird_router >"$BED/router.conf"
routing_bird_ours >"$BED/ours.conf"
routing_serve 3 < <(service_lines t 7000 7000 rr 1)
must "the router's BIRD" bird_start router router
must "BIRD" bird_start ours
must "the sessions come up" eval 'bed_wait_for 30 bgp_is_up && bed_wait_for 30 ospf_is_up'
must "the routes are followed" eval 'bed_wait_for 20 dpvs_has 0.0.0.0/0 bird && bed_wait_for 20 dpvs_has 10.9.0.0/24 bird'

must "those of IPv6" bed_wait_for 30 dpvs_has6 $IP6_ROUTES

# how often a session or neighbour has become something else, on either side
changes() {
	cat "$BED/ours.log" "$BED/router.log" | grep -Ec 'bgp[16]: (State changed|BGP session (established|closed))|ospf[16]: Neighbor .* changed state'
}
router_is_full() {
	birdc router show ospf neighbors ospf1 | grep -Eq "^$KERNEL .*Full/" &&
		birdc router show ospf neighbors ospf6 | grep -Eq "^$KERNEL .*Full/"
}
must "on the other side, too" bed_wait_for 20 router_is_full
BEFORE=$(changes)
ok "their changes are counted" test "$BEFORE" -ge 8
in_client "$TRAFFIC" flood "$KERNEL" 9 --seconds "$SECONDS_LONG" --rate "$RATE" >"$BED/flood" 2>&1 &
FLOOD=$!
traffic "requests meanwhile, each answered" tcp "$VIP" 7000 --seconds "$SECONDS_LONG" --parallel 32 --timeout-ms 30000
wait "$FLOOD"
equal "the flood has lasted" 0 $?
equal "no session has changed its state" "$BEFORE" "$(changes)"
ok "BGP is up" bgp_is_up
ok "OSPF is up" ospf_is_up
ok "the routes are there" eval 'dpvs_has 0.0.0.0/0 bird && dpvs_has 10.9.0.0/24 bird && dpvs_has6 $IP6_ROUTES'
ok "what was too much is counted: kni_bulk $(drops kni_bulk) of $(cat "$BED/flood")" test "$(drops kni_bulk)" -gt 0
equal "of routing's own packets none" 0 "$(drops kni_routing)"
accounted "flood"
stopped "flood"
test_done
