#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# HTTP through a virtual address: curl, many short connections, a large download.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"

BED_BLOCKS=$(bed_short_timeouts)
bed_net 3
for n in 1 2 3; do
	must "nginx of server $n" bed_nginx "$n"
	mkdir "$BED/nginx$n/root/files"
	ln "$BED/large" "$BED/nginx$n/root/files/large" 2>/dev/null ||
		head -c 220000000 /dev/urandom >"$BED/nginx$n/root/files/large"
	[ -e "$BED/large" ] || ln "$BED/nginx$n/root/files/large" "$BED/large"
done
sum=$(sha256sum <"$BED/large")

# One connection, many requests: they stay with one server.
http_keepalive() {
	in_client curl -sS --max-time 120 "http://$VIP/?token=[1-200]" >"$BED/http" &&
		[ "$(wc -l <"$BED/http")" = 200 ] && [ "$(cut -d' ' -f1 "$BED/http" | sort -u | wc -l)" = 1 ]
}

http_download() {
	[ "$(in_client curl -sS --max-time 240 "http://$VIP/files/large" | sha256sum)" = "$sum" ]
}

for workers in $WORKERS; do
	w="workers $workers"
	served "$workers" < <(service_lines t 80 80 wrr 1 2 1)
	ok "$w: curl, 500 connections" fetched client 500 "http://$VIP/"
	ok "$w: curl, 200 requests of one connection" http_keepalive
	traffic "$w: $(scaled 10000) short connections without one failure" \
		http "$VIP" 80 --count "$(scaled 10000)" --parallel 16
	near "$w: server 1 has its quarter" "$(scaled 2500)" "$(share 1)" "$(scaled 100)"
	near "$w: server 2 has its half" "$(scaled 5000)" "$(share 2)" "$(scaled 100)"
	ok "$w: 220 MB downloaded, checksum matches" http_download
	accounted "$w"
	stopped "$w"
done
test_done
