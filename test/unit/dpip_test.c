/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dpip without a daemon: command lines to requests or to the sentence that
 * refuses them, listings to text and JSON, scripts to requests in order, and
 * lines of random words to nothing worse than a sentence.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dpip/dpip.h"
#include "lib/splitline.h"
#include "lib/tool_rig.h"
#include "lib/unit.h"

static void test_addr(void **state)
{
	static const struct tool_row rows[] = {
		{ "addr", "ADDR_LIST" },
		{ "a", "ADDR_LIST" },
		{ "address show", "ADDR_LIST" },
		{ "addr list dev d0", "ADDR_LIST dev d0" },
		{ "addr show d0", "ADDR_LIST dev d0" },
		{ "-6 addr show", "ADDR_LIST family 10" },
		{ "addr show -f inet --cpu 2", "ADDR_LIST cpu 2 family 2" },
		{ "-j a s dev d0", "LINK_LIST dev d0; ADDR_LIST dev d0" },
		{ "-s addr show", "ADDR_LIST flags 2" },
		{ "-s -j addr show d0", "LINK_LIST dev d0; ADDR_LIST dev d0 flags 2" },
		{ "addr add 10.0.0.1/24 dev d0", "ADDR_ADD 10.0.0.1/24 dev d0" },
		{ "addr add dev d0 10.0.0.1/24",
		  "EXIT 2: addr add: \"dev\": an address A or A/P is expected" },
		{ "addr add 10.0.0.1 dev d0", "ADDR_ADD 10.0.0.1/32 dev d0" },
		{ "a a 2001:db8::1/64 dev d0", "ADDR_ADD 2001:db8::1/64 dev d0" },
		{ "a d ::1 dev d0", "ADDR_DEL ::1/128 dev d0" },
		{ "addr del 10.0.0.1/24 dev d0", "ADDR_DEL 10.0.0.1/24 dev d0" },
		{ "addr delete 10.0.0.1/24 dev d0", "ADDR_DEL 10.0.0.1/24 dev d0" },
		{ "addr set 10.0.0.1/24 dev d0 scope link", "ADDR_SET 10.0.0.1/24 dev d0 scope 2" },
		{ "addr add 10.0.0.1/24 dev d0 broadcast 10.0.0.255 scope global sapool",
		  "ADDR_ADD 10.0.0.1/24 dev d0 broadcast 10.0.0.255 scope 0 flags 1" },
		{ "addr add 10.0.0.1/24 dev d0 valid_lft 30",
		  "ADDR_ADD 10.0.0.1/24 dev d0 flags 2 valid 30 preferred 30" },
		{ "addr add 10.0.0.1/24 dev d0 valid_lft 30 prefered_lft 20",
		  "ADDR_ADD 10.0.0.1/24 dev d0 flags 2 valid 30 preferred 20" },
		{ "addr add 10.0.0.1/24 dev d0 valid_lft forever preferred_lft forever",
		  "ADDR_ADD 10.0.0.1/24 dev d0 flags 2" },
		{ "addr flush dev d0", "ADDR_FLUSH dev d0" },
		{ "addr help", "HELP" },
		{ "addr add", "EXIT 2: addr add: an address A/P is expected" },
		{ "addr add 10.0.0.1/33 dev d0",
		  "EXIT 2: addr add: \"10.0.0.1/33\": an address A or A/P is expected" },
		{ "-4 addr add ::1 dev d0",
		  "EXIT 2: addr add: \"::1\": an IPv4 address A or A/P is expected" },
		{ "addr add 10.0.0.1/24",
		  "EXIT 2: addr add: \"dev\" and a device name are expected" },
		{ "addr add 10.0.0.1/24 dev",
		  "EXIT 2: addr add: a device name is expected behind \"dev\"" },
		{ "addr add 10.0.0.1/24 dev d0 dev d1",
		  "EXIT 2: addr add: \"dev\" is there twice" },
		{ "addr add 10.0.0.1/24 dev sapool sapool scope link scope link",
		  "EXIT 2: addr add: \"scope\" is there twice" },
		{ "addr add 10.0.0.1/24 dev a23456789012345678901234567890123",
		  "EXIT 2: addr add: dev \"a23456789012345678901234567890123\": a device name has "
		  "1 "
		  "to 31 characters" },
		{ "addr add 10.0.0.1/24 dev d0 scope kni_host",
		  "EXIT 2: addr add: scope \"kni_host\": global, site, link, host or 0 to 3 is "
		  "expected" },
		{ "addr add ::1 dev d0 broadcast 1.2.3.4",
		  "EXIT 2: addr add: broadcast: IPv6 has no broadcast address" },
		{ "addr add 10.0.0.1/24 dev d0 valid_lft 0",
		  "EXIT 2: addr add: valid_lft \"0\": \"forever\" or a number of seconds from 1 to "
		  "4294967294 is expected" },
		{ "addr add 10.0.0.1/24 dev d0 valid_lft 3 preferred_lft 4",
		  "EXIT 2: addr add: preferred_lft must not be longer than valid_lft" },
		{ "addr flush", "EXIT 2: addr flush: \"dev\" and a device name are expected" },
		{ "addr show dev d0 more", "EXIT 2: addr show: unexpected \"more\"" },
		{ "addr frob", "EXIT 2: addr: \"frob\": show, list, add, set, change, del, flush "
			       "or help is expected" },
	};

	tool_check_rows(&dpip_program, rows, LENGTH(rows));
}

static void test_route(void **state)
{
	static const struct tool_row rows[] = {
		{ "r s", "ROUTE_LIST" },
		{ "route show dev d0", "ROUTE_LIST dev d0" },
		{ "route show --cpu 0", "ROUTE_LIST" },
		{ "route add 10.0.0.0/8 via 1.1.1.1 dev d0",
		  "ROUTE_ADD 10.0.0.0/8 via 1.1.1.1 dev d0" },
		{ "route add default via 1.1.1.1", "ROUTE_ADD 0.0.0.0/0 via 1.1.1.1" },
		{ "route add default via 1.1.1.1 dev d0 via 1.1.1.2",
		  "EXIT 2: route add: \"via\" is there twice" },
		{ "route add default via fe80::1 dev d0", "ROUTE_ADD ::/0 via fe80::1 dev d0" },
		{ "-6 route add default dev d0", "ROUTE_ADD ::/0 dev d0" },
		{ "route add default dev d0", "ROUTE_ADD 0.0.0.0/0 dev d0" },
		{ "route add 10.0.0.1 dev d0 scope host",
		  "ROUTE_ADD 10.0.0.1/32 dev d0 type 1 scope 3" },
		{ "route add 10.0.0.1 dev d0 local",
		  "ROUTE_ADD 10.0.0.1/32 dev d0 type 1 scope 3" },
		{ "route add 10.0.0.1 dev d0 scope kni_host",
		  "ROUTE_ADD 10.0.0.1/32 dev d0 type 2 scope 4" },
		{ "route add 10.0.0.0/8 dev d0 scope 2", "ROUTE_ADD 10.0.0.0/8 dev d0 scope 2" },
		{ "route add 10.0.0.0/8 via 1.1.1.1 dev d0 mtu 1400 src 1.1.1.2 metric 7 tos 4 "
		  "proto boot "
		  "onlink",
		  "ROUTE_ADD 10.0.0.0/8 via 1.1.1.1 src 1.1.1.2 dev d0 proto 3 tos 4 mtu 1400 "
		  "metric 7 "
		  "onlink 1" },
		{ "route add 10.0.0.0/8 dev d0 proto 12", "ROUTE_ADD 10.0.0.0/8 dev d0 proto 12" },
		{ "route add 10.0.0.0/8 dev d0 proto static",
		  "ROUTE_ADD 10.0.0.0/8 dev d0 proto 4" },
		{ "route add 10.0.0.0/8 dev d0 proto auto", "ROUTE_ADD 10.0.0.0/8 dev d0" },
		{ "route set 10.0.0.0/8 via 1.1.1.1", "ROUTE_SET 10.0.0.0/8 via 1.1.1.1" },
		{ "route del 10.0.0.0/8", "ROUTE_DEL 10.0.0.0/8" },
		{ "route del default", "ROUTE_DEL 0.0.0.0/0" },
		{ "route flush dev d0", "ROUTE_FLUSH dev d0" },
		{ "route flush", "ROUTE_FLUSH" },
		{ "route add", "EXIT 2: route add: a prefix A/P, A or default is expected" },
		{ "route add 10.0.0.1/8 dev d0",
		  "EXIT 2: route add: \"10.0.0.1/8\": bits are set behind the first 8" },
		{ "route add 2001:db8::1/64 dev d0",
		  "EXIT 2: route add: \"2001:db8::1/64\": bits are set behind the first 64" },
		{ "route add 10.0.0.0/8 via ::1",
		  "EXIT 2: route add: via \"::1\": an IPv4 address is expected" },
		{ "-6 route add default via 1.1.1.1",
		  "EXIT 2: route add: via \"1.1.1.1\": an IPv6 address is expected" },
		{ "route add 10.0.0.0/8", "EXIT 2: route add: \"dev\" or \"via\" is expected" },
		{ "route add 10.0.0.0/8 dev d0 mtu 70000",
		  "EXIT 2: route add: mtu \"70000\": a number from 0 to 65535 is expected" },
		{ "route add 10.0.0.0/8 dev d0 proto 256",
		  "EXIT 2: route add: proto \"256\": auto, boot, static, bird, "
		  "zebra, bgp, ospf and so on, or 0 to 255 is expected" },
		{ "route add 10.0.0.0/8 dev d0 frob",
		  "EXIT 2: route add: \"frob\": via, dev, scope, mtu, src, metric, tos, proto, "
		  "onlink, "
		  "local or nexthop is expected" },
	};

	tool_check_rows(&dpip_program, rows, LENGTH(rows));
}

static void test_neigh_link_stats(void **state)
{
	static const struct tool_row rows[] = {
		{ "neigh", "NEIGH_LIST" },
		{ "neighbour show dev d0", "NEIGH_LIST dev d0" },
		{ "neigh add 10.0.0.1 lladdr 02:00:00:00:00:0A dev d0",
		  "NEIGH_ADD 10.0.0.1 02:00:00:00:00:0a dev d0 static 1" },
		{ "neigh set ::1 dev d0 lladdr 02-00-00-00-00-0a",
		  "NEIGH_SET ::1 02:00:00:00:00:0a dev d0 static 1" },
		{ "neigh del 10.0.0.1 dev d0", "NEIGH_DEL 10.0.0.1 00:00:00:00:00:00 dev d0" },
		{ "neigh flush dev d0", "NEIGH_FLUSH dev d0" },
		{ "neigh add 10.0.0.1 dev d0",
		  "EXIT 2: neigh add: \"lladdr\" and a MAC address are expected" },
		{ "neigh add 10.0.0.1 lladdr 02:00:00:00:00 dev d0",
		  "EXIT 2: neigh add: lladdr \"02:00:00:00:00\": a MAC address like "
		  "02:00:00:00:00:01 "
		  "is expected" },
		{ "neigh add x", "EXIT 2: neigh add: \"x\": an address is expected" },
		{ "link", "LINK_LIST" },
		{ "l s", "LINK_LIST" },
		{ "link show d0", "LINK_LIST dev d0" },
		{ "link show dev d0 -s -v", "LINK_LIST dev d0 flags 1" },
		{ "link set d0 up", "LINK_SET d0 what 1 value 1" },
		{ "link set dev d0 down", "LINK_SET d0 what 1 value 0" },
		{ "link set d0 promisc on", "LINK_SET d0 what 2 value 1" },
		{ "link set d0 allmulticast off", "LINK_SET d0 what 3 value 0" },
		{ "link set d0 mtu 1400 up",
		  "LINK_SET d0 what 4 value 1400; LINK_SET d0 what 1 value 1" },
		{ "link set d0 addr 02:00:00:00:00:01",
		  "LINK_SET d0 what 5 value 0 02:00:00:00:00:01" },
		{ "link set d0",
		  "EXIT 2: link set: up, down, promisc, allmulticast, mtu, addr or forward2kni "
		  "is expected behind "
		  "\"d0\"" },
		{ "link set d0 promisc maybe",
		  "EXIT 2: link set: promisc \"maybe\": on or off is expected" },
		{ "link set d0 up up up up up up up up up",
		  "EXIT 2: link set: \"up\" is there twice" },
		{ "link add d2 vdev net_tap2,iface=x", "LINK_ADD d2 kind 1 \"net_tap2,iface=x\"" },
		{ "link a dev d2 pci 0000:06:00.0 mtu 9000 rx-descriptors 1024 tx-descriptors 16",
		  "LINK_ADD d2 kind 2 \"0000:06:00.0\" mtu 9000 descriptors 1024 16" },
		{ "link del d2", "LINK_DEL d2" },
		{ "link delete dev d2", "LINK_DEL d2" },
		{ "link flush", "LINK_FLUSH" },
		{ "link add", "EXIT 2: link add: a device name is expected behind \"add\"" },
		{ "link add d2", "EXIT 2: link add: vdev or pci is expected behind \"d2\"" },
		{ "link add d2 tap", "EXIT 2: link add: d2 \"tap\": vdev or pci is expected" },
		{ "link add d2 vdev", "EXIT 2: link add: a device is expected behind \"vdev\"" },
		{ "link add d2 vdev net_tap2 mtu 60",
		  "EXIT 2: link add: mtu \"60\": a number from 68 to 9216 is expected" },
		{ "link add d2 vdev net_tap2 mtu 1400 mtu 1500",
		  "EXIT 2: link add: \"mtu\" is there twice" },
		{ "link add d2 vdev net_tap2 frob 3",
		  "EXIT 2: link add: \"frob\": mtu, rx-descriptors or tx-descriptors is expected" },
		{ "link del", "EXIT 2: link del: a device name is expected behind \"del\"" },
		{ "link del d2 d3", "EXIT 2: link del: unexpected \"d3\"" },
		{ "link flush dev d2", "EXIT 2: link flush: unexpected \"dev\"" },
		{ "link frob d0",
		  "EXIT 2: link: \"frob\": show, list, set, change, add, del, flush or help "
		  "is expected" },
		{ "stats drop", "STATS_LIST what 1 cpu 0" },
		{ "stats show worker --cpu 3", "STATS_LIST what 2 cpu 3" },
		{ "s m", "STATS_LIST what 3 cpu 0" },
		{ "stats", "EXIT 2: stats show: drop, worker or memory is expected" },
		{ "stats frob",
		  "EXIT 2: stats show: \"frob\": drop, worker or memory is expected" },
	};

	tool_check_rows(&dpip_program, rows, LENGTH(rows));
}

static void test_options(void **state)
{
	static const struct tool_row rows[] = {
		{ "-h", "HELP" },
		{ "--help", "HELP" },
		{ "help", "HELP" },
		{ "-V", "HELP" },
		{ "-b lines", "SCRIPT lines" },
		{ "-F --batch -", "SCRIPT -" },
		{ "-C addr show", "ADDR_LIST" },
		{ "-i 1 -c 3 -s link show", "LINK_LIST" },
		{ "", "EXIT 2: an object is expected: addr, route, neigh, link, vlan, tunnel, kni, "
		      "maddr, mark, stats, config, monitor or help" },
		{ "frob",
		  "EXIT 2: object \"frob\": addr, route, neigh, link, vlan, tunnel, kni, maddr, "
		  "mark, stats, config, monitor or help is expected" },
		{ "-x", "EXIT 2: -x: unknown option" },
		{ "-b", "EXIT 2: -b: missing argument" },
		{ "-b f addr", "EXIT 2: unexpected \"addr\": -b takes the commands of the file" },
		{ "-f ipx addr", "EXIT 2: -f \"ipx\": inet or inet6 is expected" },
		{ "--cpu x addr", "EXIT 2: --cpu \"x\": a number from 0 is expected" },
		{ "--cpu 1 addr add 1.1.1.1 dev d", "EXIT 2: --cpu goes with show only" },
		{ "-i 1 addr add 1.1.1.1 dev d", "EXIT 2: -i goes with show only" },
		{ "-i 0 addr", "EXIT 2: -i \"0\": a number from 1 is expected" },
		{ "-c 1 addr", "EXIT 2: -c goes with -i only" },
		{ "-i 99999999999 addr",
		  "EXIT 2: -i \"99999999999\": a number from 1 is expected" },
	};

	tool_check_rows(&dpip_program, rows, LENGTH(rows));
}

static const struct api_link links[] = {
	{
		.name = "d0",
		.driver = "net_tap",
		.device = "net_tap0",
		.steering = "rss",
		.index = 1,
		.mtu = 1500,
		.flags = API_LINK_ADMIN_UP | API_LINK_CARRIER | API_LINK_FULL_DUPLEX |
			 API_LINK_AUTONEG | API_LINK_PROMISC | API_LINK_RX_IP_CSUM |
			 API_LINK_TX_FAST_FREE | API_LINK_ADDED,
		.speed_mbps = 10000,
		.rx_queues = 4,
		.tx_queues = 5,
		.rx_descriptors = 256,
		.tx_descriptors = 512,
		.mac = { 0x02, 0, 0, 0, 0, 0xab },
		.rx_packets = 11,
		.tx_packets = 12,
		.rx_bytes = 13,
		.tx_bytes = 14,
		.rx_errors = 15,
		.tx_errors = 16,
		.rx_missed = 17,
		.rx_nombuf = 18,
		.rx_overruns = 22,
		.tx_dropped = 19,
		.mbuf_avail = 20,
		.mbuf_inuse = 21,
	},
	{ .name = "d1", .index = 2, .mtu = 1400, .flags = API_LINK_ADMIN_UP },
};

static const struct api_stat xstat = { .name = "rx_good", .value = 5 };

struct print_row {
	const char *line;
	const char *text;
};

static void check_prints(const struct print_row *rows, unsigned int n,
			 const struct tool_item *items, unsigned int n_items)
{
	const struct tool_answer answer = { .items = items, .n = n_items };

	for (unsigned int i = 0; i < n; i++) {
		char *errors, *got;
		int code;

		got = tool_prints(&dpip_program, rows[i].line, &answer, &errors, &code);
		if (strcmp(got, rows[i].text) != 0 || *errors || code)
			fail_msg("dpip %s (%d)\nwanted\n%s\ngot\n%s%s", rows[i].line, code,
				 rows[i].text, got, errors);
		free(got);
		free(errors);
	}
}

static void test_print_addr(void **state)
{
	const struct api_addr addrs[] = {
		{ .addr = tool_ip("192.168.88.12"), .family = AF_INET, .plen = 24, .dev = "d0" },
		{
			.addr = tool_ip("10.0.0.1"),
			.broadcast = tool_ip("10.0.0.255"),
			.family = AF_INET,
			.plen = 32,
			.scope = API_SCOPE_HOST,
			.flags = API_ADDR_SAPOOL,
			.valid_lft_s = 30,
			.preferred_lft_s = 20,
			.dev = "d0",
			.ports_used = 1,
			.ports_miss = 3,
		},
		{ .addr = tool_ip("2001:db8::1"), .family = AF_INET6, .plen = 64, .dev = "gone" },
	};
	const struct tool_item items[] = {
		{ API_LINK_LIST, API_KIND_LINK, sizeof(links[0]), &links[0] },
		{ API_LINK_LIST, API_KIND_LINK, sizeof(links[1]), &links[1] },
		{ API_ADDR_LIST, API_KIND_ADDR, sizeof(addrs[0]), &addrs[0] },
		{ API_ADDR_LIST, API_KIND_ADDR, sizeof(addrs[1]), &addrs[1] },
		{ API_ADDR_LIST, 999, 0, NULL }, /* of a later daemon: passed over */
		{ API_ADDR_LIST, API_KIND_ADDR, sizeof(addrs[2]), &addrs[2] },
	};
	static const struct print_row rows[] = {
		{ "addr show", "inet 192.168.88.12/24 scope global d0\n"
			       "     valid_lft forever preferred_lft forever\n"
			       "inet 10.0.0.1/32 broadcast 10.0.0.255 scope host d0\n"
			       "     valid_lft 30sec preferred_lft 20sec\n"
			       "inet6 2001:db8::1/64 scope global gone\n"
			       "     valid_lft forever preferred_lft forever\n" },
		{ "addr show -s -o",
		  "inet 192.168.88.12/24 scope global d0\\     valid_lft forever preferred_lft "
		  "forever\n"
		  "inet 10.0.0.1/32 broadcast 10.0.0.255 scope host d0\\     valid_lft 30sec "
		  "preferred_lft 20sec sa_used 1 sa_miss 3\n"
		  "inet6 2001:db8::1/64 scope global gone\\     valid_lft forever preferred_lft "
		  "forever\n" },
		{ "addr show -j",
		  "[{\"ifindex\":1,\"ifname\":\"d0\",\"mtu\":1500,\"addr_info\":["
		  "{\"family\":\"inet\",\"local\":\"192.168.88.12\",\"prefixlen\":24,"
		  "\"scope\":\"global\",\"valid_life_time\":4294967295,"
		  "\"preferred_life_time\":4294967295},"
		  "{\"family\":\"inet\",\"local\":\"10.0.0.1\",\"prefixlen\":32,"
		  "\"broadcast\":\"10.0.0.255\",\"scope\":\"host\",\"valid_life_time\":30,"
		  "\"preferred_life_time\":20}]},"
		  "{\"ifname\":\"gone\",\"addr_info\":["
		  "{\"family\":\"inet6\",\"local\":\"2001:db8::1\",\"prefixlen\":64,"
		  "\"scope\":\"global\",\"valid_life_time\":4294967295,"
		  "\"preferred_life_time\":4294967295}]}]\n" },
	};
	static const struct print_row nothing[] = {
		{ "addr show", "" },
		{ "addr show -j", "[]\n" },
	};

	check_prints(rows, LENGTH(rows), items, LENGTH(items));
	check_prints(nothing, LENGTH(nothing), items, 2);
}

static void test_print_route(void **state)
{
	const struct api_route routes[] = {
		{ .dst = tool_ip("192.168.88.12"),
		  .family = AF_INET,
		  .plen = 32,
		  .type = API_ROUTE_LOCAL,
		  .scope = API_SCOPE_HOST,
		  .proto = API_PROTO_KERNEL,
		  .mtu = 1500,
		  .dev = "d0" },
		{ .dst = tool_ip("192.168.88.0"),
		  .src = tool_ip("192.168.88.12"),
		  .family = AF_INET,
		  .plen = 24,
		  .scope = API_SCOPE_LINK,
		  .proto = API_PROTO_KERNEL,
		  .mtu = 1500,
		  .dev = "d0" },
		{ .via = tool_ip("192.168.88.1"),
		  .family = AF_INET,
		  .proto = API_PROTO_STATIC,
		  .onlink = 1,
		  .metric = 7,
		  .mtu = 1400,
		  .dev = "d0" },
		{ .dst = tool_ip("2001:db8::"),
		  .family = AF_INET6,
		  .plen = 32,
		  .scope = API_SCOPE_UNSET,
		  .proto = 12,
		  .via = tool_ip("fe80::1"),
		  .src = tool_ip("fe80::2"),
		  .dev = "d1" },
		{ .family = AF_INET6, .scope = API_SCOPE_UNSET, .mtu = 1280, .dev = "d1" },
		{ .dst = tool_ip("::1"),
		  .family = AF_INET6,
		  .plen = 128,
		  .type = API_ROUTE_KERNEL,
		  .dev = "d1" },
	};
	struct tool_item items[LENGTH(routes)];
	static const struct print_row rows[] = {
		{ "route show",
		  "inet 192.168.88.12/32 via 0.0.0.0 src 0.0.0.0 dev d0 mtu 1500 tos "
		  "0 scope host metric "
		  "0 proto auto\n"
		  "inet 192.168.88.0/24 via 0.0.0.0 src 192.168.88.12 dev d0 mtu "
		  "1500 tos 0 scope link "
		  "metric 0 proto auto\n"
		  "inet 0.0.0.0/0 via 192.168.88.1 src 0.0.0.0 dev d0 mtu 1400 tos 0 "
		  "scope global metric "
		  "7 proto static onlink\n"
		  "inet6 2001:db8::/32 via fe80::1 src fe80::2 dev d1 scope global proto bird\n"
		  "inet6 default dev d1 mtu 1280 scope link\n"
		  "inet6 ::1/128 dev d1 scope kni_host\n" },
		{ "-j route",
		  "[{\"type\":\"local\",\"family\":\"inet\",\"dst\":\"192.168.88.12\",\"dev\":"
		  "\"d0\",\"protocol\":\"kernel\",\"scope\":\"host\",\"flags\":[],\"metrics\":[{"
		  "\"mtu\":1500}]},"
		  "{\"family\":\"inet\",\"dst\":\"192.168.88.0/"
		  "24\",\"dev\":\"d0\",\"protocol\":\"kernel\",\"scope\":\"link\",\"prefsrc\":"
		  "\"192.168.88.12\",\"flags\":[],\"metrics\":[{\"mtu\":1500}]},"
		  "{\"family\":\"inet\",\"dst\":\"default\",\"gateway\":\"192.168.88.1\",\"dev\":"
		  "\"d0\",\"protocol\":\"static\",\"scope\":\"global\",\"metric\":7,\"flags\":["
		  "\"onlink\"],\"metrics\":[{\"mtu\":1400}]},"
		  "{\"family\":\"inet6\",\"dst\":\"2001:db8::/"
		  "32\",\"gateway\":\"fe80::1\",\"dev\":\"d1\",\"protocol\":\"bird\",\"scope\":"
		  "\"global\",\"prefsrc\":\"fe80::2\",\"flags\":[]},"
		  "{\"family\":\"inet6\",\"dst\":\"default\",\"dev\":\"d1\",\"protocol\":\"auto\","
		  "\"scope\":\"link\",\"flags\":[],\"metrics\":[{\"mtu\":1280}]},"
		  "{\"type\":\"kernel\",\"family\":\"inet6\",\"dst\":\"::1\",\"dev\":\"d1\","
		  "\"protocol\":\"auto\",\"scope\":\"kni_host\",\"flags\":[]}]\n" },
	};

	for (unsigned int i = 0; i < LENGTH(routes); i++)
		items[i] = (struct tool_item){ API_ROUTE_LIST, API_KIND_ROUTE, sizeof(routes[i]),
					       &routes[i] };
	check_prints(rows, LENGTH(rows), items, LENGTH(items));
}

static void test_print_neigh(void **state)
{
	const struct api_neigh neighs[] = {
		{ .addr = tool_ip("10.0.0.1"),
		  .family = AF_INET,
		  .mac = { 2, 0, 0, 0, 0, 0xaa },
		  .state = API_NEIGH_REACHABLE,
		  .cpu = 1,
		  .dev = "d0" },
		{ .addr = tool_ip("10.0.0.2"),
		  .family = AF_INET,
		  .mac = { 2, 0, 0, 0, 0, 0xbb },
		  .state = API_NEIGH_REACHABLE,
		  .is_static = 1,
		  .dev = "d0" },
		{ .addr = tool_ip("fe80::1"),
		  .family = AF_INET6,
		  .state = API_NEIGH_SEND,
		  .dev = "d1" },
	};
	struct tool_item items[LENGTH(neighs)];
	static const struct print_row rows[] = {
		{ "neigh show", "ip: 10.0.0.1                                         mac: "
				"02:00:00:00:00:aa state: "
				"REACHABLE   dev: d0  core: 1\n"
				"ip: 10.0.0.2                                         mac: "
				"02:00:00:00:00:bb state: "
				"REACHABLE   dev: d0  core: 0  static\n"
				"ip: fe80::1                                          mac: "
				"00:00:00:00:00:00 state: "
				"SEND        dev: d1  core: 0\n" },
		{ "-j neigh show",
		  "[{\"dst\":\"10.0.0.1\",\"dev\":\"d0\",\"lladdr\":\"02:00:00:00:00:aa\","
		  "\"state\":[\"REACHABLE\"],\"cpu\":1},"
		  "{\"dst\":\"10.0.0.2\",\"dev\":\"d0\",\"lladdr\":\"02:00:00:00:00:bb\","
		  "\"state\":[\"PERMANENT\"],\"cpu\":0},"
		  "{\"dst\":\"fe80::1\",\"dev\":\"d1\",\"state\":[\"SEND\"],\"cpu\":0}]\n" },
	};

	for (unsigned int i = 0; i < LENGTH(neighs); i++)
		items[i] = (struct tool_item){ API_NEIGH_LIST, API_KIND_NEIGH, sizeof(neighs[i]),
					       &neighs[i] };
	check_prints(rows, LENGTH(rows), items, LENGTH(items));
}

static void test_print_link(void **state)
{
	static const struct tool_item items[] = {
		{ API_LINK_LIST, API_KIND_LINK, sizeof(links[0]), &links[0] },
		{ API_LINK_LIST, API_KIND_XSTAT, sizeof(xstat), &xstat },
		{ API_LINK_LIST, API_KIND_LINK, sizeof(links[1]), &links[1] },
	};
	static const struct print_row rows[] = {
		{ "link show -o",
		  "1: d0: socket 0 mtu 1500 rx-queue 4 tx-queue 5\\    UP 10000 Mbps full-duplex "
		  "auto-nego "
		  "promisc\\    addr 02:00:00:00:00:AB OF_RX_IP_CSUM OF_TX_FAST_FREE\n"
		  "2: d1: socket 0 mtu 1400 rx-queue 0 tx-queue 0\\    DOWN 0 Mbps half-duplex "
		  "fixed-nego\\    addr 00:00:00:00:00:00\n" },
		{ "link show -s",
		  "1: d0: socket 0 mtu 1500 rx-queue 4 tx-queue 5\n"
		  "    UP 10000 Mbps full-duplex auto-nego promisc\n"
		  "    addr 02:00:00:00:00:AB OF_RX_IP_CSUM OF_TX_FAST_FREE\n"
		  "    ipackets            opackets            ibytes              obytes          "
		  "    \n"
		  "    11                  12                  13                  14              "
		  "    \n"
		  "    ierrors             oerrors             imissed             rx_nombuf       "
		  "    \n"
		  "    15                  16                  17                  18              "
		  "    \n"
		  "    mbuf-avail          mbuf-inuse          odropped            overruns        "
		  "    \n"
		  "    20                  21                  19                  22              "
		  "    \n" },
		{ "link show -v",
		  "1: d0: socket 0 mtu 1500 rx-queue 4 tx-queue 5\n"
		  "    UP 10000 Mbps full-duplex auto-nego promisc\n"
		  "    addr 02:00:00:00:00:AB OF_RX_IP_CSUM OF_TX_FAST_FREE\n"
		  "    driver net_tap device net_tap0 steering rss\n"
		  "    rx-descriptors 256 tx-descriptors 512 admin-up carrier added\n"
		  "    rx_good: 5\n" },
		{ "link show -j",
		  "[{\"ifindex\":1,\"ifname\":\"d0\",\"flags\":[\"PROMISC\",\"UP\",\"LOWER_UP\"],"
		  "\"mtu\":1500,\"operstate\":\"UP\",\"address\":\"02:00:00:00:00:ab\","
		  "\"speed_mbps\":10000,\"num_rx_queues\":4,\"num_tx_queues\":5},"
		  "{\"ifindex\":2,\"ifname\":\"d1\",\"flags\":[\"NO-CARRIER\",\"UP\"],\"mtu\":1400,"
		  "\"operstate\":\"DOWN\",\"address\":\"00:00:00:00:00:00\",\"speed_mbps\":0,"
		  "\"num_rx_queues\":0,\"num_tx_queues\":0}]\n" },
		{ "link show -j -s -v",
		  "[{\"ifindex\":1,\"ifname\":\"d0\",\"flags\":[\"PROMISC\",\"UP\",\"LOWER_UP\"],"
		  "\"mtu\":1500,\"operstate\":\"UP\",\"address\":\"02:00:00:00:00:ab\","
		  "\"speed_mbps\":10000,\"num_rx_queues\":4,\"num_tx_queues\":5,\"driver\":\"net_"
		  "tap\","
		  "\"device\":\"net_tap0\",\"steering\":\"rss\",\"offloads\":[\"OF_RX_IP_CSUM\","
		  "\"OF_TX_FAST_FREE\"],\"rss\":false,"
		  "\"full_duplex\":true,\"autoneg\":true,\"socket\":0,\"num_rx_"
		  "descriptors\":256,"
		  "\"num_tx_descriptors\":512,\"added\":true,\"stats64\":{\"rx\":{\"bytes\":13,"
		  "\"packets\":11,"
		  "\"errors\":15,\"dropped\":18,\"over_errors\":22,\"missed_errors\":17},"
		  "\"tx\":{\"bytes\":14,"
		  "\"packets\":12,"
		  "\"errors\":16,\"dropped\":19}},\"mbuf_avail\":20,\"mbuf_inuse\":21,"
		  "\"xstats\":{\"rx_good\":5}}]\n" },
	};
	static const struct tool_item two[] = {
		{ API_LINK_LIST, API_KIND_LINK, sizeof(links[0]), &links[0] },
		{ API_LINK_LIST, API_KIND_LINK, sizeof(links[1]), &links[1] },
	};

	check_prints(&rows[0], 1, two, 2);
	check_prints(&rows[1], 1, items, 1);
	check_prints(&rows[2], 1, items, 2);
	check_prints(&rows[3], 1, two, 2);
	check_prints(&rows[4], 1, items, 2);
}

static void test_print_stats(void **state)
{
	static const struct api_stat stats[] = {
		{ .worker = 1, .name = "ip4_ttl", .value = 1 },
		{ .worker = 1, .name = "ip4_checksum", .value = 0 },
		{ .worker = 2, .name = "ip4_ttl", .value = 4 },
		{ .worker = 2, .name = "ip4_checksum", .value = 0 },
	};
	struct tool_item items[LENGTH(stats)];
	static const struct print_row rows[] = {
		{ "stats drop", "ip4_ttl 5\nip4_checksum 0\n" },
		{ "-j stats drop", "[{\"worker\":1,\"name\":\"ip4_ttl\",\"value\":1},"
				   "{\"worker\":1,\"name\":\"ip4_checksum\",\"value\":0},"
				   "{\"worker\":2,\"name\":\"ip4_ttl\",\"value\":4},"
				   "{\"worker\":2,\"name\":\"ip4_checksum\",\"value\":0}]\n" },
	};

	for (unsigned int i = 0; i < LENGTH(stats); i++)
		items[i] = (struct tool_item){ API_STATS_LIST, API_KIND_STAT, sizeof(stats[i]),
					       &stats[i] };
	check_prints(rows, LENGTH(rows), items, LENGTH(items));
}

/* An item of an older daemon is shorter, of a later one longer. */
static void test_print_other_sizes(void **state)
{
	const struct {
		struct api_stat stat;
		uint64_t more;
	} longer = { { .worker = 1, .name = "x", .value = 3 }, 9 };
	const struct tool_item items[] = {
		{ API_STATS_LIST, API_KIND_STAT, sizeof(longer), &longer },
		{ API_STATS_LIST, API_KIND_STAT, offsetof(struct api_stat, name), &longer },
	};
	static const struct print_row rows[] = { { "stats drop", "x 3\n 3\n" } };

	check_prints(rows, 1, items, LENGTH(items));
}

/* Runs a script of these lines; returns what it did. */
static char *run_script(const char *options, const char *text, const struct tool_answer *answer,
			char **errors, int *code)
{
	char path[] = "/tmp/dpip-test-XXXXXX", line[256], *out;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	snprintf(line, sizeof(line), "%s -b %s", options, path);
	out = tool_prints(&dpip_program, line, answer, errors, code);
	unlink(path);
	return out;
}

static void test_script(void **state)
{
	static const struct {
		const char *options, *text;
		struct tool_answer answer;
		const char *want, *errors;
		int code;
	} rows[] = {
		{ "",
		  "# nothing\n\n \t\naddr add 1.1.1.1 dev 'd 0' # a comment\n  dpip addr del "
		  "\"1.1.1.1\" dev d\\ 0",
		  { 0 },
		  "ADDR_ADD 1.1.1.1/32 dev d 0\nADDR_DEL 1.1.1.1/32 dev d 0\n",
		  "",
		  0 },
		{ "-4", "route add default dev d\n", { 0 }, "ROUTE_ADD 0.0.0.0/0 dev d\n", "", 0 },
		{ "-6", "route add default dev d\n", { 0 }, "ROUTE_ADD ::/0 dev d\n", "", 0 },
		{ "",
		  "addr add 1.1.1.1 dev d\nfrob\naddr add 1.1.1.2 dev d\n",
		  { 0 },
		  "ADDR_ADD 1.1.1.1/32 dev d\n",
		  ":2: object \"frob\": addr, route, neigh, link, vlan, tunnel, kni, maddr, mark, "
		  "stats, config, monitor or help is expected\n",
		  1 },
		{ "-F",
		  "addr add 1.1.1.1 dev d\nfrob\naddr add 1.1.1.2 dev d\n",
		  { 0 },
		  "ADDR_ADD 1.1.1.1/32 dev d\nADDR_ADD 1.1.1.2/32 dev d\n",
		  ":2: object \"frob\": addr, route, neigh, link, vlan, tunnel, kni, maddr, mark, "
		  "stats, config, monitor or help is expected\n",
		  1 },
		{ "",
		  "addr add 1.1.1.1 dev d\naddr add 1.1.1.2 dev d\naddr add 1.1.1.3 dev d\n",
		  { .refused = API_ADDR_ADD, .nth = 2 },
		  "ADDR_ADD 1.1.1.1/32 dev d\n",
		  ":2: it is there already\n",
		  1 },
		{ "-F",
		  "addr add 1.1.1.1 dev d\naddr add 1.1.1.2 dev d\naddr add 1.1.1.3 dev d\n",
		  { .refused = API_ADDR_ADD, .nth = 2 },
		  "ADDR_ADD 1.1.1.1/32 dev d\nADDR_ADD 1.1.1.3/32 dev d\n",
		  ":2: it is there already\n",
		  1 },
		{ "",
		  "addr add 1.1.1.1 dev d\nroute show\naddr add 1.1.1.2 dev d\n",
		  { 0 },
		  "ADDR_ADD 1.1.1.1/32 dev d\nROUTE_LIST\nADDR_ADD 1.1.1.2/32 dev d\n",
		  "",
		  0 },
		{ "",
		  "addr add 1.1.1.1 dev d\n-b other\n",
		  { 0 },
		  "ADDR_ADD 1.1.1.1/32 dev d\n",
		  ":2: a script cannot run another one\n",
		  1 },
		{ "", "addr 'add\n", { 0 }, "", ":1: a quote or a backslash has no end\n", 1 },
		{ "", "addr add\\\n", { 0 }, "", ":1: addr add: an address A/P is expected\n", 1 },
		{ "", "", { 0 }, "", "", 0 },
	};

	for (unsigned int i = 0; i < LENGTH(rows); i++) {
		char *errors, *got, *said;
		int code;

		got = run_script(rows[i].options, rows[i].text, &rows[i].answer, &errors, &code);
		said = strchr(errors, ':'); /* behind "dpip:" stands the file's name */
		said = said ? strchr(said + 1, ':') : errors;
		if (strcmp(got, rows[i].want) != 0 || strcmp(said, rows[i].errors) != 0 ||
		    code != rows[i].code)
			fail_msg("script %u\n%s\nwanted (%d)\n%s%s\ngot (%d)\n%s%s", i,
				 rows[i].text, rows[i].code, rows[i].want, rows[i].errors, code,
				 got, errors);
		free(got);
		free(errors);
	}
}

static void test_script_large(void **state)
{
	unsigned int counts = 0, n = 50000;
	const struct tool_answer answer = { .counts = &counts,
					    .refused = API_ADDR_ADD,
					    .nth = 40000 };
	char *text, *errors, *got;
	size_t size;
	int code;
	FILE *out = open_memstream(&text, &size);

	for (unsigned int i = 0; i < n; i++)
		fprintf(out, "addr add 10.%u.%u.%u dev d\n", i >> 16, i >> 8 & 255, i & 255);
	fclose(out);
	got = run_script("", text, &answer, &errors, &code);
	assert_int_equal(code, 1);
	assert_int_equal(counts, 40000);
	assert_non_null(strstr(errors, ":40000: it is there already\n"));
	free(got);
	free(errors);
	free(text);
}

/* What the daemon's startup block lets through. */
static void test_startup(void **state)
{
	static const struct program *const programs[] = { &dpip_program };
	static const struct tool_row rows[] = {
		{ "dpip addr add 1.1.1.1 dev d", "" },
		{ "/usr/sbin/dpip addr add 1.1.1.1 dev d", "" },
		{ "dpip addr show",
		  "dpip: only commands that change something are allowed in startup" },
		{ "dpip -b f", "dpip: only commands that change something are allowed in startup" },
		{ "dpip help", "dpip: only commands that change something are allowed in startup" },
		{ "dpip addr add", "addr add: an address A/P is expected" },
		{ "reboot now", "\"reboot\" is not a command of startup: dpip or ipvsadm" },
		{ "", "a command is expected: dpip or ipvsadm" },
	};

	for (unsigned int i = 0; i < LENGTH(rows); i++) {
		char line[128], error[COMMAND_ERROR_LEN] = "", *words[SPLITLINE_WORDS + 1];
		struct command command;
		int n, r;

		snprintf(line, sizeof(line), "%s", rows[i].line);
		n = splitline(line, words, SPLITLINE_WORDS);
		words[n] = NULL;
		r = command_startup(programs, 1, n, words, &command, error, sizeof(error));
		assert_int_equal(r < 0, *rows[i].want != '\0');
		assert_string_equal(error, rows[i].want);
	}
}

static void test_word_soup(void **state)
{
	static const char words[] =
		"addr route neigh link stats show add del set flush help dev d0 via src scope "
		"host link mtu metric proto static default 10.0.0.0/8 10.0.0.1 :: ::1/64 "
		"1.2.3.4/ / 0 -1 65536 99999999999999999999999 lladdr 02:00:00:00:00:01 up "
		"promisc on drop -4 -6 -f inet -s -v -V -h -j -b - -- -F -o -i -c -C --cpu "
		"--cpu=3 -sj46 --json '' ' ' \xff\xfe %s%n valid_lft forever broadcast sapool "
		"onlink local tos aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ";

	tool_word_soup(&dpip_program, words, 20240601);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addr),
		cmocka_unit_test(test_route),
		cmocka_unit_test(test_neigh_link_stats),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_print_addr),
		cmocka_unit_test(test_print_route),
		cmocka_unit_test(test_print_neigh),
		cmocka_unit_test(test_print_link),
		cmocka_unit_test(test_print_stats),
		cmocka_unit_test(test_print_other_sizes),
		cmocka_unit_test(test_script),
		cmocka_unit_test(test_script_large),
		cmocka_unit_test(test_startup),
		cmocka_unit_test(test_word_soup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
