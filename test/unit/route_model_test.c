/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routes of both families against a model that knows no trick: a list that is
 * searched from its start. A hundred thousand random adds, deletes, replaces
 * and sets by requests, with prefixes that cover each other, metrics, tos and
 * kinds that lead nowhere; after each of them packets of every worker meet the
 * route that the model says, by the index, one by one and many at once, and now
 * and then all tables are compared as they are listed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "lib/net_rig.h"
#include "lib/prng.h"
#include "lib/unit.h"
#include "net/route.h"
#include "net/route_int.h"

#define MODEL_MAX 500
#define STEPS     100000
#define MTU_FIRST 1281 /* each route has an MTU of its own, which tells which was met */
#define MTUS      200  /* of ports of 1,500 */

struct model_route {
	union ip_addr dst;
	uint8_t family, plen, tos, type;
	uint16_t mtu;
	uint32_t metric;
};

struct model {
	struct model_route routes[MODEL_MAX];
	unsigned int n;
};

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

static bool same_key(const struct model_route *a, const struct model_route *b)
{
	return a->family == b->family && a->plen == b->plen && a->tos == b->tos &&
	       a->metric == b->metric && memcmp(&a->dst, &b->dst, sizeof(a->dst)) == 0;
}

static int model_find(const struct model *model, const struct model_route *want)
{
	for (unsigned int i = 0; i < model->n; i++)
		if (same_key(&model->routes[i], want))
			return (int)i;
	return -1;
}

/* Bit by bit, on purpose. */
static bool covers(const struct model_route *r, const union ip_addr *ip)
{
	for (unsigned int bit = 0; bit < r->plen; bit++)
		if ((r->dst.v6[bit / 8] ^ ip->v6[bit / 8]) & (0x80 >> bit % 8))
			return false;
	return true;
}

static bool is_better(const struct model_route *a, const struct model_route *b)
{
	if (a->plen != b->plen)
		return a->plen > b->plen;
	if (a->tos != b->tos)
		return a->tos > b->tos;
	return a->metric < b->metric;
}

static const struct model_route *model_lookup(const struct model *model, unsigned int family,
					      const union ip_addr *ip, uint8_t tos)
{
	const struct model_route *best = NULL;

	for (unsigned int i = 0; i < model->n; i++) {
		const struct model_route *r = &model->routes[i];

		if (r->family != family || (r->tos && r->tos != tos) || !covers(r, ip))
			continue;
		if (!best || is_better(r, best))
			best = r;
	}
	return best;
}

static union ip_addr random_ip(struct prng *prng, unsigned int family)
{
	union ip_addr ip = { .u64 = { 0, 0 } };

	if (family == AF_INET) {
		uint32_t net = prng_below(prng, 4); /* of which one is dense, 64 of /24 */

		ip.v4 = htonl(0x14000000u | net << 16 | prng_below(prng, net ? 4 : 64) << 8 |
			      prng_below(prng, 8) << 5 | prng_below(prng, 4));
		return ip;
	}
	ip.v6[0] = 0x20;
	ip.v6[1] = (uint8_t)(prng_below(prng, 4) << 1);
	for (unsigned int i = 2; i < 16; i += 1 + prng_below(prng, 3))
		ip.v6[i] = (uint8_t)(prng_below(prng, 2) << prng_below(prng, 8));
	return ip;
}

static struct model_route random_route(struct prng *prng, unsigned int step)
{
	static const uint8_t types[] = { API_ROUTE_UNICAST,  API_ROUTE_UNICAST,
					 API_ROUTE_UNICAST,  API_ROUTE_BLACKHOLE,
					 API_ROUTE_PROHIBIT, API_ROUTE_UNREACHABLE };
	unsigned int family = prng_below(prng, 2) ? AF_INET : AF_INET6;
	struct model_route r = {
		.family = (uint8_t)family,
		.plen = (uint8_t)prng_below(prng, ip_bits(family) + 1),
		.metric = prng_below(prng, 3) + 1,
		.type = types[prng_below(prng, LENGTH(types))],
		.mtu = (uint16_t)(MTU_FIRST + step % MTUS),
	};
	union ip_addr ip = random_ip(prng, family);

	if (family == AF_INET6 && prng_below(prng, 2))
		r.plen = (uint8_t)prng_below(prng, 65);
	if (family == AF_INET && prng_below(prng, 4) == 0)
		ip.v4 = htonl((uint32_t)prng_next(prng) & 0x7fffffff);
	if (prng_below(prng, 50) == 0)
		r.tos = (uint8_t)(prng_below(prng, 3) << 2);
	if (r.plen < 4 && family == AF_INET)
		ip.v4 = 0; /* above it lies multicast */
	r.dst = ip_network(family, &ip, r.plen);
	return r;
}

static int request(struct net_rig *rig, enum api_id id, const struct model_route *r)
{
	struct api_route route = {
		.dst = ip_to_api(&r->dst),
		.family = r->family,
		.plen = r->plen,
		.scope = API_SCOPE_UNSET,
		.proto = 186, /* bgp */
		.metric = r->metric,
		.tos = r->tos,
		.type = r->type,
	};

	if (r->type == API_ROUTE_UNICAST) {
		route.mtu = r->mtu;
		strcpy(route.dev, "dpdk1");
	}
	return net_rig_request(rig, id, &route, sizeof(route));
}

static enum route_verdict verdict_of(const struct model_route *r)
{
	if (!r)
		return ROUTE_NONE;
	return r->type == API_ROUTE_UNICAST     ? ROUTE_FORWARD
	       : r->type == API_ROUTE_BLACKHOLE ? ROUTE_BLACKHOLE
	       : r->type == API_ROUTE_PROHIBIT  ? ROUTE_PROHIBIT
						: ROUTE_UNREACHABLE;
}

static void check_many(const struct worker *w, unsigned int family, const union ip_addr *ip)
{
	const struct route_index *index = &w->net->routes->index;
	uint32_t addrs[3], many[3], one;
	struct index_addr6 addrs6[3];

	for (unsigned int i = 0; i < 3; i++) {
		addrs[i] = ntohl(ip->v4) ^ i;
		addrs6[i] = index_addr6_from(ip);
		addrs6[i].low ^= i;
	}
	if (family == AF_INET)
		route_index_find4_many(index, addrs, many, 3);
	else
		route_index_find6_many(index, addrs6, many, 3);
	for (unsigned int i = 0; i < 3; i++) {
		union ip_addr as = *ip;

		as.v6[15] ^= (uint8_t)i;
		one = family == AF_INET ? route_index_find4(index, addrs[i])
					: route_index_find6(index, &as);
		assert_int_equal(many[i], one);
	}
}

/* A vector of packets goes where each would have gone alone. */
static void check_packets(const struct worker *w, unsigned int family, const union ip_addr *ip,
			  uint8_t tos)
{
	struct route_packet packets[5];
	struct pkt_meta metas[5];

	memset(metas, 0, sizeof(metas));
	for (unsigned int i = 0; i < LENGTH(packets); i++) {
		metas[i].tuple.family = (uint8_t)family;
		metas[i].tuple.dst = *ip;
		metas[i].tuple.dst.v6[family == AF_INET ? 2 : 7] ^= (uint8_t)i;
		metas[i].tos = i % 2 ? tos : 0;
		packets[i].meta = &metas[i];
	}
	route_input_many(w, family, packets, LENGTH(packets));
	for (unsigned int i = 0; i < LENGTH(packets); i++) {
		struct route_flow flow = route_flow(&metas[i]);
		enum route_verdict verdict;
		struct nexthop nexthop;

		verdict = route_input(w, family, &metas[i].tuple.dst, &flow, &nexthop);
		assert_int_equal(packets[i].verdict, verdict);
		if (verdict != ROUTE_FORWARD)
			continue;
		assert_int_equal(packets[i].nexthop.mtu, nexthop.mtu);
		assert_int_equal(packets[i].nexthop.port, nexthop.port);
		assert_memory_equal(&packets[i].nexthop.addr, &nexthop.addr, sizeof(nexthop.addr));
	}
}

static void check(struct net_rig *rig, const struct model *model, unsigned int family,
		  const union ip_addr *ip, uint8_t tos)
{
	const struct model_route *want = model_lookup(model, family, ip, tos);
	/* congestion bits of the packet choose no route */
	const struct route_flow flow = { .tos = tos | 2 };

	for (unsigned int w = 0; w <= NET_RIG_WORKERS; w++) {
		struct nexthop nexthop;
		struct route route;

		assert_int_equal(route_way(rig->all[w], family, ip, &flow, &nexthop),
				 verdict_of(want));
		assert_int_equal(route_lookup(rig->all[w], family, ip, tos, &route), want != NULL);
		if (want)
			assert_int_equal(route.metric, want->metric);
		if (want && want->type == API_ROUTE_UNICAST)
			assert_int_equal(nexthop.mtu, want->mtu);
	}
	check_many(rig->all[1 + ip->v6[3] % NET_RIG_WORKERS], family, ip);
	check_packets(rig->all[1 + ip->v6[3] % NET_RIG_WORKERS], family, ip, tos);
}

static void compare(struct net_rig *rig, const struct model *model)
{
	struct api_route *master = calloc(MODEL_MAX, sizeof(*master));
	struct api_route *worker = calloc(MODEL_MAX, sizeof(*worker));
	struct api_filter filter = { .cpu = 0 };
	unsigned int n = net_rig_list(rig, API_ROUTE_LIST, &filter, master, sizeof(*master),
				      MODEL_MAX);

	assert_int_equal(n, model->n);
	for (unsigned int i = 0; i < n; i++) {
		const struct model_route r = {
			.dst = ip_from_api(&master[i].dst),
			.family = (uint8_t)master[i].family,
			.plen = master[i].plen,
			.tos = master[i].tos,
			.metric = master[i].metric,
		};

		assert_true(model_find(model, &r) >= 0);
	}
	for (filter.cpu = 1; filter.cpu <= NET_RIG_WORKERS; filter.cpu++) {
		assert_int_equal(net_rig_list(rig, API_ROUTE_LIST, &filter, worker, sizeof(*worker),
					      MODEL_MAX),
				 n);
		assert_memory_equal(master, worker, n * sizeof(*master));
	}
	free(master);
	free(worker);
}

enum kind { ADD, DEL, REPLACE, SET };

static int model_apply(struct model *model, enum kind kind, const struct model_route *r)
{
	int at = model_find(model, r);

	if (kind == ADD && at >= 0)
		return -EEXIST;
	if ((kind == DEL || kind == SET) && at < 0)
		return -ENOENT;
	if (kind == DEL)
		model->routes[at] = model->routes[--model->n];
	else
		model->routes[at < 0 ? (int)model->n++ : at] = *r;
	return 0;
}

static enum kind random_kind(struct prng *prng, const struct model *model)
{
	if (prng_below(prng, 10) == 0)
		return prng_below(prng, 2) ? REPLACE : SET;
	return prng_below(prng, 100) < (model->n < MODEL_MAX / 2 ? 65 : 35) ? ADD : DEL;
}

static void step(struct net_rig *rig, struct model *model, struct prng *prng, unsigned int n)
{
	static const enum api_id ids[] = { API_ROUTE_ADD, API_ROUTE_DEL, API_ROUTE_REPLACE,
					   API_ROUTE_SET };
	struct model_route r = random_route(prng, n), other;
	enum kind kind = random_kind(prng, model);
	union ip_addr ip;
	int want, got;

	if (kind != ADD && model->n && prng_below(prng, 10)) {
		other = model->routes[prng_below(prng, model->n)];
		other.mtu = r.mtu;
		other.type = kind == DEL ? other.type : r.type;
		r = other;
	}
	if (kind == DEL && model_find(model, &r) >= 0) /* another kind would not be it */
		r.type = model->routes[model_find(model, &r)].type;
	want = model_apply(model, kind, &r);
	got = request(rig, ids[kind], &r);
	if (got != want)
		fail_msg("step %u: %d \"%s\", expected %d", n, got, rig->error, want);
	ip = random_ip(prng, r.family);
	check(rig, model, r.family, &ip, (uint8_t)(prng_below(prng, 3) << 2));
	check(rig, model, r.family, &r.dst, 0);
}

static void test_model(void **state)
{
	struct model *model = calloc(1, sizeof(*model));
	struct net_rig *rig = *state;
	struct prng prng = { 11 };
	unsigned int most = 0;

	for (unsigned int i = 0; i < STEPS; i++) {
		step(rig, model, &prng, i);
		most = model->n > most ? model->n : most;
		if (i % 20000 == 19999)
			compare(rig, model);
	}
	assert_true(most > MODEL_MAX / 3 && most < MODEL_MAX);
	while (model->n) {
		struct model_route r = model->routes[0];

		assert_int_equal(request(rig, API_ROUTE_DEL, &r), 0);
		assert_int_equal(model_apply(model, DEL, &r), 0);
		check(rig, model, r.family, &r.dst, r.tos);
	}
	for (unsigned int w = 0; w <= NET_RIG_WORKERS; w++) {
		assert_int_equal(rig->all[w]->net->routes->index.units.used, 0);
		assert_int_equal(rig->all[w]->net->routes->ways.count, 0);
	}
	free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_model, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
