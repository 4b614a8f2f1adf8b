/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/neigh-master: the neighbour state machine, run by the master alone.
 *
 *	wanted ──→ SEND ──answer──→ REACHABLE ──timeout──→ DELAY ──used──→ PROBE
 *	             │                  ↑                    │               │
 *	        3 asks unanswered       └────── answer ──────┼───────────────┤
 *	             ↓                                   not used     asks unanswered
 *	           FAILED ──3 s──→ gone                  for timeout         ↓
 *	                                                     ↓             FAILED
 *	                                                    gone
 *
 * Each change of state goes to all workers by op. In REACHABLE, DELAY and PROBE
 * packets flow; PROBE asks the neighbour alone first, then everybody. Neighbours of one state
 * stay in it equally long, so a list a state, oldest first, is the timer.
 * Whether a neighbour is used the master reads from the workers' entries, which
 * it has allocated and therefore knows. Static neighbours are on no list.
 */
#include "net/neigh_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "link/port.h"
#include "net/addr_int.h"
#include "net/arp_int.h"
#include "net/change.h"
#include "net/mld.h"
#include "net/nd6_int.h"
#include "worker/event.h"

#define ASK_MS         1000 /* between two asks */
#define ASKS_SEND      3    /* for everybody, before it is FAILED */
#define ASKS_UNICAST   2    /* in PROBE, for the neighbour alone */
#define FAILED_MS      3000
#define LOG_MS         10000
#define EVICT_ASKED_MS 100 /* who is there answers sooner */
#define EVICT_LOOK     64  /* neighbours looked at for one that may go */

static struct neigh_master *master_of(struct worker *const *all)
{
	return &all[WORKER_MASTER]->net->neighs->master;
}

static struct neigh_key neigh_key_of(const struct neigh *neigh)
{
	return (struct neigh_key){
		.ip = neigh->ip,
		.port = neigh->port,
		.family = neigh->family,
		.state = neigh->state,
		.is_static = neigh->is_static,
		.mac = neigh->mac,
	};
}

uint32_t neigh_uses(const struct worker *master, const struct neigh_watch *watch)
{
	uint32_t sum = 0;

	for (unsigned int i = 1; i <= master->n_workers; i++)
		sum += __atomic_load_n(&watch->copies[i]->uses, __ATOMIC_RELAXED);
	return sum;
}

uint32_t neigh_held(const struct worker *master, const struct neigh *neigh)
{
	uint32_t sum = 0;

	for (unsigned int i = 1; i <= master->n_workers; i++)
		sum += __atomic_load_n(&neigh->watch->copies[i]->held, __ATOMIC_RELAXED);
	return sum;
}

static void watch_enter(struct worker *const *all, struct neigh_watch *watch, uint64_t now_ms)
{
	list_del(&watch->node);
	watch->since_ms = now_ms;
	if (!watch->own->is_static)
		list_add_tail(&master_of(all)->states[watch->own->state], &watch->node);
}

int neigh_remove(struct worker *const *all, struct neigh *neigh)
{
	struct neigh_key key = neigh_key_of(neigh);
	struct neigh_watch *watch = neigh->watch;
	int r;

	r = op_multicast(all, neigh_apply_del, &key, sizeof(key));
	if (r < 0)
		return r;
	list_del(&watch->node);
	free(watch);
	return 0;
}

static bool evict_first(struct worker *const *all, struct list *head, bool unused_only)
{
	unsigned int looked = 0;

	list_for_each (it, head) {
		struct neigh_watch *watch = container_of(it, struct neigh_watch, node);

		if (looked++ == EVICT_LOOK)
			break;
		if (unused_only && neigh_uses(all[WORKER_MASTER], watch) != watch->uses_seen)
			continue;
		return neigh_remove(all, watch->own) == 0;
	}
	return false;
}

/* The one that has been asked for the longest, if it has had its time to answer: a scan of a net
 * fills the table with such. */
static bool evict_asked(struct worker *const *all, uint64_t now_ms)
{
	struct list *head = &master_of(all)->states[API_NEIGH_SEND];
	const struct neigh_watch *oldest;

	if (list_empty(head))
		return false;
	oldest = container_of(head->next, struct neigh_watch, node);
	return now_ms >= oldest->since_ms + EVICT_ASKED_MS && neigh_remove(all, oldest->own) == 0;
}

/* Room for one more: a failed neighbour goes first, then one that does not answer, then one that
 * nobody has used lately. */
static bool neigh_make_room(struct worker *const *all, uint64_t now_ms)
{
	struct neigh_table *table = all[WORKER_MASTER]->net->neighs;
	struct list *states = table->master.states;

	if (table->count < all[WORKER_MASTER]->net->config.neigh_max)
		return true;
	return evict_first(all, &states[API_NEIGH_FAILED], false) || evict_asked(all, now_ms) ||
	       evict_first(all, &states[API_NEIGH_DELAY], true) ||
	       evict_first(all, &states[API_NEIGH_REACHABLE], true);
}

/* A new entry on all workers. 0, -ENOSPC or -ENOMEM. */
static int neigh_add(struct worker *const *all, const struct neigh_key *key, unsigned int asker,
		     uint64_t now_ms)
{
	unsigned int n = all[WORKER_MASTER]->n_workers + 1;
	struct neigh_watch *watch;
	struct op_set set;
	int r;

	if (!neigh_make_room(all, now_ms))
		return -ENOSPC;
	watch = calloc(1, sizeof(*watch) + n * sizeof(watch->copies[0]));
	if (!watch)
		return -ENOMEM;
	r = op_set_init(&set, all, neigh_apply_add, key, sizeof(*key));
	if (r == 0)
		r = op_set_alloc_lines(&set, 0, sizeof(struct neigh));
	if (r < 0) {
		free(watch);
		return r;
	}
	for (unsigned int i = 0; i < n; i++)
		watch->copies[i] = op_of(&set, i)->args[0];
	watch->own = watch->copies[WORKER_MASTER];
	watch->own->watch = watch;
	watch->asker = asker;
	list_init(&watch->node);
	op_set_publish(&set, all);
	watch_enter(all, watch, now_ms);
	return 0;
}

/* Nothing new: its time starts again. */
static void neigh_confirm(struct worker *const *all, struct neigh *neigh, uint64_t now_ms)
{
	neigh->watch->uses_seen = neigh_uses(all[WORKER_MASTER], neigh->watch);
	neigh->watch->asks = 0;
	watch_enter(all, neigh->watch, now_ms);
}

static int neigh_change(struct worker *const *all, struct neigh *neigh, const struct neigh_key *key,
			uint64_t now_ms)
{
	int r = op_multicast(all, neigh_apply_set, key, sizeof(*key));

	if (r < 0)
		return r;
	neigh_confirm(all, neigh, now_ms);
	return 0;
}

/* Into a state that keeps the MAC address. Without memory it stays as it is, until the next tick.
 */
static bool neigh_enter(struct worker *const *all, struct neigh *neigh, enum api_neigh_state state,
			uint64_t now_ms)
{
	struct neigh_key key = neigh_key_of(neigh);

	key.state = (uint8_t)state;
	return neigh_change(all, neigh, &key, now_ms) == 0;
}

/* Asks, and comes back after ASK_MS. */
static void neigh_ask(struct worker *const *all, struct neigh *neigh, bool alone, uint64_t now_ms)
{
	neigh->watch->asks++;
	if (neigh->family == AF_INET)
		arp_ask(all[neigh->watch->asker], neigh->port, &neigh->ip,
			alone ? &neigh->mac : NULL);
	else
		nd6_ask(all[neigh->watch->asker], neigh->port, &neigh->ip,
			alone ? &neigh->mac : NULL);
	watch_enter(all, neigh->watch, now_ms);
}

static void neigh_refuse(struct worker *const *all, struct worker *from,
			 const struct neigh_key *key, uint64_t now_ms)
{
	struct neigh_master *master = master_of(all);

	master->refused++;
	op_unicast(from, neigh_apply_refuse, NULL, key, sizeof(*key));
	if (master->full_logged_ms && now_ms - master->full_logged_ms < LOG_MS)
		return;
	master->full_logged_ms = now_ms;
	log_warning("neighbour table full: %u entries, all in use; %llu refused so far",
		    all[WORKER_MASTER]->net->neighs->count, (unsigned long long)master->refused);
}

static void neigh_wanted(struct worker *const *all, struct worker *from, const struct event *event,
			 uint64_t now_ms)
{
	struct neigh_key key = {
		.ip = event->ip,
		.port = event->port,
		.family = event->family,
		.state = API_NEIGH_SEND,
	};
	int r;

	/* one that is there reaches the worker by an op that is under way */
	if (neigh_find(all[WORKER_MASTER], key.family, &key.ip, key.port))
		return;
	r = neigh_add(all, &key, from->id, now_ms);
	if (r == 0)
		neigh_ask(all, neigh_find(all[WORKER_MASTER], key.family, &key.ip, key.port), false,
			  now_ms);
	else if (r == -ENOSPC)
		neigh_refuse(all, from, &key, now_ms);
}

/* Does what was heard unasked change anything? */
static bool neigh_changes(const struct neigh *neigh, const struct event *event,
			  const struct rte_ether_addr *mac)
{
	if (event->how == EVENT_HEARD_DOUBT)
		return neigh->state == API_NEIGH_REACHABLE;
	return !neigh_usable(neigh) || !rte_is_same_ether_addr(&neigh->mac, mac);
}

static void neigh_learnt(struct worker *const *all, struct worker *from, const struct event *event,
			 uint64_t now_ms)
{
	struct neigh *neigh = neigh_find(all[WORKER_MASTER], event->family, &event->ip,
					 event->port);
	struct neigh_key key = {
		.ip = event->ip,
		.port = event->port,
		.family = event->family,
		.state = API_NEIGH_REACHABLE,
	};

	memcpy(key.mac.addr_bytes, event->mac, sizeof(event->mac));
	if (neigh && neigh->is_static)
		return;
	if (event->how != EVENT_HEARD) {
		/* to be asked as soon as it is used */
		key.state = API_NEIGH_DELAY;
		if (neigh && !neigh_changes(neigh, event, &key.mac))
			return;
	}
	if (!neigh && !event->solicited) /* an answer that nobody asked for makes no entry */
		neigh_add(all, &key, from->id, now_ms);
	else if (neigh && event->how == EVENT_HEARD && neigh->state == API_NEIGH_REACHABLE &&
		 rte_is_same_ether_addr(&neigh->mac, &key.mac))
		neigh_confirm(all, neigh, now_ms);
	else if (neigh)
		neigh_change(all, neigh, &key, now_ms);
}

static void neigh_conflict(struct worker *const *all, const struct event *event, uint64_t now_ms)
{
	struct neigh_master *master = master_of(all);
	char ip[IP_STR_LEN];

	if (master->conflict_logged_ms && now_ms - master->conflict_logged_ms < LOG_MS)
		return;
	master->conflict_logged_ms = now_ms;
	log_warning("%02x:%02x:%02x:%02x:%02x:%02x uses our address %s on %s", event->mac[0],
		    event->mac[1], event->mac[2], event->mac[3], event->mac[4], event->mac[5],
		    ip_str(event->family, &event->ip, ip),
		    all[WORKER_MASTER]->link->ports[event->port].name);
}

void neigh_event(struct worker *const *all, struct worker *from, const struct event *event,
		 uint64_t now_ms)
{
	/* its port may have gone meanwhile, and what waited with it */
	if (!port_exists(all[WORKER_MASTER]->link, event->port))
		return;
	switch (event->kind) {
	case EVENT_NEIGH_WANTED:
		neigh_wanted(all, from, event, now_ms);
		break;
	case EVENT_NEIGH_LEARNT:
		neigh_learnt(all, from, event, now_ms);
		break;
	case EVENT_NEIGH_CONFLICT:
		neigh_conflict(all, event, now_ms);
		break;
	case EVENT_ADDR_DUPLICATE:
		addr_duplicate(all, event, now_ms);
		break;
	case EVENT_MLD_QUERY:
		mld_query(all, event, now_ms);
		break;
	}
}

static void tick_send(struct worker *const *all, struct neigh_watch *watch, uint64_t now_ms)
{
	if (watch->asks < ASKS_SEND)
		neigh_ask(all, watch->own, false, now_ms);
	else
		neigh_enter(all, watch->own, API_NEIGH_FAILED, now_ms);
}

static void tick_probe(struct worker *const *all, struct neigh_watch *watch, uint64_t now_ms)
{
	if (watch->asks < ASKS_UNICAST + ASKS_SEND)
		neigh_ask(all, watch->own, watch->asks < ASKS_UNICAST, now_ms);
	else
		neigh_enter(all, watch->own, API_NEIGH_FAILED, now_ms);
}

static void tick_reachable(struct worker *const *all, struct neigh_watch *watch, uint64_t now_ms)
{
	neigh_enter(all, watch->own, API_NEIGH_DELAY, now_ms);
}

static void tick_gone(struct worker *const *all, struct neigh_watch *watch, uint64_t now_ms)
{
	neigh_remove(all, watch->own);
}

typedef void tick_fn(struct worker *const *all, struct neigh_watch *watch, uint64_t now_ms);

/* Hands out what has been in a state for that long. What is handed out leaves or goes to the end.
 */
static void tick_state(struct worker *const *all, enum api_neigh_state state, uint64_t after_ms,
		       uint64_t now_ms, tick_fn *fn)
{
	list_for_each_safe (it, &master_of(all)->states[state]) {
		struct neigh_watch *watch = container_of(it, struct neigh_watch, node);

		if (now_ms < watch->since_ms + after_ms)
			break;
		fn(all, watch, now_ms);
	}
}

/* A neighbour whose time is over and that is used: is it still there? */
static void tick_used(struct worker *const *all, uint64_t now_ms)
{
	list_for_each_safe (it, &master_of(all)->states[API_NEIGH_DELAY]) {
		struct neigh_watch *watch = container_of(it, struct neigh_watch, node);

		if (neigh_uses(all[WORKER_MASTER], watch) != watch->uses_seen &&
		    neigh_enter(all, watch->own, API_NEIGH_PROBE, now_ms))
			neigh_ask(all, watch->own, true, now_ms);
	}
}

void neigh_tick(struct worker *const *all, uint64_t now_ms)
{
	uint64_t timeout_ms = all[WORKER_MASTER]->net->config.neigh_timeout_s * UINT64_C(1000);

	tick_state(all, API_NEIGH_FAILED, FAILED_MS, now_ms, tick_gone);
	tick_state(all, API_NEIGH_SEND, ASK_MS, now_ms, tick_send);
	tick_state(all, API_NEIGH_PROBE, ASK_MS, now_ms, tick_probe);
	tick_used(all, now_ms);
	tick_state(all, API_NEIGH_DELAY, timeout_ms, now_ms, tick_gone);
	tick_state(all, API_NEIGH_REACHABLE, timeout_ms, now_ms, tick_reachable);
}

int neigh_set_static(struct worker *const *all, const struct neigh_key *key)
{
	struct neigh *neigh = neigh_find(all[WORKER_MASTER], key->family, &key->ip, key->port);

	if (!neigh)
		return neigh_add(all, key, 1, 0);
	return neigh_change(all, neigh, key, 0);
}
