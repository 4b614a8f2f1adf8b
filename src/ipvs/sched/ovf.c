/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ovf, overflow: connections go to the usable server of the largest weight until
 * it has more active ones than that weight says, then to the next. When all have,
 * there is none. Inactive connections do not count, so UDP never overflows, as in
 * the kernel.
 */
#include "ipvs/load.h"

static struct dest *ovf_pick(struct service *svc, const struct sched_packet *packet)
{
	struct dest *best = NULL;

	for (uint32_t i = 0; i < svc->n_dests; i++) {
		struct dest *dest = svc->dests[i];

		if (!dest_usable(dest) || load_active(dest) > dest->weight)
			continue;
		if (!best || dest->weight > best->weight)
			best = dest;
	}
	return best;
}

const struct scheduler sched_ovf = {
	.name = "ovf",
	.loads = true,
	.pick = ovf_pick,
};
