/* SPDX-License-Identifier: BSD-3-Clause */
/* net/ip4: IPv4 packets that come in, and those that the stack itself sends. */
#ifndef NET_IP4_H
#define NET_IP4_H

#include <rte_ip.h>

#include "net/net.h"
#include "packet/meta.h"
#include "worker/stage.h"
#include "worker/worker.h"

stage_fn ip4_input; /* checks, meta; → IPVS_INPUT */

/* May a unicast packet with these addresses go on behind ip4_input? It lets others through too. */
bool ip4_addresses_usual(const struct worker *w, be32 src, be32 dst);

/*
 * An ICMP error about m, whose data is at its IPv4 header and whose meta is set; m stays the
 * caller's. From `src`, or if that is 0 from the address that addr_select() gives. `value` is the
 * message's second word: the MTU for "fragmentation needed", a parameter problem's pointer in the
 * highest byte, else 0. Rate-limited; never about errors, later fragments, broadcasts, or
 * sources that cannot be answered.
 */
void icmp4_send_error(struct worker *w, struct rte_mbuf *m, uint8_t type, uint8_t code,
		      uint32_t value, be32 src);

/* The identification of a packet that we make, in network order. No two workers' the same, as long
 * as 16 bits last. */
static inline be16 ip4_next_id(const struct worker *w)
{
	return rte_cpu_to_be_16((uint16_t)(w->net->ip_id++ * w->n_workers + w->id - 1));
}

/* Fills an IPv4 header of 20 bytes, checksum and all, for a packet we make. */
void ip4_header_fill(struct worker *w, struct rte_ipv4_hdr *ip, be32 src, be32 dst, uint8_t proto,
		     uint16_t total_len);

#endif
