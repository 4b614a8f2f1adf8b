#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Datagrams longer than the link's MTU through services: requests and answers up
# to the longest that there are go in fragments, through FNAT and NAT, IPv4 and
# IPv6; several clients at once, one worker and three. And one whose first
# fragment never comes.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"

NET=2001:db8
VIP6=$NET:1::100
LADDR6=$NET:2::200
SERVERS="1 2"

# Fragments wait as long as a busy machine may stand still.
BED_BLOCKS=$(
	bed_short_timeouts
	echo "ipv4_defs { fragment { ttl 8 } }"
)

cat >"$BED/datagrams.py" <<'END'
# serve NAME PORT: the answer is the name, a blank and the request, cut at the longest datagram.
# ask ADDRESS PORT SIZE…: each as a request from a socket of its own, asked again when there is no
# answer; prints the servers' names. Exit code 0: all were answered right.
import os, select, socket, sys

LONGEST = 65507

def serve(name, port):
    sockets = []
    for family, address in (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::"):
        s = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.bind((address, port))
        sockets.append(s)
    open(os.environ["BED"] + "/datagrams." + name, "w").close()
    while True:
        for s in select.select(sockets, [], [])[0]:
            request, client = s.recvfrom(65535)
            s.sendto((name.encode() + b" " + request)[:LONGEST], client)

def ask(address, port, size):
    request = os.urandom(size)
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((address, port))
    for _ in range(5):
        s.send(request)
        if not select.select([s], [], [], 6)[0]:
            continue
        name, _, rest = s.recv(65535).partition(b" ")
        if request.startswith(rest) and len(rest) >= size - 16:
            return name.decode()
    sys.exit("no right answer to %u bytes" % size)

if sys.argv[1] == "serve":
    serve(sys.argv[2], int(sys.argv[3]))
print(*[ask(sys.argv[2], int(sys.argv[3]), int(size)) for size in sys.argv[4:]])
END

# asked NAME ADDRESS PORT: sizes around those that need another fragment, three clients at once; both servers answer
asked() {
	local name=$1 n pids= code=0

	for n in 1 2 3; do
		in_client $PYTHON "$BED/datagrams.py" ask "$2" "$3" 100 1452 1453 1472 1473 $((n * 2000)) 9001 65000 65490 \
			>"$BED/asked$n" 2>&1 &
		pids="$pids $!"
	done
	for n in $pids; do
		wait "$n" || code=1
	done
	[ "$code" = 0 ] || { cat "$BED"/asked?; echo dropped:; dpip stats drop | grep -v " 0$"; } | why
	equal "$name: every datagram is answered" 0 "$code"
	for n in $SERVERS; do
		ok "$name: server $n has its part" grep -q "server$n" "$BED"/asked1 "$BED"/asked2 "$BED"/asked3
	done
}

# datagram_lines ADDRESS(as in a service) PORT HOW SERVER-PREFIX SERVER-SUFFIX
datagram_lines() {
	local n

	echo "ipvsadm -A -u $1:$2 -s rr"
	for n in $SERVERS; do
		echo "ipvsadm -a -u $1:$2 -r $4$n$5 $3"
	done
}

datagram_services() {
	echo "dpip addr add $NET:1::fe/64 dev dpdk0 nodad"
	echo "dpip addr add $VIP6/128 dev dpdk0 nodad"
	echo "dpip addr add $NET:2::fe/64 dev dpdk1 nodad"
	datagram_lines "$VIP" 7100 -b 10.2.0. :7000
	echo "ipvsadm -P -z $LADDR -u $VIP:7100 -F dpdk1"
	datagram_lines "$VIP" 7200 -m 10.2.0. :7000
	datagram_lines "[$VIP6]" 7100 -b "[$NET:2::" ]:7000
	echo "ipvsadm -P -z $LADDR6 -u [$VIP6]:7100 -F dpdk1"
	datagram_lines "[$VIP6]" 7200 -m "[$NET:2::" ]:7000
}

# A fragment that is not the first one of a datagram, to the FNAT service
orphan() {
	in_client $PYTHON -c '
import socket, struct, sys
ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, 77, 0x2010, 64, 17, 0,
                 socket.inet_aton("10.1.0.1"), socket.inet_aton(sys.argv[1]))
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
s.sendto(ip + b"x" * 64, (sys.argv[1], 0))' "$VIP"
}

given_up() {
	[ "$(drops frag_timeout)" -gt "$LOST" ]
}

bed_net 2
must "the client's IPv6" bed_ip6 client $NET:1::1/64 $NET:1::fe
for n in $SERVERS; do
	must "server $n: IPv6" bed_ip6 "server$n" "$NET:2::$n/64" $NET:2::fe
	in_server "$n" ip route add 10.1.0.0/24 via 10.2.0.254
	BED=$BED in_server "$n" $PYTHON "$BED/datagrams.py" serve "server$n" 7000 >"$BED/datagrams$n.log" 2>&1 &
	must "server $n" bed_wait_for 20 test -e "$BED/datagrams.server$n"
done

for workers in $WORKERS; do
	w="workers $workers"
	served "$workers" < <(datagram_services)
	asked "$w, FNAT" "$VIP" 7100
	asked "$w, NAT" "$VIP" 7200
	asked "$w, FNAT, IPv6" $VIP6 7100
	asked "$w, NAT, IPv6" $VIP6 7200
	equal "$w: there was room for all fragments" "0 0" "$(drops frag_full) $(drops frag_overlap)"
	LOST=$(drops frag_timeout) # by a device's queue, when the machine is busy: then it was asked again
	orphan
	ok "$w: a fragment without the first one is given up" bed_wait_for 30 given_up
	accounted "$w"
	stopped "$w"
done
test_done
