/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * loads_test: what several workers do together: shares over many connections,
 * how far equal servers are apart at any time, and thresholds, with workers in
 * turns and with threads of their own. Worker by worker, in each millisecond,
 * as many connections as it likes come and go; no worker has any share of the
 * connections that it could rely on.
 */
#include "lib/unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include "api/ipvs.h"
#include "ipvs/limit.h"
#include "ipvs/load.h"
#include "lib/ipvs_rig.h"
#include "lib/prng.h"

#define WORKERS 3
#define SERVERS 4
#define CONNS   100000u

struct held {
	struct dest *dest;
	struct conn conn;
};

struct play {
	struct ipvs_rig *rig;
	struct prng prng;
	struct held *held[WORKERS + 1]; /* [CONNS] each */
	uint32_t n_held[WORKERS + 1];
	uint64_t of[SERVERS]; /* opened, by server */
	uint64_t opened;
	bool active; /* TCP that is established, or UDP */
};

static const struct service_key key = {
	.addr = { .u32 = { 0x0100000a } }, .family = AF_INET, .port = 80, .proto = IPPROTO_TCP
};

static struct service *service_of(const struct play *play, unsigned int worker)
{
	return service_lookup(ipvs_rig_table(play->rig, worker), key.proto, key.family, &key.addr,
			      key.port);
}

static struct play *play_new(const char *sched, const uint32_t weights[SERVERS], uint32_t upper)
{
	struct service_config config = { .sched = sched_find(sched) };
	struct play *play = calloc(1, sizeof(*play));

	assert_non_null(play);
	play->rig = ipvs_rig_create(WORKERS);
	play->active = true;
	play->prng.state = 1;
	assert_int_equal(service_add(play->rig->all, &key, &config), 0);
	for (uint32_t i = 0; i < SERVERS; i++) {
		struct dest_config server = { .addr = ipvs_rig_ip(100 + i),
					      .family = AF_INET,
					      .port = 80,
					      .forward = API_FORWARD_FNAT,
					      .weight = weights[i],
					      .upper = upper };

		assert_int_equal(dest_add(play->rig->all, service_of(play, 0), &server), 0);
	}
	for (unsigned int i = 1; i <= WORKERS; i++) {
		play->held[i] = calloc(CONNS, sizeof(struct held));
		assert_non_null(play->held[i]);
	}
	return play;
}

static void play_end(struct play *play)
{
	ipvs_rig_destroy(play->rig);
	for (unsigned int i = 1; i <= WORKERS; i++)
		free(play->held[i]);
	free(play);
}

/* false: no server is usable. */
static bool play_open(struct play *play, unsigned int worker)
{
	struct held *held = &play->held[worker][play->n_held[worker]];
	struct tuple tuple = { .family = AF_INET };
	const struct sched_packet packet = { .tuple = &tuple };

	held->dest = service_schedule(play->rig->all[worker], service_of(play, worker), &packet);
	if (!held->dest || !dest_place_take(held->dest))
		return false;
	held->conn.flags = 0;
	dest_conn_new(held->dest, &held->conn);
	if (play->active)
		dest_conn_active(held->dest, &held->conn);
	play->of[held->dest->id]++;
	play->opened++;
	play->n_held[worker]++;
	return true;
}

static void play_close(struct play *play, unsigned int worker)
{
	struct held *last, *held;

	if (play->n_held[worker] == 0)
		return;
	held = &play->held[worker][prng_below(&play->prng, play->n_held[worker])];
	last = &play->held[worker][--play->n_held[worker]];
	dest_conn_free(held->dest, &held->conn);
	*held = *last;
}

/* Of all workers. */
static uint64_t conns_of(const struct play *play, uint32_t id)
{
	uint64_t sum = 0;

	for (unsigned int i = 1; i <= WORKERS; i++) {
		const struct dest *dest = &ipvs_rig_table(play->rig, i)->dests[id];

		sum += (uint64_t)dest->active + dest->inactive;
	}
	return sum;
}

static void check_even(const struct play *play, const char *sched)
{
	uint64_t least = UINT64_MAX, most = 0;

	for (uint32_t id = 0; id < SERVERS; id++) {
		uint64_t conns = conns_of(play, id);

		least = RTE_MIN(least, conns);
		most = RTE_MAX(most, conns);
	}
	if (most * 100 > (least + 2) * 100 + most)
		fail_msg("%s: servers have %lu to %lu connections after %lu", sched, least, most,
			 play->opened);
}

static void play_millisecond(struct play *play)
{
	for (unsigned int i = 1; i <= WORKERS; i++)
		play->rig->all[i]->now_ms++;
}

/* Up to `most` connections of each worker in a millisecond; workers take turns one by one. */
static void play_open_some(struct play *play, uint32_t most)
{
	uint32_t left[WORKERS + 1], sum = 0;

	play_millisecond(play);
	for (unsigned int i = 1; i <= WORKERS; i++)
		sum += left[i] = prng_below(&play->prng, most + 1);
	while (sum > 0 && play->opened < CONNS) {
		unsigned int worker = 1 + prng_below(&play->prng, WORKERS);

		if (left[worker] == 0)
			continue;
		left[worker]--;
		sum--;
		assert_true(play_open(play, worker));
	}
}

static void check_shares(const char *sched, const uint32_t weights[SERVERS], bool by_weight)
{
	struct play *play = play_new(sched, weights, 0);
	uint64_t whole = 0;

	for (uint32_t i = 0; i < SERVERS; i++)
		whole += by_weight ? weights[i] : 1;
	while (play->opened < CONNS)
		play_open_some(play, 40);
	for (uint32_t id = 0; id < SERVERS; id++) {
		double want = (double)CONNS * (by_weight ? weights[id] : 1) / (double)whole;

		if ((double)play->of[id] < want * 0.98 || (double)play->of[id] > want * 1.02)
			fail_msg("%s: server %u of weight %u got %lu of %u connections, %.0f are "
				 "due",
				 sched, id, weights[id], play->of[id], CONNS, want);
	}
	play_end(play);
}

/* 100,000 connections: within 2 %. */
static void test_shares(void **state)
{
	static const uint32_t weights[][SERVERS] = { { 1, 1, 1, 1 },
						     { 1, 2, 3, 4 },
						     { 10, 1, 7, 2 } };

	for (size_t i = 0; i < LENGTH(weights); i++) {
		check_shares("rr", weights[i], false);
		check_shares("lc", weights[i], false);
		check_shares("wrr", weights[i], true);
		check_shares("wlc", weights[i], true);
		check_shares("sed", weights[i], true);
	}
}

static const uint32_t equal[SERVERS] = { 1, 1, 1, 1 };

/* Those that end leave holes, and others end at one server alone; then all that open fill them. */
static void check_always_even(const char *sched, bool active, uint32_t most)
{
	struct play *play = play_new(sched, equal, 0);

	play->active = active;
	while (play->opened < 30000) {
		uint32_t before = (uint32_t)play->opened;

		play_open_some(play, most);
		check_even(play, sched);
		/* as many as came end, in turns of the servers, so that ending keeps them even */
		for (uint32_t n = 0; play->opened > 4000 && n < (play->opened - before) / 2; n++)
			play_close(play, 1 + prng_below(&play->prng, WORKERS));
		play_open_some(play, most);
	}
	play_end(play);
}

static void check_even_while_opening(const char *sched, bool active, uint32_t most)
{
	struct play *play = play_new(sched, equal, 0);

	play->active = active;
	while (play->opened < CONNS) {
		play_open_some(play, most);
		check_even(play, sched);
	}
	play_end(play);
}

static void test_always_even(void **state)
{
	static const char *const scheds[] = { "lc", "wlc" };
	static const uint32_t mosts[] = { 1, 3, 40, 500 };

	for (size_t s = 0; s < LENGTH(scheds); s++)
		for (size_t i = 0; i < LENGTH(mosts); i++) {
			check_even_while_opening(scheds[s], true, mosts[i]);
			check_even_while_opening(scheds[s], false, mosts[i]);
			check_always_even(scheds[s], true, mosts[i]);
		}
}

/* A server that comes back with nothing is filled up, and not beyond. */
static void test_catches_up(void **state)
{
	struct play *play = play_new("wlc", equal, 0);
	uint64_t least = 0;

	while (play->opened < 20000)
		play_open_some(play, 40);
	for (unsigned int i = 1; i <= WORKERS; i++)
		for (uint32_t n = play->n_held[i]; n-- > 0;) {
			struct held *held = &play->held[i][n];

			if (held->dest->id != 2)
				continue;
			dest_conn_free(held->dest, &held->conn);
			*held = play->held[i][--play->n_held[i]];
		}
	assert_int_equal(conns_of(play, 2), 0);
	while (least < conns_of(play, 0)) {
		play_open_some(play, 100);
		least = conns_of(play, 2);
		assert_true(least <= conns_of(play, 0) + 2 + conns_of(play, 0) / 100);
	}
	for (unsigned int n = 0; n < 100; n++) {
		play_open_some(play, 100);
		check_even(play, "wlc");
	}
	play_end(play);
}

/* ---- thresholds ---- */

/* Full, whoever asks; and one that ends makes its place anybody's, at once. */
static void test_threshold_of_all(void **state)
{
	struct play *play = play_new("rr", equal, 100);

	for (uint32_t n = 0; n < 1000; n++)
		play_open(play, 1 + prng_below(&play->prng, WORKERS));
	for (uint32_t id = 0; id < SERVERS; id++)
		assert_int_equal(conns_of(play, id), 100);
	/* closed until fewer than three quarters are left */
	while (play->n_held[1] + play->n_held[2] + play->n_held[3] > 4 * 60)
		play_close(play, 1 + prng_below(&play->prng, WORKERS));
	for (uint32_t n = 0; n < 2000; n++) {
		if (!play_open(play, 1 + prng_below(&play->prng, WORKERS)))
			play_close(play, 1 + prng_below(&play->prng, WORKERS));
		for (uint32_t id = 0; id < SERVERS; id++)
			assert_true(conns_of(play, id) <= 100);
	}
	play_end(play);
}

#define LIMIT_UPPER 1000u
#define LIMIT_TURNS 200000u

struct taker {
	pthread_t thread;
	struct limit *limit;
	uint32_t *together; /* places of all takers */
	struct prng prng;
	uint32_t held, most_seen;
	uint64_t taken;
};

static const struct limit_marks marks = { .upper = LIMIT_UPPER, .lower = LIMIT_UPPER };

static void *take_and_give(void *arg)
{
	struct taker *taker = arg;

	for (uint32_t n = 0; n < LIMIT_TURNS; n++) {
		if (prng_below(&taker->prng, 3) > 0) {
			if (!limit_take(taker->limit, marks))
				continue;
			taker->taken++;
			taker->held++;
			taker->most_seen =
				RTE_MAX(taker->most_seen,
					__atomic_add_fetch(taker->together, 1, __ATOMIC_RELAXED));
		} else if (taker->held > 0) {
			__atomic_sub_fetch(taker->together, 1, __ATOMIC_RELAXED);
			taker->held--;
			limit_give(taker->limit, marks, 1);
		}
	}
	return NULL;
}

/* Threads that take and give as fast as they can are never above it together. */
static void test_limit_threads(void **state)
{
	struct limit limit = { 0 };
	uint32_t together = 0, held = 0;
	uint64_t taken = 0;
	struct taker takers[4];

	memset(takers, 0, sizeof(takers));
	for (size_t i = 0; i < LENGTH(takers); i++) {
		takers[i].limit = &limit;
		takers[i].together = &together;
		takers[i].prng.state = i + 1;
		assert_int_equal(pthread_create(&takers[i].thread, NULL, take_and_give, &takers[i]),
				 0);
	}
	for (size_t i = 0; i < LENGTH(takers); i++) {
		assert_int_equal(pthread_join(takers[i].thread, NULL), 0);
		assert_true(takers[i].most_seen <= LIMIT_UPPER);
		held += takers[i].held;
		taken += takers[i].taken;
	}
	assert_int_equal(held, together);
	assert_true(taken > LIMIT_UPPER);
	for (; held > 0; held--)
		limit_give(&limit, marks, 1);
	assert_int_equal(limit.word, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares),        cmocka_unit_test(test_always_even),
		cmocka_unit_test(test_catches_up),    cmocka_unit_test(test_threshold_of_all),
		cmocka_unit_test(test_limit_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
