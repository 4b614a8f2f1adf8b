/* SPDX-License-Identifier: BSD-3-Clause */
/* api/tunnel: tunnels, which are links whose packets travel inside others (`dpip tunnel`). */
#ifndef API_TUNNEL_H
#define API_TUNNEL_H

#include "api/frame.h"

/* As ip(8) calls them. */
enum api_tunnel_mode {
	API_TUNNEL_MODE_IPIP = 1, /* IPv4 in IPv4 */
	API_TUNNEL_MODE_GRE,      /* both families in IPv4 */
	API_TUNNEL_MODE_SIT,      /* IPv6 in IPv4 */
	API_TUNNEL_MODE_IPIP6,    /* IPv4 in IPv6 */
	API_TUNNEL_MODE_IP6IP6,   /* IPv6 in IPv6 */
	API_TUNNEL_MODE_IP6GRE,   /* both families in IPv6 */
	API_TUNNEL_MODE__COUNT,
};

/* GRE: in and out are told apart. */
enum api_tunnel_gre_flag {
	API_TUNNEL_GRE_KEY = 1,
	API_TUNNEL_GRE_CSUM = 2,
	API_TUNNEL_GRE_SEQ = 4,
};

/* What TUNNEL_SET changes, and what TUNNEL_LIST is to compare; an item has all. */
enum api_tunnel_given {
	API_TUNNEL_MODE = 1,
	API_TUNNEL_REMOTE = 2,
	API_TUNNEL_LOCAL = 4,
	API_TUNNEL_LINK = 8,
	API_TUNNEL_TTL = 16,
	API_TUNNEL_TOS = 32,
	API_TUNNEL_IKEY = 64,
	API_TUNNEL_OKEY = 128,
	API_TUNNEL_IFLAGS = 256, /* the checksum alone */
	API_TUNNEL_OFLAGS = 512,
	API_TUNNEL_ISEQ = 1024,
	API_TUNNEL_OSEQ = 2048,
};

#define API_TUNNEL_TOS_INHERIT 1 /* tos: the inner packet's; the others are multiples of 4 */

struct api_tunnel_device {
	char name[API_NAME_LEN];
	char link[API_NAME_LEN]; /* the port that its packets leave by; "": as routes say */
	union api_ip remote, local;
	uint32_t ikey, okey; /* host order */
	uint32_t given;      /* enum api_tunnel_given */
	uint8_t mode;        /* enum api_tunnel_mode */
	uint8_t iflags;      /* enum api_tunnel_gre_flag */
	uint8_t oflags;
	uint8_t ttl; /* 0: the inner packet's */
	uint8_t tos;
	uint8_t reserved[3];
	uint32_t index; /* from 1 */
};

#endif
