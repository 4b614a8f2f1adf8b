#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Debian's keepalived, unmodified, by dpvs-run: its three checks take a server
# that was killed out of the service and bring it back; to reload and to stop it
# does not disturb established connections.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"
needs keepalived
needs_root keepalived

VIP6=2001:db8:1::100
bed_net 3
must "the client's IPv6" bed_ip6 client 2001:db8:1::1/64 2001:db8:1::fe
must "the server's IPv6" bed_ip6 server1 2001:db8:2::1/64 2001:db8:2::fe
bed_node director 1 10.2.0.250/24
must "the director's IPv6" bed_ip6 director 2001:db8:2::250/64 2001:db8:2::fe
BED_BLOCKS="ipvs_defs {
	genl_masq fnat
	genl_local_address $LADDR dev dpdk1
	genl_local_address 2001:db8:2::200 dev dpdk1
}
ipv6_defs { addr_gen_mode eui64 }"
served 2 < <(
	echo "dpip addr add 2001:db8:1::fe/64 dev dpdk0 nodad"
	echo "dpip addr add $VIP6/128 dev dpdk0 nodad"
	echo "dpip addr add 2001:db8:2::fe/64 dev dpdk1 nodad"
	echo "dpip mark add to $VIP proto tcp dport 8000-8001 mark 8"
)
for n in 1 2 3; do
	must "nginx $n" bed_nginx "$n"
	head -c 4000000 /dev/zero >"$BED/nginx$n/root/files-4M" && mkdir "$BED/nginx$n/root/files" &&
		mv "$BED/nginx$n/root/files-4M" "$BED/nginx$n/root/files/4M"
done

cat >"$BED/misc" <<-END
	#!/bin/sh
	exec curl -s -m 1 -o /dev/null http://10.2.0.3/
END
chmod 755 "$BED" "$BED/misc"
cat >"$BED/keepalived.conf" <<-END
	global_defs {
		router_id test
		script_user root
		enable_script_security
	}
	virtual_server $VIP 80 {
		delay_loop 1
		lb_algo rr
		lb_kind NAT
		protocol TCP
		real_server 10.2.0.1 80 {
			weight 1
			TCP_CHECK {
				connect_timeout 1
				retry 0
			}
		}
		real_server 10.2.0.2 80 {
			weight 1
			HTTP_GET {
				url {
					path /
					status_code 200
				}
				connect_timeout 1
				retry 0
			}
		}
		real_server 10.2.0.3 80 {
			weight 1
			MISC_CHECK {
				misc_path "$BED/misc"
				misc_timeout 2
			}
		}
	}
	virtual_server $VIP 2905 {
		lb_algo rr
		lb_kind NAT
		protocol SCTP
		real_server 10.2.0.1 2905 {
			weight 4
		}
	}
	virtual_server fwmark 8 {
		delay_loop 1
		lb_algo rr
		lb_kind NAT
		protocol TCP
		real_server 10.2.0.1 80 {
			TCP_CHECK {
				connect_timeout 1
				retry 0
			}
		}
	}
	virtual_server $VIP6 80 {
		delay_loop 1
		lb_algo rr
		lb_kind NAT
		protocol TCP
		real_server 2001:db8:2::1 80 {
			TCP_CHECK {
				connect_timeout 1
				retry 0
			}
		}
	}
END

balanced() {
	ipvsadm -ln -t $VIP:80 2>/dev/null | grep -Eq "10.2.0.$1:80 "
}
others_balanced() {
	ipvsadm -ln -f 8 | grep -q "10.2.0.1:80 " && ipvsadm -ln -t "[$VIP6]:80" | grep -q "2001:db8:2::1.*:80 "
}
none_balanced() {
	[ "$(ipvsadm -ln | grep -c "10.2.0.1:80 \|2001:db8:2::1.*:80 ")" = 0 ]
}
not_balanced() {
	! balanced "$1"
}
all_balanced() {
	balanced 1 && balanced 2 && balanced 3
}
# answers N…: the servers that answer six requests through the service
answers() {
	local n

	for n in 1 2 3 4 5 6; do
		in_client curl -s -m 5 "http://$VIP/" || echo failed
	done | sort -u | tr -d ' ' | tr '\n' ' '
}

bed_in director "$DPVS_BIN/dpvs-run" keepalived -n -l -D -C -f "$BED/keepalived.conf" \
	-p "$BED/keepalived.pid" -c "$BED/checkers.pid" >"$BED/keepalived.log" 2>&1 </dev/null &
KEEPALIVED=$!
if ! bed_wait_for 15 all_balanced; then
	tail -n 20 "$BED/keepalived.log" | why
	failed "keepalived makes the service and its servers"
	test_done
fi
pass "keepalived makes the service and its servers"
equal "all servers answer" "server1 server2 server3 " "$(answers)"
ok "the service of a mark and that of IPv6 have theirs" bed_wait_for 15 others_balanced
ok "the service of SCTP has its server" eval 'ipvsadm -ln --sctp-service $VIP:2905 | grep -Eq "10.2.0.1:2905 +FullNat +4 "'
ok "the mark's answers, by each of its ports" fetched client 10 "http://$VIP:8000/"
ok "... and the other" fetched client 10 "http://$VIP:8001/"
ok "that of IPv6 answers" fetched client 10 "http://[$VIP6]/"
check_of() {
	case $1 in
	1) echo TCP_CHECK ;;
	2) echo HTTP_GET ;;
	*) echo MISC_CHECK ;;
	esac
}
for n in 1 2 3; do
	kill "$(cat "$BED/nginx$n/pid")"
	ok "$(check_of $n) takes a killed server out" bed_wait_for 15 not_balanced $n
	[ $n != 1 ] || ok "out of all its services" bed_wait_for 15 none_balanced
	equal "$(check_of $n): the others answer" 0 "$(answers | grep -c "failed\|server$n")"
	wait "$(cat "$BED/nginx$n/shell-pid")" 2>/dev/null
	bed_in_again() {
		rm -f "$BED/nginx$n/pid" && rmdir "$BED/nginx$n/body" "$BED/nginx$n/proxy" 2>/dev/null
		bed_nginx $n
	}
	ok "nginx $n starts again" bed_in_again
	ok "$(check_of $n) brings it back" bed_wait_for 15 balanced $n
	[ $n != 1 ] || ok "to all its services" bed_wait_for 15 others_balanced
done
equal "all servers answer again" "server1 server2 server3 " "$(answers)"

# a download that lasts while keepalived is told to read its file again, and to end
in_client curl -s --limit-rate 500k -m 120 -o "$BED/got4M" "http://$VIP/files/4M" &
DOWNLOAD=$!
downloading() {
	[ -s "$BED/got4M" ]
}
ok "a download has begun" bed_wait_for 10 downloading
sed -i 's/lb_algo rr/lb_algo wrr/' "$BED/keepalived.conf"
kill -HUP "$(cat "$BED/keepalived.pid")"
reloaded() {
	ipvsadm -ln | grep -q "$VIP:80 wrr"
}
ok "reload takes effect" bed_wait_for 10 reloaded
ok "the download goes on" kill -0 "$DOWNLOAD"
kill -TERM "$(cat "$BED/keepalived.pid")"
wait "$KEEPALIVED"
equal "keepalived ends" 0 $?
equal "and takes its services away" "" "$(ipvsadm -ln | tail -n +4)"
wait "$DOWNLOAD"
equal "the download has ended well" 0 $?
equal "and is whole" 4000000 "$(stat -c %s "$BED/got4M")"

# without the daemon keepalived does not run, and loads nothing
stopped "keepalived"
bed_in director timeout 20 "$DPVS_BIN/dpvs-run" keepalived -n -l -D -C -f "$BED/keepalived.conf" \
	-p "$BED/keepalived.pid" -c "$BED/checkers.pid" >"$BED/keepalived2.log" 2>&1 </dev/null
code=$?
ok "without dpvs it ends by itself" test "$code" != 124
ok "and says why" grep -q "no daemon answers" "$BED/keepalived2.log"
test_done
