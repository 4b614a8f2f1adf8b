/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The socket as a file. It is bound to a temporary name beside its own, with
 * its final mode, listens there, and is then renamed: whoever finds the path
 * can connect. Looking for another daemon and taking its place must not be
 * done by two daemons at once, so the directory is locked meanwhile (flock: no
 * file is left behind, and the lock ends with its holder).
 */
#include "control/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LISTEN_BACKLOG 128
#define LOCK_TRIES     100 /* of 10 ms */

__attribute__((format(printf, 4, 5))) static int listen_fail(char *error, size_t size, int err,
							     const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, size, format, args);
	va_end(args);
	return err;
}

/* The directory of path, locked. Its descriptor or -errno. */
static int dir_lock(const char *path)
{
	char copy[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	int fd, r = -1;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (int i = 0; i < LOCK_TRIES && r < 0; i++) {
		r = flock(fd, LOCK_EX | LOCK_NB);
		if (r < 0 && errno != EWOULDBLOCK)
			break;
		if (r < 0)
			nanosleep(&(struct timespec){ .tv_nsec = 10 * 1000 * 1000 }, NULL);
	}
	if (r < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

/* 0: the path is free or stale. */
static int path_probe(const struct sockaddr_un *addr, int type)
{
	struct stat st;
	int fd, r = 0;

	if (lstat(addr->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0)
		r = -EADDRINUSE;
	else if (errno == EAGAIN || errno == EPROTOTYPE)
		r = -EADDRINUSE; /* its backlog is full; it is a socket of another type */
	else if (errno != ECONNREFUSED && errno != ENOENT)
		r = -errno;
	close(fd);
	return r;
}

/* Bound and listening at addr, which did not exist. The descriptor or -errno. */
static int socket_make(const struct sockaddr_un *addr, int type)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r;

	if (fd < 0)
		return -errno;
	/* the file takes its mode from the socket: never open to others, not even for a moment */
	if (fchmod(fd, 0600) < 0 || bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	if (listen(fd, LISTEN_BACKLOG) < 0) {
		r = -errno;
		unlink(addr->sun_path);
		close(fd);
		return r;
	}
	return fd;
}

/*
 * A temporary name in path's directory, or path itself where that is too short for one: then the
 * socket appears a moment before it listens.
 */
static void temporary_name(struct sockaddr_un *addr, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t dir = slash ? (size_t)(slash - path) + 1 : 0;
	size_t size = sizeof(addr->sun_path);
	int n;

	addr->sun_family = AF_UNIX;
	n = snprintf(addr->sun_path, size, "%.*s.dpvs-%d", (int)dir, path, (int)getpid());
	if (n < 0 || (size_t)n >= size)
		snprintf(addr->sun_path, size, "%s", path);
}

static int listen_at(struct listen_file *file, const struct sockaddr_un *addr, int type)
{
	struct sockaddr_un temporary;
	struct stat st;
	int fd, r;

	r = path_probe(addr, type);
	if (r < 0)
		return r;
	temporary_name(&temporary, addr->sun_path);
	unlink(temporary.sun_path); /* of a killed daemon with this pid; or path, stale */
	fd = socket_make(&temporary, type);
	if (fd < 0)
		return fd;
	if (lstat(temporary.sun_path, &st) < 0 || rename(temporary.sun_path, addr->sun_path) < 0)
		goto fail;
	file->path = strdup(addr->sun_path);
	if (!file->path)
		goto fail;
	file->dev = st.st_dev;
	file->ino = st.st_ino;
	return fd;

fail:
	r = errno ? -errno : -ENOMEM;
	unlink(temporary.sun_path);
	close(fd);
	return r;
}

int listen_open(struct listen_file *file, const char *path, int type, char *error, size_t size)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	int dir, r;

	if (len == 0)
		return listen_fail(error, size, -EINVAL, "the control socket needs a path");
	if (len >= sizeof(addr.sun_path))
		return listen_fail(
			error, size, -ENAMETOOLONG,
			"control socket %s: the path has %zu bytes, at most %zu are allowed", path,
			len, sizeof(addr.sun_path) - 1);
	memcpy(addr.sun_path, path, len + 1);
	dir = dir_lock(path);
	if (dir < 0)
		return listen_fail(error, size, dir, "control socket %s: its directory: %s", path,
				   strerror(-dir));
	r = listen_at(file, &addr, type);
	close(dir);
	if (r == -EADDRINUSE)
		listen_fail(error, size, r, "control socket %s: another daemon serves it", path);
	else if (r == -ENOTSOCK)
		listen_fail(
			error, size, r,
			"control socket %s: there is a file that is no socket; it is left alone",
			path);
	else if (r < 0)
		listen_fail(error, size, r, "control socket %s: %s", path, strerror(-r));
	return r;
}

void listen_remove(struct listen_file *file)
{
	struct stat st;

	if (file->path && lstat(file->path, &st) == 0 && st.st_dev == file->dev &&
	    st.st_ino == file->ino)
		unlink(file->path);
	free(file->path);
	file->path = NULL;
}
