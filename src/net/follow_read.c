/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/follow-read: rtnetlink's messages about routes and addresses, as far as
 * they are about kernel interfaces of ours. A route is followed if it is one of
 * the main table, made by a routing daemon: not by the kernel itself, nor by
 * the administrator by hand, whose place for static routes is dpip. Of several
 * next hops those count that lead over an interface of ours and are alive.
 */
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <rte_common.h>

#include "link/kni_master.h"
#include "net/follow_int.h"
#include "net/ip6.h"

static size_t ip_size(unsigned int family)
{
	return family == AF_INET6 ? 16 : 4;
}

static bool read_ip(const struct nlattr *attr, unsigned int family, union ip_addr *ip)
{
	if (mnl_attr_get_payload_len(attr) != ip_size(family))
		return false;
	memset(ip, 0, sizeof(*ip));
	memcpy(ip, mnl_attr_get_payload(attr), ip_size(family));
	return true;
}

/* The port behind the kernel's device. */
static bool port_of(const struct worker *master, unsigned int index, uint16_t *port)
{
	const struct kni_port *kni = kni_port_find(master, index);

	if (kni)
		*port = kni->port;
	return kni;
}

/* A gateway of IPv6 for a route of IPv4 is beyond us. */
static bool read_gateway(const struct nlattr *attr, unsigned int family, struct follow_hop *hop)
{
	return mnl_attr_get_type(attr) == RTA_GATEWAY && read_ip(attr, family, &hop->via);
}

/* One that is there already only becomes heavier. */
static void add_hop(struct follow_route *route, const struct follow_hop *hop)
{
	for (unsigned int i = 0; i < route->n_hops; i++) {
		struct follow_hop *there = &route->hops[i];

		if (there->port == hop->port && ip_equal(&there->via, &hop->via)) {
			there->weight = (uint16_t)RTE_MIN(there->weight + hop->weight,
							  API_ROUTE_WEIGHT_MAX);
			return;
		}
	}
	if (route->n_hops < FOLLOW_HOPS)
		route->hops[route->n_hops++] = *hop;
}

/* dead: those count, too, that are not used now. */
static void read_hops(const struct worker *master, const struct nlattr *multipath, bool dead,
		      struct follow_route *route)
{
	const struct rtnexthop *next = mnl_attr_get_payload(multipath);
	int left = mnl_attr_get_payload_len(multipath);

	for (; left >= (int)sizeof(*next) && next->rtnh_len >= sizeof(*next) &&
	       next->rtnh_len <= left;
	     left -= (int)NLMSG_ALIGN(next->rtnh_len), next = RTNH_NEXT(next)) {
		struct follow_hop hop = { .weight = (uint16_t)(next->rtnh_hops + 1u),
					  .onlink = next->rtnh_flags & RTNH_F_ONLINK };
		const struct nlattr *attr;
		bool foreign = next->rtnh_flags & RTNH_F_DEAD && !dead;

		mnl_attr_for_each_payload((const struct nlattr *)(next + 1),
					  next->rtnh_len - sizeof(*next))
		{
			if (mnl_attr_get_type(attr) == RTA_GATEWAY)
				foreign |= !read_gateway(attr, route->family, &hop);
			else if (mnl_attr_get_type(attr) == RTA_VIA)
				foreign = true;
		}
		if (!foreign && port_of(master, (unsigned int)next->rtnh_ifindex, &hop.port))
			add_hop(route, &hop);
	}
}

static uint32_t read_mtu(const struct nlattr *metrics)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, metrics)
	{
		if (mnl_attr_get_type(attr) == RTAX_MTU &&
		    mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
			return mnl_attr_get_u32(attr);
	}
	return 0;
}

/* One that a followed route could be, or could have been. */
static bool in_reach(const struct rtmsg *rtm)
{
	return rtm->rtm_table == RT_TABLE_MAIN && !(rtm->rtm_flags & RTM_F_CLONED) &&
	       rtm->rtm_tos == 0 && rtm->rtm_src_len == 0 &&
	       (rtm->rtm_family == AF_INET || rtm->rtm_family == AF_INET6);
}

static bool by_daemon(const struct rtmsg *rtm)
{
	return rtm->rtm_type == RTN_UNICAST && rtm->rtm_protocol > RTPROT_STATIC &&
	       rtm->rtm_protocol != RTPROT_RA;
}

/* What a route's attributes say; where it leads is put together behind them. */
struct ways {
	const struct nlattr *multipath;
	struct follow_hop hop;
	unsigned int index;
	bool foreign;
};

static bool read_attr(const struct nlattr *attr, struct follow_route *route, struct ways *ways)
{
	bool word = mnl_attr_get_payload_len(attr) == sizeof(uint32_t);

	switch (mnl_attr_get_type(attr)) {
	case RTA_DST:
		return read_ip(attr, route->family, &route->dst);
	case RTA_GATEWAY:
		ways->foreign |= !read_gateway(attr, route->family, &ways->hop);
		break;
	case RTA_VIA:
		ways->foreign = true;
		break;
	case RTA_OIF:
		ways->index = word ? mnl_attr_get_u32(attr) : 0;
		break;
	case RTA_PRIORITY:
		route->metric = word ? mnl_attr_get_u32(attr) : 0;
		break;
	case RTA_NH_ID:
		route->nexthop = word ? mnl_attr_get_u32(attr) : 0;
		break;
	case RTA_METRICS:
		route->mtu = read_mtu(attr);
		break;
	case RTA_MULTIPATH:
		ways->multipath = attr;
		break;
	}
	return true;
}

bool follow_read_route(const struct worker *master, const struct nlmsghdr *message,
		       struct follow_route *route)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(message);
	bool gone = message->nlmsg_type == RTM_DELROUTE;
	struct ways ways = { .hop = { .weight = 1 } };
	const struct nlattr *attr;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*rtm) || !in_reach(rtm) ||
	    rtm->rtm_dst_len > ip_bits(rtm->rtm_family))
		return false;
	*route = (struct follow_route){
		.family = rtm->rtm_family,
		.plen = rtm->rtm_dst_len,
		.type = API_ROUTE_UNICAST,
		.proto = rtm->rtm_protocol,
	};
	ways.hop.onlink = rtm->rtm_flags & RTNH_F_ONLINK;
	ways.foreign = rtm->rtm_flags & RTNH_F_DEAD && !gone;
	mnl_attr_for_each(attr, message, sizeof(*rtm))
	{
		if (!read_attr(attr, route, &ways))
			return false;
	}
	if (!by_daemon(rtm))
		return true;
	if (ways.multipath)
		read_hops(master, ways.multipath, gone, route);
	else if (!ways.foreign && port_of(master, ways.index, &ways.hop.port))
		add_hop(route, &ways.hop);
	return true;
}

uint32_t follow_read_object(const struct nlmsghdr *message)
{
	const struct nlattr *attr;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(struct nhmsg))
		return 0;
	mnl_attr_for_each(attr, message, sizeof(struct nhmsg))
	{
		if (mnl_attr_get_type(attr) == NHA_ID &&
		    mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
			return mnl_attr_get_u32(attr);
	}
	return 0;
}

bool follow_read_kernel_addr(const struct nlmsghdr *message, struct kernel_addr *addr)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr;
	bool local = false, any = false;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*ifa) ||
	    (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6))
		return false;
	memset(addr, 0, sizeof(*addr));
	addr->family = ifa->ifa_family;
	addr->plen = ifa->ifa_prefixlen;
	addr->index = ifa->ifa_index;
	mnl_attr_for_each(attr, message, sizeof(*ifa))
	{
		/* of a point to point interface IFA_ADDRESS is the other side */
		if (mnl_attr_get_type(attr) == IFA_LOCAL)
			local = any = read_ip(attr, addr->family, &addr->ip);
		else if (mnl_attr_get_type(attr) == IFA_ADDRESS)
			any = read_ip(attr, addr->family, &addr->peer);
	}
	if (!local)
		addr->ip = addr->peer;
	return any;
}

/* Link-local addresses mean something on their link only, where dpvs has the same. */
bool follow_read_addr(const struct worker *master, const struct nlmsghdr *message,
		      struct follow_route *route)
{
	struct kernel_addr addr;

	if (!follow_read_kernel_addr(message, &addr))
		return false;
	*route = (struct follow_route){
		.dst = addr.ip,
		.family = addr.family,
		.plen = (uint8_t)ip_bits(addr.family),
		.type = API_ROUTE_KERNEL,
		.proto = API_PROTO_BOOT,
		.n_hops = 1,
	};
	return port_of(master, addr.index, &route->hops[0].port) &&
	       !(addr.family == AF_INET6 && ip6_is_link_local(&addr.ip));
}
