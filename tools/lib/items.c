/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/items: one growing buffer of (kind, length, object), each entry aligned
 * to 8 bytes. Entries move when the buffer grows, so nobody keeps a pointer
 * while items still arrive.
 */
#include "lib/items.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/frame.h"

static size_t entry_size(uint32_t len)
{
	return sizeof(struct items_entry) + (((size_t)len + 7) & ~(size_t)7);
}

int items_add(struct items *items, uint16_t kind, const void *object, uint32_t len)
{
	size_t need = items->len + entry_size(len);
	struct items_entry *entry;

	if (need > items->room) {
		size_t room = need * 2 > 4096 ? need * 2 : 4096;
		void *base = realloc(items->base, room);

		if (!base)
			return -ENOMEM;
		items->base = base;
		items->room = room;
	}
	entry = (struct items_entry *)((char *)items->base + items->len);
	memset(entry, 0, entry_size(len));
	entry->kind = kind;
	entry->len = len;
	if (len)
		memcpy(entry->object, object, len);
	items->len = need;
	items->count++;
	return 0;
}

void items_free(struct items *items)
{
	free(items->base);
	memset(items, 0, sizeof(*items));
}

const struct items_entry *items_next(const struct items *items, const struct items_entry *entry)
{
	size_t at = 0;

	if (entry)
		at = (size_t)((const char *)entry - (const char *)items->base) +
		     entry_size(entry->len);
	if (at >= items->len)
		return NULL;
	return (const struct items_entry *)((const char *)items->base + at);
}

const struct items_entry *items_next_of(const struct items *items, const struct items_entry *entry,
					uint16_t kind)
{
	do
		entry = items_next(items, entry);
	while (entry && entry->kind != kind);
	return entry;
}

void items_object(const struct items_entry *entry, void *object, size_t size)
{
	size_t len = entry->len < size ? entry->len : size;

	memset(object, 0, size);
	memcpy(object, entry->object, len);
}
