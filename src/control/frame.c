/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parser of request frames. Called with all bytes that a client has sent
 * so far: it says as early as possible that they cannot become a frame, asks
 * for more while they can, and walks over all requests once the frame is whole,
 * so that nothing behind it ever checks a length again. Bytes may lie at any
 * address: headers are copied out, never cast.
 */
#include "control/frame.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FRAME_FLAGS API_FRAME_KEEP_GOING /* those that a request frame may have */

__attribute__((format(printf, 4, 5))) static int frame_bad(char *error, size_t size, int err,
							   const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, size, format, args);
	va_end(args);
	return err;
}

/* Magic and version, as soon as these bytes are there: other protocols are told at once. */
static int frame_check_start(const struct api_frame *head, size_t have, char *error, size_t size)
{
	if (have >= sizeof(head->magic) && head->magic != API_MAGIC)
		return frame_bad(error, size, -EPROTO,
				 "not a frame of this protocol: starts with 0x%08x, not 0x%08x",
				 head->magic, API_MAGIC);
	if (have >= offsetof(struct api_frame, flags) && head->version != API_VERSION)
		return frame_bad(error, size, -EPROTONOSUPPORT,
				 "protocol version %u is not spoken here, only version %u",
				 head->version, API_VERSION);
	return 0;
}

static int frame_check_head(const struct api_frame *head, char *error, size_t size)
{
	uint32_t room;

	if (head->flags & ~FRAME_FLAGS)
		return frame_bad(error, size, -EINVAL,
				 "frame has unknown flags 0x%x, only 0x%x is allowed",
				 head->flags & ~FRAME_FLAGS, FRAME_FLAGS);
	if (head->len > API_FRAME_MAX)
		return frame_bad(error, size, -EMSGSIZE,
				 "frame of %u bytes is too long, at most %u are allowed", head->len,
				 API_FRAME_MAX);
	if (head->len < sizeof(*head))
		return frame_bad(error, size, -EBADMSG,
				 "frame length %u is less than that of its header, %zu", head->len,
				 sizeof(*head));
	if (head->len != API_ALIGN(head->len))
		return frame_bad(error, size, -EBADMSG, "frame length %u is no multiple of 8",
				 head->len);
	if (head->count == 0)
		return frame_bad(error, size, -EBADMSG, "frame without a request");
	if (head->count > API_FRAME_REQUESTS)
		return frame_bad(error, size, -EMSGSIZE,
				 "frame of %u requests, at most %u are allowed", head->count,
				 API_FRAME_REQUESTS);
	room = (uint32_t)((head->len - sizeof(*head)) / sizeof(struct api_request));
	if (head->count > room)
		return frame_bad(error, size, -EBADMSG,
				 "frame length %u has no room for %u requests", head->len,
				 head->count);
	return 0;
}

/* Every request and its padding end within the frame, and the last one ends with it. */
static int frame_check_requests(const uint8_t *bytes, const struct api_frame *head, char *error,
				size_t size)
{
	struct api_request request;
	uint32_t at = sizeof(*head);

	for (uint32_t i = 0; i < head->count; i++) {
		if (head->len - at < sizeof(request))
			return frame_bad(error, size, -EBADMSG,
					 "request %u of %u begins behind the frame's end", i,
					 head->count);
		memcpy(&request, bytes + at, sizeof(request));
		at += sizeof(request);
		if (request.reserved)
			return frame_bad(error, size, -EINVAL,
					 "request %u: reserved field is %u, not 0", i,
					 request.reserved);
		/* at and the frame's length are multiples of 8: what holds the body holds its
		 * padding */
		if (request.len > head->len - at)
			return frame_bad(error, size, -EBADMSG,
					 "request %u: body of %u bytes in a frame with %u left", i,
					 request.len, head->len - at);
		at += API_ALIGN(request.len);
	}
	if (at != head->len)
		return frame_bad(error, size, -EBADMSG, "%u bytes behind the last request",
				 head->len - at);
	return 0;
}

int frame_parse(const void *bytes, size_t have, struct frame *frame, char *error, size_t size)
{
	struct api_frame head = { .magic = 0 };
	int r;

	if (have)
		memcpy(&head, bytes, have < sizeof(head) ? have : sizeof(head));
	r = frame_check_start(&head, have, error, size);
	if (r < 0)
		return r;
	if (have < sizeof(head))
		return -EAGAIN;
	r = frame_check_head(&head, error, size);
	if (r < 0)
		return r;
	if (have < head.len)
		return -EAGAIN;
	r = frame_check_requests(bytes, &head, error, size);
	if (r < 0)
		return r;

	*frame = (struct frame){
		.len = head.len,
		.count = head.count,
		.flags = head.flags,
		.at = (const uint8_t *)bytes + sizeof(head),
	};
	return 0;
}

bool frame_next(struct frame *frame, struct frame_request *request)
{
	struct api_request head;

	if (frame->next == frame->count)
		return false;
	memcpy(&head, frame->at, sizeof(head));
	*request = (struct frame_request){
		.id = head.id,
		.index = frame->next++,
		.len = head.len,
		.body = frame->at + sizeof(head),
	};
	frame->at += sizeof(head) + API_ALIGN(head.len);
	return true;
}
