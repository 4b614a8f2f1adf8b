/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvsadm -L: services and their servers. Columns and widths are the ones that
 * scripts of ipvsadm's users parse; --stats, --rate and --thresholds change the
 * columns, never the rows.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "ipvsadm/flags.h"
#include "ipvsadm/forward.h"
#include "ipvsadm/ipvsadm.h"
#include "ipvsadm/match.h"
#include "ipvsadm/name.h"
#include "ipvsadm/table.h"
#include "lib/items.h"
#include "lib/text.h"

/* Nine characters wide at the least, rounded to K, M, G or T from 100 million on unless exact. */
static void print_large(FILE *out, uint64_t n, bool exact)
{
	static const struct {
		uint64_t below;
		uint64_t unit;
		const char *letter;
	} rows[] = {
		{ 100000000000ull, 1000ull, "K" },
		{ 100000000000000ull, 1000000ull, "M" },
		{ 100000000000000000ull, 1000000000ull, "G" },
		{ UINT64_MAX, 1000000000000ull, "T" },
	};
	unsigned int i = 0;

	if (exact || n < 100000000) {
		fprintf(out, exact ? " %8" PRIu64 : "%9" PRIu64, n);
		return;
	}
	while (n >= rows[i].below && i < 3)
		i++;
	fprintf(out, "%8" PRIu64 "%s", n / rows[i].unit, rows[i].letter);
}

static void print_numbers(FILE *out, const struct command_options *options,
			  const struct api_ipvs_stats *stats)
{
	const uint64_t totals[] = { stats->conns, stats->inpkts, stats->outpkts, stats->inbytes,
				    stats->outbytes };
	const uint64_t rates[] = { stats->cps, stats->inpps, stats->outpps, stats->inbps,
				   stats->outbps };

	for (unsigned int i = 0; i < 5; i++)
		print_large(out, options->rate ? rates[i] : totals[i], options->exact);
	fputc('\n', out);
}

static void print_header(FILE *out, const struct command_options *options,
			 const struct items *items)
{
	const struct items_entry *entry = items_next_of(items, NULL, API_KIND_HELLO);
	struct api_hello hello = { 0 };

	if (entry)
		items_object(entry, &hello, sizeof(hello));
	fprintf(out, "IP Virtual Server version %.*s (size=0)\n", (int)sizeof(hello.version),
		hello.version);
	if (options->stats)
		fprintf(out, "%-33s %8s %8s %8s %8s %8s\n  -> RemoteAddress:Port\n",
			"Prot LocalAddress:Port", "Conns", "InPkts", "OutPkts", "InBytes",
			"OutBytes");
	else if (options->rate)
		fprintf(out, "%-33s %8s %8s %8s %8s %8s\n  -> RemoteAddress:Port\n",
			"Prot LocalAddress:Port", "CPS", "InPPS", "OutPPS", "InBPS", "OutBPS");
	else if (options->persistent)
		fprintf(out, "%-33s %-9s %-11s %-10s %-10s\n  -> RemoteAddress:Port\n",
			"Prot LocalAddress:Port", "Weight", "PersistConn", "ActiveConn",
			"InActConn");
	else if (options->thresholds)
		fprintf(out, "%-33s %-10s %-10s %-10s %-10s\n  -> RemoteAddress:Port\n",
			"Prot LocalAddress:Port", "Uthreshold", "Lthreshold", "ActiveConn",
			"InActConn");
	else if (options->tun_info)
		fputs("Prot LocalAddress:Port Scheduler Flags\n"
		      "  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn "
		      "InActConn\n",
		      out);
	else
		fputs("Prot LocalAddress:Port Scheduler Flags\n"
		      "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n",
		      out);
}

static void print_service(FILE *out, const struct command_options *options,
			  const struct api_service *service)
{
	char name[NAME_LEN], row[NAME_LEN + 8];

	snprintf(row, sizeof(row), "%-4s %s", name_protocol(&service->key),
		 name_service(&service->key, options->numeric, name));
	if (options->stats || options->rate) {
		fprintf(out, "%-33s", row);
		print_numbers(out, options, &service->stats);
		return;
	}
	fprintf(out, "%s %s", row, service->sched);
	flags_print(out, service);
	fputc('\n', out);
}

static void print_dest(FILE *out, const struct command_options *options,
		       const struct api_dest *dest)
{
	char name[NAME_LEN], tunnel[FORWARD_TUNNEL_LEN];

	fprintf(out, "  -> %-28s", name_dest(dest, options->numeric, name));
	if (options->stats || options->rate) {
		print_numbers(out, options, &dest->stats);
		return;
	}
	if (options->persistent)
		fprintf(out, " %-9" PRIu32 " %-11" PRIu32 " %-10" PRIu32 " %-10" PRIu32 "\n",
			dest->weight, dest->persistent, dest->active, dest->inactive);
	else if (options->thresholds)
		fprintf(out, " %-10" PRIu32 " %-10" PRIu32 " %-10" PRIu32 " %-10" PRIu32 "\n",
			dest->upper, dest->lower, dest->active, dest->inactive);
	else if (options->tun_info)
		fprintf(out, " %-7s %-13s %-6" PRIu32 " %-10" PRIu32 " %-10" PRIu32 "\n",
			forward_text(dest->forward), forward_tunnel_info(dest, tunnel),
			dest->weight, dest->active, dest->inactive);
	else
		fprintf(out, " %-7s %-6" PRIu32 " %-10" PRIu32 " %-10" PRIu32 "%s\n",
			forward_text(dest->forward), dest->weight, dest->active, dest->inactive,
			dest->flags & API_DEST_OVERLOAD ? "[ overload]" : "");
}

/* The one service that was asked for must be there. */
static int check_found(const struct command *command, const struct table *table, char *error,
		       size_t size)
{
	const struct api_service_key *key =
		&command->requests[command->n_requests - 1].body.service_filter.key;
	char name[NAME_LEN];

	if (table->n || name_key_is_any(key))
		return 0;
	return command_fail(error, size, -ENOENT, "there is no service %s %s", name_protocol(key),
			    name_service(key, true, name));
}

static int collect(const struct command *command, const struct items *items, struct table *table,
		   char *error, size_t size)
{
	int r;

	if (table_collect(table, items, command->options.nosort) < 0)
		return command_fail(error, size, -ENOMEM, "out of memory");
	r = check_found(command, table, error, size);
	if (r < 0)
		table_free(table);
	return r;
}

static int print_all(FILE *out, const struct command *command, const struct items *items,
		     const struct items *before, char *error, size_t size)
{
	const struct items_entry *entry = NULL;
	struct api_dest dest;
	struct table table;
	int r;

	r = collect(command, items, &table, error, size);
	if (r < 0)
		return r;
	print_header(out, &command->options, items);
	for (unsigned int i = 0; i < table.n; i++) {
		const struct table_service *service = &table.services[i];

		print_service(out, &command->options, &service->service);
		while ((entry = table_next_dest(items, service, entry, &dest)))
			print_dest(out, &command->options, &dest);
	}
	table_free(&table);
	return 0;
}

static void put(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

static void put_address(json_t *object, uint16_t family, const union api_ip *ip, be16 port)
{
	char text[TEXT_IP_LEN];

	json_object_set_new(object, "address", json_string(text_of_ip(family, ip, text)));
	put(object, "port", ntohs(port));
}

static void put_stats(json_t *object, const struct api_ipvs_stats *stats)
{
	put(object, "conns", stats->conns);
	put(object, "inpkts", stats->inpkts);
	put(object, "outpkts", stats->outpkts);
	put(object, "inbytes", stats->inbytes);
	put(object, "outbytes", stats->outbytes);
	put(object, "cps", stats->cps);
	put(object, "inpps", stats->inpps);
	put(object, "outpps", stats->outpps);
	put(object, "inbps", stats->inbps);
	put(object, "outbps", stats->outbps);
}

static json_t *json_dest(const struct api_dest *dest)
{
	json_t *object = json_object();

	put_address(object, dest->family, &dest->addr, dest->port);
	if (dest->port_last)
		put(object, "port_last", ntohs(dest->port_last));
	json_object_set_new(object, "forward", json_string(forward_text(dest->forward)));
	if (dest->forward == API_FORWARD_TUNNEL) {
		json_object_set_new(object, "tun_type",
				    json_string(forward_tunnel_name(dest->tun_type)));
		put(object, "tun_port", ntohs(dest->tun_port));
		json_object_set_new(object, "tun_csum",
				    json_string(forward_tunnel_csum(dest->tun_flags)));
	}
	put(object, "weight", dest->weight);
	put(object, "active", dest->active);
	put(object, "inactive", dest->inactive);
	put(object, "persistent", dest->persistent);
	put(object, "uthreshold", dest->upper);
	put(object, "lthreshold", dest->lower);
	json_object_set_new(object, "overload", json_boolean(dest->flags & API_DEST_OVERLOAD));
	put_stats(object, &dest->stats);
	return object;
}

static void put_text(json_t *object, const char *key, const char *text)
{
	if (*text)
		json_object_set_new(object, key, json_string(text));
}

static void put_match(json_t *object, const struct api_service_key *key)
{
	json_t *match = json_object();
	char text[MATCH_LEN];

	json_object_set_new(match, "proto", json_string(match_proto(key)));
	put_text(match, "src_range", match_source(key, text));
	put_text(match, "dst_range", match_destination(key, text));
	put_text(match, "iif", key->match.iif);
	put_text(match, "oif", key->match.oif);
	json_object_set_new(match, "af", json_string(key->family == AF_INET6 ? "ipv6" : "ipv4"));
	json_object_set_new(object, "match", match);
}

static json_t *json_service(const struct api_service *service)
{
	json_t *object = json_object();

	json_object_set_new(object, "protocol", json_string(name_protocol(&service->key)));
	if (service->key.has_match)
		put_match(object, &service->key);
	else if (service->key.fwmark)
		put(object, "fwmark", service->key.fwmark);
	else
		put_address(object, service->key.family, &service->key.addr, service->key.port);
	json_object_set_new(object, "scheduler", json_string(service->sched));
	json_object_set_new(object, "flags", flags_json(service));
	put(object, "local_addresses", service->n_laddrs);
	put_stats(object, &service->stats);
	return object;
}

static json_t *json_all(const struct command *command, const struct items *items, char *error,
			size_t size)
{
	const struct items_entry *entry = NULL;
	struct api_dest dest;
	struct table table;
	json_t *services;

	if (collect(command, items, &table, error, size) < 0)
		return NULL;
	services = json_array();
	for (unsigned int i = 0; i < table.n; i++) {
		json_t *service = json_service(&table.services[i].service), *servers = json_array();

		while ((entry = table_next_dest(items, &table.services[i], entry, &dest)))
			json_array_append_new(servers, json_dest(&dest));
		json_object_set_new(service, "servers", servers);
		json_array_append_new(services, service);
	}
	table_free(&table);
	return services;
}

const struct view ipvsadm_list_view = { .all = print_all, .json_all = json_all };
