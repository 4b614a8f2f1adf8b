/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Services of IPv6: FNAT, NAT and DR, TCP and UDP, both directions, on one
 * worker and on three, whichever queue a packet comes by; every byte of what
 * leaves is compared. Then what is refused, and errors of ICMPv6.
 *
 *	client 2001:db8::64 — dpdk0, virtual address 2001:db8::10
 *	server 2001:db8:1::b — dpdk1, local address 2001:db8:1::c8
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cmocka.h>

#include "ipvs/ipvs.h"
#include "packet/fnat_rig.h"

#define CLIENT6 "2001:db8::64"
#define VIP6    "2001:db8::10"
#define SERVER6 "2001:db8:1::b"
#define LADDR6  "2001:db8:1::c8"

#define IP6  40
#define LIFE 64

static const struct harness_options one, three = { .n_workers = 3 };

struct packet6 {
	const char *src, *dst;
	uint16_t sport, dport;
	uint8_t proto, hops, flags;
	bool options; /* a hop-by-hop header in front */
};

static uint16_t sum6(const uint8_t *ip, size_t l4, size_t len, uint8_t proto)
{
	uint32_t sum = proto + (uint32_t)(len - l4);

	for (size_t i = 8; i < IP6; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	for (size_t i = l4; i < len; i++)
		sum += i % 2 ? ip[i] : (uint32_t)ip[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* The IPv6 header, and its length. */
static size_t header6(uint8_t *ip, const char *src, const char *dst, uint8_t next, uint8_t hops,
		      size_t payload)
{
	memset(ip, 0, IP6);
	ip[0] = 0x60;
	ip[1] = 0x23; /* a flow label, which stays */
	put16(ip + 4, (uint16_t)payload);
	ip[6] = next;
	ip[7] = hops;
	assert_int_equal(inet_pton(AF_INET6, src, ip + 8), 1);
	assert_int_equal(inet_pton(AF_INET6, dst, ip + 24), 1);
	return IP6;
}

static size_t build6(uint8_t *ip, const struct packet6 *p)
{
	bool tcp = p->proto == IPPROTO_TCP;
	size_t front = p->options ? 8 : 0, l4 = IP6 + front, l4_len = (tcp ? 20 : 8) + 5;
	uint8_t *at = ip + l4;

	header6(ip, p->src, p->dst, p->options ? IPPROTO_HOPOPTS : p->proto,
		p->hops ? p->hops : LIFE, front + l4_len);
	if (front) {
		static const uint8_t padding[8] = { 0, 0, 1, 4 };

		memcpy(ip + IP6, padding, 8);
		ip[IP6] = p->proto;
	}
	memset(at, 0, l4_len);
	put16(at, p->sport);
	put16(at + 2, p->dport);
	memcpy(at + l4_len - 5, "hello", 5);
	if (tcp) {
		at[7] = 9;
		at[12] = 0x50;
		at[13] = p->flags;
	} else {
		put16(at + 4, (uint16_t)l4_len);
	}
	put16(at + (tcp ? 16 : 6), sum6(ip, l4, l4 + l4_len, p->proto));
	return l4 + l4_len;
}

static void send_bytes(struct harness *h, unsigned int side, unsigned int queue, const uint8_t *ip,
		       size_t len)
{
	uint8_t frame[FRAME_MAX] = { 2, 0, 0, 0, 0, (uint8_t)side, [12] = 0x86, 0xdd };

	memcpy(frame + L3, ip, len);
	harness_inject(h, side, queue, frame, L3 + len);
	harness_turn(h);
}

static void send6(struct harness *h, unsigned int side, unsigned int queue,
		  const struct packet6 *packet)
{
	uint8_t ip[FRAME_MAX];

	send_bytes(h, side, queue, ip, build6(ip, packet));
}

static void expect6(struct harness *h, unsigned int side, const struct packet6 *packet)
{
	struct frame got = rig_take(h, side);
	uint8_t ip[FRAME_MAX];
	size_t len = build6(ip, packet);

	assert_int_equal(got.len, L3 + len);
	assert_memory_equal(got.bytes + L3, ip, len);
	rig_expect_nothing(h);
}

static struct harness *new6(const struct harness_options *options, uint8_t proto, char mode)
{
	char letter = proto == IPPROTO_TCP ? 't' : 'u', line[160];
	struct harness *h = harness_new(options);

	harness_run(h, "dpip addr add 2001:db8::1/64 dev dpdk0");
	harness_run(h, "dpip addr add " VIP6 "/128 dev dpdk0");
	harness_run(h, "dpip addr add 2001:db8:1::1/64 dev dpdk1");
	harness_neigh(h, CLIENT6, "06:00:00:00:00:64", "dpdk0");
	harness_neigh(h, SERVER6, "06:00:00:00:01:0b", "dpdk1");
	snprintf(line, sizeof(line), "ipvsadm -A -%c [" VIP6 "]:80 -s rr", letter);
	harness_run(h, line);
	if (mode == 'b') {
		snprintf(line, sizeof(line), "ipvsadm -P -z " LADDR6 " -%c [" VIP6 "]:80 -F dpdk1",
			 letter);
		harness_run(h, line);
	}
	snprintf(line, sizeof(line), "ipvsadm -a -%c [" VIP6 "]:80 -r [" SERVER6 "]:%u -%c", letter,
		 mode == 'g' ? 80u : 8080u, mode);
	harness_run(h, line);
	harness_advance(h, 5000); /* nobody else has the addresses */
	for (unsigned int side = 0; side < 2; side++)
		while (rig_take(h, side).len)
			;
	return h;
}

static struct packet6 from_client(uint8_t proto)
{
	return (struct packet6){ .src = CLIENT6,
				 .dst = VIP6,
				 .sport = 40000,
				 .dport = 80,
				 .proto = proto,
				 .flags = SYN };
}

static struct packet6 to_server(struct packet6 packet, char mode, uint16_t lport)
{
	packet.hops = LIFE - 1;
	if (mode == 'g')
		return packet;
	packet.dst = SERVER6;
	packet.dport = 8080;
	if (mode == 'b') {
		packet.src = LADDR6;
		packet.sport = lport;
	}
	return packet;
}

/* The local port that FNAT has chosen; 0: there is no connection. */
static uint16_t lport_of(struct harness *h, uint8_t proto)
{
	struct tuple in = { .sport = htons(40000),
			    .dport = htons(80),
			    .proto = proto,
			    .family = AF_INET6 },
		     out;
	enum conn_dir dir;

	inet_pton(AF_INET6, CLIENT6, &in.src);
	inet_pton(AF_INET6, VIP6, &in.dst);
	for (unsigned int i = 1; i <= h->n_workers; i++) {
		uint32_t id = conn_lookup(h->all[i]->ipvs->conns, &in, &dir);

		if (id == CONN_NONE)
			continue;
		conn_tuple(h->all[i]->ipvs->conns, id, CONN_OUT, &out);
		return ntohs(out.dport);
	}
	return 0;
}

/* To the server; returns the local port. TCP through FNAT has its numbers shifted: no bytes. */
static uint16_t pass_in(struct harness *h, unsigned int queue, const struct packet6 *packet,
			char mode)
{
	struct packet6 want;
	struct frame got;

	send6(h, CLIENT_SIDE, queue, packet);
	want = to_server(*packet, mode, lport_of(h, packet->proto));
	if (mode != 'b' || packet->proto == IPPROTO_UDP) {
		expect6(h, SERVER_SIDE, &want);
		return want.sport;
	}
	got = rig_take(h, SERVER_SIDE);
	assert_true(got.len > L3 + IP6 + 20);
	assert_int_equal(got.bytes[L3 + 7], LIFE - 1);
	assert_int_equal(sum6(got.bytes + L3, got.len - L3 - 25, got.len - L3, IPPROTO_TCP), 0);
	assert_int_equal(frame_u16(&got, got.len - 25), want.sport);
	rig_expect_nothing(h);
	return want.sport;
}

static void pass_out(struct harness *h, unsigned int queue, uint8_t proto, char mode,
		     uint16_t lport)
{
	struct packet6 answer = { .src = SERVER6,
				  .dst = mode == 'b' ? LADDR6 : CLIENT6,
				  .sport = 8080,
				  .dport = mode == 'b' ? lport : 40000,
				  .proto = proto,
				  .flags = SYN };
	struct packet6 want = { .src = VIP6,
				.dst = CLIENT6,
				.sport = 80,
				.dport = 40000,
				.proto = proto,
				.hops = LIFE - 1,
				.flags = SYN };

	send6(h, SERVER_SIDE, queue, &answer);
	expect6(h, CLIENT_SIDE, &want);
}

static void check_mode(const struct harness_options *options, uint8_t proto, char mode,
		       bool extension)
{
	struct harness *h = new6(options, proto, mode);
	struct packet6 packet = from_client(proto);
	uint16_t lport = 0;

	packet.options = extension;
	for (unsigned int queue = 0; queue < h->n_workers; queue++)
		lport = pass_in(h, queue, &packet, mode);
	for (unsigned int queue = 0; mode != 'g' && queue < h->n_workers; queue++)
		pass_out(h, queue, proto, mode, lport);
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
	struct harness *h = new6(&options, IPPROTO_UDP, 'b');

	for (uint16_t i = 0; i < 50; i++) {
		struct packet6 packet = from_client(IPPROTO_UDP);
		uint8_t frame[FRAME_MAX] = { 2, [12] = 0x86, 0xdd };
		struct frame got;

		packet.sport = (uint16_t)(20000 + i);
		harness_receive(h, CLIENT_SIDE, frame, L3 + build6(frame + L3, &packet));
		harness_turn(h);
		got = rig_take(h, SERVER_SIDE);
		packet = (struct packet6){ .src = SERVER6,
					   .dst = LADDR6,
					   .sport = 8080,
					   .dport = frame_u16(&got, L3 + IP6),
					   .proto = IPPROTO_UDP };
		frame[5] = 1;
		harness_receive(h, SERVER_SIDE, frame, L3 + build6(frame + L3, &packet));
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
	assert_int_equal(sum6(got.bytes + L3, IP6, got.len - L3, IPPROTO_ICMPV6), 0);
	rig_expect_nothing(h);
}

static void test_refused(void **state)
{
	struct harness *h = new6(&one, IPPROTO_UDP, 'm');
	struct packet6 packet = from_client(IPPROTO_UDP);
	uint8_t ip[FRAME_MAX];
	size_t len = build6(ip, &packet);

	memset(ip + IP6 + 6, 0, 2);
	send_bytes(h, CLIENT_SIDE, 0, ip, len);
	rig_expect_nothing(h);
	assert_int_equal(harness_drops(h, DROP_IPVS_UDP_CHECKSUM), 1);
	packet.hops = 1;
	send6(h, CLIENT_SIDE, 0, &packet);
	expect_icmp(h, 3, 0);
	harness_run(h, "ipvsadm -d -u [" VIP6 "]:80 -r [" SERVER6 "]:8080");
	packet.hops = LIFE;
	packet.sport++;
	send6(h, CLIENT_SIDE, 0, &packet);
	expect_icmp(h, 1, 4);
	assert_non_null(strstr(harness_refused(h, "ipvsadm -a -u [" VIP6 "]:80 -r 10.0.0.9:80 -m"),
			       "IPv4 for a service of IPv6 is not supported yet"));
	assert_non_null(strstr(harness_refused(h, "ipvsadm -A -u [fe80::1]:80 -s rr"),
			       "is not a host's address"));
	rig_end(h);
}

/* About the packet as the server got it; the client hears of it as it had sent it. */
static void check_icmp(char mode)
{
	struct harness *h = new6(&one, IPPROTO_UDP, mode);
	struct packet6 packet = from_client(IPPROTO_UDP), quoted, was = packet;
	uint8_t ip[FRAME_MAX], want[FRAME_MAX];
	struct frame got;
	uint16_t lport = pass_in(h, 0, &packet, mode);
	size_t len;

	quoted = to_server(packet, mode, lport);
	was.hops = LIFE - 1;
	len = IP6 + 8 + build6(ip + IP6 + 8, &quoted);
	header6(ip, "2001:db8:1::fe", quoted.src, IPPROTO_ICMPV6, LIFE, len - IP6);
	memset(ip + IP6, 0, 8);
	ip[IP6] = 2;
	put16(ip + IP6 + 6, 1300);
	put16(ip + IP6 + 2, sum6(ip, IP6, len, IPPROTO_ICMPV6));
	memcpy(want, ip, len);
	send_bytes(h, SERVER_SIDE, 0, ip, len);
	build6(want + IP6 + 8, &was);
	header6(want, VIP6, CLIENT6, IPPROTO_ICMPV6, LIFE - 1, len - IP6);
	put16(want + IP6 + 2, 0);
	put16(want + IP6 + 2, sum6(want, IP6, len, IPPROTO_ICMPV6));
	got = rig_take(h, CLIENT_SIDE);
	assert_int_equal(got.len, L3 + len);
	assert_memory_equal(got.bytes + L3, want, len);
	ip[IP6 + 3] ^= 1;
	send_bytes(h, SERVER_SIDE, 0, ip, len);
	rig_expect_nothing(h);
	assert_int_equal(harness_drops(h, DROP_ICMP_CHECKSUM), 1);
	rig_end(h);
}

static void test_icmp(void **state)
{
	check_icmp('b');
	check_icmp('m');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matrix),
		cmocka_unit_test(test_rss),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_icmp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
