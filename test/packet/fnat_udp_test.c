/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fnat, UDP: datagrams in both directions byte by byte, the checksum's special
 * values, and what happens when local ports run out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cmocka.h>

#include "ipvs/ipvs.h"
#include "ipvs/lport.h"
#include "ipvs/proto/udp.h"
#include "ipvs/service.h"
#include "packet/fnat_rig.h"

#define CPORT 53000

static const struct harness_options usual;

static struct packet from_client(const char *payload)
{
	return (struct packet){ .src = CLIENT,
				.dst = VIP,
				.sport = CPORT,
				.dport = 80,
				.proto = IPPROTO_UDP,
				.id = 0x1234,
				.tos = 0xb8,
				.payload = payload };
}

static struct packet from_server(const struct rig_conn *conn, const char *payload)
{
	return (struct packet){ .src = SERVER,
				.dst = LADDR,
				.sport = 8080,
				.dport = conn->lport,
				.proto = IPPROTO_UDP,
				.ttl = 128,
				.fragment = 0x4000,
				.payload = payload };
}

static struct packet at_server(const struct rig_conn *conn, struct packet packet)
{
	packet.src = LADDR;
	packet.dst = conn->server_text;
	packet.sport = conn->lport;
	packet.dport = 8080;
	packet.ttl = 63;
	return packet;
}

static struct packet at_client(struct packet packet)
{
	packet.src = VIP;
	packet.dst = CLIENT;
	packet.sport = 80;
	packet.dport = CPORT;
	packet.ttl = 127;
	return packet;
}

static struct rig_conn conn_of_client(struct harness *h)
{
	return rig_conn(h, IPPROTO_UDP, CLIENT, CPORT);
}

static struct harness *new_with_service(const struct harness_options *options)
{
	struct harness *h = rig_new(options);

	rig_service(h, 'u', 1);
	return h;
}

static struct rig_conn open_one(struct harness *h)
{
	struct packet packet = from_client("open"), want;
	struct rig_conn conn;

	rig_send(h, CLIENT_SIDE, &packet);
	conn = conn_of_client(h);
	assert_int_not_equal(conn.id, CONN_NONE);
	want = at_server(&conn, packet);
	rig_expect(h, SERVER_SIDE, &want);
	return conn;
}

static void test_both_directions(void **state)
{
	struct harness *h = new_with_service(&usual);
	struct rig_conn conn = open_one(h);
	struct packet answer = from_server(&conn, "answer"), want;
	struct rig_counts counts;
	struct frame got;

	assert_int_equal(conn.conn->state, UDP_ONEWAY);
	rig_send(h, SERVER_SIDE, &answer);
	got = rig_take(h, CLIENT_SIDE);
	assert_frame(got.bytes, got.len,
		     "06 00 00 00 00 64 02 00 00 00 00 00 08 00"
		     "45 00 00 22 00 00 40 00 7f 11 e7 5d 0a 00 00 0a 0a 00 00 64"
		     "00 50 cf 08 00 0e e1 b3 61 6e 73 77 65 72");
	assert_int_equal(conn.conn->state, UDP_NORMAL);

	answer.payload = "odd";
	want = at_client(answer);
	rig_send(h, SERVER_SIDE, &answer);
	rig_expect(h, CLIENT_SIDE, &want);

	counts = rig_counts(h, IPPROTO_UDP, 0);
	assert_int_equal(counts.conns, 1);
	assert_int_equal(counts.inpkts, 1);
	assert_int_equal(counts.inbytes, 32);
	assert_int_equal(counts.outpkts, 2);
	assert_int_equal(counts.outbytes, 34 + 31);
	assert_int_equal(counts.active, 0); /* as the kernel: UDP is inactive always */
	assert_int_equal(counts.inactive, 1);
	rig_end(h);
}

/* Two first datagrams in one vector: the second one finds what the first has made. */
static void test_opened_within_a_vector(void **state)
{
	struct harness *h = new_with_service(&usual);
	struct packet packet = from_client("first"), want;
	struct frame frame = frame_in(CLIENT_SIDE, &packet), got;
	struct rig_conn conn;

	harness_inject(h, CLIENT_SIDE, 0, frame.bytes, frame.len);
	harness_inject(h, CLIENT_SIDE, 0, frame.bytes, frame.len);
	harness_turn(h);
	assert_int_equal(harness_all_drops(h), 0);
	assert_int_equal(rig_conns(h), 1);
	conn = conn_of_client(h);
	want = at_server(&conn, packet);
	frame = frame_out(SERVER_SIDE, &want);
	got = rig_take(h, SERVER_SIDE);
	assert_int_equal(got.len, frame.len);
	assert_memory_equal(got.bytes, frame.bytes, frame.len);
	rig_expect(h, SERVER_SIDE, &want);
	rig_end(h);
}

static void test_no_checksum_stays_none(void **state)
{
	struct harness *h = new_with_service(&usual);
	struct packet packet = from_client("none"), want;
	struct rig_conn conn;

	packet.no_checksum = true;
	for (unsigned int round = 0; round < 2; round++) {
		struct frame frame = frame_in(CLIENT_SIDE, &packet);

		/* some drivers mark what has no checksum as one that nobody has computed */
		harness_inject_as(h, CLIENT_SIDE, 0, frame.bytes, frame.len,
				  round ? RTE_MBUF_F_RX_L4_CKSUM_NONE : 0, 0);
		harness_turn(h);
		conn = conn_of_client(h);
		want = at_server(&conn, packet);
		rig_expect(h, SERVER_SIDE, &want);
	}
	packet = from_server(&conn, "none");
	packet.no_checksum = true;
	rig_send(h, SERVER_SIDE, &packet);
	want = at_client(packet);
	rig_expect(h, CLIENT_SIDE, &want);
	rig_end(h);
}

/* A payload whose checksum comes out as 0 after the rewrite, so that 0xffff must be sent. */
static void test_computed_zero(void **state)
{
	struct harness *h = new_with_service(&usual);
	struct rig_conn conn = open_one(h);
	struct packet packet, want;
	struct frame got;
	bool found = false;

	packet = from_server(&conn, NULL);
	for (unsigned int i = 65536; i < 256 * 65536 && !found; i++) {
		const char text[] = { (char)(i >> 16), (char)(i >> 16), (char)(i >> 8), (char)i,
				      0 };
		struct frame frame;

		packet.payload = text;
		want = at_client(packet);
		frame = frame_out(CLIENT_SIDE, &want);
		if (frame_u16(&frame, L4 + 6) != 0xffff)
			continue;
		found = true;
		rig_send(h, SERVER_SIDE, &packet);
		got = rig_take(h, CLIENT_SIDE);
		assert_int_equal(got.len, frame.len);
		assert_memory_equal(got.bytes, frame.bytes, frame.len);
		assert_int_equal(frame_u16(&got, L4 + 6), 0xffff);
	}
	assert_true(found);
	rig_end(h);
}

static void test_damage_stays(void **state)
{
	struct harness *h = new_with_service(&usual);
	struct rig_conn conn = open_one(h);
	struct packet packet = from_server(&conn, "damaged");
	struct frame before, after;

	packet.damage = 0x0400;
	before = frame_in(SERVER_SIDE, &packet);
	rig_send(h, SERVER_SIDE, &packet);
	after = rig_take(h, CLIENT_SIDE);
	assert_int_equal(after.len, before.len);
	assert_int_not_equal(frame_l4_sum(&before), 0xffff);
	assert_int_equal(frame_l4_sum(&after), frame_l4_sum(&before));
	rig_end(h);
}

static void check_unfinished(uint16_t offloads)
{
	const struct harness_options options = { .offloads = offloads };
	struct harness *h = new_with_service(&options);
	struct rig_conn conn = open_one(h);
	struct packet packet = from_server(&conn, "unfinished"), want;
	struct frame frame, wanted, got = { 0 };
	unsigned int worker;
	uint64_t ol_flags;

	packet.damage = 0x5a5a;
	frame = frame_in(SERVER_SIDE, &packet);
	harness_inject_as(h, SERVER_SIDE, 0, frame.bytes, frame.len, RTE_MBUF_F_RX_L4_CKSUM_NONE,
			  0);
	harness_turn(h);
	got.len = harness_take_from(h, CLIENT_SIDE, got.bytes, sizeof(got.bytes), &worker,
				    &ol_flags);
	packet.damage = 0;
	want = at_client(packet);
	wanted = frame_out(CLIENT_SIDE, &want);
	if (offloads) {
		assert_int_equal(ol_flags & RTE_MBUF_F_TX_L4_MASK, RTE_MBUF_F_TX_UDP_CKSUM);
		wanted.bytes[L4 + 6] = got.bytes[L4 + 6];
		wanted.bytes[L4 + 7] = got.bytes[L4 + 7];
	} else {
		assert_int_equal(ol_flags & RTE_MBUF_F_TX_L4_MASK, 0);
	}
	assert_int_equal(got.len, wanted.len);
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

static void test_invalid(void **state)
{
	static const struct {
		uint16_t sport, udp_len;
	} cases[] = { { CPORT, 7 }, { CPORT, 13 }, { 0, 12 } };
	struct harness *h = new_with_service(&usual);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct packet packet = from_client("four");
		struct frame frame;

		packet.sport = cases[i].sport;
		frame = frame_in(CLIENT_SIDE, &packet);
		frame.bytes[L4 + 4] = 0;
		frame.bytes[L4 + 5] = (uint8_t)cases[i].udp_len;
		harness_inject(h, CLIENT_SIDE, 0, frame.bytes, frame.len);
		harness_turn(h);
		rig_expect_nothing(h);
		assert_int_equal(harness_drops(h, DROP_IPVS_INVALID), i + 1);
	}
	assert_int_equal(rig_conns(h), 0);
	rig_end(h);
}

/* To a local port that no connection has: whoever sent it is told. */
static void test_no_connection(void **state)
{
	struct harness *h = new_with_service(&usual);
	struct packet packet = { .src = SERVER,
				 .dst = LADDR,
				 .sport = 8080,
				 .dport = 2000,
				 .proto = IPPROTO_UDP,
				 .payload = "late" };

	rig_send(h, SERVER_SIDE, &packet);
	rig_expect_icmp(h, SERVER_SIDE, 3, 3, LADDR, 0, &packet);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_CONN), 1);
	rig_end(h);
}

static void test_timeouts(void **state)
{
	const struct harness_options options = {
		.udp_timeout_s = { [UDP_ONEWAY] = 5, [UDP_NORMAL] = 20 },
	};
	struct harness *h = new_with_service(&options);
	struct rig_conn conn = open_one(h);
	struct packet answer;

	harness_advance(h, 4500);
	assert_int_equal(rig_conns(h), 1);
	harness_advance(h, 1000);
	assert_int_equal(rig_conns(h), 0);

	conn = open_one(h);
	answer = from_server(&conn, "answer");
	rig_send(h, SERVER_SIDE, &answer);
	rig_take(h, CLIENT_SIDE);
	harness_advance(h, 19000);
	assert_int_equal(rig_conns(h), 1);
	harness_advance(h, 1500);
	assert_int_equal(rig_conns(h), 0);
	rig_expect_nothing(h); /* UDP ends without a word */
	rig_end(h);
}

/* One datagram of each of `n` clients, `first` on; returns how many went to the server. */
static unsigned int send_from_many(struct harness *h, unsigned int first, unsigned int n)
{
	struct packet packet = from_client("x");
	unsigned int sent = 0;

	for (unsigned int i = first; i < first + n; i++) {
		char client[16];
		struct frame frame;

		snprintf(client, sizeof(client), "10.0.0.%u", 100 + i / 60000);
		packet.src = client;
		packet.sport = (uint16_t)(1024 + i % 60000);
		frame = frame_in(CLIENT_SIDE, &packet);
		harness_inject(h, CLIENT_SIDE, 0, frame.bytes, frame.len);
		if (i % 32 == 31 || i == first + n - 1) {
			harness_turn(h);
			while (rig_take(h, SERVER_SIDE).len)
				sent++;
		}
	}
	return sent;
}

/* 64,511 connections from one local address to one server; the next one waits for another address,
 * or for an end. */
static void test_ports_run_out(void **state)
{
	const unsigned int ports = LPORT_LAST - LPORT_FIRST + 1;
	const struct harness_options options = { .conn_max = 80000 };
	struct harness *h = new_with_service(&options);
	struct lport_usage usage;
	union ip_addr laddr = { .u64 = { 0, 0 } };

	inet_pton(AF_INET, LADDR, &laddr);
	assert_int_equal(send_from_many(h, 0, ports), ports);
	assert_int_equal(harness_all_drops(h), 0);
	lport_usage(h->all[1]->ipvs->lports, AF_INET, &laddr, &usage);
	assert_int_equal(usage.used, ports);
	assert_int_equal(send_from_many(h, ports, 3), 0);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_PORT), 3);
	assert_int_equal(rig_conns(h), ports);

	harness_run(h, "ipvsadm -P -u " VIP ":80 -z 192.168.0.201 -F dpdk1");
	assert_int_equal(send_from_many(h, ports + 3, 10), 10);

	harness_advance(h, 299000);
	assert_int_equal(rig_conns(h), ports + 10);
	harness_advance(h, 150000); /* so many at once end over some thousand turns */
	assert_int_equal(rig_conns(h), 0);
	assert_int_equal(send_from_many(h, 0, 5), 5);
	rig_end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_directions),
		cmocka_unit_test(test_opened_within_a_vector),
		cmocka_unit_test(test_no_checksum_stays_none),
		cmocka_unit_test(test_computed_zero),
		cmocka_unit_test(test_damage_stays),
		cmocka_unit_test(test_unfinished_in_software),
		cmocka_unit_test(test_unfinished_by_the_port),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_no_connection),
		cmocka_unit_test(test_timeouts),
		cmocka_unit_test(test_ports_run_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
