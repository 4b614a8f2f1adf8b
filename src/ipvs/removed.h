/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/removed: the end of removed services, servers and local addresses. */
#ifndef IPVS_REMOVED_H
#define IPVS_REMOVED_H

struct worker;

#define REMOVED_PERIOD_MS 1000

/* Master, now and then: frees those that no connection of any worker refers to. */
void removed_sweep(struct worker *const *all);

#endif
