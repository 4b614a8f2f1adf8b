/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/route: one worker's routes and what finds them. The record lies in
 * hashes, which are keyed, so that nobody chooses collisions. Of the routes to
 * one prefix only the best stands in its chain; the others hang on it, in a
 * tree. Packets do not ask the record but the index, which names the way of
 * the best route to each prefix; only where routes of a prefix have a tos the
 * index sends them here, to be asked one by one.
 *
 * Routes, index and ways lie in regions of the worker's, the record's hashes in
 * memory that comes with ops.
 */
#include "net/route_int.h"

#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "base/lines.h"
#include "link/port.h"
#include "net/net.h"
#include "worker/worker.h"

#define SMALL_BYTES ((size_t)2 << 20) /* of a region: touched as needed, a small page at a time */

#define TOS_MASK 0xfc /* the rest is ECN's, RFC 3168 */

static int nodes_create(struct route_nodes *nodes, int socket)
{
	int r = region_create(&nodes->region, ROUTES_MAX * sizeof(struct route_node), socket);

	nodes->at = nodes->region.base;
	nodes->populated = SMALL_BYTES;
	return r;
}

struct route_node *route_node_take(struct route_nodes *nodes)
{
	struct chain *spare = nodes->spare;
	struct route_node *node;

	if (!spare)
		return &nodes->at[nodes->next++];
	nodes->spare = spare->next;
	node = container_of(spare, struct route_node, chain);
	memset(node, 0, sizeof(*node));
	return node;
}

void route_node_give(struct route_nodes *nodes, struct route_node *node)
{
	node->chain.next = nodes->spare;
	nodes->spare = &node->chain;
}

struct route_table *route_table_create(int socket)
{
	struct route_table *table = lines_alloc(sizeof(*table));

	if (!table)
		return NULL;
	if (nodes_create(&table->nodes, socket) < 0)
		goto no_nodes;
	if (ways_create(&table->ways, socket) < 0)
		goto no_ways;
	if (route_index_create(&table->index, socket) < 0)
		goto no_index;
	chains_init(&table->locals);
	for (unsigned int i = 0; i < ROUTE_FAMILIES; i++)
		chains_init(&table->nets[i].prefixes);
	return table;

no_index:
	ways_destroy(&table->ways);
no_ways:
	region_destroy(&table->nodes.region);
no_nodes:
	free(table);
	return NULL;
}

void route_table_destroy(struct route_table *table)
{
	if (!table)
		return;
	chains_free(&table->locals);
	for (unsigned int i = 0; i < ROUTE_FAMILIES; i++)
		chains_free(&table->nets[i].prefixes);
	route_index_destroy(&table->index);
	ways_destroy(&table->ways);
	region_destroy(&table->nodes.region);
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

static struct route_node *node_of_chain(struct chain *chain)
{
	return container_of(chain, struct route_node, chain);
}

const struct way *route_way_of(const struct worker *w, const struct route_node *node)
{
	return &w->net->routes->ways.at[node->way];
}

void route_describe(const struct worker *w, const struct route_node *node, struct route *route)
{
	const struct way *way = route_way_of(w, node);

	*route = (struct route){
		.dst = node->dst,
		.via = way->via,
		.src = way->src,
		.family = node->family,
		.plen = node->plen,
		.type = node->type,
		.scope = node->scope,
		.proto = node->proto,
		.onlink = node->onlink,
		.tos = node->tos,
		.port = way->port,
		.metric = node->metric,
		.mtu = way->mtu,
		.paths = way->paths,
	};
}

/* ---- finding ---- */

struct route_node *route_find_local(const struct worker *w, unsigned int family,
				    const union ip_addr *dst)
{
	chains_for_each (it, &w->net->routes->locals, route_hash(w, dst, 0)) {
		struct route_node *node = node_of_chain(it);

		if (ip_equal(&node->dst, dst) && node->family == family)
			return node;
	}
	return NULL;
}

struct route_node *route_prefix_find(const struct worker *w, unsigned int family,
				     const union ip_addr *net, unsigned int plen)
{
	uint64_t hash = route_hash(w, net, plen);

	chains_for_each (it, &route_nets(w, family)->prefixes, hash) {
		struct route_node *node = node_of_chain(it);

		if (it->hash == hash && ip_equal(&node->dst, net) && node->plen == plen)
			return node;
	}
	return NULL;
}

void route_look_ahead(const struct worker *w, unsigned int family, const union ip_addr *net,
		      unsigned int plen, unsigned int step)
{
	chains_prefetch(&route_nets(w, family)->prefixes, route_hash(w, net, plen), step > 0);
	route_index_prefetch(&w->net->routes->index, family, net, plen, step > 0);
}

static struct route_node *node_of_same(struct order_node *in_same)
{
	return in_same ? container_of(in_same, struct route_node, in_same) : NULL;
}

struct route_node *route_next_same(struct route_node *node)
{
	return node_of_same(order_next(&node->in_same));
}

/* Those of the tos itself stand before those of any. */
static struct route_node *node_for_tos(struct route_node *first, uint8_t tos)
{
	struct route_node *node = first;

	if (!node || !node->tos)
		return node;
	node = node_of_same(order_from(&first->same, route_rank(tos & TOS_MASK, 0), 0));
	if (node && node->tos && node->tos != (tos & TOS_MASK))
		node = node_of_same(order_from(&first->same, route_rank(0, 0), 0));
	return node;
}

struct route_node *route_find_net(const struct worker *w, unsigned int family,
				  const union ip_addr *dst, uint8_t tos)
{
	const struct route_nets *nets = route_nets(w, family);
	int plen = route_plen_below(nets, ROUTE_PLEN_ENDS);

	for (; plen >= 0; plen = route_plen_below(nets, (unsigned int)plen)) {
		union ip_addr net = ip_network(family, dst, (unsigned int)plen);
		struct route_node *node;

		node = route_prefix_find(w, family, &net, (unsigned int)plen);
		node = node_for_tos(node, tos);
		if (node)
			return node;
	}
	return NULL;
}

/* ---- people who ask, and ops ---- */

struct route_node *route_lookup_node(const struct worker *w, unsigned int family,
				     const union ip_addr *dst, uint8_t tos)
{
	struct route_node *node = route_find_local(w, family, dst);

	return node ? node : route_find_net(w, family, dst, tos);
}

bool route_lookup(const struct worker *w, unsigned int family, const union ip_addr *dst,
		  uint8_t tos, struct route *route)
{
	const struct route_node *node = route_lookup_node(w, family, dst, tos);

	if (node)
		route_describe(w, node, route);
	return node;
}

/* The first of a prefix that has this tos and metric. */
static struct route_node *first_of_rank(const struct worker *w, const struct route *key)
{
	struct route_node *node = route_prefix_find(w, key->family, &key->dst, key->plen);

	if (!node)
		return NULL;
	node = node_of_same(order_from(&node->same, route_rank(key->tos, key->metric), 0));
	return node && node->tos == key->tos && node->metric == key->metric ? node : NULL;
}

/* Another like this one, of the same tos and metric. */
static struct route_node *next_of_rank(struct route_node *node)
{
	struct route_node *next = route_next_same(node);

	return next && next->tos == node->tos && next->metric == node->metric ? next : NULL;
}

static struct route_node *find_local(const struct worker *w, const struct route *key)
{
	chains_for_each (it, &w->net->routes->locals, route_hash(w, &key->dst, 0)) {
		struct route_node *node = node_of_chain(it);

		if (ip_equal(&node->dst, &key->dst) && node->family == key->family &&
		    route_way_of(w, node)->port == key->port)
			return node;
	}
	return NULL;
}

struct route_node *route_find_node(const struct worker *w, const struct route *key)
{
	struct route_node *node;

	if (!route_type_is_net(key->type))
		return find_local(w, key);
	for (node = first_of_rank(w, key); node; node = next_of_rank(node))
		if (route_way_of(w, node)->port == key->port)
			return node;
	return NULL;
}

struct route_node *route_clash(const struct worker *w, const struct route *key)
{
	struct route_node *node;

	if (!route_type_is_net(key->type))
		return find_local(w, key);
	node = first_of_rank(w, key);
	if (!node || key->port == PORT_NONE || route_way_of(w, node)->port == PORT_NONE)
		return node;
	return route_find_node(w, key);
}

bool route_find(const struct worker *w, const struct route *key, struct route *route)
{
	const struct route_node *node = route_find_node(w, key);

	if (node)
		route_describe(w, node, route);
	return node;
}

bool route_uses_port(const struct route *route, uint16_t port)
{
	for (unsigned int i = 0; route->paths && i < route->paths->n; i++)
		if (route->paths->hops[i].port == port)
			return true;
	return route->port == port;
}

static bool has_path(const struct route_paths *paths, const union ip_addr *via, uint16_t port)
{
	for (unsigned int i = 0; paths && i < paths->n; i++)
		if ((port == PORT_NONE || paths->hops[i].port == port) &&
		    (ip_is_zero(via) || ip_equal(&paths->hops[i].via, via)))
			return true;
	return false;
}

/* The prefix agrees already. Whoever means a unicast net may mean one of the other kinds. */
static bool is_meant(const struct worker *w, const struct route_node *node,
		     const struct route *want)
{
	const struct way *way = route_way_of(w, node);

	if ((node->type != want->type && want->type != API_ROUTE_UNICAST) ||
	    (want->metric && node->metric != want->metric))
		return false;
	if (has_path(way->paths, &want->via, want->port))
		return true;
	return (want->port == PORT_NONE || way->port == want->port) &&
	       (ip_is_zero(&want->via) || ip_equal(&way->via, &want->via));
}

struct route_node *route_meant(const struct worker *w, const struct route *want)
{
	struct route_node *node;

	if (route_type_is_net(want->type)) {
		node = route_prefix_find(w, want->family, &want->dst, want->plen);
		if (node)
			node = node_of_same(
				order_from(&node->same, route_rank(want->tos, want->metric), 0));
		for (; node && node->tos == want->tos; node = route_next_same(node))
			if (is_meant(w, node, want))
				return node;
		return NULL;
	}
	if (want->plen != ip_bits(want->family))
		return NULL;
	chains_for_each (it, &w->net->routes->locals, route_hash(w, &want->dst, 0)) {
		node = node_of_chain(it);
		if (ip_equal(&node->dst, &want->dst) && node->family == want->family &&
		    node->type == want->type && is_meant(w, node, want))
			return node;
	}
	return NULL;
}

/* On link: a net without a gateway. */
static bool is_on_link(const struct way *way, uint16_t port)
{
	return way->type == API_ROUTE_UNICAST && !way->paths && ip_is_zero(&way->via) &&
	       (port == PORT_NONE || port == way->port);
}

uint16_t route_on_link(const struct worker *w, unsigned int family, const union ip_addr *ip,
		       uint16_t port)
{
	const struct route_nets *nets = route_nets(w, family);
	int plen = route_plen_below(nets, ip_bits(family) + 1);

	for (; plen > 0; plen = route_plen_below(nets, (unsigned int)plen)) {
		union ip_addr net = ip_network(family, ip, (unsigned int)plen);
		struct route_node *node;

		node = route_prefix_find(w, family, &net, (unsigned int)plen);
		for (; node; node = route_next_same(node))
			if (is_on_link(route_way_of(w, node), port))
				return route_way_of(w, node)->port;
	}
	return PORT_NONE;
}

/* ---- what they cost ---- */

uint32_t route_count(const struct worker *master)
{
	return master->net->routes->count;
}

static size_t chains_bytes(const struct chains *chains)
{
	size_t n = CHAINS_FIRST;

	while (n < chains->n_buckets)
		n *= 2; /* segments are whole */
	return n * sizeof(struct chain *);
}

/* Tables are equal, so the master's own tell what a worker's hold; pages are the worker's. */
size_t route_memory(const struct worker *master, const struct worker *w)
{
	const struct route_table *table = master->net->routes, *theirs = w->net->routes;
	size_t bytes = sizeof(*table) +
		       region_resident_to(&theirs->nodes.region, route_nodes_end(&table->nodes));

	bytes += chains_bytes(&table->locals) + chains_bytes(&table->ways.all) +
		 chains_bytes(&table->ways.sources);
	for (unsigned int i = 0; i < ROUTE_FAMILIES; i++)
		bytes += chains_bytes(&table->nets[i].prefixes);
	return bytes + route_index_resident(&theirs->index, route_index_end(&table->index)) +
	       ways_resident(&theirs->ways, table->ways.next);
}
