/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lc: each new connection goes to the usable server that has the fewest,
 * whatever its weight, an active connection counting as 256 inactive ones.
 * Among equals it is the first in the list, at which each worker begins
 * elsewhere.
 */
#include "ipvs/load.h"

static struct dest *lc_pick(struct service *svc, const struct sched_packet *packet)
{
	uint32_t at = service_first_dest(svc);
	struct dest *least = NULL;
	uint64_t least_load = 0;

	for (uint32_t tried = 0; tried < svc->n_dests; tried++, at++) {
		struct dest *dest = svc->dests[at < svc->n_dests ? at : at - svc->n_dests];
		uint64_t load;

		if (!dest_usable(dest))
			continue;
		load = load_both(dest);
		if (!least || load < least_load) {
			least = dest;
			least_load = load;
		}
	}
	return least;
}

const struct scheduler sched_lc = {
	.name = "lc",
	.by_load = true,
	.pick = lc_pick,
};
