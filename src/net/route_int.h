/* SPDX-License-Identifier: BSD-3-Clause */
/* net/route-int: the tables of route.c, for the files of this room. */
#ifndef NET_ROUTE_INT_H
#define NET_ROUTE_INT_H

#include "base/chains.h"
#include "base/order.h"
#include "base/region.h"
#include "net/change.h"
#include "net/route.h"
#include "net/route_index.h"
#include "net/route_way.h"

#define ROUTE_FAMILIES  2
#define ROUTE_PLEN_ENDS 129 /* prefix lengths are below */

/* A route in its tables: its key, and where it leads. */
struct route_node {
	struct chain chain; /* nets: the best of its prefix is in it; others: all are */
	union ip_addr dst;
	uint32_t way;
	uint32_t metric;
	uint8_t family;
	uint8_t plen;
	uint8_t type;
	uint8_t scope;
	uint8_t proto;
	uint8_t onlink;
	uint8_t tos;
	struct order same; /* the best of a prefix: all of it, see route_rank() */
	struct order_node in_same;
	struct order_node order;
};

/*
 * Where they lie: the worker's own memory, so that ops bring none, in large pages once they are
 * many. A million come as fast as the kernel clears pages, which may be slowly.
 */
#define ROUTES_MAX (1u << 24)

struct route_nodes {
	struct route_node *at;
	uint32_t next;       /* from here on they were never used */
	struct chain *spare; /* those given back */
	size_t populated;    /* master: bytes of the region that all workers have memory for */
	struct region region;
};

/* The nets of a family. */
struct route_nets {
	struct chains prefixes;
	uint64_t used[(ROUTE_PLEN_ENDS + 63) / 64]; /* bit P: there are nets of prefix length P */
	uint32_t counts[ROUTE_PLEN_ENDS];
};

struct route_table {
	struct route_nodes nodes;
	struct chains locals;
	struct route_nets nets[ROUTE_FAMILIES];
	struct ways ways;
	struct route_index index;
	struct order order; /* for listings: local and kernel routes, then nets by family, the
			       longest prefix first, equal ones by metric, then by coming */
	uint64_t serial;    /* of the last that came */
	uint32_t count;
};

/* One that is not in use, zeroed; there is one. It is given back when it is in no table. */
struct route_node *route_node_take(struct route_nodes *nodes);
void route_node_give(struct route_nodes *nodes, struct route_node *node);

/* Where in the region what is used ends. */
static inline size_t route_nodes_end(const struct route_nodes *nodes)
{
	return nodes->next * sizeof(struct route_node);
}

/* Is there room for those that one change may add? */
static inline bool route_table_room(const struct route_table *table)
{
	return table->count < ROUTES_MAX - 1024;
}

struct route_table *route_table_create(int socket);
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

/* Is it of the net list? */
static inline bool route_type_is_net(unsigned int type)
{
	return type != API_ROUTE_LOCAL && type != API_ROUTE_KERNEL;
}

/* The order of routes to a prefix: a tos of one's own before any, then by metric. */
static inline uint64_t route_rank(uint8_t tos, uint32_t metric)
{
	return (uint64_t)(UINT8_MAX - tos) << 32 | metric;
}

/* The best of the routes that have this prefix, which holds the others; NULL: none. */
struct route_node *route_prefix_find(const struct worker *w, unsigned int family,
				     const union ip_addr *net, unsigned int plen);
struct route_node *route_next_same(struct route_node *node);

/* What looking for this prefix will wait for, in OP_AHEAD_STEPS; any prefix will do. */
void route_look_ahead(const struct worker *w, unsigned int family, const union ip_addr *net,
		      unsigned int plen, unsigned int step);

uint64_t route_hash(const struct worker *w, const union ip_addr *net, unsigned int plen);

const struct way *route_way_of(const struct worker *w, const struct route_node *node);
void route_describe(const struct worker *w, const struct route_node *node, struct route *route);

/*
 * The route with the key's family, dst, port and kind, and for nets its plen, tos and metric: what
 * may stand in a table once. Whether the kind is local or kernel makes no difference.
 */
struct route_node *route_find_node(const struct worker *w, const struct route *key);
/* The same as it is said; false: there is none. */
bool route_find(const struct worker *w, const struct route *key, struct route *route);

/* One that the key cannot stand beside: as route_find_node(), or one of them has no one port. */
struct route_node *route_clash(const struct worker *w, const struct route *key);

/*
 * The best route of the prefix, kind, tos, port, metric and gateway of `want`; PORT_NONE, metric 0
 * and gateway 0 are any.
 */
struct route_node *route_meant(const struct worker *w, const struct route *want);

/* The net of `port` (PORT_NONE: of any) that lies on its link and has this address in it; its
 * port, PORT_NONE: none. */
uint16_t route_on_link(const struct worker *w, unsigned int family, const union ip_addr *ip,
		       uint16_t port);

/* The local or kernel route of an address; the longest net route for packets of this tos. NULL:
 * none. */
struct route_node *route_find_local(const struct worker *w, unsigned int family,
				    const union ip_addr *dst);
struct route_node *route_find_net(const struct worker *w, unsigned int family,
				  const union ip_addr *dst, uint8_t tos);

/* For people who ask, see route_lookup(). */
struct route_node *route_lookup_node(const struct worker *w, unsigned int family,
				     const union ip_addr *dst, uint8_t tos);

/* Adds, on all workers, to a change; what is right has been checked. 0 or -ENOMEM, -ENOSPC. */
int route_change_add(struct change *change, const struct route *route);
int route_change_del(struct change *change, const struct route *key);

/* All but prefix, kind, tos and metric of the route that `key` finds become those of `to`. */
int route_change_set(struct change *change, const struct route *key, const struct route *to);

/* Those that prefer src, but for what came with addresses, prefer nothing any more. */
int route_change_forget_source(struct change *change, unsigned int family,
			       const union ip_addr *src);

/* Does it lead out of this port, alone or with others? */
bool route_uses_port(const struct route *route, uint16_t port);

/* What routes of a port lead to when it goes: the route without its paths by that port; false:
 * nothing is left. `paths` is room for them. */
bool route_without_port(const struct route *route, uint16_t port, struct route *left,
			struct route_paths *paths);

#endif
