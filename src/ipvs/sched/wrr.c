/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wrr: connections in proportion to the weights, well mixed. The list is gone
 * through in rounds, each with a level: servers of at least that weight get one
 * connection. The first level is the largest weight, each further one is lower
 * by the greatest common divisor of all weights, and below the last it starts
 * anew. Levels are kept as the lowest weight above the one before, so that they
 * stay valid when the divisor changes: 1, 1 + divisor, 1 + 2 divisors …
 *
 * A change of the servers starts the round again, at the level it had. Workers
 * start their first round, and those after a change, at different servers; the
 * servers they passed over come at the round's end.
 */
#include "ipvs/service.h"

struct wrr {
	uint32_t walked; /* servers seen in this round */
	int64_t level;
	int64_t top; /* level of the first round; 0: no weight at all */
	int64_t divisor;
};

static uint32_t wrr_gcd(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static void wrr_restart(struct service *svc)
{
	struct wrr *wrr = svc->sched_priv;
	uint32_t largest = 0, divisor = 0;

	for (uint32_t i = 0; i < svc->n_dests; i++) {
		uint32_t weight = svc->dests[i]->weight;

		divisor = wrr_gcd(divisor, weight);
		if (weight > largest)
			largest = weight;
	}
	wrr->walked = 0;
	wrr->divisor = divisor ? divisor : 1;
	wrr->top = largest ? largest - wrr->divisor + 1 : 0;
	if (wrr->level > wrr->top || wrr->level == 0)
		wrr->level = wrr->top;
	else if (wrr->divisor > 1)
		wrr->level = wrr->level / wrr->divisor * wrr->divisor + 1;
}

static void wrr_changed(struct service *svc, enum sched_change change, uint32_t index)
{
	wrr_restart(svc);
}

/* The next server of this round; NULL: it is over. */
static struct dest *wrr_walk(struct service *svc, struct wrr *wrr)
{
	uint32_t first = service_first_dest(svc);

	while (wrr->walked < svc->n_dests) {
		struct dest *dest = svc->dests[(first + wrr->walked++) % svc->n_dests];

		if (dest_usable(dest) && dest->weight >= wrr->level)
			return dest;
	}
	return NULL;
}

/* To the next level at which there is a usable server; false: there is none at all. */
static bool wrr_next_level(const struct service *svc, struct wrr *wrr)
{
	int64_t best = 0;

	for (uint32_t i = 0; i < svc->n_dests; i++)
		if (dest_usable(svc->dests[i]) && svc->dests[i]->weight > best)
			best = svc->dests[i]->weight;
	if (best == 0)
		return false;
	wrr->level -= wrr->divisor;
	if (wrr->level <= 0)
		wrr->level = wrr->top;
	if (wrr->level > best)
		wrr->level = best - wrr->divisor + 1;
	wrr->walked = 0;
	return true;
}

static struct dest *wrr_pick(struct service *svc, const struct pkt_meta *meta)
{
	struct wrr *wrr = svc->sched_priv;
	struct dest *dest;

	if (svc->n_dests == 0)
		return NULL;
	dest = wrr_walk(svc, wrr);
	if (!dest && wrr_next_level(svc, wrr))
		dest = wrr_walk(svc, wrr);
	return dest;
}

const struct scheduler sched_wrr = {
	.name = "wrr",
	.priv_size = sizeof(struct wrr),
	.init = wrr_restart,
	.changed = wrr_changed,
	.pick = wrr_pick,
};
