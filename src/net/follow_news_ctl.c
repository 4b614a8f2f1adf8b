/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/follow-news-ctl: what a message of rtnetlink means for what is followed. The
 * kernel tells of a route that takes another's place by one message, about the
 * new one; and of routes that go or change with a nexthop object that names
 * their hops, by none but the object's. What a message leaves open, a new round
 * tells.
 */
#include <linux/rtnetlink.h>

#include <libmnl/libmnl.h>

#include "net/follow_int.h"
#include "worker/worker.h"

static bool route_news(struct follow_table *table, const struct nlmsghdr *message,
		       const struct follow_route *route)
{
	bool followed = route->n_hops > 0;

	if (message->nlmsg_type == RTM_DELROUTE)
		return followed && follow_remove(table, route);
	if (followed)
		follow_put(table, route, message->nlmsg_flags);
	else if (message->nlmsg_flags & NLM_F_REPLACE)
		follow_drop(table, route);
	return false;
}

void follow_addr_news(struct worker *const *all, const struct nlmsghdr *message)
{
	bool comes = message->nlmsg_type == RTM_NEWADDR;
	struct kernel_addr addr;

	if ((!comes && message->nlmsg_type != RTM_DELADDR) ||
	    !follow_read_kernel_addr(message, &addr))
		return;
	if (comes)
		kernel_addr_put(all, &addr);
	else
		kernel_addr_remove(all, &addr);
}

bool follow_news(struct follow_table *table, const struct nlmsghdr *message)
{
	const struct worker *master = table->all[WORKER_MASTER];
	struct follow_route route;

	switch (message->nlmsg_type) {
	case RTM_NEWADDR:
		if (follow_read_addr(master, message, &route))
			follow_put(table, &route, message->nlmsg_flags);
		return false;
	case RTM_DELADDR:
		if (!follow_read_addr(master, message, &route))
			return false;
		follow_remove(table, &route);
		return true;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return follow_read_route(master, message, &route) &&
		       route_news(table, message, &route);
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP:
		return follow_object_used(&table->objects, follow_read_object(message));
	default:
		return false;
	}
}
