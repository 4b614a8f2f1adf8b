/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control/request: one request while it is run, for the files of this room.
 * The rooms above see it only through the functions of control.h.
 */
#ifndef CONTROL_REQUEST_H
#define CONTROL_REQUEST_H

#include "control/control.h"
#include "control/frame.h"
#include "control/reply.h"
#include "worker/notify.h"

#define REQUEST_TEXT 512 /* longest sentence of a failure */

/* What all requests of a daemon share. */
struct dispatch {
	struct worker *const *all;
	const struct request_table *tables;
	struct control *control; /* NULL: there is no loop */
	uint64_t started_s;      /* CLOCK_MONOTONIC */
	uint64_t *changes;       /* counts requests that may have changed something; may be NULL */
};

struct request {
	const struct dispatch *dispatch;
	const struct request_handler *handler;
	struct reply *reply;
	request_continue_fn *next; /* NULL: over as soon as the running function returns */
	void *state;               /* next's */
	unsigned int rest_ms;      /* before next is called */
	int status;
	bool listens; /* by request_listen() */
	struct notify_reader reader;
	char text[REQUEST_TEXT];
};

/* NULL: no room answers it. */
const struct request_handler *request_find(const struct dispatch *dispatch, uint16_t id);

/*
 * Runs `what` and writes its answer. True: it is over. False: it goes on by request_resume(), when
 * what was published until now is acknowledged; true again when that was its end.
 */
bool request_start(struct request *req, const struct dispatch *dispatch, struct reply *reply,
		   const struct frame_request *what);
bool request_resume(struct request *req);

/* One that listens: is there anything to tell? */
bool request_has_news(struct request *req);

/* The listener wants no more: it is over, with success. */
void request_finish(struct request *req);

/* The rooms finish what the requests that have run have left to do. */
void request_settle(const struct dispatch *dispatch);

/* Nobody waits for the rest of it. */
void request_drop(struct request *req);

/* The time of struct dispatch. */
uint64_t request_clock_s(void);

#endif
