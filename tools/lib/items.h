/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/items: the items of a listing, kept in the order in which they arrived,
 * for views that need all of them: those that sort, group or add up.
 */
#ifndef LIB_ITEMS_H
#define LIB_ITEMS_H

#include <stddef.h>
#include <stdint.h>

struct client_item;

struct items {
	void *base;
	size_t len;
	size_t room;
	unsigned int count;
};

struct items_entry {
	uint16_t kind;
	uint16_t reserved;
	uint32_t len;
	uint64_t object[];
};

/* 0 or -ENOMEM. */
int items_add(struct items *items, uint16_t kind, const void *object, uint32_t len);
void items_free(struct items *items);

/* NULL: the first; returns NULL behind the last. */
const struct items_entry *items_next(const struct items *items, const struct items_entry *entry);

/* The next of a kind behind `entry`. */
const struct items_entry *items_next_of(const struct items *items, const struct items_entry *entry,
					uint16_t kind);

/* The object as this build knows it, as client_object() does. */
void items_object(const struct items_entry *entry, void *object, size_t size);

#endif
