/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/service: one worker's virtual services, their real servers (dests) and
 * local addresses (laddrs). They are replicated configuration: the master
 * chooses the ids, and ops change all workers' tables alike (service.c, dest.c,
 * laddr.c); the counters in them are each worker's own, written by it alone and
 * read by the master. Tables are regions indexed by id, so a pointer got here
 * stays good until the id is freed.
 *
 * What is removed while connections refer to it leaves the service's list (or
 * the lookup) at once, but can be reached by its id until the connections of
 * all workers are gone; added again meanwhile, it comes back with its counts.
 * So a connection may keep ids of all three for as long as it is counted:
 * dest_conn_new() and laddr_conn_new() to dest_conn_free() and
 * laddr_conn_free().
 */
#ifndef IPVS_SERVICE_H
#define IPVS_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_branch_prediction.h>

#include "base/hash.h"
#include "base/ip.h"
#include "base/region.h"
#include "ipvs/conn.h"
#include "ipvs/addr_count.h"
#include "ipvs/id_hash.h"
#include "ipvs/lport.h"
#include "ipvs/limit.h"
#include "ipvs/sched/sched.h"
#include "packet/encap.h"
#include "worker/worker.h"

#define SERVICE_NONE UINT32_MAX
#define DEST_NONE    UINT32_MAX
#define LADDR_NONE   UINT32_MAX

#define SERVICE_MAX     (1u << 18)
#define DEST_MAX        (1u << 20)
#define LADDR_MAX       (1u << 20)
#define SERVICE_BUCKETS (1u << 16)
#define MATCH_MAX       256u /* services by match, removed ones included */

struct ipvs_counters {
	uint64_t conns, inpkts, outpkts, inbytes, outbytes;
};

enum dest_flag {
	DEST_LIMITED =
		2, /* it has an upper threshold: each of its connections has a place of limit */
	DEST_REMOVED = 4, /* not in its service's list any more */
	DEST_ANSWERS = 8, /* in `answering`: it is or was in NAT mode */
	DEST_HOLDS = 16,  /* the master's: its address is one of ours for it, see hold.h */
};

/* First what packets of its connections touch, then what new ones do. */
struct dest {
	struct ipvs_counters counters;
	uint32_t service;        /* id */
	uint32_t conn_timeout_s; /* its service's */
	uint32_t stamp; /* as of which `adj` is the way to it, see ipvs/flow; 0: not known yet */
	uint16_t adj;
	uint16_t slot;       /* of its address's stamp */
	uint32_t head_stamp; /* as of which its tunnel's headers are made, see flow_aside.c; 0: none
			      */
	uint32_t head_addrs; /* ... and of which addresses of ours */
	uint32_t active;     /* connections of this worker */
	uint32_t inactive;
	struct limit *limit; /* of all workers together, when DEST_LIMITED */
	uint32_t weight;
	uint16_t flags; /* enum dest_flag */
	be16 port;      /* 0: the one that the client asked for, see dest_port() */
	union ip_addr addr;
	uint16_t family;
	uint8_t forward;  /* enum api_forward */
	uint8_t n_others; /* workers but this one */
	uint32_t id;
	uint32_t serial;          /* of its creation, never reused; 0: the id is free */
	int32_t others_active;    /* load.h's */
	int32_t others_inactive;  /* ... */
	uint32_t last_weight;     /* before it became 0 */
	struct limit_marks marks; /* as configured, for all workers together; upper 0: none */
	uint32_t next_removed;    /* ids: its neighbours in the service's list of removed servers */
	uint32_t prev_removed;
	uint64_t order;      /* of its adding to the service: grows */
	uint32_t persistent; /* templates of this worker */
	uint32_t on_remove;  /* enum api_on_remove: its service's when it was removed */
	be16 tun_port;       /* of its tunnel, as configured: enum api_tunnel, */
	uint8_t tun_type;
	uint8_t tun_flags; /* ... enum api_tunnel_flag */
	be16 port_last;    /* of the public ports from `port` on (SNAT); 0: all */
} __attribute__((aligned(64)));
_Static_assert(offsetof(struct dest, active) == 64, "packets touch the first line only");
_Static_assert(offsetof(struct dest, active) % 8 == 0 &&
		       offsetof(struct dest, inactive) == offsetof(struct dest, active) + 4,
	       "both counts are read by one load");

enum laddr_flag {
	LADDR_REMOVED = 1,
	LADDR_HOLDS = 2,     /* the master's, see hold.h */
	LADDR_TENTATIVE = 4, /* as of addrs_seen: it may yet be another host's */
};

struct laddr {
	union ip_addr addr;
	uint16_t family;
	uint16_t flags; /* enum laddr_flag */
	uint32_t id;
	uint32_t serial;       /* 0: the id is free */
	uint32_t service;      /* id */
	uint64_t conns;        /* connections of this worker that use it */
	uint64_t conflicts;    /* it had no free port */
	uint32_t next_removed; /* ids */
	uint32_t prev_removed;
	uint32_t addrs_seen; /* which addresses of ours there were when its flag was set */
	uint64_t order;      /* of its adding to the service: grows */
	char dev[API_NAME_LEN];
} __attribute__((aligned(64)));

/* Protocol of the service of a firewall mark, whose name stands in the place of its address. */
#define SERVICE_MARKED 0

struct service_key {
	union ip_addr addr;
	uint16_t family;
	be16 port;
	uint8_t proto;
	uint8_t reserved[3]; /* 0 */
	/* NULL: by address and port; else by this, and those are 0. In a table it is the service's
	 * own */
	const struct api_match *match;
};

enum service_flag {
	SERVICE_REMOVED = 1, /* not found by lookup any more */
	/* how its connections' owners are found, ever since it had such servers; see owner.h */
	SERVICE_BY_FLOW = 2,
	SERVICE_BY_CLIENT = 4,
	SERVICE_STALE = 8,       /* master: its scheduler's table is of other servers */
	SERVICE_SLOW_OPEN = 16,  /* the flow stage opens no connections of it */
	SERVICE_ONE_PACKET = 32, /* each of its connections ends with its first packet */
};

struct service {
	struct ipvs_counters counters;
	const struct scheduler *sched;
	void *sched_priv;
	const void *sched_table;     /* what sched->build() made: the same for all workers */
	struct service_table *table; /* this is in it */
	struct dest **dests;         /* usable or not, the last added first */
	uint32_t n_dests;
	struct laddr **laddrs; /* in the order they were added, both families */
	uint32_t n_laddrs;
	uint32_t max_laddrs;
	uint32_t next_laddr; /* round robin */
	struct service_key key;
	uint16_t flags;  /* enum service_flag */
	uint16_t worker; /* whose table this is in, 0 master */
	uint32_t n_workers;
	uint32_t conn_timeout_s; /* of established connections; 0: the protocol's */
	uint32_t sched_flags;    /* enum api_service_flag: those of its scheduler */
	uint32_t persist_s;      /* of a client's template; 0: it is not persistent */
	uint32_t persist_plen;   /* of the clients that have one together */
	uint32_t on_remove;      /* enum api_on_remove */
	uint32_t next_stale;     /* master: id + 1, see tables.h */
	uint32_t id;
	uint32_t serial;    /* 0: the id is free */
	uint32_t next_hash; /* id + 1: the next in its bucket, 0: none */
	uint32_t next,
		prev; /* ids: all services that are not removed, in the order they were added */
	uint32_t removed_dests;  /* id of the first, DEST_NONE */
	uint32_t removed_laddrs; /* id of the first, LADDR_NONE */
	struct dest **dest_room; /* where dests lies, free room on both sides */
	uint64_t last_order;     /* of servers and local addresses together */
	bool loads_few;          /* ... and so few that it is read anew for each connection */
	uint64_t loads_ms;       /* when it was read what other workers' servers have to do */
} __attribute__((aligned(64)));

/* What stands in front of a packet to a server in a tunnel. */
struct tunnel_head {
	struct encap_head head;
} __attribute__((aligned(64)));

struct service_table {
	struct service *services;    /* [SERVICE_MAX], by id */
	struct dest *dests;          /* [DEST_MAX] */
	struct laddr *laddrs;        /* [LADDR_MAX] */
	struct tunnel_head *tunnels; /* [DEST_MAX], of those that the flow stage has sent to */
	uint32_t *buckets;           /* [SERVICE_BUCKETS]: id + 1 of the first, 0: empty */
	uint32_t used;               /* all ids of services below have been used at least once */
	uint32_t n_services;         /* not removed */
	uint32_t n_removed;          /* ... and removed, but not freed yet */
	uint32_t n_any_port;         /* of those: of all ports of their address, */
	uint32_t n_marked;           /* ... and of firewall marks */
	uint32_t n_matches;
	bool narrow;                 /* ... have had a range of few ports, see owner.h */
	uint32_t matches[MATCH_MAX]; /* ids of services by match, removed ones too, newest first */
	struct id_hash
		answering; /* servers whose answers have the client's address, by their own */
	uint32_t n_answering;
	uint32_t n_answering_any; /* of those: at all ports */
	uint32_t ending_walks;    /* over the connections, that are to be done, see ending.h */
	uint32_t ending_at;
	struct addr_counts addrs; /* of services and of those in `answering`, removed ones too */
	struct hash_key key;
	struct region regions[5];
	struct region limits;          /* the master's: struct limit[DEST_MAX] */
	struct service_master *master; /* the master's own; NULL elsewhere */
};

/* NULL: no memory or address space. */
struct service_table *service_table_create(const struct worker *w);
void service_table_destroy(struct service_table *table);

/* By exactly this address and port. NULL: there is none. */
struct service *service_lookup(const struct service_table *table, uint8_t proto,
			       unsigned int family, const union ip_addr *addr, be16 port);

/* The same of a removed one, which stays as long as it has connections. */
struct service *service_lookup_removed(const struct service_table *table, uint8_t proto,
				       unsigned int family, const union ip_addr *addr, be16 port);

/* That of the mark, there or removed. */
struct service *service_of_mark(const struct service_table *table, uint32_t mark,
				unsigned int family);

/* By exactly this key. */
struct service *service_lookup_key(const struct service_table *table,
				   const struct service_key *key);

/* A mark where services have their address; the kernel writes it so, too. */
static inline union ip_addr service_mark_name(uint32_t mark)
{
	return ip_from_v4(__builtin_bswap32(mark));
}

static inline bool service_is_marked(const struct service *svc)
{
	return svc->key.proto == SERVICE_MARKED;
}

/*
 * The server's port for a client's packets to that one. As in the kernel, a client that stays with
 * its server at all ports of a mark finds each where it asked for it. 0 (ICMP) is no port.
 */
static inline be16 dest_port(const struct service *svc, const struct dest *dest, be16 asked)
{
	if (dest->port == 0 || asked == 0 || (service_is_marked(svc) && svc->persist_s))
		return asked;
	return dest->port;
}

/* Those that may be taken for its connections: a public address may have a range of its own. */
static inline struct lport_range dest_ports(const struct dest *dest)
{
	uint16_t first = __builtin_bswap16(dest->port), last = __builtin_bswap16(dest->port_last);

	if (likely(last == 0))
		return LPORT_ALL;
	return (struct lport_range){ first, (uint16_t)(last - first + 1) };
}

/* By id, removed ones too as long as connections refer to them. NULL: gone. */
static inline struct service *service_get(const struct service_table *table, uint32_t id)
{
	return id < SERVICE_MAX && table->services[id].serial ? &table->services[id] : NULL;
}

static inline struct dest *dest_get(const struct service_table *table, uint32_t id)
{
	return id < DEST_MAX && table->dests[id].serial ? &table->dests[id] : NULL;
}

static inline struct laddr *laddr_get(const struct service_table *table, uint32_t id)
{
	return id < LADDR_MAX && table->laddrs[id].serial ? &table->laddrs[id] : NULL;
}

/* The port that all its answers to services of that protocol come from; 0: any. */
static inline be16 dest_answer_port(const struct dest *dest, uint8_t proto)
{
	return proto == SERVICE_MARKED ? 0 : dest->port;
}

/* Of a server, by what its answers carry: their protocol and source. */
static inline uint64_t dest_answer_hash(const struct service_table *table, uint8_t proto,
					unsigned int family, const union ip_addr *addr, be16 port)
{
	uint64_t rest = (uint64_t)port << 32 | (uint64_t)family << 8 | proto;
	uint64_t hash = hash_words(&table->key, addr->u64[0], rest);

	return family == AF_INET ? hash : hash_more(&table->key, hash, addr->u64[1], rest);
}

/* May it get new connections? */
static inline bool dest_usable(const struct dest *dest)
{
	return dest->weight > 0 &&
	       (likely(!(dest->flags & DEST_LIMITED)) || !limit_full(dest->limit));
}

/*
 * For schedulers: where this worker begins to look when it has no history. Worker 1 begins at the
 * start, as a single one does.
 */
static inline uint32_t service_first_dest(const struct service *svc)
{
	if (svc->worker == 0)
		return 0;
	return (uint32_t)((uint64_t)(svc->worker - 1u) * svc->n_dests / svc->n_workers);
}

/* Brings what the others have of its servers up to date, see load.h. */
void service_read_loads(const struct worker *w, struct service *svc);

/* The server for a new connection; nothing is counted yet. NULL: none is usable. */
static inline struct dest *service_schedule(struct worker *w, struct service *svc,
					    const struct sched_packet *packet)
{
	if (svc->sched->loads && w->n_workers > 1 && (svc->loads_few || svc->loads_ms != w->now_ms))
		service_read_loads(w, svc);
	return svc->sched->pick(svc, packet);
}

/*
 * The next of the service's local addresses of this family, round robin; NULL: it has none. When no
 * port of it is free, count its `conflicts` and ask again, at most svc->n_laddrs times in all.
 */
struct laddr *service_next_laddr(struct service *svc, unsigned int family);

/*
 * A connection's place in its server's counts; CONN_INACTIVE of the connection says in which. It is
 * taken before there is a connection, and given back if there will be none; a connection begins as
 * inactive (UDP stays so), is active or inactive by tcp_state_active() as often as it likes, and
 * gives its place back once, at its end. The `conns` of the server is counted by new, the service's
 * by the caller.
 *
 * false: another worker had the last one, or the server is full.
 */
static inline bool dest_place_take(struct dest *dest)
{
	if (unlikely(dest->flags & DEST_LIMITED) && !limit_take(dest->limit, dest->marks))
		return false;
	dest->inactive++;
	return true;
}

/* Of a client that has this server already: whatever the threshold says. */
static inline void dest_place_take_over(struct dest *dest)
{
	if (unlikely(dest->flags & DEST_LIMITED))
		limit_add(dest->limit, dest->marks, 1);
	dest->inactive++;
}

static inline void dest_place_free(const struct dest *dest)
{
	if (unlikely(dest->flags & DEST_LIMITED))
		limit_give(dest->limit, dest->marks, 1);
}

static inline void dest_place_give(struct dest *dest)
{
	dest->inactive--;
	dest_place_free(dest);
}

static inline void dest_conn_new(struct dest *dest, struct conn *conn)
{
	conn->flags |= CONN_INACTIVE;
	dest->counters.conns++;
}

/*
 * From one count to the other: up first, then down, so that the master, which reads both by one
 * load, never finds a connection in neither.
 */
static inline void dest_conn_move(uint32_t *from, uint32_t *to)
{
	__atomic_store_n(to, *to + 1, __ATOMIC_RELAXED);
	__atomic_store_n(from, *from - 1, __ATOMIC_RELEASE);
}

static inline void dest_conn_active(struct dest *dest, struct conn *conn)
{
	if (conn->flags & CONN_INACTIVE) {
		conn->flags &= (uint16_t)~CONN_INACTIVE;
		dest_conn_move(&dest->inactive, &dest->active);
	}
}

static inline void dest_conn_inactive(struct dest *dest, struct conn *conn)
{
	if (!(conn->flags & CONN_INACTIVE)) {
		conn->flags |= CONN_INACTIVE;
		dest_conn_move(&dest->active, &dest->inactive);
	}
}

static inline void dest_conn_free(struct dest *dest, const struct conn *conn)
{
	if (conn->flags & CONN_INACTIVE)
		dest->inactive--;
	else
		dest->active--;
	dest_place_free(dest);
}

static inline void laddr_conn_new(struct laddr *laddr)
{
	laddr->conns++;
}

static inline void laddr_conn_free(struct laddr *laddr)
{
	laddr->conns--;
}

/* One packet of `bytes` (from the L3 header on) from the client, or from the server. */
static inline void service_count_in(struct service *svc, struct dest *dest, uint32_t bytes)
{
	svc->counters.inpkts++;
	svc->counters.inbytes += bytes;
	dest->counters.inpkts++;
	dest->counters.inbytes += bytes;
}

static inline void service_count_out(struct service *svc, struct dest *dest, uint32_t bytes)
{
	svc->counters.outpkts++;
	svc->counters.outbytes += bytes;
	dest->counters.outpkts++;
	dest->counters.outbytes += bytes;
}

#endif
