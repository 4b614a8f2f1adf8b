/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fnat, TCP: connections from their first segment to their last, byte by byte
 * in both directions: states, options, checksums right, wrong and unfinished,
 * ports that come again, and the end of what nobody uses.
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

static void test_life_of_a_connection(void **state)
{
	struct harness *h = tcp_rig_new(&usual);
	struct rig_counts counts;

	tcp_pass_in(h, SYN, ISN, 0);
	tcp_assert_state(h, TCP_SYN_RECV, 1, 0);
	tcp_pass_in(h, SYN, ISN, 0); /* once more: the same connection */
	assert_int_equal(rig_conns(h), 1);
	tcp_pass_out(h, SYN | ACK, SISN, ISN + 1);
	tcp_assert_state(h, TCP_SYN_RECV, 1, 0);
	tcp_pass_in(h, ACK, ISN + 1, SISN + 1);
	tcp_assert_state(h, TCP_ESTABLISHED, 1, 0);
	tcp_pass_in(h, PSH | ACK, ISN + 1, SISN + 1);
	tcp_pass_out(h, ACK, SISN + 1, ISN + 1);
	tcp_pass_in(h, FIN | ACK, ISN + 1, SISN + 1);
	tcp_assert_state(h, TCP_CLOSE_WAIT, 0, 1);
	tcp_pass_out(h, FIN | ACK, SISN + 1, ISN + 2);
	tcp_assert_state(h, TCP_TIME_WAIT, 0, 1);
	tcp_pass_in(h, ACK, ISN + 2, SISN + 2);

	counts = rig_counts(h, IPPROTO_TCP, 0);
	assert_int_equal(counts.conns, 1);
	assert_int_equal(counts.inpkts, 6);
	assert_int_equal(counts.inbytes, 6 * 40);
	assert_int_equal(counts.outpkts, 3);
	assert_int_equal(counts.outbytes, 3 * 40);
	assert_int_equal(harness_all_drops(h), 0);
	harness_advance(h, 6000);
	assert_int_equal(rig_conns(h), 1);
	harness_advance(h, 2000); /* TIME_WAIT is 7 s */
	assert_int_equal(rig_conns(h), 0);
	rig_expect_nothing(h);
	rig_end(h);
}

static void option_text(char text[128], const char *format, uint32_t a, uint32_t b)
{
	snprintf(text, 128, format, a, b);
}

/* Timestamps and selective acknowledgements move with the numbers. */
static void test_options(void **state)
{
	const char *const syn_format = "020405b4 0402080a %08x %08x 01 030307";
	const char *const sack_format = "0101 050a %08x %08x";
	struct harness *h = tcp_rig_new(&usual);
	struct packet packet = tcp_from_client(SYN, ISN, 0), want;
	char sent[128], wanted[128];
	struct rig_conn conn;

	option_text(sent, syn_format, 100, 0);
	packet.options = sent;
	rig_send(h, CLIENT_SIDE, &packet);
	conn = tcp_conn(h);
	assert_int_equal(conn.conn->flags & (CONN_SEQ | CONN_TS), CONN_SEQ | CONN_TS);
	want = tcp_at_server(&conn, packet);
	option_text(wanted, syn_format, 100 + conn.ts_delta, 0);
	want.options = wanted;
	rig_expect(h, SERVER_SIDE, &want);

	packet = tcp_from_server(&conn, SYN | ACK, SISN, ISN + 1);
	option_text(sent, syn_format, 777, 100 + conn.ts_delta);
	packet.options = sent;
	want = tcp_at_client(&conn, packet);
	option_text(wanted, syn_format, 777, 100);
	want.options = wanted;
	rig_send(h, SERVER_SIDE, &packet);
	rig_expect(h, CLIENT_SIDE, &want);

	packet = tcp_from_server(&conn, ACK, SISN + 1, ISN + 1);
	option_text(sent, sack_format, 2000 + conn.seq_delta, 3000 + conn.seq_delta);
	packet.options = sent;
	want = tcp_at_client(&conn, packet);
	option_text(wanted, sack_format, 2000, 3000);
	want.options = wanted;
	rig_send(h, SERVER_SIDE, &packet);
	rig_expect(h, CLIENT_SIDE, &want);
	rig_end(h);
}

/* Every port of the data: odd and even lengths, one segment and many. */
static void test_payload(void **state)
{
	static const struct {
		size_t filler;
		size_t segment; /* of mbufs, 0: one */
	} cases[] = { { 1, 0 }, { 2, 0 }, { 1460, 0 }, { 1001, 256 }, { 1460, 100 } };
	struct harness *h = tcp_rig_new(&usual);

	tcp_establish(h);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct packet packet = tcp_from_client(ACK, ISN + 1, SISN + 1), want;
		struct rig_conn conn = tcp_conn(h);
		struct frame frame;

		packet.payload = "GET / ";
		packet.filler = cases[i].filler - (cases[i].filler > 6 ? 6 : 0);
		if (cases[i].filler <= 6)
			packet.payload = NULL;
		frame = frame_in(CLIENT_SIDE, &packet);
		harness_inject_as(h, CLIENT_SIDE, 0, frame.bytes, frame.len, 0, cases[i].segment);
		harness_turn(h);
		want = tcp_at_server(&conn, packet);
		rig_expect(h, SERVER_SIDE, &want);
	}
	rig_end(h);
}

/* What was damaged on the way here stays so, by the same difference, in both directions. */
static void test_damage_stays(void **state)
{
	static const uint16_t damages[] = { 0x0001, 0x8000, 0xffff, 0x1234 };
	struct harness *h = tcp_rig_new(&usual);
	struct rig_conn conn;

	tcp_establish(h);
	conn = tcp_conn(h);
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		for (unsigned int side = CLIENT_SIDE; side <= SERVER_SIDE; side++) {
			struct packet packet = side == CLIENT_SIDE
						       ? tcp_from_client(ACK, ISN + 1, SISN + 1)
						       : tcp_from_server(&conn, ACK, SISN + 1,
									 ISN + 1);
			struct frame before, after;

			packet.damage = damages[i];
			packet.payload = "damaged";
			before = frame_in(side, &packet);
			rig_send(h, side, &packet);
			after = rig_take(h, !side);
			assert_int_equal(after.len, before.len);
			assert_int_not_equal(frame_l4_sum(&before), 0xffff);
			assert_int_equal(frame_l4_sum(&after), frame_l4_sum(&before));
			assert_int_equal(frame_ip_sum(&after), 0xffff);
		}
	}
	rig_end(h);
}

/* From a virtual machine: only the sum of the pseudo-header stands in the checksum. */
static void check_unfinished(uint16_t offloads)
{
	const struct harness_options options = { .offloads = offloads };
	struct harness *h = tcp_rig_new(&options);
	struct packet packet = tcp_from_client(PSH | ACK, ISN + 1, SISN + 1), want;
	struct frame frame, wanted, got = { 0 };
	struct rig_conn conn;
	uint64_t ol_flags;
	unsigned int worker;

	tcp_establish(h);
	conn = tcp_conn(h);
	packet.payload = "unfinished";
	packet.damage = 0x5a5a; /* whatever stands there, it is not it that counts */
	frame = frame_in(CLIENT_SIDE, &packet);
	harness_inject_as(h, CLIENT_SIDE, 0, frame.bytes, frame.len, RTE_MBUF_F_RX_L4_CKSUM_NONE,
			  0);
	harness_turn(h);
	got.len = harness_take_from(h, SERVER_SIDE, got.bytes, sizeof(got.bytes), &worker,
				    &ol_flags);
	packet.damage = 0;
	want = tcp_at_server(&conn, packet);
	wanted = frame_out(SERVER_SIDE, &want);
	assert_int_equal(got.len, wanted.len);
	if (offloads) {
		assert_int_equal(ol_flags & RTE_MBUF_F_TX_L4_MASK, RTE_MBUF_F_TX_TCP_CKSUM);
		assert_true(ol_flags & RTE_MBUF_F_TX_IPV4);
		/* the sum of the pseudo-header is what is missing from the whole: the port adds the
		 * rest */
		wanted.bytes[L4 + 16] = wanted.bytes[L4 + 17] = 0;
		uint32_t rest = frame_l4_sum(&wanted);
		uint32_t l4_only = 0;

		for (size_t i = L4; i < wanted.len; i++)
			l4_only += i % 2 ? wanted.bytes[i] : (uint32_t)wanted.bytes[i] << 8;
		l4_only += frame_u16(&got, L4 + 16);
		while (l4_only >> 16)
			l4_only = (l4_only & 0xffff) + (l4_only >> 16);
		assert_int_equal(l4_only, rest);
		memcpy(wanted.bytes + L4 + 16, got.bytes + L4 + 16, 2);
	} else {
		assert_int_equal(ol_flags & RTE_MBUF_F_TX_L4_MASK, 0);
		assert_int_equal(frame_l4_sum(&got), 0xffff);
	}
	assert_memory_equal(got.bytes, wanted.bytes, wanted.len);
	rig_end(h);
}

static void test_unfinished_in_software(void **state)
{
	check_unfinished(0);
}

static void test_unfinished_by_the_port(void **state)
{
	check_unfinished(PORT_TX_IP4_CSUM | PORT_TX_TCP_CSUM | PORT_TX_UDP_CSUM);
}

/* A client port that comes again while the last connection is in TIME_WAIT: a new connection, a
 * later number. */
static void test_reuse(void **state)
{
	struct harness *h = tcp_rig_new(&usual);
	struct rig_conn old, new;
	uint32_t old_number;

	tcp_establish(h);
	tcp_pass_in(h, FIN | ACK, ISN + 1, SISN + 1);
	tcp_pass_out(h, FIN | ACK, SISN + 1, ISN + 2);
	tcp_assert_state(h, TCP_TIME_WAIT, 0, 1);
	old = tcp_conn(h);
	old_number = ISN + 2 + old.seq_delta;

	tcp_pass_in(h, SYN, ISN + 100000, 0);
	new = tcp_conn(h);
	assert_int_not_equal(new.lport, old.lport);
	assert_int_equal(rig_conns(h), 1);
	assert_int_equal(rig_counts(h, IPPROTO_TCP, 0).conns, 2);
	tcp_assert_state(h, TCP_SYN_RECV, 1, 0);

	/* what the old one's server still says finds nothing of its own */
	struct packet late = tcp_from_server(&old, ACK, SISN + 2, ISN + 2);

	rig_send(h, SERVER_SIDE, &late);
	assert_int_equal(rig_take(h, SERVER_SIDE).bytes[L4 + 13] & RST, RST);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_CONN), 1);
	assert_true(old_number != 0);
	rig_end(h);
}

/* In one vector: what is looked up at its beginning is old when its first packet has ended a
 * connection. */
static void test_reuse_within_a_vector(void **state)
{
	struct harness *h = tcp_rig_new(&usual);
	struct packet packets[3];
	struct rig_conn conn;

	tcp_establish(h);
	tcp_pass_in(h, FIN | ACK, ISN + 1, SISN + 1);
	tcp_pass_out(h, FIN | ACK, SISN + 1, ISN + 2);
	packets[0] = tcp_from_client(SYN, ISN + 5000, 0);
	packets[1] = packets[0];
	packets[2] = tcp_from_client(ACK, ISN + 5001, 1);
	for (unsigned int i = 0; i < 3; i++) {
		struct frame frame = frame_in(CLIENT_SIDE, &packets[i]);

		harness_inject(h, CLIENT_SIDE, 0, frame.bytes, frame.len);
	}
	harness_turn(h);
	conn = tcp_conn(h);
	for (unsigned int i = 0; i < 3; i++) {
		struct packet want = tcp_at_server(&conn, packets[i]);
		struct frame wanted = frame_out(SERVER_SIDE, &want), got = rig_take(h, SERVER_SIDE);

		assert_int_equal(got.len, wanted.len);
		assert_memory_equal(got.bytes, wanted.bytes, wanted.len);
	}
	assert_int_equal(rig_conns(h), 1);
	assert_int_equal(rig_counts(h, IPPROTO_TCP, 0).conns, 2);
	rig_end(h);
}

/* The first packet ends the connection and gets no other: the second one has none any more. */
static void test_end_within_a_vector(void **state)
{
	struct harness *h = tcp_rig_new(&usual);
	struct packet packets[2];

	tcp_establish(h);
	tcp_pass_in(h, FIN | ACK, ISN + 1, SISN + 1);
	tcp_pass_out(h, FIN | ACK, SISN + 1, ISN + 2);
	rig_weight(h, 't', SERVER, 0);
	packets[0] = tcp_from_client(SYN, ISN + 5000, 0);
	packets[1] = tcp_from_client(ACK, ISN + 5001, 1);
	for (unsigned int i = 0; i < 2; i++) {
		struct frame frame = frame_in(CLIENT_SIDE, &packets[i]);

		harness_inject(h, CLIENT_SIDE, 0, frame.bytes, frame.len);
	}
	harness_turn(h);
	assert_int_equal(rig_take(h, SERVER_SIDE).len, 0);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_SERVER), 1);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_CONN), 1);
	assert_int_equal(rig_conns(h), 0);
	rig_end(h);
}

/* Neither side would hear of it: both get the reset that they accept. */
static void test_expiry_resets(void **state)
{
	struct harness *h = tcp_rig_new(&usual);
	struct packet data, to_server, to_client;
	struct rig_conn conn;
	struct frame got;

	tcp_establish(h);
	conn = tcp_conn(h);
	data = tcp_from_server(&conn, PSH | ACK, SISN + 1, ISN + 1);
	data.payload = "hello";
	rig_send(h, SERVER_SIDE, &data);
	rig_take(h, CLIENT_SIDE);
	harness_advance(h, 89000); /* ESTABLISHED is 90 s */
	rig_expect_nothing(h);
	harness_advance(h, 2000);
	assert_int_equal(rig_conns(h), 0);

	got = rig_take(h, SERVER_SIDE);
	to_server = (struct packet){ .src = LADDR,
				     .dst = SERVER,
				     .sport = conn.lport,
				     .dport = 8080,
				     .flags = RST | ACK,
				     .seq = ISN + 1 + conn.seq_delta,
				     .ack = SISN + 6 };
	assert_int_equal(got.len, frame_out(SERVER_SIDE, &to_server).len);
	assert_int_equal(frame_u32(&got, L4 + 4), to_server.seq);
	assert_int_equal(frame_u32(&got, L4 + 8), to_server.ack);
	assert_int_equal(frame_u16(&got, L4), conn.lport);
	assert_int_equal(frame_u16(&got, L4 + 2), 8080);
	assert_int_equal(got.bytes[L4 + 13], RST | ACK);
	assert_int_equal(frame_l4_sum(&got), 0xffff);
	assert_int_equal(frame_ip_sum(&got), 0xffff);

	got = rig_take(h, CLIENT_SIDE);
	to_client = (struct packet){ .src = VIP,
				     .dst = CLIENT,
				     .sport = 80,
				     .dport = CPORT,
				     .flags = RST | ACK,
				     .seq = SISN + 6,
				     .ack = ISN + 1 };
	assert_int_equal(got.len, frame_out(CLIENT_SIDE, &to_client).len);
	assert_int_equal(frame_u32(&got, L4 + 4), to_client.seq);
	assert_int_equal(frame_u32(&got, L4 + 8), to_client.ack);
	assert_int_equal(frame_u16(&got, L4 + 2), CPORT);
	assert_int_equal(got.bytes[L4 + 13], RST | ACK);
	assert_int_equal(frame_l4_sum(&got), 0xffff);
	rig_expect_nothing(h);
	rig_end(h);
}

/* Not of one that was never established, nor more than the limit allows. */
static void test_expiry_without_reset(void **state)
{
	struct harness *h = tcp_rig_new(&usual);

	tcp_pass_in(h, SYN, ISN, 0);
	harness_advance(h, 31000);
	assert_int_equal(rig_conns(h), 0);
	rig_expect_nothing(h);
	rig_end(h);
}

static void test_service_timeout(void **state)
{
	const struct harness_options options = { .tcp_timeout_s = { [TCP_ESTABLISHED] = 10 } };
	struct harness *h = tcp_rig_new(&options);

	tcp_establish(h);
	harness_advance(h, 9000);
	tcp_pass_in(h, ACK, ISN + 1, SISN + 1); /* from here on again */
	harness_advance(h, 9000);
	assert_int_equal(rig_conns(h), 1);
	harness_advance(h, 1500);
	assert_int_equal(rig_conns(h), 0);
	rig_end(h);
}

static void test_server_reset(void **state)
{
	struct harness *h = tcp_rig_new(&usual);

	tcp_pass_in(h, SYN, ISN, 0);
	tcp_pass_out(h, RST | ACK, 0, ISN + 1);
	tcp_assert_state(h, TCP_CLOSE, 0, 1);
	harness_advance(h, 4000); /* CLOSE is 3 s */
	assert_int_equal(rig_conns(h), 0);
	rig_end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life_of_a_connection),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_payload),
		cmocka_unit_test(test_damage_stays),
		cmocka_unit_test(test_unfinished_in_software),
		cmocka_unit_test(test_unfinished_by_the_port),
		cmocka_unit_test(test_reuse),
		cmocka_unit_test(test_reuse_within_a_vector),
		cmocka_unit_test(test_end_within_a_vector),
		cmocka_unit_test(test_expiry_resets),
		cmocka_unit_test(test_expiry_without_reset),
		cmocka_unit_test(test_service_timeout),
		cmocka_unit_test(test_server_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
