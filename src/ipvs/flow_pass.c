/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/flow_pass: see the header. */
#include "ipvs/flow_pass.h"

#include "ipvs/ipvs.h"
#include "ipvs/track.h"
#include "net/addr.h"
#include "net/path_mtu.h"
#include "net/route.h"
#include "worker/worker.h"

void flow_count_flush(struct flow_run *run)
{
	const struct flow_count *count = &run->count;
	struct service *svc = service_get(run->services, count->service);

	if (!svc)
		return;
	svc->counters.inpkts += count->sum[CONN_IN] >> FLOW_COUNT_SHIFT;
	svc->counters.inbytes += count->sum[CONN_IN] & (FLOW_COUNT_PACKET - 1);
	svc->counters.outpkts += count->sum[CONN_OUT] >> FLOW_COUNT_SHIFT;
	svc->counters.outbytes += count->sum[CONN_OUT] & (FLOW_COUNT_PACKET - 1);
}

bool flow_way_find(struct worker *w, unsigned int family, const union ip_addr *ip, uint16_t *adj)
{
	struct nexthop nexthop;

	if (!addr_is_others(w, family, ip))
		return false;
	*adj = ADJ_NONE;
	/* what depends on more than the address is looked up for each packet: flow_way() */
	if (!route_output(w, family, ip, &nexthop) || nexthop.per_flow || nexthop.per_tos)
		return true;
	/* it concerns tunnels; what else would be too long by it the slow path sends */
	nexthop.mtu = path_mtu_limit(w, family, ip, nexthop.mtu);
	*adj = adj_get(w, family, &nexthop);
	return true;
}

bool flow_dest_way_find(struct flow_run *run, struct dest *dest)
{
	return flow_way_find(run->w, dest->family, &dest->addr, &dest->adj);
}

bool flow_client_way_find(struct flow_run *run, union flow_line line, bool six)
{
	union ip_addr client = line_end(line, CONN_IN, six);

	return flow_way_find(run->w, six ? AF_INET6 : AF_INET, &client, &line_conn(line, six)->adj);
}

bool flow_far_way_find(struct flow_run *run, union flow_line line, bool six)
{
	union ip_addr host = line_end(line, CONN_OUT, six);

	return flow_way_find(run->w, six ? AF_INET6 : AF_INET, &host,
			     &line_conn(line, six)->far_adj);
}

/* A segment that opens or closes, or comes meanwhile, and a first answer. false: this stage cannot.
 */
static bool state_moves(struct conn *conn, enum conn_dir dir, struct dest *dest, const uint8_t *th)
{
	/* a server that answers may assure a template; a client's SYN may open the next one */
	if (conn->flags & CONN_TEMPLATE)
		return false;
	if (conn->proto != IPPROTO_TCP) {
		conn->state = udp_next_state(dir, conn->state);
		return true;
	}
	if ((dir == CONN_IN && (th[13] & RTE_TCP_SYN_FLAG)) ||
	    (th[13] & (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG)) == RTE_TCP_SYN_FLAG)
		return false;
	track_tcp_state(conn, dir, dest, th[13]);
	return true;
}

bool flow_moves(struct flow_run *run, union flow_line line, uint32_t id, enum conn_dir dir,
		struct dest *dest, const uint8_t *l4, bool six)
{
	struct conn *conn = line_conn(line, six);
	uint32_t before = conn->deadline;

	if (!state_flows(conn, dir, l4, line_tcp(line, six)) && !state_moves(conn, dir, dest, l4))
		return false;
	conn->deadline = deadline_moved(run, conn, dest);
	if (conn->deadline < before && id != CONN_NONE)
		conn_rearm(run->conns, id);
	return true;
}
