/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/addr-hold: addresses that services use as local addresses. A hold counts
 * on the master's copy; one that finds no such address on the port makes it
 * (flag LADDR, a net of its own), and the last release removes what a hold
 * made. What somebody configured stays. Lifetimes end here too: an address in
 * use outlives its own until it is released.
 */
#include "net/addr_int.h"

#include <errno.h>

#include "base/log.h"
#include "net/net.h"
#include "worker/worker.h"

static int addr_remove(struct worker *const *all, const struct addr *addr)
{
	struct change change;

	change_init(&change, all);
	return change_end(&change, addr_change_del(&change, addr));
}

uint16_t addr_port(const struct worker *w, unsigned int family, const union ip_addr *ip)
{
	const struct addr *addr = addr_find_ip(w, family, ip, PORT_NONE);

	return addr ? addr->port : PORT_NONE;
}

int addr_hold(struct worker *const *all, unsigned int family, const union ip_addr *ip,
	      const char *dev)
{
	struct worker *master = all[WORKER_MASTER];
	uint16_t port = port_find(master->link, dev);
	struct addr *addr, fresh = {
		.ip = *ip,
		.family = (uint8_t)family,
		.plen = (uint8_t)ip_bits(family),
		.scope = API_SCOPE_GLOBAL,
		.flags = API_ADDR_LADDR,
		.holds = 1,
		.port = port,
	};
	struct change change;
	int r;

	if (port == PORT_NONE)
		return -ENODEV;
	addr = addr_find_ip(master, family, ip, port);
	if (addr) {
		addr->holds++;
		return 0;
	}
	if (addr_is_local(master, family, ip))
		return -EADDRINUSE;
	addr_dad_begin(master, &fresh);
	change_init(&change, all);
	r = change_end(&change, addr_change_add(&change, &fresh));
	if (r == 0)
		addr_announce(all, &fresh);
	return r;
}

struct addr *addr_find_held(const struct worker *master, unsigned int family,
			    const union ip_addr *ip)
{
	addr_for_each_ip (it, master, ip) {
		struct addr *addr = addr_of_chain(it);

		if (addr->holds && addr->family == family && ip_equal(&addr->ip, ip))
			return addr;
	}
	return NULL;
}

bool addr_is_made_by_hold(const struct worker *master, unsigned int family, const union ip_addr *ip)
{
	const struct addr *addr = addr_find_held(master, family, ip);

	return addr && (addr->flags & API_ADDR_LADDR);
}

int addr_release(struct worker *const *all, unsigned int family, const union ip_addr *ip)
{
	struct addr *addr = addr_find_held(all[WORKER_MASTER], family, ip);
	int r = 0;

	if (!addr)
		return 0;
	if (addr->holds == 1 && (addr->flags & API_ADDR_LADDR))
		r = addr_remove(all, addr);
	else
		addr->holds--;
	return r;
}

/* Preferred no more: others go first as the source of what we send. */
static void addr_deprecate(struct worker *const *all, const struct addr *addr)
{
	struct addr to = *addr;
	struct change change;

	to.flags |= API_ADDR_DEPRECATED;
	change_init(&change, all);
	change_end(&change, addr_change_set(&change, &to));
}

static void addr_expire_one(struct worker *const *all, const struct addr *addr, uint64_t now_ms)
{
	char ip[IP_STR_LEN];

	if (addr->preferred_until_s && !(addr->flags & API_ADDR_DEPRECATED) &&
	    now_ms >= addr->preferred_until_s * 1000)
		addr_deprecate(all, addr);
	if (!addr->valid_until_s || addr->holds || now_ms < addr->valid_until_s * 1000)
		return;
	log_info("address %s/%u on %s: its lifetime is over", ip_str(addr->family, &addr->ip, ip),
		 addr->plen, all[WORKER_MASTER]->link->ports[addr->port].name);
	addr_remove(all, addr);
}

void addr_expire(struct worker *const *all, uint64_t now_ms)
{
	struct worker *master = all[WORKER_MASTER];

	for (uint16_t port = 0; port < master->link->n_ports; port++)
		list_for_each_safe (it, &master->net->addrs->ports[port])
			addr_expire_one(all, container_of(it, struct addr, port_node), now_ms);
}
