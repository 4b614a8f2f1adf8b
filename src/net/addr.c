/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/addr: one worker's copy of the daemon's own addresses, and the ops that
 * change it. An address lies in three places: a hash by ip (is this packet for
 * us, do we answer this ARP), a hash by broadcast address, and the list of its
 * port, whose order decides which source a packet gets. The same ip may stand
 * on several ports, and on one port with several prefix lengths.
 */
#include "net/addr_int.h"

#include <stdlib.h>

#include "net/net.h"
#include "worker/worker.h"

struct addr_table *addr_table_create(void)
{
	struct addr_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	for (unsigned int i = 0; i < ADDR_BUCKETS; i++) {
		list_init(&table->buckets[i]);
		list_init(&table->broadcasts[i]);
	}
	for (unsigned int i = 0; i < PORT_MAX; i++)
		list_init(&table->ports[i]);
	return table;
}

void addr_table_destroy(struct addr_table *table)
{
	if (!table)
		return;
	for (unsigned int i = 0; i < PORT_MAX; i++)
		list_for_each_safe (it, &table->ports[i])
			free(container_of(it, struct addr, port_node));
	free(table);
}

static unsigned int addr_hash(const struct worker *w, const union ip_addr *ip)
{
	return hash_words(&w->flow_key, ip->u64[0], ip->u64[1]) % ADDR_BUCKETS;
}

struct addr *addr_find(const struct worker *w, const struct addr *key)
{
	list_for_each (it, &w->net->addrs->buckets[addr_hash(w, &key->ip)]) {
		struct addr *addr = container_of(it, struct addr, node);

		if (ip_equal(&addr->ip, &key->ip) && addr->family == key->family &&
		    addr->plen == key->plen && addr->port == key->port)
			return addr;
	}
	return NULL;
}

struct addr *addr_find_ip(const struct worker *w, unsigned int family, const union ip_addr *ip,
			  uint16_t port)
{
	list_for_each (it, &w->net->addrs->buckets[addr_hash(w, ip)]) {
		struct addr *addr = container_of(it, struct addr, node);

		if (ip_equal(&addr->ip, ip) && addr->family == family &&
		    (port == PORT_NONE || addr->port == port))
			return addr;
	}
	return NULL;
}

bool addr_is_local(const struct worker *w, unsigned int family, const union ip_addr *ip)
{
	return addr_find_ip(w, family, ip, PORT_NONE);
}

bool addr_on_port(const struct worker *w, unsigned int family, const union ip_addr *ip,
		  uint16_t port)
{
	return addr_find_ip(w, family, ip, port);
}

bool addr_is_broadcast(const struct worker *w, unsigned int family, const union ip_addr *ip)
{
	list_for_each (it, &w->net->addrs->broadcasts[addr_hash(w, ip)]) {
		const struct addr *addr = container_of(it, struct addr, broadcast_node);

		if (ip_equal(&addr->broadcast, ip) && addr->family == family)
			return true;
	}
	return false;
}

union ip_addr addr_select(const struct worker *w, unsigned int family, uint16_t port,
			  const union ip_addr *dst)
{
	union ip_addr first = { .u64 = { 0, 0 } };

	list_for_each (it, &w->net->addrs->ports[port]) {
		const struct addr *addr = container_of(it, struct addr, port_node);

		if (addr->family != family || addr->scope == API_SCOPE_HOST)
			continue;
		if (ip_match(family, &addr->ip, dst, addr->plen))
			return addr->ip;
		if (ip_is_zero(&first))
			first = addr->ip;
	}
	return first;
}

void addr_ports_from(struct worker *master, addr_ports_fn *fn)
{
	master->net->addrs->ports_of = fn;
}

static void addr_link_broadcast(struct worker *w, struct addr *addr)
{
	list_init(&addr->broadcast_node);
	if (!ip_is_zero(&addr->broadcast))
		list_add_tail(&w->net->addrs->broadcasts[addr_hash(w, &addr->broadcast)],
			      &addr->broadcast_node);
}

void addr_apply_add(struct worker *w, struct op *op)
{
	struct addr_table *table = w->net->addrs;
	struct addr *addr = op->args[0];

	*addr = *(const struct addr *)op_data(op);
	list_add_tail(&table->buckets[addr_hash(w, &addr->ip)], &addr->node);
	list_add_tail(&table->ports[addr->port], &addr->port_node);
	addr_link_broadcast(w, addr);
	table->count++;
}

void addr_apply_del(struct worker *w, struct op *op)
{
	struct addr *addr = addr_find(w, op_data(op));

	if (!addr)
		return;
	list_del(&addr->node);
	list_del(&addr->broadcast_node);
	list_del(&addr->port_node);
	w->net->addrs->count--;
	op_garbage(op, addr);
}

void addr_apply_set(struct worker *w, struct op *op)
{
	const struct addr *to = op_data(op);
	struct addr *addr = addr_find(w, to);

	if (!addr)
		return;
	list_del(&addr->broadcast_node);
	addr->broadcast = to->broadcast;
	addr->scope = to->scope;
	addr->flags = to->flags;
	addr->holds = to->holds;
	addr->valid_until_s = to->valid_until_s;
	addr->preferred_until_s = to->preferred_until_s;
	addr_link_broadcast(w, addr);
}
