#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Bondings. Active-backup: a service on it goes on when a member loses its
# carrier, and when it gets it back; services of every mode, with one arm, also
# on its VLAN. 802.3ad: two dpvs, whose members are joined two by two, agree by
# LACP and reach each other, whichever member is left.

. "$(dirname "$0")/../lib/direct.sh"
bed_enter "$@"

VDEV=net_tap
VDEV_WORDS=

# bond_conf FILE MODE TAP ADDRESS: one bonding of the TAPs TAPa and TAPb, two workers
bond_conf() {
	local file=$1 mode=$2 tap=$3 address=$4 n=0 side

	{
		echo "global_defs { log_file $BED/$tap.log }"
		echo "netif_defs {"
		echo "	pktpool_size 8191"
		for side in a b; do
			echo "	device $side { vdev \"$VDEV$n,iface=$tap$side$VDEV_WORDS\" }"
			n=$((n + 1))
		done
		echo "	bonding bond0 {"
		printf '		%s\n' "mode $mode" "slave a" "slave b" "primary a"
		echo "	}"
		echo "}"
		echo "worker_defs {"
		printf '	%s\n' "worker m {" "type master" "cpu_id 0" "}"
		for n in 1 2; do
			printf '	%s\n' "worker w$n {" "type slave" "cpu_id $n" "port bond0 {" \
				"rx_queue_ids $((n - 1))" "tx_queue_ids $((n - 1))" "}" "}"
		done
		echo "}"
		echo "ipv6_defs { addr_gen_mode none }"
		echo "startup {"
		echo "	dpip addr add $address dev bond0"
		echo "}"
	} >"$file"
}

# member NAME KEY: of the bonding
member() {
	dpip -j link show bond0 | $PYTHON -c '
import json, sys
for x in json.load(sys.stdin)[0]["linkinfo"]["info_data"]["slaves"]:
    if x["ifname"] == sys.argv[1]:
        print(x[sys.argv[2]])' "$1" "$2"
}
member_is() {
	[ "$(member "$1" "$2")" = "$3" ]
}

carriers() {
	local n

	for n in "$@"; do
		ip link set "$n" master "$BRIDGE" && ip link set "$n" up || return 1
	done
}

# The kernel's ends must have other MAC addresses than dpvs's, see bed_attach; the driver makes them the same whenever
# members change their parts.
pings() {
	ip link set tapa address 02:00:00:00:ff:01
	ip link set tapb address 02:00:00:00:ff:02
	in_client ping -c 1 -W 1 -q 10.1.0.254 >/dev/null
}

# through NAME VIP: TCP and UDP
through() {
	traffic "$1: TCP" tcp "$2" 7000 --count "$(scaled 300)" --parallel 4
	traffic "$1: UDP" udp "$2" 7000 --count "$(scaled 300)" --parallel 4
}

# One service for each mode, and for the clients of a VLAN. Server 1 is on a net of its own behind the
# same bridge, server 2 on the client's.
services() {
	local letter proto n match=src-range=10.2.0.1-10.2.0.100,oif=bond0

	dpip addr add 10.2.0.254/24 dev bond0 && dpip vlan add link bond0 id 10 &&
		dpip addr add 10.11.0.254/24 dev bond0.10 && dpip addr add 10.11.0.100/32 dev bond0.10 || return 1
	for n in 0 1 2 3; do
		dpip addr add "10.1.0.10$n/32" dev bond0 || return 1
	done
	for letter in t u; do
		service "$letter" 10.1.0.100 -r 10.2.0.1:7000 -b && service "$letter" 10.1.0.101 -r 10.2.0.1:7000 -m &&
			service "$letter" 10.1.0.102 -r 10.1.0.8 -g && service "$letter" 10.1.0.103 -r 10.1.0.8 -i &&
			service "$letter" 10.11.0.100 -r 10.2.0.1:7000 -b || return 1
	done
	for proto in tcp udp; do
		ipvsadm -A -H "proto=$proto,$match" -s rr && ipvsadm -a -H "proto=$proto,$match" -r 10.1.0.201 -J || return 1
	done
}

# service LETTER VIP SERVER…
service() {
	local letter=$1 vip=$2
	shift 2

	ipvsadm -A "-$letter" "$vip:7000" -s rr && ipvsadm -a "-$letter" "$vip:7000" "$@" || return 1
	[ "${!#}" != -b ] || ipvsadm -P -z 10.2.0.200 "-$letter" "$vip:7000" -F bond0
}

servers() {
	bed_node server1 0 10.2.0.1/24
	bed_node server2 0 10.1.0.8/24
	in_server 1 ip route add default via 10.2.0.254
	in_server 2 bash -c "
		echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore; echo 2 >/proc/sys/net/ipv4/conf/all/arp_announce
		ip address add 10.1.0.102/32 dev lo; ip address add 10.1.0.103/32 dev lo"
	bed_traffic_server 1 && bed_traffic_server 2 && decap_server 2
}

# The client's interface of VLAN 10.
client_vlan() {
	bed_in client "$DPVS_BIN/test/system/tagger" eth0 v10 q:10 >"$BED/tagger.log" 2>&1 </dev/null &
	bed_wait_for 10 in_client ip link show v10 >/dev/null 2>&1 &&
		in_client ip address add 10.11.0.1/24 dev v10 && in_client ip link set v10 mtu 1496 up
}

# --- active-backup

BRIDGE=br0
bed_net 0
bond_conf "$BED/dpvs.conf" 1 tap 10.1.0.254/24
export DPVS_IPC_FILE=$BED/dpvs.ipc
bed_attach() { return 0; } # its ports are not the bed's
needs tcpdump
must "dpvs starts with a bonding" bed_start
ok "its members are joined to the client" carriers tapa tapb
ok "it answers" bed_wait_for 20 pings
json "link show: mode and members" 'j[0]["linkinfo"]["info_data"]["mode"] == "active-backup"
	and [x["ifname"] for x in j[0]["linkinfo"]["info_data"]["slaves"]] == ["a", "b"]' dpip -j link show bond0
json "its members are no links" '[x["ifname"] for x in j] == ["bond0"]' dpip -j link show
ok "... as text" eval 'dpip link show bond0 | grep -q "^    bond mode active-backup$" && dpip link show bond0 | grep -q "^    slave a UP .* primary"'
timeout 60 nsenter --net="$BED/ns/client" tcpdump -n -l -i eth0 -c 1 \
	"arp and arp[14:4] = 0x0a0100fe and arp[24:4] = 0x0a0100fe" >"$BED/gratuitous" 2>"$BED/tcpdump" </dev/null &
bed_wait_for 10 grep -q "listening on" "$BED/tcpdump"
ok "a member loses its carrier" ip link set tapa down
ok "... which is seen" bed_wait_for 10 member_is a operstate DOWN
ok "... and it is the primary no more" bed_wait_for 10 member_is b primary True
ok "... which announces the bonding's address" bed_wait_for 10 grep -q 10.1.0.254 "$BED/gratuitous"
ok "the other one carries on" bed_wait_for 10 pings
ok "... without loss" in_client ping -c 20 -i 0.05 -W 10 -q 10.1.0.254
ok "both directions change" eval 'ip link set tapa up && bed_wait_for 10 member_is a operstate UP && ip link set tapb down'
ok "... to the one that came back" bed_wait_for 10 member_is a primary True
ok "it answers there" bed_wait_for 10 pings
must "servers of a bonding" servers
must "services of all modes" services
must "the client's VLAN" client_vlan
through "FNAT" 10.1.0.100
through "NAT" 10.1.0.101
through "DR" 10.1.0.102
through "a tunnel" 10.1.0.103
through "FNAT from a VLAN" 10.11.0.100
for proto in tcp udp; do
	ok "SNAT, $proto" in_server 1 "$TRAFFIC" "$proto" 10.1.0.8 7000 --count "$(scaled 300)" --parallel 4
done
decapped 2 >"$BED/counts"
ok "the tunnel was one" grep -q '^ipip [1-9][0-9]* gre 0 gue 0$' "$BED/counts"
balance_holds && pass "every packet is accounted for" || failed "every packet is accounted for"
stopped "active-backup"

# --- the other modes: they answer by both members and by either, and their kernel interface carries the kernel's own

kernel_pings() {
	ip link set tapa address 02:00:00:00:ff:01
	ip link set tapb address 02:00:00:00:ff:02
	in_client ping -c 1 -W 1 -q 10.1.0.253 >/dev/null
}
for mode in "0 balance-rr" "2 balance-xor" "3 broadcast" "5 balance-tlb" "6 balance-alb"; do
	name=${mode#* }
	bond_conf "$BED/dpvs.conf" "${mode% *}" tap 10.1.0.254/24
	must "dpvs starts with $name" bed_start
	ok "$name: its members are joined to the client" carriers tapa tapb
	in_client ip neighbour flush dev eth0
	ok "$name: it answers" bed_wait_for 20 pings
	json "$name: the mode is shown, and both members are active" "j[0]['linkinfo']['info_data']['mode'] == '$name' and
		[x['active'] for x in j[0]['linkinfo']['info_data']['slaves']] == [True, True]" dpip -j link show bond0
	ok "$name: one member loses its carrier" ip link set tapa down
	ok "$name: ... which is seen" bed_wait_for 10 member_is a operstate DOWN
	ok "$name: the other one carries on" bed_wait_for 20 pings
	ok "$name: both change" eval 'ip link set tapa up && bed_wait_for 10 member_is a operstate UP &&
		ip link set tapb down && bed_wait_for 10 member_is b operstate DOWN'
	ok "$name: it answers there" bed_wait_for 20 pings
	equal "$name: its kernel interface has its address" \
		"$(dpip -j link show bond0 | $PYTHON -c 'import json, sys; print(json.load(sys.stdin)[0]["address"].lower())')" \
		"$(ip -br link show bond0.kni | awk '{ print $3 }')"
	ok "$name: the kernel gets an address there" eval 'ip link set bond0.kni up &&
		ip address add 10.1.0.253/24 dev bond0.kni && dpip kni add 10.1.0.253 dev bond0'
	ok "$name: the kernel answers by it" bed_wait_for 20 kernel_pings
	ok "$name: every packet is accounted for" bed_wait_for 10 balance_holds
	stopped "$name"
done

# --- 802.3ad: the other side is a second dpvs. Bridges keep LACP to themselves, so that the members are the ends
# of veths.

for n in a b; do
	ip link add "one$n" type veth peer name "two$n"
	ip link set "one$n" up
	ip link set "two$n" up
done
VDEV=net_af_packet
VDEV_WORDS=,qpairs=2
bond_conf "$BED/dpvs.conf" 4 one 10.6.0.1/24
must "a dpvs with 802.3ad starts" bed_start
json "nobody has answered yet" '[x["active"] for x in j[0]["linkinfo"]["info_data"]["slaves"]] == [False, False]' \
	dpip -j link show bond0
bond_conf "$BED/second.conf" 4 two 10.6.0.2/24
second_up_or_gone() {
	[ -S "$BED/second.ipc" ] || ! kill -0 "$SECOND_PID" 2>/dev/null
}
# net_af_packet numbers a ring's fanout group by the process's id and the device's index, and the kernel refuses a
# number that another device's group of this namespace has: with the next id it is another one.
second_starts() {
	local tries

	for tries in 1 2 3 4; do
		"$DPVS_BIN/dpvs" -c "$BED/second.conf" -p "$BED/second.pid" -x "$BED/second.ipc" \
			>"$BED/second-output.log" 2>&1 </dev/null &
		SECOND_PID=$!
		bed_wait_for "$BED_START_TIMEOUT" second_up_or_gone
		[ ! -S "$BED/second.ipc" ] || return 0
		cat "$BED/second-output.log" "$BED/two.log"
		grep -q PACKET_FANOUT "$BED/two.log" || return 1
	done
	return 1
}
must "... and a second one" second_starts
both_active() {
	member_is a active True && member_is b active True
}
# An address that the second gets is announced, and heard here.
heard() {
	local before
	before=$(drops arp_done)
	DPVS_IPC_FILE=$BED/second.ipc dpip addr add 10.6.0.3/32 dev bond0 &&
		bed_wait_for 15 eval "[ \"\$(drops arp_done)\" -gt $before ]"
}
ok "LACP makes both members active" bed_wait_for 60 both_active
json "mode 802.3ad is shown" 'j[0]["linkinfo"]["info_data"]["mode"] == "802.3ad"' dpip -j link show bond0
ok "what the other one sends is heard" heard
kill -TERM "$SECOND_PID"
wait "$SECOND_PID"
equal "the second stops with exit code 0" 0 "$?"
stopped "802.3ad"
test_done
