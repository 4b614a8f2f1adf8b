/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wlc: each new connection goes to the usable server that has the fewest for
 * its weight, an active connection counting as 256 inactive ones. Among equals
 * it is the first in the list; workers, which see their own connections only,
 * start to look at different servers.
 */
#include "ipvs/service.h"

static inline uint64_t wlc_load(const struct dest *dest)
{
	return ((uint64_t)dest->active << 8) + dest->inactive;
}

static struct dest *wlc_pick(struct service *svc, const struct pkt_meta *meta)
{
	struct dest *least = NULL;
	uint32_t at = service_first_dest(svc);

	for (uint32_t tried = 0; tried < svc->n_dests; tried++, at++) {
		struct dest *dest = svc->dests[at < svc->n_dests ? at : at - svc->n_dests];

		if (!dest_usable(dest))
			continue;
		if (!least || wlc_load(least) * dest->weight > wlc_load(dest) * least->weight)
			least = dest;
	}
	return least;
}

const struct scheduler sched_wlc = {
	.name = "wlc",
	.pick = wlc_pick,
};
