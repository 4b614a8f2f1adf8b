#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Kernel interfaces: ping and ssh to an address that is the kernel's, tcpdump,
# an interface that is like its port, a worker of type kni, and a daemon that
# may make none.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"

SSHD=/usr/sbin/sshd
OURS=10.1.0.5 # the kernel's address behind dpdk0

BED_BLOCKS=$(bed_short_timeouts)
bed_net 1
must "the client speaks IPv6" bed_ip6 client fd00:1::1/64 fd00:1::254
must "traffic server" bed_traffic_server 1

# Keys and a server for one who logs in by key only, as whoever runs this.
ssh_keys() {
	mkdir -p "$BED/ssh" /run/sshd && chmod 700 "$BED/ssh" &&
		ssh-keygen -q -t ed25519 -N '' -f "$BED/ssh/host" &&
		ssh-keygen -q -t ed25519 -N '' -f "$BED/ssh/user" &&
		cp "$BED/ssh/user.pub" "$BED/ssh/authorized"
}

ssh_serve() {
	"$SSHD" -f /dev/null -h "$BED/ssh/host" -o "ListenAddress=$OURS" -o "AuthorizedKeysFile=$BED/ssh/authorized" \
		-o "PidFile=$BED/ssh/pid" -o StrictModes=no -o UsePAM=no -o PermitRootLogin=yes -E "$BED/sshd.log"
}

# ssh_copy BYTES: so many come back from the kernel's address as they went
ssh_copy() {
	head -c "$1" /dev/urandom >"$BED/ssh/sent"
	in_client ssh -F /dev/null -i "$BED/ssh/user" -o StrictHostKeyChecking=no -o "UserKnownHostsFile=$BED/ssh/known" \
		-o LogLevel=ERROR -o ConnectTimeout=20 "root@$OURS" cat <"$BED/ssh/sent" >"$BED/ssh/back" &&
		cmp "$BED/ssh/sent" "$BED/ssh/back"
}

kernel_up() {
	ip link set dpdk0.kni up && ip address add "$OURS/24" dev dpdk0.kni
}

kernel_answers() {
	in_client ping -c 1 -W 1 -q "$OURS" >/dev/null
}

# closed ADDRESS: it answers for a port that nobody listens on
closed() {
	in_client timeout 10 bash -c "exec 3<>/dev/tcp/$1/81" 2>&1 | grep -q "Connection refused"
}

# kernel_hears ADDRESS DEVICE: which the kernel has on it now. What comes for it to dpvs, and is no service's, is the kernel's
kernel_hears() {
	local heard

	ip address add "$1/32" dev "$2" || return
	bed_wait_for 10 kernel_gets "$1"
	heard=$?
	ip address del "$1/32" dev "$2" && return $heard
}
kernel_gets() { # more than it gets of others' meanwhile
	local before n

	before=$(kernel_packets)
	for n in 1 2 3 4 5 6 7 8 9 10; do
		closed "$1" || return
	done
	[ "$(kernel_packets)" -ge $((before + 10)) ]
}
kernel_packets() {
	dpip -j -s kni show dev dpdk0 | $PYTHON -c 'import json, sys; print(json.load(sys.stdin)[0]["stats"]["to_kernel"]["packets"])'
}

# link_is WORDS: what `ip link show dpdk0.kni` says has them
link_is() {
	ip link show dpdk0.kni | grep -q -- "$1"
}

# A worker of type kni on a lcore of its own.
with_kni_worker() {
	sed -i '/^worker_defs {/a\	worker carrier {\n\t\ttype kni\n\t\tcpu_id 9\n\t}' "$BED/dpvs.conf"
}

must "keys" ssh_keys
for workers in $WORKERS; do
	w="workers $workers"
	served "$workers" < <(
		echo "ipvsadm -A -t $VIP:7000 -s rr"
		echo "ipvsadm -a -t $VIP:7000 -r 10.2.0.1:7000 -b"
		echo "ipvsadm -P -z $LADDR -t $VIP:7000 -F dpdk1"
		echo "dpip kni add $OURS dev dpdk0"
		echo "dpip addr add fd00:1::254/64 dev dpdk0 nodad"
	)

	ok "$w: each port has one, down, with carrier" eval 'link_is DOWN && ip link show dpdk1.kni >/dev/null &&
		link_is "$(dpip -j link show dpdk0 | $PYTHON -c "import json, sys; print(json.load(sys.stdin)[0][\"address\"])")"'
	json "$w: and is listed" '[(x["ifname"], x["dev"], x["up"], x["carrier"], x["owner"], x["addresses"]) for x in j] ==
		[("dpdk0.kni", "dpdk0", False, True, "master", ["10.1.0.5"]), ("dpdk1.kni", "dpdk1", False, True, "master", [])]' \
		dpip -j kni show
	ok "$w: up, with an address" kernel_up
	ok "$w: the kernel answers ping" bed_wait_for 15 kernel_answers
	ok "$w: and is answered" ping -c 3 -i 0.2 -W 10 -q 10.1.0.1
	ok "$w: TCP to a closed port of the kernel's address is refused" closed "$OURS"
	# from here on the client knows whose MAC address these have: the bridge would answer for the kernel, too
	ok "$w: and to one that only dpvs has" closed 10.1.0.254
	ok "$w: of IPv6, too" closed fd00:1::254
	ok "$w: what the kernel has, too, is the kernel's" kernel_hears 10.1.0.254 dpdk0.kni
	ok "$w: on whatever device" kernel_hears 10.1.0.254 lo
	ok "$w: frames of full size, and longer ones in pieces" eval 'in_client ping -c 2 -i 0.2 -W 10 -q -s 1472 $OURS && ping -c 2 -i 0.2 -W 10 -q -s 4000 10.1.0.1'
	ok "$w: dpvs itself answers as before" in_client ping -c 2 -i 0.2 -W 10 -q "$VIP"
	must "$w: sshd" ssh_serve
	ok "$w: ssh carries 2 MB there and back" ssh_copy $((2 << 20))
	kill "$(cat "$BED/ssh/pid")"
	traffic "$w: a service beside it" tcp "$VIP" 7000 --count "$(scaled 1000)" --parallel 4
	timeout 30 tcpdump -n -i dpdk0.kni -c 2 icmp >"$BED/tcpdump" 2>/dev/null &
	DUMP=$!
	bed_wait_for 15 eval 'in_client ping -c 1 -W 1 -q $OURS >/dev/null; ! kill -0 $DUMP 2>/dev/null'
	ok "$w: tcpdump sees what the kernel gets" grep -q "10.1.0.1 > $OURS: ICMP echo request" "$BED/tcpdump"
	accounted "$w"
	timeout 30 tcpdump -n -i dpdk0.kni -c 2 icmp and dst host "$VIP" >"$BED/tcpdump" 2>/dev/null &
	DUMP=$!
	ok "$w: forward2kni" dpip link set dpdk0 forward2kni on
	json "$w: is shown" '"FORWARD2KNI" in j[0]["flags"]' dpip -j link show dpdk0
	ok "$w: in text" eval 'dpip link show dpdk0 | grep -q " foward2kni"'
	bed_wait_for 10 eval 'in_client ping -c 1 -W 1 -q $VIP >/dev/null; ! kill -0 $DUMP 2>/dev/null'
	ok "$w: tcpdump sees what is not the kernel's" grep -q "> $VIP: ICMP echo request" "$BED/tcpdump"
	ok "$w: dpvs still answers, once" eval 'in_client ping -c 5 -i 0.2 -W 2 "$VIP" >"$BED/ping" && ! grep DUP "$BED/ping"'
	ok "$w: and the kernel, once" eval 'in_client ping -c 5 -i 0.2 -W 2 "$OURS" >"$BED/ping" && ! grep DUP "$BED/ping"'
	ok "$w: forward2kni off" dpip link set dpdk0 forward2kni off
	accounted "$w, forward2kni"

	ok "$w: a MAC address of the port" eval 'dpip link set dpdk0 addr 02:00:00:00:07:07 && link_is 02:00:00:00:07:07'
	ok "$w: an MTU of the port" eval 'dpip link set dpdk0 mtu 1400 && link_is "mtu 1400"'
	ok "$w: another MAC address is put back" eval 'ip link set dpdk0.kni address 02:00:00:00:08:08 &&
		bed_wait_for 15 link_is 02:00:00:00:07:07'
	bed_attach 0 # the driver has given its interface the address, too
	ok "$w: the port down, no carrier" eval 'dpip link set dpdk0 down && link_is NO-CARRIER'
	ok "$w: the port up, carrier" eval 'dpip link set dpdk0 up && ! link_is NO-CARRIER'
	ok "$w: deleted, it is made again" eval 'ip link del dpdk0.kni && bed_wait_for 15 link_is "mtu 1400"'
	ok "$w: and works again" eval 'kernel_up && bed_wait_for 15 kernel_answers'
	ok "$w: addresses are taken from the kernel" eval 'dpip kni flush dev dpdk0 && ! kernel_answers'
	ok "$w: and given back" eval 'dpip kni add $OURS dev dpdk0 && bed_wait_for 15 kernel_answers'
	ok "$w: a port that is added has one" eval 'dpip link add wan vdev net_tap5,iface=tap5 && ip link show wan.kni'
	ok "$w: which goes with it" eval 'dpip link del wan && ! ip link show wan.kni 2>/dev/null'
	stopped "$w"
	refused "$w: interfaces go with dpvs" 1 "does not exist" ip link show dpdk0.kni
done

echo "dpip addr add 10.1.0.254/24 dev dpdk0" | bed_conf 1
with_kni_worker
must "a worker of type kni" bed_start
ok "it owns them" eval 'dpip kni show | grep -q "^dpdk0.kni: .* owner lcore 9$"'
ok "an address" eval 'kernel_up && dpip kni add $OURS dev dpdk0'
ok "it carries packets" bed_wait_for 10 kernel_answers
stopped "with a worker of type kni"

if command -v setpriv >/dev/null && [ "$(id -u)" = 0 ]; then
	# ports without TAP devices of their own, since those need the right, too
	printf '%s\n' "global_defs {" "log_file $BED/dpvs.log" "}" "netif_defs { pktpool_size 4095" \
		"device n0 { vdev net_null0" "rx { queue_number 1" "}" "tx { queue_number 1" "}" "}" "}" >"$BED/dpvs.conf"
	: >"$BED/dpvs.log"
	DPVS_IPC_FILE=$BED/dpvs.ipc
	export DPVS_IPC_FILE
	setpriv --bounding-set=-net_admin --inh-caps=-net_admin "$DPVS_BIN/dpvs" -c "$BED/dpvs.conf" -p "$BED/dpvs.pid" \
		-x "$DPVS_IPC_FILE" >>"$BED/dpvs-output.log" 2>&1 </dev/null &
	DPVS_PID=$!
	ok "without CAP_NET_ADMIN dpvs starts" bed_wait_for "$BED_START_TIMEOUT" bed_serves
	equal "and says in one line why there are no interfaces" 1 "$(grep -c 'no kernel interfaces: CAP_NET_ADMIN' "$BED/dpvs.log")"
	stopped "without the right"
else
	skip "without CAP_NET_ADMIN: needs root and setpriv"
fi
test_done
