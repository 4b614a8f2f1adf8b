/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvsadm -E and -e: what the daemon has, with what was given put over it. The
 * API sets whole objects, so that a request means the same whenever it comes.
 */
#include "ipvsadm/ipvsadm.h"

#include <errno.h>
#include <string.h>

#include "ipvsadm/name.h"
#include "lib/items.h"
#include "lib/text.h"

static const struct items_entry *find_service(const struct items *items,
					      const struct api_service_key *key,
					      struct api_service *service)
{
	const struct items_entry *entry = NULL;

	while ((entry = items_next_of(items, entry, API_KIND_SERVICE))) {
		items_object(entry, service, sizeof(*service));
		if (name_key_equal(&service->key, key))
			return entry;
	}
	return NULL;
}

static int no_service(const struct api_service_key *key, char *error, size_t size)
{
	char name[NAME_LEN];

	return command_fail(error, size, -ENOENT, "there is no service %s %s", name_protocol(key),
			    name_service(key, true, name));
}

int ipvsadm_edit_service(struct command *command, const struct items *items, char *error,
			 size_t size)
{
	const struct api_service *wanted = &command->wanted.service;
	union command_body *body;
	struct api_service now;

	if (!find_service(items, &wanted->key, &now))
		return no_service(&wanted->key, error, size);

	if (command->given & GIVEN_SCHEDULER)
		memcpy(now.sched, wanted->sched, sizeof(now.sched));
	if (command->given & GIVEN_PERSISTENT) {
		now.flags |= API_SERVICE_PERSISTENT;
		now.timeout_s = wanted->timeout_s;
	}
	if (command->given & GIVEN_NETMASK)
		now.plen = wanted->plen;
	if (command->given & GIVEN_OPS)
		now.flags |= API_SERVICE_ONEPACKET;
	if (command->given & GIVEN_CONN_TIMEOUT)
		now.conn_timeout_s = wanted->conn_timeout_s;
	now.n_dests = now.n_laddrs = 0;
	memset(&now.stats, 0, sizeof(now.stats));

	body = command_request(command, API_SERVICE_SET, sizeof(now));
	body->service = now;
	return 0;
}

static bool find_dest(const struct items *items, const struct items_entry *entry,
		      const struct api_dest *wanted, struct api_dest *dest)
{
	while ((entry = items_next(items, entry)) && entry->kind != API_KIND_SERVICE) {
		if (entry->kind != API_KIND_DEST)
			continue;
		items_object(entry, dest, sizeof(*dest));
		if (dest->family == wanted->family && dest->port == wanted->port &&
		    text_ip_compare(&dest->addr, &wanted->addr) == 0)
			return true;
	}
	return false;
}

int ipvsadm_edit_dest(struct command *command, const struct items *items, char *error, size_t size)
{
	const struct api_dest *wanted = &command->wanted.dest;
	const struct items_entry *entry;
	char service[NAME_LEN], name[NAME_LEN];
	struct api_service found;
	union command_body *body;
	struct api_dest now;

	entry = find_service(items, &wanted->service, &found);
	if (!entry)
		return no_service(&wanted->service, error, size);
	if (!find_dest(items, entry, wanted, &now))
		return command_fail(
			error, size, -ENOENT, "service %s %s has no server %s",
			name_protocol(&wanted->service),
			name_service(&wanted->service, true, service),
			name_of(wanted->family, &wanted->addr, wanted->port, 0, true, name));

	if (command->given & GIVEN_FORWARD)
		now.forward = wanted->forward;
	if (command->given & GIVEN_WEIGHT)
		now.weight = wanted->weight;
	if (command->given & GIVEN_UPPER)
		now.upper = wanted->upper;
	if (command->given & GIVEN_LOWER)
		now.lower = wanted->lower;
	now.service = wanted->service;
	now.flags = 0;
	now.active = now.inactive = now.persistent = 0;
	memset(&now.stats, 0, sizeof(now.stats));

	body = command_request(command, API_DEST_SET, sizeof(now));
	body->dest = now;
	return 0;
}
