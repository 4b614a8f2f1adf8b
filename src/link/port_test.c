/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/port-test: the port of tests: FIFOs in memory instead of a wire. One
 * thread uses it at a time. MTU, MAC and modes are accepted as a NIC would.
 *
 * Its RSS is worked out here bit by bit, as the specification describes it, and
 * shares nothing with the tables of base/toeplitz: each checks the other.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include <rte_ether.h>

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
	struct rte_ether_addr mc[TEST_PORT_MC];
	uint32_t n_mc;
	struct rte_ether_addr uc[PORT_MAX];
	uint32_t n_uc;
	uint32_t member;
	bool rss_refuses;
	uint16_t rss_entries; /* 0: no RSS */
	uint8_t rss_key[TEST_PORT_KEY];
	uint16_t reta[TEST_PORT_RETA];
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

static int test_port_set_mc_list(void *handle, struct rte_ether_addr *macs, uint32_t n)
{
	struct test_port *test = handle;

	test->n_mc = RTE_MIN(n, (uint32_t)TEST_PORT_MC);
	memcpy(test->mc, macs, test->n_mc * sizeof(*macs));
	return 0;
}

static int test_port_set_uc_list(void *handle, const struct rte_ether_addr *macs, uint32_t n)
{
	struct test_port *test = handle;

	test->n_uc = n;
	memcpy(test->uc, macs, n * sizeof(*macs));
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

static uint16_t test_port_rss_entries(void *handle)
{
	return ((struct test_port *)handle)->rss_entries;
}

static int test_port_rss_set(void *handle, const uint8_t *key, const uint16_t *reta, uint16_t n)
{
	struct test_port *test = handle;

	if (n != test->rss_entries || test->rss_refuses)
		return -ENOTSUP;
	memcpy(test->rss_key, key, sizeof(test->rss_key));
	memcpy(test->reta, reta, n * sizeof(*reta));
	return 0;
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

static uint32_t test_port_member(void *handle)
{
	return ((const struct test_port *)handle)->member;
}

void test_port_fail_over(struct test_port *test)
{
	test->member++;
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
	.set_mc_list = test_port_set_mc_list,
	.set_uc_list = test_port_set_uc_list,
	.set_mtu = test_port_set_mtu,
	.set_mac = test_port_set_mac,
	.member = test_port_member,
	.rss_entries = test_port_rss_entries,
	.rss_set = test_port_rss_set,
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

bool test_port_lets_in(const struct test_port *test, const struct rte_ether_addr *mac)
{
	for (uint32_t i = 0; i < test->n_mc; i++)
		if (rte_is_same_ether_addr(&test->mc[i], mac))
			return true;
	for (uint32_t i = 0; i < test->n_uc; i++)
		if (rte_is_same_ether_addr(&test->uc[i], mac))
			return true;
	return false;
}

void test_port_limit_tx(struct test_port *test, uint32_t frames)
{
	test->tx_limit = frames;
}

void test_port_set_rss(struct test_port *test, uint16_t entries, bool refuses)
{
	test->rss_entries = entries;
	test->rss_refuses = refuses;
}

uint32_t test_port_hash(const uint8_t *key, const uint8_t *input, size_t len)
{
	uint32_t hash = 0;
	uint32_t window = (uint32_t)key[0] << 24 | (uint32_t)key[1] << 16 | (uint32_t)key[2] << 8 |
			  key[3];

	for (size_t bit = 0; bit < 8 * len; bit++) {
		size_t next = bit + 32;

		if (input[bit / 8] >> (7 - bit % 8) & 1)
			hash ^= window;
		window = window << 1 | (key[next / 8] >> (7 - next % 8) & 1);
	}
	return hash;
}

static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP;
}

/* What a NIC hashes of a frame: its addresses, and the ports of TCP and UDP that is no fragment;
 * returns how many bytes, 0: it is not IP. */
static size_t rss_input(const uint8_t *frame, size_t len, uint8_t input[36])
{
	const uint8_t *l3 = frame + 14;
	uint16_t type = (uint16_t)(len > 14 ? frame[12] << 8 | frame[13] : 0);

	if (type == RTE_ETHER_TYPE_IPV4 && len >= 14 + 20) {
		const uint8_t *l4 = l3 + (l3[0] & 15) * 4;
		bool fragment = (l3[6] & 0x3f) || l3[7];

		memcpy(input, l3 + 12, 8);
		if (fragment || !has_ports(l3[9]) || l4 + 4 > frame + len)
			return 8;
		memcpy(input + 8, l4, 4);
		return 12;
	}
	if (type == RTE_ETHER_TYPE_IPV6 && len >= 14 + 40) {
		memcpy(input, l3 + 8, 32);
		if (!has_ports(l3[6]) || len < 14 + 44)
			return 32;
		memcpy(input + 32, l3 + 40, 4);
		return 36;
	}
	return 0;
}

uint16_t test_port_rss_queue(const struct test_port *test, const void *frame, size_t len)
{
	uint8_t input[36];
	size_t n = test->rss_entries ? rss_input(frame, len, input) : 0;

	return n ? test->reta[test_port_hash(test->rss_key, input, n) % test->rss_entries] : 0;
}
