/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The meaning of the conf file: every key of the table with the ends of its
 * range and beyond, every word of every choice, defaults, the text of faults,
 * checks over several keys, what a reload cannot change, the files in conf/,
 * and damaged files. `settings_test reference` prints the reference page,
 * which must equal conf/dpvs.conf.reference.md.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/conf.h"
#include "main/settings_int.h"
#include "lib/prng.h"
#include "lib/unit.h"

/* ---- one key in its block, without the checks over several keys ---- */

/* `line` inside the block of that path, all on three lines: the line is line 2. */
static char *in_block(const struct block_row *block, const char *line)
{
	char path[128], *rest = path, *name, *text = NULL;
	const struct block_row *at = NULL;
	unsigned int depth = 0;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	snprintf(path, sizeof(path), "%s", block->path);
	while ((name = strsep(&rest, " "))) {
		at = block_find(at, name);
		assert_non_null(at);
		fprintf(to, "%s %s{ ", name, at->arg ? "x " : "");
		depth++;
	}
	fprintf(to, "\n%s\n", line);
	while (depth-- > 0)
		fputs("}", to);
	fclose(to);
	return text;
}

/* The struct that the key's value went to. */
static void *owner_base(struct settings *settings, enum settings_owner owner)
{
	switch (owner) {
	case OWNER_SETTINGS:
		return settings;
	case OWNER_DEVICE:
		return &settings->devices[0];
	case OWNER_BONDING:
		return &settings->bondings[0];
	case OWNER_WORKER:
		return &settings->workers[0];
	case OWNER_PORT:
		return &settings->workers[0].ports[0];
	default:
		fail_msg("no such owner");
		return NULL;
	}
}

struct one_key {
	struct settings *settings;
	struct conf *conf;
	void *base;
	const char *fault; /* of line 2, or NULL */
};

static struct one_key read_one(const struct block_row *block, const char *line)
{
	struct one_key one = { .settings = calloc(1, sizeof(*one.settings)) };
	char *text = in_block(block, line), *warnings = NULL;
	const struct conf_fault *fault;
	size_t size = 0;
	FILE *to = open_memstream(&warnings, &size);

	assert_non_null(one.settings);
	owner_set_defaults(OWNER_SETTINGS, one.settings);
	one.conf = conf_parse_buffer(text, strlen(text));
	settings_read(one.settings, one.conf, "f", to);
	one.base = owner_base(one.settings, block->owner);
	for (unsigned int i = 0; (fault = conf_fault_at(one.conf, i)); i++)
		if (fault->line == 2)
			one.fault = fault->text;
	fclose(to);
	free(warnings);
	free(text);
	return one;
}

static void free_one(struct one_key *one)
{
	conf_free(one->conf);
	settings_free(one->settings);
}

static void assert_number(const struct block_row *block, const struct key_row *row, uint64_t number,
			  bool good)
{
	char line[128], want[512], allowed[128];
	struct one_key one;

	snprintf(line, sizeof(line), "%s %llu", row->name, (unsigned long long)number);
	one = read_one(block, line);
	if (good) {
		assert_null(one.fault);
		if (row->type == KEY_NUMBER)
			assert_int_equal(*(unsigned int *)((char *)one.base + row->offset), number);
		else
			assert_int_equal(*(uint16_t *)((char *)one.base + row->offset), number);
	} else {
		snprintf(want, sizeof(want), "%s: out of range, allowed are %s", line,
			 value_allowed(row, allowed, sizeof(allowed)));
		assert_non_null(one.fault);
		assert_string_equal(one.fault, want);
	}
	free_one(&one);
}

static void check_number(const struct block_row *block, const struct key_row *row)
{
	assert_true(row->min < row->max);
	assert_true(row->type == KEY_NUMBERS || row->flags & KEY_REQUIRED ||
		    (row->def >= row->min && row->def <= row->max));
	assert_number(block, row, row->min, true);
	assert_number(block, row, row->max, true);
	assert_number(block, row, (uint64_t)row->max + 1, false);
	assert_number(block, row, 18446744073709551615u, false);
	if (row->min > 0)
		assert_number(block, row, row->min - 1, false);
}

static void assert_choice(const struct block_row *block, const struct key_row *row,
			  const char *word, unsigned int want)
{
	char line[128];
	struct one_key one;
	const char *field;

	snprintf(line, sizeof(line), "%s %s", row->name, word);
	one = read_one(block, line);
	field = (const char *)one.base + row->offset;
	assert_null(one.fault);
	if (row->size == sizeof(bool))
		assert_int_equal(*(const bool *)field, want);
	else
		assert_int_equal(*(const unsigned int *)field, want);
	free_one(&one);
}

static void assert_refused(const struct block_row *block, const char *line, const char *begin)
{
	struct one_key one = read_one(block, line);

	assert_non_null(one.fault);
	if (strncmp(one.fault, begin, strlen(begin)) != 0)
		assert_string_equal(one.fault, begin);
	free_one(&one);
}

static void check_choice(const struct block_row *block, const struct key_row *row)
{
	static const struct {
		const char *word;
		bool value;
	} flags[] = {
		{ "", true },    { "on", true },       { "enable", true }, { "true", true },
		{ "yes", true }, { "1", true },        { "ON", true },     { "off", false },
		{ "no", false }, { "disable", false }, { "0", false },     { "false", false },
	};
	char line[128], want[256];

	for (size_t i = 0; row->type == KEY_FLAG && i < LENGTH(flags); i++)
		assert_choice(block, row, flags[i].word, flags[i].value);
	for (const struct key_choice *c = row->choices; c && c->word; c++)
		assert_choice(block, row, c->word, c->value);
	snprintf(line, sizeof(line), "%s maybe", row->name);
	snprintf(want, sizeof(want), "%s: not known, allowed are ", line);
	assert_refused(block, line, want);
}

static void check_text_key(const struct block_row *block, const struct key_row *row)
{
	char line[256];
	struct one_key one;

	assert_non_null(row->example);
	snprintf(line, sizeof(line), "%s '%s'", row->name, row->example);
	one = read_one(block, line);
	assert_null(one.fault);
	assert_string_equal(*(char **)((char *)one.base + row->offset), row->example);
	free_one(&one);
}

static void check_words(const struct block_row *block, const struct key_row *row)
{
	char line[256];

	for (const struct key_choice *c = row->choices; c->word; c++) {
		struct one_key one;

		snprintf(line, sizeof(line), "%s %s", row->name, c->word);
		one = read_one(block, line);
		assert_null(one.fault);
		assert_string_equal((char *)one.base + row->offset, c->word);
		free_one(&one);
	}
}

/* Every key refuses a second value, a second line, a block; a number also what is none. */
static void check_form(const struct block_row *block, const struct key_row *row)
{
	char line[128], want[256];

	if (row->type == KEY_NUMBER || row->type == KEY_NUMBERS) {
		static const char *const wrong[] = { "-1", "+1", "1k", "0x10", "1.5", "a", "''" };

		for (size_t i = 0; i < LENGTH(wrong); i++) {
			snprintf(line, sizeof(line), "%s %s", row->name, wrong[i]);
			snprintf(want, sizeof(want), "%s %s: not a number, allowed are ", row->name,
				 strcmp(wrong[i], "''") == 0 ? "\"\"" : wrong[i]);
			assert_refused(block, line, want);
		}
	}
	if (row->type == KEY_NUMBER || row->type == KEY_CHOICE || row->type == KEY_TEXT) {
		snprintf(line, sizeof(line), "%s 1 2", row->name);
		snprintf(want, sizeof(want), "%s takes one value, \"2\" is one too many",
			 row->name);
		assert_refused(block, line, want);
	}
	if (row->type != KEY_FLAG && !(row->flags & KEY_BARE)) {
		snprintf(want, sizeof(want), "%s: a value is missing, allowed are ", row->name);
		assert_refused(block, row->name, want);
	}
	snprintf(line, sizeof(line), "%s { }", row->name);
	snprintf(want, sizeof(want), "%s is a key: it takes a value, no block", row->name);
	assert_refused(block, line, want);
}

static void every_key(void **state)
{
	unsigned int n_keys = 0;

	for (unsigned int i = 0; i < settings_n_blocks; i++) {
		const struct block_row *block = &settings_blocks[i];

		for (unsigned int k = 0; k < block->n_keys; k++) {
			const struct key_row *row = &block->keys[k];

			n_keys++;
			check_form(block, row);
			if (row->type == KEY_NUMBER || row->type == KEY_NUMBERS)
				check_number(block, row);
			else if (row->type == KEY_FLAG || row->type == KEY_CHOICE)
				check_choice(block, row);
			else if (row->type == KEY_TEXT)
				check_text_key(block, row);
			else if (row->type == KEY_WORDS)
				check_words(block, row);
		}
	}
	assert_int_equal(n_keys, 105);
}

/* What files of today have, line by line, whatever the table says of it. */
static void known_lines(void **state)
{
	static const struct {
		const char *block;
		const char *lines; /* separated by ; */
	} cases[] = {
		{ "global_defs",
		  "log_level WARNING;log_file /var/log/dpvs.log;log_with_timestamp on;"
		  "log_async_mode on;log_async_pool_size 16383;pdump off;kni on;"
		  "lldp on;eal_args '-m 512';poll busy" },
		{ "netif_defs", "<init> pktpool_size 1048575;<init> pktpool_cache 256;"
				"<init> fdir_mode perfect;fdir_mode signature" },
		{ "netif_defs device", "vdev net_tap0;pci 0000:06:00.0;mtu 1500;promisc_mode;"
				       "allmulticast;kni_name dpdk0.kni" },
		{ "netif_defs device rx", "queue_number 8;queue_number 16;descriptor_number 1024;"
					  "rss all;rss tcp|ip|tunnel" },
		{ "netif_defs device tx",
		  "queue_number 8;descriptor_number 1024;mbuf_fast_free on" },
		{ "netif_defs bonding", "mode 4;slave dpdk0;primary dpdk0;kni_name bond0.kni;"
					"numa_node 1;options dedicated_queues=on" },
		{ "worker_defs worker",
		  "type master;type slave;type kni;cpu_id 0;icmp_redirect_core" },
		{ "worker_defs worker port", "rx_queue_ids 0 1;tx_queue_ids 0;isol_rx_cpu_ids 9 10;"
					     "isol_rxq_ring_sz 1048576" },
		{ "timer_defs", "schedule_interval 500" },
		{ "neigh_defs", "<init> unres_queue_length 128;timeout 60" },
		{ "ipset_defs", "ipset_hash_pool_size 131072" },
		{ "ipv4_defs", "forwarding off;<init> default_ttl 64" },
		{ "ipv4_defs fragment",
		  "bucket_number 4096;bucket_entries 16;max_entries 4096;ttl 1" },
		{ "ipv6_defs", "disable off;forwarding off;addr_gen_mode eui64;stable_secret ''" },
		{ "ipv6_defs route6", "<init> method hlist;recycle_time 10" },
		{ "ipv6_defs route6 lpm", "lpm6_max_rules 1024;lpm6_num_tbl8s 65536;"
					  "rt6_hash_bucket 256" },
		{ "ctrl_defs lcore_msg", "<init> ring_size 4096;sync_msg_timeout_us 20000;"
					 "priority_level low" },
		{ "ipvs_defs conn", "<init> conn_pool_size 2097152;<init> conn_pool_cache 256;"
				    "conn_init_timeout 3;expire_quiescent_template;fast_xmit_close;"
				    "<init> redirect off;xmit_ttl off;no_conn drop" },
		{ "ipvs_defs udp", "defence_udp_drop;uoa_mode opp;uoa_mode ipo;uoa_max_trail 3" },
		{ "ipvs_defs udp timeout", "oneway 60;normal 300;last 3" },
		{ "ipvs_defs tcp", "defence_tcp_drop" },
		{ "ipvs_defs tcp timeout",
		  "none 2;established 90;syn_sent 3;syn_recv 30;fin_wait 7;"
		  "time_wait 7;close 3;close_wait 7;last_ack 7;listen 120;"
		  "synack 30;last 2" },
		{ "ipvs_defs tcp synproxy", "close_client_window;defer_rs_syn;rs_syn_max_retry 3;"
					    "ack_storm_thresh 10;max_ack_saved 3" },
		{ "ipvs_defs tcp synproxy synack_options", "mss 1452;ttl 63;sack;wscale 5;wscale;"
							   "timestamp" },
		{ "ipvs_defs tcp synproxy conn_reuse_state", "close;time_wait;fin_wait;close_wait;"
							     "last_ack" },
		{ "sa_pool", "<init> pool_hash_size 16;<init> flow_enable on" },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		char *lines = strdup(cases[i].lines), *rest = lines, *line;

		while ((line = strsep(&rest, ";"))) {
			const struct block_row block = { .path = cases[i].block };
			const struct block_row *row = &block;
			struct one_key one;

			for (unsigned int k = 0; k < settings_n_blocks; k++)
				if (strcmp(settings_blocks[k].path, block.path) == 0)
					row = &settings_blocks[k];
			one = read_one(row, line);
			assert_null(one.fault);
			free_one(&one);
		}
		free(lines);
	}
}

/* The table is sound: names once, a sentence for each, no two fields that overlap. */
static void table(void **state)
{
	for (unsigned int i = 0; i < settings_n_blocks; i++) {
		const struct block_row *a = &settings_blocks[i];

		assert_non_null(a->help);
		assert_true(a->n_keys < 32);
		for (unsigned int k = 0; k < a->n_keys; k++) {
			const struct key_row *x = &a->keys[k];
			size_t help = strlen(x->help);

			assert_true(isupper((unsigned char)x->help[0]) || strchr(x->help, ' '));
			assert_int_equal(x->help[help - 1] == '.' || strstr(x->help, "drivers."),
					 1);
			assert_ptr_equal(key_find(a, x->name), x);
			assert_null(block_find(a, x->name));
			for (unsigned int j = 0; j <= i; j++)
				for (unsigned int m = 0; m < settings_blocks[j].n_keys; m++) {
					const struct key_row *y = &settings_blocks[j].keys[m];

					if (x == y || settings_blocks[j].owner != a->owner)
						continue;
					assert_true(x->offset + x->size <= y->offset ||
						    y->offset + y->size <= x->offset);
				}
		}
	}
}

/* ---- whole files ---- */

/* What settings_parse() prints; *settings is its result. */
static char *parse(const char *text, struct settings **settings)
{
	char *printed = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&printed, &size);

	assert_non_null(to);
	*settings = settings_parse("dpvs.conf", text, strlen(text), to);
	fclose(to);
	return printed;
}

static void defaults(void **state)
{
	struct settings *s = settings_load(NULL, stderr);
	static const unsigned int tcp[] = { 2, 90, 3, 30, 7, 7, 3, 7, 7, 120, 30, 2 };

	assert_non_null(s);
	assert_null(s->path);
	assert_int_equal(s->log_level, LOG_INFO);
	assert_null(s->log_file);
	assert_false(s->log_timestamp);
	assert_false(s->poll_busy);
	assert_null(s->eal_args);
	assert_int_equal(s->pktpool_size, 65535);
	assert_int_equal(s->pktpool_cache, 256);
	assert_int_equal(s->n_devices + s->n_workers + s->n_startup + s->n_bondings, 0);
	assert_int_equal(s->timer_interval_us, 10);
	assert_int_equal(s->neigh_queue, 128);
	assert_int_equal(s->neigh_timeout_s, 60);
	assert_int_equal(s->ipset_pool_size, 262143);
	assert_false(s->ip4_forwarding);
	assert_int_equal(s->ip4_default_ttl, 64);
	assert_int_equal(s->op_ring_size, 4096);
	assert_int_equal(s->conn_pool_size, 2097152);
	assert_int_equal(s->conn_init_timeout_s, 3);
	assert_int_equal(s->no_conn, NO_CONN_RESET);
	for (size_t i = 0; i < LENGTH(tcp); i++)
		assert_int_equal(s->tcp_timeout_s[i], tcp[i]);
	assert_int_equal(s->udp_timeout_s[0], 300);
	assert_int_equal(s->udp_timeout_s[1], 300);
	assert_int_equal(s->udp_timeout_s[2], 2);
	assert_int_equal(s->synproxy.mss, 1452);
	assert_int_equal(s->synproxy.ttl, 63);
	assert_true(s->synproxy.sack);
	assert_true(s->xmit_ttl);
	settings_free(s);
}

/* The order of the words in the table is that of the states. */
static void timeouts(void **state)
{
	static const char text[] =
		"ipvs_defs { tcp { timeout {\n"
		"none 10\nestablished 11\nsyn_sent 12\nsyn_recv 13\nfin_wait 14\n"
		"time_wait 15\nclose 16\nclose_wait 17\nlast_ack 18\nlisten 19\n"
		"synack 20\nlast 21 } } udp { timeout {\n"
		"oneway 30\nnormal 31\nlast 32 } } }";
	struct settings *s;
	char *printed = parse(text, &s);

	assert_string_equal(printed, "");
	for (unsigned int i = 0; i < 12; i++)
		assert_int_equal(s->tcp_timeout_s[i], 10 + i);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(s->udp_timeout_s[i], 30 + i);
	settings_free(s);
	free(printed);
}

#define MASTER     "worker m { type master\ncpu_id 0 }\n"
#define SLAVE_1    "worker a { type slave\ncpu_id 1\nport d { rx_queue_ids 0\ntx_queue_ids 0 } }\n"
#define SLAVE_2    "worker b { type slave\ncpu_id 2\nport d { rx_queue_ids 1\ntx_queue_ids 1 } }\n"
#define WORKERS(x) "worker_defs {\n" x "}\n"
#define D          "netif_defs { device d { } }\n"
#define D_AND_E    "netif_defs { device d { } device e { } }\n"

static void device_of_words(void **state)
{
	static const char text[] = "netif_defs { pktpool_cache 512\n"
				   "device wan { vdev \"net_tap0,iface=x\" \n rx { queue_number "
				   "2\ndescriptor_number 1024\n"
				   "rss tcp|UDP ip tcp } tx { queue_number 3\n mbuf_fast_free "
				   "off\n descriptor_number 64 }\n"
				   "mtu 9000\n promisc_mode\n allmulticast yes }\n"
				   "device\nlan\n{ pci 0000:06:00.0 } }\n"
				   "worker_defs { worker m { type master\n cpu_id 0 }\n"
				   "worker w { type slave\n cpu_id 1\n"
				   "port wan { rx_queue_ids 0 1\n tx_queue_ids 0 } port lan { "
				   "rx_queue_ids 0\n tx_queue_ids 0 }}}\n"
				   "startup {\n dpip addr add 'a b' # c\n ipvsadm -A \\\n -t x }\n"
				   "startup { dpip link show }\n";
	struct settings *s;
	char *printed = parse(text, &s);
	const struct device_settings *d;

	assert_string_equal(printed, "");
	assert_non_null(s);
	assert_string_equal(s->path, "dpvs.conf");
	assert_int_equal(s->pktpool_cache, 512);
	assert_int_equal(s->n_devices, 2);
	d = &s->devices[0];
	assert_string_equal(d->name, "wan");
	assert_int_equal(d->line, 2);
	assert_string_equal(d->vdev, "net_tap0,iface=x");
	assert_null(d->pci);
	assert_int_equal(d->rx_queues, 2);
	assert_int_equal(d->rx_descriptors, 1024);
	assert_string_equal(d->rss, "tcp|udp|ip");
	assert_int_equal(d->tx_queues, 3);
	assert_int_equal(d->tx_descriptors, 64);
	assert_false(d->fast_free);
	assert_int_equal(d->mtu, 9000);
	assert_true(d->promisc);
	assert_true(d->allmulticast);
	d = &s->devices[1];
	assert_string_equal(d->name, "lan");
	assert_string_equal(d->pci, "0000:06:00.0");
	assert_string_equal(d->rss, "all");
	assert_int_equal(d->rx_descriptors, 256);
	assert_int_equal(d->tx_descriptors, 512);
	assert_int_equal(d->mtu, 1500);
	assert_true(d->fast_free);
	assert_int_equal(s->n_workers, 2);
	assert_int_equal(s->workers[1].role, WORKER_ROLE_FORWARD);
	assert_int_equal(s->workers[1].cpu_id, 1);
	assert_int_equal(s->workers[1].n_ports, 2);
	assert_int_equal(s->workers[1].ports[0].n_rx, 2);
	assert_int_equal(s->workers[1].ports[0].rx[1], 1);
	assert_int_equal(s->workers[1].ports[0].isol_ring_bytes, 1048576);
	assert_int_equal(s->n_startup, 3);
	assert_int_equal(s->startup[0].argc, 4);
	assert_string_equal(s->startup[0].argv[3], "a b");
	assert_null(s->startup[0].argv[4]);
	assert_int_equal(s->startup[1].line, 23);
	assert_int_equal(s->startup[1].argc, 4);
	assert_int_equal(s->startup[2].line, 25);
	settings_free(s);
	free(printed);
}

static void good_files(void **state)
{
	static const struct {
		const char *in, *want; /* the warning */
	} cases[] = {
		{ "", "" },
		{ "# nothing\n", "" },
		{ "neigh_defs { timeout 5 } neigh_defs { unres_queue_length 20 }", "" },
		{ "neigh_defs { timeout\n5 }", "" },
		{ "global_defs { eal_args ''\n log_file /var/log/x\n log_level debug }", "" },
		{ "ipv4_defs { forwarding }", "" },
		{ "ipv4_defs\n{\nforwarding\ndefault_ttl 3\n}", "" },
		{ WORKERS(MASTER SLAVE_1), "" },
		{ D WORKERS(MASTER SLAVE_1 SLAVE_2), "" },
		{ D WORKERS(MASTER SLAVE_1
			    "worker b { type slave\ncpu_id 2\nport d { tx_queue_ids 1 } }\n"),
		  "" },
		{ "netif_defs { fdir_mode perfect\n pktpool_size 5000\n device a { kni_name a.kni "
		  "} }",
		  "dpvs.conf:1: warning: known, but without effect yet: fdir_mode (line 1), "
		  "kni_name (line 3)\n" },
		{ "netif_defs { device a { }\nbonding b { mode 1\nslave a\nslave a\nprimary a\n"
		  "kni_name b.kni\nnuma_node 0\noptions x=y } }",
		  "dpvs.conf:2: warning: known, but without effect yet: bonding b (line 2)\n" },
		{ "\n" D WORKERS(MASTER SLAVE_1
				 "worker k { type kni\ncpu_id 9\nport d { tx_queue_ids 1 } }\n"),
		  "dpvs.conf:10: warning: known, but without effect yet: worker k of type kni "
		  "(line 10)\n" },
		{ "ipvs_defs { tcp { synproxy { synack_options { wscale\nsack\n} } } }",
		  "dpvs.conf:1: warning: known, but without effect yet: wscale (line 1), "
		  "sack (line 2)\n" },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct settings *settings;
		char *printed = parse(cases[i].in, &settings);

		assert_string_equal(printed, cases[i].want);
		assert_non_null(settings);
		settings_free(settings);
		free(printed);
	}
}

static void faults(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		/* one key */
		{ "netif_defs {\n\n pktpool_size 10 }",
		  "dpvs.conf:3: pktpool_size 10: out of range, allowed are 1023 to 134217727\n" },
		{ "neigh_defs { timeout 5x }",
		  "dpvs.conf:1: timeout 5x: not a number, allowed are 1 to 3600\n" },
		{ "ctrl_defs { lcore_msg { ring_size 1000 } }",
		  "dpvs.conf:1: ring_size 1000: not a power of two, allowed are 256 to 524288, "
		  "powers of two\n" },
		{ "ipv4_defs { forwarding perhaps }",
		  "dpvs.conf:1: forwarding perhaps: not known, allowed are on, off, enable, "
		  "disable, true, false, yes, no, 1, 0\n" },
		{ "netif_defs { device d { rx { rss tcp|quic } } }",
		  "dpvs.conf:1: rss quic: not known, allowed are all, ip, tcp, udp, sctp, ether, "
		  "port, tunnel\n" },
		{ "netif_defs { device d { vdev 'net tap0' } }",
		  "dpvs.conf:1: vdev \"net tap0\": must be a DPDK device name and its arguments "
		  "without blanks, such as net_tap0,iface=x\n" },
		{ "netif_defs { device d { pci 06:00.0 } }",
		  "dpvs.conf:1: pci \"06:00.0\": must be a PCI address as lspci -D shows it, such "
		  "as 0000:06:00.0\n" },
		{ "netif_defs { pktpool_size 5000 pktpool_cache 64 }",
		  "dpvs.conf:1: pktpool_size takes one value, \"pktpool_cache\" is one too many; "
		  "the next key stands on a line of its own\n" },
		{ "neigh_defs { timeout\nunres_queue_length 20 }",
		  "dpvs.conf:1: timeout: a value is missing, allowed are 1 to 3600\n" },
		{ WORKERS("worker m { type master\ncpu_id 0\nport d { rx_queue_ids 0 0 } }\n"),
		  "dpvs.conf:2: worker_defs has no worker of type slave, at least one must forward "
		  "packets\n"
		  "dpvs.conf:4: rx_queue_ids 0: stands twice in the list\n"
		  "dpvs.conf:4: worker \"m\": the master has no queues, give them to workers of "
		  "type slave\n" },
		/* names of keys and blocks */
		{ "netif_defs { pktpol_size 5000 }",
		  "dpvs.conf:1: unknown key \"pktpol_size\" in netif_defs; did you mean "
		  "\"pktpool_size\"?\n" },
		{ "netif_def { }",
		  "dpvs.conf:1: unknown block \"netif_def\" in the file; did you mean "
		  "\"netif_defs\"?\n" },
		{ "netif_defs { devcie d { } }",
		  "dpvs.conf:1: unknown block \"devcie\" in netif_defs; did you mean "
		  "\"device\"?\n" },
		{ "netif_defs { mtu 1500 }",
		  "dpvs.conf:1: unknown key \"mtu\" in netif_defs; it belongs in netif_defs "
		  "device\n" },
		{ "netif_defs { device d { colour blue } }",
		  "dpvs.conf:1: unknown key \"colour\" in netif_defs device; allowed are vdev, "
		  "pci, mtu, promisc_mode, allmulticast, kni_name, rx, tx\n" },
		{ "'a\x1b[2J' 1",
		  "dpvs.conf:1: unknown block \"a\\x1b[2J\" in the file; allowed are global_defs, "
		  "netif_defs, worker_defs, timer_defs, neigh_defs, ipset_defs, ipv4_defs, "
		  "ipv6_defs, ctrl_defs, ipvs_defs, sa_pool, startup\n" },
		{ "neigh_defs 5", "dpvs.conf:1: neigh_defs is a block: \"{ … }\" must follow\n" },
		{ "neigh_defs x { }",
		  "dpvs.conf:1: block neigh_defs: \"x\" before the \"{\" is one too many\n" },
		{ "netif_defs { device { } }",
		  "dpvs.conf:1: block device: the name is missing: device NAME { … }\n" },
		{ "netif_defs { device 'a b' { } }",
		  "dpvs.conf:1: device \"a b\": must be a name of 1 to 31 letters, digits, \".\", "
		  "\"_\", \"-\", \":\" and \"@\"\n" },
		/* twice */
		{ "neigh_defs { timeout 5 }\nneigh_defs { timeout 6 }",
		  "dpvs.conf:2: timeout stands a second time, the first is in line 1\n" },
		{ "netif_defs { device d { }\n device d { mtu 5 } }",
		  "dpvs.conf:2: name \"d\" stands a second time, the first is in line 1\n"
		  "dpvs.conf:2: mtu 5: out of range, allowed are 68 to 9216\n" },
		{ "netif_defs { device d { vdev net_tap0,x=1 }\n device e { vdev net_tap0 } }",
		  "dpvs.conf:2: device \"e\": vdev \"net_tap0\" is device \"d\" (line 1) "
		  "already\n" },
		{ "netif_defs { device d { pci 0000:06:00.0 }\n device e { pci 0000:06:00.0 } }",
		  "dpvs.conf:2: device \"e\": pci 0000:06:00.0 is device \"d\" (line 1) "
		  "already\n" },
		{ "netif_defs { device d { pci 0000:06:00.0\n vdev net_tap0 } }",
		  "dpvs.conf:1: device \"d\" has vdev and pci, allowed is one of them\n" },
		/* workers */
		{ WORKERS(SLAVE_1),
		  "dpvs.conf:2: worker_defs has no worker of type master, allowed "
		  "is exactly one\n" },
		{ WORKERS(MASTER SLAVE_1 "worker n { type master\ncpu_id 9 }\n"),
		  "dpvs.conf:8: worker \"n\" is a second master, the first is \"m\" (line 2)\n" },
		{ WORKERS(MASTER SLAVE_1 "worker n { }\n"),
		  "dpvs.conf:8: worker \"n\": type is missing, allowed are master, slave, kni\n"
		  "dpvs.conf:8: worker \"n\": cpu_id is missing, allowed are 0 to 127\n" },
		{ WORKERS("worker m { type master\ncpu_id 1 }\n" SLAVE_1),
		  "dpvs.conf:4: worker \"a\": cpu_id 1 is worker \"m\" (line 2) already\n" },
		{ "netif_defs { device e { } }\n" WORKERS(
			  MASTER "worker a { type slave\ncpu_id 1\nport e { rx_queue_ids "
				 "0\ntx_queue_ids 0 }\nport d { } }\n"),
		  "dpvs.conf:9: worker \"a\": port \"d\" is no device of netif_defs\n" },
		{ D_AND_E WORKERS(MASTER SLAVE_1),
		  "dpvs.conf:3: no worker has rx_queue_ids on port \"e\": its packets would not be "
		  "read\n"
		  "dpvs.conf:5: worker \"a\" has no tx_queue_ids on port \"e\": every worker of "
		  "type "
		  "slave must have them on every device\n" },
		{ D WORKERS(MASTER SLAVE_1 "worker b { type slave\ncpu_id 2\nport d { rx_queue_ids "
					   "0\ntx_queue_ids 2 } }\n"),
		  "dpvs.conf:7: tx_queue_ids of port \"d\": no worker has queue 1, allowed are ids "
		  "from 0 without a gap\n"
		  "dpvs.conf:11: worker \"b\": rx_queue_ids 0 of port \"d\" is worker \"a\"'s "
		  "(line "
		  "5) already\n" },
		{ WORKERS(MASTER SLAVE_1 "worker k { type kni\ncpu_id 2\nport d { rx_queue_ids "
					 "1\ntx_queue_ids 1 } }\n"),
		  "dpvs.conf:10: worker \"k\": rx_queue_ids of a worker of type kni would not be "
		  "read yet, leave them out\n" },
		{ "netif_defs { device d { rx { queue_number 1 } } }\n" WORKERS(
			  MASTER SLAVE_1 SLAVE_2),
		  "dpvs.conf:1: device \"d\": queue_number 1, but the rx_queue_ids of workers go "
		  "up "
		  "to 1\n" },
		{ "netif_defs { device d { } bonding bo { slave d } }\n" WORKERS(
			  MASTER "worker a { type slave\ncpu_id 1\nport d { rx_queue_ids "
				 "0\ntx_queue_ids 0 }\nport bo { } }\n"),
		  "dpvs.conf:9: worker \"a\": port \"bo\" is a bonding, and these have no effect "
		  "yet: name its devices\n" },
		{ "netif_defs { bonding bo { slave d\nprimary e } }",
		  "dpvs.conf:1: bonding \"bo\": slave \"d\" is no device of netif_defs\n"
		  "dpvs.conf:1: bonding \"bo\": primary \"e\" is none of its slaves\n" },
		/* braces */
		{ "netif_defs {\n device d {\n worker_defs { }\n",
		  "dpvs.conf:1: block \"netif_defs\" that is opened here is not closed: a \"}\" is "
		  "missing\n"
		  "dpvs.conf:2: block \"device\" that is opened here is not closed: a \"}\" is "
		  "missing\n"
		  "dpvs.conf:3: block \"worker_defs\" stands inside netif_defs device: is a \"}\" "
		  "missing above?\n" },
		{ "startup {\n dpip x { y }\n}",
		  "dpvs.conf:2: a startup line holds no block: write braces in quotes\n" },
		/* all at once, by line */
		{ "neigh_defs { timeout 0 }\nfoo_defs { }\nipv4_defs { default_ttl 256\n } }\n",
		  "dpvs.conf:1: timeout 0: out of range, allowed are 1 to 3600\n"
		  "dpvs.conf:2: unknown block \"foo_defs\" in the file; allowed are global_defs, "
		  "netif_defs, worker_defs, timer_defs, neigh_defs, ipset_defs, ipv4_defs, "
		  "ipv6_defs, ctrl_defs, ipvs_defs, sa_pool, startup\n"
		  "dpvs.conf:3: default_ttl 256: out of range, allowed are 1 to 255\n"
		  "dpvs.conf:4: a \"}\" that closes no block\n" },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct settings *settings;
		char *printed = parse(cases[i].in, &settings);

		assert_string_equal(printed, cases[i].want);
		assert_null(settings);
		free(printed);
	}
}

static void texts(void **state)
{
	static const struct {
		key_check_fn *check;
		const char *text;
		bool good;
	} cases[] = {
		{ check_pci, "0000:06:00.0", true },
		{ check_pci, "10000:ff:1f.7", true },
		{ check_pci, "0000:06:20.0", false },
		{ check_pci, "0000:06:00.8", false },
		{ check_pci, "000:06:00.0", false },
		{ check_pci, "0000:06:00.0 ", false },
		{ check_pci, "0000:6:00.0", false },
		{ check_pci, "0000:06:00", false },
		{ check_pci, "0000:AF:00.0", false },
		{ check_pci, "", false },
		{ check_pci, ":06:00.0", false },
		{ check_pci, "0000:06.0", false },
		{ check_vdev, "net_tap0", true },
		{ check_vdev, "net_null0,size=64", true },
		{ check_vdev, "eth_ring0", true },
		{ check_vdev, "", false },
		{ check_vdev, ",iface=x", false },
		{ check_vdev, "net_tap0, iface=x", false },
		{ check_vdev, "iface=x", false },
		{ check_vdev, "net_tap0\n", false },
		{ check_name, "dpdk0", true },
		{ check_name, "a.b_c-d:1@2", true },
		{ check_name, "", false },
		{ check_name, "a/b", false },
		{ check_name, "a23456789012345678901234567890x", true },
		{ check_name, "a23456789012345678901234567890xy", false },
		{ check_ifname, "dpdk0.kni", true },
		{ check_ifname, "1234567890123456", false },
		{ check_ifname, "123456789012345", true },
		{ check_ifname, "..", false },
		{ check_ifname, "a/b", false },
		{ check_secret, "", true },
		{ check_secret, "00112233445566778899aabbccddeeFF", true },
		{ check_secret, "00112233445566778899aabbccddeeF", false },
		{ check_secret, "00112233445566778899aabbccddeeFg", false },
		{ check_path, "", false },
		{ check_path, "x", true },
	};

	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_int_equal(!cases[i].check(cases[i].text), cases[i].good);
}

/* More than there is room for is a fault, not a crash. */
static void too_many(void **state)
{
	static const char *const blocks[] = { "netif_defs { %s }", "worker_defs { %s }" };
	static const char *const kinds[] = { "device", "worker" };

	for (size_t i = 0; i < LENGTH(blocks); i++) {
		char *inside = NULL, *text = NULL, *printed, want[64];
		struct settings *settings;
		size_t size = 0;
		FILE *to = open_memstream(&inside, &size);

		for (unsigned int n = 0; n < 66; n++)
			fprintf(to, "%s x%u { }\n", kinds[i], n);
		fclose(to);
		assert_true(asprintf(&text, blocks[i], inside) > 0);
		printed = parse(text, &settings);
		assert_null(settings);
		snprintf(want, sizeof(want), "%s \"x64\": one too many, allowed are 64\n",
			 kinds[i]);
		assert_non_null(strstr(printed, want));
		snprintf(want, sizeof(want), "%s \"x63\": one too many", kinds[i]);
		assert_null(strstr(printed, want));
		free(printed);
		free(inside);
		free(text);
	}
}

/* ---- reload ---- */

static void restarts(void **state)
{
	static const struct {
		const char *running, *wanted, *names;
		unsigned int n;
	} cases[] = {
		{ "", "", "", 0 },
		{ "", "global_defs { log_level debug\nlog_file /x }\nneigh_defs { timeout 9 }", "",
		  0 },
		{ "", "ipvs_defs { conn { no_conn drop }\ntcp { timeout { none 9 } } }", "", 0 },
		{ "", "startup { dpip link show }", "", 0 },
		{ "", "global_defs { pdump on }", "", 0 },
		{ "", "netif_defs { pktpool_size 5000 }\nneigh_defs { unres_queue_length 16 }",
		  "netif_defs pktpool_size, neigh_defs unres_queue_length", 2 },
		{ "global_defs { eal_args -x }", "global_defs { eal_args -y }",
		  "global_defs eal_args", 1 },
		{ "", D, "device d", 1 },
		{ D, "", "device d", 1 },
		{ D, "netif_defs { device d { mtu 1400\nrx { rss tcp } } }",
		  "device d mtu, device d rss", 2 },
		{ D WORKERS(MASTER SLAVE_1), D WORKERS(MASTER SLAVE_1 SLAVE_2), "worker b", 1 },
		{ D WORKERS(MASTER SLAVE_1), D WORKERS(MASTER SLAVE_1), "", 0 },
		{ D WORKERS(MASTER "worker a { type slave\ncpu_id 1\nport d { rx_queue_ids 1 "
				   "0\ntx_queue_ids 0 } }"),
		  D WORKERS(MASTER "worker a { type slave\ncpu_id 1\nport d { rx_queue_ids 0 "
				   "1\ntx_queue_ids 0 } }"),
		  "worker a", 1 },
		{ D WORKERS(MASTER SLAVE_1), D, "worker m, worker a", 2 },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct settings *running, *wanted;
		char *a = parse(cases[i].running, &running), *b = parse(cases[i].wanted, &wanted);
		char *names = NULL;
		size_t size = 0;
		FILE *to = open_memstream(&names, &size);

		assert_non_null(running);
		assert_non_null(wanted);
		assert_int_equal(settings_restart_needed(running, wanted, to), cases[i].n);
		assert_int_equal(settings_restart_needed(running, wanted, NULL), cases[i].n);
		fclose(to);
		assert_string_equal(names, cases[i].names);
		settings_free(running);
		settings_free(wanted);
		free(names);
		free(a);
		free(b);
	}
}

/* ---- the files in conf/ ---- */

/* A file of the tree: this one was compiled as …/test/unit/settings_test.c. */
static char *tree_path(const char *name)
{
	static const char here[] = "test/unit/settings_test.c";
	int top = (int)(strlen(__FILE__) - strlen(here));
	char *path = NULL;

	assert_true(asprintf(&path, "%.*s%s", top, __FILE__, name) > 0);
	return path;
}

static char *file_text(const char *name)
{
	char *path = tree_path(name), *text = calloc(1, 1 << 20);
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
	fclose(file);
	free(path);
	return text;
}

static void shipped_files(void **state)
{
	static const struct {
		const char *name;
		unsigned int n_devices, n_workers, n_startup;
	} cases[] = {
		{ "conf/dpvs.conf.sample", 2, 3, 9 },
		{ "conf/dpvs.conf.single-nic", 1, 0, 7 },
		{ "conf/dpvs.conf.tap", 2, 0, 7 },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		char *path = tree_path(cases[i].name), *printed = NULL;
		size_t size = 0;
		FILE *to = open_memstream(&printed, &size);
		struct settings *settings = settings_load(path, to);

		fclose(to);
		assert_string_equal(printed, "");
		assert_non_null(settings);
		assert_int_equal(settings->n_devices, cases[i].n_devices);
		assert_int_equal(settings->n_workers, cases[i].n_workers);
		assert_int_equal(settings->n_startup, cases[i].n_startup);
		settings_free(settings);
		free(printed);
		free(path);
	}
}

static char *written(void (*print)(FILE *to))
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	print(to);
	fclose(to);
	return text;
}

static void reference(void **state)
{
	char *page = written(settings_print_reference);
	char *kept = file_text("conf/dpvs.conf.reference.md");

	assert_string_equal(kept, page);
	free(kept);
	free(page);
}

/* Loads, is all defaults, and names every key; so it does with all comment signs of keys taken
 * away. */
static void sample(void **state)
{
	char *text = written(settings_print_sample), *printed, line[64];
	struct settings *settings, *nothing = settings_load(NULL, stderr);

	printed = parse(text, &settings);
	assert_string_equal(printed, "");
	assert_non_null(settings);
	assert_int_equal(settings_restart_needed(settings, nothing, NULL), 0);
	for (unsigned int i = 0; i < settings_n_blocks; i++)
		for (unsigned int k = 0; k < settings_blocks[i].n_keys; k++) {
			snprintf(line, sizeof(line), "%s ", settings_blocks[i].keys[k].name);
			assert_non_null(strstr(text, line));
		}
	settings_free(settings);
	settings_free(nothing);
	free(printed);
	free(text);
}

/* ---- damaged files ---- */

static const char *const pieces[] = {
	" ",
	"\n",
	"{",
	"}",
	"\n}\n",
	"{\n",
	"\"",
	"'",
	"\\",
	"#",
	"<init> ",
	"0",
	"1",
	"99999999999",
	"-1",
	"on",
	"off",
	"device d0 {",
	"worker w0 {",
	"port d0 {",
	"type master",
	"type slave",
	"cpu_id 1\n",
	"rx_queue_ids 0 1 2\n",
	"tx_queue_ids 63\n",
	"timeout 7\n",
	"bonding d1 {",
	"slave d0\n",
	"primary d1\n",
	"mtu\n",
	"vdev net_tap0\n",
	"rss |tcp||\n",
	"startup {\nx y\n",
	"netif_defs {",
	"worker_defs {",
	"ipvs_defs {",
	"tcp {",
	"sack\n",
	"log_file x\n",
};

static void mutations(void **state)
{
	static const char seed[] =
		"netif_defs {\ndevice d0 { vdev net_tap0\nrx { rss tcp|udp\n} }\n"
		"bonding b { slave d0\n} }\nworker_defs {\nworker m { type master\ncpu_id 0\n}\n"
		"worker w { type slave\ncpu_id 1\nport d0 {\nrx_queue_ids 0 1\ntx_queue_ids "
		"0\n}\n}\n}\n"
		"ipvs_defs { tcp { timeout { none 5\n} } }\nstartup {\ndpip x 'y z'\n}\n";
	FILE *nowhere = fopen("/dev/null", "w");
	struct prng prng = { .state = 2 };
	unsigned int good = 0;

	assert_non_null(nowhere);
	for (unsigned int run = 0; run < 30000; run++) {
		char text[sizeof(seed) + 256];
		size_t len = sizeof(seed) - 1;
		struct settings *settings;

		memcpy(text, seed, len);
		for (unsigned int k = prng_below(&prng, 6); k > 0; k--) {
			const char *piece = pieces[prng_below(&prng, LENGTH(pieces))];
			size_t at = prng_below(&prng, (uint32_t)len), add = strlen(piece);
			size_t cut = prng_below(&prng, 2) ? prng_below(&prng, 12) : 0;

			if (cut > len - at)
				cut = len - at;
			memmove(text + at + add, text + at + cut, len - at - cut);
			memcpy(text + at, piece, add);
			len += add - cut;
			if (prng_below(&prng, 8) == 0)
				text[prng_below(&prng, (uint32_t)len)] = (char)prng_next(&prng);
		}
		settings = settings_parse("f", text, len, nowhere);
		good += settings != NULL;
		settings_free(settings);
	}
	fclose(nowhere);
	assert_in_range(good, 3000, 27000); /* both kinds were seen */
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),       cmocka_unit_test(every_key),
		cmocka_unit_test(known_lines), cmocka_unit_test(defaults),
		cmocka_unit_test(timeouts),    cmocka_unit_test(device_of_words),
		cmocka_unit_test(good_files),  cmocka_unit_test(faults),
		cmocka_unit_test(texts),       cmocka_unit_test(too_many),
		cmocka_unit_test(restarts),    cmocka_unit_test(shipped_files),
		cmocka_unit_test(reference),   cmocka_unit_test(sample),
		cmocka_unit_test(mutations),
	};

	if (argc == 2 && strcmp(argv[1], "reference") == 0) {
		settings_print_reference(stdout);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
