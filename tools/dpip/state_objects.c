/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dpip/state-objects: the table of what is saved. A new kind of object is one
 * row: what lists it, adds it and takes it away, and how it is said. What comes
 * by itself is left out: addresses that `ipvsadm -P` made, routes that came with
 * an address or by a routing daemon, neighbours that were learnt.
 */
#include "dpip/state.h"

#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

#include "dpip/dpip.h"
#include "dpip/scope.h"
#include "ipvsadm/save.h"
#include "lib/client.h"
#include "lib/text.h"

/* ---- links ---- */

static bool as_listed(union command_body *body)
{
	return true;
}

static void word_print(FILE *out, const char *word)
{
	bool plain = word[strcspn(word, " \t'\"\\#")] == '\0';

	if (plain) {
		fputs(word, out);
		return;
	}
	putc('"', out);
	for (; *word; word++)
		fprintf(out, "%s%c", *word == '"' || *word == '\\' ? "\\" : "", *word);
	putc('"', out);
}

static void link_print(FILE *out, const union command_body *body)
{
	const struct api_link_add *add = &body->link_add;

	fprintf(out, "dpip link add %.*s %s ", API_NAME_LEN, add->name,
		add->kind == API_LINK_PCI ? "pci" : "vdev");
	word_print(out, add->device);
	if (add->mtu)
		fprintf(out, " mtu %" PRIu32, add->mtu);
	if (add->rx_descriptors)
		fprintf(out, " rx-descriptors %" PRIu32, add->rx_descriptors);
	if (add->tx_descriptors)
		fprintf(out, " tx-descriptors %" PRIu32, add->tx_descriptors);
}

/* ---- VLANs ---- */

static void vlan_print(FILE *out, const union command_body *body)
{
	const struct api_vlan *vlan = &body->vlan;

	fputs("dpip vlan add ", out);
	if (vlan->name[0])
		fprintf(out, "%.*s", API_NAME_LEN, vlan->name);
	else
		fprintf(out, "%.*s.%u", API_NAME_LEN, vlan->link, vlan->id);
	fprintf(out, " link %.*s proto %s id %u", API_NAME_LEN, vlan->link,
		dpip_vlan_proto(vlan->proto), vlan->id);
}

/* ---- tunnels ---- */

/* The others are changed; these go and come again. */
static bool tunnel_same(const union command_body *a, const union command_body *b)
{
	return strcmp(a->tunnel.name, b->tunnel.name) == 0 && a->tunnel.mode == b->tunnel.mode &&
	       strcmp(a->tunnel.link, b->tunnel.link) == 0;
}

/* A request has said less, a listing all. */
static bool tunnel_take(union command_body *body)
{
	body->tunnel.given = UINT32_MAX;
	return true;
}

static void tunnel_print(FILE *out, const union command_body *body)
{
	fprintf(out, "dpip tunnel add %.*s ", API_NAME_LEN, body->tunnel.name);
	dpip_tunnel_print(out, &body->tunnel);
}

/* ---- settings of links ---- */

static bool link_set_same(const union command_body *a, const union command_body *b)
{
	return a->link_set.what == b->link_set.what &&
	       strcmp(a->link_set.dev, b->link_set.dev) == 0;
}

static void link_set_print(FILE *out, const union command_body *body)
{
	static const char *const switches[API_LINK__WHATS] = {
		[API_LINK_SET_PROMISC] = "promisc",
		[API_LINK_SET_ALLMULTICAST] = "allmulticast",
		[API_LINK_SET_FORWARD2KNI] = "forward2kni",
	};
	const struct api_link_set *set = &body->link_set;
	char mac[TEXT_MAC_LEN];

	fprintf(out, "dpip link set %.*s ", API_NAME_LEN, set->dev);
	if (set->what == API_LINK_SET_UP)
		fputs(set->value ? "up" : "down", out);
	else if (set->what == API_LINK_SET_MTU)
		fprintf(out, "mtu %" PRIu32, set->value);
	else if (set->what == API_LINK_SET_MAC)
		fprintf(out, "addr %s", text_of_mac(set->mac, false, mac));
	else if (set->what < API_LINK__WHATS && switches[set->what])
		fprintf(out, "%s %s", switches[set->what], set->value ? "on" : "off");
}

/* ---- addresses ---- */

static bool addr_take(union command_body *body)
{
	struct api_addr *addr = &body->addr;

	if (addr->flags & API_ADDR_LADDR)
		return false;
	addr->flags &= API_ADDR_SAPOOL;
	if (addr->valid_lft_s || addr->preferred_lft_s)
		addr->flags |= API_ADDR_LIFETIME;
	return true;
}

static bool addr_same(const union command_body *a, const union command_body *b)
{
	return a->addr.family == b->addr.family &&
	       text_ip_compare(&a->addr.addr, &b->addr.addr) == 0 && a->addr.plen == b->addr.plen &&
	       strcmp(a->addr.dev, b->addr.dev) == 0;
}

static void lifetime_print(FILE *out, const char *word, uint32_t seconds)
{
	if (seconds == API_LIFE_FOREVER)
		fprintf(out, " %s forever", word);
	else
		fprintf(out, " %s %" PRIu32, word, seconds);
}

static void addr_print(FILE *out, const union command_body *body)
{
	const struct api_addr *addr = &body->addr;
	char ip[TEXT_IP_LEN], scope[8];

	fprintf(out, "dpip addr add %s/%u dev %.*s", text_of_ip(addr->family, &addr->addr, ip),
		addr->plen, API_NAME_LEN, addr->dev);
	if (!text_ip_is_zero(&addr->broadcast))
		fprintf(out, " broadcast %s", text_of_ip(addr->family, &addr->broadcast, ip));
	if (addr->scope != API_SCOPE_UNSET && addr->scope != API_SCOPE_GLOBAL)
		fprintf(out, " scope %s", scope_text(addr->scope, scope, sizeof(scope)));
	if (addr->flags & API_ADDR_LIFETIME) {
		lifetime_print(out, "valid_lft", addr->valid_lft_s);
		lifetime_print(out, "preferred_lft", addr->preferred_lft_s);
	}
	if (addr->flags & API_ADDR_SAPOOL)
		fputs(" sapool", out);
}

/* ---- routes ---- */

/* Is it one of those, and as what was said: the device's MTU was not. */
static bool route_keep(struct api_route *route)
{
	if (route->mtu_of_dev)
		route->mtu = route->mtu_of_dev = 0;
	return route->proto == API_PROTO_AUTO || route->proto == API_PROTO_BOOT ||
	       route->proto == API_PROTO_STATIC;
}

static bool route_take(union command_body *body)
{
	if (body->route.n_hops) /* several gateways are the next kind's */
		return false;
	return route_keep(&body->route);
}

static bool route_multi_take(union command_body *body)
{
	return body->route_multi.n > 1 && route_keep(&body->route_multi.route);
}

/* The listing has the gateways right behind the route. */
static void route_multi_read(union command_body *body, const struct client_item *item)
{
	struct api_route_multi *multi = &body->route_multi;
	uint32_t n;

	client_object(item, &multi->route, sizeof(multi->route));
	n = multi->route.n_hops;
	multi->route.n_hops = 0;
	if (n > API_ROUTE_HOPS || item->len < sizeof(multi->route) + n * sizeof(multi->hops[0]))
		return;
	multi->verb = API_ROUTE_VERB_ADD;
	multi->n = n;
	memcpy(multi->hops, (const char *)item->object + sizeof(multi->route),
	       n * sizeof(multi->hops[0]));
}

/* several: the gateways are printed behind it. */
static void route_words(FILE *out, const struct api_route *route, bool several)
{
	bool gateway = several || !text_ip_is_zero(&route->via);
	unsigned int usual = gateway ? API_SCOPE_GLOBAL : API_SCOPE_LINK;
	char ip[TEXT_IP_LEN], scope[8];

	fprintf(out, "dpip route add %s%s/%u",
		route->type == API_ROUTE_BLACKHOLE     ? "blackhole "
		: route->type == API_ROUTE_UNREACHABLE ? "unreachable "
		: route->type == API_ROUTE_PROHIBIT    ? "prohibit "
						       : "",
		text_of_ip(route->family, &route->dst, ip), route->plen);
	if (gateway && !several)
		fprintf(out, " via %s", text_of_ip(route->family, &route->via, ip));
	if (route->dev[0])
		fprintf(out, " dev %.*s", API_NAME_LEN, route->dev);
	if (!text_ip_is_zero(&route->src))
		fprintf(out, " src %s", text_of_ip(route->family, &route->src, ip));
	if (route->type == API_ROUTE_LOCAL)
		fputs(" scope host", out);
	else if (route->type == API_ROUTE_KERNEL)
		fputs(" scope kni_host", out);
	else if (route->type == API_ROUTE_UNICAST && route->scope != API_SCOPE_UNSET &&
		 route->scope != usual)
		fprintf(out, " scope %s", scope_text(route->scope, scope, sizeof(scope)));
	if (route->mtu)
		fprintf(out, " mtu %" PRIu32, route->mtu);
	if (route->tos)
		fprintf(out, " tos %u", route->tos);
	if (route->metric)
		fprintf(out, " metric %" PRIu32, route->metric);
	if (route->proto != API_PROTO_AUTO)
		fprintf(out, " proto %s", route->proto == API_PROTO_BOOT ? "boot" : "static");
	if (route->onlink)
		fputs(" onlink", out);
}

static void route_print(FILE *out, const union command_body *body)
{
	route_words(out, &body->route, false);
}

static void route_multi_print(FILE *out, const union command_body *body)
{
	const struct api_route_multi *multi = &body->route_multi;
	char ip[TEXT_IP_LEN];

	route_words(out, &multi->route, true);
	for (uint32_t i = 0; i < multi->n && i < API_ROUTE_HOPS; i++) {
		const struct api_hop *hop = &multi->hops[i];

		fputs(" nexthop", out);
		if (!text_ip_is_zero(&hop->via))
			fprintf(out, " via %s", text_of_ip(multi->route.family, &hop->via, ip));
		if (hop->dev[0])
			fprintf(out, " dev %.*s", API_NAME_LEN, hop->dev);
		fprintf(out, " weight %u%s", hop->weight, hop->onlink ? " onlink" : "");
	}
}

/* ---- neighbours ---- */

static bool neigh_take(union command_body *body)
{
	struct api_neigh *neigh = &body->neigh;

	if (!neigh->is_static)
		return false;
	neigh->state = 0;
	neigh->held = 0;
	neigh->cpu = 0;
	return true;
}

static bool neigh_same(const union command_body *a, const union command_body *b)
{
	return a->neigh.family == b->neigh.family &&
	       text_ip_compare(&a->neigh.addr, &b->neigh.addr) == 0 &&
	       strcmp(a->neigh.dev, b->neigh.dev) == 0;
}

static void neigh_print(FILE *out, const union command_body *body)
{
	const struct api_neigh *neigh = &body->neigh;
	char ip[TEXT_IP_LEN], mac[TEXT_MAC_LEN];

	fprintf(out, "dpip neigh add %s lladdr %s dev %.*s",
		text_of_ip(neigh->family, &neigh->addr, ip), text_of_mac(neigh->mac, false, mac),
		API_NAME_LEN, neigh->dev);
}

/* ---- rules of marks ---- */

static void mark_print(FILE *out, const union command_body *body)
{
	fputs("dpip mark add ", out);
	dpip_mark_print(out, &body->mark);
}

/* ---- timeouts ---- */

static bool timeouts_take(union command_body *body)
{
	struct api_timeouts *timeouts = &body->timeouts;
	uint32_t changed = timeouts->changed;

	if (!(changed & API_TIMEOUT_TCP))
		timeouts->tcp_s = 0;
	if (!(changed & API_TIMEOUT_TCP_FIN))
		timeouts->tcp_fin_s = 0;
	if (!(changed & API_TIMEOUT_UDP))
		timeouts->udp_s = 0;
	timeouts->changed = 0;
	return changed != 0;
}

static void timeouts_print(FILE *out, const union command_body *body)
{
	const struct api_timeouts *timeouts = &body->timeouts;

	fprintf(out, "ipvsadm --set %" PRIu32 " %" PRIu32 " %" PRIu32, timeouts->tcp_s,
		timeouts->tcp_fin_s, timeouts->udp_s);
}

/* ---- services and what they have ---- */

static bool service_take(union command_body *body)
{
	body->service.n_dests = body->service.n_laddrs = 0;
	return true;
}

static bool service_same(const union command_body *a, const union command_body *b)
{
	return memcmp(&a->service.key, &b->service.key, sizeof(a->service.key)) == 0;
}

static void service_print(FILE *out, const union command_body *body)
{
	fputs("ipvsadm ", out);
	save_service(out, &body->service, true);
}

static void laddr_print(FILE *out, const union command_body *body)
{
	fputs("ipvsadm ", out);
	save_laddr(out, &body->laddr, true);
}

static bool dest_take(union command_body *body)
{
	body->dest.flags &= (uint16_t)~API_DEST_OVERLOAD;
	return true;
}

static bool dest_same(const union command_body *a, const union command_body *b)
{
	return memcmp(&a->dest.service, &b->dest.service, sizeof(a->dest.service)) == 0 &&
	       a->dest.family == b->dest.family && a->dest.port == b->dest.port &&
	       a->dest.port_last == b->dest.port_last &&
	       text_ip_compare(&a->dest.addr, &b->dest.addr) == 0;
}

static void dest_print(FILE *out, const union command_body *body)
{
	fputs("ipvsadm ", out);
	save_dest(out, &body->dest, true);
}

#define SIZE(type)       .size = sizeof(struct type), .del_size = sizeof(struct type)
#define TOLD(type, last) .told = offsetof(struct type, last)
#define REQUESTS(object) .add = API_##object##_ADD, .del = API_##object##_DEL

const struct state_object state_objects[] = {
	{ API_KIND_LINK_ADD, API_LINK_LIST, REQUESTS(LINK), 0, .size = sizeof(struct api_link_add),
	  .del_size = sizeof(struct api_link_del), .told = sizeof(struct api_link_add), false, NULL,
	  as_listed, NULL, link_print },
	{ API_KIND_VLAN, API_VLAN_LIST, REQUESTS(VLAN), 0, SIZE(api_vlan), TOLD(api_vlan, index),
	  false, NULL, as_listed, NULL, vlan_print },
	{ API_KIND_TUNNEL, API_TUNNEL_LIST, REQUESTS(TUNNEL), API_TUNNEL_SET,
	  SIZE(api_tunnel_device), TOLD(api_tunnel_device, index), false, NULL, tunnel_take,
	  tunnel_same, tunnel_print },
	/* comes with LINK_LIST; may be of a VLAN or tunnel */
	{ API_KIND_LINK_SET, 0, API_LINK_SET, API_LINK_RESET, API_LINK_SET, SIZE(api_link_set),
	  .told = sizeof(struct api_link_set), false, NULL, as_listed, link_set_same,
	  link_set_print },
	{ API_KIND_ADDR, API_ADDR_LIST, REQUESTS(ADDR), API_ADDR_SET, SIZE(api_addr),
	  TOLD(api_addr, ports_used), false, NULL, addr_take, addr_same, addr_print },
	{ API_KIND_ROUTE, API_ROUTE_LIST, REQUESTS(ROUTE), 0, SIZE(api_route),
	  .told = sizeof(struct api_route), false, NULL, route_take, NULL, route_print },
	/* comes with ROUTE_LIST */
	{ API_KIND_ROUTE, 0, API_ROUTE_MULTI, API_ROUTE_DEL, 0,
	  .size = sizeof(struct api_route_multi), .del_size = sizeof(struct api_route),
	  .told = sizeof(struct api_route_multi), false, route_multi_read, route_multi_take, NULL,
	  route_multi_print },
	{ API_KIND_NEIGH, API_NEIGH_LIST, REQUESTS(NEIGH), API_NEIGH_SET, SIZE(api_neigh),
	  .told = sizeof(struct api_neigh), false, NULL, neigh_take, neigh_same, neigh_print },
	{ API_KIND_MARK, API_MARK_LIST, REQUESTS(MARK), 0, SIZE(api_mark),
	  .told = sizeof(struct api_mark), false, NULL, as_listed, NULL, mark_print },
	{ API_KIND_TIMEOUTS, API_TIMEOUT_GET, API_TIMEOUT_SET, API_TIMEOUT_RESET, 0,
	  SIZE(api_timeouts), .told = sizeof(struct api_timeouts), false, NULL, timeouts_take, NULL,
	  timeouts_print },
	{ API_KIND_SERVICE, API_SERVICE_LIST, REQUESTS(SERVICE), API_SERVICE_SET,
	  .size = sizeof(struct api_service), .del_size = sizeof(struct api_service_key),
	  TOLD(api_service, stats), false, NULL, service_take, service_same, service_print },
	{ API_KIND_LADDR, API_LADDR_LIST, REQUESTS(LADDR), 0, SIZE(api_laddr),
	  TOLD(api_laddr, conflicts), false, NULL, as_listed, NULL, laddr_print },
	{ API_KIND_DEST, 0, REQUESTS(DEST), API_DEST_SET, SIZE(api_dest), TOLD(api_dest, active),
	  true, NULL, dest_take, dest_same, dest_print },
};

const unsigned int state_n_objects = sizeof(state_objects) / sizeof(state_objects[0]);
