/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/vlan: tags in and out, and the index that finds a VLAN by its parent
 * and tag: a small open hash of each worker's own, made anew when a VLAN comes
 * or goes. Tags lie in the frame: what a driver has taken out is put back
 * first, since it is seldom and we ask none to do it. A tag with id 0 says a
 * priority only, and the frame is the port's own. An unknown tag stays where
 * it is, so the kernel gets the frame as it came.
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

/* Puts a tag between addresses and type. */
static bool tag_push(struct rte_mbuf *m, be32 tag)
{
	char *data = rte_pktmbuf_prepend(m, TAG_LEN);

	if (unlikely(!data))
		return false;
	memmove(data, data + TAG_LEN, MACS_LEN);
	memcpy(data + MACS_LEN, &tag, TAG_LEN);
	return true;
}

static void tag_pop(struct rte_mbuf *m)
{
	char *data = rte_pktmbuf_mtod(m, char *);

	memmove(data + TAG_LEN, data, MACS_LEN);
	rte_pktmbuf_adj(m, TAG_LEN);
}

/* The driver does not say which protocol it was: the one that we know this id by. */
static bool tag_put_back(const struct link *link, struct rte_mbuf *m, uint16_t port, uint16_t tci)
{
	uint16_t id = tci & 0xfff;
	bool ad = vlan_find(link, port, VLAN_PROTO_Q, id) == PORT_NONE &&
		  vlan_find(link, port, VLAN_PROTO_AD, id) != PORT_NONE;

	return tag_push(m, vlan_tag(ad ? VLAN_PROTO_AD : VLAN_PROTO_Q, tci));
}

static bool tags_put_back(const struct link *link, struct rte_mbuf *m, uint16_t port)
{
	uint64_t flags = m->ol_flags;

	m->ol_flags &= ~(RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_QINQ_STRIPPED |
			 RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_QINQ);
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
		tag_pop(m);
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

bool vlan_output(struct worker *w, struct rte_mbuf *m, uint16_t id)
{
	const struct port *port = &w->link->ports[id];
	uint32_t len = m->pkt_len;

	for (unsigned int i = port->n_tags; i > 0; i--)
		if (unlikely(!tag_push(m, port->tags[i - 1])))
			return false;
	m->l2_len = (uint64_t)(m->l2_len + (uint64_t)port->n_tags * TAG_LEN) & 0x7f;
	for (; port->kind == PORT_VLAN; id = port->parent, port = &w->link->ports[id]) {
		w->link->counters[id].tx_packets++;
		w->link->counters[id].tx_bytes += len;
	}
	return true;
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
