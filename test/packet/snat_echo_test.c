/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SNAT of ICMP echo, of both families, on one worker and on three, whichever
 * queue a packet comes by: exact bytes both ways, errors about requests, what
 * outlives its service, and what does not go out. Ranges of few ports, or
 * identifiers, of a public address. Echoes in pieces and errors about them through services of
 * marks, too (all else of those: echo_test.c).
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

/*
 * mode: J, or b, m or g, of a service of a mark. In struct across then is whom the client pings the
 * vip, and the server sees a packet from laddr to server. With three workers TTLs stay (key
 * xmit_ttl off).
 */
static struct across echo_new(const struct harness_options *options, bool six, char mode)
{
	struct across a = {
		.h = across_networks(options),
		.six = six,
		.client = six ? CLIENT6 : CLIENT,
		.server = six ? SERVER6 : SERVER,
	};
	char line[128];

	a.vip = mode == 'J' ? a.server : six ? VIP6 : VIP;
	a.laddr = mode == 'J'   ? (six ? PUBLIC6 : PUBLIC)
		  : mode == 'b' ? (six ? LADDR6 : LADDR)
				: a.client;
	harness_keep_ttl(a.h, options == &three);
	if (mode == 'J') {
		harness_run(a.h, "ipvsadm -A -H " MATCH " -s rr");
		harness_run(a.h, "ipvsadm -a -H " MATCH " -r " PUBLIC " -J");
		harness_run(a.h, "ipvsadm -A -H " MATCH6 " -s rr");
		harness_run(a.h, "ipvsadm -a -H " MATCH6 " -r " PUBLIC6 " -J");
	} else {
		snprintf(line, sizeof(line), "dpip mark add to %s proto icmp mark 1", a.vip);
		harness_run(a.h, line);
		harness_run(a.h, six ? "ipvsadm -A -f 1 -6 -s rr" : "ipvsadm -A -f 1 -s rr");
		harness_run(a.h, six ? "ipvsadm -P -f 1 -6 -z " LADDR6 " -F dpdk1"
				     : "ipvsadm -P -f 1 -z " LADDR " -F dpdk1");
		snprintf(line, sizeof(line), "ipvsadm -a -f 1 %s -r %s -%c", six ? "-6" : "",
			 a.server, mode);
		harness_run(a.h, line);
	}
	if (mode == 'g')
		a.server = a.vip;
	across_settle(&a);
	return a;
}

static struct across snat_new(const struct harness_options *options, bool six)
{
	return echo_new(options, six, 'J');
}

/* Sent by the client, expected outside with the public address and some identifier: which it is. */
static uint16_t ping(struct across *a, unsigned int queue, uint16_t id, uint16_t seq)
{
	uint8_t l4[64], ip[FRAME_MAX];
	struct packet packet = across_echo(l4, true, a->client, a->vip, id, seq);
	size_t at = L3 + (a->six ? IP6 : 20), len;
	uint16_t outside;
	struct frame got;

	across_send(a, CLIENT_SIDE, queue, &packet);
	got = rig_take(a->h, SERVER_SIDE);
	assert_true(got.len > at + 8);
	outside = frame_u16(&got, at + 4);
	packet = across_echo(l4, true, a->laddr, a->server, outside, seq);
	packet.ttl = harness_ttl(a->h, LIFE);
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
	packet = across_echo(l4, false, a->vip, a->client, id, seq);
	packet.ttl = harness_ttl(a->h, LIFE);
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

/* A request from there, of a flow: an echo's identifier, or a datagram's port. */
static struct packet asks(const struct across *a, bool echo, uint8_t *l4, const char *from,
			  uint16_t flow)
{
	if (echo)
		return across_echo(l4, true, from, a->server, flow, 0);
	return (struct packet){ .src = from,
				.dst = a->server,
				.sport = flow,
				.dport = 53,
				.proto = IPPROTO_UDP,
				.payload = "who?" };
}

static struct packet answers(const struct across *a, bool echo, uint8_t *l4, const char *to,
			     uint16_t flow)
{
	if (echo)
		return across_echo(l4, false, a->server, to, flow, 0);
	return (struct packet){ .src = a->server,
				.dst = to,
				.sport = 53,
				.dport = flow,
				.proto = IPPROTO_UDP,
				.payload = "me" };
}

/* Goes out by a port of the range; which is returned. */
static uint16_t out_by(struct across *a, bool echo, unsigned int queue, uint16_t flow,
		       uint16_t first, uint16_t last)
{
	size_t at = L3 + (a->six ? IP6 : 20u) + (echo ? 4 : 0), len;
	uint8_t l4[64], ip[FRAME_MAX];
	struct packet packet = asks(a, echo, l4, a->client, flow);
	struct frame got;

	across_send(a, CLIENT_SIDE, queue, &packet);
	got = rig_take(a->h, SERVER_SIDE);
	assert_true(got.len > at + 8);
	assert_in_range(frame_u16(&got, at), first, last);
	packet = asks(a, echo, l4, a->laddr, frame_u16(&got, at));
	packet.ttl = LIFE - 1;
	packet.id = a->six ? 0 : frame_u16(&got, L3 + 4);
	len = across_build(ip, &packet);
	assert_int_equal(got.len, L3 + len);
	assert_memory_equal(got.bytes + L3, ip, len);
	return frame_u16(&got, at);
}

/* A range of few ports is of use to its last one, whichever worker the clients come by. */
static void check_few(const struct harness_options *options, bool six, bool echo, uint16_t n_ports)
{
	struct across a = { .h = across_networks(options),
			    .six = six,
			    .client = six ? CLIENT6 : CLIENT,
			    .laddr = six ? PUBLIC6 : PUBLIC,
			    .server = six ? SERVER6 : SERVER };
	const char *match = echo ? (six ? MATCH6 : MATCH)
				 : (six ? "proto=udp,src-range=2001:db8::/64,oif=dpdk1"
					: "proto=udp,src-range=10.0.0.0-10.0.0.255,oif=dpdk1");
	const uint16_t first = 5000, last = (uint16_t)(first + n_ports - 1);
	struct packet packet, want;
	uint8_t l4[64], want_l4[64];
	bool seen[64] = { false };
	char line[192];

	snprintf(line, sizeof(line), "ipvsadm -A -H %s -s rr", match);
	harness_run(a.h, line);
	snprintf(line, sizeof(line), "ipvsadm -a -H %s -r %s%s%s:%u-%u -J", match, six ? "[" : "",
		 a.laddr, six ? "]" : "", first, last);
	harness_run(a.h, line);
	across_settle(&a);
	for (unsigned int round = 0; round < 2; round++) {
		memset(seen, 0, sizeof(seen));
		for (uint16_t flow = 0; flow < n_ports; flow++) {
			uint16_t id = (uint16_t)(30000 + 100 * round + flow);
			uint16_t port = out_by(&a, echo, flow % a.h->n_workers, id, first, last);

			assert_false(seen[port - first]);
			seen[port - first] = true;
			packet = answers(&a, echo, l4, a.laddr, port);
			want = answers(&a, echo, want_l4, a.client, id);
			want.ttl = LIFE - 1;
			for (unsigned int queue = 0; queue < a.h->n_workers; queue++) {
				assert_int_equal(out_by(&a, echo, queue, id, first, last), port);
				across_send(&a, SERVER_SIDE, queue, &packet);
				across_expect(&a, CLIENT_SIDE, &want);
			}
		}
		packet = asks(&a, echo, l4, a.client, 9);
		across_send(&a, CLIENT_SIDE, round % a.h->n_workers, &packet);
		assert_int_equal(rig_take(a.h, CLIENT_SIDE).bytes[L3 + (six ? IP6 : 20u)],
				 six ? 1 : 3); /* unreachable */
		rig_expect_nothing(a.h);
		assert_int_equal(harness_drops(a.h, DROP_IPVS_NO_PORT), round + 1);
		assert_int_equal(harness_all_drops(a.h), round + 1);
		assert_int_equal(rig_conns(a.h), n_ports);
		harness_advance(a.h, 310000);
	}
	rig_end(a.h);
}

static void test_few_ports(void **state)
{
	const struct harness_options rss = { .n_workers = 3,
					     .rss_entries = { 128, 512 },
					     .forwarding = true };
	const uint16_t sizes[] = { 1, 2, 8, 63 };

	for (unsigned int row = 0; row < 4; row++)
		for (unsigned int size = 0; size < RTE_DIM(sizes); size++) {
			check_few(&one, row & 1, row & 2, sizes[size]);
			check_few(&three, row & 1, row & 2, sizes[size]);
			check_few(&rss, row & 1, row & 2, sizes[size]);
		}
}

/* In two pieces, of 8 and 5 bytes. */
static void check_pieces(const struct harness_options *options, bool six, char mode)
{
	struct across a = echo_new(options, six, mode);

	for (uint16_t id = 1; id <= 8; id++) {
		struct whole whole = { 0 }, piece;
		uint16_t outside = ping(&a, 0, id, 0);
		uint32_t named = strchr("bJ", mode) ? FRAG_ANY : 99,
			 back = mode == 'J' ? 98 : FRAG_ANY;
		uint8_t l4[64];
		struct packet packet = across_echo(l4, true, a.client, a.vip, id, 1);

		whole.len = across_build(whole.bytes, &packet);
		for (size_t i = 0; i < 2; i++) {
			size_t at = (i ^ (id & 1)) * 8;

			piece = frag_piece(&whole, at, at ? 5 : 8, 99);
			frag_send(a.h, CLIENT_SIDE, i % a.h->n_workers, &piece);
		}
		packet = across_echo(l4, true, a.laddr, a.server, outside, 1);
		packet.ttl = harness_ttl(a.h, LIFE);
		whole.len = across_build(whole.bytes, &packet);
		for (size_t at = 0; at < 13; at += 8)
			frag_expect_piece(a.h, SERVER_SIDE, &whole, at, at ? 5 : 8, &named, 99, 0);
		rig_expect_nothing(a.h);
		if (mode == 'g')
			continue;
		packet = across_echo(l4, false, a.server, a.laddr, outside, 1);
		whole.len = across_build(whole.bytes, &packet);
		for (size_t at = 0; at < 13; at += 8) {
			piece = frag_piece(&whole, at, at ? 5 : 8, 98);
			frag_send(a.h, SERVER_SIDE, (id + at) % a.h->n_workers, &piece);
		}
		packet = across_echo(l4, false, a.vip, a.client, id, 1);
		packet.ttl = harness_ttl(a.h, LIFE);
		whole.len = across_build(whole.bytes, &packet);
		for (size_t at = 0; at < 13; at += 8)
			frag_expect_piece(a.h, CLIENT_SIDE, &whole, at, at ? 5 : 8, &back,
					  mode == 'J' ? 0 : 98, 0);
	}
	assert_int_equal(harness_all_drops(a.h), 0);
	rig_end(a.h);
}

static void test_pieces(void **state)
{
	for (const char *mode = "Jbmg"; *mode; mode++) {
		check_pieces(&one, false, *mode);
		check_pieces(&three, false, *mode);
		check_pieces(&one, true, *mode);
		check_pieces(&three, true, *mode);
	}
}

/* A router outside tells the client of its own request; through a service it is the virtual
 * address's word. */
/* About a reply, from a router on the way to the client. */
static void check_reply_error(struct across *a, char mode, unsigned int queue, uint16_t outside)
{
	const char *router = a->six ? "2001:db8::fe" : "10.0.0.77";
	uint8_t l4[64], error_l4[FRAME_MAX];
	uint16_t code = a->six ? 0x0300 : 0x0b00;
	struct packet about = across_echo(l4, false, a->vip, a->client, 77, 1), error, want;

	error = across_error_packet(router, a->vip, code, 0, &about, 0, error_l4);
	across_send(a, CLIENT_SIDE, queue, &error);
	about = across_echo(l4, false, a->server, a->laddr, outside, 1);
	want = across_error_packet(strchr("bJ", mode) ? a->laddr : router, a->server, code, 0,
				   &about, 0, error_l4);
	want.ttl = harness_ttl(a->h, LIFE);
	across_expect(a, SERVER_SIDE, &want);
}

static void check_error(const struct harness_options *options, bool six, char mode)
{
	const char *router = six ? "2001:db8:1::fe" : "192.168.0.254";
	struct across a = echo_new(options, six, mode);
	uint8_t l4[64], error_l4[FRAME_MAX], want_l4[FRAME_MAX];
	uint16_t outside = ping(&a, 0, 77, 1), code = six ? 0x0300 : 0x0b00;

	for (unsigned int queue = 0; queue < a.h->n_workers; queue++) {
		struct packet about = across_echo(l4, true, a.laddr, a.server, outside, 1), error;
		struct packet want;

		error = across_error_packet(router, a.laddr, code, 0, &about, 0, error_l4);
		across_send(&a, SERVER_SIDE, queue, &error);
		about = across_echo(l4, true, a.client, a.vip, 77, 1);
		want = across_error_packet(strchr("Jg", mode) ? router : a.vip, a.client, code, 0,
					   &about, 0, want_l4);
		want.ttl = harness_ttl(a.h, LIFE);
		across_expect(&a, CLIENT_SIDE, &want);
		check_reply_error(&a, mode, queue, outside);
	}
	assert_int_equal(harness_all_drops(a.h), 0);
	rig_end(a.h);
}

static void test_error(void **state)
{
	for (const char *mode = "Jbmg"; *mode; mode++) {
		check_error(&one, false, *mode);
		check_error(&three, false, *mode);
		check_error(&one, true, *mode);
		check_error(&three, true, *mode);
	}
}

/* Connections outlive their service; new ones are not opened. */
static void check_removed(const struct harness_options *options)
{
	struct across a = snat_new(options, false);
	uint16_t outside = ping(&a, 0, 5, 0);

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
		cmocka_unit_test(test_flows),     cmocka_unit_test(test_error),
		cmocka_unit_test(test_removed),   cmocka_unit_test(test_unmatched),
		cmocka_unit_test(test_refused),   cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_few_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
