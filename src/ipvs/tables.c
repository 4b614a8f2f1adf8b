/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/tables: see the header. The services whose table is old are a list through the master's own
 * copy. */
#include "ipvs/tables.h"

#include <errno.h>
#include <stdlib.h>

#include "ipvs/service_int.h"

struct tables_op {
	uint32_t id;
	uint32_t spare;
};

void tables_note(struct service_table *table, struct service *svc)
{
	if (!svc->sched->build || (svc->flags & SERVICE_STALE))
		return;
	svc->flags |= SERVICE_STALE;
	svc->next_stale = table->master->stale;
	table->master->stale = svc->id + 1;
}

void tables_forget(struct service_table *table, const struct service *svc)
{
	uint32_t *link = &table->master->stale;

	while (*link && *link != svc->id + 1)
		link = &table->services[*link - 1].next_stale;
	if (*link)
		*link = svc->next_stale;
}

/* The master frees what all have read. */
void tables_drop(struct worker *w, struct service *svc, struct op *op)
{
	if (w->id == WORKER_MASTER)
		op_garbage(op, (void *)svc->sched_table);
	svc->sched_table = NULL;
}

/* args[0]: the table */
static void tables_apply(struct worker *w, struct op *op)
{
	const struct tables_op *data = op_data(op);
	struct service *svc = &service_table_of(w)->services[data->id];

	tables_drop(w, svc, op);
	svc->sched_table = op->args[0];
}

static int tables_build(struct worker *const *all, const struct service *svc)
{
	struct tables_op data = { .id = svc->id };
	struct op_set set;
	void *made = svc->sched->build(all[WORKER_MASTER], svc);
	int r = made ? op_set_init(&set, all, tables_apply, &data, sizeof(data)) : -ENOMEM;

	if (r < 0) {
		free(made);
		return r;
	}
	for (unsigned int i = 0; i < set.count; i++)
		op_of(&set, i)->args[0] = made;
	op_set_patient(&set);
	op_set_publish(&set, all);
	return 0;
}

int tables_settle(struct worker *const *all)
{
	struct service_table *table = service_table_of(all[WORKER_MASTER]);
	uint32_t *link = &table->master->stale;
	int failed = 0;

	while (*link) {
		struct service *svc = &table->services[*link - 1];
		bool wanted = !(svc->flags & SERVICE_REMOVED) && svc->sched->build;
		int r = wanted ? tables_build(all, svc) : 0;

		if (r < 0) {
			failed = r;
			link = &svc->next_stale;
			continue;
		}
		svc->flags &= (uint16_t)~SERVICE_STALE;
		*link = svc->next_stale;
	}
	return failed;
}
