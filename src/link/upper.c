/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/upper: ports on ports. One op brings such a port; it has no queues, and
 * goes as devices do (plug.c). Up is what its parent is and nobody has set it
 * down; its MTU is never above its parent's; it has its parent's MAC address
 * until it gets its own. A tunnel (net/tunnel_device.h) has none, may have no
 * parent, and its MTU is smaller by its headers. Frames are never sent by it.
 */
#include "link/upper.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "link/vlan.h"
#include "worker/op.h"

/* What it has of its parent; true: something is different now. */
static bool upper_take_facts(struct port *port, const struct port *parent)
{
	struct port before = *port;

	port->up = parent->up && !port->set_down;
	port->mtu = RTE_MIN(port->mtu, upper_mtu(parent->mtu, port->overhead));
	if (port->kind == PORT_VLAN && !port->own_mac)
		port->mac = parent->mac;
	return port->up != before.up || port->mtu != before.mtu ||
	       /* DPDK's comparison reads 16-bit words, which the compiler may do before the store
		*/
	       memcmp(&port->mac, &before.mac, sizeof(port->mac)) != 0;
}

void upper_follow(struct link *link, uint16_t parent)
{
	for (uint16_t id = 0; id < link->n_ports; id++) {
		struct port *port = &link->ports[id];

		if (port_exists(link, id) && port->kind != PORT_DEVICE && port->parent == parent &&
		    upper_take_facts(port, &link->ports[parent]))
			upper_follow(link, id);
	}
}

/* Each once, since VLANs on one VLAN share its. */
void upper_tell_macs(const struct link *link, uint16_t device)
{
	const struct port *port = &link->ports[device];
	struct rte_ether_addr macs[PORT_MAX];
	uint32_t n = 0, i;
	int r;

	if (!port_exists(link, device) || !port->ops->set_uc_list)
		return;
	for (uint16_t id = 0; id < link->n_ports; id++) {
		const struct port *upper = &link->ports[id];

		if (id == device || port_device(link, id) != device ||
		    rte_is_same_ether_addr(&upper->mac, &port->mac))
			continue;
		for (i = 0; i < n && !rte_is_same_ether_addr(&macs[i], &upper->mac); i++)
			;
		macs[i] = upper->mac;
		n = RTE_MAX(n, i + 1);
	}
	r = port->ops->set_uc_list(port->handle, macs, n);
	if (r < 0)
		log_warning("%s: it does not let in the MAC addresses of its VLANs: %s (dpip link "
			    "set %s promisc on)",
			    port->name, strerror(-r), port->name);
}

int upper_show(void *handle, struct api_link *link)
{
	return 0;
}

int upper_xstat(void *handle, unsigned int n, char name[64], uint64_t *value)
{
	return -ENOENT;
}

void upper_close(void *handle)
{
}

static const struct port_ops vlan_ops = UPPER_OPS("vlan");

void upper_fill(const struct link *link, struct port *port)
{
	if (port->kind == PORT_VLAN)
		port->ops = &vlan_ops;
	port->up = true;
	port->added = true;
	if (port->parent == PORT_NONE)
		return;
	port->mtu = upper_mtu(link->ports[port->parent].mtu, port->overhead);
	port->socket = link->ports[port->parent].socket;
	port->rss = link->ports[port->parent].rss;
	upper_take_facts(port, &link->ports[port->parent]);
}

struct upper_op {
	uint16_t id;
	struct port port;
};

void upper_put(struct worker *w, uint16_t id, const struct port *port)
{
	struct link *link = w->link;

	link->ports[id] = *port;
	link->n_ports = RTE_MAX(link->n_ports, id + 1u);
	link->txq[id] = port->kind == PORT_VLAN ? link->txq[port->root] : PORT_QUEUE_NONE;
	memset(&link->counters[id], 0, sizeof(link->counters[id]));
	vlan_index(link);
	link->generation++;
}

static void upper_apply_add(struct worker *w, struct op *op)
{
	const struct upper_op *data = op_data(op);

	upper_put(w, data->id, &data->port);
}

int upper_add(struct worker *const *all, const struct port *port)
{
	struct upper_op data = { .id = port_free_id(all[WORKER_MASTER]->link), .port = *port };

	return op_multicast(all, upper_apply_add, &data, sizeof(data));
}
