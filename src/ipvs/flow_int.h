/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/flow_int: what the files of the flow stage offer each other. */
#ifndef IPVS_FLOW_INT_H
#define IPVS_FLOW_INT_H

#include <stdbool.h>
#include <stdint.h>

#include "ipvs/conn_int.h"
#include "ipvs/service.h"
#include "ipvs/session.h"
#include "packet/batch.h"
#include "packet/meta.h"

struct adj;
struct rte_mbuf;
struct route_flow;
struct worker;

/* What the packets of a run add to their service's counters. */
struct flow_count {
	uint32_t service; /* SERVICE_NONE: nothing counted yet */
	uint64_t sum[2];  /* by enum conn_dir: FLOW_COUNT_PACKET for each, and bytes */
};
#define FLOW_COUNT_SHIFT  32
#define FLOW_COUNT_PACKET (UINT64_C(1) << FLOW_COUNT_SHIFT)
_Static_assert(UINT64_C(65536 + 40) * BATCH_MAX < FLOW_COUNT_PACKET,
	       "bytes stay below the packets");

/* What is the same for all packets of a vector. flow_begin() sets each field, but those that say
 * what last_service is, and the numbers of count while that is of no service. */
struct flow_run {
	struct worker *w;
	struct conn_table *conns;
	struct service_table *services;
	struct dest *dests;
	struct adj *adjs;
	const uint32_t *stamps;
	uint64_t now_ms;
	uint32_t tcp_deadline;    /* of an established connection, */
	uint32_t udp_deadline[2]; /* ... and by state, unless the service has its own timeout */
	uint16_t ttl_step;        /* in host order: what is taken from the TTL, 1 or 0, */
	uint16_t ttl_delta;       /* and what that makes in a checksum */
	uint64_t mac; /* of the port they came in by: its bytes as loaded, the upper two 0 */
	uint32_t new_allowed; /* connections that may still be opened, SHED_NOTHING: any number */
	struct flow_count count;
	struct flow_tagged *tagged;   /* they came with these tags; NULL: without */
	struct service *last_service; /* what flow_new_service() said last, NULL: nothing */
	uint64_t last_vip;            /* ... of this address, port and protocol, */
	union ip_addr last_dst;       /* ... whose address, if IPv6, is here */
};

/* Packets of one VLAN, whose tags have been taken out. */
struct flow_tagged {
	uint16_t port;
	uint64_t left, left_bytes; /* those that got them back */
};

/* Of clients of one family. */
struct flow_new {
	uint32_t n;
	struct flow_new_one {
		struct rte_mbuf *m;
		uint32_t at; /* in the vector */
		union {
			struct conn_new4 four;
			struct conn_new6 six;
		} entry;
		struct tuple tuple;
		struct session_opening opening;
	} ones[BATCH_BURST];
};

void flow_begin(struct worker *w, struct flow_run *run);
void flow_end(struct flow_run *run);

/* What of a vector is not of the family that it was taken for. */
struct flow_others {
	uint32_t n, n_tagged;
	struct rte_mbuf *pkts[BATCH_BURST];
	struct rte_mbuf *tagged[BATCH_BURST];
};

/* A vector goes on, or to the slow path. true: but for others->tagged, which are the caller's
 * again. */
bool flow_burst(struct flow_run *run, struct rte_mbuf **pkts, uint32_t n,
		struct flow_others *others);

#define SHED_NOTHING UINT32_MAX

/* In overload, before a vector: how many connections may be opened. */
uint32_t flow_shed_begin(struct worker *w);

/*
 * In overload: a packet that would open a connection beyond run->new_allowed is dropped. true: it
 * was.
 */
bool flow_shed(struct flow_run *run, struct rte_mbuf *m);

/* The same of one that opens a connection for sure. */
bool flow_shed_new(struct worker *w, struct rte_mbuf *m, uint32_t *allowed);

/* Of a packet of either family. */
union flow_tuple {
	struct tuple4 four;
	struct tuple six;
};

/* A connection's line; its class tells which. */
union flow_line {
	struct conn_line4 *four;
	struct conn_line6 *six;
};

/* May this stage take it, as far as the packet itself tells? Then its family and tuple; else 0. */
unsigned int flow_parse(const struct flow_run *run, const struct rte_mbuf *m,
			union flow_tuple *tuple);

/* A packet from its Ethernet header on; more may come in front of it. */
struct flow_frame {
	uint8_t *at;
	uint16_t room; /* bytes in front of it that may be written */
	uint16_t len;  /* of a packet that goes on */
};

/*
 * The packet in `frame` (parsed, of that family) goes on as the line's connection to or from that
 * server says: rewritten, counted. The adjacency that it takes; NULL: this stage cannot, nothing
 * was changed but what is remembered.
 */
struct adj *flow_forward(struct flow_run *run, unsigned int family, union flow_line line,
			 enum conn_dir dir, struct dest *dest, struct flow_frame *frame);

/*
 * Of the modes beside the straight line, and of a connection that crosses: the packet, of the
 * connection `id`, goes to its port. false: this stage cannot, as above.
 */
bool flow_aside4(struct flow_run *run, struct rte_mbuf *m, union flow_line line, uint32_t id,
		 enum conn_dir dir, struct dest *dest);
bool flow_aside6(struct flow_run *run, struct rte_mbuf *m, union flow_line line, uint32_t id,
		 enum conn_dir dir, struct dest *dest);
bool flow_cross4(struct flow_run *run, struct rte_mbuf *m, struct conn_line6 *line, uint32_t id,
		 enum conn_dir dir);
bool flow_cross6(struct flow_run *run, struct rte_mbuf *m, struct conn_line6 *line, uint32_t id,
		 enum conn_dir dir);

/* The same steps, as flow_forward(). */
struct adj *flow_aside(struct flow_run *run, union flow_line line, enum conn_dir dir,
		       struct dest *dest, struct flow_frame *frame, bool six);
struct adj *flow_cross(struct flow_run *run, struct conn_line6 *line, enum conn_dir dir,
		       struct dest *dest, struct flow_frame *frame);

/* Is its client of another family than its server? */
static inline bool flow_crosses(const struct conn_line6 *line)
{
	return line->key[CONN_IN].family != line->key[CONN_OUT].family;
}

/*
 * The way to an address for the packet in `frame` (parsed, not rewritten) alone, where it depends
 * on more than the address; the adjacency of ADJ_NONE, which takes no packet: there is none.
 */
struct adj *flow_way(struct flow_run *run, const uint8_t *frame, unsigned int family,
		     const union ip_addr *to);

/* What names the flow of the packet at `ip`, parsed; it points to *tuple. */
struct route_flow flow_of(const uint8_t *ip, struct tuple *tuple);

/* The same of the first packet of a connection, from the client. Its deadline is not touched. */
struct adj *flow_forward_first(struct flow_run *run, unsigned int family, union flow_line line,
			       struct dest *dest, struct flow_frame *frame);
struct adj *flow_aside_first(struct flow_run *run, union flow_line line, struct dest *dest,
			     struct flow_frame *frame, bool six);
struct adj *flow_cross_first(struct flow_run *run, struct conn_line6 *line, struct dest *dest,
			     struct flow_frame *frame);

/* The deadline of a connection of this server that has just seen its first packet. */
uint32_t flow_deadline_first(const struct flow_run *run, const struct conn *conn,
			     const struct dest *dest);

/*
 * The service whose connection such a packet, parsed and of no connection, may open in this stage,
 * and its tuple as others know it. NULL: it must not.
 */
struct service *flow_new_service(struct flow_run *run, const struct rte_mbuf *m,
				 const union flow_tuple *from, struct tuple *tuple, bool six);

/*
 * m, parsed, of no connection and not behind another packet of its own, was taken into `new` or
 * dropped; false: it is for the slow path.
 */
bool flow_new_take(struct flow_run *run, struct flow_new *new, struct rte_mbuf *m, uint32_t at,
		   const union flow_tuple *tuple, bool six);

/* Before those that were taken are made: for the memory of their entries. */
void flow_new_ask(const struct flow_run *run, const struct flow_new *new, bool six);

enum flow_made {
	FLOW_MADE,
	FLOW_MADE_DROPPED, /* there is none, and its packet was dropped */
	FLOW_MADE_LEFT,    /* there is none yet; its packet is for the slow path */
};

/* The connection of one that was taken, still without a deadline, in *made. */
enum flow_made flow_new_make(struct flow_run *run, const struct flow_new_one *one, uint32_t *made,
			     bool six);

#endif
