/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libdpvs-ipvs: preloaded into an unmodified program that configures the
 * kernel's IPVS (ipvsadm, keepalived), it lets the program configure dpvs
 * instead. Such a program asks on a generic-netlink socket which number the
 * family IPVS has. That message, or a later one with the number that dpvs gave,
 * puts a connection to the daemon in the socket's place (dup3: the descriptor
 * stays); the daemon speaks the same messages, so all that is left to do is to
 * look like a netlink socket. Other families, other sockets and other files are
 * the kernel's as ever.
 *
 * Without a daemon the program gets errors as from a kernel without IPVS, and
 * what it tries then (socket options, modprobe) ends here: the kernel's own IPVS
 * is never touched.
 *
 * A refusal for which errno says too little brings the daemon's sentence along;
 * it is printed on standard error. State is one word a descriptor, atomic: calls
 * of any thread may come at once, and a fork has a copy, as of the descriptors.
 */
#include "preload/dpvs_ipvs.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/ip_vs.h>

#include "api/frame.h"

#define EXPORT __attribute__((visibility("default")))

/* Of a descriptor: nothing, a generic-netlink socket of the kernel's, or a connection to the daemon
 * whose port id is the word (the kernel's are not 0 or 1 but for one, which has no sense here). */
#define FD_NONE   0u
#define FD_KERNEL 1u
#define FDS       65536

static uint32_t fds[FDS]; /* atomic */
static uint32_t complained;

static uint32_t fd_state(int fd)
{
	return fd >= 0 && fd < FDS ? __atomic_load_n(&fds[fd], __ATOMIC_ACQUIRE) : FD_NONE;
}

static void fd_set_state(int fd, uint32_t state)
{
	if (fd >= 0 && fd < FDS)
		__atomic_store_n(&fds[fd], state, __ATOMIC_RELEASE);
}

static bool fd_is_daemon(int fd)
{
	return fd_state(fd) > FD_KERNEL;
}

/*
 * Tools ask for the family's number before each command. While there is a daemon it is told here:
 * by a socket of its own in the netlink socket's place, until something is sent for the daemon.
 */
static uint8_t answered[FDS]; /* atomic: it is that socket */

/*
 * A connection that was closed with nothing under way is kept for the next socket: tools make one a
 * command. Taken and given by exchange, so that one thread has it.
 */
static int kept = -1;          /* atomic */
static int kept_by;            /* whose it is: a child that was forked has a copy, not to be used */
static uint8_t under_way[FDS]; /* atomic: requests whose answers have not come */

/* ---- what the C library does ---- */

static struct {
	int (*socket)(int, int, int);
	int (*close)(int);
	int (*bind)(int, const struct sockaddr *, socklen_t);
	int (*getsockname)(int, struct sockaddr *, socklen_t *);
	int (*getsockopt)(int, int, int, void *, socklen_t *);
	int (*setsockopt)(int, int, int, const void *, socklen_t);
	ssize_t (*sendmsg)(int, const struct msghdr *, int);
	ssize_t (*sendto)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
	ssize_t (*send)(int, const void *, size_t, int);
	ssize_t (*recvmsg)(int, struct msghdr *, int);
	ssize_t (*recvfrom)(int, void *, size_t, int, struct sockaddr *, socklen_t *);
	ssize_t (*recv)(int, void *, size_t, int);
	FILE *(*fopen)(const char *, const char *);
	FILE *(*fopen64)(const char *, const char *);
	int (*open)(const char *, int, ...);
	int (*open64)(const char *, int, ...);
	int (*openat)(int, const char *, int, ...);
	int (*openat64)(int, const char *, int, ...);
	int (*execv)(const char *, char *const *);
	int (*execve)(const char *, char *const *, char *const *);
	int (*execvp)(const char *, char *const *);
} libc;

/* Once, before main(); calls that come earlier, of other libraries, come here by themselves. */
__attribute__((constructor)) static void libc_find(void)
{
	if (libc.execvp)
		return;
#define FIND(name) *(void **)&libc.name = dlsym(RTLD_NEXT, #name)
	FIND(socket);
	FIND(close);
	FIND(bind);
	FIND(getsockname);
	FIND(getsockopt);
	FIND(setsockopt);
	FIND(sendmsg);
	FIND(sendto);
	FIND(send);
	FIND(recvmsg);
	FIND(recvfrom);
	FIND(recv);
	FIND(fopen);
	FIND(fopen64);
	FIND(open);
	FIND(open64);
	FIND(openat);
	FIND(openat64);
	FIND(execv);
	FIND(execve);
	FIND(execvp);
#undef FIND
}

/* ---- standard error ---- */

/* Is it what a person or a log reads? A daemon may have something else of its own there. */
static bool stderr_reads(void)
{
	struct stat st;

	return fstat(STDERR_FILENO, &st) == 0 &&
	       (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode) || S_ISREG(st.st_mode) ||
		(S_ISSOCK(st.st_mode) && getenv("JOURNAL_STREAM")));
}

__attribute__((format(printf, 1, 2))) static void complain(const char *format, ...)
{
	char line[1024];
	int saved = errno, n;
	va_list args;

	if (!stderr_reads())
		return;
	va_start(args, format);
	n = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	if (n < 0)
		return;
	if (n > (int)sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		n = 0;
	errno = saved;
}

/* ---- the daemon ---- */

/* The kept connection, if it is still one; -1. */
static int kept_take(void)
{
	int fd = __atomic_exchange_n(&kept, -1, __ATOMIC_ACQ_REL);
	char byte;

	if (fd < 0)
		return -1;
	if (kept_by == getpid() && libc.recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
	    errno == EAGAIN)
		return fd;
	libc.close(fd);
	return -1;
}

/* A connection that nobody uses now. */
static void kept_put(int fd)
{
	int none = -1;

	kept_by = getpid();
	if (!__atomic_compare_exchange_n(&kept, &none, fd, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE))
		libc.close(fd);
}

/* The socket is about to be closed. */
static void kept_give(int fd)
{
	int copy;

	if (__atomic_load_n(&answered[fd], __ATOMIC_ACQUIRE) ||
	    __atomic_load_n(&under_way[fd], __ATOMIC_ACQUIRE))
		return;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (copy >= 0)
		kept_put(copy);
}

/* A connection, or -1 with the reason said once. */
static int daemon_connect(void)
{
	const char *ipc = getenv(API_SOCKET_ENV);
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, n, saved;

	n = snprintf(addr.sun_path, sizeof(addr.sun_path), "%s.genl",
		     ipc && ipc[0] ? ipc : API_SOCKET_PATH);
	if (n < 0 || (size_t)n >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		fd = -1;
	} else {
		fd = libc.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	}
	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	saved = errno;
	if (fd >= 0)
		libc.close(fd);
	if (!__atomic_exchange_n(&complained, 1, __ATOMIC_RELAXED))
		complain("dpvs: no daemon answers at %s: %s", addr.sun_path, strerror(saved));
	errno = saved;
	return -1;
}

static int daemon_take(void)
{
	int with = kept_take();

	return with >= 0 ? with : daemon_connect();
}

/* Puts `with` in the place of the socket, which keeps its port id, and closes it. 0 or -1. */
static int fd_replace(int fd, int with, bool answers)
{
	struct sockaddr_nl name = { .nl_pid = fd_state(fd) };
	socklen_t len = sizeof(name);
	int status = fcntl(fd, F_GETFL), flags = fcntl(fd, F_GETFD), r;

	if (!fd_is_daemon(fd))
		libc.getsockname(fd, (struct sockaddr *)&name, &len);
	if (status >= 0)
		fcntl(with, F_SETFL, status & O_NONBLOCK);
	r = dup3(with, fd, flags >= 0 && (flags & FD_CLOEXEC) ? O_CLOEXEC : 0);
	libc.close(with);
	if (r < 0)
		return -1;
	__atomic_store_n(&under_way[fd], 0, __ATOMIC_RELEASE);
	__atomic_store_n(&answered[fd], answers, __ATOMIC_RELEASE);
	fd_set_state(fd, name.nl_pid > FD_KERNEL ? name.nl_pid : (uint32_t)getpid());
	return 0;
}

/* Puts a connection to the daemon in the place of a netlink socket. 0 or -1. */
static int fd_turn(int fd)
{
	int with = daemon_take();

	return with < 0 ? -1 : fd_replace(fd, with, false);
}

/* ---- messages ---- */

/* Does it ask for the family IPVS? */
static bool asks_for_ipvs(const uint8_t *bytes, size_t len)
{
	size_t at = NLMSG_HDRLEN + GENL_HDRLEN;
	struct genlmsghdr head;
	struct nlattr attr;

	memcpy(&head, bytes + NLMSG_HDRLEN, sizeof(head));
	if (head.cmd != CTRL_CMD_GETFAMILY)
		return false;
	while (at + sizeof(attr) <= len) {
		memcpy(&attr, bytes + at, sizeof(attr));
		if (attr.nla_len < sizeof(attr) || attr.nla_len > len - at)
			return false;
		if ((attr.nla_type & NLA_TYPE_MASK) == CTRL_ATTR_FAMILY_NAME)
			return attr.nla_len == NLA_HDRLEN + sizeof(IPVS_GENL_NAME) &&
			       memcmp(bytes + at + NLA_HDRLEN, IPVS_GENL_NAME,
				      sizeof(IPVS_GENL_NAME)) == 0;
		at += NLA_ALIGN(attr.nla_len);
	}
	return false;
}

static bool is_ours(const void *bytes, size_t len)
{
	struct nlmsghdr head;

	if (len < NLMSG_HDRLEN + GENL_HDRLEN)
		return false;
	memcpy(&head, bytes, sizeof(head));
	return head.nlmsg_type == GENL_FAMILY_ID ||
	       (head.nlmsg_type == GENL_ID_CTRL && asks_for_ipvs(bytes, len));
}

/* Of those: is it none that asks for the family? */
static bool is_command(const void *bytes)
{
	struct nlmsghdr head;

	memcpy(&head, bytes, sizeof(head));
	return head.nlmsg_type == GENL_FAMILY_ID;
}

/* The question for the family is answered here, as long as there is a daemon. 0 or -1. */
static int fd_answer(int fd, const void *bytes)
{
	struct nlmsghdr question;
	int with = daemon_take(), pair[2], r = -1;

	if (with < 0)
		return -1;
	kept_put(with);
	memcpy(&question, bytes, sizeof(question));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	if (family_answer(pair[1], &question))
		r = fd_replace(fd, pair[0], true);
	else
		libc.close(pair[0]);
	libc.close(pair[1]);
	return r;
}

#define SENDS_KERNEL 0
#define SENDS_DAEMON 1
#define SENDS_DONE   2 /* nothing is left to do */

/*
 * A message is about to be sent. -1: to nobody, and errno is what a kernel without IPVS would have
 * made of it.
 */
static int fd_sends(int fd, const void *bytes, size_t len)
{
	bool ours = is_ours(bytes, len), asks = ours && !is_command(bytes);

	if (fd_is_daemon(fd) && !__atomic_load_n(&answered[fd], __ATOMIC_ACQUIRE))
		return SENDS_DAEMON;
	if (!fd_is_daemon(fd) && (fd_state(fd) != FD_KERNEL || !ours))
		return SENDS_KERNEL;
	if (asks && fd_answer(fd, bytes) == 0)
		return SENDS_DONE;
	if (!asks && fd_turn(fd) == 0)
		return SENDS_DAEMON;
	errno = EPROTONOSUPPORT;
	return -1;
}

/* The daemon has gone: an error that libnl knows, instead of an end that netlink has not. */
static ssize_t fd_sent(ssize_t n)
{
	if (n < 0 && (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN))
		errno = EPROTONOSUPPORT;
	return n;
}

static ssize_t fd_received(ssize_t n)
{
	if (n == 0)
		errno = ECONNRESET;
	return n == 0 ? fd_sent(-1) : fd_sent(n);
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

#define UNCOUNTED UINT8_MAX /* stays: the connection is not kept */

static void count_sent(int fd, const void *bytes, size_t len)
{
	uint8_t n = __atomic_load_n(&under_way[fd], __ATOMIC_ACQUIRE);
	struct nlmsghdr head;

	if (n == UNCOUNTED)
		return;
	memset(&head, 0, sizeof(head));
	memcpy(&head, bytes, len < sizeof(head) ? len : sizeof(head));
	if (NLMSG_ALIGN(head.nlmsg_len) < len || n == UNCOUNTED - 1 ||
	    !(head.nlmsg_flags & (NLM_F_ACK | NLM_F_ROOT)))
		n = UNCOUNTED; /* there is no telling when its answer is whole */
	else
		n++;
	__atomic_store_n(&under_way[fd], n, __ATOMIC_RELEASE);
}

/* An answer's last message is an acknowledgement, or the end of a dump. */
static void count_received(int fd, const uint8_t *bytes, size_t len)
{
	uint8_t n = __atomic_load_n(&under_way[fd], __ATOMIC_ACQUIRE);
	struct nlmsghdr head;

	for (size_t at = 0; at + sizeof(head) <= len; at += NLMSG_ALIGN(head.nlmsg_len)) {
		memcpy(&head, bytes + at, sizeof(head));
		if (head.nlmsg_len < sizeof(head))
			break;
		if (n && n != UNCOUNTED &&
		    (head.nlmsg_type == NLMSG_ERROR || head.nlmsg_type == NLMSG_DONE))
			n--;
	}
	__atomic_store_n(&under_way[fd], n, __ATOMIC_RELEASE);
}

/* What a program has read itself, n bytes of a packet of which `size` had room. */
static void fd_read(int fd, const void *bytes, size_t n, size_t size, int flags)
{
	if (flags & MSG_PEEK)
		return;
	if (n > size) {
		__atomic_store_n(&under_way[fd], UNCOUNTED, __ATOMIC_RELEASE);
		return;
	}
	count_received(fd, bytes, n);
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

/* ---- sockets ---- */

EXPORT int socket(int domain, int type, int protocol)
{
	int fd;

	libc_find();
	fd = libc.socket(domain, type, protocol);
	if (fd >= 0 && domain == AF_NETLINK && protocol == NETLINK_GENERIC)
		fd_set_state(fd, FD_KERNEL);
	return fd;
}

EXPORT int close(int fd)
{
	int mine = fd;

	libc_find();
	__atomic_compare_exchange_n(&kept, &mine, -1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
	if (fd_state(fd) != FD_NONE) {
		if (fd_is_daemon(fd))
			kept_give(fd);
		fd_set_state(fd, FD_NONE);
	}
	return libc.close(fd);
}

EXPORT int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	libc_find();
	return fd_is_daemon(fd) ? 0 : libc.bind(fd, addr, len);
}

EXPORT int getsockname(int fd, struct sockaddr *addr, socklen_t *len)
{
	libc_find();
	if (!fd_is_daemon(fd))
		return libc.getsockname(fd, addr, len);
	name_kernel(addr, len);
	if (*len >= sizeof(struct sockaddr_nl))
		((struct sockaddr_nl *)(void *)addr)->nl_pid = fd_state(fd);
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
	return libc.getsockopt(fd, level, name, value, len);
}

EXPORT int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	libc_find();
	if (is_ipvs_option(level, name)) {
		errno = ENOPROTOOPT;
		return -1;
	}
	if (fd_is_daemon(fd) && level != SOL_SOCKET)
		return 0;
	return libc.setsockopt(fd, level, name, value, len);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	struct msghdr bare = *message;
	int to = SENDS_KERNEL;
	size_t len = 0;

	libc_find();
	if (message->msg_iovlen)
		to = fd_sends(fd, message->msg_iov[0].iov_base, message->msg_iov[0].iov_len);
	if (to <= 0)
		return to < 0 ? -1 : libc.sendmsg(fd, message, flags);
	for (size_t i = 0; i < message->msg_iovlen; i++)
		len += message->msg_iov[i].iov_len;
	if (to == SENDS_DONE)
		return (ssize_t)len;
	bare.msg_name = NULL;
	bare.msg_namelen = 0;
	bare.msg_control = NULL;
	bare.msg_controllen = 0;
	count_sent(fd, message->msg_iov[0].iov_base, message->msg_iov[0].iov_len);
	return fd_sent(libc.sendmsg(fd, &bare, flags | MSG_NOSIGNAL));
}

EXPORT ssize_t sendto(int fd, const void *bytes, size_t len, int flags, const struct sockaddr *addr,
		      socklen_t addr_len)
{
	int to;

	libc_find();
	to = fd_sends(fd, bytes, len);
	if (to <= 0)
		return to < 0 ? -1 : libc.sendto(fd, bytes, len, flags, addr, addr_len);
	if (to == SENDS_DONE)
		return (ssize_t)len;
	count_sent(fd, bytes, len);
	return fd_sent(libc.send(fd, bytes, len, flags | MSG_NOSIGNAL));
}

EXPORT ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	int to;

	libc_find();
	to = fd_sends(fd, bytes, len);
	if (to <= 0)
		return to < 0 ? -1 : libc.send(fd, bytes, len, flags);
	if (to == SENDS_DONE)
		return (ssize_t)len;
	count_sent(fd, bytes, len);
	return fd_sent(libc.send(fd, bytes, len, flags | MSG_NOSIGNAL));
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	void *name = message->msg_name;
	socklen_t len = message->msg_namelen;
	ssize_t n;

	libc_find();
	if (!fd_is_daemon(fd))
		return libc.recvmsg(fd, message, flags);
	message->msg_name = NULL;
	message->msg_namelen = 0;
	n = fd_received(libc.recvmsg(fd, message, flags));
	message->msg_name = name;
	message->msg_namelen = len;
	if (n < 0)
		return n;
	name_kernel(name, &message->msg_namelen);
	if (message->msg_iovlen == 1)
		fd_read(fd, message->msg_iov[0].iov_base,
			message->msg_flags & MSG_TRUNC ? SIZE_MAX : (size_t)n,
			message->msg_iov[0].iov_len, flags);
	else if (!(flags & MSG_PEEK))
		__atomic_store_n(&under_way[fd], UNCOUNTED, __ATOMIC_RELEASE);
	return n;
}

EXPORT ssize_t recvfrom(int fd, void *bytes, size_t size, int flags, struct sockaddr *addr,
			socklen_t *len)
{
	ssize_t n;

	libc_find();
	if (!fd_is_daemon(fd))
		return libc.recvfrom(fd, bytes, size, flags, addr, len);
	n = fd_received(libc.recv(fd, bytes, size, flags));
	if (n < 0)
		return n;
	name_kernel(addr, len);
	fd_read(fd, bytes, (size_t)n, size, flags);
	return n;
}

EXPORT ssize_t recv(int fd, void *bytes, size_t size, int flags)
{
	return recvfrom(fd, bytes, size, flags, NULL, NULL);
}

/* ---- /proc/net ---- */

/* The name behind /proc/net/ of a file that is the daemon's; NULL: it is not. */
static const char *proc_name(const char *path)
{
	static const char *const folders[] = { "/proc/net/", "/proc/self/net/" };

	for (unsigned int i = 0; path && i < sizeof(folders) / sizeof(folders[0]); i++) {
		size_t len = strlen(folders[i]);

		if (strncmp(path, folders[i], len) == 0 && (strcmp(path + len, "ip_vs_conn") == 0 ||
							    strcmp(path + len, "ip_vs_stats") == 0))
			return path + len;
	}
	return NULL;
}

static int proc_ask(int fd, const char *name)
{
	struct {
		struct nlmsghdr head;
		char name[64];
	} ask = { .head = { .nlmsg_type = GENL_PROC_TYPE, .nlmsg_flags = NLM_F_REQUEST } };

	snprintf(ask.name, sizeof(ask.name), "%s", name);
	ask.head.nlmsg_len = (uint32_t)(sizeof(ask.head) + strlen(ask.name) + 1);
	return libc.send(fd, &ask, ask.head.nlmsg_len, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/* The text of one packet into the file. 1: there is more, 0: that was all, -1: it failed. */
static int proc_take(const uint8_t *bytes, size_t len, int file)
{
	size_t at = 0, n;
	struct nlmsghdr head;

	while (at + sizeof(head) <= len) {
		memcpy(&head, bytes + at, sizeof(head));
		if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > len - at)
			return -1;
		if (head.nlmsg_type != GENL_PROC_TYPE)
			return head.nlmsg_type == NLMSG_DONE ? 0 : -1;
		n = head.nlmsg_len - sizeof(head);
		if (write(file, bytes + at + sizeof(head), n) != (ssize_t)n)
			return -1;
		at += NLMSG_ALIGN(head.nlmsg_len);
	}
	return 1;
}

/* A descriptor of the file's text as it is now, or -1: as if there were no such file. */
static int proc_open(const char *name, int flags)
{
	int fd = daemon_connect(), file = -1, r = fd < 0 ? -1 : proc_ask(fd, name);
	uint8_t bytes[16384];

	if (r == 0) {
		file = memfd_create(name, flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
		r = file < 0 ? -1 : 1;
	}
	while (r == 1) {
		ssize_t n = libc.recv(fd, bytes, sizeof(bytes), 0);

		if (n < 0 && errno == EINTR)
			continue;
		r = n <= 0 ? -1 : proc_take(bytes, (size_t)n, file);
	}
	if (fd >= 0)
		libc.close(fd);
	if (r == 0 && lseek(file, 0, SEEK_SET) == 0)
		return file;
	if (file >= 0)
		libc.close(file);
	errno = ENOENT;
	return -1;
}

static FILE *proc_fopen(const char *name)
{
	int fd = proc_open(name, O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

	if (fd >= 0 && !file)
		libc.close(fd);
	return file;
}

EXPORT FILE *fopen(const char *path, const char *mode)
{
	const char *name = proc_name(path);

	libc_find();
	return name ? proc_fopen(name) : libc.fopen(path, mode);
}

EXPORT FILE *fopen64(const char *path, const char *mode)
{
	const char *name = proc_name(path);

	libc_find();
	return name ? proc_fopen(name) : libc.fopen64(path, mode);
}

static unsigned int open_mode(int flags, va_list args)
{
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(args, unsigned int) : 0;
}

/* The four ways to say it. */
#define OPEN(function, at_parameter, at_argument)                          \
	EXPORT int function(at_parameter const char *path, int flags, ...) \
	{                                                                  \
		const char *name = proc_name(path);                        \
		unsigned int mode;                                         \
		va_list args;                                              \
                                                                           \
		libc_find();                                               \
		if (name)                                                  \
			return proc_open(name, flags);                     \
		va_start(args, flags);                                     \
		mode = open_mode(flags, args);                             \
		va_end(args);                                              \
		return libc.function(at_argument path, flags, mode);       \
	}
#define NOTHING
#define DIR_PARAMETER int dir,
#define DIR_ARGUMENT  dir,
OPEN(open, NOTHING, NOTHING)
OPEN(open64, NOTHING, NOTHING)
OPEN(openat, DIR_PARAMETER, DIR_ARGUMENT)
OPEN(openat64, DIR_PARAMETER, DIR_ARGUMENT)

/* ---- modprobe ---- */

/* Would it load the kernel's IPVS? */
static bool loads_ipvs(const char *path, char *const *argv)
{
	const char *slash = strrchr(path, '/');

	if (strcmp(slash ? slash + 1 : path, "modprobe") != 0 || !argv)
		return false;
	for (int i = 1; argv[0] && argv[i]; i++)
		if (strncmp(argv[i], "ip_vs", 5) == 0)
			return true;
	return false;
}

static int refuse_module(void)
{
	errno = ENOENT;
	return -1;
}

EXPORT int execv(const char *path, char *const argv[])
{
	libc_find();
	return loads_ipvs(path, argv) ? refuse_module() : libc.execv(path, argv);
}

EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
	libc_find();
	return loads_ipvs(path, argv) ? refuse_module() : libc.execve(path, argv, envp);
}

EXPORT int execvp(const char *path, char *const argv[])
{
	libc_find();
	return loads_ipvs(path, argv) ? refuse_module() : libc.execvp(path, argv);
}
