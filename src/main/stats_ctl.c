/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/stats-ctl: `dpip stats`. Counters are read from the workers directly;
 * each is written by its owner only, so that a sum taken at a quiet moment is
 * exact: received + made = sent + dropped + to_kernel + held.
 */
#include "main/stats_ctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_mempool.h>

#include "api/stats.h"
#include "ipvs/conn.h"
#include "ipvs/ipvs.h"
#include "ipvs/lport.h"
#include "net/net.h"
#include "net/route.h"
#include "worker/worker.h"

static int stat_item(struct request *req, unsigned int worker, const char *name, uint64_t value)
{
	struct api_stat *item = request_item(req, API_KIND_STAT, sizeof(*item));

	if (!item)
		return -ENOMEM;
	item->worker = worker;
	item->value = value;
	snprintf(item->name, sizeof(item->name), "%s", name);
	return 0;
}

static int list_drops(struct request *req, const struct worker *w)
{
	int r = 0;

	for (unsigned int i = 0; i < DROP__COUNT && r == 0; i++)
		r = stat_item(req, w->id, drop_names[i], w->drops[i]);
	return r;
}

static const struct {
	const char *name;
	size_t offset;
} worker_stats[] = {
	{ "received", offsetof(struct worker, counters.received) },
	{ "made", offsetof(struct worker, counters.made) },
	{ "sent", offsetof(struct worker, counters.sent) },
	{ "dropped", offsetof(struct worker, counters.dropped) },
	{ "to_kernel", offsetof(struct worker, counters.to_kernel) },
	{ "from_kernel", offsetof(struct worker, counters.from_kernel) },
	{ "flow", offsetof(struct worker, counters.flow) },
	{ "held", offsetof(struct worker, held) },
	{ "handed_out", offsetof(struct worker, counters.handed_out) },
	{ "handed_in", offsetof(struct worker, counters.handed_in) },
	{ "turns", offsetof(struct worker, counters.turns) },
	{ "busy_turns", offsetof(struct worker, counters.busy_turns) },
	{ "sleeps", offsetof(struct worker, counters.sleeps) },
	{ "ops", offsetof(struct worker, counters.ops) },
	{ "events_lost", offsetof(struct worker, counters.events_lost) },
	{ "fragments_forgotten", offsetof(struct worker, counters.fragments_forgotten) },
};

static int list_worker(struct request *req, const struct worker *w)
{
	int r = 0;

	for (unsigned int i = 0; i < RTE_DIM(worker_stats) && r == 0; i++)
		r = stat_item(req, w->id, worker_stats[i].name,
			      *(const uint64_t *)((const char *)w + worker_stats[i].offset));
	return r;
}

static int list_memory(struct request *req, const struct worker *w)
{
	const struct worker *master = request_workers(req)[WORKER_MASTER];
	const struct conn_table *conns = w->ipvs->conns;
	int r = stat_item(req, w->id, "connections", conn_count(conns));

	if (r == 0)
		r = stat_item(req, w->id, "connections_max", conn_max(conns));
	if (r == 0)
		r = stat_item(req, w->id, "connection_bytes", conn_memory(conns));
	if (r == 0)
		r = stat_item(req, w->id, "local_port_bytes", lport_memory(w->ipvs->lports));
	if (r == 0)
		r = stat_item(req, w->id, "routes", route_count(master));
	if (r == 0)
		r = stat_item(req, w->id, "route_bytes", route_memory(master, w));
	return r;
}

/* One row a pool, under the first worker that uses it, so that sums count it once. */
static int list_pool(struct request *req, struct worker *const *all, unsigned int id)
{
	const struct rte_mempool *pool = all[id]->pool;
	int r;

	for (unsigned int i = 1; i < id; i++)
		if (all[i]->pool == pool)
			return 0;
	r = stat_item(req, id, "mbufs_total", pool->populated_size);
	if (r == 0)
		r = stat_item(req, id, "mbufs_free", rte_mempool_avail_count(pool));
	return r;
}

static int stats_list_worker(struct request *req, enum api_stats_what what, unsigned int id)
{
	struct worker *const *all = request_workers(req);
	int r;

	switch (what) {
	case API_STATS_DROP:
		return list_drops(req, all[id]);
	case API_STATS_WORKER:
		return list_worker(req, all[id]);
	default:
		r = list_pool(req, all, id);
		return r == 0 ? list_memory(req, all[id]) : r;
	}
}

static int stats_list(struct request *req, const void *body)
{
	const struct api_stats_filter *filter = body;
	unsigned int n_workers = request_workers(req)[WORKER_MASTER]->n_workers;
	int r = 0;

	if (filter->what < API_STATS_DROP || filter->what > API_STATS_MEMORY)
		return request_fail(req, -EINVAL,
				    "no such statistics; there are drop, worker, memory");
	if (filter->cpu > n_workers)
		return request_fail(req, -ENOENT, "no worker %u; there are 1 to %u", filter->cpu,
				    n_workers);
	if (filter->cpu)
		return stats_list_worker(req, filter->what, filter->cpu);
	for (unsigned int i = 1; i <= n_workers && r == 0; i++)
		r = stats_list_worker(req, filter->what, i);
	return r;
}

static const struct request_handler stats_handlers[] = {
	REQUEST_HANDLER(STATS_LIST, GET, struct api_stats_filter, stats_list),
};

const struct request_table stats_requests = { stats_handlers, RTE_DIM(stats_handlers) };
