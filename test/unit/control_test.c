/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control plane as its clients see it: a live server in this process (see
 * lib/control_rig.h), real sockets, and clients that send in pieces, go away,
 * never read, say nothing or talk nonsense. After each test everything must be
 * freed: the sanitizers' business. The socket file, timers, signals, events and
 * the way of the startup block stand at the end.
 */
#include "control/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "api/addr.h"
#include "base/log.h"
#include "lib/control_rig.h"
#include "lib/unit.h"
#include "worker/worker.h"

#define PATIENCE_MS 20000 /* a test that waits longer has failed */

/* ---- a client made by hand ---- */

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int dial(const struct rig *rig)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	strcpy(addr.sun_path, rig->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

struct message {
	uint8_t *bytes;
	size_t len;
};

static void message_begin(struct message *message, uint16_t flags)
{
	struct api_frame head = { API_MAGIC, API_VERSION, flags, 0, 0 };

	message->bytes = malloc(API_FRAME_MAX);
	assert_non_null(message->bytes);
	memcpy(message->bytes, &head, sizeof(head));
	message->len = sizeof(head);
}

static void message_add(struct message *message, uint16_t id, const void *body, uint32_t len)
{
	struct api_request request = { .id = id, .len = len };
	struct api_frame *head = (struct api_frame *)message->bytes;

	assert_true(message->len + sizeof(request) + API_ALIGN(len) <= API_FRAME_MAX);
	memcpy(message->bytes + message->len, &request, sizeof(request));
	memset(message->bytes + message->len + sizeof(request), 0, API_ALIGN(len));
	memcpy(message->bytes + message->len + sizeof(request), body, len);
	message->len += sizeof(request) + API_ALIGN(len);
	head->len = (uint32_t)message->len;
	head->count++;
}

static void transmit(int fd, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	ssize_t n;

	while (len) {
		n = send(fd, at, len, MSG_NOSIGNAL);
		assert_true(n > 0);
		at += n;
		len -= (size_t)n;
	}
}

static void message_send(int fd, struct message *message)
{
	transmit(fd, message->bytes, message->len);
	free(message->bytes);
}

static void send_one(int fd, uint16_t id, const void *body, uint32_t len)
{
	struct message message;

	message_begin(&message, 0);
	message_add(&message, id, body, len);
	message_send(fd, &message);
}

static void send_listing(int fd, uint16_t id, uint32_t items)
{
	struct api_filter filter = { .cpu = items };

	send_one(fd, id, &filter, sizeof(filter));
}

/* Bytes have arrived (or the end) within ms. */
static bool readable(int fd, int ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	return poll(&wait, 1, ms) == 1;
}

/* The other side has closed, whatever lies here unread. Waits a little. */
static bool hung_up(int fd)
{
	struct pollfd wait = { .fd = fd, .events = 0 };

	return poll(&wait, 1, 100) == 1 && (wait.revents & POLLHUP);
}

/* len bytes, or less at the end of the connection; reset counts as the end. */
static size_t receive(int fd, void *bytes, size_t len)
{
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		assert_true(readable(fd, PATIENCE_MS));
		n = recv(fd, (uint8_t *)bytes + have, len - have, 0);
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			break;
		assert_true(n > 0);
		have += (size_t)n;
	}
	return have;
}

static void assert_ended(int fd)
{
	uint8_t byte;

	assert_int_equal(receive(fd, &byte, 1), 0);
	close(fd);
}

struct answer {
	unsigned int frames;
	unsigned int replies; /* complete ones */
	struct {
		uint16_t id;
		int32_t status;
		uint32_t index;
		uint64_t items;
		uint64_t first, last; /* numbers of items */
		char text[256];
	} reply[8];
};

/* The items of one part of a listing; numbers go on where the part before ended. */
static void answer_items(struct answer *answer, unsigned int slot, const uint8_t *body,
			 uint32_t len)
{
	struct api_item item;
	struct api_addr addr;

	for (uint32_t at = 0; at < len; at += (uint32_t)sizeof(item) + API_ALIGN(item.len)) {
		assert_true(len - at >= sizeof(item));
		memcpy(&item, body + at, sizeof(item));
		assert_true(item.len <= len - at - sizeof(item));
		if (item.kind == API_KIND_ADDR) {
			assert_int_equal(item.len, sizeof(addr));
			memcpy(&addr, body + at + sizeof(item), sizeof(addr));
			if (answer->reply[slot].items == 0)
				answer->reply[slot].first = addr.ports_used;
			answer->reply[slot].last = addr.ports_used;
		}
		answer->reply[slot].items++;
	}
}

static void answer_frame(struct answer *answer, const struct api_frame *head, const uint8_t *body)
{
	size_t len = head->len - sizeof(*head);
	struct api_reply reply;
	size_t at = 0;

	for (uint32_t i = 0; i < head->count; i++) {
		unsigned int slot = answer->replies < 7 ? answer->replies : 7;

		assert_true(len - at >= sizeof(reply));
		memcpy(&reply, body + at, sizeof(reply));
		at += sizeof(reply);
		assert_true(API_ALIGN(reply.len) <= len - at);
		answer->reply[slot].id = reply.id;
		answer->reply[slot].index = reply.index;
		answer->reply[slot].status = reply.status;
		if (reply.status < 0)
			snprintf(answer->reply[slot].text, sizeof(answer->reply[slot].text), "%.*s",
				 (int)reply.len, (const char *)body + at);
		else
			answer_items(answer, slot, body + at, reply.len);
		at += API_ALIGN(reply.len);
		if (!(reply.flags & API_REPLY_MORE))
			answer->replies++;
	}
	assert_int_equal(at, len);
}

/* The whole answer to one frame. */
static void answer_receive(int fd, struct answer *answer)
{
	struct api_frame head;
	uint8_t *body;

	memset(answer, 0, sizeof(*answer));
	do {
		assert_int_equal(receive(fd, &head, sizeof(head)), sizeof(head));
		assert_int_equal(head.magic, API_MAGIC);
		assert_int_equal(head.version, API_VERSION);
		assert_in_range(head.len, sizeof(head), API_FRAME_MAX);
		body = malloc(head.len);
		assert_non_null(body);
		assert_int_equal(receive(fd, body, head.len - sizeof(head)),
				 head.len - sizeof(head));
		answer_frame(answer, &head, body);
		free(body);
		answer->frames++;
	} while (head.flags & API_FRAME_MORE);
}

static void assert_serves(int fd)
{
	struct api_hello hello = { .pid = 0 };
	struct answer answer;

	send_one(fd, API_HELLO, &hello, sizeof(hello));
	answer_receive(fd, &answer);
	assert_int_equal(answer.replies, 1);
	assert_int_equal(answer.reply[0].status, 0);
	assert_int_equal(answer.reply[0].items, 1);
}

static void assert_rig_serves(const struct rig *rig)
{
	int fd = dial(rig);

	assert_serves(fd);
	close(fd);
}

static struct rig *rig_running(const struct rig_options *options)
{
	struct rig *rig = rig_create(options);

	rig_start(rig);
	return rig;
}

static const struct api_addr addr_good = { .plen = 24 };
static const struct api_addr addr_bad = { .plen = RIG_PLEN_BAD };

/* ---- requests and answers ---- */

static void hello_says_who_answers(void **state)
{
	struct rig *rig = rig_running(NULL);
	struct {
		struct api_frame head;
		struct api_reply reply;
		struct api_item item;
		struct api_hello hello;
	} got;
	int fd = dial(rig);

	send_one(fd, API_HELLO, &got.hello, sizeof(got.hello));
	assert_int_equal(receive(fd, &got, sizeof(got)), sizeof(got));
	assert_int_equal(got.head.len, sizeof(got));
	assert_int_equal(got.head.flags, 0);
	assert_int_equal(got.item.kind, API_KIND_HELLO);
	assert_string_equal(got.hello.version, DPVS_VERSION);
	assert_int_equal(got.hello.pid, getpid());
	assert_int_equal(got.hello.workers, RIG_WORKERS);
	assert_in_range(got.hello.uptime_s, 0, 60);
	close(fd);
	rig_destroy(rig);
}

static void failure_ends_the_frame(void **state)
{
	struct rig *rig = rig_running(NULL);
	struct message message;
	struct answer answer;
	int fd = dial(rig);

	message_begin(&message, 0);
	message_add(&message, API_ADDR_ADD, &addr_good, sizeof(addr_good));
	message_add(&message, API_ADDR_ADD, &addr_bad, sizeof(addr_bad));
	message_add(&message, API_ADDR_ADD, &addr_good, sizeof(addr_good));
	message_send(fd, &message);
	answer_receive(fd, &answer);
	assert_int_equal(answer.replies, 2);
	assert_int_equal(answer.reply[0].status, 0);
	assert_int_equal(answer.reply[1].status, -EINVAL);
	assert_int_equal(answer.reply[1].index, 1);
	assert_string_equal(answer.reply[1].text,
			    "address: prefix length 99, at most 32 is allowed");
	for (unsigned int i = 1; i <= RIG_WORKERS; i++)
		assert_int_equal(rig_applied(rig, i), 1);
	assert_serves(fd);
	close(fd);
	rig_destroy(rig);
}

static void keep_going_runs_all(void **state)
{
	struct rig *rig = rig_running(NULL);
	struct message message;
	struct answer answer;
	char size[64];
	int fd = dial(rig);

	snprintf(size, sizeof(size), "ADDR_ADD: body of 12 bytes, expected %zu",
		 sizeof(struct api_addr));
	message_begin(&message, API_FRAME_KEEP_GOING);
	message_add(&message, API_ADDR_ADD, &addr_bad, sizeof(addr_bad));
	message_add(&message, 4711, &addr_good, 0);
	message_add(&message, API_ADDR_ADD, &addr_good, 12);
	message_add(&message, API_ADDR_DEL, &addr_good, sizeof(addr_good));
	message_add(&message, API_ADDR_ADD, &addr_good, sizeof(addr_good));
	message_send(fd, &message);
	answer_receive(fd, &answer);
	assert_int_equal(answer.replies, 5);
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(answer.reply[i].index, i);
	assert_int_equal(answer.reply[0].status, -EINVAL);
	assert_int_equal(answer.reply[1].status, -EOPNOTSUPP);
	assert_non_null(strstr(answer.reply[1].text, "request 4711 "));
	assert_int_equal(answer.reply[2].status, -EINVAL);
	assert_non_null(strstr(answer.reply[2].text, size));
	assert_int_equal(answer.reply[3].status, -ENOENT);
	assert_string_equal(answer.reply[3].text, "ADDR_DEL: No such file or directory");
	assert_int_equal(answer.reply[4].status, 0);
	assert_int_equal(rig_applied(rig, RIG_WORKERS), 1);
	close(fd);
	rig_destroy(rig);
}

static void listings_are_cut_into_pages(void **state)
{
	static const struct {
		uint16_t id;
		uint32_t items;
		unsigned int min_frames, max_frames;
	} cases[] = {
		{ API_ADDR_LIST, 0, 1, 1 },         { API_ADDR_LIST, 1, 1, 1 },
		{ API_ADDR_LIST, 2000, 1, 1 },      { API_ADDR_LIST, 100000, 39, 45 },
		{ API_ROUTE_LIST, 0, 1, 1 },        { API_ROUTE_LIST, 2600, 2, 2 },
		{ API_ROUTE_LIST, 100000, 39, 45 },
	};
	struct rig *rig = rig_running(NULL);
	struct answer answer;
	int fd = dial(rig);

	for (size_t i = 0; i < LENGTH(cases); i++) {
		send_listing(fd, cases[i].id, cases[i].items);
		answer_receive(fd, &answer);
		assert_int_equal(answer.replies, 1);
		assert_int_equal(answer.reply[0].id, cases[i].id);
		assert_int_equal(answer.reply[0].status, 0);
		assert_int_equal(answer.reply[0].items, cases[i].items);
		assert_int_equal(answer.reply[0].first, 0);
		assert_int_equal(answer.reply[0].last, cases[i].items ? cases[i].items - 1 : 0);
		assert_in_range(answer.frames, cases[i].min_frames, cases[i].max_frames);
	}
	close(fd);
	rig_destroy(rig);
}

static void workers_are_asked(void **state)
{
	struct rig *rig = rig_running(NULL);
	struct api_filter filter = { .cpu = 0 };
	struct message message;
	struct answer answer;
	int fd = dial(rig);

	message_begin(&message, 0);
	message_add(&message, API_NEIGH_FLUSH, &filter, sizeof(filter));
	message_add(&message, API_ADDR_ADD, &addr_good, sizeof(addr_good));
	message_add(&message, API_NEIGH_LIST, &filter, sizeof(filter));
	message_send(fd, &message);
	answer_receive(fd, &answer);
	assert_int_equal(answer.replies, 3);
	assert_int_equal(answer.reply[0].status, 0);
	assert_int_equal(answer.reply[2].items, RIG_WORKERS);
	assert_int_equal(answer.reply[2].first, 3);
	assert_int_equal(answer.reply[2].last, 3);
	close(fd);
	rig_destroy(rig);
}

static void many_changes_in_one_frame(void **state)
{
	enum { CHANGES = 10000 };
	struct rig *rig = rig_running(NULL);
	struct message message;
	struct answer answer;
	uint64_t start;
	int fd = dial(rig);

	message_begin(&message, 0);
	for (int i = 0; i < CHANGES; i++)
		message_add(&message, API_ADDR_ADD, &addr_good, sizeof(addr_good));
	start = now_ms();
	message_send(fd, &message);
	answer_receive(fd, &answer);
	print_message("%d changes on %d workers: %u ms\n", CHANGES, RIG_WORKERS,
		      (unsigned int)(now_ms() - start));
	assert_int_equal(answer.replies, CHANGES);
	for (unsigned int i = 1; i <= RIG_WORKERS; i++)
		assert_int_equal(rig_applied(rig, i), CHANGES);
	assert_true(now_ms() - start < 5000);
	close(fd);
	rig_destroy(rig);
}

/* ---- how bytes arrive ---- */

static void frame_byte_by_byte(void **state)
{
	struct rig *rig = rig_running(NULL);
	struct message message;
	struct answer answer;
	int fd = dial(rig);

	message_begin(&message, 0);
	message_add(&message, API_ADDR_ADD, &addr_good, sizeof(addr_good));
	for (size_t i = 0; i < message.len; i++)
		transmit(fd, message.bytes + i, 1);
	free(message.bytes);
	answer_receive(fd, &answer);
	assert_int_equal(answer.replies, 1);
	assert_int_equal(answer.reply[0].status, 0);
	close(fd);
	rig_destroy(rig);
}

static void frames_in_one_write(void **state)
{
	enum { FRAMES = 1000 };
	struct rig *rig = rig_running(NULL);
	struct message message;
	struct answer answer;
	uint8_t *bytes;
	int fd = dial(rig);

	message_begin(&message, 0);
	message_add(&message, API_ADDR_ADD, &addr_good, sizeof(addr_good));
	bytes = malloc(message.len * FRAMES);
	assert_non_null(bytes);
	for (size_t i = 0; i < FRAMES; i++)
		memcpy(bytes + i * message.len, message.bytes, message.len);
	transmit(fd, bytes, message.len * FRAMES);
	for (int i = 0; i < FRAMES; i++) {
		answer_receive(fd, &answer);
		assert_int_equal(answer.replies, 1);
		assert_int_equal(answer.reply[0].status, 0);
	}
	assert_int_equal(rig_applied(rig, 1), FRAMES);
	free(bytes);
	free(message.bytes);
	close(fd);
	rig_destroy(rig);
}

static void half_closed_client_is_answered(void **state)
{
	struct rig *rig = rig_running(NULL);
	struct answer answer;
	int fd = dial(rig);

	send_listing(fd, API_ROUTE_LIST, 10000);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	answer_receive(fd, &answer);
	assert_int_equal(answer.reply[0].items, 10000);
	assert_ended(fd);
	rig_destroy(rig);
}

static void bad_frames_are_refused(void **state)
{
	struct api_frame frames[] = {
		{ 0x20544547, API_VERSION, 0, 24, 1 },
		{ API_MAGIC, API_VERSION + 1, 0, 24, 1 },
		{ API_MAGIC, API_VERSION, 0, API_FRAME_MAX + 8, 1 },
		{ API_MAGIC, API_VERSION, 0, 24, 2 },
		{ API_MAGIC, API_VERSION, 0, 1000, 1 }, /* and then no more */
	};
	const int want[] = { -EPROTO, -EPROTONOSUPPORT, -EMSGSIZE, -EBADMSG, -EBADMSG };
	struct rig *rig = rig_running(NULL);
	struct answer answer;
	int fd;

	for (size_t i = 0; i < LENGTH(frames); i++) {
		fd = dial(rig);
		transmit(fd, &frames[i], sizeof(frames[i]));
		if (i == LENGTH(frames) - 1)
			assert_int_equal(shutdown(fd, SHUT_WR), 0);
		answer_receive(fd, &answer);
		assert_int_equal(answer.replies, 1);
		assert_int_equal(answer.reply[0].id, 0);
		assert_int_equal(answer.reply[0].index, 0);
		assert_int_equal(answer.reply[0].status, want[i]);
		assert_true(answer.reply[0].text[0]);
		assert_ended(fd);
	}
	rig_destroy(rig);
}

/* Any bytes: an answer or none, an end, and the next client is served. */
static void garbage_does_no_harm(void **state)
{
	struct api_frame head = { API_MAGIC, API_VERSION, 0, 0, 1 };
	struct rig *rig = rig_running(NULL);
	uint8_t bytes[512], rest[4096];
	uint32_t seed = 1;
	size_t len;
	int fd;

	for (int round = 0; round < 10000; round++) {
		for (size_t i = 0; i < sizeof(bytes); i++) {
			seed = seed * 1664525 + 1013904223;
			bytes[i] = (uint8_t)(seed >> 24);
		}
		len = 1 + (seed >> 8) % (sizeof(bytes) - 1);
		if (round % 2 && len > sizeof(head) + 8) {
			head.len = (uint32_t)len & ~7u;
			memcpy(bytes, &head, sizeof(head));
			/* a request, of any id, that fills the frame or nearly */
			memset(bytes + sizeof(head) + 2, 0, 6);
			bytes[sizeof(head) + 1] = 0;
			bytes[sizeof(head) + 4] = (uint8_t)(head.len - 24);
			bytes[sizeof(head) + 5] = (uint8_t)((head.len - 24) >> 8);
		}
		fd = dial(rig);
		/* a daemon that has refused it already is no failure */
		if (send(fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len)
			shutdown(fd, SHUT_WR);
		while (receive(fd, rest, sizeof(rest)) == sizeof(rest))
			;
		close(fd);
	}
	assert_rig_serves(rig);
	rig_destroy(rig);
}

/* ---- clients that do not do their part ---- */

static void client_that_goes_has_its_changes_made(void **state)
{
	enum { CHANGES = 5000 };
	struct rig *rig = rig_running(NULL);
	struct message message;
	uint64_t deadline = now_ms() + PATIENCE_MS;
	int fd = dial(rig);

	message_begin(&message, 0);
	for (int i = 0; i < CHANGES; i++)
		message_add(&message, API_ADDR_ADD, &addr_good, sizeof(addr_good));
	message_send(fd, &message);
	close(fd);
	while (rig_applied(rig, 1) < CHANGES || rig_applied(rig, RIG_WORKERS) < CHANGES) {
		assert_true(now_ms() < deadline);
		assert_rig_serves(rig);
	}
	rig_destroy(rig);
}

static void client_that_goes_while_workers_are_asked(void **state)
{
	struct rig *rig = rig_running(NULL);
	int other = dial(rig);
	int fd = dial(rig);

	rig_pause(rig, 2, true);
	send_listing(fd, API_NEIGH_LIST, 0);
	close(fd);
	assert_serves(other);
	rig_pause(rig, 2, false);
	fd = dial(rig);
	send_one(fd, API_ADDR_ADD, &addr_good, sizeof(addr_good));
	assert_true(readable(fd, PATIENCE_MS)); /* worker 2 has written its answer before */
	close(fd);
	assert_serves(other);
	close(other);
	rig_destroy(rig);
}

static void unread_listing_costs_little(void **state)
{
	enum { ITEMS = 1000000 };
	const uint64_t page = API_REPLY_CHUNK / (sizeof(struct api_item) + sizeof(struct api_addr));
	const struct rig_options options = { .client_timeout_ms = 500 };
	struct rig *rig = rig_running(&options);
	struct answer answer;
	int other = dial(rig);
	int fd = dial(rig);
	uint8_t bytes[65536];
	size_t len = 0, n;
	uint64_t start, deadline;

	send_listing(fd, API_ROUTE_LIST, ITEMS);
	assert_true(readable(fd, PATIENCE_MS));
	for (int i = 0; i < 200; i++) {
		start = now_ms();
		assert_serves(other);
		assert_true(now_ms() - start < 1000);
	}
	/* a page in the socket, one being written, one behind it */
	assert_in_range(rig_listed(), page, 4 * page);
	deadline = now_ms() + PATIENCE_MS;
	while (!hung_up(fd))
		assert_true(now_ms() < deadline);
	while ((n = receive(fd, bytes, sizeof(bytes))) > 0)
		len += n;
	assert_in_range(len, 1, 4 * API_REPLY_CHUNK);
	close(fd);

	fd = dial(rig);
	send_listing(fd, API_ROUTE_LIST, ITEMS);
	answer_receive(fd, &answer);
	assert_int_equal(answer.reply[0].items, ITEMS);
	close(fd);
	close(other);
	rig_destroy(rig);
}

static void unfinished_frame_times_out(void **state)
{
	const struct rig_options options = { .client_timeout_ms = 300 };
	struct rig *rig = rig_running(&options);
	struct api_frame head = { API_MAGIC, API_VERSION, 0, 1000, 1 };
	struct answer answer;
	int idle = dial(rig);
	int fd = dial(rig);

	transmit(fd, &head, sizeof(head));
	answer_receive(fd, &answer);
	assert_int_equal(answer.reply[0].status, -ETIMEDOUT);
	assert_ended(fd);
	assert_serves(idle); /* silent for as long, between frames */
	close(idle);
	rig_destroy(rig);
}

static void clients_are_limited(void **state)
{
	enum { CLIENTS = 300 };
	struct rig *rig = rig_running(NULL);
	struct message message;
	struct answer answer;
	int fds[CLIENTS];
	uint64_t deadline;
	bool served = false;

	for (int i = 0; i < CLIENTS; i++)
		fds[i] = dial(rig);
	for (int i = 0; i < CONTROL_CLIENTS; i++)
		assert_serves(fds[i]);
	for (int i = CONTROL_CLIENTS; i < CLIENTS; i++) {
		answer_receive(fds[i], &answer);
		assert_int_equal(answer.reply[0].id, 0);
		assert_int_equal(answer.reply[0].status, -EUSERS);
		assert_string_equal(answer.reply[0].text,
				    "256 clients are connected, no more are allowed");
		assert_ended(fds[i]);
	}
	/* who goes makes room, as soon as the daemon has seen it */
	close(fds[0]);
	message_begin(&message, 0);
	message_add(&message, API_ADDR_DEL, &addr_good, sizeof(addr_good));
	for (deadline = now_ms() + PATIENCE_MS; !served; close(fds[0])) {
		assert_true(now_ms() < deadline);
		fds[0] = dial(rig);
		/* if it is refused already, the reason is still there to be read */
		assert_true(send(fds[0], message.bytes, message.len, MSG_NOSIGNAL) > 0 ||
			    errno == EPIPE);
		answer_receive(fds[0], &answer);
		served = answer.reply[0].status == -ENOENT;
		assert_true(served || answer.reply[0].status == -EUSERS);
	}
	free(message.bytes);
	for (int i = 1; i < CONTROL_CLIENTS; i++)
		close(fds[i]);
	rig_destroy(rig);
}

/* ---- workers that are late ---- */

static bool file_contains(const char *path, const char *text)
{
	char bytes[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, bytes, sizeof(bytes) - 1);
	assert_true(n >= 0);
	bytes[n] = '\0';
	close(fd);
	return strstr(bytes, text);
}

static void answer_waits_for_all_workers(void **state)
{
	struct rig *rig = rig_running(NULL);
	struct answer answer;
	uint64_t deadline = now_ms() + PATIENCE_MS;
	char log[64];
	int other = dial(rig);
	int fd = dial(rig);

	snprintf(log, sizeof(log), "%s/log", rig->dir);
	assert_int_equal(log_open(log), 0);
	rig_pause(rig, 2, true);
	send_one(fd, API_ADDR_ADD, &addr_good, sizeof(addr_good));
	while (!file_contains(log, "worker 2, which has not applied 1 changes")) {
		assert_true(now_ms() < deadline);
		assert_false(readable(fd, 50));
		assert_serves(other);
	}
	assert_false(file_contains(log, "worker 1"));
	rig_pause(rig, 2, false);
	answer_receive(fd, &answer);
	assert_int_equal(answer.reply[0].status, 0);
	assert_int_equal(rig_applied(rig, 2), 1);
	close(fd);
	close(other);
	assert_int_equal(log_open(NULL), 0);
	assert_int_equal(unlink(log), 0);
	rig_destroy(rig);
}

/* The loop ends while a client waits: everything is freed. */
static void stop_while_a_client_waits(void **state)
{
	struct rig *rig = rig_running(NULL);
	int waiting = dial(rig), listing = dial(rig), unread = dial(rig), part = dial(rig);
	struct message message;

	rig_pause(rig, 1, true);
	message_begin(&message, 0);
	message_add(&message, API_ADDR_ADD, &addr_good, sizeof(addr_good));
	transmit(part, message.bytes, message.len - 1);
	message_send(waiting, &message);
	send_listing(listing, API_NEIGH_LIST, 0);
	send_listing(unread, API_ROUTE_LIST, 1000000);
	assert_true(readable(unread, PATIENCE_MS));
	assert_false(readable(waiting, 0));
	rig_destroy(rig);
	close(waiting);
	close(listing);
	close(unread);
	close(part);
}

/* ---- the file ---- */

static int listen_at(const char *path)
{
	struct rig *rig = rig_create(NULL);
	int r = control_listen(rig->control, path);

	rig_destroy(rig);
	return r;
}

static void socket_is_its_owners(void **state)
{
	struct rig *rig = rig_running(NULL);
	struct stat st;

	assert_int_equal(stat(rig->path, &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0600);
	assert_int_equal(listen_at(rig->path), -EADDRINUSE);
	assert_rig_serves(rig);
	rig_destroy(rig); /* which asserts that the file is gone */
}

static void stale_socket_is_replaced(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct rig *rig = rig_create(NULL);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(addr.sun_path, rig->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	rig_start(rig);
	assert_rig_serves(rig);
	rig_destroy(rig);
}

static void other_files_are_left_alone(void **state)
{
	struct rig *rig = rig_create(NULL);
	struct stat before, after;
	int fd = open(rig->path, O_CREAT | O_WRONLY, 0644);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(stat(rig->path, &before), 0);
	assert_int_equal(control_listen(rig->control, rig->path), -ENOTSOCK);
	assert_int_equal(stat(rig->path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(unlink(rig->path), 0);
	rig_destroy(rig);
}

static void impossible_paths_are_refused(void **state)
{
	char path[256] = "/tmp/";

	memset(path + 5, 'x', 103);
	assert_int_equal(listen_at(path), -ENAMETOOLONG);
	assert_int_equal(listen_at(""), -EINVAL);
	assert_int_equal(listen_at("/nonexistent/dpvs.ipc"), -ENOENT);
}

/* Longest path that can be: no room for a temporary name. */
static void longest_path_serves(void **state)
{
	struct rig *rig = rig_create(NULL);
	char path[108];

	memset(path, 'x', sizeof(path));
	memcpy(path, rig->dir, strlen(rig->dir));
	path[strlen(rig->dir)] = '/';
	path[107] = '\0';
	assert_int_equal(control_listen(rig->control, path), 0);
	assert_int_equal(access(path, F_OK), 0);
	rig_destroy(rig);
}

static void foreign_socket_is_not_removed(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct rig *rig = rig_running(NULL);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char path[64];

	strcpy(path, rig->path);
	strcpy(addr.sun_path, path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	rig_stop(rig);
	control_destroy(rig->control);
	rig->control = NULL;
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(unlink(path), 0);
	close(fd);
	rig_destroy(rig);
}

/* ---- timers, signals, events ---- */

struct seen {
	unsigned int timer, signal, events;
	unsigned int from;
	struct event event;
};

static struct seen seen; /* an event's receiver has no argument */

static void on_timer(struct control *control, void *arg)
{
	struct seen *it = arg;

	if (++it->timer == 3)
		kill(getpid(), SIGUSR1);
}

static void on_signal(struct control *control, void *arg)
{
	struct seen *it = arg;
	const struct event event = { .kind = EVENT_NEIGH_LEARNT, .port = 7 };

	it->signal++;
	event_send(control_workers(control)[2], &event);
}

static void on_event(struct control *control, struct worker *from, const struct event *event)
{
	seen.from = from->id;
	seen.event = *event;
	if (++seen.events == 1)
		control_stop(control);
}

static void on_wanted(struct control *control, struct worker *from, const struct event *event)
{
	if (++seen.events == EVENT_RING - 1)
		control_stop(control);
}

static void timers_signals_and_events_arrive(void **state)
{
	struct rig *rig = rig_create(NULL);

	memset(&seen, 0, sizeof(seen));
	assert_int_equal(control_timer(rig->control, 0, on_timer, &seen), -EINVAL);
	assert_int_equal(control_timer(rig->control, 5, on_timer, &seen), 0);
	assert_int_equal(control_on_signal(rig->control, SIGUSR1, on_signal, &seen), 0);
	assert_int_equal(control_on_signal(rig->control, SIGKILL, on_signal, &seen), -EINVAL);
	assert_int_equal(control_on_event(rig->control, EVENT_NEIGH_LEARNT, on_event), 0);
	assert_int_equal(control_on_event(rig->control, EVENT_NEIGH_LEARNT, on_event), -EEXIST);
	assert_int_equal(control_on_event(rig->control, 1000, on_event), -EINVAL);
	control_run(rig->control);
	assert_true(seen.timer >= 3);
	assert_int_equal(seen.signal, 1);
	assert_int_equal(seen.events, 1);
	assert_int_equal(seen.from, 2);
	assert_int_equal(seen.event.port, 7);
	rig_destroy(rig);
}

/* More than one turn's share, and the ring is full. */
static void all_events_arrive(void **state)
{
	const struct event event = { .kind = EVENT_NEIGH_WANTED };
	struct rig *rig = rig_create(NULL);

	memset(&seen, 0, sizeof(seen));
	assert_int_equal(control_on_event(rig->control, EVENT_NEIGH_WANTED, on_wanted), 0);
	for (int i = 0; i < EVENT_RING; i++)
		event_send(rig->all[3], &event);
	control_run(rig->control);
	assert_int_equal(seen.events, EVENT_RING - 1);
	assert_int_equal(rig->all[3]->counters.events_lost, 1);
	rig_destroy(rig);
}

/* ---- without a loop ---- */

static void requests_run_without_a_loop(void **state)
{
	const struct api_filter filter = { .cpu = 200000 };
	static const struct {
		uint16_t id;
		const void *body;
		uint32_t len;
		int want;
		const char *text;
	} cases[] = {
		{ API_ADDR_ADD, &addr_good, sizeof(addr_good), 0, "" },
		{ API_ADDR_ADD, &addr_bad, sizeof(addr_bad), -EINVAL,
		  "address: prefix length 99, at most 32 is allowed" },
		{ API_ADDR_ADD, &addr_good, 8, -EINVAL, "ADDR_ADD: body of 8 bytes" },
		{ 4711, NULL, 0, -EOPNOTSUPP, "request 4711 is not known" },
		{ API_ADDR_DEL, &addr_good, sizeof(addr_good), -ENOENT, "ADDR_DEL: No such" },
	};
	struct rig *rig = rig_create(NULL);
	char error[256];
	int r;

	for (size_t i = 0; i < LENGTH(cases); i++) {
		error[0] = '\0';
		r = control_run_request(rig->all, rig_tables, cases[i].id, cases[i].body,
					cases[i].len, error, sizeof(error));
		assert_int_equal(r, cases[i].want);
		assert_int_equal(strncmp(error, cases[i].text, strlen(cases[i].text)), 0);
	}
	assert_int_equal(control_run_request(rig->all, rig_tables, API_ROUTE_LIST, &filter,
					     sizeof(filter), error, sizeof(error)),
			 0);
	assert_int_equal(rig_listed(), 200000);
	assert_int_equal(control_run_request(rig->all, rig_tables, API_NEIGH_FLUSH, &filter,
					     sizeof(filter), error, sizeof(error)),
			 0);
	for (unsigned int i = 0; i <= RIG_WORKERS; i++)
		assert_int_equal(rig_applied(rig, i), 3);
	rig_destroy(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello_says_who_answers),
		cmocka_unit_test(failure_ends_the_frame),
		cmocka_unit_test(keep_going_runs_all),
		cmocka_unit_test(listings_are_cut_into_pages),
		cmocka_unit_test(workers_are_asked),
		cmocka_unit_test(many_changes_in_one_frame),
		cmocka_unit_test(frame_byte_by_byte),
		cmocka_unit_test(frames_in_one_write),
		cmocka_unit_test(half_closed_client_is_answered),
		cmocka_unit_test(bad_frames_are_refused),
		cmocka_unit_test(garbage_does_no_harm),
		cmocka_unit_test(client_that_goes_has_its_changes_made),
		cmocka_unit_test(client_that_goes_while_workers_are_asked),
		cmocka_unit_test(unread_listing_costs_little),
		cmocka_unit_test(unfinished_frame_times_out),
		cmocka_unit_test(clients_are_limited),
		cmocka_unit_test(answer_waits_for_all_workers),
		cmocka_unit_test(stop_while_a_client_waits),
		cmocka_unit_test(socket_is_its_owners),
		cmocka_unit_test(stale_socket_is_replaced),
		cmocka_unit_test(other_files_are_left_alone),
		cmocka_unit_test(impossible_paths_are_refused),
		cmocka_unit_test(longest_path_serves),
		cmocka_unit_test(foreign_socket_is_not_removed),
		cmocka_unit_test(timers_signals_and_events_arrive),
		cmocka_unit_test(all_events_arrive),
		cmocka_unit_test(requests_run_without_a_loop),
	};

	alarm(300); /* a loop that hangs fails */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
