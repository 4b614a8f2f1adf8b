/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/reassembly: see the header. What is held is bounded: datagrams by the
 * table, fragments a datagram, and packets in all (net/frag_table).
 *
 * Fragments may come in any order, and twice. Two that overlap and are not the
 * same are an attack, in IPv6 by RFC 5722 and in IPv4 all the same (RFC 1858,
 * RFC 3128): the datagram is refused, with what is here and what is still to
 * come, until its time is over. If that is over while the first fragment is
 * here, who sent it is told (RFC 792, RFC 4443 3.3).
 */
#include "net/reassembly.h"

#include <string.h>

#include <rte_ether.h>

#include "link/steer.h"
#include "net/frag_table.h"
#include "net/ip.h"
#include "net/ip4_int.h"
#include "net/ip6.h"
#include "net/ip6_headers.h"
#include "net/net.h"
#include "net/segments.h"

static struct rte_mbuf *next_of(struct rte_mbuf *m)
{
	return pkt_meta(m)->next_fragment;
}

/* As long as the datagram's length field can say, which counts the header in IPv4 only. */
static bool fits(unsigned int family, uint32_t len)
{
	return family == AF_INET ? len <= UINT16_MAX : len - IP6_HEADER_LEN <= UINT16_MAX;
}

/* Of a fragment alone. In IPv6 its sender is told what is wrong (RFC 8200 4.5). */
static bool length_right(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	uint32_t headers = meta->fragment_at, pointer = offsetof(struct rte_ipv6_hdr, payload_len);

	if (meta->tuple.family == AF_INET6)
		headers -= IP6_FRAGMENT_LEN;
	if (unlikely(!fits(meta->tuple.family, headers + frag_end(m))))
		pointer = headers + offsetof(struct ip6_fragment_header, offset);
	else if (likely(meta->fragment_len && (frag_is_last(m) || meta->fragment_len % 8 == 0)))
		return true;
	if (meta->tuple.family == AF_INET6 && meta->fragment_len)
		ip_send_error(w, m, IP_ERROR_HEADER, pointer, NULL);
	drop(w, m, DROP_FRAG_LENGTH);
	return false;
}

/* What the last fragment says of the datagram's length holds for all. */
static bool end_right(struct frag_entry *entry, struct rte_mbuf *m)
{
	struct rte_mbuf *last = entry->first;

	if (!frag_is_last(m))
		return !entry->total || frag_end(m) < entry->total;
	if (entry->total && entry->total != frag_end(m))
		return false;
	while (last && next_of(last))
		last = next_of(last);
	return !last || frag_end(last) <= frag_end(m);
}

static bool is_same(struct rte_mbuf *a, struct rte_mbuf *b)
{
	const struct pkt_meta *x = pkt_meta(a), *y = pkt_meta(b);

	return x->fragment_offset == y->fragment_offset && x->fragment_len == y->fragment_len &&
	       frag_is_last(a) == frag_is_last(b) &&
	       segments_equal(a, x->fragment_at, b, y->fragment_at, x->fragment_len);
}

static void store(struct worker *w, struct frag_entry *entry, struct rte_mbuf *before,
		  struct rte_mbuf *m)
{
	entry->have += pkt_meta(m)->fragment_len;
	if (frag_is_last(m))
		entry->total = frag_end(m);
	frag_hold(w, entry, before, m);
}

/* All that is behind the headers of the others, behind the first's. */
static struct rte_mbuf *join(struct worker *w, struct frag_entry *entry)
{
	struct rte_mbuf *whole = entry->first, *m, *next;

	for (m = next_of(whole); m; m = next) {
		next = next_of(m);
		rte_pktmbuf_adj(m, pkt_meta(m)->fragment_at);
		rte_pktmbuf_chain(whole, m);
		/* it is none by itself any more */
		w->drops[DROP_FRAG_JOINED]++;
		w->counters.dropped++;
	}
	w->held -= entry->count;
	w->net->frags_held -= entry->count;
	return whole;
}

static enum stage_id whole4(struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *);

	ip->fragment_offset = 0;
	ip->total_length = rte_cpu_to_be_16((uint16_t)m->pkt_len);
	ip4_checksum(ip);
	return STAGE_IP4_INPUT;
}

/* Without its fragment header, of which the header before it knows nothing any more. What is in
 * front moves along: kernel-tx wants the Ethernet header there. */
static enum stage_id whole6(struct rte_mbuf *m)
{
	uint16_t front = RTE_MIN(rte_pktmbuf_headroom(m), (uint16_t)RTE_ETHER_HDR_LEN);
	struct ip6_chain chain;
	uint8_t *data;

	ip6_walk(m, &chain);
	data = rte_pktmbuf_mtod(m, uint8_t *);
	data[chain.fragment_next_off] = data[chain.fragment_off];
	memmove(data - front + IP6_FRAGMENT_LEN, data - front, (size_t)front + chain.fragment_off);
	rte_pktmbuf_adj(m, IP6_FRAGMENT_LEN);
	rte_pktmbuf_mtod(m, struct rte_ipv6_hdr *)->payload_len =
		rte_cpu_to_be_16((uint16_t)(m->pkt_len - IP6_HEADER_LEN));
	return STAGE_IP6_INPUT;
}

static void complete(struct worker *w, struct frag_entry *entry)
{
	struct rte_mbuf *whole = join(w, entry);
	bool ip4 = entry->key.family == AF_INET;

	frag_remove(w->net->frags, entry);
	if (!fits(entry->key.family, whole->pkt_len - (ip4 ? 0 : IP6_FRAGMENT_LEN))) {
		drop(w, whole, DROP_FRAG_LENGTH);
		return;
	}
	whole->ol_flags &= ~(RTE_MBUF_F_RX_L4_CKSUM_MASK | RTE_MBUF_F_RX_IP_CKSUM_MASK);
	stage_push(w, ip4 ? whole4(whole) : whole6(whole), whole);
}

static void take_into(struct worker *w, struct frag_entry *entry, struct rte_mbuf *m)
{
	struct rte_mbuf *before = frag_place(entry, m);
	struct rte_mbuf *behind = before ? next_of(before) : entry->first;

	if (entry->refused) {
		drop(w, m, DROP_FRAG_OVERLAP);
	} else if (before && is_same(before, m)) {
		drop(w, m, DROP_FRAG_DUPLICATE);
	} else if (!end_right(entry, m) ||
		   (before && frag_end(before) > pkt_meta(m)->fragment_offset) ||
		   (behind && frag_end(m) > pkt_meta(behind)->fragment_offset)) {
		frag_refuse(w, entry, m, DROP_FRAG_OVERLAP);
	} else if (entry->count == FRAGMENTS_MAX) {
		frag_refuse(w, entry, m, DROP_FRAG_MANY);
	} else if (!frag_room(w)) {
		drop(w, m, DROP_FRAG_FULL);
	} else {
		store(w, entry, before, m);
		if (entry->total && entry->have == entry->total)
			complete(w, entry);
	}
}

void reassembly_take(struct worker *w, struct rte_mbuf *m)
{
	struct frag_key key = frag_key(pkt_meta(m));
	unsigned int owner = frag_owner(w, &key);
	struct frag_entry *entry;

	if (owner != w->id && !(pkt_meta(m)->flags & META_HANDED_OVER)) {
		steer_hand_over(w, m, owner);
		return;
	}
	if (!length_right(w, m))
		return;
	entry = frag_get(w, w->net->frags, &key);
	if (unlikely(!entry))
		drop(w, m, DROP_FRAG_FULL);
	else
		take_into(w, entry, m);
}

void reassembly_tick(struct worker *w)
{
	struct frag_entry *entry;

	if (likely(!frag_any(w->net->frags)))
		return;
	while (unlikely((entry = frag_due(w, w->net->frags, false)) != NULL)) {
		if (entry->first && pkt_meta(entry->first)->fragment_offset == 0)
			ip_send_error(w, entry->first, IP_ERROR_REASSEMBLY, 0, NULL);
		frag_drop_held(w, entry, DROP_FRAG_TIMEOUT);
		frag_remove(w->net->frags, entry);
	}
}

void reassembly_shutdown(struct worker *w)
{
	struct frag_entry *entry;

	while ((entry = frag_due(w, w->net->frags, true)) != NULL) {
		frag_drop_held(w, entry, DROP_SHUTDOWN);
		frag_remove(w->net->frags, entry);
	}
}
