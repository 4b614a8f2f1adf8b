/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/plug: one op makes a port one of a worker's, another takes it away. A
 * worker's vectors are empty between two bursts, so behind the second no frame
 * of the port is left with it. The device itself, which all workers share, is
 * kept on a list of the master's until the last of them has acknowledged.
 */
#include "link/plug.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "link/rss.h"
#include "link/vlan.h"
#include "worker/op.h"

void plug_source_set(struct worker *master, enum api_link_kind kind,
		     const struct plug_source *source)
{
	master->link->sources[kind] = source;
}

const struct plug_source *plug_source_find(const struct worker *master, uint32_t kind)
{
	return kind < API_LINK__KINDS ? master->link->sources[kind] : NULL;
}

struct plug_in_op {
	uint16_t id;
	struct port port;
};

static void plug_apply_in(struct worker *w, struct op *op)
{
	const struct plug_in_op *data = op_data(op);
	uint16_t queue = (uint16_t)(w->id - 1);
	struct link *link = w->link;

	link->ports[data->id] = data->port;
	link->n_ports = RTE_MAX(link->n_ports, data->id + 1u);
	link->generation++;
	if (w->id == WORKER_MASTER)
		return;
	if (queue < data->port.n_rx_queues) {
		link->rxq[link->n_rxqs].port = data->id;
		link->rxq[link->n_rxqs].queue = queue;
		link->rxq[link->n_rxqs].full = 0;
		link->rxq[link->n_rxqs].passes = 0;
		link->n_rxqs++;
	}
	if (queue < data->port.n_tx_queues)
		link->txq[data->id] = queue;
	link_watch_again(w);
}

int plug_in(struct worker *const *all, const struct port *port)
{
	struct plug_in_op data = {
		.id = port_free_id(all[WORKER_MASTER]->link),
		.port = *port,
	};

	rss_join(all[WORKER_MASTER], &data.port);
	return op_multicast(all, plug_apply_in, &data, sizeof(data));
}

static void plug_apply_out(struct worker *w, struct op *op)
{
	uint16_t id = *(const uint16_t *)op_data(op);
	struct link *link = w->link;
	unsigned int kept = 0;

	for (unsigned int i = 0; i < link->n_rxqs; i++)
		if (link->rxq[i].port != id)
			link->rxq[kept++] = link->rxq[i];
	link->n_rxqs = kept;
	link->txq[id] = PORT_QUEUE_NONE;
	link->tx_dropped[id] = 0;
	memset(&link->ports[id], 0, sizeof(link->ports[id]));
	vlan_index(link);
	while (link->n_ports && !port_exists(link, (uint16_t)(link->n_ports - 1)))
		link->n_ports--;
	link->generation++;
	link_watch_again(w);
}

/* A device that the master has given up and workers may still use. */
struct leaving {
	struct list node;
	struct port port;
	uint64_t seq; /* of the op that tells them */
};

int plug_out(struct worker *const *all, uint16_t id)
{
	struct link *link = all[WORKER_MASTER]->link;
	struct leaving *leaving = calloc(1, sizeof(*leaving));
	int r;

	if (!leaving)
		return -ENOMEM;
	leaving->port = link->ports[id];
	r = op_multicast(all, plug_apply_out, &id, sizeof(id));
	if (r < 0) {
		free(leaving);
		return r;
	}
	leaving->seq = ops_newest(all);
	list_add_tail(&link->leaving, &leaving->node);
	return 0;
}

void plug_reap(struct worker *const *all)
{
	uint64_t done = ops_acknowledged(all);

	list_for_each_safe (it, &all[WORKER_MASTER]->link->leaving) {
		struct leaving *leaving = container_of(it, struct leaving, node);

		if (leaving->seq > done)
			break;
		leaving->port.ops->remove(leaving->port.handle);
		list_del(&leaving->node);
		free(leaving);
	}
}
