/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wrr: connections in proportion to the weights, well mixed. The list is gone
 * through in rounds, each with a level: servers of at least that weight get one
 * connection. The first level is the largest weight, each further one is lower
 * by the greatest common divisor of all weights, and below the last it starts
 * anew. Levels are kept as the lowest weight above the one before, so that they
 * stay valid when the divisor changes: 1, 1 + divisor, 1 + 2 divisors …
 *
 * A change of the servers starts the round again, at the level it had. What a
 * new server changes is known at once; after any other change all are looked at
 * before the next pick, so several in between count as one. Workers start their
 * first round, and those after a change, at different servers; the servers they
 * passed over come at the round's end.
 */
#include "ipvs/service.h"

struct wrr {
	uint32_t walked;  /* servers seen in this round */
	uint32_t largest; /* weight; 0: no weight at all */
	uint32_t common;  /* divisor of all weights; 0: likewise */
	bool stale;       /* these two are of other servers */
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

static void wrr_weigh(struct wrr *wrr, uint32_t weight)
{
	wrr->common = wrr_gcd(wrr->common, weight);
	if (weight > wrr->largest)
		wrr->largest = weight;
}

/* A round begins, as the weights are now. */
static void wrr_restart(struct wrr *wrr)
{
	wrr->walked = 0;
	wrr->divisor = wrr->common ? wrr->common : 1;
	wrr->top = wrr->largest ? wrr->largest - wrr->divisor + 1 : 0;
	if (wrr->level > wrr->top || wrr->level == 0)
		wrr->level = wrr->top;
	else if (wrr->divisor > 1)
		wrr->level = wrr->level / wrr->divisor * wrr->divisor + 1;
}

static void wrr_refresh(const struct service *svc, struct wrr *wrr)
{
	wrr->largest = wrr->common = 0;
	for (uint32_t i = 0; i < svc->n_dests; i++)
		wrr_weigh(wrr, svc->dests[i]->weight);
	wrr->stale = false;
	wrr_restart(wrr);
}

static void wrr_init(struct service *svc)
{
	struct wrr *wrr = svc->sched_priv;

	wrr->stale = true;
	if (svc->n_dests == 0)
		wrr_refresh(svc, wrr);
}

static void wrr_changed(struct service *svc, enum sched_change change, uint32_t index)
{
	struct wrr *wrr = svc->sched_priv;

	if (svc->n_dests == 0) {
		wrr_refresh(svc, wrr);
	} else if (change == SCHED_ADDED && !wrr->stale) {
		wrr_weigh(wrr, svc->dests[index]->weight);
		wrr_restart(wrr);
	} else {
		wrr->stale = true;
	}
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

static struct dest *wrr_pick(struct service *svc, const struct sched_packet *packet)
{
	struct wrr *wrr = svc->sched_priv;
	struct dest *dest;

	if (svc->n_dests == 0)
		return NULL;
	if (unlikely(wrr->stale))
		wrr_refresh(svc, wrr);
	dest = wrr_walk(svc, wrr);
	if (!dest && wrr_next_level(svc, wrr))
		dest = wrr_walk(svc, wrr);
	return dest;
}

const struct scheduler sched_wrr = {
	.name = "wrr",
	.priv_size = sizeof(struct wrr),
	.init = wrr_init,
	.changed = wrr_changed,
	.pick = wrr_pick,
};
