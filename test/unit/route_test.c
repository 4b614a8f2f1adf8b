/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routes: which request is taken and what the others are told, which route a
 * destination meets, and a hundred thousand random changes after which every
 * worker's table equals a naive model's and finds the same.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "lib/net_rig.h"
#include "lib/prng.h"
#include "lib/unit.h"
#include "net/addr.h"
#include "net/route.h"

struct line {
	enum api_id id;
	const char *dst;
	uint8_t plen;
	const char *via;
	const char *dev;
	uint8_t type;
	uint8_t scope;
	uint32_t metric;
	bool onlink;
	uint32_t mtu;
	const char *src;
};

#define LINE(what, to, len, gateway, device, ...)                                     \
	{                                                                             \
		.id = API_ROUTE_##what, .dst = (to), .plen = (len), .via = (gateway), \
		.dev = (device), ##__VA_ARGS__                                        \
	}

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

static int run(struct net_rig *rig, const struct line *line)
{
	struct api_route route = {
		.dst = net_rig_ip(line->dst),
		.family = AF_INET,
		.plen = line->plen,
		.type = line->type,
		.scope = line->scope ? line->scope : API_SCOPE_UNSET,
		.proto = API_PROTO_STATIC,
		.metric = line->metric,
		.onlink = line->onlink,
		.mtu = line->mtu,
	};

	if (line->via)
		route.via = net_rig_ip(line->via);
	if (line->src)
		route.src = net_rig_ip(line->src);
	if (line->dev)
		strcpy(route.dev, line->dev);
	return net_rig_request(rig, line->id, &route, sizeof(route));
}

static void add_addr(struct net_rig *rig, const char *ip, uint8_t plen, const char *dev)
{
	struct api_addr addr = {
		.addr = net_rig_ip(ip),
		.family = AF_INET,
		.plen = plen,
		.scope = API_SCOPE_UNSET,
	};

	strcpy(addr.dev, dev);
	assert_int_equal(net_rig_request(rig, API_ADDR_ADD, &addr, sizeof(addr)), 0);
}

static const struct {
	struct line line;
	int want;
	const char *text;
} requests[] = {
	{ LINE(ADD, "192.168.0.0", 16, NULL, "dpdk1"), 0, NULL },
	{ LINE(ADD, "192.168.0.0", 16, NULL, "dpdk1"), -EEXIST,
	  "route 192.168.0.0/16 dev dpdk1 metric 0 is already there" },
	{ LINE(ADD, "192.168.0.0", 16, NULL, "dpdk1", .metric = 7), 0, NULL },
	{ LINE(ADD, "192.168.0.0", 16, NULL, "dpdk2"), 0, NULL },
	{ LINE(ADD, "192.168.0.0", 17, NULL, "dpdk1"), 0, NULL },
	{ LINE(ADD, "192.168.0.1", 16, NULL, "dpdk1"), -EINVAL,
	  "route 192.168.0.1/16 has host bits set: the net is 192.168.0.0/16" },
	{ LINE(ADD, "192.168.0.0", 33, NULL, "dpdk1"), -EINVAL, "prefix length is 0 to 32" },
	{ LINE(ADD, "11.0.0.0", 8, NULL, "eth7"), -ENODEV,
	  "no such device \"eth7\"; there are: dpdk0, dpdk1, dpdk2" },
	{ LINE(ADD, "11.0.0.0", 8, NULL, NULL), -EINVAL, "needs via ADDR or dev NAME" },
	{ LINE(ADD, "0.0.0.0", 0, "10.0.0.254", NULL), 0, NULL },
	{ LINE(ADD, "12.0.0.0", 8, "10.0.0.254", "dpdk1"), -ENETUNREACH,
	  "the gateway 10.0.0.254 is on no net of dpdk1 (or say onlink)" },
	{ LINE(ADD, "12.0.0.0", 8, "10.0.0.254", "dpdk1", .onlink = true), 0, NULL },
	{ LINE(ADD, "13.0.0.0", 8, "99.0.0.1", NULL), -ENETUNREACH,
	  "the gateway 99.0.0.1 is on no net of any device" },
	{ LINE(ADD, "13.0.0.0", 8, "99.0.0.1", NULL, .onlink = true), -EINVAL,
	  "onlink needs dev NAME" },
	{ LINE(ADD, "13.0.0.0", 8, "10.0.0.1", NULL), -EINVAL, "is our own address" },
	{ LINE(ADD, "13.0.0.0", 8, "224.0.0.1", "dpdk0"), -EINVAL, "cannot be a gateway" },
	{ LINE(ADD, "224.0.0.0", 4, NULL, "dpdk0"), -EINVAL, "multicast" },
	{ LINE(ADD, "13.0.0.0", 8, NULL, "dpdk0", .mtu = 67), -EINVAL, "mtu 67" },
	{ LINE(ADD, "13.0.0.0", 8, NULL, "dpdk0", .src = "10.0.0.9"), -EADDRNOTAVAIL,
	  "src 10.0.0.9 is no address of ours" },
	{ LINE(ADD, "13.0.0.0", 8, NULL, "dpdk0", .src = "10.0.0.1"), 0, NULL },
	{ LINE(ADD, "13.0.0.0", 8, NULL, "dpdk0", .type = 9), -EINVAL, "type 9 is unknown" },
	{ LINE(ADD, "14.0.0.0", 8, NULL, "dpdk0", .type = API_ROUTE_LOCAL), -EINVAL,
	  "scope host is for one address of a host, with /32" },
	{ LINE(ADD, "14.0.0.1", 32, NULL, "dpdk0", .scope = API_SCOPE_HOST), 0, NULL },
	{ LINE(ADD, "14.0.0.2", 32, NULL, NULL, .scope = API_SCOPE_KNI_HOST), -EINVAL,
	  "scope kni_host needs dev NAME" },
	{ LINE(ADD, "14.0.0.2", 32, NULL, "dpdk0", .scope = API_SCOPE_KNI_HOST), 0, NULL },
	{ LINE(ADD, "14.0.0.2", 32, NULL, "dpdk0", .type = API_ROUTE_LOCAL), -EEXIST,
	  "already there" },
	{ LINE(SET, "15.0.0.0", 8, NULL, "dpdk0"), -ENOENT, "no such route 15.0.0.0/8" },
	{ LINE(SET, "0.0.0.0", 0, "10.1.0.254", NULL), 0, NULL },
	{ LINE(DEL, "10.0.0.1", 32, NULL, "dpdk0", .type = API_ROUTE_LOCAL), -EBUSY,
	  "that of an address of dpdk0" },
	{ LINE(DEL, "192.168.0.0", 18, NULL, "dpdk1"), -ENOENT,
	  "no such route 192.168.0.0/18 dev dpdk1" },
	{ LINE(DEL, "192.168.0.0", 17, NULL, NULL), 0, NULL },
	{ LINE(DEL, "192.168.0.0", 17, NULL, NULL), -ENOENT, "no such route" },
	{ LINE(DEL, "0.0.0.0", 0, "10.0.0.254", NULL), -ENOENT,
	  "no such route 0.0.0.0/0 via 10.0.0.254" },
	{ LINE(DEL, "0.0.0.0", 0, "10.1.0.254", NULL), 0, NULL },
};

static void test_requests(void **state)
{
	struct net_rig *rig = *state;

	add_addr(rig, "10.0.0.1", 24, "dpdk0");
	add_addr(rig, "10.1.0.1", 24, "dpdk1");
	for (unsigned int i = 0; i < LENGTH(requests); i++) {
		int r = run(rig, &requests[i].line);

		if (r != requests[i].want ||
		    (requests[i].text && !strstr(rig->error, requests[i].text)))
			fail_msg("row %u: %d \"%s\"", i, r, rig->error);
	}
}

static void test_family(void **state)
{
	struct net_rig *rig = *state;
	struct api_route route = { .family = AF_UNIX, .plen = 64, .dev = "dpdk0" };

	assert_int_equal(net_rig_request(rig, API_ROUTE_ADD, &route, sizeof(route)), -EAFNOSUPPORT);
	assert_non_null(strstr(rig->error, "address family 1 is unknown"));
}

static const struct line lookup_routes[] = {
	LINE(ADD, "20.0.0.0", 8, "10.0.0.2", NULL),
	LINE(ADD, "20.1.0.0", 16, "10.0.0.3", NULL),
	LINE(ADD, "20.1.1.0", 24, "10.0.0.4", NULL, .metric = 5),
	LINE(ADD, "20.1.1.0", 24, "10.0.0.5", NULL, .metric = 3),
	LINE(ADD, "20.1.1.0", 24, "10.1.0.5", NULL, .metric = 3),
	LINE(ADD, "20.2.0.0", 16, NULL, "dpdk2", .mtu = 1400),
	LINE(ADD, "20.3.0.0", 16, NULL, "dpdk2", .mtu = 9000),
	LINE(ADD, "20.4.0.1", 32, NULL, "dpdk2", .scope = API_SCOPE_KNI_HOST),
};

static const struct {
	const char *dst;
	const char *addr; /* NULL: no route */
	uint16_t port;
	uint16_t mtu;
} lookups[] = {
	{ "20.9.0.1", "10.0.0.2", 0, 1500 },   { "20.1.9.1", "10.0.0.3", 0, 1500 },
	{ "20.1.1.1", "10.0.0.5", 0, 1500 },   { "20.2.0.7", "20.2.0.7", 2, 1400 },
	{ "20.3.0.7", "20.3.0.7", 2, 1500 },   { "20.4.0.1", "10.0.0.2", 0, 1500 },
	{ "10.0.0.77", "10.0.0.77", 0, 1500 }, { "21.0.0.1", NULL, 0, 0 },
};

static void test_output(void **state)
{
	struct net_rig *rig = *state;

	add_addr(rig, "10.0.0.1", 24, "dpdk0");
	add_addr(rig, "10.1.0.1", 24, "dpdk1");
	for (unsigned int i = 0; i < LENGTH(lookup_routes); i++)
		assert_int_equal(run(rig, &lookup_routes[i]), 0);
	for (unsigned int i = 0; i < LENGTH(lookups); i++)
		for (unsigned int w = 0; w <= NET_RIG_WORKERS; w++) {
			union api_ip text = net_rig_ip(lookups[i].dst);
			union ip_addr dst = ip_from_api(&text);
			struct nexthop nexthop;
			bool found = route_output(rig->all[w], AF_INET, &dst, &nexthop);

			assert_int_equal(found, lookups[i].addr != NULL);
			if (!found)
				continue;
			text = net_rig_ip(lookups[i].addr);
			assert_int_equal(nexthop.addr.v4, text.v4);
			assert_int_equal(nexthop.port, lookups[i].port);
			assert_int_equal(nexthop.mtu, lookups[i].mtu);
		}
}

static void test_kinds(void **state)
{
	static const struct {
		const char *dst;
		int type; /* -1: none */
	} cases[] = {
		{ "10.0.0.1", API_ROUTE_LOCAL },
		{ "10.0.0.2", API_ROUTE_UNICAST },
		{ "20.4.0.1", API_ROUTE_KERNEL },
		{ "30.0.0.1", -1 },
	};
	struct net_rig *rig = *state;

	add_addr(rig, "10.0.0.1", 24, "dpdk0");
	add_addr(rig, "10.1.0.1", 24, "dpdk1");
	for (unsigned int i = 0; i < LENGTH(lookup_routes); i++)
		assert_int_equal(run(rig, &lookup_routes[i]), 0);
	for (unsigned int i = 0; i < LENGTH(cases); i++) {
		union api_ip text = net_rig_ip(cases[i].dst);
		union ip_addr dst = ip_from_api(&text);
		struct route found, *route;

		route = route_lookup(rig->all[1], AF_INET, &dst, 0, &found) ? &found : NULL;

		assert_int_equal(route ? route->type : -1, cases[i].type);
	}
}

/* set moves a route to another device and keeps it one route */
static void test_set(void **state)
{
	const struct line add = LINE(ADD, "0.0.0.0", 0, "10.0.0.254", NULL);
	const struct line set = LINE(SET, "0.0.0.0", 0, "10.1.0.254", NULL, .mtu = 1280);
	struct api_filter filter = { .cpu = 2 };
	struct api_route routes[8];
	struct net_rig *rig = *state;
	unsigned int n;

	add_addr(rig, "10.0.0.1", 24, "dpdk0");
	add_addr(rig, "10.1.0.1", 24, "dpdk1");
	assert_int_equal(run(rig, &add), 0);
	assert_int_equal(run(rig, &set), 0);
	n = net_rig_list(rig, API_ROUTE_LIST, &filter, routes, sizeof(routes[0]), 8);
	assert_int_equal(n, 5);
	assert_int_equal(routes[4].plen, 0);
	assert_string_equal(routes[4].dev, "dpdk1");
	assert_int_equal(routes[4].via.v4, net_rig_ip("10.1.0.254").v4);
	assert_int_equal(routes[4].mtu, 1280);
	assert_int_equal(routes[4].scope, API_SCOPE_GLOBAL);
}

/* "PREFIX/LEN port metric" of a worker's routes, separated by blanks */
static void listing(struct net_rig *rig, uint32_t cpu, char *out, size_t size)
{
	struct api_filter filter = { .cpu = cpu };
	struct api_route routes[32];
	unsigned int n = net_rig_list(rig, API_ROUTE_LIST, &filter, routes, sizeof(routes[0]), 32);
	size_t len = 0;

	out[0] = '\0';
	for (unsigned int i = 0; i < n; i++) {
		char ip[IP_STR_LEN];
		union ip_addr dst = ip_from_api(&routes[i].dst);

		len += (size_t)snprintf(out + len, size - len, "%s%s/%u %c %u", i ? ", " : "",
					ip_str(AF_INET, &dst, ip), routes[i].plen, routes[i].dev[4],
					routes[i].metric);
	}
}

/* local and kernel routes as they came, then nets by length, metric and coming */
static void test_listing_order(void **state)
{
	static const struct {
		struct line line;
		const char *want; /* behind it */
	} steps[] = {
		{ LINE(ADD, "20.0.0.0", 8, NULL, "dpdk0", .metric = 5), "20.0.0.0/8 0 5" },
		{ LINE(ADD, "30.0.0.0", 8, NULL, "dpdk0", .metric = 5),
		  "20.0.0.0/8 0 5, 30.0.0.0/8 0 5" },
		{ LINE(ADD, "25.0.0.0", 8, NULL, "dpdk1", .metric = 4),
		  "25.0.0.0/8 1 4, 20.0.0.0/8 0 5, 30.0.0.0/8 0 5" },
		{ LINE(ADD, "0.0.0.0", 0, NULL, "dpdk0"),
		  "25.0.0.0/8 1 4, 20.0.0.0/8 0 5, 30.0.0.0/8 0 5, 0.0.0.0/0 0 0" },
		{ LINE(ADD, "99.0.0.1", 32, NULL, "dpdk1", .scope = API_SCOPE_KNI_HOST),
		  "99.0.0.1/32 1 0, 25.0.0.0/8 1 4, 20.0.0.0/8 0 5, 30.0.0.0/8 0 5, "
		  "0.0.0.0/0 0 0" },
		{ LINE(ADD, "11.0.0.1", 32, NULL, "dpdk1", .scope = API_SCOPE_HOST),
		  "99.0.0.1/32 1 0, 11.0.0.1/32 1 0, 25.0.0.0/8 1 4, 20.0.0.0/8 0 5, "
		  "30.0.0.0/8 0 5, 0.0.0.0/0 0 0" },
		{ LINE(SET, "20.0.0.0", 8, NULL, "dpdk2", .metric = 5),
		  "99.0.0.1/32 1 0, 11.0.0.1/32 1 0, 25.0.0.0/8 1 4, 20.0.0.0/8 2 5, "
		  "30.0.0.0/8 0 5, 0.0.0.0/0 0 0" },
		{ LINE(DEL, "25.0.0.0", 8, NULL, NULL),
		  "99.0.0.1/32 1 0, 11.0.0.1/32 1 0, 20.0.0.0/8 2 5, 30.0.0.0/8 0 5, "
		  "0.0.0.0/0 0 0" },
		{ LINE(ADD, "20.0.0.0", 8, NULL, "dpdk1", .metric = 5),
		  "99.0.0.1/32 1 0, 11.0.0.1/32 1 0, 20.0.0.0/8 2 5, 30.0.0.0/8 0 5, "
		  "20.0.0.0/8 1 5, 0.0.0.0/0 0 0" },
		{ LINE(ADD, "20.0.0.0", 8, NULL, "dpdk1", .metric = 1),
		  "99.0.0.1/32 1 0, 11.0.0.1/32 1 0, 20.0.0.0/8 1 1, 20.0.0.0/8 2 5, "
		  "30.0.0.0/8 0 5, 20.0.0.0/8 1 5, 0.0.0.0/0 0 0" },
		{ LINE(ADD, "20.0.0.0", 16, NULL, "dpdk1", .metric = 1000),
		  "99.0.0.1/32 1 0, 11.0.0.1/32 1 0, 20.0.0.0/16 1 1000, 20.0.0.0/8 1 1, "
		  "20.0.0.0/8 2 5, 30.0.0.0/8 0 5, 20.0.0.0/8 1 5, 0.0.0.0/0 0 0" },
	};
	struct net_rig *rig = *state;

	for (unsigned int i = 0; i < LENGTH(steps); i++) {
		assert_int_equal(run(rig, &steps[i].line), 0);
		for (uint32_t cpu = 0; cpu <= NET_RIG_WORKERS; cpu++) {
			char text[1024];

			listing(rig, cpu, text, sizeof(text));
			assert_string_equal(text, steps[i].want);
		}
	}
}

#define MANY 3000

static void many_line(struct net_rig *rig, enum api_id id, unsigned int i)
{
	struct api_route route = {
		.dst.v4 = htonl(0x14000000 + (i << 8)),
		.family = AF_INET,
		.plen = 24,
		.scope = API_SCOPE_UNSET,
		.dev = "dpdk0",
	};

	assert_int_equal(net_rig_request(rig, id, &route, sizeof(route)), 0);
}

/* at the first page's end all odd ones go and come back, so that they are others and stand last */
static void churn_odd(struct net_rig *rig)
{
	rig->between_pages = NULL;
	for (unsigned int i = 1; i < MANY; i += 2)
		many_line(rig, API_ROUTE_DEL, i);
	for (unsigned int i = 1; i < MANY; i += 2)
		many_line(rig, API_ROUTE_ADD, i);
}

/* what stays is listed exactly once, in order, whatever changes meanwhile */
static void test_listing_under_change(void **state)
{
	struct api_route *routes = calloc(4 * MANY, sizeof(*routes));
	struct api_filter filter = { .cpu = NET_RIG_WORKERS };
	struct net_rig *rig = *state;
	uint32_t even = 0;
	unsigned int n;

	for (unsigned int i = 0; i < MANY; i++)
		many_line(rig, API_ROUTE_ADD, i);
	rig->between_pages = churn_odd;
	n = net_rig_list(rig, API_ROUTE_LIST, &filter, routes, sizeof(*routes), 4 * MANY);
	assert_null(rig->between_pages);
	assert_true(n > MANY); /* odd ones of the first page came twice */
	for (unsigned int i = 0; i < n; i++) {
		uint32_t number = (ntohl(routes[i].dst.v4) - 0x14000000) >> 8;

		if (number % 2)
			continue;
		assert_int_equal(number, even);
		even += 2;
	}
	assert_int_equal(even, MANY);
	free(routes);
}

/* very many routes to one prefix: the best is found whoever goes */
static void test_one_prefix(void **state)
{
	struct net_rig *rig = *state;
	struct line line = LINE(ADD, "20.0.0.0", 8, NULL, "dpdk0");
	union ip_addr dst = ip_from_v4(htonl(0x14010101));
	bool there[MANY] = { false };
	struct prng prng = { 9 };

	for (unsigned int step = 0; step < 3 * MANY; step++) {
		unsigned int i = step < MANY ? step * 7 % MANY : prng_below(&prng, MANY), best = 0;
		struct route route;
		bool found;

		line.id = there[i] ? API_ROUTE_DEL : API_ROUTE_ADD;
		line.metric = i + 1;
		assert_int_equal(run(rig, &line), 0);
		there[i] = !there[i];
		while (best < MANY && !there[best])
			best++;
		found = route_lookup(rig->all[step % (NET_RIG_WORKERS + 1)], AF_INET, &dst, 0,
				     &route);
		assert_int_equal(found ? route.metric : MANY + 1, best + 1);
	}
}

/* every prefix length at once, /32 and default among them; then one after the other goes */
static void test_every_length(void **state)
{
	union ip_addr dst = ip_from_v4(htonl(0x14a5c3f1));
	struct net_rig *rig = *state;
	struct route found;

	for (unsigned int plen = 0; plen <= 32; plen++) {
		struct api_route route = {
			.family = AF_INET,
			.plen = (uint8_t)plen,
			.scope = API_SCOPE_LINK,
			.dev = "dpdk0",
		};

		route.dst.v4 = ip_network(AF_INET, &dst, plen).v4;
		if (plen < 4) /* above it lies multicast */
			route.dst.v4 = 0;
		assert_int_equal(net_rig_request(rig, API_ROUTE_ADD, &route, sizeof(route)), 0);
	}
	for (int plen = 32; plen >= 0; plen--) {
		struct api_route del = { .family = AF_INET, .plen = (uint8_t)plen };

		assert_true(route_lookup(rig->all[2], AF_INET, &dst, 0, &found));
		assert_int_equal(found.plen, plen);
		del.dst.v4 = plen < 4 ? 0 : ip_network(AF_INET, &dst, (unsigned int)plen).v4;
		assert_int_equal(net_rig_request(rig, API_ROUTE_DEL, &del, sizeof(del)), 0);
	}
	assert_false(route_lookup(rig->all[2], AF_INET, &dst, 0, &found));
}

/* whose word is whose: 2 is the addresses', 0 says nothing and is flushed like any other */
static void test_protocols(void **state)
{
	static const struct {
		uint8_t proto;
		int want;
	} rows[] = {
		{ API_PROTO_AUTO, 0 },
		{ API_PROTO_KERNEL, -EINVAL },
		{ API_PROTO_BOOT, 0 },
		{ API_PROTO_STATIC, 0 },
		{ 12, 0 },
	};
	struct api_filter all = { .cpu = 0 };
	struct api_route routes[8], route = {
		.family = AF_INET,
		.plen = 8,
		.scope = API_SCOPE_UNSET,
		.dev = "dpdk0",
	};
	struct net_rig *rig = *state;

	add_addr(rig, "10.0.0.1", 24, "dpdk0");
	for (unsigned int i = 0; i < LENGTH(rows); i++) {
		route.dst.v4 = htonl((20 + i) << 24);
		route.proto = rows[i].proto;
		assert_int_equal(net_rig_request(rig, API_ROUTE_ADD, &route, sizeof(route)),
				 rows[i].want);
	}
	assert_int_equal(net_rig_list(rig, API_ROUTE_LIST, &all, routes, sizeof(routes[0]), 8), 6);
	assert_int_equal(routes[0].proto, API_PROTO_KERNEL);
	assert_int_equal(routes[1].proto, API_PROTO_KERNEL);
	assert_int_equal(routes[2].proto, API_PROTO_AUTO);
	assert_int_equal(net_rig_request(rig, API_ROUTE_FLUSH, &all, sizeof(all)), 0);
	assert_int_equal(net_rig_list(rig, API_ROUTE_LIST, &all, routes, sizeof(routes[0]), 8), 2);
}

/* flush leaves what came with addresses */
static void test_flush(void **state)
{
	const struct line lines[] = {
		LINE(ADD, "20.0.0.0", 8, NULL, "dpdk0"),
		LINE(ADD, "21.0.0.0", 8, NULL, "dpdk1"),
		LINE(ADD, "22.0.0.1", 32, NULL, "dpdk1", .scope = API_SCOPE_HOST),
	};
	struct api_filter flush = { .dev = "dpdk1" }, list = { .cpu = 1 };
	struct api_route routes[8];
	struct net_rig *rig = *state;

	add_addr(rig, "10.0.0.1", 24, "dpdk0");
	add_addr(rig, "10.1.0.1", 24, "dpdk1");
	for (unsigned int i = 0; i < LENGTH(lines); i++)
		assert_int_equal(run(rig, &lines[i]), 0);
	assert_int_equal(net_rig_list(rig, API_ROUTE_LIST, &list, routes, sizeof(routes[0]), 8), 7);
	assert_int_equal(net_rig_request(rig, API_ROUTE_FLUSH, &flush, sizeof(flush)), 0);
	assert_int_equal(net_rig_list(rig, API_ROUTE_LIST, &list, routes, sizeof(routes[0]), 8), 5);
	flush.dev[0] = '\0';
	assert_int_equal(net_rig_request(rig, API_ROUTE_FLUSH, &flush, sizeof(flush)), 0);
	assert_int_equal(net_rig_list(rig, API_ROUTE_LIST, &list, routes, sizeof(routes[0]), 8), 4);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(routes[i].proto, API_PROTO_KERNEL);
	strcpy(flush.dev, "dpdk9");
	assert_int_equal(net_rig_request(rig, API_ROUTE_FLUSH, &flush, sizeof(flush)), -ENODEV);
}

static void test_unknown_cpu(void **state)
{
	struct api_filter filter = { .cpu = NET_RIG_WORKERS + 1 };
	struct net_rig *rig = *state;

	assert_int_equal(net_rig_request(rig, API_ROUTE_LIST, &filter, sizeof(filter)), -ENOENT);
	assert_string_equal(rig->error, "there is no cpu 4: 0 is the master, workers are 1 to 3");
}

/* The model: an array in the order of coming; the best is searched from the start. */
#define MODEL_MAX 600

struct model {
	struct model_route {
		uint32_t dst; /* host order */
		uint8_t plen, port;
		uint32_t metric;
	} routes[MODEL_MAX];
	unsigned int n;
};

static uint32_t mask(unsigned int plen)
{
	return plen ? UINT32_MAX << (32 - plen) : 0;
}

static int model_find(const struct model *model, const struct model_route *want)
{
	for (unsigned int i = 0; i < model->n; i++)
		if (model->routes[i].dst == want->dst && model->routes[i].plen == want->plen &&
		    model->routes[i].port == want->port && model->routes[i].metric == want->metric)
			return (int)i;
	return -1;
}

static const struct model_route *model_lookup(const struct model *model, uint32_t dst)
{
	const struct model_route *best = NULL;

	for (unsigned int i = 0; i < model->n; i++) {
		const struct model_route *r = &model->routes[i];

		if ((dst & mask(r->plen)) != r->dst)
			continue;
		if (!best || r->plen > best->plen ||
		    (r->plen == best->plen && r->metric < best->metric))
			best = r;
	}
	return best;
}

static void model_del(struct model *model, int at)
{
	model->n--;
	memmove(&model->routes[at], &model->routes[at + 1],
		(model->n - (unsigned int)at) * sizeof(model->routes[0]));
}

static int churn_request(struct net_rig *rig, enum api_id id, const struct model_route *r)
{
	struct api_route route = {
		.dst.v4 = htonl(r->dst),
		.family = AF_INET,
		.plen = r->plen,
		.scope = API_SCOPE_UNSET,
		.proto = API_PROTO_STATIC,
		.metric = r->metric,
	};

	snprintf(route.dev, sizeof(route.dev), "dpdk%u", r->port);
	return net_rig_request(rig, id, &route, sizeof(route));
}

/* Few enough different prefixes that duplicates, covers and equal lengths abound. */
static struct model_route churn_route(struct prng *prng)
{
	static const uint8_t lengths[] = { 0, 8, 12, 16, 20, 24, 28, 30, 31, 32 };
	struct model_route r = {
		.plen = lengths[prng_below(prng, LENGTH(lengths))],
		.port = (uint8_t)prng_below(prng, NET_RIG_PORTS),
		.metric = 1 + prng_below(prng, 3),
	};

	r.dst = (0x14000000u | prng_below(prng, 64) << 18 | prng_below(prng, 4) << 8 |
		 prng_below(prng, 4)) &
		mask(r.plen);
	return r;
}

static void churn_check(struct net_rig *rig, const struct model *model, uint32_t dst)
{
	const struct model_route *want = model_lookup(model, dst);
	union ip_addr ip = ip_from_v4(htonl(dst));

	for (unsigned int w = 0; w <= NET_RIG_WORKERS; w++) {
		struct nexthop nexthop;
		struct route got;

		assert_int_equal(route_lookup(rig->all[w], AF_INET, &ip, 0, &got), want != NULL);
		assert_int_equal(route_output(rig->all[w], AF_INET, &ip, &nexthop), want != NULL);
		if (!want)
			continue;
		assert_int_equal(got.plen, want->plen);
		assert_int_equal(got.metric, want->metric);
		assert_int_equal(got.port, want->port);
		assert_int_equal(nexthop.port, want->port);
	}
}

static void churn_compare(struct net_rig *rig, const struct model *model)
{
	struct api_route *master = calloc(MODEL_MAX, sizeof(*master));
	struct api_route *worker = calloc(MODEL_MAX, sizeof(*worker));
	struct api_filter filter = { .cpu = 0 };
	unsigned int n = net_rig_list(rig, API_ROUTE_LIST, &filter, master, sizeof(*master),
				      MODEL_MAX);

	assert_int_equal(n, model->n);
	for (filter.cpu = 1; filter.cpu <= NET_RIG_WORKERS; filter.cpu++) {
		assert_int_equal(net_rig_list(rig, API_ROUTE_LIST, &filter, worker, sizeof(*worker),
					      MODEL_MAX),
				 n);
		assert_memory_equal(master, worker, n * sizeof(*master));
	}
	free(master);
	free(worker);
}

static void test_churn(void **state)
{
	struct model *model = calloc(1, sizeof(*model));
	struct prng prng = { 7 };
	struct net_rig *rig = *state;
	unsigned int added = 0, refused = 0;

	for (unsigned int i = 0; i < 100000; i++) {
		struct model_route r = churn_route(&prng);
		bool add = prng_below(&prng, 100) < (model->n < MODEL_MAX / 2 ? 70 : 30);
		int at, got;

		if (!add && model->n && prng_below(&prng, 10))
			r = model->routes[prng_below(&prng, model->n)];
		at = model_find(model, &r);
		got = churn_request(rig, add ? API_ROUTE_ADD : API_ROUTE_DEL, &r);
		if (got != (add ? (at < 0 ? 0 : -EEXIST) : (at < 0 ? -ENOENT : 0)))
			fail_msg("step %u: %d \"%s\"", i, got, rig->error);
		assert_true(model->n < MODEL_MAX);
		if (got < 0)
			refused++;
		else if (add)
			model->routes[model->n++] = r, added++;
		else
			model_del(model, at);
		churn_check(rig, model, 0x14000000u | (uint32_t)(prng_next(&prng) & 0xffffff));
		if (i % 10000 == 9999)
			churn_compare(rig, model);
	}
	assert_true(added > 20000 && refused > 1000);
	free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_requests, setup, teardown),
		cmocka_unit_test_setup_teardown(test_family, setup, teardown),
		cmocka_unit_test_setup_teardown(test_output, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kinds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_set, setup, teardown),
		cmocka_unit_test_setup_teardown(test_listing_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_listing_under_change, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_prefix, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_length, setup, teardown),
		cmocka_unit_test_setup_teardown(test_protocols, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flush, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown_cpu, setup, teardown),
		cmocka_unit_test_setup_teardown(test_churn, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
