/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/dest: the real servers of a service. They stand in the kernel's order,
 * the last added first, in an array that schedulers walk; its memory comes
 * with the op that needs it. A server that is removed keeps its id and counts
 * until no connection of any worker is left, and when it is added again
 * meanwhile, it is the same one.
 *
 * Thresholds: an upper threshold of U is split over N workers, U / N each and
 * one more for the first U % N of them, so that the sum of all can never be
 * above U; a worker whose share is 0 opens no connection there. The lower one
 * is split alike. Each worker stops at its share and goes on below its part of
 * the lower threshold, or below three quarters of its share without one, as
 * the kernel does with the whole.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ipvs/estimate.h"
#include "ipvs/service_int.h"

#define DEST_ROOM_FIRST 4

struct dest_op {
	struct dest_config config;
	uint32_t id;
	uint32_t serial;
	uint32_t service;
	uint32_t spare;
};

struct dest *dest_find(const struct service *svc, unsigned int family, const union ip_addr *addr,
		       be16 port)
{
	for (uint32_t i = 0; i < svc->n_dests; i++) {
		struct dest *dest = svc->dests[i];

		if (dest->port == port && dest->family == family && ip_equal(&dest->addr, addr))
			return dest;
	}
	return NULL;
}

static struct dest *dest_find_removed(const struct service_table *table, const struct service *svc,
				      const struct dest_config *config)
{
	for (uint32_t id = svc->removed_dests; id != DEST_NONE;
	     id = table->dests[id].next_removed) {
		struct dest *dest = &table->dests[id];

		if (dest->port == config->port && dest->family == config->family &&
		    ip_equal(&dest->addr, &config->addr))
			return dest;
	}
	return NULL;
}

static void dest_unlink_removed(struct service_table *table, struct service *svc, struct dest *dest)
{
	uint32_t *link = &svc->removed_dests;

	while (*link != dest->id)
		link = &table->dests[*link].next_removed;
	*link = dest->next_removed;
}

static void dest_retire(struct service *svc, struct dest *dest)
{
	dest->flags |= DEST_REMOVED;
	dest->next_removed = svc->removed_dests;
	svc->removed_dests = dest->id;
}

void dest_retire_all(struct service_table *table, struct service *svc, struct op *op)
{
	for (uint32_t i = 0; i < svc->n_dests; i++)
		dest_retire(svc, svc->dests[i]);
	op_garbage(op, svc->dests);
	svc->dests = NULL;
	svc->n_dests = svc->max_dests = 0;
}

/* Worker's part of a number that is for all; the master keeps nothing for itself. */
static uint32_t dest_share(const struct worker *w, uint32_t whole)
{
	if (w->id == WORKER_MASTER)
		return whole;
	return whole / w->n_workers + (w->id - 1 < whole % w->n_workers);
}

static void dest_configure(const struct worker *w, struct dest *dest,
			   const struct dest_config *config)
{
	dest->forward = config->forward;
	dest->weight = config->weight;
	dest->upper = config->upper;
	dest->lower = config->lower;
	dest->limit = dest_share(w, config->upper);
	dest->resume = dest_share(w, config->lower);
	if (config->lower && !dest->resume)
		dest->resume = 1;
	dest->flags &= (uint16_t) ~(DEST_LIMITED | DEST_OVERLOAD);
	if (config->upper)
		dest->flags |= DEST_LIMITED;
	dest_check_limit(dest);
}

/* args[0]: a longer array, when there is no room */
static void dest_apply_add(struct worker *w, struct op *op)
{
	const struct dest_op *data = op_data(op);
	struct service_table *table = service_table_of(w);
	struct service *svc = &table->services[data->service];
	struct dest *dest = &table->dests[data->id];

	if (op->args[0]) {
		if (svc->n_dests)
			memcpy(op->args[0], svc->dests, svc->n_dests * sizeof(*svc->dests));
		op_garbage(op, svc->dests);
		svc->dests = op->args[0];
		svc->max_dests = svc->max_dests ? svc->max_dests * 2 : DEST_ROOM_FIRST;
	}
	if (dest->serial) {
		dest_unlink_removed(table, svc, dest);
		dest->flags &= (uint16_t)~DEST_REMOVED;
	} else {
		dest->addr = data->config.addr;
		dest->family = data->config.family;
		dest->port = data->config.port;
		dest->id = data->id;
		dest->serial = data->serial;
		dest->service = data->service;
	}
	dest_configure(w, dest, &data->config);
	memmove(&svc->dests[1], &svc->dests[0], svc->n_dests * sizeof(*svc->dests));
	svc->dests[0] = dest;
	svc->n_dests++;
	if (svc->sched->changed)
		svc->sched->changed(svc, SCHED_ADDED, 0);
}

/* The op's id: a removed one's, or a new one. */
static int dest_choose_id(struct service_master *master, const struct dest *removed,
			  struct dest_op *data)
{
	int r;

	if (removed) {
		data->id = removed->id;
		return 0;
	}
	r = ids_take(&master->dests, &data->id);
	if (r < 0)
		return r;
	data->serial = service_serial(master);
	estimate_reset(master->estimates, ESTIMATE_DEST(data->id));
	return 0;
}

int dest_add(struct worker *const *all, struct service *svc, const struct dest_config *config)
{
	struct service_table *table = service_table_of(all[WORKER_MASTER]);
	struct dest *removed = dest_find_removed(table, svc, config);
	struct dest_op data = { .config = *config, .service = svc->id };
	struct op_set set;
	int r;

	if (dest_find(svc, config->family, &config->addr, config->port))
		return -EEXIST;
	r = dest_choose_id(table->master, removed, &data);
	if (r < 0)
		return r;
	r = op_set_init(&set, all, dest_apply_add, &data, sizeof(data));
	if (r == 0 && svc->n_dests == svc->max_dests) {
		uint32_t room = svc->max_dests ? svc->max_dests * 2 : DEST_ROOM_FIRST;

		r = op_set_alloc(&set, 0, room * sizeof(*svc->dests));
	}
	if (r < 0) {
		if (!removed)
			ids_give(&table->master->dests, data.id);
		return r;
	}
	op_set_publish(&set, all);
	if (removed)
		table->master->n_removed--;
	return 0;
}

static uint32_t dest_index(const struct service *svc, const struct dest *dest)
{
	uint32_t at = 0;

	while (svc->dests[at] != dest)
		at++;
	return at;
}

static void dest_apply_set(struct worker *w, struct op *op)
{
	const struct dest_op *data = op_data(op);
	struct service_table *table = service_table_of(w);
	struct dest *dest = &table->dests[data->id];
	struct service *svc = &table->services[dest->service];

	dest_configure(w, dest, &data->config);
	if (svc->sched->changed)
		svc->sched->changed(svc, SCHED_CHANGED, dest_index(svc, dest));
}

int dest_set(struct worker *const *all, struct dest *dest, const struct dest_config *config)
{
	struct dest_op data = { .config = *config, .id = dest->id };

	return op_multicast(all, dest_apply_set, &data, sizeof(data));
}

static void dest_apply_del(struct worker *w, struct op *op)
{
	const struct dest_op *data = op_data(op);
	struct service_table *table = service_table_of(w);
	struct dest *dest = &table->dests[data->id];
	struct service *svc = &table->services[dest->service];
	uint32_t at = dest_index(svc, dest);

	svc->n_dests--;
	memmove(&svc->dests[at], &svc->dests[at + 1], (svc->n_dests - at) * sizeof(*svc->dests));
	dest_retire(svc, dest);
	if (svc->sched->changed)
		svc->sched->changed(svc, SCHED_REMOVED, at);
}

int dest_del(struct worker *const *all, struct dest *dest)
{
	struct dest_op data = { .id = dest->id };
	int r = op_multicast(all, dest_apply_del, &data, sizeof(data));

	if (r == 0)
		service_note_removed(all, 1);
	return r;
}

static void dest_apply_free(struct worker *w, struct op *op)
{
	const struct dest_op *data = op_data(op);
	struct service_table *table = service_table_of(w);
	struct dest *dest = &table->dests[data->id];

	dest_unlink_removed(table, &table->services[dest->service], dest);
	memset(dest, 0, sizeof(*dest));
}

int dest_free(struct worker *const *all, struct dest *dest)
{
	struct service_master *master = service_table_of(all[WORKER_MASTER])->master;
	struct dest_op data = { .id = dest->id };
	int r = op_multicast(all, dest_apply_free, &data, sizeof(data));

	if (r < 0)
		return r;
	ids_give(&master->dests, data.id);
	master->n_removed--;
	return 0;
}
