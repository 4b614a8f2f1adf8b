/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/mark-former-master: rules that were there when rules changed. A connection that one of them
 * has led to a service goes on although a packet of it has another mark now, or none; these rules
 * tell the workers that get such packets whom to ask (owner.c). All that fit are asked, in no
 * order. They are kept as long as their marks' services have connections.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ipvs/hold.h"
#include "ipvs/mark.h"
#include "ipvs/service_int.h"

/* All lists of rules are made here: who uses another is not used by it. */
struct mark_rules *mark_rules_new(uint32_t n)
{
	struct mark_rules *rules = malloc(sizeof(*rules) + n * sizeof(rules->rules[0]));

	if (rules)
		rules->n = 0;
	return rules;
}

static const unsigned int families[] = { AF_INET, AF_INET6 };

static int by_content(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct mark_rule));
}

static void add_some(const struct service_table *table, const struct mark_rules *some,
		     struct mark_rules *list)
{
	for (uint32_t i = 0; some && i < some->n; i++) {
		struct mark_rule *rule = &list->rules[list->n];

		if (!service_of_mark(table, some->rules[i].mark, AF_INET) &&
		    !service_of_mark(table, some->rules[i].mark, AF_INET6))
			continue;
		*rule = some->rules[i];
		rule->pref = 0;
		list->n++;
	}
}

int mark_former_next(const struct worker *master, struct mark_rules **list)
{
	const struct mark_rules *now = master->ipvs->marks, *former = master->ipvs->former_marks;
	struct mark_rules *all = mark_rules_new((now ? now->n : 0) + (former ? former->n : 0));
	uint32_t n = 0;

	*list = NULL;
	if (!all)
		return -ENOMEM;
	add_some(master->ipvs->services, now, all);
	add_some(master->ipvs->services, former, all);
	qsort(all->rules, all->n, sizeof(all->rules[0]), by_content);
	for (uint32_t i = 0; i < all->n && n < MARK_RULES_MAX; i++)
		if (i == 0 || by_content(&all->rules[i], &all->rules[i - 1]) != 0)
			all->rules[n++] = all->rules[i];
	all->n = n;
	if (n)
		*list = all;
	else
		free(all);
	return 0;
}

static bool has_conns(struct worker *const *all, const struct service *svc)
{
	const struct service_table *table = service_table_of(all[WORKER_MASTER]);

	for (uint32_t i = 0; i < svc->n_dests; i++)
		if (hold_dest_conns(all, svc->dests[i]))
			return true;
	for (uint32_t id = svc->removed_dests; id != DEST_NONE; id = table->dests[id].next_removed)
		if (hold_dest_conns(all, &table->dests[id]))
			return true;
	return false;
}

static bool is_used(struct worker *const *all, const struct mark_rule *rule)
{
	for (unsigned int i = 0; i < RTE_DIM(families); i++) {
		const struct service *svc = service_of_mark(service_table_of(all[WORKER_MASTER]),
							    rule->mark, families[i]);

		if (svc && (rule->family == 0 || rule->family == families[i]) &&
		    has_conns(all, svc))
			return true;
	}
	return false;
}

/* args[0]: the list */
static void former_apply(struct worker *w, struct op *op)
{
	if (w->id == WORKER_MASTER)
		op_garbage(op, (void *)(uintptr_t)w->ipvs->former_marks);
	w->ipvs->former_marks = op->args[0];
}

void mark_former_sweep(struct worker *const *all)
{
	const struct mark_rules *former = all[WORKER_MASTER]->ipvs->former_marks;
	struct mark_rules *list;
	struct op_set set;

	/* what no worker opens connections by any more */
	if (!former || ops_acknowledged(all) < ops_newest(all))
		return;
	list = mark_rules_new(former->n);
	for (uint32_t i = 0; list && i < former->n; i++)
		if (is_used(all, &former->rules[i]))
			list->rules[list->n++] = former->rules[i];
	if (!list || list->n == former->n || op_set_init(&set, all, former_apply, NULL, 0) < 0) {
		free(list); /* the next time, then */
		return;
	}
	if (list->n == 0) {
		free(list);
		list = NULL;
	}
	for (unsigned int i = 0; i < set.count; i++)
		op_of(&set, i)->args[0] = list;
	op_set_publish(&set, all);
}
