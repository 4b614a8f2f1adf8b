/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/conn-ctl: the listing of connections. Only a worker may read its own,
 * so the master sends it one small op after the other, each for a page: the
 * worker looks at a bounded number of entries, copies what it finds into the
 * page and notes where to go on. The page belongs to the request, which lives
 * until the worker has acknowledged. A connection that comes or goes between
 * two pages may be missed; none is listed twice unless it was opened anew. One
 * that is asked for by the ends of its packets is looked up, worker by worker.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ipvs/ipvs_ctl.h"
#include "ipvs/proto/echo.h"
#include "ipvs/proto/sctp.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/proto/udp.h"
#include "ipvs/service_int.h"
#include "ipvs/template.h"
#include "ipvs/track.h"

#define CONN_PAGE         512u  /* connections of an op */
#define CONN_PAGE_SCAN    4096u /* entries it looks at */
#define CONN_REST_MOST_MS 5u
#define CONN_REST         60 /* times what a page took, a worker under load rests after it */

struct conn_listing {
	uint32_t worker; /* asked now */
	uint32_t last;   /* the last to ask */
	bool any;        /* of all services */
	struct service_key key;
	uint32_t service;  /* id of the service of a mark or match that is listed, SERVICE_NONE */
	struct tuple pair; /* of the one that is asked for; family 0: of none */
	bool templates;    /* of the worker: after its connections */
	uint32_t from;     /* id of the entry to go on with, CONN_NONE: all seen */
	uint32_t n;        /* found */
	uint64_t turns, busy_turns; /* of the worker when it was asked last */
	uint64_t took_ns;           /* the last page */
	struct api_conn page[CONN_PAGE];
	uint8_t states[CONN_PAGE]; /* their names are the master's work */
};

static bool conn_listed(const struct conn_listing *listing, const struct tuple *in,
			const struct conn_cold *cold)
{
	if (listing->service != SERVICE_NONE)
		return cold->service == listing->service;
	return listing->any ||
	       (in->proto == listing->key.proto &&
		(in->dport == listing->key.port || listing->key.port == 0) &&
		in->family == listing->key.family && ip_equal(&in->dst, &listing->key.addr));
}

static const char *conn_state_name(const struct api_conn *item, uint8_t state)
{
	const uint16_t proto = item->protocol;

	if (item->flags & API_CONN_TEMPLATE)
		return state ? "ASSURED" : "NONE";
	if (proto_is_icmp((uint8_t)proto))
		return ECHO_STATE_NAME;
	if (proto == IPPROTO_TCP)
		return state < TCP__COUNT ? tcp_state_names[state] : "?";
	if (proto == IPPROTO_SCTP)
		return state < SCTP__COUNT ? sctp_state_names[state] : "?";
	return state < UDP__COUNT ? udp_state_names[state] : "?";
}

/* What connections and templates have in common. */
static struct api_conn listed_item(const struct worker *w, const struct conn *conn,
				   const struct tuple *in)
{
	const struct dest *dest = dest_get(w->ipvs->services, conn->dest);

	return (struct api_conn){
		.caddr = ip_to_api(&in->src),
		.vaddr = ip_to_api(&in->dst),
		.daddr = ip_to_api(&dest->addr),
		.family = in->family,
		.server_family = dest->family,
		.protocol = in->proto,
		.vport = in->dport,
		.forward = conn_forward(conn),
		.worker = (uint16_t)w->id,
		.left_s = conn_left_s(conn, w->now_ms),
	};
}

/* The server is named by its id: what answers by itself is in neither tuple. */
static void conn_item(const struct worker *w, uint32_t id, const struct tuple *in,
		      const struct tuple *out, struct api_conn *item)
{
	const struct conn *conn = conn_get(w->ipvs->conns, id);

	*item = listed_item(w, conn, in);
	item->laddr = ip_to_api(&out->dst);
	item->local_family = out->family;
	item->cport = in->sport;
	item->lport = out->dport;
	item->dport = out->sport;
	if (conn_forward(conn) == API_FORWARD_SNAT) /* its "server" is the public address */
		item->daddr = ip_to_api(&out->src);
	item->timeout_s = track_timeout_s(w, conn);
}

/* A template is listed as the kernel lists it: like a connection from port 0. */
static void template_item(const struct worker *w, uint32_t id, const struct tuple *in,
			  struct api_conn *item)
{
	const struct conn *conn = conn_get(w->ipvs->templates, id);
	const struct service *svc = service_get(w->ipvs->services,
						conn_cold(w->ipvs->templates, id)->service);

	*item = listed_item(w, conn, in);
	item->dport = dest_get(w->ipvs->services, conn->dest)->port;
	item->timeout_s = svc ? svc->persist_s : 0;
	item->flags = API_CONN_TEMPLATE;
}

/* The turn's own clock stands still meanwhile. */
static uint64_t conn_list_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* On the worker: one page. args[0]: the listing. */
static void conn_apply_list(struct worker *w, struct op *op)
{
	struct conn_listing *listing = op->args[0];
	const struct conn_table *conns = listing->templates ? w->ipvs->templates : w->ipvs->conns;
	uint64_t start = conn_list_clock_ns();
	uint32_t end;

	listing->n = 0;
	end = listing->from + CONN_PAGE_SCAN;
	while (listing->n < CONN_PAGE && listing->from < end) {
		struct tuple in, out;
		uint32_t id;

		if (!conn_next(conns, listing->from, end - listing->from, &id)) {
			listing->from = id;
			break;
		}
		listing->from = id + 1;
		conn_tuple(conns, id, CONN_IN, &in);
		if (!conn_listed(listing, &in, conn_cold(conns, id)))
			continue;
		if (listing->templates) {
			template_item(w, id, &in, &listing->page[listing->n]);
			listing->states[listing->n++] = template_assured(w, id);
			continue;
		}
		conn_tuple(conns, id, CONN_OUT, &out);
		conn_item(w, id, &in, &out, &listing->page[listing->n]);
		listing->states[listing->n++] = conn_get(conns, id)->state;
	}
	listing->took_ns = conn_list_clock_ns() - start;
}

/* On the worker: connections with packets between the pair's ends, of each protocol. */
static void conn_apply_find(struct worker *w, struct op *op)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP,
					  IPPROTO_ICMPV6 };
	struct conn_listing *listing = op->args[0];
	const struct conn_table *conns = w->ipvs->conns;
	uint32_t found = CONN_NONE;

	listing->n = 0;
	listing->from = CONN_NONE;
	for (unsigned int i = 0; i < 2 * RTE_DIM(protos); i++) {
		struct tuple pair = listing->pair, in, out;
		uint32_t id, other = found;
		enum conn_dir dir;

		pair.proto = protos[i / 2];
		if (i % 2)
			pair = tuple_reverse(&pair);
		id = found = conn_lookup(conns, &pair, &dir);
		/* the addresses of a forwarding that leaves them are found either way */
		if (id == CONN_NONE || (i % 2 && id == other))
			continue;
		conn_tuple(conns, id, CONN_IN, &in);
		conn_tuple(conns, id, CONN_OUT, &out);
		if (!conn_listed(listing, &in, conn_cold(conns, id)))
			continue;
		conn_item(w, id, &in, &out, &listing->page[listing->n]);
		listing->states[listing->n++] = conn_get(conns, id)->state;
	}
}

static int conn_list_ask(struct request *req, struct conn_listing *listing);

/* A page has come: into the answer, and on to the next, of this worker or another. */
static int conn_list_page(struct request *req, void *state)
{
	struct conn_listing *listing = state;

	for (uint32_t i = 0; i < listing->n; i++) {
		struct api_conn *item = request_item(req, API_KIND_CONN, sizeof(*item));

		if (!item)
			return -ENOMEM;
		*item = listing->page[i];
		snprintf(item->state, sizeof(item->state), "%s",
			 conn_state_name(item, listing->states[i]));
	}
	listing->n = 0;
	if (listing->from == CONN_NONE) {
		bool all = listing->templates || listing->pair.family; /* of this worker */

		if (all && listing->worker == listing->last)
			return 0;
		listing->worker += all;
		listing->templates = !all;
		listing->from = 0;
		listing->turns = listing->busy_turns = 0;
	}
	return conn_list_ask(req, listing);
}

/* Since the last page: has the worker had something to do in fewer than half of its turns? Else a
 * million connections must not come at once. */
static bool conn_list_hurries(struct conn_listing *listing, const struct worker *w)
{
	uint64_t turns = __atomic_load_n(&w->counters.turns, __ATOMIC_RELAXED);
	uint64_t busy = __atomic_load_n(&w->counters.busy_turns, __ATOMIC_RELAXED);
	bool hurries = 2 * (busy - listing->busy_turns) < turns - listing->turns;

	listing->turns = turns;
	listing->busy_turns = busy;
	return hurries;
}

/* A worker that was taken off its CPU in the midst of a page seems slow. */
static unsigned int conn_list_rest_ms(const struct conn_listing *listing)
{
	uint64_t ms = 1 + listing->took_ns * CONN_REST / 1000000;

	return ms < CONN_REST_MOST_MS ? (unsigned int)ms : CONN_REST_MOST_MS;
}

static int conn_list_ask(struct request *req, struct conn_listing *listing)
{
	struct worker *w = request_workers(req)[listing->worker];
	bool hurries = conn_list_hurries(listing, w);
	int r = op_unicast(w, listing->pair.family ? conn_apply_find : conn_apply_list, listing,
			   NULL, 0);

	if (r < 0)
		return r;
	request_continue(req, conn_list_page, listing);
	if (!hurries)
		request_rest(req, conn_list_rest_ms(listing));
	return 0;
}

static struct tuple conn_pair(const struct api_conn_filter *filter)
{
	bool six = filter->pair_family == AF_INET6;

	return (struct tuple){
		.src = six ? ip_from_api(&filter->pair_src) : ip_from_v4(filter->pair_src.v4),
		.dst = six ? ip_from_api(&filter->pair_dst) : ip_from_v4(filter->pair_dst.v4),
		.sport = filter->pair_sport,
		.dport = filter->pair_dport,
		.family = (uint8_t)filter->pair_family,
	};
}

static int conn_request_list(struct request *req, const void *body)
{
	const struct api_conn_filter *filter = body;
	struct conn_listing *listing;
	const struct service *named = NULL;
	struct service_key key = { .proto = 0 };
	int r = key_check_cpu(req, filter->cpu);

	if (r == 0 && filter->pair_family && filter->pair_family != AF_INET &&
	    filter->pair_family != AF_INET6)
		r = request_fail(req, -EAFNOSUPPORT,
				 "connections: address family %u; allowed: IPv4 and IPv6",
				 filter->pair_family);
	if (r == 0 && !key_is_any(&filter->key))
		r = key_from_api(req, &filter->key, &key);
	if (r < 0)
		return r;
	if (filter->key.fwmark || filter->key.has_match) {
		named = key_find(req, &filter->key, &r);
		if (!named)
			return r;
	} else if (key.port == 0 && !key_is_any(&filter->key)) {
		/* not those of services that have one of the address's ports */
		named = service_lookup_key(service_table_of(request_workers(req)[WORKER_MASTER]),
					   &key);
	}
	listing = calloc(1, sizeof(*listing));
	if (!listing)
		return -ENOMEM;
	listing->worker = filter->cpu ? filter->cpu : 1;
	listing->last = filter->cpu ? filter->cpu : request_workers(req)[WORKER_MASTER]->n_workers;
	listing->any = key_is_any(&filter->key);
	listing->key = key;
	listing->service = named ? named->id : SERVICE_NONE;
	listing->pair = conn_pair(filter);
	r = conn_list_ask(req, listing);
	if (r < 0)
		free(listing);
	return r;
}

static const struct request_handler conn_handlers[] = {
	REQUEST_HANDLER(CONN_LIST, GET, struct api_conn_filter, conn_request_list),
};

const struct request_table conn_requests = { conn_handlers, RTE_DIM(conn_handlers) };
