/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ordered tree against an array of flags: whatever comes and goes, it is
 * walked in order, entered anywhere, a search tree with right links, and low.
 */
#include <stdlib.h>

#include "base/order.h"
#include "lib/prng.h"
#include "lib/unit.h"

#define N 500 /* keys: major i / 10, minor i % 10 */

struct members {
	struct order order;
	struct order_node nodes[N];
	bool there[N];
};

static unsigned int depth(const struct order_node *node, const struct order_node *parent)
{
	unsigned int left, right;

	if (!node)
		return 0;
	assert_ptr_equal(node->parent, parent);
	left = depth(node->child[0], node);
	right = depth(node->child[1], node);
	return 1 + (left > right ? left : right);
}

static void check(const struct members *members)
{
	const struct order_node *node = order_first(&members->order);

	for (unsigned int i = 0; i < N; i++)
		if (members->there[i]) {
			assert_ptr_equal(node, &members->nodes[i]);
			node = order_next(node);
		}
	assert_null(node);
	assert_true(depth(members->order.root, NULL) < 30);
}

static void check_from(const struct members *members, unsigned int from)
{
	unsigned int i = from;

	while (i < N && !members->there[i])
		i++;
	assert_ptr_equal(order_from(&members->order, from / 10, from % 10),
			 i < N ? &members->nodes[i] : NULL);
}

static void test_churn(void **state)
{
	struct members *members = calloc(1, sizeof(*members));
	struct prng prng = { 5 };

	assert_null(order_first(&members->order));
	for (unsigned int i = 0; i < N; i++) {
		members->nodes[i].major = i / 10;
		members->nodes[i].minor = i % 10;
	}
	for (unsigned int step = 0; step < 20000; step++) {
		unsigned int i = prng_below(&prng, N);

		if (members->there[i])
			order_del(&members->order, &members->nodes[i]);
		else
			order_add(&members->order, &members->nodes[i]);
		members->there[i] = !members->there[i];
		check_from(members, prng_below(&prng, N));
		if (step % 100 == 0)
			check(members);
	}
	check(members);
	free(members);
}

/* in order, as serials come, and backwards: no list in disguise */
static void test_ascending(void **state)
{
	for (int backwards = 0; backwards < 2; backwards++) {
		struct members *members = calloc(1, sizeof(*members));

		for (unsigned int n = 0; n < N; n++) {
			unsigned int i = backwards ? N - 1 - n : n;

			members->nodes[i].major = i / 10;
			members->nodes[i].minor = i % 10;
			order_add(&members->order, &members->nodes[i]);
			members->there[i] = true;
		}
		check(members);
		free(members);
	}
}

static void test_take_out_on_the_way(void **state)
{
	struct members *members = calloc(1, sizeof(*members));
	unsigned int n = 0;

	for (unsigned int i = 0; i < N; i++) {
		members->nodes[i].major = i / 10;
		members->nodes[i].minor = i % 10;
		order_add(&members->order, &members->nodes[i]);
		members->there[i] = true;
	}
	order_for_each_safe (it, &members->order) {
		assert_ptr_equal(it, &members->nodes[n]);
		if (n % 3) {
			order_del(&members->order, it);
			members->there[n] = false;
		}
		n++;
	}
	assert_int_equal(n, N);
	check(members);
	free(members);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_churn),
		cmocka_unit_test(test_ascending),
		cmocka_unit_test(test_take_out_on_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
