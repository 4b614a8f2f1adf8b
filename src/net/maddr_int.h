/* SPDX-License-Identifier: BSD-3-Clause */
/* net/maddr-int: the table of maddr.c, for the files of this room. */
#ifndef NET_MADDR_INT_H
#define NET_MADDR_INT_H

#include "base/chains.h"
#include "base/list.h"
#include "base/order.h"
#include "link/port.h"
#include "net/maddr.h"

struct maddr {
	struct chain chain;    /* by ip and port */
	struct list port_node; /* of its port, in the order of coming */
	struct order_node order;
	struct maddr_key key;
	uint32_t users;
	struct mld_group *reported; /* the master's, see mld_master.c; NULL: not yet */
};

struct maddr_table {
	struct chains groups;
	struct list ports[PORT_MAX];
	struct order order; /* for listings: by port, then by coming */
	uint64_t serial;    /* of the last that came */
	uint64_t changes;   /* groups that came and went */
	/* the master's; bit N: port N … */
	uint64_t joined;  /* is in the groups that every port is in */
	uint64_t routers; /* and in those of routers */
	uint64_t stale;   /* its driver is to be told */
};

struct maddr_table *maddr_table_create(void);
void maddr_table_destroy(struct maddr_table *table);

#endif
