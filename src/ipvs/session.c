/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/session: see the header. A connection is opened in the order in which it
 * can fail: a server, what the forwarding mode needs, an entry. It starts with
 * the short initial timeout, which the state machine replaces as soon as its
 * first packet has really gone on.
 */
#include "ipvs/session.h"

#include <netinet/in.h>

#include <rte_tcp.h>
#include <rte_udp.h>

#include "ipvs/home.h"
#include "ipvs/ipvs.h"
#include "ipvs/lport.h"
#include "ipvs/pool.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/sched/packet.h"
#include "ipvs/service.h"
#include "ipvs/xmit/xmit.h"
#include "net/ip.h"
#include "worker/worker.h"

#define SERVER_TRIES 8

/* dest: with a place for it. */
static bool take_with(struct worker *w, struct service *svc, const struct sched_packet *packet,
		      struct dest *dest, struct session_opening *opening, enum drop_reason *reason)
{
	const struct xmit *xmit = dest ? xmit_find(dest->forward) : NULL;

	if (unlikely(!xmit)) {
		if (dest)
			dest_place_give(dest);
		*reason = DROP_IPVS_NO_SERVER;
		return false;
	}
	opening->xmit = xmit;
	opening->wants.service = svc;
	opening->wants.dest = dest;
	opening->wants.in = packet->tuple;
	opening->wants.laddr = LADDR_NONE;
	opening->wants.flags = 0;
	opening->decision.template = TEMPLATE_NONE;
	if (xmit->open(w, &opening->wants, reason))
		return true;
	dest_place_give(dest);
	return false;
}

/* A server with a place for it; the last one of it may be another worker's a moment later. A public
 * address is the client's own, whatever the scheduler. */
static struct dest *take_server(struct worker *w, struct service *svc,
				const struct sched_packet *packet)
{
	for (unsigned int tries = 0; tries < SERVER_TRIES; tries++) {
		struct dest *dest = likely(!svc->key.match) ? service_schedule(w, svc, packet)
							    : pool_pick(w, svc, packet->tuple);

		if (!dest || likely(dest_place_take(dest)))
			return dest;
	}
	return NULL;
}

bool session_take(struct worker *w, struct service *svc, const struct sched_packet *packet,
		  struct session_opening *opening, enum drop_reason *reason)
{
	return take_with(w, svc, packet, take_server(w, svc, packet), opening, reason);
}

/* A local port, if the mode has taken one. */
static void give_port(struct worker *w, const struct dest *dest, uint16_t conn_flags,
		      const struct tuple *out)
{
	if (conn_flags & CONN_LPORT)
		lport_release_in(w->ipvs->lports, out, dest_ports(dest));
}

void session_leave(struct worker *w, const struct session_opening *opening)
{
	give_port(w, opening->wants.dest, opening->wants.flags, &opening->wants.out);
	dest_place_give(opening->wants.dest);
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
	if (unlikely(opening->decision.template != TEMPLATE_NONE)) {
		template_conn_new(w, cold, &opening->decision);
		conn->flags |= CONN_TEMPLATE;
	}
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

/* A router has no way for it (RFC 6146 3.5.1.1); it does not speak for the host that is asked. */
static void refuse_passing(struct worker *w, struct rte_mbuf *m, enum drop_reason reason)
{
	if (reason == DROP_IPVS_NO_SERVER || reason == DROP_IPVS_NO_PORT)
		ip_send_error(w, m, IP_ERROR_HOST, 0, NULL);
	drop(w, m, reason);
}

static void refuse(struct worker *w, struct rte_mbuf *m, const struct service *svc,
		   enum drop_reason reason)
{
	if (svc->key.match) {
		refuse_passing(w, m, reason);
		return;
	}
	if (reason == DROP_IPVS_NO_SERVER)
		ip_send_error(w, m, IP_ERROR_PORT, 0, &pkt_meta(m)->tuple.dst);
	drop(w, m, reason);
}

/* With the server that the client's template says. false: m is gone, or on its way. */
static bool take_persistent(struct worker *w, struct rte_mbuf *m, struct service *svc,
			    const struct sched_packet *packet, struct session_opening *opening)
{
	struct template_decision decision;
	enum drop_reason reason;
	struct dest *dest;

	if (!home_decide(w, m, svc, packet, &decision))
		return false;
	dest = dest_get(w->ipvs->services, decision.dest);
	if (dest)
		dest_place_take_over(dest);
	if (!take_with(w, svc, packet, dest, opening, &reason)) {
		refuse(w, m, svc, reason);
		return false;
	}
	opening->decision = decision;
	return true;
}

static bool take(struct worker *w, struct rte_mbuf *m, struct service *svc,
		 const struct sched_packet *packet, struct session_opening *opening)
{
	enum drop_reason reason;

	if (unlikely(svc->persist_s))
		return take_persistent(w, m, svc, packet, opening);
	if (session_take(w, svc, packet, opening, &reason))
		return true;
	refuse(w, m, svc, reason);
	return false;
}

uint32_t session_open(struct worker *w, struct rte_mbuf *m, struct service *svc)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct sched_packet packet = sched_packet_of(w, m);
	struct session_opening opening;
	uint32_t id;

	opening.wants.clash_later = false;
	if (!take(w, m, svc, &packet, &opening))
		return CONN_NONE;
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
	struct dest *dest = dest_get(ipvs->services, conn->dest);
	struct tuple out;

	conn_tuple(ipvs->conns, id, CONN_OUT, &out);
	give_port(w, dest, conn->flags, &out);
	dest_conn_free(dest, conn);
	template_conn_free(w, cold);
	if (laddr)
		laddr_conn_free(laddr);
}

void session_close(struct worker *w, uint32_t id)
{
	session_release(w, id);
	conn_free(w->ipvs->conns, id);
}
