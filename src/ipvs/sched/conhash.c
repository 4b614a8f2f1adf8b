/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conhash: consistent hashing on a ring. Each server stands at 160 places a unit
 * of its weight (weights divided by what all have in common), which its address
 * and port alone decide; a client is served by the next place behind its own. A
 * server that goes leaves its places to many others, and nobody else's client
 * moves.
 *
 * A client is its address, or (--hash-target qid) the connection id that it
 * sends QUIC datagrams to: so it stays with its server when its address changes.
 * The first eight bytes of the id count, as they stand in the invariant part of
 * the header (RFC 8999): behind the length in long headers, behind the first
 * byte in short ones and in those of gQUIC. For servers whose own ids begin
 * with those eight bytes of their client's first one, that holds all the time.
 * What has no id is balanced by its address.
 *
 * The master makes the ring, sorted, and so that a slot for the leading bits of
 * a place says where to begin to look. A server that is not usable is passed
 * over: its clients go where they would if it were not there.
 */
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include "api/ipvs.h"
#include "base/hash.h"
#include "base/lines.h"
#include "ipvs/service.h"
#include "packet/tuple.h"

#define CONHASH_QID API_SERVICE_HASH_QID

#define CONHASH_REPLICAS 160
#define CONHASH_MOST     (1u << 20) /* places; larger weights are cut to fit */
#define CONHASH_STEPS    8          /* places of other servers looked at, a server of the service */

#define QUIC_LONG  0x80
#define QUIC_SHORT 0x40 /* RFC 9000's fixed bit */
#define GQUIC_ID   0x08
#define QID_BYTES  8

struct conhash_place {
	uint32_t at;
	uint32_t id; /* of the server */
};

struct conhash_ring {
	uint32_t n;
	unsigned int shift;            /* of a place to its slot */
	uint32_t *firsts;              /* by slot: the first place that is not before it */
	struct conhash_place places[]; /* ascending; firsts lies behind */
};

/* The same on every machine, so that several directors agree. */
static const struct hash_key conhash_key = { { 0x9ae16a3b2f90404f, 0xc949c7de1a2b39f1 } };

static uint32_t conhash_gcd(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Places of a server. */
static uint32_t conhash_places(const struct dest *dest, uint32_t common, uint64_t units)
{
	uint64_t most = CONHASH_MOST / CONHASH_REPLICAS;
	uint64_t weight = dest->weight / common;

	if (weight && units > most) {
		weight = weight * most / units;
		weight = weight ? weight : 1;
	}
	return (uint32_t)weight * CONHASH_REPLICAS;
}

static int conhash_compare(const void *left, const void *right)
{
	const struct conhash_place *a = left, *b = right;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return (a->id > b->id) - (a->id < b->id);
}

static uint32_t conhash_put(struct conhash_place *places, const struct dest *dest, uint32_t n)
{
	struct {
		union ip_addr addr;
		uint32_t port, number;
	} of = { .addr = dest->addr, .port = dest->port };

	for (uint32_t i = 0; i < n; i++) {
		of.number = i;
		places[i].at = (uint32_t)siphash(&conhash_key, &of, sizeof(of));
		places[i].id = dest->id;
	}
	return n;
}

static void conhash_index(struct conhash_ring *ring)
{
	uint32_t slots = UINT32_MAX >> ring->shift, at = 0;

	for (uint32_t slot = 0; slot <= slots; slot++) {
		while (at < ring->n && ring->places[at].at >> ring->shift < slot)
			at++;
		ring->firsts[slot] = at;
	}
}

static struct conhash_ring *conhash_new(uint32_t n)
{
	unsigned int bits = 4;
	struct conhash_ring *ring;
	size_t places = n * sizeof(ring->places[0]);

	while (bits < 18 && 1u << bits < n)
		bits++;
	ring = lines_alloc(sizeof(*ring) + places + ((size_t)sizeof(uint32_t) << bits));
	if (!ring)
		return NULL;
	ring->shift = 32 - bits;
	ring->firsts = (uint32_t *)(void *)((char *)ring->places + places);
	return ring;
}

static void *conhash_build(const struct worker *w, const struct service *svc)
{
	uint64_t units = 0, n = 0;
	struct conhash_ring *ring;
	uint32_t common = 0;

	for (uint32_t i = 0; i < svc->n_dests; i++)
		common = conhash_gcd(common, svc->dests[i]->weight);
	for (uint32_t i = 0; common && i < svc->n_dests; i++)
		units += svc->dests[i]->weight / common;
	for (uint32_t i = 0; common && i < svc->n_dests; i++)
		n += conhash_places(svc->dests[i], common, units);
	ring = conhash_new((uint32_t)n);
	if (!ring)
		return NULL;
	for (uint32_t i = 0; common && i < svc->n_dests; i++)
		ring->n += conhash_put(ring->places + ring->n, svc->dests[i],
				       conhash_places(svc->dests[i], common, units));
	qsort(ring->places, ring->n, sizeof(ring->places[0]), conhash_compare);
	conhash_index(ring);
	return ring;
}

/* The id of a QUIC datagram. false: it has none. */
static bool conhash_qid(const struct sched_packet *packet, uint8_t qid[QID_BYTES])
{
	const uint8_t *payload = packet->payload;
	uint32_t len = packet->payload_len, at = 1, n = QID_BYTES;

	memset(qid, 0, QID_BYTES);
	if (packet->tuple->proto != IPPROTO_UDP || len == 0)
		return false;
	if (payload[0] & QUIC_LONG) {
		/* version, length, id */
		if (len < 6 || payload[5] == 0)
			return false;
		at = 6;
		n = payload[5] < QID_BYTES ? payload[5] : QID_BYTES;
	} else if (!(payload[0] & (QUIC_SHORT | GQUIC_ID))) {
		return false;
	}
	if (len < at + n)
		return false;
	memcpy(qid, payload + at, n);
	return true;
}

static uint32_t conhash_client(const struct service *svc, const struct sched_packet *packet)
{
	uint8_t qid[QID_BYTES];

	if ((svc->sched_flags & CONHASH_QID) && conhash_qid(packet, qid))
		return (uint32_t)siphash(&conhash_key, qid, sizeof(qid));
	return (uint32_t)siphash(&conhash_key, &packet->tuple->src, sizeof(packet->tuple->src));
}

static struct dest *conhash_pick(struct service *svc, const struct sched_packet *packet)
{
	const struct conhash_ring *ring = svc->sched_table;
	uint64_t steps = (uint64_t)CONHASH_STEPS * svc->n_dests + CONHASH_REPLICAS;
	uint32_t client, at;

	if (unlikely(!ring || ring->n == 0))
		return NULL;
	client = conhash_client(svc, packet);
	at = ring->firsts[client >> ring->shift];
	while (at < ring->n && ring->places[at].at < client)
		at++;
	for (uint64_t i = 0; i < steps && i < ring->n; i++, at++) {
		struct dest *dest;

		at = at < ring->n ? at : 0;
		dest = dest_get(svc->table, ring->places[at].id);
		if (dest && dest->service == svc->id && !(dest->flags & DEST_REMOVED) &&
		    dest_usable(dest))
			return dest;
	}
	return NULL;
}

const struct scheduler sched_conhash = {
	.name = "conhash",
	.flags = CONHASH_QID,
	.build = conhash_build,
	.pick = conhash_pick,
};
