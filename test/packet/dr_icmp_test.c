/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dr, ICMP errors about packets that we have sent on, and about answers that we
 * have not seen: with one worker and with three, whichever queue they come on,
 * they go to the client or the server as they are, routing on or off.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "ipvs/ipvs.h"
#include "packet/dr_rig.h"

#define ROUTER "172.20.0.1" /* on the way to a server, or to a client */
#define FLOWS  12

static const struct harness_options usual, three = { .n_workers = 3 };

static const struct {
	uint8_t type, code;
	uint32_t rest;
	size_t l4_len; /* quoted; 0: all */
} errors[] = {
	{ 3, 4, 1300, 8 }, { 3, 3, 0, 0 }, { 11, 0, 0, 8 }, { 12, 0, 5u << 24, 0 }, { 4, 0, 0, 8 },
};

/* The i-th error about a packet, as `from` sends it to that packet's sender. */
static struct packet error_about(size_t i, const char *from, const struct packet *about,
				 uint8_t l4[FRAME_MAX])
{
	uint8_t quoted[FRAME_MAX];
	size_t len = packet_build(quoted, about);

	if (errors[i].l4_len)
		len = 20 + errors[i].l4_len;
	return (struct packet){
		.src = from,
		.dst = about->src,
		.proto = IPPROTO_ICMP,
		.tos = 0xc0,
		.id = 77,
		.ttl = 60,
		.l4 = l4,
		.l4_len = icmp_build(l4, errors[i].type, errors[i].code, errors[i].rest, quoted,
				     len),
	};
}

/* What the server has answered, as the client gets it. */
static struct packet answer_to(const struct packet *packet)
{
	return (struct packet){ .src = VIP,
				.dst = packet->src,
				.sport = packet->dport,
				.dport = packet->sport,
				.proto = packet->proto,
				.ttl = 61,
				.flags = ACK,
				.seq = SISN + 1,
				.ack = packet->seq + 1,
				.payload = "back" };
}

static void check_errors(struct harness *h, const struct packet *sent)
{
	struct packet went = dr_on(*sent), answer = answer_to(sent);

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		for (unsigned int queue = 0; queue < h->n_workers; queue++) {
			uint8_t l4[FRAME_MAX];
			struct packet error = error_about(i, ROUTER, &went, l4), want;

			want = dr_on(error);
			rig_send_to(h, SERVER_SIDE, queue, &error);
			rig_expect(h, CLIENT_SIDE, &want);
			error = error_about(i, i ? CLIENT : ROUTER, &answer, l4);
			want = dr_on(error);
			rig_send_to(h, CLIENT_SIDE, queue, &error);
			rig_expect(h, SERVER_SIDE, &want);
		}
	}
}

static void check(const struct harness_options *options, uint8_t proto)
{
	const uint64_t errors_each = sizeof(errors) / sizeof(errors[0]);
	struct harness *h = dr_new(options, proto, 1);
	uint64_t pkts = FLOWS * h->n_workers * errors_each;

	for (unsigned int flow = 0; flow < FLOWS; flow++) {
		struct packet sent = dr_from_client(proto, (uint16_t)(CPORT + flow), SYN);

		dr_pass(h, &sent);
		check_errors(h, &sent);
	}
	assert_int_equal(rig_counts(h, proto, 0).inpkts, FLOWS + pkts);
	assert_int_equal(rig_counts(h, proto, 0).outpkts, pkts);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

static void test_one_worker(void **state)
{
	check(&usual, IPPROTO_UDP);
	check(&usual, IPPROTO_TCP);
}

static void test_three_workers(void **state)
{
	check(&three, IPPROTO_UDP);
	check(&three, IPPROTO_TCP);
}

/* Anybody can send one: neither state nor deadline move. */
static void test_error_keeps_nothing_alive(void **state)
{
	struct harness *h = dr_new(&usual, IPPROTO_TCP, 1);
	struct packet sent = dr_from_client(IPPROTO_TCP, CPORT, SYN);
	uint32_t deadline;
	struct rig_conn conn;
	uint8_t before;

	dr_pass(h, &sent);
	conn = rig_conn(h, IPPROTO_TCP, CLIENT, CPORT);
	deadline = conn.conn->deadline;
	before = conn.conn->state;
	harness_advance(h, 1000);
	check_errors(h, &sent);
	assert_int_equal(conn.conn->deadline, deadline);
	assert_int_equal(conn.conn->state, before);
	rig_end(h);
}

/* From the server itself they come with the virtual address, which is ours: as with the kernel. */
static void test_from_our_address(void **state)
{
	struct harness *h = dr_new(&usual, IPPROTO_UDP, 1);
	struct packet sent = dr_from_client(IPPROTO_UDP, CPORT, 0), went = dr_on(sent), error;
	uint8_t l4[FRAME_MAX];

	dr_pass(h, &sent);
	error = error_about(1, VIP, &went, l4);
	rig_send(h, SERVER_SIDE, &error);
	rig_expect_nothing(h);
	assert_int_equal(harness_drops(h, DROP_IP4_SOURCE), 1);
	rig_end(h);
}

static void test_not_passed(void **state)
{
	struct harness *h = dr_new(&three, IPPROTO_UDP, 1);
	struct packet sent = dr_from_client(IPPROTO_UDP, CPORT, 0), went = dr_on(sent), error;
	uint8_t l4[FRAME_MAX];

	dr_pass(h, &sent);
	error = error_about(1, ROUTER, &went, l4);
	error.damage = 1;
	rig_send(h, SERVER_SIDE, &error);
	assert_int_equal(harness_drops(h, DROP_ICMP_CHECKSUM), 1);
	error.damage = 0;
	error.ttl = 1;
	rig_send(h, SERVER_SIDE, &error);
	assert_int_equal(harness_drops(h, DROP_IPVS_TTL), 1);
	/* about no connection: what is routed, and nothing is */
	went.sport++;
	error = error_about(1, ROUTER, &went, l4);
	for (unsigned int queue = 0; queue < 3; queue++)
		rig_send_to(h, SERVER_SIDE, queue, &error);
	assert_int_equal(harness_drops(h, DROP_IP4_FORWARDING), 3);
	rig_expect_nothing(h);
	rig_end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_worker),
		cmocka_unit_test(test_three_workers),
		cmocka_unit_test(test_error_keeps_nothing_alive),
		cmocka_unit_test(test_from_our_address),
		cmocka_unit_test(test_not_passed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
