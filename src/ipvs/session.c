/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/session: see the header. A connection is opened in the order in which it
 * can fail: a server, what the forwarding mode needs, an entry. It starts with
 * the short initial timeout, which the state machine replaces as soon as its
 * first packet has really gone on.
 */
#include "ipvs/session.h"

#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include <rte_tcp.h>
#include <rte_udp.h>

#include "ipvs/ipvs.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/service.h"
#include "ipvs/xmit/xmit.h"
#include "net/ip4.h"
#include "worker/worker.h"

bool session_take(struct worker *w, struct service *svc, const struct sched_packet *packet,
		  struct session_opening *opening, enum drop_reason *reason)
{
	struct dest *dest = service_schedule(w, svc, packet);
	const struct xmit *xmit = dest ? xmit_find(dest->forward) : NULL;

	if (unlikely(!xmit)) {
		*reason = DROP_IPVS_NO_SERVER;
		return false;
	}
	opening->xmit = xmit;
	opening->wants.service = svc;
	opening->wants.dest = dest;
	opening->wants.in = packet->tuple;
	opening->wants.laddr = LADDR_NONE;
	opening->wants.flags = 0;
	return xmit->open(w, &opening->wants, reason);
}

void session_leave(struct worker *w, const struct session_opening *opening)
{
	opening->xmit->close(w, opening->wants.flags, &opening->wants.out);
}

void session_enter(struct worker *w, uint32_t id, const struct session_opening *opening)
{
	const struct xmit_opening *wants = &opening->wants;
	const struct xmit *xmit = opening->xmit;
	struct ipvs *ipvs = w->ipvs;
	struct conn *conn = conn_get(ipvs->conns, id);
	struct conn_cold *cold = conn_cold(ipvs->conns, id);

	cold->service = wants->service->id;
	cold->laddr = wants->laddr;
	conn->dest = wants->dest->id;
	conn->flags = (uint16_t)(wants->flags | wants->dest->forward << CONN_FORWARD_SHIFT |
				 (xmit->flow ? CONN_FLOW : 0));
	if (xmit->nat)
		conn_take_deltas(ipvs->conns, id);
	dest_conn_new(wants->dest, conn);
	wants->service->counters.conns++;
	if (wants->laddr != LADDR_NONE)
		laddr_conn_new(laddr_get(ipvs->services, wants->laddr));
	ipvs->changes++;
}

/* What its first segment has to say. */
static void choose_deltas(struct worker *w, struct rte_mbuf *m, uint32_t id,
			  const struct tuple *out)
{
	const struct rte_tcp_hdr *th = rte_pktmbuf_mtod_offset(m, const struct rte_tcp_hdr *,
							       pkt_meta(m)->l4_off);

	tcp_choose_deltas(conn_get(w->ipvs->conns, id), &w->ipvs->isn_key, out, th,
			  (th->data_off >> 4) * 4u, w->now_ns);
}

/* What a scheduler may look at of m. */
static struct sched_packet packet_of(const struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	uint32_t at = meta->l4_off + (uint32_t)sizeof(struct rte_udp_hdr);
	struct sched_packet packet = { .tuple = &meta->tuple, .now_ms = w->now_ms };

	if (meta->tuple.proto == IPPROTO_UDP && at < m->data_len) {
		packet.payload = rte_pktmbuf_mtod_offset(m, const uint8_t *, at);
		packet.payload_len = RTE_MIN(m->data_len - at,
					     meta->l4_len - (uint32_t)sizeof(struct rte_udp_hdr));
	}
	return packet;
}

uint32_t session_open(struct worker *w, struct rte_mbuf *m, struct service *svc)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct sched_packet packet = packet_of(w, m);
	struct session_opening opening;
	enum drop_reason reason;
	uint32_t id;

	if (!session_take(w, svc, &packet, &opening, &reason)) {
		if (reason == DROP_IPVS_NO_SERVER)
			icmp4_send_error(w, m, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0,
					 meta->tuple.dst.v4);
		drop(w, m, reason);
		return CONN_NONE;
	}
	id = conn_create(w->ipvs->conns, opening.wants.in, &opening.wants.out);
	if (id == CONN_NONE) {
		session_leave(w, &opening);
		drop(w, m, DROP_IPVS_CONN_FULL);
		return CONN_NONE;
	}
	session_enter(w, id, &opening);
	if (meta->tuple.proto == IPPROTO_TCP && opening.xmit->shift_tcp)
		choose_deltas(w, m, id, &opening.wants.out);
	conn_set_timeout(w->ipvs->conns, id, w->ipvs->config.conn_init_timeout_s, w->now_ms);
	return id;
}

void session_release(struct worker *w, uint32_t id)
{
	struct ipvs *ipvs = w->ipvs;
	const struct conn *conn = conn_get(ipvs->conns, id);
	const struct conn_cold *cold = conn_cold(ipvs->conns, id);
	struct laddr *laddr = laddr_get(ipvs->services, cold->laddr);
	struct tuple out;

	conn_tuple(ipvs->conns, id, CONN_OUT, &out);
	xmit_find(conn_forward(conn))->close(w, conn->flags, &out);
	dest_conn_free(dest_get(ipvs->services, conn->dest), conn);
	if (laddr)
		laddr_conn_free(laddr);
}

void session_close(struct worker *w, uint32_t id)
{
	session_release(w, id);
	conn_free(w->ipvs->conns, id);
}
