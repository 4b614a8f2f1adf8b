/* SPDX-License-Identifier: BSD-3-Clause */
/* net/route-int: the tables of route.c, for the files of this room. */
#ifndef NET_ROUTE_INT_H
#define NET_ROUTE_INT_H

#include "base/chains.h"
#include "base/order.h"
#include "net/change.h"
#include "net/route.h"

#define ROUTE_FAMILIES  2
#define ROUTE_PLEN_ENDS 129 /* prefix lengths are below */

/* A route in its tables. */
struct route_node {
	struct route route;
	struct chain chain; /* nets: the best of its prefix is in it; others: all are */
	struct order same;  /* the best of a prefix: all of it, by metric, then by coming */
	struct order_node in_same;
	struct group source; /* those that prefer this src */
	struct order_node order;
};

/* The nets of a family. */
struct route_nets {
	struct chains prefixes;
	uint64_t used[(ROUTE_PLEN_ENDS + 63) / 64]; /* bit P: there are nets of prefix length P */
	uint32_t counts[ROUTE_PLEN_ENDS];
};

struct route_table {
	struct chains locals;
	struct route_nets nets[ROUTE_FAMILIES];
	struct chains sources;
	struct order order; /* for listings: local and kernel routes, then nets by family, the
			       longest prefix first, equal ones by metric, then by coming */
	uint64_t serial;    /* of the last that came */
};

struct route_table *route_table_create(void);
void route_table_destroy(struct route_table *table);

/* The longest prefix length in use that is below `limit`; -1: none. */
static inline int route_plen_below(const struct route_nets *nets, unsigned int limit)
{
	for (int i = (int)(limit / 64); i >= 0; i--) {
		uint64_t bits = nets->used[i];

		if (i == (int)(limit / 64))
			bits &= (UINT64_C(1) << limit % 64) - 1;
		if (bits)
			return i * 64 + 63 - __builtin_clzll(bits);
	}
	return -1;
}

/* The best of the routes that have this prefix, which holds the others; NULL: none. */
struct route_node *route_prefix_find(const struct worker *w, unsigned int family,
				     const union ip_addr *net, unsigned int plen);

uint64_t route_hash(const struct worker *w, const union ip_addr *net, unsigned int plen);

/*
 * The route with the key's family, dst, port and kind, and for nets its plen and metric: what may
 * stand in a table once. Whether the kind is local or kernel makes no difference.
 */
struct route_node *route_find_node(const struct worker *w, const struct route *key);
const struct route *route_find(const struct worker *w, const struct route *key);

/*
 * The best route of the prefix, kind, port, metric and gateway of `want`; PORT_NONE, metric 0 and
 * gateway 0 are any.
 */
const struct route *route_meant(const struct worker *w, const struct route *want);

/* The net of `port` (PORT_NONE: of any) that lies on its link and has this address in it. */
const struct route *route_on_link(const struct worker *w, unsigned int family,
				  const union ip_addr *ip, uint16_t port);

/* The first of the routes that prefer this source. */
struct route_node *route_source_find(const struct worker *w, unsigned int family,
				     const union ip_addr *src);

/* The way to dst by this route. */
void route_nexthop(const struct worker *w, const struct route *route, const union ip_addr *dst,
		   struct nexthop *nexthop);

/* Adds, on all workers, to a change; what is right has been checked. 0 or -ENOMEM. */
int route_change_add(struct change *change, const struct route *route);
int route_change_del(struct change *change, const struct route *key);

/* All but prefix, kind and metric of the route that `key` finds become those of `to`. */
int route_change_set(struct change *change, const struct route *key, const struct route *to);

/* Those that prefer src, but for what came with addresses, prefer nothing any more. */
int route_change_forget_source(struct change *change, unsigned int family,
			       const union ip_addr *src);

#endif
