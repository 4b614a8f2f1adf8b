/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/ip: the stages that IPv4 and IPv6 share, from routing to output, and what
 * is said to a sender whose packet is not carried. Behind ip4-input and
 * ip6-input the family stands in the packet's meta; what differs on the wire is
 * in the files of the families.
 */
#ifndef NET_IP_H
#define NET_IP_H

#include "net/route.h"
#include "packet/meta.h"
#include "worker/stage.h"

stage_fn ip_route;   /* → IP_LOCAL, KERNEL_TX, IP_FORWARD */
stage_fn ip_local;   /* for us */
stage_fn ip_forward; /* → IP_OUTPUT */
stage_fn ip_output;  /* → NEIGH_OUTPUT */

/* Why a packet comes back to its sender, in the words of both families. */
enum ip_error {
	IP_ERROR_NO_ROUTE,
	IP_ERROR_PROHIBITED,   /* by administration */
	IP_ERROR_HOST,         /* its neighbour does not answer */
	IP_ERROR_SCOPE,        /* beyond what its source address means (IPv6) */
	IP_ERROR_PORT,         /* nobody listens */
	IP_ERROR_PROTOCOL,     /* nobody speaks it; IPv6, value: where it is named */
	IP_ERROR_HEADER,       /* value: where a header is wrong */
	IP_ERROR_OPTION,       /* value: where an option is that nobody knows */
	IP_ERROR_CHAIN,        /* a first fragment without all headers (IPv6) */
	IP_ERROR_TOO_BIG,      /* value: the way's MTU */
	IP_ERROR_TTL,          /* time to live, hop limit */
	IP_ERROR_REASSEMBLY,   /* its other fragments have not come in time */
	IP_ERROR_SOURCE_ROUTE, /* its sender wants to choose the way (IPv4) */
	IP_ERROR__COUNT
};

/*
 * May routers cut it? IPv6 packets are cut by their senders alone. A tunnel's sender are we; and
 * there is no smaller size that an IPv6 sender could be told of than the smallest MTU (RFC
 * 2473 7.1).
 */
bool ip_may_be_cut(const struct rte_mbuf *m, unsigned int family, bool tunnel);

/* What a packet of `family` may be long behind `more` bytes of headers on a way of this MTU; never
 * less than its sender can understand. */
uint16_t ip_inner_mtu(unsigned int family, uint16_t mtu, uint16_t more);

/*
 * An ICMP error about m, whose data is at its IP header and whose meta is set; m stays the
 * caller's. From `src`, or if that is NULL from the address that addr_select() gives. Rate-limited;
 * never about errors, later fragments, broadcasts, or sources that cannot be answered.
 */
void ip_send_error(struct worker *w, struct rte_mbuf *m, enum ip_error what, uint32_t value,
		   const union ip_addr *src);

/* The same for what routes say: nothing of a blackhole; `none` where there is no route. */
void ip_send_no_way(struct worker *w, struct rte_mbuf *m, enum route_verdict verdict,
		    enum ip_error none, const union ip_addr *src);

/* The TCP reset that answers m (RFC 9293 3.10.7.1), unless m is one itself. Rate-limited. m stays
 * the caller's. */
void tcp_send_reset(struct worker *w, struct rte_mbuf *m);

/* The same of SCTP, in the way of RFC 9260 8.4: an ABORT, mostly. */
void sctp_send_abort(struct worker *w, struct rte_mbuf *m);

#endif
