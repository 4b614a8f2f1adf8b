/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SCTP that belongs to no association: who sends it is told to give up, by ABORT
 * or SHUTDOWN COMPLETE (RFC 9260 8.4), by ICMP or not at all; its fragments,
 * which follow where no port changes; and the path MTU. (ICMP errors about
 * associations: error_test.c.)
 */
#include <netinet/in.h>
#include <string.h>

#include "ipvs/ipvs.h"
#include "lib/unit.h"
#include "packet/across_rig.h"
#include "packet/frag_rig.h"
#include "packet/sctp.h"

#define PORT 20000
#define TAG  0x12345678u

static const struct harness_options one = { .n_workers = 1 }, three = { .n_workers = 3 };
static const struct mode fnat = { "FNAT", false, 'b' }, fnat6 = { "FNAT, IPv6", true, 'b' };

static struct packet from_client(const struct mode *mode, uint8_t chunk)
{
	struct packet packet = frag_from_client(mode, IPPROTO_SCTP, PORT, 0);

	packet.flags = chunk;
	packet.seq = TAG;
	return packet;
}

static void come(struct harness *h, unsigned int side, const struct packet *packet)
{
	struct whole whole = frag_whole(packet);

	frag_send(h, side, 0, &whole);
}

/* The only thing that is sent is of us: one chunk, without a body. */
static void expect_answer(struct harness *h, const struct packet *about, uint8_t chunk,
			  uint8_t flag, uint32_t tag)
{
	struct packet want = *about;
	struct frame got = rig_take(h, CLIENT_SIDE);
	size_t l4 = L3 + (strchr(about->src, ':') ? IP6 : 20);
	struct whole whole;

	want.src = about->dst;
	want.dst = about->src;
	want.sport = about->dport;
	want.dport = about->sport;
	want.flags = chunk;
	want.payload = NULL;
	want.filler = 0;
	want.seq = tag;
	whole = frag_whole(&want);
	assert_int_equal(got.len, L3 + whole.len);
	whole.bytes[l4 - L3 + 13] = flag;
	memset(whole.bytes + l4 - L3 + 8, 0, 4);
	{
		uint32_t crc = rig_crc32c(whole.bytes + l4 - L3, whole.len - (l4 - L3));

		for (unsigned int i = 0; i < 4; i++)
			whole.bytes[l4 - L3 + 8 + i] = (uint8_t)(crc >> 8 * i);
	}
	assert_memory_equal(got.bytes + l4, whole.bytes + l4 - L3, got.len - l4);
	if (l4 == L4) /* addresses, and that the header is right */
		assert_int_equal(frame_ip_sum(&got), 0xffff);
	assert_memory_equal(got.bytes + l4 - (l4 == L4 ? 8 : 32),
			    whole.bytes + l4 - L3 - (l4 == L4 ? 8 : 32), l4 == L4 ? 8 : 32);
	rig_expect_nothing(h);
}

static void check_answers(const struct mode *mode)
{
	static const struct {
		uint8_t chunk, answer; /* 0: none */
	} answers[] = {
		{ SCTP_CHUNK_DATA, SCTP_CHUNK_ABORT },
		{ SCTP_CHUNK_INIT_ACK, SCTP_CHUNK_ABORT },
		{ SCTP_CHUNK_COOKIE_ECHO, SCTP_CHUNK_ABORT },
		{ SCTP_CHUNK_SHUTDOWN, SCTP_CHUNK_ABORT },
		{ SCTP_CHUNK_SHUTDOWN_ACK, SCTP_CHUNK_SHUTDOWN_COMPLETE },
		{ SCTP_CHUNK_SHUTDOWN_COMPLETE, 0 },
		{ SCTP_CHUNK_ABORT, 0 },
		{ SCTP_CHUNK_COOKIE_ACK, 0 },
		{ SCTP_CHUNK_ERROR, 0 },
	};
	struct harness *h = frag_new(&one, mode, IPPROTO_SCTP);

	for (unsigned int i = 0; i < LENGTH(answers); i++) {
		struct packet packet = from_client(mode, answers[i].chunk);

		packet.filler = 20 * i;
		come(h, CLIENT_SIDE, &packet);
		if (answers[i].answer)
			expect_answer(h, &packet, answers[i].answer, 1, TAG);
		else
			rig_expect_nothing(h);
		packet.damage = 1; /* nobody knows whom it is from */
		come(h, CLIENT_SIDE, &packet);
		rig_expect_nothing(h);
		assert_int_equal(harness_drops(h, DROP_IPVS_NO_CONN), 2 * (i + 1));
	}
	assert_int_equal(rig_conns(h), 0);
	rig_end(h);
}

static void test_answers(void **state)
{
	check_answers(&fnat);
	check_answers(&fnat6);
}

/* An INIT to a port of ours that no association has any more gets the tag that it asks for. */
static void test_init(void **state)
{
	struct harness *h = frag_new(&one, &fnat, IPPROTO_SCTP);
	struct packet packet = from_client(&fnat, SCTP_CHUNK_INIT);

	packet.dst = "10.0.0.1";
	packet.dport = 30000;
	packet.seq = 0;
	packet.payload = "abcd, window";
	come(h, CLIENT_SIDE, &packet);
	expect_answer(h, &packet, SCTP_CHUNK_ABORT, 0, 0x61626364);
	packet.payload = "abc"; /* no INIT is so short */
	come(h, CLIENT_SIDE, &packet);
	expect_answer(h, &packet, SCTP_CHUNK_ABORT, 0, 0x61626300);
	packet.payload = NULL;
	come(h, CLIENT_SIDE, &packet);
	rig_expect_nothing(h);
	rig_end(h);
}

static void test_no_server(void **state)
{
	struct harness *h = frag_new(&one, &fnat, IPPROTO_SCTP);
	struct packet packet = from_client(&fnat, SCTP_CHUNK_INIT);

	harness_run(h, "ipvsadm -d --sctp-service " VIP ":80 -r " SERVER ":8080");
	come(h, CLIENT_SIDE, &packet);
	rig_expect_icmp(h, CLIENT_SIDE, 3, 3, VIP, 0, &packet);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_SERVER), 1);
	rig_end(h);
}

/* Without a chunk's header, and from or to port 0. */
static void test_senseless(void **state)
{
	struct harness *h = frag_new(&one, &fnat, IPPROTO_SCTP);
	struct packet packet = from_client(&fnat, SCTP_CHUNK_INIT);
	struct frame frame = frame_in(CLIENT_SIDE, &packet);

	frame.bytes[L3 + 3] = 20 + 12; /* the driver's padding is behind it */
	frame.bytes[L3 + 11] += 4;
	harness_inject(h, CLIENT_SIDE, 0, frame.bytes, frame.len);
	harness_turn(h);
	assert_int_equal(harness_drops(h, DROP_IP4_NO_LISTENER), 1);
	assert_int_equal(rig_take(h, CLIENT_SIDE).bytes[L4 + 1], 2); /* protocol unreachable */
	rig_expect_nothing(h);
	packet.sport = 0;
	come(h, CLIENT_SIDE, &packet);
	assert_int_equal(harness_drops(h, DROP_IPVS_INVALID), 1);
	rig_expect_nothing(h);
	rig_end(h);
}

static void check_fragments(const struct mode *mode, bool follow)
{
	struct harness *h = frag_new(&three, mode, IPPROTO_SCTP);
	struct packet packet = from_client(mode, SCTP_CHUNK_INIT), want = packet;
	struct whole whole, piece;

	come(h, CLIENT_SIDE, &packet);
	assert_int_not_equal(rig_take(h, SERVER_SIDE).len, 0);
	packet.flags = want.flags = SCTP_CHUNK_DATA;
	packet.filler = want.filler = 100;
	want.ttl = 63;
	for (unsigned int i = 0; i < 3; i++) {
		size_t at = (2 - i) * 40, len = i ? 40 : 36;

		whole = frag_whole(&packet);
		piece = frag_piece(&whole, at, len, 77);
		frag_send(h, CLIENT_SIDE, i, &piece);
	}
	whole = frag_whole(&want);
	for (unsigned int i = 0; follow && i < 3; i++) {
		piece = frag_piece(&whole, i * 40, i < 2 ? 40 : 36, 77);
		frag_expect(h, SERVER_SIDE, &piece, mode->letter == 'i' ? 20 : 0);
	}
	rig_expect_nothing(h);
	assert_int_equal(harness_drops(h, DROP_IPVS_SCTP_FRAGMENT), follow ? 0 : 3);
	assert_int_equal(frag_held(h), 0);
	rig_end(h);
}

static void test_fragments(void **state)
{
	static const struct mode dr = { "DR", false, 'g' }, dr6 = { "DR, IPv6", true, 'g' };
	static const struct mode tunnel = { "tunnel", false, 'i' }, nat = { "NAT", false, 'm' };

	check_fragments(&dr, true);
	check_fragments(&dr6, true);
	check_fragments(&tunnel, true);
	check_fragments(&nat, false); /* to another port */
	check_fragments(&fnat, false);
	check_fragments(&fnat6, false);
}

/* NAT to a server at the service's own port: the addresses change, and the checksum need not. */
static void test_fragments_nat(void **state)
{
	const struct mode nat = { "NAT", false, 'm' };
	struct harness *h = rig_new(&three);
	struct packet packet = from_client(&nat, SCTP_CHUNK_INIT), want;
	struct whole whole, piece;

	harness_run(h, "ipvsadm -A --sctp-service " VIP ":80 -s rr");
	harness_run(h, "ipvsadm -a --sctp-service " VIP ":80 -r " SERVER ":80 -m");
	packet.filler = 50;
	want = packet;
	want.dst = SERVER;
	want.ttl = 63;
	for (unsigned int i = 0; i < 2; i++) {
		whole = frag_whole(&packet);
		piece = frag_piece(&whole, i * 40, i ? frag_data(&whole) - 40 : 40, 5);
		frag_send(h, CLIENT_SIDE, i, &piece);
		whole = frag_whole(&want);
		piece = frag_piece(&whole, i * 40, i ? frag_data(&whole) - 40 : 40, 5);
		frag_expect(h, SERVER_SIDE, &piece, 0);
	}
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

static void test_fragments_across(void **state)
{
	struct across a = across_new(&one, false, IPPROTO_SCTP);
	struct packet packet = across_from_client(&a);
	struct whole whole = { 0 }, piece;

	packet.flags = SCTP_CHUNK_INIT;
	packet.filler = 40;
	whole.len = across_build(whole.bytes, &packet);
	piece = frag_piece(&whole, 0, 24, 5);
	frag_send(a.h, CLIENT_SIDE, 0, &piece);
	rig_expect_nothing(a.h);
	assert_int_equal(harness_drops(a.h, DROP_IPVS_SCTP_FRAGMENT), 1);
	across_end(&a);
}

/* What a router says of the outer packet, the client hears of the inner one. */
static void test_path_mtu(void **state)
{
	const struct mode mode = { "path MTU", false, 'i' };
	struct harness *h = frag_new(&three, &mode, IPPROTO_SCTP);
	struct packet packet = from_client(&mode, SCTP_CHUNK_INIT), error;
	uint8_t l4[FRAME_MAX];
	struct frame sent;

	packet.filler = 1300;
	packet.fragment = 0x4000; /* DF */
	come(h, CLIENT_SIDE, &packet);
	sent = rig_take(h, SERVER_SIDE);
	assert_int_not_equal(sent.len, 0);
	error = (struct packet){
		.src = "192.168.0.254", .dst = "192.168.0.1", .proto = IPPROTO_ICMP, .l4 = l4
	};
	error.l4_len = icmp_build(l4, 3, 4, 1300, sent.bytes + L3, 100);
	rig_send_to(h, SERVER_SIDE, 2, &error);
	assert_int_not_equal(rig_take(h, CLIENT_SIDE).len, 0); /* what was quoted */
	for (unsigned int queue = 0; queue < 3; queue++) {
		rig_send_to(h, CLIENT_SIDE, queue, &packet);
		rig_expect_icmp(h, CLIENT_SIDE, 3, 4, VIP, 1300 - 20, &packet);
	}
	assert_int_equal(harness_drops(h, DROP_IPVS_MTU), 3);
	rig_end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),          cmocka_unit_test(test_init),
		cmocka_unit_test(test_no_server),        cmocka_unit_test(test_senseless),
		cmocka_unit_test(test_fragments),        cmocka_unit_test(test_fragments_nat),
		cmocka_unit_test(test_fragments_across), cmocka_unit_test(test_path_mtu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
