/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/meta: what the slow path knows of a packet, in the mbuf's private
 * area. ip4_input fills it anew for every packet; packets that we make get it
 * from who makes them. Behind eth the mbuf's data starts at the L3 header, and
 * all headers up to L4 lie in its first segment.
 */
#ifndef PACKET_META_H
#define PACKET_META_H

#include <rte_mbuf.h>

#include "packet/tuple.h"

enum meta_flag {
	META_FRAGMENT = 1,       /* any fragment, the first one too */
	META_FRAGMENT_LATER = 2, /* not the first: no L4 header */
	META_LINK_BROADCAST = 4, /* link-level broadcast or multicast */
	META_HANDED_OVER = 8,    /* came from another worker: the first that may own it */
	META_MADE = 16,          /* made here, counted as made */
	META_LOCAL_OUT = 32, /* sent by us or rewritten: TTL is done, forwarding need not be on */
	META_PARSED = 64,    /* through IP input: all below is this packet's */
	META_FRAGMENT_MORE = 128,  /* not the last one */
	META_HANDED_TWICE = 256,   /* handed on to another, or there was no first to ask */
	META_HOME_ASKED = 512,     /* to its client's home, which is to say which server it gets */
	META_HOME_ANSWERED = 1024, /* and back */
	META_TUNNEL = 2048,        /* how many tunnel devices it is in, two bits: */
	META_TUNNELS = 3 * META_TUNNEL,
	META_FRAGMENT_MET = 8192, /* the tuple has the ports of its datagram, see net/frag_meet */
	META_INNER = 16384,       /* out of how many tunnel devices it came, two bits: */
	META_INNERS = 3 * META_INNER,
};

struct pkt_meta {
	struct tuple tuple; /* as it arrived; ports 0 where there are none (ICMP echo: the id is the
			     * source of a request, the destination of a reply) */
	uint16_t l3_len;    /* bytes, options included */
	uint16_t l4_off;    /* from the start of data */
	uint16_t l4_len;    /* L4 header and payload, by the IP header */
	uint16_t flags;     /* enum meta_flag */
	uint8_t ttl;
	uint8_t tos;
	uint16_t in_port;      /* link port it came in on, PORT_NONE for made ones */
	uint16_t out_port;     /* set by routing */
	uint16_t mtu;          /* of the way out, set by routing */
	union ip_addr nexthop; /* set by routing: gateway or destination, family of the tuple */
	/* of fragments that came in */
	struct rte_mbuf *next_fragment; /* of those that are held of a datagram */
	be32 fragment_id;               /* IPv4: 16 bits */
	uint16_t fragment_offset;       /* of its data in the datagram's, bytes */
	uint16_t fragment_at;           /* its data, from the start of the packet; */
	uint16_t fragment_len;          /* with the headers that are part of it (IPv6) */
	/* of those that have met */
	be16 fragment_id4; /* what their datagram is called behind an address that others share; */
	be32 fragment_id6; /* ... as a packet of either family */
	uint32_t fragment_says; /* by the first one. TCP: the sequence number behind the segment
				 * is so much and what its data are long. ICMP: the type */
	/* of what opens a connection of a persistent service, see ipvs/home */
	uint16_t home_asker; /* worker */
	uint32_t home_dest, home_dest_serial;
	uint32_t home_template, home_serial;
};

#define META_SIZE 128
_Static_assert(sizeof(struct pkt_meta) <= META_SIZE, "the mbuf's private area is too small");

static inline struct pkt_meta *pkt_meta(struct rte_mbuf *m)
{
	return (struct pkt_meta *)rte_mbuf_to_priv(m);
}

#endif
