/* SPDX-License-Identifier: BSD-3-Clause */
/* net/ip6: IPv6 packets that come in, and those that the stack itself sends; kinds of addresses
 * (RFC 4291). */
#ifndef NET_IP6_H
#define NET_IP6_H

#include <arpa/inet.h>

#include <rte_ip.h>

#include "packet/meta.h"
#include "worker/stage.h"

#define IP6_MTU_MIN 1280 /* of any link, RFC 8200 5 */

stage_fn ip6_input; /* checks, meta; → IPVS_INPUT */

static inline bool ip6_is_multicast(const union ip_addr *ip)
{
	return ip->v6[0] == 0xff;
}

/* Of a group's address: how far it reaches. 0 is reserved, 1 never leaves a host. */
static inline unsigned int ip6_multicast_scope(const union ip_addr *ip)
{
	return ip->v6[1] & 0x0f;
}

static inline bool ip6_is_link_local(const union ip_addr *ip)
{
	return ip->v6[0] == 0xfe && (ip->v6[1] & 0xc0) == 0x80;
}

static inline bool ip6_is_loopback(const union ip_addr *ip)
{
	return ip->u64[0] == 0 && ip->u32[2] == 0 && ip->u32[3] == htonl(1);
}

/* ::ffff:0:0/96: it stands for an IPv4 address inside hosts, never on a wire. */
static inline bool ip6_is_mapped(const union ip_addr *ip)
{
	return ip->u64[0] == 0 && ip->u32[2] == htonl(0xffff);
}

static inline union ip_addr ip6_from(const uint8_t bytes[16])
{
	union ip_addr ip;

	memcpy(&ip, bytes, sizeof(ip));
	return ip;
}

/* Of a TCP or UDP packet to one host: nothing about its addresses keeps it from going on. */
bool ip6_addresses_usual(const struct worker *w, const union ip_addr *src,
			 const union ip_addr *dst);

/* Fills an IPv6 header for a packet we make, l4_len bytes behind it. */
void ip6_header_fill(struct rte_ipv6_hdr *ip, const union ip_addr *src, const union ip_addr *dst,
		     uint8_t proto, uint16_t l4_len);

/*
 * Sends a packet that we made: meta from its header, L4 right behind it, way (if known) and mtu as
 * they stand in meta; → IP_OUTPUT, or in fragments → NEIGH_OUTPUT.
 */
void ip6_send(struct worker *w, struct rte_mbuf *m);

/* The identification of a packet that we cut or name. */
be32 ip6_next_id(struct worker *w);

/*
 * Cuts m, which we made and has no extension headers but perhaps that of a fragment, into fragments
 * no longer than mtu, and pushes them to NEIGH_OUTPUT the way that its meta says. Takes m in any
 * case.
 */
void ip6_fragment(struct worker *w, struct rte_mbuf *m, uint16_t mtu);

struct nexthop;

/*
 * The way back to who sent m, whose meta is set: a link-local sender is on the link that m came in
 * by. false: there is none.
 */
bool ip6_way_back(const struct worker *w, const struct pkt_meta *meta, struct nexthop *nexthop);

/*
 * What m is answered from: the address that it was to, or if that is a group one of the way back.
 * Zero: there is none.
 */
union ip_addr ip6_answer_from(const struct worker *w, const struct pkt_meta *meta,
			      const struct nexthop *back);

#endif
