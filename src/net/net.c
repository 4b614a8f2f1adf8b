/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/net: a worker's addresses, routes and neighbours from start to end, and
 * the reloadable part of what the conf file says about them.
 */
#include "net/net.h"

#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "net/addr_int.h"
#include "net/adj.h"
#include "net/maddr_int.h"
#include "net/mld.h"
#include "net/frag_meet.h"
#include "net/frag_table.h"
#include "net/kernel_addr.h"
#include "net/neigh_int.h"
#include "net/path_mtu.h"
#include "net/reassembly.h"
#include "net/route_int.h"
#include "net/tunnel_device.h"
#include "worker/event.h"
#include "worker/worker.h"

struct net *net_create(const struct net_config *config, int socket)
{
	struct net *net = lines_alloc(sizeof(*net));

	if (!net)
		return NULL;
	net->config = *config;
	net->addrs = addr_table_create();
	net->maddrs = maddr_table_create();
	net->kernel_addrs = kernel_addr_table_create();
	net->routes = route_table_create(socket);
	net->neighs = neigh_table_create(config->neigh_max);
	net->adjs = adj_table_create(socket);
	net->frags = frag_table_create(&config->frag);
	net->frags_followed = frag_table_create(&config->frag);
	net->tunnels = tunnel_table_create();
	net->path_mtus = path_mtu_table_create();
	stamps_init(&net->stamps);
	if (net->addrs && net->maddrs && net->kernel_addrs && net->routes && net->neighs &&
	    net->adjs && net->frags && net->frags_followed && net->tunnels && net->path_mtus)
		return net;
	free(net->path_mtus);
	free(net->tunnels);
	frag_table_destroy(net->frags_followed);
	frag_table_destroy(net->frags);
	adj_table_destroy(net->adjs);
	addr_table_destroy(net->addrs);
	maddr_table_destroy(net->maddrs);
	kernel_addr_table_destroy(net->kernel_addrs);
	route_table_destroy(net->routes);
	neigh_table_free(net->neighs);
	free(net);
	return NULL;
}

void net_destroy(struct worker *w)
{
	struct net *net = w->net;

	if (!net)
		return;
	neigh_wait_shutdown(w);
	reassembly_shutdown(w);
	frag_meet_shutdown(w);
	neigh_table_free(net->neighs);
	free(net->path_mtus);
	free(net->tunnels);
	frag_table_destroy(net->frags_followed);
	frag_table_destroy(net->frags);
	adj_table_destroy(net->adjs);
	addr_table_destroy(net->addrs);
	mld_destroy(net->mld);
	maddr_table_destroy(net->maddrs);
	kernel_addr_table_destroy(net->kernel_addrs);
	route_table_destroy(net->routes);
	free(net);
	w->net = NULL;
}

void net_tick(struct worker *w)
{
	neigh_wait_tick(w);
	reassembly_tick(w);
	frag_meet_tick(w);
}

void net_master_tick(struct worker *const *all, uint64_t now_ms)
{
	neigh_tick(all, now_ms);
	addr_auto_tick(all);
	maddr_tick(all); /* before the first question about an address of a new group */
	mld_tick(all, now_ms);
	addr_dad_tick(all, now_ms);
	addr_announce_tick(all);
	path_mtu_tick(all, now_ms);
}

void net_event(struct worker *const *all, struct worker *from, const struct event *event,
	       uint64_t now_ms)
{
	if (event->kind == EVENT_PATH_MTU)
		path_mtu_event(all, event, now_ms);
	else
		neigh_event(all, from, event, now_ms);
}

static void net_apply_config(struct worker *w, struct op *op)
{
	const struct net_config *config = op_data(op);

	w->net->config.ip4_forwarding = config->ip4_forwarding;
	w->net->config.ip6_forwarding = config->ip6_forwarding;
	w->net->config.ip6_disable = config->ip6_disable;
	w->net->config.ip6_gen = config->ip6_gen;
	memcpy(w->net->config.ip6_secret, config->ip6_secret, sizeof(config->ip6_secret));
	w->net->config.mld = config->mld;
	w->net->config.dad_transmits = config->dad_transmits;
	w->net->config.neigh_timeout_s = config->neigh_timeout_s;
}

int net_configure(struct worker *const *all, const struct net_config *config)
{
	return op_multicast(all, net_apply_config, config, sizeof(*config));
}
