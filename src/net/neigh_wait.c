/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/neigh-wait: the packets of one worker that wait for a neighbour's MAC
 * address. All memory is there from the start: so many neighbours may be
 * waited for, so many packets each (conf key unres_queue_length), so many in
 * all; what is more is dropped and counted. A released queue is sent as far as
 * the transmit vector has room, the rest in the next turns. The oldest wait
 * stands first, so that what the master never answered is found at no cost.
 */
#include "net/neigh_int.h"

#include <errno.h>
#include <stdlib.h>

#include "base/lines.h"
#include "net/ip.h"
#include "net/l2.h"
#include "link/port.h"
#include "worker/event.h"

#define SLOT_NONE UINT32_MAX

int neigh_waits_init(struct neigh_waits *waits, uint32_t neigh_max)
{
	uint32_t count = RTE_MIN(RTE_MAX(neigh_max, 1u), (uint32_t)NEIGH_WAITS);
	uint32_t buckets = 64;

	while (buckets < count)
		buckets *= 2;
	waits->mask = buckets - 1;
	waits->buckets = lines_alloc(buckets * sizeof(*waits->buckets));
	waits->waits = lines_alloc(count * sizeof(*waits->waits));
	waits->slots = lines_alloc(NEIGH_HELD * sizeof(*waits->slots));
	if (!waits->buckets || !waits->waits || !waits->slots) {
		free(waits->buckets);
		free(waits->waits);
		free(waits->slots);
		return -ENOMEM;
	}
	list_init(&waits->free);
	list_init(&waits->age);
	list_init(&waits->released);
	for (uint32_t i = 0; i < buckets; i++)
		list_init(&waits->buckets[i]);
	for (uint32_t i = 0; i < count; i++)
		list_add_tail(&waits->free, &waits->waits[i].node);
	for (uint32_t i = 0; i < NEIGH_HELD; i++)
		waits->slots[i].next = i + 1 < NEIGH_HELD ? i + 1 : SLOT_NONE;
	waits->free_slot = 0;
	return 0;
}

static struct list *wait_bucket(const struct worker *w, const union ip_addr *ip, uint16_t port)
{
	const struct neigh_waits *waits = &w->net->neighs->waits;

	return &waits->buckets[hash_words(&w->flow_key, ip->u64[0], ip->u64[1] ^ port) &
			       waits->mask];
}

static struct neigh_wait *wait_find(const struct worker *w, unsigned int family,
				    const union ip_addr *ip, uint16_t port)
{
	list_for_each (it, wait_bucket(w, ip, port)) {
		struct neigh_wait *wait = container_of(it, struct neigh_wait, node);

		if (ip_equal(&wait->ip, ip) && wait->port == port && wait->family == family)
			return wait;
	}
	return NULL;
}

static struct neigh_wait *wait_new(struct worker *w, unsigned int family, const union ip_addr *ip,
				   uint16_t port)
{
	struct neigh_waits *waits = &w->net->neighs->waits;
	struct neigh_wait *wait;

	if (list_empty(&waits->free))
		return NULL;
	wait = container_of(waits->free.next, struct neigh_wait, node);
	list_del(&wait->node);
	wait->family = (uint8_t)family;
	wait->ip = *ip;
	wait->port = port;
	wait->count = 0;
	wait->first = SLOT_NONE;
	wait->last = SLOT_NONE;
	wait->since_ms = w->now_ms;
	wait->asked_ms = 0;
	list_add_tail(wait_bucket(w, ip, port), &wait->node);
	list_add_tail(&waits->age, &wait->age);
	return wait;
}

static void wait_free(struct worker *w, struct neigh_wait *wait)
{
	list_del(&wait->age);
	list_del(&wait->node);
	list_add_head(&w->net->neighs->waits.free, &wait->node);
}

static bool wait_push(struct worker *w, struct neigh_wait *wait, struct rte_mbuf *m)
{
	struct neigh_waits *waits = &w->net->neighs->waits;
	uint32_t slot = waits->free_slot;

	if (wait->count >= w->net->config.neigh_queue || slot == SLOT_NONE)
		return false;
	waits->free_slot = waits->slots[slot].next;
	waits->slots[slot].m = m;
	waits->slots[slot].next = SLOT_NONE;
	if (wait->last == SLOT_NONE)
		wait->first = slot;
	else
		waits->slots[wait->last].next = slot;
	wait->last = slot;
	wait->count++;
	w->held++;
	return true;
}

static struct rte_mbuf *wait_pop(struct worker *w, struct neigh_wait *wait)
{
	struct neigh_waits *waits = &w->net->neighs->waits;
	uint32_t slot = wait->first;

	if (slot == SLOT_NONE)
		return NULL;
	wait->first = waits->slots[slot].next;
	if (wait->first == SLOT_NONE)
		wait->last = SLOT_NONE;
	waits->slots[slot].next = waits->free_slot;
	waits->free_slot = slot;
	wait->count--;
	w->held--;
	return waits->slots[slot].m;
}

static void wait_ask(struct worker *w, struct neigh_wait *wait)
{
	struct event event = {
		.kind = EVENT_NEIGH_WANTED,
		.port = wait->port,
		.family = wait->family,
		.ip = wait->ip,
	};

	wait->asked_ms = w->now_ms;
	event_send(w, &event);
}

void neigh_unreachable(struct worker *w, struct rte_mbuf *m)
{
	if (!(pkt_meta(m)->flags & META_LOCAL_OUT))
		ip_send_error(w, m, IP_ERROR_HOST, 0, NULL);
}

static void wait_fail(struct worker *w, struct neigh_wait *wait, enum drop_reason reason)
{
	struct rte_mbuf *m;

	while ((m = wait_pop(w, wait)) != NULL) {
		/* each sender is told (RFC 4861 7.2.2), as far as the rate of errors allows */
		if (reason == DROP_NEIGH_FAILED)
			neigh_unreachable(w, m);
		drop(w, m, reason);
	}
	wait_free(w, wait);
}

/* Who is there answers soon: when too many are waited for, as in a scan of a net, the oldest gives
 * way. */
static void wait_make_room(struct worker *w)
{
	struct neigh_waits *waits = &w->net->neighs->waits;

	if (unlikely(list_empty(&waits->free) && !list_empty(&waits->age)))
		wait_fail(w, container_of(waits->age.next, struct neigh_wait, age),
			  DROP_NEIGH_TABLE);
}

void neigh_hold(struct worker *w, struct rte_mbuf *m, struct neigh *neigh)
{
	const struct pkt_meta *meta = pkt_meta(m);
	uint8_t family = meta->tuple.family;
	struct neigh_wait *wait = wait_find(w, family, &meta->nexthop, meta->out_port);
	bool is_new = !wait;

	if (is_new) {
		wait_make_room(w);
		wait = wait_new(w, family, &meta->nexthop, meta->out_port);
	}
	if (!wait) {
		drop(w, m, DROP_NEIGH_TABLE);
		return;
	}
	if (!wait_push(w, wait, m)) {
		if (is_new)
			wait_free(w, wait);
		drop(w, m, DROP_NEIGH_QUEUE);
		return;
	}
	/* one that the table knows is being asked already */
	if (neigh)
		__atomic_store_n(&neigh->held, wait->count, __ATOMIC_RELAXED);
	else if (is_new || w->now_ms - wait->asked_ms >= NEIGH_ASK_AGAIN_MS)
		wait_ask(w, wait);
}

void neigh_send(struct worker *w, const struct neigh *neigh, struct rte_mbuf *m)
{
	l2_push(w, m, neigh->port, &neigh->mac,
		neigh->family == AF_INET ? RTE_BE16(RTE_ETHER_TYPE_IPV4)
					 : RTE_BE16(RTE_ETHER_TYPE_IPV6));
}

/* True: nothing is left. */
static bool wait_drain(struct worker *w, struct neigh_wait *wait, const struct neigh *neigh)
{
	while (wait->count && w->stage_in[STAGE_TX].count < BATCH_MAX / 2)
		neigh_send(w, neigh, wait_pop(w, wait));
	return wait->count == 0;
}

void neigh_wait_release(struct worker *w, struct neigh *neigh)
{
	struct neigh_wait *wait = wait_find(w, neigh->family, &neigh->ip, neigh->port);

	if (!wait)
		return;
	if (wait_drain(w, wait, neigh)) {
		wait_free(w, wait);
		return;
	}
	wait->neigh = neigh;
	list_del(&wait->age);
	list_add_tail(&w->net->neighs->waits.released, &wait->age);
}

void neigh_wait_fail(struct worker *w, const struct neigh_key *key, enum drop_reason reason)
{
	struct neigh_wait *wait = wait_find(w, key->family, &key->ip, key->port);

	if (wait)
		wait_fail(w, wait, reason);
}

static void waits_fail_port(struct worker *w, struct list *head, uint16_t port)
{
	list_for_each_safe (it, head) {
		struct neigh_wait *wait = container_of(it, struct neigh_wait, age);

		if (wait->port == port)
			wait_fail(w, wait, DROP_PORT_GONE);
	}
}

void neigh_wait_fail_port(struct worker *w, uint16_t port)
{
	waits_fail_port(w, &w->net->neighs->waits.age, port);
	waits_fail_port(w, &w->net->neighs->waits.released, port);
}

uint32_t neigh_wait_count(const struct worker *w, const struct neigh_key *key)
{
	const struct neigh_wait *wait = wait_find(w, key->family, &key->ip, key->port);

	return wait ? wait->count : 0;
}

static void wait_tick_released(struct worker *w)
{
	struct neigh_waits *waits = &w->net->neighs->waits;

	list_for_each_safe (it, &waits->released) {
		struct neigh_wait *wait = container_of(it, struct neigh_wait, age);
		struct neigh *neigh = wait->neigh;

		if (!wait_drain(w, wait, neigh)) {
			__atomic_store_n(&neigh->held, wait->count, __ATOMIC_RELAXED);
			return;
		}
		__atomic_store_n(&neigh->held, 0, __ATOMIC_RELAXED);
		wait_free(w, wait);
	}
}

void neigh_wait_tick(struct worker *w)
{
	struct neigh_waits *waits = &w->net->neighs->waits;

	if (unlikely(!list_empty(&waits->released)))
		wait_tick_released(w);
	while (!list_empty(&waits->age)) {
		struct neigh_wait *wait = container_of(waits->age.next, struct neigh_wait, age);

		if (likely(w->now_ms - wait->since_ms < NEIGH_WAIT_MS))
			break;
		wait_fail(w, wait, DROP_NEIGH_FAILED);
	}
}

static void wait_drop_all(struct worker *w, struct list *head)
{
	struct rte_mbuf *m;

	list_for_each_safe (it, head) {
		struct neigh_wait *wait = container_of(it, struct neigh_wait, age);

		while ((m = wait_pop(w, wait)) != NULL)
			drop(w, m, DROP_SHUTDOWN);
		wait_free(w, wait);
	}
}

void neigh_wait_shutdown(struct worker *w)
{
	wait_drop_all(w, &w->net->neighs->waits.age);
	wait_drop_all(w, &w->net->neighs->waits.released);
}

void neigh_waits_free(struct neigh_waits *waits)
{
	free(waits->buckets);
	free(waits->waits);
	free(waits->slots);
}
