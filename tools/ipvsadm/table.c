/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvsadm: sorting services. Servers are never sorted: their order is the one
 * in which the daemon schedules, the last added first.
 */
#include "ipvsadm/table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/items.h"
#include "lib/text.h"

static int compare_numbers(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare_keys(const struct api_service_key *a, const struct api_service_key *b)
{
	int r = compare_numbers(a->has_match, b->has_match); /* matches stand last */

	if (r == 0)
		r = compare_numbers(a->fwmark, b->fwmark); /* ... and marks before them */
	if (r == 0)
		r = compare_numbers(a->protocol, b->protocol);
	if (r == 0)
		r = compare_numbers(a->family, b->family);
	if (r == 0)
		r = text_ip_compare(&a->addr, &b->addr);
	if (r == 0)
		r = compare_numbers(ntohs(a->port), ntohs(b->port));
	return r ? r : memcmp(&a->match, &b->match, sizeof(a->match));
}

static int compare_services(const void *left, const void *right)
{
	const struct table_service *a = left, *b = right;

	/* which match is asked first is in the daemon's order */
	if (a->service.key.has_match && b->service.key.has_match)
		return compare_numbers(a->order, b->order);
	return compare_keys(&a->service.key, &b->service.key);
}

static int compare_laddrs(const void *left, const void *right)
{
	const struct table_laddr *a = left, *b = right;
	int r = compare_keys(&a->laddr.service, &b->laddr.service);

	return r ? r : compare_numbers(a->order, b->order);
}

static void add_laddr(struct table *table, const struct items_entry *entry)
{
	struct table_laddr *at = &table->laddrs[table->n_laddrs];

	items_object(entry, &at->laddr, sizeof(at->laddr));
	at->laddr.dev[sizeof(at->laddr.dev) - 1] = '\0';
	at->order = table->n_laddrs++;
}

int table_collect(struct table *table, const struct items *items, bool nosort)
{
	const struct items_entry *entry = NULL;
	struct table_service *at = NULL;

	memset(table, 0, sizeof(*table));
	table->services = calloc(items->count + 1, sizeof(*table->services));
	table->laddrs = calloc(items->count + 1, sizeof(*table->laddrs));
	if (!table->services || !table->laddrs) {
		table_free(table);
		return -ENOMEM;
	}

	while ((entry = items_next(items, entry))) {
		if (entry->kind == API_KIND_SERVICE) {
			at = &table->services[table->n];
			at->order = table->n++;
			items_object(entry, &at->service, sizeof(at->service));
			at->service.sched[sizeof(at->service.sched) - 1] = '\0';
			at->entry = entry;
		} else if (entry->kind == API_KIND_DEST && at) {
			at->n_dests++;
		} else if (entry->kind == API_KIND_LADDR) {
			add_laddr(table, entry);
		}
	}
	if (!nosort)
		qsort(table->services, table->n, sizeof(*table->services), compare_services);
	qsort(table->laddrs, table->n_laddrs, sizeof(*table->laddrs), compare_laddrs);
	return 0;
}

void table_free(struct table *table)
{
	free(table->services);
	free(table->laddrs);
	memset(table, 0, sizeof(*table));
}

const struct items_entry *table_next_dest(const struct items *items,
					  const struct table_service *service,
					  const struct items_entry *entry, struct api_dest *dest)
{
	do
		entry = items_next(items, entry ? entry : service->entry);
	while (entry && entry->kind != API_KIND_DEST && entry->kind != API_KIND_SERVICE);
	if (!entry || entry->kind == API_KIND_SERVICE)
		return NULL;
	items_object(entry, dest, sizeof(*dest));
	return entry;
}

/* The first that is not before the key. */
static unsigned int find_laddr(const struct table *table, const struct api_service_key *key)
{
	unsigned int low = 0, high = table->n_laddrs;

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;

		if (compare_keys(&table->laddrs[middle].laddr.service, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct api_laddr *table_next_laddr(const struct table *table,
					 const struct api_service_key *key,
					 const struct api_laddr *laddr)
{
	const struct table_laddr *last = (const struct table_laddr *)laddr;
	unsigned int i = last ? last - table->laddrs + 1 : find_laddr(table, key);

	if (i == table->n_laddrs || compare_keys(&table->laddrs[i].laddr.service, key) != 0)
		return NULL;
	return &table->laddrs[i].laddr;
}
