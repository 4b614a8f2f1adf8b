/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/key-ctl: how requests name a service and its addresses. What there is
 * no support for is refused here, with the service in the sentence, before any
 * file of this room sees it.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <rte_byteorder.h>

#include "ipvs/ipvs_ctl.h"
#include "ipvs/match.h"
#include "ipvs/proto/echo.h"
#include "ipvs/service_int.h"
#include "net/ip6.h"

static const char *key_protocol(uint16_t protocol, char *buf, size_t size)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "TCP";
	case IPPROTO_UDP:
		return "UDP";
	case IPPROTO_SCTP:
		return "SCTP";
	case IPPROTO_ICMP:
		return "ICMP";
	case IPPROTO_ICMPV6:
		return "ICMPv6";
	default:
		snprintf(buf, size, "protocol %u", protocol);
		return buf;
	}
}

const char *key_str(const struct service_key *key, char *buf)
{
	char endpoint[IP_ENDPOINT_STR_LEN], number[32];

	if (key->proto == SERVICE_MARKED) {
		snprintf(buf, KEY_STR_LEN, "FWM %u%s", rte_be_to_cpu_32(key->addr.v4),
			 key->family == AF_INET6 ? " IPv6" : "");
		return buf;
	}
	if (key->match)
		return match_str(key, buf);
	snprintf(buf, KEY_STR_LEN, "%s %s", key_protocol(key->proto, number, sizeof(number)),
		 ip_endpoint_str(key->family, &key->addr, key->port, endpoint));
	return buf;
}

bool key_is_any(const struct api_service_key *from)
{
	static const struct api_service_key any;

	return memcmp(from, &any, sizeof(any)) == 0;
}

void key_to_api(const struct service_key *key, struct api_service_key *to)
{
	if (key->proto == SERVICE_MARKED) {
		*to = (struct api_service_key){ .family = key->family,
						.fwmark = rte_be_to_cpu_32(key->addr.v4) };
		return;
	}
	*to = (struct api_service_key){
		.addr = ip_to_api(&key->addr),
		.family = key->family,
		.protocol = key->proto,
		.port = key->port,
	};
	if (key->match) {
		to->has_match = 1;
		to->match = *key->match;
	}
}

static bool host4(be32 v4)
{
	uint8_t first = (uint8_t)(rte_be_to_cpu_32(v4) >> 24);

	return first != 0 && first != 127 && first < 224;
}

/* One that means the same host on every link. */
static bool host6(const union ip_addr *ip)
{
	return !ip_is_zero(ip) && !ip6_is_multicast(ip) && !ip6_is_link_local(ip) &&
	       !ip6_is_loopback(ip) && !ip6_is_mapped(ip);
}

int key_check_host(struct request *req, const char *what, unsigned int family,
		   const union api_ip *from, union ip_addr *addr)
{
	char text[IP_STR_LEN];

	if (family != AF_INET && family != AF_INET6)
		return request_fail(req, -EAFNOSUPPORT,
				    "%s: address family %u; allowed: IPv4 and IPv6", what, family);
	*addr = family == AF_INET ? ip_from_v4(from->v4) : ip_from_api(from);
	if (family == AF_INET ? host4(addr->v4) : host6(addr))
		return 0;
	return request_fail(req, -EINVAL, "%s: %s is not a host's address; allowed: %s", what,
			    ip_str(family, addr, text),
			    family == AF_INET
				    ? "1.0.0.0 to 223.255.255.255 without 127.0.0.0/8"
				    : "IPv6 addresses other than ::, ::1, ff00::/8, fe80::/10 and "
				      "::ffff:0:0/96");
}

int key_check_same_family(struct request *req, const char *what, unsigned int family,
			  const struct service_key *key)
{
	if (family == key->family)
		return 0;
	return request_fail(req, -EAFNOSUPPORT,
			    "%s: %s for a service of %s; allowed: servers of the service's family, "
			    "or FNAT (-b) or a tunnel (-i)",
			    what, family == AF_INET6 ? "IPv6" : "IPv4",
			    key->family == AF_INET6 ? "IPv6" : "IPv4");
}

/* A mark is all there is to be said. */
static int key_from_mark(struct request *req, const struct api_service_key *from,
			 struct service_key *key)
{
	const struct api_service_key mark = { .family = from->family, .fwmark = from->fwmark };

	if (from->family != AF_INET && from->family != AF_INET6)
		return request_fail(req, -EAFNOSUPPORT,
				    "service FWM %u: address family %u; allowed: IPv4 and IPv6",
				    from->fwmark, from->family);
	if (memcmp(from, &mark, sizeof(mark)) != 0)
		return request_fail(req, -EINVAL,
				    "service FWM %u: a service of a mark has no protocol, address "
				    "or port",
				    from->fwmark);
	*key = (struct service_key){
		.addr = service_mark_name(from->fwmark),
		.family = from->family,
		.proto = SERVICE_MARKED,
	};
	return 0;
}

static bool range_backwards(unsigned int family, const union api_ip *first,
			    const union api_ip *last)
{
	return memcmp(first, last, family == AF_INET ? sizeof(first->v4) : sizeof(first->v6)) > 0;
}

/* Big-endian numbers compare as bytes. */
static bool ports_backwards(be16 first, be16 last)
{
	return memcmp(&first, &last, sizeof(first)) > 0;
}

/* What passes through, by ranges. */
static int key_check_match(struct request *req, const struct api_service_key *from,
			   struct service_key *key)
{
	const struct api_match *match = &from->match;
	static const struct api_service_key none;
	char text[KEY_STR_LEN];

	if (from->family != AF_INET && from->family != AF_INET6)
		return request_fail(req, -EAFNOSUPPORT,
				    "match (-H): address family %u; allowed: IPv4 and IPv6",
				    from->family);
	if (from->port || memcmp(&from->addr, &none.addr, sizeof(none.addr)) != 0 ||
	    match->iif[API_NAME_LEN - 1] || match->oif[API_NAME_LEN - 1])
		return request_fail(req, -EINVAL,
				    "match (-H): it has ranges, no address and port of its own");
	key->match = match;
	if (proto_is_icmp(key->proto) && (match->sport_last || match->dport_last))
		return request_fail(req, -EINVAL, "%s: echoes have no ports; allowed: addresses",
				    match_str(key, text));
	if (range_backwards(key->family, &match->src_first, &match->src_last) ||
	    range_backwards(key->family, &match->dst_first, &match->dst_last) ||
	    ports_backwards(match->sport_first, match->sport_last) ||
	    ports_backwards(match->dport_first, match->dport_last))
		return request_fail(req, -EINVAL,
				    "%s: a range ends before it begins; allowed: FIRST-LAST",
				    match_str(key, text));
	return 0;
}

/* A match may be of echoes, of its own family. */
static bool key_supports(const struct api_service_key *from)
{
	if (from->protocol == IPPROTO_TCP || from->protocol == IPPROTO_UDP)
		return true;
	if (from->protocol == IPPROTO_SCTP)
		return !from->has_match;
	return from->has_match &&
	       from->protocol == (from->family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
}

int key_from_api(struct request *req, const struct api_service_key *from, struct service_key *key)
{
	char what[64], number[32];
	int r;

	if (from->fwmark)
		return key_from_mark(req, from, key);
	snprintf(what, sizeof(what), "%s service", key_protocol(from->protocol, number, 32));
	if (!key_supports(from) && from->has_match)
		return request_fail(req, -EPROTONOSUPPORT,
				    "%s match (-H): not supported yet; supported: TCP, UDP, ICMP",
				    key_protocol(from->protocol, number, 32));
	if (!key_supports(from))
		return request_fail(req, -EPROTONOSUPPORT,
				    "%s: not supported yet; supported: TCP (-t), UDP (-u), SCTP "
				    "(--sctp-service), "
				    "firewall marks (-f)",
				    what);
	*key = (struct service_key){
		.family = from->family,
		.port = from->port,
		.proto = (uint8_t)from->protocol,
	};
	if (from->has_match)
		return key_check_match(req, from, key);
	r = key_check_host(req, what, from->family, &from->addr, &key->addr);
	if (r < 0)
		return r;
	return 0;
}

int key_request_check(struct request *req, const void *body)
{
	struct service_key key;

	return key_from_api(req, body, &key);
}

struct service *key_find(struct request *req, const struct api_service_key *from, int *error)
{
	struct service_table *table = service_table_of(request_workers(req)[WORKER_MASTER]);
	char text[KEY_STR_LEN];
	struct service_key key;
	struct service *svc;

	*error = key_from_api(req, from, &key);
	if (*error < 0)
		return NULL;
	svc = service_lookup_key(table, &key);
	if (!svc)
		*error = request_fail(req, -ENOENT, "there is no service %s", key_str(&key, text));
	return svc;
}

int key_check_cpu(struct request *req, uint32_t cpu)
{
	unsigned int n_workers = request_workers(req)[WORKER_MASTER]->n_workers;

	if (cpu > n_workers)
		return request_fail(req, -ERANGE,
				    "there is no worker %u; allowed: 1 to %u, or 0 for all", cpu,
				    n_workers);
	return 0;
}
