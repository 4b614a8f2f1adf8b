/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/addr-ctl: ADDR_ADD, _SET, _DEL, _FLUSH and _LIST. What may be an address
 * of ours, which one is meant, and one sentence when it cannot be. What the
 * services hold as a local address stays until they release it.
 */
#include <errno.h>
#include <stdio.h>

#include <arpa/inet.h>

#include "net/addr_int.h"
#include "net/follow_ctl.h"
#include "net/ip6.h"
#include "net/net.h"
#include "net/net_ctl.h"
#include "net/shared_ctl.h"
#include "net/tell.h"

#define ADDR_STR_LEN (IP_STR_LEN + 4)

static const char *addr_str(const struct addr *addr, char *buf)
{
	char ip[IP_STR_LEN];

	snprintf(buf, ADDR_STR_LEN, "%s/%u", ip_str(addr->family, &addr->ip, ip), addr->plen);
	return buf;
}

static union ip_addr addr_net_broadcast(const struct addr *addr)
{
	union ip_addr broadcast = { .u64 = { 0, 0 } };

	if (addr->family == AF_INET && addr->plen <= 30)
		broadcast.v4 = addr->ip.v4 | htonl(UINT32_MAX >> addr->plen);
	return broadcast;
}

static void addr_set_lifetimes(struct addr *addr, const struct api_addr *body)
{
	uint64_t now_s = ctl_now_ms() / 1000;
	uint32_t preferred_s = body->preferred_lft_s;

	if (body->valid_lft_s && (!preferred_s || preferred_s > body->valid_lft_s))
		preferred_s = body->valid_lft_s;
	addr->flags &= ~(uint32_t)(API_ADDR_LIFETIME | API_ADDR_DEPRECATED);
	if (body->valid_lft_s || preferred_s)
		addr->flags |= API_ADDR_LIFETIME;
	addr->valid_until_s = body->valid_lft_s ? now_s + body->valid_lft_s : 0;
	addr->preferred_until_s = preferred_s ? now_s + preferred_s : 0;
}

static int addr_read_ip(struct request *req, const struct api_addr *body, struct addr *addr)
{
	char text[ADDR_STR_LEN];
	int r = ctl_family(req, body->family, "address");

	*addr = (struct addr){
		.ip = ctl_ip(body->family, &body->addr),
		.family = (uint8_t)body->family,
		.plen = body->plen,
	};
	if (r < 0)
		return r;
	if (body->plen == 0 || body->plen > ip_bits(body->family))
		return request_fail(req, -EINVAL, "address %s: the prefix length is 1 to %u",
				    addr_str(addr, text), ip_bits(body->family));
	return 0;
}

/* What identifies it: family, address, prefix length, port. */
static int addr_read_key(struct request *req, const struct api_addr *body, struct addr *addr)
{
	int r = addr_read_ip(req, body, addr);

	return r < 0 ? r : ctl_port(req, body->dev, &addr->port);
}

static int addr_read_options(struct request *req, const struct api_addr *body, struct addr *addr)
{
	char text[ADDR_STR_LEN];
	union ip_addr broadcast = ctl_ip(body->family, &body->broadcast);

	if (body->scope != API_SCOPE_UNSET) {
		if (body->scope > API_SCOPE_HOST)
			return request_fail(
				req, -EINVAL,
				"address %s: scope %u is none: global 0, site 1, link 2, host 3",
				addr_str(addr, text), body->scope);
		addr->scope = body->scope;
	}
	if (!ip_is_zero(&broadcast)) {
		if (ip_equal(&broadcast, &addr->ip))
			return request_fail(req, -EINVAL, "address %s is its own broadcast address",
					    addr_str(addr, text));
		if (addr->family == AF_INET6)
			return request_fail(req, -EINVAL,
					    "address %s: IPv6 has no broadcast address",
					    addr_str(addr, text));
		addr->broadcast = broadcast;
		addr->broadcast_given = true;
	}
	addr->flags |= body->flags & (API_ADDR_SAPOOL | API_ADDR_NODAD);
	if (body->flags & API_ADDR_LIFETIME) {
		if (body->valid_lft_s && body->preferred_lft_s > body->valid_lft_s)
			return request_fail(
				req, -EINVAL,
				"address %s: preferred_lft %u is longer than valid_lft %u",
				addr_str(addr, text), body->preferred_lft_s, body->valid_lft_s);
		addr_set_lifetimes(addr, body);
	}
	return 0;
}

/* The rest of a new one. */
static int addr_read_new(struct request *req, const struct api_addr *body, struct addr *addr)
{
	char text[ADDR_STR_LEN];

	if (!ctl_is_host(addr->family, &addr->ip))
		return request_fail(req, -EADDRNOTAVAIL,
				    "%s cannot be an address of ours: it is none of a host",
				    addr_str(addr, text));
	if (addr->family == AF_INET6)
		addr->scope = ip6_is_link_local(&addr->ip) ? API_SCOPE_LINK : API_SCOPE_GLOBAL;
	addr->broadcast = addr_net_broadcast(addr);
	if (ip_equal(&addr->ip, &addr->broadcast))
		return request_fail(req, -EADDRNOTAVAIL,
				    "%s cannot be an address of ours: it is its net's broadcast",
				    addr_str(addr, text));
	return addr_read_options(req, body, addr);
}

static int addr_add_check(struct request *req, const void *body)
{
	struct addr addr;
	int r = addr_read_ip(req, body, &addr);

	return r < 0 ? r : addr_read_new(req, body, &addr);
}

static int addr_check(struct request *req, const void *body)
{
	struct addr addr;

	return addr_read_ip(req, body, &addr);
}

static int addr_commit(struct request *req, struct change *change, const struct addr *addr, int r)
{
	char text[ADDR_STR_LEN];

	if (change_end(change, r) < 0)
		return ctl_no_memory(req, addr_str(addr, text));
	return 0;
}

/* It is there already: an error, unless services or addr_gen_mode made it, then it is the
 * administrator's from now on. */
static int addr_adopt(struct request *req, struct addr *present, const struct addr *addr)
{
	struct worker *const *all = request_workers(req);
	char text[ADDR_STR_LEN];
	struct addr to = *addr;
	struct change change;

	if (!(present->flags & (API_ADDR_LADDR | API_ADDR_AUTO)))
		return request_fail(req, -EEXIST, "address %s is already on %s",
				    addr_str(addr, text),
				    ctl_port_name(all[WORKER_MASTER], addr->port));
	to.holds = present->holds;
	to.flags |= present->flags & (API_ADDR_TENTATIVE | API_ADDR_DADFAILED);
	change_init(&change, all);
	return addr_commit(req, &change, &to, addr_change_set(&change, &to));
}

static int addr_add_run(struct request *req, const void *body)
{
	struct worker *const *all = request_workers(req);
	struct addr addr, *present;
	struct change change;
	int r = addr_read_key(req, body, &addr);

	if (r == 0)
		r = addr_read_new(req, body, &addr);
	if (r < 0)
		return r;
	present = addr_find(all[WORKER_MASTER], &addr);
	if (present)
		return addr_adopt(req, present, &addr);
	follow_yield(all[WORKER_MASTER], addr.family, &addr.ip);
	addr_dad_begin(all[WORKER_MASTER], &addr);
	change_init(&change, all);
	r = addr_commit(req, &change, &addr, addr_change_add(&change, &addr));
	if (r == 0)
		addr_announce(all, &addr);
	return r;
}

/* Finds what `set` and `del` are about; if it is there with another prefix length, says with which.
 */
static int addr_read_present(struct request *req, const void *body, struct addr **present)
{
	const struct worker *master = request_workers(req)[WORKER_MASTER];
	char text[ADDR_STR_LEN], other_text[ADDR_STR_LEN];
	const struct addr *other;
	struct addr key;
	int r = addr_read_key(req, body, &key);

	if (r < 0)
		return r;
	*present = addr_find(master, &key);
	if (*present)
		return 0;
	other = addr_find_ip(master, key.family, &key.ip, key.port);
	if (other)
		return request_fail(req, -ENOENT, "no such address %s on %s: it is %s there",
				    addr_str(&key, text), ctl_port_name(master, key.port),
				    addr_str(other, other_text));
	return request_fail(req, -ENOENT, "no such address %s on %s", addr_str(&key, text),
			    ctl_port_name(master, key.port));
}

static int addr_set_run(struct request *req, const void *body)
{
	struct addr *present, to;
	struct change change;
	int r = addr_read_present(req, body, &present);

	if (r < 0)
		return r;
	to = *present;
	r = addr_read_options(req, body, &to);
	if (r < 0)
		return r;
	change_init(&change, request_workers(req));
	return addr_commit(req, &change, &to, addr_change_set(&change, &to));
}

static int addr_del_run(struct request *req, const void *body)
{
	struct addr *present, was;
	char text[ADDR_STR_LEN];
	struct change change;
	int r = addr_read_present(req, body, &present);

	if (r < 0)
		return r;
	if (present->holds)
		return request_fail(req, -EBUSY,
				    "address %s is a local address of %u services (ipvsadm -G)",
				    addr_str(present, text), present->holds);
	was = *present;
	change_init(&change, request_workers(req));
	return addr_commit(req, &change, &was, addr_change_del(&change, present));
}

static int addr_flush_port(struct request *req, uint16_t port, uint16_t family)
{
	struct worker *const *all = request_workers(req);

	list_for_each_safe (it, &all[WORKER_MASTER]->net->addrs->ports[port]) {
		struct addr *addr = container_of(it, struct addr, port_node);
		struct addr was = *addr;
		struct change change;
		int r;

		if (addr->holds || (family && family != addr->family))
			continue;
		change_init(&change, all);
		r = addr_commit(req, &change, &was, addr_change_del(&change, addr));
		if (r < 0)
			return r;
	}
	return 0;
}

static int addr_flush_run(struct request *req, const void *body)
{
	const struct link *link = request_workers(req)[WORKER_MASTER]->link;
	const struct api_filter *filter = body;
	uint16_t only;
	int r = ctl_filter_port(req, filter, &only);

	for (uint16_t port = 0; r == 0 && port < link->n_ports; port++)
		if (only == PORT_NONE || port == only)
			r = addr_flush_port(req, port, filter->family);
	return r;
}

/* Lifetimes: the deadline in seconds of the monotonic clock, until addr_finish() makes it what is
 * left. */
static bool addr_fill(const struct worker *w, const struct list_query *query,
		      const struct order_node *node, void *item)
{
	const struct addr *addr = container_of(node, struct addr, order);

	if ((query->family && query->family != addr->family) ||
	    (query->port != PORT_NONE && query->port != addr->port))
		return false;
	addr_item_fill(w, addr, item);
	return true;
}

static const struct order *addr_order(const struct worker *w)
{
	return &w->net->addrs->order;
}

static void addr_finish(struct worker *const *all, const struct list_query *query, void *object)
{
	const struct worker *master = all[WORKER_MASTER];
	struct api_addr *item = object;
	union ip_addr ip = ip_from_api(&item->addr);
	const struct addr *addr = addr_find_held(master, item->family, &ip);

	item->cpu = query->cpu;
	item->valid_lft_s = addr_item_left_s(item->valid_lft_s);
	item->preferred_lft_s = addr_item_left_s(item->preferred_lft_s);
	if (!addr || addr->plen != item->plen)
		return;
	item->flags |= API_ADDR_HELD;
	if (query->cpu == WORKER_MASTER && (query->flags & API_FILTER_STATS) &&
	    master->net->addrs->ports_of)
		master->net->addrs->ports_of(all, &ip, item);
}

static const struct list_source addr_source = {
	.kind = API_KIND_ADDR,
	.size = sizeof(struct api_addr),
	.order = addr_order,
	.fill = addr_fill,
	.finish = addr_finish,
};

static int addr_list_run(struct request *req, const void *body)
{
	return ctl_list(req, body, &addr_source);
}

static const struct request_handler addr_handlers[] = {
	REQUEST_CHECKED(ADDR_ADD, SET, struct api_addr, addr_add_run, addr_add_check),
	REQUEST_CHECKED(ADDR_SET, SET, struct api_addr, addr_set_run, addr_check),
	REQUEST_CHECKED(ADDR_DEL, SET, struct api_addr, addr_del_run, addr_check),
	REQUEST_HANDLER(ADDR_FLUSH, SET, struct api_filter, addr_flush_run),
	REQUEST_HANDLER(ADDR_LIST, GET, struct api_filter, addr_list_run),
};

const struct request_table addr_requests = { addr_handlers, RTE_DIM(addr_handlers) };
