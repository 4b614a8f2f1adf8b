/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test/lib/tool_rig: lines are split as scripts split theirs, so a test can
 * write a command as it is typed. The client is a local one, that answers from
 * the test's table.
 */
#include "lib/tool_rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/client.h"
#include "lib/prng.h"
#include "lib/runner.h"
#include "lib/splitline.h"
#include "ipvsadm/match.h"
#include "lib/text.h"
#include "lib/unit.h"

union api_ip tool_ip(const char *text)
{
	union api_ip ip;
	uint16_t family;

	assert_int_equal(text_ip(text, &family, &ip), 0);
	return ip;
}

static const char *request_name(uint16_t id)
{
	switch (id) {
#define X(name, number, access, body) \
	case number:                  \
		return #name;
		API_REQUESTS(X)
#undef X
	}
	return "?";
}

static void put_ip(FILE *out, const char *what, uint16_t family, const union api_ip *ip)
{
	char text[TEXT_IP_LEN];

	if (!text_ip_is_zero(ip))
		fprintf(out, " %s %s", what, text_of_ip(family, ip, text));
}

static void put_number(FILE *out, const char *what, uint32_t value, uint32_t usual)
{
	if (value != usual)
		fprintf(out, " %s %u", what, value);
}

static void put_key(FILE *out, const struct api_service_key *key)
{
	char text[TEXT_ENDPOINT_LEN], match[MATCH_LEN];

	if (key->has_match)
		fprintf(out, " match %s", match_option(key, match));
	else if (key->fwmark)
		fprintf(out, " mark %u/%u", key->fwmark, key->family == AF_INET6 ? 6 : 4);
	else if (key->family)
		fprintf(out, " %u %s", key->protocol,
			text_of_endpoint(key->family, &key->addr, key->port, text));
	else
		fprintf(out, " every");
}

static void put_filter(FILE *out, const struct api_filter *filter)
{
	if (filter->dev[0])
		fprintf(out, " dev %s", filter->dev);
	put_number(out, "cpu", filter->cpu, 0);
	put_number(out, "family", filter->family, 0);
	put_number(out, "flags", filter->flags, 0);
}

static void put_addr(FILE *out, const struct api_addr *addr)
{
	char text[TEXT_IP_LEN];

	fprintf(out, " %s/%u dev %s", text_of_ip(addr->family, &addr->addr, text), addr->plen,
		addr->dev);
	put_ip(out, "broadcast", addr->family, &addr->broadcast);
	put_number(out, "scope", addr->scope, API_SCOPE_UNSET);
	put_number(out, "flags", addr->flags, 0);
	put_number(out, "valid", addr->valid_lft_s, 0);
	put_number(out, "preferred", addr->preferred_lft_s, 0);
}

static void put_route(FILE *out, const struct api_route *route)
{
	char text[TEXT_IP_LEN];

	fprintf(out, " %s/%u", text_of_ip(route->family, &route->dst, text), route->plen);
	put_ip(out, "via", route->family, &route->via);
	put_ip(out, "src", route->family, &route->src);
	if (route->dev[0])
		fprintf(out, " dev %s", route->dev);
	put_number(out, "type", route->type, API_ROUTE_UNICAST);
	put_number(out, "scope", route->scope, API_SCOPE_UNSET);
	put_number(out, "proto", route->proto, API_PROTO_AUTO);
	put_number(out, "tos", route->tos, 0);
	put_number(out, "mtu", route->mtu, 0);
	put_number(out, "metric", route->metric, 0);
	put_number(out, "onlink", route->onlink, 0);
}

static void put_neigh(FILE *out, const struct api_neigh *neigh)
{
	char text[TEXT_IP_LEN], mac[TEXT_MAC_LEN];

	fprintf(out, " %s %s dev %s", text_of_ip(neigh->family, &neigh->addr, text),
		text_of_mac(neigh->mac, false, mac), neigh->dev);
	put_number(out, "static", neigh->is_static, 0);
}

static void put_link_set(FILE *out, const struct api_link_set *set)
{
	char mac[TEXT_MAC_LEN];

	fprintf(out, " %s what %u value %u", set->dev, set->what, set->value);
	if (set->what == API_LINK_SET_MAC)
		fprintf(out, " %s", text_of_mac(set->mac, false, mac));
}

static void put_mark(FILE *out, const struct api_mark *mark)
{
	char ip[TEXT_IP_LEN];

	put_number(out, "family", mark->family, 0);
	put_number(out, "given", mark->given, 0);
	put_number(out, "pref", mark->pref, 0);
	if (mark->given & API_MARK_FROM)
		fprintf(out, " from %s/%u", text_of_ip(mark->family, &mark->from, ip),
			mark->from_plen);
	if (mark->given & API_MARK_TO)
		fprintf(out, " to %s/%u", text_of_ip(mark->family, &mark->to, ip), mark->to_plen);
	put_number(out, "proto", mark->proto, 0);
	if (mark->given & API_MARK_SPORT)
		fprintf(out, " sport %u-%u", mark->sport, mark->sport_last);
	if (mark->given & API_MARK_DPORT)
		fprintf(out, " dport %u-%u", mark->dport, mark->dport_last);
	if (mark->iif[0])
		fprintf(out, " iif %s", mark->iif);
	put_number(out, "mark", mark->mark, 0);
}

static void put_vlan(FILE *out, const struct api_vlan *vlan)
{
	if (vlan->name[0])
		fprintf(out, " %s", vlan->name);
	if (vlan->link[0])
		fprintf(out, " link %s", vlan->link);
	if (vlan->proto)
		fprintf(out, " proto %x", vlan->proto);
	put_number(out, "id", vlan->id, 0);
}

static void put_tunnel(FILE *out, const struct api_tunnel_device *tunnel)
{
	uint16_t family = tunnel->mode >= API_TUNNEL_MODE_IPIP6 ? AF_INET6 : AF_INET;

	if (tunnel->name[0])
		fprintf(out, " %s", tunnel->name);
	put_number(out, "mode", tunnel->mode, 0);
	put_ip(out, "remote", family, &tunnel->remote);
	put_ip(out, "local", family, &tunnel->local);
	if (tunnel->link[0])
		fprintf(out, " dev %s", tunnel->link);
	put_number(out, "ttl", tunnel->ttl, 0);
	put_number(out, "tos", tunnel->tos, 0);
	put_number(out, "ikey", tunnel->ikey, 0);
	put_number(out, "okey", tunnel->okey, 0);
	put_number(out, "iflags", tunnel->iflags, 0);
	put_number(out, "oflags", tunnel->oflags, 0);
	put_number(out, "given", tunnel->given, 0);
}

static void put_link_add(FILE *out, const struct api_link_add *add)
{
	fprintf(out, " %s kind %u \"%s\"", add->name, add->kind, add->device);
	if (add->mtu)
		fprintf(out, " mtu %u", add->mtu);
	if (add->rx_descriptors || add->tx_descriptors)
		fprintf(out, " descriptors %u %u", add->rx_descriptors, add->tx_descriptors);
}

/* The words of the bits from `first` on. */
static void put_kept(FILE *out, uint32_t bits, uint32_t first, const char *const *words,
		     unsigned int n)
{
	const char *before = " keeps ";

	for (unsigned int i = 0; i < n; i++) {
		if (!(bits & first << i))
			continue;
		fprintf(out, "%s%s", before, words[i]);
		before = ",";
	}
}

static void put_service(FILE *out, const struct api_service *service)
{
	static const char *const words[] = { "scheduler", "persistence",  "mask",
					     "ops",       "conn-timeout", "on-remove" };

	put_key(out, &service->key);
	if (service->sched[0])
		fprintf(out, " %s", service->sched);
	put_number(out, "flags", service->flags, 0);
	put_number(out, "timeout", service->timeout_s, 0);
	put_number(out, "plen", service->plen,
		   service->keep & API_SERVICE_KEEP_PLEN ? 0 : text_ip_bits(service->key.family));
	put_number(out, "conn-timeout", service->conn_timeout_s, 0);
	put_number(out, "on-remove", service->on_remove, 0);
	put_kept(out, service->keep, 1, words, LENGTH(words));
}

static void put_dest(FILE *out, const struct api_dest *dest)
{
	static const char *const words[] = { "forward", "weight", "upper", "lower" };
	char text[TEXT_ENDPOINT_LEN];

	put_key(out, &dest->service);
	fprintf(out, " -> %s forward %u weight %u",
		text_of_endpoint(dest->family, &dest->addr, dest->port, text), dest->forward,
		dest->weight);
	put_number(out, "upper", dest->upper, 0);
	put_number(out, "lower", dest->lower, 0);
	put_kept(out, dest->flags, API_DEST_KEEP_FORWARD, words, LENGTH(words));
}

static void put_laddr(FILE *out, const struct api_laddr *laddr)
{
	put_key(out, &laddr->service);
	put_ip(out, "local", laddr->family, &laddr->addr);
	fprintf(out, " dev %s", laddr->dev);
}

static void put_service_filter(FILE *out, const struct api_service_filter *filter)
{
	put_key(out, &filter->key);
	put_number(out, "cpu", filter->cpu, 0);
	put_number(out, "flags", filter->flags, 0);
}

void tool_request_text(FILE *out, uint16_t id, const void *body)
{
	const struct api_stats_filter *stats = body;
	const struct api_conn_filter *conns = body;
	const struct api_timeouts *timeouts = body;
	char text[TEXT_ENDPOINT_LEN];

	fputs(request_name(id), out);
	if (id >= API_ADDR_ADD && id <= API_ADDR_DEL)
		put_addr(out, body);
	else if (id >= API_ROUTE_ADD && id <= API_ROUTE_DEL)
		put_route(out, body);
	else if (id >= API_NEIGH_ADD && id <= API_NEIGH_DEL)
		put_neigh(out, body);
	else if (id == API_LINK_SET)
		put_link_set(out, body);
	else if (id == API_LINK_ADD)
		put_link_add(out, body);
	else if (id == API_LINK_DEL)
		fprintf(out, " %s", ((const struct api_link_del *)body)->dev);
	else if (id >= API_VLAN_ADD && id <= API_VLAN_LIST)
		put_vlan(out, body);
	else if (id >= API_TUNNEL_ADD && id <= API_TUNNEL_REPLACE)
		put_tunnel(out, body);
	else if (id >= API_MARK_ADD && id <= API_MARK_LIST)
		put_mark(out, body);
	else if (id >= API_ADDR_FLUSH && id <= API_LINK_LIST)
		put_filter(out, body);
	else if (id == API_STATS_LIST)
		fprintf(out, " what %u cpu %u", stats->what, stats->cpu);
	else if (id == API_SERVICE_ADD || id == API_SERVICE_SET)
		put_service(out, body);
	else if (id == API_SERVICE_DEL || id == API_SERVICE_ZERO)
		put_key(out, body);
	else if (id == API_SERVICE_LIST || id == API_LADDR_LIST)
		put_service_filter(out, body);
	else if (id >= API_DEST_ADD && id <= API_DEST_DEL)
		put_dest(out, body);
	else if (id == API_LADDR_ADD || id == API_LADDR_DEL)
		put_laddr(out, body);
	else if (id == API_TIMEOUT_SET)
		fprintf(out, " %u %u %u", timeouts->tcp_s, timeouts->tcp_fin_s, timeouts->udp_s);
	else if (id == API_CONN_LIST) {
		put_key(out, &conns->key);
		put_number(out, "cpu", conns->cpu, 0);
		if (conns->pair_family) {
			fprintf(out, " pair %s",
				text_of_endpoint(conns->pair_family, &conns->pair_src,
						 conns->pair_sport, text));
			fprintf(out, " %s",
				text_of_endpoint(conns->pair_family, &conns->pair_dst,
						 conns->pair_dport, text));
		}
	}
}

/* Parses a line as a shell would hand it over. */
static int parse_line(const struct program *program, const char *line, struct command *command,
		      char *error, size_t size)
{
	char *words[SPLITLINE_WORDS + 1], *copy = strdup(line), name[16];
	int n, r;

	assert_non_null(copy);
	n = splitline(copy, words + 1, SPLITLINE_WORDS - 1);
	assert_true(n >= 0);
	snprintf(name, sizeof(name), "%s", program->name);
	words[0] = name;
	words[n + 1] = NULL;
	r = program->parse(NULL, n + 1, words, command, error, size);
	free(copy);
	return r;
}

char *tool_requests(const struct program *program, const char *line)
{
	char error[COMMAND_ERROR_LEN] = "", *text;
	struct command command;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	if (parse_line(program, line, &command, error, sizeof(error)) < 0)
		fprintf(out, "EXIT 2: %s", error);
	else if (command.kind == COMMAND_HELP)
		fputs("HELP", out);
	else if (command.kind == COMMAND_SCRIPT)
		fprintf(out, "SCRIPT %s", command.file);
	for (unsigned int i = 0; !*error && i < command.n_requests; i++) {
		if (i)
			fputs("; ", out);
		tool_request_text(out, command.requests[i].id, &command.requests[i].body);
	}
	fclose(out);
	return text;
}

void tool_check_rows(const struct program *program, const struct tool_row *rows, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		char *got = tool_requests(program, rows[i].line);

		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s %s\n\twanted %s\n\tgot    %s", program->name, rows[i].line,
				 rows[i].want, got);
		free(got);
	}
}

struct local {
	const struct tool_answer *answer;
	unsigned int n_refusable;
	FILE *changes;
};

static int answer_request(void *arg, uint32_t index, uint16_t id, const void *body, uint32_t len,
			  const struct client_receiver *to, char *error, size_t size)
{
	struct local *local = arg;
	const struct tool_answer *answer = local->answer;

	if (answer->counts)
		++*answer->counts;
	if (id == answer->refused && ++local->n_refusable == answer->nth)
		return command_fail(error, size, -EEXIST, "it is there already");
	for (unsigned int i = 0; i < answer->n && to && to->item; i++) {
		const struct tool_item *from = &answer->items[i];
		const struct client_item item = {
			.index = index,
			.id = id,
			.kind = from->kind,
			.len = from->len,
			.object = from->object,
		};
		int r = from->id == id ? to->item(to->arg, &item) : 0;

		if (r < 0)
			return r;
	}
	/* changes are shown like output */
	if (!answer->n) {
		tool_request_text(local->changes, id, body);
		fputc('\n', local->changes);
	}
	return 0;
}

char *tool_prints(const struct program *program, const char *line, const struct tool_answer *answer,
		  char **errors, int *code)
{
	struct runner runner = { .program = program };
	char error[COMMAND_ERROR_LEN], *out, *err;
	struct local local = { .answer = answer };
	struct command command;
	size_t out_size, err_size;

	runner.out = local.changes = open_memstream(&out, &out_size);
	runner.err = open_memstream(&err, &err_size);
	runner.client = client_local(answer_request, &local);
	assert_true(runner.out && runner.err && runner.client);

	if (parse_line(program, line, &command, error, sizeof(error)) < 0) {
		runner_complain(&runner, "%s", error);
		*code = RUNNER_USAGE;
	} else {
		*code = runner_run(&runner, &command, "");
	}
	client_close(runner.client);
	fclose(runner.out);
	fclose(runner.err);
	if (errors)
		*errors = err;
	else
		free(err);
	return out;
}

void tool_word_soup(const struct program *program, const char *words, uint64_t seed)
{
	char name[16], *split[SPLITLINE_WORDS], *copy = strdup(words);
	struct prng prng = { seed };
	unsigned int accepted = 0;
	int n_words;

	assert_non_null(copy);
	n_words = splitline(copy, split, SPLITLINE_WORDS);
	assert_true(n_words > 0);
	snprintf(name, sizeof(name), "%s", program->name);

	for (unsigned int i = 0; i < 50000; i++) {
		char error[COMMAND_ERROR_LEN] = "", *line[12] = { name };
		unsigned int n = prng_below(&prng, 10);
		struct command command;

		for (unsigned int k = 1; k <= n; k++)
			line[k] = split[prng_below(&prng, n_words)];
		line[n + 1] = NULL;
		if (program->parse(NULL, n + 1, line, &command, error, sizeof(error)) == 0)
			accepted++;
		else
			assert_true(*error && !strchr(error, '\n'));
	}
	assert_in_range(accepted, 100, 49999);
	free(copy);
}
