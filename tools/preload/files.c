/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * preload/files: what a program opens or runs beside its sockets. The files of
 * the kernel's IPVS below /proc/net are the daemon's, as text in memory; and
 * nobody loads the kernel's modules of it.
 */
#include "preload/dpvs_ipvs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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
		if (libc.write(file, bytes + at + sizeof(head), n) != (ssize_t)n)
			return -1;
		at += NLMSG_ALIGN(head.nlmsg_len);
	}
	return 1;
}

/* A descriptor of the file's text as it is now, or -1: as if there were no such file. */
static int proc_open(const char *name, int flags)
{
	int fd = connection_make(), file = -1, r = fd < 0 ? -1 : proc_ask(fd, name);
	uint8_t bytes[16384];

	if (fd >= 0 && r < 0)
		connection_lost(fd);
	if (r == 0) {
		file = memfd_create(name, flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
		r = file < 0 ? -1 : 1;
	}
	while (r == 1) {
		ssize_t n = libc.recv(fd, bytes, sizeof(bytes), 0);

		if (n < 0 && errno == EINTR)
			continue;
		r = n <= 0 ? -1 : proc_take(bytes, (size_t)n, file);
		if (n <= 0)
			connection_lost(fd);
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
