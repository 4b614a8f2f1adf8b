/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tunnel_end: a tunnel's other end, for kernels without such devices. It makes
 * the TUN device NAME; what the kernel sends by it goes to REMOTE inside packets
 * of MODE (ipip, gre, sit, ipip6, ip6ip6, ip6gre, as ip(8) calls them), and what
 * comes from there inside such packets is given to the kernel. What it does not
 * know is told and dropped. It runs until it is killed.
 *
 *	tunnel_end NAME MODE LOCAL REMOTE
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/tun.h"

#define ROOM    65536
#define GRE_LEN 4

static const struct mode {
	const char *name;
	int family, proto;
} modes[] = {
	{ "ipip", AF_INET, IPPROTO_IPIP },    { "gre", AF_INET, IPPROTO_GRE },
	{ "sit", AF_INET, IPPROTO_IPV6 },     { "ipip6", AF_INET6, IPPROTO_IPIP },
	{ "ip6ip6", AF_INET6, IPPROTO_IPV6 }, { "ip6gre", AF_INET6, IPPROTO_GRE },
};

__attribute__((noreturn)) static void fatal(const char *what)
{
	fprintf(stderr, "tunnel_end: %s: %s\n", what, strerror(errno));
	exit(1);
}

static const struct mode *mode_find(const char *name)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(modes[i].name, name) == 0)
			return &modes[i];
	fprintf(stderr, "tunnel_end: %s: no such mode\n", name);
	exit(2);
}

static void fill(const struct mode *mode, const char *text, struct sockaddr_storage *to)
{
	struct sockaddr_in *to4 = (void *)to;
	struct sockaddr_in6 *to6 = (void *)to;

	memset(to, 0, sizeof(*to));
	to->ss_family = (sa_family_t)mode->family;
	if (inet_pton(mode->family, text,
		      mode->family == AF_INET ? (void *)&to4->sin_addr : &to6->sin6_addr) != 1) {
		errno = EINVAL;
		fatal(text);
	}
}

static int socket_open(const struct mode *mode, const char *local, const char *remote)
{
	socklen_t len = mode->family == AF_INET ? sizeof(struct sockaddr_in)
						: sizeof(struct sockaddr_in6);
	int fd = socket(mode->family, SOCK_RAW, mode->proto);
	struct sockaddr_storage here, there;

	fill(mode, local, &here);
	fill(mode, remote, &there);
	if (fd < 0 || bind(fd, (struct sockaddr *)&here, len) < 0 ||
	    connect(fd, (struct sockaddr *)&there, len) < 0)
		fatal("socket");
	socket_roomy(fd);
	return fd;
}

/* An error of an earlier packet (the other end is away) is none of this one's. */
static void wrap(const struct mode *mode, int tun, int fd)
{
	static uint8_t packet[GRE_LEN + ROOM];
	ssize_t len = read(tun, packet + GRE_LEN, ROOM);
	size_t more = mode->proto == IPPROTO_GRE ? GRE_LEN : 0;

	if (len <= 0)
		return;
	memcpy(packet, packet[GRE_LEN] >> 4 == 4 ? "\0\0\x08\x00" : "\0\0\x86\xdd", GRE_LEN);
	if (send(fd, packet + GRE_LEN - more, (size_t)len + more, 0) < 0)
		send(fd, packet + GRE_LEN - more, (size_t)len + more, 0);
}

static void unwrap(const struct mode *mode, int fd, int tun)
{
	static uint8_t packet[ROOM];
	ssize_t len = recv(fd, packet, sizeof(packet), 0);
	size_t at;

	if (len <= 0)
		return;
	at = mode->family == AF_INET ? (size_t)(packet[0] & 0xf) * 4 : 0;
	if (mode->proto == IPPROTO_GRE && (size_t)len > at + GRE_LEN && packet[at] == 0 &&
	    packet[at + 1] == 0)
		at += GRE_LEN;
	if ((size_t)len <= at || write(tun, packet + at, (size_t)len - at) < 0)
		fprintf(stderr, "tunnel_end: a packet of %zd bytes: not for here\n", len);
}

int main(int argc, char **argv)
{
	const struct mode *mode;
	struct pollfd fds[2];

	if (argc != 5) {
		fprintf(stderr, "usage: tunnel_end NAME MODE LOCAL REMOTE\n");
		return 2;
	}
	mode = mode_find(argv[2]);
	fds[0] = (struct pollfd){ tun_open(argv[1]), POLLIN, 0 };
	if (fds[0].fd < 0)
		fatal(argv[1]);
	fds[1] = (struct pollfd){ socket_open(mode, argv[3], argv[4]), POLLIN, 0 };
	for (;;) {
		if (poll(fds, 2, 1000) < 0 && errno != EINTR)
			fatal("poll");
		if (fds[0].revents)
			wrap(mode, fds[0].fd, fds[1].fd);
		if (fds[1].revents)
			unwrap(mode, fds[1].fd, fds[0].fd);
	}
}
