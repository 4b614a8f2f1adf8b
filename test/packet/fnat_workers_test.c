/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fnat on several workers: whichever queue a packet arrives on, it finds its
 * connection, by the hand-over if need be; answers of servers have the same
 * owner as the connection; nobody but the owner says that there is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "ipvs/ipvs.h"
#include "ipvs/proto/tcp.h"
#include "link/steer.h"
#include "packet/fnat_rig.h"

#define WORKERS 3
#define FLOWS   96

static const struct harness_options three = { .n_workers = WORKERS };

static struct packet from_client(uint8_t proto, unsigned int flow)
{
	return packet_first(CLIENT, proto, (uint16_t)(20000 + flow));
}

static struct packet from_server(const struct rig_conn *conn, uint8_t proto)
{
	return (struct packet){ .src = conn->server_text,
				.dst = LADDR,
				.sport = 8080,
				.dport = conn->lport,
				.proto = proto,
				.flags = SYN | ACK,
				.ack = 6 + conn->seq_delta,
				.seq = 70,
				.payload = proto == IPPROTO_UDP ? "out" : NULL };
}

static uint64_t sum_handed(const struct harness *h, bool in)
{
	uint64_t sum = 0;

	for (unsigned int i = 1; i <= h->n_workers; i++)
		sum += in ? h->all[i]->counters.handed_in : h->all[i]->counters.handed_out;
	return sum;
}

/* Every flow, its first packet on each queue in turn: one connection, and it is its owner's. */
static void check_flows(uint8_t proto)
{
	struct harness *h = rig_new(&three);
	unsigned int per_worker[WORKERS + 1] = { 0 };

	rig_service(h, proto == IPPROTO_TCP ? 't' : 'u', 2);
	for (unsigned int flow = 0; flow < FLOWS; flow++) {
		struct packet packet = from_client(proto, flow), answer, want;
		struct rig_conn conn;
		struct tuple out;

		for (unsigned int queue = 0; queue < WORKERS; queue++) {
			rig_send_to(h, CLIENT_SIDE, (queue + flow) % WORKERS, &packet);
			conn = rig_conn(h, proto, CLIENT, packet.sport);
			assert_int_not_equal(conn.id, CONN_NONE);
			want = packet_at_server(&packet, &conn);
			rig_expect(h, SERVER_SIDE, &want);
		}
		per_worker[conn.w->id]++;
		conn_tuple(conn.w->ipvs->conns, conn.id, CONN_OUT, &out);
		assert_int_equal(steer_owner(h->all[1], &out), conn.w->id);
		answer = from_server(&conn, proto);
		for (unsigned int queue = 0; queue < WORKERS; queue++) {
			rig_send_to(h, SERVER_SIDE, queue, &answer);
			want = answer;
			want.src = VIP;
			want.dst = CLIENT;
			want.sport = 80;
			want.dport = packet.sport;
			want.ack -= conn.seq_delta;
			want.ttl = 63;
			rig_expect(h, CLIENT_SIDE, &want);
		}
	}
	assert_int_equal(rig_conns(h), FLOWS);
	for (unsigned int i = 1; i <= WORKERS; i++) {
		assert_int_equal(conn_count(h->all[i]->ipvs->conns), per_worker[i]);
		assert_true(per_worker[i] > FLOWS / WORKERS / 3);
	}
	/* two of three packets of a flow came to the wrong worker, in either direction */
	assert_int_equal(sum_handed(h, false), FLOWS * 2 * 2);
	assert_int_equal(sum_handed(h, true), FLOWS * 2 * 2);
	assert_int_equal(rig_counts(h, proto, 0).conns + rig_counts(h, proto, 1).conns, FLOWS);
	assert_int_equal(rig_counts(h, proto, 0).inpkts + rig_counts(h, proto, 1).inpkts,
			 FLOWS * WORKERS);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

static void test_tcp(void **state)
{
	check_flows(IPPROTO_TCP);
}

static void test_udp(void **state)
{
	check_flows(IPPROTO_UDP);
}

/* The first packet waits for its server's MAC address, which another worker's packet or a command
 * brings: it leaves later than it came, and is right even so. */
static void test_first_waits(void **state)
{
	struct harness *h = rig_new(&three);

	rig_service(h, 't', 1);
	harness_run(h, "dpip neigh del " SERVER " dev dpdk1");
	for (unsigned int flow = 0; flow < 12; flow++) {
		struct packet packet = from_client(IPPROTO_TCP, flow), want;
		struct rig_conn conn;

		rig_send_to(h, CLIENT_SIDE, flow % WORKERS, &packet);
		rig_expect_nothing(h);
		conn = rig_conn(h, IPPROTO_TCP, CLIENT, packet.sport);
		assert_int_equal(conn.w->held, 1);
		harness_advance(h, 700);
		harness_run(h, "dpip neigh add " SERVER " lladdr 06:00:00:00:01:0b dev dpdk1");
		want = packet_at_server(&packet, &conn);
		rig_expect(h, SERVER_SIDE, &want);
		harness_run(h, "dpip neigh del " SERVER " dev dpdk1");
	}
	rig_end(h);
}

/* A reset for want of a connection comes once, from the owner, whichever queue asked. */
static void test_no_connection(void **state)
{
	struct harness *h = rig_new(&three);

	rig_service(h, 't', 1);
	for (unsigned int flow = 0; flow < 12; flow++) {
		struct packet packet = from_client(IPPROTO_TCP, flow);
		struct frame got;

		packet.flags = ACK;
		packet.ack = 4711;
		rig_send_to(h, CLIENT_SIDE, flow % WORKERS, &packet);
		got = rig_take(h, CLIENT_SIDE);
		assert_int_equal(got.bytes[L4 + 13] & RST, RST);
		assert_int_equal(frame_u32(&got, L4 + 4), 4711);
		rig_expect_nothing(h);
	}
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_CONN), 12);
	rig_end(h);
}

/* An ICMP error belongs to whoever has what it quotes. */
static void test_icmp(void **state)
{
	struct harness *h = rig_new(&three);

	rig_service(h, 'u', 1);
	for (unsigned int flow = 0; flow < 12; flow++) {
		struct packet sent = from_client(IPPROTO_UDP, flow), went, error;
		uint8_t l4[FRAME_MAX], quoted[FRAME_MAX];
		struct rig_conn conn;

		rig_send_to(h, CLIENT_SIDE, flow % WORKERS, &sent);
		rig_take(h, SERVER_SIDE);
		conn = rig_conn(h, IPPROTO_UDP, CLIENT, sent.sport);
		went = sent;
		went.src = LADDR;
		went.dst = conn.server_text;
		went.sport = conn.lport;
		went.dport = 8080;
		error = (struct packet){
			.src = SERVER, .dst = LADDR, .proto = IPPROTO_ICMP, .l4 = l4
		};
		for (unsigned int queue = 0; queue < WORKERS; queue++) {
			struct packet want = error;

			error.l4_len = icmp_build(l4, 3, 3, 0, quoted, packet_build(quoted, &went));
			rig_send_to(h, SERVER_SIDE, queue, &error);
			want.src = VIP;
			want.dst = CLIENT;
			want.ttl = 63;
			want.l4_len = icmp_build(l4, 3, 3, 0, quoted, packet_build(quoted, &sent));
			rig_expect(h, CLIENT_SIDE, &want);
		}
	}
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

/* Connections outlive their service, whichever queue their packets come on. */
static void test_removed_service(void **state)
{
	struct harness *h = rig_new(&three);
	struct packet packet = from_client(IPPROTO_TCP, 1), answer, want;
	struct rig_conn conn;

	/* an address of its own right, which does not go with the service */
	harness_run(h, "dpip addr add " LADDR "/32 dev dpdk1");
	rig_take(h, SERVER_SIDE);
	rig_service(h, 't', 1);
	rig_send(h, CLIENT_SIDE, &packet);
	conn = rig_conn(h, IPPROTO_TCP, CLIENT, packet.sport);
	rig_take(h, SERVER_SIDE);
	rig_remove_service(h, 't');
	answer = from_server(&conn, IPPROTO_TCP);
	packet.flags = ACK;
	packet.seq = 6;
	packet.ack = 71;
	for (unsigned int queue = 0; queue < WORKERS; queue++) {
		rig_send_to(h, SERVER_SIDE, queue, &answer);
		want = answer;
		want.src = VIP;
		want.dst = CLIENT;
		want.sport = 80;
		want.dport = packet.sport;
		want.ack -= conn.seq_delta;
		want.ttl = 63;
		rig_expect(h, CLIENT_SIDE, &want);
		rig_send_to(h, CLIENT_SIDE, queue, &packet);
		want = packet_at_server(&packet, &conn);
		rig_expect(h, SERVER_SIDE, &want);
	}
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

/* All workers' connections expire, and each side is told. */
static void test_expiry(void **state)
{
	struct harness *h = rig_new(&three);
	unsigned int to_client = 0, to_server = 0;

	rig_service(h, 't', 1);
	for (unsigned int flow = 0; flow < 12; flow++) {
		struct packet packet = from_client(IPPROTO_TCP, flow), answer;
		struct rig_conn conn;

		rig_send_to(h, CLIENT_SIDE, flow % WORKERS, &packet);
		conn = rig_conn(h, IPPROTO_TCP, CLIENT, packet.sport);
		answer = from_server(&conn, IPPROTO_TCP);
		rig_send_to(h, SERVER_SIDE, flow % WORKERS, &answer);
		packet.flags = ACK;
		packet.seq = 6;
		packet.ack = 71;
		rig_send_to(h, CLIENT_SIDE, flow % WORKERS, &packet);
		assert_int_equal(conn.conn->state, TCP_ESTABLISHED);
	}
	while (rig_take(h, CLIENT_SIDE).len || rig_take(h, SERVER_SIDE).len)
		;
	harness_advance(h, 91000);
	assert_int_equal(rig_conns(h), 0);
	while (rig_take(h, CLIENT_SIDE).len)
		to_client++;
	while (rig_take(h, SERVER_SIDE).len)
		to_server++;
	assert_int_equal(to_client, 12);
	assert_int_equal(to_server, 12);
	rig_end(h);
}

/* The pool's size is all workers' together. */
static void test_pool_is_shared_out(void **state)
{
	const struct harness_options options = { .n_workers = WORKERS, .conn_max = 31 };
	struct harness *h = rig_new(&options);
	uint32_t sum = 0;

	for (unsigned int i = 1; i <= WORKERS; i++)
		sum += conn_max(h->all[i]->ipvs->conns);
	assert_int_equal(sum, 31);
	rig_service(h, 'u', 1);
	for (unsigned int flow = 0; flow < 500; flow++) {
		struct packet packet = from_client(IPPROTO_UDP, flow);

		rig_send(h, CLIENT_SIDE, &packet);
	}
	assert_int_equal(rig_conns(h), 31);
	assert_int_equal(harness_drops(h, DROP_IPVS_CONN_FULL), 500 - 31);
	rig_end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp),         cmocka_unit_test(test_udp),
		cmocka_unit_test(test_first_waits), cmocka_unit_test(test_no_connection),
		cmocka_unit_test(test_icmp),        cmocka_unit_test(test_removed_service),
		cmocka_unit_test(test_expiry),      cmocka_unit_test(test_pool_is_shared_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
