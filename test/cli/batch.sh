#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Batches: order, errors with their line, -F, standard input, and speed.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"
bed_net 0
bed_conf 3 <<-END
	dpip addr add 10.1.0.254/24 dev dpdk0
	dpip addr add 10.2.0.254/24 dev dpdk1
END
must "dpvs starts" bed_start

cat >"$BED/batch" <<END
# comments and empty lines are nothing

addr add 10.1.0.1/32 dev dpdk0
dpip addr add 10.1.0.2/32 dev dpdk0
addr del 10.1.0.1/32 dev dpdk0
END
ok "a batch, with and without the program's name" dpip -b "$BED/batch"
ok "a batch runs in order" eval 'dpip addr show | grep -q 10.1.0.2/32 && ! dpip addr show | grep -q 10.1.0.1/32'
echo "addr add 10.1.0.3/32 dev dpdk0" >"$BED/batch"
ok "standard input" eval 'dpip -b - <"$BED/batch" && dpip addr show | grep -q 10.1.0.3/32'

cat >"$BED/batch" <<END
addr add 10.1.0.11/32 dev dpdk0
addr add 10.1.0.12/32 dev dpdk0
addr add 10.1.0.12/32 dev dpdk0
addr add 10.1.0.13/32 dev dpdk0
END
refused "a line that is refused is named" 1 "batch:3: " dpip -b "$BED/batch"
ok "lines before it were applied, later ones not" eval \
	'dpip addr show | grep -q 10.1.0.12/32 && ! dpip addr show | grep -q 10.1.0.13/32'
sed -i 's/10.1.0.1/10.1.0.2/' "$BED/batch"
refused "-F: the line is named" 1 "batch:3: " dpip -F -b "$BED/batch"
ok "-F: later lines were applied" eval 'dpip addr show | grep -q 10.1.0.23/32'
cat >"$BED/batch" <<END
addr add 10.1.0.31/32 dev dpdk0
addr frob
addr add 10.1.0.32/32 dev dpdk0
END
refused "a line that is no command is named" 1 "batch:2: " dpip -b "$BED/batch"
ok "later lines were not applied" eval 'dpip addr show | grep -q 10.1.0.31/32 && ! dpip addr show | grep -q 10.1.0.32/32'
cat >"$BED/batch" <<'END'
addr add 10.1.0.4\
1/32 \
	dev dpdk0 # not the comment \
addr add "10.1.0.42/32\
" dev dpdk0
addr \
	frob
END
refused "a line that goes on is named by where it begins" 1 "batch:6: " dpip -b "$BED/batch"
ok "a backslash at the end goes on in the next line" eval \
	'dpip addr show | grep -q 10.1.0.41/32 && dpip addr show | grep -q 10.1.0.42/32'
refused "a batch that is not there" 1 "$BED/none" dpip -b "$BED/none"

# Milliseconds of all CPUs that went neither to the daemon nor to this script's commands.
others() {
	local busy own children

	busy=$(awk '/^cpu / { print 10 * ($2 + $3 + $4 + $7 + $8 + $9) }' /proc/stat)
	own=$(cat "/proc/$(cat "$BED/dpvs.pid")"/task/*/schedstat | awk '{ s += $1 } END { print int(s / 1000000) }')
	children=$(awk '{ print 10 * ($16 + $17) }' /proc/$$/stat)
	echo $((busy - own - children))
}

# quick NAME COMMAND…: 10,000 operations in one batch; under $LIMIT ms with 3 workers, unless others
# had a quarter of a CPU or more meanwhile
LIMIT=500
quick() {
	local name=$1 begin took taken
	shift

	taken=$(others)
	begin=${EPOCHREALTIME/./}
	ok "$name" "$@"
	took=$(((${EPOCHREALTIME/./} - begin) / 1000))
	taken=$(($(others) - taken))
	[ "$taken" -ge 0 ] || taken=0 # ticks are coarse
	if [ -n "$SANITIZED" ]; then
		skip "$name, under $LIMIT ms: slow programs are not measured (here $took ms)"
	elif [ "$took" -ge "$LIMIT" ] && [ $((taken * 4)) -gt "$took" ]; then
		skip "$name, under $LIMIT ms: the machine is busy (here $took ms, others had $taken ms of the CPUs)"
	else
		ok "$name, under $LIMIT ms with 3 workers (here $took ms, others had $taken ms of the CPUs)" [ "$took" -lt "$LIMIT" ]
	fi
}

awk 'BEGIN { for (i = 0; i < 10000; i++)
	printf "route add 20.%d.%d.0/24 via 10.2.0.%d dev dpdk1\n", i / 250, i % 250, 1 + i % 200 }' >"$BED/many"
quick "10,000 routes" dpip -b "$BED/many"
for n in 0 1 2 3; do
	equal "all 10,000 are in the tables of worker $n" 10000 "$(dpip --cpu $n route show | grep -c ' via 10.2.0.')"
done
sed 's/route add/route del/; s/via [^ ]* //' "$BED/many" >"$BED/few"
ok "and go again" dpip -b "$BED/few"
equal "none is left" 0 "$(dpip route show | grep -c ' via 10.2.0.')"

# 10,000 servers in one service, with the scheduler that has most to do about them
ipvsadm -A -t 10.1.0.90:80 -s wrr
awk 'BEGIN { for (i = 0; i < 10000; i++)
	printf "-a -t 10.1.0.90:80 -r 10.50.%d.%d:80 -b -w %d\n", i / 250, 1 + i % 250, 1 + i % 7 }' >"$BED/many"
quick "10,000 servers of one service" eval 'ipvsadm -R <"$BED/many"'
refused "and each is there once" 1 "stdin:1: " ipvsadm -R <"$BED/many"
equal "all 10,000 are listed" 10000 "$(ipvsadm -ln | grep -c -- '-> 10.50.')"
awk 'BEGIN { for (i = 0; i < 10000; i++)
	printf "-e -t 10.1.0.90:80 -r 10.50.%d.%d:80 -w 9\n", i / 250, 1 + i % 250 }' >"$BED/edits"
quick "10,000 servers are edited" eval 'ipvsadm -R <"$BED/edits"'
equal "each has its new weight, and is else as it was" 10000 "$(ipvsadm -ln | grep -c -- '-> 10.50..* FullNat 9 ')"
printf -- '-e -t 10.1.0.90:80 -r 10.50.0.%d:80 -w 9\n' 1 251 2 >"$BED/edits"
refused "an edit that is refused is named" 1 "stdin:2: there is no real server 10.50.0.251:80 of TCP 10.1.0.90:80" \
	ipvsadm -R <"$BED/edits"
# every 7919th: neither in their order nor against it
awk 'BEGIN { for (i = 0; i < 10000; i++) {
	n = i * 7919 % 10000
	printf "-d -t 10.1.0.90:80 -r 10.50.%d.%d:80\n", n / 250, 1 + n % 250 } }' >"$BED/few"
quick "10,000 servers go" eval 'ipvsadm -R <"$BED/few"'
equal "none is left" 0 "$(ipvsadm -ln | grep -c -- '-> 10.50.')"
quick "10,000 servers come back" eval 'ipvsadm -R <"$BED/many"'
quick "10,000 servers go with their service" ipvsadm -D -t 10.1.0.90:80

awk 'BEGIN { for (i = 0; i < 10000; i++) printf "-A -t 10.60.%d.%d:80 -s wrr\n", i / 250, 1 + i % 250 }' >"$BED/many"
quick "10,000 services" eval 'ipvsadm -R <"$BED/many"'
sed 's/^-A/-E/; s/wrr/rr/' "$BED/many" >"$BED/edits"
quick "10,000 services are edited" eval 'ipvsadm -R <"$BED/edits"'
equal "each has its new scheduler" 10000 "$(ipvsadm -ln | grep -c '^TCP  10.60..* rr')"
sed 's/^-A/-D/; s/ -s wrr//' "$BED/many" >"$BED/few"
quick "10,000 services go" eval 'ipvsadm -R <"$BED/few"'
quick "10,000 services come back" eval 'ipvsadm -R <"$BED/many"'
quick "10,000 services are cleared" ipvsadm -C
equal "none is left" 0 "$(ipvsadm -ln | grep -c ^TCP)"

# 10,000 services with four servers each, by ours and by stock ipvsadm: the same table both ways
LIMIT=5000
awk 'BEGIN { for (i = 0; i < 10000; i++) {
	service = sprintf("10.60.%d.%d:80", i / 250, 1 + i % 250)
	print "-A -t " service " -s wrr"
	for (n = 1; n <= 4; n++) print "-a -t " service " -r 10.50.0." n ":80 -g -w " n } }' >"$BED/many"
quick "10,000 services with 40,000 servers" eval 'ipvsadm -R <"$BED/many"'
ipvsadm -S -n >"$BED/ours"
equal "they are saved, each" 50000 "$(grep -c . "$BED/ours")"
if [ -x /usr/sbin/ipvsadm ]; then
	stock() {
		"$DPVS_BIN/dpvs-run" /usr/sbin/ipvsadm "$@"
	}
	quick "stock ipvsadm saves them" eval 'stock -S -n >"$BED/stock"'
	equal "each" 50000 "$(grep -c . "$BED/stock")"
	stock -C
	# which asks one thing at a time, over a socket of its own each
	quick "stock ipvsadm restores them" eval 'stock -R <"$BED/stock"'
	ok "the same table" cmp "$BED/ours" <(ipvsadm -S -n)
else
	skip "the same by stock ipvsadm: /usr/sbin/ipvsadm is not installed, see scripts/install-deps"
fi
ipvsadm -C
LIMIT=500

# 10,000 local addresses of one service
ipvsadm -A -t 10.1.0.90:80 -s wrr
awk 'BEGIN { for (i = 0; i < 10000; i++)
	printf "-P -t 10.1.0.90:80 -z 10.70.%d.%d -F dpdk1\n", i / 250, 1 + i % 250 }' >"$BED/many"
quick "10,000 local addresses of one service" eval 'ipvsadm -R <"$BED/many"'
equal "all 10,000 are listed" 10000 "$(ipvsadm -G -n | grep -c ' 10.70.')"
sed 's/^-P/-Q/' "$BED/many" >"$BED/few"
quick "10,000 local addresses go" eval 'ipvsadm -R <"$BED/few"'
equal "none is left" 0 "$(ipvsadm -G -n | grep -c ' 10.70.')"
equal "nor on the device" 0 "$(dpip addr show dev dpdk1 | grep -c 'inet 10.70.')"
quick "10,000 local addresses come back" eval 'ipvsadm -R <"$BED/many"'
quick "10,000 local addresses go with their service" ipvsadm -D -t 10.1.0.90:80

# many clients at once
for n in $(seq 8); do
	awk -v n="$n" 'BEGIN { for (i = 0; i < 200; i++) printf "addr add 10.%d.%d.1/32 dev dpdk1\n", 100 + n, i }' >"$BED/client$n"
	dpip -b "$BED/client$n" &
	clients="$clients $!"
done
code=0
for pid in $clients; do
	wait "$pid" || code=1
done
equal "8 clients at once" 0 "$code"
equal "and nothing of theirs is missing" 1600 "$(dpip addr show dev dpdk1 | grep -cE 'inet 10.10[1-8]\.')"
for n in 1 2 3; do
	equal "on worker $n neither" 1600 "$(dpip --cpu "$n" addr show dev dpdk1 | grep -cE 'inet 10.10[1-8]\.')"
done
stopped "behind all that"
test_done
