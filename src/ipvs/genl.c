/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Attributes to structs and back. An attribute that is shorter than its type is
 * a wrong message; a longer one, or one that is not known, is as good as the
 * part that is, as netlink has it. The two counters sets, with 32 and 64 bits,
 * are written both: old tools know the first only.
 */
#include "ipvs/genl.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <linux/ip_vs.h>
#include <rte_byteorder.h>

#define ATTRS_MAX 16

_Static_assert(IPVS_SVC_ATTR_MAX < ATTRS_MAX && IPVS_DEST_ATTR_MAX < ATTRS_MAX,
	       "every known attribute has its place");

struct attrs {
	const struct nlattr *at[ATTRS_MAX];
};

/* The attributes within `nest` by their type. least[type]: bytes that one must have. */
static int attrs_read(const struct nlattr *nest, const uint8_t least[ATTRS_MAX],
		      struct attrs *attrs)
{
	const struct nlattr *attr;

	memset(attrs, 0, sizeof(*attrs));
	mnl_attr_for_each_nested(attr, nest)
	{
		uint16_t type = mnl_attr_get_type(attr);

		if (type >= ATTRS_MAX)
			continue;
		if (mnl_attr_get_payload_len(attr) < least[type])
			return -EINVAL;
		attrs->at[type] = attr;
	}
	return 0;
}

static bool attrs_have(const struct attrs *attrs, const uint8_t *types, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (!attrs->at[types[i]])
			return false;
	return true;
}

static uint16_t attr_u16(const struct nlattr *attr)
{
	uint16_t value = 0;

	if (attr)
		memcpy(&value, mnl_attr_get_payload(attr), sizeof(value));
	return value;
}

static uint32_t attr_u32(const struct nlattr *attr)
{
	uint32_t value = 0;

	if (attr)
		memcpy(&value, mnl_attr_get_payload(attr), sizeof(value));
	return value;
}

static int attr_ip(const struct nlattr *attr, uint16_t family, union api_ip *ip)
{
	size_t len = family == AF_INET6 ? 16 : 4;

	if (mnl_attr_get_payload_len(attr) < len)
		return -EINVAL;
	memcpy(ip->v6, mnl_attr_get_payload(attr), len);
	return 0;
}

/* A text with or without its NUL. -EINVAL: it is longer than a name of ours. */
static int attr_name(const struct nlattr *attr, char name[API_NAME_LEN])
{
	size_t len = strnlen(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));

	if (len >= API_NAME_LEN)
		return -EINVAL;
	memcpy(name, mnl_attr_get_payload(attr), len);
	name[len] = '\0';
	return 0;
}

/* ---- services ---- */

static const struct {
	uint32_t ours, kernels;
} flag_pairs[] = {
	{ API_SERVICE_PERSISTENT, IP_VS_SVC_F_PERSISTENT },
	{ API_SERVICE_ONEPACKET, IP_VS_SVC_F_ONEPACKET },
	{ API_SERVICE_SCHED1, IP_VS_SVC_F_SCHED1 },
	{ API_SERVICE_SCHED2, IP_VS_SVC_F_SCHED2 },
	{ API_SERVICE_SCHED3, IP_VS_SVC_F_SCHED3 },
};

static uint32_t flags_from_kernel(uint32_t kernels)
{
	uint32_t ours = 0;

	for (unsigned int i = 0; i < RTE_DIM(flag_pairs); i++)
		if (kernels & flag_pairs[i].kernels)
			ours |= flag_pairs[i].ours;
	return ours;
}

static uint32_t flags_to_kernel(uint32_t ours)
{
	uint32_t kernels = 0;

	for (unsigned int i = 0; i < RTE_DIM(flag_pairs); i++)
		if (ours & flag_pairs[i].ours)
			kernels |= flag_pairs[i].kernels;
	return kernels;
}

/* IPv4 has a mask, IPv6 a length. */
static int plen_from_kernel(uint16_t family, uint32_t netmask, uint32_t *plen)
{
	uint32_t mask = rte_be_to_cpu_32(netmask);

	if (family == AF_INET6) {
		*plen = netmask;
		return netmask >= 1 && netmask <= 128 ? 0 : -EINVAL;
	}
	*plen = (uint32_t)__builtin_popcount(mask);
	return mask && (~mask & (~mask + 1)) == 0 ? 0 : -EINVAL;
}

static uint32_t plen_to_kernel(uint16_t family, uint32_t plen)
{
	if (family == AF_INET6)
		return plen ? plen : 128;
	return plen && plen < 32 ? rte_cpu_to_be_32(~0u << (32 - plen)) : ~0u;
}

static const uint8_t service_least[ATTRS_MAX] = {
	[IPVS_SVC_ATTR_AF] = 2,    [IPVS_SVC_ATTR_PROTOCOL] = 2, [IPVS_SVC_ATTR_ADDR] = 4,
	[IPVS_SVC_ATTR_PORT] = 2,  [IPVS_SVC_ATTR_FWMARK] = 4,   [IPVS_SVC_ATTR_SCHED_NAME] = 1,
	[IPVS_SVC_ATTR_FLAGS] = 8, [IPVS_SVC_ATTR_TIMEOUT] = 4,  [IPVS_SVC_ATTR_NETMASK] = 4,
};

static int read_key(const struct attrs *attrs, struct api_service_key *key)
{
	static const uint8_t needed[] = { IPVS_SVC_ATTR_PROTOCOL, IPVS_SVC_ATTR_ADDR,
					  IPVS_SVC_ATTR_PORT };

	if (!attrs->at[IPVS_SVC_ATTR_AF])
		return -EINVAL;
	key->family = attr_u16(attrs->at[IPVS_SVC_ATTR_AF]);
	if (key->family != AF_INET && key->family != AF_INET6)
		return -EAFNOSUPPORT;
	key->fwmark = attr_u32(attrs->at[IPVS_SVC_ATTR_FWMARK]);
	if (key->fwmark)
		return 0;
	if (!attrs_have(attrs, needed, RTE_DIM(needed)))
		return -EINVAL;
	key->protocol = attr_u16(attrs->at[IPVS_SVC_ATTR_PROTOCOL]);
	key->port = attr_u16(attrs->at[IPVS_SVC_ATTR_PORT]);
	return attr_ip(attrs->at[IPVS_SVC_ATTR_ADDR], key->family, &key->addr);
}

static int read_settings(const struct attrs *attrs, struct api_service *to, uint32_t *mask)
{
	static const uint8_t needed[] = { IPVS_SVC_ATTR_SCHED_NAME, IPVS_SVC_ATTR_FLAGS,
					  IPVS_SVC_ATTR_TIMEOUT, IPVS_SVC_ATTR_NETMASK };
	struct ip_vs_flags flags;
	char engine[API_NAME_LEN] = "";
	int r;

	if (!attrs_have(attrs, needed, RTE_DIM(needed)))
		return -EINVAL;
	if (attrs->at[IPVS_SVC_ATTR_PE_NAME]) {
		r = attr_name(attrs->at[IPVS_SVC_ATTR_PE_NAME], engine);
		if (r < 0 || engine[0])
			return -ENOENT;
	}
	memcpy(&flags, mnl_attr_get_payload(attrs->at[IPVS_SVC_ATTR_FLAGS]), sizeof(flags));
	*mask = flags_from_kernel(flags.mask);
	to->flags = flags_from_kernel(flags.flags & flags.mask);
	if (to->flags & API_SERVICE_PERSISTENT) {
		to->timeout_s = attr_u32(attrs->at[IPVS_SVC_ATTR_TIMEOUT]);
		r = plen_from_kernel(to->key.family, attr_u32(attrs->at[IPVS_SVC_ATTR_NETMASK]),
				     &to->plen);
		if (r < 0)
			return r;
	}
	return attr_name(attrs->at[IPVS_SVC_ATTR_SCHED_NAME], to->sched);
}

int genl_read_service(const struct nlattr *nest, bool full, struct api_service *to, uint32_t *mask)
{
	struct attrs attrs;
	int r;

	memset(to, 0, sizeof(*to));
	*mask = 0;
	if (!nest)
		return -EINVAL;
	r = attrs_read(nest, service_least, &attrs);
	if (r == 0)
		r = read_key(&attrs, &to->key);
	return r == 0 && full ? read_settings(&attrs, to, mask) : r;
}

/* ---- servers ---- */

static const uint8_t dest_least[ATTRS_MAX] = {
	[IPVS_DEST_ATTR_ADDR] = 4,        [IPVS_DEST_ATTR_PORT] = 2,
	[IPVS_DEST_ATTR_FWD_METHOD] = 4,  [IPVS_DEST_ATTR_WEIGHT] = 4,
	[IPVS_DEST_ATTR_U_THRESH] = 4,    [IPVS_DEST_ATTR_L_THRESH] = 4,
	[IPVS_DEST_ATTR_ADDR_FAMILY] = 2, [IPVS_DEST_ATTR_TUN_TYPE] = 1,
	[IPVS_DEST_ATTR_TUN_PORT] = 2,    [IPVS_DEST_ATTR_TUN_FLAGS] = 2,
};

/* As the kernel does: what does not go with the type does not count. */
static void read_tunnel(const struct attrs *attrs, struct api_dest *to)
{
	const struct nlattr *type = attrs->at[IPVS_DEST_ATTR_TUN_TYPE];

	if (to->forward != API_FORWARD_TUNNEL || !type)
		return;
	to->tun_type = mnl_attr_get_u8(type);
	if (to->tun_type != API_TUNNEL_IPIP)
		to->tun_flags = attr_u16(attrs->at[IPVS_DEST_ATTR_TUN_FLAGS]);
	if (to->tun_type != API_TUNNEL_GRE && to->tun_type != API_TUNNEL_IPIP)
		to->tun_port = attr_u16(attrs->at[IPVS_DEST_ATTR_TUN_PORT]);
}

int genl_read_dest(const struct nlattr *nest, const struct api_service_key *service, bool full,
		   struct api_dest *to)
{
	static const uint8_t names[] = { IPVS_DEST_ATTR_ADDR, IPVS_DEST_ATTR_PORT };
	static const uint8_t settings[] = { IPVS_DEST_ATTR_FWD_METHOD, IPVS_DEST_ATTR_WEIGHT,
					    IPVS_DEST_ATTR_U_THRESH, IPVS_DEST_ATTR_L_THRESH };
	struct attrs attrs;
	int r;

	memset(to, 0, sizeof(*to));
	if (!nest)
		return -EINVAL;
	r = attrs_read(nest, dest_least, &attrs);
	if (r < 0)
		return r;
	if (!attrs_have(&attrs, names, RTE_DIM(names)) ||
	    (full && !attrs_have(&attrs, settings, RTE_DIM(settings))))
		return -EINVAL;
	to->service = *service;
	to->family = attrs.at[IPVS_DEST_ATTR_ADDR_FAMILY]
			     ? attr_u16(attrs.at[IPVS_DEST_ATTR_ADDR_FAMILY])
			     : service->family;
	if (to->family != AF_INET && to->family != AF_INET6)
		return -EAFNOSUPPORT;
	to->port = attr_u16(attrs.at[IPVS_DEST_ATTR_PORT]);
	to->forward = attr_u32(attrs.at[IPVS_DEST_ATTR_FWD_METHOD]) & IP_VS_CONN_F_FWD_MASK;
	read_tunnel(&attrs, to);
	to->weight = attr_u32(attrs.at[IPVS_DEST_ATTR_WEIGHT]);
	to->upper = attr_u32(attrs.at[IPVS_DEST_ATTR_U_THRESH]);
	to->lower = attr_u32(attrs.at[IPVS_DEST_ATTR_L_THRESH]);
	return attr_ip(attrs.at[IPVS_DEST_ATTR_ADDR], to->family, &to->addr);
}

/* ---- writing ---- */

static void write_stats(struct nlmsghdr *message, uint16_t type, bool wide,
			const struct api_ipvs_stats *stats)
{
	const uint64_t values[] = { 0,
				    stats->conns,
				    stats->inpkts,
				    stats->outpkts,
				    stats->inbytes,
				    stats->outbytes,
				    stats->cps,
				    stats->inpps,
				    stats->outpps,
				    stats->inbps,
				    stats->outbps };
	struct nlattr *nest = mnl_attr_nest_start(message, type);

	for (uint16_t i = IPVS_STATS_ATTR_CONNS; i <= IPVS_STATS_ATTR_OUTBPS; i++) {
		bool bytes = i == IPVS_STATS_ATTR_INBYTES || i == IPVS_STATS_ATTR_OUTBYTES;

		if (wide || bytes)
			mnl_attr_put_u64(message, i, values[i]);
		else
			mnl_attr_put_u32(message, i, (uint32_t)values[i]);
	}
	mnl_attr_nest_end(message, nest);
}

void genl_write_service(struct nlmsghdr *message, const struct api_service *service)
{
	const struct api_service_key *key = &service->key;
	struct nlattr *nest = mnl_attr_nest_start(message, IPVS_CMD_ATTR_SERVICE);
	const struct ip_vs_flags flags = {
		.flags = flags_to_kernel(service->flags) | IP_VS_SVC_F_HASHED,
		.mask = ~0u,
	};

	mnl_attr_put_u16(message, IPVS_SVC_ATTR_AF, key->family);
	if (key->fwmark) {
		mnl_attr_put_u32(message, IPVS_SVC_ATTR_FWMARK, key->fwmark);
	} else {
		mnl_attr_put_u16(message, IPVS_SVC_ATTR_PROTOCOL, key->protocol);
		mnl_attr_put(message, IPVS_SVC_ATTR_ADDR, sizeof(key->addr), &key->addr);
		mnl_attr_put_u16(message, IPVS_SVC_ATTR_PORT, key->port);
	}
	mnl_attr_put_strz(message, IPVS_SVC_ATTR_SCHED_NAME, service->sched);
	mnl_attr_put(message, IPVS_SVC_ATTR_FLAGS, sizeof(flags), &flags);
	mnl_attr_put_u32(message, IPVS_SVC_ATTR_TIMEOUT, service->timeout_s);
	mnl_attr_put_u32(message, IPVS_SVC_ATTR_NETMASK,
			 plen_to_kernel(key->family, service->plen));
	write_stats(message, IPVS_SVC_ATTR_STATS, false, &service->stats);
	write_stats(message, IPVS_SVC_ATTR_STATS64, true, &service->stats);
	mnl_attr_nest_end(message, nest);
}

/* The kernel has one way of masquerading; ours that change addresses are told as that. */
static uint32_t forward_to_kernel(uint16_t forward)
{
	return forward == API_FORWARD_FNAT || forward == API_FORWARD_SNAT ? IP_VS_CONN_F_MASQ
									  : forward;
}

void genl_write_dest(struct nlmsghdr *message, const struct api_dest *dest)
{
	struct nlattr *nest = mnl_attr_nest_start(message, IPVS_CMD_ATTR_DEST);

	mnl_attr_put(message, IPVS_DEST_ATTR_ADDR, sizeof(dest->addr), &dest->addr);
	mnl_attr_put_u16(message, IPVS_DEST_ATTR_PORT, dest->port);
	mnl_attr_put_u32(message, IPVS_DEST_ATTR_FWD_METHOD, forward_to_kernel(dest->forward));
	mnl_attr_put_u32(message, IPVS_DEST_ATTR_WEIGHT, dest->weight);
	mnl_attr_put_u32(message, IPVS_DEST_ATTR_U_THRESH, dest->upper);
	mnl_attr_put_u32(message, IPVS_DEST_ATTR_L_THRESH, dest->lower);
	mnl_attr_put_u32(message, IPVS_DEST_ATTR_ACTIVE_CONNS, dest->active);
	mnl_attr_put_u32(message, IPVS_DEST_ATTR_INACT_CONNS, dest->inactive);
	mnl_attr_put_u32(message, IPVS_DEST_ATTR_PERSIST_CONNS, dest->persistent);
	mnl_attr_put_u16(message, IPVS_DEST_ATTR_ADDR_FAMILY, dest->family);
	mnl_attr_put_u8(message, IPVS_DEST_ATTR_TUN_TYPE, (uint8_t)dest->tun_type);
	mnl_attr_put_u16(message, IPVS_DEST_ATTR_TUN_PORT, dest->tun_port);
	mnl_attr_put_u16(message, IPVS_DEST_ATTR_TUN_FLAGS, dest->tun_flags);
	write_stats(message, IPVS_DEST_ATTR_STATS, false, &dest->stats);
	write_stats(message, IPVS_DEST_ATTR_STATS64, true, &dest->stats);
	mnl_attr_nest_end(message, nest);
}

/* ---- /proc/net ---- */

const char genl_conn_head[] =
	"Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\n";

static void hex_address(uint16_t family, const union api_ip *ip, char text[40])
{
	char *at = text;

	if (family != AF_INET6) {
		snprintf(text, 40, "%08X", rte_be_to_cpu_32(ip->v4));
		return;
	}
	for (unsigned int i = 0; i < 16; i += 2)
		at += sprintf(at, "%s%02x%02x", i ? ":" : "", ip->v6[i], ip->v6[i + 1]);
}

static const char *protocol_name(uint16_t protocol)
{
	if (protocol == 0)
		return "IP"; /* a template of a firewall mark */
	if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6)
		return protocol == IPPROTO_ICMP ? "ICMP" : "ICMPv6";
	return protocol == IPPROTO_TCP ? "TCP" : protocol == IPPROTO_UDP ? "UDP" : "SCTP";
}

/* By the kernel's names; UDP has one that stands for all. */
static const char *state_name(const struct api_conn *conn)
{
	static const struct {
		const char *ours, *kernels;
	} names[] = {
		{ "TCP_NONE", "NONE" },
		{ "TCP_EST", "ESTABLISHED" },
		{ "TCP_CLOSE", "CLOSE" },
	};

	if (conn->protocol == IPPROTO_UDP && !(conn->flags & API_CONN_TEMPLATE))
		return "UDP";
	for (size_t i = 0; i < RTE_DIM(names); i++)
		if (strcmp(conn->state, names[i].ours) == 0)
			return names[i].kernels;
	return conn->state;
}

int genl_conn_line(const struct api_conn *conn, char *line, size_t size)
{
	char client[40], service[40], server[40];

	hex_address(conn->family, &conn->caddr, client);
	hex_address(conn->family, &conn->vaddr, service);
	hex_address(conn->server_family ? conn->server_family : conn->family, &conn->daddr, server);
	return snprintf(line, size, "%-3s %s %04X %s %04X %s %04X %-11.15s %7u\n",
			protocol_name(conn->protocol), client, rte_be_to_cpu_16(conn->cport),
			service, rte_be_to_cpu_16(conn->vport), server,
			rte_be_to_cpu_16(conn->dport), state_name(conn), conn->left_s);
}

int genl_stats_text(const struct api_ipvs_stats *sum, char *text, size_t size)
{
	return snprintf(text, size,
			"   Total Incoming Outgoing         Incoming         Outgoing\n"
			"   Conns  Packets  Packets            Bytes            Bytes\n"
			"%8llX %8llX %8llX %16llX %16llX\n\n"
			" Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s\n"
			"%8llX %8llX %8llX %16llX %16llX\n",
			(unsigned long long)sum->conns, (unsigned long long)sum->inpkts,
			(unsigned long long)sum->outpkts, (unsigned long long)sum->inbytes,
			(unsigned long long)sum->outbytes, (unsigned long long)sum->cps,
			(unsigned long long)sum->inpps, (unsigned long long)sum->outpps,
			(unsigned long long)sum->inbps, (unsigned long long)sum->outbps);
}
