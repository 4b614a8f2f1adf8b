/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The meaning of whole conf files: defaults, values in their places, warnings,
 * what a reload cannot change, the files in conf/, and damaged files.
 * `settings_test reference` prints the reference page, which must equal
 * conf/dpvs.conf.reference.md.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf_text.h"
#include "lib/prng.h"
#include "main/settings_int.h"

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
	char *printed = conf_text_parse(text, &s);

	assert_string_equal(printed, "");
	for (unsigned int i = 0; i < 12; i++)
		assert_int_equal(s->tcp_timeout_s[i], 10 + i);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(s->udp_timeout_s[i], 30 + i);
	settings_free(s);
	free(printed);
}

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
	char *printed = conf_text_parse(text, &s);
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
		  "dpvs.conf:1: warning: known, but without effect yet: fdir_mode (line 1)\n" },
		{ "netif_defs { device a { }\nbonding b { mode 1\nslave a\nprimary a\n"
		  "kni_name b.kni\nnuma_node 0\noptions dedicated_queues=off } }",
		  "" },
		{ "\n" D WORKERS(MASTER SLAVE_1
				 "worker k { type kni\ncpu_id 9\nport d { tx_queue_ids 1 } }\n"),
		  "" },
		{ "ipvs_defs { tcp { synproxy { synack_options { wscale\nsack\n} } } }",
		  "dpvs.conf:1: warning: known, but without effect yet: wscale (line 1), "
		  "sack (line 2)\n" },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct settings *settings;
		char *printed = conf_text_parse(cases[i].in, &settings);

		assert_string_equal(printed, cases[i].want);
		assert_non_null(settings);
		settings_free(settings);
		free(printed);
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
		char *a = conf_text_parse(cases[i].running, &running),
		     *b = conf_text_parse(cases[i].wanted, &wanted);
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

	printed = conf_text_parse(text, &settings);
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
		"worker w { type slave\ncpu_id 1\nport b {\nrx_queue_ids 0 1\ntx_queue_ids "
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
		cmocka_unit_test(defaults),        cmocka_unit_test(timeouts),
		cmocka_unit_test(device_of_words), cmocka_unit_test(good_files),
		cmocka_unit_test(restarts),        cmocka_unit_test(shipped_files),
		cmocka_unit_test(reference),       cmocka_unit_test(sample),
		cmocka_unit_test(mutations),
	};

	if (argc == 2 && strcmp(argv[1], "reference") == 0) {
		settings_print_reference(stdout);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
