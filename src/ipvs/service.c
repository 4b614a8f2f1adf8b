/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/service: the virtual services of a worker: a table by id and a keyed
 * hash over address, port and protocol. A removed service stays in the hash, where lookups pass
 * over it, as long as one of its servers or local addresses is still counted on; added again
 * meanwhile, it keeps its id, so that its connections count for it, and its servers may come back
 * too.
 */
#include "ipvs/service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "ipvs/estimate.h"
#include "ipvs/match.h"
#include "ipvs/service_int.h"
#include "ipvs/tables.h"

#define MEMBER_BUCKETS (1u << 18) /* of servers, and of local addresses: up to four in each */

struct service_op {
	struct service_key key; /* its match is `match`, not what it points to */
	struct api_match match;
	struct service_config config;
	uint32_t id;
	uint32_t serial;
};

static void service_master_destroy(struct service_master *master)
{
	if (!master)
		return;
	estimates_destroy(master->estimates);
	id_hash_destroy(&master->dests_by_key);
	id_hash_destroy(&master->laddrs_by_key);
	ids_free(&master->services);
	ids_free(&master->dests);
	ids_free(&master->laddrs);
	free(master);
}

static struct service_master *service_master_create(unsigned int n_workers)
{
	struct service_master *master = lines_alloc(sizeof(*master));

	if (!master)
		return NULL;
	master->services.max = SERVICE_MAX;
	master->dests.max = DEST_MAX;
	master->laddrs.max = LADDR_MAX;
	master->estimates = estimates_create(n_workers);
	if (master->estimates &&
	    id_hash_create(&master->dests_by_key, MEMBER_BUCKETS, DEST_MAX) == 0 &&
	    id_hash_create(&master->laddrs_by_key, MEMBER_BUCKETS, LADDR_MAX) == 0)
		return master;
	service_master_destroy(master);
	return NULL;
}

struct service_table *service_table_create(const struct worker *w)
{
	struct service_table *table = lines_alloc(sizeof(*table));
	const size_t sizes[] = { SERVICE_MAX * sizeof(struct service),
				 DEST_MAX * sizeof(struct dest), LADDR_MAX * sizeof(struct laddr),
				 SERVICE_BUCKETS * sizeof(uint32_t),
				 DEST_MAX * sizeof(struct tunnel_head) };

	if (!table)
		return NULL;
	for (unsigned int i = 0; i < RTE_DIM(sizes); i++)
		if (region_create(&table->regions[i], sizes[i], w->socket) < 0)
			goto fail;
	table->services = table->regions[0].base;
	table->dests = table->regions[1].base;
	table->laddrs = table->regions[2].base;
	table->buckets = table->regions[3].base;
	table->tunnels = table->regions[4].base;
	table->key = w->flow_key;
	if (id_hash_create(&table->answering, MEMBER_BUCKETS, DEST_MAX) < 0)
		goto fail;
	if (w->id == WORKER_MASTER) {
		if (region_create(&table->limits, DEST_MAX * sizeof(struct limit), -1) < 0)
			goto fail;
		table->master = service_master_create(w->n_workers);
		if (!table->master)
			goto fail;
	}
	return table;

fail:
	service_table_destroy(table);
	return NULL;
}

void service_table_destroy(struct service_table *table)
{
	if (!table)
		return;
	for (uint32_t id = 0; id < table->used; id++) {
		free(table->services[id].dest_room);
		free(table->services[id].laddrs);
		free(table->services[id].sched_priv);
		free((void *)(uintptr_t)table->services[id].key.match);
		if (table->master)
			free((void *)table->services[id].sched_table);
	}
	service_master_destroy(table->master);
	for (unsigned int i = 0; i < RTE_DIM(table->regions); i++)
		if (table->regions[i].base)
			region_destroy(&table->regions[i]);
	region_destroy(&table->limits);
	id_hash_destroy(&table->answering);
	free(table);
}

static uint32_t *service_bucket(const struct service_table *table, const struct service_key *key)
{
	uint64_t rest = (uint64_t)key->port << 32 | (uint64_t)key->family << 8 | key->proto;
	uint64_t hash = hash_words(&table->key, key->addr.u64[0], rest);

	if (key->family != AF_INET)
		hash = hash_more(&table->key, hash, key->addr.u64[1], rest);
	if (unlikely(key->match))
		hash ^= match_hash(&table->key, key->match);
	return &table->buckets[hash % SERVICE_BUCKETS];
}

static inline bool service_key_equal(const struct service_key *a, const struct service_key *b)
{
	return a->port == b->port && a->proto == b->proto && a->family == b->family &&
	       ip_equal(&a->addr, &b->addr) &&
	       (likely(!a->match && !b->match) || match_equal(a->match, b->match));
}

/* Removed ones too. */
static struct service *service_find(const struct service_table *table,
				    const struct service_key *key)
{
	for (uint32_t link = *service_bucket(table, key); link;) {
		struct service *svc = &table->services[link - 1];

		if (service_key_equal(&svc->key, key))
			return svc;
		link = svc->next_hash;
	}
	return NULL;
}

struct service *service_lookup_key(const struct service_table *table, const struct service_key *key)
{
	struct service *svc = service_find(table, key);

	return svc && !(svc->flags & SERVICE_REMOVED) ? svc : NULL;
}

struct service *service_lookup(const struct service_table *table, uint8_t proto,
			       unsigned int family, const union ip_addr *addr, be16 port)
{
	struct service_key key = {
		.addr = *addr, .family = (uint16_t)family, .port = port, .proto = proto
	};

	return service_lookup_key(table, &key);
}

struct service *service_lookup_removed(const struct service_table *table, uint8_t proto,
				       unsigned int family, const union ip_addr *addr, be16 port)
{
	struct service_key key = {
		.addr = *addr, .family = (uint16_t)family, .port = port, .proto = proto
	};
	struct service *svc = service_find(table, &key);

	return svc && (svc->flags & SERVICE_REMOVED) ? svc : NULL;
}

struct service *service_of_mark(const struct service_table *table, uint32_t mark,
				unsigned int family)
{
	struct service_key key = { .addr = service_mark_name(mark),
				   .family = (uint16_t)family,
				   .proto = SERVICE_MARKED };

	return service_find(table, &key);
}

static void service_bind(struct service *svc, const struct service_config *config, void *priv)
{
	svc->sched = config->sched;
	svc->sched_flags = config->sched_flags;
	svc->sched_priv = priv;
	if (svc->sched->init)
		svc->sched->init(svc);
}

/* Packets read it at their server. */
static void service_take_timeout(struct service_table *table, struct service *svc,
				 uint32_t conn_timeout_s)
{
	if (svc->conn_timeout_s == conn_timeout_s)
		return;
	svc->conn_timeout_s = conn_timeout_s;
	for (uint32_t i = 0; i < svc->n_dests; i++)
		svc->dests[i]->conn_timeout_s = conn_timeout_s;
	for (uint32_t id = svc->removed_dests; id != DEST_NONE; id = table->dests[id].next_removed)
		table->dests[id].conn_timeout_s = conn_timeout_s;
}

static void service_take_ways(struct service *svc, const struct service_config *config)
{
	svc->persist_s = config->persist_s;
	svc->persist_plen = config->persist_plen;
	svc->on_remove = config->on_remove;
	svc->flags &= (uint16_t) ~(SERVICE_SLOW_OPEN | SERVICE_ONE_PACKET);
	if (config->one_packet)
		svc->flags |= SERVICE_ONE_PACKET;
	if (config->persist_s || config->one_packet)
		svc->flags |= SERVICE_SLOW_OPEN;
}

/* What lookups must know that there is. */
static void service_count_kind(struct service_table *table, const struct service *svc, int by)
{
	if (svc->key.match)
		return;
	if (service_is_marked(svc))
		table->n_marked += (uint32_t)by;
	else if (svc->key.port == 0)
		table->n_any_port += (uint32_t)by;
}

/* Those that have one of their own. */
static void service_count_addr(struct service_table *table, const struct service *svc, int change)
{
	if (!svc->key.match && !service_is_marked(svc))
		addr_count(&table->addrs, &table->key, ADDR_DESTINATION, svc->key.family,
			   &svc->key.addr, change);
}

/* args[1]: room for what a service by match is */
static void service_create(struct worker *w, struct service *svc, struct op *op)
{
	const struct service_op *data = op_data(op);
	struct service_table *table = service_table_of(w);
	struct api_match *match = op->args[1];
	uint32_t *bucket;

	svc->key = data->key;
	if (match) {
		*match = data->match;
		svc->key.match = match;
	}
	bucket = service_bucket(table, &svc->key);
	svc->id = data->id;
	svc->serial = data->serial;
	svc->table = table;
	svc->worker = (uint16_t)w->id;
	svc->n_workers = w->n_workers;
	svc->removed_dests = DEST_NONE;
	svc->removed_laddrs = LADDR_NONE;
	svc->next_hash = *bucket;
	*bucket = svc->id + 1;
	service_count_addr(table, svc, 1);
	if (table->used <= svc->id)
		table->used = svc->id + 1;
}

/* args[0]: the scheduler's memory */
static void service_apply_add(struct worker *w, struct op *op)
{
	const struct service_op *data = op_data(op);
	struct service_table *table = service_table_of(w);
	struct service *svc = &table->services[data->id];

	if (svc->serial) {
		svc->flags &= (uint16_t)~SERVICE_REMOVED;
		table->n_removed--;
	} else {
		service_create(w, svc, op);
	}
	service_take_timeout(table, svc, data->config.conn_timeout_s);
	service_take_ways(svc, &data->config);
	table->n_services++;
	if (svc->key.match)
		match_list_first(table, svc);
	service_count_kind(table, svc, 1);
	service_bind(svc, &data->config, op->args[0]);
}

/* A service that comes back counts from zero, and so do the servers that may come back to it. */
static void service_forget_stats(struct worker *const *all, const struct service *svc)
{
	const struct service_table *table = service_table_of(all[WORKER_MASTER]);

	estimate_zero(all, ESTIMATE_SERVICE(svc->id));
	for (uint32_t id = svc->removed_dests; id != DEST_NONE; id = table->dests[id].next_removed)
		estimate_zero(all, ESTIMATE_DEST(id));
}

int service_add(struct worker *const *all, const struct service_key *key,
		const struct service_config *config)
{
	struct service_table *table = service_table_of(all[WORKER_MASTER]);
	struct service_master *master = table->master;
	struct service *removed = service_find(table, key);
	struct service_op data = { .key = *key, .config = *config };
	struct op_set set;
	int r;

	if (removed && !(removed->flags & SERVICE_REMOVED))
		return -EEXIST;
	if (key->match) {
		if (!removed && table->n_matches == MATCH_MAX)
			return -E2BIG;
		data.match = *key->match;
		data.key.match = NULL;
	}
	if (removed) {
		data.id = removed->id;
	} else {
		r = ids_take(&master->services, &data.id);
		if (r < 0)
			return r;
		data.serial = service_serial(master);
		estimate_reset(master->estimates, ESTIMATE_SERVICE(data.id));
	}
	r = op_set_init(&set, all, service_apply_add, &data, sizeof(data));
	if (r == 0 && config->sched->priv_size)
		r = op_set_alloc_lines(&set, 0, config->sched->priv_size);
	if (r == 0 && key->match && !removed)
		r = op_set_alloc(&set, 1, sizeof(*key->match));
	if (r < 0) {
		if (!removed)
			ids_give(&master->services, data.id);
		return r;
	}
	op_set_patient(&set);
	op_set_publish(&set, all);
	tables_note(table, &table->services[data.id]);
	if (removed) {
		master->n_removed--;
		service_forget_stats(all, removed);
	}
	return 0;
}

/* args[0]: the scheduler's memory, when it is another one */
static void service_apply_set(struct worker *w, struct op *op)
{
	const struct service_op *data = op_data(op);
	struct service_table *table = service_table_of(w);
	struct service *svc = &table->services[data->id];

	service_take_timeout(table, svc, data->config.conn_timeout_s);
	service_take_ways(svc, &data->config);
	svc->sched_flags = data->config.sched_flags;
	if (data->config.sched != svc->sched) {
		tables_drop(w, svc, op);
		op_garbage(op, svc->sched_priv);
		service_bind(svc, &data->config, op->args[0]);
	}
}

int service_set(struct worker *const *all, struct service *svc, const struct service_config *config)
{
	struct service_op data = { .config = *config, .id = svc->id };
	struct op_set set;
	int r = op_set_init(&set, all, service_apply_set, &data, sizeof(data));

	if (r == 0 && config->sched != svc->sched && config->sched->priv_size)
		r = op_set_alloc_lines(&set, 0, config->sched->priv_size);
	if (r < 0)
		return r;
	op_set_publish(&set, all);
	tables_note(service_table_of(all[WORKER_MASTER]), svc);
	return 0;
}

static void service_apply_del(struct worker *w, struct op *op)
{
	const struct service_op *data = op_data(op);
	struct service_table *table = service_table_of(w);
	struct service *svc = &table->services[data->id];

	dest_retire_all(table, svc, op);
	laddr_retire_all(table, svc, op);
	op_garbage(op, svc->sched_priv);
	tables_drop(w, svc, op);
	svc->sched_priv = NULL;
	svc->flags |= SERVICE_REMOVED;
	table->n_services--;
	table->n_removed++;
	service_count_kind(table, svc, -1);
}

int service_del(struct worker *const *all, struct service *svc)
{
	struct service_op data = { .id = svc->id };
	uint32_t n = 1 + svc->n_dests + svc->n_laddrs;
	int r = op_multicast(all, service_apply_del, &data, sizeof(data));

	if (r == 0)
		service_note_removed(all, n);
	return r;
}

static void service_apply_free(struct worker *w, struct op *op)
{
	const struct service_op *data = op_data(op);
	struct service_table *table = service_table_of(w);
	struct service *svc = &table->services[data->id];
	uint32_t *link = service_bucket(table, &svc->key);

	while (*link != svc->id + 1)
		link = &table->services[*link - 1].next_hash;
	*link = svc->next_hash;
	service_count_addr(table, svc, -1);
	if (svc->key.match) {
		match_list_remove(table, svc);
		op_garbage(op, (void *)(uintptr_t)svc->key.match);
	}
	memset(svc, 0, sizeof(*svc));
	table->n_removed--;
}

int service_free(struct worker *const *all, struct service *svc)
{
	struct service_master *master = service_table_of(all[WORKER_MASTER])->master;
	struct service_op data = { .id = svc->id };
	int r;

	tables_forget(service_table_of(all[WORKER_MASTER]), svc);
	r = op_multicast(all, service_apply_free, &data, sizeof(data));
	if (r < 0)
		return r;
	ids_give(&master->services, data.id);
	master->n_removed--;
	return 0;
}
