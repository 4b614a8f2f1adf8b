/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * decap: the end of tunnels for kernels without such devices. It makes the TUN
 * device NAME, and until it is killed gives the kernel, by it, the IPv4 packets
 * that come inside others: IPIP, GRE, and GUE over UDP to PORT. Each has a
 * socket; a packet with a flag that it does not know is dropped and told. When
 * it ends by SIGTERM it prints how many there were: `ipip N gre N gue N`.
 *
 *	decap NAME PORT
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM        65536
#define GRE_LEN     4
#define GRE_CSUM    0x80
#define ETHER_IPV4  0x0800
#define GUE_LEN     4
#define QUEUE_BYTES (8 << 20)

enum kind {
	KIND_IPIP,
	KIND_GRE,
	KIND_GUE,
	KINDS,
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

__attribute__((noreturn)) static void fatal(const char *what)
{
	fprintf(stderr, "decap: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int socket_open(enum kind kind, uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	int bytes = QUEUE_BYTES, fd;

	if (kind == KIND_GUE)
		fd = socket(AF_INET, SOCK_DGRAM, 0);
	else
		fd = socket(AF_INET, SOCK_RAW, kind == KIND_GRE ? IPPROTO_GRE : IPPROTO_IPIP);
	if (fd < 0 || (kind == KIND_GUE && bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0))
		fatal("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	return fd;
}

static int tun_open(const char *name)
{
	struct ifreq tun = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR);

	snprintf(tun.ifr_name, sizeof(tun.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &tun) < 0)
		fatal(name);
	return fd;
}

/* Where the packet inside begins; 0: there is none, or another's. */
static size_t inside(enum kind kind, const uint8_t *packet, size_t len)
{
	size_t at = kind == KIND_GUE ? 0 : (size_t)(packet[0] & 0xf) * 4;

	if (len < at + GRE_LEN + GRE_LEN)
		return 0;
	if (kind == KIND_GUE) /* version 0, no fields, IPv4 */
		return packet[0] == 0 && packet[1] == IPPROTO_IPIP ? GUE_LEN : 0;
	if (kind == KIND_IPIP)
		return at;
	if ((packet[at] & ~GRE_CSUM) != 0 || packet[at + 1] != 0 ||
	    (packet[at + 2] << 8 | packet[at + 3]) != ETHER_IPV4)
		return 0;
	return at + GRE_LEN + (packet[at] & GRE_CSUM ? GRE_LEN : 0);
}

static int pass_in(int fd, enum kind kind, int tun)
{
	static uint8_t packet[ROOM];
	ssize_t len = recv(fd, packet, sizeof(packet), 0);
	size_t at = len > 0 ? inside(kind, packet, (size_t)len) : 0;

	if (at > 0 && (size_t)len >= at + sizeof(struct iphdr) && packet[at] >> 4 == 4 &&
	    write(tun, packet + at, (size_t)len - at) > 0)
		return 1;
	fprintf(stderr, "decap: a packet of kind %d, %zd bytes: not for here\n", kind, len);
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = stop };
	struct pollfd fds[KINDS];
	unsigned int counts[KINDS] = { 0 };
	int tun;

	if (argc != 3) {
		fprintf(stderr, "usage: decap NAME PORT\n");
		return 2;
	}
	sigaction(SIGTERM, &action, NULL);
	for (int i = 0; i < KINDS; i++)
		fds[i] = (struct pollfd){ socket_open(i, (uint16_t)atoi(argv[2])), POLLIN, 0 };
	tun = tun_open(argv[1]);
	while (!stopped) {
		if (poll(fds, KINDS, 1000) < 0 && errno != EINTR)
			fatal("poll");
		for (int i = 0; i < KINDS && !stopped; i++)
			if (fds[i].revents)
				counts[i] += (unsigned int)pass_in(fds[i].fd, i, tun);
	}
	printf("ipip %u gre %u gue %u\n", counts[KIND_IPIP], counts[KIND_GRE], counts[KIND_GUE]);
	return 0;
}
