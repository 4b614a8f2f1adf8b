/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tunnel-error: ICMP errors about packets that we have wrapped up. They are to
 * us, and quote the outer packet. If enough of it is quoted to tell whose the
 * inner one was, and that its connection goes to just that server, the client
 * hears of it as if the inner packet had met its fate unwrapped (RFC 2003 4,
 * RFC 2473 8): from the virtual address, about the packet as far as it was
 * quoted, with the size that is left for it. What only concerns the tunnel's
 * inside he is told as "host unreachable" where the words of the families
 * differ. Who is not the owner of the inner packet's connection hands it over.
 */
#include <netinet/in.h>
#include <netinet/ip.h>

#include <rte_icmp.h>
#include <rte_ip.h>

#include "api/ipvs.h"
#include "ipvs/ipvs.h"
#include "ipvs/owner.h"
#include "ipvs/quote.h"
#include "ipvs/service.h"
#include "ipvs/xmit/steps.h"
#include "ipvs/xmit/tunnel.h"
#include "link/port.h"
#include "net/icmp4.h"
#include "net/icmp6.h"
#include "net/ip.h"
#include "net/ip6_headers.h"
#include "packet/meta.h"
#include "worker/worker.h"

#define L4_QUOTED 4 /* bytes of the inner packet: its ports */

struct tunnel_quote {
	enum ip_error what;
	uint16_t mtu;          /* of the way, for IP_ERROR_TOO_BIG */
	union ip_addr server;  /* the outer packet's destination */
	uint16_t outer_family; /* of that */
	uint16_t outer_len;    /* bytes in front of the inner packet */
	uint32_t inner_off;    /* of it, from the start of the ICMP packet */
	struct pkt_meta inner; /* as it was when it arrived, as far as errors need it */
};

static bool words4(const struct rte_icmp_hdr *icmp, struct tunnel_quote *quote)
{
	static const uint8_t unreachable[] = {
		[ICMP4_NET_UNREACHABLE] = IP_ERROR_NO_ROUTE,
		[ICMP4_HOST_UNREACHABLE] = IP_ERROR_HOST,
		[ICMP4_PROTOCOL_UNREACHABLE] = IP_ERROR_PROTOCOL,
		[ICMP4_PORT_UNREACHABLE] = IP_ERROR_PORT,
		[ICMP4_FRAGMENTATION_NEEDED] = IP_ERROR_TOO_BIG,
	};

	quote->mtu = rte_be_to_cpu_16(icmp->icmp_seq_nb);
	if (icmp->icmp_type == ICMP4_TIME_EXCEEDED) {
		quote->what = icmp->icmp_code ? IP_ERROR_REASSEMBLY : IP_ERROR_TTL;
		return true;
	}
	if (icmp->icmp_type != ICMP4_UNREACHABLE)
		return false;
	if (icmp->icmp_code == ICMP4_PROHIBITED)
		quote->what = IP_ERROR_PROHIBITED;
	else
		quote->what = icmp->icmp_code < RTE_DIM(unreachable) ? unreachable[icmp->icmp_code]
								     : IP_ERROR_HOST;
	return quote->what != IP_ERROR_TOO_BIG || quote->mtu != 0;
}

static bool words6(const struct rte_icmp_hdr *icmp, struct tunnel_quote *quote)
{
	be32 mtu;

	memcpy(&mtu, &icmp->icmp_ident, sizeof(mtu));
	quote->mtu = (uint16_t)RTE_MIN(rte_be_to_cpu_32(mtu), (uint32_t)UINT16_MAX);
	quote->what = icmp->icmp_type == ICMP6_PACKET_TOO_BIG ? IP_ERROR_TOO_BIG : IP_ERROR_HOST;
	return icmp->icmp_type == ICMP6_PACKET_TOO_BIG || icmp->icmp_type == ICMP6_UNREACHABLE ||
	       icmp->icmp_type == ICMP6_TIME_EXCEEDED;
}

/*
 * The IP header at `at`, of which `room` bytes are there, into the tuple; how long it is, 0: none.
 * An IPv4 packet without anything behind its first fragment would not be known.
 */
static uint32_t read_ip(const uint8_t *at, uint32_t room, struct tuple *tuple)
{
	const struct rte_ipv4_hdr *ip4 = (const void *)at;
	const struct rte_ipv6_hdr *ip6 = (const void *)at;
	uint32_t len;

	if (tuple->family == AF_INET6) {
		if (room < sizeof(*ip6) || at[0] >> 4 != 6)
			return 0;
		memcpy(&tuple->src, ip6->src_addr, sizeof(tuple->src));
		memcpy(&tuple->dst, ip6->dst_addr, sizeof(tuple->dst));
		return ip6_skip(at, room, &tuple->proto);
	}
	if (room < sizeof(*ip4) || at[0] >> 4 != IPVERSION ||
	    (ip4->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK)))
		return 0;
	len = (at[0] & RTE_IPV4_HDR_IHL_MASK) * RTE_IPV4_IHL_MULTIPLIER;
	tuple->src = ip_from_v4(ip4->src_addr);
	tuple->dst = ip_from_v4(ip4->dst_addr);
	tuple->proto = ip4->next_proto_id;
	return len >= sizeof(*ip4) && len <= room ? len : 0;
}

static bool read_inner(const uint8_t *at, uint32_t room, uint8_t family, struct pkt_meta *inner)
{
	uint32_t len;

	*inner = (struct pkt_meta){ .tuple.family = family, .flags = META_PARSED };
	len = read_ip(at, room, &inner->tuple);
	if (len == 0 || room < len + L4_QUOTED ||
	    (inner->tuple.proto != IPPROTO_TCP && inner->tuple.proto != IPPROTO_UDP))
		return false;
	memcpy(&inner->tuple.sport, at + len, sizeof(be16));
	memcpy(&inner->tuple.dport, at + len + sizeof(be16), sizeof(be16));
	inner->l3_len = (uint16_t)len;
	inner->l4_off = (uint16_t)len;
	inner->l4_len = (uint16_t)(room - len);
	return true;
}

static bool tunnel_quoted(struct rte_mbuf *m, struct tunnel_quote *quote)
{
	const struct pkt_meta *meta = pkt_meta(m);
	struct tuple outer = { .family = meta->tuple.family };
	const struct rte_icmp_hdr *icmp;
	struct encap_found found;
	enum drop_reason reason;
	const uint8_t *at;
	uint32_t room, len;

	if (meta->l4_len < sizeof(*icmp) || (m->nb_segs > 1 && rte_pktmbuf_linearize(m) != 0))
		return false;
	icmp = rte_pktmbuf_mtod_offset(m, const struct rte_icmp_hdr *, meta->l4_off);
	if (outer.family == AF_INET ? !words4(icmp, quote) : !words6(icmp, quote))
		return false;
	at = (const uint8_t *)(icmp + 1);
	room = meta->l4_len - (uint32_t)sizeof(*icmp);
	len = read_ip(at, room, &outer);
	if (len == 0 || !encap_parse(at + len, room - len, outer.proto, &found, &reason) ||
	    !ip_equal(&outer.src, &meta->tuple.dst))
		return false;
	len += found.len;
	quote->server = outer.dst;
	quote->outer_family = outer.family;
	quote->outer_len = (uint16_t)len;
	quote->inner_off = meta->l4_off + (uint32_t)sizeof(*icmp) + len;
	return room > len && read_inner(at + len, room - len, found.family, &quote->inner);
}

/* Is it the server of that connection, by a tunnel? */
static bool goes_there(const struct worker *w, uint32_t id, const struct tunnel_quote *quote)
{
	const struct conn *conn = conn_get(w->ipvs->conns, id);
	const struct dest *dest = dest_get(w->ipvs->services, conn->dest);

	return conn_forward(conn) == API_FORWARD_TUNNEL && dest->family == quote->outer_family &&
	       ip_equal(&dest->addr, &quote->server);
}

/* m becomes the inner packet, as far as it is there. */
static void tell_client(struct worker *w, struct rte_mbuf *m, struct tunnel_quote *quote)
{
	const struct pkt_meta *meta = pkt_meta(m);
	unsigned int family = quote->inner.tuple.family;
	enum ip_error what = quote->what;
	uint32_t value = 0;

	if (what == IP_ERROR_TOO_BIG)
		value = xmit_inner_mtu(family, quote->mtu, quote->outer_len);
	else if (family == AF_INET6)
		what = IP_ERROR_HOST;
	quote->inner.in_port = meta->in_port;
	rte_pktmbuf_trim(m, (uint16_t)(m->pkt_len - meta->l4_off - meta->l4_len));
	rte_pktmbuf_adj(m, (uint16_t)quote->inner_off);
	*pkt_meta(m) = quote->inner;
	ip_send_error(w, m, what, value, &quote->inner.tuple.dst);
	drop(w, m, DROP_TUNNEL_ERROR);
}

bool tunnel_error(struct worker *w, struct rte_mbuf *m)
{
	struct tunnel_quote quote;
	struct owners owners;
	enum conn_dir dir;
	uint32_t id;

	if (!tunnel_quoted(m, &quote))
		return false;
	quote.inner.tuple.zone = pkt_meta(m)->tuple.zone;
	id = conn_lookup(w->ipvs->conns, &quote.inner.tuple, &dir);
	if (id == CONN_NONE) {
		owners = owners_of(w, &quote.inner.tuple, PORT_NONE);
		return owners_ask_next(w, m, &owners);
	}
	if (dir != CONN_IN || !goes_there(w, id, &quote))
		return false;
	if (quote_checksum_right(m))
		tell_client(w, m, &quote);
	else
		drop(w, m, DROP_ICMP_CHECKSUM);
	return true;
}
