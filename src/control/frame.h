/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control/frame: the parser of request frames. It looks at bytes and at
 * nothing else, so that tests and fuzzers need no socket: a frame is accepted
 * as a whole or refused as a whole, before its first request runs. Whether a
 * request is known and its body has the right size is the dispatcher's matter.
 */
#ifndef CONTROL_FRAME_H
#define CONTROL_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/frame.h"

/* A whole, valid frame; points into the bytes it was parsed from. */
struct frame {
	uint32_t len;      /* bytes that it takes up */
	uint32_t count;    /* requests */
	uint16_t flags;    /* enum api_frame_flag */
	uint32_t next;     /* index of the request that frame_next() gives */
	const uint8_t *at; /* and where it stands */
};

struct frame_request {
	uint16_t id; /* any number */
	uint32_t index;
	uint32_t len;     /* of the body */
	const void *body; /* a multiple of 8 bytes behind the frame's start */
};

/*
 * 0: *frame is there. -EAGAIN: it may become one, more bytes are to come. Else the reason as -errno
 * and a sentence in error (size bytes, NUL-terminated): what these bytes begin with is no frame,
 * and where the next begins is not known.
 */
int frame_parse(const void *bytes, size_t have, struct frame *frame, char *error, size_t size);

/* The requests in their order; false behind the last. */
bool frame_next(struct frame *frame, struct frame_request *request);

#endif
