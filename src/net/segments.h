/* SPDX-License-Identifier: BSD-3-Clause */
/* net/segments: packets of several segments. */
#ifndef NET_SEGMENTS_H
#define NET_SEGMENTS_H

#include <rte_mbuf.h>

bool segments_move(struct rte_mbuf *m, uint32_t len);

/* The first len bytes lie in the first segment from now on. false: there are not so many, or no
 * room. */
static inline bool segments_pull(struct rte_mbuf *m, uint32_t len)
{
	return likely(m->data_len >= len) || segments_move(m, len);
}

/* Cuts the packet to len bytes, no more than it has, freeing segments behind. */
void segments_cut(struct rte_mbuf *m, uint32_t len);

/* Copies len bytes from offset on, all of which the packet has. */
void segments_copy(const struct rte_mbuf *m, uint32_t offset, uint32_t len, void *to);

/* The same len bytes, which both have, from these offsets on? */
bool segments_equal(const struct rte_mbuf *a, uint32_t a_offset, const struct rte_mbuf *b,
		    uint32_t b_offset, uint32_t len);

#endif
