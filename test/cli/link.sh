#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# dpip link add, del and flush: what is listed, what is refused and changes
# nothing, and lines of the startup block.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"
bed_net 0

same_links() {
	[ "$(dpip link show)" = "$LINKS" ] && [ "$(mbufs_inuse)" = "$INUSE" ]
}

# not_added NAME TEXT WORDS…: refused, and nothing has changed
not_added() {
	local name=$1 text=$2
	shift 2

	refused "$name" 1 "$text" dpip link add "$@"
	ok "$name: nothing has changed" same_links
}

sed 's/^[[:blank:]]*//' <<-END | bed_conf 2
	dpip link add wan vdev net_tap7,iface=tap7 mtu 1400 rx-descriptors 64 tx-descriptors 128
	dpip addr add 10.7.0.254/24 dev wan
	dpip link add short vdev net_tap8,iface=tap8
	dpip link del short
END
must "dpvs starts with links of its startup block" bed_start
json "a link of the startup block" '[(x["ifname"], x["mtu"], x["num_tx_queues"], x["num_rx_descriptors"], x["num_tx_descriptors"],
	x["added"], x["device"]) for x in j if x["ifname"] not in ("dpdk0", "dpdk1")] == [("wan", 1400, 2, 64, 128, True, "net_tap7")]' \
	dpip -j -v link show
json "those of the conf file were not added" '[x["added"] for x in j] == [False, False, True]' dpip -j -v link show
ok "link show -v says so" eval 'dpip -v link show wan | grep -q " added$"'
ok "its address" eval 'dpip addr show dev wan | grep -q "^inet 10.7.0.254/24"'

LINKS=$(dpip link show)
INUSE=$(mbufs_inuse)
not_added "a name that exists" "link wan is already there" wan vdev net_tap9
not_added "a name of the conf file" "link dpdk0 is already there" dpdk0 vdev net_tap9
not_added "a name with a blank" "its name is not a name of 1 to 31" "a b" vdev net_tap9
not_added "a device that DPDK has" 'DPDK has a port "net_tap7" already' x vdev net_tap7,iface=tap9
not_added "an interface that is in use" 'the interface "tap0" of vdev' x vdev net_tap9,iface=tap0
not_added "an unknown driver" 'DPDK has no driver for vdev "net_frob0"' x vdev net_frob0
not_added "what the driver does not take" 'DPDK does not take vdev "net_tap9,mac=frob"; the log' x vdev "net_tap9,mac=frob"
not_added "no device's name" "is not a DPDK device name" x vdev ",iface=x"
not_added "no PCI address" "is not a PCI address" x pci 06:00.0
not_added "a PCI device that is not there" 'pci "0000:ff:1f.6"' x pci 0000:ff:1f.6
not_added "an MTU that no packet buffer holds" "mtu 9000" x vdev net_tap9,iface=tap9 mtu 9000
not_added "an MTU that no packet buffer holds, whatever the driver" "mtu 2023: 68 to 2022 is possible; packet buffers are made at start" \
	x vdev net_ring9 mtu 2023
not_added "too few queues" "transmit queues: it has 1, and there are 2 workers" x vdev "net_af_packet9,iface=lo"
refused "a kind that is none" 2 "vdev or pci" dpip link add x bridge br0
refused "del of none" 1 'no such device "frob"; there are: dpdk0, dpdk1, wan' dpip link del frob

# Without descriptors that wake a worker: it sleeps by time, and by them again when that port has gone.
ok "a port without interrupts" dpip link add null vdev net_null0,no-rx=1
ok "del of it" dpip link del null
ok "del of the first leaves a gap" dpip link del dpdk0
json "the others keep their numbers" '[(x["ifindex"], x["ifname"]) for x in j] == [(2, "dpdk1"), (3, "wan")]' dpip -j link show
ok "which the next one takes" dpip link add lan vdev net_tap0,iface=tap0
json "it stands there" '[(x["ifindex"], x["ifname"]) for x in j] == [(1, "lan"), (2, "dpdk1"), (3, "wan")]' dpip -j link show
ok "flush" dpip link flush
json "flush leaves the conf file's" '[x["ifname"] for x in j] == ["dpdk1"]' dpip -j link show
refused "an error names those that are left" 1 'no such device "wan"; there are: dpdk1' dpip addr add 10.7.0.254/24 dev wan
ok "del of the last" dpip link del dpdk1
json "nothing is left" 'j == []' dpip -j link show
equal "no mbuf is out" 0 "$(mbufs_inuse)"
refused "flush of the addresses of none" 1 'there is none' dpip addr flush dev dpdk1

full() {
	local n

	for n in $(seq 0 40); do
		echo "link add n$n vdev net_null$n,no-rx=1"
	done | dpip -b - 2>"$BED/full"
	grep -q "DPDK has 32 ports, no more are possible" "$BED/full"
}
ok "ports until there are no more" full
json "so many" 'len(j) == 32' dpip -j link show
ok "flush of all" dpip link flush
json "they have gone" 'j == []' dpip -j link show
stopped "behind all that"

bed_addresses | bed_conf 1
must "dpvs starts" bed_start
sed "s,$BED,$BED/other," "$BED/dpvs.conf" >"$BED/second.conf"
mkdir "$BED/other"
refused "a second daemon with the interfaces of the first" 1 'device dpdk0: the interface "tap0" of vdev "net_tap0,iface=tap0" is in use' \
	"$DPVS_BIN/dpvs" -c "$BED/second.conf" -p "$BED/other/pid" -x "$BED/other/ipc"
stopped "the first"

# does_not_start NAME TEXT VDEV LINE…: a device whose port does not start ends the daemon, and is named
does_not_start() {
	local name=$1 text=$2 vdev=$3
	shift 3

	{
		echo "global_defs { log_file $BED/bad.log }"
		printf '%s\n' "netif_defs {" "pktpool_size 8191" "device wan {" "vdev \"$vdev\"" "$@" "}" "}"
	} >"$BED/bad.conf"
	refused "$name" 1 "error: device wan$text" "$DPVS_BIN/dpvs" -c "$BED/bad.conf" -p "$BED/other/pid" -x "$BED/other/ipc"
	ok "$name: the log says it, too" grep -qF "error: device wan$text" "$BED/bad.log"
	rm -f "$BED/bad.log"
}
does_not_start "an interface that is not there" ': DPDK has no port for vdev "net_af_packet0,iface=nonesuch"' \
	"net_af_packet0,iface=nonesuch"
does_not_start "arguments that the driver refuses" ': DPDK has no port for vdev "net_tap0,iface=tap0,mac=zz"' \
	"net_tap0,iface=tap0,mac=zz"
does_not_start "frames that no packet buffer holds" " does not start: receive queue 0: Cannot allocate memory; the log" \
	"net_af_packet0,iface=client,framesz=9104,blocksz=36864"
does_not_start "an MTU above the driver's" " does not start: mtu 9000: 68 to 1504 is possible; its driver net_tap takes no more" \
	"net_tap0,iface=tap0" "mtu 9000"
does_not_start "an MTU above the ring's frames" " does not start: mtu 2000: 68 to 1964 is possible; its frames have 2048 bytes" \
	"net_af_packet0,iface=client" "mtu 2000"
test_done
