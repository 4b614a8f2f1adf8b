/* SPDX-License-Identifier: BSD-3-Clause */
/* perf/floor: see the header. */
#include "perf/floor.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "link/eth.h"

static inline bool floor_proto(uint8_t proto)
{
	return proto == IPPROTO_UDP || proto == IPPROTO_TCP;
}

/* UDP's, as TCP's lie too. */
static inline void floor_swap_ports(void *l4)
{
	struct rte_udp_hdr *ports = l4;
	be16 port = ports->src_port;

	ports->src_port = ports->dst_port;
	ports->dst_port = port;
}

static inline bool floor_swap_ip6(struct rte_ipv6_hdr *ip)
{
	uint8_t addr[sizeof(ip->src_addr)];

	if (unlikely(!floor_proto(ip->proto)))
		return false;
	memcpy(addr, ip->src_addr, sizeof(addr));
	memcpy(ip->src_addr, ip->dst_addr, sizeof(addr));
	memcpy(ip->dst_addr, addr, sizeof(addr));
	floor_swap_ports(ip + 1);
	return true;
}

static inline bool floor_swap_ip4(struct rte_ipv4_hdr *ip)
{
	be32 addr = ip->src_addr;

	if (unlikely(!floor_proto(ip->next_proto_id)))
		return false;
	ip->src_addr = ip->dst_addr;
	ip->dst_addr = addr;
	floor_swap_ports((uint8_t *)ip + (ip->version_ihl & 0x0f) * 4);
	return true;
}

/* Tags stay. */
static __rte_always_inline bool floor_swap(struct rte_mbuf *m, const bool six, const bool tagged)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	struct rte_vlan_hdr *vlan = (struct rte_vlan_hdr *)(eth + 1);
	be16 type = tagged ? vlan->eth_proto : eth->ether_type;
	void *ip = tagged ? (void *)(vlan + 1) : (void *)(eth + 1);
	struct rte_ether_addr mac = eth->src_addr;

	if (unlikely(type != (six ? RTE_BE16(RTE_ETHER_TYPE_IPV6) : RTE_BE16(RTE_ETHER_TYPE_IPV4))))
		return false;
	eth->src_addr = eth->dst_addr;
	eth->dst_addr = mac;
	return six ? floor_swap_ip6(ip) : floor_swap_ip4(ip);
}

static __rte_always_inline void floor_run(struct worker *w, struct batch *in, const bool six,
					  const bool tagged)
{
	for (uint32_t i = 0; i < in->count; i++) {
		struct rte_mbuf *m = in->pkts[i];
		struct pkt_meta *meta = pkt_meta(m);

		if (unlikely(!floor_swap(m, six, tagged))) {
			drop(w, m, DROP_ETH_TYPE);
			continue;
		}
		meta->out_port = w->rx_port ^ 1;
		stage_push(w, STAGE_TX, m);
	}
}

void floor_input4(struct worker *w, struct batch *in)
{
	floor_run(w, in, false, false);
}

static void floor_input4_tagged(struct worker *w, struct batch *in)
{
	floor_run(w, in, false, true);
}

static void floor_input6(struct worker *w, struct batch *in)
{
	floor_run(w, in, true, false);
}

/* Each side has its own family. */
static void floor_input_cross(struct worker *w, struct batch *in)
{
	const struct rte_ether_hdr *eth;

	if (in->count == 0)
		return;
	eth = rte_pktmbuf_mtod(in->pkts[0], const struct rte_ether_hdr *);
	floor_run(w, in, eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6), false);
}

void floor_use(struct rig *rig)
{
	static const struct stage stages[4][STAGE__COUNT] = {
		{ [STAGE_FLOW] = { "swap", floor_input4 }, [STAGE_TX] = { "tx", link_tx } },
		{ [STAGE_FLOW] = { "swap", floor_input6 }, [STAGE_TX] = { "tx", link_tx } },
		{ [STAGE_FLOW] = { "swap", floor_input_cross }, [STAGE_TX] = { "tx", link_tx } },
		{ [STAGE_FLOW] = { "swap", floor_input4_tagged }, [STAGE_TX] = { "tx", link_tx } },
	};
	const struct frame_form *form = &rig_config(rig)->form;

	rig_use_stages(rig, stages[form->tagged ? 3 : form->cross ? 2 : form->six]);
}
