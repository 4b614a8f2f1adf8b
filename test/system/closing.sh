#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Connections that end in every way: FIN by either side, RST, half-closed, and
# not at all; and what `ipvsadm -lnc` says of them meanwhile.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"

BED_BLOCKS=$(bed_short_timeouts 6)
bed_net 2
for n in 1 2; do
	must "traffic server $n" bed_traffic_server "$n"
done

states() {
	ipvsadm -lnc | awk '/^\[/ { print $3 }' | sort | uniq -c | awk '{ printf "%s%s %s", sep, $2, $1; sep = ", " }'
}

active() {
	ipvsadm -Ln | awk '/->.*FullNat/ { n += $5 } END { print n + 0 }'
}

for workers in $WORKERS; do
	w="workers $workers"
	served "$workers" < <(
		service_lines t 7000 7000 rr 1 1
		service_lines u 7000 7000 rr 1 1
	)
	n=$(scaled 2000)
	for closing in server client reset half; do
		traffic "$w: $n connections closed by $closing" tcp "$VIP" 7000 --count "$n" --parallel 16 \
			--close "$closing"
		bed_wait_for 15 connections_gone
		equal "$w: closed by $closing, none is left" "" "$(states)"
	done
	traffic "$w: 200 connections not closed" tcp "$VIP" 7000 --count 200 --parallel 16 --close not
	bed_wait_for 15 connections_gone
	equal "$w: not closed by the program, none is left" "" "$(states)"

	# The program holds them open until it has been seen that they are all established.
	touch "$BED/hold"
	in_client "$TRAFFIC" tcp "$VIP" 7000 --count 101 --parallel 101 --close not --hold-ms 60000 \
		--hold-while "$BED/hold" >"$BED/held" 2>&1 &
	holder=$!
	bed_wait_for 30 eval '[ "$(states)" = "TCP_EST 101" ]'
	equal "$w: held open, all are established" "TCP_EST 101" "$(states)"
	equal "$w: held open, all count as active" 101 "$(active)"
	rm "$BED/hold"
	wait "$holder"
	equal "$w: held open, the program had every answer" 0 $?

	traffic "$w: $n UDP requests" udp "$VIP" 7000 --count "$n" --parallel 8
	accounted "$w"
	equal "$w: no connection counts as active" 0 "$(active)"
	stopped "$w"
done
test_done
