/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/kni-tap: a kernel interface by the kernel's TUN driver: a network
 * device, and a descriptor on which every write is a frame that it receives and
 * every read one that it sends. It disappears with the descriptor. MAC and
 * carrier are set by the descriptor, too, so that they follow even when the
 * device was moved to another network namespace; the MTU is not.
 *
 * Neither vnet headers nor offloads are asked for: the kernel then hands over
 * frames with finished checksums and no longer than the MTU.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/lines.h"
#include "link/kni_owner.h"

#define SEGMENTS_MAX 64

struct tap {
	int fd;
	char name[IFNAMSIZ]; /* as it was made */
};

static int tap_open(void *arg, const char *name, void **dev)
{
	struct tap *tap = lines_alloc(sizeof(*tap));
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int r;

	if (!tap)
		return -ENOMEM;
	tap->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tap->fd < 0) {
		r = -errno;
		free(tap);
		return r;
	}
	memcpy(request.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	if (ioctl(tap->fd, TUNSETIFF, &request) < 0) {
		r = -errno;
		close(tap->fd);
		free(tap);
		return r;
	}
	memcpy(tap->name, request.ifr_name, IFNAMSIZ);
	*dev = tap;
	return 0;
}

static int tap_fd(void *dev)
{
	return ((struct tap *)dev)->fd;
}

/* A request about the device to a socket of our network namespace. */
static int tap_ask(const struct tap *tap, unsigned long what, struct ifreq *request)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -errno;
	memcpy(request->ifr_name, tap->name, IFNAMSIZ);
	r = ioctl(fd, what, request) < 0 ? -errno : 0;
	close(fd);
	return r;
}

static unsigned int tap_index(void *dev)
{
	struct ifreq request = { 0 };

	return tap_ask(dev, SIOCGIFINDEX, &request) < 0 ? 0 : (unsigned int)request.ifr_ifindex;
}

static int tap_write(void *dev, const struct rte_mbuf *m)
{
	struct iovec parts[SEGMENTS_MAX];
	int n = 0;

	for (; m && n < SEGMENTS_MAX; m = m->next)
		parts[n++] = (struct iovec){ rte_pktmbuf_mtod(m, void *), m->data_len };
	if (m)
		return -EMSGSIZE;
	return writev(((struct tap *)dev)->fd, parts, n) < 0 ? -errno : 0;
}

static uint32_t tap_read(void *dev, void *to, uint32_t room)
{
	ssize_t n = read(((struct tap *)dev)->fd, to, room);

	return n < 0 ? 0 : (uint32_t)n;
}

static int tap_set_mac(void *dev, const struct rte_ether_addr *mac)
{
	struct ifreq request = { 0 };

	request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(request.ifr_hwaddr.sa_data, mac, RTE_ETHER_ADDR_LEN);
	return ioctl(((struct tap *)dev)->fd, SIOCSIFHWADDR, &request) < 0 ? -errno : 0;
}

static int tap_set_mtu(void *dev, uint16_t mtu)
{
	struct ifreq request = { .ifr_mtu = mtu };

	return tap_ask(dev, SIOCSIFMTU, &request);
}

static int tap_set_carrier(void *dev, bool on)
{
	int carrier = on;

	return ioctl(((struct tap *)dev)->fd, TUNSETCARRIER, &carrier) < 0 ? -errno : 0;
}

static void tap_close(void *dev)
{
	struct tap *tap = dev;

	close(tap->fd);
	free(tap);
}

const struct kni_ops kni_tap_ops = {
	.open = tap_open,
	.fd = tap_fd,
	.index = tap_index,
	.write = tap_write,
	.read = tap_read,
	.set_mac = tap_set_mac,
	.set_mtu = tap_set_mtu,
	.set_carrier = tap_set_carrier,
	.close = tap_close,
};
