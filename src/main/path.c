/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/path: the page to read first. A packet enters at the top and is pushed
 * downwards until it leaves by a port, for the kernel, to another worker, or
 * by drop() with a reason. Whatever is not named here sees no packet.
 *
 *	rx → eth-input → arp-input
 *	              → ip4-input → ipvs-input ─ connection or new one ──────────┐
 *	                               └ not ours → ip4-route → ip4-local         │
 *	                                                  └→ ip4-forward          │
 *	                                     ip4-output ←──┘  (and what we make)  │
 *	                                         └→ neigh-output ←────────────────┘
 *	                                                  └→ tx
 */
#include "main/path.h"

#include "ipvs/ipvs.h"
#include "link/eth.h"
#include "net/ip4.h"
#include "net/neigh.h"

const struct stage path_stages[STAGE__COUNT] = {
	[STAGE_ETH_INPUT] = { "eth-input", eth_input },
	[STAGE_ARP_INPUT] = { "arp-input", arp_input },
	[STAGE_IP4_INPUT] = { "ip4-input", ip4_input },
	[STAGE_IPVS_INPUT] = { "ipvs-input", ipvs_input },
	[STAGE_IP4_ROUTE] = { "ip4-route", ip4_route },
	[STAGE_IP4_LOCAL] = { "ip4-local", ip4_local },
	[STAGE_IP4_FORWARD] = { "ip4-forward", ip4_forward },
	[STAGE_IP4_OUTPUT] = { "ip4-output", ip4_output },
	[STAGE_NEIGH_OUTPUT] = { "neigh-output", neigh_output },
	[STAGE_KERNEL_TX] = { "kernel-tx", kernel_tx },
	[STAGE_HANDOVER] = { "handover", link_handover },
	[STAGE_TX] = { "tx", link_tx },
};
