/* SPDX-License-Identifier: BSD-3-Clause */
/* dpip vlan, tunnel and mark without a daemon: command lines to requests, or to the sentence that
 * refuses them. */
#include <stdlib.h>
#include <string.h>

#include "dpip/dpip.h"
#include "lib/tool_rig.h"
#include "lib/unit.h"

static void test_vlan(void **state)
{
	static const struct tool_row rows[] = {
		{ "vlan", "VLAN_LIST" },
		{ "v s d0.7", "VLAN_LIST d0.7" },
		{ "vlan show link d0 proto QinQ id 3", "VLAN_LIST link d0 proto 88a8 id 3" },
		{ "vlan add link d0 id 7", "VLAN_ADD link d0 id 7" },
		{ "vlan add v7 link d0 proto 802.1q id 7", "VLAN_ADD v7 link d0 proto 8100 id 7" },
		{ "vlan add link d0 proto 802.1ad id 4094", "VLAN_ADD link d0 proto 88a8 id 4094" },
		{ "vlan add v7 link d0 proto vlan id 1", "VLAN_ADD v7 link d0 proto 8100 id 1" },
		{ "vlan del v7", "VLAN_DEL v7" },
		{ "vlan delete link d0 id 7", "VLAN_DEL link d0 id 7" },
		{ "vlan add", "EXIT 2: vlan add: \"link\" and a device name are expected" },
		{ "vlan add link d0",
		  "EXIT 2: vlan add: \"id\" and a number from 1 to 4094 are expected" },
		{ "vlan add link d0 id 4095",
		  "EXIT 2: vlan add: id \"4095\": a number from 1 to 4094 is expected" },
		{ "vlan add link d0 id 7 proto 802.3",
		  "EXIT 2: vlan add: proto \"802.3\": 802.1q, 802.1ad, vlan or QinQ is expected" },
		{ "vlan add v7 frob", "EXIT 2: vlan add: \"frob\": link, proto or id is expected" },
		{ "vlan del", "EXIT 2: vlan del: a name, or \"link\" with a device name and \"id\" "
			      "with a number, are expected" },
	};

	tool_check_rows(&dpip_program, rows, LENGTH(rows));
}

/* Words that scripts have from elsewhere. */
static void test_other_words(void **state)
{
	static const struct tool_row rows[] = {
		{ "link show cpu", "STATS_LIST what 2 cpu 0" },
		{ "link show cpu --cpu 2", "STATS_LIST what 2 cpu 2" },
		{ "link show cpu3 -s", "STATS_LIST what 2 cpu 3" },
		{ "link show cpu3 d0", "EXIT 2: link show: unexpected \"d0\"" },
		{ "link show dev cpu3", "LINK_LIST dev cpu3" },
		{ "link show cpux", "LINK_LIST dev cpux" },
		{ "link show b0 status", "LINK_LIST dev b0" },
		{ "link show dev b0 status", "LINK_LIST dev b0" },
		{ "link show status", "LINK_LIST dev status" },
		{ "link change d0 up", "LINK_SET d0 what 1 value 1" },
		{ "neigh change ::1 dev d0 lladdr 02-00-00-00-00-0a",
		  "NEIGH_SET ::1 02:00:00:00:00:0a dev d0 static 1" },
		{ "-v addr show", "ADDR_LIST flags 8" },
		{ "-v --cpu 2 addr show", "ADDR_LIST cpu 2" },
		{ "addr change 10.0.0.1/24 dev d0 scope link",
		  "ADDR_SET 10.0.0.1/24 dev d0 scope 2" },
	};

	tool_check_rows(&dpip_program, rows, sizeof(rows) / sizeof(rows[0]));
}

/* -v: the route that was understood, before it is asked for. */
static void test_echo(void **state)
{
	static const struct {
		const char *line, *want;
	} rows[] = {
		{ "-v route add default via 1.1.1.1",
		  "inet 0.0.0.0/0 via 1.1.1.1 src 0.0.0.0 dev - mtu 0 tos 0 scope global metric 0 "
		  "proto auto\nROUTE_ADD 0.0.0.0/0 via 1.1.1.1\n" },
		{ "route change ::/0 dev d mtu 1400 -v",
		  "inet6 default dev d mtu 1400 scope link\nROUTE_SET ::/0 dev d mtu 1400\n" },
		{ "-j -v route del blackhole 10.0.0.0/8 metric 3",
		  "[{\"type\":\"blackhole\",\"family\":\"inet\",\"dst\":\"10.0.0.0/8\","
		  "\"protocol\":\"auto\",\"scope\":\"link\",\"metric\":3,\"flags\":[]}]\n"
		  "ROUTE_DEL 10.0.0.0/8 type 3 metric 3\n" },
		{ "-v addr add 1.1.1.1 dev d", "ADDR_ADD 1.1.1.1/32 dev d\n" },
	};
	const struct tool_answer answer = { 0 };

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int code;
		char *got = tool_prints(&dpip_program, rows[i].line, &answer, NULL, &code);

		assert_string_equal(got, rows[i].want);
		assert_int_equal(code, 0);
		free(got);
	}
}

static void test_flow(void **state)
{
	static const struct tool_row rows[] = {
		{ "kni add 10.0.0.5 dev d0", "ROUTE_ADD 10.0.0.5/32 dev d0 type 2 scope 4" },
		{ "flow add type kni 10.0.0.5 dev d0",
		  "ROUTE_ADD 10.0.0.5/32 dev d0 type 2 scope 4" },
		{ "flow del type kni ::5 dev d0", "ROUTE_DEL ::5/128 dev d0 type 2 scope 4" },
		{ "flow show type kni dev d0", "KNI_LIST; ROUTE_LIST dev d0" },
		{ "flow flush type kni dev d0", "KNI_FLUSH" },
		{ "flow add type drop 10.0.0.5 dev d0",
		  "EXIT 2: kni add: type \"drop\": kni is expected" },
	};

	tool_check_rows(&dpip_program, rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_tunnel(void **state)
{
	static const struct tool_row rows[] = {
		{ "tunnel", "TUNNEL_LIST" },
		{ "t s gre1", "TUNNEL_LIST gre1" },
		{ "tunnel show mode ipip", "TUNNEL_LIST mode 1 given 1" },
		{ "tunnel add ipip1 mode ipip remote 10.0.0.1 local 10.0.0.2",
		  "TUNNEL_ADD ipip1 mode 1 remote 10.0.0.1 local 10.0.0.2 given 7" },
		/* the name wherever it stands */
		{ "tunnel add mode gre gre1 remote 10.0.0.1 local 10.0.0.2 dev d0",
		  "TUNNEL_ADD gre1 mode 2 remote 10.0.0.1 local 10.0.0.2 dev d0 given 15" },
		{ "tunnel add g mode gre remote 10.0.0.1 local 10.0.0.2 ttl 64 tos 0x20 key 7 csum",
		  "TUNNEL_ADD g mode 2 remote 10.0.0.1 local 10.0.0.2 ttl 64 tos 32 ikey 7 okey 7 "
		  "iflags 3 oflags 3 given 1015" },
		{ "tunnel add g mode ip6gre remote fd00::1 local fd00::2 ttl inherit tos inherit "
		  "ikey "
		  "1.2.3.4 ocsum",
		  "TUNNEL_ADD g mode 6 remote fd00::1 local fd00::2 tos 1 ikey 16909060 iflags 1 "
		  "oflags 2 given 631" },
		{ "tunnel change g hoplimit 3 tclass 4", "TUNNEL_SET g ttl 3 tos 4 given 48" },
		{ "tunnel set g ttl 3", "TUNNEL_SET g ttl 3 given 16" },
		{ "tunnel replace g mode ipip remote 10.0.0.1 local 10.0.0.2",
		  "TUNNEL_REPLACE g mode 1 remote 10.0.0.1 local 10.0.0.2 given 7" },
		{ "tunnel replace g mode ipip remote 10.0.0.1",
		  "EXIT 2: tunnel replace: \"remote\" and \"local\", each with an address, are "
		  "expected" },
		{ "tunnel del g", "TUNNEL_DEL g" },
		{ "tunnel delete mode gre g", "TUNNEL_DEL g mode 2 given 1" },
		{ "tunnel show ttl 3",
		  "EXIT 2: tunnel show: \"3\": mode, remote, local or dev is expected" },
		{ "tunnel del", "EXIT 2: tunnel del: the name of a tunnel is expected" },
		{ "tunnel add g",
		  "EXIT 2: tunnel add: \"mode\" and ipip, gre, sit, ipip6, ip6ip6 or "
		  "ip6gre are expected" },
		{ "tunnel add g mode vxlan",
		  "EXIT 2: tunnel add: mode \"vxlan\": ipip, gre, sit, ipip6, ip6ip6 or ip6gre is "
		  "expected" },
		{ "tunnel add g mode gre remote 10.0.0.1",
		  "EXIT 2: tunnel add: \"remote\" and \"local\", each with an address, are "
		  "expected" },
		{ "tunnel add g mode gre remote fd00::1 local fd00::2",
		  "EXIT 2: tunnel add: mode gre is between IPv4 addresses" },
		{ "tunnel add g mode ip6ip6 remote 10.0.0.1 local 10.0.0.2",
		  "EXIT 2: tunnel add: mode ip6ip6 is between IPv6 addresses" },
		{ "tunnel change g ttl 0", "EXIT 2: tunnel change: ttl \"0\": a number from 1 to "
					   "255, or inherit, is expected" },
		{ "tunnel change g tos 256",
		  "EXIT 2: tunnel change: tos \"256\": a number from 0 to 255, or inherit, is "
		  "expected" },
		{ "tunnel change g key x", "EXIT 2: tunnel change: key \"x\": a number, or four as "
					   "in 1.2.3.4, is expected" },
		{ "tunnel change g key 1 key 2", "EXIT 2: tunnel change: \"key\" is there twice" },
		{ "tunnel change g seq", "TUNNEL_SET g iflags 4 oflags 4 given 3072" },
		{ "tunnel change g oseq icsum", "TUNNEL_SET g iflags 2 oflags 4 given 2304" },
		{ "tunnel change g frob",
		  "EXIT 2: tunnel change: \"frob\": mode, remote, local, dev, ttl, tos, "
		  "key, ikey, okey, csum, icsum, ocsum, seq, iseq or oseq is expected" },
	};

	tool_check_rows(&dpip_program, rows, LENGTH(rows));
}

static void test_mark(void **state)
{
	static const struct tool_row rows[] = {
		{ "mark", "MARK_LIST" },
		{ "-6 mark show mark 7", "MARK_LIST family 10 given 128 mark 7" },
		{ "mark add mark 1", "MARK_ADD given 128 mark 1" },
		{ "mark add pref 9 from 10.0.0.0/8 to 1.2.3.4 proto tcp sport 1024-65535 dport 80 "
		  "iif d0 mark 4294967295",
		  "MARK_ADD family 2 given 255 pref 9 from 10.0.0.0/8 to 1.2.3.4/32 proto 6 sport "
		  "1024-65535 dport 80-80 iif d0 mark 4294967295" },
		{ "mark add to 2001:db8::/32 proto icmp mark 0",
		  "MARK_ADD family 10 given 140 to 2001:db8::/32 proto 1" },
		{ "mark del pref 10", "MARK_DEL given 1 pref 10" },
		{ "mark flush", "MARK_FLUSH" },
		{ "mark flush proto sctp", "MARK_FLUSH given 8 proto 132" },
		{ "mark add", "EXIT 2: mark add: \"mark\" and a number are expected" },
		{ "mark add mark", "EXIT 2: mark add: a number from 0 to 4294967295 is expected "
				   "behind \"mark\"" },
		{ "mark add mark 1 mark 2", "EXIT 2: mark add: \"mark\" is there twice" },
		{ "mark add frob",
		  "EXIT 2: mark add: \"frob\": pref, from, to, proto, sport, dport, "
		  "iif or mark is expected" },
		{ "mark add pref 0 mark 1",
		  "EXIT 2: mark add: pref \"0\": a number from 1 to 4294967295 is expected" },
		{ "mark add from 10.0.0.1/8 mark 1",
		  "EXIT 2: mark add: from \"10.0.0.1/8\": bits behind the prefix are set" },
		{ "mark add from 10.0.0.0/8 to ::1 mark 1",
		  "EXIT 2: mark add: to \"::1\": an IPv4 prefix is expected" },
		{ "mark add proto igmp mark 1",
		  "EXIT 2: mark add: proto \"igmp\": tcp, udp, sctp or icmp is expected" },
		{ "mark add dport 90-80 mark 1",
		  "EXIT 2: mark add: dport \"90-80\": a port from 0 to 65535, or a range like "
		  "8000-8099, is expected" },
		{ "mark add dport 80- mark 1",
		  "EXIT 2: mark add: dport \"80-\": a port from 0 to 65535, or a range like "
		  "8000-8099, is expected" },
		{ "mark add proto icmp dport 80 mark 1",
		  "EXIT 2: mark add: sport and dport go with proto tcp, udp or sctp: ICMP has no "
		  "ports" },
		{ "mark del",
		  "EXIT 2: mark del: \"pref\" and a number, or other words of the rule, "
		  "are expected" },
	};

	tool_check_rows(&dpip_program, rows, LENGTH(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vlan),        cmocka_unit_test(test_flow),
		cmocka_unit_test(test_other_words), cmocka_unit_test(test_echo),
		cmocka_unit_test(test_tunnel),      cmocka_unit_test(test_mark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
