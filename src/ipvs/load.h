/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/load: how much a server has to do, for the schedulers that compare.
 *
 * Each worker counts its own connections; what the others have is read from
 * their counts once a millisecond at the most, when a scheduler asks. Until the
 * next time a worker supposes that the others have done as it has itself, each
 * of them: so a server that lags behind is filled up by all of them together
 * and not by each of them alone. Kept is the others' sum less what is supposed
 * already, which may be below 0, as the whole may for a moment.
 *
 * That may be one connection wrong for each worker. While a server has so few
 * that this is more than one in a hundred of them, the counts are read for
 * every connection, if there are not many servers.
 */
#ifndef IPVS_LOAD_H
#define IPVS_LOAD_H

#include "ipvs/service.h"

static inline uint64_t load_of_all(const struct dest *dest, uint32_t mine, int32_t others)
{
	int64_t sum = (int64_t)mine * (1 + dest->n_others) + others;

	return sum > 0 ? (uint64_t)sum : 0;
}

static inline uint64_t load_active(const struct dest *dest)
{
	return load_of_all(dest, dest->active, dest->others_active);
}

/* An active connection is as much as 256 inactive ones. */
static inline uint64_t load_both(const struct dest *dest)
{
	return (load_active(dest) << 8) + load_of_all(dest, dest->inactive, dest->others_inactive);
}

/* What would wait before a new connection has been served. */
static inline uint64_t load_delay(const struct dest *dest)
{
	return load_active(dest) + 1;
}

/* What load_of() counts is for each by its weight, or whatever that is. */
enum load_weighing { LOAD_BY_WEIGHT, LOAD_AS_IT_IS };

/* The usable server with the least load, the first from where this worker begins. */
static inline struct dest *load_least(struct service *svc, enum load_weighing weighing,
				      uint64_t (*load_of)(const struct dest *dest))
{
	uint32_t at = service_first_dest(svc);
	struct dest *least = NULL;
	uint64_t least_load = 0;
	uint32_t least_weight = 1;

	for (uint32_t tried = 0; tried < svc->n_dests; tried++, at++) {
		struct dest *dest = svc->dests[at < svc->n_dests ? at : at - svc->n_dests];
		uint64_t load;
		uint32_t weight;

		if (!dest_usable(dest))
			continue;
		load = load_of(dest);
		weight = weighing == LOAD_BY_WEIGHT ? dest->weight : 1;
		if (!least || least_load * weight > load * least_weight) {
			least = dest;
			least_load = load;
			least_weight = weight;
		}
	}
	return least;
}

#endif
