/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/decap: the reading half of encap.h. What has optional fields that we
 * do not know (GRE with routing or another version, GUE's extensions and control
 * messages) is not taken: they might say that the payload means something else.
 */
#include "packet/encap.h"

#include <netinet/in.h>

#include "packet/meta.h"

#define GRE_UNKNOWN 0x4f /* routing, strict source route, recursion */
#define INNER_HEAD  sizeof(struct rte_ipv6_hdr)

static bool family_of_proto(uint8_t proto, uint8_t *family)
{
	*family = proto == IPPROTO_IPIP ? AF_INET : AF_INET6;
	return proto == IPPROTO_IPIP || proto == IPPROTO_IPV6;
}

static bool gre_parse(const uint8_t *at, uint32_t room, struct encap_found *found,
		      enum drop_reason *reason)
{
	uint32_t len = 4;
	be16 type;

	*reason = DROP_TUNNEL_SHORT;
	if (room < len)
		return false;
	memcpy(&type, at + 2, sizeof(type));
	*reason = DROP_TUNNEL_HEADER;
	if ((at[0] & GRE_UNKNOWN) || at[1] ||
	    (type != RTE_BE16(0x0800) && type != RTE_BE16(0x86dd)))
		return false;
	found->family = type == RTE_BE16(0x0800) ? AF_INET : AF_INET6;
	found->flags = (uint8_t)((at[0] & ENCAP_GRE_CSUM ? ENCAP_CSUM : 0) |
				 (at[0] & ENCAP_GRE_KEY ? ENCAP_KEY : 0) |
				 (at[0] & ENCAP_GRE_SEQ ? ENCAP_SEQ : 0));
	*reason = DROP_TUNNEL_SHORT;
	if (room < len + 4u * (uint32_t)__builtin_popcount(found->flags))
		return false;
	len += found->flags & ENCAP_CSUM ? 4 : 0;
	if (found->flags & ENCAP_KEY) {
		memcpy(&found->key, at + len, sizeof(found->key));
		len += 4;
	}
	if (found->flags & ENCAP_SEQ) {
		memcpy(&found->seq, at + len, sizeof(found->seq));
		found->seq = rte_be_to_cpu_32(found->seq);
		len += 4;
	}
	found->len = (uint8_t)len;
	return true;
}

/* Version 0 without options, or version 1, where the inner packet follows at once. */
static bool gue_parse(const uint8_t *at, uint32_t room, struct encap_found *found,
		      enum drop_reason *reason)
{
	const struct rte_udp_hdr *uh = (const struct rte_udp_hdr *)(const void *)at;
	const uint8_t *gue = at + sizeof(*uh);
	bool direct;

	*reason = DROP_TUNNEL_SHORT;
	if (room < sizeof(*uh) + 4)
		return false;
	found->flags = uh->dgram_cksum ? ENCAP_CSUM : 0;
	direct = gue[0] >> 4 == 4 || gue[0] >> 4 == 6;
	*reason = DROP_TUNNEL_HEADER;
	if (direct)
		found->family = gue[0] >> 4 == 4 ? AF_INET : AF_INET6;
	else if (gue[0] || gue[2] || gue[3] || !family_of_proto(gue[1], &found->family))
		return false;
	found->len = (uint8_t)(sizeof(*uh) + (direct ? 0 : 4));
	return true;
}

bool encap_parse(const uint8_t *at, uint32_t room, uint8_t proto, struct encap_found *found,
		 enum drop_reason *reason)
{
	*found = (struct encap_found){ .kind = ENCAP_IPIP };
	switch (proto) {
	case IPPROTO_GRE:
		found->kind = ENCAP_GRE;
		return gre_parse(at, room, found, reason);
	case IPPROTO_UDP:
		found->kind = ENCAP_GUE;
		return gue_parse(at, room, found, reason);
	default:
		*reason = DROP_TUNNEL_HEADER;
		return family_of_proto(proto, &found->family);
	}
}

static bool checksum_right(const struct rte_mbuf *m, const struct encap_found *found)
{
	const struct pkt_meta *meta = pkt_meta((struct rte_mbuf *)(uintptr_t)m);
	const struct rte_udp_hdr *uh;

	if (!(found->flags & ENCAP_CSUM))
		return true;
	if (found->kind == ENCAP_GRE)
		return csum_finish(csum_chain(m, meta->l4_off, meta->l4_len, 0)) == 0;
	uh = rte_pktmbuf_mtod_offset(m, const struct rte_udp_hdr *, meta->l4_off);
	return csum_l4(m, meta->tuple.family, meta->l4_off, IPPROTO_UDP) == uh->dgram_cksum;
}

/* At least so many bytes of the packet in its first segment, or all of it. */
static bool pull(struct rte_mbuf *m, uint32_t bytes)
{
	if (likely(m->data_len >= RTE_MIN(bytes, m->pkt_len)))
		return true;
	return rte_pktmbuf_linearize(m) == 0;
}

bool encap_read(struct rte_mbuf *m, struct encap_found *found, enum drop_reason *reason)
{
	const struct pkt_meta *meta = pkt_meta(m);
	uint32_t room;

	*reason = DROP_TUNNEL_SHORT;
	if (!pull(m, meta->l4_off + ENCAP_HEAD_MAX + (uint32_t)INNER_HEAD) ||
	    m->data_len < meta->l4_off)
		return false;
	room = RTE_MIN((uint32_t)meta->l4_len, m->data_len - (uint32_t)meta->l4_off);
	if (!encap_parse(rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l4_off), room,
			 meta->tuple.proto, found, reason))
		return false;
	*reason = DROP_TUNNEL_SHORT;
	if (room < found->len + (found->family == AF_INET ? sizeof(struct rte_ipv4_hdr)
							  : sizeof(struct rte_ipv6_hdr)))
		return false;
	*reason = DROP_TUNNEL_CHECKSUM;
	return checksum_right(m, found);
}

static uint8_t ecn_of(const uint8_t *ip, unsigned int family)
{
	return family == AF_INET ? ip[1] & 3 : ip[1] >> 4 & 3;
}

static void ecn_set(uint8_t *ip, unsigned int family, uint8_t ecn)
{
	struct rte_ipv4_hdr *ip4 = (struct rte_ipv4_hdr *)(void *)ip;
	uint8_t was = ip[1];

	if (family == AF_INET6) {
		ip[1] = (uint8_t)((was & 0xcf) | ecn << 4);
		return;
	}
	ip[1] = (uint8_t)((was & 0xfc) | ecn);
	ip4->hdr_checksum = csum_apply(
		ip4->hdr_checksum, csum_delta16(rte_cpu_to_be_16(was), rte_cpu_to_be_16(ip[1])));
}

bool encap_strip(struct rte_mbuf *m, const struct encap_found *found, enum drop_reason *reason)
{
	const struct pkt_meta *meta = pkt_meta(m);
	uint8_t outer = ecn_of(rte_pktmbuf_mtod(m, const uint8_t *), meta->tuple.family), ecn;
	uint8_t *inner = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l4_off + found->len);

	ecn = ecn_of(inner, found->family);
	*reason = DROP_TUNNEL_CONGESTION;
	if (outer == 3 && ecn == 0)
		return false;
	if (outer == 3 && ecn != 3)
		ecn_set(inner, found->family, 3);
	else if (outer == 1 && ecn == 2)
		ecn_set(inner, found->family, 1);
	rte_pktmbuf_adj(m, (uint16_t)(meta->l4_off + found->len));
	/* what the port has said of checksums was of the outer packet */
	m->ol_flags &= ~(RTE_MBUF_F_RX_L4_CKSUM_MASK | RTE_MBUF_F_RX_IP_CKSUM_MASK);
	return true;
}
