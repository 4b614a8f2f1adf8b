/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/kni-master: makes the kernel interfaces, one a port, and keeps them like
 * their ports. The port leads: MAC, MTU and carrier follow it. What the
 * administrator sets in the kernel is put back (MAC, an MTU above the port's)
 * or kept (a smaller MTU, up and down).
 */
#ifndef LINK_KNI_MASTER_H
#define LINK_KNI_MASTER_H

#include "link/kni_owner.h"

struct kni_config {
	const struct kni_ops *ops; /* what interfaces are made of, */
	void *ops_arg;             /* its open()'s argument */
	struct rte_mempool *pool;  /* for frames from the kernel */
	int lcore;                 /* of the owner's thread; -1: the master carries packets, too */
	/* Name of a port's interface, or NULL: "PORT.kni". */
	const char *(*name)(void *arg, const char *port);
	void *name_arg;
};

/* Before workers run: all get a door to the kernel. 0 or -errno, then nothing was made. */
int kni_create(struct worker *const *all, const struct kni_config *config);

/* No worker and no owner runs any more; also if there is nothing. */
void kni_destroy(struct worker *const *all);

/* Ports that have come get their interface, those that have changed are mirrored, those that have
 * gone take theirs along. Does nothing when no port has changed since. */
void kni_sync(struct worker *const *all);

/* The same for the links' state, which nothing announces. */
void kni_sync_carrier(struct worker *const *all);

/* The kernel's word about a device. */
struct kni_news {
	unsigned int index;
	bool gone, up;
	bool has_mac;
	struct rte_ether_addr mac;
	uint32_t mtu; /* 0: unknown */
};

void kni_learn(struct worker *const *all, const struct kni_news *news);

/* The interface of the kernel's device; NULL: it is none of ours. */
const struct kni_port *kni_port_find(const struct worker *master, unsigned int index);

#endif
