/* SPDX-License-Identifier: BSD-3-Clause */
/* net/addr-int: the tables of addr.c, for the files of this room. */
#ifndef NET_ADDR_INT_H
#define NET_ADDR_INT_H

#include "base/chains.h"
#include "base/list.h"
#include "base/order.h"
#include "link/port.h"
#include "net/addr.h"
#include "net/change.h"

struct addr {
	struct chain chain;           /* by ip; equal ones in the order of coming */
	struct group broadcast_group; /* those with this broadcast, if it has one */
	struct group net_group;       /* those of its port on its net, in the order of coming */
	struct list port_node;        /* of its port, in the order of coming */
	struct order_node order;
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
	bool broadcast_given; /* by somebody, not by the net */
	/* the master's copy, while it is tentative */
	uint8_t dad_left;   /* questions still to be asked */
	uint8_t tries;      /* of addr_auto.c: how many before it were taken */
	uint64_t dad_at_ms; /* when the next thing happens; 0: at once */
	struct list dad_node;
};

struct addr_table {
	struct chains ips;
	struct chains broadcasts;
	struct chains nets;
	struct list ports[PORT_MAX];
	struct order order; /* for listings: by port, then by coming */
	uint64_t serial;    /* of the last that came */
	/* the master's */
	addr_ports_fn *ports_of;
	uint64_t announced;           /* bit N: port N was up when last looked at */
	uint32_t members[PORT_MAX];   /* ... and that member of it carried all */
	struct list tentative;        /* those that are not known to be duplicates, by dad_node */
	uint64_t auto_made[PORT_MAX]; /* what the port's link-local address was made of; 0: none */
};

struct addr_table *addr_table_create(void);
void addr_table_destroy(struct addr_table *table);

/* With this prefix length on this port: there is one at most. */
struct addr *addr_find(const struct worker *w, const struct addr *key);

/* Any of this port, or if port is PORT_NONE of all, with this ip. */
struct addr *addr_find_ip(const struct worker *w, unsigned int family, const union ip_addr *ip,
			  uint16_t port);

/* All with this ip: as chains_for_each(), their addresses by addr_of_chain(). */
#define addr_for_each_ip(it, w, ip) chains_for_each (it, &(w)->net->addrs->ips, addr_hash(w, ip))

uint64_t addr_hash(const struct worker *w, const union ip_addr *ip);

static inline struct addr *addr_of_chain(struct chain *chain)
{
	return container_of(chain, struct addr, chain);
}

/* Master: the one that services hold, of those with this ip; NULL: none. */
struct addr *addr_find_held(const struct worker *master, unsigned int family,
			    const union ip_addr *ip);

/* The first that came of those on the port with this net and prefix length; NULL: none. */
struct addr *addr_find_net(const struct worker *w, const struct addr *key);

/* The ops for the address alone: added, removed, its options changed. 0 or -ENOMEM. */
int addr_op_add(struct change *change, const struct addr *addr);
int addr_op_del(struct change *change, const struct addr *addr);
int addr_op_set(struct change *change, const struct addr *addr);

/*
 * The address with its routes, those that are not there yet; the address without the routes that no
 * other address needs; the address with other scope, broadcast, lifetimes and flags. 0 or -ENOMEM.
 */
int addr_change_add(struct change *change, const struct addr *addr);
int addr_change_del(struct change *change, const struct addr *addr);
int addr_change_set(struct change *change, const struct addr *addr);

/* Master: a new one becomes tentative, if it has to be (addr_dad.c goes on from there). */
void addr_dad_begin(const struct worker *master, struct addr *addr);

struct event;

/* Master: EVENT_ADDR_DUPLICATE; the steps of tentative addresses; the ports' link-local addresses;
 * one of these is a duplicate, it may be freed. */
void addr_duplicate(struct worker *const *all, const struct event *event, uint64_t now_ms);
void addr_dad_tick(struct worker *const *all, uint64_t now_ms);
void addr_auto_tick(struct worker *const *all);
void addr_auto_failed(struct worker *const *all, struct addr *addr);

/* Master: tells the net of a new address, if its port is up; of all addresses of ports that have
 * come up. */
void addr_announce(struct worker *const *all, const struct addr *addr);
void addr_announce_tick(struct worker *const *all);

#endif
