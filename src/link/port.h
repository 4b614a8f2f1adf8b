/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/port: a port is a name, a few facts and a table of functions, so that
 * the path does not know whether frames come from a NIC (ethdev), a test or a
 * bench. Every worker has its own copy of the facts, changed by ops; the
 * driver's handle behind it is shared and read only.
 */
#ifndef LINK_PORT_H
#define LINK_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

#include "api/link.h"
#include "base/list.h"
#include "packet/batch.h"
#include "worker/worker.h"

#define PORT_MAX        64
#define PORT_NONE       UINT16_MAX
#define PORT_QUEUE_NONE UINT16_MAX

enum port_offload {
	PORT_TX_IP4_CSUM = 1,
	PORT_TX_TCP_CSUM = 2,
	PORT_TX_UDP_CSUM = 4,
	PORT_TX_MULTI_SEG = 8,
	PORT_RX_IP4_CSUM = 16, /* a bad IPv4 header checksum comes marked */
};

struct port_ops {
	const char *driver;
	/* Up to n frames of a queue; returns how many. */
	uint16_t (*rx)(void *handle, uint16_t queue, struct rte_mbuf **pkts, uint16_t n);
	/* Takes the first k of n frames, k is returned; the others stay the caller's. */
	uint16_t (*tx)(void *handle, uint16_t queue, struct rte_mbuf **pkts, uint16_t n);
	/* A descriptor that becomes readable when frames come to an empty queue; -1: there is none.
	 */
	int (*rx_fd)(void *handle, uint16_t queue);
	/* Of a port with rx_interrupts, by the queue's worker: from now on frames do that, those
	 * that are there need not; off: they do it no longer. false: it cannot. */
	bool (*rx_arm)(void *handle, uint16_t queue, bool on);
	/* Master only; 0 or -errno. Counters and state into the fields of a listing that the driver
	 * knows. */
	int (*show)(void *handle, struct api_link *link);
	/* n-th driver counter; -ENOENT behind the last. */
	int (*xstat)(void *handle, unsigned int n, char name[64], uint64_t *value);
	int (*set_up)(void *handle, bool up);
	int (*set_promisc)(void *handle, bool on);
	int (*set_allmulticast)(void *handle, bool on);
	/* Frames to these multicast MAC addresses are let in, in place of those told before. No
	 * function: all are. */
	int (*set_mc_list)(void *handle, struct rte_ether_addr *macs, uint32_t n);
	/* The same of hosts: the addresses of its own that what stands on it has. No function: all
	 * are let in. */
	int (*set_uc_list)(void *handle, const struct rte_ether_addr *macs, uint32_t n);
	int (*set_mtu)(void *handle, uint16_t mtu);
	/* The largest that set_mtu takes, and into why (size bytes) what limits it, see
	 * ethdev_mtu.h; no function: any. */
	uint16_t (*mtu_max)(void *handle, char *why, size_t size);
	int (*set_mac)(void *handle, const struct rte_ether_addr *mac);
	/* Another number when frames leave by another of its members than before, so that switches
	 * must hear of it; PORT_NONE: none of them can. No function: it has no members. */
	uint32_t (*member)(void *handle);
	/* Entries of the port's RETA, if it spreads TCP and UDP by addresses and ports, over
	 * several queues, and can be told how (see rss.h); 0, or no function: it cannot. */
	uint16_t (*rss_entries)(void *handle);
	/* The hash key (RSS_KEY bytes), and the queue of each of the n entries. */
	int (*rss_set)(void *handle, const uint8_t *key, const uint16_t *reta, uint16_t n);
	void (*close)(void *handle); /* stops and frees; no worker uses it any more */
	/* As close; the device leaves the process too, and may be added again. */
	void (*remove)(void *handle);
};

/* What a port is: a device, or what stands on one. */
enum port_kind {
	PORT_DEVICE, /* has queues */
	PORT_VLAN,   /* frames with one more tag than its parent's, see vlan.h */
	PORT_TUNNEL, /* packets inside others, see net/tunnel_device.h; no frames */
};

#define PORT_TAGS 2 /* 802.1Q in 802.1ad */

struct port {
	char name[API_NAME_LEN]; /* empty: no such port */
	uint8_t kind;            /* enum port_kind */
	uint8_t n_tags;
	uint16_t parent;      /* not of a device: what it stands on; of a tunnel it may be PORT_NONE
			       */
	uint16_t overhead;    /* of a tunnel: bytes that its packets are longer on the way */
	uint16_t root;        /* of a VLAN: the device that its frames leave by */
	be32 tags[PORT_TAGS]; /* of a VLAN, as in its frames, outermost first: protocol, id */
	const struct port_ops *ops;
	void *handle;
	struct rte_ether_addr mac;
	uint16_t mtu;
	uint16_t n_rx_queues, n_tx_queues;
	uint16_t offloads; /* enum port_offload */
	int socket;
	bool up;          /* administratively, and so is all that it stands on */
	bool set_down;    /* not of a device: by hand, whatever it stands on */
	bool own_mac;     /* of a VLAN: not its parent's */
	bool added;       /* while running, by `link add` */
	bool rss;         /* its RSS delivers packets to their owners */
	bool forward2kni; /* what comes in is copied to its kernel interface */
	/* its queues' descriptors are interrupts: told to by rx_arm() only, once each, and nobody
	 * but the driver may read them */
	bool rx_interrupts;
	bool beat; /* its driver wants to be called every 100 ms, also without packets */
	/* of a bonding whose members are addressed by their own MAC addresses, too: those */
	uint8_t n_member_macs;
	struct rte_ether_addr member_macs[API_LINK_MEMBERS];
};

#define RXQ_START 128                    /* receive queues of one worker, all ports, at start */
#define RXQ_MAX   (RXQ_START + PORT_MAX) /* and one of each port that is added later */

#define VLAN_SLOTS (4 * PORT_MAX)

struct plug_source;
struct kni;
struct kni_door;

/* What has passed a port that is no device: a driver counts its own. */
struct port_counters {
	uint64_t rx_packets, rx_bytes;
	uint64_t tx_packets, tx_bytes;
	uint64_t rx_errors, tx_errors;
};

/* One worker's view of the links. */
struct link {
	struct port ports[PORT_MAX]; /* may have gaps */
	unsigned int n_ports;        /* behind the last */
	uint32_t generation;         /* moves on when a fact of any port changes */
	struct {
		uint16_t port, queue;
		uint8_t passes; /* turns that it is passed over: overload took away most of its last
				   vector */
		uint32_t full;  /* vectors in a row that came in full */
	} rxq[RXQ_MAX];
	unsigned int n_rxqs;
	uint64_t beat_ms;              /* when ports with a beat were called last */
	uint16_t txq[PORT_MAX];        /* this worker's transmit queue of each port */
	uint64_t tx_dropped[PORT_MAX]; /* frames the port did not take */
	struct batch tx[PORT_MAX];     /* to be sent at the end of the run */
	struct kni_door *kni;          /* to the kernel; NULL: there is none */
	struct kni *kernel;            /* the master's: its interfaces, NULL: none are made */
	struct port_counters counters[PORT_MAX];
	uint16_t vlans[VLAN_SLOTS]; /* ids of VLANs + 1 by parent and tag, see vlan.c */
	/* the master's, see plug.h */
	const struct plug_source *sources[API_LINK__KINDS];
	struct list leaving;
	struct api_link_add *made_of[PORT_MAX]; /* of those that `link add` has added */
	struct link_wish *wishes[PORT_MAX];     /* see link_wish_ctl.h; NULL: nothing was changed */
	struct link_told *told; /* see link_tell_ctl.c; NULL: nobody has listened yet */
};

static inline bool port_exists(const struct link *link, uint16_t id)
{
	return id < link->n_ports && link->ports[id].name[0];
}

/* The device that its frames leave and come by; PORT_NONE: there is no such port. */
static inline uint16_t port_device(const struct link *link, uint16_t id)
{
	const struct port *port = &link->ports[id];

	if (!port_exists(link, id))
		return PORT_NONE;
	return port->kind == PORT_VLAN ? port->root : id;
}

/* By name; PORT_NONE. */
uint16_t port_find(const struct link *link, const char *name);

/*
 * At start: adds the port to every worker's view, -EEXIST, -ENOSPC, or its id. Who polls and sends
 * on which queue is then bound worker by worker; a worker has one transmit queue a port.
 */
int port_add(struct worker *const *all, const struct port *port);

/* The id that the next port gets; PORT_NONE: there are PORT_MAX. */
uint16_t port_free_id(const struct link *link);
int port_bind_rx(struct worker *w, uint16_t port, uint16_t queue);
void port_bind_tx(struct worker *w, uint16_t port, uint16_t queue);

/* Lets the worker sleep until one of its queues has something, if all of them can say so. 0 or
 * -errno: it sleeps by time. */
int link_watch(struct worker *w);

/* The worker's queues, if they can wake it, do so from now on, or no longer. false: one of them
 * cannot now, and none does. */
bool link_arm(struct worker *w, bool on);

/* In an op: its queues have changed, or a port went up or down, so other descriptors wake it. */
void link_watch_again(struct worker *w);

/* Master: what is remembered of a port that goes. */
void link_forget(struct link *link, uint16_t id);

struct link *link_create(void);
void link_destroy(struct link *link);

/* Receives once from each queue of the worker into STAGE_FLOW, running the stages after each;
 * packets seen. */
unsigned int link_receive(struct worker *w);

/* Hands each port what lies in its vector link->tx[], frames that need nothing more but a VLAN's
 * tags. */
void link_send_all(struct worker *w);

#endif
