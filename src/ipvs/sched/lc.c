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
	return load_least(svc, LOAD_AS_IT_IS, load_both);
}

const struct scheduler sched_lc = {
	.name = "lc",
	.loads = true,
	.pick = lc_pick,
};
