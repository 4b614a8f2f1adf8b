/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs-echo: ICMP echo through services of marks. A request that a rule gives
 * the mark of a service is scheduled and goes on as a datagram would; its reply
 * comes back as the virtual address's. What no such service wants is the
 * routing stage's, as is what answers itself: a virtual address is one of ours.
 * While no service has a mark, nothing is looked at.
 */
#include <rte_icmp.h>

#include "ipvs/home.h"
#include "ipvs/ipvs.h"
#include "ipvs/ipvs_int.h"
#include "ipvs/ours.h"
#include "ipvs/owner.h"
#include "ipvs/service.h"
#include "ipvs/session.h"
#include "ipvs/xmit/xmit.h"
#include "net/icmp4.h"
#include "net/icmp6.h"
#include "worker/worker.h"

static uint8_t type_of(struct rte_mbuf *m)
{
	return *rte_pktmbuf_mtod_offset(m, const uint8_t *, pkt_meta(m)->l4_off);
}

static bool is_request(struct rte_mbuf *m)
{
	return type_of(m) == (pkt_meta(m)->tuple.family == AF_INET ? ICMP4_ECHO : ICMP6_ECHO);
}

static bool is_reply(struct rte_mbuf *m)
{
	return type_of(m) ==
	       (pkt_meta(m)->tuple.family == AF_INET ? ICMP4_ECHO_REPLY : ICMP6_ECHO_REPLY);
}

static void forward(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir)
{
	xmit_find(conn_forward(conn_get(w->ipvs->conns, id)))->run(w, m, id, dir);
}

/* false: it is none of our business. */
static bool echo_miss(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	bool request = is_request(m);
	struct service *svc = request ? ours_service(w, &meta->tuple, meta->in_port) : NULL;
	struct owners owners;
	uint32_t id;

	if (request && !svc)
		return false;
	owners = owners_of(w, &meta->tuple, meta->in_port);
	if (!home_has_answered(meta) && owners_ask_next(w, m, &owners))
		return true;
	if (!request)
		return false;
	if (unlikely(!home_has_answered(meta) && ipvs_shed(w, m)) || ipvs_leaves_scope(w, m))
		return true;
	id = session_open(w, m, svc);
	if (id != CONN_NONE)
		forward(w, m, id, CONN_IN);
	return true;
}

bool ipvs_echo(struct worker *w, struct rte_mbuf *m)
{
	enum conn_dir dir;
	uint32_t id;

	if (likely(!w->ipvs->services->n_marked) || (!is_request(m) && !is_reply(m)))
		return false;
	id = conn_lookup(w->ipvs->conns, &pkt_meta(m)->tuple, &dir);
	if (id == CONN_NONE)
		return echo_miss(w, m);
	ipvs_shed_hit(w, m);
	forward(w, m, id, dir);
	return true;
}
