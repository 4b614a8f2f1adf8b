/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/unplug: the local and public addresses that services have on a device go with it, and rules
 * of marks.
 * Connections from them end as those of any local address that is removed.
 */
#include "ipvs/ipvs.h"

#include <string.h>

#include "ipvs/hold.h"
#include "ipvs/mark.h"
#include "ipvs/service_int.h"
#include "link/port.h"
#include "net/addr.h"

static int unplug_service(struct worker *const *all, const struct service *svc, const char *dev)
{
	for (uint32_t i = svc->n_laddrs; i > 0; i--) {
		struct laddr *laddr = svc->laddrs[i - 1];
		int r;

		if (strcmp(laddr->dev, dev) != 0)
			continue;
		r = laddr_del(all, laddr);
		if (r < 0)
			return r;
	}
	return 0;
}

static int unplug_match(struct worker *const *all, const struct service *svc, const char *dev)
{
	const struct worker *master = all[WORKER_MASTER];
	uint16_t port = port_find(master->link, dev);

	for (uint32_t i = svc->n_dests; i > 0; i--) {
		struct dest *dest = svc->dests[i - 1];
		int r;

		if (addr_port(master, dest->family, &dest->addr) != port)
			continue;
		r = dest_del(all, dest);
		if (r < 0)
			return r;
	}
	return 0;
}

int ipvs_unplug(struct worker *const *all, const char *dev)
{
	const struct service_table *table = service_table_of(all[WORKER_MASTER]);
	uint16_t port = port_find(all[WORKER_MASTER]->link, dev);
	int r = mark_unplug(all, port);

	for (uint32_t id = 0; r == 0 && id < table->used; id++) {
		const struct service *svc = &table->services[id];

		if (svc->serial && !(svc->flags & SERVICE_REMOVED))
			r = svc->key.match ? unplug_match(all, svc, dev)
					   : unplug_service(all, svc, dev);
	}
	if (r == 0)
		hold_end_port(all, port);
	return r;
}
