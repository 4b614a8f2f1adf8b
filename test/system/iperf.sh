#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# iperf3 through a virtual address, TCP and UDP, both directions. The control
# connection and the data belong to one server, so there is but one.
#
# Plain only: it judges rates; closing, datagrams and http have the same packets.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"

BED_BLOCKS=$(bed_short_timeouts)
bed_net 1
in_server 1 iperf3 -s >"$BED/iperf-server.log" 2>&1 </dev/null &
bed_wait_for 10 bed_listens 1 5201

# iperf NAME LEAST-BITS-A-SECOND MOST-LOSS-PER-CENT WORDS…
iperf() {
	local name=$1 least=$2 loss=$3
	shift 3

	in_client timeout 60 iperf3 -c "$VIP" -J -t 3 "$@" >"$BED/iperf.json" 2>"$BED/iperf.err"
	if $PYTHON -c '
import json, sys
end = json.load(open(sys.argv[1]))["end"]
total = end.get("sum_received") or end["sum"]
bits = total["bits_per_second"]
lost = end["sum"].get("lost_percent", 0) if "sum" in end else 0
print("%.0f Mbit/s, %.2f %% lost" % (bits / 1e6, lost))
sys.exit(0 if bits >= float(sys.argv[2]) and lost <= float(sys.argv[3]) else 1)' \
		"$BED/iperf.json" "$least" "$loss" >"$BED/iperf.out" 2>&1; then
		pass "$name: $(cat "$BED/iperf.out")"
	else
		{
			cat "$BED/iperf.out" "$BED/iperf.err"
			grep '"error"' "$BED/iperf.json"
		} | why
		failed "$name"
	fi
}

for workers in $WORKERS; do
	w="workers $workers"
	served "$workers" < <(
		service_lines t 5201 5201 rr 1
		service_lines u 5201 5201 rr 1
	)
	iperf "$w: TCP, to the server" 10e6 0
	iperf "$w: TCP, to the client" 10e6 0 -R
	iperf "$w: TCP, four streams" 10e6 0 -P 4
	iperf "$w: UDP, to the server" 4.5e6 1 -u -b 5M
	iperf "$w: UDP, to the client" 4.5e6 1 -u -b 5M -R
	accounted "$w"
	stopped "$w"
done
test_done
