/* SPDX-License-Identifier: BSD-3-Clause */
/* net/addr-int: the tables of addr.c, for the files of this room. */
#ifndef NET_ADDR_INT_H
#define NET_ADDR_INT_H

#include "base/list.h"
#include "link/port.h"
#include "net/addr.h"
#include "net/change.h"

#define ADDR_BUCKETS 1024

struct addr {
	struct list node;           /* of its bucket, by ip */
	struct list broadcast_node; /* of its bucket, by broadcast; to itself when it has none */
	struct list port_node;      /* of its port, in the order of coming */
	union ip_addr ip;
	union ip_addr broadcast; /* of its net or as configured; 0: none */
	uint64_t valid_until_s;  /* of the monotonic clock; 0: for ever */
	uint64_t preferred_until_s;
	uint32_t flags; /* enum api_addr_flag */
	uint32_t holds; /* the master's copy: services that use it as a local address */
	uint16_t port;
	uint8_t family;
	uint8_t plen;
	uint8_t scope;
};

struct addr_table {
	struct list buckets[ADDR_BUCKETS];
	struct list broadcasts[ADDR_BUCKETS];
	struct list ports[PORT_MAX];
	unsigned int count;
	/* the master's */
	addr_ports_fn *ports_of;
	uint64_t announced; /* bit N: port N was up when last looked at */
};

struct addr_table *addr_table_create(void);
void addr_table_destroy(struct addr_table *table);

/* With this prefix length on this port: there is one at most. */
struct addr *addr_find(const struct worker *w, const struct addr *key);

/* Any of this port, or if port is PORT_NONE of all, with this ip. */
struct addr *addr_find_ip(const struct worker *w, unsigned int family, const union ip_addr *ip,
			  uint16_t port);

/* data: struct addr */
op_apply_fn addr_apply_add, addr_apply_del, addr_apply_set;

/*
 * The address with its routes, those that are not there yet; the address without the routes that no
 * other address needs; the address with other scope, broadcast, lifetimes and flags. 0 or -ENOMEM.
 */
int addr_change_add(struct change *change, const struct addr *addr);
int addr_change_del(struct change *change, const struct addr *addr);
int addr_change_set(struct change *change, const struct addr *addr);

/* Master: tells the net of a new address, if its port is up; of all addresses of ports that have
 * come up. */
void addr_announce(struct worker *const *all, const struct addr *addr);
void addr_announce_tick(struct worker *const *all);

#endif
