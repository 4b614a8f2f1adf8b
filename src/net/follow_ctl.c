/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/follow-ctl: the kernel's side of the kernel interfaces changes by other
 * hands than ours: the administrator's, routing daemons'. rtnetlink tells of
 * it, and here it is taken to whom it concerns: its addresses, of any device,
 * since it takes packets to them by each; and, with kni_routes, what becomes
 * routes of ours. The kernel does not tell of
 * each route that goes because its device goes down or an address is deleted:
 * behind such news everything is read again, and what is not there has gone.
 */
#include "net/follow_ctl.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include <libmnl/libmnl.h>

#include "control/control.h"
#include "control/rtnl.h"
#include "link/kni_ctl.h"
#include "link/kni_master.h"
#include "net/follow_int.h"
#include "net/net.h"

#define RETRY_MS 1000

struct follow {
	struct worker *const *all;
	struct rtnl *rtnl;
	bool routes; /* kni_routes */
	bool again;  /* everything is to be read again */
	struct follow_table table;
};

static void follow_begin(void *arg)
{
	struct follow *follow = arg;

	follow->table.round++;
	kernel_addr_begin(follow->all[WORKER_MASTER]);
}

/* The interface's state before and after tells whether routes may have gone. */
static void follow_link(struct follow *follow, const struct nlmsghdr *message)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	const struct worker *master = follow->all[WORKER_MASTER];
	const struct kni_port *port;
	bool was_up, ours;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*info))
		return;
	port = kni_port_find(master, (unsigned int)info->ifi_index);
	ours = port;
	was_up = port && port->up;
	kni_learn_message(follow->all, message);
	port = kni_port_find(master, (unsigned int)info->ifi_index);
	if (ours && (!port || was_up != port->up))
		follow->again = true;
}

static void follow_message(void *arg, const struct nlmsghdr *message)
{
	struct follow *follow = arg;

	if (message->nlmsg_type == RTM_NEWLINK || message->nlmsg_type == RTM_DELLINK)
		follow_link(follow, message);
	follow_addr_news(follow->all, message);
	if (follow->routes)
		follow->again |= follow_news(&follow->table, message);
}

static void follow_end(void *arg, bool whole)
{
	struct follow *follow = arg;

	follow_sweep(&follow->table);
	if (whole)
		kernel_addr_end(follow->all);
}

static void follow_on_turn(struct control *control, void *arg)
{
	struct follow *follow = arg;

	if (follow->again && follow->routes)
		rtnl_again(follow->rtnl);
	follow->again = false;
}

static void follow_on_timer(struct control *control, void *arg)
{
	follow_retry(&((struct follow *)arg)->table);
}

static int follow_open(struct control *control, struct follow *follow)
{
	struct rtnl_config config = {
		.dumps = { RTM_GETLINK, RTM_GETADDR },
		.groups = { RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR },
		.begin = follow_begin,
		.message = follow_message,
		.end = follow_end,
		.arg = follow,
	};
	int r;

	if (follow->routes) {
		config.dumps[2] = RTM_GETROUTE;
		config.groups[3] = RTNLGRP_IPV4_ROUTE;
		config.groups[4] = RTNLGRP_IPV6_ROUTE;
		config.groups[5] = RTNLGRP_NEXTHOP;
	}
	r = rtnl_open(control, &config, &follow->rtnl);
	if (r == 0)
		r = control_on_turn(control, follow_on_turn, follow);
	if (r == 0 && follow->routes)
		r = control_timer(control, RETRY_MS, follow_on_timer, follow);
	return r;
}

int follow_start(struct control *control)
{
	struct worker *const *all = control_workers(control);
	struct follow *follow;
	int r;

	if (!all[WORKER_MASTER]->link->kernel)
		return 0;
	follow = calloc(1, sizeof(*follow));
	if (!follow)
		return -ENOMEM;
	follow->all = all;
	follow->routes = all[WORKER_MASTER]->net->config.kni_routes;
	follow_table_init(&follow->table, all);
	all[WORKER_MASTER]->net->follow = follow;
	r = follow_open(control, follow);
	if (r < 0)
		follow_stop(all[WORKER_MASTER]);
	return r;
}

void follow_stop(struct worker *master)
{
	struct follow *follow = master->net ? master->net->follow : NULL;

	if (!follow)
		return;
	rtnl_close(follow->rtnl);
	follow_table_free(&follow->table);
	free(follow);
	master->net->follow = NULL;
}

void follow_yield(struct worker *master, unsigned int family, const union ip_addr *ip)
{
	if (master->net->follow)
		follow_table_yield(&master->net->follow->table, family, ip);
}
