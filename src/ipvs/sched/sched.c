/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/sched/sched: the table of schedulers, from list.h. */
#include "ipvs/sched/sched.h"

#include <stdio.h>
#include <string.h>

#include "api/ipvs.h"

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

static const struct {
	uint32_t bit;
	const char *word;
} flag_words[] = {
	{ API_SERVICE_SCHED1, "flag-1" },
	{ API_SERVICE_SCHED2, "flag-2" },
	{ API_SERVICE_SCHED3, "flag-3" },
	{ API_SERVICE_HASH_QID, "qid (--hash-target)" },
};

#define FLAG_WORDS (sizeof(flag_words) / sizeof(flag_words[0]))

const char *sched_flag_word(uint32_t flags)
{
	for (size_t i = 0; i < FLAG_WORDS; i++)
		if (flags & flag_words[i].bit)
			return flag_words[i].word;
	return "of that number";
}

const char *sched_flag_words(const struct scheduler *sched, char *buf, size_t size)
{
	size_t used = 0;

	snprintf(buf, size, "none");
	for (size_t i = 0; i < FLAG_WORDS && used < size; i++)
		if (sched->flags & flag_words[i].bit)
			used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? ", " : "",
						 flag_words[i].word);
	return buf;
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
