/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP echo through a service of a mark: every mode, both families, on one
 * worker and on three, whichever queue a packet comes by; and addresses that answer
 * by themselves, since no rule says otherwise. (Errors about echoes: snat_echo_test.c.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "ipvs/ipvs.h"
#include "ipvs/proto/echo.h"
#include "packet/fnat_rig.h"
#include "packet/frag_rig.h"
#include "packet/ip4_rig.h"

#define FLOWS   9
#define REQUEST 8
#define REPLY   0

static const struct harness_options one, three = { .n_workers = 3 };

static void run_mode(struct harness *h, const char *format, char mode)
{
	char line[160];

	snprintf(line, sizeof(line), format, mode);
	harness_run(h, line);
}

static struct harness *marked(const struct harness_options *options, char mode)
{
	struct harness *h = rig_new(options);

	harness_run(h, "dpip mark add to " VIP " proto icmp mark 1");
	harness_run(h, "ipvsadm -A -f 1 -s rr");
	harness_run(h, "ipvsadm -P -f 1 -z " LADDR " -F dpdk1");
	run_mode(h, "ipvsadm -a -f 1 -r " SERVER ":8080 -%c", mode); /* no port of an echo */
	return h;
}

/* buf: where its ICMP message lies. */
static struct packet echo(uint8_t *buf, uint8_t type, const char *src, const char *dst, uint16_t id,
			  uint16_t seq)
{
	size_t len = icmp_build(buf, type, 0, (uint32_t)id << 16 | seq, (const uint8_t *)"abcde",
				5);

	return (struct packet){
		.src = src, .dst = dst, .proto = IPPROTO_ICMP, .l4 = buf, .l4_len = len
	};
}

/* The id that the server sees; 0: there is no connection. */
static uint16_t id_of(struct harness *h, uint16_t id, struct worker **owner)
{
	struct tuple in = { .sport = htons(id), .proto = IPPROTO_ICMP, .family = AF_INET }, out;
	enum conn_dir dir;
	unsigned int family;
	uint16_t found = 0;

	ip_parse(CLIENT, &family, &in.src);
	ip_parse(VIP, &family, &in.dst);
	for (unsigned int i = 1; i <= h->n_workers; i++) {
		struct conn_table *conns = h->all[i]->ipvs->conns;
		uint32_t conn = conn_lookup(conns, &in, &dir);

		if (conn == CONN_NONE)
			continue;
		assert_int_equal(found, 0);
		conn_tuple(conns, conn, CONN_OUT, &out);
		assert_int_equal(out.sport, 0);
		found = ntohs(out.dport);
		*owner = h->all[i];
	}
	return found;
}

static void check_ping(struct harness *h, unsigned int flow, uint16_t seq, char mode)
{
	uint8_t l4[64], want_l4[64];
	uint16_t id = (uint16_t)(flow * 7000); /* 0 is one like others */
	struct packet packet = echo(l4, REQUEST, CLIENT, VIP, id, seq), want;
	struct worker *owner = NULL;
	uint16_t out;

	packet.damage = flow == 4 ? 0x0101 : 0;
	rig_send_to(h, CLIENT_SIDE, (flow + seq) % h->n_workers, &packet);
	out = id_of(h, id, &owner);
	assert_non_null(owner);
	want = echo(want_l4, REQUEST, mode == 'b' ? LADDR : CLIENT, mode == 'g' ? VIP : SERVER, out,
		    seq);
	want.ttl = 63;
	want.damage = packet.damage;
	if (mode != 'b')
		assert_int_equal(out, id);
	if (packet.damage == 0) {
		rig_expect(h, SERVER_SIDE, &want);
	} else { /* it stays wrong */
		struct frame got = rig_take(h, SERVER_SIDE), right;

		want.damage = 0;
		right = frame_out(SERVER_SIDE, &want);
		assert_int_equal(got.len, right.len);
		assert_int_not_equal(frame_u16(&got, L4 + 2), frame_u16(&right, L4 + 2));
	}
	if (mode == 'g')
		return;
	packet = echo(l4, REPLY, SERVER, want.src, out, seq);
	rig_send_to(h, SERVER_SIDE, (flow + seq + 1) % h->n_workers, &packet);
	want = echo(want_l4, REPLY, VIP, CLIENT, id, seq);
	want.ttl = 63;
	rig_expect(h, CLIENT_SIDE, &want);
}

static void check_mode(const struct harness_options *options, char mode)
{
	struct harness *h = marked(options, mode);

	for (unsigned int flow = 0; flow < FLOWS; flow++)
		for (uint16_t seq = 1; seq <= h->n_workers; seq++)
			check_ping(h, flow, seq, mode);
	assert_int_equal(rig_conns(h), FLOWS);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

static void test_modes(void **state)
{
	for (const char *mode = "bmg"; *mode; mode++) {
		check_mode(&one, *mode);
		check_mode(&three, *mode);
	}
}

#define LONG 60 /* bytes of data, in pieces of 24 */

static struct whole long_echo(uint8_t type, const char *src, const char *dst, uint16_t id,
			      unsigned int ttl)
{
	uint8_t l4[8 + LONG], data[LONG] = { 1, 2, 3 };
	struct packet packet = { .src = src, .dst = dst, .proto = IPPROTO_ICMP, .l4 = l4 };
	struct whole whole = { 0 };

	packet.ttl = (uint8_t)ttl;
	packet.l4_len = icmp_build(l4, type, 0, (uint32_t)id << 16 | 1, data, LONG);
	whole.len = packet_build(whole.bytes, &packet);
	return whole;
}

/* What comes in pieces leaves as the pieces of `want`, in the order of their offsets. */
static void check_pieces(struct harness *h, unsigned int side, unsigned int queue, bool backwards,
			 bool renamed, const struct whole *whole, const struct whole *want)
{
	unsigned int other = side == CLIENT_SIDE ? SERVER_SIDE : CLIENT_SIDE;
	uint32_t id = renamed ? FRAG_ANY : 99;

	for (size_t i = 0; i < 3; i++) {
		size_t at = (backwards ? 2 - i : i) * 24;
		struct whole piece = frag_piece(whole, at, at == 48 ? 20 : 24, 99);

		frag_send(h, side, (queue + i) % h->n_workers, &piece);
	}
	for (size_t at = 0; at < 8 + LONG; at += 24)
		frag_expect_piece(h, other, want, at, at == 48 ? 20 : 24, &id, 99, 0);
	rig_expect_nothing(h);
}

static void check_mode_pieces(const struct harness_options *options, char mode)
{
	struct harness *h = marked(options, mode);
	const char *from = mode == 'b' ? LADDR : CLIENT, *to = mode == 'g' ? VIP : SERVER;

	for (unsigned int flow = 0; flow < FLOWS; flow++) {
		uint16_t id = (uint16_t)(flow * 7000), out;
		struct worker *owner = NULL;
		struct whole whole, want;

		check_ping(h, flow, 1, mode);
		out = id_of(h, id, &owner);
		whole = long_echo(REQUEST, CLIENT, VIP, id, 64);
		want = long_echo(REQUEST, from, to, out, 63);
		check_pieces(h, CLIENT_SIDE, flow, flow & 1, mode == 'b', &whole, &want);
		if (mode == 'g')
			continue;
		whole = long_echo(REPLY, to, from, out, 64);
		want = long_echo(REPLY, VIP, CLIENT, id, 63);
		check_pieces(h, SERVER_SIDE, flow, flow & 2, true, &whole, &want);
	}
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

/* They follow their connection; or open it, and are refused with their first one. */
static void test_pieces(void **state)
{
	struct harness *h = marked(&three, 'm');
	struct whole whole = long_echo(REQUEST, CLIENT, VIP, 5, 64);
	struct whole want = long_echo(REQUEST, CLIENT, SERVER, 5, 63);

	check_pieces(h, CLIENT_SIDE, 0, true, false, &whole, &want);
	assert_int_equal(rig_conns(h), 1);
	harness_run(h, "ipvsadm -e -f 1 -r " SERVER ":8080 -m -w 0");
	for (unsigned int i = 0; i < 3; i++) {
		whole = long_echo(REQUEST, CLIENT, VIP, 6, 64);
		want = frag_piece(&whole, i * 24, i == 2 ? 20 : 24, 98);
		frag_send(h, CLIENT_SIDE, 0, &want);
	}
	assert_true(rig_take(h, CLIENT_SIDE).len); /* of the first one */
	rig_expect_nothing(h);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_SERVER), 1);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_CONN), 2);
	rig_end(h);
	for (const char *mode = "bmg"; *mode; mode++) {
		check_mode_pieces(&one, *mode);
		check_mode_pieces(&three, *mode);
	}
}

/* It outlives its service, whose address is then none of ours. */
static void test_removed(void **state)
{
	for (const char *mode = "bmg"; *mode; mode++) {
		struct harness *h = marked(&three, *mode);

		check_ping(h, 1, 1, *mode);
		harness_run(h, "dpip addr del " VIP "/32 dev dpdk0");
		harness_run(h, "ipvsadm -D -f 1");
		for (uint16_t seq = 2; seq < 8; seq++)
			check_ping(h, 1, seq, *mode);
		assert_int_equal(rig_conns(h), 1);
		rig_end(h);
	}
}

/* It lives for 300 s after its last packet. */
static void test_timeout(void **state)
{
	struct harness *h = marked(&one, 'm');

	check_ping(h, 1, 1, 'm');
	harness_advance(h, (ECHO_TIMEOUT_S - 1) * 1000);
	assert_int_equal(rig_conns(h), 1);
	harness_advance(h, 2000);
	assert_int_equal(rig_conns(h), 0);
	rig_end(h);
}

/* Without a rule of its own a virtual address answers by itself. */
static void test_own_answer(void **state)
{
	struct harness *h = rig_new(&one);
	uint8_t l4[64], want_l4[64];
	struct packet packet = echo(l4, REQUEST, CLIENT, VIP, 5, 1), want;
	struct frame got;

	rig_service(h, 't', 1);
	harness_run(h, "dpip mark add to " VIP " proto tcp mark 1");
	harness_run(h, "ipvsadm -A -f 1 -s rr");
	rig_send(h, CLIENT_SIDE, &packet);
	want = echo(want_l4, REPLY, VIP, CLIENT, 5, 1);
	got = rig_take(h, CLIENT_SIDE);
	assert_int_equal(got.len, L4 + want.l4_len);
	assert_int_equal(got.bytes[L4], REPLY);
	rig_expect_nothing(h);
	assert_int_equal(rig_conns(h), 0);
	rig_end(h);
}

/* ---- IPv6 ---- */

#define C6 "20010db8000000000000000000000002"
#define V6 "20010db8000000000000000000000010"
#define S6 "20010db8000100000000000000000002"
#define L6 "20010db80001000000000000000000c8"

static struct bytes echo6(const char *l2, unsigned int hops, const char *src, const char *dst,
			  unsigned int type, unsigned int id)
{
	char ip[256];

	snprintf(ip, sizeof(ip), "60000000 000d 3a%02x %s %s %02x000000 %04x0001 68656c6c6f", hops,
		 src, dst, type, id);
	return ip4_frame(l2, ip, 0);
}

static void check_mode6(const struct harness_options *options, char mode)
{
	struct harness *h = ip6_rig_new(options);

	harness_run(h, "dpip mark add to 2001:db8::10 proto icmp mark 1");
	harness_run(h, "ipvsadm -A -f 1 -6 -s rr");
	harness_run(h, "ipvsadm -P -f 1 -6 -z 2001:db8:1::c8 -F dpdk1");
	run_mode(h, "ipvsadm -a -f 1 -6 -r 2001:db8:1::2 -%c", mode);
	harness_advance(h, 5000);
	ip4_count_frames(h, 0);
	ip4_count_frames(h, 1);
	for (unsigned int flow = 0; flow < FLOWS; flow++) {
		struct bytes frame = echo6(TO6_0, 64, C6, V6, 128, flow), got, want;
		unsigned int id = flow;

		harness_inject(h, 0, flow % h->n_workers, frame.at, frame.len);
		harness_turn(h);
		got.len = harness_take(h, 1, got.at, sizeof(got.at));
		assert_true(got.len > L3 + 48);
		if (mode == 'b')
			id = (unsigned int)(got.at[L3 + 44] << 8 | got.at[L3 + 45]);
		want = echo6(FROM6_1, 63, mode == 'b' ? L6 : C6, mode == 'g' ? V6 : S6, 128, id);
		assert_int_equal(got.len, want.len);
		assert_memory_equal(got.at, want.at, want.len);
		if (mode == 'g')
			continue;
		frame = echo6(TO6_1, 64, S6, mode == 'b' ? L6 : C6, 129, id);
		harness_inject(h, 1, (flow + 1) % h->n_workers, frame.at, frame.len);
		harness_turn(h);
		want = echo6(FROM6_0, 63, V6, C6, 129, flow);
		ip4_expect(h, 0, &want);
	}
	assert_int_equal(rig_conns(h), FLOWS);
	rig_end(h);
}

static void test_modes6(void **state)
{
	for (const char *mode = "bmg"; *mode; mode++) {
		check_mode6(&one, *mode);
		check_mode6(&three, *mode);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),   cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_removed), cmocka_unit_test(test_own_answer),
		cmocka_unit_test(test_modes6),  cmocka_unit_test(test_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
