/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RSS: the hash by tables against the published vectors ("Verifying the RSS
 * Hash Calculation", Microsoft) and against the test port's own, bit by bit;
 * keys that spread; tables that say the same on ports of different sizes.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "lib/prng.h"
#include "lib/unit.h"
#include "link/rss.h"
#include "link/steer.h"
#include "link/test_port.h"

static const uint8_t published_key[TOEPLITZ_KEY] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

static const struct {
	const char *src, *dst;
	uint16_t sport, dport;
	uint32_t addresses, all;
} published[] = {
	{ "66.9.149.187", "161.142.100.80", 2794, 1766, 0x323e8fc2, 0x51ccc178 },
	{ "199.92.111.2", "65.69.140.83", 14230, 4739, 0xd718262a, 0xc626b0ea },
	{ "24.19.198.95", "12.22.207.184", 12898, 38024, 0xd2d0a5de, 0x5c2b394a },
	{ "38.27.205.30", "209.142.163.6", 48228, 2217, 0x82989176, 0xafc7327f },
	{ "153.39.163.191", "202.188.127.2", 44251, 1303, 0x5d1809c5, 0x10e828a2 },
	{ "3ffe:2501:200:1fff::7", "3ffe:2501:200:3::1", 2794, 1766, 0x2cc18cd5, 0x40207d3d },
	{ "3ffe:501:8::260:97ff:fe40:efab", "ff02::1", 14230, 4739, 0x0f0c461c, 0xdde51bbf },
	{ "3ffe:1900:4545:3:200:f8ff:fe21:67cf", "fe80::200:f8ff:fe21:67cf", 44251, 38024,
	  0x4b61e985, 0x02d1feef },
};

static struct tuple tuple_of(const char *src, const char *dst, uint16_t sport, uint16_t dport)
{
	struct tuple t = { .sport = htons(sport), .dport = htons(dport), .proto = IPPROTO_TCP };

	t.family = strchr(src, ':') ? AF_INET6 : AF_INET;
	assert_int_equal(inet_pton(t.family, src, &t.src), 1);
	assert_int_equal(inet_pton(t.family, dst, &t.dst), 1);
	return t;
}

static uint32_t hash_of(const struct rss *rss, const struct tuple *t)
{
	return rss_hash_dport(rss, rss_hash_base(rss, t), t);
}

/* As it stands in a packet, by the test port's hash. */
static uint32_t plain_hash(const uint8_t *key, const struct tuple *t, bool with_ports)
{
	size_t len = t->family == AF_INET ? 4 : 16;
	uint8_t input[TOEPLITZ_INPUT];

	memcpy(input, &t->src, len);
	memcpy(input + len, &t->dst, len);
	memcpy(input + 2 * len, &t->sport, 2);
	memcpy(input + 2 * len + 2, &t->dport, 2);
	return test_port_hash(key, input, 2 * len + (with_ports ? 4 : 0));
}

static void published_vectors(void **state)
{
	struct rss *rss = calloc(1, sizeof(*rss));

	toeplitz_init(&rss->toeplitz, published_key);
	for (size_t i = 0; i < LENGTH(published); i++) {
		struct tuple t = tuple_of(published[i].src, published[i].dst, published[i].sport,
					  published[i].dport);

		assert_int_equal(plain_hash(published_key, &t, true), published[i].all);
		assert_int_equal(plain_hash(published_key, &t, false), published[i].addresses);
		assert_int_equal(hash_of(rss, &t), published[i].all);
		t.sport = 0;
		t.dport = 0;
		assert_int_equal(hash_of(rss, &t), published[i].addresses);
	}
	free(rss);
}

static void random_tuples(void **state)
{
	struct rss *rss = calloc(1, sizeof(*rss));
	struct prng prng = { 7 };

	for (unsigned int k = 0; k < 20; k++) {
		struct hash_key seed = { { k, 1, 2, 3 } };
		uint8_t key[RSS_KEY];

		toeplitz_key_make(&seed, key, sizeof(key));
		toeplitz_init(&rss->toeplitz, key);
		for (unsigned int i = 0; i < 500; i++) {
			struct tuple t = { .family = i & 1 ? AF_INET : AF_INET6 };

			for (unsigned int word = 0; word < (i & 1 ? 1 : 4); word++) {
				t.src.u32[word] = (uint32_t)prng_next(&prng);
				t.dst.u32[word] = (uint32_t)prng_next(&prng);
			}
			t.sport = (uint16_t)prng_next(&prng);
			t.dport = (uint16_t)prng_next(&prng);
			assert_int_equal(hash_of(rss, &t), plain_hash(key, &t, true));
		}
	}
	free(rss);
}

/* Each word of the input, alone, leads to each value of the low bits equally often: all its values,
 * and 4096 even ones in a row. */
static void keys_spread(void **state)
{
	struct toeplitz *toeplitz = calloc(1, sizeof(*toeplitz));

	for (unsigned int k = 0; k < 20; k++) {
		struct hash_key seed = { { 99, k, 2, 3 } };
		uint8_t key[RSS_KEY], again[RSS_KEY];

		toeplitz_key_make(&seed, key, sizeof(key));
		toeplitz_key_make(&seed, again, sizeof(again));
		assert_memory_equal(key, again, sizeof(key));
		assert_true(toeplitz_key_even(key));
		toeplitz_init(toeplitz, key);
		for (unsigned int place = 0; place < TOEPLITZ_INPUT; place += 2) {
			unsigned int all[RSS_TABLE] = { 0 }, even[RSS_TABLE] = { 0 };

			for (uint32_t n = 0; n < 65536; n++) {
				be16 word = htons((uint16_t)n);
				uint32_t at = toeplitz_of(toeplitz, place, &word, 2) &
					      (RSS_TABLE - 1);

				all[at]++;
				even[at] += n >= 16384 && n < 24576 && n % 2 == 0;
			}
			for (unsigned int i = 0; i < RSS_TABLE; i++) {
				assert_int_equal(all[i], 65536 / RSS_TABLE);
				assert_int_equal(even[i], 4096 / RSS_TABLE);
			}
		}
	}
	free(toeplitz);
}

/* The check is one: a byte again and again does not spread. */
static void other_keys_do_not(void **state)
{
	uint8_t key[TOEPLITZ_KEY];

	for (unsigned int byte = 0; byte < 256; byte++) {
		memset(key, (int)byte, sizeof(key));
		assert_false(toeplitz_key_even(key)); /* eight shares differ, nine are needed */
	}
}

static struct rss *rss_of(unsigned int n_workers, unsigned int entries)
{
	struct rss *rss = calloc(1, sizeof(*rss));

	rss->mask = entries - 1;
	for (unsigned int i = 0; i < entries; i++)
		rss->owner[i] = (uint8_t)(1 + i % n_workers);
	return rss;
}

/* Whatever the size of a RETA and the queues, hash & (entries - 1) leads to a queue of the owner's,
 * and all queues of a worker are used alike. */
static void retas_agree(void **state)
{
	static const unsigned int sizes[] = { 4, 64, 128, 512, 2048 };
	struct rss_queues queues[5] = { 0 };
	unsigned int owner_of[64] = { 0 };

	for (unsigned int q = 0; q < 10; q++) { /* worker 1: 0 4 8, 2: 1 5 9, 3: 2 6, 4: 3 7 */
		struct rss_queues *of = &queues[1 + q % 4];

		of->queue[of->count++] = (uint16_t)q;
		owner_of[q] = 1 + q % 4;
	}
	for (size_t s = 0; s < LENGTH(sizes); s++) {
		struct rss *rss = rss_of(4, sizes[s] < 128 ? sizes[s] : 128);
		uint16_t *reta = calloc(sizes[s], sizeof(*reta));
		unsigned int used[10] = { 0 };
		struct prng prng = { 3 };

		rss_fill(rss, queues, reta, (uint16_t)sizes[s]);
		for (unsigned int i = 0; i < 10000; i++) {
			uint32_t hash = (uint32_t)prng_next(&prng);
			uint16_t queue = reta[hash % sizes[s]];

			assert_in_range(queue, 0, 9);
			assert_int_equal(owner_of[queue], rss->owner[hash & rss->mask]);
		}
		for (unsigned int i = 0; i < sizes[s]; i++)
			used[reta[i]]++;
		for (unsigned int q = 0; q < 10 && sizes[s] > 4; q++) {
			unsigned int share = sizes[s] / 4 / queues[owner_of[q]].count;

			assert_in_range(used[q], share, share + 1);
		}
		free(reta);
		free(rss);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_vectors), cmocka_unit_test(random_tuples),
		cmocka_unit_test(keys_spread),       cmocka_unit_test(other_keys_do_not),
		cmocka_unit_test(retas_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
