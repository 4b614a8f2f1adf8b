#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# dpip vlan: add, show and del, what is refused, VLANs of the startup block, and
# how links show them.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"
bed_net 0

sed 's/^[[:blank:]]*//' <<-END | bed_conf 2
	dpip vlan add link dpdk0 id 100
	dpip addr add 10.7.0.254/24 dev dpdk0.100
END
must "dpvs starts with a VLAN of its startup block" bed_start
equal "it is shown" "dpdk0.100: link dpdk0 proto 802.1q id 100" "$(dpip vlan show)"
ok "its address" eval 'dpip addr show dev dpdk0.100 | grep -q "^inet 10.7.0.254/24"'
ok "QinQ" dpip vlan add outer link dpdk1 proto QinQ id 7
ok "a second tag" dpip vlan add link outer id 100
equal "by link" "outer.100: link outer proto 802.1q id 100" "$(dpip vlan show link outer)"
equal "by name" "outer: link dpdk1 proto 802.1ad id 7" "$(dpip vlan show outer)"
equal "by protocol and id" "outer: link dpdk1 proto 802.1ad id 7" "$(dpip vlan show proto 802.1ad id 7)"
json "as JSON" '[(x["ifname"], x["link"], x["protocol"], x["id"]) for x in j] == [("dpdk0.100", "dpdk0", "802.1q", 100),
	("outer", "dpdk1", "802.1ad", 7), ("outer.100", "outer", "802.1q", 100)]' dpip -j vlan show
json "a VLAN as a link" '[(x["ifname"], x["link"], x["linkinfo"]["info_data"]["id"]) for x in j] == [("outer.100", "outer", 100)]' \
	dpip -j link show outer.100
json "a device stands on nothing" '"link" not in j[0] and "linkinfo" not in j[0]' dpip -j link show dpdk0
ok "link show -v says it" eval 'dpip -v link show outer | grep -q "^    vlan link dpdk1 proto 802.1ad id 7$"'
ok "its kernel interface has its device's carrier" bed_wait_for 5 eval 'dpip kni show dev dpdk0.100 | grep -q "dpdk0.100 DOWN mtu"'
refused "an id twice" 1 "802.1q id 100 on dpdk0 is dpdk0.100 already" dpip vlan add other link dpdk0 id 100
refused "a name twice" 1 "link outer is already there" dpip vlan add outer link dpdk0 id 8
refused "three tags" 1 "frames of outer.100 have 2 tags" dpip vlan add link outer.100 id 3
refused "no such link" 1 'no such device "frob"' dpip vlan add link frob id 3
refused "id 0" 2 "a number from 1 to 4094" dpip vlan add link dpdk0 id 0
refused "a name that is none" 1 "its name is not" dpip vlan add "a b" link dpdk0 id 9
refused "del of a device" 1 'there is no VLAN "dpdk0"' dpip vlan del dpdk0
refused "show of none" 1 'there is no VLAN "frob"' dpip vlan show frob
refused "an mtu above its parent's" 1 "68 to 1500 is possible, as is the mtu of dpdk0" dpip link set dpdk0.100 mtu 1600
refused "an mtu that the device does not take" 1 "mtu 9000: 68 to " dpip link set dpdk0 mtu 9000
ok "a smaller mtu" dpip link set dpdk0.100 mtu 1400
json "which it has" 'j[0]["mtu"] == 1400' dpip -j link show dpdk0.100
ok "del by link and id" dpip vlan del link dpdk0 id 100
refused "its address is gone" 1 'no such device "dpdk0.100"' dpip addr show dev dpdk0.100
ok "del of a link takes its VLANs along" dpip link del dpdk1
equal "none is left" "" "$(dpip vlan show)"
stopped "behind all that"
test_done
