/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * preload/dpvs_ipvs: what the preloaded library and the daemon agree upon
 * beside linux/ip_vs.h (see src/ipvs/genl.h), and what the files of the library
 * share: libc.c has the functions that it stands before, connection.c connections
 * to the daemon, descriptor.c what it knows of a descriptor.
 */
#ifndef PRELOAD_DPVS_IPVS_H
#define PRELOAD_DPVS_IPVS_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <linux/netlink.h>

#define GENL_FAMILY_ID 0x4956 /* of IPVS */
#define GENL_PROC_TYPE 0x4957 /* asks for a file below /proc/net, and brings its text */

#define EXPORT __attribute__((visibility("default")))

/* ---- libc.c ---- */

struct libc {
	int (*socket)(int, int, int);
	int (*close)(int);
	int (*bind)(int, const struct sockaddr *, socklen_t);
	int (*connect)(int, const struct sockaddr *, socklen_t);
	int (*getsockname)(int, struct sockaddr *, socklen_t *);
	int (*getsockopt)(int, int, int, void *, socklen_t *);
	int (*setsockopt)(int, int, int, const void *, socklen_t);
	ssize_t (*sendmsg)(int, const struct msghdr *, int);
	ssize_t (*sendto)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
	ssize_t (*send)(int, const void *, size_t, int);
	ssize_t (*write)(int, const void *, size_t);
	ssize_t (*writev)(int, const struct iovec *, int);
	ssize_t (*recvmsg)(int, struct msghdr *, int);
	ssize_t (*recv)(int, void *, size_t, int);
	ssize_t (*recvfrom)(int, void *, size_t, int, struct sockaddr *, socklen_t *);
	ssize_t (*read)(int, void *, size_t);
	int (*poll)(struct pollfd *, nfds_t, int);
	int (*ppoll)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
	int (*select)(int, fd_set *, fd_set *, fd_set *, struct timeval *);
	int (*pselect)(int, fd_set *, fd_set *, fd_set *, const struct timespec *,
		       const sigset_t *);
	int (*epoll_ctl)(int, int, int, struct epoll_event *);
	int (*dup)(int);
	int (*dup2)(int, int);
	int (*dup3)(int, int, int);
	int (*fcntl)(int, int, ...);
	int (*fcntl64)(int, int, ...);
	FILE *(*fopen)(const char *, const char *);
	FILE *(*fopen64)(const char *, const char *);
	int (*open)(const char *, int, ...);
	int (*open64)(const char *, int, ...);
	int (*openat)(int, const char *, int, ...);
	int (*openat64)(int, const char *, int, ...);
	int (*execv)(const char *, char *const *);
	int (*execve)(const char *, char *const *, char *const *);
	int (*execvp)(const char *, char *const *);
};

extern struct libc libc;

/* Before the first use; again costs nothing. */
void libc_find(void);

/* A line on standard error, if that is something that is read. */
__attribute__((format(printf, 1, 2))) void complain(const char *format, ...);

/* ---- connection.c ---- */

/* A new connection to the daemon, or -1 with the reason said once. */
int connection_make(void);

/* One on which nothing is under way: kept or new. -1 as above. */
int connection_take(void);
int connection_take_kept(void); /* -1: there is none; it may have ended meanwhile: */
bool connection_lives(int fd);  /* the daemon is there, and has said nothing */

/* One has ended before the answer came: said once, as above. */
void connection_lost(int fd);

/* Nothing is under way on it and nobody uses it: it is kept for the next. False: the caller has it
 * still. */
bool connection_keep(int fd);

/* The program closes this number, whatever it takes it for. */
void connection_forget(int fd);

/* Another one behind each fork: what was there before is shared with the child since. 0: this
 * process keeps nothing. */
unsigned int connection_forks(void);

/* ---- descriptor.c ---- */

#define FDS 65536 /* numbers from here on are none of ours */

bool fd_is_daemon(int fd);
uint32_t fd_port(int fd); /* of those: what getsockname() says */

void fd_made(int fd);  /* a generic-netlink socket of the kernel's */
void fd_other(int fd); /* a socket of another kind has this number now */

/* One in place of a new generic-netlink socket of the kernel's, without asking the kernel; -1: such
 * a one is to be made. */
int fd_lend(int type);

/* Of a socket that was lent, and has sent nothing yet. True: that is all. */
bool fd_bind(int fd, const struct sockaddr_nl *addr);
bool fd_set_buffer(int fd, int name, int size);
/* It is to be the kernel's after all, if it is such a one. 0 or -1. */
int fd_give_back(int fd);

/* The program closes it. True: the number stays in use here. */
bool fd_leave(int fd);

/* The number `copy` is the same file now, whatever it was before. */
void fd_copied(int fd, int copy);

#define SENDS_KERNEL 0
#define SENDS_DAEMON 1
#define SENDS_DONE   2 /* nothing is left to do */

/*
 * A message is about to be sent. -1: to nobody, and errno is what a kernel without IPVS would have
 * made of it.
 */
int fd_sends(int fd, const void *bytes, size_t len);

/* What will be read first was not sent by the daemon: its packet, into room for FAMILY_ANSWER. 0:
 * there is none. */
size_t fd_answer(int fd, uint8_t *packet, bool keep);

/*
 * The connection has ended, and with it what was under way. The packet by which the program hears
 * of that, as above; 0: it gets an error of the call. Its next message goes to the next daemon,
 * unless there was no telling what was under way.
 */
size_t fd_lost(int fd, uint8_t *packet, bool keep);

/* The daemon ended before a message could be sent, with nothing under way: is there another now, in
 * the place of it? */
bool fd_turn_idle(int fd);

/* Whoever waits for the descriptor or reads from it in another way than by receiving finds the
 * answers, too. */
void fd_settle(int fd);
bool fd_any_to_settle(void);

/* The same, and it is the program's own until it is closed: somebody watches it beyond that. */
void fd_watch(int fd);

/* Bytes went to the daemon, or came: n of a packet of which `size` had room. */
void fd_sent(int fd, const void *bytes, size_t len);
void fd_received(int fd, const void *bytes, size_t n, size_t size);

/* ---- family.c ---- */

#define FAMILY_ANSWER  256u /* bytes are enough for each */
#define FAMILY_ANSWERS 2u

/* Does it ask for the family IPVS? */
bool family_asked(const uint8_t *bytes, size_t len);

/* The packet that says what has become of a request: 0 or -errno; its length. */
size_t family_ack(const struct nlmsghdr *question, int err, uint8_t *packet);

/* The packet number `n` of the answer, 0 or FAMILY_ANSWERS - 1; its length, 0: there is none. */
size_t family_answer(const struct nlmsghdr *question, unsigned int n, uint8_t *packet);

#endif
