/* SPDX-License-Identifier: BSD-3-Clause */
/* net/maddr-ctl: MADDR_LIST. Groups are joined by those who need them, not by request. */
#include <string.h>

#include "api/maddr.h"
#include "net/maddr_int.h"
#include "net/net.h"
#include "net/net_ctl.h"
#include "net/shared_ctl.h"

static bool maddr_fill(const struct worker *w, const struct list_query *query,
		       const struct order_node *node, void *out)
{
	const struct maddr *maddr = container_of(node, struct maddr, order);
	struct rte_ether_addr mac = maddr_mac(maddr->key.family, &maddr->key.ip);
	struct api_maddr *item = out;

	if ((query->family && query->family != maddr->key.family) ||
	    (query->port != PORT_NONE && query->port != maddr->key.port))
		return false;
	*item = (struct api_maddr){
		.addr = ip_to_api(&maddr->key.ip),
		.family = maddr->key.family,
		.users = maddr->users,
		.cpu = w->id,
	};
	memcpy(item->mac, mac.addr_bytes, sizeof(item->mac));
	ctl_name(item->dev, w->link->ports[maddr->key.port].name);
	return true;
}

static const struct order *maddr_order(const struct worker *w)
{
	return &w->net->maddrs->order;
}

static const struct list_source maddr_source = {
	.kind = API_KIND_MADDR,
	.size = sizeof(struct api_maddr),
	.order = maddr_order,
	.fill = maddr_fill,
};

static int maddr_list_run(struct request *req, const void *body)
{
	return ctl_list(req, body, &maddr_source);
}

static const struct request_handler maddr_handlers[] = {
	REQUEST_HANDLER(MADDR_LIST, GET, struct api_filter, maddr_list_run),
};

const struct request_table maddr_requests = { maddr_handlers, RTE_DIM(maddr_handlers) };
