/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The path MTU of tunnel devices: what a router tells of an outer packet is
 * believed if that can have been ours, all workers know it, senders hear of
 * what is left for them, and it is forgotten; how much is remembered.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "lib/unit.h"
#include "net/net.h"
#include "net/path_mtu.h"
#include "packet/csum.h"
#include "packet/tunnel_device_rig.h"
#include "worker/event.h"

#define INNER 1380 /* bytes of what is sent */

static void icmp6_sum(struct packet *packet)
{
	uint8_t pseudo[40] = { 0 };
	be16 sum;

	memcpy(pseudo, packet->bytes + 8, 32);
	pseudo[34] = (uint8_t)((packet->len - 40) >> 8);
	pseudo[35] = (uint8_t)(packet->len - 40);
	pseudo[39] = IPPROTO_ICMPV6;
	put16(packet, 42, 0);
	sum = csum_finish(csum_sum(packet->bytes + 40, (uint32_t)packet->len - 40,
				   csum_sum(pseudo, sizeof(pseudo), 0)));
	memcpy(packet->bytes + 42, &sum, sizeof(sum));
}

/* A router says that `sent` was longer than mtu, and quotes so much of it. */
static struct packet too_big(const struct packet *sent, unsigned int mtu, size_t quoted)
{
	bool six = sent->bytes[0] >> 4 == 6;
	struct packet error = six ? tunnel_rig_hex("6000000000003a40 " END6_THEIRS END6_OURS,
						   "0200000000000000")
				  : tunnel_rig_hex("45000000000000004001 0000 0a020009 0a0200fe",
						   "0304000000000000");
	be16 sum;

	put16(&error, six ? 46 : 26, mtu);
	memcpy(error.bytes + error.len, sent->bytes, quoted);
	error.len += quoted;
	put16(&error, six ? 4 : 2, (unsigned int)error.len - (six ? 40 : 0));
	if (six) {
		icmp6_sum(&error);
		return error;
	}
	tunnel_rig_sum_ip4(&error);
	sum = csum_finish(csum_sum(error.bytes + 20, (uint32_t)error.len - 20, 0));
	memcpy(error.bytes + 22, &sum, sizeof(sum));
	return error;
}

static uint32_t known(const struct harness *h)
{
	uint32_t n = h->all[0]->net->path_mtus->n;

	for (unsigned int i = 1; i <= h->n_workers; i++)
		assert_memory_equal(h->all[i]->net->path_mtus, h->all[0]->net->path_mtus,
				    sizeof(*h->all[0]->net->path_mtus));
	return n;
}

/* The outer packet of one that goes through. */
static struct packet sent_outside(struct harness *h, const struct packet *packet)
{
	struct packet got;

	tunnel_rig_send(h, 0, 0, packet);
	got = tunnel_rig_take(h, 1);
	assert_true(got.len > packet->len);
	tunnel_rig_expect_nothing(h);
	return got;
}

/* Whatever the modes' headers, and with no more quoted than RFC 792 asks for. */
static void test_learnt(void **state)
{
	for (size_t i = 0; i < TUNNEL_MODES; i++) {
		const struct mode_row *mode = &tunnel_modes[i];
		struct harness *h = tunnel_rig_harness(3, mode);
		struct packet packet = tunnel_rig_long(mode->inner, INNER, true), outer, error;
		unsigned int mtu = mode->outer == 4 && mode->inner == 4 ? 1200 : 1350;

		outer = sent_outside(h, &packet);
		error = too_big(&outer, mtu, mode->more + (mode->inner == 4 ? 28 : 48));
		tunnel_rig_send(h, 1, 2, &error);
		tunnel_rig_expect_too_big(h, mode->inner, mtu - (unsigned int)mode->more);
		assert_int_equal(known(h), 1);
		/* the next one is told by ourselves, by every worker, and not sent */
		for (unsigned int queue = 0; queue < 3; queue++) {
			tunnel_rig_send(h, 0, queue, &packet);
			tunnel_rig_expect_too_big(h, mode->inner, mtu - (unsigned int)mode->more);
		}
		/* what fits goes on */
		packet = tunnel_rig_long(mode->inner, mtu - mode->more, true);
		assert_int_equal(sent_outside(h, &packet).len, mtu);
		harness_free(h);
	}
}

/* Too little of the inner packet is quoted to tell its sender: the next one is told. */
static void test_short_quote(void **state)
{
	struct harness *h = tunnel_rig_harness(1, ipip);
	struct packet packet = tunnel_rig_long(4, INNER, true), outer = sent_outside(h, &packet);
	struct packet error = too_big(&outer, 1200, 28);

	tunnel_rig_send(h, 1, 0, &error);
	tunnel_rig_expect_nothing(h);
	assert_int_equal(harness_drops(h, DROP_TUNNEL_ERROR), 1);
	tunnel_rig_send(h, 0, 0, &packet);
	tunnel_rig_expect_too_big(h, 4, 1180);
	/* without DF it is cut to fit */
	packet = tunnel_rig_long(4, INNER, false);
	tunnel_rig_send(h, 0, 0, &packet);
	outer = tunnel_rig_take(h, 1);
	assert_in_range(outer.len, 1190, 1200);
	assert_int_equal(tunnel_rig_take(h, 1).len + outer.len, INNER + 20 + 20 + 20);
	tunnel_rig_expect_nothing(h);
	harness_free(h);
}

/* Forgotten after ten minutes; meanwhile it may be lowered, and is not raised. */
static void test_time(void **state)
{
	struct harness *h = tunnel_rig_harness(1, ipip);
	struct packet packet = tunnel_rig_long(4, INNER, true), outer = sent_outside(h, &packet),
		      error;

	error = too_big(&outer, 1200, outer.len < 200 ? outer.len : 200);
	tunnel_rig_send(h, 1, 0, &error);
	tunnel_rig_expect_too_big(h, 4, 1180);
	error = too_big(&outer, 1300, 200);
	tunnel_rig_send(h, 1, 0, &error);
	tunnel_rig_clear(h);
	harness_advance(h, PATH_MTU_LIFE_MS - 2000);
	tunnel_rig_clear(h);
	tunnel_rig_send(h, 0, 0, &packet);
	tunnel_rig_expect_too_big(h, 4, 1180);
	error = too_big(&outer, 600, 200);
	tunnel_rig_send(h, 1, 0, &error);
	tunnel_rig_expect_too_big(h, 4, 580);
	harness_advance(h, 4000);
	tunnel_rig_clear(h);
	tunnel_rig_send(h, 0, 0, &packet);
	tunnel_rig_expect_too_big(h, 4, 580);
	harness_advance(h, PATH_MTU_LIFE_MS);
	tunnel_rig_clear(h);
	assert_int_equal(known(h), 0);
	assert_int_equal(sent_outside(h, &packet).len, INNER + 20);
	harness_free(h);
}

/* Nobody is believed below what any path takes. */
static void test_least(void **state)
{
	struct harness *h = tunnel_rig_harness(1, ipip);
	struct packet packet = tunnel_rig_long(4, INNER, true), outer = sent_outside(h, &packet),
		      error;

	error = too_big(&outer, 68, 200);
	tunnel_rig_send(h, 1, 0, &error);
	tunnel_rig_clear(h);
	tunnel_rig_send(h, 0, 0, &packet);
	tunnel_rig_expect_too_big(h, 4, PATH_MTU4_MIN - 20);
	harness_free(h);

	h = tunnel_rig_harness(1, &tunnel_modes[6]); /* IPv4 in IPv6 */
	outer = sent_outside(h, &packet);
	error = too_big(&outer, 600, 200);
	tunnel_rig_send(h, 1, 0, &error);
	tunnel_rig_clear(h);
	tunnel_rig_send(h, 0, 0, &packet);
	tunnel_rig_expect_too_big(h, 4, PATH_MTU6_MIN - 40);
	harness_free(h);
}

/* What cannot be is not believed: a packet that was shorter, of no tunnel, with another key. */
static void test_refused(void **state)
{
	const struct mode_row *mode = &tunnel_modes[3]; /* gre, key and checksum */
	struct harness *h = tunnel_rig_harness(1, mode);
	struct packet packet = tunnel_rig_long(4, INNER, true), outer = sent_outside(h, &packet),
		      error;

	for (unsigned int i = 0; i < 5; i++) {
		struct packet quote = outer;

		if (i == 0)
			put16(&quote, 2, 1200);
		else if (i == 1)
			quote.bytes[19]++; /* destination */
		else if (i == 2)
			quote.bytes[9] = IPPROTO_IPIP;
		else if (i == 3)
			quote.bytes[31]++; /* key */
		error = too_big(&quote, i == 4 ? 0 : 1200, 100);
		tunnel_rig_send(h, 1, 0, &error);
		tunnel_rig_clear(h);
		assert_int_equal(known(h), 0);
	}
	error = too_big(&outer, 1200, 100);
	error.bytes[22] ^= 1;
	tunnel_rig_send(h, 1, 0, &error);
	assert_int_equal(harness_drops(h, DROP_ICMP_CHECKSUM), 1);
	assert_int_equal(known(h), 0);
	harness_free(h);
}

/* A tunnel in a tunnel, of which the outer one's way is narrower. */
static void test_inside_another(void **state)
{
	struct harness *h = tunnel_rig_harness(1, ipip);
	struct packet packet = tunnel_rig_long(4, 1360, true), outer, error;

	harness_run(h, "dpip tunnel add u mode ipip remote 10.9.2.1 local 10.2.0.254");
	harness_run(h, "dpip route add 10.9.0.7/32 dev u");
	outer = sent_outside(h, &packet);
	assert_int_equal(outer.len, 1400);
	error = too_big(&outer, 1200, 200);
	tunnel_rig_send(h, 1, 0, &error);
	tunnel_rig_clear(h);
	tunnel_rig_send(h, 0, 0, &packet);
	tunnel_rig_expect_too_big(h, 4, 1160);
	harness_free(h);
}

/* A service whose server is behind the tunnel: the client hears of it from the virtual address. */
static void test_service(void **state)
{
	for (int learnt = 0; learnt < 2; learnt++) {
		struct harness *h = tunnel_rig_harness(1, ipip);
		struct packet packet = tunnel_rig_long(4, INNER, true), outer, error, got;

		harness_run(h, "dpip addr add 10.1.0.100/32 dev dpdk0");
		harness_run(h, "ipvsadm -A -u 10.1.0.100:7 -s rr");
		harness_run(h, "ipvsadm -a -u 10.1.0.100:7 -r 10.9.0.7:7 -b");
		harness_run(h, "ipvsadm -P -z 10.9.0.200 -u 10.1.0.100:7 -F t");
		tunnel_rig_clear(h);
		memcpy(packet.bytes + 16, "\x0a\1\0\x64", 4);
		tunnel_rig_sum_ip4(&packet);
		outer = sent_outside(h, &packet);
		if (learnt) {
			error = too_big(&outer, 1200, 28);
			tunnel_rig_send(h, 1, 0, &error);
		} else {
			harness_run(h, "dpip route add 10.2.0.1/32 dev dpdk1 mtu 1200");
		}
		tunnel_rig_send(h, 0, 0, &packet);
		got = tunnel_rig_take(h, 0);
		assert_int_equal(got.bytes[9], IPPROTO_ICMP);
		assert_int_equal(get16(&got, 20), 0x0304);
		assert_int_equal(get16(&got, 26), 1180);
		assert_memory_equal(got.bytes + 12, "\x0a\1\0\x64\x0a\1\0\2", 8);
		assert_memory_equal(got.bytes + 28, packet.bytes, 100);
		assert_int_equal(harness_drops(h, DROP_IPVS_MTU), 1);
		tunnel_rig_expect_nothing(h);
		harness_free(h);
	}
}

/* More than there is room for: the oldest go, and all workers agree. */
static void test_bound(void **state)
{
	struct harness *h = tunnel_rig_harness(3, ipip);
	struct event event = { .kind = EVENT_PATH_MTU, .family = AF_INET, .value = 1000 };
	union ip_addr last;

	for (uint32_t i = 0; i < 3 * PATH_MTU_SETS * PATH_MTU_WAYS; i++) {
		event.ip = ip_from_v4(rte_cpu_to_be_32(0x0b000000 + i));
		net_event(h->all, h->all[1], &event, h->now_ms + i);
		last = event.ip;
		assert_int_equal(path_mtu_limit(h->all[2], AF_INET, &last, 1500), 1000);
	}
	assert_in_range(known(h), PATH_MTU_SETS * PATH_MTU_WAYS / 2, PATH_MTU_SETS * PATH_MTU_WAYS);
	assert_int_equal(path_mtu_limit(h->all[2], AF_INET6, &last, 1500), 1500);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_learnt),  cmocka_unit_test(test_short_quote),
		cmocka_unit_test(test_time),    cmocka_unit_test(test_least),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_inside_another),
		cmocka_unit_test(test_service), cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
