/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/kni-owner: carries frames between the workers' rings and the kernel.
 * Each run looks at all workers' urgent rings, then at a share of what can
 * wait, then at a share of what the kernel has sent on each interface, so that
 * nobody waits for somebody else's flood. The bell is armed before the rings
 * are looked at for the last time: whoever fills one later rings it.
 */
#include "link/kni_owner.h"

#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <rte_mbuf.h>
#include <rte_ring.h>

#define URGENT_SHARE 64 /* of each worker's ring, in one run */
#define LATER_SHARE  16
#define READ_SHARE   32 /* of each interface */
#define SLEEP_MS     100
#define EVENTS       16 /* descriptors in one run */
#define BURST        32

static void kni_write(struct kni *kni, struct rte_mbuf *m)
{
	uint16_t id = pkt_meta(m)->in_port;
	struct kni_port *port = id < PORT_MAX ? kni->ports[id] : NULL;

	if (port && port->dev) {
		if (kni->ops->write(port->dev, m) == 0) {
			port->counters.to_packets++;
			port->counters.to_bytes += m->pkt_len;
		} else {
			port->counters.to_dropped++;
		}
	}
	rte_pktmbuf_free(m);
}

/* True: there is more. */
static bool kni_drain(struct kni *kni, enum kni_urgency urgency, unsigned int share)
{
	bool more = false;

	for (unsigned int i = 1; i <= kni->all[WORKER_MASTER]->n_workers; i++) {
		struct rte_ring *ring = kni->all[i]->link->kni->rings[urgency];
		unsigned int left = share;

		while (left) {
			void *pkts[BURST];
			unsigned int n = rte_ring_sc_dequeue_burst(
				ring, pkts, RTE_MIN(left, (unsigned int)BURST), NULL);

			if (n == 0)
				break;
			for (unsigned int k = 0; k < n; k++)
				kni_write(kni, pkts[k]);
			left -= n;
		}
		more |= left == 0;
	}
	return more;
}

/* To the worker that sends for this port. */
static bool kni_owner_send(struct kni *kni, const struct kni_port *port, struct rte_mbuf *m)
{
	struct worker *to = kni->all[port->worker];
	struct pkt_meta *meta = pkt_meta(m);

	memset(meta, 0, sizeof(*meta));
	meta->flags = META_MADE | META_LOCAL_OUT;
	meta->in_port = PORT_NONE;
	meta->out_port = port->port;
	if (rte_ring_sp_enqueue(to->from_kernel, m) != 0)
		return false;
	worker_ring_bell(to);
	return true;
}

/* One frame; false: there is none. */
static bool kni_read(struct kni *kni, struct kni_port *port)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(kni->pool);
	uint8_t lost[64];
	uint32_t len;

	if (!m) { /* what cannot be kept is not left to be read again and again either */
		if (kni->ops->read(port->dev, lost, sizeof(lost)) == 0)
			return false;
		port->counters.from_dropped++;
		return true;
	}
	len = kni->ops->read(port->dev, rte_pktmbuf_mtod(m, void *), rte_pktmbuf_tailroom(m));
	if (len == 0) {
		rte_pktmbuf_free(m);
		return false;
	}
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	if (kni_owner_send(kni, port, m)) {
		port->counters.from_packets++;
		port->counters.from_bytes += len;
	} else {
		port->counters.from_dropped++;
		rte_pktmbuf_free(m);
	}
	return true;
}

static bool kni_read_share(struct kni *kni, struct kni_port *port)
{
	unsigned int n = 0;

	if (!port || !port->dev || !port->worker)
		return false;
	while (n < READ_SHARE && kni_read(kni, port))
		n++;
	return n == READ_SHARE;
}

bool kni_owner_run(struct kni *kni, int wait_ms)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(kni->epoll_fd, events, EVENTS, wait_ms);
	uint64_t rung;
	bool more;

	/* answered before the rings are looked at, or a later ring would be taken for this one */
	if (n > 0 && read(kni->bell.fd, &rung, sizeof(rung)) < 0)
		rung = 0; /* it was an interface */
	pthread_mutex_lock(&kni->lock);
	__atomic_store_n(&kni->bell.armed, true, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	more = kni_drain(kni, KNI_URGENT, URGENT_SHARE);
	more |= kni_drain(kni, KNI_LATER, LATER_SHARE);
	for (int i = 0; i < n; i++)
		if (events[i].data.u32 < PORT_MAX)
			more |= kni_read_share(kni, kni->ports[events[i].data.u32]);
	pthread_mutex_unlock(&kni->lock);
	return more || n == EVENTS;
}

int kni_owner_main(void *arg)
{
	struct kni *kni = arg;
	bool more = false;

	while (!__atomic_load_n(&kni->stop, __ATOMIC_RELAXED))
		more = kni_owner_run(kni, more ? 0 : SLEEP_MS);
	return 0;
}
