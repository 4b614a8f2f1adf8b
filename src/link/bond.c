/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/bond: see the header. The driver configures and starts its members when
 * the bonding is started, with the bonding's queues and offloads; so they are
 * opened by nobody else. Which members may carry traffic it decides by their
 * links, and with 802.3ad by what the other side says (LACP), for which it
 * wants to be called at least every 100 ms whether or not there is traffic
 * (struct port, beat).
 */
#include "link/bond.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_eth_bond.h>
#include <rte_eth_bond_8023ad.h>
#include <rte_ethdev.h>

#define MONITOR_MS 100 /* where a member's driver does not tell of its link */

/*
 * The TAP driver claims that it tells of its link and never does; without the claim the bonding
 * looks by itself. There is no other way to say so than where the claim stands.
 */
static void member_ask_link(uint16_t id)
{
	struct rte_eth_dev_info info;

	if (rte_eth_dev_info_get(id, &info) == 0 && strcmp(info.driver_name, "net_tap") == 0)
		*(uint32_t *)(uintptr_t)info.dev_flags &= ~RTE_ETH_DEV_INTR_LSC;
}

static int bond_fill(uint16_t id, struct bond *bond, char *error, size_t size)
{
	for (unsigned int i = 0; i < bond->n_members; i++) {
		int r;

		member_ask_link(bond->members[i].id);
		rte_eth_macaddr_get(bond->members[i].id, &bond->members[i].mac);
		r = rte_eth_bond_slave_add(id, bond->members[i].id);
		if (r == 0)
			continue;
		snprintf(error, size, "its driver does not take the device %s as a member",
			 bond->members[i].name);
		return -EINVAL;
	}
	if (bond->primary != PORT_NONE && rte_eth_bond_primary_set(id, bond->primary) < 0) {
		snprintf(error, size, "its driver does not take the primary");
		return -EINVAL;
	}
	rte_eth_bond_link_monitoring_set(id, MONITOR_MS);
	if (bond->dedicated_queues && rte_eth_bond_8023ad_dedicated_queues_enable(id) < 0) {
		snprintf(error, size,
			 "options dedicated_queues=on: not all of its devices can steer LACP to a "
			 "queue of its own");
		return -ENOTSUP;
	}
	return 0;
}

int bond_create(const char *name, struct bond *bond, int socket, uint16_t *id, char *error,
		size_t size)
{
	char device[RTE_ETH_NAME_MAX_LEN];
	int r;

	snprintf(device, sizeof(device), "net_bonding_%s", name);
	r = rte_eth_bond_create(device, bond->mode, (uint8_t)(socket < 0 ? 0 : socket));
	if (r < 0) {
		snprintf(error, size, "DPDK does not make a bonding of mode %u", bond->mode);
		return -EINVAL;
	}
	*id = (uint16_t)r;
	r = bond_fill(*id, bond, error, size);
	if (r < 0)
		rte_eth_bond_free(device);
	return r;
}

static bool bond_has(const uint16_t *ids, int n, uint16_t id)
{
	for (int i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* May it carry traffic? With 802.3ad both sides must have agreed. */
static bool member_active(const struct bond *bond, uint16_t id, uint16_t member)
{
	struct rte_eth_bond_8023ad_slave_info info;
	uint16_t active[RTE_MAX_ETHPORTS];
	int n = rte_eth_bond_active_slaves_get(id, active, RTE_MAX_ETHPORTS);

	if (!bond_has(active, n, member))
		return false;
	return bond->mode != BOND_8023AD ||
	       (rte_eth_bond_8023ad_slave_info(id, member, &info) == 0 &&
		(info.actor_state & STATE_DISTRIBUTING) &&
		(info.partner_state & STATE_SYNCHRONIZATION));
}

uint32_t bond_member(const struct bond *bond, uint16_t id)
{
	uint16_t active[RTE_MAX_ETHPORTS];
	int primary;

	if (bond->mode != BOND_ACTIVE_BACKUP)
		return 0;
	if (rte_eth_bond_active_slaves_get(id, active, RTE_MAX_ETHPORTS) <= 0)
		return PORT_NONE; /* the driver still names one */
	primary = rte_eth_bond_primary_get(id);
	return primary < 0 ? PORT_NONE : (uint32_t)primary;
}

void bond_show(const struct bond *bond, uint16_t id, struct api_link *link)
{
	int primary = rte_eth_bond_primary_get(id);

	link->flags |= API_LINK_BOND;
	link->bond_mode = bond->mode;
	link->n_members = bond->n_members;
	for (unsigned int i = 0; i < bond->n_members; i++) {
		const struct bond_member *member = &bond->members[i];
		struct api_link_member *item = &link->members[i];
		struct rte_eth_link status = { 0 };

		memcpy(item->name, member->name, sizeof(item->name));
		if (rte_eth_link_get_nowait(member->id, &status) == 0 && status.link_status) {
			item->flags |= API_MEMBER_CARRIER;
			item->speed_mbps = status.link_speed;
		}
		if (member_active(bond, id, member->id))
			item->flags |= API_MEMBER_ACTIVE;
		if (primary == member->id)
			item->flags |= API_MEMBER_PRIMARY;
	}
}
