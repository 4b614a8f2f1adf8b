/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RSS of DPDK's ports: what a driver is told, read back from it. The driver is
 * net_null, which keeps key and RETA as a NIC would, and receives nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <rte_ethdev.h>

#include "link/plug.h"
#include "link/rss.h"
#include "packet/ethdev_rig.h"

#define WORKERS   3
#define NULL_RETA 128 /* entries */

static void open_null(struct harness *h, const char *rss, uint16_t queues, struct port *port)
{
	struct ethdev_config config = ethdev_rig_make(h, "null0", "net_null_rss", "no-rx=1");

	config.n_rx_queues = queues;
	config.n_tx_queues = WORKERS;
	config.rss = rss;
	ethdev_rig_open(&config, port);
}

/* The device goes, so that the next test can make it. */
static void end(struct harness *h, int id)
{
	assert_int_equal(plug_out(h->all, (uint16_t)id), 0);
	harness_turn(h);
	plug_reap(h->all);
	harness_free(h);
}

static uint16_t null_id(void)
{
	uint16_t id;

	assert_int_equal(rte_eth_dev_get_port_by_name("net_null_rss", &id), 0);
	return id;
}

static void read_reta(uint16_t reta[NULL_RETA])
{
	struct rte_eth_rss_reta_entry64 groups[NULL_RETA / RTE_ETH_RETA_GROUP_SIZE];

	memset(groups, 0xff, sizeof(groups));
	assert_int_equal(rte_eth_dev_rss_reta_query(null_id(), groups, NULL_RETA), 0);
	for (unsigned int i = 0; i < NULL_RETA; i++)
		reta[i] = groups[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE];
}

/* The driver's key is ours, and entry i of its RETA is a queue of the i-th owner, worker N having
 * queue `first` + N - 1. */
static void assert_told(const struct harness *h, uint16_t first)
{
	const struct rss *rss = h->all[WORKER_MASTER]->rss;
	uint16_t reta[NULL_RETA];
	uint8_t key[40];
	struct rte_eth_rss_conf conf = { .rss_key = key, .rss_key_len = sizeof(key) };

	assert_non_null(rss);
	for (unsigned int i = 1; i <= WORKERS; i++)
		assert_ptr_equal(h->all[i]->rss, rss);
	assert_int_equal(rte_eth_dev_rss_hash_conf_get(null_id(), &conf), 0);
	assert_memory_equal(key, rss->key, sizeof(key));
	assert_true(toeplitz_key_even(key));
	read_reta(reta);
	for (unsigned int i = 0; i < NULL_RETA; i++)
		assert_int_equal(reta[i], first + rss->owner[i & rss->mask] - 1);
}

static void at_start(void **state)
{
	const struct harness_options options = { .n_workers = WORKERS };
	struct harness *h = harness_new(&options);
	const struct link *link = h->all[WORKER_MASTER]->link;
	struct port port;
	int id;

	assert_null(h->all[WORKER_MASTER]->rss);
	open_null(h, "all", WORKERS + 1, &port);
	id = port_add(h->all, &port);
	/* another queue than worker - 1, to see that bindings count; queue 0 is nobody's */
	for (unsigned int i = 1; i <= WORKERS; i++)
		assert_int_equal(port_bind_rx(h->all[i], (uint16_t)id, (uint16_t)i), 0);
	assert_int_equal(rss_start(h->all), 0);
	assert_true(link->ports[id].rss);
	assert_false(link->ports[0].rss);
	assert_int_equal(h->all[WORKER_MASTER]->rss->mask, NULL_RETA - 1);
	assert_told(h, 1);
	end(h, id);
}

/* What makes a port unfit: types that leave out TCP or UDP, a worker without a queue. */
static void unfit(void **state)
{
	static const struct {
		const char *rss;
		uint16_t queues;
	} unfit[] = { { "tcp", WORKERS }, { "ip|udp", WORKERS }, { "all", WORKERS - 1 } };
	const struct harness_options options = { .n_workers = WORKERS };

	for (unsigned int k = 0; k < RTE_DIM(unfit); k++) {
		struct harness *h = harness_new(&options);
		struct port port;
		int id;

		open_null(h, unfit[k].rss, unfit[k].queues, &port);
		id = port_add(h->all, &port);
		for (unsigned int i = 1; i <= unfit[k].queues; i++)
			assert_int_equal(port_bind_rx(h->all[i], (uint16_t)id, (uint16_t)(i - 1)),
					 0);
		assert_int_equal(rss_start(h->all), 0);
		assert_null(h->all[WORKER_MASTER]->rss);
		assert_false(h->all[WORKER_MASTER]->link->ports[id].rss);
		end(h, id);
	}
}

/* A port that comes later is told what holds, if its RETA is large enough, and changes nothing. */
static void later(void **state)
{
	static const struct {
		uint16_t entries; /* of the port that is there */
		bool joins;
	} cases[] = { { 64, true }, { 128, true }, { 512, false }, { 0, false } };

	for (unsigned int k = 0; k < RTE_DIM(cases); k++) {
		const struct harness_options options = { .n_workers = WORKERS,
							 .rss_entries = { cases[k].entries } };
		struct harness *h = harness_new(&options);
		const struct rss *rss = h->all[WORKER_MASTER]->rss;
		struct port port;

		open_null(h, "all", WORKERS, &port);
		assert_int_equal(plug_in(h->all, &port), 0);
		harness_turn(h);
		assert_int_equal(h->all[WORKER_MASTER]->link->ports[HARNESS_PORTS].rss,
				 cases[k].joins);
		assert_ptr_equal(h->all[WORKER_MASTER]->rss, rss);
		if (cases[k].joins)
			assert_told(h, 0);
		end(h, HARNESS_PORTS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_start),
		cmocka_unit_test(unfit),
		cmocka_unit_test(later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
