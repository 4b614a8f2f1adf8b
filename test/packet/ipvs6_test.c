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

#include "packet/across_rig.h"

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

#define BY_RSS 50

/* Connections to that address, which the server answers from that port: RSS delivers each answer to
 * the owner, nothing is handed over. */
static void pass_by_rss(struct harness *h, uint8_t proto, const char *dst, uint16_t port)
{
	for (uint16_t i = 0; i < BY_RSS; i++) {
		struct packet6 packet = rig6_from_client(proto), answer;
		struct frame got;

		packet.dst = dst;
		packet.sport = (uint16_t)(20000 + i);
		rig6_receive(h, CLIENT_SIDE, &packet);
		got = rig_take(h, SERVER_SIDE);
		answer = (struct packet6){ .src = SERVER6,
					   .dst = LADDR6,
					   .sport = port,
					   .dport = frame_u16(&got, L3 + IP6),
					   .proto = proto,
					   .flags = SYN | ACK };
		rig6_receive(h, SERVER_SIDE, &answer);
		assert_true(rig_take(h, CLIENT_SIDE).len != 0);
	}
	assert_int_equal(harness_handed_out(h), 0);
}

static void check_rss(unsigned int n_workers, uint16_t entries, uint8_t proto)
{
	const struct harness_options options = { .n_workers = n_workers,
						 .rss_entries = { 128, entries } };
	struct harness *h = rig6_new(&options, proto, 'b');

	pass_by_rss(h, proto, VIP6, 8080);
	assert_int_equal(rig_conns(h), BY_RSS);
	rig_end(h);
}

static void test_rss(void **state)
{
	check_rss(3, 128, IPPROTO_UDP);
	check_rss(3, 128, IPPROTO_TCP);
	check_rss(4, 512, IPPROTO_UDP);
	check_rss(4, 512, IPPROTO_TCP);
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

/* A server by an address of ours, in any mode. */
static void test_ours(void **state)
{
	struct harness *h = rig6_new(&one, IPPROTO_UDP, 'b');

	harness_run(h, "dpip addr add 2001:db8:9::9/128 dev dpdk0");
	for (const char *mode = "bm"; *mode; mode++) {
		char line[128];

		snprintf(line, sizeof(line),
			 "ipvsadm -a -u [" VIP6 "]:80 -r [2001:db8:9::9]:81 -%c", *mode);
		assert_non_null(strstr(harness_refused(h, line), "[2001:db8:9::9]:81 of UDP [" VIP6
								 "]:80: that is an address "
								 "of the balancer itself"));
	}
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

#define SERVERS 4
#define CLIENTS 40

/* NAT to four servers, as that scheduler says; `ways`: the service's options. */
static struct across scheduled(const struct harness_options *options, const char *ways)
{
	struct across a = { .h = across_networks(options), .six = true, .vip = VIP6 };
	char line[160];

	snprintf(line, sizeof(line), "ipvsadm -A -u [" VIP6 "]:80 %s", ways);
	harness_run(a.h, line);
	for (unsigned int i = 0; i < SERVERS; i++) {
		snprintf(line, sizeof(line), "2001:db8:1::%x", 0x10 + i);
		harness_neigh(a.h, line, "06:00:00:00:01:0b", "dpdk1");
		snprintf(line, sizeof(line),
			 "ipvsadm -a -u [" VIP6 "]:80 -r [2001:db8:1::%x]:8080 -m -w %u", 0x10 + i,
			 i == 3 ? 2 : 1);
		harness_run(a.h, line);
	}
	across_settle(&a);
	return a;
}

/* The number of the server that a client's packet goes to. */
static unsigned int server_of(struct across *a, const char *client, uint16_t port,
			      unsigned int queue, const char *payload)
{
	struct packet packet = { .src = client,
				 .dst = VIP6,
				 .sport = port,
				 .dport = 80,
				 .proto = IPPROTO_UDP,
				 .payload = payload };
	struct frame got;

	across_send(a, CLIENT_SIDE, queue % a->h->n_workers, &packet);
	got = rig_take(a->h, SERVER_SIDE);
	assert_true(got.len > L3 + IP6);
	assert_in_range(got.bytes[L3 + 39], 0x10, 0x10 + SERVERS - 1);
	rig_expect_nothing(a->h);
	return got.bytes[L3 + 39] - 0x10u;
}

static const char *client6(unsigned int i, char *text)
{
	snprintf(text, IP_STR_LEN, "2001:db8:%x::%x", 0x20 + i % 5, 0x100 + i * 7);
	return text;
}

enum spread {
	ALL,   /* servers get some each */
	SAME,  /* ... and a client stays with its own, whichever worker it comes by */
	PORTS, /* ... and a client's ports do */
	ONE,   /* one gets all, of any worker */
	FEW,   /* each worker chooses one by itself */
};

static void check_scheduler(const char *ways, enum spread spread)
{
	static const struct harness_options options[] = { { .n_workers = 1 }, { .n_workers = 3 } };
	unsigned int of[CLIENTS][4], some = 0, moved = 0;

	for (unsigned int o = 0; o < 2; o++) {
		struct across a = scheduled(&options[o], ways);

		some = moved = 0;
		for (unsigned int n = 0; n < 4; n++)
			for (unsigned int i = 0; i < CLIENTS; i++) {
				char text[IP_STR_LEN];
				unsigned int server = server_of(&a, client6(i, text),
								(uint16_t)(5000 + 77 * n), i + n,
								"hello");

				some |= 1u << server;
				moved += n && server != of[i][0];
				if (o && (spread == SAME || spread == PORTS || spread == ONE))
					assert_int_equal(server, of[i][n]);
				of[i][n] = server;
			}
		assert_true(spread != PORTS || moved > 0);
		if (spread == SAME || spread == ONE)
			assert_int_equal(moved, 0);
		if (spread == ONE || spread == FEW)
			assert_in_range(__builtin_popcount(some), 1,
					spread == ONE ? 1 : options[o].n_workers);
		else
			assert_int_equal(some, (1u << SERVERS) - 1);
		assert_int_equal(rig_conns(a.h), 4 * CLIENTS);
		rig_end(a.h);
	}
}

/* Every scheduler (datagrams are no active connections, which is all that sed and nq ask for);
 * those that hash are of one mind on all workers, and on one alone. */
static void test_schedulers(void **state)
{
	static const struct {
		const char *ways;
		enum spread spread;
	} rows[] = {
		{ "-s rr", ALL },
		{ "-s wrr", ALL },
		{ "-s lc", ALL },
		{ "-s wlc", ALL },
		{ "-s sed", ONE },
		{ "-s nq", FEW },
		{ "-s twos", ALL },
		{ "-s sh", SAME },
		{ "-s sh -b sh-fallback", SAME },
		{ "-s sh -b sh-port,sh-fallback", PORTS },
		{ "-s mh", SAME },
		{ "-s mh -b mh-port,mh-fallback", PORTS },
		{ "-s conhash", SAME },
		{ "-s conhash --hash-target sip", SAME },
		{ "-s conhash --hash-target qid", SAME },
		{ "-s dh", ONE },
		{ "-s fo", ONE },
		{ "-s ovf", ONE },
		{ "-s lblc", FEW },
		{ "-s lblcr", FEW },
	};

	for (unsigned int i = 0; i < RTE_DIM(rows); i++)
		check_scheduler(rows[i].ways, rows[i].spread);
}

/* A QUIC client that moves stays with its server, by the connection id of short headers. */
static void test_quic(void **state)
{
	struct across a = scheduled(&three, "-s conhash --hash-target qid");
	unsigned int some = 0;

	for (unsigned int id = 0; id < CLIENTS; id++) {
		char payload[32], text[IP_STR_LEN];
		unsigned int server = SERVERS;

		snprintf(payload, sizeof(payload), "Aid%06u and more", id * 7919);
		for (unsigned int n = 0; n < 3; n++) {
			unsigned int its = server_of(&a, client6(3 * id + n, text),
						     (uint16_t)(6000 + n), n + id, payload);

			assert_true(server == SERVERS || its == server);
			server = its;
		}
		some |= 1u << server;
	}
	assert_int_equal(some, (1u << SERVERS) - 1);
	rig_end(a.h);
}

/* A client, or a net of them, has one server, whichever workers its connections are on. */
static void check_persistent(const struct harness_options *options, unsigned int plen)
{
	struct across a = scheduled(options, plen == 64 ? "-s rr -p 60 -M 64" : "-s rr -p 60");
	unsigned int of[CLIENTS], some = 0;

	for (unsigned int n = 0; n < 4; n++)
		for (unsigned int i = 0; i < CLIENTS; i++) {
			char text[IP_STR_LEN];
			unsigned int server, first = plen == 64 ? i % 5 : i;

			server = server_of(&a, client6(i, text), (uint16_t)(5000 + n), i + n,
					   "hello");
			if (n == 0 && first == i)
				of[i] = server;
			assert_int_equal(server, of[first]);
			some |= 1u << server;
		}
	assert_int_not_equal(some & (some - 1), 0);
	assert_int_equal(rig_conns(a.h), 4 * CLIENTS);
	assert_int_equal(harness_all_drops(a.h), 0);
	rig_end(a.h);
}

static void test_persistent(void **state)
{
	check_persistent(&one, 128);
	check_persistent(&three, 128);
	check_persistent(&one, 64);
	check_persistent(&three, 64);
}

/* The claim of an address by another host, to all nodes. */
static void claim(struct harness *h, const char *address)
{
	uint8_t frame[L3 + IP6 + 24] = { 0x33, 0x33, 0, 0, 0, 1, [12] = 0x86, 0xdd },
				 *ip = frame + L3;

	rig6_header(ip, SERVER6, "ff02::1", IPPROTO_ICMPV6, 255, 24);
	ip[IP6] = 136;
	ip[IP6 + 4] = 0x20;
	inet_pton(AF_INET6, address, ip + IP6 + 8);
	rig6_put16(ip + IP6 + 2, rig6_sum(ip, IP6, IP6 + 24, IPPROTO_ICMPV6));
	harness_inject(h, SERVER_SIDE, 0, frame, sizeof(frame));
	harness_turn(h);
}

/* Connections by the source address with that last byte, of `n` new ones. */
static unsigned int opened_by(struct harness *h, uint16_t *sport, unsigned int n, uint8_t last,
			      const char *to)
{
	struct packet6 packet = rig6_from_client(IPPROTO_UDP);
	unsigned int found = 0;
	struct frame got;

	packet.dst = to;
	while (rig_take(h, CLIENT_SIDE).len || rig_take(h, SERVER_SIDE).len)
		;
	for (unsigned int i = 0; i < n; i++) {
		packet.sport = ++*sport;
		rig6_send(h, CLIENT_SIDE, i % h->n_workers, &packet);
		got = rig_take(h, SERVER_SIDE);
		found += got.len && got.bytes[L3 + 8 + 15] == last;
	}
	return found;
}

/* No connection goes out by an address that another host may have, or has. */
static void check_tentative(const struct harness_options *options)
{
	const char *second = "ipvsadm -P -z 2001:db8:1::c9 -u [" VIP6 "]:80 -F dpdk1";
	struct harness *h = rig6_new(options, IPPROTO_UDP, 'b');
	uint16_t sport = 20000;

	harness_run(h, second);
	assert_int_equal(opened_by(h, &sport, 12, 0xc8, VIP6), 12);
	harness_advance(h, 5000);
	assert_in_range(opened_by(h, &sport, 24, 0xc9, VIP6), 6, 18);
	harness_run(h, "ipvsadm -P -z 2001:db8:1::ca -u [" VIP6 "]:80 -F dpdk1");
	claim(h, "2001:db8:1::ca");
	harness_advance(h, 5000);
	assert_int_equal(opened_by(h, &sport, 24, 0xca, VIP6), 0);
	assert_int_equal(harness_drops(h, DROP_IPVS_TENTATIVE), 0);
	harness_run(h, "ipvsadm -Q -z " LADDR6 " -u [" VIP6 "]:80 -F dpdk1");
	harness_run(h, "ipvsadm -Q -z 2001:db8:1::c9 -u [" VIP6 "]:80 -F dpdk1");
	assert_int_equal(opened_by(h, &sport, 6, 0xca, VIP6), 0);
	assert_int_equal(harness_drops(h, DROP_IPVS_TENTATIVE), 6);
	rig_end(h);
}

/* The same of public addresses; with -p, whose clients stay with theirs, they are told so by
 * nobody. */
static void check_tentative_public(const struct harness_options *options, const char *ways)
{
	struct harness *h = rig6_new(options, IPPROTO_UDP, 'm');
	uint16_t sport = 20000;
	char line[160];

	snprintf(line, sizeof(line), "ipvsadm -A -s rr -H proto=udp,oif=dpdk1,af=ipv6 %s", ways);
	harness_run(h, line);
	harness_run(h, "ipvsadm -a -r 2001:db8:1::c9 -J -H proto=udp,oif=dpdk1,af=ipv6");
	assert_int_equal(opened_by(h, &sport, 6, 0xc9, SERVER6), 0);
	assert_int_equal(harness_drops(h, ways[0] ? DROP_IPVS_TENTATIVE : DROP_IPVS_NO_SERVER), 6);
	harness_advance(h, 5000);
	assert_int_equal(opened_by(h, &sport, 6, 0xc9, SERVER6), 6);
	rig_end(h);
}

static void test_tentative(void **state)
{
	const struct harness_options first = { .forwarding = true, .dad_transmits = 1 };
	const struct harness_options third = { .n_workers = 3,
					       .forwarding = true,
					       .dad_transmits = 1 };

	check_tentative(&first);
	check_tentative(&third);
	check_tentative_public(&first, "");
	check_tentative_public(&third, "-p 60");
}

#define MATCH6 "src-range=2001:db8::/64,dst-range=[" SERVER6 "]:80"

/* SNAT: clients of dpdk0 reach the server by a public address, LADDR6. */
static struct harness *snat_new(const struct harness_options *options, uint8_t proto)
{
	struct harness *h = harness_new(options);
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
	return h;
}

static void check_snat(const struct harness_options *options, uint8_t proto)
{
	struct harness *h = snat_new(options, proto);
	struct packet6 out = rig6_from_client(proto), went, back, came;

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

static void check_snat_rss(uint8_t proto)
{
	const struct harness_options options = { .n_workers = 4, .rss_entries = { 128, 512 } };
	struct harness *h = snat_new(&options, proto);

	pass_by_rss(h, proto, SERVER6, 80);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

static void test_snat_rss(void **state)
{
	check_snat_rss(IPPROTO_TCP);
	check_snat_rss(IPPROTO_UDP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matrix),     cmocka_unit_test(test_rss),
		cmocka_unit_test(test_refused),    cmocka_unit_test(test_ours),
		cmocka_unit_test(test_icmp),       cmocka_unit_test(test_snat),
		cmocka_unit_test(test_snat_rss),   cmocka_unit_test(test_tentative),
		cmocka_unit_test(test_schedulers), cmocka_unit_test(test_persistent),
		cmocka_unit_test(test_quic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
