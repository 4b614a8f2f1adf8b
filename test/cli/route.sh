#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Routes that lead nowhere or to several gateways, of a tos, of others' making;
# replace and get; what they cost.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"
bed_net 0
bed_conf 1 <<-END
	dpip addr add 10.1.0.254/24 dev dpdk0
	dpip addr add 10.2.0.254/24 dev dpdk1
END
must "dpvs starts" bed_start

ok "blackhole" dpip route add blackhole 30.0.0.0/8
refused "beside it nothing else" 1 "already there" dpip route add 30.0.0.0/8 via 10.2.0.1
ok "replace: another kind" dpip route replace prohibit 30.0.0.0/8
equal "its line" "inet 30.0.0.0/8 via 0.0.0.0 src 0.0.0.0 dev - mtu 0 tos 0 scope global metric 0 proto auto prohibit" \
	"$(dpip route show | grep ^inet.30)"
ok "replace: where there was none" dpip route replace 33.0.0.0/8 via 10.2.0.1
refused "set: where there is none" 1 "no such route 77.0.0.0/8" dpip route set 77.0.0.0/8 via 10.2.0.1
refused "unreachable has no gateway" 1 "leads nowhere" dpip route add unreachable 34.0.0.0/8 via 10.2.0.1
ok "several gateways" dpip route add 31.0.0.0/8 nexthop via 10.2.0.1 weight 3 nexthop via 10.1.0.7
ok "their line" eval "dpip route show | grep -q 'nexthop via 10.2.0.1 dev dpdk1 weight 3 nexthop via 10.1.0.7 dev dpdk0 weight 1\$'"
refused "one gateway twice" 1 "there twice" dpip route add 35.0.0.0/8 nexthop via 10.2.0.1 nexthop via 10.2.0.1
ok "tos and proto" dpip route add 32.0.0.0/8 via 10.2.0.9 tos 16 proto bgp
refused "get: not without that tos" 1 "no route to 32.1.1.1" dpip route get 32.1.1.1
ok "get: with it" eval "dpip route get 32.1.1.1 tos 16 | grep -q 'via 10.2.0.9 .*tos 16 .*proto bgp'"
ok "get: reasons are indented" eval "dpip route get 31.1.1.1 | grep -q '^    one of 2 gateways'"
ok "get: JSON" eval "dpip -j route get 30.1.1.1 | grep -q '\"type\":\"prohibit\".*\"reasons\":\\['"
ok "IPv6" dpip -6 route add unreachable 2001:db8::/32
equal "its line" "inet6 2001:db8::/32 scope global unreachable" "$(dpip -6 route show | grep 2001:db8::/32)"
ok "IPv6 with a proto" dpip -6 route add 2001:db9::/32 dev dpdk1 proto bgp
equal "which is told" "inet6 2001:db9::/32 dev dpdk1 mtu 1500 scope link proto bgp" "$(dpip -6 route show | grep 2001:db9::/32)"
equal "a worker's own table is the master's" "$(dpip route show)" "$(dpip --cpu 1 route show)"
ok "del: of several gateways" dpip route del 31.0.0.0/8
refused "del: another length" 1 "no such route 33.0.0.0/9" dpip route del 33.0.0.0/9
ok "what they cost" eval "dpip stats memory | grep -q route_bytes"
ok "less than 1 MB" eval '[ "$(dpip stats memory | grep route_bytes | grep -o "[0-9]*$")" -lt 1000000 ]'
stopped "behind all that"
test_done
