/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/ip6-headers: see the header. What a header's own length says is checked
 * against the packet before its content is read. The number of headers is
 * bounded, and so is what a packet may cost here. AH, ESP, mobility and the
 * like end the walk: to us they are protocols that nobody here speaks.
 */
#include "net/ip6_headers.h"

#include <netinet/in.h>

#include <rte_ip.h>

#include "net/segments.h"
#include "packet/meta.h"

#define HEADERS_MAX 8 /* RFC 8504 5.3: a host may set such a limit */

#define ROUTING_TYPE_SOURCE 0 /* RFC 5095: deprecated */

#define OPTION_PAD1         0
#define OPTION_PADN         1
#define OPTION_ROUTER_ALERT 5

static uint8_t byte_at(const struct rte_mbuf *m, uint32_t off)
{
	return *rte_pktmbuf_mtod_offset(m, const uint8_t *, off);
}

static bool wrong(struct ip6_chain *chain, enum ip6_problem problem, uint32_t pointer)
{
	chain->problem = problem;
	chain->pointer = (uint16_t)pointer;
	return false;
}

/* The two highest bits of an option say what to do for who does not know it (RFC 8200 4.2). */
static bool walk_unknown_option(struct ip6_chain *chain, uint8_t type, uint32_t off)
{
	static const uint8_t problems[] = { IP6_RIGHT, IP6_OPTION_SILENT, IP6_OPTION,
					    IP6_OPTION_UNICAST };

	return type >> 6 == 0 || wrong(chain, problems[type >> 6], off);
}

/* Those in [off, end). */
static bool walk_options(const struct rte_mbuf *m, struct ip6_chain *chain, uint32_t off,
			 uint32_t end)
{
	while (off < end) {
		uint8_t type = byte_at(m, off);
		uint32_t len;

		if (type == OPTION_PAD1) {
			off++;
			continue;
		}
		if (end - off < 2 || end - off - 2 < byte_at(m, off + 1))
			return wrong(chain, IP6_CHAIN, off);
		len = byte_at(m, off + 1) + 2u;
		if (type != OPTION_PADN && type != OPTION_ROUTER_ALERT &&
		    !walk_unknown_option(chain, type, off))
			return false;
		off += len;
	}
	return true;
}

/* Whose last stop is the packet's destination is none; others are not for a host. */
static bool walk_routing(const struct rte_mbuf *m, struct ip6_chain *chain, uint32_t off)
{
	if (byte_at(m, off + 3) == 0)
		return true;
	if (byte_at(m, off + 2) == ROUTING_TYPE_SOURCE) {
		chain->of_routers = true;
		return wrong(chain, IP6_ROUTING_0, off + 2);
	}
	return wrong(chain, IP6_ROUTING, off + 2);
}

static bool walk_fragment(const struct rte_mbuf *m, struct ip6_chain *chain, uint32_t off)
{
	const struct ip6_fragment_header *header;

	header = rte_pktmbuf_mtod_offset(m, const struct ip6_fragment_header *, off);
	if (chain->fragment_off)
		return wrong(chain, IP6_NEXT_HEADER, chain->next_off);
	chain->fragment_off = (uint16_t)off;
	chain->fragment_next_off = chain->next_off;
	chain->fragment = header->offset & (IP6_FRAGMENT_OFFSET | IP6_FRAGMENT_MORE);
	chain->later = header->offset & IP6_FRAGMENT_OFFSET;
	return true;
}

/* The header of type `proto` at l4_off, `len` bytes of which are there. */
static bool walk_header(const struct rte_mbuf *m, struct ip6_chain *chain, uint32_t len)
{
	uint32_t off = chain->l4_off;

	switch (chain->proto) {
	case IPPROTO_HOPOPTS:
		if (chain->next_off != offsetof(struct rte_ipv6_hdr, proto))
			return wrong(chain, IP6_NEXT_HEADER, chain->next_off);
		if (walk_options(m, chain, off + 2, off + len))
			return true;
		chain->of_routers = true;
		return false;
	case IPPROTO_DSTOPTS:
		return walk_options(m, chain, off + 2, off + len);
	case IPPROTO_ROUTING:
		return walk_routing(m, chain, off);
	default:
		return walk_fragment(m, chain, off);
	}
}

static bool is_extension(uint8_t proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_DSTOPTS || proto == IPPROTO_ROUTING ||
	       proto == IPPROTO_FRAGMENT;
}

void ip6_walk(struct rte_mbuf *m, struct ip6_chain *chain)
{
	*chain = (struct ip6_chain){
		.l4_off = IP6_HEADER_LEN,
		.next_off = offsetof(struct rte_ipv6_hdr, proto),
		.proto = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *)->proto,
	};
	for (unsigned int n = 0; !chain->later && is_extension(chain->proto); n++) {
		uint32_t off = chain->l4_off, len = IP6_FRAGMENT_LEN;

		if (n == HEADERS_MAX || !segments_pull(m, off + len)) {
			wrong(chain, IP6_CHAIN, off);
			return;
		}
		if (chain->proto != IPPROTO_FRAGMENT)
			len = (byte_at(m, off + 1) + 1u) * 8;
		if (!segments_pull(m, off + len)) {
			wrong(chain, IP6_CHAIN, off);
			return;
		}
		if (!walk_header(m, chain, len))
			return;
		chain->next_off = (uint16_t)off;
		chain->proto = byte_at(m, off);
		chain->l4_off = (uint16_t)(off + len);
	}
}

uint8_t ip6_fragment_next(struct rte_mbuf *m)
{
	return byte_at(m, (uint32_t)pkt_meta(m)->fragment_at - IP6_FRAGMENT_LEN +
				  offsetof(struct ip6_fragment_header, next));
}

uint32_t ip6_skip(const uint8_t *ip, uint32_t len, uint8_t *proto)
{
	uint32_t off = IP6_HEADER_LEN;

	if (len < off)
		return 0;
	*proto = ip[offsetof(struct rte_ipv6_hdr, proto)];
	for (unsigned int n = 0; is_extension(*proto); n++) {
		const struct ip6_fragment_header *fragment = (const void *)(ip + off);

		if (n == HEADERS_MAX || off + IP6_FRAGMENT_LEN > len ||
		    (*proto == IPPROTO_FRAGMENT && (fragment->offset & IP6_FRAGMENT_OFFSET)))
			return 0;
		off += *proto == IPPROTO_FRAGMENT ? IP6_FRAGMENT_LEN : (ip[off + 1] + 1u) * 8;
		*proto = fragment->next;
	}
	return off <= len ? off : 0;
}
