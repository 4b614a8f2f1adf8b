#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Servers and services change under load, and nobody notices: removed, added,
# drained by weight 0; schedulers keep their shares.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"

BED_BLOCKS=$(bed_short_timeouts)
bed_net 3
for n in 1 2 3; do
	must "traffic server $n" bed_traffic_server "$n"
done

# load SECONDS COMMAND: the command runs while the client sends; then $BED/traffic has the report
load() {
	local seconds=$1
	shift

	in_client "$TRAFFIC" tcp "$VIP" 7000 --seconds "$seconds" --parallel 8 \
		>"$BED/traffic" 2>"$BED/traffic.err" &
	LOAD=$!
	"$@"
	wait "$LOAD"
}

come_and_go() {
	local n

	while kill -0 "$LOAD" 2>/dev/null; do
		for n in 1 2 3; do
			ipvsadm -d -t "$VIP:7000" -r "10.2.0.$n:7000" || CHANGES_FAILED=1
			ipvsadm -a -t "$VIP:7000" -r "10.2.0.$n:7000" -b -w "$n" || CHANGES_FAILED=1
			CHANGES=$((CHANGES + 2))
			sleep 0.05
		done
	done
}

drain() {
	sleep 1
	ipvsadm -e -t "$VIP:7000" -r 10.2.0.2:7000 -b -w 0
}

for workers in $WORKERS; do
	w="workers $workers"
	served "$workers" < <(service_lines t 7000 7000 wrr 1 1 1)

	CHANGES=0 CHANGES_FAILED=0
	if load 5 come_and_go; then
		pass "$w: servers come and go under load: $(head -n 1 "$BED/traffic")"
	else
		cat "$BED/traffic" "$BED/traffic.err" | why
		failed "$w: servers come and go under load"
	fi
	equal "$w: all changes were accepted" 0 "$CHANGES_FAILED"
	ok "$w: there were changes enough" [ "$CHANGES" -gt 10 ]

	ok "$w: a server is drained under load" load 3 drain
	traffic "$w: behind the drain" tcp "$VIP" 7000 --count 300 --parallel 4
	equal "$w: the drained server gets nothing" 0 "$(share 2)"

	# A connection that stands outlives its server's removal.
	in_client bash -c "exec 3<>/dev/tcp/$VIP/7000; echo held >&4; read -r go <&5
		echo 'c 0123456789abcdef' >&3; head -n 1 <&3" 4>"$BED/held" 5< <(
		bed_wait_for 10 test -s "$BED/held"
		for n in 1 2 3; do ipvsadm -d -t "$VIP:7000" -r "10.2.0.$n:7000"; done
		echo go
	) >"$BED/answer"
	equal "$w: an established connection outlives its server" "0123456789abcdef" \
		"$(cut -d' ' -f2 "$BED/answer")"
	in_client "$TRAFFIC" tcp "$VIP" 7000 --count 3 --timeout-ms 2000 --quiet >"$BED/traffic"
	equal "$w: without a server nothing is answered" 0 "$(awk '$1 == "requests" { print $4 }' "$BED/traffic")"

	for n in 1 2 3; do
		ok "$w: server $n is back" ipvsadm -a -t "$VIP:7000" -r "10.2.0.$n:7000" -b -w "$n"
	done
	traffic "$w: wrr 1:2:3" tcp "$VIP" 7000 --count 1200 --parallel 4
	near "$w: wrr, server 1" 200 "$(share 1)" 24
	near "$w: wrr, server 2" 400 "$(share 2)" 24
	near "$w: wrr, server 3" 600 "$(share 3)" 24
	ok "$w: the scheduler becomes rr" ipvsadm -E -t "$VIP:7000" -s rr
	traffic "$w: rr" tcp "$VIP" 7000 --count 1200 --parallel 4
	for n in 1 2 3; do
		near "$w: rr, server $n" 400 "$(share $n)" 24
	done
	ok "$w: the scheduler becomes wlc" ipvsadm -E -t "$VIP:7000" -s wlc
	bed_wait_for 15 connections_gone
	traffic "$w: wlc 1:2:3, connections that stay" tcp "$VIP" 7000 --count 600 --parallel 600 \
		--close not --hold-ms 500
	near "$w: wlc, server 1" 100 "$(share 1)" 30
	near "$w: wlc, server 2" 200 "$(share 2)" 30
	near "$w: wlc, server 3" 300 "$(share 3)" 30

	bed_wait_for 15 connections_gone
	ok "$w: the service becomes persistent" ipvsadm -E -t "$VIP:7000" -s rr -p 3 -M 255.255.255.0
	traffic "$w: a persistent client" tcp "$VIP" 7000 --count 60 --parallel 4
	equal "$w: all its connections went to one server" "0 0 60" \
		"$(for n in 1 2 3; do share $n; done | sort -n | xargs)"
	equal "$w: its template is listed" 1 "$(ipvsadm -lnc | grep -c "ASSURED .* template$")"
	equal "$w: and counted" 1 "$(ipvsadm -ln --persistent-conn | awk '/->/ { n += $4 } END { print n }')"
	ok "$w: the template ends with its connections" bed_wait_for 80 \
		eval '[ "$(ipvsadm -lnc | grep -c template)" = 0 ]'

	# A connection that stands ends with its server, when the service says so.
	ok "$w: --on-remove reset" ipvsadm -E -t "$VIP:7000" -p 0 --on-remove reset
	in_client bash -c "exec 3<>/dev/tcp/$VIP/7000; echo 'c 0123456789abcdef' >&3; head -n 1 <&3
		echo held >&4; read -r -t 20 more <&3; echo \"\$?\"" 4>"$BED/held2" >"$BED/answer" 2>&1 &
	held=$!
	bed_wait_for 10 test -s "$BED/held2"
	for n in 1 2 3; do ipvsadm -d -t "$VIP:7000" -r "10.2.0.$n:7000"; done
	wait "$held"
	equal "$w: an established connection is reset with its server" 1 "$(tail -n 1 "$BED/answer")"
	ok "$w: the service goes" ipvsadm -D -t "$VIP:7000"
	accounted "$w"
	stopped "$w"
done
test_done
