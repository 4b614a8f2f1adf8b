/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * preload/libc: the functions that this library stands before, and standard
 * error.
 */
#include "preload/dpvs_ipvs.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct libc libc;

/* Once, before main(); calls that come earlier, of other libraries, come here by themselves. */
__attribute__((constructor)) void libc_find(void)
{
	if (libc.execvp)
		return;
#define FIND(name) *(void **)&libc.name = dlsym(RTLD_NEXT, #name)
	FIND(socket);
	FIND(close);
	FIND(bind);
	FIND(connect);
	FIND(getsockname);
	FIND(getsockopt);
	FIND(setsockopt);
	FIND(sendmsg);
	FIND(sendto);
	FIND(send);
	FIND(write);
	FIND(writev);
	FIND(recvmsg);
	FIND(recv);
	FIND(recvfrom);
	FIND(read);
	FIND(poll);
	FIND(ppoll);
	FIND(select);
	FIND(pselect);
	FIND(epoll_ctl);
	FIND(dup);
	FIND(dup2);
	FIND(dup3);
	FIND(fcntl);
	FIND(fcntl64);
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

/* Is it what a person or a log reads? A daemon may have something else of its own there. */
static bool stderr_reads(void)
{
	struct stat st;

	return fstat(STDERR_FILENO, &st) == 0 &&
	       (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode) || S_ISREG(st.st_mode) ||
		(S_ISSOCK(st.st_mode) && getenv("JOURNAL_STREAM")));
}

void complain(const char *format, ...)
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
	libc_find();
	if (libc.write(STDERR_FILENO, line, (size_t)n) < 0)
		n = 0;
	errno = saved;
}
