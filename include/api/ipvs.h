/* SPDX-License-Identifier: BSD-3-Clause */
/* api/ipvs: virtual services, real servers, local addresses, connections (`ipvsadm`). */
#ifndef API_IPVS_H
#define API_IPVS_H

#include "api/frame.h"

enum api_forward {
	API_FORWARD_NAT = 0,
	API_FORWARD_LOCAL = 1,
	API_FORWARD_TUNNEL = 2,
	API_FORWARD_DR = 3,
	API_FORWARD_FNAT = 5,
	API_FORWARD_SNAT = 6,
};

/* How API_FORWARD_TUNNEL wraps packets up; numbers and flags are those of linux/ip_vs.h. */
enum api_tunnel {
	API_TUNNEL_IPIP = 0,
	API_TUNNEL_GUE = 1, /* over UDP, to port tun_port */
	API_TUNNEL_GRE = 2,
	API_TUNNEL__COUNT
};

enum api_tunnel_flag {
	API_TUNNEL_CSUM = 1,    /* GUE, GRE: with a checksum */
	API_TUNNEL_REMCSUM = 2, /* GUE: for packets whose checksum is complete the same */
};

enum api_service_flag {
	API_SERVICE_PERSISTENT = 1,
	API_SERVICE_ONEPACKET = 2,
	API_SERVICE_SCHED1 = 4,
	API_SERVICE_SCHED2 = 8,
	API_SERVICE_SCHED3 = 16,
	API_SERVICE_HASH_QID = 32, /* conhash: by QUIC connection id */
};

/* Ranges of addresses and ports, from the first to the last; all zero: any. Devices: "": any. */
struct api_match {
	union api_ip src_first, src_last, dst_first, dst_last;
	be16 sport_first, sport_last, dport_first, dport_last;
	char iif[API_NAME_LEN], oif[API_NAME_LEN];
};

/*
 * family, protocol, address and port; or a firewall mark and family; or family, protocol and a
 * match. All zero: every service.
 */
struct api_service_key {
	union api_ip addr;
	uint16_t family;
	uint16_t protocol; /* IPPROTO_TCP, IPPROTO_UDP */
	be16 port;
	uint16_t reserved;
	uint32_t fwmark;
	uint32_t has_match; /* 1: by `match`, of packets that pass through; else that is zero */
	struct api_match match;
};

/* What SERVICE_SET leaves as it is, whatever the request's fields say. */
enum api_service_keep {
	API_SERVICE_KEEP_SCHED = 1,       /* and the flags that are its */
	API_SERVICE_KEEP_PERSISTENCE = 2, /* its flag and timeout_s */
	API_SERVICE_KEEP_PLEN = 4,
	API_SERVICE_KEEP_ONEPACKET = 8,
	API_SERVICE_KEEP_CONN_TIMEOUT = 16,
	API_SERVICE_KEEP_ON_REMOVE = 32,
};

/* What happens to the connections of a server that is removed. */
enum api_on_remove {
	API_ON_REMOVE_KEEP,       /* they go on until they end */
	API_ON_REMOVE_RESET,      /* they end, and both sides of a TCP connection are told */
	API_ON_REMOVE_RESCHEDULE, /* they end; the client's next packet may get another server */
	API_ON_REMOVE__COUNT
};

struct api_ipvs_stats {
	uint64_t conns, inpkts, outpkts, inbytes, outbytes;
	uint64_t cps, inpps, outpps, inbps, outbps; /* a second, bytes for *bps */
};

/* SERVICE_ADD (EEXIST), SERVICE_SET (ENOENT), an item of SERVICE_LIST. */
struct api_service {
	struct api_service_key key;
	char sched[API_NAME_LEN];
	uint32_t flags;              /* enum api_service_flag */
	uint32_t timeout_s;          /* persistence */
	uint32_t plen;               /* persistence: prefix length of clients */
	uint32_t conn_timeout_s;     /* 0: the protocol's */
	uint32_t keep;               /* SERVICE_SET: enum api_service_keep */
	uint32_t on_remove;          /* enum api_on_remove */
	uint32_t n_dests;            /* reply */
	uint32_t n_laddrs;           /* reply */
	struct api_ipvs_stats stats; /* reply */
};

enum api_dest_flag {
	API_DEST_OVERLOAD = 1, /* reply */

	/* DEST_SET leaves these as they are, whatever the request's fields say */
	API_DEST_KEEP_FORWARD = 2,
	API_DEST_KEEP_WEIGHT = 4,
	API_DEST_KEEP_UPPER = 8,
	API_DEST_KEEP_LOWER = 16,
};

/* DEST_ADD (EEXIST, ENOENT for the service), DEST_SET, DEST_DEL (ENOENT), an item of SERVICE_LIST.
 */
struct api_dest {
	struct api_service_key service;
	union api_ip addr;
	uint16_t family;
	be16 port;
	uint16_t forward; /* enum api_forward */
	uint16_t flags;   /* enum api_dest_flag */
	uint32_t weight;  /* 0 … 65535 */
	uint32_t upper;   /* thresholds, 0: none */
	uint32_t lower;
	uint16_t tun_type;  /* enum api_tunnel; with API_FORWARD_TUNNEL only, as the next two */
	uint16_t tun_flags; /* enum api_tunnel_flag */
	be16 tun_port;
	be16 port_last;      /* API_FORWARD_SNAT: the public ports are `port` to this one; 0: all */
	uint32_t active;     /* reply */
	uint32_t inactive;   /* reply */
	uint32_t persistent; /* reply */
	struct api_ipvs_stats stats; /* reply */
};

/* LADDR_ADD (EEXIST), LADDR_DEL (ENOENT), an item of LADDR_LIST. */
struct api_laddr {
	struct api_service_key service;
	union api_ip addr;
	uint16_t family;
	uint16_t reserved[3];
	char dev[API_NAME_LEN];
	uint64_t conflicts; /* reply: no free port */
	uint64_t conns;     /* reply: connections that use it for this service */
};

enum api_service_filter_flag {
	API_SERVICE_DESTS = 1, /* each service is followed by its servers */
};

struct api_service_filter {
	struct api_service_key key; /* all zero: every service */
	uint32_t cpu;               /* 0: sums; N: worker N's own counters */
	uint32_t flags;             /* enum api_service_filter_flag */
};

/*
 * TIMEOUT_SET, where 0 leaves one as it is, the item of TIMEOUT_GET, and TIMEOUT_RESET, which
 * makes all of them what the conf file says. Seconds.
 */
struct api_timeouts {
	uint32_t tcp_s; /* established */
	uint32_t tcp_fin_s;
	uint32_t udp_s;
	uint32_t changed; /* of an answer: API_TIMEOUT_*, those that are not as the conf file has
			     them */
};

enum api_timeout {
	API_TIMEOUT_TCP = 1,
	API_TIMEOUT_TCP_FIN = 2,
	API_TIMEOUT_UDP = 4,
};

/* The daemon answers CONN_LIST by any number of items, worker by worker. */
struct api_conn_filter {
	struct api_service_key key; /* all zero: every service */
	uint32_t cpu;               /* 0: every worker */
	/* of one connection (of each protocol), either of its sides, packets of either direction;
	 * family 0: all, then the rest is 0 */
	uint16_t pair_family;
	uint16_t reserved;
	union api_ip pair_src, pair_dst;
	be16 pair_sport, pair_dport;
	uint32_t reserved2;
};

enum api_conn_flag {
	API_CONN_TEMPLATE =
		1, /* of a persistent service's client: no connection, but what its next one gets */
};

struct api_conn {
	union api_ip caddr, vaddr, laddr, daddr;
	uint16_t family;
	uint16_t protocol;
	be16 cport, vport, lport, dport;
	uint16_t forward; /* enum api_forward */
	uint16_t worker;
	uint32_t timeout_s;     /* configured, of the state it is in */
	uint32_t left_s;        /* remaining */
	char state[16];         /* as ipvsadm prints it: TCP_EST, UDP_NORM, … */
	uint32_t flags;         /* enum api_conn_flag */
	uint16_t server_family; /* of daddr */
	uint16_t local_family;  /* of laddr; 0: there is none */
};

/* An item of IPVS_INFO. */
struct api_ipvs_info {
	uint32_t conn_max; /* most connections of all workers together */
	uint32_t reserved;
};

#endif
