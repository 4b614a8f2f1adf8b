/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control/rtnl: see rtnl.h. One socket for changes and rounds. A full receive
 * buffer (ENOBUFS) means that changes are lost: the socket is thrown away, and
 * a new one begins with a round. A round during which the kernel's tables
 * changed under it (NLM_F_DUMP_INTR) may have missed something: it is done
 * again, but not for ever.
 */
#include "control/rtnl.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>

#include "base/log.h"
#include "control/control.h"

#define BUFFER_BYTES (64u << 10)
#define SOCKET_BYTES (8 << 20) /* of changes that wait to be read */
#define READS        32        /* in one turn of the loop */
#define ROUNDS_AGAIN 3
#define RESTART_MS   500

struct rtnl {
	struct rtnl_config config;
	struct control *control;
	struct mnl_socket *socket;
	uint32_t seq;
	unsigned int dump;        /* which of config.dumps is under way */
	unsigned int interrupted; /* rounds in a row that changed under our eyes */
	bool torn;                /* this round has */
	char buffer[BUFFER_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
};

static bool rtnl_in_round(const struct rtnl *rtnl)
{
	return rtnl->dump < RTNL_KINDS && rtnl->config.dumps[rtnl->dump];
}

static int rtnl_ask(struct rtnl *rtnl)
{
	char space[MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct rtgenmsg))]
		__attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *message = mnl_nlmsg_put_header(space);
	struct rtgenmsg *body;

	message->nlmsg_type = rtnl->config.dumps[rtnl->dump];
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	message->nlmsg_seq = ++rtnl->seq;
	body = mnl_nlmsg_put_extra_header(message, sizeof(*body));
	body->rtgen_family = AF_UNSPEC;
	return mnl_socket_sendto(rtnl->socket, message, message->nlmsg_len) < 0 ? -errno : 0;
}

static int rtnl_round(struct rtnl *rtnl)
{
	rtnl->dump = 0;
	rtnl->torn = false;
	rtnl->config.begin(rtnl->config.arg);
	return rtnl_ask(rtnl);
}

/* One dump is complete. */
static void rtnl_next(struct rtnl *rtnl)
{
	rtnl->dump++;
	if (rtnl_in_round(rtnl)) {
		rtnl_ask(rtnl);
		return;
	}
	if (rtnl->torn && rtnl->interrupted++ < ROUNDS_AGAIN) {
		rtnl_round(rtnl);
		return;
	}
	rtnl->interrupted = 0;
	rtnl->config.end(rtnl->config.arg, !rtnl->torn);
}

static void rtnl_message(struct rtnl *rtnl, const struct nlmsghdr *message)
{
	bool ours = message->nlmsg_seq == rtnl->seq && rtnl_in_round(rtnl);

	if (ours &&
	    ((message->nlmsg_flags & NLM_F_DUMP_INTR) || message->nlmsg_type == NLMSG_ERROR))
		rtnl->torn = true;
	if (message->nlmsg_type >= NLMSG_MIN_TYPE)
		rtnl->config.message(rtnl->config.arg, message);
	else if (ours && (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR))
		rtnl_next(rtnl);
}

static void rtnl_on_readable(struct control *control, void *arg);

static void rtnl_drop(struct rtnl *rtnl)
{
	if (!rtnl->socket)
		return;
	control_unwatch(rtnl->control, mnl_socket_get_fd(rtnl->socket));
	mnl_socket_close(rtnl->socket);
	rtnl->socket = NULL;
}

static int rtnl_subscribe(struct rtnl *rtnl)
{
	int size = SOCKET_BYTES, fd = mnl_socket_get_fd(rtnl->socket);

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (unsigned int i = 0; rtnl->config.groups[i]; i++) {
		int group = (int)rtnl->config.groups[i];

		if (mnl_socket_setsockopt(rtnl->socket, NETLINK_ADD_MEMBERSHIP, &group,
					  sizeof(group)) < 0)
			return -errno;
	}
	return 0;
}

static int rtnl_connect(struct rtnl *rtnl)
{
	int r;

	rtnl->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (!rtnl->socket)
		return -errno;
	r = mnl_socket_bind(rtnl->socket, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno : 0;
	if (r == 0)
		r = rtnl_subscribe(rtnl);
	if (r == 0)
		r = control_watch(rtnl->control, mnl_socket_get_fd(rtnl->socket), rtnl_on_readable,
				  rtnl);
	if (r == 0)
		r = rtnl_round(rtnl);
	if (r < 0)
		rtnl_drop(rtnl);
	return r;
}

/* False: nothing more is to be read now. */
static bool rtnl_read(struct rtnl *rtnl)
{
	ssize_t n = mnl_socket_recvfrom(rtnl->socket, rtnl->buffer, sizeof(rtnl->buffer));
	const struct nlmsghdr *message = (const struct nlmsghdr *)rtnl->buffer;
	int left = (int)n;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n < 0) {
		log_info("rtnetlink: %s; everything is read again", strerror(errno));
		rtnl_drop(rtnl); /* the timer connects again */
		return false;
	}
	while (mnl_nlmsg_ok(message, left)) {
		rtnl_message(rtnl, message);
		message = mnl_nlmsg_next(message, &left);
	}
	return true;
}

static void rtnl_on_readable(struct control *control, void *arg)
{
	struct rtnl *rtnl = arg;

	for (unsigned int i = 0; i < READS && rtnl->socket && rtnl_read(rtnl); i++)
		;
}

static void rtnl_on_timer(struct control *control, void *arg)
{
	struct rtnl *rtnl = arg;

	if (!rtnl->socket)
		rtnl_connect(rtnl);
}

int rtnl_open(struct control *control, const struct rtnl_config *config, struct rtnl **out)
{
	struct rtnl *rtnl = calloc(1, sizeof(*rtnl));
	int r;

	if (!rtnl)
		return -ENOMEM;
	rtnl->config = *config;
	rtnl->control = control;
	r = rtnl_connect(rtnl);
	if (r == 0)
		r = control_timer(control, RESTART_MS, rtnl_on_timer, rtnl);
	if (r < 0) {
		rtnl_drop(rtnl);
		free(rtnl);
		return r;
	}
	*out = rtnl;
	return 0;
}

void rtnl_again(struct rtnl *rtnl)
{
	if (!rtnl->socket)
		return;
	if (rtnl_in_round(rtnl))
		rtnl->torn = true;
	else
		rtnl_round(rtnl);
}

void rtnl_close(struct rtnl *rtnl)
{
	if (!rtnl)
		return;
	if (rtnl->socket)
		mnl_socket_close(rtnl->socket);
	free(rtnl);
}
