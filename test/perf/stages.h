/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/stages: the path's stages, each between two looks at the clock. Reading
 * it costs what it costs: these figures show where the time goes, their sum is
 * a little above the whole.
 */
#ifndef PERF_STAGES_H
#define PERF_STAGES_H

#include "ipvs/flow.h"

extern const struct stage timed_stages[STAGE__COUNT];

/* From 0 again. */
void timed_reset(enum flow_mode flow);
/* Cycles spent in a stage since then. */
double timed_cycles(enum stage_id stage);

#endif
