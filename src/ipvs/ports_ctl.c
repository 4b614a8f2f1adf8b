/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/ports-ctl: the local ports of an address, for `dpip -s addr show`. A
 * connection has one port of its local address, so what is in use is what the
 * workers count for it, at every service that has it, those included that are
 * on their way out; and a conflict is a port that was asked for in vain. The
 * workers' tables of ports are theirs alone and not looked at.
 */
#include "ipvs/ports_ctl.h"

#include "ipvs/service_int.h"

static void add_laddr(struct worker *const *all, const struct laddr *laddr, struct api_addr *item)
{
	for (unsigned int i = 1; i <= all[WORKER_MASTER]->n_workers; i++) {
		const struct laddr *its = &service_table_of(all[i])->laddrs[laddr->id];

		/* the worker may not have it yet */
		if (__atomic_load_n(&its->serial, __ATOMIC_RELAXED) != laddr->serial)
			continue;
		item->ports_used += __atomic_load_n(&its->conns, __ATOMIC_RELAXED);
		item->ports_miss += __atomic_load_n(&its->conflicts, __ATOMIC_RELAXED);
	}
}

void ports_of_addr(struct worker *const *all, const union ip_addr *ip, struct api_addr *item)
{
	const struct service_table *table = service_table_of(all[WORKER_MASTER]);

	for (uint32_t id = 0; id < table->master->laddrs.used; id++) {
		const struct laddr *laddr = &table->laddrs[id];

		if (laddr->serial && laddr->family == item->family && ip_equal(&laddr->addr, ip))
			add_laddr(all, laddr, item);
	}
}
