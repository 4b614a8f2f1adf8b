/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way that forwarded packets take, of both families, with one and three
 * workers: several gateways share flows by their weights, and when one goes or
 * comes only its own flows move; a type of service may have its own; and
 * whatever changes, the very next packet goes the new way.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/unit.h"
#include "packet/ways_rig.h"

#define FLOWS 2400

static const unsigned int families[] = { AF_INET, AF_INET6 };
static const unsigned int workers[] = { 1, 3 };

struct shares {
	uint8_t way[FLOWS]; /* the gateway's number */
	unsigned int count[WAYS_GATEWAYS + 1];
};

static void look(struct harness *h, unsigned int family, struct shares *shares)
{
	memset(shares, 0, sizeof(*shares));
	for (unsigned int flow = 0; flow < FLOWS; flow++) {
		unsigned int to = ways_take(h, family, flow, 0);

		assert_true(to >= 0x11 && to <= 0x10 + WAYS_GATEWAYS);
		shares->way[flow] = (uint8_t)(to - 0x10);
		shares->count[to - 0x10]++;
	}
}

/* Parts of FLOWS as the weights are, within four of a hundred. */
static void assert_shares(const struct shares *shares, const unsigned int *weights)
{
	unsigned int sum = 0;

	for (unsigned int i = 1; i <= WAYS_GATEWAYS; i++)
		sum += weights[i];
	for (unsigned int i = 1; i <= WAYS_GATEWAYS; i++)
		assert_in_range(shares->count[i] + FLOWS / 25, FLOWS * weights[i] / sum,
				FLOWS * weights[i] / sum + FLOWS * 2 / 25);
}

/* Flows whose way is another now; each was or is with `one`. */
static unsigned int moved(const struct shares *before, const struct shares *after, unsigned int one)
{
	unsigned int n = 0;

	for (unsigned int flow = 0; flow < FLOWS; flow++) {
		if (before->way[flow] == after->way[flow])
			continue;
		assert_true(before->way[flow] == one || after->way[flow] == one);
		n++;
	}
	return n;
}

static void check_gateways(struct harness *h, unsigned int family)
{
	static const unsigned int weighed[] = { 0, 1, 2, 3, 0, 0 }, less[] = { 0, 1, 0, 3, 0, 0 };
	struct shares first, again, gone, back;

	ways_run(h, family,
		 "dpip route add %d nexthop via %g1 weight 1 nexthop via %g2 weight 2 "
		 "nexthop via %g3 weight 3");
	look(h, family, &first);
	assert_shares(&first, weighed);
	look(h, family, &again);
	assert_memory_equal(first.way, again.way, FLOWS);

	ways_run(h, family, "dpip route set %d nexthop via %g3 weight 3 nexthop via %g1 weight 1");
	look(h, family, &gone);
	assert_int_equal(moved(&first, &gone, 2), first.count[2]);
	assert_shares(&gone, less);

	ways_run(h, family,
		 "dpip route replace %d nexthop via %g3 weight 3 nexthop via %g2 weight 2 "
		 "nexthop via %g1 weight 1");
	look(h, family, &back);
	assert_memory_equal(first.way, back.way, FLOWS);

	ways_run(h, family,
		 "dpip route set %d nexthop via %g1 weight 1 nexthop via %g2 weight 2 "
		 "nexthop via %g3 weight 3 nexthop via %g4 weight 6");
	look(h, family, &again);
	assert_int_equal(moved(&first, &again, 4), again.count[4]);
	assert_in_range(again.count[4], FLOWS * 46 / 100, FLOWS * 54 / 100);

	/* a heavier one takes, and gives nothing away */
	ways_run(h, family,
		 "dpip route set %d nexthop via %g1 weight 1 nexthop via %g2 weight 2 "
		 "nexthop via %g3 weight 9 ");
	look(h, family, &again);
	assert_true(moved(&first, &again, 3) == again.count[3] - first.count[3]);
	ways_run(h, family, "dpip route del %d");
}

static void test_gateways(void **state)
{
	for (unsigned int i = 0; i < LENGTH(workers); i++)
		for (unsigned int f = 0; f < LENGTH(families); f++) {
			struct harness *h = ways_rig_new(workers[i]);

			check_gateways(h, families[f]);
			harness_free(h);
		}
}

static void test_tos(void **state)
{
	for (unsigned int f = 0; f < LENGTH(families); f++) {
		struct harness *h = ways_rig_new(1);
		unsigned int family = families[f];

		ways_run(h, family, "dpip route add %d via %g1");
		ways_run(h, family, "dpip route add %d via %g2 tos 16");
		assert_int_equal(ways_take(h, family, 0, 0), 0x11);
		assert_int_equal(ways_take(h, family, 0, 16), 0x12);
		assert_int_equal(ways_take(h, family, 0, 18), 0x12); /* ECN chooses nothing */
		assert_int_equal(ways_take(h, family, 0, 32), 0x11);
		ways_run(h, family, "dpip route del %d tos 16");
		assert_int_equal(ways_take(h, family, 0, 16), 0x11);
		harness_free(h);
	}
}

static const struct {
	const char *line;
	unsigned int to;
} changes[] = {
	{ "dpip route add %d via %g1", 0x11 },
	{ "dpip route set %d via %g2", 0x12 },
	{ "dpip route replace %d via %g3", 0x13 },
	{ "dpip route add %s%p via %g4", 0x14 },
	{ "dpip route set %s%p via %g9", 0x19 },
	{ "dpip route del %s%p", 0x13 },
	{ "dpip route add %d via %g5 metric 7", 0x13 },
	{ "dpip route del %d via %g3", 0x15 },
	{ "dpip route replace %d via %g1 metric 7", 0x11 },
	{ "dpip route add blackhole %s%p", WAY_LOST },
	{ "dpip route del blackhole %s%p", 0x11 },
	{ "dpip route add unreachable %s%p", WAY_LOST },
	{ "dpip route replace %s%p via %g2", 0x12 },
	{ "dpip route set prohibit %s%p", WAY_LOST },
	{ "dpip route del %s%p", 0x11 },
	{ "dpip neigh set %g1 lladdr 06:00:00:00:00:21 dev dpdk1", 0x21 },
	{ "dpip neigh set %g1 lladdr 06:00:00:00:00:22 dev dpdk1", 0x22 },
	{ "dpip route add %s%p via %g9", 0x19 },
	{ "dpip neigh set %g9 lladdr 06:00:00:00:00:19 dev dpdk0", 0x19 },
	{ "dpip addr add %s%p dev dpdk0", WAY_LOST },
	{ "dpip addr del %s%p dev dpdk0", 0x19 },
	{ "dpip route flush", WAY_LOST },
};

static void test_next_packet(void **state)
{
	for (unsigned int i = 0; i < LENGTH(workers); i++)
		for (unsigned int f = 0; f < LENGTH(families); f++) {
			struct harness *h = ways_rig_new(workers[i]);

			for (unsigned int n = 0; n < LENGTH(changes); n++) {
				ways_run(h, families[f], changes[n].line);
				for (unsigned int flow = 0; flow < 6; flow++)
					if (ways_take(h, families[f], flow, 0) != changes[n].to)
						fail_msg("family %u, flow %u: not as behind: %s",
							 families[f], flow, changes[n].line);
			}
			harness_assert_balance(h);
			harness_free(h);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gateways),
		cmocka_unit_test(test_tos),
		cmocka_unit_test(test_next_packet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
