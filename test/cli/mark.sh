#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# dpip mark: rules in their order, what is refused, and what outlives the daemon;
# services of marks by our ipvsadm and by Debian's.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"
bed_net 0

sed 's/^[[:blank:]]*//' <<-END | bed_conf 2
	$(bed_addresses)
	dpip mark add pref 5 to 10.1.0.100/32 proto tcp dport 80-81 mark 1
	ipvsadm -A -f 1 -s rr
END
sed -i "s,^global_defs {,&\n	state_file $BED/state," "$BED/dpvs.conf"
must "dpvs starts with a rule of its startup block" bed_start
equal "it is shown" "5: to 10.1.0.100/32 proto tcp dport 80-81 mark 1" "$(dpip mark show)"
ok "one without pref goes behind it" dpip mark add proto icmp iif dpdk0 mark 1
ok "one in front" dpip mark add pref 1 from 10.9.0.0/16 mark 0
ok "of IPv6" dpip mark add from 2001:db8::/32 sport 1024-65535 proto udp mark 4294967295
ok "of a family alone" dpip -6 mark add mark 7
prints "all in their order" dpip mark show <<END
1: from 10.9.0.0/16 mark 0
5: to 10.1.0.100/32 proto tcp dport 80-81 mark 1
10: proto icmp iif dpdk0 mark 1
20: from 2001:db8::/32 proto udp sport 1024-65535 mark 4294967295
30: from ::/0 mark 7
END
prints "those of a mark" dpip mark show mark 1 <<END
5: to 10.1.0.100/32 proto tcp dport 80-81 mark 1
10: proto icmp iif dpdk0 mark 1
END
json "as JSON" 'j[1] == {"pref": 5, "to": "10.1.0.100/32", "proto": "tcp", "dport": "80-81", "mark": 1} and
	[x["pref"] for x in j] == [1, 5, 10, 20, 30] and j[2]["iif"] == "dpdk0"' dpip -j mark show
refused "a pref twice" 1 "there is a rule with pref 5" dpip mark add pref 5 mark 3
refused "no such device" 1 'no such device "frob"' dpip mark add iif frob mark 3
refused "del of none" 1 "there is no such rule" dpip mark del pref 6
refused "del of several" 1 "2 rules are such: say which by pref" dpip mark del mark 1
refused "no mark" 2 '"mark" and a number are expected' dpip mark add to 10.1.0.100
ok "del by what it is" dpip mark del proto icmp
ok "del by pref" dpip mark del pref 30
ok "config show has them" eval 'dpip config show | grep -qx "dpip mark add pref 20 from 2001:db8::/32 proto udp sport 1024-65535 mark 4294967295"'

ok "ipvsadm -A -f" ipvsadm -A -f 2 -s wrr -p 60
ok "ipvsadm -A -f -6" ipvsadm -A -f 1 -6 -s rr
refused "-A -f: one that is there" 1 "service FWM 1 exists already" ipvsadm -A -f 1
refused "-D -f: none" 1 "there is no service FWM 9 IPv6" ipvsadm -D -f 9 -6
ok "a server without a port" ipvsadm -a -f 1 -r 10.2.0.1 -m
ok "a server with one" ipvsadm -a -f 1 -r 10.2.0.2:8080 -m -w 3
ok "DR" ipvsadm -a -f 2 -r 10.2.0.2 -g
ok "a local address" ipvsadm -P -f 2 -z 10.2.0.200 -F dpdk1
ok "FNAT" ipvsadm -a -f 2 -r 10.2.0.1 -b
ok "of IPv6" ipvsadm -a -f 1 -6 -r [2001:db8::9]:80 -m
refused "families" 1 "IPv6 for a service of IPv4; allowed: servers of the service's family, or FNAT (-b) or a tunnel (-i)" ipvsadm -a -f 1 -r [2001:db8::9]:80 -m
ipvsadm -ln | sed '1,3d; s/ *$//' >"$BED/table"
prints "-L" cat "$BED/table" <<END
FWM  1 rr
  -> 10.2.0.2:8080                Masq    3      0          0
  -> 10.2.0.1:0                   Masq    1      0          0
FWM  1 IPv6 rr
  -> [2001:db8::9]:80             Masq    1      0          0
FWM  2 wrr persistent 60
  -> 10.2.0.1:0                   FullNat 1      0          0
  -> 10.2.0.2:0                   Route   1      0          0
END
json "-L -j" '[(x["protocol"], x["fwmark"], len(x["servers"])) for x in j] == [("FWM", 1, 2), ("FWM", 1, 1), ("FWM", 2, 2)]' ipvsadm -L -n -j
ok "-Z" ipvsadm -Z -f 1
ok "-L -c of one" ipvsadm -L -n -c -f 1
ipvsadm -S -n >"$BED/saved"
ok "-S" grep -qx -- "-a -f 1 -6 -r \[2001:db8::9\]:80 -m -w 1" "$BED/saved"
ok "-C" ipvsadm -C
ok "-R" eval 'ipvsadm -R <"$BED/saved"'
equal "which restores all" "$(cat "$BED/saved")" "$(ipvsadm -S -n)"
if [ -x /usr/sbin/ipvsadm ]; then
	stock() {
		"$DPVS_BIN/dpvs-run" /usr/sbin/ipvsadm "$@"
	}
	ok "stock -E -f" stock -E -f 1 -s wlc
	ok "stock -A -f -6" stock -A -f 3 -6 -s rr
	ok "stock -a -f" stock -a -f 3 -6 -r [2001:db8::9]:0 -g -w 5
	prints "stock -L of one" stock -L -n -f 3 -6 <<END
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
FWM  3 IPv6 rr
  -> [2001:db8::9]:0              Route   5      0          0
END
	stock -S -n >"$BED/stock"
	ok "stock -R of stock -S" eval 'stock -C && stock -R <"$BED/stock"'
	equal "restores all" "$(cat "$BED/stock")" "$(stock -S -n)"
	ok "stock -Z -f" stock -Z -f 1
	ok "stock -d -f" stock -d -f 1 -r 10.2.0.2:8080
	ok "stock -D -f" stock -D -f 3 -6
fi
ok "the state file has the rules" bed_wait_for 15 grep -q "mark 4294967295" "$BED/state"
dpip mark show >"$BED/rules"
again() {
	bed_stop && : >"$BED/dpvs.log" && bed_start
}
must "dpvs starts again" again
equal "the rules are there" "$(cat "$BED/rules")" "$(dpip mark show)"
ok "and the services" eval 'ipvsadm -ln | grep -q "^FWM  1 wlc" || ipvsadm -ln | grep -q "^FWM  1 rr"'
ok "flush of some" dpip mark flush proto udp
ok "flush" dpip mark flush
equal "none is left" "" "$(dpip mark show)"
stopped "behind all that"
test_done
