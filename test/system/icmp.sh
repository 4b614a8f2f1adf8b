#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# ICMP: echo to our addresses, errors that belong to connections, and what a
# client sees when there is no server, no service, or no more time to live.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"

BED_BLOCKS=$(bed_short_timeouts 8)
bed_net 2
for n in 1 2; do
	must "traffic server $n" bed_traffic_server "$n"
	must "nginx of server $n" bed_nginx "$n"
done

# What is answered may take long on a busy machine; that nothing comes is seen after 2 s.
ANSWER_S=12
SILENCE_S=2

# udp_error PORT TTL SECONDS: what a UDP client is told within these: "TYPE CODE FROM", or silence
udp_error() {
	in_client $PYTHON -c '
import socket, struct, sys, select
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_IP, socket.IP_TTL, int(sys.argv[3]))
s.setsockopt(socket.SOL_IP, 11, 1)  # IP_RECVERR
s.connect((sys.argv[1], int(sys.argv[2])))
s.send(b"anybody?")
poll = select.poll()
poll.register(s, 0)
if not poll.poll(1000 * int(sys.argv[4])):
    print("silence")
    sys.exit()
_, control, _, _ = s.recvmsg(2000, 2000, 0x2000)  # MSG_ERRQUEUE
for level, kind, data in control:
    if kind == 11:
        error, origin, icmp_type, code = struct.unpack_from("=IBBB", data)
        print(icmp_type, code, socket.inet_ntoa(data[20:24]))' "$VIP" "$1" "$2" "$3"
}

# tcp_connect PORT: what connect() says
tcp_connect() {
	in_client $PYTHON -c '
import errno, socket, sys
s = socket.socket()
s.settimeout(float(sys.argv[3]))
try:
    s.connect((sys.argv[1], int(sys.argv[2])))
    print("connected")
except socket.timeout:
    print("silence")
except OSError as e:
    print(errno.errorcode[e.errno])' "$VIP" "$1" "$ANSWER_S"
}

for workers in $WORKERS; do
	w="workers $workers"
	served "$workers" < <(
		service_lines u 7000 7000 rr 1 1
		service_lines u 7001 7001 rr 1 1
		service_lines u 7002 7000 rr
		service_lines t 7002 7000 rr
		service_lines t 7003 7003 rr 1
		service_lines t 80 80 rr 1 1
	)
	ok "$w: ping to the virtual address" in_client ping -c 20 -i 0.01 -W 10 -q "$VIP"
	ok "$w: ping to the balancer's own address" in_client ping -c 3 -i 0.01 -W 10 -q 10.1.0.254
	ok "$w: a server pings the local address" in_server 1 ping -c 20 -i 0.01 -W 10 -q "$LADDR"
	ok "$w: ping with 1400 bytes" in_client ping -c 3 -i 0.01 -W 10 -q -s 1400 "$VIP"

	equal "$w: UDP to a closed port of the server: port unreachable from the virtual address" \
		"3 3 $VIP" "$(udp_error 7001 64 $ANSWER_S)"
	equal "$w: UDP to a service without a server: port unreachable" "3 3 $VIP" "$(udp_error 7002 64 $ANSWER_S)"
	equal "$w: TCP to a service without a server" ECONNREFUSED "$(tcp_connect 7002)"
	equal "$w: TCP to a closed port of the server" ECONNREFUSED "$(tcp_connect 7003)"
	equal "$w: TTL 1 to a service: time exceeded from the virtual address" \
		"11 0 $VIP" "$(udp_error 7000 1 $ANSWER_S)"
	equal "$w: TTL 2 reaches the server" silence "$(udp_error 7000 2 $SILENCE_S)"

	# A server that is switched off: its connections fail, the other's do not.
	equal "$w: TCP to a running service" connected "$(tcp_connect 80)"
	ok "$w: server 2's interface goes" in_server 2 ip link set eth0 down
	in_client "$TRAFFIC" http "$VIP" 80 --count 20 --parallel 20 --timeout-ms 1500 --quiet >"$BED/traffic"
	near "$w: half of the requests reach server 1" 10 "$(share 1)" "$workers"
	equal "$w: none reaches server 2" 0 "$(share 2)"
	ok "$w: server 2's interface is back" in_server 2 ip link set eth0 up
	ok "$w: service recovers" bed_wait_for 20 in_client "$TRAFFIC" http "$VIP" 80 --count 20 \
		--parallel 20 --timeout-ms 1500 --quiet

	accounted "$w"
	stopped "$w"
done
test_done
