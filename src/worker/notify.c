/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ring is one piece of memory; begin and end count bytes that were ever
 * put, their remainders are places. A record never wraps: what is left of the
 * ring in front of one that does not fit is a record of nobody's class. Per
 * class the ring counts what it has lost and a reader what it has passed, so
 * that the difference is what this reader has missed of what it wanted.
 */
#include "worker/notify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "worker/worker.h"

#define CLASS_NONE NOTIFY_CLASSES

struct record {
	uint32_t size;  /* of all, a multiple of 8 */
	uint16_t class; /* CLASS_NONE: nothing but the ring's end */
	uint16_t pad;   /* bytes behind the object */
	struct api_event event;
};

struct notify {
	uint8_t *ring; /* NULL: nobody listens */
	uint64_t begin, end;
	unsigned int readers;
	unsigned int wanted[NOTIFY_CLASSES]; /* readers that want it */
	uint64_t put[NOTIFY_CLASSES];
	uint64_t gone[NOTIFY_CLASSES]; /* of these, no more in the ring */
	void (*news)(void *arg);
	void *news_arg;
	void (*look)(void *arg);
	void *look_arg;
};

/* In the order of enum api_monitor_object. */
static const enum api_kind kinds[NOTIFY_CLASSES / 3] = {
	API_KIND_ADDR, API_KIND_ROUTE,  API_KIND_NEIGH,
	API_KIND_LINK, API_KIND_TUNNEL, API_KIND_MARK,
};

static unsigned int class_of(enum api_kind kind, unsigned int family)
{
	unsigned int object = 0;

	while (object < NOTIFY_CLASSES / 3 - 1 && kinds[object] != kind)
		object++;
	return object * 3 + (family == AF_INET ? 1 : family == AF_INET6 ? 2 : 0);
}

static uint32_t classes_of(uint32_t objects, unsigned int family)
{
	uint32_t classes = 0;

	for (unsigned int object = 0; object < NOTIFY_CLASSES / 3; object++) {
		if (!(objects & 1u << object))
			continue;
		classes |= 1u << object * 3;
		if (family != AF_INET6)
			classes |= 1u << (object * 3 + 1);
		if (family != AF_INET)
			classes |= 1u << (object * 3 + 2);
	}
	return classes;
}

struct notify *notify_create(void (*news)(void *arg), void *arg)
{
	struct notify *notify = calloc(1, sizeof(*notify));

	if (notify) {
		notify->news = news;
		notify->news_arg = arg;
	}
	return notify;
}

void notify_destroy(struct notify *notify)
{
	if (notify)
		free(notify->ring);
	free(notify);
}

static struct record *record_at(const struct notify *notify, uint64_t at)
{
	return (struct record *)(void *)(notify->ring + at % NOTIFY_BYTES);
}

/* ---- readers ---- */

int notify_join(struct notify *notify, struct notify_reader *reader, uint32_t objects,
		unsigned int family)
{
	if (notify->readers == NOTIFY_READERS)
		return -EUSERS;
	if (!notify->ring) {
		notify->ring = malloc(NOTIFY_BYTES);
		if (!notify->ring)
			return -ENOMEM;
	}
	notify->readers++;
	*reader = (struct notify_reader){
		.at = notify->end,
		.classes = classes_of(objects, family),
	};
	memcpy(reader->passed, notify->put, sizeof(reader->passed));
	for (unsigned int i = 0; i < NOTIFY_CLASSES; i++)
		notify->wanted[i] += reader->classes >> i & 1;
	return 0;
}

void notify_leave(struct notify *notify, struct notify_reader *reader)
{
	for (unsigned int i = 0; i < NOTIFY_CLASSES; i++)
		notify->wanted[i] -= reader->classes >> i & 1;
	reader->classes = 0;
	if (--notify->readers)
		return;
	free(notify->ring);
	notify->ring = NULL;
	notify->begin = notify->end = 0;
	memcpy(notify->gone, notify->put, sizeof(notify->gone));
}

/* Onto the oldest that is left, if its own place has gone. */
static void reader_catch_up(const struct notify *notify, struct notify_reader *reader)
{
	if (reader->at >= notify->begin)
		return;
	reader->at = notify->begin;
	for (unsigned int i = 0; i < NOTIFY_CLASSES; i++)
		if (reader->classes >> i & 1)
			reader->missed += notify->gone[i] - reader->passed[i];
	memcpy(reader->passed, notify->gone, sizeof(reader->passed));
}

static void reader_pass(struct notify_reader *reader, const struct record *record)
{
	reader->at += record->size;
	if (record->class != CLASS_NONE)
		reader->passed[record->class]++;
}

/* The record at its place, when it has passed those it does not want; NULL: it has passed all. */
static const struct record *reader_find(const struct notify *notify, struct notify_reader *reader)
{
	while (reader->at < notify->end) {
		const struct record *record = record_at(notify, reader->at);

		if (record->class != CLASS_NONE && (reader->classes >> record->class & 1))
			return record;
		reader_pass(reader, record);
	}
	return NULL;
}

bool notify_ready(struct notify *notify, struct notify_reader *reader)
{
	reader_catch_up(notify, reader);
	return reader->missed || reader_find(notify, reader);
}

const struct api_event *notify_next(struct notify *notify, struct notify_reader *reader,
				    size_t *len)
{
	const struct record *record;

	reader_catch_up(notify, reader);
	if (reader->missed) {
		reader->lost = (struct api_event){
			.what = API_EVENT_MISSED,
			.missed = reader->missed,
		};
		reader->missed = 0;
		*len = sizeof(reader->lost);
		return &reader->lost;
	}
	record = reader_find(notify, reader);
	if (!record)
		return NULL;
	reader_pass(reader, record);
	*len = record->size - offsetof(struct record, event) - record->pad;
	return &record->event;
}

/* ---- writers ---- */

bool notify_wanted(const struct worker *w, enum api_kind kind, unsigned int family)
{
	return w->notify && w->notify->readers && w->notify->wanted[class_of(kind, family)];
}

static void make_room(struct notify *notify, uint64_t size)
{
	while (notify->end + size - notify->begin > NOTIFY_BYTES) {
		const struct record *oldest = record_at(notify, notify->begin);

		if (oldest->class != CLASS_NONE)
			notify->gone[oldest->class]++;
		notify->begin += oldest->size;
	}
}

static struct record *append(struct notify *notify, uint32_t size)
{
	uint32_t left = NOTIFY_BYTES - (uint32_t)(notify->end % NOTIFY_BYTES);
	struct record *record;

	if (left < size) {
		make_room(notify, left);
		record = record_at(notify, notify->end);
		record->size = left;
		record->class = CLASS_NONE;
		notify->end += left;
	}
	make_room(notify, size);
	record = record_at(notify, notify->end);
	notify->end += size;
	return record;
}

void notify_put(struct worker *w, enum api_event_what what, enum api_kind kind, unsigned int family,
		const void *object, size_t len)
{
	struct notify *notify = w->notify;
	uint32_t padded = API_ALIGN(len);
	struct record *record;

	if (!notify_wanted(w, kind, family))
		return;
	record = append(notify, (uint32_t)sizeof(*record) + padded);
	*record = (struct record){
		.size = (uint32_t)sizeof(*record) + padded,
		.class = (uint16_t)class_of(kind, family),
		.pad = (uint16_t)(padded - len),
		.event = { .what = (uint16_t)what, .kind = (uint16_t)kind },
	};
	memcpy(record + 1, object, len);
	notify->put[record->class]++;
	notify->news(notify->news_arg);
}

void notify_on_look(struct notify *notify, void (*look)(void *arg), void *arg)
{
	notify->look = look;
	notify->look_arg = arg;
}

void notify_look(struct worker *master)
{
	struct notify *notify = master->notify;

	if (notify && notify->readers && notify->look)
		notify->look(notify->look_arg);
}
