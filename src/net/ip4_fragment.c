/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/ip4-fragment: what is too long for its way and may be cut (RFC 791 2.3).
 * The packet itself becomes the first fragment, with all its options; the rest
 * is copied into packets of the worker's own, with those options that want it.
 * A fragment is as long as the way allows and a buffer holds.
 */
#include "net/ip4_int.h"

#include <string.h>

#include "net/segments.h"
#include "worker/worker.h"

#define OPTION_END    0
#define OPTION_NOP    1
#define OPTION_COPIED 0x80

#define FRAGMENTS_MAX 64 /* of one packet: 65535 bytes in pieces of an MTU of some 1100 */

/* The header of later fragments into `to` (60 bytes); returns its length. */
static uint16_t fragment_header(const struct rte_ipv4_hdr *ip, uint8_t *to)
{
	const uint8_t *option = (const uint8_t *)(ip + 1);
	const uint8_t *end = (const uint8_t *)ip + (ip->version_ihl & 0x0f) * 4;
	uint16_t len = IP4_HEADER_MIN;

	memcpy(to, ip, IP4_HEADER_MIN);
	while (option < end && *option != OPTION_END) {
		uint8_t size = *option == OPTION_NOP ? 1 : option[1]; /* checked by ip4-input */

		if (*option & OPTION_COPIED) {
			memcpy(to + len, option, size);
			len += size;
		}
		option += size;
	}
	while (len % 4)
		to[len++] = OPTION_END;
	to[0] = (uint8_t)(4 << 4 | len / 4);
	return len;
}

/* One later fragment: payload from `offset` (behind the header of m), len bytes. NULL: no buffer.
 */
static struct rte_mbuf *fragment_make(struct worker *w, const struct rte_mbuf *m, uint16_t l3_len,
				      const uint8_t *header, uint32_t offset, uint16_t len)
{
	uint16_t header_len = (header[0] & 0x0f) * 4;
	struct rte_mbuf *made = worker_make_packet(w);
	struct pkt_meta *meta;
	char *data;

	if (!made)
		return NULL;
	data = rte_pktmbuf_append(made, header_len + len);
	if (!data) {
		drop(w, made, DROP_NO_MBUF);
		return NULL;
	}
	memcpy(data, header, header_len);
	segments_copy(m, l3_len + offset, len, data + header_len);
	meta = pkt_meta(made);
	*meta = *pkt_meta((struct rte_mbuf *)(uintptr_t)m);
	meta->flags |= META_FRAGMENT | META_FRAGMENT_LATER | META_MADE;
	meta->l3_len = header_len;
	meta->l4_off = header_len;
	meta->l4_len = len;
	return made;
}

/* offset and more belong to the original packet's own place in its datagram */
static void fragment_finish(struct rte_mbuf *m, be16 original, uint32_t offset, bool last)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *);
	uint16_t field = rte_be_to_cpu_16(original);
	uint16_t more = last ? field & RTE_IPV4_HDR_MF_FLAG : RTE_IPV4_HDR_MF_FLAG;

	field = (uint16_t)((field & RTE_IPV4_HDR_OFFSET_MASK) + offset / 8);
	ip->fragment_offset = rte_cpu_to_be_16(field | more);
	ip->total_length = rte_cpu_to_be_16((uint16_t)m->pkt_len);
	ip4_checksum(ip);
}

static uint32_t fragment_payload(const struct worker *w, uint16_t mtu)
{
	uint32_t room = rte_pktmbuf_data_room_size(w->pool) - RTE_PKTMBUF_HEADROOM;
	uint32_t len = RTE_MIN((uint32_t)mtu, room);

	return len < 60 + 8 ? 0 : (len - 60) & ~7u;
}

void ip4_fragment(struct worker *w, struct rte_mbuf *m, uint16_t mtu)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);
	uint16_t l3_len = (ip->version_ihl & 0x0f) * 4;
	uint32_t total = m->pkt_len - l3_len;
	uint32_t first = mtu > l3_len ? (uint32_t)(mtu - l3_len) & ~7u : 0;
	struct rte_mbuf *later[FRAGMENTS_MAX];
	be16 original = ip->fragment_offset;
	uint32_t piece, offset;
	unsigned int n = 0;
	uint8_t header[60];

	piece = fragment_payload(w, mtu);
	if (l3_len == IP4_HEADER_MIN && piece)
		piece = RTE_MIN(piece + 40, first);
	if (!first || !piece || (total - first + piece - 1) / piece > FRAGMENTS_MAX) {
		drop(w, m, DROP_IP4_MTU);
		return;
	}
	fragment_header(ip, header);
	for (offset = first; offset < total; offset += piece, n++) {
		uint16_t len = (uint16_t)RTE_MIN(piece, total - offset);

		later[n] = fragment_make(w, m, l3_len, header, offset, len);
		if (!later[n])
			break;
		fragment_finish(later[n], original, offset, offset + len == total);
	}
	if (offset < total) {
		while (n > 0)
			drop(w, later[--n], DROP_NO_MBUF);
		drop(w, m, DROP_NO_MBUF);
		return;
	}
	segments_cut(m, l3_len + first);
	fragment_finish(m, original, 0, false);
	pkt_meta(m)->flags |= META_FRAGMENT;
	pkt_meta(m)->l4_len = (uint16_t)first;
	stage_push(w, STAGE_NEIGH_OUTPUT, m);
	for (unsigned int i = 0; i < n; i++)
		stage_push(w, STAGE_NEIGH_OUTPUT, later[i]);
}
