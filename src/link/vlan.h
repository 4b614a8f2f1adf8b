/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/vlan: ports whose frames carry one more tag (802.1Q, 802.1ad) than
 * those of the port that they stand on, a device or another VLAN. What stands
 * on them (addresses, routes, neighbours) sees frames without tags.
 */
#ifndef LINK_VLAN_H
#define LINK_VLAN_H

#include "link/port.h"

#define VLAN_PROTO_Q  0x8100 /* 802.1Q */
#define VLAN_PROTO_AD 0x88a8 /* 802.1ad */
#define VLAN_ID_MIN   1
#define VLAN_ID_MAX   4094

/* The VLAN of this tag on a port; PORT_NONE. */
uint16_t vlan_find(const struct link *link, uint16_t parent, uint16_t proto, uint16_t id);

/* Master: fills *port but for its name and what it has of its parent (upper.h). The tag is one, it
 * is free, and the parent has room for it. */
void vlan_fill(const struct link *link, uint16_t parent, uint16_t proto, uint16_t id,
	       struct port *port);

/* Its innermost tag. */
uint16_t vlan_proto(const struct port *port);
uint16_t vlan_id(const struct port *port);

/* In an op, when a VLAN has come or gone. */
void vlan_index(struct link *link);

/* Has the frame, data at Ethernet, a tag, in it or taken out by the driver? */
static inline bool vlan_tagged(const struct rte_mbuf *m, be16 ether_type)
{
	return ether_type == RTE_BE16(VLAN_PROTO_Q) || ether_type == RTE_BE16(VLAN_PROTO_AD) ||
	       (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED);
}

/*
 * The port that a tagged frame is for, the tags up to there taken out; tags that are nobody's stay.
 * PORT_NONE: it was dropped.
 */
uint16_t vlan_input(struct worker *w, struct rte_mbuf *m, uint16_t port);

/* Puts the tags of a VLAN into a frame; false: there is no room. */
bool vlan_output(struct worker *w, struct rte_mbuf *m, uint16_t port);

/* The same of all frames in `out`, of a VLAN that is up, which need nothing more: they go into its
 * device's vector link->tx[]. */
void vlan_output_all(struct worker *w, struct batch *out, uint16_t port);

/*
 * For who may give a frame back: takes all tags out of a tagged frame of that device, and returns
 * the port that it is for, which is up; or PORT_NONE: it has others than this port's, and is as it
 * was. Nothing is counted.
 */
uint16_t vlan_strip(const struct link *link, struct rte_mbuf *m, uint16_t device);

/* Puts the port's tags back, as vlan_input() needs them: those that say nothing but a priority do
 * not return. There is room where they were taken out. */
void vlan_put_back(const struct link *link, struct rte_mbuf *m, uint16_t port);

/* Of frames that were stripped, and not given back: so many bytes without tags. */
void vlan_count_stripped(struct link *link, uint16_t port, uint64_t packets, uint64_t bytes);

#endif
