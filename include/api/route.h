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

/* ROUTE_ADD (EEXIST), ROUTE_SET (ENOENT), ROUTE_DEL (ENOENT), an item of ROUTE_LIST. */
struct api_route {
	union api_ip dst; /* no host bits */
	union api_ip via; /* 0: on link */
	union api_ip src; /* preferred source, 0: none */
	uint16_t family;
	uint8_t plen;
	uint8_t type;   /* enum api_route_type */
	uint8_t scope;  /* enum api_scope; UNSET in a request: from type and gateway */
	uint8_t tos;    /* 0 */
	uint8_t proto;  /* enum api_route_proto */
	uint8_t onlink; /* 1: the gateway need not be on a known net of dev */
	uint32_t metric;
	uint32_t mtu;           /* 0: the device's */
	char dev[API_NAME_LEN]; /* empty in a request: derived from the gateway */
};

#endif
