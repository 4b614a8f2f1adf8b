/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/port-bench: the port of the bench, see bench_port.h. Receiving does
 * what a driver does: it takes the mbuf that was free the longest, writes the
 * fields that a driver writes, and the headers come into the data as by DMA.
 * It marks no checksum as seen, so the path looks at those of IPv4 itself.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "link/bench_port.h"

#define FIRST_PART 64
#define MACS_LEN   (2 * RTE_ETHER_ADDR_LEN)

struct bench_set {
	struct rte_mempool *pool;
	uint32_t mask;
	uint32_t head, tail; /* taken, given back; they run on */
	struct rte_mbuf *free[];
};

struct bench_port {
	struct bench_set *set;
	const struct bench_flow *trace;
	uint32_t count, next;
	uint64_t left;
	struct bench_seen *seen;
	uint32_t seen_room, n_seen;
	struct bench_template template;
	struct bench_pace pace;    /* now NULL: at once */
	uint64_t n_due, lost;      /* frames of this play that have been received or lost; lost */
	uint16_t tx_room, tx_left; /* frames it transmits between two receivings; still */
};

struct bench_set *bench_set_create(struct rte_mempool *pool, uint32_t count)
{
	struct bench_set *set;

	if (count == 0 || count > BENCH_SET_MAX || (count & (count - 1)))
		return NULL;
	set = calloc(1, sizeof(*set) + count * sizeof(set->free[0]));
	if (!set)
		return NULL;
	if (rte_pktmbuf_alloc_bulk(pool, set->free, count) != 0) {
		free(set);
		return NULL;
	}
	set->pool = pool;
	set->mask = count - 1;
	set->tail = count;
	return set;
}

void bench_set_destroy(struct bench_set *set)
{
	if (!set)
		return;
	while (set->head != set->tail)
		rte_pktmbuf_free(set->free[set->head++ & set->mask]);
	free(set);
}

/* What was dropped has gone back to the pool. */
static void bench_refill(struct bench_set *set)
{
	struct rte_mbuf *m;

	while (set->tail - set->head <= set->mask && (m = rte_pktmbuf_alloc(set->pool)) != NULL)
		set->free[set->tail++ & set->mask] = m;
}

uint32_t bench_set_home(struct bench_set *set)
{
	bench_refill(set);
	return set->tail - set->head;
}

static __rte_always_inline void bench_fill(struct rte_mbuf *m,
					   const struct bench_template *template,
					   const struct bench_flow *flow, const bool six)
{
	uint8_t *frame = (uint8_t *)m->buf_addr + RTE_PKTMBUF_HEADROOM;

	m->data_off = RTE_PKTMBUF_HEADROOM;
	rte_mbuf_refcnt_set(m, 1);
	m->nb_segs = 1;
	m->ol_flags = 0;
	m->packet_type = 0;
	m->pkt_len = template->len;
	m->data_len = template->len;
	memcpy(frame, template->bytes, FIRST_PART);
	if (template->len > FIRST_PART)
		memcpy(frame + FIRST_PART, template->bytes + FIRST_PART, FIRST_PART);
	if (six) {
		memcpy(frame + BENCH_SRC6_AT, &flow->src, sizeof(flow->src));
		memcpy(frame + BENCH_DST6_AT, &flow->dst, 8);
	} else {
		memcpy(frame + BENCH_FLOW_AT, flow, offsetof(struct bench_flow, l4_csum));
	}
	memcpy(frame + template->csum_at, &flow->l4_csum, sizeof(flow->l4_csum));
}

/* How many of at most `room` frames have arrived; when each has, comes into `due`. */
static uint32_t bench_due(struct bench_port *bench, uint32_t room, uint64_t *due)
{
	const struct bench_pace *pace = &bench->pace;
	uint64_t now = pace->now(pace->arg), next = 0;
	uint32_t n = 0;

	while (pace->ring && bench->left > pace->ring &&
	       pace->due(pace->arg, bench->n_due + pace->ring) <= now) {
		bench->n_due++;
		bench->lost++;
		bench->left--;
	}
	while (n < room && (next = pace->due(pace->arg, bench->n_due)) <= now) {
		due[n++] = next;
		bench->n_due++;
	}
	if (n < room && pace->drained)
		pace->drained(pace->arg, next);
	return n;
}

/* So many of the trace's next frames, of one family: the floor pays for no choice between them. */
static __rte_always_inline void bench_arrive(struct bench_port *bench, struct rte_mbuf **pkts,
					     uint32_t n, const uint64_t *due, const bool six)
{
	const struct bench_set *set = bench->set;

	for (uint32_t i = 0; i < n; i++) {
		pkts[i] = set->free[(set->head + i) & set->mask];
		bench_fill(pkts[i], &bench->template, &bench->trace[bench->next + i], six);
		if (bench->pace.now)
			memcpy(pkts[i]->dynfield1, &due[i], sizeof(due[i]));
	}
}

/* What has arrived did so with a tag. */
static __rte_noinline void bench_tag(struct rte_mbuf **pkts, uint32_t n, uint32_t tag)
{
	for (uint32_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];
		char *frame = (char *)m->buf_addr + RTE_PKTMBUF_HEADROOM - sizeof(tag);

		memmove(frame, frame + sizeof(tag), MACS_LEN);
		memcpy(frame + MACS_LEN, &tag, sizeof(tag));
		m->data_off -= sizeof(tag);
		m->pkt_len += sizeof(tag);
		m->data_len += sizeof(tag);
	}
}

static uint16_t bench_port_rx(void *handle, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	uint64_t due[BATCH_BURST];
	struct bench_port *bench = handle;
	struct bench_set *set = bench->set;
	uint32_t room;

	bench->tx_left = bench->tx_room;
	if (unlikely(set->tail - set->head < n))
		bench_refill(set);
	room = RTE_MIN((uint32_t)n, set->tail - set->head);
	room = RTE_MIN(room, bench->count - bench->next);
	room = (uint32_t)RTE_MIN(room, bench->left);
	if (bench->pace.now && room)
		room = bench_due(bench, RTE_MIN(room, (uint32_t)BATCH_BURST), due);
	if (bench->template.six)
		bench_arrive(bench, pkts, room, due, true);
	else
		bench_arrive(bench, pkts, room, due, false);
	if (unlikely(bench->template.tag))
		bench_tag(pkts, room, bench->template.tag);
	set->head += room;
	bench->left -= room;
	bench->next += room;
	if (bench->next == bench->count)
		bench->next = 0;
	return (uint16_t)room;
}

static void bench_learn(struct bench_port *bench, struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	be16 type = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *)->ether_type;
	struct bench_seen *seen = &bench->seen[bench->n_seen];

	if (bench->n_seen == bench->seen_room)
		return;
	if (type == RTE_BE16(RTE_ETHER_TYPE_VLAN)) {
		frame += sizeof(struct rte_vlan_hdr);
		type = ((const struct rte_ether_hdr *)frame)->ether_type;
	}
	if (type == RTE_BE16(RTE_ETHER_TYPE_IPV6)) {
		if (frame[sizeof(struct rte_ether_hdr) + 6] == IPPROTO_IPV6)
			frame += sizeof(struct rte_ipv6_hdr);
		memcpy(&seen->src, frame + BENCH_SRC6_AT, sizeof(seen->src));
		memcpy(&seen->dst, frame + BENCH_DST6_AT, 8);
	} else if (type == RTE_BE16(RTE_ETHER_TYPE_IPV4)) {
		if (frame[sizeof(struct rte_ether_hdr) + 9] == IPPROTO_IPIP)
			frame += sizeof(struct rte_ipv4_hdr);
		memcpy(seen, frame + BENCH_FLOW_AT + offsetof(struct bench_flow, src),
		       sizeof(*seen));
	} else {
		return;
	}
	bench->n_seen++;
}

/* The frames of the set tell when they arrived, on this port or another with the same clock. */
static void bench_took(const struct bench_port *bench, struct rte_mbuf **pkts, uint16_t n)
{
	const struct bench_pace *pace = &bench->pace;
	uint64_t now = pace->now(pace->arg), due;

	for (uint16_t i = 0; i < n; i++) {
		if (pkts[i]->pool != bench->set->pool)
			continue;
		memcpy(&due, pkts[i]->dynfield1, sizeof(due));
		pace->sent(pace->arg, now - due);
	}
}

/* What the worker has made is not of the set, and is freed. */
static uint16_t bench_port_tx(void *handle, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct bench_port *bench = handle;
	struct bench_set *set = bench->set;

	if (unlikely(bench->tx_room != UINT16_MAX)) {
		n = RTE_MIN(n, bench->tx_left);
		bench->tx_left -= n;
	}
	if (bench->pace.now && bench->pace.sent)
		bench_took(bench, pkts, n);
	for (uint16_t i = 0; bench->seen && i < n; i++)
		bench_learn(bench, pkts[i]);
	for (uint16_t i = 0; i < n; i++) {
		if (likely(pkts[i]->pool == set->pool))
			set->free[set->tail++ & set->mask] = pkts[i];
		else
			rte_pktmbuf_free(pkts[i]);
	}
	return n;
}

static int bench_port_rx_fd(void *handle, uint16_t queue)
{
	const struct bench_port *bench = handle;

	return bench->pace.now ? bench->pace.fd : -1;
}

static int bench_port_show(void *handle, struct api_link *link)
{
	snprintf(link->driver, sizeof(link->driver), "bench");
	link->flags |= API_LINK_CARRIER;
	return 0;
}

static int bench_port_xstat(void *handle, unsigned int n, char name[64], uint64_t *value)
{
	return -ENOENT;
}

static int bench_port_set_flag(void *handle, bool on)
{
	return 0;
}

static int bench_port_set_mtu(void *handle, uint16_t mtu)
{
	return mtu < 68 ? -EINVAL : 0;
}

static int bench_port_set_mac(void *handle, const struct rte_ether_addr *mac)
{
	return rte_is_unicast_ether_addr(mac) ? 0 : -EINVAL;
}

static void bench_port_close(void *handle)
{
	free(handle);
}

static const struct port_ops bench_port_ops = {
	.driver = "bench",
	.rx = bench_port_rx,
	.tx = bench_port_tx,
	.rx_fd = bench_port_rx_fd,
	.show = bench_port_show,
	.xstat = bench_port_xstat,
	.set_up = bench_port_set_flag,
	.set_promisc = bench_port_set_flag,
	.set_allmulticast = bench_port_set_flag,
	.set_mtu = bench_port_set_mtu,
	.set_mac = bench_port_set_mac,
	.close = bench_port_close,
	.remove = bench_port_close,
};

struct bench_port *bench_port_create(const char *name, struct bench_set *set, struct port *port)
{
	struct bench_port *bench = calloc(1, sizeof(*bench));

	if (!bench)
		return NULL;
	bench->set = set;
	bench->tx_room = UINT16_MAX;
	memset(port, 0, sizeof(*port));
	snprintf(port->name, sizeof(port->name), "%s", name);
	port->ops = &bench_port_ops;
	port->handle = bench;
	port->mtu = 1500;
	port->n_rx_queues = 1;
	port->n_tx_queues = 1;
	port->socket = -1;
	port->up = true;
	return bench;
}

void bench_port_play(struct bench_port *bench, const struct bench_template *template,
		     const struct bench_flow *trace, uint32_t count, uint32_t start,
		     uint64_t packets)
{
	bench->template = *template;
	bench->trace = trace;
	bench->count = count;
	bench->next = start;
	bench->left = packets;
	bench->n_due = 0;
	bench->lost = 0;
}

void bench_port_pace(struct bench_port *bench, const struct bench_pace *pace)
{
	bench->pace = pace ? *pace : (struct bench_pace){ .now = NULL };
}

uint64_t bench_port_lost(const struct bench_port *bench)
{
	return bench->lost;
}

void bench_port_narrow(struct bench_port *bench, uint16_t room)
{
	bench->tx_room = room;
	bench->tx_left = room;
}

uint64_t bench_port_left(const struct bench_port *bench)
{
	return bench->left;
}

void bench_port_learn(struct bench_port *bench, struct bench_seen *seen, uint32_t room)
{
	bench->seen = seen;
	bench->seen_room = room;
	bench->n_seen = 0;
}

uint32_t bench_port_learned(const struct bench_port *bench)
{
	return bench->n_seen;
}
