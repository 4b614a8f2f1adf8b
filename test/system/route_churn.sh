#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A hundred thousand routes of both families are added, deleted and replaced at
# random while packets go by three workers. Each of these finds its server,
# though longer and shorter prefixes come and go around it and its own route is
# replaced all the time; behind that all workers' tables are what a plain model
# says (a dictionary, searched length by length), and so is every lookup.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"
BED_BLOCKS="ipv4_defs { forwarding on }"
bed_net 2
STEADY=51.0.0.1 # of server 1 alone
ANY=50.0.0.1    # of both
in_client ip route replace default via 10.1.0.254
for n in 1 2; do
	in_server $n ip address add $ANY/32 dev lo
	in_server $n ip route replace default via 10.2.0.254
	must "traffic server $n" bed_traffic_server $n
done
in_server 1 ip address add $STEADY/32 dev lo
served 3 < <(
	echo "dpip addr add fd00:2::254/64 dev dpdk1 nodad"
	echo "dpip route add 50.0.0.0/8 via 10.2.0.1"
	echo "dpip route add 51.0.0.0/8 via 10.2.0.2"
	echo "dpip route add 51.0.0.0/24 via 10.2.0.1"
	echo "dpip route add 2600::/12 via fd00:2::1"
)

# model FILE…: STEPS changes, in as many files; then in expect.json what must be, and in lookups what is asked
model() {
	$PYTHON - "$BED" "$STEPS" "$@" <<-'END'
		import ipaddress, json, random, sys
		bed, steps, files = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
		rnd = random.Random(17)
		any_addr, steady = (int(ipaddress.ip_address(a)) for a in ("50.0.0.1", "51.0.0.1"))
		width = {4: 32, 6: 128}
		table = {}  # (family, length, net, metric): (kind, gateway)
		table[4, 8, 50 << 24, 0] = "unicast", "10.2.0.1"
		table[4, 8, 51 << 24, 0] = "unicast", "10.2.0.2"
		table[4, 24, 51 << 24, 0] = "unicast", "10.2.0.1"
		table[6, 12, 0x2600 << 112, 0] = "unicast", "fd00:2::1"
		fixed = set(table)
		text = lambda f, n, l: "%s/%d" % (ipaddress.IPv4Address(n) if f == 4 else ipaddress.IPv6Address(n), l)
		inside = lambda f, n, l, a: a >> (width[f] - l) == n >> (width[f] - l)

		def place():
		    if rnd.random() < .8:
		        f, l = 4, rnd.choice((9, 12, 14, 15, 16, 16, 17, 19, 20, 21, 22, 22, 23, 23, 24, 24, 24, 24, 25, 28, 30, 32))
		        a = rnd.choice((50, 51)) << 24 | rnd.randrange(4) << 22 | rnd.randrange(3) << 14 | rnd.randrange(8) << 8 | rnd.randrange(4) << 5 | rnd.randrange(3)
		    else:
		        f, l = 6, rnd.choice((13, 15, 16, 20, 28, 29, 32, 32, 36, 40, 44, 47, 48, 48, 48, 56, 64, 127, 128))
		        a = 0x2600 << 112 | rnd.randrange(8) << 108 | rnd.randrange(1 << 6) << 92 | rnd.randrange(1 << 4) << 78 | rnd.randrange(3) << 63 | rnd.randrange(2)
		    return f, l, a >> (width[f] - l) << (width[f] - l)

		def way(f, l, n):
		    if f == 6:
		        return "unicast", "fd00:2::%d" % rnd.randrange(1, 9)
		    if inside(f, n, l, any_addr):
		        return "unicast", rnd.choice(("10.2.0.1", "10.2.0.2"))
		    if inside(f, n, l, steady) and l >= 24:
		        return "unicast", "10.2.0.1"
		    kind = rnd.choice(("unicast",) * 4 + ("blackhole", "unreachable"))
		    return kind, "10.2.0.2" if kind == "unicast" else None

		keys, at = [], {}  # of those that may go
		def forget(key):
		    last = keys.pop()
		    if last != key:
		        keys[at[key]] = last
		        at[last] = at[key]
		    del at[key], table[key]
		for number, name in enumerate(files):
		    with open(bed + "/" + name, "w") as out:
		        for i in range(steps // len(files)):
		            draw = rnd.random()
		            if draw < .1:
		                out.write("route replace 51.0.0.0/24 via 10.2.0.1 mtu %d\n" % rnd.randrange(1300, 1500))
		                continue
		            if keys and draw < (.3 if len(keys) < 2000 else .5):
		                key = rnd.choice(keys)
		                kind, via = table[key]
		                out.write("route del %s %s%s\n" % (kind, text(key[0], key[2], key[1]), " metric %d" % key[3] if key[3] else ""))
		                forget(key)
		                continue
		            if keys and draw < .65:
		                key, verb = rnd.choice(keys), "replace"
		            else:
		                f, l, n = place()
		                key = f, l, n, rnd.choice((0, 0, 0, 5))
		                if key in fixed:
		                    continue
		                verb = "replace" if key in table else "add"
		            f, l, n, metric = key
		            if key not in table:
		                at[key] = len(keys)
		                keys.append(key)
		            kind, via = table[key] = way(f, l, n)
		            out.write("route %s %s %s%s%s\n" % (verb, kind, text(f, n, l), " via " + via if via else "", " metric %d" % metric if metric else ""))

		def lookup(f, a):
		    for l in range(width[f], -1, -1):
		        n = a >> (width[f] - l) << (width[f] - l)
		        for metric in (0, 5):
		            if (f, l, n, metric) in table:
		                return [text(f, n, l), metric, *table[f, l, n, metric]]
		asked = []
		for key in rnd.sample(sorted(table), min(len(table), 1500)):
		    f, l, n, metric = key
		    asked.append((f, n | rnd.getrandbits(width[f] - l) if l < width[f] else n))
		for i in range(500):
		    f, l, n = place()
		    asked.append((f, n))
		with open(bed + "/lookups", "w") as out:
		    for f, a in asked:
		        out.write("route get %s\n" % text(f, a, 0).split("/")[0])
		rows = sorted([text(f, n, l), metric, kind, via] for (f, l, n, metric), (kind, via) in table.items())
		json.dump({"table": rows, "lookups": [lookup(f, a) for f, a in asked]}, open(bed + "/expect.json", "w"))
	END
}

# as_model WHAT: rows as dpip prints them in JSON, one array after the other, are those of the model
as_model() {
	$PYTHON -c '
import json, sys
what, want = sys.argv[1], json.load(open(sys.argv[2]))[sys.argv[1]]
decoder, text, got = json.JSONDecoder(), sys.stdin.read().strip(), []
while text:
    rows, end = decoder.raw_decode(text)
    text = text[end:].lstrip()
    for x in rows:
        dst = x["dst"] if "/" in x["dst"] else x["dst"] + ("/128" if x["family"] == "inet6" else "/32")
        if x.get("protocol") != "kernel" and dst[:2] in ("50", "51", "26"):
            got.append([dst, x.get("metric", 0), x.get("type", "unicast"), x.get("gateway")])
if what == "table":
    got.sort()
wrong = [(w, g) for w, g in zip(want, got) if w != g]
print(len(want), len(got), wrong[:5])
sys.exit(0 if want == got and len(want) > 300 else 1)' "$1" "$BED/expect.json"
}

# keeps_on NAME ADDRESS: requests to there one after the other, until the churn is over; how many were answered
keeps_on() {
	local name=$1 to=$2 sent=0

	while [ ! -e "$BED/churned" ]; do
		in_client "$TRAFFIC" udp "$to" 7000 --count 300 --parallel 3 --timeout-ms 20000 >"$BED/$name.said" 2>&1 || {
			cat "$BED/$name.said" >"$BED/$name.lost"
			break
		}
		sent=$((sent + 300))
	done
	echo "$sent" >"$BED/$name.sent"
}

STEPS=$(scaled 100000)
must "the changes" model 1 2 3 4 5
keeps_on any $ANY &
keeps_on steady $STEADY &
for n in 1 2 3 4 5; do
	ok "a fifth of $STEPS changes" dpip -b "$BED/$n"
done
: >"$BED/churned"
wait_sent() {
	[ -e "$BED/any.sent" ] && [ -e "$BED/steady.sent" ]
}
ok "packets went meanwhile" bed_wait_for 60 wait_sent
for name in any steady; do
	if [ -e "$BED/$name.lost" ]; then
		why <"$BED/$name.lost"
		failed "each packet to $name found its server"
	else
		ok "each packet to $name found its server (here $(cat "$BED/$name.sent"))" [ "$(cat "$BED/$name.sent")" -ge 300 ]
	fi
done
for n in 0 1 2 3; do
	ok "the table of worker $n is the model's" eval \
		"dpip -j --cpu $n route show | as_model table"
done
ok "lookups are the model's" eval 'dpip -j -b "$BED/lookups" | as_model lookups'
stopped "behind all that"
test_done
