/* SPDX-License-Identifier: BSD-3-Clause */
/* net/ip4-int: IPv4 helpers of this room. */
#ifndef NET_IP4_INT_H
#define NET_IP4_INT_H

#include <rte_ip.h>

#include "net/ip4.h"

#define IP4_HEADER_MIN           20
#define IP4_TOS_INTERNET_CONTROL 0xc0 /* precedence of ICMP errors, RFC 1812 4.3.2.5 */

static inline bool ip4_is_multicast(be32 ip)
{
	return (ip & RTE_BE32(0xf0000000)) == RTE_BE32(0xe0000000);
}

static inline bool ip4_in_net0(be32 ip)
{
	return (ip & RTE_BE32(0xff000000)) == 0;
}

static inline bool ip4_is_loopback(be32 ip)
{
	return (ip & RTE_BE32(0xff000000)) == RTE_BE32(0x7f000000);
}

static inline bool ip4_is_limited_broadcast(be32 ip)
{
	return ip == RTE_BE32(0xffffffff);
}

/* 240/4 and what is above, the limited broadcast included. */
static inline bool ip4_is_reserved(be32 ip)
{
	return (ip & RTE_BE32(0xf0000000)) == RTE_BE32(0xf0000000);
}

/* The header's checksum anew, over options too. */
void ip4_checksum(struct rte_ipv4_hdr *ip);

/* Sends a packet that we made: meta from its header, L4 behind l3_len bytes; → IP_OUTPUT. */
void ip4_send(struct worker *w, struct rte_mbuf *m);

/*
 * Cuts m, longer than mtu, into fragments, and pushes them to NEIGH_OUTPUT the way that its meta
 * says. Takes m in any case.
 */
void ip4_fragment(struct worker *w, struct rte_mbuf *m, uint16_t mtu);

#endif
