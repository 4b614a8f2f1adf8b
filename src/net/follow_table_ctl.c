/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/follow-table: what is followed, and its way into dpvs's own tables: by
 * the same requests that dpip sends, so that nothing gets in that dpip could
 * not bring, and all workers have it. What is refused waits and is tried again
 * now and then: the reason may go, such as an address of ours that the kernel
 * has too. So it is with a route that somebody has deleted or flushed by dpip:
 * as long as the kernel has it, it comes back.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "control/control.h"
#include "link/port.h"
#include "net/follow_int.h"
#include "net/net_ctl.h"
#include "net/route_int.h"
#include "net/shared_ctl.h"

#define RETRY_SHARE 64
#define CHECK_SHARE 4096

struct entry {
	struct chain chain;
	struct list node; /* of table->entries */
	struct list wait; /* of table->waiting, unless it is installed */
	bool installed;
	bool several;  /* the kernel has had more than one of this prefix and metric */
	uint16_t room; /* for hops */
	uint32_t round;
	struct follow_route route; /* as far as it has hops: a full feed has a million of these */
};

static size_t route_size(unsigned int n_hops)
{
	return offsetof(struct follow_route, hops) + n_hops * sizeof(struct follow_hop);
}

void follow_table_init(struct follow_table *table, struct worker *const *all)
{
	table->all = all;
	chains_init(&table->chains);
	follow_objects_init(&table->objects, &all[WORKER_MASTER]->flow_key);
	list_init(&table->entries);
	list_init(&table->waiting);
}

void follow_table_free(struct follow_table *table)
{
	list_for_each_safe (it, &table->entries) {
		struct entry *entry = container_of(it, struct entry, node);

		follow_object_move(&table->objects, entry->route.nexthop, 0);
		free(entry);
	}
	chains_free(&table->chains);
	follow_objects_free(&table->objects);
}

static uint64_t hash_of(const struct follow_table *table, const struct follow_route *route)
{
	const struct hash_key *key = &table->all[WORKER_MASTER]->flow_key;
	uint64_t h = hash_words(key, route->dst.u64[0], route->dst.u64[1]);

	return hash_more(key, h, route->metric, (uint64_t)route->plen << 8 | route->type);
}

static bool same_key(const struct follow_route *a, const struct follow_route *b)
{
	return a->family == b->family && a->plen == b->plen && a->type == b->type &&
	       a->metric == b->metric && ip_equal(&a->dst, &b->dst);
}

static struct entry *find(const struct follow_table *table, const struct follow_route *route)
{
	uint64_t hash = hash_of(table, route);

	chains_for_each (it, &table->chains, hash) {
		struct entry *entry = container_of(it, struct entry, chain);

		if (it->hash == hash && same_key(&entry->route, route))
			return entry;
	}
	return NULL;
}

/* ---- into dpvs's tables and out of them ---- */

static int ask(const struct follow_table *table, uint16_t id, const void *body, size_t size)
{
	const struct request_table tables[] = { route_requests, { NULL, 0 } };
	char error[512];
	int r = control_run_request(table->all, tables, id, body, (uint32_t)size, error,
				    sizeof(error));

	if (r < 0)
		log_debug("kni_routes: %s", error);
	return r;
}

static void fill(const struct follow_table *table, const struct follow_route *route,
		 const struct follow_hop *hop, struct api_route *body)
{
	memset(body, 0, sizeof(*body));
	body->dst = ip_to_api(&route->dst);
	body->via = ip_to_api(&hop->via);
	body->family = route->family;
	body->plen = route->plen;
	body->type = route->type;
	body->scope = route->type == API_ROUTE_KERNEL ? API_SCOPE_KNI_HOST : API_SCOPE_UNSET;
	body->proto = route->proto;
	body->onlink = hop->onlink && !ip_is_zero(&hop->via);
	body->metric = route->type == API_ROUTE_KERNEL ? 0 : FOLLOW_METRIC | route->metric;
	body->mtu = route->mtu;
	memcpy(body->dev, ctl_port_name(table->all[WORKER_MASTER], hop->port), sizeof(body->dev));
}

static int ask_one(const struct follow_table *table, const struct follow_route *route, bool change,
		   bool onlink)
{
	struct follow_hop hop = route->hops[0];
	struct api_route body;

	hop.onlink |= onlink;
	fill(table, route, &hop, &body);
	return ask(table, change ? API_ROUTE_SET : API_ROUTE_ADD, &body, sizeof(body));
}

static int ask_several(const struct follow_table *table, const struct follow_route *route,
		       bool change, bool onlink)
{
	struct api_route_multi body = { .n = route->n_hops };

	body.verb = change ? API_ROUTE_VERB_SET : API_ROUTE_VERB_ADD;
	fill(table, route, &route->hops[0], &body.route);
	body.route.via = (union api_ip){ 0 };
	body.route.onlink = 0;
	memset(body.route.dev, 0, sizeof(body.route.dev));
	for (unsigned int i = 0; i < route->n_hops; i++) {
		const struct follow_hop *hop = &route->hops[i];
		struct api_hop *to = &body.hops[i];

		to->via = ip_to_api(&hop->via);
		memcpy(to->dev, ctl_port_name(table->all[WORKER_MASTER], hop->port),
		       sizeof(to->dev));
		to->weight = hop->weight;
		to->onlink = (hop->onlink || onlink) && !ip_is_zero(&hop->via);
	}
	return ask(table, API_ROUTE_MULTI, &body, sizeof(body));
}

/* A gateway may be on a net that only the kernel has: then it is asked for on the link. */
static int install(const struct follow_table *table, const struct entry *entry)
{
	const struct follow_route *route = &entry->route;
	int (*way)(const struct follow_table *table, const struct follow_route *route, bool change,
		   bool onlink) = route->n_hops > 1 ? ask_several : ask_one;
	int r = way(table, route, entry->installed, false);

	return r == -ENETUNREACH ? way(table, route, entry->installed, true) : r;
}

static void uninstall(const struct follow_table *table, struct entry *entry)
{
	struct api_route body;

	if (!entry->installed)
		return;
	fill(table, &entry->route, &entry->route.hops[0], &body);
	body.via = (union api_ip){ 0 };
	body.onlink = 0;
	if (entry->route.type != API_ROUTE_KERNEL)
		body.dev[0] = '\0';
	ask(table, API_ROUTE_DEL, &body, sizeof(body));
	entry->installed = false;
}

static void settle(struct follow_table *table, struct entry *entry)
{
	bool was = entry->installed;
	int r = install(table, entry);

	if (r < 0 && was) { /* what it was is not what the kernel has any more */
		uninstall(table, entry);
		r = install(table, entry);
	}
	entry->installed = r == 0;
	list_del(&entry->wait);
	list_init(&entry->wait);
	if (r < 0)
		list_add_tail(&table->waiting, &entry->wait);
}

/* ---- changes ---- */

static struct entry *entry_add(struct follow_table *table, const struct follow_route *route)
{
	struct entry *entry = calloc(1, offsetof(struct entry, route) + route_size(route->n_hops));
	size_t need = chains_need(&table->chains);

	if (!entry)
		return NULL;
	entry->room = route->n_hops;
	list_init(&entry->wait);
	list_add_tail(&table->entries, &entry->node);
	free(chains_add(&table->chains, &entry->chain, hash_of(table, route),
			need ? calloc(1, need) : NULL));
	return entry;
}

/* Frees it; what dpvs has of it stays. */
static void entry_forget(struct follow_table *table, struct entry *entry)
{
	follow_object_move(&table->objects, entry->route.nexthop, 0);
	list_del(&entry->wait);
	list_del(&entry->node);
	free(chains_del(&table->chains, &entry->chain));
	free(entry);
}

static void drop_entry(struct follow_table *table, struct entry *entry)
{
	uninstall(table, entry);
	entry_forget(table, entry);
}

/* One that has room for the route's hops, and what dpvs had of the old one; NULL: no memory. */
static struct entry *entry_for(struct follow_table *table, struct entry *entry,
			       const struct follow_route *route)
{
	struct entry *larger;

	if (entry && entry->room >= route->n_hops)
		return entry;
	larger = entry_add(table, route);
	if (larger && entry) {
		larger->installed = entry->installed;
		larger->several = entry->several;
		larger->round = entry->round;
		entry_forget(table, entry);
	}
	return larger;
}

/* The kernel may have several routes of the same prefix and metric, and takes the first. */
static bool stands_behind(const struct follow_table *table, const struct entry *entry,
			  const struct follow_route *route, unsigned int flags)
{
	if (flags & NLM_F_MULTI) /* listed, in this order */
		return entry->round == table->round;
	/* IPv6 appends a hop to a route, and tells of the whole route */
	return flags & NLM_F_APPEND && route->family == AF_INET;
}

/* Has another one gone in front of it? */
static bool pushed_aside(const struct follow_route *route, unsigned int flags)
{
	return !(flags & (NLM_F_MULTI | NLM_F_REPLACE)) && route->family == AF_INET;
}

static bool same_hop(const struct follow_hop *a, const struct follow_hop *b)
{
	return ip_equal(&a->via, &b->via) && a->port == b->port && a->weight == b->weight &&
	       a->onlink == b->onlink;
}

/* Of the same key. */
static bool same_ways(const struct follow_route *a, const struct follow_route *b)
{
	bool same = a->n_hops == b->n_hops && a->mtu == b->mtu && a->proto == b->proto;

	for (unsigned int i = 0; i < a->n_hops && same; i++)
		same = same_hop(&a->hops[i], &b->hops[i]);
	return same;
}

static void entry_take(struct follow_table *table, struct entry *entry,
		       const struct follow_route *route)
{
	bool same = entry->installed && same_ways(&entry->route, route);

	follow_object_move(&table->objects, entry->route.nexthop, route->nexthop);
	memcpy(&entry->route, route, route_size(route->n_hops));
	if (!same)
		settle(table, entry);
}

void follow_put(struct follow_table *table, const struct follow_route *route, unsigned int flags)
{
	struct entry *entry = find(table, route);

	if (entry && stands_behind(table, entry, route, flags)) {
		entry->several = true;
		return;
	}
	if (entry && entry->round != table->round)
		entry->several = false;
	if (entry && pushed_aside(route, flags))
		entry->several = true;
	entry = entry_for(table, entry, route);
	if (!entry)
		return;
	entry->round = table->round;
	entry_take(table, entry, route);
}

/* How many hops are left without those that are gone. */
static unsigned int hops_left(struct follow_route *from, const struct follow_route *gone)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < from->n_hops; i++) {
		bool goes = false;

		for (unsigned int k = 0; k < gone->n_hops; k++)
			goes |= from->hops[i].port == gone->hops[k].port &&
				ip_equal(&from->hops[i].via, &gone->hops[k].via);
		if (!goes)
			from->hops[kept++] = from->hops[i];
	}
	return kept;
}

/* IPv4 routes go whole; IPv6 tells of one hop that goes by itself. */
bool follow_remove(struct follow_table *table, const struct follow_route *route)
{
	struct entry *entry = find(table, route);
	struct follow_route rest = { .n_hops = 0 };
	unsigned int left;
	bool several;

	if (!entry)
		return false;
	memcpy(&rest, &entry->route, route_size(entry->route.n_hops));
	left = hops_left(&rest, route);
	if (left == entry->route.n_hops || (left && route->family == AF_INET))
		return true; /* another of the same prefix and metric, or not as we have it */
	several = entry->several;
	if (left == 0) {
		drop_entry(table, entry);
		return several;
	}
	rest.n_hops = (uint16_t)left;
	entry_take(table, entry, &rest);
	return several;
}

void follow_drop(struct follow_table *table, const struct follow_route *route)
{
	struct entry *entry = find(table, route);

	if (entry)
		drop_entry(table, entry);
}

void follow_sweep(struct follow_table *table)
{
	list_for_each_safe (it, &table->entries) {
		struct entry *entry = container_of(it, struct entry, node);

		if (entry->round != table->round)
			drop_entry(table, entry);
	}
}

static bool present(const struct follow_table *table, const struct follow_route *route)
{
	bool net = route->type == API_ROUTE_UNICAST;
	const struct route want = {
		.dst = route->dst,
		.family = route->family,
		.plen = route->plen,
		.type = route->type,
		.port = net ? PORT_NONE : route->hops[0].port,
		.metric = net ? FOLLOW_METRIC | route->metric : 0,
	};

	return route_meant(table->all[WORKER_MASTER], &want);
}

/* Those that stand first are looked at, and go to the end. */
static void check(struct follow_table *table)
{
	uint32_t n = RTE_MIN(table->chains.count, (uint32_t)CHECK_SHARE);

	for (; n > 0; n--) {
		struct entry *entry = container_of(table->entries.next, struct entry, node);

		list_del(&entry->node);
		list_add_tail(&table->entries, &entry->node);
		if (!entry->installed || present(table, &entry->route))
			continue;
		entry->installed = false;
		settle(table, entry);
	}
}

void follow_retry(struct follow_table *table)
{
	for (unsigned int i = 0; i < RETRY_SHARE && !list_empty(&table->waiting); i++) {
		struct entry *entry = container_of(table->waiting.next, struct entry, wait);

		settle(table, entry); /* back to the end, if it still waits */
	}
	check(table);
}

void follow_table_yield(struct follow_table *table, unsigned int family, const union ip_addr *ip)
{
	struct follow_route key = {
		.dst = *ip,
		.family = (uint8_t)family,
		.plen = (uint8_t)ip_bits(family),
		.type = API_ROUTE_KERNEL,
	};
	struct entry *entry = find(table, &key);

	if (!entry || !entry->installed)
		return;
	uninstall(table, entry);
	list_add_tail(&table->waiting, &entry->wait);
}
