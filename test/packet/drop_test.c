/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reasons to give a packet up that belong to no one protocol: frames without a
 * whole header, an address that is not ours yet, a ring of another worker that
 * is full, a service that left while a client's home was asked for it, a tunnel for
 * which we have no address, and no room: in a vector, in one buffer, in front of a frame.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "packet/across_rig.h"
#include "packet/dr_rig.h"
#include "packet/ip4_rig.h"

static const struct harness_options usual;

static void test_short_frames(void **state)
{
	struct harness *h = ip4_rig_new(&usual);
	uint8_t bytes[14] = { 2 };

	for (size_t len = 1; len < sizeof(bytes); len++)
		harness_inject(h, 0, 0, bytes, len);
	harness_turn(h);
	assert_int_equal(harness_drops(h, DROP_ETH_SHORT), 13);
	assert_int_equal(harness_all_drops(h), 13);
	harness_free(h);
}

/* RFC 4862 5.4: nobody is answered from an address that another may have. */
static void test_tentative(void **state)
{
	const struct harness_options options = { .dad_transmits = 1 };
	struct harness *h = ip6_rig_new(&options);
	struct bytes echo = ip4_frame("33:33:ff:00:00:77 06:00:00:00:00:02 86dd",
				      "60000000 000c 3a 40"
				      "20010db8000000000000000000000002"
				      "20010db8000000000000000000000077"
				      "8000 0000 0102 0304 61626364",
				      0);

	memcpy(echo.at, "\x02\0\0\0\0\0", 6);
	harness_advance(h, 5000);
	ip4_count_frames(h, 0);
	harness_run(h, "dpip addr add 2001:db8::77/64 dev dpdk0");
	harness_inject(h, 0, 0, echo.at, echo.len);
	harness_turn(h);
	assert_int_equal(harness_drops(h, DROP_IP6_TENTATIVE), 1);
	harness_advance(h, 5000);
	ip4_count_frames(h, 0);
	harness_inject(h, 0, 0, echo.at, echo.len);
	harness_turn(h);
	assert_int_equal(ip4_count_frames(h, 0), 1);
	assert_int_equal(harness_drops(h, DROP_IP6_TENTATIVE), 1);
	harness_free(h);
}

/* The queue (worker + 1) of a client's connection. */
static unsigned int owner_of(struct harness *h, const struct packet *packet)
{
	struct rig_conn conn = rig_conn_of(h, packet);

	assert_int_not_equal(conn.id, CONN_NONE);
	return conn.w->id;
}

/* Packets for a worker that does not get on are dropped by those who bring them, and counted. */
static void test_ring_full(void **state)
{
	const struct harness_options options = { .n_workers = 2, .mbufs = 16383 };
	struct harness *h = rig_new(&options);
	struct packet packet = packet_first(CLIENT, IPPROTO_UDP, 30000);
	unsigned int other, n = 0;
	uint64_t dropped;

	rig_service(h, 'u', 1);
	rig_send(h, CLIENT_SIDE, &packet);
	assert_true(rig_take(h, SERVER_SIDE).len > 0);
	other = owner_of(h, &packet) == 1 ? 2 : 1;
	while (!harness_drops(h, DROP_RING_FULL) && n < 10000) {
		struct frame frame = frame_in(CLIENT_SIDE, &packet);

		for (unsigned int i = 0; i < 100; i++, n++)
			harness_inject(h, CLIENT_SIDE, other - 1, frame.bytes, frame.len);
		while (worker_turn(h->all[other]))
			;
	}
	dropped = harness_drops(h, DROP_RING_FULL);
	assert_in_range(dropped, 1, 100);
	harness_turn(h);
	while (rig_take(h, SERVER_SIDE).len)
		;
	harness_assert_balance(h);
	/* and it goes on */
	rig_send_to(h, CLIENT_SIDE, other - 1, &packet);
	assert_true(rig_take(h, SERVER_SIDE).len > 0);
	rig_expect_nothing(h);
	assert_int_equal(harness_drops(h, DROP_RING_FULL), dropped);
	rig_end(h);
}

/* Of a persistent service the client's home chooses the server; meanwhile the service goes. */
static void test_home_without_service(void **state)
{
	const struct harness_options options = { .n_workers = 3 };
	struct harness *h = rig_new(&options);
	uint64_t handed = 0;

	rig_service(h, 'u', 1);
	harness_run(h, "ipvsadm -E -u " VIP ":80 -p 60");
	for (uint16_t i = 0; i < 3; i++) { /* one of the queues is the home's */
		struct packet packet = packet_first(CLIENT, IPPROTO_UDP, (uint16_t)(30000 + i));
		struct frame frame = frame_in(CLIENT_SIDE, &packet);

		harness_inject(h, CLIENT_SIDE, i, frame.bytes, frame.len);
	}
	for (unsigned int i = 1; i <= 3; i++)
		for (unsigned int turn = 0; turn < 2; turn++)
			worker_turn(h->all[4 - i]);
	handed = harness_handed_out(h);
	assert_in_range(handed, 2, 4);
	rig_remove_service(h, 'u');
	harness_turn(h);
	assert_true(harness_drops(h, DROP_IPVS_HOME) > 0);
	harness_assert_balance(h);
	while (rig_take(h, SERVER_SIDE).len)
		;
	rig_end(h);
}

/* No address of ours is of the tunnel's family. */
static void test_no_source(void **state)
{
	struct harness *h = rig_new(&usual);
	struct packet packet = dr_from_client(IPPROTO_UDP, CPORT, 0);

	dr_service(h, IPPROTO_UDP);
	harness_run(h, "dpip route add 2001:db8:9::/64 dev dpdk1");
	harness_run(h, "ipvsadm -a -u " VIP ":80 -r [2001:db8:9::1]:80 -i");
	rig_send(h, CLIENT_SIDE, &packet);
	assert_int_equal(harness_drops(h, DROP_TUNNEL_SOURCE), 1);
	rig_expect_nothing(h);
	rig_end(h);
}

/* ---- room ---- */

/* Cut into more fragments than a stage's vector takes: what is beyond is lost, and counted. */
static void test_batch_full(void **state)
{
	const struct harness_options options = { .forwarding = true };
	struct harness *h = ip4_rig_new(&options);
	struct bytes in = ip4_frame(TO_0, "4500 0f14 1234 0000 4032 0000 0a000002 ac100001", 3840);
	const char *flow = getenv("FLOW");
	uint8_t out[PACKET_MAX];
	unsigned int sent = 0;

	if (flow && strcmp(flow, "check") == 0) {
		harness_free(h);
		skip(); /* its vectors are one packet each */
	}
	harness_run(h, "dpip route add 172.16.0.0/16 via 192.168.0.2 mtu 128");
	for (unsigned int i = 0; i < BATCH_BURST; i++)
		harness_inject_as(h, 0, 0, in.at, in.len, 0, 1500);
	harness_turn(h);
	while (harness_take(h, 1, out, sizeof(out)))
		sent++;
	assert_int_equal(sent, BATCH_MAX);
	assert_int_equal(harness_drops(h, DROP_BATCH_FULL), BATCH_BURST * 37 - BATCH_MAX);
	assert_int_equal(harness_all_drops(h), harness_drops(h, DROP_BATCH_FULL));
	harness_assert_balance(h);
	harness_free(h);
}

/* A packet in pieces for a port that sends none, and that no one buffer holds. */
static void test_tx_prepare(void **state)
{
	const struct harness_options options = { .forwarding = true, .offloads = PORT_TX_IP4_CSUM };
	const char *v4 = "4500 0f14 1234 4000 4032 0000 0a000002 c0a80002",
		   *v6 = "60000000 0f00 84 40 20010db8000000000000000000000002"
			 "20010db8000100000000000000000002";

	for (int six = 0; six < 2; six++) {
		struct harness *h = six ? ip6_rig_new(&options) : ip4_rig_new(&options);
		uint64_t before = harness_all_drops(h);
		struct bytes in = ip4_frame(six ? TO6_0 : TO_0, six ? v6 : v4, 3840);

		harness_run(h, "dpip link set dpdk1 mtu 9000");
		harness_inject_as(h, 0, 0, in.at, in.len, 0, 1500);
		harness_turn(h);
		assert_int_equal(harness_drops(h, DROP_TX_PREPARE), 1);
		assert_int_equal(harness_all_drops(h), before + 1);
		ip4_expect_nothing(h);
		harness_assert_balance(h);
		harness_free(h);
	}
}

/* A driver that leaves no room in front of a frame: for the headers of a tunnel's server, */
static void test_tunnel_room(void **state)
{
	struct harness *h = rig_new(&usual);
	struct packet packet = dr_from_client(IPPROTO_UDP, CPORT, 0);
	struct frame frame = frame_in(CLIENT_SIDE, &packet);

	dr_service(h, IPPROTO_UDP);
	harness_run(h, "ipvsadm -a -u " VIP ":80 -r " SERVER ":80 -i");
	harness_inject_tight(h, CLIENT_SIDE, frame.bytes, frame.len);
	harness_turn(h);
	assert_int_equal(harness_drops(h, DROP_TUNNEL_ROOM), 1);
	rig_expect_nothing(h);
	rig_send(h, CLIENT_SIDE, &packet);
	assert_true(rig_take(h, SERVER_SIDE).len > 0);
	rig_end(h);
}

/* ... and for the longer header of the server's family. */
static void test_cross_room(void **state)
{
	struct across a = across_new(&usual, false, IPPROTO_UDP);
	struct packet packet = across_from_client(&a);
	struct frame frame = frame_in(CLIENT_SIDE, &packet);

	harness_inject_tight(a.h, CLIENT_SIDE, frame.bytes, frame.len);
	harness_turn(a.h);
	assert_int_equal(harness_drops(a.h, DROP_IPVS_CROSS_ROOM), 1);
	rig_expect_nothing(a.h);
	across_send(&a, CLIENT_SIDE, 0, &packet);
	assert_true(rig_take(a.h, SERVER_SIDE).len > 0);
	across_end(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_frames), cmocka_unit_test(test_tentative),
		cmocka_unit_test(test_ring_full),    cmocka_unit_test(test_home_without_service),
		cmocka_unit_test(test_no_source),    cmocka_unit_test(test_batch_full),
		cmocka_unit_test(test_tx_prepare),   cmocka_unit_test(test_tunnel_room),
		cmocka_unit_test(test_cross_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
