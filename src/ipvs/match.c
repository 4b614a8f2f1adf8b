/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/match: see the header. Devices are compared by name, since ports come
 * and go under services that name them. The way out is looked up first: what is
 * for us or for the kernel suits no service, nor what has no way.
 */
#include "ipvs/match.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rte_byteorder.h>

#include "ipvs/ipvs.h"
#include "ipvs/proto/echo.h"
#include "ipvs/service.h"
#include "link/port.h"
#include "net/route.h"
#include "packet/meta.h"
#include "worker/worker.h"

bool match_equal(const struct api_match *a, const struct api_match *b)
{
	if (!a || !b)
		return a == b;
	return memcmp(a, b, sizeof(*a)) == 0;
}

uint64_t match_hash(const struct hash_key *key, const struct api_match *match)
{
	uint64_t words[sizeof(*match) / sizeof(uint64_t)], hash = 0;

	_Static_assert(sizeof(*match) % sizeof(words[0]) == 0 && RTE_DIM(words) % 2 == 1, "");
	memcpy(words, match, sizeof(words));
	for (unsigned int i = 0; i + 1 < RTE_DIM(words); i += 2)
		hash = hash_more(key, hash, words[i], words[i + 1]);
	return hash_more(key, hash, words[RTE_DIM(words) - 1], 0);
}

static bool is_any(const union api_ip *first, const union api_ip *last)
{
	static const union api_ip zero;

	return memcmp(first, &zero, sizeof(zero)) == 0 && memcmp(last, &zero, sizeof(zero)) == 0;
}

static bool in_addrs(unsigned int family, const union api_ip *first, const union api_ip *last,
		     const union ip_addr *ip)
{
	if (is_any(first, last))
		return true;
	if (family == AF_INET)
		return rte_be_to_cpu_32(ip->v4) >= rte_be_to_cpu_32(first->v4) &&
		       rte_be_to_cpu_32(ip->v4) <= rte_be_to_cpu_32(last->v4);
	return memcmp(ip, first, sizeof(*ip)) >= 0 && memcmp(ip, last, sizeof(*ip)) <= 0;
}

static bool in_ports(be16 first, be16 last, be16 port)
{
	return !(first | last) || (rte_be_to_cpu_16(port) >= rte_be_to_cpu_16(first) &&
				   rte_be_to_cpu_16(port) <= rte_be_to_cpu_16(last));
}

static bool in_networks(const struct service_key *key, const struct tuple *t)
{
	const struct api_match *match = key->match;

	return key->family == t->family &&
	       in_addrs(t->family, &match->src_first, &match->src_last, &t->src) &&
	       in_addrs(t->family, &match->dst_first, &match->dst_last, &t->dst);
}

static bool suits_addrs(const struct service_key *key, const struct tuple *t)
{
	return key->proto == t->proto && in_networks(key, t);
}

static bool suits_ports(const struct service_key *key, const struct tuple *t)
{
	const struct api_match *match = key->match;

	return in_ports(match->sport_first, match->sport_last, t->sport) &&
	       in_ports(match->dport_first, match->dport_last, t->dport);
}

static bool is_port(const struct worker *w, const char *name, uint16_t port)
{
	return !name[0] || (port < w->link->n_ports &&
			    strncmp(w->link->ports[port].name, name, API_NAME_LEN) == 0);
}

static bool suits_devices(const struct worker *w, const struct api_match *match, uint16_t in_port,
			  const struct nexthop *nexthop)
{
	return is_port(w, match->iif, in_port) && is_port(w, match->oif, nexthop->port);
}

/* Asked only when there are such services. */
static bool passes_through(const struct worker *w, const struct route_flow *flow,
			   struct nexthop *nexthop)
{
	const struct tuple *t = flow->tuple;

	return route_input(w, t->family, &t->dst, flow, nexthop) == ROUTE_FORWARD;
}

struct service *match_service_of(const struct worker *w, const struct route_flow *flow,
				 uint16_t in_port)
{
	const struct service_table *table = w->ipvs->services;
	struct nexthop nexthop;

	if (likely(!table->n_matches) || !passes_through(w, flow, &nexthop))
		return NULL;
	for (uint32_t i = 0; i < table->n_matches; i++) {
		struct service *svc = &table->services[table->matches[i]];

		if (!(svc->flags & SERVICE_REMOVED) && suits_addrs(&svc->key, flow->tuple) &&
		    suits_ports(&svc->key, flow->tuple) &&
		    suits_devices(w, svc->key.match, in_port, &nexthop))
			return svc;
	}
	return NULL;
}

struct service *match_service(const struct worker *w, const struct pkt_meta *meta)
{
	struct route_flow flow = route_flow(meta);

	if (meta->flags & META_LINK_BROADCAST)
		return NULL;
	return match_service_of(w, &flow, meta->in_port);
}

bool match_may_fragment(const struct worker *w, const struct tuple *tuple)
{
	const struct service_table *table = w->ipvs->services;

	for (uint32_t i = 0; i < table->n_matches; i++)
		if (in_networks(&table->services[table->matches[i]].key, tuple))
			return true;
	return false;
}

bool match_may_ping(const struct worker *w, const struct tuple *tuple)
{
	const struct service_table *table = w->ipvs->services;

	for (uint32_t i = 0; i < table->n_matches; i++) {
		const struct service_key *key = &table->services[table->matches[i]].key;

		if (proto_is_icmp(key->proto) && in_networks(key, tuple))
			return true;
	}
	return false;
}

bool match_may_own(const struct worker *w, const struct tuple *tuple)
{
	const struct service_table *table = w->ipvs->services;

	for (uint32_t i = 0; i < table->n_matches; i++) {
		const struct service_key *key = &table->services[table->matches[i]].key;

		if (suits_addrs(key, tuple) && suits_ports(key, tuple))
			return true;
	}
	return false;
}

void match_list_remove(struct service_table *table, const struct service *svc)
{
	for (uint32_t i = 0; i < table->n_matches; i++) {
		if (table->matches[i] != svc->id)
			continue;
		table->n_matches--;
		memmove(&table->matches[i], &table->matches[i + 1],
			(table->n_matches - i) * sizeof(table->matches[0]));
		return;
	}
}

void match_list_first(struct service_table *table, const struct service *svc)
{
	match_list_remove(table, svc);
	memmove(&table->matches[1], &table->matches[0],
		table->n_matches * sizeof(table->matches[0]));
	table->matches[0] = svc->id;
	table->n_matches++;
}

struct text {
	char *at;
	size_t room;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text->at, text->room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= text->room)
		return; /* cut: it is for people */
	text->at += n;
	text->room -= (size_t)n;
}

static void add_range(struct text *text, const char *word, unsigned int family,
		      const union api_ip *addrs, be16 first, be16 last)
{
	char from[IP_STR_LEN], to[IP_STR_LEN];
	union ip_addr ip[2] = { ip_from_api(&addrs[0]), ip_from_api(&addrs[1]) };
	bool any = is_any(&addrs[0], &addrs[1]), ports = first | last;

	if (any && !ports)
		return;
	add(text, " %s ", word);
	if (!any)
		add(text, "%s-%s", ip_str(family, &ip[0], from), ip_str(family, &ip[1], to));
	if (ports)
		add(text, "%sports %u-%u", any ? "" : " ", rte_be_to_cpu_16(first),
		    rte_be_to_cpu_16(last));
}

static const char *proto_text(uint8_t proto)
{
	if (proto_is_icmp(proto))
		return proto == IPPROTO_ICMP ? "ICMP" : "ICMPv6";
	return proto == IPPROTO_TCP ? "TCP" : "UDP";
}

const char *match_str(const struct service_key *key, char *buf)
{
	const struct api_match *match = key->match;
	const union api_ip src[] = { match->src_first, match->src_last };
	const union api_ip dst[] = { match->dst_first, match->dst_last };
	struct text text = { buf, MATCH_STR_LEN };

	add(&text, "%s match", proto_text(key->proto));
	if (key->family == AF_INET6)
		add(&text, " of IPv6");
	add_range(&text, "from", key->family, src, match->sport_first, match->sport_last);
	add_range(&text, "to", key->family, dst, match->dport_first, match->dport_last);
	if (match->iif[0])
		add(&text, " in by %.*s", API_NAME_LEN, match->iif);
	if (match->oif[0])
		add(&text, " out by %.*s", API_NAME_LEN, match->oif);
	return buf;
}
