/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * base/log: writes a line "level: text", behind a timestamp if wanted, with
 * one write, so that lines of several processes on one file do not mix. Bytes
 * that would make a second line or move a terminal's cursor are shown as '?':
 * parts of a line may come from a client. Levels are set by the master; lines
 * may come from any thread at start and stop, and stdio locks the stream.
 * The stream, once it is a file's, stays the same for ever, since DPDK keeps
 * it too and may write to it from any thread: another file takes the place
 * of the descriptor below it.
 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <strings.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define LOG_LINE_MAX 2048

static struct {
	FILE *file; /* NULL: stderr, since the start */
	enum log_level level;
	bool timestamp;
	bool to_file; /* `file` is not stderr by another name */
	bool echo;
} state = { .level = LOG_INFO };

static const char *const level_names[] = {
	[LOG_ERROR] = "error", [LOG_WARNING] = "warning", [LOG_NOTICE] = "notice",
	[LOG_INFO] = "info",   [LOG_DEBUG] = "debug",
};

int log_level_parse(const char *name, enum log_level *level)
{
	static const struct {
		const char *name;
		enum log_level level;
	} names[] = {
		{ "EMERG", LOG_ERROR },   { "ALERT", LOG_ERROR }, { "CRIT", LOG_ERROR },
		{ "ERR", LOG_ERROR },     { "ERROR", LOG_ERROR }, { "WARNING", LOG_WARNING },
		{ "NOTICE", LOG_NOTICE }, { "INFO", LOG_INFO },   { "DEBUG", LOG_DEBUG },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcasecmp(name, names[i].name) == 0) {
			*level = names[i].level;
			return 0;
		}
	}
	return -EINVAL;
}

void log_set_level(enum log_level level)
{
	state.level = level;
}

void log_set_timestamp(bool on)
{
	state.timestamp = on;
}

void log_echo_errors(bool on)
{
	state.echo = on;
}

int log_open(const char *path)
{
	int fd, r = 0;

	if (!path && !state.file)
		return 0;
	if (path)
		fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	else
		fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (state.file) {
		fflush(state.file);
		if (dup3(fd, fileno(state.file), O_CLOEXEC) < 0)
			r = -errno;
		close(fd);
	} else {
		state.file = fdopen(fd, "a");
		if (!state.file) {
			close(fd);
			return -ENOMEM;
		}
		setvbuf(state.file, NULL, _IOLBF, BUFSIZ);
	}
	if (r == 0)
		state.to_file = path;
	return r;
}

FILE *log_stream(void)
{
	return state.file ? state.file : stderr;
}

/* "2024-05-17 09:30:00.123 " of local time; returns the length. */
static size_t timestamp(char *buf, size_t size)
{
	struct timeval now;
	struct tm tm;
	size_t len;

	gettimeofday(&now, NULL);
	localtime_r(&now.tv_sec, &tm);
	len = strftime(buf, size, "%Y-%m-%d %H:%M:%S", &tm);
	return len + (size_t)snprintf(buf + len, size - len, ".%03ld ", (long)now.tv_usec / 1000);
}

void log_line(enum log_level level, const char *format, ...)
{
	char line[LOG_LINE_MAX];
	size_t start = 0, len;
	va_list args;
	int n;

	if (level > state.level)
		return;
	if (state.timestamp)
		start = timestamp(line, sizeof(line));
	start += (size_t)snprintf(line + start, sizeof(line) - start, "%s: ", level_names[level]);
	va_start(args, format);
	n = vsnprintf(line + start, sizeof(line) - start, format, args);
	va_end(args);
	len = start + (n < 0 ? 0 : (size_t)n);
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2; /* cut off; the newline needs a place */
	for (size_t i = start; i < len; i++) {
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	}
	line[len++] = '\n';
	fwrite(line, 1, len, log_stream());
	if (level == LOG_ERROR && state.echo && state.to_file)
		fwrite(line, 1, len, stderr);
}
