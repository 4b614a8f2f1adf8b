/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/ip6-fragment: what we make and is too long for its way is cut here, at
 * its source, since nobody on the way may (RFC 8200 4.5); what was a fragment of
 * IPv4 stays one of its datagram. The packet itself
 * becomes the first fragment; the rest is copied into packets of the worker's
 * own. Identifications are those of a counter, no two workers' the same, behind
 * a keyed mixture, so that nobody guesses the next (RFC 7739).
 */
#include "net/ip6.h"

#include <string.h>

#include <netinet/in.h>

#include "net/ip6_headers.h"
#include "net/net.h"
#include "net/segments.h"
#include "worker/worker.h"

#define FRAGMENTS_MAX 64 /* of one packet: 65535 bytes in pieces of the smallest MTU */
#define HEADERS       (IP6_HEADER_LEN + IP6_FRAGMENT_LEN)

/* Every step can be undone, so different numbers stay different. */
be32 ip6_next_id(struct worker *w)
{
	uint32_t id = w->net->ip6_fragment_id++ * w->n_workers + w->id - 1;

	id = (id ^ (uint32_t)w->flow_key.k[0]) * 0x9e3779b1u;
	id ^= id >> 15;
	id = (id ^ (uint32_t)w->flow_key.k[1]) * 0x85ebca6bu;
	return id ^ id >> 13;
}

/* What is cut: m's data from `at` on, which begin there in their datagram. */
struct cut {
	uint16_t at, offset;
	bool more;
	uint8_t next;
	be32 id;
};

static struct cut cut_of(struct worker *w, struct rte_mbuf *m)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);
	const struct ip6_fragment_header *header = (const void *)(ip + 1);

	if (ip->proto != IPPROTO_FRAGMENT)
		return (struct cut){ .at = IP6_HEADER_LEN,
				     .next = ip->proto,
				     .id = ip6_next_id(w) };
	return (struct cut){
		.at = HEADERS,
		.offset = rte_be_to_cpu_16(header->offset & IP6_FRAGMENT_OFFSET),
		.more = header->offset & IP6_FRAGMENT_MORE,
		.next = header->next,
		.id = header->id,
	};
}

static void fragment_fill(uint8_t *data, const struct cut *cut, uint32_t offset, bool last,
			  uint16_t len)
{
	struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)data;

	ip->proto = IPPROTO_FRAGMENT;
	ip->payload_len = rte_cpu_to_be_16((uint16_t)(IP6_FRAGMENT_LEN + len));
	*(struct ip6_fragment_header *)(ip + 1) = (struct ip6_fragment_header){
		.next = cut->next,
		.offset = rte_cpu_to_be_16((uint16_t)(cut->offset + offset)) |
			  (last && !cut->more ? 0 : IP6_FRAGMENT_MORE),
		.id = cut->id,
	};
}

static void fragment_meta(struct rte_mbuf *m, const struct pkt_meta *of, uint16_t len)
{
	struct pkt_meta *meta = pkt_meta(m);

	*meta = *of;
	meta->flags |= META_FRAGMENT;
	meta->l3_len = HEADERS;
	meta->l4_off = HEADERS;
	meta->l4_len = len;
}

/* One later fragment: `len` bytes of payload from `offset` on. NULL: no buffer. */
static struct rte_mbuf *fragment_make(struct worker *w, struct rte_mbuf *m, const struct cut *cut,
				      uint32_t offset, uint16_t len)
{
	struct rte_mbuf *made = worker_make_packet(w);
	uint8_t *data;

	if (!made)
		return NULL;
	data = (uint8_t *)rte_pktmbuf_append(made, HEADERS + len);
	if (!data) {
		drop(w, made, DROP_NO_MBUF);
		return NULL;
	}
	memcpy(data, rte_pktmbuf_mtod(m, void *), IP6_HEADER_LEN);
	fragment_fill(data, cut, offset, cut->at + offset + len == m->pkt_len, len);
	segments_copy(m, cut->at + offset, len, data + HEADERS);
	fragment_meta(made, pkt_meta(m), len);
	pkt_meta(made)->flags |= META_FRAGMENT_LATER | META_MADE;
	return made;
}

/* m itself, which has its payload's first `len` bytes. false: no room in front. */
static bool fragment_first(struct rte_mbuf *m, const struct cut *cut, uint16_t len)
{
	uint16_t more = HEADERS - cut->at;
	uint8_t *data = (uint8_t *)rte_pktmbuf_prepend(m, more);

	if (!data)
		return false;
	memmove(data, data + more, IP6_HEADER_LEN);
	segments_cut(m, HEADERS + len);
	fragment_fill(data, cut, 0, false, len);
	fragment_meta(m, pkt_meta(m), len);
	return true;
}

void ip6_fragment(struct worker *w, struct rte_mbuf *m, uint16_t mtu)
{
	uint32_t room = rte_pktmbuf_data_room_size(w->pool) - RTE_PKTMBUF_HEADROOM;
	uint32_t piece = (RTE_MIN((uint32_t)mtu, room) - HEADERS) & ~7u;
	const struct cut cut = cut_of(w, m);
	uint32_t total = m->pkt_len - cut.at, offset;
	struct rte_mbuf *later[FRAGMENTS_MAX];
	unsigned int n = 0;

	if (mtu < IP6_MTU_MIN || (total + piece - 1) / piece > FRAGMENTS_MAX) {
		drop(w, m, DROP_IP6_MTU);
		return;
	}
	for (offset = piece; offset < total; offset += piece, n++) {
		uint16_t len = (uint16_t)RTE_MIN(piece, total - offset);

		later[n] = fragment_make(w, m, &cut, offset, len);
		if (!later[n])
			break;
	}
	if (offset < total || !fragment_first(m, &cut, (uint16_t)piece)) {
		while (n > 0)
			drop(w, later[--n], DROP_NO_MBUF);
		drop(w, m, DROP_NO_MBUF);
		return;
	}
	stage_push(w, STAGE_NEIGH_OUTPUT, m);
	for (unsigned int i = 0; i < n; i++)
		stage_push(w, STAGE_NEIGH_OUTPUT, later[i]);
}
