/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs-icmp: ICMP errors about packets that we have sent on. Such an error
 * quotes the beginning of the packet as we sent it; the answer to that packet
 * is what names the connection, and its owner. The error goes on to whoever had
 * sent the packet, and must quote what he had sent: addresses and ports are put
 * back, TCP numbers are shifted back, and the checksums in the quote follow by
 * difference as far as they are quoted (the kernel leaves the quoted L4
 * checksum as it was). It comes from the virtual address towards clients, and
 * from the local address towards servers, also when a router on the way sent it:
 * neither side knows the other's network.
 *
 * Where a mode leaves addresses as they are, so does it in errors: they only
 * find their way, to the client or the server.
 *
 * Errors about no connection, echoes and all other ICMP are the routing
 * stage's.
 */
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>

#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "ipvs/ipvs.h"
#include "ipvs/ipvs_int.h"
#include "ipvs/owner.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/service.h"
#include "ipvs/track.h"
#include "ipvs/xmit/xmit4.h"
#include "packet/csum.h"
#include "worker/worker.h"

#define QUOTE_MIN 8 /* bytes of L4 header, RFC 792 */

struct quote {
	struct rte_ipv4_hdr *ip;
	void *l4;
	uint32_t l4_len;     /* bytes of L4 that are quoted */
	struct tuple answer; /* of what would answer the quoted packet */
};

static bool is_error(uint8_t type)
{
	return type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH ||
	       type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB;
}

/* false: no error about a TCP or UDP packet, or it quotes too little to tell which. */
static bool quote_find(struct rte_mbuf *m, struct quote *quote)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct rte_icmp_hdr *icmp;
	uint32_t ip_len, room;
	const be16 *ports;

	if (meta->l4_len < sizeof(*icmp) + sizeof(*quote->ip) + QUOTE_MIN ||
	    (m->nb_segs > 1 && rte_pktmbuf_linearize(m) != 0))
		return false;
	icmp = rte_pktmbuf_mtod_offset(m, const struct rte_icmp_hdr *, meta->l4_off);
	if (!is_error(icmp->icmp_type))
		return false;
	room = meta->l4_len - sizeof(*icmp);
	quote->ip = (struct rte_ipv4_hdr *)(uintptr_t)(icmp + 1);
	ip_len = (quote->ip->version_ihl & RTE_IPV4_HDR_IHL_MASK) * RTE_IPV4_IHL_MULTIPLIER;
	if (quote->ip->version_ihl >> 4 != IPVERSION || ip_len < sizeof(*quote->ip) ||
	    room < ip_len + QUOTE_MIN ||
	    (quote->ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK)) ||
	    (quote->ip->next_proto_id != IPPROTO_TCP && quote->ip->next_proto_id != IPPROTO_UDP))
		return false;
	quote->l4 = (uint8_t *)quote->ip + ip_len;
	quote->l4_len = room - ip_len;
	ports = quote->l4;
	quote->answer = (struct tuple){
		.src = ip_from_v4(quote->ip->dst_addr),
		.dst = ip_from_v4(quote->ip->src_addr),
		.sport = ports[1],
		.dport = ports[0],
		.proto = quote->ip->next_proto_id,
		.family = AF_INET,
		.zone = meta->tuple.zone,
	};
	return true;
}

/*
 * The TCP numbers of the quoted packet, which went in direction `sent`, as they were before
 * tcp_shift(). With less than a whole header quoted, only the sequence number is there.
 */
static uint32_t quote_unshift(const struct conn *conn, enum conn_dir sent, struct quote *quote)
{
	struct rte_tcp_hdr *th = quote->l4;
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

/* `was`: the quoted packet as its sender had sent it. */
static void quote_rewrite(const struct conn *conn, enum conn_dir sent, struct quote *quote,
			  const struct tuple *was)
{
	const struct tuple answer = quote->answer;
	be16 *ports = quote->l4;
	uint32_t delta = csum_delta32(answer.dst.v4, was->src.v4) +
			 csum_delta32(answer.src.v4, was->dst.v4);

	quote->ip->src_addr = was->src.v4;
	quote->ip->dst_addr = was->dst.v4;
	quote->ip->hdr_checksum = csum_apply(quote->ip->hdr_checksum, delta);
	delta += csum_delta16(answer.dport, was->sport) + csum_delta16(answer.sport, was->dport);
	ports[0] = was->sport;
	ports[1] = was->dport;
	if (answer.proto == IPPROTO_UDP) {
		struct rte_udp_hdr *uh = quote->l4;

		uh->dgram_cksum = csum_apply_udp(uh->dgram_cksum, delta);
		return;
	}
	delta += quote_unshift(conn, sent, quote);
	if (quote->l4_len >= offsetof(struct rte_tcp_hdr, cksum) + sizeof(be16)) {
		struct rte_tcp_hdr *th = quote->l4;

		th->cksum = csum_apply(th->cksum, delta);
	}
}

static bool icmp_checksum_ok(struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);

	return csum_finish(csum_sum(rte_pktmbuf_mtod_offset(m, void *, meta->l4_off), meta->l4_len,
				    0)) == 0;
}

/*
 * m came as packets of direction `dir` come (CONN_OUT: from the server's side), about a packet that
 * had gone the other way. It goes on the way of `dir`.
 */
static void icmp_translate(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir,
			   struct quote *quote)
{
	struct conn *conn = conn_get(w->ipvs->conns, id);
	const struct pkt_meta *meta = pkt_meta(m);
	enum conn_dir sent = dir == CONN_IN ? CONN_OUT : CONN_IN;
	struct rte_icmp_hdr *icmp;
	struct nexthop nexthop;
	struct tuple was, to;

	/* what was sent, as it had arrived here; the error goes back along it */
	conn_tuple(w->ipvs->conns, id, sent, &was);
	to = tuple_reverse(&was);
	to.sport = meta->tuple.sport;
	to.dport = meta->tuple.dport;
	if (!xmit4_way(w, m, &to.dst, to.src.v4, &nexthop))
		return;
	track_count(w, conn, (uint32_t)meta->l3_len + meta->l4_len, dir);
	quote_rewrite(conn, sent, quote, &was);
	icmp = rte_pktmbuf_mtod_offset(m, struct rte_icmp_hdr *, meta->l4_off);
	icmp->icmp_cksum = 0;
	icmp->icmp_cksum = csum_finish(csum_sum(icmp, meta->l4_len, 0));
	xmit4_rewrite_ip(m, &to);
	xmit4_send(w, m, &nexthop);
}

/* The same where packets keep their addresses: so does the error. */
static void icmp_pass(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir)
{
	struct conn *conn = conn_get(w->ipvs->conns, id);
	const struct dest *dest = dest_get(w->ipvs->services, conn->dest);
	const struct pkt_meta *meta = pkt_meta(m);
	const union ip_addr *to = dir == CONN_IN ? &dest->addr : &meta->tuple.dst;
	struct nexthop nexthop;

	if (!xmit4_way(w, m, to, meta->tuple.dst.v4, &nexthop))
		return;
	track_count(w, conn, (uint32_t)meta->l3_len + meta->l4_len, dir);
	xmit4_age(m);
	xmit4_send(w, m, &nexthop);
}

static void icmp_related(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir,
			 struct quote *quote)
{
	if (!icmp_checksum_ok(m))
		drop(w, m, DROP_ICMP_CHECKSUM);
	else if (conn_get(w->ipvs->conns, id)->flags & CONN_NAT)
		icmp_translate(w, m, id, dir, quote);
	else
		icmp_pass(w, m, id, dir);
}

/*
 * Who may have the connection, if there is one: the owners of the answer's tuple, or of the quoted
 * packet's own, which is as it had arrived here if nothing was rewritten.
 */
static struct owners icmp_owners(const struct worker *w, const struct tuple *answer)
{
	struct tuple quoted = tuple_reverse(answer);
	struct owners owners = owners_of(w, answer);

	return owners.n ? owners : owners_of(w, &quoted);
}

void ipvs_icmp(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	struct owners owners;
	struct quote quote;
	enum conn_dir dir;
	uint32_t id;

	/* an error is sent to the source of what it quotes */
	if (!quote_find(m, &quote) || quote.answer.dst.v4 != meta->tuple.dst.v4) {
		stage_push(w, STAGE_IP_ROUTE, m);
		return;
	}
	id = conn_lookup(w->ipvs->conns, &quote.answer, &dir);
	if (id != CONN_NONE) {
		icmp_related(w, m, id, dir, &quote);
		return;
	}
	owners = icmp_owners(w, &quote.answer);
	if (!owners_ask_next(w, m, &owners))
		stage_push(w, STAGE_IP_ROUTE, m);
}
