/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Local ports: every port of a worker once, those never used first, per pair
 * of address and server, among one worker and three; what happens when ports
 * or memory run out; and a long random life against a model.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "ipvs/lport.h"
#include "lib/prng.h"
#include "lib/unit.h"
#include "link/steer.h"
#include "worker/worker.h"

#define PORTS (LPORT_LAST - LPORT_FIRST + 1)
#define LADDR 0xac1000fe

static const struct hash_key test_key = { { 0x1234567890abcdef, 0xfedcba0987654321,
					    0x0f1e2d3c4b5a6978, 0x1122334455667789 } };

struct fixture {
	struct worker *w;
	struct lport_pool *pool;
};

static struct fixture fixture_new(unsigned int id, unsigned int n_workers, uint32_t max_conns)
{
	struct fixture f;

	f.w = aligned_alloc(_Alignof(struct worker), sizeof(struct worker));
	assert_non_null(f.w);
	memset(f.w, 0, sizeof(*f.w));
	f.w->id = id;
	f.w->n_workers = n_workers;
	f.w->flow_key = test_key;
	f.w->now_ms = 1000000;
	f.pool = lport_pool_create(f.w, max_conns);
	assert_non_null(f.pool);
	return f;
}

static void fixture_free(struct fixture *f)
{
	lport_pool_destroy(f->pool);
	free(f->w);
}

/* Of server n's packets. */
static struct tuple reply_of(uint32_t server, uint16_t port)
{
	return (struct tuple){
		.src = ip_from_v4(htonl(0xac100001 + server)),
		.dst = ip_from_v4(htonl(LADDR)),
		.sport = htons(8080),
		.dport = htons(port),
		.proto = IPPROTO_TCP,
		.family = AF_INET,
	};
}

/* The port that was taken, or -errno; checks that nothing else is written. */
static int take(struct fixture *f, const struct tuple *pair)
{
	struct tuple reply = *pair, want = *pair;
	int r = lport_take(f->pool, &reply);

	if (r == 0) {
		assert_in_range(ntohs(reply.dport), LPORT_FIRST, LPORT_LAST);
		assert_int_equal(steer_owner(f->w, &reply), f->w->id);
		want.dport = reply.dport;
	}
	assert_memory_equal(&reply, &want, sizeof(reply));
	return r < 0 ? r : ntohs(reply.dport);
}

static void release(struct fixture *f, const struct tuple *pair, int port)
{
	struct tuple reply = *pair;

	reply.dport = htons((uint16_t)port);
	lport_release(f->pool, &reply);
}

static struct lport_usage usage_of(const struct fixture *f)
{
	union ip_addr laddr = ip_from_v4(htonl(LADDR));
	struct lport_usage usage;

	lport_usage(f->pool, AF_INET, &laddr, &usage);
	return usage;
}

/* Takes all; marks them in `taken`, none may be there already; returns how many. */
static unsigned int take_all(struct fixture *f, const struct tuple *pair, uint8_t *taken)
{
	unsigned int n = 0;

	for (;; n++) {
		int port = take(f, pair);

		if (port < 0) {
			assert_int_equal(port, -EADDRNOTAVAIL);
			return n;
		}
		assert_int_equal(taken[port], 0);
		taken[port] = 1;
	}
}

/* Every port is exactly one worker's. */
static void check_each_port(const struct tuple *pair, unsigned int n_workers, const struct rss *rss)
{
	uint8_t *taken = calloc(1, 65536);
	unsigned int sum = 0;

	for (unsigned int id = 1; id <= n_workers; id++) {
		struct fixture f = fixture_new(id, n_workers, 1000);
		unsigned int n;

		f.w->rss = rss;
		n = take_all(&f, pair, taken);
		/* a fair share, and no more afterwards */
		assert_in_range(n, PORTS / n_workers * 9 / 10, PORTS / n_workers * 11 / 10);
		assert_int_equal(take(&f, pair), -EADDRNOTAVAIL);
		sum += n;
		fixture_free(&f);
	}
	assert_int_equal(sum, PORTS);
	free(taken);
}

static struct rss *rss_new(unsigned int n_workers, unsigned int entries)
{
	struct rss *rss = calloc(1, sizeof(*rss));

	toeplitz_key_make(&test_key, rss->key, sizeof(rss->key));
	toeplitz_init(&rss->toeplitz, rss->key);
	rss->mask = entries - 1;
	for (unsigned int i = 0; i < entries; i++)
		rss->owner[i] = (uint8_t)(1 + i % n_workers);
	return rss;
}

static void each_port_once(void **state)
{
	static const unsigned int workers[] = { 1, 3, 8 };
	struct tuple pairs[2] = { reply_of(1, 0), reply_of(1, 0) };

	pairs[1].family = AF_INET6;
	pairs[1].dst.u32[3] = 1;
	for (size_t i = 0; i < LENGTH(workers); i++) {
		struct rss *rss = rss_new(workers[i], 128);

		for (size_t p = 0; p < LENGTH(pairs); p++) {
			check_each_port(&pairs[p], workers[i], NULL);
			check_each_port(&pairs[p], workers[i], rss);
		}
		free(rss);
	}
}

/* The master has a pool for symmetry, and gets nothing. */
static void master_takes_none(void **state)
{
	struct fixture f = fixture_new(0, 3, 1000);
	struct tuple pair = reply_of(1, 0);

	assert_int_equal(take(&f, &pair), -EADDRNOTAVAIL);
	assert_int_equal(usage_of(&f).pairs, 0);
	fixture_free(&f);
}

static void exhaustion_recovers(void **state)
{
	struct fixture f = fixture_new(1, 1, 1000);
	struct tuple pair = reply_of(1, 0);
	uint8_t *taken = calloc(1, 65536);

	assert_int_equal(take_all(&f, &pair, taken), PORTS);
	assert_int_equal(usage_of(&f).used, PORTS);
	assert_int_equal(usage_of(&f).free, 0);
	for (int port = LPORT_LAST; port > LPORT_LAST - 1000; port--) {
		release(&f, &pair, port);
		assert_int_equal(take(&f, &pair), port);
		assert_int_equal(take(&f, &pair), -EADDRNOTAVAIL);
	}
	free(taken);
	fixture_free(&f);
}

static void mix(int *ports, unsigned int n, uint64_t seed)
{
	struct prng prng = { seed };

	for (unsigned int k = n - 1; k > 0; k--) {
		unsigned int j = prng_below(&prng, k + 1);
		int swap = ports[k];

		ports[k] = ports[j];
		ports[j] = swap;
	}
}

/* Never used ones first, then those given back, each once. */
static void never_used_first(void **state)
{
	static const unsigned int workers[] = { 1, 3 };

	for (size_t i = 0; i < LENGTH(workers); i++) {
		struct fixture f = fixture_new(1, workers[i], 1000);
		struct tuple pair = reply_of(1, 0);
		uint8_t *taken = calloc(1, 65536);
		int order[2000];
		unsigned int n;

		for (unsigned int k = 0; k < LENGTH(order); k++) {
			order[k] = take(&f, &pair);
			taken[order[k]] = 1;
		}
		mix(order, LENGTH(order), 13);
		for (unsigned int k = 0; k < LENGTH(order); k++)
			release(&f, &pair, order[k]);
		for (n = 0;; n++) {
			int port = take(&f, &pair);

			assert_in_range(port, LPORT_FIRST, LPORT_LAST);
			if (taken[port])
				break;
			taken[port] = 1;
		}
		assert_in_range(n, PORTS / workers[i] * 9 / 10 - LENGTH(order), PORTS);
		for (unsigned int k = 0; k < LENGTH(order); k++)
			taken[order[k]] = 0;
		assert_int_equal(take_all(&f, &pair, taken), LENGTH(order) - 1);
		free(taken);
		fixture_free(&f);
	}
}

/* Half of the ports taken, the others and then these given back: in just that order they are taken.
 */
static void longest_unused_first(void **state)
{
	struct fixture f = fixture_new(1, 1, 1000);
	struct tuple pair = reply_of(1, 0);
	uint8_t *taken = calloc(1, 65536);
	static int back[4 * PORTS];
	uint32_t first = 0, last = PORTS / 2;

	assert_int_equal(take_all(&f, &pair, taken), PORTS);
	for (int i = 0; i < PORTS; i++)
		back[i] = LPORT_FIRST + i;
	mix(back, PORTS, 17);
	for (uint32_t i = 0; i < last; i++)
		release(&f, &pair, back[i]);
	for (; last < LENGTH(back); first++) {
		/* the one that a cursor would meet next is given back as the youngest */
		int port = take(&f, &pair), next = last < PORTS ? back[last] : port;

		assert_int_equal(port, back[first]);
		release(&f, &pair, next);
		back[last++] = next;
	}
	free(taken);
	fixture_free(&f);
}

/* With too many pairs for that order, those that came back last wait for all others. */
static void young_ports_wait(void **state)
{
	enum { SERVERS = 150, YOUNG = 240 };
	struct fixture f = fixture_new(1, 1, 1u << 20);
	uint32_t *back = calloc(65536, sizeof(*back)), least = UINT32_MAX;

	for (uint32_t server = 0; server < SERVERS; server++) {
		struct tuple pair = reply_of(server, 0);

		assert_in_range(take(&f, &pair), LPORT_FIRST, LPORT_LAST); /* never idle */
		for (uint32_t step = 1; step < PORTS; step++)
			release(&f, &pair, take(&f, &pair));
	}
	for (uint32_t step = 1; step < 3 * PORTS; step++) {
		struct tuple pair = reply_of(SERVERS - 1, 0);
		int port = take(&f, &pair);

		assert_in_range(port, LPORT_FIRST, LPORT_LAST);
		if (back[port] && step - back[port] < least)
			least = step - back[port];
		release(&f, &pair, port);
		back[port] = step;
	}
	assert_in_range(least, YOUNG, PORTS);
	free(back);
	fixture_free(&f);
}

/* The same ports serve each server, each port of it, each protocol, each local address. */
static void pairs_are_apart(void **state)
{
	struct tuple pairs[6];
	struct fixture f = fixture_new(1, 1, 500000);

	for (size_t i = 0; i < LENGTH(pairs); i++)
		pairs[i] = reply_of(1, 0);
	pairs[1].src.u32[0] ^= htonl(0x100);
	pairs[2].sport = htons(8081);
	pairs[3].proto = IPPROTO_UDP;
	pairs[4].dst.u32[0] ^= htonl(0x100);
	pairs[5].zone = 1;
	for (size_t i = 0; i < LENGTH(pairs); i++) {
		uint8_t *taken = calloc(1, 65536);

		assert_int_equal(take_all(&f, &pairs[i], taken), PORTS);
		free(taken);
	}
	assert_int_equal(usage_of(&f).pairs, 5);
	assert_int_equal(usage_of(&f).used, 5 * PORTS);
	fixture_free(&f);
}

/* Rotations begin anywhere. */
static void rotations_differ(void **state)
{
	struct fixture f = fixture_new(1, 1, 1000);
	unsigned int low = 0;

	for (uint32_t server = 0; server < 200; server++) {
		struct tuple pair = reply_of(server, 0);

		low += take(&f, &pair) < LPORT_FIRST + PORTS / 2;
	}
	assert_in_range(low, 50, 150);
	fixture_free(&f);
}

/* An idle pair remembers what it used for two minutes; then it makes way when another comes. */
static void history(void **state)
{
	struct fixture f = fixture_new(1, 1, 1000);
	struct tuple pair = reply_of(1, 0), other = reply_of(2, 0), third = reply_of(3, 0);
	uint8_t *seen = calloc(1, 65536);
	int port;

	for (unsigned int i = 0; i < 5000; i++) {
		port = take(&f, &pair);
		assert_int_equal(seen[port], 0);
		seen[port] = 1;
		release(&f, &pair, port);
		f.w->now_ms += 20;
	}
	f.w->now_ms += 118000;
	assert_in_range(take(&f, &other), LPORT_FIRST, LPORT_LAST);
	assert_int_equal(usage_of(&f).pairs, 2);
	port = take(&f, &pair);
	assert_int_equal(seen[port], 0); /* it was still there */
	release(&f, &pair, port);
	f.w->now_ms += 121000;
	assert_in_range(take(&f, &third), LPORT_FIRST, LPORT_LAST);
	assert_int_equal(usage_of(&f).pairs, 2); /* other and third */
	assert_int_equal(usage_of(&f).used, 2);
	free(seen);
	fixture_free(&f);
}

/* More pairs than there is room for: idle ones make way, busy ones do not. */
static void pairs_run_out(void **state)
{
	enum { MANY = 3000 };
	struct fixture f = fixture_new(1, 1, 16);
	static int ports[MANY];
	uint32_t n = 0;

	for (uint32_t server = 0; server < MANY; server++) {
		struct tuple pair = reply_of(server, 0);
		int port = take(&f, &pair);

		assert_in_range(port, LPORT_FIRST, LPORT_LAST);
		release(&f, &pair, port);
	}
	for (;; n++) {
		struct tuple pair = reply_of(MANY + n, 0);

		assert_in_range(n, 0, MANY - 1);
		ports[n] = take(&f, &pair);
		if (ports[n] < 0)
			break;
	}
	assert_int_equal(ports[n], -ENOMEM);
	assert_in_range(n, 16, MANY);
	assert_int_equal(usage_of(&f).pairs, n);
	for (uint32_t i = 0; i < n; i++) {
		struct tuple pair = reply_of(MANY + i, 0), fresh = reply_of(3 * MANY + i, 0);

		release(&f, &pair, ports[i]);
		assert_in_range(take(&f, &fresh), LPORT_FIRST, LPORT_LAST);
	}
	assert_int_equal(usage_of(&f).used, n);
	fixture_free(&f);
}

/* Memory for histories is bounded: then pairs go on with the ports they have begun. */
static void memory_runs_out(void **state)
{
	enum { SERVERS = 30 };
	struct fixture f = fixture_new(1, 1, 16);
	struct tuple pairs[SERVERS];
	int held[SERVERS];

	for (uint32_t s = 0; s < SERVERS; s++) {
		pairs[s] = reply_of(s, 0);
		held[s] = take(&f, &pairs[s]); /* never idle */
		assert_in_range(held[s], LPORT_FIRST, LPORT_LAST);
	}
	for (uint32_t i = 0; i < SERVERS * 70000; i++) {
		uint32_t s = i % SERVERS;
		int port = take(&f, &pairs[s]);

		assert_in_range(port, LPORT_FIRST, LPORT_LAST);
		assert_int_not_equal(port, held[s]);
		release(&f, &pairs[s], port);
	}
	assert_in_range(lport_memory(f.pool), 1, 2u << 20);
	for (uint32_t s = 0; s < SERVERS; s++)
		release(&f, &pairs[s], held[s]);
	assert_int_equal(usage_of(&f).used, 0);
	/* all are idle now: a newcomer gets the memory of the others */
	pairs[0] = reply_of(100, 0);
	for (uint32_t i = 0; i < PORTS; i++)
		assert_in_range(take(&f, &pairs[0]), LPORT_FIRST, LPORT_LAST);
	fixture_free(&f);
}

/* What was never taken, and what is given back twice: nothing breaks (debug builds stop instead).
 */
static void strange_releases(void **state)
{
#ifndef DPVS_DEBUG
	struct fixture f = fixture_new(1, 1, 1000);
	struct tuple pair = reply_of(1, 0), unknown = reply_of(2, 0);
	int port;

	release(&f, &unknown, 5000);
	assert_int_equal(usage_of(&f).pairs, 0);
	port = take(&f, &pair);
	release(&f, &pair, 80);
	assert_int_equal(usage_of(&f).used, 1);
	for (unsigned int i = 0; i < 100; i++)
		release(&f, &pair, port);
	assert_int_equal(usage_of(&f).used, 0);
	assert_int_equal(usage_of(&f).free, PORTS);
	for (unsigned int i = 0; i < PORTS; i++)
		assert_in_range(take(&f, &pair), LPORT_FIRST, LPORT_LAST);
	assert_int_equal(take(&f, &pair), -EADDRNOTAVAIL);
	fixture_free(&f);
#else
	skip();
#endif
}

/* A little costs little. */
static void memory_is_small(void **state)
{
	struct fixture f = fixture_new(1, 1, 1u << 20);

	assert_in_range(lport_memory(f.pool), 1, 16384);
	for (uint32_t server = 0; server < 100; server++) {
		struct tuple pair = reply_of(server, 0);

		for (unsigned int i = 0; i < 50; i++)
			assert_in_range(take(&f, &pair), LPORT_FIRST, LPORT_LAST);
	}
	assert_in_range(lport_memory(f.pool), 1, 64 * 1024);
	fixture_free(&f);
}

/* Nor does a local address that has served a hundred servers with each of its ports. */
static void memory_is_bounded(void **state)
{
	struct fixture f = fixture_new(1, 1, 1u << 20);

	for (uint32_t server = 0; server < 100; server++) {
		struct tuple pair = reply_of(server, 0);
		int held = take(&f, &pair); /* never idle */

		for (unsigned int i = 0; i < PORTS + 1000; i++) {
			int port = take(&f, &pair);

			assert_in_range(port, LPORT_FIRST, LPORT_LAST);
			assert_int_not_equal(port, held);
			release(&f, &pair, port);
		}
	}
	assert_int_equal(usage_of(&f).used, 100);
	assert_in_range(lport_memory(f.pool), 1, 1000000);
	fixture_free(&f);
}

/*
 * The model: for each server and port, when it was given back. Each take must be of one that was
 * never used, or when there is none, of the one that came back first of those that are free.
 */
#define MODEL_SERVERS 40

struct model {
	uint32_t back[MODEL_SERVERS][65536]; /* step in which it came back; 0: never taken */
	int taken[MODEL_SERVERS][600];
	unsigned int n_taken[MODEL_SERVERS];
	bool through[MODEL_SERVERS];  /* a port was used a second time */
	uint32_t last[MODEL_SERVERS]; /* the step in which the last one of those came back */
};

static void random_model(void **state)
{
	struct model *model = calloc(1, sizeof(*model));
	struct fixture f = fixture_new(2, 64, 10000); /* about 1000 ports each */
	struct prng prng = { 14 };
	unsigned int reused = 0;

	assert_non_null(model);
	for (uint32_t step = 1; step < 300000; step++) {
		uint32_t s = prng_below(&prng, MODEL_SERVERS);
		struct tuple pair = reply_of(s, 0);
		unsigned int n = model->n_taken[s];
		int port;

		/* servers differ in load; those with low numbers are idle now and then */
		if (n > 0 &&
		    prng_below(&prng, 600) < n + 100 * (MODEL_SERVERS - s) / MODEL_SERVERS) {
			unsigned int i = prng_below(&prng, n);

			port = model->taken[s][i];
			release(&f, &pair, port);
			model->taken[s][i] = model->taken[s][--model->n_taken[s]];
			model->back[s][port] = step;
			continue;
		}
		if (n == LENGTH(model->taken[s]))
			continue;
		port = take(&f, &pair);
		assert_in_range(port, LPORT_FIRST, LPORT_LAST);
		for (unsigned int i = 0; i < n; i++)
			assert_int_not_equal(model->taken[s][i], port);
		assert_true(model->back[s][port] != 0 || !model->through[s]);
		if (model->back[s][port]) {
			assert_true(model->back[s][port] > model->last[s]);
			model->last[s] = model->back[s][port];
		}
		model->through[s] = model->back[s][port] != 0;
		reused += model->back[s][port] != 0;
		model->taken[s][model->n_taken[s]++] = port;
	}
	assert_in_range(reused, 10000, 300000);
	for (uint32_t s = 0, sum = 0; s < MODEL_SERVERS; s++) {
		sum += model->n_taken[s];
		if (s == MODEL_SERVERS - 1)
			assert_int_equal(usage_of(&f).used, sum);
	}
	free(model);
	fixture_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_port_once),
		cmocka_unit_test(master_takes_none),
		cmocka_unit_test(exhaustion_recovers),
		cmocka_unit_test(never_used_first),
		cmocka_unit_test(longest_unused_first),
		cmocka_unit_test(young_ports_wait),
		cmocka_unit_test(pairs_are_apart),
		cmocka_unit_test(rotations_differ),
		cmocka_unit_test(history),
		cmocka_unit_test(pairs_run_out),
		cmocka_unit_test(memory_runs_out),
		cmocka_unit_test(strange_releases),
		cmocka_unit_test(memory_is_small),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(random_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
