#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Debian's FRR, unmodified, over a kernel interface: see routing_proof in
# test/lib/routing.sh. Its daemons have a user of their own, sockets in /var/run/frr
# and their conf file in /etc/frr, which are the bed's own here.
#
# Plain only: what FRR asks of the balancer, BIRD does, too (bird.sh).

. "$(dirname "$0")/../lib/routing.sh"
bed_enter "$@"
FRR=/usr/lib/frr
DAEMONS="zebra staticd bgpd ospfd ospf6d"
routing_needs bird birdc vtysh $(for daemon in $DAEMONS; do echo "$FRR/$daemon"; done)

frr_dirs() {
	local dir

	for dir in /var/run/frr /etc/frr; do
		mkdir -p "$dir" && mount -t tmpfs none "$dir" && mkdir "$dir/dpvs" || return 1
	done
	cp "$ROOT/conf/frr.conf.sample" /etc/frr/dpvs/frr.conf && echo "service integrated-vtysh-config" >/etc/frr/dpvs/vtysh.conf &&
		chown -R frr:frr /var/run/frr /etc/frr
}

# As the package's frrinit.sh does it.
daemon_start() {
	local daemon

	for daemon in $DAEMONS; do
		"$FRR/$daemon" -d -N dpvs >>"$BED/frr.out" 2>&1 || return 1
	done
	vtysh -N dpvs -b >>"$BED/frr.out" 2>&1
}

# zebra last, which takes what is left out of the kernel.
daemon_stop() {
	local daemon

	for daemon in ospf6d ospfd bgpd staticd zebra; do
		process_ends TERM "$(cat "/var/run/frr/dpvs/$daemon.pid")" || return 1
	done
}

frr_says() {
	vtysh -N dpvs -c "$1" 2>>"$BED/frr.out" >"$BED/frr-says" && cat "$BED/frr-says"
}

bgp_is_up() {
	frr_says "show bgp neighbors $ROUTER" | grep -q "BGP state = Established"
}

ospf_is_up() {
	frr_says "show ip ospf neighbor" | grep -Eq "^$ROUTER .*Full/"
}

must "FRR's directories" frr_dirs
routing_proof FRR 1 bgp ospf
test_done
