/* SPDX-License-Identifier: BSD-3-Clause */
/* A client of the control socket made by hand; blocking, with poll() wherever it could wait for
 * ever. */
#include "lib/wire.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "api/addr.h"
#include "api/monitor.h"
#include "lib/unit.h"

uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int dial(const struct rig *rig)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	strcpy(addr.sun_path, rig->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

void message_begin(struct message *message, uint16_t flags)
{
	struct api_frame head = { API_MAGIC, API_VERSION, flags, 0, 0 };

	message->bytes = malloc(API_FRAME_MAX);
	assert_non_null(message->bytes);
	memcpy(message->bytes, &head, sizeof(head));
	message->len = sizeof(head);
}

void message_add(struct message *message, uint16_t id, const void *body, uint32_t len)
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

void transmit(int fd, const void *bytes, size_t len)
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

void message_send(int fd, struct message *message)
{
	transmit(fd, message->bytes, message->len);
	free(message->bytes);
}

void send_one(int fd, uint16_t id, const void *body, uint32_t len)
{
	struct message message;

	message_begin(&message, 0);
	message_add(&message, id, body, len);
	message_send(fd, &message);
}

void send_listing(int fd, uint16_t id, uint32_t items)
{
	struct api_filter filter = { .cpu = items };

	send_one(fd, id, &filter, sizeof(filter));
}

bool readable(int fd, int ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	return poll(&wait, 1, ms) == 1;
}

bool hung_up(int fd)
{
	struct pollfd wait = { .fd = fd, .events = 0 };

	return poll(&wait, 1, 100) == 1 && (wait.revents & POLLHUP);
}

size_t receive(int fd, void *bytes, size_t len)
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

void assert_ended(int fd)
{
	uint8_t byte;

	assert_int_equal(receive(fd, &byte, 1), 0);
	close(fd);
}

/* An address, or what is told of one. */
static void answer_number(struct answer *answer, unsigned int slot, const uint8_t *object,
			  uint32_t len)
{
	struct api_addr addr;

	assert_int_equal(len, sizeof(addr));
	memcpy(&addr, object, sizeof(addr));
	if (answer->reply[slot].items == 0)
		answer->reply[slot].first = addr.ports_used;
	answer->reply[slot].last = addr.ports_used;
}

static void answer_event(struct answer *answer, unsigned int slot, const uint8_t *object,
			 uint32_t len)
{
	struct api_event event;

	assert_true(len >= sizeof(event));
	memcpy(&event, object, sizeof(event));
	answer->reply[slot].missed += event.missed;
	if (event.what == API_EVENT_MISSED)
		answer->reply[slot].items--;
	else
		answer_number(answer, slot, object + sizeof(event), len - (uint32_t)sizeof(event));
}

/* The items of one part of a listing; numbers go on where the part before ended. */
static void answer_items(struct answer *answer, unsigned int slot, const uint8_t *body,
			 uint32_t len)
{
	struct api_item item;

	for (uint32_t at = 0; at < len; at += (uint32_t)sizeof(item) + API_ALIGN(item.len)) {
		assert_true(len - at >= sizeof(item));
		memcpy(&item, body + at, sizeof(item));
		assert_true(item.len <= len - at - sizeof(item));
		if (item.kind == API_KIND_ADDR)
			answer_number(answer, slot, body + at + sizeof(item), item.len);
		if (item.kind == API_KIND_EVENT)
			answer_event(answer, slot, body + at + sizeof(item), item.len);
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

bool answer_part(int fd, struct answer *answer)
{
	struct api_frame head;
	uint8_t *body;

	assert_int_equal(receive(fd, &head, sizeof(head)), sizeof(head));
	assert_int_equal(head.magic, API_MAGIC);
	assert_int_equal(head.version, API_VERSION);
	assert_in_range(head.len, sizeof(head), API_FRAME_MAX);
	body = malloc(head.len);
	assert_non_null(body);
	assert_int_equal(receive(fd, body, head.len - sizeof(head)), head.len - sizeof(head));
	answer_frame(answer, &head, body);
	free(body);
	answer->frames++;
	return head.flags & API_FRAME_MORE;
}

void answer_receive(int fd, struct answer *answer)
{
	memset(answer, 0, sizeof(*answer));
	while (answer_part(fd, answer))
		;
}

void assert_serves(int fd)
{
	struct api_hello hello = { .pid = 0 };
	struct answer answer;

	send_one(fd, API_HELLO, &hello, sizeof(hello));
	answer_receive(fd, &answer);
	assert_int_equal(answer.replies, 1);
	assert_int_equal(answer.reply[0].status, 0);
	assert_int_equal(answer.reply[0].items, 1);
}

void assert_rig_serves(const struct rig *rig)
{
	int fd = dial(rig);

	assert_serves(fd);
	close(fd);
}
