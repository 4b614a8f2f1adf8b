#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Fragments for us and from us: echoes longer than the link's MTU, up to the
# longest that there may be, from several clients at once, on one worker and on
# three; and datagrams that never become whole.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"

BED_BLOCKS=$(
	bed_short_timeouts 8
	echo "ipv4_defs { fragment { ttl 2 } }"
)
bed_net 1

# half: the first fragment of an echo, without the rest; prints what comes back within 5 s: "TYPE CODE"
half() {
	in_client $PYTHON -c '
import select, socket, struct, sys
icmp = struct.pack("!BBHHH", 8, 0, 0, 1, 1) + b"x" * 24
ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, 77, 0x2000, 64, 1, 0,
                 socket.inet_aton("10.1.0.1"), socket.inet_aton(sys.argv[1]))
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
r = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
s.sendto(ip + icmp, (sys.argv[1], 0))
if select.select([r], [], [], 5)[0]:
    got = r.recv(2000)
    print(got[20], got[21])' 10.1.0.254
}

# echoes: COUNT echoes of SIZE bytes to ADDRESS, each when the one before is answered. A single
# ping that does not wait would lose answers itself when they come at once, after
# the machine had paused: its socket holds about ten of these.
echoes() {
	in_client bash -c 'for ((n = 0; n < $1; n++)); do ping -c 1 -W 10 -q -s "$2" "$3" || exit; done' - "$@"
}

for workers in $WORKERS; do
	w="workers $workers"
	served "$workers" </dev/null
	ok "$w: ping with 3000 bytes" echoes 20 3000 10.1.0.254
	ok "$w: ping with 65507 bytes" echoes 5 65507 10.1.0.254
	ok "$w: ping with 3000 bytes to a virtual address" echoes 20 3000 "$VIP"
	pids=()
	for n in 1 2 3 4; do
		echoes 50 $((4000 + n * 1000)) 10.1.0.254 >"$BED/ping$n" 2>&1 &
		pids+=($!)
	done
	for n in 1 2 3 4; do
		wait "${pids[n - 1]}"
		equal "$w: client $n of four at once" 0 $?
	done
	equal "$w: half of an echo: reassembly time exceeded" "11 1" "$(half)"
	equal "$w: and its fragment is dropped" 1 "$(drops frag_timeout)"
	accounted "$w"
	stopped "$w"
done
test_done
