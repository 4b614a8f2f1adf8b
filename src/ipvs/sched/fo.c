/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fo, failover: all connections go to the usable server of the largest weight;
 * the others stand by. Among equals it is the first in the list.
 */
#include "ipvs/service.h"

static struct dest *fo_pick(struct service *svc, const struct sched_packet *packet)
{
	struct dest *best = NULL;

	for (uint32_t i = 0; i < svc->n_dests; i++) {
		struct dest *dest = svc->dests[i];

		if (dest_usable(dest) && (!best || dest->weight > best->weight))
			best = dest;
	}
	return best;
}

const struct scheduler sched_fo = {
	.name = "fo",
	.pick = fo_pick,
};
