/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/mark-ctl: MARK_ADD, _DEL, _FLUSH and _LIST. What names a rule is what
 * was said of it: all of a rule's words, some of them, or its pref alone. Each
 * change makes the list anew.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "api/mark.h"
#include "ipvs/ipvs.h"
#include "ipvs/ipvs_ctl.h"
#include "ipvs/mark.h"
#include "link/link_ctl.h"
#include "link/port.h"
#include "worker/worker.h"

#define PREF_STEP 10u /* between rules that are added without one */
#define ADDRESSES (API_MARK_FROM | API_MARK_TO)
#define PORTS     (API_MARK_SPORT | API_MARK_DPORT)

static int mark_check_family(struct request *req, const struct api_mark *body)
{
	if (body->family != AF_INET && body->family != AF_INET6 &&
	    (body->family || (body->given & ADDRESSES)))
		return request_fail(req, -EAFNOSUPPORT,
				    "mark: address family %u is unknown, IPv4 is %u, IPv6 %u",
				    body->family, AF_INET, AF_INET6);
	if (body->from_plen > ip_bits(body->family) || body->to_plen > ip_bits(body->family))
		return request_fail(req, -ERANGE,
				    "mark: prefix lengths %u and %u; allowed: 0 to %u",
				    body->from_plen, body->to_plen, ip_bits(body->family));
	return 0;
}

static int mark_check_proto(struct request *req, const struct api_mark *body)
{
	uint16_t proto = body->given & API_MARK_PROTO ? body->proto : 0;

	if (proto && proto != IPPROTO_TCP && proto != IPPROTO_UDP && proto != IPPROTO_SCTP &&
	    proto != IPPROTO_ICMP)
		return request_fail(req, -EPROTONOSUPPORT,
				    "mark: protocol %u; allowed: TCP %u, UDP %u, SCTP %u, ICMP %u",
				    proto, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP);
	if (proto == IPPROTO_ICMP && (body->given & PORTS))
		return request_fail(req, -EINVAL,
				    "mark: ICMP has no ports; sport and dport go "
				    "with proto tcp, udp, sctp or none");
	if (((body->given & API_MARK_SPORT) && body->sport > body->sport_last) ||
	    ((body->given & API_MARK_DPORT) && body->dport > body->dport_last))
		return request_fail(req, -ERANGE, "mark: a range of ports ends before it begins");
	return 0;
}

/* That which no table is needed for. */
static int mark_check(struct request *req, const void *arg)
{
	const struct api_mark *body = arg;
	int r = mark_check_family(req, body);

	if (r == 0)
		r = mark_check_proto(req, body);
	if (r == 0 && (body->given & API_MARK_PREF) && body->pref == 0)
		r = request_fail(req, -ERANGE, "mark: pref 0; allowed: 1 to %u", UINT32_MAX);
	return r;
}

static int mark_add_check(struct request *req, const void *arg)
{
	const struct api_mark *body = arg;

	if (!(body->given & API_MARK_MARK))
		return request_fail(req, -EINVAL, "mark: a rule needs the mark that it gives");
	return mark_check(req, body);
}

static int mark_port(struct request *req, const struct api_mark *body, uint16_t *port)
{
	char name[API_NAME_LEN];

	*port = PORT_NONE;
	if (!(body->given & API_MARK_IIF))
		return 0;
	memcpy(name, body->iif, sizeof(name));
	name[sizeof(name) - 1] = '\0';
	*port = port_find(request_workers(req)[WORKER_MASTER]->link, name);
	return *port == PORT_NONE ? link_unknown(req, "mark", name) : 0;
}

/* What was not given means anything. */
static int mark_read(struct request *req, const struct api_mark *body, struct mark_rule *rule)
{
	const union ip_addr from = ip_from_api(&body->from), to = ip_from_api(&body->to);
	int r = mark_check(req, body);

	if (r < 0)
		return r;
	*rule = (struct mark_rule){
		.family = (uint8_t)body->family,
		.sport_last = UINT16_MAX,
		.dport_last = UINT16_MAX,
		.pref = body->given & API_MARK_PREF ? body->pref : 0,
		.mark = body->given & API_MARK_MARK ? body->mark : 0,
		.proto = body->given & API_MARK_PROTO ? (uint8_t)body->proto : 0,
	};
	if (body->given & API_MARK_FROM) {
		rule->from_plen = body->from_plen;
		rule->from = ip_network(rule->family, &from, rule->from_plen);
	}
	if (body->given & API_MARK_TO) {
		rule->to_plen = body->to_plen;
		rule->to = ip_network(rule->family, &to, rule->to_plen);
	}
	if (body->given & API_MARK_SPORT) {
		rule->sport = body->sport;
		rule->sport_last = body->sport_last;
	}
	if (body->given & API_MARK_DPORT) {
		rule->dport = body->dport;
		rule->dport_last = body->dport_last;
	}
	return mark_port(req, body, &rule->iif);
}

/* Does the rule have all that was given? */
static bool mark_fits(const struct mark_rule *rule, const struct mark_rule *is, uint16_t given)
{
	return (!(given & API_MARK_PREF) || rule->pref == is->pref) &&
	       (!(given & API_MARK_MARK) || rule->mark == is->mark) &&
	       (!(given & API_MARK_PROTO) || rule->proto == is->proto) &&
	       (!(given & API_MARK_IIF) || rule->iif == is->iif) &&
	       (is->family == 0 || rule->family == is->family) &&
	       (!(given & API_MARK_FROM) ||
		(rule->from_plen == is->from_plen && ip_equal(&rule->from, &is->from))) &&
	       (!(given & API_MARK_TO) ||
		(rule->to_plen == is->to_plen && ip_equal(&rule->to, &is->to))) &&
	       (!(given & API_MARK_SPORT) ||
		(rule->sport == is->sport && rule->sport_last == is->sport_last)) &&
	       (!(given & API_MARK_DPORT) ||
		(rule->dport == is->dport && rule->dport_last == is->dport_last));
}

static uint32_t mark_count(const struct mark_rules *rules)
{
	return rules ? rules->n : 0;
}

static const struct mark_rules *mark_now(const struct request *req)
{
	return request_workers(req)[WORKER_MASTER]->ipvs->marks;
}

static int mark_no_memory(struct request *req)
{
	return request_fail(req, -ENOMEM, "mark: no memory");
}

/* The pref of one that is added without: behind all others. 0: there is none. */
static uint32_t mark_next_pref(const struct mark_rules *now)
{
	uint32_t last = mark_count(now) ? now->rules[now->n - 1].pref : 0;

	return last > UINT32_MAX - PREF_STEP ? 0 : (last / PREF_STEP + 1) * PREF_STEP;
}

static int mark_choose_pref(struct request *req, struct mark_rule *rule)
{
	const struct mark_rules *now = mark_now(req);

	if (mark_count(now) == MARK_RULES_MAX)
		return request_fail(req, -ENOSPC, "mark: there are %u rules, no more are possible",
				    MARK_RULES_MAX);
	if (rule->pref == 0)
		rule->pref = mark_next_pref(now);
	if (rule->pref == 0)
		return request_fail(req, -ERANGE,
				    "mark: pref %u is taken, there is none behind "
				    "it: say one by pref",
				    now->rules[now->n - 1].pref);
	for (uint32_t i = 0; i < mark_count(now); i++)
		if (now->rules[i].pref == rule->pref)
			return request_fail(req, -EEXIST, "mark: there is a rule with pref %u",
					    rule->pref);
	return 0;
}

static int mark_add_run(struct request *req, const void *body)
{
	const struct mark_rules *now = mark_now(req);
	struct mark_rules *rules;
	struct mark_rule rule;
	uint32_t at = 0;
	int r = mark_add_check(req, body);

	if (r == 0)
		r = mark_read(req, body, &rule);
	if (r == 0)
		r = mark_choose_pref(req, &rule);
	if (r < 0)
		return r;
	rules = mark_rules_new(mark_count(now) + 1);
	if (!rules)
		return mark_no_memory(req);
	for (; at < mark_count(now) && now->rules[at].pref < rule.pref; at++)
		rules->rules[rules->n++] = now->rules[at];
	rules->rules[rules->n++] = rule;
	for (; at < mark_count(now); at++)
		rules->rules[rules->n++] = now->rules[at];
	return mark_rules_set(request_workers(req), rules) < 0 ? mark_no_memory(req) : 0;
}

/* All that fit. */
static int mark_remove(struct request *req, const struct mark_rule *like, uint16_t given)
{
	const struct mark_rules *now = mark_now(req);
	struct mark_rules *rules = mark_rules_new(mark_count(now));

	if (!rules)
		return mark_no_memory(req);
	for (uint32_t i = 0; i < mark_count(now); i++)
		if (!mark_fits(&now->rules[i], like, given))
			rules->rules[rules->n++] = now->rules[i];
	return mark_rules_set(request_workers(req), rules) < 0 ? mark_no_memory(req) : 0;
}

static int mark_del_run(struct request *req, const void *arg)
{
	const struct api_mark *body = arg;
	const struct mark_rules *now = mark_now(req);
	struct mark_rule like;
	uint32_t fit = 0;
	int r = mark_read(req, body, &like);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < mark_count(now); i++)
		fit += mark_fits(&now->rules[i], &like, body->given);
	if (fit == 0)
		return request_fail(req, -ENOENT, "mark: there is no such rule");
	if (fit > 1)
		return request_fail(req, -EINVAL,
				    "mark: %u rules are such: say which by pref, or "
				    "flush them",
				    fit);
	return mark_remove(req, &like, body->given);
}

static int mark_flush_run(struct request *req, const void *arg)
{
	const struct api_mark *body = arg;
	struct mark_rule like;
	int r = mark_read(req, body, &like);

	return r < 0 ? r : mark_remove(req, &like, body->given);
}

static int mark_list_run(struct request *req, const void *arg)
{
	const struct api_mark *body = arg;
	const struct worker *master = request_workers(req)[WORKER_MASTER];
	const struct mark_rules *now = mark_now(req);
	struct mark_rule like;
	int r = mark_read(req, body, &like);

	for (uint32_t i = 0; r == 0 && i < mark_count(now); i++) {
		struct api_mark *item;

		if (!mark_fits(&now->rules[i], &like, body->given))
			continue;
		item = request_item(req, API_KIND_MARK, sizeof(*item));
		if (!item)
			return -ENOMEM;
		mark_item_fill(master, &now->rules[i], item);
	}
	return r;
}

static const struct request_handler mark_handlers[] = {
	REQUEST_CHECKED(MARK_ADD, SET, struct api_mark, mark_add_run, mark_add_check),
	REQUEST_CHECKED(MARK_DEL, SET, struct api_mark, mark_del_run, mark_check),
	REQUEST_CHECKED(MARK_FLUSH, SET, struct api_mark, mark_flush_run, mark_check),
	REQUEST_HANDLER(MARK_LIST, GET, struct api_mark, mark_list_run),
};

const struct request_table mark_requests = { mark_handlers, RTE_DIM(mark_handlers) };
