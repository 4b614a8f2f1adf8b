/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tunnel devices: each mode's bytes in both directions, on one worker and on
 * three; sizes, and who hears of them; TTL, tos and congestion; outer packets
 * in pieces.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "lib/unit.h"
#include "net/icmp4.h"
#include "packet/csum.h"
#include "packet/tunnel_device_rig.h"

static void both_directions(struct harness *h, const struct mode_row *mode, unsigned int queue)
{
	struct packet to = tunnel_rig_hex(mode->inner == 4 ? TO4 : TO6, "");
	struct packet from = tunnel_rig_hex(mode->from, mode->inner == 4 ? FROM4 : FROM6);
	struct packet want = tunnel_rig_hex(mode->to, mode->inner == 4 ? TO4_AGED : TO6_AGED);

	tunnel_rig_send(h, 0, queue, &to);
	tunnel_rig_assert_packet(tunnel_rig_take(h, 1), &want);
	tunnel_rig_send(h, 1, queue, &from);
	want = tunnel_rig_hex("", mode->inner == 4 ? FROM4_AGED : FROM6_AGED);
	tunnel_rig_assert_packet(tunnel_rig_take(h, 0), &want);
	tunnel_rig_expect_nothing(h);
	assert_int_equal(tunnel_rig_counted(h, queue + 1)->tx_packets, 1);
	assert_int_equal(tunnel_rig_counted(h, queue + 1)->tx_bytes, to.len);
	assert_int_equal(tunnel_rig_counted(h, queue + 1)->rx_packets, 1);
	assert_int_equal(tunnel_rig_counted(h, queue + 1)->rx_bytes, from.len - mode->more);
}

static void test_bytes(void **state)
{
	for (unsigned int n = 1; n <= 3; n += 2) {
		for (size_t i = 0; i < TUNNEL_MODES; i++) {
			struct harness *h = tunnel_rig_harness(n, &tunnel_modes[i]);

			for (unsigned int queue = 0; queue < n; queue++)
				both_directions(h, &tunnel_modes[i], queue);
			assert_int_equal(harness_all_drops(h), 0);
			harness_free(h);
		}
	}
}

/* An address of the tunnel's answers through it. */
static void test_echo(void **state)
{
	struct packet ask =
		tunnel_rig_hex("45000030000040004004 25c8 0a020001 0a0200fe ",
			       "4500001c00010000400165dd0a0900070a0900fe 0800f7fe00010000");
	struct harness *h = tunnel_rig_harness(3, ipip);

	for (unsigned int queue = 0; queue < 3; queue++) {
		struct packet got;

		tunnel_rig_sum_ip4(&ask);
		put16(&ask, 30, 0);
		memcpy(ask.bytes + 30, (be16[]){ csum_finish(csum_sum(ask.bytes + 20, 20, 0)) }, 2);
		tunnel_rig_send(h, 1, queue, &ask);
		got = tunnel_rig_take(h, 1);
		assert_int_equal(got.len, 48);
		assert_int_equal(got.bytes[9], IPPROTO_IPIP);
		assert_memory_equal(got.bytes + 12, ask.bytes + 16, 4);
		assert_memory_equal(got.bytes + 16, ask.bytes + 12, 4);
		assert_memory_equal(got.bytes + 32, ask.bytes + 36, 4);
		assert_memory_equal(got.bytes + 36, ask.bytes + 32, 4);
		assert_memory_equal(got.bytes + 40, "\0\0\xff\xfe\0\1\0\0", 8);
	}
	tunnel_rig_expect_nothing(h);
	harness_free(h);
}

static struct packet with_number(const char *head, uint32_t seq, const char *inner)
{
	char text[128];

	snprintf(text, sizeof(text), "%s%08x", head, seq);
	return tunnel_rig_hex(text, inner);
}

/* GRE's numbers: of what leaves one count, whoever sends it; what arrives must not have been
 * overtaken. */
static void test_sequence(void **state)
{
	static const struct mode_row numbered = {
		"mode gre seq",
		4,
		4,
		28,
		"4500003c000040003f2f 2691 0a0200fe 0a020001 10000800 ",
		"4500003c00004000402f 2591 0a020001 0a0200fe 10000800 "
	};
	static const struct {
		uint32_t seq;
		bool taken;
	} arrive[] = { { 0xfffffffe, true }, { 0xfffffffe, false }, { 0xfffffffd, false },
		       { 0xffffffff, true }, { 0, true },           { 0xffffffff, false },
		       { 9, true },          { 8, false },          { 10, true } };
	const struct packet out = tunnel_rig_hex(TO4, ""), in = tunnel_rig_hex("", FROM4_AGED);
	const struct packet none = tunnel_rig_hex(tunnel_modes[1].from, FROM4);
	struct harness *h = tunnel_rig_harness(3, &numbered);
	struct packet packet, want;
	unsigned int refused = 0;

	for (uint32_t i = 0; i < 6; i++) {
		tunnel_rig_send(h, 0, i % 3, &out);
		want = with_number(numbered.to, i, TO4_AGED);
		tunnel_rig_assert_packet(tunnel_rig_take(h, 1), &want);
	}
	for (unsigned int i = 0; i < LENGTH(arrive); i++) {
		packet = with_number(numbered.from, arrive[i].seq, FROM4);
		tunnel_rig_send(h, 1, 0, &packet);
		refused += !arrive[i].taken;
		assert_int_equal(harness_drops(h, DROP_TUNNEL_SEQUENCE), refused);
		if (arrive[i].taken)
			tunnel_rig_assert_packet(tunnel_rig_take(h, 0), &in);
		tunnel_rig_expect_nothing(h);
	}
	tunnel_rig_send(h, 1, 0, &none);
	assert_int_equal(harness_drops(h, DROP_TUNNEL_SEQUENCE), refused + 1);
	/* read over where they are not asked for */
	harness_run(h, "dpip tunnel replace t mode gre remote 10.2.0.1 local 10.2.0.254");
	packet = with_number(numbered.from, 3, FROM4);
	tunnel_rig_send(h, 1, 0, &packet);
	tunnel_rig_assert_packet(tunnel_rig_take(h, 0), &in);
	harness_free(h);
}

static void test_mtu(void **state)
{
	for (size_t i = 0; i < TUNNEL_MODES; i++) {
		const struct mode_row *mode = &tunnel_modes[i];
		struct harness *h = tunnel_rig_harness(1, mode);
		size_t mtu = 1500 - mode->more;
		struct packet packet = tunnel_rig_long(mode->inner, mtu, true);

		tunnel_rig_send(h, 0, 0, &packet);
		assert_int_equal(tunnel_rig_take(h, 1).len, 1500);
		packet = tunnel_rig_long(mode->inner, mtu + 1, true);
		tunnel_rig_send(h, 0, 0, &packet);
		tunnel_rig_expect_too_big(h, mode->inner, (unsigned int)mtu);
		harness_free(h);
	}
}

/* Without DF it is cut for the tunnel; the sender hears nothing. */
static void test_cut_inside(void **state)
{
	struct harness *h = tunnel_rig_harness(1, ipip);
	struct packet packet = tunnel_rig_long(4, 1500, false), got;

	tunnel_rig_send(h, 0, 0, &packet);
	got = tunnel_rig_take(h, 1);
	assert_int_equal(got.len, 1500 - 4); /* 1480 less what is no multiple of 8 */
	assert_int_equal(got.bytes[9], IPPROTO_IPIP);
	assert_int_equal(get16(&got, 6), 0);
	assert_int_equal(get16(&got, 20 + 6), 0x2000);
	got = tunnel_rig_take(h, 1);
	assert_int_equal(got.len, 20 + 20 + 1480 - (1500 - 4 - 40));
	assert_int_equal(get16(&got, 20 + 6), (1500 - 4 - 40) / 8);
	tunnel_rig_expect_nothing(h);
	harness_free(h);
}

/* A way that has become narrower than the tunnel was made for. */
static void test_narrow_way(void **state)
{
	struct harness *h = tunnel_rig_harness(1, ipip);
	struct packet packet = tunnel_rig_long(4, 1400, true), got;

	harness_run(h, "dpip route add 10.2.0.1/32 dev dpdk1 mtu 1300");
	tunnel_rig_send(h, 0, 0, &packet);
	tunnel_rig_expect_too_big(h, 4, 1280);
	assert_int_equal(harness_drops(h, DROP_IP4_MTU), 1);
	packet = tunnel_rig_long(4, 1400, false);
	tunnel_rig_send(h, 0, 0, &packet);
	got = tunnel_rig_take(h, 1);
	assert_int_equal(got.bytes[9], IPPROTO_IPIP);
	assert_int_equal(get16(&got, 20 + 6), 0x2000); /* the inner one is cut, to fit */
	assert_int_equal(got.len, 20 + 20 + 1256);
	assert_int_equal(tunnel_rig_take(h, 1).len + got.len, 1400 + 20 + 20 + 20);
	tunnel_rig_expect_nothing(h);
	harness_free(h);

	h = tunnel_rig_harness(1, ip6ip6);
	harness_run(h, "dpip route add fd00:2::1/128 dev dpdk1 mtu 1300");
	packet = tunnel_rig_long(6, 1290, true);
	tunnel_rig_send(h, 0, 0, &packet);
	tunnel_rig_expect_too_big(h, 6, 1280); /* there is no smaller size */
	packet = tunnel_rig_long(6, 1280, true);
	tunnel_rig_send(h, 0, 0, &packet);
	got = tunnel_rig_take(h, 1);
	assert_int_equal(got.bytes[6], IPPROTO_FRAGMENT);
	assert_int_equal(tunnel_rig_take(h, 1).len + got.len, 1280 + 40 + 8 + 40 + 8);
	tunnel_rig_expect_nothing(h);
	harness_free(h);
}

/* A long echo to us is answered in pieces that fit into what the way has become. */
static void test_narrow_echo(void **state)
{
	enum { LEN = 1400, WAY = 1380 };
	struct harness *h = tunnel_rig_harness(1, ip6ip6);
	struct packet ask = tunnel_rig_hex("6000000000002940 " END6_THEIRS END6_OURS,
					   "6000000000003a40 " NET6_FAR
					   "fd090000000000000000000000000254 8000000000010001");
	uint8_t pseudo[40] = { 0 };
	size_t data = 0;
	be16 sum;

	harness_run(h, "dpip route add fd00:2::1/128 dev dpdk1 mtu 1380");
	memset(ask.bytes + ask.len, 'x', 40 + LEN - ask.len);
	ask.len = 40 + LEN;
	put16(&ask, 4, LEN);
	put16(&ask, 44, LEN - 40);
	memcpy(pseudo, ask.bytes + 48, 32);
	memcpy(pseudo + 34, ask.bytes + 44, 2);
	pseudo[39] = IPPROTO_ICMPV6;
	sum = csum_finish(csum_sum(ask.bytes + 80, LEN - 40, csum_sum(pseudo, sizeof(pseudo), 0)));
	memcpy(ask.bytes + 82, &sum, sizeof(sum));
	tunnel_rig_send(h, 1, 0, &ask);
	for (unsigned int i = 0; i < 2; i++) {
		struct packet got = tunnel_rig_take(h, 1);

		assert_in_range(got.len, 80, WAY);
		assert_int_equal(got.bytes[6], IPPROTO_IPV6);
		assert_int_equal(got.bytes[40 + 6], IPPROTO_FRAGMENT);
		assert_int_equal(get16(&got, 82) & 0xfff8, data);
		data += got.len - 88;
	}
	assert_int_equal(data, LEN - 40);
	tunnel_rig_expect_nothing(h);
	assert_int_equal(harness_all_drops(h), 0);
	harness_free(h);
}

static void test_ttl_and_tos(void **state)
{
	struct harness *h = tunnel_rig_harness(1, ipip);
	struct packet packet = tunnel_rig_hex(TO4, ""), got;

	packet.bytes[1] = 0x48 | 2; /* ECT(0) */
	tunnel_rig_sum_ip4(&packet);
	tunnel_rig_send(h, 0, 0, &packet);
	got = tunnel_rig_take(h, 1);
	assert_int_equal(got.bytes[1], 2); /* tos 0; ECN is taken over */
	assert_int_equal(got.bytes[8], 63);
	harness_run(h, "dpip tunnel change t ttl 5 tos 0x20");
	tunnel_rig_send(h, 0, 0, &packet);
	got = tunnel_rig_take(h, 1);
	assert_int_equal(got.bytes[1], 0x22);
	assert_int_equal(got.bytes[8], 5);
	harness_run(h, "dpip tunnel change t ttl inherit tos inherit");
	tunnel_rig_send(h, 0, 0, &packet);
	got = tunnel_rig_take(h, 1);
	assert_int_equal(got.bytes[1], 0x4a);
	assert_int_equal(got.bytes[8], 63);
	/* to where nobody goes back */
	harness_run(h, "dpip tunnel change t remote 10.2.0.9");
	tunnel_rig_send(h, 0, 0, &packet);
	got = tunnel_rig_take(h, 1);
	assert_memory_equal(got.bytes + 16, "\x0a\2\0\x09", 4);
	packet = tunnel_rig_hex(ipip->from, FROM4);
	tunnel_rig_send(h, 1, 0, &packet);
	got = tunnel_rig_take(h, 1);
	assert_int_equal(get16(&got, 20), ICMP4_UNREACHABLE << 8 | ICMP4_PROTOCOL_UNREACHABLE);
	tunnel_rig_expect_nothing(h);
	harness_free(h);
}

/* RFC 6040 4.2 */
static void test_congestion(void **state)
{
	struct harness *h = tunnel_rig_harness(1, ipip);
	struct packet packet = tunnel_rig_hex(ipip->from, FROM4), got;
	be16 sum;

	packet.bytes[1] = 3;
	tunnel_rig_sum_ip4(&packet);
	tunnel_rig_send(h, 1, 0, &packet);
	assert_int_equal(harness_drops(h, DROP_TUNNEL_CONGESTION), 1);
	assert_int_equal(tunnel_rig_counted(h, 1)->rx_errors, 1);
	packet.bytes[21] = 2;
	put16(&packet, 30, 0);
	sum = csum_finish(csum_sum(packet.bytes + 20, 20, 0));
	memcpy(packet.bytes + 30, &sum, sizeof(sum));
	tunnel_rig_send(h, 1, 0, &packet);
	got = tunnel_rig_take(h, 0);
	assert_int_equal(got.bytes[1], 3);
	assert_int_equal(csum_fold(csum_sum(got.bytes, 20, 0)), 0xffff);
	tunnel_rig_expect_nothing(h);
	harness_free(h);
}

/* What the port has said of the outer header is not said of the inner one; headers in pieces. */
static void test_as_received(void **state)
{
	struct harness *h = tunnel_rig_harness(1, ipip);
	struct packet packet = tunnel_rig_hex(FAR_IN "0800", ipip->from),
		      inner = tunnel_rig_hex(FROM4, "");
	struct packet want = tunnel_rig_hex(FROM4_AGED, "");

	memcpy(packet.bytes + packet.len, inner.bytes, inner.len);
	packet.len += inner.len;
	for (size_t segment = 15; segment < 60; segment += 3) {
		harness_inject_as(h, 1, 0, packet.bytes, packet.len,
				  RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_BAD,
				  segment);
		harness_turn(h);
		tunnel_rig_assert_packet(tunnel_rig_take(h, 0), &want);
	}
	packet.bytes[L3 + 20 + 10] ^= 1;
	harness_inject_as(h, 1, 0, packet.bytes, packet.len, RTE_MBUF_F_RX_IP_CKSUM_GOOD, 0);
	harness_turn(h);
	assert_int_equal(harness_drops(h, DROP_IP4_CHECKSUM), 1);
	tunnel_rig_expect_nothing(h);
	harness_assert_balance(h);
	harness_free(h);
}

/* The outer packet came in fragments: to whom, is known when it is whole. */
static void test_fragments(void **state)
{
	struct harness *h = tunnel_rig_harness(3, ipip);
	struct packet whole = tunnel_rig_hex(ipip->from, FROM4), first = whole, last = whole;
	struct packet want = tunnel_rig_hex(FROM4_AGED, "");

	first.len = 20 + 16;
	put16(&first, 2, 36);
	put16(&first, 4, 9);
	put16(&first, 6, 0x2000);
	tunnel_rig_sum_ip4(&first);
	memmove(last.bytes + 20, whole.bytes + 36, whole.len - 36);
	last.len = whole.len - 16;
	put16(&last, 2, (unsigned int)last.len);
	put16(&last, 4, 9);
	put16(&last, 6, 2);
	tunnel_rig_sum_ip4(&last);
	tunnel_rig_send(h, 1, 1, &last);
	tunnel_rig_expect_nothing(h);
	tunnel_rig_send(h, 1, 2, &first);
	tunnel_rig_assert_packet(tunnel_rig_take(h, 0), &want);
	tunnel_rig_expect_nothing(h);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),      cmocka_unit_test(test_sequence),
		cmocka_unit_test(test_echo),       cmocka_unit_test(test_mtu),
		cmocka_unit_test(test_cut_inside), cmocka_unit_test(test_narrow_echo),
		cmocka_unit_test(test_narrow_way), cmocka_unit_test(test_ttl_and_tos),
		cmocka_unit_test(test_congestion), cmocka_unit_test(test_as_received),
		cmocka_unit_test(test_fragments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
