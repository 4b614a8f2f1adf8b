/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/kni-class: what a frame for the kernel is about. Only what lies in the
 * first segment is looked at, and nothing is trusted: a frame that is too short
 * to tell is of the class that waits.
 */
#include "link/kni.h"

#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_ip.h>

#define PORT_BGP        179
#define PORT_BFD        3784
#define PORT_BFD_ECHO   3785
#define PORT_BFD_HOPS   4784 /* over several hops (RFC 5883) */
#define PORT_BFD_LAG    6784 /* on the links of a bond (RFC 7130) */
#define PROTO_EIGRP     88
#define PROTO_OSPF      89
#define PROTO_VRRP      112
#define TYPE_SLOW       0x8809 /* LACP, OAM */
#define TYPE_LLDP       0x88cc
#define TYPE_EAPOL      0x888e
#define ICMP6_MLD_FIRST 130
#define ICMP6_MLD_LAST  132
#define ICMP6_ND_FIRST  133 /* router solicitation */
#define ICMP6_ND_LAST   137 /* redirect */
#define ICMP6_MLD2      143
#define TAGS_MAX        2

/* What is left of the first segment. */
struct view {
	const uint8_t *at;
	uint32_t len;
};

static bool skip(struct view *view, uint32_t n)
{
	if (view->len < n)
		return false;
	view->at += n;
	view->len -= n;
	return true;
}

static uint16_t word(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static enum kni_class class_of_icmp6(const struct view *view)
{
	uint8_t type = view->len ? view->at[0] : 0;

	if (type >= ICMP6_ND_FIRST && type <= ICMP6_ND_LAST)
		return KNI_NEIGH;
	if ((type >= ICMP6_MLD_FIRST && type <= ICMP6_MLD_LAST) || type == ICMP6_MLD2)
		return KNI_GROUP;
	return KNI_BULK;
}

static enum kni_class class_of_ports(const struct view *view, uint8_t proto)
{
	uint16_t from, to;

	if (view->len < 4)
		return KNI_BULK;
	from = word(view->at);
	to = word(view->at + 2);
	if (proto == IPPROTO_TCP)
		return from == PORT_BGP || to == PORT_BGP ? KNI_BGP : KNI_BULK;
	return to == PORT_BFD || to == PORT_BFD_ECHO || to == PORT_BFD_HOPS || to == PORT_BFD_LAG
		       ? KNI_BFD
		       : KNI_BULK;
}

static enum kni_class class_of_proto(const struct view *view, uint8_t proto)
{
	switch (proto) {
	case PROTO_OSPF:
	case PROTO_EIGRP:
	case IPPROTO_PIM:
	case IPPROTO_RSVP:
		return KNI_OSPF;
	case PROTO_VRRP:
	case IPPROTO_AH:
		return KNI_VRRP;
	case IPPROTO_IGMP:
		return KNI_GROUP;
	case IPPROTO_ICMPV6:
		return class_of_icmp6(view);
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		return class_of_ports(view, proto);
	default:
		return KNI_BULK;
	}
}

static enum kni_class class_of_ip4(struct view view)
{
	const uint8_t *ip = view.at;
	uint32_t len;

	if (view.len < sizeof(struct rte_ipv4_hdr))
		return KNI_BULK;
	len = (ip[0] & 0x0f) * 4u;
	if (len < sizeof(struct rte_ipv4_hdr) || !skip(&view, len))
		return KNI_BULK;
	if (word(ip + 6) & RTE_IPV4_HDR_OFFSET_MASK) /* a later fragment: only the protocol shows */
		view.len = 0;
	return class_of_proto(&view, ip[9]);
}

static enum kni_class class_of_ip6(struct view view)
{
	uint8_t next;

	if (view.len < sizeof(struct rte_ipv6_hdr))
		return KNI_BULK;
	next = view.at[6];
	skip(&view, sizeof(struct rte_ipv6_hdr));
	/* in front of MLD there is a router alert */
	if (next == IPPROTO_HOPOPTS && view.len >= 2) {
		next = view.at[0];
		if (!skip(&view, (view.at[1] + 1u) * 8u))
			return KNI_BULK;
	}
	return class_of_proto(&view, next);
}

enum kni_class kni_classify(const struct rte_mbuf *m)
{
	struct view view = { rte_pktmbuf_mtod(m, const uint8_t *), m->data_len };
	uint16_t type;

	if (view.len < RTE_ETHER_HDR_LEN)
		return KNI_BULK;
	type = word(view.at + 12);
	skip(&view, RTE_ETHER_HDR_LEN);
	for (unsigned int tags = 0; tags < TAGS_MAX && view.len >= 4 &&
				    (type == RTE_ETHER_TYPE_VLAN || type == RTE_ETHER_TYPE_QINQ);
	     tags++) {
		type = word(view.at + 2);
		skip(&view, 4);
	}
	switch (type) {
	case RTE_ETHER_TYPE_IPV4:
		return class_of_ip4(view);
	case RTE_ETHER_TYPE_IPV6:
		return class_of_ip6(view);
	case RTE_ETHER_TYPE_ARP:
		return KNI_NEIGH;
	case TYPE_SLOW:
	case TYPE_LLDP:
	case TYPE_EAPOL:
		return KNI_GROUP;
	default:
		return KNI_BULK;
	}
}
