/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * decap: the end of tunnels for kernels without such devices. It makes the TUN
 * device NAME, and until it is killed gives the kernel, by it, the packets that
 * come inside others: IPIP, GRE, and GUE over UDP to PORT, of both families in
 * both. Each has a socket; a packet with a flag that it does not know is dropped
 * and told. When it ends by SIGTERM it prints how many there were of each kind:
 * `ipip N gre N gue N`, whatever the family.
 *
 *	decap NAME PORT
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/tun.h"

#define ROOM       65536
#define GRE_LEN    4
#define GRE_CSUM   0x80
#define ETHER_IPV4 0x0800
#define ETHER_IPV6 0x86dd
#define GUE_LEN    4

enum kind {
	KIND_IPIP,
	KIND_GRE,
	KIND_GUE,
	KINDS,
};

/* What comes by a socket; a raw one over IPv4 shows the outer header, others do not. */
struct outer {
	sa_family_t family;
	int proto;
	enum kind kind;
};

static const struct outer outers[] = {
	{ AF_INET, IPPROTO_IPIP, KIND_IPIP },  { AF_INET, IPPROTO_IPV6, KIND_IPIP },
	{ AF_INET, IPPROTO_GRE, KIND_GRE },    { AF_INET, IPPROTO_UDP, KIND_GUE },
	{ AF_INET6, IPPROTO_IPIP, KIND_IPIP }, { AF_INET6, IPPROTO_IPV6, KIND_IPIP },
	{ AF_INET6, IPPROTO_GRE, KIND_GRE },   { AF_INET6, IPPROTO_UDP, KIND_GUE },
};

#define OUTERS (sizeof(outers) / sizeof(outers[0]))

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

static int udp_open(sa_family_t family, uint16_t port)
{
	struct sockaddr_in ip4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 ip6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(family, SOCK_DGRAM, 0), on = 1;

	if (family == AF_INET)
		return bind(fd, (struct sockaddr *)&ip4, sizeof(ip4)) < 0 ? -1 : fd;
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	/* RFC 6935: tunnels may do without a checksum */
	setsockopt(fd, IPPROTO_UDP, UDP_NO_CHECK6_RX, &on, sizeof(on));
	return bind(fd, (struct sockaddr *)&ip6, sizeof(ip6)) < 0 ? -1 : fd;
}

static int socket_open(const struct outer *outer, uint16_t port)
{
	int fd;

	if (outer->kind == KIND_GUE)
		fd = udp_open(outer->family, port);
	else
		fd = socket(outer->family, SOCK_RAW, outer->proto);
	if (fd < 0)
		fatal("socket");
	socket_roomy(fd);
	return fd;
}

static size_t inside_gre(const uint8_t *gre)
{
	unsigned int type = (unsigned int)(gre[2] << 8 | gre[3]);

	if ((gre[0] & ~GRE_CSUM) != 0 || gre[1] != 0 || (type != ETHER_IPV4 && type != ETHER_IPV6))
		return 0;
	return GRE_LEN + (gre[0] & GRE_CSUM ? GRE_LEN : 0);
}

/* Where the packet inside begins; -1: there is none, or another's. */
static ssize_t inside(const struct outer *outer, const uint8_t *packet, size_t len)
{
	bool header = outer->family == AF_INET && outer->kind != KIND_GUE;
	size_t at = header ? (size_t)(packet[0] & 0xf) * 4 : 0, more;

	if (len < at + GRE_LEN + GRE_LEN)
		return -1;
	if (outer->kind == KIND_IPIP)
		return (ssize_t)at;
	if (outer->kind == KIND_GRE) {
		more = inside_gre(packet + at);
		return more ? (ssize_t)(at + more) : -1;
	}
	/* version 0, no fields */
	if (packet[0] != 0 || (packet[1] != IPPROTO_IPIP && packet[1] != IPPROTO_IPV6))
		return -1;
	return GUE_LEN;
}

static int pass_in(int fd, const struct outer *outer, int tun)
{
	static uint8_t packet[ROOM];
	ssize_t len = recv(fd, packet, sizeof(packet), 0);
	ssize_t at = len > 0 ? inside(outer, packet, (size_t)len) : -1;

	if (at >= 0 && len >= at + (ssize_t)sizeof(struct iphdr) &&
	    (packet[at] >> 4 == 4 || packet[at] >> 4 == 6) &&
	    write(tun, packet + at, (size_t)(len - at)) > 0)
		return 1;
	fprintf(stderr, "decap: a packet of kind %d, %zd bytes: not for here\n", outer->kind, len);
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = stop };
	struct pollfd fds[OUTERS];
	unsigned int counts[KINDS] = { 0 };
	int tun;

	if (argc != 3) {
		fprintf(stderr, "usage: decap NAME PORT\n");
		return 2;
	}
	sigaction(SIGTERM, &action, NULL);
	for (size_t i = 0; i < OUTERS; i++)
		fds[i] = (struct pollfd){ socket_open(&outers[i], (uint16_t)atoi(argv[2])), POLLIN,
					  0 };
	tun = tun_open(argv[1]);
	if (tun < 0)
		fatal(argv[1]);
	while (!stopped) {
		if (poll(fds, OUTERS, 1000) < 0 && errno != EINTR)
			fatal("poll");
		for (size_t i = 0; i < OUTERS && !stopped; i++)
			if (fds[i].revents)
				counts[outers[i].kind] += (unsigned int)pass_in(fds[i].fd,
										&outers[i], tun);
	}
	printf("ipip %u gre %u gue %u\n", counts[KIND_IPIP], counts[KIND_GRE], counts[KIND_GUE]);
	return 0;
}
