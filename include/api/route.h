/* SPDX-License-Identifier: BSD-3-Clause */
/* api/route: routes (`dpip route`). */
#ifndef API_ROUTE_H
#define API_ROUTE_H

#include "api/addr.h"

enum api_route_type {
	API_ROUTE_UNICAST = 0, /* net list: forwarded */
	API_ROUTE_LOCAL,       /* local hash: for us; /32 or /128 */
	API_ROUTE_KERNEL,      /* local hash: for the kernel; /32 or /128 */
	API_ROUTE_BLACKHOLE,   /* net list, as the next two: packets are dropped, silently */
	API_ROUTE_UNREACHABLE, /* their sender is told: ICMP host unreachable */
	API_ROUTE_PROHIBIT,    /* ICMP administratively prohibited */
	API_ROUTE__COUNT,
};

/* As rtnetlink numbers them; any other number is kept and shown as well. */
enum api_route_proto {
	API_PROTO_AUTO = 0,   /* nobody said */
	API_PROTO_KERNEL = 2, /* reply: made with an address */
	API_PROTO_BOOT = 3,
	API_PROTO_STATIC = 4,
};

/*
 * ROUTE_ADD (EEXIST), ROUTE_SET (ENOENT), ROUTE_REPLACE, ROUTE_DEL (ENOENT), an item of ROUTE_LIST
 * and ROUTE_GET.
 */
struct api_route {
	union api_ip dst; /* no host bits */
	union api_ip via; /* 0: on link */
	union api_ip src; /* preferred source, 0: none */
	uint16_t family;
	uint8_t plen;
	uint8_t type;           /* enum api_route_type */
	uint8_t scope;          /* enum api_scope; UNSET in a request: from type and gateway */
	uint8_t tos;            /* only packets of this type of service; 0: all */
	uint8_t proto;          /* enum api_route_proto */
	uint8_t onlink;         /* 1: the gateway need not be on a known net of dev */
	uint32_t metric;        /* of several routes to a prefix the least counts */
	uint32_t mtu;           /* 0: the device's */
	char dev[API_NAME_LEN]; /* empty in a request: derived from the gateway; in a reply: none */
	uint32_t n_hops;        /* reply: so many struct api_hop stand behind; 0: none */
	uint32_t mtu_of_dev;    /* reply: mtu is the device's, the route has none of its own */
};

#define API_ROUTE_HOPS       16 /* gateways of one route */
#define API_ROUTE_WEIGHT_MAX 256

/* One of several gateways. */
struct api_hop {
	union api_ip via;
	char dev[API_NAME_LEN]; /* empty in a request: derived from the gateway */
	uint16_t weight;        /* 1 to API_ROUTE_WEIGHT_MAX */
	uint8_t onlink;
	uint8_t reserved[5];
};

enum api_route_verb {
	API_ROUTE_VERB_ADD = 1,
	API_ROUTE_VERB_SET,
	API_ROUTE_VERB_REPLACE,
};

/* ROUTE_MULTI: a route with several gateways; its own via and dev are empty. */
struct api_route_multi {
	struct api_route route;
	uint32_t verb; /* enum api_route_verb */
	uint32_t n;    /* 2 to API_ROUTE_HOPS */
	struct api_hop hops[API_ROUTE_HOPS];
};

/* ROUTE_GET: the route that a packet would take; ENETUNREACH. */
struct api_route_get {
	union api_ip dst;
	union api_ip from; /* 0: from us */
	uint16_t family;
	uint8_t tos;
	uint8_t reserved[5];
	char iif[API_NAME_LEN]; /* empty: from us */
};

/* Behind the route, in the reply of ROUTE_GET: sentences that say why. */
struct api_reason {
	char text[120];
};

#endif
