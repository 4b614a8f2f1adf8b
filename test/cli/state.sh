#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The state file, and dpip config: what the daemon was told outlives it.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"
bed_net 0

# conf [LINE]: the conf file, with a state file, and one more startup line
conf() {
	{
		bed_addresses
		echo "ipvsadm -A -t 10.1.0.100:80 -s rr"
		[ -z "${1:-}" ] || echo "$1"
	} | bed_conf 2
	sed -i "s,^global_defs {,&\n	state_file $BED/state," "$BED/dpvs.conf"
}
# kept TEXT: the state file gets it
kept() {
	bed_wait_for 15 grep -qF -- "$1" "$BED/state"
}
again() {
	bed_stop && : >"$BED/dpvs.log" && bed_start "$@"
}

conf
must "dpvs starts" bed_start
ok "the state file is there" bed_wait_for 15 test -s "$BED/state"
ok "its first line has a version" eval 'head -n 1 "$BED/state" | grep -q "^# dpvs state 1 "'
ok "a route" dpip route add 10.9.0.0/16 via 10.2.0.7
ok "a neighbour" dpip neigh add 10.2.0.1 lladdr 02:00:00:00:00:01 dev dpdk1
ok "a service" ipvsadm -A -t 10.1.0.100:443 -s wrr --conn-timeout 40
ok "its local address" ipvsadm -P -z 10.2.0.200 -t 10.1.0.100:443 -F dpdk1
ok "a server" ipvsadm -a -t 10.1.0.100:443 -r 10.2.0.1:8443 -b -w 5 -x 100 -y 50
ok "another" ipvsadm -a -t 10.1.0.100:443 -r 10.2.0.2:443 -g
ok "one more" ipvsadm -a -t 10.1.0.100:443 -r 10.2.0.3:8443 -b
ok "a change is kept" kept "-r 10.2.0.3:8443"
route_is_kept() { # add or del: it is, or is not any more
	if grep -q "route add 10.8.0.0/16" "$BED/state"; then [ "$1" = add ]; else [ "$1" = del ]; fi
}
# From the answer to the file's time; the best of a few, since a busy machine may take longer.
saved_in() {
	local how changed took best=1000000

	for how in add del add del add del; do
		dpip route $how 10.8.0.0/16 via 10.2.0.7 || return
		changed=$(date +%s%N)
		bed_wait_for 15 route_is_kept $how || return
		took=$((($(date -r "$BED/state" +%s%N) - changed) / 1000000))
		[ "$took" -ge "$best" ] || best=$took
	done
	echo "$best ms"
	[ "$best" -le "${1:-100}" ]
}
ok "within 100 ms" saved_in ${SANITIZED:+1000}
cat >"$BED/want" <<END
dpip addr add 10.1.0.100/32 dev dpdk0
dpip addr add 10.1.0.254/24 dev dpdk0
dpip addr add 10.2.0.254/24 dev dpdk1
dpip neigh add 10.2.0.1 lladdr 02:00:00:00:00:01 dev dpdk1
dpip route add 10.9.0.0/16 via 10.2.0.7 dev dpdk1
ipvsadm -A -t 10.1.0.100:443 -s wrr --conn-timeout 40
ipvsadm -A -t 10.1.0.100:80 -s rr
ipvsadm -P -t 10.1.0.100:443 -z 10.2.0.200 -F dpdk1
ipvsadm -a -t 10.1.0.100:443 -r 10.2.0.1:8443 -b -w 5 -x 100 -y 50
ipvsadm -a -t 10.1.0.100:443 -r 10.2.0.2:443 -g -w 1
ipvsadm -a -t 10.1.0.100:443 -r 10.2.0.3:8443 -b -w 1
END
dpip config show | grep -v '^#' | sed 's/ broadcast [0-9.]*//' | LC_ALL=C sort >"$BED/got"
ok "config show: command lines" diff -u "$BED/want" "$BED/got"
ok "config save" dpip config save "$BED/saved"
ok "config diff of the same" eval '[ -z "$(dpip config diff $BED/saved)" ]'
ok "config check" dpip config check "$BED/saved"

ipvsadm -ln >"$BED/table"
dpip route show >"$BED/routes"
ipvsadm -D -t 10.1.0.100:80
stopped "state"
must "dpvs starts again" bed_start
ok "the startup block gave way to the state" eval '! ipvsadm -ln | grep -q "10.1.0.100:80 "'
ipvsadm -A -t 10.1.0.100:80 -s rr
ok "services, servers and their order are as before" eval 'ipvsadm -ln | diff $BED/table -'
ok "routes too" eval 'dpip route show | diff $BED/routes -'
ok "nothing was left out" eval '! grep "left out" $BED/dpvs.log'

# killed at any moment, it comes back with what it had, or a little less
ok "while it changes, and killed, the file is whole" $PYTHON - "$BED" "$DPVS_BIN" "$DPVS_PID" <<'END'
import os, subprocess, sys, time
bed, bin, pid = sys.argv[1:]
feeder = subprocess.Popen(["sh", "-c", "n=0; while %s/ipvsadm -A -u 10.1.0.100:$((1000 + n)) -s rr; do n=$((n + 1)); done" % bin],
                          stderr=subprocess.DEVNULL)
seen = 0
end = time.time() + 2
while time.time() < end:
    text = open(bed + "/state").read().splitlines()
    assert text[0].startswith("# dpvs state 1 ") and text[-1] == "# end", text[-1]
    n = sum("-A -u" in line for line in text)
    assert n >= seen
    seen = n
assert seen > 0
os.kill(int(pid), 9)
feeder.wait()
assert open(bed + "/state").read().splitlines()[-1] == "# end"
END
wait "$DPVS_PID" 2>/dev/null
rm -f "$DPVS_IPC_FILE" # what it left; it says when the next one serves
n=$(grep -c -- "-A -u" "$BED/state")
must "dpvs starts behind kill -9" bed_start
equal "with all that was kept" "$n" "$(ipvsadm -ln | grep -c '^UDP')"

# a file as a whole
sed 's/:8443 -b -w 5/:8443 -b -w 9/; /10.2.0.2:443/d' "$BED/saved" >"$BED/new"
echo "ipvsadm -A -t 10.1.0.100:8080 -s wlc" >>"$BED/new"
ok "config diff" eval 'dpip config diff $BED/new >$BED/diff; [ $? = 1 ] && grep -q -- "^- ipvsadm -a .*10.2.0.2:443" $BED/diff && grep -q "^+ .*8080" $BED/diff'
ok "config load" dpip config load "$BED/new"
ok "... nothing differs any more" eval '[ -z "$(dpip config diff $BED/new)" ]'
ok "... what is changed is changed in place" eval 'ipvsadm -ln | grep -Eq "10.2.0.1:8443 +FullNat 9 "'
# refused, the running state stays as it is, the order of servers, too, whatever would have gone
refused_whole() { # TEXT FILE
	dpip config show >"$BED/running"
	refused "config load: $1" 1 "$1" dpip config load "$2"
	ok "... nothing was changed" eval 'grep -q "nothing was changed: " $BED/refused.err && dpip config show | diff $BED/running -'
}
{
	cat "$BED/saved"
	echo "ipvsadm -a -t 10.1.0.100:80 -r 10.2.0.1:81 -g"
} >"$BED/bad"
dpip config show >"$BED/running"
refused "config load of a file with a line that is refused" 1 "nothing was changed" dpip config load "$BED/bad"
LC_ALL=C sort "$BED/running" >"$BED/running.sorted"
ok "... changes nothing" eval 'dpip config show | LC_ALL=C sort | diff $BED/running.sorted -'
ok "a server" ipvsadm -a -t 10.1.0.100:443 -r 10.2.0.4:443 -g
ok "a file without a server that is not the last" eval 'dpip config show | grep -v 10.2.0.1: >"$BED/less"'
{
	cat "$BED/less"
	echo "ipvsadm -a -t 10.1.0.100:80 -r 10.2.0.1:81 -g"
} >"$BED/bad"
refused_whole "leaves ports as they are" "$BED/bad"
{ # a route takes the place of another, which goes before
	sed 's/via 10.2.0.7/via 10.2.0.8/' "$BED/less"
	echo "ipvsadm -a -t 10.1.0.100:80 -r 10.1.0.254:80 -g"
} >"$BED/bad"
refused_whole "an address of the balancer itself" "$BED/bad"
# servers by FNAT of a service that gets one-packet scheduling go before it does
ok "one of UDP" eval 'ipvsadm -A -u 10.1.0.100:53 -s rr && ipvsadm -a -u 10.1.0.100:53 -r 10.2.0.1:53 -b'
dpip config show | sed '/-a -u/d; s/-A -u .*/& --ops/' >"$BED/moved"
ok "config load of what is in each other's way" eval 'dpip config load $BED/moved && dpip config show | diff $BED/moved -'
echo "ipvsadm -A -t nowhere -s rr" >"$BED/bad"
refused "config check: file and line" 1 "$BED/bad:1: " dpip config check "$BED/bad"
echo "ipvsadm -C" >"$BED/bad"
refused "config check: only what adds" 1 "only what adds an object" dpip config check "$BED/bad"
echo "# dpvs state 99" >"$BED/bad"
refused "config check: another version" 1 "another version" dpip config check "$BED/bad"
refused "config load of no file" 1 "$BED/none" dpip config load "$BED/none"

# the startup block has changed: it counts, and the old state is kept
ok "a state of before" kept ":8080"
conf "ipvsadm -A -t 10.1.0.100:81 -s rr"
must "dpvs starts with another block" again
ok "the block counts" eval 'ipvsadm -ln | grep -q "10.1.0.100:81 " && ! ipvsadm -ln | grep -q ":8080"'
ok "the old state is kept" grep -q ":8080" "$BED/state.old"
equal "one line says so" 1 "$(grep -c "state.old" "$BED/dpvs.log")"
# links come back too, each behind what it stands on, whatever numbers they have
ok "a link is added" dpip link add dpdk2 vdev net_tap2,iface=tap2 mtu 1400
ok "VLANs of which the first goes" eval 'dpip vlan add link dpdk0 id 5 && dpip vlan add outer link dpdk2 proto 802.1ad id 7 && dpip vlan del dpdk0.5'
ok "a VLAN of a lower number than its parent" dpip vlan add link outer id 10
ok "an address on it" dpip addr add 10.7.0.254/24 dev outer.10
ok "they are kept" kept "dpip addr add 10.7.0.254/24 dev outer.10"
prints "config show has them in the order of startup" eval 'dpip config show | grep -E "^dpip (link|vlan)"' <<'END'
dpip link add dpdk2 vdev net_tap2,iface=tap2 mtu 1400
dpip vlan add outer link dpdk2 proto 802.1ad id 7
dpip vlan add outer.10 link outer proto 802.1q id 10
END
dpip config show >"$BED/links"
must "dpvs starts with them" again
ok "all of them are back" eval 'dpip config show | diff $BED/links -'
ok "nothing was left out of the links" eval '! grep "left out" $BED/dpvs.log'
ok "config load takes them away" eval 'grep -v -e outer -e dpdk2 $BED/links >$BED/none && dpip config load $BED/none && ! dpip link show | grep -q dpdk2'
ok "... and brings them back" eval 'dpip config load $BED/links && dpip config show | diff $BED/links -'

# settings of links come back, those of VLANs behind what they stand on; and are taken back
link_settings() {
	dpip -j link show | $PYTHON -c 'import json, sys
for x in json.load(sys.stdin): print(x["ifname"], x["mtu"], "UP" in x["flags"], "PROMISC" in x["flags"], x["address"] == "02:00:00:00:09:09")'
}
ok "settings of links" eval 'dpip link set dpdk0 mtu 1400 promisc on && dpip link set dpdk1 down addr 02:00:00:00:09:09 && dpip link set outer.10 mtu 1300'
ok "they are kept" kept "dpip link set outer.10 mtu 1300"
link_settings >"$BED/settings"
prints "config show has settings" eval 'dpip config show | grep -E "^dpip link set"' <<'END'
dpip link set dpdk0 mtu 1400
dpip link set dpdk0 promisc on
dpip link set dpdk1 addr 02:00:00:00:09:09
dpip link set dpdk1 down
dpip link set outer.10 mtu 1300
END
dpip config show >"$BED/set"
must "dpvs starts with settings" again
ok "all of them are as they were" eval 'link_settings | diff $BED/settings - && dpip config show | diff $BED/set -'
ok "config load takes settings back" eval 'dpip config load $BED/links && [ -z "$(dpip config diff $BED/links)" ]'
ok "... all is as before" eval '! link_settings | grep -v "^\(dpdk[01] 1500\|dpdk2 1400\|outer 1400\|outer.10 1400\) True False False$"'
ok "config load sets them again" eval 'dpip config load $BED/set && link_settings | diff $BED/settings -'
ok "dpdk1 is up again" dpip link set dpdk1 up

# routes with several gateways
ok "a route with gateways" dpip route add 31.0.0.0/8 metric 5 proto static nexthop via 10.2.0.1 weight 3 nexthop via 10.1.0.7
ok "one of IPv6" dpip route add 2001:db8:31::/48 nexthop via fe80::7 dev dpdk0 onlink nexthop dev dpdk1 weight 2
ok "they are kept" kept "dpip route add 31.0.0.0/8"
prints "config show has them" eval 'dpip config show | grep nexthop | sort' <<'END'
dpip route add 2001:db8:31::/48 nexthop via fe80::7 dev dpdk0 weight 1 onlink nexthop dev dpdk1 weight 2
dpip route add 31.0.0.0/8 metric 5 proto static nexthop via 10.2.0.1 dev dpdk1 weight 3 nexthop via 10.1.0.7 dev dpdk0 weight 1
END
dpip config show >"$BED/ways"
must "dpvs starts with them" again
ok "they are as they were" eval 'dpip config show | diff $BED/ways - && dpip route show | grep -q "^inet 31.0.0.0/8 .*metric 5 .*weight 3 nexthop"'
ok "config load takes them away" eval 'grep -v nexthop $BED/ways >$BED/none && dpip config load $BED/none && ! dpip config show | grep nexthop'
ok "... and brings them back" eval 'dpip config load $BED/ways && dpip config show | diff $BED/ways -'
ok "... and changes one" eval 'sed "s/weight 3/weight 9/" $BED/ways >$BED/changed && dpip config load $BED/changed && dpip config show | diff $BED/changed -'

# timeouts, those that were set only
ok "two timeouts" ipvsadm --set 600 0 200
ok "they are kept" kept "ipvsadm --set 600 0 200"
must "dpvs starts with timeouts" again
prints "they are as they were, the third is the conf file's" ipvsadm -L --timeout <<'END'
Timeout (tcp tcpfin udp): 600 7 200
END
dpip config show >"$BED/timeouts"
ok "config load takes them back" eval 'grep -v -e --set $BED/timeouts >$BED/none && dpip config load $BED/none'
prints "... to the conf file's" ipvsadm -L --timeout <<'END'
Timeout (tcp tcpfin udp): 90 7 300
END
ok "config load sets them again" eval 'dpip config load $BED/timeouts && dpip config show | diff $BED/timeouts -'
ok "SIGHUP takes them back, too" eval 'kill -HUP $DPVS_PID; bed_wait_for 15 eval "! dpip config show | grep -e --set"'
ok "... in the file, too" bed_wait_for 15 eval '! grep -q -e --set $BED/state'

ipvsadm -A -t 10.1.0.100:82 -s rr
kept "10.1.0.100:82"
must "dpvs starts with --fresh" again --fresh
ok "--fresh ignores the state" eval '! ipvsadm -ln | grep -q "10.1.0.100:82 "'
stopped "state, at last"
test_done
