/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * snat on one worker and on several: clients of dpdk0 reach hosts of dpdk1 by
 * public addresses, byte by byte, both directions; whose packets are whose;
 * ICMP errors of both sides; what is not matched passes as ever; what cannot be
 * is dropped, counted and told. (IPv6: ipvs6_test.c.)
 *
 *	client 10.0.0.100 — dpdk0 — dpdk1 — host 192.168.0.11, public 192.168.0.201, .202
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
#include "packet/fnat_rig.h"

#define WORKERS 3
#define FLOWS   60
#define HOST    SERVER
#define PUBLIC  "192.168.0.201"
#define PUBLIC2 "192.168.0.202"

#define MATCH_TCP "proto=tcp,src-range=10.0.0.0-10.0.0.255,oif=dpdk1"
#define MATCH_UDP "proto=udp,src-range=10.0.0.0-10.0.0.255,oif=dpdk1"

static const struct harness_options one = { .forwarding = true }, three = { .n_workers = WORKERS };
static const struct harness_options rss = { .n_workers = WORKERS,
					    .rss_entries = { 128, 512 },
					    .conn_max = 4096 };

static struct harness *snat_new(const struct harness_options *options)
{
	struct harness *h = rig_new(options);

	harness_run(h, "ipvsadm -A -H " MATCH_TCP " -s rr");
	harness_run(h, "ipvsadm -a -H " MATCH_TCP " -r " PUBLIC " -J");
	harness_run(h, "ipvsadm -A -H " MATCH_UDP " -s rr");
	harness_run(h, "ipvsadm -a -H " MATCH_UDP " -r " PUBLIC " -J");
	while (rig_take(h, SERVER_SIDE).len) /* the address is made known */
		;
	return h;
}

static struct packet outwards(uint8_t proto, unsigned int flow)
{
	struct packet packet = packet_first(CLIENT, proto, (uint16_t)(20000 + flow));

	packet.dst = HOST;
	return packet;
}

static struct packet with_source(struct packet packet, const char *src, uint16_t port)
{
	packet.src = src;
	packet.sport = port;
	packet.ttl = 63;
	return packet;
}

static struct packet answer_to(const struct packet *went)
{
	return (struct packet){ .src = went->dst,
				.dst = went->src,
				.sport = went->dport,
				.dport = went->sport,
				.proto = went->proto,
				.flags = SYN | ACK,
				.ack = went->seq + 1,
				.seq = 70,
				.payload = went->proto == IPPROTO_UDP ? "out" : NULL };
}

static struct packet to_client(struct packet answer, uint16_t port)
{
	answer.dst = CLIENT;
	answer.dport = port;
	answer.ttl = 63;
	return answer;
}

/* The first frame outside is the packet, with a public address and some port: which stays in it. */
static struct packet expect_outside(struct harness *h, const struct packet *packet)
{
	static char source[4][IP_STR_LEN];
	static unsigned int turn;
	struct frame got = rig_take(h, SERVER_SIDE), want;
	char *text = source[turn++ % 4];
	struct packet went;

	assert_true(got.len >= L4 + 8);
	inet_ntop(AF_INET, got.bytes + L3 + 12, text, IP_STR_LEN);
	assert_true(strcmp(text, PUBLIC) == 0 || strcmp(text, PUBLIC2) == 0);
	went = with_source(*packet, text, frame_u16(&got, L4));
	assert_true(went.sport >= 1025);
	want = frame_out(SERVER_SIDE, &went);
	assert_int_equal(got.len, want.len);
	assert_memory_equal(got.bytes, want.bytes, want.len);
	rig_expect_nothing(h);
	return went;
}

static void pass_back(struct harness *h, unsigned int queue, const struct packet *answer,
		      uint16_t port)
{
	struct packet want = to_client(*answer, port);

	rig_send_to(h, SERVER_SIDE, queue, answer);
	rig_expect(h, CLIENT_SIDE, &want);
}

/* Every flow's packets on every queue, both ways. */
static void check_flows(const struct harness_options *options, uint8_t proto)
{
	struct harness *h = snat_new(options);

	for (unsigned int flow = 0; flow < FLOWS; flow++) {
		struct packet packet = outwards(proto, flow), went, answer;

		rig_send_to(h, CLIENT_SIDE, flow % h->n_workers, &packet);
		went = expect_outside(h, &packet);
		answer = answer_to(&went);
		for (unsigned int queue = 0; queue < h->n_workers; queue++)
			pass_back(h, queue, &answer, packet.sport);
		packet.flags = ACK;
		packet.ack = 71;
		packet.seq++;
		packet.payload = "more";
		went = with_source(packet, PUBLIC, went.sport);
		for (unsigned int queue = 0; queue < h->n_workers; queue++) {
			rig_send_to(h, CLIENT_SIDE, queue, &packet);
			rig_expect(h, SERVER_SIDE, &went);
		}
	}
	assert_int_equal(rig_conns(h), FLOWS);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

static void test_tcp(void **state)
{
	check_flows(&one, IPPROTO_TCP);
	check_flows(&three, IPPROTO_TCP);
}

static void test_udp(void **state)
{
	check_flows(&one, IPPROTO_UDP);
	check_flows(&three, IPPROTO_UDP);
}

/* NICs bring both directions to the owner: nothing changes workers. */
static void check_rss(uint8_t proto)
{
	struct harness *h = snat_new(&rss);
	unsigned int busy = 0;

	for (unsigned int flow = 0; flow < 300; flow++) {
		struct packet packet = outwards(proto, flow), went, answer, back;
		struct frame frame = frame_in(CLIENT_SIDE, &packet);

		harness_receive(h, CLIENT_SIDE, frame.bytes, frame.len);
		harness_turn(h);
		went = expect_outside(h, &packet);
		answer = answer_to(&went);
		frame = frame_in(SERVER_SIDE, &answer);
		harness_receive(h, SERVER_SIDE, frame.bytes, frame.len);
		harness_turn(h);
		back = to_client(answer, packet.sport);
		rig_expect(h, CLIENT_SIDE, &back);
	}
	for (unsigned int i = 1; i <= h->n_workers; i++)
		busy += conn_count(h->all[i]->ipvs->conns) > 30;
	assert_int_equal(busy, h->n_workers);
	assert_int_equal(harness_handed_out(h), 0);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

static void test_rss(void **state)
{
	check_rss(IPPROTO_TCP);
	check_rss(IPPROTO_UDP);
}

/* A client keeps its address, on all workers; weights share the clients out. */
static void test_pool(void **state)
{
	struct harness *h = snat_new(&three);
	unsigned int second = 0;

	harness_run(h, "ipvsadm -a -H " MATCH_UDP " -r " PUBLIC2 " -J -w 3");
	while (rig_take(h, SERVER_SIDE).len)
		;
	for (unsigned int client = 0; client < 120; client++) {
		char address[IP_STR_LEN], first[IP_STR_LEN] = "";

		snprintf(address, sizeof(address), "10.0.0.%u", 100 + client);
		for (unsigned int flow = 0; flow < 4; flow++) {
			struct packet packet = outwards(IPPROTO_UDP, flow), went;

			packet.src = address;
			rig_send_to(h, CLIENT_SIDE, flow % WORKERS, &packet);
			went = expect_outside(h, &packet);
			if (!first[0])
				strcpy(first, went.src);
			assert_string_equal(went.src, first);
		}
		second += strcmp(first, PUBLIC2) == 0;
	}
	assert_in_range(second, 70, 110); /* of 120, 90 expected */
	rig_end(h);
}

/* With -p the scheduler chooses: in turn, and the client's stays its own. */
static void test_persistent(void **state)
{
	struct harness *h = rig_new(&three);
	unsigned int second = 0;

	harness_run(h, "ipvsadm -A -H " MATCH_UDP " -s rr -p 60");
	harness_run(h, "ipvsadm -a -H " MATCH_UDP " -r " PUBLIC " -J");
	harness_run(h, "ipvsadm -a -H " MATCH_UDP " -r " PUBLIC2 " -J");
	while (rig_take(h, SERVER_SIDE).len)
		;
	for (unsigned int client = 0; client < 30; client++) {
		char address[IP_STR_LEN], first[IP_STR_LEN] = "";

		snprintf(address, sizeof(address), "10.0.0.%u", 100 + client);
		for (unsigned int flow = 0; flow < 3; flow++) {
			struct packet packet = outwards(IPPROTO_UDP, flow), went;

			packet.src = address;
			rig_send_to(h, CLIENT_SIDE, flow % WORKERS, &packet);
			went = expect_outside(h, &packet);
			if (!first[0])
				strcpy(first, went.src);
			assert_string_equal(went.src, first);
		}
		second += strcmp(first, PUBLIC2) == 0;
	}
	assert_in_range(second, 12, 18);
	rig_end(h);
}

/* A flow of a client goes out by a port of that range; which is returned. */
static uint16_t out_by(struct harness *h, const char *client, unsigned int flow, uint16_t first,
		       uint16_t last)
{
	struct packet packet = outwards(IPPROTO_UDP, flow), went;

	packet.src = client;
	rig_send_to(h, CLIENT_SIDE, flow % h->n_workers, &packet);
	went = expect_outside(h, &packet);
	assert_in_range(went.sport, first, last);
	return went.sport;
}

static void ranged(struct harness *h, char what, const char *ports)
{
	char line[160];

	snprintf(line, sizeof(line), "ipvsadm -%c -H " MATCH_UDP " -r " PUBLIC ":%s%s", what, ports,
		 what == 'a' ? " -J" : "");
	harness_run(h, line);
	while (rig_take(h, SERVER_SIDE).len)
		;
}

/* Two ranges of one address: a client keeps its own, and answers come back. */
static void check_ranges(const struct harness_options *options)
{
	struct harness *h = rig_new(options);

	harness_run(h, "ipvsadm -A -H " MATCH_UDP " -s rr");
	ranged(h, 'a', "20000-20999");
	ranged(h, 'a', "30000-30999");
	for (unsigned int client = 0; client < 10; client++) {
		char name[IP_STR_LEN];
		uint16_t port = 0;

		snprintf(name, sizeof(name), "10.0.0.%u", 100 + client);
		for (unsigned int flow = 0; flow < FLOWS; flow++) {
			struct packet packet = outwards(IPPROTO_UDP, flow), answer, want;

			packet.src = name;
			port = port ? out_by(h, name, flow, port < 30000 ? 20000 : 30000,
					     port < 30000 ? 20999 : 30999)
				    : out_by(h, name, flow, 20000, 30999);
			packet.src = PUBLIC;
			packet.sport = port;
			answer = answer_to(&packet);
			rig_send_to(h, SERVER_SIDE, (flow + 1) % h->n_workers, &answer);
			want = to_client(answer, (uint16_t)(20000 + flow));
			want.dst = name;
			rig_expect(h, CLIENT_SIDE, &want);
		}
	}
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

static void test_ranges(void **state)
{
	check_ranges(&one);
	check_ranges(&three);
}

/* All ports of a range are used, then it is full: counted, and told; what ends makes room. */
static void test_range_full(void **state)
{
	struct harness *h = rig_new(&one);
	struct packet packet = outwards(IPPROTO_UDP, 4);
	unsigned int ports = 0;

	harness_run(h, "ipvsadm -A -H " MATCH_UDP " -s rr");
	ranged(h, 'a', "1025-1028");
	for (unsigned int round = 0; round < 2; round++) {
		for (unsigned int flow = 0; flow < 4; flow++)
			ports += out_by(h, CLIENT, flow, 1025, 1028);
		assert_int_equal(ports, 1025 + 1026 + 1027 + 1028);
		rig_send(h, CLIENT_SIDE, &packet);
		assert_int_equal(rig_take(h, CLIENT_SIDE).bytes[L4 + 1], 1); /* host unreachable */
		rig_expect_nothing(h);
		assert_int_equal(harness_drops(h, DROP_IPVS_NO_PORT), round + 1);
		ports = 0;
		harness_advance(h, 310000);
		assert_int_equal(rig_conns(h), 0);
	}
	rig_end(h);
}

/* Ranges that overlap, also with one whose connections outlive it, give no port twice, and miss
 * none that is free. */
static void check_overlap(const struct harness_options *options)
{
	struct harness *h = rig_new(options);
	bool seen[128] = { false };

	harness_run(h, "ipvsadm -A -H " MATCH_UDP " -s rr");
	ranged(h, 'a', "1030-1129");
	for (unsigned int flow = 0; flow < 100; flow++)
		seen[out_by(h, CLIENT, flow, 1030, 1129) - 1030] = true;
	ranged(h, 'd', "1030-1129");
	ranged(h, 'a', "1030-1141");
	for (unsigned int flow = 100; flow < 112; flow++) {
		uint16_t port = out_by(h, CLIENT, flow, 1030, 1141);

		assert_false(seen[port - 1030]);
		seen[port - 1030] = true;
	}
	assert_int_equal(rig_conns(h), 112);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

static void test_range_overlap(void **state)
{
	check_overlap(&one);
	check_overlap(&three);
}

/* The same of many clients' first packets at once. */
static void test_range_overlap_at_once(void **state)
{
	struct harness *h = rig_new(&one);

	harness_run(h, "ipvsadm -A -H " MATCH_UDP " -s rr");
	ranged(h, 'a', "1030-1061");
	ranged(h, 'a', "1030-1060");
	for (uint16_t round = 0; round < 4; round++) {
		bool seen[32] = { false };

		for (unsigned int client = 0; client < 24; client++) {
			struct packet packet = outwards(IPPROTO_UDP, client);
			char name[IP_STR_LEN];
			struct frame frame;

			snprintf(name, sizeof(name), "10.0.0.%u", 20 + client);
			packet.src = name;
			packet.dport = 53 + round;
			frame = frame_in(CLIENT_SIDE, &packet);
			harness_inject(h, CLIENT_SIDE, 0, frame.bytes, frame.len);
		}
		harness_turn(h);
		for (unsigned int client = 0; client < 24; client++) {
			struct frame got = rig_take(h, SERVER_SIDE);
			unsigned int port = frame_u16(&got, L4) - 1030u;

			assert_true(got.len && port < 32 && !seen[port]);
			seen[port] = true;
		}
		rig_expect_nothing(h);
	}
	assert_int_equal(rig_conns(h), 4 * 24);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

/* Few ports of an address are not shared with what other workers give out; one worker sees all. */
static void check_shared(const struct harness_options *options, bool alone)
{
	static const struct {
		const char *line, *why;
	} rows[] = {
		{ "ipvsadm -a -H " MATCH_UDP " -r " LADDR ":1030-1037 -J",
		  "it is a local address of UDP 10.0.0.10:80; allowed: another address, or a range "
		  "of "
		  "192 ports or more" },
		{ "ipvsadm -a -H " MATCH_UDP " -r " PUBLIC ":1030-1037 -J",
		  "the address has connections by any of its ports; allowed: another address, a "
		  "range "
		  "of 192 ports or more, or when they have ended" },
		{ "ipvsadm -a -H " MATCH_UDP " -r " PUBLIC2 ":1030-1037 -J", NULL },
		{ "ipvsadm -a -H " MATCH_UDP " -r " PUBLIC ":1030-1036 -J",
		  "the address has connections by any of its ports" },
		{ "ipvsadm -P -u " VIP ":80 -z " PUBLIC2 " -F dpdk1",
		  "it is a public address of UDP match" },
		{ "ipvsadm -a -H " MATCH_UDP " -r " LADDR ":1030-1500 -J", NULL },
	};
	struct harness *h = rig_new(options);

	rig_service(h, 'u', 1);
	harness_run(h, "ipvsadm -A -H " MATCH_UDP " -s rr");
	harness_run(h, "ipvsadm -a -H " MATCH_UDP " -r " PUBLIC " -J");
	while (rig_take(h, SERVER_SIDE).len)
		;
	out_by(h, CLIENT, 1, 1025, 65535);
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		if (alone || !rows[i].why)
			harness_run(h, rows[i].line);
		else
			assert_non_null(strstr(harness_refused(h, rows[i].line), rows[i].why));
	}
	rig_end(h);
}

static void test_range_shared(void **state)
{
	check_shared(&one, true);
	check_shared(&three, false);
}

/* Neither the other direction, nor what is to us, nor what no range has. */
static void test_unmatched(void **state)
{
	struct harness *h = snat_new(&one);
	struct packet packet = outwards(IPPROTO_UDP, 1), want;

	harness_run(h, "ipvsadm -D -H " MATCH_UDP);
	harness_run(h, "ipvsadm -A -H proto=udp,dst-range=192.168.0.11:53-60,iif=dpdk0 -s rr");
	harness_run(h, "ipvsadm -a -H proto=udp,dst-range=192.168.0.11:53-60,iif=dpdk0 "
		       "-r " PUBLIC ":0 -J");
	while (rig_take(h, SERVER_SIDE).len)
		;
	rig_send(h, CLIENT_SIDE, &packet); /* to port 80 */
	want = packet;
	want.ttl = 63;
	rig_expect(h, SERVER_SIDE, &want);
	packet.dport = 53;
	rig_send(h, CLIENT_SIDE, &packet);
	expect_outside(h, &packet);
	packet = (struct packet){ .src = HOST,
				  .dst = CLIENT,
				  .sport = 9,
				  .dport = 53,
				  .proto = IPPROTO_UDP,
				  .payload = "in" };
	rig_send(h, SERVER_SIDE, &packet);
	want = packet;
	want.ttl = 63;
	rig_expect(h, CLIENT_SIDE, &want);
	assert_int_equal(rig_conns(h), 1);
	rig_end(h);
}

/* The last one added is asked first. */
static void test_order(void **state)
{
	struct harness *h = snat_new(&one);
	struct packet packet = outwards(IPPROTO_UDP, 1), went;

	harness_run(h, "ipvsadm -A -H proto=udp -s rr");
	harness_run(h, "ipvsadm -a -H proto=udp -r " PUBLIC2 " -J");
	while (rig_take(h, SERVER_SIDE).len || rig_take(h, CLIENT_SIDE).len)
		;
	rig_send(h, CLIENT_SIDE, &packet);
	went = expect_outside(h, &packet);
	assert_string_equal(went.src, PUBLIC2);
	harness_run(h, "ipvsadm -D -H proto=udp");
	packet.sport++;
	rig_send(h, CLIENT_SIDE, &packet);
	went = expect_outside(h, &packet);
	assert_string_equal(went.src, PUBLIC);
	rig_end(h);
}

/* Connections outlive their service, on whichever queue their packets come. */
static void test_removed(void **state)
{
	struct harness *h = snat_new(&three);
	struct packet packet = outwards(IPPROTO_UDP, 1), went, answer;

	rig_send(h, CLIENT_SIDE, &packet);
	went = expect_outside(h, &packet);
	answer = answer_to(&went);
	harness_run(h, "ipvsadm -D -H " MATCH_UDP);
	harness_run(h, "ipvsadm -D -H " MATCH_TCP);
	for (unsigned int queue = 0; queue < WORKERS; queue++) {
		rig_send_to(h, CLIENT_SIDE, queue, &packet);
		rig_expect(h, SERVER_SIDE, &went);
		pass_back(h, queue, &answer, packet.sport);
	}
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

/* What is of no connection does not leave as it is; no address: the client is told. */
static void test_refused(void **state)
{
	struct harness *h = snat_new(&one);
	struct packet packet = outwards(IPPROTO_TCP, 1);

	struct frame reset;

	packet.flags = ACK;
	rig_send(h, CLIENT_SIDE, &packet);
	reset = rig_take(h, CLIENT_SIDE);
	assert_true(reset.len >= L4 + 20);
	assert_int_equal(reset.bytes[L4 + 13] & RST, RST);
	rig_expect_nothing(h);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_CONN), 1);
	harness_run(h, "ipvsadm -d -H " MATCH_TCP " -r " PUBLIC);
	packet.flags = SYN;
	rig_send(h, CLIENT_SIDE, &packet);
	rig_expect_icmp(h, CLIENT_SIDE, 3, 1, "10.0.0.1", 0, &packet);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_SERVER), 1);
	packet = outwards(IPPROTO_UDP, 1);
	packet.ttl = 1;
	rig_send(h, CLIENT_SIDE, &packet);
	rig_expect_icmp(h, CLIENT_SIDE, 11, 0, "10.0.0.1", 0, &packet);
	rig_end(h);
}

/* The public address answers for itself. */
static void test_ping_public(void **state)
{
	struct harness *h = snat_new(&one);
	uint8_t echo[64];
	struct packet ping = { .src = HOST, .dst = PUBLIC, .proto = IPPROTO_ICMP, .l4 = echo };
	struct frame got;

	ping.l4_len = icmp_build(echo, 8, 0, 0x12340001, (const uint8_t *)"ping", 4);
	rig_send(h, SERVER_SIDE, &ping);
	got = rig_take(h, SERVER_SIDE);
	assert_true(got.len > L4);
	assert_int_equal(got.bytes[L4], 0);
	rig_end(h);
}

/* Both sides' errors: the client learns who sent it, the world sees the public address only. */
static void check_icmp(const struct harness_options *options, uint8_t proto)
{
	struct harness *h = snat_new(options);
	struct packet packet = outwards(proto, 7), went, answer, back, error, want;
	uint8_t quoted[FRAME_MAX], outside[FRAME_MAX], inside[FRAME_MAX];
	size_t len;

	rig_send(h, CLIENT_SIDE, &packet);
	went = expect_outside(h, &packet);
	packet.ttl = went.ttl = 3; /* at the router that gave it up */
	len = packet_build(quoted, &went);
	error = (struct packet){ .src = "192.168.0.254",
				 .dst = PUBLIC,
				 .proto = IPPROTO_ICMP,
				 .l4 = outside,
				 .l4_len = icmp_build(outside, 11, 0, 0, quoted, len) };
	len = packet_build(quoted, &packet);
	want = error;
	want.dst = CLIENT;
	want.ttl = 63;
	want.l4 = inside;
	want.l4_len = icmp_build(inside, 11, 0, 0, quoted, len);
	for (unsigned int queue = 0; queue < h->n_workers; queue++) {
		rig_send_to(h, SERVER_SIDE, queue, &error);
		rig_expect(h, CLIENT_SIDE, &want);
	}
	answer = answer_to(&went);
	pass_back(h, 0, &answer, packet.sport);
	back = to_client(answer, packet.sport);
	len = packet_build(quoted, &back);
	error = (struct packet){ .src = "10.0.0.77", /* a router inside */
				 .dst = HOST,
				 .proto = IPPROTO_ICMP,
				 .l4 = inside,
				 .l4_len = icmp_build(inside, 3, 3, 0, quoted, len) };
	answer.ttl = back.ttl;
	len = packet_build(quoted, &answer);
	want = error;
	want.src = PUBLIC;
	want.ttl = 63;
	want.l4 = outside;
	want.l4_len = icmp_build(outside, 3, 3, 0, quoted, len);
	for (unsigned int queue = 0; queue < h->n_workers; queue++) {
		rig_send_to(h, CLIENT_SIDE, queue, &error);
		rig_expect(h, SERVER_SIDE, &want);
	}
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

static void test_icmp(void **state)
{
	check_icmp(&one, IPPROTO_TCP);
	check_icmp(&three, IPPROTO_TCP);
	check_icmp(&one, IPPROTO_UDP);
	check_icmp(&three, IPPROTO_UDP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp),           cmocka_unit_test(test_udp),
		cmocka_unit_test(test_rss),           cmocka_unit_test(test_pool),
		cmocka_unit_test(test_persistent),    cmocka_unit_test(test_unmatched),
		cmocka_unit_test(test_ranges),        cmocka_unit_test(test_range_full),
		cmocka_unit_test(test_range_overlap), cmocka_unit_test(test_range_shared),
		cmocka_unit_test(test_order),         cmocka_unit_test(test_range_overlap_at_once),
		cmocka_unit_test(test_removed),       cmocka_unit_test(test_refused),
		cmocka_unit_test(test_ping_public),   cmocka_unit_test(test_icmp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
