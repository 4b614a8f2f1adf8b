/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/conn: one worker's connections. All that a packet of an established
 * connection reads and writes lies in one line of 64 bytes (two for IPv6): both
 * tuples and struct conn. What it does not need is in struct conn_cold, in an
 * array beside it; the timer links are in another; the index of one-line
 * buckets (16-bit tags, 32-bit entry numbers) is conn_index.c's. Entries are
 * named by 32-bit ids, all lie in regions that grow by being touched.
 *
 * Two tuples lead to a connection: CONN_IN, as the client's packets arrive
 * (client → virtual service), and CONN_OUT, as the server's arrive (server →
 * local address). Each is the other's rewrite; without CONN_NAT, CONN_OUT is
 * CONN_IN's reverse.
 */
#ifndef IPVS_CONN_H
#define IPVS_CONN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/hash.h"
#include "base/wheel.h"
#include "packet/tuple.h"

struct worker;

enum conn_dir {
	CONN_IN,  /* client → server */
	CONN_OUT, /* server → client */
};

enum conn_flag {
	CONN_TS = 1,          /* the SYN had timestamps: they are shifted by ts_delta */
	CONN_SEQ = 2,         /* sequence numbers are shifted by seq_delta */
	CONN_INACTIVE = 4,    /* counted as inactive at its server */
	CONN_RS_SEEN = 8,     /* last_seq and last_ack are of a segment from the server */
	CONN_LPORT = 16,      /* holds a local port */
	CONN_FLOW = 32,       /* the flow stage forwards its packets straight on */
	CONN_FAR = 128,       /* leads to a host of the world, by a way of its own: far_adj */
	CONN_TEMPLATE = 2048, /* of a template: the first answer assures that */
	CONN_NAT =
		64, /* each direction's packets get the other's tuple, else they stay as they are */
};

#define CONN_FORWARD_SHIFT 12 /* the upper bits of the flags are the forwarding mode */

#define CONN_NONE    UINT32_MAX
#define CONN_TICK_MS 100 /* of the wheel and of deadlines */

struct conn {
	uint8_t proto;
	uint8_t state; /* of its protocol */
	uint16_t zone;
	uint32_t deadline; /* tick at which it expires; packets write this only */
	uint32_t dest;     /* id of its server */
	uint16_t flags;    /* enum conn_flag, and above them enum api_forward */
	uint16_t adj;      /* the flow stage's way to the client, see ipvs/flow */
	uint32_t stamp;    /* ... as of then; 0: not yet */
	union {
		struct {
			uint32_t seq_delta; /* added to the client's sequence numbers on their way
					       in */
			uint32_t ts_delta;  /* added to the client's timestamps on their way in */
		};
		struct { /* where TCP's numbers are not shifted: */
			uint32_t
				far_stamp; /* as stamp and adj, of the way to a host of the world */
			uint16_t far_adj;
		};
	};
	uint32_t last_seq; /* next sequence number the server will send, its numbering */
	uint32_t last_ack; /* what the server has acknowledged last, its numbering */
	uint16_t ip_delta; /* of CONN_IN's rewrite in an IPv4 header's checksum, */
	uint16_t l4_delta; /* ... and in TCP's or UDP's; CONN_OUT's is the opposite */
};
_Static_assert(sizeof(struct conn) == 40, "struct conn fits into a line beside two IPv4 tuples");

struct conn_cold {
	uint32_t service; /* id of its service */
	uint32_t laddr;   /* id of the service's local address, for its counter */
	uint32_t armed;   /* conn.c's: the tick at which the wheel looks at it, 0: not at all */
	uint8_t family; /* of the client's side; CONN_OUT's may differ one day. 0: the entry is free
			 */
	uint8_t reserved[3];
	uint32_t template;        /* of a persistent service's client, see ipvs/template */
	uint32_t template_serial; /* of that, or this template's own */
	uint32_t spare[2];
};
_Static_assert(sizeof(struct conn_cold) == 32, "two to a line");

static inline unsigned int conn_forward(const struct conn *conn)
{
	return conn->flags >> CONN_FORWARD_SHIFT;
}

struct conn_table;

/*
 * Told of each entry that the wheel has found due, just before it is freed: all of it is still
 * there, and lookups still find it. It must not free this entry; the table
 * does so when it returns, unless the deadline is a later one then. It may free
 * others.
 */
typedef void conn_expire_fn(struct worker *w, uint32_t id, struct conn *conn);

struct conn_table_config {
	uint32_t max; /* connections of this worker, below 2^30 */
	int socket;
	struct hash_key key;
	conn_expire_fn *expire;
	struct worker *owner;
};

/* NULL: no memory or address space. */
struct conn_table *conn_table_create(const struct conn_table_config *config);
void conn_table_destroy(struct conn_table *table);

/* By a tuple as it arrived; which direction it is of comes in *dir. CONN_NONE: none. */
uint32_t conn_lookup(const struct conn_table *table, const struct tuple *tuple, enum conn_dir *dir);

struct conn_found {
	uint32_t id; /* CONN_NONE: none */
	enum conn_dir dir;
};

/*
 * The same for n ≤ BATCH_BURST IPv4 tuples at once, whose waits for memory overlap. The lines of
 * those that are found have been read.
 */
void conn_lookup4(const struct conn_table *table, const struct tuple4 *tuples, unsigned int n,
		  struct conn_found *found);
/* The same of IPv6. */
void conn_lookup6(const struct conn_table *table, const struct tuple *const *tuples, unsigned int n,
		  struct conn_found *found);

/*
 * A new connection with these two tuples, all else zeroed but for proto, family and zone.
 * CONN_NONE: no entry is free, or one of the tuples is taken, or the index has no place within its
 * bounded search.
 */
uint32_t conn_create(struct conn_table *table, const struct tuple *in, const struct tuple *out);

/* An IPv4 connection that is to be made, in three steps, so that vectors of them wait for memory
 * together: each step for all of them, as in ipvs/conn_probe. */
struct conn_new4 {
	struct tuple4 in, out;
	uint64_t hash_in, hash_out; /* by conn_new4_prepare() */
};

void conn_new4_prepare(const struct conn_table *table, struct conn_new4 *new);

/* For all that conn_create4() will touch when `k` others have been created before. */
void conn_new4_ask(const struct conn_table *table, const struct conn_new4 *new, uint32_t k);

/* conn_create(), prepared; nothing has `in` yet, the caller has looked. */
uint32_t conn_create4(struct conn_table *table, const struct conn_new4 *new);

/* The same of one that is IPv6 on one side at least; its tuples are the caller's, and stay. */
struct conn_new6 {
	const struct tuple *in, *out;
	uint64_t hash_in, hash_out; /* by conn_new6_prepare() */
};

void conn_new6_prepare(const struct conn_table *table, struct conn_new6 *new);
void conn_new6_ask(const struct conn_table *table, const struct conn_new6 *new, uint32_t k);
uint32_t conn_create6(struct conn_table *table, const struct conn_new6 *new);

/* A connection whose packets are rewritten: sets CONN_NAT and what that makes in checksums. */
void conn_take_deltas(struct conn_table *table, uint32_t id);

/* Out of index and wheel, the entry is free again. `expire` is not called. */
void conn_free(struct conn_table *table, uint32_t id);

struct conn *conn_get(const struct conn_table *table, uint32_t id);
struct conn_cold *conn_cold(const struct conn_table *table, uint32_t id);
void conn_tuple(const struct conn_table *table, uint32_t id, enum conn_dir dir,
		struct tuple *tuple);

/* The tick at which a connection expires that has just seen a packet. */
static inline uint32_t conn_deadline(uint32_t timeout_s, uint64_t now_ms)
{
	uint64_t deadline = (now_ms + CONN_TICK_MS - 1) / CONN_TICK_MS +
			    (uint64_t)timeout_s * (1000 / CONN_TICK_MS);

	if (deadline == 0)
		return 1;
	return deadline > UINT32_MAX ? UINT32_MAX : (uint32_t)deadline;
}

/* The deadline moves to now + timeout_s. Cheap: the wheel is not touched when the deadline moves
 * back only. */
void conn_set_timeout(struct conn_table *table, uint32_t id, uint32_t timeout_s, uint64_t now_ms);

/* The wheel is told of a deadline that has come nearer. */
void conn_rearm(struct conn_table *table, uint32_t id);

/* The first deadline of a connection that has just been created. */
void conn_arm(struct conn_table *table, uint32_t id, uint32_t deadline);

/* Seconds left, rounded up. */
uint32_t conn_left_s(const struct conn *conn, uint64_t now_ms);

/* Expires what is due, at most `budget` entries; returns how many were looked at. */
uint32_t conn_expire(struct conn_table *table, uint64_t now_ms, uint32_t budget);

/* Memory for those that come next, before they come: by the master now and then, while its owner
 * works on. */
void conn_ahead(const struct conn_table *table);

uint32_t conn_count(const struct conn_table *table);
uint32_t conn_max(const struct conn_table *table);

/*
 * The next used entry with an id ≥ from, looking at no more than `scan` entries. true: *id is it,
 * go on at *id + 1. false: none among these, go on at *id, which is CONN_NONE at the end. Starts
 * with 0; ids are not dense.
 */
bool conn_next(const struct conn_table *table, uint32_t from, uint32_t scan, uint32_t *id);

/* For `dpip stats memory`: bytes resident. */
size_t conn_memory(const struct conn_table *table);

#endif
