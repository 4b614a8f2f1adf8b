/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/segments: headers that a driver split over segments are brought
 * together, and packets longer than they say are cut. Only the first segment
 * grows, and by a few header bytes; payload stays where it is. Both work on any
 * mbuf that is ours alone.
 */
#include "net/segments.h"

#include <string.h>

/* Takes up to len bytes from the front of the segment behind m. */
static void segments_take(struct rte_mbuf *m, uint32_t len)
{
	struct rte_mbuf *next = m->next;
	uint16_t n = (uint16_t)RTE_MIN(len, (uint32_t)next->data_len);

	memcpy(rte_pktmbuf_mtod_offset(m, void *, m->data_len), rte_pktmbuf_mtod(next, void *), n);
	m->data_len += n;
	next->data_off += n;
	next->data_len -= n;
	if (next->data_len == 0) {
		m->next = next->next;
		m->nb_segs--;
		next->next = NULL;
		next->nb_segs = 1;
		rte_pktmbuf_free_seg(next);
	}
}

bool segments_move(struct rte_mbuf *m, uint32_t len)
{
	if (m->pkt_len < len || !RTE_MBUF_DIRECT(m) || rte_mbuf_refcnt_read(m) != 1)
		return false;
	if ((uint32_t)m->data_len + rte_pktmbuf_tailroom(m) < len)
		return false;
	while (m->data_len < len && m->next)
		segments_take(m, len - m->data_len);
	return m->data_len >= len;
}

void segments_cut(struct rte_mbuf *m, uint32_t len)
{
	struct rte_mbuf *seg = m;
	uint32_t left = len;
	uint16_t n = 1;

	while (seg->next && left > seg->data_len) {
		left -= seg->data_len;
		seg = seg->next;
		n++;
	}
	if (seg->data_len > left)
		seg->data_len = (uint16_t)left;
	if (seg->next) {
		struct rte_mbuf *rest = seg->next;

		seg->next = NULL;
		rte_pktmbuf_free(rest);
	}
	m->nb_segs = n;
	m->pkt_len = len;
}

void segments_copy(const struct rte_mbuf *m, uint32_t offset, uint32_t len, void *to)
{
	while (offset >= m->data_len && m->next) {
		offset -= m->data_len;
		m = m->next;
	}
	while (len) {
		uint32_t n = RTE_MIN(len, m->data_len - offset);

		memcpy(to, rte_pktmbuf_mtod_offset(m, const void *, offset), n);
		to = (char *)to + n;
		len -= n;
		offset = 0;
		m = m->next;
	}
}

bool segments_equal(const struct rte_mbuf *a, uint32_t a_offset, const struct rte_mbuf *b,
		    uint32_t b_offset, uint32_t len)
{
	while (len) {
		uint32_t n;

		for (; a_offset >= a->data_len; a = a->next)
			a_offset -= a->data_len;
		for (; b_offset >= b->data_len; b = b->next)
			b_offset -= b->data_len;
		n = RTE_MIN(len, RTE_MIN(a->data_len - a_offset, b->data_len - b_offset));
		if (memcmp(rte_pktmbuf_mtod_offset(a, const void *, a_offset),
			   rte_pktmbuf_mtod_offset(b, const void *, b_offset), n) != 0)
			return false;
		a_offset += n;
		b_offset += n;
		len -= n;
	}
	return true;
}
