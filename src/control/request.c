/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One request from its id to its answer: found in the rooms' tables, its body's
 * size checked, run, and its items or its one sentence put into the reply. The
 * handlers know nothing of sockets and loops: the same functions run for a
 * client of the socket and for a line of the startup block, before there is a
 * loop (control_run_request). HELLO, which belongs to no room, is answered here.
 */
#include "control/request.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "worker/worker.h"

static int hello_run(struct request *req, const void *body)
{
	struct api_hello *hello = request_item(req, API_KIND_HELLO, sizeof(*hello));

	if (!hello)
		return -ENOMEM;
	snprintf(hello->version, sizeof(hello->version), "%s", DPVS_VERSION);
	hello->pid = (uint32_t)getpid();
	hello->workers = request_workers(req)[WORKER_MASTER]->n_workers;
	hello->uptime_s = request_clock_s() - req->dispatch->started_s;
	return 0;
}

static const struct request_handler hello_handler = REQUEST_HANDLER(HELLO, GET, struct api_hello,
								    hello_run);

const struct request_handler *request_find(const struct dispatch *dispatch, uint16_t id)
{
	if (id == hello_handler.id)
		return &hello_handler;
	for (const struct request_table *table = dispatch->tables; table->handlers; table++)
		for (unsigned int i = 0; i < table->count; i++)
			if (table->handlers[i].id == id)
				return &table->handlers[i];
	return NULL;
}

struct worker *const *request_workers(const struct request *req)
{
	return req->dispatch->all;
}

struct control *request_control(const struct request *req)
{
	return req->dispatch->control;
}

/* Length of the valid UTF-8 sequence at text, 0 if it is none (or a control character). */
static size_t text_char(const unsigned char *text)
{
	static const unsigned char least[] = { 0, 0x20, 0xc2, 0xe0, 0xf0 };
	size_t n = text[0] < 0x80 ? 1 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;

	if (text[0] < least[n] || text[0] > 0xf4 || text[0] == 0x7f)
		return 0;
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
	    (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* Sentences quote what clients sent: what would spoil a terminal or a JSON text becomes '?'. */
static void text_clean(char *text)
{
	size_t n;

	while (*text) {
		n = text_char((unsigned char *)text);
		if (n == 0)
			*text = '?';
		text += n ? n : 1;
	}
}

int request_fail(struct request *req, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(req->text, sizeof(req->text), format, args);
	va_end(args);
	text_clean(req->text);
	req->status = err < 0 ? err : -EINVAL;
	return req->status;
}

void *request_item(struct request *req, enum api_kind kind, size_t size)
{
	void *object = reply_item(req->reply, (uint16_t)kind, size);

	if (!object)
		request_fail(req, -ENOMEM, "%s: no memory for the answer", req->handler->name);
	return object;
}

void request_continue(struct request *req, request_continue_fn *fn, void *state)
{
	req->next = fn;
	req->state = state;
}

void request_rest(struct request *req, unsigned int ms)
{
	req->rest_ms = ms;
}

bool request_full(const struct request *req)
{
	return reply_ready(req->reply);
}

/* ---- changes as they happen ---- */

static struct notify *notify_of(const struct request *req)
{
	return req->dispatch->all[WORKER_MASTER]->notify;
}

static int listen_page(struct request *req, void *state)
{
	const struct api_event *event;
	size_t len;

	while (!request_full(req) && (event = notify_next(notify_of(req), &req->reader, &len))) {
		void *item = request_item(req, API_KIND_EVENT, len);

		if (!item)
			return -ENOMEM;
		memcpy(item, event, len);
	}
	request_continue(req, listen_page, NULL);
	return reply_flush(req->reply);
}

int request_listen(struct request *req, uint32_t objects, unsigned int family)
{
	int r;

	if (!request_control(req) || !notify_of(req))
		return request_fail(req, -EOPNOTSUPP, "%s: nobody listens here",
				    req->handler->name);
	r = notify_join(notify_of(req), &req->reader, objects, family);
	if (r == -EUSERS)
		return request_fail(req, r, "%u clients monitor already, no more are allowed",
				    NOTIFY_READERS);
	if (r < 0)
		return request_fail(req, r, "%s: no memory", req->handler->name);
	req->listens = true;
	request_continue(req, listen_page, NULL);
	return 0;
}

static void listen_end(struct request *req)
{
	if (req->listens)
		notify_leave(notify_of(req), &req->reader);
	req->listens = false;
}

bool request_has_news(struct request *req)
{
	return notify_ready(notify_of(req), &req->reader);
}

void request_finish(struct request *req)
{
	listen_end(req);
	req->next = NULL;
	reply_end(req->reply, 0, "");
}

/* A function of the request's has returned r: is the request over? Then its answer is written. */
static bool request_returned(struct request *req, int r)
{
	if (r < 0 && req->status != r) {
		if (!req->text[0])
			request_fail(req, r, "%s: %s", req->handler->name, strerror(-r));
		req->status = r;
	}
	if (req->status == 0 && req->next)
		return false;
	if (req->handler && req->handler->access == REQUEST_SET) {
		if (req->dispatch->changes)
			(*req->dispatch->changes)++;
		notify_look(req->dispatch->all[WORKER_MASTER]);
	}
	listen_end(req);
	req->next = NULL;
	free(req->state);
	req->state = NULL;
	reply_end(req->reply, req->status, req->text);
	return true;
}

bool request_start(struct request *req, const struct dispatch *dispatch, struct reply *reply,
		   const struct frame_request *what)
{
	const struct request_handler *handler = request_find(dispatch, what->id);

	memset(req, 0, offsetof(struct request, text));
	req->text[0] = '\0';
	req->dispatch = dispatch;
	req->handler = handler;
	req->reply = reply;
	reply_begin(reply, what->id, what->index);
	if (!handler)
		request_fail(req, -EOPNOTSUPP, "request %u is not known to dpvs %s", what->id,
			     DPVS_VERSION);
	else if (what->len != handler->size)
		request_fail(req, -EINVAL,
			     "%s: body of %u bytes, expected %u: are tool and daemon of the same "
			     "version?",
			     handler->name, what->len, handler->size);
	else
		return request_returned(req, handler->run(req, what->body));
	return request_returned(req, req->status);
}

bool request_resume(struct request *req)
{
	request_continue_fn *fn = req->next;

	req->next = NULL;
	req->rest_ms = 0;
	return request_returned(req, fn(req, req->state));
}

void request_settle(const struct dispatch *dispatch)
{
	if (dispatch->all[WORKER_MASTER]->settle)
		dispatch->all[WORKER_MASTER]->settle(dispatch->all);
}

void request_drop(struct request *req)
{
	listen_end(req);
	req->next = NULL;
	free(req->state);
	req->state = NULL;
	reply_end(req->reply, -ECANCELED, "");
}

uint64_t request_clock_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

int control_run_request(struct worker *const *all, const struct request_table *tables, uint16_t id,
			const void *body, uint32_t len, char *error, size_t size)
{
	struct dispatch dispatch = {
		.all = all,
		.tables = tables,
		.started_s = request_clock_s(),
	};
	struct frame_request what = { .id = id, .len = len, .body = body };
	struct reply reply = { .first = NULL };
	struct request req;
	bool over;

	over = request_start(&req, &dispatch, &reply, &what);
	while (!over) {
		reply_free(&reply); /* nobody reads the items */
		reply_begin(&reply, id, 0);
		over = request_resume(&req);
	}
	reply_free(&reply);
	request_settle(&dispatch);
	if (req.status < 0)
		snprintf(error, size, "%s", req.text);
	return req.status;
}

int control_check_request(const struct request_table *tables, uint16_t id, const void *body,
			  char *error, size_t size)
{
	struct dispatch dispatch = { .tables = tables };
	const struct request_handler *handler = request_find(&dispatch, id);
	struct request req = { .dispatch = &dispatch, .handler = handler };

	if (!handler || !handler->check)
		return 0;
	if (handler->check(&req, body) < 0)
		snprintf(error, size, "%s", req.text);
	return req.status;
}
