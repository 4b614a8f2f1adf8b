/* SPDX-License-Identifier: BSD-3-Clause */
/* net/l4: what stands behind the IP headers, as far as both families' input stages read it. */
#ifndef NET_L4_H
#define NET_L4_H

#include <stdbool.h>

struct rte_mbuf;

/*
 * Ports, or the id of an echo, into the tuple of m's meta, whose other fields are set; the TCP, UDP
 * or ICMP header lies in the first segment afterwards. false: it is not there in full. In a first
 * fragment, too, it must be (RFC 1858, RFC 7112); later ones have none.
 */
bool l4_read(struct rte_mbuf *m);

/* A later fragment that begins inside a TCP header may change what was let through of it (RFC 1858,
 * RFC 3128). */
bool l4_is_hidden(struct rte_mbuf *m);

#endif
