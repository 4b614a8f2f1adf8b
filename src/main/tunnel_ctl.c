/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/tunnel-ctl: `dpip tunnel add`, `set`, `replace`, `del` and `show`. A tunnel is a
 * link like any other once it is there, and goes as links do (plug_ctl.c). Its
 * MTU is what its headers leave of its port's, or of the way's to the other
 * end, as it is when it is added or changed, unless somebody has set another.
 */
#include "main/tunnel_ctl.h"

#include <errno.h>
#include <string.h>

#include "api/tunnel.h"
#include "base/log.h"
#include "link/link_ctl.h"
#include "link/link_wish_ctl.h"
#include "link/upper.h"
#include "main/plug_ctl.h"
#include "main/settings.h"
#include "net/net.h"
#include "net/route.h"
#include "net/shared_ctl.h"
#include "net/tell.h"
#include "net/tunnel_device.h"

#define MTU_USUAL 1500 /* where no way to the other end is known */

static const struct tunnel_mode {
	uint8_t family, kind, inner;
	struct port_ops ops;
} modes[API_TUNNEL_MODE__COUNT] = {
	[API_TUNNEL_MODE_IPIP] = { AF_INET, ENCAP_IPIP, TUNNEL_INNER_IP4, UPPER_OPS("ipip") },
	[API_TUNNEL_MODE_GRE] = { AF_INET, ENCAP_GRE, TUNNEL_INNER_IP4 | TUNNEL_INNER_IP6,
				  UPPER_OPS("gre") },
	[API_TUNNEL_MODE_SIT] = { AF_INET, ENCAP_IPIP, TUNNEL_INNER_IP6, UPPER_OPS("sit") },
	[API_TUNNEL_MODE_IPIP6] = { AF_INET6, ENCAP_IPIP, TUNNEL_INNER_IP4, UPPER_OPS("ipip6") },
	[API_TUNNEL_MODE_IP6IP6] = { AF_INET6, ENCAP_IPIP, TUNNEL_INNER_IP6, UPPER_OPS("ip6ip6") },
	[API_TUNNEL_MODE_IP6GRE] = { AF_INET6, ENCAP_GRE, TUNNEL_INNER_IP4 | TUNNEL_INNER_IP6,
				     UPPER_OPS("ip6gre") },
};

static void tunnel_read(const void *body, struct api_tunnel_device *tunnel)
{
	*tunnel = *(const struct api_tunnel_device *)body;
	tunnel->name[sizeof(tunnel->name) - 1] = '\0';
	tunnel->link[sizeof(tunnel->link) - 1] = '\0';
}

static int end_check(struct request *req, const struct api_tunnel_device *tunnel, const char *what,
		     const union api_ip *ip)
{
	const unsigned int family = modes[tunnel->mode].family;
	const union ip_addr addr = ctl_ip(family, ip);
	static const uint8_t zero[12];

	if (ip_is_zero(&addr) || (family == AF_INET && memcmp(ip->v6 + 4, zero, sizeof(zero)) != 0))
		return request_fail(req, -EINVAL,
				    "tunnel %s: %s: an %s address is needed by mode %s",
				    tunnel->name, what, family == AF_INET ? "IPv4" : "IPv6",
				    modes[tunnel->mode].ops.driver);
	if (!ctl_is_host(family, &addr))
		return request_fail(req, -EINVAL, "tunnel %s: %s: that is no address of a host",
				    tunnel->name, what);
	return 0;
}

/* What needs no tables. */
static int tunnel_check(struct request *req, const struct api_tunnel_device *tunnel)
{
	const char *wrong = check_name(tunnel->name);
	int r;

	if (wrong)
		return request_fail(req, -EINVAL, "tunnel \"%s\": its name is not %s", tunnel->name,
				    wrong);
	if (tunnel->mode == 0 || tunnel->mode >= API_TUNNEL_MODE__COUNT)
		return request_fail(req, -EINVAL,
				    "tunnel %s: mode is ipip, gre, sit, ipip6, ip6ip6 or ip6gre",
				    tunnel->name);
	r = end_check(req, tunnel, "remote", &tunnel->remote);
	if (r == 0)
		r = end_check(req, tunnel, "local", &tunnel->local);
	if (r < 0)
		return r;
	if (memcmp(&tunnel->remote, &tunnel->local, sizeof(tunnel->remote)) == 0)
		return request_fail(req, -EINVAL, "tunnel %s: remote and local are the same",
				    tunnel->name);
	if (modes[tunnel->mode].kind != ENCAP_GRE && (tunnel->iflags | tunnel->oflags))
		return request_fail(
			req, -EINVAL,
			"tunnel %s: keys, checksums and sequence numbers go with gre and ip6gre",
			tunnel->name);
	if (tunnel->tos != API_TUNNEL_TOS_INHERIT && tunnel->tos % 4)
		return request_fail(
			req, -EINVAL,
			"tunnel %s: tos %#x: a multiple of 4, the lowest bits are ECN's",
			tunnel->name, tunnel->tos);
	return 0;
}

static int tunnel_add_check(struct request *req, const void *body)
{
	struct api_tunnel_device tunnel;

	tunnel_read(body, &tunnel);
	return tunnel_check(req, &tunnel);
}

static uint8_t encap_flags(uint8_t flags)
{
	return (uint8_t)((flags & API_TUNNEL_GRE_KEY ? ENCAP_KEY : 0) |
			 (flags & API_TUNNEL_GRE_CSUM ? ENCAP_CSUM : 0) |
			 (flags & API_TUNNEL_GRE_SEQ ? ENCAP_SEQ : 0));
}

static struct tunnel_config tunnel_config(const struct api_tunnel_device *tunnel)
{
	const struct tunnel_mode *mode = &modes[tunnel->mode];
	bool tos = tunnel->tos != API_TUNNEL_TOS_INHERIT;

	return (struct tunnel_config){
		.out.src = ctl_ip(mode->family, &tunnel->local),
		.out.dst = ctl_ip(mode->family, &tunnel->remote),
		.out.key = rte_cpu_to_be_32(tunnel->okey),
		.out.family = mode->family,
		.out.kind = mode->kind,
		.out.flags = encap_flags(tunnel->oflags) | (tos ? ENCAP_TOS : 0),
		.out.ttl = tunnel->ttl,
		.out.tos = tos ? tunnel->tos : 0,
		.ikey = rte_cpu_to_be_32(tunnel->ikey),
		.iflags = encap_flags(tunnel->iflags),
		.inner = mode->inner,
		.mode = tunnel->mode,
	};
}

static uint16_t tunnel_mtu(const struct worker *master, const struct tunnel_config *config,
			   uint16_t parent)
{
	uint16_t mtu = MTU_USUAL;
	struct nexthop nexthop;

	if (parent != PORT_NONE)
		mtu = master->link->ports[parent].mtu;
	else if (route_output(master, config->out.family, &config->out.dst, &nexthop))
		mtu = nexthop.mtu;
	return upper_mtu(mtu, tunnel_device_overhead(config));
}

static int tunnel_parent(struct request *req, const struct api_tunnel_device *tunnel,
			 uint16_t *parent)
{
	const struct link *link = request_workers(req)[WORKER_MASTER]->link;

	*parent = PORT_NONE;
	if (!tunnel->link[0])
		return 0;
	*parent = port_find(link, tunnel->link);
	if (*parent == PORT_NONE)
		return link_unknown(req, "tunnel", tunnel->link);
	if (link->ports[*parent].kind == PORT_TUNNEL)
		return request_fail(req, -EINVAL, "tunnel %s: dev %s is a tunnel: leave dev out",
				    tunnel->name, tunnel->link);
	return 0;
}

static int twin_check(struct request *req, const struct api_tunnel_device *tunnel,
		      const struct tunnel_config *config, uint16_t but)
{
	const struct worker *master = request_workers(req)[WORKER_MASTER];
	uint16_t twin = tunnel_device_twin(master, config, but);

	return twin == PORT_NONE
		       ? 0
		       : request_fail(req, -EEXIST,
				      "tunnel %s: what arrives could not be told from "
				      "that of %s: another remote, local or key is needed",
				      tunnel->name, master->link->ports[twin].name);
}

static int tunnel_make(struct request *req, const struct api_tunnel_device *tunnel,
		       const struct tunnel_config *config, uint16_t parent)
{
	struct worker *const *all = request_workers(req);
	const struct link *link = all[WORKER_MASTER]->link;
	struct port port = { .kind = PORT_TUNNEL, .parent = parent, .root = PORT_NONE };
	int r;

	memcpy(port.name, tunnel->name, sizeof(port.name));
	port.ops = &modes[tunnel->mode].ops;
	port.overhead = tunnel_device_overhead(config);
	port.mtu = tunnel_mtu(all[WORKER_MASTER], config, parent);
	upper_fill(link, &port);
	r = tunnel_device_add(all, &port, config);
	if (r < 0)
		return request_fail(req, r, "tunnel %s: no memory", tunnel->name);
	log_notice("tunnel %s: added, %s", tunnel->name, port.ops->driver);
	return 0;
}

static int tunnel_add_run(struct request *req, const void *body)
{
	struct tunnel_config config;
	struct api_tunnel_device tunnel;
	uint16_t parent = PORT_NONE;
	int r;

	tunnel_read(body, &tunnel);
	r = tunnel_check(req, &tunnel);
	if (r == 0)
		r = tunnel_parent(req, &tunnel, &parent);
	if (r == 0)
		r = link_check_free(req, tunnel.name);
	if (r < 0)
		return r;
	config = tunnel_config(&tunnel);
	r = twin_check(req, &tunnel, &config, PORT_NONE);
	return r < 0 ? r : tunnel_make(req, &tunnel, &config, parent);
}

/* The tunnel that a request names, or -errno. */
static int tunnel_find(struct request *req, const char *name)
{
	const struct link *link = request_workers(req)[WORKER_MASTER]->link;
	uint16_t id = port_find(link, name);

	if (id == PORT_NONE || link->ports[id].kind != PORT_TUNNEL)
		return request_fail(req, -ENODEV, "tunnel: there is no tunnel \"%s\"", name);
	return id;
}

static void overlay_flag(uint8_t *to, uint8_t from, bool given, uint8_t flag)
{
	if (given)
		*to = (uint8_t)((*to & ~flag) | (from & flag));
}

static void overlay_flags(struct api_tunnel_device *to, const struct api_tunnel_device *from)
{
	static const struct {
		uint32_t in, out;
		uint8_t flag;
	} rows[] = {
		{ API_TUNNEL_IFLAGS, API_TUNNEL_OFLAGS, API_TUNNEL_GRE_CSUM },
		{ API_TUNNEL_IKEY, API_TUNNEL_OKEY, API_TUNNEL_GRE_KEY },
		{ API_TUNNEL_ISEQ, API_TUNNEL_OSEQ, API_TUNNEL_GRE_SEQ },
	};

	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		overlay_flag(&to->iflags, from->iflags, from->given & rows[i].in, rows[i].flag);
		overlay_flag(&to->oflags, from->oflags, from->given & rows[i].out, rows[i].flag);
	}
}

static void tunnel_overlay(struct api_tunnel_device *to, const struct api_tunnel_device *from)
{
	if (from->given & API_TUNNEL_REMOTE)
		to->remote = from->remote;
	if (from->given & API_TUNNEL_LOCAL)
		to->local = from->local;
	if (from->given & API_TUNNEL_TTL)
		to->ttl = from->ttl;
	if (from->given & API_TUNNEL_TOS)
		to->tos = from->tos;
	if (from->given & API_TUNNEL_IKEY)
		to->ikey = from->ikey;
	if (from->given & API_TUNNEL_OKEY)
		to->okey = from->okey;
	overlay_flags(to, from);
}

static int tunnel_change(struct request *req, uint16_t id, const struct api_tunnel_device *change)
{
	struct worker *const *all = request_workers(req);
	const struct worker *master = all[WORKER_MASTER];
	struct api_tunnel_device tunnel;
	struct tunnel_config config;
	uint16_t mtu;
	int r;

	tunnel_item_fill(master, id, &tunnel);
	if ((change->given & API_TUNNEL_MODE) && change->mode != tunnel.mode)
		return request_fail(req, -EINVAL, "tunnel %s: its mode is %s, which stays",
				    tunnel.name, modes[tunnel.mode].ops.driver);
	if ((change->given & API_TUNNEL_LINK) && strcmp(change->link, tunnel.link) != 0)
		return request_fail(req, -EINVAL, "tunnel %s: its dev stays: delete and add it",
				    tunnel.name);
	tunnel_overlay(&tunnel, change);
	r = tunnel_check(req, &tunnel);
	config = tunnel_config(&tunnel);
	if (r == 0)
		r = twin_check(req, &tunnel, &config, id);
	if (r < 0)
		return r;
	mtu = tunnel_mtu(master, &config, master->link->ports[id].parent);
	if (link_wish_was(master->link, id, API_LINK_SET_MTU))
		mtu = RTE_MIN(mtu, master->link->ports[id].mtu);
	r = tunnel_device_set(all, id, &config, mtu);
	return r < 0 ? request_fail(req, r, "tunnel %s: no memory", tunnel.name) : 0;
}

static int tunnel_set_run(struct request *req, const void *body)
{
	struct api_tunnel_device change;
	int id;

	tunnel_read(body, &change);
	id = tunnel_find(req, change.name);
	return id < 0 ? id : tunnel_change(req, (uint16_t)id, &change);
}

/* A new one, or a change of all that there is. */
static int tunnel_replace_run(struct request *req, const void *body)
{
	const struct link *link = request_workers(req)[WORKER_MASTER]->link;
	struct api_tunnel_device tunnel;
	uint16_t id;
	int r;

	tunnel_read(body, &tunnel);
	id = port_find(link, tunnel.name);
	if (id == PORT_NONE || link->ports[id].kind != PORT_TUNNEL)
		return tunnel_add_run(req, body);
	r = tunnel_check(req, &tunnel);
	tunnel.given = UINT32_MAX;
	return r < 0 ? r : tunnel_change(req, id, &tunnel);
}

static bool tunnel_fits(const struct api_tunnel_device *item,
			const struct api_tunnel_device *filter)
{
	return (!filter->name[0] || strcmp(item->name, filter->name) == 0) &&
	       (!(filter->given & API_TUNNEL_MODE) || item->mode == filter->mode) &&
	       (!(filter->given & API_TUNNEL_LINK) || strcmp(item->link, filter->link) == 0) &&
	       (!(filter->given & API_TUNNEL_REMOTE) ||
		memcmp(&item->remote, &filter->remote, sizeof(item->remote)) == 0) &&
	       (!(filter->given & API_TUNNEL_LOCAL) ||
		memcmp(&item->local, &filter->local, sizeof(item->local)) == 0);
}

static int tunnel_del_run(struct request *req, const void *body)
{
	struct api_tunnel_device which, tunnel;
	int id;

	tunnel_read(body, &which);
	id = tunnel_find(req, which.name);
	if (id < 0)
		return id;
	tunnel_item_fill(request_workers(req)[WORKER_MASTER], (uint16_t)id, &tunnel);
	if (!tunnel_fits(&tunnel, &which))
		return request_fail(req, -EINVAL, "tunnel %s: it is another: see tunnel show",
				    which.name);
	return link_take_out(req, (uint16_t)id);
}

static int tunnel_list_run(struct request *req, const void *body)
{
	const struct worker *master = request_workers(req)[WORKER_MASTER];
	struct api_tunnel_device filter, tunnel;
	int r;

	tunnel_read(body, &filter);
	r = filter.name[0] ? tunnel_find(req, filter.name) : 0;
	if (r < 0)
		return r;
	for (uint16_t id = 0; id < master->link->n_ports; id++) {
		struct api_tunnel_device *item;

		if (!port_exists(master->link, id) || master->link->ports[id].kind != PORT_TUNNEL)
			continue;
		tunnel_item_fill(master, id, &tunnel);
		if (!tunnel_fits(&tunnel, &filter))
			continue;
		item = request_item(req, API_KIND_TUNNEL, sizeof(*item));
		if (!item)
			return -ENOMEM;
		*item = tunnel;
	}
	return 0;
}

static const struct request_handler tunnel_handlers[] = {
	REQUEST_CHECKED(TUNNEL_ADD, SET, struct api_tunnel_device, tunnel_add_run,
			tunnel_add_check),
	REQUEST_HANDLER(TUNNEL_SET, SET, struct api_tunnel_device, tunnel_set_run),
	REQUEST_CHECKED(TUNNEL_REPLACE, SET, struct api_tunnel_device, tunnel_replace_run,
			tunnel_add_check),
	REQUEST_HANDLER(TUNNEL_DEL, SET, struct api_tunnel_device, tunnel_del_run),
	REQUEST_HANDLER(TUNNEL_LIST, GET, struct api_tunnel_device, tunnel_list_run),
};

const struct request_table tunnel_requests = { tunnel_handlers, RTE_DIM(tunnel_handlers) };
