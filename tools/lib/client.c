/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A tool's connection to the daemon. What was added lies in one buffer, as it
 * will travel: (struct api_request, body, padding) one behind the other. A run
 * cuts it into frames, sends one, reads its whole answer, and goes on with the
 * next; so both sides never write at the same time. While the last frame of a
 * run is answered, its caller may prepare what comes next. All that arrives is
 * checked against the frame it claims to be part of before anybody sees it.
 * A connection that broke is closed at once: later runs say so again.
 */
#include "lib/client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENT_SEND_S   30   /* a daemon that does not read for so long does not serve */
#define CLIENT_TEXT     1024 /* longest sentence */
#define CLIENT_PATH     128
#define CLIENT_ADD_SIZE 4096u

/* One frame of a run and what is known of its answer. */
struct exchange {
	const struct client_receiver *to;
	uint32_t first; /* index of its first request in the run */
	uint32_t count; /* of its requests */
	uint16_t flags;
	const uint8_t *at; /* the request that is answered next */
	uint32_t answered; /* replies that are complete */
	bool more;         /* the last reply goes on */
	bool stopped;      /* a failure has ended the frame */
	int status;        /* of the first failure */
};

struct client {
	int fd; /* -1: closed, or local */
	client_local_fn *local;
	void *local_arg;
	char path[CLIENT_PATH];
	char error[CLIENT_TEXT];

	uint8_t *requests; /* what was added */
	size_t len, size;
	uint32_t count;

	uint8_t *answer; /* the reply frame that was read last */
	size_t answer_size;

	uint8_t *sent; /* what lay in requests when the run began that is under way */
	size_t sent_size;
	struct exchange x;
	bool under_way; /* a frame of it waits for its answer in x */
	int result;     /* of the run that has ended */
};

__attribute__((format(printf, 3, 4))) static int client_fail(struct client *client, int err,
							     const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(client->error, sizeof(client->error), format, args);
	va_end(args);
	return err;
}

/* Nothing more can be said over this connection. */
static int client_broken(struct client *client, int err, const char *what)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	return client_fail(client, err, "dpvs at %s: %s", client->path, what);
}

const char *client_path(const char *path)
{
	const char *env = getenv(API_SOCKET_ENV);

	if (path)
		return path;
	return env && *env ? env : API_SOCKET_PATH;
}

static int socket_connect(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = CLIENT_SEND_S };
	int fd, r;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	do
		r = connect(fd, (const struct sockaddr *)&addr, sizeof(addr));
	while (r < 0 && errno == EINTR);
	if (r < 0) {
		r = errno == EAGAIN ? -ETIMEDOUT : -errno;
		close(fd);
		return r;
	}
	return fd;
}

int client_connect(struct client **client, const char *path, char *error, size_t size)
{
	struct client *made;
	int fd;

	path = client_path(path);
	fd = socket_connect(path);
	if (fd < 0) {
		snprintf(error, size, "cannot reach dpvs at %s: %s; is the daemon running?", path,
			 strerror(-fd));
		return fd;
	}
	made = calloc(1, sizeof(*made));
	if (!made) {
		snprintf(error, size, "%s", strerror(ENOMEM));
		close(fd);
		return -ENOMEM;
	}
	made->fd = fd;
	snprintf(made->path, sizeof(made->path), "%s", path);
	*client = made;
	return 0;
}

struct client *client_local(client_local_fn *run, void *arg)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	client->fd = -1;
	client->local = run;
	client->local_arg = arg;
	return client;
}

void client_close(struct client *client)
{
	if (!client)
		return;
	if (client->fd >= 0)
		close(client->fd);
	free(client->requests);
	free(client->sent);
	free(client->answer);
	free(client);
}

const char *client_error(const struct client *client)
{
	return client->error;
}

int client_add(struct client *client, uint16_t id, const void *body, size_t len)
{
	struct api_request head = { .id = id };
	size_t size = client->size ? client->size : CLIENT_ADD_SIZE;
	uint8_t *requests;
	size_t need;

	if (len > API_FRAME_MAX - sizeof(struct api_frame) - sizeof(head))
		return client_fail(client, -EMSGSIZE, "a request of %zu bytes is too long", len);
	need = sizeof(head) + API_ALIGN(len);
	while (size < client->len + need)
		size *= 2;
	if (size != client->size) {
		requests = realloc(client->requests, size);
		if (!requests)
			return client_fail(client, -ENOMEM, "%s", strerror(ENOMEM));
		client->requests = requests;
		client->size = size;
	}
	head.len = (uint32_t)len;
	memset(client->requests + client->len, 0, need);
	memcpy(client->requests + client->len, &head, sizeof(head));
	if (len)
		memcpy(client->requests + client->len + sizeof(head), body, len);
	client->len += need;
	client->count++;
	return 0;
}

unsigned int client_pending(const struct client *client)
{
	return client->count;
}

/* ---- sending ---- */

/* 0 or -errno. -EPIPE: the daemon has closed the connection, perhaps not without a word. */
static int socket_send(int fd, struct iovec *part, size_t n)
{
	struct msghdr message = { .msg_iov = part, .msg_iovlen = n };
	ssize_t sent;

	while (message.msg_iovlen) {
		sent = sendmsg(fd, &message, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == EAGAIN ? -ETIMEDOUT : errno == ECONNRESET ? -EPIPE : -errno;
		while (message.msg_iovlen && (size_t)sent >= message.msg_iov->iov_len) {
			sent -= (ssize_t)message.msg_iov->iov_len;
			message.msg_iov++;
			message.msg_iovlen--;
		}
		if (message.msg_iovlen) {
			message.msg_iov->iov_base = (uint8_t *)message.msg_iov->iov_base + sent;
			message.msg_iov->iov_len -= (size_t)sent;
		}
	}
	return 0;
}

static size_t request_len(const uint8_t *at)
{
	struct api_request head;

	memcpy(&head, at, sizeof(head));
	return sizeof(head) + API_ALIGN(head.len);
}

/* As many requests from `at` on as one frame takes; returns their bytes. */
static size_t frame_cut(const struct client *client, size_t at, uint32_t *count)
{
	size_t len = 0, next;

	*count = 0;
	while (at + len < client->len && *count < API_FRAME_REQUESTS) {
		next = request_len(client->requests + at + len);
		if (sizeof(struct api_frame) + len + next > API_FRAME_MAX)
			break;
		len += next;
		++*count;
	}
	return len;
}

static int frame_send(struct client *client, const struct exchange *x, size_t len)
{
	struct api_frame head = {
		.magic = API_MAGIC,
		.version = API_VERSION,
		.flags = x->flags,
		.len = (uint32_t)(sizeof(head) + len),
		.count = x->count,
	};
	struct iovec parts[] = {
		{ &head, sizeof(head) },
		{ (void *)(uintptr_t)x->at, len },
	};
	int r = socket_send(client->fd, parts, 2);

	if (r < 0 && r != -EPIPE)
		return client_broken(client, r, strerror(-r));
	return 0; /* -EPIPE: reading tells why */
}

/* ---- receiving ---- */

static int socket_receive(struct client *client, void *bytes, size_t len)
{
	ssize_t got;

	while (len) {
		got = recv(client->fd, bytes, len, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0 || (got < 0 && errno == ECONNRESET))
			return client_broken(
				client, -ECONNRESET,
				"the connection was closed before the answer was complete");
		if (got < 0)
			return client_broken(client, -errno, strerror(errno));
		bytes = (uint8_t *)bytes + got;
		len -= (size_t)got;
	}
	return 0;
}

/* The next reply frame, header included, into client->answer. */
static int answer_receive(struct client *client, struct api_frame *head)
{
	char text[128];
	uint8_t *answer;
	int r = socket_receive(client, head, sizeof(*head));

	if (r < 0)
		return r;
	if (head->magic != API_MAGIC)
		return client_broken(client, -EPROTO, "what answers there is not dpvs");
	if (head->version != API_VERSION) {
		snprintf(text, sizeof(text),
			 "it speaks protocol version %u, this program version %u", head->version,
			 API_VERSION);
		return client_broken(client, -EPROTONOSUPPORT, text);
	}
	if (head->len < sizeof(*head) || head->len > API_FRAME_MAX)
		return client_broken(client, -EPROTO, "the answer has an impossible length");
	if (head->len > client->answer_size) {
		answer = realloc(client->answer, head->len);
		if (!answer)
			return client_broken(client, -ENOMEM, strerror(ENOMEM));
		client->answer = answer;
		client->answer_size = head->len;
	}
	return socket_receive(client, client->answer + sizeof(*head), head->len - sizeof(*head));
}

static int answer_garbled(struct client *client)
{
	return client_broken(client, -EPROTO, "the answer is garbled");
}

static int items_deliver(struct client *client, const struct exchange *x,
			 const struct api_reply *reply, const uint8_t *body)
{
	const struct client_receiver *to = x->to;
	struct api_item head;
	uint32_t at = 0;
	int r;

	while (at < reply->len) {
		if (reply->len - at < sizeof(head))
			return answer_garbled(client);
		memcpy(&head, body + at, sizeof(head));
		at += sizeof(head);
		if (head.len > reply->len - at || API_ALIGN(head.len) > reply->len - at)
			return answer_garbled(client);
		r = to && to->item ? to->item(to->arg,
					      &(struct client_item){
						      .index = x->first + reply->index,
						      .id = reply->id,
						      .kind = head.kind,
						      .len = head.len,
						      .object = body + at,
					      })
				   : 0;
		if (r < 0)
			return client_broken(client, r, "the rest of the answer was not wanted");
		at += API_ALIGN(head.len);
	}
	return 0;
}

/* A request has ended: its status goes to the caller, the first failure is kept. */
static int reply_deliver(struct client *client, struct exchange *x, const struct api_reply *reply,
			 const uint8_t *body)
{
	const struct client_receiver *to = x->to;
	char text[CLIENT_TEXT] = "";
	int r = 0;

	if (reply->status < 0)
		snprintf(text, sizeof(text), "%.*s", (int)reply->len, (const char *)body);
	if (reply->status < 0 && !text[0])
		snprintf(text, sizeof(text), "%s", strerror(-reply->status));
	if (reply->status < 0 && x->status == 0) {
		x->status = reply->status;
		client_fail(client, reply->status, "%s", text);
	}
	if (reply->status < 0 && !(x->flags & API_FRAME_KEEP_GOING))
		x->stopped = true;
	x->answered++;
	x->at += request_len(x->at);
	if (to && to->reply)
		r = to->reply(to->arg, &(struct client_reply){
					       .index = x->first + reply->index,
					       .id = reply->id,
					       .status = reply->status,
					       .text = text,
				       });
	return r < 0 ? client_broken(client, r, "the rest of the answer was not wanted") : 0;
}

/* One reply of an answer; `body` has its whole length. */
static int reply_take(struct client *client, struct exchange *x, const struct api_reply *reply,
		      const uint8_t *body)
{
	struct api_request request;
	char text[CLIENT_TEXT];
	int r = 0;

	if (reply->id == 0 && reply->status < 0) {
		snprintf(text, sizeof(text), "%.*s", (int)reply->len, (const char *)body);
		return client_broken(client, reply->status, text);
	}
	if (x->answered == x->count || x->stopped || reply->index != x->answered ||
	    reply->status > 0)
		return answer_garbled(client);
	memcpy(&request, x->at, sizeof(request));
	if (reply->id != request.id)
		return answer_garbled(client);
	x->more = reply->flags & API_REPLY_MORE;
	if (x->more && reply->status < 0)
		return answer_garbled(client);
	if (reply->status == 0)
		r = items_deliver(client, x, reply, body);
	if (r == 0 && !x->more)
		r = reply_deliver(client, x, reply, body);
	return r;
}

static int answer_take(struct client *client, struct exchange *x, const struct api_frame *head)
{
	struct api_reply reply;
	uint32_t at = sizeof(*head);
	int r;

	for (uint32_t i = 0; i < head->count; i++) {
		if (head->len - at < sizeof(reply))
			return answer_garbled(client);
		memcpy(&reply, client->answer + at, sizeof(reply));
		at += sizeof(reply);
		if (reply.len > head->len - at || API_ALIGN(reply.len) > head->len - at)
			return answer_garbled(client);
		r = reply_take(client, x, &reply, client->answer + at);
		if (r < 0)
			return r;
		at += API_ALIGN(reply.len);
	}
	return at == head->len ? 0 : answer_garbled(client);
}

/* ---- running ---- */

/* The rest of one that was sent. 0, or why the connection is no more; the requests' own failures
 * are in *x. */
static int exchange_end(struct client *client, struct exchange *x)
{
	struct api_frame head;
	int r;

	do {
		r = answer_receive(client, &head);
		if (r == 0)
			r = answer_take(client, x, &head);
		if (r < 0)
			return r;
	} while (head.flags & API_FRAME_MORE);
	if (x->more || (x->answered < x->count && !x->stopped))
		return answer_garbled(client);
	return 0;
}

/* Sends all that was added, a frame when the one before it is answered; the last one is under way
 * then. Returns what ended the run before that, or 0. */
static int run_socket(struct client *client, bool keep_going, const struct client_receiver *to)
{
	struct exchange *x = &client->x;
	size_t at = 0, len;
	int r;

	*x = (struct exchange){ .to = to, .flags = keep_going ? API_FRAME_KEEP_GOING : 0 };
	while (at < client->len && !x->stopped) {
		x->first += x->count;
		x->answered = 0;
		x->at = client->requests + at;
		len = frame_cut(client, at, &x->count);
		if (client->fd < 0)
			return client_broken(client, -ENOTCONN, "the connection is closed");
		r = frame_send(client, x, len);
		if (r < 0)
			return r;
		at += len;
		client->under_way = at == client->len;
		r = client->under_way ? 0 : exchange_end(client, x);
		if (r < 0)
			return r;
	}
	return x->status;
}

/* What was added next must not lie where an answer is compared with what was sent. */
static void keep_sent(struct client *client)
{
	uint8_t *bytes = client->sent;
	size_t size = client->sent_size;

	client->sent = client->requests;
	client->sent_size = client->size;
	client->requests = bytes;
	client->size = size;
}

static int client_run_local(struct client *client, bool keep_going,
			    const struct client_receiver *to)
{
	struct api_request head;
	char text[CLIENT_TEXT];
	const uint8_t *at = client->requests;
	int status = 0, r;

	for (uint32_t i = 0; i < client->count; i++, at += request_len(at)) {
		memcpy(&head, at, sizeof(head));
		text[0] = '\0';
		r = client->local(client->local_arg, i, head.id, at + sizeof(head), head.len, to,
				  text, sizeof(text));
		if (r < 0 && !text[0])
			snprintf(text, sizeof(text), "%s", strerror(-r));
		if (r < 0 && status == 0)
			status = client_fail(client, r, "%s", text);
		if (to && to->reply) {
			int wanted = to->reply(to->arg, &(struct client_reply){
								.index = i,
								.id = head.id,
								.status = r,
								.text = r < 0 ? text : "",
							});
			if (wanted < 0)
				return wanted;
		}
		if (r < 0 && !keep_going)
			break;
	}
	return status;
}

void client_start(struct client *client, bool keep_going, const struct client_receiver *to)
{
	client->error[0] = '\0';
	if (client->local)
		client->result = client_run_local(client, keep_going, to);
	else
		client->result = run_socket(client, keep_going, to);
	if (client->under_way)
		keep_sent(client);
	client->len = 0;
	client->count = 0;
}

int client_finish(struct client *client)
{
	int r = client->result;

	if (client->under_way) {
		r = exchange_end(client, &client->x);
		r = r < 0 ? r : client->x.status;
	}
	client->under_way = false;
	client->result = 0;
	return r;
}

int client_run(struct client *client, bool keep_going, const struct client_receiver *to)
{
	client_start(client, keep_going, to);
	return client_finish(client);
}

int client_request(struct client *client, uint16_t id, const void *body, size_t len,
		   const struct client_receiver *to)
{
	int r = client_add(client, id, body, len);

	return r < 0 ? r : client_run(client, false, to);
}

void client_object(const struct client_item *item, void *object, size_t size)
{
	size_t len = item->len < size ? item->len : size;

	memset(object, 0, size);
	if (len)
		memcpy(object, item->object, len);
}
