/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Services of IPv6: FNAT, NAT and DR, TCP and UDP, both directions, on one
 * worker and on three, whichever queue a packet comes by; every byte of what
 * leaves is compared. Then what is refused, and errors of ICMPv6.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cmocka.h>

#include "packet/ipvs6_rig.h"

static const struct harness_options one, three = { .n_workers = 3 };

static void check_mode(const struct harness_options *options, uint8_t proto, char mode,
		       bool extension)
{
	struct harness *h = rig6_new(options, proto, mode);
	struct packet6 packet = rig6_from_client(proto);
	uint16_t lport = 0;

	packet.options = extension;
	for (unsigned int queue = 0; queue < h->n_workers; queue++)
		lport = rig6_pass_in(h, queue, &packet, mode);
	for (unsigned int queue = 0; mode != 'g' && queue < h->n_workers; queue++)
		rig6_pass_out(h, queue, proto, mode, lport);
	assert_int_equal(rig_conns(h), 1);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_CONN), 0);
	rig_end(h);
}

static void test_matrix(void **state)
{
	for (const char *mode = "bmg"; *mode; mode++) {
		check_mode(&one, IPPROTO_UDP, *mode, false);
		check_mode(&three, IPPROTO_UDP, *mode, false);
		check_mode(&one, IPPROTO_TCP, *mode, false);
		check_mode(&three, IPPROTO_TCP, *mode, true);
		check_mode(&one, IPPROTO_UDP, *mode, true);
	}
}

/* RSS delivers the answer to the owner: nothing is handed over. */
static void test_rss(void **state)
{
	const struct harness_options options = { .n_workers = 3, .rss_entries = { 128, 128 } };
	struct harness *h = rig6_new(&options, IPPROTO_UDP, 'b');

	for (uint16_t i = 0; i < 50; i++) {
		struct packet6 packet = rig6_from_client(IPPROTO_UDP);
		uint8_t frame[FRAME_MAX] = { 2, [12] = 0x86, 0xdd };
		struct frame got;

		packet.sport = (uint16_t)(20000 + i);
		harness_receive(h, CLIENT_SIDE, frame, L3 + rig6_build(frame + L3, &packet));
		harness_turn(h);
		got = rig_take(h, SERVER_SIDE);
		packet = (struct packet6){ .src = SERVER6,
					   .dst = LADDR6,
					   .sport = 8080,
					   .dport = frame_u16(&got, L3 + IP6),
					   .proto = IPPROTO_UDP };
		frame[5] = 1;
		harness_receive(h, SERVER_SIDE, frame, L3 + rig6_build(frame + L3, &packet));
		harness_turn(h);
		assert_true(rig_take(h, CLIENT_SIDE).len != 0);
	}
	for (unsigned int i = 1; i <= h->n_workers; i++)
		assert_int_equal(h->all[i]->counters.handed_out, 0);
	assert_int_equal(rig_conns(h), 50);
	rig_end(h);
}

/* An error of ICMPv6 of that type from the virtual address. */
static void expect_icmp(struct harness *h, uint8_t type, uint8_t code)
{
	struct frame got = rig_take(h, CLIENT_SIDE);
	uint8_t vip[16];

	inet_pton(AF_INET6, VIP6, vip);
	assert_true(got.len > L3 + IP6 + 8);
	assert_memory_equal(got.bytes + L3 + 8, vip, 16);
	assert_int_equal(got.bytes[L3 + IP6], type);
	assert_int_equal(got.bytes[L3 + IP6 + 1], code);
	assert_int_equal(rig6_sum(got.bytes + L3, IP6, got.len - L3, IPPROTO_ICMPV6), 0);
	rig_expect_nothing(h);
}

static void test_refused(void **state)
{
	struct harness *h = rig6_new(&one, IPPROTO_UDP, 'm');
	struct packet6 packet = rig6_from_client(IPPROTO_UDP);
	uint8_t ip[FRAME_MAX];
	size_t len = rig6_build(ip, &packet);

	memset(ip + IP6 + 6, 0, 2);
	rig6_send_bytes(h, CLIENT_SIDE, 0, ip, len);
	rig_expect_nothing(h);
	assert_int_equal(harness_drops(h, DROP_IPVS_UDP_CHECKSUM), 1);
	packet.hops = 1;
	rig6_send(h, CLIENT_SIDE, 0, &packet);
	expect_icmp(h, 3, 0);
	harness_run(h, "ipvsadm -d -u [" VIP6 "]:80 -r [" SERVER6 "]:8080");
	packet.hops = LIFE;
	packet.sport++;
	rig6_send(h, CLIENT_SIDE, 0, &packet);
	expect_icmp(h, 1, 4);
	assert_non_null(strstr(harness_refused(h, "ipvsadm -a -u [" VIP6 "]:80 -r 10.0.0.9:80 -m"),
			       "IPv4 for a service of IPv6; allowed: servers of"));
	assert_non_null(strstr(harness_refused(h, "ipvsadm -A -u [fe80::1]:80 -s rr"),
			       "is not a host's address"));
	rig_end(h);
}

/* About the packet as the server got it; the client hears of it as it had sent it. */
static void check_icmp(char mode)
{
	struct harness *h = rig6_new(&one, IPPROTO_UDP, mode);
	struct packet6 packet = rig6_from_client(IPPROTO_UDP), quoted, was = packet;
	uint8_t ip[FRAME_MAX], want[FRAME_MAX];
	struct frame got;
	uint16_t lport = rig6_pass_in(h, 0, &packet, mode);
	size_t len;

	quoted = rig6_to_server(packet, mode, lport);
	was.hops = LIFE - 1;
	len = IP6 + 8 + rig6_build(ip + IP6 + 8, &quoted);
	rig6_header(ip, "2001:db8:1::fe", quoted.src, IPPROTO_ICMPV6, LIFE, len - IP6);
	memset(ip + IP6, 0, 8);
	ip[IP6] = 2;
	rig6_put16(ip + IP6 + 6, 1300);
	rig6_put16(ip + IP6 + 2, rig6_sum(ip, IP6, len, IPPROTO_ICMPV6));
	memcpy(want, ip, len);
	rig6_send_bytes(h, SERVER_SIDE, 0, ip, len);
	rig6_build(want + IP6 + 8, &was);
	rig6_header(want, VIP6, CLIENT6, IPPROTO_ICMPV6, LIFE - 1, len - IP6);
	rig6_put16(want + IP6 + 2, 0);
	rig6_put16(want + IP6 + 2, rig6_sum(want, IP6, len, IPPROTO_ICMPV6));
	got = rig_take(h, CLIENT_SIDE);
	assert_int_equal(got.len, L3 + len);
	assert_memory_equal(got.bytes + L3, want, len);
	ip[IP6 + 3] ^= 1;
	rig6_send_bytes(h, SERVER_SIDE, 0, ip, len);
	rig_expect_nothing(h);
	assert_int_equal(harness_drops(h, DROP_ICMP_CHECKSUM), 1);
	rig_end(h);
}

static void test_icmp(void **state)
{
	check_icmp('b');
	check_icmp('m');
}

/* The port of the public address that the client's connection has got. */
static uint16_t public_port(struct harness *h, uint8_t proto)
{
	struct tuple in = {
		.sport = htons(40000), .dport = htons(80), .proto = proto, .family = AF_INET6
	};
	enum conn_dir dir;
	struct tuple out;

	inet_pton(AF_INET6, CLIENT6, &in.src);
	inet_pton(AF_INET6, SERVER6, &in.dst);
	for (unsigned int i = 1; i <= h->n_workers; i++) {
		uint32_t id = conn_lookup(h->all[i]->ipvs->conns, &in, &dir);

		if (id == CONN_NONE)
			continue;
		conn_tuple(h->all[i]->ipvs->conns, id, CONN_OUT, &out);
		return ntohs(out.dport);
	}
	return 0;
}

#define MATCH6 "src-range=2001:db8::/64,dst-range=[" SERVER6 "]:80"

/* SNAT: clients of dpdk0 reach the server by a public address, LADDR6. */
static void check_snat(const struct harness_options *options, uint8_t proto)
{
	struct harness *h = harness_new(options);
	struct packet6 out = rig6_from_client(proto), went, back, came;
	const char *word = proto == IPPROTO_TCP ? "tcp" : "udp";
	char line[192];

	harness_run(h, "dpip addr add 2001:db8::1/64 dev dpdk0");
	harness_run(h, "dpip addr add 2001:db8:1::1/64 dev dpdk1");
	harness_neigh(h, CLIENT6, "06:00:00:00:00:64", "dpdk0");
	harness_neigh(h, SERVER6, "06:00:00:00:01:0b", "dpdk1");
	snprintf(line, sizeof(line), "ipvsadm -A -s rr -H proto=%s," MATCH6, word);
	harness_run(h, line);
	snprintf(line, sizeof(line), "ipvsadm -a -r " LADDR6 " -J -H proto=%s," MATCH6, word);
	harness_run(h, line);
	harness_advance(h, 5000);
	for (unsigned int side = 0; side < 2; side++)
		while (rig_take(h, side).len)
			;
	out.dst = SERVER6;
	rig6_send(h, 0, 0, &out);
	went = out;
	went.src = LADDR6;
	went.hops = LIFE - 1;
	went.sport = public_port(h, proto);
	rig6_expect(h, 1, &went);
	back = (struct packet6){ .src = SERVER6,
				 .dst = LADDR6,
				 .sport = 80,
				 .dport = went.sport,
				 .proto = proto,
				 .flags = SYN | ACK };
	came = back;
	came.dst = CLIENT6;
	came.dport = out.sport;
	came.hops = LIFE - 1;
	for (unsigned int queue = 0; queue < h->n_workers; queue++) {
		rig6_send(h, 1, queue, &back);
		rig6_expect(h, 0, &came);
		rig6_send(h, 0, queue, &out);
		rig6_expect(h, 1, &went);
	}
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

static void test_snat(void **state)
{
	check_snat(&one, IPPROTO_TCP);
	check_snat(&three, IPPROTO_TCP);
	check_snat(&one, IPPROTO_UDP);
	check_snat(&three, IPPROTO_UDP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matrix),  cmocka_unit_test(test_rss),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_snat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
