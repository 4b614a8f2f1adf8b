/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/tell.h"

#include <string.h>
#include <time.h>

#include "link/port.h"
#include "net/addr_int.h"
#include "net/neigh_int.h"
#include "net/route_int.h"
#include "net/tunnel_device.h"
#include "worker/notify.h"
#include "worker/worker.h"

static void name_port(const struct worker *w, uint16_t port, char name[API_NAME_LEN])
{
	memcpy(name, w->link->ports[port].name, API_NAME_LEN);
	name[API_NAME_LEN - 1] = '\0';
}

/* ---- addresses ---- */

uint32_t addr_item_left_s(uint32_t until_s)
{
	struct timespec now;
	uint32_t now_s;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now_s = (uint32_t)now.tv_sec;
	/* 0 is for ever: what is about to go has a second */
	return until_s == 0 ? 0 : until_s > now_s ? until_s - now_s : 1;
}

void addr_item_fill(const struct worker *w, const struct addr *addr, struct api_addr *item)
{
	*item = (struct api_addr){
		.addr = ip_to_api(&addr->ip),
		.family = addr->family,
		.plen = addr->plen,
		.scope = addr->scope,
		.flags = addr->flags,
		.valid_lft_s = (uint32_t)addr->valid_until_s,
		.preferred_lft_s = (uint32_t)addr->preferred_until_s,
	};
	if (addr->broadcast_given)
		item->broadcast = ip_to_api(&addr->broadcast);
	name_port(w, addr->port, item->dev);
}

void tell_addr(struct worker *w, enum api_event_what what, const struct addr *addr)
{
	struct api_addr item;

	if (likely(!notify_wanted(w, API_KIND_ADDR, addr->family)))
		return;
	addr_item_fill(w, addr, &item);
	item.valid_lft_s = addr_item_left_s(item.valid_lft_s);
	item.preferred_lft_s = addr_item_left_s(item.preferred_lft_s);
	notify_put(w, what, API_KIND_ADDR, addr->family, &item, sizeof(item));
}

/* ---- neighbours ---- */

void neigh_item_fill(const struct worker *w, const struct neigh *neigh, struct api_neigh *item)
{
	*item = (struct api_neigh){
		.addr = ip_to_api(&neigh->ip),
		.family = neigh->family,
		.state = neigh->state,
		.is_static = neigh->is_static,
		.held = (uint16_t)RTE_MIN(neigh->held, UINT16_MAX),
		.cpu = w->id,
		.uses = __atomic_load_n(&neigh->uses, __ATOMIC_RELAXED),
	};
	memcpy(item->mac, neigh->mac.addr_bytes, sizeof(item->mac));
	name_port(w, neigh->port, item->dev);
}

void tell_neigh(struct worker *w, enum api_event_what what, const struct neigh *neigh)
{
	struct api_neigh item;

	if (likely(!notify_wanted(w, API_KIND_NEIGH, neigh->family)))
		return;
	neigh_item_fill(w, neigh, &item);
	notify_put(w, what, API_KIND_NEIGH, neigh->family, &item, sizeof(item));
}

/* ---- routes ---- */

void route_item_fill(const struct worker *w, const struct route *route, struct route_item *item)
{
	uint32_t mtu = route->port == PORT_NONE ? 0 : w->link->ports[route->port].mtu;

	item->route = (struct api_route){
		.dst = ip_to_api(&route->dst),
		.via = ip_to_api(&route->via),
		.src = ip_to_api(&route->src),
		.family = route->family,
		.plen = route->plen,
		.type = route->type,
		.scope = route->scope,
		.tos = route->tos,
		.proto = route->proto,
		.onlink = route->onlink,
		.metric = route->metric,
		.mtu = route->mtu ? route->mtu : mtu,
		.mtu_of_dev = route->mtu == 0,
		.n_hops = route->paths ? route->paths->n : 0,
	};
	if (route->port != PORT_NONE)
		name_port(w, route->port, item->route.dev);
	for (unsigned int i = 0; i < item->route.n_hops; i++) {
		const struct route_hop *hop = &route->paths->hops[i];

		item->hops[i] = (struct api_hop){
			.via = ip_to_api(&hop->via),
			.weight = hop->weight,
			.onlink = hop->onlink,
		};
		name_port(w, hop->port, item->hops[i].dev);
	}
}

size_t route_item_size(const struct route_item *item)
{
	return sizeof(item->route) + item->route.n_hops * sizeof(item->hops[0]);
}

void tell_route(struct worker *w, enum api_event_what what, const struct route_node *node)
{
	struct route_item item;
	struct route route;

	if (likely(!notify_wanted(w, API_KIND_ROUTE, node->family)))
		return;
	route_describe(w, node, &route);
	route_item_fill(w, &route, &item);
	notify_put(w, what, API_KIND_ROUTE, node->family, &item, route_item_size(&item));
}

/* ---- tunnels ---- */

static uint8_t api_flags(uint8_t flags)
{
	return (uint8_t)((flags & ENCAP_KEY ? API_TUNNEL_GRE_KEY : 0) |
			 (flags & ENCAP_CSUM ? API_TUNNEL_GRE_CSUM : 0) |
			 (flags & ENCAP_SEQ ? API_TUNNEL_GRE_SEQ : 0));
}

void tunnel_item_fill(const struct worker *w, uint16_t id, struct api_tunnel_device *item)
{
	const struct port *port = &w->link->ports[id];
	const struct tunnel_config *config = &tunnel_device_get(w->net->tunnels, id)->config;

	memset(item, 0, sizeof(*item));
	memcpy(item->name, port->name, sizeof(item->name));
	if (port->parent != PORT_NONE)
		memcpy(item->link, w->link->ports[port->parent].name, sizeof(item->link));
	memcpy(&item->remote, &config->out.dst, sizeof(item->remote));
	memcpy(&item->local, &config->out.src, sizeof(item->local));
	item->ikey = rte_be_to_cpu_32(config->ikey);
	item->okey = rte_be_to_cpu_32(config->out.key);
	item->given = UINT32_MAX;
	item->mode = config->mode;
	item->iflags = api_flags(config->iflags);
	item->oflags = api_flags(config->out.flags);
	item->ttl = config->out.ttl;
	item->tos = config->out.flags & ENCAP_TOS ? config->out.tos : API_TUNNEL_TOS_INHERIT;
	item->index = id + 1u;
}

void tell_tunnel(struct worker *w, enum api_event_what what, uint16_t id)
{
	struct api_tunnel_device item;

	if (likely(!notify_wanted(w, API_KIND_TUNNEL, 0)))
		return;
	tunnel_item_fill(w, id, &item);
	notify_put(w, what, API_KIND_TUNNEL, 0, &item, sizeof(item));
}
