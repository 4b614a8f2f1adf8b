/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * worker/event: what a worker has learnt and the master is to know: a
 * neighbour is wanted, has answered or is used. Fixed-size values in a ring of
 * each worker's own; when the ring is full the event is lost and counted, and
 * the next packet asks again.
 */
#ifndef WORKER_EVENT_H
#define WORKER_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"

struct worker;

enum event_kind {
	EVENT_NEIGH_WANTED,   /* a packet waits for ip on port */
	EVENT_NEIGH_LEARNT,   /* ip on port has mac; solicited: it was an answer to us */
	EVENT_NEIGH_CONFLICT, /* somebody else says that our address is his */
	EVENT_ADDR_DUPLICATE, /* the same of one that is still tentative */
	EVENT_PATH_MTU,       /* packets of ours to ip may have so many bytes */
	EVENT_MLD_QUERY,      /* who is in the group ip, or if that is 0 in any? */
};

/* How a neighbour was heard. */
enum event_heard {
	EVENT_HEARD,         /* it is there, with this MAC address */
	EVENT_HEARD_UNASKED, /* it says that it has this MAC address; to be asked when used */
	EVENT_HEARD_DOUBT, /* somebody says otherwise, but not so as to be believed: to be asked */
};

struct event {
	uint16_t kind; /* enum event_kind */
	uint16_t port;
	uint8_t family;
	uint8_t solicited;
	uint8_t mac[6];
	uint8_t how;    /* enum event_heard; of a query: its version */
	uint32_t value; /* of a query: in how many ms the answer may come; bytes */
	union ip_addr ip;
};

#define EVENT_RING 1024 /* events a worker may have under way */

/* Worker: to the master's loop. */
void event_send(struct worker *w, const struct event *event);

/* Master: takes one from w; false: there is none. */
bool event_receive(struct worker *w, struct event *event);

#endif
