/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * preload/copies: a descriptor gets another number beside its own, or takes
 * another's place. What was lent becomes the kernel's before, as the program
 * asked for it, so that each number may turn into a connection of its own; a
 * connection that has two numbers is the program's, and not kept.
 */
#include "preload/dpvs_ipvs.h"

#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

/* False: there is nothing to copy, and errno says why. What waits to be read is in the connection
 * before it has two numbers. */
static bool copy_begin(int fd)
{
	libc_find();
	if (fd_give_back(fd) < 0)
		return false;
	fd_watch(fd);
	return true;
}

static int copy_end(int fd, int copy)
{
	if (copy >= 0 && copy != fd) {
		connection_forget(copy);
		fd_copied(fd, copy);
	}
	return copy;
}

EXPORT int dup(int fd)
{
	return copy_begin(fd) ? copy_end(fd, libc.dup(fd)) : -1;
}

EXPORT int dup2(int fd, int copy)
{
	return copy_begin(fd) ? copy_end(fd, libc.dup2(fd, copy)) : -1;
}

EXPORT int dup3(int fd, int copy, int flags)
{
	return copy_begin(fd) ? copy_end(fd, libc.dup3(fd, copy, flags)) : -1;
}

static bool copies(int cmd)
{
	return cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC;
}

/* Both ways to say it; as the C library does, one argument is read, whether there is one or not. */
#define FCNTL(function)                                                              \
	EXPORT int function(int fd, int cmd, ...)                                    \
	{                                                                            \
		va_list args;                                                        \
		void *arg;                                                           \
                                                                                     \
		va_start(args, cmd);                                                 \
		arg = va_arg(args, void *);                                          \
		va_end(args);                                                        \
		libc_find();                                                         \
		if (!copies(cmd))                                                    \
			return libc.function(fd, cmd, arg);                          \
		return copy_begin(fd) ? copy_end(fd, libc.fcntl(fd, cmd, arg)) : -1; \
	}
FCNTL(fcntl)
FCNTL(fcntl64)
