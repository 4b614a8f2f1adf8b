/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * FNAT between families, from IPv6 to IPv4 and the reverse: UDP, TCP and echo,
 * exact bytes in both directions, on one worker and on three, whichever queue a
 * packet comes by; what has no room on its way; and what is refused.
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
#include "ipvs/proto/tcp.h"
#include "net/cross.h"
#include "packet/across_rig.h"

static const struct harness_options one, three = { .n_workers = 3 };

static void both_ways(void (*check)(const struct harness_options *options, bool six))
{
	check(&one, true);
	check(&three, true);
	check(&one, false);
	check(&three, false);
}

/* Of every queue; IPv4 may leave out UDP's checksum, IPv6 may not. */
static void check_udp(const struct harness_options *options, bool six)
{
	struct across a = across_new(options, six, IPPROTO_UDP);

	for (unsigned int i = 0; i < 8; i++) {
		struct packet packet = across_from_client(&a), want;
		struct rig_conn conn;

		packet.no_checksum = !six && i % 2;
		packet.filler = i * 3;
		across_send(&a, CLIENT_SIDE, i % a.h->n_workers, &packet);
		conn = across_conn(&a);
		assert_int_not_equal(conn.id, CONN_NONE);
		want = across_at_server(&a, &conn, packet);
		want.no_checksum = false;
		across_expect(&a, SERVER_SIDE, &want);
		packet = across_from_server(&a, &conn);
		packet.no_checksum = six && i % 2;
		packet.filler = i * 5;
		across_send(&a, SERVER_SIDE, (i + 1) % a.h->n_workers, &packet);
		want = across_at_client(&a, &conn, packet);
		want.no_checksum = false;
		across_expect(&a, CLIENT_SIDE, &want);
	}
	assert_int_equal(rig_conns(a.h), 1);
	assert_int_equal(harness_all_drops(a.h), 0);
	across_end(&a);
}

static void test_udp(void **state)
{
	both_ways(check_udp);
}

/* A segment of either side, with timestamps, and what becomes of it. */
static void tcp_in(struct across *a, unsigned int queue, uint8_t flags, uint32_t seq, uint32_t ack)
{
	struct packet packet = across_from_client(a), want;
	char options[64], shifted[64];
	struct rig_conn conn;

	packet.flags = flags;
	packet.seq = seq;
	packet.ack = ack;
	packet.payload = flags & (SYN | FIN) ? NULL : "GET /";
	/* MSS of the client's own network: what it says of itself holds on the other side, too */
	snprintf(options, sizeof(options), "%s 0101 080a %08x %08x",
		 flags & SYN ? "020405a0" : "01010101", 500, 0);
	packet.options = options;
	across_send(a, CLIENT_SIDE, queue, &packet);
	conn = across_conn(a);
	assert_int_not_equal(conn.id, CONN_NONE);
	want = across_at_server(a, &conn, packet);
	snprintf(shifted, sizeof(shifted), "%s 0101 080a %08x %08x",
		 flags & SYN ? "020405a0" : "01010101", 500 + conn.ts_delta, 0);
	want.options = shifted;
	across_expect(a, SERVER_SIDE, &want);
}

static void tcp_out(struct across *a, unsigned int queue, uint8_t flags, uint32_t seq, uint32_t ack)
{
	struct rig_conn conn = across_conn(a);
	struct packet packet = across_from_server(a, &conn), want;
	char options[64], shifted[64];

	packet.flags = flags;
	packet.seq = seq;
	packet.ack = ack + conn.seq_delta;
	packet.payload = flags & (SYN | FIN) ? NULL : "here it is";
	snprintf(options, sizeof(options), "0101 080a %08x %08x", 800, 500 + conn.ts_delta);
	packet.options = options;
	across_send(a, SERVER_SIDE, queue, &packet);
	want = across_at_client(a, &conn, packet);
	snprintf(shifted, sizeof(shifted), "0101 080a %08x %08x", 800, 500);
	want.options = shifted;
	across_expect(a, CLIENT_SIDE, &want);
}

static void tcp_state(struct across *a, enum tcp_state state)
{
	assert_string_equal(tcp_state_names[across_conn(a).conn->state], tcp_state_names[state]);
}

static void check_tcp(const struct harness_options *options, bool six)
{
	struct across a = across_new(options, six, IPPROTO_TCP);
	unsigned int n = a.h->n_workers;

	tcp_in(&a, 0, SYN, TCP_ISN, 0);
	tcp_state(&a, TCP_SYN_RECV);
	tcp_out(&a, 1 % n, SYN | ACK, 70000, TCP_ISN + 1);
	for (unsigned int i = 0; i < 6; i++) {
		tcp_in(&a, i % n, ACK | PSH, TCP_ISN + 1 + i * 5, 70001 + i * 10);
		tcp_state(&a, TCP_ESTABLISHED);
		tcp_out(&a, (i + 1) % n, ACK, 70001 + i * 10, TCP_ISN + 6 + i * 5);
	}
	tcp_in(&a, 2 % n, FIN | ACK, TCP_ISN + 31, 70061);
	tcp_state(&a, TCP_CLOSE_WAIT);
	tcp_out(&a, 0, FIN | ACK, 70061, TCP_ISN + 32);
	tcp_state(&a, TCP_TIME_WAIT);
	assert_int_equal(rig_conns(a.h), 1);
	assert_int_equal(harness_all_drops(a.h), 0);
	across_end(&a);
}

static void test_tcp(void **state)
{
	both_ways(check_tcp);
}

static void check_echo(const struct harness_options *options, bool six)
{
	struct across a = across_new(options, six, IPPROTO_ICMP);
	uint8_t l4[64], want_l4[64];

	for (uint16_t i = 0; i < 6; i++) {
		struct packet packet = across_echo(l4, true, a.client, a.vip, CPORT, i), want;
		struct rig_conn conn;

		across_send(&a, CLIENT_SIDE, i % a.h->n_workers, &packet);
		conn = across_conn(&a);
		assert_int_not_equal(conn.id, CONN_NONE);
		want = across_echo(want_l4, true, a.laddr, a.server, conn.lport, i);
		want.ttl = LIFE - 1;
		across_expect(&a, SERVER_SIDE, &want);
		packet = across_echo(l4, false, a.server, a.laddr, conn.lport, i);
		across_send(&a, SERVER_SIDE, (i + 1) % a.h->n_workers, &packet);
		want = across_echo(want_l4, false, a.vip, a.client, CPORT, i);
		want.ttl = LIFE - 1;
		across_expect(&a, CLIENT_SIDE, &want);
	}
	assert_int_equal(rig_conns(a.h), 1);
	assert_int_equal(harness_all_drops(a.h), 0);
	across_end(&a);
}

static void test_echo(void **state)
{
	both_ways(check_echo);
}

/* What was damaged on its way here stays so, and all the rest is right. */
static void check_damage(const struct harness_options *options, bool six, uint8_t proto)
{
	struct across a = across_new(options, six, proto);
	struct packet packet = across_from_client(&a), want;
	size_t at = L3 + (six ? 20 : IP6) + (proto == IPPROTO_UDP ? 6u : 16u);
	uint8_t bytes[FRAME_MAX];
	struct rig_conn conn;
	struct frame got;

	packet.damage = 0x0101;
	across_send(&a, CLIENT_SIDE, 0, &packet);
	conn = across_conn(&a);
	got = rig_take(a.h, SERVER_SIDE);
	want = across_at_server(&a, &conn, packet);
	want.damage = 0;
	want.id = six ? frame_u16(&got, L3 + 4) : 0;
	assert_int_equal(got.len, L3 + across_build(bytes + L3, &want));
	assert_int_not_equal(frame_u16(&got, at), bytes[at] << 8 | bytes[at + 1]);
	memcpy(got.bytes + at, bytes + at, 2);
	assert_memory_equal(got.bytes + L3, bytes + L3, got.len - L3);
	across_end(&a);
}

static void test_damage(void **state)
{
	for (unsigned int i = 0; i < 4; i++)
		check_damage(&one, i / 2, i % 2 ? IPPROTO_TCP : IPPROTO_UDP);
}

/* Nobody but its sender cuts what was IPv6; more than 1260 bytes are not cut behind it either. */
static void test_whole_six(void **state)
{
	struct across a = across_new(&one, true, IPPROTO_UDP);
	struct packet packet = across_from_client(&a), want;
	struct rig_conn conn;
	struct frame got;

	packet.filler = 1300;
	across_send(&a, CLIENT_SIDE, 0, &packet);
	conn = across_conn(&a);
	want = across_at_server(&a, &conn, packet);
	want.fragment = 0x4000;
	across_expect(&a, SERVER_SIDE, &want);
	harness_run(a.h, "ipvsadm -a -u [" VIP6 "]:80 -r " FAR ":8080 -b");
	harness_run(a.h, "ipvsadm -d -u [" VIP6 "]:80 -r " SERVER ":8080");
	packet.sport++;
	across_send(&a, CLIENT_SIDE, 0, &packet);
	got = rig_take(a.h, CLIENT_SIDE);
	assert_true(got.len > L3 + IP6 + 8);
	assert_int_equal(frame_u16(&got, L3 + IP6), 2 << 8);
	assert_int_equal(frame_u32(&got, L3 + IP6 + 4), 1280);
	assert_int_equal(rig6_sum(got.bytes + L3, IP6, got.len - L3, IPPROTO_ICMPV6), 0);
	rig_expect_nothing(a.h);
	assert_int_equal(harness_drops(a.h, DROP_IPVS_MTU), 1);
	/* as long as the client was told: it has room in IPv4's cuts */
	packet.filler = 1280 - IP6 - 8 - 5;
	across_send(&a, CLIENT_SIDE, 0, &packet);
	for (size_t at = 0, more = 1; more;) {
		got = rig_take(a.h, SERVER_SIDE);
		assert_true(got.len > L4 && got.len <= L3 + 600);
		assert_int_equal(frame_ip_sum(&got), 0xffff);
		assert_int_equal((frame_u16(&got, L3 + 6) & 0x1fff) * 8u, at);
		at += got.len - L4;
		more = frame_u16(&got, L3 + 6) & 0x2000;
		assert_true(more || at == 1280 - IP6);
	}
	rig_expect_nothing(a.h);
	across_end(&a);
}

/* An IPv4 packet that may be cut: IPv6 fragments of it, from here. */
static void expect_cut6(struct across *a, const struct packet *whole, uint16_t longest)
{
	uint8_t bytes[FRAME_MAX];
	size_t len = across_build(bytes, whole), at = IP6;
	struct frame got;

	while (at < len) {
		size_t part;

		got = rig_take(a->h, SERVER_SIDE);
		assert_true(got.len > L3 + IP6 + 8 && got.len <= L3 + longest + 0u);
		part = got.len - L3 - IP6 - 8;
		assert_int_equal(got.bytes[L3 + 6], 44);
		assert_int_equal(got.bytes[L3 + 7], LIFE - 1);
		assert_int_equal(got.bytes[L3 + IP6], IPPROTO_UDP);
		assert_int_equal(frame_u16(&got, L3 + IP6 + 2),
				 (at - IP6) | (at + part < len ? 1u : 0u));
		assert_memory_equal(got.bytes + L3 + IP6 + 8, bytes + at, part);
		assert_memory_equal(got.bytes + L3 + 8, bytes + 8, 32);
		at += part;
	}
	rig_expect_nothing(a->h);
}

static void test_whole_four(void **state)
{
	struct across a = across_new(&one, false, IPPROTO_UDP);
	struct packet packet = across_from_client(&a), want;
	struct rig_conn conn;

	packet.filler = 1500 - 28 - 5;
	across_send(&a, CLIENT_SIDE, 0, &packet);
	conn = across_conn(&a);
	want = across_at_server(&a, &conn, packet);
	expect_cut6(&a, &want, 1500);
	packet.fragment = 0x4000;
	across_send(&a, CLIENT_SIDE, 0, &packet);
	rig_expect_icmp(a.h, CLIENT_SIDE, 3, 4, VIP, 1480, &packet);
	assert_int_equal(harness_drops(a.h, DROP_IPVS_MTU), 1);
	packet.filler -= CROSS_MTU;
	across_send(&a, CLIENT_SIDE, 0, &packet);
	want = across_at_server(&a, &conn, packet);
	across_expect(&a, SERVER_SIDE, &want);
	across_end(&a);
}

/* Beyond the link, where nobody may cut IPv6 nor could tell an IPv4 client, all is cut for 1280;
 * with DF the way's own size counts. */
static void test_far_six(void **state)
{
	struct across a = across_new(&one, false, IPPROTO_UDP);
	struct packet packet = across_from_client(&a), want;
	struct rig_conn conn;

	harness_run(a.h, "ipvsadm -a -u " VIP ":80 -r [2001:db8:9::1]:8080 -b");
	harness_run(a.h, "ipvsadm -d -u " VIP ":80 -r [" SERVER6 "]:8080");
	a.server = "2001:db8:9::1";
	packet.filler = 1300;
	across_send(&a, CLIENT_SIDE, 0, &packet);
	conn = across_conn(&a);
	want = across_at_server(&a, &conn, packet);
	expect_cut6(&a, &want, 1280);
	packet.fragment = 0x4000;
	across_send(&a, CLIENT_SIDE, 0, &packet);
	across_expect(&a, SERVER_SIDE, &want);
	packet.filler = 1400;
	across_send(&a, CLIENT_SIDE, 0, &packet);
	rig_expect_icmp(a.h, CLIENT_SIDE, 3, 4, VIP, 1400 - CROSS_MTU, &packet);
	across_end(&a);
}

/* The last hop of a packet is told in its own family's words. */
static void test_ttl(void **state)
{
	struct across a = across_new(&one, false, IPPROTO_UDP);
	struct packet packet = across_from_client(&a);
	struct frame got;

	packet.ttl = 1;
	across_send(&a, CLIENT_SIDE, 0, &packet);
	rig_expect_icmp(a.h, CLIENT_SIDE, 11, 0, VIP, 0, &packet);
	across_end(&a);
	a = across_new(&one, true, IPPROTO_UDP);
	packet = across_from_client(&a);
	packet.ttl = 1;
	across_send(&a, CLIENT_SIDE, 0, &packet);
	got = rig_take(a.h, CLIENT_SIDE);
	assert_int_equal(frame_u16(&got, L3 + IP6), 3 << 8);
	rig_expect_nothing(a.h);
	across_end(&a);
}

/* Key xmit_ttl off, and on again. */
static void check_ttl_kept(const struct harness_options *options, bool six)
{
	struct across a = across_new(options, six, IPPROTO_TCP);

	harness_keep_ttl(a.h, true);
	tcp_in(&a, 0, SYN, TCP_ISN, 0);
	tcp_out(&a, 0, SYN | ACK, 70000, TCP_ISN + 1);
	harness_keep_ttl(a.h, false);
	tcp_in(&a, 0, ACK, TCP_ISN + 1, 70001);
	across_end(&a);
}

static void test_ttl_kept(void **state)
{
	check_ttl_kept(&one, false);
	check_ttl_kept(&one, true);
}

/* A local address of the server's family is what is taken, and needed. */
static void check_laddr(const struct harness_options *options, bool six)
{
	struct across a = across_new(options, six, IPPROTO_UDP);
	const char *name = six ? "-u [" VIP6 "]:80" : "-u " VIP ":80";
	struct packet packet = across_from_client(&a), want;
	struct rig_conn conn;
	char line[160];

	snprintf(line, sizeof(line), "ipvsadm -P %s -z %s -F dpdk1", name, six ? LADDR6 : LADDR);
	harness_run(a.h, line);
	across_settle(&a);
	for (unsigned int i = 0; i < 4; i++) {
		packet.sport = (uint16_t)(CPORT - i);
		across_send(&a, CLIENT_SIDE, i % a.h->n_workers, &packet);
		assert_true(rig_take(a.h, SERVER_SIDE).len != 0);
	}
	conn = across_conn(&a);
	packet.sport = CPORT;
	across_send(&a, CLIENT_SIDE, 0, &packet);
	want = across_at_server(&a, &conn, packet);
	across_expect(&a, SERVER_SIDE, &want);
	snprintf(line, sizeof(line), "ipvsadm -Q %s -z %s -F dpdk1", name, a.laddr);
	harness_run(a.h, line);
	packet.sport = 1;
	across_send(&a, CLIENT_SIDE, 0, &packet);
	rig_expect_nothing(a.h);
	assert_int_equal(harness_drops(a.h, DROP_IPVS_NO_LADDR), 1);
	across_end(&a);
}

static void test_laddr(void **state)
{
	both_ways(check_laddr);
}

static void test_refused(void **state)
{
	struct across a = across_new(&one, true, IPPROTO_TCP);

	for (const char *mode = "mg"; *mode; mode++) {
		char line[160];

		snprintf(line, sizeof(line), "ipvsadm -a -t [" VIP6 "]:80 -r %s:80 -%c", SERVER2,
			 *mode);
		assert_string_equal(harness_refused(a.h, line),
				    "real server 192.168.0.12:80 of TCP [2001:db8::10]:80: IPv4 "
				    "for a service of IPv6; allowed: servers of the service's "
				    "family, or FNAT (-b) or a tunnel (-i)");
	}
	across_end(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_udp),       cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_echo),      cmocka_unit_test(test_damage),
		cmocka_unit_test(test_whole_six), cmocka_unit_test(test_whole_four),
		cmocka_unit_test(test_far_six),   cmocka_unit_test(test_ttl),
		cmocka_unit_test(test_laddr),     cmocka_unit_test(test_refused),
		cmocka_unit_test(test_ttl_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
