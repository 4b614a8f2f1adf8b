/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/ways_rig: a router of both families with some gateways, and packets
 * of many flows through it, of which only the way that each takes is looked at.
 *
 *	10.0.0.2, 2001:db8::2 — dpdk0, dpdk1 — gateways 192.168.0.11 …, 2001:db8:1::11 … (06:…:11 …)
 *
 * On dpdk0 there is one more, 10.0.0.19 and 2001:db8::19 (06:…:19).
 */
#ifndef PACKET_WAYS_RIG_H
#define PACKET_WAYS_RIG_H

#include "packet/harness.h"

#define WAYS_GATEWAYS 5

struct harness *ways_rig_new(unsigned int n_workers);

/*
 * `%d` in a line becomes the destination net (50.0.0.0/8, 2600::/16), `%s` what begins it
 * (50.0.0.1, 2600::1), `%g` and a digit a gateway, `%p` the word for the longest prefix (/32,
 * /128).
 */
void ways_run(struct harness *h, unsigned int family, const char *line);

#define WAY_LOST 0xff

/*
 * UDP of flow n to 50.0.0.1 or 2600::1, with this type of service. Returns the last byte of the MAC
 * address that it goes to, WAY_LOST if it goes nowhere; it comes out once at the most.
 */
unsigned int ways_take(struct harness *h, unsigned int family, unsigned int flow, uint8_t tos);

#endif
