/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * netlink_test: clients that speak netlink, and what their changes cost workers
 * that rest: a live server (lib/control_rig.h) with a dialect in which a
 * message's type is the id of a request, and its only byte a prefix length.
 */
#include "control/netlink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/addr.h"
#include "lib/control_rig.h"
#include "lib/unit.h"
#include "lib/wire.h"
#include "worker/op.h"
#include "worker/worker.h"

#define PLEN_GOOD 24
#define OWED      64 /* changes at most that a worker may owe, and not much fewer */

static bool dialect_begin(void *state, const struct netlink_context *context,
			  const struct nlmsghdr *message, struct netlink_request *request,
			  struct netlink_out *out)
{
	struct api_addr addr = { .plen = *(const uint8_t *)mnl_nlmsg_get_payload(message) };

	*(struct nlmsghdr *)state = *message;
	request->id = message->nlmsg_type;
	request->len = sizeof(addr);
	memcpy(request->body, &addr, sizeof(addr));
	return true;
}

static void dialect_item(void *state, uint16_t kind, const void *object, uint32_t len,
			 struct netlink_out *out)
{
}

static bool dialect_end(void *state, int status, const char *text, struct netlink_request *request,
			struct netlink_out *out)
{
	netlink_out_ack(out, state, status, text);
	return false;
}

static const struct netlink_dialect dialect = {
	.state_size = sizeof(struct nlmsghdr),
	.begin = dialect_begin,
	.item = dialect_item,
	.end = dialect_end,
};

static struct rig *rig_with_netlink(void)
{
	struct rig *rig = rig_create(NULL);
	char path[80];

	snprintf(path, sizeof(path), "%s.genl", rig->path);
	assert_int_equal(control_listen_netlink(rig->control, path, &dialect, NULL), 0);
	rig_start(rig);
	return rig;
}

static int netlink_dial(const struct rig *rig)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s.genl", rig->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void ask(int fd, uint16_t id, uint8_t plen)
{
	struct {
		struct nlmsghdr head;
		uint8_t plen, spare[3];
	} message = {
		.head = { .nlmsg_len = sizeof(message),
			  .nlmsg_type = id,
			  .nlmsg_flags = NLM_F_ACK },
		.plen = plen,
	};

	assert_int_equal(send(fd, &message, sizeof(message), 0), sizeof(message));
}

static int answered(int fd)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr body;
		char text[256];
	} message;

	assert_true(readable(fd, PATIENCE_MS));
	assert_true(recv(fd, &message, sizeof(message), 0) >= NLMSG_HDRLEN + 4);
	assert_int_equal(message.head.nlmsg_type, NLMSG_ERROR);
	return message.body.error;
}

static unsigned int settled; /* atomic */

static void count_settled(struct worker *const *all)
{
	__atomic_add_fetch(&settled, 1, __ATOMIC_RELAXED);
}

/* What is left to do behind a change is done before that is answered. */
static void changes_are_settled(void **state)
{
	struct rig *rig = rig_with_netlink();
	int fd = netlink_dial(rig);

	rig->all[WORKER_MASTER]->settle = count_settled;
	ask(fd, API_ADDR_ADD, PLEN_GOOD);
	assert_int_equal(answered(fd), 0);
	assert_int_equal(__atomic_load_n(&settled, __ATOMIC_RELAXED), 1);
	assert_int_equal(rig_applied(rig, RIG_WORKERS), 1);
	ask(fd, API_ADDR_ADD, RIG_PLEN_BAD);
	assert_int_equal(answered(fd), -EINVAL);
	close(fd);
	rig_destroy(rig);
}

static bool rung(const struct worker *w)
{
	uint64_t n;

	return read(w->bell_fd, &n, sizeof(n)) == sizeof(n);
}

/* As if it slept: it does nothing, and has a bell. */
static struct worker *worker_rests(struct rig *rig, unsigned int id)
{
	struct worker *w = rig->all[id];

	rig_pause(rig, id, true);
	w->bell_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_true(w->bell_fd >= 0);
	__atomic_store_n(&w->rest, WORKER_SLEEPS, __ATOMIC_SEQ_CST);
	return w;
}

static void worker_wakes(struct rig *rig, struct worker *w)
{
	__atomic_store_n(&w->rest, WORKER_AWAKE, __ATOMIC_SEQ_CST);
	rig_pause(rig, w->id, false);
}

/* A patient change is in force where a worker rests that will begin with it; others are not. */
static void resting_worker_is_left_alone(void **state)
{
	struct rig *rig = rig_with_netlink();
	struct worker *w = worker_rests(rig, 2);
	int fd = netlink_dial(rig), other = netlink_dial(rig);

	for (unsigned int i = 0; i < OWED / 4; i++) {
		ask(fd, API_ADDR_ADD, RIG_PLEN_PATIENT);
		assert_int_equal(answered(fd), 0);
		assert_int_equal(rig_applied(rig, 1), i + 1);
	}
	assert_false(rung(w));
	ask(fd, API_ADDR_ADD, PLEN_GOOD);
	assert_false(readable(fd, 50));
	assert_true(rung(w));
	ask(other, API_ADDR_ADD,
	    RIG_PLEN_PATIENT); /* with it the first would seem to be in force */
	assert_false(readable(other, 50) || readable(fd, 0));
	worker_wakes(rig, w);
	assert_int_equal(answered(fd), 0);
	assert_int_equal(answered(other), 0);
	assert_int_equal(rig_applied(rig, 2), OWED / 4 + 2);
	close(w->bell_fd);
	close(other);
	close(fd);
	rig_destroy(rig);
}

/* It is woken before it owes so many that its next packet would wait for long; then it is awaited.
 */
static void resting_worker_owes_few(void **state)
{
	struct rig *rig = rig_with_netlink();
	struct worker *w = worker_rests(rig, 2);
	int fd = netlink_dial(rig);

	for (unsigned int i = 0; i < OWED; i++) {
		ask(fd, API_ADDR_ADD, RIG_PLEN_PATIENT);
		assert_int_equal(answered(fd), 0);
	}
	assert_true(rung(w));
	ask(fd, API_ADDR_ADD, RIG_PLEN_PATIENT);
	assert_false(readable(fd, 50));
	worker_wakes(rig, w);
	assert_int_equal(answered(fd), 0);
	assert_int_equal(rig_applied(rig, 2), OWED + 1);
	close(w->bell_fd);
	close(fd);
	rig_destroy(rig);
}

/* Who is awake is awaited, whoever else rests. */
static void busy_worker_is_awaited(void **state)
{
	struct rig *rig = rig_with_netlink();
	struct worker *w = worker_rests(rig, 2);
	int fd = netlink_dial(rig);

	rig_pause(rig, 3, true);
	ask(fd, API_ADDR_ADD, RIG_PLEN_PATIENT);
	assert_false(readable(fd, 50));
	rig_pause(rig, 3, false);
	assert_int_equal(answered(fd), 0);
	assert_int_equal(rig_applied(rig, 3), 1);
	assert_false(rung(w));
	worker_wakes(rig, w);
	close(w->bell_fd);
	close(fd);
	rig_destroy(rig);
}

static void count_op(struct worker *w, struct op *op)
{
	w->counters.made++;
}

static void publish(struct rig *rig, unsigned int n, bool patient)
{
	for (unsigned int i = 0; i < n; i++) {
		struct op_set set;

		assert_int_equal(op_set_init(&set, rig->all, count_op, NULL, 0), 0);
		if (patient)
			op_set_patient(&set);
		op_set_publish(&set, rig->all);
	}
}

/* Whatever the budget: what a worker owes is done when it looks at a packet again. */
static void what_is_owed_comes_first(void **state)
{
	struct rig *rig = rig_create(NULL);
	struct worker *w = rig->all[1];

	ops_set_running(rig->all, true);
	publish(rig, OWED + 10, false);
	ops_run(w, 0);
	assert_in_range(w->counters.made, 1, OWED);
	while (ops_run(w, 0))
		;
	publish(rig, OWED, true);
	publish(rig, 10, false);
	w->counters.made = 0;
	ops_run(w, 0);
	assert_in_range(w->counters.made, OWED, OWED + 9);
	for (unsigned int i = 1; i <= RIG_WORKERS; i++)
		while (ops_run(rig->all[i], UINT64_MAX))
			;
	ops_set_running(rig->all, false);
	rig_destroy(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_are_settled),
		cmocka_unit_test(resting_worker_is_left_alone),
		cmocka_unit_test(resting_worker_owes_few),
		cmocka_unit_test(busy_worker_is_awaited),
		cmocka_unit_test(what_is_owed_comes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
