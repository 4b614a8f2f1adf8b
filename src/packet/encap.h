/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/encap: a packet inside another: in front of an IPv4 or IPv6 packet an
 * IPv4 or IPv6 header alone (RFC 2003, 2473, 4213), or with GRE (RFC 2784,
 * 2890) or GUE over UDP behind it. Building is in encap.c, reading in decap.c.
 *
 * The headers of one way are made once (encap_head) and then copied; what each
 * packet changes is its length and what is taken over from the inner header:
 *
 *	- TTL or hop limit, as the inner packet has it now, unless a number is set;
 *	- the DS field and ECN, where "congestion experienced" goes out as ECT(0)
 *	  (RFC 3168 9.1.1; who takes it out, by RFC 6040 too, keeps the inner mark);
 *	- DF from IPv4 to IPv4. Without it there is an identification; from IPv6 to
 *	  IPv4 it is never set, since the size has been seen to before.
 */
#ifndef PACKET_ENCAP_H
#define PACKET_ENCAP_H

#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_gre.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "base/ip.h"
#include "packet/csum.h"
#include "packet/drop.h"

struct rte_mbuf;

enum encap_kind {
	ENCAP_IPIP, /* an IP header and nothing else */
	ENCAP_GRE,
	ENCAP_GUE,
};

enum encap_flag {
	ENCAP_CSUM = 1,   /* GRE: with a checksum; GUE: UDP's is computed, else 0 */
	ENCAP_KEY = 2,    /* GRE */
	ENCAP_SEQ = 4,    /* GRE */
	ENCAP_TOS = 8,    /* the DS field is set, not taken over; ECN always is taken over */
	ENCAP_DF = 16,    /* IPv4 outside: always DF */
	ENCAP_NO_DF = 32, /* never */
};

/* In GRE's first byte. */
#define ENCAP_GRE_CSUM 0x80
#define ENCAP_GRE_KEY  0x20
#define ENCAP_GRE_SEQ  0x10

/* What the headers are to be. */
struct encap {
	union ip_addr src, dst;
	be32 key;
	be16 port;      /* GUE: the UDP destination port */
	uint8_t family; /* of the outer header */
	uint8_t kind;   /* enum encap_kind */
	uint8_t flags;  /* enum encap_flag */
	uint8_t ttl;    /* 0: taken over */
	uint8_t tos;
};

#define ENCAP_HEAD_MAX 56 /* IPv6, and GRE with all it can have */

/* The headers, but for what each packet changes. */
struct encap_head {
	uint8_t bytes[ENCAP_HEAD_MAX];
	uint8_t len;   /* of bytes */
	uint8_t inner; /* family */
	uint16_t sum;  /* IPv4 outside: of its header's words that stay */
	struct encap how;
};

/* What only this packet has. */
struct encap_each {
	be16 id;      /* IPv4 outside: its identification, where it has no DF */
	be16 sport;   /* GUE: the UDP source port, by which routers spread flows */
	uint32_t seq; /* GRE with ENCAP_SEQ */
};

/* Bytes in front of a packet. */
uint16_t encap_len(const struct encap *encap);

/* For packets of the family `inner`. */
void encap_head_init(struct encap_head *head, const struct encap *encap, unsigned int inner);

/* The place of TTL, DS field and DF in both families' headers. */
static inline uint8_t encap_outer_tos(const struct encap *how, uint8_t inner)
{
	uint8_t ecn = (inner & 3) == 3 ? 2 : inner & 3;

	return ((how->flags & ENCAP_TOS ? how->tos : inner) & 0xfc) | ecn;
}

/* In steps of known sizes, which may overlap: 20 bytes at least, as all headers have. */
static inline void encap_copy(uint8_t *outer, const struct encap_head *head)
{
	const uint8_t *bytes = head->bytes;
	uint32_t last = head->len - 16u;

	memcpy(outer, bytes, 16);
	if (unlikely(last > 16)) {
		memcpy(outer + 16, bytes + 16, 16);
		if (last > 32)
			memcpy(outer + 32, bytes + 32, 16);
	}
	memcpy(outer + last, bytes + last, 16);
}

/* Of 12 bytes, little-endian: put together in a register, since reading back as a whole what was
 * just written in parts is slow. */
static inline void encap_put_ip4(const struct encap_head *head, uint8_t *outer, uint8_t tos,
				 uint8_t ttl, bool df, be16 id, uint16_t total)
{
	uint32_t length = RTE_IPV4_VHL_DEF | (uint32_t)tos << 8 |
			  (uint32_t)rte_cpu_to_be_16(total) << 16;
	uint32_t fragment = df ? (uint32_t)RTE_BE16(RTE_IPV4_HDR_DF_FLAG) << 16 : id;
	uint32_t last = ttl | (uint32_t)head->bytes[9] << 8; /* and protocol */
	uint64_t first = length | (uint64_t)fragment << 32;

	last |= (uint32_t)csum_finish(head->sum + (length & 0xffff) + (length >> 16) +
				      (fragment & 0xffff) + (fragment >> 16) + last)
		<< 16;
	memcpy(outer, &first, sizeof(first));
	memcpy(outer + sizeof(first), &last, sizeof(last));
}

static inline void encap_put_ip6(uint8_t *outer, uint8_t tos, uint8_t ttl, uint16_t payload)
{
	struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)(void *)outer;

	ip->vtc_flow = rte_cpu_to_be_32(0x60000000u | (uint32_t)tos << 20);
	ip->payload_len = rte_cpu_to_be_16(payload);
	ip->hop_limits = ttl;
}

/*
 * The headers in front of the packet at `inner`, of `len` bytes: head->len bytes from inner -
 * head->len on, complete but for the checksum of GRE or UDP, which is 0.
 */
static inline void encap_head_put(const struct encap_head *head, uint8_t *inner, uint16_t len,
				  struct encap_each each)
{
	const struct encap *how = &head->how;
	uint8_t *outer = inner - head->len, *l4;
	uint8_t tos, ttl;
	bool df = how->flags & ENCAP_DF;

	encap_copy(outer, head);
	if (head->inner == AF_INET) {
		tos = inner[1];
		ttl = inner[8];
		df |= (inner[6] & 0x40) && !(how->flags & ENCAP_NO_DF);
	} else {
		tos = (uint8_t)(inner[0] << 4 | inner[1] >> 4);
		ttl = inner[7];
	}
	tos = encap_outer_tos(how, tos);
	ttl = how->ttl ? how->ttl : ttl;
	if (how->family == AF_INET) {
		encap_put_ip4(head, outer, tos, ttl, df, each.id, (uint16_t)(len + head->len));
		l4 = outer + sizeof(struct rte_ipv4_hdr);
	} else {
		l4 = outer + sizeof(struct rte_ipv6_hdr);
		encap_put_ip6(outer, tos, ttl, (uint16_t)(len + head->len - (l4 - outer)));
	}
	if (how->kind == ENCAP_GUE) {
		struct rte_udp_hdr *uh = (struct rte_udp_hdr *)(void *)l4;

		uh->src_port = each.sport;
		uh->dgram_len = rte_cpu_to_be_16((uint16_t)(inner + len - l4));
	} else if (how->flags & ENCAP_SEQ) {
		be32 seq = rte_cpu_to_be_32(each.seq);

		memcpy(inner - sizeof(seq), &seq, sizeof(seq));
	}
}

/*
 * The headers in front of m, whose data is at its IP header, checksums and all; m's meta is of the
 * outer packet then. Its own L4 checksum must be finished. false: there is no room in front, or it
 * would be longer than IP can say; m is as it was.
 */
bool encap_push(struct rte_mbuf *m, const struct encap_head *head, struct encap_each each);

/* What was found behind an outer IP header. */
struct encap_found {
	uint8_t kind;   /* enum encap_kind */
	uint8_t flags;  /* enum encap_flag: what GRE has; GUE: a UDP checksum */
	uint8_t family; /* of the inner packet */
	uint8_t len;    /* bytes between the IP header and the inner packet */
	be32 key;
	uint32_t seq;
};

/*
 * What stands at `at` behind an IP header that says `proto`, of which `room` bytes are there. UDP
 * is taken for GUE: the caller knows the port. false: *reason.
 */
bool encap_parse(const uint8_t *at, uint32_t room, uint8_t proto, struct encap_found *found,
		 enum drop_reason *reason);

/*
 * The same of a packet that has arrived, meta set, data at its IP header; GRE's or UDP's checksum
 * is right. The headers, the inner IP header's first 40 bytes too, lie in the first segment then.
 */
bool encap_read(struct rte_mbuf *m, struct encap_found *found, enum drop_reason *reason);

/*
 * Takes the headers off that encap_read() has found: m's data is at the inner packet, with the
 * outer one's congestion mark (RFC 6040 4.2). Meta is still the outer packet's. false: *reason.
 */
bool encap_strip(struct rte_mbuf *m, const struct encap_found *found, enum drop_reason *reason);

#endif
