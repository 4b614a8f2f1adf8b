/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/unfinished: packets that arrive without their L4 checksum, from a
 * virtual machine next door: the sender left it to hardware that was never
 * there, and the driver marks them as intact but unfinished
 * (RTE_MBUF_F_RX_L4_CKSUM_NONE). Whoever sends one on has it completed, by the
 * port it leaves by or in software. UDP without a checksum (0) may come marked
 * so, too, and stays without.
 *
 * All want the packet's data at its IP header, meta set, and the L4 header in
 * the first segment.
 */
#ifndef PACKET_UNFINISHED_H
#define PACKET_UNFINISHED_H

#include <stdbool.h>

#include "packet/meta.h"

static inline bool unfinished(const struct rte_mbuf *m)
{
	return (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_NONE;
}

/*
 * To be computed by the port, or by link/tx where the port cannot: l4_flag is
 * RTE_MBUF_F_TX_TCP_CKSUM or …_UDP_CKSUM. The addresses are final. Returns what belongs into the
 * checksum field meanwhile: the sum of the pseudo-header.
 */
be16 unfinished_leave(struct rte_mbuf *m, uint64_t l4_flag);

/* The same for the packet as it is, if it is unfinished; fragments are not. SCTP's checksum is
 * computed here and now. */
void unfinished_pass_on(struct rte_mbuf *m);

/* Computes here and now what was left to the port: no port does it over fragments. */
void unfinished_finish(struct rte_mbuf *m);

#endif
