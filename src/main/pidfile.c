/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/pidfile: the file that says who runs, and the lock on it that says
 * whether he still does. A file left behind by a killed daemon is no obstacle;
 * one with something else in it is left alone, since it would be removed at
 * the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "main/daemon.h"

/* Nothing, or a number: what we would write. */
static bool is_pid_file(int fd)
{
	char text[32];
	ssize_t n = pread(fd, text, sizeof(text), 0);

	for (ssize_t i = 0; i < n; i++)
		if ((text[i] < '0' || text[i] > '9') && text[i] != '\n')
			return false;
	return n >= 0 && n < (ssize_t)sizeof(text);
}

int pid_file_take(const char *path)
{
	char text[32];
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	int n, r;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		r = errno == EWOULDBLOCK ? -EAGAIN : -errno;
		close(fd);
		return r;
	}
	if (!is_pid_file(fd)) {
		close(fd);
		return -EEXIST;
	}
	n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) < 0 || write(fd, text, (size_t)n) != n) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

void pid_file_release(const char *path, int fd)
{
	struct stat ours, there;

	if (fd < 0)
		return;
	if (fstat(fd, &ours) == 0 && stat(path, &there) == 0 && ours.st_ino == there.st_ino &&
	    ours.st_dev == there.st_dev)
		unlink(path);
	close(fd);
}
