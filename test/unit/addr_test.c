/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses: which are taken, what routes come and go with them, sources and
 * broadcasts, lifetimes, holds, and a hundred thousand random changes after
 * which the routes are exactly those that the addresses need.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>

#include "lib/net_rig.h"
#include "lib/prng.h"
#include "lib/unit.h"
#include "net/addr.h"
#include "net/route.h"
#include "net/shared_ctl.h"

static int setup(void **state)
{
	*state = net_rig_create(64);
	return 0;
}

static int teardown(void **state)
{
	net_rig_destroy(*state);
	return 0;
}

static struct api_addr make(const char *ip, uint8_t plen, const char *dev)
{
	struct api_addr addr = {
		.addr = net_rig_ip(ip),
		.family = AF_INET,
		.plen = plen,
		.scope = API_SCOPE_UNSET,
	};

	strcpy(addr.dev, dev);
	return addr;
}

static int run(struct net_rig *rig, enum api_id id, const char *ip, uint8_t plen, const char *dev)
{
	struct api_addr addr = make(ip, plen, dev);

	return net_rig_request(rig, id, &addr, sizeof(addr));
}

static union ip_addr ip_of(const char *text)
{
	union api_ip ip = net_rig_ip(text);

	return ip_from_api(&ip);
}

static void test_requests(void **state)
{
	static const struct {
		enum api_id id;
		const char *ip;
		uint8_t plen;
		const char *dev;
		int want;
		const char *text;
	} rows[] = {
		{ API_ADDR_ADD, "10.0.0.1", 24, "dpdk0", 0, "" },
		{ API_ADDR_ADD, "10.0.0.1", 24, "dpdk0", -EEXIST,
		  "address 10.0.0.1/24 is already on dpdk0" },
		{ API_ADDR_ADD, "10.0.0.1", 16, "dpdk0", 0, "" },
		{ API_ADDR_ADD, "10.0.0.1", 24, "dpdk1", 0, "" },
		{ API_ADDR_ADD, "10.0.0.2", 24, "eth0", -ENODEV,
		  "no such device \"eth0\"; there are: dpdk0, dpdk1, dpdk2" },
		{ API_ADDR_ADD, "10.0.0.2", 24, "", -EINVAL, "a device is needed" },
		{ API_ADDR_ADD, "10.0.0.2", 0, "dpdk0", -EINVAL, "prefix length is 1 to 32" },
		{ API_ADDR_ADD, "10.0.0.2", 33, "dpdk0", -EINVAL, "prefix length is 1 to 32" },
		{ API_ADDR_ADD, "0.0.0.0", 24, "dpdk0", -EADDRNOTAVAIL, "none of a host" },
		{ API_ADDR_ADD, "127.0.0.1", 8, "dpdk0", -EADDRNOTAVAIL, "none of a host" },
		{ API_ADDR_ADD, "224.0.0.1", 24, "dpdk0", -EADDRNOTAVAIL, "none of a host" },
		{ API_ADDR_ADD, "255.255.255.255", 32, "dpdk0", -EADDRNOTAVAIL, "none of a host" },
		{ API_ADDR_ADD, "10.0.0.255", 24, "dpdk0", -EADDRNOTAVAIL, "net's broadcast" },
		{ API_ADDR_ADD, "10.0.9.1", 31, "dpdk0", 0, "" },
		{ API_ADDR_DEL, "10.0.0.1", 25, "dpdk0", -ENOENT,
		  "no such address 10.0.0.1/25 on dpdk0: it is 10.0.0.1/24 there" },
		{ API_ADDR_DEL, "10.0.0.9", 24, "dpdk0", -ENOENT,
		  "no such address 10.0.0.9/24 on dpdk0" },
		{ API_ADDR_SET, "10.0.0.9", 24, "dpdk0", -ENOENT, "no such address" },
		{ API_ADDR_SET, "10.0.0.1", 24, "dpdk0", 0, "" },
		{ API_ADDR_DEL, "10.0.0.1", 24, "dpdk0", 0, "" },
		{ API_ADDR_DEL, "10.0.0.1", 24, "dpdk0", -ENOENT, "no such address" },
	};
	struct net_rig *rig = *state;

	for (unsigned int i = 0; i < LENGTH(rows); i++) {
		int r = run(rig, rows[i].id, rows[i].ip, rows[i].plen, rows[i].dev);

		if (r != rows[i].want || !strstr(rig->error, rows[i].text))
			fail_msg("row %u: %d \"%s\"", i, r, rig->error);
	}
}

static void test_family(void **state)
{
	struct api_addr addr = { .family = 77, .plen = 64, .dev = "dpdk0" };
	struct net_rig *rig = *state;

	assert_int_equal(net_rig_request(rig, API_ADDR_ADD, &addr, sizeof(addr)), -EAFNOSUPPORT);
	assert_non_null(strstr(rig->error, "77"));
}

/* "PREFIX/LEN dev src" of each of a worker's routes, separated by blanks */
static void routes_text(struct net_rig *rig, uint32_t cpu, char *out, size_t size)
{
	struct api_filter filter = { .cpu = cpu };
	struct api_route routes[64];
	unsigned int n = net_rig_list(rig, API_ROUTE_LIST, &filter, routes, sizeof(routes[0]), 64);
	size_t len = 0;

	out[0] = '\0';
	for (unsigned int i = 0; i < n; i++) {
		char dst[IP_STR_LEN], src[IP_STR_LEN];
		union ip_addr a = ip_from_api(&routes[i].dst), b = ip_from_api(&routes[i].src);

		len += (size_t)snprintf(out + len, size - len, "%s%s/%u %s %s", i ? ", " : "",
					ip_str(routes[i].family, &a, dst), routes[i].plen,
					routes[i].dev, ip_str(routes[i].family, &b, src));
	}
}

#define assert_routes(rig, want)                                \
	for (uint32_t cpu = 0; cpu <= NET_RIG_WORKERS; cpu++) { \
		char text[2048];                                \
                                                                \
		routes_text(rig, cpu, text, sizeof(text));      \
		assert_string_equal(text, want);                \
	}

static struct api_addr make6(const char *text, uint8_t plen)
{
	struct api_addr addr = { .plen = plen, .scope = API_SCOPE_UNSET, .dev = "dpdk0" };
	unsigned int family;
	union ip_addr ip;

	assert_int_equal(ip_parse(text, &family, &ip), 0);
	addr.family = (uint16_t)family;
	addr.addr = ip_to_api(&ip);
	return addr;
}

static int run6(struct net_rig *rig, enum api_id id, const char *text, uint8_t plen)
{
	struct api_addr addr = make6(text, plen);

	return net_rig_request(rig, id, &addr, sizeof(addr));
}

static void test_ip6_routes(void **state)
{
	struct net_rig *rig = *state;

	assert_int_equal(run6(rig, API_ADDR_ADD, "2001:db8::1", 64), 0);
	assert_routes(rig, "2001:db8::1/128 dpdk0 ::, 2001:db8::/64 dpdk0 2001:db8::1");
	assert_int_equal(run6(rig, API_ADDR_ADD, "2001:db8::2", 64), 0);
	assert_int_equal(run6(rig, API_ADDR_ADD, "2001:db8::3", 128), 0);
	assert_int_equal(run6(rig, API_ADDR_ADD, "2001:db8::2", 64), -EEXIST);
	assert_int_equal(run6(rig, API_ADDR_DEL, "2001:db8::2", 63), -ENOENT);
	assert_int_equal(run6(rig, API_ADDR_DEL, "2001:db8::1", 64), 0);
	assert_routes(rig, "2001:db8::2/128 dpdk0 ::, 2001:db8::3/128 dpdk0 ::, "
			   "2001:db8::/64 dpdk0 2001:db8::2");
	assert_int_equal(run6(rig, API_ADDR_DEL, "2001:db8::2", 64), 0);
	assert_int_equal(run6(rig, API_ADDR_DEL, "2001:db8::3", 128), 0);
	assert_routes(rig, "");
}

static void test_ip6_refused(void **state)
{
	static const struct {
		const char *ip;
		uint8_t plen;
		int want;
		const char *text;
	} rows[] = {
		{ "::", 64, -EADDRNOTAVAIL, "none of a host" },
		{ "::1", 128, -EADDRNOTAVAIL, "none of a host" },
		{ "ff02::1", 128, -EADDRNOTAVAIL, "none of a host" },
		{ "::ffff:1.2.3.4", 128, -EADDRNOTAVAIL, "none of a host" },
		{ "2001:db8::1", 0, -EINVAL, "1 to 128" },
		{ "2001:db8::1", 129, -EINVAL, "1 to 128" },
	};
	struct api_addr broadcast = make6("2001:db8::1", 64);
	struct net_rig *rig = *state;

	for (unsigned int i = 0; i < LENGTH(rows); i++) {
		int r = run6(rig, API_ADDR_ADD, rows[i].ip, rows[i].plen);

		if (r != rows[i].want || !strstr(rig->error, rows[i].text))
			fail_msg("row %u: %d \"%s\"", i, r, rig->error);
	}
	broadcast.broadcast.v6[0] = 0xff;
	assert_int_equal(net_rig_request(rig, API_ADDR_ADD, &broadcast, sizeof(broadcast)),
			 -EINVAL);
	assert_non_null(strstr(rig->error, "no broadcast address"));
	assert_routes(rig, "");
}

/* scopes follow from the address; flush means one family, or both */
static void test_ip6_list(void **state)
{
	struct api_filter filter = { .family = AF_INET6, .dev = "dpdk0" };
	struct net_rig *rig = *state;
	struct api_addr items[4];

	assert_int_equal(run(rig, API_ADDR_ADD, "10.0.0.1", 24, "dpdk0"), 0);
	assert_int_equal(run6(rig, API_ADDR_ADD, "2001:db8::1", 64), 0);
	assert_int_equal(run6(rig, API_ADDR_ADD, "fe80::1", 64), 0);
	assert_int_equal(net_rig_list(rig, API_ADDR_LIST, &filter, items, sizeof(items[0]), 4), 2);
	assert_int_equal(items[0].scope, API_SCOPE_GLOBAL);
	assert_int_equal(items[1].scope, API_SCOPE_LINK);
	assert_int_equal(net_rig_request(rig, API_ADDR_FLUSH, &filter, sizeof(filter)), 0);
	assert_routes(rig, "10.0.0.1/32 dpdk0 0.0.0.0, 10.0.0.0/24 dpdk0 10.0.0.1");
	filter.family = 0;
	assert_int_equal(run6(rig, API_ADDR_ADD, "fe80::1", 64), 0);
	assert_int_equal(net_rig_request(rig, API_ADDR_FLUSH, &filter, sizeof(filter)), 0);
	assert_routes(rig, "");
}

/* Which source: of the same scope, then not deprecated, then of the destination's net. */
static void test_select(void **state)
{
	static const struct {
		const char *dst, *want;
	} rows[] = {
		{ "fe80::9", "fe80::1" },
		{ "2001:db8::9", "2001:db8::1" },
		{ "2001:db9::9", "2001:db9::1" },
		{ "2001:dba::9", "2001:db8::1" },
	};
	struct api_addr old = make6("2001:db8::1", 64);
	union ip_addr dst, want, got;
	struct net_rig *rig = *state;
	unsigned int family;

	assert_int_equal(run6(rig, API_ADDR_ADD, "fe80::1", 64), 0);
	assert_int_equal(run6(rig, API_ADDR_ADD, "2001:db8::1", 64), 0);
	assert_int_equal(run6(rig, API_ADDR_ADD, "2001:db9::1", 64), 0);
	for (unsigned int i = 0; i < LENGTH(rows); i++) {
		assert_int_equal(ip_parse(rows[i].dst, &family, &dst), 0);
		assert_int_equal(ip_parse(rows[i].want, &family, &want), 0);
		got = addr_select(rig->all[1], AF_INET6, 0, &dst);
		assert_true(ip_equal(&got, &want));
	}
	/* its time as a source is over, and it comes last */
	old.flags = API_ADDR_LIFETIME;
	old.preferred_lft_s = 1;
	assert_int_equal(net_rig_request(rig, API_ADDR_SET, &old, sizeof(old)), 0);
	addr_expire(rig->all, ctl_now_ms() + 2500);
	got = addr_select(rig->all[2], AF_INET6, 0, &dst);
	assert_int_equal(ip_parse("2001:db9::1", &family, &want), 0);
	assert_true(ip_equal(&got, &want));
	old.preferred_lft_s = 0;
	assert_int_equal(net_rig_request(rig, API_ADDR_SET, &old, sizeof(old)), 0);
	got = addr_select(rig->all[2], AF_INET6, 0, &dst);
	assert_int_equal(ip_parse("2001:db8::1", &family, &want), 0);
	assert_true(ip_equal(&got, &want));
}

/* two addresses of a net share its route, which passes from one to the other */
static void test_shared_net(void **state)
{
	struct net_rig *rig = *state;

	assert_int_equal(run(rig, API_ADDR_ADD, "10.0.0.1", 24, "dpdk0"), 0);
	assert_routes(rig, "10.0.0.1/32 dpdk0 0.0.0.0, 10.0.0.0/24 dpdk0 10.0.0.1");
	assert_int_equal(run(rig, API_ADDR_ADD, "10.0.0.2", 24, "dpdk0"), 0);
	assert_int_equal(run(rig, API_ADDR_ADD, "10.0.0.3", 32, "dpdk0"), 0);
	assert_routes(rig, "10.0.0.1/32 dpdk0 0.0.0.0, 10.0.0.2/32 dpdk0 0.0.0.0, "
			   "10.0.0.3/32 dpdk0 0.0.0.0, 10.0.0.0/24 dpdk0 10.0.0.1");
	assert_int_equal(run(rig, API_ADDR_DEL, "10.0.0.1", 24, "dpdk0"), 0);
	assert_routes(rig, "10.0.0.2/32 dpdk0 0.0.0.0, 10.0.0.3/32 dpdk0 0.0.0.0, "
			   "10.0.0.0/24 dpdk0 10.0.0.2");
	assert_int_equal(run(rig, API_ADDR_DEL, "10.0.0.2", 24, "dpdk0"), 0);
	assert_routes(rig, "10.0.0.3/32 dpdk0 0.0.0.0");
}

/* one ip with two prefix lengths has one local route, gone with the second */
static void test_same_ip(void **state)
{
	struct net_rig *rig = *state;

	assert_int_equal(run(rig, API_ADDR_ADD, "10.0.0.1", 24, "dpdk0"), 0);
	assert_int_equal(run(rig, API_ADDR_ADD, "10.0.0.1", 16, "dpdk0"), 0);
	assert_routes(rig, "10.0.0.1/32 dpdk0 0.0.0.0, 10.0.0.0/24 dpdk0 10.0.0.1, "
			   "10.0.0.0/16 dpdk0 10.0.0.1");
	assert_int_equal(run(rig, API_ADDR_DEL, "10.0.0.1", 24, "dpdk0"), 0);
	assert_routes(rig, "10.0.0.1/32 dpdk0 0.0.0.0, 10.0.0.0/16 dpdk0 10.0.0.1");
	assert_int_equal(run(rig, API_ADDR_DEL, "10.0.0.1", 16, "dpdk0"), 0);
	assert_routes(rig, "");
}

/* a route made by hand stays, and forgets a source that is gone */
static void test_route_by_hand(void **state)
{
	struct api_route route = {
		.dst = net_rig_ip("20.0.0.0"),
		.src = net_rig_ip("10.0.0.1"),
		.family = AF_INET,
		.plen = 8,
		.scope = API_SCOPE_UNSET,
		.proto = API_PROTO_STATIC,
		.dev = "dpdk1",
	};
	struct net_rig *rig = *state;

	assert_int_equal(run(rig, API_ADDR_ADD, "10.0.0.1", 24, "dpdk0"), 0);
	assert_int_equal(net_rig_request(rig, API_ROUTE_ADD, &route, sizeof(route)), 0);
	assert_int_equal(run(rig, API_ADDR_DEL, "10.0.0.1", 24, "dpdk0"), 0);
	assert_routes(rig, "20.0.0.0/8 dpdk1 0.0.0.0");
}

/* the net's route passes on in the order of coming, and back to nobody who is gone */
static void test_heirs(void **state)
{
	static const char *const ips[] = { "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4" };
	struct net_rig *rig = *state;

	for (unsigned int i = 0; i < LENGTH(ips); i++)
		assert_int_equal(run(rig, API_ADDR_ADD, ips[i], 24, "dpdk0"), 0);
	assert_int_equal(run(rig, API_ADDR_DEL, "10.0.0.2", 24, "dpdk0"), 0);
	assert_int_equal(run(rig, API_ADDR_DEL, "10.0.0.1", 24, "dpdk0"), 0);
	assert_routes(rig, "10.0.0.3/32 dpdk0 0.0.0.0, 10.0.0.4/32 dpdk0 0.0.0.0, "
			   "10.0.0.0/24 dpdk0 10.0.0.3");
	assert_int_equal(run(rig, API_ADDR_ADD, "10.0.0.1", 24, "dpdk0"), 0);
	assert_int_equal(run(rig, API_ADDR_DEL, "10.0.0.3", 24, "dpdk0"), 0);
	assert_routes(rig, "10.0.0.4/32 dpdk0 0.0.0.0, 10.0.0.1/32 dpdk0 0.0.0.0, "
			   "10.0.0.0/24 dpdk0 10.0.0.4");
}

/* the broadcast of a net lasts as long as any of its addresses; only one that was given is shown */
static void test_broadcast(void **state)
{
	struct api_addr addr = make("10.0.0.3", 24, "dpdk0"), items[4];
	union ip_addr net = ip_of("10.0.0.255"), given = ip_of("10.0.0.127");
	struct api_filter filter = { .cpu = 1 };
	struct net_rig *rig = *state;
	const struct worker *w = rig->all[1];

	assert_int_equal(run(rig, API_ADDR_ADD, "10.0.0.1", 24, "dpdk0"), 0);
	assert_int_equal(run(rig, API_ADDR_ADD, "10.0.0.2", 24, "dpdk0"), 0);
	addr.broadcast = net_rig_ip("10.0.0.255");
	assert_int_equal(net_rig_request(rig, API_ADDR_ADD, &addr, sizeof(addr)), 0);
	assert_int_equal(net_rig_list(rig, API_ADDR_LIST, &filter, items, sizeof(items[0]), 4), 3);
	assert_int_equal(items[0].broadcast.v4, 0);
	assert_int_equal(items[1].broadcast.v4, 0);
	assert_int_equal(items[2].broadcast.v4, net.v4);
	assert_int_equal(run(rig, API_ADDR_DEL, "10.0.0.1", 24, "dpdk0"), 0);
	assert_true(addr_is_broadcast(w, AF_INET, &net));
	addr = make("10.0.0.2", 24, "dpdk0");
	addr.broadcast = net_rig_ip("10.0.0.127");
	assert_int_equal(net_rig_request(rig, API_ADDR_SET, &addr, sizeof(addr)), 0);
	assert_true(addr_is_broadcast(w, AF_INET, &net));
	assert_true(addr_is_broadcast(w, AF_INET, &given));
	assert_int_equal(run(rig, API_ADDR_DEL, "10.0.0.3", 24, "dpdk0"), 0);
	assert_false(addr_is_broadcast(w, AF_INET, &net));
	assert_true(addr_is_broadcast(w, AF_INET, &given));
	assert_int_equal(net_rig_list(rig, API_ADDR_LIST, &filter, items, sizeof(items[0]), 4), 1);
	assert_int_equal(items[0].broadcast.v4, given.v4);
}

/* all routes by hand that prefer it, of whatever kind, and no others */
static void test_many_sources(void **state)
{
	struct api_filter filter = { .cpu = 2 };
	struct net_rig *rig = *state;
	struct api_route routes[128];
	unsigned int n;

	assert_int_equal(run(rig, API_ADDR_ADD, "10.0.0.1", 32, "dpdk0"), 0);
	assert_int_equal(run(rig, API_ADDR_ADD, "10.0.0.1", 32, "dpdk1"), 0);
	assert_int_equal(run(rig, API_ADDR_ADD, "10.0.0.2", 32, "dpdk0"), 0);
	for (unsigned int i = 0; i < 100; i++) {
		struct api_route route = {
			.dst.v4 = htonl(0x14000000 + (i << 8)),
			.src = net_rig_ip(i % 2 ? "10.0.0.1" : "10.0.0.2"),
			.family = AF_INET,
			.plen = 24,
			.scope = API_SCOPE_UNSET,
			.dev = "dpdk1",
		};

		assert_int_equal(net_rig_request(rig, API_ROUTE_ADD, &route, sizeof(route)), 0);
		if (i % 10 == 5) { /* that one does not prefer it any more */
			route.src = net_rig_ip("10.0.0.2");
			assert_int_equal(net_rig_request(rig, API_ROUTE_SET, &route, sizeof(route)),
					 0);
		}
	}
	for (int left = 1; left >= 0; left--) {
		unsigned int with = 0, without = 0;

		assert_int_equal(run(rig, API_ADDR_DEL, "10.0.0.1", 32, left ? "dpdk0" : "dpdk1"),
				 0);
		n = net_rig_list(rig, API_ROUTE_LIST, &filter, routes, sizeof(routes[0]), 128);
		for (unsigned int i = 0; i < n; i++) {
			if (routes[i].plen != 24)
				continue;
			with += routes[i].src.v4 == ip_of("10.0.0.1").v4;
			without += routes[i].src.v4 == 0;
		}
		assert_int_equal(with, left ? 40 : 0);
		assert_int_equal(without, left ? 0 : 40);
	}
}

static void count_ports(struct worker *const *all, const union ip_addr *ip, struct api_addr *item)
{
	item->ports_used = 7 + ntohl(ip->v4) % 256;
	item->ports_miss = 3;
}

/* ports are asked for where a service holds the address, and only if somebody wants to know */
static void test_ports(void **state)
{
	struct api_filter filter = { .flags = API_FILTER_STATS };
	union ip_addr ip = ip_of("10.0.0.2");
	struct net_rig *rig = *state;
	struct api_addr items[4];

	addr_ports_from(rig->all[0], count_ports);
	assert_int_equal(run(rig, API_ADDR_ADD, "10.0.0.1", 24, "dpdk0"), 0);
	assert_int_equal(run(rig, API_ADDR_ADD, "10.0.0.2", 24, "dpdk0"), 0);
	assert_int_equal(addr_hold(rig->all, AF_INET, &ip, "dpdk0"), 0);
	for (int stats = 1; stats >= 0; stats--) {
		filter.flags = stats ? API_FILTER_STATS : 0;
		assert_int_equal(
			net_rig_list(rig, API_ADDR_LIST, &filter, items, sizeof(items[0]), 4), 2);
		assert_int_equal(items[0].flags, 0);
		assert_int_equal(items[0].ports_used, 0);
		assert_int_equal(items[1].flags, API_ADDR_HELD);
		assert_int_equal(items[1].ports_used, stats ? 9 : 0);
		assert_int_equal(items[1].ports_miss, stats ? 3 : 0);
	}
	assert_int_equal(addr_release(rig->all, AF_INET, &ip), 0);
}

static void test_flush(void **state)
{
	struct api_filter dev = { .dev = "dpdk0" }, all = { .cpu = 0 };
	struct net_rig *rig = *state;

	assert_int_equal(run(rig, API_ADDR_ADD, "10.0.0.1", 24, "dpdk0"), 0);
	assert_int_equal(run(rig, API_ADDR_ADD, "10.0.0.2", 24, "dpdk0"), 0);
	assert_int_equal(run(rig, API_ADDR_ADD, "10.1.0.1", 24, "dpdk1"), 0);
	assert_int_equal(net_rig_request(rig, API_ADDR_FLUSH, &dev, sizeof(dev)), 0);
	assert_routes(rig, "10.1.0.1/32 dpdk1 0.0.0.0, 10.1.0.0/24 dpdk1 10.1.0.1");
	assert_int_equal(net_rig_request(rig, API_ADDR_FLUSH, &all, sizeof(all)), 0);
	assert_routes(rig, "");
}

static void test_lookups(void **state)
{
	struct net_rig *rig = *state;
	const struct worker *w = rig->all[2];
	union ip_addr ip = ip_of("10.0.0.1"), net = ip_of("10.0.0.255"), other = ip_of("10.0.0.2");
	union ip_addr far = ip_of("99.0.0.1"), near = ip_of("10.5.0.9");

	assert_int_equal(run(rig, API_ADDR_ADD, "10.0.0.1", 24, "dpdk0"), 0);
	assert_int_equal(run(rig, API_ADDR_ADD, "10.5.0.1", 24, "dpdk0"), 0);
	assert_true(addr_is_local(w, AF_INET, &ip));
	assert_false(addr_is_local(w, AF_INET, &other));
	assert_true(addr_on_port(w, AF_INET, &ip, 0));
	assert_false(addr_on_port(w, AF_INET, &ip, 1));
	assert_true(addr_is_broadcast(w, AF_INET, &net));
	assert_false(addr_is_broadcast(w, AF_INET, &ip));
	assert_int_equal(addr_select(w, AF_INET, 0, &near).v4, ip_of("10.5.0.1").v4);
	assert_int_equal(addr_select(w, AF_INET, 0, &far).v4, ip.v4);
	assert_int_equal(addr_select(w, AF_INET, 1, &far).v4, 0);
	assert_int_equal(run(rig, API_ADDR_DEL, "10.0.0.1", 24, "dpdk0"), 0);
	assert_false(addr_is_local(w, AF_INET, &ip));
	assert_false(addr_is_broadcast(w, AF_INET, &net));
}

static void test_set(void **state)
{
	struct api_addr addr = make("10.0.0.1", 24, "dpdk0"), items[4];
	struct api_filter filter = { .cpu = 3 };
	struct net_rig *rig = *state;
	union ip_addr broadcast = ip_of("10.0.0.127");

	assert_int_equal(net_rig_request(rig, API_ADDR_ADD, &addr, sizeof(addr)), 0);
	addr.broadcast = net_rig_ip("10.0.0.127");
	addr.scope = API_SCOPE_LINK;
	addr.flags = API_ADDR_LIFETIME | API_ADDR_SAPOOL;
	addr.valid_lft_s = 100;
	addr.preferred_lft_s = 101;
	assert_int_equal(net_rig_request(rig, API_ADDR_SET, &addr, sizeof(addr)), -EINVAL);
	addr.preferred_lft_s = 50;
	assert_int_equal(net_rig_request(rig, API_ADDR_SET, &addr, sizeof(addr)), 0);
	assert_int_equal(
		net_rig_list(rig, API_ADDR_LIST, &filter, items, sizeof(items[0]), LENGTH(items)),
		1);
	assert_int_equal(items[0].scope, API_SCOPE_LINK);
	assert_int_equal(items[0].flags, API_ADDR_LIFETIME | API_ADDR_SAPOOL);
	assert_in_range(items[0].valid_lft_s, 98, 100);
	assert_in_range(items[0].preferred_lft_s, 48, 50);
	assert_true(addr_is_broadcast(rig->all[1], AF_INET, &broadcast));
}

static void test_expire(void **state)
{
	struct api_addr addr = make("10.0.0.1", 24, "dpdk0");
	union ip_addr ip = ip_of("10.0.0.1");
	struct net_rig *rig = *state;
	struct timespec now;
	uint64_t now_ms;

	addr.flags = API_ADDR_LIFETIME;
	addr.valid_lft_s = 100;
	assert_int_equal(net_rig_request(rig, API_ADDR_ADD, &addr, sizeof(addr)), 0);
	assert_int_equal(run(rig, API_ADDR_ADD, "10.1.0.1", 24, "dpdk0"), 0);
	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ms = (uint64_t)now.tv_sec * 1000;
	addr_expire(rig->all, now_ms + 50000);
	assert_true(addr_is_local(rig->all[1], AF_INET, &ip));
	addr_expire(rig->all, now_ms + 102000);
	assert_false(addr_is_local(rig->all[1], AF_INET, &ip));
	assert_routes(rig, "10.1.0.1/32 dpdk0 0.0.0.0, 10.1.0.0/24 dpdk0 10.1.0.1");
}

static void test_hold(void **state)
{
	struct api_filter all = { .cpu = 0 };
	union ip_addr ip = ip_of("10.0.0.9"), own = ip_of("10.0.0.1");
	struct net_rig *rig = *state;

	assert_int_equal(addr_hold(rig->all, AF_INET, &ip, "dpdk7"), -ENODEV);
	assert_int_equal(addr_hold(rig->all, AF_INET, &ip, "dpdk0"), 0);
	assert_int_equal(addr_hold(rig->all, AF_INET, &ip, "dpdk0"), 0);
	assert_int_equal(addr_hold(rig->all, AF_INET, &ip, "dpdk1"), -EADDRINUSE);
	assert_routes(rig, "10.0.0.9/32 dpdk0 0.0.0.0");
	assert_int_equal(run(rig, API_ADDR_DEL, "10.0.0.9", 32, "dpdk0"), -EBUSY);
	assert_int_equal(net_rig_request(rig, API_ADDR_FLUSH, &all, sizeof(all)), 0);
	assert_int_equal(addr_release(rig->all, AF_INET, &ip), 0);
	assert_true(addr_is_local(rig->all[3], AF_INET, &ip));
	assert_int_equal(addr_release(rig->all, AF_INET, &ip), 0);
	assert_routes(rig, "");

	/* one that was configured stays */
	assert_int_equal(run(rig, API_ADDR_ADD, "10.0.0.1", 24, "dpdk0"), 0);
	assert_int_equal(addr_hold(rig->all, AF_INET, &own, "dpdk0"), 0);
	assert_int_equal(run(rig, API_ADDR_DEL, "10.0.0.1", 24, "dpdk0"), -EBUSY);
	assert_int_equal(addr_release(rig->all, AF_INET, &own), 0);
	assert_true(addr_is_local(rig->all[3], AF_INET, &own));

	/* and one that is configured while it is held */
	assert_int_equal(addr_hold(rig->all, AF_INET, &ip, "dpdk0"), 0);
	assert_int_equal(run(rig, API_ADDR_ADD, "10.0.0.9", 32, "dpdk0"), 0);
	assert_int_equal(addr_release(rig->all, AF_INET, &ip), 0);
	assert_true(addr_is_local(rig->all[3], AF_INET, &ip));
}

/* The model: which of a few hundred possible addresses there are. */
#define N_IPS  32
#define N_LENS 3

static const uint8_t lens[N_LENS] = { 16, 24, 32 };

struct model {
	bool there[NET_RIG_PORTS][N_LENS][N_IPS];
};

static uint32_t ip_number(unsigned int i)
{
	return 0x0a000001u + (i / 8 << 16) + (i / 4 % 2 << 8) + i % 4;
}

static bool model_has_ip(const struct model *model, unsigned int port, unsigned int ip)
{
	for (unsigned int l = 0; l < N_LENS; l++)
		if (model->there[port][l][ip])
			return true;
	return false;
}

/* How many routes these addresses need. */
static unsigned int model_routes(const struct model *model)
{
	unsigned int n = 0;

	for (unsigned int port = 0; port < NET_RIG_PORTS; port++) {
		for (unsigned int ip = 0; ip < N_IPS; ip++)
			n += model_has_ip(model, port, ip);
		for (unsigned int l = 0; l + 1 < N_LENS; l++) {
			bool net[N_IPS] = { false };

			/* the first address of a net stands for it */
			for (unsigned int ip = 0; ip < N_IPS; ip++)
				if (model->there[port][l][ip])
					net[lens[l] == 16 ? ip / 8 : ip / 4] = true;
			for (unsigned int i = 0; i < N_IPS; i++)
				n += net[i];
		}
	}
	return n;
}

static void churn_compare(struct net_rig *rig, const struct model *model)
{
	static struct api_route routes[NET_RIG_WORKERS + 1][512];
	unsigned int want = model_routes(model);

	for (uint32_t cpu = 0; cpu <= NET_RIG_WORKERS; cpu++) {
		struct api_filter filter = { .cpu = cpu };
		unsigned int n = net_rig_list(rig, API_ROUTE_LIST, &filter, routes[cpu],
					      sizeof(struct api_route), 512);

		assert_int_equal(n, want);
		assert_memory_equal(routes[cpu], routes[0], n * sizeof(struct api_route));
		for (unsigned int i = 0; i < n; i++) {
			union ip_addr src = ip_from_api(&routes[cpu][i].src);

			if (routes[cpu][i].type == API_ROUTE_UNICAST)
				assert_true(addr_is_local(rig->all[cpu], AF_INET, &src));
		}
		for (unsigned int ip = 0; ip < N_IPS; ip++)
			for (uint16_t port = 0; port < NET_RIG_PORTS; port++) {
				union ip_addr addr = ip_from_v4(htonl(ip_number(ip)));

				assert_int_equal(addr_on_port(rig->all[cpu], AF_INET, &addr, port),
						 model_has_ip(model, port, ip));
			}
	}
}

static void test_churn(void **state)
{
	struct net_rig *rig = *state;
	struct model model = { 0 };
	struct prng prng = { 11 };
	unsigned int done = 0;

	for (unsigned int i = 0; i < 100000; i++) {
		unsigned int port = prng_below(&prng, NET_RIG_PORTS);
		unsigned int l = prng_below(&prng, N_LENS), ip = prng_below(&prng, N_IPS);
		bool *there = &model.there[port][l][ip];
		bool add = prng_below(&prng, 2);
		struct api_addr addr = {
			.addr.v4 = htonl(ip_number(ip)),
			.family = AF_INET,
			.plen = lens[l],
			.scope = API_SCOPE_UNSET,
		};
		int r;

		snprintf(addr.dev, sizeof(addr.dev), "dpdk%u", port);
		r = net_rig_request(rig, add ? API_ADDR_ADD : API_ADDR_DEL, &addr, sizeof(addr));
		assert_int_equal(r, add ? (*there ? -EEXIST : 0) : (*there ? 0 : -ENOENT));
		*there = add;
		done += r == 0;
		if (i % 500 == 499)
			churn_compare(rig, &model);
	}
	assert_true(done > 40000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_requests, setup, teardown),
		cmocka_unit_test_setup_teardown(test_family, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ip6_routes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ip6_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ip6_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_select, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shared_net, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same_ip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_route_by_hand, setup, teardown),
		cmocka_unit_test_setup_teardown(test_heirs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broadcast, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_sources, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ports, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flush, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lookups, setup, teardown),
		cmocka_unit_test_setup_teardown(test_set, setup, teardown),
		cmocka_unit_test_setup_teardown(test_expire, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hold, setup, teardown),
		cmocka_unit_test_setup_teardown(test_churn, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
