/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rr: each new connection goes to the next usable real server. Every worker
 * counts for itself; workers start at different servers, so that a burst
 * spread by RSS does not hit the first server once per core. New servers stand
 * in front of the list, as in the kernel: they are met when the round comes to
 * its start again.
 */
#include "ipvs/service.h"

struct rr {
	uint32_t next;   /* where to look first; n_dests: a round is over */
	uint32_t picked; /* anything yet? */
};

static void rr_changed(struct service *svc, enum sched_change change, uint32_t index)
{
	struct rr *rr = svc->sched_priv;

	if (!rr->picked)
		return;
	if (change == SCHED_ADDED && rr->next > index)
		rr->next++;
	else if (change == SCHED_REMOVED && rr->next > index)
		rr->next--;
}

static struct dest *rr_pick(struct service *svc, const struct sched_packet *packet)
{
	struct rr *rr = svc->sched_priv;

	if (svc->n_dests == 0)
		return NULL;
	if (!rr->picked)
		rr->next = service_first_dest(svc);
	for (uint32_t tried = 0; tried < svc->n_dests; tried++) {
		uint32_t at = (rr->next + tried) % svc->n_dests;

		if (dest_usable(svc->dests[at])) {
			rr->next = at + 1;
			rr->picked = 1;
			return svc->dests[at];
		}
	}
	return NULL;
}

const struct scheduler sched_rr = {
	.name = "rr",
	.priv_size = sizeof(struct rr),
	.changed = rr_changed,
	.pick = rr_pick,
};
