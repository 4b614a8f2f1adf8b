/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control/reply: the answer to one frame, under construction. Replies are put
 * one behind the other into chunks, each chunk one reply frame of about
 * API_REPLY_CHUNK bytes; a listing that does not fit goes on in the next chunk.
 * Chunks that are full are sealed, and whoever sends them takes them out, so
 * the answer as a whole need never be in memory.
 */
#ifndef CONTROL_REPLY_H
#define CONTROL_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/frame.h"

/* One reply frame. */
struct reply_chunk {
	struct reply_chunk *next;
	uint32_t len;     /* bytes used */
	uint32_t size;    /* bytes there */
	uint64_t bytes[]; /* struct api_frame, then replies */
};

/* Zeroed: empty. */
struct reply {
	struct reply_chunk *first, *last; /* sealed, oldest first */
	struct reply_chunk *open;         /* being filled, or NULL */
	uint32_t begin; /* offset of the struct api_reply under way in `open`, 0: none */
	bool broken;    /* memory was short: what is there makes no whole answer */
};

/* 0 or -ENOMEM. Each begin has its end, items between them. */
int reply_begin(struct reply *reply, uint16_t id, uint32_t index);

/* A zeroed object of `size` bytes; valid until the next call. NULL: no memory, or size is beyond a
 * frame. */
void *reply_item(struct reply *reply, uint16_t kind, size_t size);

/* What there is of the listing may be sent, it goes on in a new chunk. 0 or -ENOMEM. */
int reply_flush(struct reply *reply);

/* status < 0: the items not yet sealed give way to text. 0 or -ENOMEM. */
int reply_end(struct reply *reply, int status, const char *text);

/* The frame's answer is complete: the last chunk is sealed. 0 or -ENOMEM. */
int reply_finish(struct reply *reply);

/* The whole answer to a frame that is none: index 0, id 0. 0 or -ENOMEM. */
int reply_refuse(struct reply *reply, int status, const char *text);

/* Is a sealed chunk there? Takes the oldest out (the caller's to free()), NULL: none. */
bool reply_ready(const struct reply *reply);
struct reply_chunk *reply_take(struct reply *reply);

/* Throws everything away; empty again. */
void reply_free(struct reply *reply);

#endif
