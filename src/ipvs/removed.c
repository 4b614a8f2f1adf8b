/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/removed: what has been removed stays, out of every list, as long as
 * connections or templates refer to its id. The master looks once a second and
 * reads the workers' counts where they are. When all workers have the removal, counts
 * can only fall; so a sum of zero is final, unless the master itself brings it
 * back, and then it does not look at it here. A service ends when it has no
 * removed servers and local addresses left: each of its connections is counted
 * at a server of it.
 */
#include "ipvs/removed.h"

#include "ipvs/service_int.h"

static uint64_t dest_conns(struct worker *const *all, uint32_t id)
{
	uint64_t sum = 0;

	for (unsigned int i = 1; i <= all[WORKER_MASTER]->n_workers; i++) {
		const struct dest *dest = &service_table_of(all[i])->dests[id];
		uint64_t both = __atomic_load_n((const uint64_t *)(const void *)&dest->active,
						__ATOMIC_ACQUIRE);

		sum += (both & UINT32_MAX) + (both >> 32);
		sum += __atomic_load_n(&dest->persistent, __ATOMIC_RELAXED);
	}
	return sum;
}

static uint64_t laddr_conns(struct worker *const *all, uint32_t id)
{
	uint64_t sum = 0;

	for (unsigned int i = 1; i <= all[WORKER_MASTER]->n_workers; i++)
		sum += __atomic_load_n(&service_table_of(all[i])->laddrs[id].conns,
				       __ATOMIC_RELAXED);
	return sum;
}

/* What finds no memory is tried again at the next sweep. */
void removed_sweep(struct worker *const *all)
{
	struct service_table *table = service_table_of(all[WORKER_MASTER]);
	const struct service_master *master = table->master;

	if (master->n_removed == 0 || ops_acknowledged(all) < master->removed_seq)
		return;
	for (uint32_t id = 0; id < master->dests.used; id++)
		if ((table->dests[id].flags & DEST_REMOVED) && dest_conns(all, id) == 0)
			dest_free(all, &table->dests[id]);
	for (uint32_t id = 0; id < master->laddrs.used; id++)
		if ((table->laddrs[id].flags & LADDR_REMOVED) && laddr_conns(all, id) == 0)
			laddr_free(all, &table->laddrs[id]);
	for (uint32_t id = 0; id < master->services.used; id++) {
		struct service *svc = &table->services[id];

		if ((svc->flags & SERVICE_REMOVED) && svc->removed_dests == DEST_NONE &&
		    svc->removed_laddrs == LADDR_NONE)
			service_free(all, svc);
	}
}
