/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/adj: adjacencies. An adjacency is a finished way to a next hop: the
 * Ethernet header, the port, the MTU. A flow remembers its number instead of
 * looking up route and neighbour; a change of the neighbour changes the
 * adjacency in place, so that the very next packet goes the new way. Each
 * worker has its own, made as flows need them. When they run out, or a port
 * changes, all are forgotten before the next vector, and all stamps move on, so
 * that no number is used any more. A VLAN's has no tags: they come in where a
 * vector is sent (link_send_all).
 */
#ifndef NET_ADJ_H
#define NET_ADJ_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

#include "base/ip.h"

struct batch;
struct neigh;
struct nexthop;
struct worker;

#define ADJ_MAX  65536 /* numbers, of which 0 is none */
#define ADJ_NONE 0

struct adj {
	struct rte_ether_hdr eth;
	uint16_t port;
	uint16_t mtu;
	uint16_t fits; /* the largest IP packet it takes: mtu; 0 without a MAC address to send to */
	uint16_t next; /* in its bucket */
	uint8_t family;
	uint64_t used_ms;  /* the neighbour is told once a millisecond that it is used */
	struct batch *out; /* of its port */
	struct neigh *neigh;
	union ip_addr nexthop;
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct adj) == 64, "one line");

struct adj_table;

/* NULL: no memory. */
struct adj_table *adj_table_create(int socket);
void adj_table_destroy(struct adj_table *table);

/* All adjacencies by number; [ADJ_NONE] takes no packet. */
struct adj *adj_array(const struct worker *w);

/* The way to this next hop, known or new; ADJ_NONE: there is no number left for now. */
uint16_t adj_get(struct worker *w, unsigned int family, const struct nexthop *nexthop);

/* A neighbour of this worker has come or changed; or it goes. */
void adj_neigh_changed(struct worker *w, struct neigh *neigh);
void adj_neigh_gone(struct worker *w, const struct neigh *neigh);

/* Before a vector that uses them: forgets all if a port has changed or the numbers ran out. */
void adj_begin(struct worker *w);

#endif
