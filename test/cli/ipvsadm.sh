#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# ipvsadm: services, servers, local addresses; listings, JSON, errors.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"
bed_net 0
bed_conf 2 <<-END
	$(bed_addresses | sed '2,$s/^/	/')
END
must "dpvs starts" bed_start
version=$("$DPVS_BIN/dpvs" -v | cut -d' ' -f2)

prints "an empty table" ipvsadm -ln <<END
IP Virtual Server version $version (size=0)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
END
json "an empty table, JSON" 'j == []' ipvsadm -ln -j

ok "-A" ipvsadm -A -t 10.1.0.100:80 -s wrr
ok "-A: the default scheduler" ipvsadm -A -u 10.1.0.100:53
ok "--add-service" ipvsadm --add-service --tcp-service 10.1.0.100:443 --scheduler rr
ok "-a" ipvsadm -a -t 10.1.0.100:80 -r 10.2.0.1:8080 -b -w 3
ok "-a: the weight is 1 by itself, the port the service's" ipvsadm -a -t 10.1.0.100:80 -r 10.2.0.2 -b
ok "-a with thresholds" ipvsadm -a -t 10.1.0.100:80 -r 10.2.0.3:80 -b -w 0 -x 100 -y 50
ok "-P" ipvsadm -P -z 10.2.0.200 -t 10.1.0.100:80 -F dpdk1
ok "-P: the same address for another service" ipvsadm -P -z 10.2.0.200 -u 10.1.0.100:53 -F dpdk1

prints "-ln" ipvsadm -ln <<END
IP Virtual Server version $version (size=0)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  10.1.0.100:80 wrr
  -> 10.2.0.3:80                  FullNat 0      0          0
  -> 10.2.0.2:80                  FullNat 1      0          0
  -> 10.2.0.1:8080                FullNat 3      0          0
TCP  10.1.0.100:443 rr
UDP  10.1.0.100:53 wlc
END
prints "-ln of one service" ipvsadm -ln -u 10.1.0.100:53 <<END
IP Virtual Server version $version (size=0)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
UDP  10.1.0.100:53 wlc
END
ok "-L is -l" eval '[ "$(ipvsadm -L -n)" = "$(ipvsadm -l -n)" ]'
ok "--stats" eval 'ipvsadm -ln --stats | grep -Eq "^Prot LocalAddress:Port +Conns +InPkts +OutPkts +InBytes +OutBytes"'
ok "--stats: the servers' lines" eval 'ipvsadm -ln --stats | grep -Eq "^  -> 10.2.0.1:8080 +0 +0 +0 +0 +0$"'
ok "--rate" eval 'ipvsadm -ln --rate | grep -Eq "CPS +InPPS +OutPPS +InBPS +OutBPS"'
ok "--thresholds" eval 'ipvsadm -ln --thresholds | grep -Eq "^  -> 10.2.0.3:80 +100 +50 +0 +0 *$"'
ok "--exact" ipvsadm -ln --stats --exact
ok "-lnc: no connection" eval '[ "$(ipvsadm -lnc | grep -c "^\[")" = 0 ]'
json "JSON" '[(s["protocol"], s["address"], s["port"], s["scheduler"]) for s in j if s["port"] == 80] ==
	[("TCP", "10.1.0.100", 80, "wrr")] and len(j) == 3' ipvsadm -ln -j
json "JSON: servers" '[(d["address"], d["port"], d["forward"], d["weight"], d["active"], d["inactive"], d["conns"], d["inpkts"], d["outpkts"], d["inbytes"], d["outbytes"])
	for s in j if s["port"] == 80 for d in s["servers"]] ==
	[("10.2.0.3", 80, "FullNat", 0, 0, 0, 0, 0, 0, 0, 0), ("10.2.0.2", 80, "FullNat", 1, 0, 0, 0, 0, 0, 0, 0),
	 ("10.2.0.1", 8080, "FullNat", 3, 0, 0, 0, 0, 0, 0, 0)]' ipvsadm -ln -j

ok "-G" eval 'ipvsadm -G | head -n 1 | grep -Eq "^VIP:VPORT +TOTAL +SNAT_IP +CONFLICTS +CONNS"'
ok "-G: the local address of one service" eval 'ipvsadm -G -t 10.1.0.100:80 | grep -q "10.2.0.200"'
ok "the local address is an address of the device" eval 'dpip addr show dev dpdk1 | grep -q "10.2.0.200/32"'
ok "-Q of the first" ipvsadm -Q -z 10.2.0.200 -u 10.1.0.100:53 -F dpdk1
ok "the local address stays for the other service" eval 'dpip addr show dev dpdk1 | grep -q 10.2.0.200'
ok "-Q of the last" ipvsadm -Q -z 10.2.0.200 -t 10.1.0.100:80 -F dpdk1
ok "the local address went with it" eval '! dpip addr show | grep -q 10.2.0.200'
ok "-P of an address that is there" ipvsadm -P -z 10.2.0.254 -t 10.1.0.100:80 -F dpdk1
ok "-Q of it" ipvsadm -Q -z 10.2.0.254 -t 10.1.0.100:80 -F dpdk1
ok "it stays, since -P did not make it" eval 'dpip addr show dev dpdk1 | grep -q 10.2.0.254/24'
ok "-P once more" ipvsadm -P -z 10.2.0.200 -t 10.1.0.100:80 -F dpdk1

ok "-E" ipvsadm -E -t 10.1.0.100:80 -s rr
ok "-E took effect" eval 'ipvsadm -ln | grep -q "^TCP  10.1.0.100:80 rr"'
ok "-e" ipvsadm -e -t 10.1.0.100:80 -r 10.2.0.2:80 -b -w 9
ok "-e took effect" eval 'ipvsadm -ln | grep -Eq "10.2.0.2:80 +FullNat 9 "'
ok "-e changes only what is given" eval 'ipvsadm -e -t 10.1.0.100:80 -r 10.2.0.3:80 -x 200 &&
	ipvsadm -ln --thresholds | grep -Eq "^  -> 10.2.0.3:80 +200 +50 +" && ipvsadm -ln | grep -Eq "10.2.0.3:80 +FullNat 0 "'
ok "-E changes only what is given" eval 'ipvsadm -E -t 10.1.0.100:80 --conn-timeout 40 &&
	ipvsadm -E -t 10.1.0.100:80 -s rr && ipvsadm -ln | grep -q "^TCP  10.1.0.100:80 rr conn-timeout 40"'
ok "-d" ipvsadm -d -t 10.1.0.100:80 -r 10.2.0.2:80
ok "-d took effect" eval '! ipvsadm -ln | grep -q 10.2.0.2'
ok "-a -g" ipvsadm -a -u 10.1.0.100:53 -r 10.2.0.4 -g -w 2
ok "-a without a mode" ipvsadm -a -u 10.1.0.100:53 -r 10.2.0.5:53
prints "-g is Route, and what is meant without a mode" ipvsadm -ln -u 10.1.0.100:53 <<END
IP Virtual Server version $version (size=0)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
UDP  10.1.0.100:53 wlc
  -> 10.2.0.5:53                  Route   1      0          0
  -> 10.2.0.4:53                  Route   2      0          0
END
json "JSON: Route" '[d["forward"] for s in j for d in s["servers"]] == ["Route", "Route"]' ipvsadm -ln -j -u 10.1.0.100:53
ok "-e without a mode leaves it" eval 'ipvsadm -e -u 10.1.0.100:53 -r 10.2.0.4 -w 7 &&
	ipvsadm -ln | grep -Eq "10.2.0.4:53 +Route +7 "'
ok "-e with another mode" eval 'ipvsadm -e -u 10.1.0.100:53 -r 10.2.0.4 -b &&
	ipvsadm -ln | grep -Eq "10.2.0.4:53 +FullNat +7 "'
ok "-S writes -g" eval 'ipvsadm -S -n | grep -qx -e "-a -u 10.1.0.100:53 -r 10.2.0.5:53 -g -w 1"'
ok "-Z" ipvsadm -Z
ok "-Z of one service" ipvsadm -Z -t 10.1.0.100:80

# --- save and restore -------------------------------------------------------------
ipvsadm -S -n >"$BED/saved"
ok "-S writes lines, -P among them" eval 'grep -q "^-P .*10.2.0.200" "$BED/saved" && grep -q "^-A -t 10.1.0.100:80 -s rr" "$BED/saved"'
ipvsadm -ln >"$BED/before"
ipvsadm -G >"$BED/laddrs"
ok "-C" ipvsadm -C
equal "-C took effect" 3 "$(ipvsadm -ln | wc -l)"
ok "-C: local addresses went" eval '! dpip addr show | grep -q 10.2.0.200'
ok "-R" eval 'ipvsadm -R <"$BED/saved"'
prints "-S | -R: services and servers, in their order" ipvsadm -ln <"$BED/before"
prints "-S | -R: local addresses" ipvsadm -G <"$BED/laddrs"
ok "-S again gives the same" eval '[ "$(ipvsadm -S -n)" = "$(cat "$BED/saved")" ]'
printf '%s\n' '-A -t 10.1.0.100:81 -s rr' '-A -t 10.1.0.100:81 -s rr' '-A -t 10.1.0.100:82 -s rr' >"$BED/lines"
refused "-R: a line that is refused is named" 1 ":2: " eval 'ipvsadm -R <"$BED/lines"'
ok "-R: no later line was applied" eval 'ipvsadm -ln | grep -q :81 && ! ipvsadm -ln | grep -q :82'

# --- refused -------------------------------------------------------------------------
refused "-A twice" 1 "10.1.0.100:80" ipvsadm -A -t 10.1.0.100:80 -s rr
refused "-A with an unknown scheduler" 1 "rr, wrr, lc, wlc" ipvsadm -A -t 10.1.0.100:99 -s frob
refused "-E of none" 1 "10.1.0.100:99" ipvsadm -E -t 10.1.0.100:99 -s rr
refused "-D of none" 1 "10.1.0.100:99" ipvsadm -D -t 10.1.0.100:99
refused "-a to no service" 1 "10.1.0.100:99" ipvsadm -a -t 10.1.0.100:99 -r 10.2.0.1:80 -b
refused "-a twice" 1 "10.2.0.1:8080" ipvsadm -a -t 10.1.0.100:80 -r 10.2.0.1:8080 -b
refused "-e of none" 1 "10.2.0.77:80" ipvsadm -e -t 10.1.0.100:80 -r 10.2.0.77:80 -b
refused "-e of none names the service too" 1 "10.1.0.100:80" ipvsadm -e -t 10.1.0.100:80 -r 10.2.0.77:80 -b
refused "-e in no service" 1 "10.1.0.100:99" ipvsadm -e -t 10.1.0.100:99 -r 10.2.0.1:80 -w 3
refused "-d of none" 1 "10.2.0.77:80" ipvsadm -d -t 10.1.0.100:80 -r 10.2.0.77:80
refused "-a -J in a service of an address" 1 "services by match (-H) only" ipvsadm -a -t 10.1.0.100:80 -r 10.2.0.5:80 -J
refused "-a -i by gue without its port" 1 "--tun-port" ipvsadm -a -t 10.1.0.100:80 -r 10.2.0.5:80 -i --tun-type gue
ok "-a -i by gue" ipvsadm -a -t 10.1.0.100:80 -r 10.2.0.5:80 -i --tun-type gue --tun-port 6080 --tun-csum
ok "... is saved as it was said" eval 'ipvsadm -S -n | grep -e "-r 10.2.0.5:80 -i" | grep -e "--tun-type gue --tun-port 6080 --tun-csum"'
ok "... and goes" ipvsadm -d -t 10.1.0.100:80 -r 10.2.0.5:80
refused "-a -g to another port" 1 "the service's port, 80" ipvsadm -a -t 10.1.0.100:80 -r 10.2.0.5:81 -g
refused "-a -g to the balancer itself" 1 "another machine" ipvsadm -a -t 10.1.0.100:80 -r 10.2.0.254 -g
refused "-E -M without -p" 1 "goes with persistence (-p) only" ipvsadm -E -t 10.1.0.100:80 -M 24
refused "-L -c --sockpair that is none" 2 "ipv4:IP:PORT:IP:PORT" ipvsadm -L -c --sockpair 10.1.0.1:80
refused "-a with a weight out of range" 2 "65535" ipvsadm -a -t 10.1.0.100:80 -r 10.2.0.5:80 -b -w 65536
ok "-P of an address of the other family, for servers of it" ipvsadm -P -z 2001:db8::1 -t 10.1.0.100:80 -F dpdk1
ok "... and -Q" ipvsadm -Q -z 2001:db8::1 -t 10.1.0.100:80 -F dpdk1
refused "-a -m to a server of the other family" 1 "IPv6" ipvsadm -a -t 10.1.0.100:80 -r "[2001:db8::5]:80" -m
refused "-a -g to a server of the other family" 1 "IPv6" ipvsadm -a -t 10.1.0.100:80 -r "[2001:db8::5]:80" -g
refused "-P twice" 1 "10.2.0.200" ipvsadm -P -z 10.2.0.200 -t 10.1.0.100:80 -F dpdk1
refused "-P to no device" 1 "dpdk9" ipvsadm -P -z 10.2.0.201 -t 10.1.0.100:80 -F dpdk9
refused "-Q of none" 1 "10.2.0.77" ipvsadm -Q -z 10.2.0.77 -t 10.1.0.100:80 -F dpdk1
refused "-P without a device" 2 "-F" ipvsadm -P -z 10.2.0.201 -t 10.1.0.100:80
refused "two commands" 2 "two commands" ipvsadm -A -D -t 10.1.0.100:80
refused "no service" 2 "service" ipvsadm -A -s rr
refused "an option that does not belong" 2 "-w" ipvsadm -A -t 10.1.0.100:90 -w 3
refused "an address that is none" 2 "10.1.0.300" ipvsadm -A -t 10.1.0.300:80
refused "a port that is none" 2 "70000" ipvsadm -A -t 10.1.0.100:70000
refused "an unknown option" 2 "--frob" ipvsadm --frob
refused "listing a service that is not there" 1 "10.1.0.100:99" ipvsadm -ln -t 10.1.0.100:99
ok "-h" ipvsadm -h

ok "-D" ipvsadm -D -t 10.1.0.100:80
ok "-D took effect" eval '! ipvsadm -ln | grep -q 10.1.0.100:80'
ok "-D: the local address went" eval '! dpip addr show | grep -q 10.2.0.200'
stopped "behind all that"
test_done
