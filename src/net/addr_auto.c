/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/addr-auto: the link-local address that each port gets by itself (RFC
 * 4862 5.3), as addr_gen_mode says: from the MAC address (RFC 4291, appendix
 * A), from a secret (RFC 7217: a function of prefix, MAC address, how often it
 * turned out to be taken, and the secret), the same with a secret drawn at
 * start, or none. What a port has was made for certain settings and a MAC
 * address; when these change it is replaced. If somebody deletes it, it stays
 * away until then.
 */
#include "net/addr_int.h"

#include <string.h>

#include "base/log.h"
#include "net/net.h"
#include "worker/worker.h"

#define TRIES 3 /* IDGEN_RETRIES, RFC 7217 7 */

static const union ip_addr prefix = { .v6 = { 0xfe, 0x80 } };

struct auto_input {
	uint8_t prefix[8];
	uint8_t mac[6];
	uint8_t tries;
	uint8_t nonce; /* another one when the last was of a reserved kind */
};

/* RFC 5453: the subnet routers' anycast address, IANA's own, and the last 128. */
static bool is_reserved(uint64_t id)
{
	return id == 0 || id >> 24 == UINT64_C(0x02005efffe) ||
	       (id >= UINT64_C(0xfdffffffffffff80) && id <= UINT64_C(0xfdffffffffffffff));
}

static uint64_t id_from_secret(const struct worker *master, const struct rte_ether_addr *mac,
			       uint8_t tries)
{
	const struct net_config *config = &master->net->config;
	struct auto_input input = { .tries = tries };
	struct hash_key key = master->flow_key;
	uint64_t id;

	if (config->ip6_gen == IP6_GEN_STABLE)
		memcpy(&key, config->ip6_secret, sizeof(config->ip6_secret));
	memcpy(input.prefix, prefix.v6, sizeof(input.prefix));
	memcpy(input.mac, mac->addr_bytes, sizeof(input.mac));
	do
		id = siphash(&key, &input, sizeof(input));
	while (is_reserved(id) && ++input.nonce);
	return id;
}

static uint64_t id_from_mac(const struct rte_ether_addr *mac)
{
	const uint8_t *b = mac->addr_bytes;

	return (uint64_t)(b[0] ^ 2) << 56 | (uint64_t)b[1] << 48 | (uint64_t)b[2] << 40 |
	       UINT64_C(0xfffe) << 24 | (uint64_t)b[3] << 16 | (uint64_t)b[4] << 8 | b[5];
}

static struct addr auto_make(const struct worker *master, uint16_t port, uint8_t tries)
{
	const struct rte_ether_addr *mac = &master->link->ports[port].mac;
	struct addr addr = {
		.ip = prefix,
		.family = AF_INET6,
		.plen = 64,
		.scope = API_SCOPE_LINK,
		.flags = API_ADDR_AUTO,
		.port = port,
		.tries = tries,
	};

	addr.ip.u64[1] = rte_cpu_to_be_64(master->net->config.ip6_gen == IP6_GEN_EUI64
						  ? id_from_mac(mac)
						  : id_from_secret(master, mac, tries));
	addr_dad_begin(master, &addr);
	return addr;
}

static int auto_add(struct worker *const *all, uint16_t port, uint8_t tries)
{
	struct addr addr = auto_make(all[WORKER_MASTER], port, tries);
	struct change change;
	int r;

	if (addr_find_ip(all[WORKER_MASTER], AF_INET6, &addr.ip, port))
		return 0; /* by hand */
	change_init(&change, all);
	r = change_end(&change, addr_change_add(&change, &addr));
	if (r == 0 && !(addr.flags & API_ADDR_TENTATIVE))
		addr_announce(all, &addr);
	return r;
}

static int auto_del(struct worker *const *all, uint16_t port)
{
	list_for_each_safe (it, &all[WORKER_MASTER]->net->addrs->ports[port]) {
		struct addr *addr = container_of(it, struct addr, port_node);
		struct change change;
		int r;

		if (!(addr->flags & API_ADDR_AUTO))
			continue;
		change_init(&change, all);
		r = change_end(&change, addr_change_del(&change, addr));
		if (r < 0)
			return r;
	}
	return 0;
}

/* What the port's address is made of; 0: it is to have none. */
static uint64_t auto_reason(const struct worker *master, uint16_t port)
{
	const struct net_config *config = &master->net->config;
	struct {
		uint8_t mac[6];
		uint8_t mode, pad;
		uint8_t secret[16];
	} made_of = { .mode = (uint8_t)config->ip6_gen };

	if (config->ip6_disable || config->ip6_gen == IP6_GEN_NONE ||
	    rte_is_zero_ether_addr(&master->link->ports[port].mac))
		return 0;
	memcpy(made_of.mac, master->link->ports[port].mac.addr_bytes, sizeof(made_of.mac));
	memcpy(made_of.secret, config->ip6_secret, sizeof(made_of.secret));
	return siphash(&master->flow_key, &made_of, sizeof(made_of)) | 1;
}

void addr_auto_tick(struct worker *const *all)
{
	const struct worker *master = all[WORKER_MASTER];
	uint64_t *made = master->net->addrs->auto_made;

	for (uint16_t port = 0; port < master->link->n_ports; port++) {
		uint64_t reason = port_exists(master->link, port) ? auto_reason(master, port) : 0;

		if (reason == made[port] || !port_exists(master->link, port))
			continue;
		if (auto_del(all, port) == 0 && (reason == 0 || auto_add(all, port, 0) == 0))
			made[port] = reason;
	}
}

void addr_auto_failed(struct worker *const *all, struct addr *addr)
{
	uint16_t port = addr->port;
	uint8_t tries = addr->tries + 1;

	if (all[WORKER_MASTER]->net->config.ip6_gen == IP6_GEN_EUI64 || tries >= TRIES)
		return;
	if (auto_del(all, port) == 0)
		auto_add(all, port, tries);
}
