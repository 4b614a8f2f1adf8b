#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# How packets find their workers, as `dpip link show` tells: by the RSS of ports
# that take a key and a table (DPDK's null driver does), else by hand-over.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"

# conf WORKERS PORT…: these ports are of the null driver
conf() {
	local workers=$1 port
	shift

	bed_conf "$workers" </dev/null
	for port; do
		sed -i "s/net_tap$port,iface=tap$port/net_null$port,no-rx=1/" "$BED/dpvs.conf"
	done
}

# steered NAME METHODS: of all ports, joined by |
steered() {
	json "$1" "'|'.join(x['steering'] for x in j) == '$2'" dpip -j -v link show
}

# The other side of the wire: there is none.
bed_attach() {
	:
}

conf 3 0 1
must "dpvs starts on two ports with RSS" bed_start
steered "both by RSS" "rss|rss"
ok "in words" eval '[ "$(dpip -v link show | grep -c "driver net_null device net_null[01] steering rss")" = 2 ]'
ok "a port that comes later" eval 'dpip link add late vdev net_null7,no-rx=1 && dpip link add tap vdev net_tap7,iface=tap7'
steered "is told what holds, if it can be" "rss|rss|rss|software"
bed_stop

conf 3 1
must "dpvs starts on a port with RSS and one without" bed_start
steered "each by what it can" "software|rss"
bed_stop

conf 3 0 1
sed -i '/rx {/s/ }/\n rss tcp }/' "$BED/dpvs.conf"
must "dpvs starts with RSS of TCP only" bed_start
steered "which is not enough" "software|software"
bed_stop

conf 1 0 1
must "dpvs starts with one worker" bed_start
steered "which owns all" "one worker|one worker"
test_done
