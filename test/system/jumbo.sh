#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Jumbo frames: 9,000-byte packets to dpvs, through it and through a service,
# over AF_PACKET ports (DPDK's TAP driver takes no more than 1,504 bytes). The
# kernel interface and VLANs follow; smaller by dpip, what is too large for the
# way out is answered and counted; larger again, until frames have no room.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"
needs_root "AF_PACKET"
needs tcpdump nginx curl ping

bed_net 1


# plain NODE: long packets, and what the kernel sends has its checksums and is in no longer pieces
plain() {
	ip link set "$1" nomaster mtu 9000 up && bed_in "$1" ip link set eth0 mtu 9000 &&
		bed_in "$1" $PYTHON - <<-'END'
			import array, fcntl, socket, struct
			s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
			for command in (0x17, 0x1f, 0x24, 0x2c):  # ETHTOOL_STXCSUM, _STSO, _SGSO, _SGRO
			    what = array.array("B", struct.pack("II", command, 0))
			    fcntl.ioctl(s, 0x8946, struct.pack("16sQ", b"eth0", what.buffer_info()[0]) + bytes(16))
		END
}
must "the client's interface" plain client
must "the server's interface" plain server1
in_client ip route replace default via 10.1.0.254
in_server 1 ip route replace default via 10.2.0.254
must "nginx" bed_nginx 1
mkdir "$BED/nginx1/root/files" && head -c 400000 /dev/urandom >"$BED/nginx1/root/files/long"

bed_attach() { return 0; } # its ports are the ends of the nodes' veths

# jumbo_conf MTU RING: a block of the ring holds whole frames, without a rest
jumbo_conf() {
	BED_BLOCKS="ipv4_defs { forwarding on }
$(bed_short_timeouts)" bed_conf 1 < <(
		bed_addresses
		echo "dpip vlan add link dpdk0 id 10"
		service_lines t 80 80 rr 1
	)
	sed -i -e "s/net_tap0,iface=tap0\"/net_af_packet0,iface=client,$2\"\n\t\tmtu $1/" \
		-e "s/net_tap1,iface=tap1\"/net_af_packet1,iface=server1,$2\"\n\t\tmtu $1/" "$BED/dpvs.conf"
}

mtus() { # of dpdk0, its VLAN, its kernel interface
	echo "$(dpip -j link show dpdk0 | $PYTHON -c 'import json, sys; print(json.load(sys.stdin)[0]["mtu"])')" \
		"$(dpip -j link show dpdk0.10 | $PYTHON -c 'import json, sys; print(json.load(sys.stdin)[0]["mtu"])')" \
		"$(cat /sys/class/net/dpdk0.kni/mtu)"
}
mtus_are() {
	[ "$(mtus)" = "$1" ]
}
answers() {
	in_client ping -c 1 -W 1 -q "$VIP" >/dev/null
}

jumbo_conf 9000 framesz=9088,blocksz=581632,framecnt=512
mount -t sysfs sysfs /sys 2>/dev/null # of these namespaces
must "dpvs starts with an mtu of 9000" bed_start
must "it answers" bed_wait_for 15 answers
MBUFS_BEFORE=$(mbufs_inuse)
ok "the VLAN above and the kernel interface follow" bed_wait_for 10 mtus_are "9000 9000 9000"
ok "ping of 9,000-byte packets to dpvs" in_client ping -c 5 -i 0.2 -W 10 -q -s 8972 -M "do" 10.1.0.254
ok "... and through it" in_client ping -c 5 -i 0.2 -W 10 -q -s 8972 -M "do" 10.2.0.1

timeout 60 nsenter --net="$BED/ns/client" tcpdump -n -l -i eth0 -c 10 "src host $VIP and greater 8800" \
	>"$BED/frames" 2>"$BED/tcpdump" </dev/null &
WATCH=$!
bed_wait_for 10 grep -q "listening on" "$BED/tcpdump"
same_file() {
	in_client curl -sS --max-time 60 -o "$BED/got-long" "http://$VIP/files/long" &&
		cmp "$BED/got-long" "$BED/nginx1/root/files/long"
}
ok "a file through a service" same_file
wait "$WATCH"
equal "... in jumbo frames" 0 "$?"

ok "a smaller mtu by dpip" dpip link set dpdk0 mtu 1500
ok "... which all follow" bed_wait_for 10 mtus_are "1500 1500 1500"
BEFORE=$(drops ip4_mtu)
in_server 1 ping -c 2 -i 0.2 -W 5 -s 8972 -M "do" 10.1.0.1 >"$BED/ping" 2>&1
ok "who sends more is told" grep -q "mtu = 1500\|mtu=1500" "$BED/ping"
ok "... and counted" [ "$(drops ip4_mtu)" -gt "$BEFORE" ]
bed_in client ip link set eth0 mtu 1500
in_server 1 ip route flush cache
ok "the service serves all the same" same_file
bed_in client ip link set eth0 mtu 9000
ok "jumbo again by dpip" dpip link set dpdk0 mtu 9000
ok "... which the kernel interface follows" bed_wait_for 10 mtus_are "9000 1500 9000"
in_server 1 ip route flush cache
ok "ping of 9,000-byte packets through it" in_client ping -c 3 -i 0.2 -W 10 -q -s 8972 -M "do" 10.2.0.1
refused "more than its frames hold" 1 "dpdk0: mtu 9100: 68 to 9004 is possible; its frames have 9088 bytes (framesz of its vdev" \
	dpip link set dpdk0 mtu 9100
ok "... has changed nothing" bed_wait_for 10 mtus_are "9000 1500 9000"
accounted "in the end"
stopped "with jumbo frames"

# The same on a bonding, whose members are these two.
{
	printf '%s\n' "global_defs { log_file $BED/dpvs.log }" "netif_defs {"
	for side in client server1; do
		printf '	%s\n' "device $side {" \
			"vdev \"net_af_packet_$side,iface=$side,framesz=9088,blocksz=581632,framecnt=512\"" \
			"mtu 9000" "rx { queue_number 1 }" "tx { queue_number 1 }" "}"
	done
	printf '%s\n' "bonding bond0 { mode 1" "slave client" "slave server1" "primary client }" "}" \
		"startup { dpip addr add 10.1.0.254/24 dev bond0 }"
} >"$BED/dpvs.conf"
bond_mtu_is() {
	[ "$(dpip -o link show bond0 | sed -n 's/.* mtu \([0-9]*\) .*/\1/p')" = "$1" ]
}
long_pings() {
	in_client ping -c 1 -W 1 -q -s 8972 -M "do" 10.1.0.254 >/dev/null
}
must "dpvs starts with a bonding of 9,000 bytes" bed_start
ok "it says so" bond_mtu_is 9000
ok "ping of 9,000-byte packets to it" bed_wait_for 20 long_pings
ok "a smaller mtu" eval 'dpip link set bond0 mtu 1500 && bond_mtu_is 1500'
ok "jumbo again" eval 'dpip link set bond0 mtu 9000 && bed_wait_for 20 long_pings'
refused "more than its members' frames hold" 1 "bond0: mtu 9100: 68 to 9004 is possible; its frames have 9088 bytes" \
	dpip link set bond0 mtu 9100
stopped "with a bonding"
test_done
