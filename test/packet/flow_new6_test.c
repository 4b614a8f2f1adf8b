/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow-new of IPv6: first packets of connections, many at once, in every mode
 * that the flow stage opens; both families in one vector; what is refused; that
 * a connection's packets stay in their order. The same with the flow stage on,
 * off and checked, as flow_new_test is for IPv4.
 */
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "lib/unit.h"
#include "ipvs/ipvs.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/proto/udp.h"
#include "ipvs/service.h"
#include "packet/fnat_tcp.h"
#include "packet/ipvs6_rig.h"

#define VECTOR 32
#define FIRST  20000 /* port of the first client */

static const struct harness_options one, three = { .n_workers = 3 };

static bool flow_is_off(void)
{
	const char *mode = getenv("FLOW");

	return mode && strcmp(mode, "off") == 0;
}

static uint64_t taken(const struct harness *h)
{
	uint64_t n = 0;

	for (unsigned int i = 1; i <= h->n_workers; i++)
		n += h->all[i]->counters.flow;
	return n;
}

static struct packet6 from_client(uint8_t proto, uint16_t sport)
{
	struct packet6 packet = rig6_from_client(proto);

	packet.sport = sport;
	packet.seq = 0x70000000u + sport;
	return packet;
}

static void inject(struct harness *h, unsigned int queue, const struct packet6 *packet)
{
	uint8_t frame[FRAME_MAX] = { 2, [12] = 0x86, 0xdd };

	harness_inject(h, CLIENT_SIDE, queue, frame, L3 + rig6_build(frame + L3, packet));
}

struct conn6 {
	struct conn *conn; /* NULL: there is none */
	struct tuple out;
};

static struct conn6 conn_of(struct harness *h, const struct packet6 *packet)
{
	struct tuple in = { .sport = htons(packet->sport),
			    .dport = htons(packet->dport),
			    .proto = packet->proto,
			    .family = AF_INET6 };
	struct conn6 found = { .conn = NULL };
	enum conn_dir dir;

	inet_pton(AF_INET6, packet->src, &in.src);
	inet_pton(AF_INET6, packet->dst, &in.dst);
	for (unsigned int i = 1; i <= h->n_workers; i++) {
		struct conn_table *conns = h->all[i]->ipvs->conns;
		uint32_t id = conn_lookup(conns, &in, &dir);

		if (id == CONN_NONE)
			continue;
		assert_null(found.conn);
		found.conn = conn_get(conns, id);
		conn_tuple(conns, id, CONN_OUT, &found.out);
	}
	return found;
}

/* As it reaches the server; its connection is there, and alone. */
static struct packet6 at_server(struct harness *h, struct packet6 packet, char mode)
{
	struct conn6 found = conn_of(h, &packet);

	assert_non_null(found.conn);
	packet = rig6_to_server(packet, mode, ntohs(found.out.dport));
	if (packet.proto == IPPROTO_TCP && mode == 'b')
		packet.seq += found.conn->seq_delta;
	return packet;
}

static void assert_packet(const struct frame *got, const struct packet6 *packet)
{
	uint8_t ip[FRAME_MAX];
	size_t len = rig6_build(ip, packet);

	assert_int_equal(got->len, L3 + len);
	assert_memory_equal(got->bytes + L3, ip, len);
}

static struct ipvs_counters service_counters(const struct harness *h, uint8_t proto)
{
	union ip_addr vip = { .u64 = { 0, 0 } };
	struct ipvs_counters sum = { .conns = 0 };

	inet_pton(AF_INET6, VIP6, &vip);
	for (unsigned int i = 1; i <= h->n_workers; i++) {
		const struct service *svc = service_lookup(h->all[i]->ipvs->services, proto,
							   AF_INET6, &vip, htons(80));

		sum.conns += svc->counters.conns;
		sum.inpkts += svc->counters.inpkts;
		sum.inbytes += svc->counters.inbytes;
	}
	return sum;
}

static void assert_counters(const struct harness *h, uint8_t proto, unsigned int n)
{
	struct ipvs_counters counters = service_counters(h, proto);
	size_t len = IP6 + (proto == IPPROTO_TCP ? 25 : 13);

	assert_int_equal(counters.conns, n);
	assert_int_equal(counters.inpkts, n);
	assert_int_equal(counters.inbytes, n * len);
	assert_int_equal(rig_conns(h), n);
	assert_int_equal(harness_all_drops(h), 0);
}

/* The server's first answer comes home. */
static void check_answer(struct harness *h, const struct packet6 *first, char mode)
{
	struct conn6 found = conn_of(h, first);
	struct packet6 answer = { .src = SERVER6,
				  .dst = mode == 'b' ? LADDR6 : CLIENT6,
				  .sport = 8080,
				  .dport = mode == 'b' ? ntohs(found.out.dport) : first->sport,
				  .proto = first->proto,
				  .flags = SYN | ACK,
				  .seq = 5000 };
	struct packet6 home = answer;

	home.src = VIP6;
	home.sport = 80;
	home.dst = CLIENT6;
	home.dport = first->sport;
	home.hops = LIFE - 1;
	answer.ack = first->seq + 1 + (mode == 'b' ? found.conn->seq_delta : 0);
	home.ack = first->seq + 1;
	rig6_send(h, SERVER_SIDE, 0, &answer);
	rig6_expect(h, CLIENT_SIDE, &home);
}

/* Vectors of new ones: each exact in every byte, of one connection of its own, counted once. */
static void check_vectors(uint8_t proto, char mode)
{
	struct harness *h = rig6_new(&one, proto, mode);
	uint64_t before = taken(h);

	for (uint16_t i = 0; i < 3 * VECTOR; i++) {
		struct packet6 packet = from_client(proto, FIRST + i);

		inject(h, 0, &packet);
	}
	harness_turn(h);
	assert_int_equal(taken(h) - before, flow_is_off() ? 0 : 3 * VECTOR);
	assert_counters(h, proto, 3 * VECTOR);
	for (uint16_t i = 0; i < 3 * VECTOR; i++) {
		struct packet6 first = from_client(proto, FIRST + i);
		struct packet6 want = at_server(h, first, mode);
		struct frame got = rig_take(h, SERVER_SIDE);
		const struct conn *conn = conn_of(h, &first).conn;
		uint32_t timeout_s = proto == IPPROTO_TCP ? tcp_default_timeouts_s[conn->state]
							  : udp_default_timeouts_s[conn->state];

		assert_packet(&got, &want);
		assert_int_equal(conn->deadline, conn_deadline(timeout_s, h->now_ms));
	}
	for (uint16_t i = 0; mode != 'g' && i < 3 * VECTOR; i++) {
		struct packet6 first = from_client(proto, FIRST + i);

		check_answer(h, &first, mode);
	}
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

static void test_vectors(void **state)
{
	for (const char *mode = "bmg"; *mode; mode++) {
		check_vectors(IPPROTO_TCP, *mode);
		check_vectors(IPPROTO_UDP, *mode);
	}
}

/* Several packets of each in one vector, some of the kind that takes the slow path: one connection
 * each, and their order, which the numbers tell, stays. */
static void test_many_of_one(void **state)
{
	static const uint32_t odd[] = { 0, 0x1, 0x80000000, 0x00010020, 0x55555555, ~0u };
	struct harness *h = rig6_new(&one, IPPROTO_TCP, 'm');

	for (unsigned int p = 0; p < LENGTH(odd); p++) {
		uint16_t port = (uint16_t)(FIRST + 8 * p);
		uint32_t next[4] = { 0, 0, 0, 0 };

		for (unsigned int i = 0; i < VECTOR; i++) {
			struct packet6 packet = from_client(IPPROTO_TCP, (uint16_t)(port + i % 4));

			packet.seq = 1000 + i;
			packet.flags = i < 4 ? SYN : ACK;
			packet.options = odd[p] >> i & 1;
			inject(h, 0, &packet);
		}
		harness_turn(h);
		for (unsigned int i = 0; i < VECTOR; i++) {
			struct frame got = rig_take(h, SERVER_SIDE);
			unsigned int at = (frame_u16(&got, got.len - 25) - port) & 3;

			assert_int_equal(frame_u32(&got, got.len - 21), 1000 + at + 4 * next[at]++);
		}
		rig_expect_nothing(h);
		assert_int_equal(rig_conns(h), 4 * (p + 1));
	}
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

/* Both families open in one vector, at addresses that have the same service port. */
static void test_families(void **state)
{
	struct harness *h = rig_new(&one);
	unsigned int sent[2] = { 0, 0 }, came[2] = { 0, 0 };

	rig_service(h, 'u', 1);
	rig6_service(h, IPPROTO_UDP, 'b');
	for (uint16_t i = 0; i < 2 * VECTOR; i++) {
		struct packet packet = packet_first(CLIENT, IPPROTO_UDP, FIRST + i);
		struct packet6 packet6 = from_client(IPPROTO_UDP, FIRST + i);
		bool six = (0x35a6c0ffu >> i % 32) & 1;
		struct frame frame = frame_in(CLIENT_SIDE, &packet);

		sent[six]++;
		if (six)
			inject(h, 0, &packet6);
		else
			harness_inject(h, CLIENT_SIDE, 0, frame.bytes, frame.len);
	}
	harness_turn(h);
	for (struct frame got = rig_take(h, SERVER_SIDE); got.len; got = rig_take(h, SERVER_SIDE))
		came[frame_u16(&got, 12) == 0x86dd]++;
	assert_int_equal(came[0], sent[0]);
	assert_int_equal(came[1], sent[1]);
	assert_int_equal(rig_counts(h, IPPROTO_UDP, 0).conns, sent[0]);
	assert_int_equal(service_counters(h, IPPROTO_UDP).conns, sent[1]);
	assert_int_equal(taken(h), flow_is_off() ? 0 : 2 * VECTOR);
	rig_end(h);
}

/* Two services at addresses that differ in their last bits, whose packets come in turn. */
static void test_services(void **state)
{
	struct harness *h = rig6_new(&one, IPPROTO_UDP, 'b');

	harness_run(h, "dpip addr add 2001:db8::11/128 dev dpdk0");
	harness_run(h, "ipvsadm -A -u [2001:db8::11]:80 -s rr");
	harness_run(h, "ipvsadm -a -u [2001:db8::11]:80 -r [" SERVER6 "]:8081 -m");
	harness_advance(h, 5000);
	for (unsigned int side = 0; side < 2; side++)
		while (rig_take(h, side).len)
			;
	for (uint16_t i = 0; i < VECTOR; i++) {
		struct packet6 packet = from_client(IPPROTO_UDP, FIRST + i);

		packet.dst = i % 3 ? VIP6 : "2001:db8::11";
		inject(h, 0, &packet);
	}
	harness_turn(h);
	for (uint16_t i = 0; i < VECTOR; i++) {
		struct frame got = rig_take(h, SERVER_SIDE);

		assert_int_equal(frame_u16(&got, L3 + IP6 + 2), i % 3 ? 8080 : 8081);
	}
	assert_int_equal(service_counters(h, IPPROTO_UDP).conns, VECTOR - (VECTOR + 2) / 3);
	rig_end(h);
}

struct odd {
	const char *src;
	uint16_t sport;
	enum drop_reason reason;
};

/* What the slow path refuses is refused, for the same reason. */
static void test_refused(void **state)
{
	static const struct odd odd[] = {
		{ CLIENT6, 0, DROP_IPVS_INVALID },
		{ "2001:db8::1", 5000, DROP_IP6_SOURCE },
		{ LADDR6, 5000, DROP_IP6_SOURCE },
		{ VIP6, 5000, DROP_IP6_SOURCE },
		{ "::", 5000, DROP_IP6_SOURCE },
		{ "::1", 5000, DROP_IP6_SOURCE },
		{ "::ffff:10.0.0.1", 5000, DROP_IP6_SOURCE },
		{ "ff0e::5", 5000, DROP_IP6_SOURCE },
		{ "fe80::5", 5000, DROP_IP6_SCOPE },
	};
	struct harness *h = rig6_new(&one, IPPROTO_UDP, 'b');
	uint64_t before = taken(h);

	for (unsigned int i = 0; i < LENGTH(odd); i++) {
		struct packet6 packet = from_client(IPPROTO_UDP, odd[i].sport);

		packet.src = odd[i].src;
		rig6_send(h, CLIENT_SIDE, 0, &packet);
		while (rig_take(h, CLIENT_SIDE).len) /* the one that leaves its scope is told */
			;
		assert_int_equal(rig_take(h, SERVER_SIDE).len, 0);
		if (harness_all_drops(h) != i + 1 || !harness_drops(h, odd[i].reason))
			fail_msg("from %s: not dropped for its reason", odd[i].src);
	}
	assert_int_equal(rig_conns(h), 0);
	harness_run(h, "ipvsadm -e -u [" VIP6 "]:80 -r [" SERVER6 "]:8080 -b -w 0");
	for (unsigned int i = 0; i < 2; i++) {
		struct packet6 packet = from_client(IPPROTO_UDP, FIRST);
		struct frame got;

		rig6_send(h, CLIENT_SIDE, 0, &packet);
		got = rig_take(h, CLIENT_SIDE);
		assert_int_equal(got.bytes[L3 + IP6], 1); /* port unreachable */
		assert_int_equal(got.bytes[L3 + IP6 + 1], 4);
		assert_int_equal(harness_drops(h, DROP_IPVS_NO_SERVER), i + 1);
	}
	assert_int_equal(taken(h), before);
	rig_end(h);
}

/* No entry is free: dropped, and the local port is given back. */
static void test_full(void **state)
{
	static const struct harness_options small = { .conn_max = 20 };
	struct harness *h = rig6_new(&small, IPPROTO_UDP, 'b');

	for (uint16_t i = 0; i < VECTOR; i++) {
		struct packet6 packet = from_client(IPPROTO_UDP, FIRST + i);

		inject(h, 0, &packet);
	}
	harness_turn(h);
	for (unsigned int i = 0; i < 20; i++)
		assert_true(rig_take(h, SERVER_SIDE).len);
	rig_expect_nothing(h);
	assert_int_equal(rig_conns(h), 20);
	assert_int_equal(harness_drops(h, DROP_IPVS_CONN_FULL), VECTOR - 20);
	rig_end(h);
}

/* Nobody knows the server's MAC address yet: what waits has its connection, and leaves later. */
static void test_no_way_yet(void **state)
{
	struct harness *h = rig6_new(&one, IPPROTO_UDP, 'b');

	harness_run(h, "dpip neigh del " SERVER6 " dev dpdk1");
	for (uint16_t i = 0; i < 8; i++) {
		struct packet6 packet = from_client(IPPROTO_UDP, FIRST + i);

		inject(h, 0, &packet);
	}
	harness_turn(h);
	assert_int_equal(rig_conns(h), 8);
	assert_int_equal(h->all[1]->held, 8);
	while (rig_take(h, SERVER_SIDE).len) /* it is asked for */
		;
	harness_neigh(h, SERVER6, "06:00:00:00:01:0b", "dpdk1");
	harness_turn(h);
	for (uint16_t i = 0; i < 8; i++) {
		struct packet6 want = at_server(h, from_client(IPPROTO_UDP, FIRST + i), 'b');
		struct frame got = rig_take(h, SERVER_SIDE);

		assert_packet(&got, &want);
	}
	assert_counters(h, IPPROTO_UDP, 8);
	rig_end(h);
}

/* Only its owner opens a connection; the others hand its packet over. */
static void check_workers(uint8_t proto, char mode)
{
	static struct frame got[3 * VECTOR];
	struct harness *h = rig6_new(&three, proto, mode);

	for (uint16_t i = 0; i < 3 * VECTOR; i++) {
		struct packet6 packet = from_client(proto, FIRST + i);

		inject(h, i % 3, &packet);
	}
	harness_turn(h);
	for (unsigned int i = 0; i < 3 * VECTOR; i++)
		got[i] = rig_take(h, SERVER_SIDE);
	rig_expect_nothing(h);
	for (uint16_t i = 0; i < 3 * VECTOR; i++) {
		struct packet6 want = at_server(h, from_client(proto, FIRST + i), mode);
		unsigned int same = 0;
		uint8_t ip[FRAME_MAX];
		size_t len = rig6_build(ip, &want);

		for (unsigned int k = 0; k < 3 * VECTOR; k++)
			same += got[k].len == L3 + len && memcmp(got[k].bytes + L3, ip, len) == 0;
		assert_int_equal(same, 1);
	}
	assert_counters(h, proto, 3 * VECTOR);
	assert_in_range(harness_handed_out(h), VECTOR, 3 * VECTOR - 1);
	rig_end(h);
}

static void test_workers(void **state)
{
	for (const char *mode = "bmg"; *mode; mode++) {
		check_workers(IPPROTO_TCP, *mode);
		check_workers(IPPROTO_UDP, *mode);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),    cmocka_unit_test(test_many_of_one),
		cmocka_unit_test(test_families),   cmocka_unit_test(test_services),
		cmocka_unit_test(test_refused),    cmocka_unit_test(test_full),
		cmocka_unit_test(test_no_way_yet), cmocka_unit_test(test_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
