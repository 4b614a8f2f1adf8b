/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/route: one worker's routes. Local and kernel routes (/32, /128) lie in a
 * hash; nets in another, by prefix: a lookup asks it once for each prefix
 * length in use, the longest first. Routes of the same prefix are ordered by
 * metric, then by coming.
 */
#ifndef NET_ROUTE_H
#define NET_ROUTE_H

#include "api/route.h"
#include "base/ip.h"

struct worker;
struct route_table;

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
	uint16_t port;
	uint32_t metric;
	uint32_t mtu; /* 0: the port's */
};

/* The way a packet takes. */
struct nexthop {
	union ip_addr addr; /* gateway, or the destination itself */
	union ip_addr src;  /* preferred source, 0: none */
	uint16_t port;
	uint16_t mtu; /* of route or port, the smaller */
};

/* The local or kernel route of an address of ours, or the longest net route; NULL: none. */
const struct route *route_lookup(const struct worker *w, unsigned int family,
				 const union ip_addr *dst);

/* For a packet on its way out: net routes only. false: no route. */
bool route_output(const struct worker *w, unsigned int family, const union ip_addr *dst,
		  struct nexthop *nexthop);

#endif
