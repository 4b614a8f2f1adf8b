/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/maddr-master: the groups that a port is in without being asked, and what
 * its driver is told. Both follow the ports and the settings by being looked at
 * every now and then, so that nobody who adds a port or reloads a file needs
 * to know of them.
 */
#include "net/maddr_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "net/net.h"
#include "worker/worker.h"

/* RFC 4291 2.8, RFC 1112 4 */
static const struct maddr_key for_all[] = {
	{ .family = AF_INET, .ip.v6 = { 224, 0, 0, 1 } },
	{ .family = AF_INET6, .ip.v6 = { 0xff, 1, [15] = 1 } },
	{ .family = AF_INET6, .ip.v6 = { 0xff, 2, [15] = 1 } },
};

static const struct maddr_key for_routers[] = {
	{ .family = AF_INET6, .ip.v6 = { 0xff, 1, [15] = 2 } },
	{ .family = AF_INET6, .ip.v6 = { 0xff, 2, [15] = 2 } },
	{ .family = AF_INET6, .ip.v6 = { 0xff, 5, [15] = 2 } },
};

typedef int change_fn(struct worker *const *all, const struct maddr_key *key);

static bool maddr_each(struct worker *const *all, uint16_t port, const struct maddr_key *keys,
		       unsigned int n, change_fn *fn)
{
	for (unsigned int i = 0; i < n; i++) {
		struct maddr_key key = keys[i];

		key.port = port;
		if (fn(all, &key) < 0)
			return false;
	}
	return true;
}

static void maddr_follow(struct worker *const *all, uint16_t port)
{
	const struct net *net = all[WORKER_MASTER]->net;
	struct maddr_table *table = net->maddrs;
	uint64_t bit = UINT64_C(1) << port;
	bool routes = net->config.ip6_forwarding;

	if (!(table->joined & bit) && maddr_each(all, port, for_all, RTE_DIM(for_all), maddr_join))
		table->joined |= bit;
	if (routes == !!(table->routers & bit))
		return;
	if (maddr_each(all, port, for_routers, RTE_DIM(for_routers),
		       routes ? maddr_join : maddr_leave))
		table->routers ^= bit;
}

static int mac_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct rte_ether_addr));
}

/* The MAC addresses of the groups of a device and its VLANs, each once; many groups share one. */
static uint32_t maddr_macs(const struct link *link, const struct maddr_table *table,
			   uint16_t device, struct rte_ether_addr *macs)
{
	uint32_t n = 0, kept = 0;

	for (uint16_t port = 0; port < link->n_ports; port++) {
		if (port_device(link, port) != device)
			continue;
		list_for_each (it, &table->ports[port]) {
			const struct maddr_key *key =
				&container_of(it, struct maddr, port_node)->key;

			macs[n++] = maddr_mac(key->family, &key->ip);
		}
	}
	qsort(macs, n, sizeof(*macs), mac_compare);
	for (uint32_t i = 0; i < n; i++)
		if (kept == 0 || mac_compare(&macs[kept - 1], &macs[i]) != 0)
			macs[kept++] = macs[i];
	return kept;
}

static void maddr_tell(struct worker *const *all, uint16_t id)
{
	struct maddr_table *table = all[WORKER_MASTER]->net->maddrs;
	const struct link *link = all[WORKER_MASTER]->link;
	const struct port *port = &link->ports[id];
	uint16_t device = port_device(link, id);
	struct rte_ether_addr *macs;
	int r;

	if (device != id && device != PORT_NONE)
		table->stale |= UINT64_C(1) << device;

	if (port->ops && port->ops->set_mc_list) {
		macs = calloc(table->groups.count + 1, sizeof(*macs));
		if (!macs)
			return; /* later */
		r = port->ops->set_mc_list(port->handle, macs, maddr_macs(link, table, id, macs));
		free(macs);
		if (r < 0)
			log_warning("%s: its multicast filter cannot be set: %s; neighbours may "
				    "not find us by IPv6 (dpip link set %s allmulticast on)",
				    port->name, strerror(-r), port->name);
	}
	table->stale &= ~(UINT64_C(1) << id);
}

void maddr_tick(struct worker *const *all)
{
	const struct link *link = all[WORKER_MASTER]->link;
	struct maddr_table *table = all[WORKER_MASTER]->net->maddrs;

	for (uint16_t port = 0; port < link->n_ports; port++) {
		if (!port_exists(link, port))
			continue;
		maddr_follow(all, port);
		if (table->stale & UINT64_C(1) << port)
			maddr_tell(all, port);
	}
}
