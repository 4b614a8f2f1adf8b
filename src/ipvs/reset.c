/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/reset: what is said when an established TCP connection expires. Neither
 * side would ever hear of it and might wait for ever, so both get a reset that
 * their stacks accept: its sequence number is just what they expect next, as
 * far as the server's segments have told. The server's numbers pass unchanged
 * towards the client; what it acknowledges is shifted back.
 */
#include <netinet/in.h>

#include <rte_ip.h>
#include <rte_tcp.h>

#include "ipvs/conn.h"
#include "ipvs/ipvs.h"
#include "ipvs/ipvs_int.h"
#include "net/ip4.h"
#include "net/ip6.h"
#include "net/net.h"
#include "packet/csum.h"
#include "worker/worker.h"

static void reset_fill(struct rte_tcp_hdr *th, const struct tuple *to, uint32_t seq, uint32_t ack)
{
	*th = (struct rte_tcp_hdr){
		.src_port = to->sport,
		.dst_port = to->dport,
		.sent_seq = rte_cpu_to_be_32(seq),
		.recv_ack = rte_cpu_to_be_32(ack),
		.data_off = sizeof(*th) / 4 << 4,
		.tcp_flags = RTE_TCP_RST_FLAG | RTE_TCP_ACK_FLAG,
	};
}

/* In front of a TCP header that is there; returns its length. */
static uint16_t reset_header(struct worker *w, uint8_t *data, const struct tuple *to)
{
	const uint16_t tcp_len = sizeof(struct rte_tcp_hdr);

	if (to->family == AF_INET) {
		ip4_header_fill(w, (struct rte_ipv4_hdr *)(void *)data, to->src.v4, to->dst.v4,
				IPPROTO_TCP, sizeof(struct rte_ipv4_hdr) + tcp_len);
		return sizeof(struct rte_ipv4_hdr);
	}
	ip6_header_fill((struct rte_ipv6_hdr *)(void *)data, &to->src, &to->dst, IPPROTO_TCP,
			tcp_len);
	return sizeof(struct rte_ipv6_hdr);
}

static void reset_send(struct worker *w, const struct tuple *to, uint32_t seq, uint32_t ack)
{
	struct rte_mbuf *m = worker_make_packet(w);
	struct pkt_meta *meta;
	struct rte_tcp_hdr *th;
	uint16_t l3_len;
	uint8_t *data;

	if (!m)
		return;
	data = (uint8_t *)rte_pktmbuf_append(m, sizeof(struct rte_ipv6_hdr) + sizeof(*th));
	l3_len = reset_header(w, data, to);
	rte_pktmbuf_trim(m, (uint16_t)(sizeof(struct rte_ipv6_hdr) - l3_len));
	th = (struct rte_tcp_hdr *)(void *)(data + l3_len);
	reset_fill(th, to, seq, ack);
	th->cksum = csum_l4(m, to->family, l3_len, IPPROTO_TCP);
	meta = pkt_meta(m);
	meta->tuple = *to;
	meta->l3_len = l3_len;
	meta->l4_off = l3_len;
	meta->l4_len = sizeof(*th);
	meta->ttl = data[to->family == AF_INET ? offsetof(struct rte_ipv4_hdr, time_to_live)
					       : offsetof(struct rte_ipv6_hdr, hop_limits)];
	stage_push(w, STAGE_IP_OUTPUT, m);
}

static bool reset_allowed(struct worker *w)
{
	return net_bucket_take(&w->net->reset_bucket, w->net->config.icmp_rate, w->now_ms);
}

void reset_both_sides(struct worker *w, uint32_t id)
{
	const struct conn *conn = conn_get(w->ipvs->conns, id);
	struct tuple in, out, to_server, to_client;
	uint32_t shift = conn->flags & CONN_SEQ ? conn->seq_delta : 0;

	conn_tuple(w->ipvs->conns, id, CONN_IN, &in);
	conn_tuple(w->ipvs->conns, id, CONN_OUT, &out);
	to_server = tuple_reverse(&out);
	to_client = tuple_reverse(&in);
	if (reset_allowed(w))
		reset_send(w, &to_server, conn->last_ack, conn->last_seq);
	if (reset_allowed(w))
		reset_send(w, &to_client, conn->last_seq, conn->last_ack - shift);
}
