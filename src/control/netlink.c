/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The clients that speak netlink. A client has one message in work at a time
 * and is read again when the answer is sent, so it costs one packet and a page
 * of answer, however fast it sends or slowly it reads. As in peer.c, one
 * function (netlink_step) is all of a client's life, a run queue has those that
 * can go on, and a turn of the loop spends at most RUN_NS on it. libuv has no
 * streams of packets, so reading and writing is done here, on descriptors that
 * never block. A packet that is too long or no message ends the connection: what
 * it wants is not known, and a netlink socket of the kernel says nothing either.
 */
#include "control/netlink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_ring.h>

#include "base/log.h"
#include "worker/worker.h"

#define RUN_NS      1000000u /* of requests in one turn of the loop */
#define PACKET_MAX  16384u   /* bytes of a packet that is read */
#define PACKET_SEND 8192u    /* about as many of one that is sent */
#define ACCEPT_MOST 16u      /* in one turn */

enum step {
	STEP_AGAIN,
	STEP_WAIT, /* for something that will put the client into the run queue, or has freed it */
};

struct netlink_peer {
	uv_poll_t poll;
	int fd;
	int events;    /* polled for; also for what comes meanwhile, while a message is in work */
	bool waits;    /* for them */
	bool readable; /* something has come that was not read yet */
	struct netlink_peers *peers;
	struct list node;  /* of peers->all */
	struct list queue; /* of peers->ready, ->held or ->resting, or none */

	struct netlink_request wanted;
	struct frame_request what;
	struct request request;
	struct reply reply;
	struct netlink_out out;
	void *state;
	uint64_t resume_seq; /* the request goes on behind this acknowledgement */
	uint64_t resume_ms;
	uint64_t answer_seq; /* the answer leaves behind this one */
	uint64_t held_seq;
	uint64_t write_since_ms; /* the client takes nothing since, 0: it does */

	bool has_wanted; /* `wanted` is to be started */
	bool in_request;
	bool gone;
	bool closed;

	uint32_t at, have; /* of packet: [at, have) is not used up */
	uint64_t packet[PACKET_MAX / sizeof(uint64_t)];
};

static void netlink_busy(uv_idle_t *busy)
{
}

static void peer_ready(struct netlink_peer *peer)
{
	struct netlink_peers *peers = peer->peers;

	if (peers->closing)
		return;
	list_del(&peer->queue);
	list_add_tail(&peers->ready, &peer->queue);
	uv_idle_start(&peers->busy, netlink_busy);
}

static void peer_free(struct netlink_peer *peer)
{
	list_del(&peer->node);
	list_del(&peer->queue);
	peer->peers->count--;
	reply_free(&peer->reply);
	netlink_out_free(&peer->out);
	free(peer->state);
	free(peer);
}

static void peer_on_closed(uv_handle_t *handle)
{
	struct netlink_peer *peer = handle->data;

	peer->closed = true;
	if (peer->peers->closing)
		peer_free(peer);
	else
		peer_ready(peer);
}

static void peer_close(struct netlink_peer *peer)
{
	if (peer->gone)
		return;
	peer->gone = true;
	uv_close((uv_handle_t *)&peer->poll, peer_on_closed);
	close(peer->fd);
	peer_ready(peer);
}

static void peer_unpoll(struct netlink_peer *peer)
{
	uv_poll_stop(&peer->poll);
	peer->events = 0;
}

/* To be told of the next message is on all the time, unless a client sends it before its time. */
static void peer_on_poll(uv_poll_t *poll, int status, int events)
{
	struct netlink_peer *peer = poll->data;

	if (peer->events == UV_READABLE)
		peer->readable = true;
	if (!peer->waits || peer->events != UV_READABLE || status < 0)
		peer_unpoll(peer);
	if (peer->waits)
		peer_ready(peer);
	peer->waits = false;
}

static enum step peer_poll(struct netlink_peer *peer, int events)
{
	peer->waits = true;
	if (peer->events == events)
		return STEP_WAIT;
	if (uv_poll_start(&peer->poll, events, peer_on_poll) < 0)
		peer_close(peer);
	peer->events = events;
	return STEP_WAIT;
}

static bool peer_hold(struct netlink_peer *peer, uint64_t seq)
{
	peer->held_seq = seq;
	list_del(&peer->queue);
	list_add_tail(&peer->peers->held, &peer->queue);
	return false;
}

/* Have all workers got this far? Else the client waits for it. */
static bool peer_acknowledged(struct netlink_peer *peer, uint64_t seq)
{
	return ops_awaited(peer->peers->dispatch->all, seq) || peer_hold(peer, seq);
}

/* Does it hold for every packet from now on? */
static bool peer_in_force(struct netlink_peer *peer, uint64_t seq)
{
	return ops_in_force(peer->peers->dispatch->all, seq) || peer_hold(peer, seq);
}

/* ---- answering ---- */

static enum step peer_send(struct netlink_peer *peer)
{
	uint32_t len;
	ssize_t n;

	if (peer->gone) {
		netlink_out_take(&peer->out, netlink_out_left(&peer->out));
		return STEP_AGAIN;
	}
	if (!peer_in_force(peer, peer->answer_seq))
		return STEP_WAIT;
	len = netlink_out_front(&peer->out, PACKET_SEND);
	n = send(peer->fd, peer->out.bytes + peer->out.at, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && errno == EINTR)
		return STEP_AGAIN;
	if (n < 0 && (errno == EAGAIN || errno == ENOBUFS)) {
		if (!peer->write_since_ms)
			peer->write_since_ms = uv_now(peer->peers->loop);
		return peer_poll(peer, UV_WRITABLE);
	}
	if (n < 0)
		peer_close(peer);
	peer->write_since_ms = 0;
	netlink_out_take(&peer->out, len);
	return STEP_AGAIN;
}

/* ---- running ---- */

/* The items of a listing that have come together, to the dialect. */
static void chunk_items(struct netlink_peer *peer, const struct reply_chunk *chunk)
{
	const struct api_frame *frame = (const void *)chunk->bytes;
	uint32_t at = sizeof(*frame);

	for (uint32_t i = 0; i < frame->count; i++) {
		const struct api_reply *head = (const void *)((const uint8_t *)frame + at);
		uint32_t end = at + (uint32_t)sizeof(*head) + API_ALIGN(head->len);

		at += (uint32_t)sizeof(*head);
		while (head->status == 0 && at < end) {
			const struct api_item *item = (const void *)((const uint8_t *)frame + at);

			peer->peers->dialect->item(peer->state, item->kind, item + 1, item->len,
						   &peer->out);
			at += (uint32_t)sizeof(*item) + API_ALIGN(item->len);
		}
		at = end;
	}
}

static void peer_items(struct netlink_peer *peer)
{
	struct reply_chunk *chunk;

	while ((chunk = reply_take(&peer->reply)) != NULL) {
		chunk_items(peer, chunk);
		free(chunk);
	}
}

static bool request_is_get(const struct request *request)
{
	return !request->handler || request->handler->access == REQUEST_GET;
}

/* A function of the request's has returned. */
static void peer_request_ran(struct netlink_peer *peer, bool over, uint64_t newest_before)
{
	const struct request *req = &peer->request;
	uint64_t newest = ops_newest(peer->peers->dispatch->all);

	if (newest != newest_before || !request_is_get(req))
		peer->answer_seq = peer->resume_seq = newest;
	peer->in_request = !over;
	peer->resume_ms = 0;
	if (!over && req->rest_ms) {
		uv_update_time(peer->peers->loop);
		peer->resume_ms = uv_now(peer->peers->loop) + req->rest_ms;
	}
	if (over && reply_finish(&peer->reply) < 0)
		peer->reply.broken = true;
	peer_items(peer);
	if (over)
		peer->has_wanted = peer->peers->dialect->end(peer->state, req->status, req->text,
							     &peer->wanted, &peer->out);
	if (over)
		reply_free(&peer->reply);
	if (over && !peer->has_wanted && !request_is_get(req)) {
		request_settle(peer->peers->dispatch);
		peer->answer_seq = ops_newest(peer->peers->dispatch->all);
	}
	if (peer->reply.broken || peer->out.broken) {
		log_error("control: no memory for a client's answer; it is disconnected");
		peer_close(peer);
	}
}

/* As of peer.c: a change is only begun while the slowest worker's ring is half empty. */
static bool peer_has_room(struct netlink_peer *peer, uint64_t newest)
{
	const struct netlink_peers *peers = peer->peers;

	if (newest - ops_acknowledged(peers->dispatch->all) <= peers->window)
		return true;
	return peer_acknowledged(peer, newest - peers->window / 2);
}

static enum step peer_start(struct netlink_peer *peer)
{
	const struct dispatch *dispatch = peer->peers->dispatch;
	uint64_t newest = ops_newest(dispatch->all);
	const struct request_handler *handler = request_find(dispatch, peer->wanted.id);
	bool over;

	if (handler && handler->access == REQUEST_SET && !peer_has_room(peer, newest))
		return STEP_WAIT;
	peer->has_wanted = false;
	if (peer->gone && (!handler || handler->access == REQUEST_GET))
		return STEP_AGAIN;
	peer->what = (struct frame_request){
		.id = peer->wanted.id,
		.len = peer->wanted.len,
		.body = peer->wanted.body,
	};
	over = request_start(&peer->request, dispatch, &peer->reply, &peer->what);
	peer_request_ran(peer, over, newest);
	return STEP_AGAIN;
}

static void netlink_on_rested(uv_timer_t *rest)
{
	struct netlink_peers *peers = rest->data;
	uint64_t now = uv_now(peers->loop);

	list_for_each_safe (it, &peers->resting) {
		struct netlink_peer *peer = container_of(it, struct netlink_peer, queue);

		if (now >= peer->resume_ms)
			peer_ready(peer);
	}
	if (!list_empty(&peers->resting))
		uv_timer_start(rest, netlink_on_rested, 1, 0);
}

static bool peer_rests(struct netlink_peer *peer)
{
	struct netlink_peers *peers = peer->peers;

	if (uv_now(peers->loop) >= peer->resume_ms)
		return false;
	list_del(&peer->queue);
	list_add_tail(&peers->resting, &peer->queue);
	if (!uv_is_active((uv_handle_t *)&peers->rest))
		uv_timer_start(&peers->rest, netlink_on_rested, 1, 0);
	return true;
}

static enum step peer_resume(struct netlink_peer *peer)
{
	uint64_t newest;

	/* also for a client that went: workers may still write into the request's state */
	if (!peer_acknowledged(peer, peer->resume_seq))
		return STEP_WAIT;
	if (peer->gone && request_is_get(&peer->request)) {
		request_drop(&peer->request);
		reply_free(&peer->reply);
		peer->in_request = false;
		return STEP_AGAIN;
	}
	if (peer_rests(peer))
		return STEP_WAIT;
	newest = ops_newest(peer->peers->dispatch->all);
	peer_request_ran(peer, request_resume(&peer->request), newest);
	return STEP_AGAIN;
}

/* ---- reading ---- */

static enum step peer_message(struct netlink_peer *peer)
{
	struct netlink_peers *peers = peer->peers;
	const void *bytes = (const uint8_t *)peer->packet + peer->at;
	const struct nlmsghdr *message = bytes;

	if (!netlink_fits(message, peer->have - peer->at)) {
		peer_close(peer);
		return STEP_WAIT;
	}
	peer->at += MNL_ALIGN(message->nlmsg_len);
	if (peer->at > peer->have)
		peer->at = peer->have;
	memset(peer->state, 0, peers->dialect->state_size);
	peer->answer_seq = peer->resume_seq = 0;
	peer->has_wanted = peers->dialect->begin(peer->state, &peers->context, message,
						 &peer->wanted, &peer->out);
	if (peer->out.broken)
		peer_close(peer);
	return STEP_AGAIN;
}

static enum step peer_read(struct netlink_peer *peer)
{
	ssize_t n;

	if (peer->at < peer->have)
		return peer_message(peer);
	if (peer->events == UV_READABLE && !peer->readable)
		return peer_poll(peer, UV_READABLE);
	n = recv(peer->fd, peer->packet, sizeof(peer->packet), MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0 && errno == EINTR)
		return STEP_AGAIN;
	peer->readable = false;
	if (n < 0 && errno == EAGAIN)
		return peer_poll(peer, UV_READABLE);
	if (n <= 0 || n > (ssize_t)sizeof(peer->packet)) {
		peer_close(peer);
		return STEP_WAIT;
	}
	peer->at = 0;
	peer->have = (uint32_t)n;
	return STEP_AGAIN;
}

/* ---- the queue ---- */

static enum step netlink_step(struct netlink_peer *peer)
{
	if (netlink_out_left(&peer->out))
		return peer_send(peer);
	if (peer->in_request)
		return peer_resume(peer);
	if (peer->has_wanted)
		return peer_start(peer);
	if (peer->closed)
		peer_free(peer);
	else if (!peer->gone)
		return peer_read(peer);
	return STEP_WAIT;
}

static void netlink_run(uv_check_t *run)
{
	struct netlink_peers *peers = run->data;
	uint64_t now = uv_hrtime();
	uint64_t end = now + RUN_NS;
	uint64_t share;
	struct netlink_peer *peer;
	enum step step;

	while (!list_empty(&peers->ready) && now < end) {
		peer = container_of(peers->ready.next, struct netlink_peer, queue);
		list_del(&peer->queue);
		share = now + RUN_NS / 4;
		do {
			step = netlink_step(peer);
			now = uv_hrtime();
		} while (step == STEP_AGAIN && now < share);
		if (step == STEP_AGAIN)
			peer_ready(peer);
	}
	if (list_empty(&peers->ready))
		uv_idle_stop(&peers->busy);
	ops_reap(peers->dispatch->all);
}

void netlink_peers_wake(struct netlink_peers *peers)
{
	list_for_each_safe (it, &peers->held) {
		struct netlink_peer *peer = container_of(it, struct netlink_peer, queue);

		if (ops_in_force(peers->dispatch->all, peer->held_seq))
			peer_ready(peer);
	}
}

void netlink_peers_tick(struct netlink_peers *peers)
{
	uint64_t now = uv_now(peers->loop);

	list_for_each_safe (it, &peers->all) {
		struct netlink_peer *peer = container_of(it, struct netlink_peer, node);

		if (peer->gone || !peer->write_since_ms ||
		    now - peer->write_since_ms <= peers->timeout_ms)
			continue;
		log_info("control: a netlink client does not read its answer; it is disconnected");
		peer_close(peer);
	}
}

/* ---- coming and going ---- */

static void peer_create(struct netlink_peers *peers, int fd)
{
	struct netlink_peer *peer = NULL;
	void *state = calloc(1, peers->dialect->state_size);

	if (state && peers->count < peers->max)
		peer = malloc(sizeof(*peer));
	if (!peer) {
		log_warning("control: a netlink client is refused: %s",
			    state ? "too many are connected, or no memory" : "no memory");
		free(state);
		close(fd);
		return;
	}
	memset(peer, 0, offsetof(struct netlink_peer, packet));
	peer->peers = peers;
	peer->state = state;
	peer->fd = fd;
	if (uv_poll_init(peers->loop, &peer->poll, fd) < 0) {
		free(state);
		free(peer);
		close(fd);
		return;
	}
	peer->poll.data = peer;
	list_init(&peer->queue);
	list_add_tail(&peers->all, &peer->node);
	peers->count++;
	peer_ready(peer);
}

static void netlink_on_connection(uv_poll_t *listener, int status, int events)
{
	struct netlink_peers *peers = listener->data;

	for (unsigned int i = 0; i < ACCEPT_MOST; i++) {
		int fd = accept4(peers->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return;
		peer_create(peers, fd);
	}
}

int netlink_peers_listen(struct netlink_peers *peers, const char *path,
			 const struct netlink_dialect *dialect, const void *arg)
{
	char error[512];
	int fd, r;

	if (peers->fd >= 0)
		return -EALREADY;
	fd = listen_open(&peers->file, path, SOCK_SEQPACKET, error, sizeof(error));
	if (fd < 0) {
		log_error("%s", error);
		return fd;
	}
	peers->dialect = dialect;
	peers->context.arg = arg;
	r = uv_poll_init(peers->loop, &peers->listener, fd);
	if (r < 0) {
		log_error("control socket %s: %s", path, strerror(-r));
		listen_remove(&peers->file);
		close(fd);
		return r;
	}
	peers->fd = fd;
	peers->listener.data = peers;
	return uv_poll_start(&peers->listener, UV_READABLE, netlink_on_connection);
}

void netlink_peers_init(struct netlink_peers *peers, uv_loop_t *loop,
			const struct dispatch *dispatch, unsigned int max, unsigned int timeout_ms)
{
	*peers = (struct netlink_peers){
		.loop = loop,
		.dispatch = dispatch,
		.context = { .all = dispatch->all },
		.max = max,
		.timeout_ms = timeout_ms,
		.fd = -1,
	};
	if (dispatch->all[WORKER_MASTER]->n_workers)
		peers->window = rte_ring_get_capacity(dispatch->all[1]->ops) / 2;
	list_init(&peers->all);
	list_init(&peers->ready);
	list_init(&peers->held);
	list_init(&peers->resting);
	uv_timer_init(loop, &peers->rest);
	uv_idle_init(loop, &peers->busy);
	uv_check_init(loop, &peers->run);
	peers->run.data = peers;
	peers->rest.data = peers;
	uv_check_start(&peers->run, netlink_run);
}

void netlink_peers_close(struct netlink_peers *peers)
{
	peers->closing = true;
	listen_remove(&peers->file);
	if (peers->fd >= 0) {
		uv_close((uv_handle_t *)&peers->listener, NULL);
		close(peers->fd);
	}
	uv_close((uv_handle_t *)&peers->run, NULL);
	uv_close((uv_handle_t *)&peers->busy, NULL);
	uv_close((uv_handle_t *)&peers->rest, NULL);
	list_for_each_safe (it, &peers->all) {
		struct netlink_peer *peer = container_of(it, struct netlink_peer, node);

		if (peer->in_request)
			request_drop(&peer->request);
		if (peer->closed)
			peer_free(peer);
		else
			peer_close(peer);
	}
}
