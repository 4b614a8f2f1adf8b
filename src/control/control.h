/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control/control: the master's machinery. One libuv loop serves the unix
 * socket, timers, signals, and what workers report; nothing in it blocks. A
 * request is found in the rooms' handler tables, checked for its size, run on
 * the master, and answered when every worker has acknowledged the ops that it
 * published.
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/frame.h"
#include "worker/event.h"
#include "worker/op.h"

struct control;
struct netlink_dialect;
struct request;

/*
 * Validates the body, changes all workers by ops, or lists. 0, or what request_fail() returned. The
 * body is aligned, has the exact size of the table's row, and is only valid during the call.
 */
typedef int request_fn(struct request *req, const void *body);

/*
 * Of a request that runs soon: what it will wait for in memory may be asked for, in steps as those
 * of an op (worker/op.h). The body is as little to be trusted as that of run.
 */
typedef void request_ahead_fn(const struct worker *master, const void *body, unsigned int step);

enum request_access {
	REQUEST_GET,
	REQUEST_SET,
};

struct request_handler {
	uint16_t id; /* enum api_id */
	const char *name;
	enum request_access access;
	uint32_t size; /* of the body */
	request_fn *run;
	request_fn *check; /* run's refusals that need no worker's tables; NULL: there are none */
	request_ahead_fn *ahead; /* NULL: none */
};

#define REQUEST_HANDLER(id, access, body, run) REQUEST_CHECKED(id, access, body, run, NULL)
#define REQUEST_CHECKED(id, access, body, run, check) \
	REQUEST_AHEAD(id, access, body, run, check, NULL)
#define REQUEST_AHEAD(id, access, body, run, check, ahead)                       \
	{                                                                        \
		API_##id, #id, REQUEST_##access, sizeof(body), run, check, ahead \
	}

/* One room's requests. */
struct request_table {
	const struct request_handler *handlers;
	unsigned int count;
};

struct worker *const *request_workers(const struct request *req);
struct control *request_control(
	const struct request *req); /* NULL while the conf file's startup block runs */

/* One clear sentence: what, which, what is allowed. Returns err (negative). */
__attribute__((format(printf, 3, 4))) int request_fail(struct request *req, int err,
						       const char *format, ...);

/* A zeroed item at the end of the listing; NULL: no memory, the request fails by itself. Valid
 * until the next. */
void *request_item(struct request *req, enum api_kind kind, size_t size);

/*
 * For listings that ask workers: when all ops that the request has published (a changing request:
 * all that anybody has) are acknowledged, fn runs on the master; it may publish ops and call this
 * again. The state is freed with free() when the request ends or its client goes, but never before
 * these ops are acknowledged; another state than before takes the place of the old one, which is
 * then the caller's to free. A page of items is sent on whenever it is large enough, and fn is not
 * called again before the client has taken it. Without a loop (control_run_request) fn is called at
 * once.
 */
typedef int request_continue_fn(struct request *req, void *state);
void request_continue(struct request *req, request_continue_fn *fn, void *state);

/*
 * Beside request_continue(): fn is not called for so long, so that workers under load can do
 * something else between two pages. Without a loop nobody rests.
 */
void request_rest(struct request *req, unsigned int ms);

/*
 * Is there a page of items to send? A listing that may have thousands of items asks after each, and
 * goes on by request_continue(): else all of it lies in memory at once, and nobody else is served
 * meanwhile.
 */
bool request_full(const struct request *req);

/*
 * The request's items are from now on the changes that the rooms tell (worker/notify.h), each an
 * API_KIND_EVENT, as they happen: it goes on until its client sends something or goes. A client
 * that does not keep up is told how many it has missed, and is not disconnected for it. objects:
 * enum api_monitor_object; family: 0 any. 0, or what request_fail() returned.
 */
int request_listen(struct request *req, uint32_t objects, unsigned int family);

#define CONTROL_CLIENTS    256
#define CONTROL_TIMEOUT_MS 30000

/* The loop. create before workers start; `tables` ends with an empty row. destroy when they have
 * ended. */
struct control_config {
	struct worker *const *all;
	const struct request_table *tables;
	int wake_fd;                    /* eventfd that workers write, see struct worker */
	unsigned int max_clients;       /* 0: CONTROL_CLIENTS */
	unsigned int client_timeout_ms; /* for an unfinished frame, an unread reply; 0:
					   CONTROL_TIMEOUT_MS */
};

struct control *control_create(const struct control_config *config);
void control_destroy(struct control *control);
struct worker *const *control_workers(const struct control *control);

/*
 * The socket appears at path, for its owner only (0600), and answers from then on; a stale one is
 * replaced, a live one is -EADDRINUSE. 0 or -errno, the sentence is logged. control_destroy()
 * removes it if it is still this one.
 */
int control_listen(struct control *control, const char *path);

/*
 * A second socket, for clients that speak netlink (control/netlink.h); as of control_listen(). The
 * dialect and arg are there until control_destroy().
 */
int control_listen_netlink(struct control *control, const char *path,
			   const struct netlink_dialect *dialect, const void *arg);

/* Grows with each request that may have changed something; the loop's thread. */
uint64_t control_changes(const struct control *control);

/* Something else than a request has; the loop's thread. */
void control_changed(struct control *control);

/* Until control_stop(), which any thread may call. */
void control_run(struct control *control);
void control_stop(struct control *control);

/* Every period_ms on the master. 0 or -errno. */
int control_timer(struct control *control, unsigned int period_ms,
		  void (*fn)(struct control *control, void *arg), void *arg);
int control_on_signal(struct control *control, int signum,
		      void (*fn)(struct control *control, void *arg), void *arg);
/* When the descriptor is readable; it stays the caller's, who ends the watch before closing it. 0
 * or -errno. */
int control_watch(struct control *control, int fd, void (*fn)(struct control *control, void *arg),
		  void *arg);
void control_unwatch(struct control *control, int fd);
/* In every turn of the loop, before it waits. 0 or -errno. */
int control_on_turn(struct control *control, void (*fn)(struct control *control, void *arg),
		    void *arg);
/* One receiver a kind of event: 0, -EEXIST, -EINVAL. */
int control_on_event(struct control *control, enum event_kind kind,
		     void (*fn)(struct control *control, struct worker *from,
				const struct event *event));

/*
 * Without a loop, before workers run: one request, as the startup block has it. 0 or -errno with
 * the error's text in error (size bytes, NUL-terminated).
 */
int control_run_request(struct worker *const *all, const struct request_table *tables, uint16_t id,
			const void *body, uint32_t len, char *error, size_t size);

/*
 * Would it be refused whatever the tables hold, as far as its handler can tell? 0, or -errno with
 * the same text in error. Nothing is changed, no worker is needed.
 */
int control_check_request(const struct request_table *tables, uint16_t id, const void *body,
			  char *error, size_t size);

#endif
