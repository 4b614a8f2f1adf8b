/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/laddr-ctl: the requests about local addresses. Adding one holds it as
 * an address of its device (hold.h), so that ARP for it is answered; the last
 * that is removed lets it go. One address may serve many services, once
 * each.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ipvs/hold.h"
#include "ipvs/ipvs_ctl.h"
#include "ipvs/service_int.h"
#include "link/link_ctl.h"
#include "net/addr.h"

#define LADDR_STR_LEN (24 + IP_STR_LEN + KEY_STR_LEN)

/* What a request names. */
struct laddr_named {
	struct service *svc; /* laddr_name() only */
	union ip_addr addr;
	char dev[API_NAME_LEN];
	char text[LADDR_STR_LEN]; /* "local address 10.0.0.9 of TCP 1.2.3.4:80" */
};

static int laddr_check(struct request *req, const struct service_key *key,
		       const struct api_laddr *body, struct laddr_named *named)
{
	char service[KEY_STR_LEN], ip[IP_STR_LEN];
	int r;

	key_str(key, service);
	snprintf(named->text, sizeof(named->text), "local address of %s", service);
	if (key->match)
		return request_fail(req, -EINVAL,
				    "%s: services by match (-H) have public addresses, which are "
				    "their servers (-a … -J)",
				    named->text);
	r = key_check_host(req, named->text, body->family, &body->addr, &named->addr);
	if (r < 0)
		return r;
	snprintf(named->text, sizeof(named->text), "local address %s of %s",
		 ip_str(body->family, &named->addr, ip), service);
	snprintf(named->dev, sizeof(named->dev), "%.*s", API_NAME_LEN - 1, body->dev);
	if (!named->dev[0])
		return request_fail(req, -EINVAL, "%s: its device is not named (-F)", named->text);
	return 0;
}

static int laddr_name(struct request *req, const struct api_laddr *body, struct laddr_named *named)
{
	int r;

	named->svc = key_find(req, &body->service, &r);
	return named->svc ? laddr_check(req, &named->svc->key, body, named) : r;
}

static int laddr_request_check(struct request *req, const void *body)
{
	const struct api_laddr *from = body;
	struct laddr_named named;
	struct service_key key;
	int r = key_from_api(req, &from->service, &key);

	return r < 0 ? r : laddr_check(req, &key, from, &named);
}

static int laddr_failed(struct request *req, int r, const struct laddr_named *named)
{
	switch (r) {
	case -EEXIST:
		return request_fail(req, r, "%s exists already", named->text);
	case -ENOSPC:
		return request_fail(req, r,
				    "%s: there are %u local addresses, no more are possible",
				    named->text, LADDR_MAX);
	case -ENODEV:
		return link_unknown(req, named->text, named->dev);
	case -EADDRINUSE:
		return request_fail(req, r, "%s: the address is on another device than %s",
				    named->text, named->dev);
	default:
		return request_fail(req, r, "%s: %s", named->text, strerror(-r));
	}
}

static int laddr_request_add(struct request *req, const void *body)
{
	const struct api_laddr *from = body;
	struct worker *const *all = request_workers(req);
	const struct service_table *table = service_table_of(all[WORKER_MASTER]);
	struct laddr_named named;
	int r = laddr_name(req, from, &named);

	if (r < 0)
		return r;
	if (laddr_find(table, named.svc, from->family, &named.addr))
		return laddr_failed(req, -EEXIST, &named);
	r = narrow_check_local(req, from->family, &named.addr, named.text);
	if (r < 0)
		return r;
	r = hold_begin(all, from->family, &named.addr, named.dev);
	if (r < 0)
		return laddr_failed(req, r, &named);
	r = laddr_add(all, named.svc, from->family, &named.addr, named.dev);
	if (r < 0) {
		addr_release(all, from->family, &named.addr);
		return laddr_failed(req, r, &named);
	}
	hold_laddr(all, laddr_find(table, named.svc, from->family, &named.addr));
	return 0;
}

static int laddr_request_del(struct request *req, const void *body)
{
	const struct api_laddr *from = body;
	struct worker *const *all = request_workers(req);
	struct laddr_named named;
	struct laddr *laddr;
	int r = laddr_name(req, from, &named);

	if (r < 0)
		return r;
	laddr = laddr_find(service_table_of(all[WORKER_MASTER]), named.svc, from->family,
			   &named.addr);
	if (!laddr)
		return request_fail(req, -ENOENT, "there is no %s", named.text);
	if (strcmp(laddr->dev, named.dev) != 0)
		return request_fail(req, -ENOENT, "%s is on device %s, not on \"%s\"", named.text,
				    laddr->dev, named.dev);
	r = laddr_del(all, laddr);
	if (r < 0)
		return laddr_failed(req, r, &named);
	hold_leave_laddr(all, laddr);
	return 0;
}

static void laddr_item(struct worker *const *all, uint32_t cpu, const struct service *svc,
		       const struct laddr *laddr, struct api_laddr *item)
{
	key_to_api(&svc->key, &item->service);
	item->addr = ip_to_api(&laddr->addr);
	item->family = laddr->family;
	memcpy(item->dev, laddr->dev, sizeof(item->dev));
	for (unsigned int i = 1; i <= all[WORKER_MASTER]->n_workers; i++) {
		const struct laddr *its = &service_table_of(all[i])->laddrs[laddr->id];

		if (cpu != API_CPU_MASTER && cpu != i)
			continue;
		if (__atomic_load_n(&its->serial, __ATOMIC_RELAXED) != laddr->serial)
			continue;
		item->conns += __atomic_load_n(&its->conns, __ATOMIC_RELAXED);
		item->conflicts += __atomic_load_n(&its->conflicts, __ATOMIC_RELAXED);
	}
}

static int laddr_list_one(struct request *req, uint32_t cpu, const struct service *svc)
{
	for (uint32_t i = 0; i < svc->n_laddrs; i++) {
		struct api_laddr *item = request_item(req, API_KIND_LADDR, sizeof(*item));

		if (!item)
			return -ENOMEM;
		laddr_item(request_workers(req), cpu, svc, svc->laddrs[i], item);
	}
	return 0;
}

struct laddr_listing {
	uint32_t cpu;
	uint32_t next; /* id of a service */
};

static int laddr_list_more(struct request *req, void *state)
{
	struct laddr_listing *listing = state;
	struct service_table *table = service_table_of(request_workers(req)[WORKER_MASTER]);

	while (listing->next < table->used) {
		const struct service *svc = &table->services[listing->next++];
		int r;

		if (!svc->serial || (svc->flags & SERVICE_REMOVED))
			continue;
		r = laddr_list_one(req, listing->cpu, svc);
		if (r < 0)
			return r;
		if (request_full(req)) {
			request_continue(req, laddr_list_more, listing);
			return 0;
		}
	}
	return 0;
}

static int laddr_request_list(struct request *req, const void *body)
{
	const struct api_service_filter *filter = body;
	int r = key_check_cpu(req, filter->cpu);
	struct laddr_listing *listing;

	if (r < 0)
		return r;
	if (!key_is_any(&filter->key)) {
		struct service *svc = key_find(req, &filter->key, &r);

		return svc ? laddr_list_one(req, filter->cpu, svc) : r;
	}
	listing = calloc(1, sizeof(*listing));
	if (!listing)
		return -ENOMEM;
	listing->cpu = filter->cpu;
	request_continue(req, laddr_list_more, listing);
	return 0;
}

/* Has the service servers by FNAT of that family, and no local address for them? */
static bool lacks_laddr(const struct service *svc, unsigned int family)
{
	bool needs = false;

	for (uint32_t i = 0; i < svc->n_laddrs; i++)
		if (svc->laddrs[i]->family == family)
			return false;
	for (uint32_t i = 0; i < svc->n_dests; i++)
		needs |= svc->dests[i]->forward == API_FORWARD_FNAT &&
			 svc->dests[i]->family == family;
	return needs;
}

void ipvs_tell_lacking(struct worker *const *all)
{
	const struct service_table *table = service_table_of(all[WORKER_MASTER]);
	static const unsigned int families[] = { AF_INET, AF_INET6 };
	char service[KEY_STR_LEN];

	for (uint32_t id = 0; id < table->used; id++) {
		const struct service *svc = &table->services[id];

		if (!svc->serial || (svc->flags & SERVICE_REMOVED))
			continue;
		for (unsigned int i = 0; i < RTE_DIM(families); i++)
			if (lacks_laddr(svc, families[i]))
				log_warning("service %s: its full NAT servers (-b) have no local "
					    "address of %s (ipvsadm -P): their connections are "
					    "dropped",
					    key_str(&svc->key, service),
					    families[i] == AF_INET ? "IPv4" : "IPv6");
	}
}

static const struct request_handler laddr_handlers[] = {
	REQUEST_CHECKED(LADDR_ADD, SET, struct api_laddr, laddr_request_add, laddr_request_check),
	REQUEST_CHECKED(LADDR_DEL, SET, struct api_laddr, laddr_request_del, laddr_request_check),
	REQUEST_HANDLER(LADDR_LIST, GET, struct api_service_filter, laddr_request_list),
};

const struct request_table laddr_requests = { laddr_handlers, RTE_DIM(laddr_handlers) };
