/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments to services that do not go on: whose first one is lost, or contradicts
 * another, or which would hide in its header; and those for which there is no
 * room, which there is again when others' time is over. What belongs to no
 * service, too. Tests run for both families where these do not say otherwise.
 */
#include <stdio.h>
#include <string.h>

#include <netinet/in.h>

#include "ipvs/ipvs.h"
#include "lib/unit.h"
#include "packet/frag_rig.h"

#define PORT    20000
#define DATA    200
#define TTL_MS  2100 /* of a datagram, and a little */
#define WORKERS 3

static const struct mode modes[] = { { .name = "FNAT", .letter = 'b' },
				     { .name = "FNAT, IPv6", .ip6 = true, .letter = 'b' } };
static const struct harness_options one, three = { .n_workers = WORKERS };

static struct whole packet_of(const struct mode *mode, uint8_t proto, uint16_t sport)
{
	struct packet packet = frag_from_client(mode, proto, sport, DATA);

	packet.flags = SYN;
	return frag_whole(&packet);
}

static void send_piece(struct harness *h, const struct whole *whole, size_t at, size_t len,
		       uint32_t id)
{
	struct whole piece = frag_piece(whole, at, len, id);

	frag_send(h, CLIENT_SIDE, 0, &piece);
}

static unsigned int sent(struct harness *h)
{
	unsigned int n = 0;

	while (rig_take(h, SERVER_SIDE).len)
		n++;
	rig_expect_nothing(h);
	return n;
}

/* The others wait for it, and are given up; when it comes then, it goes on alone. */
static void test_first_lost(void **state)
{
	for (unsigned int i = 0; i < LENGTH(modes); i++) {
		struct harness *h = frag_new(&three, &modes[i], IPPROTO_UDP);
		struct whole whole = packet_of(&modes[i], IPPROTO_UDP, PORT);

		send_piece(h, &whole, 64, 64, 1);
		send_piece(h, &whole, 128, frag_data(&whole) - 128, 1);
		assert_int_equal(frag_held(h), 2);
		harness_advance(h, TTL_MS - 200);
		assert_int_equal(frag_held(h), 2);
		harness_advance(h, 200);
		assert_int_equal(frag_held(h), 0);
		assert_int_equal(harness_drops(h, DROP_FRAG_TIMEOUT), 2);
		assert_int_equal(sent(h), 0);
		send_piece(h, &whole, 0, 64, 1);
		assert_int_equal(sent(h), 1);
		/* the connection is there, but this one's first fragment has not come */
		send_piece(h, &whole, 64, 64, 2);
		assert_int_equal(sent(h), 0);
		harness_advance(h, TTL_MS);
		assert_int_equal(harness_drops(h, DROP_FRAG_TIMEOUT), 3);
		assert_int_equal(harness_all_drops(h), 3);
		rig_end(h);
	}
}

/* One datagram is one packet's: another packet's first fragment with its number loses all that is
 * still to come, until the number may be used again. */
static void test_two_firsts(void **state)
{
	for (unsigned int i = 0; i < LENGTH(modes); i++) {
		struct harness *h = frag_new(&three, &modes[i], IPPROTO_UDP);
		struct whole whole = packet_of(&modes[i], IPPROTO_UDP, PORT);
		struct whole other = packet_of(&modes[i], IPPROTO_UDP, PORT + 1);

		send_piece(h, &whole, 0, 64, 1);
		assert_int_equal(sent(h), 1);
		send_piece(h, &other, 0, 64, 1);
		send_piece(h, &whole, 64, 64, 1);
		send_piece(h, &whole, 0, 64, 1);
		assert_int_equal(sent(h), 0);
		assert_int_equal(harness_drops(h, DROP_FRAG_OVERLAP), 3);
		assert_int_equal(rig_conns(h), 1);
		harness_advance(h, TTL_MS);
		send_piece(h, &other, 0, 64, 1);
		send_piece(h, &other, 64, 64, 1);
		assert_int_equal(sent(h), 2);
		assert_int_equal(harness_all_drops(h), 3);
		rig_end(h);
	}
}

/* What begins inside the TCP header, before or behind the first fragment. IPv4's is known for it
 * by ip4-input already, up to the flags. */
static void test_inside_header(void **state)
{
	for (unsigned int i = 0; i < LENGTH(modes); i++) {
		for (unsigned int before = 0; before < 2; before++) {
			struct harness *h = frag_new(&one, &modes[i], IPPROTO_TCP);
			struct whole whole = packet_of(&modes[i], IPPROTO_TCP, PORT);

			if (before)
				send_piece(h, &whole, 16, 64, 1);
			send_piece(h, &whole, 0, 64, 1);
			if (!before)
				send_piece(h, &whole, 16, 64, 1);
			send_piece(h, &whole, 64, 64, 1);
			assert_int_equal(sent(h), 1);
			assert_int_equal(harness_drops(h, DROP_FRAG_OVERLAP), 2);
			send_piece(h, &whole, 8, 64, 2);
			assert_int_equal(harness_drops(h, DROP_FRAG_TINY), 1);
			assert_int_equal(sent(h), 0);
			assert_int_equal(frag_held(h), 0);
			rig_end(h);
		}
	}
}

/* A first fragment without all of its L4 header names nobody. */
static void test_short_first(void **state)
{
	for (unsigned int i = 0; i < LENGTH(modes); i++) {
		struct harness *h = frag_new(&one, &modes[i], IPPROTO_TCP);
		struct whole whole = packet_of(&modes[i], IPPROTO_TCP, PORT);
		struct frame got;

		send_piece(h, &whole, 0, 16, 1);
		assert_int_equal(harness_drops(h, DROP_L4_SHORT), 1);
		got = rig_take(h, CLIENT_SIDE); /* IPv6: parameter problem, RFC 7112 */
		assert_int_equal(got.len != 0, modes[i].ip6);
		send_piece(h, &whole, 16, 64, 1);
		assert_int_equal(frag_held(h), 1);
		harness_advance(h, TTL_MS);
		assert_int_equal(sent(h), 0);
		assert_int_equal(rig_conns(h), 0);
		rig_end(h);
	}
}

/* Places for two datagrams: who comes new pushes out the oldest. */
static void test_table_full(void **state)
{
	const struct harness_options options = { .n_workers = 1, .frag_max = 2 };

	for (unsigned int i = 0; i < LENGTH(modes); i++) {
		struct harness *h = frag_new(&options, &modes[i], IPPROTO_UDP);
		struct whole whole = packet_of(&modes[i], IPPROTO_UDP, PORT);

		for (uint32_t id = 1; id < 6; id++) {
			send_piece(h, &whole, 0, 64, id);
			harness_advance(h, 1);
		}
		assert_int_equal(sent(h), 5);
		assert_int_equal(frag_forgotten(h), 3);
		/* the youngest have their places still */
		send_piece(h, &whole, 64, 64, 4);
		send_piece(h, &whole, 64, 64, 5);
		assert_int_equal(sent(h), 2);
		assert_int_equal(harness_all_drops(h), 0);
		/* and those that wait give them up, too */
		for (uint32_t id = 11; id < 14; id++) {
			send_piece(h, &whole, 64, 64, id);
			harness_advance(h, 1);
		}
		assert_int_equal(frag_held(h), 2);
		assert_int_equal(harness_drops(h, DROP_FRAG_FULL), 1);
		send_piece(h, &whole, 0, 64, 12);
		assert_int_equal(sent(h), 2);
		harness_advance(h, TTL_MS);
		assert_int_equal(harness_drops(h, DROP_FRAG_TIMEOUT), 1);
		send_piece(h, &whole, 0, 64, 14);
		send_piece(h, &whole, 64, 64, 14);
		assert_int_equal(sent(h), 2);
		assert_int_equal(harness_all_drops(h), 2);
		rig_end(h);
	}
}

/* What waits is bounded for each datagram, and in all. */
static void test_held_full(void **state)
{
	const struct harness_options small = { .n_workers = 1, .mbufs = 1023 };

	for (unsigned int i = 0; i < LENGTH(modes); i++) {
		struct harness *h = frag_new(&small, &modes[i], IPPROTO_UDP);
		struct packet packet = frag_from_client(&modes[i], IPPROTO_UDP, PORT, 1000);
		struct whole whole = frag_whole(&packet);

		for (size_t n = 1; n <= 65; n++)
			send_piece(h, &whole, n * 8, 8, 1);
		assert_int_equal(harness_drops(h, DROP_FRAG_MANY), 65);
		assert_int_equal(frag_held(h), 0);
		for (uint32_t id = 2; id < 202; id++)
			send_piece(h, &whole, 64, 8, id);
		assert_int_equal(frag_held(h), 1023 / 8);
		assert_int_equal(harness_drops(h, DROP_FRAG_FULL), 200 - 1023 / 8);
		assert_int_equal(sent(h), 0);
		/* those that came last */
		send_piece(h, &whole, 0, 64, 201);
		assert_int_equal(sent(h), 2);
		harness_advance(h, TTL_MS);
		assert_int_equal(frag_held(h), 0);
		send_piece(h, &whole, 64, 8, 300);
		send_piece(h, &whole, 0, 64, 300);
		assert_int_equal(sent(h), 2);
		rig_end(h);
	}
}

/* Of no connection, and it opens none: only the first fragment of UDP without a service is
 * answered, by who puts it together. */
static void test_no_connection(void **state)
{
	for (unsigned int i = 0; i < LENGTH(modes); i++) {
		struct harness *h = frag_new(&three, &modes[i], IPPROTO_TCP);
		struct packet packet = frag_from_client(&modes[i], IPPROTO_TCP, PORT, DATA);
		struct whole whole = frag_whole(&packet); /* no SYN */

		send_piece(h, &whole, 0, 64, 1);
		send_piece(h, &whole, 64, 64, 1);
		assert_int_equal(sent(h), 0);
		assert_int_equal(harness_drops(h, DROP_IPVS_NO_CONN), 2);
		assert_int_equal(rig_conns(h), 0);
		rig_end(h);
	}
}

/* To the virtual address, but to no service: it is put together, and answered. */
static void test_no_service(void **state)
{
	for (unsigned int i = 0; i < LENGTH(modes); i++) {
		struct harness *h = frag_new(&three, &modes[i], IPPROTO_UDP);

		for (unsigned int n = 0; n < 12; n++) {
			struct packet packet = frag_from_client(&modes[i], IPPROTO_UDP,
								(uint16_t)(PORT + n), DATA);
			struct whole whole, piece;
			struct frame got;

			packet.dport = 53;
			whole = frag_whole(&packet);
			piece = frag_piece(&whole, 64, frag_data(&whole) - 64, n);
			frag_send(h, CLIENT_SIDE, n % WORKERS, &piece);
			piece = frag_piece(&whole, 0, 64, n);
			frag_send(h, CLIENT_SIDE, (n + 1) % WORKERS, &piece);
			got = rig_take(h, CLIENT_SIDE);
			assert_true(got.len > L4 + 8);
			/* port unreachable */
			assert_int_equal(frame_u16(&got, modes[i].ip6 ? L3 + IP6 : L4),
					 modes[i].ip6 ? 0x0104 : 0x0303);
			rig_expect_nothing(h);
		}
		assert_int_equal(harness_drops(h, DROP_FRAG_JOINED), 12);
		assert_int_equal(frag_held(h), 0);
		rig_end(h);
	}
}

/* While there is overload, and nothing new is allowed. */
static void send_crowded(struct harness *h, const struct whole *whole, size_t at, size_t len,
			 uint32_t id)
{
	struct whole piece = frag_piece(whole, at, len, id);
	struct rte_mbuf *m = rte_pktmbuf_alloc(h->pool);
	struct worker *w = h->all[1];
	uint8_t frame[L3 + WHOLE_MAX];
	size_t frame_len = frag_frame(frame, CLIENT_SIDE, &piece);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)frame_len), frame, frame_len);
	stage_push(w, STAGE_FLOW, m);
	w->counters.received++;
	w->rx_port = CLIENT_SIDE;
	w->rx_crowded = true;
	w->ipvs->shed.tsc = w->now_tsc;
	w->ipvs->shed.tokens = 0;
	worker_run_stages(w);
	w->rx_crowded = false;
}

/* Overload: a datagram that may open nothing more is dropped with all of its pieces; those of a
 * connection that is there go on. */
static void test_overload(void **state)
{
	for (unsigned int i = 0; i < LENGTH(modes); i++) {
		struct harness *h = frag_new(&one, &modes[i], IPPROTO_UDP);
		struct whole known = packet_of(&modes[i], IPPROTO_UDP, PORT);
		struct whole new = packet_of(&modes[i], IPPROTO_UDP, PORT + 1);

		frag_send(h, CLIENT_SIDE, 0, &known);
		assert_int_equal(sent(h), 1);
		for (unsigned int j = 0; j < 3; j++) {
			size_t len = j == 2 ? frag_data(&known) - 128 : 64;

			send_crowded(h, &new, j * 64, len, 1);
			send_crowded(h, &known, j * 64, len, 2);
		}
		assert_int_equal(sent(h), 3);
		assert_int_equal(harness_drops(h, DROP_IPVS_CROWDED), 1);
		assert_int_equal(harness_drops(h, DROP_IPVS_NO_CONN), 2);
		assert_int_equal(rig_conns(h), 1);
		rig_end(h);
	}
}

/* Two pieces: options, then what `next` says: 8 bytes of it, and 8 more in the other. */
static struct whole options_piece(bool last, uint8_t next, uint8_t id)
{
	struct whole piece;
	char text[400];

	snprintf(text, sizeof(text),
		 "60000000 00%s 2c 40 20010db8000000000000000000000064"
		 "20010db8000000000000000000000010 3c00 00%s 000000%02x",
		 last ? "10" : "18", last ? "10" : "01", id);
	piece.len = harness_hex(text, piece.bytes, sizeof(piece.bytes));
	snprintf(text, sizeof(text),
		 last ? "4141414141414141" : "%02x00 0104 00000000 8000123400010001", next);
	piece.len += harness_hex(text, piece.bytes + piece.len, sizeof(piece.bytes) - piece.len);
	return piece;
}

/* Behind headers that all pieces name stands what is not balanced: it meets once, and goes on. */
static void test_headers_inside(void **state)
{
	static const uint8_t nexts[] = { 58, 59, 50, 133 };

	for (unsigned int i = 0; i < 4 * LENGTH(nexts); i++) {
		bool several = i & 1, backwards = i & 2;
		struct harness *h = frag_new(several ? &three : &one, &modes[1], IPPROTO_UDP);
		uint8_t next = nexts[i / 4];

		for (uint8_t id = 1; id <= 6; id++) {
			struct whole piece = options_piece(backwards, next, id);

			frag_send(h, CLIENT_SIDE, several ? id % WORKERS : 0, &piece);
			piece = options_piece(!backwards, next, id);
			frag_send(h, CLIENT_SIDE, several ? (id + 1) % WORKERS : 0, &piece);
		}
		assert_int_equal(frag_held(h), 0);
		harness_assert_balance(h);
		if (next == 58) /* a ping whose checksum is wrong, once it is whole */
			assert_int_equal(harness_drops(h, DROP_ICMP_CHECKSUM), 6);
		while (rig_take(h, CLIENT_SIDE).len)
			;
		rig_end(h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers_inside), cmocka_unit_test(test_first_lost),
		cmocka_unit_test(test_two_firsts),     cmocka_unit_test(test_inside_header),
		cmocka_unit_test(test_short_first),    cmocka_unit_test(test_table_full),
		cmocka_unit_test(test_held_full),      cmocka_unit_test(test_no_connection),
		cmocka_unit_test(test_no_service),     cmocka_unit_test(test_overload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
