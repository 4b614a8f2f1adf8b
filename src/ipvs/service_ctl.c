/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/service-ctl: the requests about virtual services. They are listed in
 * the order of their ids, so that a long listing can pause between two of them
 * and go on although services come and go meanwhile.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include "ipvs/estimate.h"
#include "ipvs/hold.h"
#include "ipvs/ipvs_ctl.h"
#include "ipvs/service_int.h"
#include "link/link_ctl.h"
#include "link/port.h"

#define SERVICE_PERSISTENCE_MAX  (31u * 24 * 3600) /* seconds */
#define SERVICE_CONN_TIMEOUT_MAX 31535999u         /* seconds, as for all timeouts of connections */

static struct service_table *service_ctl_table(const struct request *req)
{
	return service_table_of(request_workers(req)[WORKER_MASTER]);
}

/* A mask without persistence means nothing. */
static int service_check_mask(struct request *req, const struct api_service *body, bool persistent)
{
	unsigned int bits = ip_bits(body->key.family);
	struct service_key key;
	char service[KEY_STR_LEN];
	int r = key_from_api(req, &body->key, &key);

	if (r < 0 || persistent || body->plen == 0 || body->plen == bits ||
	    (body->keep & API_SERVICE_KEEP_PLEN))
		return r;
	return request_fail(req, -EINVAL, "%s: a mask (-M) goes with persistence (-p) only",
			    key_str(&key, service));
}

static int service_check_flags(struct request *req, const struct api_service *body,
			       const char *service)
{
	bool persistent = body->flags & API_SERVICE_PERSISTENT;
	bool udp = body->key.protocol == IPPROTO_UDP || body->key.fwmark;

	if (persistent && (body->timeout_s == 0 || body->timeout_s > SERVICE_PERSISTENCE_MAX))
		return request_fail(req, -ERANGE, "%s: persistence (-p) of %u s; allowed: 1 to %u",
				    service, body->timeout_s, SERVICE_PERSISTENCE_MAX);
	if (persistent && body->plen > ip_bits(body->key.family))
		return request_fail(req, -ERANGE,
				    "%s: persistence of clients' first %u bits (-M); allowed: 1 to "
				    "%u",
				    service, body->plen, ip_bits(body->key.family));
	if (body->key.has_match && (body->flags & API_SERVICE_ONEPACKET))
		return request_fail(req, -EINVAL,
				    "%s: one-packet scheduling (--ops) cannot be with SNAT (-J): "
				    "nothing would know whose the answers are",
				    service);
	if (body->key.port == 0 && !body->key.fwmark && !body->key.has_match && !persistent)
		return request_fail(
			req, -EINVAL,
			"%s: port 0, any port, is for persistent services (-p) only: else "
			"the connections of one client would be strewn over the servers",
			service);
	if (body->on_remove >= API_ON_REMOVE__COUNT)
		return request_fail(req, -EINVAL,
				    "%s: --on-remove of number %u; allowed: 0 keep, 1 reset, 2 "
				    "reschedule",
				    service, body->on_remove);
	if ((body->flags & API_SERVICE_ONEPACKET) && !udp)
		return request_fail(req, -EINVAL,
				    "%s: one-packet scheduling (--ops) is for UDP services: a TCP "
				    "connection has more packets than one",
				    service);
	if (body->conn_timeout_s > SERVICE_CONN_TIMEOUT_MAX)
		return request_fail(req, -ERANGE, "%s: connection timeout %u s; allowed: 0 to %u",
				    service, body->conn_timeout_s, SERVICE_CONN_TIMEOUT_MAX);
	return 0;
}

/* The scheduler's flags must mean something to it. */
static int service_check_sched(struct request *req, const struct api_service *body,
			       struct service_config *config, const char *service)
{
	const uint32_t others = API_SERVICE_PERSISTENT | API_SERVICE_ONEPACKET;
	uint32_t unknown = body->flags & ~others & ~config->sched->flags;
	char known[128];

	config->sched_flags = body->flags & config->sched->flags;
	if (unknown)
		return request_fail(req, -EINVAL, "%s: scheduler %s has no flag %s; it has: %s",
				    service, config->sched->name, sched_flag_word(unknown),
				    sched_flag_words(config->sched, known, sizeof(known)));
	if ((config->sched_flags & API_SERVICE_HASH_QID) && body->key.protocol != IPPROTO_UDP &&
	    !body->key.fwmark)
		return request_fail(req, -EINVAL,
				    "%s: --hash-target qid is for UDP services: QUIC runs over UDP",
				    service);
	return 0;
}

/* The service's own settings, or the request fails. */
static int service_check(struct request *req, const struct api_service *body,
			 const struct service_key *key, struct service_config *config)
{
	char service[KEY_STR_LEN], known[256];
	char sched[API_NAME_LEN];
	int r;

	r = service_check_flags(req, body, key_str(key, service));
	if (r < 0)
		return r;
	snprintf(sched, sizeof(sched), "%.*s", API_NAME_LEN - 1, body->sched);
	config->sched = sched_find(sched[0] ? sched : SCHED_DEFAULT);
	if (!config->sched)
		return request_fail(req, -ENOENT, "%s: there is no scheduler \"%s\"; known: %s",
				    service, sched, sched_names(known, sizeof(known)));
	*config = (struct service_config){
		.sched = config->sched,
		.conn_timeout_s = body->conn_timeout_s,
		.one_packet = body->flags & API_SERVICE_ONEPACKET,
		.on_remove = body->on_remove,
	};
	if (body->flags & API_SERVICE_PERSISTENT) {
		config->persist_s = body->timeout_s;
		config->persist_plen = body->plen ? body->plen : ip_bits(key->family);
	}
	return service_check_sched(req, body, config, service);
}

static int service_failed(struct request *req, int r, const struct service_key *key)
{
	char service[KEY_STR_LEN];

	key_str(key, service);
	switch (r) {
	case 0:
		return 0;
	case -EEXIST:
		return request_fail(req, r, "service %s exists already", service);
	case -E2BIG:
		return request_fail(req, r,
				    "service %s: there are %u services by match (-H), no more are "
				    "possible",
				    service, MATCH_MAX);
	case -ENOSPC:
		return request_fail(req, r,
				    "service %s: there are %u services, no more are possible",
				    service, SERVICE_MAX);
	default:
		return request_fail(req, r, "service %s: %s", service, strerror(-r));
	}
}

/* Devices come and go, but one that is named for the first time is there. */
static int service_check_devices(struct request *req, const struct service_key *key)
{
	const struct link *link = request_workers(req)[WORKER_MASTER]->link;
	char service[KEY_STR_LEN];

	if (!key->match)
		return 0;
	if (key->match->iif[0] && port_find(link, key->match->iif) == PORT_NONE)
		return link_unknown(req, key_str(key, service), key->match->iif);
	if (key->match->oif[0] && port_find(link, key->match->oif) == PORT_NONE)
		return link_unknown(req, key_str(key, service), key->match->oif);
	return 0;
}

static int service_request_add(struct request *req, const void *body)
{
	const struct api_service *from = body;
	struct service_config config;
	struct service_key key;
	int r = key_from_api(req, &from->key, &key);

	if (r == 0)
		r = service_check(req, from, &key, &config);
	if (r == 0)
		r = service_check_devices(req, &key);
	if (r < 0)
		return r;
	return service_failed(req, service_add(request_workers(req), &key, &config), &key);
}

static void service_settings(const struct service *svc, struct api_service *to)
{
	to->flags = svc->sched_flags;
	if (svc->persist_s)
		to->flags |= API_SERVICE_PERSISTENT;
	if (svc->flags & SERVICE_ONE_PACKET)
		to->flags |= API_SERVICE_ONEPACKET;
	to->timeout_s = svc->persist_s;
	to->plen = svc->persist_s ? svc->persist_plen : ip_bits(svc->key.family);
	snprintf(to->sched, sizeof(to->sched), "%s", svc->sched->name);
	to->conn_timeout_s = svc->conn_timeout_s;
	to->on_remove = svc->on_remove;
}

/* What the request keeps becomes what it is now. */
static void service_keep(struct api_service *wanted, const struct api_service *now)
{
	uint32_t flags = 0;

	if (wanted->keep & API_SERVICE_KEEP_SCHED) {
		flags |= API_SERVICE_SCHED1 | API_SERVICE_SCHED2 | API_SERVICE_SCHED3 |
			 API_SERVICE_HASH_QID;
		memcpy(wanted->sched, now->sched, sizeof(wanted->sched));
	}
	if (wanted->keep & API_SERVICE_KEEP_PERSISTENCE) {
		flags |= API_SERVICE_PERSISTENT;
		wanted->timeout_s = now->timeout_s;
	}
	if (wanted->keep & API_SERVICE_KEEP_PLEN)
		wanted->plen = now->plen;
	if (wanted->keep & API_SERVICE_KEEP_ONEPACKET)
		flags |= API_SERVICE_ONEPACKET;
	if (wanted->keep & API_SERVICE_KEEP_CONN_TIMEOUT)
		wanted->conn_timeout_s = now->conn_timeout_s;
	if (wanted->keep & API_SERVICE_KEEP_ON_REMOVE)
		wanted->on_remove = now->on_remove;
	wanted->flags = (wanted->flags & ~flags) | (now->flags & flags);
}

/* The answers of FNAT need the connection. */
static int service_check_one_packet(struct request *req, const struct service *svc)
{
	char service[KEY_STR_LEN];

	for (uint32_t i = 0; i < svc->n_dests; i++)
		if (svc->dests[i]->forward == API_FORWARD_FNAT)
			return request_fail(
				req, -EINVAL,
				"%s: one-packet scheduling (--ops) cannot be with FNAT "
				"(-b), and it has such servers: nothing would know whose "
				"their answers are",
				key_str(&svc->key, service));
	return 0;
}

static int service_request_set(struct request *req, const void *body)
{
	struct api_service wanted = *(const struct api_service *)body, now;
	struct service_config config;
	int r;
	struct service *svc = key_find(req, &wanted.key, &r);

	if (!svc)
		return r;
	service_settings(svc, &now);
	service_keep(&wanted, &now);
	r = service_check_mask(req, &wanted, wanted.flags & API_SERVICE_PERSISTENT);
	if (r == 0)
		r = service_check(req, &wanted, &svc->key, &config);
	if (r == 0 && config.one_packet)
		r = service_check_one_packet(req, svc);
	if (r < 0)
		return r;
	return service_failed(req, service_set(request_workers(req), svc, &config), &svc->key);
}

/* As service_request_add() and _set() would; what is kept is taken to be right. */
static int service_request_check(struct request *req, const void *body)
{
	static const struct api_service usual = { .sched = SCHED_DEFAULT };
	struct api_service wanted = *(const struct api_service *)body;
	struct service_config config;
	struct service_key key;
	int r = key_from_api(req, &wanted.key, &key);

	service_keep(&wanted, &usual);
	return r < 0 ? r : service_check(req, &wanted, &key, &config);
}

/* The service goes, and the addresses it held. */
static int service_remove(struct worker *const *all, struct service *svc)
{
	int r = service_del(all, svc);

	if (r == 0)
		hold_leave_service(all, svc);
	return r;
}

static int service_request_del(struct request *req, const void *body)
{
	int r;
	struct service *svc = key_find(req, body, &r);

	if (!svc)
		return r;
	return service_failed(req, service_remove(request_workers(req), svc), &svc->key);
}

static int service_request_flush(struct request *req, const void *body)
{
	struct service_table *table = service_ctl_table(req);

	for (uint32_t id = 0; id < table->used; id++) {
		struct service *svc = &table->services[id];
		int r;

		if (!svc->serial || (svc->flags & SERVICE_REMOVED))
			continue;
		r = service_remove(request_workers(req), svc);
		if (r < 0)
			return service_failed(req, r, &svc->key);
	}
	return 0;
}

static void service_zero(struct worker *const *all, const struct service *svc)
{
	estimate_zero(all, ESTIMATE_SERVICE(svc->id));
	for (uint32_t i = 0; i < svc->n_dests; i++)
		estimate_zero(all, ESTIMATE_DEST(svc->dests[i]->id));
}

static int service_request_zero(struct request *req, const void *body)
{
	struct service_table *table = service_ctl_table(req);
	int r = 0;

	if (!key_is_any(body)) {
		struct service *svc = key_find(req, body, &r);

		if (svc)
			service_zero(request_workers(req), svc);
		return r;
	}
	for (uint32_t id = 0; id < table->used; id++) {
		const struct service *svc = &table->services[id];

		if (svc->serial && !(svc->flags & SERVICE_REMOVED))
			service_zero(request_workers(req), svc);
	}
	return 0;
}

static int service_list_one(struct request *req, const struct api_service_filter *filter,
			    const struct service *svc)
{
	struct worker *const *all = request_workers(req);
	struct api_service *item = request_item(req, API_KIND_SERVICE, sizeof(*item));

	if (!item)
		return -ENOMEM;
	key_to_api(&svc->key, &item->key);
	service_settings(svc, item);
	item->n_dests = svc->n_dests;
	item->n_laddrs = svc->n_laddrs;
	estimate_read(all, filter->cpu, ESTIMATE_SERVICE(svc->id), &item->stats);
	if (!(filter->flags & API_SERVICE_DESTS))
		return 0;
	for (uint32_t i = 0; i < svc->n_dests; i++) {
		struct api_dest *dest = request_item(req, API_KIND_DEST, sizeof(*dest));

		if (!dest)
			return -ENOMEM;
		dest_item(all, filter->cpu, svc, svc->dests[i], dest);
	}
	return 0;
}

struct service_listing {
	struct api_service_filter filter;
	uint32_t next; /* id */
};

/* Those by match, few, last: in the order in which they were added, so that adding them again makes
 * the same order. */
static int service_list_matches(struct request *req, const struct api_service_filter *filter)
{
	struct service_table *table = service_ctl_table(req);
	int r = 0;

	for (uint32_t i = table->n_matches; r == 0 && i > 0; i--) {
		const struct service *svc = &table->services[table->matches[i - 1]];

		if (!(svc->flags & SERVICE_REMOVED))
			r = service_list_one(req, filter, svc);
	}
	return r;
}

/* As many as fill a page; the rest when the client has taken it. */
static int service_list_more(struct request *req, void *state)
{
	struct service_listing *listing = state;
	struct service_table *table = service_ctl_table(req);

	while (listing->next < table->used) {
		const struct service *svc = &table->services[listing->next++];
		int r;

		if (!svc->serial || (svc->flags & SERVICE_REMOVED) || svc->key.match)
			continue;
		r = service_list_one(req, &listing->filter, svc);
		if (r < 0)
			return r;
		if (request_full(req)) {
			request_continue(req, service_list_more, listing);
			return 0;
		}
	}
	return service_list_matches(req, &listing->filter);
}

static int service_request_list(struct request *req, const void *body)
{
	const struct api_service_filter *filter = body;
	int r = key_check_cpu(req, filter->cpu);
	struct service_listing *listing;

	if (r < 0)
		return r;
	if (!key_is_any(&filter->key)) {
		struct service *svc = key_find(req, &filter->key, &r);

		return svc ? service_list_one(req, filter, svc) : r;
	}
	listing = calloc(1, sizeof(*listing));
	if (!listing)
		return -ENOMEM;
	listing->filter = *filter;
	request_continue(req, service_list_more, listing);
	return 0;
}

static const struct request_handler service_handlers[] = {
	REQUEST_CHECKED(SERVICE_ADD, SET, struct api_service, service_request_add,
			service_request_check),
	REQUEST_CHECKED(SERVICE_SET, SET, struct api_service, service_request_set,
			service_request_check),
	REQUEST_CHECKED(SERVICE_DEL, SET, struct api_service_key, service_request_del,
			key_request_check),
	REQUEST_HANDLER(SERVICE_FLUSH, SET, struct api_empty, service_request_flush),
	REQUEST_HANDLER(SERVICE_ZERO, SET, struct api_service_key, service_request_zero),
	REQUEST_HANDLER(SERVICE_LIST, GET, struct api_service_filter, service_request_list),
};

const struct request_table service_requests = { service_handlers, RTE_DIM(service_handlers) };
