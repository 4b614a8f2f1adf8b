/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stamps: a prefix of each length moves on exactly the slots of the addresses
 * that it covers, in its own family only; and neighbouring nets, as routes have
 * them, do not share one.
 */
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "lib/prng.h"
#include "lib/unit.h"
#include "net/stamp.h"

static union ip_addr ip_of(unsigned int family, const char *text)
{
	union ip_addr ip = { .u64 = { 0, 0 } };

	assert_int_equal(inet_pton((int)family, text, &ip), 1);
	return ip;
}

/* The slots that a touch moves: how many, and the first. */
struct moved {
	uint32_t n, first;
};

static struct moved touch(unsigned int family, const union ip_addr *prefix, unsigned int plen)
{
	static struct stamps stamps, before;
	struct moved moved = { 0, 0 };

	stamps_init(&stamps);
	before = stamps;
	stamps_touch(&stamps, family, prefix, plen);
	for (uint32_t i = 0; i < 2 * STAMP_SLOTS; i++) {
		if (stamps.at[i] == before.at[i])
			continue;
		assert_int_equal(stamps.at[i], before.at[i] + 1);
		if (moved.n == 0)
			moved.first = i;
		assert_int_equal(moved.first + moved.n, i); /* without a gap */
		moved.n++;
	}
	return moved;
}

static void test_prefixes(void **state)
{
	static const struct {
		unsigned int family;
		const char *prefix;
		unsigned int plen;
		uint32_t first, n;
	} rows[] = {
		{ AF_INET, "0.0.0.0", 0, 0, 1024 },
		{ AF_INET, "128.0.0.0", 1, 0, 1024 },
		{ AF_INET, "10.0.0.0", 8, 0, 1024 },
		{ AF_INET, "172.0.0.0", 10, 0, 1024 },
		{ AF_INET, "172.128.0.0", 11, 512, 512 },
		{ AF_INET, "172.16.0.0", 12, 768, 256 },
		{ AF_INET, "172.16.64.0", 18, 948, 4 },
		{ AF_INET, "172.16.64.0", 19, 948, 2 },
		{ AF_INET, "172.16.96.0", 20, 950, 1 },
		{ AF_INET, "172.16.112.0", 20, 951, 1 },
		{ AF_INET, "172.16.112.0", 24, 951, 1 },
		{ AF_INET, "10.0.1.0", 24, 40, 1 },
		{ AF_INET, "10.0.16.128", 25, 41, 1 },
		{ AF_INET, "0.0.0.0", 32, 0, 1 },
		{ AF_INET, "255.255.255.255", 32, 0, 1 },
		{ AF_INET6, "::", 0, STAMP_SLOTS + 0, 1024 },
		{ AF_INET6, "2000::", 3, STAMP_SLOTS + 0, 1024 },
		{ AF_INET6, "2001:d80::", 26, STAMP_SLOTS + 0, 1024 },
		{ AF_INET6, "2001:d80::", 27, STAMP_SLOTS + 0, 512 },
		{ AF_INET6, "2001:db8::", 32, STAMP_SLOTS + 944, 16 },
		{ AF_INET6, "2001:db9::", 32, STAMP_SLOTS + 928, 16 },
		{ AF_INET6, "2001:db8:1000::", 36, STAMP_SLOTS + 958, 1 },
		{ AF_INET6, "2001:db8:2000::", 36, STAMP_SLOTS + 957, 1 },
		{ AF_INET6, "2001:db8:1234::", 48, STAMP_SLOTS + 958, 1 },
		{ AF_INET6, "2001:db8:2235:6::", 64, STAMP_SLOTS + 957, 1 },
		{ AF_INET6, "2001:db8::1", 128, STAMP_SLOTS + 959, 1 },
		{ AF_INET6, "ffff:ffff:f000::", 128, STAMP_SLOTS + 960, 1 },
	};

	for (unsigned int i = 0; i < LENGTH(rows); i++) {
		union ip_addr prefix = ip_of(rows[i].family, rows[i].prefix);
		struct moved moved = touch(rows[i].family, &prefix, rows[i].plen);

		if (moved.first != rows[i].first || moved.n != rows[i].n)
			fail_msg("%s/%u: %u slots from %u", rows[i].prefix, rows[i].plen, moved.n,
				 moved.first);
	}
}

/* Of random addresses under random prefixes: who is covered is told, whatever the length. */
static void test_covered(void **state)
{
	static struct stamps stamps;
	struct prng prng = { 11 };

	stamps_init(&stamps);
	for (unsigned int i = 0; i < 20000; i++) {
		unsigned int family = i % 2 ? AF_INET : AF_INET6;
		unsigned int plen = prng_below(&prng, ip_bits(family) + 1);
		union ip_addr addr = { .u64 = { 0, 0 } }, prefix;
		uint32_t before;

		prng_fill(&prng, &addr, family == AF_INET ? 4 : 16);
		prefix = ip_network(family, &addr, plen);
		before = stamps.at[stamp_slot(family, &addr)];
		stamps_touch(&stamps, family, &prefix, plen);
		assert_int_equal(stamps.at[stamp_slot(family, &addr)], before + 1);
	}
}

/* All nets of a region, and a change of one. */
static void test_neighbours(void **state)
{
	static struct stamps stamps;
	union ip_addr net = ip_of(AF_INET, "100.64.112.0");
	unsigned int moved = 0;

	stamps_init(&stamps);
	stamps_touch(&stamps, AF_INET, &net, 20);
	for (uint32_t i = 0; i < STAMP_SLOTS; i++) {
		union ip_addr addr = ip_from_v4(htonl(0x64400001 + (i << 12)));

		moved += stamps.at[stamp_slot(AF_INET, &addr)] != 1;
	}
	assert_int_equal(moved, 1);
}

/* 0 stands for "nothing is remembered", so no slot ever has it. */
static void test_never_zero(void **state)
{
	static struct stamps stamps;
	union ip_addr all = { .u64 = { 0, 0 } };

	stamps_init(&stamps);
	for (uint32_t i = 0; i < 2 * STAMP_SLOTS; i++)
		assert_true(stamps.at[i] != 0);
	memset(stamps.at, 0xff, sizeof(stamps.at));
	stamps_touch(&stamps, AF_INET, &all, 0);
	for (uint32_t i = 0; i < STAMP_SLOTS; i++)
		assert_int_equal(stamps.at[i], 1);
	assert_int_equal(stamps.at[STAMP_SLOTS], UINT32_MAX);
	stamps_touch_all(&stamps);
	assert_int_equal(stamps.at[0], 2);
	assert_int_equal(stamps.at[2 * STAMP_SLOTS - 1], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_covered),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_never_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
