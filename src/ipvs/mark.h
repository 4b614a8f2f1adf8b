/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/mark: rules that give packets a firewall mark, which names a service of
 * its own (`ipvsadm -f`). The lowest pref is asked first, and the first rule
 * that matches says the mark. The list is the master's: each change is a new
 * one, made and freed by the master and read by all workers. Only a packet of
 * no connection is asked about, and only while a service has a mark.
 */
#ifndef IPVS_MARK_H
#define IPVS_MARK_H

#include <stdbool.h>
#include <stdint.h>

#include "api/mark.h"
#include "base/ip.h"

#define MARK_RULES_MAX 1024u

struct tuple;
struct worker;

/* Ports in host order; a range of 0 to 65535 is no condition. */
struct mark_rule {
	union ip_addr from, to; /* networks */
	uint32_t pref;
	uint32_t mark;
	uint16_t iif; /* link port, PORT_NONE: any */
	uint16_t sport, sport_last;
	uint16_t dport, dport_last;
	uint8_t family; /* 0: any, then there are no addresses */
	uint8_t from_plen, to_plen;
	uint8_t proto; /* 0: any; IPPROTO_ICMP: ICMPv6, too */
	uint16_t spare;
};

struct mark_rules {
	uint32_t n;
	struct mark_rule rules[]; /* by pref */
};

/* Of a packet with this tuple that came in by that port (PORT_NONE: whatever rules say about it).
 * 0: it has none. */
uint32_t mark_of(const struct worker *w, const struct tuple *tuple, uint16_t in_port);

bool mark_rule_fits(const struct mark_rule *rule, const struct tuple *tuple, uint16_t in_port);

/* Master: an empty list with room for n rules; NULL: no memory. And the list becomes this one,
 * which is taken over (NULL is an empty one, too). 0 or -ENOMEM. */
struct mark_rules *mark_rules_new(uint32_t n);
int mark_rules_set(struct worker *const *all, struct mark_rules *rules);
/* mark_former_master.c's: what is kept when the rules that are there change; *list NULL: nothing. 0
 * or -ENOMEM. And, now and then: without those that nothing is kept for any more. */
int mark_former_next(const struct worker *master, struct mark_rules **list);
void mark_former_sweep(struct worker *const *all);
/* As an item of a listing. */
void mark_item_fill(const struct worker *w, const struct mark_rule *rule, struct api_mark *item);

/* Those that mean a device go with it. */
int mark_unplug(struct worker *const *all, uint16_t port);

#endif
