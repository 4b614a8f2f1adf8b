/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/frag-table: one worker's datagrams of which fragments have come, named by
 * what their fragments have in common (RFC 791 3.2, RFC 8200 4.5). Bounded in
 * all and in each chain of its hash, which is keyed, so that nobody fills one.
 * All wait equally long, so the oldest is always the next whose time is over: of
 * each of three queues, by what has become of it.
 *
 * Fragments of a datagram meet on one worker, whatever queues they came by:
 * frag_owner() says on which. A worker has two such tables: of datagrams that
 * become whole here (net/reassembly), and of those whose fragments follow the
 * first one (net/frag_meet). Packets that are held by either are bounded
 * together, by a share of the pool, so that fragments that never become whole
 * leave the others their buffers.
 */
#ifndef NET_FRAG_TABLE_H
#define NET_FRAG_TABLE_H

#include "base/ip.h"
#include "base/list.h"
#include "net/net.h"
#include "packet/meta.h"
#include "worker/worker.h"

struct frag_key {
	union ip_addr src, dst;
	be32 id; /* as it stands in the packet; IPv4: 16 bits */
	uint8_t family;
	uint8_t proto; /* IPv4; 0 for IPv6, where fragments need not agree in it */
};

enum frag_queue {
	FRAG_WAITING, /* its first fragment has not come, or it becomes whole here */
	FRAG_GOING,   /* it has, but those that have waited for it are still held */
	FRAG_KNOWN,   /* nothing is held, and what comes may go on, or is refused */
	FRAG__QUEUES
};

struct frag_entry {
	struct list bucket; /* or of the free ones */
	struct list age;    /* of its queue */
	struct frag_key key;
	uint64_t since_ms;      /* that it is in its queue */
	struct rte_mbuf *first; /* of those held: by offset, linked by their meta's next_fragment */
	uint32_t have;          /* bytes that have come, where it becomes whole */
	uint32_t total;         /* 0: the last fragment has not come */
	uint16_t count;         /* of those held */
	bool refused;           /* some overlapped: neither these nor those to come are taken */
	uint8_t queue;          /* enum frag_queue */
	/* frag_meet's */
	bool known;    /* the first fragment has come, and what it said is below */
	uint8_t proto; /* of what is in the datagram */
	be16 sport, dport;
	uint16_t head;  /* bytes of its data that say so; no other fragment may begin there */
	uint64_t edges; /* of those that have come, see frag_meet.c */
	/* for the meta of all */
	be32 id6;
	be16 id4;
	uint32_t says;
};

struct frag_table {
	struct frag_config config;
	struct list *buckets;
	struct frag_entry *entries;
	uint32_t used; /* entries that were ever taken: those behind are untouched */
	struct list free;
	uint32_t n;                       /* in queues */
	struct list queues[FRAG__QUEUES]; /* oldest first */
};

/* NULL: no memory. Entries come zeroed but for their key and time. */
struct frag_table *frag_table_create(const struct frag_config *config);
void frag_table_destroy(struct frag_table *table);

/* Fills the key of a fragment whose meta is set. */
struct frag_key frag_key(const struct pkt_meta *meta);

/* 1 … n_workers, the same on all. */
unsigned int frag_owner(const struct worker *w, const struct frag_key *key);

/* `table` is one of this worker's. */
struct frag_entry *frag_find(const struct worker *w, const struct frag_table *table,
			     const struct frag_key *key);

/* The one that is there, or a new one, which waits. NULL: there is no room. */
struct frag_entry *frag_get(struct worker *w, struct frag_table *table, const struct frag_key *key);
void frag_remove(struct frag_table *table, struct frag_entry *entry);

/* Are there any? Asked in every turn. */
static inline bool frag_any(const struct frag_table *table)
{
	return table->n != 0;
}

/* Into that queue, as its youngest, if it is in another. */
void frag_move(struct worker *w, struct frag_table *table, struct frag_entry *entry,
	       enum frag_queue queue);

/* The oldest in that queue other than `but`, NULL: none. */
struct frag_entry *frag_oldest(struct frag_table *table, enum frag_queue queue,
			       const struct frag_entry *but);

/* That which has to go for one of this key to come: of a full bucket, or of a full table. */
struct frag_entry *frag_in_place_of(const struct worker *w, struct frag_table *table,
				    const struct frag_key *key);

/* One whose time is over, or any if `all`; NULL: none. */
struct frag_entry *frag_due(const struct worker *w, struct frag_table *table, bool all);

/* --- packets that are held, by all tables of a worker together --- */

#define FRAGMENTS_MAX 64 /* of a datagram: 65535 bytes in pieces of the smallest MTU of IPv6 */

static inline uint32_t frag_end(struct rte_mbuf *m)
{
	return (uint32_t)pkt_meta(m)->fragment_offset + pkt_meta(m)->fragment_len;
}

static inline bool frag_is_last(struct rte_mbuf *m)
{
	return !(pkt_meta(m)->flags & META_FRAGMENT_MORE);
}

/* May one more be held? */
bool frag_room(const struct worker *w);

/* The one behind which m belongs, or NULL. */
struct rte_mbuf *frag_place(const struct frag_entry *entry, struct rte_mbuf *m);

/* Holds m behind `before`, NULL: as the first. */
void frag_hold(struct worker *w, struct frag_entry *entry, struct rte_mbuf *before,
	       struct rte_mbuf *m);

/* The first of those held, which is held no more. NULL: there is none. */
struct rte_mbuf *frag_let_go(struct worker *w, struct frag_entry *entry);

/* All that is held of a datagram is dropped; and with m the rest that is still to come. */
void frag_drop_held(struct worker *w, struct frag_entry *entry, enum drop_reason reason);
void frag_refuse(struct worker *w, struct frag_entry *entry, struct rte_mbuf *m,
		 enum drop_reason reason);

#endif
