/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clients that talk nonsense, go away, never read, say nothing or come in
 * crowds, and workers that are late: each is to cost nobody else anything.
 * After each test everything must be freed: the sanitizers' business.
 */
#include "control/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/addr.h"
#include "api/monitor.h"
#include "base/log.h"
#include "lib/control_rig.h"
#include "lib/unit.h"
#include "lib/wire.h"
#include "worker/notify.h"
#include "worker/worker.h"

static const struct api_addr addr_good = { .plen = 24 };

/* Any bytes: an answer or none, an end, and the next client is served. */
static void garbage_does_no_harm(void **state)
{
	struct api_frame head = { API_MAGIC, API_VERSION, 0, 0, 1 };
	struct rig *rig = rig_running(NULL);
	uint8_t bytes[512], rest[4096];
	uint32_t seed = 1;
	size_t len;
	int fd;

	for (int round = 0; round < 10000; round++) {
		for (size_t i = 0; i < sizeof(bytes); i++) {
			seed = seed * 1664525 + 1013904223;
			bytes[i] = (uint8_t)(seed >> 24);
		}
		len = 1 + (seed >> 8) % (sizeof(bytes) - 1);
		if (round % 2 && len > sizeof(head) + 8) {
			head.len = (uint32_t)len & ~7u;
			memcpy(bytes, &head, sizeof(head));
			/* a request, of any id, that fills the frame or nearly */
			memset(bytes + sizeof(head) + 2, 0, 6);
			bytes[sizeof(head) + 1] = 0;
			bytes[sizeof(head) + 4] = (uint8_t)(head.len - 24);
			bytes[sizeof(head) + 5] = (uint8_t)((head.len - 24) >> 8);
		}
		fd = dial(rig);
		/* a daemon that has refused it already is no failure */
		if (send(fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len)
			shutdown(fd, SHUT_WR);
		while (receive(fd, rest, sizeof(rest)) == sizeof(rest))
			;
		close(fd);
	}
	assert_rig_serves(rig);
	rig_destroy(rig);
}

/* ---- clients that do not do their part ---- */

static void client_that_goes_has_its_changes_made(void **state)
{
	enum { CHANGES = 5000 };
	struct rig *rig = rig_running(NULL);
	struct message message;
	uint64_t deadline = now_ms() + PATIENCE_MS;
	int fd = dial(rig);

	message_begin(&message, 0);
	for (int i = 0; i < CHANGES; i++)
		message_add(&message, API_ADDR_ADD, &addr_good, sizeof(addr_good));
	message_send(fd, &message);
	close(fd);
	while (rig_applied(rig, 1) < CHANGES || rig_applied(rig, RIG_WORKERS) < CHANGES) {
		assert_true(now_ms() < deadline);
		assert_rig_serves(rig);
	}
	rig_destroy(rig);
}

static void client_that_goes_while_workers_are_asked(void **state)
{
	struct rig *rig = rig_running(NULL);
	int other = dial(rig);
	int fd = dial(rig);

	rig_pause(rig, 2, true);
	send_listing(fd, API_NEIGH_LIST, 0);
	close(fd);
	assert_serves(other);
	rig_pause(rig, 2, false);
	fd = dial(rig);
	send_one(fd, API_ADDR_ADD, &addr_good, sizeof(addr_good));
	assert_true(readable(fd, PATIENCE_MS)); /* worker 2 has written its answer before */
	close(fd);
	assert_serves(other);
	close(other);
	rig_destroy(rig);
}

static void unread_listing_costs_little(void **state)
{
	enum { ITEMS = 1000000 };
	const uint64_t page = API_REPLY_CHUNK / (sizeof(struct api_item) + sizeof(struct api_addr));
	const struct rig_options options = { .client_timeout_ms = 500 };
	struct rig *rig = rig_running(&options);
	struct answer answer;
	int other = dial(rig);
	int fd = dial(rig);
	uint8_t bytes[65536];
	size_t len = 0, n;
	uint64_t start, deadline;

	send_listing(fd, API_ROUTE_LIST, ITEMS);
	assert_true(readable(fd, PATIENCE_MS));
	for (int i = 0; i < 200; i++) {
		start = now_ms();
		assert_serves(other);
		assert_true(now_ms() - start < 1000);
	}
	/* a page in the socket, one being written, one behind it */
	assert_in_range(rig_listed(), page, 4 * page);
	deadline = now_ms() + PATIENCE_MS;
	while (!hung_up(fd))
		assert_true(now_ms() < deadline);
	while ((n = receive(fd, bytes, sizeof(bytes))) > 0)
		len += n;
	assert_in_range(len, 1, 4 * API_REPLY_CHUNK);
	close(fd);

	fd = dial(rig);
	send_listing(fd, API_ROUTE_LIST, ITEMS);
	answer_receive(fd, &answer);
	assert_int_equal(answer.reply[0].items, ITEMS);
	close(fd);
	close(other);
	rig_destroy(rig);
}

/* Changes numbered from `first` on, in one frame. */
static void change(int fd, uint64_t first, unsigned int n)
{
	struct message message;
	struct answer answer;
	uint64_t start = now_ms();

	message_begin(&message, 0);
	for (unsigned int i = 0; i < n; i++) {
		const struct api_addr addr = { .plen = 24, .ports_used = first + i };

		message_add(&message, API_ADDR_ADD, &addr, sizeof(addr));
	}
	message_send(fd, &message);
	answer_receive(fd, &answer);
	assert_int_equal(answer.replies, n);
	assert_true(now_ms() - start < PATIENCE_MS / 4);
}

/*
 * Who listens and does not read, for longer than others are given and for more changes than are
 * kept: nobody waits for it, it costs no more than those, and it hears how many it has missed.
 */
static void slow_listener_is_told_what_it_missed(void **state)
{
	enum { FRAMES = 20, CHANGES = 1000, TIMEOUT_MS = 200 };
	const struct rig_options options = { .client_timeout_ms = TIMEOUT_MS };
	const struct api_monitor wanted = { .objects = API_MONITOR_ADDR };
	struct rig *rig = rig_running(&options);
	struct answer answer = { .frames = 0 };
	int other = dial(rig), fd = dial(rig);
	uint64_t start, end, n = 0;

	send_one(fd, API_MONITOR, &wanted, sizeof(wanted));
	while (!readable(fd, 10))
		change(other, n++, 1);
	for (int i = 0; i < FRAMES; i++, n += CHANGES)
		change(other, n, CHANGES);
	for (end = now_ms() + 5 * TIMEOUT_MS; now_ms() < end;) {
		start = now_ms();
		assert_serves(other);
		assert_true(now_ms() - start < 1000);
	}
	do
		assert_true(answer_part(fd, &answer));
	while (answer.reply[0].last < n - 1);
	assert_int_equal(answer.reply[0].items + answer.reply[0].missed, n - answer.reply[0].first);
	assert_true(answer.reply[0].missed > 0);
	/* the ring; a page in the socket, one being written, one behind it */
	assert_true(answer.reply[0].items * sizeof(struct api_addr) <
		    NOTIFY_BYTES + 4 * API_REPLY_CHUNK);
	shutdown(fd, SHUT_WR);
	while (answer_part(fd, &answer))
		;
	assert_int_equal(answer.reply[0].status, 0);
	assert_ended(fd);
	close(other);
	rig_destroy(rig);
}

/* A listing that lets the workers rest takes its time, others do not wait, and it may be left. */
static void listing_rests(void **state)
{
	enum { REST_MS = 60, PAGES = 4 };
	const uint64_t page = API_REPLY_CHUNK / (sizeof(struct api_item) + sizeof(struct api_addr));
	struct rig *rig = rig_running(NULL);
	int other = dial(rig), fd = dial(rig), left = dial(rig);
	struct answer answer;
	uint64_t start = now_ms();

	rig_rest(REST_MS);
	send_listing(fd, API_ROUTE_LIST, (uint32_t)((PAGES + 1) * page));
	send_listing(left, API_ROUTE_LIST, (uint32_t)((PAGES + 1) * page));
	assert_true(readable(left, PATIENCE_MS));
	close(left);
	for (int i = 0; i < 20; i++)
		assert_serves(other);
	answer_receive(fd, &answer);
	assert_int_equal(answer.reply[0].items, (PAGES + 1) * page);
	assert_in_range(now_ms() - start, PAGES * REST_MS, PATIENCE_MS);

	/* and the loop may end meanwhile */
	rig_rest(PATIENCE_MS);
	send_listing(fd, API_ROUTE_LIST, (uint32_t)((PAGES + 1) * page));
	assert_true(readable(fd, PATIENCE_MS));
	assert_serves(other);
	rig_destroy(rig);
	rig_rest(0);
	close(other);
	close(fd);
}

static void unfinished_frame_times_out(void **state)
{
	const struct rig_options options = { .client_timeout_ms = 300 };
	struct rig *rig = rig_running(&options);
	struct api_frame head = { API_MAGIC, API_VERSION, 0, 1000, 1 };
	struct answer answer;
	int idle = dial(rig);
	int fd = dial(rig);

	transmit(fd, &head, sizeof(head));
	answer_receive(fd, &answer);
	assert_int_equal(answer.reply[0].status, -ETIMEDOUT);
	assert_ended(fd);
	assert_serves(idle); /* silent for as long, between frames */
	close(idle);
	rig_destroy(rig);
}

static void clients_are_limited(void **state)
{
	enum { CLIENTS = 300 };
	struct rig *rig = rig_running(NULL);
	struct message message;
	struct answer answer;
	int fds[CLIENTS];
	uint64_t deadline;
	bool served = false;

	for (int i = 0; i < CLIENTS; i++)
		fds[i] = dial(rig);
	for (int i = 0; i < CONTROL_CLIENTS; i++)
		assert_serves(fds[i]);
	for (int i = CONTROL_CLIENTS; i < CLIENTS; i++) {
		answer_receive(fds[i], &answer);
		assert_int_equal(answer.reply[0].id, 0);
		assert_int_equal(answer.reply[0].status, -EUSERS);
		assert_string_equal(answer.reply[0].text,
				    "256 clients are connected, no more are allowed");
		assert_ended(fds[i]);
	}
	/* who goes makes room, as soon as the daemon has seen it */
	close(fds[0]);
	message_begin(&message, 0);
	message_add(&message, API_ADDR_DEL, &addr_good, sizeof(addr_good));
	for (deadline = now_ms() + PATIENCE_MS; !served; close(fds[0])) {
		assert_true(now_ms() < deadline);
		fds[0] = dial(rig);
		/* if it is refused already, the reason is still there to be read */
		assert_true(send(fds[0], message.bytes, message.len, MSG_NOSIGNAL) > 0 ||
			    errno == EPIPE);
		answer_receive(fds[0], &answer);
		served = answer.reply[0].status == -ENOENT;
		assert_true(served || answer.reply[0].status == -EUSERS);
	}
	free(message.bytes);
	for (int i = 1; i < CONTROL_CLIENTS; i++)
		close(fds[i]);
	rig_destroy(rig);
}

/* ---- workers that are late ---- */

static bool file_contains(const char *path, const char *text)
{
	char bytes[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, bytes, sizeof(bytes) - 1);
	assert_true(n >= 0);
	bytes[n] = '\0';
	close(fd);
	return strstr(bytes, text);
}

static void answer_waits_for_all_workers(void **state)
{
	struct rig *rig = rig_running(NULL);
	struct answer answer;
	uint64_t deadline = now_ms() + PATIENCE_MS;
	char log[64];
	int other = dial(rig);
	int fd = dial(rig);

	snprintf(log, sizeof(log), "%s/log", rig->dir);
	assert_int_equal(log_open(log), 0);
	rig_pause(rig, 2, true);
	send_one(fd, API_ADDR_ADD, &addr_good, sizeof(addr_good));
	while (!file_contains(log, "worker 2, which has not applied 1 changes")) {
		assert_true(now_ms() < deadline);
		assert_false(readable(fd, 50));
		assert_serves(other);
	}
	assert_false(file_contains(log, "worker 1"));
	rig_pause(rig, 2, false);
	answer_receive(fd, &answer);
	assert_int_equal(answer.reply[0].status, 0);
	assert_int_equal(rig_applied(rig, 2), 1);
	close(fd);
	close(other);
	assert_int_equal(log_open(NULL), 0);
	assert_int_equal(unlink(log), 0);
	rig_destroy(rig);
}

/* More changes than a worker's ring takes: who makes them waits, the others do not. */
static void full_ring_stalls_nobody(void **state)
{
	enum { CHANGES = 5000 };
	struct rig *rig = rig_running(NULL);
	struct message message;
	struct answer answer;
	int other = dial(rig);
	int fd = dial(rig);

	rig_pause(rig, 3, true);
	message_begin(&message, 0);
	for (int i = 0; i < CHANGES; i++)
		message_add(&message, API_ADDR_ADD, &addr_good, sizeof(addr_good));
	message_send(fd, &message);
	for (uint64_t end = now_ms() + 200; now_ms() < end;) {
		assert_serves(other);
		send_listing(other, API_ROUTE_LIST, 10000);
		answer_receive(other, &answer);
		assert_int_equal(answer.reply[0].items, 10000);
	}
	assert_in_range(rig_applied(rig, 1), 1, 1023);
	rig_pause(rig, 3, false);
	answer_receive(fd, &answer);
	assert_int_equal(answer.replies, CHANGES);
	assert_int_equal(rig_applied(rig, 3), CHANGES);
	close(fd);
	close(other);
	rig_destroy(rig);
}

/* The loop ends while a client waits: everything is freed. */
static void stop_while_a_client_waits(void **state)
{
	struct rig *rig = rig_running(NULL);
	int waiting = dial(rig), listing = dial(rig), unread = dial(rig), part = dial(rig);
	struct message message;

	rig_pause(rig, 1, true);
	message_begin(&message, 0);
	message_add(&message, API_ADDR_ADD, &addr_good, sizeof(addr_good));
	transmit(part, message.bytes, message.len - 1);
	message_send(waiting, &message);
	send_listing(listing, API_NEIGH_LIST, 0);
	send_listing(unread, API_ROUTE_LIST, 1000000);
	assert_true(readable(unread, PATIENCE_MS));
	assert_false(readable(waiting, 0));
	rig_destroy(rig);
	close(waiting);
	close(listing);
	close(unread);
	close(part);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(garbage_does_no_harm),
		cmocka_unit_test(client_that_goes_has_its_changes_made),
		cmocka_unit_test(client_that_goes_while_workers_are_asked),
		cmocka_unit_test(unread_listing_costs_little),
		cmocka_unit_test(slow_listener_is_told_what_it_missed),
		cmocka_unit_test(listing_rests),
		cmocka_unit_test(unfinished_frame_times_out),
		cmocka_unit_test(clients_are_limited),
		cmocka_unit_test(answer_waits_for_all_workers),
		cmocka_unit_test(full_ring_stalls_nobody),
		cmocka_unit_test(stop_while_a_client_waits),
	};

	alarm(300); /* a loop that hangs fails */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
