/* SPDX-License-Identifier: BSD-3-Clause */
/* api/link: ports (`dpip link`). */
#ifndef API_LINK_H
#define API_LINK_H

#include "api/frame.h"

enum api_link_flag {
	API_LINK_ADMIN_UP = 1,
	API_LINK_CARRIER = 2,
	API_LINK_FULL_DUPLEX = 4,
	API_LINK_AUTONEG = 8,
	API_LINK_PROMISC = 16,
	API_LINK_ALLMULTICAST = 32,
	API_LINK_RX_IP_CSUM = 64,
	API_LINK_TX_IP_CSUM = 128,
	API_LINK_TX_TCP_CSUM = 256,
	API_LINK_TX_UDP_CSUM = 512,
	API_LINK_TX_FAST_FREE = 1024,
	API_LINK_RSS = 2048,
	API_LINK_ADDED = 4096, /* by LINK_ADD, not by the conf file */
	API_LINK_BOND = 8192,  /* a bonding: its mode and members count */
	API_LINK_FORWARD2KNI = 16384,
	API_LINK_TUNNEL = 32768, /* of the mode that driver says, without a MAC address */
};

#define API_LINK_MEMBERS 16 /* of a bonding */

enum api_member_flag {
	API_MEMBER_CARRIER = 1,
	API_MEMBER_ACTIVE = 2, /* may carry traffic */
	API_MEMBER_PRIMARY = 4,
};

struct api_link_member {
	char name[API_NAME_LEN];
	uint32_t flags; /* enum api_member_flag */
	uint32_t speed_mbps;
};

enum api_link_what {
	API_LINK_SET_UP = 1,       /* value 0, 1 */
	API_LINK_SET_PROMISC,      /* value 0, 1 */
	API_LINK_SET_ALLMULTICAST, /* value 0, 1 */
	API_LINK_SET_MTU,          /* value bytes */
	API_LINK_SET_MAC,          /* mac */
	API_LINK_SET_FORWARD2KNI,  /* value 0, 1 */
	API_LINK__WHATS,
};

/* LINK_SET; LINK_RESET makes of what was set what it was before, value and mac are ignored. */
struct api_link_set {
	char dev[API_NAME_LEN];
	uint32_t what; /* enum api_link_what */
	uint32_t value;
	uint8_t mac[6];
	uint8_t reserved[2];
};

/* What a link is made of. */
enum api_link_kind {
	API_LINK_VDEV = 1, /* a device of a driver's own: "net_tap0,iface=x" */
	API_LINK_PCI,      /* "0000:06:00.0" */
	API_LINK__KINDS,
};

struct api_link_add {
	char name[API_NAME_LEN];
	uint32_t kind; /* enum api_link_kind */
	uint32_t mtu;  /* here and below: 0 is what a device block without that line has */
	uint32_t rx_descriptors;
	uint32_t tx_descriptors;
	char device[256]; /* which one, and its arguments */
};

struct api_link_del {
	char dev[API_NAME_LEN];
};

/* An item of LINK_LIST. */
struct api_link {
	char name[API_NAME_LEN];
	char driver[API_NAME_LEN];
	char device[64];             /* what DPDK calls it */
	char steering[API_NAME_LEN]; /* how packets find their worker */
	uint32_t index;              /* from 1 */
	uint32_t socket;
	uint32_t mtu;
	uint32_t flags; /* enum api_link_flag */
	uint32_t speed_mbps;
	uint16_t rx_queues;
	uint16_t tx_queues;
	uint16_t rx_descriptors;
	uint16_t tx_descriptors;
	uint8_t mac[6];
	uint8_t reserved[6];
	uint64_t rx_packets, tx_packets;
	uint64_t rx_bytes, tx_bytes;
	uint64_t rx_errors; /* bad frames, as the port counts them */
	uint64_t tx_errors;
	uint64_t rx_missed;   /* no descriptor was free */
	uint64_t rx_nombuf;   /* no mbuf was free */
	uint64_t rx_overruns; /* the device's own memory was full, as far as its driver tells */
	uint64_t tx_dropped;  /* our own: transmit queue full */
	uint64_t mbuf_avail, mbuf_inuse;
	char link[API_NAME_LEN]; /* what it stands on; "" for a device */
	uint16_t vlan_proto;     /* of a VLAN, host order; else 0 */
	uint16_t vlan_id;
	uint16_t bond_mode; /* of a bonding, as in Linux */
	uint16_t n_members;
	struct api_link_member members[API_LINK_MEMBERS];
};

#endif
