/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/sched/sched: the table of schedulers, from list.h. */
#include "ipvs/sched/sched.h"

#include <stdio.h>
#include <string.h>

static const struct scheduler *const schedulers[] = {
#define SCHED(name) &sched_##name,
#include "ipvs/sched/list.h"
#undef SCHED
};

#define SCHED_COUNT (sizeof(schedulers) / sizeof(schedulers[0]))

const struct scheduler *sched_find(const char *name)
{
	for (size_t i = 0; i < SCHED_COUNT; i++)
		if (strcmp(schedulers[i]->name, name) == 0)
			return schedulers[i];
	return NULL;
}

const char *sched_names(char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < SCHED_COUNT && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%s", i ? ", " : "",
					 schedulers[i]->name);
	return buf;
}
