/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/addr: one worker's copy of the daemon's own addresses, and the ops that
 * change it. An address lies in four places: a hash by ip (is this packet for
 * us, do we answer this ARP), one by broadcast address, one by port and net
 * (who needs the net's route when another address goes), and the list of its
 * port, whose order decides which source a packet gets. The same ip may stand
 * on several ports, and on one port with several prefix lengths.
 */
#include "net/addr_int.h"

#include <stdlib.h>

#include "base/lines.h"
#include "net/ip6.h"
#include "net/net.h"
#include "net/tell.h"
#include "worker/worker.h"

/* args[] of the ops */
enum {
	ARG_NODE, /* of add only */
	ARG_IPS,
	ARG_BROADCASTS,
	ARG_NETS,
};

struct addr_table *addr_table_create(void)
{
	struct addr_table *table = lines_alloc(sizeof(*table));

	if (!table)
		return NULL;
	chains_init(&table->ips);
	chains_init(&table->broadcasts);
	chains_init(&table->nets);
	list_init(&table->tentative);
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
	chains_free(&table->ips);
	chains_free(&table->broadcasts);
	chains_free(&table->nets);
	free(table);
}

uint64_t addr_hash(const struct worker *w, const union ip_addr *ip)
{
	return hash_words(&w->flow_key, ip->u64[0], ip->u64[1]);
}

static uint64_t addr_net_hash(const struct worker *w, const struct addr *addr)
{
	union ip_addr net = ip_network(addr->family, &addr->ip, addr->plen);

	return hash_words(&w->flow_key, net.u64[0],
			  net.u64[1] ^ ((uint64_t)addr->port << 8 | addr->plen));
}

struct addr *addr_find(const struct worker *w, const struct addr *key)
{
	addr_for_each_ip (it, w, &key->ip) {
		struct addr *addr = addr_of_chain(it);

		if (ip_equal(&addr->ip, &key->ip) && addr->family == key->family &&
		    addr->plen == key->plen && addr->port == key->port)
			return addr;
	}
	return NULL;
}

static inline struct addr *addr_find_hashed(const struct worker *w, unsigned int family,
					    const union ip_addr *ip, uint16_t port, uint64_t hash)
{
	chains_for_each (it, &w->net->addrs->ips, hash) {
		struct addr *addr = addr_of_chain(it);

		if (ip_equal(&addr->ip, ip) && addr->family == family &&
		    (port == PORT_NONE || addr->port == port))
			return addr;
	}
	return NULL;
}

struct addr *addr_find_ip(const struct worker *w, unsigned int family, const union ip_addr *ip,
			  uint16_t port)
{
	return addr_find_hashed(w, family, ip, port, addr_hash(w, ip));
}

struct addr *addr_find_net(const struct worker *w, const struct addr *key)
{
	chains_for_each (it, &w->net->addrs->nets, addr_net_hash(w, key)) {
		struct addr *addr = container_of(it, struct addr, net_group.chain);

		if (addr->port == key->port && addr->plen == key->plen &&
		    addr->family == key->family &&
		    ip_match(key->family, &addr->ip, &key->ip, key->plen))
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

static struct addr *addr_find_broadcast(const struct worker *w, unsigned int family,
					const union ip_addr *ip, uint64_t hash)
{
	chains_for_each (it, &w->net->addrs->broadcasts, hash) {
		struct addr *addr = container_of(it, struct addr, broadcast_group.chain);

		if (ip_equal(&addr->broadcast, ip) && addr->family == family)
			return addr;
	}
	return NULL;
}

bool addr_is_broadcast(const struct worker *w, unsigned int family, const union ip_addr *ip)
{
	return addr_find_broadcast(w, family, ip, addr_hash(w, ip));
}

bool addr_is_others(const struct worker *w, unsigned int family, const union ip_addr *ip)
{
	uint64_t hash = addr_hash(w, ip);

	return !addr_find_hashed(w, family, ip, PORT_NONE, hash) &&
	       !addr_find_broadcast(w, family, ip, hash);
}

bool addr_is_tentative(const struct worker *w, unsigned int family, const union ip_addr *ip)
{
	bool tentative = false;

	if (family != AF_INET6)
		return false;
	addr_for_each_ip (it, w, ip) {
		const struct addr *addr = addr_of_chain(it);

		if (!ip_equal(&addr->ip, ip) || addr->family != family)
			continue;
		if (!(addr->flags & API_ADDR_TENTATIVE))
			return false;
		tentative = true;
	}
	return tentative;
}

/* How well it suits; 0: not at all. What decides first weighs most (as RFC 6724 5 has it). */
static unsigned int addr_suits(const struct addr *addr, const union ip_addr *dst)
{
	unsigned int suits = 1;

	if (addr->scope == API_SCOPE_HOST || (addr->flags & API_ADDR_TENTATIVE))
		return 0;
	if (addr->family == AF_INET6 && ip6_is_link_local(&addr->ip) == ip6_is_link_local(dst))
		suits |= 8;
	if (!(addr->flags & API_ADDR_DEPRECATED))
		suits |= 4;
	if (ip_match(addr->family, &addr->ip, dst, addr->plen))
		suits |= 2;
	return suits;
}

union ip_addr addr_select(const struct worker *w, unsigned int family, uint16_t port,
			  const union ip_addr *dst)
{
	union ip_addr best = { .u64 = { 0, 0 } };
	unsigned int best_suits = 0;

	list_for_each (it, &w->net->addrs->ports[port]) {
		const struct addr *addr = container_of(it, struct addr, port_node);
		unsigned int suits = addr->family == family ? addr_suits(addr, dst) : 0;

		if (suits > best_suits) {
			best = addr->ip;
			best_suits = suits;
		}
	}
	return best;
}

void addr_ports_from(struct worker *master, addr_ports_fn *fn)
{
	master->net->addrs->ports_of = fn;
}

static void addr_link_broadcast(struct worker *w, struct op *op, struct addr *addr)
{
	void *segment = op->args[ARG_BROADCASTS];

	if (!ip_is_zero(&addr->broadcast)) {
		struct addr *first = addr_find_broadcast(w, addr->family, &addr->broadcast,
							 addr_hash(w, &addr->broadcast));

		if (first)
			group_join(&first->broadcast_group, &addr->broadcast_group);
		else
			segment = group_found(&w->net->addrs->broadcasts, &addr->broadcast_group,
					      addr_hash(w, &addr->broadcast), segment);
	}
	op_garbage(op, segment);
}

static void addr_unlink_broadcast(struct worker *w, struct op *op, struct addr *addr)
{
	if (!ip_is_zero(&addr->broadcast))
		op_garbage(op, group_leave(&w->net->addrs->broadcasts, &addr->broadcast_group));
}

static void addr_link_net(struct worker *w, struct op *op, struct addr *addr)
{
	struct addr *first = addr_find_net(w, addr);
	void *segment = op->args[ARG_NETS];

	if (first)
		group_join(container_of(first->net_group.peers.prev, struct group, peers),
			   &addr->net_group);
	else
		segment = group_found(&w->net->addrs->nets, &addr->net_group,
				      addr_net_hash(w, addr), segment);
	op_garbage(op, segment);
}

/* What packets from and to these addresses may do changes. */
static void addr_touch(struct worker *w, const struct addr *addr)
{
	unsigned int bits = ip_bits(addr->family);

	w->net->addr_changes++;
	stamps_touch(&w->net->stamps, addr->family, &addr->ip, bits);
	if (!ip_is_zero(&addr->broadcast))
		stamps_touch(&w->net->stamps, addr->family, &addr->broadcast, bits);
}

static void addr_apply_add(struct worker *w, struct op *op)
{
	struct addr_table *table = w->net->addrs;
	struct addr *addr = op->args[ARG_NODE];

	*addr = *(const struct addr *)op_data(op);
	addr_touch(w, addr);
	op_garbage(op, chains_add(&table->ips, &addr->chain, addr_hash(w, &addr->ip),
				  op->args[ARG_IPS]));
	addr_link_broadcast(w, op, addr);
	addr_link_net(w, op, addr);
	list_add_tail(&table->ports[addr->port], &addr->port_node);
	addr->order.major = addr->port;
	addr->order.minor = ++table->serial;
	order_add(&table->order, &addr->order);
	list_init(&addr->dad_node);
	if (w->id == WORKER_MASTER && (addr->flags & API_ADDR_TENTATIVE))
		list_add_tail(&table->tentative, &addr->dad_node);
	tell_addr(w, API_EVENT_ADD, addr);
}

static void addr_apply_del(struct worker *w, struct op *op)
{
	struct addr_table *table = w->net->addrs;
	struct addr *addr = addr_find(w, op_data(op));

	if (!addr)
		return;
	tell_addr(w, API_EVENT_DEL, addr);
	addr_touch(w, addr);
	op_garbage(op, chains_del(&table->ips, &addr->chain));
	addr_unlink_broadcast(w, op, addr);
	op_garbage(op, group_leave(&table->nets, &addr->net_group));
	list_del(&addr->port_node);
	list_del(&addr->dad_node);
	order_del(&table->order, &addr->order);
	op_garbage(op, addr);
}

/* As far as anybody sees: who holds it is the services' own business. */
static bool addr_looks_changed(const struct addr *addr, const struct addr *to)
{
	return !ip_equal(&addr->broadcast, &to->broadcast) ||
	       addr->broadcast_given != to->broadcast_given || addr->scope != to->scope ||
	       addr->flags != to->flags || addr->valid_until_s != to->valid_until_s ||
	       addr->preferred_until_s != to->preferred_until_s;
}

static void addr_apply_set(struct worker *w, struct op *op)
{
	const struct addr *to = op_data(op);
	struct addr *addr = addr_find(w, to);
	bool seen;

	if (!addr) {
		op_garbage(op, op->args[ARG_BROADCASTS]);
		return;
	}
	seen = addr_looks_changed(addr, to);
	addr_touch(w, addr);
	addr_unlink_broadcast(w, op, addr);
	addr->broadcast = to->broadcast;
	addr->broadcast_given = to->broadcast_given;
	addr->scope = to->scope;
	addr->flags = to->flags;
	addr->holds = to->holds;
	addr->valid_until_s = to->valid_until_s;
	addr->preferred_until_s = to->preferred_until_s;
	addr_link_broadcast(w, op, addr);
	addr_touch(w, addr);
	if (seen)
		tell_addr(w, API_EVENT_CHANGE, addr);
}

int addr_op_add(struct change *change, const struct addr *addr)
{
	const struct addr_table *table = change->all[WORKER_MASTER]->net->addrs;
	int r = change_add(change, addr_apply_add, addr, sizeof(*addr), sizeof(*addr));

	if (r == 0)
		r = change_bring(change, ARG_IPS, chains_need(&table->ips));
	if (r == 0)
		r = change_bring(change, ARG_BROADCASTS, chains_need(&table->broadcasts));
	if (r == 0)
		r = change_bring(change, ARG_NETS, chains_need(&table->nets));
	return r;
}

int addr_op_del(struct change *change, const struct addr *addr)
{
	return change_add(change, addr_apply_del, addr, sizeof(*addr), 0);
}

int addr_op_set(struct change *change, const struct addr *addr)
{
	const struct addr_table *table = change->all[WORKER_MASTER]->net->addrs;
	int r = change_add(change, addr_apply_set, addr, sizeof(*addr), 0);

	return r == 0 ? change_bring(change, ARG_BROADCASTS, chains_need(&table->broadcasts)) : r;
}
