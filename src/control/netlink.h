/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control/netlink: the clients of a second unix socket (SOCK_SEQPACKET) that
 * send netlink messages as they would to the kernel. A dialect of a room above
 * says what a message means: requests of the rooms' tables, run one after the
 * other by the same handlers as for a client of the first socket, and what of
 * their answers goes back.
 */
#ifndef CONTROL_NETLINK_H
#define CONTROL_NETLINK_H

#include <uv.h>

#include "base/list.h"
#include "control/control.h"
#include "control/listen.h"
#include "control/netlink_out.h"
#include "control/request.h"

#define NETLINK_BODY_MAX 512u /* bytes of a request that a dialect may run */

/* What a dialect wants to be run. */
struct netlink_request {
	uint16_t id; /* enum api_id */
	uint32_t len;
	uint64_t body[NETLINK_BODY_MAX / sizeof(uint64_t)];
};

struct netlink_context {
	struct worker *const *all;
	const void *arg; /* the dialect's own */
};

/* The state is zeroed when a message comes, and stays until its answer is complete. */
struct netlink_dialect {
	size_t state_size;
	/* A whole message; its attributes are not checked. True: *request is to be run. False: the
	 * answer is complete. */
	bool (*begin)(void *state, const struct netlink_context *context,
		      const struct nlmsghdr *message, struct netlink_request *request,
		      struct netlink_out *out);
	/* One item of the running request's listing, as this daemon has it. */
	void (*item)(void *state, uint16_t kind, const void *object, uint32_t len,
		     struct netlink_out *out);
	/* The request is over; true and false as of begin. */
	bool (*end)(void *state, int status, const char *text, struct netlink_request *request,
		    struct netlink_out *out);
};

/* Is there a whole message in these bytes? (mnl_nlmsg_ok() takes a length from 2^31 on for less
 * than nothing, and good.) */
static inline bool netlink_fits(const struct nlmsghdr *message, uint32_t left)
{
	return left >= sizeof(*message) && message->nlmsg_len >= sizeof(*message) &&
	       message->nlmsg_len <= left;
}

struct netlink_peers {
	uv_loop_t *loop;
	const struct dispatch *dispatch;
	const struct netlink_dialect *dialect;
	struct netlink_context context;
	struct listen_file file;
	uv_poll_t listener;
	int fd; /* that listens, -1: nobody does */
	struct list all;
	struct list ready;   /* have something to do */
	struct list held;    /* wait for workers */
	struct list resting; /* let workers rest */
	unsigned int count, max, timeout_ms;
	uint64_t window; /* most changes that are under way when another is begun */
	bool closing;
	uv_check_t run;
	uv_timer_t rest;
	uv_idle_t busy;
};

void netlink_peers_init(struct netlink_peers *peers, uv_loop_t *loop,
			const struct dispatch *dispatch, unsigned int max, unsigned int timeout_ms);

/* Once. 0 or -errno, the sentence is logged. */
int netlink_peers_listen(struct netlink_peers *peers, const char *path,
			 const struct netlink_dialect *dialect, const void *arg);

/* As of struct peers. */
void netlink_peers_wake(struct netlink_peers *peers);
void netlink_peers_tick(struct netlink_peers *peers);
void netlink_peers_close(struct netlink_peers *peers);

#endif
