/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow-cross: FNAT between families in the flow stage: data in both directions,
 * exact in every byte and counted; what it leaves to the slow path, and that
 * nothing overtakes that; ways that change; first packets of connections, many
 * at once. Run with the stage on, off and checked, as flow_test is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ipvs/ipvs.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/service.h"
#include "ipvs/track.h"
#include "packet/across_rig.h"
#include "packet/flow_rig.h"

#define VECTOR 32
#define FIRST  20000 /* port of the first client of many */

static const struct harness_options one, three = { .n_workers = 3 };

/* A connection on which data flows. */
struct crossing {
	struct across a;
	struct rig_conn conn;
	uint64_t taken;
	unsigned int queue; /* its worker's */
};

static bool flow_is_off(void)
{
	const char *mode = getenv("FLOW");

	return mode && strcmp(mode, "off") == 0;
}

/* So many packets by the flow stage since this was asked last; none if it is off. */
#define took(crossing, n) took_at(crossing, n, __FILE__, __LINE__)
static void took_at(struct crossing *crossing, uint64_t n, const char *file, int line)
{
	uint64_t taken = crossing->conn.w->counters.flow;
	uint64_t want = flow_is_off() ? 0 : n;

	_assert_int_equal(taken - crossing->taken, want, file, line);
	crossing->taken = taken;
}

static struct packet data(const struct crossing *crossing, unsigned int from)
{
	struct packet packet = from == CLIENT_SIDE
				       ? across_from_client(&crossing->a)
				       : across_from_server(&crossing->a, &crossing->conn);

	packet.flags = ACK | PSH;
	packet.seq++;
	if (from == CLIENT_SIDE)
		packet.ack = 70001;
	return packet;
}

static struct packet become(const struct crossing *crossing, unsigned int from,
			    struct packet packet)
{
	packet = from == CLIENT_SIDE ? across_at_server(&crossing->a, &crossing->conn, packet)
				     : across_at_client(&crossing->a, &crossing->conn, packet);
	packet.no_checksum = false;
	return packet;
}

/* It leaves on the other side, and the stage has taken n. */
#define pass(crossing, from, packet, n) pass_at(crossing, from, packet, n, __FILE__, __LINE__)
static void pass_at(struct crossing *crossing, unsigned int from, const struct packet *packet,
		    uint64_t n, const char *file, int line)
{
	struct packet want = become(crossing, from, *packet);

	across_send(&crossing->a, from, crossing->queue, packet);
	across_expect_at(&crossing->a, !from, &want, file, line);
	took_at(crossing, n, file, line);
}

static void pass_data(struct crossing *crossing, unsigned int from, uint64_t n)
{
	struct packet packet = data(crossing, from);

	pass(crossing, from, &packet, n);
}

static struct crossing open_crossing(const struct harness_options *options, bool six, uint8_t proto)
{
	struct crossing crossing = { .a = across_new(options, six, proto) };
	struct packet sent, went, answer;

	crossing.conn = across_open(&crossing.a, &sent, &went);
	crossing.queue = crossing.conn.w->id - 1;
	crossing.taken = crossing.conn.w->counters.flow;
	answer = across_from_server(&crossing.a, &crossing.conn);
	pass(&crossing, SERVER_SIDE, &answer, 1); /* what answers first moves the state */
	pass_data(&crossing, CLIENT_SIDE, 1);
	return crossing;
}

/* Both families of clients, TCP and UDP. */
static void each(const struct harness_options *options, void (*check)(struct crossing *crossing))
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };

	for (unsigned int i = 0; i < 4; i++) {
		struct crossing crossing = open_crossing(options, i / 2, protos[i % 2]);

		check(&crossing);
		across_end(&crossing.a);
	}
}

/* The IP packets of one direction, of that family. */
static uint64_t bytes_of(const struct crossing *crossing, bool six, size_t payload)
{
	return (six ? IP6 : 20) + (crossing->a.proto == IPPROTO_TCP ? 20 : 8) + payload;
}

static void check_data(struct crossing *crossing)
{
	struct conn *conn = crossing->conn.conn;
	const struct dest *dest = dest_get(crossing->conn.w->ipvs->services, conn->dest);
	struct ipvs_counters before = dest->counters, after;
	const struct harness *h = crossing->a.h;

	for (unsigned int i = 0; i < 3; i++) {
		harness_advance(crossing->a.h, 1000);
		pass_data(crossing, CLIENT_SIDE, 1);
		pass_data(crossing, SERVER_SIDE, 1);
	}
	after = dest->counters;
	assert_int_equal(after.inpkts - before.inpkts, 3);
	assert_int_equal(after.inbytes - before.inbytes,
			 3 * bytes_of(crossing, crossing->a.six, 5));
	assert_int_equal(after.outpkts - before.outpkts, 3);
	assert_int_equal(after.outbytes - before.outbytes,
			 3 * bytes_of(crossing, !crossing->a.six, 6));
	assert_int_equal(conn->deadline,
			 conn_deadline(track_timeout_s(crossing->conn.w, conn), h->now_ms));
	if (crossing->a.proto == IPPROTO_TCP)
		assert_int_equal(conn->last_seq, 70001 + 6);
	assert_int_equal(harness_all_drops(h), 0);
}

static void test_data(void **state)
{
	each(&one, check_data);
	each(&three, check_data);
}

/* Timestamps are shifted, and come home. */
static void check_stamps(bool six)
{
	struct across a = across_new(&one, six, IPPROTO_TCP);
	struct packet syn = across_from_client(&a), packet, want;
	char options[2][64];
	struct crossing crossing;

	syn.options = "020405a0 0101080a 00000500 00000000";
	across_send(&a, CLIENT_SIDE, 0, &syn);
	assert_true(rig_take(a.h, SERVER_SIDE).len);
	crossing = (struct crossing){ .a = a, .conn = across_conn(&a) };
	for (unsigned int k = 0; k < 2; k++)
		snprintf(options[k], sizeof(options[k]), "0101080a 00000007 %08x",
			 0x500 + (k ? 0 : crossing.conn.ts_delta));
	packet = across_from_server(&a, &crossing.conn);
	packet.options = options[0];
	want = across_at_client(&a, &crossing.conn, packet);
	want.options = options[1];
	crossing.taken = crossing.conn.w->counters.flow;
	across_send(&a, SERVER_SIDE, 0, &packet);
	across_expect(&a, CLIENT_SIDE, &want);
	took(&crossing, 1);
	snprintf(options[0], sizeof(options[0]), "0101080a %08x 00000007", 0x501);
	snprintf(options[1], sizeof(options[1]), "0101080a %08x 00000007",
		 0x501 + crossing.conn.ts_delta);
	packet = data(&crossing, CLIENT_SIDE);
	packet.options = options[0];
	want = become(&crossing, CLIENT_SIDE, packet);
	want.options = options[1];
	across_send(&a, CLIENT_SIDE, 0, &packet);
	across_expect(&a, SERVER_SIDE, &want);
	took(&crossing, 1);
	across_end(&a);
}

static void test_stamps(void **state)
{
	check_stamps(false);
	check_stamps(true);
}

/* The state machine moves as ever; resets do so on the slow path. */
static void test_closing(void **state)
{
	for (unsigned int six = 0; six < 2; six++) {
		struct crossing crossing = open_crossing(&one, six, IPPROTO_TCP);
		struct packet packet = data(&crossing, CLIENT_SIDE);

		assert_int_equal(crossing.conn.conn->state, TCP_ESTABLISHED);
		packet.flags = FIN | ACK;
		pass(&crossing, CLIENT_SIDE, &packet, 1);
		assert_int_equal(crossing.conn.conn->state, TCP_CLOSE_WAIT);
		pass_data(&crossing, SERVER_SIDE, 1);
		packet.flags = RST | ACK;
		pass(&crossing, CLIENT_SIDE, &packet, 0);
		assert_int_equal(crossing.conn.conn->state, TCP_CLOSE);
		across_end(&crossing.a);
	}
}

/* The server's side of this family; packets of that family come from there. */
static unsigned int side_of(const struct crossing *crossing, bool six)
{
	return crossing->a.six == six ? CLIENT_SIDE : SERVER_SIDE;
}

/* What needs more than the header of the other family. */
static void check_unusual(struct crossing *crossing)
{
	unsigned int four = side_of(crossing, false), six = side_of(crossing, true);
	struct packet packet = data(crossing, four);

	if (crossing->a.proto == IPPROTO_UDP) {
		packet.no_checksum = true;
		pass(crossing, four, &packet, 0);
		packet.no_checksum = false;
	}
	packet.options = NULL;
	packet.fragment = 0x4000;
	packet.filler = 1280 - IP6 - bytes_of(crossing, false, 6) + 20 + 30;
	pass(crossing, four, &packet, 1);
	packet.fragment = 0; /* it may be cut, and its way is looked at */
	pass(crossing, four, &packet, 0);
	packet.filler = 0;
	packet.ttl = 2;
	pass(crossing, four, &packet, 1);
	packet.ttl = 1;
	across_send(&crossing->a, four, crossing->queue, &packet);
	assert_true(rig_take(crossing->a.h, four).len); /* time exceeded */
	took(crossing, 0);
	packet = data(crossing, six);
	packet.ttl = 1;
	across_send(&crossing->a, six, crossing->queue, &packet);
	assert_true(rig_take(crossing->a.h, six).len);
	took(crossing, 0);
	rig_expect_nothing(crossing->a.h);
	assert_int_equal(harness_drops(crossing->a.h, DROP_IPVS_TTL), 2);
}

static void test_unusual(void **state)
{
	each(&one, check_unusual);
}

/* Of 1,260 bytes of IPv4 on, nobody cuts what was IPv6. */
static void check_df(struct crossing *crossing)
{
	unsigned int six = side_of(crossing, true);
	struct packet packet = data(crossing, six), want;
	size_t payload = six == CLIENT_SIDE ? 5 : 6;

	for (unsigned int more = 0; more < 2; more++) {
		packet.filler = 1260 - bytes_of(crossing, false, payload) + more;
		want = become(crossing, six, packet);
		want.fragment = more ? 0x4000 : 0;
		across_send(&crossing->a, six, crossing->queue, &packet);
		across_expect(&crossing->a, !six, &want);
		took(crossing, 1);
	}
}

static void test_df(void **state)
{
	each(&one, check_df);
}

/* No room on the way: the slow path tells the sender. */
static void check_mtu(struct crossing *crossing)
{
	unsigned int from = side_of(crossing, false);
	struct packet packet = data(crossing, from);

	packet.fragment = 0x4000;
	packet.filler = 1500 - bytes_of(crossing, false, from == CLIENT_SIDE ? 5 : 6) - 20;
	pass(crossing, from, &packet, 1);
	packet.filler++;
	across_send(&crossing->a, from, crossing->queue, &packet);
	rig_expect_icmp(crossing->a.h, from, 3, 4, from == CLIENT_SIDE ? VIP : LADDR, 1480,
			&packet);
	took(crossing, 0);
	harness_run(crossing->a.h, "dpip link set dpdk0 mtu 1400");
	harness_run(crossing->a.h, "dpip link set dpdk1 mtu 1400");
	packet.filler -= 101;
	pass(crossing, from, &packet, 1);
	packet.filler++;
	across_send(&crossing->a, from, crossing->queue, &packet);
	rig_expect_icmp(crossing->a.h, from, 3, 4, from == CLIENT_SIDE ? VIP : LADDR, 1380,
			&packet);
	took(crossing, 0);
}

static void test_mtu(void **state)
{
	each(&one, check_mtu);
}

/* What is damaged stays damaged by as much. */
static void check_damage(struct crossing *crossing)
{
	for (unsigned int from = 0; from < 2; from++) {
		struct packet packet = data(crossing, from), want = become(crossing, from, packet);
		size_t at = L3 + (crossing->a.six == (from == CLIENT_SIDE) ? 20 : IP6) +
			    (crossing->a.proto == IPPROTO_UDP ? 6u : 16u);
		uint8_t bytes[FRAME_MAX];
		struct frame got;

		packet.damage = 0x0101;
		across_send(&crossing->a, from, crossing->queue, &packet);
		took(crossing, 1);
		got = rig_take(crossing->a.h, !from);
		want.id = frame_u16(&got, L3 + 4);
		assert_int_equal(got.len, L3 + across_build(bytes + L3, &want));
		assert_int_not_equal(frame_u16(&got, at), bytes[at] << 8 | bytes[at + 1]);
		memcpy(got.bytes + at, bytes + at, 2);
		assert_memory_equal(got.bytes + L3, bytes + L3, got.len - L3);
	}
}

static void test_damage(void **state)
{
	each(&one, check_damage);
}

static void inject(struct across *a, unsigned int side, unsigned int queue,
		   const struct packet *packet)
{
	bool six = strchr(packet->src, ':');
	uint8_t frame[FRAME_MAX] = { 2, 0, 0, 0, 0, (uint8_t)side };

	rig6_put16(frame + 12, six ? 0x86dd : 0x0800);
	harness_inject(a->h, side, queue, frame, L3 + across_build(frame + L3, packet));
}

/* Vectors, some packets of which take the slow path; their sizes tell that they stay in order. */
static void check_order(struct crossing *crossing)
{
	static const uint32_t odd[] = { 0, 1, 0x80000000, 0x00010020, 0x55555555, ~0u };

	for (unsigned int p = 0; p < 2 * sizeof(odd) / sizeof(odd[0]); p++) {
		unsigned int from = p % 2;

		for (unsigned int i = 0; i < VECTOR; i++) {
			struct packet packet = data(crossing, from);

			packet.filler = i;
			if (odd[p / 2] >> i & 1)
				packet.flags = RST | ACK;
			packet.no_checksum = odd[p / 2] >> i & 1 &&
					     from == side_of(crossing, false);
			inject(&crossing->a, from, crossing->queue, &packet);
		}
		harness_turn(crossing->a.h);
		for (unsigned int i = 0; i < VECTOR; i++) {
			struct packet packet = data(crossing, from);
			struct frame got = rig_take(crossing->a.h, !from);
			uint8_t bytes[FRAME_MAX];

			packet.filler = i;
			packet = become(crossing, from, packet);
			assert_int_equal(got.len, L3 + across_build(bytes, &packet));
		}
		rig_expect_nothing(crossing->a.h);
	}
}

static void test_order(void **state)
{
	each(&one, check_order);
}

static void expect_mac(struct crossing *crossing, unsigned int from, const char *mac)
{
	struct packet packet = data(crossing, from);
	struct frame got;
	uint8_t want[6];

	harness_hex(mac, want, sizeof(want));
	across_send(&crossing->a, from, crossing->queue, &packet);
	got = rig_take(crossing->a.h, !from);
	assert_true(got.len);
	assert_memory_equal(got.bytes, want, sizeof(want));
	took(crossing, 1);
}

/* Neighbours and routes of both ends change: the next packet goes the new way. */
static void check_ways(struct crossing *crossing)
{
	struct across *a = &crossing->a;
	char line[160];

	for (unsigned int from = 0; from < 2; from++) {
		const char *end = from == CLIENT_SIDE ? a->server : a->client;
		const char *mac = from == CLIENT_SIDE ? SERVER_MAC : CLIENT_MAC;
		bool six = strchr(end, ':');
		const char *via = six ? (from == CLIENT_SIDE ? "2001:db8:1::fe" : "2001:db8::fe")
				      : (from == CLIENT_SIDE ? "192.168.0.77" : "10.0.0.77");
		const char *dev = from == CLIENT_SIDE ? "dpdk1" : "dpdk0";

		expect_mac(crossing, from, mac);
		snprintf(line, sizeof(line), "dpip neigh set %s lladdr %s dev %s", end, OTHER_MAC,
			 dev);
		harness_run(a->h, line);
		expect_mac(crossing, from, OTHER_MAC);
		harness_neigh(a->h, via, "06:00:00:00:07:07", dev);
		snprintf(line, sizeof(line), "dpip route add %s/%u via %s dev %s", end,
			 six ? 128 : 32, via, dev);
		harness_run(a->h, line);
		expect_mac(crossing, from, "06:00:00:00:07:07");
		snprintf(line, sizeof(line), "dpip route del %s/%u via %s dev %s", end,
			 six ? 128 : 32, via, dev);
		harness_run(a->h, line);
		expect_mac(crossing, from, OTHER_MAC);
	}
}

static void test_ways(void **state)
{
	each(&one, check_ways);
}

/* No longer anybody's: the client's address has become ours. */
static void check_address(struct crossing *crossing)
{
	struct packet packet = data(crossing, CLIENT_SIDE);
	char line[160];

	snprintf(line, sizeof(line), "dpip addr add %s/%u dev dpdk0", crossing->a.client,
		 crossing->a.six ? 128 : 32);
	harness_run(crossing->a.h, line);
	across_settle(&crossing->a);
	across_send(&crossing->a, CLIENT_SIDE, crossing->queue, &packet);
	rig_expect_nothing(crossing->a.h);
	assert_int_equal(
		harness_drops(crossing->a.h, crossing->a.six ? DROP_IP6_SOURCE : DROP_IP4_SOURCE),
		1);
	took(crossing, 0);
}

static void test_address(void **state)
{
	each(&one, check_address);
}

static struct packet first_of(const struct across *a, unsigned int i)
{
	struct packet packet = across_from_client(a);

	packet.sport = (uint16_t)(FIRST + i);
	packet.seq += 1000 * i;
	return packet;
}

static void inject_first(struct across *a, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct packet packet = first_of(a, i);

		inject(a, CLIENT_SIDE, i % a->h->n_workers, &packet);
	}
	harness_turn(a->h);
}

/* By the stage of all workers. */
static uint64_t taken(const struct across *a)
{
	uint64_t n = 0;

	for (unsigned int i = 1; i <= a->h->n_workers; i++)
		n += a->h->all[i]->counters.flow;
	return n;
}

static bool is_packet(const struct frame *got, struct packet want)
{
	uint8_t bytes[FRAME_MAX];
	size_t len;

	if (!strchr(want.src, ':'))
		want.id = frame_u16(got, L3 + 4);
	len = across_build(bytes, &want);
	return got->len == L3 + len && memcmp(got->bytes + L3, bytes, len) == 0;
}

/* Of these frames one is the client's first packet at the server, of a connection of its own. */
static void expect_first(struct across *a, struct packet packet, const struct frame *got,
			 unsigned int n)
{
	struct rig_conn conn = across_conn_of(a, packet.sport);
	unsigned int same = 0;

	assert_int_not_equal(conn.id, CONN_NONE);
	assert_int_equal(conn.conn->deadline,
			 conn_deadline(track_timeout_s(conn.w, conn.conn), a->h->now_ms));
	packet = across_at_server(a, &conn, packet);
	packet.no_checksum = false;
	for (unsigned int i = 0; i < n; i++)
		same += is_packet(&got[i], packet);
	assert_int_equal(same, 1);
}

/* The server's first answer comes home. */
static void answer_first(struct across *a, unsigned int i)
{
	struct rig_conn conn = across_conn_of(a, (uint16_t)(FIRST + i));
	struct packet packet = across_from_server(a, &conn), want;

	packet.ack += 1000 * i;
	want = across_at_client(a, &conn, packet);
	want.dport = (uint16_t)(FIRST + i);
	across_send(a, SERVER_SIDE, conn.w->id - 1, &packet);
	across_expect(a, CLIENT_SIDE, &want);
}

static struct ipvs_counters counters_of(const struct across *a)
{
	struct ipvs_counters sum = { .conns = 0 };
	unsigned int family;
	union ip_addr vip;

	ip_parse(a->vip, &family, &vip);
	for (unsigned int i = 1; i <= a->h->n_workers; i++) {
		const struct service *svc = service_lookup(a->h->all[i]->ipvs->services, a->proto,
							   (uint16_t)family, &vip, htons(80));

		sum.conns += svc->counters.conns;
		sum.inpkts += svc->counters.inpkts;
		sum.inbytes += svc->counters.inbytes;
	}
	return sum;
}

/* Vectors of first packets: each exact in every byte, counted once, answered; by its owner. */
static void check_openings(const struct harness_options *options, bool six, uint8_t proto)
{
	static struct frame got[3 * VECTOR];
	struct across a = across_new(options, six, proto);
	uint64_t before = taken(&a);
	struct ipvs_counters counters;

	inject_first(&a, 3 * VECTOR);
	for (unsigned int i = 0; i < 3 * VECTOR; i++)
		got[i] = rig_take(a.h, SERVER_SIDE);
	rig_expect_nothing(a.h);
	assert_int_equal(taken(&a) - before,
			 flow_is_off() ? 0 : 3 * VECTOR - harness_handed_out(a.h));
	for (unsigned int i = 0; i < 3 * VECTOR; i++)
		expect_first(&a, first_of(&a, i), got, 3 * VECTOR);
	counters = counters_of(&a);
	assert_int_equal(counters.conns, 3 * VECTOR);
	assert_int_equal(counters.inpkts, 3 * VECTOR);
	assert_int_equal(counters.inbytes,
			 3 * VECTOR * ((six ? IP6 : 20) + (proto == IPPROTO_TCP ? 20 : 8) + 5));
	assert_int_equal(rig_conns(a.h), 3 * VECTOR);
	for (unsigned int i = 0; i < 3 * VECTOR; i++)
		answer_first(&a, i);
	assert_int_equal(harness_all_drops(a.h), 0);
	across_end(&a);
}

static void test_openings(void **state)
{
	for (unsigned int six = 0; six < 2; six++) {
		check_openings(&one, six, IPPROTO_TCP);
		check_openings(&one, six, IPPROTO_UDP);
		check_openings(&three, six, IPPROTO_TCP);
		check_openings(&three, six, IPPROTO_UDP);
	}
}

/* Servers of both families take turns. */
static void check_both_families(bool six)
{
	struct across a = across_new(&one, six, IPPROTO_UDP);
	const char *name = six ? "[" VIP6 "]:80" : VIP ":80";
	uint64_t before = taken(&a);
	unsigned int crossed = 0;
	char line[160];

	snprintf(line, sizeof(line), "ipvsadm -P -u %s -z %s -F dpdk1", name, six ? LADDR6 : LADDR);
	harness_run(a.h, line);
	snprintf(line, sizeof(line), "ipvsadm -a -u %s -r %s:8080 -b", name,
		 six ? "[" SERVER6 "]" : SERVER);
	harness_run(a.h, line);
	across_settle(&a);
	inject_first(&a, 2 * VECTOR);
	for (unsigned int i = 0; i < 2 * VECTOR; i++) {
		struct frame got = rig_take(a.h, SERVER_SIDE);

		assert_true(got.len);
		crossed += frame_u16(&got, 12) == (six ? 0x0800 : 0x86dd);
	}
	assert_int_equal(crossed, VECTOR);
	assert_int_equal(taken(&a) - before, flow_is_off() ? 0 : 2 * VECTOR);
	assert_int_equal(rig_conns(a.h), 2 * VECTOR);
	across_end(&a);
}

static void test_both_families(void **state)
{
	check_both_families(false);
	check_both_families(true);
}

/* No entry is free: dropped, and the local port is given back. */
static void test_full(void **state)
{
	static const struct harness_options small = { .conn_max = 20 };

	for (unsigned int six = 0; six < 2; six++) {
		struct across a = across_new(&small, six, IPPROTO_TCP);

		inject_first(&a, VECTOR);
		for (unsigned int i = 0; i < 20; i++)
			assert_true(rig_take(a.h, SERVER_SIDE).len);
		rig_expect_nothing(a.h);
		assert_int_equal(rig_conns(a.h), 20);
		assert_int_equal(harness_drops(a.h, DROP_IPVS_CONN_FULL), VECTOR - 20);
		across_end(&a);
	}
}

/* Nobody knows the server's MAC address yet: what waits has its connection, and leaves later. */
static void check_no_way_yet(bool six)
{
	struct across a = across_new(&one, six, IPPROTO_UDP);
	struct frame got[8];
	char line[160];

	snprintf(line, sizeof(line), "dpip neigh del %s dev dpdk1", a.server);
	harness_run(a.h, line);
	inject_first(&a, 8);
	assert_int_equal(rig_conns(a.h), 8);
	assert_int_equal(a.h->all[1]->held, 8);
	while (rig_take(a.h, SERVER_SIDE).len) /* it is asked for */
		;
	harness_neigh(a.h, a.server, SERVER_MAC, "dpdk1");
	harness_turn(a.h);
	for (unsigned int i = 0; i < 8; i++)
		got[i] = rig_take(a.h, SERVER_SIDE);
	for (unsigned int i = 0; i < 8; i++)
		expect_first(&a, first_of(&a, i), got, 8);
	across_end(&a);
}

/* What the stage does not finish opens its connection all the same. */
static void test_openings_left(void **state)
{
	struct across a = across_new(&one, false, IPPROTO_UDP);
	uint64_t before = taken(&a);
	struct packet packet = first_of(&a, 0);
	struct frame got;

	packet.no_checksum = true;
	across_send(&a, CLIENT_SIDE, 0, &packet);
	got = rig_take(a.h, SERVER_SIDE);
	expect_first(&a, packet, &got, 1);
	packet = first_of(&a, 1);
	packet.filler = 1280 - IP6 - 8 - 5 + 1; /* it may be cut */
	across_send(&a, CLIENT_SIDE, 0, &packet);
	got = rig_take(a.h, SERVER_SIDE);
	expect_first(&a, packet, &got, 1);
	assert_int_equal(taken(&a), before);
	across_end(&a);
	check_no_way_yet(false);
	check_no_way_yet(true);
}

/* Several packets of each of four connections in the vector that opens them: they stay in order. */
static void check_many_of_one(bool six)
{
	struct across a = across_new(&one, six, IPPROTO_TCP);
	unsigned int next[4] = { 0, 0, 0, 0 };
	size_t bare = L3 + (six ? 20 : IP6) + 20 + 5;

	for (unsigned int i = 0; i < VECTOR; i++) {
		struct packet packet = first_of(&a, i % 4);

		packet.flags = i < 4 ? SYN : ACK;
		packet.filler = i;
		inject(&a, CLIENT_SIDE, 0, &packet);
	}
	harness_turn(a.h);
	for (unsigned int i = 0; i < VECTOR; i++) {
		struct frame got = rig_take(a.h, SERVER_SIDE);
		size_t filler = got.len - bare;

		assert_in_range(got.len, bare, bare + VECTOR - 1);
		assert_int_equal(filler / 4, next[filler % 4]++);
	}
	rig_expect_nothing(a.h);
	assert_int_equal(rig_conns(a.h), 4);
	assert_int_equal(harness_all_drops(a.h), 0);
	across_end(&a);
}

static void test_many_of_one(void **state)
{
	check_many_of_one(false);
	check_many_of_one(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data),        cmocka_unit_test(test_stamps),
		cmocka_unit_test(test_closing),     cmocka_unit_test(test_unusual),
		cmocka_unit_test(test_df),          cmocka_unit_test(test_mtu),
		cmocka_unit_test(test_damage),      cmocka_unit_test(test_order),
		cmocka_unit_test(test_ways),        cmocka_unit_test(test_address),
		cmocka_unit_test(test_openings),    cmocka_unit_test(test_both_families),
		cmocka_unit_test(test_full),        cmocka_unit_test(test_openings_left),
		cmocka_unit_test(test_many_of_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
