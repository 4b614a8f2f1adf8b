/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/tun.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define QUEUE_BYTES (8 << 20)

int tun_open(const char *name)
{
	struct ifreq tun = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR);

	snprintf(tun.ifr_name, sizeof(tun.ifr_name), "%s", name);
	return fd < 0 || ioctl(fd, TUNSETIFF, &tun) < 0 ? -1 : fd;
}

void socket_roomy(int fd)
{
	int bytes = QUEUE_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}
