/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/estimate: the master's view of the workers' counters of services and
 * servers: sums, what was there at the last zeroing, and rates. See the
 * functions; all are the master's.
 */
#ifndef IPVS_ESTIMATE_H
#define IPVS_ESTIMATE_H

#include <stdint.h>

#include "api/ipvs.h"
#include "ipvs/service.h"

struct estimates;

/* What an estimate is of. */
#define ESTIMATE_SERVICE(id) (id)
#define ESTIMATE_DEST(id)    (SERVICE_MAX + (id))

/* How often estimates_tick() is to be called; each call does its part of them, so that none takes
 * long. */
#define ESTIMATE_PARTS     10
#define ESTIMATE_PERIOD_MS 1000 /* of one estimate */

/* NULL: no memory. */
struct estimates *estimates_create(unsigned int n_workers);
void estimates_destroy(struct estimates *estimates);

/* A new object: its counters start at zero. */
void estimate_reset(struct estimates *estimates, uint32_t index);

/* From now on listings count from zero. */
void estimate_zero(struct worker *const *all, uint32_t index);

/* cpu 0: the sum over all workers, N: worker N's. */
void estimate_read(struct worker *const *all, uint32_t cpu, uint32_t index,
		   struct api_ipvs_stats *stats);

/* Brings the rates of one part up to date; now_ms is a monotonic clock. */
void estimates_tick(struct worker *const *all, uint64_t now_ms);

#endif
