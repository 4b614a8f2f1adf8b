/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tools' side of the socket: against a real control plane (batches over
 * several frames, long listings, refusals), and against a daemon that answers
 * with given bytes: every way in which an answer can be wrong, answers of
 * newer and older builds, and answers with bytes changed at random.
 */
#include "lib/client.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/addr.h"
#include "lib/control_rig.h"
#include "lib/unit.h"

/* ---- what arrived ---- */

struct heard {
	uint64_t items, replies, failures;
	uint64_t expected; /* number of the next item */
	uint32_t next;     /* index of the next reply */
	bool in_order;
	uint64_t end_at_item, end_at_reply; /* the callback refuses the N-th, 0: none */
	char text[256];                     /* of the last failure */
	struct api_addr addr;               /* the last item */
};

static int hear_item(void *arg, const struct client_item *item)
{
	struct heard *heard = arg;

	assert_int_equal((uintptr_t)item->object % 8, 0);
	client_object(item, &heard->addr, sizeof(heard->addr));
	heard->in_order &= heard->addr.ports_used == heard->expected++;
	heard->in_order &= item->index == heard->next;
	return ++heard->items == heard->end_at_item ? -ECANCELED : 0;
}

static int hear_reply(void *arg, const struct client_reply *reply)
{
	struct heard *heard = arg;

	heard->in_order &= reply->index == heard->next++;
	if (reply->status < 0) {
		heard->failures++;
		snprintf(heard->text, sizeof(heard->text), "%s", reply->text);
	}
	return ++heard->replies == heard->end_at_reply ? -ECANCELED : 0;
}

static struct client_receiver hearing(struct heard *heard)
{
	*heard = (struct heard){ .in_order = true };
	return (struct client_receiver){ hear_item, hear_reply, heard };
}

static struct client *client_of(const char *path)
{
	struct client *client;
	char error[256];

	if (client_connect(&client, path, error, sizeof(error)) < 0)
		fail_msg("%s", error);
	return client;
}

static const struct api_addr addr_good = { .plen = 24 };
static const struct api_addr addr_bad = { .plen = RIG_PLEN_BAD };

static void add(struct client *client, const struct api_addr *addr, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(client_add(client, API_ADDR_ADD, addr, sizeof(*addr)), 0);
}

/* ---- with a daemon ---- */

static int rig_setup(void **state)
{
	struct rig *rig = rig_create(NULL);

	rig_start(rig);
	*state = rig;
	return 0;
}

static int rig_teardown(void **state)
{
	rig_destroy(*state);
	return 0;
}

static void one_request(void **state)
{
	struct rig *rig = *state;
	struct client *client = client_of(rig->path);
	struct heard heard;
	struct client_receiver to = hearing(&heard);

	assert_int_equal(client_request(client, API_ADDR_ADD, &addr_good, sizeof(addr_good), &to),
			 0);
	assert_int_equal(heard.replies, 1);
	assert_string_equal(client_error(client), "");
	assert_int_equal(rig_applied(rig, RIG_WORKERS), 1);

	assert_int_equal(client_request(client, API_ADDR_ADD, &addr_bad, sizeof(addr_bad), NULL),
			 -EINVAL);
	assert_string_equal(client_error(client),
			    "address: prefix length 99, at most 32 is allowed");
	assert_int_equal(client_request(client, 4711, NULL, 0, NULL), -EOPNOTSUPP);
	assert_non_null(strstr(client_error(client), "request 4711"));
	/* a refused request does not end the connection */
	assert_int_equal(client_request(client, API_ADDR_ADD, &addr_good, sizeof(addr_good), NULL),
			 0);
	client_close(client);
}

/* More requests, and more bytes, than one frame takes. */
static void batch_over_several_frames(void **state)
{
	enum { MANY = 2 * API_FRAME_REQUESTS + 17 };
	struct rig *rig = *state;
	struct client *client = client_of(rig->path);
	struct heard heard;
	struct client_receiver to = hearing(&heard);

	add(client, &addr_good, MANY);
	assert_int_equal(client_pending(client), MANY);
	assert_int_equal(client_run(client, false, &to), 0);
	assert_int_equal(client_pending(client), 0);
	assert_int_equal(heard.replies, MANY);
	assert_true(heard.in_order);
	assert_int_equal(rig_applied(rig, 1), MANY);

	/* of requests without a body the frame's count is the limit */
	to = hearing(&heard);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(client_add(client, 4711, NULL, 0), 0);
	assert_int_equal(client_run(client, true, &to), -EOPNOTSUPP);
	assert_int_equal(heard.failures, MANY);
	assert_true(heard.in_order);
	client_close(client);
}

static void first_failure_ends_the_batch(void **state)
{
	enum { BEFORE = 70000 };
	struct rig *rig = *state;
	struct client *client = client_of(rig->path);
	struct heard heard;
	struct client_receiver to = hearing(&heard);

	add(client, &addr_good, BEFORE);
	add(client, &addr_bad, 1);
	add(client, &addr_good, BEFORE);
	assert_int_equal(client_run(client, false, &to), -EINVAL);
	assert_int_equal(heard.replies, BEFORE + 1);
	assert_int_equal(heard.failures, 1);
	assert_int_equal(rig_applied(rig, 1), BEFORE);
	assert_string_equal(heard.text, client_error(client));

	to = hearing(&heard);
	add(client, &addr_bad, 1);
	add(client, &addr_good, BEFORE);
	add(client, &addr_bad, 1);
	assert_int_equal(client_run(client, true, &to), -EINVAL);
	assert_int_equal(heard.replies, BEFORE + 2);
	assert_int_equal(heard.failures, 2);
	assert_true(heard.in_order);
	assert_int_equal(rig_applied(rig, 1), 2 * BEFORE);
	client_close(client);
}

static void long_listing(void **state)
{
	struct rig *rig = *state;
	struct client *client = client_of(rig->path);
	struct api_filter filter = { .cpu = 300000 };
	struct heard heard;
	struct client_receiver to = hearing(&heard);

	assert_int_equal(client_request(client, API_ROUTE_LIST, &filter, sizeof(filter), &to), 0);
	assert_int_equal(heard.items, 300000);
	assert_int_equal(heard.replies, 1);
	assert_true(heard.in_order);
	client_close(client);
}

static void caller_may_end_it(void **state)
{
	struct rig *rig = *state;
	struct client *client = client_of(rig->path);
	struct api_filter filter = { .cpu = 300000 };
	struct heard heard;
	struct client_receiver to = hearing(&heard);

	heard.end_at_item = 5;
	assert_int_equal(client_request(client, API_ROUTE_LIST, &filter, sizeof(filter), &to),
			 -ECANCELED);
	assert_int_equal(heard.items, 5);
	assert_int_equal(client_request(client, API_ADDR_ADD, &addr_good, sizeof(addr_good), NULL),
			 -ENOTCONN);
	client_close(client);

	client = client_of(rig->path);
	to = hearing(&heard);
	heard.end_at_reply = 2;
	add(client, &addr_good, 4);
	assert_int_equal(client_run(client, false, &to), -ECANCELED);
	assert_int_equal(heard.replies, 2);
	client_close(client);
}

static void longest_request(void **state)
{
	const size_t most = API_FRAME_MAX - sizeof(struct api_frame) - sizeof(struct api_request);
	struct rig *rig = *state;
	struct client *client = client_of(rig->path);
	uint8_t *body = calloc(1, most + 1);

	assert_non_null(body);
	assert_int_equal(client_add(client, API_ADDR_ADD, body, most + 1), -EMSGSIZE);
	assert_int_equal(client_pending(client), 0);
	assert_int_equal(client_request(client, API_ADDR_ADD, body, most, NULL), -EINVAL);
	assert_non_null(strstr(client_error(client), "ADDR_ADD: body of 4194280 bytes"));
	free(body);
	client_close(client);
}

static void refused_client_is_told(void **state)
{
	struct rig *rig = rig_create(&(struct rig_options){ .max_clients = 1 });
	struct client *first, *second;
	char want[256];

	rig_start(rig);
	first = client_of(rig->path);
	assert_int_equal(client_request(first, API_ADDR_ADD, &addr_good, sizeof(addr_good), NULL),
			 0);
	second = client_of(rig->path);
	assert_int_equal(client_request(second, API_ADDR_ADD, &addr_good, sizeof(addr_good), NULL),
			 -EUSERS);
	snprintf(want, sizeof(want), "dpvs at %s: 1 clients are connected, no more are allowed",
		 rig->path);
	assert_string_equal(client_error(second), want);
	client_close(first);
	client_close(second);
	rig_destroy(rig);
}

/* ---- without one ---- */

static void no_daemon(void **state)
{
	struct client *client = NULL;
	char error[256], path[200];

	assert_int_equal(client_connect(&client, "/nonexistent/ipc", error, sizeof(error)),
			 -ENOENT);
	assert_string_equal(error, "cannot reach dpvs at /nonexistent/ipc: No such file or "
				   "directory; is the daemon running?");
	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(client_connect(&client, path, error, sizeof(error)), -ENAMETOOLONG);
	assert_null(client);

	assert_int_equal(setenv(API_SOCKET_ENV, "/nonexistent/env", 1), 0);
	assert_string_equal(client_path("/a"), "/a");
	assert_string_equal(client_path(NULL), "/nonexistent/env");
	assert_int_equal(client_connect(&client, NULL, error, sizeof(error)), -ENOENT);
	assert_non_null(strstr(error, "at /nonexistent/env: "));
	assert_int_equal(unsetenv(API_SOCKET_ENV), 0);
	assert_string_equal(client_path(NULL), API_SOCKET_PATH);
}

static int run_local(void *arg, uint32_t index, uint16_t id, const void *body, uint32_t len,
		     const struct client_receiver *to, char *error, size_t size)
{
	const struct api_addr *addr = body;
	const struct client_item item = { index, id, API_KIND_ADDR, len, body };

	++*(unsigned int *)arg;
	if (addr->plen == RIG_PLEN_BAD) {
		snprintf(error, size, "refused here");
		return -EPERM;
	}
	return to && to->item ? to->item(to->arg, &item) : 0;
}

static void local_client(void **state)
{
	unsigned int calls = 0;
	struct client *client = client_local(run_local, &calls);
	struct heard heard;
	struct client_receiver to = hearing(&heard);

	assert_non_null(client);
	add(client, &addr_good, 1);
	add(client, &addr_bad, 1);
	add(client, &addr_good, 1);
	assert_int_equal(client_run(client, false, &to), -EPERM);
	assert_string_equal(client_error(client), "refused here");
	assert_int_equal(calls, 2);
	assert_int_equal(heard.items, 1);
	assert_int_equal(heard.replies, 2);

	add(client, &addr_bad, 2);
	add(client, &addr_good, 1);
	assert_int_equal(client_run(client, true, NULL), -EPERM);
	assert_int_equal(calls, 5);
	assert_int_equal(client_run(client, false, NULL), 0);
	assert_string_equal(client_error(client), "");
	client_close(client);
}

/* ---- a daemon that answers with given bytes ---- */

struct script {
	char dir[32], path[64];
	int listener;
	pthread_t thread;
	const void *bytes; /* what the next client gets */
	size_t len;
};

static void *script_loop(void *arg)
{
	struct script *script = arg;
	uint8_t request[4096];
	int fd;

	/* until the listener is shut down */
	while ((fd = accept(script->listener, NULL, NULL)) >= 0) {
		if (recv(fd, request, sizeof(request), 0) > 0)
			send(fd, script->bytes, script->len, MSG_NOSIGNAL);
		close(fd);
	}
	return NULL;
}

static void script_start(struct script *script)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	*script = (struct script){ .dir = "/tmp/client-XXXXXX" };
	assert_non_null(mkdtemp(script->dir));
	snprintf(script->path, sizeof(script->path), "%s/ipc", script->dir);
	strcpy(addr.sun_path, script->path);
	script->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(script->listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(script->listener, 8), 0);
	assert_int_equal(pthread_create(&script->thread, NULL, script_loop, script), 0);
}

static void script_stop(struct script *script)
{
	shutdown(script->listener, SHUT_RDWR);
	pthread_join(script->thread, NULL);
	close(script->listener);
	unlink(script->path);
	assert_int_equal(rmdir(script->dir), 0);
}

/* Asks twice in one frame (ADDR_LIST, then ADDR_ADD) and hears the given bytes. */
static int script_ask(struct script *script, const void *bytes, size_t len, struct heard *heard,
		      char *error, size_t size)
{
	struct client_receiver to = hearing(heard);
	struct api_filter filter = { .cpu = 0 };
	struct client *client = client_of(script->path);
	int r;

	script->bytes = bytes;
	script->len = len;
	assert_int_equal(client_add(client, API_ADDR_LIST, &filter, sizeof(filter)), 0);
	assert_int_equal(client_add(client, API_ADDR_ADD, &addr_good, sizeof(addr_good)), 0);
	r = client_run(client, false, &to);
	snprintf(error, size, "%s", client_error(client));
	client_close(client);
	return r;
}

/* An answer: a page with an item in a first frame, the rest and the second reply in another. */
struct answer {
	struct api_frame frame1;
	struct api_reply reply1;
	struct api_item item1;
	uint64_t object1[2];
	struct api_frame frame2;
	struct api_reply reply2;
	struct api_reply reply3;
};

static const struct answer answer_good = {
	.frame1 = { API_MAGIC, API_VERSION, API_FRAME_MORE, offsetof(struct answer, frame2), 1 },
	.reply1 = { API_ADDR_LIST, API_REPLY_MORE, 0, 0, 24 },
	.item1 = { API_KIND_ADDR, 0, 13 },
	.frame2 = { API_MAGIC, API_VERSION, 0,
		    sizeof(struct answer) - offsetof(struct answer, frame2), 2 },
	.reply2 = { API_ADDR_LIST, 0, 0, 0, 0 },
	.reply3 = { API_ADDR_ADD, 0, 0, 1, 0 },
};

/* One field of the good answer set to another value. */
#define SET(field, value)                                                                          \
#field " " #value, offsetof(struct answer, field), sizeof(((struct answer *)NULL)->field), \
		value

static const struct {
	const char *name;
	size_t at, size;
	uint64_t value;
	size_t len; /* of the answer, 0: all of it */
	int want;
	const char *text;
} wrong[] = {
	{ SET(frame1.magic, 0x50545448), 0, -EPROTO, "is not dpvs" },
	{ SET(frame1.version, 77), 0, -EPROTONOSUPPORT, "it speaks protocol version 77, this" },
	{ SET(frame1.len, 8), 0, -EPROTO, "length" },
	{ SET(frame1.len, UINT32_MAX), 0, -EPROTO, "length" },
	{ SET(frame1.len, 16), 0, -EPROTO, "garbled" },
	{ SET(frame1.len, 24), 0, -EPROTO, "garbled" },
	{ SET(frame1.count, 0), 0, -EPROTO, "garbled" },
	{ SET(frame1.count, 2), 0, -EPROTO, "garbled" },
	{ SET(frame1.count, UINT32_MAX), 0, -EPROTO, "garbled" },
	{ SET(frame1.flags, 0), 0, -EPROTO, "garbled" },
	{ SET(frame2.flags, API_FRAME_MORE), 0, -ECONNRESET, "closed" },
	{ SET(frame2.count, 1), 0, -EPROTO, "garbled" },
	{ SET(reply1.id, API_ADDR_ADD), 0, -EPROTO, "garbled" },
	{ SET(reply1.index, 1), 0, -EPROTO, "garbled" },
	{ SET(reply1.index, UINT32_MAX), 0, -EPROTO, "garbled" },
	{ SET(reply1.status, 5), 0, -EPROTO, "garbled" },
	{ SET(reply1.status, (uint32_t)-EINVAL), 0, -EPROTO, "garbled" },
	{ SET(reply1.len, 32), 0, -EPROTO, "garbled" },
	{ SET(reply1.len, UINT32_MAX), 0, -EPROTO, "garbled" },
	{ SET(reply1.len, 4), 0, -EPROTO, "garbled" },
	{ SET(reply1.len, 16), 0, -EPROTO, "garbled" },
	{ SET(reply1.flags, 0), 0, -EPROTO, "garbled" },
	{ SET(item1.len, 17), 0, -EPROTO, "garbled" },
	{ SET(item1.len, UINT32_MAX), 0, -EPROTO, "garbled" },
	{ SET(item1.len, 0), 0, 0, "" }, /* more items, shorter ones */
	{ SET(reply2.flags, API_REPLY_MORE), 0, -EPROTO, "garbled" },
	{ SET(reply3.flags, API_REPLY_MORE), 0, -EPROTO, "garbled" },
	{ SET(reply3.index, 0), 0, -EPROTO, "garbled" },
	{ SET(reply3.len, 8), 0, -EPROTO, "garbled" },
	{ "no answer", 0, 0, 0, SIZE_MAX, -ECONNRESET, "closed" },
	{ "half a header", 0, 0, 0, 7, -ECONNRESET, "closed" },
	{ "half a frame", 0, 0, 0, 40, -ECONNRESET, "closed" },
	{ "one frame of two", 0, 0, 0, offsetof(struct answer, frame2), -ECONNRESET, "closed" },
	{ "all but the last byte", 0, 0, 0, sizeof(struct answer) - 1, -ECONNRESET, "closed" },
	{ "right", 0, 0, 0, 0, 0, "" },
	{ SET(item1.kind, 999), 0, 0, "" },
	{ SET(reply3.status, (uint32_t)-EEXIST), 0, -EEXIST, "File exists" },
};

static void wrong_answers_are_refused(void **state)
{
	struct script script;
	struct heard heard;
	char error[256];

	script_start(&script);
	for (size_t i = 0; i < LENGTH(wrong); i++) {
		struct answer answer = answer_good;
		size_t len = wrong[i].len ? wrong[i].len : sizeof(answer);
		int r;

		memcpy((uint8_t *)&answer + wrong[i].at, &wrong[i].value, wrong[i].size);
		r = script_ask(&script, &answer, len == SIZE_MAX ? 0 : len, &heard, error,
			       sizeof(error));
		if (r != wrong[i].want || !strstr(error, wrong[i].text))
			fail_msg("%s: %d \"%s\", wanted %d \"%s\"", wrong[i].name, r, error,
				 wrong[i].want, wrong[i].text);
	}
	script_stop(&script);
}

static void refused_frame_is_told(void **state)
{
	struct {
		struct api_frame frame;
		struct api_reply reply;
		char text[8];
	} answer = {
		.frame = { API_MAGIC, API_VERSION, 0, sizeof(answer), 1 },
		.reply = { 0, 0, -EPROTO, 0, 7 },
		.text = "not me",
	};
	struct script script;
	struct heard heard;
	char error[256], want[256];

	script_start(&script);
	assert_int_equal(script_ask(&script, &answer, sizeof(answer), &heard, error, sizeof(error)),
			 -EPROTO);
	snprintf(want, sizeof(want), "dpvs at %s: not me", script.path);
	assert_string_equal(error, want);
	assert_int_equal(heard.replies, 0);
	script_stop(&script);
}

/* A daemon of another build: objects are cut or filled up with zeroes. */
static void objects_of_other_sizes(void **state)
{
	uint8_t bytes[40];
	struct client_item item = { .object = bytes };
	uint8_t got[24], want[24];

	memset(bytes, 0xa5, sizeof(bytes));
	for (item.len = 0; item.len <= sizeof(bytes); item.len++) {
		memset(got, 0xff, sizeof(got));
		memset(want, 0, sizeof(want));
		memset(want, 0xa5, item.len < sizeof(want) ? item.len : sizeof(want));
		client_object(&item, got, sizeof(got));
		assert_memory_equal(got, want, sizeof(want));
	}
}

static void changed_answers_do_no_harm(void **state)
{
	unsigned int accepted = 0, refused = 0;
	uint32_t seed = 42;
	struct script script;
	struct heard heard;
	char error[256];

	script_start(&script);
	for (int round = 0; round < 10000; round++) {
		struct answer answer = answer_good;

		for (int n = 0; n <= round % 4; n++) {
			seed = seed * 1664525 + 1013904223;
			((uint8_t *)&answer)[(seed >> 8) % sizeof(answer)] = (uint8_t)(seed >> 24);
		}
		if (script_ask(&script, &answer, sizeof(answer), &heard, error, sizeof(error)) == 0)
			accepted++;
		else
			refused++;
		assert_true(heard.items <= sizeof(answer) / sizeof(struct api_item));
		assert_true(heard.replies <= 2);
	}
	assert_true(accepted > 100 && refused > 1000);
	script_stop(&script);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_request, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(batch_over_several_frames, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(first_failure_ends_the_batch, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(long_listing, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(caller_may_end_it, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(longest_request, rig_setup, rig_teardown),
		cmocka_unit_test(refused_client_is_told),
		cmocka_unit_test(no_daemon),
		cmocka_unit_test(local_client),
		cmocka_unit_test(wrong_answers_are_refused),
		cmocka_unit_test(refused_frame_is_told),
		cmocka_unit_test(objects_of_other_sizes),
		cmocka_unit_test(changed_answers_do_no_harm),
	};

	alarm(300); /* an answer that is waited for without end fails */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
