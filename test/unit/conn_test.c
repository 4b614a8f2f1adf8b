/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The connection table: by hand for each rule, and against a naive model under
 * random creation, lookup, release and expiry of IPv4, IPv6 and mixed
 * connections at full load.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "ipvs/conn_int.h"
#include "lib/prng.h"
#include "lib/unit.h"
#include "worker/worker.h"

static const struct hash_key test_key = { { 0x1234567890abcdef, 0xfedcba0987654321,
					    0x0f1e2d3c4b5a6978, 0x1122334455667789 } };

static struct tuple tuple4(uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport)
{
	return (struct tuple){
		.src = ip_from_v4(htonl(src)),
		.dst = ip_from_v4(htonl(dst)),
		.sport = htons(sport),
		.dport = htons(dport),
		.proto = IPPROTO_TCP,
		.family = AF_INET,
	};
}

static struct tuple tuple6(uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport)
{
	struct tuple t = tuple4(0, sport, 0, dport);

	t.family = AF_INET6;
	t.src = t.dst = (union ip_addr){ .u32 = { htonl(0x20010db8), 0, 0, 0 } };
	t.src.u32[3] = htonl(src);
	t.dst.u32[3] = htonl(dst);
	return t;
}

/* Client n of the service, and the server's packets to the local port that it got. */
static struct tuple in4(uint32_t n)
{
	return tuple4(0x0a000000 + n, (uint16_t)(1024 + n % 50000), 0xc0000201, 80);
}

static struct tuple out4(uint32_t n)
{
	return tuple4(0xac100001 + n / 60000, 8080, 0xac1000fe, (uint16_t)(1025 + n % 60000));
}

static struct conn_table *table_new(uint32_t max, conn_expire_fn *expire, void *owner)
{
	struct conn_table_config config = {
		.max = max,
		.socket = -1,
		.key = test_key,
		.expire = expire,
		.owner = owner,
	};
	struct conn_table *table = conn_table_create(&config);

	assert_non_null(table);
	assert_int_equal(conn_max(table), max);
	return table;
}

static void assert_tuple(const struct conn_table *table, uint32_t id, enum conn_dir dir,
			 const struct tuple *want)
{
	struct tuple got;

	memset(&got, 0xff, sizeof(got));
	conn_tuple(table, id, dir, &got);
	assert_memory_equal(&got, want, sizeof(got));
}

static void both_directions(void **state)
{
	const struct {
		struct tuple in, out;
	} cases[] = {
		{ in4(1), out4(1) },
		{ tuple4(~0u, 65535, ~0u, 65534), tuple4(0, 0, 0, 0) },
		{ tuple6(1, 2, 3, 4), tuple6(5, 6, 7, 8) },
		{ tuple6(1, 2, 3, 5), out4(7) }, /* the two sides may differ in family */
	};
	struct conn_table *table = table_new(10, NULL, NULL);
	uint32_t ids[LENGTH(cases)];
	enum conn_dir dir;

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct conn *conn;

		assert_int_equal(conn_lookup(table, &cases[i].in, &dir), CONN_NONE);
		ids[i] = conn_create(table, &cases[i].in, &cases[i].out);
		assert_int_not_equal(ids[i], CONN_NONE);
		assert_int_equal(conn_count(table), i + 1);
		conn = conn_get(table, ids[i]);
		assert_int_equal(conn->proto, IPPROTO_TCP);
		assert_int_equal(conn_cold(table, ids[i])->family, cases[i].in.family);
		assert_int_equal(conn->dest | conn->flags | conn->state | conn->deadline, 0);
	}
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct tuple back = tuple_reverse(&cases[i].in);

		assert_int_equal(conn_lookup(table, &cases[i].in, &dir), ids[i]);
		assert_int_equal(dir, CONN_IN);
		assert_int_equal(conn_lookup(table, &cases[i].out, &dir), ids[i]);
		assert_int_equal(dir, CONN_OUT);
		assert_int_equal(conn_lookup(table, &back, &dir), CONN_NONE);
		assert_tuple(table, ids[i], CONN_IN, &cases[i].in);
		assert_tuple(table, ids[i], CONN_OUT, &cases[i].out);
		conn_free(table, ids[i]);
		assert_int_equal(conn_lookup(table, &cases[i].in, &dir), CONN_NONE);
		assert_int_equal(conn_lookup(table, &cases[i].out, &dir), CONN_NONE);
	}
	assert_int_equal(conn_count(table), 0);
	conn_table_destroy(table);
}

/* Each field of a tuple distinguishes. */
static void every_field_counts(void **state)
{
	struct conn_table *table = table_new(100, NULL, NULL);
	const struct tuple bases[] = { in4(5), tuple6(1, 2, 3, 4) };

	for (size_t b = 0; b < LENGTH(bases); b++) {
		struct tuple out = out4(5 + (uint32_t)b), others[7];
		uint32_t id = conn_create(table, &bases[b], &out);
		enum conn_dir dir;

		assert_int_not_equal(id, CONN_NONE);
		for (size_t i = 0; i < LENGTH(others); i++)
			others[i] = bases[b];
		others[0].src.u32[0] ^= 1;
		others[1].dst.u32[0] ^= 1;
		others[2].sport ^= 1;
		others[3].dport ^= 1;
		others[4].proto = IPPROTO_UDP;
		others[5].zone = 1;
		others[6].family = bases[b].family == AF_INET ? AF_INET6 : AF_INET;
		for (size_t i = 0; i < LENGTH(others); i++)
			assert_int_equal(conn_lookup(table, &others[i], &dir), CONN_NONE);
		assert_int_equal(conn_lookup(table, &bases[b], &dir), id);
	}
	conn_table_destroy(table);
}

static void refused(void **state)
{
	struct conn_table *table = table_new(2, NULL, NULL);
	struct tuple in[] = { in4(1), in4(2), in4(3) }, out[] = { out4(1), out4(2), out4(3) };
	enum conn_dir dir;
	uint32_t id;

	assert_int_equal(conn_create(table, &in[0], &in[0]), CONN_NONE);
	id = conn_create(table, &in[0], &out[0]);
	assert_int_not_equal(id, CONN_NONE);
	/* a tuple that is taken, in either place */
	assert_int_equal(conn_create(table, &in[0], &out[1]), CONN_NONE);
	assert_int_equal(conn_create(table, &in[1], &out[0]), CONN_NONE);
	assert_int_equal(conn_create(table, &out[0], &out[1]), CONN_NONE);
	assert_int_equal(conn_lookup(table, &in[1], &dir), CONN_NONE);
	assert_int_equal(conn_lookup(table, &out[1], &dir), CONN_NONE);
	assert_int_equal(conn_count(table), 1);
	/* a full table */
	assert_int_not_equal(conn_create(table, &in[1], &out[1]), CONN_NONE);
	assert_int_equal(conn_create(table, &in[2], &out[2]), CONN_NONE);
	conn_free(table, id);
	assert_int_equal(conn_create(table, &in[2], &out[2]), id);
	conn_table_destroy(table);
}

static void refused_config(void **state)
{
	struct conn_table_config config = { .max = 0, .socket = -1, .key = test_key };

	assert_null(conn_table_create(&config));
	config.max = 1u << 30;
	assert_null(conn_table_create(&config));
	conn_table_destroy(NULL);
}

/* What `expire` saw. */
struct expired {
	struct conn_table *table;
	unsigned int calls, ip6_calls;
	uint32_t last;
};

static void note_expired(struct worker *w, uint32_t id, struct conn *conn)
{
	struct expired *expired = (struct expired *)w;
	struct tuple in, out;
	enum conn_dir dir;

	conn_tuple(expired->table, id, CONN_IN, &in);
	conn_tuple(expired->table, id, CONN_OUT, &out);
	assert_int_equal(conn_lookup(expired->table, &in, &dir), id);
	assert_int_equal(conn_lookup(expired->table, &out, &dir), id);
	assert_ptr_equal(conn_get(expired->table, id), conn);
	expired->calls++;
	expired->ip6_calls += conn_cold(expired->table, id)->family == AF_INET6;
	expired->last = id;
}

/* Runs to time `ms`; returns how many expired. */
static unsigned int expire_until(struct expired *expired, uint64_t ms)
{
	unsigned int before = expired->calls;

	while (conn_expire(expired->table, ms, 64) >= 64)
		;
	return expired->calls - before;
}

/* A timeout that is set, prolonged, shortened: the end comes neither early nor more than two ticks
 * late. */
static void timeouts(void **state)
{
	static const struct {
		uint64_t start_ms;
		struct {
			uint64_t after_ms;
			uint32_t timeout_s;
		} set[4];
		uint64_t end_ms; /* after the start */
	} cases[] = {
		{ 0, { { 0, 3 } }, 3000 },
		{ 12345678901, { { 0, 3 } }, 3000 },
		{ 12345678999, { { 0, 90 }, { 50000, 90 }, { 139000, 90 } }, 229000 },
		{ 500, { { 0, 90 }, { 1000, 7 } }, 8000 },
		{ 1000, { { 0, 7 }, { 1000, 90 }, { 60000, 7 } }, 67000 },
		{ 1000, { { 0, 90 }, { 100, 3 }, { 200, 90 }, { 1200, 2 } }, 3200 },
		{ 77, { { 0, 31536000 }, { 1, 1 } }, 1001 },
		{ 77, { { 0, 2000000 } }, 2000000000 }, /* beyond the wheel's reach */
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct expired expired = { 0 };
		struct tuple in = in4(1), out = out4(1);
		uint64_t end = cases[i].start_ms + cases[i].end_ms;
		uint32_t id;

		expired.table = table_new(4, note_expired, &expired);
		/* with an armed wheel that is up to date, and one that has never run */
		if (i % 2)
			expire_until(&expired, cases[i].start_ms);
		id = conn_create(expired.table, &in, &out);
		for (size_t s = 0; s < LENGTH(cases[i].set); s++) {
			uint64_t now = cases[i].start_ms + cases[i].set[s].after_ms;

			if (cases[i].set[s].timeout_s == 0)
				continue;
			assert_int_equal(expire_until(&expired, now), 0);
			conn_set_timeout(expired.table, id, cases[i].set[s].timeout_s, now);
			assert_in_range(conn_left_s(conn_get(expired.table, id), now),
					cases[i].set[s].timeout_s, cases[i].set[s].timeout_s + 1);
		}
		assert_int_equal(expire_until(&expired, end - 1), 0);
		assert_int_equal(conn_count(expired.table), 1);
		assert_int_equal(expire_until(&expired, end + 2 * CONN_TICK_MS), 1);
		assert_int_equal(expired.last, id);
		assert_int_equal(conn_count(expired.table), 0);
		conn_table_destroy(expired.table);
	}
}

static void left_rounds_up(void **state)
{
	static const struct {
		uint32_t deadline;
		uint64_t now_ms;
		uint32_t want;
	} cases[] = {
		{ 100, 0, 10 },    { 100, 1, 10 },    { 100, 999, 10 },
		{ 100, 1000, 9 },  { 100, 9001, 1 },  { 100, 9999, 1 },
		{ 100, 10000, 0 }, { 100, 50000, 0 }, { UINT32_MAX, 0, 429496730 },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct conn conn = { .deadline = cases[i].deadline };

		assert_int_equal(conn_left_s(&conn, cases[i].now_ms), cases[i].want);
	}
}

/* A freed connection is out of the wheel: its successor in the entry has its own end. */
static void free_disarms(void **state)
{
	struct expired expired = { 0 };
	struct tuple in[] = { in4(1), in4(2) }, out[] = { out4(1), out4(2) };
	uint32_t id;

	expired.table = table_new(4, note_expired, &expired);
	id = conn_create(expired.table, &in[0], &out[0]);
	conn_set_timeout(expired.table, id, 5, 0);
	conn_free(expired.table, id);
	assert_int_equal(conn_create(expired.table, &in[1], &out[1]), id);
	conn_set_timeout(expired.table, id, 10, 0);
	assert_int_equal(expire_until(&expired, 9900), 0);
	assert_int_equal(expire_until(&expired, 10100), 1);
	assert_int_equal(conn_count(expired.table), 0);
	conn_table_destroy(expired.table);
}

/* conn_next visits each used entry once, in pieces of any size. */
static void iteration(void **state)
{
	static const uint32_t scans[] = { 1, 7, 1000 };
	struct conn_table *table = table_new(300, NULL, NULL);
	uint32_t n_left = 0, id;

	assert_false(conn_next(table, 0, 10, &id));
	assert_int_equal(id, CONN_NONE);
	for (uint32_t i = 0; i < 300; i++) {
		struct tuple in = i % 3 ? in4(i) : tuple6(i, 1, 2, 3), out = out4(i);

		id = conn_create(table, &in, &out);
		assert_int_not_equal(id, CONN_NONE);
		conn_get(table, id)->dest = i;
	}
	for (uint32_t i = 0; i < 300; i += 1 + i % 4) {
		struct tuple out = out4(i);
		enum conn_dir dir;

		conn_free(table, conn_lookup(table, &out, &dir));
	}
	n_left = conn_count(table);
	for (size_t s = 0; s < LENGTH(scans); s++) {
		bool seen[300] = { false };
		uint32_t from = 0, found = 0;

		while (from != CONN_NONE) {
			if (!conn_next(table, from, scans[s], &id)) {
				from = id;
				continue;
			}
			assert_false(seen[conn_get(table, id)->dest]);
			seen[conn_get(table, id)->dest] = true;
			found++;
			from = id + 1;
		}
		assert_int_equal(found, n_left);
	}
	conn_table_destroy(table);
}

static void memory(void **state)
{
	struct conn_table *table = table_new(1u << 20, NULL, NULL);
	size_t empty = conn_memory(table);

	assert_in_range(empty, 1, 64 * 1024);
	for (uint32_t i = 0; i < 100000; i++) {
		struct tuple in = in4(i), out = out4(i);

		assert_int_not_equal(conn_create(table, &in, &out), CONN_NONE);
	}
	/* lines, cold parts and links, and at most 51 bytes of the index of these, not of all that
	 * could be */
	assert_in_range(conn_memory(table), 100000 * 120, 100000 * (108 + 51) + (8u << 20));
	conn_table_destroy(table);
}

/* What comes next is there before it comes, once anything has. */
static void memory_ahead(void **state)
{
	struct conn_table *table = table_new(1000000, NULL, NULL);
	size_t before;

	conn_ahead(table);
	assert_in_range(conn_memory(table), 1, 64 * 1024);
	for (uint32_t i = 0; i < 60000; i++) {
		struct tuple in = in4(i), out = out4(i);

		assert_int_not_equal(conn_create(table, &in, &out), CONN_NONE);
		if (i == 0) {
			conn_ahead(table);
			before = conn_memory(table);
		}
	}
	assert_int_equal(conn_memory(table), before);
	conn_table_destroy(table);
}

/* The index grows with the connections, and is small again some time after they have ended. */
static void index_follows(void **state)
{
	struct expired expired = { 0 };
	const uint32_t n = 20000;
	uint64_t ms = 3000;
	uint32_t small;

	expired.table = table_new(100000, note_expired, &expired);
	small = expired.table->index.count;
	for (uint32_t i = 0; i < n; i++) {
		struct tuple in = in4(i), out = out4(i);
		uint32_t id = conn_create(expired.table, &in, &out);

		assert_int_not_equal(id, CONN_NONE);
		conn_set_timeout(expired.table, id, i ? 2 : 3000, 0);
	}
	assert_true(expired.table->index.count >= n * 2 / 6);
	assert_int_equal(expire_until(&expired, ms), n - 1);
	assert_true(expired.table->index.count > small);
	while (expired.table->index.count > small) {
		struct tuple in = in4(0);
		enum conn_dir dir;

		assert_int_equal(expire_until(&expired, ms += CONN_TICK_MS), 0);
		assert_int_not_equal(conn_lookup(expired.table, &in, &dir), CONN_NONE);
		assert_true(ms < 100000);
	}
	conn_table_destroy(expired.table);
}

/*
 * The model: a number of pairs of tuples, each of which is a connection now or is not.
 */
#define PAIRS     3000
#define MODEL_MAX 1000

struct model {
	struct conn_table *table;
	struct tuple in[PAIRS], out[PAIRS];
	uint32_t id[PAIRS];
	uint64_t end_ms[PAIRS]; /* 0: no timeout was set */
	uint32_t count;
	uint64_t now_ms;
	unsigned int expired;
};

static void model_expired(struct worker *w, uint32_t id, struct conn *conn)
{
	struct model *model = (struct model *)w;
	uint32_t i = conn->dest;

	assert_in_range(i, 0, PAIRS - 1);
	assert_int_equal(model->id[i], id);
	assert_in_range(model->now_ms, model->end_ms[i], UINT64_MAX);
	assert_tuple(model->table, id, CONN_IN, &model->in[i]);
	assert_tuple(model->table, id, CONN_OUT, &model->out[i]);
	model->id[i] = CONN_NONE;
	model->count--;
	model->expired++;
}

static void model_create(struct model *model, uint32_t i)
{
	uint32_t id = conn_create(model->table, &model->in[i], &model->out[i]);

	if (model->id[i] != CONN_NONE || model->count == MODEL_MAX) {
		assert_int_equal(id, CONN_NONE);
		return;
	}
	assert_int_not_equal(id, CONN_NONE);
	conn_get(model->table, id)->dest = i;
	model->id[i] = id;
	model->end_ms[i] = 0;
	model->count++;
}

static void model_step(struct model *model, struct prng *prng)
{
	uint32_t i = prng_below(prng, PAIRS);
	enum conn_dir dir;

	switch (prng_below(prng, 8)) {
	case 0:
	case 1:
	case 2:
		model_create(model, i);
		break;
	case 3:
		if (model->id[i] != CONN_NONE) {
			conn_free(model->table, model->id[i]);
			model->id[i] = CONN_NONE;
			model->count--;
		}
		break;
	case 4:
	case 5:
		if (model->id[i] != CONN_NONE) {
			uint32_t timeout_s = prng_below(prng, prng_below(prng, 2) ? 10 : 3000);

			conn_set_timeout(model->table, model->id[i], timeout_s, model->now_ms);
			model->end_ms[i] = model->now_ms + timeout_s * 1000;
		}
		break;
	default:
		assert_int_equal(conn_lookup(model->table, &model->in[i], &dir), model->id[i]);
		if (model->id[i] != CONN_NONE)
			assert_int_equal(dir, CONN_IN);
		assert_int_equal(conn_lookup(model->table, &model->out[i], &dir), model->id[i]);
		if (model->id[i] != CONN_NONE)
			assert_int_equal(dir, CONN_OUT);
	}
}

/* A vector finds what single questions find: of the tuples one after another, in and out in turn,
 * those of its family.
 */
static void model_vectors(const struct model *model)
{
	struct conn_found found4[BATCH_BURST], found6[BATCH_BURST];
	const struct tuple *asked6[BATCH_BURST];
	struct tuple4 asked4[BATCH_BURST];

	for (uint32_t start = 0; start < 2 * PAIRS; start += BATCH_BURST) {
		uint32_t end = RTE_MIN(start + BATCH_BURST, 2 * PAIRS), four = 0, six = 0;

		for (uint32_t i = start; i < end; i++) {
			const struct tuple *tuple = i & 1 ? &model->out[i / 2] : &model->in[i / 2];

			if (tuple->family == AF_INET)
				asked4[four++] = tuple4_from(tuple);
			else
				asked6[six++] = tuple;
		}
		conn_lookup4(model->table, asked4, four, found4);
		conn_lookup6(model->table, asked6, six, found6);
		four = six = 0;
		for (uint32_t i = start; i < end; i++) {
			const struct tuple *tuple = i & 1 ? &model->out[i / 2] : &model->in[i / 2];
			const struct conn_found *found = tuple->family == AF_INET ? &found4[four++]
										  : &found6[six++];

			assert_int_equal(found->id, model->id[i / 2]);
			if (found->id != CONN_NONE)
				assert_int_equal(found->dir, i & 1 ? CONN_OUT : CONN_IN);
		}
	}
}

/* Whoever should be gone is gone; whoever is there is found. */
static void model_check(struct model *model)
{
	uint32_t count = 0;
	enum conn_dir dir;

	model_vectors(model);
	for (uint32_t i = 0; i < PAIRS; i++) {
		assert_int_equal(conn_lookup(model->table, &model->in[i], &dir), model->id[i]);
		assert_int_equal(conn_lookup(model->table, &model->out[i], &dir), model->id[i]);
		if (model->id[i] == CONN_NONE)
			continue;
		count++;
		if (model->end_ms[i])
			assert_true(model->end_ms[i] + 2 * CONN_TICK_MS > model->now_ms);
	}
	assert_int_equal(count, model->count);
	assert_int_equal(conn_count(model->table), count);
}

static void random_model(void **state)
{
	struct model *model = calloc(1, sizeof(*model));
	struct prng prng = { 12 };
	unsigned int full = 0;

	assert_non_null(model);
	model->table = table_new(MODEL_MAX, model_expired, model);
	model->now_ms = 1000000007;
	for (uint32_t i = 0; i < PAIRS; i++) {
		model->in[i] = i % 5 < 3 ? in4(i) : tuple6(i, 1000, 1, 80);
		model->out[i] = i % 5 < 4 ? out4(i) : tuple6(i, 80, 2, 1000);
		model->id[i] = CONN_NONE;
	}
	for (unsigned int step = 0; step < 200000; step++) {
		model_step(model, &prng);
		full += model->count == MODEL_MAX;
		if (step % 64 == 0) {
			model->now_ms += prng_below(&prng, step % 4096 ? 300 : 20000);
			while (conn_expire(model->table, model->now_ms, 32) >= 32)
				;
		}
		if (step % 4000 == 0)
			model_check(model);
	}
	model_check(model);
	/* the table was full for long, and much has expired: the test has tested something */
	assert_in_range(full, 20000, 200000);
	assert_in_range(model->expired, 5000, 200000);
	conn_table_destroy(model->table);
	free(model);
}

/* Many at once: each call of conn_expire keeps to its budget, and both families get their share. */
static void expire_budget(void **state)
{
	struct expired expired = { 0 };
	unsigned int turns = 0;

	expired.table = table_new(20000, note_expired, &expired);
	for (uint32_t i = 0; i < 20000; i++) {
		struct tuple in = i % 2 ? in4(i) : tuple6(i, 1, 2, 3), out = out4(i);
		uint32_t id = conn_create(expired.table, &in, &out);

		conn_set_timeout(expired.table, id, 3, 0);
	}
	while (conn_count(expired.table) > 0) {
		unsigned int before = expired.calls;

		assert_in_range(conn_expire(expired.table, 3000, 100), 1, 100);
		assert_in_range(expired.calls - before, 0, 100);
		assert_in_range(++turns, 1, 1000);
		if (turns % 20 == 0 && turns <= 100)
			assert_in_range(expired.ip6_calls, turns * 10, turns * 90);
	}
	assert_int_equal(expired.calls, 20000);
	conn_table_destroy(expired.table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_directions), cmocka_unit_test(every_field_counts),
		cmocka_unit_test(refused),         cmocka_unit_test(refused_config),
		cmocka_unit_test(timeouts),        cmocka_unit_test(left_rounds_up),
		cmocka_unit_test(free_disarms),    cmocka_unit_test(iteration),
		cmocka_unit_test(memory_ahead),    cmocka_unit_test(memory),
		cmocka_unit_test(index_follows),   cmocka_unit_test(random_model),
		cmocka_unit_test(expire_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
