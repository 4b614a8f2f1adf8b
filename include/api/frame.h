/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * api/frame: what goes over the daemon's unix stream socket, and the one list
 * of requests. A client sends frames and gets one answer to each, in order:
 *
 *	request frame:  struct api_frame, then `count` times
 *	                (struct api_request, body, padding to 8 bytes)
 *	reply frame(s): struct api_frame, then for each request that was run
 *	                (struct api_reply, body, padding to 8 bytes)
 *
 * Requests of a frame are run in order up to the first that fails, or all
 * when API_FRAME_KEEP_GOING is set. The reply is sent when every worker has
 * what the frame changed. A long reply comes in several frames, all but the
 * last with API_FRAME_MORE; a listing that does not fit one reply goes on in
 * the next reply with the same `index`, all but the last with API_REPLY_MORE.
 * The body of a failed reply is its text (UTF-8, no NUL); that of a listing
 * is a sequence of items: struct api_item, object, padding to 8 bytes.
 *
 * A frame with a wrong magic, version or length is answered by one reply with
 * index 0, id 0 and a negative status, and the connection is closed.
 */
#ifndef API_FRAME_H
#define API_FRAME_H

#include "api/types.h"

#define API_SOCKET_PATH "/var/run/dpvs.ipc"
#define API_SOCKET_ENV  "DPVS_IPC_FILE"

#define API_MAGIC          0x53565044u /* "DPVS" */
#define API_VERSION        2
#define API_FRAME_MAX      (4u << 20)   /* most bytes of a request frame, header included */
#define API_FRAME_REQUESTS 65536u       /* most requests in one frame */
#define API_REPLY_CHUNK    (256u << 10) /* a listing's reply is cut at about this many bytes */

enum api_frame_flag {
	API_FRAME_KEEP_GOING = 1, /* request: go on behind a failure */
	API_FRAME_MORE = 2,       /* reply: another frame follows */
};

struct api_frame {
	uint32_t magic;
	uint16_t version;
	uint16_t flags; /* enum api_frame_flag */
	uint32_t len;   /* of the whole frame, this header included, bytes */
	uint32_t count; /* requests or replies in it */
};

struct api_request {
	uint16_t id;       /* enum api_id */
	uint16_t reserved; /* 0 */
	uint32_t len;      /* of the body, without padding */
};

enum api_reply_flag {
	API_REPLY_MORE = 1, /* the listing goes on in the next reply */
};

struct api_reply {
	uint16_t id;
	uint16_t flags; /* enum api_reply_flag */
	int32_t status; /* 0 or -errno */
	uint32_t index; /* which request of the frame, from 0 */
	uint32_t len;   /* of the body, without padding */
};

struct api_item {
	uint16_t kind; /* enum api_kind */
	uint16_t reserved;
	uint32_t len; /* of the object, without padding */
};

#define API_ALIGN(n) (((uint32_t)(n) + 7u) & ~7u)

/* X(ID, number, access, body): access GET reads, SET changes. The body has exactly this type. */
#define API_REQUESTS(X)                                      \
	X(HELLO, 1, GET, struct api_hello)                   \
	X(ADDR_ADD, 16, SET, struct api_addr)                \
	X(ADDR_SET, 17, SET, struct api_addr)                \
	X(ADDR_DEL, 18, SET, struct api_addr)                \
	X(ADDR_FLUSH, 19, SET, struct api_filter)            \
	X(ADDR_LIST, 20, GET, struct api_filter)             \
	X(ROUTE_ADD, 32, SET, struct api_route)              \
	X(ROUTE_SET, 33, SET, struct api_route)              \
	X(ROUTE_DEL, 34, SET, struct api_route)              \
	X(ROUTE_FLUSH, 35, SET, struct api_filter)           \
	X(ROUTE_LIST, 36, GET, struct api_filter)            \
	X(ROUTE_REPLACE, 37, SET, struct api_route)          \
	X(ROUTE_MULTI, 38, SET, struct api_route_multi)      \
	X(ROUTE_GET, 39, GET, struct api_route_get)          \
	X(NEIGH_ADD, 48, SET, struct api_neigh)              \
	X(NEIGH_SET, 49, SET, struct api_neigh)              \
	X(NEIGH_DEL, 50, SET, struct api_neigh)              \
	X(NEIGH_FLUSH, 51, SET, struct api_filter)           \
	X(NEIGH_LIST, 52, GET, struct api_filter)            \
	X(MADDR_LIST, 56, GET, struct api_filter)            \
	X(LINK_SET, 64, SET, struct api_link_set)            \
	X(LINK_LIST, 65, GET, struct api_filter)             \
	X(LINK_ADD, 66, SET, struct api_link_add)            \
	X(LINK_DEL, 67, SET, struct api_link_del)            \
	X(LINK_FLUSH, 68, SET, struct api_empty)             \
	X(KNI_LIST, 72, GET, struct api_filter)              \
	X(KNI_FLUSH, 73, SET, struct api_filter)             \
	X(LINK_RESET, 74, SET, struct api_link_set)          \
	X(VLAN_ADD, 69, SET, struct api_vlan)                \
	X(VLAN_DEL, 70, SET, struct api_vlan)                \
	X(VLAN_LIST, 71, GET, struct api_vlan)               \
	X(STATS_LIST, 80, GET, struct api_stats_filter)      \
	X(MONITOR, 88, GET, struct api_monitor)              \
	X(SERVICE_ADD, 96, SET, struct api_service)          \
	X(SERVICE_SET, 97, SET, struct api_service)          \
	X(SERVICE_DEL, 98, SET, struct api_service_key)      \
	X(SERVICE_FLUSH, 99, SET, struct api_empty)          \
	X(SERVICE_ZERO, 100, SET, struct api_service_key)    \
	X(SERVICE_LIST, 101, GET, struct api_service_filter) \
	X(TIMEOUT_SET, 104, SET, struct api_timeouts)        \
	X(TIMEOUT_GET, 105, GET, struct api_empty)           \
	X(TIMEOUT_RESET, 106, SET, struct api_timeouts)      \
	X(DEST_ADD, 112, SET, struct api_dest)               \
	X(DEST_SET, 113, SET, struct api_dest)               \
	X(DEST_DEL, 114, SET, struct api_dest)               \
	X(LADDR_ADD, 128, SET, struct api_laddr)             \
	X(LADDR_DEL, 129, SET, struct api_laddr)             \
	X(LADDR_LIST, 130, GET, struct api_service_filter)   \
	X(CONN_LIST, 144, GET, struct api_conn_filter)       \
	X(MARK_ADD, 168, SET, struct api_mark)               \
	X(MARK_DEL, 169, SET, struct api_mark)               \
	X(MARK_FLUSH, 170, SET, struct api_mark)             \
	X(MARK_LIST, 171, GET, struct api_mark)              \
	X(TUNNEL_ADD, 75, SET, struct api_tunnel_device)     \
	X(TUNNEL_SET, 76, SET, struct api_tunnel_device)     \
	X(TUNNEL_DEL, 77, SET, struct api_tunnel_device)     \
	X(TUNNEL_LIST, 78, GET, struct api_tunnel_device)    \
	X(TUNNEL_REPLACE, 79, SET, struct api_tunnel_device) \
	X(IPVS_INFO, 162, GET, struct api_empty)

enum api_id {
#define X(id, number, access, body) API_##id = number,
	API_REQUESTS(X)
#undef X
};

/* What an item of a listing is. */
enum api_kind {
	API_KIND_HELLO = 1,
	API_KIND_ADDR,
	API_KIND_ROUTE, /* a struct api_route, and its gateways if it has several */
	API_KIND_NEIGH,
	API_KIND_LINK,
	API_KIND_STAT,
	API_KIND_SERVICE, /* followed by its API_KIND_DEST items */
	API_KIND_DEST,
	API_KIND_LADDR,
	API_KIND_CONN,
	API_KIND_XSTAT, /* a struct api_stat behind the link it belongs to */
	API_KIND_MADDR,
	API_KIND_KNI,
	API_KIND_REASON,
	API_KIND_TIMEOUTS,
	API_KIND_VLAN,
	API_KIND_LINK_ADD,
	API_KIND_LINK_SET, /* a struct api_link_set: a setting that LINK_SET has changed */
	API_KIND_IPVS_INFO = 51,
	API_KIND_MARK = 60,
	API_KIND_TUNNEL = 75,
	API_KIND_EVENT = 88, /* a struct api_event, and the object it is about */
};

struct api_empty {
	uint64_t reserved; /* 0 */
};

/* HELLO: the request's fields are 0; the reply has one item. */
struct api_hello {
	char version[32];
	uint32_t pid;
	uint32_t workers; /* without the master */
	uint64_t uptime_s;
};

/* What a listing or flush is about; a zero field means any. */
struct api_filter {
	uint32_t cpu; /* listings only: 0 the master's tables, N worker N's own */
	uint16_t family;
	uint16_t flags; /* enum api_filter_flag */
	char dev[API_NAME_LEN];
};

enum api_filter_flag {
	API_FILTER_XSTATS = 1,  /* links: the driver's own counters too */
	API_FILTER_STATS = 2,   /* addresses: their local ports too */
	API_FILTER_WORKERS = 8, /* addresses: the master's, then each worker's own */
	API_FILTER_ADDED = 4, /* links: instead, what LINK_ADD made those of that it has added, and
			       * what LINK_SET has changed */
};

#endif
