#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# ipvsadm: services by match (-H) and public addresses (-J): listings, JSON,
# save and restore, what holds an address, and what is refused; ranges of ports
# in the configuration and its state file.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"
bed_net 0
bed_conf 2 <<-END
	$(bed_addresses | sed '2,$s/^/	/')
END
sed -i "s,^global_defs {,&\n	state_file $BED/state," "$BED/dpvs.conf"
must "dpvs starts" bed_start
version=$("$DPVS_BIN/dpvs" -v | cut -d' ' -f2)

inside=proto=tcp,src-range=10.1.0.0-10.1.0.254,oif=dpdk1
ok "-A -H" ipvsadm -A -H "$inside" -s wrr
ok "-a -H … -J" ipvsadm -a -H "$inside" -r 10.2.0.201 -J -w 4
ok "a second public address" ipvsadm -a -H "$inside" -r 10.2.0.202:0 -J
ok "-A -H: another" ipvsadm -A -H proto=udp,dst-range=10.2.0.0/24:53,iif=dpdk0 -s rr
ok "-a -H: the same address" ipvsadm -a -H proto=udp,dst-range=10.2.0.0/24:53,iif=dpdk0 -r 10.2.0.201 -J
ok "-A -H: IPv6" ipvsadm -A -H 'proto=tcp,src-range=[2001:db8::-2001:db8::ff]:0-0' -s rr -p 60

prints "-ln" ipvsadm -ln <<END
IP Virtual Server version $version (size=0)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
MATCH tcp,from=10.1.0.0-10.1.0.254:0-0,oif=dpdk1 wrr
  -> 10.2.0.202:0                 SNAT    1      0          0
  -> 10.2.0.201:0                 SNAT    4      0          0
MATCH udp,to=10.2.0.0-10.2.0.255:53-53,iif=dpdk0 rr
  -> 10.2.0.201:0                 SNAT    1      0          0
MATCH tcp,from=[2001:db8::-2001:db8::ff]:0-0,af=ipv6 rr persistent 60
END
prints "-ln of one" ipvsadm -ln -H proto=udp,dst-range=10.2.0.0/24:53,iif=dpdk0 <<END
IP Virtual Server version $version (size=0)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
MATCH udp,to=10.2.0.0-10.2.0.255:53-53,iif=dpdk0 rr
  -> 10.2.0.201:0                 SNAT    1      0          0
END
json "JSON" '[(s["protocol"], s["match"], [d["forward"] for d in s["servers"]]) for s in j][0] ==
	("MATCH", {"proto": "tcp", "src_range": "10.1.0.0-10.1.0.254:0-0", "oif": "dpdk1", "af": "ipv4"}, ["SNAT", "SNAT"])' ipvsadm -ln -j
ok "--stats" eval 'ipvsadm -ln --stats | grep -q "^  -> 10.2.0.201:0 "'
ok "-lnc of one" eval '[ "$(ipvsadm -lnc -H "$inside" | grep -c "^\[")" = 0 ]'
ok "the public addresses are ours" eval 'dpip addr show | grep -q "10.2.0.201/32.*dpdk1" && dpip addr show | grep -q 10.2.0.202'
ok "-e changes the weight" eval 'ipvsadm -e -H "$inside" -r 10.2.0.202 -w 9 && ipvsadm -ln | grep -Eq "10.2.0.202:0 +SNAT +9 "'
ok "-A -H: echoes" ipvsadm -A -H proto=icmp,src-range=10.1.0.0/24 -s rr
ok "-a -H: their address" ipvsadm -a -H proto=icmp,src-range=10.1.0.0/24 -r 10.2.0.201 -J
ok "-A -H: echoes of IPv6" ipvsadm -A -H proto=icmp,src-range=2001:db8::/64 -s rr
ok "echoes are listed by their family" eval 'ipvsadm -ln | grep -qx "MATCH icmp,from=10.1.0.0-10.1.0.255:0-0 rr" &&
	ipvsadm -ln | grep -q "^MATCH icmp6,from=\[2001:db8::-2001:db8::ffff:ffff:ffff:ffff\]:0-0,af=ipv6 rr"'

ipvsadm -S -n >"$BED/saved"
ipvsadm -ln >"$BED/before"
ok "-C" ipvsadm -C
ok "-C: the addresses went" eval '! dpip addr show | grep -q 10.2.0.20'
ok "-R" eval 'ipvsadm -R <"$BED/saved"'
prints "-S | -R gives the same, in the same order" ipvsadm -ln <"$BED/before"

refused "-A twice" 1 "exists already" ipvsadm -A -H "$inside" -s rr
refused "a device that is not there" 1 "dpdk9" ipvsadm -A -H proto=tcp,oif=dpdk9 -s rr
refused "a range that ends before it begins" 1 "before it begins" ipvsadm -A -H proto=tcp,src-range=10.0.0.9-10.0.0.1 -s rr
refused "another mode" 1 "SNAT (-J)" ipvsadm -a -H "$inside" -r 10.2.0.9 -b
refused "-J elsewhere" 1 "by match" eval 'ipvsadm -A -t 10.1.0.100:80 -s rr && ipvsadm -a -t 10.1.0.100:80 -r 10.2.0.9 -J'
refused "the other family" 1 "IPv6" ipvsadm -a -H "$inside" -r 2001:db8::9 -J
refused "a port" 1 "port 0" ipvsadm -a -H "$inside" -r 10.2.0.9:80 -J
refused "a range that ends before it begins" 1 "allowed are ports 1025 to 65535" ipvsadm -a -H "$inside" -r 10.2.0.9:3000-2000 -J
refused "a range of ports that are not for this" 1 "allowed are ports 1025 to 65535" ipvsadm -a -H "$inside" -r 10.2.0.9:80-90 -J
refused "a range of a server" 1 "for public addresses (-J)" ipvsadm -a -t 10.1.0.100:80 -r 10.2.0.9:80-90 -b
ok "ranges of ports: two of one address" eval 'ipvsadm -a -H "$inside" -r 10.2.0.205:2000-2999 -J -w 2 && ipvsadm -a -H "$inside" -r 10.2.0.205:3000-3999 -J'
refused "a range twice" 1 "10.2.0.205:2000-2999 of" ipvsadm -a -H "$inside" -r 10.2.0.205:2000-2999 -J
ok "a range: -ln" eval 'ipvsadm -ln | grep -Eq "^  -> 10.2.0.205:2000-2999 +SNAT +2 "'
ok "a range: -e" eval 'ipvsadm -e -H "$inside" -r 10.2.0.205:2000-2999 -w 7 && ipvsadm -ln | grep -Eq "10.2.0.205:2000-2999 +SNAT +7 "'
json "a range: JSON" '[(d["port"], d["port_last"]) for s in j for d in s["servers"] if d["address"] == "10.2.0.205"] == [(3000, 3999), (2000, 2999)]' ipvsadm -ln -j
ok "a range: -S and -R" eval 'ipvsadm -S -n >"$BED/ranged" && grep -q "10.2.0.205:2000-2999 -J" "$BED/ranged" && ipvsadm -C && ipvsadm -R <"$BED/ranged" && ipvsadm -S -n | cmp - "$BED/ranged"'
ok "a range of one port, of IPv6; of identifiers" eval 'ipvsadm -A -H proto=udp,oif=dpdk1,af=ipv6 -s rr &&
	ipvsadm -a -H proto=udp,oif=dpdk1,af=ipv6 -r [2001:db8:2::205]:4000-4000 -J &&
	ipvsadm -a -H proto=icmp,src-range=10.1.0.0/24 -r 10.2.0.206:5000-5007 -J &&
	ipvsadm -ln | grep -Eq "^  -> \[2001:db8:2::205\]:4000-4000 +SNAT +1 " && ipvsadm -ln | grep -Eq "^  -> 10.2.0.206:5000-5007 +SNAT +1 "'
dpip config show >"$BED/config"
ok "ranges are in the configuration" eval 'for range in 10.2.0.205:2000-2999 "\[2001:db8:2::205\]:4000-4000" 10.2.0.206:5000-5007; do
	grep -q -e "-r $range -J" "$BED/config" || exit 1; done'
ok "config diff: none" eval '[ -z "$(dpip config diff "$BED/config")" ]'
ipvsadm -d -H proto=icmp,src-range=10.1.0.0/24 -r 10.2.0.206:5000-5007
ipvsadm -a -H proto=icmp,src-range=10.1.0.0/24 -r 10.2.0.206:5000-5008 -J
ok "config diff: another range is another" eval 'dpip config diff "$BED/config" >"$BED/diff"; grep -q "5000-5007" "$BED/diff" && grep -q "5000-5008" "$BED/diff"'
ok "config load takes it back" eval 'dpip config load "$BED/config" && [ -z "$(dpip config diff "$BED/config")" ]'
ok "the state file has them" bed_wait_for 15 grep -q "5000-5007" "$BED/state"
must "it starts again" eval 'bed_stop && bed_start'
ok "ranges outlive a restart" eval '[ -z "$(dpip config diff "$BED/config")" ]'
ok "a range: -d of both, and the address went" eval 'ipvsadm -d -H "$inside" -r 10.2.0.205:2000-2999 && ipvsadm -d -H "$inside" -r 10.2.0.205:3000-3999 && ! dpip addr show | grep -q 10.2.0.205'
refused "a local address" 1 "public addresses" ipvsadm -P -H "$inside" -z 10.2.0.9 -F dpdk1
refused "--ops" 1 "--ops" ipvsadm -A -H proto=udp -s rr --ops
refused "an address without a device" 1 "no device" eval 'ipvsadm -A -H proto=udp -s rr && ipvsadm -a -H proto=udp -r 198.51.100.1 -J'
refused "a port of echoes" 1 "echoes have no ports" ipvsadm -A -H proto=icmp,dst-range=10.0.0.1:5 -s rr
refused "echoes of IPv6 from IPv4" 2 "the ranges are of IPv4" ipvsadm -A -H proto=icmp6,src-range=10.0.0.0/8 -s rr
refused "no protocol" 2 "proto=" ipvsadm -A -H oif=dpdk1 -s rr

ok "-d" ipvsadm -d -H "$inside" -r 10.2.0.202
ok "-d: the address went" eval '! dpip addr show | grep -q 10.2.0.202'
ok "-D" ipvsadm -D -H "$inside"
ok "-D: an address that another service has stays" eval 'dpip addr show | grep -q 10.2.0.201'
stopped "behind all that"
test_done
