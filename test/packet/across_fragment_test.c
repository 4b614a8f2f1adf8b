/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments through FNAT between families: each becomes one of the other family
 * (RFC 7915 4.1, 5.1.1), behind its connection, in both directions.
 */
#include <string.h>

#include <netinet/in.h>

#include "lib/unit.h"
#include "packet/across_rig.h"
#include "packet/frag_rig.h"

#define ID   0x1234u
#define STEP 24

static const uint8_t orders[][3] = { { 0, 1, 2 }, { 2, 1, 0 } };

static struct whole whole_of(const struct packet *packet)
{
	struct whole whole = { 0 };

	whole.len = across_build(whole.bytes, packet);
	return whole;
}

static struct whole third(const struct whole *whole, unsigned int n)
{
	size_t at = (size_t)n * STEP;

	return frag_piece(whole, at, n == 2 ? frag_data(whole) - at : STEP, ID);
}

static void come(struct across *a, unsigned int side, unsigned int order,
		 const struct packet *packet)
{
	struct whole whole = whole_of(packet);

	for (unsigned int i = 0; i < 3; i++) {
		struct whole piece = third(&whole, orders[order][i]);

		frag_send(a->h, side, i % a->h->n_workers, &piece);
	}
}

static void leave(struct across *a, unsigned int side, const struct packet *want)
{
	struct whole whole = whole_of(want);
	uint32_t id = FRAG_ANY;

	for (unsigned int i = 0; i < 3; i++) {
		size_t at = (size_t)i * STEP;

		frag_expect_piece(a->h, side, &whole, at, i == 2 ? frag_data(&whole) - at : STEP,
				  &id, ID, 0);
	}
	rig_expect_nothing(a->h);
}

static void exchange(bool six, unsigned int n_workers, unsigned int order)
{
	const struct harness_options options = { .n_workers = n_workers };
	struct across a = across_new(&options, six, IPPROTO_UDP);
	struct packet packet = across_from_client(&a), want;
	struct rig_conn conn;

	harness_keep_ttl(a.h, n_workers > 1); /* key xmit_ttl off */
	packet.filler = 60;
	come(&a, CLIENT_SIDE, order, &packet);
	conn = across_conn(&a);
	want = across_at_server(&a, &conn, packet);
	leave(&a, SERVER_SIDE, &want);
	packet = across_from_server(&a, &conn);
	packet.filler = 60;
	come(&a, SERVER_SIDE, order, &packet);
	want = across_at_client(&a, &conn, packet);
	leave(&a, CLIENT_SIDE, &want);
	assert_int_equal(harness_drops(a.h, DROP_FRAG_TIMEOUT), 0);
	across_end(&a);
}

static void test_both_ways(void **state)
{
	for (unsigned int order = 0; order < LENGTH(orders); order++) {
		exchange(true, 1, order);
		exchange(true, 3, order);
		exchange(false, 1, order);
		exchange(false, 3, order);
	}
}

/* Longer than IPv6's smallest MTU, and the server is behind a router, whom nobody could tell to cut
 * it: it is cut here (RFC 7915 4). */
static void test_long(void **state)
{
	const struct harness_options options = { .n_workers = 1 };
	struct across a = across_new(&options, false, IPPROTO_UDP);
	struct packet packet = across_from_client(&a), want;
	struct whole whole, piece;
	struct rig_conn conn;
	uint32_t id = FRAG_ANY;

	harness_run(a.h, "ipvsadm -a -u " VIP ":80 -r [2001:db8:9::5]:8080 -b");
	harness_run(a.h, "ipvsadm -d -u " VIP ":80 -r [" SERVER6 "]:8080");
	packet.filler = 1400;
	whole = whole_of(&packet);
	piece = frag_piece(&whole, 0, 1304, ID);
	frag_send(a.h, CLIENT_SIDE, 0, &piece);
	conn = across_conn(&a);
	want = across_at_server(&a, &conn, packet);
	want.dst = "2001:db8:9::5";
	whole = whole_of(&want);
	frag_expect_piece(a.h, SERVER_SIDE, &whole, 0, 1232, &id, ID, 0);
	frag_expect_piece(a.h, SERVER_SIDE, &whole, 1232, 72, &id, ID, 0);
	rig_expect_nothing(a.h);
	across_end(&a);
}

/* As long as IPv4's link takes: a fragment that is 28 bytes longer behind IPv6's headers is cut. */
static void check_full(unsigned int n_workers)
{
	const struct harness_options options = { .n_workers = n_workers };
	struct across a = across_new(&options, false, IPPROTO_UDP);
	struct packet packet = across_from_client(&a), want;
	struct whole whole, piece;
	struct rig_conn conn;
	uint32_t id = FRAG_ANY;
	static const size_t cuts[][2] = { { 0, 1448 }, { 1448, 32 }, { 1480, 48 } };

	packet.filler = 1520;
	whole = whole_of(&packet);
	for (size_t i = 0; i < 2; i++) {
		piece = frag_piece(&whole, i * 1480, i ? 48 : 1480, ID);
		frag_send(a.h, CLIENT_SIDE, i % n_workers, &piece);
	}
	conn = across_conn(&a);
	want = across_at_server(&a, &conn, packet);
	whole = whole_of(&want);
	for (size_t i = 0; i < LENGTH(cuts); i++)
		frag_expect_piece(a.h, SERVER_SIDE, &whole, cuts[i][0], cuts[i][1], &id, ID, 0);
	rig_expect_nothing(a.h);
	across_end(&a);
}

static void test_full(void **state)
{
	check_full(1);
	check_full(3);
}

/* IPv6 wants a checksum, which is over all fragments: where there is none, none goes on. */
static void test_no_checksum(void **state)
{
	const struct harness_options options = { .n_workers = 1 };
	struct across a = across_new(&options, false, IPPROTO_UDP);
	struct packet packet = across_from_client(&a);
	struct whole whole, piece;

	packet.filler = 60;
	packet.no_checksum = true;
	whole = whole_of(&packet);
	piece = third(&whole, 0);
	frag_send(a.h, CLIENT_SIDE, 0, &piece);
	assert_int_equal(harness_drops(a.h, DROP_IPVS_CROSS_FRAGMENT), 1);
	rig_expect_nothing(a.h);
	across_end(&a);
}

/* ICMP's checksum is over all of it, and IPv6's over the addresses, too (RFC 7915 4.2, 5.2). */
static void test_echo(void **state)
{
	for (unsigned int six = 0; six < 2; six++) {
		const struct harness_options options = { .n_workers = 1 + 2 * six };
		struct across a = across_new(&options, six, IPPROTO_ICMP);
		struct whole whole = { 0 }, piece;
		uint8_t l4[64];
		struct packet packet = across_echo(l4, true, a.client, a.vip, 7, 1);

		whole.len = across_build(whole.bytes, &packet);
		piece = frag_piece(&whole, 8, 5, ID);
		frag_send(a.h, CLIENT_SIDE, 0, &piece);
		piece = frag_piece(&whole, 0, 8, ID);
		frag_send(a.h, CLIENT_SIDE, 0, &piece);
		assert_int_equal(harness_drops(a.h, DROP_IPVS_CROSS_FRAGMENT), 2);
		rig_expect_nothing(a.h);
		across_end(&a);
	}
}

/* Options that are a part of the datagram: without them nothing would be where the offsets say, and
 * the later pieces do not name what the first one has behind them. */
static void test_headers_inside(void **state)
{
	for (unsigned int order = 0; order < 2; order++) {
		const struct harness_options options = { .n_workers = 3 };
		struct across a = across_new(&options, true, IPPROTO_UDP);
		struct packet packet = across_from_client(&a);
		struct whole whole, piece;

		packet.filler = 32;
		whole = whole_of(&packet);
		memmove(whole.bytes + IP6 + 8, whole.bytes + IP6, frag_data(&whole));
		whole.len += 8;
		memcpy(whole.bytes + IP6, "\x11\0\x01\x04\0\0\0\0", 8);
		whole.bytes[5] += 8;
		whole.bytes[6] = IPPROTO_DSTOPTS;
		for (unsigned int i = 0; i < 2; i++) {
			piece = i == order ? frag_piece(&whole, 0, 24, ID)
					   : frag_piece(&whole, 24, frag_data(&whole) - 24, ID);
			frag_send(a.h, CLIENT_SIDE, i, &piece);
		}
		assert_int_equal(harness_drops(a.h, DROP_IPVS_CROSS_FRAGMENT), 2);
		rig_expect_nothing(a.h);
		across_end(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways), cmocka_unit_test(test_long),
		cmocka_unit_test(test_full),      cmocka_unit_test(test_no_checksum),
		cmocka_unit_test(test_echo),      cmocka_unit_test(test_headers_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
