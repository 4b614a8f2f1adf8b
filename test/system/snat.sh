#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# SNAT: hosts behind the balancer reach others outside, all at once, by TCP, UDP
# and ping. Who is outside has no way to their net and sees public addresses only; by
# IPv6 it is also ranges of ports. And key xmit_ttl, when the conf file is read again.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"
needs tcpdump
needs_root tcpdump

INSIDE="1 2 3"
OUTSIDE=10.1.0.8 # where "server" 8 is
PUBLIC="10.1.0.201 10.1.0.202"
MATCH=src-range=10.2.0.1-10.2.0.100,oif=dpdk0
NET6=2001:db8
OUTSIDE6=$NET6:1::8
MATCH6=src-range=$NET6:2::1-$NET6:2::64,oif=dpdk0

snat_lines() {
	local proto address

	for proto in tcp udp; do
		echo "ipvsadm -A -H proto=$proto,$MATCH -s wrr"
		for address in $PUBLIC; do
			echo "ipvsadm -a -H proto=$proto,$MATCH -r $address -J"
		done
	done
	echo "ipvsadm -A -H proto=icmp,$MATCH -s wrr --conn-timeout 3"
	for address in $PUBLIC; do
		echo "ipvsadm -a -H proto=icmp,$MATCH -r $address -J"
	done
}

# A pool of two addresses: of each protocol 200 ports of the one and as many of the other, echoes without.
snat6_lines() {
	local proto address

	echo "dpip addr add $NET6:1::fe/64 dev dpdk0 nodad"
	echo "dpip addr add $NET6:2::fe/64 dev dpdk1 nodad"
	for proto in tcp udp icmp6; do
		echo "ipvsadm -A -H proto=$proto,$MATCH6 -s wrr$([ $proto != icmp6 ] || echo " --conn-timeout 3")"
		for address in $NET6:1::201 $NET6:1::202; do
			case $proto in
			icmp6) echo "ipvsadm -a -H proto=$proto,$MATCH6 -r $address -J" ;;
			*) echo "ipvsadm -a -H proto=$proto,$MATCH6 -r [$address]:5000-5199 -J" ;;
			esac
		done
	done
}

# at_once COMMAND…: for all hosts inside, each with its number behind; all succeed
at_once() {
	local n pids= code=0

	for n in $INSIDE; do
		"$@" "$n" &
		pids="$pids $!"
	done
	for n in $pids; do
		wait "$n" || code=1
	done
	return $code
}

host_curl() {
	HTTP=$BED/http$1 fetched "server$1" 400 "http://$OUTSIDE/"
}

# Several pings at once, each with an identifier of its own; every reply comes to its own. A packet that
# is late on a busy machine is no loss: -c ends with the last reply.
host_pings() {
	local n pids= code=0

	for n in 1 2 3 4; do
		in_server "$1" ping -q -c 20 -i 0.02 -w 60 "$OUTSIDE" &
		pids="$pids $!"
	done
	for n in $pids; do
		wait "$n" || code=1
	done
	return $code
}

# Requests and replies of three pieces each.
host_pings_long() {
	in_server "$1" ping -q -c 10 -i 0.02 -w 60 -s 4000 "$OUTSIDE"
}

host_sends_long() {
	in_server "$1" "$TRAFFIC" udp "$OUTSIDE" 7000 --count 50 --parallel 4 --size 5000
}

# host_sends PROTO COUNT [HOW] N
host_sends() {
	local proto=$1 count=$2 how=()

	[ $# = 3 ] || how=(--close "$3")
	in_server "${!#}" "$TRAFFIC" "$proto" "$OUTSIDE" 7000 --count "$count" --parallel 8 "${how[@]}"
}

# host6 N: pings, UDP and curl
host6() {
	in_server "$1" ping -q -c 5 -i 0.02 -w 60 "$OUTSIDE6" &&
		in_server "$1" "$TRAFFIC" udp "$OUTSIDE6" 7000 --count 50 --parallel 4 >"$BED/udp$1" &&
		HTTP=$BED/http$1 fetched "server$1" 20 "http://[$OUTSIDE6]/"
}

# What the outside host sees by IPv6: no host inside, and no port but those of the ranges.
only_public6() {
	tcpdump -n -q -r "$BED/seen.pcap" ip6 2>/dev/null | awk -v net="$NET6:1::20" '
		$2 != "IP6" { next }
		{ n++; name = $3; ok = index(name, net) == 1; port = split(name, part, ".") == 2 ? part[2] : 0 }
		!ok || (port && (port < 5000 || port > 5199)) { print; bad = 1 }
		port { ports++ }
		END { print n, ports; exit bad || ports < 100 || n == ports }'
}

# hops N: what is left of 64 at host 1 of answers from outside, by both families
hops() {
	local to

	for to in "$OUTSIDE" "$OUTSIDE6"; do
		in_server 1 ping -c 1 -W 5 "$to" | grep -q " ttl=$1 " || return 1
	done
}

# Key xmit_ttl goes off.
ttl_kept() {
	sed -i 's/conn { conn_init_timeout 6 }/conn {\n\t\tconn_init_timeout 6\n\t\txmit_ttl off\n\t}/' "$BED/dpvs.conf"
	kill -HUP "$DPVS_PID"
	bed_wait_for 10 hops 64
}

# Ten connections of a host come from one address, which is public.
host_seen() {
	local seen

	seen=$(in_server "$1" curl -sS --max-time 60 -H 'Connection: close' "http://$OUTSIDE/who?[1-10]" | sort | uniq -c)
	[[ $seen =~ ^\ *10\ ([0-9.]+)$ ]] && [[ " $PUBLIC " == *" ${BASH_REMATCH[1]} "* ]]
}

# sees COMMAND…: meanwhile the outside host writes down what comes
sees() {
	local pid

	: >"$BED/tcpdump"
	timeout 300 nsenter --net="$BED/ns/server8" tcpdump -n -p -U --immediate-mode -i eth0 -w "$BED/seen.pcap" \
		"dst host ($OUTSIDE or $OUTSIDE6) and (tcp or udp or icmp or (icmp6 and ip6[40] == 128))" 2>"$BED/tcpdump" </dev/null &
	pid=$!
	bed_wait_for 20 grep -q "listening on" "$BED/tcpdump" || return 1
	"$@"
	in_server 1 ping -q -c 1 -W 5 -p 656e6421 "$OUTSIDE" >/dev/null
	ok "$w: all is written down" bed_wait_for 20 grep -aqF 'end!end!' "$BED/seen.pcap"
	kill -INT "$pid"
	wait "$pid"
}

# Sources of what came: PROTO and address, each once; of the other net there must be none. What
# tcpdump takes for a protocol by its port it decodes, on further lines: only a packet's first counts.
seen() {
	tcpdump -n -q -r "$BED/seen.pcap" "$@" 2>/dev/null |
		awk '$2 == "IP" { if (split($3, part, ".") == 5) sub(/\.[0-9]+$/, "", $3); print $3 }' | sort -u
}

only_public() {
	local address n=0

	for address in $(seen "$1"); do
		[[ " $PUBLIC " == *" $address "* ]] || { echo "$1 from $address"; return 1; }
		n=$((n + 1))
	done
	[ "$n" -gt 0 ]
}

# A connection that is open, in the list: host, remote host, remote host, public address.
listed() {
	in_server 1 bash -c "exec 3<>/dev/tcp/$OUTSIDE/7000; '$DPVS_BIN/ipvsadm' -lnc -H proto=tcp,$MATCH" |
		grep -E "tcp .* 10.2.0.1:[0-9]+ +$OUTSIDE:7000 +10.1.0.20[12]:[0-9]+ +$OUTSIDE:7000 "
}

all_traffic() {
	local how

	ok "$w: curl, 400 connections of each host" at_once host_curl
	ok "$w: UDP of each host" at_once host_sends udp 500
	ok "$w: pings of each host" at_once host_pings
	ok "$w: pings in pieces of each host" at_once host_pings_long
	ok "$w: UDP in pieces of each host" at_once host_sends_long
	for how in server client reset half; do
		ok "$w: connections of each host that end by the $how" at_once host_sends tcp 100 "$how"
	done
	ok "$w: by IPv6: pings, UDP and curl of each host" at_once host6
}

BED_BLOCKS="$(bed_short_timeouts)
ipv6_defs { addr_gen_mode eui64 }"
bed_net 3
bed_node server8 0 $OUTSIDE/24
for n in $INSIDE; do
	must "host $n: IPv6" bed_ip6 "server$n" "$NET6:2::$n/64" $NET6:2::fe
	in_server "$n" ip route add 10.1.0.0/24 via 10.2.0.254
done
must "outside: IPv6" bed_ip6 server8 $OUTSIDE6/64 $NET6:1::9
must "nginx outside" bed_nginx 8
must "traffic server outside" bed_traffic_server 8

for workers in $WORKERS; do
	w="workers $workers"
	served "$workers" < <(snat_lines; snat6_lines)
	must "$w: what the outside host sees" sees all_traffic
	ok "$w: TCP comes from public addresses only" only_public tcp
	ok "$w: UDP comes from public addresses only" only_public udp
	ok "$w: pings come from public addresses only" only_public icmp
	ok "$w: by IPv6 all comes from public addresses and ports" only_public6
	ok "$w: one of the hop limit is taken" hops 63
	ok "$w: none, when the conf file is read again" ttl_kept
	for n in $INSIDE; do
		ok "$w: host $n has one of them" host_seen "$n"
	done
	ok "$w: a connection is listed" listed
	ok "$w: nobody outside gets in by a public address" eval \
		'! bed_in server8 curl -s -o /dev/null --connect-timeout 2 "http://10.1.0.201/"'
	accounted "$w"
	stopped "$w"
done
test_done
