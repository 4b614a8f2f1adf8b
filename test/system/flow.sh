#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The flow stage off, checked and on (the default, as in all other tests): the
# same traffic has the same answers, while routes and servers change, and the
# stage's counter says whether it took part. Checked, a difference between its
# way and the long one ends the daemon.

unset FLOW # all modes are in here

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"

bed_net 2
for n in 1 2; do
	must "traffic server $n" bed_traffic_server "$n"
	must "nginx of server $n" bed_nginx "$n"
	mkdir "$BED/nginx$n/root/files"
	ln "$BED/large" "$BED/nginx$n/root/files/large" 2>/dev/null ||
		head -c 20000000 /dev/urandom >"$BED/nginx$n/root/files/large"
	[ -e "$BED/large" ] || ln "$BED/nginx$n/root/files/large" "$BED/large"
done
sum=$(sha256sum <"$BED/large")

download() {
	[ "$(in_client curl -sS --max-time 120 "http://$VIP/files/large" | sha256sum)" = "$sum" ]
}

# Ways and weights change under load, in ways that the traffic does not notice.
changes() {
	while kill -0 "$LOAD" 2>/dev/null; do
		dpip route add 10.2.0.1/32 dev dpdk1 && dpip route add 10.1.0.1/32 dev dpdk0 mtu 1400 &&
			ipvsadm -e -t "$VIP:7000" -r 10.2.0.1:7000 -b -w 3 &&
			dpip route del 10.2.0.1/32 dev dpdk1 && dpip route del 10.1.0.1/32 dev dpdk0 &&
			ipvsadm -e -t "$VIP:7000" -r 10.2.0.1:7000 -b -w 1 &&
			CHANGES=$((CHANGES + 1)) || CHANGES_FAILED=1
	done
}

under_changes() {
	in_client "$TRAFFIC" tcp "$VIP" 7000 --seconds 2 --parallel 8 >"$BED/traffic" 2>"$BED/traffic.err" &
	LOAD=$!
	CHANGES=0 CHANGES_FAILED=0
	changes
	wait "$LOAD" || return
	echo "$CHANGES rounds of changes, failed: $CHANGES_FAILED"
	[ "$CHANGES_FAILED" = 0 ] && [ "$CHANGES" -gt 0 ]
}

for mode in off check on; do
	BED_BLOCKS=$(bed_short_timeouts)
	[ "$mode" = on ] || FLOW=$mode
	[ "$mode" != on ] || unset FLOW
	w="flow $mode"
	served 2 < <(
		service_lines t 80 80 wrr 1 1
		service_lines t 7000 7000 wrr 1 1
		service_lines u 7000 7000 rr 1 1
	)
	n=$(scaled 2000)
	traffic "$w: $n connections" tcp "$VIP" 7000 --count "$n" --parallel 16
	for closing in server reset half; do
		traffic "$w: $((n / 4)) connections closed by $closing" tcp "$VIP" 7000 --count $((n / 4)) \
			--parallel 16 --close "$closing"
	done
	traffic "$w: $n datagrams" udp "$VIP" 7000 --count "$n" --parallel 8
	ok "$w: 20 MB downloaded, checksum matches" download
	ok "$w: routes and weights change under load" under_changes
	accounted "$w"
	if [ "$mode" = off ]; then
		equal "$w: the stage has taken nothing" 0 "$(worker_sum flow)"
	else
		ok "$w: the stage has taken its part ($(worker_sum flow) of $(worker_sum sent))" \
			[ "$(worker_sum flow)" -gt 1000 ]
	fi
	stopped "$w"
done
test_done
