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

/* Who may hold an address: a server or a local address. */
struct holder {
	uint16_t *flags, holds; /* the flag's bit */
	bool removed;
	unsigned int family;
	const union ip_addr *ip;
};

static struct holder holder_dest(struct dest *dest)
{
	return (struct holder){ &dest->flags, DEST_HOLDS, dest->flags & DEST_REMOVED, dest->family,
				&dest->addr };
}

static struct holder holder_laddr(struct laddr *laddr)
{
	return (struct holder){ &laddr->flags, LADDR_HOLDS, laddr->flags & LADDR_REMOVED,
				laddr->family, &laddr->addr };
}

/* What finds no memory goes on holding it. */
static void end(struct worker *const *all, struct holder holder)
{
	char text[IP_STR_LEN];
	int r;

	if (!(*holder.flags & holder.holds))
		return;
	r = addr_release(all, holder.family, holder.ip);
	if (r == 0)
		*holder.flags &= (uint16_t)~holder.holds;
	else
		log_warning("address %s stays although no service uses it: %s",
			    ip_str(holder.family, holder.ip, text), strerror(-r));
}

/* One that comes back may hold it still. */
static void begin(struct worker *const *all, struct holder holder)
{
	end(all, holder);
	*holder.flags |= holder.holds;
}

void hold_dest(struct worker *const *all, struct dest *dest)
{
	begin(all, holder_dest(dest));
}

void hold_laddr(struct worker *const *all, struct laddr *laddr)
{
	begin(all, holder_laddr(laddr));
}

static bool leave(struct worker *const *all, struct holder holder, uint64_t conns)
{
	if ((*holder.flags & holder.holds) &&
	    (conns == 0 || !addr_is_made_by_hold(all[WORKER_MASTER], holder.family, holder.ip)))
		end(all, holder);
	return conns == 0 && !(*holder.flags & holder.holds);
}

bool hold_leave_dest(struct worker *const *all, struct dest *dest)
{
	return leave(all, holder_dest(dest), hold_dest_conns(all, dest));
}

bool hold_leave_laddr(struct worker *const *all, struct laddr *laddr)
{
	return leave(all, holder_laddr(laddr), hold_laddr_conns(all, laddr));
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

static void end_if(struct worker *const *all, const struct ending *which, struct holder holder)
{
	bool so = which->ip
			  ? holder.removed && which->family == holder.family &&
				    ip_equal(which->ip, holder.ip)
			  : addr_port(all[WORKER_MASTER], holder.family, holder.ip) == which->port;

	if (so)
		end(all, holder);
}

static void end_some(struct worker *const *all, const struct ending *which)
{
	struct service_table *table = service_table_of(all[WORKER_MASTER]);

	for (uint32_t id = 0; id < table->master->dests.used; id++)
		if (table->dests[id].flags & DEST_HOLDS)
			end_if(all, which, holder_dest(&table->dests[id]));
	for (uint32_t id = 0; id < table->master->laddrs.used; id++)
		if (table->laddrs[id].flags & LADDR_HOLDS)
			end_if(all, which, holder_laddr(&table->laddrs[id]));
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
