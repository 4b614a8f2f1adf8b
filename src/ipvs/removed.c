/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/removed: what has been removed stays, out of every list, as long as
 * connections or templates refer to its id, and so does its address (hold.h).
 * The master looks once a second and reads the workers' counts where they are.
 * When all workers have the removal, counts can only fall; so a sum of zero is
 * final, unless the master itself brings it back, and then it does not look at
 * it here. A service ends when it has no removed servers and local addresses
 * left: each of its connections is counted at a server of it.
 */
#include "ipvs/removed.h"

#include "ipvs/hold.h"
#include "ipvs/service_int.h"

/* What finds no memory is tried again at the next sweep. */
void removed_sweep(struct worker *const *all)
{
	struct service_table *table = service_table_of(all[WORKER_MASTER]);
	const struct service_master *master = table->master;

	if (master->n_removed == 0 || ops_acknowledged(all) < master->removed_seq)
		return;
	for (uint32_t id = 0; id < master->dests.used; id++) {
		struct dest *dest = &table->dests[id];

		if ((dest->flags & DEST_REMOVED) && hold_leave_dest(all, dest))
			dest_free(all, dest);
	}
	for (uint32_t id = 0; id < master->laddrs.used; id++) {
		struct laddr *laddr = &table->laddrs[id];

		if ((laddr->flags & LADDR_REMOVED) && hold_leave_laddr(all, laddr))
			laddr_free(all, laddr);
	}
	for (uint32_t id = 0; id < master->services.used; id++) {
		struct service *svc = &table->services[id];

		if ((svc->flags & SERVICE_REMOVED) && svc->removed_dests == DEST_NONE &&
		    svc->removed_laddrs == LADDR_NONE)
			service_free(all, svc);
	}
}
