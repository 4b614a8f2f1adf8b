/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/route-way: where routes lead. A million routes lead to a few gateways,
 * so what they have in common lies in one place, and the index (route_index.h)
 * names it by number: whoever has looked up a route has its way in his caches.
 * Ways come and go with the routes that use them. With several gateways a way
 * has paths: a flow's hash chooses one of a thousand places, and each place
 * has a path; which, was decided place by place, so that a path that goes
 * takes only its own places with it.
 */
#ifndef NET_ROUTE_WAY_H
#define NET_ROUTE_WAY_H

#include "api/route.h"
#include "base/chains.h"
#include "base/ip.h"
#include "base/region.h"

struct op;
struct worker;
struct route;

#define WAY_NONE   0
#define WAY_BY_TOS 1 /* in the index: the routes of this prefix must be asked one by one */
#define WAY_FIRST  2
#define WAYS_MAX   (1u << 20)

#define WAY_PLACES 1024

struct route_hop {
	union ip_addr via; /* 0: on link */
	uint16_t port;
	uint16_t weight;
	uint8_t onlink;
};

struct route_paths {
	uint16_t n;
	struct route_hop hops[API_ROUTE_HOPS];
	uint8_t places[WAY_PLACES]; /* which hop */
};

struct way {
	union ip_addr via;
	union ip_addr src;
	struct route_paths *paths; /* NULL: one gateway */
	uint32_t mtu;
	uint16_t port; /* PORT_NONE: of no one port */
	uint8_t type;  /* enum api_route_type */
	uint8_t family;
	uint32_t refs; /* routes; 0: free */
	uint32_t next_free;
	struct chain chain;
	struct group source; /* those that prefer this src, unless they came with addresses */
	bool came;           /* with an address */
} __attribute__((aligned(64)));

struct ways {
	struct way *at;
	uint32_t next; /* numbers from here on were never used */
	uint32_t free;
	uint32_t count;
	struct chains all, sources;
	struct region region;
};

int ways_create(struct ways *ways, int socket);
void ways_destroy(struct ways *ways);

/* Is there a number for one more? */
static inline bool ways_room(const struct ways *ways)
{
	return ways->free || ways->next < WAYS_MAX;
}

/* Bytes behind the numbers below `next`. */
size_t ways_resident(const struct ways *ways, uint32_t next);

/* Chooses the hop of each place; n, and the hops with their weights, are there. */
void route_paths_spread(struct route_paths *paths);

/* What an op brings for a way: memory that chains_need() asked for, and the paths; what is not
 * needed goes back with the op. */
struct way_memory {
	void *chains, *sources;
	struct route_paths *paths;
};

/* The way of this route, known or new, with one reference more. */
uint32_t way_hold(struct worker *w, struct op *op, const struct route *route,
		  struct way_memory memory);
void way_release(struct worker *w, struct op *op, uint32_t id);

/* How many ways prefer src; the first of them, which is returned, prefers nothing any more. */
unsigned int ways_of_source(const struct worker *w, unsigned int family, const union ip_addr *src);
uint32_t way_forget_source(struct worker *w, struct op *op, unsigned int family,
			   const union ip_addr *src);

/* Has it the route's via, src, port, mtu and type, or paths? */
bool way_is(const struct way *way, const struct route *route);

#endif
