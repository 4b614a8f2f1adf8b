/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The master's loop. It owns one libuv loop and all that hangs on it: the
 * listening socket and its clients (peer.c), timers and signals of the rooms
 * above, and the eventfd that workers write when they have applied ops or have
 * something to tell. Everything runs on the thread of control_run(); only
 * control_stop() may be called from elsewhere. The eventfd is a hint: a tick
 * looks after everything that it announces, too.
 */
#include "control/control.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <uv.h>

#include "base/log.h"
#include "control/listen.h"
#include "control/netlink.h"
#include "control/peer.h"
#include "worker/notify.h"
#include "worker/worker.h"

#define TICK_MS     50
#define EVENT_KINDS 16
#define EVENT_SHARE 256 /* events of one worker in one turn of the loop */

typedef void event_fn(struct control *control, struct worker *from, const struct event *event);

struct control {
	uv_loop_t loop;
	uv_async_t stop;
	uv_timer_t tick;
	uv_poll_t wake;
	uv_pipe_t listener;
	struct listen_file file;
	struct peers peers;
	struct netlink_peers netlink;
	struct dispatch dispatch;
	uint64_t changes;
	int wake_fd;
	bool has_wake, has_listener;
	event_fn *events[EVENT_KINDS];
	struct list hooks;
};

/* A timer, signal, descriptor or turn of a room above. */
struct hook {
	union {
		uv_handle_t handle;
		uv_timer_t timer;
		uv_signal_t signal;
		uv_poll_t poll;
		uv_prepare_t turn;
	};
	int fd;           /* that is watched; -1 */
	struct list node; /* of control->hooks */
	struct control *control;
	void (*fn)(struct control *control, void *arg);
	void *arg;
};

/* ---- what workers report ---- */

/* True: there may be more. */
static bool events_take(struct control *control)
{
	struct worker *const *all = control->dispatch.all;
	struct event event;
	unsigned int n;
	bool more = false;

	for (unsigned int i = 1; i <= all[WORKER_MASTER]->n_workers; i++) {
		for (n = 0; n < EVENT_SHARE && event_receive(all[i], &event); n++)
			if (event.kind < EVENT_KINDS && control->events[event.kind])
				control->events[event.kind](control, all[i], &event);
		more |= n == EVENT_SHARE;
	}
	return more;
}

static void workers_reported(struct control *control)
{
	static const uint64_t again = 1;

	/* the rest in the next turn: clients and timers come between */
	if (events_take(control) && control->has_wake &&
	    write(control->wake_fd, &again, sizeof(again)) < 0)
		log_debug("control: eventfd: %s", strerror(errno));
	peers_wake(&control->peers);
	netlink_peers_wake(&control->netlink);
	ops_reap(control->dispatch.all);
}

static void control_on_wake(uv_poll_t *wake, int status, int events)
{
	struct control *control = wake->data;
	uint64_t n;

	if (read(control->wake_fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		log_debug("control: eventfd: %s", strerror(errno));
	workers_reported(control);
}

static void control_on_tick(uv_timer_t *tick)
{
	struct control *control = tick->data;

	workers_reported(control);
	peers_tick(&control->peers);
	netlink_peers_tick(&control->netlink);
}

int control_on_event(struct control *control, enum event_kind kind,
		     void (*fn)(struct control *control, struct worker *from,
				const struct event *event))
{
	if ((unsigned int)kind >= EVENT_KINDS)
		return -EINVAL;
	if (control->events[kind])
		return -EEXIST;
	control->events[kind] = fn;
	return 0;
}

/* ---- timers and signals ---- */

static void hook_on_closed(uv_handle_t *handle)
{
	free(container_of(handle, struct hook, handle));
}

static void hook_on_timer(uv_timer_t *timer)
{
	struct hook *hook = container_of(timer, struct hook, timer);

	hook->fn(hook->control, hook->arg);
}

static void hook_on_signal(uv_signal_t *signal, int signum)
{
	struct hook *hook = container_of(signal, struct hook, signal);

	hook->fn(hook->control, hook->arg);
}

static struct hook *hook_create(struct control *control,
				void (*fn)(struct control *control, void *arg), void *arg)
{
	struct hook *hook = calloc(1, sizeof(*hook));

	if (!hook)
		return NULL;
	hook->control = control;
	hook->fn = fn;
	hook->arg = arg;
	hook->fd = -1;
	return hook;
}

int control_timer(struct control *control, unsigned int period_ms,
		  void (*fn)(struct control *control, void *arg), void *arg)
{
	struct hook *hook;

	if (period_ms == 0)
		return -EINVAL;
	hook = hook_create(control, fn, arg);
	if (!hook)
		return -ENOMEM;
	uv_timer_init(&control->loop, &hook->timer);
	uv_timer_start(&hook->timer, hook_on_timer, period_ms, period_ms);
	list_add_tail(&control->hooks, &hook->node);
	return 0;
}

int control_on_signal(struct control *control, int signum,
		      void (*fn)(struct control *control, void *arg), void *arg)
{
	struct hook *hook = hook_create(control, fn, arg);
	int r;

	if (!hook)
		return -ENOMEM;
	r = uv_signal_init(&control->loop, &hook->signal);
	if (r < 0) {
		free(hook);
		return r;
	}
	list_add_tail(&control->hooks, &hook->node);
	r = uv_signal_start(&hook->signal, hook_on_signal, signum);
	if (r < 0) {
		list_del(&hook->node);
		uv_close(&hook->handle, hook_on_closed);
	}
	return r;
}

static void hook_on_readable(uv_poll_t *poll, int status, int events)
{
	struct hook *hook = container_of(poll, struct hook, poll);

	hook->fn(hook->control, hook->arg);
}

int control_watch(struct control *control, int fd, void (*fn)(struct control *control, void *arg),
		  void *arg)
{
	struct hook *hook = hook_create(control, fn, arg);
	int r;

	if (!hook)
		return -ENOMEM;
	r = uv_poll_init(&control->loop, &hook->poll, fd);
	if (r < 0) {
		free(hook);
		return r;
	}
	hook->fd = fd;
	list_add_tail(&control->hooks, &hook->node);
	return uv_poll_start(&hook->poll, UV_READABLE, hook_on_readable);
}

void control_unwatch(struct control *control, int fd)
{
	list_for_each_safe (it, &control->hooks) {
		struct hook *hook = container_of(it, struct hook, node);

		if (hook->fd != fd)
			continue;
		list_del(&hook->node);
		uv_close(&hook->handle, hook_on_closed);
	}
}

static void hook_on_turn(uv_prepare_t *turn)
{
	struct hook *hook = container_of(turn, struct hook, turn);

	hook->fn(hook->control, hook->arg);
}

int control_on_turn(struct control *control, void (*fn)(struct control *control, void *arg),
		    void *arg)
{
	struct hook *hook = hook_create(control, fn, arg);

	if (!hook)
		return -ENOMEM;
	uv_prepare_init(&control->loop, &hook->turn);
	uv_prepare_start(&hook->turn, hook_on_turn);
	list_add_tail(&control->hooks, &hook->node);
	return 0;
}

/* ---- the socket ---- */

static void control_on_connection(uv_stream_t *listener, int status)
{
	struct control *control = listener->data;

	if (status < 0)
		log_warning("control: a client could not connect: %s", strerror(-status));
	else
		peers_accept(&control->peers, listener);
}

int control_listen(struct control *control, const char *path)
{
	char error[512];
	int fd, r;

	if (control->has_listener)
		return -EALREADY;
	fd = listen_open(&control->file, path, SOCK_STREAM, error, sizeof(error));
	if (fd < 0) {
		log_error("%s", error);
		return fd;
	}
	uv_pipe_init(&control->loop, &control->listener, 0);
	control->listener.data = control;
	control->has_listener = true;
	r = uv_pipe_open(&control->listener, fd);
	if (r < 0)
		close(fd);
	else
		r = uv_listen((uv_stream_t *)&control->listener, 128, control_on_connection);
	if (r < 0) {
		log_error("control socket %s: %s", path, strerror(-r));
		listen_remove(&control->file);
	}
	return r;
}

int control_listen_netlink(struct control *control, const char *path,
			   const struct netlink_dialect *dialect, const void *arg)
{
	return netlink_peers_listen(&control->netlink, path, dialect, arg);
}

uint64_t control_changes(const struct control *control)
{
	return control->changes;
}

void control_changed(struct control *control)
{
	control->changes++;
}

/* ---- the loop ---- */

static void control_on_stop(uv_async_t *stop)
{
	uv_stop(stop->loop);
}

void control_run(struct control *control)
{
	uv_run(&control->loop, UV_RUN_DEFAULT);
}

void control_stop(struct control *control)
{
	uv_async_send(&control->stop);
}

struct worker *const *control_workers(const struct control *control)
{
	return control->dispatch.all;
}

static int control_watch_workers(struct control *control, int wake_fd)
{
	int r = uv_poll_init(&control->loop, &control->wake, wake_fd);

	if (r < 0)
		return r;
	control->wake.data = control;
	control->wake_fd = wake_fd;
	control->has_wake = true;
	return uv_poll_start(&control->wake, UV_READABLE, control_on_wake);
}

static void control_on_news(void *arg)
{
	struct control *control = arg;

	peers_news(&control->peers);
}

struct control *control_create(const struct control_config *config)
{
	struct control *control = calloc(1, sizeof(*control));

	if (!control)
		return NULL;
	signal(SIGPIPE, SIG_IGN); /* libuv writes to clients that have gone */
	list_init(&control->hooks);
	control->dispatch = (struct dispatch){
		.all = config->all,
		.tables = config->tables,
		.control = control,
		.changes = &control->changes,
		.started_s = request_clock_s(),
	};
	if (uv_loop_init(&control->loop) < 0)
		goto no_loop;
	if (uv_async_init(&control->loop, &control->stop, control_on_stop) < 0)
		goto no_async;
	uv_timer_init(&control->loop, &control->tick);
	control->tick.data = control;
	uv_timer_start(&control->tick, control_on_tick, TICK_MS, TICK_MS);
	peers_init(&control->peers, &control->loop, &control->dispatch,
		   config->max_clients ? config->max_clients : CONTROL_CLIENTS,
		   config->client_timeout_ms ? config->client_timeout_ms : CONTROL_TIMEOUT_MS);
	netlink_peers_init(&control->netlink, &control->loop, &control->dispatch,
			   control->peers.max, control->peers.timeout_ms);
	config->all[WORKER_MASTER]->notify = notify_create(control_on_news, control);
	if (!config->all[WORKER_MASTER]->notify ||
	    control_watch_workers(control, config->wake_fd) < 0) {
		control_destroy(control);
		return NULL;
	}
	return control;

no_async:
	uv_loop_close(&control->loop);
no_loop:
	free(control);
	return NULL;
}

void control_destroy(struct control *control)
{
	if (!control)
		return;
	listen_remove(&control->file);
	if (control->has_listener)
		uv_close((uv_handle_t *)&control->listener, NULL);
	peers_close(&control->peers);
	netlink_peers_close(&control->netlink);
	list_for_each_safe (it, &control->hooks) {
		struct hook *hook = container_of(it, struct hook, node);

		uv_close(&hook->handle, hook_on_closed);
	}
	if (control->has_wake)
		uv_close((uv_handle_t *)&control->wake, NULL);
	uv_close((uv_handle_t *)&control->tick, NULL);
	uv_close((uv_handle_t *)&control->stop, NULL);
	uv_run(&control->loop, UV_RUN_DEFAULT); /* until all are closed */
	if (uv_loop_close(&control->loop) < 0)
		log_error("control: the loop still has open handles");
	notify_destroy(control->dispatch.all[WORKER_MASTER]->notify);
	control->dispatch.all[WORKER_MASTER]->notify = NULL;
	free(control);
}
