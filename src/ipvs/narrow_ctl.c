/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/narrow-ctl: what a public address with a range of few ports cannot share. Its connections
 * are on the worker that has all connections with that remote host (owner.h); those of a local
 * address, and those that were opened before there was such a range, may be elsewhere, and nobody
 * would see that two of them got one port. One worker sees it.
 */
#include <errno.h>
#include <stdio.h>

#include "ipvs/hold.h"
#include "ipvs/ipvs_ctl.h"
#include "ipvs/lport.h"
#include "ipvs/service_int.h"
#include "worker/worker.h"

static bool dest_is(const struct service_table *table, uint32_t id, unsigned int family,
		    const union ip_addr *addr)
{
	const struct dest *dest = &table->dests[id];

	return dest->serial && dest->family == family && dest->forward == API_FORWARD_SNAT &&
	       ip_equal(&dest->addr, addr);
}

/* Is it there, or are connections of it? */
static bool laddr_is_used(struct worker *const *all, const struct laddr *laddr)
{
	return !(laddr->flags & LADDR_REMOVED) || hold_laddr_conns(all, laddr) > 0;
}

static bool dest_is_used(struct worker *const *all, const struct dest *dest)
{
	return !(dest->flags & DEST_REMOVED) || hold_dest_conns(all, dest) > 0;
}

static int refuse_local(struct request *req, const struct service_table *table,
			const struct laddr *laddr, const char *what)
{
	char service[KEY_STR_LEN];

	return request_fail(req, -EADDRINUSE,
			    "%s: it is a local address of %s%s; allowed: another address, or a "
			    "range of %u ports or more",
			    what, key_str(&table->services[laddr->service].key, service),
			    laddr->flags & LADDR_REMOVED ? ", which still has connections" : "",
			    LPORT_NARROW * request_workers(req)[WORKER_MASTER]->n_workers);
}

int narrow_check_public(struct request *req, const struct dest_config *config, const char *what)
{
	struct worker *const *all = request_workers(req);
	const struct service_table *table = service_table_of(all[WORKER_MASTER]);
	const struct dest as_dest = { .port = config->port, .port_last = config->port_last };
	unsigned int n = all[WORKER_MASTER]->n_workers;

	if (n == 1 || !lport_is_narrow(dest_ports(&as_dest), n))
		return 0;
	for (uint32_t id = 0; id < table->master->laddrs.used; id++) {
		const struct laddr *laddr = &table->laddrs[id];

		if (laddr->serial && laddr->family == config->family &&
		    ip_equal(&laddr->addr, &config->addr) && laddr_is_used(all, laddr))
			return refuse_local(req, table, laddr, what);
	}
	for (uint32_t id = 0; id < table->master->dests.used; id++)
		if (dest_is(table, id, config->family, &config->addr) &&
		    !lport_is_narrow(dest_ports(&table->dests[id]), n) &&
		    hold_dest_conns(all, &table->dests[id]) > 0)
			return request_fail(req, -EBUSY,
					    "%s: the address has connections by any of its ports; "
					    "allowed: another address, a range of %u ports or "
					    "more, or when they have ended",
					    what, LPORT_NARROW * n);
	return 0;
}

int narrow_check_local(struct request *req, unsigned int family, const union ip_addr *addr,
		       const char *what)
{
	struct worker *const *all = request_workers(req);
	const struct service_table *table = service_table_of(all[WORKER_MASTER]);
	unsigned int n = all[WORKER_MASTER]->n_workers;
	char service[KEY_STR_LEN];

	for (uint32_t id = 0; n > 1 && table->narrow && id < table->master->dests.used; id++) {
		const struct dest *dest = &table->dests[id];

		if (!dest_is(table, id, family, addr) || !lport_is_narrow(dest_ports(dest), n) ||
		    !dest_is_used(all, dest))
			continue;
		return request_fail(req, -EADDRINUSE,
				    "%s: it is a public address of %s, with ports %u-%u only%s; "
				    "allowed: another address",
				    what, key_str(&table->services[dest->service].key, service),
				    rte_be_to_cpu_16(dest->port), rte_be_to_cpu_16(dest->port_last),
				    dest->flags & DEST_REMOVED ? ", which still have connections"
							       : "");
	}
	return 0;
}
