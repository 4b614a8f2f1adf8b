/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/client: a tool's connection to the daemon. Requests are collected by
 * client_add() and carried out by client_run(), which sends them in as few
 * frames as the protocol allows, one frame under way at a time, and hands
 * every reply and every item of a listing to the caller as it arrives, so that
 * a listing of a million rows needs the memory of one chunk. Requests are
 * numbered from 0 in the order of client_add(), whatever frames they travel in.
 *
 * Nothing here exits, prints, or keeps state outside struct client; what went
 * wrong is said in one sentence by client_error(). Objects of another build of
 * the daemon may be longer or shorter than ours: client_object() copes.
 */
#ifndef LIB_CLIENT_H
#define LIB_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/frame.h"

struct client;

/* One item of a listing. The object is aligned to 8 and valid during the call only. */
struct client_item {
	uint32_t index; /* which request, from 0 */
	uint16_t id;    /* its enum api_id */
	uint16_t kind;  /* enum api_kind, or one that we don't know */
	uint32_t len;   /* of the object, as the daemon sent it */
	const void *object;
};

/* The end of one request: called once for each that was run, behind its items. */
struct client_reply {
	uint32_t index;
	uint16_t id;
	int status;       /* 0 or -errno */
	const char *text; /* the daemon's sentence, "" if status is 0; valid during the call only */
};

/*
 * Who gets what arrives; either function may be NULL. A negative return ends client_run() with that
 * value: the rest of the answer is lost and the connection with it.
 */
struct client_receiver {
	int (*item)(void *arg, const struct client_item *item);
	int (*reply)(void *arg, const struct client_reply *reply);
	void *arg;
};

/* path NULL: $DPVS_IPC_FILE or API_SOCKET_PATH. */
const char *client_path(const char *path);

/*
 * 0 and *client, or -errno with the sentence in error (size bytes, NUL-terminated):
 * "cannot reach dpvs at PATH: REASON; is the daemon running?"
 */
int client_connect(struct client **client, const char *path, char *error, size_t size);

/*
 * A client without a socket: client_run() calls run for each request instead. It returns 0 or
 * -errno with the sentence in error, and may call to->item. For the daemon's own startup block, and
 * for tests of the tools. NULL: no memory.
 */
typedef int client_local_fn(void *arg, uint32_t index, uint16_t id, const void *body, uint32_t len,
			    const struct client_receiver *to, char *error, size_t size);
struct client *client_local(client_local_fn *run, void *arg);

void client_close(struct client *client);

/* What went wrong last, "" if nothing did. */
const char *client_error(const struct client *client);

/* Appends a request; the body is copied. 0, -ENOMEM, -EMSGSIZE (no frame could carry it). */
int client_add(struct client *client, uint16_t id, const void *body, size_t len);

/* How many requests wait for client_run(). */
unsigned int client_pending(const struct client *client);

/*
 * Carries out what was added, in order: up to the first failure, or all if keep_going. 0 when all
 * succeeded, else the first failure: the status of the first request that failed (its text in
 * client_error()), or -errno of the connection, which is closed then. Nothing is pending
 * afterwards.
 */
int client_run(struct client *client, bool keep_going, const struct client_receiver *to);

/*
 * The same in two parts, for who prepares the next run meanwhile: until client_finish() returns
 * what client_run() would, nothing but client_add() may be called, `to` must stay, and the last of
 * what was added is under way.
 */
void client_start(struct client *client, bool keep_going, const struct client_receiver *to);
int client_finish(struct client *client);

/* One request: client_add() and client_run(). `to` may be NULL. Nothing else may be pending. */
int client_request(struct client *client, uint16_t id, const void *body, size_t len,
		   const struct client_receiver *to);

/*
 * The item's object as this build knows it: `size` bytes, cut if the daemon's is longer,
 * zero-filled if it is shorter. Ask for item->kind first; an unknown kind is to be passed over.
 */
void client_object(const struct client_item *item, void *object, size_t size);

#endif
