/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SNAT of ICMP echo, of both families, on one worker and on three, whichever
 * queue a packet comes by: exact bytes both ways, errors about requests, what
 * outlives its service, and what does not go out.
 *
 *	clients of dpdk0 — hosts of dpdk1, public 192.168.0.201 and 2001:db8:1::201
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "packet/across_rig.h"
#include "packet/frag_rig.h"

#define FLOWS   20
#define PUBLIC  "192.168.0.201"
#define PUBLIC6 "2001:db8:1::201"

#define MATCH  "proto=icmp,src-range=10.0.0.0-10.0.0.255,oif=dpdk1"
#define MATCH6 "proto=icmp6,src-range=2001:db8::/64,oif=dpdk1"

static const struct harness_options one = { .forwarding = true },
				    three = { .n_workers = 3, .forwarding = true };

/* The names of struct across: the server is whom the client pings, laddr the public address. */
static struct across snat_new(const struct harness_options *options, bool six)
{
	struct across a = {
		.h = across_networks(options),
		.six = six,
		.client = six ? CLIENT6 : CLIENT,
		.laddr = six ? PUBLIC6 : PUBLIC,
		.server = six ? SERVER6 : SERVER,
	};

	harness_run(a.h, "ipvsadm -A -H " MATCH " -s rr");
	harness_run(a.h, "ipvsadm -a -H " MATCH " -r " PUBLIC " -J");
	harness_run(a.h, "ipvsadm -A -H " MATCH6 " -s rr");
	harness_run(a.h, "ipvsadm -a -H " MATCH6 " -r " PUBLIC6 " -J");
	across_settle(&a);
	return a;
}

/* Sent by the client, expected outside with the public address and some identifier: which it is. */
static uint16_t ping(struct across *a, unsigned int queue, uint16_t id, uint16_t seq)
{
	uint8_t l4[64], ip[FRAME_MAX];
	struct packet packet = across_echo(l4, true, a->client, a->server, id, seq);
	size_t at = L3 + (a->six ? IP6 : 20), len;
	uint16_t outside;
	struct frame got;

	across_send(a, CLIENT_SIDE, queue, &packet);
	got = rig_take(a->h, SERVER_SIDE);
	assert_true(got.len > at + 8);
	outside = frame_u16(&got, at + 4);
	packet = across_echo(l4, true, a->laddr, a->server, outside, seq);
	packet.ttl = LIFE - 1;
	len = across_build(ip, &packet);
	assert_int_equal(got.len, L3 + len);
	assert_memory_equal(got.bytes + L3, ip, len);
	rig_expect_nothing(a->h);
	return outside;
}

static void pong(struct across *a, unsigned int queue, uint16_t outside, uint16_t id, uint16_t seq)
{
	uint8_t l4[64];
	struct packet packet = across_echo(l4, false, a->server, a->laddr, outside, seq);

	across_send(a, SERVER_SIDE, queue, &packet);
	packet = across_echo(l4, false, a->server, a->client, id, seq);
	packet.ttl = LIFE - 1;
	across_expect(a, CLIENT_SIDE, &packet);
}

static void check_flows(const struct harness_options *options, bool six)
{
	struct across a = snat_new(options, six);
	uint16_t seen[FLOWS];

	for (uint16_t flow = 0; flow < FLOWS; flow++) {
		uint16_t id = (uint16_t)(flow * 3000); /* 0 is one like others */

		seen[flow] = ping(&a, flow % a.h->n_workers, id, 0);
		for (unsigned int i = 0; i < flow; i++)
			assert_int_not_equal(seen[flow], seen[i]);
		for (uint16_t queue = 0; queue < a.h->n_workers; queue++) {
			pong(&a, queue, seen[flow], id, queue);
			assert_int_equal(ping(&a, queue, id, (uint16_t)(queue + 1)), seen[flow]);
		}
	}
	assert_int_equal(rig_conns(a.h), FLOWS);
	assert_int_equal(harness_all_drops(a.h), 0);
	rig_end(a.h);
}

static void test_flows(void **state)
{
	check_flows(&one, false);
	check_flows(&three, false);
	check_flows(&one, true);
	check_flows(&three, true);
}

/* In two pieces, of 8 and 5 bytes. */
static void check_pieces(const struct harness_options *options, bool six)
{
	struct across a = snat_new(options, six);

	for (uint16_t id = 1; id <= 8; id++) {
		struct whole whole = { 0 }, piece;
		uint16_t outside = ping(&a, 0, id, 0);
		uint32_t named = FRAG_ANY;
		uint8_t l4[64];
		struct packet packet = across_echo(l4, true, a.client, a.server, id, 1);

		whole.len = across_build(whole.bytes, &packet);
		for (size_t i = 0; i < 2; i++) {
			size_t at = (i ^ (id & 1)) * 8;

			piece = frag_piece(&whole, at, at ? 5 : 8, 99);
			frag_send(a.h, CLIENT_SIDE, i % a.h->n_workers, &piece);
		}
		packet = across_echo(l4, true, a.laddr, a.server, outside, 1);
		packet.ttl = LIFE - 1;
		whole.len = across_build(whole.bytes, &packet);
		for (size_t at = 0; at < 13; at += 8)
			frag_expect_piece(a.h, SERVER_SIDE, &whole, at, at ? 5 : 8, &named, 99, 0);
		packet = across_echo(l4, false, a.server, a.laddr, outside, 1);
		whole.len = across_build(whole.bytes, &packet);
		for (size_t at = 0; at < 13; at += 8) {
			piece = frag_piece(&whole, at, at ? 5 : 8, 98);
			frag_send(a.h, SERVER_SIDE, (id + at) % a.h->n_workers, &piece);
		}
		packet = across_echo(l4, false, a.server, a.client, id, 1);
		packet.ttl = LIFE - 1;
		whole.len = across_build(whole.bytes, &packet);
		for (size_t at = 0; at < 13; at += 8) {
			piece = frag_piece(&whole, at, at ? 5 : 8, 98);
			frag_expect(a.h, CLIENT_SIDE, &piece, 0);
		}
	}
	assert_int_equal(harness_all_drops(a.h), 0);
	rig_end(a.h);
}

static void test_pieces(void **state)
{
	check_pieces(&one, false);
	check_pieces(&three, false);
	check_pieces(&one, true);
	check_pieces(&three, true);
}

/* A router outside tells the client of its own request. */
static void check_error(const struct harness_options *options, bool six)
{
	const char *router = six ? "2001:db8:1::fe" : "192.168.0.254";
	struct across a = snat_new(options, six);
	uint8_t l4[64], error_l4[FRAME_MAX], want_l4[FRAME_MAX];
	uint16_t outside = ping(&a, 0, 77, 1), code = six ? 0x0300 : 0x0b00;

	for (unsigned int queue = 0; queue < a.h->n_workers; queue++) {
		struct packet about = across_echo(l4, true, a.laddr, a.server, outside, 1), error;
		struct packet want;

		error = across_error_packet(router, a.laddr, code, 0, &about, 0, error_l4);
		across_send(&a, SERVER_SIDE, queue, &error);
		about = across_echo(l4, true, a.client, a.server, 77, 1);
		want = across_error_packet(router, a.client, code, 0, &about, 0, want_l4);
		want.ttl = LIFE - 1;
		across_expect(&a, CLIENT_SIDE, &want);
	}
	assert_int_equal(harness_all_drops(a.h), 0);
	rig_end(a.h);
}

static void test_error(void **state)
{
	check_error(&one, false);
	check_error(&three, false);
	check_error(&one, true);
	check_error(&three, true);
}

/* Connections outlive their service; new ones are not opened. */
static void check_removed(const struct harness_options *options)
{
	struct across a = snat_new(options, false);
	uint16_t outside = ping(&a, 0, 5, 0);

	harness_run(a.h, "dpip addr add " PUBLIC "/32 dev dpdk1");
	harness_run(a.h, "ipvsadm -D -H " MATCH);
	across_settle(&a);
	for (uint16_t queue = 0; queue < a.h->n_workers; queue++) {
		assert_int_equal(ping(&a, queue, 5, queue), outside);
		pong(&a, queue, outside, 5, queue);
	}
	rig_end(a.h);
}

static void test_removed(void **state)
{
	check_removed(&one);
	check_removed(&three);
}

/* What comes the other way, and what is for us: as ever. */
static void test_unmatched(void **state)
{
	struct across a = snat_new(&one, false);
	uint8_t l4[64];
	struct packet packet = across_echo(l4, true, a.server, a.client, 9, 1);

	across_send(&a, SERVER_SIDE, 0, &packet);
	packet.ttl = LIFE - 1;
	across_expect(&a, CLIENT_SIDE, &packet);
	packet = across_echo(l4, true, a.server, PUBLIC, 9, 1);
	across_send(&a, SERVER_SIDE, 0, &packet);
	assert_int_equal(rig_take(a.h, SERVER_SIDE).bytes[L4], 0);
	packet = across_echo(l4, true, a.client, "10.0.0.1", 9, 1);
	across_send(&a, CLIENT_SIDE, 0, &packet);
	assert_int_equal(rig_take(a.h, CLIENT_SIDE).bytes[L4], 0);
	assert_int_equal(rig_conns(a.h), 0);
	rig_end(a.h);
}

/* No public address: the client is told. Nothing leaves with the client's own address. */
static void test_refused(void **state)
{
	struct across a = snat_new(&one, false);
	uint8_t l4[FRAME_MAX] = { 8 };
	struct packet packet = across_echo(l4, true, a.client, a.server, 9, 1);

	l4[0] = 13; /* no echo */
	packet.fragment = 0x2000;
	across_send(&a, CLIENT_SIDE, 0, &packet);
	packet.fragment = 1;
	across_send(&a, CLIENT_SIDE, 0, &packet);
	rig_expect_nothing(a.h);
	assert_int_equal(harness_drops(a.h, DROP_IPVS_FRAGMENT), 2);
	l4[0] = 8;
	packet.fragment = 0;
	harness_run(a.h, "ipvsadm -d -H " MATCH " -r " PUBLIC);
	across_send(&a, CLIENT_SIDE, 0, &packet);
	rig_expect_icmp(a.h, CLIENT_SIDE, 3, 1, "10.0.0.1", 0, &packet);
	assert_int_equal(harness_drops(a.h, DROP_IPVS_NO_SERVER), 1);
	assert_string_equal(harness_refused(a.h, "ipvsadm -A -H proto=icmp,dst-range=:5 -s rr"),
			    "ICMP match to ports 5-5: echoes have no ports; allowed: addresses");
	rig_end(a.h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flows),   cmocka_unit_test(test_error),
		cmocka_unit_test(test_removed), cmocka_unit_test(test_unmatched),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
