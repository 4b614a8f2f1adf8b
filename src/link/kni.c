/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/kni: from the path to the owner of the kernel interfaces. kernel-tx
 * gives a packet its Ethernet header back, whose bytes eth-input left where
 * they were, asks its class's budget, and fills a ring of the worker's own, so
 * that workers do not wait for each other and one that is flooded takes nothing
 * from the others. The owner is woken once a vector, and only if it sleeps.
 *
 * A budget is a time: a packet of a class moves the class's due time on by its
 * cost, and is refused while that is further ahead than a burst's worth.
 */
#include "link/kni.h"

#include <unistd.h>

#include <rte_ether.h>
#include <rte_ring.h>

#include "base/lines.h"

#define BURST 256u /* packets of a class at once */

/*
 * Packets a second and worker; a bulk of all workers. What a routing daemon is sent in its worst
 * minute fits several times over; and the owner, which writes some 200,000 a second, is never
 * asked for more than it can do.
 */
static const uint32_t rates[KNI__CLASSES] = {
	[KNI_OSPF] = 4000,  [KNI_BGP] = 8000,   [KNI_VRRP] = 2000,  [KNI_BFD] = 8000,
	[KNI_NEIGH] = 2000, [KNI_GROUP] = 1000, [KNI_BULK] = 24000,
};
#define BULK_MIN 4000u

static uint32_t rate_of(enum kni_class class, unsigned int n_workers)
{
	if (class != KNI_BULK)
		return rates[class];
	return RTE_MAX(rates[class] / RTE_MAX(n_workers, 1u), BULK_MIN);
}

struct kni_door *kni_door_create(const struct worker *w, struct kni_bell *bell)
{
	struct kni_door *door = lines_alloc(sizeof(*door));

	if (!door)
		return NULL;
	door->bell = bell;
	for (unsigned int i = 0; i < KNI__CLASSES; i++)
		door->cost_ns[i] = 1000000000u / rate_of((enum kni_class)i, w->n_workers);
	for (unsigned int i = 0; i < KNI__RINGS; i++) {
		door->rings[i] = worker_ring("kernel", sizeof(void *), KNI_RING,
					     RING_F_SP_ENQ | RING_F_SC_DEQ);
		if (!door->rings[i]) {
			kni_door_destroy(door);
			return NULL;
		}
	}
	return door;
}

void kni_door_destroy(struct kni_door *door)
{
	void *m;

	if (!door)
		return;
	for (unsigned int i = 0; i < KNI__RINGS; i++) {
		while (door->rings[i] && rte_ring_sc_dequeue(door->rings[i], &m) == 0)
			rte_pktmbuf_free(m);
		free(door->rings[i]);
	}
	free(door);
}

static bool budget_take(struct kni_door *door, enum kni_class class, uint64_t now_ns)
{
	uint64_t due = RTE_MAX(door->due_ns[class], now_ns);

	if (due - now_ns >= BURST * door->cost_ns[class])
		return false;
	door->due_ns[class] = due + door->cost_ns[class];
	return true;
}

/* A frame, its Ethernet header in front. True: it is in a ring. */
static bool kni_send(struct worker *w, struct rte_mbuf *m, enum kni_class class)
{
	struct kni_door *door = w->link->kni;
	bool bulk = class == KNI_BULK;

	if (unlikely(!budget_take(door, class, w->now_ns))) {
		drop(w, m, bulk ? DROP_KNI_BULK : DROP_KNI_ROUTING);
		return false;
	}
	/* counted before the owner can see it, so that no sum is ever short */
	w->counters.to_kernel++;
	if (likely(rte_ring_sp_enqueue(door->rings[bulk ? KNI_LATER : KNI_URGENT], m) == 0))
		return true;
	w->counters.to_kernel--;
	drop(w, m, DROP_KNI_RING);
	return false;
}

static void kni_ring_bell(struct kni_bell *bell)
{
	uint64_t one = 1;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&bell->armed, __ATOMIC_RELAXED))
		return;
	__atomic_store_n(&bell->armed, false, __ATOMIC_RELAXED);
	if (write(bell->fd, &one, sizeof(one)) < 0)
		return; /* it is ringing already */
}

/* The header that eth-input stripped, and a tag that the port took out. */
static struct rte_mbuf *kni_restore(struct rte_mbuf *m)
{
	if (unlikely(!rte_pktmbuf_prepend(m, RTE_ETHER_HDR_LEN)))
		return NULL;
	if (unlikely(m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) && rte_vlan_insert(&m) < 0)
		return NULL;
	return m;
}

/* There is no kernel interface, or it is down. */
static enum drop_reason unheard(const struct pkt_meta *meta)
{
	if (!(meta->flags & META_PARSED))
		return DROP_ETH_TYPE;
	return DROP_IP(meta->tuple.family, NO_LISTENER);
}

static bool kernel_tx_one(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);

	if (!kni_ready(w, meta->in_port)) {
		drop(w, m, unheard(meta));
		return false;
	}
	if (unlikely(w->link->ports[meta->in_port].forward2kni)) {
		drop(w, m, DROP_KNI_FORWARDED);
		return false;
	}
	if (unlikely(!kni_restore(m))) {
		drop(w, m, DROP_TX_PREPARE);
		return false;
	}
	return kni_send(w, m, kni_classify(m));
}

void kernel_tx(struct worker *w, struct batch *in)
{
	bool any = false;

	for (uint32_t i = 0; i < in->count; i++)
		any |= kernel_tx_one(w, in->pkts[i]);
	if (any)
		kni_ring_bell(w->link->kni->bell);
}

/* A frame's copy, which this worker makes; NULL: no mbuf. */
static struct rte_mbuf *kni_duplicate(struct worker *w, const struct rte_mbuf *m, uint16_t port)
{
	struct rte_mbuf *copy = rte_pktmbuf_copy(m, w->pool, 0, UINT32_MAX);

	w->counters.made++;
	if (unlikely(!copy)) {
		w->drops[DROP_NO_MBUF]++;
		w->counters.dropped++;
		return NULL;
	}
	pkt_meta(copy)->flags = META_MADE;
	pkt_meta(copy)->in_port = port;
	return copy;
}

static bool kni_forward_one(struct worker *w, const struct rte_mbuf *m, uint16_t port)
{
	struct kni_door *door = w->link->kni;
	enum kni_class class = kni_classify(m);
	struct rte_mbuf *copy;

	/* no copy is made in vain */
	if (RTE_MAX(door->due_ns[class], w->now_ns) - w->now_ns >= BURST * door->cost_ns[class])
		return false;
	copy = kni_duplicate(w, m, port);
	if (!copy)
		return false;
	if (unlikely(copy->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) && rte_vlan_insert(&copy) < 0) {
		drop(w, copy, DROP_TX_PREPARE);
		return false;
	}
	return kni_send(w, copy, class);
}

void kni_forward(struct worker *w, const struct batch *in, uint16_t port)
{
	bool any = false;

	if (!kni_ready(w, port))
		return;
	for (uint32_t i = 0; i < in->count; i++)
		any |= kni_forward_one(w, in->pkts[i], port);
	if (any)
		kni_ring_bell(w->link->kni->bell);
}
