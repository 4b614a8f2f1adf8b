/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ring of changes: what each reader sees of what was put, in order and
 * whole; what it is told when it was too slow; and that a change nobody wants
 * costs nothing.
 */
#include "worker/notify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "api/route.h"
#include "lib/prng.h"
#include "lib/unit.h"
#include "worker/worker.h"

struct rig {
	struct worker *master;
	unsigned int news;
};

static void count_news(void *arg)
{
	((struct rig *)arg)->news++;
}

static void rig_make(struct rig *rig)
{
	rig->news = 0;
	rig->master = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*rig->master));
	assert_non_null(rig->master);
	memset(rig->master, 0, sizeof(*rig->master));
	rig->master->notify = notify_create(count_news, rig);
	assert_non_null(rig->master->notify);
}

static void rig_free(struct rig *rig)
{
	notify_destroy(rig->master->notify);
	free(rig->master);
}

static struct notify_reader join(struct rig *rig, uint32_t objects, unsigned int family)
{
	struct notify_reader reader;

	assert_int_equal(notify_join(rig->master->notify, &reader, objects, family), 0);
	return reader;
}

/* A number, in an object of that length. */
static void put(struct rig *rig, enum api_kind kind, unsigned int family, uint64_t number,
		size_t len)
{
	uint64_t object[128] = { number };

	assert_in_range(len, sizeof(number), sizeof(object));
	memset((char *)object + sizeof(number), (int)number, len - sizeof(number));
	notify_put(rig->master, API_EVENT_ADD, kind, family, object, len);
}

/* The number of the next event, whose object has that length. */
static uint64_t take(struct rig *rig, struct notify_reader *reader, enum api_kind kind, size_t len)
{
	const struct api_event *event;
	uint64_t number;
	size_t got;

	assert_true(notify_ready(rig->master->notify, reader));
	event = notify_next(rig->master->notify, reader, &got);
	assert_non_null(event);
	assert_int_equal(event->what, API_EVENT_ADD);
	assert_int_equal(event->kind, kind);
	assert_int_equal(got, sizeof(*event) + len);
	memcpy(&number, event + 1, sizeof(number));
	for (size_t i = sizeof(number); i < len; i++)
		assert_int_equal(((const uint8_t *)(event + 1))[i], (uint8_t)number);
	return number;
}

static void assert_nothing(struct rig *rig, struct notify_reader *reader)
{
	size_t len;

	assert_false(notify_ready(rig->master->notify, reader));
	assert_null(notify_next(rig->master->notify, reader, &len));
}

static void readers_get_what_they_want(void **state)
{
	struct notify_reader routes, six, links;
	struct rig rig;

	rig_make(&rig);
	routes = join(&rig, API_MONITOR_ROUTE, 0);
	six = join(&rig, API_MONITOR_ROUTE | API_MONITOR_ADDR, AF_INET6);
	links = join(&rig, API_MONITOR_LINK, AF_INET);
	put(&rig, API_KIND_ROUTE, AF_INET, 1, 8);
	put(&rig, API_KIND_ROUTE, AF_INET6, 2, 9);
	put(&rig, API_KIND_ADDR, AF_INET6, 3, 16);
	put(&rig, API_KIND_LINK, 0, 4, 100);
	put(&rig, API_KIND_NEIGH, AF_INET, 5, 8); /* nobody's */
	put(&rig, API_KIND_ADDR, AF_INET, 6, 8);  /* nobody's */
	assert_int_equal(rig.news, 4);
	assert_int_equal(take(&rig, &routes, API_KIND_ROUTE, 8), 1);
	assert_int_equal(take(&rig, &routes, API_KIND_ROUTE, 9), 2);
	assert_nothing(&rig, &routes);
	assert_int_equal(take(&rig, &six, API_KIND_ROUTE, 9), 2);
	assert_int_equal(take(&rig, &six, API_KIND_ADDR, 16), 3);
	assert_nothing(&rig, &six);
	assert_int_equal(take(&rig, &links, API_KIND_LINK, 100), 4);
	assert_nothing(&rig, &links);
	rig_free(&rig);
}

static void nothing_from_before(void **state)
{
	struct notify_reader first, second;
	struct rig rig;

	rig_make(&rig);
	put(&rig, API_KIND_ROUTE, AF_INET, 1, 8);
	assert_int_equal(rig.news, 0);
	first = join(&rig, API_MONITOR_ALL, 0);
	put(&rig, API_KIND_ROUTE, AF_INET, 2, 8);
	second = join(&rig, API_MONITOR_ALL, 0);
	put(&rig, API_KIND_ROUTE, AF_INET, 3, 8);
	assert_int_equal(take(&rig, &second, API_KIND_ROUTE, 8), 3);
	assert_int_equal(take(&rig, &first, API_KIND_ROUTE, 8), 2);
	notify_leave(rig.master->notify, &second);
	assert_int_equal(take(&rig, &first, API_KIND_ROUTE, 8), 3);
	notify_leave(rig.master->notify, &first);
	assert_false(notify_wanted(rig.master, API_KIND_ROUTE, AF_INET));

	/* the ring is made again */
	first = join(&rig, API_MONITOR_ROUTE, 0);
	put(&rig, API_KIND_ROUTE, AF_INET, 4, 8);
	assert_int_equal(take(&rig, &first, API_KIND_ROUTE, 8), 4);
	assert_nothing(&rig, &first);
	rig_free(&rig);
}

/* Missed and read are all that was put of what it wanted; what was read is the newest. */
static void slow_reader_is_told(void **state)
{
	struct notify_reader slow, quick;
	const struct api_event *event;
	uint64_t missed, next;
	struct rig rig;
	size_t len;
	enum { PUT = 40000 };

	rig_make(&rig);
	slow = join(&rig, API_MONITOR_ROUTE, AF_INET6);
	quick = join(&rig, API_MONITOR_ALL, 0);
	for (uint64_t i = 0; i < PUT; i++) {
		put(&rig, API_KIND_ROUTE, AF_INET6, i, 120);
		put(&rig, API_KIND_ROUTE, AF_INET, i, 40); /* not to be counted */
		assert_int_equal(take(&rig, &quick, API_KIND_ROUTE, 120), i);
		assert_int_equal(take(&rig, &quick, API_KIND_ROUTE, 40), i);
	}
	event = notify_next(rig.master->notify, &slow, &len);
	assert_non_null(event);
	assert_int_equal(event->what, API_EVENT_MISSED);
	assert_int_equal(len, sizeof(*event));
	missed = event->missed;
	assert_in_range(missed, PUT - NOTIFY_BYTES / 120, PUT - 1);
	for (next = missed; next < PUT; next++)
		assert_int_equal(take(&rig, &slow, API_KIND_ROUTE, 120), next);
	assert_nothing(&rig, &slow);
	assert_nothing(&rig, &quick);
	rig_free(&rig);
}

/* Any lengths, any pace: numbers ascend, and none is neither seen nor told to be missed. */
static void any_pace_adds_up(void **state)
{
	struct notify_reader reader;
	uint64_t put_n = 0, seen = 0;
	struct rig rig;
	struct prng seed = { 7 };

	rig_make(&rig);
	reader = join(&rig, API_MONITOR_NEIGH, 0);
	for (int round = 0; round < 400; round++) {
		unsigned int puts = prng_below(&seed, 2000);
		unsigned int takes = prng_below(&seed, 2000);
		const struct api_event *event;
		uint64_t number;
		size_t len;

		for (unsigned int i = 0; i < puts; i++)
			put(&rig, API_KIND_NEIGH, AF_INET, put_n++, 8 + prng_below(&seed, 1000));
		if (round == 399)
			takes = UINT32_MAX;
		while (takes-- && (event = notify_next(rig.master->notify, &reader, &len))) {
			if (event->what == API_EVENT_MISSED) {
				seen += event->missed;
				continue;
			}
			memcpy(&number, event + 1, sizeof(number));
			assert_int_equal(number, seen);
			seen++;
		}
	}
	assert_int_equal(seen, put_n);
	rig_free(&rig);
}

static void so_many_and_no_more(void **state)
{
	struct notify_reader readers[NOTIFY_READERS], more;
	struct rig rig;

	rig_make(&rig);
	for (unsigned int i = 0; i < NOTIFY_READERS; i++)
		readers[i] = join(&rig, API_MONITOR_ROUTE, 0);
	assert_int_equal(notify_join(rig.master->notify, &more, API_MONITOR_ROUTE, 0), -EUSERS);
	notify_leave(rig.master->notify, &readers[3]);
	more = join(&rig, API_MONITOR_ROUTE, 0);
	put(&rig, API_KIND_ROUTE, AF_INET, 5, 8);
	assert_int_equal(take(&rig, &more, API_KIND_ROUTE, 8), 5);
	assert_int_equal(take(&rig, &readers[0], API_KIND_ROUTE, 8), 5);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readers_get_what_they_want), cmocka_unit_test(nothing_from_before),
		cmocka_unit_test(slow_reader_is_told),        cmocka_unit_test(any_pace_adds_up),
		cmocka_unit_test(so_many_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
