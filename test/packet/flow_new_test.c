/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow-new: first packets of connections, many at once. Each goes to its
 * server as the slow path would send it; what the stage must leave to the slow
 * path; and that a connection's packets stay in their order whichever way they
 * go. The same with the flow stage on, off and checked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "lib/unit.h"
#include "ipvs/ipvs.h"
#include "ipvs/proto/udp.h"
#include "ipvs/service.h"
#include "ipvs/proto/tcp.h"
#include "packet/fnat_tcp.h"

#define VECTOR 32
#define FIRST  20000 /* port of the first client */

static const struct harness_options usual;

static bool flow_is_off(void)
{
	const char *mode = getenv("FLOW");

	return mode && strcmp(mode, "off") == 0;
}

static struct packet from_client(uint16_t sport, uint16_t id)
{
	return (struct packet){ .src = CLIENT,
				.dst = VIP,
				.sport = sport,
				.dport = 80,
				.proto = IPPROTO_UDP,
				.id = id,
				.payload = "first" };
}

static void inject(struct harness *h, const struct packet *packet)
{
	struct frame frame = frame_in(CLIENT_SIDE, packet);

	harness_inject(h, CLIENT_SIDE, 0, frame.bytes, frame.len);
}

/* As it reaches its server; the connection is there, and alone. */
static struct frame at_server(struct harness *h, struct packet packet)
{
	struct rig_conn conn = rig_conn(h, IPPROTO_UDP, packet.src, packet.sport);

	assert_int_not_equal(conn.id, CONN_NONE);
	packet.src = LADDR;
	packet.dst = conn.server_text;
	packet.sport = conn.lport;
	packet.dport = 8080;
	packet.ttl = 63;
	return frame_out(SERVER_SIDE, &packet);
}

/* The next frame of that datagram, whichever others are before it. */
static void expect_of(struct frame *got, unsigned int n, const struct frame *want)
{
	unsigned int same = 0;

	for (unsigned int i = 0; i < n; i++)
		same += got[i].len == want->len &&
			memcmp(got[i].bytes, want->bytes, want->len) == 0;
	assert_int_equal(same, 1);
}

static unsigned int take_all(struct harness *h, struct frame *got, unsigned int most)
{
	unsigned int n = 0;

	while (n < most && (got[n] = rig_take(h, SERVER_SIDE)).len)
		n++;
	return n;
}

static struct ipvs_counters service_counters(const struct harness *h)
{
	union ip_addr vip = { .u64 = { 0, 0 } };
	struct ipvs_counters sum = { .conns = 0 };

	inet_pton(AF_INET, VIP, &vip);
	for (unsigned int i = 1; i <= h->n_workers; i++) {
		const struct service *svc = service_lookup(h->all[i]->ipvs->services, IPPROTO_UDP,
							   AF_INET, &vip, htons(80));

		sum.conns += svc->counters.conns;
		sum.inpkts += svc->counters.inpkts;
		sum.inbytes += svc->counters.inbytes;
	}
	return sum;
}

/* Vectors of new ones: each to the next server, from a port of its own, counted once. */
static void test_vectors(void **state)
{
	static struct frame got[4 * VECTOR];
	struct harness *h = rig_new(&usual);
	struct ipvs_counters counters;

	rig_service(h, 'u', 2);
	for (uint16_t i = 0; i < 4 * VECTOR; i++) {
		struct packet packet = from_client(FIRST + i, i);

		inject(h, &packet);
	}
	harness_turn(h);
	assert_int_equal(take_all(h, got, 4 * VECTOR), 4 * VECTOR);
	for (uint16_t i = 0; i < 4 * VECTOR; i++) {
		struct frame want = at_server(h, from_client(FIRST + i, i));
		struct rig_conn conn = rig_conn(h, IPPROTO_UDP, CLIENT, FIRST + i);

		assert_int_equal(got[i].len, want.len);
		assert_memory_equal(got[i].bytes, want.bytes, want.len);
		assert_string_equal(conn.server_text, i % 2 ? SERVER : SERVER2);
		assert_int_equal(conn.conn->state, UDP_ONEWAY);
		for (uint16_t k = 0; k < i; k++)
			assert_true(rig_conn(h, IPPROTO_UDP, CLIENT, FIRST + k).lport !=
					    conn.lport ||
				    (k ^ i) % 2);
	}
	assert_int_equal(h->all[1]->counters.flow, flow_is_off() ? 0 : 4 * VECTOR);
	assert_int_equal(rig_conns(h), 4 * VECTOR);
	counters = service_counters(h);
	assert_int_equal(counters.conns, 4 * VECTOR);
	assert_int_equal(counters.inpkts, 4 * VECTOR);
	assert_int_equal(counters.inbytes, 4 * VECTOR * (20 + 8 + 5));
	assert_int_equal(rig_counts(h, IPPROTO_UDP, 0).inactive, 2 * VECTOR);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

/* A client's usual first segment: MSS, SACK, timestamps, window scale; without timestamps; bare. */
static struct packet syn_from_client(uint16_t sport)
{
	static const char *const options[] = {
		"020405b4 0402080a 11223344 00000000 01030307",
		"020405b4 01010402 01030307",
		NULL,
	};
	struct packet packet = from_client(sport, sport);

	packet.proto = IPPROTO_TCP;
	packet.flags = SYN;
	packet.seq = 0x70000000u + sport;
	packet.options = options[sport % LENGTH(options)];
	packet.payload = NULL;
	return packet;
}

static struct frame syn_at_server(struct harness *h, struct packet packet)
{
	struct rig_conn conn = rig_conn(h, IPPROTO_TCP, packet.src, packet.sport);
	char options[64];

	assert_int_not_equal(conn.id, CONN_NONE);
	assert_int_equal(conn.conn->state, TCP_SYN_RECV);
	assert_int_equal(conn.conn->deadline,
			 conn_deadline(tcp_default_timeouts_s[TCP_SYN_RECV], h->now_ms));
	packet = tcp_at_server(&conn, packet);
	packet.ttl = 63;
	if (conn.conn->flags & CONN_TS) {
		snprintf(options, sizeof(options), "020405b4 0402080a %08x 00000000 01030307",
			 0x11223344 + conn.conn->ts_delta);
		packet.options = options;
	}
	return frame_out(SERVER_SIDE, &packet);
}

/* The same of TCP, and the answers: the server's numbers come home whatever options it has. */
static void test_handshakes(void **state)
{
	static struct frame got[2 * VECTOR];
	struct harness *h = rig_new(&usual);

	rig_service(h, 't', 2);
	for (uint16_t i = 0; i < 2 * VECTOR; i++) {
		struct packet packet = syn_from_client(FIRST + i);

		inject(h, &packet);
	}
	harness_turn(h);
	assert_int_equal(take_all(h, got, 2 * VECTOR), 2 * VECTOR);
	assert_int_equal(h->all[1]->counters.flow, flow_is_off() ? 0 : 2 * VECTOR);
	for (uint16_t i = 0; i < 2 * VECTOR; i++) {
		struct frame want = syn_at_server(h, syn_from_client(FIRST + i));
		struct rig_conn conn = rig_conn(h, IPPROTO_TCP, CLIENT, FIRST + i);
		struct packet answer = tcp_from_server(&conn, SYN | ACK, 5000, 0), home;
		char options[2][64];

		assert_int_equal(got[i].len, want.len);
		assert_memory_equal(got[i].bytes, want.bytes, want.len);
		for (unsigned int k = 0; k < 2; k++)
			snprintf(options[k], sizeof(options[k]),
				 "020405b4 0402080a 00000007 %08x 01030307",
				 0x11223344 + (k ? 0 : conn.conn->ts_delta));
		answer.src = conn.server_text;
		answer.ack = 0x70000000u + FIRST + i + 1 + conn.conn->seq_delta;
		home = tcp_at_client(&conn, answer);
		home.dport = FIRST + i;
		if (conn.conn->flags & CONN_TS) {
			answer.options = options[0];
			home.options = options[1];
		}
		want = frame_out(CLIENT_SIDE, &home);
		rig_send(h, SERVER_SIDE, &answer);
		got[i] = rig_take(h, CLIENT_SIDE);
		assert_int_equal(got[i].len, want.len);
		assert_memory_equal(got[i].bytes, want.bytes, want.len);
		assert_int_equal(conn.conn->state, TCP_SYN_RECV);
		assert_int_equal(conn.conn->last_seq, 5001);
	}
	assert_int_equal(h->all[1]->counters.flow, flow_is_off() ? 0 : 4 * VECTOR);
	assert_int_equal(rig_counts(h, IPPROTO_TCP, 0).active, VECTOR);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

/* A service of TCP and one of UDP at one address and port, new ones of both in one vector: each
 * opens what it is of, whichever comes first; without the other service UDP is answered. */
static void test_protocols(void **state)
{
	for (unsigned int both = 0; both < 2; both++) {
		struct harness *h = rig_new(&usual);

		rig_service(h, 't', 1);
		if (both)
			rig_service(h, 'u', 1);
		for (uint16_t i = 0; i < VECTOR; i++) {
			struct packet syn = syn_from_client(FIRST + i);
			struct packet datagram = from_client(FIRST + i, i);

			inject(h, i % 2 ? &syn : &datagram);
		}
		harness_turn(h);
		for (uint16_t i = 0; i < VECTOR; i++) {
			uint8_t proto = i % 2 ? IPPROTO_TCP : IPPROTO_UDP;
			bool opens = i % 2 || both;

			assert_int_equal(rig_conn(h, proto, CLIENT, FIRST + i).id != CONN_NONE,
					 opens);
		}
		assert_int_equal(rig_counts(h, IPPROTO_TCP, 0).conns, VECTOR / 2);
		if (both)
			assert_int_equal(rig_counts(h, IPPROTO_UDP, 0).conns, VECTOR / 2);
		assert_int_equal(rig_conns(h), both ? VECTOR : VECTOR / 2);
		rig_end(h);
	}
}

/* Several packets of each new connection in one vector, some of them of the kind that takes the
 * slow path: one connection each, and their order stays. */
static void test_many_of_one(void **state)
{
	static const uint32_t odd[] = {
		0, 0x1, 0x80000000, 0x00010020, 0x55555555, 0x0ff000f0, ~0u
	};
	struct harness *h = rig_new(&usual);

	rig_service(h, 'u', 2);
	for (unsigned int p = 0; p < LENGTH(odd); p++) {
		uint16_t port = (uint16_t)(FIRST + 8 * p), next[4] = { 0, 0, 0, 0 };

		for (unsigned int i = 0; i < VECTOR; i++) {
			struct packet packet = from_client((uint16_t)(port + i % 4), (uint16_t)i);
			struct frame frame = frame_in(CLIENT_SIDE, &packet);

			/* in two segments: not for the flow stage */
			harness_inject_as(h, CLIENT_SIDE, 0, frame.bytes, frame.len, 0,
					  odd[p] >> i & 1 ? 40 : 0);
		}
		harness_turn(h);
		for (unsigned int i = 0; i < VECTOR; i++) {
			struct frame got = rig_take(h, SERVER_SIDE), want;
			unsigned int at = frame_u16(&got, L3 + 4) % 4;

			assert_true(got.len);
			assert_int_equal(frame_u16(&got, L3 + 4), 4 * next[at] + at);
			want = at_server(h, from_client((uint16_t)(port + at),
							(uint16_t)(4 * next[at]++ + at)));
			assert_int_equal(got.len, want.len);
			assert_memory_equal(got.bytes, want.bytes, want.len);
		}
		rig_expect_nothing(h);
		assert_int_equal(rig_conns(h), 4 * (p + 1));
	}
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

/* New ones among packets of connections, of TCP, and of what is no business of ours. */
static void test_mixed(void **state)
{
	static struct frame got[VECTOR];
	struct harness *h = rig_new(&usual);
	unsigned int n;

	rig_service(h, 'u', 1);
	rig_service(h, 't', 1);
	for (uint16_t i = 0; i < 8; i++) {
		struct packet known = from_client(FIRST + i, i);

		rig_send(h, CLIENT_SIDE, &known);
		assert_true(rig_take(h, SERVER_SIDE).len);
	}
	for (uint16_t i = 0; i < 8; i++) {
		struct packet known = from_client(FIRST + i, 100 + i);
		struct packet new = from_client(FIRST + 100 + i, 200 + i), syn = new, stray = new;

		syn.proto = 0;
		syn.flags = SYN;
		syn.payload = NULL;
		stray.dport = 81;
		inject(h, &known);
		inject(h, &new);
		inject(h, &syn);
		inject(h, &stray);
	}
	harness_turn(h);
	n = take_all(h, got, VECTOR);
	assert_int_equal(n, 24);
	for (uint16_t i = 0; i < 8; i++) {
		struct frame known = at_server(h, from_client(FIRST + i, 100 + i));
		struct frame new = at_server(h, from_client(FIRST + 100 + i, 200 + i));

		expect_of(got, n, &known);
		expect_of(got, n, &new);
		assert_int_not_equal(rig_conn(h, 0, CLIENT, FIRST + 100 + i).id, CONN_NONE);
		/* port unreachable, for those that nobody serves */
		assert_true(rig_take(h, CLIENT_SIDE).len);
	}
	assert_int_equal(rig_conns(h), 8 + 8 + 8);
	assert_int_equal(h->all[1]->drops[DROP_IP4_NO_LISTENER], 8);
	rig_end(h);
}

struct odd {
	const char *what, *src;
	uint16_t sport;
	enum drop_reason reason;
};

/* What the slow path refuses is refused, for the same reason. */
static void test_refused(void **state)
{
	static const struct odd odd[] = {
		{ "no source port", CLIENT, 0, DROP_IPVS_INVALID },
		{ "our own address", "10.0.0.1", 5000, DROP_IP4_SOURCE },
		{ "our local address", LADDR, 5000, DROP_IP4_SOURCE },
		{ "a broadcast address", "10.0.0.255", 5000, DROP_IP4_SOURCE },
		{ "multicast", "224.0.0.5", 5000, DROP_IP4_SOURCE },
		{ "loopback", "127.0.0.1", 5000, DROP_IP4_SOURCE },
		{ "no address", "0.0.0.0", 5000, DROP_IP4_SOURCE },
		{ "reserved", "240.0.0.1", 5000, DROP_IP4_SOURCE },
	};
	struct harness *h = rig_new(&usual);

	rig_service(h, 'u', 1);
	for (unsigned int i = 0; i < LENGTH(odd); i++) {
		struct packet packet = from_client(odd[i].sport, 1);
		uint64_t before = h->all[1]->drops[odd[i].reason];

		packet.src = odd[i].src;
		rig_send(h, CLIENT_SIDE, &packet);
		if (h->all[1]->drops[odd[i].reason] != before + 1)
			fail_msg("%s", odd[i].what);
		rig_expect_nothing(h);
	}
	assert_int_equal(rig_conns(h), 0);
	rig_weight(h, 'u', SERVER, 0);
	for (unsigned int i = 0; i < 2; i++) {
		struct packet packet = from_client(FIRST, 1);

		rig_send(h, CLIENT_SIDE, &packet);
		assert_int_equal(h->all[1]->drops[DROP_IPVS_NO_SERVER], i + 1);
		assert_true(rig_take(h, CLIENT_SIDE).len);
		rig_expect_nothing(h);
	}
	rig_end(h);
}

/* No entry is free: dropped, and the local port is given back. */
static void test_full(void **state)
{
	static const struct harness_options small = { .conn_max = 20 };
	static struct frame got[VECTOR];
	struct harness *h = rig_new(&small);

	rig_service(h, 'u', 1);
	for (uint16_t i = 0; i < VECTOR; i++) {
		struct packet packet = from_client(FIRST + i, i);

		inject(h, &packet);
	}
	harness_turn(h);
	assert_int_equal(take_all(h, got, VECTOR), 20);
	assert_int_equal(rig_conns(h), 20);
	assert_int_equal(h->all[1]->drops[DROP_IPVS_CONN_FULL], VECTOR - 20);
	rig_end(h);
}

/* A server on no way: the connection waits a short time for one, as ever. */
static void test_no_way(void **state)
{
	struct harness *h = rig_new(&usual);
	struct rig_conn conn;
	struct packet packet = from_client(FIRST, 1);

	rig_service(h, 'u', 0);
	rig_server(h, 'u', LOST);
	rig_send(h, CLIENT_SIDE, &packet);
	assert_int_equal(h->all[1]->drops[DROP_IPVS_NO_ROUTE], 1);
	assert_true(rig_take(h, CLIENT_SIDE).len);
	conn = rig_conn(h, IPPROTO_UDP, CLIENT, FIRST);
	assert_int_not_equal(conn.id, CONN_NONE);
	assert_in_range(conn_left_s(conn.conn, h->now_ms), 1, 3);
	assert_int_equal(service_counters(h).inpkts, 0);
	assert_int_equal(service_counters(h).conns, 1);
	rig_end(h);
}

/* Each of a vector is scheduled as if those before it were there: as lc does one by one. */
static void test_loads(void **state)
{
	struct harness *h = rig_new(&usual);
	struct packet first = syn_from_client(FIRST);
	unsigned int before;

	rig_service(h, 't', 2);
	harness_run(h, "ipvsadm -E -t " VIP ":80 -s lc");
	rig_weight(h, 't', SERVER, 0);
	for (unsigned int i = 0; i < 4; i++) {
		first.sport = (uint16_t)(FIRST + i);
		rig_send(h, CLIENT_SIDE, &first);
		assert_true(rig_take(h, SERVER_SIDE).len);
	}
	rig_weight(h, 't', SERVER, 1);
	before = rig_counts(h, IPPROTO_TCP, 0).active + rig_counts(h, IPPROTO_TCP, 1).active;
	assert_int_equal(before, 4);
	for (uint16_t i = 0; i < 20; i++) {
		struct packet packet = syn_from_client(FIRST + 100 + i);

		inject(h, &packet);
	}
	harness_turn(h);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(rig_counts(h, IPPROTO_TCP, i).active, 12);
		assert_int_equal(rig_counts(h, IPPROTO_TCP, i).inactive, 0);
	}
	while (rig_take(h, SERVER_SIDE).len)
		;
	rig_end(h);
}

/* Only its owner opens a connection; the others hand its packet over. */
static void test_workers(void **state)
{
	static const struct harness_options three = { .n_workers = 3 };
	static struct frame got[4 * VECTOR];
	struct harness *h = rig_new(&three);

	rig_service(h, 'u', 2);
	for (uint16_t i = 0; i < 3 * VECTOR; i++) {
		struct packet packet = from_client(FIRST + i, i);
		struct frame frame = frame_in(CLIENT_SIDE, &packet);

		harness_inject(h, CLIENT_SIDE, i % 3, frame.bytes, frame.len);
	}
	for (unsigned int i = 0; i < 3; i++)
		harness_turn(h);
	assert_int_equal(take_all(h, got, 4 * VECTOR), 3 * VECTOR);
	for (uint16_t i = 0; i < 3 * VECTOR; i++) {
		struct frame want = at_server(h, from_client(FIRST + i, i));

		expect_of(got, 3 * VECTOR, &want);
	}
	assert_int_equal(rig_conns(h), 3 * VECTOR);
	assert_int_equal(service_counters(h).conns, 3 * VECTOR);
	assert_in_range(harness_handed_out(h), VECTOR, 3 * VECTOR - 1);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),   cmocka_unit_test(test_handshakes),
		cmocka_unit_test(test_protocols), cmocka_unit_test(test_many_of_one),
		cmocka_unit_test(test_mixed),     cmocka_unit_test(test_refused),
		cmocka_unit_test(test_full),      cmocka_unit_test(test_no_way),
		cmocka_unit_test(test_workers),   cmocka_unit_test(test_loads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
