/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/ethdev-mtu: four things limit an MTU. A packet buffer holds a whole
 * frame, so the pool's size does: it is made once, for the largest `mtu` of the
 * conf file's devices. The driver says how long a frame it takes. And DPDK's
 * driver for AF_PACKET says 1518 bytes whatever it can do, so that DPDK refuses
 * more before the driver hears of it; there the ring's `framesz` is what counts,
 * and the kernel's interface is told by ourselves. A bonding takes what the least
 * of its members does; its driver asks DPDK about them, which would refuse the
 * same, so members are told one by one.
 */
#include "link/ethdev_mtu.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_devargs.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#define L2_ROOM 26 /* of a frame in a buffer: Ethernet, two tags, checksum */

#define AF_PACKET_FRAME 2048 /* the ring's framesz if the vdev does not say */
#define AF_PACKET_ROOM  84   /* of it: the kernel's header, Ethernet, a tag */

/* What DPDK lets us ask of the driver. */
static uint32_t asked_max(const struct rte_eth_dev_info *info)
{
	uint32_t overhead = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;
	uint32_t max = info->max_mtu;

	if (info->max_mtu != UINT16_MAX && info->max_rx_pktlen > info->max_mtu)
		overhead = info->max_rx_pktlen - info->max_mtu;
	if (info->max_rx_pktlen > overhead)
		max = RTE_MIN(max, info->max_rx_pktlen - overhead);
	return max;
}

/* Of a port that is a ring of an AF_PACKET socket: its interface, else no name. */
static bool af_packet_iface(const struct rte_eth_dev_info *info, char name[IF_NAMESIZE])
{
	return strcmp(info->driver_name, "net_af_packet") == 0 && info->if_index &&
	       if_indextoname(info->if_index, name);
}

static uint32_t af_packet_frame(const struct rte_eth_dev_info *info)
{
	const struct rte_devargs *devargs = info->device ? rte_dev_devargs(info->device) : NULL;
	const char *at = devargs && devargs->args ? strstr(devargs->args, "framesz=") : NULL;

	return at ? (uint32_t)strtoul(at + strlen("framesz="), NULL, 10) : AF_PACKET_FRAME;
}

static uint16_t one_limit(uint16_t id, const struct rte_mempool *pool, char *why, size_t size)
{
	struct rte_mempool *of = (struct rte_mempool *)(uintptr_t)pool;
	uint32_t room = rte_pktmbuf_data_room_size(of) - RTE_PKTMBUF_HEADROOM - L2_ROOM;
	struct rte_eth_dev_info info;
	char iface[IF_NAMESIZE];
	uint32_t max = UINT16_MAX, frame;

	if (rte_eth_dev_info_get(id, &info) == 0) {
		max = asked_max(&info);
		snprintf(why, size, "its driver %s takes no more", info.driver_name);
		if (af_packet_iface(&info, iface)) {
			frame = af_packet_frame(&info);
			max = RTE_MAX(max, frame > AF_PACKET_ROOM ? frame - AF_PACKET_ROOM : 0);
			snprintf(why, size,
				 "its frames have %u bytes (framesz of its vdev, %u more than the "
				 "mtu)",
				 frame, AF_PACKET_ROOM);
		}
	}
	if (max <= room)
		return (uint16_t)max;
	snprintf(why, size,
		 "packet buffers are made at start for the largest mtu of a device block "
		 "(netif_defs "
		 "{ device NAME { mtu N } })");
	return (uint16_t)room;
}

uint16_t ethdev_mtu_limit(uint16_t id, const struct bond *bond, const struct rte_mempool *pool,
			  char *why, size_t size)
{
	uint16_t least = UINT16_MAX;
	char of[160] = "";

	if (bond->n_members == 0)
		return one_limit(id, pool, why, size);
	for (unsigned int i = 0; i < bond->n_members; i++) {
		uint16_t limit = one_limit(bond->members[i].id, pool, of, sizeof(of));

		if (limit < least)
			snprintf(why, size, "%s", of);
		least = RTE_MIN(least, limit);
	}
	return least;
}

static int iface_set_mtu(const char *name, uint16_t mtu)
{
	struct ifreq request = { .ifr_mtu = mtu };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -errno;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	r = ioctl(fd, SIOCSIFMTU, &request) < 0 ? -errno : 0;
	close(fd);
	return r;
}

static int one_set(uint16_t id, uint16_t mtu)
{
	struct rte_eth_dev_info info;
	char iface[IF_NAMESIZE];
	int r = rte_eth_dev_info_get(id, &info);

	if (r < 0)
		return r;
	if (af_packet_iface(&info, iface))
		return iface_set_mtu(iface, mtu);
	r = rte_eth_dev_set_mtu(id, mtu);
	/* a driver without such a setting: what it takes is what its buffers hold */
	return r == -ENOTSUP ? 0 : r;
}

int ethdev_mtu_set(uint16_t id, const struct bond *bond, uint16_t mtu)
{
	unsigned int done = 0;
	uint16_t was;
	int r = 0;

	if (bond->n_members == 0)
		return one_set(id, mtu);
	while (done < bond->n_members && (r = one_set(bond->members[done].id, mtu)) == 0)
		done++;
	if (r == 0)
		rte_eth_dev_set_mtu(id, mtu); /* refused or not: they have it */
	else if (rte_eth_dev_get_mtu(id, &was) == 0)
		while (done-- > 0)
			one_set(bond->members[done].id, was);
	return r;
}
