/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/maddr: one worker's copy of the groups that ports are in, and the ops
 * that change it. A group has users, since many addresses share a
 * solicited-node group; the first brings the entry, the last takes it away.
 * The master counts along, so that it knows what a driver must let in.
 */
#include "net/maddr_int.h"

#include <stdlib.h>

#include "base/lines.h"
#include "net/change.h"
#include "net/net.h"
#include "worker/worker.h"

/* args[] of join */
enum {
	ARG_NODE,
	ARG_GROUPS,
};

struct maddr_table *maddr_table_create(void)
{
	struct maddr_table *table = lines_alloc(sizeof(*table));

	if (!table)
		return NULL;
	chains_init(&table->groups);
	for (unsigned int i = 0; i < PORT_MAX; i++)
		list_init(&table->ports[i]);
	return table;
}

void maddr_table_destroy(struct maddr_table *table)
{
	if (!table)
		return;
	for (unsigned int i = 0; i < PORT_MAX; i++)
		list_for_each_safe (it, &table->ports[i])
			free(container_of(it, struct maddr, port_node));
	chains_free(&table->groups);
	free(table);
}

union ip_addr maddr_solicited_node(const union ip_addr *ip)
{
	return (union ip_addr){ .v6 = { 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, ip->v6[13],
					ip->v6[14], ip->v6[15] } };
}

static uint64_t maddr_hash(const struct worker *w, uint16_t port, const union ip_addr *ip)
{
	return hash_words(&w->flow_key, ip->u64[0], ip->u64[1] ^ port);
}

static struct maddr *maddr_find(const struct worker *w, uint16_t port, unsigned int family,
				const union ip_addr *ip)
{
	chains_for_each (it, &w->net->maddrs->groups, maddr_hash(w, port, ip)) {
		struct maddr *maddr = container_of(it, struct maddr, chain);

		if (ip_equal(&maddr->key.ip, ip) && maddr->key.port == port &&
		    maddr->key.family == family)
			return maddr;
	}
	return NULL;
}

bool maddr_is_member(const struct worker *w, uint16_t port, unsigned int family,
		     const union ip_addr *ip)
{
	return maddr_find(w, port, family, ip);
}

static void maddr_apply_join(struct worker *w, struct op *op)
{
	struct maddr_table *table = w->net->maddrs;
	const struct maddr_key *key = op_data(op);
	struct maddr *maddr = maddr_find(w, key->port, key->family, &key->ip);

	if (maddr) {
		maddr->users++;
		op_garbage(op, op->args[ARG_NODE]);
		op_garbage(op, op->args[ARG_GROUPS]);
		return;
	}
	maddr = op->args[ARG_NODE];
	maddr->key = *key;
	maddr->users = 1;
	op_garbage(op, chains_add(&table->groups, &maddr->chain, maddr_hash(w, key->port, &key->ip),
				  op->args[ARG_GROUPS]));
	list_add_tail(&table->ports[key->port], &maddr->port_node);
	maddr->order.major = key->port;
	maddr->order.minor = ++table->serial;
	order_add(&table->order, &maddr->order);
	table->changes++;
	table->stale |= UINT64_C(1) << key->port;
}

static void maddr_remove(struct worker *w, struct op *op, struct maddr *maddr)
{
	struct maddr_table *table = w->net->maddrs;

	op_garbage(op, chains_del(&table->groups, &maddr->chain));
	list_del(&maddr->port_node);
	order_del(&table->order, &maddr->order);
	op_garbage(op, maddr);
	table->changes++;
	table->stale |= UINT64_C(1) << maddr->key.port;
}

static void maddr_apply_leave(struct worker *w, struct op *op)
{
	const struct maddr_key *key = op_data(op);
	struct maddr *maddr = maddr_find(w, key->port, key->family, &key->ip);

	if (maddr && --maddr->users == 0)
		maddr_remove(w, op, maddr);
}

/* However many users it has. */
static void maddr_apply_end(struct worker *w, struct op *op)
{
	const struct maddr_key *key = op_data(op);
	struct maddr *maddr = maddr_find(w, key->port, key->family, &key->ip);

	if (maddr)
		maddr_remove(w, op, maddr);
}

int maddr_op_join(struct change *change, const struct maddr_key *key)
{
	const struct maddr_table *table = change->all[WORKER_MASTER]->net->maddrs;
	int r = change_add(change, maddr_apply_join, key, sizeof(*key), sizeof(struct maddr));

	return r == 0 ? change_bring(change, ARG_GROUPS, chains_need(&table->groups)) : r;
}

int maddr_op_leave(struct change *change, const struct maddr_key *key)
{
	return change_add(change, maddr_apply_leave, key, sizeof(*key), 0);
}

int maddr_join(struct worker *const *all, const struct maddr_key *key)
{
	struct change change;

	change_init(&change, all);
	return change_end(&change, maddr_op_join(&change, key));
}

int maddr_leave(struct worker *const *all, const struct maddr_key *key)
{
	return op_multicast(all, maddr_apply_leave, key, sizeof(*key));
}

int maddr_unplug(struct worker *const *all, uint16_t port)
{
	struct maddr_table *table = all[WORKER_MASTER]->net->maddrs;
	int r = 0;

	list_for_each_safe (it, &table->ports[port]) {
		struct maddr_key key = container_of(it, struct maddr, port_node)->key;

		r = op_multicast(all, maddr_apply_end, &key, sizeof(key));
		if (r < 0)
			return r;
	}
	table->joined &= ~(UINT64_C(1) << port);
	table->routers &= ~(UINT64_C(1) << port);
	table->stale &= ~(UINT64_C(1) << port);
	return 0;
}
