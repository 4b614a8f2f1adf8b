/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/kni-owner: the kernel's side of the kernel interfaces. One thread owns
 * their descriptors: the master between two of its other duties, or a worker
 * of type kni that does nothing else. The master makes and removes interfaces
 * (kni_master.c) under the lock that the owner holds while it works.
 *
 * What an interface is, is a table of functions: a TAP device (kni_tap.c), or a
 * test's double. A host with vhost-net could have virtio-user behind the same.
 */
#ifndef LINK_KNI_OWNER_H
#define LINK_KNI_OWNER_H

#include <net/if.h>
#include <pthread.h>

#include "link/kni.h"

struct kni_ops {
	/* Makes the interface, down. 0 or -errno. */
	int (*open)(void *arg, const char *name, void **dev);
	/* Becomes readable when the kernel has sent something. */
	int (*fd)(void *dev);
	/* The kernel's number of it; 0: unknown. */
	unsigned int (*index)(void *dev);
	/* A frame to the kernel; the mbuf stays the caller's. 0 or -errno. */
	int (*write)(void *dev, const struct rte_mbuf *m);
	/* The next frame from the kernel, at most room bytes, to `to`: its length, or 0: there is
	 * none. */
	uint32_t (*read)(void *dev, void *to, uint32_t room);
	/* As the port has it. 0 or -errno. */
	int (*set_mac)(void *dev, const struct rte_ether_addr *mac);
	int (*set_mtu)(void *dev, uint16_t mtu);
	int (*set_carrier)(void *dev, bool on);
	void (*close)(void *dev);
};

extern const struct kni_ops kni_tap_ops;

/* Written by the owner. */
struct kni_counters {
	uint64_t to_packets, to_bytes;
	uint64_t to_dropped; /* the kernel refused them: the interface is down, or too many wait */
	uint64_t from_packets, from_bytes;
	uint64_t from_dropped; /* no mbuf was free, or the ring to the worker was full */
};

/* One interface. */
struct kni_port {
	char name[IFNAMSIZ];
	uint16_t port;
	void *dev; /* NULL: it could not be made, and is not tried again */
	unsigned int index;
	unsigned int worker; /* sends what comes from the kernel, all of it: order is kept */
	struct kni_counters counters;
	/* what was mirrored last */
	struct rte_ether_addr mac;
	uint16_t mtu;
	bool carrier;
	/* what the kernel says */
	bool mac_seen; /* that it has our MAC address: another one is somebody else's doing */
	bool up;
	bool elsewhere; /* in another network namespace: nothing is heard of it */
};

struct kni {
	struct kni_bell bell __rte_cache_aligned;
	struct worker *const *all __rte_cache_aligned;
	const struct kni_ops *ops;
	void *ops_arg;
	struct rte_mempool *pool; /* for frames from the kernel */
	int lcore;                /* of the owner's thread; -1: the master is the owner */
	int epoll_fd;             /* all descriptors, and the bell's */
	bool stop;                /* the owner's thread ends */
	pthread_mutex_t lock;     /* over ports[], and what lies behind it */
	struct kni_port *ports[PORT_MAX];
};

/* Waits up to wait_ms for something to do, and does a share of it: what is urgent first. True:
 * there is more. */
bool kni_owner_run(struct kni *kni, int wait_ms);

/* The loop of a worker of type kni until kni->stop; for rte_eal_remote_launch. */
int kni_owner_main(void *kni);

#endif
