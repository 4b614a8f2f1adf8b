/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/mld-input: queries that come in. One that may have come from off the link
 * is refused (RFC 3810 6.2): a link-local source, a hop limit of 1 and the
 * router alert are asked for. What others report is nobody's here, but the
 * kernel's, which may forward groups or be in some of its own.
 */
#include "net/mld.h"

#include <string.h>

#include <rte_ip.h>

#include "link/kni.h"
#include "net/ip6.h"
#include "net/ip6_headers.h"
#include "net/net.h"
#include "net/segments.h"
#include "worker/event.h"

#define QUERIES_A_SECOND 20 /* and worker; a querier sends one in two minutes */
#define MLD_V1_LEN       24
#define MLD_V2_LEN       28
#define OPTION_PAD1      0
#define OPTION_ALERT     5 /* RFC 2711 */

/* The same of both versions; more follows in version 2. */
struct mld_header {
	uint8_t type, code;
	be16 checksum;
	be16 delay;
	be16 reserved;
	uint8_t group[16];
} __rte_packed;

/* A router alert that says MLD, in hop-by-hop options right behind the header. */
static bool has_alert(const struct rte_ipv6_hdr *ip, uint32_t l4_off)
{
	const uint8_t *at = (const uint8_t *)(ip + 1), *end;

	if (ip->proto != IPPROTO_HOPOPTS || l4_off < IP6_HEADER_LEN + 8)
		return false;
	end = at + RTE_MIN((at[1] + 1u) * 8u, l4_off - IP6_HEADER_LEN);
	for (at += 2; at + 4 <= end; at += at[0] == OPTION_PAD1 ? 1 : 2 + at[1])
		if (at[0] == OPTION_ALERT && at[1] == 2 && at[2] == 0 && at[3] == 0)
			return true;
	return false;
}

/* In ms; RFC 3810 5.1.3 has a floating point for long ones. */
static uint32_t longest_delay(const struct mld_header *mld, uint16_t len)
{
	uint32_t code = rte_be_to_cpu_16(mld->delay);

	if (len == MLD_V1_LEN || code < 32768)
		return code;
	return ((code & 0xfff) | 0x1000) << (((code >> 12) & 7) + 3);
}

static bool take_query(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);
	const struct mld_header *mld;
	struct event event = { .kind = EVENT_MLD_QUERY, .port = meta->in_port };

	if (!ip6_is_link_local(&meta->tuple.src) || ip->hop_limits != 1 ||
	    !has_alert(ip, meta->l4_off))
		return false;
	if (meta->l4_len != MLD_V1_LEN && meta->l4_len < MLD_V2_LEN)
		return false;
	if (!segments_pull(m, meta->l4_off + sizeof(*mld)))
		return false;
	mld = rte_pktmbuf_mtod_offset(m, const struct mld_header *, meta->l4_off);
	event.ip = ip6_from(mld->group);
	if (!ip_is_zero(&event.ip) && !ip6_is_multicast(&event.ip))
		return false;
	event.family = AF_INET6;
	event.how = meta->l4_len == MLD_V1_LEN ? 1 : 2;
	event.value = longest_delay(mld, meta->l4_len);
	if (net_bucket_take(&w->net->mld_bucket, QUERIES_A_SECOND, w->now_ms))
		event_send(w, &event);
	return true;
}

void mld_input(struct worker *w, struct rte_mbuf *m)
{
	uint8_t type = *rte_pktmbuf_mtod_offset(m, const uint8_t *, pkt_meta(m)->l4_off);

	if (type == MLD_QUERY && !take_query(w, m))
		drop(w, m, DROP_MLD_INVALID);
	else
		kni_or_drop(w, m, DROP_MLD_DONE);
}
