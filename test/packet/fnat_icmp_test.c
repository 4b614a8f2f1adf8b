/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fnat, ICMP errors about forwarded packets: from either side, from an end or
 * a router on the way, with as little quoted as RFC 792 allows or the whole
 * packet. Whoever gets one must find his own packet in it, with all checksums
 * right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "ipvs/ipvs.h"
#include "packet/fnat_rig.h"

#define CPORT 40000
#define ISN   70000u

static const struct harness_options usual;

/* A connection whose client has sent `sent` last, which went on as `went`. */
struct talk {
	struct harness *h;
	struct rig_conn conn;
	struct packet sent, went;   /* client → server */
	struct packet answer, came; /* server → client: as it arrives here, as the client gets it */
	bool timestamps;
	char options[4][64];
};

/* TCP with timestamps, if all of a packet will be quoted: the checksum can follow only what it
 * quotes. */
static struct talk talk_new(uint8_t proto, bool timestamps)
{
	struct talk talk = { .h = rig_new(&usual), .timestamps = timestamps };

	rig_service(talk.h, proto == IPPROTO_TCP ? 't' : 'u', 1);
	talk.sent = (struct packet){ .src = CLIENT,
				     .dst = VIP,
				     .sport = CPORT,
				     .dport = 80,
				     .proto = proto,
				     .id = 3,
				     .payload = "to whom" };
	if (proto == IPPROTO_TCP) {
		talk.sent.seq = ISN;
		talk.sent.flags = SYN;
	}
	return talk;
}

/* The first packet goes through, and both sides' packets are known as they are before and behind
 * us. */
static void talk_open(struct talk *talk)
{
	uint8_t proto = talk->sent.proto;

	if (proto == IPPROTO_TCP && talk->timestamps) {
		snprintf(talk->options[0], 64, "0101 080a %08x %08x", 500, 0);
		talk->sent.options = talk->options[0];
	}
	rig_send(talk->h, CLIENT_SIDE, &talk->sent);
	talk->conn = rig_conn(talk->h, proto, CLIENT, CPORT);
	assert_int_not_equal(talk->conn.id, CONN_NONE);
	talk->went = talk->sent;
	talk->went.src = LADDR;
	talk->went.dst = SERVER;
	talk->went.sport = talk->conn.lport;
	talk->went.dport = 8080;
	talk->went.ttl = 63;
	talk->answer = (struct packet){ .src = SERVER,
					.dst = LADDR,
					.sport = 8080,
					.dport = talk->conn.lport,
					.proto = proto,
					.ttl = 62,
					.payload = "back" };
	talk->came = talk->answer;
	talk->came.src = VIP;
	talk->came.dst = CLIENT;
	talk->came.sport = 80;
	talk->came.dport = CPORT;
	talk->came.ttl = 61;
	if (proto == IPPROTO_TCP) {
		uint32_t shift = talk->conn.seq_delta;

		talk->went.seq += shift;
		talk->answer.flags = talk->came.flags = SYN | ACK;
		talk->answer.seq = talk->came.seq = 900;
		talk->answer.ack = ISN + 1 + shift;
		talk->came.ack = ISN + 1;
	}
	if (proto == IPPROTO_TCP && talk->timestamps) {
		uint32_t ts_shift = talk->conn.ts_delta;

		snprintf(talk->options[1], 64, "0101 080a %08x %08x", 500 + ts_shift, 0);
		talk->went.options = talk->options[1];
		snprintf(talk->options[2], 64, "0101 080a %08x %08x", 800, 500 + ts_shift);
		snprintf(talk->options[3], 64, "0101 080a %08x %08x", 800, 500);
		talk->answer.options = talk->options[2];
		talk->came.options = talk->options[3];
	}
	rig_expect(talk->h, SERVER_SIDE, &talk->went);
}

/* The error that `from` sends to `to`, about `about`, of which l4_len bytes of L4 are quoted (0:
 * all). */
struct error {
	uint8_t type, code;
	uint32_t rest;
	size_t l4_len;
};

static const struct error errors[] = {
	{ 3, 3, 0, 0 },     /* port unreachable, all quoted */
	{ 3, 3, 0, 8 },     /* as little as may be */
	{ 3, 1, 0, 17 },    /* cut within the TCP checksum */
	{ 3, 4, 1400, 20 }, /* fragmentation needed, with the MTU */
	{ 11, 0, 0, 24 },   /* time exceeded, cut within the payload */
	{ 12, 0, 5u << 24, 0 }, { 4, 0, 0, 8 },
};

static struct packet error_packet(const struct error *error, const char *from, const char *to,
				  const struct packet *about, uint8_t l4[FRAME_MAX])
{
	uint8_t quoted[FRAME_MAX];
	size_t len = packet_build(quoted, about);

	if (error->l4_len && 20 + error->l4_len < len)
		len = 20 + error->l4_len;
	return (struct packet){
		.src = from,
		.dst = to,
		.proto = IPPROTO_ICMP,
		.tos = 0xc0,
		.id = 77,
		.l4 = l4,
		.l4_len = icmp_build(l4, error->type, error->code, error->rest, quoted, len),
	};
}

/*
 * Sent by `from` on `side` about `about`; arrives on the other side as about `meant`, but with the
 * TTL that was left of it when it was quoted.
 */
static void check_error(struct talk *talk, const struct error *error, unsigned int side,
			const char *from, const struct packet *about, struct packet meant)
{
	uint8_t l4_in[FRAME_MAX], l4_out[FRAME_MAX];
	struct packet in = error_packet(error, from, about->src, about, l4_in), out;

	meant.ttl = about->ttl;
	out = error_packet(error, side == SERVER_SIDE ? VIP : LADDR, meant.src, &meant, l4_out);
	out.ttl = 63;
	rig_send(talk->h, side, &in);
	rig_expect(talk->h, !side, &out);
}

/*
 * The quoted L4 checksum follows by difference, so that it is right when it was right before and is
 * quoted; where only half of it is, both halves are left alone.
 */
static void check_all(uint8_t proto)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct talk talk = talk_new(proto, errors[i].l4_len == 0);

		talk_open(&talk);
		if (proto == IPPROTO_TCP && errors[i].l4_len == 17) {
			rig_end(talk.h); /* its own test below */
			continue;
		}
		check_error(&talk, &errors[i], SERVER_SIDE, SERVER, &talk.went, talk.sent);
		check_error(&talk, &errors[i], SERVER_SIDE, "192.168.0.254", &talk.went, talk.sent);
		rig_send(talk.h, SERVER_SIDE, &talk.answer);
		rig_expect(talk.h, CLIENT_SIDE, &talk.came);
		check_error(&talk, &errors[i], CLIENT_SIDE, CLIENT, &talk.came, talk.answer);
		check_error(&talk, &errors[i], CLIENT_SIDE, "10.0.0.109", &talk.came, talk.answer);
		assert_int_equal(harness_all_drops(talk.h), 0);
		assert_int_equal(rig_counts(talk.h, proto, 0).inpkts, 3);
		assert_int_equal(rig_counts(talk.h, proto, 0).outpkts, 3);
		rig_end(talk.h);
	}
}

static void test_tcp(void **state)
{
	check_all(IPPROTO_TCP);
}

static void test_udp(void **state)
{
	check_all(IPPROTO_UDP);
}

/* Cut within the TCP header: the sequence number is there, the rest that would change is not. */
static void test_tcp_cut(void **state)
{
	static const struct error error = { 3, 1, 0, 17 };
	struct talk talk = talk_new(IPPROTO_TCP, true);
	uint8_t l4[FRAME_MAX];
	struct packet packet;
	struct frame got;

	talk_open(&talk);
	packet = error_packet(&error, SERVER, LADDR, &talk.went, l4);
	rig_send(talk.h, SERVER_SIDE, &packet);
	got = rig_take(talk.h, CLIENT_SIDE);
	assert_int_equal(got.len, L4 + 8 + 20 + 17);
	assert_int_equal(frame_u32(&got, L4 + 8 + 20 + 4), ISN);
	assert_int_equal(got.bytes[L4 + 8 + 20 + 16], l4[8 + 20 + 16]);
	rig_end(talk.h);
}

/* An error changes neither state nor deadline: anybody can send one. */
static void test_error_keeps_nothing_alive(void **state)
{
	struct talk talk = talk_new(IPPROTO_TCP, true);
	uint32_t deadline;
	uint8_t before;

	talk_open(&talk);
	deadline = talk.conn.conn->deadline;
	before = talk.conn.conn->state;
	harness_advance(talk.h, 1000);
	check_error(&talk, &errors[0], SERVER_SIDE, SERVER, &talk.went, talk.sent);
	assert_int_equal(talk.conn.conn->deadline, deadline);
	assert_int_equal(talk.conn.conn->state, before);
	rig_end(talk.h);
}

static void test_wrong_checksum(void **state)
{
	struct talk talk = talk_new(IPPROTO_UDP, false);
	uint8_t l4[FRAME_MAX];
	struct packet packet;

	talk_open(&talk);
	packet = error_packet(&errors[0], SERVER, LADDR, &talk.went, l4);
	packet.damage = 1;
	rig_send(talk.h, SERVER_SIDE, &packet);
	rig_expect_nothing(talk.h);
	assert_int_equal(harness_drops(talk.h, DROP_ICMP_CHECKSUM), 1);
	rig_end(talk.h);
}

/* An error itself is never answered by one. */
static void test_ttl(void **state)
{
	struct talk talk = talk_new(IPPROTO_UDP, false);
	uint8_t l4[FRAME_MAX];
	struct packet packet;

	talk_open(&talk);
	packet = error_packet(&errors[0], SERVER, LADDR, &talk.went, l4);
	packet.ttl = 1;
	rig_send(talk.h, SERVER_SIDE, &packet);
	rig_expect_nothing(talk.h);
	assert_int_equal(harness_drops(talk.h, DROP_IPVS_TTL), 1);
	rig_end(talk.h);
}

/* What is malformed, or about no connection, goes nowhere near one. */
static void test_unrelated(void **state)
{
	struct talk talk = talk_new(IPPROTO_UDP, false);
	uint8_t l4[FRAME_MAX];
	struct packet about, packet;

	talk_open(&talk);
	for (unsigned int i = 0; i < 6; i++) {
		about = talk.went;
		packet = error_packet(&errors[0], SERVER, LADDR, &about, l4);
		switch (i) {
		case 0: /* another local port */
			about.sport ^= 1;
			packet = error_packet(&errors[0], SERVER, LADDR, &about, l4);
			break;
		case 1: /* quotes a packet that is not from whom it is sent to */
			packet.dst = VIP;
			break;
		case 2: /* a later fragment */
			about.fragment = 1;
			packet = error_packet(&errors[0], SERVER, LADDR, &about, l4);
			break;
		case 3: /* a header length beyond what is quoted */
			l4[8] = 0x4f;
			packet.l4_len = 8 + 28;
			break;
		case 4: /* less than 8 bytes of L4 */
			packet.l4_len = 8 + 27;
			break;
		default: /* another version */
			l4[8] = 0x65;
			break;
		}
		rig_send(talk.h, SERVER_SIDE, &packet);
		assert_int_equal(rig_take(talk.h, CLIENT_SIDE).len, 0);
	}
	assert_int_equal(rig_counts(talk.h, IPPROTO_UDP, 0).outpkts, 0);
	rig_end(talk.h);
}

/* The balancer itself answers to its addresses, the virtual and the local one. */
static void test_echo(void **state)
{
	static const struct {
		unsigned int side;
		const char *from, *to;
	} cases[] = { { CLIENT_SIDE, CLIENT, VIP }, { SERVER_SIDE, SERVER, LADDR } };
	struct harness *h = rig_new(&usual);

	rig_service(h, 't', 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t l4[64];
		struct packet packet = {
			.src = cases[i].from, .dst = cases[i].to, .proto = IPPROTO_ICMP, .l4 = l4
		};
		struct frame got;

		packet.l4_len = icmp_build(l4, 8, 0, 0x00070001, (const uint8_t *)"ping", 4);
		rig_send(h, cases[i].side, &packet);
		got = rig_take(h, cases[i].side);
		assert_int_equal(got.len, L4 + packet.l4_len);
		assert_int_equal(got.bytes[L4], 0);
		assert_int_equal(frame_u32(&got, L4 + 4), 0x00070001);
		assert_memory_equal(got.bytes + L4 + 8, "ping", 4);
		rig_expect_nothing(h);
	}
	rig_end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_tcp_cut),
		cmocka_unit_test(test_error_keeps_nothing_alive),
		cmocka_unit_test(test_wrong_checksum),
		cmocka_unit_test(test_ttl),
		cmocka_unit_test(test_unrelated),
		cmocka_unit_test(test_echo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
