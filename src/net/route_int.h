/* SPDX-License-Identifier: BSD-3-Clause */
/* net/route-int: the tables of route.c, for the files of this room. */
#ifndef NET_ROUTE_INT_H
#define NET_ROUTE_INT_H

#include "net/change.h"
#include "net/route.h"

#define ROUTE_BUCKETS  2048
#define ROUTE_FAMILIES 2

struct route_table {
	struct list local[ROUTE_BUCKETS];
	struct list locals;               /* the same in the order of coming */
	struct list nets[ROUTE_FAMILIES]; /* longest prefix first, then metric, then the order of
					     coming */
	unsigned int n_local, n_nets;
};

struct route_table *route_table_create(void);
void route_table_destroy(struct route_table *table);

/* Index into nets[]. */
static inline unsigned int route_family(unsigned int family)
{
	return family == AF_INET6;
}

/*
 * The route with the key's family, dst, port and kind, and for nets its plen and metric: what may
 * stand in a table once. Whether the kind is local or kernel makes no difference.
 */
struct route *route_find(const struct worker *w, const struct route *key);

/* The way to dst by this route. */
void route_nexthop(const struct worker *w, const struct route *route, const union ip_addr *dst,
		   struct nexthop *nexthop);

/* Adds, on all workers, to a change; what is right has been checked. 0 or -ENOMEM. */
int route_change_add(struct change *change, const struct route *route);
int route_change_del(struct change *change, const struct route *key);

/* All but prefix, kind and metric of the route that `key` finds become those of `to`. */
int route_change_set(struct change *change, const struct route *key, const struct route *to);

#endif
