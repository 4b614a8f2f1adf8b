/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/tx: the last stage. It finishes in software what a packet asks of the
 * port and the port does not offer (L4 and IPv4 checksums), and hands each
 * port its frames in one burst. What a port does not take is dropped and
 * counted at once: waiting would only move the loss to the receive side.
 */
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "link/eth.h"
#include "link/port.h"
#include "link/vlan.h"
#include "packet/csum.h"

static uint16_t tx_offload_wanted(const struct rte_mbuf *m)
{
	uint16_t wanted = m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM ? PORT_TX_IP4_CSUM : 0;

	switch (m->ol_flags & RTE_MBUF_F_TX_L4_MASK) {
	case RTE_MBUF_F_TX_TCP_CKSUM:
		return wanted | PORT_TX_TCP_CSUM;
	case RTE_MBUF_F_TX_UDP_CKSUM:
		return wanted | PORT_TX_UDP_CSUM;
	default:
		return wanted;
	}
}

/* The frame is ours to write, its headers lie in the first segment. */
static void tx_finish_l4(struct rte_mbuf *m)
{
	uint16_t l3_len = m->l3_len;
	bool tcp = (m->ol_flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_TCP_CKSUM;
	uint16_t field = tcp ? offsetof(struct rte_tcp_hdr, cksum)
			     : offsetof(struct rte_udp_hdr, dgram_cksum);
	be16 *csum;

	rte_pktmbuf_adj(m, m->l2_len);
	csum = rte_pktmbuf_mtod_offset(m, be16 *, l3_len + field);
	*csum = 0;
	*csum = csum_l4_ip4(m, l3_len, tcp ? IPPROTO_TCP : IPPROTO_UDP);
	rte_pktmbuf_prepend(m, m->l2_len);
	m->ol_flags &= ~RTE_MBUF_F_TX_L4_MASK;
}

static void tx_finish(const struct port *port, struct rte_mbuf *m)
{
	uint16_t missing = tx_offload_wanted(m) & (uint16_t)~port->offloads;

	if (likely(!missing))
		return;
	if (missing & PORT_TX_IP4_CSUM) {
		struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *,
								  m->l2_len);

		ip->hdr_checksum = 0;
		ip->hdr_checksum = csum_finish(csum_sum(ip, m->l3_len, 0));
		m->ol_flags &= ~RTE_MBUF_F_TX_IP_CKSUM;
	}
	if (missing & (PORT_TX_TCP_CSUM | PORT_TX_UDP_CSUM))
		tx_finish_l4(m);
}

static void tx_flush(struct worker *w, uint16_t id)
{
	struct link *link = w->link;
	const struct port *port = &link->ports[id];
	struct batch *out = &link->tx[id];
	uint32_t sent = 0;

	while (sent < out->count) {
		uint16_t n = port->ops->tx(port->handle, link->txq[id], out->pkts + sent,
					   (uint16_t)RTE_MIN(out->count - sent, BATCH_BURST));

		if (n == 0)
			break;
		sent += n;
	}
	w->counters.sent += sent;
	link->tx_dropped[id] += out->count - sent;
	for (uint32_t i = sent; i < out->count; i++)
		drop(w, out->pkts[i], DROP_TX_FULL);
	out->count = 0;
}

/* Those of devices; true: there are VLANs' too, which lie in their devices' vectors now. */
static bool tx_flush_devices(struct worker *w)
{
	bool tagged = false;

	for (uint16_t id = 0; id < w->link->n_ports; id++) {
		if (!w->link->tx[id].count)
			continue;
		if (unlikely(w->link->ports[id].kind == PORT_VLAN)) {
			vlan_output_all(w, &w->link->tx[id], id);
			tagged = true;
		} else {
			tx_flush(w, id);
		}
	}
	return tagged;
}

void link_send_all(struct worker *w)
{
	if (unlikely(tx_flush_devices(w)))
		tx_flush_devices(w);
}

/* The device that a VLAN's frame leaves by, its tags in; PORT_NONE: it was dropped. */
static uint16_t tx_vlan(struct worker *w, struct rte_mbuf *m, uint16_t id)
{
	uint16_t root = w->link->ports[id].root;

	if (likely(vlan_output(w, m, id)))
		return root;
	drop(w, m, DROP_TX_PREPARE);
	return PORT_NONE;
}

void link_tx(struct worker *w, struct batch *in)
{
	struct link *link = w->link;

	for (uint32_t i = 0; i < in->count; i++) {
		struct rte_mbuf *m = in->pkts[i];
		uint16_t id = pkt_meta(m)->out_port;
		const struct port *port;

		if (unlikely(id >= link->n_ports || !link->ports[id].up ||
			     link->txq[id] == PORT_QUEUE_NONE)) {
			drop(w, m, port_exists(link, id) ? DROP_PORT_DOWN : DROP_PORT_GONE);
			continue;
		}
		if (unlikely(link->ports[id].kind == PORT_VLAN)) {
			id = tx_vlan(w, m, id);
			if (id == PORT_NONE)
				continue;
		}
		port = &link->ports[id];
		if (unlikely(m->nb_segs > 1 && !(port->offloads & PORT_TX_MULTI_SEG) &&
			     rte_pktmbuf_linearize(m) < 0)) {
			drop(w, m, DROP_TX_PREPARE);
			continue;
		}
		if (unlikely(m->ol_flags & (RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK)))
			tx_finish(port, m);
		link->tx[id].pkts[link->tx[id].count++] = m;
	}
	link_send_all(w);
}
