/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/tunnel-device: ports whose packets travel inside others. Routes and
 * addresses name such a port as any other. What is routed to it gets the
 * tunnel's headers in place of a neighbour's MAC address and is routed again as
 * the packet that it has become; what arrives from the other end loses them
 * and goes in by the front door, as received by the port.
 */
#ifndef NET_TUNNEL_DEVICE_H
#define NET_TUNNEL_DEVICE_H

#include "link/port.h"
#include "packet/encap.h"

struct pkt_meta;

enum tunnel_inner {
	TUNNEL_INNER_IP4 = 1,
	TUNNEL_INNER_IP6 = 2,
};

struct tunnel_config {
	struct encap out; /* source: our end; key: of what we send */
	be32 ikey;
	uint8_t iflags; /* enum encap_flag: what must be in what comes */
	uint8_t inner;  /* enum tunnel_inner: what it carries */
	uint8_t mode;   /* enum api_tunnel_mode */
};

struct tunnel_device {
	struct tunnel_config config;
	bool used;
	bool numbered;     /* with ENCAP_SEQ in iflags: one has come, */
	uint32_t expected; /* ... and no number before this is taken */
	struct encap_head heads[2];
};

#define TUNNEL_SLOTS (4 * PORT_MAX)

/* What all workers number packets of one tunnel by. */
struct tunnel_sequence {
	uint32_t next;
} __rte_cache_aligned;

/* A worker's own, by port. */
struct tunnel_table {
	struct tunnel_device of[PORT_MAX];
	unsigned int n;
	uint16_t slots[TUNNEL_SLOTS];               /* ids + 1, by both ends' addresses */
	struct tunnel_sequence sequences[PORT_MAX]; /* the master's count, for all */
};

struct tunnel_table *tunnel_table_create(void);

static inline const struct tunnel_device *tunnel_device_get(const struct tunnel_table *table,
							    uint16_t port)
{
	return &table->of[port];
}

/* A tunnel that could not be told from this one by what arrives; PORT_NONE: there is none. */
uint16_t tunnel_device_twin(const struct worker *w, const struct tunnel_config *config,
			    uint16_t but);

/* Bytes in front of its packets, at most. */
uint16_t tunnel_device_overhead(const struct tunnel_config *config);

/* Master: all workers get this port, which is this tunnel. 0 or -ENOMEM. */
int tunnel_device_add(struct worker *const *all, const struct port *port,
		      const struct tunnel_config *config);

/* Master: the tunnel `port` is this from now on, with this MTU. 0 or -ENOMEM. */
int tunnel_device_set(struct worker *const *all, uint16_t port, const struct tunnel_config *config,
		      uint16_t mtu);

/* Of the way by the tunnel `id`, for packets of `family`: mtu, or what the way to the other end
 * leaves if that is less. */
uint16_t tunnel_device_mtu(const struct worker *w, uint16_t id, unsigned int family, uint16_t mtu);

/* The same of any port. */
static inline uint16_t way_mtu(const struct worker *w, uint16_t port, unsigned int family,
			       uint16_t mtu)
{
	if (likely(w->link->ports[port].kind != PORT_TUNNEL))
		return mtu;
	return tunnel_device_mtu(w, port, family, mtu);
}

/* In an op: the port goes. */
void tunnel_device_forget(struct worker *w, uint16_t port);

/* Is the packet for us from a tunnel's other end, in its protocol? */
bool tunnel_device_meant(const struct worker *w, const struct pkt_meta *meta);

/* Takes such a packet, whole. */
void tunnel_device_input(struct worker *w, struct rte_mbuf *m);

/*
 * An ICMP error to us, its checksum right: is it about a packet of a tunnel? Then who sent the
 * inner one is told, and m is gone.
 */
bool tunnel_device_error(struct worker *w, struct rte_mbuf *m);

/* STAGE_NEIGH_OUTPUT, of a packet to a tunnel's port; → IP_OUTPUT. */
void tunnel_device_output(struct worker *w, struct rte_mbuf *m);

#endif
