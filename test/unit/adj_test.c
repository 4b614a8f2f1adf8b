/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Adjacencies of one worker: one a next hop, port and MTU; neighbours change
 * them in place; a port that changes, or numbers that run out, make all of them
 * forgotten before the next vector, and all stamps move on.
 */
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "lib/net_rig.h"
#include "lib/unit.h"
#include "net/adj.h"
#include "net/neigh_int.h"
#include "net/route.h"

#define IP 0x0a000001u /* 10.0.0.1 */

/* Workers whose ports are up and can be sent by. */
static int setup(void **state)
{
	struct net_rig *rig = net_rig_create(64);

	for (unsigned int i = 0; i <= NET_RIG_WORKERS; i++)
		for (uint16_t port = 0; port < NET_RIG_PORTS; port++) {
			struct link *link = rig->all[i]->link;

			link->ports[port].up = true;
			link->ports[port].mac =
				(struct rte_ether_addr){ { 2, 0, 0, 0, 0, (uint8_t)port } };
			port_bind_tx(rig->all[i], port, 0);
		}
	*state = rig;
	return 0;
}

static int teardown(void **state)
{
	net_rig_destroy(*state);
	return 0;
}

static struct nexthop hop(uint32_t ip, uint16_t port, uint16_t mtu)
{
	return (struct nexthop){ .addr = ip_from_v4(htonl(ip)), .port = port, .mtu = mtu };
}

static uint16_t get(struct worker *w, uint32_t ip, uint16_t port, uint16_t mtu)
{
	struct nexthop nexthop = hop(ip, port, mtu);

	adj_begin(w);
	return adj_get(w, AF_INET, &nexthop);
}

static void neigh(struct net_rig *rig, enum api_id id, uint32_t ip, const char *dev, uint8_t mac)
{
	struct api_neigh neigh = {
		.addr.v4 = htonl(ip),
		.family = AF_INET,
		.mac = { 2, 0, 0, 0, 1, mac },
	};

	strcpy(neigh.dev, dev);
	assert_int_equal(net_rig_request(rig, id, &neigh, sizeof(neigh)), 0);
}

static void test_one_each(void **state)
{
	struct net_rig *rig = *state;
	struct worker *w = rig->all[1];
	uint16_t ids[] = { get(w, IP, 0, 1500), get(w, IP, 0, 1400), get(w, IP, 1, 1500),
			   get(w, IP + 1, 0, 1500) };
	struct nexthop six = hop(IP, 0, 1500);

	for (unsigned int i = 0; i < LENGTH(ids); i++)
		for (unsigned int j = 0; j < i; j++)
			assert_int_not_equal(ids[i], ids[j]);
	for (unsigned int i = 0; i < LENGTH(ids); i++)
		assert_int_not_equal(ids[i], ADJ_NONE);
	assert_int_equal(get(w, IP, 0, 1500), ids[0]);
	assert_int_equal(get(w, IP, 0, 1400), ids[1]);
	assert_int_equal(get(w, IP, 1, 1500), ids[2]);
	assert_int_equal(get(w, IP + 1, 0, 1500), ids[3]);
	assert_int_not_equal(adj_get(w, AF_INET6, &six), ids[0]); /* the same bytes as an address */
	assert_false(adj_array(w)[ADJ_NONE].fits);
}

static void test_what_is_in_it(void **state)
{
	static const uint8_t want[] = { 2, 0, 0, 0, 1, 7, 2, 0, 0, 0, 0, 1, 8, 0 };
	struct net_rig *rig = *state;
	const struct adj *adj;
	struct nexthop nexthop = hop(IP, 1, 1400);

	neigh(rig, API_NEIGH_ADD, IP, "dpdk1", 7);
	adj = &adj_array(rig->all[2])[get(rig->all[2], IP, 1, 1400)];
	assert_true(adj->fits);
	assert_memory_equal(&adj->eth, want, sizeof(want));
	assert_int_equal(adj->port, 1);
	assert_int_equal(adj->mtu, 1400);
	assert_ptr_equal(adj->neigh, neigh_find(rig->all[2], AF_INET, &nexthop.addr, 1));
	nexthop.port = 2;
	adj = &adj_array(rig->all[2])[adj_get(rig->all[2], AF_INET6, &nexthop)];
	assert_int_equal(adj->eth.ether_type, RTE_BE16(RTE_ETHER_TYPE_IPV6));
}

/* In place, in all that lead to this neighbour and in no other, on each worker. */
static void test_neighbour_changes(void **state)
{
	struct net_rig *rig = *state;
	uint16_t ids[NET_RIG_WORKERS + 1][4];

	for (unsigned int i = 1; i <= NET_RIG_WORKERS; i++) {
		ids[i][0] = get(rig->all[i], IP, 0, 1500);
		ids[i][1] = get(rig->all[i], IP, 0, 1400);
		ids[i][2] = get(rig->all[i], IP, 1, 1500);
		ids[i][3] = get(rig->all[i], IP + 1, 0, 1500);
	}
	for (unsigned int step = 0; step < 4; step++) {
		static const enum api_id requests[] = { API_NEIGH_ADD, API_NEIGH_SET, API_NEIGH_DEL,
							API_NEIGH_ADD };

		neigh(rig, requests[step], IP, "dpdk0", (uint8_t)(5 + step));
		for (unsigned int i = 1; i <= NET_RIG_WORKERS; i++)
			for (unsigned int a = 0; a < 4; a++) {
				const struct adj *adj = &adj_array(rig->all[i])[ids[i][a]];
				bool usable = a < 2 && requests[step] != API_NEIGH_DEL;

				assert_int_equal(adj->fits, usable ? adj->mtu : 0);
				if (usable)
					assert_int_equal(adj->eth.dst_addr.addr_bytes[5], 5 + step);
				if (!usable)
					assert_null(adj->neigh);
			}
	}
}

/* Has every slot of both families moved since then? */
static bool all_moved(const struct worker *w, const struct stamps *before)
{
	for (uint32_t i = 0; i < 2 * STAMP_SLOTS; i++)
		if (w->net->stamps.at[i] == before->at[i])
			return false;
	return true;
}

static void test_port_changes(void **state)
{
	static struct stamps before;
	struct net_rig *rig = *state;
	struct worker *w = rig->all[1];
	struct port *port = &w->link->ports[0];
	uint16_t id;

	neigh(rig, API_NEIGH_ADD, IP, "dpdk0", 7);
	id = get(w, IP, 0, 1500);
	assert_true(adj_array(w)[id].fits);
	before = w->net->stamps;
	adj_begin(w);
	assert_memory_equal(&before, &w->net->stamps, sizeof(before)); /* nothing has changed */

	port->up = false;
	w->link->generation++;
	adj_begin(w);
	assert_true(all_moved(w, &before));
	assert_false(adj_array(w)[id].fits);
	assert_false(adj_array(w)[get(w, IP, 0, 1500)].fits);

	before = w->net->stamps;
	port->up = true;
	port->mac.addr_bytes[5] = 0x55;
	w->link->generation++;
	id = get(w, IP, 0, 1500);
	assert_true(all_moved(w, &before));
	assert_true(adj_array(w)[id].fits);
	assert_int_equal(adj_array(w)[id].eth.src_addr.addr_bytes[5], 0x55);

	w->link->txq[0] = PORT_QUEUE_NONE; /* a port that this worker has no queue of */
	w->link->generation++;
	assert_false(adj_array(w)[get(w, IP, 0, 1500)].fits);
}

/* A neighbour that changes while the port has changed too finds no old ones. */
static void test_both_change(void **state)
{
	struct net_rig *rig = *state;
	struct worker *w = rig->all[1];
	uint16_t id;

	neigh(rig, API_NEIGH_ADD, IP, "dpdk0", 7);
	id = get(w, IP, 0, 1500);
	w->link->generation++;
	neigh(rig, API_NEIGH_SET, IP, "dpdk0", 8);
	assert_false(adj_array(w)[id].fits);
	id = get(w, IP, 0, 1500);
	assert_true(adj_array(w)[id].fits);
	assert_int_equal(adj_array(w)[id].eth.dst_addr.addr_bytes[5], 8);
}

static void test_numbers_run_out(void **state)
{
	static struct stamps before;
	struct net_rig *rig = *state;
	struct worker *w = rig->all[1];
	struct nexthop nexthop;
	uint16_t first = get(w, IP, 0, 1500), id;

	before = w->net->stamps;
	for (uint32_t i = 1; i < ADJ_MAX - 1; i++) {
		nexthop = hop(IP + i, 0, 1500);
		id = adj_get(w, AF_INET, &nexthop);
		assert_int_equal(id, first + i);
	}
	nexthop = hop(IP + ADJ_MAX, 0, 1500);
	assert_int_equal(adj_get(w, AF_INET, &nexthop), ADJ_NONE);
	nexthop = hop(IP + 77, 0, 1500); /* those that have one keep it, for this vector */
	assert_int_equal(adj_get(w, AF_INET, &nexthop), first + 77);
	assert_memory_equal(&before, &w->net->stamps, sizeof(before));

	adj_begin(w);
	assert_true(all_moved(w, &before));
	nexthop = hop(IP + ADJ_MAX, 0, 1500);
	assert_int_equal(adj_get(w, AF_INET, &nexthop), first);
	assert_int_equal(get(w, IP, 0, 1500), first + 1);
	neigh(rig, API_NEIGH_ADD, IP + 77, "dpdk0",
	      7); /* its old one is another's by now, or none */
	for (uint32_t i = 0; i < ADJ_MAX; i++)
		assert_false(adj_array(w)[i].fits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_each, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_in_it, setup, teardown),
		cmocka_unit_test_setup_teardown(test_neighbour_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_port_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_both_change, setup, teardown),
		cmocka_unit_test_setup_teardown(test_numbers_run_out, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
