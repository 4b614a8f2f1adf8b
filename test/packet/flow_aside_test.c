/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flow stage in SNAT and tunnels: first packets, alone and many at once, and
 * data of established connections of both families, exact in every byte; what it
 * leaves to the slow path; and what the very next packet makes of another route,
 * MAC address, address of ours, server or setting. Run with the stage on, off and
 * checked, as flow_test is.
 *
 *	client 10.0.0.100, 2001:db8::64 — dpdk0 — dpdk1 — 192.168.0.11, 2001:db8:1::b
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
#include "packet/dr_rig.h"
#include "packet/ipvs6_rig.h"

#define HOST    SERVER
#define PUBLIC  "192.168.0.201"
#define PUBLIC6 "2001:db8:1::c9"

#define CLIENT_MAC "06:00:00:00:00:64"
#define SERVER_MAC "06:00:00:00:01:0b"
#define OTHER_MAC  "06:00:00:00:09:09"

enum flow_way {
	SLOW_PATH,
	FLOW_STAGE,
};

#define VECTOR 32
#define FIRST  20000 /* port of the first of many clients */

static const struct harness_options usual, routing = { .forwarding = true };
static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };

/* An IP packet. */
struct bytes {
	size_t len;
	uint8_t at[FRAME_MAX];
};

struct line {
	struct harness *h;
	uint8_t proto;
	bool six;
	uint16_t cport; /* the client's */
	uint16_t port;  /* SNAT's, of the public address */
	uint64_t taken; /* by the stage, as far as was looked at */
};

static uint64_t taken(const struct harness *h)
{
	return h->all[1]->counters.flow;
}

/* So many packets by the flow stage since this was asked last; none if it is off. */
static void took_many(struct line *line, unsigned int n)
{
	const char *mode = getenv("FLOW");
	bool off = mode && strcmp(mode, "off") == 0;

	assert_int_equal(taken(line->h) - line->taken, off ? 0 : n);
	line->taken = taken(line->h);
}

static void took(struct line *line, enum flow_way way)
{
	took_many(line, way == FLOW_STAGE);
}

static void inject_bytes(struct line *line, unsigned int side, const struct bytes *packet)
{
	uint8_t frame[FRAME_MAX] = { 2,
				     0,
				     0,
				     0,
				     0,
				     (uint8_t)side,
				     [12] = line->six ? 0x86 : 0x08,
				     line->six ? 0xdd : 0x00 };

	memcpy(frame + L3, packet->at, packet->len);
	harness_inject(line->h, side, 0, frame, L3 + packet->len);
}

static void send_bytes(struct line *line, unsigned int side, const struct bytes *packet)
{
	inject_bytes(line, side, packet);
	harness_turn(line->h);
}

/* To the usual neighbour of that side, or the other one. */
static struct frame expect_frame(struct line *line, unsigned int side, bool other)
{
	static const char *const macs[] = { CLIENT_MAC, SERVER_MAC };
	struct frame got = rig_take(line->h, side);
	uint8_t mac[6];

	harness_hex(other ? OTHER_MAC : macs[side], mac, sizeof(mac));
	assert_true(got.len > L3);
	assert_memory_equal(got.bytes, mac, sizeof(mac));
	rig_expect_nothing(line->h);
	return got;
}

static void expect_bytes(struct line *line, unsigned int side, const struct bytes *want, bool other)
{
	struct frame got = expect_frame(line, side, other);

	assert_int_equal(got.len, L3 + want->len);
	assert_memory_equal(got.bytes + L3, want->at, want->len);
}

static void line_run(struct line *line, const char *four, const char *six)
{
	harness_run(line->h, line->six ? six : four);
	while (rig_take(line->h, CLIENT_SIDE).len || rig_take(line->h, SERVER_SIDE).len)
		; /* an address is made known */
}

/* --- SNAT ---------------------------------------------------------------------- */

/* As it comes from that side, or (`on`) leaves on the other one. */
static struct bytes snat_packet(const struct line *line, unsigned int from, uint8_t flags, bool on)
{
	const uint32_t opens = flags & SYN ? 0 : 1;
	const bool in = from == CLIENT_SIDE;
	struct packet four = { .src = in ? (on ? PUBLIC : CLIENT) : HOST,
			       .dst = in ? HOST : (on ? CLIENT : PUBLIC),
			       .proto = line->proto,
			       .flags = flags,
			       .ttl = on ? harness_ttl(line->h, 64) : 64,
			       .payload = "data" };
	struct packet6 six = { .src = in ? (on ? PUBLIC6 : CLIENT6) : SERVER6,
			       .dst = in ? SERVER6 : (on ? CLIENT6 : PUBLIC6),
			       .proto = line->proto,
			       .flags = flags,
			       .hops = on ? harness_ttl(line->h, 64) : 64 };
	struct bytes bytes;

	four.sport = six.sport = in ? (on ? line->port : line->cport) : 80;
	four.dport = six.dport = in ? 80 : (on ? line->cport : line->port);
	four.seq = six.seq = in ? ISN + opens : SISN + opens;
	four.ack = six.ack = flags & ACK ? (in ? SISN + 1 : ISN + 1) : 0;
	bytes.len = line->six ? rig6_build(bytes.at, &six) : packet_build(bytes.at, &four);
	return bytes;
}

static void snat_pass(struct line *line, unsigned int from, uint8_t flags, bool other,
		      enum flow_way way)
{
	struct bytes packet = snat_packet(line, from, flags, false);
	struct bytes want = snat_packet(line, from, flags, true);

	send_bytes(line, from, &packet);
	expect_bytes(line, !from, &want, other);
	took(line, way);
}

static void snat_both(struct line *line, enum flow_way way)
{
	snat_pass(line, CLIENT_SIDE, ACK | PSH, false, way);
	snat_pass(line, SERVER_SIDE, ACK | PSH, false, way);
}

static void snat_lost(struct line *line, unsigned int from, enum drop_reason reason)
{
	struct bytes packet = snat_packet(line, from, ACK | PSH, false);
	uint64_t before = harness_drops(line->h, reason);

	send_bytes(line, from, &packet);
	assert_int_equal(harness_drops(line->h, reason), before + 1);
	took(line, SLOW_PATH);
	while (rig_take(line->h, CLIENT_SIDE).len || rig_take(line->h, SERVER_SIDE).len)
		; /* somebody may be told */
}

static struct harness *snat_harness(uint8_t proto, bool six)
{
	struct harness *h = six ? harness_new(&routing) : rig_new(&routing);
	char match[120], text[192];

	if (six) {
		harness_run(h, "dpip addr add 2001:db8::1/64 dev dpdk0");
		harness_run(h, "dpip addr add 2001:db8:1::1/64 dev dpdk1");
		harness_neigh(h, CLIENT6, CLIENT_MAC, "dpdk0");
		harness_neigh(h, SERVER6, SERVER_MAC, "dpdk1");
	}
	snprintf(match, sizeof(match), "-H proto=%s,%s,oif=dpdk1",
		 proto == IPPROTO_TCP ? "tcp" : "udp",
		 six ? "src-range=2001:db8::/64" : "src-range=10.0.0.0-10.0.0.255");
	snprintf(text, sizeof(text), "ipvsadm -A %s -s rr", match);
	harness_run(h, text);
	snprintf(text, sizeof(text), "ipvsadm -a %s -r %s -J", match, six ? PUBLIC6 : PUBLIC);
	harness_run(h, text);
	harness_neigh(h, six ? "2001:db8::78" : "10.0.0.120", OTHER_MAC, "dpdk0");
	harness_neigh(h, six ? "2001:db8:1::78" : "192.168.0.120", OTHER_MAC, "dpdk1");
	harness_advance(h, 5000); /* nobody else has the addresses */
	while (rig_take(h, CLIENT_SIDE).len || rig_take(h, SERVER_SIDE).len)
		;
	return h;
}

static struct line snat_begin(uint8_t proto, bool six)
{
	return (struct line){
		.h = snat_harness(proto, six), .proto = proto, .six = six, .cport = 40000
	};
}

/* The first packet, with the public port that it has got. */
static void snat_first(struct line *line, const struct frame *got)
{
	struct bytes want;

	line->port = frame_u16(got, line->six ? L3 + IP6 : L4);
	want = snat_packet(line, CLIENT_SIDE, SYN, true);
	assert_int_equal(got->len, L3 + want.len);
	assert_memory_equal(got->bytes + L3, want.at, want.len);
}

/* A connection that both sides have used. */
static struct line snat_open(uint8_t proto, bool six)
{
	struct line line = snat_begin(proto, six);
	struct bytes first = snat_packet(&line, CLIENT_SIDE, SYN, false);
	struct frame got;

	send_bytes(&line, CLIENT_SIDE, &first);
	got = expect_frame(&line, SERVER_SIDE, false);
	snat_first(&line, &got);
	took(&line, FLOW_STAGE);
	snat_pass(&line, SERVER_SIDE, SYN | ACK, false, FLOW_STAGE);
	snat_pass(&line, CLIENT_SIDE, ACK, false, FLOW_STAGE);
	return line;
}

static void each_line(struct line (*open)(uint8_t proto, bool six), void (*test)(struct line *line))
{
	for (unsigned int i = 0; i < 4; i++) {
		struct line line = open(protos[i & 1], i >> 1);

		test(&line);
		rig_end(line.h);
	}
}

/* Vectors of new ones: each from a public port of its own, to which the answer comes. */
static void snat_vectors(struct line *line)
{
	uint16_t ports[2 * VECTOR];

	for (unsigned int i = 0; i < 2 * VECTOR; i++) {
		struct bytes packet;

		line->cport = (uint16_t)(FIRST + i);
		packet = snat_packet(line, CLIENT_SIDE, SYN, false);
		inject_bytes(line, CLIENT_SIDE, &packet);
	}
	harness_turn(line->h);
	for (unsigned int i = 0; i < 2 * VECTOR; i++) {
		struct frame got = rig_take(line->h, SERVER_SIDE);

		line->cport = (uint16_t)(FIRST + i);
		snat_first(line, &got);
		ports[i] = line->port;
		for (unsigned int k = 0; k < i; k++)
			assert_int_not_equal(ports[k], ports[i]);
	}
	took_many(line, 2 * VECTOR);
	assert_int_equal(rig_conns(line->h), 2 * VECTOR);
	for (unsigned int i = 0; i < 2 * VECTOR; i++) {
		line->cport = (uint16_t)(FIRST + i);
		line->port = ports[i];
		snat_pass(line, SERVER_SIDE, SYN | ACK, false, FLOW_STAGE);
	}
	assert_int_equal(harness_all_drops(line->h), 0);
}

static void test_snat_vectors(void **state)
{
	each_line(snat_begin, snat_vectors);
}

static void snat_data(struct line *line)
{
	for (unsigned int i = 0; i < 3; i++)
		snat_both(line, FLOW_STAGE);
	assert_int_equal(harness_all_drops(line->h), 0);
	if (line->proto == IPPROTO_UDP)
		return;
	snat_pass(line, CLIENT_SIDE, ACK | FIN, false, FLOW_STAGE);
	snat_pass(line, SERVER_SIDE, ACK | FIN, false, FLOW_STAGE);
	snat_pass(line, CLIENT_SIDE, ACK, false, FLOW_STAGE);
	snat_pass(line, CLIENT_SIDE, RST | ACK, false, SLOW_PATH);
}

static void test_snat_data(void **state)
{
	each_line(snat_open, snat_data);
}

/* Key xmit_ttl off, and on again. */
static void snat_ttl_kept(struct line *line)
{
	harness_keep_ttl(line->h, true);
	snat_both(line, FLOW_STAGE);
	harness_keep_ttl(line->h, false);
	snat_both(line, FLOW_STAGE);
}

static void test_snat_ttl_kept(void **state)
{
	each_line(snat_open, snat_ttl_kept);
}

static void snat_routes(struct line *line)
{
	line_run(line, "dpip route add " HOST "/32 via 192.168.0.120 dev dpdk1",
		 "dpip route add " SERVER6 "/128 via 2001:db8:1::78 dev dpdk1");
	snat_pass(line, CLIENT_SIDE, ACK, true, FLOW_STAGE);
	snat_pass(line, SERVER_SIDE, ACK, false, FLOW_STAGE);
	line_run(line, "dpip route del " HOST "/32 dev dpdk1",
		 "dpip route del " SERVER6 "/128 dev dpdk1");
	snat_both(line, FLOW_STAGE);
	line_run(line, "dpip route add " CLIENT "/32 via 10.0.0.120 dev dpdk0",
		 "dpip route add " CLIENT6 "/128 via 2001:db8::78 dev dpdk0");
	snat_pass(line, SERVER_SIDE, ACK, true, FLOW_STAGE);
	snat_pass(line, CLIENT_SIDE, ACK, false, FLOW_STAGE);
	line_run(line, "dpip route del " CLIENT "/32 dev dpdk0",
		 "dpip route del " CLIENT6 "/128 dev dpdk0");
	snat_both(line, FLOW_STAGE);
	line_run(line, "dpip neigh set " HOST " lladdr " OTHER_MAC " dev dpdk1",
		 "dpip neigh set " SERVER6 " lladdr " OTHER_MAC " dev dpdk1");
	snat_pass(line, CLIENT_SIDE, ACK, true, FLOW_STAGE);
}

static void test_snat_routes(void **state)
{
	each_line(snat_open, snat_routes);
}

/* Several gateways: the way of each packet is its own. */
static void test_snat_gateways(void **state)
{
	struct line line = snat_open(IPPROTO_UDP, false);

	harness_neigh(line.h, "192.168.0.121", OTHER_MAC, "dpdk1");
	harness_run(line.h, "dpip route add " HOST "/32 nexthop via 192.168.0.120 dev dpdk1 "
			    "nexthop via 192.168.0.121 dev dpdk1");
	snat_pass(&line, CLIENT_SIDE, ACK, true, FLOW_STAGE);
	snat_pass(&line, SERVER_SIDE, ACK, false, FLOW_STAGE);
	rig_end(line.h);
}

/* Who claims to be us is not believed; no longer ours, it goes on. */
static void snat_addresses(struct line *line)
{
	enum drop_reason source = line->six ? DROP_IP6_SOURCE : DROP_IP4_SOURCE;

	line_run(line, "dpip addr add " HOST "/32 dev dpdk1",
		 "dpip addr add " SERVER6 "/128 dev dpdk1");
	snat_lost(line, SERVER_SIDE, source);
	line_run(line, "dpip addr del " HOST "/32 dev dpdk1",
		 "dpip addr del " SERVER6 "/128 dev dpdk1");
	snat_both(line, FLOW_STAGE);
	line_run(line, "dpip addr add " CLIENT "/32 dev dpdk0",
		 "dpip addr add " CLIENT6 "/128 dev dpdk0");
	snat_lost(line, CLIENT_SIDE, source);
	line_run(line, "dpip addr del " CLIENT "/32 dev dpdk0",
		 "dpip addr del " CLIENT6 "/128 dev dpdk0");
	snat_both(line, FLOW_STAGE);
}

static void test_snat_addresses(void **state)
{
	each_line(snat_open, snat_addresses);
}

static void test_snat_mtu(void **state)
{
	struct line line = snat_open(IPPROTO_UDP, false);
	struct packet packet = { .src = CLIENT,
				 .dst = HOST,
				 .sport = 40000,
				 .dport = 80,
				 .proto = IPPROTO_UDP,
				 .fragment = 0x4000,
				 .filler = 600 };

	rig_send(line.h, CLIENT_SIDE, &packet);
	assert_int_equal(rig_take(line.h, SERVER_SIDE).len, L4 + 608);
	took(&line, FLOW_STAGE);
	harness_run(line.h, "dpip link set dpdk1 mtu 600");
	rig_send(line.h, CLIENT_SIDE, &packet);
	rig_expect_icmp(line.h, CLIENT_SIDE, 3, 4, "10.0.0.1", 600, &packet);
	took(&line, SLOW_PATH);
	snat_both(&line, FLOW_STAGE);
	rig_end(line.h);
}

/* Its service goes, and the public address with it: the connection stays. */
static void test_snat_removed(void **state)
{
	struct line line = snat_open(IPPROTO_UDP, false);

	harness_run(line.h, "ipvsadm -D -H proto=udp,src-range=10.0.0.0-10.0.0.255,oif=dpdk1");
	snat_both(&line, FLOW_STAGE);
	rig_end(line.h);
}

/* --- tunnels ------------------------------------------------------------------- */

/* What stands in front of a packet. */
struct outer {
	const char *options; /* of ipvsadm */
	uint8_t proto;
	uint8_t len, head[12]; /* behind the outer IP header; GUE: its ports and length are not
				  looked at */
};

static const struct outer ipip = { "", IPPROTO_IPIP, 0, { 0 } };
static const struct outer ipip6 = { "", IPPROTO_IPV6, 0, { 0 } };
static const struct outer gre = { "--tun-type gre", IPPROTO_GRE, 4, { 0, 0, 8, 0 } };
static const struct outer gre6 = { "--tun-type gre", IPPROTO_GRE, 4, { 0, 0, 0x86, 0xdd } };
static const struct outer gue = { "--tun-type gue --tun-port 6080",
				  IPPROTO_UDP,
				  12,
				  { 0, 0, 0, 0, 0, 0, 0, 0, 0, IPPROTO_IPIP } };
static const struct outer gre_csum = { "--tun-type gre --tun-csum", IPPROTO_GRE, 8, { 0x80 } };

static struct bytes tunnel_packet(const struct line *line, uint8_t flags, bool on)
{
	struct packet four = { .src = CLIENT,
			       .dst = VIP,
			       .sport = line->cport,
			       .dport = 80,
			       .proto = line->proto,
			       .ttl = on ? harness_ttl(line->h, 64) : 64,
			       .tos = 0xb8,
			       .fragment = 0x4000,
			       .flags = flags,
			       .seq = flags & SYN ? ISN : ISN + 1,
			       .ack = flags & ACK ? SISN + 1 : 0,
			       .payload = "data" };
	struct packet6 six = rig6_from_client(line->proto);
	struct bytes bytes;

	six.hops = on ? harness_ttl(line->h, 64) : 64;
	six.flags = flags;
	six.sport = line->cport;
	bytes.len = line->six ? rig6_build(bytes.at, &six) : packet_build(bytes.at, &four);
	return bytes;
}

/* The outer IP header, and its length. */
static size_t outer_header(uint8_t *at, const struct line *line, const struct outer *outer,
			   const char *source, size_t inner)
{
	size_t len = inner + outer->len;

	if (line->six) {
		rig6_header(at, source, SERVER6, outer->proto, harness_ttl(line->h, 64), len);
		at[1] &= 0xf0; /* no flow label */
		at[2] = at[3] = 0;
		return IP6;
	}
	memset(at, 0, 20);
	at[0] = 0x45;
	at[1] = 0xb8;
	at[2] = (uint8_t)((len + 20) >> 8);
	at[3] = (uint8_t)(len + 20);
	at[6] = 0x40;
	at[8] = harness_ttl(line->h, 64);
	at[9] = outer->proto;
	inet_pton(AF_INET, source, at + 12);
	inet_pton(AF_INET, SERVER, at + 16);
	return 20;
}

/* Is it what that packet of the line becomes? */
static void tunnel_is(struct line *line, struct frame got, uint8_t flags, const struct outer *outer,
		      const char *source)
{
	struct bytes inner = tunnel_packet(line, flags, true);
	uint8_t *ip = got.bytes + L3, want[60];
	size_t len;

	len = outer_header(want, line, outer, source, inner.len);
	assert_int_equal(got.len, L3 + len + outer->len + inner.len);
	if (!line->six) {
		assert_int_equal(frame_ip_sum(&got), 0xffff);
		memset(ip + 10, 0, 2);
	}
	assert_memory_equal(ip, want, len);
	if (outer == &gue) {
		assert_true(frame_u16(&got, L3 + len) >= 49152);
		assert_int_equal(frame_u16(&got, L3 + len + 2), 6080);
		assert_int_equal(frame_u16(&got, L3 + len + 4), 12 + inner.len);
		memset(ip + len, 0, 6);
	}
	if (outer == &gre_csum)
		memset(ip + len + 1, 0, 7);
	assert_memory_equal(ip + len, outer->head, outer->len);
	assert_memory_equal(ip + len + outer->len, inner.at, inner.len);
}

static void tunnel_pass(struct line *line, uint8_t flags, const struct outer *outer,
			const char *source, bool other, enum flow_way way)
{
	struct bytes packet = tunnel_packet(line, flags, false);

	send_bytes(line, CLIENT_SIDE, &packet);
	tunnel_is(line, expect_frame(line, SERVER_SIDE, other), flags, outer, source);
	took(line, way);
}

#define SOURCE  "192.168.0.1"
#define SOURCE6 "2001:db8:1::1"

static const char *source_of(const struct line *line)
{
	return line->six ? SOURCE6 : SOURCE;
}

static void tunnel_data(struct line *line, const struct outer *outer, enum flow_way way)
{
	for (unsigned int i = 0; i < 3; i++)
		tunnel_pass(line, ACK, outer, source_of(line), false, way);
}

static void tunnel_settings(struct line *line, const char *command, const char *options)
{
	char text[200];

	snprintf(text, sizeof(text), "ipvsadm -%s -%c %s -r %s -i %s", command,
		 line->proto == IPPROTO_TCP ? 't' : 'u', line->six ? "[" VIP6 "]:80" : VIP ":80",
		 line->six ? "[" SERVER6 "]:80" : SERVER ":80", options);
	harness_run(line->h, text);
}

static struct line tunnel_begin(uint8_t proto, bool six)
{
	struct line line = { .proto = proto, .six = six, .cport = CPORT };

	if (six) {
		line.h = rig6_new(&usual, proto, 'g');
		harness_run(line.h, proto == IPPROTO_TCP
					    ? "ipvsadm -d -t [" VIP6 "]:80 -r [" SERVER6 "]:80"
					    : "ipvsadm -d -u [" VIP6 "]:80 -r [" SERVER6 "]:80");
	} else {
		line.h = rig_new(&usual);
		dr_service(line.h, proto);
	}
	tunnel_settings(&line, "a", "");
	harness_neigh(line.h, six ? "2001:db8:1::78" : "192.168.0.120", OTHER_MAC, "dpdk1");
	line.taken = taken(line.h);
	return line;
}

/* A connection of which the stage has seen packets. */
static struct line tunnel_open(uint8_t proto, bool six)
{
	struct line line = tunnel_begin(proto, six);
	const struct outer *outer = six ? &ipip6 : &ipip;

	tunnel_pass(&line, SYN, outer, source_of(&line), false, FLOW_STAGE);
	tunnel_data(&line, outer, FLOW_STAGE);
	return line;
}

/* Vectors of new ones, by headers of that kind: a connection each. */
static void tunnel_new(struct line *line, uint16_t first, const struct outer *outer,
		       enum flow_way way)
{
	uint32_t before = rig_conns(line->h);

	tunnel_settings(line, "e", outer->options);
	for (uint16_t i = 0; i < 2 * VECTOR; i++) {
		struct bytes packet;

		line->cport = first + i;
		packet = tunnel_packet(line, SYN, false);
		inject_bytes(line, CLIENT_SIDE, &packet);
	}
	harness_turn(line->h);
	for (uint16_t i = 0; i < 2 * VECTOR; i++) {
		line->cport = first + i;
		tunnel_is(line, rig_take(line->h, SERVER_SIDE), SYN, outer, source_of(line));
	}
	took_many(line, way == FLOW_STAGE ? 2 * VECTOR : 0);
	assert_int_equal(rig_conns(line->h), before + 2 * VECTOR);
	assert_int_equal(harness_all_drops(line->h), 0);
}

static void tunnel_vectors(struct line *line)
{
	tunnel_new(line, FIRST, line->six ? &ipip6 : &ipip, FLOW_STAGE);
	tunnel_new(line, FIRST + 100, line->six ? &gre6 : &gre, FLOW_STAGE);
	if (line->six)
		return;
	tunnel_new(line, FIRST + 200, &gue, FLOW_STAGE);
	tunnel_new(line, FIRST + 300, &gre_csum, SLOW_PATH);
}

static void test_tunnel_vectors(void **state)
{
	each_line(tunnel_begin, tunnel_vectors);
}

/* Settings that change; and what needs the slow path. */
static void tunnel_kinds(struct line *line)
{
	const struct outer *simple = line->six ? &ipip6 : &ipip;

	tunnel_settings(line, "e", gre.options);
	tunnel_data(line, line->six ? &gre6 : &gre, FLOW_STAGE);
	tunnel_settings(line, "e", "");
	tunnel_data(line, simple, FLOW_STAGE);
	if (!line->six) {
		tunnel_settings(line, "e", gue.options);
		tunnel_data(line, &gue, FLOW_STAGE);
		tunnel_settings(line, "e", gre_csum.options);
		tunnel_data(line, &gre_csum, SLOW_PATH);
		tunnel_settings(line, "e", "");
	}
	if (line->proto == IPPROTO_TCP)
		tunnel_pass(line, ACK | FIN, simple, source_of(line), false, FLOW_STAGE);
}

static void test_tunnel_kinds(void **state)
{
	each_line(tunnel_open, tunnel_kinds);
}

/* Inside and outside. */
static void tunnel_ttl_kept(struct line *line)
{
	const struct outer *outer = line->six ? &ipip6 : &ipip;

	harness_keep_ttl(line->h, true);
	tunnel_data(line, outer, FLOW_STAGE);
	harness_keep_ttl(line->h, false);
	tunnel_data(line, outer, FLOW_STAGE);
}

static void test_tunnel_ttl_kept(void **state)
{
	each_line(tunnel_open, tunnel_ttl_kept);
}

static void tunnel_routes(struct line *line)
{
	const struct outer *outer = line->six ? &ipip6 : &ipip;
	const char *source = source_of(line);

	line_run(line, "dpip route add " SERVER "/32 via 192.168.0.120 dev dpdk1",
		 "dpip route add " SERVER6 "/128 via 2001:db8:1::78 dev dpdk1");
	tunnel_pass(line, ACK, outer, source, true, FLOW_STAGE);
	line_run(line, "dpip route del " SERVER "/32 dev dpdk1",
		 "dpip route del " SERVER6 "/128 dev dpdk1");
	tunnel_pass(line, ACK, outer, source, false, FLOW_STAGE);
	line_run(line, "dpip neigh set " SERVER " lladdr " OTHER_MAC " dev dpdk1",
		 "dpip neigh set " SERVER6 " lladdr " OTHER_MAC " dev dpdk1");
	tunnel_pass(line, ACK, outer, source, true, FLOW_STAGE);
}

static void test_tunnel_routes(void **state)
{
	each_line(tunnel_open, tunnel_routes);
}

/* The outer packet's source is always what it would be now. */
static void tunnel_sources(struct line *line)
{
	const struct outer *outer = line->six ? &ipip6 : &ipip;
	const char *second = line->six ? "2001:db8:1::2" : "192.168.0.2";

	line_run(line, "dpip addr add 192.168.0.2/24 dev dpdk1",
		 "dpip addr add 2001:db8:1::2/64 dev dpdk1");
	if (line->six)
		harness_advance(line->h, 5000);
	line_run(line, "dpip addr del 192.168.0.1/24 dev dpdk1",
		 "dpip addr del 2001:db8:1::1/64 dev dpdk1");
	tunnel_pass(line, ACK, outer, second, false, FLOW_STAGE);
	tunnel_pass(line, ACK, outer, second, false, FLOW_STAGE);
	if (line->six)
		return;
	harness_run(line->h, "dpip addr add 10.9.0.1/24 dev dpdk1");
	harness_run(line->h, "dpip route add " SERVER "/32 dev dpdk1 src 10.9.0.1");
	tunnel_pass(line, ACK, outer, "10.9.0.1", false, FLOW_STAGE);
}

static void test_tunnel_sources(void **state)
{
	each_line(tunnel_open, tunnel_sources);
}

/* The server goes, its connections stay; it comes back with other settings. */
static void tunnel_server(struct line *line)
{
	const struct outer *outer = line->six ? &ipip6 : &ipip;

	tunnel_settings(line, "e", "-w 0");
	tunnel_data(line, outer, FLOW_STAGE);
	harness_run(line->h, line->six
				     ? (line->proto == IPPROTO_TCP
						? "ipvsadm -d -t [" VIP6 "]:80 -r [" SERVER6 "]:80"
						: "ipvsadm -d -u [" VIP6 "]:80 -r [" SERVER6 "]:80")
				     : (line->proto == IPPROTO_TCP
						? "ipvsadm -d -t " VIP ":80 -r " SERVER ":80"
						: "ipvsadm -d -u " VIP ":80 -r " SERVER ":80"));
	tunnel_data(line, outer, FLOW_STAGE);
	tunnel_settings(line, "a", gre.options);
	tunnel_data(line, line->six ? &gre6 : &gre, FLOW_STAGE);
}

static void test_tunnel_server(void **state)
{
	each_line(tunnel_open, tunnel_server);
}

/* Whoever claims to be us is not believed. */
static void tunnel_client(struct line *line)
{
	struct bytes packet = tunnel_packet(line, ACK, false);
	enum drop_reason source = line->six ? DROP_IP6_SOURCE : DROP_IP4_SOURCE;

	line_run(line, "dpip addr add " CLIENT "/32 dev dpdk0",
		 "dpip addr add " CLIENT6 "/128 dev dpdk0");
	send_bytes(line, CLIENT_SIDE, &packet);
	assert_int_equal(harness_drops(line->h, source), 1);
	took(line, SLOW_PATH);
	line_run(line, "dpip addr del " CLIENT "/32 dev dpdk0",
		 "dpip addr del " CLIENT6 "/128 dev dpdk0");
	tunnel_data(line, line->six ? &ipip6 : &ipip, FLOW_STAGE);
}

static void test_tunnel_client(void **state)
{
	each_line(tunnel_open, tunnel_client);
}

/* With its headers it must fit, and its numbers go on: those of packets without DF differ. */
static void test_tunnel_size(void **state)
{
	struct line line = tunnel_open(IPPROTO_UDP, false);
	struct packet packet = dr_from_client(IPPROTO_UDP, CPORT, 0);
	struct frame got;
	uint16_t ids[2];

	packet.payload = NULL;
	packet.filler = 1500 - 20 - 28;
	rig_send(line.h, CLIENT_SIDE, &packet);
	assert_int_equal(rig_take(line.h, SERVER_SIDE).len, L3 + 1500);
	took(&line, FLOW_STAGE);
	packet.filler++;
	rig_send(line.h, CLIENT_SIDE, &packet);
	rig_expect_icmp(line.h, CLIENT_SIDE, 3, 4, VIP, 1480, &packet);
	took(&line, SLOW_PATH);
	packet.filler = 30;
	packet.fragment = 0;
	for (unsigned int i = 0; i < 2; i++) {
		rig_send(line.h, CLIENT_SIDE, &packet);
		got = rig_take(line.h, SERVER_SIDE);
		ids[i] = frame_u16(&got, L3 + 4);
		took(&line, FLOW_STAGE);
	}
	assert_int_not_equal(ids[0], ids[1]);
	rig_end(line.h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_snat_data),      cmocka_unit_test(test_snat_routes),
		cmocka_unit_test(test_snat_gateways),  cmocka_unit_test(test_snat_addresses),
		cmocka_unit_test(test_snat_mtu),       cmocka_unit_test(test_snat_removed),
		cmocka_unit_test(test_tunnel_kinds),   cmocka_unit_test(test_tunnel_routes),
		cmocka_unit_test(test_tunnel_sources), cmocka_unit_test(test_tunnel_server),
		cmocka_unit_test(test_tunnel_client),  cmocka_unit_test(test_tunnel_size),
		cmocka_unit_test(test_snat_ttl_kept),  cmocka_unit_test(test_tunnel_ttl_kept),
		cmocka_unit_test(test_snat_vectors),   cmocka_unit_test(test_tunnel_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
