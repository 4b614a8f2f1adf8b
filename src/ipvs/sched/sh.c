/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sh, source hashing: a client's address names a slot, and the slot a server;
 * flag sh-port: address and port do. A server that is not usable gets nothing,
 * and neither does the client, unless flag sh-fallback is set: then slots at
 * other hashes of the same client are tried, one after the other. The table is
 * filled by weights, from the list alone, so it is the same on every worker.
 */
#include "api/ipvs.h"
#include "ipvs/sched/hash256.h"

#define SH_FALLBACK API_SERVICE_SCHED1
#define SH_PORT     API_SERVICE_SCHED2

static struct dest *sh_pick(struct service *svc, const struct sched_packet *packet)
{
	struct hash256 *table = svc->sched_priv;
	const struct tuple *tuple = packet->tuple;
	uint32_t port = svc->sched_flags & SH_PORT ? rte_be_to_cpu_16(tuple->sport) : 0;
	uint32_t first = hash256_of(port + hash256_fold(tuple->family, &tuple->src));
	uint32_t tries = svc->sched_flags & SH_FALLBACK ? HASH256_SLOTS : 0;
	struct dest *dest;

	if (unlikely(!table->filled))
		hash256_fill(svc, table, true);
	dest = table->slots[first];
	for (uint32_t i = 0; i < tries && dest && !dest_usable(dest); i++)
		dest = table->slots[(first + (i + first) % HASH256_SLOTS) % HASH256_SLOTS];
	return dest && dest_usable(dest) ? dest : NULL;
}

const struct scheduler sched_sh = {
	.name = "sh",
	.priv_size = sizeof(struct hash256),
	.flags = SH_FALLBACK | SH_PORT,
	.changed = hash256_changed,
	.pick = sh_pick,
};
