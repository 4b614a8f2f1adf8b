/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/ip6-headers: the chain of extension headers between an IPv6 header and
 * what it carries (RFC 8200 4). Routers look at the hop-by-hop options only,
 * whom a packet is for at all of them: so the walk notes the first thing that
 * is wrong and whom it concerns, and the caller decides.
 */
#ifndef NET_IP6_HEADERS_H
#define NET_IP6_HEADERS_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "api/types.h"

struct rte_mbuf;

#define IP6_HEADER_LEN 40

#define IP6_FRAGMENT_LEN 8 /* of its extension header */

enum ip6_problem {
	IP6_RIGHT,
	IP6_CHAIN,          /* it ends beyond the packet, or is too long for us */
	IP6_NEXT_HEADER,    /* a header that may not stand there */
	IP6_ROUTING,        /* a routing header that wants the packet sent on */
	IP6_ROUTING_0,      /* of type 0 (RFC 5095) */
	IP6_OPTION_SILENT,  /* an unknown option that says: drop */
	IP6_OPTION,         /* … drop, and tell the sender */
	IP6_OPTION_UNICAST, /* … drop, and tell him unless the packet was to a group */
};

struct ip6_fragment_header {
	uint8_t next;
	uint8_t reserved;
	be16 offset; /* in units of 8 bytes, in the upper 13 bits; the lowest: more follow */
	be32 id;
} __rte_packed; /* it stands where it comes */

#define IP6_FRAGMENT_MORE   RTE_BE16(0x0001)
#define IP6_FRAGMENT_OFFSET RTE_BE16(0xfff8)

/* Offsets are from the IPv6 header. */
struct ip6_chain {
	uint16_t l4_off;            /* behind all extension headers that were read */
	uint16_t next_off;          /* of the byte that names what is there */
	uint16_t fragment_off;      /* of the fragment header; 0: there is none */
	uint16_t fragment_next_off; /* of the byte that names it */
	uint16_t pointer;           /* to what is wrong */
	uint8_t proto;              /* of what is at l4_off */
	uint8_t problem;            /* enum ip6_problem */
	bool of_routers;            /* the problem concerns those who pass the packet on, too */
	bool fragment;              /* and not the only one of its packet (RFC 6946) */
	bool later;                 /* and not the first one */
};

/* Of m, whose data is at its IPv6 header, as long as it says. The headers lie in the first segment
 * afterwards. */
void ip6_walk(struct rte_mbuf *m, struct ip6_chain *chain);

/* Of a fragment, whose meta is set: what the datagram begins with, which all fragments name and
 * which may be more headers. */
uint8_t ip6_fragment_next(struct rte_mbuf *m);

/*
 * Of a packet of which `len` bytes are there, quoted or inside another one: where what it carries
 * begins, and in *proto what that is. 0: not there, or not in this fragment. Judges nothing.
 */
uint32_t ip6_skip(const uint8_t *ip, uint32_t len, uint8_t *proto);

#endif
