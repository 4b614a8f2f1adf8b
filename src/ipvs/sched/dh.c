/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dh, destination hashing: the address that a client asks for names a slot, and
 * the slot a server. It is for services of many addresses (caches). Weights do
 * not count, but for 0: then the addresses of that server get nothing.
 */
#include "ipvs/sched/hash256.h"

static struct dest *dh_pick(struct service *svc, const struct sched_packet *packet)
{
	struct hash256 *table = svc->sched_priv;
	const struct tuple *tuple = packet->tuple;
	struct dest *dest;

	if (unlikely(!table->filled))
		hash256_fill(svc, table, false);
	dest = table->slots[hash256_of(hash256_fold(tuple->family, &tuple->dst))];
	return dest && dest_usable(dest) ? dest : NULL;
}

const struct scheduler sched_dh = {
	.name = "dh",
	.priv_size = sizeof(struct hash256),
	.changed = hash256_changed,
	.pick = dh_pick,
};
