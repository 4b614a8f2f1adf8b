/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control/listen: the socket as a file. One at a time serves a path: a stale
 * one is replaced, a live one or a file that is no socket is left alone.
 */
#ifndef CONTROL_LISTEN_H
#define CONTROL_LISTEN_H

#include <stddef.h>
#include <sys/types.h>

struct listen_file {
	char *path; /* NULL: none */
	dev_t dev;
	ino_t ino;
};

/*
 * A non-blocking socket of type SOCK_STREAM or SOCK_SEQPACKET that listens and stands at path, mode
 * 0600. The descriptor, or -errno with a sentence in error (size bytes, NUL-terminated).
 */
int listen_open(struct listen_file *file, const char *path, int type, char *error, size_t size);

/* Removes the file if it is still the one that was made. */
void listen_remove(struct listen_file *file);

#endif
