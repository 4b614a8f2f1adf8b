/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/hold: see the header. A connection that a worker opens at the very moment of the removal may
 * not be seen, and loses the address; its client has just begun.
 */
#include "ipvs/hold.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "ipvs/service_int.h"
#include "net/addr.h"

uint64_t hold_dest_conns(struct worker *const *all, const struct dest *dest)
{
	uint64_t sum = 0;

	for (unsigned int i = 1; i <= all[WORKER_MASTER]->n_workers; i++) {
		const struct dest *its = &service_table_of(all[i])->dests[dest->id];
		uint64_t both = __atomic_load_n((const uint64_t *)(const void *)&its->active,
						__ATOMIC_ACQUIRE);

		sum += (both & UINT32_MAX) + (both >> 32);
		sum += __atomic_load_n(&its->persistent, __ATOMIC_RELAXED);
	}
	return sum;
}

uint64_t hold_laddr_conns(struct worker *const *all, const struct laddr *laddr)
{
	uint64_t sum = 0;

	for (unsigned int i = 1; i <= all[WORKER_MASTER]->n_workers; i++)
		sum += __atomic_load_n(&service_table_of(all[i])->laddrs[laddr->id].conns,
				       __ATOMIC_RELAXED);
	return sum;
}

static bool give_back(struct worker *const *all, unsigned int family, const union ip_addr *ip)
{
	char text[IP_STR_LEN];
	int r = addr_release(all, family, ip);

	if (r < 0)
		log_warning("address %s stays although no service uses it: %s",
			    ip_str(family, ip, text), strerror(-r));
	return r >= 0;
}

bool hold_end_dest(struct worker *const *all, struct dest *dest)
{
	if (!(dest->flags & DEST_HOLDS))
		return true;
	if (!give_back(all, dest->family, &dest->addr))
		return false;
	dest->flags &= (uint16_t)~DEST_HOLDS;
	return true;
}

bool hold_end_laddr(struct worker *const *all, struct laddr *laddr)
{
	if (!(laddr->flags & LADDR_HOLDS))
		return true;
	if (!give_back(all, laddr->family, &laddr->addr))
		return false;
	laddr->flags &= (uint16_t)~LADDR_HOLDS;
	return true;
}

/* One that comes back may hold it still. */
void hold_dest(struct worker *const *all, struct dest *dest)
{
	hold_end_dest(all, dest);
	dest->flags |= DEST_HOLDS;
}

void hold_laddr(struct worker *const *all, struct laddr *laddr)
{
	hold_end_laddr(all, laddr);
	laddr->flags |= LADDR_HOLDS;
}

void hold_leave_dest(struct worker *const *all, struct dest *dest)
{
	if (!(dest->flags & DEST_HOLDS))
		return;
	if (!addr_is_made_by_hold(all[WORKER_MASTER], dest->family, &dest->addr) ||
	    hold_dest_conns(all, dest) == 0)
		hold_end_dest(all, dest);
}

void hold_leave_laddr(struct worker *const *all, struct laddr *laddr)
{
	if (!(laddr->flags & LADDR_HOLDS))
		return;
	if (!addr_is_made_by_hold(all[WORKER_MASTER], laddr->family, &laddr->addr) ||
	    hold_laddr_conns(all, laddr) == 0)
		hold_end_laddr(all, laddr);
}

void hold_leave_service(struct worker *const *all, const struct service *svc)
{
	struct service_table *table = service_table_of(all[WORKER_MASTER]);

	for (uint32_t id = svc->removed_dests; id != DEST_NONE; id = table->dests[id].next_removed)
		hold_leave_dest(all, &table->dests[id]);
	for (uint32_t id = svc->removed_laddrs; id != LADDR_NONE;
	     id = table->laddrs[id].next_removed)
		hold_leave_laddr(all, &table->laddrs[id]);
}

/* Which of them end: removed ones of that address, or all that have theirs on a port. */
struct ending {
	const union ip_addr *ip; /* NULL: any */
	unsigned int family;
	uint16_t port;
};

static bool ends(const struct worker *master, const struct ending *which, bool removed,
		 unsigned int family, const union ip_addr *ip)
{
	if (which->ip)
		return removed && which->family == family && ip_equal(which->ip, ip);
	return addr_port(master, family, ip) == which->port;
}

static void end_some(struct worker *const *all, const struct ending *which)
{
	const struct worker *master = all[WORKER_MASTER];
	struct service_table *table = service_table_of(master);

	for (uint32_t id = 0; id < table->master->dests.used; id++) {
		struct dest *dest = &table->dests[id];

		if ((dest->flags & DEST_HOLDS) &&
		    ends(master, which, dest->flags & DEST_REMOVED, dest->family, &dest->addr))
			hold_end_dest(all, dest);
	}
	for (uint32_t id = 0; id < table->master->laddrs.used; id++) {
		struct laddr *laddr = &table->laddrs[id];

		if ((laddr->flags & LADDR_HOLDS) &&
		    ends(master, which, laddr->flags & LADDR_REMOVED, laddr->family, &laddr->addr))
			hold_end_laddr(all, laddr);
	}
}

void hold_end_port(struct worker *const *all, uint16_t port)
{
	const struct ending which = { .port = port };

	end_some(all, &which);
}

int hold_begin(struct worker *const *all, unsigned int family, const union ip_addr *ip,
	       const char *dev)
{
	const struct ending which = { .ip = ip, .family = family };
	int r = addr_hold(all, family, ip, dev);

	if (r != -EADDRINUSE)
		return r;
	end_some(all, &which);
	return addr_hold(all, family, ip, dev);
}
