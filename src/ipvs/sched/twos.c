/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * twos, the power of two choices (Mitzenmacher): two usable servers are drawn at
 * random, by weight, and the one with fewer active connections for its weight
 * gets the new one. Each worker has random numbers of its own.
 */
#include "ipvs/load.h"

struct twos {
	uint64_t random; /* splitmix64 */
};

static void twos_init(struct service *svc)
{
	struct twos *twos = svc->sched_priv;

	twos->random = ((uint64_t)svc->serial << 32 | svc->worker) * 0xd1342543de82ef95u;
}

/* 0 … n - 1 */
static uint64_t twos_below(struct twos *twos, uint64_t n)
{
	uint64_t z = twos->random += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	return (uint64_t)((unsigned __int128)z * n >> 64);
}

static struct dest *twos_draw(struct service *svc, uint64_t below)
{
	for (uint32_t i = 0; i < svc->n_dests; i++) {
		struct dest *dest = svc->dests[i];

		if (!dest_usable(dest))
			continue;
		if (below < dest->weight)
			return dest;
		below -= dest->weight;
	}
	return NULL;
}

static struct dest *twos_pick(struct service *svc, const struct sched_packet *packet)
{
	struct twos *twos = svc->sched_priv;
	struct dest *one, *other;
	uint64_t weights = 0;

	for (uint32_t i = 0; i < svc->n_dests; i++)
		if (dest_usable(svc->dests[i]))
			weights += svc->dests[i]->weight;
	if (weights == 0)
		return NULL;
	one = twos_draw(svc, twos_below(twos, weights));
	other = twos_draw(svc, twos_below(twos, weights));
	return load_delay(one) * other->weight > load_delay(other) * one->weight ? other : one;
}

const struct scheduler sched_twos = {
	.name = "twos",
	.loads = true,
	.priv_size = sizeof(struct twos),
	.init = twos_init,
	.pick = twos_pick,
};
