/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/port-test: the port of tests: FIFOs in memory instead of a wire. One
 * thread uses it at a time. MTU, MAC and modes are accepted as a NIC would.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "link/test_port.h"

struct fifo {
	uint32_t head, count;
	struct {
		struct rte_mbuf *m;
		uint16_t queue;
	} slot[TEST_PORT_ROOM];
};

struct test_port {
	struct fifo rx[TEST_PORT_QUEUES];
	struct fifo tx;
	uint32_t tx_limit;
	uint64_t rx_packets, tx_packets;
	bool promisc, allmulticast;
};

static bool fifo_put(struct fifo *fifo, struct rte_mbuf *m, uint16_t queue)
{
	uint32_t at = (fifo->head + fifo->count) % TEST_PORT_ROOM;

	if (fifo->count == TEST_PORT_ROOM)
		return false;
	fifo->slot[at].m = m;
	fifo->slot[at].queue = queue;
	fifo->count++;
	return true;
}

static struct rte_mbuf *fifo_get(struct fifo *fifo, uint16_t *queue)
{
	struct rte_mbuf *m;

	if (fifo->count == 0)
		return NULL;
	m = fifo->slot[fifo->head].m;
	if (queue)
		*queue = fifo->slot[fifo->head].queue;
	fifo->head = (fifo->head + 1) % TEST_PORT_ROOM;
	fifo->count--;
	return m;
}

static uint16_t test_port_rx(void *handle, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct test_port *test = handle;
	uint16_t got = 0;

	while (got < n && (pkts[got] = fifo_get(&test->rx[queue], NULL)))
		got++;
	test->rx_packets += got;
	return got;
}

static uint16_t test_port_tx(void *handle, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct test_port *test = handle;
	uint16_t taken = 0;

	while (taken < n && test->tx_limit && fifo_put(&test->tx, pkts[taken], queue)) {
		taken++;
		if (test->tx_limit != UINT32_MAX)
			test->tx_limit--;
	}
	test->tx_packets += taken;
	return taken;
}

static int test_port_rx_fd(void *handle, uint16_t queue)
{
	return -1;
}

static int test_port_show(void *handle, struct api_link *link)
{
	const struct test_port *test = handle;

	snprintf(link->driver, sizeof(link->driver), "test");
	link->flags |= API_LINK_CARRIER | (test->promisc ? API_LINK_PROMISC : 0) |
		       (test->allmulticast ? API_LINK_ALLMULTICAST : 0);
	link->rx_packets = test->rx_packets;
	link->tx_packets = test->tx_packets;
	return 0;
}

static int test_port_xstat(void *handle, unsigned int n, char name[64], uint64_t *value)
{
	return -ENOENT;
}

static int test_port_set_up(void *handle, bool up)
{
	return 0;
}

static int test_port_set_promisc(void *handle, bool on)
{
	((struct test_port *)handle)->promisc = on;
	return 0;
}

static int test_port_set_allmulticast(void *handle, bool on)
{
	((struct test_port *)handle)->allmulticast = on;
	return 0;
}

static int test_port_set_mtu(void *handle, uint16_t mtu)
{
	return mtu < 68 ? -EINVAL : 0;
}

static int test_port_set_mac(void *handle, const struct rte_ether_addr *mac)
{
	return rte_is_unicast_ether_addr(mac) ? 0 : -EINVAL;
}

static void test_port_close(void *handle)
{
	struct test_port *test = handle;
	struct rte_mbuf *m;

	for (unsigned int q = 0; q < TEST_PORT_QUEUES; q++)
		while ((m = fifo_get(&test->rx[q], NULL)))
			rte_pktmbuf_free(m);
	while ((m = fifo_get(&test->tx, NULL)))
		rte_pktmbuf_free(m);
	free(test);
}

static const struct port_ops test_port_ops = {
	.driver = "test",
	.rx = test_port_rx,
	.tx = test_port_tx,
	.rx_fd = test_port_rx_fd,
	.show = test_port_show,
	.xstat = test_port_xstat,
	.set_up = test_port_set_up,
	.set_promisc = test_port_set_promisc,
	.set_allmulticast = test_port_set_allmulticast,
	.set_mtu = test_port_set_mtu,
	.set_mac = test_port_set_mac,
	.close = test_port_close,
	.remove = test_port_close,
};

struct test_port *test_port_create(const char *name, uint16_t queues, uint16_t offloads,
				   struct port *port)
{
	struct test_port *test = calloc(1, sizeof(*test));

	if (!test)
		return NULL;
	test->tx_limit = UINT32_MAX;
	memset(port, 0, sizeof(*port));
	snprintf(port->name, sizeof(port->name), "%s", name);
	port->ops = &test_port_ops;
	port->handle = test;
	port->mtu = 1500;
	port->n_rx_queues = queues;
	port->n_tx_queues = queues;
	port->offloads = offloads;
	port->socket = -1;
	port->up = true;
	return test;
}

bool test_port_inject(struct test_port *test, uint16_t queue, struct rte_mbuf *m)
{
	return fifo_put(&test->rx[queue], m, queue);
}

struct rte_mbuf *test_port_take(struct test_port *test, uint16_t *queue)
{
	return fifo_get(&test->tx, queue);
}

void test_port_limit_tx(struct test_port *test, uint32_t frames)
{
	test->tx_limit = frames;
}
