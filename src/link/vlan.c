/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/vlan: tags in and out, and the index that finds a VLAN by its parent
 * and tag: a small open hash of each worker's own, made anew when a VLAN comes
 * or goes. Tags lie in the frame: what a driver has taken out is put back
 * first, since it is seldom and we ask none to do it. A tag with id 0 says a
 * priority only, and the frame is the port's own. An unknown tag stays where
 * it is, so the kernel gets the frame as it came.
 *
 * The flow stage needs less: vlan_strip() takes all tags of a frame out at
 * once or none, and vlan_put_back() undoes that.
 */
#include "link/vlan.h"

#include <string.h>

#define TAG_LEN  4
#define MACS_LEN (2 * RTE_ETHER_ADDR_LEN)
#define TAGS_MAX 4 /* looked at in one frame: those that are ours, and priorities */

static unsigned int vlan_slot(uint16_t parent, uint16_t proto, uint16_t id)
{
	uint32_t key = (uint32_t)parent << 16 | id | (uint32_t)(proto == VLAN_PROTO_AD) << 12;

	return (key * 0x9e3779b1u >> 16) % VLAN_SLOTS;
}

static be32 vlan_tag(uint16_t proto, uint16_t id)
{
	return rte_cpu_to_be_32((uint32_t)proto << 16 | id);
}

uint16_t vlan_proto(const struct port *port)
{
	return (uint16_t)(rte_be_to_cpu_32(port->tags[port->n_tags - 1]) >> 16);
}

uint16_t vlan_id(const struct port *port)
{
	return (uint16_t)rte_be_to_cpu_32(port->tags[port->n_tags - 1]);
}

static bool vlan_exists(const struct link *link, uint16_t id)
{
	return port_exists(link, id) && link->ports[id].kind == PORT_VLAN;
}

void vlan_index(struct link *link)
{
	memset(link->vlans, 0, sizeof(link->vlans));
	for (uint16_t id = 0; id < link->n_ports; id++) {
		const struct port *port = &link->ports[id];
		unsigned int slot;

		if (!vlan_exists(link, id))
			continue;
		slot = vlan_slot(port->parent, vlan_proto(port), vlan_id(port));
		while (link->vlans[slot])
			slot = (slot + 1) % VLAN_SLOTS;
		link->vlans[slot] = (uint16_t)(id + 1);
	}
}

uint16_t vlan_find(const struct link *link, uint16_t parent, uint16_t proto, uint16_t id)
{
	for (unsigned int slot = vlan_slot(parent, proto, id); link->vlans[slot];
	     slot = (slot + 1) % VLAN_SLOTS) {
		uint16_t at = (uint16_t)(link->vlans[slot] - 1);
		const struct port *port = &link->ports[at];

		if (port->parent == parent && port->tags[port->n_tags - 1] == vlan_tag(proto, id))
			return at;
	}
	return PORT_NONE;
}

/* Puts n tags, outermost first, between addresses and type. */
static inline bool tags_push(struct rte_mbuf *m, const be32 *tags, uint16_t n)
{
	uint16_t len = (uint16_t)(n * TAG_LEN);
	char *data = rte_pktmbuf_prepend(m, len);
	char macs[MACS_LEN];

	if (unlikely(!data))
		return false;
	memcpy(macs, data + len, MACS_LEN);
	memcpy(data, macs, MACS_LEN);
	for (uint16_t i = 0; i < n; i++)
		memcpy(data + MACS_LEN + i * TAG_LEN, &tags[i], TAG_LEN);
	return true;
}

static bool tag_push(struct rte_mbuf *m, be32 tag)
{
	return tags_push(m, &tag, 1);
}

static inline void tags_pop(struct rte_mbuf *m, uint16_t n)
{
	uint16_t len = (uint16_t)(n * TAG_LEN);
	char *data = rte_pktmbuf_mtod(m, char *);
	char macs[MACS_LEN];

	memcpy(macs, data, MACS_LEN);
	memcpy(data + len, macs, MACS_LEN);
	rte_pktmbuf_adj(m, len);
}

#define RX_TAG_FLAGS                                                                      \
	(RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_QINQ_STRIPPED | RTE_MBUF_F_RX_VLAN | \
	 RTE_MBUF_F_RX_QINQ)

/* The driver does not say which protocol it was: the one that we know this id by. */
static uint16_t tag_proto(const struct link *link, uint16_t port, uint16_t tci)
{
	uint16_t id = tci & 0xfff;
	bool ad = vlan_find(link, port, VLAN_PROTO_Q, id) == PORT_NONE &&
		  vlan_find(link, port, VLAN_PROTO_AD, id) != PORT_NONE;

	return ad ? VLAN_PROTO_AD : VLAN_PROTO_Q;
}

static bool tag_put_back(const struct link *link, struct rte_mbuf *m, uint16_t port, uint16_t tci)
{
	return tag_push(m, vlan_tag(tag_proto(link, port, tci), tci));
}

static bool tags_put_back(const struct link *link, struct rte_mbuf *m, uint16_t port)
{
	uint64_t flags = m->ol_flags;

	m->ol_flags &= ~RX_TAG_FLAGS;
	if (!(flags & RTE_MBUF_F_RX_VLAN_STRIPPED))
		return true;
	if (flags & RTE_MBUF_F_RX_QINQ_STRIPPED)
		return tag_push(m, vlan_tag(VLAN_PROTO_Q, m->vlan_tci)) &&
		       tag_put_back(link, m, port, m->vlan_tci_outer);
	return tag_put_back(link, m, port, m->vlan_tci);
}

/* The outermost tag; false: there is none, or no whole one. */
static bool tag_read(struct rte_mbuf *m, uint16_t *proto, uint16_t *id)
{
	uint32_t tag;

	if (unlikely(m->data_len < MACS_LEN + TAG_LEN + sizeof(be16)) &&
	    (m->pkt_len < MACS_LEN + TAG_LEN + sizeof(be16) || rte_pktmbuf_linearize(m) < 0))
		return false;
	memcpy(&tag, rte_pktmbuf_mtod_offset(m, const char *, MACS_LEN), sizeof(tag));
	tag = rte_be_to_cpu_32(tag);
	*proto = (uint16_t)(tag >> 16);
	*id = tag & 0xfff;
	return *proto == VLAN_PROTO_Q || *proto == VLAN_PROTO_AD;
}

static void vlan_count_rx(struct link *link, uint16_t port, const struct rte_mbuf *m)
{
	link->counters[port].rx_packets++;
	link->counters[port].rx_bytes += m->pkt_len;
}

uint16_t vlan_input(struct worker *w, struct rte_mbuf *m, uint16_t port)
{
	struct link *link = w->link;
	uint16_t proto, id;

	if (unlikely(!tags_put_back(link, m, port))) {
		drop(w, m, DROP_ETH_SHORT);
		return PORT_NONE;
	}
	for (unsigned int i = 0; i < TAGS_MAX && tag_read(m, &proto, &id); i++) {
		uint16_t vlan = id ? vlan_find(link, port, proto, id) : port;

		if (vlan == PORT_NONE)
			break;
		tags_pop(m, 1);
		if (id == 0)
			continue;
		port = vlan;
		vlan_count_rx(link, port, m);
		if (unlikely(!link->ports[port].up)) {
			drop(w, m, DROP_VLAN_DOWN);
			return PORT_NONE;
		}
	}
	return port;
}

/* --- for the flow stage -------------------------------------------------------- */

/* Whose the frame is behind one more tag; a tag without id is in front of all others, if at all. */
static inline uint16_t vlan_next(const struct link *link, uint16_t device, uint16_t port,
				 uint16_t proto, uint16_t id)
{
	if (likely(id != 0))
		return vlan_find(link, port, proto, id);
	return port == device ? port : PORT_NONE;
}

/* Behind what the driver has taken out. */
static uint16_t vlan_behind_stripped(const struct link *link, const struct rte_mbuf *m,
				     uint16_t device)
{
	bool two = m->ol_flags & RTE_MBUF_F_RX_QINQ_STRIPPED;
	uint16_t tci = two ? m->vlan_tci_outer : m->vlan_tci;
	uint16_t port;

	if (rte_pktmbuf_headroom(m) < PORT_TAGS * TAG_LEN) /* they could not be put back */
		return PORT_NONE;
	port = vlan_next(link, device, device, tag_proto(link, device, tci), tci & 0xfff);
	if (two && port != PORT_NONE)
		port = vlan_next(link, device, port, VLAN_PROTO_Q, m->vlan_tci & 0xfff);
	return port;
}

/* Behind those in the frame, which are counted. */
static inline uint16_t vlan_behind_tags(const struct link *link, const struct rte_mbuf *m,
					uint16_t device, uint16_t port, uint16_t *n)
{
	const char *at = rte_pktmbuf_mtod_offset(m, const char *, MACS_LEN);
	uint32_t tag;

	for (*n = 0; port != PORT_NONE; (*n)++, at += TAG_LEN) {
		if (unlikely(m->data_len < MACS_LEN + (*n + 1u) * TAG_LEN))
			return PORT_NONE;
		memcpy(&tag, at, sizeof(tag));
		tag = rte_be_to_cpu_32(tag);
		if (tag >> 16 != VLAN_PROTO_Q && tag >> 16 != VLAN_PROTO_AD)
			return port;
		if (unlikely(*n == TAGS_MAX))
			return PORT_NONE;
		port = vlan_next(link, device, port, (uint16_t)(tag >> 16), tag & 0xfff);
	}
	return PORT_NONE;
}

uint16_t vlan_strip(const struct link *link, struct rte_mbuf *m, uint16_t device)
{
	uint16_t port = device, n;

	if (unlikely(m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED))
		port = vlan_behind_stripped(link, m, device);
	port = vlan_behind_tags(link, m, device, port, &n);
	if (unlikely(port == PORT_NONE || !link->ports[port].up))
		return PORT_NONE;
	tags_pop(m, n);
	m->ol_flags &= ~RX_TAG_FLAGS;
	return port;
}

void vlan_put_back(const struct link *link, struct rte_mbuf *m, uint16_t port)
{
	tags_push(m, link->ports[port].tags, link->ports[port].n_tags);
}

void vlan_count_stripped(struct link *link, uint16_t id, uint64_t packets, uint64_t bytes)
{
	for (; link->ports[id].kind == PORT_VLAN; id = link->ports[id].parent) {
		link->counters[id].rx_packets += packets;
		link->counters[id].rx_bytes += bytes;
		bytes += packets * TAG_LEN;
	}
}

/* --- out ----------------------------------------------------------------------- */

static void vlan_count_tx(struct link *link, uint16_t id, uint64_t packets, uint64_t bytes)
{
	for (; link->ports[id].kind == PORT_VLAN; id = link->ports[id].parent) {
		link->counters[id].tx_packets += packets;
		link->counters[id].tx_bytes += bytes;
	}
}

bool vlan_output(struct worker *w, struct rte_mbuf *m, uint16_t id)
{
	const struct port *port = &w->link->ports[id];
	uint32_t len = m->pkt_len;

	if (unlikely(!tags_push(m, port->tags, port->n_tags)))
		return false;
	m->l2_len = (uint64_t)(m->l2_len + (uint64_t)port->n_tags * TAG_LEN) & 0x7f;
	vlan_count_tx(w->link, id, 1, len);
	return true;
}

void vlan_output_all(struct worker *w, struct batch *out, uint16_t id)
{
	const struct port *port = &w->link->ports[id];
	struct batch *below = &w->link->tx[port->root];
	uint64_t packets = 0, bytes = 0;

	for (uint32_t i = 0; i < out->count; i++) {
		struct rte_mbuf *m = out->pkts[i];

		if (unlikely(!tags_push(m, port->tags, port->n_tags))) {
			drop(w, m, DROP_TX_PREPARE);
			continue;
		}
		packets++;
		bytes += m->pkt_len - port->n_tags * TAG_LEN;
		below->pkts[below->count++] = m;
	}
	out->count = 0;
	vlan_count_tx(w->link, id, packets, bytes);
}

void vlan_fill(const struct link *link, uint16_t parent, uint16_t proto, uint16_t id,
	       struct port *port)
{
	const struct port *below = &link->ports[parent];

	memset(port, 0, sizeof(*port));
	port->kind = PORT_VLAN;
	port->parent = parent;
	port->root = below->kind == PORT_VLAN ? below->root : parent;
	port->n_tags = below->n_tags;
	memcpy(port->tags, below->tags, sizeof(port->tags));
	port->tags[port->n_tags++] = vlan_tag(proto, id);
}
