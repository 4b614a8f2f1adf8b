/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a wrong conf file is told: the exact text of every kind of fault, with
 * file and line, all at once and in the order of lines.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/conf_text.h"

static const struct {
	const char *in, *want;
} fault_cases[] = {
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
	{ "netif_def { }", "dpvs.conf:1: unknown block \"netif_def\" in the file; did you mean "
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
	{ WORKERS(SLAVE_1), "dpvs.conf:2: worker_defs has no worker of type master, allowed "
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
	  "dpvs.conf:10: worker \"k\": rx_queue_ids of a worker of type kni: it has no "
	  "queues, what it carries goes through the workers\n" },
	{ WORKERS(MASTER SLAVE_1 "worker k { type kni\ncpu_id 2 }\nworker l { type kni\ncpu_id 3 "
				 "}\n"),
	  "dpvs.conf:10: worker \"l\" is a second one of type kni, the first is \"k\" (line "
	  "8)\n" },
	{ "netif_defs { device d { rx { queue_number 1 } } }\n" WORKERS(MASTER SLAVE_1 SLAVE_2),
	  "dpvs.conf:1: device \"d\": queue_number 1, but the rx_queue_ids of workers go "
	  "up "
	  "to 1\n" },
	{ "netif_defs { device d { } bonding bo { slave d } }\n" WORKERS(
		  MASTER "worker a { type slave\ncpu_id 1\nport d { rx_queue_ids "
			 "0\ntx_queue_ids 0 }\nport bo { } }\n"),
	  "dpvs.conf:7: worker \"a\": port \"d\" is a slave of bonding \"bo\": name that "
	  "one\n"
	  "dpvs.conf:9: worker \"a\" has no tx_queue_ids on port \"bo\": every worker of type "
	  "slave must have them on every device\n"
	  "dpvs.conf:9: no worker has rx_queue_ids on port \"bo\": its packets would not be "
	  "read\n" },
	{ "netif_defs { device d { } bonding bo { slave d\nslave d } }",
	  "dpvs.conf:1: bonding \"bo\": slave \"d\" stands twice\n" },
	{ "netif_defs { device d { } bonding bo { slave d }\nbonding ba { slave d } }",
	  "dpvs.conf:2: bonding \"ba\": slave \"d\" is one of bonding \"bo\" (line 1) already\n" },
	{ "netif_defs { device d { } bonding bo { slave d\noptions x=on } }",
	  "dpvs.conf:2: options \"x=on\": must be \"dedicated_queues=on\" or "
	  "\"dedicated_queues=off\"\n" },
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

static void faults(void **state)
{
	for (size_t i = 0; i < LENGTH(fault_cases); i++) {
		struct settings *settings;
		char *printed = conf_text_parse(fault_cases[i].in, &settings);

		assert_string_equal(printed, fault_cases[i].want);
		assert_null(settings);
		free(printed);
	}
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
		printed = conf_text_parse(text, &settings);
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

/* Refuses what begins with "bad", if there is a device. */
static int startup_check(const struct settings *settings, int argc, char **argv, char *error,
			 size_t size)
{
	if (settings->n_devices == 0 || strncmp(argv[0], "bad", 3) != 0)
		return 0;
	snprintf(error, size, "%s of %d words is wrong", argv[0], argc);
	return -1;
}

/* Faults of startup lines stand among the others. */
static void startup_lines(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{ D "startup { good\n}", "" },
		{ "startup { bad\n}", "" },
		{ D "startup { good\nbad1 x\n}\nneigh_defs { timeout 0 }\nstartup {\nbad2\n}",
		  "3: bad1 of 2 words is wrong\n"
		  "5: timeout 0: out of range, allowed are 1 to 3600\n"
		  "7: bad2 of 1 words is wrong\n" },
		{ D "startup { bad\n} }", "3: a \"}\" that closes no block\n" },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		char path[] = "/tmp/dpvs-settings-test-XXXXXX";
		int fd = mkstemp(path);
		char *printed = NULL, *at;
		size_t size = 0;
		FILE *to = open_memstream(&printed, &size);
		struct settings *settings;

		assert_true(fd >= 0);
		assert_true(write(fd, cases[i].in, strlen(cases[i].in)) > 0);
		close(fd);
		settings = settings_load_checked(path, startup_check, to);
		fclose(to);
		unlink(path);
		assert_int_equal(settings != NULL, *cases[i].want == '\0');
		at = printed;
		for (const char *want = cases[i].want; *want; want = strchr(want, '\n') + 1) {
			size_t len = strcspn(want, "\n") + 1;

			assert_memory_equal(at, path, strlen(path));
			at += strlen(path) + 1;
			assert_memory_equal(at, want, len);
			at += len;
		}
		assert_string_equal(at, "");
		settings_free(settings);
		free(printed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults),
		cmocka_unit_test(too_many),
		cmocka_unit_test(startup_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
