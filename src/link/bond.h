/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/bond: several ports of DPDK's as one. DPDK's bonding PMD sends, receives
 * and fails over; to all else a bonding is a device with queues.
 */
#ifndef LINK_BOND_H
#define LINK_BOND_H

#include "link/port.h"

#define BOND_ACTIVE_BACKUP 1
#define BOND_BROADCAST     3
#define BOND_8023AD        4
#define BOND_ALB           6

struct bond {
	uint8_t mode; /* as in Linux */
	uint16_t n_members;
	struct bond_member {
		char name[API_NAME_LEN];
		uint16_t id;               /* DPDK's */
		struct rte_ether_addr mac; /* before it was a member; the driver gives it back */
	} members[API_LINK_MEMBERS];
	uint16_t primary; /* DPDK's id, PORT_NONE: the driver's choice */
	bool dedicated_queues;
};

/*
 * Master, before it is opened as other ports are: makes DPDK's port of these members, which nobody
 * else has opened, and notes their MAC addresses. 0 and its id, or -errno with one sentence in
 * error (size bytes).
 */
int bond_create(const char *name, struct bond *bond, int socket, uint16_t *id, char *error,
		size_t size);

/* Of active-backup, which member carries all, by DPDK's id; PORT_NONE: none can. Of other modes
 * always 0. */
uint32_t bond_member(const struct bond *bond, uint16_t id);

/* Mode, members and their state, of DPDK's port `id`. */
void bond_show(const struct bond *bond, uint16_t id, struct api_link *link);

#endif
