/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * base/log: one line an event, to stderr or to log_file. For the master and
 * for start and stop only; the packet path never logs, it counts. The log is
 * the process's one: its state is the only mutable static of src/base.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdio.h>

enum log_level {
	LOG_ERROR,
	LOG_WARNING,
	LOG_NOTICE,
	LOG_INFO,
	LOG_DEBUG,
};

/* Level by its name in a conf file ("ERR", "WARNING", "NOTICE", "INFO", "DEBUG", …); -EINVAL. */
int log_level_parse(const char *name, enum log_level *level);

void log_set_level(enum log_level level);
void log_set_timestamp(bool on);

/* NULL: stderr. Opens (again) for append; on failure the old one stays. 0 or -errno. */
int log_open(const char *path);

/* Where lines go: of use until the first log_open() of a file, or from then on for ever. */
FILE *log_stream(void);

/* Errors go to stderr too when the log is a file: someone may watch the start. */
void log_echo_errors(bool on);

__attribute__((format(printf, 2, 3))) void log_line(enum log_level level, const char *format, ...);

#define log_error(...)   log_line(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_notice(...)  log_line(LOG_NOTICE, __VA_ARGS__)
#define log_info(...)    log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_line(LOG_DEBUG, __VA_ARGS__)

#endif
