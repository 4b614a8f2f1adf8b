/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/neigh-ctl: NEIGH_ADD, _SET, _DEL, _FLUSH and _LIST. What is added is
 * static; a learnt neighbour gives way to it. Flush removes what was learnt.
 */
#include <errno.h>
#include <string.h>

#include "link/port.h"
#include "net/addr.h"
#include "net/shared_ctl.h"
#include "net/tell.h"
#include "net/neigh_int.h"
#include "net/net_ctl.h"

static int neigh_family_check(struct request *req, const void *body)
{
	return ctl_family(req, ((const struct api_neigh *)body)->family, "neighbour");
}

static int neigh_read_key(struct request *req, const struct api_neigh *body, struct neigh_key *key)
{
	int r = neigh_family_check(req, body);

	if (r < 0)
		return r;
	*key = (struct neigh_key){
		.ip = ctl_ip(body->family, &body->addr),
		.family = (uint8_t)body->family,
		.state = API_NEIGH_REACHABLE,
		.is_static = true,
	};
	memcpy(key->mac.addr_bytes, body->mac, sizeof(body->mac));
	return ctl_port(req, body->dev, &key->port);
}

static int neigh_check(struct request *req, const struct neigh_key *key)
{
	const struct worker *master = request_workers(req)[WORKER_MASTER];
	char ip[IP_STR_LEN];

	ip_str(key->family, &key->ip, ip);
	if (!ctl_is_host(key->family, &key->ip))
		return request_fail(req, -EINVAL, "neighbour %s: that is no address of a host", ip);
	if (addr_on_port(master, key->family, &key->ip, key->port))
		return request_fail(req, -EINVAL, "neighbour %s: that is our own address on %s", ip,
				    ctl_port_name(master, key->port));
	if (master->link->ports[key->port].kind == PORT_TUNNEL)
		return request_fail(req, -EOPNOTSUPP,
				    "neighbour %s: %s is a tunnel, which has no neighbours", ip,
				    ctl_port_name(master, key->port));
	if (!rte_is_valid_assigned_ether_addr(&key->mac))
		return request_fail(req, -EINVAL,
				    "neighbour %s: lladdr must be the MAC address of one host", ip);
	return 0;
}

static int neigh_failed(struct request *req, const struct neigh_key *key, int r)
{
	char ip[IP_STR_LEN];

	ip_str(key->family, &key->ip, ip);
	if (r == -ENOSPC)
		return request_fail(req, r, "neighbour %s: the table is full (%u entries)", ip,
				    request_workers(req)[WORKER_MASTER]->net->neighs->count);
	return ctl_no_memory(req, ip);
}

static int neigh_no_such(struct request *req, const struct neigh_key *key)
{
	char ip[IP_STR_LEN];

	return request_fail(req, -ENOENT, "no such neighbour %s dev %s",
			    ip_str(key->family, &key->ip, ip),
			    ctl_port_name(request_workers(req)[WORKER_MASTER], key->port));
}

static struct neigh *neigh_present(struct request *req, const struct neigh_key *key)
{
	return neigh_find(request_workers(req)[WORKER_MASTER], key->family, &key->ip, key->port);
}

static int neigh_add_run(struct request *req, const void *body)
{
	struct worker *const *all = request_workers(req);
	const struct neigh *present;
	struct neigh_key key;
	char ip[IP_STR_LEN];
	int r = neigh_read_key(req, body, &key);

	if (r == 0)
		r = neigh_check(req, &key);
	if (r < 0)
		return r;
	present = neigh_present(req, &key);
	if (present && present->is_static)
		return request_fail(req, -EEXIST, "neighbour %s is already on %s",
				    ip_str(key.family, &key.ip, ip),
				    ctl_port_name(all[WORKER_MASTER], key.port));
	r = neigh_set_static(all, &key);
	return r < 0 ? neigh_failed(req, &key, r) : 0;
}

static int neigh_set_run(struct request *req, const void *body)
{
	struct neigh_key key;
	int r = neigh_read_key(req, body, &key);

	if (r == 0)
		r = neigh_check(req, &key);
	if (r < 0)
		return r;
	if (!neigh_present(req, &key))
		return neigh_no_such(req, &key);
	r = neigh_set_static(request_workers(req), &key);
	return r < 0 ? neigh_failed(req, &key, r) : 0;
}

static int neigh_del_run(struct request *req, const void *body)
{
	struct neigh *present;
	struct neigh_key key;
	int r = neigh_read_key(req, body, &key);

	if (r < 0)
		return r;
	present = neigh_present(req, &key);
	if (!present)
		return neigh_no_such(req, &key);
	r = neigh_remove(request_workers(req), present);
	return r < 0 ? neigh_failed(req, &key, r) : 0;
}

static int neigh_flush_run(struct request *req, const void *body)
{
	struct worker *const *all = request_workers(req);
	struct neigh_table *table = all[WORKER_MASTER]->net->neighs;
	const struct api_filter *filter = body;
	uint16_t port;
	int r = ctl_filter_port(req, filter, &port);

	if (r < 0)
		return r;
	order_for_each_safe (it, &table->order) {
		struct neigh *neigh = container_of(it, struct neigh, order);

		if (neigh->is_static || (port != PORT_NONE && neigh->port != port) ||
		    (filter->family && filter->family != neigh->family))
			continue;
		if (neigh_remove(all, neigh) < 0)
			return ctl_no_memory(req, "neighbours");
	}
	return 0;
}

static void neigh_fill_item(const struct worker *w, const struct neigh *neigh,
			    struct api_neigh *item)
{
	neigh_item_fill(w, neigh, item);
	if (w->id != WORKER_MASTER)
		return;
	item->held = (uint16_t)RTE_MIN(neigh_held(w, neigh), UINT16_MAX);
	item->uses = neigh_uses(w, neigh->watch);
}

static bool neigh_fill(const struct worker *w, const struct list_query *query,
		       const struct order_node *node, void *item)
{
	const struct neigh *neigh = container_of(node, struct neigh, order);

	if ((query->family && query->family != neigh->family) ||
	    (query->port != PORT_NONE && query->port != neigh->port))
		return false;
	neigh_fill_item(w, neigh, item);
	return true;
}

static const struct order *neigh_order(const struct worker *w)
{
	return &w->net->neighs->order;
}

static const struct list_source neigh_source = {
	.kind = API_KIND_NEIGH,
	.size = sizeof(struct api_neigh),
	.order = neigh_order,
	.fill = neigh_fill,
};

static int neigh_list_run(struct request *req, const void *body)
{
	return ctl_list(req, body, &neigh_source);
}

static const struct request_handler neigh_handlers[] = {
	REQUEST_CHECKED(NEIGH_ADD, SET, struct api_neigh, neigh_add_run, neigh_family_check),
	REQUEST_CHECKED(NEIGH_SET, SET, struct api_neigh, neigh_set_run, neigh_family_check),
	REQUEST_CHECKED(NEIGH_DEL, SET, struct api_neigh, neigh_del_run, neigh_family_check),
	REQUEST_HANDLER(NEIGH_FLUSH, SET, struct api_filter, neigh_flush_run),
	REQUEST_HANDLER(NEIGH_LIST, GET, struct api_filter, neigh_list_run),
};

const struct request_table neigh_requests = { neigh_handlers, RTE_DIM(neigh_handlers) };
