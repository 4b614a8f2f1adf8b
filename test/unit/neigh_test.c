/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbours on the master: every state and what leads out of it, on a clock
 * that the test turns; static ones, the bound, requests, and a long churn
 * after which all workers have the master's table. What is sent, and what
 * waits, is in test/packet/arp_test.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "lib/net_rig.h"
#include "lib/prng.h"
#include "lib/unit.h"
#include "net/neigh_int.h"
#include "worker/event.h"

#define NEIGH_MAX 64

static int setup(void **state)
{
	*state = net_rig_create(NEIGH_MAX);
	return 0;
}

static int teardown(void **state)
{
	net_rig_destroy(*state);
	return 0;
}

static struct event make(enum event_kind kind, uint32_t ip, uint8_t mac, bool solicited)
{
	return (struct event){
		.kind = (uint16_t)kind,
		.port = 0,
		.family = AF_INET,
		.solicited = solicited,
		.mac = { 2, 0, 0, 0, 1, mac },
		.ip = ip_from_v4(htonl(ip)),
	};
}

static void tell(struct net_rig *rig, enum event_kind kind, uint32_t ip, uint8_t mac,
		 bool solicited, uint64_t now_ms)
{
	struct event event = make(kind, ip, mac, solicited);

	neigh_event(rig->all, rig->all[1 + ip % NET_RIG_WORKERS], &event, now_ms);
}

/* All tables agree about it; API_NEIGH_NONE: it is in none. Returns the last byte of its MAC. */
static uint8_t expect_state(struct net_rig *rig, uint32_t ip, enum api_neigh_state want)
{
	union ip_addr addr = ip_from_v4(htonl(ip));
	uint8_t mac = 0;

	for (unsigned int i = 0; i <= NET_RIG_WORKERS; i++) {
		const struct neigh *neigh = neigh_find(rig->all[i], AF_INET, &addr, 0);

		assert_int_equal(neigh ? neigh->state : API_NEIGH_NONE, want);
		if (neigh)
			mac = neigh->mac.addr_bytes[5];
	}
	return mac;
}

static void use(struct net_rig *rig, uint32_t ip)
{
	union ip_addr addr = ip_from_v4(htonl(ip));

	neigh_find(rig->all[2], AF_INET, &addr, 0)->uses++;
}

#define IP 0x0a000001u

enum what { WANTED, ANSWER, UNASKED, USED, PAUSE };

/* From nothing, by these steps, to this state. PAUSE's argument is in ms, that of answers a MAC. */
static const struct {
	struct {
		enum what what;
		uint32_t arg;
	} steps[8];
	unsigned int n;
	enum api_neigh_state want;
} walks[] = {
	{ { { WANTED, 0 } }, 1, API_NEIGH_SEND },
	{ { { WANTED, 0 }, { PAUSE, 2750 } }, 2, API_NEIGH_SEND },
	{ { { WANTED, 0 }, { PAUSE, 3250 } }, 2, API_NEIGH_FAILED },
	{ { { WANTED, 0 }, { PAUSE, 5750 } }, 2, API_NEIGH_FAILED },
	{ { { WANTED, 0 }, { PAUSE, 6500 } }, 2, API_NEIGH_NONE },
	{ { { WANTED, 0 }, { PAUSE, 6500 }, { WANTED, 0 } }, 3, API_NEIGH_SEND },
	{ { { WANTED, 0 }, { PAUSE, 3250 }, { ANSWER, 1 } }, 3, API_NEIGH_REACHABLE },
	{ { { WANTED, 0 }, { ANSWER, 1 } }, 2, API_NEIGH_REACHABLE },
	{ { { ANSWER, 1 } }, 1, API_NEIGH_NONE },
	{ { { UNASKED, 1 } }, 1, API_NEIGH_REACHABLE },
	{ { { UNASKED, 1 }, { PAUSE, 57500 } }, 2, API_NEIGH_REACHABLE },
	{ { { UNASKED, 1 }, { PAUSE, 61000 } }, 2, API_NEIGH_DELAY },
	{ { { UNASKED, 1 }, { PAUSE, 40000 }, { ANSWER, 1 }, { PAUSE, 40000 } },
	  4,
	  API_NEIGH_REACHABLE },
	{ { { UNASKED, 1 }, { USED, 0 }, { PAUSE, 61000 } }, 3, API_NEIGH_DELAY },
	{ { { UNASKED, 1 }, { PAUSE, 61000 }, { USED, 0 }, { PAUSE, 500 } }, 4, API_NEIGH_PROBE },
	{ { { UNASKED, 1 }, { PAUSE, 61000 }, { USED, 0 }, { PAUSE, 500 }, { ANSWER, 1 } },
	  5,
	  API_NEIGH_REACHABLE },
	{ { { UNASKED, 1 }, { PAUSE, 61000 }, { USED, 0 }, { PAUSE, 4500 } }, 4, API_NEIGH_PROBE },
	{ { { UNASKED, 1 }, { PAUSE, 61000 }, { USED, 0 }, { PAUSE, 6000 } }, 4, API_NEIGH_FAILED },
	{ { { UNASKED, 1 }, { PAUSE, 121000 } }, 2, API_NEIGH_NONE },
};

static void test_states(void **state)
{
	struct net_rig *rig = *state;
	uint64_t now_ms = 1000000;

	for (unsigned int i = 0; i < LENGTH(walks); i++) {
		uint32_t ip = IP + i;

		for (unsigned int s = 0; s < walks[i].n; s++) {
			uint32_t arg = walks[i].steps[s].arg;

			switch (walks[i].steps[s].what) {
			case WANTED:
				tell(rig, EVENT_NEIGH_WANTED, ip, 0, false, now_ms);
				break;
			case ANSWER:
			case UNASKED:
				tell(rig, EVENT_NEIGH_LEARNT, ip, (uint8_t)arg,
				     walks[i].steps[s].what == ANSWER, now_ms);
				break;
			case USED:
				use(rig, ip);
				break;
			case PAUSE:
				for (uint32_t t = 0; t < arg; t += 250)
					neigh_tick(rig->all, now_ms += 250);
				break;
			}
		}
		expect_state(rig, ip, walks[i].want);
		for (uint32_t t = 0; t < 200000; t += 250)
			neigh_tick(rig->all, now_ms += 250);
		expect_state(rig, ip, API_NEIGH_NONE);
	}
}

static void test_new_mac(void **state)
{
	struct net_rig *rig = *state;

	tell(rig, EVENT_NEIGH_LEARNT, IP, 1, false, 1000);
	assert_int_equal(expect_state(rig, IP, API_NEIGH_REACHABLE), 1);
	tell(rig, EVENT_NEIGH_LEARNT, IP, 2, true, 1001);
	assert_int_equal(expect_state(rig, IP, API_NEIGH_REACHABLE), 2);
	tell(rig, EVENT_NEIGH_CONFLICT, IP, 3, false, 1002);
	assert_int_equal(expect_state(rig, IP, API_NEIGH_REACHABLE), 2);
}

static int run(struct net_rig *rig, enum api_id id, uint32_t ip, uint8_t mac, const char *dev)
{
	struct api_neigh neigh = {
		.addr.v4 = htonl(ip),
		.family = AF_INET,
		.mac = { 2, 0, 0, 0, 1, mac },
	};

	strcpy(neigh.dev, dev);
	return net_rig_request(rig, id, &neigh, sizeof(neigh));
}

static void test_requests(void **state)
{
	static const struct {
		enum api_id id;
		uint32_t ip;
		const char *dev;
		int want;
		const char *text;
	} rows[] = {
		{ API_NEIGH_SET, IP, "dpdk0", -ENOENT, "no such neighbour 10.0.0.1 dev dpdk0" },
		{ API_NEIGH_DEL, IP, "dpdk0", -ENOENT, "no such neighbour 10.0.0.1 dev dpdk0" },
		{ API_NEIGH_ADD, IP, "dpdk0", 0, "" },
		{ API_NEIGH_ADD, IP, "dpdk0", -EEXIST, "neighbour 10.0.0.1 is already on dpdk0" },
		{ API_NEIGH_ADD, IP, "dpdk1", 0, "" },
		{ API_NEIGH_SET, IP, "dpdk0", 0, "" },
		{ API_NEIGH_ADD, IP, "dpdk3", -ENODEV, "no such device \"dpdk3\"" },
		{ API_NEIGH_ADD, 0, "dpdk0", -EINVAL, "no address of a host" },
		{ API_NEIGH_ADD, 0xe0000001u, "dpdk0", -EINVAL, "no address of a host" },
		{ API_NEIGH_DEL, IP, "dpdk0", 0, "" },
	};
	struct api_neigh bad = { .addr.v4 = htonl(IP), .family = AF_INET, .dev = "dpdk0" };
	struct net_rig *rig = *state;

	for (unsigned int i = 0; i < LENGTH(rows); i++) {
		int r = run(rig, rows[i].id, rows[i].ip, 9, rows[i].dev);

		if (r != rows[i].want || !strstr(rig->error, rows[i].text))
			fail_msg("row %u: %d \"%s\"", i, r, rig->error);
	}
	bad.mac[0] = 1;
	assert_int_equal(net_rig_request(rig, API_NEIGH_ADD, &bad, sizeof(bad)), -EINVAL);
	assert_non_null(strstr(rig->error, "lladdr"));
}

/* neither time nor what is learnt changes a static one; add makes a learnt one static */
static void test_static(void **state)
{
	struct net_rig *rig = *state;

	tell(rig, EVENT_NEIGH_LEARNT, IP, 1, false, 1000);
	assert_int_equal(run(rig, API_NEIGH_ADD, IP, 9, "dpdk0"), 0);
	tell(rig, EVENT_NEIGH_LEARNT, IP, 2, false, 1000);
	tell(rig, EVENT_NEIGH_WANTED, IP, 2, false, 1000);
	for (uint64_t now_ms = 1000; now_ms < 400000; now_ms += 1000)
		neigh_tick(rig->all, now_ms);
	assert_int_equal(expect_state(rig, IP, API_NEIGH_REACHABLE), 9);
}

static void test_flush(void **state)
{
	struct api_filter filter = { .cpu = 0 };
	struct net_rig *rig = *state;

	assert_int_equal(run(rig, API_NEIGH_ADD, IP, 9, "dpdk0"), 0);
	tell(rig, EVENT_NEIGH_LEARNT, IP + 1, 1, false, 1000);
	tell(rig, EVENT_NEIGH_WANTED, IP + 2, 1, false, 1000);
	strcpy(filter.dev, "dpdk1");
	assert_int_equal(net_rig_request(rig, API_NEIGH_FLUSH, &filter, sizeof(filter)), 0);
	expect_state(rig, IP + 1, API_NEIGH_REACHABLE);
	filter.dev[0] = '\0';
	assert_int_equal(net_rig_request(rig, API_NEIGH_FLUSH, &filter, sizeof(filter)), 0);
	expect_state(rig, IP + 1, API_NEIGH_NONE);
	expect_state(rig, IP + 2, API_NEIGH_NONE);
	expect_state(rig, IP, API_NEIGH_REACHABLE);
}

/* full of neighbours in use or being asked: no room; an unused one gives way */
static void test_bound(void **state)
{
	struct net_rig *rig = *state;

	for (uint32_t i = 0; i < NEIGH_MAX; i++)
		tell(rig, EVENT_NEIGH_WANTED, IP + i, 0, false, 1000);
	tell(rig, EVENT_NEIGH_WANTED, IP + NEIGH_MAX, 0, false, 1000);
	expect_state(rig, IP + NEIGH_MAX, API_NEIGH_NONE);
	assert_int_equal(run(rig, API_NEIGH_ADD, IP + NEIGH_MAX, 9, "dpdk0"), -ENOSPC);
	for (uint32_t i = 0; i < NEIGH_MAX; i++) {
		tell(rig, EVENT_NEIGH_LEARNT, IP + i, 1, true, 1000);
		if (i != 5)
			use(rig, IP + i);
	}
	tell(rig, EVENT_NEIGH_WANTED, IP + NEIGH_MAX, 0, false, 1000);
	expect_state(rig, IP + NEIGH_MAX, API_NEIGH_SEND);
	expect_state(rig, IP + 5, API_NEIGH_NONE);
	expect_state(rig, IP + 4, API_NEIGH_REACHABLE);
}

static void test_list(void **state)
{
	struct api_neigh items[8];
	struct net_rig *rig = *state;

	assert_int_equal(run(rig, API_NEIGH_ADD, IP, 9, "dpdk0"), 0);
	tell(rig, EVENT_NEIGH_WANTED, IP + 1, 1, false, 1000);
	for (uint32_t cpu = 0; cpu <= NET_RIG_WORKERS; cpu++) {
		struct api_filter filter = { .cpu = cpu };

		assert_int_equal(net_rig_list(rig, API_NEIGH_LIST, &filter, items, sizeof(items[0]),
					      LENGTH(items)),
				 2);
		assert_int_equal(items[0].cpu, cpu);
		assert_int_equal(items[0].is_static, 1);
		assert_int_equal(items[0].mac[5], 9);
		assert_string_equal(items[0].dev, "dpdk0");
		assert_int_equal(items[1].state, API_NEIGH_SEND);
		assert_int_equal(items[1].addr.v4, htonl(IP + 1));
	}
}

static void churn_compare(struct net_rig *rig)
{
	static struct api_neigh items[NET_RIG_WORKERS + 1][NEIGH_MAX];
	unsigned int n = 0;

	for (uint32_t cpu = 0; cpu <= NET_RIG_WORKERS; cpu++) {
		struct api_filter filter = { .cpu = cpu };
		unsigned int got = net_rig_list(rig, API_NEIGH_LIST, &filter, items[cpu],
						sizeof(items[0][0]), NEIGH_MAX);

		if (cpu == 0)
			n = got;
		assert_int_equal(got, n);
		for (unsigned int i = 0; i < n; i++) {
			assert_int_equal(items[cpu][i].cpu, cpu);
			items[cpu][i].cpu = 0;
			items[cpu][i].uses = 0;
		}
		assert_memory_equal(items[cpu], items[0], n * sizeof(items[0][0]));
	}
}

static void test_churn(void **state)
{
	struct prng prng = { 5 };
	struct net_rig *rig = *state;
	uint64_t now_ms = 1000000;
	unsigned int most = 0;

	for (unsigned int i = 0; i < 100000; i++) {
		uint32_t ip = IP + prng_below(&prng, 2 * NEIGH_MAX);
		union ip_addr addr = ip_from_v4(htonl(ip));
		struct neigh *neigh = neigh_find(rig->all[1], AF_INET, &addr, 0);

		switch (prng_below(&prng, 8)) {
		case 0:
			tell(rig, EVENT_NEIGH_WANTED, ip, 0, false, now_ms);
			break;
		case 1:
		case 2:
			tell(rig, EVENT_NEIGH_LEARNT, ip, (uint8_t)prng_below(&prng, 3),
			     prng_below(&prng, 2), now_ms);
			break;
		case 3:
			run(rig, prng_below(&prng, 8) ? API_NEIGH_DEL : API_NEIGH_ADD, ip, 7,
			    "dpdk0");
			break;
		case 4:
		case 5:
			if (neigh)
				neigh->uses++;
			break;
		default:
			neigh_tick(rig->all, now_ms += prng_below(&prng, 1000));
		}
		if (rig->all[0]->net->neighs->count > most)
			most = rig->all[0]->net->neighs->count;
		assert_true(rig->all[0]->net->neighs->count <= NEIGH_MAX);
		if (i % 1000 == 999)
			churn_compare(rig);
	}
	assert_int_equal(most, NEIGH_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_states, setup, teardown),
		cmocka_unit_test_setup_teardown(test_new_mac, setup, teardown),
		cmocka_unit_test_setup_teardown(test_requests, setup, teardown),
		cmocka_unit_test_setup_teardown(test_static, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flush, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(test_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_churn, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
