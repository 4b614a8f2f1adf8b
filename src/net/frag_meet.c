/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/frag-meet: see the header. Nothing is put together: the first fragment has
 * the ports, which are remembered, and all others follow it as they are. Those
 * that come before it are held, in the order of their offsets. When all of a
 * datagram has come, it is forgotten; else when its time is over.
 *
 * The host at the end puts the fragments together, and what it makes of those
 * that overlap is its own business. But none may be sent where it does not
 * belong: so there is one set of ports a datagram, and no fragment may begin
 * inside the header that names them (RFC 1858, RFC 5722). Who tries loses the
 * datagram, with what is still to come of it.
 *
 * Whether all has come is counted in bytes. A fragment that comes twice must not
 * count twice, or the last one would find its datagram forgotten: so one is
 * counted for each kilobyte in which fragments begin. Where there are more,
 * the datagram is just remembered until its time is over.
 */
#include "net/frag_meet.h"

#include <netinet/in.h>

#include <rte_icmp.h>
#include <rte_sctp.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "link/steer.h"
#include "net/frag_table.h"

#define PIECE 1024 /* 64 of them are the longest datagram */

/* Of the datagram's data, up to the end of the header with the ports. */
static uint16_t head_len(const struct pkt_meta *meta)
{
	uint32_t l4_len = meta->tuple.proto == IPPROTO_TCP    ? sizeof(struct rte_tcp_hdr)
			  : meta->tuple.proto == IPPROTO_UDP  ? sizeof(struct rte_udp_hdr)
			  : meta->tuple.proto == IPPROTO_SCTP ? sizeof(struct rte_sctp_hdr)
							      : sizeof(struct rte_icmp_hdr);

	return (uint16_t)(meta->l4_off - meta->fragment_at + l4_len);
}

static bool is_first(struct rte_mbuf *m)
{
	return !(pkt_meta(m)->flags & META_FRAGMENT_LATER);
}

/* Of two first fragments, or of one that begins inside the other. */
static bool contradicts(const struct frag_entry *entry, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct tuple *tuple = &meta->tuple;

	if (!entry->known)
		return false;
	if (!is_first(m))
		return meta->fragment_offset < entry->head;
	return tuple->proto != entry->proto || tuple->sport != entry->sport ||
	       tuple->dport != entry->dport || head_len(meta) != entry->head;
}

static void count(struct frag_entry *entry, struct rte_mbuf *m)
{
	uint64_t piece = UINT64_C(1) << (pkt_meta(m)->fragment_offset / PIECE);

	if (!(entry->seen & piece))
		entry->have += pkt_meta(m)->fragment_len;
	entry->seen |= piece;
	if (frag_is_last(m))
		entry->total = frag_end(m);
}

static void learn(struct frag_entry *entry, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);

	entry->known = true;
	entry->proto = meta->tuple.proto;
	entry->sport = meta->tuple.sport;
	entry->dport = meta->tuple.dport;
	entry->head = head_len(meta);
}

static void go_on(struct worker *w, const struct frag_entry *entry, struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);

	meta->tuple.proto = entry->proto;
	meta->tuple.sport = entry->sport;
	meta->tuple.dport = entry->dport;
	meta->flags |= META_FRAGMENT_MET;
	stage_push(w, STAGE_IPVS_INPUT, m);
}

/* The first one is here: the others may go on behind it. */
static void release(struct worker *w, struct frag_entry *entry)
{
	struct rte_mbuf *m;

	while ((m = frag_let_go(w, entry)) != NULL) {
		if (unlikely(contradicts(entry, m)))
			frag_refuse(w, entry, m, DROP_FRAG_OVERLAP);
		else
			go_on(w, entry, m);
	}
}

static void hold(struct worker *w, struct frag_entry *entry, struct rte_mbuf *m)
{
	if (entry->count == FRAGMENTS_MAX) {
		frag_refuse(w, entry, m, DROP_FRAG_MANY);
	} else if (!frag_room(w)) {
		drop(w, m, DROP_FRAG_FULL);
	} else {
		count(entry, m);
		frag_hold(w, entry, frag_place(entry, m), m);
	}
}

static void meet(struct worker *w, struct frag_entry *entry, struct rte_mbuf *m)
{
	if (entry->refused) {
		drop(w, m, DROP_FRAG_OVERLAP);
		return;
	}
	if (unlikely(contradicts(entry, m))) {
		frag_refuse(w, entry, m, DROP_FRAG_OVERLAP);
		return;
	}
	if (!is_first(m) && !entry->known) {
		hold(w, entry, m);
		return;
	}
	count(entry, m);
	if (!entry->known)
		learn(entry, m);
	go_on(w, entry, m);
	release(w, entry);
	if (entry->total && entry->have == entry->total && !entry->refused)
		frag_remove(w->net->frags_followed, entry);
}

void frag_meet(struct worker *w, struct rte_mbuf *m)
{
	struct frag_key key = frag_key(pkt_meta(m));
	unsigned int owner = frag_owner(w, &key);
	struct frag_entry *entry;

	if (owner != w->id) {
		steer_hand_over(w, m, owner);
		return;
	}
	/* that was to get here; whose connection it belongs to is still to be asked */
	pkt_meta(m)->flags &= (uint16_t) ~(META_HANDED_OVER | META_HANDED_TWICE);
	entry = frag_get(w, w->net->frags_followed, &key);
	if (unlikely(!entry))
		drop(w, m, DROP_FRAG_FULL);
	else
		meet(w, entry, m);
}

static void give_up(struct worker *w, bool all, enum drop_reason reason)
{
	struct frag_table *table = w->net->frags_followed;
	struct frag_entry *entry;

	while (unlikely((entry = frag_due(w, table, all)) != NULL)) {
		frag_drop_held(w, entry, reason);
		frag_remove(table, entry);
	}
}

void frag_meet_tick(struct worker *w)
{
	give_up(w, false, DROP_FRAG_TIMEOUT);
}

void frag_meet_shutdown(struct worker *w)
{
	give_up(w, true, DROP_SHUTDOWN);
}
