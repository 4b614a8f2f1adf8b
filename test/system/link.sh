#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Ports come and go while the daemon works: one is added and answers, a service
# reaches its server by it, it goes in the middle of the traffic and comes
# back; behind all that no packet and no mbuf is missing.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"

BED_BLOCKS=$(bed_short_timeouts)
bed_net 0
ip link add br2 type bridge mcast_snooping 0
ip link set br2 up
bed_node server1 2 10.3.0.1/24
must "traffic server" bed_traffic_server 1

# The port with all that is on it.
bring() {
	dpip link add dpdk2 vdev net_tap2,iface=tap2 &&
		bed_attach 2 &&
		dpip addr add 10.3.0.254/24 dev dpdk2 &&
		ipvsadm -P -z 10.3.0.200 -t "$VIP:7000" -F dpdk2
}

answers() {
	bed_in server1 ping -c 1 -W 1 -q 10.3.0.254 >/dev/null
}

come_and_go() {
	local n

	for n in $(seq 5); do
		sleep 0.3
		dpip link del dpdk2 && bring || CHANGES_FAILED=1
	done
}

# What names the port, on the master and on every worker.
left_of_port() {
	local cpu

	for cpu in $(seq 0 "$1"); do
		dpip --cpu "$cpu" addr show
		dpip --cpu "$cpu" route show
		dpip --cpu "$cpu" neigh show
	done | grep -w dpdk2
	dpip link show | grep -w dpdk2
	ipvsadm -G | grep -w dpdk2
}

for workers in $WORKERS; do
	w="workers $workers"
	served "$workers" < <(
		echo "ipvsadm -A -t $VIP:7000 -s rr"
		echo "ipvsadm -a -t $VIP:7000 -r 10.3.0.1:7000 -b"
	)

	ok "$w: a port is added" bring
	ok "$w: it answers" bed_wait_for 15 answers
	traffic "$w: a service reaches its server by it" tcp "$VIP" 7000 --count "$(scaled 1000)" --parallel 4
	equal "$w: it is up" "" "$(dpip link show dpdk2 | grep -w DOWN)"

	CHANGES_FAILED=0
	in_client "$TRAFFIC" tcp "$VIP" 7000 --seconds 4 --parallel 8 --timeout-ms 200 --quiet >/dev/null 2>&1 &
	LOAD=$!
	bed_in server1 ping -f -q -w 4 10.3.0.254 >/dev/null 2>&1 &
	FLOOD=$!
	come_and_go
	wait "$LOAD" "$FLOOD"
	equal "$w: it goes and comes under load" 0 "$CHANGES_FAILED"
	ok "$w: and answers" bed_wait_for 15 answers
	traffic "$w: and serves" tcp "$VIP" 7000 --count "$(scaled 1000)" --parallel 4

	# the server is no more: what is sent to it waits for its answer when the port goes
	bed_in server1 ip link set eth0 down
	ok "$w: the neighbour is forgotten" dpip neigh flush dev dpdk2
	in_client "$TRAFFIC" tcp "$VIP" 7000 --count 4 --parallel 4 --timeout-ms 4000 --quiet >/dev/null 2>&1 &
	LOAD=$!
	ok "$w: packets wait for it" bed_wait_for 15 eval '[ "$(worker_sum held)" -gt 0 ]'
	ok "$w: a port with packets that wait is deleted" dpip link del dpdk2
	ok "$w: they are dropped, for that reason" [ "$(drops port_gone)" -gt 0 ]
	equal "$w: nothing of it is left" "" "$(left_of_port "$workers")"
	refused "$w: the interface has gone, too" 1 "" ip link show tap2
	wait "$LOAD"
	bed_in server1 ip link set eth0 up
	accounted "$w: behind that"

	ok "$w: it is added again" bring
	ok "$w: and answers again" bed_wait_for 15 answers
	ok "$w: a second one" dpip link add dpdk3 vdev net_tap3,iface=tap3
	ok "$w: those that were added are flushed" dpip link flush
	json "$w: those of the conf file stay" '[x["ifname"] for x in j] == ["dpdk0", "dpdk1"]' dpip -j link show
	accounted "$w: behind the flush"
	ok "$w: a port of the conf file is deleted" dpip link del dpdk1
	ok "$w: the other one still answers" in_client ping -c 2 -i 0.2 -W 10 -q "$VIP"
	accounted "$w: in the end"
	stopped "$w"
done
test_done
