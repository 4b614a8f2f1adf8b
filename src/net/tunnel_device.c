/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/tunnel-device: the tunnels that there are, and how those are found that
 * arrive: by both ends' addresses in a small open hash, made anew when a tunnel
 * comes, changes or goes; of those that share them by protocol and key. A packet with a key is
 * for the tunnel of that key, one without for that without (RFC 2890).
 */
#include "net/tunnel_device.h"

#include <netinet/in.h>
#include <string.h>

#include "base/lines.h"
#include "link/upper.h"
#include "net/net.h"
#include "net/tell.h"
#include "net/tunnel_device_int.h"
#include "packet/meta.h"
#include "worker/op.h"

struct tunnel_table *tunnel_table_create(void)
{
	return lines_alloc(sizeof(struct tunnel_table));
}

static unsigned int tunnel_slot(const union ip_addr *local, const union ip_addr *remote)
{
	uint64_t mix = local->u64[0] ^ local->u64[1] * 3 ^ remote->u64[0] * 5 ^ remote->u64[1] * 7;

	return (unsigned int)(mix * UINT64_C(0x9e3779b97f4a7c15) >> 40) % TUNNEL_SLOTS;
}

static void tunnel_index(struct tunnel_table *table)
{
	memset(table->slots, 0, sizeof(table->slots));
	table->n = 0;
	for (uint16_t id = 0; id < PORT_MAX; id++) {
		const struct encap *out = &table->of[id].config.out;
		unsigned int slot;

		if (!table->of[id].used)
			continue;
		table->n++;
		slot = tunnel_slot(&out->src, &out->dst);
		while (table->slots[slot])
			slot = (slot + 1) % TUNNEL_SLOTS;
		table->slots[slot] = (uint16_t)(id + 1);
	}
}

static bool of_ends(const struct encap *out, unsigned int family, const union ip_addr *local,
		    const union ip_addr *remote)
{
	return out->family == family && ip_equal(&out->src, local) && ip_equal(&out->dst, remote);
}

/* The next from *slot on between these ends; PORT_NONE: there is no more. */
static uint16_t tunnel_next(const struct tunnel_table *table, unsigned int *slot,
			    const struct tuple *arrived)
{
	while (table->slots[*slot]) {
		uint16_t id = (uint16_t)(table->slots[*slot] - 1);

		*slot = (*slot + 1) % TUNNEL_SLOTS;
		if (of_ends(&table->of[id].config.out, arrived->family, &arrived->dst,
			    &arrived->src))
			return id;
	}
	return PORT_NONE;
}

uint8_t tunnel_inner_bit(unsigned int family)
{
	return family == AF_INET ? TUNNEL_INNER_IP4 : TUNNEL_INNER_IP6;
}

static bool carries(const struct tunnel_config *config, uint8_t proto)
{
	if (config->out.kind == ENCAP_GRE)
		return proto == IPPROTO_GRE;
	return (proto == IPPROTO_IPIP && (config->inner & TUNNEL_INNER_IP4)) ||
	       (proto == IPPROTO_IPV6 && (config->inner & TUNNEL_INNER_IP6));
}

uint16_t tunnel_device_find(const struct worker *w, const struct tuple *arrived,
			    const struct encap_found *found)
{
	const struct tunnel_table *table = w->net->tunnels;
	unsigned int slot = tunnel_slot(&arrived->dst, &arrived->src);
	uint16_t id;

	while ((id = tunnel_next(table, &slot, arrived)) != PORT_NONE) {
		const struct tunnel_config *config = &table->of[id].config;

		if (!carries(config, arrived->proto))
			continue;
		if (!found || (((found->flags ^ config->iflags) & ENCAP_KEY) == 0 &&
			       (!(found->flags & ENCAP_KEY) || found->key == config->ikey)))
			return id;
	}
	return PORT_NONE;
}

bool tunnel_device_sends(const struct worker *w, const struct tuple *outer,
			 const struct encap_found *found)
{
	const struct tunnel_table *table = w->net->tunnels;
	const struct tuple arrives = tuple_reverse(outer);
	unsigned int slot = tunnel_slot(&outer->src, &outer->dst);
	uint16_t id;

	while ((id = tunnel_next(table, &slot, &arrives)) != PORT_NONE) {
		const struct encap *out = &table->of[id].config.out;

		if (carries(&table->of[id].config, outer->proto) &&
		    ((found->flags ^ out->flags) & ENCAP_KEY) == 0 &&
		    (!(found->flags & ENCAP_KEY) || found->key == out->key))
			return true;
	}
	return false;
}

bool tunnel_device_meant(const struct worker *w, const struct pkt_meta *meta)
{
	uint8_t proto = meta->tuple.proto;

	return w->net->tunnels->n &&
	       (proto == IPPROTO_IPIP || proto == IPPROTO_IPV6 || proto == IPPROTO_GRE) &&
	       tunnel_device_find(w, &meta->tuple, NULL) != PORT_NONE;
}

uint16_t tunnel_device_twin(const struct worker *w, const struct tunnel_config *config,
			    uint16_t but)
{
	const struct tunnel_table *table = w->net->tunnels;

	for (uint16_t id = 0; id < PORT_MAX; id++) {
		const struct tunnel_config *other = &table->of[id].config;

		if (id == but || !table->of[id].used || other->out.kind != config->out.kind ||
		    !(other->inner & config->inner) ||
		    !of_ends(&other->out, config->out.family, &config->out.src, &config->out.dst))
			continue;
		if (((other->iflags ^ config->iflags) & ENCAP_KEY) == 0 &&
		    (!(config->iflags & ENCAP_KEY) || other->ikey == config->ikey))
			return id;
	}
	return PORT_NONE;
}

uint16_t tunnel_device_overhead(const struct tunnel_config *config)
{
	return encap_len(&config->out);
}

struct tunnel_op {
	struct tunnel_config config;
	struct port port; /* of a change: its overhead and MTU alone count */
	uint16_t id;
};

static void tunnel_put(struct worker *w, uint16_t id, const struct tunnel_config *config)
{
	struct tunnel_device *device = &w->net->tunnels->of[id];

	*device = (struct tunnel_device){ .config = *config, .used = true };
	encap_head_init(&device->heads[0], &config->out, AF_INET);
	encap_head_init(&device->heads[1], &config->out, AF_INET6);
	tunnel_index(w->net->tunnels);
}

static void tunnel_apply_add(struct worker *w, struct op *op)
{
	const struct tunnel_op *data = op_data(op);

	w->net->tunnels->sequences[data->id].next = 0;
	tunnel_put(w, data->id, &data->config);
	upper_put(w, data->id, &data->port);
	tell_tunnel(w, API_EVENT_ADD, data->id);
}

static void tunnel_apply_set(struct worker *w, struct op *op)
{
	const struct tunnel_op *data = op_data(op);
	struct port *port = &w->link->ports[data->id];

	tunnel_put(w, data->id, &data->config);
	port->overhead = data->port.overhead;
	port->mtu = data->port.mtu;
	w->link->generation++;
	tell_tunnel(w, API_EVENT_CHANGE, data->id);
}

int tunnel_device_add(struct worker *const *all, const struct port *port,
		      const struct tunnel_config *config)
{
	struct tunnel_op data = {
		.config = *config,
		.port = *port,
		.id = port_free_id(all[WORKER_MASTER]->link),
	};

	return op_multicast(all, tunnel_apply_add, &data, sizeof(data));
}

int tunnel_device_set(struct worker *const *all, uint16_t port, const struct tunnel_config *config,
		      uint16_t mtu)
{
	struct tunnel_op data = {
		.config = *config,
		.port.overhead = tunnel_device_overhead(config),
		.port.mtu = mtu,
		.id = port,
	};

	return op_multicast(all, tunnel_apply_set, &data, sizeof(data));
}

void tunnel_device_forget(struct worker *w, uint16_t port)
{
	if (!w->net->tunnels->of[port].used)
		return;
	tell_tunnel(w, API_EVENT_DEL, port);
	w->net->tunnels->of[port].used = false;
	tunnel_index(w->net->tunnels);
}
