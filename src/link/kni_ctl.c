/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/kni-ctl: kernel interfaces on the master's loop. Ports are looked at in
 * every turn, which costs a comparison, so that a request that changes one is
 * answered with the interface changed. Without a worker of type kni the loop
 * also carries the packets, a share in a turn.
 */
#include "link/kni_ctl.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include "api/kni.h"
#include "link/kni_master.h"
#include "link/link_ctl.h"

#define CARRIER_MS 250

static void kni_on_turn(struct control *control, void *arg)
{
	kni_sync(control_workers(control));
}

static void kni_on_timer(struct control *control, void *arg)
{
	kni_sync_carrier(control_workers(control));
}

static void kni_on_readable(struct control *control, void *arg)
{
	static const uint64_t again = 1;
	struct kni *kni = arg;

	/* the rest in the next turn: clients and timers come between */
	if (kni_owner_run(kni, 0) && write(kni->bell.fd, &again, sizeof(again)) < 0)
		return; /* it is ringing already */
}

int kni_start(struct control *control)
{
	struct kni *kni = control_workers(control)[WORKER_MASTER]->link->kernel;
	int r;

	if (!kni)
		return 0;
	r = control_on_turn(control, kni_on_turn, NULL);
	if (r == 0)
		r = control_timer(control, CARRIER_MS, kni_on_timer, NULL);
	if (r == 0 && kni->lcore < 0)
		r = control_watch(control, kni->epoll_fd, kni_on_readable, kni);
	return r;
}

void kni_learn_message(struct worker *const *all, const struct nlmsghdr *message)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct kni_news news = { 0 };
	const struct nlattr *attr;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*info) || info->ifi_family != AF_UNSPEC)
		return;
	news.index = (unsigned int)info->ifi_index;
	news.gone = message->nlmsg_type == RTM_DELLINK;
	news.up = info->ifi_flags & IFF_UP;
	mnl_attr_for_each(attr, message, sizeof(*info))
	{
		uint16_t len = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) == IFLA_ADDRESS && len == sizeof(news.mac)) {
			news.has_mac = true;
			memcpy(&news.mac, mnl_attr_get_payload(attr), sizeof(news.mac));
		} else if (mnl_attr_get_type(attr) == IFLA_MTU && len == sizeof(uint32_t)) {
			news.mtu = mnl_attr_get_u32(attr);
		}
	}
	kni_learn(all, &news);
}

/* ---- dpip kni show ---- */

static void kni_fill(const struct kni *kni, const struct kni_port *port, struct api_kni *item)
{
	snprintf(item->name, sizeof(item->name), "%s", port->name);
	memcpy(item->dev, kni->all[WORKER_MASTER]->link->ports[port->port].name, sizeof(item->dev));
	if (kni->lcore < 0)
		snprintf(item->owner, sizeof(item->owner), "master");
	else
		snprintf(item->owner, sizeof(item->owner), "lcore %d", kni->lcore);
	item->flags = (port->up ? API_KNI_UP : 0) | (port->carrier ? API_KNI_CARRIER : 0) |
		      (port->elsewhere ? API_KNI_ELSEWHERE : 0) | (port->dev ? 0 : API_KNI_MISSING);
	item->mtu = port->mtu;
	item->index = port->index;
	item->worker = port->worker;
	memcpy(item->mac, &port->mac, sizeof(item->mac));
	item->to_packets = port->counters.to_packets;
	item->to_bytes = port->counters.to_bytes;
	item->to_dropped = port->counters.to_dropped;
	item->from_packets = port->counters.from_packets;
	item->from_bytes = port->counters.from_bytes;
	item->from_dropped = port->counters.from_dropped;
}

static int kni_list(struct request *req, const void *body)
{
	const struct api_filter *filter = body;
	const struct link *link = request_workers(req)[WORKER_MASTER]->link;
	const struct kni *kni = link->kernel;

	if (filter->dev[0] && port_find(link, filter->dev) == PORT_NONE)
		return link_unknown(req, "", filter->dev);
	for (uint16_t id = 0; kni && id < PORT_MAX; id++) {
		const struct kni_port *port = kni->ports[id];
		struct api_kni *item;

		if (!port || !port_exists(link, id) ||
		    (filter->dev[0] &&
		     strncmp(filter->dev, link->ports[id].name, API_NAME_LEN) != 0))
			continue;
		item = request_item(req, API_KIND_KNI, sizeof(*item));
		if (!item)
			return -ENOMEM;
		kni_fill(kni, port, item);
	}
	return 0;
}

static const struct request_handler kni_handlers[] = {
	REQUEST_HANDLER(KNI_LIST, GET, struct api_filter, kni_list),
};

const struct request_table kni_requests = { kni_handlers, RTE_DIM(kni_handlers) };
