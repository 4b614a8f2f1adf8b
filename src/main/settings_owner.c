/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/settings_owner: the structs that hold settings, handled by the rows of
 * the table: defaults in, texts freed. Whoever makes an instance of a block
 * that repeats begins here.
 */
#include <stdlib.h>
#include <string.h>

#include "main/settings_int.h"

static void value_set_default(const struct key_row *row, void *base)
{
	char *field = (char *)base + row->offset;

	switch (row->type) {
	case KEY_NUMBER:
		*(unsigned int *)field = row->def;
		break;
	case KEY_FLAG:
	case KEY_CHOICE:
		if (row->size == sizeof(bool))
			*(bool *)field = row->def;
		else
			*(unsigned int *)field = row->def;
		break;
	case KEY_TEXT:
		*(char **)field = NULL;
		break;
	case KEY_WORDS:
		snprintf(field, row->size, "%s", row->def_text);
		break;
	case KEY_NUMBERS:
	case KEY_NAMES:
	case KEY_DEVADDRS:
		*(unsigned int *)((char *)base + row->count_offset) = 0;
		break;
	}
}

void owner_set_defaults(enum settings_owner owner, void *base)
{
	for (unsigned int i = 0; i < settings_n_blocks; i++)
		for (unsigned int k = 0; k < settings_blocks[i].n_keys; k++)
			if (settings_blocks[i].owner == owner)
				value_set_default(&settings_blocks[i].keys[k], base);
}

void owner_free(enum settings_owner owner, void *base)
{
	for (unsigned int i = 0; i < settings_n_blocks; i++) {
		const struct block_row *block = &settings_blocks[i];

		for (unsigned int k = 0; block->owner == owner && k < block->n_keys; k++)
			if (block->keys[k].type == KEY_TEXT)
				free(*(char **)((char *)base + block->keys[k].offset));
	}
}
