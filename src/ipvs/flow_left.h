/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/flow-left: of a vector in the flow stage, whose connections the packets
 * are that take the slow path, so that none behind overtakes one of its own.
 */
#ifndef IPVS_FLOW_LEFT_H
#define IPVS_FLOW_LEFT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "ipvs/flow_int.h"
#include "ipvs/flow_parse.h"
#include "packet/batch.h"

/* Whose connections the packets are of that take the slow path: none behind may overtake them. */
struct flow_left {
	uint64_t keys[BATCH_BURST];
	uint64_t seen[4]; /* a bit each, by left_bit() */
	uint32_t n;
	bool any_port; /* one of them stands for all ports of its addresses */
};

/* Two connections may have the same, which does no harm. */
static inline uint64_t left_key(uint64_t addrs, uint32_t ports)
{
	return addrs + ports * UINT64_C(0x9e3779b97f4a7c15);
}

/* For left_key(), of 32 bytes. */
static inline uint64_t left_addrs6(const uint8_t *addrs)
{
	return load64(addrs) + 3 * load64(addrs + 8) + 5 * load64(addrs + 16) +
	       7 * load64(addrs + 24);
}

static inline uint64_t left_key_of(const union flow_tuple *tuple, const bool six)
{
	if (six)
		return left_key(left_addrs6(tuple->six.src.v6), load32(&tuple->six.sport));
	return left_key(tuple->four.addrs, tuple->four.ports);
}

static inline uint64_t *left_bit(struct flow_left *left, uint64_t key, uint64_t *bit)
{
	*bit = UINT64_C(1) << (key >> 58);
	return &left->seen[key >> 56 & 3];
}

static inline void left_add(struct flow_left *left, uint64_t key)
{
	uint64_t bit, *seen = left_bit(left, key, &bit);

	*seen |= bit;
	left->keys[left->n++] = key;
}

static inline void left_add_frame4(struct flow_left *left, const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t l4 = ETH_LEN + IP_LEN;

	if (m->data_len >= l4)
		l4 = RTE_MAX(l4, ETH_LEN + (frame[ETH_LEN] & 15) * 4u);
	if (m->data_len >= l4 + sizeof(uint32_t))
		left_add(left, left_key(load64(frame + ETH_LEN + 12), load32(frame + l4)));
}

/* Behind extension headers are ports, too: those of all connections of its addresses. */
static inline void left_add_frame6(struct flow_left *left, const struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *) + ETH_LEN;
	bool ports = ip[6] == IPPROTO_TCP || ip[6] == IPPROTO_UDP;

	if (m->data_len < ETH_LEN + IP6_LEN + sizeof(uint32_t))
		return;
	left->any_port |= !ports;
	left_add(left, left_key(left_addrs6(ip + 8), ports ? load32(ip + IP6_LEN) : 0));
}

/* What could not be parsed may be of a connection all the same. */
static inline void left_add_frame(struct flow_left *left, const struct rte_mbuf *m, bool six)
{
	if (six)
		left_add_frame6(left, m);
	else
		left_add_frame4(left, m);
}

static inline bool left_has_key(struct flow_left *left, uint64_t key)
{
	uint64_t bit, *seen = left_bit(left, key, &bit);
	bool has = false;

	if (likely(!(*seen & bit)))
		return false;
	for (uint32_t i = 0; i < left->n; i++)
		has |= left->keys[i] == key;
	return has;
}

static inline bool left_has(struct flow_left *left, const union flow_tuple *tuple, const bool six)
{
	if (left_has_key(left, left_key_of(tuple, six)))
		return true;
	return six && unlikely(left->any_port) &&
	       left_has_key(left, left_key(left_addrs6(tuple->six.src.v6), 0));
}

#endif
