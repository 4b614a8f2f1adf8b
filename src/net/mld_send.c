/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/mld-send: reports as frames: hop limit 1, a router alert, from the port's
 * link-local address, or from the unspecified one as long as that is tentative,
 * so that a switch that snoops learns of the group before the first question
 * about the address (RFC 3590).
 */
#include "net/mld_int.h"

#include <string.h>

#include <rte_ip.h>

#include "net/addr_int.h"
#include "net/ip6.h"
#include "net/ip6_headers.h"
#include "net/l2.h"
#include "net/maddr.h"
#include "net/net.h"
#include "packet/csum.h"
#include "worker/op.h"

/* All routers of version 2 listen there (RFC 3810 5.2.14), and those of version 1 to the next. */
static const union ip_addr to_reports = { .v6 = { 0xff, 2, [15] = 0x16 } };
static const union ip_addr to_routers = { .v6 = { 0xff, 2, [15] = 2 } };

struct mld_head {
	struct rte_ipv6_hdr ip;
	uint8_t hop_by_hop[8];
	uint8_t type, code;
	be16 checksum;
	be16 reserved;
	be16 n_records; /* version 1: reserved, too */
} __rte_packed;

struct mld_record {
	uint8_t type, aux_len;
	be16 n_sources;
	uint8_t group[16];
} __rte_packed;

union ip_addr mld_source(const struct worker *w, uint16_t port)
{
	list_for_each (it, &w->net->addrs->ports[port]) {
		const struct addr *addr = container_of(it, struct addr, port_node);

		if (addr->family == AF_INET6 && ip6_is_link_local(&addr->ip) &&
		    !(addr->flags & (API_ADDR_TENTATIVE | API_ADDR_DADFAILED)))
			return addr->ip;
	}
	return (union ip_addr){ .u64 = { 0, 0 } };
}

/* len bytes are behind the first 8 of the ICMPv6 message, which are filled but for the checksum. */
static void send_message(struct worker *w, uint16_t port, struct rte_mbuf *m,
			 const union ip_addr *dst, uint16_t len)
{
	static const uint8_t alert[8] = { IPPROTO_ICMPV6, 0, 5, 2, 0, 0, 1, 0 };
	struct mld_head *head = rte_pktmbuf_mtod(m, struct mld_head *);
	struct rte_ether_addr mac = maddr_mac(AF_INET6, dst);
	union ip_addr src = mld_source(w, port);
	uint16_t icmp_len = len + 8;

	ip6_header_fill(&head->ip, &src, dst, IPPROTO_HOPOPTS, icmp_len + sizeof(alert));
	head->ip.hop_limits = 1;
	memcpy(head->hop_by_hop, alert, sizeof(alert));
	head->checksum = csum_l4_ip6(m, offsetof(struct mld_head, type), IPPROTO_ICMPV6);
	l2_push(w, m, port, &mac, RTE_BE16(RTE_ETHER_TYPE_IPV6));
}

/* With len bytes behind the head, zeroed; NULL: no mbuf. */
static struct rte_mbuf *make_message(struct worker *w, uint8_t type, uint16_t len)
{
	struct rte_mbuf *m = worker_make_packet(w);
	struct mld_head *head;

	if (!m)
		return NULL;
	head = (struct mld_head *)rte_pktmbuf_append(m, sizeof(*head) + len);
	if (!head) {
		drop(w, m, DROP_NO_MBUF);
		return NULL;
	}
	memset(head, 0, sizeof(*head) + len);
	head->type = type;
	return m;
}

static void send_v1(struct worker *w, uint16_t port, const union ip_addr *group, bool done)
{
	struct rte_mbuf *m = make_message(w, done ? MLD_DONE : MLD_REPORT, sizeof(group->v6));

	if (!m)
		return;
	memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, sizeof(struct mld_head)), group->v6,
	       sizeof(group->v6));
	send_message(w, port, m, done ? &to_routers : group, sizeof(group->v6));
}

static void send_v2(struct worker *w, const struct mld_report *report)
{
	uint16_t len = report->n * sizeof(struct mld_record);
	struct rte_mbuf *m = make_message(w, MLD_REPORT_V2, len);
	struct mld_record *record;

	if (!m)
		return;
	rte_pktmbuf_mtod(m, struct mld_head *)->n_records = rte_cpu_to_be_16(report->n);
	record = rte_pktmbuf_mtod_offset(m, struct mld_record *, sizeof(struct mld_head));
	for (unsigned int i = 0; i < report->n; i++, record++) {
		record->type = report->records[i].type;
		memcpy(record->group, report->records[i].group.v6, sizeof(record->group));
	}
	send_message(w, report->port, m, &to_reports, len);
}

static void mld_apply_send(struct worker *w, struct op *op)
{
	const struct mld_report *report = op_data(op);

	if (!w->link->ports[report->port].up || w->net->config.ip6_disable)
		return;
	if (report->version == 2)
		send_v2(w, report);
	else
		for (unsigned int i = 0; i < report->n; i++)
			send_v1(w, report->port, &report->records[i].group,
				report->records[i].type == MLD_TO_INCLUDE);
}

int mld_send(struct worker *w, const struct mld_report *report)
{
	return op_unicast(w, mld_apply_send, NULL, report, sizeof(*report));
}
