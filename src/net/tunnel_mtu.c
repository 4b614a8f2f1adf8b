/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/tunnel-mtu: what a tunnel has room for now. Its MTU says what it was made
 * for; the way to the other end may have become narrower, or a router behind it
 * may have told that it is. Who sends by a tunnel asks before it gives the
 * packet away, so that its sender hears of it while the packet is still his.
 */
#include "net/ip.h"
#include "net/net.h"
#include "net/path_mtu.h"
#include "net/route.h"
#include "net/tunnel_device.h"
#include "packet/meta.h"
#include "worker/worker.h"

#define TUNNELS_DEEP (META_TUNNELS / META_TUNNEL)

/* For a packet of `family`, of which `depth` more headers of tunnels come in front. */
static uint16_t tunnel_room(const struct worker *w, uint16_t id, unsigned int family,
			    unsigned int depth)
{
	const struct tunnel_device *device = &w->net->tunnels->of[id];
	const struct encap *out = &device->config.out;
	struct nexthop way;
	uint16_t mtu;

	if (depth == 0 || !route_output(w, out->family, &out->dst, &way))
		return UINT16_MAX; /* told otherwise */
	mtu = path_mtu_limit(w, out->family, &out->dst, way.mtu);
	if (w->link->ports[way.port].kind == PORT_TUNNEL)
		mtu = RTE_MIN(mtu, tunnel_room(w, way.port, out->family, depth - 1));
	return ip_inner_mtu(family, mtu, device->heads[0].len);
}

uint16_t tunnel_device_mtu(const struct worker *w, uint16_t id, unsigned int family, uint16_t mtu)
{
	return RTE_MIN(mtu, tunnel_room(w, id, family, TUNNELS_DEEP));
}
