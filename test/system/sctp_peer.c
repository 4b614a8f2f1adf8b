/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sctp_peer: both ends of SCTP associations, for kernels that have none: over
 * raw sockets, as much of RFC 9260 as it takes to open one, to send data each
 * way and to end it, and every checksum verified.
 *
 *	sctp_peer serve ADDRESS PORT NAME     answers data with NAME and the data, until killed
 *	sctp_peer call ADDRESS PORT N BYTES   N associations, one after the other; prints the names
 *
 * A server keeps nothing: its tag is the complement of the client's, and so says whom it is for.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DATA, INIT, INIT_ACK, SACK, SHUTDOWN = 7, SHUTDOWN_ACK, COOKIE_ECHO = 10, COOKIE_ACK };
enum { SHUTDOWN_COMPLETE = 14 };

#define HEADER   12
#define CHUNK    4
#define ROOM     2048
#define TRIES    10
#define AGAIN_MS 1000

struct end {
	int fd;
	struct sockaddr_storage to;
	socklen_t to_len;
	uint16_t port, peer_port;
};

/* A packet with one chunk, as it is sent or has come. */
struct packet {
	uint32_t tag;
	uint16_t sport, dport;
	uint8_t type;
	uint8_t body[ROOM];
	size_t len; /* of the body */
};

__attribute__((noreturn)) static void fatal(const char *what)
{
	fprintf(stderr, "sctp_peer: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint32_t crc32c(const uint8_t *data, size_t len)
{
	uint32_t crc = UINT32_MAX;

	for (; len; data++, len--) {
		crc ^= *data;
		for (unsigned int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void address(struct end *end, const char *text)
{
	struct sockaddr_in *four = (void *)&end->to;
	struct sockaddr_in6 *six = (void *)&end->to;

	memset(&end->to, 0, sizeof(end->to));
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		end->to.ss_family = AF_INET;
		end->to_len = sizeof(*four);
	} else if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1) {
		end->to.ss_family = AF_INET6;
		end->to_len = sizeof(*six);
	} else {
		errno = EINVAL;
		fatal(text);
	}
	end->fd = socket(end->to.ss_family, SOCK_RAW, IPPROTO_SCTP);
	if (end->fd < 0)
		fatal("a raw socket");
}

static void packet_send(const struct end *end, const struct packet *packet)
{
	uint8_t bytes[HEADER + CHUNK + ROOM + 4] = { 0 };
	size_t len = HEADER + CHUNK + packet->len;
	uint32_t crc;

	put16(bytes, end->port);
	put16(bytes + 2, end->peer_port);
	put32(bytes + 4, packet->tag);
	bytes[HEADER] = packet->type;
	bytes[HEADER + 1] = packet->type == DATA ? 3 : 0; /* all of a message */
	put16(bytes + HEADER + 2, (uint32_t)(CHUNK + packet->len));
	memcpy(bytes + HEADER + CHUNK, packet->body, packet->len);
	len = (len + 3) & ~(size_t)3;
	crc = crc32c(bytes, len);
	for (unsigned int i = 0; i < 4; i++)
		bytes[8 + i] = (uint8_t)(crc >> 8 * i);
	if (sendto(end->fd, bytes, len, 0, (const void *)&end->to, end->to_len) < 0)
		fatal("send");
}

static bool packet_read(uint8_t *bytes, size_t len, struct packet *packet)
{
	uint32_t crc = 0;

	if (len < HEADER + CHUNK)
		return false;
	for (unsigned int i = 0; i < 4; i++)
		crc |= (uint32_t)bytes[8 + i] << 8 * i;
	memset(bytes + 8, 0, 4);
	packet->sport = (uint16_t)(bytes[0] << 8 | bytes[1]);
	packet->dport = (uint16_t)(bytes[2] << 8 | bytes[3]);
	packet->tag = get32(bytes + 4);
	packet->type = bytes[HEADER];
	packet->len = (size_t)(bytes[HEADER + 2] << 8 | bytes[HEADER + 3]) - CHUNK;
	if (crc != crc32c(bytes, len) || packet->len > len - HEADER - CHUNK) {
		fprintf(stderr, "sctp_peer: a wrong checksum or length, type %u\n", packet->type);
		exit(1); /* nothing here damages packets but a balancer */
	}
	memcpy(packet->body, bytes + HEADER + CHUNK, packet->len);
	return true;
}

/* The next packet to our port within that time. Its sender becomes whom answers are for. */
static bool packet_take(struct end *end, struct packet *packet, int timeout_ms)
{
	struct pollfd ready = { .fd = end->fd, .events = POLLIN };
	uint8_t bytes[ROOM];

	while (poll(&ready, 1, timeout_ms) == 1) {
		struct sockaddr_storage from;
		socklen_t from_len = sizeof(from);
		ssize_t len = recvfrom(end->fd, bytes, sizeof(bytes), 0, (void *)&from, &from_len);
		size_t skip = end->to.ss_family == AF_INET ? (bytes[0] & 15) * 4u : 0;

		if (len < 0 || (size_t)len < skip ||
		    !packet_read(bytes + skip, (size_t)len - skip, packet) ||
		    packet->dport != end->port)
			continue;
		end->to = from;
		end->to_len = from_len;
		if (from.ss_family == AF_INET6)
			((struct sockaddr_in6 *)(void *)&end->to)->sin6_port = 0;
		end->peer_port = packet->sport;
		return true;
	}
	return false;
}

/* Tag, window, streams each way, first number. */
static void put_init(struct packet *packet, uint8_t type, uint32_t tag)
{
	packet->type = type;
	packet->len = 16;
	put32(packet->body, tag);
	put32(packet->body + 4, 65536);
	put32(packet->body + 8, 0x00010001);
	put32(packet->body + 12, 1);
}

static void answer(struct end *end, struct packet *packet, const char *name)
{
	size_t room = strlen(name);

	switch (packet->type) {
	case INIT:
		packet->tag = get32(packet->body);
		put_init(packet, INIT_ACK, ~packet->tag);
		put32(packet->body + 16, 7u << 16 | 8); /* a cookie of four bytes */
		put32(packet->body + 20, packet->tag);
		packet->len = 24;
		break;
	case COOKIE_ECHO:
		packet->type = COOKIE_ACK;
		packet->tag = ~packet->tag;
		packet->len = 0;
		break;
	case DATA:
		packet->tag = ~packet->tag;
		if (packet->len < 12 + room)
			return;
		memcpy(packet->body + 12, name, room);
		break;
	case SHUTDOWN:
		packet->type = SHUTDOWN_ACK;
		packet->tag = ~packet->tag;
		packet->len = 0;
		break;
	default:
		return;
	}
	packet_send(end, packet);
}

static int serve(struct end *end, const char *name)
{
	struct packet packet;

	if (bind(end->fd, (const void *)&end->to, end->to_len) < 0)
		fatal("bind");
	printf("ready\n");
	fflush(stdout);
	for (;;)
		if (packet_take(end, &packet, -1))
			answer(end, &packet, name);
}

/* Sends it, again and again, until what comes is of that type. */
static void ask(struct end *end, const struct packet *question, uint8_t type, uint32_t tag,
		struct packet *got)
{
	const struct end peer = *end;

	for (unsigned int tries = 0; tries < TRIES; tries++) {
		packet_send(&peer, question);
		while (packet_take(end, got, AGAIN_MS))
			if (got->type == type && got->tag == tag)
				return;
	}
	fprintf(stderr, "sctp_peer: no answer to type %u from port %u\n", question->type,
		end->port);
	exit(1);
}

static void call(struct end *end, uint32_t tag, size_t bytes)
{
	struct packet packet = { .tag = 0 }, got;
	uint32_t peer_tag;

	put_init(&packet, INIT, tag);
	ask(end, &packet, INIT_ACK, tag, &got);
	peer_tag = packet.tag = get32(got.body);
	packet.type = COOKIE_ECHO;
	packet.len = 4;
	memcpy(packet.body, got.body + 20, 4);
	ask(end, &packet, COOKIE_ACK, tag, &got);
	packet.type = DATA;
	packet.len = 12 + bytes;
	for (size_t i = 0; i < packet.len; i++)
		packet.body[i] = (uint8_t)(i + tag);
	memset(packet.body + 12, 0, 16);
	ask(end, &packet, DATA, tag, &got);
	if (got.len != packet.len || memcmp(got.body + 28, packet.body + 28, bytes - 16) != 0) {
		fprintf(stderr, "sctp_peer: other data came back\n");
		exit(1);
	}
	printf("%.16s\n", (const char *)got.body + 12);
	packet = (struct packet){ .tag = peer_tag, .type = SHUTDOWN, .len = 4 };
	ask(end, &packet, SHUTDOWN_ACK, tag, &got);
	packet = (struct packet){ .tag = peer_tag, .type = SHUTDOWN_COMPLETE };
	packet_send(end, &packet);
}

int main(int argc, char **argv)
{
	struct end end = { .fd = -1 };

	if (argc == 5 && strcmp(argv[1], "serve") == 0) {
		address(&end, argv[2]);
		end.port = (uint16_t)atoi(argv[3]);
		return serve(&end, argv[4]);
	}
	if (argc == 6 && strcmp(argv[1], "call") == 0) {
		for (int n = 0; n < atoi(argv[4]); n++) {
			address(&end, argv[2]);
			end.port = (uint16_t)(40000 + n);
			end.peer_port = (uint16_t)atoi(argv[3]);
			call(&end, 0x1000u + (uint32_t)n, (size_t)atoi(argv[5]));
			close(end.fd);
		}
		return 0;
	}
	fprintf(stderr, "sctp_peer serve ADDRESS PORT NAME | call ADDRESS PORT N BYTES\n");
	return 2;
}
