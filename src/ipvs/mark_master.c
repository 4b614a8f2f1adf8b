/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/mark-master: another list of rules takes the place of the one that there is, on all workers.
 */
#include "ipvs/mark.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ipvs/ipvs.h"
#include "link/port.h"
#include "worker/notify.h"
#include "worker/op.h"
#include "worker/worker.h"

void mark_item_fill(const struct worker *w, const struct mark_rule *rule, struct api_mark *item)
{
	*item = (struct api_mark){
		.from = ip_to_api(&rule->from),
		.to = ip_to_api(&rule->to),
		.pref = rule->pref,
		.mark = rule->mark,
		.family = rule->family,
		.from_plen = rule->from_plen,
		.to_plen = rule->to_plen,
		.sport = rule->sport,
		.sport_last = rule->sport_last,
		.dport = rule->dport,
		.dport_last = rule->dport_last,
		.proto = rule->proto,
		.given = API_MARK_PREF | API_MARK_MARK,
	};
	/* a family alone is said as any source of it */
	if (rule->from_plen || (rule->family && !rule->to_plen))
		item->given |= API_MARK_FROM;
	if (rule->to_plen)
		item->given |= API_MARK_TO;
	if (rule->proto)
		item->given |= API_MARK_PROTO;
	if (rule->sport != 0 || rule->sport_last != UINT16_MAX)
		item->given |= API_MARK_SPORT;
	if (rule->dport != 0 || rule->dport_last != UINT16_MAX)
		item->given |= API_MARK_DPORT;
	if (rule->iif == PORT_NONE)
		return;
	item->given |= API_MARK_IIF;
	memcpy(item->iif, w->link->ports[rule->iif].name, sizeof(item->iif));
	item->iif[sizeof(item->iif) - 1] = '\0';
}

static void mark_tell_one(struct worker *w, enum api_event_what what, const struct mark_rule *rule)
{
	struct api_mark item;

	if (!notify_wanted(w, API_KIND_MARK, rule->family))
		return;
	mark_item_fill(w, rule, &item);
	notify_put(w, what, API_KIND_MARK, rule->family, &item, sizeof(item));
}

/* What the one list has and the other has not; both are in the order of their prefs. */
static void mark_tell(struct worker *w, const struct mark_rules *was, const struct mark_rules *now)
{
	uint32_t n_was = was ? was->n : 0, n_now = now ? now->n : 0, i = 0, j = 0;

	while (i < n_was || j < n_now) {
		const struct mark_rule *old = i < n_was ? &was->rules[i] : NULL;
		const struct mark_rule *new = j < n_now ? &now->rules[j] : NULL;

		if (!new || (old && old->pref < new->pref))
			mark_tell_one(w, API_EVENT_DEL, old);
		else if (!old || new->pref < old->pref)
			mark_tell_one(w, API_EVENT_ADD, new);
		i += !new || (old && old->pref <= new->pref);
		j += !old || (new &&new->pref <= old->pref);
	}
}

/* args[0]: the list; args[1]: that of former rules */
static void mark_apply(struct worker *w, struct op *op)
{
	if (w->id == WORKER_MASTER) {
		op_garbage(op, (void *)(uintptr_t)w->ipvs->marks);
		op_garbage(op, (void *)(uintptr_t)w->ipvs->former_marks);
	}
	mark_tell(w, w->ipvs->marks, op->args[0]);
	w->ipvs->marks = op->args[0];
	w->ipvs->former_marks = op->args[1];
}

int mark_rules_set(struct worker *const *all, struct mark_rules *rules)
{
	struct mark_rules *former = NULL;
	struct op_set set;
	int r;

	if (rules && rules->n == 0) { /* workers then ask for none */
		free(rules);
		rules = NULL;
	}
	r = mark_former_next(all[WORKER_MASTER], &former);
	if (r == 0)
		r = op_set_init(&set, all, mark_apply, NULL, 0);
	if (r < 0) {
		free(rules);
		free(former);
		return r;
	}
	for (unsigned int i = 0; i < set.count; i++) {
		op_of(&set, i)->args[0] = rules;
		op_of(&set, i)->args[1] = former;
	}
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
