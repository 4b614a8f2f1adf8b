/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * traffic: both ends of the system tests' and the demo's TCP and UDP traffic.
 * Every request carries a token of its own; the answer must be the server's
 * name, a blank, the token and a newline, else the request counts as failed.
 *
 *	traffic serve NAME PORT             answers on TCP and UDP until killed
 *	traffic tcp|http|udp ADDRESS PORT   sends requests, each from a new socket
 *	traffic flood ADDRESS PORT          UDP from --parallel sockets for --seconds,
 *	                                    --rate datagrams a second; reads no answers
 *
 * The first letter of a TCP request says how its connection ends: `s` the
 * server closes first, `c` the client does, `h` the server answers when the
 * client has shut down its side (a half-closed connection). http speaks to any
 * web server that answers `GET /?token=T` by such a line. The client prints
 * one line of figures and one line a server; its exit code is 0 only when
 * every request was answered right.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/stalls.h"

#define TOKEN_LEN 16
#define BUFFER    1024
#define LONGEST   8192 /* datagram */
#define SERVERS   64
#define EVENTS    256

enum proto {
	PROTO_TCP,
	PROTO_HTTP,
	PROTO_UDP,
};

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

__attribute__((noreturn, format(printf, 1, 2))) static void fatal(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "traffic: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	exit(2);
}

static void files_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void epoll_add(int epoll, int fd, uint32_t events, void *data)
{
	struct epoll_event event = { .events = events, .data.ptr = data };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		fatal("epoll_ctl: %s", strerror(errno));
}

/* ---- server ---- */

/* One accepted connection; the listening sockets are four more of them. */
struct session {
	int fd;
	enum { SESSION_LISTEN, SESSION_UDP, SESSION_TCP } kind;
	bool answered;
	size_t len;
	char line[BUFFER];
};

/* An address of either family. */
union address {
	struct sockaddr any;
	struct sockaddr_in ip4;
	struct sockaddr_in6 ip6;
};

static socklen_t address_size(const union address *address)
{
	return address->any.sa_family == AF_INET6 ? sizeof(address->ip6) : sizeof(address->ip4);
}

static struct session *server_open(int epoll, sa_family_t family, int type, uint16_t port)
{
	union address addr = { .any = { .sa_family = family } };
	struct session *session = calloc(1, sizeof(*session));
	int on = 1;

	if (session == NULL)
		fatal("no memory");
	session->kind = type == SOCK_DGRAM ? SESSION_UDP : SESSION_LISTEN;
	session->fd = socket(family, type | SOCK_NONBLOCK, 0);
	if (session->fd < 0)
		fatal("socket: %s", strerror(errno));
	setsockopt(session->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (family == AF_INET6) {
		setsockopt(session->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
		setsockopt(session->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
		addr.ip6.sin6_port = htons(port);
	} else {
		setsockopt(session->fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
		addr.ip4.sin_port = htons(port);
	}
	if (bind(session->fd, &addr.any, address_size(&addr)) < 0)
		fatal("bind to port %u: %s", port, strerror(errno));
	if (type == SOCK_STREAM && listen(session->fd, 4096) < 0)
		fatal("listen: %s", strerror(errno));
	epoll_add(epoll, session->fd, EPOLLIN, session);
	return session;
}

/*
 * The answer comes from the address that was asked, and goes by whatever device leads there: a
 * virtual address on lo would not be chosen by itself.
 */
static void answer_from(struct msghdr *msg)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(msg);

	if (control && control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO)
		((struct in_pktinfo *)(void *)CMSG_DATA(control))->ipi_ifindex = 0;
	if (control && control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO)
		((struct in6_pktinfo *)(void *)CMSG_DATA(control))->ipi6_ifindex = 0;
}

/* false: there are no more. */
static bool server_datagram(int fd, const char *name)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control;
	char in[BUFFER], out[2 * BUFFER], *end;
	union address from;
	struct iovec data = { .iov_base = in, .iov_len = sizeof(in) };
	struct msghdr msg = { .msg_name = &from,
			      .msg_namelen = sizeof(from),
			      .msg_iov = &data,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &msg, 0);

	if (n < 0)
		return false;
	answer_from(&msg);
	end = memchr(in, '\n', (size_t)n); /* behind it is what makes it long */
	if (end)
		n = end - in;
	data.iov_base = out;
	data.iov_len = (size_t)snprintf(out, sizeof(out), "%s %.*s\n", name, (int)n, in);
	/* A reply that cannot be sent is a lost datagram, which the client notices. */
	(void)!sendmsg(fd, &msg, 0);
	return true;
}

static void server_udp(int fd, const char *name)
{
	while (server_datagram(fd, name))
		;
}

static void server_accept(int epoll, int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		struct session *session = calloc(1, sizeof(*session));

		if (session == NULL)
			fatal("no memory");
		session->fd = fd;
		session->kind = SESSION_TCP;
		epoll_add(epoll, fd, EPOLLIN, session);
	}
}

static void session_end(struct session *session)
{
	close(session->fd);
	free(session);
}

/* Answers "<letter> <token>\n". False: the connection is over. */
static bool session_answer(struct session *session, const char *name, bool at_end)
{
	char out[2 * BUFFER];
	char letter = session->line[0];
	int len;

	if (session->answered || memchr(session->line, '\n', session->len) == NULL)
		return !at_end;
	if (letter == 'h' && !at_end)
		return true;
	len = snprintf(out, sizeof(out), "%s %.*s", name, (int)(session->len - 2),
		       session->line + 2);
	session->answered = true;
	if (send(session->fd, out, (size_t)len, MSG_NOSIGNAL) != len)
		return false;
	return letter == 'c' && !at_end;
}

static void server_tcp(struct session *session, const char *name)
{
	size_t room = sizeof(session->line) - session->len;
	ssize_t n = recv(session->fd, session->line + session->len, room, 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0)
		session->len += (size_t)n;
	if (n < 0 || session->len == sizeof(session->line) ||
	    !session_answer(session, name, n == 0))
		session_end(session);
}

static int serve(const char *name, uint16_t port)
{
	struct epoll_event events[EVENTS];
	int epoll = epoll_create1(0);

	if (epoll < 0)
		fatal("epoll_create1: %s", strerror(errno));
	server_open(epoll, AF_INET, SOCK_STREAM, port);
	server_open(epoll, AF_INET, SOCK_DGRAM, port);
	server_open(epoll, AF_INET6, SOCK_STREAM, port);
	server_open(epoll, AF_INET6, SOCK_DGRAM, port);
	for (;;) {
		int n = epoll_wait(epoll, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			struct session *session = events[i].data.ptr;

			if (session->kind == SESSION_LISTEN)
				server_accept(epoll, session->fd);
			else if (session->kind == SESSION_UDP)
				server_udp(session->fd, name);
			else
				server_tcp(session, name);
		}
	}
}

/* ---- client ---- */

enum closing {
	CLOSE_SERVER = 's', /* the server first */
	CLOSE_CLIENT = 'c',
	CLOSE_RESET = 'r',
	CLOSE_HALF = 'h',
	CLOSE_NOT = 'n', /* left open until the program ends */
};

struct options {
	enum proto proto;
	union address to;
	unsigned long count, parallel;
	uint64_t timeout_us;
	uint64_t pause_us; /* between two requests of a slot */
	uint64_t hold_us;  /* behind the last answer, before open connections end: at most this, */
	const char *hold_while; /* and no longer than this file exists */
	double seconds;         /* 0: until count requests are done */
	unsigned long rate;     /* of a flood, a second */
	enum closing closing;
	unsigned long size; /* of a datagram; 0: as long as it has to be */
	bool quiet;         /* failures are expected: do not print each */
};

struct share {
	char name[32];
	unsigned long count;
};

struct totals {
	unsigned long started, done, failed;
	unsigned long over_1s;
	uint64_t slowest_us;
	uint64_t slowest_with_stalls_us;
	struct stalls *stalls;
	struct share shares[SERVERS];
	unsigned int n_shares;
};

/* One request under way. */
struct slot {
	int fd; /* -1: none */
	bool sent;
	uint64_t begin_us, next_us;
	uint64_t begin_lost_us;
	size_t len;
	char token[TOKEN_LEN + 1];
	char reply[BUFFER];
};

static void token_make(char *token)
{
	uint8_t random[TOKEN_LEN / 2];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		fatal("getrandom: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(random); i++)
		sprintf(token + 2 * i, "%02x", random[i]);
}

static void slot_close(struct slot *slot, enum closing closing)
{
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	if (closing == CLOSE_RESET)
		setsockopt(slot->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (closing != CLOSE_NOT)
		close(slot->fd);
	slot->fd = -1;
}

static void slot_fail(const struct options *options, struct totals *totals, struct slot *slot,
		      const char *why)
{
	if (totals->failed++ < 10 && !options->quiet)
		fprintf(stderr, "request %lu (token %s) after %.3f s: %s\n", totals->started,
			slot->token, (double)(now_us() - slot->begin_us) / 1e6, why);
	if (slot->fd >= 0)
		slot_close(slot, CLOSE_CLIENT);
}

static void share_count(struct totals *totals, const char *name, size_t len)
{
	struct share *share = totals->shares;

	for (unsigned int i = 0; i < totals->n_shares; i++, share++) {
		if (strlen(share->name) == len && memcmp(share->name, name, len) == 0) {
			share->count++;
			return;
		}
	}
	if (totals->n_shares == SERVERS)
		fatal("more than %d servers answer", SERVERS);
	snprintf(share->name, sizeof(share->name), "%.*s", (int)len, name);
	share->count = 1;
	totals->n_shares++;
}

/* The last whole line must be "NAME TOKEN". */
static bool reply_check(const struct slot *slot, struct totals *totals)
{
	const char *line, *blank;

	if (slot->len == 0 || slot->reply[slot->len - 1] != '\n')
		return false;
	line = memrchr(slot->reply, '\n', slot->len - 1);
	line = line == NULL ? slot->reply : line + 1;
	blank = memchr(line, ' ', (size_t)(slot->reply + slot->len - line));
	if (blank == NULL || slot->reply + slot->len - blank != TOKEN_LEN + 2 ||
	    memcmp(blank + 1, slot->token, TOKEN_LEN) != 0)
		return false;
	share_count(totals, line, (size_t)(blank - line));
	return true;
}

static void slot_finish(const struct options *options, struct totals *totals, struct slot *slot)
{
	uint64_t now = now_us();
	uint64_t us = now - slot->begin_us;
	uint64_t lost = stalls_lost(totals->stalls, now) - slot->begin_lost_us;

	if (us > totals->slowest_with_stalls_us)
		totals->slowest_with_stalls_us = us;
	us -= lost < us ? lost : us;
	if (!reply_check(slot, totals)) {
		slot_fail(options, totals, slot, slot->len ? "wrong answer" : "no answer");
		return;
	}
	totals->done++;
	if (us >= 1000000)
		totals->over_1s++;
	if (us > totals->slowest_us)
		totals->slowest_us = us;
	slot_close(slot, options->closing);
}

static void slot_begin(const struct options *options, struct totals *totals, struct slot *slot,
		       int epoll)
{
	int type = options->proto == PROTO_UDP ? SOCK_DGRAM : SOCK_STREAM;
	int on = 1;

	totals->started++;
	token_make(slot->token);
	slot->len = 0;
	slot->sent = false;
	slot->begin_us = now_us();
	slot->begin_lost_us = stalls_lost(totals->stalls, slot->begin_us);
	slot->next_us = slot->begin_us + options->pause_us;
	slot->fd = socket(options->to.any.sa_family, type | SOCK_NONBLOCK, 0);
	if (slot->fd < 0)
		fatal("socket: %s", strerror(errno));
	if (type == SOCK_STREAM)
		setsockopt(slot->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(slot->fd, &options->to.any, address_size(&options->to)) < 0 &&
	    errno != EINPROGRESS) {
		slot_fail(options, totals, slot, strerror(errno));
		return;
	}
	epoll_add(epoll, slot->fd, EPOLLIN | EPOLLOUT, slot);
}

static void slot_send(const struct options *options, struct totals *totals, struct slot *slot,
		      int epoll)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = slot };
	char letter = strchr("ch", options->closing) ? (char)options->closing : 's';
	char out[LONGEST] = "";
	int len;

	if (options->closing == CLOSE_RESET || options->closing == CLOSE_NOT)
		letter = 'c';
	if (options->proto == PROTO_HTTP)
		len = snprintf(out, sizeof(out), "GET /?token=%s HTTP/1.0\r\nHost: test\r\n\r\n",
			       slot->token);
	else if (options->proto == PROTO_TCP)
		len = snprintf(out, sizeof(out), "%c %s\n", letter, slot->token);
	else
		len = snprintf(out, sizeof(out), "%s", slot->token);
	if (options->size > (unsigned long)len) {
		out[len] = '\n';
		len = (int)options->size;
	}
	slot->sent = true;
	if (send(slot->fd, out, (size_t)len, MSG_NOSIGNAL) != len) {
		slot_fail(options, totals, slot, strerror(errno));
		return;
	}
	if (options->closing == CLOSE_HALF)
		shutdown(slot->fd, SHUT_WR);
	epoll_ctl(epoll, EPOLL_CTL_MOD, slot->fd, &event);
}

static void slot_receive(const struct options *options, struct totals *totals, struct slot *slot)
{
	bool to_end = options->proto == PROTO_HTTP || options->closing == CLOSE_SERVER ||
		      options->closing == CLOSE_HALF;
	ssize_t n = recv(slot->fd, slot->reply + slot->len, sizeof(slot->reply) - slot->len, 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n < 0) {
		slot_fail(options, totals, slot, strerror(errno));
		return;
	}
	slot->len += (size_t)n;
	if (n == 0 || slot->len == sizeof(slot->reply))
		slot_finish(options, totals, slot);
	else if ((options->proto == PROTO_UDP || !to_end) && slot->reply[slot->len - 1] == '\n')
		slot_finish(options, totals, slot);
}

static void slot_event(const struct options *options, struct totals *totals, struct slot *slot,
		       uint32_t events, int epoll)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (slot->fd < 0)
		return;
	if (events & EPOLLERR) {
		getsockopt(slot->fd, SOL_SOCKET, SO_ERROR, &error, &len);
		slot_fail(options, totals, slot, strerror(error));
		return;
	}
	if (!slot->sent && (events & EPOLLOUT))
		slot_send(options, totals, slot, epoll);
	if (slot->fd >= 0 && slot->sent && (events & (EPOLLIN | EPOLLHUP)))
		slot_receive(options, totals, slot);
}

/* Starts what may start, ends what takes too long; true: nothing is left to do. */
static bool client_tick(const struct options *options, struct totals *totals, struct slot *slots,
			uint64_t end_us, int epoll)
{
	uint64_t now = now_us();
	bool idle = true;
	bool more = options->seconds > 0 ? now < end_us : totals->started < options->count;

	for (unsigned long i = 0; i < options->parallel; i++) {
		struct slot *slot = &slots[i];

		if (slot->fd >= 0 && now - slot->begin_us > options->timeout_us)
			slot_fail(options, totals, slot, "timed out");
		if (slot->fd < 0 && more && now >= slot->next_us) {
			slot_begin(options, totals, slot, epoll);
			more = options->seconds > 0 || totals->started < options->count;
		}
		idle = idle && slot->fd < 0;
	}
	return idle && !more;
}

static int client_report(const struct totals *totals, uint64_t begin_us)
{
	double seconds = (double)(now_us() - begin_us) / 1e6;

	printf("requests %lu answered %lu failed %lu slowest_ms %.1f seconds %.2f over_1s %lu "
	       "slowest_with_stalls_ms %.1f\n",
	       totals->started, totals->done, totals->failed, (double)totals->slowest_us / 1000,
	       seconds, totals->over_1s, (double)totals->slowest_with_stalls_us / 1000);
	for (unsigned int i = 0; i < totals->n_shares; i++)
		printf("share %s %lu\n", totals->shares[i].name, totals->shares[i].count);
	return totals->failed == 0 && totals->done == totals->started ? 0 : 1;
}

/* Connections that are left open stay so for a time, or until a test has seen enough. */
static void connections_hold(const struct options *options)
{
	uint64_t end_us = now_us() + options->hold_us;

	while (now_us() < end_us &&
	       (!options->hold_while || access(options->hold_while, F_OK) == 0))
		usleep(10000);
}

static int client(const struct options *options)
{
	struct epoll_event events[EVENTS];
	struct stalls stalls = { 0 };
	struct totals totals = { .stalls = &stalls };
	uint64_t begin_us = now_us();
	uint64_t end_us = begin_us + (uint64_t)(options->seconds * 1e6);
	struct slot *slots = calloc(options->parallel, sizeof(*slots));
	int epoll = epoll_create1(0);
	int code;

	if (slots == NULL || epoll < 0)
		fatal("no memory");
	for (unsigned long i = 0; i < options->parallel; i++)
		slots[i].fd = -1;
	if (stalls_watch(&stalls) < 0)
		fatal("no thread");
	while (!client_tick(options, &totals, slots, end_us, epoll)) {
		int n = epoll_wait(epoll, events, EVENTS, 10);

		for (int i = 0; i < n; i++)
			slot_event(options, &totals, events[i].data.ptr, events[i].events, epoll);
	}
	code = client_report(&totals, begin_us);
	fflush(stdout);
	connections_hold(options);
	stalls_end(&stalls);
	free(slots);
	close(epoll);
	return code;
}

/* ---- flood ---- */

#define FLOOD_BURST 16

/* Datagrams in one system call. */
static unsigned long flood_send(int fd)
{
	struct mmsghdr messages[FLOOD_BURST] = { 0 };
	struct iovec part = { "flood", 5 };
	int n;

	for (unsigned int i = 0; i < FLOOD_BURST; i++) {
		messages[i].msg_hdr.msg_iov = &part;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	n = sendmmsg(fd, messages, FLOOD_BURST, 0);
	return n < 0 ? 0 : (unsigned long)n;
}

static int flood(const struct options *options)
{
	uint64_t begin_us = now_us();
	uint64_t end_us = begin_us + (uint64_t)(options->seconds * 1e6);
	int *fds = calloc(options->parallel, sizeof(*fds));
	unsigned long sent = 0;

	if (fds == NULL)
		fatal("no memory");
	for (unsigned long i = 0; i < options->parallel; i++) {
		fds[i] = socket(options->to.any.sa_family, SOCK_DGRAM, 0);
		if (fds[i] < 0 || connect(fds[i], &options->to.any, address_size(&options->to)) < 0)
			fatal("flood: %s", strerror(errno));
	}
	for (unsigned long i = 0; now_us() < end_us; i = (i + 1) % options->parallel) {
		uint64_t due_us = begin_us + sent * 1000000 / options->rate, now = now_us();

		if (now < due_us)
			usleep((useconds_t)(due_us - now));
		sent += flood_send(fds[i]);
	}
	printf("sent %lu\n", sent);
	free(fds);
	return 0;
}

/* ---- command line ---- */

static unsigned long number(const char *text, unsigned long max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || value > max)
		fatal("'%s' is no number from 0 to %lu", text, max);
	return value;
}

static enum closing closing_parse(const char *text)
{
	static const struct {
		const char *name;
		enum closing closing;
	} rows[] = {
		{ "server", CLOSE_SERVER }, { "client", CLOSE_CLIENT }, { "reset", CLOSE_RESET },
		{ "half", CLOSE_HALF },     { "not", CLOSE_NOT },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(text, rows[i].name) == 0)
			return rows[i].closing;
	}
	fatal("--close %s: server, client, reset, half or not", text);
}

static union address address_parse(const char *text, uint16_t port)
{
	union address address = { 0 };

	if (inet_pton(AF_INET6, text, &address.ip6.sin6_addr) == 1) {
		address.ip6.sin6_family = AF_INET6;
		address.ip6.sin6_port = htons(port);
	} else if (inet_pton(AF_INET, text, &address.ip4.sin_addr) == 1) {
		address.ip4.sin_family = AF_INET;
		address.ip4.sin_port = htons(port);
	} else {
		fatal("'%s' is no IPv4 or IPv6 address", text);
	}
	return address;
}

static void options_parse(struct options *options, int argc, char **argv)
{
	static const struct option table[] = {
		{ "count", required_argument, NULL, 'n' },
		{ "parallel", required_argument, NULL, 'p' },
		{ "timeout-ms", required_argument, NULL, 't' },
		{ "pause-ms", required_argument, NULL, 'w' },
		{ "hold-ms", required_argument, NULL, 'h' },
		{ "hold-while", required_argument, NULL, 'f' },
		{ "seconds", required_argument, NULL, 's' },
		{ "rate", required_argument, NULL, 'r' },
		{ "close", required_argument, NULL, 'c' },
		{ "size", required_argument, NULL, 'z' },
		{ "quiet", no_argument, NULL, 'q' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (option == 'n')
			options->count = number(optarg, 100000000);
		else if (option == 'p')
			options->parallel = number(optarg, 100000);
		else if (option == 't')
			options->timeout_us = number(optarg, 600000) * 1000;
		else if (option == 'w')
			options->pause_us = number(optarg, 600000) * 1000;
		else if (option == 'h')
			options->hold_us = number(optarg, 600000) * 1000;
		else if (option == 'f')
			options->hold_while = optarg;
		else if (option == 's')
			options->seconds = (double)number(optarg, 3600);
		else if (option == 'r')
			options->rate = number(optarg, 100000000);
		else if (option == 'z')
			options->size = number(optarg, LONGEST);
		else if (option == 'c')
			options->closing = closing_parse(optarg);
		else if (option == 'q')
			options->quiet = true;
		else
			exit(2);
	}
	if (options->parallel == 0)
		options->parallel = 1;
	if (options->rate == 0)
		options->rate = 1000;
}

int main(int argc, char **argv)
{
	struct options options = {
		.count = 1, .parallel = 1, .timeout_us = 10000000, .closing = CLOSE_SERVER
	};

	files_raise();
	signal(SIGPIPE, SIG_IGN);
	if (argc == 4 && strcmp(argv[1], "serve") == 0)
		return serve(argv[2], (uint16_t)number(argv[3], 65535));
	if (argc < 4)
		fatal("usage: serve NAME PORT | tcp|http|udp|flood ADDRESS PORT [--count N] "
		      "[--parallel N] [--timeout-ms N] [--pause-ms N] [--hold-ms N] "
		      "[--hold-while FILE] [--seconds N] [--rate N] [--size N] "
		      "[--close server|client|reset|half|not] [--quiet]");
	if (strcmp(argv[1], "tcp") == 0)
		options.proto = PROTO_TCP;
	else if (strcmp(argv[1], "http") == 0)
		options.proto = PROTO_HTTP;
	else if (strcmp(argv[1], "udp") == 0)
		options.proto = PROTO_UDP;
	else if (strcmp(argv[1], "flood") != 0)
		fatal("'%s': serve, tcp, http, udp or flood", argv[1]);
	options.to = address_parse(argv[2], (uint16_t)number(argv[3], 65535));
	options_parse(&options, argc - 3, argv + 3);
	return strcmp(argv[1], "flood") == 0 ? flood(&options) : client(&options);
}
