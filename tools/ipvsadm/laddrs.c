/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvsadm -G: the local addresses of each service. Asks for services and
 * local addresses, so that a service without any is shown as such.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>

#include "ipvsadm/ipvsadm.h"
#include "ipvsadm/name.h"
#include "ipvsadm/table.h"
#include "lib/text.h"

static void print_service(FILE *out, const struct table *table, const struct api_service *service,
			  bool numeric)
{
	const struct api_laddr *laddr = NULL;
	char name[NAME_LEN], ip[TEXT_IP_LEN];

	fprintf(out, "%-20s %-8" PRIu32 "\n", name_service(&service->key, numeric, name),
		service->n_laddrs);
	while ((laddr = table_next_laddr(table, &service->key, laddr)))
		fprintf(out, "%-20s %-8s %-20s %-10" PRIu64 " %-10" PRIu64 "\n", "", "",
			text_of_ip(laddr->family, &laddr->addr, ip), laddr->conflicts,
			laddr->conns);
}

static int print_all(FILE *out, const struct command *command, const struct items *items,
		     const struct items *before, char *error, size_t size)
{
	struct table table;

	if (table_collect(&table, items, command->options.nosort) < 0)
		return command_fail(error, size, -ENOMEM, "out of memory");
	fprintf(out, "%-20s %-8s %-20s %-10s %-10s\n", "VIP:VPORT", "TOTAL", "SNAT_IP", "CONFLICTS",
		"CONNS");
	for (unsigned int i = 0; i < table.n; i++)
		print_service(out, &table, &table.services[i].service, command->options.numeric);
	table_free(&table);
	return 0;
}

static json_t *json_laddr(const struct api_laddr *laddr)
{
	json_t *object = json_object();
	char ip[TEXT_IP_LEN];

	json_object_set_new(object, "address",
			    json_string(text_of_ip(laddr->family, &laddr->addr, ip)));
	json_object_set_new(object, "dev", json_string(laddr->dev));
	json_object_set_new(object, "conflicts", json_integer((json_int_t)laddr->conflicts));
	json_object_set_new(object, "conns", json_integer((json_int_t)laddr->conns));
	return object;
}

static json_t *json_service(const struct table *table, const struct api_service_key *key)
{
	json_t *object = json_object(), *laddrs = json_array();
	const struct api_laddr *laddr = NULL;
	char ip[TEXT_IP_LEN];

	json_object_set_new(object, "protocol", json_string(name_protocol(key)));
	if (key->fwmark) {
		json_object_set_new(object, "fwmark", json_integer(key->fwmark));
	} else {
		json_object_set_new(object, "address",
				    json_string(text_of_ip(key->family, &key->addr, ip)));
		json_object_set_new(object, "port", json_integer(ntohs(key->port)));
	}
	while ((laddr = table_next_laddr(table, key, laddr)))
		json_array_append_new(laddrs, json_laddr(laddr));
	json_object_set_new(object, "local_addresses", laddrs);
	return object;
}

static json_t *json_all(const struct command *command, const struct items *items, char *error,
			size_t size)
{
	struct table table;
	json_t *services;

	if (table_collect(&table, items, command->options.nosort) < 0) {
		command_fail(error, size, -ENOMEM, "out of memory");
		return NULL;
	}
	services = json_array();
	for (unsigned int i = 0; i < table.n; i++)
		json_array_append_new(services,
				      json_service(&table, &table.services[i].service.key));
	table_free(&table);
	return services;
}

const struct view ipvsadm_laddrs_view = { .all = print_all, .json_all = json_all };
