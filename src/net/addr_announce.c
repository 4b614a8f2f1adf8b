/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/addr-announce: gratuitous ARP and unsolicited advertisements, so that neighbours and switches
 * know at once where an address is now: when it is added, when its port comes up, and when another
 * member of a bonding takes over, behind another port of the switch. Sent by the
 * first worker. Nothing depends on it: when it is lost, neighbours ask as usual.
 */
#include "net/addr_int.h"

#include "net/arp_int.h"
#include "net/nd6_int.h"
#include "net/net.h"
#include "worker/worker.h"

static uint64_t port_bit(uint16_t port)
{
	return UINT64_C(1) << port;
}

static void announce(struct worker *const *all, const struct addr *addr)
{
	if (all[WORKER_MASTER]->n_workers == 0 || (addr->flags & API_ADDR_TENTATIVE) ||
	    all[WORKER_MASTER]->link->ports[addr->port].kind == PORT_TUNNEL)
		return;
	if (addr->family == AF_INET)
		arp_announce(all[1], addr->port, &addr->ip);
	else
		nd6_announce(all[1], addr->port, &addr->ip);
}

void addr_announce(struct worker *const *all, const struct addr *addr)
{
	struct addr_table *table = all[WORKER_MASTER]->net->addrs;
	const struct list *port = &table->ports[addr->port];

	if (!all[WORKER_MASTER]->link->ports[addr->port].up)
		return;
	announce(all, addr);
	/* it is the only one: the port's coming up has nothing more to tell */
	if (port->next == port->prev)
		table->announced |= port_bit(addr->port);
}

/* Does another member of what it stands on carry its frames now? */
static bool member_changed(const struct link *link, struct addr_table *table, uint16_t port)
{
	uint16_t device = port_device(link, port);
	uint32_t member = 0, before = table->members[port];

	if (device != PORT_NONE && link->ports[device].ops->member)
		member = link->ports[device].ops->member(link->ports[device].handle);
	table->members[port] = member;
	return member != before && member != PORT_NONE;
}

void addr_announce_tick(struct worker *const *all)
{
	const struct worker *master = all[WORKER_MASTER];
	struct addr_table *table = master->net->addrs;

	for (uint16_t port = 0; port < master->link->n_ports; port++) {
		bool up = master->link->ports[port].up;
		bool moved = member_changed(master->link, table, port);

		if (up && (moved || !(table->announced & port_bit(port))))
			list_for_each (it, &table->ports[port])
				announce(all, container_of(it, struct addr, port_node));
		if (up)
			table->announced |= port_bit(port);
		else
			table->announced &= ~port_bit(port);
	}
}
