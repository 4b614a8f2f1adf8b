#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Debian's keepalived on two balancers, each with a dpvs of its own, which share
# a network with clients and one with servers: VRRP fails virtual addresses of
# both families over, with the service behind them, and takes them back.
#
#	client --br0-- dpdk0 lb1 dpdk1 --br1-- servers
#	           \-- dpdk0 lb2 dpdk1 --/

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"
needs keepalived
needs_root keepalived

VIP6=fd00:1::100
MAC=() # of the balancers' ports

# lb N COMMAND…: on that balancer
lb() {
	local n=$1

	shift
	DPVS_IPC_FILE=$BED/lb$n.ipc bed_in "lb$n" "$@"
}

# A namespace with a bridge for each port, joined to the bed's.
lb_new() {
	local n=$1 side

	touch "$BED/ns/lb$n"
	unshare --net="$BED/ns/lb$n" true
	bed_in "lb$n" ip link set lo up
	for side in 0 1; do
		ip link add "lb$n-$side" type veth peer name "wire$side" netns "$BED/ns/lb$n"
		ip link set "lb$n-$side" master "br$side" up
		bed_in "lb$n" ip link add "br$side" type bridge mcast_snooping 0
		bed_in "lb$n" ip link set "wire$side" master "br$side" up
		bed_in "lb$n" ip link set "br$side" up
	done
	bed_in "lb$n" bash -c 'for f in all default wire0 wire1 br0 br1; do
		echo 1 >/proc/sys/net/ipv6/conf/$f/disable_ipv6; done'
}

lb_conf() {
	local n=$1

	BED_BLOCKS="$(bed_short_timeouts)
	ipvs_defs {
		genl_masq fnat
		genl_local_address 10.2.0.20$n dev dpdk1
	}
	global_defs {
		kni_routes on
		state_file $BED/lb$n.state
	}" bed_conf 1 "$BED/lb$n.conf" <<-END
		dpip addr add 10.1.0.25$n/24 dev dpdk0
		dpip addr add fd00:1::25$n/64 dev dpdk0 nodad
		dpip addr add 10.2.0.25$n/24 dev dpdk1
	END
	# as a NIC's, its MAC addresses are the same when dpvs starts again
	sed -i "s,$BED/dpvs.log,$BED/lb$n.log,; s/iface=tap\([01]\)/&,mac=02:00:00:00:0$n:0\1/" "$BED/lb$n.conf"
}

lb_ready() {
	[ -S "$BED/lb$1.ipc" ] && lb "$1" "$DPVS_BIN/dpip" kni show | grep -q '^dpdk0.kni'
}

# dpvs, its ports on the bridges, and the kernel's interfaces with addresses for VRRP and for checks
lb_start() {
	local n=$1 side

	lb "$n" "$DPVS_BIN/dpvs" -c "$BED/lb$n.conf" -p "$BED/lb$n.pid" -x "$BED/lb$n.ipc" >>"$BED/lb$n.out" 2>&1 </dev/null &
	bed_wait_for "$BED_START_TIMEOUT" lb_ready "$n" || return 1
	for side in 0 1; do
		bed_in "lb$n" ip link set "tap$side" address "02:00:00:00:f$n:0$side"
		bed_in "lb$n" ip link set "tap$side" master "br$side" up
	done
	bed_in "lb$n" bash -c "echo 0 >/proc/sys/net/ipv6/conf/dpdk0.kni/disable_ipv6
		ip link set dpdk0.kni up && ip address add 10.1.0.1$n/24 dev dpdk0.kni &&
		ip address add fd00:1::1$n/64 dev dpdk0.kni nodad &&
		ip link set dpdk1.kni up && ip address add 10.2.0.1$n/24 dev dpdk1.kni"
}

# keepalived_conf N PRIORITY: the sample, and what differs
keepalived_conf() {
	sed "s/router_id lb1/router_id lb$1/; s/priority 150.*/priority $2/; /enable_script_security/d
		s,/usr/local/share/dpvs/,$ROOT/scripts/," "$ROOT/conf/keepalived.conf.sample"
}

keepalived_start() {
	local n=$1

	lb "$n" "$DPVS_BIN/dpvs-run" keepalived -n -l -D -f "$BED/keepalived$n.conf" -p "$BED/keepalived$n.pid" \
		-c "$BED/checkers$n.pid" -r "$BED/vrrp$n.pid" >>"$BED/keepalived$n.log" 2>&1 </dev/null &
}

# The client's neighbour table has the MAC address of that balancer for both virtual addresses.
client_sees() {
	[ "$(in_client ip neighbour show | grep -Ec "^($VIP|$VIP6) dev eth0 lladdr ${MAC[$1]} ")" = 2 ]
}

# The virtual addresses are this balancer's, and not the other's.
only_at() {
	lb "$1" "$DPVS_BIN/dpip" addr show >"$BED/at-$1" && lb $((3 - $1)) "$DPVS_BIN/dpip" addr show >"$BED/at-not-$1" &&
		grep -q " $VIP/32 " "$BED/at-$1" && grep -q " $VIP6/128 " "$BED/at-$1" &&
		! grep -Eq " ($VIP|$VIP6)/" "$BED/at-not-$1"
}

# the servers that answer four requests, a line each
requests() {
	local n

	for n in 1 2 3 4; do
		in_client curl -s -m 5 "http://$VIP/" || echo failed
	done | sort | uniq -c | tr -s ' \n' ' '
}

served_again() {
	[ "$(requests)" = " 2 server1 2 server2 " ]
}

served_now() {
	equal "$1: both servers, by the virtual address" " 2 server1 2 server2 " "$(requests)"
	ok "$1: the IPv6 address answers" in_client ping -6 -c 1 -W 10 -q "$VIP6"
}

balances() {
	lb "$1" "$DPVS_BIN/ipvsadm" -ln | grep -c '10.2.0.[12]:80 ' | grep -qx 2
}

# process_ends SIGNAL PIDFILE
process_ends() {
	local pid

	pid=$(cat "$2")
	kill "-$1" "$pid" && bed_wait_for 30 eval "! kill -0 $pid 2>/dev/null"
}

bed_net 2
for n in 1 2; do
	must "nginx $n" bed_nginx "$n"
	lb_new "$n"
	lb_conf "$n"
	must "dpvs of lb$n" lb_start "$n"
	MAC[n]=$(lb "$n" ip -br link show dpdk0.kni | tr -s " " | cut -d " " -f 3)
	keepalived_conf "$n" $((200 - 50 * n)) >"$BED/keepalived$n.conf"
done
must "the client's IPv6" in_client bash -c "echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6
	ip address add fd00:1::1/64 dev eth0 nodad"
keepalived_start 1
keepalived_start 2

ok "lb1, whose priority is higher, has the virtual addresses" bed_wait_for 30 only_at 1
ok "both balancers have the service" eval 'bed_wait_for 20 balances 1 && bed_wait_for 20 balances 2'
ok "clients are served" bed_wait_for 20 served_again
served_now "lb1"
ok "the client knows lb1's MAC address" bed_wait_for 10 client_sees 1

timeout 60 nsenter --net="$BED/ns/client" tcpdump -n -l -i eth0 -c 1 \
	"ether src ${MAC[2]} and arp and arp[14:4] = arp[24:4]" >"$BED/gratuitous" 2>"$BED/tcpdump" </dev/null &
bed_wait_for 10 grep -q "listening on" "$BED/tcpdump"
ok "keepalived of lb1 is stopped" process_ends TERM "$BED/keepalived1.pid"
ok "lb2 has the virtual addresses" bed_wait_for 30 only_at 2
ok "the client hears of it by itself" bed_wait_for 10 client_sees 2
ok "of gratuitous ARP" bed_wait_for 10 grep -q "$VIP" "$BED/gratuitous"
served_now "lb2"

keepalived_start 1
ok "keepalived of lb1 is back, and takes them back" bed_wait_for 30 only_at 1
ok "the client hears of it" bed_wait_for 10 client_sees 1
ok "with its service" bed_wait_for 20 served_again
served_now "lb1 again"

ok "the first dpvs is killed" process_ends KILL "$BED/lb1.pid"
ok "the client hears of lb2" bed_wait_for 30 client_sees 2
served_now "lb2 alone"

ok "dpvs of lb1 starts again" lb_start 1
ok "what its state had of the master goes" lb 1 "$ROOT/scripts/vrrp-notify" dpdk0 "$VIP/32" "$VIP6/128" INSTANCE web STOP
ok "its keepalived, which has run on, reads its file again" kill -HUP "$(cat "$BED/keepalived1.pid")"
ok "and takes the addresses back" bed_wait_for 30 only_at 1
ok "with the service" bed_wait_for 20 balances 1
ok "the client hears of it" bed_wait_for 10 client_sees 1
served_now "lb1 after all"

for n in 1 2; do
	ok "keepalived of lb$n ends" process_ends TERM "$BED/keepalived$n.pid"
done
ok "lb2 has no virtual address any more" bed_wait_for 20 eval '! lb 2 "$DPVS_BIN/dpip" addr show | grep -Eq " ($VIP|$VIP6)/"'
for n in 1 2; do
	ok "dpvs of lb$n ends" process_ends TERM "$BED/lb$n.pid"
done
test_done
