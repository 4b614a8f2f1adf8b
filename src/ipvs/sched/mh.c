/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mh: consistent hashing as in Maglev (Eisenbud et al., NSDI 2016). Every server
 * has an order of its own in which it would like the slots of a table, and all
 * take turns at taking the first that is still free, larger weights several at
 * once. So slots are shared by weight, and when a server goes few others change
 * hands. A client's address (flag mh-port: and port) names a slot.
 *
 * Hashes, their fixed keys, the order of turns and the scaling of weights are
 * those of Linux on 64-bit machines, so that two directors, ours or the kernel's,
 * with tables of the same size send a client to the same server. A server whose
 * weight becomes 0 keeps its slots by the weight it had before, so its clients
 * come back to it when it does; meanwhile they get nothing, or with flag
 * mh-fallback the server of another slot.
 *
 * The master makes the table, with ids of servers in it; a worker may find one
 * there that its service has lost a moment ago, and looks on.
 */
#include <stdlib.h>

#include <rte_byteorder.h>

#include "api/ipvs.h"
#include "base/hash.h"
#include "base/lines.h"
#include "ipvs/ipvs.h"
#include "ipvs/sched/hash256.h"
#include "worker/worker.h"

#define MH_FALLBACK API_SERVICE_SCHED1
#define MH_PORT     API_SERVICE_SCHED2

struct mh_table {
	uint32_t size;
	uint32_t slots[]; /* ids of servers */
};

/* While a table is made. */
struct mh_order {
	uint32_t next; /* the slot it would like now */
	uint32_t skip; /* from that to the one it would like then */
	uint32_t turn; /* slots that it takes at once */
	uint32_t id;
};

static const struct hash_key mh_key_slot = { { 2654435761u, 2654435761u } };
static const struct hash_key mh_key_skip = { { 2654446892u, 2654446892u } };

static uint32_t mh_hash(const struct hash_key *key, uint32_t folded, uint32_t port, uint32_t offset)
{
	return (uint32_t)siphash13_u32(key, offset + port + folded);
}

static uint32_t mh_gcd(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static unsigned int mh_bits(uint32_t n)
{
	return n ? 32u - (unsigned int)__builtin_clz(n) : 0;
}

/*
 * A size of 2^n or a little less has n bits; the weights, divided by what all have in common, are
 * cut to half of them.
 */
static unsigned int mh_shift(uint32_t size, uint32_t largest, uint32_t common)
{
	unsigned int room = mh_bits(size) / 2, have = mh_bits(largest / common);

	return have > room ? have - room : 0;
}

static uint32_t mh_orders(const struct service *svc, uint32_t size, struct mh_order *orders)
{
	uint32_t common = 0, largest = 0, n = 0;
	unsigned int shift;

	for (uint32_t i = 0; i < svc->n_dests; i++) {
		common = mh_gcd(common, svc->dests[i]->last_weight);
		largest = RTE_MAX(largest, svc->dests[i]->last_weight);
	}
	if (common == 0)
		return 0;
	shift = mh_shift(size, largest, common);
	for (uint32_t i = 0; i < svc->n_dests; i++) {
		const struct dest *dest = svc->dests[i];
		uint32_t folded = hash256_fold(svc->key.family, &dest->addr);
		uint32_t port = rte_be_to_cpu_16(dest->port);

		if (dest->last_weight == 0)
			continue;
		orders[n++] = (struct mh_order){
			.next = mh_hash(&mh_key_slot, folded, port, 0) % size,
			.skip = mh_hash(&mh_key_skip, folded, port, 0) % (size - 1) + 1,
			.turn = RTE_MAX(1u, dest->last_weight / common >> shift),
			.id = dest->id,
		};
	}
	return n;
}

/* The first free slot in its order; there is one. */
static void mh_take(struct mh_table *table, struct mh_order *order)
{
	while (table->slots[order->next] != DEST_NONE) {
		order->next += order->skip;
		if (order->next >= table->size)
			order->next -= table->size;
	}
	table->slots[order->next] = order->id;
}

static void mh_fill(struct mh_table *table, struct mh_order *orders, uint32_t n)
{
	uint32_t at = 0, taken = 0;

	for (uint32_t left = n ? table->size : 0; left > 0; left--) {
		mh_take(table, &orders[at]);
		if (++taken < orders[at].turn)
			continue;
		taken = 0;
		at = at + 1 < n ? at + 1 : 0;
	}
}

static void *mh_build(const struct worker *w, const struct service *svc)
{
	uint32_t size = w->ipvs->config.mh_table_size;
	struct mh_table *table = lines_alloc(sizeof(*table) + size * sizeof(table->slots[0]));
	struct mh_order *orders = lines_alloc((svc->n_dests + 1) * sizeof(*orders));

	if (!table || !orders) {
		free(table);
		free(orders);
		return NULL;
	}
	table->size = size;
	for (uint32_t i = 0; i < size; i++)
		table->slots[i] = DEST_NONE;
	mh_fill(table, orders, mh_orders(svc, size, orders));
	free(orders);
	return table;
}

/* The server of a slot; NULL: it has none, or another service has that id by now. */
static struct dest *mh_dest(const struct service *svc, const struct mh_table *table, uint32_t slot)
{
	struct dest *dest = dest_get(svc->table, table->slots[slot]);

	return dest && dest->service == svc->id ? dest : NULL;
}

static struct dest *mh_pick(struct service *svc, const struct sched_packet *packet)
{
	const struct mh_table *table = svc->sched_table;
	const struct tuple *tuple = packet->tuple;
	uint32_t port = svc->sched_flags & MH_PORT ? rte_be_to_cpu_16(tuple->sport) : 0;
	uint32_t folded = hash256_fold(tuple->family, &tuple->src), first;
	struct dest *dest;

	if (unlikely(!table))
		return NULL;
	first = mh_hash(&mh_key_slot, folded, port, 0) % table->size;
	dest = mh_dest(svc, table, first);
	if (likely(dest && dest_usable(dest) && !(dest->flags & DEST_REMOVED)))
		return dest;
	if (!(svc->sched_flags & MH_FALLBACK) && !(dest && (dest->flags & DEST_REMOVED)))
		return NULL;
	for (uint32_t i = 0; i < table->size; i++) {
		uint32_t offset = (first + i) % table->size;

		dest = mh_dest(svc, table,
			       mh_hash(&mh_key_slot, folded, port, offset) % table->size);
		if (dest && dest_usable(dest) && !(dest->flags & DEST_REMOVED))
			return dest;
	}
	return NULL;
}

const struct scheduler sched_mh = {
	.name = "mh",
	.flags = MH_FALLBACK | MH_PORT,
	.build = mh_build,
	.pick = mh_pick,
};
