/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dr on several workers: the owner of the client's tuple has the connection, and
 * whichever queue a packet arrives on, it goes the same way. Answers that pass
 * through are nobody's, and routed where they arrive.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "ipvs/ipvs.h"
#include "link/steer.h"
#include "packet/dr_rig.h"

#define WORKERS 3
#define FLOWS   96

static const struct harness_options three = { .n_workers = WORKERS, .forwarding = true };

static uint64_t handed(const struct harness *h)
{
	uint64_t in = 0, out = 0;

	for (unsigned int i = 1; i <= h->n_workers; i++) {
		in += h->all[i]->counters.handed_in;
		out += h->all[i]->counters.handed_out;
	}
	assert_int_equal(in, out);
	return out;
}

/* Each packet of it on another queue: one connection, its owner's. */
static unsigned int check_flow(struct harness *h, uint8_t proto, unsigned int flow)
{
	struct packet packet = dr_from_client(proto, (uint16_t)(CPORT + flow), SYN);
	char first[IP_STR_LEN], now[IP_STR_LEN];
	struct rig_conn conn = { .id = CONN_NONE };
	struct tuple in;

	for (unsigned int i = 0; i < 2 * WORKERS; i++) {
		struct packet want;

		if (i)
			packet = dr_from_client(proto, packet.sport, ACK);
		want = dr_on(packet);
		rig_send_to(h, CLIENT_SIDE, (i + flow) % WORKERS, &packet);
		rig_expect(h, SERVER_SIDE, &want);
		conn = rig_conn(h, proto, CLIENT, packet.sport);
		assert_int_not_equal(conn.id, CONN_NONE);
		if (i == 0)
			dr_server_of(&conn, first);
		assert_string_equal(dr_server_of(&conn, now), first);
	}
	conn_tuple(conn.w->ipvs->conns, conn.id, CONN_IN, &in);
	assert_int_equal(steer_owner(h->all[1], &in), conn.w->id);
	return conn.w->id;
}

static void check_flows(uint8_t proto)
{
	struct harness *h = dr_new(&three, proto, 2);
	unsigned int per_worker[WORKERS + 1] = { 0 };

	for (unsigned int flow = 0; flow < FLOWS; flow++)
		per_worker[check_flow(h, proto, flow)]++;
	assert_int_equal(rig_conns(h), FLOWS);
	for (unsigned int i = 1; i <= WORKERS; i++) {
		assert_int_equal(conn_count(h->all[i]->ipvs->conns), per_worker[i]);
		assert_true(per_worker[i] > FLOWS / WORKERS / 3);
	}
	/* two of three packets came to the wrong worker */
	assert_int_equal(handed(h), FLOWS * 2 * 2);
	for (unsigned int i = 0; i < 2; i++)
		assert_in_range(rig_counts(h, proto, i).conns, FLOWS / 2 - WORKERS,
				FLOWS / 2 + WORKERS);
	assert_int_equal(rig_counts(h, proto, 0).inpkts + rig_counts(h, proto, 1).inpkts,
			 FLOWS * 2 * WORKERS);
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

static void test_answers_are_routed(void **state)
{
	struct harness *h = rig_new(&three);

	harness_run(h, "dpip addr del " VIP "/32 dev dpdk0");
	dr_service(h, IPPROTO_TCP);
	dr_server(h, IPPROTO_TCP, SERVER);
	for (unsigned int flow = 0; flow < 6; flow++) {
		struct packet answer = { .src = VIP,
					 .dst = CLIENT,
					 .sport = 80,
					 .dport = (uint16_t)(CPORT + flow),
					 .flags = ACK,
					 .payload = "answer" };
		struct packet want = dr_on(answer);
		uint64_t before;

		check_flow(h, IPPROTO_TCP, flow);
		before = handed(h);
		for (unsigned int queue = 0; queue < WORKERS; queue++) {
			rig_send_to(h, SERVER_SIDE, queue, &answer);
			rig_expect(h, CLIENT_SIDE, &want);
		}
		assert_int_equal(handed(h), before);
	}
	assert_int_equal(rig_counts(h, IPPROTO_TCP, 0).outpkts, 0);
	rig_end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_answers_are_routed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
