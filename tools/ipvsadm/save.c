/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvsadm -S: lines that -R reads. A service's local addresses come before its
 * servers, and the servers from the last to the first, since each new one
 * stands in front: so -R makes the same order.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "ipvsadm/flags.h"
#include "ipvsadm/forward.h"
#include "ipvsadm/ipvsadm.h"
#include "ipvsadm/match.h"
#include "ipvsadm/name.h"
#include "ipvsadm/save.h"
#include "ipvsadm/table.h"
#include "lib/items.h"
#include "lib/text.h"

/* "-t 10.0.0.1:80", "-f 5 -6": what names the service on a command line. */
static void service_option(const struct api_service_key *key, bool numeric, char *buf, size_t size)
{
	char name[NAME_LEN];

	if (key->has_match)
		snprintf(buf, size, "-H %s", match_option(key, name));
	else if (key->fwmark)
		snprintf(buf, size, "-f %" PRIu32 "%s", key->fwmark,
			 key->family == AF_INET6 ? " -6" : "");
	else
		snprintf(buf, size, "%s %s",
			 key->protocol == IPPROTO_UDP    ? "-u"
			 : key->protocol == IPPROTO_SCTP ? "--sctp-service"
							 : "-t",
			 name_service(key, numeric, name));
}

void save_dest(FILE *out, const struct api_dest *dest, bool numeric)
{
	char name[NAME_LEN], service[NAME_LEN + 24], tunnel[FORWARD_TUNNEL_LEN];

	service_option(&dest->service, numeric, service, sizeof(service));
	fprintf(out, "-a %s -r %s %s -w %" PRIu32 "%s", service, name_dest(dest, numeric, name),
		forward_option(dest->forward), dest->weight, forward_tunnel_options(dest, tunnel));
	if (dest->upper)
		fprintf(out, " -x %" PRIu32, dest->upper);
	if (dest->lower)
		fprintf(out, " -y %" PRIu32, dest->lower);
}

void save_laddr(FILE *out, const struct api_laddr *laddr, bool numeric)
{
	char service[NAME_LEN + 24], ip[TEXT_IP_LEN];

	service_option(&laddr->service, numeric, service, sizeof(service));
	fprintf(out, "-P %s -z %s -F %s", service, text_of_ip(laddr->family, &laddr->addr, ip),
		laddr->dev);
}

void save_service(FILE *out, const struct api_service *service, bool numeric)
{
	char option[NAME_LEN + 24];

	service_option(&service->key, numeric, option, sizeof(option));
	fprintf(out, "-A %s -s %s", option, service->sched);
	flags_print_options(out, service);
}

static int print_dests(FILE *out, const struct items *items, const struct table_service *service,
		       bool numeric)
{
	const struct items_entry *entry = NULL;
	struct api_dest *dests, dest;
	unsigned int n = 0;

	dests = calloc(service->n_dests + 1, sizeof(*dests));
	if (!dests)
		return -ENOMEM;
	while ((entry = table_next_dest(items, service, entry, &dest)))
		dests[n++] = dest;
	while (n-- > 0) {
		save_dest(out, &dests[n], numeric);
		fputc('\n', out);
	}
	free(dests);
	return 0;
}

static int print_service(FILE *out, const struct items *items, const struct table *table,
			 const struct table_service *service, bool numeric)
{
	const struct api_service_key *key = &service->service.key;
	const struct api_laddr *laddr = NULL;

	save_service(out, &service->service, numeric);
	fputc('\n', out);
	while ((laddr = table_next_laddr(table, key, laddr))) {
		save_laddr(out, laddr, numeric);
		fputc('\n', out);
	}
	return print_dests(out, items, service, numeric);
}

static int print_all(FILE *out, const struct command *command, const struct items *items,
		     const struct items *before, char *error, size_t size)
{
	struct table table;
	int r = 0;

	if (table_collect(&table, items, command->options.nosort) < 0)
		return command_fail(error, size, -ENOMEM, "out of memory");
	for (unsigned int i = 0; i < table.n && r == 0; i++)
		r = print_service(out, items, &table, &table.services[i], command->options.numeric);
	table_free(&table);
	return r < 0 ? command_fail(error, size, r, "out of memory") : 0;
}

const struct view ipvsadm_save_view = { .all = print_all };
