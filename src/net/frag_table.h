/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/frag-table: one worker's datagrams of which fragments have come, named by
 * what their fragments have in common (RFC 791 3.2, RFC 8200 4.5). Bounded in
 * all and in each chain of its hash, which is keyed, so that nobody fills one.
 * All wait equally long, so the oldest is always the next whose time is over.
 *
 * Fragments of a datagram meet on one worker, whatever queues they came by:
 * frag_owner() says on which.
 */
#ifndef NET_FRAG_TABLE_H
#define NET_FRAG_TABLE_H

#include "base/ip.h"
#include "base/list.h"
#include "net/net.h"
#include "worker/worker.h"

struct frag_key {
	union ip_addr src, dst;
	be32 id; /* as it stands in the packet; IPv4: 16 bits */
	uint8_t family;
	uint8_t proto; /* IPv4; 0 for IPv6, where fragments need not agree in it */
};

struct frag_entry {
	struct list bucket; /* or of the free ones */
	struct list age;
	struct frag_key key;
	uint64_t since_ms; /* of the first that came */
	/* reassembly's */
	struct rte_mbuf *first; /* by offset, linked by their meta's next_fragment */
	uint32_t have;          /* bytes that are here */
	uint32_t total;         /* 0: the last fragment has not come */
	uint16_t count;
	bool refused; /* some overlapped: neither these nor those to come are taken */
};

struct frag_table;

/* NULL: no memory. Entries come zeroed but for their key and time. */
struct frag_table *frag_table_create(const struct frag_config *config);
void frag_table_destroy(struct frag_table *table);

/* Fills the key of a fragment whose meta is set. */
struct frag_key frag_key(const struct pkt_meta *meta);

/* 1 … n_workers, the same on all. */
unsigned int frag_owner(const struct worker *w, const struct frag_key *key);

struct frag_entry *frag_find(const struct worker *w, const struct frag_key *key);

/* NULL: there is no room. */
struct frag_entry *frag_add(struct worker *w, const struct frag_key *key);
void frag_remove(struct worker *w, struct frag_entry *entry);

/* The oldest, if its time is over, or if `all`; NULL: none. */
struct frag_entry *frag_due(const struct worker *w, bool all);

#endif
