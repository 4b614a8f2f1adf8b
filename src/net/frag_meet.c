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
 * Whether all has come, however often it was cut, the fragments' edges tell: a
 * keyed number for each offset at which one begins or ends, all combined by
 * exclusive or. Where one ends and another begins they cancel, and if all is
 * there the first and the last edge are left. One that comes twice cancels
 * itself: its datagram is just remembered until its time is over.
 *
 * Datagrams that are new push out the oldest, and fragments that have to wait
 * those that have waited longest: a flood of either costs others their place
 * only if theirs come as slowly as the whole table is filled. What has waited
 * goes on as fast as the next stage's vector takes it, the rest turn by turn.
 *
 * Each datagram gets an identification of ours, for modes in which it leaves
 * from an address that it shares with others: their senders know nothing of
 * each other, and the receiver would put together what does not belong
 * together (RFC 4963, RFC 6864 5.3.1).
 */
#include "net/frag_meet.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_icmp.h>
#include <rte_sctp.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "link/steer.h"
#include "net/frag_table.h"
#include "net/ip4.h"
#include "net/ip6.h"

/* Of the next stage's vector, for those that have waited: as many may be pushed for others. */
#define GOING_MOST (BATCH_MAX / 2)

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

static uint64_t edge(const struct worker *w, uint32_t offset)
{
	return hash_words(&w->flow_key, offset, 0);
}

static void count(const struct worker *w, struct frag_entry *entry, struct rte_mbuf *m)
{
	entry->edges ^= edge(w, pkt_meta(m)->fragment_offset) ^ edge(w, frag_end(m));
	if (frag_is_last(m))
		entry->total = frag_end(m);
}

static bool is_whole(const struct worker *w, const struct frag_entry *entry)
{
	return entry->total && entry->edges == (edge(w, 0) ^ edge(w, entry->total));
}

/* See the meta's fragment_says. */
static uint32_t says(struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *l4 = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l4_off);
	const struct rte_tcp_hdr *th = (const struct rte_tcp_hdr *)l4;
	uint32_t before = meta->l4_off - meta->fragment_at;

	if (meta->tuple.proto == IPPROTO_UDP)
		return 0;
	if (meta->tuple.proto != IPPROTO_TCP)
		return *l4;
	return rte_be_to_cpu_32(th->sent_seq) - before - (th->data_off >> 4) * 4u +
	       !!(th->tcp_flags & RTE_TCP_SYN_FLAG) + !!(th->tcp_flags & RTE_TCP_FIN_FLAG);
}

static bool has_header(const struct pkt_meta *meta)
{
	uint8_t proto = meta->tuple.proto;

	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || tuple_is_icmp(&meta->tuple);
}

static void learn(struct worker *w, struct frag_entry *entry, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);

	entry->known = true;
	entry->proto = meta->tuple.proto;
	entry->sport = meta->tuple.sport;
	entry->dport = meta->tuple.dport;
	entry->head = head_len(meta);
	entry->says = has_header(meta) ? says(m) : 0;
	entry->id4 = ip4_next_id(w);
	entry->id6 = ip6_next_id(w);
}

static void go_on(struct worker *w, const struct frag_entry *entry, struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);

	meta->tuple.proto = entry->proto;
	meta->tuple.sport = entry->sport;
	meta->tuple.dport = entry->dport;
	meta->fragment_id4 = entry->id4;
	meta->fragment_id6 = entry->id6;
	meta->fragment_says = entry->says;
	meta->flags |= META_FRAGMENT_MET;
	stage_push(w, STAGE_IPVS_INPUT, m);
}

static void refuse(struct worker *w, struct frag_entry *entry, struct rte_mbuf *m,
		   enum drop_reason reason)
{
	frag_refuse(w, entry, m, reason);
	frag_move(w, w->net->frags_followed, entry, FRAG_KNOWN);
}

/* The first one is here: the others go on behind it. */
static void release(struct worker *w, struct frag_entry *entry)
{
	struct frag_table *table = w->net->frags_followed;

	while (entry->first && w->stage_in[STAGE_IPVS_INPUT].count < GOING_MOST) {
		struct rte_mbuf *m = frag_let_go(w, entry);

		if (unlikely(contradicts(entry, m)))
			refuse(w, entry, m, DROP_FRAG_OVERLAP);
		else
			go_on(w, entry, m);
	}
	if (unlikely(entry->first))
		frag_move(w, table, entry, FRAG_GOING);
	else if (is_whole(w, entry) && !entry->refused)
		frag_remove(table, entry);
	else
		frag_move(w, table, entry, FRAG_KNOWN);
}

/* It makes room for others. */
static void forget(struct worker *w, struct frag_entry *entry)
{
	frag_drop_held(w, entry, DROP_FRAG_FULL);
	frag_remove(w->net->frags_followed, entry);
	w->counters.fragments_forgotten++;
}

/* For one more of this datagram. false: there is none. */
static bool make_room(struct worker *w, const struct frag_entry *entry)
{
	struct frag_entry *oldest;

	while (unlikely(!frag_room(w))) {
		oldest = frag_oldest(w->net->frags_followed, FRAG_WAITING, entry);
		if (!oldest)
			return false;
		forget(w, oldest);
	}
	return true;
}

static void hold(struct worker *w, struct frag_entry *entry, struct rte_mbuf *m)
{
	if (entry->count == FRAGMENTS_MAX) {
		refuse(w, entry, m, DROP_FRAG_MANY);
	} else if (!make_room(w, entry)) {
		drop(w, m, DROP_FRAG_FULL);
	} else {
		count(w, entry, m);
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
		refuse(w, entry, m, DROP_FRAG_OVERLAP);
		return;
	}
	if (!is_first(m) && !entry->known) {
		hold(w, entry, m);
		return;
	}
	count(w, entry, m);
	if (!entry->known)
		learn(w, entry, m);
	go_on(w, entry, m);
	release(w, entry);
}

static struct frag_entry *place(struct worker *w, const struct frag_key *key)
{
	struct frag_table *table = w->net->frags_followed;
	struct frag_entry *entry = frag_get(w, table, key);

	if (likely(entry))
		return entry;
	forget(w, frag_in_place_of(w, table, key));
	return frag_get(w, table, key);
}

void frag_meet(struct worker *w, struct rte_mbuf *m)
{
	struct frag_key key = frag_key(pkt_meta(m));
	unsigned int owner = frag_owner(w, &key);

	if (owner != w->id) {
		steer_hand_over(w, m, owner);
		return;
	}
	/* that was to get here; whose connection it belongs to is still to be asked */
	pkt_meta(m)->flags &= (uint16_t) ~(META_HANDED_OVER | META_HANDED_TWICE);
	meet(w, place(w, &key), m);
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
	struct frag_table *table = w->net->frags_followed;
	struct frag_entry *entry;

	if (likely(!frag_any(table)))
		return;
	while (unlikely((entry = frag_oldest(table, FRAG_GOING, NULL)) != NULL) &&
	       w->stage_in[STAGE_IPVS_INPUT].count < GOING_MOST)
		release(w, entry);
	give_up(w, false, DROP_FRAG_TIMEOUT);
}

void frag_meet_shutdown(struct worker *w)
{
	give_up(w, true, DROP_SHUTDOWN);
}
