/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sched_kernel_test: with one worker, every scheduler picks the servers that the
 * Linux kernel picks, and counts connections as it does, in all cases of
 * test/data/ipvs_sched.txt (which says what its lines mean). Here it is services,
 * servers and picks alone, without packets: so IPv6 and firewall marks are driven
 * too, whatever the stages do with them. A mark's service is one without a port; its servers
 * have none.
 */
#include "lib/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/ipvs.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/tables.h"
#include "ipvs/template.h"
#include "lib/ipvs_rig.h"
#include "packet/tuple.h"

#define SERVERS 8
#define CONNS   512
#define LISTS   32
#define CLIENTS 400
#define CASES   109

struct client {
	struct tuple tuple;
};

struct list {
	char name[16];
	struct client clients[CLIENTS];
	unsigned int n;
};

struct server {
	struct dest_config config;
	struct dest *dest; /* worker 1's; NULL: not there */
};

struct player {
	struct list lists[LISTS];
	unsigned int n_lists;
	unsigned int line, cases, others; /* those with options: persistence, one packet */

	/* the case */
	char name[64];
	struct ipvs_rig *rig;
	struct service_key key;
	struct server servers[SERVERS];
	struct conn conns[CONNS];
	struct dest *of[CONNS]; /* by id of TCP's */
	unsigned int n_conns;
};

static unsigned int parse_addr(const char *text, union ip_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	if (strchr(text, ':')) {
		assert_int_equal(inet_pton(AF_INET6, text, addr->v6), 1);
		return AF_INET6;
	}
	assert_int_equal(inet_pton(AF_INET, text, &addr->v4), 1);
	return AF_INET;
}

static struct client make_client(const char *addr, unsigned int port, const char *asked)
{
	struct client client = { .tuple = { .sport = htons((uint16_t)port), .dport = htons(80) } };

	client.tuple.family = (uint8_t)parse_addr(addr, &client.tuple.src);
	if (asked)
		assert_int_equal(parse_addr(asked, &client.tuple.dst), client.tuple.family);
	return client;
}

static struct service *service_of(const struct player *player, unsigned int worker)
{
	return service_lookup(ipvs_rig_table(player->rig, worker), player->key.proto,
			      player->key.family, &player->key.addr, player->key.port);
}

/* ---- lists ---- */

static void take_list(struct player *player, const char *line)
{
	struct list *list = &player->lists[player->n_lists++];

	assert_in_range(player->n_lists, 1, LISTS);
	assert_int_equal(sscanf(line, "list %15s", list->name), 1);
}

static void take_client(struct player *player, const char *line)
{
	struct list *list = &player->lists[player->n_lists - 1];
	char addr[48], asked[48];
	unsigned int port;
	int n = sscanf(line, "%47s %u %47s", addr, &port, asked);

	assert_in_range(n, 2, 3);
	assert_in_range(list->n, 0, CLIENTS - 1);
	list->clients[list->n++] = make_client(addr, port, n == 3 ? asked : NULL);
}

static const struct list *find_list(const struct player *player, const char *name)
{
	for (unsigned int i = 0; i < player->n_lists; i++)
		if (strcmp(player->lists[i].name, name) == 0)
			return &player->lists[i];
	fail_msg("line %u: no list %s", player->line, name);
	return NULL;
}

/* ---- a case ---- */

static void end_case(struct player *player)
{
	if (player->rig)
		ipvs_rig_destroy(player->rig);
	player->rig = NULL;
}

static uint32_t flag_bits(char *words)
{
	uint32_t bits = 0;

	for (char *word; (word = strsep(&words, ","));) {
		if (strstr(word, "-fallback"))
			bits |= API_SERVICE_SCHED1;
		else if (strstr(word, "-port"))
			bits |= API_SERVICE_SCHED2;
		else
			assert_string_equal(word, "-");
	}
	return bits;
}

/* "-p_300_-M_255.255.255.0", "-p_300_-M_64", "--ops" or "-". */
static void take_options(struct service_config *config, const char *options, unsigned int family)
{
	const char *mask = strstr(options, "-M_");
	union ip_addr addr;

	config->one_packet = strcmp(options, "--ops") == 0;
	if (sscanf(options, "-p_%u", &config->persist_s) != 1)
		return;
	config->persist_plen = family == AF_INET6 ? 128 : 32;
	if (mask && family == AF_INET6)
		config->persist_plen = (uint32_t)atoi(mask + 3);
	else if (mask && parse_addr(mask + 3, &addr) == AF_INET)
		config->persist_plen = (uint32_t)__builtin_popcount(addr.v4);
}

static void take_case(struct player *player, const char *line)
{
	char sched[16], flags[64], options[64], proto[8];
	struct service_config config = { .sched = NULL };
	unsigned int family;

	end_case(player);
	assert_int_equal(sscanf(line, "case %63s %15s %63s %63s %7s %u", player->name, sched, flags,
				options, proto, &family),
			 6);
	player->cases++;
	memset(player->servers, 0, sizeof(player->servers));
	memset(player->conns, 0, sizeof(player->conns));
	player->n_conns = 0;
	player->rig = ipvs_rig_create(1);
	player->key = (struct service_key){ .family = family == 6 ? AF_INET6 : AF_INET,
					    .proto = strcmp(proto, "tcp") == 0 ? IPPROTO_TCP
									       : IPPROTO_UDP };
	config.sched = sched_find(sched);
	assert_non_null(config.sched);
	config.sched_flags = flag_bits(flags);
	player->others += strcmp(options, "-") != 0;
	take_options(&config, options, player->key.family);
	assert_int_equal(service_add(player->rig->all, &player->key, &config), 0);
}

static void add_server(struct player *player, unsigned int number)
{
	struct server *server = &player->servers[number];

	assert_int_equal(dest_add(player->rig->all, service_of(player, 0), &server->config), 0);
	server->dest = service_of(player, 1)->dests[0];
	assert_true(ip_equal(&server->dest->addr, &server->config.addr));
}

static void take_server(struct player *player, const char *line, bool now)
{
	unsigned int number, port, weight, upper, lower;
	struct dest_config *config;
	char addr[48];

	assert_int_equal(sscanf(line, "%*s %u %47s %u %u %u %u", &number, addr, &port, &weight,
				&upper, &lower),
			 6);
	assert_in_range(number, 1, SERVERS - 1);
	config = &player->servers[number].config;
	*config = (struct dest_config){ .port = htons((uint16_t)port),
					.forward = API_FORWARD_FNAT,
					.weight = weight,
					.upper = upper,
					.lower = lower };
	config->family = (uint16_t)parse_addr(addr, &config->addr);
	if (now)
		add_server(player, number);
}

static struct dest *master_dest(struct player *player, unsigned int number)
{
	const struct dest_config *config = &player->servers[number].config;

	return dest_find(ipvs_rig_table(player->rig, 0), service_of(player, 0), config->family,
			 &config->addr, config->port);
}

static struct dest *persistent_dest(const struct player *player, struct service *svc,
				    const struct sched_packet *packet)
{
	struct template_decision decision;
	enum drop_reason reason;

	if (!template_decide(player->rig->all[1], svc, packet, &decision, &reason))
		return NULL;
	return dest_get(ipvs_rig_table(player->rig, 1), decision.dest);
}

/* The server of a new client, counted as the kernel counts it. */
static void open_conn(struct player *player, const struct client *client, char want,
		      enum tcp_state state)
{
	struct sched_packet packet = { .tuple = &client->tuple, .now_ms = 1000 };
	struct conn *conn = &player->conns[player->n_conns];
	struct service *svc = service_of(player, 1);
	struct dest *dest;
	char got = '-';

	tables_settle(player->rig->all);
	dest = svc->persist_s ? persistent_dest(player, svc, &packet)
			      : service_schedule(player->rig->all[1], svc, &packet);
	for (unsigned int i = 0; i < SERVERS && dest; i++)
		if (player->servers[i].dest == dest)
			got = (char)('0' + i);
	if (got != want)
		fail_msg("%s: connection %u (line %u): got %c, want %c", player->name,
			 player->n_conns, player->line, got, want);
	assert_in_range(player->n_conns, 0, CONNS - 1);
	player->of[player->n_conns++] = dest;
	if (!dest)
		return;
	ipvs_rig_conn_new(dest, conn);
	conn->state = (uint8_t)state;
	if (player->key.proto == IPPROTO_TCP && tcp_state_active(state))
		dest_conn_active(dest, conn);
	if (svc->flags & SERVICE_ONE_PACKET)
		dest_conn_free(dest, conn);
}

static void take_picks(struct player *player, const char *line)
{
	char name[16], picks[CLIENTS + 1];
	const struct list *list;

	assert_int_equal(sscanf(line, "picks %15s %400s", name, picks), 2);
	list = find_list(player, name);
	assert_in_range(strlen(picks), 1, list->n);
	for (unsigned int i = 0; picks[i]; i++)
		open_conn(player, &list->clients[i], picks[i], TCP_SYN_RECV);
}

static void check_counts(const struct player *player, unsigned int number, unsigned int weight,
			 unsigned int active, unsigned int inactive)
{
	const struct dest *dest = player->servers[number].dest;

	assert_non_null(dest);
	if (dest->weight != weight || dest->active != active || dest->inactive != inactive)
		fail_msg("%s (line %u): server %u: got %u/%u/%u, want %u/%u/%u", player->name,
			 player->line, number, dest->weight, dest->active, dest->inactive, weight,
			 active, inactive);
}

static void take_after(const struct player *player, const char *line)
{
	unsigned int number, weight, active, inactive;

	assert_int_equal(sscanf(line, "after %u %u %u %u", &number, &weight, &active, &inactive),
			 4);
	check_counts(player, number, weight, active, inactive);
}

static void check_states(const struct player *player, char *text)
{
	for (char *word; (word = strsep(&text, ","));) {
		unsigned int number, weight, active, inactive;

		assert_int_equal(sscanf(word, "%u:%u/%u/%u", &number, &weight, &active, &inactive),
				 4);
		check_counts(player, number, weight, active, inactive);
	}
}

/* ---- events ---- */

static void end_conn(struct player *player, const char *line, enum tcp_state state)
{
	unsigned int id;

	assert_int_equal(sscanf(line, "%*s %u", &id), 1);
	assert_in_range(id, 0, player->n_conns - 1);
	assert_false(tcp_state_active(state));
	dest_conn_inactive(player->of[id], &player->conns[id]);
}

static void change_server(struct player *player, const char *line)
{
	unsigned int number, weight = 0;
	char verb[16];

	assert_in_range(sscanf(line, "%15s %u %u", verb, &number, &weight), 2, 3);
	assert_in_range(number, 1, SERVERS - 1);
	if (strcmp(verb, "add") == 0) {
		player->servers[number].config.weight = weight;
		add_server(player, number);
	} else if (strcmp(verb, "delete") == 0) {
		assert_int_equal(dest_del(player->rig->all, master_dest(player, number)), 0);
	} else {
		player->servers[number].config.weight = weight;
		assert_int_equal(dest_set(player->rig->all, master_dest(player, number),
					  &player->servers[number].config),
				 0);
	}
}

static void open_event(struct player *player, const char *line, enum tcp_state state)
{
	bool udp = strncmp(line, "udp", 3) == 0;
	unsigned int id = player->n_conns, port;
	char addr[48], want;
	struct client client;

	if (udp)
		assert_int_equal(sscanf(line, "udp %47s %u %c", addr, &port, &want), 3);
	else
		assert_int_equal(sscanf(line, "%*s %u %47s %u %c", &id, addr, &port, &want), 4);
	assert_int_equal(id, player->n_conns);
	client = make_client(addr, port, NULL);
	open_conn(player, &client, want, state);
}

static void take_event(struct player *player, char *line)
{
	char *states = strrchr(line, ' ');

	assert_non_null(states);
	*states++ = '\0';
	if (strncmp(line, "open", 4) == 0)
		open_event(player, line, TCP_ESTABLISHED);
	else if (strncmp(line, "halfopen", 8) == 0 || strncmp(line, "udp", 3) == 0)
		open_event(player, line, TCP_SYN_RECV);
	else if (strncmp(line, "fin", 3) == 0)
		end_conn(player, line, TCP_TIME_WAIT);
	else if (strncmp(line, "rst", 3) == 0)
		end_conn(player, line, TCP_CLOSE);
	else
		change_server(player, line);
	check_states(player, states);
}

static void take_line(struct player *player, char *line)
{
	if (line[0] == '#' || line[0] == '\0')
		return;
	if (strncmp(line, "list ", 5) == 0)
		take_list(player, line);
	else if (!player->rig && strncmp(line, "case ", 5) != 0)
		take_client(player, line);
	else if (strncmp(line, "case ", 5) == 0)
		take_case(player, line);
	else if (strncmp(line, "server ", 7) == 0 || strncmp(line, "later ", 6) == 0)
		take_server(player, line, line[0] == 's');
	else if (strncmp(line, "picks ", 6) == 0)
		take_picks(player, line);
	else if (strncmp(line, "after ", 6) == 0)
		take_after(player, line);
	else
		take_event(player, line);
}

static void test_like_the_kernel(void **state)
{
	const char *root = getenv("ROOT");
	struct player *player = calloc(1, sizeof(*player));
	char path[512], line[1024];
	FILE *facts;

	assert_non_null(player);
	snprintf(path, sizeof(path), "%s/test/data/ipvs_sched.txt", root ? root : ".");
	facts = fopen(path, "r");
	if (!facts)
		fail_msg("%s cannot be read", path);
	while (fgets(line, sizeof(line), facts)) {
		player->line++;
		line[strcspn(line, "\n")] = '\0';
		take_line(player, line);
	}
	fclose(facts);
	end_case(player);
	assert_int_equal(player->cases, CASES);
	/* three of persistence, one of one packet */
	assert_int_equal(player->others, 4);
	free(player);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_like_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
