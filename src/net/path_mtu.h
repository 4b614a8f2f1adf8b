/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/path-mtu: how long a packet of ours may be on its whole way to an
 * address, where a router has told that this is less than the first link takes.
 * It concerns tunnels alone, whose outer packets are the only long ones that
 * are ours. All workers know the same: who hears of it tells the master, which
 * tells all, forgets after ten minutes (RFC 1191 6.3) and keeps no more than so
 * many.
 */
#ifndef NET_PATH_MTU_H
#define NET_PATH_MTU_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"

struct event;
struct tuple;
struct worker;

#define PATH_MTU_SETS    256
#define PATH_MTU_WAYS    4 /* entries a set */
#define PATH_MTU_LIFE_MS (10 * 60 * 1000u)
#define PATH_MTU4_MIN    552  /* below that nobody is believed */
#define PATH_MTU6_MIN    1280 /* RFC 8200 5 */

struct path_mtu {
	union ip_addr dst;
	uint64_t until_ms; /* of the master's clock */
	uint16_t mtu;      /* 0: free */
	uint8_t family;
};

struct path_mtu_table {
	uint32_t n;
	struct path_mtu of[PATH_MTU_SETS * PATH_MTU_WAYS];
};

struct path_mtu_table *path_mtu_table_create(void);

/* NULL: nothing is known of it. */
const struct path_mtu *path_mtu_find(const struct worker *w, unsigned int family,
				     const union ip_addr *dst);

/* mtu, or what is known to be less on the way to dst. */
uint16_t path_mtu_limit(const struct worker *w, unsigned int family, const union ip_addr *dst,
			uint16_t mtu);

/*
 * Worker: a router says, by in_port, that our packet of these addresses, which had len bytes, was
 * longer than mtu. false: that cannot be.
 */
bool path_mtu_heard(struct worker *w, const struct tuple *outer, uint16_t in_port, uint16_t mtu,
		    uint16_t len);

/* Master: EVENT_PATH_MTU; and what has become too old. */
void path_mtu_event(struct worker *const *all, const struct event *event, uint64_t now_ms);
void path_mtu_tick(struct worker *const *all, uint64_t now_ms);

#endif
