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

#include "ipvs/ipvs.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/service.h"
#include "ipvs/xmit/xmit.h"
#include "net/ip4.h"
#include "worker/worker.h"

static void session_init(struct worker *w, struct rte_mbuf *m, uint32_t id,
			 const struct xmit_opening *opening, const struct xmit *xmit)
{
	struct ipvs *ipvs = w->ipvs;
	struct conn *conn = conn_get(ipvs->conns, id);
	struct conn_cold *cold = conn_cold(ipvs->conns, id);

	cold->service = opening->service->id;
	cold->laddr = opening->laddr;
	conn->dest = opening->dest->id;
	conn->flags = (uint16_t)(opening->flags | opening->dest->forward << CONN_FORWARD_SHIFT);
	if (conn->proto == IPPROTO_TCP && xmit->shift_tcp) {
		const struct rte_tcp_hdr *th =
			rte_pktmbuf_mtod_offset(m, const struct rte_tcp_hdr *, pkt_meta(m)->l4_off);

		tcp_choose_deltas(conn, &ipvs->isn_key, &opening->out, th, (th->data_off >> 4) * 4u,
				  w->now_ns);
	}
	if (xmit->flow)
		conn->flags |= CONN_FLOW;
	if (xmit->nat)
		conn_take_deltas(ipvs->conns, id);
	conn_set_timeout(ipvs->conns, id, ipvs->config.conn_init_timeout_s, w->now_ms);
	dest_conn_new(opening->dest, conn);
	opening->service->counters.conns++;
	if (opening->laddr != LADDR_NONE)
		laddr_conn_new(laddr_get(ipvs->services, opening->laddr));
}

uint32_t session_open(struct worker *w, struct rte_mbuf *m, struct service *svc)
{
	const struct pkt_meta *meta = pkt_meta(m);
	struct dest *dest = service_schedule(w, svc, meta);
	const struct xmit *xmit = dest ? xmit_find(dest->forward) : NULL;
	struct xmit_opening opening = {
		.service = svc, .dest = dest, .in = &meta->tuple, .laddr = LADDR_NONE
	};
	enum drop_reason reason;
	uint32_t id;

	if (!xmit) {
		icmp4_send_error(w, m, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, meta->tuple.dst.v4);
		drop(w, m, DROP_IPVS_NO_SERVER);
		return CONN_NONE;
	}
	if (!xmit->open(w, &opening, &reason)) {
		drop(w, m, reason);
		return CONN_NONE;
	}
	id = conn_create(w->ipvs->conns, opening.in, &opening.out);
	if (id == CONN_NONE) {
		xmit->close(w, opening.flags, &opening.out);
		drop(w, m, DROP_IPVS_CONN_FULL);
		return CONN_NONE;
	}
	session_init(w, m, id, &opening, xmit);
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
