/* SPDX-License-Identifier: BSD-3-Clause */
/* net/icmp6: ICMPv6 (RFC 4443) as this room's files see it. Neighbour Discovery is nd6's. */
#ifndef NET_ICMP6_H
#define NET_ICMP6_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"

#define ICMP6_UNREACHABLE       1
#define ICMP6_PACKET_TOO_BIG    2
#define ICMP6_TIME_EXCEEDED     3
#define ICMP6_PARAMETER_PROBLEM 4
#define ICMP6_ECHO              128
#define ICMP6_ECHO_REPLY        129
#define ICMP6_REDIRECT          137

#define ICMP6_NO_ROUTE            0 /* codes of UNREACHABLE */
#define ICMP6_PROHIBITED          1
#define ICMP6_BEYOND_SCOPE        2
#define ICMP6_ADDRESS_UNREACHABLE 3
#define ICMP6_PORT_UNREACHABLE    4

#define ICMP6_HEADER_FIELD 0 /* codes of PARAMETER_PROBLEM */
#define ICMP6_NEXT_HEADER  1
#define ICMP6_OPTION       2
#define ICMP6_CHAIN        3 /* RFC 7112 */

#define ICMP6_HEADER_LEN 4 /* type, code, checksum */

struct rte_mbuf;
struct worker;

/* Types that report an error: nothing is ever sent about them. */
static inline bool icmp6_is_error(uint8_t type)
{
	return type < 128;
}

/* An ICMPv6 message to one of our addresses or groups: answered in place, or dropped. */
void icmp6_local(struct worker *w, struct rte_mbuf *m);

/*
 * An error about m, whose data is at its IPv6 header and whose meta is set; m stays the caller's.
 * `value` is the second word: an MTU, a pointer, or 0. From `src`, or if that is NULL from whom m
 * was to or the address that addr_select() gives. Rate-limited; never about what nothing may be
 * said about (RFC 4443 2.4 e).
 */
void icmp6_send_error(struct worker *w, struct rte_mbuf *m, uint8_t type, uint8_t code,
		      uint32_t value, const union ip_addr *src);

#endif
