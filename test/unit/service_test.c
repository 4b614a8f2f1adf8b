/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * service_test: the tables of services, servers and local addresses. A churn
 * of random changes and connections, on one worker and on three, is compared
 * after every step's batch with a plain model and copy with copy; what is
 * removed stays reachable until its last connection is gone, and comes back
 * with its counts.
 */
#include "lib/unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "api/ipvs.h"
#include "ipvs/estimate.h"
#include "ipvs/removed.h"
#include "lib/ipvs_rig.h"
#include "lib/prng.h"

#define KEYS    12
#define SERVERS 10
#define LADDRS  6
#define CONNS   400
#define STEPS   6000

/* ---- the model ---- */

struct model_service {
	bool there;
	const struct scheduler *sched;
	uint32_t conn_timeout_s;
	uint32_t dests[SERVERS], n_dests; /* server numbers, the last added first */
	uint32_t weights[SERVERS];        /* by server number */
	uint32_t laddrs[LADDRS], n_laddrs;
};

/* A connection, as the path keeps it. */
struct model_conn {
	unsigned int worker; /* 0: none */
	struct conn conn;
	struct conn_cold cold;
};

struct model {
	struct ipvs_rig *rig;
	struct prng prng;
	struct model_service services[KEYS];
	struct model_conn conns[CONNS];
};

static const char *const scheds[] = { "rr", "wrr", "wlc", "lc", "sed" };

static struct service_key model_key(uint32_t key)
{
	return (struct service_key){ .addr = ipvs_rig_ip(1000 + key / 3),
				     .family = AF_INET,
				     .port = (be16)(80 + key % 3 / 2),
				     .proto = key % 3 == 1 ? IPPROTO_UDP : IPPROTO_TCP };
}

static struct service *model_service(const struct model *model, unsigned int worker, uint32_t key)
{
	struct service_key k = model_key(key);

	return service_lookup(ipvs_rig_table(model->rig, worker), k.proto, k.family, &k.addr,
			      k.port);
}

static struct dest_config model_dest(uint32_t server, uint32_t weight)
{
	return (struct dest_config){ .addr = ipvs_rig_ip(server),
				     .family = AF_INET,
				     .port = 8000,
				     .forward = API_FORWARD_FNAT,
				     .weight = weight };
}

static void take_out(uint32_t *array, uint32_t *n, uint32_t value)
{
	uint32_t at = 0;

	while (array[at] != value)
		at++;
	memmove(&array[at], &array[at + 1], (--*n - at) * sizeof(*array));
}

static bool contains(const uint32_t *array, uint32_t n, uint32_t value)
{
	for (uint32_t i = 0; i < n; i++)
		if (array[i] == value)
			return true;
	return false;
}

/* ---- steps: each does the same to model and tables, or sees the same refusal ---- */

static void step_service(struct model *model, uint32_t key)
{
	struct model_service *svc = &model->services[key];
	struct service_config config = {
		.sched = sched_find(scheds[prng_below(&model->prng, LENGTH(scheds))]),
		.conn_timeout_s = prng_below(&model->prng, 100),
	};
	struct service_key k = model_key(key);
	bool was = svc->there;

	switch (prng_below(&model->prng, 4)) {
	case 0:
		if (!was)
			return;
		assert_int_equal(service_del(model->rig->all, model_service(model, 0, key)), 0);
		memset(svc, 0, sizeof(*svc));
		return;
	case 1:
		if (!was)
			return;
		assert_int_equal(
			service_set(model->rig->all, model_service(model, 0, key), &config), 0);
		break;
	default:
		assert_int_equal(service_add(model->rig->all, &k, &config), was ? -EEXIST : 0);
		if (was)
			return;
	}
	svc->there = true;
	svc->sched = config.sched;
	svc->conn_timeout_s = config.conn_timeout_s;
}

static void step_dest(struct model *model, uint32_t key)
{
	struct model_service *svc = &model->services[key];
	uint32_t server = prng_below(&model->prng, SERVERS);
	struct dest_config config = model_dest(server, prng_below(&model->prng, 5));
	bool was = contains(svc->dests, svc->n_dests, server);
	struct service *mine = model_service(model, 0, key);
	struct worker *const *all = model->rig->all;
	struct dest *dest;

	if (!svc->there)
		return;
	dest = dest_find(ipvs_rig_table(model->rig, 0), mine, AF_INET, &config.addr, config.port);
	assert_int_equal(dest != NULL, was);
	switch (prng_below(&model->prng, 3)) {
	case 0:
		assert_int_equal(dest_add(all, mine, &config), was ? -EEXIST : 0);
		if (was)
			return;
		memmove(&svc->dests[1], &svc->dests[0], svc->n_dests++ * sizeof(svc->dests[0]));
		svc->dests[0] = server;
		break;
	case 1:
		if (!was)
			return;
		assert_int_equal(dest_set(all, dest, &config), 0);
		break;
	default:
		if (!was)
			return;
		assert_int_equal(dest_del(all, dest), 0);
		take_out(svc->dests, &svc->n_dests, server);
	}
	svc->weights[server] = config.weight;
}

static void step_laddr(struct model *model, uint32_t key)
{
	struct model_service *svc = &model->services[key];
	uint32_t number = prng_below(&model->prng, LADDRS);
	union ip_addr addr = ipvs_rig_ip(500 + number);
	bool was = contains(svc->laddrs, svc->n_laddrs, number);
	struct service *mine = model_service(model, 0, key);

	if (!svc->there)
		return;
	if (prng_below(&model->prng, 2)) {
		assert_int_equal(laddr_add(model->rig->all, mine, AF_INET, &addr, "dpdk0"),
				 was ? -EEXIST : 0);
		if (!was)
			svc->laddrs[svc->n_laddrs++] = number;
	} else if (was) {
		assert_int_equal(
			laddr_del(model->rig->all,
				  laddr_find(ipvs_rig_table(model->rig, 0), mine, AF_INET, &addr)),
			0);
		take_out(svc->laddrs, &svc->n_laddrs, number);
	}
}

/* A connection comes or goes on some worker. */
static void step_conn(struct model *model, uint32_t key)
{
	struct model_conn *slot = &model->conns[prng_below(&model->prng, CONNS)];
	struct service_table *table;

	if (slot->worker) {
		table = ipvs_rig_table(model->rig, slot->worker);
		assert_non_null(service_get(table, slot->cold.service));
		dest_conn_free(dest_get(table, slot->conn.dest), &slot->conn);
		laddr_conn_free(laddr_get(table, slot->cold.laddr));
		slot->worker = 0;
	} else {
		unsigned int worker = 1 + prng_below(&model->prng, model->rig->n_workers);
		struct service *svc = model_service(model, worker, key);
		struct dest *dest = svc ? service_schedule(model->rig->all[worker], svc, NULL)
					: NULL;
		struct laddr *laddr = svc ? service_next_laddr(svc, AF_INET) : NULL;

		if (!dest || !laddr)
			return;
		memset(&slot->conn, 0, sizeof(slot->conn));
		slot->worker = worker;
		slot->cold.service = svc->id;
		slot->conn.dest = dest->id;
		slot->cold.laddr = laddr->id;
		ipvs_rig_conn_new(dest, &slot->conn);
		if (prng_below(&model->prng, 2))
			dest_conn_active(dest, &slot->conn);
		laddr_conn_new(laddr);
	}
}

/* ---- checks ---- */

static void check_service(const struct model *model, unsigned int worker, uint32_t key)
{
	const struct model_service *want = &model->services[key];
	const struct service *svc = model_service(model, worker, key);
	const struct service *mine = model_service(model, 0, key);

	assert_int_equal(svc != NULL, want->there);
	if (!svc)
		return;
	assert_int_equal(svc->id, mine->id);
	assert_int_equal(svc->serial, mine->serial);
	assert_ptr_equal(service_get(ipvs_rig_table(model->rig, worker), svc->id), svc);
	assert_ptr_equal(svc->sched, want->sched);
	assert_int_equal(svc->conn_timeout_s, want->conn_timeout_s);
	assert_int_equal(svc->n_dests, want->n_dests);
	for (uint32_t i = 0; i < svc->n_dests; i++) {
		union ip_addr addr = ipvs_rig_ip(want->dests[i]);

		assert_true(ip_equal(&svc->dests[i]->addr, &addr));
		assert_int_equal(svc->dests[i]->weight, want->weights[want->dests[i]]);
		assert_int_equal(svc->dests[i]->id, mine->dests[i]->id);
		assert_int_equal(svc->dests[i]->serial, mine->dests[i]->serial);
	}
	assert_int_equal(svc->n_laddrs, want->n_laddrs);
	for (uint32_t i = 0; i < svc->n_laddrs; i++) {
		union ip_addr addr = ipvs_rig_ip(500 + want->laddrs[i]);

		assert_true(ip_equal(&svc->laddrs[i]->addr, &addr));
		assert_int_equal(svc->laddrs[i]->id, mine->laddrs[i]->id);
	}
}

/* Every server and local address has as many connections on each worker as the model knows of. */
static void check_counts(const struct model *model)
{
	for (unsigned int worker = 1; worker <= model->rig->n_workers; worker++) {
		const struct service_table *table = ipvs_rig_table(model->rig, worker);
		uint64_t dests = 0, laddrs = 0, conns = 0;

		for (uint32_t id = 0; id < 4096; id++) {
			dests += table->dests[id].active + table->dests[id].inactive;
			laddrs += table->laddrs[id].conns;
		}
		for (size_t i = 0; i < CONNS; i++) {
			const struct model_conn *slot = &model->conns[i];

			if (slot->worker != worker)
				continue;
			conns++;
			assert_non_null(service_get(table, slot->cold.service));
			assert_non_null(dest_get(table, slot->conn.dest));
			assert_non_null(laddr_get(table, slot->cold.laddr));
		}
		assert_int_equal(dests, conns);
		assert_int_equal(laddrs, conns);
	}
}

static void check_all(const struct model *model)
{
	for (unsigned int worker = 0; worker <= model->rig->n_workers; worker++) {
		uint32_t n = 0;

		for (uint32_t key = 0; key < KEYS; key++) {
			check_service(model, worker, key);
			n += model->services[key].there;
		}
		assert_int_equal(ipvs_rig_table(model->rig, worker)->n_services, n);
	}
	check_counts(model);
}

/* Nothing is left: every id is free on every copy. */
static void check_empty(const struct ipvs_rig *rig)
{
	const struct service_master *master = ipvs_rig_table(rig, 0)->master;

	assert_int_equal(master->n_removed, 0);
	assert_int_equal(master->services.n_free, master->services.used);
	assert_int_equal(master->dests.n_free, master->dests.used);
	assert_int_equal(master->laddrs.n_free, master->laddrs.used);
	for (unsigned int worker = 0; worker <= rig->n_workers; worker++) {
		const struct service_table *table = ipvs_rig_table(rig, worker);

		for (uint32_t id = 0; id < 4096; id++) {
			assert_null(service_get(table, id));
			assert_null(dest_get(table, id));
			assert_null(laddr_get(table, id));
		}
		for (uint32_t i = 0; i < SERVICE_BUCKETS; i++)
			assert_int_equal(table->buckets[i], 0);
	}
}

static void churn(unsigned int n_workers)
{
	struct model *model = calloc(1, sizeof(*model));

	assert_non_null(model);
	model->rig = ipvs_rig_create(n_workers);
	model->prng.state = 42 + n_workers;
	for (unsigned int step = 0; step < STEPS; step++) {
		uint32_t key = prng_below(&model->prng, KEYS);
		uint32_t what = prng_below(&model->prng, 20);

		if (what < 1)
			step_service(model, key);
		else if (what < 5)
			step_dest(model, key);
		else if (what < 8)
			step_laddr(model, key);
		else
			step_conn(model, key);
		if (step % 37 == 0)
			removed_sweep(model->rig->all);
		if (step % 10 == 0)
			check_all(model);
	}
	for (uint32_t key = 0; key < KEYS; key++)
		if (model->services[key].there)
			assert_int_equal(service_del(model->rig->all, model_service(model, 0, key)),
					 0);
	removed_sweep(model->rig->all);
	memset(model->services, 0, sizeof(model->services));
	check_all(model);
	for (size_t i = 0; i < CONNS; i++)
		while (model->conns[i].worker)
			step_conn(model, 0);
	removed_sweep(model->rig->all);
	check_empty(model->rig);
	ipvs_rig_destroy(model->rig);
	free(model);
}

static void test_churn_one_worker(void **state)
{
	churn(1);
}

static void test_churn_three_workers(void **state)
{
	churn(3);
}

/* ---- one by one ---- */

struct fixture {
	struct ipvs_rig *rig;
	struct service_key key;
	struct service_config config;
};

static int fixture_setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->rig = ipvs_rig_create(2);
	fixture->key = model_key(0);
	fixture->config.sched = sched_find("wlc");
	*state = fixture;
	return service_add(fixture->rig->all, &fixture->key, &fixture->config);
}

static int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;

	ipvs_rig_destroy(fixture->rig);
	free(fixture);
	return 0;
}

static struct service *fixture_service(const struct fixture *fixture, unsigned int worker)
{
	return service_lookup(ipvs_rig_table(fixture->rig, worker), fixture->key.proto, AF_INET,
			      &fixture->key.addr, fixture->key.port);
}

static void test_lookup_is_exact(void **state)
{
	struct fixture *fixture = *state;
	const struct service_table *table = ipvs_rig_table(fixture->rig, 1);
	const struct service_key *key = &fixture->key;
	union ip_addr other = ipvs_rig_ip(77);

	assert_non_null(service_lookup(table, IPPROTO_TCP, AF_INET, &key->addr, key->port));
	assert_null(service_lookup(table, IPPROTO_UDP, AF_INET, &key->addr, key->port));
	assert_null(service_lookup(table, IPPROTO_TCP, AF_INET6, &key->addr, key->port));
	assert_null(service_lookup(table, IPPROTO_TCP, AF_INET, &other, key->port));
	assert_null(service_lookup(table, IPPROTO_TCP, AF_INET, &key->addr, key->port + 1));
	assert_null(service_get(table, SERVICE_NONE));
	assert_null(dest_get(table, DEST_NONE));
	assert_null(laddr_get(table, LADDR_NONE));
}

/* A server that is removed and added again under its connection has its counts still. */
static void test_dest_comes_back(void **state)
{
	struct fixture *fixture = *state;
	struct worker *const *all = fixture->rig->all;
	struct dest_config config = model_dest(1, 1);
	struct conn conn = { .flags = 0 };
	struct dest *dest;
	uint32_t id;

	assert_int_equal(dest_add(all, fixture_service(fixture, 0), &config), 0);
	dest = fixture_service(fixture, 2)->dests[0];
	id = dest->id;
	ipvs_rig_conn_new(dest, &conn);
	assert_int_equal(dest_del(all, fixture_service(fixture, 0)->dests[0]), 0);
	removed_sweep(all);
	assert_ptr_equal(dest_get(ipvs_rig_table(fixture->rig, 2), id), dest);
	assert_int_equal(fixture_service(fixture, 2)->n_dests, 0);
	config.weight = 7;
	assert_int_equal(dest_add(all, fixture_service(fixture, 0), &config), 0);
	assert_ptr_equal(fixture_service(fixture, 2)->dests[0], dest);
	assert_int_equal(dest->inactive, 1);
	assert_int_equal(dest->weight, 7);
	/* the same with the whole service */
	assert_int_equal(service_del(all, fixture_service(fixture, 0)), 0);
	removed_sweep(all);
	assert_null(fixture_service(fixture, 2));
	assert_int_equal(service_add(all, &fixture->key, &fixture->config), 0);
	assert_int_equal(dest_add(all, fixture_service(fixture, 0), &config), 0);
	assert_ptr_equal(fixture_service(fixture, 2)->dests[0], dest);
	assert_int_equal(dest->inactive, 1);
	/* and when the connection is gone it is a new one */
	dest_conn_free(dest, &conn);
	assert_int_equal(dest_del(all, fixture_service(fixture, 0)->dests[0]), 0);
	removed_sweep(all);
	assert_null(dest_get(ipvs_rig_table(fixture->rig, 2), id));
}

/* ---- many in one service ---- */

#define MANY 500

static uint32_t pick_oldest(struct prng *prng, uint32_t n)
{
	return n - 1;
}

static uint32_t pick_newest(struct prng *prng, uint32_t n)
{
	return 0;
}

static uint32_t pick_any(struct prng *prng, uint32_t n)
{
	return prng_below(prng, n);
}

static void check_many(const struct fixture *fixture, const uint32_t *want, uint32_t n)
{
	for (unsigned int worker = 0; worker <= 2; worker++) {
		const struct service *svc = fixture_service(fixture, worker);

		assert_int_equal(svc->n_dests, n);
		for (uint32_t i = 0; i < n; i++) {
			union ip_addr addr = ipvs_rig_ip(want[i]);

			assert_true(ip_equal(&svc->dests[i]->addr, &addr));
		}
	}
}

/* Up to MANY servers and down to none: the order holds, whoever goes, and whoever comes back. */
static void test_many_servers(void **state)
{
	static uint32_t (*const orders[])(struct prng *, uint32_t) = { pick_oldest, pick_newest,
								       pick_any };
	struct fixture *fixture = *state;
	struct worker *const *all = fixture->rig->all;
	uint32_t there[MANY], absent[MANY], n = 0;
	struct prng prng = { .state = 11 };

	for (uint32_t i = 0; i < MANY; i++)
		absent[i] = i + 1;
	for (unsigned int step = 0; step < MANY * 12; step++) {
		bool grow = step / MANY % 4 < 2 ? prng_below(&prng, 4) : !prng_below(&prng, 4);
		struct service *svc = fixture_service(fixture, 0);

		if (grow && n < MANY) {
			uint32_t at = prng_below(&prng, MANY - n), number = absent[at];
			struct dest_config config = model_dest(number, 1);

			absent[at] = absent[MANY - n - 1];
			assert_int_equal(dest_add(all, svc, &config), 0);
			assert_int_equal(dest_add(all, svc, &config), -EEXIST);
			memmove(&there[1], &there[0], n++ * sizeof(there[0]));
			there[0] = number;
		} else if (n) {
			uint32_t at = orders[step / MANY / 4](&prng, n), number = there[at];
			struct dest_config config = model_dest(number, 1);
			struct dest *dest = dest_find(ipvs_rig_table(fixture->rig, 0), svc, AF_INET,
						      &config.addr, config.port);

			assert_ptr_equal(dest, svc->dests[at]);
			assert_int_equal(dest_del(all, dest), 0);
			assert_null(dest_find(ipvs_rig_table(fixture->rig, 0), svc, AF_INET,
					      &config.addr, config.port));
			memmove(&there[at], &there[at + 1], (--n - at) * sizeof(there[0]));
			absent[MANY - n - 1] = number;
		}
		if (step % 50 == 0)
			removed_sweep(all);
		check_many(fixture, there, n);
	}
	assert_int_equal(service_del(all, fixture_service(fixture, 0)), 0);
	removed_sweep(all);
	check_empty(fixture->rig);
}

/* Ids of one bucket do not get in each other's way. */
static void test_id_hash(void **state)
{
	struct id_hash ids;
	struct prng prng = { .state = 5 };
	uint32_t found;
	bool there[64] = { false };

	assert_int_equal(id_hash_create(&ids, 4, 64), 0);
	for (unsigned int step = 0; step < 4000; step++) {
		uint32_t id = prng_below(&prng, 64);

		if (there[id])
			id_hash_del(&ids, id % 7, id);
		else
			id_hash_add(&ids, id % 7, id);
		there[id] = !there[id];
		for (uint32_t hash = 0; hash < 7; hash++) {
			uint64_t seen = 0, want = 0;

			for (found = id_hash_first(&ids, hash); found;
			     found = id_hash_next(&ids, found)) {
				assert_int_equal(seen >> (found - 1) & 1, 0);
				seen |= UINT64_C(1) << (found - 1);
			}
			for (uint32_t other = 0; other < 64; other++)
				if (there[other] && other % 7 % 4 == hash % 4)
					want |= UINT64_C(1) << other;
			assert_int_equal(seen, want);
		}
	}
	id_hash_destroy(&ids);
}

/* Local addresses are taken in turn; another family's are passed over. */
static void test_laddrs_in_turn(void **state)
{
	struct fixture *fixture = *state;
	struct service *svc = fixture_service(fixture, 1);
	static const uint32_t turn[] = { 1, 2, 3, 1, 2, 3, 1 };

	assert_null(service_next_laddr(svc, AF_INET));
	for (uint32_t n = 1; n <= 3; n++) {
		union ip_addr addr = ipvs_rig_ip(n);

		assert_int_equal(laddr_add(fixture->rig->all, fixture_service(fixture, 0), AF_INET,
					   &addr, "dpdk0"),
				 0);
	}
	for (size_t i = 0; i < LENGTH(turn); i++) {
		union ip_addr want = ipvs_rig_ip(turn[i]);

		assert_true(ip_equal(&service_next_laddr(svc, AF_INET)->addr, &want));
	}
	assert_null(service_next_laddr(svc, AF_INET6));
	assert_string_equal(svc->laddrs[0]->dev, "dpdk0");
}

/* Sums over workers, one worker's, zeroing, rates. */
static void test_estimates(void **state)
{
	struct fixture *fixture = *state;
	struct worker *const *all = fixture->rig->all;
	uint32_t index = ESTIMATE_SERVICE(fixture_service(fixture, 0)->id);
	struct api_ipvs_stats stats;
	uint64_t now_ms = 1000000;

	fixture_service(fixture, 1)->counters = (struct ipvs_counters){ 1, 20, 300, 4000, 50000 };
	fixture_service(fixture, 2)->counters = (struct ipvs_counters){ 2, 2, 2, 2, 2 };
	estimate_read(all, 0, index, &stats);
	assert_int_equal(stats.conns, 3);
	assert_int_equal(stats.inpkts, 22);
	assert_int_equal(stats.outpkts, 302);
	assert_int_equal(stats.inbytes, 4002);
	assert_int_equal(stats.outbytes, 50002);
	estimate_read(all, 2, index, &stats);
	assert_int_equal(stats.outbytes, 2);
	estimate_zero(all, index);
	fixture_service(fixture, 1)->counters.outpkts += 5;
	estimate_read(all, 0, index, &stats);
	assert_int_equal(stats.outpkts, 5);
	assert_int_equal(stats.conns, 0);
	/* a minute of 10 new connections a second on one, 90 on the other */
	for (unsigned int tick = 0; tick < 600; tick++) {
		fixture_service(fixture, 1)->counters.conns += 1;
		fixture_service(fixture, 2)->counters.conns += 9;
		now_ms += ESTIMATE_PERIOD_MS / ESTIMATE_PARTS;
		estimates_tick(all, now_ms);
	}
	estimate_read(all, 0, index, &stats);
	assert_in_range(stats.cps, 99, 101);
	estimate_read(all, 2, index, &stats);
	assert_in_range(stats.cps, 89, 91);
	/* and one of none */
	for (unsigned int tick = 0; tick < 1200; tick++) {
		now_ms += ESTIMATE_PERIOD_MS / ESTIMATE_PARTS;
		estimates_tick(all, now_ms);
	}
	estimate_read(all, 0, index, &stats);
	assert_int_equal(stats.cps, 0);
}

/* A service that comes back under a connection counts from zero. */
static void test_service_comes_back_with_zero(void **state)
{
	struct fixture *fixture = *state;
	struct worker *const *all = fixture->rig->all;
	struct dest_config config = model_dest(1, 1);
	struct conn conn = { .flags = 0 };
	struct api_ipvs_stats stats;

	assert_int_equal(dest_add(all, fixture_service(fixture, 0), &config), 0);
	ipvs_rig_conn_new(fixture_service(fixture, 1)->dests[0], &conn);
	service_count_in(fixture_service(fixture, 1), fixture_service(fixture, 1)->dests[0], 100);
	assert_int_equal(service_del(all, fixture_service(fixture, 0)), 0);
	assert_int_equal(service_add(all, &fixture->key, &fixture->config), 0);
	assert_int_equal(dest_add(all, fixture_service(fixture, 0), &config), 0);
	estimate_read(all, 0, ESTIMATE_SERVICE(fixture_service(fixture, 0)->id), &stats);
	assert_int_equal(stats.inbytes, 0);
	estimate_read(all, 0, ESTIMATE_DEST(fixture_service(fixture, 0)->dests[0]->id), &stats);
	assert_int_equal(stats.conns, 0);
	service_count_in(fixture_service(fixture, 1), fixture_service(fixture, 1)->dests[0], 60);
	estimate_read(all, 0, ESTIMATE_DEST(fixture_service(fixture, 0)->dests[0]->id), &stats);
	assert_int_equal(stats.inbytes, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_churn_one_worker),
		cmocka_unit_test(test_churn_three_workers),
		cmocka_unit_test_setup_teardown(test_lookup_is_exact, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(test_dest_comes_back, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(test_many_servers, fixture_setup, fixture_teardown),
		cmocka_unit_test(test_id_hash),
		cmocka_unit_test_setup_teardown(test_laddrs_in_turn, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(test_estimates, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_service_comes_back_with_zero, fixture_setup,
						fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
