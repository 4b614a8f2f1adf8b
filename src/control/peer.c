/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The clients of the socket. A client has one frame in work at a time: while
 * it runs, and until its answer is written, nothing more is read, so a client
 * costs at most one frame and a page of answer, however fast it sends or slowly
 * it reads. peer_step() is all of a client's life: it does the next thing that
 * can be done and says whether there may be another; what cannot be done now
 * (no bytes yet, a worker has not acknowledged, the answer is not taken) puts
 * the client back into the run queue when it happens. Each turn of the loop
 * spends at most RUN_NS on that queue, round robin.
 *
 * A frame counts as accepted once it is whole. Its changes are then carried out
 * even if the client goes; its listings are not. The answer leaves when all
 * workers have acknowledged what was published until the request had run.
 *
 * A client that listens (request_listen) is parked while there is nothing to
 * tell, and read from only to hear that it goes or has had enough.
 */
#include "control/peer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ring.h>

#include "base/log.h"
#include "worker/worker.h"

#define RUN_NS        1000000u /* of requests in one turn of the loop */
#define READ_FIRST    4096u    /* bytes; grows to a frame's length */
#define READ_KEEP     16384u   /* most that an idle client keeps */
#define LOOK_AHEAD    4u       /* requests, between two steps of looking ahead */
#define LATE_MS       2000u    /* a worker that takes longer is named */
#define LATE_AGAIN_MS 10000u

enum step {
	STEP_AGAIN,
	STEP_WAIT, /* for something that will put the client into the run queue, or has freed it */
};

struct peer {
	uv_pipe_t pipe;
	uv_write_t write;
	struct peers *peers;
	struct list node;  /* of peers->all */
	struct list queue; /* of peers->ready, ->held, ->resting or ->parked, or none */

	uint8_t *bytes; /* what was read, `size` are there; [at, have) is not used up */
	uint32_t at, have, size;
	uint64_t frame_since_ms; /* bytes of an unfinished frame lie here since, 0: none do */

	struct frame frame;
	struct frame ahead[OP_AHEAD_STEPS]; /* the same, as far as each step has come */
	struct request request;
	struct reply reply;
	uint64_t resume_seq; /* the request goes on behind this acknowledgement */
	uint64_t resume_ms;  /* ... and not before; 0: at once */
	uint64_t answer_seq; /* the answer leaves behind this one */
	uint64_t held_seq;   /* what it waits for now */
	uint64_t held_since_ms;
	struct reply_chunk *writing;
	uint64_t write_since_ms; /* the client last took something */
	size_t write_left;       /* bytes of it at the last tick */

	char word[8];    /* what a client says while it listens */
	bool in_frame;   /* frame is being run */
	bool in_request; /* request goes on */
	bool ended;      /* the client sends no more */
	bool last;       /* close when the answer is written */
	bool gone;       /* the handle is being closed, or is */
	bool closed;     /* it is */
};

/* An idle handle keeps the loop from sleeping; there is nothing else to it. */
static void peers_busy(uv_idle_t *busy)
{
}

static void peer_ready(struct peer *peer)
{
	struct peers *peers = peer->peers;

	if (peers->closing)
		return;
	list_del(&peer->queue);
	list_add_tail(&peers->ready, &peer->queue);
	uv_idle_start(&peers->busy, peers_busy);
}

static void peer_free(struct peer *peer)
{
	list_del(&peer->node);
	list_del(&peer->queue);
	peer->peers->count--;
	reply_free(&peer->reply);
	free(peer->writing);
	free(peer->bytes);
	free(peer);
}

static void peer_on_closed(uv_handle_t *handle)
{
	struct peer *peer = handle->data;

	peer->closed = true;
	if (peer->peers->closing)
		peer_free(peer);
	else
		peer_ready(peer);
}

static void peer_close(struct peer *peer)
{
	if (peer->gone)
		return;
	peer->gone = true;
	uv_close((uv_handle_t *)&peer->pipe, peer_on_closed);
	peer_ready(peer);
}

/* Answers what is no frame; where the next one begins is not known, so it is the last. */
static void peer_refuse(struct peer *peer, int status, const char *text)
{
	peer->last = true;
	if (reply_refuse(&peer->reply, status, text) < 0)
		peer_close(peer);
}

/* ---- reading ---- */

static void peer_on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct peer *peer = handle->data;
	uint32_t size = peer->size ? peer->size : READ_FIRST;
	uint8_t *bytes;

	*buf = uv_buf_init(NULL, 0); /* no memory: libuv reports UV_ENOBUFS */
	if (peer->at) {
		peer->have -= peer->at;
		memmove(peer->bytes, peer->bytes + peer->at, peer->have);
		peer->at = 0;
	}
	/* what is here is no whole frame, so it is less than API_FRAME_MAX */
	if (peer->have == size)
		size *= 2;
	if (size != peer->size) {
		bytes = realloc(peer->bytes, size);
		if (!bytes)
			return;
		peer->bytes = bytes;
		peer->size = size;
	}
	*buf = uv_buf_init((char *)peer->bytes + peer->have, size - peer->have);
}

/* One read a turn and client: the others come first. */
static void peer_on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct peer *peer = stream->data;

	uv_read_stop(stream);
	if (n == UV_EOF)
		peer->ended = true;
	else if (n < 0)
		peer_close(peer);
	else
		peer->have += (uint32_t)n;
	peer_ready(peer);
}

static enum step peer_read_on(struct peer *peer)
{
	if (peer->have == peer->at && peer->ended) {
		peer_close(peer);
		return STEP_WAIT;
	}
	if (peer->ended) {
		peer_refuse(peer, -EBADMSG, "the connection ended within a frame");
		return STEP_AGAIN;
	}
	if (peer->have == peer->at) {
		peer->frame_since_ms = 0;
		peer->at = peer->have = 0;
		if (peer->size > READ_KEEP) {
			free(peer->bytes);
			peer->bytes = NULL;
			peer->size = 0;
		}
	} else if (!peer->frame_since_ms) {
		peer->frame_since_ms = uv_now(peer->peers->loop);
	}
	if (uv_read_start((uv_stream_t *)&peer->pipe, peer_on_alloc, peer_on_read) < 0)
		peer_close(peer);
	return STEP_WAIT;
}

static enum step peer_next_frame(struct peer *peer)
{
	char text[REQUEST_TEXT];
	int r = -EAGAIN;

	if (peer->have > peer->at)
		r = frame_parse(peer->bytes + peer->at, peer->have - peer->at, &peer->frame, text,
				sizeof(text));
	if (r == -EAGAIN)
		return peer_read_on(peer);
	peer->frame_since_ms = 0;
	if (r < 0) {
		peer_refuse(peer, r, text);
		return STEP_AGAIN;
	}
	peer->in_frame = true;
	for (unsigned int step = 0; step < OP_AHEAD_STEPS; step++)
		peer->ahead[step] = peer->frame;
	peer->answer_seq = peer->resume_seq = 0;
	return STEP_AGAIN;
}

/* ---- running ---- */

static bool peer_hold_unless(struct peer *peer, uint64_t seq, bool done)
{
	struct peers *peers = peer->peers;

	if (done) {
		peer->held_since_ms = 0;
		return true;
	}
	if (!peer->held_since_ms)
		peer->held_since_ms = uv_now(peers->loop);
	peer->held_seq = seq;
	list_del(&peer->queue);
	list_add_tail(&peers->held, &peer->queue);
	return false;
}

/* Have all workers got this far? Else the client waits for it. */
static bool peer_acknowledged(struct peer *peer, uint64_t seq)
{
	return peer_hold_unless(peer, seq, ops_awaited(peer->peers->dispatch->all, seq));
}

/* Does it hold for every packet from now on? */
static bool peer_in_force(struct peer *peer, uint64_t seq)
{
	return peer_hold_unless(peer, seq, ops_in_force(peer->peers->dispatch->all, seq));
}

static bool handler_is_get(const struct request_handler *handler)
{
	return !handler || handler->access == REQUEST_GET;
}

/* A function of the request's has returned. */
static void peer_request_ran(struct peer *peer, bool over, uint64_t newest_before)
{
	const struct request *req = &peer->request;
	uint64_t newest = ops_newest(peer->peers->dispatch->all);

	/*
	 * Listings wait for ops of their own only. Changes wait for all: what was there already may
	 * be on its way still, for another client.
	 */
	if (newest != newest_before || !handler_is_get(req->handler))
		peer->answer_seq = peer->resume_seq = newest;
	peer->in_request = !over;
	peer->resume_ms = 0;
	if (!over && req->rest_ms) {
		uv_update_time(peer->peers->loop);
		peer->resume_ms = uv_now(peer->peers->loop) + req->rest_ms;
	}
	if (over && req->status < 0 && !(peer->frame.flags & API_FRAME_KEEP_GOING))
		peer->frame.next = peer->frame.count;
}

/*
 * A worker's ring that is full makes the master wait in the midst of a request, and everybody with
 * it. So a change is only begun while the slowest worker's ring is half empty.
 */
static bool peer_has_room(struct peer *peer, uint64_t newest)
{
	const struct peers *peers = peer->peers;

	if (newest - ops_acknowledged(peers->dispatch->all) <= peers->window)
		return true;
	return peer_acknowledged(peer, newest - peers->window / 2);
}

static void peer_end_frame(struct peer *peer)
{
	uint64_t newest = ops_newest(peer->peers->dispatch->all);

	request_settle(peer->peers->dispatch);
	if (ops_newest(peer->peers->dispatch->all) != newest)
		peer->answer_seq = ops_newest(peer->peers->dispatch->all);
	peer->in_frame = false;
	peer->at += peer->frame.len;
	if (reply_finish(&peer->reply) < 0 || peer->reply.broken) {
		log_error("control: no memory for a client's answer; it is disconnected");
		peer_close(peer);
	}
}

/* Mostly that of the request before. */
static const struct request_handler *peer_handler(const struct peer *peer, uint16_t id)
{
	const struct request_handler *last = peer->request.handler;

	return last && last->id == id ? last : request_find(peer->peers->dispatch, id);
}

/* Memory that the requests behind this one need comes while this one runs. */
static void peer_look_ahead(struct peer *peer)
{
	const struct worker *master = peer->peers->dispatch->all[WORKER_MASTER];
	const struct request_handler *handler;
	struct frame_request what;

	for (unsigned int step = 0; step < OP_AHEAD_STEPS; step++) {
		uint32_t end = peer->frame.next + LOOK_AHEAD * (OP_AHEAD_STEPS - step);

		while (peer->ahead[step].next < end && frame_next(&peer->ahead[step], &what)) {
			handler = peer_handler(peer, what.id);
			if (handler && handler->ahead && handler->size == what.len)
				handler->ahead(master, what.body, step);
		}
	}
}

static enum step peer_next_request(struct peer *peer)
{
	const struct dispatch *dispatch = peer->peers->dispatch;
	uint64_t newest = ops_newest(dispatch->all);
	struct frame rest = peer->frame;
	struct frame_request what;
	bool get, over;

	if (!frame_next(&rest, &what)) {
		peer_end_frame(peer);
		return STEP_AGAIN;
	}
	get = handler_is_get(peer_handler(peer, what.id));
	if (!get && !peer_has_room(peer, newest))
		return STEP_WAIT;
	peer->frame = rest;
	peer_look_ahead(peer);
	if (get && peer->gone)
		return STEP_AGAIN;
	over = request_start(&peer->request, dispatch, &peer->reply, &what);
	peer_request_ran(peer, over, newest);
	return STEP_AGAIN;
}

static void peers_on_rested(uv_timer_t *rest)
{
	struct peers *peers = rest->data;
	uint64_t now = uv_now(peers->loop);

	list_for_each_safe (it, &peers->resting) {
		struct peer *peer = container_of(it, struct peer, queue);

		if (now >= peer->resume_ms)
			peer_ready(peer);
	}
	if (!list_empty(&peers->resting))
		uv_timer_start(rest, peers_on_rested, 1, 0);
}

/* Is it still too early? Then the timer puts the client back. */
static bool peer_rests(struct peer *peer)
{
	struct peers *peers = peer->peers;

	if (uv_now(peers->loop) >= peer->resume_ms)
		return false;
	list_del(&peer->queue);
	list_add_tail(&peers->resting, &peer->queue);
	if (!uv_is_active((uv_handle_t *)&peers->rest))
		uv_timer_start(&peers->rest, peers_on_rested, 1, 0);
	return true;
}

/* ---- listening ---- */

static void peer_on_word_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct peer *peer = handle->data;

	*buf = uv_buf_init(peer->word, sizeof(peer->word));
}

/* Whatever it says, it has had enough, and its connection ends behind the answer. */
static void peer_on_word(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct peer *peer = stream->data;

	uv_read_stop(stream);
	if (n >= 0 || n == UV_EOF)
		peer->ended = true;
	else
		peer_close(peer);
	peer_ready(peer);
}

void peers_news(struct peers *peers)
{
	list_for_each_safe (it, &peers->parked)
		peer_ready(container_of(it, struct peer, queue));
}

static enum step peer_listen(struct peer *peer)
{
	struct peers *peers = peer->peers;
	uv_stream_t *stream = (uv_stream_t *)&peer->pipe;

	if (peer->ended || peer->have > peer->at + peer->frame.len) {
		uv_read_stop(stream);
		peer->have = peer->at + peer->frame.len;
		peer->ended = true;
		request_finish(&peer->request);
		peer->in_request = false;
		return STEP_AGAIN;
	}
	if (request_has_news(&peer->request)) {
		bool over = request_resume(&peer->request);

		peer_request_ran(peer, over, ops_newest(peers->dispatch->all));
		peer->answer_seq = ops_newest(peers->dispatch->all); /* told when all have it */
		return STEP_AGAIN;
	}
	list_del(&peer->queue);
	list_add_tail(&peers->parked, &peer->queue);
	uv_read_stop(stream);
	if (uv_read_start(stream, peer_on_word_alloc, peer_on_word) < 0)
		peer_close(peer);
	return STEP_WAIT;
}

static enum step peer_resume(struct peer *peer)
{
	uint64_t newest;

	/* also for a client that went: workers may still write into the request's state */
	if (!peer_acknowledged(peer, peer->resume_seq))
		return STEP_WAIT;
	if (peer->gone && handler_is_get(peer->request.handler)) {
		request_drop(&peer->request);
		peer->in_request = false;
		return STEP_AGAIN;
	}
	if (peer->request.listens)
		return peer_listen(peer);
	if (peer_rests(peer))
		return STEP_WAIT;
	newest = ops_newest(peer->peers->dispatch->all);
	peer_request_ran(peer, request_resume(&peer->request), newest);
	return STEP_AGAIN;
}

/* ---- answering ---- */

static void peer_on_written(uv_write_t *write, int status)
{
	struct peer *peer = write->data;

	free(peer->writing);
	peer->writing = NULL;
	if (status < 0)
		peer_close(peer);
	peer_ready(peer);
}

static enum step peer_send(struct peer *peer)
{
	struct reply_chunk *chunk;
	uv_buf_t buf;

	if (peer->gone) {
		free(reply_take(&peer->reply));
		return STEP_AGAIN;
	}
	if (!peer_in_force(peer, peer->answer_seq))
		return STEP_WAIT;
	chunk = reply_take(&peer->reply);
	peer->writing = chunk;
	peer->write_since_ms = uv_now(peer->peers->loop);
	peer->write_left = chunk->len;
	peer->write.data = peer;
	buf = uv_buf_init((char *)chunk->bytes, chunk->len);
	if (uv_write(&peer->write, (uv_stream_t *)&peer->pipe, &buf, 1, peer_on_written) < 0) {
		free(chunk);
		peer->writing = NULL;
		peer_close(peer);
	}
	return STEP_WAIT;
}

/* ---- the queue ---- */

static enum step peer_step(struct peer *peer)
{
	if (peer->writing)
		return STEP_WAIT;
	if (reply_ready(&peer->reply))
		return peer_send(peer);
	if (peer->in_request)
		return peer_resume(peer);
	if (peer->in_frame)
		return peer_next_request(peer);
	if (peer->closed)
		peer_free(peer);
	else if (peer->last)
		peer_close(peer);
	else if (!peer->gone)
		return peer_next_frame(peer);
	return STEP_WAIT;
}

static void peers_run(uv_check_t *run)
{
	struct peers *peers = run->data;
	uint64_t now = uv_hrtime();
	uint64_t end = now + RUN_NS;
	uint64_t share;
	struct peer *peer;
	enum step step;

	while (!list_empty(&peers->ready) && now < end) {
		peer = container_of(peers->ready.next, struct peer, queue);
		list_del(&peer->queue);
		share = now + RUN_NS / 4;
		do {
			step = peer_step(peer);
			now = uv_hrtime();
		} while (step == STEP_AGAIN && now < share);
		if (step == STEP_AGAIN)
			peer_ready(peer);
	}
	if (list_empty(&peers->ready))
		uv_idle_stop(&peers->busy);
	ops_reap(peers->dispatch->all);
}

void peers_wake(struct peers *peers)
{
	list_for_each_safe (it, &peers->held) {
		struct peer *peer = container_of(it, struct peer, queue);

		if (ops_in_force(peers->dispatch->all, peer->held_seq))
			peer_ready(peer);
	}
}

/* ---- time-outs ---- */

static void peer_tick(struct peer *peer, uint64_t now)
{
	uint64_t timeout = peer->peers->timeout_ms;
	size_t left;

	if (peer->gone)
		return;
	if (peer->frame_since_ms && now - peer->frame_since_ms > timeout) {
		uv_read_stop((uv_stream_t *)&peer->pipe);
		peer->frame_since_ms = 0;
		peer_refuse(peer, -ETIMEDOUT, "a frame was begun and not ended in time");
		peer_ready(peer);
	}
	if (!peer->writing || (peer->in_request && peer->request.listens))
		return;
	left = uv_stream_get_write_queue_size((uv_stream_t *)&peer->pipe);
	if (left != peer->write_left) {
		peer->write_left = left;
		peer->write_since_ms = now;
	} else if (now - peer->write_since_ms > timeout) {
		log_info("control: a client does not read its answer; it is disconnected");
		peer_close(peer);
	}
}

/* Somebody waits too long: who for? */
static void peers_name_late(const struct peers *peers, const struct peer *peer, uint64_t now)
{
	struct worker *const *all = peers->dispatch->all;
	uint64_t done;

	for (unsigned int i = 1; i <= all[WORKER_MASTER]->n_workers; i++) {
		done = __atomic_load_n(&all[i]->ops_done, __ATOMIC_ACQUIRE);
		if (done < peer->held_seq && done < all[i]->ops_published)
			log_warning("control: a client has waited %" PRIu64 " ms for worker %u, "
				    "which has not applied %" PRIu64 " changes yet",
				    now - peer->held_since_ms, i, all[i]->ops_published - done);
	}
}

void peers_tick(struct peers *peers)
{
	uint64_t now = uv_now(peers->loop);

	list_for_each_safe (it, &peers->all)
		peer_tick(container_of(it, struct peer, node), now);

	if (now - peers->late_logged_ms < LATE_AGAIN_MS && peers->late_logged_ms)
		return;
	list_for_each (it, &peers->held) {
		struct peer *peer = container_of(it, struct peer, queue);

		if (now - peer->held_since_ms >= LATE_MS) {
			peers_name_late(peers, peer, now);
			peers->late_logged_ms = now;
			break;
		}
	}
}

/* ---- coming and going ---- */

void peers_accept(struct peers *peers, uv_stream_t *listener)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	char text[REQUEST_TEXT];

	if (!peer) {
		log_error("control: no memory for a client");
		return;
	}
	peer->peers = peers;
	peer->pipe.data = peer;
	list_init(&peer->queue);
	list_add_tail(&peers->all, &peer->node);
	peers->count++;
	uv_pipe_init(peers->loop, &peer->pipe, 0);
	if (uv_accept(listener, (uv_stream_t *)&peer->pipe) < 0) {
		peer_close(peer);
	} else if (peers->count > peers->max) {
		snprintf(text, sizeof(text), "%u clients are connected, no more are allowed",
			 peers->max);
		peer_refuse(peer, -EUSERS, text);
	}
	peer_ready(peer);
}

void peers_init(struct peers *peers, uv_loop_t *loop, const struct dispatch *dispatch,
		unsigned int max, unsigned int timeout_ms)
{
	*peers = (struct peers){
		.loop = loop,
		.dispatch = dispatch,
		.max = max,
		.timeout_ms = timeout_ms,
	};
	/* the rings are of one size; without workers nothing is ever under way */
	if (dispatch->all[WORKER_MASTER]->n_workers)
		peers->window = rte_ring_get_capacity(dispatch->all[1]->ops) / 2;
	list_init(&peers->all);
	list_init(&peers->ready);
	list_init(&peers->held);
	list_init(&peers->resting);
	list_init(&peers->parked);
	uv_timer_init(loop, &peers->rest);
	uv_idle_init(loop, &peers->busy);
	uv_check_init(loop, &peers->run);
	peers->run.data = peers;
	peers->rest.data = peers;
	uv_check_start(&peers->run, peers_run);
}

void peers_close(struct peers *peers)
{
	peers->closing = true;
	uv_close((uv_handle_t *)&peers->run, NULL);
	uv_close((uv_handle_t *)&peers->busy, NULL);
	uv_close((uv_handle_t *)&peers->rest, NULL);
	list_for_each_safe (it, &peers->all) {
		struct peer *peer = container_of(it, struct peer, node);

		if (peer->in_request)
			request_drop(&peer->request);
		if (peer->closed)
			peer_free(peer);
		else
			peer_close(peer);
	}
}
