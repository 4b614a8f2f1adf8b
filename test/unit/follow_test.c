/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is followed of the kernel's: rtnetlink's messages as rows of a story,
 * and behind each what dpvs has, on the master and on every worker. A message
 * is a line:
 *
 *	new|del route|addr|object [FLAG…] PREFIX [metric N] [proto N] [table N] [type N]
 *		[mtu N] [id N] [HOP…]
 *	begin | end
 *
 * and begins with "? " if what it says makes a new round needed.
 * FLAGs are listed, replace, append; a HOP is ADDRESS@DEV[*WEIGHT][!dead|!onlink],
 * "-" for no address; DEV are the kernel's numbers: 100 is dpdk0's, 101 dpdk1's,
 * 7 is none of ours. With several hops the message has RTA_MULTIPATH.
 */
#include "lib/unit.h"

#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include "lib/net_rig.h"
#include "link/kni_master.h"
#include "net/follow_int.h"
#include "packet/meta.h"
#include "net/route_int.h"
#include "net/shared_ctl.h"

#define TEXT 2048

/* ---- the kernel's side ---- */

struct twin {
	unsigned int index;
	int fd;
};

static int twin_open(void *arg, const char *name, void **dev)
{
	struct twin *twin = calloc(1, sizeof(*twin));

	assert_non_null(twin);
	twin->index = 100u + (unsigned int)(name[4] - '0');
	twin->fd = eventfd(0, EFD_NONBLOCK);
	*dev = twin;
	return 0;
}

static int twin_fd(void *dev)
{
	return ((struct twin *)dev)->fd;
}

static unsigned int twin_index(void *dev)
{
	return ((struct twin *)dev)->index;
}

static int twin_set_mac(void *dev, const struct rte_ether_addr *mac)
{
	return 0;
}

static int twin_set_mtu(void *dev, uint16_t mtu)
{
	return 0;
}

static int twin_set_carrier(void *dev, bool on)
{
	return 0;
}

static void twin_close(void *dev)
{
	close(((struct twin *)dev)->fd);
	free(dev);
}

static const char *no_name(void *arg, const char *port)
{
	return NULL;
}

static const struct kni_ops twin_ops = {
	.open = twin_open,
	.fd = twin_fd,
	.index = twin_index,
	.set_mac = twin_set_mac,
	.set_mtu = twin_set_mtu,
	.set_carrier = twin_set_carrier,
	.close = twin_close,
};

/* ---- rows to messages ---- */

static unsigned int number_behind(const char *word, const char *key, unsigned int otherwise)
{
	char pattern[32];
	const char *at;

	snprintf(pattern, sizeof(pattern), " %s ", key);
	at = strstr(word, pattern);
	return at ? (unsigned int)strtoul(at + strlen(pattern), NULL, 10) : otherwise;
}

/* ADDRESS[/LEN]; false: "-" */
static bool read_ip(const char *text, unsigned int *family, union ip_addr *ip, unsigned int *plen)
{
	char copy[64];
	char *slash;

	snprintf(copy, sizeof(copy), "%s", text);
	slash = strchr(copy, '/');
	if (slash)
		*slash++ = '\0';
	if (plen && slash)
		*plen = (unsigned int)strtoul(slash, NULL, 10);
	if (strcmp(copy, "-") == 0)
		return false;
	assert_int_equal(ip_parse(copy, family, ip), 0);
	return true;
}

struct hop {
	union ip_addr via;
	bool has_via;
	unsigned int index, weight, flags;
};

static bool read_hop(const char *word, struct hop *hop)
{
	char ip[64];
	const char *at = strchr(word, '@');
	unsigned int family;

	if (!at)
		return false;
	snprintf(ip, sizeof(ip), "%.*s", (int)(at - word), word);
	*hop = (struct hop){ .index = (unsigned int)strtoul(at + 1, NULL, 10), .weight = 1 };
	hop->has_via = read_ip(ip, &family, &hop->via, NULL);
	if (strchr(at, '*'))
		hop->weight = (unsigned int)strtoul(strchr(at, '*') + 1, NULL, 10);
	if (strstr(at, "!dead"))
		hop->flags |= RTNH_F_DEAD;
	if (strstr(at, "!onlink"))
		hop->flags |= RTNH_F_ONLINK;
	return true;
}

static size_t ip_size(unsigned int family)
{
	return family == AF_INET6 ? 16 : 4;
}

static void put_hops(struct nlmsghdr *message, unsigned int family, const struct hop *hops,
		     unsigned int n)
{
	struct nlattr *nest = mnl_attr_nest_start(message, RTA_MULTIPATH);

	for (unsigned int i = 0; i < n; i++) {
		struct rtnexthop *next = mnl_nlmsg_get_payload_tail(message);

		memset(next, 0, sizeof(*next));
		next->rtnh_hops = (uint8_t)(hops[i].weight - 1);
		next->rtnh_flags = (uint8_t)hops[i].flags;
		next->rtnh_ifindex = (int)hops[i].index;
		message->nlmsg_len += (uint32_t)sizeof(*next);
		if (hops[i].has_via)
			mnl_attr_put(message, RTA_GATEWAY, ip_size(family), &hops[i].via);
		next->rtnh_len =
			(uint16_t)((char *)mnl_nlmsg_get_payload_tail(message) - (char *)next);
	}
	mnl_attr_nest_end(message, nest);
}

static void put_route(struct nlmsghdr *message, const char *row, unsigned int family,
		      const union ip_addr *dst, unsigned int plen, const struct hop *hops,
		      unsigned int n)
{
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(message, sizeof(*rtm));
	unsigned int mtu = number_behind(row, "mtu", 0), id = number_behind(row, "id", 0);

	rtm->rtm_family = (uint8_t)family;
	rtm->rtm_dst_len = (uint8_t)plen;
	rtm->rtm_table = (uint8_t)number_behind(row, "table", RT_TABLE_MAIN);
	rtm->rtm_protocol = (uint8_t)number_behind(row, "proto", 12);
	rtm->rtm_type = (uint8_t)number_behind(row, "type", RTN_UNICAST);
	if (plen)
		mnl_attr_put(message, RTA_DST, ip_size(family), dst);
	mnl_attr_put_u32(message, RTA_PRIORITY, number_behind(row, "metric", 32));
	if (id)
		mnl_attr_put_u32(message, RTA_NH_ID, id);
	if (mtu) {
		struct nlattr *nest = mnl_attr_nest_start(message, RTA_METRICS);

		mnl_attr_put_u32(message, RTAX_MTU, mtu);
		mnl_attr_nest_end(message, nest);
	}
	if (n > 1)
		put_hops(message, family, hops, n);
	if (n != 1)
		return;
	rtm->rtm_flags = hops[0].flags;
	if (hops[0].has_via)
		mnl_attr_put(message, RTA_GATEWAY, ip_size(family), &hops[0].via);
	mnl_attr_put_u32(message, RTA_OIF, hops[0].index);
}

static void put_addr(struct nlmsghdr *message, unsigned int family, const union ip_addr *ip,
		     unsigned int plen, const struct hop *hop)
{
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(message, sizeof(*ifa));

	ifa->ifa_family = (uint8_t)family;
	ifa->ifa_prefixlen = (uint8_t)plen;
	ifa->ifa_index = hop->index;
	mnl_attr_put(message, IFA_ADDRESS, ip_size(family), ip);
}

static void put_object(struct nlmsghdr *message, const char *row)
{
	struct nhmsg *nhm = mnl_nlmsg_put_extra_header(message, sizeof(*nhm));

	nhm->nh_family = AF_INET;
	mnl_attr_put_u32(message, NHA_ID, number_behind(row, "id", 0));
}

static uint16_t type_of(const char *row)
{
	bool gone = strncmp(row, "del", 3) == 0;

	if (strstr(row, " addr"))
		return gone ? RTM_DELADDR : RTM_NEWADDR;
	if (strstr(row, " object"))
		return gone ? RTM_DELNEXTHOP : RTM_NEWNEXTHOP;
	return gone ? RTM_DELROUTE : RTM_NEWROUTE;
}

static uint16_t flags_of(const char *row)
{
	return (uint16_t)((strstr(row, " listed") ? NLM_F_MULTI : 0) |
			  (strstr(row, " replace") ? NLM_F_REPLACE : 0) |
			  (strstr(row, " append") ? NLM_F_APPEND : 0));
}

/* Returns whether a new round is asked for. */
static bool tell(struct follow_table *table, const char *row)
{
	char space[4096] __attribute__((aligned(8))), copy[512];
	struct nlmsghdr *message = mnl_nlmsg_put_header(space);
	unsigned int family = AF_INET, plen = 0, n = 0;
	union ip_addr dst = { .u64 = { 0, 0 } };
	struct hop hops[32];

	message->nlmsg_type = type_of(row);
	message->nlmsg_flags = flags_of(row);
	snprintf(copy, sizeof(copy), "%s", row);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
		if (read_hop(word, &hops[n]))
			assert_true(++n < LENGTH(hops));
		else if (strchr(word, '/'))
			read_ip(word, &family, &dst, &plen);
	}
	if (strstr(row, " object"))
		put_object(message, row);
	else if (strstr(row, " addr"))
		put_addr(message, family, &dst, plen, &hops[0]);
	else
		put_route(message, row, family, &dst, plen, hops, n);
	follow_addr_news(table->all, message);
	return follow_news(table, message);
}

/* ---- what dpvs has ---- */

static size_t print_hop(char *out, size_t size, const struct worker *w, unsigned int family,
			const union ip_addr *via, uint16_t port, unsigned int weight, bool onlink)
{
	char ip[IP_STR_LEN];
	int n = snprintf(out, size, " %s@%s", ip_is_zero(via) ? "-" : ip_str(family, via, ip),
			 ctl_port_name(w, port));

	if (weight > 1)
		n += snprintf(out + n, size - (size_t)n, "*%u", weight);
	if (onlink)
		n += snprintf(out + n, size - (size_t)n, "!onlink");
	return (size_t)n;
}

static size_t print_route(char *out, size_t size, const struct worker *w, const struct route *route)
{
	char ip[IP_STR_LEN];
	size_t n;

	n = (size_t)snprintf(out, size, "%s/%u", ip_str(route->family, &route->dst, ip),
			     route->plen);
	if (route->type == API_ROUTE_KERNEL)
		return n + (size_t)snprintf(out + n, size - n, " kernel\n");
	n += (size_t)snprintf(out + n, size - n, " metric %u proto %u",
			      route->metric & ~FOLLOW_METRIC, route->proto);
	if (route->mtu)
		n += (size_t)snprintf(out + n, size - n, " mtu %u", route->mtu);
	if (!route->paths)
		n += print_hop(out + n, size - n, w, route->family, &route->via, route->port, 1,
			       route->onlink);
	for (unsigned int i = 0; route->paths && i < route->paths->n; i++) {
		const struct route_hop *hop = &route->paths->hops[i];

		n += print_hop(out + n, size - n, w, route->family, &hop->via, hop->port,
			       hop->weight, hop->onlink);
	}
	return n + (size_t)snprintf(out + n, size - n, "\n");
}

/* The followed routes, a line each. */
static void print_all(char *out, size_t size, const struct worker *w)
{
	size_t n = 0;

	out[0] = '\0';
	order_for_each_safe (it, &w->net->routes->order) {
		struct route route;

		route_describe(w, container_of(it, struct route_node, order), &route);
		if (route.metric & FOLLOW_METRIC || route.type == API_ROUTE_KERNEL)
			n += print_route(out + n, size - n, w, &route);
	}
}

/* ---- stories ---- */

struct step {
	const char *row;
	const char *want; /* what dpvs has then; NULL: as before */
};

struct rig {
	struct net_rig *net;
	struct follow_table table;
};

static void add_addr(struct net_rig *net, const char *ip, uint8_t plen, const char *dev)
{
	struct api_addr addr = { .addr = net_rig_ip(ip), .plen = plen, .scope = API_SCOPE_UNSET };

	addr.family = strchr(ip, ':') ? AF_INET6 : AF_INET;
	snprintf(addr.dev, sizeof(addr.dev), "%s", dev);
	assert_int_equal(net_rig_request(net, API_ADDR_ADD, &addr, sizeof(addr)), 0);
}

static struct rig *rig_new(void)
{
	struct kni_config config = { .ops = &twin_ops, .lcore = -1, .name = no_name };
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	rig->net = net_rig_create(64);
	assert_int_equal(kni_create(rig->net->all, &config), 0);
	kni_sync(rig->net->all);
	add_addr(rig->net, "10.0.0.1", 24, "dpdk0");
	add_addr(rig->net, "10.1.0.1", 24, "dpdk1");
	add_addr(rig->net, "fd00::1", 64, "dpdk0");
	add_addr(rig->net, "fd00:1::1", 64, "dpdk1");
	follow_table_init(&rig->table, rig->net->all);
	return rig;
}

static void rig_free(struct rig *rig)
{
	follow_table_free(&rig->table);
	kni_destroy(rig->net->all);
	net_rig_destroy(rig->net);
	free(rig);
}

static void step_check(struct rig *rig, const struct step *step, const char *want)
{
	char got[TEXT], text[TEXT + 128], wanted[TEXT + 128];

	for (unsigned int i = 0; i <= NET_RIG_WORKERS; i++) {
		print_all(got, sizeof(got), rig->net->all[i]);
		snprintf(text, sizeof(text), "%s:\n%s", step->row, got);
		snprintf(wanted, sizeof(wanted), "%s:\n%s", step->row, want);
		assert_string_equal(text, wanted);
	}
}

static void story(struct rig *rig, const struct step *steps, unsigned int n)
{
	const char *want = "";

	for (unsigned int i = 0; i < n; i++) {
		const struct step *step = &steps[i];
		bool again = false;

		if (strcmp(step->row, "begin") == 0)
			rig->table.round++;
		else if (strcmp(step->row, "end") == 0)
			follow_sweep(&rig->table);
		else
			again = tell(&rig->table, step->row + strspn(step->row, "? "));
		if (step->want)
			want = step->want;
		step_check(rig, step, want);
		if (again != (step->row[0] == '?'))
			fail_msg("%s: asks for a new round: %d", step->row, again);
	}
}

static void run_story(const struct step *steps, unsigned int n)
{
	struct rig *rig = rig_new();

	story(rig, steps, n);
	rig_free(rig);
}

static const struct step hops4[] = {
	{ "new route 20.0.0.0/8 10.0.0.2@100", "20.0.0.0/8 metric 32 proto 12 10.0.0.2@dpdk0\n" },
	{ "new route replace 20.0.0.0/8 10.0.0.2@100*3 10.1.0.2@101",
	  "20.0.0.0/8 metric 32 proto 12 10.0.0.2@dpdk0*3 10.1.0.2@dpdk1\n" },
	/* other weights; the same hop twice; more hops than there was room for */
	{ "new route replace 20.0.0.0/8 10.0.0.2@100 10.1.0.2@101*256",
	  "20.0.0.0/8 metric 32 proto 12 10.0.0.2@dpdk0 10.1.0.2@dpdk1*256\n" },
	{ "new route replace 20.0.0.0/8 10.0.0.2@100 10.1.0.2@101 10.0.0.2@100*2",
	  "20.0.0.0/8 metric 32 proto 12 10.0.0.2@dpdk0*3 10.1.0.2@dpdk1\n" },
	{ "new route replace 20.0.0.0/8 10.0.0.2@100*2 10.0.0.2@100",
	  "20.0.0.0/8 metric 32 proto 12 10.0.0.2@dpdk0\n" },
	/* dead ones and those of others do not count */
	{ "new route replace 20.0.0.0/8 10.0.0.2@100!dead 10.1.0.2@101*2 10.9.0.1@7",
	  "20.0.0.0/8 metric 32 proto 12 10.1.0.2@dpdk1\n" },
	/* on link, and gateways that only the kernel reaches */
	{ "new route replace 20.0.0.0/8 -@100 10.1.0.2@101",
	  "20.0.0.0/8 metric 32 proto 12 -@dpdk0 10.1.0.2@dpdk1\n" },
	{ "new route replace 20.0.0.0/8 172.16.0.2@100 10.1.0.2@101",
	  "20.0.0.0/8 metric 32 proto 12 172.16.0.2@dpdk0!onlink 10.1.0.2@dpdk1!onlink\n" },
	{ "new route replace 20.0.0.0/8 mtu 1400 proto 186 10.0.0.2@100 10.1.0.2@101!onlink",
	  "20.0.0.0/8 metric 32 proto 186 mtu 1400 10.0.0.2@dpdk0 10.1.0.2@dpdk1!onlink\n" },
	/* another metric is another route, another table is nobody's */
	{ "new route 20.0.0.0/8 metric 20 10.0.0.3@100 10.0.0.4@100",
	  "20.0.0.0/8 metric 20 proto 12 10.0.0.3@dpdk0 10.0.0.4@dpdk0\n"
	  "20.0.0.0/8 metric 32 proto 186 mtu 1400 10.0.0.2@dpdk0 10.1.0.2@dpdk1!onlink\n" },
	{ "new route replace 20.0.0.0/8 metric 20 table 100 10.0.0.5@100", NULL },
	{ "del route 20.0.0.0/8 metric 20 table 100 10.0.0.3@100 10.0.0.4@100", NULL },
	{ "del route 20.0.0.0/8 metric 20 10.0.0.3@100 10.0.0.4@100",
	  "20.0.0.0/8 metric 32 proto 186 mtu 1400 10.0.0.2@dpdk0 10.1.0.2@dpdk1!onlink\n" },
	{ "del route 20.0.0.0/8 proto 186 10.0.0.2@100!dead 10.1.0.2@101", "" },
	{ "del route 20.0.0.0/8 10.0.0.2@100 10.1.0.2@101", NULL },
	{ "new route 0.0.0.0/0 10.0.0.2@100 10.1.0.2@101",
	  "0.0.0.0/0 metric 32 proto 12 10.0.0.2@dpdk0 10.1.0.2@dpdk1\n" },
	{ "del route 0.0.0.0/0 10.0.0.2@100 10.1.0.2@101", "" },
};

static void hops4_test(void **state)
{
	run_story(hops4, LENGTH(hops4));
}

#define FD20 "fd20::/16 metric 32 proto 12"

static const struct step hops6[] = {
	{ "new route fd20::/16 fd00::2@100", FD20 " fd00::2@dpdk0\n" },
	{ "new route append fd20::/16 fd00::2@100 fd00:1::2@101*4",
	  FD20 " fd00::2@dpdk0 fd00:1::2@dpdk1*4\n" },
	{ "new route append fd20::/16 fd00::2@100 fd00:1::2@101*4 fe80::2@101",
	  FD20 " fd00::2@dpdk0 fd00:1::2@dpdk1*4 fe80::2@dpdk1\n" },
	/* IPv6 takes hops one by one */
	{ "del route fd20::/16 fd00::2@100", FD20 " fd00:1::2@dpdk1*4 fe80::2@dpdk1\n" },
	{ "? del route fd20::/16 fd00::9@100", NULL },
	{ "del route fd20::/16 fd00:1::2@101", FD20 " fe80::2@dpdk1\n" },
	{ "new route replace fd20::/16 fd00::2@100 fd00::3@100",
	  FD20 " fd00::2@dpdk0 fd00::3@dpdk0\n" },
	{ "del route fd20::/16 fd00::2@100 fd00::3@100", "" },
};

static void hops6_test(void **state)
{
	run_story(hops6, LENGTH(hops6));
}

/* The kernel tells of the new route only. */
static const struct step replaced[] = {
	{ "new route 20.0.0.0/8 10.0.0.2@100", "20.0.0.0/8 metric 32 proto 12 10.0.0.2@dpdk0\n" },
	{ "new route 20.0.0.0/8 proto 4 10.0.0.2@100", NULL }, /* appended by an administrator */
	{ "new route replace 20.0.0.0/8 proto 4 10.0.0.2@100", "" },
	{ "new route replace 20.0.0.0/8 10.0.0.2@100",
	  "20.0.0.0/8 metric 32 proto 12 10.0.0.2@dpdk0\n" },
	{ "new route replace 20.0.0.0/8 10.0.0.2@7", "" },
	{ "new route replace 20.0.0.0/8 10.0.0.2@100",
	  "20.0.0.0/8 metric 32 proto 12 10.0.0.2@dpdk0\n" },
	{ "new route replace 20.0.0.0/8 type 6", "" }, /* blackhole */
	{ "new route fd20::/16 fd00::2@100", FD20 " fd00::2@dpdk0\n" },
	{ "new route replace fd20::/16 type 7", "" }, /* unreachable */
};

static void replaced_test(void **state)
{
	run_story(replaced, LENGTH(replaced));
}

/* Of several routes of one prefix and metric the first counts. */
static const struct step several[] = {
	{ "new route 20.0.0.0/8 10.0.0.2@100", "20.0.0.0/8 metric 32 proto 12 10.0.0.2@dpdk0\n" },
	{ "new route append 20.0.0.0/8 10.0.0.3@100", NULL },
	{ "? del route 20.0.0.0/8 10.0.0.3@100", NULL },
	{ "new route append 20.0.0.0/8 10.0.0.3@100", NULL },
	{ "? del route 20.0.0.0/8 10.0.0.2@100", "" },
	{ "begin", NULL },
	{ "new route listed 20.0.0.0/8 10.0.0.3@100",
	  "20.0.0.0/8 metric 32 proto 12 10.0.0.3@dpdk0\n" },
	{ "new route listed 20.0.0.0/8 10.0.0.4@100", NULL },
	{ "end", NULL },
	{ "? del route 20.0.0.0/8 10.0.0.3@100", "" },
	{ "begin", NULL },
	{ "new route listed 20.0.0.0/8 10.0.0.4@100",
	  "20.0.0.0/8 metric 32 proto 12 10.0.0.4@dpdk0\n" },
	{ "end", NULL },
	{ "new route 20.0.0.0/8 10.0.0.5@100", /* prepended */
	  "20.0.0.0/8 metric 32 proto 12 10.0.0.5@dpdk0\n" },
	{ "? del route 20.0.0.0/8 10.0.0.5@100", "" },
	{ "begin", NULL },
	{ "new route listed 20.0.0.0/8 10.0.0.4@100",
	  "20.0.0.0/8 metric 32 proto 12 10.0.0.4@dpdk0\n" },
	{ "end", NULL },
	{ "begin", NULL },
	{ "new route listed 20.0.0.0/8 10.0.0.4@100", NULL },
	{ "end", NULL },
	{ "del route 20.0.0.0/8 10.0.0.4@100", "" },
};

static void several_test(void **state)
{
	run_story(several, LENGTH(several));
}

/* Rounds: what is not told again has gone, whatever was missed. */
static const struct step rounds[] = {
	{ "new addr 10.0.0.5/24 -@100", "10.0.0.5/32 kernel\n" },
	{ "new route 20.0.0.0/8 10.0.0.2@100 10.1.0.2@101",
	  "10.0.0.5/32 kernel\n20.0.0.0/8 metric 32 proto 12 10.0.0.2@dpdk0 10.1.0.2@dpdk1\n" },
	{ "begin", NULL },
	{ "new addr listed 10.0.0.5/24 -@100", NULL },
	{ "new route listed 20.0.0.0/8 10.0.0.2@100!dead 10.1.0.2@101", /* a device is down */
	  "10.0.0.5/32 kernel\n20.0.0.0/8 metric 32 proto 12 10.1.0.2@dpdk1\n" },
	{ "end", NULL },
	{ "begin", NULL },
	{ "new addr listed 10.0.0.5/24 -@100", NULL },
	{ "end", "10.0.0.5/32 kernel\n" },
	{ "? del addr 10.0.0.5/24 -@100", "" },
	{ "new addr 10.0.0.1/24 -@100", NULL }, /* ours, it waits */
	{ "new addr fe80::5/64 -@100", NULL },
	{ "new addr 10.0.0.6/24 -@7", NULL },
};

static void rounds_test(void **state)
{
	run_story(rounds, LENGTH(rounds));
}

static const struct step objects[] = {
	{ "new object id 11", "" },
	{ "new route 20.0.0.0/8 id 11 10.0.0.2@100",
	  "20.0.0.0/8 metric 32 proto 12 10.0.0.2@dpdk0\n" },
	{ "new route 21.0.0.0/8 id 11 10.0.0.2@100",
	  "20.0.0.0/8 metric 32 proto 12 10.0.0.2@dpdk0\n"
	  "21.0.0.0/8 metric 32 proto 12 10.0.0.2@dpdk0\n" },
	{ "del object id 12", NULL },
	{ "? new object id 11", NULL },
	{ "? del object id 11", NULL },
	{ "new route replace 20.0.0.0/8 id 12 10.0.0.2@100", NULL },
	{ "? del object id 11", NULL },
	{ "new route replace 21.0.0.0/8 10.0.0.2@100 10.0.0.3@100",
	  "20.0.0.0/8 metric 32 proto 12 10.0.0.2@dpdk0\n"
	  "21.0.0.0/8 metric 32 proto 12 10.0.0.2@dpdk0 10.0.0.3@dpdk0\n" },
	{ "del object id 11", NULL },
	{ "? del object id 12", NULL },
	{ "begin", NULL },
	{ "end", "" },
	{ "del object id 12", NULL },
	{ "new route 22.0.0.0/8 id 13 10.0.0.2@100",
	  "22.0.0.0/8 metric 32 proto 12 10.0.0.2@dpdk0\n" },
};

static void objects_test(void **state)
{
	run_story(objects, LENGTH(objects));
}

/* One of the gateways is an address of ours: the route waits until it is not. */
static void waits_test(void **state)
{
	static const struct step refused[] = {
		{ "new route 20.0.0.0/8 10.0.0.2@100 10.1.0.2@101",
		  "20.0.0.0/8 metric 32 proto 12 10.0.0.2@dpdk0 10.1.0.2@dpdk1\n" },
		{ "new route replace 20.0.0.0/8 10.0.0.2@100 10.1.0.1@101", "" },
		{ "new route replace 224.0.0.0/4 10.0.0.2@100", NULL },
	};
	static const struct step after = { "retried", NULL };
	struct api_addr addr = { .addr = net_rig_ip("10.1.0.1"), .family = AF_INET, .plen = 24 };
	struct rig *rig = rig_new();

	story(rig, refused, LENGTH(refused));
	add_addr(rig->net, "10.1.0.9", 24, "dpdk1");
	snprintf(addr.dev, sizeof(addr.dev), "dpdk1");
	assert_int_equal(net_rig_request(rig->net, API_ADDR_DEL, &addr, sizeof(addr)), 0);
	follow_retry(&rig->table);
	step_check(rig, &after, "20.0.0.0/8 metric 32 proto 12 10.0.0.2@dpdk0 10.1.0.1@dpdk1\n");
	rig_free(rig);
}

/* What dpip takes away comes back, as long as the kernel has it. */
static void deleted_test(void **state)
{
	static const struct step steps[] = {
		{ "new addr 10.0.0.5/24 -@100", "10.0.0.5/32 kernel\n" },
		{ "new route 20.0.0.0/8 10.0.0.2@100 10.1.0.2@101",
		  "10.0.0.5/32 kernel\n"
		  "20.0.0.0/8 metric 32 proto 12 10.0.0.2@dpdk0 10.1.0.2@dpdk1\n" },
		{ "new route fd20::/16 fd00::2@100",
		  "10.0.0.5/32 kernel\n"
		  "20.0.0.0/8 metric 32 proto 12 10.0.0.2@dpdk0 10.1.0.2@dpdk1\n" FD20
		  " fd00::2@dpdk0\n" },
	};
	static const struct step flushed = { "flushed", NULL }, after = { "looked after", NULL };
	struct api_filter filter = { 0 };
	struct rig *rig = rig_new();

	story(rig, steps, LENGTH(steps));
	assert_int_equal(net_rig_request(rig->net, API_ROUTE_FLUSH, &filter, sizeof(filter)), 0);
	step_check(rig, &flushed, "");
	follow_retry(&rig->table);
	step_check(rig, &after,
		   "10.0.0.5/32 kernel\n"
		   "20.0.0.0/8 metric 32 proto 12 10.0.0.2@dpdk0 10.1.0.2@dpdk1\n" FD20
		   " fd00::2@dpdk0\n");
	rig_free(rig);
}

/* More hops than a route can have: the first of them. */
static void many_test(void **state)
{
	char row[1024] = "new route 20.0.0.0/8", want[1024];
	size_t n = strlen(row);
	struct step step = { .row = row, .want = want };
	struct rig *rig = rig_new();
	size_t m = (size_t)snprintf(want, sizeof(want), "20.0.0.0/8 metric 32 proto 12");

	for (unsigned int i = 2; i < 22; i++) {
		n += (size_t)snprintf(row + n, sizeof(row) - n, " 10.0.0.%u@100", i);
		if (i < 18)
			m += (size_t)snprintf(want + m, sizeof(want) - m, " 10.0.0.%u@dpdk0", i);
	}
	snprintf(want + m, sizeof(want) - m, "\n");
	story(rig, &step, 1);
	rig_free(rig);
}

/* Are all workers agreed that a packet to it is the kernel's? */
static bool is_kernels(const struct rig *rig, const char *text)
{
	struct pkt_meta meta = { .in_port = 0 };
	unsigned int family;
	bool first;

	assert_int_equal(ip_parse(text, &family, &meta.tuple.dst), 0);
	meta.tuple.family = (uint8_t)family;
	first = kernel_may_listen(rig->net->all[0], &meta);
	for (unsigned int i = 1; i <= NET_RIG_WORKERS; i++)
		assert_int_equal(kernel_may_listen(rig->net->all[i], &meta), first);
	return first;
}

/* Any device's count, since the kernel takes packets for them by each; link-local ones, too. */
static void kernel_addrs_test(void **state)
{
	static const char *const rows[] = {
		"new addr 10.0.0.5/24 -@100",   "new addr 10.0.0.6/24 -@7",
		"new addr 10.0.0.6/32 -@7",     "new addr fd00::5/64 -@100",
		"new addr fe80::5/64 -@100",    "new addr 10.0.0.7/24 -@101",
		"? del addr 10.0.0.7/24 -@101", "del addr 10.0.0.6/24 -@7",
		"del addr fd00::5/64 -@101",    "new addr fd00::5/64 -@100",
	};
	struct rig *rig = rig_new();

	kni_learn(rig->net->all, &(struct kni_news){ .index = 100, .up = true });
	kernel_addr_begin(rig->net->all[0]);
	for (unsigned int i = 0; i < LENGTH(rows); i++) {
		tell(&rig->table, rows[i] + strspn(rows[i], "? "));
		assert_true(is_kernels(rig, "10.0.0.9")); /* not known yet */
	}
	kernel_addr_end(rig->net->all);
	assert_true(is_kernels(rig, "10.0.0.5"));
	assert_true(is_kernels(rig, "10.0.0.6")); /* one is left */
	assert_true(is_kernels(rig, "fd00::5"));
	assert_true(is_kernels(rig, "fe80::5"));
	assert_false(is_kernels(rig, "10.0.0.7"));
	assert_false(is_kernels(rig, "10.0.0.9"));
	assert_false(is_kernels(rig, "fd00::6"));
	kernel_addr_begin(rig->net->all[0]);
	tell(&rig->table, "new addr 10.0.0.5/24 -@100");
	kernel_addr_end(rig->net->all);
	assert_true(is_kernels(rig, "10.0.0.5"));
	assert_false(is_kernels(rig, "10.0.0.6"));
	assert_false(is_kernels(rig, "fe80::5"));
	rig_free(rig);
}

/* Cut and damaged messages are nothing, and touch nothing. */
static void damaged_test(void **state)
{
	struct rig *rig = rig_new();
	char space[256] __attribute__((aligned(8)));

	for (uint16_t type = RTM_NEWADDR; type <= RTM_DELNEXTHOP; type++) {
		for (unsigned int len = 0; len < 64; len++) {
			struct nlmsghdr *message = mnl_nlmsg_put_header(space);

			memset(space + sizeof(*message), 0xff, sizeof(space) - sizeof(*message));
			message->nlmsg_type = type;
			message->nlmsg_len += len;
			follow_addr_news(rig->table.all, message);
			assert_false(follow_news(&rig->table, message) && type == RTM_NEWROUTE);
		}
	}
	assert_true(list_empty(&rig->table.entries));
	rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hops4_test),        cmocka_unit_test(hops6_test),
		cmocka_unit_test(replaced_test),     cmocka_unit_test(several_test),
		cmocka_unit_test(rounds_test),       cmocka_unit_test(objects_test),
		cmocka_unit_test(waits_test),        cmocka_unit_test(many_test),
		cmocka_unit_test(damaged_test),      cmocka_unit_test(deleted_test),
		cmocka_unit_test(kernel_addrs_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
