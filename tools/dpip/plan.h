/* SPDX-License-Identifier: BSD-3-Clause */
/* dpip/plan: how the running state becomes that of a file, or stays as it is. */
#ifndef DPIP_PLAN_H
#define DPIP_PLAN_H

#include "dpip/state.h"

/*
 * Two states side by side: what stands in one only. A pair that names the same object is a change.
 */
struct difference {
	struct state running, wanted;
	const struct state_entry **gone, **come; /* ends with NULL */
	const struct state_entry **changed;      /* of each `come`, the running one, or NULL */
	bool *stays;                             /* of each `gone`: it is one of these */
};

/* Of a list that ends with NULL, or is none. */
unsigned int plan_count(const struct state_entry *const *list);

/* RUNNER_DONE, or RUNNER_REFUSED with the reason said: then nothing was changed. The difference is
 * that of command->file. */
int plan_run(struct runner *runner, const struct command *command,
	     const struct difference *difference);

#endif
