/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/l4: see the header. Headers whose own length says that they are shorter
 * than any may be count as not there.
 */
#include "net/l4.h"

#include <netinet/in.h>

#include <rte_icmp.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "net/icmp4.h"
#include "net/icmp6.h"
#include "net/segments.h"
#include "packet/meta.h"
#include "packet/sctp.h"

/* An ICMP error's own header, and those of the packet that it quotes. */
#define ICMP_HEADERS_MAX (8 + 60 + 60)

#define TCP_FLAGS_END 16 /* of a TCP header: ports, numbers, flags, window */

/* `len` bytes of L4 header into the first segment; NULL: the packet has not so many. */
static const void *l4_header(struct rte_mbuf *m, uint16_t len)
{
	const struct pkt_meta *meta = pkt_meta(m);

	if (unlikely(meta->l4_len < len || !segments_pull(m, (uint32_t)meta->l4_off + len)))
		return NULL;
	return rte_pktmbuf_mtod_offset(m, const void *, meta->l4_off);
}

static bool fill_tcp(struct rte_mbuf *m)
{
	const struct rte_tcp_hdr *tcp = l4_header(m, sizeof(*tcp));
	uint16_t len;

	if (unlikely(!tcp))
		return false;
	len = (tcp->data_off >> 4) * 4;
	if (unlikely(len < sizeof(*tcp)))
		return false;
	tcp = l4_header(m, len);
	if (unlikely(!tcp))
		return false;
	pkt_meta(m)->tuple.sport = tcp->src_port;
	pkt_meta(m)->tuple.dport = tcp->dst_port;
	return true;
}

static bool fill_udp(struct rte_mbuf *m)
{
	const struct rte_udp_hdr *udp = l4_header(m, sizeof(*udp));

	if (unlikely(!udp))
		return false;
	pkt_meta(m)->tuple.sport = udp->src_port;
	pkt_meta(m)->tuple.dport = udp->dst_port;
	return true;
}

/* With its first chunk's header, which says what it is about. What is shorter is none of ours, and
 * a router does not judge it. */
static bool fill_sctp(struct rte_mbuf *m)
{
	const struct rte_sctp_hdr *sctp;

	if (unlikely(pkt_meta(m)->l4_len < SCTP_MIN))
		return true;
	sctp = l4_header(m, SCTP_MIN);
	if (unlikely(!sctp))
		return false;
	pkt_meta(m)->tuple.sport = sctp->src_port;
	pkt_meta(m)->tuple.dport = sctp->dst_port;
	return true;
}

static bool fill_icmp(struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);
	const struct rte_icmp_hdr *icmp = l4_header(m, sizeof(*icmp));

	if (unlikely(!icmp))
		return false;
	if (icmp->icmp_type == ICMP4_ECHO)
		meta->tuple.sport = icmp->icmp_ident;
	else if (icmp->icmp_type == ICMP4_ECHO_REPLY)
		meta->tuple.dport = icmp->icmp_ident;
	else if (icmp4_is_error(icmp->icmp_type))
		return l4_header(m, RTE_MIN(meta->l4_len, (uint16_t)ICMP_HEADERS_MAX));
	return true;
}

static bool fill_icmp6(struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);
	const struct rte_icmp_hdr *icmp;
	const uint8_t *type = l4_header(m, ICMP6_HEADER_LEN);

	if (unlikely(!type))
		return false;
	if (icmp6_is_error(*type))
		return l4_header(m, RTE_MIN(meta->l4_len, (uint16_t)ICMP_HEADERS_MAX));
	if (*type == ICMP6_ECHO || *type == ICMP6_ECHO_REPLY) {
		icmp = l4_header(m, sizeof(*icmp));
		if (unlikely(!icmp))
			return false;
		if (*type == ICMP6_ECHO)
			meta->tuple.sport = icmp->icmp_ident;
		else
			meta->tuple.dport = icmp->icmp_ident;
	}
	return true;
}

bool l4_read(struct rte_mbuf *m)
{
	if (pkt_meta(m)->flags & META_FRAGMENT_LATER)
		return true;
	switch (pkt_meta(m)->tuple.proto) {
	case IPPROTO_TCP:
		return fill_tcp(m);
	case IPPROTO_UDP:
		return fill_udp(m);
	case IPPROTO_SCTP:
		return fill_sctp(m);
	case IPPROTO_ICMP:
		return pkt_meta(m)->tuple.family == AF_INET6 || fill_icmp(m);
	case IPPROTO_ICMPV6:
		return pkt_meta(m)->tuple.family == AF_INET || fill_icmp6(m);
	default:
		return true;
	}
}

bool l4_is_hidden(struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);

	return (meta->flags & META_FRAGMENT_LATER) && meta->tuple.proto == IPPROTO_TCP &&
	       meta->fragment_offset < TCP_FLAGS_END;
}
