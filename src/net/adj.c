/* SPDX-License-Identifier: BSD-3-Clause */
/* net/adj: see the header. They lie in a mapped region, and are handed out in sequence. */
#include "net/adj.h"

#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/region.h"
#include "link/port.h"
#include "net/neigh_int.h"
#include "net/route.h"

#define ADJ_BUCKETS 16384

struct adj_table {
	struct adj *adjs; /* [ADJ_MAX] */
	uint32_t used;    /* numbers below have been given */
	uint32_t links;   /* generation of the worker's links that they are of */
	bool full;
	uint16_t buckets[ADJ_BUCKETS];
	struct region region;
};

struct adj_table *adj_table_create(int socket)
{
	struct adj_table *table = lines_alloc(sizeof(*table));

	if (!table)
		return NULL;
	if (region_create(&table->region, ADJ_MAX * sizeof(struct adj), socket) < 0) {
		free(table);
		return NULL;
	}
	table->adjs = table->region.base;
	table->used = ADJ_NONE + 1;
	return table;
}

void adj_table_destroy(struct adj_table *table)
{
	if (!table)
		return;
	region_destroy(&table->region);
	free(table);
}

struct adj *adj_array(const struct worker *w)
{
	return w->net->adjs->adjs;
}

static void adj_forget(struct worker *w)
{
	struct adj_table *table = w->net->adjs;

	memset(table->buckets, 0, sizeof(table->buckets));
	for (uint32_t i = 0; i < table->used; i++)
		table->adjs[i].fits = 0;
	table->used = ADJ_NONE + 1;
	table->links = w->link->generation;
	table->full = false;
	stamps_touch_all(&w->net->stamps);
}

void adj_begin(struct worker *w)
{
	const struct adj_table *table = w->net->adjs;

	if (unlikely(table->links != w->link->generation || table->full))
		adj_forget(w);
}

static uint16_t *adj_bucket(const struct worker *w, const union ip_addr *nexthop, uint16_t port)
{
	uint64_t hash = hash_words(&w->flow_key, nexthop->u64[0], nexthop->u64[1] ^ port);

	return &w->net->adjs->buckets[hash % ADJ_BUCKETS];
}

static bool adj_is(const struct adj *adj, unsigned int family, const union ip_addr *nexthop,
		   uint16_t port)
{
	return adj->port == port && adj->family == family && ip_equal(&adj->nexthop, nexthop);
}

static void adj_take_neigh(const struct worker *w, struct adj *adj, struct neigh *neigh)
{
	const struct port *port = &w->link->ports[adj->port];

	adj->neigh = neigh;
	adj->fits = 0;
	/* a tunnel has no queue */
	if (!neigh || !neigh_usable(neigh) || !port->up ||
	    w->link->txq[adj->port] == PORT_QUEUE_NONE)
		return;
	adj->fits = adj->mtu;
	adj->eth.dst_addr = neigh->mac;
}

static uint16_t adj_make(struct worker *w, unsigned int family, const struct nexthop *nexthop)
{
	struct adj_table *table = w->net->adjs;
	const struct port *port = &w->link->ports[nexthop->port];
	uint16_t id, *bucket = adj_bucket(w, &nexthop->addr, nexthop->port);
	struct adj *adj;

	if (table->used == ADJ_MAX) {
		table->full = true;
		return ADJ_NONE;
	}
	id = (uint16_t)table->used++;
	adj = &table->adjs[id];
	*adj = (struct adj){
		.eth.src_addr = port->mac,
		.eth.ether_type = family == AF_INET ? RTE_BE16(RTE_ETHER_TYPE_IPV4)
						    : RTE_BE16(RTE_ETHER_TYPE_IPV6),
		.port = nexthop->port,
		.out = &w->link->tx[nexthop->port],
		.mtu = nexthop->mtu,
		.family = (uint8_t)family,
		.nexthop = nexthop->addr,
		.next = *bucket,
	};
	*bucket = id;
	adj_take_neigh(w, adj, neigh_find(w, family, &nexthop->addr, nexthop->port));
	return id;
}

uint16_t adj_get(struct worker *w, unsigned int family, const struct nexthop *nexthop)
{
	const struct adj *adjs = adj_array(w);

	for (uint16_t id = *adj_bucket(w, &nexthop->addr, nexthop->port); id; id = adjs[id].next)
		if (adjs[id].mtu == nexthop->mtu &&
		    adj_is(&adjs[id], family, &nexthop->addr, nexthop->port))
			return id;
	return adj_make(w, family, nexthop);
}

static void adj_set_neigh(struct worker *w, const struct neigh *of, struct neigh *neigh)
{
	struct adj *adjs = adj_array(w);

	adj_begin(w);
	for (uint16_t id = *adj_bucket(w, &of->ip, of->port); id; id = adjs[id].next)
		if (adj_is(&adjs[id], of->family, &of->ip, of->port))
			adj_take_neigh(w, &adjs[id], neigh);
}

void adj_neigh_changed(struct worker *w, struct neigh *neigh)
{
	adj_set_neigh(w, neigh, neigh);
}

void adj_neigh_gone(struct worker *w, const struct neigh *neigh)
{
	adj_set_neigh(w, neigh, NULL);
}
