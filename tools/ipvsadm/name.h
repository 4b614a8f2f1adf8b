/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvsadm: endpoints as text, both ways, with names of hosts and ports where
 * the user wants or gave them.
 */
#ifndef IPVSADM_NAME_H
#define IPVSADM_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "api/ipvs.h"

#define NAME_LEN 1088 /* a host's and a port's name, NUL included */

struct name_endpoint {
	union api_ip addr;
	uint16_t family;
	be16 port;
	be16 port_last; /* 0: it is no range */
	bool has_port;
};

/*
 * HOST[:PORT], [V6]:PORT or a bare V6; names are looked up (ports of the protocol). family 0: any.
 * 0, or -EINVAL with what is wrong in *why.
 */
int name_parse(const char *text, uint16_t family, uint16_t protocol, struct name_endpoint *out,
	       const char **why);

/* The same where HOST:FIRST-LAST may be, too, a range of ports in numbers. */
int name_parse_range(const char *text, uint16_t protocol, struct name_endpoint *out,
		     const char **why);

/* Both ends of a connection's packets, ipv4:IP:PORT:IP:PORT or ipv6:[IP]:PORT:[IP]:PORT, into the
 * filter's pair. 0 or -EINVAL. */
int name_pair(const char *text, struct api_conn_filter *filter);

/* A server, with its range of ports if it has one. */
const char *name_dest(const struct api_dest *dest, bool numeric, char *buf);

/* "1.2.3.4:80", "[::1]:80", or names unless numeric; buf of NAME_LEN; returns buf. */
const char *name_of(uint16_t family, const union api_ip *ip, be16 port, uint16_t protocol,
		    bool numeric, char *buf);

/* "TCP", "UDP", "SCTP", "FWM", "MATCH". */
const char *name_protocol(const struct api_service_key *key);

/* A service without its protocol: an endpoint, the mark, or the match; buf of NAME_LEN; returns
 * buf. */
const char *name_service(const struct api_service_key *key, bool numeric, char *buf);

bool name_key_is_any(const struct api_service_key *key);

#endif
