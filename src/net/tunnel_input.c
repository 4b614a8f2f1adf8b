/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/tunnel-input: what arrives from a tunnel's other end. The headers come
 * off, and the inner packet goes in by the front door: it is checked, belongs
 * to services and is routed as if it had come by a wire. GRE's checksum is
 * asked for or not, as the tunnel says, and what has one unasked is no packet
 * of the tunnel's, as in Linux. Sequence numbers are read over unless the tunnel
 * wants them: then a packet behind one that was sent later is dropped, as each
 * worker has seen them; one other end's packets are one worker's, as far as ports
 * spread by addresses. ICMP errors about what we
 * have sent to the other end go on to who sent what was inside.
 */
#include "net/net.h"
#include "net/tunnel_device_int.h"
#include "net/tunnel_quote.h"
#include "packet/meta.h"
#include "worker/worker.h"

/* Why this tunnel does not take it; DROP__COUNT: it does. */
static unsigned int refused(const struct tunnel_device *device, const struct encap_found *found)
{
	if (!(device->config.inner & tunnel_inner_bit(found->family)))
		return DROP_TUNNEL_FAMILY;
	if ((found->flags ^ device->config.iflags) & ENCAP_CSUM)
		return DROP_TUNNEL_CHECKSUM;
	return DROP__COUNT;
}

/* Does the tunnel want numbers, and is this none, or one that has been overtaken? */
static bool overtaken(struct tunnel_device *device, const struct encap_found *found)
{
	if (likely(!(device->config.iflags & ENCAP_SEQ)))
		return false;
	if (!(found->flags & ENCAP_SEQ) ||
	    (device->numbered && (int32_t)(found->seq - device->expected) < 0))
		return true;
	device->numbered = true;
	device->expected = found->seq + 1;
	return false;
}

static void tunnel_receive(struct worker *w, struct rte_mbuf *m, uint16_t id,
			   const struct encap_found *found)
{
	struct port_counters *counters = &w->link->counters[id];
	struct tunnel_device *device = &w->net->tunnels->of[id];
	unsigned int why = refused(device, found);
	enum drop_reason reason;

	if (why == DROP__COUNT && unlikely(overtaken(device, found)))
		why = DROP_TUNNEL_SEQUENCE;
	reason = (enum drop_reason)why;
	if (unlikely(why != DROP__COUNT || !encap_strip(m, found, &reason))) {
		counters->rx_errors++;
		drop(w, m, reason);
		return;
	}
	counters->rx_packets++;
	counters->rx_bytes += m->pkt_len;
	pkt_meta(m)->flags = (uint16_t)((pkt_meta(m)->flags & META_INNERS) + META_INNER);
	pkt_meta(m)->in_port = id;
	stage_push(w, found->family == AF_INET ? STAGE_IP4_INPUT : STAGE_IP6_INPUT, m);
}

void tunnel_device_input(struct worker *w, struct rte_mbuf *m)
{
	struct encap_found found;
	enum drop_reason reason;
	uint16_t id;

	if (unlikely(!encap_read(m, &found, &reason))) {
		w->link->counters[tunnel_device_find(w, &pkt_meta(m)->tuple, NULL)].rx_errors++;
		drop(w, m, reason);
		return;
	}
	id = tunnel_device_find(w, &pkt_meta(m)->tuple, &found);
	if (unlikely(id == PORT_NONE))
		drop(w, m, DROP_TUNNEL_KEY);
	else if (unlikely((pkt_meta(m)->flags & META_INNERS) == META_INNERS))
		drop(w, m, DROP_TUNNEL_LOOP); /* as deep as those go that we send */
	else if (unlikely(!port_exists(w->link, id) || !w->link->ports[id].up))
		drop(w, m, DROP_TUNNEL_DOWN);
	else
		tunnel_receive(w, m, id, &found);
}

bool tunnel_device_error(struct worker *w, struct rte_mbuf *m)
{
	struct tunnel_quote quote;
	bool learnt;

	if (!w->net->tunnels->n || !tunnel_quote_read(m, &quote) ||
	    !tunnel_device_sends(w, &quote.outer, &quote.found))
		return false;
	learnt = tunnel_quote_learn(w, m, &quote);
	if (tunnel_quote_read_inner(m, &quote))
		tunnel_quote_tell(w, m, &quote, NULL);
	else if (learnt)
		drop(w, m, DROP_TUNNEL_ERROR);
	else
		return false;
	return true;
}
