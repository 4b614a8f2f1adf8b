/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs-echo: ICMP echo through services of marks, and of matches of ICMP. A
 * request that a rule gives the mark of a service, or that a match suits, is
 * scheduled and goes on as a datagram would; its reply comes back as the
 * virtual address's, or to the client inside. What no such service wants is the
 * routing stage's, as is what answers itself: a virtual address is one of ours.
 * While there are no such services, nothing is looked at.
 *
 * Those in pieces come from where they have met (net/frag_meet), and the first
 * piece has told the others whose and of what type they are. What it has opened
 * they find; if it was refused, so are they.
 */
#include "ipvs/home.h"
#include "ipvs/ipvs.h"
#include "ipvs/ipvs_int.h"
#include "ipvs/match.h"
#include "ipvs/ours.h"
#include "ipvs/owner.h"
#include "ipvs/proto/echo.h"
#include "ipvs/service.h"
#include "ipvs/session.h"
#include "ipvs/xmit/xmit.h"
#include "worker/worker.h"

bool ipvs_balances_echoes(const struct worker *w)
{
	const struct service_table *table = w->ipvs->services;

	return table->n_marked || table->n_matches || table->n_removed || w->ipvs->former_marks;
}

static bool is_later(const struct pkt_meta *meta)
{
	return meta->flags & META_FRAGMENT_LATER;
}

static uint8_t type_of(struct rte_mbuf *m)
{
	if (unlikely(is_later(pkt_meta(m))))
		return (uint8_t)pkt_meta(m)->fragment_says;
	return *rte_pktmbuf_mtod_offset(m, const uint8_t *, pkt_meta(m)->l4_off);
}

/* false: it is none of our business. */
static bool echo_miss(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	bool request = echo_is_request(meta->tuple.family, type_of(m));
	struct service *svc = request ? ours_service_of(w, meta) : NULL;
	struct owners owners;
	uint32_t id;

	/* its connection may have outlived its match or its mark's service */
	if (request && !svc && !match_may_own(w, &meta->tuple) &&
	    !ours_removed_service(w, &meta->tuple, meta->in_port) &&
	    !ours_former_kinds(w, &meta->tuple, meta->in_port))
		return false;
	owners = owners_of(w, &meta->tuple, meta->in_port);
	if (!home_has_answered(meta) && owners_ask_next(w, m, &owners))
		return true;
	if (!svc)
		return false;
	if (unlikely(is_later(meta))) {
		if (!home_follow(w, m, svc))
			drop(w, m, DROP_IPVS_NO_CONN);
		return true;
	}
	if (unlikely(!home_has_answered(meta) && ipvs_shed(w, m)) || ipvs_leaves_scope(w, m))
		return true;
	id = session_open(w, m, svc);
	if (id != CONN_NONE)
		xmit_run(w, m, id, CONN_IN);
	return true;
}

bool ipvs_echo(struct worker *w, struct rte_mbuf *m)
{
	unsigned int family = pkt_meta(m)->tuple.family;
	enum conn_dir dir;
	uint32_t id;

	if (likely(!ipvs_balances_echoes(w)) ||
	    (!echo_is_request(family, type_of(m)) && !echo_is_reply(family, type_of(m))))
		return false;
	id = conn_lookup(w->ipvs->conns, &pkt_meta(m)->tuple, &dir);
	if (id == CONN_NONE)
		return echo_miss(w, m);
	ipvs_shed_hit(w, m);
	xmit_run(w, m, id, dir);
	return true;
}
