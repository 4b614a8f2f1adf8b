/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/settings: everything that the conf file can say, checked and with its
 * defaults. Made by settings_load() from the rows of one table, which also
 * gives the checker, the reference page and the sample. What a SIGHUP changes
 * of it at once, and what needs a restart, stands in the table too.
 */
#ifndef MAIN_SETTINGS_H
#define MAIN_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "api/types.h"
#include "base/log.h"

#define SETTINGS_DEVICES 64
#define SETTINGS_WORKERS 64
#define SETTINGS_QUEUES  16
#define SETTINGS_SLAVES  16 /* of a bonding */
#define SETTINGS_STATES  12 /* of TCP */
#define SETTINGS_LADDRS  64 /* genl_local_address */

struct device_settings {
	char name[API_NAME_LEN];
	char *vdev; /* "net_tap0,iface=x", or NULL */
	char *pci;  /* "0000:06:00.0", or NULL */
	char *kni_name;
	unsigned int line;
	unsigned int rx_queues, tx_queues;           /* 0: as many as there are workers */
	unsigned int rx_descriptors, tx_descriptors; /* defaults 256, 512 */
	char rss[64];                                /* "all", "tcp|udp", … */
	bool fast_free;                              /* mbuf_fast_free, default on */
	unsigned int mtu;                            /* default 1500 */
	bool promisc, allmulticast;
};

struct bonding_settings {
	char name[API_NAME_LEN];
	unsigned int line;
	unsigned int mode; /* as in Linux: 0 round robin … 4 802.3ad … */
	unsigned int n_slaves;
	char slaves[SETTINGS_SLAVES][API_NAME_LEN];
	char *primary;
	char *kni_name;
	unsigned int numa_node;
	char *options;
};

struct worker_port_settings {
	char dev[API_NAME_LEN];
	unsigned int line;
	unsigned int n_rx, n_tx;
	uint16_t rx[SETTINGS_QUEUES], tx[SETTINGS_QUEUES];
	unsigned int n_isol;
	uint16_t isol_cpus[SETTINGS_QUEUES]; /* lcores that only receive for this one */
	unsigned int isol_ring_bytes;
};

enum worker_role {
	WORKER_ROLE_MASTER,
	WORKER_ROLE_FORWARD, /* `type slave` */
	WORKER_ROLE_KNI,
};

struct worker_settings {
	char name[API_NAME_LEN];
	unsigned int line;
	enum worker_role role;
	unsigned int cpu_id; /* DPDK lcore id */
	bool icmp_redirect;
	unsigned int n_ports;
	struct worker_port_settings ports[SETTINGS_DEVICES];
};

enum no_conn_policy {
	NO_CONN_RESET,
	NO_CONN_DROP,
};

enum fdir_mode {
	FDIR_PERFECT,
	FDIR_SIGNATURE,
};

enum route6_method {
	ROUTE6_HLIST,
	ROUTE6_LPM,
};

enum msg_priority {
	MSG_PRIORITY_LOW,
	MSG_PRIORITY_NORM,
	MSG_PRIORITY_HIGH,
	MSG_PRIORITY_IGNORE,
};

enum uoa_mode {
	UOA_OPP, /* an IP protocol of its own */
	UOA_IPO, /* an IPv4 option */
};

/* ipvs_defs tcp synproxy */
struct synproxy_settings {
	unsigned int mss, ttl, wscale;
	bool sack, timestamp;
	bool close_client_window, defer_rs_syn;
	unsigned int rs_syn_max_retry, ack_storm_thresh, max_ack_saved;
	bool reuse_close, reuse_time_wait, reuse_fin_wait, reuse_close_wait, reuse_last_ack;
};

/* An address of a device: `A dev D`. */
struct devaddr_settings {
	union api_ip addr;
	uint16_t family;
	char dev[API_NAME_LEN];
};

/* A line of the startup block, split into words. */
struct startup_line {
	unsigned int line;
	int argc;
	char **argv; /* argv[argc] is NULL */
};

struct settings {
	char *path; /* of the conf file; NULL: there is none */

	/* global_defs */
	enum log_level log_level;
	char *log_file; /* NULL: stderr */
	bool log_timestamp;
	bool log_async;
	unsigned int log_async_pool_size;
	bool pdump, kni, lldp;
	bool kni_routes;
	bool poll_busy;   /* poll busy|adaptive */
	int flow;         /* flow on|off|check: enum flow_mode */
	char *eal_args;   /* or NULL */
	char *state_file; /* or NULL */

	/* netif_defs */
	unsigned int pktpool_size, pktpool_cache;
	enum fdir_mode fdir_mode;
	unsigned int n_devices;
	struct device_settings devices[SETTINGS_DEVICES];
	unsigned int n_bondings;
	struct bonding_settings bondings[SETTINGS_DEVICES];

	/* worker_defs */
	unsigned int n_workers; /* 0: derived from the machine */
	struct worker_settings *workers;

	/* the others, by block */
	unsigned int timer_interval_us;
	unsigned int neigh_queue, neigh_timeout_s;
	unsigned int ipset_pool_size;
	bool ip4_forwarding;
	unsigned int ip4_default_ttl;
	unsigned int frag_buckets, frag_bucket_entries, frag_max_entries, frag_timeout_s;
	bool ip6_disable, ip6_forwarding;
	int addr_gen_mode; /* enum ip6_gen */
	unsigned int dad_transmits;
	bool mld;
	char *stable_secret; /* 32 hex digits, or NULL */
	enum route6_method route6_method;
	unsigned int route6_recycle_s, lpm6_max_rules, lpm6_tbl8s, rt6_array_size, rt6_hash_buckets;
	unsigned int op_ring_size; /* ctrl_defs lcore_msg ring_size, a power of two */
	unsigned int msg_timeout_us;
	enum msg_priority msg_priority;
	unsigned int mh_table_size;
	unsigned int genl_masq; /* what -m of stock tools means: enum api_forward */
	unsigned int n_genl_laddrs;
	struct devaddr_settings genl_laddrs[SETTINGS_LADDRS];
	unsigned int conn_pool_size; /* of all workers together */
	unsigned int conn_pool_cache;
	unsigned int conn_init_timeout_s;
	bool expire_quiescent_template, fast_xmit_close, redirect, xmit_ttl;
	enum no_conn_policy no_conn; /* ipvs_defs conn no_conn */
	bool defence_udp_drop, defence_tcp_drop;
	enum uoa_mode uoa_mode;
	unsigned int uoa_max_trail;
	/*
	 * timeouts in seconds, by the state's number in ipvs/proto/tcp.h: none established syn_sent
	 * syn_recv fin_wait time_wait close close_wait last_ack listen synack last
	 */
	unsigned int tcp_timeout_s[SETTINGS_STATES];
	unsigned int udp_timeout_s[3]; /* oneway normal last */
	struct synproxy_settings synproxy;
	unsigned int sa_pool_hash_size;
	bool sa_pool_flow;

	/* startup */
	unsigned int n_startup;
	struct startup_line *startup;
};

/*
 * Reads and checks the file; every fault is printed to `errors` as "file:line: what is wrong, what
 * is allowed", all of them at once. Keys that have no effect yet are named in one warning there.
 * NULL when there was a fault. path NULL: all defaults.
 */
struct settings *settings_load(const char *path, FILE *errors);

/* Is a line of the startup block right? 0, or not, with a sentence in error. */
typedef int settings_startup_fn(const struct settings *settings, int argc, char **argv, char *error,
				size_t size);

/* The same, with the startup block's lines checked by `check`, so that their faults are told with
 * the others. */
struct settings *settings_load_checked(const char *path, settings_startup_fn *check, FILE *errors);
void settings_free(struct settings *settings);

/* The same for a text; path is what faults name. */
struct settings *settings_parse(const char *path, const char *text, size_t len, FILE *errors);

/*
 * What SIGHUP cannot change: names every such key and block that differs, separated by ", ", on
 * `names`. Returns how many. The startup block does not count: it runs at start only.
 */
unsigned int settings_restart_needed(const struct settings *running, const struct settings *wanted,
				     FILE *names);

/* NULL, or what is allowed where the text is not; NULL asks what is allowed. */
typedef const char *key_check_fn(const char *text);

/* Names of devices, and which ones they are: for others who are told of devices, too. */
key_check_fn check_name, check_vdev, check_pci;

/* The reference of all keys in Markdown, and a conf file with every key at its default, both from
 * the table. */
void settings_print_reference(FILE *to);
void settings_print_sample(FILE *to);

#endif
