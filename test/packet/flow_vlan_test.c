/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flow stage and VLANs: packets that come with tags, and that leave with
 * tags, go through it, in every mode and family, and all counters are those of
 * the slow path: the harness compares them with what was on the wires. What is
 * mixed in one vector; what takes the slow path, tags and all; and what changes
 * under a connection. Run with the stage on, off and checked; TAGS in the
 * environment runs the other tests of the stage over VLANs, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include "lib/unit.h"
#include "packet/flow_rig.h"
#include "packet/ipvs6_rig.h"

#define VECTOR 32

static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };

static void drain(struct harness *h)
{
	while (rig_take(h, CLIENT_SIDE).len || rig_take(h, SERVER_SIDE).len)
		;
}

static void end(struct harness *h)
{
	drain(h);
	harness_assert_counted(h);
	rig_end(h);
}

/* So many packets by the stage; none if it is off. */
static void stage_took(const struct harness *h, uint64_t before, uint64_t n)
{
	const char *mode = getenv("FLOW");

	if (mode && strcmp(mode, "off") == 0)
		n = 0;
	assert_int_equal(h->all[1]->counters.flow - before, n);
}

/* --- every mode ---------------------------------------------------------------- */

/* To the worker whose connection it is, which takes it at once. */
static void pass(struct flow *flow, unsigned int from)
{
	struct packet packet = flow_packet(flow, from), want = flow_want(flow, from, packet);
	struct frame frame = frame_out(!from, &want);

	rig_send_to(flow->h, from, flow->conn.w->id - 1, &packet);
	flow_expect(flow, !from, &frame);
	flow_took(flow, 1);
}

static void test_fnat(void **state)
{
	struct harness_options options = { .n_workers = 1 };

	for (options.tags = HARNESS_TAGGED; options.tags < HARNESS_TAGS; options.tags++)
		for (unsigned int i = 0; i < 4; i++) {
			struct flow flow;

			options.n_workers = i < 2 ? 1 : 3;
			flow = flow_new(protos[i % 2], &options);
			for (unsigned int n = 0; n < 6; n++)
				pass(&flow, n % 2);
			end(flow.h);
		}
}

/* A harness with VIP:80 and one server, which gets packets by that option. */
static struct harness *one_server(const struct harness_options *options, uint8_t proto,
				  const char *server)
{
	struct harness *h = rig_new(options);
	char line[128];

	snprintf(line, sizeof(line), "ipvsadm -A %s " VIP ":80 -s rr", rig_option(proto));
	harness_run(h, line);
	snprintf(line, sizeof(line), "ipvsadm -a %s " VIP ":80 -r %s", rig_option(proto), server);
	harness_run(h, line);
	return h;
}

static void pass_on(struct harness *h, unsigned int from, const struct packet *packet,
		    struct packet want)
{
	want.ttl = 63;
	rig_send(h, from, packet);
	rig_expect(h, !from, &want);
}

static void nat_once(const struct harness_options *options, uint8_t proto)
{
	struct harness *h = one_server(options, proto, SERVER ":8080 -m");
	struct packet packet = packet_first(CLIENT, proto, CPORT), want = packet;
	struct packet answer = { .src = SERVER,
				 .dst = CLIENT,
				 .sport = 8080,
				 .dport = CPORT,
				 .proto = proto,
				 .flags = SYN | ACK,
				 .payload = "out" };
	uint64_t before = h->all[1]->counters.flow;

	want.dst = SERVER;
	want.dport = 8080;
	pass_on(h, CLIENT_SIDE, &packet, want);
	want = answer;
	want.src = VIP;
	want.sport = 80;
	pass_on(h, SERVER_SIDE, &answer, want);
	stage_took(h, before, 2);
	end(h);
}

static void dr_once(const struct harness_options *options, uint8_t proto)
{
	struct harness *h = one_server(options, proto, SERVER " -g");
	struct packet packet = packet_first(CLIENT, proto, CPORT);
	uint64_t before = h->all[1]->counters.flow;

	pass_on(h, CLIENT_SIDE, &packet, packet);
	packet.flags = ACK;
	packet.seq++;
	pass_on(h, CLIENT_SIDE, &packet, packet);
	stage_took(h, before, 2);
	end(h);
}

static void six_once(const struct harness_options *options, uint8_t proto, char mode)
{
	struct harness *h = rig6_new(options, proto, mode);
	struct packet6 first = rig6_from_client(proto);
	uint64_t before = h->all[1]->counters.flow;
	uint16_t lport = rig6_pass_in(h, 0, &first, mode);
	bool answered = mode == 'm' || (mode == 'b' && proto == IPPROTO_UDP);

	if (answered)
		rig6_pass_out(h, 0, proto, mode, lport);
	stage_took(h, before, 1 + (answered && proto == IPPROTO_UDP));
	end(h);
}

static void test_modes(void **state)
{
	struct harness_options options = { .tags = HARNESS_TAGGED };

	for (; options.tags < HARNESS_TAGS; options.tags++)
		for (unsigned int p = 0; p < LENGTH(protos); p++) {
			nat_once(&options, protos[p]);
			dr_once(&options, protos[p]);
			six_once(&options, protos[p], 'b');
			six_once(&options, protos[p], 'm');
			six_once(&options, protos[p], 'g');
		}
}

/* --- vectors ------------------------------------------------------------------- */

/* The n-th of many packets that all differ. */
static struct packet numbered(const struct flow *flow, unsigned int from, unsigned int n)
{
	struct packet packet = flow_packet(flow, from);

	packet.id = (uint16_t)n;
	packet.seq += n * 100;
	packet.filler = n * 11 % 100;
	return packet;
}

static void expect_next(struct flow *flow, unsigned int from, const struct packet *packet)
{
	struct packet want = flow_want(flow, from, *packet);
	struct frame frame = frame_out(!from, &want), got = rig_take(flow->h, !from);

	assert_int_equal(got.len, frame.len);
	assert_memory_equal(got.bytes, frame.bytes, frame.len);
}

/* Of two VLANs in turn, each with some packets that are in two segments, which nobody overtakes. */
static void test_order(void **state)
{
	static const uint32_t in_segments[] = { 0, 0x1, 0x80000000, 0x00010020, 0x55555555 };
	struct harness_options options = { .tags = HARNESS_TAGGED };

	for (; options.tags < HARNESS_TAGS; options.tags++) {
		struct flow flow = flow_new(IPPROTO_UDP, &options);

		for (unsigned int p = 0; p < LENGTH(in_segments); p++) {
			for (unsigned int i = 0; i < VECTOR; i++) {
				struct packet packet = numbered(&flow, i % 3 == 0, i);
				struct frame frame = frame_in(i % 3 == 0, &packet);

				harness_inject_as(flow.h, i % 3 == 0, 0, frame.bytes, frame.len, 0,
						  in_segments[p] >> i & 1 ? 48 : 0);
			}
			harness_turn(flow.h);
			for (unsigned int i = 0; i < VECTOR; i++) {
				struct packet packet = numbered(&flow, i % 3 == 0, i);

				expect_next(&flow, i % 3 == 0, &packet);
			}
			rig_expect_nothing(flow.h);
		}
		end(flow.h);
	}
}

#define VLAN_CLIENT  "10.7.0.100"
#define OTHER_CLIENT "10.0.0.101"

/* Puts a tag, or two, into a frame. */
static void tag(struct frame *frame, const char *tags)
{
	uint8_t bytes[16];
	size_t len = harness_hex(tags, bytes, sizeof(bytes));

	memmove(frame->bytes + 12 + len, frame->bytes + 12, frame->len - 12);
	memcpy(frame->bytes + 12, bytes, len);
	frame->len += len;
}

enum {
	PLAIN,    /* without a tag, */
	VLAN,     /* on dpdk0.100, */
	PRIORITY, /* with a tag that says no more than that: dpdk0's */
	FLOWS,
	NOBODY = FLOWS,
};

/* What comes to dpdk0. */
static const struct sort {
	unsigned int flow;
	const char *tags;
} sorts[] = {
	{ VLAN, "8100 0064" },     { PLAIN, "" },
	{ VLAN, "8100 e064" },     { PRIORITY, "8100 e000" },
	{ NOBODY, "8100 0065" },   { VLAN, "8100 0000 8100 0064" },
	{ NOBODY, "88a8 0064" },   { NOBODY, "8100 0064 8100 0064" },
	{ PRIORITY, "8100 0000" },
};

/* Of the i-th packet of a vector that begins with one sort. */
static const struct sort *sort_of(unsigned int first, unsigned int step, unsigned int i)
{
	return &sorts[(first + i * step) % LENGTH(sorts)];
}

static void inject_sort(struct flow *flows, const struct sort *sort, unsigned int i)
{
	struct packet packet = numbered(&flows[sort->flow % FLOWS], CLIENT_SIDE, i);
	struct frame frame = frame_in(CLIENT_SIDE, &packet);

	tag(&frame, sort->tags);
	harness_inject(flows[0].h, CLIENT_SIDE, 0, frame.bytes, frame.len);
}

/* As the server gets it. */
static unsigned int flow_of_frame(const struct flow *flows, const struct frame *frame)
{
	for (unsigned int f = 0; f < FLOWS; f++)
		if (frame->len && frame->bytes[L3 + 9] == flows[f].proto &&
		    frame_u16(frame, L4) == flows[f].conn.lport)
			return f;
	fail_msg("a packet of no connection");
	return 0;
}

static void mixed_in(struct flow *flows, unsigned int first, unsigned int step)
{
	unsigned int known = 0, next[FLOWS] = { 0 };
	struct harness *h = flows[0].h;

	for (unsigned int i = 0; i < VECTOR; i++) {
		known += sort_of(first, step, i)->flow != NOBODY;
		inject_sort(flows, sort_of(first, step, i), i);
	}
	harness_turn(h);
	for (unsigned int n = 0; n < known; n++) {
		struct frame got = rig_take(h, SERVER_SIDE), want;
		unsigned int f = flow_of_frame(flows, &got);
		struct packet packet;

		while (sort_of(first, step, next[f])->flow != f)
			next[f]++;
		packet = numbered(&flows[f], CLIENT_SIDE, next[f]++);
		packet = flow_want(&flows[f], CLIENT_SIDE, packet);
		want = frame_out(SERVER_SIDE, &packet);
		assert_int_equal(got.len, want.len);
		assert_memory_equal(got.bytes, want.bytes, want.len);
	}
	rig_expect_nothing(h);
	flow_took(&flows[0], known);
	harness_assert_balance(h);
}

/* Answers to a client on the VLAN and one on its device in turn: each finds its way back. */
static void mixed_out(struct flow *flows)
{
	unsigned int next[] = { [PLAIN] = 0, [VLAN] = 1 };
	struct harness *h = flows[0].h;

	for (unsigned int i = 0; i < VECTOR; i++) {
		struct packet packet = numbered(&flows[i % 2], SERVER_SIDE, i);
		struct frame frame = frame_in(SERVER_SIDE, &packet);

		harness_inject(h, SERVER_SIDE, 0, frame.bytes, frame.len);
	}
	harness_turn(h);
	for (unsigned int n = 0; n < VECTOR; n++) {
		struct frame got = rig_take(h, CLIENT_SIDE), want;
		unsigned int f = frame_u16(&got, 12) == 0x8100 ? VLAN : PLAIN;
		struct packet packet = numbered(&flows[f], SERVER_SIDE, next[f]);

		packet = flow_want(&flows[f], SERVER_SIDE, packet);
		want = frame_out(CLIENT_SIDE, &packet);
		if (f == VLAN)
			tag(&want, "8100 0064");
		assert_int_equal(got.len, want.len);
		assert_memory_equal(got.bytes, want.bytes, want.len);
		next[f] += 2;
	}
	rig_expect_nothing(h);
	flow_took(&flows[0], VECTOR);
}

/* Opened by a tagged datagram. */
static struct flow open_on_vlan(struct harness *h)
{
	struct flow flow = { .h = h, .proto = IPPROTO_UDP, .client = VLAN_CLIENT };
	struct packet packet = flow_packet(&flow, CLIENT_SIDE);
	struct frame frame = frame_in(CLIENT_SIDE, &packet);

	tag(&frame, "8100 0064");
	harness_inject(h, CLIENT_SIDE, 0, frame.bytes, frame.len);
	harness_turn(h);
	assert_true(rig_take(h, SERVER_SIDE).len);
	flow.conn = rig_conn(h, IPPROTO_UDP, VLAN_CLIENT, CPORT);
	assert_int_not_equal(flow.conn.id, CONN_NONE);
	return flow;
}

static void test_mixed(void **state)
{
	static const struct harness_options usual;
	struct harness *h = rig_new(&usual);
	struct flow flows[FLOWS];

	harness_run(h, "dpip vlan add link dpdk0 id 100");
	harness_run(h, "dpip addr add 10.7.0.1/24 dev dpdk0.100");
	harness_neigh(h, VLAN_CLIENT, CLIENT_MAC, "dpdk0.100");
	rig_service(h, 't', 1);
	rig_service(h, 'u', 1);
	drain(h);
	flows[VLAN] = open_on_vlan(h);
	flows[PRIORITY] = flow_open(h, IPPROTO_TCP, OTHER_CLIENT);
	flows[PLAIN] = flow_open(h, IPPROTO_TCP, CLIENT);
	mixed_out(flows);
	for (unsigned int first = 0; first < LENGTH(sorts); first++)
		for (unsigned int step = 0; step < 4; step++)
			mixed_in(flows, first, step);
	mixed_out(flows);
	rig_end(h);
}

/* --- changes ------------------------------------------------------------------- */

static struct flow flow_used(enum harness_tags tags)
{
	const struct harness_options options = { .tags = tags };
	struct flow flow = flow_new(IPPROTO_TCP, &options);

	flow_pass_both(&flow, FLOW_STAGE);
	return flow;
}

static void test_down(void **state)
{
	static const char *const devs[] = { "dpdk1", "trunk1" };
	struct harness_options options = { .tags = HARNESS_TAGGED };

	for (unsigned int i = 0; i < LENGTH(devs); i++) {
		struct flow flow = flow_used(options.tags);
		char line[64];

		snprintf(line, sizeof(line), "dpip link set %s down", devs[i]);
		harness_run(flow.h, line);
		flow_lost(&flow, CLIENT_SIDE, DROP_PORT_DOWN);
		snprintf(line, sizeof(line), "dpip link set %s up", devs[i]);
		harness_run(flow.h, line);
		flow_pass_both(&flow, FLOW_STAGE);
		end(flow.h);
	}
	for (; options.tags < HARNESS_TAGS; options.tags++) {
		struct flow flow = flow_used(options.tags);

		harness_run(flow.h, "dpip link set dpdk0 down");
		flow_lost(&flow, CLIENT_SIDE, DROP_VLAN_DOWN);
		flow_lost(&flow, SERVER_SIDE, DROP_PORT_DOWN);
		harness_run(flow.h, "dpip link set dpdk0 up");
		flow_pass_both(&flow, FLOW_STAGE);
		end(flow.h);
	}
}

/* Its own MAC address, by which it sends and must be addressed. */
static void test_mac(void **state)
{
	struct harness_options options = { .tags = HARNESS_TAGGED };

	for (; options.tags < HARNESS_TAGS; options.tags++) {
		struct flow flow = flow_used(options.tags);
		struct frame in, out;

		flow_changes_mac(&flow, &in, &out);
		harness_run(flow.h, "dpip neigh set " SERVER " lladdr " OTHER_MAC " dev dpdk1");
		harness_hex(OTHER_MAC, out.bytes, 6);
		flow_pass_frame(&flow, &in, &out);
		end(flow.h);
	}
}

static void test_mtu(void **state)
{
	struct flow flow = flow_used(HARNESS_QINQ);

	flow_changes_mtu(&flow);
	end(flow.h);
}

/* It goes, and another port gets its number: nothing is sent there. */
static void test_deleted(void **state)
{
	struct flow flow = flow_used(HARNESS_TAGGED);
	struct packet packet = flow_packet(&flow, SERVER_SIDE);
	uint16_t queue;

	harness_run(flow.h, "dpip vlan del dpdk0");
	harness_run(flow.h, "dpip vlan add link trunk1 id 300");
	drain(flow.h);
	rig_send(flow.h, SERVER_SIDE, &packet);
	flow_took(&flow, 0);
	assert_null(test_port_take(flow.h->port[CLIENT_SIDE], &queue));
	harness_assert_balance(flow.h);
	rig_end(flow.h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fnat),  cmocka_unit_test(test_modes),
		cmocka_unit_test(test_order), cmocka_unit_test(test_mixed),
		cmocka_unit_test(test_down),  cmocka_unit_test(test_mac),
		cmocka_unit_test(test_mtu),   cmocka_unit_test(test_deleted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
