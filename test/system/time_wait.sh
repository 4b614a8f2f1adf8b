#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# 200,000 connections (50,000 with three workers) from 1,000 client ports,
# closed by the server, which then holds each in TIME_WAIT for a minute: the next
# connection over the same ports must be accepted at once. No failure, and none
# takes a second, which is what the first repeated SYN would cost.
#
# Runs alone: it judges times.
# Plain only: and nothing else; closing.sh has its packets.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"

# The balancer's own timeouts are the usual ones here: its entries are still there, too.
BED_BLOCKS="ipvs_defs { conn { conn_pool_size 524287 } }"
bed_net 2
for n in 1 2; do
	must "traffic server $n" bed_traffic_server "$n"
done
in_client bash -c 'echo "20000 20999" >/proc/sys/net/ipv4/ip_local_port_range'

for many in 1:200000 3:50000; do
	workers=${many%:*}
	w="workers $workers"
	served "$workers" < <(service_lines t 7000 7000 rr 1 1)
	n=$(scaled "${many#*:}")
	traffic "$w: $n connections over 1,000 client ports" tcp "$VIP" 7000 --count "$n" --parallel 32
	say "# $(head -n 1 "$BED/traffic")"
	slowest=$(awk '$1 == "requests" { print int($8) }' "$BED/traffic")
	[ "$slowest" -lt 1000 ] || for end in client server1 server2; do
		bed_in $end nstat -az 2>/dev/null | awk -v e="$end" '$2 > 0 && /Retrans|Drop|Timeouts|Skipped|TW|Challenge/ { print e, $1, $2 }' | why
	done
	ok "$w: none took a second (slowest $slowest ms)" [ "$slowest" -lt 1000 ]
	accounted "$w"
	stopped "$w"
done
test_done
