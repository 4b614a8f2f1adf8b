/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fnat, what keeps a packet from being forwarded: each reason once, with what
 * its sender is told, and that service goes on when the reason is gone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "ipvs/ipvs.h"
#include "packet/fnat_tcp.h"

static const struct harness_options usual;

/* Headers that make no sense are dropped, whether or not there is a connection. */
static void test_invalid(void **state)
{
	static const struct {
		const char *what;
		uint8_t flags;
		uint16_t sport;
		uint8_t data_off; /* 0: as it is */
		enum drop_reason want;
	} cases[] = {
		{ "header below 20 bytes", SYN, CPORT, 0x40, DROP_L4_SHORT },
		{ "header beyond the segment", SYN, CPORT, 0x60, DROP_L4_SHORT },
		{ "SYN and FIN", SYN | FIN, CPORT, 0, DROP_IPVS_INVALID },
		{ "port 0", SYN, 0, 0, DROP_IPVS_INVALID },
	};
	struct harness *h = tcp_rig_new(&usual);

	for (unsigned int round = 0; round < 2; round++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct packet packet = tcp_from_client(cases[i].flags, ISN, 0);
			uint64_t before = harness_drops(h, cases[i].want);
			struct frame frame;

			packet.sport = cases[i].sport;
			frame = frame_in(CLIENT_SIDE, &packet);
			if (cases[i].data_off)
				frame.bytes[L4 + 12] = cases[i].data_off;
			harness_inject(h, CLIENT_SIDE, 0, frame.bytes, frame.len);
			harness_turn(h);
			if (harness_drops(h, cases[i].want) != before + 1)
				fail_msg("%s", cases[i].what);
			rig_expect_nothing(h);
		}
		if (round == 0)
			tcp_establish(h);
	}
	assert_int_equal(rig_conns(h), 1);
	rig_end(h);
}

static void test_no_connection_is_reset(void **state)
{
	struct harness *h = tcp_rig_new(&usual);
	struct packet packet = tcp_from_client(ACK, 111, 222), want;
	struct frame got, unfinished;

	/* RFC 9293: the reset of a segment with ACK has its acknowledgement as sequence number */
	rig_send(h, CLIENT_SIDE, &packet);
	got = rig_take(h, CLIENT_SIDE);
	want = (struct packet){
		.src = VIP, .dst = CLIENT, .sport = 80, .dport = CPORT, .flags = RST, .seq = 222
	};
	assert_int_equal(got.len, frame_out(CLIENT_SIDE, &want).len);
	assert_int_equal(frame_u32(&got, L4 + 4), 222);
	assert_int_equal(got.bytes[L4 + 13], RST);
	assert_int_equal(frame_u16(&got, L4), 80);
	assert_int_equal(frame_u16(&got, L4 + 2), CPORT);
	assert_int_equal(frame_l4_sum(&got), 0xffff);
	assert_int_equal(frame_ip_sum(&got), 0xffff);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_CONN), 1);

	/* unfinished, from a virtual machine next door: nothing can have damaged it */
	packet.damage = 0x5a5a;
	unfinished = frame_in(CLIENT_SIDE, &packet);
	harness_inject_as(h, CLIENT_SIDE, 0, unfinished.bytes, unfinished.len,
			  RTE_MBUF_F_RX_L4_CKSUM_NONE, 0);
	harness_turn(h);
	got = rig_take(h, CLIENT_SIDE);
	assert_int_equal(got.bytes[L4 + 13], RST);
	assert_int_equal(frame_l4_sum(&got), 0xffff);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_CONN), 2);

	/* from a server whose connection is long gone */
	packet = (struct packet){ .src = SERVER,
				  .dst = LADDR,
				  .sport = 8080,
				  .dport = 5000,
				  .flags = ACK,
				  .seq = 1,
				  .ack = 333 };
	rig_send(h, SERVER_SIDE, &packet);
	got = rig_take(h, SERVER_SIDE);
	assert_int_equal(got.bytes[L4 + 13], RST);
	assert_int_equal(frame_u32(&got, L4 + 4), 333);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_CONN), 3);

	/* a reset is never answered */
	packet = tcp_from_client(RST, 111, 0);
	rig_send(h, CLIENT_SIDE, &packet);
	rig_expect_nothing(h);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_CONN), 4);

	/* SYN with ACK opens nothing */
	packet = tcp_from_client(SYN | ACK, 111, 0);
	rig_send(h, CLIENT_SIDE, &packet);
	assert_int_equal(rig_take(h, CLIENT_SIDE).bytes[L4 + 13] & RST, RST);
	assert_int_equal(rig_conns(h), 0);
	rig_end(h);
}

static void test_no_connection_is_dropped(void **state)
{
	const struct harness_options options = { .no_conn_drop = true };
	struct harness *h = tcp_rig_new(&options);
	struct packet packet = tcp_from_client(ACK, 111, 222);

	rig_send(h, CLIENT_SIDE, &packet);
	rig_expect_nothing(h);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_CONN), 1);
	rig_end(h);
}

static void test_no_server(void **state)
{
	struct harness *h = rig_new(&usual);
	struct packet packet = tcp_from_client(SYN, ISN, 0);

	rig_service(h, 't', 0);
	rig_send(h, CLIENT_SIDE, &packet);
	rig_expect_icmp(h, CLIENT_SIDE, 3, 3, VIP, 0, &packet);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_SERVER), 1);

	rig_server(h, 't', SERVER);
	rig_weight(h, 't', SERVER, 0);
	rig_send(h, CLIENT_SIDE, &packet);
	rig_expect_icmp(h, CLIENT_SIDE, 3, 3, VIP, 0, &packet);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_SERVER), 2);

	rig_weight(h, 't', SERVER, 1);
	tcp_establish(h);
	rig_end(h);
}

static void test_no_local_address(void **state)
{
	struct harness *h = rig_new(&usual);
	struct packet packet = tcp_from_client(SYN, ISN, 0);

	harness_run(h, "ipvsadm -A -t " VIP ":80 -s rr");
	rig_server(h, 't', SERVER);
	rig_send(h, CLIENT_SIDE, &packet);
	rig_expect_nothing(h);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_LADDR), 1);
	harness_run(h, "ipvsadm -P -t " VIP ":80 -z " LADDR " -F dpdk1");
	tcp_establish(h);
	rig_end(h);
}

static void test_ttl(void **state)
{
	struct harness *h = tcp_rig_new(&usual);
	struct packet packet, want;
	struct rig_conn conn;

	tcp_establish(h);
	conn = tcp_conn(h);
	packet = tcp_from_client(ACK, ISN + 1, SISN + 1);
	packet.ttl = 1;
	rig_send(h, CLIENT_SIDE, &packet);
	rig_expect_icmp(h, CLIENT_SIDE, 11, 0, VIP, 0, &packet);
	packet = tcp_from_server(&conn, ACK, SISN + 1, ISN + 1);
	packet.ttl = 1;
	rig_send(h, SERVER_SIDE, &packet);
	rig_expect_icmp(h, SERVER_SIDE, 11, 0, VIP, 0, &packet);
	assert_int_equal(harness_drops(h, DROP_IPVS_TTL), 2);

	packet = tcp_from_client(ACK, ISN + 1, SISN + 1);
	packet.ttl = 2;
	rig_send(h, CLIENT_SIDE, &packet);
	want = tcp_at_server(&conn, packet);
	want.ttl = 1;
	rig_expect(h, SERVER_SIDE, &want);
	rig_end(h);
}

/* Too long for the way and not DF: sent whole from the client, with these flags, `want` arrives in
 * two pieces. */
static void check_cut(struct harness *h, const struct packet *want, uint64_t ol_flags)
{
	struct packet packet = tcp_from_client(ACK, ISN + 1, SISN + 1);
	struct frame whole = frame_out(SERVER_SIDE, want), frame;

	packet.fragment = 0;
	packet.filler = want->filler;
	packet.damage = ol_flags ? 0x1111 : 0;
	frame = frame_in(CLIENT_SIDE, &packet);
	harness_inject_as(h, CLIENT_SIDE, 0, frame.bytes, frame.len, ol_flags, 0);
	harness_turn(h);
	rig_expect_cut(h, SERVER_SIDE, &whole);
	rig_expect_nothing(h);
}

static void test_mtu(void **state)
{
	struct harness *h = rig_new(&usual);
	struct packet packet, want;
	struct rig_conn conn;

	rig_service(h, 't', 0);
	rig_server(h, 't', FAR);
	tcp_pass_in(h, SYN, ISN, 0);
	conn = tcp_conn(h);
	assert_string_equal(conn.server_text, FAR);

	packet = tcp_from_client(ACK, ISN + 1, SISN + 1);
	packet.filler = 561;
	rig_send(h, CLIENT_SIDE, &packet);
	rig_expect_icmp(h, CLIENT_SIDE, 3, 4, VIP, 600, &packet);
	assert_int_equal(harness_drops(h, DROP_IPVS_MTU), 1);

	/* without DF it is cut: 576 bytes of payload in the first piece, the last 5 in another */
	packet.fragment = 0;
	want = tcp_at_server(&conn, packet);
	check_cut(h, &want, 0);
	check_cut(h, &want, RTE_MBUF_F_RX_L4_CKSUM_NONE);
	assert_int_equal(harness_drops(h, DROP_IPVS_MTU), 1);

	packet.filler = 560;
	rig_send(h, CLIENT_SIDE, &packet);
	want = tcp_at_server(&conn, packet);
	rig_expect(h, SERVER_SIDE, &want);
	rig_end(h);
}

static void test_no_route(void **state)
{
	struct harness *h = rig_new(&usual);
	struct packet packet = tcp_from_client(SYN, ISN, 0);

	rig_service(h, 't', 0);
	rig_server(h, 't', LOST);
	rig_send(h, CLIENT_SIDE, &packet);
	rig_expect_icmp(h, CLIENT_SIDE, 3, 1, VIP, 0, &packet);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_ROUTE), 1);
	/* the connection never came to anything, and goes after the initial timeout */
	assert_int_equal(tcp_conn(h).conn->state, TCP_NONE);
	harness_advance(h, 4000);
	assert_int_equal(rig_conns(h), 0);
	rig_end(h);
}

static void test_connections_full_and_recovery(void **state)
{
	const struct harness_options options = { .conn_max = 4 };
	struct harness *h = tcp_rig_new(&options);
	struct packet packet = tcp_from_client(SYN, ISN, 0);

	for (uint16_t i = 0; i < 6; i++) {
		packet.sport = (uint16_t)(CPORT + i);
		rig_send(h, CLIENT_SIDE, &packet);
		assert_int_equal(rig_take(h, SERVER_SIDE).len != 0, i < 4);
	}
	assert_int_equal(harness_drops(h, DROP_IPVS_CONN_FULL), 2);
	assert_int_equal(rig_counts(h, IPPROTO_TCP, 0).conns, 4);
	harness_advance(h, 31000); /* SYN_RECV is 30 s */
	assert_int_equal(rig_conns(h), 0);
	tcp_establish(h);
	rig_end(h);
}

/* To the virtual address, but to no service: that is the stack's, and it goes out as nothing of
 * ours. */
static void test_not_ours(void **state)
{
	struct harness *h = tcp_rig_new(&usual);
	struct packet packet = tcp_from_client(SYN, ISN, 0);

	packet.dport = 81;
	rig_send(h, CLIENT_SIDE, &packet);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_CONN), 0);
	assert_int_equal(rig_conns(h), 0);
	assert_int_equal(rig_take(h, SERVER_SIDE).len, 0);
	rig_end(h);
}

/* A removed server keeps its connections, and gets no new ones. */
static void test_removed_server(void **state)
{
	struct harness *h = tcp_rig_new(&usual);
	struct packet packet = tcp_from_client(SYN, ISN, 0);

	tcp_establish(h);
	rig_remove_server(h, 't', SERVER);
	tcp_pass_in(h, PSH | ACK, ISN + 1, SISN + 1);
	tcp_pass_out(h, ACK, SISN + 1, ISN + 1);
	packet.sport = CPORT + 1;
	rig_send(h, CLIENT_SIDE, &packet);
	rig_expect_icmp(h, CLIENT_SIDE, 3, 3, VIP, 0, &packet);
	rig_end(h);
}

/* A removed service too; new connections find none. */
static void test_removed_service(void **state)
{
	struct harness *h = tcp_rig_new(&usual);
	struct packet packet = tcp_from_client(SYN, ISN, 0);

	tcp_establish(h);
	rig_remove_service(h, 't');
	tcp_pass_in(h, PSH | ACK, ISN + 1, SISN + 1);
	packet.sport = CPORT + 1;
	rig_send(h, CLIENT_SIDE, &packet);
	assert_int_equal(rig_take(h, SERVER_SIDE).len, 0);
	assert_int_equal(rig_conns(h), 1);
	rig_end(h);
}

/* A server's address becomes ours later: it can be drained. */
static void test_ours(void **state)
{
	struct harness *h = tcp_rig_new(&usual);
	struct packet packet = tcp_from_client(SYN, ISN, 0);

	harness_run(h, "dpip addr add " SERVER "/32 dev dpdk0");
	rig_weight(h, 't', SERVER, 0);
	rig_send(h, CLIENT_SIDE, &packet);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_SERVER), 1);
	rig_end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ours),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_no_connection_is_reset),
		cmocka_unit_test(test_no_connection_is_dropped),
		cmocka_unit_test(test_no_server),
		cmocka_unit_test(test_no_local_address),
		cmocka_unit_test(test_ttl),
		cmocka_unit_test(test_mtu),
		cmocka_unit_test(test_no_route),
		cmocka_unit_test(test_connections_full_and_recovery),
		cmocka_unit_test(test_not_ours),
		cmocka_unit_test(test_removed_server),
		cmocka_unit_test(test_removed_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
