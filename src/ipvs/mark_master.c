/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/mark-master: another list of rules takes the place of the one that there is, on all workers.
 */
#include "ipvs/mark.h"

#include <errno.h>
#include <stdlib.h>

#include "ipvs/ipvs.h"
#include "worker/op.h"
#include "worker/worker.h"

/* args[0]: the list */
static void mark_apply(struct worker *w, struct op *op)
{
	if (w->id == WORKER_MASTER)
		op_garbage(op, (void *)(uintptr_t)w->ipvs->marks);
	w->ipvs->marks = op->args[0];
}

struct mark_rules *mark_rules_new(uint32_t n)
{
	struct mark_rules *rules = malloc(sizeof(*rules) + n * sizeof(rules->rules[0]));

	if (rules)
		rules->n = 0;
	return rules;
}

int mark_rules_set(struct worker *const *all, struct mark_rules *rules)
{
	struct op_set set;
	int r;

	if (rules && rules->n == 0) { /* workers then ask for none */
		free(rules);
		rules = NULL;
	}
	r = op_set_init(&set, all, mark_apply, NULL, 0);

	if (r < 0) {
		free(rules);
		return r;
	}
	for (unsigned int i = 0; i < set.count; i++)
		set.ops[i]->args[0] = rules;
	op_set_publish(&set, all);
	return 0;
}

int mark_unplug(struct worker *const *all, uint16_t port)
{
	const struct mark_rules *now = all[WORKER_MASTER]->ipvs->marks;
	struct mark_rules *rules;

	if (!now)
		return 0;
	rules = mark_rules_new(now->n);
	if (!rules)
		return -ENOMEM;
	for (uint32_t i = 0; i < now->n; i++)
		if (now->rules[i].iif != port)
			rules->rules[rules->n++] = now->rules[i];
	if (rules->n < now->n)
		return mark_rules_set(all, rules);
	free(rules);
	return 0;
}
