/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/nd6: Neighbour Discovery for IPv6 (RFC 4861) in both roles, and what it
 * tells of duplicate addresses (RFC 4862).
 */
#ifndef NET_ND6_H
#define NET_ND6_H

#include <stdbool.h>
#include <stdint.h>

struct rte_mbuf;
struct worker;

#define ND6_ROUTER_SOLICITATION     133
#define ND6_ROUTER_ADVERTISEMENT    134
#define ND6_NEIGHBOUR_SOLICITATION  135
#define ND6_NEIGHBOUR_ADVERTISEMENT 136
#define ND6_REDIRECT                137

static inline bool nd6_is_type(uint8_t icmp_type)
{
	return icmp_type >= ND6_ROUTER_SOLICITATION && icmp_type <= ND6_REDIRECT;
}

/*
 * An ICMPv6 message of one of these types that came to us or to a group of ours, fragments
 * excluded. Data is at the IPv6 header, meta set: in_port, l4_off, l4_len, tuple. Takes m over;
 * checks hop limit and checksum itself.
 */
void nd6_input(struct worker *w, struct rte_mbuf *m);

#endif
