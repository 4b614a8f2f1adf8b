/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports that come while packets flow, and go: who polls and sends on them,
 * what becomes of packets that wait or are under way, and that nothing of the
 * port is left, whatever stands on the others.
 */
#include <stdio.h>
#include <string.h>

#include "lib/unit.h"
#include "link/plug.h"
#include "net/addr.h"
#include "packet/harness.h"

#define MAC  "02:00:00:00:00:05"
#define PEER "06:00:00:00:00:05"

/* Ethernet and an echo request from 10.5.0.2 to 10.5.0.1 */
#define ECHO                             \
	"020000000005 060000000005 0800" \
	"4500 001c 0001 0000 4001 66d4 0a050002 0a050001 0800 f7fe 0001 0000"
#define ECHO_REPLY                       \
	"060000000005 020000000005 0800" \
	"4500 001c 0000 0000 4001 66d5 0a050001 0a050002 0000 fffe 0001 0000"
#define ECHO_REPLY_1                     \
	"060000000005 020000000005 0800" \
	"4500 001c 0001 0000 4001 66d4 0a050001 0a050002 0000 fffe 0001 0000"
#define ECHO_REPLY_2                     \
	"060000000005 020000000005 0800" \
	"4500 001c 0002 0000 4001 66d3 0a050001 0a050002 0000 fffe 0001 0000"
/* from 10.1.0.2 by dpdk0 to 10.5.0.9, whom nobody knows */
#define THROUGH                          \
	"020000000000 060000000001 0800" \
	"4500 0020 0001 0000 4011 66bc 0a010002 0a050009 1000 2000 000c 0000 61626364"

/* The source of links of the tests: test ports, the last one that was opened. */
struct source {
	struct plug_source source;
	struct harness *h;
	struct test_port *last;
	unsigned int opened;
	int refuse; /* -errno instead */
	bool bond;  /* with members of their own addresses */
};

static int open_test_port(void *arg, const struct api_link_add *how, struct port *port, char *error,
			  size_t size)
{
	struct source *source = arg;

	if (source->refuse) {
		snprintf(error, size, "%s is not wanted", how->device);
		return source->refuse;
	}
	source->last = test_port_create(how->device, (uint16_t)source->h->n_workers, 0, port);
	assert_non_null(source->last);
	port->mac = (struct rte_ether_addr){ { 2, 0, 0, 0, 0, 5 } };
	if (source->bond) {
		port->n_member_macs = 2;
		port->member_macs[0] = (struct rte_ether_addr){ { 2, 0, 0, 0, 0, 0x61 } };
		port->member_macs[1] = (struct rte_ether_addr){ { 2, 0, 0, 0, 0, 0x62 } };
	}
	source->opened++;
	return 0;
}

static struct harness *new_harness(struct source *source, unsigned int n_workers)
{
	struct harness *h = harness_new(
		&(struct harness_options){ .n_workers = n_workers, .forwarding = true });

	*source = (struct source){ .source = { open_test_port, source }, .h = h };
	plug_source_set(h->all[WORKER_MASTER], API_LINK_VDEV, &source->source);
	harness_run(h, "dpip addr add 10.1.0.1/24 dev dpdk0");
	harness_run(h, "dpip addr add 10.2.0.1/24 dev dpdk1");
	return h;
}

static void bring(struct harness *h)
{
	harness_run(h, "dpip link add lan vdev net_test");
	harness_run(h, "dpip addr add 10.5.0.1/24 dev lan");
	harness_neigh(h, "10.5.0.2", PEER, "lan");
}

/* A frame into queue q of the port, as that of worker q + 1. */
static void inject(struct harness *h, struct test_port *port, unsigned int queue, const char *hex)
{
	uint8_t frame[128];
	size_t len = harness_hex(hex, frame, sizeof(frame));
	struct rte_mbuf *m = rte_pktmbuf_alloc(h->pool);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
	assert_true(test_port_inject(port, (uint16_t)queue, m));
}

/* Drops what was sent so far (gratuitous ARP). */
static void clear_sent(struct test_port *port)
{
	struct rte_mbuf *m;

	while ((m = test_port_take(port, NULL)))
		rte_pktmbuf_free(m);
}

static void test_every_worker(void **state)
{
	static const char *const replies[] = { ECHO_REPLY, ECHO_REPLY_1, ECHO_REPLY_2 };
	struct source source;
	struct harness *h = new_harness(&source, 3);

	bring(h);
	clear_sent(source.last);
	for (unsigned int q = 0; q < 3; q++) {
		struct rte_mbuf *m;
		uint16_t queue = UINT16_MAX;

		inject(h, source.last, q, ECHO);
		harness_turn(h);
		m = test_port_take(source.last, &queue);
		assert_non_null(m);
		assert_int_equal(queue, q);
		/* no two workers number their packets alike */
		assert_frame(rte_pktmbuf_mtod(m, void *), m->data_len, replies[q]);
		rte_pktmbuf_free(m);
	}
	harness_run(h, "dpip link del lan");
	harness_assert_balance(h);
	harness_free(h);
}

/* Who knows a bonding by a member's address reaches it; it answers by its own. */
static void test_member_address(void **state)
{
	static const struct {
		bool bond;
		const char *to;
		bool taken;
	} cases[] = {
		{ true, "020000000061", true },
		{ true, "020000000062", true },
		{ true, "020000000063", false },
		{ false, "020000000061", false },
	};

	for (unsigned int i = 0; i < LENGTH(cases); i++) {
		struct source source;
		struct harness *h = new_harness(&source, 1);
		struct rte_mbuf *m;
		char frame[] = ECHO;

		source.bond = cases[i].bond;
		bring(h);
		clear_sent(source.last);
		memcpy(frame, cases[i].to, strlen(cases[i].to));
		inject(h, source.last, 0, frame);
		harness_turn(h);
		m = test_port_take(source.last, NULL);
		assert_int_equal(m != NULL, cases[i].taken);
		assert_int_equal(harness_drops(h, DROP_ETH_OTHERHOST), !cases[i].taken);
		if (m)
			assert_frame(rte_pktmbuf_mtod(m, void *), m->data_len, ECHO_REPLY);
		rte_pktmbuf_free(m);
		harness_run(h, "dpip link del lan");
		harness_assert_balance(h);
		harness_free(h);
	}
}

static void test_waiting(void **state)
{
	struct source source;
	struct harness *h = new_harness(&source, 1);
	uint8_t frame[128];
	size_t len = harness_hex(THROUGH, frame, sizeof(frame));

	bring(h);
	for (unsigned int i = 0; i < 3; i++)
		harness_inject(h, 0, 0, frame, len);
	harness_turn(h);
	assert_int_equal(h->all[1]->held, 3);
	harness_run(h, "dpip link del lan");
	assert_int_equal(h->all[1]->held, 0);
	assert_int_equal(harness_drops(h, DROP_PORT_GONE), 3);
	/* nobody is told that a host cannot be reached: the way to it is what has gone */
	harness_inject(h, 0, 0, frame, len);
	harness_turn(h);
	assert_int_equal(harness_drops(h, DROP_PORT_GONE), 3);
	assert_int_equal(harness_drops(h, DROP_IP4_NO_ROUTE), 1);
	harness_assert_balance(h);
	harness_free(h);
}

/* A packet that a stage holds for a port without a name, as a later stage could. */
static void test_under_way(void **state)
{
	static const enum stage_id stages[] = { STAGE_NEIGH_OUTPUT, STAGE_TX };
	struct source source;
	struct harness *h = new_harness(&source, 1);

	for (unsigned int i = 0; i < LENGTH(stages); i++) {
		struct rte_mbuf *m = worker_make_packet(h->all[1]);

		assert_non_null(m);
		rte_pktmbuf_append(m, 60);
		pkt_meta(m)->out_port = 2;
		stage_push(h->all[1], stages[i], m);
		harness_turn(h);
		assert_int_equal(harness_drops(h, DROP_PORT_GONE), i + 1);
	}
	harness_assert_balance(h);
	harness_free(h);
}

/* What refers to the port goes, what does not stays; the next one takes its place and inherits
 * nothing. */
static void test_nothing_left(void **state)
{
	struct source source;
	struct harness *h = new_harness(&source, 2);
	union ip_addr own = { .v4 = RTE_BE32(0x0a050001) };

	bring(h);
	harness_run(h, "dpip addr add 10.5.0.3/24 dev lan");
	harness_run(h, "dpip route add 172.16.0.0/12 via 10.5.0.7");
	harness_run(h, "dpip route add 172.16.0.0/12 via 10.1.0.7 src 10.5.0.1 metric 9");
	harness_run(h, "dpip route add 10.5.0.77 dev lan scope host");
	harness_run(h, "ipvsadm -A -t 10.1.0.1:80 -s rr");
	harness_run(h, "ipvsadm -P -z 10.5.0.200 -t 10.1.0.1:80 -F lan");
	harness_run(h, "ipvsadm -P -z 10.2.0.200 -t 10.1.0.1:80 -F dpdk1");
	harness_run(h, "dpip link del lan");
	for (unsigned int i = 0; i <= 2; i++) {
		assert_int_equal(h->all[i]->link->n_ports, 2);
		assert_false(addr_is_local(h->all[i], AF_INET, &own));
	}
	harness_refused(h, "dpip route del 172.16.0.0/12 via 10.5.0.7");
	harness_run(h, "dpip route del 172.16.0.0/12 via 10.1.0.7 metric 9");
	harness_refused(h, "dpip route del 10.5.0.77 scope host");
	harness_refused(h, "ipvsadm -Q -z 10.5.0.200 -t 10.1.0.1:80 -F lan");
	harness_run(h, "ipvsadm -Q -z 10.2.0.200 -t 10.1.0.1:80 -F dpdk1");

	bring(h);
	assert_int_equal(port_find(h->all[2]->link, "lan"), 2);
	assert_int_equal(h->all[2]->link->n_rxqs, 3);
	harness_run(h, "dpip neigh del 10.5.0.2 dev lan");
	harness_refused(h, "dpip addr del 10.5.0.3/24 dev lan");
	harness_run(h, "dpip link flush");
	assert_int_equal(port_find(h->all[WORKER_MASTER]->link, "dpdk1"), 1);
	assert_int_equal(port_find(h->all[WORKER_MASTER]->link, "lan"), PORT_NONE);
	harness_free(h);
}

static void test_gap(void **state)
{
	struct source source;
	struct harness *h = new_harness(&source, 1);

	bring(h);
	harness_run(h, "dpip link del dpdk1");
	assert_int_equal(h->all[1]->link->n_ports, 3);
	assert_int_equal(port_find(h->all[1]->link, "lan"), 2);
	assert_string_equal(harness_refused(h, "dpip addr add 10.2.0.1/24 dev dpdk1"),
			    "no such device \"dpdk1\"; there are: dpdk0, lan");
	clear_sent(source.last);
	inject(h, source.last, 0, ECHO);
	harness_turn(h);
	assert_int_equal(h->all[1]->counters.received, 1);
	harness_run(h, "dpip link add again vdev net_test");
	assert_int_equal(port_find(h->all[1]->link, "again"), 1);
	harness_run(h, "dpip link flush");
	assert_int_equal(h->all[1]->link->n_ports, 1);
	assert_int_equal(h->all[1]->link->n_rxqs, 1);
	harness_assert_balance(h);
	harness_free(h);
}

static void test_refused(void **state)
{
	struct source source;
	struct harness *h = new_harness(&source, 1);

	assert_string_equal(harness_refused(h, "dpip link add dpdk1 vdev net_test"),
			    "link dpdk1 is already there");
	assert_string_equal(harness_refused(h, "dpip link add x pci 0000:00:00.0"),
			    "link x: kind 2 is not known");
	source.refuse = -EBUSY;
	assert_string_equal(harness_refused(h, "dpip link add x vdev net_test"),
			    "link x: net_test is not wanted");
	source.refuse = 0;
	assert_int_equal(source.opened, 0);
	for (unsigned int i = HARNESS_PORTS; i < PORT_MAX; i++) {
		char line[64];

		snprintf(line, sizeof(line), "dpip link add x%u vdev net_test", i);
		harness_run(h, line);
	}
	assert_string_equal(harness_refused(h, "dpip link add x vdev net_test"),
			    "link x: there are 64, no more are possible");
	harness_run(h, "dpip link flush");
	assert_int_equal(h->all[1]->link->n_rxqs, HARNESS_PORTS);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_worker), cmocka_unit_test(test_member_address),
		cmocka_unit_test(test_waiting),      cmocka_unit_test(test_under_way),
		cmocka_unit_test(test_nothing_left), cmocka_unit_test(test_gap),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
