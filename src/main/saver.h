/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/saver: the state file. Loading is a step of the start, before there are
 * workers; saving is a thread of its own that asks the daemon as any client
 * does, so that the master never waits for a disk or a large table.
 */
#ifndef MAIN_SAVER_H
#define MAIN_SAVER_H

#include <stdbool.h>
#include <stddef.h>

#include "main/settings.h"

struct control;
struct saver;

/* One saved line, as words. 0 or -errno with a sentence. */
typedef int saved_line_fn(void *arg, int argc, char **argv, char *error, size_t size);

/*
 * Runs what the state file has kept. False: it has nothing that counts (there is no file, or the
 * startup block has changed since, which is logged), and nothing was run. A line that does not work
 * any more is logged and left out.
 */
bool saved_load(const struct settings *settings, saved_line_fn *run, void *arg);

/* Saves at once, and again when something has changed. The socket at ipc_path serves already. NULL,
 * the reason is logged. */
struct saver *saver_start(struct control *control, const struct settings *settings,
			  const char *ipc_path);

/* Saves once more what has changed, then stops the control loop. Returns at once. */
void saver_finish(struct saver *saver);

/* When the loop has ended. NULL is none. */
void saver_end(struct saver *saver);

#endif
