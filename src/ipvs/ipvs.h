/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/ipvs: one worker's services, servers and connections, and the stage
 * that balances. What the rooms above may call; siblings see service.h,
 * conn.h, lport.h.
 */
#ifndef IPVS_IPVS_H
#define IPVS_IPVS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/region.h"
#include "worker/stage.h"

struct control;
struct worker;
struct conn_table;
struct flow_foreseen;
struct lport_pool;
struct mark_rules;
struct service_table;

struct ipvs_config {
	uint32_t conn_max;            /* connections of all workers together; init only */
	uint32_t mh_table_size;       /* of scheduler mh; init only */
	uint32_t conn_init_timeout_s; /* reloadable, as all below */
	bool no_conn_reset; /* a TCP segment of no connection is answered by RST, SCTP by ABORT */
	bool expire_quiescent_template; /* of a server of weight 0 no client is kept */
	bool keep_ttl;                  /* what is forwarded keeps its TTL or hop limit */
	uint32_t tcp_timeout_s[12];     /* by enum tcp_state */
	uint32_t udp_timeout_s[3];      /* by enum udp_state */
};

struct ipvs {
	struct ipvs_config config;
	struct service_table *services;
	struct conn_table *conns;
	struct lport_pool *lports;
	const struct mark_rules *marks; /* all workers' and the master's; NULL: none */
	const struct mark_rules
		*former_marks;        /* likewise: there before a change, mark_former_master.c's */
	struct conn_table *templates; /* template.c's: those whose home this worker is, */
	struct region template_uses;  /* its connections of all homes' templates, */
	uint32_t template_serial;     /* and of the last one made */
	struct hash_key isn_key;      /* of initial sequence numbers, this worker's own */
	struct {
		uint64_t tsc;           /* of the turn that it was filled up last */
		uint64_t hits;          /* packets of connections since then */
		uint32_t tokens;        /* connections that may be opened in overload */
		bool late;              /* the flow stage counts none */
	} shed;                         /* flow_shed.c's */
	struct flow_foreseen *foreseen; /* flow_check.c's */
	struct ipvs_config conf;        /* the master's: as the conf file has it, without --set */
	uint64_t changes; /* connections made and freed by packets: what was looked up before may be
			     old */
};

/* STAGE_IPVS_INPUT */
stage_fn ipvs_input;

/* Once a turn: expires connections, within a budget. */
void ipvs_tick(struct worker *w);

/*
 * Into w->ipvs; the worker's id and number are set. NULL: no memory. The connections of all workers
 * together are shared out evenly; the master has none.
 */
struct ipvs *ipvs_create(struct worker *w, const struct ipvs_config *config);
void ipvs_destroy(struct worker *w);

/* Every connection of the worker ends, without a word to anybody; what they held is given back. */
void ipvs_flush(struct worker *w);

/* Master: gives all workers the reloadable keys of the conf file. */
int ipvs_configure(struct worker *const *all, const struct ipvs_config *config);

/* Master: the same for a while, until the conf file is read again. */
int ipvs_change_config(struct worker *const *all, const struct ipvs_config *config);

/* Master, before a device goes: no service has a local address there any more. 0 or -ENOMEM. */
int ipvs_unplug(struct worker *const *all, const char *dev);

/* Master: says in the log which services have servers that cannot be reached as things are. */
void ipvs_tell_lacking(struct worker *const *all);

/* Master: rates, and the removal of servers that no connection refers to any more. */
int ipvs_start(struct control *control);

#endif
