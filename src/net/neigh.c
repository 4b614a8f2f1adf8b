/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/neigh: one worker's copy of the neighbour table, and the ops that change
 * it. The hash is keyed, as anybody on the link can make entries. A worker
 * never adds an entry by itself: a packet for a stranger waits beside the
 * table (neigh_wait.c) until the master has made one. When an op brings a MAC
 * address, what waits is sent; when it says that nobody answers, it is dropped.
 */
#include "net/neigh_int.h"

#include <string.h>

#include "net/adj.h"
#include "net/tell.h"

static void neigh_take(struct worker *w, struct neigh *neigh, const struct neigh_key *key)
{
	neigh->state = key->state;
	neigh->is_static = key->is_static;
	if (neigh_usable(neigh))
		neigh->mac = key->mac;
	adj_neigh_changed(w, neigh);
	if (neigh_usable(neigh))
		neigh_wait_release(w, neigh);
	else if (neigh->state == API_NEIGH_FAILED)
		neigh_wait_fail(w, key, DROP_NEIGH_FAILED);
	__atomic_store_n(&neigh->held, neigh_wait_count(w, key), __ATOMIC_RELAXED);
}

void neigh_apply_add(struct worker *w, struct op *op)
{
	const struct neigh_key *key = op_data(op);
	struct neigh *neigh = op->args[0];

	neigh->ip = key->ip;
	neigh->port = key->port;
	neigh->family = key->family;
	list_add_tail(neigh_bucket(w, &key->ip, key->port), &neigh->node);
	neigh->order.minor = ++w->net->neighs->serial;
	order_add(&w->net->neighs->order, &neigh->order);
	w->net->neighs->count++;
	neigh_take(w, neigh, key);
	tell_neigh(w, API_EVENT_ADD, neigh);
}

void neigh_apply_set(struct worker *w, struct op *op)
{
	const struct neigh_key *key = op_data(op);
	struct neigh *neigh = neigh_find(w, key->family, &key->ip, key->port);
	bool changes;

	if (!neigh)
		return;
	changes = neigh->state != key->state || neigh->is_static != key->is_static ||
		  memcmp(&neigh->mac, &key->mac, sizeof(key->mac)) != 0;
	neigh_take(w, neigh, key);
	if (changes)
		tell_neigh(w, API_EVENT_CHANGE, neigh);
}

void neigh_apply_del(struct worker *w, struct op *op)
{
	const struct neigh_key *key = op_data(op);
	struct neigh *neigh = neigh_find(w, key->family, &key->ip, key->port);

	if (!neigh)
		return;
	tell_neigh(w, API_EVENT_DEL, neigh);
	neigh_wait_fail(w, key, DROP_NEIGH_FAILED);
	adj_neigh_gone(w, neigh);
	list_del(&neigh->node);
	order_del(&w->net->neighs->order, &neigh->order);
	w->net->neighs->count--;
	op_garbage(op, neigh);
}

void neigh_apply_refuse(struct worker *w, struct op *op)
{
	neigh_wait_fail(w, op_data(op), DROP_NEIGH_TABLE);
}
