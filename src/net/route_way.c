/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/route-way: see the header. Places are shared out by weighted rendezvous:
 * each hop draws a number for each place, from its address and the place alone,
 * and the best draw has it; a heavier hop draws as often as its weight says.
 */
#include "net/route_way.h"

#include <math.h>
#include <string.h>

#include "net/net.h"
#include "net/route_int.h"
#include "worker/op.h"
#include "worker/worker.h"

int ways_create(struct ways *ways, int socket)
{
	int r;

	memset(ways, 0, sizeof(*ways));
	chains_init(&ways->all);
	chains_init(&ways->sources);
	r = region_create(&ways->region, WAYS_MAX * sizeof(struct way), socket);
	ways->at = ways->region.base;
	ways->next = WAY_FIRST;
	return r;
}

void ways_destroy(struct ways *ways)
{
	for (uint32_t id = WAY_FIRST; id < ways->next; id++)
		if (ways->at[id].refs)
			free(ways->at[id].paths);
	chains_free(&ways->all);
	chains_free(&ways->sources);
	region_destroy(&ways->region);
}

size_t ways_resident(const struct ways *ways, uint32_t next)
{
	return region_resident_to(&ways->region, next * sizeof(struct way));
}

/* ---- places ---- */

static const struct hash_key draw_key = {
	{ UINT64_C(0x9e3779b97f4a7c15), UINT64_C(0xc2b2ae3d27d4eb4f), UINT64_C(0x165667b19e3779f9),
	  UINT64_C(0xd6e8feb86659fd93) }
};

/* Of all draws the greatest wins: with u even in (0, 1), the greatest u^(1/weight). */
static double draw(const struct route_hop *hop, unsigned int place)
{
	uint64_t h = hash_words(&draw_key, hop->via.u64[0], hop->via.u64[1]);
	double u;

	h = hash_words(&draw_key, h ^ hop->port, place + 1);
	u = ((double)(h >> 12) + 0.5) / (double)(UINT64_C(1) << 52);
	return log(u) / hop->weight;
}

void route_paths_spread(struct route_paths *paths)
{
	for (unsigned int place = 0; place < WAY_PLACES; place++) {
		unsigned int best = 0;
		double most = draw(&paths->hops[0], place);

		for (unsigned int i = 1; i < paths->n; i++) {
			double drawn = draw(&paths->hops[i], place);

			if (drawn > most) {
				most = drawn;
				best = i;
			}
		}
		paths->places[place] = (uint8_t)best;
	}
}

/* ---- ways by what they are ---- */

static uint64_t way_hash(const struct worker *w, const struct route *route)
{
	const struct hash_key *key = &w->flow_key;
	uint64_t kind = (uint64_t)route->mtu << 32 | (uint32_t)route->port << 16 |
			(uint32_t)route->type << 8 | (route->proto == API_PROTO_KERNEL);
	uint64_t h = hash_words(key, route->via.u64[0], route->via.u64[1] ^ kind);

	if (!ip_is_zero(&route->src))
		h = hash_more(key, h, route->src.u64[0], route->src.u64[1]);
	for (unsigned int i = 0; route->paths && i < route->paths->n; i++) {
		const struct route_hop *hop = &route->paths->hops[i];

		h = hash_more(key, h, hop->via.u64[0],
			      hop->via.u64[1] ^ ((uint64_t)hop->port << 16 | hop->weight));
	}
	return h;
}

static bool paths_equal(const struct route_paths *a, const struct route_paths *b)
{
	if (!a || !b)
		return a == b;
	if (a->n != b->n)
		return false;
	for (unsigned int i = 0; i < a->n; i++)
		if (!ip_equal(&a->hops[i].via, &b->hops[i].via) ||
		    a->hops[i].port != b->hops[i].port || a->hops[i].weight != b->hops[i].weight ||
		    a->hops[i].onlink != b->hops[i].onlink)
			return false;
	return true;
}

bool way_is(const struct way *way, const struct route *route)
{
	return way->family == route->family && way->type == route->type &&
	       way->port == route->port && way->mtu == route->mtu &&
	       way->came == (route->proto == API_PROTO_KERNEL) &&
	       ip_equal(&way->via, &route->via) && ip_equal(&way->src, &route->src) &&
	       paths_equal(way->paths, route->paths);
}

/* ---- those that prefer a source ---- */

static uint64_t source_hash(const struct worker *w, const union ip_addr *src)
{
	return hash_words(&w->flow_key, src->u64[0], src->u64[1]);
}

/* What came with an address goes with it: its source needs no care. */
static bool has_source(const struct way *way)
{
	return !way->came && !ip_is_zero(&way->src);
}

static struct way *source_find(const struct worker *w, unsigned int family,
			       const union ip_addr *src)
{
	chains_for_each (it, &w->net->routes->ways.sources, source_hash(w, src)) {
		struct way *way = container_of(it, struct way, source.chain);

		if (ip_equal(&way->src, src) && way->family == family)
			return way;
	}
	return NULL;
}

unsigned int ways_of_source(const struct worker *w, unsigned int family, const union ip_addr *src)
{
	const struct way *way = source_find(w, family, src);
	unsigned int n = 0;

	if (!way)
		return 0;
	list_for_each (it, &way->source.peers)
		n++;
	return n + 1;
}

static void link_source(struct worker *w, struct op *op, struct way *way, void *memory)
{
	struct ways *ways = &w->net->routes->ways;
	struct way *first;

	if (has_source(way)) {
		first = source_find(w, way->family, &way->src);
		if (first)
			group_join(&first->source, &way->source);
		else
			memory = group_found(&ways->sources, &way->source,
					     source_hash(w, &way->src), memory);
	}
	op_garbage(op, memory);
}

static void unlink_source(struct worker *w, struct op *op, struct way *way)
{
	if (has_source(way))
		op_garbage(op, group_leave(&w->net->routes->ways.sources, &way->source));
}

/* ---- holding and releasing ---- */

static uint32_t way_number(struct ways *ways)
{
	uint32_t id = ways->free;

	if (id)
		ways->free = ways->at[id].next_free;
	else
		id = ways->next++;
	return id;
}

static uint32_t way_make(struct worker *w, struct op *op, const struct route *route, uint64_t hash,
			 struct way_memory memory)
{
	struct ways *ways = &w->net->routes->ways;
	uint32_t id = way_number(ways);
	struct way *way = &ways->at[id];

	*way = (struct way){
		.via = route->via,
		.src = route->src,
		.paths = memory.paths,
		.mtu = route->mtu,
		.port = route->port,
		.type = route->type,
		.family = route->family,
		.refs = 1,
		.came = route->proto == API_PROTO_KERNEL,
	};
	ways->count++;
	op_garbage(op, chains_add(&ways->all, &way->chain, hash, memory.chains));
	link_source(w, op, way, memory.sources);
	return id;
}

uint32_t way_hold(struct worker *w, struct op *op, const struct route *route,
		  struct way_memory memory)
{
	struct ways *ways = &w->net->routes->ways;
	uint64_t hash = way_hash(w, route);

	chains_for_each (it, &ways->all, hash) {
		struct way *way = container_of(it, struct way, chain);

		if (it->hash != hash || !way_is(way, route))
			continue;
		way->refs++;
		op_garbage(op, memory.chains);
		op_garbage(op, memory.sources);
		op_garbage(op, memory.paths);
		return (uint32_t)(way - ways->at);
	}
	return way_make(w, op, route, hash, memory);
}

void way_release(struct worker *w, struct op *op, uint32_t id)
{
	struct ways *ways = &w->net->routes->ways;
	struct way *way = &ways->at[id];

	if (--way->refs > 0)
		return;
	unlink_source(w, op, way);
	op_garbage(op, chains_del(&ways->all, &way->chain));
	op_garbage(op, way->paths);
	way->paths = NULL;
	way->next_free = ways->free;
	ways->free = id;
	ways->count--;
}

/* Its hash changes with what it is. What is given back here is at most what one way would. */
static void way_set_no_source(struct worker *w, struct op *op, struct way *way)
{
	struct ways *ways = &w->net->routes->ways;
	struct route now = {
		.via = way->via,
		.port = way->port,
		.mtu = way->mtu,
		.type = way->type,
		.paths = way->paths,
	};
	uint64_t hash = way_hash(w, &now);
	void *segment = chains_del(&ways->all, &way->chain);

	way->src = now.src;
	op_garbage(op, chains_add(&ways->all, &way->chain, hash, segment));
}

uint32_t way_forget_source(struct worker *w, struct op *op, unsigned int family,
			   const union ip_addr *src)
{
	const union ip_addr gone = *src;
	struct way *way = source_find(w, family, &gone);

	if (!way)
		return WAY_NONE;
	unlink_source(w, op, way);
	way_set_no_source(w, op, way);
	return (uint32_t)(way - w->net->routes->ways.at);
}
