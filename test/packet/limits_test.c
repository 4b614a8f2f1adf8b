/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Thresholds and least-connection schedulers through the real stages, with one
 * worker and with three: a server never has more connections than -x says, a
 * place that is given back is any worker's with the next packet, and a vector of
 * first packets is shared out like packets that come one by one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "ipvs/ipvs.h"
#include "ipvs/service.h"
#include "packet/dr_rig.h"

#define UPPER 20

static const struct harness_options one = { .n_workers = 1 };
static const struct harness_options three = { .n_workers = 3, .udp_timeout_s = { 300, 300, 300 } };

static struct packet datagram(unsigned int flow)
{
	return dr_from_client(IPPROTO_UDP, (uint16_t)(20000 + flow), 0);
}

static void send_flow(struct harness *h, unsigned int flow)
{
	struct packet packet = datagram(flow);

	rig_send_to(h, CLIENT_SIDE, flow % h->n_workers, &packet);
	while (rig_take(h, CLIENT_SIDE).len || rig_take(h, SERVER_SIDE).len)
		;
}

static uint64_t conns_of(const struct harness *h, unsigned int server)
{
	struct rig_counts counts = rig_counts(h, IPPROTO_UDP, server);

	return counts.active + counts.inactive;
}

static void check_threshold(const struct harness_options *options)
{
	struct harness *h = rig_new(options);
	unsigned int flow = 0;

	rig_service(h, 'u', 2);
	for (unsigned int i = 0; i < 2; i++)
		harness_run(h, i ? "ipvsadm -e -u " VIP ":80 -r " SERVER2 ":8080 -x 20 -y 20"
				 : "ipvsadm -e -u " VIP ":80 -r " SERVER ":8080 -x 20 -y 20");
	for (; flow < 100; flow++) {
		send_flow(h, flow);
		assert_true(conns_of(h, 0) <= UPPER && conns_of(h, 1) <= UPPER);
	}
	assert_int_equal(conns_of(h, 0) + conns_of(h, 1), 2 * UPPER);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_SERVER), 100 - 2 * UPPER);
	/* whatever worker ends one, the next packet of any has its place */
	for (unsigned int i = 0; i < 30; i++) {
		struct worker *w = h->all[1 + i % h->n_workers];
		uint64_t refused = harness_drops(h, DROP_IPVS_NO_SERVER);
		uint32_t id;

		assert_true(conn_next(w->ipvs->conns, 0, UINT32_MAX, &id));
		conn_set_timeout(w->ipvs->conns, id, 0, h->now_ms);
		harness_advance(h, 100);
		assert_int_equal(conns_of(h, 0) + conns_of(h, 1), 2 * UPPER - 1);
		send_flow(h, flow++);
		send_flow(h, flow++);
		assert_int_equal(conns_of(h, 0) + conns_of(h, 1), 2 * UPPER);
		assert_int_equal(harness_drops(h, DROP_IPVS_NO_SERVER), refused + 1);
	}
	rig_end(h);
}

static void test_threshold(void **state)
{
	check_threshold(&one);
	check_threshold(&three);
}

/* What fails behind the choice of a server gives its place back: no free connection here. */
static void test_place_is_given_back(void **state)
{
	const struct harness_options options = { .n_workers = 1, .conn_max = 5 };
	struct harness *h = rig_new(&options);

	rig_service(h, 'u', 1);
	harness_run(h, "ipvsadm -e -u " VIP ":80 -r " SERVER ":8080 -x 7");
	for (unsigned int flow = 0; flow < 50; flow++)
		send_flow(h, flow);
	assert_int_equal(conns_of(h, 0), 5);
	assert_int_equal(harness_drops(h, DROP_IPVS_CONN_FULL), 45);
	rig_end(h);
}

static void check_vector(const struct harness_options *options, const char *sched)
{
	struct harness *h = rig_new(options);
	char line[96];

	rig_service(h, 'u', 2);
	snprintf(line, sizeof(line), "ipvsadm -E -u " VIP ":80 -s %s", sched);
	harness_run(h, line);
	for (unsigned int vector = 0; vector < 8; vector++) {
		for (unsigned int n = 0; n < 32; n++) {
			struct packet packet = datagram(vector * 32 + n);
			struct frame frame = frame_in(CLIENT_SIDE, &packet);

			harness_inject(h, CLIENT_SIDE, vector % h->n_workers, frame.bytes,
				       frame.len);
		}
		harness_advance(h, 1);
		while (rig_take(h, SERVER_SIDE).len)
			;
		assert_int_equal(conns_of(h, 0) + conns_of(h, 1), (vector + 1) * 32);
		assert_in_range(conns_of(h, 0) + 2 - conns_of(h, 1), 0, 4);
	}
	rig_end(h);
}

static void test_vectors(void **state)
{
	check_vector(&one, "lc");
	check_vector(&one, "wlc");
	check_vector(&three, "lc");
	check_vector(&three, "wlc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threshold),
		cmocka_unit_test(test_place_is_given_back),
		cmocka_unit_test(test_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
