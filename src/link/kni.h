/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/kni: the door to the kernel, as the path sees it. A port may have a
 * kernel interface (KNI), a network device of the kernel's that looks like the
 * port: what dpvs does not take comes in there, and what the kernel sends by it
 * leaves by the port. A thread of its own, or the master, reads and writes the
 * kernel's side (link/kni_owner.h); a worker only fills two rings, one for what
 * keeps routing alive and one for all the rest, each class of packets within a
 * budget: a flood costs a worker a look at the frame, and the kernel's routing
 * sessions nothing.
 */
#ifndef LINK_KNI_H
#define LINK_KNI_H

#include "link/port.h"

/* What a packet for the kernel is; each class has a budget of its own. */
enum kni_class {
	KNI_OSPF,  /* OSPF, PIM, EIGRP, RSVP */
	KNI_BGP,   /* TCP, port 179 on either side */
	KNI_VRRP,  /* VRRP, AH in front of it too */
	KNI_BFD,   /* UDP 3784, 3785, 4784, 6784 */
	KNI_NEIGH, /* ARP, ICMPv6 neighbour and router discovery */
	KNI_GROUP, /* IGMP, MLD, LLDP, LACP and their like */
	KNI_BULK,  /* all the rest */
	KNI__CLASSES
};

enum kni_urgency { KNI_URGENT, KNI_LATER, KNI__RINGS };

#define KNI_RING 1024 /* packets of one worker and urgency under way to the kernel */

/* Wakes the owner; shared by all, see kni_owner.h. */
struct kni_bell {
	int fd;     /* eventfd */
	bool armed; /* the owner has looked, and wants to be told of more */
};

/* A worker's own side. */
struct kni_door {
	struct rte_ring *rings[KNI__RINGS]; /* to the owner */
	struct kni_bell *bell;
	uint64_t due_ns[KNI__CLASSES];  /* when the budget has room for the next, see kni.c */
	uint64_t cost_ns[KNI__CLASSES]; /* of a packet */
	/* by op, of the port's interface */
	bool up[PORT_MAX];        /* it is there and up */
	bool elsewhere[PORT_MAX]; /* in another namespace, where nobody knows what it is up to */
};

/* NULL: no memory. The owner's rings are emptied by kni_door_destroy(). */
struct kni_door *kni_door_create(const struct worker *w, struct kni_bell *bell);
void kni_door_destroy(struct kni_door *door);

/* Would the kernel take something that came in by the port? */
static inline bool kni_ready(const struct worker *w, uint16_t port)
{
	const struct kni_door *door = w->link->kni;

	return door && port < PORT_MAX && door->up[port];
}

static inline bool kni_is_elsewhere(const struct worker *w, uint16_t port)
{
	return w->link->kni->elsewhere[port];
}

/* Nobody here wants it: the kernel's, if its interface is up, or dropped for that reason. */
static inline void kni_or_drop(struct worker *w, struct rte_mbuf *m, enum drop_reason reason)
{
	if (kni_ready(w, pkt_meta(m)->in_port))
		stage_push(w, STAGE_KERNEL_TX, m);
	else
		drop(w, m, reason);
}

/* STAGE_KERNEL_TX: packets as eth-input left them, data behind the Ethernet header, which is still
 * in front; meta->in_port is whose interface gets them. */
stage_fn kernel_tx;

/*
 * Copies of frames that have just come in go to the kernel, each within the budget of its class,
 * for a port that forwards all to its kernel interface; the frames stay the caller's. What of them
 * is the kernel's anyway does not go there a second time.
 */
void kni_forward(struct worker *w, const struct batch *in, uint16_t port);

/* Of a frame, for tests. */
enum kni_class kni_classify(const struct rte_mbuf *m);

#endif
