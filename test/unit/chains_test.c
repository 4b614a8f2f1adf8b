/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Chains that grow and shrink: every member is found in its bucket and keeps
 * its place among its equals whatever comes and goes, no chain gets long, and
 * the memory brought along is used or handed back, all of it. Groups: any of
 * them may come and go, the first stands in the chain.
 */
#include <stdlib.h>

#include "base/chains.h"
#include "lib/prng.h"
#include "lib/unit.h"

struct member {
	struct chain chain;
	unsigned int key;
};

/* Equal for some keys, to have equal hashes. */
static uint64_t hash_of(unsigned int key)
{
	struct prng prng = { key / 3 };

	return prng_next(&prng);
}

static bool found(const struct chains *chains, const struct member *member)
{
	chains_for_each (it, chains, hash_of(member->key))
		if (it == &member->chain)
			return true;
	return false;
}

static void add(struct chains *chains, struct member *member)
{
	size_t need = chains_need(chains);

	free(chains_add(chains, &member->chain, hash_of(member->key),
			need ? calloc(1, need) : NULL));
}

static unsigned int longest_chain(const struct chains *chains)
{
	unsigned int longest = 0;

	for (uint32_t i = 0; i < chains->n_buckets; i++) {
		unsigned int n = 0;

		chains_for_each (it, chains, i)
			n++;
		longest = n > longest ? n : longest;
	}
	return longest;
}

static void test_growth(void **state)
{
	enum { N = 20000 };
	struct member *members = calloc(N, sizeof(*members));
	struct chains chains;

	chains_init(&chains);
	for (unsigned int i = 0; i < N; i++) {
		members[i].key = i;
		add(&chains, &members[i]);
		assert_int_equal(chains.count, i + 1);
		assert_true(chains.n_buckets == CHAINS_FIRST || chains.n_buckets >= i);
	}
	assert_true(longest_chain(&chains) <= 3 * 10);
	for (unsigned int i = 0; i < N; i++)
		assert_true(found(&chains, &members[i]));
	for (unsigned int i = 0; i < N; i++) {
		free(chains_del(&chains, &members[i].chain));
		assert_false(found(&chains, &members[i]));
	}
	assert_int_equal(chains.count, 0);
	assert_int_equal(chains.n_buckets, CHAINS_FIRST);
	for (unsigned int i = 0; i < CHAINS_SEGMENTS; i++)
		assert_null(chains.segments[i]);
	free(members);
}

/* without memory it works, and catches up when there is some */
static void test_no_memory(void **state)
{
	enum { N = 1000 };
	struct member *members = calloc(N, sizeof(*members));
	struct chains chains;

	chains_init(&chains);
	for (unsigned int i = 0; i < N; i++) {
		members[i].key = i;
		assert_null(chains_add(&chains, &members[i].chain, hash_of(i), NULL));
	}
	assert_int_equal(chains.n_buckets, CHAINS_FIRST);
	for (unsigned int i = 0; i < N; i++)
		assert_true(found(&chains, &members[i]));
	for (unsigned int i = 0; i < N; i++) {
		free(chains_del(&chains, &members[i].chain));
		add(&chains, &members[i]);
	}
	assert_true(chains.n_buckets >= N);
	for (unsigned int i = 0; i < N; i++)
		assert_true(found(&chains, &members[i]));
	/* what is not needed comes back */
	assert_int_equal(chains_need(&chains), 0);
	for (unsigned int i = 0; i < N; i++)
		free(chains_del(&chains, &members[i].chain));
	{
		void *memory = malloc(1);

		assert_ptr_equal(chains_add(&chains, &members[0].chain, 1, memory), memory);
		free(memory);
	}
	chains_free(&chains);
	free(members);
}

/* Those with this hash, in their order, are 0, 3, 6 … of which some are gone. */
static void check_order(const struct chains *chains, uint64_t hash)
{
	unsigned int last = 0;

	chains_for_each (it, chains, hash) {
		const struct member *member = container_of(it, struct member, chain);

		if (it->hash != hash)
			continue;
		assert_true(member->key >= last);
		last = member->key;
	}
}

static void test_churn(void **state)
{
	enum { N = 3000 };
	struct member *members = calloc(N, sizeof(*members));
	struct prng prng = { 3 };
	unsigned int most = 0;
	struct chains chains;

	chains_init(&chains);
	for (unsigned int i = 0; i < N; i++)
		members[i].key = i;
	for (unsigned int step = 0; step < 200000; step++) {
		/* long waves, so that it grows and shrinks over many sizes */
		bool more = step / 20000 % 2 == 0;
		struct member *member = &members[prng_below(&prng, N)];

		if (!member->chain.link && (more || prng_below(&prng, 4) == 0))
			add(&chains, member);
		else if (member->chain.link && (!more || prng_below(&prng, 4) == 0))
			free(chains_del(&chains, &member->chain));
		most = chains.count > most ? chains.count : most;
		assert_int_equal(found(&chains, member), member->chain.link != NULL);
	}
	assert_true(most > N / 2);
	for (unsigned int i = 0; i < N; i++)
		assert_int_equal(found(&chains, &members[i]), members[i].chain.link != NULL);
	chains_free(&chains);
	free(members);
}

static void test_order(void **state)
{
	enum { N = 300 };
	struct member members[N];
	struct chains chains;

	chains_init(&chains);
	for (unsigned int i = 0; i < N; i++) {
		members[i].key = i;
		add(&chains, &members[i]);
	}
	for (unsigned int i = 0; i < N; i++)
		check_order(&chains, hash_of(i));
	for (unsigned int i = 1; i < N; i += 2)
		free(chains_del(&chains, &members[i].chain));
	for (unsigned int i = 0; i < N; i++)
		check_order(&chains, hash_of(i));
	chains_free(&chains);
}

struct one {
	struct group group;
	char name;
};

/* The names of the group, first to last, if its first stands in the chain. */
static const char *names(const struct chains *chains, uint64_t hash, char *out)
{
	struct chain *chain = *chains_bucket(chains, hash);
	const struct group *first, *group;
	char *at = out;

	*at = '\0';
	if (!chain)
		return out;
	assert_null(chain->next);
	first = group = container_of(chain, struct group, chain);
	do {
		*at++ = container_of(group, struct one, group)->name;
		group = container_of(group->peers.next, struct group, peers);
		assert_true(group == first || !group->chain.link);
	} while (group != first);
	*at = '\0';
	return out;
}

static void test_groups(void **state)
{
	struct one a = { .name = 'a' }, b = { .name = 'b' }, c = { .name = 'c' },
		   d = { .name = 'd' };
	struct chains chains;
	char text[8];

	chains_init(&chains);
	assert_null(group_found(&chains, &a.group, 5, NULL));
	assert_string_equal(names(&chains, 5, text), "a");
	group_join(&a.group, &b.group);
	group_join(&a.group, &c.group);
	assert_string_equal(names(&chains, 5, text), "acb");
	group_join(container_of(a.group.peers.prev, struct group, peers), &d.group);
	assert_string_equal(names(&chains, 5, text), "acbd");
	assert_int_equal(chains.count, 1);
	assert_null(group_leave(&chains, &d.group));
	assert_string_equal(names(&chains, 5, text), "acb");
	assert_null(group_leave(&chains, &c.group));
	assert_string_equal(names(&chains, 5, text), "ab");
	assert_null(group_leave(&chains, &a.group));
	assert_string_equal(names(&chains, 5, text), "b");
	assert_null(group_leave(&chains, &b.group));
	assert_string_equal(names(&chains, 5, text), "");
	assert_int_equal(chains.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_growth), cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_churn),  cmocka_unit_test(test_order),
		cmocka_unit_test(test_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
