/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/path-mtu: see the header. Four entries a set; in a full one what would be
 * forgotten first gives way. Whatever has been told lowers and never raises:
 * the way's own MTU still holds, and only forgetting tries a longer packet
 * again. What is remembered of the way to such an address is stale with each
 * change.
 */
#include "net/path_mtu.h"

#include <string.h>

#include <rte_common.h>

#include "base/lines.h"
#include "base/log.h"
#include "net/net.h"
#include "packet/tuple.h"
#include "worker/event.h"
#include "worker/op.h"
#include "worker/worker.h"

struct path_mtu_set {
	uint32_t slot;
	struct path_mtu entry; /* mtu 0: it is forgotten */
};

struct path_mtu_table *path_mtu_table_create(void)
{
	return lines_alloc(sizeof(struct path_mtu_table));
}

static uint32_t first_slot(const struct worker *w, unsigned int family, const union ip_addr *dst)
{
	uint64_t hash = hash_words(&w->flow_key, dst->u64[0], dst->u64[1] ^ family);

	return (uint32_t)(hash % PATH_MTU_SETS) * PATH_MTU_WAYS;
}

static bool is_of(const struct path_mtu *entry, unsigned int family, const union ip_addr *dst)
{
	return entry->mtu && entry->family == family && ip_equal(&entry->dst, dst);
}

const struct path_mtu *path_mtu_find(const struct worker *w, unsigned int family,
				     const union ip_addr *dst)
{
	const struct path_mtu_table *table = w->net->path_mtus;
	const struct path_mtu *entry;

	if (likely(table->n == 0))
		return NULL;
	entry = &table->of[first_slot(w, family, dst)];
	for (unsigned int i = 0; i < PATH_MTU_WAYS; i++, entry++)
		if (is_of(entry, family, dst))
			return entry;
	return NULL;
}

uint16_t path_mtu_limit(const struct worker *w, unsigned int family, const union ip_addr *dst,
			uint16_t mtu)
{
	const struct path_mtu *entry = path_mtu_find(w, family, dst);

	return entry && entry->mtu < mtu ? entry->mtu : mtu;
}

bool path_mtu_heard(struct worker *w, const struct tuple *outer, uint16_t in_port, uint16_t mtu,
		    uint16_t len)
{
	uint16_t least = outer->family == AF_INET ? PATH_MTU4_MIN : PATH_MTU6_MIN;
	const struct path_mtu *entry = path_mtu_find(w, outer->family, &outer->dst);
	struct event event = {
		.kind = EVENT_PATH_MTU,
		.port = in_port,
		.family = outer->family,
		.value = RTE_MAX(mtu, least),
		.ip = outer->dst,
	};

	if (mtu >= len)
		return false;
	if (!entry || entry->mtu > event.value)
		event_send(w, &event);
	return true;
}

/* ---- the master, and what it tells all ---- */

static void path_mtu_apply(struct worker *w, struct op *op)
{
	const struct path_mtu_set *set = op_data(op);
	struct path_mtu_table *table = w->net->path_mtus;
	struct path_mtu *entry = &table->of[set->slot];

	if (entry->mtu) {
		table->n--;
		stamps_touch(&w->net->stamps, entry->family, &entry->dst, ip_bits(entry->family));
	}
	*entry = set->entry;
	if (entry->mtu) {
		table->n++;
		stamps_touch(&w->net->stamps, entry->family, &entry->dst, ip_bits(entry->family));
	}
}

/* Where it stands, or would: a free place, or that of the oldest. */
static uint32_t slot_of(const struct worker *master, unsigned int family, const union ip_addr *dst)
{
	const struct path_mtu *of = master->net->path_mtus->of;
	uint32_t first = first_slot(master, family, dst), best = first;

	for (uint32_t slot = first; slot < first + PATH_MTU_WAYS; slot++) {
		if (is_of(&of[slot], family, dst))
			return slot;
		if (of[best].mtu && (!of[slot].mtu || of[slot].until_ms < of[best].until_ms))
			best = slot;
	}
	return best;
}

void path_mtu_event(struct worker *const *all, const struct event *event, uint64_t now_ms)
{
	const struct worker *master = all[WORKER_MASTER];
	const struct path_mtu *known = path_mtu_find(master, event->family, &event->ip);
	struct path_mtu_set set = {
		.slot = slot_of(master, event->family, &event->ip),
		.entry = {
			.dst = event->ip,
			.until_ms = now_ms + PATH_MTU_LIFE_MS,
			.mtu = (uint16_t)event->value,
			.family = event->family,
		},
	};
	char ip[IP_STR_LEN];

	if (known && known->mtu <= event->value)
		return;
	if (op_multicast(all, path_mtu_apply, &set, sizeof(set)) == 0)
		log_debug("path to %s: %u bytes, as a router has told by ICMP",
			  ip_str(event->family, &event->ip, ip), event->value);
}

void path_mtu_tick(struct worker *const *all, uint64_t now_ms)
{
	const struct path_mtu_table *table = all[WORKER_MASTER]->net->path_mtus;

	for (uint32_t slot = 0; table->n && slot < RTE_DIM(table->of); slot++) {
		struct path_mtu_set set = { .slot = slot };

		if (table->of[slot].mtu && table->of[slot].until_ms <= now_ms)
			op_multicast(all, path_mtu_apply, &set, sizeof(set));
	}
}
