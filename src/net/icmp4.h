/* SPDX-License-Identifier: BSD-3-Clause */
/* net/icmp4: ICMP as this room's files see it; sending errors is in net/ip4.h. */
#ifndef NET_ICMP4_H
#define NET_ICMP4_H

#include <rte_mbuf.h>

#define ICMP4_ECHO_REPLY        0
#define ICMP4_UNREACHABLE       3
#define ICMP4_SOURCE_QUENCH     4
#define ICMP4_REDIRECT          5
#define ICMP4_ECHO              8
#define ICMP4_TIME_EXCEEDED     11
#define ICMP4_PARAMETER_PROBLEM 12

#define ICMP4_NET_UNREACHABLE      0 /* codes of UNREACHABLE */
#define ICMP4_HOST_UNREACHABLE     1
#define ICMP4_PROTOCOL_UNREACHABLE 2
#define ICMP4_PORT_UNREACHABLE     3
#define ICMP4_FRAGMENTATION_NEEDED 4
#define ICMP4_SOURCE_ROUTE_FAILED  5
#define ICMP4_PROHIBITED           13

struct worker;

/* Types that report an error: nothing is ever sent about them (RFC 1122 3.2.2). */
static inline bool icmp4_is_error(uint8_t type)
{
	return type == ICMP4_UNREACHABLE || type == ICMP4_SOURCE_QUENCH || type == ICMP4_REDIRECT ||
	       type == ICMP4_TIME_EXCEEDED || type == ICMP4_PARAMETER_PROBLEM;
}

/* An ICMP message to one of our addresses: answered in place, or dropped. */
void icmp4_local(struct worker *w, struct rte_mbuf *m);

#endif
