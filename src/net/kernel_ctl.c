/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/kernel-ctl: addresses that belong to the kernel, which are routes of the
 * type kernel: `dpip kni flush`. They are added and deleted as routes.
 */
#include <errno.h>

#include "link/port.h"
#include "net/net.h"
#include "net/net_ctl.h"
#include "net/route_int.h"
#include "net/shared_ctl.h"

static int kernel_flush_run(struct request *req, const void *body)
{
	struct worker *const *all = request_workers(req);
	const struct api_filter *filter = body;
	uint16_t port;
	int r = ctl_filter_port(req, filter, &port);

	if (r < 0)
		return r;
	order_for_each_safe (it, &all[WORKER_MASTER]->net->routes->order) {
		struct change change;
		struct route key;

		route_describe(all[WORKER_MASTER], container_of(it, struct route_node, order),
			       &key);
		if (key.type != API_ROUTE_KERNEL || (port != PORT_NONE && key.port != port) ||
		    (filter->family && key.family != filter->family))
			continue;
		change_init(&change, all);
		r = change_end(&change, route_change_del(&change, &key));
		if (r < 0)
			return ctl_no_memory(req, "kni flush");
	}
	return 0;
}

static const struct request_handler kernel_handlers[] = {
	REQUEST_HANDLER(KNI_FLUSH, SET, struct api_filter, kernel_flush_run),
};

const struct request_table kernel_requests = { kernel_handlers, RTE_DIM(kernel_handlers) };
