/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/settings_keys: the table of all that a conf file can say. A key is one
 * row here and one field in settings.h; the checker, the reference page, the
 * sample, and what SIGHUP may change follow from the row. Rows marked LATER
 * are known and checked, and name features that are not there yet: a file that
 * sets them is told so in one warning.
 */
#include <string.h>

#include "api/ipvs.h"
#include "ipvs/flow.h"
#include "main/settings_int.h"
#include "net/net.h"

#define FIELD(owner, member) \
	.offset = offsetof(struct owner, member), .size = sizeof(((struct owner *)0)->member)
#define NUMBER(low, high, value) .type = KEY_NUMBER, .min = (low), .max = (high), .def = (value)
#define FLAG(value)              .type = KEY_FLAG, .def = (value)
#define CHOICE(table, value)     .type = KEY_CHOICE, .choices = (table), .def = (value)
#define TEXT(test, described, shown) \
	.type = KEY_TEXT, .check = (test), .def_text = (described), .example = (shown)
#define LIST(owner, member, count) \
	FIELD(owner, member), .count_offset = offsetof(struct owner, count)

#define RELOAD       .flags = KEY_RELOAD
#define LATER        .flags = KEY_LATER
#define RELOAD_LATER .flags = KEY_RELOAD | KEY_LATER

#define TIMEOUT_MAX 31535999 /* a second less than a year */
#define LCORE_LAST  127      /* DPDK's highest lcore id */

#define KEYS(rows) .keys = (rows), .n_keys = sizeof(rows) / sizeof((rows)[0])

static const struct key_choice log_levels[] = {
	{ "EMERG", LOG_ERROR },   { "ALERT", LOG_ERROR },
	{ "CRIT", LOG_ERROR },    { "ERR", LOG_ERROR },
	{ "ERROR", LOG_ERROR },   { "WARNING", LOG_WARNING },
	{ "NOTICE", LOG_NOTICE }, { "INFO", LOG_INFO },
	{ "DEBUG", LOG_DEBUG },   { NULL, 0 },
};

static const struct key_choice poll_modes[] = {
	{ "adaptive", false },
	{ "busy", true },
	{ NULL, 0 },
};

static const struct key_choice flow_modes[] = {
	{ "on", FLOW_ON },
	{ "off", FLOW_OFF },
	{ "check", FLOW_CHECK },
	{ NULL, 0 },
};

static const struct key_row global_keys[] = {
	{ "log_level", CHOICE(log_levels, LOG_INFO), RELOAD, FIELD(settings, log_level),
	  .help = "The least important kind of message that is logged." },
	{ "log_file", TEXT(check_path, "stderr", "/var/log/dpvs.log"), RELOAD,
	  FIELD(settings, log_file), .help = "Where messages go; SIGHUP opens it again." },
	{ "log_with_timestamp", FLAG(false), RELOAD, FIELD(settings, log_timestamp),
	  .help = "Begin every message with the time." },
	{ "log_async_mode", FLAG(false), LATER, FIELD(settings, log_async),
	  .help = "Write messages from a thread of their own." },
	{ "log_async_pool_size", NUMBER(1023, 134217727, 16383), LATER, .unit = "messages",
	  FIELD(settings, log_async_pool_size),
	  .help = "Messages that may wait to be written with log_async_mode." },
	{ "pdump", FLAG(false), LATER, FIELD(settings, pdump),
	  .help = "Let DPDK's capture tools attach." },
	{ "kni", FLAG(true), FIELD(settings, kni),
	  .help = "Make a kernel interface (a TAP device) for every device; without /dev/net/tun "
		  "or "
		  "CAP_NET_ADMIN dpvs says so and goes on without." },
	{ "kni_routes", FLAG(false), FIELD(settings, kni_routes),
	  .help = "Follow the kernel: routes that a routing daemon makes over a kernel interface "
		  "are "
		  "dpvs's too (as the last choice of their prefix), and addresses of a kernel "
		  "interface are the kernel's for dpvs, as by dpip kni add." },
	{ "lldp", FLAG(false), RELOAD_LATER, FIELD(settings, lldp),
	  .help = "Send and read LLDP on every device." },
	{ "poll", CHOICE(poll_modes, false), FIELD(settings, poll_busy),
	  .help = "Workers without packets sleep for moments (adaptive) or never (busy)." },
	{ "flow", CHOICE(flow_modes, FLOW_ON), FIELD(settings, flow),
	  .help = "Established connections take the short way (on) or the long one (off); check "
		  "takes the long one, compares, and stops at a difference: for tests, slow." },
	{ "state_file", TEXT(check_path, "none", "/var/lib/dpvs/state"),
	  FIELD(settings, state_file),
	  .help = "What commands have changed is kept here, and takes the place of the startup "
		  "block at the next start, unless that block's text has changed since." },
	{ "eal_args", TEXT(check_text, "none", "--in-memory -m 1024"), FIELD(settings, eal_args),
	  .help = "Options for DPDK's EAL, split at blanks; those behind -- on the command line "
		  "come after them." },
};

static const struct key_choice fdir_modes[] = {
	{ "perfect", FDIR_PERFECT },
	{ "signature", FDIR_SIGNATURE },
	{ NULL, 0 },
};

static const struct key_row netif_keys[] = {
	{ "pktpool_size", NUMBER(1023, 134217727, 65535), .unit = "packets",
	  FIELD(settings, pktpool_size), .help = "Packet buffers of each NUMA node's pool." },
	{ "pktpool_cache", NUMBER(32, 8192, 256), .unit = "packets", FIELD(settings, pktpool_cache),
	  .help = "Packet buffers that a worker keeps at hand; more than DPDK's 512 count as "
		  "512." },
	{ "fdir_mode", CHOICE(fdir_modes, FDIR_PERFECT), LATER, FIELD(settings, fdir_mode),
	  .help = "How a NIC with flow director matches packets." },
};

static const struct key_row device_keys[] = {
	{ "vdev", TEXT(check_vdev, "none", "net_tap0,iface=dpvs0"), FIELD(device_settings, vdev),
	  .help = "A virtual device of DPDK's, made for this name." },
	{ "pci", TEXT(check_pci, "DPDK's order", "0000:06:00.0"), FIELD(device_settings, pci),
	  .help = "The NIC at this address; without vdev and pci, devices take DPDK's ports in "
		  "order." },
	{ "mtu", NUMBER(68, 9216, 1500), .unit = "bytes", FIELD(device_settings, mtu),
	  .help = "The longest packet, without the Ethernet header. Packet buffers are made for "
		  "the "
		  "largest of all devices, which limits dpip link set." },
	{ "promisc_mode", FLAG(false), FIELD(device_settings, promisc),
	  .help = "Take frames for other MAC addresses in." },
	{ "allmulticast", FLAG(false), FIELD(device_settings, allmulticast),
	  .help = "Take all multicast frames in." },
	{ "kni_name", TEXT(check_ifname, "NAME.kni", "dpdk0.kni"), FIELD(device_settings, kni_name),
	  .help = "Name of the device's kernel interface." },
};

static const struct key_choice rss_words[] = {
	{ "all", 0 },   { "ip", 0 },   { "tcp", 0 },    { "udp", 0 }, { "sctp", 0 },
	{ "ether", 0 }, { "port", 0 }, { "tunnel", 0 }, { NULL, 0 },
};

static const struct key_row rx_keys[] = {
	{ "queue_number", NUMBER(0, SETTINGS_QUEUES, 0), .unit = "queues",
	  FIELD(device_settings, rx_queues),
	  .help = "Receive queues; 0: as many as workers read." },
	{ "descriptor_number", NUMBER(16, 8192, 256), .unit = "packets",
	  FIELD(device_settings, rx_descriptors), .help = "Length of a receive queue." },
	{ "rss", .type = KEY_WORDS, .choices = rss_words, .def_text = "all",
	  FIELD(device_settings, rss),
	  .help = "What the NIC spreads packets over its queues by; several joined by | or "
		  "blanks. With tcp and udp, NICs whose key and table can be set deliver packets "
		  "to the worker that owns them (`dpip -v link show`: steering rss)." },
};

static const struct key_row tx_keys[] = {
	{ "queue_number", NUMBER(0, SETTINGS_QUEUES, 0), .unit = "queues",
	  FIELD(device_settings, tx_queues), .help = "Transmit queues; 0: one for every worker." },
	{ "descriptor_number", NUMBER(16, 8192, 512), .unit = "packets",
	  FIELD(device_settings, tx_descriptors), .help = "Length of a transmit queue." },
	{ "mbuf_fast_free", FLAG(true), FIELD(device_settings, fast_free),
	  .help = "Let the driver give sent buffers back in bulk, where it can." },
};

static const struct key_row bonding_keys[] = {
	{ "mode", NUMBER(0, 6, 0), FIELD(bonding_settings, mode),
	  .help = "Bonding mode by its number in Linux: 0 balance-rr, 1 active-backup, 2 "
		  "balance-xor, 3 "
		  "broadcast, 4 802.3ad, 5 balance-tlb, 6 balance-alb." },
	{ "slave", .type = KEY_NAMES, .example = "dpdk0", LIST(bonding_settings, slaves, n_slaves),
	  .help = "A device that is part of it; repeat the key for each." },
	{ "primary", TEXT(check_name, "the first", "dpdk0"), FIELD(bonding_settings, primary),
	  .help = "The device preferred with active-backup." },
	{ "kni_name", TEXT(check_ifname, "NAME.kni", "bond0.kni"),
	  FIELD(bonding_settings, kni_name), .help = "Name of its kernel interface." },
	{ "numa_node", NUMBER(0, 63, 0), FIELD(bonding_settings, numa_node),
	  .help = "NUMA node of its memory." },
	{ "options", TEXT(check_bond_options, "dedicated_queues=off", "dedicated_queues=off"),
	  FIELD(bonding_settings, options),
	  .help = "With 802.3ad: whether LACP has queues of its own, which NICs can that steer by "
		  "flow rules." },
};

static const struct key_choice worker_types[] = {
	{ "master", WORKER_ROLE_MASTER },
	{ "slave", WORKER_ROLE_FORWARD },
	{ "kni", WORKER_ROLE_KNI },
	{ NULL, 0 },
};

static const struct key_row worker_keys[] = {
	{ "type", CHOICE(worker_types, WORKER_ROLE_UNKNOWN), .flags = KEY_REQUIRED,
	  FIELD(worker_settings, role),
	  .help = "master controls (exactly one), slave forwards packets, kni (one at most) serves "
		  "the "
		  "kernel interfaces, which else the master does." },
	{ "cpu_id", NUMBER(0, LCORE_LAST, WORKER_CPU_UNKNOWN), .flags = KEY_REQUIRED,
	  FIELD(worker_settings, cpu_id),
	  .help = "DPDK's lcore id; lcore N runs on the N-th allowed CPU unless EAL options say "
		  "otherwise." },
	{ "icmp_redirect_core", FLAG(false), LATER, FIELD(worker_settings, icmp_redirect),
	  .help = "Take the ICMP packets of all workers." },
};

static const struct key_row port_keys[] = {
	{ "rx_queue_ids", .type = KEY_NUMBERS, .min = 0, .max = SETTINGS_QUEUES - 1, .example = "0",
	  LIST(worker_port_settings, rx, n_rx), .help = "Receive queues that the worker reads." },
	{ "tx_queue_ids", .type = KEY_NUMBERS, .min = 0, .max = SETTINGS_WORKERS - 1,
	  .example = "0", LIST(worker_port_settings, tx, n_tx),
	  .help = "Transmit queues that the worker fills." },
	{ "isol_rx_cpu_ids", .type = KEY_NUMBERS, .min = 0, .max = LCORE_LAST, LATER,
	  .example = "9", LIST(worker_port_settings, isol_cpus, n_isol),
	  .help = "Lcores that only receive, for this worker." },
	{ "isol_rxq_ring_sz", NUMBER(1024, 134217728, 1048576), LATER, .unit = "bytes",
	  FIELD(worker_port_settings, isol_ring_bytes),
	  .help = "Ring between such an lcore and the worker." },
};

static const struct key_row timer_keys[] = {
	{ "schedule_interval", NUMBER(1, 10000000, 10), LATER, .unit = "microseconds",
	  FIELD(settings, timer_interval_us), .help = "How often a worker looks at its timers." },
};

static const struct key_row neigh_keys[] = {
	{ "unres_queue_length", NUMBER(16, 8192, 128), .unit = "packets",
	  FIELD(settings, neigh_queue),
	  .help = "Packets that wait for a neighbour's MAC address." },
	{ "timeout", NUMBER(1, 3600, 60), RELOAD, .unit = "seconds",
	  FIELD(settings, neigh_timeout_s),
	  .help = "How long a neighbour counts as reachable after it was heard." },
};

static const struct key_row ipset_keys[] = {
	{ "ipset_hash_pool_size", NUMBER(65536, 134217727, 262143), LATER, .unit = "entries",
	  FIELD(settings, ipset_pool_size), .help = "Entries of all sets together." },
};

static const struct key_row ip4_keys[] = {
	{ "forwarding", FLAG(false), RELOAD, FIELD(settings, ip4_forwarding),
	  .help = "Forward packets that are neither for us nor for a service." },
	{ "default_ttl", NUMBER(1, 255, 64), FIELD(settings, ip4_default_ttl),
	  .help = "TTL of packets that dpvs makes." },
};

static const struct key_row fragment_keys[] = {
	{ "bucket_number", NUMBER(1, 1048576, 4096), FIELD(settings, frag_buckets),
	  .help = "Buckets of a worker's table of fragmented packets, IPv4 and IPv6." },
	{ "bucket_entries", NUMBER(1, 256, 16), .flags = KEY_POWER2,
	  FIELD(settings, frag_bucket_entries), .help = "Packets in a bucket." },
	{ "max_entries", NUMBER(1, 16777216, 4096), .unit = "packets",
	  FIELD(settings, frag_max_entries), .help = "Fragmented packets in the table." },
	{ "ttl", NUMBER(1, 255, 1), .unit = "seconds", FIELD(settings, frag_timeout_s),
	  .help = "How long the missing fragments are waited for." },
};

static const struct key_choice addr_gen_modes[] = {
	{ "eui64", IP6_GEN_EUI64 },
	{ "none", IP6_GEN_NONE },
	{ "stable-privacy", IP6_GEN_STABLE },
	{ "random", IP6_GEN_RANDOM },
	{ NULL, 0 },
};

static const struct key_row ip6_keys[] = {
	{ "disable", FLAG(false), RELOAD, FIELD(settings, ip6_disable),
	  .help = "Neither take nor send IPv6 packets." },
	{ "forwarding", FLAG(false), RELOAD, FIELD(settings, ip6_forwarding),
	  .help = "Forward packets that are neither for us nor for a service." },
	{ "addr_gen_mode", CHOICE(addr_gen_modes, IP6_GEN_EUI64), RELOAD,
	  FIELD(settings, addr_gen_mode),
	  .help = "How each port's link-local address is made: from its MAC address, not at all, "
		  "from stable_secret, or from a secret drawn at start." },
	{ "stable_secret", TEXT(check_secret, "none", "00112233445566778899aabbccddeeff"), RELOAD,
	  FIELD(settings, stable_secret), .help = "The secret of addr_gen_mode stable-privacy." },
	{ "dad_transmits", NUMBER(0, 10, 1), RELOAD, .unit = "questions",
	  FIELD(settings, dad_transmits),
	  .help = "How often it is asked, a second apart, whether another host has a new IPv6 "
		  "address; 0: never." },
	{ "mld", FLAG(true), RELOAD, FIELD(settings, mld),
	  .help = "Tell routers and switches by MLD which IPv6 groups the ports are in, unasked "
		  "and "
		  "when asked." },
};

static const struct key_choice route6_methods[] = {
	{ "hlist", ROUTE6_HLIST },
	{ "lpm", ROUTE6_LPM },
	{ NULL, 0 },
};

static const struct key_row route6_keys[] = {
	{ "method", CHOICE(route6_methods, ROUTE6_HLIST), LATER, FIELD(settings, route6_method),
	  .help = "How routes are looked up." },
	{ "recycle_time", NUMBER(1, 36000, 10), RELOAD_LATER, .unit = "seconds",
	  FIELD(settings, route6_recycle_s), .help = "When removed routes are freed." },
};

static const struct key_row lpm_keys[] = {
	{ "lpm6_max_rules", NUMBER(16, 2147483647, 1024), LATER, FIELD(settings, lpm6_max_rules),
	  .help = "Routes of the method lpm." },
	{ "lpm6_num_tbl8s", NUMBER(16, 2147483647, 65536), LATER, FIELD(settings, lpm6_tbl8s),
	  .help = "Tables of the method lpm." },
	{ "rt6_array_size", NUMBER(16, 2147483647, 65536), LATER, FIELD(settings, rt6_array_size),
	  .help = "Next hops of the method lpm." },
	{ "rt6_hash_bucket", NUMBER(2, 2147483647, 256), LATER, FIELD(settings, rt6_hash_buckets),
	  .help = "Buckets of the method lpm." },
};

static const struct key_choice msg_priorities[] = {
	{ "low", MSG_PRIORITY_LOW },
	{ "norm", MSG_PRIORITY_NORM },
	{ "high", MSG_PRIORITY_HIGH },
	{ "ignore", MSG_PRIORITY_IGNORE },
	{ NULL, 0 },
};

static const struct key_row lcore_msg_keys[] = {
	{ "ring_size", NUMBER(256, 524288, 4096), .flags = KEY_POWER2, .unit = "operations",
	  FIELD(settings, op_ring_size),
	  .help = "Operations on their way from the master to a worker." },
	{ "sync_msg_timeout_us", NUMBER(1, 10000000, 2000), RELOAD_LATER, .unit = "microseconds",
	  FIELD(settings, msg_timeout_us),
	  .help = "The master waits for every worker however long it takes, so that this has no "
		  "meaning." },
	{ "priority_level", CHOICE(msg_priorities, MSG_PRIORITY_LOW), RELOAD_LATER,
	  FIELD(settings, msg_priority), .help = "The least important kind of operation." },
};

static const struct key_choice genl_masq_modes[] = {
	{ "nat", API_FORWARD_NAT },
	{ "fnat", API_FORWARD_FNAT },
	{ NULL, 0 },
};

static const struct key_choice no_conn_policies[] = {
	{ "reset", NO_CONN_RESET },
	{ "drop", NO_CONN_DROP },
	{ NULL, 0 },
};

static const struct key_choice mh_table_sizes[] = {
	{ "251", 251 },     { "509", 509 },       { "1021", 1021 },   { "2039", 2039 },
	{ "4093", 4093 },   { "8191", 8191 },     { "16381", 16381 }, { "32749", 32749 },
	{ "65521", 65521 }, { "131071", 131071 }, { NULL, 0 },
};

static const struct key_row ipvs_keys[] = {
	{ "genl_masq", CHOICE(genl_masq_modes, API_FORWARD_NAT), RELOAD, FIELD(settings, genl_masq),
	  .help = "What -m of stock ipvsadm, and lb_kind NAT of keepalived, mean." },
	{ "genl_local_address", .type = KEY_DEVADDRS, RELOAD, .example = "10.2.0.200 dev dpdk1",
	  LIST(settings, genl_laddrs, n_genl_laddrs),
	  .help = "A local address of services that stock tools give their first FNAT server, if "
		  "that is of its family; repeat the key for each." },
	{ "mh_table_size", CHOICE(mh_table_sizes, 65521), FIELD(settings, mh_table_size),
	  .help = "Slots that scheduler mh shares out among a service's servers: the larger, the "
		  "closer to the weights. Linux directors have 4093, unless built otherwise; with "
		  "the same size both send a client to the same server." },
};

static const struct key_row conn_keys[] = {
	{ "conn_pool_size", NUMBER(64, 1073741824, 2097152), .unit = "connections",
	  FIELD(settings, conn_pool_size),
	  .help = "The most connections of all workers together." },
	{ "conn_pool_cache", NUMBER(0, 8192, 256), LATER, .unit = "connections",
	  FIELD(settings, conn_pool_cache), .help = "Every worker has connections of its own." },
	{ "conn_init_timeout", NUMBER(1, TIMEOUT_MAX, 3), RELOAD, .unit = "seconds",
	  FIELD(settings, conn_init_timeout_s),
	  .help = "How long a new connection lives without a second packet that sets its state." },
	{ "no_conn", CHOICE(no_conn_policies, NO_CONN_RESET), RELOAD, FIELD(settings, no_conn),
	  .help = "TCP and SCTP to a service that belong to no connection and open none are "
		  "answered "
		  "by a reset (SCTP: ABORT), or dropped." },
	{ "expire_quiescent_template", FLAG(false), RELOAD,
	  FIELD(settings, expire_quiescent_template),
	  .help = "Forget a client's persistence when its server gets weight 0." },
	{ "fast_xmit_close", FLAG(false), LATER, FIELD(settings, fast_xmit_close),
	  .help = "Look the route up for every packet." },
	{ "redirect", FLAG(false), LATER, FIELD(settings, redirect),
	  .help = "Replies always reach the worker that owns their connection, so that this has no "
		  "meaning." },
	{ "xmit_ttl", FLAG(true), RELOAD, FIELD(settings, xmit_ttl),
	  .help = "Take one from the TTL or hop limit of what services forward, as routers do, and "
		  "drop what has none left. What is routed always loses one." },
};

static const struct key_choice uoa_modes[] = {
	{ "opp", UOA_OPP },
	{ "ipo", UOA_IPO },
	{ NULL, 0 },
};

static const struct key_row udp_keys[] = {
	{ "defence_udp_drop", FLAG(false), RELOAD_LATER, FIELD(settings, defence_udp_drop),
	  .help = "Drop UDP to addresses that have TCP services only." },
	{ "uoa_mode", CHOICE(uoa_modes, UOA_OPP), RELOAD_LATER, FIELD(settings, uoa_mode),
	  .help = "How the client's address goes to the server: a protocol of its own, or an IPv4 "
		  "option." },
	{ "uoa_max_trail", NUMBER(0, 255, 3), RELOAD_LATER, .unit = "packets",
	  FIELD(settings, uoa_max_trail),
	  .help = "Packets of a connection that carry the client's address." },
};

#define SECONDS(word, member, value, said)                                                         \
	{                                                                                          \
		word, NUMBER(1, TIMEOUT_MAX, value), RELOAD, .unit = "seconds",                    \
							     FIELD(settings, member), .help = said \
	}

static const struct key_row udp_timeout_keys[] = {
	SECONDS("oneway", udp_timeout_s[0], 300, "Only the client was heard."),
	SECONDS("normal", udp_timeout_s[1], 300, "Client and server were heard."),
	SECONDS("last", udp_timeout_s[2], 2, "The last state."),
};

static const struct key_row tcp_keys[] = {
	{ "defence_tcp_drop", FLAG(false), RELOAD_LATER, FIELD(settings, defence_tcp_drop),
	  .help = "Drop TCP that opens no connection; see also conn no_conn." },
};

static const struct key_row tcp_timeout_keys[] = {
	SECONDS("none", tcp_timeout_s[0], 2, "No state yet."),
	SECONDS("established", tcp_timeout_s[1], 90, "Both sides are open."),
	SECONDS("syn_sent", tcp_timeout_s[2], 3, "The server was asked."),
	SECONDS("syn_recv", tcp_timeout_s[3], 30, "A SYN was seen."),
	SECONDS("fin_wait", tcp_timeout_s[4], 7, "The server has closed."),
	SECONDS("time_wait", tcp_timeout_s[5], 7, "Both sides have closed."),
	SECONDS("close", tcp_timeout_s[6], 3, "The connection was reset."),
	SECONDS("close_wait", tcp_timeout_s[7], 7, "The client has closed."),
	SECONDS("last_ack", tcp_timeout_s[8], 7, "The last acknowledgement is missing."),
	SECONDS("listen", tcp_timeout_s[9], 120, "A state that packets do not lead to."),
	SECONDS("synack", tcp_timeout_s[10], 30, "The client's SYN was answered for the server."),
	SECONDS("last", tcp_timeout_s[11], 2, "The last state."),
};

static const struct key_row synproxy_keys[] = {
	{ "close_client_window", FLAG(false), RELOAD_LATER,
	  FIELD(settings, synproxy.close_client_window),
	  .help = "Let the client send nothing until the server answers." },
	{ "defer_rs_syn", FLAG(false), RELOAD_LATER, FIELD(settings, synproxy.defer_rs_syn),
	  .help = "Ask the server only when the client sends data." },
	{ "rs_syn_max_retry", NUMBER(1, 99, 3), RELOAD_LATER, .unit = "times",
	  FIELD(settings, synproxy.rs_syn_max_retry), .help = "SYNs sent to a silent server." },
	{ "ack_storm_thresh", NUMBER(1, 999, 10), RELOAD_LATER, .unit = "packets",
	  FIELD(settings, synproxy.ack_storm_thresh),
	  .help = "Equal acknowledgements that are let through." },
	{ "max_ack_saved", NUMBER(1, 63, 3), RELOAD_LATER, .unit = "packets",
	  FIELD(settings, synproxy.max_ack_saved),
	  .help = "Packets of a client that wait for its server." },
};

static const struct key_row synack_keys[] = {
	{ "mss", NUMBER(1, 65535, 1452), RELOAD_LATER, .unit = "bytes",
	  FIELD(settings, synproxy.mss), .help = "The largest segment that is announced." },
	{ "ttl", NUMBER(1, 255, 63), RELOAD_LATER, FIELD(settings, synproxy.ttl),
	  .help = "TTL of the answer." },
	{ "sack", FLAG(true), RELOAD_LATER, FIELD(settings, synproxy.sack),
	  .help = "Offer selective acknowledgements." },
	{ "wscale", NUMBER(0, 14, 0), .flags = KEY_RELOAD | KEY_LATER | KEY_BARE,
	  FIELD(settings, synproxy.wscale), .help = "The window scale that is offered." },
	{ "timestamp", FLAG(false), RELOAD_LATER, FIELD(settings, synproxy.timestamp),
	  .help = "Offer timestamps." },
};

static const struct key_row reuse_keys[] = {
	{ "close", FLAG(true), RELOAD_LATER, FIELD(settings, synproxy.reuse_close),
	  .help = "A SYN may take a connection over that was reset." },
	{ "time_wait", FLAG(true), RELOAD_LATER, FIELD(settings, synproxy.reuse_time_wait),
	  .help = "The same for one that both sides have closed." },
	{ "fin_wait", FLAG(false), RELOAD_LATER, FIELD(settings, synproxy.reuse_fin_wait),
	  .help = "The same for one that the server has closed." },
	{ "close_wait", FLAG(false), RELOAD_LATER, FIELD(settings, synproxy.reuse_close_wait),
	  .help = "The same for one that the client has closed." },
	{ "last_ack", FLAG(false), RELOAD_LATER, FIELD(settings, synproxy.reuse_last_ack),
	  .help = "The same for one that lacks the last acknowledgement." },
};

static const struct key_row sa_pool_keys[] = {
	{ "pool_hash_size", NUMBER(1, 128, 16), LATER, FIELD(settings, sa_pool_hash_size),
	  .help = "Every local port is kept per real server, so that this has no meaning." },
	{ "flow_enable", FLAG(true), LATER, FIELD(settings, sa_pool_flow),
	  .help = "Steer replies to their worker by the NIC's flow rules." },
};

const struct block_row settings_blocks[] = {
	{ "global_defs", KEYS(global_keys), .help = "The process." },
	{ "netif_defs", KEYS(netif_keys), .help = "Devices and packet buffers." },
	{ "netif_defs device", "NAME", OWNER_DEVICE, KEYS(device_keys),
	  .help = "A port, by the name that commands use; repeat the block for each." },
	{ "netif_defs device rx", NULL, OWNER_DEVICE, KEYS(rx_keys), .help = "Receiving." },
	{ "netif_defs device tx", NULL, OWNER_DEVICE, KEYS(tx_keys), .help = "Transmitting." },
	{ "netif_defs bonding", "NAME", OWNER_BONDING, KEYS(bonding_keys),
	  .help = "Several devices as one, whose name takes the place of theirs in worker_defs and "
		  "commands; repeat the block for each." },
	{ "worker_defs",
	  .help = "Who runs where; without it, workers and queues are derived from the machine." },
	{ "worker_defs worker", "NAME", OWNER_WORKER, KEYS(worker_keys),
	  .help = "One lcore; repeat the block for each." },
	{ "worker_defs worker port", "DEVICE", OWNER_PORT, KEYS(port_keys),
	  .help = "The worker's queues of a device; repeat the block for each. Queue ids of a "
		  "device begin with 0, without a gap, and belong to one worker each." },
	{ "timer_defs", KEYS(timer_keys), .help = "Timers." },
	{ "neigh_defs", KEYS(neigh_keys), .help = "Neighbours: ARP." },
	{ "ipset_defs", KEYS(ipset_keys), .help = "Sets of addresses." },
	{ "ipv4_defs", KEYS(ip4_keys), .help = "IPv4." },
	{ "ipv4_defs fragment", KEYS(fragment_keys),
	  .help = "Reassembly of packets to us, of both families." },
	{ "ipv6_defs", KEYS(ip6_keys), .help = "IPv6." },
	{ "ipv6_defs route6", KEYS(route6_keys), .help = "IPv6 routes." },
	{ "ipv6_defs route6 lpm", KEYS(lpm_keys), .help = "IPv6 routes by the method lpm." },
	{ "ctrl_defs", .help = "Control." },
	{ "ctrl_defs lcore_msg", KEYS(lcore_msg_keys), .help = "From the master to the workers." },
	{ "ipvs_defs", KEYS(ipvs_keys), .help = "Load balancing." },
	{ "ipvs_defs conn", KEYS(conn_keys), .help = "Connections." },
	{ "ipvs_defs udp", KEYS(udp_keys), .help = "UDP." },
	{ "ipvs_defs udp timeout", KEYS(udp_timeout_keys),
	  .help = "How long a connection lives after its last packet, by its state." },
	{ "ipvs_defs tcp", KEYS(tcp_keys), .help = "TCP." },
	{ "ipvs_defs tcp timeout", KEYS(tcp_timeout_keys),
	  .help = "How long a connection lives after its last packet, by its state." },
	{ "ipvs_defs tcp synproxy", KEYS(synproxy_keys), .help = "Answering SYNs for servers." },
	{ "ipvs_defs tcp synproxy synack_options", KEYS(synack_keys),
	  .help = "What the answer to a client's SYN offers." },
	{ "ipvs_defs tcp synproxy conn_reuse_state", KEYS(reuse_keys),
	  .help = "Connections that a client's SYN may take over." },
	{ "sa_pool", KEYS(sa_pool_keys), .help = "Local addresses and ports." },
	{ "startup", NULL, OWNER_STARTUP,
	  .help = "Commands that are run in order before the first packet, one a line, as they "
		  "would be typed: dpip …, ipvsadm …. SIGHUP does not run them again." },
};

const unsigned int settings_n_blocks = sizeof(settings_blocks) / sizeof(settings_blocks[0]);

const char *block_name(const struct block_row *block)
{
	const char *last = strrchr(block->path, ' ');

	return last ? last + 1 : block->path;
}

const struct block_row *block_find(const struct block_row *in, const char *name)
{
	size_t len = in ? strlen(in->path) : 0;

	if (strchr(name, ' '))
		return NULL;
	for (unsigned int i = 0; i < settings_n_blocks; i++) {
		const char *path = settings_blocks[i].path;

		if (!in && strcmp(path, name) == 0)
			return &settings_blocks[i];
		if (in && strncmp(path, in->path, len) == 0 && path[len] == ' ' &&
		    strcmp(path + len + 1, name) == 0)
			return &settings_blocks[i];
	}
	return NULL;
}

const struct key_row *settings_key_find(const struct block_row *block, const char *name)
{
	for (unsigned int i = 0; i < block->n_keys; i++)
		if (strcmp(block->keys[i].name, name) == 0)
			return &block->keys[i];
	return NULL;
}
