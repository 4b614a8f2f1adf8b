/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/tunnel-quote: ICMP errors about packets that we have wrapped up. They are
 * to us, and quote the outer packet. If enough of it is quoted, who sent the
 * inner one hears of it as if that had met its fate unwrapped (RFC 2003 4,
 * RFC 2473 8), about the packet as far as it was quoted, with the size that is
 * left for it. What only concerns the tunnel's inside he is told as "host
 * unreachable" where the words of the families differ.
 */
#include "net/tunnel_quote.h"

#include <netinet/in.h>
#include <netinet/ip.h>

#include <rte_icmp.h>
#include <rte_ip.h>

#include "net/icmp4.h"
#include "net/icmp6.h"
#include "net/ip6.h"
#include "net/ip6_headers.h"
#include "net/path_mtu.h"
#include "worker/worker.h"

static bool words4(const struct rte_icmp_hdr *icmp, struct tunnel_quote *quote)
{
	static const uint8_t unreachable[] = {
		[ICMP4_NET_UNREACHABLE] = IP_ERROR_NO_ROUTE,
		[ICMP4_HOST_UNREACHABLE] = IP_ERROR_HOST,
		[ICMP4_PROTOCOL_UNREACHABLE] = IP_ERROR_PROTOCOL,
		[ICMP4_PORT_UNREACHABLE] = IP_ERROR_PORT,
		[ICMP4_FRAGMENTATION_NEEDED] = IP_ERROR_TOO_BIG,
	};

	quote->mtu = rte_be_to_cpu_16(icmp->icmp_seq_nb);
	if (icmp->icmp_type == ICMP4_TIME_EXCEEDED) {
		quote->what = icmp->icmp_code ? IP_ERROR_REASSEMBLY : IP_ERROR_TTL;
		return true;
	}
	if (icmp->icmp_type != ICMP4_UNREACHABLE)
		return false;
	if (icmp->icmp_code == ICMP4_PROHIBITED)
		quote->what = IP_ERROR_PROHIBITED;
	else
		quote->what = icmp->icmp_code < RTE_DIM(unreachable) ? unreachable[icmp->icmp_code]
								     : IP_ERROR_HOST;
	return quote->what != IP_ERROR_TOO_BIG || quote->mtu != 0;
}

static bool words6(const struct rte_icmp_hdr *icmp, struct tunnel_quote *quote)
{
	be32 mtu;

	memcpy(&mtu, &icmp->icmp_ident, sizeof(mtu));
	quote->mtu = (uint16_t)RTE_MIN(rte_be_to_cpu_32(mtu), (uint32_t)UINT16_MAX);
	quote->what = icmp->icmp_type == ICMP6_PACKET_TOO_BIG ? IP_ERROR_TOO_BIG : IP_ERROR_HOST;
	return icmp->icmp_type == ICMP6_PACKET_TOO_BIG || icmp->icmp_type == ICMP6_UNREACHABLE ||
	       icmp->icmp_type == ICMP6_TIME_EXCEEDED;
}

/*
 * The IP header at `at`, of which `room` bytes are there, into the tuple; how long it is, 0: none.
 * An IPv4 packet without anything behind its first fragment would not be known.
 */
static uint32_t read_ip(const uint8_t *at, uint32_t room, struct tuple *tuple)
{
	const struct rte_ipv4_hdr *ip4 = (const void *)at;
	const struct rte_ipv6_hdr *ip6 = (const void *)at;
	uint32_t len;

	if (tuple->family == AF_INET6) {
		if (room < sizeof(*ip6) || at[0] >> 4 != 6)
			return 0;
		memcpy(&tuple->src, ip6->src_addr, sizeof(tuple->src));
		memcpy(&tuple->dst, ip6->dst_addr, sizeof(tuple->dst));
		return ip6_skip(at, room, &tuple->proto);
	}
	if (room < sizeof(*ip4) || at[0] >> 4 != IPVERSION ||
	    (ip4->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK)))
		return 0;
	len = (at[0] & RTE_IPV4_HDR_IHL_MASK) * RTE_IPV4_IHL_MULTIPLIER;
	tuple->src = ip_from_v4(ip4->src_addr);
	tuple->dst = ip_from_v4(ip4->dst_addr);
	tuple->proto = ip4->next_proto_id;
	return len >= sizeof(*ip4) && len <= room ? len : 0;
}

/* The length that an IP header tells. */
static uint16_t read_total(const uint8_t *at, unsigned int family)
{
	uint32_t len = family == AF_INET ? (uint32_t)at[2] << 8 | at[3]
					 : ((uint32_t)at[4] << 8 | at[5]) + IP6_HEADER_LEN;

	return (uint16_t)RTE_MIN(len, (uint32_t)UINT16_MAX);
}

static bool read_inner(const uint8_t *at, uint32_t room, uint8_t family, struct pkt_meta *inner)
{
	uint32_t len;

	*inner = (struct pkt_meta){ .tuple.family = family, .flags = META_PARSED };
	len = read_ip(at, room, &inner->tuple);
	inner->l3_len = (uint16_t)len;
	inner->l4_off = (uint16_t)len;
	inner->l4_len = (uint16_t)(room - len);
	return len != 0;
}

bool tunnel_quote_read(struct rte_mbuf *m, struct tunnel_quote *quote)
{
	const struct pkt_meta *meta = pkt_meta(m);
	struct tuple outer = { .family = meta->tuple.family, .zone = meta->tuple.zone };
	const struct rte_icmp_hdr *icmp;
	enum drop_reason reason;
	const uint8_t *at;
	uint32_t room, len;

	if (meta->l4_len < sizeof(*icmp) || (m->nb_segs > 1 && rte_pktmbuf_linearize(m) != 0))
		return false;
	icmp = rte_pktmbuf_mtod_offset(m, const struct rte_icmp_hdr *, meta->l4_off);
	if (outer.family == AF_INET ? !words4(icmp, quote) : !words6(icmp, quote))
		return false;
	at = (const uint8_t *)(icmp + 1);
	room = meta->l4_len - (uint32_t)sizeof(*icmp);
	len = read_ip(at, room, &outer);
	if (len == 0 || !encap_parse(at + len, room - len, outer.proto, &quote->found, &reason) ||
	    !ip_equal(&outer.src, &meta->tuple.dst))
		return false;
	quote->outer = outer;
	quote->outer_len = (uint16_t)(len + quote->found.len);
	quote->total = read_total(at, outer.family);
	quote->inner_off = meta->l4_off + (uint32_t)sizeof(*icmp) + quote->outer_len;
	return true;
}

bool tunnel_quote_read_inner(const struct rte_mbuf *m, struct tunnel_quote *quote)
{
	const struct pkt_meta *meta = pkt_meta((struct rte_mbuf *)(uintptr_t)m);
	const uint8_t *at = rte_pktmbuf_mtod_offset(m, const uint8_t *, quote->inner_off);
	uint32_t end = (uint32_t)meta->l4_off + meta->l4_len;

	if (end <= quote->inner_off ||
	    !read_inner(at, end - quote->inner_off, quote->found.family, &quote->inner))
		return false;
	quote->inner.tuple.zone = quote->outer.zone;
	quote->inner.in_port = meta->in_port;
	return true;
}

bool tunnel_quote_learn(struct worker *w, const struct rte_mbuf *m,
			const struct tunnel_quote *quote)
{
	const struct pkt_meta *meta = pkt_meta((struct rte_mbuf *)(uintptr_t)m);

	return quote->what == IP_ERROR_TOO_BIG &&
	       path_mtu_heard(w, &quote->outer, meta->in_port, quote->mtu, quote->total);
}

/* m becomes the inner packet, as far as it is there. */
void tunnel_quote_tell(struct worker *w, struct rte_mbuf *m, const struct tunnel_quote *quote,
		       const union ip_addr *from)
{
	const struct pkt_meta *meta = pkt_meta(m);
	unsigned int family = quote->inner.tuple.family;
	enum ip_error what = quote->what;
	uint32_t value = 0;

	if (what == IP_ERROR_TOO_BIG)
		value = ip_inner_mtu(family, quote->mtu, quote->outer_len);
	else if (family == AF_INET6)
		what = IP_ERROR_HOST;
	rte_pktmbuf_trim(m, (uint16_t)(m->pkt_len - meta->l4_off - meta->l4_len));
	rte_pktmbuf_adj(m, (uint16_t)quote->inner_off);
	*pkt_meta(m) = quote->inner;
	ip_send_error(w, m, what, value, from);
	drop(w, m, DROP_TUNNEL_ERROR);
}
