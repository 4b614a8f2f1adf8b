#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# When something runs out: connections; and the end of the daemon under load.
# What does not fit is dropped with its reason counted, and service recovers
# by itself.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"

bed_net 2
for n in 1 2; do
	must "traffic server $n" bed_traffic_server "$n"
done

for workers in $WORKERS; do
	w="workers $workers"
	BED_BLOCKS="$(bed_short_timeouts 8)
		ipvs_defs { conn { conn_pool_size 1023 } }"
	served "$workers" < <(
		service_lines t 7000 7000 rr 1 1
		service_lines u 7000 7000 rr 1 1
	)
	in_client "$TRAFFIC" tcp "$VIP" 7000 --count 2000 --parallel 2000 --close not --hold-ms 100 \
		--timeout-ms 5000 --quiet >"$BED/traffic"
	answered=$(awk '$1 == "requests" { print $4 }' "$BED/traffic")
	ok "$w: of 2,000 connections at once about 1,023 fit (answered: $answered)" \
		[ "$answered" -ge 900 -a "$answered" -le 1023 ]
	ok "$w: the others are counted" [ "$(drops ipvs_conn_full)" -gt 0 ]
	bed_wait_for 20 connections_gone
	traffic "$w: service recovers" tcp "$VIP" 7000 --count 800 --parallel 8
	bed_wait_for 20 connections_gone # a worker has room for a third of 1,023 only
	traffic "$w: service recovers, UDP" udp "$VIP" 7000 --count 100 --parallel 4
	accounted "$w"

	nsenter --net="$BED/ns/client" "$TRAFFIC" tcp "$VIP" 7000 --seconds 60 --parallel 4 --pause-ms 10 \
		--timeout-ms 1000 --quiet >"$BED/traffic" 2>&1 &
	load=$!
	ok "$w, under load: there is traffic" bed_wait_for 12 eval '[ "$(ipvsadm -lnc | grep -c "^\[")" -ge 50 ]'
	stopped "$w, under load"
	kill "$load"
	wait "$load"
done
test_done
