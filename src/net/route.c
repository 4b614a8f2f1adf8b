/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/route: one worker's routes and what finds them. The hashes are keyed, so
 * that nobody chooses collisions. Of the routes to one prefix only the best
 * stands in its chain; the others hang on it, in a tree. With few prefix lengths in use,
 * as is usual, a lookup reads few lines, however many routes there are.
 *
 * Tables are plain memory (calloc), not a region of the worker's node: a table
 * begins with a few kilobytes, what comes with ops is the master's to allocate,
 * and the path only reads it, so what is used stays in the worker's caches.
 */
#include "net/route_int.h"

#include <stdlib.h>

#include <arpa/inet.h>

#include "base/lines.h"
#include "link/port.h"
#include "net/net.h"
#include "worker/worker.h"

struct route_table *route_table_create(void)
{
	struct route_table *table = lines_alloc(sizeof(*table));

	if (!table)
		return NULL;
	chains_init(&table->locals);
	chains_init(&table->sources);
	for (unsigned int i = 0; i < ROUTE_FAMILIES; i++)
		chains_init(&table->nets[i].prefixes);
	return table;
}

void route_table_destroy(struct route_table *table)
{
	if (!table)
		return;
	order_for_each_safe (it, &table->order) {
		order_del(&table->order, it);
		free(container_of(it, struct route_node, order));
	}
	chains_free(&table->locals);
	chains_free(&table->sources);
	for (unsigned int i = 0; i < ROUTE_FAMILIES; i++)
		chains_free(&table->nets[i].prefixes);
	free(table);
}

uint64_t route_hash(const struct worker *w, const union ip_addr *net, unsigned int plen)
{
	return hash_words(&w->flow_key, net->u64[0], net->u64[1] ^ plen);
}

static const struct route_nets *route_nets(const struct worker *w, unsigned int family)
{
	return &w->net->routes->nets[family == AF_INET6];
}

static union ip_addr route_net(unsigned int family, const union ip_addr *ip, unsigned int plen)
{
	if (family == AF_INET)
		return ip_from_v4(ip->v4 & htonl((uint32_t)(UINT64_C(0xffffffff00000000) >> plen)));
	return ip_network(family, ip, plen);
}

static struct route_node *node_of_chain(struct chain *chain)
{
	return container_of(chain, struct route_node, chain);
}

static const struct route *route_lookup_local(const struct worker *w, unsigned int family,
					      const union ip_addr *dst)
{
	chains_for_each (it, &w->net->routes->locals, route_hash(w, dst, 0)) {
		const struct route *route = &node_of_chain(it)->route;

		if (ip_equal(&route->dst, dst) && route->family == family)
			return route;
	}
	return NULL;
}

struct route_node *route_prefix_find(const struct worker *w, unsigned int family,
				     const union ip_addr *net, unsigned int plen)
{
	chains_for_each (it, &route_nets(w, family)->prefixes, route_hash(w, net, plen)) {
		struct route_node *node = node_of_chain(it);

		if (ip_equal(&node->route.dst, net) && node->route.plen == plen)
			return node;
	}
	return NULL;
}

static const struct route *route_lookup_net4(const struct worker *w, const union ip_addr *dst)
{
	uint64_t left = route_nets(w, AF_INET)->used[0];

	while (left) {
		unsigned int plen = 63 - (unsigned int)__builtin_clzll(left);
		union ip_addr net = route_net(AF_INET, dst, plen);
		const struct route_node *node = route_prefix_find(w, AF_INET, &net, plen);

		if (node)
			return &node->route;
		left ^= UINT64_C(1) << plen;
	}
	return NULL;
}

static const struct route *route_lookup_net(const struct worker *w, unsigned int family,
					    const union ip_addr *dst)
{
	const struct route_nets *nets = route_nets(w, family);
	int plen;

	if (likely(family == AF_INET))
		return route_lookup_net4(w, dst);
	plen = route_plen_below(nets, ROUTE_PLEN_ENDS);
	for (; plen >= 0; plen = route_plen_below(nets, (unsigned int)plen)) {
		union ip_addr net = route_net(family, dst, (unsigned int)plen);
		const struct route_node *node;

		node = route_prefix_find(w, family, &net, (unsigned int)plen);
		if (node)
			return &node->route;
	}
	return NULL;
}

const struct route *route_lookup(const struct worker *w, unsigned int family,
				 const union ip_addr *dst)
{
	const struct route *route = route_lookup_local(w, family, dst);

	return route ? route : route_lookup_net(w, family, dst);
}

void route_nexthop(const struct worker *w, const struct route *route, const union ip_addr *dst,
		   struct nexthop *nexthop)
{
	uint32_t mtu = w->link->ports[route->port].mtu;

	nexthop->addr = ip_is_zero(&route->via) ? *dst : route->via;
	nexthop->src = route->src;
	nexthop->port = route->port;
	nexthop->mtu = (uint16_t)(route->mtu && route->mtu < mtu ? route->mtu : mtu);
	nexthop->per_flow = false;
	nexthop->per_tos = false;
}

static enum route_verdict route_verdict(const struct worker *w, const struct route *route,
					const union ip_addr *dst, struct nexthop *nexthop)
{
	static const uint8_t verdicts[API_ROUTE__COUNT] = {
		[API_ROUTE_UNICAST] = ROUTE_FORWARD,
		[API_ROUTE_LOCAL] = ROUTE_LOCAL,
		[API_ROUTE_KERNEL] = ROUTE_KERNEL,
		[API_ROUTE_BLACKHOLE] = ROUTE_BLACKHOLE,
		[API_ROUTE_UNREACHABLE] = ROUTE_UNREACHABLE,
		[API_ROUTE_PROHIBIT] = ROUTE_PROHIBIT,
	};

	if (!route)
		return ROUTE_NONE;
	if (route->type == API_ROUTE_UNICAST)
		route_nexthop(w, route, dst, nexthop);
	return verdicts[route->type];
}

enum route_verdict route_input(const struct worker *w, unsigned int family,
			       const union ip_addr *dst, const struct route_flow *flow,
			       struct nexthop *nexthop)
{
	return route_verdict(w, route_lookup(w, family, dst), dst, nexthop);
}

enum route_verdict route_way(const struct worker *w, unsigned int family, const union ip_addr *dst,
			     const struct route_flow *flow, struct nexthop *nexthop)
{
	return route_verdict(w, route_lookup_net(w, family, dst), dst, nexthop);
}

bool route_output(const struct worker *w, unsigned int family, const union ip_addr *dst,
		  struct nexthop *nexthop)
{
	const struct route_flow none = { .tuple = NULL };

	return route_way(w, family, dst, &none, nexthop) == ROUTE_FORWARD;
}

static struct route_node *node_of_same(struct order_node *in_same)
{
	return in_same ? container_of(in_same, struct route_node, in_same) : NULL;
}

static struct route_node *route_next_same(struct route_node *node)
{
	return node_of_same(order_next(&node->in_same));
}

static struct route_node *route_find_net(const struct worker *w, const struct route *key)
{
	struct route_node *node = route_prefix_find(w, key->family, &key->dst, key->plen);

	if (node)
		node = node_of_same(order_from(&node->same, key->metric, 0));
	for (; node && node->route.metric == key->metric; node = route_next_same(node))
		if (node->route.port == key->port)
			return node;
	return NULL;
}

struct route_node *route_find_node(const struct worker *w, const struct route *key)
{
	if (key->type == API_ROUTE_UNICAST)
		return route_find_net(w, key);
	chains_for_each (it, &w->net->routes->locals, route_hash(w, &key->dst, 0)) {
		struct route_node *node = node_of_chain(it);

		if (ip_equal(&node->route.dst, &key->dst) && node->route.family == key->family &&
		    node->route.port == key->port)
			return node;
	}
	return NULL;
}

const struct route *route_find(const struct worker *w, const struct route *key)
{
	const struct route_node *node = route_find_node(w, key);

	return node ? &node->route : NULL;
}

/* The prefix agrees already. */
static bool route_is_meant(const struct route *route, const struct route *want)
{
	return route->type == want->type &&
	       (want->port == PORT_NONE || route->port == want->port) &&
	       (!want->metric || route->metric == want->metric) &&
	       (ip_is_zero(&want->via) || ip_equal(&route->via, &want->via));
}

static const struct route *route_meant_net(const struct worker *w, const struct route *want)
{
	struct route_node *node = route_prefix_find(w, want->family, &want->dst, want->plen);

	if (node && want->metric)
		node = node_of_same(order_from(&node->same, want->metric, 0));
	for (; node; node = route_next_same(node))
		if (route_is_meant(&node->route, want))
			return &node->route;
	return NULL;
}

const struct route *route_meant(const struct worker *w, const struct route *want)
{
	if (want->type == API_ROUTE_UNICAST)
		return route_meant_net(w, want);
	if (want->plen != ip_bits(want->family))
		return NULL;
	chains_for_each (it, &w->net->routes->locals, route_hash(w, &want->dst, 0)) {
		const struct route *route = &node_of_chain(it)->route;

		if (ip_equal(&route->dst, &want->dst) && route->family == want->family &&
		    route_is_meant(route, want))
			return route;
	}
	return NULL;
}

const struct route *route_on_link(const struct worker *w, unsigned int family,
				  const union ip_addr *ip, uint16_t port)
{
	const struct route_nets *nets = route_nets(w, family);
	int plen = route_plen_below(nets, ip_bits(family) + 1);

	for (; plen > 0; plen = route_plen_below(nets, (unsigned int)plen)) {
		union ip_addr net = ip_network(family, ip, (unsigned int)plen);

		struct route_node *node;

		node = route_prefix_find(w, family, &net, (unsigned int)plen);
		for (; node; node = route_next_same(node))
			if (ip_is_zero(&node->route.via) &&
			    (port == PORT_NONE || port == node->route.port))
				return &node->route;
	}
	return NULL;
}

struct route_node *route_source_find(const struct worker *w, unsigned int family,
				     const union ip_addr *src)
{
	chains_for_each (it, &w->net->routes->sources, route_hash(w, src, 0)) {
		struct route_node *node = container_of(it, struct route_node, source.chain);

		if (ip_equal(&node->route.src, src) && node->route.family == family)
			return node;
	}
	return NULL;
}
