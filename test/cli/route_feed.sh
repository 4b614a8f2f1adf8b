#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A router's routes in batches: a line that is refused is named, and no later
# line was applied, wherever in its frame or in which frame it stands; all
# workers have the same; they go again and leave nothing. Loading a million is
# measured, not tested: bin/test/system/feed add 4 1000000 via 10.2.0.% | dpip -b -

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"
bed_net 0
bed_conf 3 <<-END
	dpip addr add 10.1.0.254/24 dev dpdk0
	dpip addr add 10.2.0.254/24 dev dpdk1
	dpip addr add fd00:2::254/64 dev dpdk1
END
must "dpvs starts" bed_start

feed() {
	"$DPVS_BIN/test/system/feed" "$@"
}

# Routes of the feed: by their gateways
routes() {
	dpip "$@" route show | grep -cE ' via (10\.2\.0|fd00:2:)'
}

COUNT=${SANITIZED:+40000}
COUNT=${COUNT:-100000}
BAD=$((COUNT - 30000))
feed add 4 $COUNT via 10.2.0.% >"$BED/add"
sed "${BAD}s/via .*/via 10.9.9.9/" "$BED/add" >"$BED/bad"
refused "of many routes the one that is refused is named" 1 "bad:$BAD: route" dpip -b "$BED/bad"
equal "those before it were applied, no later one" $((BAD - 1)) "$(routes)"
equal "on each worker" "$(dpip route show | md5sum)" "$(dpip --cpu 3 route show | md5sum)"
sed -n "$((COUNT - 9)),\$p" "$BED/add" | sed 's/$/ frob/' >"$BED/word"
refused "a line that is no command, far behind" 1 "stdin:$((COUNT - BAD + 1)): " \
	dpip -b - < <(sed -n "$BAD,$((COUNT))p" "$BED/add" | head -n $((COUNT - BAD)); cat "$BED/word")
equal "all before it were applied" $((COUNT - 1)) "$(routes)"
ok "the last one" eval 'tail -n 1 "$BED/add" | dpip -b -'
refused "again: the first is there" 1 "add:1: route" dpip -b "$BED/add"
refused "-F: each is named" 1 "add:$COUNT: route" dpip -F -b "$BED/add"
equal "each once" "$COUNT" "$(grep -c already.there "$BED/refused.err")"
ok "replaced" eval 'feed replace 4 $COUNT via 10.2.0.7 | dpip -b -'
equal "each has the new gateway" "$COUNT" "$(dpip route show | grep -c ' via 10.2.0.7 ')"
for n in 1 2 3; do
	equal "worker $n has the master's routes" "$(dpip route show | md5sum)" "$(dpip --cpu $n route show | md5sum)"
done
feed del 4 $COUNT >"$BED/del"
echo "route del 1.2.3.4/32" >>"$BED/del"
refused "deleted; one that is not there is named" 1 "del:$((COUNT + 1)): no such route 1.2.3.4/32" dpip -b "$BED/del"
equal "none is left" 0 "$(routes)"

ok "IPv6" eval 'feed add 6 20000 via fd00:2::% | dpip -6 -b -'
equal "all are there" 20000 "$(routes -6)"
equal "on each worker" "$(dpip -6 route show | md5sum)" "$(dpip -6 --cpu 2 route show | md5sum)"
ok "deleted" eval 'feed del 6 20000 | dpip -6 -b -'
equal "none is left" 0 "$(routes -6)"
equal "nor on a worker" 0 "$(routes -6 --cpu 1)"
stopped "behind all that"
test_done
