/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/flow-way: the way of one packet of the flow stage, where flows to the
 * same address may go different ways: several gateways, or routes of a tos. It
 * is looked up for each packet, as the slow path would, from the packet as it
 * arrived; so nothing is remembered that could become stale, and a flow's
 * packets go the same way in both.
 */
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "ipvs/flow_int.h"
#include "net/adj.h"
#include "net/route.h"
#include "worker/worker.h"

/* The headers were parsed: no options, no extension headers. */
struct route_flow flow_of(const uint8_t *ip, struct tuple *tuple)
{
	bool six = ip[0] >> 4 == 6;
	const uint8_t *l4 = ip + (six ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr));
	uint8_t tos = six ? (uint8_t)(ip[0] << 4 | ip[1] >> 4) : ip[1];

	memset(tuple, 0, sizeof(*tuple));
	tuple->family = six ? AF_INET6 : AF_INET;
	tuple->proto = six ? ip[6] : ip[9];
	memcpy(&tuple->src, ip + (six ? 8 : 12), six ? 16 : 4);
	memcpy(&tuple->dst, ip + (six ? 24 : 16), six ? 16 : 4);
	memcpy(&tuple->sport, l4, sizeof(tuple->sport));
	memcpy(&tuple->dport, l4 + 2, sizeof(tuple->dport));
	return (struct route_flow){ .tuple = tuple, .tos = tos };
}

struct adj *flow_way(struct flow_run *run, const uint8_t *frame, unsigned int family,
		     const union ip_addr *to)
{
	struct tuple tuple;
	struct route_flow flow = flow_of(frame + RTE_ETHER_HDR_LEN, &tuple);
	struct nexthop nexthop;

	if (route_way(run->w, family, to, &flow, &nexthop) != ROUTE_FORWARD)
		return &run->adjs[ADJ_NONE];
	return &run->adjs[adj_get(run->w, family, &nexthop)];
}
