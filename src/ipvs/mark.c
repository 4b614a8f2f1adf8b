/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/mark: see the header. Rules are few, so they are asked one by one. */
#include "ipvs/mark.h"

#include <netinet/in.h>

#include <rte_byteorder.h>

#include "ipvs/ipvs.h"
#include "link/port.h"
#include "packet/tuple.h"
#include "worker/worker.h"

static bool proto_fits(const struct mark_rule *rule, const struct tuple *tuple)
{
	if (rule->proto == 0 || rule->proto == tuple->proto)
		return true;
	return rule->proto == IPPROTO_ICMP && tuple->proto == IPPROTO_ICMPV6;
}

static bool has_ports(const struct tuple *tuple)
{
	return tuple->proto == IPPROTO_TCP || tuple->proto == IPPROTO_UDP ||
	       tuple->proto == IPPROTO_SCTP;
}

static bool ports_fit(const struct mark_rule *rule, const struct tuple *tuple)
{
	uint16_t sport = rte_be_to_cpu_16(tuple->sport), dport = rte_be_to_cpu_16(tuple->dport);

	if (rule->sport == 0 && rule->sport_last == UINT16_MAX && rule->dport == 0 &&
	    rule->dport_last == UINT16_MAX)
		return true;
	return has_ports(tuple) && sport >= rule->sport && sport <= rule->sport_last &&
	       dport >= rule->dport && dport <= rule->dport_last;
}

static bool addresses_fit(const struct mark_rule *rule, const struct tuple *tuple)
{
	if (rule->family == 0)
		return true;
	return rule->family == tuple->family &&
	       ip_match(rule->family, &rule->from, &tuple->src, rule->from_plen) &&
	       ip_match(rule->family, &rule->to, &tuple->dst, rule->to_plen);
}

bool mark_rule_fits(const struct mark_rule *rule, const struct tuple *tuple, uint16_t in_port)
{
	return proto_fits(rule, tuple) && ports_fit(rule, tuple) && addresses_fit(rule, tuple) &&
	       (rule->iif == PORT_NONE || in_port == PORT_NONE || rule->iif == in_port);
}

uint32_t mark_of(const struct worker *w, const struct tuple *tuple, uint16_t in_port)
{
	const struct mark_rules *rules = w->ipvs->marks;

	for (uint32_t i = 0; rules && i < rules->n; i++)
		if (mark_rule_fits(&rules->rules[i], tuple, in_port))
			return rules->rules[i].mark;
	return 0;
}
