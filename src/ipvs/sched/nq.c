/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nq, never queue: a usable server without active connections gets the new one,
 * the first of the list if there are several; when all are busy it is sed's
 * choice.
 */
#include "ipvs/load.h"

static struct dest *nq_pick(struct service *svc, const struct sched_packet *packet)
{
	uint32_t at = service_first_dest(svc);

	for (uint32_t tried = 0; tried < svc->n_dests; tried++, at++) {
		struct dest *dest = svc->dests[at < svc->n_dests ? at : at - svc->n_dests];

		if (dest_usable(dest) && load_active(dest) == 0)
			return dest;
	}
	return load_least(svc, LOAD_BY_WEIGHT, load_delay);
}

const struct scheduler sched_nq = {
	.name = "nq",
	.loads = true,
	.pick = nq_pick,
};
