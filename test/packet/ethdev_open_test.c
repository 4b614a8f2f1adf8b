/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DPDK's ports that do not start: the sentence says what was refused, and the
 * port is left stopped, so that it can be configured once more or given back.
 * The drivers are TAP and AF_PACKET, whose interfaces this test takes away
 * between probing and opening. All in a network namespace of the test's own.
 */
#include "lib/unit.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "link/ethdev_mtu.h"
#include "link/ethdev_overruns.h"
#include "packet/ethdev_rig.h"

#define FRAME 3200 /* of the ring; packet buffers of the harness hold 2048 */

/* An interface of the kernel's, there as long as the descriptor; -1: not allowed here. */
static int iface_new(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd >= 0 && ioctl(fd, TUNSETIFF, &request) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int iface_ask(const char *name, unsigned long what, struct ifreq *request)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	snprintf(request->ifr_name, sizeof(request->ifr_name), "%s", name);
	r = ioctl(fd, what, request);
	close(fd);
	return r;
}

struct driver_port {
	struct harness *h;
	int fd; /* of its interface; -1: it has none */
	struct ethdev_config config;
};

static const struct bond none; /* a port that is no bonding */

/* A port of AF_PACKET's on an interface of its own; skips the test where that is not allowed. */
static void af_packet_new(struct driver_port *port, const char *args)
{
	static const struct harness_options options = { .n_workers = 1 };
	char words[128];

	if (!getenv("ETHDEV_OPEN_NETNS")) {
		print_message("skipped: no network namespace of its own is allowed here\n");
		skip();
	}
	port->h = harness_new(&options);
	port->fd = iface_new("gone");
	assert_true(port->fd >= 0);
	snprintf(words, sizeof(words), "iface=gone%s", args);
	port->config = ethdev_rig_make(port->h, "wan", "net_af_packet_open", words);
}

static void port_end(struct driver_port *port)
{
	ethdev_detach(port->config.id);
	if (port->fd >= 0)
		close(port->fd);
	harness_free(port->h);
}

/* A port that needs nothing of the kernel's, open. */
static void ring_new(struct driver_port *on, struct port *port)
{
	on->h = harness_new(&(struct harness_options){ .n_workers = 1 });
	on->config = ethdev_rig_make(on->h, "ring0", "net_ring_open", "");
	ethdev_rig_open(&on->config, port);
}

static void ring_end(struct driver_port *on, struct port *port)
{
	port->ops->remove(port->handle);
	harness_free(on->h);
}

static void assert_stopped(uint16_t id)
{
	struct rte_eth_conf conf = { 0 };

	/* DPDK configures no port that runs */
	assert_int_equal(rte_eth_dev_configure(id, 1, 1, &conf), 0);
}

/* Its interface has gone. */
static void gone_before_the_start(void **state)
{
	struct driver_port on = { .fd = -1 };
	struct port port;
	char error[256] = "";

	af_packet_new(&on, "");
	close(on.fd);
	on.fd = -1;
	on.config.promisc = true;
	assert_true(ethdev_open(&on.config, &port, error, sizeof(error)) < 0);
	assert_string_equal(error, "start: No such device");
	assert_stopped(on.config.id);
	port_end(&on);
}

/* The interface is there, and has a smaller largest MTU than the ring's frames. */
static void mtu_limits(void **state)
{
	struct driver_port on = { .fd = -1 };
	struct rte_mempool *large;
	struct ifreq request = { 0 };
	struct port port;
	char text[256] = "";

	af_packet_new(&on, ",framesz=3200,blocksz=102400,framecnt=64");
	large = rte_pktmbuf_pool_create("large", 255, 0, META_SIZE, 4096, SOCKET_ID_ANY);
	assert_non_null(large);
	assert_int_equal(ethdev_mtu_limit(on.config.id, &none, large, text, sizeof(text)),
			 FRAME - 84);
	assert_non_null(strstr(text, "its frames have 3200 bytes"));
	assert_int_equal(ethdev_mtu_limit(on.config.id, &none, on.h->pool, text, sizeof(text)),
			 2048 - 26);
	assert_non_null(strstr(text, "netif_defs { device NAME { mtu N } }"));

	on.config.mtu = 3000; /* the harness's buffers are too small */
	assert_int_equal(ethdev_open(&on.config, &port, text, sizeof(text)), -EINVAL);
	assert_non_null(strstr(text, "mtu 3000: 68 to 2022 is possible; packet buffers"));
	on.config.pool = large;
	on.config.mtu = 3117;
	assert_int_equal(ethdev_open(&on.config, &port, text, sizeof(text)), -EINVAL);
	assert_non_null(strstr(text, "mtu 3117: 68 to 3116 is possible; its frames"));
	on.config.mtu = 3116;
	assert_int_equal(ethdev_open(&on.config, &port, text, sizeof(text)), 0);
	assert_int_equal(iface_ask("gone", SIOCGIFMTU, &request), 0);
	assert_int_equal(request.ifr_mtu, 3116);
	assert_int_equal(port.ops->set_mtu(port.handle, 2000), 0);
	assert_int_equal(iface_ask("gone", SIOCGIFMTU, &request), 0);
	assert_int_equal(request.ifr_mtu, 2000);
	/* nobody answers any more, the driver least of all */
	close(on.fd);
	on.fd = -1;
	assert_true(port.ops->set_mtu(port.handle, 1500) < 0);
	port.ops->close(port.handle);
	assert_int_equal(rte_eal_hotplug_remove("vdev", "net_af_packet_open"), 0);
	rte_mempool_free(large);
	harness_free(on.h);
}

/* What a driver is asked for joins nothing, and what joins is refused. */
static void joined_segments(void **state)
{
	struct driver_port on = { .fd = -1 };
	struct rte_eth_rxq_info queue;
	struct port port;

	assert_true(ethdev_joins(RTE_ETH_RX_OFFLOAD_TCP_LRO | RTE_ETH_RX_OFFLOAD_IPV4_CKSUM));
	assert_false(ethdev_joins(RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_SCATTER));

	ring_new(&on, &port);
	if (rte_eth_rx_queue_info_get(on.config.id, 0, &queue) == 0)
		assert_false(ethdev_joins(queue.conf.offloads));
	ring_end(&on, &port);
}

/* Frames lost in the NIC itself: which of a driver's counters are theirs, and their sum. */
static void overruns(void **state)
{
	static const struct {
		const char *name;
		bool want;
	} names[] = {
		{ "rx_overflow", true },
		{ "rx_fifo_errors", true },
		{ "rx_overruns", true },
		{ "rx_ovflow0", true },
		{ "rx_over_run_errors", true },
		{ "rx_phy_discard_packets", true },
		{ "tx_phy_discard_packets", false },
		{ "tx_fifo_errors", false },
		{ "port_tx_overflow", false },
		{ "rx_missed_errors", false },
		{ "rx_oversize_packets", false },
		{ "rx_out_of_buffer", false },
		{ "rx_good_packets", false },
	};
	struct ethdev_overruns empty = { .n = 0 }, two;
	struct driver_port on = { .fd = -1 };
	struct rte_mbuf *m;
	struct port port;

	for (size_t i = 0; i < LENGTH(names); i++)
		if (ethdev_overruns_named(names[i].name) != names[i].want)
			fail_msg("%s", names[i].name);
	ring_new(&on, &port);
	ethdev_overruns_find(on.config.id, &empty);
	assert_int_equal(empty.n, 0);
	assert_int_equal(ethdev_overruns_read(&empty), 0);
	/* the first counters of every driver: frames received and sent, here one that went round */
	two = (struct ethdev_overruns){ .of = { { on.config.id, 0 }, { on.config.id, 1 } },
					.n = 2 };
	assert_int_equal(ethdev_overruns_read(&two), 0);
	m = rte_pktmbuf_alloc(on.h->pool);
	assert_non_null(rte_pktmbuf_append(m, 60));
	assert_int_equal(port.ops->tx(port.handle, 0, &m, 1), 1);
	assert_int_equal(port.ops->rx(port.handle, 0, &m, 1), 1);
	rte_pktmbuf_free(m);
	assert_int_equal(ethdev_overruns_read(&two), 2);
	ring_end(&on, &port);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gone_before_the_start),
		cmocka_unit_test(mtu_limits),
		cmocka_unit_test(joined_segments),
		cmocka_unit_test(overruns),
	};

	/* before DPDK's threads: interfaces and ports are of one namespace */
	if (unshare(CLONE_NEWNET) == 0)
		setenv("ETHDEV_OPEN_NETNS", "1", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
