#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# dpip: every object and command, as text, as JSON, and refused.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"
bed_net 0
bed_conf 2 </dev/null
must "dpvs starts" bed_start

# --- addresses ------------------------------------------------------------------
prints "addr show: nothing" dpip addr show </dev/null
json "addr show -j: nothing" 'j == []' dpip -j addr show
ok "addr add A/P" dpip addr add 10.1.0.254/24 dev dpdk0
ok "addr add A" dpip addr add 10.1.0.100 dev dpdk0
ok "addr add with everything" dpip addr add 10.2.0.254/24 dev dpdk1 broadcast 10.2.0.255 scope link \
	valid_lft 3000 preferred_lft 2000 sapool
prints "addr show dev" dpip addr show dev dpdk0 <<END
inet 10.1.0.254/24 scope global dpdk0
     valid_lft forever preferred_lft forever
inet 10.1.0.100/32 scope global dpdk0
     valid_lft forever preferred_lft forever
END
ok "addr show: scope, broadcast, lifetimes" eval \
	'dpip addr show dev dpdk1 | grep -Eq "^inet 10.2.0.254/24 broadcast 10.2.0.255 scope link dpdk1" &&
	 dpip addr show dev dpdk1 | grep -Eq "valid_lft (2999|3000)(sec)? preferred_lft (1999|2000)(sec)?"'
equal "addr show -v: each worker's, too" "$(dpip addr show dev dpdk0 | sed -n 's/^inet/[0] &/p')" \
	"$(dpip -v addr show dev dpdk0 | grep '^\[0\] inet ')"
ok "as the master has them" eval '[ "$(dpip -v addr show | grep -c "^\[1\] inet")" = "$(dpip addr show | grep -c ^inet)" ]'
json "addr show -j" 'sorted(x["ifname"] for x in j) == ["dpdk0", "dpdk1"] and
	[(a["family"], a["local"], a["prefixlen"], a["scope"]) for x in j if x["ifname"] == "dpdk0" for a in x["addr_info"]] ==
	[("inet", "10.1.0.254", 24, "global"), ("inet", "10.1.0.100", 32, "global")]' dpip -j addr show
json "addr show -j dev" '[x["ifname"] for x in j] == ["dpdk1"]' dpip -j addr show dev dpdk1
ok "addr set" dpip addr set 10.2.0.254/24 dev dpdk1 scope global valid_lft forever
ok "addr set took effect" eval 'dpip addr show dev dpdk1 | grep -q "scope global dpdk1" &&
	dpip addr show dev dpdk1 | grep -q "valid_lft forever"'
ok "addr show -s: local ports" eval 'ipvsadm -A -t 10.1.0.100:80 && ipvsadm -P -z 10.2.0.200 -t 10.1.0.100:80 -F dpdk1 &&
	[ "$(dpip -s addr show | grep -c "sa_used 0 sa_miss 0$")" = 2 ] && ipvsadm -C'
ok "words may be abbreviated" eval '[ "$(dpip a s)" = "$(dpip addr show)" ]'
ok "list is show" eval '[ "$(dpip addr list)" = "$(dpip addr show)" ]'
for n in 1 2; do
	ok "addr show --cpu $n: the worker has the same" eval '[ "$(dpip --cpu $n addr show | sort)" = "$(dpip addr show | sort)" ]'
done
refused "addr add twice" 1 "10.1.0.254" dpip addr add 10.1.0.254/24 dev dpdk0
refused "addr add to no device" 1 "dpdk9" dpip addr add 10.1.0.1/24 dev dpdk9
refused "addr del of none" 1 "10.7.7.7" dpip addr del 10.7.7.7/32 dev dpdk0
refused "addr set of none" 1 "10.7.7.7" dpip addr set 10.7.7.7/32 dev dpdk0 scope link
refused "addr add without device" 2 "dev" dpip addr add 10.1.0.1/24
refused "addr add of no address" 2 "10.1.0.256" dpip addr add 10.1.0.256/24 dev dpdk0
refused "addr add with a long prefix" 2 "10.1.0.1/33" dpip addr add 10.1.0.1/33 dev dpdk0
refused "addr add with words too many" 2 "frob" dpip addr add 10.1.0.1/24 dev dpdk0 frob
refused "addr flush without device" 2 "dev" dpip addr flush
refused "an unknown command" 2 "frob" dpip addr frob
refused "an unknown object" 2 "frob" dpip frob show
refused "an unknown option" 2 "frob" dpip --frob addr show
refused "no words" 2 "dpip" dpip
refused "a worker that is not there" 1 "9" dpip --cpu 9 addr show
ok "help" dpip help
ok "help of an object" dpip addr help
refused "help of none" 2 'dpip: help: "frob": an object, man or completion is expected' dpip help frob
ok "-h" dpip -h
ok "-V" dpip -V

# --- routes ------------------------------------------------------------------------
prints "route show: what the addresses made" dpip route show dev dpdk0 <<END
inet 10.1.0.254/32 via 0.0.0.0 src 0.0.0.0 dev dpdk0 mtu 1500 tos 0 scope host metric 0 proto auto
inet 10.1.0.100/32 via 0.0.0.0 src 0.0.0.0 dev dpdk0 mtu 1500 tos 0 scope host metric 0 proto auto
inet 10.1.0.0/24 via 0.0.0.0 src 10.1.0.254 dev dpdk0 mtu 1500 tos 0 scope link metric 0 proto auto
END
ok "route add default via" dpip route add default via 10.1.0.1
ok "route add via" dpip route add 172.16.0.0/12 via 10.2.0.1 dev dpdk1
ok "route add with everything" dpip route add 192.168.0.0/16 via 10.2.0.2 dev dpdk1 src 10.2.0.254 mtu 1400 metric 7
ok "route add local" dpip route add 10.5.5.5 dev dpdk0 scope host
ok "route add kni_host" dpip route add 10.5.5.6/32 dev dpdk0 scope kni_host
ok "route show: default" eval 'dpip route show | grep -q "^inet 0.0.0.0/0 via 10.1.0.1 src 0.0.0.0 dev dpdk0 mtu 1500 tos 0 scope global metric 0 proto "'
ok "route show: all that was given" eval 'dpip route show |
	grep -q "^inet 192.168.0.0/16 via 10.2.0.2 src 10.2.0.254 dev dpdk1 mtu 1400 tos 0 scope global metric 7 proto "'
ok "route show: local" eval 'dpip route show | grep -q "^inet 10.5.5.5/32 .*scope host"'
ok "route show: kernel" eval 'dpip route show | grep -q "^inet 10.5.5.6/32 .*scope kni_host"'
json "route show -j: whose it is" '{(x["dst"], x["protocol"]) for x in j if x["dst"] in ("10.1.0.0/24", "10.1.0.254", "172.16.0.0/12", "10.5.5.5")} ==
	{("10.1.0.0/24", "kernel"), ("10.1.0.254", "kernel"), ("172.16.0.0/12", "auto"), ("10.5.5.5", "auto")}' dpip -j route show
ok "route show: nets, longest first" eval \
	'dpip route show | sed -n "s/.*\/\([0-9]*\) via.*/\1/p" | awk "NR > 1 && \$1 > last { exit 1 } { last = \$1 }"'
json "route show -j" '[(x["dst"], x["gateway"], x["dev"]) for x in j if x["dst"] == "default"] == [("default", "10.1.0.1", "dpdk0")]
	and [(x["gateway"], x["prefsrc"], x["metric"], x["metrics"]) for x in j if x["dst"] == "192.168.0.0/16"] == [("10.2.0.2", "10.2.0.254", 7, [{"mtu": 1400}])]
	and not any("metric" in x for x in j if x["dst"] == "default")' \
	dpip -j route show
for n in 1 2; do
	ok "route show --cpu $n: the worker has the same" eval \
		'[ "$(dpip --cpu $n route show | sort)" = "$(dpip route show | sort)" ]'
done
ok "route set" dpip route set 172.16.0.0/12 via 10.2.0.3 dev dpdk1
ok "route set took effect" eval 'dpip route show | grep -q "^inet 172.16.0.0/12 via 10.2.0.3 "'
refused "route add twice" 1 "172.16.0.0/12" dpip route add 172.16.0.0/12 via 10.2.0.1 dev dpdk1
refused "route set of none" 1 "172.99.0.0/16" dpip route set 172.99.0.0/16 via 10.2.0.1 dev dpdk1
refused "route del of none" 1 "172.99.0.0/16" dpip route del 172.99.0.0/16 dev dpdk1
refused "route del compares the prefix length" 1 "172.16.0.0/13" dpip route del 172.16.0.0/13 dev dpdk1
refused "route add with host bits" 2 "172.16.0.1/12" dpip route add 172.16.0.1/12 dev dpdk1
refused "route add with an unreachable gateway" 1 "10.99.0.1" dpip route add 10.98.0.0/16 via 10.99.0.1
refused "route add local with a net" 1 "10.6.0.0/16" dpip route add 10.6.0.0/16 dev dpdk0 scope host
refused "route add without a prefix" 2 "prefix" dpip route add
ok "route del" dpip route del 172.16.0.0/12 dev dpdk1
ok "route del took effect" eval '! dpip route show | grep -q 172.16.0.0'
ok "an address goes, its routes too" eval 'dpip addr add 10.3.0.1/16 dev dpdk1 && dpip addr add 10.3.0.2/16 dev dpdk1 &&
	dpip addr del 10.3.0.1/16 dev dpdk1 && dpip route show | grep -q "^inet 10.3.0.0/16" &&
	! dpip route show | grep -q "^inet 10.3.0.1/32" &&
	dpip addr del 10.3.0.2/16 dev dpdk1 && ! dpip route show | grep -q "^inet 10.3"'

# --- neighbours --------------------------------------------------------------------
ok "neigh add" dpip neigh add 10.1.0.7 lladdr 02:00:00:00:00:07 dev dpdk0
ok "neigh show" eval 'dpip neigh show | grep -Eq "^ip: 10.1.0.7 +mac: 02:00:00:00:00:07 +state: REACHABLE +dev: dpdk0 +core: [0-9]+ +static"'
json "neigh show -j" '{(x["dst"], x["lladdr"].lower(), x["dev"]) for x in j} == {("10.1.0.7", "02:00:00:00:00:07", "dpdk0")}' \
	dpip -j neigh show
ok "neigh set" dpip neigh set 10.1.0.7 lladdr 02:00:00:00:00:08 dev dpdk0
ok "neigh set took effect" eval 'dpip neigh show dev dpdk0 | grep -qi "mac: 02:00:00:00:00:08"'
prints "neigh show of the other device" dpip neigh show dev dpdk1 </dev/null
refused "neigh add twice" 1 "10.1.0.7" dpip neigh add 10.1.0.7 lladdr 02:00:00:00:00:07 dev dpdk0
refused "neigh add of a bad MAC address" 2 "02:00:00:00:00" dpip neigh add 10.1.0.9 lladdr 02:00:00:00:00 dev dpdk0
refused "neigh add without a MAC address" 2 "lladdr" dpip neigh add 10.1.0.9 dev dpdk0
refused "neigh del of none" 1 "10.1.0.9" dpip neigh del 10.1.0.9 dev dpdk0
ok "neigh del" dpip neigh del 10.1.0.7 dev dpdk0
prints "neigh del took effect" dpip neigh show </dev/null
ok "neigh flush" dpip neigh flush dev dpdk0
ok "neigh flush leaves what was added by hand" eval 'dpip neigh add 10.1.0.7 lladdr 02:00:00:00:00:07 dev dpdk0 &&
	dpip neigh flush dev dpdk0 && dpip neigh show | grep -q "^ip: 10.1.0.7 " && dpip neigh del 10.1.0.7 dev dpdk0'

# --- links --------------------------------------------------------------------------
ok "link show: both" eval '[ "$(dpip link show | grep -cE "^[12]: dpdk[01]: socket [0-9]+ mtu 1500 rx-queue 2 tx-queue 2")" = 2 ]'
ok "link show: state" eval 'dpip link show dev dpdk0 | grep -Eq "^    (UP|DOWN) [0-9]+ Mbps full-duplex"'
ok "link show: address" eval 'dpip link show dpdk0 | grep -Eq "^    addr ([0-9A-F]{2}:){5}[0-9A-F]{2}"'
ok "link show -s: counters" eval 'dpip -s link show dpdk0 | grep -Eq "ipackets +opackets +ibytes +obytes" &&
	dpip -s link show dpdk0 | grep -q "mbuf-avail +mbuf-inuse" || dpip -s link show dpdk0 | grep -Eq "mbuf-avail +mbuf-inuse"'
ok "link show -v: driver" eval 'dpip -v link show dpdk0 | grep -q "driver net_tap"'
json "link show -j" '[(x["ifname"], x["mtu"], x["num_rx_queues"]) for x in j] == [("dpdk0", 1500, 2), ("dpdk1", 1500, 2)]' \
	dpip -j link show
json "link show -j -s" 'all("stats64" in x and "rx" in x["stats64"] for x in j)' dpip -j -s link show
ok "link set mtu" dpip link set dpdk1 mtu 1400
json "link set mtu took effect" '[x["mtu"] for x in j] == [1400]' dpip -j link show dpdk1
ok "link set promisc on" dpip link set dpdk1 promisc on
ok "link set promisc took effect" eval 'dpip link show dpdk1 | grep -q promisc'
ok "link set down" dpip link set dpdk1 down
ok "link set down took effect" eval 'dpip link show dpdk1 | grep -q "^    DOWN"'
ok "link set up" dpip link set dpdk1 up
ok "link set up took effect" bed_wait_for 15 eval 'dpip link show dpdk1 | grep -q "^    UP"'
ok "link set addr" dpip link set dpdk1 addr 02:aa:bb:cc:dd:ee
ok "link set addr took effect" eval 'dpip link show dpdk1 | grep -q "addr 02:AA:BB:CC:DD:EE"'
refused "link show of none" 1 "dpdk9" dpip link show dpdk9
refused "link set of none" 1 "dpdk9" dpip link set dpdk9 up
refused "link set mtu out of range" 1 "mtu" dpip link set dpdk1 mtu 60000
refused "link set of what is unknown" 2 "frob" dpip link set dpdk1 frob on

# --- counters -------------------------------------------------------------------------
ok "stats drop: lines NAME VALUE" eval '! dpip stats drop | grep -vE "^[a-z0-9_]+ [0-9]+$" && dpip stats drop | grep -q "^ip4_ttl "'
ok "stats worker: the balance's names" eval 'for n in received made sent dropped to_kernel held; do
	dpip stats worker | grep -Eq "^$n [0-9]+$" || exit 1; done'
ok "stats memory" eval 'dpip stats memory | grep -q "^mbufs_free "'
json "stats -j: a row for each worker" '{x["worker"] for x in j} == {1, 2} and all(set(x) == {"worker", "name", "value"} for x in j)' \
	dpip -j stats worker
json "stats -j --cpu 2" '{x["worker"] for x in j} == {2}' dpip -j --cpu 2 stats drop
refused "stats of what is unknown" 2 "frob" dpip stats frob

# --- flush ------------------------------------------------------------------------------
ok "route flush" dpip route flush dev dpdk1
ok "addr flush" dpip addr flush dev dpdk0
prints "addr flush took effect" dpip addr show dev dpdk0 </dev/null
ok "one line an object with -o" eval '[ "$(dpip -o link show | wc -l)" = 2 ]'
ok "output that cannot be written is an error" eval '! dpip link show >/dev/full 2>/dev/null'
stopped "behind all that"
test_done
