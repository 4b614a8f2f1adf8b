/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/settings: everything that the conf file can say, checked and with its
 * defaults. Made by settings_load() from the rows of one table, which also
 * gives the checker, the reference page and the sample.
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
#define SETTINGS_QUEUES 16

struct device_settings {
	char name[API_NAME_LEN];
	char *vdev;		/* "net_tap0,iface=x", or NULL */
	char *pci;		/* "0000:06:00.0", or NULL */
	char *kni_name;
	unsigned int line;
	unsigned int rx_queues, tx_queues;	     /* 0: as many as there are workers */
	unsigned int rx_descriptors, tx_descriptors; /* defaults 256, 512 */
	char rss[64];		/* "all", "tcp|udp", … */
	bool fast_free;		/* mbuf_fast_free, default on */
	unsigned int mtu;	/* default 1500 */
	bool promisc, allmulticast;
};

struct worker_port_settings {
	char dev[API_NAME_LEN];
	unsigned int line;
	unsigned int n_rx, n_tx;
	uint16_t rx[SETTINGS_QUEUES], tx[SETTINGS_QUEUES];
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
	unsigned int n_ports;
	struct worker_port_settings ports[SETTINGS_DEVICES];
};

enum no_conn_policy {
	NO_CONN_RESET,
	NO_CONN_DROP,
};

/* A line of the startup block, split into words. */
struct startup_line {
	unsigned int line;
	int argc;
	char **argv; /* argv[argc] is NULL */
};

struct settings {
	char *path; /* of the conf file */

	/* global_defs */
	enum log_level log_level;
	char *log_file;	    /* NULL: stderr */
	bool log_timestamp;
	bool poll_busy;	    /* poll busy|adaptive */
	char *eal_args;	    /* or NULL */

	/* netif_defs */
	unsigned int pktpool_size, pktpool_cache;
	unsigned int n_devices;
	struct device_settings devices[SETTINGS_DEVICES];

	/* worker_defs */
	unsigned int n_workers; /* 0: derived from the machine */
	struct worker_settings *workers;

	/* the others, by block */
	unsigned int neigh_queue, neigh_timeout_s;
	bool ip4_forwarding;
	unsigned int ip4_default_ttl;
	unsigned int op_ring_size; /* ctrl_defs lcore_msg ring_size */
	unsigned int conn_pool_size;	/* of all workers together */
	unsigned int conn_init_timeout_s;
	enum no_conn_policy no_conn;	/* ipvs_defs conn no_conn */
	/* timeouts in seconds, by the state's number in ipvs/proto/tcp.h: none established syn_sent syn_recv fin_wait time_wait close close_wait last_ack listen synack last */
	unsigned int tcp_timeout_s[12];
	unsigned int udp_timeout_s[3]; /* oneway normal last */

	/* startup */
	unsigned int n_startup;
	struct startup_line *startup;
};

/*
 * Reads and checks the file; every fault is printed to `errors` as "file:line: what is wrong, what is
 * allowed", all of them at once. Keys that have no effect yet are named in one warning there. NULL when there
 * was a fault. path NULL: all defaults.
 */
struct settings *settings_load(const char *path, FILE *errors);
void settings_free(struct settings *settings);

#endif
