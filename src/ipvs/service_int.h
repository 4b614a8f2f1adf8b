/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/service_int: what service.c, dest.c, laddr.c and the master's requests
 * share. All functions that take `all` are the master's: they check against
 * its own copy, and when they return 0 the change is on its way to every
 * worker. Those without are steps of an op, the same on every worker.
 */
#ifndef IPVS_SERVICE_INT_H
#define IPVS_SERVICE_INT_H

#include "ipvs/id_hash.h"
#include "ipvs/ids.h"
#include "ipvs/ipvs.h"
#include "ipvs/service.h"
#include "worker/op.h"
#include "worker/worker.h"

struct estimates;

/* What only the master knows of services, servers and local addresses. */
struct service_master {
	struct ids services, dests, laddrs;
	struct id_hash dests_by_key, laddrs_by_key; /* removed ones too */
	uint32_t serial;                            /* of the last that was created */
	uint32_t n_removed;                         /* removed, not yet freed: of all three */
	uint64_t removed_seq;                       /* of the last op that removed any of them */
	uint32_t stale; /* the first service whose scheduler's table is old: id + 1, 0: none */
	struct estimates *estimates;
};

static inline struct service_table *service_table_of(const struct worker *w)
{
	return w->ipvs->services;
}

/* A new serial, never 0. */
static inline uint32_t service_serial(struct service_master *master)
{
	if (++master->serial == 0)
		master->serial = 1;
	return master->serial;
}

/* Of a server or (port 0) a local address, for the hashes of the master. */
static inline uint64_t service_member_hash(const struct service_table *table,
					   const struct service *svc, unsigned int family,
					   const union ip_addr *addr, be16 port)
{
	uint64_t rest = (uint64_t)svc->id << 32 | (uint64_t)port << 16 | family;
	uint64_t hash = hash_words(&table->key, addr->u64[0], rest);

	return family == AF_INET ? hash : hash_more(&table->key, hash, addr->u64[1], rest);
}

/* Notes that the op just published has removed n. */
static inline void service_note_removed(struct worker *const *all, uint32_t n)
{
	struct service_master *master = service_table_of(all[WORKER_MASTER])->master;

	master->n_removed += n;
	master->removed_seq = ops_newest(all);
}

/* ---- service.c ---- */

struct service_config {
	const struct scheduler *sched;
	uint32_t sched_flags; /* enum api_service_flag */
	uint32_t conn_timeout_s;
	uint32_t persist_s; /* 0: not persistent */
	uint32_t persist_plen;
	bool one_packet;
	uint32_t on_remove; /* enum api_on_remove */
};

/* 0, -EEXIST, -ENOSPC, -ENOMEM. One that was removed and is still there comes back, with statistics
 * of zero. */
int service_add(struct worker *const *all, const struct service_key *key,
		const struct service_config *config);
int service_set(struct worker *const *all, struct service *svc,
		const struct service_config *config);
/* Its servers and local addresses go with it; the addresses' holds are the caller's to release. */
int service_del(struct worker *const *all, struct service *svc);

/* ---- dest.c ---- */

struct dest_config {
	union ip_addr addr;
	uint16_t family;
	be16 port;
	be16 port_last; /* SNAT's range from `port` on, which is a part of its name; 0: all ports */
	uint8_t forward;
	uint8_t tun_type, tun_flags;
	be16 tun_port;
	uint32_t weight, upper, lower;
};

/* Master: in the service's list, by family, address and ports; NULL: it is not. */
struct dest *dest_find_named(const struct service_table *table, const struct service *svc,
			     const struct dest_config *name);
/* The same of one port, or of none. */
struct dest *dest_find(const struct service_table *table, const struct service *svc,
		       unsigned int family, const union ip_addr *addr, be16 port);
/* 0, -EEXIST, -ENOSPC, -ENOMEM. */
int dest_add(struct worker *const *all, struct service *svc, const struct dest_config *config);
int dest_set(struct worker *const *all, struct dest *dest, const struct dest_config *config);
int dest_del(struct worker *const *all, struct dest *dest);
/* A removed one without connections. 0 or -ENOMEM. */
int dest_free(struct worker *const *all, struct dest *dest);

/* Step of an op: all of the service's servers become removed ones; its array is garbage. */
void dest_retire_all(struct service_table *table, struct service *svc, struct op *op);

/* ---- laddr.c ---- */

/* Master: likewise. */
struct laddr *laddr_find(const struct service_table *table, const struct service *svc,
			 unsigned int family, const union ip_addr *addr);
int laddr_add(struct worker *const *all, struct service *svc, unsigned int family,
	      const union ip_addr *addr, const char *dev);
int laddr_del(struct worker *const *all, struct laddr *laddr);
int laddr_free(struct worker *const *all, struct laddr *laddr);
void laddr_retire_all(struct service_table *table, struct service *svc, struct op *op);

/* A removed service that has none of the above left. 0 or -ENOMEM. */
int service_free(struct worker *const *all, struct service *svc);

#endif
