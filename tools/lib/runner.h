/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/runner: carries a command out: asks the daemon, prints what it says, and
 * turns the outcome into an exit code: 0 done, 1 refused, no daemon or output
 * that cannot be written, 2 a wrong command line. Complaints are one line
 * each, on `err`, led by the program's name.
 */
#ifndef LIB_RUNNER_H
#define LIB_RUNNER_H

#include <stdio.h>

#include "lib/command.h"

struct client;

struct runner {
	const struct program *program;
	struct client *client; /* NULL: connected when first needed; the caller closes it */
	FILE *out;
	FILE *err;
};

enum runner_exit {
	RUNNER_DONE = 0,
	RUNNER_REFUSED = 1,
	RUNNER_USAGE = 2,
};

__attribute__((format(printf, 2, 3))) int runner_complain(struct runner *runner, const char *format,
							  ...);

/* A client that is connected. RUNNER_DONE, or RUNNER_REFUSED with the reason said. */
int runner_connect(struct runner *runner);

/* where: leads complaints, "" or "FILE:LINE: ". An exit code. */
int runner_run(struct runner *runner, const struct command *command, const char *where);

/* A whole program: parses, runs, flushes; returns the exit code. */
int runner_main(const struct program *program, int argc, char **argv);

#endif
