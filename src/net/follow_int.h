/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/follow-int: what is followed of the kernel's: routes that routing
 * daemons have made over a kernel interface, and addresses that somebody has
 * given one. For the files of follow only.
 */
#ifndef NET_FOLLOW_INT_H
#define NET_FOLLOW_INT_H

#include "api/route.h"
#include "base/chains.h"
#include "base/ip.h"
#include "net/kernel_addr.h"

struct hash_key;
struct nlmsghdr;
struct worker;

/* Followed routes have the kernel's metric behind this, so that any other route to the same prefix
 * goes first, whenever it comes. */
#define FOLLOW_METRIC 0x80000000u

#define FOLLOW_HOPS API_ROUTE_HOPS

struct follow_hop {
	union ip_addr via; /* 0: on link */
	uint16_t port;
	uint16_t weight;
	bool onlink;
};

/* A net route, or a route to the kernel for an address. */
struct follow_route {
	uint32_t nexthop; /* the kernel's object that names the hops, 0: none; not compared */
	union ip_addr dst;
	uint32_t metric; /* the kernel's */
	uint32_t mtu;
	uint8_t family, plen;
	uint8_t type; /* API_ROUTE_UNICAST, API_ROUTE_KERNEL */
	uint8_t proto;
	uint16_t n_hops;
	struct follow_hop hops[FOLLOW_HOPS];
};

/*
 * Of a message about a route or an address; false: it is about none that could be followed. A
 * route with n_hops 0 is not followed itself, but may have taken the place of one that is. A
 * deletion may name fewer hops.
 */
bool follow_read_route(const struct worker *master, const struct nlmsghdr *message,
		       struct follow_route *route);
bool follow_read_addr(const struct worker *master, const struct nlmsghdr *message,
		      struct follow_route *route);

/* Any address of the kernel's. */
bool follow_read_kernel_addr(const struct nlmsghdr *message, struct kernel_addr *addr);

/* Which nexthop objects routes use, and how many do. */
struct follow_objects {
	const struct hash_key *key;
	struct chains chains;
};

void follow_objects_init(struct follow_objects *objects, const struct hash_key *key);
void follow_objects_free(struct follow_objects *objects);

/* A route that used one object, 0: none, uses another now. */
void follow_object_move(struct follow_objects *objects, uint32_t from, uint32_t to);
bool follow_object_used(const struct follow_objects *objects, uint32_t id);

/* Of a message about one; 0: it says nothing. */
uint32_t follow_read_object(const struct nlmsghdr *message);

/* All that is followed, and what of it dpvs has taken. */
struct follow_table {
	struct worker *const *all;
	struct chains chains;
	struct follow_objects objects;
	struct list entries;
	struct list waiting; /* those that dpvs has not taken: tried again */
	uint32_t round;      /* moves on with each round of the kernel's tables */
};

/* A message, which may be about an address of the kernel's. */
void follow_addr_news(struct worker *const *all, const struct nlmsghdr *message);

/* A message, not about a link. True: it says that a new round is needed. */
bool follow_news(struct follow_table *table, const struct nlmsghdr *message);

void follow_table_init(struct follow_table *table, struct worker *const *all);
void follow_table_free(struct follow_table *table);

/* It is there, or has changed; flags: the message's, NLM_F_MULTI, _REPLACE and _APPEND count. */
void follow_put(struct follow_table *table, const struct follow_route *route, unsigned int flags);

/* These hops of it are gone. True: what is left cannot be told without a new round. */
bool follow_remove(struct follow_table *table, const struct follow_route *route);

/* Whatever hops it has, it is gone. */
void follow_drop(struct follow_table *table, const struct follow_route *route);

/* What has not been put since the round began has gone. */
void follow_sweep(struct follow_table *table);

/* Some of those that wait, and some that somebody may have deleted; called now and then. */
void follow_retry(struct follow_table *table);

/* The kernel's address makes room for one of ours. */
void follow_table_yield(struct follow_table *table, unsigned int family, const union ip_addr *ip);

#endif
