/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/route: one worker's routes. Local and kernel routes (/32, /128) lie in a
 * hash. Nets lie in another, by prefix, which is the record; packets find
 * their way by an index made of it (net/route_index.h). Routes of the same
 * prefix are ordered: those of a tos of their own, then by metric, then by
 * coming.
 */
#ifndef NET_ROUTE_H
#define NET_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/route.h"
#include "base/ip.h"
#include "packet/drop.h"
#include "packet/meta.h"

struct worker;
struct route_node;
struct route_paths;
struct route_table;

/* What is said of a route; in the tables, nets share most of it (net/route_way.h). */
struct route {
	union ip_addr dst;
	union ip_addr via; /* 0: on link */
	union ip_addr src; /* preferred, 0: none */
	uint8_t family;
	uint8_t plen;
	uint8_t type; /* enum api_route_type */
	uint8_t scope;
	uint8_t proto;
	uint8_t onlink;
	uint8_t tos;   /* 0: any */
	uint16_t port; /* PORT_NONE: none, or that of each path */
	uint32_t metric;
	uint32_t mtu;                    /* 0: the port's */
	const struct route_paths *paths; /* several gateways; NULL: via and port tell */
};

/* The way a packet takes. */
struct nexthop {
	union ip_addr addr; /* gateway, or the destination itself */
	union ip_addr src;  /* preferred source, 0: none */
	uint16_t port;
	uint16_t mtu;  /* of route or port, the smaller */
	bool per_flow; /* other flows to the same destination may go another way */
	bool per_tos;  /* and so may packets of another type of service */
};

/* What becomes of packets to a destination. */
enum route_verdict {
	ROUTE_NONE,        /* there is no route */
	ROUTE_LOCAL,       /* for us */
	ROUTE_KERNEL,      /* for the kernel */
	ROUTE_FORWARD,     /* on its way, which the nexthop tells */
	ROUTE_BLACKHOLE,   /* dropped */
	ROUTE_UNREACHABLE, /* dropped; the sender is told that the host cannot be reached */
	ROUTE_PROHIBIT,    /* dropped; the sender is told that it is not allowed to */
};

/* What a lookup needs beside the destination. */
struct route_flow {
	const struct tuple *tuple; /* as it arrived: its hash chooses among several gateways */
	bool fragment;             /* without ports then, only one fragment of a packet has them */
	uint8_t tos;               /* type of service or traffic class */
};

/*
 * For people who ask: the local or kernel route of an address of ours, or the longest net route
 * for packets of this tos; false: none. Asks the record.
 */
bool route_lookup(const struct worker *w, unsigned int family, const union ip_addr *dst,
		  uint8_t tos, struct route *route);

/*
 * For a packet on its way in: where it goes. nexthop is filled for ROUTE_FORWARD only.
 */
enum route_verdict route_input(const struct worker *w, unsigned int family,
			       const union ip_addr *dst, const struct route_flow *flow,
			       struct nexthop *nexthop);

/* The same for many of a family at once, at most ROUTE_BURST. */
#define ROUTE_BURST 32

struct route_packet {
	const struct pkt_meta *meta;
	const struct route_node *local; /* on the way */
	enum route_verdict verdict;     /* the answer */
	struct nexthop nexthop;
};

void route_input_many(const struct worker *w, unsigned int family, struct route_packet *packets,
		      unsigned int n);

/* For a packet on its way out: net routes only, so neither ROUTE_LOCAL nor ROUTE_KERNEL. */
enum route_verdict route_way(const struct worker *w, unsigned int family, const union ip_addr *dst,
			     const struct route_flow *flow, struct nexthop *nexthop);

/* The same where no packet is: type of service 0, and one of several gateways. false: there is no
 * way. */
bool route_output(const struct worker *w, unsigned int family, const union ip_addr *dst,
		  struct nexthop *nexthop);

/* Of a packet whose metadata is set, and stays where it is. */
static inline struct route_flow route_flow(const struct pkt_meta *meta)
{
	return (struct route_flow){
		.tuple = &meta->tuple,
		.fragment = meta->flags & META_FRAGMENT,
		.tos = meta->tos,
	};
}

/* Master: routes there are, and bytes that a worker's tables of them take. */
uint32_t route_count(const struct worker *master);
size_t route_memory(const struct worker *master, const struct worker *w);

/* Why packets of this verdict are dropped; `none`: the reason where there is no route. */
static inline enum drop_reason route_drop_reason(enum route_verdict verdict, enum drop_reason none)
{
	return verdict == ROUTE_BLACKHOLE     ? DROP_ROUTE_BLACKHOLE
	       : verdict == ROUTE_UNREACHABLE ? DROP_ROUTE_UNREACHABLE
	       : verdict == ROUTE_PROHIBIT    ? DROP_ROUTE_PROHIBIT
					      : none;
}

#endif
