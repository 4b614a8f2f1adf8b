/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/kni_rig: ports with kernel interfaces, with a double for the kernel.
 *
 *	10.0.0.2 (06:…:02) — dpdk0 10.0.0.1/24, dpdk1 192.168.0.1/24 — 192.168.0.2 (06:…:12)
 *	the kernel has 10.0.0.5, by dpdk0.kni
 */
#ifndef PACKET_KNI_RIG_H
#define PACKET_KNI_RIG_H

#include "link/kni_master.h"
#include "packet/ip4_rig.h"

#define DOUBLES   8
#define FRAMES    4096
#define FRAME_MAX 2048

struct frames {
	unsigned int first, n;
	struct {
		size_t len;
		uint8_t bytes[FRAME_MAX];
	} at[FRAMES];
};

/* One device of the kernel's. */
struct twin {
	bool open;
	char name[IFNAMSIZ];
	int fd;
	struct frames written, waiting;
	struct rte_ether_addr mac;
	uint16_t mtu;
	bool carrier;
	bool deleted; /* ioctls fail */
	unsigned int macs_set;
};

struct kernel {
	struct twin twins[DOUBLES];
	unsigned int opened;
	int refuse; /* -errno instead of opening */
	int stuck;  /* -errno of every write */
};

struct kni_rig {
	struct harness *h;
	struct kernel *kernel;
};

void frames_put(struct frames *frames, const void *bytes, size_t len);

/* twin_ops, or one whose every write fails; refuse: -errno of each opening. */
extern const struct kni_ops twin_ops, stuck_ops;
struct kni_rig kni_rig_new_with(const struct kni_ops *ops, unsigned int n_workers, int refuse);
struct kni_rig kni_rig_new(unsigned int n_workers);
void kni_rig_free(struct kni_rig *rig);

/* The kernel says whether the interface is up. */
void kni_rig_learn(const struct kni_rig *rig, unsigned int index, bool up);

/* What waits goes to the kernel, and from it. */
void kni_rig_run(const struct kni_rig *rig);

#endif
