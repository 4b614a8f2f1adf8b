/* SPDX-License-Identifier: BSD-3-Clause */
/* main/modules: the rooms, in the order in which they are set up and asked. */
#ifndef MAIN_MODULES_H
#define MAIN_MODULES_H

#include "control/control.h"
#include "ipvs/ipvs.h"
#include "net/net.h"
#include "worker/worker.h"

#define MODULE_TABLES 32 /* the last ones are empty */

/* All requests that the daemon answers. */
void modules_request_tables(struct request_table tables[MODULE_TABLES]);

/* What every worker runs once a turn; ends with NULL. */
extern worker_tick_fn *const module_ticks[];

struct modules_config {
	struct net_config net;
	struct ipvs_config ipvs;
};

/* Gives every worker its link, net and ipvs. 0 or -ENOMEM, then nothing is left. */
int modules_create(struct worker *const *all, const struct modules_config *config);

/* Also of a half made set. No worker runs any more; ports are still open. */
void modules_destroy(struct worker *const *all);

/* Master: timers and events. 0 or -errno. */
int modules_start(struct control *control);

/* Master: the reloadable keys, to all workers. */
int modules_configure(struct worker *const *all, const struct modules_config *config);

#endif
