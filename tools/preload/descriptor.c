/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * preload/descriptor: what is known of a descriptor. Nothing; that it is a
 * generic-netlink socket of the kernel's; or that it is a connection to the
 * daemon, with the port id that the program believes in. Such a connection came
 * into the place of a socket with the first message for IPVS (dup3: the number
 * stays), or was there before: where one is kept, the program gets it at once for
 * a new socket (it is lent), and the kernel makes one only if what is sent then
 * is for another family. So a command of a tool that makes a socket for each
 * costs no more than its message and the answer.
 *
 * The question which number the family has is answered here, on a connection
 * that is there and has said nothing yet: its answers stand in the record, and
 * are received from there. What is no receiving (poll, read) finds them in a
 * socket of their own, which takes the connection's place until a command is sent.
 *
 * The word is atomic: calls of any thread may come at once. The rest is of the
 * thread that uses the socket.
 */
#include "preload/dpvs_ipvs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <linux/genetlink.h>

/* Nothing, a socket of the kernel's, or the port id (the kernel's are not 0, and 1 is init's). */
#define FD_NONE    0u
#define FD_KERNEL  1u
#define FD_UNBOUND 2u /* a port id that nobody has asked for yet */

#define UNCOUNTED UINT8_MAX /* of under_way, stays: the connection is not kept */

struct descriptor {
	uint32_t word;     /* atomic */
	uint8_t under_way; /* requests whose answers have not come */
	bool lent;         /* nothing was sent; what the kernel's socket would be like: */
	bool bound, any_port;
	int type, sndbuf, rcvbuf;       /* 0: as by default */
	bool settled;                   /* a socket of answers, none of the daemon's */
	uint8_t answers;                /* so many were not received yet */
	struct nlmsghdr question, last; /* of the family; what was sent last */
	unsigned int forks;             /* when it came here */
};

static struct descriptor fds[FDS];
static uint32_t unsettled; /* atomic: how many have answers, about */

static struct descriptor *fd_of(int fd)
{
	return fd >= 0 && fd < FDS ? &fds[fd] : NULL;
}

static uint32_t fd_word(int fd)
{
	struct descriptor *d = fd_of(fd);

	return d ? __atomic_load_n(&d->word, __ATOMIC_ACQUIRE) : FD_NONE;
}

static void fd_set_word(int fd, uint32_t word)
{
	__atomic_store_n(&fds[fd].word, word, __ATOMIC_RELEASE);
}

bool fd_is_daemon(int fd)
{
	return fd_word(fd) > FD_KERNEL;
}

uint32_t fd_port(int fd)
{
	fds[fd].any_port = false; /* it is this one */
	return fd_word(fd) == FD_UNBOUND ? 0 : fd_word(fd);
}

/* ---- answers that stand here ---- */

static void answers_set(struct descriptor *d, unsigned int n)
{
	if (!d->answers && n)
		__atomic_fetch_add(&unsettled, 1, __ATOMIC_ACQ_REL);
	else if (d->answers && !n)
		__atomic_fetch_sub(&unsettled, 1, __ATOMIC_ACQ_REL);
	d->answers = (uint8_t)n;
}

size_t fd_answer(int fd, uint8_t *packet, bool keep)
{
	struct descriptor *d = &fds[fd];
	size_t len = 0;

	if (d->answers)
		len = family_answer(&d->question, FAMILY_ANSWERS - d->answers, packet);
	if (!keep && d->answers)
		answers_set(d, d->question.nlmsg_flags & NLM_F_ACK ? d->answers - 1u : 0);
	return len;
}

bool fd_any_to_settle(void)
{
	return __atomic_load_n(&unsettled, __ATOMIC_ACQUIRE);
}

/* ---- coming ---- */

/* The record of a connection to the daemon, before its word is set. */
static void fd_begin(struct descriptor *d)
{
	d->under_way = 0;
	d->lent = d->settled = false;
	answers_set(d, 0);
	d->forks = connection_forks();
}

void fd_made(int fd)
{
	struct descriptor *d = fd_of(fd);

	if (!d)
		return;
	fd_begin(d);
	fd_set_word(fd, FD_KERNEL);
}

void fd_other(int fd)
{
	if (fd_word(fd) == FD_NONE)
		return;
	fd_begin(fd_of(fd));
	fd_set_word(fd, FD_NONE);
}

int fd_lend(int type)
{
	const int kind = type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct descriptor *d;
	int fd;

	/* as it is to be, since its flags are those of the connection */
	if (!(type & SOCK_CLOEXEC) || (type & SOCK_NONBLOCK) ||
	    (kind != SOCK_RAW && kind != SOCK_DGRAM))
		return -1;
	fd = connection_take_kept();
	d = fd_of(fd);
	if (!d)
		return -1;
	fd_begin(d);
	d->lent = true;
	d->bound = d->any_port = false;
	d->type = type;
	d->sndbuf = d->rcvbuf = 0;
	fd_set_word(fd, FD_UNBOUND);
	return fd;
}

/* One that no socket of the kernel's has, as it would be when the process's own number is taken. */
static uint32_t port_choose(void)
{
	static uint32_t last; /* atomic */
	uint32_t n = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);

	return UINT32_C(1) << 31 | (uint32_t)getpid() << 9 | (n & 511);
}

bool fd_bind(int fd, const struct sockaddr_nl *addr)
{
	struct descriptor *d = &fds[fd];

	if (!d->lent || addr->nl_groups)
		return false;
	fd_set_word(fd, addr->nl_pid > FD_UNBOUND ? addr->nl_pid : port_choose());
	d->bound = true;
	d->any_port = addr->nl_pid == 0;
	return true;
}

bool fd_set_buffer(int fd, int name, int size)
{
	struct descriptor *d = &fds[fd];

	if (!d->lent || (name != SO_SNDBUF && name != SO_RCVBUF))
		return false;
	*(name == SO_SNDBUF ? &d->sndbuf : &d->rcvbuf) = size;
	return true;
}

/* Does it do for the next socket? It is not shared with a child, and as it was made. */
static bool is_clean(int fd, const struct descriptor *d)
{
	int status, flags;

	if (d->settled || d->under_way || !d->forks || d->forks != connection_forks())
		return false;
	status = libc.fcntl(fd, F_GETFL);
	flags = libc.fcntl(fd, F_GETFD);
	return status >= 0 && !(status & (O_NONBLOCK | O_ASYNC)) && flags >= 0 &&
	       (flags & FD_CLOEXEC);
}

/* What has this number gets another: the connection is kept if it does for the next socket. */
static void keep_copy(int fd, const struct descriptor *d)
{
	int copy = is_clean(fd, d) ? libc.fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;

	if (copy >= 0 && !connection_keep(copy))
		libc.close(copy);
}

/* What the program has done to the socket is done to the kernel's. */
static int socket_again(const struct descriptor *d, uint32_t port)
{
	const struct sockaddr_nl addr = { .nl_family = AF_NETLINK,
					  .nl_pid = d->any_port ? 0 : port };
	int fd = libc.socket(AF_NETLINK, d->type, NETLINK_GENERIC);

	if (fd < 0)
		return -1;
	if (d->sndbuf)
		libc.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &d->sndbuf, sizeof(d->sndbuf));
	if (d->rcvbuf)
		libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &d->rcvbuf, sizeof(d->rcvbuf));
	if (d->bound && libc.bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0) {
		libc.close(fd);
		return -1;
	}
	return fd;
}

int fd_give_back(int fd)
{
	struct descriptor *d = fd_of(fd);
	int again, status, flags, r;

	if (!fd_is_daemon(fd) || !d->lent)
		return 0;
	again = socket_again(d, fd_word(fd));
	if (again < 0)
		return -1;
	keep_copy(fd, d);
	status = libc.fcntl(fd, F_GETFL);
	flags = libc.fcntl(fd, F_GETFD);
	if (status >= 0 && (status & O_NONBLOCK))
		libc.fcntl(again, F_SETFL, O_NONBLOCK);
	r = libc.dup3(again, fd, flags >= 0 && (flags & FD_CLOEXEC) ? O_CLOEXEC : 0);
	libc.close(again);
	if (r < 0)
		return -1;
	d->lent = false;
	fd_set_word(fd, FD_KERNEL);
	return 0;
}

/* Puts `with` in the place of the socket, which keeps its port id, and closes it. 0 or -1. */
static int fd_replace(int fd, int with, bool settled)
{
	struct sockaddr_nl name = { .nl_pid = fd_word(fd) };
	socklen_t len = sizeof(name);
	int status = libc.fcntl(fd, F_GETFL), flags = libc.fcntl(fd, F_GETFD), r;

	if (!fd_is_daemon(fd))
		libc.getsockname(fd, (struct sockaddr *)&name, &len);
	if (status >= 0 && (status & O_NONBLOCK))
		libc.fcntl(with, F_SETFL, O_NONBLOCK);
	r = libc.dup3(with, fd, flags >= 0 && (flags & FD_CLOEXEC) ? O_CLOEXEC : 0);
	libc.close(with);
	if (r < 0)
		return -1;
	fd_begin(&fds[fd]);
	fds[fd].settled = settled;
	fd_set_word(fd, name.nl_pid > FD_KERNEL ? name.nl_pid : (uint32_t)getpid());
	return 0;
}

/* Puts a connection to the daemon in its place. 0 or -1. */
static int fd_turn(int fd)
{
	int with = connection_take();

	return with < 0 ? -1 : fd_replace(fd, with, false);
}

/* ---- sending ---- */

static bool is_ours(const void *bytes, size_t len)
{
	struct nlmsghdr head;

	if (len < NLMSG_HDRLEN + GENL_HDRLEN)
		return false;
	memcpy(&head, bytes, sizeof(head));
	return head.nlmsg_type == GENL_FAMILY_ID ||
	       (head.nlmsg_type == GENL_ID_CTRL && family_asked(bytes, len));
}

/* Of those: is it none that asks for the family? */
static bool is_command(const void *bytes)
{
	struct nlmsghdr head;

	memcpy(&head, bytes, sizeof(head));
	return head.nlmsg_type == GENL_FAMILY_ID;
}

int fd_sends(int fd, const void *bytes, size_t len)
{
	struct descriptor *d = fd_of(fd);
	bool daemons = fd_is_daemon(fd), ours;

	if (daemons && !d->lent && !d->settled)
		return SENDS_DAEMON;
	if (!daemons && fd_word(fd) != FD_KERNEL)
		return SENDS_KERNEL;
	ours = is_ours(bytes, len);
	if (!ours && !d->settled)
		return fd_give_back(fd) < 0 ? -1 : SENDS_KERNEL;
	if (!(d->lent && connection_lives(fd)) && fd_turn(fd) < 0) {
		errno = EPROTONOSUPPORT;
		return -1;
	}
	d->lent = false;
	if (fd_word(fd) == FD_UNBOUND)
		fd_set_word(fd, (uint32_t)getpid());
	if (!ours || is_command(bytes) || d->under_way == UNCOUNTED)
		return SENDS_DAEMON;
	memcpy(&d->question, bytes, sizeof(d->question));
	answers_set(d, FAMILY_ANSWERS);
	return SENDS_DONE;
}

bool fd_turn_idle(int fd)
{
	const struct descriptor *d = &fds[fd];

	return !d->under_way && !d->answers && fd_turn(fd) == 0;
}

/* Tools know the reason from an answer only: an error of the call they take for a wrong message. */
size_t fd_lost(int fd, uint8_t *packet, bool keep)
{
	struct descriptor *d = &fds[fd];

	if (!d->under_way)
		return 0;
	connection_lost(fd);
	if (d->under_way == UNCOUNTED)
		return 0;
	if (!keep) {
		d->under_way = 0;
		d->settled = true;
	}
	return family_ack(&d->last, -ECONNRESET, packet);
}

void fd_settle(int fd)
{
	struct descriptor *d = fd_of(fd);
	uint8_t packet[FAMILY_ANSWER];
	size_t len;
	int pair[2];

	if (!fd_is_daemon(fd) || !d->answers || d->under_way)
		return;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return;
	while ((len = fd_answer(fd, packet, false)))
		if (libc.send(pair[1], packet, len, MSG_NOSIGNAL) < 0)
			break;
	libc.close(pair[1]);
	keep_copy(fd, d);
	fd_replace(fd, pair[0], true);
}

void fd_watch(int fd)
{
	fd_settle(fd);
	if (fd_is_daemon(fd))
		fds[fd].under_way = UNCOUNTED;
}

void fd_copied(int fd, int copy)
{
	fd_other(copy);
	if (copy >= FDS)
		return;
	if (fd_word(fd) == FD_KERNEL)
		fd_made(copy);
	if (!fd_is_daemon(fd))
		return;
	fd_begin(&fds[copy]);
	fds[copy].settled = fds[fd].settled;
	fds[copy].under_way = UNCOUNTED;
	fd_set_word(copy, fd_word(fd));
}

/* ---- going ---- */

void fd_sent(int fd, const void *bytes, size_t len)
{
	struct descriptor *d = &fds[fd];
	struct nlmsghdr head;

	if (d->under_way == UNCOUNTED)
		return;
	memset(&head, 0, sizeof(head));
	memcpy(&head, bytes, len < sizeof(head) ? len : sizeof(head));
	if (NLMSG_ALIGN(head.nlmsg_len) < len || d->under_way == UNCOUNTED - 1 ||
	    !(head.nlmsg_flags & (NLM_F_ACK | NLM_F_ROOT)))
		d->under_way = UNCOUNTED; /* there is no telling when its answer is whole */
	else
		d->under_way++;
	d->last = head;
}

/* An answer's last message is an acknowledgement, or the end of a dump. */
void fd_received(int fd, const void *bytes, size_t n, size_t size)
{
	struct descriptor *d = &fds[fd];
	struct nlmsghdr head;

	if (n > size)
		d->under_way = UNCOUNTED;
	if (d->under_way == UNCOUNTED)
		return;
	for (size_t at = 0; at + sizeof(head) <= n; at += NLMSG_ALIGN(head.nlmsg_len)) {
		memcpy(&head, (const uint8_t *)bytes + at, sizeof(head));
		if (head.nlmsg_len < sizeof(head))
			break;
		if (d->under_way &&
		    (head.nlmsg_type == NLMSG_ERROR || head.nlmsg_type == NLMSG_DONE))
			d->under_way--;
	}
}

bool fd_leave(int fd)
{
	struct descriptor *d = fd_of(fd);
	bool clean;

	if (!d || fd_word(fd) == FD_NONE)
		return false;
	clean = fd_is_daemon(fd) && is_clean(fd, d);
	answers_set(d, 0);
	d->lent = d->settled = false;
	fd_set_word(fd, FD_NONE);
	return clean && connection_keep(fd);
}
