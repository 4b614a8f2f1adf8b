/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control/peer: the clients of the socket. All of them share one run queue,
 * of which a little is done in each turn of the loop.
 */
#ifndef CONTROL_PEER_H
#define CONTROL_PEER_H

#include <uv.h>

#include "base/list.h"
#include "control/request.h"

struct peers {
	uv_loop_t *loop;
	const struct dispatch *dispatch;
	struct list all;
	struct list ready;   /* have something to do */
	struct list held;    /* wait for workers */
	struct list resting; /* let workers rest */
	struct list parked;  /* listen, and there is nothing to tell */
	unsigned int count;
	unsigned int max;
	unsigned int timeout_ms;
	uint64_t window;         /* most changes that are under way when another is begun */
	bool closing;            /* peers_close() was called */
	uint64_t late_logged_ms; /* when a late worker was last named */
	uv_check_t run;          /* the turn's share of `ready` */
	uv_timer_t rest;         /* active while anybody rests */
	uv_idle_t busy;          /* active while there is more: the loop does not sleep */
};

void peers_init(struct peers *peers, uv_loop_t *loop, const struct dispatch *dispatch,
		unsigned int max, unsigned int timeout_ms);

/* A connection waits to be accepted. */
void peers_accept(struct peers *peers, uv_stream_t *listener);

/* Workers may have acknowledged something. */
void peers_wake(struct peers *peers);

/* There is something to tell to those who listen. */
void peers_news(struct peers *peers);

/* Now and then: time-outs, late workers. */
void peers_tick(struct peers *peers);

/* Everybody goes, requests under way are forgotten. The loop must run on for the handles to close.
 */
void peers_close(struct peers *peers);

#endif
