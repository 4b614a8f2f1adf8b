/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/path: the page to read first. A packet enters at the top and is pushed
 * downwards until it leaves by a port, for the kernel, to another worker, or
 * by drop() with a reason. Whatever is not named here sees no packet.
 *
 *	rx → flow ─ established ─────────────────────────────────────→ to its port
 *	      └→ eth-input → arp-input
 *	                   → ip4-input → ipvs-input ─ connection or new one ──────────┐
 *	                     ip6-input ┘                                              │
 *	                               └ not ours → ip-route → ip-local          │
 *	                                                  └→ ip-forward           │
 *	                                      ip-output ←─┘  (and what we make)   │
 *	                                         └→ neigh-output ←────────────────┘
 *	                                                  └→ tx
 */
#include "main/path.h"

#include "ipvs/flow.h"
#include "ipvs/ipvs.h"
#include "link/eth.h"
#include "link/kni.h"
#include "net/ip.h"
#include "net/ip4.h"
#include "net/ip6.h"
#include "net/neigh.h"
#include "worker/worker.h"

#define STAGES(flow, last)                                                                        \
	[STAGE_FLOW] = { "flow", flow }, [STAGE_ETH_INPUT] = { "eth-input", eth_input },          \
	[STAGE_ARP_INPUT] = { "arp-input", arp_input },                                           \
	[STAGE_IP4_INPUT] = { "ip4-input", ip4_input },                                           \
	[STAGE_IP6_INPUT] = { "ip6-input", ip6_input },                                           \
	[STAGE_IPVS_INPUT] = { "ipvs-input", ipvs_input },                                        \
	[STAGE_IP_ROUTE] = { "ip-route", ip_route }, [STAGE_IP_LOCAL] = { "ip-local", ip_local }, \
	[STAGE_IP_FORWARD] = { "ip-forward", ip_forward },                                        \
	[STAGE_IP_OUTPUT] = { "ip-output", ip_output },                                           \
	[STAGE_NEIGH_OUTPUT] = { "neigh-output", neigh_output },                                  \
	[STAGE_KERNEL_TX] = { "kernel-tx", kernel_tx },                                           \
	[STAGE_HANDOVER] = { "handover", link_handover }, [STAGE_TX] = { "tx", last }

static const struct stage paths[][STAGE__COUNT] = {
	[FLOW_ON] = { STAGES(flow_input, link_tx) },
	[FLOW_OFF] = { STAGES(flow_off, link_tx) },
	[FLOW_CHECK] = { STAGES(flow_check, flow_check_tx) },
};

const struct stage *path_stages(enum flow_mode mode)
{
	return paths[mode];
}

void path_use(struct worker *w, enum flow_mode mode)
{
	w->stages = paths[mode];
	w->rx_burst = mode == FLOW_CHECK ? 1 : BATCH_BURST;
}
