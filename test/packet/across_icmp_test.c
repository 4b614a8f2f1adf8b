/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * FNAT between families, ICMP errors: from either side, from an end or a router
 * on the way, each in the words of the other family (RFC 7915 4.2, 5.2) or
 * dropped if it has none. Whoever gets one finds in it his own packet, in his
 * own family, with all checksums right.
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
#include "packet/across_rig.h"

#define ROUTER  "192.168.0.254"
#define ROUTER6 "2001:db8:1::fe"

static const struct harness_options one, three = { .n_workers = 3 };

struct word {
	uint16_t type_code;
	uint32_t rest;
};

/* What one family says, and what the other gets: type and code in one, and the second word. */
struct error {
	struct word in, out; /* out.type_code NONE: nothing */
};

#define NONE 0xffff

static const struct error from_four[] = {
	{ { 0x0300, 0 }, { 0x0100, 0 } },
	{ { 0x0301, 0 }, { 0x0100, 0 } },
	{ { 0x0302, 0 }, { 0x0401, 6 } },
	{ { 0x0303, 0 }, { 0x0104, 0 } },
	{ { 0x0304, 1400 }, { 0x0200, 1420 } }, /* 20 bytes more are IPv6's header */
	{ { 0x0304, 576 }, { 0x0200, 1280 } },  /* no IPv6 sender goes below */
	{ { 0x0304, 9000 }, { 0x0200, 1500 } }, /* the way to the client has less */
	{ { 0x0304, 0 }, { 0x0200, 1280 } },    /* of a router that tells no size: a plateau */
	{ { 0x0305, 0 }, { 0x0100, 0 } },
	{ { 0x0306, 0 }, { 0x0100, 0 } },
	{ { 0x0307, 0 }, { 0x0100, 0 } },
	{ { 0x0308, 0 }, { 0x0100, 0 } },
	{ { 0x0309, 0 }, { 0x0101, 0 } },
	{ { 0x030a, 0 }, { 0x0101, 0 } },
	{ { 0x030b, 0 }, { 0x0100, 0 } },
	{ { 0x030c, 0 }, { 0x0100, 0 } },
	{ { 0x030d, 0 }, { 0x0101, 0 } },
	{ { 0x030e, 0 }, { NONE, 0 } },
	{ { 0x030f, 0 }, { 0x0101, 0 } },
	{ { 0x0310, 0 }, { NONE, 0 } },
	{ { 0x0400, 0 }, { NONE, 0 } },
	{ { 0x0b00, 0 }, { 0x0300, 0 } },
	{ { 0x0b01, 0 }, { 0x0301, 0 } },
	{ { 0x0c00, 1u << 24 }, { 0x0400, 1 } },
	{ { 0x0c00, 3u << 24 }, { 0x0400, 4 } },
	{ { 0x0c00, 8u << 24 }, { 0x0400, 7 } },
	{ { 0x0c00, 9u << 24 }, { 0x0400, 6 } },
	{ { 0x0c00, 13u << 24 }, { 0x0400, 8 } },
	{ { 0x0c02, 19u << 24 }, { 0x0400, 24 } },
	{ { 0x0c00, 4u << 24 }, { NONE, 0 } },
	{ { 0x0c00, 20u << 24 }, { NONE, 0 } },
	{ { 0x0c01, 0 }, { NONE, 0 } },
};

static const struct error from_six[] = {
	{ { 0x0100, 0 }, { 0x0301, 0 } },         { { 0x0101, 0 }, { 0x030a, 0 } },
	{ { 0x0102, 0 }, { 0x0301, 0 } },         { { 0x0103, 0 }, { 0x0301, 0 } },
	{ { 0x0104, 0 }, { 0x0303, 0 } },         { { 0x0105, 0 }, { NONE, 0 } },
	{ { 0x0106, 0 }, { NONE, 0 } },           { { 0x0200, 1400 }, { 0x0304, 1380 } },
	{ { 0x0200, 1000 }, { 0x0304, 1260 } },   { { 0x0200, 70000 }, { 0x0304, 1500 } },
	{ { 0x0300, 0 }, { 0x0b00, 0 } },         { { 0x0301, 0 }, { 0x0b01, 0 } },
	{ { 0x0400, 0 }, { 0x0c00, 0 } },         { { 0x0400, 1 }, { 0x0c00, 1u << 24 } },
	{ { 0x0400, 2 }, { NONE, 0 } },           { { 0x0400, 5 }, { 0x0c00, 2u << 24 } },
	{ { 0x0400, 6 }, { 0x0c00, 9u << 24 } },  { { 0x0400, 7 }, { 0x0c00, 8u << 24 } },
	{ { 0x0400, 9 }, { 0x0c00, 12u << 24 } }, { { 0x0400, 30 }, { 0x0c00, 16u << 24 } },
	{ { 0x0400, 40 }, { NONE, 0 } },          { { 0x0401, 6 }, { 0x0302, 0 } },
	{ { 0x0402, 0 }, { NONE, 0 } },
};

/* The other family's error arrives there; `meant` is what is quoted as its receiver had sent it. */
static void check_error(struct across *a, const struct error *error, unsigned int side,
			unsigned int queue, const char *from, const struct packet *about,
			struct packet meant)
{
	bool six_there = (side == SERVER_SIDE) == a->six; /* who gets it */
	uint64_t before = harness_drops(a->h, DROP_IPVS_CROSS_ICMP);
	uint8_t l4_in[FRAME_MAX], l4_out[FRAME_MAX];
	struct packet in = across_error_packet(from, about->src, error->in.type_code,
					       error->in.rest, about, 0, l4_in);
	struct packet out;
	struct frame got;

	in.tos = 0xc0;
	across_send(a, side, queue, &in);
	if (error->out.type_code == NONE) {
		rig_expect_nothing(a->h);
		assert_int_equal(harness_drops(a->h, DROP_IPVS_CROSS_ICMP), before + 1);
		return;
	}
	got = rig_take(a->h, !side);
	assert_true(got.len > L3 + 20 + 8 + 20);
	meant.ttl = about->ttl;
	/* what has no identification gets one */
	meant.id = six_there ? 0 : frame_u16(&got, L3 + 20 + 8 + 4);
	out = across_error_packet(side == SERVER_SIDE ? a->vip : a->laddr, meant.src,
				  error->out.type_code, error->out.rest, &meant, 0, l4_out);
	out.ttl = harness_ttl(a->h, LIFE);
	out.tos = 0xc0;
	out.id = six_there ? 0 : frame_u16(&got, L3 + 4);
	across_build(l4_in, &out);
	assert_int_equal(got.len, L3 + across_build(l4_in, &out));
	assert_memory_equal(got.bytes + L3, l4_in, got.len - L3);
	rig_expect_nothing(a->h);
}

/* About what the client sent; both the server and a router before it say so. */
static void check_in(struct across *a)
{
	const struct error *errors = a->six ? from_four : from_six;
	size_t n = a->six ? sizeof(from_four) / sizeof(from_four[0])
			  : sizeof(from_six) / sizeof(from_six[0]);
	struct packet sent, went;

	across_open(a, &sent, &went);
	for (size_t i = 0; i < n; i++)
		check_error(a, &errors[i], SERVER_SIDE, i % a->h->n_workers,
			    i % 2    ? a->server
			    : a->six ? ROUTER
				     : ROUTER6,
			    &went, sent);
}

/* About what the server answered. */
static void check_out(struct across *a)
{
	const struct error *errors = a->six ? from_six : from_four;
	size_t n = a->six ? sizeof(from_six) / sizeof(from_six[0])
			  : sizeof(from_four) / sizeof(from_four[0]);
	struct rig_conn conn = across_conn(a);
	struct packet answer = across_from_server(a, &conn), came;

	across_send(a, SERVER_SIDE, 0, &answer);
	came = across_at_client(a, &conn, answer);
	across_expect(a, CLIENT_SIDE, &came);
	for (size_t i = 0; i < n; i++)
		check_error(a, &errors[i], CLIENT_SIDE, i % a->h->n_workers,
			    i % 2    ? a->client
			    : a->six ? "2001:db8::fe"
				     : "10.0.0.109",
			    &came, answer);
}

static void check_all(const struct harness_options *options, uint8_t proto)
{
	for (unsigned int six = 0; six < 2; six++) {
		struct across a = across_new(options, six, proto);

		harness_keep_ttl(a.h, options == &three); /* key xmit_ttl off */
		check_in(&a);
		check_out(&a);
		across_end(&a);
	}
}

static void test_udp(void **state)
{
	check_all(&one, IPPROTO_UDP);
	check_all(&three, IPPROTO_UDP);
}

static void test_tcp(void **state)
{
	check_all(&one, IPPROTO_TCP);
	check_all(&three, IPPROTO_TCP);
}

static void test_sctp(void **state)
{
	check_all(&one, IPPROTO_SCTP);
	check_all(&three, IPPROTO_SCTP);
}

/* As little as IPv4 routers must quote, 8 bytes: ports, and the sequence number as it was. */
static void test_short(void **state)
{
	struct across a = across_new(&one, true, IPPROTO_TCP);
	struct packet sent, went, error;
	uint8_t l4[FRAME_MAX];
	struct frame got;

	across_open(&a, &sent, &went);
	error = across_error_packet(ROUTER, went.src, 0x0b00, 0, &went, 28, l4);
	across_send(&a, SERVER_SIDE, 0, &error);
	got = rig_take(a.h, CLIENT_SIDE);
	assert_int_equal(got.len, L3 + IP6 + 8 + IP6 + 8);
	assert_int_equal(frame_u16(&got, L3 + IP6), 0x0300);
	assert_int_equal(rig6_sum(got.bytes + L3, IP6, got.len - L3, IPPROTO_ICMPV6), 0);
	assert_int_equal(frame_u16(&got, L3 + IP6 + 8 + 4), 25); /* all of the payload's length */
	assert_int_equal(frame_u16(&got, L3 + IP6 + 8 + IP6), CPORT);
	assert_int_equal(frame_u16(&got, L3 + IP6 + 8 + IP6 + 2), 80);
	assert_int_equal(frame_u32(&got, L3 + IP6 + 8 + IP6 + 4), TCP_ISN);
	across_end(&a);
}

/* An error is no longer than IPv6's least MTU, whatever the other family quotes. */
static void test_long(void **state)
{
	struct across a = across_new(&one, true, IPPROTO_UDP);
	struct packet packet = across_from_client(&a), went, error;
	uint8_t l4[FRAME_MAX], bytes[FRAME_MAX];
	struct rig_conn conn;
	struct frame got;

	packet.filler = 1380;
	across_send(&a, CLIENT_SIDE, 0, &packet);
	conn = across_conn(&a);
	went = across_at_server(&a, &conn, packet);
	went.fragment = 0x4000;
	across_expect(&a, SERVER_SIDE, &went);
	error = across_error_packet(ROUTER, went.src, 0x0304, 1300, &went, 0, l4);
	across_send(&a, SERVER_SIDE, 0, &error);
	got = rig_take(a.h, CLIENT_SIDE);
	assert_int_equal(got.len, L3 + 1280);
	assert_int_equal(frame_u16(&got, L3 + 4), 1280 - IP6);
	assert_int_equal(frame_u32(&got, L3 + IP6 + 4), 1320);
	assert_int_equal(rig6_sum(got.bytes + L3, IP6, got.len - L3, IPPROTO_ICMPV6), 0);
	packet.ttl = LIFE - 1;
	across_build(bytes, &packet);
	assert_memory_equal(got.bytes + L3 + IP6 + 8, bytes, 1280 - IP6 - 8);
	rig_expect_nothing(a.h);
	across_end(&a);
}

/* What is damaged, of the last hop, or a fragment goes nowhere. */
static void check_refused(const struct harness_options *options, bool six)
{
	struct across a = across_new(options, six, IPPROTO_UDP);
	struct packet sent, went, error;
	uint8_t l4[FRAME_MAX];

	across_open(&a, &sent, &went);
	error = across_error_packet(a.server, went.src, six ? 0x0303 : 0x0104, 0, &went, 0, l4);
	error.damage = 1;
	across_send(&a, SERVER_SIDE, 0, &error);
	rig_expect_nothing(a.h);
	assert_int_equal(harness_drops(a.h, DROP_ICMP_CHECKSUM), 1);
	error.damage = 0;
	error.ttl = 1;
	across_send(&a, SERVER_SIDE, 0, &error);
	rig_expect_nothing(a.h);
	assert_int_equal(harness_drops(a.h, DROP_IPVS_TTL), 1);
	error.ttl = LIFE;
	if (six) {
		error.fragment = 0x2000;
		across_send(&a, SERVER_SIDE, 0, &error);
		rig_expect_nothing(a.h);
	}
	across_end(&a);
}

static void test_refused(void **state)
{
	check_refused(&one, true);
	check_refused(&one, false);
	check_refused(&three, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_udp),  cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_sctp), cmocka_unit_test(test_short),
		cmocka_unit_test(test_long), cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
