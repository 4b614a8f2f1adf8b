/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/encap: see the header. What a checksum of GRE or UDP covers goes to
 * the packet's end, over all its segments; it is computed, not derived from the
 * inner packet's, so that a wrong inner one stays what it is.
 */
#include "packet/encap.h"

#include <netinet/in.h>

#include "packet/meta.h"

#define GUE_LEN  4u
#define GRE_LEN  4u
#define GRE_WORD 4u /* checksum, key, sequence number: each as long */

static uint16_t l3_len(const struct encap *encap)
{
	return encap->family == AF_INET ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr);
}

uint16_t encap_len(const struct encap *encap)
{
	uint16_t len = l3_len(encap);

	if (encap->kind == ENCAP_GUE)
		return (uint16_t)(len + sizeof(struct rte_udp_hdr) + GUE_LEN);
	if (encap->kind == ENCAP_IPIP)
		return len;
	len += GRE_LEN;
	len += encap->flags & ENCAP_CSUM ? GRE_WORD : 0;
	len += encap->flags & ENCAP_KEY ? GRE_WORD : 0;
	return len + (encap->flags & ENCAP_SEQ ? GRE_WORD : 0);
}

static uint8_t inner_proto(unsigned int inner)
{
	return inner == AF_INET ? IPPROTO_IPIP : IPPROTO_IPV6;
}

static uint8_t outer_proto(const struct encap *encap, unsigned int inner)
{
	switch (encap->kind) {
	case ENCAP_GRE:
		return IPPROTO_GRE;
	case ENCAP_GUE:
		return IPPROTO_UDP;
	default:
		return inner_proto(inner);
	}
}

static void gre_init(uint8_t *at, const struct encap *encap, unsigned int inner)
{
	be16 type = inner == AF_INET ? RTE_BE16(0x0800) : RTE_BE16(0x86dd);

	at[0] = (uint8_t)((encap->flags & ENCAP_CSUM ? ENCAP_GRE_CSUM : 0) |
			  (encap->flags & ENCAP_KEY ? ENCAP_GRE_KEY : 0) |
			  (encap->flags & ENCAP_SEQ ? ENCAP_GRE_SEQ : 0));
	memcpy(at + 2, &type, sizeof(type));
	at += GRE_LEN + (encap->flags & ENCAP_CSUM ? GRE_WORD : 0);
	if (encap->flags & ENCAP_KEY)
		memcpy(at, &encap->key, sizeof(encap->key));
}

static void gue_init(uint8_t *at, const struct encap *encap, unsigned int inner)
{
	struct rte_udp_hdr *uh = (struct rte_udp_hdr *)(void *)at;

	uh->dst_port = encap->port;
	at[sizeof(*uh) + 1] = inner_proto(inner); /* version 0, no optional fields */
}

static void ip_init(struct encap_head *head, uint8_t proto)
{
	struct rte_ipv4_hdr *ip4 = (struct rte_ipv4_hdr *)(void *)head->bytes;
	struct rte_ipv6_hdr *ip6 = (struct rte_ipv6_hdr *)(void *)head->bytes;
	const struct encap *how = &head->how;

	if (how->family == AF_INET6) {
		ip6->proto = proto;
		memcpy(ip6->src_addr, &how->src, sizeof(ip6->src_addr));
		memcpy(ip6->dst_addr, &how->dst, sizeof(ip6->dst_addr));
		return;
	}
	ip4->version_ihl = RTE_IPV4_VHL_DEF;
	ip4->next_proto_id = proto;
	ip4->src_addr = how->src.v4;
	ip4->dst_addr = how->dst.v4;
	head->sum = csum_fold(csum_sum(&ip4->src_addr, 8, 0));
}

void encap_head_init(struct encap_head *head, const struct encap *encap, unsigned int inner)
{
	uint8_t *l4 = head->bytes + l3_len(encap);

	memset(head, 0, sizeof(*head));
	head->how = *encap;
	head->inner = (uint8_t)inner;
	head->len = (uint8_t)encap_len(encap);
	if (encap->kind != ENCAP_GRE)
		head->how.flags &= (uint8_t) ~(ENCAP_KEY | ENCAP_SEQ);
	ip_init(head, outer_proto(encap, inner));
	if (encap->kind == ENCAP_GRE)
		gre_init(l4, encap, inner);
	else if (encap->kind == ENCAP_GUE)
		gue_init(l4, encap, inner);
}

/* Of GRE or UDP, over all that stands behind the outer IP header. */
static void checksum(struct rte_mbuf *m, const struct encap *how)
{
	uint16_t l4_off = l3_len(how);
	uint8_t *l4 = rte_pktmbuf_mtod_offset(m, uint8_t *, l4_off);
	be16 csum;

	if (how->kind == ENCAP_GUE) {
		((struct rte_udp_hdr *)(void *)l4)->dgram_cksum = csum_l4(m, how->family, l4_off,
									  IPPROTO_UDP);
	} else if (how->kind == ENCAP_GRE) {
		csum = csum_finish(csum_chain(m, l4_off, m->pkt_len - l4_off, 0));
		memcpy(l4 + GRE_LEN, &csum, sizeof(csum));
	}
}

static void meta_of_outer(struct rte_mbuf *m, const struct encap_head *head)
{
	const uint8_t *outer = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct encap *how = &head->how;
	struct pkt_meta *meta = pkt_meta(m);

	meta->tuple = (struct tuple){
		.src = how->src,
		.dst = how->dst,
		.proto = outer_proto(how, head->inner),
		.family = how->family,
		.zone = meta->tuple.zone,
	};
	meta->l3_len = l3_len(how);
	meta->l4_off = meta->l3_len;
	meta->l4_len = (uint16_t)(m->pkt_len - meta->l3_len);
	meta->ttl = how->family == AF_INET ? outer[8] : outer[7];
	meta->tos = how->family == AF_INET ? outer[1] : (uint8_t)(outer[0] << 4 | outer[1] >> 4);
	meta->flags &= (uint16_t) ~(META_FRAGMENT | META_FRAGMENT_LATER | META_FRAGMENT_MORE |
				    META_FRAGMENT_MET);
}

bool encap_push(struct rte_mbuf *m, const struct encap_head *head, struct encap_each each)
{
	uint32_t len = m->pkt_len, more = head->len;
	uint8_t *outer;

	if (head->how.family == AF_INET6)
		more -= sizeof(struct rte_ipv6_hdr); /* its length does not count itself */
	if (len + more > UINT16_MAX)
		return false;
	outer = (uint8_t *)rte_pktmbuf_prepend(m, head->len);
	if (!outer)
		return false;
	encap_head_put(head, outer + head->len, (uint16_t)len, each);
	if (head->how.flags & ENCAP_CSUM)
		checksum(m, &head->how);
	m->ol_flags &= ~(RTE_MBUF_F_RX_L4_CKSUM_MASK | RTE_MBUF_F_RX_IP_CKSUM_MASK |
			 RTE_MBUF_F_TX_OFFLOAD_MASK);
	meta_of_outer(m, head);
	return true;
}
