/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RSS: ports that spread by Toeplitz's hash bring every packet to its owner.
 * The port's hash (link/port_test) and the owner function (link/rss) are two
 * implementations that know nothing of each other: if they or the tables of the
 * two ports differed, packets would be handed over, and that is counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "ipvs/ipvs.h"
#include "link/port.h"
#include "link/steer.h"
#include "packet/fnat_rig.h"

#define WORKERS 4
#define FLOWS   4000 /* of ten clients, each from even ports only, as Linux chooses them */

static const struct harness_options both = {
	.n_workers = WORKERS,
	.conn_max = 2 * FLOWS,
	.rss_entries = { 128, 512 },
};

/* What a flow's connection has chosen, as its first packet to the server says. */
struct flow {
	char client[16], server[16];
	uint16_t cport, lport;
	uint32_t seq_delta;
	unsigned int queue; /* that the first packet came to */
};

static struct packet from_client(const struct flow *flow, uint8_t proto)
{
	return packet_first(flow->client, proto, flow->cport);
}

static struct packet from_server(const struct flow *flow, uint8_t proto)
{
	return (struct packet){ .src = flow->server,
				.dst = LADDR,
				.sport = 8080,
				.dport = flow->lport,
				.proto = proto,
				.flags = SYN | ACK,
				.ack = 6 + flow->seq_delta,
				.seq = 70,
				.payload = proto == IPPROTO_UDP ? "out" : NULL };
}

/* Into the queue that RSS chooses; without RSS, queue `otherwise`. Returns the queue. */
static unsigned int receive(struct harness *h, unsigned int side, const struct packet *packet,
			    bool rss, unsigned int otherwise)
{
	struct frame frame = frame_in(side, packet);

	if (rss)
		otherwise = harness_receive(h, side, frame.bytes, frame.len);
	else
		harness_inject(h, side, otherwise, frame.bytes, frame.len);
	harness_turn(h);
	return otherwise;
}

static void open_flow(struct harness *h, struct flow *flow, unsigned int i, uint8_t proto, bool rss)
{
	struct packet packet, want;
	struct frame got, expected;
	uint8_t address[4];

	snprintf(flow->client, sizeof(flow->client), "10.0.0.%u", 100 + i % 10);
	flow->cport = (uint16_t)(20000 + i / 10 * 2);
	packet = from_client(flow, proto);
	flow->queue = receive(h, CLIENT_SIDE, &packet, rss, i % WORKERS);
	got = rig_take(h, SERVER_SIDE);
	assert_true(got.len >= L4 + 8);
	memcpy(address, got.bytes + L3 + 16, 4);
	snprintf(flow->server, sizeof(flow->server), "%u.%u.%u.%u", address[0], address[1],
		 address[2], address[3]);
	flow->lport = frame_u16(&got, L4);
	want = packet;
	want.src = LADDR;
	want.dst = flow->server;
	want.sport = flow->lport;
	want.dport = 8080;
	want.ttl = 63;
	if (proto == IPPROTO_TCP) {
		flow->seq_delta = frame_u32(&got, L4 + 4) - packet.seq;
		want.seq += flow->seq_delta;
	}
	expected = frame_out(SERVER_SIDE, &want);
	assert_int_equal(got.len, expected.len);
	assert_memory_equal(got.bytes, expected.bytes, got.len);
}

/* The server's answer, and what the client says next; the queue that the answer came to. */
static unsigned int answer_flow(struct harness *h, const struct flow *flow, uint8_t proto, bool rss,
				unsigned int otherwise)
{
	struct packet answer = from_server(flow, proto), want = answer;
	unsigned int queue = receive(h, SERVER_SIDE, &answer, rss, otherwise);

	want.src = VIP;
	want.dst = flow->client;
	want.sport = 80;
	want.dport = flow->cport;
	want.ack -= flow->seq_delta;
	want.ttl = 63;
	rig_expect(h, CLIENT_SIDE, &want);
	return queue;
}

static void next_of_client(struct harness *h, const struct flow *flow, uint8_t proto, bool rss)
{
	struct packet packet = from_client(flow, proto), want;

	packet.flags = ACK;
	packet.seq = 6;
	packet.ack = 71;
	receive(h, CLIENT_SIDE, &packet, rss, flow->queue);
	want = packet;
	want.src = LADDR;
	want.dst = flow->server;
	want.sport = flow->lport;
	want.dport = 8080;
	want.seq += flow->seq_delta;
	want.ttl = 63;
	rig_expect(h, SERVER_SIDE, &want);
}

static void assert_spread(const struct harness *h)
{
	for (unsigned int i = 1; i <= h->n_workers; i++)
		assert_in_range(conn_count(h->all[i]->ipvs->conns), FLOWS / WORKERS * 9 / 10,
				FLOWS / WORKERS * 11 / 10);
}

static void assert_steered(const struct harness *h, bool client_side, bool server_side)
{
	const struct link *link = h->all[WORKER_MASTER]->link;

	assert_int_equal(link->ports[CLIENT_SIDE].rss, client_side);
	assert_int_equal(link->ports[SERVER_SIDE].rss, server_side);
}

static void check_both(uint8_t proto)
{
	struct flow *flows = calloc(FLOWS, sizeof(*flows));
	struct harness *h = rig_new(&both);

	assert_steered(h, true, true);
	rig_service(h, proto == IPPROTO_TCP ? 't' : 'u', 2);
	for (unsigned int i = 0; i < FLOWS; i++)
		open_flow(h, &flows[i], i, proto, true);
	assert_int_equal(rig_conns(h), FLOWS);
	assert_spread(h);
	for (unsigned int i = 0; i < FLOWS; i++) {
		unsigned int queue = answer_flow(h, &flows[i], proto, true, 0);

		assert_int_equal(queue, flows[i].queue);
		next_of_client(h, &flows[i], proto, true);
	}
	for (unsigned int i = 1; i <= WORKERS; i++) {
		assert_int_equal(h->all[i]->counters.handed_out, 0);
		assert_int_equal(h->all[i]->counters.handed_in, 0);
	}
	assert_int_equal(rig_conns(h), FLOWS);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
	free(flows);
}

static void both_ports_tcp(void **state)
{
	check_both(IPPROTO_TCP);
}

static void both_ports_udp(void **state)
{
	check_both(IPPROTO_UDP);
}

/* Only the clients' port has RSS: their packets stay where they arrive, and the servers' are handed
 * over exactly when they came to another queue than the owner's. */
static void check_one(const struct harness_options *options, uint8_t proto)
{
	struct flow *flows = calloc(FLOWS, sizeof(*flows));
	struct harness *h = rig_new(options);
	uint64_t expected = 0;

	assert_steered(h, true, false);
	rig_service(h, proto == IPPROTO_TCP ? 't' : 'u', 2);
	for (unsigned int i = 0; i < FLOWS; i++)
		open_flow(h, &flows[i], i, proto, true);
	assert_int_equal(harness_handed_out(h), 0);
	assert_spread(h);
	for (unsigned int i = 0; i < FLOWS; i++) {
		answer_flow(h, &flows[i], proto, false, i % WORKERS);
		next_of_client(h, &flows[i], proto, true);
		expected += flows[i].queue != i % WORKERS;
	}
	assert_int_equal(harness_handed_out(h), expected);
	assert_in_range(expected, FLOWS * 7 / 10, FLOWS * 8 / 10);
	assert_int_equal(rig_conns(h), FLOWS);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
	free(flows);
}

static void one_port_without(void **state)
{
	const struct harness_options options = { .n_workers = WORKERS,
						 .conn_max = 2 * FLOWS,
						 .rss_entries = { 64, 0 } };

	check_one(&options, IPPROTO_TCP);
	check_one(&options, IPPROTO_UDP);
}

/* As if it had none. Its RETA is the smaller one, and has decided the table's size. */
static void one_port_refuses(void **state)
{
	const struct harness_options options = { .n_workers = WORKERS,
						 .conn_max = 2 * FLOWS,
						 .rss_entries = { 512, 128 },
						 .rss_refused = { false, true } };

	check_one(&options, IPPROTO_UDP);
}

/* RETAs that are no use: odd sizes, or fewer entries than workers. The keyed hash then decides. */
static void no_port_fits(void **state)
{
	const struct harness_options options = { .n_workers = WORKERS,
						 .conn_max = 2 * FLOWS,
						 .rss_entries = { 2, 100 } };
	struct harness *h = rig_new(&options);
	struct flow flow;

	assert_steered(h, false, false);
	rig_service(h, 'u', 2);
	for (unsigned int i = 0; i < 40; i++) {
		open_flow(h, &flow, i, IPPROTO_UDP, false);
		answer_flow(h, &flow, IPPROTO_UDP, false, i % WORKERS);
	}
	assert_in_range(harness_handed_out(h), 40, 80);
	rig_end(h);
}

/* An ICMP error is hashed by its addresses alone, and quotes what another worker may own. */
static void icmp_errors(void **state)
{
	struct harness *h = rig_new(&both);

	rig_service(h, 'u', 2);
	for (unsigned int i = 0; i < 40; i++) {
		uint8_t l4[FRAME_MAX], quoted[FRAME_MAX];
		struct packet sent, went, error, want;
		struct flow flow;

		open_flow(h, &flow, i, IPPROTO_UDP, true);
		sent = from_client(&flow, IPPROTO_UDP);
		went = sent;
		went.src = LADDR;
		went.dst = flow.server;
		went.sport = flow.lport;
		went.dport = 8080;
		error = (struct packet){
			.src = flow.server, .dst = LADDR, .proto = IPPROTO_ICMP, .l4 = l4
		};
		error.l4_len = icmp_build(l4, 3, 3, 0, quoted, packet_build(quoted, &went));
		receive(h, SERVER_SIDE, &error, true, 0);
		want = error;
		want.src = VIP;
		want.dst = flow.client;
		want.ttl = 63;
		want.l4_len = icmp_build(l4, 3, 3, 0, quoted, packet_build(quoted, &sent));
		rig_expect(h, CLIENT_SIDE, &want);
	}
	assert_in_range(harness_handed_out(h), 15, 40);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ports_tcp),   cmocka_unit_test(both_ports_udp),
		cmocka_unit_test(one_port_without), cmocka_unit_test(one_port_refuses),
		cmocka_unit_test(no_port_fits),     cmocka_unit_test(icmp_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
