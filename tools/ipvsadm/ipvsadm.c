/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvsadm: options to struct line, with the sentences for what does not go
 * together. Nothing is static but const tables, since the daemon parses its
 * startup block with this too.
 */
#include "ipvsadm/ipvsadm.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <popt.h>

#include "ipvsadm/line.h"

struct option_row {
	char letter[3];   /* "-w", or "-" */
	const char *name; /* "--weight" */
	uint32_t commands;
	enum option_id group;
};

static const struct option_row option_rows[] = {
#define X(id, group, name, letter, argument, commands) \
	[OPTION_##id] = { { '-', letter, 0 }, "--" name, commands, OPTION_##group },
	OPTIONS(X)
#undef X
};

static const char *const verb_names[] = {
#define X(id, name, letter) [VERB_##id] = name,
	VERBS(X)
#undef X
};

enum {
	VALUE_VERB = 256,   /* + enum verb */
	VALUE_OPTION = 512, /* + enum option_id */
	VALUE_FOREIGN = 1024,
	VALUE_SYNC,
	VALUE_ECHO,
};

#define POPT_OF_NONE     POPT_ARG_NONE
#define POPT_OF_STRING   POPT_ARG_STRING
#define POPT_OF_OPTIONAL (POPT_ARG_STRING | POPT_ARGFLAG_OPTIONAL)

#define ROW(name, letter, argument, value)                      \
	{                                                       \
		name, letter, argument, NULL, value, NULL, NULL \
	}
#define FOREIGN(name, letter) ROW(name, letter, POPT_ARG_NONE, VALUE_FOREIGN)
#define SYNC(name)            ROW(name, 0, POPT_ARG_NONE, VALUE_SYNC)

static const struct poptOption popt_table[] = {
#define X(id, name, letter) ROW(name, letter, POPT_ARG_NONE, VALUE_VERB + VERB_##id),
	VERBS(X)
#undef X
#define X(id, group, name, letter, argument, commands) \
	ROW(name, letter, POPT_OF_##argument, VALUE_OPTION + OPTION_##id),
		OPTIONS(X)
#undef X
			ROW(NULL, 'l', POPT_ARG_NONE, VALUE_VERB + VERB_LIST),
	/* What other ipvsadms have and this one does not: refused by its name. */
	ROW("icmp-service", 'q', POPT_ARG_NONE, VALUE_ECHO),
	ROW("icmpv6-service", '1', POPT_ARG_NONE, VALUE_ECHO),
	FOREIGN("add-blklst", 'U'),
	FOREIGN("del-blklst", 'V'),
	FOREIGN("get-blklst", 'B'),
	FOREIGN("add-whtlst", 'O'),
	FOREIGN("del-whtlst", 'Y'),
	FOREIGN("get-whtlst", 'W'),
	FOREIGN("blklst", 'k'),
	FOREIGN("whtlst", '2'),
	FOREIGN("synproxy", 0),
	FOREIGN("expire-quiescent", 0),
	FOREIGN("dest-check", 0),
	FOREIGN("proxy-protocol", 0),
	FOREIGN("quic", 0),
	SYNC("start-daemon"),
	SYNC("stop-daemon"),
	SYNC("daemon"),
	SYNC("syncid"),
	SYNC("sync-maxlen"),
	SYNC("mcast-interface"),
	SYNC("mcast-group"),
	SYNC("mcast-port"),
	SYNC("mcast-ttl"),
	POPT_TABLEEND,
};

static const char help[] =
	"ipvsadm -A|-E SERVICE [-s SCHEDULER [-b FLAGS] [--hash-target sip|qid]] [-p [SEC]] [-M "
	"MASK]\n"
	"        [--ops] [--conn-timeout SEC] [--on-remove keep|reset|reschedule]\n"
	"ipvsadm -D SERVICE\n"
	"ipvsadm -C\n"
	"ipvsadm -a|-e SERVICE -r SERVER [-g|-b|-m|-i TUNNEL|-J] [-w WEIGHT] [-x UPPER] "
	"[-y LOWER]\n"
	"ipvsadm -d SERVICE -r SERVER\n"
	"ipvsadm -P|-Q SERVICE -z ADDRESS -F DEVICE\n"
	"ipvsadm -G [SERVICE] [-n] [-j]\n"
	"ipvsadm -L|-l [SERVICE] [-n] [-c] [--stats|--rate|--thresholds|--persistent-conn|"
	"--tun-info]\n"
	"        [--exact] [--sort|--nosort] [--cpu N] [-j]\n"
	"ipvsadm -L -c --sockpair ipv4|ipv6:IP:PORT:IP:PORT [SERVICE] [-n] [--cpu N] [-j]\n"
	"ipvsadm -L --timeout [-j]\n"
	"ipvsadm --set TCP TCPFIN UDP\n"
	"ipvsadm -Z [SERVICE]\n"
	"ipvsadm -S [-n]\n"
	"ipvsadm -R\n"
	"ipvsadm -h | -v\n"
	"  SERVICE := -t|-u|--sctp-service HOST:PORT or [IPv6]:PORT, or -f MARK [-6]\n"
	"  SERVER  := HOST[:PORT], with -J ADDRESS[:FIRST-LAST]\n"
	"  TUNNEL  := [--tun-type ipip|gre|gue] [--tun-port PORT] "
	"[--tun-nocsum|--tun-csum|--tun-remcsum]\n"
	"             port 0, with -p: every port of the address that no other service has\n"
	"             -H "
	"proto=tcp|udp|icmp|icmp6[,src-range=RANGE][,dst-range=RANGE][,iif=DEVICE][,oif=DEVICE]\n"
	"                [,af=ipv4|ipv6]: what passes through; the last added is asked first\n"
	"  RANGE := IP[-IP][:PORT[-PORT]], [IPv6-IPv6]:PORT-PORT, or a prefix\n"
	"Commands:\n"
	"  -A, --add-service      -E, --edit-service: changes only what is given\n"
	"  -D, --delete-service   -C, --clear: all services\n"
	"  -a, --add-server       -e, --edit-server: changes only what is given\n"
	"  -d, --delete-server    -Z, --zero: counters\n"
	"  -P, --add-laddr        -Q, --del-laddr        -G, --get-laddr: local addresses\n"
	"  -L, -l, --list         -S, --save: lines for -R to standard output\n"
	"  -R, --restore: lines of standard input, each a command\n"
	"Options:\n"
	"  -t, --tcp-service  -u, --udp-service  --sctp-service  -H, --match  -r, --real-server\n"
	"  -f, --fwmark-service   packets that a rule gives this mark (dpip mark), before any\n"
	"                         service of their address; a server's port 0: the packet's\n"
	"  -6, --ipv6             with -f: of IPv6\n"
	"  -s, --scheduler        rr wrr lc wlc sed nq sh dh lblc lblcr fo ovf mh conhash twos;\n"
	"                         default wlc\n"
	"  -b, --sched-flags      with -A, -E: sh-fallback sh-port (sh), mh-fallback mh-port "
	"(mh),\n"
	"                         flag-1 flag-2 flag-3; several between commas\n"
	"      --hash-target      conhash: by client address (sip, default) or by the QUIC "
	"connection\n"
	"                         id of UDP datagrams (qid)\n"
	"  -p, --persistent       a client's connections go to the same server, as long as it has "
	"any\n"
	"                         and for so many seconds after the last was opened; default 300,\n"
	"                         0: not any more\n"
	"  -M, --netmask          clients that are one to -p: a mask, or a prefix length; "
	"default:\n"
	"                         each address is its own\n"
	"  -o, --ops              UDP: each datagram gets a server of its own and leaves no "
	"connection\n"
	"                         behind; not with -b\n"
	"      --conn-timeout     seconds of an idle established connection; 0: the protocol's\n"
	"      --on-remove        connections of a server that is removed: keep (default): they go "
	"on;\n"
	"                         reset: they end, both sides of a TCP connection get RST;\n"
	"                         reschedule: they end, the client's next datagram or SYN gets "
	"another\n"
	"                         server\n"
	"  -g, --gatewaying       forwarding: the packet as it is, to the server's MAC address;\n"
	"                         the server answers by itself, at the service's port (default)\n"
	"  -m, --masquerading     forwarding: the server's address instead of ours; its answers\n"
	"                         must come back through here, by its routes\n"
	"  -b, --fullnat          with -a, -e: forwarding: both addresses are changed, answers "
	"come back here\n"
	"  -J, --snat             forwarding, with -H only: the server is a public address of "
	"ours, "
	"the\n"
	"                         source of the clients' packets; a client keeps its address, "
	"which "
	"is\n"
	"                         chosen by weights, with -p by the scheduler; with FIRST-LAST it "
	"gets\n"
	"                         these ports of the address only, and an address may have "
	"several\n"
	"  -i, --ipip             forwarding: the packet inside another, to the server, which "
	"answers by\n"
	"                         itself, at the service's port; the server may be of the other "
	"family\n"
	"      --tun-type         ipip (default), gre, or gue: over UDP to --tun-port\n"
	"      --tun-csum         gre, gue: with a checksum (--tun-nocsum: without, default);\n"
	"      --tun-remcsum      gue: the same for packets that come complete, as all do here\n"
	"  -w, --weight           0 to 65535, default 1\n"
	"  -x, --u-threshold  -y, --l-threshold   connections at which a server is left out, and\n"
	"                         at which it is taken again; 0: none\n"
	"  -z, --local-address  -F, --ifname      an address of ours towards servers, its device\n"
	"  -c, --connection       connections: worker, protocol, timeout of the state, state, "
	"client,\n"
	"                         virtual, local and server address, seconds left; \"template\": "
	"of "
	"a\n"
	"                         persistent service's clients\n"
	"      --sockpair         with -c: the connection whose packets go from one to the other, "
	"on\n"
	"                         either side; ipv4:IP:PORT:IP:PORT, or ipv6:[IP]:PORT:[IP]:PORT\n"
	"      --timeout          the timeouts of --set\n"
	"      --set              seconds of established TCP, of TCP behind FIN, of UDP; 0: as it "
	"is\n"
	"      --stats  --rate  --thresholds  --persistent-conn  --tun-info  --exact\n"
	"      --cpu N            worker N's own counters\n"
	"      --sort, --nosort   services by their addresses, as without it; in the daemon's "
	"order\n"
	"  -n, --numeric          addresses and ports in numbers\n"
	"  -j, --json             one JSON array\n"
	"The daemon's socket: $DPVS_IPC_FILE, or " API_SOCKET_PATH "\n"
	"Exit: 0 done, 1 refused or no daemon, 2 wrong command line\n";

int line_fail(struct line *line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(line->error, line->size, format, args);
	va_end(args);
	return -EINVAL;
}

const char *line_verb_name(enum verb verb)
{
	return verb_names[verb];
}

const char *line_option_name(enum option_id id)
{
	const struct option_row *row = &option_rows[id];

	return row->letter[1] ? row->letter : row->name;
}

static int take_verb(struct line *line, enum verb id)
{
	if (line->id && line->id != id)
		return line_fail(line, "two commands: '%s' and '%s'", line_verb_name(line->id),
				 verb_names[id]);
	line->id = id;
	return 0;
}

static int take_option(struct line *line, enum option_id id, char *value)
{
	enum option_id group = option_rows[id].group;
	enum option_id before = line->chosen[group];

	if (before && before != id) {
		free(value);
		return line_fail(line, "'%s' conflicts with '%s'", line_option_name(id),
				 line_option_name(before));
	}
	if (before && (value || line->value[id])) {
		free(value);
		return line_fail(line, "multiple '%s' options", line_option_name(id));
	}
	line->given[id] = true;
	line->value[id] = value;
	line->chosen[group] = id;
	return 0;
}

/* One of another ipvsadm's options. */
static int refuse_foreign(struct line *line, int value, const char *name)
{
	if (value == VALUE_SYNC)
		return line_fail(line,
				 "%s: connections are not synchronised between balancers yet; "
				 "instead VRRP moves the addresses (conf/keepalived.conf.sample), "
				 "and clients connect again",
				 name);
	if (value == VALUE_ECHO)
		return line_fail(line,
				 "%s: echoes are balanced by services of marks: dpip mark add to "
				 "ADDRESS proto icmp mark N, ipvsadm -A -f N [-6]",
				 name);
	return line_fail(line, "%s is not supported", name);
}

static int take_all(struct line *line, poptContext context)
{
	const char *word;
	int value, r;

	while ((value = poptGetNextOpt(context)) >= 0) {
		if (value >= VALUE_FOREIGN)
			return refuse_foreign(line, value,
					      poptBadOption(context, POPT_BADOPTION_NOALIAS));
		if (value >= VALUE_OPTION)
			r = take_option(line, value - VALUE_OPTION, poptGetOptArg(context));
		else
			r = take_verb(line, value - VALUE_VERB);
		if (r < 0)
			return r;
	}
	if (value < -1)
		return line_fail(line, "%s: %s", poptBadOption(context, POPT_BADOPTION_NOALIAS),
				 poptStrerror(value));
	while (line->id == VERB_SET && line->n_words < LINE_WORDS && poptPeekArg(context))
		line->words[line->n_words++] = poptGetArg(context);
	word = poptGetArg(context);
	return word ? line_fail(line, "unexpected argument \"%s\"", word) : 0;
}

static int check_options(struct line *line)
{
	for (int id = 1; id < OPTION__COUNT; id++) {
		if (line->given[id] && !(option_rows[id].commands & 1u << line->id))
			return line_fail(line, "Illegal '%s' option with the '%s' command",
					 line_option_name(id), line_verb_name(line->id));
	}
	return 0;
}

static int print_help(struct line *line)
{
	line->out->help = help;
	return 0;
}

static int print_version(struct line *line)
{
	line->out->help = "ipvsadm " DPVS_VERSION " (dpvs)\n";
	return 0;
}

static line_build_fn *const builders[] = {
	[VERB_ADD_SERVICE] = build_add_service,
	[VERB_EDIT_SERVICE] = build_edit_service,
	[VERB_DELETE_SERVICE] = build_delete_service,
	[VERB_CLEAR] = build_clear,
	[VERB_RESTORE] = build_restore,
	[VERB_SAVE] = build_save,
	[VERB_ADD_SERVER] = build_add_server,
	[VERB_EDIT_SERVER] = build_edit_server,
	[VERB_DELETE_SERVER] = build_delete_server,
	[VERB_LIST] = build_list,
	[VERB_ZERO] = build_zero,
	[VERB_ADD_LADDR] = build_add_laddr,
	[VERB_DELETE_LADDR] = build_delete_laddr,
	[VERB_GET_LADDR] = build_get_laddr,
	[VERB_SET] = build_set,
	[VERB_HELP] = print_help,
	[VERB_VERSION] = print_version,
};

static int build(struct line *line)
{
	struct command_options *options = &line->out->options;
	int r;

	if (!line->id)
		line->id = VERB_LIST; /* ipvsadm alone lists */
	r = check_options(line);
	if (r == 0 && line->given[OPTION_CPU])
		r = line_number(line, OPTION_CPU, 0, UINT32_MAX, &options->cpu);
	if (r < 0)
		return r;
	options->stats = line->given[OPTION_STATS];
	options->rate = line->given[OPTION_RATE];
	options->thresholds = line->given[OPTION_THRESHOLDS];
	options->persistent = line->given[OPTION_PERSISTENT_CONN];
	options->tun_info = line->given[OPTION_TUN_INFO];
	options->exact = line->given[OPTION_EXACT];
	options->json = line->given[OPTION_JSON];
	options->nosort = line->given[OPTION_NOSORT];
	options->numeric = line->given[OPTION_NUMERIC];
	return builders[line->id](line);
}

/* Is it -A or -E, alone or with other letters behind it? */
static bool is_service_verb(const char *word)
{
	return strcmp(word, "--add-service") == 0 || strcmp(word, "--edit-service") == 0 ||
	       (word[0] == '-' && (word[1] == 'A' || word[1] == 'E'));
}

/*
 * The letter b is two options: a server's forwarding, and a service's flags of its scheduler, as in
 * other ipvsadms. What it means is clear from the verb, before options are taken apart.
 */
static void name_sched_flags(int argc, char **argv)
{
	static const char option[] = "--sched-flags";
	bool service = false;

	for (int i = 1; i < argc; i++)
		service |= is_service_verb(argv[i]);
	for (int i = 1; service && i < argc; i++)
		if (strcmp(argv[i], "-b") == 0)
			argv[i] = (char *)(uintptr_t)option;
}

static int parse(const struct command_options *defaults, int argc, char **argv, struct command *out,
		 char *error, size_t size)
{
	struct line line = { .out = out, .error = error, .size = size };
	poptContext context = NULL;
	char **words;
	int r;

	command_init(out, defaults);
	words = calloc((size_t)argc + 1, sizeof(*words));
	if (words) {
		memcpy(words, argv, (size_t)argc * sizeof(*words));
		name_sched_flags(argc, words);
		context = poptGetContext(NULL, argc, (const char **)words, popt_table, 0);
	}
	if (!context) {
		free(words);
		return line_fail(&line, "no words, or no memory for them");
	}

	r = take_all(&line, context);
	if (r == 0)
		r = build(&line);
	for (int id = 0; id < OPTION__COUNT; id++)
		free(line.value[id]);
	poptFreeContext(context);
	free(words);
	return r;
}

int ipvsadm_parse(int argc, char **argv, struct command *out, char *error, size_t size)
{
	return parse(NULL, argc, argv, out, error, size);
}

const struct program ipvsadm_program = { .name = "ipvsadm", .parse = parse };
