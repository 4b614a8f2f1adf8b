/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/shared-ctl: names of ports, families, and listings for the requests of this
 * room. The master's own table is read at once; a worker's by an op that
 * copies one page and returns, so that the worker is never stopped and nobody
 * else reads what it writes. The next page begins at the key that this one did
 * not come to, whatever has changed meanwhile.
 */
#include "net/shared_ctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "link/link_ctl.h"
#include "link/port.h"
#include "net/ip6.h"

uint64_t ctl_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void ctl_name(char to[API_NAME_LEN], const char from[API_NAME_LEN])
{
	memcpy(to, from, API_NAME_LEN);
	to[API_NAME_LEN - 1] = '\0';
}

const char *ctl_port_name(const struct worker *w, uint16_t port)
{
	return port < w->link->n_ports ? w->link->ports[port].name : "?";
}

int ctl_port(struct request *req, const char *dev, uint16_t *port)
{
	char name[API_NAME_LEN];

	ctl_name(name, dev);
	if (!name[0])
		return request_fail(req, -EINVAL, "a device is needed: dev NAME");
	*port = port_find(request_workers(req)[WORKER_MASTER]->link, name);
	return *port == PORT_NONE ? link_unknown(req, "", name) : 0;
}

int ctl_filter_port(struct request *req, const struct api_filter *filter, uint16_t *port)
{
	*port = PORT_NONE;
	return filter->dev[0] ? ctl_port(req, filter->dev, port) : 0;
}

int ctl_family(struct request *req, unsigned int family, const char *what)
{
	if (family == AF_INET || family == AF_INET6)
		return 0;
	return request_fail(req, -EAFNOSUPPORT,
			    "%s: address family %u is unknown, IPv4 is %u, IPv6 %u", what, family,
			    AF_INET, AF_INET6);
}

union ip_addr ctl_ip(unsigned int family, const union api_ip *from)
{
	return family == AF_INET6 ? ip_from_api(from) : ip_from_v4(from->v4);
}

bool ctl_is_host(unsigned int family, const union ip_addr *ip)
{
	const uint8_t first = ip->v6[0];

	if (family == AF_INET6)
		return !ip_is_zero(ip) && !ip6_is_multicast(ip) && !ip6_is_loopback(ip) &&
		       !ip6_is_mapped(ip);
	return first != 0 && first != 127 && first < 224;
}

int ctl_no_memory(struct request *req, const char *what)
{
	return request_fail(req, -ENOMEM, "%s: no memory", what);
}

struct list_state {
	const struct list_source *source;
	struct list_query query;
	uint64_t major, minor; /* where the next page begins */
	bool end;
	unsigned int count;
	_Alignas(8) uint8_t items[];
};

static void list_apply(struct worker *w, struct op *op)
{
	struct list_state *state = op->args[0];

	const struct list_source *source = state->source;
	const struct order_node *node = order_from(source->order(w), state->major, state->minor);

	state->count = 0;
	for (unsigned int looked = 0; node; node = order_next(node), looked++) {
		if (state->count == LIST_PAGE || looked == LIST_LOOK) {
			state->major = node->major;
			state->minor = node->minor;
			return;
		}
		if (source->fill(w, &state->query, node,
				 state->items + state->count * source->size))
			state->count++;
	}
	state->end = true;
}

/* Asks for the next page; the master's own table needs no op to be read, but goes the same way. */
static int list_ask(struct request *req, struct list_state *state);

/* Behind the last page of one worker's table comes the next one's, if all are wanted. */
static bool list_more(struct list_state *state, struct worker *const *all)
{
	if (!state->end)
		return true;
	if (!(state->query.flags & API_FILTER_WORKERS) ||
	    state->query.cpu == all[WORKER_MASTER]->n_workers)
		return false;
	state->query.cpu++;
	state->major = state->minor = 0;
	state->end = false;
	return true;
}

static int list_page(struct request *req, void *arg)
{
	struct list_state *state = arg;
	const struct list_source *source = state->source;

	for (unsigned int i = 0; i < state->count; i++) {
		const void *filled = state->items + i * source->size;
		void *item;

		if (source->emit) {
			int r = source->emit(req, filled);

			if (r < 0)
				return r;
			continue;
		}
		item = request_item(req, source->kind, source->size);
		if (!item)
			return -ENOMEM;
		memcpy(item, filled, source->size);
		if (source->finish)
			source->finish(request_workers(req), &state->query, item);
	}
	return list_more(state, request_workers(req)) ? list_ask(req, state) : 0;
}

static int list_ask(struct request *req, struct list_state *state)
{
	struct worker *w = request_workers(req)[state->query.cpu];

	request_continue(req, list_page, state);
	if (op_unicast(w, list_apply, state, NULL, 0) < 0) {
		state->count = 0;
		state->end = true;
		return ctl_no_memory(req, "listing");
	}
	return 0;
}

int ctl_list(struct request *req, const struct api_filter *filter, const struct list_source *source)
{
	unsigned int n_workers = request_workers(req)[WORKER_MASTER]->n_workers;
	struct list_state *state;
	uint16_t port;
	int r = ctl_filter_port(req, filter, &port);

	if (r < 0)
		return r;
	if (filter->cpu > n_workers)
		return request_fail(req, -ENOENT,
				    "there is no cpu %u: 0 is the master, workers are 1 to %u",
				    filter->cpu, n_workers);
	if (filter->family && filter->family != AF_INET && filter->family != AF_INET6)
		return request_fail(req, -EAFNOSUPPORT, "address family %u is unknown",
				    filter->family);
	state = calloc(1, sizeof(*state) + LIST_PAGE * source->size);
	if (!state)
		return ctl_no_memory(req, "listing");
	state->source = source;
	state->query = (struct list_query){
		.family = filter->family,
		.port = port,
		.flags = filter->flags,
		.cpu = filter->cpu,
	};
	return list_ask(req, state);
}
