/* SPDX-License-Identifier: BSD-3-Clause */
/* link/ethdev-rss: RSS of DPDK's ports, as link/rss wants it (port_ops.rss_entries, rss_set). */
#ifndef LINK_ETHDEV_RSS_H
#define LINK_ETHDEV_RSS_H

#include <stdint.h>

/* types: those of RTE_ETH_RSS_… that the port was configured with. */
uint16_t ethdev_rss_entries(uint16_t id, uint64_t types);
int ethdev_rss_set(uint16_t id, uint64_t types, const uint8_t *key, const uint16_t *reta,
		   uint16_t n);

#endif
