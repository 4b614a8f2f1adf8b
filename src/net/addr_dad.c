/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/addr-dad: duplicate address detection (RFC 4862 5.4), run by the master
 * alone. A new IPv6 address is tentative on all workers: it neither answers
 * nor sends. When its port is up the first worker asks whether anybody has it,
 * as often as dad_transmits says, a second apart; if nobody speaks for it, it
 * becomes ours and is announced. Whoever does makes it a duplicate, which stays
 * so until it is deleted; one that we made ourselves is made anew, if there is
 * another to be made.
 */
#include "net/addr_int.h"

#include "base/log.h"
#include "net/nd6_int.h"
#include "net/net.h"
#include "worker/event.h"
#include "worker/worker.h"

#define DAD_ASK_MS 1000 /* RetransTimer, RFC 4861 10 */

static int addr_set_flags(struct worker *const *all, const struct addr *addr, uint32_t flags)
{
	struct addr to = *addr;
	struct change change;

	to.flags = flags;
	change_init(&change, all);
	return change_end(&change, addr_change_set(&change, &to));
}

static void addr_dad_pass(struct worker *const *all, struct addr *addr)
{
	if (addr_set_flags(all, addr, addr->flags & ~(uint32_t)API_ADDR_TENTATIVE) < 0)
		return; /* again at the next tick */
	list_del(&addr->dad_node);
	addr_announce(all, addr);
}

void addr_dad_tick(struct worker *const *all, uint64_t now_ms)
{
	const struct worker *master = all[WORKER_MASTER];

	list_for_each_safe (it, &master->net->addrs->tentative) {
		struct addr *addr = container_of(it, struct addr, dad_node);

		if (!master->link->ports[addr->port].up || now_ms < addr->dad_at_ms)
			continue;
		if (addr->dad_left == 0) {
			addr_dad_pass(all, addr);
			continue;
		}
		addr->dad_left--;
		addr->dad_at_ms = now_ms + DAD_ASK_MS;
		if (master->n_workers > 0)
			nd6_probe(all[1], addr->port, &addr->ip);
	}
}

void addr_duplicate(struct worker *const *all, const struct event *event, uint64_t now_ms)
{
	struct addr_table *table = all[WORKER_MASTER]->net->addrs;
	char ip[IP_STR_LEN];

	list_for_each_safe (it, &table->tentative) {
		struct addr *addr = container_of(it, struct addr, dad_node);

		if (!ip_equal(&addr->ip, &event->ip) || addr->port != event->port)
			continue;
		if (addr_set_flags(all, addr, addr->flags | API_ADDR_DADFAILED) < 0)
			continue;
		list_del(&addr->dad_node);
		log_warning("address %s/%u on %s is a duplicate: another host has it or wants it",
			    ip_str(AF_INET6, &addr->ip, ip), addr->plen,
			    all[WORKER_MASTER]->link->ports[addr->port].name);
		if (addr->flags & API_ADDR_AUTO)
			addr_auto_failed(all, addr);
	}
}
