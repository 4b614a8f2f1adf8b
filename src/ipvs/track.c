/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/track: a packet that goes on moves its connection's state machine, its
 * deadline and the counters of server and service. It knows nothing of how the
 * packet is forwarded; every mode calls it once, before it changes the packet.
 * The deadline is a plain store as long as it moves away from now.
 */
#include "ipvs/track.h"

#include <netinet/in.h>

#include <rte_byteorder.h>
#include <rte_tcp.h>

#include "ipvs/ipvs.h"
#include "ipvs/proto/echo.h"
#include "ipvs/proto/sctp.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/proto/udp.h"
#include "ipvs/service.h"
#include "ipvs/template.h"
#include "packet/sctp.h"
#include "worker/worker.h"

/* One number, whatever the protocol: the server has accepted, or said anything. */
#define STATE_ANSWERED 1
_Static_assert(TCP_ESTABLISHED == STATE_ANSWERED && UDP_NORMAL == STATE_ANSWERED &&
		       SCTP_ESTABLISHED == STATE_ANSWERED,
	       "");

void track_count(struct worker *w, struct conn *conn, uint32_t bytes, enum conn_dir dir)
{
	const struct service_table *services = w->ipvs->services;
	struct dest *dest = dest_get(services, conn->dest);
	struct service *svc = service_get(services, dest->service);

	if (dir == CONN_IN)
		service_count_in(svc, dest, bytes);
	else
		service_count_out(svc, dest, bytes);
}

static void track_server(struct conn *conn, const struct rte_tcp_hdr *th, uint32_t payload)
{
	uint32_t next_seq = rte_be_to_cpu_32(th->sent_seq) + payload +
			    !!(th->tcp_flags & RTE_TCP_SYN_FLAG) +
			    !!(th->tcp_flags & RTE_TCP_FIN_FLAG);
	uint32_t ack = rte_be_to_cpu_32(th->recv_ack);

	if (!(th->tcp_flags & RTE_TCP_ACK_FLAG))
		return;
	track_server_at(conn, next_seq, ack);
}

/* Of a segment in pieces, whose first one had the numbers. */
static void track_server_later(struct conn *conn, const struct pkt_meta *meta)
{
	uint32_t end = (uint32_t)meta->fragment_offset + meta->fragment_len;

	if (conn->flags & CONN_RS_SEEN)
		track_server_at(conn, meta->fragment_says + end, conn->last_ack);
}

/* Which segments of the connection come by here? */
static enum tcp_path track_path(const struct conn *conn, enum conn_dir dir)
{
	if (dir == CONN_OUT)
		return TCP_PATH_OUTPUT;
	return conn->flags & CONN_NAT ? TCP_PATH_INPUT : TCP_PATH_INPUT_ONLY;
}

void track_tcp_state(struct conn *conn, enum conn_dir dir, struct dest *dest, uint8_t tcp_flags)
{
	enum tcp_state state = tcp_next_state(track_path(conn, dir), conn->state, tcp_flags);

	if (state == conn->state)
		return;
	conn->state = state;
	if (tcp_state_active(state))
		dest_conn_active(dest, conn);
	else
		dest_conn_inactive(dest, conn);
}

static void track_tcp(struct worker *w, struct rte_mbuf *m, struct conn *conn, enum conn_dir dir)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct rte_tcp_hdr *th = rte_pktmbuf_mtod_offset(m, const struct rte_tcp_hdr *,
							       meta->l4_off);

	if (dir == CONN_OUT)
		track_server(conn, th, meta->l4_len - (th->data_off >> 4) * 4u);
	track_tcp_state(conn, dir, dest_get(w->ipvs->services, conn->dest), th->tcp_flags);
}

static void track_sctp(struct worker *w, struct rte_mbuf *m, struct conn *conn, enum conn_dir dir)
{
	enum sctp_path path = dir == CONN_OUT          ? SCTP_PATH_OUTPUT
			      : conn->flags & CONN_NAT ? SCTP_PATH_INPUT
						       : SCTP_PATH_INPUT_ONLY;
	struct dest *dest = dest_get(w->ipvs->services, conn->dest);

	conn->state = sctp_next_state(path, conn->state, sctp_tells(m));
	if (conn->state == SCTP_ESTABLISHED)
		dest_conn_active(dest, conn);
	else
		dest_conn_inactive(dest, conn);
}

static void track_state(struct worker *w, struct rte_mbuf *m, struct conn *conn, enum conn_dir dir)
{
	bool later = pkt_meta(m)->flags & META_FRAGMENT_LATER;

	if (conn->proto == IPPROTO_TCP) {
		if (likely(!later))
			track_tcp(w, m, conn, dir);
		else if (dir == CONN_OUT)
			track_server_later(conn, pkt_meta(m));
	} else if (conn->proto != IPPROTO_SCTP) {
		conn->state = udp_next_state(dir, conn->state);
	} else if (!later) {
		track_sctp(w, m, conn, dir);
	}
}

uint32_t track_timeout_s(const struct worker *w, const struct conn *conn)
{
	const struct ipvs_config *config = &w->ipvs->config;
	uint32_t own = dest_get(w->ipvs->services, conn->dest)->conn_timeout_s;

	if (conn->proto == IPPROTO_TCP)
		return own && conn->state == TCP_ESTABLISHED ? own
							     : config->tcp_timeout_s[conn->state];
	if (conn->proto == IPPROTO_SCTP)
		return own && conn->state == SCTP_ESTABLISHED ? own : sctp_timeouts_s[conn->state];
	if (own)
		return own;
	return proto_is_icmp(conn->proto) ? ECHO_TIMEOUT_S : config->udp_timeout_s[conn->state];
}

void track_packet(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir)
{
	const struct pkt_meta *meta = pkt_meta(m);
	struct conn *conn = conn_get(w->ipvs->conns, id);

	track_state(w, m, conn, dir);
	if (unlikely(conn->flags & CONN_TEMPLATE) && conn->state == STATE_ANSWERED) {
		template_conn_assured(w, conn_cold(w->ipvs->conns, id));
		conn->flags &= (uint16_t)~CONN_TEMPLATE;
	}
	conn_set_timeout(w->ipvs->conns, id, track_timeout_s(w, conn), w->now_ms);
	track_count(w, conn, (uint32_t)meta->l3_len + meta->l4_len, dir);
}
