/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flow stage: which packets it takes, byte for byte, and which it leaves to
 * the slow path, by anything unusual about them, with the same result as if
 * there were no such stage.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include "lib/unit.h"
#include "ipvs/proto/udp.h"
#include "packet/csum.h"
#include "packet/flow_rig.h"

static const struct harness_options usual;
static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };

static void test_data(void **state)
{
	static const size_t lengths[] = { 0, 1, 2, 3, 26, 63, 64, 1001, 1440 };

	for (unsigned int p = 0; p < LENGTH(protos); p++) {
		struct flow flow = flow_new(protos[p], &usual);

		for (unsigned int i = 0; i < 2 * LENGTH(lengths); i++) {
			unsigned int from = i % 2 ? SERVER_SIDE : CLIENT_SIDE;
			struct packet packet = flow_packet(&flow, from);

			packet.payload = NULL;
			packet.filler = lengths[i / 2];
			packet.tos = (uint8_t)(i * 37);
			packet.id = (uint16_t)(i * 7919);
			packet.ttl = i % 3 ? 2 : 255;
			packet.fragment = i % 5 ? 0x4000 : 0;
			flow_pass(&flow, from, &packet, FLOW_STAGE);
		}
		rig_end(flow.h);
	}
}

/* Flags that say nothing of the connection's state, and numbers around 2^32. */
static void test_tcp_fields(void **state)
{
	static const uint32_t numbers[] = { 0, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff };
	static const uint8_t flags[] = { ACK, PSH | ACK, 0x20 | ACK, 0x40 | ACK, 0xc0 | PSH | ACK };
	struct flow flow = flow_new(IPPROTO_TCP, &usual);

	for (unsigned int i = 0; i < LENGTH(numbers); i++)
		for (unsigned int from = CLIENT_SIDE; from <= SERVER_SIDE; from++) {
			struct packet packet = flow_packet(&flow, from);

			packet.seq = numbers[i];
			packet.ack = numbers[LENGTH(numbers) - 1 - i];
			packet.flags = flags[i];
			packet.window = (uint16_t)(0xffff - i);
			flow_pass(&flow, from, &packet, FLOW_STAGE);
		}
	rig_end(flow.h);
}

static char *timestamps(char text[64], const char *head, uint32_t value, uint32_t echo)
{
	snprintf(text, 64, "%s %08x %08x", head, value, echo);
	return text;
}

/* A SYN with timestamps, then the answer and the acknowledgement. */
static struct flow open_with_timestamps(void)
{
	struct harness *h = tcp_rig_new(&usual);
	struct flow flow = { .h = h, .proto = IPPROTO_TCP, .client = CLIENT };
	struct packet packet = tcp_from_client(SYN, ISN, 0);
	char text[64];

	packet.options = timestamps(text, "0101080a", 100, 0);
	rig_send(h, CLIENT_SIDE, &packet);
	flow.conn = tcp_conn(h);
	assert_int_not_equal(flow.conn.id, CONN_NONE);
	assert_true(flow.conn.conn->flags & CONN_TS);
	packet = tcp_from_server(&flow.conn, SYN | ACK, SISN, ISN + 1);
	packet.options = timestamps(text, "0101080a", 7, 100 + flow.conn.ts_delta);
	rig_send(h, SERVER_SIDE, &packet);
	packet = tcp_from_client(ACK, ISN + 1, SISN + 1);
	rig_send(h, CLIENT_SIDE, &packet);
	assert_true(rig_take(h, SERVER_SIDE).len && rig_take(h, SERVER_SIDE).len);
	assert_true(rig_take(h, CLIENT_SIDE).len);
	flow.taken = h->all[1]->counters.flow;
	return flow;
}

/* TSval is shifted on its way in, TSecr on its way out; as everybody writes them in the flow stage,
 * otherwise on the slow path. */
static void pass_timestamps(struct flow *flow, const char *head, bool shifted, enum flow_way way)
{
	static const uint32_t values[] = { 1, 0xffffffff, 0x80000000, 12345678 };

	for (unsigned int i = 0; i < 2 * LENGTH(values); i++) {
		unsigned int from = i % 2 ? SERVER_SIDE : CLIENT_SIDE;
		struct packet packet = flow_packet(flow, from);
		struct packet want = flow_want(flow, from, packet);
		uint32_t value = values[i / 2], delta = shifted ? flow->conn.ts_delta : 0;
		char sent[64], wanted[64];
		struct frame frame;

		packet.options = timestamps(sent, head, value, ~value);
		want.options = from == CLIENT_SIDE
				       ? timestamps(wanted, head, value + delta, ~value)
				       : timestamps(wanted, head, value, ~value - delta);
		frame = frame_out(!from, &want);
		rig_send(flow->h, from, &packet);
		flow_expect(flow, !from, &frame);
		flow_took(flow, way == FLOW_STAGE);
	}
}

static void test_timestamps(void **state)
{
	struct flow flow = open_with_timestamps();

	pass_timestamps(&flow, "0101080a", true, FLOW_STAGE);
	pass_timestamps(&flow, "0103030701 01 080a", true, SLOW_PATH);
	flow_pass_both(&flow, FLOW_STAGE); /* segments without them are none the worse */
	rig_end(flow.h);

	/* the SYN had none: nothing was agreed, nothing is shifted */
	flow = flow_new(IPPROTO_TCP, &usual);
	pass_timestamps(&flow, "0101080a", false, FLOW_STAGE);
	rig_end(flow.h);
}

/* The four bits behind the header's length say nothing of it. */
static void set_reserved(struct frame *frame, uint8_t bits)
{
	uint16_t sum = frame_u16(frame, L4 + 16), was = frame_u16(frame, L4 + 12);

	frame->bytes[L4 + 12] |= bits;
	sum = csum_apply(sum, csum_delta16(was, frame_u16(frame, L4 + 12)));
	frame->bytes[L4 + 16] = (uint8_t)(sum >> 8);
	frame->bytes[L4 + 17] = (uint8_t)sum;
}

static void test_reserved_bits(void **state)
{
	struct flow flow = open_with_timestamps();

	for (unsigned int i = 0; i < 2 * 16; i++) {
		unsigned int from = i % 2 ? SERVER_SIDE : CLIENT_SIDE;
		struct packet packet = flow_packet(&flow, from);
		struct packet want = flow_want(&flow, from, packet);
		uint32_t delta = flow.conn.ts_delta;
		struct frame frame, wanted;
		char sent[64], text[64];

		packet.options = timestamps(sent, "0101080a", 5, 6);
		want.options = from == CLIENT_SIDE ? timestamps(text, "0101080a", 5 + delta, 6)
						   : timestamps(text, "0101080a", 5, 6 - delta);
		frame = frame_in(from, &packet);
		wanted = frame_out(!from, &want);
		set_reserved(&frame, (uint8_t)(i / 2));
		set_reserved(&wanted, (uint8_t)(i / 2));
		harness_inject(flow.h, from, 0, frame.bytes, frame.len);
		harness_turn(flow.h);
		flow_expect(&flow, !from, &wanted);
		flow_took(&flow, 1);
	}
	rig_end(flow.h);
}

static void test_other_options(void **state)
{
	static const char *const options[] = {
		"01010101",
		"020405b4",
		"0101 0101 0101 0101 0101 0101", /* as long as timestamps */
		"0101 0801 00000000 00000000",
		"fd040000",
		"0101 1312 00000000000000000000000000000000", /* MD5 */
		"00000000",
	};
	struct flow flow = flow_new(IPPROTO_TCP, &usual);

	for (unsigned int i = 0; i < LENGTH(options); i++)
		for (unsigned int from = CLIENT_SIDE; from <= SERVER_SIDE; from++) {
			struct packet packet = flow_packet(&flow, from);

			packet.options = options[i];
			flow_pass(&flow, from, &packet, SLOW_PATH);
		}
	rig_end(flow.h);
}

/* Blocks that the client has are told in its numbers, which the server must not see. */
static void test_sack(void **state)
{
	struct flow flow = flow_new(IPPROTO_TCP, &usual);
	struct packet packet = flow_packet(&flow, SERVER_SIDE), want;
	char sent[64], wanted[64];
	struct frame frame;

	want = flow_want(&flow, SERVER_SIDE, packet);
	packet.options = timestamps(sent, "0101050a", 2000 + flow.conn.seq_delta,
				    3000 + flow.conn.seq_delta);
	want.options = timestamps(wanted, "0101050a", 2000, 3000);
	frame = frame_out(CLIENT_SIDE, &want);
	rig_send(flow.h, SERVER_SIDE, &packet);
	flow_expect(&flow, CLIENT_SIDE, &frame);
	flow_took(&flow, 0);
	rig_end(flow.h);
}

static void test_segments_that_change_the_state(void **state)
{
	static const struct {
		uint8_t flags;
		unsigned int from;
		enum flow_way way;
	} cases[] = {
		{ FIN | ACK, CLIENT_SIDE, FLOW_STAGE }, { FIN | ACK, SERVER_SIDE, FLOW_STAGE },
		{ SYN | ACK, SERVER_SIDE, FLOW_STAGE }, { SYN | ACK, CLIENT_SIDE, SLOW_PATH },
		{ SYN, CLIENT_SIDE, SLOW_PATH },        { RST, CLIENT_SIDE, SLOW_PATH },
		{ RST | ACK, SERVER_SIDE, SLOW_PATH },  { RST | ACK, CLIENT_SIDE, SLOW_PATH },
		{ 0, CLIENT_SIDE, SLOW_PATH },          { PSH, CLIENT_SIDE, SLOW_PATH },
	};

	for (unsigned int i = 0; i < LENGTH(cases); i++) {
		struct flow flow = flow_new(IPPROTO_TCP, &usual);
		struct packet packet = flow_packet(&flow, cases[i].from);

		flow_pass_both(&flow, FLOW_STAGE);
		packet.flags = cases[i].flags;
		packet.payload = NULL;
		flow_pass(&flow, cases[i].from, &packet, cases[i].way);
		flow_pass_both(&flow, FLOW_STAGE);
		rig_end(flow.h);
	}
}

static void test_handshake(void **state)
{
	struct harness *h = tcp_rig_new(&usual);
	struct flow flow = { .h = h, .proto = IPPROTO_TCP, .client = CLIENT };

	tcp_establish(h);
	flow_took(&flow, 3);
	flow.conn = tcp_conn(h);
	flow_pass_both(&flow, FLOW_STAGE);
	rig_end(h);
}

/* One-way datagrams are taken too, from the first on, and the first answer, which changes the
 * state.
 */
static void test_udp_states(void **state)
{
	struct harness *h = rig_new(&usual);
	struct flow flow = { .h = h, .proto = IPPROTO_UDP, .client = CLIENT };
	struct packet packet;

	rig_service(h, 'u', 1);
	packet = flow_packet(&flow, CLIENT_SIDE);
	rig_send(h, CLIENT_SIDE, &packet);
	flow.conn = rig_conn(h, IPPROTO_UDP, CLIENT, CPORT);
	assert_true(rig_take(h, SERVER_SIDE).len);
	flow_took(&flow, 1);
	for (unsigned int i = 0; i < 3; i++)
		flow_pass_data(&flow, CLIENT_SIDE, FLOW_STAGE);
	assert_int_equal(flow.conn.conn->state, UDP_ONEWAY);
	flow_pass_data(&flow, SERVER_SIDE, FLOW_STAGE);
	assert_int_equal(flow.conn.conn->state, UDP_NORMAL);
	flow_pass_both(&flow, FLOW_STAGE);
	assert_int_equal(flow.conn.conn->state, UDP_NORMAL);
	rig_end(h);
}

/* --- frames that are changed by hand ------------------------------------------- */

static void put_ip_sum(struct frame *frame)
{
	uint16_t sum;

	frame->bytes[L3 + 10] = frame->bytes[L3 + 11] = 0;
	sum = (uint16_t)~frame_ip_sum(frame);
	frame->bytes[L3 + 10] = (uint8_t)(sum >> 8);
	frame->bytes[L3 + 11] = (uint8_t)sum;
}

static void set16(struct frame *frame, size_t at, uint16_t value)
{
	frame->bytes[at] = (uint8_t)(value >> 8);
	frame->bytes[at + 1] = (uint8_t)value;
}

/* Behind the header, whatever the port says of it. */
static void inject(struct flow *flow, unsigned int from, const struct frame *frame,
		   uint64_t ol_flags, size_t segment)
{
	harness_inject_as(flow->h, from, 0, frame->bytes, frame->len, ol_flags, segment);
	harness_turn(flow->h);
}

static struct frame data_frame(const struct flow *flow, unsigned int from)
{
	struct packet packet = flow_packet(flow, from);

	return frame_in(from, &packet);
}

static struct frame data_wanted(const struct flow *flow, unsigned int from)
{
	struct packet packet = flow_packet(flow, from), want = flow_want(flow, from, packet);

	return frame_out(!from, &want);
}

typedef void change_fn(struct frame *frame);

static void other_host(struct frame *frame)
{
	frame->bytes[5] ^= 0x40;
}

static void broadcast(struct frame *frame)
{
	memset(frame->bytes, 0xff, 6);
}

static void wrong_ip_sum(struct frame *frame)
{
	frame->bytes[L3 + 10] ^= 1;
}

static void version_6(struct frame *frame)
{
	frame->bytes[L3] = 0x65;
	put_ip_sum(frame);
}

static void header_too_short(struct frame *frame)
{
	frame->bytes[L3] = 0x44;
	put_ip_sum(frame);
}

static void first_fragment(struct frame *frame)
{
	set16(frame, L3 + 6, 0x2000);
	put_ip_sum(frame);
}

static void later_fragment(struct frame *frame)
{
	set16(frame, L3 + 6, 3);
	put_ip_sum(frame);
}

static void longer_than_there(struct frame *frame)
{
	set16(frame, L3 + 2, (uint16_t)(frame->len - L3 + 1));
	put_ip_sum(frame);
}

static void half_a_header(struct frame *frame)
{
	set16(frame, L3 + 2, 20 + 7);
	put_ip_sum(frame);
}

static void cut_in_ip(struct frame *frame)
{
	frame->len = L3 + 12;
}

static void tcp_header_too_long(struct frame *frame)
{
	frame->bytes[L4 + 12] = 0xf0;
}

static void tcp_header_too_short(struct frame *frame)
{
	frame->bytes[L4 + 12] = 0x40;
}

static void udp_too_short(struct frame *frame)
{
	set16(frame, L4 + 4, 7);
}

static void udp_too_long(struct frame *frame)
{
	set16(frame, L4 + 4, (uint16_t)(frame->len - L4 + 1));
}

/* What must not go on does not, and for the reason that the slow path has. */
static void test_refused(void **state)
{
	static const struct {
		uint8_t proto; /* 0: both */
		change_fn *change;
		uint64_t ol_flags;
		enum drop_reason reason;
	} cases[] = {
		{ 0, other_host, 0, DROP_ETH_OTHERHOST },
		{ 0, broadcast, 0, DROP_IP4_BROADCAST },
		{ 0, wrong_ip_sum, 0, DROP_IP4_CHECKSUM },
		{ 0, NULL, RTE_MBUF_F_RX_IP_CKSUM_BAD, DROP_IP4_CHECKSUM },
		{ 0, wrong_ip_sum, RTE_MBUF_F_RX_IP_CKSUM_NONE, DROP_IP4_CHECKSUM },
		{ 0, version_6, 0, DROP_IP4_VERSION },
		{ 0, header_too_short, 0, DROP_IP4_VERSION },
		{ 0, longer_than_there, 0, DROP_IP4_SHORT },
		{ 0, cut_in_ip, 0, DROP_IP4_SHORT },
		{ 0, half_a_header, 0, DROP_L4_SHORT },
		{ IPPROTO_TCP, tcp_header_too_long, 0, DROP_L4_SHORT },
		{ IPPROTO_TCP, tcp_header_too_short, 0, DROP_L4_SHORT },
		{ IPPROTO_UDP, udp_too_short, 0, DROP_IPVS_INVALID },
		{ IPPROTO_UDP, udp_too_long, 0, DROP_IPVS_INVALID },
	};

	for (unsigned int p = 0; p < LENGTH(protos); p++) {
		struct flow flow = flow_new(protos[p], &usual);

		for (unsigned int i = 0; i < 2 * LENGTH(cases); i++) {
			unsigned int from = i % 2 ? SERVER_SIDE : CLIENT_SIDE;
			enum drop_reason reason = cases[i / 2].reason;
			struct frame frame = data_frame(&flow, from);
			uint64_t before = harness_drops(flow.h, reason);

			if (cases[i / 2].proto && cases[i / 2].proto != protos[p])
				continue;
			if (cases[i / 2].change)
				cases[i / 2].change(&frame);
			inject(&flow, from, &frame, cases[i / 2].ol_flags, 0);
			if (harness_drops(flow.h, reason) != before + 1)
				fail_msg("row %u: not dropped for its reason", i / 2);
			rig_expect_nothing(flow.h);
			flow_took(&flow, 0);
			flow_pass_data(&flow, from, FLOW_STAGE);
		}
		rig_end(flow.h);
	}
}

/* The first one goes the slow way, and so does the other, which has no ports. */
static void test_fragments(void **state)
{
	static void (*const changes[])(struct frame *) = { first_fragment, later_fragment };
	struct flow flow = flow_new(IPPROTO_UDP, &usual);

	for (unsigned int i = 0; i < LENGTH(changes); i++) {
		struct frame frame = data_frame(&flow, CLIENT_SIDE);

		changes[i](&frame);
		inject(&flow, CLIENT_SIDE, &frame, 0, 0);
		assert_true(rig_take(flow.h, SERVER_SIDE).len);
		rig_expect_nothing(flow.h);
		flow_took(&flow, 0);
	}
	flow_pass_both(&flow, FLOW_STAGE);
	rig_end(flow.h);
}

static void reserved_bit(struct frame *frame)
{
	set16(frame, L3 + 6, 0x8000);
	put_ip_sum(frame);
}

/* Four bytes that mean nothing. */
static void ip_options(struct frame *frame)
{
	static const uint8_t nothing[] = { 1, 1, 1, 0 };

	memmove(frame->bytes + L4 + 4, frame->bytes + L4, frame->len - L4);
	memcpy(frame->bytes + L4, nothing, 4);
	frame->len += 4;
	frame->bytes[L3] = 0x46;
	set16(frame, L3 + 2, (uint16_t)(frame->len - L3));
	put_ip_sum(frame);
}

static void nothing(struct frame *frame)
{
}

/* What is unusual and goes on all the same: the change is made to what is sent and wanted. */
static void test_unusual(void **state)
{
	static const struct {
		change_fn *change;
		uint64_t ol_flags;
		size_t segment;
		enum flow_way way;
	} cases[] = {
		{ reserved_bit, 0, 0, SLOW_PATH },
		{ ip_options, 0, 0, SLOW_PATH },
		{ nothing, 0, 45, SLOW_PATH },
		{ nothing, 0, 20, SLOW_PATH },
		{ nothing, RTE_MBUF_F_RX_L4_CKSUM_NONE, 0, SLOW_PATH },
		{ nothing, RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED, 0, FLOW_STAGE },
		{ nothing, RTE_MBUF_F_RX_IP_CKSUM_NONE, 0, SLOW_PATH },
		{ nothing, RTE_MBUF_F_RX_IP_CKSUM_GOOD, 0, FLOW_STAGE },
		{ nothing, RTE_MBUF_F_RX_L4_CKSUM_GOOD, 0, FLOW_STAGE },
		{ nothing, RTE_MBUF_F_RX_RSS_HASH, 0, FLOW_STAGE },
	};

	for (unsigned int p = 0; p < LENGTH(protos); p++) {
		struct flow flow = flow_new(protos[p], &usual);

		for (unsigned int i = 0; i < 2 * LENGTH(cases); i++) {
			unsigned int from = i % 2 ? SERVER_SIDE : CLIENT_SIDE;
			struct frame frame = data_frame(&flow, from);
			struct frame want = data_wanted(&flow, from);

			cases[i / 2].change(&frame);
			cases[i / 2].change(&want);
			inject(&flow, from, &frame, cases[i / 2].ol_flags, cases[i / 2].segment);
			flow_expect(&flow, !from, &want);
			flow_took(&flow, cases[i / 2].way == FLOW_STAGE);
		}
		rig_end(flow.h);
	}
}

/* What the sender's card has added to reach the shortest frame stays here, and so does what only
 * a switch could have added. */
static void test_padding(void **state)
{
	for (unsigned int p = 0; p < LENGTH(protos); p++) {
		struct flow flow = flow_new(protos[p], &usual);

		for (unsigned int i = 0; i < 8; i++) {
			unsigned int from = i % 2 ? SERVER_SIDE : CLIENT_SIDE;
			struct packet packet = flow_packet(&flow, from), want;
			struct frame frame, wanted;

			packet.payload = i < 4 ? NULL : "x";
			want = flow_want(&flow, from, packet);
			frame = frame_in(from, &packet);
			memset(frame.bytes + frame.len, 0xaa, 100);
			frame.len += i < 2 ? 6 : 1 + 10 * i;
			wanted = frame_out(!from, &want);
			inject(&flow, from, &frame, 0, 0);
			flow_expect(&flow, !from, &wanted);
			flow_took(&flow, 1);
		}
		rig_end(flow.h);
	}
}

static void test_end_of_life(void **state)
{
	for (unsigned int p = 0; p < LENGTH(protos); p++) {
		struct flow flow = flow_new(protos[p], &usual);
		struct packet packet = flow_packet(&flow, CLIENT_SIDE);
		struct frame frame;

		packet.ttl = 1;
		rig_send(flow.h, CLIENT_SIDE, &packet);
		rig_expect_icmp(flow.h, CLIENT_SIDE, 11, 0, VIP, 0, &packet);
		packet = flow_packet(&flow, SERVER_SIDE);
		packet.ttl = 1;
		rig_send(flow.h, SERVER_SIDE, &packet);
		assert_int_equal(rig_take(flow.h, SERVER_SIDE).bytes[L4], 11);
		frame = data_frame(&flow, CLIENT_SIDE);
		frame.bytes[L3 + 8] = 0;
		put_ip_sum(&frame);
		inject(&flow, CLIENT_SIDE, &frame, 0, 0);
		assert_int_equal(harness_drops(flow.h, DROP_IPVS_TTL), 3);
		flow_took(&flow, 0);
		rig_end(flow.h);
	}
}

/* Key xmit_ttl off: as it came, and the last hop is none; then on again. */
static void test_ttl_kept(void **state)
{
	for (unsigned int p = 0; p < LENGTH(protos); p++) {
		struct flow flow = flow_new(protos[p], &usual);
		struct packet packet = flow_packet(&flow, CLIENT_SIDE);
		struct frame frame = data_frame(&flow, CLIENT_SIDE);

		harness_keep_ttl(flow.h, true);
		flow_pass_both(&flow, FLOW_STAGE);
		packet.ttl = 1;
		flow_pass(&flow, CLIENT_SIDE, &packet, SLOW_PATH);
		frame.bytes[L3 + 8] = 0;
		put_ip_sum(&frame);
		inject(&flow, CLIENT_SIDE, &frame, 0, 0);
		assert_int_equal(harness_drops(flow.h, DROP_IPVS_TTL), 1);
		while (rig_take(flow.h, CLIENT_SIDE).len)
			; /* time exceeded */
		harness_keep_ttl(flow.h, false);
		flow_pass_both(&flow, FLOW_STAGE);
		rig_end(flow.h);
	}
}

/* A wrong checksum stays wrong by as much as it was. */
static void test_damage_stays(void **state)
{
	static const uint16_t damages[] = { 0x0001, 0x8000, 0x1234 };

	for (unsigned int p = 0; p < LENGTH(protos); p++) {
		struct flow flow = flow_new(protos[p], &usual);

		for (unsigned int i = 0; i < 2 * LENGTH(damages); i++) {
			unsigned int from = i % 2 ? SERVER_SIDE : CLIENT_SIDE;
			struct packet packet = flow_packet(&flow, from);
			struct frame before, after;

			packet.damage = damages[i / 2];
			before = frame_in(from, &packet);
			inject(&flow, from, &before, RTE_MBUF_F_RX_L4_CKSUM_BAD, 0);
			after = rig_take(flow.h, !from);
			assert_int_equal(after.len, before.len);
			assert_int_not_equal(frame_l4_sum(&before), 0xffff);
			assert_int_equal(frame_l4_sum(&after), frame_l4_sum(&before));
			assert_int_equal(frame_ip_sum(&after), 0xffff);
			flow_took(&flow, 1);
		}
		rig_end(flow.h);
	}
}

static void test_udp_without_checksum(void **state)
{
	struct flow flow = flow_new(IPPROTO_UDP, &usual);

	for (unsigned int from = CLIENT_SIDE; from <= SERVER_SIDE; from++) {
		struct packet packet = flow_packet(&flow, from);

		packet.no_checksum = true;
		flow_pass(&flow, from, &packet, FLOW_STAGE);
	}
	rig_end(flow.h);
}

/* A checksum that comes out as 0 is sent as 0xffff: 0 would mean that there is none. */
static void test_udp_computed_zero(void **state)
{
	struct flow flow = flow_new(IPPROTO_UDP, &usual);

	for (unsigned int from = CLIENT_SIDE; from <= SERVER_SIDE; from++) {
		struct packet packet = flow_packet(&flow, from);
		bool found = false;

		for (unsigned int i = 65536; i < 256 * 65536 && !found; i++) {
			const char text[] = { (char)(i >> 16), (char)(i >> 16), (char)(i >> 8),
					      (char)i, 0 };
			struct packet want = flow_want(&flow, from, packet);
			struct frame frame;

			packet.payload = want.payload = text;
			frame = frame_out(!from, &want);
			found = frame_u16(&frame, L4 + 6) == 0xffff;
			if (found)
				flow_pass(&flow, from, &packet, FLOW_STAGE);
		}
		assert_true(found);
	}
	rig_end(flow.h);
}

/* A datagram may be shorter than its packet. */
static void test_udp_behind_its_end(void **state)
{
	struct flow flow = flow_new(IPPROTO_UDP, &usual);
	struct frame frame = data_frame(&flow, CLIENT_SIDE);
	struct frame want = data_wanted(&flow, CLIENT_SIDE);

	set16(&frame, L4 + 4, frame_u16(&frame, L4 + 4) - 2);
	set16(&want, L4 + 4, frame_u16(&want, L4 + 4) - 2);
	inject(&flow, CLIENT_SIDE, &frame, 0, 0);
	flow_expect(&flow, SERVER_SIDE, &want);
	flow_took(&flow, 1);
	rig_end(flow.h);
}

static void test_too_long(void **state)
{
	for (unsigned int p = 0; p < LENGTH(protos); p++) {
		struct flow flow = flow_new(protos[p], &usual);
		size_t headers = protos[p] == IPPROTO_TCP ? 40 : 28;
		struct packet packet = flow_packet(&flow, CLIENT_SIDE);

		harness_run(flow.h, "dpip route add " SERVER " dev dpdk1 mtu 600");
		packet.payload = NULL;
		packet.filler = 600 - headers;
		flow_pass(&flow, CLIENT_SIDE, &packet, FLOW_STAGE);
		packet.filler++;
		rig_send(flow.h, CLIENT_SIDE, &packet);
		rig_expect_icmp(flow.h, CLIENT_SIDE, 3, 4, VIP, 600, &packet);
		flow_took(&flow, 0);
		packet.fragment = 0;
		rig_send(flow.h, CLIENT_SIDE, &packet);
		assert_int_equal(
			frame_u16(&(struct frame[]){ rig_take(flow.h, SERVER_SIDE) }[0], L3 + 6),
			0x2000);
		assert_true(rig_take(flow.h, SERVER_SIDE).len);
		rig_expect_nothing(flow.h);
		flow_took(&flow, 0);
		rig_end(flow.h);
	}
}

/* Of no connection, or of another protocol between the same ports. */
static void test_strangers(void **state)
{
	struct flow flow = flow_new(IPPROTO_TCP, &usual);
	struct packet packet = flow_packet(&flow, CLIENT_SIDE);

	packet.proto = IPPROTO_UDP;
	rig_send(flow.h, CLIENT_SIDE, &packet);
	rig_expect_icmp(flow.h, CLIENT_SIDE, 3, 3, VIP, 0, &packet);
	packet = flow_packet(&flow, CLIENT_SIDE);
	packet.sport ^= 1;
	rig_send(flow.h, CLIENT_SIDE, &packet);
	assert_int_equal(harness_drops(flow.h, DROP_IPVS_NO_CONN), 1);
	flow_took(&flow, 0);
	rig_end(flow.h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_tcp_fields),
		cmocka_unit_test(test_timestamps),
		cmocka_unit_test(test_reserved_bits),
		cmocka_unit_test(test_other_options),
		cmocka_unit_test(test_sack),
		cmocka_unit_test(test_segments_that_change_the_state),
		cmocka_unit_test(test_handshake),
		cmocka_unit_test(test_udp_states),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_unusual),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_end_of_life),
		cmocka_unit_test(test_ttl_kept),
		cmocka_unit_test(test_damage_stays),
		cmocka_unit_test(test_udp_without_checksum),
		cmocka_unit_test(test_udp_computed_zero),
		cmocka_unit_test(test_udp_behind_its_end),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
