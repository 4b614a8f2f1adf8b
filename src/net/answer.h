/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/answer: packets that answer one which belongs nowhere, in the way of its
 * L4 protocol: from where it was sent to, back to its sender.
 */
#ifndef NET_ANSWER_H
#define NET_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

struct rte_mbuf;
struct worker;

/* May m be answered at all: a whole packet from one host to one host, which is not us? */
bool answer_allowed(const struct worker *w, struct rte_mbuf *m);

/* May one more be sent now? Asked when all else is clear. */
bool answer_in_rate(struct worker *w);

/* A packet of l4_len bytes, not filled, with room for all headers in front. NULL: counted. */
struct rte_mbuf *answer_new(struct worker *w, uint16_t l4_len);

/* The L4 header is filled but for a checksum over IP addresses: the IP header in front of it. */
void answer_address(struct worker *w, struct rte_mbuf *made, struct rte_mbuf *about);

/* It is finished and goes. */
void answer_send(struct worker *w, struct rte_mbuf *made, struct rte_mbuf *about);

#endif
