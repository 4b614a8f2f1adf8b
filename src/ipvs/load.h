/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/load: how much a server has to do, for the schedulers that compare.
 */
#ifndef IPVS_LOAD_H
#define IPVS_LOAD_H

#include "ipvs/service.h"

static inline uint64_t load_active(const struct dest *dest)
{
	return dest->active;
}

/* An active connection is as much as 256 inactive ones. */
static inline uint64_t load_both(const struct dest *dest)
{
	return ((uint64_t)dest->active << 8) + dest->inactive;
}

/* What would wait before a new connection has been served. */
static inline uint64_t load_delay(const struct dest *dest)
{
	return load_active(dest) + 1;
}

/* The usable server with the least load for its weight, the first from where this worker begins. */
static inline struct dest *load_least(struct service *svc,
				      uint64_t (*load_of)(const struct dest *dest))
{
	uint32_t at = service_first_dest(svc);
	struct dest *least = NULL;
	uint64_t least_load = 0;

	for (uint32_t tried = 0; tried < svc->n_dests; tried++, at++) {
		struct dest *dest = svc->dests[at < svc->n_dests ? at : at - svc->n_dests];
		uint64_t load;

		if (!dest_usable(dest))
			continue;
		load = load_of(dest);
		if (!least || least_load * dest->weight > load * least->weight) {
			least = dest;
			least_load = load;
		}
	}
	return least;
}

#endif
