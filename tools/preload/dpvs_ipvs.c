/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libdpvs-ipvs: preloaded into an unmodified program that configures the
 * kernel's IPVS (ipvsadm, keepalived), it lets the program configure dpvs
 * instead. Such a program asks on a generic-netlink socket which number the
 * family IPVS has. That message, or a later one with the number that dpvs gave,
 * makes a connection to the daemon of it; the daemon speaks the same messages, so
 * all that is left to do is to look like a netlink socket, which is done here, by
 * what descriptor.c knows. Other families, other sockets and other files are the
 * kernel's as ever.
 *
 * Without a daemon the program gets errors as from a kernel without IPVS, and
 * what it tries then (socket options, modprobe) ends here: the kernel's own IPVS
 * is never touched.
 *
 * A refusal for which errno says too little brings the daemon's sentence along;
 * it is printed on standard error.
 */
#include "preload/dpvs_ipvs.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include <linux/ip_vs.h>

static bool has_gone(ssize_t n)
{
	return n < 0 && (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN);
}

/* The sentence of a refusal that came in, on standard error. */
static void tell_refusal(const uint8_t *bytes, size_t len)
{
	size_t at = NLMSG_HDRLEN + sizeof(struct nlmsgerr);
	struct nlmsghdr head;
	struct nlattr attr;

	if (len < at)
		return;
	memcpy(&head, bytes, sizeof(head));
	if (head.nlmsg_type != NLMSG_ERROR || !(head.nlmsg_flags & NLM_F_ACK_TLVS) ||
	    !(head.nlmsg_flags & NLM_F_CAPPED) || head.nlmsg_len > len)
		return;
	while (at + sizeof(attr) <= head.nlmsg_len) {
		memcpy(&attr, bytes + at, sizeof(attr));
		if (attr.nla_len <= sizeof(attr) || attr.nla_len > head.nlmsg_len - at)
			return;
		if (attr.nla_type == NLMSGERR_ATTR_MSG)
			complain("dpvs: %.*s", (int)(attr.nla_len - sizeof(attr)),
				 (const char *)bytes + at + sizeof(attr));
		at += NLA_ALIGN(attr.nla_len);
	}
}

/* What a program has read itself, n bytes of a packet of which `size` had room. */
static void has_read(int fd, const void *bytes, size_t n, size_t size, int flags)
{
	if (flags & MSG_PEEK)
		return;
	fd_received(fd, bytes, n, size);
	if (n <= size)
		tell_refusal(bytes, n);
}

static void name_kernel(struct sockaddr *addr, socklen_t *len)
{
	const struct sockaddr_nl name = { .nl_family = AF_NETLINK };

	if (addr && len) {
		memcpy(addr, &name, *len < sizeof(name) ? *len : sizeof(name));
		*len = sizeof(name);
	}
}

/* ---- what a socket is ---- */

EXPORT int socket(int domain, int type, int protocol)
{
	bool genl = domain == AF_NETLINK && protocol == NETLINK_GENERIC;
	int fd;

	libc_find();
	fd = genl ? fd_lend(type) : -1;
	if (fd >= 0)
		return fd;
	fd = libc.socket(domain, type, protocol);
	if (fd >= 0 && genl)
		fd_made(fd);
	else if (fd >= 0)
		fd_other(fd);
	return fd;
}

EXPORT int close(int fd)
{
	libc_find();
	connection_forget(fd);
	return fd_leave(fd) ? 0 : libc.close(fd);
}

EXPORT int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	struct sockaddr_nl name;

	libc_find();
	if (!fd_is_daemon(fd))
		return libc.bind(fd, addr, len);
	if (len >= sizeof(name)) {
		memcpy(&name, addr, sizeof(name));
		if (fd_bind(fd, &name))
			return 0;
	}
	if (fd_give_back(fd) < 0)
		return -1;
	return fd_is_daemon(fd) ? 0 : libc.bind(fd, addr, len);
}

EXPORT int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	libc_find();
	return fd_give_back(fd) < 0 ? -1 : libc.connect(fd, addr, len);
}

EXPORT int getsockname(int fd, struct sockaddr *addr, socklen_t *len)
{
	libc_find();
	if (!fd_is_daemon(fd))
		return libc.getsockname(fd, addr, len);
	name_kernel(addr, len);
	if (*len >= sizeof(struct sockaddr_nl))
		((struct sockaddr_nl *)(void *)addr)->nl_pid = fd_port(fd);
	return 0;
}

/* The older way to configure IPVS: its socket options. */
static bool is_ipvs_option(int level, int name)
{
	return level == IPPROTO_IP && name >= IP_VS_BASE_CTL && name <= IP_VS_SO_SET_MAX;
}

EXPORT int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	libc_find();
	if (is_ipvs_option(level, name)) {
		errno = ENOPROTOOPT;
		return -1;
	}
	if (fd_give_back(fd) < 0)
		return -1;
	return libc.getsockopt(fd, level, name, value, len);
}

EXPORT int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	int size = 0;

	libc_find();
	if (is_ipvs_option(level, name)) {
		errno = ENOPROTOOPT;
		return -1;
	}
	if (fd_is_daemon(fd) && level == SOL_SOCKET && len == sizeof(size)) {
		memcpy(&size, value, sizeof(size));
		if (fd_set_buffer(fd, name, size))
			return 0;
	}
	if (fd_give_back(fd) < 0)
		return -1;
	if (fd_is_daemon(fd) && level != SOL_SOCKET)
		return 0;
	return libc.setsockopt(fd, level, name, value, len);
}

/* ---- sending ---- */

/* To the daemon, or nobody; if there is another daemon meanwhile, to that one. */
static ssize_t send_parts(int fd, int to, const struct msghdr *message, int flags)
{
	struct msghdr bare = *message;
	size_t len = 0;
	ssize_t n;

	if (to < 0)
		return -1;
	for (size_t i = 0; i < message->msg_iovlen; i++)
		len += message->msg_iov[i].iov_len;
	if (to == SENDS_DONE)
		return (ssize_t)len;
	bare.msg_name = NULL;
	bare.msg_namelen = 0;
	bare.msg_control = NULL;
	bare.msg_controllen = 0;
	n = libc.sendmsg(fd, &bare, flags | MSG_NOSIGNAL);
	if (has_gone(n) && fd_turn_idle(fd))
		n = libc.sendmsg(fd, &bare, flags | MSG_NOSIGNAL);
	if (has_gone(n))
		errno = EPROTONOSUPPORT;
	else if (n >= 0)
		fd_sent(fd, message->msg_iov[0].iov_base, message->msg_iov[0].iov_len);
	return n;
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	int to = SENDS_KERNEL;

	libc_find();
	if (message->msg_iovlen)
		to = fd_sends(fd, message->msg_iov[0].iov_base, message->msg_iov[0].iov_len);
	return to == SENDS_KERNEL ? libc.sendmsg(fd, message, flags)
				  : send_parts(fd, to, message, flags);
}

/* The same of bytes in one piece. */
static ssize_t send_on(int fd, int to, const void *bytes, size_t len, int flags)
{
	struct iovec part = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = len };
	const struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	return send_parts(fd, to, &message, flags);
}

EXPORT ssize_t sendto(int fd, const void *bytes, size_t len, int flags, const struct sockaddr *addr,
		      socklen_t addr_len)
{
	int to;

	libc_find();
	to = fd_sends(fd, bytes, len);
	return to == SENDS_KERNEL ? libc.sendto(fd, bytes, len, flags, addr, addr_len)
				  : send_on(fd, to, bytes, len, flags);
}

EXPORT ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	int to;

	libc_find();
	to = fd_sends(fd, bytes, len);
	return to == SENDS_KERNEL ? libc.send(fd, bytes, len, flags)
				  : send_on(fd, to, bytes, len, flags);
}

EXPORT ssize_t write(int fd, const void *bytes, size_t len)
{
	int to;

	libc_find();
	to = fd_sends(fd, bytes, len);
	return to == SENDS_KERNEL ? libc.write(fd, bytes, len) : send_on(fd, to, bytes, len, 0);
}

EXPORT ssize_t writev(int fd, const struct iovec *parts, int n)
{
	const struct msghdr message = { .msg_iov = (struct iovec *)(uintptr_t)parts,
					.msg_iovlen = n > 0 ? (size_t)n : 0 };
	int to = SENDS_KERNEL;

	libc_find();
	if (n > 0)
		to = fd_sends(fd, parts[0].iov_base, parts[0].iov_len);
	return to == SENDS_KERNEL ? libc.writev(fd, parts, n) : send_parts(fd, to, &message, 0);
}

/* ---- receiving ---- */

/* The packet's front into what there is of room. */
static void scatter(const struct msghdr *message, const uint8_t *packet, size_t len)
{
	size_t at = 0;

	for (size_t i = 0; i < message->msg_iovlen && at < len; i++) {
		size_t room = message->msg_iov[i].iov_len;
		size_t n = len - at < room ? len - at : room;

		memcpy(message->msg_iov[i].iov_base, packet + at, n);
		at += n;
	}
}

/* A packet that was made here: as recvmsg(). */
static ssize_t receive_packet(struct msghdr *message, int flags, const uint8_t *packet, size_t len)
{
	size_t room = 0;

	for (size_t i = 0; i < message->msg_iovlen; i++)
		room += message->msg_iov[i].iov_len;
	scatter(message, packet, len);
	message->msg_controllen = 0;
	message->msg_flags = len > room ? MSG_TRUNC : 0;
	return (ssize_t)(len <= room || (flags & MSG_TRUNC) ? len : room);
}

/* The daemon has gone: an error that libnl knows, instead of an end that netlink has not. */
static ssize_t receive_end(int fd, struct msghdr *message, int flags)
{
	uint8_t packet[FAMILY_ANSWER];
	size_t len = fd_lost(fd, packet, flags & MSG_PEEK);

	if (len)
		return receive_packet(message, flags, packet, len);
	errno = EPROTONOSUPPORT;
	return -1;
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	void *name = message->msg_name;
	socklen_t len = message->msg_namelen;
	uint8_t packet[FAMILY_ANSWER];
	size_t answer;
	ssize_t n;

	libc_find();
	if (!fd_is_daemon(fd))
		return libc.recvmsg(fd, message, flags);
	answer = fd_answer(fd, packet, flags & MSG_PEEK);
	if (answer) {
		n = receive_packet(message, flags, packet, answer);
		name_kernel(name, &message->msg_namelen);
		return n;
	}
	message->msg_name = NULL;
	message->msg_namelen = 0;
	n = libc.recvmsg(fd, message, flags);
	if (n == 0 || has_gone(n))
		n = receive_end(fd, message, flags);
	message->msg_name = name;
	message->msg_namelen = len;
	if (n < 0)
		return n;
	name_kernel(name, &message->msg_namelen);
	if (message->msg_iovlen == 1)
		has_read(fd, message->msg_iov[0].iov_base,
			 message->msg_flags & MSG_TRUNC ? SIZE_MAX : (size_t)n,
			 message->msg_iov[0].iov_len, flags);
	else
		has_read(fd, NULL, SIZE_MAX, 0, flags);
	return n;
}

EXPORT ssize_t recvfrom(int fd, void *bytes, size_t size, int flags, struct sockaddr *addr,
			socklen_t *len)
{
	struct iovec room = { .iov_base = bytes, .iov_len = size };
	struct msghdr message = { .msg_iov = &room, .msg_iovlen = 1 };
	ssize_t n;

	libc_find();
	if (!fd_is_daemon(fd))
		return libc.recvfrom(fd, bytes, size, flags, addr, len);
	n = recvmsg(fd, &message, flags);
	if (n >= 0)
		name_kernel(addr, len);
	return n;
}

EXPORT ssize_t recv(int fd, void *bytes, size_t size, int flags)
{
	return recvfrom(fd, bytes, size, flags, NULL, NULL);
}

/* ---- waiting, and reading without receiving ---- */

EXPORT ssize_t read(int fd, void *bytes, size_t size)
{
	libc_find();
	if (fd_any_to_settle())
		fd_settle(fd);
	return libc.read(fd, bytes, size);
}

static void settle_polled(const struct pollfd *polled, nfds_t n)
{
	libc_find();
	for (nfds_t i = 0; fd_any_to_settle() && i < n; i++)
		fd_settle(polled[i].fd);
}

EXPORT int poll(struct pollfd *polled, nfds_t n, int timeout)
{
	settle_polled(polled, n);
	return libc.poll(polled, n, timeout);
}

EXPORT int ppoll(struct pollfd *polled, nfds_t n, const struct timespec *timeout,
		 const sigset_t *mask)
{
	settle_polled(polled, n);
	return libc.ppoll(polled, n, timeout, mask);
}

static void settle_selected(int n, const fd_set *readable)
{
	libc_find();
	for (int fd = 0; readable && fd_any_to_settle() && fd < n; fd++)
		if (FD_ISSET(fd, readable))
			fd_settle(fd);
}

EXPORT int select(int n, fd_set *readable, fd_set *writable, fd_set *special,
		  struct timeval *timeout)
{
	settle_selected(n, readable);
	return libc.select(n, readable, writable, special, timeout);
}

EXPORT int pselect(int n, fd_set *readable, fd_set *writable, fd_set *special,
		   const struct timespec *timeout, const sigset_t *mask)
{
	settle_selected(n, readable);
	return libc.pselect(n, readable, writable, special, timeout, mask);
}

EXPORT int epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	libc_find();
	fd_watch(fd);
	return libc.epoll_ctl(epoll, op, fd, event);
}

/*
 * What a program calls that was built with _FORTIFY_SOURCE: the last argument is the buffer's size,
 * and it ends if that is too small.
 */
#define EXPORT_CHECKED(type, name, parameters, arguments, need, room) \
	EXPORT type __##name##_chk parameters;                        \
	EXPORT type __##name##_chk parameters                         \
	{                                                             \
		if ((need) > (room))                                  \
			__builtin_trap();                             \
		return name arguments;                                \
	}
EXPORT_CHECKED(ssize_t, read, (int fd, void *bytes, size_t n, size_t room), (fd, bytes, n), n, room)
EXPORT_CHECKED(ssize_t, recv, (int fd, void *bytes, size_t n, size_t room, int flags),
	       (fd, bytes, n, flags), n, room)
EXPORT_CHECKED(ssize_t, recvfrom,
	       (int fd, void *bytes, size_t n, size_t room, int flags, struct sockaddr *addr,
		socklen_t *len),
	       (fd, bytes, n, flags, addr, len), n, room)
EXPORT_CHECKED(int, poll, (struct pollfd * polled, nfds_t n, int timeout, size_t room),
	       (polled, n, timeout), n * sizeof(*polled), room)
EXPORT_CHECKED(int, ppoll,
	       (struct pollfd * polled, nfds_t n, const struct timespec *timeout,
		const sigset_t *mask, size_t room),
	       (polled, n, timeout, mask), n * sizeof(*polled), room)
