/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/dest: the real servers of a service. They stand in the kernel's order,
 * the last added first, in an array that schedulers walk. It grows towards its
 * front, and its memory comes with the op that needs it; adding never moves
 * the others, and removing moves the fewer. The master finds a server by its
 * address in a hash. So no op depends much on how many there are. A server that is removed keeps
 * its id and counts until no connection of any worker is left, and when it is added again
 * meanwhile, it is the same one.
 *
 * Thresholds are counted by all workers together (limit.h), from the op on that
 * sets one: with it each worker adds the connections that it has.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ipvs/estimate.h"
#include "ipvs/service_int.h"
#include "ipvs/tables.h"
#include "net/stamp.h"

#define DEST_ROOM_FIRST 4

struct dest_op {
	struct dest_config config;
	uint32_t id;
	uint32_t serial;
	uint32_t service;
	uint32_t spare;
};

static uint64_t dest_hash(const struct service_table *table, const struct dest *dest)
{
	return service_member_hash(table, &table->services[dest->service], dest->family,
				   &dest->addr, dest->port);
}

/* Removed ones too. */
static struct dest *dest_find_any(const struct service_table *table, const struct service *svc,
				  const struct dest_config *name)
{
	const struct id_hash *by_key = &table->master->dests_by_key;
	uint64_t hash = service_member_hash(table, svc, name->family, &name->addr, name->port);

	for (uint32_t link = id_hash_first(by_key, hash); link; link = id_hash_next(by_key, link)) {
		struct dest *dest = &table->dests[link - 1];

		if (dest->service == svc->id && dest->port == name->port &&
		    dest->port_last == name->port_last && dest->family == name->family &&
		    ip_equal(&dest->addr, &name->addr))
			return dest;
	}
	return NULL;
}

struct dest *dest_find_named(const struct service_table *table, const struct service *svc,
			     const struct dest_config *name)
{
	struct dest *dest = dest_find_any(table, svc, name);

	return dest && !(dest->flags & DEST_REMOVED) ? dest : NULL;
}

struct dest *dest_find(const struct service_table *table, const struct service *svc,
		       unsigned int family, const union ip_addr *addr, be16 port)
{
	const struct dest_config name = { .addr = *addr, .family = (uint16_t)family, .port = port };

	return dest_find_named(table, svc, &name);
}

static void dest_retire(struct service_table *table, struct service *svc, struct dest *dest)
{
	dest->flags |= DEST_REMOVED;
	dest->on_remove = svc->on_remove;
	if (svc->on_remove != API_ON_REMOVE_KEEP)
		table->ending_walks = 2; /* the one under way may be past some of them */
	dest->next_removed = svc->removed_dests;
	dest->prev_removed = DEST_NONE;
	if (dest->next_removed != DEST_NONE)
		table->dests[dest->next_removed].prev_removed = dest->id;
	svc->removed_dests = dest->id;
}

static void dest_unlink_removed(struct service_table *table, struct service *svc, struct dest *dest)
{
	if (dest->prev_removed == DEST_NONE)
		svc->removed_dests = dest->next_removed;
	else
		table->dests[dest->prev_removed].next_removed = dest->next_removed;
	if (dest->next_removed != DEST_NONE)
		table->dests[dest->next_removed].prev_removed = dest->prev_removed;
}

void dest_retire_all(struct service_table *table, struct service *svc, struct op *op)
{
	for (uint32_t i = 0; i < svc->n_dests; i++)
		dest_retire(table, svc, svc->dests[i]);
	op_garbage(op, svc->dest_room);
	svc->dests = svc->dest_room = NULL;
	svc->n_dests = 0;
}

static uint64_t dest_hash_of_answers(const struct service_table *table, const struct dest *dest)
{
	uint8_t proto = table->services[dest->service].key.proto;

	return dest_answer_hash(table, proto, dest->family, &dest->addr,
				dest_answer_port(dest, proto));
}

static bool dest_answers_any(const struct service_table *table, const struct dest *dest)
{
	return dest_answer_port(dest, table->services[dest->service].key.proto) == 0;
}

/* change: 1 or -1 */
static void dest_count_answering(struct service_table *table, const struct dest *dest, int change)
{
	table->n_answering += (uint32_t)change;
	if (dest_answers_any(table, dest))
		table->n_answering_any += (uint32_t)change;
	addr_count(&table->addrs, &table->key, ADDR_SOURCE, dest->family, &dest->addr, change);
}

/* Where are connections that its mode opens, and where do its answers go? It stays so when the mode
 * changes, since connections keep theirs. */
static void dest_take_mode(struct service_table *table, struct dest *dest)
{
	struct service *svc = &table->services[dest->service];

	if (lport_is_narrow(dest_ports(dest), dest->n_others + 1u))
		table->narrow = true;
	if (dest->forward != API_FORWARD_NAT) {
		svc->flags |= SERVICE_BY_FLOW;
		return;
	}
	svc->flags |= SERVICE_BY_CLIENT;
	if (dest->flags & DEST_ANSWERS)
		return;
	dest->flags |= DEST_ANSWERS;
	id_hash_add(&table->answering, dest_hash_of_answers(table, dest), dest->id);
	dest_count_answering(table, dest, 1);
}

/* Those that it has have places as long as there is a threshold. The master has none. */
static void dest_set_limit(const struct worker *w, struct dest *dest,
			   const struct dest_config *config)
{
	const uint32_t conns = dest->active + dest->inactive;
	const struct limit_marks marks = { .upper = config->upper, .lower = config->lower };

	dest->limit = (struct limit *)w->all[WORKER_MASTER]->ipvs->services->limits.base + dest->id;
	if (!(dest->flags & DEST_LIMITED) && marks.upper)
		limit_add(dest->limit, marks, conns);
	else if ((dest->flags & DEST_LIMITED) && !marks.upper)
		limit_give(dest->limit, dest->marks, conns);
	dest->marks = marks;
	dest->flags &= (uint16_t)~DEST_LIMITED;
	if (!marks.upper)
		return;
	dest->flags |= DEST_LIMITED;
	limit_settle(dest->limit, marks);
}

static void dest_configure(const struct worker *w, struct dest *dest,
			   const struct dest_config *config)
{
	dest->forward = config->forward;
	dest->tun_type = config->tun_type;
	dest->tun_flags = config->tun_flags;
	dest->tun_port = config->tun_port;
	dest->head_stamp = 0;
	dest->weight = config->weight;
	if (config->weight)
		dest->last_weight = config->weight;
	dest_set_limit(w, dest, config);
	dest_take_mode(service_table_of(w), dest);
}

/* Room for one more in front of the first? */
static bool dest_room_in_front(const struct service *svc)
{
	return svc->dests != svc->dest_room;
}

/* Of the array that the service gets when there is none. */
static uint32_t dest_room_next(const struct service *svc)
{
	return svc->n_dests ? svc->n_dests * 2 : DEST_ROOM_FIRST;
}

/* The servers move to the end of an array of this size. */
static void dest_move(struct service *svc, struct dest **room, uint32_t max, struct op *op)
{
	struct dest **dests = room + max - svc->n_dests;

	if (svc->n_dests)
		memcpy(dests, svc->dests, svc->n_dests * sizeof(struct dest *));
	op_garbage(op, svc->dest_room);
	svc->dest_room = room;
	svc->dests = dests;
}

static void dest_create(const struct worker *w, struct service_table *table,
			const struct dest_op *data)
{
	struct dest *dest = &table->dests[data->id];

	dest->addr = data->config.addr;
	dest->family = data->config.family;
	dest->slot = stamp_slot(dest->family, &dest->addr);
	dest->port = data->config.port;
	dest->port_last = data->config.port_last;
	dest->id = data->id;
	dest->serial = data->serial;
	dest->service = data->service;
	dest->n_others = (uint8_t)(w->n_workers - 1);
	if (table->master)
		id_hash_add(&table->master->dests_by_key, dest_hash(table, dest), dest->id);
}

/* args[0]: another array, when there is no room in front */
static void dest_apply_add(struct worker *w, struct op *op)
{
	const struct dest_op *data = op_data(op);
	struct service_table *table = service_table_of(w);
	struct service *svc = &table->services[data->service];
	struct dest *dest = &table->dests[data->id];

	if (op->args[0])
		dest_move(svc, op->args[0], dest_room_next(svc), op);
	if (dest->serial) {
		dest_unlink_removed(table, svc, dest);
		dest->flags &= (uint16_t)~DEST_REMOVED;
	} else {
		dest_create(w, table, data);
	}
	dest->last_weight = 0;
	dest_configure(w, dest, &data->config);
	dest->conn_timeout_s = svc->conn_timeout_s;
	dest->order = ++svc->last_order;
	*--svc->dests = dest;
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
	struct dest *removed = dest_find_any(table, svc, config);
	struct dest_op data = { .config = *config, .service = svc->id };
	struct op_set set;
	int r;

	if (removed && !(removed->flags & DEST_REMOVED))
		return -EEXIST;
	r = dest_choose_id(table->master, removed, &data);
	if (r < 0)
		return r;
	r = op_set_init(&set, all, dest_apply_add, &data, sizeof(data));
	if (r == 0 && !dest_room_in_front(svc))
		r = op_set_alloc(&set, 0, dest_room_next(svc) * sizeof(struct dest *));
	if (r < 0) {
		if (!removed)
			ids_give(&table->master->dests, data.id);
		return r;
	}
	/* connections of a server that comes back count for its limit at once */
	if (!config->upper)
		op_set_patient(&set);
	op_set_publish(&set, all);
	tables_note(table, svc);
	if (removed)
		table->master->n_removed--;
	return 0;
}

/* Where it stands: those added later are before it. */
static uint32_t dest_index(const struct service *svc, const struct dest *dest)
{
	uint32_t low = 0, high = svc->n_dests;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (svc->dests[middle]->order > dest->order)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Those on its shorter side close the gap. */
static void dest_take_out(struct service *svc, uint32_t at)
{
	struct dest **dests = svc->dests;
	uint32_t behind = svc->n_dests - at - 1;

	if (at <= behind) {
		memmove(&dests[1], &dests[0], at * sizeof(*dests));
		svc->dests++;
	} else {
		memmove(&dests[at], &dests[at + 1], behind * sizeof(*dests));
	}
	svc->n_dests--;
}

static void dest_apply_set(struct worker *w, struct op *op)
{
	const struct dest_op *data = op_data(op);
	struct service_table *table = service_table_of(w);
	struct dest *dest = &table->dests[data->id];
	struct service *svc = &table->services[dest->service];

	dest_configure(w, dest, &data->config);
	if (svc->sched->changed)
		svc->sched->changed(svc, SCHED_CHANGED, 0);
}

int dest_set(struct worker *const *all, struct dest *dest, const struct dest_config *config)
{
	struct service_table *table = service_table_of(all[WORKER_MASTER]);
	struct dest_op data = { .config = *config, .id = dest->id };
	int r = op_multicast(all, dest_apply_set, &data, sizeof(data));

	if (r == 0)
		tables_note(table, &table->services[dest->service]);
	return r;
}

static void dest_apply_del(struct worker *w, struct op *op)
{
	const struct dest_op *data = op_data(op);
	struct service_table *table = service_table_of(w);
	struct dest *dest = &table->dests[data->id];
	struct service *svc = &table->services[dest->service];
	uint32_t at = dest_index(svc, dest);

	dest_take_out(svc, at);
	dest_retire(table, svc, dest);
	if (svc->sched->changed)
		svc->sched->changed(svc, SCHED_REMOVED, at);
}

int dest_del(struct worker *const *all, struct dest *dest)
{
	struct dest_op data = { .id = dest->id };
	struct service_table *table = service_table_of(all[WORKER_MASTER]);
	int r = op_multicast(all, dest_apply_del, &data, sizeof(data));

	if (r == 0) {
		service_note_removed(all, 1);
		tables_note(table, &table->services[dest->service]);
	}
	return r;
}

static void dest_apply_free(struct worker *w, struct op *op)
{
	const struct dest_op *data = op_data(op);
	struct service_table *table = service_table_of(w);
	struct dest *dest = &table->dests[data->id];

	dest_unlink_removed(table, &table->services[dest->service], dest);
	if (table->master)
		id_hash_del(&table->master->dests_by_key, dest_hash(table, dest), dest->id);
	if (dest->flags & DEST_ANSWERS) {
		id_hash_del(&table->answering, dest_hash_of_answers(table, dest), dest->id);
		dest_count_answering(table, dest, -1);
	}
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
