/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/net: one worker's own addresses, routes and neighbours, and what the
 * conf file says about them. The rooms' own headers say what each offers.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "net/stamp.h"

struct worker;
struct control;
struct addr_table;
struct route_table;
struct maddr_table;
struct kernel_addr_table;
struct neigh_table;
struct adj_table;
struct frag_table;
struct follow;
struct mld;
struct tunnel_table;
struct path_mtu_table;
struct event;

/* Bounds of what waits for missing fragments. */
struct frag_config {
	uint32_t buckets;
	uint32_t bucket_entries; /* datagrams a bucket */
	uint32_t max_entries;    /* datagrams */
	uint32_t timeout_s;
};

enum ip6_gen {
	IP6_GEN_EUI64,
	IP6_GEN_NONE,
	IP6_GEN_STABLE, /* by ip6_secret */
	IP6_GEN_RANDOM,
};

struct net_config {
	bool ip4_forwarding;      /* ipv4_defs forwarding; reloadable */
	bool ip6_forwarding;      /* ipv6_defs forwarding; reloadable */
	bool ip6_disable;         /* ipv6_defs disable: none is taken or sent; reloadable */
	uint8_t ip4_default_ttl;  /* of packets we make */
	uint8_t ip6_gen;          /* enum ip6_gen, of link-local addresses; reloadable */
	uint8_t ip6_secret[16];   /* reloadable */
	bool mld;                 /* reports of groups; reloadable */
	uint8_t dad_transmits;    /* questions about a new address; 0: none; reloadable */
	uint32_t neigh_timeout_s; /* neigh_defs timeout; reloadable */
	bool kni_routes;          /* global_defs kni_routes */
	uint32_t neigh_queue;     /* packets held a neighbour */
	uint32_t neigh_max;       /* neighbours */
	struct frag_config frag;  /* of each of the two tables, both families: ipv4_defs fragment */
	uint32_t icmp_rate; /* ICMP errors and TCP resets a second and worker that we make, each */
};

/* So many a second and worker, and a second's worth at once. */
struct net_bucket {
	uint64_t tokens_1000, refilled_ms;
};

/* Takes one; false: none is left. */
bool net_bucket_take(struct net_bucket *bucket, uint32_t rate, uint64_t now_ms);

struct net {
	struct net_config config;
	struct addr_table *addrs;
	struct maddr_table *maddrs;
	struct kernel_addr_table *kernel_addrs;
	struct route_table *routes;
	struct neigh_table *neighs;
	struct adj_table *adjs;
	struct frag_table *frags;          /* of datagrams that become whole here */
	struct frag_table *frags_followed; /* of those whose fragments follow the first one */
	struct tunnel_table *tunnels;
	struct path_mtu_table *path_mtus;
	struct follow *follow; /* the master's, see follow_ctl.h; NULL: nothing is followed */
	struct mld *mld;       /* the master's, see mld_master.c; NULL: nothing was reported yet */
	struct stamps stamps;  /* moved on by changes of routes and addresses */
	uint32_t addr_changes; /* of any address of ours */
	/* rate limits of what we send unasked */
	struct net_bucket icmp_bucket, icmp6_bucket, reset_bucket;
	struct net_bucket mld_bucket;   /* of queries */
	struct net_bucket event_bucket; /* and of what we tell the master of strangers */
	uint32_t frags_held;            /* fragments that wait for others */
	uint32_t ip6_fragment_id;       /* of the next packet we cut */
	uint16_t ip_id;
};

/* socket: the worker's node. Its tables are not placed: see route.c for why that is enough. */
struct net *net_create(const struct net_config *config, int socket);
void net_destroy(struct worker *w); /* drops what neighbours hold */

/* Do packets of this family pass through that are not for us? */
static inline bool net_forwards(const struct net *net, unsigned int family)
{
	return family == AF_INET ? net->config.ip4_forwarding : net->config.ip6_forwarding;
}

/* Once a turn, after ops: sends on what neighbours have released, gives up what waits too long. */
void net_tick(struct worker *w);

/* Master, every NEIGH_TICK_MS or so, with the time of the monotonic clock: what follows ports and
 * time: groups, neighbours, addresses. net_start() binds it to the control loop. */
void net_master_tick(struct worker *const *all, uint64_t now_ms);

/* Master: what a worker has learnt. */
void net_event(struct worker *const *all, struct worker *from, const struct event *event,
	       uint64_t now_ms);

/* Master: gives all workers the reloadable keys. 0 or -ENOMEM. */
int net_configure(struct worker *const *all, const struct net_config *config);

/*
 * Master, before the port goes: it is down for all workers, its addresses and what came with them,
 * its routes and its neighbours are gone, packets that waited for these are dropped. 0 or -ENOMEM:
 * it is down, and some of that is left; to be asked again.
 */
int net_unplug(struct worker *const *all, uint16_t port);

/* Master: the neighbour state machine's timer and its events, lifetimes of addresses. 0 or -errno.
 */
int net_start(struct control *control);

#endif
