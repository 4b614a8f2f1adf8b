/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of keys, one key at a time: every number with the ends of its
 * range and beyond, every word of every choice, what is no value, and the
 * lines that files of today have.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/conf.h"
#include "lib/unit.h"
#include "main/settings_int.h"

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
	settings_read(one.settings, one.conf, "f", NULL, to);
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
	assert_int_equal(n_keys, 113);
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
		  "log_async_mode on;log_async_pool_size 16383;pdump off;kni on;kni_routes on;"
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
		{ "ipv6_defs", "disable off;forwarding off;addr_gen_mode eui64;stable_secret "
			       "'';dad_transmits 1;mld on" },
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
			assert_ptr_equal(settings_key_find(a, x->name), x);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(every_key),
		cmocka_unit_test(known_lines),
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
