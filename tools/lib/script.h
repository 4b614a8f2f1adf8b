/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/script: the lines of a file as commands (`dpip -b`, `ipvsadm -R`). */
#ifndef LIB_SCRIPT_H
#define LIB_SCRIPT_H

struct command;
struct runner;

/*
 * Runs the lines of command->file in order, up to the first that fails, or all with
 * options.keep_going. RUNNER_DONE, or RUNNER_REFUSED with "FILE:LINE: sentence" said for each
 * failure.
 */
int script_run(struct runner *runner, const struct command *command);

#endif
