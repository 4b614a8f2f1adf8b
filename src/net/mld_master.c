/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/mld-master: when to report. The master compares the groups of its ports
 * (net/maddr.c) with those it has reported: one that has come or gone is told
 * twice, the second time within a second; a question is answered within the
 * time it says, for all groups in as few packets as they need. Whoever asks by
 * version 1 is answered by it, and is told of changes by it for a while. All of
 * it waits while a port is down; all groups are told again when it has come up,
 * and when its link-local address is no more tentative. What others report is
 * not listened to: no report of ours is left out for theirs.
 */
#include "net/mld_int.h"

#include <stdlib.h>
#include <string.h>

#include "net/ip6.h"
#include "net/maddr_int.h"
#include "net/net.h"
#include "worker/event.h"
#include "worker/worker.h"

#define ROBUSTNESS 2      /* times that a change is told, RFC 3810 9.1 */
#define AGAIN_MS   1000   /* at most, between these, 9.11 */
#define OLD_MS     260000 /* how long version 1 counts, 9.12 */

struct mld_group {
	struct list node;
	union ip_addr ip;
	uint64_t at_ms;        /* the next report of the change, if any is left */
	uint64_t answer_at_ms; /* 0: nobody has asked */
	uint8_t left;
	bool gone; /* to be told, then forgotten */
	bool seen; /* of port_follow() */
};

struct mld_port {
	struct list groups;
	uint64_t answer_at_ms; /* of all groups; 0: nobody has asked */
	uint64_t old_until_ms; /* version 1 is spoken */
	bool up, named;        /* it was up, and had a link-local address to speak from */
};

struct mld {
	uint64_t seen;   /* of the table's changes */
	uint64_t random; /* how many numbers were drawn */
	struct mld_port ports[PORT_MAX];
};

static struct mld *mld_create(void)
{
	struct mld *mld = calloc(1, sizeof(*mld));

	for (unsigned int i = 0; mld && i < PORT_MAX; i++)
		list_init(&mld->ports[i].groups);
	return mld;
}

static void group_free(struct mld_group *group)
{
	list_del(&group->node);
	free(group);
}

void mld_destroy(struct mld *mld)
{
	for (unsigned int i = 0; mld && i < PORT_MAX; i++)
		list_for_each_safe (it, &mld->ports[i].groups)
			group_free(container_of(it, struct mld_group, node));
	free(mld);
}

/* 1 to max. */
static uint64_t draw(const struct worker *master, uint64_t max)
{
	struct mld *mld = master->net->mld;

	mld->random++;
	return 1 + siphash(&master->flow_key, &mld->random, sizeof(mld->random)) % RTE_MAX(max, 1u);
}

/* RFC 3810 6: nothing is said of all nodes, nor of what does not leave a host. */
static bool is_reported(const struct maddr_key *key)
{
	static const union ip_addr all_nodes = { .v6 = { 0xff, 2, [15] = 1 } };

	return key->family == AF_INET6 && ip6_multicast_scope(&key->ip) > 1 &&
	       !ip_equal(&key->ip, &all_nodes);
}

/* ---- which groups there are ---- */

static void group_change(struct mld_group *group, uint64_t now_ms)
{
	group->left = ROBUSTNESS;
	group->at_ms = now_ms;
}

static struct mld_group *group_find(const struct mld_port *port, const union ip_addr *ip)
{
	list_for_each (it, &port->groups) {
		struct mld_group *group = container_of(it, struct mld_group, node);

		if (ip_equal(&group->ip, ip))
			return group;
	}
	return NULL;
}

static void group_come(struct mld_port *port, struct maddr *maddr, bool search, uint64_t now_ms)
{
	struct mld_group *group = search ? group_find(port, &maddr->key.ip) : NULL;

	if (!group) {
		group = calloc(1, sizeof(*group));
		if (!group)
			return; /* at the next change */
		group->ip = maddr->key.ip;
		list_add_tail(&port->groups, &group->node);
	}
	group->gone = false;
	group->seen = true;
	group_change(group, now_ms);
	maddr->reported = group;
}

static void port_follow(struct mld_port *port, const struct list *maddrs, uint64_t now_ms)
{
	unsigned int unseen = 0;

	list_for_each (it, &port->groups) {
		container_of(it, struct mld_group, node)->seen = false;
		unseen++;
	}
	list_for_each (it, maddrs) {
		struct maddr *maddr = container_of(it, struct maddr, port_node);

		if (maddr->reported) {
			maddr->reported->seen = true;
			unseen--;
		}
	}
	list_for_each (it, maddrs) {
		struct maddr *maddr = container_of(it, struct maddr, port_node);

		if (!maddr->reported && is_reported(&maddr->key))
			group_come(port, maddr, unseen > 0, now_ms);
	}
	list_for_each (it, &port->groups) {
		struct mld_group *group = container_of(it, struct mld_group, node);

		if (group->seen || group->gone)
			continue;
		group->gone = true;
		group_change(group, now_ms);
	}
}

/* ---- what is sent ---- */

static void report_put(struct worker *const *all, struct mld_report *report,
		       const struct mld_group *group, enum mld_record_type type)
{
	report->records[report->n].group = group->ip;
	report->records[report->n].type = (uint8_t)type;
	report->n++;
	if (report->n == MLD_RECORDS) {
		mld_send(all[1], report);
		report->n = 0;
	}
}

/* False: the group is no more. */
static bool group_tell(struct worker *const *all, struct mld_report *report,
		       struct mld_group *group, uint64_t now_ms)
{
	if (group->left && now_ms >= group->at_ms) {
		report_put(all, report, group, group->gone ? MLD_TO_INCLUDE : MLD_TO_EXCLUDE);
		group->left--;
		group->at_ms = now_ms + draw(all[WORKER_MASTER], AGAIN_MS);
	}
	if (group->answer_at_ms && now_ms >= group->answer_at_ms) {
		group->answer_at_ms = 0;
		if (!group->gone)
			report_put(all, report, group, MLD_IS_EXCLUDE);
	}
	return group->left || !group->gone;
}

static void port_tell(struct worker *const *all, uint16_t id, struct mld_port *port,
		      uint64_t now_ms)
{
	struct mld_report report = { .port = id, .version = now_ms < port->old_until_ms ? 1 : 2 };
	bool asked = port->answer_at_ms && now_ms >= port->answer_at_ms;

	if (asked)
		port->answer_at_ms = 0;
	list_for_each_safe (it, &port->groups) {
		struct mld_group *group = container_of(it, struct mld_group, node);

		if (asked)
			group->answer_at_ms = now_ms;
		if (!group_tell(all, &report, group, now_ms))
			group_free(group);
	}
	if (report.n)
		mld_send(all[1], &report);
}

/* Up again, or from another source: all is told anew. */
static void port_look(const struct worker *master, uint16_t id, struct mld_port *port,
		      uint64_t now_ms)
{
	bool up = port_exists(master->link, id) && master->link->ports[id].up;
	union ip_addr name = mld_source(master, id);
	bool named = up && !ip_is_zero(&name);

	if ((up && !port->up) || (named && !port->named))
		list_for_each (it, &port->groups)
			group_change(container_of(it, struct mld_group, node), now_ms);
	if (!up) { /* nobody is to be told who asked, or that a group is gone */
		port->answer_at_ms = port->old_until_ms = 0;
		list_for_each_safe (it, &port->groups) {
			struct mld_group *group = container_of(it, struct mld_group, node);

			group->answer_at_ms = 0;
			if (group->gone)
				group_free(group);
		}
	}
	port->up = up;
	port->named = named;
}

void mld_tick(struct worker *const *all, uint64_t now_ms)
{
	struct worker *master = all[WORKER_MASTER];
	struct net *net = master->net;
	bool changed;

	if (!net->config.mld || net->config.ip6_disable || master->n_workers == 0)
		return;
	if (!net->mld)
		net->mld = mld_create();
	if (!net->mld)
		return;
	changed = net->mld->seen != net->maddrs->changes;
	net->mld->seen = net->maddrs->changes;
	for (uint16_t id = 0; id < PORT_MAX; id++) {
		struct mld_port *port = &net->mld->ports[id];

		if (master->link->ports[id].kind == PORT_TUNNEL)
			continue; /* there is nobody to be told */
		if (changed)
			port_follow(port, &net->maddrs->ports[id], now_ms);
		if (list_empty(&port->groups))
			continue;
		port_look(master, id, port, now_ms);
		if (port->up)
			port_tell(all, id, port, now_ms);
	}
}

/* ---- what is asked ---- */

static void ask_group(const struct worker *master, struct mld_group *group, uint64_t longest,
		      uint64_t now_ms)
{
	uint64_t at = now_ms + draw(master, longest);

	if (!group->answer_at_ms || at < group->answer_at_ms)
		group->answer_at_ms = at;
}

void mld_query(struct worker *const *all, const struct event *event, uint64_t now_ms)
{
	const struct worker *master = all[WORKER_MASTER];
	struct mld *mld = master->net->mld;
	bool general = ip_is_zero(&event->ip), each;
	struct mld_port *port;
	uint64_t at;

	if (!mld || event->port >= PORT_MAX)
		return;
	port = &mld->ports[event->port];
	if (event->how == 1)
		port->old_until_ms = now_ms + OLD_MS;
	each = now_ms < port->old_until_ms;
	if (general && !each) {
		at = now_ms + draw(master, event->value);
		if (!port->answer_at_ms || at < port->answer_at_ms)
			port->answer_at_ms = at;
		return;
	}
	list_for_each (it, &port->groups) {
		struct mld_group *group = container_of(it, struct mld_group, node);

		if (general || ip_equal(&group->ip, &event->ip))
			ask_group(master, group, event->value, now_ms);
	}
}
