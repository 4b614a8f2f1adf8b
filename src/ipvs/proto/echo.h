/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/proto/echo: connections of ICMP echo, of either family: all requests of
 * one client with one identifier to one address. The identifier stands where
 * the client's port would: in a request's source port, in a reply's destination
 * port (net/l4); the other port is 0. The request is a first packet like any
 * other, and there is no state but whether it was answered.
 */
#ifndef IPVS_PROTO_ECHO_H
#define IPVS_PROTO_ECHO_H

#include <stdbool.h>
#include <stdint.h>

#include <netinet/in.h>

#define ECHO_TIMEOUT_S  300
#define ECHO_STATE_NAME "ICMP_NORMAL"

static inline bool proto_is_icmp(uint8_t proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

#endif
