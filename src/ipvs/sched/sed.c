/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sed, the shortest expected delay: a new connection goes where it would wait
 * least: to the usable server with the fewest active connections for its weight,
 * the new one included. Inactive ones cost nothing, so those of UDP, which never
 * become active, all go to one server, as in the kernel.
 */
#include "ipvs/load.h"

static struct dest *sed_pick(struct service *svc, const struct sched_packet *packet)
{
	return load_least(svc, LOAD_BY_WEIGHT, load_delay);
}

const struct scheduler sched_sed = {
	.name = "sed",
	.loads = true,
	.pick = sed_pick,
};
