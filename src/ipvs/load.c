/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/load: see the header. A worker that does not have the server yet has no connections of it.
 */
#include "ipvs/load.h"

#include "ipvs/ipvs.h"

#define LOADS_FEW_CONNS   100u /* of a server, times workers */
#define LOADS_FEW_SERVERS 32u

/* What they are by now, less what load_of_all() supposes of them. Returns the connections of all.
 */
static uint64_t read_others(const struct worker *w, struct dest *dest)
{
	uint32_t active = 0, inactive = 0;

	for (unsigned int i = 1; i <= w->n_workers; i++) {
		const struct dest *its = &w->all[i]->ipvs->services->dests[dest->id];

		if (i == w->id)
			continue;
		active += __atomic_load_n(&its->active, __ATOMIC_RELAXED);
		inactive += __atomic_load_n(&its->inactive, __ATOMIC_RELAXED);
	}
	dest->others_active = (int32_t)(active - dest->n_others * dest->active);
	dest->others_inactive = (int32_t)(inactive - dest->n_others * dest->inactive);
	return (uint64_t)active + inactive + dest->active + dest->inactive;
}

void service_read_loads(const struct worker *w, struct service *svc)
{
	uint64_t least = UINT64_MAX;

	svc->loads_ms = w->now_ms;
	for (uint32_t i = 0; i < svc->n_dests; i++) {
		uint64_t conns = read_others(w, svc->dests[i]);

		if (conns < least && dest_usable(svc->dests[i]))
			least = conns;
	}
	svc->loads_few = svc->n_dests <= LOADS_FEW_SERVERS &&
			 least < (uint64_t)LOADS_FEW_CONNS * w->n_workers;
}
