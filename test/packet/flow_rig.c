/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/flow_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include "lib/unit.h"

static uint64_t taken(const struct harness *h)
{
	uint64_t sum = 0;

	for (unsigned int i = 1; i <= h->n_workers; i++)
		sum += h->all[i]->counters.flow;
	return sum;
}

struct packet flow_packet(const struct flow *flow, unsigned int from)
{
	struct packet packet = from == CLIENT_SIDE
				       ? tcp_from_client(ACK, ISN + 1, SISN + 1)
				       : tcp_from_server(&flow->conn, ACK, SISN + 1, ISN + 1);

	if (from == CLIENT_SIDE)
		packet.src = flow->client;
	packet.proto = flow->proto;
	packet.payload = "some data";
	return packet;
}

struct packet flow_want(const struct flow *flow, unsigned int from, struct packet packet)
{
	uint8_t ttl = harness_ttl(flow->h, packet.ttl ? packet.ttl : 64);

	packet = from == CLIENT_SIDE ? tcp_at_server(&flow->conn, packet)
				     : tcp_at_client(&flow->conn, packet);
	if (from == SERVER_SIDE)
		packet.dst = flow->client;
	packet.ttl = ttl;
	return packet;
}

/* What opens it: a handshake, or a datagram and its answer. */
static void open_by(struct flow *flow, unsigned int from, uint8_t flags, uint32_t seq, uint32_t ack)
{
	struct packet packet = flow_packet(flow, from);

	packet.flags = flags;
	packet.seq = seq;
	packet.ack = ack;
	packet.payload = NULL;
	rig_send(flow->h, from, &packet);
	assert_true(rig_take(flow->h, !from).len);
}

struct flow flow_open(struct harness *h, uint8_t proto, const char *client)
{
	struct flow flow = { .h = h, .proto = proto, .client = client };

	open_by(&flow, CLIENT_SIDE, SYN, ISN, 0);
	flow.conn = rig_conn(h, proto, client, CPORT);
	assert_int_not_equal(flow.conn.id, CONN_NONE);
	open_by(&flow, SERVER_SIDE, SYN | ACK, SISN, ISN + 1 + flow.conn.seq_delta);
	if (proto == IPPROTO_TCP)
		open_by(&flow, CLIENT_SIDE, ACK, ISN + 1, SISN + 1);
	flow.taken = taken(h);
	return flow;
}

struct flow flow_new(uint8_t proto, const struct harness_options *options)
{
	struct harness *h = rig_new(options);

	rig_service(h, proto == IPPROTO_TCP ? 't' : 'u', 1);
	return flow_open(h, proto, CLIENT);
}

void flow_took_at(struct flow *flow, uint64_t n, const char *file, int line)
{
	const char *mode = getenv("FLOW");
	uint64_t want = mode && strcmp(mode, "off") == 0 ? 0 : n, now = taken(flow->h);

	if (now - flow->taken != want) {
		fprintf(stderr, "by the flow stage: %lu packets, should be %lu\n",
			(unsigned long)(now - flow->taken), (unsigned long)want);
		_fail(file, line);
	}
	flow->taken = now;
}

void flow_expect_at(struct flow *flow, unsigned int side, const struct frame *want,
		    const char *file, int line)
{
	struct frame got = rig_take(flow->h, side);
	char hex[2 * FRAME_MAX + 1] = "";

	for (size_t i = 0; i < want->len; i++)
		snprintf(hex + 2 * i, 3, "%02x", want->bytes[i]);
	harness_assert_frame(got.bytes, got.len, hex, file, line);
	rig_expect_nothing_at(flow->h, file, line);
}

void flow_pass_at(struct flow *flow, unsigned int from, const struct packet *packet,
		  enum flow_way way, const char *file, int line)
{
	struct packet want = flow_want(flow, from, *packet);
	struct frame frame = frame_out(!from, &want);

	rig_send(flow->h, from, packet);
	flow_expect_at(flow, !from, &frame, file, line);
	flow_took_at(flow, way == FLOW_STAGE, file, line);
}

void flow_pass_data_at(struct flow *flow, unsigned int from, enum flow_way way, const char *file,
		       int line)
{
	struct packet packet = flow_packet(flow, from);

	flow_pass_at(flow, from, &packet, way, file, line);
}

void flow_pass_both_at(struct flow *flow, enum flow_way way, const char *file, int line)
{
	flow_pass_data_at(flow, CLIENT_SIDE, way, file, line);
	flow_pass_data_at(flow, SERVER_SIDE, way, file, line);
}

void flow_pass_macs_at(struct flow *flow, unsigned int from, const char *to_mac,
		       const char *our_mac, enum flow_way way, const char *file, int line)
{
	struct packet packet = flow_packet(flow, from), want = flow_want(flow, from, packet);
	struct frame frame = frame_out(!from, &want);

	if (to_mac)
		harness_hex(to_mac, frame.bytes, 6);
	if (our_mac)
		harness_hex(our_mac, frame.bytes + 6, 6);
	rig_send(flow->h, from, &packet);
	flow_expect_at(flow, !from, &frame, file, line);
	flow_took_at(flow, way == FLOW_STAGE, file, line);
}

void flow_lost_at(struct flow *flow, unsigned int from, enum drop_reason reason, const char *file,
		  int line)
{
	struct packet packet = flow_packet(flow, from);
	uint64_t before = harness_drops(flow->h, reason);

	rig_send(flow->h, from, &packet);
	if (harness_drops(flow->h, reason) != before + 1) {
		fprintf(stderr, "not dropped for that reason\n");
		_fail(file, line);
	}
	flow_took_at(flow, 0, file, line);
}

void flow_pass_frame(struct flow *flow, const struct frame *in, const struct frame *out)
{
	harness_inject(flow->h, CLIENT_SIDE, 0, in->bytes, in->len);
	harness_turn(flow->h);
	flow_expect(flow, SERVER_SIDE, out);
	flow_took(flow, 1);
}

void flow_changes_mac(struct flow *flow, struct frame *in, struct frame *out)
{
	struct packet packet = flow_packet(flow, CLIENT_SIDE);
	struct packet want = flow_want(flow, CLIENT_SIDE, packet);

	*in = frame_in(CLIENT_SIDE, &packet);
	*out = frame_out(SERVER_SIDE, &want);
	harness_run(flow->h, "dpip link set dpdk0 addr 02:00:00:00:00:55");
	flow_pass_macs(flow, SERVER_SIDE, NULL, "02:00:00:00:00:55", FLOW_STAGE);
	flow_lost(flow, CLIENT_SIDE, DROP_ETH_OTHERHOST);
	harness_hex("02:00:00:00:00:55", in->bytes, 6);
	flow_pass_frame(flow, in, out);
}

void flow_changes_mtu(struct flow *flow)
{
	struct packet packet = flow_packet(flow, CLIENT_SIDE);

	packet.filler = 600;
	flow_pass(flow, CLIENT_SIDE, &packet, FLOW_STAGE);
	harness_run(flow->h, "dpip link set dpdk1 mtu 600");
	rig_send(flow->h, CLIENT_SIDE, &packet);
	rig_expect_icmp(flow->h, CLIENT_SIDE, 3, 4, VIP, 600, &packet);
	flow_took(flow, 0);
	flow_pass_both(flow, FLOW_STAGE);
	harness_run(flow->h, "dpip link set dpdk1 mtu 1500");
	flow_pass(flow, CLIENT_SIDE, &packet, FLOW_STAGE);
}
