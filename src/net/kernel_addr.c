/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/kernel-addr: see kernel_addr.h. Each worker has a hash of them, changed
 * by ops; the master's also knows in which round of rtnetlink's an address was
 * told last. Only what goes to an address of ours and has no taker is looked up
 * here.
 */
#include "net/kernel_addr.h"

#include <stdlib.h>

#include "base/chains.h"
#include "base/lines.h"
#include "link/kni.h"
#include "net/change.h"
#include "net/ip4_int.h"
#include "net/ip6.h"
#include "net/net.h"
#include "worker/worker.h"

enum { ARG_NODE, ARG_SEGMENT };

struct node {
	struct chain chain;
	struct list all;
	struct kernel_addr addr;
	uint32_t round; /* the master's: when it was told last */
};

struct kernel_addr_table {
	bool known; /* all of them are here */
	struct chains chains;
	struct list all;
	uint32_t round; /* the master's */
};

struct kernel_addr_table *kernel_addr_table_create(void)
{
	struct kernel_addr_table *table = lines_alloc(sizeof(*table));

	if (!table)
		return NULL;
	chains_init(&table->chains);
	list_init(&table->all);
	return table;
}

void kernel_addr_table_destroy(struct kernel_addr_table *table)
{
	if (!table)
		return;
	list_for_each_safe (it, &table->all)
		free(container_of(it, struct node, all));
	chains_free(&table->chains);
	free(table);
}

static uint64_t hash_of(const struct worker *w, const union ip_addr *ip)
{
	return hash_words(&w->flow_key, ip->u64[0], ip->u64[1]);
}

static bool has(const struct worker *w, unsigned int family, const union ip_addr *ip)
{
	chains_for_each (it, &w->net->kernel_addrs->chains, hash_of(w, ip)) {
		const struct node *node = container_of(it, struct node, chain);

		if (node->addr.family == family && ip_equal(&node->addr.ip, ip))
			return true;
	}
	return false;
}

static bool is_group(const struct tuple *tuple)
{
	return tuple->family == AF_INET ? ip4_is_multicast(tuple->dst.v4)
					: ip6_is_multicast(&tuple->dst);
}

bool kernel_may_listen(const struct worker *w, const struct pkt_meta *meta)
{
	const struct tuple *tuple = &meta->tuple;

	if (!kni_ready(w, meta->in_port))
		return false;
	return !w->net->kernel_addrs->known || kni_is_elsewhere(w, meta->in_port) ||
	       is_group(tuple) || has(w, tuple->family, &tuple->dst);
}

/* ---- ops ---- */

static struct node *find(const struct worker *w, const struct kernel_addr *addr)
{
	chains_for_each (it, &w->net->kernel_addrs->chains, hash_of(w, &addr->ip)) {
		struct node *node = container_of(it, struct node, chain);

		if (node->addr.family == addr->family && node->addr.plen == addr->plen &&
		    node->addr.index == addr->index && ip_equal(&node->addr.ip, &addr->ip) &&
		    ip_equal(&node->addr.peer, &addr->peer))
			return node;
	}
	return NULL;
}

static void apply_add(struct worker *w, struct op *op)
{
	struct kernel_addr_table *table = w->net->kernel_addrs;
	struct node *node = op->args[ARG_NODE];

	node->addr = *(const struct kernel_addr *)op_data(op);
	node->round = table->round;
	list_add_tail(&table->all, &node->all);
	op_garbage(op, chains_add(&table->chains, &node->chain, hash_of(w, &node->addr.ip),
				  op->args[ARG_SEGMENT]));
}

static void apply_del(struct worker *w, struct op *op)
{
	struct node *node = find(w, op_data(op));

	if (!node)
		return;
	op_garbage(op, chains_del(&w->net->kernel_addrs->chains, &node->chain));
	list_del(&node->all);
	op_garbage(op, node);
}

static void apply_known(struct worker *w, struct op *op)
{
	w->net->kernel_addrs->known = true;
}

/* ---- the master's ---- */

void kernel_addr_begin(struct worker *master)
{
	master->net->kernel_addrs->round++;
}

void kernel_addr_put(struct worker *const *all, const struct kernel_addr *addr)
{
	const struct kernel_addr_table *table = all[WORKER_MASTER]->net->kernel_addrs;
	struct node *node = find(all[WORKER_MASTER], addr);
	struct change change;
	int r;

	if (node) {
		node->round = table->round;
		return;
	}
	change_init(&change, all);
	r = change_add(&change, apply_add, addr, sizeof(*addr), sizeof(*node));
	if (r == 0)
		r = change_bring(&change, ARG_SEGMENT, chains_need(&table->chains));
	change_end(&change, r);
}

void kernel_addr_remove(struct worker *const *all, const struct kernel_addr *addr)
{
	struct change change;

	change_init(&change, all);
	change_end(&change, change_add(&change, apply_del, addr, sizeof(*addr), 0));
}

void kernel_addr_end(struct worker *const *all)
{
	const struct kernel_addr_table *table = all[WORKER_MASTER]->net->kernel_addrs;
	struct change change;

	list_for_each_safe (it, &table->all) {
		const struct node *node = container_of(it, struct node, all);
		struct kernel_addr addr = node->addr;

		if (node->round != table->round)
			kernel_addr_remove(all, &addr);
	}
	if (table->known)
		return;
	change_init(&change, all);
	change_end(&change, change_add(&change, apply_known, NULL, 0, 0));
}
