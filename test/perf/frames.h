/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/frames: what the bench's packets look like. A template is all that the
 * packets of a trace share; a flow's addresses, ports and checksums are laid
 * over it by the port. Checksums are right, so that a path that verifies them
 * forwards these packets too.
 */
#ifndef PERF_FRAMES_H
#define PERF_FRAMES_H

#include "link/bench_port.h"

enum side {
	SIDE_CLIENT, /* port dpdk0 */
	SIDE_SERVER, /* port dpdk1 */
	SIDE__COUNT,
};

enum frame_kind {
	FRAME_UDP, /* 18 bytes of payload: a frame of 60 bytes, 64 on the wire */
	FRAME_SYN,
	FRAME_SYN_ACK,
	FRAME_ACK,
	FRAME_DATA, /* 6 bytes of payload: 60 bytes, or 72 with timestamps */
	FRAME_FIN,
};

/* How the packets of a rig look. */
struct frame_form {
	bool stamps; /* TCP with timestamps */
	bool six;    /* IPv6: all addresses are in one /96, the last four bytes are as IPv4's */
	bool cross;  /* ... on the clients' side; the servers are of the other family */
	bool tagged; /* each side is a VLAN of its port: frame_vlan[] */
};

static inline bool frame_six(const struct frame_form *form, enum side side)
{
	return form->six != (form->cross && side == SIDE_SERVER);
}

struct frame {
	struct bench_template template;
	uint32_t ip_sum, l4_sum; /* of all but the flow's fields */
	bool udp;
};

#define FRAME_PREFIX6 "2001:db8::" /* in front of an IPv4 address */

/* As it arrives at that side. */
void frame_make(struct frame *frame, enum frame_kind kind, enum side side,
		const struct frame_form *form);

/* The flow's fields under this template, checksums and all. */
void frame_flow(const struct frame *frame, const struct bench_seen *tuple, struct bench_flow *flow);

/* By side: ids of VLANs. */
extern const uint16_t frame_vlan[SIDE__COUNT];

/* Who sends, and who receives, on a side: the last byte is the only one that differs. */
extern const struct rte_ether_addr frame_our_mac[SIDE__COUNT], frame_their_mac[SIDE__COUNT];

#endif
