/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flow stage with many packets at once: their order, the counters of
 * servers and services, all sorts of packets in one vector, deadlines to the
 * millisecond, a port that is full, and several workers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include "lib/unit.h"
#include "ipvs/conn_int.h"
#include "ipvs/ipvs.h"
#include "ipvs/proto/udp.h"
#include "ipvs/service.h"
#include "packet/flow_rig.h"

#define VECTOR 32

static const struct harness_options usual;
static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };

static void inject(struct flow *flow, unsigned int from, const struct packet *packet)
{
	struct frame frame = frame_in(from, packet);

	harness_inject(flow->h, from, 0, frame.bytes, frame.len);
}

static void expect_next(struct flow *flow, unsigned int from, const struct packet *packet)
{
	struct packet want = flow_want(flow, from, *packet);
	struct frame frame = frame_out(!from, &want), got = rig_take(flow->h, !from);

	assert_int_equal(got.len, frame.len);
	assert_memory_equal(got.bytes, frame.bytes, frame.len);
}

/* The n-th of many packets that all differ. */
static struct packet numbered(const struct flow *flow, unsigned int from, unsigned int n)
{
	struct packet packet = flow_packet(flow, from);

	packet.id = (uint16_t)n;
	packet.seq += n * 100;
	packet.filler = n * 11 % 100;
	return packet;
}

static void test_order(void **state)
{
	for (unsigned int p = 0; p < LENGTH(protos); p++) {
		struct flow flow = flow_new(protos[p], &usual);

		for (unsigned int i = 0; i < 4 * VECTOR; i++) {
			struct packet packet = numbered(&flow, i % 2, i);

			inject(&flow, i % 2, &packet);
		}
		harness_turn(flow.h);
		for (unsigned int i = 0; i < 4 * VECTOR; i++) {
			struct packet packet = numbered(&flow, i % 2, i);

			expect_next(&flow, i % 2, &packet);
		}
		rig_expect_nothing(flow.h);
		flow_took(&flow, 4 * VECTOR);
		rig_end(flow.h);
	}
}

/* What takes the slow path is not overtaken by what follows it in the same connection, nor by what
 * came before; others need not wait for it. */
static void test_no_overtaking(void **state)
{
	static const uint32_t patterns[] = { 0x1, 0x80000000, 0x00010020, 0x55555555, 0x0ff000f0 };
	struct harness *h = rig_new(&usual);
	struct flow flows[2];

	rig_service(h, 't', 1);
	rig_service(h, 'u', 1);
	flows[0] = flow_open(h, IPPROTO_TCP, CLIENT);
	flows[1] = flow_open(h, IPPROTO_UDP, CLIENT);
	for (unsigned int p = 0; p < 2 * LENGTH(patterns); p++) {
		unsigned int from = p % 2, next[2] = { 0, 0 };
		struct frame got;

		for (unsigned int i = 0; i < VECTOR; i++) {
			struct packet packet = numbered(&flows[i % 2], from, i);
			struct frame frame = frame_in(from, &packet);

			harness_inject_as(h, from, 0, frame.bytes, frame.len, 0,
					  patterns[p / 2] >> i & 1 ? 40 : 0);
		}
		harness_turn(h);
		for (unsigned int i = 0; i < VECTOR; i++) {
			got = rig_take(h, !from);
			assert_true(got.len);
			unsigned int f = got.bytes[L3 + 9] == IPPROTO_UDP;
			struct packet packet = numbered(&flows[f], from, 2 * next[f]++ + f);
			struct packet want = flow_want(&flows[f], from, packet);
			struct frame frame = frame_out(!from, &want);

			assert_int_equal(got.len, frame.len);
			assert_memory_equal(got.bytes, frame.bytes, frame.len);
		}
		rig_expect_nothing(h);
	}
	rig_end(h);
}

static struct ipvs_counters service_counters(const struct harness *h, const struct flow *flow)
{
	const struct service_table *services = h->all[1]->ipvs->services;

	return service_get(services, dest_get(services, flow->conn.conn->dest)->service)->counters;
}

static struct ipvs_counters server_counters(const struct harness *h, const struct flow *flow)
{
	return dest_get(h->all[1]->ipvs->services, flow->conn.conn->dest)->counters;
}

static void add_count(struct ipvs_counters *counters, unsigned int from,
		      const struct packet *packet)
{
	uint8_t bytes[FRAME_MAX];
	size_t len = packet_build(bytes, packet);

	if (from == CLIENT_SIDE) {
		counters->inpkts++;
		counters->inbytes += len;
	} else {
		counters->outpkts++;
		counters->outbytes += len;
	}
}

/* Two services whose packets alternate in vectors, in the given pattern of a byte. */
static void count_pattern(struct flow flows[2], uint8_t pattern)
{
	struct harness *h = flows[0].h;
	struct ipvs_counters servers[2], services[2];

	for (unsigned int f = 0; f < 2; f++) {
		servers[f] = server_counters(h, &flows[f]);
		services[f] = service_counters(h, &flows[f]);
	}
	for (unsigned int i = 0; i < 3 * VECTOR; i++) {
		unsigned int f = pattern >> i % 8 & 1, from = i / 5 % 2;
		struct packet packet = numbered(&flows[f], from, i);

		inject(&flows[f], from, &packet);
		add_count(&servers[f], from, &packet);
		add_count(&services[f], from, &packet);
	}
	harness_turn(h);
	while (rig_take(h, CLIENT_SIDE).len || rig_take(h, SERVER_SIDE).len)
		;
	for (unsigned int f = 0; f < 2; f++) {
		struct ipvs_counters server = server_counters(h, &flows[f]);
		struct ipvs_counters service = service_counters(h, &flows[f]);

		assert_memory_equal(&server, &servers[f], sizeof(server));
		assert_memory_equal(&service, &services[f], sizeof(service));
	}
	flow_took(&flows[0], 3 * VECTOR);
}

static void test_counters(void **state)
{
	static const uint8_t patterns[] = { 0x55, 0x33, 0x0f, 0x00, 0xff, 0x81, 0x96 };
	struct harness *h = rig_new(&usual);
	struct flow flows[2];

	rig_service(h, 't', 1);
	rig_service(h, 'u', 1);
	flows[1] = flow_open(h, IPPROTO_UDP, CLIENT);
	flows[0] = flow_open(h, IPPROTO_TCP, CLIENT);
	for (unsigned int i = 0; i < LENGTH(patterns); i++)
		count_pattern(flows, patterns[i]);
	rig_end(h);
}

/* One service, two servers. */
static void test_counters_of_servers(void **state)
{
	struct harness *h = rig_new(&usual);
	struct flow flow;
	struct packet packet;

	rig_service(h, 'u', 2);
	for (unsigned int i = 0; i < 2 * VECTOR; i++) {
		packet = (struct packet){ .src = i % 2 ? CLIENT : "10.0.0.101",
					  .dst = VIP,
					  .sport = CPORT,
					  .dport = 80,
					  .proto = IPPROTO_UDP };
		flow.h = h;
		inject(&flow, CLIENT_SIDE, &packet);
		if (i < 2)
			harness_turn(h);
	}
	harness_turn(h);
	for (unsigned int server = 0; server < 2; server++) {
		struct rig_counts counts = rig_counts(h, IPPROTO_UDP, server);

		assert_int_equal(counts.conns, 1);
		assert_int_equal(counts.inpkts, VECTOR);
		assert_int_equal(counts.inbytes, VECTOR * 28);
	}
	rig_end(h);
}

/* --- all sorts in one vector --------------------------------------------------- */

/* What stands between the data: nothing of it goes through the stage. */
static void inject_unusual(struct flow *flow, unsigned int kind)
{
	struct packet packet = flow_packet(flow, CLIENT_SIDE);
	struct frame frame;

	packet.src = "10.0.0.102";
	packet.sport = (uint16_t)(20000 + kind);
	frame = frame_in(CLIENT_SIDE, &packet);
	switch (kind) {
	case 0: /* for somebody else */
		frame.bytes[5] ^= 1;
		break;
	case 1: /* damaged */
		frame.bytes[L3 + 10] ^= 1;
		break;
	case 2: /* of no connection */
		break;
	case 3: /* at the end of its life */
		packet.ttl = 1;
		frame = frame_in(CLIENT_SIDE, &packet);
		break;
	case 4: /* to a service, and opens a connection */
		packet.flags = SYN;
		frame = frame_in(CLIENT_SIDE, &packet);
		break;
	case 5: /* too short for its header */
		frame.len = L3 + 30;
		break;
	}
	harness_inject(flow->h, CLIENT_SIDE, 0, frame.bytes, frame.len);
}

#define KINDS 6

static void test_all_sorts(void **state)
{
	struct harness *h = rig_new(&usual);
	struct flow flow;
	unsigned int sent = 0, opened = 0;

	rig_service(h, 't', 1);
	flow = flow_open(h, IPPROTO_TCP, CLIENT);
	for (unsigned int i = 0; i < VECTOR; i++) {
		struct packet packet = numbered(&flow, CLIENT_SIDE, sent);

		if (i * 7 % 3 == 1) {
			inject_unusual(&flow, i / 3 % KINDS);
			opened += i / 3 % KINDS == 4;
			continue;
		}
		inject(&flow, CLIENT_SIDE, &packet);
		sent++;
	}
	harness_turn(h);
	flow_took(&flow, sent + 1);
	assert_int_equal(rig_conns(h), 1 + 1);
	assert_int_equal(opened, 2); /* of one connection, the second one behind the first */
	assert_int_equal(harness_drops(h, DROP_ETH_OTHERHOST), 2);
	assert_int_equal(harness_drops(h, DROP_IP4_CHECKSUM), 2);
	assert_int_equal(harness_drops(h, DROP_IP4_SHORT), 1);
	for (unsigned int i = 0; i < sent; i++) {
		struct packet packet = numbered(&flow, CLIENT_SIDE, i);
		struct packet want = flow_want(&flow, CLIENT_SIDE, packet);
		struct frame frame = frame_out(SERVER_SIDE, &want), got;

		do /* the SYNs of the other one leave in between or behind */
			got = rig_take(h, SERVER_SIDE);
		while (got.len && got.bytes[L4 + 13] == SYN);
		assert_int_equal(got.len, frame.len);
		assert_memory_equal(got.bytes, frame.bytes, frame.len);
	}
	rig_end(h);
}

static unsigned int slot_of(const struct conn_bucket *bucket, uint16_t tag, uint32_t ref)
{
	unsigned int slot = 0;

	while (bucket->ref[slot] != ref || (ref && bucket->tag[slot] != tag))
		assert_true(++slot < CONN_BUCKET_SLOTS);
	return slot;
}

/* Puts another connection before this one where lookups of its client's packets look, under the
 * same tag; or takes it away again. */
static void deceive(struct rig_conn *conn, const struct rig_conn *other, bool there)
{
	uint32_t ref = conn_ref(conn->id, CONN_IN), wrong = conn_ref(other->id, CONN_IN);
	struct conn_table *conns = conn->w->ipvs->conns;
	struct conn_bucket *bucket;
	unsigned int from, to;
	struct tuple in;
	uint64_t hash;
	uint16_t tag;

	conn_tuple(conns, conn->id, CONN_IN, &in);
	hash = tuple_hash(&conns->config.key, &in);
	bucket = &conns->index.buckets[conn_index_first(&conns->index, hash)];
	tag = conn_index_tag(hash);
	from = slot_of(bucket, tag, ref);
	/* an empty one is behind all that have come */
	to = slot_of(bucket, tag, there ? 0 : wrong);
	assert_true(there == (to > from));
	bucket->tag[to] = tag;
	bucket->ref[to] = ref;
	bucket->ref[from] = there ? wrong : 0;
}

/* Tags are not unique: whose tag leads to another connection first goes on by its own all the same,
 * in its place among the others, and is counted once. */
static void test_deceived(void **state)
{
	for (unsigned int p = 0; p < LENGTH(protos); p++) {
		struct harness *h = rig_new(&usual);
		struct flow flow, other;

		rig_service(h, protos[p] == IPPROTO_TCP ? 't' : 'u', 1);
		flow = flow_open(h, protos[p], CLIENT);
		other = flow_open(h, protos[p], "10.0.0.101");
		flow.taken = other.taken;
		deceive(&flow.conn, &other.conn, true);
		flow.conn.conn->deadline = 0;
		flow_pass_data(&flow, CLIENT_SIDE, FLOW_STAGE); /* alone */
		assert_int_not_equal(flow.conn.conn->deadline, 0);
		for (unsigned int i = 0; i < VECTOR; i++) {
			struct packet packet = numbered(i % 3 ? &other : &flow, CLIENT_SIDE, i);

			inject(&flow, CLIENT_SIDE, &packet);
		}
		harness_turn(h);
		for (unsigned int i = 0; i < VECTOR; i++) {
			struct flow *of = i % 3 ? &other : &flow;
			struct packet packet = numbered(of, CLIENT_SIDE, i);

			expect_next(of, CLIENT_SIDE, &packet);
		}
		flow_took(&flow, VECTOR);
		deceive(&flow.conn, &other.conn, false);
		flow_pass_both(&flow, FLOW_STAGE);
		rig_end(h);
	}
}

/* --- deadlines ----------------------------------------------------------------- */

/* Used at odd moments, it ends at the tick that its last packet has set, to the millisecond. */
static void test_expiry(void **state)
{
	const struct harness_options options = {
		.tcp_timeout_s = { [TCP_ESTABLISHED] = 7 },
		.udp_timeout_s = { [UDP_NORMAL] = 7 },
	};
	static const unsigned int pauses_ms[] = { 1, 99, 100, 101, 3333, 6899, 50, 6200 };

	for (unsigned int p = 0; p < LENGTH(protos); p++)
		for (unsigned int i = 0; i < 2 * LENGTH(pauses_ms); i++) {
			struct flow flow = flow_new(protos[p], &options);
			uint64_t end_ms;

			for (unsigned int n = 0; n <= i / 2; n++) {
				harness_advance(flow.h, pauses_ms[n]);
				flow_pass_data(&flow, i % 2, FLOW_STAGE);
			}
			end_ms = ((flow.h->now_ms + CONN_TICK_MS - 1) / CONN_TICK_MS) *
					 CONN_TICK_MS +
				 7000;
			harness_advance(flow.h, end_ms - 1 - flow.h->now_ms);
			assert_int_equal(rig_conns(flow.h), 1);
			harness_advance(flow.h, 1);
			assert_int_equal(rig_conns(flow.h), 0);
			rig_end(flow.h);
		}
}

/* --- ports and workers --------------------------------------------------------- */

static void test_port_full(void **state)
{
	struct flow flow = flow_new(IPPROTO_UDP, &usual);
	unsigned int left = 0;

	test_port_limit_tx(flow.h->port[SERVER_SIDE], 10);
	for (unsigned int i = 0; i < VECTOR; i++) {
		struct packet packet = numbered(&flow, CLIENT_SIDE, i);

		inject(&flow, CLIENT_SIDE, &packet);
	}
	harness_turn(flow.h);
	assert_int_equal(harness_drops(flow.h, DROP_TX_FULL), VECTOR - 10);
	harness_assert_balance(flow.h);
	while (rig_take(flow.h, SERVER_SIDE).len)
		left++;
	assert_int_equal(left, 10);
	test_port_limit_tx(flow.h->port[SERVER_SIDE], UINT32_MAX);
	flow_took(&flow, VECTOR);
	flow_pass_both(&flow, FLOW_STAGE);
	rig_end(flow.h);
}

/* Whoever owns the connection takes its packets at once; who does not hands them over. */
static void test_workers(void **state)
{
	const struct harness_options three = { .n_workers = 3 };

	for (unsigned int p = 0; p < LENGTH(protos); p++) {
		struct flow flow = flow_new(protos[p], &three);

		for (unsigned int i = 0; i < 6; i++) {
			unsigned int from = i % 2, queue = i / 2;
			struct packet packet = flow_packet(&flow, from);

			rig_send_to(flow.h, from, queue, &packet);
			expect_next(&flow, from, &packet);
			flow_took(&flow, flow.conn.w->id == queue + 1);
		}
		rig_end(flow.h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),     cmocka_unit_test(test_no_overtaking),
		cmocka_unit_test(test_counters),  cmocka_unit_test(test_counters_of_servers),
		cmocka_unit_test(test_all_sorts), cmocka_unit_test(test_deceived),
		cmocka_unit_test(test_expiry),    cmocka_unit_test(test_port_full),
		cmocka_unit_test(test_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
