/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/ipvs-ctl: what the master does for this room by the clock. */
#include <time.h>

#include "control/control.h"
#include "ipvs/conn.h"
#include "ipvs/estimate.h"
#include "ipvs/ipvs.h"
#include "ipvs/mark.h"
#include "ipvs/ports_ctl.h"
#include "ipvs/removed.h"
#include "worker/worker.h"

#define AHEAD_PERIOD_MS 50

static void ipvs_rates(struct control *control, void *arg)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	estimates_tick(control_workers(control),
		       (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
}

static void ipvs_sweep(struct control *control, void *arg)
{
	removed_sweep(control_workers(control));
	mark_former_sweep(control_workers(control));
}

static void ipvs_memory_ahead(struct control *control, void *arg)
{
	struct worker *const *all = control_workers(control);

	for (unsigned int i = 1; i <= all[WORKER_MASTER]->n_workers; i++)
		conn_ahead(all[i]->ipvs->conns);
}

int ipvs_start(struct control *control)
{
	int r = control_timer(control, ESTIMATE_PERIOD_MS / ESTIMATE_PARTS, ipvs_rates, NULL);

	if (r == 0)
		r = control_timer(control, AHEAD_PERIOD_MS, ipvs_memory_ahead, NULL);
	if (r < 0)
		return r;
	addr_ports_from(control_workers(control)[WORKER_MASTER], ports_of_addr);
	return control_timer(control, REMOVED_PERIOD_MS, ipvs_sweep, NULL);
}
