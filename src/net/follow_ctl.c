/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/follow-ctl: the kernel's side of the kernel interfaces changes by other
 * hands than ours: the administrator's, routing daemons'. rtnetlink tells of
 * it, and here it is taken to whom it concerns.
 */
#include "net/follow_ctl.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "control/rtnl.h"
#include "link/kni_ctl.h"
#include "link/port.h"
#include "net/net.h"
#include "worker/worker.h"

struct follow {
	struct worker *const *all;
	struct rtnl *rtnl;
};

static void follow_begin(void *arg)
{
}

static void follow_message(void *arg, const struct nlmsghdr *message)
{
	struct follow *follow = arg;

	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		kni_learn_message(follow->all, message);
		break;
	}
}

static void follow_end(void *arg)
{
}

int follow_start(struct control *control)
{
	struct worker *const *all = control_workers(control);
	struct rtnl_config config = {
		.dumps = { RTM_GETLINK },
		.groups = { RTNLGRP_LINK },
		.begin = follow_begin,
		.message = follow_message,
		.end = follow_end,
	};
	struct follow *follow;
	int r;

	if (!all[WORKER_MASTER]->link->kernel)
		return 0;
	follow = calloc(1, sizeof(*follow));
	if (!follow)
		return -ENOMEM;
	follow->all = all;
	config.arg = follow;
	all[WORKER_MASTER]->net->follow = follow;
	r = rtnl_open(control, &config, &follow->rtnl);
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
	free(follow);
	master->net->follow = NULL;
}
