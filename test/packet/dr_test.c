/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dr: the client's packets as they reach the server, byte by byte; the states of
 * a connection whose answers are not seen, its timeouts and its end; answers
 * that pass through nevertheless.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "ipvs/ipvs.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/proto/udp.h"
#include "packet/dr_rig.h"

static const struct harness_options usual;

static struct rig_conn conn_of(struct harness *h, uint8_t proto)
{
	struct rig_conn conn = rig_conn(h, proto, CLIENT, CPORT);

	assert_int_not_equal(conn.id, CONN_NONE);
	return conn;
}

/* So many packets took the flow stage, if it is on. */
static void assert_flow(const struct harness *h, uint64_t n)
{
	const char *mode = getenv("FLOW");

	assert_int_equal(h->all[1]->counters.flow, mode && strcmp(mode, "off") == 0 ? 0 : n);
}

static void test_udp(void **state)
{
	struct harness *h = dr_new(&usual, IPPROTO_UDP, 1);
	struct packet packet = dr_from_client(IPPROTO_UDP, CPORT, 0);
	struct rig_counts counts;
	struct frame got;

	rig_send(h, CLIENT_SIDE, &packet);
	got = rig_take(h, SERVER_SIDE);
	assert_frame(got.bytes, got.len,
		     "06 00 00 00 01 0b 02 00 00 00 00 01 08 00"
		     "45 b8 00 21 12 34 40 00 3f 11 14 73 0a 00 00 64 0a 00 00 0a"
		     "9c 40 00 50 00 0d 0b 04 68 65 6c 6c 6f");
	rig_expect_nothing(h);
	for (unsigned int i = 0; i < 3; i++)
		dr_pass(h, &packet);
	assert_int_equal(conn_of(h, IPPROTO_UDP).conn->state, UDP_ONEWAY);
	assert_int_equal(rig_conns(h), 1);
	assert_flow(h, 4);
	counts = rig_counts(h, IPPROTO_UDP, 0);
	assert_int_equal(counts.conns, 1);
	assert_int_equal(counts.inpkts, 4);
	assert_int_equal(counts.inbytes, 4 * 33);
	assert_int_equal(counts.outpkts, 0);
	assert_int_equal(counts.inactive, 1);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

static void pass_tcp(struct harness *h, uint8_t flags, enum tcp_state state, unsigned int active)
{
	struct packet packet = dr_from_client(IPPROTO_TCP, CPORT, flags);
	struct rig_counts counts;

	dr_pass(h, &packet);
	assert_string_equal(tcp_state_names[conn_of(h, IPPROTO_TCP).conn->state],
			    tcp_state_names[state]);
	counts = rig_counts(h, IPPROTO_TCP, 0);
	assert_int_equal(counts.active, active);
	assert_int_equal(counts.inactive, 1 - active);
}

/* By the client's segments alone; numbers and timestamps are nobody's business. */
static void test_tcp(void **state)
{
	struct harness *h = dr_new(&usual, IPPROTO_TCP, 1);
	struct packet packet = dr_from_client(IPPROTO_TCP, CPORT, ACK);
	struct rig_conn conn;

	pass_tcp(h, SYN, TCP_SYN_RECV, 1);
	pass_tcp(h, SYN, TCP_SYN_RECV, 1);
	pass_tcp(h, ACK, TCP_ESTABLISHED, 1);
	packet.payload = "GET / HTTP/1.0";
	packet.options = "0101 080a 00000001 00000002";
	dr_pass(h, &packet);
	packet.options = NULL;
	packet.payload = "more";
	dr_pass(h, &packet);
	assert_flow(h, 4);
	conn = conn_of(h, IPPROTO_TCP);
	assert_int_equal(conn.conn->flags & (CONN_SEQ | CONN_TS | CONN_LPORT | CONN_RS_SEEN), 0);
	pass_tcp(h, FIN | ACK, TCP_FIN_WAIT, 0);
	pass_tcp(h, ACK, TCP_FIN_WAIT, 0);
	pass_tcp(h, RST, TCP_CLOSE, 0);
	/* the same port again: a new connection, to whom it may be */
	pass_tcp(h, SYN, TCP_SYN_RECV, 1);
	assert_int_equal(rig_counts(h, IPPROTO_TCP, 0).conns, 2);
	assert_int_equal(rig_conns(h), 1);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

/* Each packet is a reason to stay, also by the flow stage; the end is silent: where the server
 * stands, nobody knows. */
static void test_timeouts(void **state)
{
	const struct harness_options options = {
		.udp_timeout_s = { [UDP_ONEWAY] = 5 },
		.tcp_timeout_s = { [TCP_ESTABLISHED] = 7 },
	};

	for (unsigned int i = 0; i < 2; i++) {
		uint8_t proto = i ? IPPROTO_TCP : IPPROTO_UDP;
		struct harness *h = dr_new(&options, proto, 1);
		struct packet packet = dr_from_client(proto, CPORT, SYN);

		dr_pass(h, &packet);
		packet = dr_from_client(proto, CPORT, ACK);
		for (unsigned int k = 0; k < 4; k++) {
			dr_pass(h, &packet);
			harness_advance(h, i ? 6500 : 4500);
			assert_int_equal(rig_conns(h), 1);
		}
		harness_advance(h, 1000);
		assert_int_equal(rig_conns(h), 0);
		rig_expect_nothing(h);
		rig_end(h);
	}
}

/* What answers a packet of the client. */
static struct packet answer(uint8_t proto)
{
	return (struct packet){ .src = VIP,
				.dst = CLIENT,
				.sport = 80,
				.dport = CPORT,
				.proto = proto,
				.flags = ACK,
				.seq = SISN + 1,
				.ack = ISN + 1,
				.payload = "answer" };
}

/* A server whose router we are: its answers are routed, if anything is, and mean nothing to the
 * connection. */
static void check_answers(uint8_t proto, bool forwarding)
{
	const struct harness_options options = { .forwarding = forwarding };
	struct harness *h = rig_new(&options);
	struct packet packet = answer(proto), want = dr_on(packet), from_client;
	uint32_t deadline;
	uint8_t before;

	harness_run(h, "dpip addr del " VIP "/32 dev dpdk0");
	dr_service(h, proto);
	dr_server(h, proto, SERVER);
	from_client = dr_from_client(proto, CPORT, SYN);
	dr_pass(h, &from_client);
	from_client = dr_from_client(proto, CPORT, ACK);
	dr_pass(h, &from_client);
	before = conn_of(h, proto).conn->state;
	deadline = conn_of(h, proto).conn->deadline;
	harness_advance(h, 1000);
	rig_send(h, SERVER_SIDE, &packet);
	if (forwarding)
		rig_expect(h, CLIENT_SIDE, &want);
	else
		rig_expect_nothing(h);
	assert_int_equal(harness_drops(h, DROP_IP4_FORWARDING), forwarding ? 0 : 1);
	assert_int_equal(conn_of(h, proto).conn->state, before);
	assert_int_equal(conn_of(h, proto).conn->deadline, deadline);
	assert_int_equal(rig_counts(h, proto, 0).outpkts, 0);
	dr_pass(h, &from_client);
	assert_flow(h, 3);
	rig_end(h);
}

static void test_answers_pass_through(void **state)
{
	for (unsigned int i = 0; i < 4; i++)
		check_answers(i & 1 ? IPPROTO_TCP : IPPROTO_UDP, i & 2);
}

/* Nobody else speaks with an address of ours. */
static void test_answers_from_our_address(void **state)
{
	const struct harness_options options = { .forwarding = true };
	struct harness *h = dr_new(&options, IPPROTO_UDP, 1);
	struct packet packet = dr_from_client(IPPROTO_UDP, CPORT, 0);

	dr_pass(h, &packet);
	packet = answer(IPPROTO_UDP);
	rig_send(h, SERVER_SIDE, &packet);
	rig_expect_nothing(h);
	assert_int_equal(harness_drops(h, DROP_IP4_SOURCE), 1);
	rig_end(h);
}

static void test_checksums_stay(void **state)
{
	struct harness *h = dr_new(&usual, IPPROTO_UDP, 1);
	struct packet packet = dr_from_client(IPPROTO_UDP, CPORT, 0);

	packet.no_checksum = true;
	dr_pass(h, &packet);
	dr_pass(h, &packet);
	packet.no_checksum = false;
	packet.damage = 0x0400;
	dr_pass(h, &packet);
	rig_end(h);
}

/* What a virtual machine next door has left open is completed, by the port or in software. */
static void check_unfinished(uint8_t proto, uint16_t offloads)
{
	const struct harness_options options = { .offloads = offloads };
	const uint64_t flag = proto == IPPROTO_TCP ? RTE_MBUF_F_TX_TCP_CKSUM
						   : RTE_MBUF_F_TX_UDP_CKSUM;
	struct harness *h = dr_new(&options, proto, 1);
	struct packet packet = dr_from_client(proto, CPORT, SYN), want = dr_on(packet);
	struct frame frame, wanted = frame_out(SERVER_SIDE, &want), got = { 0 };
	size_t at = L4 + (proto == IPPROTO_TCP ? 16 : 6);
	unsigned int worker;
	uint64_t ol_flags;

	dr_pass(h, &packet);
	packet.damage = 0x5a5a;
	frame = frame_in(CLIENT_SIDE, &packet);
	harness_inject_as(h, CLIENT_SIDE, 0, frame.bytes, frame.len, RTE_MBUF_F_RX_L4_CKSUM_NONE,
			  0);
	harness_turn(h);
	got.len = harness_take_from(h, SERVER_SIDE, got.bytes, sizeof(got.bytes), &worker,
				    &ol_flags);
	assert_int_equal(ol_flags & RTE_MBUF_F_TX_L4_MASK, offloads ? flag : 0);
	if (offloads)
		memcpy(wanted.bytes + at, got.bytes + at, 2);
	assert_int_equal(got.len, wanted.len);
	assert_memory_equal(got.bytes, wanted.bytes, wanted.len);
	rig_end(h);
}

static void test_unfinished(void **state)
{
	const uint16_t all = PORT_TX_IP4_CSUM | PORT_TX_TCP_CSUM | PORT_TX_UDP_CSUM;

	for (unsigned int i = 0; i < 4; i++)
		check_unfinished(i & 1 ? IPPROTO_TCP : IPPROTO_UDP, i & 2 ? all : 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_timeouts),
		cmocka_unit_test(test_answers_pass_through),
		cmocka_unit_test(test_answers_from_our_address),
		cmocka_unit_test(test_checksums_stay),
		cmocka_unit_test(test_unfinished),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
