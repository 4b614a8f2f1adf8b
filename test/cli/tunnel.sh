#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# dpip tunnel: add, show, change and del, what is refused, tunnels as links,
# with addresses and routes, in the startup block, and what the state file keeps.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"
bed_net 0

{
	bed_addresses
	echo "dpip tunnel add ipip1 mode ipip remote 10.2.0.1 local 10.2.0.254"
	echo "dpip addr add 10.7.0.254/24 dev ipip1"
} | bed_conf 2
sed -i "s,^global_defs {,&\n	state_file $BED/state," "$BED/dpvs.conf"
ok "--check takes it" "$DPVS_BIN/dpvs" --check -c "$BED/dpvs.conf"
sed 's/mode ipip remote 10.2.0.1/mode ipip remote 224.0.0.1/' "$BED/dpvs.conf" >"$BED/wrong.conf"
refused "--check of a remote that is none" 2 "tunnel ipip1: remote: that is no address of a host" \
	"$DPVS_BIN/dpvs" --check -c "$BED/wrong.conf"
must "dpvs starts with a tunnel of its startup block" bed_start
equal "it is shown" "ipip1:  ipip remote 10.2.0.1 local 10.2.0.254 ttl inherit" "$(dpip tunnel show)"
ok "its address" eval 'dpip addr show dev ipip1 | grep -q "^inet 10.7.0.254/24"'
ok "gre, the name among the words" dpip tunnel add mode gre gre1 remote 10.2.0.1 local 10.2.0.254 dev dpdk1 \
	ttl 64 tos 0x10 key 7 csum
ok "one key each way" dpip tunnel add gre2 mode gre remote 10.2.0.1 local 10.2.0.254 ikey 1 okey 0.0.0.2 tos inherit
ok "sit" dpip tunnel add sit1 mode sit remote 10.2.0.1 local 10.2.0.254
ok "ip6gre" dpip tunnel add g6 mode ip6gre remote fd00:2::1 local fd00:2::254
ok "ip6ip6" dpip tunnel add i6 mode ip6ip6 remote fd00:2::1 local fd00:2::254 hoplimit 9
ok "ipip6" dpip tunnel add i46 mode ipip6 remote fd00:2::1 local fd00:2::254
equal "all of them" "ipip1:  ipip remote 10.2.0.1 local 10.2.0.254 ttl inherit
gre1:  gre remote 10.2.0.1 local 10.2.0.254 dev dpdk1 ttl 64 tos 0x10 key 7 csum
gre2:  gre remote 10.2.0.1 local 10.2.0.254 ttl inherit tos inherit ikey 1 okey 2
sit1:  sit remote 10.2.0.1 local 10.2.0.254 ttl inherit
g6:  ip6gre remote fd00:2::1 local fd00:2::254 ttl inherit
i6:  ip6ip6 remote fd00:2::1 local fd00:2::254 ttl 9
i46:  ipip6 remote fd00:2::1 local fd00:2::254 ttl inherit" "$(dpip tunnel show)"
equal "by mode" "sit1:  sit remote 10.2.0.1 local 10.2.0.254 ttl inherit" "$(dpip tunnel show mode sit)"
equal "by name" "i6:  ip6ip6 remote fd00:2::1 local fd00:2::254 ttl 9" "$(dpip tunnel list i6)"
json "as JSON" '[(x["ifname"], x["mode"], x["remote"], x["link"], x["ttl"], x["ikey"], x["okey"], x["ocsum"]) for x in j] ==
	[("gre1", "gre", "10.2.0.1", "dpdk1", 64, 7, 7, True)]' dpip -j tunnel show gre1
json "a tunnel as a link" '(j[0]["ifname"], j[0]["mtu"], j[0]["linkinfo"]["info_kind"]) == ("gre1", 1500 - 32, "gre")' \
	dpip -j link show gre1
ok "link show -v says it" eval 'dpip -v link show i6 | grep -q "^    tunnel mode ip6ip6$"'
json "its counters" 'j[0]["stats64"]["tx"]["packets"] == 0' dpip -j -s link show ipip1
ok "a route" dpip route add 10.8.0.0/16 dev gre1
ok "one of IPv6" dpip route add fd08::/32 dev sit1
ok "it is chosen" eval 'dpip route get 10.8.1.1 | grep -q "dev gre1"'
ok "change" dpip tunnel change ipip1 ttl 7 remote 10.2.0.3
equal "what was not said stays" "ipip1:  ipip remote 10.2.0.3 local 10.2.0.254 ttl 7" "$(dpip tunnel show ipip1)"
ok "replace of one that is not there" dpip tunnel replace r1 mode gre remote 10.2.0.7 local 10.2.0.254 ttl 9 key 5 csum
equal "makes it" "r1:  gre remote 10.2.0.7 local 10.2.0.254 ttl 9 key 5 csum" "$(dpip tunnel show r1)"
ok "replace of one that is" dpip tunnel replace r1 mode gre remote 10.2.0.8 local 10.2.0.254 okey 6
equal "what was not said goes" "r1:  gre remote 10.2.0.8 local 10.2.0.254 ttl inherit okey 6" "$(dpip tunnel show r1)"
refused "replace by another mode" 1 "tunnel r1: its mode is gre, which stays" \
	dpip tunnel replace r1 mode ipip remote 10.2.0.8 local 10.2.0.254
refused "replace by one that arrives at another" 1 "could not be told from that of gre1" \
	dpip tunnel replace r1 mode gre remote 10.2.0.1 local 10.2.0.254 key 7
refused "replace of a device" 1 "link dpdk0 is already there" dpip tunnel replace dpdk0 mode ipip remote 10.2.0.8 local 10.2.0.254
dpip tunnel del r1
ok "a smaller mtu" dpip link set gre2 mtu 1300
ok "down" dpip link set sit1 down
refused "a name twice" 1 "link ipip1 is already there" dpip tunnel add ipip1 mode ipip remote 10.2.0.9 local 10.2.0.254
refused "ends that are taken" 1 "could not be told from that of sit1" \
	dpip tunnel add sit2 mode sit remote 10.2.0.1 local 10.2.0.254
refused "no such port" 1 'no such device "frob"' dpip tunnel add x mode sit remote 10.2.0.9 local 10.2.0.254 dev frob
refused "no mode" 2 '"mode" and ipip, gre' dpip tunnel add x remote 10.2.0.9 local 10.2.0.254
ok "sequence numbers" dpip tunnel change gre1 seq
equal "of both directions" "gre1:  gre remote 10.2.0.1 local 10.2.0.254 dev dpdk1 ttl 64 tos 0x10 key 7 csum seq" "$(dpip tunnel show gre1)"
json "take their room" '(j[0]["mtu"]) == 1500 - 36' dpip -j link show gre1
refused "sequence numbers without GRE" 1 "sequence numbers go with gre and ip6gre" dpip tunnel change ipip1 oseq
refused "a MAC address" 1 "gre1: a tunnel has no addr" dpip link set gre1 addr 02:00:00:00:00:09
refused "del of a device" 1 'there is no tunnel "dpdk0"' dpip tunnel del dpdk0
refused "del of what is another" 1 "tunnel gre1: it is another" dpip tunnel del gre1 mode sit
refused "show of none" 1 'there is no tunnel "frob"' dpip tunnel show frob

ok "config save" dpip config save "$BED/saved"
ok "as command lines" grep -qx "dpip tunnel add gre1 mode gre remote 10.2.0.1 local 10.2.0.254 dev dpdk1 ttl 64 tos 0x10 key 7 csum seq" "$BED/saved"
dpip tunnel show >"$BED/tunnels"
ok "the state file has it" bed_wait_for 15 grep -q "link set sit1 down" "$BED/state"
stopped "with tunnels"
must "dpvs starts again" bed_start
ok "the tunnels are there again" eval 'dpip tunnel show | diff "$BED/tunnels" -'
ok "their settings" eval 'dpip -j link show gre2 | grep -q "\"mtu\": *1300" && dpip -v link show sit1 | grep -q admin-down'
ok "their routes" eval 'dpip route get 10.8.1.1 | grep -q "dev gre1"'
ok "nothing was left out" eval '! grep "left out" "$BED/dpvs.log"'
ok "config diff of what was saved" eval '[ -z "$(dpip config diff "$BED/saved")" ]'
dpip tunnel del gre1
dpip tunnel change ipip1 ttl inherit
ok "config load brings both back" dpip config load "$BED/saved"
ok "as they were" eval 'dpip tunnel show | sort | diff <(sort "$BED/tunnels") -'
ok "del" dpip tunnel del ipip1
refused "its address is gone" 1 'no such device "ipip1"' dpip addr show dev ipip1
ok "del of a link takes its tunnels along" dpip link del dpdk1
refused "as this one" 1 'there is no tunnel "gre1"' dpip tunnel show gre1
stopped "behind all that"
test_done
