/* SPDX-License-Identifier: BSD-3-Clause */
/* main/startup: the commands' own lines, run inside the daemon before the first packet. */
#ifndef MAIN_STARTUP_H
#define MAIN_STARTUP_H

#include <stddef.h>

#include "control/control.h"
#include "main/settings.h"
#include "worker/worker.h"

/*
 * One line as words, argv[0] is `dpip` or `ipvsadm` (a folder before it is ignored). 0, or -errno
 * with a sentence in error (size bytes). Only commands that change something.
 */
int startup_run(struct worker *const *all, const struct request_table *tables, int argc,
		char **argv, char *error, size_t size);

/*
 * Only whether the line is a command that startup_run() would take, whether the devices that it
 * names are the conf file's (dpdk0, dpdk1 … where that has no device blocks), and whether the
 * daemon does what it asks for, as far as that does not depend on the lines before it.
 */
int startup_check(const struct settings *settings, int argc, char **argv, char *error, size_t size);

#endif
