/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/route-input: what becomes of packets, one by one and many at once. The
 * index names the way of each; only where routes of a prefix have a tos the
 * record is asked. Many at once are looked up in rounds, so that what one waits
 * for in memory the others wait for meanwhile: first the hash of our own
 * addresses and the index, then the ways.
 */
#include "net/route_int.h"

#include <arpa/inet.h>

#include "link/port.h"
#include "net/net.h"
#include "worker/worker.h"

static uint32_t index_find(const struct worker *w, unsigned int family, const union ip_addr *dst)
{
	const struct route_index *index = &w->net->routes->index;

	if (likely(family == AF_INET))
		return route_index_find4(index, ntohl(dst->v4));
	return route_index_find6(index, dst);
}

static const struct route_hop *choose_hop(const struct worker *w, const struct route_paths *paths,
					  const struct route_flow *flow)
{
	struct tuple tuple;
	uint64_t hash = 0;

	if (flow->tuple) {
		tuple = *flow->tuple;
		if (flow->fragment) {
			tuple.sport = 0;
			tuple.dport = 0;
		}
		hash = tuple_hash(&w->flow_key, &tuple);
	}
	return &paths->hops[paths->places[hash % WAY_PLACES]];
}

static const uint8_t verdicts[API_ROUTE__COUNT] = {
	[API_ROUTE_UNICAST] = ROUTE_FORWARD,         [API_ROUTE_LOCAL] = ROUTE_LOCAL,
	[API_ROUTE_KERNEL] = ROUTE_KERNEL,           [API_ROUTE_BLACKHOLE] = ROUTE_BLACKHOLE,
	[API_ROUTE_UNREACHABLE] = ROUTE_UNREACHABLE, [API_ROUTE_PROHIBIT] = ROUTE_PROHIBIT,
};

static enum route_verdict take_way(const struct worker *w, const struct way *way,
				   const union ip_addr *dst, const struct route_flow *flow,
				   struct nexthop *nexthop)
{
	const union ip_addr *via = &way->via;
	uint16_t port = way->port;
	uint32_t mtu;

	if (unlikely(way->type != API_ROUTE_UNICAST))
		return verdicts[way->type];
	nexthop->per_flow = false;
	if (unlikely(way->paths)) {
		const struct route_hop *hop = choose_hop(w, way->paths, flow);

		via = &hop->via;
		port = hop->port;
		nexthop->per_flow = true;
	}
	mtu = w->link->ports[port].mtu;
	nexthop->addr = ip_is_zero(via) ? *dst : *via;
	nexthop->src = way->src;
	nexthop->port = port;
	nexthop->mtu = (uint16_t)(way->mtu && way->mtu < mtu ? way->mtu : mtu);
	return ROUTE_FORWARD;
}

/* What the index has said. */
static enum route_verdict take_found(const struct worker *w, uint32_t id, unsigned int family,
				     const union ip_addr *dst, const struct route_flow *flow,
				     struct nexthop *nexthop)
{
	nexthop->per_tos = false;
	if (unlikely(id == WAY_BY_TOS)) {
		const struct route_node *node = route_find_net(w, family, dst, flow->tos);

		nexthop->per_tos = true;
		id = node ? node->way : WAY_NONE;
	}
	if (unlikely(id == WAY_NONE))
		return ROUTE_NONE;
	return take_way(w, &w->net->routes->ways.at[id], dst, flow, nexthop);
}

enum route_verdict route_way(const struct worker *w, unsigned int family, const union ip_addr *dst,
			     const struct route_flow *flow, struct nexthop *nexthop)
{
	return take_found(w, index_find(w, family, dst), family, dst, flow, nexthop);
}

enum route_verdict route_input(const struct worker *w, unsigned int family,
			       const union ip_addr *dst, const struct route_flow *flow,
			       struct nexthop *nexthop)
{
	const struct route_node *local = route_find_local(w, family, dst);

	return local ? verdicts[local->type] : route_way(w, family, dst, flow, nexthop);
}

bool route_output(const struct worker *w, unsigned int family, const union ip_addr *dst,
		  struct nexthop *nexthop)
{
	const struct route_flow none = { .tuple = NULL };

	return route_way(w, family, dst, &none, nexthop) == ROUTE_FORWARD;
}

/* ---- many at once ---- */

static void index_find_many(const struct worker *w, unsigned int family,
			    struct route_packet *packets, unsigned int n, uint32_t *ids)
{
	const struct route_index *index = &w->net->routes->index;
	struct index_addr6 addrs6[ROUTE_BURST] = { 0 };
	uint32_t addrs4[ROUTE_BURST] = { 0 };

	if (likely(family == AF_INET)) {
		for (unsigned int i = 0; i < n; i++)
			addrs4[i] = ntohl(packets[i].meta->tuple.dst.v4);
		route_index_find4_many(index, addrs4, ids, n);
		return;
	}
	for (unsigned int i = 0; i < n; i++)
		addrs6[i] = index_addr6_from(&packets[i].meta->tuple.dst);
	route_index_find6_many(index, addrs6, ids, n);
}

void route_input_many(const struct worker *w, unsigned int family, struct route_packet *packets,
		      unsigned int n)
{
	const struct route_table *table = w->net->routes;
	uint32_t ids[ROUTE_BURST];

	for (unsigned int i = 0; i < n; i++)
		chains_prefetch(&table->locals, route_hash(w, &packets[i].meta->tuple.dst, 0),
				false);
	index_find_many(w, family, packets, n, ids);
	for (unsigned int i = 0; i < n; i++) {
		__builtin_prefetch(&table->ways.at[ids[i]]);
		packets[i].local = route_find_local(w, family, &packets[i].meta->tuple.dst);
	}
	for (unsigned int i = 0; i < n; i++) {
		struct route_packet *packet = &packets[i];
		struct route_flow flow = route_flow(packet->meta);

		packet->verdict = packet->local
					  ? verdicts[packet->local->type]
					  : take_found(w, ids[i], family, &packet->meta->tuple.dst,
						       &flow, &packet->nexthop);
	}
}
