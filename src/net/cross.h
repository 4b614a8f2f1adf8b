/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/cross: a packet of one family becomes one of the other (RFC 7915): IP
 * headers, as they stand in packets and in what ICMP errors quote, and ICMP's
 * words. Addresses are the caller's, and so are L4 ports and checksums.
 */
#ifndef NET_CROSS_H
#define NET_CROSS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ip.h>

#include "packet/csum.h"
#include "packet/tuple.h"

struct worker;

/* How much longer IPv6's header is than IPv4's: by that MTUs differ. */
#define CROSS_MTU 20

/* Headers of the other family are no longer than this. */
#define CROSS_HEADER_MAX 48

/* Up to this length an IPv4 packet that was IPv6 may be cut on its way (RFC 7915 5.1). */
#define CROSS_MAY_BE_CUT 1260

/* What an IP header says, in the words of neither family. */
struct cross {
	uint16_t l4_len; /* bytes behind all headers of IP, as they say themselves */
	uint8_t tos;
	uint8_t ttl;
	uint8_t proto;   /* of that packet: ICMP or ICMPv6 too */
	bool whole_only; /* IPv4: DF */
	bool fragment;   /* has a fragment header (IPv6), or is a fragment (IPv4) */
	bool more;       /* not the last one */
	uint16_t offset; /* of its data, bytes */
	uint32_t id;     /* host order */
};

/* Of the header at `ip`, which has been checked, its L4 header (or a fragment's data) at l4_off. */
void cross_read(unsigned int family, const uint8_t *ip, uint32_t l4_off, struct cross *cross);

/* The protocol in the other family. */
uint8_t cross_proto(uint8_t proto);

/* The other family's header is so long. */
uint16_t cross_header_len(unsigned int family, const struct cross *cross);

/* ... and is this, with the addresses and the family of `to`. */
void cross_header_put(struct worker *w, uint8_t *out, const struct cross *cross,
		      const struct tuple *to);

/*
 * Both families' headers, with addresses of their own; `proto` is as it says there. For IPv4 what
 * it has of fragments (5.1, 5.1.1), for IPv6 what stands behind the header counts into `len`.
 */
static inline void cross_ip4_put(uint8_t *out, const struct cross *cross, uint8_t proto, be16 id,
				 be16 offset, be32 src, be32 dst)
{
	const be32 first =
		rte_cpu_to_be_32((uint32_t)RTE_IPV4_VHL_DEF << 24 | (uint32_t)cross->tos << 16 |
				 (uint16_t)(cross->l4_len + sizeof(struct rte_ipv4_hdr)));
	const be16 life = rte_cpu_to_be_16((uint16_t)(cross->ttl << 8 | proto));
	const be32 addrs[2] = { src, dst };
	uint32_t sum = (first & 0xffff) + (first >> 16) + id + offset + life + (src & 0xffff) +
		       (src >> 16) + (dst & 0xffff) + (dst >> 16);
	be16 csum = csum_finish(sum);

	/* each from a register: what is written in pieces is not read again as a whole */
	memcpy(out, &first, sizeof(first));
	memcpy(out + 4, &id, sizeof(id));
	memcpy(out + 6, &offset, sizeof(offset));
	memcpy(out + 8, &life, sizeof(life));
	memcpy(out + 10, &csum, sizeof(csum));
	memcpy(out + 12, addrs, sizeof(addrs));
}

static inline void cross_ip6_put(uint8_t *out, const struct cross *cross, uint8_t proto,
				 uint16_t len, const union ip_addr *src, const union ip_addr *dst)
{
	const be32 flow = rte_cpu_to_be_32(0x60000000u | (uint32_t)cross->tos << 20);
	const be32 rest = rte_cpu_to_be_32((uint32_t)len << 16 | (uint32_t)proto << 8 | cross->ttl);

	memcpy(out, &flow, sizeof(flow));
	memcpy(out + sizeof(flow), &rest, sizeof(rest));
	memcpy(out + 8, src, sizeof(*src));
	memcpy(out + 24, dst, sizeof(*dst));
}

/* 5.1: what is whole may be cut on its way, or not, by its length. */
static inline be16 cross_ip4_offset(const struct cross *cross)
{
	return cross->l4_len + sizeof(struct rte_ipv4_hdr) > CROSS_MAY_BE_CUT
		       ? RTE_BE16(RTE_IPV4_HDR_DF_FLAG)
		       : 0;
}

/* ICMP's first four bytes and the word behind them. */
struct cross_icmp {
	uint8_t type, code;
	uint32_t value; /* host order: an MTU, a pointer (IPv4: in the highest byte) */
};

/*
 * An error of `family` in the other's words. told_len: what the quoted packet's header says of its
 * length, for IPv4 routers that tell no MTU. way_mtu: of the way to whom it is for, who is told no
 * more. false: the other family has no word for it.
 */
bool cross_icmp_error(unsigned int family, struct cross_icmp *icmp, uint16_t told_len,
		      uint16_t way_mtu);

#endif
