/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/home: see the header. Services change on one worker a moment before they
 * do on the other: an answer about a server that this one does not have is no
 * answer, and the packet is dropped; its sender repeats it.
 */
#include "ipvs/home.h"

#include "ipvs/ipvs.h"
#include "ipvs/ours.h"
#include "ipvs/sched/packet.h"
#include "ipvs/service.h"
#include "ipvs/template.h"
#include "link/steer.h"
#include "worker/worker.h"

/* false: dropped, unless it is only that no server is usable. */
static bool decide(struct worker *w, struct rte_mbuf *m, struct service *svc,
		   const struct sched_packet *packet, struct template_decision *decision)
{
	enum drop_reason reason;

	*decision = (struct template_decision){ .dest = DEST_NONE };
	if (template_decide(w, svc, packet, decision, &reason) || reason == DROP_IPVS_NO_SERVER)
		return true;
	drop(w, m, reason);
	return false;
}

static void ask(struct worker *w, struct rte_mbuf *m, unsigned int home)
{
	struct pkt_meta *meta = pkt_meta(m);

	meta->home_asker = (uint16_t)w->id;
	meta->flags |= META_HOME_ASKED;
	steer_hand_over(w, m, home);
}

static void send_back(struct worker *w, struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);

	meta->flags &= (uint16_t)~META_HOME_ASKED;
	meta->flags |= META_HOME_ANSWERED;
	steer_hand_over(w, m, meta->home_asker);
}

static void answer(struct worker *w, struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);
	struct service *svc = ours_service_of(w, meta);
	const struct sched_packet packet = sched_packet_of(w, m);
	struct template_decision decision;

	if (!svc || !svc->persist_s) {
		drop(w, m, DROP_IPVS_HOME);
		return;
	}
	if (!decide(w, m, svc, &packet, &decision))
		return;
	meta->home_dest = decision.dest;
	meta->home_dest_serial = decision.dest_serial;
	meta->home_template = decision.template;
	meta->home_serial = decision.serial;
	send_back(w, m);
}

void home_answer(struct worker *w, struct rte_mbuf *m)
{
	if (unlikely(pkt_meta(m)->flags & META_FRAGMENT_LATER))
		send_back(w, m); /* it only had to stay behind its first fragment */
	else
		answer(w, m);
}

bool home_follow(struct worker *w, struct rte_mbuf *m, const struct service *svc)
{
	unsigned int home;

	if (!svc->persist_s || home_has_answered(pkt_meta(m)))
		return false;
	home = template_home(w, svc, &pkt_meta(m)->tuple);
	if (home == w->id)
		return false;
	ask(w, m, home);
	return true;
}

static bool take_answer(struct worker *w, struct rte_mbuf *m, const struct service *svc,
			struct template_decision *decision)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct dest *dest = dest_get(w->ipvs->services, meta->home_dest);

	*decision = (struct template_decision){
		.dest = meta->home_dest,
		.dest_serial = meta->home_dest_serial,
		.template = meta->home_template,
		.serial = meta->home_serial,
	};
	if (decision->dest == DEST_NONE ||
	    (dest && dest->serial == decision->dest_serial && dest->service == svc->id &&
	     !(dest->flags & DEST_REMOVED)))
		return true;
	drop(w, m, DROP_IPVS_HOME);
	return false;
}

bool home_decide(struct worker *w, struct rte_mbuf *m, struct service *svc,
		 const struct sched_packet *packet, struct template_decision *decision)
{
	unsigned int home;

	if (home_has_answered(pkt_meta(m)))
		return take_answer(w, m, svc, decision);
	home = template_home(w, svc, packet->tuple);
	if (home == w->id)
		return decide(w, m, svc, packet, decision);
	ask(w, m, home);
	return false;
}
