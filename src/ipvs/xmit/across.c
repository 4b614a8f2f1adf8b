/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * across: see the header. The order is that of other packets (xmit/steps): what
 * can refuse, the connection, the rewrite, the way; but the IP header is made
 * anew (net/cross), and lengths differ: an IPv6 client may send 20 bytes more
 * than the servers' IPv4 network takes, an IPv4 client 20 bytes less.
 *
 * L4 checksums change by the difference of the pseudo-headers, so that damage
 * stays visible. ICMP's has none in IPv4, so that it comes or goes as a whole;
 * UDP may have no checksum in IPv4, where it is computed (RFC 7915 4.5), over a
 * whole datagram only.
 */
#include "ipvs/xmit/across.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "ipvs/ipvs.h"
#include "ipvs/proto/echo.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/quote.h"
#include "ipvs/track.h"
#include "ipvs/xmit/steps.h"
#include "net/cross.h"
#include "net/ip.h"
#include "net/ip6.h"
#include "packet/csum.h"
#include "packet/unfinished.h"
#include "worker/worker.h"

#define ERROR_HEAD_MAX (40 + 8 + CROSS_HEADER_MAX)

/* What the addresses and ports make in the checksum of TCP or UDP. */
static uint32_t tuples_delta(const struct tuple *was, const struct tuple *to)
{
	return csum_delta128(&was->src, &to->src) + csum_delta128(&was->dst, &to->dst) +
	       csum_delta16(was->sport, to->sport) + csum_delta16(was->dport, to->dport);
}

/* ICMPv6's pseudo-header. */
static uint16_t pseudo_sum(const struct tuple *six, uint16_t l4_len)
{
	return csum_fold(csum_sum(&six->src, sizeof(six->src), 0) +
			 csum_sum(&six->dst, sizeof(six->dst), 0) +
			 rte_cpu_to_be_16(IPPROTO_ICMPV6) + rte_cpu_to_be_16(l4_len));
}

/* An echo of l4_len bytes becomes one of the other family, of that tuple. */
static void echo_cross(struct rte_icmp_hdr *icmp, const struct tuple *was, const struct tuple *to,
		       uint16_t l4_len)
{
	bool request = echo_is_request(was->family, icmp->icmp_type);
	be16 id = to->sport | to->dport;
	uint32_t delta = csum_delta16(icmp->icmp_ident, id);
	be16 before, after;

	memcpy(&before, icmp, sizeof(before));
	if (to->family == AF_INET6) {
		icmp->icmp_type = request ? ICMP6_ECHO : ICMP6_ECHO_REPLY;
		delta += pseudo_sum(to, l4_len);
	} else {
		icmp->icmp_type = request ? ICMP4_ECHO : ICMP4_ECHO_REPLY;
		delta += (uint16_t)~pseudo_sum(was, l4_len);
	}
	memcpy(&after, icmp, sizeof(after));
	icmp->icmp_ident = id;
	icmp->icmp_cksum = csum_apply(icmp->icmp_cksum, delta + csum_delta16(before, after));
}

/* ... IPv6's minimum is what a router there may say; IPv4's is as much less. */
static uint32_t told_mtu(unsigned int family, uint16_t mtu)
{
	if (family == AF_INET6)
		return RTE_MAX((uint32_t)mtu + CROSS_MTU, (uint32_t)IP6_MTU_MIN);
	return RTE_MAX((uint32_t)mtu, (uint32_t)IP6_MTU_MIN) - CROSS_MTU;
}

/* The way of m, which will be so long. false: m was dropped. */
static bool across_way(struct worker *w, struct rte_mbuf *m, const struct cross *cross,
		       const struct tuple *to, struct nexthop *nexthop)
{
	unsigned int family = pkt_meta(m)->tuple.family;
	uint32_t len = (uint32_t)cross->l4_len + cross_header_len(family, cross);
	const union ip_addr *self = &pkt_meta(m)->tuple.dst;
	bool may_be_cut = family == AF_INET ? !cross->whole_only : len <= CROSS_MAY_BE_CUT;

	if (!xmit_way_to(w, m, to->family, &to->dst, self, nexthop))
		return false;
	if (unlikely(len > nexthop->mtu && !may_be_cut)) {
		ip_send_error(w, m, IP_ERROR_TOO_BIG, told_mtu(family, nexthop->mtu), self);
		drop(w, m, DROP_IPVS_MTU);
		return false;
	}
	/* beyond the link nobody can be told to cut it: 4 */
	if (family == AF_INET && may_be_cut && !ip_equal(&nexthop->addr, &to->dst))
		nexthop->mtu = RTE_MIN(nexthop->mtu, (uint16_t)IP6_MTU_MIN);
	return true;
}

/* UDP of IPv4 without a checksum. */
static bool lacks_checksum(struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);

	return meta->tuple.proto == IPPROTO_UDP && !(meta->flags & META_FRAGMENT_LATER) &&
	       rte_pktmbuf_mtod_offset(m, const struct rte_udp_hdr *, meta->l4_off)->dgram_cksum ==
		       0;
}

/* Of IPv6's headers those in the pieces themselves are lost on the way: then nothing is where the
 * offsets say, and the later ones do not name what the first one has behind them. */
static bool has_headers_inside(const struct pkt_meta *meta, const struct cross *cross)
{
	if (meta->flags & META_FRAGMENT_LATER)
		return cross->proto != meta->tuple.proto;
	return meta->l4_off != meta->fragment_at;
}

/* Of a fragment, what would need the whole. */
static bool needs_whole(struct rte_mbuf *m, const struct cross *cross)
{
	const struct pkt_meta *meta = pkt_meta(m);

	if (!(meta->flags & META_FRAGMENT))
		return false;
	if (meta->tuple.family == AF_INET6 && has_headers_inside(meta, cross))
		return true;
	return proto_is_icmp(meta->tuple.proto) || lacks_checksum(m);
}

static void l4_cross(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir,
		     const struct tuple *to, const struct cross *cross)
{
	const struct pkt_meta *meta = pkt_meta(m);
	void *l4 = rte_pktmbuf_mtod_offset(m, void *, meta->l4_off);
	uint32_t delta = tuples_delta(&meta->tuple, to);

	if (meta->flags & META_FRAGMENT_LATER)
		return;
	if (proto_is_icmp(to->proto)) {
		echo_cross(l4, &meta->tuple, to, cross->l4_len);
		return;
	}
	if (to->proto == IPPROTO_TCP) {
		struct rte_tcp_hdr *th = l4;

		delta += tcp_shift(conn_get(w->ipvs->conns, id), dir, th, (th->data_off >> 4) * 4u);
	}
	xmit_rewrite_l4(m, to, delta);
}

/* m's IP headers, of l4_off bytes, go; these `len` bytes come. false: dropped. */
static bool head_put(struct worker *w, struct rte_mbuf *m, uint32_t off, const uint8_t *head,
		     uint16_t len)
{
	uint8_t *at;

	if (rte_pktmbuf_headroom(m) + off < len) {
		drop(w, m, DROP_IPVS_CROSS_ROOM);
		return false;
	}
	rte_pktmbuf_adj(m, (uint16_t)off);
	at = (uint8_t *)rte_pktmbuf_prepend(m, len);
	memcpy(at, head, len);
	m->ol_flags &= ~(RTE_MBUF_F_RX_L4_CKSUM_MASK | RTE_MBUF_F_RX_IP_CKSUM_MASK |
			 RTE_MBUF_F_TX_OFFLOAD_MASK);
	return true;
}

static void meta_cross(struct rte_mbuf *m, const struct tuple *to, const struct cross *cross,
		       uint16_t l3_len)
{
	struct pkt_meta *meta = pkt_meta(m);

	meta->tuple = *to;
	meta->l3_len = l3_len;
	meta->l4_off = l3_len;
	meta->l4_len = cross->l4_len;
	meta->ttl = cross->ttl;
}

/* As one of the other family, from an address that others share. */
static uint32_t met_id(const struct pkt_meta *meta, unsigned int family)
{
	return family == AF_INET ? rte_be_to_cpu_16(meta->fragment_id4)
				 : rte_be_to_cpu_32(meta->fragment_id6);
}

void across(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir,
	    const struct tuple *other)
{
	const struct tuple to = tuple_reverse(other);
	unsigned int family = pkt_meta(m)->tuple.family;
	uint16_t l4_off = pkt_meta(m)->l4_off, len;
	uint8_t head[CROSS_HEADER_MAX];
	bool compute = family == AF_INET && lacks_checksum(m);
	struct nexthop nexthop;
	struct cross cross;

	cross_read(family, rte_pktmbuf_mtod(m, const uint8_t *), l4_off, &cross);
	if (unlikely(xmit_needs_whole(m, &to))) {
		drop(w, m, DROP_IPVS_SCTP_FRAGMENT);
		return;
	}
	if (unlikely(needs_whole(m, &cross))) {
		drop(w, m, DROP_IPVS_CROSS_FRAGMENT);
		return;
	}
	if (!across_way(w, m, &cross, &to, &nexthop))
		return;
	track_packet(w, m, id, dir);
	unfinished_pass_on(m);
	unfinished_finish(m);
	m->ol_flags &= ~RTE_MBUF_F_RX_L4_CKSUM_MASK;
	l4_cross(w, m, id, dir, &to, &cross);
	cross.ttl -= xmit_ttl_step(w);
	if (pkt_meta(m)->flags & META_FRAGMENT_MET)
		cross.id = met_id(pkt_meta(m), to.family);
	len = cross_header_len(family, &cross);
	cross_header_put(w, head, &cross, &to);
	if (!head_put(w, m, l4_off, head, len))
		return;
	meta_cross(m, &to, &cross, len);
	if (compute)
		rte_pktmbuf_mtod_offset(m, struct rte_udp_hdr *, len)->dgram_cksum =
			csum_l4_ip6(m, len, IPPROTO_UDP);
	xmit_send(w, m, &nexthop);
}

/* What the quoted packet was before it went to the other family. */
static void quote_cross(const struct conn *conn, enum conn_dir sent, struct quote *quote,
			const struct tuple *was, const struct cross *inner)
{
	struct tuple gone = tuple_reverse(&quote->answer);

	if (proto_is_icmp(gone.proto))
		echo_cross((struct rte_icmp_hdr *)(void *)quote->l4, &gone, was, inner->l4_len);
	else
		quote_rewrite_l4(conn, sent, quote, was,
				 csum_delta128(&gone.src, &was->src) +
					 csum_delta128(&gone.dst, &was->dst));
}

/* Its first eight bytes; the checksum comes last. false: there is no such word. */
static bool error_words(struct rte_mbuf *m, const struct quote *quote, const struct cross *inner,
			uint16_t way_mtu, uint8_t *out)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *at = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l4_off);
	struct cross_icmp icmp = { .type = at[0], .code = at[1] };
	be32 word;

	memcpy(&word, at + 4, sizeof(word));
	icmp.value = rte_be_to_cpu_32(word);
	if (!cross_icmp_error(meta->tuple.family, &icmp,
			      (uint16_t)(inner->l4_len + (quote->l4 - quote->ip)), way_mtu))
		return false;
	word = rte_cpu_to_be_32(icmp.value);
	memset(out, 0, 8);
	out[0] = icmp.type;
	out[1] = icmp.code;
	memcpy(out + 4, &word, sizeof(word));
	return true;
}

/* In front of what is quoted of L4: IP, ICMP, and the quoted packet's IP. Returns how long. */
static uint16_t error_head(struct worker *w, uint8_t *head, const struct tuple *to,
			   const struct tuple *was, struct cross *outer, const struct cross *inner,
			   uint32_t *quoted)
{
	unsigned int from = was->family == AF_INET ? AF_INET6 : AF_INET;
	uint16_t outer_len = cross_header_len(from, outer);
	uint16_t inner_len = cross_header_len(from, inner);
	uint16_t len = (uint16_t)(outer_len + 8 + inner_len);

	if (*quoted > (uint32_t)IP6_MTU_MIN - len) /* RFC 4443 2.4 c */
		*quoted = IP6_MTU_MIN - len;
	outer->l4_len = (uint16_t)(8 + inner_len + *quoted);
	cross_header_put(w, head, outer, to);
	cross_header_put(w, head + outer_len + 8, inner, was);
	return len;
}

void across_error(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir,
		  struct quote *quote)
{
	struct conn *conn = conn_get(w->ipvs->conns, id);
	enum conn_dir sent = dir == CONN_IN ? CONN_OUT : CONN_IN;
	const struct pkt_meta *meta = pkt_meta(m);
	unsigned int family = meta->tuple.family;
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t off = (uint32_t)(quote->l4 - ip), quoted = quote->l4_len;
	uint8_t head[ERROR_HEAD_MAX], words[8];
	struct cross outer, inner;
	struct nexthop nexthop;
	struct tuple was, to;
	uint16_t len, l3_len;

	conn_tuple(w->ipvs->conns, id, sent, &was);
	to = tuple_reverse(&was);
	to.sport = to.dport = 0;
	to.proto = cross_proto(meta->tuple.proto);
	cross_read(family, ip, meta->l4_off, &outer);
	cross_read(family, quote->ip, (uint32_t)(quote->l4 - quote->ip), &inner);
	if (!xmit_way_to(w, m, to.family, &to.dst, &meta->tuple.dst, &nexthop))
		return;
	if (!error_words(m, quote, &inner, nexthop.mtu, words)) {
		drop(w, m, DROP_IPVS_CROSS_ICMP);
		return;
	}
	track_count(w, conn, (uint32_t)meta->l3_len + meta->l4_len, dir);
	quote_cross(conn, sent, quote, &was, &inner);
	outer.ttl -= xmit_ttl_step(w);
	outer.fragment = false;
	l3_len = cross_header_len(family, &outer);
	len = error_head(w, head, &to, &was, &outer, &inner, &quoted);
	memcpy(head + l3_len, words, sizeof(words));
	rte_pktmbuf_trim(m, (uint16_t)(m->pkt_len - off - quoted));
	if (!head_put(w, m, off, head, len))
		return;
	meta_cross(m, &to, &outer, l3_len);
	quote_checksum_set(m);
	xmit_send(w, m, &nexthop);
}
