#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# SCTP by programs of ours, since the kernel has none: associations from INIT to
# SHUTDOWN COMPLETE with data of several sizes, every checksum verified at both
# ends, through FNAT of IPv4, from IPv6 to IPv4, and NAT.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"
if [ -e /proc/net/sctp ]; then
	skip "SCTP by raw sockets: this kernel has SCTP of its own and would answer them, too"
	test_done
fi

VIP6=2001:db8:1::100
PEER=$DPVS_BIN/test/system/sctp_peer

PEERS=
sctp_lines() {
	echo "dpip addr add 2001:db8:1::fe/64 dev dpdk0 nodad"
	echo "dpip addr add $VIP6/128 dev dpdk0 nodad"
	for service in "$VIP:2905" "[$VIP6]:2905"; do
		echo "ipvsadm -A --sctp-service $service -s rr"
		echo "ipvsadm -P -z $LADDR --sctp-service $service -F dpdk1"
		for n in 1 2; do
			echo "ipvsadm -a --sctp-service $service -r 10.2.0.$n:2906 -b"
		done
	done
	echo "ipvsadm -A --sctp-service $VIP:2907 -s rr"
	for n in 1 2; do
		echo "ipvsadm -a --sctp-service $VIP:2907 -r 10.2.0.$n:2906 -m"
	done
}

# called NAME ADDRESS PORT: associations one by one; one of three workers gets three of eight, and so both servers some
called() {
	local size

	for size in 16 17 1000 1400; do
		if in_client "$PEER" call "$2" "$3" 8 $size >"$BED/called" 2>"$BED/called.err" &&
			[ "$(sort "$BED/called" | uniq -c | awk '{ n += $1 } END { print NR, n }')" = "2 8" ]; then
			pass "$1: 8 associations, $size bytes each way"
		else
			{ cat "$BED/called" "$BED/called.err"; echo "dropped:"; dpip stats drop | grep -v " 0$"; } | why
			failed "$1: 8 associations, $size bytes each way"
		fi
	done
}

bed_net 2
must "the client's IPv6" bed_ip6 client 2001:db8:1::1/64 2001:db8:1::fe
for n in 1 2; do
	in_server $n ip route add 10.1.0.0/24 via 10.2.0.254
	nsenter --net="$BED/ns/server$n" "$PEER" serve 10.2.0.$n 2906 server$n >"$BED/peer$n" 2>&1 </dev/null &
	PEERS="$PEERS $!"
done
for n in 1 2; do
	must "server $n serves" bed_wait_for 10 grep -q ready "$BED/peer$n"
done
for workers in $WORKERS; do
	w="workers $workers"
	served "$workers" < <(sctp_lines)
	called "$w: FNAT" $VIP 2905
	ok "$w: an association's end is listed" eval 'ipvsadm -lnc --sctp-service $VIP:2905 | grep -Eq "sctp +61s +CLOSED .*10.2.0.[12]:2906"'
	called "$w: FNAT from IPv6 to IPv4" $VIP6 2905
	called "$w: NAT" $VIP 2907
	ok "$w: stock ipvsadm lists it by the kernel's names" eval \
		'[ ! -x /usr/sbin/ipvsadm ] || "$DPVS_BIN/dpvs-run" /usr/sbin/ipvsadm -lnc | grep -Eq "^SCTP .* CLOSED +10.1.0.1:"'
	ok "$w: every packet is accounted for" bed_wait_for 10 balance_holds
	ok "$w: all mbufs are back" bed_wait_for 10 mbufs_back
	stopped "$w"
done
kill $PEERS
test_done
