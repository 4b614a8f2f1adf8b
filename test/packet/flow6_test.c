/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flow stage and IPv6: data of established connections in every mode, TCP
 * and UDP, exact in every byte; what it leaves to the slow path; both families
 * in one vector; ways that change. Run with the stage on, off and checked, as
 * flow_test is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cmocka.h>

#include "ipvs/ipvs.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/service.h"
#include "packet/flow_rig.h"
#include "packet/ipvs6_rig.h"

static const struct harness_options usual, routing = { .forwarding = true };

/* A connection on which data flows. */
struct flow6 {
	struct harness *h;
	uint8_t proto;
	char mode;
	uint16_t lport;
	uint32_t delta; /* of TCP's numbers towards the server */
	struct conn *conn;
	uint64_t taken;
};

static uint64_t taken(const struct harness *h)
{
	return h->all[1]->counters.flow;
}

/* So many packets by the flow stage since this was asked last; none if it is off. */
static void took(struct flow6 *flow, uint64_t n)
{
	const char *mode = getenv("FLOW");

	assert_int_equal(taken(flow->h) - flow->taken, mode && strcmp(mode, "off") == 0 ? 0 : n);
	flow->taken = taken(flow->h);
}

static struct packet6 data6(const struct flow6 *flow, unsigned int from)
{
	struct packet6 packet = rig6_from_client(flow->proto);

	packet.flags = ACK | PSH;
	packet.seq = 1001;
	packet.ack = 5001;
	if (from == CLIENT_SIDE)
		return packet;
	packet.src = SERVER6;
	packet.sport = flow->mode == 'g' ? 80 : 8080;
	packet.dst = flow->mode == 'b' ? LADDR6 : CLIENT6;
	packet.dport = flow->mode == 'b' ? flow->lport : 40000;
	packet.seq = 5001;
	packet.ack = 1006 + flow->delta;
	return packet;
}

static struct packet6 want6(const struct flow6 *flow, unsigned int from, struct packet6 packet)
{
	uint8_t hops = harness_ttl(flow->h, packet.hops ? packet.hops : LIFE);

	if (from == CLIENT_SIDE) {
		packet = rig6_to_server(packet, flow->mode, flow->lport);
		packet.seq += flow->delta;
		packet.hops = hops;
		return packet;
	}
	packet.src = VIP6;
	packet.sport = 80;
	packet.dst = CLIENT6;
	packet.dport = 40000;
	packet.ack -= flow->delta;
	packet.hops = hops;
	return packet;
}

static void pass6(struct flow6 *flow, unsigned int from, const struct packet6 *packet, uint64_t n)
{
	struct packet6 want = want6(flow, from, *packet);

	rig6_send(flow->h, from, 0, packet);
	rig6_expect(flow->h, !from, &want);
	took(flow, n);
}

static void pass_data(struct flow6 *flow, unsigned int from, uint64_t n)
{
	struct packet6 packet = data6(flow, from);

	pass6(flow, from, &packet, n);
}

static struct conn *conn6(struct harness *h, uint8_t proto)
{
	struct tuple in = {
		.sport = htons(40000), .dport = htons(80), .proto = proto, .family = AF_INET6
	};
	enum conn_dir dir;
	uint32_t id;

	inet_pton(AF_INET6, CLIENT6, &in.src);
	inet_pton(AF_INET6, VIP6, &in.dst);
	id = conn_lookup(h->all[1]->ipvs->conns, &in, &dir);
	assert_int_not_equal(id, CONN_NONE);
	return conn_get(h->all[1]->ipvs->conns, id);
}

/* Opens it, in a harness that has the service. */
static struct flow6 open6(struct harness *h, uint8_t proto, char mode)
{
	struct flow6 flow = { .h = h, .proto = proto, .mode = mode };
	struct packet6 first = rig6_from_client(proto);

	flow.lport = rig6_pass_in(h, 0, &first, mode);
	flow.conn = conn6(h, proto);
	flow.delta = proto == IPPROTO_TCP ? flow.conn->seq_delta : 0;
	if (mode != 'g') {
		struct packet6 answer = data6(&flow, SERVER_SIDE);
		struct packet6 want;

		answer.flags = SYN | ACK;
		answer.seq = 5000;
		want = want6(&flow, SERVER_SIDE, answer);
		rig6_send(h, SERVER_SIDE, 0, &answer);
		rig6_expect(h, CLIENT_SIDE, &want);
	}
	if (proto == IPPROTO_TCP) {
		struct packet6 ack = data6(&flow, CLIENT_SIDE);
		struct packet6 want = want6(&flow, CLIENT_SIDE, ack);

		rig6_send(h, CLIENT_SIDE, 0, &ack);
		rig6_expect(h, SERVER_SIDE, &want);
	}
	flow.taken = taken(h);
	return flow;
}

static struct flow6 flow6_new(const struct harness_options *options, uint8_t proto, char mode)
{
	return open6(rig6_new(options, proto, mode), proto, mode);
}

static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };

/* All six of them. */
static void each(void (*check)(struct flow6 *flow))
{
	for (const char *mode = "bmg"; *mode; mode++) {
		for (unsigned int p = 0; p < 2; p++) {
			struct flow6 flow = flow6_new(&routing, protos[p], *mode);

			check(&flow);
			rig_end(flow.h);
		}
	}
}

static void check_data(struct flow6 *flow)
{
	const struct dest *dest = dest_get(flow->h->all[1]->ipvs->services, flow->conn->dest);
	struct ipvs_counters before = dest->counters;
	uint64_t len = IP6 + (flow->proto == IPPROTO_TCP ? 25 : 13);

	for (unsigned int i = 0; i < 3; i++) {
		pass_data(flow, CLIENT_SIDE, 1);
		if (flow->mode != 'g')
			pass_data(flow, SERVER_SIDE, 1);
	}
	assert_int_equal(dest->counters.inpkts - before.inpkts, 3);
	assert_int_equal(dest->counters.inbytes - before.inbytes, 3 * len);
	if (flow->mode == 'g')
		return;
	assert_int_equal(dest->counters.outpkts - before.outpkts, 3);
	assert_int_equal(dest->counters.outbytes - before.outbytes, 3 * len);
	if (flow->proto == IPPROTO_TCP)
		assert_int_equal(flow->conn->last_seq, 5006);
}

static void test_data(void **state)
{
	each(check_data);
}

/* A packet of the connection, changed at one byte of its IP packet, and what leaves. */
static struct frame send_changed(struct flow6 *flow, size_t at, uint8_t value)
{
	struct packet6 packet = data6(flow, CLIENT_SIDE);
	uint8_t ip[FRAME_MAX];
	size_t len = rig6_build(ip, &packet);

	ip[at] = value;
	rig6_send_bytes(flow->h, CLIENT_SIDE, 0, ip, len);
	return rig_take(flow->h, SERVER_SIDE);
}

static void check_unusual(struct flow6 *flow)
{
	struct packet6 packet = data6(flow, CLIENT_SIDE);
	struct frame got;
	uint8_t ip[FRAME_MAX];
	size_t len;

	packet.options = true;
	pass6(flow, CLIENT_SIDE, &packet, 0);
	packet.options = false;
	packet.hops = 2;
	pass6(flow, CLIENT_SIDE, &packet, 1);
	packet.hops = 1;
	rig6_send(flow->h, CLIENT_SIDE, 0, &packet);
	got = rig_take(flow->h, CLIENT_SIDE); /* time exceeded */
	assert_int_equal(got.bytes[L3 + IP6], 3);
	assert_int_equal(send_changed(flow, 0, 0x40).len, 0); /* no version 6 */
	assert_int_equal(send_changed(flow, 5, 0xff).len, 0); /* longer than it is */
	took(flow, 0);
	packet.hops = 0;
	len = rig6_build(ip, &packet);
	rig6_send_bytes(flow->h, CLIENT_SIDE, 0, ip, len + 6); /* padded */
	packet = want6(flow, CLIENT_SIDE, packet);
	rig6_expect(flow->h, SERVER_SIDE, &packet);
	took(flow, 1);
}

static void test_unusual(void **state)
{
	each(check_unusual);
}

/* Key xmit_ttl off, and on again. */
static void check_hops_kept(struct flow6 *flow)
{
	struct packet6 packet = data6(flow, CLIENT_SIDE);

	harness_keep_ttl(flow->h, true);
	pass_data(flow, CLIENT_SIDE, 1);
	if (flow->mode != 'g')
		pass_data(flow, SERVER_SIDE, 1);
	packet.hops = 1;
	pass6(flow, CLIENT_SIDE, &packet, 0);
	harness_keep_ttl(flow->h, false);
	pass_data(flow, CLIENT_SIDE, 1);
	rig6_send(flow->h, CLIENT_SIDE, 0, &packet);
	assert_int_equal(harness_drops(flow->h, DROP_IPVS_TTL), 1);
	assert_true(rig_take(flow->h, CLIENT_SIDE).len); /* time exceeded */
}

static void test_hops_kept(void **state)
{
	each(check_hops_kept);
}

/* What is damaged stays damaged by as much. */
static void check_damage(struct flow6 *flow)
{
	size_t at = IP6 + (flow->proto == IPPROTO_TCP ? 20 : 8);
	struct frame got = send_changed(flow, at, 'H');

	took(flow, 1);
	assert_int_equal(got.bytes[L3 + at], 'H');
	got.bytes[L3 + at] = 'h';
	assert_int_equal(rig6_sum(got.bytes + L3, IP6, got.len - L3, flow->proto), 0);
}

static void test_damage(void **state)
{
	each(check_damage);
}

static void test_no_udp_checksum(void **state)
{
	struct flow6 flow = flow6_new(&usual, IPPROTO_UDP, 'b');
	struct packet6 packet = data6(&flow, CLIENT_SIDE);
	uint8_t ip[FRAME_MAX];
	size_t len = rig6_build(ip, &packet);

	memset(ip + IP6 + 6, 0, 2);
	rig6_send_bytes(flow.h, CLIENT_SIDE, 0, ip, len);
	rig_expect_nothing(flow.h);
	took(&flow, 0);
	assert_int_equal(harness_drops(flow.h, DROP_IPVS_UDP_CHECKSUM), 1);
	rig_end(flow.h);
}

static void inject6(struct harness *h, const struct packet6 *packet)
{
	uint8_t frame[FRAME_MAX] = { 2, [12] = 0x86, 0xdd };

	harness_inject(h, CLIENT_SIDE, 0, frame, L3 + rig6_build(frame + L3, packet));
}

/* Nothing of a connection overtakes what takes the slow path; sequence numbers tell. */
static void test_order(void **state)
{
	struct flow6 flow = flow6_new(&usual, IPPROTO_TCP, 'b');

	for (unsigned int pattern = 1; pattern < 1u << 16; pattern = pattern * 3 + 1) {
		for (unsigned int i = 0; i < 32; i++) {
			struct packet6 packet = data6(&flow, CLIENT_SIDE);

			packet.seq = 2000 + i;
			packet.options = pattern >> i % 16 & 1;
			inject6(flow.h, &packet);
		}
		harness_turn(flow.h);
		for (unsigned int i = 0; i < 32; i++) {
			struct frame got = rig_take(flow.h, SERVER_SIDE);
			size_t l4 = got.len - 25;

			assert_int_equal(frame_u32(&got, l4 + 4), 2000 + i + flow.delta);
		}
		rig_expect_nothing(flow.h);
	}
	rig_end(flow.h);
}

/* Both families, as the bits say, and something of neither. */
static void send_families(struct flow6 *six, struct flow *four, uint32_t bits)
{
	static const uint8_t neither[60] = { 2, [12] = 0x88, 0xb5 };

	for (unsigned int i = 0; i < 31; i++) {
		struct packet6 packet6 = data6(six, CLIENT_SIDE);
		struct packet packet = flow_packet(four, CLIENT_SIDE);
		struct frame frame;

		packet6.seq = 2000 + i;
		packet.seq = 2000 + i;
		if (bits >> i & 1) {
			inject6(six->h, &packet6);
			continue;
		}
		frame = frame_in(CLIENT_SIDE, &packet);
		harness_inject(six->h, CLIENT_SIDE, 0, frame.bytes, frame.len);
	}
	harness_inject(six->h, CLIENT_SIDE, 0, neither, sizeof(neither));
	harness_turn(six->h);
}

static void expect_families(struct flow6 *six, struct flow *four, uint32_t bits)
{
	unsigned int next[2] = { 0, 0 };

	for (unsigned int n = 0; n < 31; n++) {
		struct frame got = rig_take(six->h, SERVER_SIDE);
		unsigned int f = got.bytes[12] == 0x86;
		size_t l4 = L3 + (f ? IP6 : 20u);
		uint32_t delta = f ? six->delta : four->conn.seq_delta;

		while ((bits >> next[f] & 1) != f)
			next[f]++;
		assert_int_equal(frame_u32(&got, l4 + 4), 2000 + next[f]++ + delta);
	}
	rig_expect_nothing(six->h);
}

static void test_families(void **state)
{
	static const uint32_t patterns[] = { 0x55555555, 0x00000001, 0x40000000, 0x7ffffffe,
					     0x3fffffff, 0x0000ffff, 0x7fff0000, 0x12345678 };
	struct harness *h = rig_new(&usual);
	struct flow6 six;
	struct flow four;

	rig_service(h, 't', 1);
	rig6_service(h, IPPROTO_TCP, 'b');
	four = flow_open(h, IPPROTO_TCP, CLIENT);
	six = open6(h, IPPROTO_TCP, 'b');
	for (unsigned int p = 0; p < sizeof(patterns) / sizeof(patterns[0]); p++) {
		send_families(&six, &four, patterns[p]);
		expect_families(&six, &four, patterns[p]);
		took(&six, 31);
	}
	rig_end(h);
}

static void expect_mac(struct flow6 *flow, unsigned int from, const char *mac)
{
	struct packet6 packet = data6(flow, from);
	struct frame got;
	uint8_t want[6];

	harness_hex(mac, want, sizeof(want));
	rig6_send(flow->h, from, 0, &packet);
	got = rig_take(flow->h, !from);
	assert_true(got.len);
	assert_memory_equal(got.bytes, want, sizeof(want));
	took(flow, 1);
}

static void check_ways(struct flow6 *flow)
{
	struct harness *h = flow->h;

	expect_mac(flow, CLIENT_SIDE, SERVER_MAC);
	harness_run(h, "dpip neigh set " SERVER6 " lladdr " OTHER_MAC " dev dpdk1");
	expect_mac(flow, CLIENT_SIDE, OTHER_MAC);
	if (flow->mode != 'g') {
		expect_mac(flow, SERVER_SIDE, CLIENT_MAC);
		harness_neigh(h, "2001:db8::fe", OTHER_MAC, "dpdk0");
		harness_run(h, "dpip route add " CLIENT6 "/128 via 2001:db8::fe dev dpdk0");
		expect_mac(flow, SERVER_SIDE, OTHER_MAC);
		harness_run(h, "dpip route del " CLIENT6 "/128 via 2001:db8::fe dev dpdk0");
		expect_mac(flow, SERVER_SIDE, CLIENT_MAC);
	}
	harness_run(h, "dpip link set dpdk1 mtu 1280");
	pass_data(flow, CLIENT_SIDE, 1);
}

static void test_ways(void **state)
{
	each(check_ways);
}

/* No longer anybody's: the client's address has become ours. */
static void test_address(void **state)
{
	struct flow6 flow = flow6_new(&usual, IPPROTO_UDP, 'm');
	struct packet6 packet = data6(&flow, CLIENT_SIDE);

	harness_run(flow.h, "dpip addr add " CLIENT6 "/128 dev dpdk0");
	harness_advance(flow.h, 5000);
	while (rig_take(flow.h, CLIENT_SIDE).len)
		;
	rig6_send(flow.h, CLIENT_SIDE, 0, &packet);
	rig_expect_nothing(flow.h);
	assert_int_equal(harness_drops(flow.h, DROP_IP6_SOURCE), 1);
	took(&flow, 0);
	rig_end(flow.h);
}

/* What closes moves the state here too; resets do so on the slow path. */
static void test_closing(void **state)
{
	struct flow6 flow = flow6_new(&usual, IPPROTO_TCP, 'm');
	struct packet6 packet = data6(&flow, CLIENT_SIDE);

	packet.flags = FIN | ACK;
	pass6(&flow, CLIENT_SIDE, &packet, 1);
	assert_int_equal(flow.conn->state, TCP_CLOSE_WAIT);
	pass_data(&flow, SERVER_SIDE, 1);
	packet.flags = RST | ACK;
	pass6(&flow, CLIENT_SIDE, &packet, 0);
	assert_int_equal(flow.conn->state, TCP_CLOSE);
	rig_end(flow.h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data),    cmocka_unit_test(test_unusual),
		cmocka_unit_test(test_damage),  cmocka_unit_test(test_no_udp_checksum),
		cmocka_unit_test(test_order),   cmocka_unit_test(test_families),
		cmocka_unit_test(test_ways),    cmocka_unit_test(test_address),
		cmocka_unit_test(test_closing), cmocka_unit_test(test_hops_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
