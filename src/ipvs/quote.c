/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/quote: see the header. Addresses and ports are put back, TCP numbers are
 * shifted back, and checksums follow by difference as far as they are quoted
 * (the kernel leaves the quoted L4 checksum as it was).
 */
#include "ipvs/quote.h"

#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>

#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "ipvs/proto/echo.h"
#include "ipvs/proto/tcp.h"
#include "net/cross.h"
#include "net/icmp4.h"
#include "net/icmp6.h"
#include "net/ip6_headers.h"
#include "packet/csum.h"
#include "packet/meta.h"
#include "packet/sctp.h"

#define QUOTE_MIN 8 /* bytes of L4 header, RFC 792 */

static bool is_error(unsigned int family, uint8_t type)
{
	if (family == AF_INET6)
		return icmp6_is_error(type);
	return type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH ||
	       type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB;
}

/* Of the packet at `ip`, of which `room` bytes are there: where its L4 header begins; 0: it has
 * none. Into the answer what the IP header says. */
static uint32_t quote_ip4(const uint8_t *at, uint32_t room, struct tuple *answer)
{
	const struct rte_ipv4_hdr *ip = (const void *)at;
	uint32_t len = (ip->version_ihl & RTE_IPV4_HDR_IHL_MASK) * RTE_IPV4_IHL_MULTIPLIER;

	if (room < sizeof(*ip) || ip->version_ihl >> 4 != IPVERSION || len < sizeof(*ip) ||
	    (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK)))
		return 0;
	answer->src = ip_from_v4(ip->dst_addr);
	answer->dst = ip_from_v4(ip->src_addr);
	answer->proto = ip->next_proto_id;
	return len;
}

static uint32_t quote_ip6(const uint8_t *at, uint32_t room, struct tuple *answer)
{
	const struct rte_ipv6_hdr *ip = (const void *)at;

	if (room < sizeof(*ip) || at[0] >> 4 != 6)
		return 0;
	memcpy(&answer->src, ip->dst_addr, sizeof(answer->src));
	memcpy(&answer->dst, ip->src_addr, sizeof(answer->dst));
	return ip6_skip(at, room, &answer->proto);
}

/* The answer to a request is the reply, and the other way round. */
static bool quote_echo(struct quote *quote)
{
	const struct rte_icmp_hdr *icmp = (const void *)quote->l4;
	struct tuple *answer = &quote->answer;

	if (echo_is_request(answer->family, icmp->icmp_type))
		answer->dport = icmp->icmp_ident;
	else if (echo_is_reply(answer->family, icmp->icmp_type))
		answer->sport = icmp->icmp_ident;
	else
		return false;
	return true;
}

bool quote_find(struct rte_mbuf *m, struct quote *quote)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct rte_icmp_hdr *icmp;
	struct tuple *answer = &quote->answer;
	uint32_t room, len;
	be16 ports[2];

	if (meta->l4_len < sizeof(*icmp) + sizeof(struct rte_ipv4_hdr) + QUOTE_MIN ||
	    !is_error(meta->tuple.family,
		      *rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l4_off)) ||
	    (m->nb_segs > 1 && rte_pktmbuf_linearize(m) != 0))
		return false;
	icmp = rte_pktmbuf_mtod_offset(m, const struct rte_icmp_hdr *, meta->l4_off);
	room = meta->l4_len - sizeof(*icmp);
	*answer = (struct tuple){ .family = meta->tuple.family, .zone = meta->tuple.zone };
	quote->ip = (uint8_t *)(uintptr_t)(icmp + 1);
	len = answer->family == AF_INET ? quote_ip4(quote->ip, room, answer)
					: quote_ip6(quote->ip, room, answer);
	if (len == 0 || room < len + QUOTE_MIN)
		return false;
	quote->l4 = quote->ip + len;
	quote->l4_len = room - len;
	if (tuple_is_icmp(answer))
		return quote_echo(quote);
	if (answer->proto != IPPROTO_TCP && answer->proto != IPPROTO_UDP &&
	    answer->proto != IPPROTO_SCTP)
		return false;
	memcpy(ports, quote->l4, sizeof(ports));
	answer->sport = ports[1];
	answer->dport = ports[0];
	return true;
}

/*
 * The TCP numbers of the quoted packet, which went in direction `sent`, as they were before
 * tcp_shift(). With less than a whole header quoted, only the sequence number is there.
 */
static uint32_t quote_unshift(const struct conn *conn, enum conn_dir sent, struct quote *quote)
{
	struct rte_tcp_hdr *th = (struct rte_tcp_hdr *)(void *)quote->l4;
	struct conn back = {
		.flags = conn->flags,
		.seq_delta = -conn->seq_delta,
		.ts_delta = -conn->ts_delta,
	};
	be32 seq;

	if (quote->l4_len >= sizeof(*th)) {
		uint32_t len = (th->data_off >> 4) * 4u;

		return tcp_shift(&back, sent, th,
				 RTE_MAX(RTE_MIN(len, quote->l4_len), sizeof(*th)));
	}
	if (sent == CONN_OUT || !(conn->flags & CONN_SEQ))
		return 0;
	seq = th->sent_seq;
	th->sent_seq = rte_cpu_to_be_32(rte_be_to_cpu_32(seq) + back.seq_delta);
	return csum_delta32(seq, th->sent_seq);
}

/* SCTP's ports, and the checksum as far as it can follow: of a fragment the whole's length is not
 * known. */
static void quote_sctp(struct quote *quote, const struct tuple *was)
{
	struct rte_sctp_hdr *sctp = (struct rte_sctp_hdr *)(void *)quote->l4;
	const be16 ports[2] = { was->sport, was->dport };
	struct cross ip;

	cross_read(quote->answer.family, quote->ip, (uint32_t)(quote->l4 - quote->ip), &ip);
	if (quote->l4_len >= sizeof(*sctp) && !ip.more)
		sctp_header_set_ports(sctp, ports[0], ports[1], ip.l4_len);
	else
		memcpy(quote->l4, ports, sizeof(ports));
}

/* What stands in the IP header; returns what that makes in the L4 checksum. */
static uint32_t quote_addresses(struct quote *quote, const struct tuple *was)
{
	const struct tuple *answer = &quote->answer;
	struct rte_ipv6_hdr *ip6 = (struct rte_ipv6_hdr *)(void *)quote->ip;
	struct rte_ipv4_hdr *ip4 = (struct rte_ipv4_hdr *)(void *)quote->ip;
	uint32_t delta;

	if (answer->family == AF_INET6) {
		memcpy(ip6->src_addr, &was->src, sizeof(ip6->src_addr));
		memcpy(ip6->dst_addr, &was->dst, sizeof(ip6->dst_addr));
		return csum_delta128(&answer->dst, &was->src) +
		       csum_delta128(&answer->src, &was->dst);
	}
	delta = csum_delta32(answer->dst.v4, was->src.v4) +
		csum_delta32(answer->src.v4, was->dst.v4);
	ip4->src_addr = was->src.v4;
	ip4->dst_addr = was->dst.v4;
	ip4->hdr_checksum = csum_apply(ip4->hdr_checksum, delta);
	return delta;
}

void quote_rewrite(const struct conn *conn, enum conn_dir sent, struct quote *quote,
		   const struct tuple *was)
{
	quote_rewrite_l4(conn, sent, quote, was, quote_addresses(quote, was));
}

void quote_rewrite_l4(const struct conn *conn, enum conn_dir sent, struct quote *quote,
		      const struct tuple *was, uint32_t delta)
{
	const struct tuple *answer = &quote->answer;
	const be16 ports[2] = { was->sport, was->dport };

	delta += csum_delta16(answer->dport, was->sport) + csum_delta16(answer->sport, was->dport);
	if (proto_is_icmp(answer->proto)) {
		echo_set_id((struct rte_icmp_hdr *)(void *)quote->l4, was, delta);
		return;
	}
	if (answer->proto == IPPROTO_SCTP) {
		quote_sctp(quote, was);
		return;
	}
	memcpy(quote->l4, ports, sizeof(ports));
	if (answer->proto == IPPROTO_UDP) {
		struct rte_udp_hdr *uh = (struct rte_udp_hdr *)(void *)quote->l4;

		uh->dgram_cksum = csum_apply_udp(uh->dgram_cksum, delta);
		return;
	}
	delta += quote_unshift(conn, sent, quote);
	if (quote->l4_len >= offsetof(struct rte_tcp_hdr, cksum) + sizeof(be16)) {
		struct rte_tcp_hdr *th = (struct rte_tcp_hdr *)(void *)quote->l4;

		th->cksum = csum_apply(th->cksum, delta);
	}
}

static struct rte_icmp_hdr *icmp_header(const struct rte_mbuf *m)
{
	struct rte_mbuf *of = (struct rte_mbuf *)(uintptr_t)m;

	return rte_pktmbuf_mtod_offset(of, struct rte_icmp_hdr *, pkt_meta(of)->l4_off);
}

bool quote_checksum_right(const struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta((struct rte_mbuf *)(uintptr_t)m);

	if (meta->tuple.family == AF_INET6)
		return csum_icmp6_right(m, meta->l4_off);
	return csum_finish(csum_sum(icmp_header(m), meta->l4_len, 0)) == 0;
}

void quote_checksum_set(struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	struct rte_icmp_hdr *icmp = icmp_header(m);

	icmp->icmp_cksum = 0;
	icmp->icmp_cksum = meta->tuple.family == AF_INET6
				   ? csum_l4_ip6(m, meta->l4_off, IPPROTO_ICMPV6)
				   : csum_finish(csum_sum(icmp, meta->l4_len, 0));
}
