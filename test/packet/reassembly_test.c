/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments for us: whole again in whatever order they come and on whichever
 * worker, answered in fragments where the answer is too long; overlaps, wrong
 * lengths, too many of them and those that never come. Each test runs for both
 * families.
 */
#include <stdio.h>
#include <string.h>

#include "lib/unit.h"
#include "packet/ip4_rig.h"

#define L3 14

#define A4  "0a000002"
#define US4 "0a000001"
#define A6  "20010db8000000000000000000000002"
#define US6 "20010db8000000000000000000000001"

/* Both families' addresses on both rigs. */
static struct harness *rig(bool ip6, const struct harness_options *options)
{
	return ip6 ? ip6_rig_new(options) : ip4_rig_new(options);
}

static size_t header(bool ip6)
{
	return L3 + (ip6 ? 40 : 20);
}

/* An echo of that many bytes of data to us; or its answer. */
static struct bytes echo(bool ip6, bool answer, size_t data, unsigned int id)
{
	char text[256];

	if (ip6)
		snprintf(text, sizeof(text), "60000000 %04zx 3a 40 %s %s %s00 0000 0102 0304",
			 data + 8, answer ? US6 : A6, answer ? A6 : US6, answer ? "81" : "80");
	else
		snprintf(text, sizeof(text),
			 "4500 %04zx %04x 0000 4001 0000 %s %s %s00 0000 0102 0304", data + 28, id,
			 answer ? US4 : A4, answer ? A4 : US4, answer ? "00" : "08");
	return ip4_frame(answer ? (ip6 ? FROM6_0 : FROM_0) : ip6 ? TO6_0 : TO_0, text, data);
}

/* Bytes [at, at + len) of what a packet carries, as a fragment. */
static struct bytes fragment(bool ip6, const struct bytes *whole, size_t at, size_t len, bool more,
			     unsigned int id)
{
	struct bytes frame;
	char text[256];

	if (ip6)
		snprintf(text, sizeof(text), "60000000 %04zx 2c 40 %s %s 3a00 %04zx %08x", len + 8,
			 A6, US6, at | more, id);
	else
		snprintf(text, sizeof(text), "4500 %04zx %04x %04zx 4001 0000 %s %s", len + 20, id,
			 at / 8 | (more ? 0x2000u : 0), A4, US4);
	frame.len = harness_hex(ip6 ? TO6_0 : TO_0, frame.at, sizeof(frame.at));
	frame.len += harness_hex(text, frame.at + frame.len, sizeof(frame.at) - frame.len);
	memcpy(frame.at + frame.len, whole->at + header(ip6) + at, len);
	frame.len += len;
	ip4_seal(&frame);
	return frame;
}

static void send_on(struct harness *h, unsigned int queue, const struct bytes *frame)
{
	harness_inject(h, 0, queue, frame->at, frame->len);
	harness_turn(h);
	harness_assert_balance(h);
}

static uint64_t held(const struct harness *h)
{
	uint64_t sum = 0;

	for (unsigned int i = 1; i <= h->n_workers; i++)
		sum += h->all[i]->held;
	return sum;
}

/* Three fragments in all six orders, on one worker and on several. */
static void orders(bool ip6, unsigned int n_workers)
{
	static const uint8_t order[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
					    { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	static const struct {
		size_t at, len;
		bool more;
	} parts[] = { { 0, 16, true }, { 16, 24, true }, { 40, 13, false } };
	const struct harness_options options = { .n_workers = n_workers };
	struct harness *h = rig(ip6, &options);
	uint64_t joined = 0;
	uint8_t got[PACKET_MAX];

	for (unsigned int i = 0; i < LENGTH(order); i++) {
		struct bytes whole = echo(ip6, false, 45, 0), want;

		for (unsigned int j = 0; j < 3; j++) {
			unsigned int p = order[i][j];
			struct bytes part = fragment(ip6, &whole, parts[p].at, parts[p].len,
						     parts[p].more, 0x100 + i);

			assert_int_equal(held(h), j);
			send_on(h, (i + j) % n_workers, &part);
		}
		assert_int_equal(held(h), 0);
		joined += 2;
		assert_int_equal(harness_drops(h, DROP_FRAG_JOINED), joined);
		want = echo(ip6, true, 45, 0);
		assert_int_equal(harness_take(h, 0, got, sizeof(got)), want.len);
		/* the answer's identification counts up by worker */
		if (!ip6)
			memcpy(want.at + L3 + 4, got + L3 + 4, 2), memset(want.at + L3 + 10, 0, 2);
		ip4_seal(&want);
		assert_memory_equal(got, want.at, want.len);
		ip4_expect_nothing(h);
	}
	harness_free(h);
}

static void test_orders(void **state)
{
	for (unsigned int ip6 = 0; ip6 < 2; ip6++) {
		orders(ip6, 1);
		orders(ip6, 3);
	}
}

/* A large echo, in pieces of 1480 bytes, is answered in pieces, of which the whole is the echo's.
 */
static void large(bool ip6, unsigned int n_workers)
{
	const struct harness_options options = { .n_workers = n_workers };
	struct harness *h = rig(ip6, &options);
	struct bytes whole = echo(ip6, false, 3000, 0), want = echo(ip6, true, 3000, 0);
	size_t total = 3008, piece = ip6 ? 1448 : 1480, front = header(ip6) + (ip6 ? 8 : 0);
	uint8_t got[PACKET_MAX], all[PACKET_MAX];
	size_t have = 0, len;

	for (size_t at = 0; at < total; at += piece) {
		struct bytes part = fragment(ip6, &whole, at, RTE_MIN(piece, total - at),
					     at + piece < total, 77);

		send_on(h, (unsigned int)(at / piece) % n_workers, &part);
	}
	while ((len = harness_take(h, 0, got, sizeof(got))) != 0) {
		const uint8_t *ip = got + L3;
		size_t at = ip6 ? (ip[42] << 8 | ip[43]) & 0xfff8u
				: (size_t)((ip[6] & 0x1f) << 8 | ip[7]) * 8;
		bool more = ip6 ? ip[43] & 1 : ip[6] & 0x20;

		assert_true(len <= L3 + 1500);
		assert_int_equal(at, have);
		assert_true(at + len - front <= total);
		assert_int_equal(more, at + len - front < total);
		memcpy(all + at, got + front, len - front);
		have = at + len - front;
	}
	assert_int_equal(have, total);
	assert_memory_equal(all, want.at + header(ip6), total);
	harness_assert_balance(h);
	harness_free(h);
}

static void test_large(void **state)
{
	for (unsigned int ip6 = 0; ip6 < 2; ip6++) {
		large(ip6, 1);
		large(ip6, 3);
	}
}

/* The bytes of each fragment that an echo of 3000 bytes is answered in, headers first. */
static void test_large_bytes(void **state)
{
	static const char *const heads[2][3] = {
		{ "4500 05dc 0000 2000 4001 0000" US4 A4, "4500 05dc 0000 20b9 4001 0000" US4 A4,
		  "4500 0044 0000 0172 4001 0000" US4 A4 },
		{ "60000000 05b0 2c 40" US6 A6 "3a00 0001",
		  "60000000 05b0 2c 40" US6 A6 "3a00 05a9",
		  "60000000 0078 2c 40" US6 A6 "3a00 0b50" },
	};
	const struct harness_options options = { .n_workers = 1 };

	for (unsigned int ip6 = 0; ip6 < 2; ip6++) {
		struct harness *h = rig(ip6, &options);
		struct bytes whole = echo(ip6, false, 3000, 0);
		size_t piece = ip6 ? 1448 : 1480;
		uint8_t got[PACKET_MAX], id[4] = { 0 };

		for (size_t at = 0; at < 3008; at += piece) {
			struct bytes part = fragment(ip6, &whole, at, RTE_MIN(piece, 3008 - at),
						     at + piece < 3008, 77);

			send_on(h, 0, &part);
		}
		for (unsigned int i = 0; i < 3; i++) {
			struct bytes want = ip4_frame(ip6 ? FROM6_0 : FROM_0, heads[ip6][i], 0);
			size_t len = harness_take(h, 0, got, sizeof(got));

			/* IPv6 numbers them by no rule that is told, all alike */
			if (ip6 && i == 0)
				memcpy(id, got + L3 + 44, 4);
			if (ip6) {
				memcpy(want.at + want.len, id, 4);
				want.len += 4;
			}
			memcpy(want.at + want.len, got + want.len, len - want.len);
			want.len = len;
			ip4_seal(&want);
			assert_memory_equal(got, want.at, len);
		}
		ip4_expect_nothing(h);
		harness_free(h);
	}
}

/* Fragments [at, at + len), what becomes of the last one, and how many are held then. */
static const struct {
	const char *name;
	struct {
		size_t at, len;
		bool more;
	} parts[4];
	enum drop_reason want;
	unsigned int drops, held;
} refused[] = {
	{ "the same again", { { 0, 16, true }, { 0, 16, true } }, DROP_FRAG_DUPLICATE, 1, 1 },
	{ "the last again", { { 16, 8, false }, { 16, 8, false } }, DROP_FRAG_DUPLICATE, 1, 1 },
	{ "begins in another", { { 0, 16, true }, { 8, 16, true } }, DROP_FRAG_OVERLAP, 2, 0 },
	{ "ends in another", { { 16, 16, true }, { 8, 16, true } }, DROP_FRAG_OVERLAP, 2, 0 },
	{ "inside another", { { 0, 32, true }, { 8, 8, true } }, DROP_FRAG_OVERLAP, 2, 0 },
	{ "around another", { { 8, 8, true }, { 0, 32, true } }, DROP_FRAG_OVERLAP, 2, 0 },
	{ "begins like another", { { 0, 16, true }, { 0, 24, true } }, DROP_FRAG_OVERLAP, 2, 0 },
	{ "behind the end", { { 16, 8, false }, { 24, 8, true } }, DROP_FRAG_OVERLAP, 2, 0 },
	{ "up to the end", { { 16, 8, false }, { 8, 16, true } }, DROP_FRAG_OVERLAP, 2, 0 },
	{ "two ends", { { 16, 8, false }, { 24, 8, false } }, DROP_FRAG_OVERLAP, 2, 0 },
	{ "an end before others", { { 24, 8, true }, { 8, 8, false } }, DROP_FRAG_OVERLAP, 2, 0 },
	{ "what comes behind an overlap",
	  { { 0, 16, true }, { 8, 16, true }, { 24, 8, false } },
	  DROP_FRAG_OVERLAP,
	  3,
	  0 },
	{ "a length that is none of 8", { { 0, 20, true } }, DROP_FRAG_LENGTH, 1, 0 },
	{ "beyond the longest packet", { { 65528, 48, false } }, DROP_FRAG_LENGTH, 1, 0 },
};

static void refuse(bool ip6, unsigned int row)
{
	const struct harness_options options = { .n_workers = 1 };
	struct harness *h = rig(ip6, &options);
	struct bytes whole = echo(ip6, false, 200, 0);
	uint64_t before = harness_all_drops(h);
	enum drop_reason want = refused[row].want;
	uint8_t got[PACKET_MAX];

	for (unsigned int i = 0; i < 4 && refused[row].parts[i].len; i++) {
		size_t at = refused[row].parts[i].at;
		struct bytes part = fragment(ip6, &whole, at > 200 ? 0 : at,
					     refused[row].parts[i].len, refused[row].parts[i].more,
					     9);

		if (at > 200) { /* only the header says so */
			uint16_t field = (uint16_t)(ip6 ? at : at / 8);

			part.at[L3 + (ip6 ? 42 : 6)] = (uint8_t)(field >> 8);
			part.at[L3 + (ip6 ? 43 : 7)] = (uint8_t)field;
			if (!ip6)
				part.at[L3 + 10] = part.at[L3 + 11] = 0;
			ip4_seal(&part);
		}
		send_on(h, 0, &part);
	}
	if (!ip6 && refused[row].parts[0].at > 200)
		want = DROP_IP4_FRAGMENT; /* by ip4-input already */
	if (harness_drops(h, want) != refused[row].drops ||
	    harness_all_drops(h) != before + refused[row].drops || held(h) != refused[row].held)
		fail_msg("%s, IPv%u: not refused as %s", refused[row].name, ip6 ? 6 : 4,
			 drop_names[want]);
	/* IPv6 tells of wrong lengths, see below */
	if (ip6 && want == DROP_FRAG_LENGTH && refused[row].parts[0].at == 0)
		assert_true(harness_take(h, 0, got, sizeof(got)) > 0);
	ip4_expect_nothing(h);
	harness_free(h);
}

static void test_refused(void **state)
{
	for (unsigned int ip6 = 0; ip6 < 2; ip6++)
		for (unsigned int i = 0; i < LENGTH(refused); i++)
			refuse(ip6, i);
}

/* A whole datagram with the number of a refused one is taken when the old one's time is over. */
static void test_refused_then_taken(void **state)
{
	const struct harness_options options = { .n_workers = 1 };

	for (unsigned int ip6 = 0; ip6 < 2; ip6++) {
		struct harness *h = rig(ip6, &options);
		struct bytes whole = echo(ip6, false, 24, 0), part;
		uint8_t got[PACKET_MAX];

		part = fragment(ip6, &whole, 0, 16, true, 5);
		send_on(h, 0, &part);
		part = fragment(ip6, &whole, 8, 16, true, 5);
		send_on(h, 0, &part);
		harness_advance(h, 2100);
		part = fragment(ip6, &whole, 0, 16, true, 5);
		send_on(h, 0, &part);
		part = fragment(ip6, &whole, 16, 16, false, 5);
		send_on(h, 0, &part);
		assert_int_equal(harness_take(h, 0, got, sizeof(got)), echo(ip6, true, 24, 0).len);
		harness_free(h);
	}
}

/* What is said of a datagram whose first fragment waited in vain, and of wrong lengths. */
static void test_told(void **state)
{
	static const char *const late[2] = {
		"4500 0040 0000 4000 4001 0000" US4 A4 "0b01 0000 00000000",
		"60000000 0048 3a 40" US6 A6 "0301 0000 00000000",
	};
	const struct harness_options options = { .n_workers = 1 };

	for (unsigned int ip6 = 0; ip6 < 2; ip6++) {
		struct harness *h = rig(ip6, &options);
		struct bytes whole = echo(ip6, false, 24, 0), part, want;

		part = fragment(ip6, &whole, 0, 16, true, 5);
		send_on(h, 0, &part);
		harness_advance(h, 1900);
		ip4_expect_nothing(h);
		harness_advance(h, 200);
		want = ip4_frame(ip6 ? FROM6_0 : FROM_0, late[ip6], 0);
		memcpy(want.at + want.len, part.at + L3, part.len - L3);
		want.len += part.len - L3;
		if (!ip6)
			want.at[L3 + 1] = 0xc0;
		want.at[L3 + (ip6 ? 5 : 3)] = (uint8_t)(want.len - L3 - (ip6 ? 40 : 0));
		if (!ip6)
			want.at[L3 + 10] = want.at[L3 + 11] = 0;
		ip4_seal(&want);
		ip4_expect(h, 0, &want);
		assert_int_equal(harness_drops(h, DROP_FRAG_TIMEOUT), 1);
		/* without the first one nothing is said */
		part = fragment(ip6, &whole, 8, 16, true, 6);
		send_on(h, 0, &part);
		harness_advance(h, 2100);
		ip4_expect_nothing(h);
		assert_int_equal(harness_drops(h, DROP_FRAG_TIMEOUT), 2);
		assert_int_equal(held(h), 0);
		harness_free(h);
	}
}

static void test_lengths_told(void **state)
{
	static const struct {
		const char *in, *out;
		size_t quotes;
	} rows[] = {
		{ "60000000 000d 2c 40" A6 US6 "1100 0009 00000001 0102030405",
		  "60000000 003d 3a 40" US6 A6 "0400 0000 00000004", 53 },
		{ "60000000 0038 2c 40" A6 US6
		  "1100 fff8 00000001 0102030405060708 0102030405060708 0102030405060708"
		  "0102030405060708 0102030405060708 0102030405060708",
		  "60000000 0068 3a 40" US6 A6 "0400 0000 0000002a", 96 },
	};
	const struct harness_options options = { .n_workers = 1 };

	for (unsigned int i = 0; i < LENGTH(rows); i++) {
		struct harness *h = rig(true, &options);
		struct bytes in = ip4_frame(TO6_0, rows[i].in, 0), want;

		send_on(h, 0, &in);
		want = ip4_frame(FROM6_0, rows[i].out, 0);
		memcpy(want.at + want.len, in.at + L3, rows[i].quotes);
		want.len += rows[i].quotes;
		ip4_seal(&want);
		ip4_expect(h, 0, &want);
		assert_int_equal(harness_drops(h, DROP_FRAG_LENGTH), 1);
		harness_free(h);
	}
}

/* A later fragment that begins before a TCP header's flags end. */
static void test_tiny(void **state)
{
	static const char *const in[2] = {
		"4500 001c 0001 0001 4006 0000" A4 "c0a80002 0102030405060708",
		"60000000 0010 2c 40" A6 "20010db8000100000000000000000002 0600 0008 00000001"
		"0102030405060708",
	};
	const struct harness_options options = { .n_workers = 1, .forwarding = true };

	for (unsigned int ip6 = 0; ip6 < 2; ip6++) {
		struct harness *h = rig(ip6, &options);
		struct bytes frame = ip4_frame(ip6 ? TO6_0 : TO_0, in[ip6], 0);

		send_on(h, 0, &frame);
		assert_int_equal(harness_drops(h, DROP_FRAG_TINY), 1);
		ip4_expect_nothing(h);
		harness_free(h);
	}
}

static void test_bounds(void **state)
{
	const struct harness_options few = { .n_workers = 1, .frag_max = 2 };
	const struct harness_options small = { .n_workers = 1, .mbufs = 1023 };

	for (unsigned int ip6 = 0; ip6 < 2; ip6++) {
		struct bytes whole = echo(ip6, false, 1000, 0), part;
		struct harness *h = rig(ip6, &few);

		/* more datagrams than there may be */
		for (unsigned int id = 0; id < 3; id++) {
			part = fragment(ip6, &whole, 0, 16, true, id);
			send_on(h, 0, &part);
		}
		assert_int_equal(held(h), 2);
		assert_int_equal(harness_drops(h, DROP_FRAG_FULL), 1);
		/* more fragments of one */
		for (unsigned int i = 2; i < 66; i++) {
			part = fragment(ip6, &whole, (size_t)i * 8, 8, true, 0);
			send_on(h, 0, &part);
		}
		assert_int_equal(harness_drops(h, DROP_FRAG_MANY), 65);
		assert_int_equal(held(h), 1);
		harness_free(h);

		/* more packets than a part of the pool */
		h = rig(ip6, &small);
		for (unsigned int id = 0; id < 200; id++) {
			part = fragment(ip6, &whole, 0, 16, true, id);
			send_on(h, 0, &part);
		}
		assert_int_equal(held(h), 1023 / 8);
		assert_int_equal(harness_drops(h, DROP_FRAG_FULL), 200 - 1023 / 8);
		harness_free(h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_large_bytes),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_refused_then_taken),
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_lengths_told),
		cmocka_unit_test(test_tiny),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
