/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/laddr: the local addresses of a service, from which its connections go
 * to the real servers. They stand in the order in which they were added and
 * are taken in turn. One that is removed keeps its id until no connection is
 * counted on it any more; added again before that, it is the same one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipvs/service_int.h"

#define LADDR_ROOM_FIRST 4

struct laddr_op {
	union ip_addr addr;
	uint32_t id;
	uint32_t serial;
	uint32_t service;
	uint16_t family;
	char dev[API_NAME_LEN];
};

struct laddr *service_next_laddr(struct service *svc, unsigned int family)
{
	for (uint32_t tried = 0; tried < svc->n_laddrs; tried++) {
		struct laddr *laddr;

		if (svc->next_laddr >= svc->n_laddrs)
			svc->next_laddr = 0;
		laddr = svc->laddrs[svc->next_laddr++];
		if (laddr->family == family)
			return laddr;
	}
	return NULL;
}

static uint64_t laddr_hash(const struct service_table *table, const struct laddr *laddr)
{
	return service_member_hash(table, &table->services[laddr->service], laddr->family,
				   &laddr->addr, 0);
}

/* Removed ones too. */
static struct laddr *laddr_find_any(const struct service_table *table, const struct service *svc,
				    unsigned int family, const union ip_addr *addr)
{
	const struct id_hash *by_key = &table->master->laddrs_by_key;
	uint64_t hash = service_member_hash(table, svc, family, addr, 0);

	for (uint32_t link = id_hash_first(by_key, hash); link; link = id_hash_next(by_key, link)) {
		struct laddr *laddr = &table->laddrs[link - 1];

		if (laddr->service == svc->id && laddr->family == family &&
		    ip_equal(&laddr->addr, addr))
			return laddr;
	}
	return NULL;
}

struct laddr *laddr_find(const struct service_table *table, const struct service *svc,
			 unsigned int family, const union ip_addr *addr)
{
	struct laddr *laddr = laddr_find_any(table, svc, family, addr);

	return laddr && !(laddr->flags & LADDR_REMOVED) ? laddr : NULL;
}

static void laddr_retire(struct service_table *table, struct service *svc, struct laddr *laddr)
{
	laddr->flags |= LADDR_REMOVED;
	laddr->next_removed = svc->removed_laddrs;
	laddr->prev_removed = LADDR_NONE;
	if (laddr->next_removed != LADDR_NONE)
		table->laddrs[laddr->next_removed].prev_removed = laddr->id;
	svc->removed_laddrs = laddr->id;
}

static void laddr_unlink_removed(struct service_table *table, struct service *svc,
				 struct laddr *laddr)
{
	if (laddr->prev_removed == LADDR_NONE)
		svc->removed_laddrs = laddr->next_removed;
	else
		table->laddrs[laddr->prev_removed].next_removed = laddr->next_removed;
	if (laddr->next_removed != LADDR_NONE)
		table->laddrs[laddr->next_removed].prev_removed = laddr->prev_removed;
}

void laddr_retire_all(struct service_table *table, struct service *svc, struct op *op)
{
	for (uint32_t i = 0; i < svc->n_laddrs; i++)
		laddr_retire(table, svc, svc->laddrs[i]);
	op_garbage(op, svc->laddrs);
	svc->laddrs = NULL;
	svc->n_laddrs = svc->max_laddrs = svc->next_laddr = 0;
}

static void laddr_create(struct service_table *table, const struct laddr_op *data)
{
	struct laddr *laddr = &table->laddrs[data->id];

	laddr->addr = data->addr;
	laddr->family = data->family;
	laddr->id = data->id;
	laddr->serial = data->serial;
	laddr->service = data->service;
	if (table->master)
		id_hash_add(&table->master->laddrs_by_key, laddr_hash(table, laddr), laddr->id);
}

/* args[0]: a longer array, when there is no room */
static void laddr_apply_add(struct worker *w, struct op *op)
{
	const struct laddr_op *data = op_data(op);
	struct service_table *table = service_table_of(w);
	struct service *svc = &table->services[data->service];
	struct laddr *laddr = &table->laddrs[data->id];

	if (op->args[0]) {
		if (svc->n_laddrs)
			memcpy(op->args[0], svc->laddrs, svc->n_laddrs * sizeof(*svc->laddrs));
		op_garbage(op, svc->laddrs);
		svc->laddrs = op->args[0];
		svc->max_laddrs = svc->max_laddrs ? svc->max_laddrs * 2 : LADDR_ROOM_FIRST;
	}
	if (laddr->serial) {
		laddr_unlink_removed(table, svc, laddr);
		laddr->flags &= (uint16_t)~LADDR_REMOVED;
	} else {
		laddr_create(table, data);
	}
	laddr->order = ++svc->last_order;
	memcpy(laddr->dev, data->dev, sizeof(laddr->dev));
	svc->laddrs[svc->n_laddrs++] = laddr;
}

int laddr_add(struct worker *const *all, struct service *svc, unsigned int family,
	      const union ip_addr *addr, const char *dev)
{
	struct service_table *table = service_table_of(all[WORKER_MASTER]);
	struct service_master *master = table->master;
	struct laddr *removed = laddr_find_any(table, svc, family, addr);
	struct laddr_op data = { .addr = *addr, .service = svc->id, .family = (uint16_t)family };
	struct op_set set;
	int r;

	if (removed && !(removed->flags & LADDR_REMOVED))
		return -EEXIST;
	snprintf(data.dev, sizeof(data.dev), "%s", dev);
	if (removed) {
		data.id = removed->id;
	} else {
		r = ids_take(&master->laddrs, &data.id);
		if (r < 0)
			return r;
		data.serial = service_serial(master);
	}
	r = op_set_init(&set, all, laddr_apply_add, &data, sizeof(data));
	if (r == 0 && svc->n_laddrs == svc->max_laddrs) {
		uint32_t room = svc->max_laddrs ? svc->max_laddrs * 2 : LADDR_ROOM_FIRST;

		r = op_set_alloc(&set, 0, room * sizeof(*svc->laddrs));
	}
	if (r < 0) {
		if (!removed)
			ids_give(&master->laddrs, data.id);
		return r;
	}
	op_set_patient(&set);
	op_set_publish(&set, all);
	if (removed)
		master->n_removed--;
	return 0;
}

/* Where it stands: those added earlier are before it. */
static uint32_t laddr_index(const struct service *svc, const struct laddr *laddr)
{
	uint32_t low = 0, high = svc->n_laddrs;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (svc->laddrs[middle]->order < laddr->order)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void laddr_apply_del(struct worker *w, struct op *op)
{
	const struct laddr_op *data = op_data(op);
	struct service_table *table = service_table_of(w);
	struct laddr *laddr = &table->laddrs[data->id];
	struct service *svc = &table->services[laddr->service];
	uint32_t at = laddr_index(svc, laddr);

	svc->n_laddrs--;
	memmove(&svc->laddrs[at], &svc->laddrs[at + 1],
		(svc->n_laddrs - at) * sizeof(*svc->laddrs));
	if (at < svc->next_laddr)
		svc->next_laddr--;
	laddr_retire(table, svc, laddr);
}

int laddr_del(struct worker *const *all, struct laddr *laddr)
{
	struct laddr_op data = { .id = laddr->id };
	int r = op_multicast(all, laddr_apply_del, &data, sizeof(data));

	if (r == 0)
		service_note_removed(all, 1);
	return r;
}

static void laddr_apply_free(struct worker *w, struct op *op)
{
	const struct laddr_op *data = op_data(op);
	struct service_table *table = service_table_of(w);
	struct laddr *laddr = &table->laddrs[data->id];

	laddr_unlink_removed(table, &table->services[laddr->service], laddr);
	if (table->master)
		id_hash_del(&table->master->laddrs_by_key, laddr_hash(table, laddr), laddr->id);
	memset(laddr, 0, sizeof(*laddr));
}

int laddr_free(struct worker *const *all, struct laddr *laddr)
{
	struct service_master *master = service_table_of(all[WORKER_MASTER])->master;
	struct laddr_op data = { .id = laddr->id };
	int r = op_multicast(all, laddr_apply_free, &data, sizeof(data));

	if (r < 0)
		return r;
	ids_give(&master->laddrs, data.id);
	master->n_removed--;
	return 0;
}
