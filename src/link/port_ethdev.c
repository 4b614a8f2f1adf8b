/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/port-ethdev: DPDK's ports behind our table of functions. Only what a
 * driver says it can do is asked of it: RSS classes and checksum offloads are
 * cut to what is there, and nothing depends on rte_flow. The drivers' own
 * order of calls matters to some: configure, queues, MTU, start, modes.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_ethdev.h>

#include "base/log.h"
#include "link/ethdev.h"
#include "link/ethdev_mtu.h"
#include "link/ethdev_overruns.h"
#include "link/ethdev_rss.h"
#include "link/ethdev_wake.h"

#define DRAIN_WAIT_US 100
#define DRAIN_WAITS   200 /* of a port's queues together */

struct ethdev {
	uint16_t id;
	uint16_t rx_descriptors, tx_descriptors;
	uint32_t flags; /* enum api_link_flag that do not change */
	uint64_t rss;   /* types by which it spreads, 0: it does not */
	struct rte_mempool *pool;
	enum ethdev_wake wake;
	struct rte_ether_addr uc[PORT_MAX]; /* of what stands on it */
	uint32_t n_uc;
	struct bond bond; /* without members: it is none */
	struct ethdev_overruns overruns;
};

static bool mac_among(const struct rte_ether_addr *mac, const struct rte_ether_addr *macs,
		      uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (rte_is_same_ether_addr(mac, &macs[i]))
			return true;
	return false;
}

static uint16_t ethdev_rx(void *handle, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	return rte_eth_rx_burst(((struct ethdev *)handle)->id, queue, pkts, n);
}

static uint16_t ethdev_tx(void *handle, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	return rte_eth_tx_burst(((struct ethdev *)handle)->id, queue, pkts, n);
}

static int ethdev_rx_fd(void *handle, uint16_t queue)
{
	const struct ethdev *dev = handle;

	return dev->wake == WAKE_NONE ? -1 : rte_eth_dev_rx_intr_ctl_q_get_fd(dev->id, queue);
}

static bool ethdev_rx_arm(void *handle, uint16_t queue, bool on)
{
	const struct ethdev *dev = handle;
	int r = on ? rte_eth_dev_rx_intr_enable(dev->id, queue)
		   : rte_eth_dev_rx_intr_disable(dev->id, queue);

	return r == 0;
}

static void ethdev_show_stats(const struct ethdev *dev, struct api_link *link)
{
	struct rte_eth_stats stats;

	if (rte_eth_stats_get(dev->id, &stats) != 0)
		return;
	link->rx_packets = stats.ipackets;
	link->tx_packets = stats.opackets;
	link->rx_bytes = stats.ibytes;
	link->tx_bytes = stats.obytes;
	link->rx_errors = stats.ierrors;
	link->tx_errors = stats.oerrors;
	link->rx_missed = stats.imissed;
	link->rx_nombuf = stats.rx_nombuf;
	link->rx_overruns = ethdev_overruns_read(&dev->overruns);
}

static int ethdev_show(void *handle, struct api_link *link)
{
	const struct ethdev *dev = handle;
	struct rte_eth_dev_info info;
	struct rte_eth_link status = { 0 };

	link->flags |= dev->flags;
	link->rx_descriptors = dev->rx_descriptors;
	link->tx_descriptors = dev->tx_descriptors;
	if (rte_eth_dev_info_get(dev->id, &info) == 0)
		snprintf(link->driver, sizeof(link->driver), "%s", info.driver_name);
	rte_eth_dev_get_name_by_port(dev->id, link->device);
	if (rte_eth_link_get_nowait(dev->id, &status) == 0 && status.link_status) {
		link->flags |= API_LINK_CARRIER;
		link->speed_mbps = status.link_speed;
		link->flags |= status.link_duplex ? API_LINK_FULL_DUPLEX : 0;
		link->flags |= status.link_autoneg ? API_LINK_AUTONEG : 0;
	}
	if (rte_eth_promiscuous_get(dev->id) == 1)
		link->flags |= API_LINK_PROMISC;
	if (rte_eth_allmulticast_get(dev->id) == 1)
		link->flags |= API_LINK_ALLMULTICAST;
	link->mbuf_avail = rte_mempool_avail_count(dev->pool);
	link->mbuf_inuse = rte_mempool_in_use_count(dev->pool);
	ethdev_show_stats(dev, link);
	if (dev->bond.n_members)
		bond_show(&dev->bond, dev->id, link);
	return 0;
}

static int ethdev_xstat(void *handle, unsigned int n, char name[64], uint64_t *value)
{
	uint16_t id = ((struct ethdev *)handle)->id;
	uint64_t xid = n;
	struct rte_eth_xstat_name xname;

	/* asked for one too many, DPDK writes a line to the log */
	if (rte_eth_xstats_get_names_by_id(id, NULL, 0, NULL) <= (int)n ||
	    rte_eth_xstats_get_names_by_id(id, &xname, 1, &xid) != 1 ||
	    rte_eth_xstats_get_by_id(id, &xid, value, 1) != 1)
		return -ENOENT;
	memcpy(name, xname.name, 64);
	name[63] = '\0';
	return 0;
}

static int ethdev_set_up(void *handle, bool up)
{
	uint16_t id = ((struct ethdev *)handle)->id;
	int r = up ? rte_eth_dev_set_link_up(id) : rte_eth_dev_set_link_down(id);

	/* a driver without such a switch: our own is enough, workers leave the port alone */
	return r == -ENOTSUP ? 0 : r;
}

static int ethdev_set_promisc(void *handle, bool on)
{
	uint16_t id = ((struct ethdev *)handle)->id;

	return on ? rte_eth_promiscuous_enable(id) : rte_eth_promiscuous_disable(id);
}

static int ethdev_set_allmulticast(void *handle, bool on)
{
	uint16_t id = ((struct ethdev *)handle)->id;

	return on ? rte_eth_allmulticast_enable(id) : rte_eth_allmulticast_disable(id);
}

/* A driver without such a filter, or with too small a one, lets all multicast in; one that cannot
 * even be told so does it anyway. */
static int ethdev_set_mc_list(void *handle, struct rte_ether_addr *macs, uint32_t n)
{
	uint16_t id = ((struct ethdev *)handle)->id;
	int r = rte_eth_dev_set_mc_addr_list(id, macs, n);

	if (r < 0)
		r = rte_eth_allmulticast_enable(id);
	return r == -ENOTSUP ? 0 : r;
}

/*
 * Those told before, and not any more, go; a driver without such a filter, or with too small a one,
 * has to let all in. One that cannot even be told so does it anyway.
 */
static int ethdev_set_uc_list(void *handle, const struct rte_ether_addr *macs, uint32_t n)
{
	struct ethdev *dev = handle;
	int r = 0;

	for (uint32_t i = 0; i < dev->n_uc; i++)
		if (!mac_among(&dev->uc[i], macs, n))
			rte_eth_dev_mac_addr_remove(dev->id, &dev->uc[i]);
	dev->n_uc = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct rte_ether_addr mac = macs[i];
		int one = rte_eth_dev_mac_addr_add(dev->id, &mac, 0);

		if (one == 0)
			dev->uc[dev->n_uc++] = mac;
		else
			r = one;
	}
	if (r < 0)
		r = rte_eth_promiscuous_enable(dev->id);
	return r == -ENOTSUP ? 0 : r;
}

static int ethdev_set_mtu(void *handle, uint16_t mtu)
{
	const struct ethdev *dev = handle;

	return ethdev_mtu_set(dev->id, &dev->bond, mtu);
}

static uint16_t ethdev_mtu_max(void *handle, char *why, size_t size)
{
	const struct ethdev *dev = handle;

	return ethdev_mtu_limit(dev->id, &dev->bond, dev->pool, why, size);
}

static int ethdev_set_mac(void *handle, const struct rte_ether_addr *mac)
{
	struct rte_ether_addr copy = *mac;

	return rte_eth_dev_default_mac_addr_set(((struct ethdev *)handle)->id, &copy);
}

static uint16_t ethdev_port_rss_entries(void *handle)
{
	const struct ethdev *dev = handle;

	return ethdev_rss_entries(dev->id, dev->rss);
}

static int ethdev_port_rss_set(void *handle, const uint8_t *key, const uint16_t *reta, uint16_t n)
{
	const struct ethdev *dev = handle;

	return ethdev_rss_set(dev->id, dev->rss, key, reta, n);
}

static void ethdev_close(void *handle)
{
	struct ethdev *dev = handle;

	rte_eth_dev_stop(dev->id);
	rte_eth_dev_close(dev->id);
	free(dev);
}

/* Lets the frames that the workers have handed over go out; not all drivers can say. */
static void ethdev_drain(const struct ethdev *dev)
{
	struct rte_eth_dev_info info;
	unsigned int waits = 0;

	if (rte_eth_dev_info_get(dev->id, &info) != 0)
		return;
	for (uint16_t q = 0; q < info.nb_tx_queues; q++)
		while (rte_eth_tx_descriptor_status(dev->id, q, dev->tx_descriptors - 1) ==
			       RTE_ETH_TX_DESC_FULL &&
		       waits++ < DRAIN_WAITS)
			rte_delay_us_sleep(DRAIN_WAIT_US);
}

static bool has_siblings(uint16_t id)
{
	uint16_t other;

	RTE_ETH_FOREACH_DEV_SIBLING(other, id)
	if (other != id)
		return true;
	return false;
}

void ethdev_detach(uint16_t id)
{
	struct rte_eth_dev_info info;
	bool last = !has_siblings(id);
	int r = rte_eth_dev_info_get(id, &info);

	rte_eth_dev_close(id);
	if (r == 0 && last)
		r = rte_dev_remove(info.device);
	if (r < 0)
		log_warning("DPDK's port %u: its device is not given back: %s", id, strerror(-r));
}

static void ethdev_remove(void *handle)
{
	struct ethdev *dev = handle;

	ethdev_drain(dev);
	rte_eth_dev_stop(dev->id);
	ethdev_detach(dev->id);
	free(dev);
}

static uint32_t ethdev_member(void *handle)
{
	const struct ethdev *dev = handle;

	return dev->bond.n_members ? bond_member(&dev->bond, dev->id) : 0;
}

static const struct port_ops ethdev_ops = {
	.driver = "ethdev",
	.rx = ethdev_rx,
	.tx = ethdev_tx,
	.rx_fd = ethdev_rx_fd,
	.rx_arm = ethdev_rx_arm,
	.show = ethdev_show,
	.xstat = ethdev_xstat,
	.set_up = ethdev_set_up,
	.set_promisc = ethdev_set_promisc,
	.set_allmulticast = ethdev_set_allmulticast,
	.set_mc_list = ethdev_set_mc_list,
	.set_uc_list = ethdev_set_uc_list,
	.set_mtu = ethdev_set_mtu,
	.mtu_max = ethdev_mtu_max,
	.set_mac = ethdev_set_mac,
	.member = ethdev_member,
	.rss_entries = ethdev_port_rss_entries,
	.rss_set = ethdev_port_rss_set,
	.close = ethdev_close,
	.remove = ethdev_remove,
};

static const struct {
	const char *name;
	uint64_t classes;
} rss_classes[] = {
	{ "ip", RTE_ETH_RSS_IP },
	{ "tcp", RTE_ETH_RSS_TCP },
	{ "udp", RTE_ETH_RSS_UDP },
	{ "sctp", RTE_ETH_RSS_SCTP },
	{ "ether", RTE_ETH_RSS_L2_PAYLOAD },
	{ "port", RTE_ETH_RSS_PORT },
	{ "tunnel", RTE_ETH_RSS_TUNNEL },
	{ "all", RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP },
};

static uint64_t rss_parse(const char *text)
{
	uint64_t classes = 0;

	for (unsigned int i = 0; i < RTE_DIM(rss_classes); i++) {
		const char *at = strstr(text, rss_classes[i].name);

		if (at)
			classes |= rss_classes[i].classes;
	}
	return classes;
}

__attribute__((format(printf, 4, 5))) static int open_fail(int err, char *error, size_t size,
							   const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, size, format, args);
	va_end(args);
	return err < 0 ? err : -EIO;
}

static const struct {
	uint64_t rte;
	uint16_t port;
	uint32_t link;
} tx_offloads[] = {
	{ RTE_ETH_TX_OFFLOAD_IPV4_CKSUM, PORT_TX_IP4_CSUM, API_LINK_TX_IP_CSUM },
	{ RTE_ETH_TX_OFFLOAD_TCP_CKSUM, PORT_TX_TCP_CSUM, API_LINK_TX_TCP_CSUM },
	{ RTE_ETH_TX_OFFLOAD_UDP_CKSUM, PORT_TX_UDP_CSUM, API_LINK_TX_UDP_CSUM },
	{ RTE_ETH_TX_OFFLOAD_MULTI_SEGS, PORT_TX_MULTI_SEG, 0 },
};

bool ethdev_joins(uint64_t rx_offloads)
{
	return rx_offloads & RTE_ETH_RX_OFFLOAD_TCP_LRO;
}

static void choose_offloads(const struct ethdev_config *config, const struct rte_eth_dev_info *info,
			    struct rte_eth_conf *conf, struct ethdev *dev, struct port *port)
{
	for (unsigned int i = 0; i < RTE_DIM(tx_offloads); i++) {
		if (!(info->tx_offload_capa & tx_offloads[i].rte))
			continue;
		conf->txmode.offloads |= tx_offloads[i].rte;
		port->offloads |= tx_offloads[i].port;
		dev->flags |= tx_offloads[i].link;
	}
	if (info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM) {
		conf->rxmode.offloads |= RTE_ETH_RX_OFFLOAD_IPV4_CKSUM;
		port->offloads |= PORT_RX_IP4_CSUM;
		dev->flags |= API_LINK_RX_IP_CSUM;
	}
	/* one pool and single references: what fast free asks; segmented packets are none of its
	 * business */
	if (config->fast_free && (info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE) &&
	    !(conf->txmode.offloads & RTE_ETH_TX_OFFLOAD_MULTI_SEGS)) {
		conf->txmode.offloads |= RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
		dev->flags |= API_LINK_TX_FAST_FREE;
	}
	if (config->n_rx_queues > 1 && (rss_parse(config->rss) & info->flow_type_rss_offloads)) {
		conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		dev->rss = rss_parse(config->rss) & info->flow_type_rss_offloads;
		conf->rx_adv_conf.rss_conf.rss_hf = dev->rss;
		dev->flags |= API_LINK_RSS;
	}
}

static int setup_queues(const struct ethdev_config *config, struct ethdev *dev, char *error,
			size_t size)
{
	int node = rte_eth_dev_socket_id(dev->id);
	int r;

	rte_eth_dev_adjust_nb_rx_tx_desc(dev->id, &dev->rx_descriptors, &dev->tx_descriptors);
	for (uint16_t q = 0; q < config->n_rx_queues; q++) {
		r = rte_eth_rx_queue_setup(dev->id, q, dev->rx_descriptors, (unsigned int)node,
					   NULL, config->pool);
		if (r < 0)
			return open_fail(r, error, size, "receive queue %u: %s; the log says more",
					 q, strerror(-r));
	}
	for (uint16_t q = 0; q < config->n_tx_queues; q++) {
		r = rte_eth_tx_queue_setup(dev->id, q, dev->tx_descriptors, (unsigned int)node,
					   NULL);
		if (r < 0)
			return open_fail(r, error, size, "transmit queue %u: %s", q, strerror(-r));
	}
	return 0;
}

/*
 * Segments joined on the way in are longer than the way out, and would be cut again otherwise than
 * they came. We never ask for it; a driver that has it on all the same cannot carry a port.
 */
static int check_lro(uint16_t id, char *error, size_t size)
{
	struct rte_eth_dev_info info;
	struct rte_eth_rxq_info queue;

	if (rte_eth_rx_queue_info_get(id, 0, &queue) != 0 || !ethdev_joins(queue.conf.offloads) ||
	    rte_eth_dev_info_get(id, &info) != 0)
		return 0;
	return open_fail(-EOPNOTSUPP, error, size,
			 "its driver %s joins the segments that it receives (LRO), which what is "
			 "forwarded must not be; switch it off where the driver is told to",
			 info.driver_name);
}

static int set_modes(const struct ethdev_config *config, struct ethdev *dev, struct port *port,
		     char *error, size_t size)
{
	int r;

	if (config->promisc) {
		r = rte_eth_promiscuous_enable(dev->id);
		if (r < 0 && r != -ENOTSUP)
			return open_fail(r, error, size, "promisc_mode: %s", strerror(-r));
	}
	if (config->allmulticast) {
		r = rte_eth_allmulticast_enable(dev->id);
		if (r < 0 && r != -ENOTSUP)
			return open_fail(r, error, size, "allmulticast: %s", strerror(-r));
	}
	r = rte_eth_macaddr_get(dev->id, &port->mac);
	if (r < 0)
		return open_fail(r, error, size, "MAC address: %s", strerror(-r));
	return check_lro(dev->id, error, size);
}

static int start_port(const struct ethdev_config *config, struct ethdev *dev, struct port *port,
		      char *error, size_t size)
{
	int r = ethdev_mtu_set(dev->id, &dev->bond, config->mtu);
	uint16_t mtu = 0;

	/* a refusal of what it has anyway is none */
	if (r < 0 && (rte_eth_dev_get_mtu(dev->id, &mtu) != 0 || mtu != config->mtu))
		return open_fail(r, error, size, "mtu %u: %s", config->mtu, strerror(-r));
	r = rte_eth_dev_start(dev->id);
	if (r < 0)
		return open_fail(r, error, size, "start: %s", strerror(-r));
	/* a bonding's driver has now told its members what DPDK thinks that they take */
	r = dev->bond.n_members ? ethdev_mtu_set(dev->id, &dev->bond, config->mtu) : 0;
	if (r < 0)
		open_fail(r, error, size, "mtu %u: %s", config->mtu, strerror(-r));
	else
		r = set_modes(config, dev, port, error, size);
	if (r < 0)
		rte_eth_dev_stop(dev->id);
	return r;
}

void ethdev_limits(uint16_t id, uint16_t *rx_queues, uint16_t *tx_queues)
{
	struct rte_eth_dev_info info;

	*rx_queues = 0;
	*tx_queues = 0;
	if (rte_eth_dev_info_get(id, &info) != 0)
		return;
	*rx_queues = info.max_rx_queues;
	*tx_queues = info.max_tx_queues;
}

static int configure_port(const struct ethdev_config *config, bool wakes, struct ethdev *dev,
			  struct port *port, char *error, size_t size)
{
	struct rte_eth_conf conf = { 0 };
	struct rte_eth_dev_info info;
	char why[160];
	uint16_t max = ethdev_mtu_limit(dev->id, &dev->bond, dev->pool, why, sizeof(why)), min;
	int r = rte_eth_dev_info_get(dev->id, &info);

	if (r < 0)
		return open_fail(r, error, size, "device information: %s", strerror(-r));
	min = RTE_MAX(info.min_mtu, RTE_ETHER_MIN_MTU);
	if (config->n_rx_queues > info.max_rx_queues || config->n_tx_queues > info.max_tx_queues)
		return open_fail(-EINVAL, error, size,
				 "%u receive and %u transmit queues; the driver %s has at most %u "
				 "and %u",
				 config->n_rx_queues, config->n_tx_queues, info.driver_name,
				 info.max_rx_queues, info.max_tx_queues);
	if (config->mtu > max || config->mtu < min)
		return open_fail(-EINVAL, error, size, "mtu %u: %u to %u is possible; %s",
				 config->mtu, min, max, why);
	choose_offloads(config, &info, &conf, dev, port);
	conf.intr_conf.rxq = wakes;
	r = rte_eth_dev_configure(dev->id, config->n_rx_queues, config->n_tx_queues, &conf);
	if (r < 0)
		return open_fail(r, error, size, "configure: %s", strerror(-r));
	return setup_queues(config, dev, error, size);
}

static int run_port(const struct ethdev_config *config, bool wakes, struct ethdev *dev,
		    struct port *port, char *error, size_t size)
{
	int r;

	memset(port, 0, sizeof(*port));
	dev->flags = 0;
	r = configure_port(config, wakes, dev, port, error, size);
	if (r == 0)
		r = start_port(config, dev, port, error, size);
	if (r < 0)
		return r;
	dev->wake = wakes ? ethdev_wake_find(dev->id, config->n_rx_queues) : WAKE_NONE;
	port->rx_interrupts = dev->wake == WAKE_INTERRUPT;
	return 0;
}

/* Some drivers refuse to start when they cannot interrupt: without, then. What they have said first
 * is the reason if they refuse again. */
static int run_anyhow(const struct ethdev_config *config, struct ethdev *dev, struct port *port,
		      char *error, size_t size)
{
	bool wakes = config->wakes && ethdev_wake_possible(dev->id);
	int r = run_port(config, wakes, dev, port, error, size);
	char again[256];

	if (r == 0 || !wakes || run_port(config, false, dev, port, again, sizeof(again)) < 0)
		return r;
	log_notice("%s: starts without receive interrupts only (%s): workers sleep by time",
		   config->name, error);
	return 0;
}

int ethdev_open(const struct ethdev_config *config, struct port *port, char *error, size_t size)
{
	struct ethdev *dev = calloc(1, sizeof(*dev));
	int r;

	if (!dev)
		return open_fail(-ENOMEM, error, size, "no memory");
	dev->id = config->id;
	dev->pool = config->pool;
	dev->rx_descriptors = config->rx_descriptors;
	dev->tx_descriptors = config->tx_descriptors;
	if (config->bond)
		dev->bond = *config->bond;
	r = run_anyhow(config, dev, port, error, size);
	if (r < 0) {
		free(dev);
		return r;
	}
	ethdev_overruns_find(dev->id, &dev->overruns);
	for (unsigned int i = 0; i < dev->bond.n_members; i++)
		ethdev_overruns_find(dev->bond.members[i].id, &dev->overruns);
	snprintf(port->name, sizeof(port->name), "%s", config->name);
	port->ops = &ethdev_ops;
	port->handle = dev;
	port->mtu = config->mtu;
	port->n_rx_queues = config->n_rx_queues;
	port->n_tx_queues = config->n_tx_queues;
	port->socket = rte_eth_dev_socket_id(config->id);
	port->up = true;
	if (dev->bond.n_members && dev->bond.mode == BOND_ALB)
		for (unsigned int i = 0; i < dev->bond.n_members; i++)
			port->member_macs[port->n_member_macs++] = dev->bond.members[i].mac;
	port->beat = dev->bond.n_members && dev->bond.mode == BOND_8023AD;
	return 0;
}
