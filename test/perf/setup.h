/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/setup: what a rig's balancer is configured as, for a protocol, family
 * and forwarding mode, and which clients it has.
 */
#ifndef PERF_SETUP_H
#define PERF_SETUP_H

#include "perf/rig.h"

struct setup {
	const struct rig_config *config;
	void (*line)(void *arg, const char *line); /* of a command, as from a shell */
	void *arg;
};

/* Says all lines; the ports are there. */
void setup_run(const struct setup *setup);

/* rig_answered()'s and rig_client()'s answers. */
bool setup_answered(const struct rig_config *config);
void setup_client(const struct rig_config *config, uint32_t i, struct bench_seen *tuple);

#endif
