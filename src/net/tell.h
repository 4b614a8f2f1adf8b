/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/tell: routes, addresses, neighbours and tunnels as items of a listing, and their
 * changes told to those who listen (worker/notify.h). The ops tell what they
 * do, so that nothing changes untold, whoever wanted it; on workers, and while
 * nobody listens, that is one comparison.
 */
#ifndef NET_TELL_H
#define NET_TELL_H

#include <stddef.h>

#include "api/monitor.h"
#include "api/neigh.h"
#include "api/route.h"
#include "api/tunnel.h"

struct addr;
struct neigh;
struct route;
struct route_node;
struct worker;

/* A route on its way from a table; the first n_hops count. */
struct route_item {
	struct api_route route;
	struct api_hop hops[API_ROUTE_HOPS];
};

/* Of a listing: lifetimes are moments of the monotonic clock still; packets are the worker's own.
 */
void addr_item_fill(const struct worker *w, const struct addr *addr, struct api_addr *item);
void neigh_item_fill(const struct worker *w, const struct neigh *neigh, struct api_neigh *item);
void route_item_fill(const struct worker *w, const struct route *route, struct route_item *item);
void tunnel_item_fill(const struct worker *w, uint16_t id, struct api_tunnel_device *item);
size_t route_item_size(const struct route_item *item);

/* What is left of a lifetime. */
uint32_t addr_item_left_s(uint32_t until_s);

void tell_addr(struct worker *w, enum api_event_what what, const struct addr *addr);
void tell_neigh(struct worker *w, enum api_event_what what, const struct neigh *neigh);
void tell_tunnel(struct worker *w, enum api_event_what what, uint16_t id);
void tell_route(struct worker *w, enum api_event_what what, const struct route_node *node);

#endif
