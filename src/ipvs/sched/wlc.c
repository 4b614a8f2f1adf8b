/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wlc: each new connection goes to the usable server that has the fewest for
 * its weight, an active connection counting as 256 inactive ones. Among equals
 * it is the first in the list, at which each worker begins elsewhere.
 */
#include "ipvs/load.h"

static struct dest *wlc_pick(struct service *svc, const struct sched_packet *packet)
{
	return load_least(svc, LOAD_BY_WEIGHT, load_both);
}

const struct scheduler sched_wlc = {
	.name = "wlc",
	.loads = true,
	.pick = wlc_pick,
};
