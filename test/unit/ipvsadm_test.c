/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvsadm without a daemon: command lines to requests or to the sentence that
 * refuses them, every option against every command, listings to text, JSON and
 * lines that -R reads, edits that say what they keep.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dpip/dpip.h"
#include "ipvsadm/ipvsadm.h"
#include "lib/splitline.h"
#include "lib/tool_rig.h"
#include "lib/unit.h"

#define NO_SYNC                                                                           \
	"connections are not synchronised between balancers yet; instead VRRP moves the " \
	"addresses (conf/keepalived.conf.sample), and clients connect again"

#define PAIR "ipv4:IP:PORT:IP:PORT or ipv6:[IP]:PORT:[IP]:PORT is expected"

static void test_services(void **state)
{
	static const struct tool_row rows[] = {
		{ "-A -t 10.0.0.1:80", "SERVICE_ADD 6 10.0.0.1:80 wlc" },
		{ "-A -u 10.0.0.1:53 -s rr", "SERVICE_ADD 17 10.0.0.1:53 rr" },
		{ "-At 10.0.0.1:80 -swrr", "SERVICE_ADD 6 10.0.0.1:80 wrr" },
		{ "-A -t 10.0.0.1:http", "SERVICE_ADD 6 10.0.0.1:80 wlc" },
		{ "-A -u 10.0.0.1:domain", "SERVICE_ADD 17 10.0.0.1:53 wlc" },
		{ "-A -t localhost:80", "SERVICE_ADD 6 127.0.0.1:80 wlc" },
		{ "-A -t [2001:db8::1]:80", "SERVICE_ADD 6 [2001:db8::1]:80 wlc" },
		{ "--add-service --tcp-service 10.0.0.1:80 --scheduler wrr",
		  "SERVICE_ADD 6 10.0.0.1:80 wrr" },
		{ "--add-service --tcp-service=10.0.0.1:80", "SERVICE_ADD 6 10.0.0.1:80 wlc" },
		{ "-A --sctp-service 10.0.0.1:80", "SERVICE_ADD 132 10.0.0.1:80 wlc" },
		{ "-A -f 7", "SERVICE_ADD mark 7/4 wlc" },
		{ "-A -f 7 -6 -p", "SERVICE_ADD mark 7/6 wlc flags 1 timeout 300" },
		{ "-A -t 10.0.0.1 -p", "SERVICE_ADD 6 10.0.0.1:0 wlc flags 1 timeout 300" },
		{ "-A -t 10.0.0.1:80 -p 60 -M 255.255.255.0",
		  "SERVICE_ADD 6 10.0.0.1:80 wlc flags 1 timeout 60 plen 24" },
		{ "-A -t [::1]:80 -p -M 64",
		  "SERVICE_ADD 6 [::1]:80 wlc flags 1 timeout 300 plen 64" },
		{ "-A -u 10.0.0.1:53 -o", "SERVICE_ADD 17 10.0.0.1:53 wlc flags 2" },
		{ "-A -t 10.0.0.1:80 --conn-timeout 30",
		  "SERVICE_ADD 6 10.0.0.1:80 wlc conn-timeout 30" },
		{ "-D -t 10.0.0.1:80", "SERVICE_DEL 6 10.0.0.1:80" },
		{ "-C", "SERVICE_FLUSH" },
		{ "-Z", "SERVICE_ZERO every" },
		{ "-Z -t 10.0.0.1:80", "SERVICE_ZERO 6 10.0.0.1:80" },
		{ "-R", "SCRIPT -" },
		{ "-h", "HELP" },
		{ "--help", "HELP" },
		{ "-v", "HELP" },
		{ "-A -t 10.0.0.1:80 -p --pe sip",
		  "EXIT 2: --pe sip: there are no persistence engines here: clients are known by "
		  "their address (-p, -M)" },
		{ "-A -t 10.0.0.1", "EXIT 2: port 0 is for persistent services only: give a port" },
		{ "-A",
		  "EXIT 2: You need to supply the 'service-address' option for the 'add-service' "
		  "command" },
		{ "-A -t 10.0.0.300:80",
		  "EXIT 2: -t \"10.0.0.300:80\": HOST[:PORT] or [IPv6]:PORT is expected" },
		{ "-A -t 10.0.0.1:65536",
		  "EXIT 2: -t \"10.0.0.1:65536\": a port from 0 to 65535 or the "
		  "name of a service is expected" },
		{ "-A -t 10.0.0.1:",
		  "EXIT 2: -t \"10.0.0.1:\": a port from 0 to 65535 or the name of a "
		  "service is expected" },
		{ "-A -t [::1:80",
		  "EXIT 2: -t \"[::1:80\": HOST[:PORT] or [IPv6]:PORT is expected" },
		{ "-A -t 0.0.0.0:80",
		  "EXIT 2: -t \"0.0.0.0:80\": an address other than zero is expected" },
		{ "-A -f 0", "EXIT 2: -f \"0\": a number from 1 to 4294967295 is expected" },
		{ "-A -t 10.0.0.1:80 -6", "EXIT 2: '-6' goes with '-f' only" },
		{ "-A -t 10.0.0.1:80 -M 24", "EXIT 2: '-M' goes with '-p' only" },
		{ "-A -t 10.0.0.1:80 -p -M 255.0.255.0",
		  "EXIT 2: -M \"255.0.255.0\": a mask like 255.255.255.0 or a prefix length from 1 "
		  "to 32 "
		  "is expected" },
		{ "-A -t 10.0.0.1:80 -u 10.0.0.1:80", "EXIT 2: '-u' conflicts with '-t'" },
		{ "-A -t 10.0.0.1:80 -t 10.0.0.1:80", "EXIT 2: multiple '-t' options" },
		{ "-A -D -t 10.0.0.1:80",
		  "EXIT 2: two commands: 'add-service' and 'delete-service'" },
		{ "-A -t 10.0.0.1:80 word", "EXIT 2: unexpected argument \"word\"" },
		{ "-A -t 10.0.0.1:80 -p 60 -p", "EXIT 2: multiple '-p' options" },
		{ "-A -t", "EXIT 2: -t: missing argument" },
		{ "-X", "EXIT 2: -X: unknown option" },
		{ "--frob", "EXIT 2: --frob: unknown option" },
		{ "-A -t 10.0.0.1:80 --synproxy enable", "EXIT 2: --synproxy is not supported" },
		{ "-A -q 10.0.0.1",
		  "EXIT 2: -q: echoes are balanced by services of marks: dpip mark "
		  "add to ADDRESS proto icmp mark N, ipvsadm -A -f N [-6]" },
		{ "--start-daemon master", "EXIT 2: --start-daemon: " NO_SYNC },
		{ "--stop-daemon backup", "EXIT 2: --stop-daemon: " NO_SYNC },
		{ "-L --daemon", "EXIT 2: --daemon: " NO_SYNC },
	};

	tool_check_rows(&ipvsadm_program, rows, LENGTH(rows));
}

/* Ranges in all the ways in which they can be said, and how they cannot. */
static void test_matches(void **state)
{
	static const struct tool_row rows[] = {
		{ "-D -H proto=tcp", "SERVICE_DEL match proto=tcp" },
		{ "-D -H "
		  "proto=udp,src-range=10.0.0.1-10.0.0.9:1-2,dst-range=10.1.0.0/16,iif=d0,oif=d1",
		  "SERVICE_DEL match proto=udp,src-range=10.0.0.1-10.0.0.9:1-2,"
		  "dst-range=10.1.0.0-10.1.255.255:0-0,iif=d0,oif=d1" },
		{ "-D -H oif=d1,proto=tcp,dst-range=:80",
		  "SERVICE_DEL match proto=tcp,dst-range=0.0.0.0-0.0.0.0:80-80,oif=d1" },
		{ "-D -H proto=tcp,src-range=[2001:db8::1-2001:db8::9]:5-6",
		  "SERVICE_DEL match proto=tcp,src-range=[2001:db8::1-2001:db8::9]:5-6,af=ipv6" },
		{ "-D -H proto=tcp,src-range=2001:db8::/64,af=ipv6",
		  "SERVICE_DEL match "
		  "proto=tcp,src-range=[2001:db8::-2001:db8::ffff:ffff:ffff:ffff]:0-0,af=ipv6" },
		{ "-D -H proto=udp,af=ipv6", "SERVICE_DEL match proto=udp,af=ipv6" },
		{ "-a -H proto=tcp,oif=d1 -r 192.0.2.1 -J",
		  "DEST_ADD match proto=tcp,oif=d1 -> 192.0.2.1:0 forward 6 weight 1" },
		{ "-D -H", "EXIT 2: -H: missing argument" },
		{ "-D -H oif=d1",
		  "EXIT 2: -H \"oif=d1\": proto=tcp, udp, icmp or icmp6 is needed" },
		{ "-D -H proto=gre",
		  "EXIT 2: -H \"proto=gre\": proto=gre: tcp, udp, icmp or icmp6 is expected" },
		{ "-D -H tcp", "EXIT 2: -H \"tcp\": \"tcp\": WORD=VALUE is expected" },
		{ "-D -H proto=tcp,frob=1", "EXIT 2: -H \"proto=tcp,frob=1\": \"frob\": proto, "
					    "src-range, dst-range, iif, oif "
					    "or af is expected" },
		{ "-D -H proto=tcp,src-range=10.0.0.1-2001:db8::1",
		  "EXIT 2: -H \"proto=tcp,src-range=10.0.0.1-2001:db8::1\": "
		  "src-range=10.0.0.1-2001:db8::1: IP[-IP][:PORT[-PORT]] or [IPv6-IPv6]:PORT-PORT "
		  "is "
		  "expected, of one family" },
		{ "-D -H proto=tcp,src-range=10.0.0.1,af=ipv6",
		  "EXIT 2: -H \"proto=tcp,src-range=10.0.0.1,af=ipv6\": af=ipv6: ipv4 or ipv6 is "
		  "expected, the ranges' own" },
		{ "-D -H proto=tcp,oif=",
		  "EXIT 2: -H \"proto=tcp,oif=\": oif=: a value of 1 to 351 characters is "
		  "expected" },
	};

	tool_check_rows(&ipvsadm_program, rows, LENGTH(rows));
}

static void test_servers(void **state)
{
	static const struct tool_row rows[] = {
		{ "-a -t 10.0.0.1:80 -r 10.1.0.1:8080 -b",
		  "DEST_ADD 6 10.0.0.1:80 -> 10.1.0.1:8080 forward 5 weight 1" },
		{ "-a -t 10.0.0.1:80 -r 10.1.0.1",
		  "DEST_ADD 6 10.0.0.1:80 -> 10.1.0.1:80 forward 3 weight 1" },
		{ "-a -t 10.0.0.1:80 -r 10.1.0.1 -m -w 0",
		  "DEST_ADD 6 10.0.0.1:80 -> 10.1.0.1:80 forward 0 weight 0" },
		{ "-a -t 10.0.0.1:80 -r 10.1.0.1 -i",
		  "DEST_ADD 6 10.0.0.1:80 -> 10.1.0.1:80 forward 2 weight 1" },
		{ "-a -t 10.0.0.1:80 -r 10.1.0.1 -J",
		  "DEST_ADD 6 10.0.0.1:80 -> 10.1.0.1:80 forward 6 weight 1" },
		{ "-a -f 3 -r 10.1.0.1 -b", "DEST_ADD mark 3/4 -> 10.1.0.1:0 forward 5 weight 1" },
		{ "-a -t [::1]:80 -r [2001:db8::5]:81 -b -w 65535 -x 100 -y 50",
		  "DEST_ADD 6 [::1]:80 -> [2001:db8::5]:81 forward 5 weight 65535 upper 100 lower "
		  "50" },
		{ "--add-server --udp-service 10.0.0.1:53 --real-server 10.1.0.1:domain --fullnat "
		  "--weight 5 --u-threshold 9 --l-threshold 8",
		  "DEST_ADD 17 10.0.0.1:53 -> 10.1.0.1:53 forward 5 weight 5 upper 9 lower 8" },
		{ "-d -t 10.0.0.1:80 -r 10.1.0.1:8080",
		  "DEST_DEL 6 10.0.0.1:80 -> 10.1.0.1:8080 forward 0 weight 0" },
		{ "-P -t 10.0.0.1:80 -z 10.1.0.200 -F d1",
		  "LADDR_ADD 6 10.0.0.1:80 local 10.1.0.200 dev d1" },
		{ "--add-laddr --tcp-service 10.0.0.1:80 --local-address 10.1.0.200 --ifname d1",
		  "LADDR_ADD 6 10.0.0.1:80 local 10.1.0.200 dev d1" },
		{ "-Q -u 10.0.0.1:53 -z ::5 -F d1", "LADDR_DEL 17 10.0.0.1:53 local ::5 dev d1" },
		{ "-G", "LADDR_LIST every; SERVICE_LIST every" },
		{ "--get-laddr -t 10.0.0.1:80 -j",
		  "LADDR_LIST 6 10.0.0.1:80; SERVICE_LIST 6 10.0.0.1:80" },
		{ "-a -t 10.0.0.1:80",
		  "EXIT 2: You need to supply the '-r' option for the 'add-server' command" },
		{ "-a -t 10.0.0.1:80 -r 10.1.0.1 -w 65536",
		  "EXIT 2: -w \"65536\": a number from 0 to 65535 is expected" },
		{ "-a -t 10.0.0.1:80 -r 10.1.0.1 -x -1",
		  "EXIT 2: -x \"-1\": a number from 0 to 4294967295 is expected" },
		{ "-a -t 10.0.0.1:80 -r 10.1.0.1 -g -b", "EXIT 2: '-b' conflicts with '-g'" },
		{ "-P -t 10.0.0.1:80 -z 10.1.0.200",
		  "EXIT 2: You need to supply the '-F' option for the 'add-laddr' command" },
		{ "-P -t 10.0.0.1:80 -F d0",
		  "EXIT 2: You need to supply the '-z' option for the 'add-laddr' command" },
		{ "-P -t 10.0.0.1:80 -z x -F d0",
		  "EXIT 2: -z \"x\": an IPv4 or IPv6 address is expected" },
	};

	tool_check_rows(&ipvsadm_program, rows, LENGTH(rows));
}

static void test_lists(void **state)
{
	static const struct tool_row rows[] = {
		{ "", "HELLO; SERVICE_LIST every flags 1" },
		{ "-L", "HELLO; SERVICE_LIST every flags 1" },
		{ "-l", "HELLO; SERVICE_LIST every flags 1" },
		{ "-ln", "HELLO; SERVICE_LIST every flags 1" },
		{ "-Ln --stats --exact", "HELLO; SERVICE_LIST every flags 1" },
		{ "--list --numeric --rate --nosort", "HELLO; SERVICE_LIST every flags 1" },
		{ "-L -t 10.0.0.1:80 --cpu 2", "HELLO; SERVICE_LIST 6 10.0.0.1:80 cpu 2 flags 1" },
		{ "-lnc", "CONN_LIST every" },
		{ "-L -n -c -u 10.0.0.1:53 --cpu 3", "CONN_LIST 17 10.0.0.1:53 cpu 3" },
		{ "-Lc --sockpair ipv4:10.0.0.9:5:10.0.0.1:80",
		  "CONN_LIST every pair 10.0.0.9:5 10.0.0.1:80" },
		{ "-Lc --sockpair ipv6:[2001:db8::9]:5:[2001:db8::1]:80 --cpu 2",
		  "CONN_LIST every cpu 2 pair [2001:db8::9]:5 [2001:db8::1]:80" },
		{ "-Lc --sockpair ipv6:10.0.0.9:5:10.0.0.1:80",
		  "EXIT 2: --sockpair \"ipv6:10.0.0.9:5:10.0.0.1:80\": " PAIR },
		{ "-Lc --sockpair ipv4:10.0.0.9:5:10.0.0.1:80:",
		  "EXIT 2: --sockpair \"ipv4:10.0.0.9:5:10.0.0.1:80:\": " PAIR },
		{ "-Lc --sockpair x", "EXIT 2: --sockpair \"x\": " PAIR },
		{ "-L --sockpair x", "EXIT 2: '--sockpair' goes with '-c' only" },
		{ "-S", "LADDR_LIST every; SERVICE_LIST every flags 1" },
		{ "-Sn", "LADDR_LIST every; SERVICE_LIST every flags 1" },
		{ "-L --timeout", "TIMEOUT_GET" },
		{ "-L --timeout -t 10.0.0.1:80",
		  "EXIT 2: '--timeout' is of all services: see --conn-timeout for one" },
		{ "--set 900 120 0", "TIMEOUT_SET 900 120 0" },
		{ "--set 900 120",
		  "EXIT 2: --set TCP TCPFIN UDP: three timeouts are expected, in seconds" },
		{ "--set 900 x 1", "EXIT 2: --set, TCPFIN: \"x\": seconds from 1 to 2678400, or 0 "
				   "for as it is, are expected" },
		{ "--set 1 2 3 4", "EXIT 2: unexpected argument \"4\"" },
		{ "-A -t 10.0.0.1:80 --on-remove never",
		  "EXIT 2: --on-remove \"never\": keep, reset or reschedule is expected" },
		{ "-L --stats --rate", "EXIT 2: '--rate' conflicts with '--stats'" },
		{ "-Lc --stats", "EXIT 2: '--stats' conflicts with '-c'" },
		{ "-L --cpu x", "EXIT 2: --cpu \"x\": a number from 0 to 4294967295 is expected" },
	};

	tool_check_rows(&ipvsadm_program, rows, LENGTH(rows));
}

/* Every option with every command: which pairs are refused for being together. */
static void test_matrix(void **state)
{
	static const struct {
		const char *option, *name, *verbs;
	} rows[] = {
		{ "-t 1.1.1.1:1", "-t", "AEDadePQGLZ" },
		{ "-u 1.1.1.1:1", "-u", "AEDadePQGLZ" },
		{ "--sctp-service 1.1.1.1:1", "--sctp-service", "AEDadePQGLZ" },
		{ "-f 1", "-f", "AEDadePQGLZ" },
		{ "-6", "-6", "AEDadePQGLZ" },
		{ "-H proto=tcp", "-H", "AEDadePQGLZ" },
		{ "-s rr", "-s", "AE" },
		{ "-p", "-p", "AE" },
		{ "-M 24", "-M", "AE" },
		{ "-o", "-o", "AE" },
		{ "--pe sip", "--pe", "AE" },
		{ "--conn-timeout 3", "--conn-timeout", "AE" },
		{ "--on-remove keep", "--on-remove", "AE" },
		{ "-r 1.1.1.1", "-r", "aed" },
		{ "-g", "-g", "ae" },
		{ "-i", "-i", "ae" },
		{ "-m", "-m", "ae" },
		{ "--fullnat", "-b", "ae" },
		{ "--sched-flags flag-1", "--sched-flags", "AE" },
		{ "--hash-target sip", "--hash-target", "AE" },
		{ "-J", "-J", "ae" },
		{ "-w 1", "-w", "ae" },
		{ "-x 1", "-x", "ae" },
		{ "-y 1", "-y", "ae" },
		{ "-z 1.1.1.1", "-z", "PQ" },
		{ "-F d", "-F", "PQ" },
		{ "-c", "-c", "L" },
		{ "--stats", "--stats", "L" },
		{ "--rate", "--rate", "L" },
		{ "--thresholds", "--thresholds", "L" },
		{ "--persistent-conn", "--persistent-conn", "L" },
		{ "--timeout", "--timeout", "L" },
		{ "--exact", "--exact", "L" },
		{ "--cpu 1", "--cpu", "LG" },
		{ "-j", "-j", "LG" },
		{ "--nosort", "--nosort", "LGS" },
		{ "--sort", "--sort", "LGS" },
		{ "-n", "-n", "LGS" },
	};
	static const char verbs[] = "AEDCRSadeLZPQG";

	for (unsigned int i = 0; i < LENGTH(rows); i++) {
		for (const char *verb = verbs; *verb; verb++) {
			char line[64], illegal[64], *got;

			snprintf(line, sizeof(line), "-%c %s", *verb, rows[i].option);
			snprintf(illegal, sizeof(illegal), "EXIT 2: Illegal '%s' option with the '",
				 rows[i].name);
			got = tool_requests(&ipvsadm_program, line);
			if (!strncmp(got, illegal, strlen(illegal)) ==
			    !strchr(rows[i].verbs, *verb)) {
				free(got);
				continue;
			}
			fail_msg("ipvsadm %s: %s", line, got);
		}
	}
}

#define SERVICE(n, ip, number, protocol_, sched_, ...)             \
	struct api_service n = { .key = { .addr = tool_ip(ip),     \
					  .family = AF_INET,       \
					  .protocol = protocol_,   \
					  .port = htons(number) }, \
				 .sched = sched_,                  \
				 __VA_ARGS__ }

#define DEST(n, svc, ip, number, ...)                \
	struct api_dest n = { .service = svc.key,    \
			      .addr = tool_ip(ip),   \
			      .family = AF_INET,     \
			      .port = htons(number), \
			      __VA_ARGS__ }

struct table_fixture {
	struct api_hello hello;
	struct api_service udp, tcp, six;
	struct api_dest first, second, third;
	struct api_laddr laddrs[3];
	struct tool_item items[16];
	struct tool_answer answer;
};

/* A table as the daemon would list it: services in no order, the last added server first. */
static void fixture(struct table_fixture *f)
{
	SERVICE(udp, "10.0.0.1", 53, IPPROTO_UDP, "rr", .n_laddrs = 2);
	SERVICE(tcp, "10.0.0.1", 80, IPPROTO_TCP, "wlc", .conn_timeout_s = 30, .plen = 24,
		.flags = API_SERVICE_PERSISTENT, .timeout_s = 300, .n_laddrs = 1,
		.stats = { 99999999, 100000000, 123456789012, 123456789012345,
			   18446744073709551615ull, 1, 2, 3, 4, 5 });
	DEST(first, tcp, "10.1.0.2", 8080, .forward = API_FORWARD_FNAT, .weight = 3, .active = 7,
	     .inactive = 8, .upper = 100, .lower = 50, .flags = API_DEST_OVERLOAD);
	DEST(second, tcp, "10.1.0.1", 80, .forward = API_FORWARD_NAT, .weight = 0,
	     .stats = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 });
	DEST(third, udp, "10.1.0.3", 53, .forward = API_FORWARD_FNAT, .weight = 1);

	*f = (struct table_fixture){ .hello = { .version = "9.8.7" },
				     .udp = udp,
				     .tcp = tcp,
				     .six = { .key = { .addr = tool_ip("2001:db8::1"),
						       .family = AF_INET6,
						       .protocol = IPPROTO_TCP,
						       .port = htons(443) },
					      .sched = "wrr",
					      .flags = API_SERVICE_ONEPACKET },
				     .first = first,
				     .second = second,
				     .third = third };
	f->laddrs[0] = (struct api_laddr){ .service = udp.key,
					   .addr = tool_ip("10.1.0.200"),
					   .family = AF_INET,
					   .dev = "d1",
					   .conflicts = 4,
					   .conns = 5 };
	f->laddrs[1] = (struct api_laddr){
		.service = tcp.key, .addr = tool_ip("10.1.0.200"), .family = AF_INET, .dev = "d1"
	};
	f->laddrs[2] = (struct api_laddr){
		.service = udp.key, .addr = tool_ip("10.1.0.199"), .family = AF_INET, .dev = "d1"
	};
	f->items[0] = (struct tool_item){ API_HELLO, API_KIND_HELLO, sizeof(f->hello), &f->hello };
	f->items[1] = (struct tool_item){ API_SERVICE_LIST, API_KIND_SERVICE, sizeof(f->udp),
					  &f->udp };
	f->items[2] = (struct tool_item){ API_SERVICE_LIST, API_KIND_DEST, sizeof(f->third),
					  &f->third };
	f->items[3] = (struct tool_item){ API_SERVICE_LIST, API_KIND_SERVICE, sizeof(f->six),
					  &f->six };
	f->items[4] = (struct tool_item){ API_SERVICE_LIST, API_KIND_SERVICE, sizeof(f->tcp),
					  &f->tcp };
	f->items[5] = (struct tool_item){ API_SERVICE_LIST, API_KIND_DEST, sizeof(f->first),
					  &f->first };
	f->items[6] = (struct tool_item){ API_SERVICE_LIST, API_KIND_DEST, sizeof(f->second),
					  &f->second };
	for (unsigned int i = 0; i < 3; i++)
		f->items[7 + i] = (struct tool_item){ API_LADDR_LIST, API_KIND_LADDR,
						      sizeof(f->laddrs[i]), &f->laddrs[i] };
	f->answer = (struct tool_answer){ .items = f->items, .n = 10 };
}

static void check_prints(const struct tool_row *rows, unsigned int n,
			 const struct tool_answer *answer)
{
	for (unsigned int i = 0; i < n; i++) {
		char *errors, *got;
		int code;

		got = tool_prints(&ipvsadm_program, rows[i].line, answer, &errors, &code);
		if (strcmp(got, rows[i].want) != 0 || *errors || code)
			fail_msg("ipvsadm %s (%d)\nwanted\n%s\ngot\n%s%s", rows[i].line, code,
				 rows[i].want, got, errors);
		free(got);
		free(errors);
	}
}

static void test_print_services(void **state)
{
	static const struct tool_row rows[] = {
		{ "-ln",
		  "IP Virtual Server version 9.8.7 (size=0)\n"
		  "Prot LocalAddress:Port Scheduler Flags\n"
		  "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
		  "TCP  10.0.0.1:80 wlc persistent 300 mask 255.255.255.0 conn-timeout 30\n"
		  "  -> 10.1.0.2:8080                FullNat 3      7          8         [ "
		  "overload]\n"
		  "  -> 10.1.0.1:80                  Masq    0      0          0         \n"
		  "TCP  [2001:db8::1]:443 wrr ops\n"
		  "UDP  10.0.0.1:53 rr\n"
		  "  -> 10.1.0.3:53                  FullNat 1      0          0         \n" },
		{ "-ln --nosort",
		  "IP Virtual Server version 9.8.7 (size=0)\n"
		  "Prot LocalAddress:Port Scheduler Flags\n"
		  "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
		  "UDP  10.0.0.1:53 rr\n"
		  "  -> 10.1.0.3:53                  FullNat 1      0          0         \n"
		  "TCP  [2001:db8::1]:443 wrr ops\n"
		  "TCP  10.0.0.1:80 wlc persistent 300 mask 255.255.255.0 conn-timeout 30\n"
		  "  -> 10.1.0.2:8080                FullNat 3      7          8         [ "
		  "overload]\n"
		  "  -> 10.1.0.1:80                  Masq    0      0          0         \n" },
		{ "-ln --stats",
		  "IP Virtual Server version 9.8.7 (size=0)\n"
		  "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n"
		  "  -> RemoteAddress:Port\n"
		  "TCP  10.0.0.1:80                  99999999  100000K  123456M  123456G18446744T\n"
		  "  -> 10.1.0.2:8080                       0        0        0        0        0\n"
		  "  -> 10.1.0.1:80                         1        2        3        4        5\n"
		  "TCP  [2001:db8::1]:443                   0        0        0        0        0\n"
		  "UDP  10.0.0.1:53                         0        0        0        0        0\n"
		  "  -> 10.1.0.3:53                         0        0        0        0        "
		  "0\n" },
		{ "-ln --rate",
		  "IP Virtual Server version 9.8.7 (size=0)\n"
		  "Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n"
		  "  -> RemoteAddress:Port\n"
		  "TCP  10.0.0.1:80                         1        2        3        4        5\n"
		  "  -> 10.1.0.2:8080                       0        0        0        0        0\n"
		  "  -> 10.1.0.1:80                         6        7        8        9       10\n"
		  "TCP  [2001:db8::1]:443                   0        0        0        0        0\n"
		  "UDP  10.0.0.1:53                         0        0        0        0        0\n"
		  "  -> 10.1.0.3:53                         0        0        0        0        "
		  "0\n" },
		{ "-ln --thresholds",
		  "IP Virtual Server version 9.8.7 (size=0)\n"
		  "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn \n"
		  "  -> RemoteAddress:Port\n"
		  "TCP  10.0.0.1:80 wlc persistent 300 mask 255.255.255.0 conn-timeout 30\n"
		  "  -> 10.1.0.2:8080                100        50         7          8         \n"
		  "  -> 10.1.0.1:80                  0          0          0          0         \n"
		  "TCP  [2001:db8::1]:443 wrr ops\n"
		  "UDP  10.0.0.1:53 rr\n"
		  "  -> 10.1.0.3:53                  0          0          0          0         "
		  "\n" },
		{ "-G -n",
		  "VIP:VPORT            TOTAL    SNAT_IP              CONFLICTS  CONNS     \n"
		  "10.0.0.1:80          1       \n"
		  "                              10.1.0.200           0          0         \n"
		  "[2001:db8::1]:443    0       \n"
		  "10.0.0.1:53          2       \n"
		  "                              10.1.0.200           4          5         \n"
		  "                              10.1.0.199           0          0         \n" },
		{ "-G -j",
		  "[{\"protocol\":\"TCP\",\"address\":\"10.0.0.1\",\"port\":80,\"local_addresses\":"
		  "["
		  "{\"address\":\"10.1.0.200\",\"dev\":\"d1\",\"conflicts\":0,\"conns\":0}]},"
		  "{\"protocol\":\"TCP\",\"address\":\"2001:db8::1\",\"port\":443,"
		  "\"local_addresses\":[]},"
		  "{\"protocol\":\"UDP\",\"address\":\"10.0.0.1\",\"port\":53,\"local_addresses\":["
		  "{\"address\":\"10.1.0.200\",\"dev\":\"d1\",\"conflicts\":4,\"conns\":5},"
		  "{\"address\":\"10.1.0.199\",\"dev\":\"d1\",\"conflicts\":0,\"conns\":0}]}]\n" },
		{ "-Sn", "-A -t 10.0.0.1:80 -s wlc -p 300 -M 255.255.255.0 --conn-timeout 30\n"
			 "-P -t 10.0.0.1:80 -z 10.1.0.200 -F d1\n"
			 "-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 0\n"
			 "-a -t 10.0.0.1:80 -r 10.1.0.2:8080 -b -w 3 -x 100 -y 50\n"
			 "-A -t [2001:db8::1]:443 -s wrr --ops\n"
			 "-A -u 10.0.0.1:53 -s rr\n"
			 "-P -u 10.0.0.1:53 -z 10.1.0.200 -F d1\n"
			 "-P -u 10.0.0.1:53 -z 10.1.0.199 -F d1\n"
			 "-a -u 10.0.0.1:53 -r 10.1.0.3:53 -b -w 1\n" },
	};
	struct table_fixture f;

	fixture(&f);
	check_prints(rows, LENGTH(rows), &f.answer);
}

/* Names of hosts depend on the machine, those of well-known ports do not. */
static void test_print_names(void **state)
{
	struct table_fixture f;
	char *got;
	int code;

	fixture(&f);
	f.tcp.key.addr = tool_ip("127.0.0.1");
	f.items[1] = f.items[4];
	f.answer.n = 2;
	got = tool_prints(&ipvsadm_program, "-l", &f.answer, NULL, &code);
	assert_non_null(strstr(got, "\nTCP  localhost:http wlc "));
	free(got);
}

static void test_print_exact(void **state)
{
	struct table_fixture f;
	char *got;
	int code;

	fixture(&f);
	got = tool_prints(&ipvsadm_program, "-ln --stats --exact", &f.answer, NULL, &code);
	assert_non_null(strstr(got, "\nTCP  10.0.0.1:80                  99999999 100000000 "
				    "123456789012 123456789012345 18446744073709551615\n"));
	free(got);
}

/* The keys that programs rely on, whatever else comes with them. */
static void test_json_services(void **state)
{
	struct table_fixture f;
	json_t *all, *service, *server;
	char *got;
	int code;

	fixture(&f);
	got = tool_prints(&ipvsadm_program, "-L -j", &f.answer, NULL, &code);
	all = json_loads(got, 0, NULL);
	assert_int_equal(json_array_size(all), 3);

	service = json_array_get(all, 0);
	assert_string_equal(json_string_value(json_object_get(service, "protocol")), "TCP");
	assert_string_equal(json_string_value(json_object_get(service, "address")), "10.0.0.1");
	assert_int_equal(json_integer_value(json_object_get(service, "port")), 80);
	assert_string_equal(json_string_value(json_object_get(service, "scheduler")), "wlc");
	assert_int_equal(json_array_size(json_object_get(service, "flags")), 3);
	assert_string_equal(json_string_value(json_array_get(json_object_get(service, "flags"), 2)),
			    "conn-timeout 30");
	assert_int_equal(json_array_size(json_object_get(service, "servers")), 2);

	server = json_array_get(json_object_get(service, "servers"), 0);
	assert_string_equal(json_string_value(json_object_get(server, "address")), "10.1.0.2");
	assert_int_equal(json_integer_value(json_object_get(server, "port")), 8080);
	assert_string_equal(json_string_value(json_object_get(server, "forward")), "FullNat");
	assert_int_equal(json_integer_value(json_object_get(server, "weight")), 3);
	assert_int_equal(json_integer_value(json_object_get(server, "active")), 7);
	assert_int_equal(json_integer_value(json_object_get(server, "inactive")), 8);

	server = json_array_get(json_object_get(service, "servers"), 1);
	assert_int_equal(json_integer_value(json_object_get(server, "conns")), 1);
	assert_int_equal(json_integer_value(json_object_get(server, "inpkts")), 2);
	assert_int_equal(json_integer_value(json_object_get(server, "outpkts")), 3);
	assert_int_equal(json_integer_value(json_object_get(server, "inbytes")), 4);
	assert_int_equal(json_integer_value(json_object_get(server, "outbytes")), 5);
	json_decref(all);
	free(got);
}

static void test_print_conns(void **state)
{
	const struct api_conn conns[] = {
		{ .caddr = tool_ip("10.0.0.9"),
		  .vaddr = tool_ip("10.0.0.1"),
		  .laddr = tool_ip("10.1.0.200"),
		  .daddr = tool_ip("10.1.0.1"),
		  .family = AF_INET,
		  .protocol = IPPROTO_TCP,
		  .cport = htons(40000),
		  .vport = htons(80),
		  .lport = htons(1025),
		  .dport = htons(8080),
		  .forward = API_FORWARD_FNAT,
		  .worker = 2,
		  .timeout_s = 90,
		  .left_s = 80,
		  .state = "ESTABLISHED" },
		{ .family = AF_INET,
		  .protocol = IPPROTO_UDP,
		  .worker = 1,
		  .left_s = 7,
		  .flags = API_CONN_TEMPLATE,
		  .state = "0123456789abcdef" },
	};
	const struct tool_item items[] = {
		{ API_CONN_LIST, API_KIND_CONN, sizeof(conns[0]), &conns[0] },
		{ API_CONN_LIST, API_KIND_CONN, sizeof(conns[1]), &conns[1] },
	};
	const struct tool_answer answer = { .items = items, .n = 2 };
	static const struct tool_row rows[] = {
		{ "-lnc", "[2]tcp 90s    ESTABLISHED 10.0.0.9:40000     10.0.0.1:80        "
			  "10.1.0.200:1025    "
			  "10.1.0.1:8080      80s\n"
			  "[1]udp 0s     0123456789abcdef 0.0.0.0:0          0.0.0.0:0          "
			  "0.0.0.0:0          "
			  "0.0.0.0:0          7s template\n" },
		{ "-lc -j",
		  "[{\"worker\":2,\"protocol\":\"tcp\",\"timeout\":90,\"left\":80,"
		  "\"state\":\"ESTABLISHED\",\"forward\":\"FullNat\",\"client_address\":\"10.0.0."
		  "9\","
		  "\"client_port\":40000,\"virtual_address\":\"10.0.0.1\",\"virtual_port\":80,"
		  "\"local_address\":\"10.1.0.200\",\"local_port\":1025,\"server_address\":\"10.1."
		  "0.1\","
		  "\"server_port\":8080},"
		  "{\"worker\":1,\"protocol\":\"udp\",\"timeout\":0,\"left\":7,"
		  "\"state\":\"0123456789abcdef\",\"template\":true,\"forward\":\"Masq\",\"client_"
		  "address\":\"0.0.0."
		  "0\","
		  "\"client_port\":0,\"virtual_address\":\"0.0.0.0\",\"virtual_port\":0,"
		  "\"local_address\":\"0.0.0.0\",\"local_port\":0,\"server_address\":\"0.0.0.0\","
		  "\"server_port\":0}]\n" },
	};

	check_prints(rows, LENGTH(rows), &answer);
}

/* Edits change what is given; the daemon keeps the rest. */
static void test_edits(void **state)
{
	static const struct tool_row rows[] = {
		{ "-E -t 10.0.0.1:80 -s rr", "SERVICE_SET 6 10.0.0.1:80 rr keeps "
					     "persistence,mask,ops,conn-timeout,on-remove" },
		{ "-E -t 10.0.0.1:80 --conn-timeout 0",
		  "SERVICE_SET 6 10.0.0.1:80 keeps scheduler,persistence,mask,ops,on-remove" },
		{ "-E -u 10.0.0.1:53 -p 60 -M 16",
		  "SERVICE_SET 17 10.0.0.1:53 flags 1 timeout 60 plen 16 keeps "
		  "scheduler,ops,conn-timeout,on-remove" },
		{ "-E -u 10.0.0.1:53 -M 16",
		  "SERVICE_SET 17 10.0.0.1:53 plen 16 keeps scheduler,persistence,ops,"
		  "conn-timeout,on-remove" },
		{ "-E -f 7 -o -s wrr --conn-timeout 9",
		  "SERVICE_SET mark 7/4 wrr flags 2 conn-timeout 9 keeps "
		  "persistence,mask,on-remove" },
		{ "-E -t 10.0.0.1:80 --on-remove reset",
		  "SERVICE_SET 6 10.0.0.1:80 on-remove 1 keeps scheduler,persistence,mask,ops,"
		  "conn-timeout" },
		{ "-E -t 10.0.0.1:80", "SERVICE_SET 6 10.0.0.1:80 keeps "
				       "scheduler,persistence,mask,ops,conn-timeout,on-remove" },
		{ "-e -t 10.0.0.1:80 -r 10.1.0.2:8080 -w 9",
		  "DEST_SET 6 10.0.0.1:80 -> 10.1.0.2:8080 forward 0 weight 9 keeps "
		  "forward,upper,lower" },
		{ "-e -t 10.0.0.1:80 -r 10.1.0.2:8080 -x 0 -y 0",
		  "DEST_SET 6 10.0.0.1:80 -> 10.1.0.2:8080 forward 0 weight 0 keeps "
		  "forward,weight" },
		{ "-e -t 10.0.0.1:80 -r 10.1.0.1 -m",
		  "DEST_SET 6 10.0.0.1:80 -> 10.1.0.1:80 forward 0 weight 0 keeps "
		  "weight,upper,lower" },
		{ "-e -t 10.0.0.1:80 -r 10.1.0.1 -b -w 2 -x 5 -y 4",
		  "DEST_SET 6 10.0.0.1:80 -> 10.1.0.1:80 forward 5 weight 2 upper 5 lower 4" },
		{ "-e -t 10.0.0.1:80",
		  "EXIT 2: You need to supply the '-r' option for the 'edit-server' command" },
		{ "-e -t 10.0.0.1:80 -r 10.1.0.1 -w x",
		  "EXIT 2: -w \"x\": a number from 0 to 65535 is expected" },
		{ "-E -s rr", "EXIT 2: You need to supply the 'service-address' option for the "
			      "'edit-service' command" },
	};

	tool_check_rows(&ipvsadm_program, rows, LENGTH(rows));
}

static void test_no_such_service(void **state)
{
	static const char *const lines[] = { "-ln -t 10.0.0.1:81", "-L -j -t 10.0.0.1:81" };
	const struct api_hello hello = { .version = "1" };
	const struct tool_item items[] = { { API_HELLO, API_KIND_HELLO, sizeof(hello), &hello } };
	const struct tool_answer answer = { .items = items, .n = 1 };

	for (unsigned int i = 0; i < LENGTH(lines); i++) {
		char *errors, *got;
		int code;

		got = tool_prints(&ipvsadm_program, lines[i], &answer, &errors, &code);
		assert_string_equal(errors, "ipvsadm: there is no service TCP 10.0.0.1:81\n");
		assert_int_equal(code, 1);
		free(got);
		free(errors);
	}
}

/* -S, then -R of its lines: the requests that make the same table, servers in the order of adding.
 */
static void test_save_restore(void **state)
{
	static const char want[] =
		"SERVICE_ADD 6 10.0.0.1:80 wlc flags 1 timeout 300 plen 24 conn-timeout 30\n"
		"LADDR_ADD 6 10.0.0.1:80 local 10.1.0.200 dev d1\n"
		"DEST_ADD 6 10.0.0.1:80 -> 10.1.0.1:80 forward 0 weight 0\n"
		"DEST_ADD 6 10.0.0.1:80 -> 10.1.0.2:8080 forward 5 weight 3 upper 100 lower 50\n"
		"SERVICE_ADD 6 [2001:db8::1]:443 wrr flags 2\n"
		"SERVICE_ADD 17 10.0.0.1:53 rr\n"
		"LADDR_ADD 17 10.0.0.1:53 local 10.1.0.200 dev d1\n"
		"LADDR_ADD 17 10.0.0.1:53 local 10.1.0.199 dev d1\n"
		"DEST_ADD 17 10.0.0.1:53 -> 10.1.0.3:53 forward 5 weight 1\n";
	const struct tool_answer empty = { 0 };
	struct table_fixture f;
	char *saved, *got, *errors;
	int code, ends[2], old;

	fixture(&f);
	saved = tool_prints(&ipvsadm_program, "-Sn", &f.answer, NULL, &code);

	/* the lines fit a pipe, so that one process can hold both ends */
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], saved, strlen(saved)), strlen(saved));
	close(ends[1]);
	old = dup(STDIN_FILENO);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	got = tool_prints(&ipvsadm_program, "-R", &empty, &errors, &code);
	dup2(old, STDIN_FILENO);
	close(old);

	assert_string_equal(errors, "");
	assert_string_equal(got, want);
	assert_int_equal(code, 0);
	free(saved);
	free(got);
	free(errors);
}

static void test_startup(void **state)
{
	static const struct program *const programs[] = { &dpip_program, &ipvsadm_program };
	static const struct tool_row rows[] = {
		{ "ipvsadm -A -t 10.0.0.1:80 -s rr", "" },
		{ "ipvsadm -P -z 10.1.0.1 -t 10.0.0.1:80 -F d1", "" },
		{ "ipvsadm -C", "" },
		{ "dpip addr add 10.0.0.1/24 dev d0", "" },
		{ "ipvsadm -E -t 10.0.0.1:80 -s rr", "" },
		{ "ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1 -w 3", "" },
		{ "ipvsadm -ln",
		  "ipvsadm: only commands that change something are allowed in startup" },
		{ "ipvsadm -R",
		  "ipvsadm: only commands that change something are allowed in startup" },
		{ "ipvsadm -h",
		  "ipvsadm: only commands that change something are allowed in startup" },
	};

	for (unsigned int i = 0; i < LENGTH(rows); i++) {
		char line[128], error[COMMAND_ERROR_LEN] = "", *words[SPLITLINE_WORDS + 1];
		struct command command;
		int n, r;

		snprintf(line, sizeof(line), "%s", rows[i].line);
		n = splitline(line, words, SPLITLINE_WORDS);
		words[n] = NULL;
		r = command_startup(programs, 2, n, words, &command, error, sizeof(error));
		assert_int_equal(r < 0, *rows[i].want != '\0');
		assert_string_equal(error, rows[i].want);
	}
}

static void test_word_soup(void **state)
{
	static const char words[] =
		"-A -E -D -C -R -S -a -e -d -L -l -Z -P -Q -G -h -v -t -u -f -6 -s -p -M -o -r "
		"-H proto=tcp,src-range=10.0.0.0/8:1-2 oif=x -g -i -m -b -J -w -x -y -z -F -c -n "
		"-j --stats --rate --exact --cpu --nosort "
		"--thresholds --conn-timeout --sctp-service --set -q 10.0.0.1:80 10.0.0.1 "
		"[::1]:80 [::1 []:1 ::1 : :80 [ ] ]:[ 1.1.1.1:http 0 1 65535 65536 -1 "
		"99999999999999999999 wl+c d/0 localhost '' 255.255.0.0 0.0.0.0 -lnc -Ln -- - "
		"\xff %s%n ";

	tool_word_soup(&ipvsadm_program, words, 20240602);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_services),      cmocka_unit_test(test_servers),
		cmocka_unit_test(test_matches),       cmocka_unit_test(test_lists),
		cmocka_unit_test(test_matrix),        cmocka_unit_test(test_print_services),
		cmocka_unit_test(test_print_names),   cmocka_unit_test(test_print_exact),
		cmocka_unit_test(test_json_services), cmocka_unit_test(test_print_conns),
		cmocka_unit_test(test_edits),         cmocka_unit_test(test_no_such_service),
		cmocka_unit_test(test_save_restore),  cmocka_unit_test(test_startup),
		cmocka_unit_test(test_word_soup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
