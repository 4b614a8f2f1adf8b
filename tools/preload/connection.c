/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * preload/connection: connections to the daemon. Tools make a socket for each
 * command, so one that nobody uses is kept, under the number that it had. It
 * must still be that when it is taken: the program may have closed or replaced
 * all descriptors behind our back, or have become a child, whose copy leads to
 * the parent's connection; and the daemon may have gone. Any thread may take and
 * keep, so the slot is claimed by exchange.
 *
 * That the daemon is not there, or ended before it answered, is said once, until
 * there is a connection again: programs that try on and on fill no log.
 */
#include "preload/dpvs_ipvs.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/frame.h"

#define KEPT_NONE    (-1)
#define KEPT_CLAIMED (-2) /* by a thread that is about to keep one */
#define KEPT_LEAST   3    /* programs open standard input, output and error by their numbers */

static struct {
	int fd;             /* atomic */
	unsigned int forks; /* of then */
	dev_t dev;
	ino_t ino;
} kept = { .fd = KEPT_NONE };

/* Atomic; from 1, one more behind each fork(), on both sides. It lies in a page that is empty in a
 * child, so one that was made in another way has 0. */
static unsigned int *forks;
static unsigned int last_forks;
static uint32_t complained; /* atomic */

static void forked(void)
{
	__atomic_store_n(forks, ++last_forks, __ATOMIC_RELEASE);
}

__attribute__((constructor)) static void forks_watch(void)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED || madvise(page, size, MADV_WIPEONFORK) < 0 ||
	    pthread_atfork(NULL, forked, forked) != 0)
		return;
	forks = page;
	forked();
}

unsigned int connection_forks(void)
{
	return forks ? __atomic_load_n(forks, __ATOMIC_ACQUIRE) : 0;
}

/* The daemon's socket: false: its name is too long, and cut off. */
static bool address_of(struct sockaddr_un *addr)
{
	const char *ipc = getenv(API_SOCKET_ENV);
	int n;

	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = snprintf(addr->sun_path, sizeof(addr->sun_path), "%s.genl",
		     ipc && ipc[0] ? ipc : API_SOCKET_PATH);
	return n >= 0 && (size_t)n < sizeof(addr->sun_path);
}

static bool may_complain(void)
{
	return !__atomic_exchange_n(&complained, 1, __ATOMIC_RELAXED);
}

/* One that ends may still take another connection, and end that, too. */
void connection_lost(int fd)
{
	static pid_t last; /* atomic: the daemon that was lost */
	struct ucred peer = { .pid = 0 };
	socklen_t len = sizeof(peer);
	struct sockaddr_un addr;
	bool known;

	if (libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		peer.pid = 0;
	known = __atomic_exchange_n(&last, peer.pid, __ATOMIC_RELAXED) == peer.pid && peer.pid;
	address_of(&addr);
	if (may_complain() && !known)
		complain("dpvs: the daemon at %s ended or restarted before it answered; the last "
			 "command may be in force or not",
			 addr.sun_path);
}

int connection_make(void)
{
	struct sockaddr_un addr;
	int fd = -1, saved;

	if (address_of(&addr))
		fd = libc.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	else
		errno = ENAMETOOLONG;
	if (fd >= 0 && libc.connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0) {
		__atomic_store_n(&complained, 0, __ATOMIC_RELAXED);
		return fd;
	}
	saved = errno;
	if (fd >= 0)
		libc.close(fd);
	if (may_complain())
		complain("dpvs: no daemon answers at %s: %s", addr.sun_path, strerror(saved));
	errno = saved;
	return -1;
}

/* Has the number that was kept another file now? */
static bool kept_is(int fd, dev_t dev, ino_t ino)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

int connection_take_kept(void)
{
	int fd = __atomic_load_n(&kept.fd, __ATOMIC_ACQUIRE);
	unsigned int by_forks;
	dev_t dev;
	ino_t ino;

	if (fd < 0 || !__atomic_compare_exchange_n(&kept.fd, &fd, KEPT_CLAIMED, false,
						   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return -1;
	by_forks = kept.forks;
	dev = kept.dev;
	ino = kept.ino;
	__atomic_store_n(&kept.fd, KEPT_NONE, __ATOMIC_RELEASE);
	if (!kept_is(fd, dev, ino))
		return -1;
	if (by_forks && by_forks == connection_forks())
		return fd;
	libc.close(fd);
	return -1;
}

bool connection_lives(int fd)
{
	char byte;

	return libc.recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

int connection_take(void)
{
	int fd = connection_take_kept();

	if (fd >= 0 && connection_lives(fd))
		return fd;
	if (fd >= 0)
		libc.close(fd);
	return connection_make();
}

bool connection_keep(int fd)
{
	int none = KEPT_NONE;
	struct stat st;

	if (fd < KEPT_LEAST || fd >= FDS || !connection_forks() || fstat(fd, &st) < 0 ||
	    !__atomic_compare_exchange_n(&kept.fd, &none, KEPT_CLAIMED, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE))
		return false;
	kept.forks = connection_forks();
	kept.dev = st.st_dev;
	kept.ino = st.st_ino;
	__atomic_store_n(&kept.fd, fd, __ATOMIC_RELEASE);
	return true;
}

void connection_forget(int fd)
{
	if (fd >= 0)
		__atomic_compare_exchange_n(&kept.fd, &fd, KEPT_NONE, false, __ATOMIC_ACQ_REL,
					    __ATOMIC_ACQUIRE);
}
