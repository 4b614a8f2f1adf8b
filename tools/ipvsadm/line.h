/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvsadm: the command line, taken apart. Two lists say all there is: VERBS,
 * and OPTIONS with the verbs that each goes with; the option parser's table,
 * the check of combinations and its sentences are made from them.
 */
#ifndef IPVSADM_LINE_H
#define IPVSADM_LINE_H

#include "lib/command.h"

/* X(ID, long name, letter) */
#define VERBS(X)                                 \
	X(ADD_SERVICE, "add-service", 'A')       \
	X(EDIT_SERVICE, "edit-service", 'E')     \
	X(DELETE_SERVICE, "delete-service", 'D') \
	X(CLEAR, "clear", 'C')                   \
	X(RESTORE, "restore", 'R')               \
	X(SAVE, "save", 'S')                     \
	X(ADD_SERVER, "add-server", 'a')         \
	X(EDIT_SERVER, "edit-server", 'e')       \
	X(DELETE_SERVER, "delete-server", 'd')   \
	X(LIST, "list", 'L')                     \
	X(ZERO, "zero", 'Z')                     \
	X(ADD_LADDR, "add-laddr", 'P')           \
	X(DELETE_LADDR, "del-laddr", 'Q')        \
	X(GET_LADDR, "get-laddr", 'G')           \
	X(SET, "set", 0)                         \
	X(HELP, "help", 'h')                     \
	X(VERSION, "version", 'v')

enum verb {
	VERB_NONE,
#define X(id, name, letter) VERB_##id,
	VERBS(X)
#undef X
		VERB__COUNT,
};

#define ON(id)      (1u << VERB_##id)
#define ON_SERVICES (ON(ADD_SERVICE) | ON(EDIT_SERVICE))
#define ON_SERVERS  (ON(ADD_SERVER) | ON(EDIT_SERVER))
#define ON_LADDRS   (ON(ADD_LADDR) | ON(DELETE_LADDR))
#define ON_NAMED                                                                         \
	(ON_SERVICES | ON(DELETE_SERVICE) | ON_SERVERS | ON(DELETE_SERVER) | ON_LADDRS | \
	 ON(LIST) | ON(ZERO) | ON(GET_LADDR))
#define ON_LISTS (ON(LIST) | ON(GET_LADDR))

/*
 * X(ID, group, long name, letter, argument, verbs). A group is named by the first of its options;
 * one of a group is allowed at most.
 */
#define OPTIONS(X)                                                                    \
	X(TCP, TCP, "tcp-service", 't', STRING, ON_NAMED)                             \
	X(UDP, TCP, "udp-service", 'u', STRING, ON_NAMED)                             \
	X(SCTP, TCP, "sctp-service", 0, STRING, ON_NAMED)                             \
	X(FWMARK, TCP, "fwmark-service", 'f', STRING, ON_NAMED)                       \
	X(MATCH, TCP, "match", 'H', STRING, ON_NAMED)                                 \
	X(IPV6, IPV6, "ipv6", '6', NONE, ON_NAMED)                                    \
	X(SCHEDULER, SCHEDULER, "scheduler", 's', STRING, ON_SERVICES)                \
	X(SCHED_FLAGS, SCHED_FLAGS, "sched-flags", 0, STRING, ON_SERVICES)            \
	X(HASH_TARGET, HASH_TARGET, "hash-target", 0, STRING, ON_SERVICES)            \
	X(PERSISTENT, PERSISTENT, "persistent", 'p', OPTIONAL, ON_SERVICES)           \
	X(NETMASK, NETMASK, "netmask", 'M', STRING, ON_SERVICES)                      \
	X(PE, PE, "pe", 0, STRING, ON_SERVICES)                                       \
	X(OPS, OPS, "ops", 'o', NONE, ON_SERVICES)                                    \
	X(CONN_TIMEOUT, CONN_TIMEOUT, "conn-timeout", 0, STRING, ON_SERVICES)         \
	X(ON_REMOVE, ON_REMOVE, "on-remove", 0, STRING, ON_SERVICES)                  \
	X(SERVER, SERVER, "real-server", 'r', STRING, ON_SERVERS | ON(DELETE_SERVER)) \
	X(DR, DR, "gatewaying", 'g', NONE, ON_SERVERS)                                \
	X(TUNNEL, DR, "ipip", 'i', NONE, ON_SERVERS)                                  \
	X(NAT, DR, "masquerading", 'm', NONE, ON_SERVERS)                             \
	X(FNAT, DR, "fullnat", 'b', NONE, ON_SERVERS)                                 \
	X(SNAT, DR, "snat", 'J', NONE, ON_SERVERS)                                    \
	X(TUN_TYPE, TUN_TYPE, "tun-type", 0, STRING, ON_SERVERS)                      \
	X(TUN_PORT, TUN_PORT, "tun-port", 0, STRING, ON_SERVERS)                      \
	X(TUN_NOCSUM, TUN_NOCSUM, "tun-nocsum", 0, NONE, ON_SERVERS)                  \
	X(TUN_CSUM, TUN_NOCSUM, "tun-csum", 0, NONE, ON_SERVERS)                      \
	X(TUN_REMCSUM, TUN_NOCSUM, "tun-remcsum", 0, NONE, ON_SERVERS)                \
	X(WEIGHT, WEIGHT, "weight", 'w', STRING, ON_SERVERS)                          \
	X(UPPER, UPPER, "u-threshold", 'x', STRING, ON_SERVERS)                       \
	X(LOWER, LOWER, "l-threshold", 'y', STRING, ON_SERVERS)                       \
	X(LOCAL, LOCAL, "local-address", 'z', STRING, ON_LADDRS)                      \
	X(IFNAME, IFNAME, "ifname", 'F', STRING, ON_LADDRS)                           \
	X(CONNECTION, CONNECTION, "connection", 'c', NONE, ON(LIST))                  \
	X(SOCKPAIR, SOCKPAIR, "sockpair", 0, STRING, ON(LIST))                        \
	X(STATS, STATS, "stats", 0, NONE, ON(LIST))                                   \
	X(RATE, STATS, "rate", 0, NONE, ON(LIST))                                     \
	X(THRESHOLDS, STATS, "thresholds", 0, NONE, ON(LIST))                         \
	X(PERSISTENT_CONN, STATS, "persistent-conn", 0, NONE, ON(LIST))               \
	X(TUN_INFO, STATS, "tun-info", 0, NONE, ON(LIST))                             \
	X(TIMEOUT, STATS, "timeout", 0, NONE, ON(LIST))                               \
	X(EXACT, EXACT, "exact", 0, NONE, ON(LIST))                                   \
	X(CPU, CPU, "cpu", 0, STRING, ON_LISTS)                                       \
	X(JSON, JSON, "json", 'j', NONE, ON_LISTS)                                    \
	X(NOSORT, NOSORT, "nosort", 0, NONE, ON_LISTS | ON(SAVE))                     \
	X(SORT, NOSORT, "sort", 0, NONE, ON_LISTS | ON(SAVE))                         \
	X(NUMERIC, NUMERIC, "numeric", 'n', NONE, ON_LISTS | ON(SAVE))

enum option_id {
	OPTION_NONE,
#define X(id, group, name, letter, argument, commands) OPTION_##id,
	OPTIONS(X)
#undef X
		OPTION__COUNT,
};

#define GROUP_SERVICE OPTION_TCP
#define GROUP_FORWARD OPTION_DR
#define GROUP_COLUMNS OPTION_STATS
#define GROUP_CSUM    OPTION_TUN_NOCSUM

#define LINE_WORDS 3

/* The command line, taken apart. */
struct line {
	enum verb id;
	bool given[OPTION__COUNT];
	char *value[OPTION__COUNT];
	enum option_id chosen[OPTION__COUNT]; /* by group: which of it was given */
	const char *words[LINE_WORDS];        /* of --set */
	unsigned int n_words;
	struct command *out;
	char *error;
	size_t size;
};

/* Writes the sentence; -EINVAL. */
__attribute__((format(printf, 2, 3))) int line_fail(struct line *line, const char *format, ...);

/* As it is typed: "-w", or "--stats" where there is no letter. */
const char *line_option_name(enum option_id id);
const char *line_verb_name(enum verb verb);

/* What each verb makes of the line: requests and views. 0 or -EINVAL with the sentence. */
typedef int line_build_fn(struct line *line);
line_build_fn build_add_service, build_edit_service, build_delete_service, build_clear, build_zero;
line_build_fn build_add_server, build_edit_server, build_delete_server;
line_build_fn build_add_laddr, build_delete_laddr, build_get_laddr;
line_build_fn build_list, build_save, build_restore, build_set;

/* An option's number. */
int line_number(struct line *line, enum option_id id, uint32_t min, uint32_t max, uint32_t *value);

#endif
