/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/estimate: workers only count up; what is made of it is the master's
 * work, which reads their counters where they are. Each pair of a worker and a
 * service or server has an estimate: what it counted at the last zeroing, what
 * at the last look, and its rates. A rate moves a quarter of the way to what
 * it was since the last look, once a second; sums of rates over workers are
 * rates of sums. A worker's entry counts only while its serial is the
 * master's: else the op that creates or frees it is still on its way.
 */
#include "ipvs/estimate.h"

#include <stdlib.h>
#include <string.h>

#include "ipvs/service_int.h"

#define ESTIMATE_COUNT    (SERVICE_MAX + DEST_MAX)
#define ESTIMATE_BLOCK    64 /* neighbours are done in the same part */
#define ESTIMATE_COUNTERS (sizeof(struct ipvs_counters) / sizeof(uint64_t))
#define ESTIMATE_SHIFT    10 /* binary places of a rate */

struct estimate {
	uint64_t base[ESTIMATE_COUNTERS];
	uint64_t last[ESTIMATE_COUNTERS];
	uint64_t rate[ESTIMATE_COUNTERS];
};

struct estimates {
	unsigned int n_workers;
	unsigned int part;
	uint64_t done_ms[ESTIMATE_PARTS];  /* when each part was done last, 0: never */
	struct region regions[WORKER_MAX]; /* [worker]: struct estimate[ESTIMATE_COUNT] */
};

struct estimates *estimates_create(unsigned int n_workers)
{
	struct estimates *estimates = calloc(1, sizeof(*estimates));

	if (!estimates)
		return NULL;
	estimates->n_workers = n_workers;
	for (unsigned int i = 1; i <= n_workers; i++)
		if (region_create(&estimates->regions[i], ESTIMATE_COUNT * sizeof(struct estimate),
				  -1) < 0) {
			estimates_destroy(estimates);
			return NULL;
		}
	return estimates;
}

void estimates_destroy(struct estimates *estimates)
{
	if (!estimates)
		return;
	for (unsigned int i = 0; i < WORKER_MAX; i++)
		if (estimates->regions[i].base)
			region_destroy(&estimates->regions[i]);
	free(estimates);
}

static struct estimate *estimate_at(const struct estimates *estimates, unsigned int worker,
				    uint32_t index)
{
	return (struct estimate *)estimates->regions[worker].base + index;
}

static struct estimates *estimates_of(struct worker *const *all)
{
	return service_table_of(all[WORKER_MASTER])->master->estimates;
}

/* Worker's counters of it as they are now; false: it is not (or not any more) the master's. */
static bool estimate_counters(struct worker *const *all, unsigned int worker, uint32_t index,
			      uint64_t now[ESTIMATE_COUNTERS])
{
	const struct service_table *mine = service_table_of(all[WORKER_MASTER]);
	const struct service_table *its = service_table_of(all[worker]);
	const uint64_t *counters;
	uint32_t serial, its_serial;

	if (index < SERVICE_MAX) {
		serial = mine->services[index].serial;
		its_serial = __atomic_load_n(&its->services[index].serial, __ATOMIC_RELAXED);
		counters = &its->services[index].counters.conns;
	} else {
		serial = mine->dests[index - SERVICE_MAX].serial;
		its_serial = __atomic_load_n(&its->dests[index - SERVICE_MAX].serial,
					     __ATOMIC_RELAXED);
		counters = &its->dests[index - SERVICE_MAX].counters.conns;
	}
	if (serial == 0 || serial != its_serial)
		return false;
	for (unsigned int i = 0; i < ESTIMATE_COUNTERS; i++)
		now[i] = __atomic_load_n(&counters[i], __ATOMIC_RELAXED);
	return true;
}

void estimate_reset(struct estimates *estimates, uint32_t index)
{
	for (unsigned int i = 1; i <= estimates->n_workers; i++)
		memset(estimate_at(estimates, i, index), 0, sizeof(struct estimate));
}

void estimate_zero(struct worker *const *all, uint32_t index)
{
	struct estimates *estimates = estimates_of(all);
	uint64_t now[ESTIMATE_COUNTERS];

	for (unsigned int i = 1; i <= estimates->n_workers; i++)
		if (estimate_counters(all, i, index, now))
			memcpy(estimate_at(estimates, i, index)->base, now, sizeof(now));
}

static void estimate_add(struct api_ipvs_stats *stats, const struct estimate *estimate,
			 const uint64_t now[ESTIMATE_COUNTERS])
{
	uint64_t rate[ESTIMATE_COUNTERS];

	for (unsigned int i = 0; i < ESTIMATE_COUNTERS; i++)
		rate[i] = (estimate->rate[i] + (1u << (ESTIMATE_SHIFT - 1))) >> ESTIMATE_SHIFT;
	stats->conns += now[0] - estimate->base[0];
	stats->inpkts += now[1] - estimate->base[1];
	stats->outpkts += now[2] - estimate->base[2];
	stats->inbytes += now[3] - estimate->base[3];
	stats->outbytes += now[4] - estimate->base[4];
	stats->cps += rate[0];
	stats->inpps += rate[1];
	stats->outpps += rate[2];
	stats->inbps += rate[3];
	stats->outbps += rate[4];
}

void estimate_read(struct worker *const *all, uint32_t cpu, uint32_t index,
		   struct api_ipvs_stats *stats)
{
	const struct estimates *estimates = estimates_of(all);
	uint64_t now[ESTIMATE_COUNTERS];

	memset(stats, 0, sizeof(*stats));
	for (unsigned int i = 1; i <= estimates->n_workers; i++)
		if ((cpu == API_CPU_MASTER || cpu == i) && estimate_counters(all, i, index, now))
			estimate_add(stats, estimate_at(estimates, i, index), now);
}

static void estimate_update(struct estimate *estimate, const uint64_t now[ESTIMATE_COUNTERS],
			    uint64_t elapsed_ms)
{
	for (unsigned int i = 0; i < ESTIMATE_COUNTERS; i++) {
		uint64_t rate = ((now[i] - estimate->last[i]) << ESTIMATE_SHIFT) * 1000 /
				elapsed_ms;

		estimate->last[i] = now[i];
		estimate->rate[i] += (uint64_t)((int64_t)(rate - estimate->rate[i]) >> 2);
	}
}

/* Of the first `used` from `first` on, those that belong to this part. */
static void estimates_update(struct worker *const *all, uint32_t first, uint32_t used,
			     unsigned int part, uint64_t elapsed_ms)
{
	struct estimates *estimates = estimates_of(all);
	uint64_t now[ESTIMATE_COUNTERS];

	for (uint32_t block = part * ESTIMATE_BLOCK; block < used;
	     block += ESTIMATE_PARTS * ESTIMATE_BLOCK)
		for (uint32_t at = block; at < used && at < block + ESTIMATE_BLOCK; at++)
			for (unsigned int i = 1; i <= estimates->n_workers; i++)
				if (estimate_counters(all, i, first + at, now))
					estimate_update(estimate_at(estimates, i, first + at), now,
							elapsed_ms);
}

void estimates_tick(struct worker *const *all, uint64_t now_ms)
{
	const struct service_master *master = service_table_of(all[WORKER_MASTER])->master;
	struct estimates *estimates = master->estimates;
	unsigned int part = estimates->part;
	uint64_t elapsed_ms = estimates->done_ms[part] ? now_ms - estimates->done_ms[part]
						       : ESTIMATE_PERIOD_MS;

	if (elapsed_ms == 0)
		return;
	estimates->part = (part + 1) % ESTIMATE_PARTS;
	estimates->done_ms[part] = now_ms;
	estimates_update(all, ESTIMATE_SERVICE(0), master->services.used, part, elapsed_ms);
	estimates_update(all, ESTIMATE_DEST(0), master->dests.used, part, elapsed_ms);
}
