/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The answer to one frame, under construction. A chunk is sealed only when
 * something more has to go behind it, so that every sealed chunk but the one of
 * reply_finish() is followed by another and may say so (API_FRAME_MORE). All
 * sizes are multiples of 8, and every byte of padding is zero: nothing of the
 * master's memory leaves by accident.
 */
#include "control/reply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_FIRST 4096u /* most answers are short */

static uint8_t *chunk_at(struct reply_chunk *chunk, uint32_t offset)
{
	return (uint8_t *)chunk->bytes + offset;
}

static struct api_frame *chunk_frame(struct reply_chunk *chunk)
{
	return (struct api_frame *)chunk_at(chunk, 0);
}

static struct api_reply *reply_head(struct reply *reply)
{
	return (struct api_reply *)chunk_at(reply->open, reply->begin);
}

/* Zeroed room at the end of the open chunk, opened if there is none. NULL: no memory. */
static void *chunk_extend(struct reply *reply, uint32_t len)
{
	struct reply_chunk *chunk = reply->open;
	uint32_t used = chunk ? chunk->len : sizeof(struct api_frame);
	uint32_t size = chunk ? chunk->size : CHUNK_FIRST;
	void *room;

	while (size < used + len)
		size *= 2;
	if (!chunk || size != chunk->size) {
		chunk = realloc(reply->open, sizeof(*chunk) + size);
		if (!chunk) {
			reply->broken = true;
			return NULL;
		}
		chunk->size = size;
	}
	if (!reply->open) {
		chunk->next = NULL;
		*chunk_frame(chunk) = (struct api_frame){
			.magic = API_MAGIC,
			.version = API_VERSION,
		};
	}
	room = chunk_at(chunk, used);
	memset(room, 0, len);
	chunk->len = used + len;
	reply->open = chunk;
	return room;
}

static void chunk_seal(struct reply *reply, uint16_t flags)
{
	struct reply_chunk *chunk = reply->open;

	chunk_frame(chunk)->flags = flags;
	chunk_frame(chunk)->len = chunk->len;
	if (reply->last)
		reply->last->next = chunk;
	else
		reply->first = chunk;
	reply->last = chunk;
	reply->open = NULL;
	reply->begin = 0;
}

int reply_begin(struct reply *reply, uint16_t id, uint32_t index)
{
	struct api_reply *head;

	if (reply->open && reply->open->len >= API_REPLY_CHUNK)
		chunk_seal(reply, API_FRAME_MORE);
	head = chunk_extend(reply, sizeof(*head));
	if (!head)
		return -ENOMEM;
	reply->begin = reply->open->len - (uint32_t)sizeof(*head);
	head->id = id;
	head->index = index;
	chunk_frame(reply->open)->count++;
	return 0;
}

/* Ends what the open chunk has of this listing and goes on in the next. */
static int reply_turn_page(struct reply *reply)
{
	struct api_reply *head = reply_head(reply);
	uint16_t id = head->id;
	uint32_t index = head->index;

	head->flags = API_REPLY_MORE;
	head->len = reply->open->len - reply->begin - (uint32_t)sizeof(*head);
	chunk_seal(reply, API_FRAME_MORE);
	return reply_begin(reply, id, index);
}

void *reply_item(struct reply *reply, uint16_t kind, size_t size)
{
	struct api_item *item;
	uint32_t need;

	if (!reply->begin || size > API_FRAME_MAX - sizeof(struct api_frame) -
					     sizeof(struct api_reply) - sizeof(*item))
		return NULL;
	need = (uint32_t)sizeof(*item) + API_ALIGN(size);
	if (reply->open->len + need > API_REPLY_CHUNK &&
	    reply->open->len > sizeof(struct api_frame) + sizeof(struct api_reply) &&
	    reply_turn_page(reply) < 0)
		return NULL;
	item = chunk_extend(reply, need);
	if (!item)
		return NULL;
	item->kind = kind;
	item->len = (uint32_t)size;
	return item + 1;
}

int reply_flush(struct reply *reply)
{
	if (!reply->begin)
		return -ENOMEM;
	if (reply->open->len == reply->begin + (uint32_t)sizeof(struct api_reply))
		return 0;
	return reply_turn_page(reply);
}

int reply_end(struct reply *reply, int status, const char *text)
{
	struct api_reply *head;
	uint32_t len;
	void *room;

	if (!reply->begin)
		return -ENOMEM; /* a page could not be turned */
	if (status < 0) {
		len = (uint32_t)strlen(text);
		reply->open->len = reply->begin + (uint32_t)sizeof(*head);
		room = chunk_extend(reply, API_ALIGN(len));
		if (!room)
			return -ENOMEM;
		memcpy(room, text, len);
	} else {
		len = reply->open->len - reply->begin - (uint32_t)sizeof(*head);
	}
	head = reply_head(reply);
	head->status = status;
	head->len = len;
	reply->begin = 0;
	return 0;
}

int reply_finish(struct reply *reply)
{
	if (!reply->open && !chunk_extend(reply, 0))
		return -ENOMEM;
	chunk_seal(reply, 0);
	return 0;
}

int reply_refuse(struct reply *reply, int status, const char *text)
{
	reply_free(reply);
	if (reply_begin(reply, 0, 0) < 0 || reply_end(reply, status, text) < 0)
		return -ENOMEM;
	return reply_finish(reply);
}

bool reply_ready(const struct reply *reply)
{
	return reply->first;
}

struct reply_chunk *reply_take(struct reply *reply)
{
	struct reply_chunk *chunk = reply->first;

	if (chunk) {
		reply->first = chunk->next;
		if (!reply->first)
			reply->last = NULL;
	}
	return chunk;
}

void reply_free(struct reply *reply)
{
	struct reply_chunk *chunk;

	while ((chunk = reply_take(reply)) != NULL)
		free(chunk);
	free(reply->open);
	*reply = (struct reply){ .first = NULL };
}
