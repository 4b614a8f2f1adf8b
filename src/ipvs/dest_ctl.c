/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/dest-ctl: the requests about real servers, and their items in the
 * listing of services. Counts of connections are read from the workers'
 * tables where they are; a worker that has not yet the server in its table
 * (its serial differs) counts none.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ipvs/estimate.h"
#include "ipvs/hold.h"
#include "ipvs/ipvs_ctl.h"
#include "ipvs/lport.h"
#include "ipvs/service_int.h"
#include "ipvs/xmit/xmit.h"
#include "link/link_ctl.h"
#include "link/port.h"
#include "net/addr.h"
#include "net/route.h"

#define DEST_WEIGHT_MAX 65535u
#define DEST_STR_LEN    (24 + IP_ENDPOINT_STR_LEN + KEY_STR_LEN)

/* "real server 10.0.0.2:80 of TCP 1.2.3.4:80" */
static const char *dest_str(const struct service_key *key, const struct dest_config *config,
			    char *buf)
{
	char endpoint[IP_ENDPOINT_STR_LEN], service[KEY_STR_LEN], last[8] = "";

	if (config->port_last)
		snprintf(last, sizeof(last), "-%u", rte_be_to_cpu_16(config->port_last));
	snprintf(buf, DEST_STR_LEN, "real server %s%s of %s",
		 ip_endpoint_str(config->family, &config->addr, config->port, endpoint), last,
		 key_str(key, service));
	return buf;
}

static const char *dest_forward_name(uint16_t forward, char *buf, size_t size)
{
	switch (forward) {
	case API_FORWARD_NAT:
		return "NAT (-m)";
	case API_FORWARD_LOCAL:
		return "local delivery";
	case API_FORWARD_TUNNEL:
		return "tunnel (-i)";
	case API_FORWARD_DR:
		return "DR (-g)";
	case API_FORWARD_FNAT:
		return "FNAT (-b)";
	case API_FORWARD_SNAT:
		return "SNAT (-J)";
	default:
		snprintf(buf, size, "number %u", forward);
		return buf;
	}
}

/* What a request names: a service and, of it, a server that may be there. */
struct dest_named {
	struct service *svc;
	struct dest *dest; /* NULL: there is none */
	struct dest_config config;
};

/* A range of public ports; one alone would be a server's. */
static int dest_check_ports(struct request *req, const struct service_key *key,
			    const struct dest_config *config)
{
	uint16_t first = rte_be_to_cpu_16(config->port), last = rte_be_to_cpu_16(config->port_last);
	char text[DEST_STR_LEN];

	if (first == 0 && last == 0)
		return 0;
	if (!key->match)
		return request_fail(req, -EINVAL,
				    "%s: a range of ports is for public addresses (-J)",
				    dest_str(key, config, text));
	if (last == 0)
		return request_fail(req, -EINVAL,
				    "%s: a public address (-J) has no port of its own; allowed: "
				    "port 0, or a range of its ports, FIRST-LAST",
				    dest_str(key, config, text));
	if (first < LPORT_FIRST || last < first)
		return request_fail(req, -ERANGE, "%s: allowed are ports %u to %u, FIRST-LAST",
				    dest_str(key, config, text), LPORT_FIRST, LPORT_LAST);
	return 0;
}

static int dest_check_key(struct request *req, const struct service_key *key,
			  const struct api_dest *body, struct dest_config *config)
{
	char what[64 + KEY_STR_LEN], service[KEY_STR_LEN];
	int r;

	*config = (struct dest_config){ .family = body->family,
					.port = body->port,
					.port_last = body->port_last };
	snprintf(what, sizeof(what), "real server of %s", key_str(key, service));
	r = key_check_host(req, what, body->family, &body->addr, &config->addr);
	if (r < 0)
		return r;
	if (key->match || body->port_last)
		return dest_check_ports(req, key, config);
	if (key->proto == SERVICE_MARKED)
		return 0; /* any port, or 0: the one that was asked for */
	if (body->port == 0 && key->port != 0)
		return request_fail(req, -EINVAL, "%s: port 0; allowed: 1 to 65535",
				    dest_str(key, config, what));
	if (body->port != 0 && key->port == 0)
		return request_fail(req, -EINVAL,
				    "%s: a service of any port leaves ports as they are; allowed: "
				    "port 0",
				    dest_str(key, config, what));
	return 0;
}

/* How packets are wrapped up for it. */
static int dest_check_tunnel(struct request *req, const struct api_dest *body, const char *text,
			     struct dest_config *config)
{
	const char *kind = body->tun_type == API_TUNNEL_GRE ? "gre" : "ipip";

	if (body->tun_type >= API_TUNNEL__COUNT)
		return request_fail(req, -EINVAL, "%s: tunnel type %u; allowed: ipip, gue, gre",
				    text, body->tun_type);
	if (body->tun_type == API_TUNNEL_GUE && body->tun_port == 0)
		return request_fail(req, -EINVAL,
				    "%s: a gue tunnel needs a port (--tun-port): 1 to 65535", text);
	if (body->tun_type != API_TUNNEL_GUE && body->tun_port != 0)
		return request_fail(req, -EINVAL, "%s: a port is for gue tunnels, not for %s", text,
				    kind);
	if (body->tun_flags & ~(unsigned int)(API_TUNNEL_CSUM | API_TUNNEL_REMCSUM) ||
	    body->tun_flags == (API_TUNNEL_CSUM | API_TUNNEL_REMCSUM))
		return request_fail(req, -EINVAL,
				    "%s: tunnel flags %u; allowed: one of nocsum, csum, remcsum",
				    text, body->tun_flags);
	if ((body->tun_flags && body->tun_type == API_TUNNEL_IPIP) ||
	    (body->tun_flags & API_TUNNEL_REMCSUM && body->tun_type != API_TUNNEL_GUE))
		return request_fail(req, -EINVAL,
				    "%s: %s tunnels have no such checksum; allowed: csum (gre, "
				    "gue), remcsum (gue)",
				    text, kind);
	config->tun_type = (uint8_t)body->tun_type;
	config->tun_flags = (uint8_t)body->tun_flags;
	config->tun_port = body->tun_port;
	return 0;
}

/* May its mode lead to it from that service? */
static int dest_check_mode(struct request *req, const struct service_key *key,
			   const struct api_dest *body, const char *text,
			   struct dest_config *config)
{
	bool as_is = body->forward == API_FORWARD_DR || body->forward == API_FORWARD_TUNNEL;

	if (as_is && key->proto != SERVICE_MARKED && config->port != key->port)
		return request_fail(req, -EINVAL,
				    "%s: %s leaves ports as they are; allowed: the service's port, "
				    "%u",
				    text,
				    body->forward == API_FORWARD_DR ? "DR (-g)" : "tunnel (-i)",
				    rte_be_to_cpu_16(key->port));
	if (body->forward == API_FORWARD_TUNNEL)
		return dest_check_tunnel(req, body, text, config);
	if (body->forward == API_FORWARD_FNAT)
		return 0;
	return key_check_same_family(req, text, config->family, key);
}

/* How packets get there, into a config that has its key. */
static int dest_check_forward(struct request *req, const struct service_key *key,
			      const struct api_dest *body, struct dest_config *config)
{
	char text[DEST_STR_LEN], number[16];

	dest_str(key, config, text);
	if (!xmit_find(body->forward))
		return request_fail(req, -EOPNOTSUPP,
				    "%s: forwarding method %s is not supported yet; supported: "
				    "FNAT (-b), DR (-g), NAT (-m), tunnel (-i), SNAT (-J)",
				    text, dest_forward_name(body->forward, number, sizeof(number)));
	if ((body->forward == API_FORWARD_SNAT) != (key->match != NULL))
		return request_fail(req, -EINVAL,
				    key->match
					    ? "%s: forwarding method %s is not for services by "
					      "match (-H); allowed: SNAT (-J)"
					    : "%s: forwarding method %s is for services by match "
					      "(-H) only",
				    text, dest_forward_name(body->forward, number, sizeof(number)));
	config->forward = (uint8_t)body->forward;
	return dest_check_mode(req, key, body, text, config);
}

/* How many of them. */
static int dest_check_numbers(struct request *req, const struct service_key *key,
			      const struct api_dest *body, struct dest_config *config)
{
	char text[DEST_STR_LEN];

	if (body->weight > DEST_WEIGHT_MAX)
		return request_fail(req, -ERANGE, "%s: weight %u; allowed: 0 to %u",
				    dest_str(key, config, text), body->weight, DEST_WEIGHT_MAX);
	if (body->lower > body->upper)
		return request_fail(req, -ERANGE,
				    "%s: lower threshold %u is above the upper one, %u",
				    dest_str(key, config, text), body->lower, body->upper);
	config->weight = body->weight;
	config->upper = body->upper;
	config->lower = body->lower;
	return 0;
}

static int dest_check(struct request *req, const struct service_key *key,
		      const struct api_dest *body, struct dest_config *config)
{
	int r = dest_check_forward(req, key, body, config);

	return r < 0 ? r : dest_check_numbers(req, key, body, config);
}

/* As far as that depends on what else there is. */
static int dest_check_place(struct request *req, const struct dest_named *named)
{
	const struct dest_config *config = &named->config;
	char text[DEST_STR_LEN], number[16];

	if (config->forward == API_FORWARD_FNAT && (named->svc->flags & SERVICE_ONE_PACKET))
		return request_fail(req, -EINVAL,
				    "%s: FNAT (-b) cannot be with one-packet scheduling (--ops): "
				    "nothing would know whose its answers are",
				    dest_str(&named->svc->key, config, text));
	/* one that is there may be drained, whatever has become of its address */
	if (config->forward == API_FORWARD_SNAT ||
	    (named->dest && named->dest->forward == config->forward) ||
	    !addr_is_local(request_workers(req)[WORKER_MASTER], config->family, &config->addr))
		return 0;
	return request_fail(req, -EADDRINUSE,
			    "%s: that is an address of the balancer itself; %s needs a server on "
			    "another machine",
			    dest_str(&named->svc->key, config, text),
			    dest_forward_name(config->forward, number, sizeof(number)));
}

/*
 * The device on which a public address is answered for: the one that has it; or that the service's
 * packets leave by; or by which the address itself would be reached. NULL: none is known.
 */
static const char *public_device(const struct worker *master, const struct dest_named *named)
{
	const struct dest_config *config = &named->config;
	uint16_t port = addr_port(master, config->family, &config->addr);
	struct nexthop nexthop;

	if (port != PORT_NONE)
		return master->link->ports[port].name;
	if (named->svc->key.match->oif[0])
		return named->svc->key.match->oif;
	if (route_output(master, config->family, &config->addr, &nexthop))
		return master->link->ports[nexthop.port].name;
	return NULL;
}

/* A public address is one of ours as long as a server is it. */
static int public_hold(struct request *req, const struct dest_named *named)
{
	struct worker *const *all = request_workers(req);
	const struct dest_config *config = &named->config;
	const char *dev = public_device(all[WORKER_MASTER], named);
	char text[DEST_STR_LEN];
	int r;

	dest_str(&named->svc->key, config, text);
	if (!dev)
		return request_fail(
			req, -ENODEV,
			"%s: no device is known for this address; allowed: oif= in the "
			"match, a route to it, or an address of a device (dpip addr add)",
			text);
	r = hold_begin(all, config->family, &config->addr, dev);
	if (r == -ENODEV)
		return link_unknown(req, text, dev);
	return r < 0 ? request_fail(req, r, "%s: %s", text, strerror(-r)) : 0;
}

static int dest_failed(struct request *req, int r, const struct dest_named *named)
{
	char text[DEST_STR_LEN];

	dest_str(&named->svc->key, &named->config, text);
	switch (r) {
	case 0:
		return 0;
	case -EEXIST:
		return request_fail(req, r, "%s exists already", text);
	case -ENOENT:
		return request_fail(req, r, "there is no %s", text);
	case -ENOSPC:
		return request_fail(req, r, "%s: there are %u real servers, no more are possible",
				    text, DEST_MAX);
	default:
		return request_fail(req, r, "%s: %s", text, strerror(-r));
	}
}

static int dest_name(struct request *req, const struct api_dest *body, struct dest_named *named)
{
	struct dest_config *config = &named->config;
	int r;

	named->svc = key_find(req, &body->service, &r);
	if (!named->svc)
		return r;
	r = dest_check_key(req, &named->svc->key, body, config);
	if (r < 0)
		return r;
	named->dest = dest_find_named(service_table_of(request_workers(req)[WORKER_MASTER]),
				      named->svc, config);
	return 0;
}

static int dest_name_present(struct request *req, const struct api_dest *body,
			     struct dest_named *named)
{
	int r = dest_name(req, body, named);

	return r == 0 && !named->dest ? dest_failed(req, -ENOENT, named) : r;
}

static int dest_add_public(struct request *req, const struct dest_named *named)
{
	struct worker *const *all = request_workers(req);
	const struct service_table *table = service_table_of(all[WORKER_MASTER]);
	char text[DEST_STR_LEN];
	int r;

	if (named->dest)
		return dest_failed(req, -EEXIST, named);
	r = narrow_check_public(req, &named->config,
				dest_str(&named->svc->key, &named->config, text));
	if (r == 0)
		r = public_hold(req, named);
	if (r < 0)
		return r;
	r = dest_add(all, named->svc, &named->config);
	if (r < 0)
		addr_release(all, named->config.family, &named->config.addr);
	else
		hold_dest(all, dest_find_named(table, named->svc, &named->config));
	return dest_failed(req, r, named);
}

static int dest_request_add(struct request *req, const void *body)
{
	struct dest_named named;
	int r = dest_name(req, body, &named);

	if (r == 0)
		r = dest_check(req, &named.svc->key, body, &named.config);
	if (r == 0)
		r = dest_check_place(req, &named);
	if (r == 0 && named.svc->key.match)
		return dest_add_public(req, &named);
	if (r < 0)
		return r;
	return dest_failed(req, dest_add(request_workers(req), named.svc, &named.config), &named);
}

static void dest_settings(const struct dest *dest, struct api_dest *to)
{
	to->forward = dest->forward;
	to->weight = dest->weight;
	to->upper = dest->marks.upper;
	to->lower = dest->marks.lower;
	to->tun_type = dest->tun_type;
	to->tun_flags = dest->tun_flags;
	to->tun_port = dest->tun_port;
}

/* What the request keeps becomes what it is now. */
static void dest_keep(struct api_dest *wanted, const struct api_dest *now)
{
	if (wanted->flags & API_DEST_KEEP_FORWARD) {
		wanted->forward = now->forward;
		wanted->tun_type = now->tun_type;
		wanted->tun_flags = now->tun_flags;
		wanted->tun_port = now->tun_port;
	}
	if (wanted->flags & API_DEST_KEEP_WEIGHT)
		wanted->weight = now->weight;
	if (wanted->flags & API_DEST_KEEP_UPPER)
		wanted->upper = now->upper;
	if (wanted->flags & API_DEST_KEEP_LOWER)
		wanted->lower = now->lower;
}

static int dest_request_set(struct request *req, const void *body)
{
	struct api_dest wanted = *(const struct api_dest *)body, now;
	struct dest_named named;
	int r = dest_name_present(req, &wanted, &named);

	if (r < 0)
		return r;
	dest_settings(named.dest, &now);
	dest_keep(&wanted, &now);
	r = dest_check(req, &named.svc->key, &wanted, &named.config);
	if (r == 0)
		r = dest_check_place(req, &named);
	if (r < 0)
		return r;
	return dest_failed(req, dest_set(request_workers(req), named.dest, &named.config), &named);
}

static int dest_request_del(struct request *req, const void *body)
{
	struct dest_named named;
	int r = dest_name_present(req, body, &named);

	if (r < 0)
		return r;
	r = dest_del(request_workers(req), named.dest);
	if (r == 0 && named.svc->key.match)
		hold_leave_dest(request_workers(req), named.dest);
	return dest_failed(req, r, &named);
}

static int dest_check_names(struct request *req, const struct api_dest *body,
			    struct service_key *key, struct dest_config *config)
{
	int r = key_from_api(req, &body->service, key);

	return r < 0 ? r : dest_check_key(req, key, body, config);
}

/* As dest_request_add() and _set() would; what is kept is taken to be right. */
static int dest_request_check(struct request *req, const void *body)
{
	struct api_dest wanted = *(const struct api_dest *)body;
	const struct api_dest usual = { .upper = UINT32_MAX };
	struct dest_config config;
	struct service_key key;
	int r = dest_check_names(req, &wanted, &key, &config);

	if (r == 0 && !(wanted.flags & API_DEST_KEEP_FORWARD))
		r = dest_check_forward(req, &key, &wanted, &config);
	dest_keep(&wanted, &usual);
	return r < 0 ? r : dest_check_numbers(req, &key, &wanted, &config);
}

static int dest_request_check_del(struct request *req, const void *body)
{
	struct dest_config config;
	struct service_key key;

	return dest_check_names(req, body, &key, &config);
}

static void dest_item_counts(struct worker *const *all, uint32_t cpu, const struct dest *dest,
			     struct api_dest *item)
{
	for (unsigned int i = 1; i <= all[WORKER_MASTER]->n_workers; i++) {
		const struct dest *its = &service_table_of(all[i])->dests[dest->id];

		if ((cpu != API_CPU_MASTER && cpu != i) ||
		    __atomic_load_n(&its->serial, __ATOMIC_RELAXED) != dest->serial)
			continue;
		item->active += __atomic_load_n(&its->active, __ATOMIC_RELAXED);
		item->inactive += __atomic_load_n(&its->inactive, __ATOMIC_RELAXED);
		item->persistent += __atomic_load_n(&its->persistent, __ATOMIC_RELAXED);
	}
	if ((dest->flags & DEST_LIMITED) && limit_full(dest->limit))
		item->flags |= API_DEST_OVERLOAD;
}

void dest_item(struct worker *const *all, uint32_t cpu, const struct service *svc,
	       const struct dest *dest, struct api_dest *item)
{
	key_to_api(&svc->key, &item->service);
	item->addr = ip_to_api(&dest->addr);
	item->family = dest->family;
	item->port = dest->port;
	item->port_last = dest->port_last;
	dest_settings(dest, item);
	dest_item_counts(all, cpu, dest, item);
	estimate_read(all, cpu, ESTIMATE_DEST(dest->id), &item->stats);
}

static const struct request_handler dest_handlers[] = {
	REQUEST_CHECKED(DEST_ADD, SET, struct api_dest, dest_request_add, dest_request_check),
	REQUEST_CHECKED(DEST_SET, SET, struct api_dest, dest_request_set, dest_request_check),
	REQUEST_CHECKED(DEST_DEL, SET, struct api_dest, dest_request_del, dest_request_check_del),
};

const struct request_table dest_requests = { dest_handlers, RTE_DIM(dest_handlers) };
