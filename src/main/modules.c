/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/modules: the rooms, in order. What a room needs to live is made here,
 * worker by worker, and taken down in the reverse order; what it answers
 * is in modules_request_tables().
 */
#include "main/modules.h"

#include <errno.h>
#include <string.h>

#include "ipvs/ipvs_ctl.h"
#include "link/kni_ctl.h"
#include "link/kni_master.h"
#include "link/link_ctl.h"
#include "link/link_tell_ctl.h"
#include "link/port.h"
#include "link/rss.h"
#include "main/plug_ctl.h"
#include "link/link_set_ctl.h"
#include "main/stats_ctl.h"
#include "main/tunnel_ctl.h"
#include "main/vlan_ctl.h"
#include "net/follow_ctl.h"
#include "net/net_ctl.h"

void modules_request_tables(struct request_table tables[MODULE_TABLES])
{
	const struct request_table all[MODULE_TABLES] = {
		addr_requests,    route_requests,    neigh_requests,   link_requests,
		service_requests, dest_requests,     laddr_requests,   conn_requests,
		stats_requests,   plug_requests,     maddr_requests,   kni_requests,
		kernel_requests,  vlan_requests,     timeout_requests, monitor_requests,
		mark_requests,    link_set_requests, tunnel_requests,
	};

	memcpy(tables, all, sizeof(all));
}

worker_tick_fn *const module_ticks[] = { ipvs_tick, net_tick, NULL };

static int module_create(struct worker *w, const struct modules_config *config)
{
	w->link = link_create();
	if (!w->link)
		return -ENOMEM;
	w->net = net_create(&config->net, w->socket);
	if (!w->net)
		return -ENOMEM;
	w->ipvs = ipvs_create(w, &config->ipvs);
	return w->ipvs ? 0 : -ENOMEM;
}

int modules_create(struct worker *const *all, const struct modules_config *config)
{
	for (unsigned int i = 0; i <= all[WORKER_MASTER]->n_workers; i++) {
		int r = module_create(all[i], config);

		if (r < 0) {
			modules_destroy(all);
			return r;
		}
	}
	return 0;
}

void modules_destroy(struct worker *const *all)
{
	rss_stop(all);
	follow_stop(all[WORKER_MASTER]);
	kni_destroy(all);
	for (unsigned int i = 0; i <= all[WORKER_MASTER]->n_workers; i++) {
		struct worker *w = all[i];

		if (w->ipvs)
			ipvs_destroy(w);
		if (w->net)
			net_destroy(w);
		link_destroy(w->link);
		w->ipvs = NULL;
		w->net = NULL;
		w->link = NULL;
	}
}

int modules_start(struct control *control)
{
	int r = net_start(control);

	if (r == 0)
		r = plug_start(control);
	if (r == 0)
		r = kni_start(control);
	if (r == 0)
		r = link_tell_start(control);
	if (r == 0)
		r = follow_start(control);
	return r == 0 ? ipvs_start(control) : r;
}

int modules_configure(struct worker *const *all, const struct modules_config *config)
{
	int r = net_configure(all, &config->net);

	return r < 0 ? r : ipvs_configure(all, &config->ipvs);
}
