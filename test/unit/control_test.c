/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control plane as its clients see it: a live server in this process (see
 * lib/control_rig.h) and clients that do their part. Requests and answers, the
 * ways in which bytes arrive, timers, signals and events, and the way of the
 * startup block. Clients that do not do their part: peer_test.
 */
#include "control/control.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/addr.h"
#include "lib/control_rig.h"
#include "lib/unit.h"
#include "lib/wire.h"
#include "worker/worker.h"

static const struct api_addr addr_good = { .plen = 24 };
static const struct api_addr addr_bad = { .plen = RIG_PLEN_BAD };

/* ---- requests and answers ---- */

static void hello_says_who_answers(void **state)
{
	struct rig *rig = rig_running(NULL);
	struct {
		struct api_frame head;
		struct api_reply reply;
		struct api_item item;
		struct api_hello hello;
	} got;
	int fd = dial(rig);

	send_one(fd, API_HELLO, &got.hello, sizeof(got.hello));
	assert_int_equal(receive(fd, &got, sizeof(got)), sizeof(got));
	assert_int_equal(got.head.len, sizeof(got));
	assert_int_equal(got.head.flags, 0);
	assert_int_equal(got.item.kind, API_KIND_HELLO);
	assert_string_equal(got.hello.version, DPVS_VERSION);
	assert_int_equal(got.hello.pid, getpid());
	assert_int_equal(got.hello.workers, RIG_WORKERS);
	assert_in_range(got.hello.uptime_s, 0, 60);
	close(fd);
	rig_destroy(rig);
}

static void failure_ends_the_frame(void **state)
{
	struct rig *rig = rig_running(NULL);
	struct message message;
	struct answer answer;
	int fd = dial(rig);

	message_begin(&message, 0);
	message_add(&message, API_ADDR_ADD, &addr_good, sizeof(addr_good));
	message_add(&message, API_ADDR_ADD, &addr_bad, sizeof(addr_bad));
	message_add(&message, API_ADDR_ADD, &addr_good, sizeof(addr_good));
	message_send(fd, &message);
	answer_receive(fd, &answer);
	assert_int_equal(answer.replies, 2);
	assert_int_equal(answer.reply[0].status, 0);
	assert_int_equal(answer.reply[1].status, -EINVAL);
	assert_int_equal(answer.reply[1].index, 1);
	assert_string_equal(answer.reply[1].text,
			    "address: prefix length 99, at most 32 is allowed");
	for (unsigned int i = 1; i <= RIG_WORKERS; i++)
		assert_int_equal(rig_applied(rig, i), 1);
	assert_serves(fd);
	close(fd);
	rig_destroy(rig);
}

static void keep_going_runs_all(void **state)
{
	struct rig *rig = rig_running(NULL);
	struct message message;
	struct answer answer;
	char size[64];
	int fd = dial(rig);

	snprintf(size, sizeof(size), "ADDR_ADD: body of 12 bytes, expected %zu",
		 sizeof(struct api_addr));
	message_begin(&message, API_FRAME_KEEP_GOING);
	message_add(&message, API_ADDR_ADD, &addr_bad, sizeof(addr_bad));
	message_add(&message, 4711, &addr_good, 0);
	message_add(&message, API_ADDR_ADD, &addr_good, 12);
	message_add(&message, API_ADDR_DEL, &addr_good, sizeof(addr_good));
	message_add(&message, API_ADDR_ADD, &addr_good, sizeof(addr_good));
	message_send(fd, &message);
	answer_receive(fd, &answer);
	assert_int_equal(answer.replies, 5);
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(answer.reply[i].index, i);
	assert_int_equal(answer.reply[0].status, -EINVAL);
	assert_int_equal(answer.reply[1].status, -EOPNOTSUPP);
	assert_non_null(strstr(answer.reply[1].text, "request 4711 "));
	assert_int_equal(answer.reply[2].status, -EINVAL);
	assert_non_null(strstr(answer.reply[2].text, size));
	assert_int_equal(answer.reply[3].status, -ENOENT);
	assert_string_equal(answer.reply[3].text, "ADDR_DEL: No such file or directory");
	assert_int_equal(answer.reply[4].status, 0);
	assert_int_equal(rig_applied(rig, RIG_WORKERS), 1);
	close(fd);
	rig_destroy(rig);
}

static void listings_are_cut_into_pages(void **state)
{
	static const struct {
		uint16_t id;
		uint32_t items;
		unsigned int min_frames, max_frames;
	} cases[] = {
		{ API_ADDR_LIST, 0, 1, 1 },         { API_ADDR_LIST, 1, 1, 1 },
		{ API_ADDR_LIST, 2000, 1, 1 },      { API_ADDR_LIST, 100000, 39, 45 },
		{ API_ROUTE_LIST, 0, 1, 1 },        { API_ROUTE_LIST, 2600, 2, 2 },
		{ API_ROUTE_LIST, 100000, 39, 45 },
	};
	struct rig *rig = rig_running(NULL);
	struct answer answer;
	int fd = dial(rig);

	for (size_t i = 0; i < LENGTH(cases); i++) {
		send_listing(fd, cases[i].id, cases[i].items);
		answer_receive(fd, &answer);
		assert_int_equal(answer.replies, 1);
		assert_int_equal(answer.reply[0].id, cases[i].id);
		assert_int_equal(answer.reply[0].status, 0);
		assert_int_equal(answer.reply[0].items, cases[i].items);
		assert_int_equal(answer.reply[0].first, 0);
		assert_int_equal(answer.reply[0].last, cases[i].items ? cases[i].items - 1 : 0);
		assert_in_range(answer.frames, cases[i].min_frames, cases[i].max_frames);
	}
	close(fd);
	rig_destroy(rig);
}

static void workers_are_asked(void **state)
{
	struct rig *rig = rig_running(NULL);
	struct api_filter filter = { .cpu = 0 };
	struct message message;
	struct answer answer;
	int fd = dial(rig);

	message_begin(&message, 0);
	message_add(&message, API_NEIGH_FLUSH, &filter, sizeof(filter));
	message_add(&message, API_ADDR_ADD, &addr_good, sizeof(addr_good));
	message_add(&message, API_NEIGH_LIST, &filter, sizeof(filter));
	message_send(fd, &message);
	answer_receive(fd, &answer);
	assert_int_equal(answer.replies, 3);
	assert_int_equal(answer.reply[0].status, 0);
	assert_int_equal(answer.reply[2].items, RIG_WORKERS);
	assert_int_equal(answer.reply[2].first, 3);
	assert_int_equal(answer.reply[2].last, 3);
	close(fd);
	rig_destroy(rig);
}

static void many_changes_in_one_frame(void **state)
{
	enum { CHANGES = 10000 };
	struct rig *rig = rig_running(NULL);
	struct message message;
	struct answer answer;
	uint64_t start;
	int fd = dial(rig);

	message_begin(&message, 0);
	for (int i = 0; i < CHANGES; i++)
		message_add(&message, API_ADDR_ADD, &addr_good, sizeof(addr_good));
	start = now_ms();
	message_send(fd, &message);
	answer_receive(fd, &answer);
	print_message("%d changes on %d workers: %u ms\n", CHANGES, RIG_WORKERS,
		      (unsigned int)(now_ms() - start));
	assert_int_equal(answer.replies, CHANGES);
	for (unsigned int i = 1; i <= RIG_WORKERS; i++)
		assert_int_equal(rig_applied(rig, i), CHANGES);
	assert_true(now_ms() - start < 5000);
	close(fd);
	rig_destroy(rig);
}

/* ---- how bytes arrive ---- */

static void frame_byte_by_byte(void **state)
{
	struct rig *rig = rig_running(NULL);
	struct message message;
	struct answer answer;
	int fd = dial(rig);

	message_begin(&message, 0);
	message_add(&message, API_ADDR_ADD, &addr_good, sizeof(addr_good));
	for (size_t i = 0; i < message.len; i++)
		transmit(fd, message.bytes + i, 1);
	free(message.bytes);
	answer_receive(fd, &answer);
	assert_int_equal(answer.replies, 1);
	assert_int_equal(answer.reply[0].status, 0);
	close(fd);
	rig_destroy(rig);
}

static void frames_in_one_write(void **state)
{
	enum { FRAMES = 1000 };
	struct rig *rig = rig_running(NULL);
	struct message message;
	struct answer answer;
	uint8_t *bytes;
	int fd = dial(rig);

	message_begin(&message, 0);
	message_add(&message, API_ADDR_ADD, &addr_good, sizeof(addr_good));
	bytes = malloc(message.len * FRAMES);
	assert_non_null(bytes);
	for (size_t i = 0; i < FRAMES; i++)
		memcpy(bytes + i * message.len, message.bytes, message.len);
	transmit(fd, bytes, message.len * FRAMES);
	for (int i = 0; i < FRAMES; i++) {
		answer_receive(fd, &answer);
		assert_int_equal(answer.replies, 1);
		assert_int_equal(answer.reply[0].status, 0);
	}
	assert_int_equal(rig_applied(rig, 1), FRAMES);
	free(bytes);
	free(message.bytes);
	close(fd);
	rig_destroy(rig);
}

static void half_closed_client_is_answered(void **state)
{
	struct rig *rig = rig_running(NULL);
	struct answer answer;
	int fd = dial(rig);

	send_listing(fd, API_ROUTE_LIST, 10000);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	answer_receive(fd, &answer);
	assert_int_equal(answer.reply[0].items, 10000);
	assert_ended(fd);
	rig_destroy(rig);
}

static void bad_frames_are_refused(void **state)
{
	struct api_frame frames[] = {
		{ 0x20544547, API_VERSION, 0, 24, 1 },
		{ API_MAGIC, API_VERSION + 1, 0, 24, 1 },
		{ API_MAGIC, API_VERSION, 0, API_FRAME_MAX + 8, 1 },
		{ API_MAGIC, API_VERSION, 0, 24, 2 },
		{ API_MAGIC, API_VERSION, 0, 1000, 1 }, /* and then no more */
	};
	const int want[] = { -EPROTO, -EPROTONOSUPPORT, -EMSGSIZE, -EBADMSG, -EBADMSG };
	struct rig *rig = rig_running(NULL);
	struct answer answer;
	int fd;

	for (size_t i = 0; i < LENGTH(frames); i++) {
		fd = dial(rig);
		transmit(fd, &frames[i], sizeof(frames[i]));
		if (i == LENGTH(frames) - 1)
			assert_int_equal(shutdown(fd, SHUT_WR), 0);
		answer_receive(fd, &answer);
		assert_int_equal(answer.replies, 1);
		assert_int_equal(answer.reply[0].id, 0);
		assert_int_equal(answer.reply[0].index, 0);
		assert_int_equal(answer.reply[0].status, want[i]);
		assert_true(answer.reply[0].text[0]);
		assert_ended(fd);
	}
	rig_destroy(rig);
}

/* ---- timers, signals, events ---- */

struct seen {
	unsigned int timer, signal, events;
	unsigned int from;
	struct event event;
};

static struct seen seen; /* an event's receiver has no argument */

static void on_timer(struct control *control, void *arg)
{
	struct seen *it = arg;

	if (++it->timer == 3)
		kill(getpid(), SIGUSR1);
}

static void on_signal(struct control *control, void *arg)
{
	struct seen *it = arg;
	const struct event event = { .kind = EVENT_NEIGH_LEARNT, .port = 7 };

	it->signal++;
	event_send(control_workers(control)[2], &event);
}

static void on_event(struct control *control, struct worker *from, const struct event *event)
{
	seen.from = from->id;
	seen.event = *event;
	if (++seen.events == 1)
		control_stop(control);
}

static void on_wanted(struct control *control, struct worker *from, const struct event *event)
{
	if (++seen.events == EVENT_RING - 1)
		control_stop(control);
}

static void timers_signals_and_events_arrive(void **state)
{
	struct rig *rig = rig_create(NULL);

	memset(&seen, 0, sizeof(seen));
	assert_int_equal(control_timer(rig->control, 0, on_timer, &seen), -EINVAL);
	assert_int_equal(control_timer(rig->control, 5, on_timer, &seen), 0);
	assert_int_equal(control_on_signal(rig->control, SIGUSR1, on_signal, &seen), 0);
	assert_int_equal(control_on_signal(rig->control, SIGKILL, on_signal, &seen), -EINVAL);
	assert_int_equal(control_on_event(rig->control, EVENT_NEIGH_LEARNT, on_event), 0);
	assert_int_equal(control_on_event(rig->control, EVENT_NEIGH_LEARNT, on_event), -EEXIST);
	assert_int_equal(control_on_event(rig->control, 1000, on_event), -EINVAL);
	control_run(rig->control);
	assert_true(seen.timer >= 3);
	assert_int_equal(seen.signal, 1);
	assert_int_equal(seen.events, 1);
	assert_int_equal(seen.from, 2);
	assert_int_equal(seen.event.port, 7);
	rig_destroy(rig);
}

/* More than one turn's share, and the ring is full. */
static void all_events_arrive(void **state)
{
	const struct event event = { .kind = EVENT_NEIGH_WANTED };
	struct rig *rig = rig_create(NULL);

	memset(&seen, 0, sizeof(seen));
	assert_int_equal(control_on_event(rig->control, EVENT_NEIGH_WANTED, on_wanted), 0);
	for (int i = 0; i < EVENT_RING; i++)
		event_send(rig->all[3], &event);
	control_run(rig->control);
	assert_int_equal(seen.events, EVENT_RING - 1);
	assert_int_equal(rig->all[3]->counters.events_lost, 1);
	rig_destroy(rig);
}

/* ---- without a loop ---- */

static void requests_run_without_a_loop(void **state)
{
	const struct api_filter filter = { .cpu = 200000 };
	static const struct {
		uint16_t id;
		const void *body;
		uint32_t len;
		int want;
		const char *text;
	} cases[] = {
		{ API_ADDR_ADD, &addr_good, sizeof(addr_good), 0, "" },
		{ API_ADDR_ADD, &addr_bad, sizeof(addr_bad), -EINVAL,
		  "address: prefix length 99, at most 32 is allowed" },
		{ API_ADDR_ADD, &addr_good, 8, -EINVAL, "ADDR_ADD: body of 8 bytes" },
		{ 4711, NULL, 0, -EOPNOTSUPP, "request 4711 is not known" },
		{ API_ADDR_DEL, &addr_good, sizeof(addr_good), -ENOENT, "ADDR_DEL: No such" },
	};
	struct rig *rig = rig_create(NULL);
	char error[256];
	int r;

	for (size_t i = 0; i < LENGTH(cases); i++) {
		error[0] = '\0';
		r = control_run_request(rig->all, rig_tables, cases[i].id, cases[i].body,
					cases[i].len, error, sizeof(error));
		assert_int_equal(r, cases[i].want);
		assert_int_equal(strncmp(error, cases[i].text, strlen(cases[i].text)), 0);
	}
	assert_int_equal(control_run_request(rig->all, rig_tables, API_ROUTE_LIST, &filter,
					     sizeof(filter), error, sizeof(error)),
			 0);
	assert_int_equal(rig_listed(), 200000);
	assert_int_equal(control_run_request(rig->all, rig_tables, API_NEIGH_FLUSH, &filter,
					     sizeof(filter), error, sizeof(error)),
			 0);
	for (unsigned int i = 0; i <= RIG_WORKERS; i++)
		assert_int_equal(rig_applied(rig, i), 3);
	rig_destroy(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello_says_who_answers),
		cmocka_unit_test(failure_ends_the_frame),
		cmocka_unit_test(keep_going_runs_all),
		cmocka_unit_test(listings_are_cut_into_pages),
		cmocka_unit_test(workers_are_asked),
		cmocka_unit_test(many_changes_in_one_frame),
		cmocka_unit_test(frame_byte_by_byte),
		cmocka_unit_test(frames_in_one_write),
		cmocka_unit_test(half_closed_client_is_answered),
		cmocka_unit_test(bad_frames_are_refused),
		cmocka_unit_test(timers_signals_and_events_arrive),
		cmocka_unit_test(all_events_arrive),
		cmocka_unit_test(requests_run_without_a_loop),
	};

	alarm(300); /* a loop that hangs fails */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
